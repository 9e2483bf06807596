//! Renamed keys: a move is offered only where it can be typed, in an order that works, and ends in a plan without errors.

use provision::engine::document::Document;
use provision::engine::plan::{Finding, Mode, Plan};
use provision::engine::planner::Sighting;
use provision::engine::resource::{Found, Id, Ownership, Trace};
use provision::engine::state::{Edit, Place, State, moves};
use serde_json::json;

use super::databases::{Case, database};
use super::world::{World, address, options};

fn hint(plan: &Plan, at: &str) -> String {
    let of = |finding: &&Finding| finding.address == Some(address(at));
    let hints = plan.errors().filter(of).filter_map(|finding| finding.hint.clone());
    hints.collect::<Vec<_>>().join("\n")
}

/// The moves of a text, one after the other.
fn typed(text: &str) -> Vec<(Place, Place)> {
    let moves = text.split("provision state move ").skip(1).map(|rest| {
        let mut words = rest.split(' ').map(|word| word.trim_end_matches(','));
        let mut place = || words.next().and_then(|word| word.parse().ok()).expect("a move has two places");
        (place(), place())
    });
    moves.collect()
}

async fn with_disks(names: &[&str]) -> World {
    let mut world = World::new();
    for name in names {
        world.declare(&format!("fake_disk.{name}"), json!({"name": name, "size": 1}));
    }
    world.must_apply().await;
    world.clear_log();
    world
}

#[tokio::test]
async fn a_move_is_not_offered_to_a_name_that_something_else_is_recorded_under() {
    let mut world = with_disks(&["old"]).await;
    for group in ["fake_group.old", "fake_group.new"] {
        world.declare(group, json!({"name": group, "parent": "${fake_group.network.id}"}));
    }
    world.must_apply().await;
    for gone in ["fake_disk.old", "fake_group.old"] {
        world.declarations.remove(&address(gone));
    }
    world.declare("fake_disk.new", json!({"name": "new", "size": 1}));
    let plan = world.plan(&options(Mode::Apply)).await;
    let said = hint(&plan, "fake_disk.old");
    assert!(!said.contains("state move"), "{said}");
    assert!(said.contains("put it back into the stack file"), "{said}");
    // Without it the whole name can be moved.
    world.edit_state(Edit::Remove { address: address("fake_group.new") }).await;
    world.declarations.remove(&address("fake_group.new"));
    let plan = world.plan(&options(Mode::Apply)).await;
    let said = hint(&plan, "fake_disk.old");
    assert!(said.contains("provision state move old new"), "{said}");
}

#[tokio::test]
async fn the_objects_of_a_set_that_was_renamed_are_offered_one_move_and_each_by_the_end_of_its_name() {
    let ends = ["lfs", "secure-files", "tmp"];
    let mut world = with_disks(&["objects-lfs", "objects-secure-files", "objects-tmp"]).await;
    for end in ends {
        world.declarations.remove(&address(&format!("fake_disk.objects-{end}")));
        world.declare(&format!("fake_disk.things-{end}"), json!({"name": end, "size": 1}));
    }
    let plan = world.plan(&options(Mode::Apply)).await;
    for end in ends {
        let said = hint(&plan, &format!("fake_disk.objects-{end}"));
        assert!(said.starts_with("if it was renamed: provision state move objects things;"), "{said}");
    }
    // Where one of them stays, each that goes has its own.
    world.declare("fake_disk.objects-tmp", json!({"name": "objects-tmp", "size": 1}));
    let plan = world.plan(&options(Mode::Apply)).await;
    for end in ["lfs", "secure-files"] {
        let said = hint(&plan, &format!("fake_disk.objects-{end}"));
        assert!(said.contains(&format!("provision state move objects-{end} things-{end}")), "{said}");
    }
}

/// A database that AWS calls like this.
fn called(identifier: &str) -> Document {
    database(json!({ "identifier": identifier, "deletion_protection": false }))
}

/// The object with this id, as it is found by its name.
fn found(id: &str, at: &str) -> Found {
    let tags = Ownership::Tagged {
        stack: "test".to_owned(),
        address: at.to_owned(),
        lineage: Some("lineage".to_owned()),
        cluster: Some("cluster".to_owned()),
    };
    Found::new(Id::new(id), tags)
}

const ONE: &str = "aws_db_instance.one";
const TWO: &str = "aws_db_instance.two";
const THREE: &str = "aws_db_instance.three";

/// Two databases, of which the second has the key `three` now.
fn second_is_three() -> Case {
    let mut case = Case::default();
    case.object(ONE, "db-1", None, called("one"));
    case.object(TWO, "db-2", None, called("two"));
    case.declared.insert(address(THREE), called("two"));
    case.seen.insert(address(THREE), Sighting::InTheWay { found: found("db-2", TWO), beside: Vec::new() });
    case
}

#[test]
fn keys_that_moved_up_by_one_are_moved_in_an_order_that_works() {
    let mut case = second_is_three();
    case.declared.insert(address(TWO), called("one"));
    let live = case.live(TWO).clone();
    let recorded = Id::new("db-2");
    let taken = Sighting::Supplanted { recorded, live: Some(live), found: vec![found("db-1", ONE)] };
    case.seen.insert(address(TWO), taken);
    let mut state = State::new("test", "lineage".to_owned(), "123456789012", "eu-west-1");
    state.resources = case.recorded.clone();
    let plan = case.planning_to(Mode::Apply).plan;
    let both = "if it was renamed: provision state move two three, then: provision state move one two";
    assert!(hint(&plan, ONE).starts_with(both), "{}", hint(&plan, ONE));
    let both = "if it was renamed in the stack file: provision state move two three, then: provision state move one two";
    assert!(hint(&plan, TWO).starts_with(both), "{}", hint(&plan, TWO));
    for (from, to) in typed(both) {
        let moves = moves(&state, &from, &to).expect("what a hint says can be typed");
        state.apply(Edit::MoveAll { moves });
    }
    let mut after = Case::default();
    after.object(TWO, "db-1", Some(called("one")), called("one"));
    after.object(THREE, "db-2", Some(called("two")), called("two"));
    assert_eq!(
        state.resources.iter().map(|(at, record)| (at.clone(), record.id.clone())).collect::<Vec<_>>(),
        after.recorded.iter().map(|(at, record)| (at.clone(), record.id.clone())).collect::<Vec<_>>()
    );
    assert_eq!(after.planning_to(Mode::Apply).plan.errors().count(), 0);
}

#[test]
fn a_new_key_that_has_another_object_s_name_is_not_what_a_gone_one_was_renamed_to() {
    let plan = second_is_three().planning_to(Mode::Apply).plan;
    assert!(!hint(&plan, ONE).contains("state move"), "{}", hint(&plan, ONE));
    assert!(hint(&plan, TWO).contains("provision state move two three"), "{}", hint(&plan, TWO));
}

#[test]
fn what_is_tagged_to_be_left_alone_is_taken_for_no_object_of_a_renamed_stack() {
    for (stack, is_said) in [("shop", true), ("none", false)] {
        let mut case = Case::default();
        case.declared.insert(address(ONE), called("one"));
        let tags = Ownership::Tagged {
            stack: stack.to_owned(),
            address: ONE.to_owned(),
            lineage: Some("theirs".to_owned()),
            cluster: Some("cluster".to_owned()),
        };
        let found = Found { trace: Trace::Tags, ..Found::new(Id::new("db-9"), tags) };
        case.seen.insert(address(ONE), Sighting::InTheWay { found, beside: Vec::new() });
        let plan = case.planning_to(Mode::Apply).plan;
        let said = |finding: &Finding| finding.message.contains(&format!("of the stack {stack}"));
        assert_eq!(plan.preflight.iter().any(said), is_said, "{:?}", plan.preflight);
    }
}
