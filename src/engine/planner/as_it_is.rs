//! The way back from a plan to replace an object that holds data: the stack file says what the object has.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Input, Sighting, identity};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::{Document, references};
use crate::engine::kind::Manager;
use crate::engine::plan::Change;
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Effect, Field, Id, Ownership};
use crate::engine::state::way_back;

/// The steps by which the stack file says what the object has, in the fields that only a new one could change: the file may have
/// been edited, or another object taken over.
pub(super) fn steps(
    input: &Input<'_>,
    manager: &dyn Manager,
    decision: &Change,
    object: Option<&Document>,
) -> Vec<Remedy> {
    let address = &decision.address;
    let declared = match input.blueprint.declarations.get(address) {
        Some(Declaration::Managed { inputs }) => Some(inputs),
        _ => None,
    };
    let fixed = decision.fields.iter().filter(|field| field.effect == Effect::Replacement);
    let mut options = BTreeMap::new();
    let mut steps = Vec::new();
    for field in fixed {
        let has = object.and_then(|object| object.get(&field.path)).filter(|value| !value.is_null());
        let other =
            declared.and_then(|inputs| inputs.get(&field.path)).and_then(|value| managed(input, value));
        match (other, input.blueprint.to_write(address, manager.fields(), &field.path), has) {
            // The object that it stands in is declared too. One that is recorded already is shared by its name.
            (Some(other), option, Some(Value::String(id)))
                if option.is_none() || !is_recorded(input, &other, id) =>
            {
                match of_others(input, manager.fields(), &field.path, &other, id) {
                    Some((option, form)) => drop(options.insert(option.to_owned(), form)),
                    None => steps.push(back_to(input, other, id)),
                }
            }
            (_, Some(option), Some(Value::String(text))) => {
                drop(options.insert(option.to_owned(), text.clone()))
            }
            (_, Some(option), Some(value)) => drop(options.insert(option.to_owned(), value.to_string())),
            (_, Some(option), None) => {
                steps.push(Remedy::by_hand(format!("take `{option}` out of the stack file")))
            }
            // No option says it.
            (_, None, _) => {}
        }
    }
    if !options.is_empty() {
        steps.insert(0, Remedy::Write { address: address.clone(), options });
    }
    if steps.is_empty() {
        steps.push(Remedy::by_hand("undo that change"));
    }
    steps
}

/// The option by which the object stands in one of others, which stays theirs, with its value: `subnet_group`,
/// `{ existing: corp }`. None where the stack has that one, or can have it: it carries the tags of the address, or its name.
pub(super) fn of_others(
    input: &Input<'_>,
    fields: &[Field],
    path: &str,
    other: &Address,
    id: &str,
) -> Option<(&'static str, String)> {
    let field = fields.iter().find(|field| field.name == path)?;
    let (part, option) = (field.of_others?, field.to_write()?);
    let is_found =
        input.sightings.get(other).into_iter().flat_map(Sighting::found).any(|found| found.id.as_str() == id);
    (!is_found && !is_its_own(input, other, id)).then(|| (option, format!("{{ {part}: {id} }}")))
}

/// The step after which a declared object, which another one stands in, is the one with this id again.
pub(super) fn back_to(input: &Input<'_>, other: Address, id: &str) -> Remedy {
    if input.options.replace.contains(&other) {
        return Remedy::by_hand(format!("{LEAVE} {other} out"));
    }
    if is_its_own(input, &other, id) {
        return Remedy::by_hand(format!("undo the change of {other} in the stack file for now"));
    }
    // The command that has put it aside gives it its place again.
    if let Some(way_back) = input.state.and_then(|state| way_back(&state.procedures, &other, id)) {
        return Remedy::by_hand(way_back);
    }
    let found = input.sightings.get(&other).into_iter().flat_map(Sighting::found);
    let mut lineages =
        found.filter(|found| found.id.as_str() == id).filter_map(|found| match &found.ownership {
            Ownership::Tagged { lineage, .. } => lineage.clone(),
            _ => None,
        });
    let own = input.state.map(|state| state.lineage.as_str());
    let of_another = lineages.find(|lineage| Some(lineage.as_str()) != own);
    Remedy::import(&other, id, of_another.as_deref())
}

/// True where the state records the object with this id at the address.
fn is_its_own(input: &Input<'_>, address: &Address, id: &str) -> bool {
    let record = input.state.and_then(|state| state.resources.get(address));
    record.and_then(|record| record.id.as_ref()).is_some_and(|own| own.as_str() == id)
}

/// The beginning of a step by which a command says less. The stack file stays as it is.
pub(super) const LEAVE: &str = "leave --replace";

/// True for an object that the state records at another address: it cannot be taken over.
pub(super) fn is_recorded(input: &Input<'_>, address: &Address, id: &str) -> bool {
    identity::recorded_at(input, address, &Id::new(id)).is_some()
}

/// The declared object that a value refers to, where it is one that can be taken over.
pub(super) fn managed(input: &Input<'_>, value: &Value) -> Option<Address> {
    let mut addresses = references(&Document::from_iter([(String::new(), value.clone())])).into_iter();
    let is_managed = |address: &Address| {
        matches!(input.blueprint.declarations.get(address), Some(Declaration::Managed { .. }))
    };
    addresses.find(is_managed)
}
