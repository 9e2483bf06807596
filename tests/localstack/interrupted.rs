//! Runs that are asked to stop: they record what is in flight, and the same command carries on.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{SMALL_STACK, World, ended, eventually, signal};

fn carries_on_after(name: &str) {
    let world = World::small();
    world.control.settings(json!({ "db_creating": 3600 }));
    let run = world.start(&["apply", "--auto-approve", "--json"]);
    eventually("the database is recorded", || {
        world.provision(&["state", "show", "aws_db_instance.records", "--json"]).out.contains("\"db-")
    });
    // Everything else settles first, so that the database alone is in flight.
    eventually("the rest is made", || {
        let states = ["aws_efs_mount_target.files/eu-west-1a", "aws_efs_mount_target.files/eu-west-1c"];
        states
            .iter()
            .all(|address| world.provision(&["state", "show", address, "--json"]).out.contains("\"ready\""))
    });
    let asked = Instant::now();
    signal(&run, name);
    let ran = ended(run).exits(130);
    assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?} to stop", asked.elapsed());
    let summary = ran.events().pop().expect("a summary");
    assert_eq!((&summary["type"], &summary["outcome"]), (&"summary".into(), &"interrupted".into()));
    assert_eq!(summary["in_flight"], json!(["aws_db_instance.records"]));

    let record = world.record("aws_db_instance.records");
    assert_eq!(record["phase"], "creating");
    assert_eq!(record["id"].as_str().map(str::to_owned), world.cloud.database_id());

    let again = world.start(&["apply", "--auto-approve"]);
    world.control.settings(json!({}));
    ended(again).exits(0);
    assert_eq!(world.control.calls().of("rds.CreateDBInstance"), 1, "one was ever made");
    assert_eq!(world.cloud.count(), SMALL_STACK);
    assert_eq!(world.record("aws_db_instance.records")["id"], record["id"]);
    world.plans_nothing();
}

#[test]
fn ctrl_c_while_the_database_is_creating() {
    carries_on_after("INT");
}

#[test]
fn a_termination_while_the_database_is_creating() {
    carries_on_after("TERM");
}
