//! Blueprints of the reference stack and of networks of every shape.

use crate::aws::kinds::registry;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::engine::document::references;
use crate::engine::network::{Cluster, Network, Role};
use crate::engine::state::{Edit, Record, State};
use crate::stack::section::Part;
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
    check: |_| Vec::new(),
    main: "aws_sqs_queue",
    expand: Expand::Alone(|draft, name, entry| {
        let set = serde_json::json!({ "name": name.as_str(), "tags": draft.tags(name.as_str()) });
        draft.declare(Address::new("aws_sqs_queue", name.as_str()), with(entry.of("aws_sqs_queue"), set))
    }),
    output: |_, _, _| None,
    output_schema: |_| schemars::Schema::default(),
    short: &[],
};

#[test]
fn what_needs_no_network_is_declared_without_one_and_what_needs_it_is_refused() {
    let stack = stack("databases: { db: {} }");
    let mut draft = Draft { stack: &stack, kept: &Kept::default(), declarations: BTreeMap::new() };
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
