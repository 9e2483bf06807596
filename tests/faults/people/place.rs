//! An account, a folder and a proxy in which one case after the other is run: others act beside the program.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::hand::Hand;
use super::journey::Journey;
use super::others::{Others, others, whole_of};
use super::promise::Owners;
use super::records::sealed;
use crate::case::{PASSWORD, canary_in};
use crate::fault::Fault;
use crate::operation::Call;
use crate::program::{Ended, Program};
use crate::proxy::{Heard, Proxy, Trigger};
use crate::world::World;

/// The files that may be beside the stack file.
const FILES: [&str; 5] =
    ["provision.yaml", "cloud-init.yaml", "shop.json", "shop.json.backup", "shop.json.lock"];
/// Those of the stack's other name.
const RENAMED: [&str; 3] = ["store.json", "store.json.backup", "store.json.lock"];

pub struct Place {
    pub world: World,
    pub proxy: Proxy,
    pub zones: usize,
    /// Everything that is not the stack's, as it was before anything.
    initial: Others,
    /// Everything that no call may ever change.
    wire: Others,
    /// The state's folder before the run of a case.
    yesterday: Vec<(PathBuf, Vec<u8>)>,
    /// The folder of a second checkout.
    second: Option<TempDir>,
}

impl Place {
    /// A fresh account with a network of so many zones.
    pub fn new(upstream: &str, zones: usize) -> Self {
        let proxy = Proxy::start(upstream).expect("a port is free");
        let mut world = World::seeded(&["--zones", &zones.to_string()]);
        world.set("AWS_ENDPOINT_URL", &format!("http://{}", proxy.address));
        world.set("PASSWORD", PASSWORD);
        let initial = others(&world.cloud);
        let wire = initial.clone();
        Self { world, proxy, zones, initial, wire, yesterday: Vec::new(), second: None }
    }

    /// Clears account and folder for the next case, if that can be done; whether it is as it was at first.
    pub fn is_cleared(&mut self) -> bool {
        Hand { cloud: &self.world.cloud }.clears();
        self.second = None;
        self.yesterday.clear();
        for entry in std::fs::read_dir(self.world.folder.path()).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            let removed =
                if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            removed.expect("the folder can be emptied");
        }
        self.wire = self.initial.clone();
        others(&self.world.cloud) == self.initial
    }

    /// Makes the stack that stands before a run, and writes the one that the run is to make.
    pub fn begin(&mut self, journey: Journey) {
        if let Some(start) = journey.start() {
            self.make(start);
        }
        self.yesterday = self.state_files();
        self.world.write_stack(&journey.target());
    }

    /// Applies a stack to a good end.
    pub fn make(&self, stack: &str) {
        self.world.write_stack(stack);
        let ran = self.run(&["apply", "--auto-approve"], None);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }

    /// From now on, none of this may be touched.
    pub fn watch(&mut self, others: &Others) {
        self.wire = others.clone();
    }

    /// A person has named this object: it may be taken over.
    pub fn unwatch(&mut self, id: &str) {
        self.wire.retain(|one, text| one != id && whole_of(text) != Some(id));
    }

    /// Runs a command to its end, with a fault, and holds what every run must keep to.
    pub fn run(&self, arguments: &[&str], fault: Option<(Trigger, Fault)>) -> Ended {
        let asks = self.proxy.arm(fault);
        let ended = Program::start(self.world.command(arguments)).end(&asks);
        self.proxy.settle();
        self.keeps_to_the_rules(&ended);
        ended
    }

    fn keeps_to_the_rules(&self, ended: &Ended) {
        let Ended { out, err, code, .. } = ended;
        let made = self.world.cloud.passwords();
        assert!(canary_in(out.as_bytes(), &made).is_none(), "standard output holds a secret");
        assert!(canary_in(err.as_bytes(), &made).is_none(), "standard error holds a secret");
        assert!(!err.contains("panicked"), "{err}");
        assert!(code.is_none_or(|code| [0, 1, 2, 3, 130].contains(&code)), "exit code {code:?}\n{err}");
        for call in self.proxy.calls().iter().filter(|call| call.is_mutating()) {
            for id in call.changed_ids() {
                assert!(
                    !self.wire.contains_key(id),
                    "{} changes {id}, which is not the stack's",
                    call.operation
                );
            }
        }
    }

    /// The calls of the last run that changed something.
    pub fn changes(&self) -> Vec<Heard> {
        let mut heard = self.proxy.heard();
        heard.retain(|heard| heard.call.is_mutating());
        heard
    }

    /// Holds that the last run changed nothing.
    pub fn changed_nothing(&self, what: &str) {
        let calls = self.proxy.calls();
        let changes: Vec<&Call> = calls.iter().filter(|call| call.is_mutating()).collect();
        assert!(changes.is_empty(), "{what} changes something: {changes:?}");
    }

    /// Holds that nothing was left in the folder, and that nothing in it is a secret.
    pub fn is_tidy(&self) {
        let made = self.world.cloud.passwords();
        for (path, content) in self.world.files() {
            assert!(canary_in(&content, &made).is_none(), "{} holds a secret", path.display());
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let known = FILES.iter().chain(&RENAMED).any(|known| *known == name);
            assert!(known, "{name} was left behind");
        }
    }

    fn record(&self, address: &str) -> Option<Value> {
        let shown = self.run(&["state", "show", address, "--json"], None);
        serde_json::from_str(&shown.out).ok()
    }

    /// The phase that is recorded of an address.
    pub fn phase(&self, address: &str) -> Option<String> {
        self.record(address)?["phase"].as_str().map(str::to_owned)
    }

    /// The id that is recorded of an address.
    pub fn id(&self, address: &str) -> Option<String> {
        self.record(address)?["id"].as_str().map(str::to_owned)
    }

    /// Objects that still wait to be deleted after their replacement was made, by id, with their addresses.
    pub fn predecessors(&self, plan: &Value) -> Owners {
        let changes = plan["changes"].as_array().into_iter().flatten();
        let waiting =
            changes.filter(|change| ["replace", "delete"].iter().any(|action| change["action"] == *action));
        let addresses = waiting.filter_map(|change| change["address"].as_str());
        let found = addresses.filter_map(|address| {
            let id = self.record(address)?["predecessor"]["id"].as_str()?.to_owned();
            Some((id, address.to_owned()))
        });
        found.collect()
    }

    pub fn vpc(&self) -> String {
        self.world.seed["vpc_id"].as_str().expect("the seed names its VPC").to_owned()
    }

    pub fn cluster(&self) -> String {
        self.world.seed["cluster"].as_str().expect("the seed names its cluster").to_owned()
    }

    pub fn cluster_group(&self, name: &str) -> String {
        self.world.seed["security_groups"][name].as_str().expect("the seed names it").to_owned()
    }

    pub fn subnets(&self) -> Vec<String> {
        let subnets = self.world.seed["subnets"].as_array().into_iter().flatten();
        subnets.filter_map(|subnet| subnet["id"].as_str()).map(str::to_owned).collect()
    }

    /// The zone of a subnet, whichever cluster's it is.
    pub fn zone_of(&self, subnet: &str) -> Option<String> {
        let call = self.world.cloud.ec2.describe_subnets().subnet_ids(subnet);
        let answer = self.world.cloud.run(call.send()).ok()?;
        answer.subnets().first()?.availability_zone().map(str::to_owned)
    }

    // Changes that others make to the state.

    fn state_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let in_state = |path: &PathBuf| path.parent().is_some_and(|folder| folder.ends_with("state"));
        self.world.files().into_iter().filter(|(path, _)| in_state(path)).collect()
    }

    /// True if the state has a file.
    pub fn has_state(&self) -> bool {
        self.world.path("state/shop.json").exists()
    }

    /// True if the state's file says everything: no run was killed over it.
    pub fn has_whole_state(&self) -> bool {
        self.has_state() && !self.world.path("state/shop.json.journal").exists()
    }

    pub fn lose_state(&self) {
        std::fs::remove_dir_all(self.world.path("state")).expect("there is a state");
    }

    pub fn move_state(&mut self) {
        let place = self.world.path("elsewhere");
        std::fs::rename(self.world.path("state"), &place).expect("a folder can be renamed");
        self.world.set("PROVISION_STATE", &place.join("shop.json").display().to_string());
    }

    pub fn restore_state_of_yesterday(&self) {
        self.lose_state();
        std::fs::create_dir(self.world.path("state")).expect("a folder can be made");
        for (path, content) in &self.yesterday {
            std::fs::write(path, content).expect("a file can be written");
        }
    }

    /// Rewrites the state as another program would; what was there before.
    pub fn rewrite_state(&self, rewrite: fn(Value) -> Value) -> Option<Vec<u8>> {
        let path = self.world.path("state/shop.json");
        let before = std::fs::read(&path).expect("there is a state");
        let state = serde_json::from_slice(&before).expect("a state is JSON");
        std::fs::write(&path, sealed(rewrite(state))).expect("the state can be written");
        Some(before)
    }

    /// Puts a state's file in the place of the one that is there.
    pub fn put_state(&self, content: &[u8]) {
        std::fs::write(self.world.path("state/shop.json"), content).expect("the state can be written");
    }

    /// A second checkout in a folder of its own, with the state or without, applies an edited stack file.
    pub fn checks_out(&mut self, with_state: bool, edit: fn(&str) -> String) {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let text = std::fs::read_to_string(self.world.path("provision.yaml")).expect("there is a stack file");
        std::fs::write(folder.path().join("provision.yaml"), edit(&text)).expect("a file can be written");
        let commands: &[&[&str]] = if with_state {
            std::fs::create_dir(folder.path().join("state")).expect("a folder can be made");
            for (path, content) in self.state_files() {
                let name = path.file_name().expect("a file has a name");
                std::fs::write(folder.path().join("state").join(name), content).expect("it can be written");
            }
            &[&["apply", "--auto-approve"]]
        } else {
            &[&["state", "rebuild", "--auto-approve"], &["apply", "--auto-approve"]]
        };
        for arguments in commands {
            let asks = self.proxy.arm(None);
            let mut command = self.world.command(arguments);
            command.current_dir(folder.path());
            let ended = Program::start(command).end(&asks);
            self.proxy.settle();
            self.keeps_to_the_rules(&ended);
            assert_eq!(
                ended.code,
                Some(0),
                "the second checkout: {arguments:?}: {}\n{}",
                ended.out,
                ended.err
            );
        }
        self.second = Some(folder);
    }
}
