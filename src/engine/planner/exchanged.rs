//! Objects of the stack that have each other's names in AWS: a ring, in which no single line of the stack file helps.

use super::supplanted::{kept_name, names};
use super::{Input, Sighting};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Found, Id, Owner, Trace, Whose};
use crate::engine::state::State;

/// The objects of a ring with the names that they have: `db-1 (aws_db_instance.a) is called b in AWS`.
pub(super) fn message(input: &Input<'_>, address: &Address) -> Option<String> {
    let ring = ring(input, address)?;
    let called = ring.iter().map(|one| {
        let (id, live) = input.sightings.get(*one)?.live()?;
        Some(format!("{id} ({one}) is called {}", names(input, one, live).join(", ")))
    });
    let called: Vec<String> = called.collect::<Option<_>>()?;
    let (last, others) = called.split_last()?;
    Some(format!(
        "in AWS {} and {last}: each has the name that is declared for another one, so that none of them is renamed",
        others.join(", ")
    ))
}

/// The lines to type where the objects of some addresses have each other's names: all at once, since two objects cannot be
/// declared with one name.
pub(super) fn hint(input: &Input<'_>, address: &Address) -> Option<String> {
    let ring = ring(input, address)?;
    let lines = ring.iter().map(|one| {
        let (_, live) = input.sightings.get(one)?.live()?;
        let Remedy::Write { options, .. } = kept_name(input, one, live)? else { return None };
        let (option, name) = options.into_iter().next()?;
        Some(format!("`{option}: {name}` for `{}`", one.title()))
    });
    let lines: Vec<String> = lines.collect::<Option<_>>()?;
    let lines = lines.join(" and ");
    Some(format!(
        "to go on with each of them under the name that it has now: write {lines} into the stack file, all at once, then: \
         provision apply; until then the outputs follow the new names by: provision apply --refresh-only; to exchange \
         the names in AWS instead: write a third name for `{first}` and for the others those that they have now, then: provision \
         apply, then: write the names as they are to be, and the plan says which one goes first",
        first = ring.first()?.title()
    ))
}

/// The addresses of the ring that this one is in, in the order of the addresses, so that each of them says the same.
fn ring<'a>(input: &Input<'a>, address: &'a Address) -> Option<Vec<&'a Address>> {
    let mut ring = vec![address];
    loop {
        let next = in_whose_place(input, ring.last()?)?;
        if next == address {
            ring.sort();
            return Some(ring);
        }
        if ring.contains(&next) {
            return None;
        }
        ring.push(next);
    }
}

/// The address at which the object is recorded that has the name of what is declared here, where the own object is there too.
fn in_whose_place<'a>(input: &Input<'a>, address: &Address) -> Option<&'a Address> {
    let Some(Sighting::Supplanted { live: Some(_), found, .. }) = input.sightings.get(address) else {
        return None;
    };
    super::identity::recorded_at(input, address, &found.first()?.id)
}

/// The lines to type where the state is lost, and the object that has the declared name is of another declared address by its tags:
/// the names stayed when the keys of the stack file were changed. To take it over here would mistake it.
pub(super) fn by_tags(input: &Input<'_>, owner: &Owner, found: &Found) -> Option<String> {
    let mut at = &owner.address;
    let mut found = found;
    let mut lines: Vec<(String, &Address)> = Vec::new();
    let mut others: Vec<&Address> = Vec::new();
    let command = match owner.whose(&found.ownership, found.vpc.as_ref()) {
        Whose::OtherState { lineage, .. } if input.state.is_some_and(State::manages_anything) => {
            format!("provision state rebuild --take-over {lineage}")
        }
        Whose::OtherState { .. } | Whose::Moved { .. } => "provision state rebuild".to_owned(),
        _ => return None,
    };
    while let Some(right) = tagged(input, at, found) {
        if lines.iter().any(|(_, known)| *known == right) {
            break;
        }
        lines.push((name_of(input, at, &found.id)?, right));
        others.retain(|other| *other != right);
        if !lines.iter().any(|(_, known)| *known == at) {
            others.push(at);
        }
        let next = input.sightings.get(right).into_iter().flat_map(Sighting::found);
        let Some(next) = next.into_iter().find(|found| found.trace == Trace::Name) else { break };
        (at, found) = (right, next);
    }
    others.retain(|other| !lines.iter().any(|(_, known)| known == other));
    lines.sort_by_key(|(_, address)| *address);
    let written = lines.iter().map(|(line, address)| format!("`{line}` for `{}`", address.title()));
    let written: Vec<String> = written.collect();
    if written.is_empty() {
        return None;
    }
    let all_at_once = if written.len() > 1 { ", all at once" } else { "" };
    let others = others.iter().map(|other| format!(", and another name for `{}`", other.title()));
    Some(format!(
        "if only the keys were changed in the stack file: write {} into it{}{all_at_once}, then: {command}",
        written.join(" and "),
        others.collect::<String>()
    ))
}

/// The declared address that the tags of an object name which has the name of another one.
fn tagged<'a>(input: &Input<'a>, at: &Address, found: &Found) -> Option<&'a Address> {
    let tagged = found.tagged_address()?;
    let (right, declaration) = input.blueprint.declarations.get_key_value(&tagged)?;
    let is_managed = matches!(declaration, Declaration::Managed { .. });
    let is_recorded = input.state.is_some_and(|state| state.resources.contains_key(right));
    (is_managed && !is_recorded && right != at && right.kind() == at.kind() && found.trace == Trace::Name)
        .then_some(right)
}

/// `bucket: shop-files`, for a kind whose name is its id, or which is found by the declared name.
fn name_of(input: &Input<'_>, at: &Address, id: &Id) -> Option<String> {
    let manager = input.registry.managing(at.kind())?;
    let keys = manager.natural_key();
    let mut named = manager.fields().iter().filter(|field| keys.contains(&field.name));
    let (option, field) = named.find_map(|field| Some((field.option()?, field.name)))?;
    let declared = match input.blueprint.declarations.get(at)? {
        Declaration::Managed { inputs } => inputs.get(field).and_then(|name| name.as_str()),
        Declaration::Watched { .. } => None,
    };
    Some(format!("{option}: {}", declared.unwrap_or(id.as_str())))
}
