//! The decision on a record that nothing declares any more.

use super::super::unfinished::{Standing, standing};
use super::super::{
    Input, Sighting, change, guards, identity, naming, promoted, renamed, supplanted, taken_back,
};
use super::{NEWER, ON_ITS_OWN, is_newer};
use crate::engine::address::Address;
use crate::engine::owner::owner_by_tags;
use crate::engine::plan::{Action, Change, Finding, Going, Mode, Turn};
use crate::engine::state::Record;

/// The change of a record that nothing declares.
pub(super) fn undeclared(
    input: &Input<'_>,
    address: &Address,
    record: &Record,
    findings: &mut Vec<Finding>,
) -> Change {
    if is_newer(input, address) {
        return change(address, Action::NoOp, NEWER);
    }
    if record.watched {
        return change(address, Action::Forget, "not the stack's own; only taken out of the state");
    }
    if let Some(Sighting::Supplanted { recorded, live: None, found }) = input.sightings.get(address) {
        findings.extend(found.first().map(|found| supplanted::left_alone(address, recorded, found)));
    }
    let objects = standing(input, address, Some(record));
    if objects.is_empty() {
        findings.extend(naming::gone_beside_a_new_one(input, address, record));
        return change(address, Action::Forget, "it is gone from AWS already");
    }
    let is_taken_back = taken_back::is_taken_back(input, address, record);
    if let Some(finding) = promoted::on_its_own(input, address, &objects).filter(|_| !is_taken_back) {
        findings.push(finding);
        return change(address, Action::NoOp, ON_ITS_OWN);
    }
    if is_taken_back {
        let renamed = taken_back::beside_a_new_one(input, address, record);
        findings.extend(renamed.or_else(|| renamed::member(input, address)));
    }
    // Those that it was to replace are the stack's own.
    let stays = |object: &Standing<'_>| is_taken_back && Some(object.id) == record.id.as_ref();
    let objects: Vec<_> = objects.into_iter().filter(|object| !stays(object)).collect();
    if objects.is_empty() {
        return change(address, Action::Forget, taken_back::TAKEN_BACK);
    }
    let owner = owner_by_tags(input.blueprint, input.state, address, record.generation);
    for object in &objects {
        let claim = record.claimed.as_ref().filter(|_| record.id.as_ref() == Some(object.id));
        // An object of others is not deleted: nothing is to be lost then.
        let foreign = identity::foreign_and_undeclared(input, &owner, object.id, object.live, claim);
        let loss = || guards::data_loss_by_deletion(input, address, record, object.live);
        findings.extend(foreign.or_else(loss));
    }
    if input.options.mode == Mode::Apply {
        findings.extend(renamed::member(input, address).or_else(|| renamed::whole(input, address)));
    }
    let reason = match input.options.mode {
        Mode::Apply | Mode::RefreshOnly if is_taken_back => {
            "no longer declared; the object that was adopted after it was never applied, and stays in AWS as it is"
        }
        Mode::Destroy if taken_back::is_never_applied(input, record) => {
            "deleted with the stack, though it was adopted and never applied"
        }
        Mode::Destroy if input.options.targets.is_empty() => "everything that the stack owns is deleted",
        Mode::Destroy => "named by --target, or in need of what is",
        Mode::Apply | Mode::RefreshOnly => "no longer declared",
    };
    // The oldest first, so that the record names an object until the end.
    let oldest_first = objects.iter().rev();
    let goes: Vec<Going> =
        oldest_first.map(|object| Going { id: object.id.clone(), turn: Turn::Before }).collect();
    let reason = match goes.as_slice() {
        [_] => reason.to_owned(),
        several => {
            let ids: Vec<&str> = several.iter().map(|going| going.id.as_str()).collect();
            format!("{reason}; an earlier run has left {}: all are deleted", ids.join(", "))
        }
    };
    Change { goes, ..change(address, Action::Delete, reason) }
}
