//! Objects that stand in another network than their stack, and the command that brings them back.

use super::Input;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::{is_unknown, resolve};
use crate::engine::kind::Live;
use crate::engine::owner::owner_by_tags;
use crate::engine::remedy::Remedy;
use crate::engine::resource::Found;

/// The step that brings an object which was found elsewhere into the network of the stack, where a command can.
pub(super) fn found_back(input: &Input<'_>, address: &Address, found: &Found) -> Option<Remedy> {
    way_back(input, address, found.name.as_deref()?)
}

/// The words on a recorded object that stands elsewhere, and the step that brings it back, where a command can.
pub(super) fn strayed(input: &Input<'_>, address: &Address, live: &Live) -> Option<(String, Option<Remedy>)> {
    let why = owner_by_tags(input.blueprint, input.state, address, 0).elsewhere(live.vpc.as_ref())?;
    let key = input.registry.managing(address.kind())?.natural_key();
    let name = key.first().and_then(|field| live.inputs.get(*field)?.as_str());
    Some((why, name.and_then(|name| way_back(input, address, name))))
}

fn way_back(input: &Input<'_>, address: &Address, name: &str) -> Option<Remedy> {
    let manager = input.registry.managing(address.kind())?;
    let Declaration::Managed { inputs } = input.blueprint.declarations.get(address)? else { return None };
    let mut known = resolve(inputs, &|reference| input.state?.output(&reference.address, &reference.output));
    known.retain(|_, value| !is_unknown(value));
    manager.way_back(name, &known)
}
