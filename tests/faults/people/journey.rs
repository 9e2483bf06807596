//! The runs between which others act: what they set out to do, how they end, and at which call.

use std::fmt;

use crate::fault::{Fault, Moment};
use crate::proxy::{Site, Trigger};
use crate::stacks::{FIRST, SECOND};

/// The aim of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Journey {
    /// From nothing to the first stack.
    Apply,
    /// From the first stack to the second.
    Change,
    /// From the first stack to one whose security groups can only be made anew.
    Regroup,
}

pub const JOURNEYS: [Journey; 3] = [Journey::Apply, Journey::Change, Journey::Regroup];

impl Journey {
    /// The stack that stands before the run.
    pub fn start(self) -> Option<&'static str> {
        (self != Self::Apply).then_some(FIRST)
    }

    /// The stack that the run is to make.
    pub fn target(self) -> String {
        match self {
            Self::Apply => FIRST.to_owned(),
            Self::Change => SECOND.to_owned(),
            Self::Regroup => FIRST
                .replace("security_group: shop-files", "security_group: shop-volumes")
                .replace("  records:\n", "  records:\n    security_group: shop-vault\n"),
        }
    }
}

/// The end of a run, at a call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The call is refused; what does not rest on it is done all the same.
    Failed,
    /// The process is killed when the server has the call.
    Killed,
    /// The server acts, and the process is asked to stop.
    Interrupted,
}

pub const ENDINGS: [Ending; 3] = [Ending::Failed, Ending::Killed, Ending::Interrupted];

/// A run, and where it ended; without a place it was carried out to its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stop {
    pub journey: Journey,
    pub at: Option<(Ending, Site)>,
}

impl Stop {
    /// The fault that the run meets.
    pub fn fault(&self) -> Option<(Trigger, Fault)> {
        let (ending, site) = self.at.clone()?;
        let fault = match ending {
            Ending::Failed => Fault::Denied,
            Ending::Killed => Fault::Kill(Moment::Forwarded),
            Ending::Interrupted => Fault::Interrupted,
        };
        Some((Trigger::Site(site), fault))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |text: String| text.to_lowercase();
        let journey = words(format!("{:?}", self.journey));
        match &self.at {
            None => write!(f, "{journey}/finished"),
            Some((ending, Site { operation, nth })) => {
                write!(f, "{journey}/{}@{operation}#{nth}", words(format!("{ending:?}")))
            }
        }
    }
}
