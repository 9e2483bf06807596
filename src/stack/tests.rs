//! The JSON Schema and the parser say the same of every value: what editors accept is what is read.

use crate::aws::kinds::registry;
use serde_json::{Map, Value, json};

use super::yaml::{Content, Node, Plain};
use super::{REFERENCE, parse, schema, yaml};
use crate::validator::accepts;

/// A document as an editor reads it.
fn json_of(node: &Node) -> Value {
    match &node.content {
        Content::List(items) => items.iter().map(json_of).collect(),
        Content::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json_of(&entry.value)))
            .collect::<Map<_, _>>()
            .into(),
        Content::Scalar { text, quoted } => match Plain::of(text) {
            _ if *quoted => json!(text),
            Plain::Text => json!(text),
            Plain::Null => Value::Null,
            Plain::Flag => json!(text.to_lowercase() == "true"),
            Plain::Number => serde_json::from_str(text).expect("the test's numbers are also JSON"),
        },
    }
}

fn agreed(text: &str) -> bool {
    let tree = yaml::tree(text, &mut Vec::new()).expect("the test's files are YAML");
    let by_schema = accepts(&schema(&registry()), &json_of(&tree));
    let by_parser = parse("test", text, &registry());
    assert_eq!(
        by_schema,
        by_parser.is_ok(),
        "the schema says {by_schema}, the parser {by_parser:?} of\n{text}"
    );
    by_schema
}

#[test]
fn the_reference_stack_is_valid_for_editors_too() {
    assert!(agreed(REFERENCE));
}

#[test]
fn editor_and_parser_agree_on_every_value() {
    let long = "a".repeat(64);
    let fs = |options: &str| format!("file_systems: {{ nfs: {{ {options} }} }}");
    let db = |options: &str| format!("databases: {{ db: {{ {options} }} }}");
    let sg = |options: &str| format!("security_groups: {{ g: {{ {options} }} }}");
    let top = |option: &str| format!("{option}\nfile_systems: {{ nfs: {{}} }}");
    let named = |parts: &str| format!("network: {{ {parts} }}\nbuckets: {{}}");
    let right = [
        top("stack: a-1"),
        top("tags: { team: \"\", \"a b\": \"x.y:z/=+-@_\" }"),
        top("tags: { Büro: Zürich }"),
        top("databases: {}"),
        "databases: { default: {}, nodes: {}, masters: {} }".to_owned(),
        fs("access_points: { default: { uid: 1 } }"),
        top("state: { location: s3://our-states/a.json, sse: aws:kms:dsse, profile: our states }"),
        top("state: { location: s3://our-states/a/b.json, kms_key: alias/states }"),
        db("engine_version: 16.4, password: env:PG, backup_retention_period: 0"),
        db("engine_version: \"9.6\", maintenance_window: Sun:23:59-mon:00:29"),
        db("engine_version: 9.6.24, storage_type: standard, allocated_storage: 5"),
        db("engine_version: 11.22-rds.20240418"),
        db("storage_type: gp3, allocated_storage: 400, iops: 12000, storage_throughput: 500"),
        db("identifier: main-db-2, security_group: other"),
        db("max_allocated_storage: 0, kms_key_id: \"arn:aws:kms:eu-west-1:123456789012:key/a-1\""),
        db("ca_cert_identifier: rds-ca-rsa2048-g1, copy_tags_to_snapshot: true"),
        db("performance_insights_enabled: true, performance_insights_retention_period: 93"),
        db(
            "enabled_cloudwatch_logs_exports: [upgrade, iam-db-auth-error], iam_database_authentication_enabled: false",
        ),
        db("parameters: { rds.force_ssl: \"1\", work_mem: \"{DBInstanceClassMemory/32768}\" }"),
        db("allow_major_version_upgrade: true, parameters: {}, enabled_cloudwatch_logs_exports: []"),
        db("password: unmanaged, network_type: DUAL"),
        db("password: unmanaged, restore_from: { snapshot: records-final-20261127 }"),
        db("restore_from: { snapshot: rds:records-2026-11-27-04-05 }"),
        db("restore_from: { source: records, time: latest }"),
        db("restore_from: { source: records, time: 2026-11-27T04:00:00Z }"),
        named("vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d, subnet-0a1b2c3d4e5f60718]"),
        named("vpc: vpc-0a1b2c3d"),
        named("vpc: vpc-0a1b2c3d, subnets: []"),
        named("vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d], groups: {}"),
        named(
            "vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d], groups: { nodes: sg-0a1b2c3d, masters: sg-0a1b2c3e }",
        ),
        fs("access: [masters], throughput_mode: bursting, performance_mode: maxIO"),
        fs("access: []"),
        fs("access: [nodes, { cidr: 10.99.0.0/16, description: VPN }, { cidr: \"2001:db8::/32\" }]"),
        fs("access: [{ group: sg-0abc, ports: all }, { prefix_list: pl-0abc, description: offices }]"),
        db("access: [{ role: nodes, ports: all }, masters, nodes]"),
        fs("throughput_mode: provisioned, provisioned_throughput_in_mibps: 3414"),
        fs("throughput_mode: provisioned, provisioned_throughput_in_mibps: 1.5"),
        fs(
            "lifecycle: { transition_to_ia: AFTER_1_DAY, transition_to_primary_storage_class: AFTER_1_ACCESS }",
        ),
        fs("security_group: \"EFS K8s (gitlab) [1]\""),
        fs("security_group: sg-1, extra_security_groups: [sg-0abc]"),
        format!(
            "{}\nsecurity_groups: {{ shared: {{}} }}",
            fs("security_group: { entry: shared }, extra_security_groups: []")
        ),
        format!("{}\nsecurity_groups: {{ shared: {{}} }}", fs("extra_security_groups: [shared, sg-1]")),
        sg("name: Web_1 (a), description: \"Web servers\", egress: []"),
        sg(
            "ingress: [{ cidr: 0.0.0.0/0, port: 443 }, { cidr: \"2001:db8::/32\", ports: 8000-8100, protocol: udp, description: QUIC }]",
        ),
        sg(
            "ingress: [{ group: self, protocol: all }, { group: sg-0abc, protocol: icmp, type: 8, code: 0 }, { group: g, port: 22 }]",
        ),
        sg(
            "ingress: [{ group: 123456789012/sg-0abc, protocol: 50 }, { role: nodes, protocol: icmpv6 }], ignore_changes: [egress]",
        ),
        sg(
            "egress: [{ prefix_list: pl-0abc, port: 0 }, { prefix_list: pl-0abc, protocol: \"6\", ports: 1-65535 }]",
        ),
        db("subnet_group: { existing: default }"),
        db("subnet_group: { name: theirs, subnets: [subnet-0a1b2c3d, subnet-0a1b2c3e] }"),
        fs("security_group: { name: EFS_K8s, description: \"NFS (gitlab)\" }"),
        db("security_group: { description: x }, subnet_group: { name: gitlab_pgsql, description: Of it }"),
        db("subnet_group: \"Git Lab_1.2\", parameter_group: tuned-16, publicly_accessible: true"),
        db(
            "parameters: { work_mem: 65536, jit: false, random_page_cost: 1.1, cursor_tuple_fraction: \"0.1\" }",
        ),
        fs("zones: [eu-west-1b, eu-west-1a]"),
        fs("storage: one-zone, zones: [eu-west-1b]"),
        fs("replication: { region: eu-central-1 }"),
        fs("replication: { region: eu-central-1, file_system: fs-0123456789abcdef0 }"),
        fs("replication: { region: eu-central-1, availability_zone: eu-central-1a, kms_key_id: \
             \"arn:aws:kms:eu-central-1:123456789012:alias/storage\" }"),
        fs("policy: {}, enforce_tls: true"),
        fs(
            "policy: { Mount1: { effect: Allow, principals: [123456789012], actions: [elasticfilesystem:Client*] } }",
        ),
        fs(
            "policy: { a: { effect: Deny, principals: [\"*\", arn:aws:iam::123456789012:role/a/b], actions: [\"*\"], conditions: { \
             Bool: { aws:SecureTransport: [false] }, ForAnyValue:StringLike: { aws:PrincipalTag/team: [a*] } } } }",
        ),
        fs("kms_key_id: alias/storage, enforce_tls: true, replication_overwrite_protection: false"),
        fs("kms_key_id: arn:aws:kms:eu-west-1:123456789012:alias/aws/elasticfilesystem, enforce_tls: false"),
        fs("kms_key_id: mrk-0123456789abcdef0123456789abcdef"),
        fs("access_points: { git-data: { uid: 0 }, b: { path: /, uid: 4294967295, gid: 1 } }"),
        fs("access_points: { c: { path: \"/a b/c/d/e\", uid: 998, permissions: \"1777\" } }"),
    ];
    let wrong = [
        "stack: a".to_owned(),
        "databases: ~".to_owned(),
        format!("file_systems: {{ {long}: {{}} }}"),
        "file_systems: { a_b: {} }".to_owned(),
        "databases: { db: ~ }".to_owned(),
        top("stacks: a"),
        top("state: s3://our-states/a.json"),
        top("state: { location: \"\" }"),
        top("state: { sse: none }"),
        top("state: { kms_key: a b }"),
        top("state: { place: a }"),
        top("stack: A"),
        top("stack: sg"),
        top("stack: -a"),
        top(&format!("stack: {long}")),
        top("stack: 1"),
        top("stack: ~"),
        top("cluster: a..b"),
        top("region: eu"),
        db("network_type: IPV6"),
        db("restore_from: before"),
        db("restore_from: {}"),
        db("restore_from: { snapshot: a--b }"),
        db("restore_from: { source: records }"),
        db("restore_from: { time: latest }"),
        db("restore_from: { source: records, time: newest }"),
        db("restore_from: { snapshot: before, source: records, time: latest }"),
        db("restore_from: { snapshot: before, time: latest }"),
        named("subnets: [subnet-0a1b2c3d]"),
        named("vpc: vpc-0a1b2c3d, subnets: subnet-0a1b2c3d"),
        named("vpc: vpc-0A, subnets: [subnet-0a1b2c3d]"),
        named("vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d], groups: { others: sg-0a1b2c3d }"),
        named("vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d], groups: { nodes: subnet-0a1b2c3d }"),
        named("vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d], group: {}"),
        named("vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d], groups: { nodes: [sg-0a1b2c3d] }"),
        top("tags: []"),
        top("tags: { a: 1 }"),
        top("tags: { \"a*\": b }"),
        top("tags: { a: \"b*\" }"),
        top("tags: { AWS:x: b }"),
        top("tags: { provision:x: b }"),
        top("tags: { Name: b }"),
        top("tags: { \"\": b }"),
        top("tags: { KubernetesCluster: b }"),
        top("tags: { kubernetes.io/cluster/c: owned }"),
        fs("encrypted: \"true\""),
        fs("encrypted: ~"),
        fs("access: nodes"),
        fs("access: [nodes, nodes]"),
        fs("access: [bastion]"),
        fs("access: [{ cidr: 10.99.0.0 }]"),
        fs("access: [{ cidr: vpn/16 }]"),
        fs("access: [{ group: pl-0abc }]"),
        fs("access: [{ prefix_list: x }]"),
        fs("access: [{ role: node }]"),
        fs("access: [{ role: nodes, ports: some }]"),
        fs("access: [{ cidr: 10.0.0.0/8, group: sg-0abc }]"),
        fs("access: [{ cidr: 10.0.0.0/8, size: 1 }]"),
        fs("access: [{}]"),
        fs("access: [[nodes]]"),
        fs("security_group: sg-x"),
        fs("security_group: { name: sg-1 }"),
        fs("security_group: { names: a }"),
        fs("extra_security_groups: [A]"),
        fs("extra_security_groups: [sg-x]"),
        fs("security_group: { entry: A }"),
        sg("ingress: { cidr: 0.0.0.0/0, port: 443 }"),
        sg("ingress: [{ cidr: 0.0.0.0/0, group: sg-1, port: 443 }]"),
        sg("ingress: [{ port: 443 }]"),
        sg("ingress: [{ group: 1234/sg-1, port: 443 }]"),
        sg("ingress: [{ group: sg-x, port: 443 }]"),
        sg("ingress: [{ role: servers, port: 443 }]"),
        sg("ingress: [{ group: self, port: 65536 }]"),
        sg("ingress: [{ group: self, ports: all }]"),
        sg("ingress: [{ group: self, protocol: 256 }]"),
        sg("ingress: [{ group: self, protocol: http, port: 80 }]"),
        sg("egress: [{ group: self, protocol: icmp, type: 256 }]"),
        sg("vpc: vpc-1"),
        db("subnet_group: { existing: 1a }"),
        db("subnet_group: { subnets: [mine] }"),
        db("subnet_group: 1a"),
        db("parameter_group: a.b"),
        db("parameters: { work_mem: [1] }"),
        fs("zones: [eu-west-1]"),
        fs("storage: onezone"),
        fs("replication: true"),
        fs("replication: {}"),
        fs("replication: { region: frankfurt }"),
        fs("replication: { region: eu-central-1, kms_key_id: alias/storage }"),
        fs("replication: { region: eu-central-1, file_system: files }"),
        fs("replication: { region: eu-central-1, zone: eu-central-1a }"),
        fs("policy: []"),
        fs("policy: { a-b: { effect: Allow, principals: [\"*\"], actions: [\"*\"] } }"),
        fs("policy: { a: { principals: [\"*\"], actions: [\"*\"] } }"),
        fs("policy: { a: { effect: allow, principals: [\"*\"], actions: [\"*\"] } }"),
        fs("policy: { a: { effect: Allow, principals: [\"a b\"], actions: [\"*\"] } }"),
        fs("policy: { a: { effect: Allow, principals: [\"*\"], actions: [s3:GetObject] } }"),
        fs(
            "policy: { a: { effect: Allow, principals: [\"*\"], actions: [\"*\"], conditions: { bool: {} } } }",
        ),
        fs(
            "policy: { a: { effect: Allow, principals: [\"*\"], actions: [\"*\"], conditions: { Bool: { tls: [true] } } } }",
        ),
        fs("policy: { a: { effect: Allow, principals: [\"*\"], actions: [\"*\"], resource: a } }"),
        db("subnet_group: { description: \"\" }"),
        fs("security_group: \" a\""),
        fs("security_group: \"${a}\""),
        fs("performance_mode: maxio"),
        fs("throughput_mode: Elastic"),
        fs("provisioned_throughput_in_mibps: 0"),
        fs("provisioned_throughput_in_mibps: 0.5"),
        fs("lifecycle: { transition_to_ia: AFTER_2_DAYS }"),
        fs("lifecycle: { other: AFTER_1_DAY }"),
        fs("multi_az: true"),
        fs("kms_key_id: storage"),
        fs("kms_key_id: alias/"),
        fs("kms_key_id: arn:aws:kms:eu-west-1:1:key/0a1b2c3d-0000-4000-8000-000000000001"),
        fs("enforce_tls: yes"),
        fs("replication_overwrite_protection: ENABLED"),
        fs("access_points: []"),
        fs("access_points: { a: {} }"),
        fs("access_points: { a_b: { uid: 1 } }"),
        fs("access_points: { a: { uid: -1 } }"),
        fs("access_points: { a: { uid: 4294967296 } }"),
        fs("access_points: { a: { uid: 1, path: a } }"),
        fs("access_points: { a: { uid: 1, path: /a/b/c/d/e } }"),
        fs("access_points: { a: { uid: 1, path: /a/ } }"),
        fs("access_points: { a: { uid: 1, path: /.. } }"),
        fs("access_points: { a: { uid: 1, permissions: \"0788\" } }"),
        fs("access_points: { a: { uid: 1, permissions: 755 } }"),
        fs("access_points: { a: { uid: 1, user: 1 } }"),
        db("engine_version: 160"),
        db("engine_version: \"16.\""),
        db("engine_version: true"),
        db("instance_class: db.t4g"),
        db("allocated_storage: 4"),
        db("allocated_storage: 65537"),
        db("allocated_storage: \"50\""),
        db("storage_type: io3"),
        db("iops: 999"),
        db("storage_throughput: 4001"),
        db("max_allocated_storage: 65537"),
        db("ca_cert_identifier: rds"),
        db("copy_tags_to_snapshot: ~"),
        db("performance_insights_enabled: true, performance_insights_retention_period: 94"),
        db("performance_insights_enabled: true, performance_insights_kms_key_id: mine"),
        db("enabled_cloudwatch_logs_exports: [error]"),
        db("enabled_cloudwatch_logs_exports: [upgrade, upgrade]"),
        db("parameters: { Work_Mem: \"1\" }"),
        db("parameters: { a.b.c: \"1\" }"),
        db("parameters: { work_mem: \"${a.b.id}\" }"),
        db("parameters: { work_mem: \"\" }"),
        db("parameters: []"),
        db("allow_major_version_upgrade: \"true\""),
        db("database_name: 1a"),
        db("username: Admin"),
        db("username: pg_x"),
        db("password: hunter2"),
        db("password_version: 0"),
        db("port: 1149"),
        db("backup_retention_period: 36"),
        db("backup_window: \"04:00-04:60\""),
        db("maintenance_window: \"04:00-04:30\""),
        db("encrypted: true"),
    ];
    for text in right {
        assert!(agreed(&text), "{text}");
    }
    for text in wrong {
        assert!(!agreed(&text), "{text}");
    }
}

#[test]
fn all_that_is_wrong_within_an_option_is_said_at_once() {
    let text = "file_systems: { nfs: { access: [nodes, mastres, nodes, bastion] } }\n\
                databases: { db: { parameters: { Work_Mem: \"1\", work_mem: ~, a: [1] } } }";
    let error = parse("test", text, &registry()).expect_err("much is wrong");
    let found: Vec<String> = error.problems().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "`mastres` is not possible here",
            "\"nodes\" is listed twice: name each one once",
            "`bastion` is not possible here",
            "`Work_Mem` is not a parameter's name, such as `work_mem` or `rds.force_ssl`",
            "`work_mem` has no value",
            "expected text, found a list",
        ]
    );
}

#[test]
fn every_option_is_described_and_has_its_default() {
    let schema = schema(&registry());
    let options = |section: &str| {
        let patterns = &schema["properties"][section]["patternProperties"];
        let inner = patterns.as_object().and_then(|patterns| patterns.values().next()).expect("one pattern");
        inner["properties"].clone()
    };
    let database = options("databases");
    assert_eq!(database["engine_version"]["default"], "16");
    assert_eq!(database["password"]["default"], "managed");
    assert_eq!(database["multi_az"]["default"], true);
    assert!(database["backup_window"].get("default").is_none());
    for section in [schema["properties"].clone(), options("file_systems"), database] {
        for (name, option) in section.as_object().expect("options") {
            assert!(option["description"].is_string(), "{name} has no description");
        }
    }
}
