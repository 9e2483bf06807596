//! The way back from a plan to replace an object that holds data: the stack file says what the object has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Input;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::{Document, references};
use crate::engine::kind::Manager;
use crate::engine::plan::Change;
use crate::engine::remedy::Remedy;
use crate::engine::resource::Effect;

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
        let refers_to = declared.and_then(|inputs| inputs.get(&field.path)).map(references_in);
        let option = manager.fields().iter().find(|known| known.name == field.path);
        let option = option.and_then(|known| known.option).unwrap_or(&field.path);
        match (refers_to.and_then(|addresses| addresses.into_iter().next()), has) {
            // The object that it stands in is declared too.
            (Some(other), Some(Value::String(id))) => {
                steps.push(Remedy::Import { address: other, id: id.clone() })
            }
            (None, Some(Value::String(text))) => drop(options.insert(option.to_owned(), text.clone())),
            (None, Some(value)) => drop(options.insert(option.to_owned(), value.to_string())),
            (_, _) => steps.push(Remedy::by_hand(format!("take `{option}` out of the stack file"))),
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

fn references_in(value: &Value) -> BTreeSet<Address> {
    references(&Document::from_iter([(String::new(), value.clone())]))
}
