//! Stacks that stand beside no cluster.

use provision::engine::blueprint::Declaration;
use provision::engine::plan::Mode;
use provision::engine::rebuild::Terms;
use serde_json::json;

use super::world::{World, address, options};

const NETWORK: &str = "fake_group.network";

/// A stack of objects that need no network, planned without a cluster; and the network that it could stand in.
fn alone() -> (World, Declaration) {
    let mut world = World::new();
    world.cluster = None;
    let network = world.declarations.remove(&address(NETWORK)).expect("each world has one");
    world.declare("fake_disk.d", json!({"name": "d", "size": 1, "deletion_protection": false}));
    world.declare("fake_group.a", json!({"name": "a", "parent": "${fake_disk.d.id}"}));
    (world, network)
}

/// The cluster in the tags of the object at an address.
fn tagged(world: &World, at: &str) -> Option<String> {
    let cloud = world.shared.cloud();
    let object = cloud.objects.values().find(|object| object.address == at).expect("it is there");
    object.cluster.clone()
}

#[tokio::test]
async fn a_stack_without_a_cluster_is_made_changed_lost_found_again_and_destroyed() {
    let (mut world, _) = alone();
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!((plan.cluster.as_ref(), plan.summary.create, plan.summary.watch), (None, 2, 0));
    world.must_apply().await;
    let state = world.state().expect("there is a state");
    assert_eq!((state.cluster(), state.network()), (None, None));
    assert_eq!(tagged(&world, "fake_disk.d"), None);

    world.declare("fake_disk.d", json!({"name": "d", "size": 2, "deletion_protection": false}));
    world.must_apply().await;

    world.lose_state();
    let rebuilt = world.rebuild("fresh", &Terms::default()).await.expect("it can be read");
    assert_eq!(rebuilt.records.len(), 2);
    world.must_be_settled().await;

    let report = world.run(&options(Mode::Destroy)).await.expect("nothing kills this run");
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(world.objects().into_iter().collect::<Vec<_>>(), ["fake_group the cluster's"]);
}

#[tokio::test]
async fn a_stack_that_stood_alone_comes_to_stand_beside_a_cluster_and_nothing_of_it_is_replaced() {
    let (mut world, network) = alone();
    world.must_apply().await;
    let before = world.state().expect("there is a state").resources[&address("fake_disk.d")].id.clone();
    world.declarations.insert(address(NETWORK), network);
    world.cluster = Some("cluster");
    world.declare("fake_group.b", json!({"name": "b", "parent": "${fake_group.network.id}"}));
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!((plan.summary.create, plan.summary.watch, plan.summary.replace), (1, 1, 0), "{plan:#?}");
    world.must_apply().await;
    let state = world.state().expect("there is a state");
    assert_eq!(state.cluster().and_then(|cluster| cluster.name).as_deref(), Some("cluster"));
    assert_eq!(state.resources[&address("fake_disk.d")].id, before);
    assert_eq!(tagged(&world, "fake_group.b").as_deref(), Some("cluster"));
}
