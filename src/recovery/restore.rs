//! The restore of a database: a new one is made beside the old one from its backups, and the two change their names when that is asked for.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::document::Document;
use crate::engine::resource::Id;
use crate::engine::state::Kept;

use super::course::{Course, Next, Refusal};
use super::status::seconds_between;

/// The most letters of an identifier (CreateDBInstance, DBInstanceIdentifier).
const LONGEST_NAME: usize = 63;
/// A request whose answer was lost has shown itself by then.
const SHOWS_ITSELF: i64 = 20;
/// RDS shows `available` for up to a minute after it has taken a change.
const LAG: i64 = 60;

/// The record of a restore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The database's name in the stack file.
    pub name: String,
    /// The options that it was begun with: `--latest`.
    pub options: String,
    /// The identifier that the stack's database has, before and after.
    pub identifier: String,
    /// The moment or the snapshot, in words: `as it was at 2026-11-27T04:00:00Z`.
    pub from: String,
    pub old: Side,
    pub new: Side,
    /// The inputs of the new database as it is made.
    pub inputs: Document,
    /// The inputs that are recorded of each side when it stands at the address.
    pub recorded_new: Document,
    pub recorded_old: Document,
    pub stage: Stage,
    /// The last call, when it was made, and whether RDS answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// True if the exchange was turned round after the last call, which was for the other direction.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub turned: bool,
    /// True once the settings were sent that no restore takes.
    #[serde(default)]
    pub completed: bool,
    /// True once the new one was recorded at the address.
    #[serde(default)]
    pub recorded: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One of the two databases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Absent until RDS has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The name that it has while the other one has the stack's.
    pub aside: String,
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

/// The stage of a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The new one is made.
    Restoring,
    /// It stands beside the old one.
    Beside,
    /// The two change their names.
    Switching,
    /// The new one has the name.
    Switched,
}

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Restore,
    Complete,
    Reboot,
    SetOldAside,
    GiveTheName,
    TagOld,
    TagNew,
    Record,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restore => "restore",
            Self::Complete => "send the settings that a restore does not take",
            Self::Reboot => "reboot the new one, for its parameters",
            Self::SetOldAside => "rename the old one",
            Self::GiveTheName => "rename the new one",
            Self::TagOld => "tag the old one as kept",
            Self::TagNew => "tag the new one as the stack's",
            Self::Record => "record the new one",
        })
    }
}

/// Both databases as RDS shows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    pub old: Option<Instance>,
    pub new: Option<Instance>,
    /// True if a database has the stack's name: one that is being renamed answers to the old one for a while.
    pub is_taken: bool,
    /// True if that is none of the two.
    pub by_another: bool,
}

/// A database as RDS shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instance {
    pub id: Option<Id>,
    pub identifier: String,
    pub status: String,
    /// True if it serves, and nothing is about to change.
    pub is_ready: bool,
    /// True if it does not become ready by waiting.
    pub is_stuck: bool,
    /// True if it never serves again: AWS takes nothing of it but its deletion.
    pub is_lost: bool,
    /// The name that it is about to get.
    pub renamed_to: Option<String>,
    /// The fields in which it is not as it was asked for.
    pub unmet: Vec<String>,
    pub pending_reboot: bool,
    /// The address in its ownership tags.
    pub tagged: Option<String>,
}

/// The name of one that stands beside the stack's: `gitlab-pgsql-restored-20261127-040000`. No second one has it.
pub fn name_beside(identifier: &str, word: &str, now: Timestamp) -> String {
    let time = now.to_string();
    let digits: String = time.chars().filter(char::is_ascii_digit).take(14).collect();
    let ending = format!("-{word}-{}-{}", &digits[..8], &digits[8..]);
    let most = LONGEST_NAME - ending.len();
    let stem: String = identifier.chars().take(most).collect();
    // Two hyphens cannot stand together.
    format!("{}{ending}", stem.trim_end_matches('-'))
}

impl Restore {
    /// Begins with the exchange of the names.
    pub fn switch(&mut self) {
        (self.stage, self.asked, self.recorded) = (Stage::Switching, None, false);
    }

    /// Turns an exchange round, at its end or in the middle: the old one gets the name again.
    pub fn back(&mut self) {
        let midway = self.asked.take().filter(|_| self.stage == Stage::Switching);
        std::mem::swap(&mut self.old, &mut self.new);
        std::mem::swap(&mut self.recorded_old, &mut self.recorded_new);
        self.from = "as it was before the exchange".to_owned();
        self.notes.clear();
        self.switch();
        (self.turned, self.asked) = (midway.is_some(), midway);
    }

    /// The end of a stage.
    pub fn reached(&mut self) {
        self.asked = None;
        self.stage = match self.stage {
            Stage::Restoring | Stage::Beside => Stage::Beside,
            Stage::Switching | Stage::Switched => Stage::Switched,
        };
    }

    /// Notes the answer of the last call.
    pub fn answered(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.answered = true;
        }
        match self.asked.as_ref().map(|asked| asked.step) {
            Some(Step::Complete) => self.completed = true,
            Some(Step::Record) => self.recorded = true,
            _ => {}
        }
    }

    /// A call, unless it was made a moment ago and may not show itself yet.
    fn once(&self, step: Step, now: Timestamp, waiting: String) -> Next<Step> {
        let since = |asked: &Asked| seconds_between(asked.at, now);
        match self.asked.as_ref().filter(|asked| asked.step == step && !self.turned) {
            Some(asked) if asked.answered && since(asked) < LAG => Next::Wait(waiting),
            Some(asked) if !asked.answered && since(asked) < SHOWS_ITSELF => Next::Wait(waiting),
            _ => Next::Do(step),
        }
    }

    fn restoring(&self, new: Option<&Instance>, now: Timestamp) -> Next<Step> {
        let beside = &self.new.aside;
        let Some(new) = new else {
            return match &self.new.id {
                None => self.once(Step::Restore, now, format!("{beside} is to show itself")),
                Some(id) => Next::Refuse(Refusal::midway(
                    format!("the restored database {beside} ({id}) is gone"),
                    self.forget(),
                )),
            };
        };
        if self.new.id.is_none() && self.asked.is_none() {
            let hint = format!(
                "run the same command again; for what it is: aws rds describe-db-instances --db-instance-identifier {beside}"
            );
            return Next::Refuse(Refusal::new(format!("there is a database {beside} already"), Some(hint)));
        }
        if new.is_stuck {
            let message = format!("the restored database {beside} is {}", new.status);
            return Next::Refuse(Refusal::midway(message, self.forget()));
        }
        let status = || Next::Wait(format!("{beside} is {}", new.status));
        match () {
            () if !new.is_ready => status(),
            () if !new.unmet.is_empty() && !self.completed => {
                self.once(Step::Complete, now, format!("{beside} takes its settings"))
            }
            () if !new.unmet.is_empty() => {
                self.once(Step::Complete, now, format!("{beside} takes {}", new.unmet.join(", ")))
            }
            () if new.pending_reboot => self.once(Step::Reboot, now, format!("{beside} is to be rebooted")),
            () => Next::Done,
        }
    }

    fn switching(&self, observed: &Observed, tags: (&str, &str), now: Timestamp) -> Next<Step> {
        let Self { identifier, old, new, .. } = self;
        let is_kept = |one: &Instance| one.tagged.as_deref() == Some(tags.0);
        // Once the one that serves is tagged or renamed, forgetting would leave no database with the name.
        let has_begun =
            observed.old.as_ref().is_some_and(|going| going.identifier != *identifier || is_kept(going));
        let Some(coming) = &observed.new else {
            return Next::Refuse(self.cannot_come(&format!("{} is gone", new.aside), has_begun));
        };
        if coming.is_stuck {
            let message =
                format!("{} is {}, and RDS renames only what is available", new.aside, coming.status);
            return Next::Refuse(self.cannot_come(&message, has_begun));
        }
        if let Some(wait) = self.still_to_come(observed, now) {
            return wait;
        }
        if let Some(going) = &observed.old {
            let has_the_name = going.identifier == *identifier;
            if has_the_name && going.is_stuck {
                return Next::Refuse(self.cannot_go(going));
            }
            if !is_kept(going) {
                return Next::Do(Step::TagOld);
            }
            if has_the_name {
                // The one that takes over must be able to, before the name is let go of.
                return match self.renaming(coming, &new.aside) {
                    Some(wait) => wait,
                    None => self.rename(going, Step::SetOldAside, &old.aside, now),
                };
            }
            if going.renamed_to.as_ref() == Some(identifier) {
                return Next::Wait(format!("{} becomes {identifier}", going.identifier));
            }
        }
        if coming.identifier != *identifier {
            if observed.by_another {
                let message = format!("another database has the name {identifier}");
                return Next::Refuse(self.cannot_come(&message, has_begun));
            }
            if observed.is_taken && coming.renamed_to.is_none() {
                return Next::Wait(format!("the name {identifier} is to become free"));
            }
            return self.rename(coming, Step::GiveTheName, identifier, now);
        }
        match &coming.renamed_to {
            Some(to) if to != identifier => return Next::Wait(format!("{identifier} becomes {to}")),
            _ => {}
        }
        match () {
            () if !coming.is_ready => Next::Wait(format!("{identifier} is {}", coming.status)),
            () if coming.tagged.as_deref() != Some(tags.1) => Next::Do(Step::TagNew),
            () if !self.recorded => Next::Do(Step::Record),
            () => Next::Done,
        }
    }

    /// The wait for a name that RDS was asked for before the exchange was turned round: it may still come.
    fn still_to_come(&self, observed: &Observed, now: Timestamp) -> Option<Next<Step>> {
        let asked = self.asked.as_ref().filter(|_| self.turned)?;
        // The two have changed their places in the record since.
        let (one, name) = match asked.step {
            Step::SetOldAside => (observed.new.as_ref(), &self.new.aside),
            Step::GiveTheName => (observed.old.as_ref(), &self.identifier),
            _ => return None,
        };
        let is_seen = one.is_none_or(|one| one.identifier == *name);
        let may_come = !is_seen && seconds_between(asked.at, now) < LAG;
        may_come.then(|| Next::Wait(format!("the name {name}, which was asked for, is to show itself")))
    }

    /// The refusal where the one that is to take over cannot.
    fn cannot_come(&self, message: &str, has_begun: bool) -> Refusal {
        let hint = match has_begun {
            true => Some(format!("for the way back: provision restore {} --switch --back", self.name)),
            false => self.forget(),
        };
        Refusal::midway(message, hint)
    }

    /// The refusal where the one that has the name cannot let go of it.
    fn cannot_go(&self, going: &Instance) -> Refusal {
        let Instance { identifier, status, .. } = going;
        let message = format!("{identifier} is {status}, and RDS renames only what is available");
        let hint = match going.is_lost {
            true => format!(
                "RDS does not recover it, and its name is free when it is deleted; its automated backups are kept: aws rds delete-db-instance \
                 --db-instance-identifier {identifier} --skip-final-snapshot --no-delete-automated-backups; then: provision restore {} --switch",
                self.name
            ),
            false => "for the cure: provision status".to_owned(),
        };
        Refusal::midway(message, Some(hint))
    }

    /// The wait or the refusal before a database can be renamed.
    fn renaming(&self, one: &Instance, name: &str) -> Option<Next<Step>> {
        if one.is_stuck {
            let message = format!("{name} is {}, and RDS renames only what is available", one.status);
            return Some(Next::Refuse(Refusal::midway(message, Some("provision status".to_owned()))));
        }
        (!one.is_ready).then(|| Next::Wait(format!("{} is {}", one.identifier, one.status)))
    }

    fn rename(&self, one: &Instance, step: Step, to: &str, now: Timestamp) -> Next<Step> {
        let waiting = format!("{} becomes {to}", one.identifier);
        if one.renamed_to.as_deref() == Some(to) {
            return Next::Wait(waiting);
        }
        self.renaming(one, &one.identifier).unwrap_or_else(|| self.once(step, now, waiting))
    }

    fn forget(&self) -> Option<String> {
        Some(format!("to let go of it: provision restore {} --forget", self.name))
    }
}

/// The address in the tags of a database that stands beside the one of the address: the stack's own, and for nothing that is declared.
pub fn beside(address: &str) -> String {
    format!("{address}/beside")
}

impl Course for Restore {
    const COMMAND: &'static str = "restore";
    type Observed = (Observed, String);
    type Step = Step;

    fn next(&self, (observed, address): &Self::Observed, now: Timestamp) -> Next<Step> {
        match self.stage {
            Stage::Restoring => self.restoring(observed.new.as_ref(), now),
            Stage::Switching => self.switching(observed, (&beside(address), address), now),
            Stage::Beside | Stage::Switched => Next::Done,
        }
    }

    fn intend(&mut self, step: &Step, now: Timestamp) {
        self.asked = Some(Asked { step: *step, at: now, answered: false });
        self.turned = false;
    }

    fn steps(&self) -> Vec<String> {
        let Self { identifier, from, old, new, stage, .. } = self;
        match stage {
            Stage::Restoring | Stage::Beside => vec![
                format!("RDS makes the database {} of {identifier} {from}, with all settings of the stack: 10 to 50 min, and longer for much data", new.aside),
                "what no restore takes (password, maintenance window, monitoring) is sent when it is available; it is rebooted where parameters wait for that".to_owned(),
                format!("{identifier} stays as it is, and serves; both are charged until one is deleted"),
            ],
            Stage::Switching | Stage::Switched => vec![
                format!("{identifier} becomes {}: it restarts, and no database has the name {identifier} for some minutes", old.aside),
                format!("{} becomes {identifier}: it restarts, and RDS says that the new name works after about 10 min", new.aside),
                format!("{identifier} is recorded as the stack's; {} is kept, and no run deletes it", old.aside),
            ],
        }
    }

    fn notes(&self) -> Vec<String> {
        let Self { identifier, old, new, .. } = self;
        let before = format!(
            "stop what writes first: what {identifier} has now, and {} has not, is in {} alone afterwards",
            new.aside, old.aside
        );
        let is_exchanged = matches!(self.stage, Stage::Switching | Stage::Switched);
        is_exchanged.then_some(before).into_iter().chain(self.notes.iter().cloned()).collect()
    }

    fn doing(&self) -> String {
        let Self { from, old, new, .. } = self;
        match self.stage {
            Stage::Restoring => {
                format!("is being restored {from} beside the one that serves, as {}", new.aside)
            }
            Stage::Beside => format!("was restored {from}, as {}, beside the one that serves", new.aside),
            Stage::Switching => format!("is changing places with {}", new.aside),
            Stage::Switched => format!("is the one {from}; the one before is kept as {}", old.aside),
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

    fn keeps(&self) -> Vec<Kept> {
        let side = match self.stage {
            Stage::Restoring | Stage::Beside => &self.new,
            Stage::Switching | Stage::Switched => &self.old,
        };
        vec![Kept { id: side.id.clone(), name: side.aside.clone() }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "aws_db_instance.records";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).expect("a time")
    }

    fn restore(stage: Stage) -> Restore {
        let side = |id: &str, aside: &str| Side { id: Some(Id::new(id)), aside: aside.to_owned() };
        Restore {
            name: "records".to_owned(),
            options: "--latest".to_owned(),
            identifier: "records".to_owned(),
            from: "as it was".to_owned(),
            old: side("db-1", "records-old"),
            new: side("db-2", "records-restored"),
            inputs: Document::new(),
            recorded_new: Document::new(),
            recorded_old: Document::new(),
            stage,
            asked: None,
            turned: false,
            completed: false,
            recorded: false,
            notes: Vec::new(),
        }
    }

    fn instance(id: &str, identifier: &str) -> Instance {
        Instance {
            id: Some(Id::new(id)),
            identifier: identifier.to_owned(),
            status: "available".to_owned(),
            is_ready: true,
            ..Instance::default()
        }
    }

    /// Changes the databases as a step does.
    fn carried_out(step: Step, observed: &mut Observed) {
        let (old, new) = (observed.old.as_mut(), observed.new.as_mut());
        match step {
            Step::Restore => {
                let unmet = vec!["monitoring".to_owned()];
                observed.new =
                    Some(Instance { unmet, pending_reboot: true, ..instance("db-2", "records-restored") });
            }
            Step::Complete => new.expect("it is there").unmet.clear(),
            Step::Reboot => new.expect("it is there").pending_reboot = false,
            Step::SetOldAside => {
                old.expect("it is there").identifier = "records-old".to_owned();
                observed.is_taken = false;
            }
            Step::GiveTheName => new.expect("it is there").identifier = "records".to_owned(),
            Step::TagOld => old.expect("it is there").tagged = Some(beside(ADDRESS)),
            Step::TagNew => new.expect("it is there").tagged = Some(ADDRESS.to_owned()),
            Step::Record => {}
        }
    }

    /// Carries a restore out to its end, and returns its steps; `stopped` says after which moment of a step the run ends and another
    /// one begins: before the call, or after it without its answer.
    fn steps(mut restore: Restore, mut observed: Observed, stopped: Option<(Step, bool)>) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut stopped = stopped;
        for second in 0..1_000 {
            let now = at(second);
            match restore.next(&(observed.clone(), ADDRESS.to_owned()), now) {
                Next::Done => return steps,
                Next::Wait(_) => {}
                Next::Refuse(refusal) => panic!("{refusal:?}"),
                Next::Do(step) => {
                    restore.intend(&step, now);
                    let stop = stopped.take_if(|(at, _)| *at == step);
                    let is_sent = stop.is_none_or(|(_, after)| after);
                    if is_sent {
                        carried_out(step, &mut observed);
                        steps.push(step);
                    }
                    if stop.is_none() {
                        restore.new.id = observed.new.as_ref().and_then(|new| new.id.clone());
                        restore.answered();
                    }
                }
            }
        }
        panic!("it has no end: {steps:?}")
    }

    const MAKING: [Step; 3] = [Step::Restore, Step::Complete, Step::Reboot];
    const EXCHANGE: [Step; 5] =
        [Step::TagOld, Step::SetOldAside, Step::GiveTheName, Step::TagNew, Step::Record];

    fn beginnings() -> [(Restore, Observed, &'static [Step]); 2] {
        let mut making = restore(Stage::Restoring);
        making.new.id = None;
        let old = || Some(instance("db-1", "records"));
        let both = Observed {
            old: old(),
            new: Some(instance("db-2", "records-restored")),
            is_taken: true,
            by_another: false,
        };
        [
            (making, Observed { old: old(), is_taken: true, ..Observed::default() }, &MAKING),
            (restore(Stage::Switching), both, &EXCHANGE),
        ]
    }

    #[test]
    fn a_restore_and_an_exchange_have_these_steps() {
        for (restore, observed, expected) in beginnings() {
            assert_eq!(steps(restore, observed, None), expected);
        }
    }

    #[test]
    fn a_run_that_ends_at_any_step_is_gone_on_with_and_no_step_is_done_twice() {
        for after in [false, true] {
            for (restore, observed, expected) in beginnings() {
                for step in expected {
                    let done = steps(restore.clone(), observed.clone(), Some((*step, after)));
                    // A step that only records, or that sends the same again, may be done twice.
                    let mut once = done.clone();
                    once.dedup();
                    assert_eq!(once, expected, "{step:?} {after}");
                    let harmless = [Step::Record, Step::Complete];
                    assert!(
                        done.len() == once.len() || harmless.contains(step),
                        "{step:?} {after}: {done:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_name_is_let_go_of_only_when_the_new_one_can_take_it() {
        let restore = restore(Stage::Switching);
        let old = Instance { tagged: Some(beside(ADDRESS)), ..instance("db-1", "records") };
        for (ready, stuck) in [(false, false), (false, true)] {
            let new = Instance { is_ready: ready, is_stuck: stuck, ..instance("db-2", "records-restored") };
            let observed =
                Observed { old: Some(old.clone()), new: Some(new), is_taken: true, ..Observed::default() };
            let next = restore.next(&(observed, ADDRESS.to_owned()), at(0));
            assert!(!matches!(next, Next::Do(_)), "{next:?}");
        }
        let gone = Observed { old: Some(old), is_taken: true, ..Observed::default() };
        assert!(matches!(restore.next(&(gone, ADDRESS.to_owned()), at(0)), Next::Refuse(_)));
    }

    #[test]
    fn the_way_back_exchanges_them_again() {
        let mut restore = restore(Stage::Switched);
        restore.back();
        let old = Instance { tagged: Some(ADDRESS.to_owned()), ..instance("db-2", "records") };
        let new = Instance { tagged: Some(beside(ADDRESS)), ..instance("db-1", "records-old") };
        let observed = Observed { old: Some(old), new: Some(new), is_taken: true, ..Observed::default() };
        let Next::Do(step) = restore.next(&(observed, ADDRESS.to_owned()), at(0)) else { panic!("a step") };
        assert_eq!((step, restore.old.aside.as_str()), (Step::TagOld, "records-restored"));
    }

    #[test]
    fn a_name_beside_has_a_length_that_rds_takes() {
        let now = "2026-11-27T04:05:06Z".parse().expect("a time");
        assert_eq!(name_beside("gitlab-pgsql", "restored", now), "gitlab-pgsql-restored-20261127-040506");
        let long = name_beside(&format!("{}-{}", "a".repeat(39), "b".repeat(20)), "restored", now);
        assert!(long.len() <= LONGEST_NAME && !long.contains("--"), "{long}");
    }

    /// The refusal of the next step, with its hint.
    fn refused(restore: &Restore, observed: Observed) -> (String, String) {
        match restore.next(&(observed, ADDRESS.to_owned()), at(0)) {
            Next::Refuse(refusal) => (refusal.message, refusal.hint.unwrap_or_default()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_that_is_there_before_anything_was_asked_for_is_not_taken_for_the_restored_one() {
        let mut restore = restore(Stage::Restoring);
        restore.new.id = None;
        let there = Some(instance("db-9", "records-restored"));
        let (message, _) = refused(&restore, Observed { new: there, ..Observed::default() });
        assert!(message.contains("already"), "{message}");
    }

    #[test]
    fn an_exchange_whose_new_one_is_lost_is_turned_round_wherever_it_stands() {
        for (step, name) in [(Step::TagOld, "records"), (Step::SetOldAside, "records-old")] {
            let mut restore = restore(Stage::Switching);
            restore.intend(&step, at(0));
            restore.answered();
            let kept = || Instance { tagged: Some(beside(ADDRESS)), ..instance("db-1", name) };
            let (message, hint) = refused(&restore, Observed { old: Some(kept()), ..Observed::default() });
            assert!(message.contains("is gone") && hint.contains("--switch --back"), "{message}: {hint}");
            restore.back();
            let mut left = Observed { new: Some(kept()), ..Observed::default() };
            for second in 0..10 {
                match restore.next(&(left.clone(), ADDRESS.to_owned()), at(second)) {
                    Next::Done => break,
                    Next::Wait(_) => {}
                    Next::Refuse(refusal) => panic!("{refusal:?}"),
                    Next::Do(step) => {
                        restore.intend(&step, at(second));
                        carried_out(step, &mut left);
                        restore.answered();
                    }
                }
            }
            let back = left.new.expect("it is there");
            assert_eq!((back.identifier.as_str(), back.tagged.as_deref()), ("records", Some(ADDRESS)));
            assert!(restore.recorded);
        }
    }

    #[test]
    fn a_name_that_was_asked_for_before_an_exchange_was_turned_round_is_waited_for() {
        let mut restore = restore(Stage::Switching);
        restore.intend(&Step::SetOldAside, at(0));
        restore.back();
        let old = Some(Instance { tagged: Some(beside(ADDRESS)), ..instance("db-2", "records-restored") });
        let new = Some(Instance { tagged: Some(beside(ADDRESS)), ..instance("db-1", "records") });
        let observed = (Observed { old, new, is_taken: true, ..Observed::default() }, ADDRESS.to_owned());
        assert!(matches!(restore.next(&observed, at(LAG - 1)), Next::Wait(_)));
        assert_eq!(restore.next(&observed, at(LAG)), Next::Do(Step::TagNew));
    }

    #[test]
    fn one_that_has_failed_is_to_be_deleted_before_its_name_is_taken_and_nothing_is_done_before() {
        let failed = Instance {
            status: "failed".to_owned(),
            is_ready: false,
            is_stuck: true,
            is_lost: true,
            tagged: Some(ADDRESS.to_owned()),
            ..instance("db-1", "records")
        };
        let new = Some(instance("db-2", "records-restored"));
        let observed = Observed { old: Some(failed), new, is_taken: true, ..Observed::default() };
        let (_, hint) = refused(&restore(Stage::Switching), observed);
        assert!(hint.contains("delete-db-instance") && hint.contains("--switch"), "{hint}");
    }

    #[test]
    fn a_name_that_a_third_database_has_is_not_waited_for() {
        let kept = Instance { tagged: Some(beside(ADDRESS)), ..instance("db-1", "records-old1") };
        let new = Some(instance("db-2", "records-restored"));
        let observed = Observed { old: Some(kept), new, is_taken: true, by_another: true };
        let (message, _) = refused(&restore(Stage::Switching), observed);
        assert!(message.contains("another database"), "{message}");
    }
}
