//! One case: a run in which one call goes wrong, the runs that mend it, and what must be true afterwards.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::fault::{Expected, Fault};
use crate::inventory::Inventory;
use crate::operation::{Call, Operation, REHEARSED};
use crate::policy;
use crate::program::{Ended, Program};
use crate::proxy::{Heard, Proxy, Site, Trigger};
use crate::stacks::{EVERYTHING, first, second};
use crate::world::{SECRET_KEY, World};

/// The longest time that a run may take to end after it was asked to.
pub const SOON: Duration = Duration::from_secs(5);

/// The password of every run. It must never be seen anywhere.
pub const PASSWORD: &str = "canary-Of-The-Password-7";

/// The aim of a run.
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

/// The place where the state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    File,
    /// In S3, behind the same proxy.
    Bucket,
}

impl Keeps {
    /// True if something is to go wrong with such a call. The calls of the stack are the same with either.
    pub fn concerns(self, operation: &Operation) -> bool {
        operation.is_of_an_object_in_s3() == (self == Self::Bucket)
    }
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// An account, a folder and a proxy, in which one case after the other is run.
pub struct Bench {
    pub world: World,
    pub proxy: Proxy,
    keeps: Keeps,
    /// The network as it was before anything.
    network: String,
    /// The inventory as it was before anything.
    initial: Inventory,
}

impl Bench {
    /// A fresh account with a network.
    pub fn new(upstream: &str, keeps: Keeps) -> Self {
        let proxy = Proxy::start(upstream).expect("a port is free");
        let mut world = World::seeded(&[]);
        world.set("AWS_ENDPOINT_URL", &format!("http://{}", proxy.address));
        world.set("PASSWORD", PASSWORD);
        world.write_stack(&first(&world.account));
        if keeps == Keeps::Bucket {
            let bucket = format!("states-{}", world.account);
            world.cloud.make_bucket(&bucket);
            world.set("PROVISION_STATE", &format!("s3://{bucket}/shop.json"));
            // A lock that a killed run leaves behind runs out while the next run waits.
            world.set("PROVISION_LEASE", "4s");
        }
        let (network, initial) = (world.cloud.network(), Inventory::of(&world.cloud));
        Self { world, proxy, keeps, network, initial }
    }

    /// Carries a scenario out without a fault: the calls that it makes, and their answers.
    pub fn learn(&self, scenario: Scenario) -> Vec<Heard> {
        let ran = self.run(scenario, None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let heard = self.proxy.heard();
        self.holds(scenario);
        heard
    }

    /// Carries a scenario out with one fault, mends what is left, and holds that nothing was lost. Says whether the fault
    /// happened.
    ///
    /// # Panics
    /// When anything is not as it must be.
    pub fn survive(&self, case: &Case) -> bool {
        let first = self.run(case.scenario, Some((Trigger::Site(case.site.clone()), case.fault)));
        let (happened, was_made) = (self.proxy.hits() > 0, self.proxy.is_past_the_site());
        assert!(was_made, "void: the call was never made: {:?} {}", first.code, first.err);
        self.judge(case, &first);
        let database = self.source();
        if let Fault::Kill(moment) = case.fault {
            // Killed again at the first change of the recovery, if it has one.
            self.run(case.scenario, Some((Trigger::FirstChange, Fault::Kill(moment))));
        }
        if first.code != Some(0) {
            let recovery = self.run(case.scenario, None);
            assert_eq!(recovery.code, Some(0), "{}", recovery.err);
        }
        if case.scenario != Scenario::Destroy && database.is_some() {
            assert_eq!(self.source(), database, "the database was made anew");
        }
        self.holds(case.scenario);
        happened
    }

    /// The id of the database that holds data of its own.
    pub fn source(&self) -> Option<String> {
        let all = self.world.cloud.databases();
        let source = all.into_iter().find(|one| one.db_instance_identifier() == Some("records"));
        source.and_then(|one| one.dbi_resource_id)
    }

    /// Checks that the run ended as the fault allows.
    fn judge(&self, case: &Case, first: &Ended) {
        let Ended { code, out, err, stopping } = first;
        let expected = case.fault.behaviour().expected(&case.site.operation).expect("the fault fits");
        match expected {
            Expected::Converges => assert_eq!(*code, Some(0), "{err}"),
            Expected::Stops => assert!(matches!(code, Some(0 | 1)), "{code:?} {err}"),
            Expected::StopsByName | Expected::Says(_) => {
                assert!(matches!(code, Some(0 | 1)), "{code:?} {err}");
                let word = match expected {
                    Expected::Says(word) => word,
                    _ => case.site.operation.name.trim_end_matches(REHEARSED),
                };
                let is_said = *code == Some(0) || format!("{out}{err}").contains(word);
                assert!(is_said, "the error does not say {word}: {err}");
            }
            Expected::EndsSoon => {
                assert!(matches!(code, Some(0 | 130)), "{code:?} {err}");
                let took = stopping.expect("void: it was not interrupted");
                assert!(took < SOON, "it took {took:?} to stop: {err}");
            }
            Expected::Dies => assert!(code.is_none_or(|code| code == 0), "{err}"),
        }
        // A user who takes something down must not be sent to make it again.
        let is_misled = case.scenario == Scenario::Destroy && err.contains("provision apply");
        assert!(!is_misled, "{err}");
    }

    /// Checks that the network is as it was before anything.
    pub fn network_is_untouched(&self) {
        assert_eq!(self.world.cloud.network(), self.network);
    }

    /// Checks what must be true after a scenario, however it went.
    pub fn holds(&self, scenario: Scenario) {
        let there = Inventory::of(&self.world.cloud);
        let expected = if scenario == Scenario::Destroy { &[] } else { EVERYTHING };
        assert_eq!(there.counts(), expected.iter().copied().collect(), "exactly one of each");
        assert_eq!(there.others, self.initial.others, "nothing is made that does not say whose it is");
        let mut arguments = vec!["plan", "--json", "--detailed-exitcode"];
        if scenario == Scenario::Destroy {
            arguments.push("--destroy");
        }
        let plan = self.start(&arguments, None);
        assert_eq!(plan.code, Some(0), "{}\n{}", in_short(&plan.out), plan.err);
        assert!(!self.proxy.calls().iter().any(Call::is_mutating), "a plan changes nothing");
        let document: Value = serde_json::from_str(&plan.out).expect("the plan is JSON");
        assert_eq!(document["drift"], serde_json::json!([]), "what is recorded is what is there");
        let made = self.world.cloud.passwords();
        for (path, content) in self.world.files() {
            assert!(canary_in(&content, &made).is_none(), "{} holds a secret", path.display());
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let known: &[&str] = match self.keeps {
                Keeps::File => &["provision.yaml", "shop.json", "shop.json.backup", "shop.json.lock"],
                Keeps::Bucket => &["provision.yaml"],
            };
            assert!(known.contains(&name.as_str()), "{name} was left behind");
        }
    }

    /// The arguments that carry a scenario out, once its stack is written.
    pub fn prepare(&self, scenario: Scenario) -> Vec<&'static str> {
        let account = &self.world.account;
        self.world.write_stack(&if scenario == Scenario::Apply { first(account) } else { second(account) });
        let command = if scenario == Scenario::Destroy { "destroy" } else { "apply" };
        let waiting: &[&str] = if self.keeps == Keeps::Bucket { &["--lock-timeout", "30s"] } else { &[] };
        [&[command, "--auto-approve", "-vv"], waiting].concat()
    }

    pub fn run(&self, scenario: Scenario, fault: Option<(Trigger, Fault)>) -> Ended {
        self.start(&self.prepare(scenario), fault)
    }

    /// Runs a command to its end, with a fault, and holds what every run must keep to.
    pub fn start(&self, arguments: &[&str], fault: Option<(Trigger, Fault)>) -> Ended {
        let asks = self.proxy.arm(fault);
        let ended = Program::start(self.world.command(arguments)).end(&asks);
        self.proxy.settle();
        self.keeps_to_the_rules(&ended);
        ended
    }

    /// Checks the rules that no run may break, however it ends.
    pub fn keeps_to_the_rules(&self, ended: &Ended) {
        let Ended { out, err, .. } = ended;
        let made = self.world.cloud.passwords();
        assert!(canary_in(out.as_bytes(), &made).is_none(), "standard output holds a secret");
        assert!(canary_in(err.as_bytes(), &made).is_none(), "standard error holds a secret");
        assert!(!err.contains("panicked"), "{err}");
        self.trip_wire();
        policy::allows(&self.world, &self.proxy.calls());
    }

    /// No call may ever name an object of the cluster as what it changes.
    pub fn trip_wire(&self) {
        for call in self.proxy.calls().iter().filter(|call| call.is_mutating()) {
            for id in call.changed_ids() {
                assert!(!self.network.contains(&format!("\"{id}\"")), "{} names {id}", call.operation);
            }
        }
    }
}

/// The changes and the errors of a plan's document, one a line; a text that is no document as it is.
fn in_short(plan: &str) -> String {
    let Ok(document) = serde_json::from_str::<Value>(plan) else { return plan.to_owned() };
    let of = |list: &str| document[list].as_array().cloned().unwrap_or_default();
    let changes = of("changes").into_iter().filter(|change| change["action"] != "no-op");
    let errors = of("preflight").into_iter().filter(|finding| finding["level"] == "error");
    changes.chain(errors).map(|line| format!("{line}\n")).collect()
}

/// The secret that is in a text, if there is one: of those that the tests give, or that were made.
pub fn canary_in<'made>(text: &[u8], made: &'made [String]) -> Option<&'made str> {
    let canaries = [PASSWORD, SECRET_KEY].into_iter().chain(made.iter().map(String::as_str));
    canaries.into_iter().find(|canary| text.windows(canary.len()).any(|window| window == canary.as_bytes()))
}
