//! Procedures in the matrix: every fault at every call of a drill, of restores and exchanges, and of upgrades, and the same command again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use crate::case::{Bench, Keeps};
use crate::fault::{ALL, Fault};
use crate::operation::Operation;
use crate::program::Ended;
use crate::proxy::{Heard, Site, Trigger};
use crate::world::SMALL;
use crate::{AT_ONCE, READS, text_of};

/// The commands, in the order in which one account goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Command {
    Drill,
    Restore,
    Switch,
    /// By a copy, from 16.9 to 16.10; then in place to 17.
    Copy,
    TakeOver,
    Upgrade,
    /// Of a file system.
    Files,
    FilesSwitch,
}

const COMMANDS: [Command; 8] = [
    Command::Drill,
    Command::Restore,
    Command::Switch,
    Command::Copy,
    Command::TakeOver,
    Command::Upgrade,
    Command::Files,
    Command::FilesSwitch,
];

/// The stack at the beginning: a database whose password is the author's, of which RDS makes a copy.
fn stack() -> String {
    let version = "  records:\n    engine_version: \"16.9\"\n    password: env:PASSWORD\n    parameters: { work_mem: \"65536\" }\n";
    SMALL.replace("  records:\n", version)
}

impl Command {
    /// The commands that go on with each other have the same number.
    fn together(self) -> usize {
        match self {
            Self::Drill => 0,
            Self::Restore | Self::Switch => 1,
            Self::Copy | Self::TakeOver => 2,
            Self::Upgrade => 3,
            Self::Files | Self::FilesSwitch => 4,
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Drill => &["drill", "records", "--auto-approve"],
            Self::Restore => &["restore", "records", "--latest", "--auto-approve"],
            Self::Switch => &["restore", "records", "--switch", "--auto-approve"],
            Self::Copy => &["upgrade", "records", "--to", "16.10", "--blue-green", "--auto-approve"],
            Self::TakeOver => &["upgrade", "records", "--switch", "--auto-approve"],
            Self::Upgrade => &["upgrade", "records", "--to", "17", "--auto-approve"],
            Self::Files => &["restore", "files", "--latest", "--auto-approve"],
            Self::FilesSwitch => &["restore", "files", "--switch", "--auto-approve"],
        }
    }
}

/// One fault at one call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    command: Command,
    site: Site,
    fault: Fault,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, site, fault } = self;
        let command = format!("{command:?}").to_lowercase();
        write!(f, "{command}/{}#{}/{}", site.operation, site.nth, fault.name())
    }
}

/// An account with a database, which goes through the commands.
struct Account(Bench);

impl Account {
    fn new(upstream: &str) -> Self {
        let bench = Bench::new(upstream, Keeps::File);
        bench.world.write_stack(&stack());
        let ran = bench.start(&["apply", "--auto-approve"], None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let arn = bench.world.cloud.file_system().file_system_arn.expect("it has one");
        bench.world.control.recovery_point(&arn, 1.0);
        Self(bench)
    }

    fn run(&self, command: Command, fault: Option<(Trigger, Fault)>) -> Ended {
        self.0.start(command.arguments(), fault)
    }

    fn names(&self) -> Vec<String> {
        let all = self.0.world.cloud.databases();
        let mut names: Vec<String> = all.into_iter().filter_map(|one| one.db_instance_identifier).collect();
        names.sort();
        names
    }

    /// Carries a command out without a fault: the calls that it makes.
    fn learn(&self, command: Command) -> Vec<Heard> {
        let ran = self.run(command, None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let heard = self.0.proxy.heard();
        self.holds(command);
        heard
    }

    /// Carries a command out with one fault, and with the same command again until it is done.
    fn survive(&self, case: &Case) {
        let first = self.run(case.command, Some((Trigger::Site(case.site.clone()), case.fault)));
        let mut last = first.code;
        for _ in 0..3 {
            if last == Some(0) {
                break;
            }
            // An apply tells of it, and does not get in its way.
            let before = self.names();
            let applied = self.0.start(&["apply", "--auto-approve"], None);
            assert!(matches!(applied.code, Some(0 | 1)), "{}", applied.err);
            assert_eq!(self.names(), before, "an apply meanwhile");
            let again = self.run(case.command, None);
            last = again.code;
            if last != Some(0) {
                println!("{case}: {}", again.err);
            }
        }
        assert_eq!(last, Some(0), "{}", first.err);
        self.holds(case.command);
    }

    /// Checks what must be true after a command, however it went.
    fn holds(&self, command: Command) {
        let names = self.names();
        let begin: &[&str] = match command {
            Command::Drill | Command::Upgrade | Command::Files | Command::FilesSwitch => &["records"],
            Command::Copy => &["records", "records-green-"],
            Command::TakeOver => &["records", "records-old1"],
            Command::Restore => &["records", "records-restored-"],
            Command::Switch => &["records", "records-old-"],
        };
        let fits = names.len() == begin.len()
            && names.iter().zip(begin).all(|(name, begin)| name.starts_with(begin));
        assert!(fits, "{names:?}");
        assert_eq!(names[0], "records");
        if command == Command::Upgrade {
            self.0.world.edit_stack("engine_version: \"16.9\"", "engine_version: \"17\"");
        }
        let all = &self.0.world.cloud;
        let files = all.run(all.efs.describe_file_systems().send()).expect("a read").file_systems().len();
        let is_restored = matches!(command, Command::Files | Command::FilesSwitch);
        assert_eq!(files, if is_restored { 2 } else { 1 });
        let plan = self.0.start(&["plan", "--detailed-exitcode"], None);
        assert_eq!(plan.code, Some(0), "{}{}", plan.out, plan.err);
    }

    /// Takes the database away that a command keeps, for the next one.
    fn clean(&self, after: Command) {
        let command = match after {
            Command::Switch => "restore",
            Command::TakeOver => "upgrade",
            _ => return,
        };
        let ran = self.0.start(&[command, "records", "--forget", "--auto-approve"], None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let cloud = &self.0.world.cloud;
        for name in self.names().into_iter().filter(|name| name != "records") {
            let delete =
                cloud.rds.delete_db_instance().db_instance_identifier(name).skip_final_snapshot(true);
            cloud.run(delete.send()).expect("it can be deleted");
        }
        assert_eq!(self.names(), ["records"]);
    }
}

fn learn(upstream: &str) -> Vec<Case> {
    let learned = || {
        let account = Account::new(upstream);
        let cases = COMMANDS.into_iter().flat_map(|command| {
            let run = account.learn(command);
            account.clean(command);
            let mut counts: BTreeMap<Operation, usize> = BTreeMap::new();
            let mut cases = Vec::new();
            for (place, Heard { call, .. }) in run.iter().enumerate() {
                let nth = counts.entry(call.operation.clone()).or_default();
                *nth += 1;
                if call.is_mutating() || *nth <= READS {
                    let site = Site { operation: call.operation.clone(), nth: *nth };
                    let faults = ALL.iter().filter(|fault| fault.fits(&run, place));
                    cases.extend(faults.map(|fault| Case { command, site: site.clone(), fault: *fault }));
                }
            }
            cases
        });
        cases.collect::<BTreeSet<_>>()
    };
    learned().intersection(&learned()).cloned().collect()
}

fn choose(all: &[Case]) -> Vec<Case> {
    if let Ok(names) = std::env::var("PROVISION_FAULT_CASE") {
        let is_named = |case: &&Case| names.split(',').any(|name| case.to_string().contains(name));
        return all.iter().filter(is_named).cloned().collect();
    }
    match std::env::var("PROVISION_FAULT_CASES").as_deref() {
        Ok("all") => all.to_vec(),
        _ => all.iter().skip(2).step_by(6).cloned().collect(),
    }
}

#[test]
fn whatever_happens_in_a_procedure_the_same_command_ends_it_and_no_database_is_lost_or_doubled() {
    let upstream = crate::world::endpoint().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let all = learn(&upstream);
    let chosen = choose(&all);
    println!("{} cases, {} of them chosen", all.len(), chosen.len());
    let of = |command| chosen.iter().filter(|case| case.command == command).cloned().collect::<VecDeque<_>>();
    let queues: BTreeMap<Command, Mutex<VecDeque<Case>>> =
        COMMANDS.into_iter().map(|command| (command, Mutex::new(of(command)))).collect();
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&upstream, &queues, &failed));
        }
    });
    let failed: Vec<String> = failed.into_inner().expect("no thread panics while it holds the lock");
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n\n"));
}

/// Goes through the commands in one account after the other, with one fault in each, until there are no cases left.
fn work(upstream: &str, queues: &BTreeMap<Command, Mutex<VecDeque<Case>>>, failed: &Mutex<Vec<String>>) {
    let lock = "no thread panics while it holds the lock";
    let mut account = Account::new(upstream);
    loop {
        let next = |command: &Command| queues[command].lock().expect(lock).pop_front();
        let mut round: Vec<(Command, Option<Case>)> =
            COMMANDS.into_iter().map(|command| (command, next(&command))).collect();
        let with_cases: BTreeSet<usize> =
            round.iter().filter(|(_, case)| case.is_some()).map(|(command, _)| command.together()).collect();
        round.retain(|(command, _)| with_cases.contains(&command.together()));
        if round.is_empty() {
            return;
        }
        let begun = std::time::Instant::now();
        let mut name = String::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for (command, case) in &round {
                name =
                    case.as_ref().map_or_else(|| format!("{command:?} without a fault"), ToString::to_string);
                match case {
                    Some(case) => account.survive(case),
                    None => drop(account.learn(*command)),
                }
                account.clean(*command);
                println!("{:6.1} s  ok  {name}", begun.elapsed().as_secs_f32());
            }
        }));
        if let Err(cause) = outcome {
            let cause = text_of(cause.as_ref());
            println!("{:6.1} s  FAILED  {name}", begun.elapsed().as_secs_f32());
            failed.lock().expect(lock).push(format!("{name}\n{cause}"));
        }
        // No upgrade is undone: the next round has a database of its own.
        account = Account::new(upstream);
    }
}
