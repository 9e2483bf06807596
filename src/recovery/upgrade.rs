//! The upgrade of a database's PostgreSQL: in place, or by a copy that takes its name over when that is asked for.

mod blue_green;
pub mod gate;
mod in_place;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::resource::Id;
use crate::engine::state::Kept;

use super::course::{Course, Next, Refusal};
use super::restore::Instance;
use super::status::seconds_between;

pub use words::{after, before, is_major};

/// A request whose answer was lost has shown itself by then.
const SHOWS_ITSELF: i64 = 20;
/// RDS shows `available` for up to a minute after it has taken a change.
const LAG: i64 = 60;

/// The record of an upgrade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// The database's name in the stack file.
    pub name: String,
    /// The options that it was begun with: `--to 17`.
    pub options: String,
    /// The identifier that the stack's database has, before and after.
    pub identifier: String,
    /// The database that is upgraded; by a copy, the one before.
    pub id: Id,
    /// The full versions.
    pub from: String,
    pub to: String,
    /// The name of the snapshot that is taken first.
    pub snapshot: String,
    /// The parameter group that is made for the new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<NewGroup>,
    /// The copy, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<Copy>,
    /// The inputs that are recorded of the database afterwards.
    pub recorded: Document,
    pub stage: Stage,
    /// The last call, when it was made, and whether AWS answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// True once the new version was recorded.
    #[serde(default)]
    pub is_recorded: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A parameter group of the new version, in place of the database's own one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    pub address: Address,
    pub old: Id,
    pub name: String,
    pub inputs: Document,
    /// True once the one that is of no use any more is deleted, or is still in use and left for later.
    #[serde(default)]
    pub is_dropped: bool,
}

/// The copy of a blue/green deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// The name of the deployment.
    pub name: String,
    /// Absent until RDS has answered; so are the next two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The identifier that the one before has after the exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The seconds that RDS may take for the exchange.
    #[serde(default)]
    pub seconds: u16,
    /// True if the copy is to be deleted when it is given up.
    #[serde(default)]
    pub is_deleted: bool,
}

/// The last call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub step: Step,
    pub at: Timestamp,
    #[serde(default)]
    pub answered: bool,
}

/// The stage of an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// In place: under way, and done.
    Upgrading,
    Upgraded,
    /// The copy is made, and stands beside the one that serves.
    Copying,
    Beside,
    /// The copy takes the name over, and has it.
    Switching,
    Switched,
    GivingUp,
    GivenUp,
}

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Snapshot,
    MakeGroup,
    SetParameters,
    Upgrade,
    Reboot,
    Copy,
    TagCopy,
    Switch,
    TagOld,
    TagNew,
    Record,
    DropGroup,
    Unprotect,
    DropDeployment,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Snapshot => "take a snapshot",
            Self::MakeGroup => "make the parameter group of the new version",
            Self::SetParameters => "set its parameters",
            Self::Upgrade => "upgrade",
            Self::Reboot => "reboot, for its parameters",
            Self::Copy => "make the blue/green deployment",
            Self::TagCopy => "tag the copy as one that stands beside",
            Self::Switch => "switch over",
            Self::TagOld => "tag the old one as kept",
            Self::TagNew => "tag the new one as the stack's",
            Self::Record => "record the new version",
            Self::DropGroup => "delete the parameter group that is not used any more",
            Self::Unprotect => "turn the deletion protection of the copy off",
            Self::DropDeployment => "delete the blue/green deployment",
        })
    }
}

/// The objects of an upgrade as AWS shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The address of the database.
    pub address: String,
    /// The one that is upgraded, or copied.
    pub database: Option<Seen>,
    /// The status of the snapshot.
    pub snapshot: Option<String>,
    /// The new parameter group: true while a parameter is not set.
    pub group: Option<bool>,
    /// The reason why RDS did not upgrade, as its events tell since it was asked.
    pub failure: Option<String>,
    pub deployment: Option<Deployment>,
    pub copy: Option<Seen>,
}

/// A database as RDS shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    pub instance: Instance,
    pub version: String,
    /// The version that it is about to have.
    pub coming: Option<String>,
    pub is_protected: bool,
    /// The state of its replication, where RDS shows one.
    pub replication: Option<String>,
}

/// A blue/green deployment as RDS shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    pub id: Option<Id>,
    pub status: String,
    pub details: Option<String>,
    /// The identifier of the copy.
    pub target: Option<String>,
    /// The tasks that are not completed.
    pub tasks: Vec<String>,
}

impl Upgrade {
    /// The version's major is another one.
    pub fn is_major(&self) -> bool {
        words::is_major(&self.from, &self.to)
    }

    /// Begins with the exchange; RDS may take so many seconds for it.
    pub fn switch(&mut self, seconds: u16) {
        if let Some(copy) = &mut self.copy {
            copy.seconds = seconds;
        }
        (self.stage, self.asked) = (Stage::Switching, None);
        self.notes.clear();
    }

    /// Begins to give it up.
    pub fn give_up(&mut self, deletes_copy: bool) {
        if let Some(copy) = &mut self.copy {
            copy.is_deleted = deletes_copy;
        }
        (self.stage, self.asked) = (Stage::GivingUp, None);
        self.notes.clear();
    }

    /// The end of a stage.
    pub fn reached(&mut self, observed: &Observed) {
        self.learn(observed);
        self.asked = None;
        self.stage = match self.stage {
            Stage::Upgrading | Stage::Upgraded => Stage::Upgraded,
            Stage::Copying | Stage::Beside => Stage::Beside,
            Stage::Switching | Stage::Switched => Stage::Switched,
            Stage::GivingUp | Stage::GivenUp => Stage::GivenUp,
        };
    }

    /// Notes the ids that AWS has given.
    pub fn learn(&mut self, observed: &Observed) {
        let Some(copy) = &mut self.copy else { return };
        if let Some(deployment) = &observed.deployment {
            copy.deployment = deployment.id.clone().or(copy.deployment.take());
            let target = deployment.target.clone().filter(|target| *target != self.identifier);
            copy.identifier = target.or(copy.identifier.take());
        }
        if let Some(seen) = &observed.copy {
            copy.id = seen.instance.id.clone().or(copy.id.take());
        }
        if let Some(seen) = &observed.database
            && seen.instance.identifier != self.identifier
        {
            copy.old = Some(seen.instance.identifier.clone());
        }
    }

    /// Notes the answer of the last call.
    pub fn answered(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.answered = true;
        }
        match self.asked.as_ref().map(|asked| asked.step) {
            Some(Step::Record) => self.is_recorded = true,
            Some(Step::DropGroup) => {
                if let Some(group) = &mut self.group {
                    group.is_dropped = true;
                }
            }
            _ => {}
        }
    }

    /// Forgets a request that came to nothing, so that the same command asks again.
    pub fn try_again(&mut self, observed: &Observed, now: Timestamp) {
        let Some(asked) = &self.asked else { return };
        let is_ready = |seen: &Option<Seen>| seen.as_ref().is_some_and(|seen| seen.instance.is_ready);
        let is_over = match asked.step {
            Step::Upgrade => {
                let is_old = observed.database.as_ref().is_some_and(|seen| seen.version != self.to);
                let is_silent = seconds_between(asked.at, now) >= in_place::BEGINS;
                let is_of_others = observed.database.as_ref().is_some_and(|seen| seen.version != self.from);
                let is_over = observed.failure.is_some() || is_silent || is_of_others;
                is_ready(&observed.database) && is_old && is_over
            }
            Step::Switch => {
                let status = observed.deployment.as_ref().map(|one| one.status.as_str());
                matches!(status, Some("AVAILABLE" | "SWITCHOVER_FAILED"))
                    && seconds_between(asked.at, now) >= LAG
            }
            _ => false,
        };
        if is_over {
            self.asked = None;
        }
    }

    /// True where nothing was asked of RDS that is not undone by a deletion.
    pub fn can_be_given_up(&self) -> bool {
        match self.stage {
            Stage::Upgrading => self.asked.as_ref().is_none_or(|asked| {
                matches!(asked.step, Step::Snapshot | Step::MakeGroup | Step::SetParameters)
            }),
            Stage::Copying | Stage::Beside => true,
            Stage::Switching => {
                self.asked.as_ref().is_none_or(|asked| asked.step == Step::Switch) && !self.is_recorded
            }
            Stage::Upgraded | Stage::Switched | Stage::GivingUp | Stage::GivenUp => false,
        }
    }

    /// A call, unless it was made a moment ago and may not show itself yet.
    fn once(&self, step: Step, now: Timestamp, waiting: String) -> Next<Step> {
        let since = |asked: &Asked| seconds_between(asked.at, now);
        match self.asked.as_ref().filter(|asked| asked.step == step) {
            Some(asked) if asked.answered && since(asked) < LAG => Next::Wait(waiting),
            Some(asked) if !asked.answered && since(asked) < SHOWS_ITSELF => Next::Wait(waiting),
            _ => Next::Do(step),
        }
    }

    /// The steps before RDS is asked for the new version; none when they are done.
    fn preparing(&self, observed: &Observed, now: Timestamp) -> Option<Next<Step>> {
        let snapshot = &self.snapshot;
        match observed.snapshot.as_deref() {
            None => return Some(self.once(Step::Snapshot, now, format!("{snapshot} is to show itself"))),
            Some("available") => {}
            Some(status @ ("creating" | "backing-up")) => {
                return Some(Next::Wait(format!("the snapshot {snapshot} is {status}")));
            }
            Some(status) => {
                return Some(Next::Refuse(Refusal::midway(
                    format!("the snapshot {snapshot} is {status}"),
                    self.to_give_up(),
                )));
            }
        }
        let group = self.group.as_ref()?;
        match observed.group {
            None => Some(self.once(Step::MakeGroup, now, format!("{} is to show itself", group.name))),
            Some(true) => {
                Some(self.once(Step::SetParameters, now, format!("{} takes its parameters", group.name)))
            }
            Some(false) => None,
        }
    }

    /// The refusal where a database is gone, or is not going to serve by itself; the wait until it does.
    fn until_ready(&self, seen: Option<&Seen>, name: &str) -> Option<Next<Step>> {
        let Some(seen) = seen else {
            let hint = Some("provision status".to_owned());
            return Some(Next::Refuse(Refusal::midway(format!("{name} is gone"), hint)));
        };
        let Instance { identifier, status, is_ready, is_stuck, .. } = &seen.instance;
        if *is_stuck {
            let message = format!("{identifier} is {status}");
            let hint = "for what that means, and the cure: provision status".to_owned();
            return Some(Next::Refuse(Refusal::midway(message, Some(hint))));
        }
        (!is_ready).then(|| Next::Wait(format!("{identifier} is {status}")))
    }

    fn to_give_up(&self) -> Option<String> {
        Some(format!("to give it up: provision upgrade {} --give-up", self.name))
    }
}

impl Course for Upgrade {
    const COMMAND: &'static str = "upgrade";
    type Observed = Observed;
    type Step = Step;

    fn next(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        match self.stage {
            Stage::Upgrading => self.upgrading(observed, now),
            Stage::Copying => self.copying(observed, now),
            Stage::Switching => self.switching(observed, now),
            Stage::GivingUp => self.giving_up(observed, now),
            Stage::Upgraded | Stage::Beside | Stage::Switched | Stage::GivenUp => Next::Done,
        }
    }

    fn intend(&mut self, step: &Step, now: Timestamp) {
        self.asked = Some(Asked { step: *step, at: now, answered: false });
    }

    fn steps(&self) -> Vec<String> {
        words::steps(self)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn doing(&self) -> String {
        words::doing(self)
    }

    fn ending(&self) -> &'static str {
        match self.stage {
            Stage::GivingUp | Stage::GivenUp => "given up",
            Stage::Copying | Stage::Beside => "prepared",
            Stage::Upgrading | Stage::Upgraded | Stage::Switching | Stage::Switched => "complete",
        }
    }

    fn goes_on(&self) -> String {
        match self.stage {
            Stage::Upgrading | Stage::Upgraded | Stage::Copying => self.options.clone(),
            Stage::Beside | Stage::Switching | Stage::Switched => "--switch".to_owned(),
            Stage::GivingUp | Stage::GivenUp => {
                match self.copy.as_ref().is_some_and(|copy| copy.is_deleted) {
                    true => "--give-up --delete-copy".to_owned(),
                    false => "--give-up".to_owned(),
                }
            }
        }
    }

    fn gives_up(&self) -> Option<String> {
        match self.stage {
            Stage::Upgraded | Stage::Switched | Stage::GivenUp => Some("--forget".to_owned()),
            Stage::GivingUp => None,
            _ => self.can_be_given_up().then(|| "--give-up".to_owned()),
        }
    }

    fn holds(&self) -> bool {
        true
    }

    fn holds_along(&self) -> BTreeSet<Address> {
        self.group.iter().map(|group| group.address.clone()).collect()
    }

    fn rests(&self) -> bool {
        self.stage == Stage::Beside
    }

    fn keeps(&self) -> Vec<Kept> {
        let snapshot = Kept { id: None, name: self.snapshot.clone() };
        let copy = self.copy.as_ref();
        let group = |name: &str| Kept { id: None, name: name.to_owned() };
        let mut kept = vec![snapshot];
        match (self.stage, copy) {
            (Stage::Switching | Stage::Switched, Some(copy)) => {
                let name = copy.old.clone().unwrap_or_else(|| format!("{}-old1", self.identifier));
                kept.push(Kept { id: Some(self.id.clone()), name });
                kept.extend(self.group.as_ref().map(|one| group(one.old.as_str())));
            }
            (Stage::GivingUp | Stage::GivenUp, Some(copy)) if copy.is_deleted => {}
            (_, Some(copy)) => {
                if let Some(name) = &copy.identifier {
                    kept.push(Kept { id: copy.id.clone(), name: name.clone() });
                    kept.extend(self.group.as_ref().map(|one| group(&one.name)));
                }
            }
            (_, None) => {}
        }
        kept
    }
}
