//! The restore of a file system by AWS Backup: into a new one that stands beside it and takes its place when told, or into a folder of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::resource::Id;
use crate::engine::state::Kept;

use super::course::{Course, Next, Refusal};
use super::restore::{Stage, beside};
use super::status::seconds_between;

/// A request whose answer was lost has shown itself by then.
const SHOWS_ITSELF: i64 = 20;
/// A change that was taken shows itself by then.
const LAG: i64 = 60;

/// The record of the restore of a file system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRestore {
    /// The file system's name in the stack file.
    pub name: String,
    /// The options that it was begun with: `--latest`.
    pub options: String,
    /// The recovery point.
    pub point: String,
    /// Its time in words: `as it was at 2026-11-27T05:00:00Z`.
    pub from: String,
    /// The role that AWS Backup takes.
    pub role: String,
    /// The token by which AWS Backup knows the request again, and the new file system is made.
    pub token: String,
    /// True where the files come into a folder of the same file system.
    #[serde(default)]
    pub is_folder: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    pub old: Id,
    /// Absent until AWS Backup shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Id>,
    pub inputs: Document,
    /// Its mount targets and access points, which the new one gets too.
    pub parts: BTreeMap<Address, Part>,
    pub stage: Stage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// True once the new one was recorded at the address.
    #[serde(default)]
    pub recorded: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A mount target, or an access point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    pub inputs: Document,
    pub old: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Id>,
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

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Start,
    TagBeside,
    Complete,
    Make(Address),
    TagOld,
    TagOldPart(Address),
    TagNew,
    TagNewPart(Address),
    Record,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start the restore"),
            Self::TagBeside => f.write_str("tag the new one as one that stands beside"),
            Self::Complete => f.write_str("send the settings that a restore does not take"),
            Self::Make(part) => write!(f, "make {part} of the new one"),
            Self::TagOld => f.write_str("tag the old one as kept"),
            Self::TagOldPart(part) => write!(f, "tag the old {part} as kept"),
            Self::TagNew => f.write_str("tag the new one as the stack's"),
            Self::TagNewPart(part) => write!(f, "tag the new {part} as the stack's"),
            Self::Record => f.write_str("record the new one"),
        }
    }
}

/// The objects as AWS shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// The address of the file system.
    pub address: String,
    pub job: Option<Job>,
    pub old: Option<Seen>,
    pub new: Option<Seen>,
    pub old_parts: BTreeMap<Address, Seen>,
    pub new_parts: BTreeMap<Address, Seen>,
}

/// A job of AWS Backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    pub status: String,
    pub percent: Option<String>,
    pub message: Option<String>,
    /// The file system that it makes or fills.
    pub made: Option<Id>,
}

/// An object of EFS.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    pub id: Option<Id>,
    pub status: String,
    pub is_ready: bool,
    pub is_stuck: bool,
    /// The address in its ownership tags; absent for what has no tags of its own.
    pub tagged: Option<String>,
    /// The fields in which it is not as it was asked for.
    pub unmet: Vec<String>,
}

impl FileRestore {
    /// Begins to let the new one take the place.
    pub fn switch(&mut self) {
        (self.stage, self.asked, self.recorded) = (Stage::Switching, None, false);
        self.notes.clear();
    }

    /// The other way round.
    pub fn back(&mut self) {
        if let Some(new) = &mut self.new {
            std::mem::swap(&mut self.old, new);
        }
        for part in self.parts.values_mut() {
            if let Some(new) = &mut part.new {
                std::mem::swap(&mut part.old, new);
            }
        }
        self.from = "as it was before the exchange".to_owned();
        self.switch();
    }

    /// The end of a stage.
    pub fn reached(&mut self, observed: &Observed) {
        self.learn(observed);
        self.asked = None;
        self.stage = match self.stage {
            Stage::Restoring | Stage::Beside => Stage::Beside,
            Stage::Switching | Stage::Switched => Stage::Switched,
        };
    }

    /// Notes the ids that AWS shows.
    pub fn learn(&mut self, observed: &Observed) {
        if self.new.is_none() && !self.is_folder {
            self.new = observed.job.as_ref().and_then(|job| job.made.clone());
        }
        for (address, seen) in &observed.new_parts {
            if let Some(part) = self.parts.get_mut(address) {
                part.new = seen.id.clone().or(part.new.take());
            }
        }
    }

    /// Notes the answer of the last call.
    pub fn answered(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.answered = true;
        }
        if self.asked.as_ref().is_some_and(|asked| asked.step == Step::Record) {
            self.recorded = true;
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

    fn restoring(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        // AWS Backup takes the same request once, by its token (StartRestoreJob, IdempotencyToken).
        if self.job.is_none() {
            return Next::Do(Step::Start);
        }
        match &observed.job {
            Some(job) if job.status == "COMPLETED" => {}
            Some(job) if matches!(job.status.as_str(), "FAILED" | "ABORTED") => {
                // It has the tags of the one that it is of.
                if let Some(next) = self.beside_tag(observed, now) {
                    return next;
                }
                let why = job.message.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                let made = job.made.as_ref().filter(|_| !self.is_folder);
                let left = made.map(|made| format!("; {made} stays in AWS")).unwrap_or_default();
                let message = format!("the restore job of AWS Backup is {}{why}{left}", job.status);
                return Next::Refuse(Refusal::new(
                    message,
                    Some("mend that, then run the same command again".to_owned()),
                ));
            }
            Some(job) => {
                let percent =
                    job.percent.as_deref().map(|percent| format!(", {percent}")).unwrap_or_default();
                return Next::Wait(format!("the restore job is {}{percent}", job.status));
            }
            None if self.new.is_some() => {}
            None => {
                let message = "AWS Backup does not know the restore job any more".to_owned();
                return Next::Refuse(Refusal::midway(message, self.forget()));
            }
        }
        match self.is_folder {
            true => Next::Done,
            false => self.beside(observed, now),
        }
    }

    /// The tags of one that stands beside; none where it has them, or is not there.
    fn beside_tag(&self, observed: &Observed, now: Timestamp) -> Option<Next<Step>> {
        let new = observed.new.as_ref().filter(|_| !self.is_folder)?;
        let name = new.id.as_ref().map(ToString::to_string).unwrap_or_default();
        let is_tagged = new.tagged.as_deref() == Some(beside(&observed.address).as_str());
        (!is_tagged).then(|| self.once(Step::TagBeside, now, format!("{name} is to show its tags")))
    }

    /// True while AWS Backup is at work: no restore job can be stopped, and what it makes has the tags of the one that it is of.
    pub fn is_being_made(&self, observed: &Observed) -> bool {
        let is_over = |job: &Job| matches!(job.status.as_str(), "COMPLETED" | "FAILED" | "ABORTED");
        self.stage == Stage::Restoring
            && !self.is_folder
            && observed.job.as_ref().is_some_and(|job| !is_over(job))
    }

    /// The new one gets what no restore gives.
    fn beside(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        let Some(new) = &observed.new else {
            return Next::Refuse(Refusal::midway("the new file system is gone", self.otherwise(observed)));
        };
        let name = new.id.as_ref().map(ToString::to_string).unwrap_or_default();
        if new.is_stuck {
            return Next::Refuse(Refusal::midway(
                format!("the new file system {name} is {}", new.status),
                self.otherwise(observed),
            ));
        }
        let to_tag = self.beside_tag(observed, now).filter(|_| self.stage == Stage::Restoring);
        if let Some(next) = to_tag {
            return next;
        }
        match () {
            () if !new.is_ready => Next::Wait(format!("{name} is {}", new.status)),
            () if !new.unmet.is_empty() => {
                self.once(Step::Complete, now, format!("{name} takes {}", new.unmet.join(", ")))
            }
            () => self.parts(observed, now).unwrap_or(Next::Done),
        }
    }

    /// The next call or wait for the parts of the new one.
    fn parts(&self, observed: &Observed, now: Timestamp) -> Option<Next<Step>> {
        let missing = self.parts.keys().find(|part| !observed.new_parts.contains_key(part));
        if let Some(part) = missing {
            return Some(self.once(Step::Make(part.clone()), now, format!("{part} is to show itself")));
        }
        let (part, seen) = observed.new_parts.iter().find(|(_, seen)| !seen.is_ready)?;
        Some(match seen.is_stuck {
            true => {
                let message = format!("the new {part} is {}", seen.status);
                Next::Refuse(Refusal::midway(message, self.otherwise(observed)))
            }
            false => Next::Wait(format!("the new {part} is {}", seen.status)),
        })
    }

    fn switching(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        match self.beside(observed, now) {
            Next::Done => {}
            next => return next,
        }
        let aside = beside(&observed.address);
        let differs = |seen: &Seen, tag: &str| seen.tagged.as_deref().is_some_and(|its| its != tag);
        if observed.old.as_ref().is_some_and(|old| differs(old, &aside)) {
            return Next::Do(Step::TagOld);
        }
        let mut olds = observed.old_parts.iter();
        if let Some((part, _)) = olds.find(|(part, seen)| differs(seen, &part.beside().to_string())) {
            return Next::Do(Step::TagOldPart(part.clone()));
        }
        if observed.new.as_ref().is_some_and(|new| differs(new, &observed.address)) {
            return Next::Do(Step::TagNew);
        }
        let mut news = observed.new_parts.iter();
        if let Some((part, _)) = news.find(|(part, seen)| differs(seen, &part.to_string())) {
            return Next::Do(Step::TagNewPart(part.clone()));
        }
        if self.recorded { Next::Done } else { Next::Do(Step::Record) }
    }

    /// The way out where the new one cannot be had: back to the one before, once that is tagged as kept.
    fn otherwise(&self, observed: &Observed) -> Option<String> {
        let aside = beside(&observed.address);
        let is_kept = observed.old.as_ref().is_some_and(|old| old.tagged.as_ref() == Some(&aside));
        match self.stage == Stage::Switching && is_kept {
            true => Some(format!("for the way back: provision restore {} --switch --back", self.name)),
            false => self.forget(),
        }
    }

    fn forget(&self) -> Option<String> {
        Some(format!("to let go of it: provision restore {} --forget", self.name))
    }

    fn named(id: Option<&Id>) -> String {
        id.map_or_else(|| "a new file system".to_owned(), ToString::to_string)
    }
}

impl Course for FileRestore {
    const COMMAND: &'static str = "restore";
    type Observed = Observed;
    type Step = Step;

    fn next(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        match self.stage {
            Stage::Restoring => self.restoring(observed, now),
            Stage::Switching => self.switching(observed, now),
            Stage::Beside | Stage::Switched => Next::Done,
        }
    }

    fn intend(&mut self, step: &Step, now: Timestamp) {
        self.asked = Some(Asked { step: step.clone(), at: now, answered: false });
    }

    fn steps(&self) -> Vec<String> {
        let Self { old, from, parts, .. } = self;
        let new = Self::named(self.new.as_ref());
        match self.stage {
            Stage::Restoring | Stage::Beside if self.is_folder => vec![
                format!(
                    "AWS Backup writes the files of {old} {from} into its folder aws-backup-restore_DATE-TIME: about 100 MB or 500 files a second"
                ),
                "nothing that is there is written over; move the files where they belong when it is done"
                    .to_owned(),
            ],
            Stage::Restoring | Stage::Beside => vec![
                format!(
                    "AWS Backup makes a new file system with the files of {old} {from}, in its folder aws-backup-restore_DATE-TIME: about 100 MB or 500 files a second"
                ),
                format!(
                    "it gets the settings of the stack, and {} mount targets and access points like those of {old}",
                    parts.len()
                ),
                format!("{old} stays as it is, and serves; both are charged until one is deleted"),
            ],
            Stage::Switching | Stage::Switched => vec![
                format!(
                    "{new} is recorded as the stack's, with its mount targets and access points: outputs and rendered files name it then"
                ),
                format!(
                    "{old} stays as it is, with its clients, until they mount the new one; no run deletes it"
                ),
            ],
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if matches!(self.stage, Stage::Switching | Stage::Switched) {
            let new = Self::named(self.new.as_ref());
            notes.push(format!(
                "look at {new} first: what AWS Backup has restored is in its folder aws-backup-restore_DATE-TIME until it is moved up, and what is \
                 written into {} meanwhile stays there alone",
                self.old
            ));
        }
        notes
    }

    fn doing(&self) -> String {
        let Self { old, from, .. } = self;
        let new = Self::named(self.new.as_ref());
        match self.stage {
            Stage::Restoring if self.is_folder => {
                format!("is being restored {from} into a folder of its own")
            }
            Stage::Beside if self.is_folder => format!("was restored {from} into a folder of its own"),
            Stage::Restoring => format!("is being restored {from} beside the one that serves, as {new}"),
            Stage::Beside => format!("was restored {from}, as {new}, beside the one that serves"),
            Stage::Switching => format!("is changing places with {new}"),
            Stage::Switched => format!("is the one {from}; the one before is kept as {old}"),
        }
    }

    fn goes_on(&self) -> String {
        match self.stage {
            Stage::Restoring => self.options.clone(),
            Stage::Beside | Stage::Switching => "--switch".to_owned(),
            Stage::Switched => "--switch --back".to_owned(),
        }
    }

    fn gives_up(&self) -> Option<String> {
        let options = if self.stage == Stage::Switching { "--switch --back" } else { "--forget" };
        Some(options.to_owned())
    }

    fn holds(&self) -> bool {
        self.stage == Stage::Switching
    }

    fn holds_along(&self) -> BTreeSet<Address> {
        self.parts.keys().cloned().collect()
    }

    fn keeps(&self) -> Vec<Kept> {
        if self.is_folder {
            return Vec::new();
        }
        let (id, parts): (Option<&Id>, Vec<&Id>) = match self.stage {
            Stage::Restoring | Stage::Beside => {
                (self.new.as_ref(), self.parts.values().filter_map(|part| part.new.as_ref()).collect())
            }
            Stage::Switching | Stage::Switched => {
                (Some(&self.old), self.parts.values().map(|part| &part.old).collect())
            }
        };
        let kept = |id: &Id| Kept { id: Some(id.clone()), name: id.to_string() };
        id.into_iter().chain(parts).map(kept).collect()
    }
}

#[cfg(test)]
mod tests;
