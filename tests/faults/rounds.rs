//! Cases of commands that go through an account one after the other: one fault at one call of one command, and the same command again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::{self, Debug};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Instant;

use crate::case::Bench;
use crate::fault::{ALL, Fault};
use crate::operation::Operation;
use crate::program::Ended;
use crate::proxy::{Heard, Site, Trigger};
use crate::{READS, text_of};

/// A command with its options, as one account carries it out.
pub trait Command: Copy + Debug + Ord {
    fn arguments(self) -> &'static [&'static str];
}

/// One fault at one call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case<C> {
    pub command: C,
    pub site: Site,
    pub fault: Fault,
}

impl<C: Debug> fmt::Display for Case<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, site, fault } = self;
        let command = format!("{command:?}").to_lowercase();
        write!(f, "{command}/{}#{}/{}", site.operation, site.nth, fault.name())
    }
}

/// An account with the objects that commands are about.
pub trait Account<C: Command> {
    /// The facts that an apply in the middle of a command must leave as they are.
    type Seen: Debug + PartialEq;

    fn bench(&self) -> &Bench;
    fn seen(&self) -> Self::Seen;
    /// Checks what must be true after a command, however it went.
    fn holds(&self, command: C);
    /// Checks what must be true at any moment.
    fn always(&self) {}

    fn run(&self, command: C, fault: Option<(Trigger, Fault)>) -> Ended {
        let ran = self.bench().start(command.arguments(), fault);
        self.always();
        ran
    }

    /// Carries a command out without a fault: the calls that it makes.
    fn learn(&self, command: C) -> Vec<Heard> {
        let ran = self.run(command, None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let heard = self.bench().proxy.heard();
        self.holds(command);
        heard
    }

    /// Carries a command out with one fault, and with the same command again until it is done.
    fn survive(&self, case: &Case<C>) {
        let first = self.run(case.command, Some((Trigger::Site(case.site.clone()), case.fault)));
        let mut last = first.code;
        for _ in 0..3 {
            if last == Some(0) {
                break;
            }
            // An apply tells of it, and does not get in its way.
            let before = self.seen();
            let applied = self.bench().start(&["apply", "--auto-approve"], None);
            assert!(matches!(applied.code, Some(0 | 1)), "{}", applied.err);
            assert_eq!(self.seen(), before, "an apply meanwhile");
            let again = self.run(case.command, None);
            last = again.code;
            if last != Some(0) {
                println!("{case}: {}", again.err);
            }
        }
        assert_eq!(last, Some(0), "{}", first.err);
        self.holds(case.command);
    }
}

/// The cases of a command that made these calls.
pub fn cases<C: Command>(command: C, run: &[Heard]) -> Vec<Case<C>> {
    let mut counts: BTreeMap<Operation, usize> = BTreeMap::new();
    let mut cases = Vec::new();
    for (place, Heard { call, .. }) in run.iter().enumerate() {
        let nth = counts.entry(call.operation.clone()).or_default();
        *nth += 1;
        if call.is_mutating() || *nth <= READS {
            let site = Site { operation: call.operation.clone(), nth: *nth };
            let faults = ALL.iter().filter(|fault| fault.fits(run, place));
            cases.extend(faults.map(|fault| Case { command, site: site.clone(), fault: *fault }));
        }
    }
    cases
}

/// The cases that come out the same twice: a call that only waits is made as often as the emulator takes.
pub fn steady<C: Command>(learned: impl Fn() -> BTreeSet<Case<C>>) -> Vec<Case<C>> {
    learned().intersection(&learned()).cloned().collect()
}

/// The cases that are named or wanted; otherwise one of so many, from a number on.
pub fn chosen<C: Command>(all: &[Case<C>], (first, of): (usize, usize)) -> Vec<Case<C>> {
    let chosen: Vec<Case<C>> =
        match (std::env::var("PROVISION_FAULT_CASE"), std::env::var("PROVISION_FAULT_CASES")) {
            (Ok(names), _) => {
                let is_named = |case: &&Case<C>| names.split(',').any(|name| case.to_string().contains(name));
                all.iter().filter(is_named).cloned().collect()
            }
            (_, Ok(wanted)) if wanted == "all" => all.to_vec(),
            _ => all.iter().skip(first).step_by(of).cloned().collect(),
        };
    println!("{} cases, {} of them chosen", all.len(), chosen.len());
    chosen
}

/// The cases of each command that are still to be tried, and those that failed.
pub struct Queues<C> {
    waiting: BTreeMap<C, Mutex<VecDeque<Case<C>>>>,
    failed: Mutex<Vec<String>>,
}

/// Each command of a round, with its case where there is one left.
pub type Round<C> = Vec<(C, Option<Case<C>>)>;

const LOCK: &str = "no thread panics while it holds the lock";

impl<C: Command> Queues<C> {
    pub fn of(commands: &[C], chosen: &[Case<C>]) -> Self {
        let of = |command| chosen.iter().filter(|case| case.command == command).cloned().collect();
        let waiting = commands.iter().map(|command| (*command, Mutex::new(of(*command)))).collect();
        Self { waiting, failed: Mutex::default() }
    }

    /// The next case of each of these commands.
    pub fn next(&self, commands: &[C]) -> Round<C> {
        let next = |command: &C| (*command, self.waiting[command].lock().expect(LOCK).pop_front());
        commands.iter().map(next).collect()
    }

    /// Goes through the commands of a round, with a fault in each that has a case, in an account that is made for it.
    pub fn go<A: Account<C>>(&self, round: &Round<C>, account: impl FnOnce() -> A, after: impl Fn(&A, C)) {
        let begun = Instant::now();
        let mut name = String::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let account = account();
            for (command, case) in round {
                name =
                    case.as_ref().map_or_else(|| format!("{command:?} without a fault"), ToString::to_string);
                match case {
                    Some(case) => account.survive(case),
                    None => drop(account.learn(*command)),
                }
                after(&account, *command);
                println!("{:6.1} s  ok  {name}", begun.elapsed().as_secs_f32());
            }
        }));
        if let Err(cause) = outcome {
            let cause = text_of(cause.as_ref());
            println!("{:6.1} s  FAILED  {name}", begun.elapsed().as_secs_f32());
            self.failed.lock().expect(LOCK).push(format!("{name}\n{cause}"));
        }
    }

    /// Fails if any case did.
    pub fn end(self) {
        let failed = self.failed.into_inner().expect(LOCK);
        assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n\n"));
    }
}

/// The emulator as the proxy takes it: host and port.
pub fn upstream() -> String {
    crate::world::endpoint().trim_start_matches("http://").trim_end_matches('/').to_owned()
}
