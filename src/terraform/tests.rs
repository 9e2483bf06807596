//! States in, and what is sorted of them.

use serde_json::{Value, json};

use super::*;

const CANARY: &str = "CANARY-of-a-password";
const AWS: &str = "provider[\"registry.terraform.io/hashicorp/aws\"]";

fn resource(address: &str, instances: Value) -> Value {
    let (module, rest) = match address.rsplit_once(" ") {
        Some((module, rest)) => (Some(module), rest),
        None => (None, address),
    };
    let (mode, rest) = match rest.strip_prefix("data.") {
        Some(rest) => ("data", rest),
        None => ("managed", rest),
    };
    let (kind, name) = rest.split_once('.').expect("a type and a name");
    let mut all =
        json!({ "mode": mode, "type": kind, "name": name, "provider": AWS, "instances": instances });
    if let Some(module) = module {
        all["module"] = json!(module);
    }
    all
}

fn one(address: &str, attributes: Value) -> Value {
    resource(address, json!([{ "schema_version": 0, "attributes": attributes, "private": CANARY }]))
}

fn state(resources: Vec<Value>) -> Value {
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "a-lineage",
        "outputs": { "url": { "value": CANARY, "type": "string", "sensitive": true } },
        "resources": resources, "check_results": null,
    })
}

fn sorted(resources: Vec<Value>) -> Sorted {
    sort(&read(state(resources).to_string().as_bytes()).expect("a state"))
}

fn arn(service: &str, region: &str, what: &str) -> String {
    format!("arn:aws:{service}:{region}:123456789012:{what}")
}

fn database(name: &str, region: &str) -> Value {
    json!({
        "id": format!("db-{name}"), "identifier": name, "engine": "postgres", "password": CANARY, "db_name": "app",
        "arn": arn("rds", region, &format!("db:{name}")), "db_subnet_group_name": "data", "parameter_group_name": "own",
        "vpc_security_group_ids": ["sg-1", "sg-nodes"], "replicate_source_db": "",
    })
}

fn file_system(id: &str) -> Value {
    json!({ "id": id, "arn": arn("elasticfilesystem", "eu-west-1", id), "tags": { "Name": "Files of GitLab" } })
}

fn adopted(sorted: &Sorted) -> Vec<(String, Vec<String>)> {
    let along = |one: &Adoptable| one.along.iter().map(|part| part.from.to_string()).collect();
    sorted.adoptable.iter().map(|one| (format!("{}={}", one.address, one.id), along(one))).collect()
}

fn reasons(sorted: &Sorted) -> Vec<(String, &'static str)> {
    sorted.left_out.iter().map(|left| (left.named(), left.reason.code())).collect()
}

#[test]
fn what_belongs_to_a_database_and_a_file_system_comes_along() {
    let replica = |name: &str, source: &str| {
        let mut replica = database(name, "eu-west-1");
        replica["replicate_source_db"] = json!(source);
        replica["vpc_security_group_ids"] = json!(["sg-1", "sg-replica"]);
        replica
    };
    let sorted = sorted(vec![
        one("aws_db_instance.main", database("gitlab-pgsql", "eu-west-1")),
        one("aws_db_instance.reports", replica("reports", "gitlab-pgsql")),
        one("aws_db_instance.second", replica("second", &arn("rds", "eu-west-1", "db:gitlab-pgsql"))),
        one("aws_db_instance.third", replica("third", "reports")),
        one("aws_db_instance.fourth", replica("fourth", "somebody-elses")),
        one("aws_db_subnet_group.data", json!({ "id": "data" })),
        one("aws_db_parameter_group.own", json!({ "id": "own" })),
        one("aws_db_parameter_group.other", json!({ "id": "other" })),
        one("module.files aws_efs_file_system.this", file_system("fs-1")),
        resource(
            "module.files aws_efs_mount_target.this",
            json!([
                { "index_key": "eu-west-1a", "attributes": { "id": "fsmt-1", "file_system_id": "fs-1", "security_groups": ["sg-2"] } },
                { "index_key": "eu-west-1b", "attributes": { "id": "fsmt-2", "file_system_id": "fs-1", "security_groups": ["sg-2"] } },
            ]),
        ),
        one("aws_efs_access_point.git", json!({ "id": "fsap-1", "file_system_id": "fs-1" })),
        one("aws_efs_backup_policy.on", json!({ "id": "fs-1", "file_system_id": "fs-1" })),
        one("aws_efs_file_system_policy.tls", json!({ "id": "fs-1", "policy": CANARY })),
        one("aws_efs_access_point.lone", json!({ "id": "fsap-2", "file_system_id": "fs-2" })),
        one(
            "aws_security_group.db",
            json!({ "id": "sg-1", "name": "db", "ingress": [{ "description": CANARY }] }),
        ),
        one("aws_security_group.nfs", json!({ "id": "sg-2", "name": "nfs" })),
        one("aws_security_group.replica", json!({ "id": "sg-replica", "name": "replica" })),
        one("aws_security_group.web", json!({ "id": "sg-3", "name": "Web" })),
        one("aws_security_group_rule.db", json!({ "id": "sgrule-1", "security_group_id": "sg-1" })),
        one("aws_vpc_security_group_ingress_rule.nfs", json!({ "id": "sgr-2", "security_group_id": "sg-2" })),
        one("aws_vpc_security_group_egress_rule.web", json!({ "id": "sgr-3", "security_group_id": "sg-3" })),
        one("aws_security_group_rule.nodes", json!({ "id": "sgrule-4", "security_group_id": "sg-nodes" })),
        one("aws_s3_bucket.state", json!({ "id": "our.states", "bucket": "our.states" })),
        one("aws_s3_bucket_versioning.state", json!({ "id": "our.states", "bucket": "our.states" })),
        one("aws_s3_bucket_policy.state", json!({ "id": "our.states", "bucket": "our.states" })),
    ]);
    let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        adopted(&sorted),
        [
            (
                "aws_db_instance.gitlab-pgsql=gitlab-pgsql".to_owned(),
                texts(&[
                    "aws_db_instance.reports",
                    "aws_db_instance.second",
                    "aws_db_subnet_group.data",
                    "aws_db_parameter_group.own",
                    "aws_security_group.db",
                    "aws_security_group.replica",
                    "aws_security_group_rule.db",
                ])
            ),
            (
                "aws_efs_file_system.files=fs-1".to_owned(),
                texts(&[
                    "module.files.aws_efs_mount_target.this[\"eu-west-1a\"]",
                    "module.files.aws_efs_mount_target.this[\"eu-west-1b\"]",
                    "aws_efs_access_point.git",
                    "aws_efs_backup_policy.on",
                    "aws_efs_file_system_policy.tls",
                    "aws_security_group.nfs",
                    "aws_vpc_security_group_ingress_rule.nfs",
                ])
            ),
            ("aws_security_group.web=sg-3".to_owned(), texts(&["aws_vpc_security_group_egress_rule.web"])),
            ("aws_s3_bucket.state=our.states".to_owned(), texts(&["aws_s3_bucket_versioning.state"])),
        ]
    );
    let left = [
        ("aws_db_instance.third (third)", "replica_of_replica"),
        ("aws_db_instance.fourth (fourth)", "lone_replica"),
        ("aws_db_parameter_group.other (other)", "unused"),
        ("aws_efs_access_point.lone (fsap-2)", "lone_part"),
        ("aws_security_group_rule.nodes (sgrule-4)", "lone_part"),
        ("aws_s3_bucket_policy.state", "setting_of_bucket"),
    ];
    assert_eq!(reasons(&sorted), left.map(|(name, code)| (name.to_owned(), code)));
}

#[test]
fn what_is_not_ours_is_left_out_with_the_reason() {
    let with = |id: &str, more: Value| {
        let mut all = json!({ "id": id });
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        all
    };
    for (address, attributes, code) in [
        ("data.aws_vpc.kops", json!({ "id": "vpc-1" }), "data_source"),
        ("aws_vpc.net", json!({ "id": "vpc-1" }), "network"),
        ("aws_security_group.nodes", with("sg-1", json!({ "name": "nodes.k8s.myzone.net" })), "of_cluster"),
        (
            "aws_security_group.own",
            with("sg-1", json!({ "name": "a", "tags": { "kubernetes.io/cluster/k8s": "owned" } })),
            "of_cluster",
        ),
        (
            "aws_security_group.elb",
            with("sg-1", json!({ "name": "etcd.k8s.x", "tags": { "KubernetesCluster": "k8s.x" } })),
            "of_cluster",
        ),
        ("aws_security_group.default", with("sg-1", json!({ "name": "default" })), "default_group"),
        ("aws_default_security_group.this", json!({ "id": "sg-1" }), "default_group"),
        ("aws_db_instance.mysql", with("db-1", json!({ "identifier": "shop", "engine": "mysql" })), "engine"),
        ("aws_rds_cluster.aurora", json!({ "id": "aurora" }), "database_cluster"),
        ("aws_rds_cluster_instance.one", json!({ "id": "aurora-1" }), "database_cluster"),
        (
            "aws_elasticache_cluster.one",
            json!({ "id": "shop-001", "replication_group_id": "shop" }),
            "cache_node",
        ),
        (
            "aws_elasticache_replication_group.sharded",
            with("shop", json!({ "cluster_mode": "enabled" })),
            "cluster_mode",
        ),
        (
            "aws_efs_file_system.copy",
            with("fs-1", json!({ "protection": [{ "replication_overwrite": "REPLICATING" }] })),
            "replication_destination",
        ),
        (
            "aws_efs_file_system.ours",
            with("fs-1", json!({ "tags": { "provision:stack": "shop" } })),
            "of_stack",
        ),
        ("aws_efs_file_system.unmade", json!({ "id": null }), "unmade"),
        ("aws_efs_file_system.odd", json!({ "id": "fs-1; rm -r /" }), "unmade"),
        ("aws_kms_key.k", json!({ "id": "0a1b" }), "named"),
        ("random_password.db", json!({ "id": "none", "result": CANARY }), "no_kind"),
        ("random_string.db", json!({ "id": CANARY, "result": CANARY }), "no_kind"),
    ] {
        let sorted = sorted(vec![one(address, attributes)]);
        assert_eq!((sorted.adoptable.len(), sorted.left_out.len()), (0, 1), "{address}");
        assert_eq!(sorted.left_out[0].reason.code(), code, "{address}");
        assert!(!format!("{sorted:?}").contains(CANARY), "{address}");
    }
    let destination = sorted(vec![
        one("aws_efs_file_system.copy", json!({ "id": "fs-2" })),
        one("aws_efs_file_system.files", json!({ "id": "fs-1" })),
        one(
            "aws_efs_replication_configuration.r",
            json!({ "id": "fs-1", "source_file_system_id": "fs-1", "destination": [{ "file_system_id": "fs-2" }] }),
        ),
    ]);
    assert_eq!(
        reasons(&destination),
        [("aws_efs_file_system.copy (fs-2)".to_owned(), "replication_destination")]
    );
    assert_eq!(adopted(&destination)[0].1, ["aws_efs_replication_configuration.r"]);
}

#[test]
fn what_terraform_means_to_delete_is_never_taken_over_and_a_block_that_forgets_it_says_so() {
    let sorted = sorted(vec![resource(
        "module.files[\"a$${b}\"] aws_efs_file_system.this",
        json!([
            { "index_key": 0, "attributes": { "id": "fs-1" } },
            { "index_key": 0, "deposed": "0123abcd", "attributes": { "id": "fs-0" } },
            { "index_key": 1, "status": "tainted", "attributes": { "id": "fs-2" } },
        ]),
    )]);
    // The path of a module doubles the sign of a template.
    assert!(sorted.adoptable.len() == 1 && reasons(&sorted).len() == 2, "{sorted:#?}");
    assert_eq!(sorted.left_out[0].reason, Reason::Deposed);
    assert_eq!(sorted.left_out[1].reason, Reason::Tainted);
    let blocks = removal(&sorted);
    assert_eq!(blocks.forgotten, sorted.left_out);
    assert!(
        blocks.text.contains(
            "\n# Terraform forgets module.files[\"a$${b}\"].aws_efs_file_system.this[0] (fs-0) too"
        ),
        "{}",
        blocks.text
    );
}

#[test]
fn a_cache_takes_its_groups_along_and_none_of_a_database_that_is_called_like_them() {
    let sorted = sorted(vec![
        one(
            "aws_elasticache_replication_group.main",
            json!({
                "id": "shop-queue", "cluster_mode": "disabled", "auth_token": CANARY, "subnet_group_name": "data",
                "parameter_group_name": "tuned", "security_group_ids": ["sg-1"],
            }),
        ),
        one("aws_elasticache_subnet_group.main", json!({ "id": "data" })),
        one("aws_elasticache_parameter_group.main", json!({ "id": "tuned" })),
        one("aws_security_group.queue", json!({ "id": "sg-1", "name": "queue" })),
        one("aws_db_subnet_group.main", json!({ "id": "data" })),
        one("aws_db_parameter_group.main", json!({ "id": "tuned" })),
    ]);
    let along = [
        "aws_elasticache_subnet_group.main",
        "aws_elasticache_parameter_group.main",
        "aws_security_group.queue",
    ];
    assert_eq!(
        adopted(&sorted),
        [(
            "aws_elasticache_replication_group.shop-queue=shop-queue".to_owned(),
            along.map(str::to_owned).to_vec()
        )]
    );
    assert_eq!(
        reasons(&sorted),
        [
            ("aws_db_subnet_group.main (data)".to_owned(), "unused"),
            ("aws_db_parameter_group.main (tuned)".to_owned(), "unused")
        ]
    );
    assert!(!format!("{sorted:?}").contains(CANARY));
}

#[test]
fn a_machine_takes_its_volumes_and_its_group_along_and_an_address_its_association() {
    let machine = |id: &str, name: &str| {
        json!({
            "id": id, "arn": arn("ec2", "eu-west-1", &format!("instance/{id}")), "tags": { "Name": name },
            "user_data": CANARY, "password_data": CANARY, "vpc_security_group_ids": ["sg-1"], "security_groups": ["web"],
        })
    };
    let attachment =
        |volume: &str, machine: &str| json!({ "id": "vai-1", "volume_id": volume, "instance_id": machine });
    let of_kops = json!({ "id": "i-9", "tags": { "KubernetesCluster": "k8s.example.com" } });
    let sorted = sorted(vec![
        one("aws_volume_attachment.data", attachment("vol-1", "i-1")),
        one("aws_ebs_volume.data", json!({ "id": "vol-1" })),
        resource(
            "aws_instance.web",
            json!([
                { "index_key": 0, "attributes": machine("i-1", "web") },
                { "index_key": 1, "attributes": machine("i-2", "web") },
            ]),
        ),
        one("aws_security_group.web", json!({ "id": "sg-1", "name": "web" })),
        one("aws_eip.web", json!({ "id": "eipalloc-1", "allocation_id": "eipalloc-1", "instance": "i-1" })),
        one(
            "aws_eip_association.web",
            json!({ "id": "eipassoc-1", "allocation_id": "eipalloc-1", "instance_id": "i-1" }),
        ),
        one("aws_ebs_volume.free", json!({ "id": "vol-2" })),
        one("aws_ebs_volume.there", json!({ "id": "vol-3" })),
        one("aws_volume_attachment.there", attachment("vol-3", "i-of-others")),
        one("aws_instance.node", of_kops),
        one("aws_nat_gateway.a", json!({ "id": "nat-1", "allocation_id": "eipalloc-2" })),
        one("aws_eip.nat", json!({ "id": "eipalloc-2" })),
        one("aws_eip_association.lone", json!({ "id": "eipassoc-2", "allocation_id": "eipalloc-3" })),
        one("aws_iam_instance_profile.web", json!({ "id": "web" })),
        one("aws_key_pair.web", json!({ "id": "web" })),
        one("aws_spot_instance_request.web", json!({ "id": "sir-1" })),
    ]);
    let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        adopted(&sorted),
        [
            (
                "aws_instance.web=i-1".to_owned(),
                texts(&["aws_volume_attachment.data", "aws_ebs_volume.data", "aws_security_group.web"])
            ),
            ("aws_instance.web-machine=i-2".to_owned(), texts(&["aws_security_group.web"])),
            ("aws_eip.web-address=eipalloc-1".to_owned(), texts(&["aws_eip_association.web"])),
        ]
    );
    let left = [
        ("aws_ebs_volume.free (vol-2)", "lone_volume"),
        ("aws_ebs_volume.there (vol-3)", "lone_volume"),
        ("aws_volume_attachment.there (vai-1)", "lone_part"),
        ("aws_instance.node (i-9)", "of_cluster"),
        ("aws_nat_gateway.a (nat-1)", "network"),
        ("aws_eip.nat (eipalloc-2)", "network"),
        ("aws_eip_association.lone (eipassoc-2)", "lone_part"),
        ("aws_iam_instance_profile.web (web)", "named"),
        ("aws_key_pair.web (web)", "named"),
        ("aws_spot_instance_request.web", "no_kind"),
    ];
    assert_eq!(reasons(&sorted), left.map(|(from, code)| (from.to_owned(), code)));
    // A volume that was left has no block; the attachment goes with its machine.
    let is_recorded = |kind: &str, id: &str| kind == "aws_instance" && id == "i-1";
    let blocks = removal(&sorted.recorded(&is_recorded));
    let named: Vec<String> = blocks.resources.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["aws_instance.web", "aws_volume_attachment.data"]);
    let forgotten: Vec<String> = blocks.forgotten.iter().map(LeftOut::named).collect();
    assert_eq!(forgotten, ["aws_instance.web[1] (i-2)"]);
}

#[test]
fn objects_of_other_regions_and_accounts_are_told_apart() {
    let sorted = sorted(vec![
        one("aws_db_instance.eu", database("main", "eu-west-1")),
        one("aws_db_instance.us", database("main", "us-east-1")),
        one("aws_db_subnet_group.eu", json!({ "id": "data", "arn": arn("rds", "eu-west-1", "subgrp:data") })),
        one("aws_db_subnet_group.us", json!({ "id": "data", "arn": arn("rds", "us-east-1", "subgrp:data") })),
    ]);
    assert_eq!(
        adopted(&sorted),
        [
            ("aws_db_instance.main=main".to_owned(), vec!["aws_db_subnet_group.eu".to_owned()]),
            ("aws_db_instance.main-database=main".to_owned(), vec!["aws_db_subnet_group.us".to_owned()]),
        ]
    );
    let here = sorted.within("us-east-1");
    assert_eq!(adopted(&here)[0].0, "aws_db_instance.main-database=main");
    assert_eq!(
        reasons(&here),
        [("aws_db_instance.eu (main)", "other_region"), ("aws_db_subnet_group.eu (data)", "other_region")]
            .map(|(name, code)| (name.to_owned(), code))
    );
}

#[test]
fn a_group_that_several_use_comes_along_with_each_and_says_so() {
    let sorted = sorted(vec![
        one("aws_db_instance.a", database("a", "eu-west-1")),
        one("aws_db_instance.b", database("b", "eu-west-1")),
        one("aws_db_subnet_group.data", json!({ "id": "data" })),
    ]);
    let parts: Vec<&Part> = sorted.adoptable.iter().flat_map(|one| &one.along).collect();
    assert!(parts.len() == 2 && parts.iter().all(|part| part.shared), "{parts:?}");
    assert_eq!(removal(&sorted).resources.len(), 3, "one block for each resource");
}

#[test]
fn an_object_that_terraform_has_twice_is_taken_over_once_and_let_go_of_twice() {
    let sorted = sorted(vec![
        one("aws_efs_file_system.a", file_system("fs-1")),
        one("module.b aws_efs_file_system.b", file_system("fs-1")),
        one("aws_security_group.c", json!({ "id": "sg-1", "name": "web" })),
        one("aws_security_group.d", json!({ "id": "sg-1", "name": "web" })),
    ]);
    let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        adopted(&sorted),
        [
            ("aws_efs_file_system.a=fs-1".to_owned(), texts(&["module.b.aws_efs_file_system.b"])),
            ("aws_security_group.web=sg-1".to_owned(), texts(&["aws_security_group.d"])),
        ]
    );
    assert_eq!(removal(&sorted).resources.len(), 4);
}

#[test]
fn a_state_of_terraform_0_9_has_the_same_objects_as_what_a_current_one_makes_of_it() {
    let flat = json!({
        "id": "gitlab-pgsql", "identifier": "gitlab-pgsql", "engine": "postgres", "password": CANARY, "name": "app",
        "arn": arn("rds", "eu-west-1", "db:gitlab-pgsql"), "db_subnet_group_name": "data", "tags.%": "1", "tags.Name": "a",
        "vpc_security_group_ids.#": "1", "vpc_security_group_ids.123": "sg-1",
    });
    let group = json!({ "id": "sg-1", "name": "db", "ingress.1.cidr_blocks.0": "0.0.0.0/0" });
    let old = json!({
        "version": 3, "terraform_version": "0.9.4", "serial": 3, "lineage": "l",
        "modules": [
            { "path": ["root"], "outputs": { "url": { "value": CANARY } }, "resources": {
                "aws_security_group.db": { "type": "aws_security_group", "primary": { "id": "sg-1", "attributes": group.clone() } },
                "data.aws_vpc.k": { "type": "aws_vpc", "primary": { "id": "vpc-1", "attributes": {} } },
            } },
            { "path": ["root", "db"], "resources": {
                "aws_db_instance.main.0": {
                    "type": "aws_db_instance", "primary": { "id": "gitlab-pgsql", "attributes": flat.clone() },
                    "deposed": [{ "id": "old", "attributes": {} }],
                },
                "aws_efs_file_system.t": { "type": "x", "primary": { "id": "fs-1", "attributes": {}, "tainted": true } },
            } },
        ],
    });
    let brought_up = state(vec![
        resource("aws_security_group.db", json!([{ "attributes_flat": group }])),
        resource("data.aws_vpc.k", json!([{ "attributes_flat": {} }])),
        resource(
            "module.db aws_db_instance.main",
            json!([{ "index_key": 0, "attributes_flat": flat }, { "index_key": 0, "deposed": "1", "attributes_flat": { "id": "old" } }]),
        ),
        resource(
            "module.db aws_efs_file_system.t",
            json!([{ "status": "tainted", "attributes_flat": { "id": "fs-1" } }]),
        ),
    ]);
    let read = |document: &Value| read(document.to_string().as_bytes()).expect("a state");
    let (old, brought_up) = (read(&old), read(&brought_up));
    assert_eq!(sort(&old), sort(&brought_up));
    assert_eq!(
        adopted(&sort(&old)),
        [("aws_db_instance.gitlab-pgsql=gitlab-pgsql".to_owned(), vec!["aws_security_group.db".to_owned()])]
    );
    assert_eq!((old.provider, brought_up.provider), (Provider::Legacy, Provider::Current));
    assert_eq!(old.outputs, ["url"]);
}

#[test]
fn a_state_of_terraform_0_12_is_read_and_its_providers_have_to_be_renamed() {
    for provider in
        ["provider.aws", "module.a.provider.aws.west", "provider[\"registry.terraform.io/-/aws\"]"]
    {
        let mut old = one("aws_efs_file_system.files", file_system("fs-1"));
        old["provider"] = json!(provider);
        let old = read(state(vec![old]).to_string().as_bytes()).expect("a state");
        assert_eq!((old.provider, sort(&old).adoptable.len()), (Provider::Legacy, 1), "{provider}");
    }
}

#[test]
fn what_is_no_state_is_refused_with_what_to_type() {
    let pulled = "terraform state pull > pulled.json";
    for (text, said, typed) in [
        ("", "it is empty", pulled),
        ("resource \"aws_vpc\" {}", "it is not JSON (line 1, column 1)", pulled),
        ("PK\u{3}\u{4}…", "it is a plan that Terraform saved", pulled),
        ("{}", "not a state of Terraform", pulled),
        ("[1]", "not a state of Terraform", pulled),
        (r#"{ "format_version": "1.0", "values": {} }"#, "`terraform show -json`", pulled),
        (
            r#"{ "encrypted_data": "x", "serial": 1 }"#,
            "encrypted by OpenTofu",
            "tofu state pull > pulled.json",
        ),
        (r#"{ "version": 1, "serial": 1 }"#, "format 1", pulled),
        (r#"{ "version": 5, "serial": 1 }"#, "format 5, which is newer", "a newer version of provision"),
        (r#"{ "version": 4, "serial": 1, "resources": 7 }"#, "not in the form of format 4", pulled),
        (
            r#"{ "version": 4, "serial": 1, "resources": [{ "mode": "managed", "type": "a b", "name": "c" }] }"#,
            "names resource 1 in a way",
            pulled,
        ),
    ] {
        let wrong = read(text.as_bytes()).expect_err(text);
        assert!(wrong.to_string().contains(said), "{text}: {wrong}");
        assert!(wrong.hint().contains(typed), "{text}: {}", wrong.hint());
    }
}

#[test]
fn nothing_of_a_password_is_in_what_is_read_nor_in_an_error() {
    let secret = json!([[CANARY], { "password": CANARY }]);
    let mut whole = state(vec![
        one("aws_db_instance.main", database("gitlab-pgsql", "eu-west-1")),
        one(
            "aws_efs_file_system.files",
            json!({ "id": "fs-1", "tags": { "Name": "files", "secret": CANARY }, "name": secret }),
        ),
        one("random_password.db", json!({ "id": CANARY, "name": CANARY, "result": CANARY })),
        one("data.aws_secretsmanager_random_password.db", json!({ "id": CANARY })),
        one(
            "aws_secretsmanager_secret_version.db",
            json!({ "id": CANARY, "arn": CANARY, "secret_string": CANARY }),
        ),
    ]);
    whole["resources"][0]["instances"][0]["sensitive_attributes"] =
        json!([[{ "type": "get_attr", "value": CANARY }]]);
    let text = whole.to_string();
    assert!(text.matches(CANARY).count() > 12);
    let read_whole = read(text.as_bytes()).expect("a state");
    let sorted = sort(&read_whole);
    assert_eq!(sorted.adoptable.len(), 2);
    let json = serde_json::to_string(&sorted.adoptable).expect("JSON");
    let reasons: String =
        sorted.left_out.iter().map(|left| format!("{} {}", left.named(), left.reason)).collect();
    for shown in [format!("{read_whole:?}"), format!("{sorted:?}"), json, reasons, removal(&sorted).text] {
        assert!(!shown.contains("CANARY"), "{shown}");
    }
    // Cut off anywhere, and with the secret where anything else belongs.
    let cut = (0..text.len()).step_by(7).map(|end| text[..end].to_owned());
    let wrong = ["version", "serial", "resources", "terraform_version", "outputs"].map(|member| {
        let mut wrong = whole.clone();
        wrong[member] = json!(CANARY);
        wrong.to_string()
    });
    let within = ["mode", "type", "instances", "module"].map(|member| {
        let mut wrong = whole.clone();
        wrong["resources"][0][member] = json!(format!("{CANARY}\n"));
        wrong.to_string()
    });
    let mut refused = 0;
    for text in cut.chain(wrong).chain(within) {
        if let Err(error) = read(text.as_bytes()) {
            refused += 1;
            assert!(!format!("{error} {error:?} {}", error.hint()).contains("CANARY"), "{error:?}");
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn there_is_one_block_for_each_resource_and_each_says_that_nothing_is_destroyed() {
    let sorted = sorted(vec![
        one("aws_vpc.net", json!({ "id": "vpc-1" })),
        one("module.store aws_db_instance.main", database("gitlab-pgsql", "eu-west-1")),
        resource(
            "module.store.module.files[\"x\"] aws_efs_file_system.this",
            json!([{ "index_key": 0, "attributes": { "id": "fs-1" } }, { "index_key": 1, "attributes": { "id": "fs-2" } }]),
        ),
        one("module.store random_password.db", json!({ "id": "none" })),
        one("module.store data.aws_vpc.net", json!({ "id": "vpc-1" })),
        one("module.other aws_kms_key.k", json!({ "id": "k" })),
    ]);
    let blocks = removal(&sorted);
    let from: Vec<&str> = blocks.text.lines().filter_map(|line| line.strip_prefix("  from = ")).collect();
    assert_eq!(
        from,
        [
            "module.store.aws_db_instance.main",
            "module.store.module.files.aws_efs_file_system.this",
            "module.store.random_password.db"
        ]
    );
    let count = |text: &str| blocks.text.matches(text).count();
    assert_eq!((count("\nremoved {\n"), count("    destroy = false\n")), (3, 3));
    assert_eq!((blocks.resources.len(), blocks.rest.len()), (2, 1));
    assert!(is_removal(blocks.text.as_bytes()) && !is_removal(b"resource \"aws_vpc\" \"net\" {}"));
}

#[test]
fn a_thousand_resources_are_matched_by_their_ids_whatever_their_order() {
    let mut all = Vec::new();
    for number in 0..200 {
        let id = format!("fs-{number}");
        let target = json!({ "id": format!("fsmt-{number}"), "file_system_id": id, "security_groups": [format!("sg-{number}")] });
        all.push(one(
            &format!("aws_vpc_security_group_ingress_rule.r{number}"),
            json!({ "id": "sgr", "security_group_id": format!("sg-{number}") }),
        ));
        all.push(one(&format!("aws_efs_mount_target.t{number}"), target));
        all.push(one(
            &format!("aws_security_group.g{number}"),
            json!({ "id": format!("sg-{number}"), "name": format!("g{number}") }),
        ));
        all.push(one(&format!("aws_efs_file_system.f{number}"), file_system(&id)));
        all.push(one(&format!("aws_launch_template.i{number}"), json!({ "id": "lt-1" })));
    }
    let sorted = sorted(all);
    assert_eq!((sorted.adoptable.len(), sorted.left_out.len()), (200, 200));
    assert!(sorted.adoptable.iter().all(|one| one.along.len() == 3));
}

/// So many databases and file systems, each with all that belongs to it, and with names that say nothing.
fn many(wholes: usize) -> Vec<Value> {
    let of = |number: usize| {
        let address = |kind: &str| format!("module.m{number} {kind}.this");
        let name = format!("records-{number}");
        let (sg, fs) = (format!("sg-{number}"), format!("fs-{number}"));
        let mut main = database(&name, "eu-west-1");
        main["db_subnet_group_name"] = json!(name);
        main["parameter_group_name"] = json!(name);
        main["vpc_security_group_ids"] = json!([sg]);
        let mut replica = main.clone();
        replica["identifier"] = json!(format!("replica-{number}"));
        replica["replicate_source_db"] =
            json!(if number.is_multiple_of(2) { name.clone() } else { "nowhere".to_owned() });
        let target = json!({ "id": format!("fsmt-{number}"), "file_system_id": fs, "security_groups": [sg] });
        let untitled = json!({ "id": fs, "arn": arn("elasticfilesystem", "eu-west-1", &fs) });
        vec![
            one(&address("aws_db_instance"), main),
            one(&format!("module.m{number} aws_db_instance.replica"), replica),
            one(&address("aws_db_subnet_group"), json!({ "id": name })),
            one(&address("aws_db_parameter_group"), json!({ "id": name })),
            one("aws_efs_file_system.this", untitled),
            one(&address("aws_efs_mount_target"), target),
            one(&address("aws_efs_backup_policy"), json!({ "id": fs, "file_system_id": fs })),
            one(&address("aws_security_group"), json!({ "id": sg, "name": "group" })),
            one(
                &address("aws_security_group_rule"),
                json!({ "id": format!("sgrule-{number}"), "security_group_id": sg }),
            ),
            one(&address("aws_kms_key"), json!({ "id": format!("k-{number}") })),
        ]
    };
    (0..wholes).flat_map(of).collect()
}

#[test]
fn a_thousand_objects_are_matched_by_looking_at_each_a_few_times() {
    let (half, all) = (sorted(many(50)), sorted(many(100)));
    assert_eq!((all.adoptable.len(), all.left_out.len()), (200, 150));
    assert!(all.looked_at < 4 * 1000, "{}", all.looked_at);
    assert!(
        all.looked_at < half.looked_at * 21 / 10,
        "{} for 1000, {} for 500",
        all.looked_at,
        half.looked_at
    );
}

#[test]
fn a_state_of_the_provider_6_is_read_like_one_of_5() {
    let provider = "provider[\"registry.terraform.io/hashicorp/aws\"]";
    // Each resource has its region, each instance an identity (Terraform 1.12), and buckets one more region.
    let with = |kind: &str, attributes: Value| {
        let id = attributes["id"].clone();
        json!({ "mode": "managed", "type": kind, "name": "this", "provider": provider, "instances": [{
            "schema_version": 0, "attributes": attributes, "sensitive_attributes": [[{ "type": "get_attr", "value": "password" }]],
            "identity_schema_version": 0, "identity": { "account_id": "123456789012", "id": id, "region": "eu-central-1" },
            "private": CANARY,
        }] })
    };
    let mut database = database("gitlab-pgsql", "eu-central-1");
    database["region"] = json!("eu-central-1");
    database["password_wo"] = Value::Null;
    database["upgrade_rollout_order"] = json!("second");
    let text = json!({
        "version": 4, "terraform_version": "1.14.0", "serial": 1, "lineage": "a-lineage", "outputs": {},
        "resources": [
            with("aws_db_instance", database),
            with("aws_efs_file_system", json!({
                "id": "fs-1", "region": "eu-central-1", "arn": arn("elasticfilesystem", "eu-central-1", "file-system/fs-1"),
            })),
            with("aws_efs_mount_target", json!({
                "id": "fsmt-1", "file_system_id": "fs-1", "region": "eu-central-1", "ip_address_type": "IPV4_ONLY", "ipv6_address": "",
                "security_groups": ["sg-2"],
            })),
            with("aws_security_group", json!({ "id": "sg-2", "name": "nfs", "region": "eu-central-1" })),
            with("aws_s3_bucket", json!({
                "id": "ours", "bucket": "ours", "region": "eu-central-1", "bucket_region": "eu-central-1", "arn": "arn:aws:s3:::ours",
            })),
            with("aws_s3_bucket_server_side_encryption_configuration", json!({
                "id": "ours", "bucket": "ours", "region": "eu-central-1", "rule": [{ "blocked_encryption_types": ["SSE-C"] }],
            })),
        ],
        "check_results": [{ "object_kind": "resource", "config_addr": CANARY, "status": "pass", "objects": [] }],
    })
    .to_string();
    let sorted = sort(&read(text.as_bytes()).expect("a state"));
    assert_eq!(sorted.left_out, []);
    let found: Vec<(String, usize)> =
        sorted.adoptable.iter().map(|one| (format!("{}={}", one.address, one.id), one.along.len())).collect();
    let expected = [
        ("aws_db_instance.gitlab-pgsql=gitlab-pgsql", 0),
        ("aws_efs_file_system.this=fs-1", 2),
        ("aws_s3_bucket.ours=ours", 1),
    ];
    assert_eq!(found, expected.map(|(name, along)| (name.to_owned(), along)));
    for one in &sorted.adoptable {
        assert_eq!(one.region.as_deref(), Some("eu-central-1"), "{}", one.address);
    }
    assert!(!format!("{sorted:?}").contains(CANARY));
}

#[test]
fn what_a_state_leaves_open_is_nothing() {
    for text in [
        json!({ "version": 4, "serial": 1, "resources": null, "outputs": null, "check_results": null }),
        json!({ "version": 4, "serial": 1, "terraform_version": null }),
        json!({ "version": 4, "serial": 1, "resources": [
            { "mode": "managed", "type": "aws_db_instance", "name": "a", "module": null, "provider": null, "instances": null },
        ] }),
        json!({ "version": 3, "serial": 1, "modules": null }),
        json!({ "version": 3, "serial": 1, "modules": [{ "path": null, "outputs": null, "resources": null }] }),
        json!({ "version": 3, "serial": 1, "modules": [{ "path": ["root"], "resources": {
            "aws_db_instance.a": { "primary": null, "deposed": null },
        } }] }),
    ] {
        let state = read(text.to_string().as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((state.objects(), sort(&state).adoptable.len()), (0, 0), "{text}");
    }
    // One of which nothing is known but that it is there.
    let unknown = json!({ "version": 4, "serial": 1, "resources": [
        { "mode": "managed", "type": "aws_db_instance", "name": "a", "instances": [{ "attributes": null }, { "attributes": {} }] },
    ] });
    let state = read(unknown.to_string().as_bytes()).expect("a state");
    let codes: Vec<&str> = sort(&state).left_out.iter().map(|left| left.reason.code()).collect();
    assert_eq!(codes, ["unmade", "unmade"]);
}

#[test]
fn an_object_that_two_modules_have_is_adopted_once_and_let_go_of_twice() {
    let sorted = sorted(vec![
        one("module.old aws_db_instance.this", database("gitlab-pgsql", "eu-west-1")),
        one("module.new aws_db_instance.this", database("gitlab-pgsql", "eu-west-1")),
        one("module.old aws_security_group.this", json!({ "id": "sg-9", "name": "web" })),
        one("module.new aws_security_group.this", json!({ "id": "sg-9", "name": "web" })),
    ]);
    assert_eq!(adopted(&sorted).len(), 2, "{:?}", adopted(&sorted));
    let blocks = removal(&sorted).text;
    for from in [
        "module.old.aws_db_instance.this",
        "module.new.aws_db_instance.this",
        "module.old.aws_security_group.this",
        "module.new.aws_security_group.this",
    ] {
        assert!(blocks.contains(&format!("from = {from}\n")), "{from}: {blocks}");
    }
}

#[test]
fn what_is_left_as_it_is_has_no_block_and_its_rules_have_none_either() {
    let sorted = sorted(vec![
        one(
            "aws_db_instance.main",
            json!({ "id": "db-X", "identifier": "main", "engine": "postgres", "vpc_security_group_ids": ["sg-1", "sg-2"],
                    "parameter_group_name": "weird" }),
        ),
        one("aws_db_parameter_group.p", json!({ "id": "weird" })),
        one("aws_security_group.shared", json!({ "id": "sg-1", "name": "shared" })),
        one("aws_security_group_rule.shared", json!({ "id": "sgrule-1", "security_group_id": "sg-1" })),
        one("aws_security_group.own", json!({ "id": "sg-2", "name": "own" })),
        one("aws_security_group_rule.own", json!({ "id": "sgrule-2", "security_group_id": "sg-2" })),
        one("aws_efs_file_system.files", json!({ "id": "fs-1" })),
        one("aws_efs_mount_target.files", json!({ "id": "fsmt-1", "file_system_id": "fs-1" })),
        one("aws_efs_access_point.left", json!({ "id": "fsap-1", "file_system_id": "fs-1" })),
        one("aws_efs_file_system_policy.left", json!({ "id": "fs-1" })),
        one("aws_s3_bucket.never", json!({ "id": "b", "bucket": "b" })),
        one("module.m aws_security_group.shared", json!({ "id": "sg-1", "name": "shared" })),
        one("module.m aws_security_group.own", json!({ "id": "sg-2", "name": "own" })),
    ]);
    let recorded = [
        ("aws_db_instance", "main"),
        ("aws_security_group", "sg-2"),
        ("aws_efs_file_system", "fs-1"),
        // The name of another kind of object.
        ("aws_db_subnet_group", "weird"),
    ];
    let blocks = removal(&sorted.recorded(&|kind, id| recorded.contains(&(kind, id))));
    let names = |all: &[Reference]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        names(&blocks.resources),
        [
            "aws_db_instance.main",
            "aws_efs_file_system.files",
            "aws_efs_mount_target.files",
            "aws_security_group.own",
            "aws_security_group_rule.own",
            "module.m.aws_security_group.own",
        ]
    );
    let left = |all: &[LeftOut]| all.iter().map(|left| left.from.to_string()).collect::<Vec<_>>();
    assert_eq!(
        left(&blocks.stays),
        [
            "aws_db_parameter_group.p",
            "aws_efs_access_point.left",
            "aws_efs_file_system_policy.left",
            "aws_s3_bucket.never",
            "aws_security_group.shared",
            "aws_security_group_rule.shared",
        ]
    );
    // With the module deleted, an object without a block would be destroyed.
    assert_eq!(left(&blocks.of_modules), ["module.m.aws_security_group.shared"]);
    assert_eq!(names(&blocks.rest), ["module.m.aws_security_group.shared"]);
    assert!(blocks.text.contains("\n#   aws_security_group.shared (sg-1)\n"), "{}", blocks.text);
    assert!(!blocks.text.contains("from = aws_security_group.shared\n"), "{}", blocks.text);
}
