//! Work that a stopped run left unfinished is compared with what is wanted when the next run goes on with it: the stack was
//! edited, or the edit taken back, between the two.

use std::time::Duration;

use provision::engine::event::RunOutcome;
use provision::engine::interrupt::interrupt;
use provision::engine::plan::{Action, Change, Going, Mode, Turn};
use provision::engine::resource::{Effect, Id};
use provision::engine::state::{Phase, Record};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::cloud::{Fault, Object};
use super::kinds::GROUP;
use super::world::{World, address, options};

const A: &str = "fake_group.a";
const DISK: &str = "fake_disk.d";

fn group(world: &mut World, replaced: Value) {
    let mut inputs =
        json!({"name": "a", "parent": "${fake_group.network.id}", "note": "late", "shape": "round"});
    for (name, value) in replaced.as_object().expect("an object") {
        inputs[name] = value.clone();
    }
    world.declare(A, inputs);
}

fn record(world: &World, at: &str) -> Record {
    world.state().expect("there is a state").resources[&address(at)].clone()
}

fn id(world: &World, at: &str) -> Id {
    record(world, at).id.expect("it has one")
}

async fn planned(world: &World, at: &str) -> Change {
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(plan.errors().count(), 0, "{:#?}", plan.preflight);
    plan.change(&address(at)).expect("it is planned").clone()
}

async fn checks(world: &World) -> Vec<String> {
    let plan = world.plan(&options(Mode::Apply)).await;
    plan.errors().map(|finding| finding.check.clone()).collect()
}

fn going(ids: &[(&Id, Turn)]) -> Vec<Going> {
    ids.iter().map(|(id, turn)| Going { id: (*id).clone(), turn: *turn }).collect()
}

/// Everything applied, with a group of this shape.
async fn settled() -> World {
    let mut world = World::new().with_stack();
    group(&mut world, json!({}));
    world.must_apply().await;
    world
}

/// The group is made anew, and those who use it could not be moved: with the old id and the new one.
async fn half_replaced() -> (World, Id, Id) {
    let mut world = settled().await;
    let old = id(&world, A);
    group(&mut world, json!({"name": "b"}));
    // The new group, its note, and then the two that use it.
    world.shared.cloud().faults = [None, None, Some(Fault::Refuse), Some(Fault::Refuse)].into();
    let report = world.apply().await.expect("nothing kills this run");
    assert_eq!(report.failures.len(), 2, "{:?}", report.failures);
    let record = record(&world, A);
    assert_eq!(record.predecessor.as_ref().map(|old| old.id.clone()), Some(old.clone()));
    let new = record.id.expect("it was made");
    (world, old, new)
}

/// A run that is asked to end while what it makes is still being made.
async fn interrupted(world: &mut World) {
    world.shared.cloud().slowness = 50;
    let (interrupter, interrupt) = interrupt();
    let interrupting = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        interrupter.ask();
    };
    let options = options(Mode::Apply);
    let (report, ()) = tokio::join!(world.run_until(&options, interrupt), interrupting);
    assert!(report.is_some_and(|report| report.summary.outcome == RunOutcome::Interrupted));
    world.shared.cloud().slowness = 0;
}

/// A run that is killed when this many moments are over.
async fn killed(world: &mut World, fuse: u32) -> bool {
    world.shared.cloud().fuse = Some(fuse);
    let killed = world.apply().await.is_none();
    world.shared.cloud().fuse = None;
    killed
}

fn remove(world: &World, id: &Id) {
    world.shared.cloud().objects.remove(id.as_str());
}

#[tokio::test(start_paused = true)]
async fn a_replacement_whose_edit_is_taken_back_is_turned_back_as_the_plan_says() {
    let (mut world, old, new) = half_replaced().await;
    let forward = format!("an earlier run made {new}; {old}, which it replaces, is still to be deleted");
    assert_eq!(planned(&world, A).await.reason, forward);
    group(&mut world, json!({}));
    let change = planned(&world, A).await;
    assert_eq!(
        (change.action, &change.keeps, &change.id),
        (Action::Replace, &Some(old.clone()), &Some(old.clone()))
    );
    assert_eq!(change.goes, going(&[(&new, Turn::After)]));
    let reason = format!("{old} is what is wanted now and stays; {new}, which was to replace it, is deleted");
    assert_eq!(change.reason, reason);
    world.must_apply().await;
    assert_eq!(id(&world, A), old);
    assert!(!world.shared.cloud().objects.contains_key(new.as_str()));
    assert!(world.shared.cloud().refused_deletions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_was_turned_back_and_stopped_again_goes_the_way_that_is_wanted_last() {
    for forward_again in [false, true] {
        let (mut world, old, new) = half_replaced().await;
        // One of the two users is moved to the new group.
        world.shared.cloud().faults = [None, Some(Fault::Refuse)].into();
        assert!(!world.apply().await.expect("nothing kills it").failures.is_empty());
        group(&mut world, json!({}));
        world.shared.cloud().faults = [Some(Fault::Refuse)].into();
        assert!(!world.apply().await.expect("nothing kills it").failures.is_empty());
        assert_eq!(id(&world, A), old);
        if forward_again {
            group(&mut world, json!({"name": "b"}));
        }
        world.must_apply().await;
        assert_eq!(id(&world, A), if forward_again { new } else { old });
        assert!(world.shared.cloud().refused_deletions.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_object_that_was_deleted_meanwhile_is_made_again_at_once() {
    let (mut world, old, new) = half_replaced().await;
    remove(&world, &new);
    let change = planned(&world, A).await;
    assert_eq!((change.action, &change.keeps), (Action::Replace, &None));
    assert_eq!(change.goes, going(&[(&old, Turn::After)]));
    let (started, generation) = (Instant::now(), record(&world, A).generation);
    world.must_apply().await;
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    assert_eq!(record(&world, A).generation, generation + 1);
}

#[tokio::test(start_paused = true)]
async fn where_the_new_object_is_gone_and_the_edit_taken_back_the_old_one_is_the_record_again() {
    let (mut world, old, new) = half_replaced().await;
    remove(&world, &new);
    group(&mut world, json!({}));
    let change = planned(&world, A).await;
    assert_eq!((change.action, &change.keeps), (Action::NoOp, &Some(old.clone())));
    world.must_apply().await;
    assert_eq!(id(&world, A), old);
    // With something to change of it besides.
    let (mut world, old, new) = half_replaced().await;
    remove(&world, &new);
    group(&mut world, json!({"note": "later"}));
    assert_eq!(planned(&world, A).await.action, Action::Update);
    world.must_apply().await;
    assert_eq!(id(&world, A), old);
}

#[tokio::test(start_paused = true)]
async fn where_the_old_object_is_gone_the_new_one_is_gone_on_with() {
    let (mut world, old, new) = half_replaced().await;
    for at in ["fake_group.m/x", "fake_group.m/y"] {
        world.change_live(at, |mount| {
            mount.inputs.insert("uses".to_owned(), json!([new.as_str()]));
        });
    }
    remove(&world, &old);
    let change = planned(&world, A).await;
    assert_eq!((change.action, &change.keeps, change.goes.len()), (Action::NoOp, &Some(new.clone()), 0));
    world.must_apply().await;
    assert_eq!(id(&world, A), new);
}

#[tokio::test(start_paused = true)]
async fn where_both_are_gone_a_new_one_is_made_as_it_is_wanted_now() {
    let (mut world, old, new) = half_replaced().await;
    remove(&world, &old);
    remove(&world, &new);
    group(&mut world, json!({"name": "c"}));
    assert_eq!(planned(&world, A).await.action, Action::Create);
    world.must_apply().await;
    world.change_live(A, |group| assert_eq!(group.inputs["name"], "c"));
}

#[tokio::test(start_paused = true)]
async fn a_half_made_replacement_that_does_not_fit_any_more_is_thrown_away_first() {
    for wanted in [json!({"name": "c"}), json!({"name": "b", "shape": "square"})] {
        let (mut world, old, new) = half_replaced().await;
        group(&mut world, wanted.clone());
        let change = planned(&world, A).await;
        assert_eq!((change.action, &change.keeps), (Action::Replace, &None));
        assert_eq!(change.goes, going(&[(&new, Turn::Before), (&old, Turn::After)]), "{wanted}");
        world.must_apply().await;
        let now = id(&world, A);
        assert!(now != old && now != new);
        assert!(world.shared.cloud().refused_deletions.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_is_used_already_waits_for_its_users_and_cannot_have_its_name_taken() {
    let (mut world, old, new) = half_replaced().await;
    world.shared.cloud().faults = [None, Some(Fault::Refuse)].into();
    assert!(!world.apply().await.expect("nothing kills it").failures.is_empty());
    group(&mut world, json!({"name": "b", "shape": "square"}));
    assert_eq!(checks(&world).await, ["name-taken"]);
    group(&mut world, json!({"name": "c", "shape": "square"}));
    let change = planned(&world, A).await;
    assert_eq!(change.goes, going(&[(&new, Turn::After), (&old, Turn::After)]));
    // Stopped once more, with three objects at the address.
    world.shared.cloud().faults = [None, None, Some(Fault::Refuse), Some(Fault::Refuse)].into();
    assert!(!world.apply().await.expect("nothing kills it").failures.is_empty());
    assert_eq!(record(&world, A).predecessors().count(), 2);
    world.must_apply().await;
    assert!(world.shared.cloud().refused_deletions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_half_made_replacement_is_also_used_by_what_nothing_declares_any_more() {
    let (mut world, old, new) = half_replaced().await;
    world.shared.cloud().faults = [None, Some(Fault::Refuse)].into();
    assert!(!world.apply().await.expect("nothing kills it").failures.is_empty());
    let over: Vec<&str> = ["fake_group.m/x", "fake_group.m/y"]
        .into_iter()
        .filter(|user| record(&world, user).inputs["uses"] == json!([new.as_str()]))
        .collect();
    let [moved] = over[..] else { panic!("one went over: {over:?}") };
    world.declarations.remove(&address(moved));
    group(&mut world, json!({"name": "c", "shape": "square"}));
    let change = planned(&world, A).await;
    assert_eq!(change.goes, going(&[(&new, Turn::After), (&old, Turn::After)]));
    world.must_apply().await;
    assert!(world.shared.cloud().refused_deletions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_edited_while_an_object_is_being_made_is_in_the_plan_and_done() {
    let mut world = World::new().with_stack();
    interrupted(&mut world).await;
    assert_eq!(record(&world, DISK).phase, Phase::Creating);
    let disk = id(&world, DISK);
    world.declare(DISK, json!({"name": "d", "size": 7, "deletion_protection": true}));
    let change = planned(&world, DISK).await;
    assert_eq!((change.action, &change.keeps), (Action::Create, &Some(disk.clone())));
    let fields: Vec<_> = change
        .fields
        .iter()
        .map(|field| (field.path.as_str(), field.before.clone(), field.after.clone(), field.effect))
        .collect();
    assert_eq!(
        fields,
        [
            // Nothing has begun to use it: no window is waited for.
            ("size", Some(json!(1)), Some(json!(7)), Effect::Failover),
            ("deletion_protection", Some(json!(false)), Some(json!(true)), Effect::None),
        ]
    );
    assert_eq!(change.effect, Effect::Failover);
    world.must_apply().await;
    assert_eq!(id(&world, DISK), disk);
    assert_eq!(record(&world, DISK).inputs["deletion_protection"], true);
    assert!(world.log().contains(&"update fake_disk.d".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_is_made_again_after_a_deletion_is_shown_as_it_will_be() {
    let mut world = settled().await;
    world.change_live("fake_group.m/x", |mount| (mount.leaving, mount.busy) = (true, 3));
    let inputs = json!({
        "name": "m-x", "parent": "${fake_disk.d.id}", "uses": ["${fake_group.a.id}"], "size": 9,
    });
    world.declare("fake_group.m/x", inputs);
    let change = planned(&world, "fake_group.m/x").await;
    assert_eq!(change.action, Action::Replace);
    assert_eq!(change.fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>(), ["size"]);
}

#[tokio::test(start_paused = true)]
async fn what_aws_does_not_show_is_sent_to_an_object_that_an_earlier_run_made() {
    let mut world = World::new().with_stack();
    interrupted(&mut world).await;
    world.declare(DISK, json!({"name": "d", "size": 1, "deletion_protection": true}));
    world.must_apply().await;
    assert!(world.log().contains(&"update fake_disk.d".to_owned()), "{:?}", world.log());
}

#[tokio::test(start_paused = true)]
async fn a_half_made_object_that_cannot_become_what_is_wanted_is_made_again() {
    let mut world = World::new();
    group(&mut world, json!({}));
    assert!(killed(&mut world, 1).await, "asked for, and no answer");
    assert_eq!(record(&world, A).id, None);
    group(&mut world, json!({"shape": "square"}));
    let change = planned(&world, A).await;
    assert_eq!((change.action, change.goes.len()), (Action::Replace, 1));
    world.must_apply().await;
    world.change_live(A, |group| assert_eq!(group.inputs["shape"], "square"));
}

#[tokio::test(start_paused = true)]
async fn half_made_data_is_thrown_away_only_when_it_is_named() {
    let mut world = World::new();
    world.declare(DISK, json!({"name": "d", "size": 1, "deletion_protection": false}));
    interrupted(&mut world).await;
    world.declare(DISK, json!({"name": "other", "size": 1, "deletion_protection": false}));
    assert_eq!(checks(&world).await, ["data-loss"]);
    let mut named = options(Mode::Apply);
    named.replace.insert(address(DISK));
    let report = world.run(&named).await.expect("nothing kills it");
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    world.must_be_settled().await;
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_asked_for_anew_by_name_is_made_anew_once() {
    let mut named = options(Mode::Apply);
    named.replace.insert(address(DISK));
    let straight = {
        let mut world = settled().await;
        world.clear_log();
        assert!(world.run(&named).await.expect("nothing kills it").failures.is_empty());
        world.log().iter().filter(|line| line.as_str() == "create fake_disk.d").count()
    };
    assert_eq!(straight, 1);
    for fuse in 0..12 {
        let mut world = settled().await;
        world.clear_log();
        world.shared.cloud().slowness = 2;
        world.shared.cloud().fuse = Some(fuse);
        let was_killed = world.run(&named).await.is_none();
        world.shared.cloud().fuse = None;
        if was_killed && record(&world, DISK).phase != Phase::Ready {
            assert!(world.run(&named).await.expect("nothing kills it").failures.is_empty());
        } else if was_killed {
            world.apply().await;
        }
        let made = world.log().iter().filter(|line| line.as_str() == "create fake_disk.d").count();
        assert!(made <= 1, "killed at {fuse}: {:?}", world.log());
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_somebody_else_has_is_in_the_way_only_while_it_is_wanted() {
    let mut world = World::new();
    group(&mut world, json!({"name": "taken"}));
    let network = id_of_network(&world);
    let foreign = Object {
        kind: GROUP,
        key: format!("taken@{network}"),
        inputs: Default::default(),
        stack: String::new(),
        address: "somebody else's".to_owned(),
        lineage: None,
        cluster: None,
        busy: 0,
        leaving: false,
        stuck: None,
    };
    assert!(killed(&mut world, 0).await, "the intent is recorded, and nothing asked for");
    world.shared.cloud().create(foreign).expect("the name is free");
    assert_eq!(checks(&world).await, ["name-taken"]);
    group(&mut world, json!({"name": "free"}));
    world.must_apply().await;
}

fn id_of_network(world: &World) -> String {
    let cloud = world.shared.cloud();
    cloud.objects.keys().next().expect("the network").clone()
}

#[tokio::test(start_paused = true)]
async fn what_is_put_back_while_it_is_being_deleted_is_kept_or_made_again() {
    for slowness in [0, 3] {
        for fuse in 0..8 {
            let mut world = settled().await;
            let mount = address("fake_group.m/y");
            let declared = world.declarations.remove(&mount).expect("it is declared");
            world.shared.cloud().slowness = slowness;
            killed(&mut world, fuse).await;
            world.declarations.insert(mount, declared);
            world.must_apply().await;
        }
    }
}

/// An author's change of the stack file.
type Edit = fn(&mut World);

const EDITS: &[(&str, Edit)] = &[
    ("nothing", |_| {}),
    ("another note", |world| group(world, json!({"note": "other"}))),
    ("another name", |world| group(world, json!({"name": "b"}))),
    ("a third name", |world| group(world, json!({"name": "c", "note": "other"}))),
    ("another shape and name", |world| group(world, json!({"name": "s", "shape": "square"}))),
    ("a larger disk", |world| {
        world.declare(DISK, json!({"name": "d", "size": 5, "deletion_protection": false}));
    }),
    ("a mount of another name", |world| {
        let inputs = json!({
            "name": "m-z", "parent": "${fake_disk.d.id}", "uses": ["${fake_group.a.id}"], "note": "n",
        });
        world.declare("fake_group.m/x", inputs);
    }),
    ("a mount less", |world| {
        world.declarations.remove(&address("fake_group.m/y"));
    }),
    ("a mount more", |world| {
        let inputs = json!({
            "name": "m-v", "parent": "${fake_disk.d.id}", "uses": ["${fake_group.a.id}"],
        });
        world.declare("fake_group.m/v", inputs);
    }),
];

/// Kills a run at every moment, edits the stack then, and holds that the next run ends with what is wanted at last: one object
/// at each address, none deleted that was in use, and all done as the plan had said.
async fn edited_between(is_applied: bool, first: Edit, second: Edit, slowness: u32, what: &str) -> usize {
    for fuse in 0.. {
        let mut world = World::new().with_stack();
        group(&mut world, json!({}));
        let before = world.declarations.clone();
        if is_applied {
            world.must_apply().await;
        }
        world.shared.cloud().slowness = slowness;
        first(&mut world);
        if !killed(&mut world, fuse).await {
            return fuse as usize;
        }
        world.declarations = before;
        second(&mut world);
        // The second run is stopped too, and gone on with.
        killed(&mut world, fuse / 2).await;
        world.must_apply().await;
        let cloud = world.shared.cloud();
        assert_eq!(
            cloud.objects.len(),
            world.declarations.len(),
            "{what}, killed at {fuse}: {:#?}",
            cloud.objects
        );
        assert!(cloud.refused_deletions.is_empty(), "{what}, killed at {fuse}: {:?}", cloud.log);
    }
    unreachable!("every run ends")
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wanted_instead_of_a_create_that_was_stopped_anywhere_is_reached() {
    let mut cases = 0;
    for (name, second) in EDITS {
        for slowness in [0, 2] {
            cases += edited_between(false, |_| {}, *second, slowness, name).await;
        }
    }
    assert!(cases > 150, "{cases}");
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wanted_instead_of_a_change_that_was_stopped_anywhere_is_reached() {
    let mut cases = 0;
    for (before, first) in &EDITS[1..] {
        for (after, second) in EDITS {
            let what = format!("{before}, then {after}");
            cases += edited_between(true, *first, *second, 1, &what).await;
        }
    }
    assert!(cases > 150, "{cases}");
}
