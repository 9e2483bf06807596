//! Records of a newer version of the program are told apart from what is gone, and stay in the state.

use std::time::Duration;

use provision::engine::document::Document;
use provision::engine::executor::accept_drift;
use provision::engine::plan::{Action, Mode};
use provision::engine::planner::Sighting;
use provision::engine::resource::Id;
use provision::engine::state::{Edit, Record, State, Store, Writer};
use serde_json::json;

use super::world::{World, address, options};

const UNKNOWN: &str = "fake_cache.c";

async fn writer(world: &World) -> Writer {
    let store = Store::local(world.path());
    store.open("test", Duration::ZERO, || unreachable!("there is a state")).await.expect("nobody holds it")
}

async fn recorded(world: &World, at: &str, record: Record) {
    let mut writer = writer(world).await;
    writer.edit(Edit::Put { address: address(at), record });
    writer.close().await.expect("it can be written");
}

fn state(world: &World) -> State {
    world.state().expect("there is a state")
}

/// A settled world, and what a newer program did to its state: with an address that is newer than this program.
async fn newer_states() -> Vec<(World, &'static str, &'static str)> {
    let mut cases = Vec::new();
    for case in 0..4 {
        let mut world = World::new().with_stack();
        world.must_apply().await;
        let known = |at: &str| state(&world).resources[&address(at)].clone();
        let (at, mut record) = match case {
            0 => (UNKNOWN, Record { watched: false, ..Record::watched(Id::new("c-1"), Document::new()) }),
            1 => (UNKNOWN, Record { watched: false, ..Record::watched(Id::new("c-1"), Document::new()) }),
            _ => ("fake_disk.d", known("fake_disk.d")),
        };
        let says = match case {
            0 => "does not know the kind fake_cache",
            1 => {
                // An intent, of which there is no id to ask for.
                record.id = None;
                "does not know the kind fake_cache"
            }
            2 => {
                record.kind_version = 7;
                "version 7 of its kind"
            }
            _ => {
                record.inputs.insert("colour".to_owned(), json!("blue"));
                "its field colour"
            }
        };
        recorded(&world, at, record).await;
        cases.push((world, at, says));
    }
    cases
}

#[tokio::test(start_paused = true)]
async fn what_a_newer_version_recorded_is_neither_asked_for_nor_planned_and_forbids_the_plan() {
    for (world, at, says) in newer_states().await {
        for mode in [Mode::Apply, Mode::Destroy, Mode::RefreshOnly] {
            world.clear_log();
            let (planning, sightings) = world.planning(&options(mode)).await;
            let plan = planning.plan;
            assert!(matches!(sightings.get(&address(at)), Some(Sighting::NotAsked { .. })), "{at}");
            let errors: Vec<_> = plan.errors().filter(|error| error.check == "newer").collect();
            assert_eq!(errors.len(), 1, "{mode:?}: {:#?}", plan.preflight);
            assert_eq!(errors[0].address, Some(address(at)));
            assert!(errors[0].message.contains(says), "{}", errors[0].message);
            assert!(errors[0].hint.as_ref().is_some_and(|hint| hint.contains("update provision")));
            let planned = plan.change(&address(at)).map(|change| change.action);
            assert!(planned.is_none_or(|action| action == Action::NoOp), "{mode:?}: {planned:?}");
            assert!(plan.drift.iter().all(|drift| drift.address != address(at)), "{:#?}", plan.drift);
            assert!(world.log().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_record_of_a_newer_version_survives_that_drift_is_recorded() {
    for (world, at, _) in newer_states().await {
        let before = state(&world).resources[&address(at)].clone();
        let (_, sightings) = world.planning(&options(Mode::RefreshOnly)).await;
        let mut writer = writer(&world).await;
        accept_drift(&world.registry, &sightings, &mut writer);
        writer.close().await.expect("it can be written");
        assert_eq!(state(&world).resources[&address(at)], before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_other_addresses_goes_past_what_a_newer_version_recorded() {
    for (mut world, at, _) in newer_states().await {
        let before = state(&world).resources[&address(at)].clone();
        world.declare("fake_group.z", json!({"name": "z", "parent": "${fake_group.network.id}"}));
        let mut targeted = options(Mode::Apply);
        targeted.targets.insert(address("fake_group.z"));
        let report = world.run(&targeted).await.expect("nothing kills this run");
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        assert!(world.objects().contains("fake_group fake_group.z"));
        assert_eq!(state(&world).resources[&address(at)], before);
    }
}

#[tokio::test(start_paused = true)]
async fn what_refers_to_the_record_of_a_newer_version_stays_as_it_is() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    for at in state(&world).resources.into_keys() {
        let mut world = World::new().with_stack();
        world.must_apply().await;
        let record = Record { kind_version: 7, ..state(&world).resources[&at].clone() };
        if record.watched {
            continue;
        }
        recorded(&world, &at.to_string(), record).await;
        let plan = world.planning(&options(Mode::Apply)).await.0.plan;
        assert!(plan.errors().any(|error| error.check == "newer"), "{at}");
        assert!(plan.is_empty(), "{at}: {:#?}", plan.changes);
    }
}
