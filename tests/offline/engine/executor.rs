//! Order, waiting, retries, failures and interrupts of one run.

use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use provision::engine::event::{Event, RunOutcome};
use provision::engine::executor::{Run, execute};
use provision::engine::interrupt::interrupt;
use provision::engine::plan::{Action, Mode};
use provision::engine::state::{
    Backend, Edit, Holder, Keeper, Opened, Phase, Record, Sight, State, StateError, Store, Written,
};
use serde_json::json;
use tokio::time::Instant;

use super::cloud::{Fault, Object};
use super::kinds::DISK;
use super::world::{World, address, document, options};

fn position(log: &[String], entry: &str) -> usize {
    log.iter().position(|line| line == entry).unwrap_or_else(|| panic!("{entry} is not in {log:?}"))
}

#[tokio::test(start_paused = true)]
async fn an_apply_makes_everything_in_order_and_planning_again_is_empty() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    let log = world.log();
    for zone in ["x", "y"] {
        let mount = position(&log, &format!("create fake_group.m/{zone}"));
        assert!(
            position(&log, "create fake_group.a") < mount && position(&log, "create fake_disk.d") < mount
        );
    }
    position(&log, "update fake_group.a");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_window_is_queued_and_not_counted_as_done() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    for (inputs, update, waits) in [
        (json!({"name": "d", "size": 2, "deletion_protection": false}), 0, Some(true)),
        (json!({"name": "d", "size": 3, "deletion_protection": true}), 1, Some(false)),
        // Nothing waits where all is made at once.
        (json!({"name": "d", "size": 4, "deletion_protection": true, "apply_immediately": true}), 1, None),
    ] {
        world.declare("fake_disk.d", inputs);
        let report = world.apply().await.expect("nothing kills this run");
        assert_eq!(report.summary.done.update, update, "{:?}", report.summary);
        let queued: Vec<_> =
            report.summary.queued.iter().map(|one| (one.fields.join(" "), one.entirely)).collect();
        let expected: Vec<_> = waits.into_iter().map(|entirely| ("size".to_owned(), entirely)).collect();
        assert_eq!(queued, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_options_alone_writes_no_ownership_tags() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world.clear_log();
    let inputs = json!({"name": "d", "size": 2, "deletion_protection": false, "apply_immediately": true});
    world.declare("fake_disk.d", inputs);
    world.must_apply().await;
    assert_eq!(world.log(), ["update fake_disk.d"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_no_call_makes_takes_all_of_the_record_along() {
    let mut world = World::new();
    world.declare("fake_group.a", json!({"name": "a", "parent": "${fake_group.network.id}"}));
    let inputs = json!({"name": "d", "uses": ["${fake_group.a.id}"], "deletion_protection": false});
    world.declare("fake_disk.d", inputs);
    world.must_apply().await;
    // An earlier run was stopped on the way, and knew the object as gone.
    let state = world.state().expect("there is a state");
    let made = state.resources[&address("fake_disk.d")].clone();
    let lost = made.last_holder().map(Box::new);
    let record = Record { phase: Phase::Updating, gone: true, lost, ..made.clone() };
    world.edit_state(Edit::Put { address: address("fake_disk.d"), record }).await;
    world.change_live("fake_disk.d", |disk| {
        disk.inputs.insert("moved".to_owned(), json!("elsewhere"));
    });
    let used = state.resources[&address("fake_group.a")].id.clone().expect("it was made");
    world.declare("fake_disk.d", json!({"name": "d", "uses": [used.as_str()], "deletion_protection": true}));
    world.clear_log();
    world.must_apply().await;
    assert_eq!(world.log(), [""; 0]);
    let record = world.state().expect("there is a state").resources[&address("fake_disk.d")].clone();
    assert_eq!((record.gone, &record.lost, &record.id), (false, &None, &made.id));
    assert_eq!((record.phase, record.depends_on.len()), (Phase::Ready, 0));
    assert_eq!(record.inputs["deletion_protection"], json!(true));
    assert_ne!(record.outputs, made.outputs);
}

#[tokio::test(start_paused = true)]
async fn a_destroy_deletes_in_reverse_and_only_forgets_what_is_the_clusters() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world.clear_log();
    let report = world.run(&options(Mode::Destroy)).await.expect("nothing kills this run");
    assert_eq!((report.summary.done.delete, report.summary.done.forget), (4, 1));
    let log = world.log();
    for zone in ["x", "y"] {
        let mount = position(&log, &format!("delete fake_group.m/{zone}"));
        assert!(
            mount < position(&log, "delete fake_group.a") && mount < position(&log, "delete fake_disk.d")
        );
    }
    assert_eq!(world.objects().into_iter().collect::<Vec<_>>(), ["fake_group the cluster's"]);
    assert!(world.state().expect("the state stays").resources.is_empty());
}

#[tokio::test(start_paused = true)]
async fn slow_objects_are_waited_for_with_one_look_for_all_of_a_kind() {
    let mut world = World::new().with_stack();
    world.shared.cloud().slowness = 5;
    world.must_apply().await;
    let settling = world.events.iter().filter(|event| matches!(event, Event::Settling { .. })).count();
    let looks: u32 = world.shared.cloud().looks.values().sum();
    assert!(settling > 15, "{settling}");
    assert!((looks as usize) < settling + 15, "{looks} looks for {settling} sightings");
}

#[tokio::test(start_paused = true)]
async fn a_status_that_never_ends_is_waited_for_until_patience_ends_and_then_again_by_the_next_run() {
    let mut world = World::new().with_stack();
    world.shared.cloud().slowness = u32::MAX;
    let started = Instant::now();
    let report = world.apply().await.expect("nothing kills this run");
    let waited = started.elapsed();
    assert_eq!(report.summary.outcome, RunOutcome::Failed);
    // As long as the kind's patience for a create, and no longer than one more look.
    assert!((3000..3100).contains(&waited.as_secs()), "{waited:?}");
    assert!(report.failures.iter().all(|(.., error)| error.to_string().contains("did not finish in time")));
    let disk = world.state().expect("it was recorded").resources[&address("fake_disk.d")].clone();
    assert_eq!((disk.phase, disk.id.is_some()), (Phase::Creating, true));
    {
        let mut cloud = world.shared.cloud();
        cloud.slowness = 0;
        cloud.objects.values_mut().for_each(|object| object.busy = 0);
    }
    world.must_apply().await;
    let after = world.state().expect("it was recorded").resources[&address("fake_disk.d")].clone();
    assert_eq!(after.id, disk.id, "waited on, not replaced");
    assert_eq!(world.log().iter().filter(|line| **line == "create fake_disk.d").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_this_run_has_made_may_not_be_known_everywhere_for_a_while() {
    let mut world = World::new().with_stack();
    // `fake_group.a` gets its note by an update after its creation, and the mounts use both.
    for made in ["fake_group.a", "fake_disk.d"] {
        world.shared.cloud().not_known_yet.insert(made.to_owned(), 3);
    }
    world.must_apply().await;
    assert!(world.shared.cloud().not_known_yet.values().all(|left| *left == 0), "all of it was asked for");

    // What was there before is gone where it is not found, and nothing is repeated.
    world.declare("fake_disk.d", json!({"name": "d", "size": 2, "deletion_protection": false}));
    world.shared.cloud().not_known_yet.insert("fake_disk.d".to_owned(), 3);
    let report = world.apply().await.expect("nothing kills this run");
    assert_eq!(report.summary.outcome, RunOutcome::Failed);
    assert_eq!(world.shared.cloud().not_known_yet["fake_disk.d"], 2);
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_is_gone_where_it_is_not_found_also_beside_what_this_run_has_made() {
    let mut world = World::new();
    world.declare("fake_disk.d", json!({"name": "d", "size": 1, "deletion_protection": false}));
    world.must_apply().await;
    // Its first use is by an object that uses one of this run as well.
    world.declare("fake_group.a", json!({"name": "a", "parent": "${fake_group.network.id}"}));
    let uses = json!({"name": "m", "uses": ["${fake_group.a.id}", "${fake_disk.d.id}"]});
    world.declare("fake_group.m", uses);
    world.shared.cloud().not_known_yet.insert("fake_disk.d".to_owned(), 3);
    let started = Instant::now();
    let report = world.apply().await.expect("nothing kills this run");
    let failed: Vec<String> = report.failures.iter().map(|(address, ..)| address.to_string()).collect();
    assert_eq!(failed, ["fake_group.m"]);
    assert_eq!(world.shared.cloud().not_known_yet["fake_disk.d"], 2, "it was asked once");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_stops_only_what_depends_on_it() {
    let mut world = World::new().with_stack();
    world.declare("fake_group.z", json!({"name": "z", "parent": "${fake_group.network.id}"}));
    world.shared.cloud().refused.insert("fake_disk.d".to_owned());
    let report = world.apply().await.expect("nothing kills this run");
    assert_eq!(report.summary.outcome, RunOutcome::Failed);
    let failed: Vec<String> = report.failures.iter().map(|(address, ..)| address.to_string()).collect();
    assert_eq!(failed, ["fake_disk.d"]);
    let skipped: Vec<String> =
        report.skipped.iter().map(|(address, _, because)| format!("{address} for {because}")).collect();
    assert_eq!(skipped, ["fake_group.m/x for fake_disk.d", "fake_group.m/y for fake_disk.d"]);
    assert!(world.objects().contains("fake_group fake_group.z"));
    world.must_apply().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_read_back_and_nothing_is_made_twice() {
    for fault in [Fault::LoseAnswer, Fault::LoseRequest, Fault::Throttle] {
        for at in 0..5 {
            let mut world = World::new().with_stack();
            let mut faults = vec![None; at];
            faults.push(Some(fault));
            world.shared.cloud().faults = faults.into();
            world.must_apply().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_which_a_call_is_tried_again_is_told_of() {
    let mut world = World::new().with_stack();
    world.shared.cloud().faults = vec![Some(Fault::Throttle)].into();
    world.must_apply().await;
    let told = world.events.iter().filter_map(|event| match event {
        Event::Settling { status, .. } if status.starts_with("refused for now") => Some(status.as_str()),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), ["refused for now: the cloud says Throttling (Throttling)"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_interrupted_before_anything_is_done_is_not_said_to_be_done() {
    let mut world = World::new().with_stack();
    world.clear_log();
    let (interrupter, interrupt) = interrupt();
    interrupter.ask();
    let report = world.run_until(&options(Mode::Apply), interrupt).await.expect("nothing kills this run");
    assert_eq!(world.log(), [""; 0]);
    assert_eq!(report.summary.outcome, RunOutcome::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_under_way_than_allowed() {
    let mut world = World::new();
    for number in 0..20 {
        world.declare(
            &format!("fake_group.g{number}"),
            json!({"name": format!("g{number}"), "parent": "${fake_group.network.id}"}),
        );
    }
    world.parallelism = 3;
    world.must_apply().await;
    assert_eq!(world.shared.cloud().most_calls_under_way, 3);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_records_what_is_in_flight_and_the_next_run_waits_on() {
    let mut world = World::new().with_stack();
    world.shared.cloud().slowness = 50;
    let (interrupter, interrupt) = interrupt();
    let started = Instant::now();
    let interrupting = async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        interrupter.ask();
    };
    let options = options(Mode::Apply);
    let (report, ()) = tokio::join!(world.run_until(&options, interrupt), interrupting);
    let report = report.expect("an interrupt is no kill");
    assert_eq!(report.summary.outcome, RunOutcome::Interrupted);
    assert!(started.elapsed() < Duration::from_secs(21));
    let in_flight: Vec<String> = report.summary.in_flight.iter().map(ToString::to_string).collect();
    assert_eq!(in_flight, ["fake_disk.d", "fake_group.a"]);
    let state = world.state().expect("it was recorded");
    let disk = state.resources[&address("fake_disk.d")].clone();
    assert_eq!((disk.phase, disk.id.is_some()), (Phase::Creating, true));
    world.must_apply().await;
    let after = world.state().expect("it was recorded").resources[&address("fake_disk.d")].clone();
    assert_eq!(after.id, disk.id, "waited on, not replaced");
    assert_eq!(world.log().iter().filter(|line| **line == "create fake_disk.d").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_holds_an_interrupted_run_up_for_seconds_only_and_is_found_by_the_next() {
    let mut world = World::new().with_stack();
    world.shared.cloud().faults = [Some(Fault::Hang), Some(Fault::Hang)].into();
    let (interrupter, interrupt) = interrupt();
    let interrupting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        interrupter.ask();
        Instant::now()
    };
    let options = options(Mode::Apply);
    let (report, asked) = tokio::join!(world.run_until(&options, interrupt), interrupting);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let summary = report.expect("an interrupt is no kill").summary;
    assert_eq!((summary.outcome, summary.in_flight.len()), (RunOutcome::Interrupted, 2));
    world.must_record_everything_or_its_intent();
    world.must_apply().await;
    let creates = |name: &str| world.log().iter().filter(|line| **line == format!("create {name}")).count();
    assert_eq!((creates("fake_disk.d"), creates("fake_group.a")), (1, 1), "{:?}", world.log());
}

#[tokio::test(start_paused = true)]
async fn a_replaced_group_in_use_is_made_anew_first_and_let_go_before_it_is_deleted() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world.clear_log();
    world.declare("fake_group.a", json!({"name": "b", "parent": "${fake_group.network.id}", "note": "late"}));
    world.must_apply().await;
    let log = world.log();
    let delete = position(&log, "delete fake_group.a");
    assert!(position(&log, "create fake_group.a") < position(&log, "update fake_group.m/x"));
    assert!(
        position(&log, "update fake_group.m/x") < delete && position(&log, "update fake_group.m/y") < delete
    );
}

#[tokio::test(start_paused = true)]
async fn a_replaced_disk_takes_its_mounts_down_and_up_again() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world.clear_log();
    let mut options = options(Mode::Apply);
    options.replace.insert(address("fake_disk.d"));
    let report = world.run(&options).await.expect("nothing kills this run");
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.summary.done.replace, 3);
    world.must_be_settled().await;
    let log = world.log();
    let order =
        ["delete fake_group.m/x", "delete fake_disk.d", "create fake_disk.d", "create fake_group.m/x"];
    let positions: Vec<usize> = order.iter().map(|entry| position(&log, entry)).collect();
    assert!(positions.is_sorted(), "{log:?}");
    assert_eq!(world.state().expect("a state").resources[&address("fake_disk.d")].generation, 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_was_deleted_and_is_still_found_is_not_taken_for_the_one_that_replaces_it() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    let before = world.state().expect("a state").resources[&address("fake_group.m/x")].id.clone();
    world.clear_log();
    world.shared.cloud().still_found = 3;
    let mut options = options(Mode::Apply);
    options.replace.insert(address("fake_group.m/x"));
    let report = world.run(&options).await.expect("nothing kills this run");
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let after = world.state().expect("a state").resources[&address("fake_group.m/x")].id.clone();
    assert!(after.is_some() && after != before, "{before:?} {after:?}");
    assert_eq!(world.log().iter().filter(|line| **line == "create fake_group.m/x").count(), 1);
    world.shared.cloud().still_found = 0;
    world.must_be_settled().await;
}

#[tokio::test(start_paused = true)]
async fn every_step_is_told_of_from_start_to_end() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    let started = world.events.iter().filter(|event| matches!(event, Event::StepStarted { .. })).count();
    let done = world.events.iter().filter(|event| matches!(event, Event::StepDone { .. })).count();
    assert_eq!((started, done), (5, 5));
    match world.events.last() {
        Some(Event::Summary(summary)) => {
            assert_eq!((summary.done.create, summary.done.watch), (4, 1));
        }
        other => panic!("the last event is {other:?}"),
    }
    assert!(world.events.iter().any(|event| matches!(event, Event::StepDone { action: Action::Watch, .. })));
}

/// Futures that can be moved between threads: the engine runs in a server as well as in a command.
#[test]
fn what_the_engine_does_can_be_done_on_any_thread() {
    use provision::engine::executor::{Run, execute};
    use provision::engine::state::{State, Writer};

    fn movable<T: Send>(_: &T) {}
    fn runs(
        run: &Run<'_>,
        writer: &mut Writer,
        sink: &mut (dyn FnMut(provision::engine::event::Event) + Send),
    ) {
        movable(&execute(run, writer, sink));
    }
    fn looks(run: &Run<'_>, state: Option<&State>) {
        movable(&provision::engine::refresh::refresh(run.cloud, run.registry, run.blueprint, state));
    }
    let _ = (runs, looks);
}

#[tokio::test(start_paused = true)]
async fn what_another_state_made_meanwhile_is_told_at_once_and_not_waited_for() {
    let mut world = World::new().with_stack();
    let (planning, sightings) = world.planning(&options(Mode::Apply)).await;
    let theirs = Object {
        kind: DISK,
        key: "fake_disk.d/0".to_owned(),
        inputs: document(json!({ "name": "d", "size": 1 })),
        stack: "test".to_owned(),
        address: "fake_disk.d".to_owned(),
        lineage: Some("theirs".to_owned()),
        cluster: Some("cluster".to_owned()),
        busy: 0,
        leaving: false,
        stuck: None,
    };
    world.shared.cloud().create(theirs).expect("the other run was faster");
    let report = world.carry_out(&planning, &sightings).await;
    let failed: Vec<String> =
        report.failures.iter().map(|(address, _, error)| format!("{address}: {error}")).collect();
    assert!(
        failed.iter().any(|text| text.contains("fake_disk.d") && text.contains("AlreadyExists")),
        "{failed:?}"
    );
    assert!(report.summary.elapsed_seconds < 30.0, "{}", report.summary.elapsed_seconds);
}

/// A place of a state that takes every edit, and cannot be made whole.
#[derive(Debug)]
struct NeverWhole;

impl std::fmt::Display for NeverWhole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a place that is never whole")
    }
}

impl Backend for NeverWhole {
    fn file(&self) -> Option<&Path> {
        None
    }

    fn read(&self) -> BoxFuture<'_, Result<Option<State>, StateError>> {
        Box::pin(async { Ok(None) })
    }

    fn look(&self) -> BoxFuture<'_, Result<Sight, StateError>> {
        Box::pin(async { Ok(Sight { state: None, holder: None, left_by: None }) })
    }

    fn lock(&self, _: Holder, _: Duration) -> BoxFuture<'_, Result<Opened, StateError>> {
        Box::pin(async { Ok((Box::new(Self) as Box<dyn Keeper>, None)) })
    }

    fn has_a_lock_to_take_away<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, StateError>> {
        Box::pin(async { Ok(false) })
    }

    fn unlock<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async { Ok(()) })
    }
}

impl Keeper for NeverWhole {
    fn relieved(&self) -> Option<&Holder> {
        None
    }

    fn write<'a>(&'a mut self, _: &'a [Edit], _: &'a State) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async { Ok(()) })
    }

    fn lost(&self) -> BoxFuture<'_, StateError> {
        Box::pin(std::future::pending())
    }

    fn make_whole<'a>(&'a mut self, _: &'a State) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move { Err(StateError::Vanished { place: self.to_string() }) })
    }

    fn release<'a>(self: Box<Self>, _: &'a State, _: Written) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_state_is_not_whole_does_not_say_that_it_is_complete() {
    let world = World::new().with_stack();
    let (planning, sightings) = world.planning(&options(Mode::Apply)).await;
    let blueprint = world.blueprint(Mode::Apply);
    let fresh = || State::new("test", "lineage".to_owned(), "123456789012", "eu-west-1");
    let opened = Store::new(NeverWhole).open("test", Duration::ZERO, fresh).await;
    let mut writer = opened.expect("nobody holds it");
    let (_interrupter, interrupt) = interrupt();
    let run = Run {
        cloud: &world.shared,
        registry: &world.registry,
        blueprint: &blueprint,
        planning: &planning,
        sightings: &sightings,
        parallelism: 4,
        interrupt,
    };
    let mut events = Vec::new();
    let ended = execute(&run, &mut writer, &mut |event| events.push(event)).await;
    assert!(matches!(ended, Err(StateError::Vanished { .. })), "{ended:?}");
    assert!(events.iter().any(|event| matches!(event, Event::StepDone { .. })), "{events:?}");
    assert!(!events.iter().any(|event| matches!(event, Event::Summary(_))), "{events:?}");
}
