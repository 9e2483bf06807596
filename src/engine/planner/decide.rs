//! The decision on each address: what is done to it, and why.

mod becoming;
mod known;
mod managed;
mod undeclared;

use std::collections::{BTreeMap, BTreeSet};

use super::{Input, Sighting, change, error, findings, loss, network, renamed, taken_back};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::resolve;
use crate::engine::plan::{Action, Change, Finding};
use crate::engine::resource::Id;
use crate::engine::state::Record;

pub(super) use known::desired;
use known::known;
use managed::managed;
use undeclared::undeclared;

/// Why nothing is done to what this version of the program does not know.
const NEWER: &str = "a newer version of provision recorded it";

/// Why nothing is done to what was a copy.
const ON_ITS_OWN: &str = "it is no copy any more, and is left alone";

fn is_newer(input: &Input<'_>, address: &Address) -> bool {
    matches!(input.sightings.get(address), Some(Sighting::NotAsked { .. }))
}

/// Decides every selected address; `order` has each declaration after those that it refers to.
pub(super) fn changes(
    input: &Input<'_>,
    order: &[Address],
    selected: &BTreeSet<Address>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<Address, Change> {
    let mut decided = BTreeMap::new();
    let lacking = network::lacking(input, selected);
    findings.extend(lacking.findings);
    for address in order.iter().filter(|address| selected.contains(address)) {
        if let Some(decision) = lacking.decisions.get(address) {
            decided.extend(decision.clone().map(|decision| (address.clone(), decision)));
        } else if let Some(declaration) = input.blueprint.declarations.get(address) {
            let decision = declared(input, address, declaration, &decided, findings);
            decided.insert(address.clone(), decision);
        }
    }
    let records = input.state.into_iter().flat_map(|state| &state.resources);
    for (address, record) in records {
        if input.blueprint.declarations.contains_key(address) {
            continue;
        }
        if selected.contains(address) {
            let decision = undeclared(input, address, record, findings);
            decided.insert(address.clone(), decision);
        } else if renamed::undeclared_before(input, address.kind()).any(|new| selected.contains(new)) {
            findings.extend(match taken_back::is_taken_back(input, address, record) {
                true => taken_back::beside_a_new_one(input, address, record),
                false => renamed::beside_a_target(input, address),
            });
        }
    }
    // Also of what is needed and nothing declares.
    decided
        .extend(lacking.decisions.into_iter().filter_map(|(address, decision)| Some((address, decision?))));
    for (address, change) in &mut decided {
        change.id = object(input, address, change);
        findings.extend(loss::account(input, address, change));
    }
    decided
}

/// The object that an action is about, where there is one already.
fn object(input: &Input<'_>, address: &Address, change: &Change) -> Option<Id> {
    let recorded = || input.state?.resources.get(address)?.id.clone();
    let live = || Some(input.sightings.get(address)?.live()?.0.clone());
    let going = || change.goes.first().map(|going| going.id.clone());
    match change.action {
        Action::NoOp => None,
        Action::Create => change.keeps.clone(),
        _ => change.keeps.clone().or_else(going).or_else(live).or_else(recorded),
    }
}

fn declared(
    input: &Input<'_>,
    address: &Address,
    declaration: &Declaration,
    decided: &BTreeMap<Address, Change>,
    findings: &mut Vec<Finding>,
) -> Change {
    if is_newer(input, address) {
        return change(address, Action::NoOp, NEWER);
    }
    let record = input.state.and_then(|state| state.resources.get(address));
    let sighting = input.sightings.get(address).unwrap_or(&Sighting::Gone);
    match declaration {
        Declaration::Watched { id } => watched(address, id, record, sighting, findings),
        Declaration::Managed { inputs } => {
            let resolved = resolve(inputs, &|reference| known(input, decided, reference));
            match managed(input, address, &resolved, record, sighting, findings) {
                Ok(change) => change,
                Err(misfit) => {
                    findings.push(error("inputs", address, misfit.to_string(), None));
                    change(address, Action::NoOp, "its inputs are not valid")
                }
            }
        }
    }
}

fn watched(
    address: &Address,
    id: &Id,
    record: Option<&Record>,
    sighting: &Sighting,
    findings: &mut Vec<Finding>,
) -> Change {
    if sighting.live().is_none() {
        findings.push(findings::watched_is_gone(address, id));
    }
    match record {
        None => change(address, Action::Watch, "not the stack's own; watched, never changed"),
        Some(record) if !record.watched => {
            findings.push(findings::not_ours(address, id));
            change(address, Action::NoOp, "the cluster's own, though the state says otherwise")
        }
        Some(record) if record.id.as_ref() == Some(id) => change(address, Action::NoOp, "watched"),
        Some(_) => change(address, Action::Watch, format!("another object is chosen now: {id}")),
    }
}
