//! Failovers of pairs in the matrix: every fault at every call, the same command again, and never two machines that can write.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use serde_json::json;

use crate::case::{Bench, Keeps};
use crate::fault::{ALL, Fault};
use crate::operation::Operation;
use crate::program::Ended;
use crate::proxy::{Heard, Site, Trigger};
use crate::{AT_ONCE, READS, text_of};

const STACK: &str = "\
stack: shop
security_groups:
  web-open: { ingress: [ { cidr: 0.0.0.0/0, port: 443 } ] }
  web-closed: { ingress: [] }
instances:
  a: { ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }, instance_type: t3.large, zone: eu-west-1a, termination_protection: false }
  b: { ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }, instance_type: t3.large, zone: eu-west-1b, termination_protection: false }
elastic_ips:
  web: {}
pairs:
  web:
    instances: [a, b]
    address: web
    open: web-open
    closed: web-closed
    commands: { lag: pair lag, stop_copy: pair stop-copy, stop: pair stop, start: pair start }
";

/// The commands: with a service that says that it is stopped, and with a machine that has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Command {
    Failover,
    Back,
    Cut,
    Return,
}

const COMMANDS: [Command; 4] = [Command::Failover, Command::Back, Command::Cut, Command::Return];

impl Command {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Failover | Self::Cut => &["failover", "web", "--auto-approve"],
            Self::Back => &["failover", "web", "--back", "--auto-approve"],
            // The stopped machine cannot be asked how old its copy is.
            Self::Return => &["failover", "web", "--back", "--accept-unknown-lag", "--auto-approve"],
        }
    }

    fn is_forth(self) -> bool {
        matches!(self, Self::Failover | Self::Cut)
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
        let stack = if says { STACK.to_owned() } else { STACK.replace(" stop: pair stop,", "") };
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

    /// Both machines, and the place of the address.
    fn seen(&self) -> (Machine, Machine, Option<String>) {
        (self.machine(&self.a), self.machine(&self.b), self.reached())
    }

    fn run(&self, command: Command, fault: Option<(Trigger, Fault)>) -> Ended {
        let ran = self.bench.start(command.arguments(), fault);
        self.never_two();
        ran
    }

    fn never_two(&self) {
        let seen = self.bench.world.control.pair();
        assert_eq!(seen["violations"], json!([]), "two at once");
    }

    /// Carries a command out without a fault: the calls that it makes.
    fn learn(&self, command: Command) -> Vec<Heard> {
        let ran = self.run(command, None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        crate::policy::allows(&self.bench.world, &self.bench.proxy.calls());
        let heard = self.bench.proxy.heard();
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
            let before = self.seen();
            let applied = self.bench.start(&["apply", "--auto-approve"], None);
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

    /// Checks what must be true after a command, however it went.
    fn holds(&self, command: Command) {
        let (to, from) = if command.is_forth() { (&self.b, &self.a) } else { (&self.a, &self.b) };
        assert_eq!(self.machine(to), ("running".to_owned(), [self.open.clone()].into()));
        let (state, groups) = self.machine(from);
        assert_eq!(groups, [self.closed.clone()].into());
        assert_eq!(self.reached().as_ref(), Some(to));
        let seen = self.bench.world.control.pair();
        assert_eq!(seen["serves"][to.as_str()], true);
        assert!(seen["serves"][from.as_str()] != true || state == "stopped", "{seen}");
        self.never_two();
        let plan = self.bench.start(&["plan", "--detailed-exitcode"], None);
        assert_eq!(plan.code, Some(0), "{}{}", plan.out, plan.err);
    }
}

fn learn(upstream: &str) -> Vec<Case> {
    let learned = || {
        let accounts = [Account::new(upstream, true), Account::new(upstream, false)];
        let cases = COMMANDS.into_iter().enumerate().flat_map(|(number, command)| {
            let run = accounts[number / 2].learn(command);
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
        _ => all.iter().skip(3).step_by(12).cloned().collect(),
    }
}

#[test]
fn whatever_happens_in_a_failover_the_same_command_ends_it_and_never_two_machines_write() {
    let upstream = crate::world::endpoint().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let all = learn(&upstream);
    let chosen = choose(&all);
    println!("{} cases, {} of them chosen", all.len(), chosen.len());
    let of = |command| chosen.iter().filter(|case| case.command == command).cloned().collect::<VecDeque<_>>();
    let queues: BTreeMap<Command, Mutex<VecDeque<Case>>> =
        COMMANDS.into_iter().map(|command| (command, Mutex::new(of(command)))).collect();
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in 0..AT_ONCE {
            let (upstream, queues, failed) = (&upstream, &queues, &failed);
            scope.spawn(move || {
                // Half of them begin with each of the two sorts of pairs, and go on with the other.
                for says in [worker % 2 == 0, worker % 2 == 1] {
                    work(upstream, says, queues, failed);
                }
            });
        }
    });
    let failed: Vec<String> = failed.into_inner().expect("no thread panics while it holds the lock");
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n\n"));
}

/// Goes there and back in one account after the other, with one fault in each, until there are no cases left.
fn work(
    upstream: &str,
    says: bool,
    queues: &BTreeMap<Command, Mutex<VecDeque<Case>>>,
    failed: &Mutex<Vec<String>>,
) {
    let lock = "no thread panics while it holds the lock";
    let commands = if says { [Command::Failover, Command::Back] } else { [Command::Cut, Command::Return] };
    loop {
        let next = |command: &Command| queues[command].lock().expect(lock).pop_front();
        let round: Vec<(Command, Option<Case>)> =
            commands.into_iter().map(|command| (command, next(&command))).collect();
        if round.iter().all(|(_, case)| case.is_none()) {
            return;
        }
        let begun = std::time::Instant::now();
        let mut name = String::new();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            // A second failover in the same account would be the way back.
            let account = Account::new(upstream, says);
            for (command, case) in &round {
                name =
                    case.as_ref().map_or_else(|| format!("{command:?} without a fault"), ToString::to_string);
                match case {
                    Some(case) => account.survive(case),
                    None => drop(account.learn(*command)),
                }
                println!("{:6.1} s  ok  {name}", begun.elapsed().as_secs_f32());
            }
        }));
        if let Err(cause) = outcome {
            let cause = text_of(cause.as_ref());
            println!("{:6.1} s  FAILED  {name}", begun.elapsed().as_secs_f32());
            failed.lock().expect(lock).push(format!("{name}\n{cause}"));
        }
    }
}
