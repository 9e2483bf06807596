//! The state in a bucket, through the binary: shared, fought for, taken over, lost and found again.

use serde_json::{Value, json};

use crate::world::{NOTHING, Ran, SMALL_STACK, World, ended, eventually, signal};

const KEY: &str = "stacks/shop.json";

/// A small world whose state is in a bucket of its own.
fn shared() -> World {
    let mut world = World::small();
    world.cloud.make_bucket(&bucket(&world));
    world.set("PROVISION_STATE", &format!("s3://{}/{KEY}", bucket(&world)));
    world
}

fn bucket(world: &World) -> String {
    format!("states-{}", world.account)
}

/// The object that is at the key now.
fn object(world: &World) -> Value {
    let content = world.cloud.object(&bucket(world), KEY).expect("there is an object");
    serde_json::from_slice(&content).expect("it is JSON")
}

fn is_locked(world: &World) -> bool {
    world.cloud.object(&bucket(world), KEY).is_some() && object(world)["lease"].is_object()
}

#[test]
fn the_whole_story_with_a_state_in_a_bucket() {
    let world = shared();
    world.provision(&["output"]).exits(1).says(&["there is no state at s3://"]);
    let vpc = world.seed["vpc_id"].as_str().expect("the seed names its VPC");
    world.provision(&["import", vpc]).exits(0).says(&["are watched"]);
    world.apply(&[]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.control.forget_calls();
    world.plans_nothing();
    assert_eq!(world.control.calls().of("s3.PutObject"), 0, "a plan locks nothing");
    world.provision(&["state", "list"]).exits(0).says(&["aws_db_instance.records"]);
    world.provision(&["output", "nfs_mount_points"]).exits(0);
    let forgotten = ["state", "forget", "aws_db_instance.records", "--auto-approve"];
    world.provision(&forgotten).exits(0);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0).says(&["1 resource found."]);
    world.apply(&[]);
    world.plans_nothing();
    assert!(!is_locked(&world), "every run gave the lock back");
    assert!(world.files().iter().all(|(path, _)| path.ends_with("provision.yaml")), "nothing is kept here");
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_state_in_a_bucket_that_the_stack_file_names_is_found_by_every_command() {
    let world = World::small();
    world.cloud.make_bucket(&bucket(&world));
    let place = format!("s3://{}/{KEY}", bucket(&world));
    world.edit_stack(
        "stack: shop\n",
        &format!("stack: shop\nstate: {{ location: \"{place}\", sse: AES256 }}\n"),
    );
    world.apply(&[]);
    world.plans_nothing();
    assert!(!is_locked(&world) && world.cloud.object(&bucket(&world), KEY).is_some());
    assert!(world.files().iter().all(|(path, _)| path.ends_with("provision.yaml")), "nothing is kept here");
    world.provision(&["state", "list"]).exits(0).says(&["aws_db_instance.records"]);
    world.provision(&["output", "nfs_mount_points"]).exits(0);
    // A file that the command line names wins.
    world.provision(&["state", "list", "--state", "other.json"]).exits(1).says(&["no state at other.json"]);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn of_many_applies_at_once_each_works_alone_and_nothing_is_doubled() {
    let world = shared();
    let network = world.cloud.network();
    let runs: Vec<_> = (0..8).map(|_| world.start(&["apply", "--auto-approve"])).collect();
    let ran: Vec<Ran> = runs.into_iter().map(ended).collect();
    for one in &ran {
        assert!(matches!(one.code, 0 | 3), "{}", one.said());
        if one.code == 3 {
            assert!(one.err.contains("locked by `apply` of somebody"), "{}", one.err);
        }
    }
    assert!(ran.iter().any(|one| one.code == 0), "one of them works");
    assert_eq!(world.cloud.count(), SMALL_STACK);
    assert_eq!(world.control.calls().of("rds.CreateDBInstance"), 1);
    let waiting: Vec<_> = (0..4)
        .map(|n| if n == 2 { "destroy" } else { "apply" })
        .map(|command| world.start(&[command, "--auto-approve", "--lock-timeout", "2m"]))
        .collect();
    for run in waiting {
        ended(run).exits(0);
    }
    world.apply(&[]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    assert_eq!(world.cloud.network(), network);
    world.plans_nothing();
}

#[test]
fn the_lock_of_a_run_that_was_killed_runs_out_and_what_it_had_begun_goes_on() {
    let mut world = shared();
    world.set("PROVISION_LEASE", "4s");
    world.control.settings(json!({ "db_creating": 3600 }));
    let mut run = world.start(&["apply", "--auto-approve"]);
    eventually("the database is being made", || world.control.calls().of("rds.CreateDBInstance") == 1);
    run.kill().expect("the run can be killed");
    ended(run);
    assert!(is_locked(&world), "a dead run gives nothing back");
    world.provision(&["apply", "--auto-approve"]).exits(3).says(&[
        "locked by `apply` of somebody",
        "--lock-timeout",
        "state unlock",
        "its process runs here no more",
    ]);
    let plan = world.provision(&["plan"]).exits(0);
    assert!(!plan.err.contains("is at work"), "{}", plan.err);
    plan.says(&["still has the lock of this state, and its process runs here no more"]);
    world.control.settings(json!({}));
    world.provision(&["apply", "--auto-approve", "--lock-timeout", "1m"]).exits(0).says(&["had run out"]);
    assert_eq!(world.control.calls().of("rds.CreateDBInstance"), 1);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn a_run_that_was_stopped_past_its_lock_does_nothing_more_when_it_wakes() {
    let mut world = shared();
    world.set("PROVISION_LEASE", "4s");
    world.control.settings(json!({ "efs_creating": 3600 }));
    let sleeper = world.start(&["apply", "--auto-approve"]);
    eventually("the file system is being made", || world.control.calls().of("efs.CreateFileSystem") == 1);
    signal(&sleeper, "STOP");
    world.control.settings(json!({}));
    world.apply(&["--lock-timeout", "1m"]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    let before = world.control.calls().mutating();
    signal(&sleeper, "CONT");
    ended(sleeper).exits(1).says(&["the lock of s3://", "was lost", "provision apply"]);
    assert_eq!(world.control.calls().mutating(), before, "the sleeper has changed nothing more");
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn an_interrupted_run_gives_the_lock_back_at_once() {
    let world = shared();
    world.control.settings(json!({ "db_creating": 3600 }));
    let run = world.start(&["apply", "--auto-approve"]);
    eventually("the database is being made", || world.control.calls().of("rds.CreateDBInstance") == 1);
    signal(&run, "INT");
    ended(run).exits(130);
    assert!(!is_locked(&world));
    world.control.settings(json!({}));
    world.apply(&[]);
    assert_eq!(world.control.calls().of("rds.CreateDBInstance"), 1);
    world.plans_nothing();
}

#[test]
fn the_lock_of_a_run_that_lives_on_this_machine_is_not_taken_away() {
    let world = shared();
    world.control.settings(json!({ "db_creating": 3600 }));
    let run = world.start(&["apply", "--auto-approve"]);
    eventually("the database is being made", || world.control.calls().of("rds.CreateDBInstance") == 1);
    let id = object(&world)["lease"]["holder"]["id"].as_str().expect("a lock has an id").to_owned();
    let end = format!("kill {}", run.id());
    let refused = world.provision(&["state", "unlock", &id, "--auto-approve"]).exits(3);
    assert!(!refused.err.contains("state unlock"), "{}", refused.err);
    refused.says(&["that run is alive", &end]);
    assert!(is_locked(&world));
    signal(&run, "TERM");
    ended(run).exits(130);
    assert!(!is_locked(&world));
}

#[test]
fn a_lock_is_taken_away_by_its_id() {
    let world = shared();
    world.control.settings(json!({ "db_creating": 3600 }));
    let mut run = world.start(&["apply", "--auto-approve"]);
    eventually("the database is being made", || world.control.calls().of("rds.CreateDBInstance") == 1);
    run.kill().expect("the run can be killed");
    ended(run);
    world.control.settings(json!({}));
    world.provision(&["state", "unlock", "another", "--auto-approve"]).exits(3);
    let id = object(&world)["lease"]["holder"]["id"].as_str().expect("a lock has an id").to_owned();
    world.provision(&["state", "unlock", &id, "--auto-approve"]).exits(0);
    world.apply(&[]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn a_lost_object_is_an_error_and_is_made_again_from_what_aws_has() {
    let world = shared();
    world.cloud.keep_versions(&bucket(&world));
    world.apply(&[]);
    world.plans_nothing();
    world.edit_stack("team: one", "team: two");
    world.apply(&[]);
    assert!(world.cloud.versions(&bucket(&world), KEY) > 4, "each write is a version");
    world.cloud.delete_object(&bucket(&world), KEY);
    // The backup says that there was one.
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["snapshot is missing", "aws s3 cp s3://"]);
    world.cloud.delete_object(&bucket(&world), &format!("{KEY}.backup"));
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["provision state rebuild"]);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0).says(&["14 resources found."]);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.count(), SMALL_STACK);
}

#[test]
fn a_bucket_that_is_not_there_is_said_before_anything_is_done() {
    let mut world = World::small();
    world.set("PROVISION_STATE", "s3://no-such-bucket-of-anybody/shop.json");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "cannot read s3://no-such-bucket-of-anybody/shop.json",
        "s3:GetObject failed: NoSuchBucket",
        "aws s3 mb s3://no-such-bucket-of-anybody --region eu-west-1",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
}
