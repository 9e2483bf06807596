//! The values of references, as far as they can be known before apply.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Input;
use super::is_newer;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::{Document, Reference, is_unknown, resolve};
use crate::engine::plan::{Action, Change};

/// The desired inputs of a declaration, as far as they can be known before apply.
pub(in crate::engine::planner) fn desired(
    input: &Input<'_>,
    address: &Address,
    decided: &BTreeMap<Address, Change>,
) -> Option<Document> {
    let Declaration::Managed { inputs } = input.blueprint.declarations.get(address)? else { return None };
    let resolved = resolve(inputs, &|reference| known(input, decided, reference));
    input.registry.managing(address.kind())?.normalise(&resolved).ok()
}

/// The value of a reference, as far as it can be known before apply.
pub(super) fn known(
    input: &Input<'_>,
    decided: &BTreeMap<Address, Change>,
    reference: &Reference,
) -> Option<Value> {
    let Reference { address, output } = reference;
    let change = decided.get(address);
    let (id, live) = match change.and_then(|change| change.keeps.as_ref()) {
        Some(kept) => (kept, input.sightings.object(address, kept)?),
        None if change.is_some_and(Change::makes_anew) => return foreseen(input, decided, reference),
        // Nothing is done to it, so that it has what was recorded.
        None if is_newer(input, address) => return input.state?.output(address, output),
        None => input.sightings.get(address)?.live()?,
    };
    // An object that is still being made does not show everything yet, or not as it will be.
    let is_made = change.is_none_or(|change| change.action != Action::Create);
    match output.as_str() {
        "id" => Some(Value::String(id.as_str().to_owned())),
        output => live.outputs.get(output).filter(|_| is_made).cloned(),
    }
}

/// The value of an output of a new object that follows from its inputs. One in the place of another is another object, also by the same
/// name: its users are told so.
fn foreseen(
    input: &Input<'_>,
    decided: &BTreeMap<Address, Change>,
    Reference { address, output }: &Reference,
) -> Option<Value> {
    decided.get(address).filter(|change| change.action == Action::Create)?;
    let desired = desired(input, address, decided)?;
    let value = input.registry.managing(address.kind())?.foreseen(&desired, output, input.region)?;
    Some(value).filter(|value| !is_unknown(value))
}
