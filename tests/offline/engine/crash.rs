//! Killed at every moment, and the resume killed at every moment again: nothing is lost, doubled or replaced.

use std::collections::BTreeSet;

use provision::engine::plan::Mode;
use serde_json::json;

use super::world::{World, options};

/// The history of a world before the run that is killed.
type Scene = fn(World) -> std::pin::Pin<Box<dyn Future<Output = World>>>;

fn fresh(world: World) -> std::pin::Pin<Box<dyn Future<Output = World>>> {
    Box::pin(async move { world })
}

/// A group in use is to be replaced, and a disk changed.
fn changed(mut world: World) -> std::pin::Pin<Box<dyn Future<Output = World>>> {
    Box::pin(async move {
        world.must_apply().await;
        world
            .declare("fake_group.a", json!({"name": "b", "parent": "${fake_group.network.id}", "note": "n"}));
        world.declare("fake_disk.d", json!({"name": "d", "size": 3, "deletion_protection": false}));
        world
    })
}

/// Runs until nothing kills it any more: the fuses in turn, then once without.
async fn survive(world: &mut World, mode: Mode, fuses: &[u32]) -> bool {
    let mut all_burnt = true;
    for fuse in fuses {
        world.shared.cloud().fuse = Some(*fuse);
        let killed = world.run(&options(mode)).await.is_none();
        all_burnt &= killed;
    }
    world.shared.cloud().fuse = None;
    let report = world.run(&options(mode)).await.expect("nothing kills this run");
    assert!(report.failures.is_empty(), "fuses {fuses:?}: {:?}", report.failures);
    all_burnt
}

async fn killed_twice_anywhere(scene: Scene, mode: Mode, slowness: u32) -> usize {
    let mut straight = scene(World::new().with_stack()).await;
    straight.shared.cloud().slowness = slowness;
    survive(&mut straight, mode, &[]).await;
    let expected: BTreeSet<String> = straight.objects();
    let mut cases = 0;
    for first in 0.. {
        let mut any_second = false;
        for second in 0.. {
            let mut world = scene(World::new().with_stack()).await;
            world.shared.cloud().slowness = slowness;
            let disk_before = disk_id(&world);
            let both = survive(&mut world, mode, &[first, second]).await;
            if !both {
                break;
            }
            any_second = true;
            cases += 1;
            assert_eq!(world.objects(), expected, "killed at {first} and {second}");
            world.must_record_everything();
            if mode == Mode::Apply {
                world.must_be_settled().await;
                if disk_before.is_some() {
                    assert_eq!(disk_id(&world), disk_before, "the disk was replaced");
                }
            }
        }
        if !any_second {
            return cases;
        }
    }
    cases
}

fn disk_id(world: &World) -> Option<String> {
    let cloud = world.shared.cloud();
    let disk = cloud.objects.iter().find(|(_, object)| object.address == "fake_disk.d");
    disk.map(|(id, _)| id.clone())
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_killed_twice_anywhere_ends_as_the_straight_one() {
    let cases = killed_twice_anywhere(fresh, Mode::Apply, 0).await;
    assert!(cases > 40, "{cases}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_apply_killed_twice_anywhere_ends_as_the_straight_one() {
    let cases = killed_twice_anywhere(fresh, Mode::Apply, 3).await;
    assert!(cases > 40, "{cases}");
}

#[tokio::test(start_paused = true)]
async fn a_change_killed_twice_anywhere_ends_as_the_straight_one() {
    for slowness in [0, 2] {
        let cases = killed_twice_anywhere(changed, Mode::Apply, slowness).await;
        assert!(cases > 40, "{cases}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_destroy_killed_twice_anywhere_leaves_nothing_of_ours() {
    fn applied(mut world: World) -> std::pin::Pin<Box<dyn Future<Output = World>>> {
        Box::pin(async move {
            world.must_apply().await;
            world
        })
    }
    for slowness in [0, 2] {
        let cases = killed_twice_anywhere(applied, Mode::Destroy, slowness).await;
        assert!(cases > 20, "{cases}");
    }
}
