//! Builds of machine images in the matrix: every fault at every call, and the same command again: one image, and no machine that is left.

use std::collections::BTreeSet;
use std::thread;

use serde_json::json;

use crate::AT_ONCE;
use crate::case::{Bench, Keeps};
use crate::rounds::{self, Account as _, Queues, cases, chosen, steady, upstream};

type Case = rounds::Case<Command>;

/// The command, with user data that comes to a good end, and once more with another text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Command {
    Image,
    Another,
}

const COMMANDS: [Command; 2] = [Command::Image, Command::Another];

impl rounds::Command for Command {
    fn arguments(self) -> &'static [&'static str] {
        &["image", "web", "--auto-approve"]
    }
}

const STACK: &str = "\
stack: shop
security_groups: { closed: { ingress: [] } }
instances:
  web:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.large
    zone: eu-west-1a
    security_groups: [closed]
    user_data: cloud-init.yaml
    volumes: { data: { size: 10, device: /dev/sdf } }
";

/// An account with a machine, of which images are made.
struct Account {
    bench: Bench,
    machine: String,
}

impl Account {
    fn new(upstream: &str) -> Self {
        let bench = Bench::new(upstream, Keeps::File);
        bench.world.write_stack(STACK);
        let account = Self { bench, machine: String::new() };
        account.write("packages: [rsync]");
        let machine =
            account.bench.world.record("aws_instance.web")["id"].as_str().expect("an id").to_owned();
        Self { machine, ..account }
    }

    /// Applies the stack with this user data.
    fn write(&self, text: &str) {
        let text = format!("#cloud-config\n{text}\n");
        std::fs::write(self.bench.world.path("cloud-init.yaml"), text).expect("a file can be written");
        let ran = self.bench.start(&["apply", "--auto-approve"], None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }

    /// After the first image the machine has another user data.
    fn clean(&self, after: Command) {
        if after == Command::Image {
            self.write("packages: [rsync, curl]");
        }
    }

    /// The machines of the stack that are there, with their states.
    fn machines(&self) -> BTreeSet<(String, String)> {
        let cloud = &self.bench.world.cloud;
        let all = cloud.run(cloud.ec2.describe_instances().send()).expect("a read");
        let all = all.reservations().iter().flat_map(|one| one.instances());
        let ours = all.filter(|one| one.tags().iter().any(|tag| tag.key() == Some("provision:stack")));
        let facts = ours.filter_map(|one| {
            let state = one.state()?.name()?.as_str().to_owned();
            Some((one.instance_id()?.to_owned(), state))
        });
        facts.filter(|(_, state)| state != "terminated" && state != "shutting-down").collect()
    }

    /// The images, by name, with their states.
    fn images(&self) -> Vec<(String, String)> {
        let cloud = &self.bench.world.cloud;
        let all = cloud.run(cloud.ec2.describe_images().owners("self").send()).expect("a read");
        let fact = |image: &aws_sdk_ec2::types::Image| {
            Some((image.name()?.to_owned(), image.state()?.as_str().to_owned()))
        };
        all.images().iter().filter_map(fact).collect()
    }
}

impl rounds::Account<Command> for Account {
    type Seen = (BTreeSet<(String, String)>, Vec<(String, String)>);

    fn bench(&self) -> &Bench {
        &self.bench
    }

    fn seen(&self) -> Self::Seen {
        (self.machines(), self.images())
    }

    fn always(&self) {
        crate::policy::allows(&self.bench.world, &self.bench.proxy.calls());
        let machines = self.machines();
        assert!(machines.contains(&(self.machine.clone(), "running".to_owned())), "{machines:?}");
        assert!(machines.len() <= 2, "a second machine was made for one image: {machines:?}");
        let images = self.images();
        let names: BTreeSet<&String> = images.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), images.len(), "two images of one content: {images:?}");
    }

    fn holds(&self, command: Command) {
        let images = self.images();
        let number = if command == Command::Image { 1 } else { 2 };
        let are_there =
            images.iter().all(|(name, state)| name.starts_with("shop-web-") && state == "available");
        assert!(images.len() == number && are_there, "{images:?}");
        assert_eq!(self.machines().len(), 1, "the machine of the image is gone");
        let shown = self.bench.world.record("aws_instance.web");
        assert_eq!(shown["id"], json!(self.machine));
        let plan = self.bench.start(&["plan", "--detailed-exitcode"], None);
        assert_eq!(plan.code, Some(0), "{}{}", plan.out, plan.err);
        // The same once more makes nothing.
        let again = self.bench.start(&["image", "web", "--auto-approve"], None);
        assert_eq!(again.code, Some(0), "{}", again.err);
        let changes: Vec<_> =
            self.bench.proxy.calls().into_iter().filter(|call| call.is_mutating()).collect();
        assert!(changes.is_empty(), "{changes:?}");
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
fn whatever_happens_in_a_build_of_an_image_the_same_command_ends_it_with_one_image_and_no_other_machine() {
    let upstream = upstream();
    let chosen = chosen(&steady(|| learn(&upstream)), (2, 24));
    let queues = Queues::of(&COMMANDS, &chosen);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&upstream, &queues));
        }
    });
    queues.end();
}

/// Makes two images in one account after the other, with one fault in each, until there are no cases left.
fn work(upstream: &str, queues: &Queues<Command>) {
    loop {
        let round = queues.next(&COMMANDS);
        if round.iter().all(|(_, case)| case.is_none()) {
            return;
        }
        queues.go(&round, || Account::new(upstream), Account::clean);
    }
}
