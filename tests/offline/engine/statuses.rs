//! Objects that waiting does not mend: what waits for them is left out, and all else is done.

use std::collections::BTreeSet;

use provision::engine::document::Document;
use provision::engine::event::{Event, RunOutcome};
use provision::engine::executor::{Accepted, accept_drift, note_gone};
use provision::engine::plan::{Action, Level, Mode};
use provision::engine::planner::{Options, Sighting};
use provision::engine::remedy::{Remedy, Way};
use provision::engine::resource::{Id, Object, Ownership, Status};
use provision::engine::state::{Edit, Phase, Predecessor, Record, Store};
use serde_json::json;
use tokio::time::Instant;

use super::world::{World, address, options};

const DISK: &str = "fake_disk.d";

fn started(_: &Object<'_>) -> Vec<Way> {
    vec![Way::of([Remedy::aws(["fake", "start"])])]
}

static STOPPED: Status = Status::held("stopped", "a person stopped it", started).changing(&["note"]);
static FAILED: Status = Status::lost("failed", "the cloud gave it up", started);

async fn settled() -> World {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world.clear_log();
    world
}

fn put(world: &World, row: &'static Status) {
    world.change_live(DISK, |object| object.stuck = Some(row));
}

fn failures(world: &World) -> Vec<String> {
    let failed = world.events.iter().filter_map(|event| match event {
        Event::StepFailed { address, action, error, .. } => Some(format!(
            "{address} {}: {} [{}]",
            action.name(),
            error.message,
            error.hint.as_deref().unwrap_or("")
        )),
        _ => None,
    });
    failed.collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_held_object_does_not_take_is_left_out_and_the_rest_is_done() {
    let mut world = settled().await;
    put(&world, &STOPPED);
    world.declare(DISK, json!({"name": "d", "size": 2, "note": "taken", "deletion_protection": true}));
    world
        .declare("fake_group.a", json!({"name": "a", "parent": "${fake_group.network.id}", "note": "later"}));
    let plan = world.plan(&options(Mode::Apply)).await;
    let change = plan.change(&address(DISK)).expect("it is planned");
    let paths = |fields: &[provision::engine::plan::FieldChange]| {
        fields.iter().map(|field| field.path.clone()).collect::<Vec<_>>()
    };
    let blocked = change.blocked.as_ref().expect("not all of it can be done");
    assert_eq!(
        (change.action, paths(&change.fields)),
        (Action::Update, vec!["note".into(), "deletion_protection".into()])
    );
    assert_eq!((blocked.action, paths(&blocked.fields)), (Action::Update, vec!["size".into()]));
    assert_eq!(plan.errors().count(), 0);
    let finding = plan.blocking(&address(DISK)).expect("it says why");
    assert_eq!((finding.level, finding.hint.as_deref()), (Level::Blocked, Some("aws fake start")));

    let report = world.apply().await.expect("nothing kills this run");
    assert_eq!(world.log(), ["update fake_disk.d", "update fake_group.a"]);
    assert_eq!(report.summary.outcome, RunOutcome::Failed);
    assert_eq!(report.summary.done.update, 2);
    assert_eq!(
        failures(&world),
        [
            "fake_disk.d update: stopped: a person stopped it; what AWS does not take meanwhile is left out [aws fake start]"
        ]
    );
    let record = world.state().expect("a state").resources[&address(DISK)].clone();
    assert_eq!(record.phase, Phase::Ready);
    assert_eq!(
        [&record.inputs["size"], &record.inputs["note"], &record.inputs["deletion_protection"]],
        [&json!(1), &json!("taken"), &json!(true)]
    );
    // The cure, and nothing is left.
    world.change_live(DISK, |object| object.stuck = None);
    world.must_apply().await;
}

#[tokio::test(start_paused = true)]
async fn a_held_object_that_is_as_declared_is_only_spoken_of() {
    let mut world = settled().await;
    put(&world, &STOPPED);
    let plan = world.plan(&options(Mode::Apply)).await;
    assert!(plan.is_empty() && plan.blocked().next().is_none(), "{plan:#?}");
    let levels: Vec<Level> = plan.preflight.iter().map(|finding| finding.level).collect();
    assert_eq!(levels, [Level::Warning]);
    let report = world.apply().await.expect("nothing kills this run");
    assert_eq!(report.summary.outcome, RunOutcome::Done);
}

#[tokio::test(start_paused = true)]
async fn what_would_be_made_on_a_lost_object_waits_and_what_stands_beside_it_does_not() {
    let mut world = settled().await;
    put(&world, &FAILED);
    world.declare("fake_group.m/z", json!({"name": "m-z", "parent": "${fake_disk.d.id}", "uses": []}));
    world.declare("fake_group.n", json!({"name": "n", "parent": "${fake_group.network.id}"}));
    let report = world.apply().await.expect("nothing kills this run");
    assert_eq!(world.log(), ["create fake_group.n"]);
    assert_eq!(report.summary.outcome, RunOutcome::Failed);
    let skipped: Vec<String> =
        report.skipped.iter().map(|(address, _, because)| format!("{address} for {because}")).collect();
    assert_eq!(skipped, ["fake_group.m/z for fake_disk.d"]);
    assert_eq!(failures(&world), ["fake_disk.d no-op: failed: the cloud gave it up [aws fake start]"]);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_comes_to_nothing_is_not_waited_for_and_alone_is_made_anew() {
    let mut world = World::new().with_stack();
    world.shared.cloud().slowness = u32::MAX;
    let begun = Instant::now();
    world.shared.cloud().stuck.insert(DISK.to_owned(), &FAILED);
    let report = world.apply().await.expect("nothing kills this run");
    assert_eq!(report.summary.outcome, RunOutcome::Failed);
    let said = failures(&world);
    assert!(
        said.contains(
            &"fake_disk.d create: failed: the cloud gave it up [provision apply --replace fake_disk.d]"
                .to_owned()
        ),
        "{said:?}"
    );
    assert!(begun.elapsed().as_secs() < 3100);
    world.shared.cloud().slowness = 0;
    world.shared.cloud().objects.values_mut().for_each(|object| object.busy = 0);
    // The plan says the same, and typing it helps.
    let plan = world.plan(&options(Mode::Apply)).await;
    let finding = plan.blocking(&address(DISK)).expect("it says why");
    assert_eq!(finding.remedies, [Way::of([Remedy::Replace { address: address(DISK) }])]);
    world.shared.cloud().stuck.clear();
    let replace = Options { replace: BTreeSet::from([address(DISK)]), ..options(Mode::Apply) };
    let report = world.run(&replace).await.expect("nothing kills this run");
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    world.must_be_settled().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_held_object_is_said_at_once_with_its_cure() {
    let mut world = settled().await;
    world.declare(DISK, json!({"name": "d", "size": 2, "deletion_protection": false}));
    // It was stopped between the plan and the call.
    let (planning, sightings) = world.planning(&options(Mode::Apply)).await;
    put(&world, &STOPPED);
    let begun = Instant::now();
    let report = world.carry_out(&planning, &sightings).await;
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    assert_eq!(report.summary.outcome, RunOutcome::Failed);
    assert_eq!(
        failures(&world),
        [
            "fake_disk.d update: stopped: a person stopped it; AWS answered: the cloud says InvalidState (InvalidState) [aws fake start]"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn refresh_only_records_whatever_the_condition_and_names_what_it_does_not_record() {
    for (row, recorded) in [(Some(&STOPPED), json!(7)), (Some(&FAILED), json!(7)), (None, json!(7))] {
        let world = settled().await;
        world.change_live(DISK, |object| {
            object.stuck = row;
            object.inputs.insert("size".to_owned(), json!(7));
        });
        let (_, sightings) = world.planning(&options(Mode::RefreshOnly)).await;
        let mut writer = Store::local(world.path())
            .open("test", std::time::Duration::ZERO, || unreachable!("there is a state"))
            .await
            .expect("no other run holds it");
        let accepted = accept_drift(&world.registry, &sightings, &mut writer);
        writer.close().await.expect("the state can be written");
        assert_eq!((accepted.recorded, accepted.left.len()), (1, 0), "{row:?}");
        assert_eq!(world.state().expect("a state").resources[&address(DISK)].inputs["size"], recorded);
    }
    let world = settled().await;
    world.change_live(DISK, |object| (object.leaving, object.busy) = (true, 9));
    let (_, sightings) = world.planning(&options(Mode::RefreshOnly)).await;
    let mut writer = Store::local(world.path())
        .open("test", std::time::Duration::ZERO, || unreachable!("there is a state"))
        .await
        .expect("no other run holds it");
    let accepted = accept_drift(&world.registry, &sightings, &mut writer);
    assert_eq!(accepted.recorded, 0);
    assert_eq!(accepted.left[&address(DISK)], "AWS is deleting it (deleting)");
}

/// Takes what is seen into the state: the number of records that follow it, and why others do not.
async fn refreshed(world: &World) -> Accepted {
    let (_, sightings) = world.planning(&options(Mode::RefreshOnly)).await;
    let opened = Store::local(world.path())
        .open("test", std::time::Duration::ZERO, || unreachable!("there is a state"))
        .await;
    let mut writer = opened.expect("no other run holds it");
    let accepted = accept_drift(&world.registry, &sightings, &mut writer);
    writer.close().await.expect("the state can be written");
    accepted
}

#[tokio::test(start_paused = true)]
async fn refresh_only_forgets_what_is_gone_and_keeps_what_a_later_plan_goes_by() {
    let world = settled().await;
    let state = world.state().expect("a state");
    let record = |at: &str| state.resources[&address(at)].clone();
    let old = Predecessor {
        id: Id::new("fake_group-old"),
        inputs: Document::new(),
        depends_on: BTreeSet::new(),
        older: None,
    };
    let replacing = Record { predecessor: Some(old), ..record("fake_group.a") };
    world.edit_state(Edit::Put { address: address("fake_group.a"), record: replacing }).await;
    let changing = Record { phase: Phase::Updating, ..record("fake_group.m/y") };
    world.edit_state(Edit::Put { address: address("fake_group.m/y"), record: changing }).await;
    world.shared.cloud().objects.retain(|_, object| object.address == "the cluster's");
    let accepted = refreshed(&world).await;
    let left: Vec<String> =
        accepted.left.iter().map(|(address, because)| format!("{address}: {because}")).collect();
    assert_eq!(
        left,
        [
            "fake_disk.d: it is gone and held data: its record stays until it is let go of by name",
            "fake_group.a: it is not in AWS, and what it was to replace is still recorded",
            "fake_group.m/y: it is not in AWS, and an earlier run stopped while changing it",
        ]
    );
    let kept = world.state().expect("a state").resources.into_keys().map(|address| address.to_string());
    assert_eq!(
        kept.collect::<Vec<_>>(),
        ["fake_disk.d", "fake_group.a", "fake_group.m/y", "fake_group.network"]
    );
}

#[tokio::test(start_paused = true)]
async fn refresh_only_takes_an_object_as_it_is_when_it_is_ready_and_not_before_it_was_made() {
    let world = settled().await;
    let made = world.state().expect("a state").resources[&address(DISK)].clone();
    let mut before = Record { gone: true, ..made.clone() };
    before.outputs.insert("endpoint".to_owned(), json!("gone since"));
    world.edit_state(Edit::Put { address: address(DISK), record: before }).await;
    assert_eq!(refreshed(&world).await.recorded, 1);
    assert_eq!(world.state().expect("a state").resources[&address(DISK)], made);
    let begun = Record { phase: Phase::Creating, outputs: Document::new(), ..made };
    world.edit_state(Edit::Put { address: address(DISK), record: begun.clone() }).await;
    world.change_live(DISK, |object| object.busy = 9);
    let accepted = refreshed(&world).await;
    assert_eq!(accepted.left[&address(DISK)], "its create has not come to an end (working)");
    assert_eq!(world.state().expect("a state").resources[&address(DISK)], begun);
}

#[tokio::test(start_paused = true)]
async fn refresh_only_follows_nothing_that_another_state_has_taken_over() {
    let world = settled().await;
    world.change_live(DISK, |object| {
        object.inputs.insert("size".to_owned(), json!(7));
    });
    let (_, mut sightings) = world.planning(&options(Mode::RefreshOnly)).await;
    let Some(Sighting::Live { live, .. }) = sightings.get_mut(&address(DISK)) else { panic!("it is there") };
    let Ownership::Tagged { lineage, .. } = &mut live.ownership else { panic!("it is tagged") };
    *lineage = Some("another".to_owned());
    let mut writer = Store::local(world.path())
        .open("test", std::time::Duration::ZERO, || unreachable!("there is a state"))
        .await
        .expect("no other run holds it");
    let before = writer.state().resources[&address(DISK)].clone();
    let accepted = accept_drift(&world.registry, &sightings, &mut writer);
    let said = &accepted.left[&address(DISK)];
    assert!(said.starts_with("fenced: ") && said.contains("another"), "{said}");
    assert!(said.ends_with(&format!("provision state forget {DISK}")), "{said}");
    assert_eq!((accepted.recorded, &writer.state().resources[&address(DISK)]), (0, &before));
}

#[tokio::test(start_paused = true)]
async fn a_record_says_that_its_object_is_gone_until_the_object_is_seen_again() {
    let mut world = settled().await;
    let id = world.state().expect("a state").resources[&address(DISK)].id.clone().expect("it was made");
    let disk = world.shared.cloud().objects.remove(id.as_str()).expect("it is there");
    let is_gone = |world: &World| world.state().expect("a state").resources[&address(DISK)].gone;
    let open = async |world: &World| {
        let opened = Store::local(world.path())
            .open("test", std::time::Duration::ZERO, || unreachable!("there is a state"))
            .await;
        opened.expect("no other run holds it")
    };

    let (_, sightings) = world.planning(&options(Mode::RefreshOnly)).await;
    let mut writer = open(&world).await;
    let accepted = accept_drift(&world.registry, &sightings, &mut writer);
    writer.close().await.expect("the state can be written");
    assert!(accepted.left[&address(DISK)].contains("its record stays"), "{:?}", accepted.left);
    assert!(is_gone(&world));
    let mut writer = open(&world).await;
    assert_eq!(note_gone(&sightings, &mut writer), 0, "it is noted once");
    writer.close().await.expect("the state can be written");

    world.shared.cloud().objects.insert(id.to_string(), disk);
    world.must_apply().await;
    assert!(!is_gone(&world), "an apply that has nothing to do sees it");
}
