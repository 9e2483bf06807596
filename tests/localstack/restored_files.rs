//! Restores of file systems by AWS Backup: beside the one that serves, its place in the stack, the way back, and into a folder.

use serde_json::{Value, json};

use crate::world::{Ran, World, ended, eventually};

const FILES: &str = "aws_efs_file_system.files";
const STACK: &str = "\
stack: shop
file_systems:
  files:
    security_group: shop-files
    enforce_tls: true
    lifecycle: { transition_to_ia: AFTER_30_DAYS }
    access_points: { git: { uid: 998 } }
";

fn world() -> World {
    let world = World::small();
    world.write_stack(STACK);
    world.apply(&[]);
    let arn = world.cloud.file_system().file_system_arn.expect("an ARN");
    world.control.recovery_point(&arn, 5.0);
    world.control.recovery_point(&arn, 1.0);
    world
}

fn restore(world: &World, more: &[&str]) -> Ran {
    world.provision(&[&["restore", "files", "--auto-approve"], more].concat())
}

fn recorded(world: &World) -> Value {
    let text = std::fs::read_to_string(world.path("state/shop.json")).expect("a state");
    let state: Value = serde_json::from_str(&text).expect("JSON");
    state["procedures"][FILES]["restore"].clone()
}

/// The ids of all file systems.
fn file_systems(world: &World) -> Vec<String> {
    let all = world.cloud.run(world.cloud.efs.describe_file_systems().send()).expect("a read");
    all.file_systems().iter().map(|one| one.file_system_id.clone()).collect()
}

fn id(world: &World) -> String {
    world.record(FILES)["id"].as_str().expect("an id").to_owned()
}

fn targets(world: &World, file_system: &str) -> usize {
    let call = world.cloud.efs.describe_mount_targets().file_system_id(file_system);
    world.cloud.run(call.send()).expect("a read").mount_targets().len()
}

/// Starts a run with every call slow, and kills it when the emulator has seen this call.
fn killed(world: &World, arguments: &[&str], operation: &str) {
    world.control.settings(json!({ "latency": 0.3 }));
    world.control.forget_calls();
    let mut child = world.start(arguments);
    eventually("the call is seen", || {
        world.control.log().iter().any(|call| call == operation)
            || child.try_wait().expect("a process").is_some()
    });
    let _ = child.kill();
    drop(ended(child));
    world.control.settings(json!({}));
    eventually("the calls have ended", || world.control.at_work() == 0);
}

#[test]
fn a_restored_file_system_stands_beside_with_all_parts_and_takes_the_place_when_told() {
    let world = world();
    let before = id(&world);
    restore(&world, &["--latest", "--plan"])
        .exits(0)
        .says(&["a new file system", "delete-backup-vault-access-policy"]);
    assert_eq!(recorded(&world), Value::Null);
    restore(&world, &["--latest"]).exits(0).says(&["stands beside", "provision restore files --switch"]);
    let all = file_systems(&world);
    let new = all.iter().find(|one| **one != before).expect("a new one").clone();
    assert_eq!((all.len(), targets(&world, &new)), (2, 3));
    assert_eq!(id(&world), before);
    world.plans_nothing();
    restore(&world, &["--latest"]).exits(1).says(&["was restored as it was at", "--switch", "--forget"]);
    restore(&world, &["--switch"]).exits(0).says(&[
        "is the stack's now",
        "provision render --check",
        "--switch --back",
    ]);
    assert_eq!(id(&world), new);
    world.plans_nothing();
    let points = world.provision(&["output", "nfs_dns_name"]).exits(0).out;
    assert!(points.starts_with(&new), "{points}");
    restore(&world, &["--switch", "--back"]).exits(0);
    assert_eq!(id(&world), before);
    world.plans_nothing();
    restore(&world, &["--forget"]).exits(0).says(&[
        "aws efs delete-mount-target",
        "aws efs delete-file-system",
        &new,
    ]);
    world.plans_nothing();
    assert_eq!(file_systems(&world).len(), 2);
}

#[test]
fn files_come_into_a_folder_of_the_same_file_system_when_that_is_asked_for() {
    let world = world();
    restore(&world, &["--latest", "--into-folder"]).exits(0).says(&["aws-backup-restore_"]);
    assert_eq!(file_systems(&world).len(), 1);
    world.plans_nothing();
    restore(&world, &["--switch"]).exits(1).says(&["was restored"]);
    restore(&world, &["--latest", "--into-folder"]).exits(0);
}

#[test]
fn what_cannot_be_restored_is_refused_with_the_reason() {
    let world = world();
    world.control.forget_calls();
    restore(&world, &["--to-time", "2026-11-27T04:00:00Z"]).exits(1).says(&["no moments", "--latest"]);
    restore(&world, &["--snapshot", "arn:aws:backup:eu-west-1:123456789012:recovery-point:none"])
        .exits(1)
        .says(&["no recovery point", "aws backup list-recovery-points-by-resource"]);
    restore(&world, &["--switch"]).exits(1).says(&["nothing was restored beside files"]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.control.refuse("backup.StartRestoreJob", "AccessDeniedException", 403, "the vault denies it");
    restore(&world, &["--latest"]).exits(1).says(&["AccessDeniedException"]);
    assert_eq!(recorded(&world), Value::Null);
    let point = restore(&world, &["--latest", "--plan", "--json"]).exits(0).json();
    assert_eq!(point["command"], "restore");
}

#[test]
fn a_job_that_fails_is_told_and_nothing_is_recorded_of_it() {
    let world = world();
    let arn = world.cloud.file_system().file_system_arn.expect("an ARN");
    let point = world.control.recovery_point(&arn, 0.5);
    world.control.refuse_upgrade(&point, "no room");
    restore(&world, &["--latest"]).exits(1).says(&["FAILED: no room"]);
    assert_eq!(recorded(&world), Value::Null);
    restore(&world, &["--snapshot", &point]).exits(0);
}

#[test]
fn a_restore_and_an_exchange_that_are_killed_at_any_call_are_gone_on_with() {
    let world = world();
    for operation in
        ["backup.StartRestoreJob", "efs.TagResource", "efs.CreateMountTarget", "efs.CreateAccessPoint"]
    {
        killed(&world, &["restore", "files", "--latest", "--auto-approve"], operation);
        if recorded(&world)["finished"].is_null() {
            world
                .provision(&["plan"])
                .exits(0)
                .says(&["is being restored", "provision restore files --latest"]);
        }
    }
    if recorded(&world)["finished"].is_null() {
        restore(&world, &["--latest"]).exits(0);
    }
    let old = id(&world);
    assert_eq!(file_systems(&world).len(), 2);
    for _ in 0..3 {
        killed(&world, &["restore", "files", "--switch", "--auto-approve"], "efs.TagResource");
        if recorded(&world)["finished"].is_null() {
            world.provision(&["apply", "--auto-approve"]);
        }
    }
    if id(&world) == old {
        restore(&world, &["--switch"]).exits(0);
    }
    let new = id(&world);
    assert_eq!((targets(&world, &new), targets(&world, &old), file_systems(&world).len()), (3, 3, 2));
    world.plans_nothing();
}

#[test]
fn the_answers_of_a_restore_may_be_lost() {
    let world = world();
    for operation in ["backup.StartRestoreJob", "efs.CreateMountTarget", "efs.CreateAccessPoint"] {
        world.control.lose_answer(operation);
    }
    restore(&world, &["--latest"]).exits(0);
    restore(&world, &["--switch"]).exits(0);
    assert_eq!(file_systems(&world).len(), 2);
    world.plans_nothing();
}

#[test]
fn the_waits_of_aws_backup_are_waited_for() {
    let world = world();
    world.control.settings(json!({ "backup_restoring": 1.0, "mount_target_creating": 0.5 }));
    restore(&world, &["--latest"]).exits(0).says(&["the restore job is RUNNING, 40.00%"]);
    world.control.settings(json!({}));
    world.plans_nothing();
}
