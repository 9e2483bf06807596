//! Objects that somebody else made are described by a stack file and recorded as they are: nothing in AWS changes but ownership tags.

use aws_sdk_ec2::types::{IpPermission, IpRange, PrefixListId, UserIdGroupPair};
use serde_json::{Value, json};

use crate::world::World;

/// The objects of a world that were made by hand.
struct ByHand {
    files: String,
    group_of_files: String,
    group_of_records: String,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The private subnets of the world, with their zones.
fn subnets(world: &World) -> Vec<(String, String)> {
    let all = world.seed["subnets"].as_array().expect("the seed names its subnets").iter();
    let private = all.filter(|subnet| subnet["type"] == "Private");
    private.map(|subnet| (text(&subnet["id"]), text(&subnet["zone"]))).collect()
}

/// A permission for a port from a group.
fn from_group(port: i32, group: &str) -> IpPermission {
    let pair = UserIdGroupPair::builder().group_id(group).build();
    IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port).user_id_group_pairs(pair).build()
}

/// A group with these rules.
fn group(world: &World, name: &str, permissions: Vec<IpPermission>) -> String {
    let id = world.cloud.make_group(name, &text(&world.seed["vpc_id"]));
    let call = world.cloud.ec2.authorize_security_group_ingress().group_id(&id);
    world.cloud.run(call.set_ip_permissions(Some(permissions)).send()).expect("rules can be set");
    id
}

/// A file system with mount targets and an access point, and a database with a group of each kind, as people make them.
fn by_hand(world: &World) -> ByHand {
    use aws_sdk_efs::types::{PerformanceMode, PosixUser, RootDirectory, Tag, ThroughputMode};
    let cloud = &world.cloud;
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    let list = cloud.make_prefix_list("offices");
    let prefixes = PrefixListId::builder().prefix_list_id(&list).description("offices").build();
    let all = IpPermission::builder().ip_protocol("-1").prefix_list_ids(prefixes).build();
    let group_of_files = group(world, "EFS_K8s", vec![from_group(2049, &nodes), all]);
    let range = IpRange::builder().cidr_ip("10.9.0.0/16").description("VPN").build();
    let vpn =
        IpPermission::builder().ip_protocol("tcp").from_port(5432).to_port(5432).ip_ranges(range).build();
    let group_of_records = group(world, "gitlab-pgsql", vec![vpn]);

    let create = cloud.efs.create_file_system().creation_token("by-hand").encrypted(true);
    let create =
        create.performance_mode(PerformanceMode::GeneralPurpose).throughput_mode(ThroughputMode::Bursting);
    let create = create.tags(Tag::builder().key("Name").value("The files").build().expect("a tag"));
    let files = cloud.run(create.send()).expect("a file system can be made").file_system_id;
    crate::world::eventually("the file system is there", || {
        let answer = cloud.run(cloud.efs.describe_file_systems().file_system_id(&files).send());
        answer.is_ok_and(|answer| {
            answer.file_systems().iter().all(|one| one.life_cycle_state().as_str() == "available")
        })
    });
    for (subnet, _) in subnets(world) {
        let create = cloud.efs.create_mount_target().file_system_id(&files).subnet_id(subnet);
        cloud.run(create.security_groups(&group_of_files).send()).expect("a mount target can be made");
    }
    crate::world::eventually("the mount targets are there", || {
        let answer = cloud.run(cloud.efs.describe_mount_targets().file_system_id(&files).send());
        answer.is_ok_and(|answer| {
            answer.mount_targets().iter().all(|one| one.life_cycle_state().as_str() == "available")
        })
    });
    let user = PosixUser::builder().uid(998).gid(997).build().expect("a user");
    let root = RootDirectory::builder().path("/git-data");
    let info =
        aws_sdk_efs::types::CreationInfo::builder().owner_uid(998).owner_gid(997).permissions("750").build();
    let root = root.creation_info(info.expect("an owner")).build();
    let create = cloud.efs.create_access_point().file_system_id(&files).client_token("point");
    cloud.run(create.posix_user(user).root_directory(root).send()).expect("an access point can be made");

    cloud.make_subnet_group("gitlab_pgsql", subnets(world).into_iter().map(|(id, _)| id).collect());
    cloud.make_parameter_group("tuned-postgres16", "postgres16");
    let parameter = aws_sdk_rds::types::Parameter::builder().parameter_name("log_min_duration_statement");
    let parameter = parameter.parameter_value("500").apply_method("immediate".into()).build();
    let modify = cloud.rds.modify_db_parameter_group().db_parameter_group_name("tuned-postgres16");
    cloud.run(modify.parameters(parameter).send()).expect("a parameter can be set");
    let create = cloud.rds.create_db_instance().db_instance_identifier("gitlab-pgsql").engine("postgres");
    let create = create.engine_version("16.4").db_instance_class("db.t4g.medium").allocated_storage(50);
    let create =
        create.storage_type("gp3").storage_encrypted(true).backup_retention_period(7).multi_az(false);
    let create = create.db_subnet_group_name("gitlab_pgsql").db_parameter_group_name("tuned-postgres16");
    let create = create.vpc_security_group_ids(&group_of_records).db_name("gitlab_production");
    let create = create.master_username("gitlab").master_user_password("of-the-original");
    cloud.run(create.send()).expect("a database can be made");
    crate::world::eventually("the database is there", || {
        let answer = cloud.run(cloud.rds.describe_db_instances().send()).expect("databases can be read");
        answer.db_instances().iter().all(|one| one.db_instance_status() == Some("available"))
    });
    ByHand { files, group_of_files, group_of_records }
}

/// Holds that a plan adds ownership tags, at no cost, and does nothing else.
#[track_caller]
fn adds_tags_alone(world: &World) {
    let plan = world.plan(&[]);
    let errors: Vec<&Value> =
        plan["preflight"].as_array().into_iter().flatten().filter(|one| one["level"] == "error").collect();
    assert!(errors.is_empty(), "{errors:?}");
    let changes = plan["changes"].as_array().expect("a list of changes").iter();
    let changes: Vec<&Value> = changes
        .filter(|change| !["no-op", "watch"].contains(&change["action"].as_str().unwrap_or_default()))
        .collect();
    assert!(!changes.is_empty());
    for change in changes {
        let fields = change["fields"].as_array().into_iter().flatten();
        let paths: Vec<&str> = fields.filter_map(|field| field["path"].as_str()).collect();
        assert_eq!((change["action"].as_str(), paths), (Some("update"), vec!["ownership tags"]), "{change}");
        assert_eq!(change["effect"], "none", "{change}");
    }
}

#[test]
fn a_file_system_and_a_database_are_adopted_as_they_are_with_what_belongs_to_them() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let files = format!("aws_efs_file_system.files={}", made.files);
    let import = [
        "import",
        &files,
        "aws_db_instance.records=gitlab-pgsql",
        "--out",
        "provision.yaml",
        "--stack",
        "gitlab",
    ];
    world.control.forget_calls();
    let said = world.provision(&import).exits(0);
    said.says(&[
        &made.group_of_files,
        &made.group_of_records,
        "nothing else uses it",
        "aws_db_subnet_group gitlab_pgsql",
        "Nothing in AWS was changed",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    let written = std::fs::read_to_string(world.path("provision.yaml")).expect("it is written");
    for words in [
        "stack: gitlab",
        "cluster: k8s.myzone.net",
        "throughput_mode: bursting",
        "git-data:",
        "password: unmanaged",
        "log_min_duration_statement: \"500\"",
        "prefix_list: pl-",
        "role: nodes",
        "multi_az: false",
        "deletion_protection: false",
        "gitlab_pgsql",
    ] {
        assert!(written.contains(words), "`{words}` is not in:\n{written}");
    }
    assert!(!written.contains("encrypted") && !written.contains("of-the-original"), "{written}");
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
    // The same command goes on to say that it is done.
    world.provision(&["import", &files]).exits(0).says(&["Nothing to do"]);
    assert_eq!(world.record("aws_efs_file_system.files")["id"], json!(made.files));
    let names = world.cloud.run(world.cloud.efs.list_tags_for_resource().resource_id(&made.files).send());
    let names = names.expect("tags can be read");
    assert!(names.tags().iter().any(|tag| tag.key() == "Name" && tag.value() == "The files"), "{names:?}");
}

#[test]
fn an_entry_is_added_to_the_stack_file_that_is_there_and_its_comments_stay() {
    let world = World::applied();
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let before = format!("# the shop\n{before}# the end\n");
    world.write_stack(&before);
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    let group = group(&world, "office", vec![from_group(443, &nodes)]);
    world.control.forget_calls();
    // Without an option the entry has to be written first, and the refusal says how.
    let wish = format!("aws_security_group.office={group}");
    world.provision(&["import", &wish]).exits(1).says(&["--into"]);
    world.provision(&["import", &wish, "--into"]).exits(0).says(&[&group, "Nothing in AWS was changed"]);
    assert_eq!(world.control.calls().mutating(), 0);
    let after = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    assert!(after.starts_with(&before), "{after}");
    assert!(after[before.len()..].contains("security_groups:\n  office:\n"), "{after}");
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
    world.provision(&["import", &wish, "--into"]).exits(1).says(&["has the security group `office` already"]);
    // It is one of the stack's own from now on, and is changed like any other one.
    let text = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    world.write_stack(&text.replace("port: 443", "port: 8443"));
    world.apply(&[]);
    world.plans_nothing();
    let rules = world.cloud.run(world.cloud.ec2.describe_security_groups().group_ids(&group).send());
    let rules = rules.expect("it can be read");
    assert_eq!(rules.security_groups()[0].ip_permissions()[0].from_port(), Some(8443));
}

#[test]
fn what_is_not_to_be_adopted_is_refused_with_its_reason_and_nothing_is_written() {
    let world = World::applied();
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    world.control.forget_calls();
    let files = world.cloud.file_system().file_system_id;
    for (wish, words) in [
        (format!("aws_security_group.theirs={nodes}"), "the cluster"),
        ("aws_db_instance.new=nowhere".to_owned(), "AWS has no aws_db_instance with the id or name nowhere"),
        (format!("aws_efs_mount_target.new/eu-west-1a={nodes}"), "is no entry of a stack file by itself"),
        (format!("aws_efs_file_system.new={files}"), "another stack"),
    ] {
        let out = ["import", &wish, "--out", "other.yaml", "--stack", "other"];
        let said = world.provision(&out).exits(1).said();
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words) || flat.contains("belongs to"), "{wish}: {said}");
        assert!(
            !world.path("other.yaml").exists() && !world.path("state/other.json").exists(),
            "{wish}: {said}"
        );
    }
    world
        .provision(&["import", "aws_s3_bucket.a=b", "--out", "provision.yaml"])
        .exits(1)
        .says(&["is not written over"]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.plans_nothing();
}

#[test]
fn what_no_state_knows_is_listed_with_the_command_that_adopts_it() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    world.control.forget_calls();
    let found = world.provision(&["import", "--found", "--json"]).exits(0).json();
    let found = found["found"].as_array().expect("a list").clone();
    let command = |id: &str| {
        let one =
            found.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id} is not in {found:?}"));
        text(&one["import"])
    };
    assert_eq!(
        command(&made.files),
        format!("provision import aws_efs_file_system.the-files={} --out provision.yaml", made.files)
    );
    command(&made.group_of_files);
    // Neither the cluster's own nor what each VPC has.
    let nodes = &world.seed["security_groups"]["nodes"];
    assert!(found.iter().all(|one| one["id"] != *nodes && one["described"] != "default"), "{found:?}");
    // A command is typed as it was printed, and the object is not listed after that.
    let line = command(&made.files);
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    world.provision(&words).exits(0);
    assert_eq!(world.control.calls().mutating(), 0);
    let again = world.provision(&["import", "--found"]).exits(0).said();
    assert!(!again.contains(&made.files) && again.contains("--into"), "{again}");
}

#[test]
fn what_stands_in_no_cluster_and_in_the_default_groups_is_adopted_in_its_own_network() {
    let world = World::empty();
    let (vpcs, subnets) = (world.cloud.ec2.describe_vpcs(), world.cloud.ec2.describe_subnets());
    let vpcs = world.cloud.run(vpcs.send()).expect("VPCs can be read");
    let vpc = vpcs.vpcs().iter().find(|vpc| vpc.is_default() == Some(true)).and_then(|vpc| vpc.vpc_id());
    let vpc = vpc.expect("each account has one").to_owned();
    assert!(!world.cloud.run(subnets.send()).expect("subnets can be read").subnets().is_empty());
    // Without groups a database is in those that the default VPC has.
    world.cloud.make_database("records");
    crate::world::eventually("the database is there", || {
        let answer =
            world.cloud.run(world.cloud.rds.describe_db_instances().send()).expect("databases can be read");
        answer.db_instances().iter().all(|one| one.db_instance_status() == Some("available"))
    });
    world.control.forget_calls();
    let import = ["import", "aws_db_instance.records=records", "--out", "provision.yaml"];
    world
        .provision(&import)
        .exits(0)
        .says(&["each VPC has one of this name", "AWS makes it, and nobody changes it"]);
    assert_eq!(world.control.calls().mutating(), 0);
    let written = std::fs::read_to_string(world.path("provision.yaml")).expect("it is written");
    assert!(written.contains(&vpc) && written.contains("existing: default"), "{written}");
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
}

/// A state of Terraform that names what was made by hand, as Terraform would have it, and a key of which nothing is known here.
fn terraform_state(world: &World, made: &ByHand) -> String {
    let one = |kind: &str, name: &str, instances: Value| {
        json!({ "mode": "managed", "type": kind, "name": name, "instances": instances,
                "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]" })
    };
    let of = |attributes: Value| json!([{ "schema_version": 0, "attributes": attributes }]);
    let read = world.cloud.efs.describe_mount_targets().file_system_id(&made.files).send();
    let read = world.cloud.run(read).expect("mount targets can be read").mount_targets.unwrap_or_default();
    let targets = read.into_iter().map(|target| {
        json!({ "index_key": target.availability_zone_name, "attributes": {
            "id": target.mount_target_id, "file_system_id": made.files, "security_groups": [made.group_of_files] } })
    });
    let targets: Vec<Value> = targets.collect();
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "a-lineage", "outputs": {},
        "resources": [
            one("aws_efs_file_system", "files", of(json!({ "id": made.files }))),
            one("aws_efs_mount_target", "files", json!(targets)),
            one("aws_security_group", "files", of(json!({ "id": made.group_of_files, "name": "EFS_K8s" }))),
            one("aws_security_group", "db", of(json!({ "id": made.group_of_records, "name": "gitlab-pgsql" }))),
            one("aws_db_subnet_group", "db", of(json!({ "id": "gitlab_pgsql" }))),
            one("aws_db_parameter_group", "db", of(json!({ "id": "tuned-postgres16" }))),
            one("aws_db_instance", "db", of(json!({
                "id": "db-ABC", "identifier": "gitlab-pgsql", "engine": "postgres", "password": "of-the-original",
                "db_subnet_group_name": "gitlab_pgsql", "parameter_group_name": "tuned-postgres16",
                "vpc_security_group_ids": [made.group_of_records],
            }))),
            one("aws_kms_key", "k", of(json!({ "id": "k-1" }))),
        ],
    })
    .to_string()
}

#[test]
fn everything_of_a_terraform_state_that_is_ours_is_adopted_by_one_command() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    std::fs::write(world.path("terraform.tfstate"), terraform_state(&world, &made))
        .expect("it can be written");
    world.control.forget_calls();
    let command =
        ["import", "--terraform", "terraform.tfstate", "--out", "provision.yaml", "--removed", "removed.tf"];
    let run = world.provision(&[&command[..], &["--stack", "gitlab"]].concat()).exits(0);
    run.says(&[
        "aws_kms_key.k (k-1)",
        &made.group_of_files,
        "Nothing in AWS was changed",
        "Wrote removed.tf: 7 blocks",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.record("aws_efs_file_system.files")["id"], json!(made.files));
    assert_eq!(world.record("aws_db_instance.gitlab-pgsql")["inputs"]["identifier"], "gitlab-pgsql");
    let blocks = std::fs::read_to_string(world.path("removed.tf")).expect("it is written");
    assert_eq!(blocks.matches("destroy = false").count(), 7, "{blocks}");
    for (path, content) in world.files() {
        let is_theirs = path.ends_with("terraform.tfstate");
        let text = String::from_utf8_lossy(&content);
        assert!(is_theirs || !text.contains("of-the-original"), "{}", path.display());
    }
}

#[test]
fn what_two_stacks_have_adopted_belongs_to_the_one_that_has_applied() {
    let world = World::seeded(&["--topology", "private"]);
    let files = by_hand(&world).files;
    let wish = format!("aws_efs_file_system.files={files}");
    let import = ["import", &wish, "--out"];
    let stack = |name: &'static str| ["--stack", name];
    world.provision(&[&import[..], &["provision.yaml"], &stack("shop")].concat()).exits(0);
    let other = world.path("mall.yaml");
    let other = other.to_str().expect("a path of text");
    world.provision(&[&import[..], &[other], &stack("mall")].concat()).exits(0);
    world.provision(&["apply", "--auto-approve"]).exits(0);
    for command in [&["apply", "--auto-approve"][..], &["destroy", "--auto-approve"]] {
        let ran = world.provision(&[command, &["--config", other]].concat()).exits(1);
        ran.says(&["aws_efs_file_system.files", "belongs to the stack shop"]);
    }
    assert_eq!(world.cloud.file_system().file_system_id(), files);
    world.plans_nothing();
}

#[test]
fn a_group_that_became_the_clusters_after_it_was_adopted_is_neither_tagged_nor_deleted() {
    use aws_sdk_ec2::types::Tag;
    let world = World::seeded(&[]);
    let id = world.cloud.make_group("door", &text(&world.seed["vpc_id"]));
    world
        .provision(&[
            "import",
            &format!("aws_security_group.door={id}"),
            "--out",
            "provision.yaml",
            "--stack",
            "shop",
        ])
        .exits(0);
    let cluster = text(&world.seed["cluster"]);
    let tag = Tag::builder().key(format!("kubernetes.io/cluster/{cluster}")).value("owned").build();
    let also = Tag::builder().key("KubernetesCluster").value(&cluster).build();
    let call = world.cloud.ec2.create_tags().resources(&id).tags(tag).tags(also);
    world.cloud.run(call.send()).expect("it can be tagged");
    for command in ["apply", "destroy"] {
        world.provision(&[command, "--auto-approve"]).exits(1).says(&["belongs to the cluster"]);
    }
    let groups = world.cloud.run(world.cloud.ec2.describe_security_groups().group_ids(&id).send());
    assert_eq!(groups.expect("it is there").security_groups()[0].tags().len(), 2);
}
