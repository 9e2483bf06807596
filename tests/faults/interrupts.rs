//! Runs that are asked to stop, lose their terminal, or lose the reader of what they print: AWS's work is recorded, and the
//! same command carries on.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::case::{Bench, Keeps, SOON, Scenario};
use crate::fault::Fault;
use crate::operation::Operation;
use crate::program::{Ended, Program};
use crate::proxy::{Site, Trigger};
use crate::world::{endpoint, eventually, signal};

/// The exit code of a run that was interrupted.
const INTERRUPTED: Option<i32> = Some(130);

pub fn bench() -> Bench {
    Bench::new(endpoint().trim_start_matches("http://").trim_end_matches('/'), Keeps::File)
}

/// `rds.CreateDBInstance`
fn operation(name: &str) -> Operation {
    let (service, name) = name.split_once('.').expect("a service and a name");
    Operation { service: service.to_owned(), name: name.to_owned() }
}

/// The first call of an operation.
pub fn first(name: &str) -> Trigger {
    Trigger::Site(Site { operation: operation(name), nth: 1 })
}

/// Every call of an operation.
fn every(name: &str) -> Trigger {
    Trigger::Every(operation(name))
}

/// Carries on after an apply that did not end well, and holds that nothing was lost.
pub fn carries_on(bench: &Bench) {
    let again = bench.run(Scenario::Apply, None);
    assert_eq!(again.code, Some(0), "{}", again.err);
    bench.holds(Scenario::Apply);
}

/// Starts an apply, has it interrupted by what `stop` does once the call has gone wrong, and carries on.
fn stops_soon(trigger: Trigger, fault: Fault, stop: impl FnOnce(&Program)) -> Duration {
    let bench = bench();
    let asks = bench.proxy.arm(Some((trigger, fault)));
    let program = Program::start(bench.world.command(&bench.prepare(Scenario::Apply)));
    bench.proxy.has_happened();
    let asked = Instant::now();
    stop(&program);
    let ended = program.end(&asks);
    let took = asked.elapsed();
    bench.proxy.let_go();
    bench.proxy.settle();
    bench.keeps_to_the_rules(&ended);
    assert_eq!(ended.code, INTERRUPTED, "{}", ended.err);
    assert!(took < SOON, "it took {took:?} to stop: {}", ended.err);
    carries_on(&bench);
    took
}

#[test]
fn a_call_that_hangs_does_not_hold_up_a_run_that_is_to_end() {
    for name in ["INT", "TERM", "HUP"] {
        stops_soon(first("rds.CreateDBInstance"), Fault::Withheld, |program| signal(&program.child, name));
    }
}

#[test]
fn a_read_that_hangs_does_not_hold_it_up_either() {
    for read in ["ec2.DescribeVpcs", "rds.DescribeDBSubnetGroups"] {
        stops_soon(first(read), Fault::Withheld, |program| signal(&program.child, "INT"));
    }
}

#[test]
fn a_run_that_is_throttled_for_ever_can_be_stopped() {
    stops_soon(every("efs.CreateFileSystem"), Fault::Throttled, |program| signal(&program.child, "INT"));
}

#[test]
fn a_second_ctrl_c_ends_a_run_at_once_and_loses_nothing() {
    let took = stops_soon(first("rds.CreateDBInstance"), Fault::Withheld, |program| {
        // The first may not have been seen when the second comes, so there are more of them.
        let pid = program.child.id().to_string();
        eventually("the run is over", || {
            Command::new("kill").args(["-INT", &pid]).output().expect("kill can be run");
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            state.rsplit(") ").next().is_none_or(|state| state.starts_with('Z') || state.is_empty())
        });
    });
    assert!(took < Duration::from_secs(2), "it took {took:?}");
}

#[test]
fn a_read_that_is_throttled_for_ever_ends_the_run_and_is_named() {
    let bench = bench();
    let ended = bench.run(Scenario::Apply, Some((every("ec2.DescribeVpcs"), Fault::Throttled)));
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("ec2:DescribeVpcs"), "{}", ended.err);
    carries_on(&bench);
}

#[test]
fn a_terminal_that_is_closed_ends_a_run_in_order() {
    let bench = bench();
    let _asks = bench.proxy.arm(Some((first("rds.CreateDBInstance"), Fault::Withheld)));
    let command = bench.world.command(&["apply", "--auto-approve"]);
    let mut terminal = Command::new("python3");
    terminal
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/closed_terminal.py"))
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(bench.world.folder.path())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut terminal = terminal.spawn().expect("python3 can be run");
    bench.proxy.has_happened();
    let closed = Instant::now();
    drop(terminal.stdin.take());
    let mut code = String::new();
    let out = terminal.stdout.as_mut().expect("it is piped");
    out.read_to_string(&mut code).expect("it says how the run ended");
    assert!(terminal.wait().expect("it ends").success());
    assert_eq!(code.trim(), "130");
    assert!(closed.elapsed() < SOON, "it took {:?} to stop", closed.elapsed());
    bench.proxy.let_go();
    bench.proxy.settle();
    bench.trip_wire();
    carries_on(&bench);
}

/// A pipe whose reader is gone.
fn nobody() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    let full: File = OpenOptions::new().write(true).open("/dev/full").expect("Linux has a full device");
    full.into()
}

/// Runs to the end with standard output and standard error as they are.
fn run_into(bench: &Bench, arguments: &[&str], out: Stdio, err: Stdio) -> Option<i32> {
    let _asks = bench.proxy.arm(None);
    let mut command = bench.world.command(arguments);
    let status = command.stdout(out).stderr(err).status().expect("the program can be run");
    bench.proxy.settle();
    bench.trip_wire();
    status.code()
}

#[test]
fn results_that_cannot_be_delivered_are_a_failure_of_work_that_was_done() {
    for nowhere in [nobody as fn() -> Stdio, full] {
        for more in [&["-vv"][..], &["--json"]] {
            let bench = bench();
            let arguments = |command| [&[command, "--auto-approve"], more].concat();
            bench.prepare(Scenario::Apply);
            assert_eq!(run_into(&bench, &arguments("apply"), nowhere(), Stdio::null()), Some(1));
            bench.holds(Scenario::Apply);
            assert_eq!(run_into(&bench, &arguments("destroy"), nowhere(), Stdio::null()), Some(1));
            bench.holds(Scenario::Destroy);
        }
    }
}

#[test]
fn progress_that_nobody_reads_does_not_matter() {
    for nowhere in [nobody as fn() -> Stdio, full] {
        let bench = bench();
        let arguments = bench.prepare(Scenario::Apply);
        assert_eq!(run_into(&bench, &arguments, Stdio::null(), nowhere()), Some(0));
        bench.holds(Scenario::Apply);
        let arguments = bench.prepare(Scenario::Destroy);
        assert_eq!(run_into(&bench, &arguments, Stdio::null(), nowhere()), Some(0));
        bench.holds(Scenario::Destroy);
    }
}

#[test]
fn what_was_drifting_and_cannot_be_told_is_recorded_all_the_same() {
    let bench = bench();
    carries_on(&bench);
    let arguments = ["apply", "--refresh-only", "--auto-approve", "--json"];
    for nowhere in [nobody as fn() -> Stdio, full] {
        assert_eq!(run_into(&bench, &arguments, nowhere(), Stdio::null()), Some(1));
    }
    let Ended { code, out, .. } = bench.start(&arguments, None);
    assert_eq!(code, Some(0), "{out}");
    bench.holds(Scenario::Apply);
}
