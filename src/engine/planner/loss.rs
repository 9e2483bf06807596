//! The account that a plan gives of the data of objects that go.

use super::guards::fields;
use super::naming::is_deleted_by_us;
use super::{Input, Sighting, error};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::{Action, Change, Finding};
use crate::engine::resource::{Holdings, Remark, Role};
use crate::engine::state::{Phase, Record};

/// Completes what goes with its cost, and with the account of its data.
pub(super) fn account(input: &Input<'_>, address: &Address, change: &mut Change) -> Option<Finding> {
    let manager = input.registry.managing(address.kind())?;
    if matches!(change.action, Action::Create | Action::Forget) && was_deleted(input, address, manager) {
        let note = "an earlier run deleted it".to_owned();
        change.data = Some(Holdings { notes: vec![note], ..Holdings::default() });
    }
    if !matches!(change.action, Action::Delete | Action::Replace) {
        return None;
    }
    change.effect = change.effect.max(manager.loss());
    let record = input.state?.resources.get(address)?;
    // The object that goes is then the one before, which nothing shows any more.
    if record.predecessor.is_some() {
        return None;
    }
    let (_, live) = input.sightings.get(address)?.live()?;
    if !manager.holds_data() {
        // It may leave something behind.
        change.data = Some(holdings(live)).filter(|left| *left != Holdings::default() && !is_leaving(live));
        return None;
    }
    if is_leaving(live) {
        let note = "its deletion is under way, and cannot be undone".to_owned();
        let ours = record.phase == Phase::Deleting && takes_snapshot(input, address, record);
        let final_snapshot = holdings(live).final_snapshot.filter(|_| ours);
        change.data = Some(Holdings { notes: vec![note], final_snapshot, ..Holdings::default() });
        return None;
    }
    let mut holdings = holdings(live);
    if let Some(option) = unapplied_backups(input, address, record) {
        change.data = Some(holdings);
        let message =
            format!("`{option}: false` is written and not applied yet: its backups would go with it");
        let hint = format!("provision apply --target {address}; after that run the same command again");
        return Some(error("final-snapshot", address, message, Some(hint)));
    }
    let snapshot = takes_snapshot(input, address, record);
    if !snapshot {
        holdings.final_snapshot = None;
    }
    let asked = snapshot && holdings.final_snapshot.is_some();
    change.data = Some(holdings);
    let refused = live.remarks.iter().find_map(|remark| match remark {
        Remark::NoLastSnapshot { why, remedy } => Some((why, remedy)),
        _ => None,
    });
    let (why, remedy) = refused.filter(|_| asked)?;
    Some(error("final-snapshot", address, why.clone(), Some(remedy.clone())))
}

/// True for data that a run of ours has deleted, which was stopped before that could be recorded.
fn was_deleted(input: &Input<'_>, address: &Address, manager: &dyn Manager) -> bool {
    let record = input.state.and_then(|state| state.resources.get(address));
    let gone = matches!(input.sightings.get(address), Some(Sighting::Gone));
    manager.holds_data() && is_deleted_by_us(record) && gone
}

fn holdings(live: &Live) -> Holdings {
    let said = live.remarks.iter().find_map(|remark| match remark {
        Remark::Holds(holdings) => Some(holdings.clone()),
        _ => None,
    });
    said.unwrap_or_default()
}

/// The value that the stack file gives to the field of this role, where it declares the object.
fn declared(input: &Input<'_>, address: &Address, role: Role) -> Option<bool> {
    match input.blueprint.declarations.get(address)? {
        Declaration::Managed { inputs } => role.truth(fields(input, address), inputs),
        Declaration::Watched { .. } => None,
    }
}

/// Decides on the last snapshot: there is one unless `false` was applied and is still written.
fn takes_snapshot(input: &Input<'_>, address: &Address, record: &Record) -> bool {
    Role::LastSnapshot.truth(fields(input, address), &record.inputs) != Some(false)
        || declared(input, address, Role::LastSnapshot) == Some(true)
        || input.safeguards.last_snapshot.contains(address)
}

/// The option by which the stack file keeps the backups, where that was not applied.
fn unapplied_backups(input: &Input<'_>, address: &Address, record: &Record) -> Option<&'static str> {
    let fields = fields(input, address);
    let is_applied = Role::DeletesBackups.truth(fields, &record.inputs) == Some(false);
    let is_written = declared(input, address, Role::DeletesBackups) == Some(false)
        || input.safeguards.backups.contains(address);
    if is_written && !is_applied { Role::DeletesBackups.field(fields) } else { None }
}

pub(super) fn is_leaving(live: &Live) -> bool {
    live.condition.is_leaving()
}
