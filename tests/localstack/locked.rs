//! Two runs at once: one of them works, the other one says who does, or waits.

use serde_json::json;

use crate::world::{SMALL_STACK, World, ended, eventually};

#[test]
fn of_two_applies_one_works_and_the_others_are_told_or_wait() {
    let world = World::small();
    world.control.settings(json!({ "db_creating": 3600 }));
    let first = world.start(&["apply", "--auto-approve"]);
    eventually("the first run works", || world.control.calls().of("rds.CreateDBInstance") == 1);
    let process = format!("process {}", first.id());
    world.provision(&["apply", "--auto-approve"]).exits(3).says(&[
        "locked by `apply` of somebody",
        &process,
        "--lock-timeout",
        "or end that run",
    ]);
    let lock = std::fs::read_to_string(world.path("state/shop.json.lock")).expect("there is a lock");
    let lock: serde_json::Value = serde_json::from_str(&lock).expect("it says who holds it");
    let id = lock["id"].as_str().expect("a lock has an id");
    // The run is alive: its lock is not taken away.
    world.provision(&["state", "unlock", id, "--auto-approve"]).exits(3).says(&["alive"]);
    world.provision(&["destroy", "--auto-approve"]).exits(3);
    world.provision(&["plan"]).exits(0);

    let waiting = world.start(&["apply", "--auto-approve", "--lock-timeout", "60s"]);
    world.control.settings(json!({}));
    ended(first).exits(0);
    ended(waiting).exits(0).says(&["Waiting for the lock of the state: `apply` of somebody", &process]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    assert_eq!(world.control.calls().of("rds.CreateDBInstance"), 1);
}
