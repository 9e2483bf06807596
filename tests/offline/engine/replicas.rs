//! Plans of databases with read replicas: those that were promoted, those that have each other's names, and the order of what is done.

use provision::aws::kinds::db_instance::STATUSES;
use provision::engine::document::Document;
use provision::engine::plan::{Action, Finding, Level, Mode, Plan};
use provision::engine::planner::Sighting;
use provision::engine::resource::{Condition, Found, Id, Ownership, Remark};
use provision::engine::steps::Step;
use serde_json::{Value, json};

use super::databases::{Case, database};
use super::world::{address, document};

const SOURCE: &str = "aws_db_instance.rec";
const REPLICA: &str = "aws_db_replica.rec/r1";

fn source(identifier: &str) -> Document {
    database(json!({ "identifier": identifier, "deletion_protection": false }))
}

fn replica(source: &str, identifier: &str) -> Document {
    let replica = json!({
        "identifier": identifier, "source": source, "port": 5432, "vpc_security_group_ids": ["sg-1"],
        "multi_az": false, "publicly_accessible": false, "auto_minor_version_upgrade": true,
        "deletion_protection": false, "apply_immediately": false, "tags": {},
    });
    document(replica)
}

/// A database that is there with its replica.
fn both() -> Case {
    let mut case = Case::default();
    case.object(SOURCE, "db-REC", Some(source("rec")), source("rec"));
    with_replica(&mut case, true);
    case
}

fn with_replica(case: &mut Case, is_declared: bool) {
    let declared = replica("${aws_db_instance.rec.id}", "rec-r1");
    case.object(REPLICA, "db-R1", Some(declared), replica("db-REC", "rec-r1"));
    if !is_declared {
        case.declared.remove(&address(REPLICA));
    }
}

fn promoted(mut case: Case) -> Case {
    let live = case.live(REPLICA);
    live.inputs.insert("source".to_owned(), "".into());
    let what = "rec-r1 follows no database any more: it was promoted".to_owned();
    live.remarks.push(Remark::OnItsOwn { what, removal: Vec::new() });
    case
}

fn action(plan: &Plan, at: &str) -> Action {
    plan.change(&address(at)).map_or(Action::NoOp, |change| change.action)
}

fn error(plan: &Plan, check: &str, at: &str) -> Finding {
    let mut errors = plan.errors().filter(|one| one.check == check && one.address == Some(address(at)));
    errors.next().unwrap_or_else(|| panic!("{check} at {at}: {:?}", plan.preflight)).clone()
}

/// An object that is seen by its name, with the tags of an address.
fn found(id: &str, at: &str) -> Found {
    let tags = Ownership::Tagged {
        stack: "test".to_owned(),
        address: at.to_owned(),
        lineage: Some("lineage".to_owned()),
        cluster: Some("cluster".to_owned()),
    };
    Found::new(Id::new(id), tags)
}

const TAKEN_OVER: &str =
    "take it (rec/r1) out of the stack file, then: provision import aws_db_instance.rec=db-R1";

#[test]
fn one_that_was_promoted_is_left_alone_in_every_plan_and_goes_on_for_a_source_that_is_gone() {
    for replaced in [false, true] {
        let mut case = promoted(both());
        case.seen.insert(address(SOURCE), Sighting::Gone);
        if replaced {
            case.replace.insert(address(SOURCE));
            case.replace.insert(address(REPLICA));
        }
        let plan = case.planning_to(Mode::Apply).plan;
        assert_eq!(action(&plan, REPLICA), Action::NoOp, "{:?}", plan.changes);
        let said = error(&plan, "on-its-own", REPLICA);
        assert!(said.message.contains("was promoted; aws_db_instance.rec, which it was a copy of, is gone"));
        let hint = said.hint.expect("there is a way");
        assert!(hint.starts_with("to go on with its copy db-R1") && hint.contains(TAKEN_OVER), "{hint}");
        if !replaced {
            let hint = error(&plan, "gone", SOURCE).hint.expect("there is a way");
            assert!(hint.contains(TAKEN_OVER), "{hint}");
            assert!(hint.find(TAKEN_OVER) < hint.find("--replace"), "the data first: {hint}");
        }
    }
}

#[test]
fn one_that_got_the_name_of_its_lost_source_is_taken_over_as_that() {
    let mut case = promoted(both());
    let found = vec![found("db-R1", REPLICA)];
    let gone = Sighting::Supplanted { recorded: Id::new("db-REC"), live: None, found };
    case.seen.insert(address(SOURCE), gone);
    let plan = case.planning_to(Mode::Apply).plan;
    let said = error(&plan, "supplanted", SOURCE);
    assert!(said.message.contains("it is aws_db_replica.rec/r1 of this stack"), "{}", said.message);
    assert!(said.hint.is_some_and(|hint| hint.contains(TAKEN_OVER)));
}

#[test]
fn what_another_kind_of_instance_is_recorded_as_is_never_called_unknown() {
    // Taken over as the source, and the replica is still declared under its name.
    let mut case = Case::default();
    case.object(SOURCE, "db-R1", Some(source("rec")), source("rec-r1"));
    case.declared.insert(address(REPLICA), replica("${aws_db_instance.rec.id}", "rec-r1"));
    let found = found("db-R1", REPLICA);
    case.seen.insert(address(REPLICA), Sighting::InTheWay { found, beside: Vec::new() });
    let plan = case.planning_to(Mode::Apply).plan;
    let said = error(&plan, "name-taken", REPLICA);
    assert!(said.message.contains("it is aws_db_instance.rec of this stack"), "{}", said.message);
    let hint = said.hint.expect("there is a way");
    assert!(
        hint.starts_with("first give aws_db_instance.rec its own name: provision apply --target"),
        "{hint}"
    );
}

#[test]
fn one_that_was_promoted_can_be_declared_as_a_database_of_its_own() {
    const OWN: &str = "aws_db_instance.own";
    let mut case = promoted(both());
    case.declared.remove(&address(REPLICA));
    case.declared.insert(address(OWN), source("rec-r1"));
    let found = found("db-R1", REPLICA);
    case.seen.insert(address(OWN), Sighting::InTheWay { found, beside: Vec::new() });
    let plan = case.planning_to(Mode::Apply).plan;
    assert_eq!(action(&plan, REPLICA), Action::NoOp);
    let said = error(&plan, "name-taken", OWN);
    assert!(said.message.contains("it is aws_db_replica.rec/r1 of this stack"), "{}", said.message);
    assert!(said.hint.is_some_and(|hint| hint.contains("provision import aws_db_instance.own=db-R1")));
}

#[test]
fn a_replica_that_an_earlier_run_had_made_is_known_by_what_was_seen_of_it() {
    const RENAMED: &str = "aws_db_replica.rec/r2";
    let mut case = both();
    case.declared.remove(&address(REPLICA));
    case.recorded.get_mut(&address(REPLICA)).expect("it is recorded").id = None;
    case.declared.insert(address(RENAMED), replica("${aws_db_instance.rec.id}", "rec-r1"));
    let found = found("db-R1", REPLICA);
    case.seen.insert(address(RENAMED), Sighting::InTheWay { found, beside: Vec::new() });
    let plan = case.planning_to(Mode::Apply).plan;
    let said = error(&plan, "name-taken", RENAMED);
    assert!(said.message.contains("it is aws_db_replica.rec/r1 of this stack"), "{}", said.message);
}

#[test]
fn names_that_a_database_and_its_replica_exchanged_are_kept_all_at_once() {
    let mut case = both();
    for (at, id, other) in [(SOURCE, "db-REC", ("db-R1", REPLICA)), (REPLICA, "db-R1", ("db-REC", SOURCE))] {
        let live = Some(case.live(at).clone());
        let found = vec![found(other.0, other.1)];
        case.seen.insert(address(at), Sighting::Supplanted { recorded: Id::new(id), live, found });
    }
    let plan = case.planning_to(Mode::Apply).plan;
    for at in [SOURCE, REPLICA] {
        let said = error(&plan, "supplanted", at);
        let hint = said.hint.expect("there is a way");
        assert!(
            hint.contains("write `identifier: rec` for `rec` and `identifier: rec-r1` for `rec/r1`"),
            "{hint}"
        );
        assert!(!hint.contains("import"), "{hint}");
    }
}

#[test]
fn a_destroy_with_one_that_was_promoted_ends_in_a_destroy() {
    let mut case = promoted(both());
    case.declared.clear();
    let plan = case.planning_to(Mode::Destroy).plan;
    let hint = error(&plan, "on-its-own", REPLICA).hint.expect("there is a way");
    assert!(
        hint.starts_with(
            "to keep it as it is, unmanaged: provision state forget aws_db_replica.rec/r1, then: run the same command again"
        ),
        "{hint}"
    );
    assert!(!hint.contains("provision apply"), "{hint}");
}

#[test]
fn a_standalone_database_under_the_name_of_a_replica_is_not_offered_to_be_taken_over() {
    let mut case = Case::default();
    case.object(SOURCE, "db-REC", Some(source("rec")), source("rec"));
    case.declared.insert(address(REPLICA), replica("${aws_db_instance.rec.id}", "rec-r1"));
    let unfit = Some("it is no read replica".to_owned());
    let found = Found { unfit, ..Found::new(Id::new("db-X"), Ownership::Untagged) };
    case.seen.insert(address(REPLICA), Sighting::InTheWay { found, beside: Vec::new() });
    let plan = case.planning_to(Mode::Apply).plan;
    let said = error(&plan, "name-taken", REPLICA);
    assert!(said.message.contains("it is no read replica"), "{}", said.message);
    assert!(said.hint.is_some_and(|hint| hint.contains("another name") && !hint.contains("import")));
}

#[test]
fn a_replica_waits_for_a_source_that_does_not_serve() {
    for (status, waits) in [("stopped", true), ("storage-full", true), ("available", false)] {
        let mut case = Case::default();
        case.object(SOURCE, "db-REC", Some(source("rec")), source("rec"));
        case.live(SOURCE).condition = Condition::of(STATUSES, status);
        case.declared.insert(address(REPLICA), replica("${aws_db_instance.rec.id}", "rec-r1"));
        let plan = case.planning_to(Mode::Apply).plan;
        let blocked = plan.change(&address(REPLICA)).and_then(|change| change.blocked.clone());
        assert_eq!(blocked.and_then(|blocked| blocked.on), waits.then(|| address(SOURCE)), "{status}");
        assert_eq!(action(&plan, REPLICA), if waits { Action::NoOp } else { Action::Create });
        assert!(!plan.preflight.iter().any(|one| one.level == Level::Error), "{:?}", plan.preflight);
    }
}

#[test]
fn the_backups_of_a_source_are_turned_off_when_its_replica_is_gone() {
    let waits = |days: Value| {
        let mut case = Case::default();
        let declared = database(json!({
            "identifier": "rec", "deletion_protection": false, "backup_retention_period": days,
        }));
        case.object(SOURCE, "db-REC", Some(declared), source("rec"));
        with_replica(&mut case, false);
        let planning = case.planning_to(Mode::Apply);
        assert_eq!(action(&planning.plan, SOURCE), Action::Update);
        let up = planning.steps.waits_for.get(&Step::Up(address(SOURCE))).cloned().unwrap_or_default();
        up.contains(&Step::Down(address(REPLICA)))
    };
    assert!(waits(json!(0)));
    assert!(!waits(json!(35)), "nothing is lost");
}
