//! A disk that breaks while AWS acts: nothing is lost, and the last word is about the disk. Needs strace.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::world::{NOTHING, Ran, SMALL_STACK, World, ended};

/// Runs the binary on a disk that answers every sync of data with an error from the n-th on.
fn on_a_disk_that_breaks(world: &World, from: usize, arguments: &[&str]) -> Ran {
    let plain = world.command(arguments);
    let mut traced = Command::new("strace");
    traced
        .args(["-f", "-qq", "-o", "/dev/null", "--trace=fdatasync"])
        .arg(format!("--inject=fdatasync:error=EIO:when={from}+"))
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(world.folder.path())
        .env_clear()
        .envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    ended(traced.spawn().expect("strace can be run"))
}

/// Holds that the run failed, and that the disk is what it spoke of last.
#[track_caller]
fn spoke_of_the_disk_last(ran: &Ran) {
    assert_eq!(ran.code, 1, "{ran:?}");
    let last = ran.err.rfind("error:").map(|at| &ran.err[at..]).unwrap_or_default();
    let flat = last.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["shop.json.journal", "Input/output error", "hint:", "run the same command again"] {
        assert!(flat.contains(words), "`{words}` is not in:\n{}", ran.err);
    }
}

#[test]
fn a_disk_that_breaks_while_aws_acts_is_said_last_and_the_next_run_recovers() {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: strace is not installed");
        return;
    }
    for from in [1, 2, 4, 7] {
        let world = World::small();
        world.control.settings(json!({ "db_creating": 0.2 }));
        let network = world.cloud.network();
        let broken = on_a_disk_that_breaks(&world, from, &["apply", "--auto-approve"]);
        spoke_of_the_disk_last(&broken);
        assert!(world.path("state/shop.json.journal").exists(), "the journal is kept");
        let (database, file_system) = (world.cloud.database_id(), world.cloud.file_systems().pop());
        world.apply(&[]);
        assert_eq!(world.cloud.count(), SMALL_STACK, "broken from sync {from} on: exactly one of each");
        if database.is_some() {
            assert_eq!(world.cloud.database_id(), database, "the database was made anew");
        }
        if let Some(before) = file_system {
            assert_eq!(world.cloud.file_system().file_system_id(), before.file_system_id());
        }
        world.plans_nothing();
        spoke_of_the_disk_last(&on_a_disk_that_breaks(&world, from, &["destroy", "--auto-approve"]));
        world.destroy();
        assert_eq!((world.cloud.count(), world.cloud.network()), (NOTHING, network));
    }
}
