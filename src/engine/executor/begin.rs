//! The beginning of each step: the intent is staged, then the call made ready. The executor commits all intents before it
//! polls a call, and a call does nothing before it is polled.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::absence::Absence;
use super::settle::{Goal, Sent, Target};
use super::{Answer, Execution, Returned, Status, StepError, arrange, call};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::cloud::ChangeDocument;
use crate::engine::diff;
use crate::engine::document::{Document, is_unknown, references, resolve};
use crate::engine::event::Event;
use crate::engine::kind::{Live, Manager, Misfit};
use crate::engine::owner;
use crate::engine::plan::{Action, Mode};
use crate::engine::planner::{OWNERSHIP_TAGS, Sighting};
use crate::engine::resource::{Condition, Field, Id, Owner};
use crate::engine::state::{Edit, Lost, Phase, Predecessor, Record};
use crate::engine::steps::Step;

/// A change as it is sent to an object.
pub(super) struct Sending {
    pub(super) desired: Document,
    pub(super) fields: BTreeSet<String>,
    pub(super) observed: Document,
    /// For whom the ownership tags are written before, where they have to be.
    pub(super) claim: Option<Owner>,
    /// The kind of update that it is.
    pub(super) sent: Sent,
}

/// The desired form of an object.
struct Desired {
    inputs: Document,
    depends_on: BTreeSet<Address>,
}

impl<'a> Execution<'a> {
    /// Brings the records of what stays as it is up to date: an interrupted run that had nothing left to do, or
    /// outputs that AWS changed.
    pub(super) fn record_what_stays(&mut self) {
        // A destroy leaves no state where there was none.
        if let Some(cluster) = &self.run.blueprint.cluster
            && self.run.planning.plan.mode != Mode::Destroy
            && self.writer.state().cluster().as_ref() != Some(cluster)
        {
            self.writer.edit(Edit::Facts { facts: cluster.facts() });
        }
        let staying = self.run.planning.plan.changes.iter().filter(|change| change.action == Action::NoOp);
        for change in staying {
            let address = &change.address;
            let Some((id, live)) = self.kept(address) else { continue };
            let Some(before) = self.record(address).cloned() else { continue };
            let kept = match before.watched || change.keeps.is_none() {
                true => before.clone(),
                false => arrange::keeping(self.named(address).unwrap_or(before.clone()), id, &change.goes),
            };
            let outputs = diff::latest_outputs(&before.outputs, &live.outputs, &live.condition);
            let mut after = Record { outputs, gone: false, lost: None, ..kept };
            if let (false, Some(manager)) = (before.watched, self.run.registry.managing(address.kind())) {
                let Ok(desired) = self.desired(address, manager) else { continue };
                after.inputs = desired.inputs;
                after.depends_on = desired.depends_on;
                if live.condition == crate::engine::resource::Condition::Ready {
                    after.phase = Phase::Ready;
                }
            }
            if after != before {
                self.put(address, after);
            }
        }
    }

    pub(super) fn begin(&mut self, step: &Step) {
        let address = step.address();
        let action = self.action(address);
        tracing::debug!(?step, "begins");
        self.steps.insert(step.clone(), Status::Running);
        if !self.began.contains_key(address) {
            self.began.insert(address.clone(), Instant::now());
            (self.sink)(Event::StepStarted { address: address.clone(), action });
        }
        let begun = match (step, action) {
            (Step::Up(_), Action::Watch) => self.watch(step),
            (Step::Down(_), Action::Forget) => {
                self.writer.edit(Edit::Remove { address: address.clone() });
                self.done(step);
                Ok(())
            }
            (_, Action::Update) => self.begin_update(step),
            (Step::Up(_), _) => self.begin_create(step),
            (Step::Down(_), _) => self.begin_delete(step),
        };
        if let Err(error) = begun {
            self.fail(step, error);
        }
    }

    fn watch(&mut self, step: &Step) -> Result<(), StepError> {
        let address = step.address();
        let (id, live) = self.run.sightings.get(address).and_then(Sighting::live).ok_or(StepError::Gone)?;
        let kind_version = self.run.registry.version(address.kind());
        let record = Record { kind_version, ..Record::watched(id.clone(), live.outputs.clone()) };
        self.put(address, record);
        self.done(step);
        Ok(())
    }

    /// The kind of an address that may be changed. The cluster's own objects have none, no matter what the state says.
    pub(super) fn manager(&self, address: &Address) -> Result<&'a dyn Manager, StepError> {
        if self.record(address).is_some_and(|record| record.watched) {
            return Err(StepError::Watched);
        }
        self.run.registry.managing(address.kind()).ok_or(StepError::Watched)
    }

    /// The declaration with everything resolved, checked against what the plan had said.
    fn desired(&self, address: &Address, manager: &dyn Manager) -> Result<Desired, StepError> {
        let Some(Declaration::Managed { inputs }) = self.run.blueprint.declarations.get(address) else {
            return Err(StepError::Undeclared);
        };
        let state = self.writer.state();
        let mut resolved = resolve(inputs, &|reference| state.output(&reference.address, &reference.output));
        self.keep_what_is_left_out(address, &mut resolved);
        if let Some((field, _)) = resolved.iter().find(|(_, value)| is_unknown(value)) {
            return Err(StepError::Unresolved { field: field.clone() });
        }
        let desired = manager.normalise(&resolved)?;
        for field in self.change(address).into_iter().flat_map(|change| &change.fields) {
            let is_input = field.path != OWNERSHIP_TAGS;
            if is_input && !field.unknown && field.after.as_ref() != desired.get(&field.path) {
                return Err(StepError::NotAsPlanned { field: field.path.clone() });
            }
        }
        Ok(Desired { inputs: desired, depends_on: self.dependencies(address, references(inputs)) })
    }

    /// Fields that the plan leaves out of a change stay as they are, and are recorded so.
    fn keep_what_is_left_out(&self, address: &Address, inputs: &mut Document) {
        let left_out = self.change(address).and_then(|change| change.blocked.as_ref());
        let seen = self.run.sightings.get(address).and_then(Sighting::live);
        let (Some(left_out), Some((_, live))) = (left_out, seen) else { return };
        for field in &left_out.fields {
            // A field that a command sets is recorded by that command alone.
            let is_set =
                self.run.blueprint.by_command.get(address).is_some_and(|all| all.contains_key(&field.path));
            let recorded = self.record(address).filter(|_| is_set).map(|record| &record.inputs);
            match recorded.unwrap_or(&live.inputs).get(&field.path) {
                Some(value) => inputs.insert(field.path.clone(), value.clone()),
                None => inputs.remove(&field.path),
            };
        }
    }

    /// The references of an object once its change is made; where something is left out, those it was made with as well.
    pub(super) fn dependencies(&self, address: &Address, declared: BTreeSet<Address>) -> BTreeSet<Address> {
        let in_part = self.change(address).is_some_and(|change| change.blocked.is_some());
        let before = self.record(address).filter(|_| in_part).map(|record| record.depends_on.clone());
        declared.into_iter().chain(before.unwrap_or_default()).collect()
    }

    /// Makes the object, or goes on with the one that the plan keeps.
    pub(super) fn begin_create(&mut self, step: &Step) -> Result<(), StepError> {
        let address = step.address();
        let manager = self.manager(address)?;
        let desired = self.desired(address, manager)?;
        let Some(change) = self.change(address) else { return Err(StepError::Undeclared) };
        if let Some(half_made) = self.next_to_go(step) {
            return self.delete(step, half_made);
        }
        let begun_before = self.record(address).is_some_and(|record| record.id.is_none());
        let record = self.named(address);
        if let (Some(id), Some(record)) = (&change.keeps, &record) {
            self.put(address, arrange::keeping(record.clone(), id, &change.goes));
            let target =
                Target { id: id.clone(), goal: Goal::Made { desired: desired.inputs, sent: Sent::Nothing } };
            self.settling.add(step, target, manager.patience().create);
            return Ok(());
        }
        let generation = match &record {
            None => 0,
            Some(record) if record.id.is_none() => record.generation,
            Some(record) => record.generation + 1,
        };
        let predecessor = record.as_ref().and_then(|record| arrange::waiting(record, &change.goes));
        let created =
            Desired { inputs: manager.as_created(&desired.inputs), depends_on: desired.depends_on.clone() };
        let lost = record.as_ref().and_then(|record| lost(manager, change.action, record));
        self.put(address, Record { lost, ..intent(created, manager.version(), generation, predecessor) });
        let owner = self.owner(address, generation);
        let absence = self.absence(address, &desired.depends_on);
        let (cloud, ears) = (self.run.cloud, self.ears(step.address()));
        let (step, deleted) = (step.clone(), self.gone.clone());
        self.calls.push(Box::pin(async move {
            let inputs = &desired.inputs;
            let before = call::Before { begun: begun_before, deleted: &deleted, absence: &absence };
            let created = call::create(cloud, manager, inputs, &owner, before, &ears).await;
            Returned { step, result: created.map(|id| Answer::Created { id, desired: desired.inputs }) }
        }));
        Ok(())
    }

    /// The object at an address that the plan goes on with.
    fn kept(&self, address: &Address) -> Option<(&'a Id, &'a Live)> {
        let sightings = self.run.sightings;
        match self.change(address).and_then(|change| change.keeps.as_ref()) {
            Some(id) => Some((id, sightings.object(address, id)?)),
            None => sightings.get(address).and_then(Sighting::live),
        }
    }

    /// The meaning of "not found" in a call for this object, which uses these.
    fn absence(&self, address: &Address, uses: &BTreeSet<Address>) -> Absence {
        let all = uses.iter().chain([address]);
        let of =
            |address: &&Address| Some((self.record(address)?, self.run.registry.managing(address.kind())?));
        let (made, others): (Vec<_>, Vec<_>) = all.partition(|address| self.made.contains(*address));
        let mut absence = Absence::default();
        for (record, manager) in made.iter().filter_map(of) {
            absence.has_made(record, manager.natural_key());
        }
        // A natural key can name what others made: the VPC of a group.
        let others = others.into_iter().filter_map(|other| self.record(other)?.id.as_ref());
        let watched = self.writer.state().resources.values().filter(|record| record.watched);
        for id in others.chain(watched.filter_map(|record| record.id.as_ref())) {
            absence.was_there(id);
        }
        absence
    }

    pub(super) fn owner(&self, address: &Address, generation: u32) -> Owner {
        owner::owner(self.run.registry, self.run.blueprint, Some(self.writer.state()), address, generation)
    }

    /// The owner that the object's tags are to name, where the plan writes them or it was taken over.
    pub(super) fn claim(&self, address: &Address) -> Option<Owner> {
        let record = self.record(address)?;
        let change = self.change(address)?;
        let is_written = change.fields.iter().any(|field| field.path == OWNERSHIP_TAGS);
        let is_taken_over = record.claimed.is_some() && change.action == Action::Update;
        (is_written || is_taken_over).then(|| self.owner(address, record.generation))
    }

    fn begin_update(&mut self, step: &Step) -> Result<(), StepError> {
        let address = step.address();
        let manager = self.manager(address)?;
        let (id, live) = self.kept(address).ok_or(StepError::Gone)?;
        let mut desired = self.desired(address, manager)?;
        if matches!(step, Step::Up(_)) && self.steps.contains_key(&Step::Down(address.clone())) {
            desired.inputs = joined(manager, &desired.inputs, &live.inputs)?;
        }
        let record = self.named(address).ok_or(StepError::Gone)?;
        let claim = self.claim(address);
        let record = match self.change(address).filter(|change| change.keeps.is_some()) {
            Some(change) => arrange::keeping(record, id, &change.goes),
            None => record,
        };
        let settled = Some(&record.inputs).filter(|_| record.phase == Phase::Ready);
        let observed = diff::without_others(manager.fields(), &desired.inputs, settled, live.inputs.clone());
        let differing = diff::diff(manager.fields(), &desired.inputs, &observed);
        let surplus = match live.condition {
            Condition::Ready => {
                diff::surplus(manager.fields(), &desired.inputs, &live.inputs, &live.in_force)
            }
            _ => Vec::new(),
        };
        let fields: BTreeSet<String> = differing.into_iter().chain(surplus).map(|field| field.path).collect();
        let needs_no_call = |field: &Field| field.is_in_the_record_alone() || !fields.contains(field.name);
        if !fields.is_empty() && claim.is_none() && manager.fields().iter().all(needs_no_call) {
            // Nothing to be asked of AWS, and nothing to wait for: this is done in every status.
            let mut after = Record {
                id: Some(id.clone()),
                inputs: desired.inputs,
                depends_on: desired.depends_on,
                ..record
            };
            if live.condition == Condition::Ready {
                after = Record {
                    phase: Phase::Ready,
                    outputs: live.outputs.clone(),
                    gone: false,
                    lost: None,
                    ..after
                };
            }
            self.put(address, after);
            self.done(step);
            return Ok(());
        }
        // One that was never finished is told by that until it is: what it lacks is set as in the run that made it.
        let (phase, sent) = match record.is_unfinished() {
            true => (Phase::Creating, Sent::Completion),
            false => (Phase::Updating, Sent::Update),
        };
        self.put(address, Record { phase, id: Some(id.clone()), ..record });
        if fields.is_empty() && claim.is_none() {
            let target = Target { id: id.clone(), goal: Goal::Made { desired: desired.inputs, sent } };
            self.settling.add(step, target, manager.patience().update);
            return Ok(());
        }
        let observed = live.inputs.clone();
        let sending = Sending { desired: desired.inputs, fields, observed, claim, sent };
        self.send_update(step, manager, id.clone(), sending);
        Ok(())
    }

    /// Records what the object may have from now on, also if the call fails or the run is stopped: the next plan looks for all of it,
    /// and takes back what the stack file does not say by then.
    fn record_what_is_sent(&mut self, address: &Address, manager: &dyn Manager, desired: &Document) {
        let Some(record) = self.record(address).cloned() else { return };
        let inputs = diff::under_way(manager.fields(), &record.inputs, desired);
        if inputs != record.inputs {
            self.put(address, Record { inputs, ..record });
        }
    }

    /// Sends an update; the step settles when it returns.
    pub(super) fn send_update(&mut self, step: &Step, manager: &'a dyn Manager, id: Id, sending: Sending) {
        let Sending { desired, fields, observed, claim, sent } = sending;
        let generation = self.record(step.address()).map_or(0, |record| record.generation);
        let owner = self.owner(step.address(), generation);
        let patience = manager.patience().update;
        let target = Target { id: id.clone(), goal: Goal::Made { desired: desired.clone(), sent } };
        self.settling.hold(step, target, patience);
        let (cloud, ears) = (self.run.cloud, self.ears(step.address()));
        let region = self.run.planning.plan.region.as_str();
        self.record_what_is_sent(step.address(), manager, &desired);
        let uses = self.record(step.address()).map(|record| record.depends_on.clone());
        let absence = self.absence(step.address(), &uses.unwrap_or_default());
        let desired = sent.asked(manager, &desired);
        let step = step.clone();
        self.calls.push(Box::pin(async move {
            let place = call::Place { region, absence: &absence, ears: &ears };
            let updated = async {
                // First, since some changes are refused until the tags say whose the object is.
                if let Some(owner) = &claim {
                    call::claim(cloud, manager, &id, owner, patience, &place).await?;
                }
                if fields.is_empty() {
                    return Ok(());
                }
                let change = ChangeDocument { id: &id, fields: &fields, observed: &observed, owner: &owner };
                call::update(cloud, manager, &desired, change, &place).await
            };
            let result = updated.await.map(|()| Answer::Updated);
            Returned { step, result }
        }));
    }
}

/// The first part of a change in two parts: what is there stays, and what is desired comes.
fn joined(manager: &dyn Manager, desired: &Document, observed: &Document) -> Result<Document, Misfit> {
    let mut both = desired.clone();
    for field in manager.fields() {
        if let (Some(join), Some(desired), Some(observed)) =
            (field.joined, desired.get(field.name), observed.get(field.name))
        {
            both.insert(field.name.to_owned(), join(desired, observed));
        }
    }
    manager.normalise(&both)
}

/// The object with data that others deleted, which the new one is made in the place of.
fn lost(manager: &dyn Manager, action: Action, record: &Record) -> Option<Box<Lost>> {
    let held_data = matches!(record.phase, Phase::Ready | Phase::Updating);
    let is_lost = action == Action::Create && manager.holds_data() && held_data;
    if is_lost { record.last_holder().map(Box::new) } else { record.lost.clone() }
}

fn intent(created: Desired, kind_version: u32, generation: u32, predecessor: Option<Predecessor>) -> Record {
    Record {
        phase: Phase::Creating,
        id: None,
        watched: false,
        kind_version,
        inputs: created.inputs,
        outputs: Document::new(),
        depends_on: created.depends_on,
        generation,
        predecessor,
        claimed: None,
        gone: false,
        lost: None,
    }
}
