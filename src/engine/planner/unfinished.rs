//! The objects that earlier runs left at an address, compared with what is wanted now: which one stays, and which ones go.

use serde_json::Value;

use super::{Input, Sighting};
use crate::engine::address::Address;
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::{Going, Turn};
use crate::engine::resource::{Condition, Field, Id};
use crate::engine::state::{Phase, Record};

/// An object that is there at an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing<'a> {
    pub id: &'a Id,
    pub live: &'a Live,
    pub phase: Phase,
    /// The inputs that it was last given.
    recorded: Option<&'a Document>,
    /// True if it is the new object of a replacement that is under way.
    is_successor: bool,
    /// True if the run that made it did not get to its end: what it lacks is set at once, as in that run.
    pub is_unfinished: bool,
}

/// The objects that are there at an address: the one of the record, then those that it replaces, the newest first.
pub(super) fn standing<'a>(
    input: &Input<'a>,
    address: &Address,
    record: Option<&'a Record>,
) -> Vec<Standing<'a>> {
    let sightings = input.sightings;
    let phase = record.map_or(Phase::Creating, |record| record.phase);
    let is_successor = record.is_some_and(|record| {
        record.predecessor.is_some() || (phase == Phase::Creating && record.generation > 0)
    });
    let newest = sightings.get(address).and_then(Sighting::live).map(|(id, live)| Standing {
        id,
        live,
        phase,
        recorded: record.map(|record| &record.inputs),
        is_successor,
        is_unfinished: record.is_some_and(Record::is_unfinished),
    });
    let replaced = record.into_iter().flat_map(Record::predecessors).filter_map(|old| {
        let live = sightings.object(address, &old.id)?;
        let recorded = Some(&old.inputs);
        let (is_successor, is_unfinished) = (false, false);
        Some(Standing { id: &old.id, live, phase: Phase::Ready, recorded, is_successor, is_unfinished })
    });
    let once = |old: &Standing<'_>| newest.is_none_or(|newest| newest.id != old.id);
    newest.into_iter().chain(replaced.filter(once)).collect()
}

impl Standing<'_> {
    pub(super) fn is_leaving(&self) -> bool {
        super::loss::is_leaving(self.live)
    }

    /// The inputs that AWS shows of it, as far as they count for what is desired; while it is still being made, those that it was asked to
    /// have where nothing is shown yet.
    pub(super) fn observed(&self, fields: &[Field], desired: &Document) -> Document {
        let mut observed = self.live.inputs.clone();
        if let (Condition::Pending(_), Phase::Creating, Some(recorded)) =
            (&self.live.condition, self.phase, self.recorded)
        {
            for (field, value) in recorded {
                observed.entry(field.clone()).or_insert_with(|| value.clone());
            }
        }
        let settled = self.recorded.filter(|_| self.phase == Phase::Ready);
        diff::without_others(fields, desired, settled, observed)
    }

    /// True if it can become what is wanted now.
    fn fits(&self, input: &Input<'_>, address: &Address, manager: &dyn Manager, desired: &Document) -> bool {
        let stuck = self.live.condition.stuck().is_some();
        // The same command goes on with the replacement that it began.
        let asked_anew = input.options.replace.contains(address) && (stuck || !self.is_successor);
        let differing = diff::diff(manager.fields(), desired, &self.observed(manager.fields(), desired));
        !self.is_leaving() && !asked_anew && !diff::needs_replacement(&differing)
    }
}

/// The newest object that can become what is wanted now.
pub(super) fn fitting(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    desired: &Document,
    objects: &[Standing<'_>],
) -> Option<usize> {
    objects.iter().position(|object| object.fits(input, address, manager, desired))
}

/// The objects that go when one stays.
pub(super) fn all_but(objects: &[Standing<'_>], kept: usize) -> Vec<Going> {
    let others = objects.iter().enumerate().filter(|(at, _)| *at != kept);
    others.map(|(_, object)| Going { id: object.id.clone(), turn: Turn::After }).collect()
}

/// The objects that go when none stays. What is being deleted already is waited for, and the half-made successor of another one is
/// thrown away before a better one is made, unless something uses it.
pub(super) fn all(input: &Input<'_>, address: &Address, objects: &[Standing<'_>]) -> Vec<Going> {
    let turn = |at: usize, object: &Standing<'_>| match at {
        _ if object.is_leaving() => Turn::Before,
        0 if objects.len() > 1 && !is_used(input, address, object.id) => Turn::Before,
        _ => Turn::After,
    };
    let going = objects.iter().enumerate();
    going.map(|(at, object)| Going { id: object.id.clone(), turn: turn(at, object) }).collect()
}

/// True if an object that refers to the address holds on to this one.
fn is_used(input: &Input<'_>, address: &Address, id: &Id) -> bool {
    let records = input.state.into_iter().flat_map(|state| &state.resources);
    let declared = |user: &Address| input.blueprint.declarations.get(user).map(|one| one.references());
    records.filter(|(user, _)| *user != address).any(|(user, record)| {
        let depends = record.depends_on.contains(address)
            || record.predecessors().any(|old| old.depends_on.contains(address))
            || declared(user).is_some_and(|on| on.contains(address));
        let live = input.sightings.get(user).and_then(Sighting::live).map(|(_, live)| live);
        let replaced = input.sightings.replaced(user).map(|(_, live)| live);
        depends
            && live.into_iter().chain(replaced).any(|live| live.inputs.values().any(|value| names(value, id)))
    })
}

fn names(value: &Value, id: &Id) -> bool {
    match value {
        Value::String(text) => text == id.as_str(),
        Value::Array(values) => values.iter().any(|value| names(value, id)),
        Value::Object(fields) => fields.values().any(|value| names(value, id)),
        _ => false,
    }
}
