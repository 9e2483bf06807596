//! Procedures in the matrix: every fault at every call of a drill, of restores and exchanges, and of upgrades, and the same command again.

use std::collections::BTreeSet;
use std::thread;

use crate::AT_ONCE;
use crate::case::{Bench, Keeps};
use crate::rounds::{self, Account as _, Queues, cases, chosen, steady, upstream};
use crate::world::SMALL;

type Case = rounds::Case<Command>;

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
}

impl rounds::Command for Command {
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

    fn names(&self) -> Vec<String> {
        let all = self.0.world.cloud.databases();
        let mut names: Vec<String> = all.into_iter().filter_map(|one| one.db_instance_identifier).collect();
        names.sort();
        names
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

impl rounds::Account<Command> for Account {
    type Seen = Vec<String>;

    fn bench(&self) -> &Bench {
        &self.0
    }

    fn seen(&self) -> Vec<String> {
        self.names()
    }

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
}

fn learn(upstream: &str) -> BTreeSet<Case> {
    let account = Account::new(upstream);
    let of = |command| {
        let run = account.learn(command);
        account.clean(command);
        cases(command, &run)
    };
    COMMANDS.into_iter().flat_map(of).collect()
}

#[test]
fn whatever_happens_in_a_procedure_the_same_command_ends_it_and_no_database_is_lost_or_doubled() {
    let upstream = upstream();
    let chosen = chosen(&steady(|| learn(&upstream)), (2, 12));
    let queues = Queues::of(&COMMANDS, &chosen);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&upstream, &queues));
        }
    });
    queues.end();
}

/// Goes through the commands in one account after the other, with one fault in each, until there are no cases left.
fn work(upstream: &str, queues: &Queues<Command>) {
    loop {
        let mut round = queues.next(&COMMANDS);
        let with_cases: BTreeSet<usize> =
            round.iter().filter(|(_, case)| case.is_some()).map(|(command, _)| command.together()).collect();
        round.retain(|(command, _)| with_cases.contains(&command.together()));
        if round.is_empty() {
            return;
        }
        // No upgrade is undone: each round has a database of its own.
        queues.go(&round, || Account::new(upstream), Account::clean);
    }
}
