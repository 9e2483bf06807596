//! Blueprints of the reference stack and of networks of every shape.

use crate::aws::kinds::registry;
use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::engine::document::references;
use crate::engine::network::{Cluster, Network, Role};
use crate::engine::state::{Edit, Record, State};
use crate::stack::section::{Others, Part};
use crate::stack::{REFERENCE, parse};

fn network(zones: usize, nodes: usize, masters: usize) -> Network {
    let groups = |role: Role, count: usize| {
        let ids: Vec<Id> = (1..=count).map(|n| Id::new(format!("sg-{}{n}", role.name()))).collect();
        (role, role.placed(&ids, None))
    };
    Network {
        cluster: Cluster { name: Some("k8s.myzone.net".to_owned()), efs_names_resolve: true },
        vpc: Id::new("vpc-1"),
        subnets: (0..zones)
            .map(|n| (format!("eu-west-1{}", char::from(b'a' + n as u8)), Id::new(format!("subnet-{n}"))))
            .collect(),
        groups: BTreeMap::from([groups(Role::Nodes, nodes), groups(Role::Masters, masters)]),
    }
}

fn stack(text: &str) -> Stack {
    parse("a test's stack", text, &registry()).expect("a test's stack is valid")
}

fn inputs<'a>(blueprint: &'a Blueprint, address: &str) -> &'a Document {
    match &blueprint.declarations[&address.parse::<Address>().expect("a valid address")] {
        Declaration::Managed { inputs } => inputs,
        Declaration::Watched { id } => panic!("{address} is watched, {id}"),
    }
}

fn written(blueprint: &Blueprint) -> String {
    let mut text = String::new();
    for (address, declaration) in &blueprint.declarations {
        match declaration {
            Declaration::Watched { id } => writeln!(text, "{address}: watched {id}"),
            Declaration::Managed { inputs } => writeln!(text, "{address}: {:#}", serde_json::json!(inputs)),
        }
        .expect("a string takes all that is written");
    }
    text
}

#[test]
fn a_rule_of_an_entry_of_security_groups_is_written_as_its_own_option_and_one_behind_an_entry_as_access() {
    let registry = crate::aws::kinds::registry();
    let text = "stack: s\nsecurity_groups:\n  office: {}\nfile_systems:\n  files: {}\n";
    let stack = crate::stack::parse("a stack", text, &registry).expect("it is right");
    let network = Network {
        cluster: crate::engine::network::Cluster { name: None, efs_names_resolve: true },
        vpc: Id::new("vpc-1"),
        subnets: [("a".to_owned(), Id::new("subnet-1"))].into(),
        groups: BTreeMap::new(),
    };
    let blueprint = super::blueprint(&stack, &network).expect("it fits");
    let fields = registry.managing("aws_security_group").expect("the kind is known").fields();
    let option = |name: &str, field| {
        let address = Address::new("aws_security_group", name);
        blueprint.to_write(&address, fields, field).map(str::to_owned)
    };
    assert_eq!(option("office", "ingress").as_deref(), Some("ingress"));
    assert_eq!(option("office", "egress").as_deref(), Some("egress"));
    assert_eq!(option("files", "ingress").as_deref(), Some("access"));
    assert_eq!(option("files", "egress"), None);
}

#[test]
fn a_file_system_that_nothing_mounts_needs_no_network() {
    let registry = crate::aws::kinds::registry();
    let text = "stack: s\nfile_systems:\n  files: { zones: [], access_points: { web: { uid: 33 } } }\n";
    let stack = crate::stack::parse("a stack", text, &registry).expect("it is right");
    assert!(!stack.needs_a_network());
    let declared: Vec<String> = super::blueprint(&stack, None)
        .expect("it needs nothing")
        .declarations
        .keys()
        .map(ToString::to_string)
        .collect();
    assert_eq!(declared, ["aws_efs_access_point.files/web", "aws_efs_file_system.files"]);
}

#[test]
fn the_reference_stack_in_three_zones_is_what_the_contract_lists() {
    let blueprint = blueprint(&stack(REFERENCE), &network(3, 1, 1)).expect("they fit");
    let addresses: Vec<String> = blueprint.declarations.keys().map(Address::to_string).collect();
    assert_eq!(
        addresses,
        [
            "aws_db_instance.gitlab-pgsql",
            "aws_db_subnet_group.gitlab-pgsql",
            "aws_efs_file_system.gitlab-nfs",
            "aws_efs_mount_target.gitlab-nfs/eu-west-1a",
            "aws_efs_mount_target.gitlab-nfs/eu-west-1b",
            "aws_efs_mount_target.gitlab-nfs/eu-west-1c",
            "aws_security_group.gitlab-nfs",
            "aws_security_group.gitlab-pgsql",
            "aws_security_group.masters",
            "aws_security_group.nodes",
            "aws_subnet.eu-west-1a",
            "aws_subnet.eu-west-1b",
            "aws_subnet.eu-west-1c",
            "aws_vpc.network",
        ]
    );
    insta::assert_snapshot!(written(&blueprint));
}

#[test]
fn access_points_stand_under_their_file_system_and_have_its_names_where_none_are_written() {
    let stack = stack(
        "file_systems: { nfs: { access_points: { git-data: { uid: 998 }, b: { path: /, uid: 0, gid: 5 } } } }",
    );
    let blueprint = blueprint(&stack, &network(1, 1, 1)).expect("they fit");
    let seen = |point: &str| {
        let inputs = inputs(&blueprint, &format!("aws_efs_access_point.nfs/{point}"));
        ["file_system_id", "path", "uid", "gid", "permissions"].map(|field| inputs[field].clone())
    };
    let file_system = id_of(&Address::new("aws_efs_file_system", "nfs"));
    let expected = |path: &str, uid: u32, gid: u32| -> [serde_json::Value; 5] {
        [file_system.as_str().into(), path.into(), uid.into(), gid.into(), "0755".into()]
    };
    assert_eq!(seen("git-data"), expected("/git-data", 998, 998));
    assert_eq!(seen("b"), expected("/", 0, 5));
    assert_eq!(inputs(&blueprint, "aws_efs_access_point.nfs/b")["tags"]["Name"], "b");
}

#[test]
fn an_alias_is_watched_for_the_key_behind_it_and_a_key_is_written_as_it_is() {
    const ID: &str = "0a1b2c3d-0000-4000-8000-000000000001";
    let behind = reference(&Address::new("aws_kms_alias", "nfs"), "target_key_arn");
    for (key, watched, written) in [("alias/storage", Some("alias/storage"), behind.as_str()), (ID, None, ID)]
    {
        let stack = stack(&format!("file_systems: {{ nfs: {{ kms_key_id: {key} }} }}"));
        let blueprint = blueprint(&stack, &network(1, 1, 1)).expect("they fit");
        assert_eq!(inputs(&blueprint, "aws_efs_file_system.nfs")["kms_key_id"], written);
        let alias = blueprint.declarations.get(&"aws_kms_alias.nfs".parse().expect("an address"));
        let watched = watched.map(|id| Declaration::Watched { id: Id::new(id) });
        assert_eq!(alias, watched.as_ref());
    }
}

#[test]
fn a_groups_name_is_its_tag_as_far_as_tags_can_hold_it() {
    let stack = stack("file_systems: { nfs: { security_group: \"EFS (K8s) [1]\" } }");
    let blueprint = blueprint(&stack, &network(1, 1, 1)).expect("they fit");
    let group = inputs(&blueprint, "aws_security_group.nfs");
    assert_eq!((&group["name"], &group["tags"]["Name"]), (&"EFS (K8s) [1]".into(), &"EFS _K8s_ _1_".into()));
}

#[test]
fn tls_is_enforced_given_up_or_left_alone() {
    let policy = |option: &str| {
        let stack = stack(&format!("file_systems: {{ nfs: {{ {option} }} }}"));
        let blueprint = blueprint(&stack, &network(1, 1, 1)).expect("they fit");
        inputs(&blueprint, "aws_efs_file_system.nfs").get("file_system_policy").cloned()
    };
    assert_eq!(policy(""), None);
    assert_eq!(policy("enforce_tls: false"), Some(serde_json::json!({})));
    let enforced = policy("enforce_tls: true").expect("a policy");
    let statements = enforced["Statement"].as_array().expect("statements");
    let deny = statements.iter().find(|one| one["Effect"] == "Deny").expect("one that denies");
    assert_eq!(deny["Condition"]["Bool"]["aws:SecureTransport"], "false");
    let allow = statements.iter().find(|one| one["Effect"] == "Allow").expect("one that allows");
    assert_eq!(allow["Action"].as_array().map(Vec::len), Some(3));
}

#[test]
fn the_statements_of_a_policy_are_those_that_are_written_and_tls_is_one_more() {
    let policy = |options: &str| {
        let stack = stack(&format!("file_systems: {{ nfs: {{ {options} }} }}"));
        let blueprint = blueprint(&stack, &network(1, 1, 1)).expect("they fit");
        inputs(&blueprint, "aws_efs_file_system.nfs").get("file_system_policy").cloned()
    };
    let mount = "Mount: { effect: Allow, principals: [012345678901, backup.amazonaws.com, \"*\"], actions: \
                 [elasticfilesystem:ClientMount], conditions: { Bool: { elasticfilesystem:AccessedViaMountTarget: [true] } } }";
    let written = policy(&format!("policy: {{ {mount} }}")).expect("a policy");
    assert_eq!(
        written,
        serde_json::json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "Mount", "Effect": "Allow",
            "Principal": { "AWS": ["012345678901", "*"], "Service": ["backup.amazonaws.com"] },
            "Action": ["elasticfilesystem:ClientMount"],
            "Condition": { "Bool": { "elasticfilesystem:AccessedViaMountTarget": ["true"] } },
        }] })
    );
    let both = policy(&format!("enforce_tls: true, policy: {{ {mount} }}")).expect("a policy");
    let sids = |policy: &Value| -> Vec<String> {
        let all = policy["Statement"].as_array().into_iter().flatten();
        all.map(|one| one["Sid"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(sids(&both), ["Mount", "NothingWithoutTls"], "whoever is let in is said by the author");
    assert_eq!(policy(&format!("enforce_tls: false, policy: {{ {mount} }}")), Some(written));
    assert_eq!(policy("policy: {}"), Some(serde_json::json!({})));
    assert_eq!(policy("policy: {}, enforce_tls: true"), policy("enforce_tls: true"));
}

#[test]
fn one_zone_storage_stands_in_its_zone_and_who_is_in_others_hears_what_that_costs() {
    let made = |options: &str, zones: usize| {
        let stack = stack(&format!("file_systems: {{ nfs: {{ {options} }} }}"));
        blueprint(&stack, &network(zones, 1, 1)).expect("they fit")
    };
    let one_zone = "storage: one-zone, zones: [eu-west-1b]";
    let blueprint = made(one_zone, 3);
    let zone = inputs(&blueprint, "aws_efs_file_system.nfs")["availability_zone_name"].clone();
    assert_eq!(zone, "eu-west-1b");
    let targets: Vec<&str> = blueprint.declarations.keys().filter_map(Address::member_name).collect();
    assert_eq!(targets, ["eu-west-1b"]);
    let words: Vec<String> = blueprint.words.iter().map(|(at, word)| format!("{at} {word}")).collect();
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(words[0].contains("eu-west-1a and eu-west-1c mounts it across zones"), "{words:?}");
    // Nobody is elsewhere, nobody is let in, and what is in every zone is mounted in each.
    for (options, zones) in [
        ("storage: one-zone, zones: [eu-west-1a]", 1),
        ("storage: one-zone, zones: [eu-west-1b], access: [{ cidr: 10.0.0.0/8 }]", 3),
        ("zones: [eu-west-1b]", 3),
    ] {
        assert_eq!(made(options, zones).words, [], "{options}");
    }
    assert!(
        !inputs(&made("zones: [eu-west-1b]", 3), "aws_efs_file_system.nfs")
            .contains_key("availability_zone_name")
    );
}

#[test]
fn every_overridden_group_of_a_role_is_let_in() {
    let stack = stack("stack: one\nfile_systems: { nfs: { access: [nodes] } }");
    let blueprint = blueprint(&stack, &network(1, 2, 1)).expect("they fit");
    insta::assert_snapshot!(written(&blueprint));
}

#[test]
fn a_group_that_two_roles_share_is_let_in_once() {
    let mut network = network(1, 1, 1);
    network.groups.insert(Role::Masters, Role::Masters.placed(&[Id::new("sg-nodes1")], None));
    let blueprint = blueprint(&stack("file_systems: { nfs: {} }"), &network).expect("they fit");
    let ingress = inputs(&blueprint, "aws_security_group.nfs")["ingress"].as_array().map(Vec::len);
    assert_eq!(ingress, Some(1));
}

#[test]
fn the_authors_tags_are_on_everything_that_can_have_them() {
    let stack = stack("tags: { team: platform }\nfile_systems: { nfs: {} }\ndatabases: { db: {} }");
    let blueprint = blueprint(&stack, &network(2, 1, 1)).expect("they fit");
    for (address, name) in [
        ("aws_security_group.nfs", "storage-nfs"),
        ("aws_security_group.db", "storage-db"),
        ("aws_efs_file_system.nfs", "nfs"),
        ("aws_db_subnet_group.db", "db"),
        ("aws_db_instance.db", "db"),
    ] {
        assert_eq!(
            inputs(&blueprint, address)["tags"],
            serde_json::json!({ "Name": name, "team": "platform" }),
            "{address}"
        );
    }
}

#[test]
fn an_empty_map_that_is_written_takes_everything_away() {
    let blueprint = blueprint(&stack("file_systems: { a: { lifecycle: {} } }"), &network(1, 1, 1));
    let blueprint = blueprint.expect("it fits");
    assert_eq!(inputs(&blueprint, "aws_efs_file_system.a")["lifecycle"], serde_json::json!({}));
}

#[test]
fn what_is_not_written_is_not_declared() {
    let blueprint = blueprint(&stack("file_systems: { a: {} }\ndatabases: { b: {} }"), &network(2, 1, 1))
        .expect("they fit");
    let file_system = inputs(&blueprint, "aws_efs_file_system.a");
    let database = inputs(&blueprint, "aws_db_instance.b");
    for absent in ["lifecycle", "provisioned_throughput_in_mibps", "security_group", "access"] {
        assert!(!file_system.contains_key(absent), "{absent}");
    }
    for absent in
        ["iops", "storage_throughput", "database_name", "backup_window", "maintenance_window", "access"]
    {
        assert!(!database.contains_key(absent), "{absent}");
    }
}

#[test]
fn a_stack_that_does_not_fit_the_network_is_refused_with_a_way_out() {
    for (text, network, message, hint) in [
        (
            "databases: { db: {} }",
            network(1, 1, 1),
            "the database `db` needs subnets in two zones at least, and the network has eu-west-1a alone",
            "another zone",
        ),
        (
            "databases: { db: {} }",
            network(0, 1, 1),
            "the database `db` needs subnets in two zones at least, and the network has no usable one",
            "another zone",
        ),
        (
            "file_systems: { nfs: {} }",
            network(0, 1, 1),
            "the file system `nfs` needs a subnet, and the network has none",
            "add a subnet",
        ),
    ] {
        let error = blueprint(&stack(text), &network).expect_err(text);
        assert_eq!(error.to_string(), message);
        assert!(error.hint().contains(hint), "{}", error.hint());
    }
}

/// A section whose entries stand in an account alone.
const QUEUES: Section = Section {
    key: "queues",
    doc: "Queues.",
    one: "queue",
    several: "queues",
    entry: Part { doc: "One queue.", own: &[], parts: &[], passes: &["aws_sqs_queue"] },
    objects: &[],
    check: |_| Vec::new(),
    names: &[],
    files: &[],
    spread: None,
    main: "aws_sqs_queue",
    others: Others::None,
    roles: |_| Default::default(),
    expand: Expand::Alone(|draft, name, entry| {
        let address = Address::new("aws_sqs_queue", name.as_str());
        let set = serde_json::json!({ "name": name.as_str(), "tags": draft.tags(&address, name.as_str()) });
        draft.declare(address, with(entry.of("aws_sqs_queue"), set))
    }),
    belongings: &[],
    describe: |_, _, _, _| Ok(Default::default()),
    output: |_, _, _| None,
    output_schema: |_| schemars::Schema::default(),
    short: &[],
};

#[test]
fn what_needs_no_network_is_declared_without_one_and_what_needs_it_is_refused() {
    let stack = stack("databases: { db: {} }");
    let mut draft = Draft {
        by_command: BTreeMap::new(),
        stack: &stack,
        kept: &Kept::default(),
        decided: Decided::default(),
        declarations: BTreeMap::new(),
        ignored: BTreeMap::new(),
        itself: BTreeSet::new(),
        ignores: BTreeSet::new(),
        words: Vec::new(),
    };
    let name: Name = "jobs".parse().expect("a name");
    draft.expand(&QUEUES, None, (&name, &Entry::default())).expect("it needs no network");
    let inputs = serde_json::json!({ "name": "jobs", "tags": { "Name": "jobs" } });
    let declared = Declaration::Managed { inputs: document(inputs) };
    assert_eq!(draft.declarations, [(Address::new("aws_sqs_queue", "jobs"), declared)].into());

    let error = blueprint(&stack, None).expect_err("a database stands in a network");
    assert_eq!(error.to_string(), "the database `db` needs the network of a cluster, and none is chosen");
    assert!(error.hint().contains("--cluster"), "{}", error.hint());

    let alone = blueprint(&Stack { sections: BTreeMap::new(), ..stack }, None).expect("it is empty");
    assert_eq!((alone.cluster, alone.declarations), (None, BTreeMap::new()));
}

#[test]
fn a_role_without_a_group_is_referred_to_and_not_declared() {
    let blueprint = blueprint(&stack("file_systems: { nfs: {} }"), &network(3, 1, 0)).expect("they fit");
    let masters = Role::Masters.address();
    assert!(!blueprint.declarations.contains_key(&masters));
    assert!(references(inputs(&blueprint, "aws_security_group.nfs")).contains(&masters));
}

#[test]
fn access_for_none_is_a_group_without_ingress() {
    let blueprint =
        blueprint(&stack("file_systems: { nfs: { access: [] } }"), &network(3, 1, 1)).expect("they fit");
    let group = inputs(&blueprint, "aws_security_group.nfs");
    assert_eq!(
        (&group["ingress"], group["egress"].as_array().map(Vec::len)),
        (&serde_json::json!([]), Some(1))
    );
}

#[test]
fn every_source_is_a_rule_of_its_own_and_a_group_that_a_role_has_is_let_in_once() {
    let text = "databases: { db: { port: 5433, access: [
        { cidr: 10.99.0.0/16, description: VPN },
        { cidr: '2001:DB8::/32' },
        { prefix_list: pl-0abc },
        { group: sg-nodes1 },
        { group: sg-0abc, ports: all },
        { role: nodes, ports: all, description: as before },
        nodes,
    ] } }";
    // A group's id has the digits of hexadecimal numbers alone; here a role has it.
    let text = text.replace("sg-nodes1", "sg-0def");
    let mut network = network(2, 1, 1);
    network.groups.insert(Role::Nodes, Role::Nodes.placed(&[Id::new("sg-0def")], None));
    let stack = stack(&text);
    let blueprint = blueprint(&stack, &network).expect("they fit");
    let nodes = "${aws_security_group.nodes.id}";
    let tcp = |source: &str, description: &str| {
        serde_json::json!({
            "protocol": "tcp", "from_port": 5433, "to_port": 5433, "source": source, "description": description,
        })
    };
    let all = |source: &str, description: &str| serde_json::json!({ "protocol": "-1", "source": source, "description": description });
    assert_eq!(
        inputs(&blueprint, "aws_security_group.db")["ingress"],
        serde_json::json!([
            tcp(nodes, "PostgreSQL from the nodes of the cluster"),
            all(nodes, "as before"),
            tcp("10.99.0.0/16", "VPN"),
            tcp("2001:db8::/32", "PostgreSQL from 2001:db8::/32"),
            tcp("pl-0abc", "PostgreSQL from pl-0abc"),
            all("sg-0abc", "All traffic from sg-0abc"),
        ])
    );
    assert_eq!(stack.roles_without_access(), [Role::Masters].into());
}

#[test]
fn groups_of_others_are_attached_and_declared_nowhere() {
    let text = "
        file_systems: { nfs: { security_group: sg-0abc, extra_security_groups: [sg-2, sg-1] } }
        databases: { db: { extra_security_groups: [sg-1] } }";
    let stack = stack(text);
    let blueprint = blueprint(&stack, &network(2, 1, 1)).expect("they fit");
    assert!(!blueprint.declarations.keys().any(|address| address.to_string() == "aws_security_group.nfs"));
    let target = inputs(&blueprint, "aws_efs_mount_target.nfs/eu-west-1a");
    assert_eq!(target["security_groups"], serde_json::json!(["sg-0abc", "sg-2", "sg-1"]));
    let database = inputs(&blueprint, "aws_db_instance.db");
    let groups = serde_json::json!(["${aws_security_group.db.id}", "sg-1"]);
    assert_eq!(database["vpc_security_group_ids"], groups);
    let alone = parse("x", "file_systems: { nfs: { security_group: sg-0abc } }", &registry());
    assert_eq!(alone.expect("valid").roles_without_access(), Role::ALL.into());
}

#[test]
fn names_and_descriptions_that_are_written_are_those_that_objects_are_made_with() {
    let text = "
        stack: shop
        databases:
          pgsql:
            security_group: { description: for the shop }
            subnet_group: { name: Shop_pgsql, description: Of the shop }
          other: { security_group: { name: other }, subnet_group: alone }";
    let made = blueprint(&stack(text), &network(2, 1, 1)).expect("they fit");
    for (address, name, description) in [
        ("aws_security_group.pgsql", "shop-pgsql", "for the shop"),
        ("aws_db_subnet_group.pgsql", "Shop_pgsql", "Of the shop"),
        ("aws_security_group.other", "other", "PostgreSQL access to other"),
        ("aws_db_subnet_group.other", "alone", "Subnets of other"),
    ] {
        let inputs = inputs(&made, address);
        assert_eq!(
            (inputs["name"].as_str(), inputs["description"].as_str()),
            (Some(name), Some(description))
        );
    }
    assert_eq!(made.words, []);
}

#[test]
fn what_aws_cannot_change_stays_as_it_was_made_and_the_plan_says_so() {
    let before = stack(
        "databases: { db: { security_group: { name: sg, description: a }, subnet_group: { name: n, description: b } } }",
    );
    let recorded = recorded(&before, str::to_owned);
    let after = |text: &str| {
        let kept = Kept::of(&registry(), Some(&recorded));
        blueprint_keeping(&stack(text), &network(3, 1, 1), &kept).expect("they fit")
    };
    let edited = after(
        "databases: { db: { security_group: { name: sg, description: c }, subnet_group: { name: m, description: d } } }",
    );
    let group = inputs(&edited, "aws_security_group.db");
    assert_eq!(group["description"], "a");
    let subnets = inputs(&edited, "aws_db_subnet_group.db");
    // RDS changes the description of a subnet group.
    assert_eq!((&subnets["name"], &subnets["description"]), (&"n".into(), &"d".into()));
    let words: Vec<String> = edited.words.iter().map(|(at, word)| format!("{at} {word}")).collect();
    assert!(
        words.len() == 2
            && words[0].starts_with("aws_security_group.db security_group: the description stays `a`")
    );
    assert!(words[1].starts_with("aws_db_subnet_group.db subnet_group: the name stays `n`"), "{words:?}");

    // What is written as it was made, or not at all, needs no word.
    for text in [
        "databases: { db: { security_group: { name: sg, description: a }, subnet_group: N } }",
        "databases: { db: { security_group: sg } }",
    ] {
        let same = after(text);
        assert_eq!(same.words, [], "{text}");
        assert_eq!(inputs(&same, "aws_db_subnet_group.db")["name"], "n");
        assert_eq!(inputs(&same, "aws_security_group.db")["description"], "a");
    }
    // Another group is made with what is written.
    let other = after("databases: { db: { security_group: { name: new, description: c } } }");
    assert_eq!(inputs(&other, "aws_security_group.db")["description"], "c");
    assert_eq!(other.words, []);
}

#[test]
fn databases_that_write_one_subnet_group_share_it_at_the_address_at_which_it_is_made() {
    let group = |name: &str| Address::new("aws_db_subnet_group", name);
    let groups = |blueprint: &Blueprint| -> Vec<Address> {
        blueprint.declarations.keys().filter(|at| at.kind() == "aws_db_subnet_group").cloned().collect()
    };
    let used = |blueprint: &Blueprint, name: &str| {
        inputs(blueprint, &format!("aws_db_instance.{name}"))["db_subnet_group_name"].clone()
    };
    // The third one writes the name that the first one has by default.
    let before = stack(
        "databases: { a: {}, b: { subnet_group: shop }, c: { subnet_group: A }, d: { subnet_group: Shop } }",
    );
    let made = blueprint(&before, &network(2, 1, 1)).expect("they fit");
    assert_eq!(groups(&made), [group("a"), group("b")]);
    for (name, at) in [("a", "a"), ("b", "b"), ("c", "a"), ("d", "b")] {
        assert_eq!(used(&made, name), id_of(&group(at)), "{name}");
    }
    assert_eq!(inputs(&made, "aws_db_subnet_group.b")["description"], "Subnets of b");

    // The one that gave the address goes, and the group stays where it is, with all that it was made with.
    let recorded = recorded(&before, str::to_owned);
    let kept = Kept::of(&registry(), Some(&recorded));
    for (text, expected) in [
        ("databases: { c: { subnet_group: a }, d: { subnet_group: shop } }", vec!["a", "b"]),
        ("databases: { d: { subnet_group: shop } }", vec!["b"]),
        ("databases: { c: { subnet_group: a } }", vec!["a"]),
        // A new one under the old key has the group of that key.
        ("databases: { b: {}, d: { subnet_group: shop } }", vec!["b"]),
    ] {
        let after = blueprint_keeping(&stack(text), &network(2, 1, 1), &kept).expect("they fit");
        let expected: Vec<Address> = expected.into_iter().map(group).collect();
        assert_eq!(groups(&after), expected, "{text}");
        assert_eq!(after.words, [], "{text}");
        for at in &expected {
            assert_eq!(inputs(&after, &at.to_string()), inputs(&made, &at.to_string()), "{text}");
        }
    }
}

#[test]
fn a_parameter_group_that_is_named_is_referred_to_where_it_is_another_databases_own() {
    let text = "databases:
        a: { parameters: { work_mem: 65536, jit: false } }
        b: { parameter_group: A-postgres16 }
        c: { parameter_group: Tuned }
        d: { parameter_group: a-postgres16, engine_version: 17 }";
    let made = blueprint(&stack(text), &network(2, 1, 1)).expect("they fit");
    let used = |name: &str| inputs(&made, &format!("aws_db_instance.{name}"))["parameter_group_name"].clone();
    let own = id_of(&Address::new("aws_db_parameter_group", "a"));
    assert_eq!([used("a"), used("b"), used("c")], [own.clone().into(), own.into(), Value::from("tuned")]);
    // A group of another family is looked at by the plan, as those of others are.
    assert_eq!(used("d"), "a-postgres16");
    let parameters = &inputs(&made, "aws_db_parameter_group.a")["parameters"];
    assert_eq!(*parameters, serde_json::json!({ "work_mem": "65536", "jit": "false" }));
}

#[test]
fn a_group_that_a_cache_names_is_referred_to_where_it_is_another_caches_own() {
    let text = "caches:
        a: { parameters: { timeout: 300 } }
        b: { parameter_group: X-a-Valkey8, subnet_group: { existing: X-a-subnets } }
        c: { parameter_group: Tuned, subnet_group: { existing: Default } }
        d: { parameter_group: x-a-valkey8, engine: redis }";
    let text = format!("stack: x\n{text}");
    let stack = parse("x", text, &registry()).expect("they fit");
    let made = blueprint(&stack, &network(2, 1, 1)).expect("they fit");
    let used = |name: &str, field: &str| {
        inputs(&made, &format!("aws_elasticache_replication_group.{name}"))[field].clone()
    };
    let [group, subnets] = ["aws_elasticache_parameter_group", "aws_elasticache_subnet_group"]
        .map(|kind| Value::from(id_of(&Address::new(kind, "a"))));
    let groups = ["a", "b", "c", "d"].map(|name| used(name, "cache_parameter_group_name"));
    // One of another family is looked at by the plan, as those of others are.
    assert_eq!(groups, [group.clone(), group, "tuned".into(), "x-a-valkey8".into()]);
    let groups = ["a", "b", "c"].map(|name| used(name, "cache_subnet_group_name"));
    assert_eq!(groups, [subnets.clone(), subnets, "default".into()]);
}

#[test]
fn a_file_system_stands_in_the_zones_that_it_names_and_in_no_zone_that_is_not_there() {
    let text = "file_systems: { nfs: { zones: [eu-west-1c, eu-west-1a] }, all: {} }";
    let made = blueprint(&stack(text), &network(3, 1, 1)).expect("they fit");
    let targets =
        made.declarations.keys().filter(|at| at.kind() == "aws_efs_mount_target" && at.name() == "nfs");
    assert_eq!(targets.filter_map(Address::member_name).collect::<Vec<_>>(), ["eu-west-1a", "eu-west-1c"]);
    let error = blueprint(&stack(text), &network(2, 1, 1)).expect_err("there is no third zone");
    let said = format!("{error}; {}", error.hint());
    assert!(said.contains("the zone eu-west-1c, and the network has eu-west-1a and eu-west-1b"), "{said}");
    assert_eq!(stack(text).in_a_new_zone(), ["all cannot be mounted there"]);
}

#[test]
fn a_stack_that_names_no_role_needs_none() {
    let stack = stack("file_systems: { nfs: { access: [{ cidr: 10.0.0.0/8 }] } }");
    assert_eq!(stack.roles_without_access(), Role::ALL.into());
    let declared = blueprint(&stack, &network(2, 0, 0)).expect("they fit");
    let referred = references(inputs(&declared, "aws_security_group.nfs"));
    assert_eq!(referred, [Network::vpc_address()].into());
}

proptest! {
    #[test]
    fn every_reference_points_to_a_declaration(
        zones in 2usize..6,
        nodes in 1usize..4,
        masters in 1usize..3,
        file_systems in 0usize..4,
        databases in 1usize..4,
        access in prop::sample::select(vec!["nodes", "masters", "nodes, masters"]),
    ) {
        let mut text = "file_systems:\n".to_owned();
        (0..file_systems).for_each(|n| text.push_str(&format!("  fs{n}: {{ access: [{access}] }}\n")));
        if file_systems == 0 {
            text.clear();
        }
        text.push_str("databases:\n");
        (0..databases).for_each(|n| text.push_str(&format!("  db{n}: {{ access: [{access}] }}\n")));
        let blueprint = blueprint(&stack(&text), &network(zones, nodes, masters)).expect("they fit");
        for declaration in blueprint.declarations.values() {
            if let Declaration::Managed { inputs } = declaration {
                for address in references(inputs) {
                    prop_assert!(blueprint.declarations.contains_key(&address), "{address}");
                }
            }
        }
        let managed = |kind: &str| {
            blueprint
                .declarations
                .iter()
                .filter(|(address, declaration)| {
                    address.kind() == kind && matches!(declaration, Declaration::Managed { .. })
                })
                .count()
        };
        prop_assert_eq!(managed("aws_security_group"), file_systems + databases);
        prop_assert_eq!(managed("aws_efs_mount_target"), file_systems * zones);
    }
}

const BOTH: &str = "
    stack: shop
    file_systems: { files: { access_points: { git: { uid: 998 } } } }
    databases: { records: { parameters: { work_mem: \"64MB\" } } }
";

/// A state that records the managed declarations of a stack, with their names changed.
fn recorded(stack: &Stack, rename: impl Fn(&str) -> String) -> State {
    let mut state = State::new(stack.stack.as_str(), "one".to_owned(), "123456789012", "eu-west-1");
    for (address, declaration) in blueprint(stack, &network(2, 1, 1)).expect("they fit").declarations {
        if let Declaration::Managed { inputs } = declaration {
            let mut record = Record::watched(Id::new("x"), Document::new());
            (record.watched, record.inputs) = (false, inputs);
            state.apply(Edit::Put { address: address.with_name(&rename(address.name())), record });
        }
    }
    state
}

/// The fields in which declarations differ from what is recorded at their addresses, references left out.
fn differing(blueprint: &Blueprint, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for (address, declaration) in &blueprint.declarations {
        let Declaration::Managed { inputs } = declaration else { continue };
        for (field, value) in inputs {
            let is_reference = value.to_string().contains("${");
            if !is_reference && state.resources[address].inputs.get(field) != Some(value) {
                found.push(format!("{} {field}", address.kind()));
            }
        }
    }
    found.dedup();
    found
}

#[test]
fn a_renamed_key_and_a_renamed_stack_change_nothing_that_only_a_new_object_can_have() {
    let before = stack(BOTH);
    for (text, rename) in [
        (BOTH.replace("records", "main-db").replace("files:", "media:"), true),
        (BOTH.replace("stack: shop", "stack: store"), false),
    ] {
        let state = recorded(&before, |name| match (rename, name) {
            (true, "records") => "main-db".to_owned(),
            (true, "files") => "media".to_owned(),
            _ => name.to_owned(),
        });
        let registry = crate::aws::kinds::registry();
        let kept = Kept::of(&registry, Some(&state));
        // `file_systems` has the word in it, too.
        let after = stack(&text.replace("file_systemedia:", "file_systems:"));
        let blueprint = blueprint_keeping(&after, &network(2, 1, 1), &kept).expect("they fit");
        let found = differing(&blueprint, &state);
        let expected: &[&str] = if rename {
            &[
                "aws_db_instance identifier",
                "aws_db_instance tags",
                "aws_db_parameter_group tags",
                "aws_db_subnet_group tags",
                "aws_efs_file_system tags",
            ]
        } else {
            &[]
        };
        assert_eq!(found, expected, "{text}");
        for one in found {
            let (kind, field) = one.split_once(' ').expect("both were written");
            let fields = registry.managing(kind).expect("a kind").fields();
            let field = fields.iter().find(|known| known.name == field).expect("a field");
            assert!(!field.is_fixed(), "{one} can only be changed by a replacement");
        }
    }
}

#[test]
fn what_is_written_is_wanted_whatever_was_recorded() {
    let state = recorded(&stack(BOTH), str::to_owned);
    let kept = Kept::of(&crate::aws::kinds::registry(), Some(&state));
    let text = BOTH.replace("records: {", "records: { security_group: other, identifier: main-db,");
    let text = text.replace("git: { uid: 998 }", "git: { uid: 998, path: /other }");
    let blueprint = blueprint_keeping(&stack(&text), &network(2, 1, 1), &kept).expect("they fit");
    for (address, field, expected) in [
        ("aws_security_group.records", "name", "other"),
        ("aws_security_group.files", "name", "shop-files"),
        ("aws_db_instance.records", "identifier", "main-db"),
        ("aws_db_subnet_group.records", "name", "records"),
        ("aws_efs_access_point.files/git", "path", "/other"),
    ] {
        assert_eq!(inputs(&blueprint, address)[field], expected, "{address}");
    }
}

#[test]
fn a_parameter_group_keeps_its_name_but_for_the_family_of_the_version() {
    let state = recorded(&stack(BOTH), |name| name.replace("records", "main-db"));
    let kept = Kept::of(&crate::aws::kinds::registry(), Some(&state));
    for (version, expected) in [("16", "records-postgres16"), ("17", "records-postgres17")] {
        let text = BOTH.replace("records: {", &format!("main-db: {{ engine_version: \"{version}\","));
        let blueprint = blueprint_keeping(&stack(&text), &network(2, 1, 1), &kept).expect("they fit");
        let inputs = inputs(&blueprint, "aws_db_parameter_group.main-db");
        assert_eq!(
            (&inputs["name"], &inputs["description"]),
            (&expected.into(), &"Parameters of records".into())
        );
    }
    // A new database of the old name takes none of the names that are kept.
    let text = BOTH.replace("databases: {", "databases: { main-db: { parameters: { work_mem: \"64MB\" } }, ");
    let blueprint = blueprint_keeping(&stack(&text), &network(2, 1, 1), &kept).expect("they fit");
    for (address, expected) in [
        ("aws_db_parameter_group.records", "records-2-postgres16"),
        ("aws_db_subnet_group.records", "records-2"),
        ("aws_security_group.records", "shop-records-2"),
        ("aws_security_group.main-db", "shop-records"),
    ] {
        assert_eq!(inputs(&blueprint, address)["name"], expected, "{address}");
    }
}

#[test]
fn an_entry_that_is_named_like_a_role_has_its_group_beside_the_cluster_s_own() {
    let stack = stack("file_systems: { nodes: {} }\ndatabases: { default: {} }");
    let blueprint = blueprint(&stack, &network(2, 1, 1)).expect("they fit");
    let role = blueprint.declarations[&Role::Nodes.address()].clone();
    assert_eq!(role, Declaration::Watched { id: Id::new("sg-nodes1") });
    let group = "aws_security_group.nodes/own";
    assert_eq!(inputs(&blueprint, group)["name"], "storage-nodes");
    let groups = &inputs(&blueprint, "aws_efs_mount_target.nodes/eu-west-1a")["security_groups"];
    assert_eq!(groups, &serde_json::json!([format!("${{{group}.id}}")]));
    assert_eq!(inputs(&blueprint, "aws_db_subnet_group.default")["name"], "default-subnets");
    assert_eq!(inputs(&blueprint, "aws_db_instance.default")["identifier"], "default");
}
