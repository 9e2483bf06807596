//! The one waiter: looks at all settling objects of a kind with one read, until each is what it shall become.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::begin::Sending;
use super::{Answer, Execution, Looked, Returned, StepError, arrange};
use crate::engine::address::Address;
use crate::engine::cloud::{KindError, TrackedDocument};
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::event::Event;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::FieldChange;
use crate::engine::planner::Sighting;
use crate::engine::remedy::hint_of;
use crate::engine::resource::{Condition, Data, Field, Id, Object, Role, Status};
use crate::engine::state::{Phase, Record};
use crate::engine::steps::Step;

/// An object that AWS is at work on.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) id: Id,
    pub(super) goal: Goal,
}

/// The goal that the object shall reach.
#[derive(Clone, Debug)]
pub(super) enum Goal {
    /// Ready, and as desired.
    Made {
        desired: Document,
        sent: Sent,
    },
    Gone,
}

/// The update that an object has got in this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// None yet: it was made.
    Nothing,
    /// The one for what a create call cannot carry. It is made at once: nothing has begun to use the object.
    Completion,
    Update,
}

impl Sent {
    /// The inputs as they are sent and waited for.
    pub(super) fn asked(self, manager: &dyn Manager, desired: &Document) -> Document {
        let mut asked = desired.clone();
        if let (Self::Completion, Some(at_once)) = (self, Role::AtOnce.field(manager.fields())) {
            asked.insert(at_once.to_owned(), true.into());
        }
        asked
    }
}

/// All objects that AWS is at work on.
#[derive(Default)]
pub(super) struct Settling {
    waits: BTreeMap<Step, Wait>,
    kinds: BTreeMap<String, Rhythm>,
}

struct Wait {
    target: Target,
    deadline: Instant,
    /// While a call for the object is under way, it is not looked at.
    held: bool,
}

/// When a kind is looked at next.
struct Rhythm {
    next: Instant,
    /// When the youngest of its objects began to be waited for.
    since: Instant,
    looking: bool,
}

/// A run ends at most a twentieth of the time that AWS took after AWS is ready, or a second.
const SHARE: u32 = 20;
/// The pause between the first two looks: some work is done at once.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const SHORT_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause between two looks at any kind, even one with more patience.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The time that an object may stay invisible after its create call has returned (EC2: eventual consistency).
const INVISIBLE: Duration = Duration::from_secs(5 * 60);

impl Settling {
    /// Waits for the target from now on; the first look is at once.
    pub(super) fn add(&mut self, step: &Step, target: Target, patience: Duration) {
        self.insert(step, target, patience, false);
        self.look_at_once(step);
    }

    /// Notes what will be waited for once the call that is under way returns.
    pub(super) fn hold(&mut self, step: &Step, target: Target, patience: Duration) {
        self.insert(step, target, patience, true);
    }

    fn insert(&mut self, step: &Step, target: Target, patience: Duration, held: bool) {
        let wait = Wait { target, deadline: Instant::now() + patience, held };
        self.waits.insert(step.clone(), wait);
    }

    fn release(&mut self, step: &Step) {
        if let Some(wait) = self.waits.get_mut(step) {
            wait.held = false;
        }
        self.look_at_once(step);
    }

    fn look_at_once(&mut self, step: &Step) {
        let rhythm = self.kinds.entry(step.address().kind().to_owned()).or_insert_with(|| Rhythm {
            next: Instant::now(),
            since: Instant::now(),
            looking: false,
        });
        rhythm.next = Instant::now();
        rhythm.since = Instant::now();
    }

    fn remove(&mut self, step: &Step) {
        self.waits.remove(step);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waits.is_empty()
    }

    fn ready_to_look(&self, kind: &str) -> bool {
        self.waits.iter().any(|(step, wait)| !wait.held && step.address().kind() == kind)
    }

    /// When the next look is due, of the kinds that are not being looked at.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.kinds
            .iter()
            .filter(|(kind, rhythm)| !rhythm.looking && self.ready_to_look(kind))
            .map(|(_, rhythm)| rhythm.next)
            .min()
    }
}

impl Execution<'_> {
    /// Looks at every kind whose time has come.
    pub(super) fn look_where_it_is_time(&mut self) {
        let now = Instant::now();
        let due: Vec<String> = self
            .settling
            .kinds
            .iter()
            .filter(|(kind, rhythm)| {
                !rhythm.looking && rhythm.next <= now && self.settling.ready_to_look(kind)
            })
            .map(|(kind, _)| kind.clone())
            .collect();
        for kind in due {
            self.look(kind);
        }
    }

    fn look(&mut self, kind: String) {
        let waits: Vec<(&Step, &Wait)> = self
            .settling
            .waits
            .iter()
            .filter(|(step, wait)| !wait.held && step.address().kind() == kind)
            .collect();
        let steps: BTreeSet<Step> = waits.iter().map(|(step, _)| (*step).clone()).collect();
        let tracked: Vec<TrackedDocument> = waits
            .iter()
            .map(|(step, wait)| TrackedDocument {
                id: wait.target.id.clone(),
                recorded: match &wait.target.goal {
                    // A field that AWS does not show is as it was recorded, until an update has been sent.
                    Goal::Made { sent: Sent::Nothing, .. } | Goal::Gone => {
                        self.record(step.address()).map(|record| arrange::inputs_of(record, &wait.target.id))
                    }
                    Goal::Made { desired, sent } => {
                        let manager = self.run.registry.managing(step.address().kind());
                        manager.map(|manager| sent.asked(manager, desired))
                    }
                },
            })
            .collect();
        if let Some(rhythm) = self.settling.kinds.get_mut(&kind) {
            rhythm.looking = true;
        }
        let cloud = self.run.cloud;
        self.looks.push(Box::pin(async move {
            let result = cloud.observe(&kind, &tracked).await;
            Looked { kind, steps, result }
        }));
    }

    /// A call has returned: its id is recorded at once, and the object settles from here on.
    pub(super) fn returned(&mut self, returned: Returned) {
        let Returned { step, result } = returned;
        match result {
            Ok(Answer::Created { id, desired }) => {
                let address = step.address();
                self.made.insert(address.clone());
                let manager = self.run.registry.managing(address.kind());
                if let (Some(record), Some(manager)) = (self.record(address).cloned(), manager) {
                    self.put(address, Record { id: Some(id.clone()), ..record });
                    let target = Target { id, goal: Goal::Made { desired, sent: Sent::Nothing } };
                    self.settling.add(&step, target, manager.patience().create);
                }
            }
            Ok(Answer::Updated | Answer::Deleted) => self.settling.release(&step),
            Err(error) => {
                self.settling.remove(&step);
                self.fail(&step, error);
            }
        }
    }

    /// A look has returned: every object that it was about moves on, or is waited for further.
    pub(super) fn looked(&mut self, looked: Looked) {
        let Looked { kind, steps, result } = looked;
        let added_meanwhile = self
            .settling
            .waits
            .iter()
            .any(|(step, wait)| !wait.held && step.address().kind() == kind && !steps.contains(step));
        self.plan_next_look(&kind, added_meanwhile);
        let seen = match result {
            Ok(seen) => seen,
            Err(error) => return self.look_failed(&steps, error),
        };
        for step in steps {
            let Some(wait) = self.settling.waits.get(&step) else { continue };
            let target = wait.target.clone();
            let live = seen.get(&target.id);
            match (target.goal, live) {
                (Goal::Gone, None) => {
                    self.settling.remove(&step);
                    self.object_gone(&step, target.id);
                }
                (Goal::Gone, Some(live)) => self.wait_on(&step, status(live)),
                (Goal::Made { .. }, None) => self.invisible(&step),
                (Goal::Made { desired, sent }, Some(live)) => {
                    self.settled_so_far(&step, target.id, desired, sent, live);
                }
            }
        }
    }

    fn plan_next_look(&mut self, kind: &str, at_once: bool) {
        let longest = self.run.registry.managing(kind).map_or(LONGEST_PAUSE, |kind| kind.patience().interval);
        if let Some(rhythm) = self.settling.kinds.get_mut(kind) {
            rhythm.looking = false;
            if at_once {
                rhythm.next = Instant::now();
            } else {
                rhythm.next = Instant::now() + pause(rhythm.since.elapsed()).min(longest);
            }
        }
    }

    /// AWS goes on with its work without us: only the waiting has failed.
    fn look_failed(&mut self, steps: &BTreeSet<Step>, error: KindError) {
        let mut error = Some(error);
        for step in steps {
            if self.settling.waits.remove(step).is_some() {
                let error = match error.take() {
                    Some(first) => StepError::from(first),
                    None => StepError::NotSeen,
                };
                self.fail(step, error);
            }
        }
    }

    fn invisible(&mut self, step: &Step) {
        let appeared_long_ago =
            self.began.get(step.address()).is_none_or(|began| began.elapsed() > INVISIBLE);
        if appeared_long_ago {
            self.settling.remove(step);
            self.fail(step, StepError::Gone);
        } else {
            self.wait_on(step, "not visible yet".to_owned());
        }
    }

    fn settled_so_far(&mut self, step: &Step, id: Id, desired: Document, sent: Sent, live: &Live) {
        let Some(manager) = self.run.registry.managing(step.address().kind()) else { return };
        let is_sent = sent != Sent::Nothing;
        match &live.condition {
            Condition::Pending(status) | Condition::Leaving(status) => {
                self.wait_on(step, status.clone());
                return;
            }
            // It was so before, and AWS has taken a change of it all the same: that may be seen before the status goes.
            Condition::Held(row) | Condition::Lost(row) if is_sent && self.was_stuck(step, row) => {}
            Condition::Held(row) | Condition::Lost(row) => {
                self.settling.remove(step);
                let hint = self.cure(step.address(), &id, live);
                self.fail(step, StepError::Stuck { row, answer: None, hint });
                return;
            }
            Condition::Ready => {}
        }
        if !is_sent && self.gone.contains(&id) && is_another(manager, &desired, live) {
            return self.invisible(step);
        }
        let asked = sent.asked(manager, &desired);
        let comparable: Vec<Field> = match sent {
            Sent::Nothing => diff::changeable(manager.fields()),
            Sent::Completion | Sent::Update => diff::seen_at_once(manager.fields(), &asked, &live.inputs),
        };
        let differing: BTreeSet<String> =
            diff::diff(&comparable, &asked, &live.inputs).into_iter().map(|field| field.path).collect();
        // One that an earlier run made may have been recorded under another address since.
        let claim = if is_sent { None } else { self.claim(step.address()) };
        if differing.is_empty() && claim.is_none() {
            self.settling.remove(step);
            self.ready(step, id, desired, live);
        } else if let (true, Some(row)) = (is_sent, live.condition.stuck()) {
            self.linger(step, &id, live, row);
        } else if is_sent {
            self.wait_on(step, "applying the change".to_owned());
        } else {
            let observed = live.inputs.clone();
            let sending = Sending { desired, fields: differing, observed, claim, sent: Sent::Completion };
            self.send_update(step, manager, id, sending);
        }
    }

    /// True if the plan was made for an object in this status.
    fn was_stuck(&self, step: &Step, row: &Status) -> bool {
        let seen = self.run.sightings.get(step.address()).and_then(Sighting::live);
        seen.is_some_and(|(_, live)| live.condition.stuck() == Some(row))
    }

    /// The ways out of the status that an object is in, as text.
    fn cure(&self, address: &Address, id: &Id, live: &Live) -> Option<String> {
        let row = live.condition.stuck()?;
        let region = &self.run.planning.plan.region;
        let (inputs, outputs) = (&live.inputs, &live.outputs);
        let lost = matches!(live.condition, Condition::Lost(_));
        let never_made = lost && self.record(address).is_some_and(Record::is_unfinished);
        let fields = self.run.registry.managing(address.kind()).map(Manager::fields).unwrap_or_default();
        let protected = Role::Protection.is_on(fields, inputs);
        let object = Object { address, id, region, inputs, outputs };
        hint_of(&row.ways(&object, never_made || row.data == Data::Never, protected))
    }

    /// A change that AWS took in a status that does not pass by itself must be seen soon, or it does not help.
    fn linger(&mut self, step: &Step, id: &Id, live: &Live, row: &'static Status) {
        let began_long_ago = self.began.get(step.address()).is_none_or(|began| began.elapsed() > INVISIBLE);
        if began_long_ago {
            self.settling.remove(step);
            let hint = self.cure(step.address(), id, live);
            self.fail(step, StepError::Stuck { row, answer: None, hint });
        } else {
            self.wait_on(step, row.name.to_owned());
        }
    }

    fn ready(&mut self, step: &Step, id: Id, desired: Document, live: &Live) {
        let address = step.address();
        let Some(record) = self.record(address).cloned() else { return };
        let declared = self.run.blueprint.declarations.get(address);
        let declared = declared.map(|declared| self.dependencies(address, declared.references()));
        let depends_on = declared.unwrap_or(record.depends_on);
        let inputs = match self.run.registry.managing(address.kind()) {
            Some(manager) => as_made(manager, desired, live),
            None => desired,
        };
        let ready = Record {
            phase: Phase::Ready,
            id: Some(id),
            inputs,
            outputs: live.outputs.clone(),
            depends_on,
            // The tags were written with the update.
            claimed: record.claimed.filter(|_| self.claim(address).is_none()),
            gone: false,
            lost: None,
            ..record
        };
        self.put(address, ready);
        self.done(step);
    }

    fn wait_on(&mut self, step: &Step, status: String) {
        let Some(wait) = self.settling.waits.get(step) else { return };
        let address = step.address().clone();
        if Instant::now() >= wait.deadline {
            self.settling.remove(step);
            self.fail(step, StepError::TimedOut { status });
            return;
        }
        let event = Event::Settling {
            action: self.action(&address),
            status,
            elapsed_seconds: self.elapsed(&address),
            address,
        };
        (self.sink)(event);
    }
}

/// The pause after a look, when so much was waited.
fn pause(waited: Duration) -> Duration {
    let shortest = waited.clamp(FIRST_PAUSE, SHORT_PAUSE);
    (waited / SHARE).clamp(shortest, LONGEST_PAUSE)
}

/// True for an object that no change makes as desired: where ids are names, AWS may still show the one that was deleted.
fn is_another(manager: &dyn Manager, desired: &Document, live: &Live) -> bool {
    !otherwise(manager, desired, live).is_empty()
}

/// The fields that no change can set, and that AWS shows otherwise than desired.
fn otherwise(manager: &dyn Manager, desired: &Document, live: &Live) -> Vec<FieldChange> {
    diff::diff(&diff::fixed(manager.fields()), desired, &live.inputs)
}

/// The inputs of a finished object, to be recorded: a backup brings some along that were asked for otherwise.
fn as_made(manager: &dyn Manager, desired: Document, live: &Live) -> Document {
    let differing = otherwise(manager, &desired, live);
    let mut made = desired;
    for field in differing {
        match field.before {
            Some(value) => drop(made.insert(field.path, value)),
            None => drop(made.remove(&field.path)),
        }
    }
    made
}

fn status(live: &Live) -> String {
    live.condition.status().unwrap_or("not deleted yet").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_has_done_is_seen_a_second_or_a_twentieth_of_its_time_later() {
        for tenths in 1..36_000 {
            let work = Duration::from_millis(tenths * 100);
            let (mut waited, mut looks) = (Duration::ZERO, 1);
            while waited < work {
                waited += pause(waited);
                looks += 1;
            }
            let late = waited - work;
            let most = (work / SHARE).max(SHORT_PAUSE);
            assert!(late <= most, "{work:?} was seen after {waited:?}");
            assert!(looks < 70 + work.as_secs() / LONGEST_PAUSE.as_secs(), "{looks} looks in {work:?}");
        }
    }
}
