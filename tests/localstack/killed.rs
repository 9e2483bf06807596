//! Runs that are killed at the worst moments, and what the next run makes of it.

use std::process::Child;

use serde_json::json;

use crate::world::{NOTHING, SMALL_STACK, World, ended, eventually};

/// Starts a run and kills it when AWS has begun its n-th change. False if the run had ended by then.
fn kill_at(world: &World, change: u64, arguments: &[&str]) -> bool {
    // Each call waits before it acts: the process dies with calls under way that AWS carries out all the same.
    world.control.settings(json!({ "latency": 0.08, "db_creating": 0.5, "db_deleting": 0.5 }));
    world.control.forget_calls();
    let mut run: Child = world.start(arguments);
    let mut over = false;
    eventually("the change was begun, or the run over", || {
        over = run.try_wait().expect("the run can be asked").is_some();
        over || world.control.calls().mutating() >= change
    });
    // Kills by the process's own handle; a run that is over is not touched.
    run.kill().expect("the run can be killed");
    ended(run);
    // The calls that were under way end before the test looks.
    eventually("the last calls are over", || {
        let before = world.control.calls().total;
        std::thread::sleep(std::time::Duration::from_millis(150));
        world.control.calls().total == before
    });
    world.control.settings(json!({}));
    !over
}

/// Kills an apply and then a destroy, and holds that each rerun ends as if nothing had happened.
fn survives(apply_at: u64, destroy_at: u64) {
    let world = World::small();
    let network = world.cloud.network();
    assert!(kill_at(&world, apply_at, &["apply", "--auto-approve"]), "the apply was over before");
    let (database, file_system) = (world.cloud.database_id(), world.cloud.file_systems().pop());
    for (there, most) in world.cloud.count().into_iter().zip(SMALL_STACK) {
        assert!(there <= most, "the killed run made more than there should be");
    }
    world.apply(&[]);
    assert_eq!(world.cloud.count(), SMALL_STACK, "exactly one of each");
    if database.is_some() {
        assert_eq!(world.cloud.database_id(), database, "the database was made anew");
    }
    if let Some(before) = file_system {
        assert_eq!(world.cloud.file_system().file_system_id(), before.file_system_id());
    }
    world.plans_nothing();

    assert!(kill_at(&world, destroy_at, &["destroy", "--auto-approve"]), "the destroy was over before");
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
    assert_eq!(world.cloud.network(), network);
}

#[test]
fn killed_at_the_first_change() {
    survives(1, 1);
}

#[test]
fn killed_while_the_groups_are_made() {
    survives(3, 2);
}

#[test]
fn killed_while_the_file_system_is_made() {
    survives(4, 3);
}

#[test]
fn killed_while_the_subnet_group_is_made() {
    survives(6, 4);
}

#[test]
fn killed_while_the_mount_targets_are_made() {
    survives(8, 5);
}

#[test]
fn killed_near_the_end() {
    survives(10, 7);
}

#[test]
fn killed_while_the_database_is_being_created() {
    let world = World::small();
    world.control.settings(json!({ "db_creating": 3600 }));
    let mut run = world.start(&["apply", "--auto-approve"]);
    eventually("the database is recorded", || {
        world.provision(&["state", "show", "aws_db_instance.records", "--json"]).out.contains("\"db-")
    });
    run.kill().expect("the run can be killed");
    ended(run);
    let database = world.cloud.database_id().expect("the database is there");
    world.control.settings(json!({}));
    world.apply(&[]);
    assert_eq!(world.cloud.database_id(), Some(database));
    assert_eq!(world.control.calls().of("rds.CreateDBInstance"), 1);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn after_a_destroy_that_was_killed_an_apply_makes_no_empty_database_unnamed() {
    let world = World::applied();
    world.control.settings(json!({ "db_deleting": 3600 }));
    let mut run = world.start(&["destroy", "--auto-approve"]);
    eventually("the database is being deleted", || world.control.calls().of("rds.DeleteDBInstance") == 1);
    run.kill().expect("the run can be killed");
    ended(run);
    let goes_on = "provision destroy --target aws_db_instance.records";
    world.provision(&["plan"]).exits(1).says(&["as an earlier run asked", goes_on]);
    world.control.settings(json!({}));
    eventually("it is gone", || world.cloud.databases().is_empty());
    let said = world.provision(&["apply", "--auto-approve"]).exits(1);
    said.says(&["was deleted by an earlier run; a new one would be empty", goes_on, "apply --replace"]);
    assert!(world.cloud.databases().is_empty());
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn after_a_destroy_that_failed_behind_the_database_an_apply_makes_no_empty_one_unnamed() {
    let world = World::applied();
    world.control.refuse_always("rds.DeleteDBSubnetGroup", "AccessDenied", 403);
    world.provision(&["destroy", "--auto-approve"]).exits(1);
    assert!(world.cloud.databases().is_empty());
    let goes_on = "provision destroy --target aws_db_instance.records";
    let said = world.provision(&["apply", "--auto-approve"]).exits(1);
    said.says(&["was deleted by an earlier run; a new one would be empty", goes_on, "apply --replace"]);
    assert!(world.cloud.databases().is_empty());
    world.control.forget_faults();
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
    // What was destroyed to the end is made again like anything else.
    world.apply(&[]);
    assert_eq!(world.cloud.databases().len(), 1);
}
