//! Blueprints of the reference stack and of networks of every shape.

mod file_systems;
mod kept;
mod security_groups;
mod shared_groups;

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::aws::kinds::registry;
use crate::engine::document::references;
use crate::engine::network::{Cluster, Network, Role};
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
fn a_groups_name_is_its_tag_as_far_as_tags_can_hold_it() {
    let stack = stack("file_systems: { nfs: { security_group: \"EFS (K8s) [1]\" } }");
    let blueprint = blueprint(&stack, &network(1, 1, 1)).expect("they fit");
    let group = inputs(&blueprint, "aws_security_group.nfs");
    assert_eq!((&group["name"], &group["tags"]["Name"]), (&"EFS (K8s) [1]".into(), &"EFS _K8s_ _1_".into()));
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

#[test]
fn every_overridden_group_of_a_role_is_let_in() {
    let stack = stack("stack: one\nfile_systems: { nfs: { access: [nodes] } }");
    let blueprint = blueprint(&stack, &network(1, 2, 1)).expect("they fit");
    insta::assert_snapshot!(written(&blueprint));
}
