//! Copies that have become objects of their own: nothing is done to them, since one may have data that nothing else has. Where the
//! object that it was a copy of is gone, it is what that can go on with.

use std::collections::BTreeSet;

use super::unfinished::Standing;
use super::{Input, Sighting, remedied, supplanted};
use crate::engine::address::Address;
use crate::engine::kind::Live;
use crate::engine::plan::{Finding, Mode};
use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::{Id, Remark};

/// The check that finds a copy which is none any more.
pub const ON_ITS_OWN: &str = "on-its-own";
/// The beginning of the aim of a way that goes on with a copy.
const GO_ON: &str = "to go on with its copy";

/// True for a way to data that a copy still has.
pub fn goes_on_with_a_copy(way: &Way) -> bool {
    way.aim.as_ref().is_some_and(|aim| aim.starts_with(GO_ON))
}

/// The finding on the first of these objects that is no copy any more: the same in every plan.
pub(super) fn on_its_own(input: &Input<'_>, address: &Address, objects: &[Standing<'_>]) -> Option<Finding> {
    let (id, what, removal) = objects.iter().find_map(|one| {
        let (what, removal) = remark(one.live)?;
        Some((one.id, what, removal))
    })?;
    let again = Remedy::by_hand("run the same command again");
    let is_destroyed = input.options.mode == Mode::Destroy;
    let is_declared = input.blueprint.declarations.contains_key(address);
    let out = (is_declared && !is_destroyed).then(|| out_of_the_file(address));
    let forget = Remedy::Forget { address: address.clone() };
    let last = if is_destroyed { again } else { Remedy::Apply };
    let stays = source(input, address, false).filter(|_| !is_destroyed);
    let instead = stays.and_then(|source| instead(input, source, address, id));
    let lost = source(input, address, true).filter(|_| !is_destroyed);
    let go_on = lost.map(|source| go_on(input, source, address, id));
    // What it uses would hold up the rest of the destruction, and serves it further on.
    let serving = if is_destroyed { serving(input, address) } else { BTreeSet::new() };
    let forget = [forget].into_iter().chain(serving.into_iter().map(|address| Remedy::Forget { address }));
    let kept = out.into_iter().chain(forget).chain(is_destroyed.then(|| last.clone()));
    let keep = Way::to("to keep it as it is, unmanaged", kept);
    let lose = Way::to("to lose its data", removal.iter().cloned().chain([last]));
    let ways = go_on.into_iter().chain([keep]).chain(instead).chain([lose]);
    let left = match source(input, address, true) {
        Some(source) => format!("; {source}, which it was a copy of, is gone from AWS"),
        None => String::new(),
    };
    let message = format!("{what}{left}; it is neither changed, replaced nor deleted");
    Some(remedied(ON_ITS_OWN, address, message, ways.collect()))
}

/// The ways in which an object that is gone goes on with copies of it.
pub(super) fn ways(input: &Input<'_>, gone: &Address) -> Vec<Way> {
    let alike = input.registry.managing(gone.kind()).map(|kind| kind.alike()).unwrap_or_default();
    let records = input.state.into_iter().flat_map(|state| &state.resources);
    let copies = records.filter(|(address, record)| {
        alike.contains(&address.kind()) && record.depends_on.contains(gone) && is_on_its_own(input, address)
    });
    let ids = copies.filter_map(|(address, record)| Some((address, record.id.as_ref()?)));
    ids.map(|(address, id)| go_on(input, gone, address, id)).collect()
}

/// True for a recorded object that is no copy any more.
pub(super) fn is_on_its_own(input: &Input<'_>, address: &Address) -> bool {
    let live = input.sightings.get(address).and_then(Sighting::live);
    live.is_some_and(|(_, live)| remark(live).is_some())
}

/// The steps by which the object of a copy is recorded in the place of another one.
pub(super) fn import(input: &Input<'_>, to: &Address, copy: &Address, id: &Id) -> Vec<Remedy> {
    let out = input.blueprint.declarations.contains_key(copy).then(|| out_of_the_file(copy));
    out.into_iter().chain([Remedy::Import { address: to.clone(), id: id.to_string() }]).collect()
}

/// The groups that a copy uses, and those that it has from the object that it was a copy of: groups of the stack.
fn serving(input: &Input<'_>, copy: &Address) -> BTreeSet<Address> {
    let record = |address: &Address| input.state.and_then(|state| state.resources.get(address));
    let alike = input.registry.managing(copy.kind()).map(|kind| kind.alike()).unwrap_or_default();
    let used =
        |address: &Address| record(address).map(|record| record.depends_on.clone()).unwrap_or_default();
    let (sources, own): (BTreeSet<Address>, BTreeSet<Address>) =
        used(copy).into_iter().partition(|address| alike.contains(&address.kind()));
    let all = own.into_iter().chain(sources.iter().flat_map(used));
    all.filter(|address| record(address).is_some_and(|record| !record.watched)).collect()
}

fn go_on(input: &Input<'_>, to: &Address, copy: &Address, id: &Id) -> Way {
    Way::to(&format!("{GO_ON} {id} as {to}"), import(input, to, copy, id))
}

/// The way in which a copy takes the place of the object that it was a copy of, and that is still there.
fn instead(input: &Input<'_>, source: &Address, copy: &Address, id: &Id) -> Option<Way> {
    let (_, live) = input.sightings.get(copy)?.live()?;
    let name = supplanted::kept_name(input, source, live)?;
    let out = input.blueprint.declarations.contains_key(copy).then(|| out_of_the_file(copy));
    let forget = Remedy::Forget { address: copy.clone() };
    let steps = out.into_iter().chain([forget, Remedy::import(source, id, None), name]);
    Some(Way::to(&format!("to have it as {source}, and the one that is there unmanaged"), steps))
}

fn out_of_the_file(address: &Address) -> Remedy {
    Remedy::by_hand(format!("take it ({}) out of the stack file", address.title()))
}

/// The address of the object that this one was a copy of, where that is recorded, and gone or not.
fn source<'a>(input: &Input<'a>, copy: &Address, is_gone: bool) -> Option<&'a Address> {
    let alike = input.registry.managing(copy.kind())?.alike();
    let record = input.state?.resources.get(copy)?;
    let is_it = |address: &&Address| {
        let sighting = input.sightings.get(address);
        alike.contains(&address.kind()) && sighting.is_some_and(|sighting| sighting.is_gone() == is_gone)
    };
    let known = input.state?.resources.get_key_value(record.depends_on.iter().find(is_it)?);
    known.map(|(address, _)| address)
}

fn remark(live: &Live) -> Option<(&str, &[Remedy])> {
    live.remarks.iter().find_map(|remark| match remark {
        Remark::OnItsOwn { what, removal } => Some((what.as_str(), removal.as_slice())),
        _ => None,
    })
}
