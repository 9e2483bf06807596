//! Edits and deeds of others between two runs, where the planner alone decides: what waits, what is told, and the way out.

use std::collections::{BTreeMap, BTreeSet};

use provision::aws::kinds::db_parameter_group::follow_versions;
use provision::aws::kinds::statuses;
use provision::engine::blueprint::{Blueprint, Declaration};
use provision::engine::document::Document;
use provision::engine::plan::{Action, Mode, Plan};
use provision::engine::planner::Sighting;
use provision::engine::resource::{Condition, Found, Id, Ownership, Status};
use provision::engine::state::Record;
use serde_json::{Value, json};

use super::databases::{Case, DATABASE, database};
use super::world::{address, document};

const DOOR: &str = "aws_security_group.db";

fn status(kind: &str, name: &str) -> &'static Status {
    let all = statuses();
    let of_kind = all.iter().find(|(known, _)| *known == kind).expect("the kind has statuses").1;
    of_kind.iter().find(|row| row.name == name).expect("there is such a status")
}

fn door(port: u16, tags: Value) -> Document {
    document(json!({
        "name": "test-db", "description": "d", "vpc_id": "vpc-1", "tags": tags,
        "ingress": [{ "protocol": "tcp", "from_port": port, "to_port": port, "source": "sg-nodes" }],
        "egress": [{ "protocol": "-1", "source": "0.0.0.0/0" }],
    }))
}

/// A database behind a group of the stack, and both are to have another port.
fn another_port(tags: Value) -> Case {
    let port = |port: u16| {
        database(json!({ "port": port, "vpc_security_group_ids": ["${aws_security_group.db.id}"] }))
    };
    let mut case = Case::default();
    let live = database(json!({ "vpc_security_group_ids": ["sg-1"] }));
    case.object(DATABASE, "db-1", Some(port(5433)), live);
    case.object(DOOR, "sg-1", Some(door(5433, tags)), door(5432, json!({})));
    case
}

fn paths(plan: &Plan, at: &str) -> (Action, Vec<String>, Option<String>) {
    let change = plan.change(&address(at)).expect("it is planned");
    let paths = change.fields.iter().map(|field| field.path.clone()).collect();
    (change.action, paths, change.blocked.as_ref().map(|blocked| blocked.because.clone()))
}

#[test]
fn the_old_port_stays_open_while_the_database_cannot_move_to_the_new_one() {
    let mut case = another_port(json!({ "a": "b" }));
    case.live(DATABASE).condition = Condition::Held(status("aws_db_instance", "stopped"));
    let plan = case.planning().plan;
    assert_eq!(paths(&plan, DATABASE), (Action::NoOp, vec![], Some("AWS shows stopped".to_owned())));
    // What clients do not pass through is changed all the same.
    let waits = Some(format!("waits for {DATABASE}"));
    assert_eq!(paths(&plan, DOOR), (Action::Update, vec!["tags".to_owned()], waits));
    // And both move together where nothing is in the way.
    let plan = another_port(json!({})).planning().plan;
    assert_eq!(paths(&plan, DATABASE), (Action::Update, vec!["port".to_owned()], None));
    assert_eq!(paths(&plan, DOOR), (Action::Update, vec!["ingress".to_owned()], None));
}

#[test]
fn a_database_does_not_move_to_a_port_that_cannot_be_opened() {
    let mut case = another_port(json!({}));
    // A group of the cluster that is let in is not known any more: the rules stay as they are.
    let rule = json!([{ "protocol": "tcp", "from_port": 5433, "to_port": 5433, "source": "${aws_security_group.nodes.id}" }]);
    case.declared.get_mut(&address(DOOR)).expect("it is declared").insert("ingress".to_owned(), rule);
    let plan = case.planning().plan;
    assert_eq!(paths(&plan, DATABASE), (Action::NoOp, vec![], Some(format!("waits for {DOOR}"))));
    assert!(plan.change(&address(DOOR)).is_none_or(|change| change.action == Action::NoOp));
}

/// Another database in the subnet group of the first one, whose line in the stack file that said so is gone.
fn out_of_a_shared_group() -> Case {
    let subnets = |name: &str| {
        document(
            json!({ "name": name, "description": "d", "subnet_ids": ["subnet-1", "subnet-2"], "tags": {} }),
        )
    };
    let live = |identifier: &str| database(json!({ "identifier": identifier, "db_subnet_group_name": "a" }));
    let declared = |identifier: &str, group: &str| {
        database(
            json!({ "identifier": identifier, "db_subnet_group_name": format!("${{aws_db_subnet_group.{group}.id}}") }),
        )
    };
    let mut case = Case::default();
    case.object("aws_db_instance.a", "db-a", Some(declared("a", "a")), live("a"));
    case.object("aws_db_instance.b", "db-b", Some(declared("b", "b")), live("b"));
    case.object("aws_db_subnet_group.a", "a", Some(subnets("a")), subnets("a"));
    case.declared.insert(address("aws_db_subnet_group.b"), subnets("b"));
    case
}

fn hint_of(plan: &Plan, check: &str) -> String {
    let found = plan.preflight.iter().find(|finding| finding.check == check);
    found.and_then(|finding| finding.hint.clone()).unwrap_or_else(|| panic!("{check}: {:?}", plan.preflight))
}

#[test]
fn a_database_stays_in_the_subnet_group_of_another_one_by_the_groups_name() {
    let plan = out_of_a_shared_group().planning().plan;
    let hint = hint_of(&plan, "data-loss");
    assert!(hint.starts_with("write `subnet_group: a` into the stack file; or, "), "{hint}");
    assert!(!hint.contains("provision import"), "another address has it: {hint}");
    // A group that nothing records is left to others.
    let mut case = out_of_a_shared_group();
    case.recorded.remove(&address("aws_db_subnet_group.a"));
    let hint = hint_of(&case.planning().plan, "data-loss");
    assert!(hint.starts_with("write `subnet_group: { existing: a }` into the stack file; or, "), "{hint}");
}

#[test]
fn a_lineage_that_was_taken_off_is_written_again() {
    let mut case = Case::of(json!({}), json!({}));
    let Ownership::Tagged { lineage, .. } = &mut case.live(DATABASE).ownership else {
        panic!("it is tagged")
    };
    *lineage = None;
    let plan = case.planning().plan;
    assert_eq!(paths(&plan, DATABASE), (Action::Update, vec!["ownership tags".to_owned()], None));
    let reason = &plan.change(&address(DATABASE)).expect("it is planned").reason;
    assert_eq!(reason, "others changed provision:lineage; its ownership tags are written");
    assert_eq!(plan.drift.len(), 1, "{:?}", plan.drift);
}

#[test]
fn an_option_that_names_an_address_in_vain_is_an_error_that_says_why() {
    let error = |plan: &Plan| {
        let found: Vec<_> = plan.errors().filter(|finding| finding.check == "address").cloned().collect();
        let [one] = found.as_slice() else { panic!("{:?}", plan.preflight) };
        (one.message.clone(), one.hint.clone().unwrap_or_default())
    };
    let watched = |mode: Mode, put: fn(&mut Case)| {
        let mut case = Case::of(json!({}), json!({}));
        case.recorded.insert(address("aws_vpc.network"), Record::watched(Id::new("vpc-1"), Document::new()));
        put(&mut case);
        case.planning_to(mode)
    };
    let vpc = || address("aws_vpc.network");
    let planning = watched(Mode::Apply, |case| {
        case.replace.insert(address("aws_vpc.network"));
    });
    let (message, hint) = error(&planning.plan);
    assert!(message.ends_with("it is never replaced"), "{message}");
    assert_eq!(hint, "leave --replace aws_vpc.network out");
    assert_eq!(planning.meant, BTreeMap::from([(vpc(), None)]));
    let planning = watched(Mode::Destroy, |case| {
        case.targets.insert(address("aws_vpc.network"));
    });
    assert!(error(&planning.plan).0.ends_with("it is never deleted"));
    assert!(planning.plan.changes.is_empty(), "what stands on it is not meant: {:?}", planning.plan.changes);
    // To look at it, and to record it, changes nothing.
    let planning = watched(Mode::Apply, |case| {
        case.targets.insert(address("aws_vpc.network"));
    });
    assert_eq!(planning.plan.errors().count(), 0);
    // The cluster's own is no address that could be meant here.
    let planning = watched(Mode::Apply, |case| {
        case.replace.insert(address("aws_vpc.networ"));
    });
    assert_eq!(error(&planning.plan).1, "did you mean aws_db_instance.db?");
    assert_eq!(planning.meant.into_values().collect::<Vec<_>>(), [Some(address(DATABASE))]);
    // It would be left out without a word.
    let planning = watched(Mode::Apply, |case| {
        case.replace.insert(address(DATABASE));
        case.targets.insert(address("aws_vpc.network"));
    });
    assert!(error(&planning.plan).0.starts_with("`--replace` names it, and it is neither among the targets"));
    let planning = watched(Mode::Apply, |case| {
        case.declared.remove(&address(DATABASE));
        case.replace.insert(address(DATABASE));
    });
    assert!(error(&planning.plan).0.starts_with("nothing declares it any more"));
}

/// Two buckets whose keys were exchanged after they were made, and the state is lost.
fn exchanged_keys(lineage: Option<&str>) -> Case {
    let mut case = Case::default();
    for (key, of) in [("x", "y"), ("y", "x")] {
        let name = format!("two-{key}");
        let inputs = document(
            json!({ "bucket": name, "versioning": false, "deletion_protection": true, "public_access_blocked": true, "tags": {} }),
        );
        let at = format!("aws_s3_bucket.{key}");
        case.declared.insert(address(&at), inputs);
        let id = Id::new(name);
        let ownership = Ownership::Tagged {
            stack: "test".to_owned(),
            address: format!("aws_s3_bucket.{of}"),
            lineage: lineage.map(str::to_owned),
            cluster: None,
        };
        let found = Found::new(id, ownership);
        case.seen.insert(address(&at), Sighting::InTheWay { found, beside: Vec::new() });
    }
    case
}

#[test]
fn objects_that_kept_their_names_when_their_keys_were_exchanged_are_written_as_they_are() {
    let lines = "if only the keys were changed in the stack file: write `bucket: two-y` for `x` and `bucket: two-x` for `y` into it, all at once, then: provision state rebuild";
    for lineage in [None, Some("lost")] {
        let plan = exchanged_keys(lineage).planning().plan;
        let hints: BTreeSet<_> = plan.errors().filter_map(|error| error.hint.clone()).collect();
        assert_eq!(hints, BTreeSet::from([lines.to_owned()]));
    }
    // One of them alone: its name is what the other one is to be called.
    let mut one = exchanged_keys(None);
    one.seen.insert(address("aws_s3_bucket.y"), Sighting::Gone);
    let hint = hint_of(&one.planning().plan, "name-taken");
    assert_eq!(
        hint,
        "if only the keys were changed in the stack file: write `bucket: two-x` for `y` into it, and another name for `x`, \
         then: provision state rebuild"
    );
}

#[test]
fn databases_that_exchanged_their_names_are_told_of_as_a_whole() {
    let mut case = Case::default();
    for (at, id, declared, live) in [("a", "db-a", "a", "b"), ("b", "db-b", "b", "a")] {
        let inputs = |identifier: &str| database(json!({ "identifier": identifier }));
        let at = format!("aws_db_instance.{at}");
        case.object(&at, id, Some(inputs(declared)), inputs(live));
        let seen = case.live(&at).clone();
        let other = Id::new(if id == "db-a" { "db-b" } else { "db-a" });
        let found = Found::new(other, seen.ownership.clone());
        let supplanted = Sighting::Supplanted { recorded: Id::new(id), live: Some(seen), found: vec![found] };
        case.seen.insert(address(&at), supplanted);
    }
    let plan = case.planning().plan;
    let messages: BTreeSet<_> = plan.errors().map(|error| error.message.clone()).collect();
    let expected = "in AWS db-a (aws_db_instance.a) is called b and db-b (aws_db_instance.b) is called a: each has the name that \
                    is declared for another one, so that none of them is renamed";
    assert_eq!(messages, BTreeSet::from([expected.to_owned()]));
}

#[test]
fn names_that_move_on_in_one_edit_are_given_one_after_the_other() {
    let mut case = Case::default();
    // `b` gives its name to `a`, and is to have one that is free.
    for (at, id, declared, live) in [("a", "db-a", "two", "one"), ("b", "db-b", "three", "two")] {
        let inputs = |identifier: &str| database(json!({ "identifier": identifier }));
        let at = format!("aws_db_instance.{at}");
        case.object(&at, id, Some(inputs(declared)), inputs(live));
    }
    let live = case.live("aws_db_instance.a").clone();
    let found = Found::new(Id::new("db-b"), live.ownership.clone());
    let supplanted = Sighting::Supplanted { recorded: Id::new("db-a"), live: Some(live), found: vec![found] };
    case.seen.insert(address("aws_db_instance.a"), supplanted);
    let hint = hint_of(&case.planning().plan, "supplanted");
    let first = "first give aws_db_instance.b its new name: provision apply --target aws_db_instance.b";
    assert!(hint.ends_with(first), "{hint}");
}

#[test]
fn the_parameters_of_a_database_follow_a_version_that_is_left_to_others() {
    const GROUP: &str = "aws_db_parameter_group.db";
    let group = |major: u32| {
        document(json!({
            "name": format!("db-postgres{major}"), "family": format!("postgres{major}"), "description": "d",
            "parameters": { "work_mem": "1024" }, "tags": {},
        }))
    };
    let ignored = BTreeSet::from(["engine_version".to_owned()]);
    for (live, in_force, written, expected) in [
        ("16.4", None, 15, 16),
        // Not before the upgrade is made.
        ("16.4", Some("15.7"), 15, 15),
        ("15.7", None, 16, 15),
    ] {
        let mut case = Case::of(json!({}), json!({ "engine_version": live }));
        if let Some(version) = in_force {
            case.live(DATABASE).in_force = document(json!({ "engine_version": version }));
        }
        let managed = |inputs: Document| Declaration::Managed { inputs };
        let mut blueprint = Blueprint {
            ignored: BTreeMap::from([
                (address(DATABASE), ignored.clone()),
                (address(GROUP), ignored.clone()),
            ]),
            declarations: BTreeMap::from([
                (address(DATABASE), managed(database(json!({ "engine_version": live })))),
                (address(GROUP), managed(group(written))),
            ]),
            ..Blueprint::default()
        };
        follow_versions(&mut blueprint, |at| Some(case.seen.get(at)?.live()?.1));
        assert_eq!(blueprint.declarations[&address(GROUP)], managed(group(expected)), "{live}");
        // A version that the stack decides about decides about the group too.
        blueprint.ignored.clear();
        blueprint.declarations.insert(address(GROUP), managed(group(written)));
        follow_versions(&mut blueprint, |at| Some(case.seen.get(at)?.live()?.1));
        assert_eq!(blueprint.declarations[&address(GROUP)], managed(group(written)));
    }
}
