//! The state while everything around it fails: the program is killed, or told of a broken disk, at every system call
//! of a command that changes the state. Needs strace; without it these tests say that they were skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use futures_util::FutureExt;
use provision::engine::address::Address;
use provision::engine::document::Document;
use provision::engine::resource::Id;
use provision::engine::state::{Edit, Record, State, Store};
use tempfile::TempDir;

const OLD: &str = "aws_security_group.before";
const NEW: &str = "aws_security_group.after";
/// The system calls that touch files, besides reads.
const CALLS: [&str; 12] = [
    "openat",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "ftruncate",
    "flock",
];

/// A folder with a state of one resource.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let place = Self { folder };
        std::fs::write(place.path("provision.yaml"), "stack: shop\nfile_systems: { files: {} }\n")
            .expect("the folder can be written");
        let fresh = || State::new("shop", "lineage".to_owned(), "123456789012", "eu-west-1");
        let store = Store::local(place.state());
        let writing = async {
            let mut writer = store.open("test", Duration::ZERO, fresh).await.expect("nobody holds it");
            for address in [OLD, "aws_vpc.network"] {
                let record = Record::watched(Id::new("id-1"), Document::new());
                writer.edit(Edit::Put { address: at(address), record });
            }
            writer.close().await.expect("the disk is whole");
        };
        // A file that no one else holds needs no waiting.
        writing.now_or_never().expect("it is written at once");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn state(&self) -> PathBuf {
        self.path("shop.json")
    }

    /// `state move`, which is the whole way of a change: lock, journal, snapshot, backup.
    fn move_it(&self, tracer: Option<(&Path, &[String])>) -> Output {
        let binary = env!("CARGO_BIN_EXE_provision");
        let mut command = match tracer {
            None => Command::new(binary),
            Some((log, options)) => {
                let mut strace = Command::new("strace");
                strace.args(["-f", "-qq", "-o"]).arg(log).args(options).arg(binary);
                strace
            }
        };
        command.args(["state", "move", OLD, NEW, "--auto-approve", "--state"]).arg(self.state());
        self.output(&mut command)
    }

    fn list(&self) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        self.output(command.args(["state", "list", "--state"]).arg(self.state()))
    }

    fn output(&self, command: &mut Command) -> Output {
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stdin(Stdio::null()).output().expect("the command can be run")
    }
}

fn at(address: &str) -> Address {
    address.parse().expect("a valid address")
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("-V").output().is_ok_and(|output| output.status.success())
}

/// The number of times each call is made in a run that nothing disturbs.
fn counts() -> BTreeMap<&'static str, usize> {
    let place = Place::new();
    let log = place.path("calls");
    let traced = [format!("--trace={}", CALLS.join(","))];
    let output = place.move_it(Some((&log, &traced)));
    assert!(output.status.success(), "{output:?}");
    let text = std::fs::read_to_string(log).expect("strace wrote it");
    let of = |call: &str| text.lines().filter(|line| line.contains(&format!(" {call}("))).count();
    CALLS.into_iter().map(|call| (call, of(call))).filter(|(_, count)| *count > 0).collect()
}

/// Tells which of the two states it is; anything else is a failure.
#[track_caller]
fn seen(place: &Place, what: &str) -> &'static str {
    let output = place.list();
    assert!(output.status.success(), "{what}: {output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match text.as_str() {
        "aws_security_group.after\naws_vpc.network\n" => NEW,
        "aws_security_group.before\naws_vpc.network\n" => OLD,
        other => panic!("{what}: neither the old nor the new state: {other}"),
    }
}

/// Disturbs the n-th call of each kind, for every n, and holds that the state stays whole and the rerun ends well.
fn disturb(how: &str, judge: impl Fn(&Output, &str, &str)) {
    if !is_there("strace") {
        eprintln!("SKIPPED: strace is not installed");
        return;
    }
    let mut cases = 0;
    for (call, count) in counts() {
        for n in 1..=count {
            let what = format!("{how} at {call} number {n}");
            let place = Place::new();
            let options = [format!("--trace={call}"), format!("--inject={call}:{how}:when={n}")];
            let output = place.move_it(Some((&place.path("calls"), &options)));
            judge(&output, seen(&place, &what), &what);
            if seen(&place, &what) == OLD {
                let again = place.move_it(None);
                assert!(again.status.success(), "{what}: {again:?}");
            }
            assert_eq!(seen(&place, &what), NEW);
            cases += 1;
        }
    }
    println!("{cases} cases: {how}");
    assert!(cases > 20, "the calls of a whole change are traced");
}

#[test]
fn killed_at_any_call_the_state_is_the_old_or_the_new_one() {
    disturb("signal=SIGKILL", |output, _, what| {
        assert!(!output.status.success(), "{what}: it was killed");
    });
}

#[test]
fn a_broken_disk_is_an_error_and_never_a_damaged_state() {
    disturb("error=EIO", told);
}

#[test]
fn a_full_disk_is_an_error_and_never_a_damaged_state() {
    disturb("error=ENOSPC", told);
}

/// Success is only said of what is done, and an error is an error of the program and no panic.
fn told(output: &Output, seen: &str, what: &str) {
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(!err.contains("panicked"), "{what}: {err}");
    match output.status.code() {
        Some(0) => assert_eq!(seen, NEW, "{what}: success is said of what is not there"),
        // A file that the loader of the program itself cannot open ends it with 127, before it begins.
        Some(1 | 3 | 127) => assert!(!err.is_empty(), "{what}: nothing is said"),
        code => panic!("{what}: {code:?}: {err}"),
    }
}
