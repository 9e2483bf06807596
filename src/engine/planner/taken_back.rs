//! Adoptions that were taken back: the object was recorded, its entry is gone, and nothing was applied to it. It stays in AWS.

use std::collections::BTreeSet;

use super::{Input, RENAMED, error, renamed};
use crate::engine::address::Address;
use crate::engine::owner::owner_by_tags;
use crate::engine::parts::parts_of;
use crate::engine::plan::{Finding, Level, Mode};
use crate::engine::resource::Whose;
use crate::engine::state::Record;

/// Why an adopted object is not deleted with its entry.
pub(super) const TAKEN_BACK: &str = "it was adopted and never applied: it stays in AWS, as it is";

/// True for an object of others whose entry is gone before anything was applied to it, and for the parts of one: they go with it,
/// though they carry no tags that would say whose they are.
pub(super) fn is_taken_back(input: &Input<'_>, address: &Address, record: &Record) -> bool {
    let is_declared =
        input.safeguards.declared.contains(address) || input.blueprint.declarations.contains_key(address);
    !is_declared
        && (is_of_others(input, address, record)
            || wholes(input, address).iter().any(|(whole, record)| is_of_others(input, whole, record)))
}

fn is_of_others(input: &Input<'_>, address: &Address, record: &Record) -> bool {
    // An apply that was cut off has written the tags first.
    let is_applied = input.sightings.get(address).and_then(|seen| seen.live()).is_some_and(|(_, live)| {
        let owner = owner_by_tags(input.blueprint, input.state, address, record.generation);
        matches!(owner.whose(&live.ownership, live.vpc.as_ref()), Whose::Ours | Whose::Moved { .. })
    });
    is_never_applied(input, record) && !is_applied
}

/// True for the record of an object that was of others when it was adopted, as long as no apply has written its tags.
pub(super) fn is_never_applied(input: &Input<'_>, record: &Record) -> bool {
    let lineage = input.state.map(|state| state.lineage.as_str());
    record.claimed.as_ref().is_some_and(|claim| !claim.again && claim.lineage.as_deref() != lineage)
}

/// The recorded objects that this one is a part of, among those that no apply has made the stack's.
fn wholes<'a>(input: &Input<'a>, address: &Address) -> Vec<(&'a Address, &'a Record)> {
    let Some(state) = input.state else { return Vec::new() };
    let has_it = |(whole, record): &(&Address, &Record)| {
        let is_asked = *whole != address && is_never_applied(input, record);
        let id = record.id.as_ref().filter(|_| is_asked);
        id.is_some_and(|id| parts_of(input.registry, state, id).contains(address))
    };
    state.resources.iter().filter(has_it).collect()
}

/// The targets, with the parts of those that are taken back.
pub(super) fn with_parts(input: &Input<'_>, targets: &BTreeSet<Address>) -> BTreeSet<Address> {
    let parts = targets.iter().filter_map(|target| {
        let state = input.state?;
        let record = state.resources.get(target).filter(|record| is_taken_back(input, target, record))?;
        Some(parts_of(input.registry, state, record.id.as_ref()?))
    });
    targets.iter().cloned().chain(parts.flatten()).collect()
}

/// The finding where something of the same kind is new: the entry may have been renamed, and the new one would be
/// empty.
pub(super) fn beside_a_new_one(input: &Input<'_>, address: &Address, record: &Record) -> Option<Finding> {
    // Its parts are told of with it.
    let is_whole = input.options.mode == Mode::Apply && record.claimed.is_some();
    let hint = renamed::hint(input, address).filter(|_| is_whole)?;
    let holds_data = input.registry.managing(address.kind()).is_some_and(|kind| kind.holds_data());
    let level = if holds_data { Level::Error } else { Level::Warning };
    let message =
        "it was adopted and never applied, its entry is gone, and another one of its kind is new".to_owned();
    let hint = format!("{hint}; if it was not, to let go of it: provision state forget {address}");
    Some(Finding { level, ..error(RENAMED, address, message, Some(hint)) })
}
