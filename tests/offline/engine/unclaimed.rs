//! Objects of the stack that no record has: found by any name, told apart, and never doubled in silence.

use provision::engine::plan::{Action, Level, Mode, Plan};
use provision::engine::rebuild::Terms;
use provision::engine::resource::Id;
use provision::engine::state::Edit;
use serde_json::json;

use super::world::{World, address, options};

const GROUP: &str = "fake_group.a";
const DISK: &str = "fake_disk.d";

async fn settled() -> World {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world.clear_log();
    world
}

fn id_of(world: &World, at: &str) -> String {
    let cloud = world.shared.cloud();
    let mut found = cloud.objects.iter().filter(|(_, object)| object.address == at);
    found.next().map(|(id, _)| id.clone()).expect("the object exists")
}

/// A copy of an object with its tags, under another name or token.
fn copy(world: &World, at: &str, name: &str) -> String {
    let id = id_of(world, at);
    let mut cloud = world.shared.cloud();
    let mut object = cloud.objects[&id].clone();
    object.key = format!("{name}@elsewhere");
    object.inputs.insert("name".to_owned(), json!(name));
    cloud.objects.insert(format!("{id}-copy"), object);
    format!("{id}-copy")
}

/// Every finding about an address that forbids the plan, with its hint.
fn errors(plan: &Plan, at: &str) -> Vec<String> {
    said(plan, at, Level::Error)
}

fn said(plan: &Plan, at: &str, level: Level) -> Vec<String> {
    let findings = plan.preflight.iter().filter(|finding| finding.level == level);
    let findings = findings.filter(|finding| finding.address == Some(address(at)));
    let text = |hint: &Option<String>, check: &str, message: &str| {
        format!("{check}: {message}; {}", hint.clone().unwrap_or_default())
    };
    findings.map(|finding| text(&finding.hint, &finding.check, &finding.message)).collect()
}

fn must_say(said: &[String], words: &[&str]) {
    let said = said.join("\n");
    for word in words {
        assert!(said.contains(word), "{word:?} is not said: {said}");
    }
}

#[tokio::test]
async fn what_was_renamed_by_hand_is_found_again_after_the_state_is_lost() {
    let world = settled().await;
    world.change_live(GROUP, |group| {
        group.key = group.key.replacen('a', "renamed", 1);
        group.inputs.insert("name".to_owned(), json!("renamed"));
    });
    let id = id_of(&world, GROUP);
    world.lose_state();
    let plan = world.plan(&options(Mode::Apply)).await;
    must_say(&errors(&plan, GROUP), &["unrecorded", &id, "provision state rebuild"]);
    let found = world.rebuild("fresh", &Terms::default()).await.expect("it can be read");
    let record = &found.records[&address(GROUP)];
    assert_eq!(
        (record.id.as_ref().map(Id::as_str), &record.inputs["name"]),
        (Some(id.as_str()), &json!("renamed"))
    );
    assert!(found.absent.is_empty(), "{:?}", found.absent);
}

#[tokio::test]
async fn what_was_made_for_a_key_that_was_renamed_stands_unclaimed_and_no_other_one_is_made_beside() {
    for (is_lost, is_warning) in [(true, false), (false, false), (true, true)] {
        let at = if is_warning { GROUP } else { DISK };
        let mut world = settled().await;
        let id = id_of(&world, at);
        match is_lost {
            true => world.lose_state(),
            false => world.edit_state(Edit::Remove { address: address(at) }).await,
        }
        let declaration = world.declarations.remove(&address(at)).expect("it is declared");
        let new = format!("{at}-new");
        world.declarations.insert(address(&new), declaration);
        if is_warning {
            world.change_live(at, |group| group.key = "another-name".to_owned());
        }
        let plan = world.plan(&options(Mode::Apply)).await;
        let level = if is_warning { Level::Warning } else { Level::Error };
        let import = format!("provision import {new}={id}");
        // With the state its parts have lost their records too, and are found under the old name alone.
        let way: &[&str] = match (is_warning, is_lost) {
            (true, _) => &["unclaimed", &id, at],
            (false, true) => {
                &["unclaimed", &id, at, "was renamed", "provision state rebuild", "provision:stack=none"]
            }
            (false, false) => &["unclaimed", &id, at, &import, "provision:stack=none"],
        };
        must_say(&said(&plan, &new, level), way);
        // A group holds nothing that would be missed: the plan for it goes on.
        assert_eq!(errors(&plan, &new).is_empty(), is_warning);
        let taken = world.plan(&options(Mode::Destroy)).await;
        assert_eq!(errors(&taken, at), Vec::<String>::new());
    }
}

#[tokio::test]
async fn of_several_objects_with_equal_tags_none_is_taken_and_all_are_named() {
    let world = settled().await;
    let one = id_of(&world, DISK);
    let other = copy(&world, DISK, "restored");
    world.lose_state();
    let imports = [format!("provision import {DISK}={one}"), format!("provision import {DISK}={other}")];
    let plan = world.plan(&options(Mode::Apply)).await;
    must_say(&errors(&plan, DISK), &["unclaimed: 2 objects", &imports[0], &imports[1]]);

    let found = world.rebuild("fresh", &Terms::default()).await.expect("it can be read");
    assert!(!found.records.contains_key(&address(DISK)), "{:?}", found.records);
    assert!(found.records.contains_key(&address(GROUP)), "what is clear is recorded");
    let candidates = &found.ambiguous[&address(DISK)];
    let commands: Vec<String> = candidates.iter().map(|one| one.import(&address(DISK))).collect();
    assert_eq!(commands, imports.map(|import| format!("{import} --take-over lineage")));
    // Their parts are not said to be missing.
    let parts: Vec<String> = found.waiting.keys().map(ToString::to_string).collect();
    assert_eq!(parts, ["fake_group.m/x", "fake_group.m/y"]);
    assert!(found.absent.is_empty(), "{:?}", found.absent);

    let plan = world.plan(&options(Mode::Apply)).await;
    must_say(&errors(&plan, DISK), &[&commands[0], &commands[1]]);
    world.take_over(DISK, &one, Some("lineage")).await.expect("the hint helps");
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(plan.errors().count(), 0, "{:?}", plan.preflight);
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    assert!(changes.into_iter().all(|change| change.action == Action::Update), "{:?}", plan.changes);
}

#[tokio::test]
async fn a_name_that_was_given_to_another_object_of_the_stack_does_not_count_in_a_rebuild() {
    let mut world = World::new().with_stack();
    world.declare("fake_group.b", json!({"name": "b", "parent": "${fake_group.network.id}"}));
    world.must_apply().await;
    swap(&world);
    let (a, b) = (id_of(&world, GROUP), id_of(&world, "fake_group.b"));
    world.lose_state();
    let found = world.rebuild("fresh", &Terms::default()).await.expect("it can be read");
    let id = |at: &str| found.records[&address(at)].id.as_ref().map(ToString::to_string);
    assert_eq!((id(GROUP), id("fake_group.b")), (Some(a), Some(b)));
}

/// Gives two groups each other's names.
fn swap(world: &World) {
    let take = |at: &str| {
        let mut taken = (String::new(), json!(null));
        world.change_live(at, |group| taken = (group.key.clone(), group.inputs["name"].clone()));
        taken
    };
    let (a, b) = (take(GROUP), take("fake_group.b"));
    for (at, (key, name)) in [(GROUP, b), ("fake_group.b", a)] {
        world.change_live(at, |group| {
            group.key = key;
            group.inputs.insert("name".to_owned(), name);
        });
    }
}

#[tokio::test]
async fn objects_that_exchanged_their_names_are_each_recorded_by_their_ids() {
    let mut world = World::new().with_stack();
    world.declare("fake_group.b", json!({"name": "b", "parent": "${fake_group.network.id}"}));
    world.must_apply().await;
    let ids = (id_of(&world, GROUP), id_of(&world, "fake_group.b"));
    swap(&world);
    for at in [GROUP, "fake_group.b"] {
        world.change_live(at, |group| drop(group.inputs.insert("moved".to_owned(), json!("there"))));
    }
    let plan = world.plan(&options(Mode::RefreshOnly)).await;
    assert_eq!(plan.errors().count(), 0, "{:?}", plan.preflight);
    let drifted = plan.drift.iter().filter(|drift| !drift.outputs.is_empty() && !drift.fields.is_empty());
    assert_eq!(drifted.count(), 2, "{:?}", plan.drift);
    must_say(
        &errors(&world.plan(&options(Mode::Apply)).await, GROUP),
        &["supplanted", "(fake_group.b) is called"],
    );
    world.accept_drift().await;
    let state = world.state().expect("there is a state");
    for (at, id, name) in [(GROUP, &ids.0, "b"), ("fake_group.b", &ids.1, "a")] {
        let record = &state.resources[&address(at)];
        assert_eq!(record.id.as_ref().map(Id::as_str), Some(id.as_str()));
        assert_eq!(
            (&record.inputs["name"], &record.outputs["arn"]),
            (&json!(name), &json!(format!("arn:there:{id}")))
        );
    }
}

#[tokio::test]
async fn a_copy_with_the_tags_of_what_is_gone_is_offered_in_its_place() {
    let world = settled().await;
    let old = id_of(&world, DISK);
    let new = copy(&world, DISK, "restored");
    world.shared.cloud().objects.remove(&old);
    let plan = world.plan(&options(Mode::Apply)).await;
    must_say(
        &errors(&plan, DISK),
        &["supplanted", &old, "carries its tags", &format!("provision import {DISK}={new}")],
    );
    // Of one that is there, the copy is nothing.
    let world = settled().await;
    copy(&world, DISK, "restored");
    let plan = world.plan(&options(Mode::Apply)).await;
    assert!(plan.is_empty() && plan.preflight.is_empty(), "{plan:?}");
}
