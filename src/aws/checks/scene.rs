//! The plan as the judges of the checks look at it.

use jiff::Timestamp;

use super::finding::Verdict;
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::kind::Registry;
use crate::engine::network::Network;
use crate::engine::plan::{Action, Change};
use crate::engine::planner::{Planning, Sightings};
use crate::engine::state::State;

/// A plan with what it was made from.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub planning: &'a Planning,
    pub registry: &'a Registry,
    pub blueprint: &'a Blueprint,
    pub state: Option<&'a State>,
    pub sightings: &'a Sightings,
    pub now: Timestamp,
    pub purpose: Purpose,
}

/// The purpose of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown, reviewed and saved. Somebody else may carry it out, with other permissions and another environment.
    Review,
    /// To be carried out by this run.
    CarryOut,
}

/// The work at an address that a check could be about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doing<'a> {
    /// A new object is asked for.
    Making(&'a Change),
    /// An object that is there is changed.
    Changing(&'a Change),
}

impl<'a> Scene<'a> {
    /// The VPC that the stack declares, where it needs one.
    pub(super) fn vpc(&self) -> Option<&'a str> {
        match self.blueprint.declarations.get(&Network::vpc_address())? {
            Declaration::Watched { id } => Some(id.as_str()),
            Declaration::Managed { .. } => None,
        }
    }

    /// The planned change of each address.
    pub(super) fn changes(&self) -> impl Iterator<Item = &'a Change> {
        self.planning.plan.changes.iter()
    }

    /// The work at an address, if it is more than to wait, to watch or to let go.
    pub(super) fn doing(&self, address: &Address) -> Option<Doing<'a>> {
        let change = self.planning.plan.change(address)?;
        match change.action {
            Action::Create | Action::Replace if change.makes_anew() => Some(Doing::Making(change)),
            // An earlier run has made the new object, or asked for it.
            Action::Create | Action::Replace if change.fields.is_empty() => None,
            Action::Create | Action::Replace => Some(Doing::Changing(change)),
            Action::Update => Some(Doing::Changing(change)),
            Action::Delete | Action::Watch | Action::Forget | Action::NoOp => None,
        }
    }

    /// True if a new object is asked for.
    pub(super) fn makes(&self, address: &Address) -> bool {
        matches!(self.doing(address), Some(Doing::Making(_)))
    }

    /// The verdict on something that whoever applies the plan lacks: in the way of this run, and else to be known.
    pub(super) fn lacked(&self, message: String) -> Verdict {
        match self.purpose {
            Purpose::CarryOut => Verdict::error(message),
            Purpose::Review => Verdict::warning(message),
        }
    }

    /// The region of the plan.
    pub(super) fn region(&self) -> &'a str {
        &self.planning.plan.region
    }
}
