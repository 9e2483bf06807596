//! The addresses that wait for a person: what AWS refuses there is left out of the plan, and all else goes on.

use std::collections::BTreeMap;

use super::{Input, findings, together};
use crate::engine::address::Address;
use crate::engine::graph::Edges;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::{Action, Blocked, Change, FieldChange, Finding};
use crate::engine::resource::{Condition, Effect, Role, Status};

/// Takes out of the plan what AWS would refuse, with what depends on it.
pub(super) fn block(
    input: &Input<'_>,
    refers_to: &Edges<Address>,
    recorded_on: &Edges<Address>,
    changes: &mut BTreeMap<Address, Change>,
    findings: &mut Vec<Finding>,
) {
    for change in changes.values_mut() {
        let Some((id, live)) = input.sightings.get(&change.address).and_then(|sighting| sighting.live())
        else {
            continue;
        };
        let Some(row) = live.condition.stuck() else { continue };
        if stuck(input, change, live, row) {
            findings.push(findings::stuck(input, change, id, live, row));
        }
    }
    while let Some((address, on)) = next_waiting(input, refers_to, recorded_on, changes) {
        if let Some(change) = changes.get_mut(&address) {
            let fields = change.fields.clone();
            leave_out(change, fields, format!("waits for {on}"));
            if let Some(blocked) = &mut change.blocked {
                blocked.on = Some(on);
            }
        }
    }
    while let Some((address, fields, on)) = together::next_waiting(input, refers_to, recorded_on, changes) {
        let Some(change) = changes.get_mut(&address) else { break };
        // What is left out already, for another reason, stays left out.
        let before = change.blocked.take().map(|blocked| blocked.fields).unwrap_or_default();
        leave_out(change, fields, format!("waits for {on}"));
        if let Some(blocked) = &mut change.blocked {
            blocked.fields.extend(before);
            blocked.on = Some(on);
        }
    }
}

/// Leaves out what AWS does not take of an object in this status; whether there is anything to say of it.
fn stuck(input: &Input<'_>, change: &mut Change, live: &Live, row: &Status) -> bool {
    let because = format!("AWS shows {}", row.name);
    // An object that never came to be is not changed: its record says that it is unfinished.
    let is_whole = change.action == Action::Create || findings::never_made(input, &change.address, live);
    let fields = input.registry.managing(&change.kind).map(|kind| kind.fields()).unwrap_or_default();
    let is_silent = |change: &FieldChange| {
        fields.iter().any(|field| field.name == change.path && field.is_in_the_record_alone())
    };
    match change.action {
        Action::Create | Action::Update if is_whole || change.fields.is_empty() => {
            let all = change.fields.clone();
            leave_out(change, all, because);
            // A field that stands in the record alone is recorded all the same: a deletion goes by it.
            if let Some(blocked) = &mut change.blocked {
                blocked.fields.retain(|field| !is_silent(field));
            }
        }
        Action::Create => {}
        Action::Update => {
            let fields = input.registry.managing(change.address.kind()).map(Manager::fields);
            let at_once = fields.and_then(|fields| Role::AtOnce.field(fields));
            let is_sent = |change: &FieldChange| row.takes(&change.path) && change.window.is_none();
            // Says when a call counts, and goes with the call for another field.
            let goes_along = |path: &str| at_once == Some(path) && change.fields.iter().any(is_sent);
            let is_taken =
                |change: &FieldChange| is_silent(change) || goes_along(&change.path) || is_sent(change);
            let left: Vec<_> = change.fields.iter().filter(|field| !is_taken(field)).cloned().collect();
            if !left.is_empty() {
                leave_out(change, left, because);
            } else if matches!(live.condition, Condition::Lost(_)) {
                // Changes of its record alone can be made, and the object stays what it is.
                change.blocked = Some(Blocked { action: Action::NoOp, fields: left, because, on: None });
            }
        }
        Action::NoOp if matches!(live.condition, Condition::Lost(_)) => {
            leave_out(change, Vec::new(), because)
        }
        Action::NoOp => {}
        // A new object takes its place, or none.
        Action::Replace | Action::Delete | Action::Forget | Action::Watch => return false,
    }
    true
}

/// Marks what is not done. What is left of the change is done all the same.
pub(super) fn leave_out(change: &mut Change, fields: Vec<FieldChange>, because: String) {
    let action = change.action;
    change.fields.retain(|field| !fields.iter().any(|left| left.path == field.path));
    change.effect = change.fields.iter().map(|field| field.effect).max().unwrap_or(Effect::None);
    if change.fields.is_empty() {
        change.action = Action::NoOp;
        change.order = None;
        change.id = None;
        // Work that an earlier run left unfinished stays so.
        change.keeps = None;
        change.goes.clear();
        change.reason.clone_from(&because);
    }
    change.blocked = Some(Blocked { action, fields, because, on: None });
}

/// A change that cannot be made before another one that is left out: it refers to what is not made, or would delete
/// what another object does not let go of.
fn next_waiting(
    input: &Input<'_>,
    refers_to: &Edges<Address>,
    recorded_on: &Edges<Address>,
    changes: &BTreeMap<Address, Change>,
) -> Option<(Address, Address)> {
    let left_out = |address: &Address| changes.get(address)?.blocked.as_ref().map(|blocked| blocked.action);
    let is_lost = |address: &Address| {
        let stays = changes.get(address).is_none_or(|change| !matches!(change.action, Action::Replace));
        let live = input.sightings.get(address).and_then(|sighting| sighting.live());
        stays && live.is_some_and(|(_, live)| matches!(live.condition, Condition::Lost(_)))
    };
    // AWS makes a copy only of what serves.
    let is_held = |address: &Address| {
        let live = input.sightings.get(address).and_then(|sighting| sighting.live());
        let stays = changes.get(address).is_none_or(|change| !matches!(change.action, Action::Replace));
        stays && live.is_some_and(|(_, live)| matches!(live.condition, Condition::Held(_)))
    };
    let is_copy = |change: &Change, on: &Address| {
        let manager = input.registry.managing(change.address.kind());
        manager.is_some_and(|manager| manager.alike().contains(&on.kind()))
    };
    changes.values().filter(|change| change.action != Action::NoOp).find_map(|change| {
        let makes = matches!(change.action, Action::Create | Action::Replace);
        let goes_up = makes || change.action == Action::Update;
        let needs = refers_to.get(&change.address).into_iter().flatten().find(|on| {
            let missing = matches!(left_out(on), Some(Action::Create | Action::Replace));
            (goes_up && missing) || (makes && (is_lost(on) || (is_copy(change, on) && is_held(on))))
        });
        let goes_down = matches!(change.action, Action::Delete | Action::Replace);
        let user = || {
            let users = recorded_on.iter().filter(|(_, on)| on.contains(&change.address));
            users.map(|(user, _)| user).find(|user| goes_down && left_out(user).is_some_and(holds_on))
        };
        Some((change.address.clone(), needs.or_else(user)?.clone()))
    })
}

/// True if an object whose change is left out goes on using what it used.
fn holds_on(action: Action) -> bool {
    matches!(action, Action::Update | Action::Replace | Action::Delete)
}
