//! Wrong stack files: each is refused with its place and a way out, and nothing harmful or secret is shown.

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;
use provision::aws::kinds::registry;
use provision::stack::{REFERENCE, Sections, Stack, StackError, StackFile, parse, parse_files};

fn rendered(error: &StackError, width: usize) -> String {
    let mut report = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(width)
        .render_report(&mut report, error)
        .expect("a string takes all that is written");
    report
}

fn error_of(text: &str) -> StackError {
    match parse("provision.yaml", text, &registry()) {
        Ok(_) => panic!("this was taken for a valid stack file:\n{text}"),
        Err(error) => error,
    }
}

/// Reads files that are laid over each other.
fn layered(files: &[(&str, &str)]) -> Result<Stack, StackError> {
    let file = |&(name, text): &(&str, &str)| StackFile { name: name.to_owned(), content: text.into() };
    parse_files(&files.iter().map(file).collect::<Vec<_>>(), Sections::Written, false, &registry())
}

fn file_system(options: &str) -> String {
    format!("stack: gitlab\nfile_systems:\n  nfs:\n    {options}\n")
}

fn database(options: &str) -> String {
    format!("stack: gitlab\ndatabases:\n  db:\n    {options}\n")
}

fn with_stack(line: &str) -> String {
    format!("{line}\nfile_systems: {{ nfs: {{}} }}\n")
}

/// The characters that change what a terminal shows without showing anything themselves.
fn is_harmful(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// File, line of the first problem, and what its message or remedy says.
fn wrong_files() -> Vec<(String, Option<usize>, &'static str)> {
    let top = |line: &str, says| (with_stack(line), Some(1), says);
    let fs = |options: &str, says| (file_system(options), Some(4), says);
    let db = |options: &str, says| (database(options), Some(4), says);
    let raw = |text: &str, line, says| (text.to_owned(), line, says);
    vec![
        // A network that is named.
        top(
            "network: { vpc: vpc-12345678 }",
            "`network` names no subnet, and the file system `nfs` needs one",
        ),
        top("network: { subnets: [subnet-12345678] }", "`vpc` is missing"),
        top("network: vpc-12345678", "write its options below it"),
        top("state: state/a.json", "write its options below it"),
        // The option is named that takes what is written.
        top("state: s3://states/shop.json", "`state: { location: \"s3://states/shop.json\" }`"),
        top("state: state/a.json", "`state: { location: \"state/a.json\" }`"),
        top("network: vpc-12345678", "`network: { vpc: vpc-12345678 }`"),
        raw("file_systems: nfs", Some(1), "`file_systems: { nfs: {} }`"),
        fs("access_points: web", "`access_points: { web: {} }`"),
        db("monitoring: 60", "`monitoring: { interval: 60 }`"),
        top("state: { location: ftp://a/b }", "a state at ftp:// is not supported"),
        top("state: { location: s3://our-states }", "a place in S3 is `s3://BUCKET/KEY`"),
        top("state: { location: s3://Our/a.json }", "the name of a bucket has 3 to 63 of the characters"),
        top("state: { sse: kms }", "`aws:kms`"),
        top("state: { sse: aws:kms }", "`sse` is for a state in S3"),
        top("state: { profile: keeper, location: kept.json }", "location: s3://BUCKET/KEY"),
        top(
            "state: { location: s3://our-states/a.json, sse: AES256, kms_key: alias/states }",
            "leave one of the two out",
        ),
        top("state: { locaton: a }", "did you mean `location`?"),
        top("network: { vpc: vpc-1, subnets: [] }", "is not the id of a VPC"),
        top("network: { vpc: vpc-12345678, subnets: [vpc-12345678] }", "is not the id of a subnet"),
        top("network: { vpc: vpc-12345678, subnet: [] }", "did you mean `subnets`?"),
        top(
            "network: { vpc: vpc-12345678, subnets: [], groups: { nodes: sg-12345678, masters: sg-12345679 } }",
            "names no subnet",
        ),
        top(
            "network: { vpc: vpc-12345678, subnets: [subnet-12345678], groups: { node: sg-12345678 } }",
            "did you mean `nodes`?",
        ),
        top(
            "network: { vpc: vpc-12345678, subnets: [subnet-12345678], groups: { nodes: x } }",
            "is not the id of a security group",
        ),
        top(
            "network: { vpc: vpc-12345678, subnets: [subnet-12345678], groups: { nodes: { a: b } } }",
            "single value",
        ),
        (
            with_stack(
                "network: { vpc: vpc-12345678, subnets: [subnet-12345678], groups: { nodes: sg-12345678 } }",
            ),
            Some(2),
            "write `masters: sg-…` in `groups` of `network`, or an `access` without `masters`",
        ),
        (
            with_stack("cluster: a.b\nnetwork: { vpc: vpc-12345678, subnets: [subnet-12345678] }"),
            Some(1),
            "keep one of the two",
        ),
        // Typos in keys.
        top("stak: gitlab", "did you mean `stack`?"),
        top("Stack: gitlab", "did you mean `stack`?"),
        top("clutser: a", "did you mean `cluster`?"),
        top("regoin: eu-west-1", "did you mean `region`?"),
        top("tag: {}", "did you mean `tags`?"),
        raw("filesystems: { nfs: {} }", Some(1), "did you mean `file_systems`?"),
        raw("file-systems: { nfs: {} }", Some(1), "did you mean `file_systems`?"),
        raw("database: { db: {} }", Some(1), "did you mean `databases`?"),
        fs("ignore_changes: [backpu]", "did you mean `backup`?"),
        fs("ignore_changes: [enforce_tsl]", "did you mean `enforce_tls`?"),
        fs("ignore_changes: [ignore_changes]", "is not an option here"),
        fs("ignore_changes: backup", "expected a list"),
        db("ignore_changes: [port, backup_retention]", "did you mean `backup_retention_period`?"),
        fs("encrypt: true", "did you mean `encrypted`?"),
        fs("perfomance_mode: generalPurpose", "did you mean `performance_mode`?"),
        fs("throughputMode: elastic", "did you mean `throughput_mode`?"),
        fs("deletion-protection: true", "did you mean `deletion_protection`?"),
        fs("multi_az: true", "possible here: `security_group`, `extra_security_groups`, `access`"),
        fs("lifecycle: { transition_to_iaa: AFTER_30_DAYS }", "did you mean `transition_to_ia`?"),
        fs("enforce_tsl: true", "did you mean `enforce_tls`?"),
        fs("access_point: {}", "did you mean `access_points`?"),
        fs("access_points: { git: { pth: /a } }", "did you mean `path`?"),
        fs("access_points: { git: { uid: 998, permissions: 0755 } }", "put the value in quotes"),
        fs("access_points: { git: { path: /a } }", "needs a `uid`"),
        fs("kms_key_id: alias/a\n    encrypted: false", "for what is encrypted"),
        db("engineversion: \"16\"", "did you mean `engine_version`?"),
        db("instance_clas: db.t4g.medium", "did you mean `instance_class`?"),
        db("encrypted: true", "did you mean `storage_encrypted`?"),
        db("multiaz: true", "did you mean `multi_az`?"),
        db("backup_windw: 04:00-04:30", "did you mean `backup_window`?"),
        db("user_name: gitlab", "did you mean `username`?"),
        db("pasword: env:PG", "did you mean `password`?"),
        // Wrong types.
        top("stack: 16", "put the value in quotes"),
        top("stack: true", "put the value in quotes"),
        top("stack: [gitlab]", "without `-`, `[` and `]`"),
        top("stack: { name: gitlab }", "write a single value"),
        top("stack:", "`stack` has no value"),
        top("stack: ~", "`stack` has no value"),
        top("tags: [a, b]", "each as `option: value`"),
        top("tags: { cost: 12 }", "put the value in quotes"),
        raw("file_systems: nfs", Some(1), "each as `option: value`"),
        raw("file_systems: [nfs]", Some(1), "each as `option: value`"),
        raw("file_systems:\n  nfs:\n", Some(2), "`nfs` has no value"),
        raw("file_systems:\n  nfs: true\n", Some(2), "each as `option: value`"),
        fs("encrypted: yes", "write `true` or `false`"),
        fs("encrypted: \"true\"", "remove the quotes"),
        fs("encrypted: False", "in small letters"),
        fs("access: [nodes, TRUE]", "put the value in quotes"),
        fs("encrypted: 1", "write `true` or `false`"),
        fs("access: nodes", "write it as `[one, two]`"),
        fs("access: { nodes: true }", "write it as `[one, two]`"),
        fs("access: [nodes, 1]", "put the value in quotes"),
        fs("access: [nodes, [masters]]", "a single value, without"),
        fs("lifecycle: AFTER_30_DAYS", "each as `option: value`"),
        db("allocated_storage: \"50\"", "remove the quotes"),
        db("allocated_storage: 50GiB", "write digits alone"),
        db("allocated_storage: 50.5", "write digits alone"),
        db("allocated_storage: 0x32", "write digits alone"),
        db("port: 05432", "write digits alone"),
        db("port: 99999999999999999999999", "write digits alone"),
        db("engine_version: [16]", "a single value, without"),
        // Bad values.
        top("stack: GitLab", "lower-case letters, digits and hyphens, at most 32"),
        top("stack: gitläb", "lower-case letters"),
        top("stack: git/lab", "lower-case letters"),
        top("stack: ../up", "lower-case letters"),
        top("stack: sg-1", "not starting with `sg-`"),
        top("stack: abcdefghijklmnopqrstuvwxyz0123456", "at most 32"),
        top("cluster: \"my cluster\"", "a cluster's full name"),
        top("region: ireland", "a region, such as `eu-west-1`"),
        top("region: eu-west-1a", "a region, such as `eu-west-1`"),
        raw("file_systems: { git_lab: {} }", Some(1), "single hyphens"),
        raw("file_systems: { 1st: {} }", Some(1), "a letter first"),
        raw("databases: { a--b: {} }", Some(1), "single hyphens"),
        raw("databases: { a-: {} }", Some(1), "single hyphens"),
        raw("databases: { dätä: {} }", Some(1), "lower-case letters"),
        fs("security_group: sg-mine", "not starting with `sg-`"),
        fs("security_group: SG-123", "not starting with `sg-`"),
        fs("security_group: sg-", "not starting with `sg-`"),
        fs("security_group: { name: sg-123 }", "not starting with `sg-`"),
        fs("security_group: { nam: a }", "did you mean `name`?"),
        fs("security_group: { description: \"it's\" }", "a description: letters of ASCII"),
        fs("security_group: [a]", "a single value, without"),
        fs("access: [nodes]\n    security_group: sg-0abc", "leave `access` out"),
        fs("extra_security_groups: [sg-0abc]\n    security_group: sg-0abc", "name it once"),
        raw(
            "databases: { a: {} }\nbuckets: { a: {} }",
            None,
            "`a` is a database already, and their names are shared",
        ),
        fs("extra_security_groups: sg-0abc", "write it as `[one, two]`"),
        fs("extra_security_groups: [Mine]", "the id of a security group"),
        fs("extra_security_groups: [mine]", "write a group `mine` below `security_groups`"),
        fs("security_group: { entry: mine }", "`security_groups` has no `mine`"),
        db("subnet_group: { existing: default, name: a }", "write `existing` alone"),
        raw(
            "file_systems: { a: { security_group: { entry: g, name: b } } }\nsecurity_groups: { g: {} }",
            None,
            "write `entry` alone",
        ),
        raw(
            "file_systems: { a: { security_group: { entry: g }, access: [nodes] } }\nsecurity_groups: { g: {} }",
            None,
            "whose rules are its own",
        ),
        raw(
            "file_systems: { a: { security_group: b } }\nsecurity_groups: { g: { name: B } }",
            None,
            "is the security group of `a` already",
        ),
        raw("security_groups: { nodes: {} }", None, "the group of the cluster's nodes"),
        raw("security_groups: { self: {} }", None, "means something else where a rule names a group"),
        raw(
            "security_groups: { g: { ingress: [{ group: h, port: 1 }] } }",
            None,
            "there is no such security group here",
        ),
        raw(
            "security_groups: { g: { ingress: [{ group: h, port: 1 }] }, h: { egress: [{ group: g, port: 1 }] } }",
            None,
            "name each other",
        ),
        raw(
            "security_groups: { g: { ingress: [{ group: h, port: 1 }] }, h: { egress: [{ group: g, port: 1 }] } }",
            None,
            "put the machines of both into one group with `group: self`, or let `h` name another source than `g`",
        ),
        fs(
            "extra_security_groups: [sg-01, sg-02, sg-03, sg-04, sg-05, sg-06, sg-07, sg-08, sg-09, sg-0a, sg-0b, sg-0c, sg-0d, sg-0e, sg-0f, sg-10]",
            "has 16 security groups at most, and this would be 17",
        ),
        fs("access_points: { a: { uid: 1, ignore_changes: [uids] } }", "did you mean `uid`?"),
        db(
            "replicas: { a: { ignore_changes: [instance_clas] } }\n    password: env:PW",
            "did you mean `instance_class`?",
        ),
        fs(
            "policy: { A: { effect: Allow, principals: [], actions: [\"*\"] } }",
            "names no `principals`, and EFS takes no such policy",
        ),
        fs(
            "policy: { A: { effect: Allow, principals: [\"*\"], actions: [] } }",
            "names no `actions`, and EFS takes no such policy",
        ),
        fs(
            "policy: { A: { effect: Deny, principals: [\"*\"], actions: [\"elasticfilesystem:Put*\"] } }",
            "keeps everybody from changing the policy again",
        ),
        raw("security_groups: { g: { ingress: [{ group: self }] } }", None, "names no port of tcp"),
        raw(
            "security_groups: { g: { ingress: [{ group: self, port: 1, ports: 1-2 }] } }",
            None,
            "both `port` and `ports`",
        ),
        raw(
            "security_groups: { g: { ingress: [{ group: self, ports: 2-1 }] } }",
            None,
            "the first port is beyond the last",
        ),
        raw(
            "security_groups: { g: { ingress: [{ group: self, ports: 2-70000 }] } }",
            None,
            "which are 0 to 65535",
        ),
        raw(
            "security_groups: { g: { ingress: [{ group: self, protocol: all, port: 1 }] } }",
            None,
            "and all has none",
        ),
        raw(
            "security_groups: { g: { ingress: [{ group: self, protocol: icmp, port: 1 }] } }",
            None,
            "write `type` or `code`",
        ),
        raw(
            "security_groups: { g: { ingress: [{ group: self, protocol: icmp, code: 1 }] } }",
            None,
            "write the `type` too",
        ),
        raw(
            "security_groups: { g: { ingress: [{ group: g, port: 1 }, { group: self, port: 1, description: a }] } }",
            None,
            "rule 2 of `ingress` lets the same traffic pass as one before it",
        ),
        raw(
            "network: { vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d] }\nsecurity_groups: { g: { egress: [{ role: nodes, port: 1 }] } }",
            None,
            "`egress` speaks of the nodes",
        ),
        fs("extra_security_groups: [sg-0abc, sg-0abc]", "name each one once"),
        db("subnet_group: 1st", "a letter first"),
        db("parameter_group: a--b", "single hyphens"),
        db("parameter_group: a\n    parameters: { jit: 1 }", "leave one of the two out"),
        db("parameters: { jit: [1] }", "a single value, without"),
        db("publicly_accessible: yes", "write `true` or `false`"),
        fs("access: [nodes]\n    zones: []", "`access` is about mount targets"),
        fs("zones: []\n    storage: one-zone", "name one zone"),
        fs("storage: one-zone", "name one zone"),
        fs("zones: [eu-west-1a, eu-west-1b]\n    storage: one-zone", "name one zone"),
        fs("storage: onezone", "did you mean `one-zone`?"),
        fs(
            "performance_mode: maxIO\n    storage: one-zone\n    zones: [eu-west-1a]\n    throughput_mode: bursting",
            "write `performance_mode: generalPurpose`",
        ),
        fs("replication: { regoin: eu-central-1 }", "did you mean `region`?"),
        fs("replication: { kms_key_id: a }", "the ARN of a KMS key"),
        fs(
            "replication: { region: eu-central-1, availability_zone: eu-west-1a }",
            "write a zone of the region",
        ),
        fs(
            "replication: { region: eu-central-1, kms_key_id: \"arn:aws:kms:eu-west-1:123456789012:alias/a\" }",
            "name a key of the region",
        ),
        fs(
            "replication: { region: eu-central-1, availability_zone: eu-central-1a, file_system: fs-12345678 }",
            "leave one of the two out",
        ),
        fs(
            "replication: { region: eu-central-1, file_system: \"arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-12345678\" }",
            "write the region of the file system",
        ),
        fs(
            "replication: { region: eu-central-1, file_system: fs-12345678, role_arn: \"arn:aws:iam::123456789012:role/a\" }",
            "write its ARN, or leave `role_arn` out",
        ),
        fs("ignore_changes: [replication]", "cannot be left to others"),
        fs("policy: { a: { efect: Allow } }", "did you mean `effect`?"),
        fs("policy: { a: { effect: Alow, principals: [a], actions: [b] } }", "did you mean `Allow`?"),
        fs("policy: { a: { effect: Allow, actions: [\"*\"] } }", "`principals` is missing"),
        fs("zones: eu-west-1a", "write it as `[one, two]`"),
        fs("zones: [eu-west-1]", "an availability zone"),
        fs("zones: [eu-west-1a, eu-west-1a]", "name each one once"),
        db("subnet_group: default", "not `default`"),
        db("subnet_group: { name: a/b }", "a subnet group's name"),
        db("subnet_group: { description: \"\" }", "a description that is not empty"),
        db("subnet_group: { description: \"${a.b.c}\" }", "a description that is not empty"),
        fs("security_group: Default", "not `default`"),
        fs("security_group: \"${aws_vpc.network.id}\"", "a security group's name"),
        fs("security_group: \"it's\"", "a security group's name"),
        fs("access: [node]", "did you mean `nodes`?"),
        fs("access: [bastion]", "possible here: `nodes`, `masters`"),
        fs("access: [nodes, nodes]", "name each one once"),
        fs("access: [nodes, { role: nodes }]", "name each one once"),
        fs(
            "access: [{ role: nodes, ports: all }, { role: nodes, ports: all, description: x }]",
            "listed twice",
        ),
        fs("access: [{ cidr: 10.0.0.0/8 }, { cidr: 10.0.0.0/8, description: VPN }]", "name each one once"),
        fs("access: [{ cidr: \"2001:DB8::/32\" }, { cidr: \"2001:db8:0::/32\" }]", "name each one once"),
        fs("access: [{ cidr: 10.99.0.1/16 }]", "write 10.99.0.0/16 for the network, or 10.99.0.1/32"),
        fs("access: [{ cidr: \"2001:db8::1/64\" }]", "write 2001:db8::/64 for the network"),
        fs("access: [{ cidr: 10.99.0.0 }]", "one address is `10.0.0.5/32`"),
        fs("access: [{ cidr: 10.99.0.0/33 }]", "is not a network"),
        fs("access: [{ group: bastion }]", "the id of a security group"),
        fs("access: [{ group: pl-0abc }]", "the id of a security group"),
        fs("access: [{ prefix_list: sg-0abc }]", "the id of a prefix list"),
        fs("access: [{ role: node }]", "did you mean `nodes`?"),
        fs("access: [{ role: nodes, ports: 2049 }]", "put the value in quotes"),
        fs("access: [{ role: nodes, ports: some }]", "possible here: `all`"),
        fs("access: [{ cdir: 10.0.0.0/8 }]", "did you mean `cidr`?"),
        fs("access: [{ cidr: 10.0.0.0/8, desciption: VPN }]", "did you mean `description`?"),
        fs("access: [{ description: VPN }]", "one of `role`, `cidr`, `group` and `prefix_list` is missing"),
        fs("access: [{ cidr: 10.0.0.0/8, group: sg-0abc }]", "`cidr` and `group` do not stand together"),
        fs("access: [{ cidr: 10.0.0.0/8, description: \"it's\" }]", "is not a description"),
        fs("access: [{ cidr: 10.0.0.0/8, description: \"${a.b.c}\" }]", "is not a description"),
        fs("access: [10.0.0.0/8]", "possible here: `nodes`, `masters`"),
        fs("performance_mode: general_purpose", "did you mean `generalPurpose`?"),
        fs("throughput_mode: busting", "did you mean `bursting`?"),
        fs("provisioned_throughput_in_mibps: 0", "from 1 to 3414"),
        fs("lifecycle: { transition_to_ia: AFTER_31_DAYS }", "did you mean `AFTER_30_DAYS`?"),
        fs(
            "lifecycle: { transition_to_primary_storage_class: AFTER_2_ACCESS }",
            "did you mean `AFTER_1_ACCESS`?",
        ),
        db("engine_version: \"sixteen\"", "a PostgreSQL version"),
        db("engine_version: 1e1", "a PostgreSQL version"),
        db("instance_class: t4g.medium", "an instance class"),
        db("allocated_storage: 4", "from 5 to 65536"),
        db("allocated_storage: -5", "from 5 to 65536"),
        db("storage_type: gp4", "did you mean `gp"),
        db("storage_type: ssd", "possible here: `gp2`, `gp3`, `io1`, `io2`"),
        db("database_name: gitlab-production", "letters, digits and underscores"),
        db("username: admin", "none that PostgreSQL or RDS reserves"),
        db(&format!("username: {}", "a".repeat(64)), "at most 63"),
        db("port: 80", "from 1150 to 65535"),
        db("backup_retention_period: 36", "from 0 to 35"),
        db("password_version: 0", "from 1 to"),
        db("backup_window: \"4:00-4:30\"", "hh:mm-hh:mm"),
        db("backup_window: \"24:00-24:30\"", "hh:mm-hh:mm"),
        db("maintenance_window: \"04:30-05:30\"", "ddd:hh:mm-ddd:hh:mm"),
        db("maintenance_window: \"sunday:04:30-sunday:05:30\"", "ddd:hh:mm-ddd:hh:mm"),
        db("max_allocated_storage: 70000", "from 0 to 65536"),
        db("kms_key_id: mine", "a KMS key: an id"),
        db("ca_cert_identifier: digicert", "a certificate authority of RDS"),
        db("copy_tags_to_snapshots: true", "did you mean `copy_tags_to_snapshot`?"),
        db("enabled_cloudwatch_logs_exports: [postgres]", "did you mean `postgresql`?"),
        db("enabled_cloudwatch_logs_exports: [upgrade, upgrade]", "name each one once"),
        db(
            "{ performance_insights_enabled: true, performance_insights_retention_period: 30 }",
            "from 31 to 713",
        ),
        db("parameters: { Work_Mem: \"1\" }", "a parameter's name"),
        db("parameters: { work_mem: \"${a.b.id}\" }", "a parameter's value"),
        // Tags.
        top("tags: { \"aws:x\": y }", "reserved"),
        top("tags: { \"provision:stack\": y }", "reserved"),
        top("tags: { KubernetesCluster: k8s.myzone.net }", "`kops delete cluster` would list"),
        top("tags: { kubernetes.io/cluster/k8s.myzone.net: owned }", "`kops delete cluster` would list"),
        top("tags: { Name: mine }", "choose another key"),
        top("tags: { \"\": y }", "a tag's key"),
        top("tags: { a: \"<b>\" }", "a tag's value"),
        top("tags: { a: \"x\\e[31m\" }", "a tag's value"),
        top("tags: { a: \"x\\u202ey\" }", "a tag's value"),
        // Values that do not go together.
        fs("provisioned_throughput_in_mibps: 64", "for `throughput_mode: provisioned` alone"),
        fs("performance_mode: maxIO", "cannot have `throughput_mode: elastic`"),
        fs("lifecycle: { transition_to_archive: AFTER_90_DAYS }", "Infrequent Access"),
        fs(
            "lifecycle: { transition_to_ia: AFTER_90_DAYS, transition_to_archive: AFTER_90_DAYS }",
            "a shorter time",
        ),
        db("{ identifier: main--db, security_group: a }", "a database's identifier"),
        raw(
            "databases: { a: { identifier: Main-DB }, main-db: {} }\n",
            Some(1),
            "`main-db` is the identifier of `main-db` already",
        ),
        raw(
            "databases: { a: { identifier: main }, main: {} }\n",
            Some(1),
            "`main` is the identifier of `main` already",
        ),
        raw(
            "databases: { a: { identifier: x }, b: { identifier: x } }\n",
            Some(1),
            "`x` is the identifier of `a` already",
        ),
        db("iops: 3000", "from 400 GiB on"),
        db("{ allocated_storage: 400, iops: 3000 }", "12000 to 64000"),
        db(
            "{ allocated_storage: 400, storage_throughput: 4000, iops: 12000 }",
            "a quarter of the 12000 IOPS",
        ),
        db("{ storage_type: io1, allocated_storage: 3000, iops: 1000 }", "0.5 to 50 times"),
        db("{ storage_type: standard, allocated_storage: 4000 }", "5 to 3072 GiB"),
        db("{ storage_type: gp2, storage_throughput: 500 }", "cannot be chosen for gp2"),
        db("max_allocated_storage: 54", "a tenth more than 50 GiB"),
        db(
            "{ storage_encrypted: false, kms_key_id: \"arn:aws:kms:eu-west-1:123456789012:key/1\" }",
            "needs `storage_encrypted: true`",
        ),
        db(
            "{ performance_insights_enabled: false, performance_insights_retention_period: 7 }",
            "needs `performance_insights_enabled: true`",
        ),
        db(
            "{ performance_insights_enabled: false, performance_insights_kms_key_id: \"arn:aws:kms:eu-west-1:123456789012:key/1\" }",
            "needs `performance_insights_enabled: true`",
        ),
        // The file as a whole.
        raw("", None, "the file is empty"),
        raw("# nothing but words\n", None, "`provision init` writes"),
        raw("null\n", None, "the file is empty"),
        raw("stack: gitlab\n", Some(1), "there is no section"),
        raw("stack: gitlab\ndatabases:\n", Some(2), "for none: `databases: {}`"),
        raw("- stack: gitlab\n", Some(1), "each as `option: value`"),
        raw("just words\n", Some(1), "each as `option: value`"),
        raw("file_systems: { a: {}, a: {} }", Some(1), "`a` is written twice"),
        raw("stack: a\nfile_systems: { a: {} }\nstack: b\n", Some(3), "keep one of the two"),
        raw("file_systems:\n\tnfs: {}\n", Some(2), "indent with spaces"),
        raw("file_systems: { nfs: {}\n", None, "not YAML"),
        raw("file_systems: { nfs: {} }\nstack \"a\": b\n", Some(2), "did you mean `stack`?"),
        raw("stack: \"gitlab\nfile_systems: {}\n", None, "not YAML"),
        raw("stack: a: b\n", Some(1), "not YAML"),
        raw("stack: @a\n", Some(1), "not YAML"),
        raw("%YAML 1.2\n---\nstack: a\n", Some(1), "not YAML"),
        raw("stack: a\nfile_systems: { a: {} }\n---\nstack: b\n", Some(3), "more than one document"),
        raw("stack: &name a\nfile_systems: { a: {} }\n", Some(1), "anchors, aliases and tags"),
        raw("file_systems: { a: &a {}, b: *a }\n", Some(1), "anchors, aliases and tags"),
        raw("stack: *nowhere\n", Some(1), "anchors, aliases and tags"),
        raw("stack: !!str a\n", Some(1), "anchors, aliases and tags"),
        raw("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n", Some(1), "write the value itself"),
        raw("<<: { a: b }\nfile_systems: { a: {} }\n", Some(1), "`<<` is not an option here"),
        raw("? [a, b]\n: c\n", Some(1), "a key is a single text"),
        raw(&"[".repeat(400), Some(1), "five levels deep"),
        raw(&"{ a: ".repeat(90), Some(1), "five levels deep"),
        raw(&format!("stack: {}\n", "x".repeat(3_000)), None, "line 1 has 3007 bytes"),
        raw(&"# a comment\n".repeat(200_000), None, "a stack file has at most 1048576"),
        // Characters that cannot be seen.
        raw("stack: a\u{0}b\n", Some(1), "U+0000"),
        raw("stack: a\n# \u{1b}[31m red\n", Some(2), "U+001B"),
        raw("stack: a\n# \u{202e} backwards\n", Some(2), "U+202E"),
        raw("stack: a\nb\u{200b}: c\n", Some(2), "U+200B"),
        raw("stack: a\rregion: b\n", Some(1), "U+000D"),
        raw("stack: a\u{85}region: b\n", Some(1), "U+0085"),
        raw("stack: a\u{feff}\n", Some(1), "U+FEFF"),
        top("\"st\\ack\": a", "is not an option here"),
        top("\"st\\u202eack\": a", "is not an option here"),
        // A password.
        db("password: hunter2", "a literal is refused"),
        db("password: 12345678", "put the value in quotes"),
        db("password: \"env:\"", "a literal is refused"),
    ]
}

#[test]
fn the_example_of_the_documents_is_a_stack_file() {
    let page = include_str!("../../docs/stack-file.md");
    let (_, example) = page.split_once("```yaml\n").expect("there is an example");
    let (example, _) = example.split_once("```").expect("it ends");
    parse("provision.yaml", example.as_bytes(), &registry()).expect("it is right");
}

#[test]
fn every_wrong_file_is_refused_at_its_place_with_a_way_out() {
    let wrong_files = wrong_files();
    assert!(wrong_files.len() > 100);
    for (text, line, says) in wrong_files {
        let start: String = text.chars().take(200).collect();
        let error = error_of(&text);
        let problem = error.problems().next().expect("there is a first problem");
        let report = rendered(&error, 400);
        assert!(report.contains(says), "`{says}` is missing for\n{start}\n{report}");
        if let Some(line) = line {
            assert_eq!(error.position(problem).map(|(line, _)| line), Some(line), "{start}\n{report}");
            assert!(report.contains(&format!("provision.yaml:{line}:")), "{start}\n{report}");
        }
        let in_message = problem.help().is_none();
        assert!(in_message || report.contains("help: "), "{start}\n{report}");
        for width in [20, 60, 120] {
            let report = rendered(&error, width);
            assert!(!report.chars().any(is_harmful), "{start}\n{report:?}");
            assert!(report.len() < 100_000, "{start}");
        }
    }
}

#[test]
fn what_takes_out_too_much_or_nothing_is_marked_in_its_own_file() {
    let base = ("base.yaml", "stack: a\nfile_systems: { a: {} }\n");
    for (text, marked, says) in [
        ("file_systems: null\n", "top.yaml:1:1", "there is no section"),
        ("file_systems:\n  nope: null\n", "top.yaml:2:3", "take the line out"),
        ("# nothing\n", "", "leave it out of the command"),
    ] {
        let error = layered(&[base, ("top.yaml", text)]).expect_err(text);
        let report = rendered(&error, 400);
        assert!(report.contains(marked) && report.contains(says), "{report}");
        assert!(!report.contains("provision init"), "{report}");
    }
}

#[test]
fn a_literal_password_is_shown_nowhere() {
    let secret = "hunter2-hunter2";
    for text in [
        database(&format!("password: {secret}")),
        database(&format!("password: \"{secret}\"  # mine")),
        database(&format!("password: |\n      {secret}\n      {secret}")),
        database(&format!("password:\n      {secret}")),
        database(&format!("password: [{secret}]")),
        database(&format!("password: {{ value: {secret} }}")),
        database(&format!("pasword: {secret}")),
        database(&format!("master_password: {secret}")),
        database(&format!("password: {secret}\n    port: 80")),
        database(&format!("port: 80\n    password: {secret}\n    iops: x")),
        database(&format!("password {secret}")),
        database(&format!("password: \"{secret}\n    port: 5432")),
        database(&format!("password: *{secret}")),
        database(&format!("password: &{secret} x")),
        database(&format!("password: !{secret} x")),
        database(&format!("password: @{secret}")),
        database(&format!("\"password\": {secret}: x")),
        database(&format!("{{ username: admin, password: {secret}, port: 80 }}")),
        database(&format!("password: {secret}\n    password: {secret}")),
        database(&format!("password: {secret}\u{1b}")),
        format!("password: {secret}\n{}", database("port: 1")),
    ] {
        let error = error_of(&text);
        for width in [40, 120] {
            let report = rendered(&error, width);
            assert!(!report.replace([' ', '\n', '│'], "").contains("hunter2"), "{text}\n{report}");
        }
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
    }
}

#[test]
fn what_an_object_that_is_there_may_make_right_is_not_refused_before_it_is_seen() {
    let file_system = |options: &str| format!("stack: gitlab\nfile_systems:\n  nfs: {options}\n");
    for text in [
        database("{ allocated_storage: 300, iops: 14000 }"),
        database("{ iops: 14000, storage_throughput: 600 }"),
        database("{ allocated_storage: 300, ignore_changes: [allocated_storage], iops: 14000 }"),
        database("{ allocated_storage: 400, iops: 12000, storage_throughput: 4000, ignore_changes: [iops] }"),
        database("{ storage_type: io2, allocated_storage: 400 }"),
        database("{ storage_type: gp2, iops: 14000, ignore_changes: [storage_type] }"),
        database("{ max_allocated_storage: 54, ignore_changes: [allocated_storage] }"),
        database(
            "{ backup_window: \"04:00-05:00\", maintenance_window: \"sun:04:30-sun:05:30\", ignore_changes: [backup_window] }",
        ),
        database("performance_insights_retention_period: 7"),
        database("{ database_insights_mode: advanced, performance_insights_retention_period: 465 }"),
        database("domain: d-0123456789"),
        file_system("{ throughput_mode: provisioned }"),
        file_system(
            "{ throughput_mode: elastic, provisioned_throughput_in_mibps: 64, ignore_changes: [throughput_mode] }",
        ),
        // Taken by AWS.
        database("{ max_allocated_storage: 50 }"),
        database("{ identifier: Main-DB, parameter_group: default.postgres16, kms_key_id: alias/storage }"),
        database("engine_version: \"12.22-rds.20250220\""),
        database("engine_version: \"9.6.24\""),
        database("{ storage_type: standard, allocated_storage: 5 }"),
        database("access: [{ group: 123456789012/sg-0123456789abcdef0 }]"),
        file_system("{ throughput_mode: provisioned, provisioned_throughput_in_mibps: 1.5 }"),
        "stack: gitlab\nbuckets: { assets: { bucket: assets.example.com } }\n".to_owned(),
    ] {
        if let Err(error) = parse("provision.yaml", &text, &registry()) {
            panic!("{text}\n{error:?}");
        }
    }
    for (text, said) in [
        (
            database("{ backup_window: \"04:00-05:00\", maintenance_window: \"sun:04:30-sun:05:30\" }"),
            "must not overlap",
        ),
        (
            file_system("{ throughput_mode: provisioned, provisioned_throughput_in_mibps: 0.5 }"),
            "out of range",
        ),
        (
            file_system("{ throughput_mode: provisioned, provisioned_throughput_in_mibps: 1. }"),
            "such as `50`",
        ),
        ("stack: gitlab\nbuckets: { a: { bucket: a..b } }\n".to_owned(), "single dots"),
        ("stack: gitlab\nbuckets: { a: { bucket: 10.0.0.1 } }\n".to_owned(), "no IP address"),
    ] {
        let report = rendered(&error_of(&text), 160);
        assert!(report.contains(said), "{text}\n{report}");
    }
}

#[test]
fn a_report_is_easy_to_read() {
    let typo = error_of(&REFERENCE.replace("    multi_az:", "    mutli_az:"));
    insta::assert_snapshot!("a_typo_in_a_wide_terminal", rendered(&typo, 120));
    insta::assert_snapshot!("a_typo_in_a_narrow_terminal", rendered(&typo, 60));
    let several = error_of(
        "stack: GitLab\nfile_systems:\n  nfs:\n    encryptd: true\n    throughput_mode: elastc\n\
         databases:\n  db:\n    port: 5432\n    password: hunter2hunter2\n    port: 5433\n",
    );
    insta::assert_snapshot!("several_problems_in_a_narrow_terminal", rendered(&several, 60));
    let conflict = error_of(&database("storage_type: gp2\n    allocated_storage: 100\n    iops: 3000"));
    insta::assert_snapshot!("two_options_that_do_not_go_together", rendered(&conflict, 80));
    let invisible = error_of("stack: gitlab\n# \u{202e}\u{1b}[31m\nfile_systems: {}\n");
    insta::assert_snapshot!("a_character_that_cannot_be_seen", rendered(&invisible, 80));
}

#[test]
fn files_are_laid_over_each_other_key_by_key() {
    let base = "stack: shop\ntags: { team: a, env: dev }\nfile_systems: { files: {} }\n\
                databases: { db: { port: 5433, access: [nodes, masters], iops: 3000 } }\n";
    let prod = "tags: { env: prod }\ndatabases: { db: { access: [nodes], iops: null, multi_az: false } }\n";
    let last = "file_systems: { files: null }\ntags: { team: ~ }\n";
    let same = "stack: shop\ntags: { env: prod }\nfile_systems: {}\n\
                databases: { db: { port: 5433, access: [nodes], multi_az: false } }\n";
    let expected = parse("same.yaml", same, &registry()).expect("valid");
    let files = [("base.yaml", base), ("prod.yaml", prod), ("last.yaml", last)];
    assert_eq!(layered(&files).expect("valid"), expected);
    let turned = [("last.yaml", last), ("base.yaml", base), ("prod.yaml", prod)];
    assert!(layered(&turned).is_ok_and(|stack| stack != expected), "the order counts");
}

#[test]
fn what_is_wrong_in_a_layer_is_shown_in_the_file_that_it_came_from() {
    let base = "stack: shop\ndatabases:\n  db:\n    instance_class: 5\n    multi_az: yes\n    iops: 3000\n    password: hunter2hunter2\n";
    let prod = "\u{feff}databases:\r\n  db:\r\n    # In production.\r\n    instance_class: db.t4g.medium\r\n    pot: 1\r\n    backup_window: null\r\n";
    let error = layered(&[("base.yaml", base), ("prod.yaml", prod)]).expect_err("all of this is wrong");
    let report = rendered(&error, 80);
    assert!(!report.contains("hunter2") && !report.contains("found a number"), "{report}");
    insta::assert_snapshot!("several_problems_in_two_files", report);

    let base = "databases: { db: { storage_type: gp2, allocated_storage: 100 } }\n";
    let error = layered(&[("base.yaml", base), ("prod.yaml", "\ndatabases:\n  db:\n    iops: 3000\n")]);
    insta::assert_snapshot!(
        "two_options_of_two_files_that_do_not_go_together",
        rendered(&error.expect_err("gp2 has no such option"), 80)
    );
}

#[test]
fn a_file_that_is_no_layer_is_named_and_nothing_of_it_is_passed_over() {
    let fine = "file_systems: { files: {} }\n";
    for (wrong, says) in [
        ("[file_systems]", "expected options, found a list"),
        ("text", "expected options, found text"),
        ("# nothing", "the file is empty"),
        ("a: [", "this is not YAML"),
        ("password: hunter2\u{1b}", "cannot be seen"),
    ] {
        for files in
            [[("wrong.yaml", wrong), ("fine.yaml", fine)], [("fine.yaml", fine), ("wrong.yaml", wrong)]]
        {
            let error = layered(&files).expect_err(wrong);
            let report = rendered(&error, 80);
            assert!(report.contains("wrong.yaml") && report.contains(says), "{report}");
            assert!(!report.contains("hunter2") && !report.contains("fine.yaml"), "{report}");
            assert_eq!(error.problems().count(), 1, "{report}");
        }
    }
}

#[test]
fn a_file_with_very_many_problems_gets_a_report_of_bearable_length() {
    let mut text = "file_systems:\n".to_owned();
    (0..5_000).for_each(|n| text.push_str(&format!("  Bad{n}: {{}}\n")));
    let error = error_of(&text);
    assert_eq!(error.problems().count(), 20);
    assert!(rendered(&error, 80).contains("more problems are not shown"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_shows_what_is_harmful(text in "(?s).{0,200}") {
        if let Err(error) = parse("any", &text, &registry()) {
            prop_assert!(!rendered(&error, 60).chars().any(is_harmful));
        }
    }

    #[test]
    fn no_text_over_or_under_a_valid_file_makes_it_panic(text in "(?s).{0,200}", turned: bool) {
        let mut files = [("any", text.as_str()), ("reference", REFERENCE)];
        if turned {
            files.reverse();
        }
        if let Err(error) = layered(&files) {
            prop_assert!(!rendered(&error, 60).chars().any(is_harmful));
        }
    }

    #[test]
    fn no_damage_to_a_valid_file_makes_it_panic(
        damages in prop::collection::vec((0usize..REFERENCE.len(), 0usize..20, "[\\PC\\n\\t{}\\[\\]:,&*!|>'\"#-]{0,6}"), 1..6)
    ) {
        let mut text: Vec<char> = REFERENCE.chars().collect();
        for (at, length, insert) in damages {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = parse("any", &text, &registry()) {
            prop_assert!(!rendered(&error, 60).chars().any(is_harmful));
        }
    }

    #[test]
    fn what_looks_like_yaml_does_not_make_it_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "stack", "file_systems", "databases", "nfs", "password", ":", ": ", "\n", "\n  ", "\n    ", "- ", "{", "}",
            "[", "]", ",", "\"", "'", "|\n", ">\n", "&a ", "*a", "!t ", "? ", "---\n", "...\n", "#", "true", "16", "~",
        ]), 0..60)
    ) {
        if let Err(error) = parse("any", words.concat(), &registry()) {
            prop_assert!(!rendered(&error, 60).chars().any(is_harmful));
        }
    }
}

#[test]
fn a_text_in_the_place_of_options_is_repeated_only_where_it_can_be_no_password() {
    for (text, never) in [
        (with_stack("state: hunter2"), "hunter2"),
        (with_stack("network: hunter2"), "hunter2"),
        (database("monitoring: hunter2"), "hunter2"),
    ] {
        let error = error_of(&text);
        let help = error.problems().filter_map(|problem| Some(problem.help()?.to_string()));
        let help: Vec<String> = help.collect();
        assert!(!help.is_empty() && help.iter().all(|one| !one.contains(never)), "{help:?}");
    }
}
