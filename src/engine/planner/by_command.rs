//! Fields that a command sets: what others made of them is told of, and no plan takes it back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Input, Sighting, blocked, error};
use crate::engine::address::Address;
use crate::engine::blueprint::ByCommand;
use crate::engine::plan::{Action, Change, FieldChange, Finding, Level};

const CHECK: &str = "set-by-command";

/// Leaves out of the plan what such a command alone changes.
pub(super) fn leave(input: &Input<'_>, changes: &mut BTreeMap<Address, Change>, findings: &mut Vec<Finding>) {
    let torn = torn(input);
    for (address, fields) in &input.blueprint.by_command {
        let Some(change) = changes.get_mut(address) else { continue };
        let left = match change.action {
            Action::Update => of_update(input, change, fields, &torn),
            Action::Create | Action::Replace => of_new(input, change, fields, &torn),
            _ => None,
        };
        let Some(Left { by, fields, message, hint }) = left else { continue };
        let because = match change.action {
            Action::Update => format!("{} sets it", by.command),
            _ => format!("waits for {}", by.command),
        };
        blocked::leave_out(change, fields, because);
        findings.push(Finding { level: Level::Blocked, ..error(CHECK, address, message, Some(hint)) });
    }
}

/// The commands of which others have changed what they made, by what AWS shows.
fn torn<'a>(input: &Input<'a>) -> BTreeSet<&'a str> {
    let all = input.blueprint.by_command.iter().flat_map(|(address, fields)| {
        let record = input.state.and_then(|state| state.resources.get(address));
        let live = input.sightings.get(address).and_then(|sighting| sighting.live());
        let both = live.zip(record);
        fields.iter().filter_map(move |(field, by)| {
            let ((_, live), record) = both?;
            let is_other = differs(live.inputs.get(field)?, record.inputs.get(field)?);
            is_other.then_some(by.command.as_str())
        })
    });
    all.collect()
}

/// True for other values; the order of a list is none of it.
fn differs(one: &Value, other: &Value) -> bool {
    let sorted = |value: &Value| {
        let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        texts.iter().map(ToString::to_string).collect::<BTreeSet<_>>()
    };
    !one.is_null() && sorted(one) != sorted(other)
}

/// The fields that are left as they are, why, and what to type.
struct Left<'a> {
    by: &'a ByCommand,
    fields: Vec<FieldChange>,
    message: String,
    hint: String,
}

fn of_update<'a>(
    input: &Input<'_>,
    change: &Change,
    fields: &'a BTreeMap<String, ByCommand>,
    torn: &BTreeSet<&str>,
) -> Option<Left<'a>> {
    let record = input.state.and_then(|state| state.resources.get(&change.address));
    let is_left = |field: &FieldChange, by: &ByCommand| {
        let recorded = record.and_then(|record| record.inputs.get(&field.path));
        let has_value = field.before.as_ref().is_some_and(|before| !before.is_null());
        let is_known = !field.unknown && (by.alone || recorded == field.after.as_ref());
        has_value && (is_known || torn.contains(by.command.as_str()))
    };
    let left =
        change.fields.iter().filter(|field| fields.get(&field.path).is_some_and(|by| is_left(field, by)));
    let left: Vec<FieldChange> = left.cloned().collect();
    let by = left.first().and_then(|field| fields.get(&field.path))?;
    let names: Vec<&str> = left.iter().map(|field| field.path.as_str()).collect();
    let message = format!("{} is not what is recorded, and no plan takes that back", names.join(", "));
    Some(Left { by, fields: left, message, hint: to_record_it(by) })
}

/// A new object gets its part by what is recorded: it is not made while AWS shows another part, nor in the place of one that served while
/// another one can.
fn of_new<'a>(
    input: &Input<'_>,
    change: &Change,
    fields: &'a BTreeMap<String, ByCommand>,
    torn: &BTreeSet<&str>,
) -> Option<Left<'a>> {
    let all = change.fields.clone();
    if let Some(by) = fields.values().find(|by| torn.contains(by.command.as_str())) {
        let message =
            "which part it has is not what is recorded: a new one is made when that is known".to_owned();
        return Some(Left { by, fields: all, message, hint: to_record_it(by) });
    }
    let is_gone = input.sightings.get(&change.address).is_some_and(Sighting::is_gone);
    let is_named = input.options.replace.contains(&change.address);
    let is_there = |other: &Address| input.sightings.get(other).is_some_and(|one| one.live().is_some());
    let (by, other) = fields.values().find_map(|by| Some((by, by.stands_in.as_ref()?)))?;
    if !is_gone || is_named || !is_there(other) {
        return None;
    }
    let message =
        format!("it is gone, and a new one would serve without what was on it: {other} has the copy");
    let hint = format!(
        "for that one to serve: {}; or, for a new one that serves: provision apply --replace {}",
        by.command, change.address
    );
    Some(Left { by, fields: all, message, hint })
}

fn to_record_it(by: &ByCommand) -> String {
    format!(
        "to record it as it is: provision apply --refresh-only; then, for what follows: provision plan; or, to make one of them serve: {}",
        by.command
    )
}

/// True if what is left out of a change of this object is set by a command.
pub(super) fn is_left(input: &Input<'_>, changes: &[Change], address: &Address) -> bool {
    let Some(set) = input.blueprint.by_command.get(address) else { return false };
    let change = changes.iter().find(|change| change.address == *address);
    let left = change.and_then(|change| change.blocked.as_ref());
    left.is_some_and(|left| left.fields.iter().any(|field| set.contains_key(&field.path)))
}
