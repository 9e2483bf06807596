//! One case: a run in which one call goes wrong, the runs that mend it, and what must be true afterwards.
//! Knows nothing of which cases there are.

use std::fmt;
use std::fs::File;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fault::{Expected, Fault};
use crate::operation::{Call, REHEARSED};
use crate::policy;
use crate::proxy::{Kill, Proxy, Site, Trigger};
use crate::world::{NOTHING, SECRET_KEY, SMALL_STACK, World};

/// No run with one fault takes longer; one that does waits for something that does not come.
const LONGEST: Duration = Duration::from_secs(120);

const PASSWORD: &str = "canary-Of-The-Password-7";

/// The stack that is applied first.
const FIRST: &str = "\
stack: shop
tags: { team: one }
file_systems:
  files:
    security_group: shop-files
    access: [nodes, masters]
    lifecycle: { transition_to_ia: AFTER_30_DAYS }
    deletion_protection: false
databases:
  records:
    allocated_storage: 50
    password: env:PASSWORD
    deletion_protection: false
    final_snapshot: false
";

/// What it is changed to: something of every object.
const SECOND: &str = "\
stack: shop
tags: { team: two }
file_systems:
  files:
    security_group: shop-files
    access: [nodes]
    throughput_mode: bursting
    lifecycle: { transition_to_ia: AFTER_60_DAYS }
    backup: false
    deletion_protection: false
databases:
  records:
    access: [masters]
    allocated_storage: 60
    password: env:PASSWORD
    password_version: 2
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
";

/// What a run sets out to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// From nothing to the first stack.
    Apply,
    /// From the first stack to the second.
    Update,
    /// From the second stack to nothing.
    Destroy,
}

pub const SCENARIOS: [Scenario; 3] = [Scenario::Apply, Scenario::Update, Scenario::Destroy];

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub scenario: Scenario,
    pub site: Site,
    pub fault: Fault,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, site, fault } = self;
        let scenario = format!("{scenario:?}").to_lowercase();
        write!(f, "{scenario}/{}#{}/{}", site.operation, site.nth, fault.name())
    }
}

/// A run of the program that has ended.
struct Ran {
    /// Absent when it was killed.
    code: Option<i32>,
    out: String,
    err: String,
    calls: Vec<Call>,
}

/// An account, a folder and a proxy, in which one case after the other is run.
pub struct Bench {
    world: World,
    proxy: Proxy,
    /// The network as it was before anything.
    network: String,
}

impl Bench {
    /// A fresh account with a network.
    pub fn new(upstream: &str) -> Self {
        let proxy = Proxy::start(upstream).expect("a port is free");
        let mut world = World::seeded(&[]);
        world.set("AWS_ENDPOINT_URL", &format!("http://{}", proxy.address));
        world.set("PASSWORD", PASSWORD);
        let network = world.cloud.network();
        Self { world, proxy, network }
    }

    /// Carries a scenario out without a fault: the sites that it has.
    pub fn learn(&self, scenario: Scenario) -> Vec<Call> {
        let ran = self.run(scenario, None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        self.holds(scenario);
        ran.calls
    }

    /// Carries a scenario out with one fault, mends what is left, and holds that nothing was lost.
    ///
    /// # Panics
    /// When anything is not as it must be.
    pub fn survive(&self, case: &Case) {
        let first = self.run(case.scenario, Some((Trigger::Site(case.site.clone()), case.fault)));
        assert!(self.proxy.hits() > 0, "void: the call was never made");
        let expected = case.fault.expected(&case.site.operation);
        match expected {
            Expected::Converges => assert_eq!(first.code, Some(0), "{}", first.err),
            Expected::StopsOrConverges => {
                assert!(matches!(first.code, Some(0 | 1)), "{:?} {}", first.code, first.err);
            }
            Expected::Dies => assert!(first.code.is_none_or(|code| code == 0), "{}", first.err),
        }
        if matches!(case.fault, Fault::Denied | Fault::Expired) && first.code == Some(1) {
            let name = case.site.operation.name.trim_end_matches(REHEARSED);
            let said = format!("{}{}", first.out, first.err);
            assert!(said.contains(name), "the error does not name {name}: {}", first.err);
        }
        let database = self.world.cloud.database_id();
        if let Fault::Kill(moment) = case.fault {
            // Killed again at the first change of the recovery, if it has one.
            self.run(case.scenario, Some((Trigger::FirstChange, Fault::Kill(moment))));
        }
        if first.code != Some(0) {
            let recovery = self.run(case.scenario, None);
            assert_eq!(recovery.code, Some(0), "{}", recovery.err);
        }
        if case.scenario != Scenario::Destroy && database.is_some() {
            assert_eq!(self.world.cloud.database_id(), database, "the database was made anew");
        }
        self.holds(case.scenario);
    }

    /// Whether the network is as it was before anything.
    pub fn network_is_untouched(&self) {
        assert_eq!(self.world.cloud.network(), self.network);
    }

    /// What must be true after a scenario, however it went.
    fn holds(&self, scenario: Scenario) {
        let there = if scenario == Scenario::Destroy { NOTHING } else { SMALL_STACK };
        assert_eq!(self.world.cloud.count(), there, "exactly one of each");
        let mut arguments = vec!["plan", "--json", "--detailed-exitcode"];
        if scenario == Scenario::Destroy {
            arguments.push("--destroy");
        }
        let plan = self.start(&arguments, None);
        assert_eq!(plan.code, Some(0), "{}\n{}", plan.out, plan.err);
        assert!(!plan.calls.iter().any(Call::is_mutating), "a plan changes nothing");
        let document: Value = serde_json::from_str(&plan.out).expect("the plan is JSON");
        assert_eq!(document["drift"], serde_json::json!([]), "what is recorded is what is there");
        for (path, content) in self.world.files() {
            assert!(canary_in(&content).is_none(), "{} holds a secret", path.display());
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let known = ["provision.yaml", "shop.json", "shop.json.backup", "shop.json.lock"];
            assert!(known.contains(&name.as_str()), "{name} was left behind");
        }
    }

    fn run(&self, scenario: Scenario, fault: Option<(Trigger, Fault)>) -> Ran {
        self.world.write_stack(if scenario == Scenario::Apply { FIRST } else { SECOND });
        let command = if scenario == Scenario::Destroy { "destroy" } else { "apply" };
        self.start(&[command, "--auto-approve", "-vv"], fault)
    }

    fn start(&self, arguments: &[&str], fault: Option<(Trigger, Fault)>) -> Ran {
        let kills = self.proxy.arm(fault);
        let outside = tempfile::TempDir::new().expect("a temporary folder can be made");
        let file = |name: &str| File::create(outside.path().join(name)).expect("a file can be made");
        let mut command = self.world.command(arguments);
        let child = command.stdout(file("out")).stderr(file("err")).spawn().expect("the program can be run");
        let code = end(child, &kills);
        self.proxy.settle();
        let text = |name: &str| {
            let bytes = std::fs::read(outside.path().join(name)).expect("the file is there");
            assert!(canary_in(&bytes).is_none(), "{name} holds a secret");
            String::from_utf8(bytes).expect("UTF-8")
        };
        let ran = Ran { code, out: text("out"), err: text("err"), calls: self.proxy.calls() };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        self.trip_wire(&ran.calls);
        policy::allows(&self.world, &ran.calls);
        ran
    }

    /// No call may ever name an object of the cluster as what it changes.
    fn trip_wire(&self, calls: &[Call]) {
        for call in calls.iter().filter(|call| call.is_mutating()) {
            for id in call.changed_ids() {
                assert!(!self.network.contains(&format!("\"{id}\"")), "{} names {id}", call.operation);
            }
        }
    }
}

/// Waits for the end of the program, and kills it when the proxy says so. Absent when it was killed.
fn end(mut child: Child, kills: &Receiver<Kill>) -> Option<i32> {
    let started = Instant::now();
    loop {
        if started.elapsed() > LONGEST {
            child.kill().expect("the program can be killed");
            panic!("the program hangs");
        }
        match kills.recv_timeout(Duration::from_millis(2)) {
            Ok(dead) => {
                child.kill().expect("the program can be killed");
                let status = child.wait().expect("the program ends");
                let _ = dead.send(());
                return status.code();
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                if let Some(status) = child.try_wait().expect("the program can be asked") {
                    return status.code();
                }
            }
        }
    }
}

fn canary_in(text: &[u8]) -> Option<&'static str> {
    let canaries = [PASSWORD, SECRET_KEY];
    canaries.into_iter().find(|canary| text.windows(canary.len()).any(|window| window == canary.as_bytes()))
}
