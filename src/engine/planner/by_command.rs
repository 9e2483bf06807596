//! Fields that a command sets: what others made of them is told of, and no plan takes it back.

use std::collections::BTreeMap;

use super::{Input, blocked, error};
use crate::engine::address::Address;
use crate::engine::blueprint::ByCommand;
use crate::engine::plan::{Action, Change, FieldChange, Finding, Level};

/// Leaves out of the plan what such a command alone changes.
pub(super) fn leave(input: &Input<'_>, changes: &mut BTreeMap<Address, Change>, findings: &mut Vec<Finding>) {
    for (address, fields) in &input.blueprint.by_command {
        let Some(change) = changes.get_mut(address).filter(|change| change.action == Action::Update) else {
            continue;
        };
        let record = input.state.and_then(|state| state.resources.get(address));
        let is_left = |field: &FieldChange, by: &ByCommand| {
            let recorded = record.and_then(|record| record.inputs.get(&field.path));
            let has_value = field.before.as_ref().is_some_and(|before| !before.is_null());
            has_value && !field.unknown && (by.alone || recorded == field.after.as_ref())
        };
        let left =
            change.fields.iter().filter(|field| fields.get(&field.path).is_some_and(|by| is_left(field, by)));
        let left: Vec<FieldChange> = left.cloned().collect();
        let Some(by) = left.first().and_then(|field| fields.get(&field.path)) else { continue };
        let names: Vec<&str> = left.iter().map(|field| field.path.as_str()).collect();
        let message = format!("{} is not what is recorded, and no plan takes that back", names.join(", "));
        blocked::leave_out(change, left, format!("{} sets it", by.command));
        let hint = format!(
            "to record it as it is: provision apply --refresh-only; then, for what follows: provision plan; or, to make one of them serve: {}",
            by.command
        );
        findings
            .push(Finding { level: Level::Blocked, ..error("set-by-command", address, message, Some(hint)) });
    }
}

/// True if what is left out of a change of this object is set by a command.
pub(super) fn is_left(input: &Input<'_>, changes: &[Change], address: &Address) -> bool {
    let Some(set) = input.blueprint.by_command.get(address) else { return false };
    let change = changes.iter().find(|change| change.address == *address);
    let left = change.and_then(|change| change.blocked.as_ref());
    left.is_some_and(|left| left.fields.iter().any(|field| set.contains_key(&field.path)))
}
