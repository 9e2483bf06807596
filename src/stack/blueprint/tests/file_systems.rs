//! File systems: access points, keys, policies, and the zones that they stand in.

use super::*;

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
