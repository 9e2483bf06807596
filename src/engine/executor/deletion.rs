//! The objects that a step deletes, one after the other, as the plan says.

use super::absence::Absence;
use super::settle::{Goal, Target};
use super::{Answer, Execution, Returned, Status, StepError, arrange, call};
use crate::engine::address::Address;
use crate::engine::cloud::Deletion;
use crate::engine::plan::Turn;
use crate::engine::planner::Sighting;
use crate::engine::resource::Id;
use crate::engine::state::{Edit, Phase, Record};
use crate::engine::steps::Step;

impl<'a> Execution<'a> {
    /// Begins the way down: deletes what the plan says that goes, or has nothing left to delete.
    pub(super) fn begin_delete(&mut self, step: &Step) -> Result<(), StepError> {
        match self.next_to_go(step) {
            Some(id) => self.delete(step, id),
            None => {
                self.all_gone(step);
                Ok(())
            }
        }
    }

    /// The next object that a step deletes, in the order of the plan.
    pub(super) fn next_to_go(&self, step: &Step) -> Option<Id> {
        let change = self.change(step.address())?;
        let named = arrange::objects(&self.named(step.address())?);
        let is_turn = |turn: Turn| match step {
            Step::Up(_) => change.is_create_first() && turn == Turn::Before,
            Step::Down(_) => !change.is_create_first() || turn == Turn::After,
        };
        let is_there = |id: &Id| named.iter().any(|object| object.id == *id);
        change.goes.iter().find(|going| is_turn(going.turn) && is_there(&going.id)).map(|one| one.id.clone())
    }

    /// The record of an address, with the id of the object that an interrupted create had made without recording it.
    pub(super) fn named(&self, address: &Address) -> Option<Record> {
        let record = self.record(address)?.clone();
        let seen = self.run.sightings.get(address).and_then(Sighting::live).map(|(id, _)| id);
        let made = seen.filter(|id| !self.gone.contains(*id)).cloned();
        Some(Record { id: record.id.clone().or(made), ..record })
    }

    pub(super) fn delete(&mut self, step: &Step, id: Id) -> Result<(), StepError> {
        let address = step.address();
        let manager = self.manager(address)?;
        let record = self.named(address).ok_or(StepError::Gone)?;
        let inputs = arrange::inputs_of(&record, &id);
        let owner = self.owner(address, record.generation);
        let is_own = record.predecessors().all(|old| old.id != id);
        // The deletion may be refused until the tags say whose the object is.
        let claim = record.claimed.clone().filter(|_| is_own);
        if is_own {
            self.put(address, Record { phase: Phase::Deleting, id: Some(id.clone()), ..record });
        }
        // The snapshot has the name that the plan has shown, for the object that the plan was about.
        let planned = self.change(address).filter(|change| change.id.as_ref() == Some(&id));
        let last_snapshot = planned.and_then(|change| change.data.as_ref()?.final_snapshot.clone());
        self.settling.hold(step, Target { id: id.clone(), goal: Goal::Gone }, manager.patience().delete);
        let (cloud, ears) = (self.run.cloud, self.ears(step.address()));
        let region = self.run.planning.plan.region.as_str();
        let step = step.clone();
        self.calls.push(Box::pin(async move {
            let absence = Absence::default();
            let place = call::Place { region, absence: &absence, ears: &ears };
            let deleted = async {
                if claim.is_some() {
                    call::claim(cloud, manager, &id, &owner, manager.patience().update, &place).await?;
                }
                let last_snapshot = last_snapshot.as_deref();
                let deletion = Deletion { id: &id, recorded: &inputs, owner: &owner, last_snapshot };
                call::delete(cloud, manager, deletion, &place).await
            };
            let result = deleted.await.map(|()| Answer::Deleted);
            Returned { step, result }
        }));
        Ok(())
    }

    /// Records that an object is gone, and goes on with the step.
    pub(super) fn object_gone(&mut self, step: &Step, id: Id) {
        let address = step.address();
        let Some(record) = self.record(address).cloned() else { return };
        let left = arrange::without(record.clone(), &id);
        if left.id.is_none() && self.manager(address).is_ok_and(|manager| manager.holds_data()) {
            let lost = Record { phase: Phase::Deleting, gone: true, ..record };
            self.lost.insert(address.clone(), lost);
        }
        self.put(address, left);
        self.gone.insert(id);
        let next = match step {
            Step::Up(_) => self.begin_create(step),
            Step::Down(_) => self.begin_delete(step),
        };
        if let Err(error) = next {
            self.fail(step, error);
        }
    }

    /// The end of a way down: what is not made again leaves the state. What held data stays until the run has ended well: should it
    /// be stopped before, the next apply must not make an empty one unasked.
    fn all_gone(&mut self, step: &Step) {
        let address = step.address();
        let goes_up = self.steps.contains_key(&Step::Up(address.clone()));
        if !goes_up && self.record(address).is_some() {
            match self.lost.get(address).cloned() {
                Some(lost) => self.put(address, lost),
                None => self.writer.edit(Edit::Remove { address: address.clone() }),
            }
        }
        self.done(step);
    }

    /// Forgets what held data and was deleted, at the end of a run that did everything.
    pub(super) fn forget_the_lost(&mut self) {
        if self.steps.values().any(|status| *status != Status::Done) {
            return;
        }
        for address in std::mem::take(&mut self.lost).into_keys() {
            if !self.steps.contains_key(&Step::Up(address.clone())) {
                self.writer.edit(Edit::Remove { address });
            }
        }
    }
}
