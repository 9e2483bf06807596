//! The parts of the record of a failover, and of what AWS shows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fence::Machine;
use crate::engine::address::Address;
use crate::engine::resource::Id;

/// One machine of the pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    pub address: Address,
    pub id: Id,
    /// The groups of its interfaces before the first change.
    #[serde(default)]
    pub before: BTreeMap<String, BTreeSet<String>>,
}

impl Side {
    /// The name in the stack file.
    pub fn name(&self) -> String {
        self.address.title()
    }
}

/// The elastic IP address of the pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elastic {
    pub address: Address,
    /// The id of its allocation.
    pub id: Id,
    pub public_ip: String,
    /// The association, and the machine, before the first change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// The commands of a pair, which Systems Manager runs on a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    /// Prints the seconds that the copy is behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_copy: Option<String>,
    /// Stops the service; it must stay so over a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

/// A command of a failover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Copying is stopped on the machine that is to serve.
    StopCopyThere,
    /// Copying is stopped on the machine that serves.
    StopCopy,
    /// The service is stopped on the machine that serves.
    Stop,
    /// The service is started on the other one.
    Start,
}

impl Errand {
    pub const ALL: [Self; 4] = [Self::StopCopyThere, Self::StopCopy, Self::Stop, Self::Start];
}

/// A command that was sent, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    pub at: Timestamp,
    /// The number of the attempt, which is in the comment.
    pub attempt: u32,
    /// The id of the command, where Systems Manager has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// True where Systems Manager said that the machine cannot be reached.
    #[serde(default)]
    pub unreachable: bool,
    /// True in a run after the one that sent it: it is sent again where it has failed.
    #[serde(default)]
    pub of_before: bool,
}

/// A command as Systems Manager shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// It is not shown (yet).
    Unseen,
    /// It waits, or runs.
    Going(String),
    Succeeded,
    /// It failed, or was never delivered: the reason, with the end of what it printed.
    Failed(String),
}

/// The last call to EC2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub call: Call,
    pub at: Timestamp,
    #[serde(default)]
    pub answered: bool,
}

/// A call to EC2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Close,
    Stop,
    StopByForce,
    StartMachine,
    Open,
    MoveAddress,
}

/// The place of the elastic IP address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// It is released.
    Gone,
    #[default]
    Free,
    /// A machine has it, or an interface without one.
    At(String),
}

/// The pair as AWS shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Absent where EC2 does not know it any more.
    pub from: Option<Machine>,
    pub to: Option<Machine>,
    pub place: Place,
    /// The commands that were sent.
    pub runs: BTreeMap<Errand, Run>,
}
