//! Objects of the stack that have each other's names in AWS: a ring, in which no single line of the stack file helps.

use super::supplanted::kept_name;
use super::{Input, Sighting};
use crate::engine::address::Address;
use crate::engine::remedy::Remedy;

/// The lines to type where the objects of some addresses have each other's names: all at once, since two objects cannot be
/// declared with one name.
pub(super) fn hint(input: &Input<'_>, address: &Address) -> Option<String> {
    let ring = ring(input, address)?;
    let lines = ring.iter().map(|one| {
        let (_, live) = input.sightings.get(one)?.live()?;
        let Remedy::Write { options, .. } = kept_name(input, one, live)? else { return None };
        let (option, name) = options.into_iter().next()?;
        Some(format!("`{option}: {name}` for `{}`", one.name()))
    });
    let lines: Vec<String> = lines.collect::<Option<_>>()?;
    let lines = lines.join(" and ");
    Some(format!(
        "to go on with each of them under the name that it has now: write {lines} into the stack file, all at once, then: \
         provision apply; until then the outputs follow the new names by: provision apply --refresh-only"
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
