//! Two runs on one state, one of them in the middle of a call, or suspended in it: one works, and the other one is told.

use std::process::Command;

use crate::case::{Bench, Scenario};
use crate::fault::Fault;
use crate::interrupts::{bench, carries_on, first};
use crate::operation::Call;
use crate::program::{Ended, Program};
use crate::proxy::Proxy;
use crate::world::{endpoint, signal};

/// The exit code of a run that found the state locked.
const LOCKED: Option<i32> = Some(3);

/// The other run, with a proxy of its own, so that its calls can be told from those of the first.
struct Rival {
    proxy: Proxy,
}

impl Rival {
    fn new() -> Self {
        let upstream = endpoint().trim_start_matches("http://").trim_end_matches('/');
        Self { proxy: Proxy::start(upstream).expect("a port is free") }
    }

    fn command(&self, bench: &Bench, arguments: &[&str]) -> Command {
        let mut command = bench.world.command(arguments);
        command.env("AWS_ENDPOINT_URL", format!("http://{}", self.proxy.address));
        command
    }

    /// Runs to the end.
    fn run(&self, bench: &Bench, arguments: &[&str]) -> Ended {
        let asks = self.proxy.arm(None);
        let ended = Program::start(self.command(bench, arguments)).end(&asks);
        bench.keeps_to_the_rules(&ended);
        ended
    }

    /// Holds that it has changed nothing.
    fn changed_nothing(&self) {
        assert!(!self.proxy.calls().iter().any(Call::is_mutating), "it changes nothing");
    }
}

/// An apply whose call has been carried out, and whose answer does not come.
fn in_the_middle(bench: &Bench, operation: &str) -> (Program, std::sync::mpsc::Receiver<crate::proxy::Ask>) {
    let asks = bench.proxy.arm(Some((first(operation), Fault::Withheld)));
    let holder = Program::start(bench.world.command(&bench.prepare(Scenario::Apply)));
    bench.proxy.has_happened();
    (holder, asks)
}

#[test]
fn who_comes_second_changes_nothing_even_while_the_first_is_suspended() {
    for operation in ["ec2.CreateSecurityGroup", "efs.CreateFileSystem", "rds.CreateDBInstance"] {
        let (bench, rival) = (bench(), Rival::new());
        let (holder, asks) = in_the_middle(&bench, operation);
        for suspended in [false, true] {
            if suspended {
                signal(&holder.child, "STOP");
            }
            for command in ["apply", "destroy"] {
                let told = rival.run(&bench, &[command, "--auto-approve"]);
                assert_eq!(told.code, LOCKED, "{}", told.err);
                assert!(told.err.contains(&format!("process {}", holder.child.id())), "{}", told.err);
                rival.changed_nothing();
            }
            // A plan takes no lock. While the first goes on, what it reads of the state and of AWS may not agree.
            let plan = rival.run(&bench, &["plan", "--detailed-exitcode"]);
            let is_told = plan.code == Some(2) || (!suspended && plan.code == Some(1));
            assert!(is_told, "{:?}\n{}\n{}", plan.code, plan.out, plan.err);
            rival.changed_nothing();
        }
        signal(&holder.child, "CONT");
        bench.proxy.let_go();
        let ended = holder.end(&asks);
        bench.keeps_to_the_rules(&ended);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        bench.holds(Scenario::Apply);
    }
}

#[test]
fn who_waits_for_a_run_that_is_suspended_finds_its_work_done() {
    let (bench, rival) = (bench(), Rival::new());
    let (holder, asks) = in_the_middle(&bench, "efs.CreateFileSystem");
    signal(&holder.child, "STOP");
    let rival_asks = rival.proxy.arm(None);
    let arguments = ["apply", "--auto-approve", "--lock-timeout", "100s", "-vv"];
    let waiting = Program::start(rival.command(&bench, &arguments));
    // While the first sleeps, all its connections end: the answer is lost to it.
    bench.proxy.reset_all();
    bench.proxy.let_go();
    bench.proxy.settle();
    signal(&holder.child, "CONT");
    let ended = holder.end(&asks);
    bench.keeps_to_the_rules(&ended);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let ended = waiting.end(&rival_asks);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    rival.changed_nothing();
    bench.holds(Scenario::Apply);
}

#[test]
fn a_run_that_dies_while_it_is_suspended_leaves_no_lock_and_nothing_behind() {
    let bench = bench();
    let (mut holder, _asks) = in_the_middle(&bench, "rds.CreateDBInstance");
    signal(&holder.child, "STOP");
    holder.child.kill().expect("it can be killed");
    holder.child.wait().expect("it ends");
    bench.proxy.let_go();
    bench.proxy.settle();
    let database = bench.source().expect("the server had acted");
    carries_on(&bench);
    assert_eq!(bench.source(), Some(database), "it is the same database");
}

#[test]
fn of_two_that_begin_at_once_one_at_least_does_the_work_and_nothing_is_doubled() {
    let bench = bench();
    let rivals: Vec<Rival> = (0..4).map(|_| Rival::new()).collect();
    bench.prepare(Scenario::Apply);
    let running: Vec<_> = rivals
        .iter()
        .map(|rival| {
            let asks = rival.proxy.arm(None);
            (Program::start(rival.command(&bench, &["apply", "--auto-approve", "-vv"])), asks)
        })
        .collect();
    let codes: Vec<_> = running.into_iter().map(|(program, asks)| program.end(&asks).code).collect();
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert!(codes.iter().all(|code| [Some(0), LOCKED].contains(code)), "{codes:?}");
    bench.holds(Scenario::Apply);
}
