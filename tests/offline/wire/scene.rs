//! A stack, what is recorded and what is seen of it: as much as a plan and its checks need.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use provision::aws::checks::{self, Prospect, Purpose, Scene};
use provision::aws::kinds::registry;
use provision::engine::address::Address;
use provision::engine::blueprint::{Blueprint, Declaration};
use provision::engine::document::Document;
use provision::engine::kind::{Live, Registry};
use provision::engine::network::Network;
use provision::engine::plan::{Finding, Level, Mode, Plan};
use provision::engine::planner::{self, Input, Options, Sighting, Sightings};
use provision::engine::resource::{Condition, Id, Ownership, Remark};
use provision::engine::state::{Edit, Record, State};
use serde_json::Value;

use crate::wire::replay::Replay;

/// A world in which AWS has been looked at already.
pub struct World {
    pub blueprint: Blueprint,
    pub sightings: Sightings,
    pub state: State,
    pub purpose: Purpose,
    registry: Registry,
}

pub fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn document(value: &Value) -> Document {
    value.as_object().expect("an object").clone()
}

impl World {
    pub fn new() -> Self {
        Self {
            blueprint: Blueprint {
                stack: "gitlab".to_owned(),
                cluster: None,
                declarations: BTreeMap::new(),
                ..Blueprint::default()
            },
            sightings: Sightings::new(),
            state: State::new("gitlab", "lineage-1".to_owned(), "123456789012", "eu-west-1"),
            purpose: Purpose::CarryOut,
            registry: registry(),
        }
    }

    /// The VPC of the cluster.
    pub fn vpc(&mut self, id: &str) {
        let declared = Declaration::Watched { id: Id::new(id) };
        self.blueprint.declarations.insert(Network::vpc_address(), declared);
    }

    /// A subnet of the cluster.
    pub fn subnet(&mut self, zone: &str, id: &str) {
        let at = address(&format!("aws_subnet.{zone}"));
        self.blueprint.declarations.insert(at.clone(), Declaration::Watched { id: Id::new(id) });
        let outputs = Document::from_iter([("availability_zone".to_owned(), zone.into())]);
        let sighting = seen(&at, id, Document::new(), outputs);
        self.sightings.insert(at, sighting);
    }

    /// Declares a resource that is not there.
    pub fn declare(&mut self, at: &str, inputs: &Value) {
        let inputs = document(inputs);
        self.blueprint.declarations.insert(address(at), Declaration::Managed { inputs });
        self.sightings.entry(address(at)).or_insert(Sighting::Gone);
    }

    /// Records a resource that is there as recorded.
    pub fn record(&mut self, at: &str, id: &str, inputs: &Value, depends_on: &[&str]) {
        let mut record = Record::watched(Id::new(id), Document::new());
        record.watched = false;
        record.inputs = document(inputs);
        record.depends_on = depends_on.iter().map(|at| address(at)).collect();
        self.state.apply(Edit::Put { address: address(at), record });
        let sighting = seen(&address(at), id, document(inputs), Document::new());
        self.sightings.insert(address(at), sighting);
    }

    /// Sets the outputs that AWS shows of an object beside its inputs.
    pub fn outputs(&mut self, at: &str, outputs: &Value) {
        match self.sightings.get_mut(&address(at)) {
            Some(Sighting::Live { live, .. }) => live.outputs = document(outputs),
            _ => panic!("{at} is not there"),
        }
    }

    /// Another value of an input in AWS.
    pub fn change_live(&mut self, at: &str, field: &str, value: Value) {
        match self.sightings.get_mut(&address(at)) {
            Some(Sighting::Live { live, .. }) => live.inputs.insert(field.to_owned(), value),
            _ => panic!("{at} is not there"),
        };
    }

    pub fn prospects(&self) -> Vec<Prospect> {
        checks::prospects(&self.registry, &self.blueprint, Some(&self.state), &options(Mode::Apply))
    }

    /// Asks AWS about the prospects, and what it says of the plan.
    pub async fn check(&self, replay: &Replay) -> Vec<Finding> {
        self.check_about(replay, &self.prospects(), None).await
    }

    pub async fn check_about(
        &self,
        replay: &Replay,
        prospects: &[Prospect],
        end: Option<SystemTime>,
    ) -> Vec<Finding> {
        let aws = replay.aws_until(end);
        let answers = checks::ask(&aws, prospects).await;
        self.planned(Mode::Apply, |scene| answers.judge(&aws, &scene))
    }

    /// The holders of what a plan deletes.
    pub async fn holders(&self, replay: &Replay, mode: Mode) -> Vec<Finding> {
        let aws = replay.aws();
        let planning = self.planning(mode);
        checks::holders(&aws, &self.scene(&planning)).await
    }

    /// The databases in subnets that a plan takes out of their groups.
    pub async fn subnets_in_use(&self, replay: &Replay) -> Vec<Finding> {
        let planning = self.planning(Mode::Apply);
        checks::subnets_in_use(&replay.aws(), &self.scene(&planning)).await
    }

    /// The findings about data that was deleted outside of provision.
    pub async fn remains(&self, replay: &Replay) -> Vec<Finding> {
        let planning = self.planning(Mode::Apply);
        checks::remains(&replay.aws(), &self.scene(&planning)).await
    }

    /// The plan to destroy everything, with the names that its last snapshots get.
    pub async fn last_snapshots(&self, replay: &Replay) -> (Plan, Vec<Finding>) {
        let mut planning = self.planning(Mode::Destroy);
        let found = checks::last_snapshots(&replay.aws(), &self.scene(&planning)).await;
        found.rename_in(&mut planning.plan);
        (planning.plan, found.findings)
    }

    /// Deletes a recorded object outside of provision.
    pub fn gone(&mut self, at: &str) {
        self.sightings.insert(address(at), Sighting::Gone);
    }

    /// AWS is at deleting a recorded object.
    pub fn leaving(&mut self, at: &str) {
        match self.sightings.get_mut(&address(at)) {
            Some(Sighting::Live { live, .. }) => live.condition = Condition::Leaving("deleting".to_owned()),
            _ => panic!("{at} is not there"),
        }
    }

    /// Adds a remark to an object that is there.
    pub fn remark(&mut self, at: &str, remark: Remark) {
        match self.sightings.get_mut(&address(at)) {
            Some(Sighting::Live { live, .. }) => live.remarks.push(remark),
            _ => panic!("{at} is not there"),
        }
    }

    fn planned<T>(&self, mode: Mode, judge: impl FnOnce(Scene<'_>) -> T) -> T {
        let planning = self.planning(mode);
        judge(self.scene(&planning))
    }

    fn planning(&self, mode: Mode) -> planner::Planning {
        planner::plan(&Input {
            registry: &self.registry,
            blueprint: &self.blueprint,
            state: Some(&self.state),
            sightings: &self.sightings,
            account: "123456789012",
            region: "eu-west-1",
            now: jiff::Timestamp::UNIX_EPOCH,
            options: &options(mode),
            safeguards: &Default::default(),
        })
    }

    fn scene<'a>(&'a self, planning: &'a planner::Planning) -> Scene<'a> {
        Scene {
            planning,
            registry: &self.registry,
            blueprint: &self.blueprint,
            state: Some(&self.state),
            sightings: &self.sightings,
            now: jiff::Timestamp::UNIX_EPOCH,
            purpose: self.purpose,
        }
    }
}

fn options(mode: Mode) -> Options {
    Options { mode, targets: BTreeSet::new(), replace: BTreeSet::new(), allow_data_loss: BTreeSet::new() }
}

fn seen(at: &Address, id: &str, inputs: Document, outputs: Document) -> Sighting {
    Sighting::Live {
        id: Id::new(id),
        live: Live {
            inputs,
            in_force: Document::new(),
            outputs,
            condition: Condition::Ready,
            remarks: Vec::new(),
            ownership: Ownership::Tagged {
                stack: "gitlab".to_owned(),
                address: at.to_string(),
                lineage: Some("lineage-1".to_owned()),
                cluster: None,
            },
            vpc: None,
        },
    }
}

/// `engine-version aws_db_instance.d: …` for each finding of a level.
pub fn said(findings: &[Finding], level: Level) -> Vec<String> {
    let at = |finding: &Finding| finding.address.as_ref().map(|at| format!(" {at}")).unwrap_or_default();
    findings
        .iter()
        .filter(|finding| finding.level == level)
        .map(|finding| format!("{}{}: {}", finding.check, at(finding), finding.message))
        .collect()
}
