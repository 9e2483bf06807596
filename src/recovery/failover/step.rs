//! The steps of a failover. Those that let the other machine serve take the proof that the first one writes no more.

use std::fmt;

use super::fence::Fenced;
use super::record::{Call, Errand};

/// One step. Those that let the other machine serve take the proof that the first one writes no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    StopCopyThere,
    StopCopy,
    Close,
    StopService,
    StopMachine { by_force: bool },
    StartMachine(Fenced),
    StartService(Fenced),
    Open(Fenced),
    MoveAddress(Fenced),
    Record(Fenced),
}

impl Step {
    /// The command that it sends.
    pub fn errand(&self) -> Option<Errand> {
        match self {
            Self::StopCopyThere => Some(Errand::StopCopyThere),
            Self::StopCopy => Some(Errand::StopCopy),
            Self::StopService => Some(Errand::Stop),
            Self::StartService(_) => Some(Errand::Start),
            _ => None,
        }
    }

    /// The call to EC2 that it makes.
    pub(super) fn call(&self) -> Option<Call> {
        match self {
            Self::Close => Some(Call::Close),
            Self::StopMachine { by_force: false } => Some(Call::Stop),
            Self::StopMachine { by_force: true } => Some(Call::StopByForce),
            Self::StartMachine(_) => Some(Call::StartMachine),
            Self::Open(_) => Some(Call::Open),
            Self::MoveAddress(_) => Some(Call::MoveAddress),
            _ => None,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StopCopyThere => "stop copying on the one that is to serve",
            Self::StopCopy => "stop copying on the one that serves",
            Self::Close => "close the one that serves",
            Self::StopService => "stop its service",
            Self::StopMachine { by_force: false } => "stop its machine",
            Self::StopMachine { by_force: true } => "stop its machine by force",
            Self::StartMachine(_) => "start the other machine",
            Self::StartService(_) => "start the service on the other one",
            Self::Open(_) => "open the other one",
            Self::MoveAddress(_) => "move the address",
            Self::Record(_) => "record the one that serves now",
        })
    }
}
