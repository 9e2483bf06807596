//! Failovers of pairs in the matrix: every fault at every call, the same command again, and never two machines that can write.

use std::collections::BTreeSet;
use std::thread;

use serde_json::json;

use crate::AT_ONCE;
use crate::case::{Bench, Keeps};
use crate::rounds::{self, Account as _, Queues, cases, chosen, steady, upstream};
use crate::world::PAIR;

type Case = rounds::Case<Command>;

/// The commands: with a service that says that it is stopped, and with a machine that has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Command {
    Failover,
    Back,
    Cut,
    Return,
}

const COMMANDS: [Command; 4] = [Command::Failover, Command::Back, Command::Cut, Command::Return];

impl rounds::Command for Command {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Failover | Self::Cut => &["failover", "web", "--auto-approve"],
            Self::Back => &["failover", "web", "--back", "--auto-approve"],
            // The stopped machine cannot be asked how old its copy is.
            Self::Return => &["failover", "web", "--back", "--accept-unknown-lag", "--auto-approve"],
        }
    }
}

impl Command {
    fn is_forth(self) -> bool {
        matches!(self, Self::Failover | Self::Cut)
    }
}

/// An account with a pair.
struct Account {
    bench: Bench,
    a: String,
    b: String,
    open: String,
    closed: String,
    address: String,
}

/// A machine: its state, and its groups.
type Machine = (String, BTreeSet<String>);

impl Account {
    /// A pair whose service says that it is stopped, or one whose machine has to be.
    fn new(upstream: &str, says: bool) -> Self {
        let bench = Bench::new(upstream, Keeps::File);
        let stack = if says { PAIR.to_owned() } else { PAIR.replace(" stop: pair stop,", "") };
        bench.world.write_stack(&stack);
        let ran = bench.start(&["apply", "--auto-approve"], None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let id = |address: &str| bench.world.record(address)["id"].as_str().expect("an id").to_owned();
        let (a, b, address) = (id("aws_instance.a"), id("aws_instance.b"), id("aws_eip.web"));
        let (open, closed) = (id("aws_security_group.web-open"), id("aws_security_group.web-closed"));
        for answer in [
            json!({ "command": "pair lag", "output": "0" }),
            json!({ "command": "pair stop", "serves": false }),
            json!({ "command": "pair stop-copy" }),
            json!({ "command": "pair start", "serves": true }),
        ] {
            bench.world.control.answer(&answer);
        }
        bench.world.control.watch_pair([&a, &b], &open);
        Self { bench, a, b, open, closed, address }
    }

    fn machine(&self, id: &str) -> Machine {
        let cloud = &self.bench.world.cloud;
        let all = cloud.run(cloud.ec2.describe_instances().instance_ids(id).send()).expect("a read");
        let one = all.reservations()[0].instances()[0].clone();
        let groups = one.network_interfaces().iter().flat_map(|one| one.groups());
        let groups = groups.filter_map(|group| group.group_id().map(str::to_owned)).collect();
        (one.state().and_then(|state| state.name()).expect("a state").as_str().to_owned(), groups)
    }

    fn reached(&self) -> Option<String> {
        let cloud = &self.bench.world.cloud;
        let all = cloud.run(cloud.ec2.describe_addresses().allocation_ids(&self.address).send());
        all.expect("a read").addresses()[0].instance_id().map(str::to_owned)
    }
}

impl rounds::Account<Command> for Account {
    type Seen = (Machine, Machine, Option<String>);

    fn bench(&self) -> &Bench {
        &self.bench
    }

    /// Both machines, and the place of the address.
    fn seen(&self) -> Self::Seen {
        (self.machine(&self.a), self.machine(&self.b), self.reached())
    }

    fn always(&self) {
        let seen = self.bench.world.control.pair();
        assert_eq!(seen["violations"], json!([]), "two at once");
        crate::policy::allows(&self.bench.world, &self.bench.proxy.calls());
    }

    fn holds(&self, command: Command) {
        let (to, from) = if command.is_forth() { (&self.b, &self.a) } else { (&self.a, &self.b) };
        assert_eq!(self.machine(to), ("running".to_owned(), [self.open.clone()].into()));
        let (state, groups) = self.machine(from);
        assert_eq!(groups, [self.closed.clone()].into());
        assert_eq!(self.reached().as_ref(), Some(to));
        let seen = self.bench.world.control.pair();
        assert_eq!(seen["serves"][to.as_str()], true);
        assert!(seen["serves"][from.as_str()] != true || state == "stopped", "{seen}");
        let plan = self.bench.start(&["plan", "--detailed-exitcode"], None);
        assert_eq!(plan.code, Some(0), "{}{}", plan.out, plan.err);
    }
}

fn learn(upstream: &str) -> BTreeSet<Case> {
    let accounts = [Account::new(upstream, true), Account::new(upstream, false)];
    let of = |(number, command): (usize, Command)| cases(command, &accounts[number / 2].learn(command));
    COMMANDS.into_iter().enumerate().flat_map(of).collect()
}

#[test]
fn whatever_happens_in_a_failover_the_same_command_ends_it_and_never_two_machines_write() {
    let upstream = upstream();
    let chosen = chosen(&steady(|| learn(&upstream)), (3, 24));
    let queues = Queues::of(&COMMANDS, &chosen);
    thread::scope(|scope| {
        for worker in 0..AT_ONCE {
            let (upstream, queues) = (&upstream, &queues);
            scope.spawn(move || {
                // Half of them begin with each of the two sorts of pairs, and go on with the other.
                for says in [worker % 2 == 0, worker % 2 == 1] {
                    work(upstream, says, queues);
                }
            });
        }
    });
    queues.end();
}

/// Goes there and back in one account after the other, with one fault in each, until there are no cases left.
fn work(upstream: &str, says: bool, queues: &Queues<Command>) {
    let commands = if says { [Command::Failover, Command::Back] } else { [Command::Cut, Command::Return] };
    loop {
        let round = queues.next(&commands);
        if round.iter().all(|(_, case)| case.is_none()) {
            return;
        }
        // A second failover in the same account would be the way back.
        queues.go(&round, || Account::new(upstream, says), |_, _| {});
    }
}
