//! The health of a stack and the facts of its recovery, as data.

use std::collections::BTreeMap;

use jiff::{Timestamp, Unit};
use schemars::JsonSchema;
use serde::Serialize;

use super::maintenance::Maintenance;
use crate::engine::address::Address;
use crate::engine::resource::Condition;
use crate::engine::state::{Procedure, State};
use crate::engine::window::Window;
use crate::stack::postgres::{Version, standard_support_ends};

/// The document of `status --json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Status {
    pub stack: String,
    pub region: String,
    /// When AWS was asked: UTC, RFC 3339.
    pub at: String,
    /// The databases and their read replicas (`NAME/REPLICA`), by name.
    pub databases: BTreeMap<String, Database>,
    pub file_systems: BTreeMap<String, FileSystem>,
    /// Pairs of machines, by name.
    pub pairs: BTreeMap<String, Pair>,
    /// Work on single objects: what is under way, what it keeps in AWS, and how each ended last.
    pub procedures: Vec<UnderWay>,
    /// Risks of data and of service, the databases first.
    pub at_risk: Vec<Risk>,
    /// Questions without an answer.
    pub unread: Vec<Unread>,
}

/// One database, or read replica.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Database {
    pub address: String,
    pub id: Option<String>,
    pub arn: Option<String>,
    /// The status as AWS words it; `gone` where AWS does not have it, or it was never made.
    pub status: String,
    pub health: Health,
    /// The health in words.
    pub means: String,
    pub engine_version: Option<String>,
    pub instance_class: Option<String>,
    /// True if it has a standby in another zone.
    pub multi_az: bool,
    pub zone: Option<String>,
    pub standby_zone: Option<String>,
    /// `host:port`
    pub endpoint: Option<String>,
    /// True for a read replica, which has the backups of its database.
    pub is_replica: bool,
    /// The days for which automated backups are kept; 0 for none.
    pub backup_days: Option<i64>,
    /// The last moment that it can be restored to.
    pub latest_restorable_time: Option<String>,
    /// The time since then.
    pub restorable_lag_seconds: Option<i64>,
    /// Absent where AWS did not answer.
    pub snapshots: Option<Backups>,
    /// The recovery points of AWS Backup; absent where AWS did not answer.
    pub recovery_points: Option<Backups>,
    /// The changes that wait, by field.
    pub pending: BTreeMap<String, String>,
    /// True if parameters wait for a reboot.
    pub pending_reboot: bool,
    /// The maintenance that RDS has pending; absent where AWS did not answer.
    pub maintenance: Option<Vec<Maintenance>>,
    pub maintenance_window: Option<String>,
    /// When that opens next.
    pub window_opens: Option<String>,
    pub certificate: Option<Certificate>,
    /// The last day of RDS's standard support of its version.
    pub standard_support_ends: Option<String>,
}

/// The health of an object, in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// It serves.
    Serves,
    /// AWS is at work on it.
    Changing,
    /// It waits for a person.
    Held,
    /// AWS gave it up.
    Lost,
    /// It is being deleted.
    Leaving,
    #[default]
    Gone,
}

/// Backups of one sort.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Backups {
    /// The number of those that can be restored.
    pub count: usize,
    /// True if there are more than AWS shows in one answer.
    pub more: bool,
    pub newest: Option<Backup>,
}

/// One backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Backup {
    pub id: String,
    /// When it was taken: UTC, RFC 3339.
    pub taken: String,
}

impl Backups {
    /// Those with these ids and times.
    pub fn of(all: Vec<(String, Timestamp)>, more: bool) -> Self {
        let count = all.len();
        let newest = all.into_iter().max_by(|one, other| (one.1, &one.0).cmp(&(other.1, &other.0)));
        let newest = newest.map(|(id, taken)| Backup { id, taken: written(taken) });
        Self { count, more, newest }
    }
}

/// The certificate of a database: its authority, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Certificate {
    pub authority: String,
    pub valid_till: Option<String>,
}

/// One file system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct FileSystem {
    pub address: String,
    pub id: Option<String>,
    pub status: String,
    pub health: Health,
    pub means: String,
    pub dns_name: Option<String>,
    /// By zone.
    pub mount_targets: BTreeMap<String, MountTarget>,
    /// The recovery points of AWS Backup; absent where AWS did not answer.
    pub recovery_points: Option<Backups>,
    /// True if AWS Backup makes one a day.
    pub backed_up: Option<bool>,
    pub replication: Option<Replication>,
}

/// The mount target of a zone.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MountTarget {
    pub id: Option<String>,
    pub status: String,
    pub health: Health,
    pub ip_address: Option<String>,
}

/// A pair of machines: one serves at an address, the other one has a copy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Pair {
    pub address: String,
    /// The machine that serves, by what is recorded, and the other one.
    pub active: String,
    pub standby: String,
    /// The address that it serves at.
    pub public_ip: Option<String>,
    /// By name.
    pub machines: BTreeMap<String, PairMachine>,
    /// The machine that the address is at: its name, or its id where it is none of the pair.
    pub reached: Option<String>,
    /// The seconds that the copy on the other one is behind.
    pub lag_seconds: Option<f64>,
    /// The reason for which that is unknown.
    pub lag_unknown: Option<String>,
    /// The most that it may be.
    pub max_lag: Option<i64>,
}

/// One machine of a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PairMachine {
    pub id: Option<String>,
    /// The state as EC2 words it; `gone` where it does not have it, or it was never made.
    pub state: String,
    /// True if its groups are the open one, or hold it.
    pub is_open: bool,
    /// True if Systems Manager reaches its agent.
    pub is_reachable: bool,
}

/// The copy of a file system in another region.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Replication {
    pub file_system: Option<String>,
    pub region: Option<String>,
    pub status: String,
    pub health: Health,
    /// Everything that was written before is in the copy.
    pub last_replicated: Option<String>,
    pub lag_seconds: Option<i64>,
}

/// A procedure: under way, or at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnderWay {
    pub address: String,
    pub command: String,
    pub doing: String,
    pub step: String,
    pub started: String,
    pub finished: Option<String>,
    /// The objects that it has made, or keeps, by name.
    pub keeps: Vec<String>,
    /// The command that goes on with it.
    pub goes_on: Option<String>,
    /// The command that gives it up.
    pub gives_up: Option<String>,
}

/// Something that may cost data or time of service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Risk {
    pub address: String,
    pub message: String,
}

/// A question that AWS did not answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Unread {
    /// The operation as IAM policies name it.
    pub operation: String,
    pub code: String,
}

impl Status {
    /// The status of what a state records; what is at risk is told by it.
    pub fn of(
        state: &State,
        now: Timestamp,
        (databases, file_systems): (BTreeMap<String, Database>, BTreeMap<String, FileSystem>),
        unread: Vec<Unread>,
    ) -> Self {
        Self {
            stack: state.stack.clone(),
            region: state.region.clone(),
            at: written(now),
            databases,
            file_systems,
            pairs: BTreeMap::new(),
            procedures: procedures(state),
            at_risk: Vec::new(),
            unread,
        }
    }
}

/// A time as it is written.
pub fn written(time: Timestamp) -> String {
    time.round(Unit::Second).unwrap_or(time).to_string()
}

/// The seconds from one time to another, and never less than none.
pub fn seconds_between(earlier: Timestamp, later: Timestamp) -> i64 {
    (later.as_second() - earlier.as_second()).max(0)
}

/// The status of an object: as AWS words it, the health, and in words.
pub fn health(condition: Option<&Condition>, ready: &str) -> (String, Health, String) {
    match condition {
        None => ("gone".to_owned(), Health::Gone, "AWS does not have it".to_owned()),
        Some(Condition::Ready) => (ready.to_owned(), Health::Serves, "serves".to_owned()),
        Some(Condition::Pending(status)) => {
            (status.clone(), Health::Changing, "AWS is at work on it".to_owned())
        }
        Some(Condition::Leaving(status)) => {
            (status.clone(), Health::Leaving, "it is being deleted".to_owned())
        }
        Some(Condition::Held(row)) => (row.name.to_owned(), Health::Held, row.means.to_owned()),
        Some(Condition::Lost(row)) => (row.name.to_owned(), Health::Lost, row.means.to_owned()),
    }
}

impl Database {
    /// The database with what follows from its version, its window and the time.
    #[must_use]
    pub fn dated(mut self, now: Timestamp) -> Self {
        let version = self.engine_version.as_deref().and_then(Version::parse);
        let end = version.and_then(|version| standard_support_ends(&version));
        self.standard_support_ends = end.map(|end| end.to_string());
        let window = self.maintenance_window.as_deref().and_then(Window::weekly);
        self.window_opens = window.map(|window| written(window.opening(now)));
        let latest = self.latest_restorable_time.as_deref().and_then(|time| time.parse().ok());
        self.restorable_lag_seconds = latest.map(|latest| seconds_between(latest, now));
        self
    }
}

/// The procedures of a state: those that are under way, what others keep, and how each ended last.
pub fn procedures(state: &State) -> Vec<UnderWay> {
    let all = state.procedures.iter().flat_map(|(address, of_object)| {
        of_object.iter().map(move |(command, procedure)| (address, command, procedure))
    });
    all.map(|(address, command, procedure)| under_way(address, command, procedure)).collect()
}

fn under_way(address: &Address, command: &str, procedure: &Procedure) -> UnderWay {
    UnderWay {
        address: address.to_string(),
        command: command.to_owned(),
        doing: procedure.doing.clone(),
        step: procedure.step.clone(),
        started: procedure.started.clone(),
        finished: procedure.finished.clone(),
        keeps: procedure.keeps.iter().map(|kept| kept.name.clone()).collect(),
        goes_on: procedure.is_under_way().then(|| procedure.to_go_on(command, address)),
        gives_up: procedure.to_give_up(command, address),
    }
}
