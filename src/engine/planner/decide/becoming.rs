//! The change by which an object becomes what is wanted: it is made, goes on as it is or updated, or gives way to another one.

use jiff::Timestamp;

use super::super::unfinished::{Standing, all, all_but};
use super::super::{Input, change};
use crate::engine::address::Address;
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::{Action, Change, FieldChange, ReplaceOrder};
use crate::engine::resource::{Condition, Effect, Role};
use crate::engine::state::{Phase, Record};
use crate::engine::window::Window;

pub(super) fn new(manager: &dyn Manager, address: &Address, desired: &Document, reason: &str) -> Change {
    let fields = diff::all_new(manager.fields(), desired);
    Change { fields, ..change(address, Action::Create, reason) }
}

pub(super) fn absent_reason(record: Option<&Record>) -> &'static str {
    match record {
        None => "not in the state",
        Some(Record { phase: Phase::Creating, id: None, .. }) => "an earlier run did not get to make it",
        Some(_) => "it is gone from AWS",
    }
}

/// The change where one of the objects that are there stays. The others go, and were those of a replacement that an earlier
/// run had begun.
pub(super) fn keep(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    desired: &Document,
    record: Option<&Record>,
    objects: &[Standing<'_>],
    kept: usize,
) -> Change {
    let object = &objects[kept];
    let mut decision = existing(address, manager, desired, object);
    let at_once = decision.action == Action::Update
        && (object.is_unfinished || Role::AtOnce.is_on(manager.fields(), desired));
    decision.queued = diff::queued(manager.fields(), at_once, &object.live.inputs, &object.live.in_force);
    let goes_on = |queued: &FieldChange| {
        !decision.fields.iter().any(|field| field.takes_back && field.path == queued.path)
    };
    decision.queued.retain(goes_on);
    if decision.action == Action::Update {
        let taken_along = decision.queued.iter().filter(|field| field.window.is_none());
        decision.effect = taken_along.map(|field| field.effect).fold(decision.effect, Effect::max);
    }
    let window = Role::Window.field(manager.fields());
    let written = |document: &Document| Window::weekly(document.get(window?)?.as_str()?);
    if let Some(window) = written(desired).or_else(|| written(&object.live.inputs)) {
        name_windows(window.opening(input.now), &mut decision);
    }
    let is_recorded = record.is_some_and(|record| record.id.as_ref() == Some(object.id));
    let was_replaced = record.is_some_and(|record| record.predecessor.is_some());
    if decision.action == Action::Create || was_replaced || !is_recorded {
        decision.keeps = Some(object.id.clone());
    }
    let goes = all_but(objects, kept);
    if goes.is_empty() {
        return decision;
    }
    let ids: Vec<&str> = goes.iter().map(|going| going.id.as_str()).collect();
    let (id, ids) = (object.id, ids.join(", "));
    let reason = match kept {
        0 => format!("an earlier run made {id}; {ids}, which it replaces, is still to be deleted"),
        _ => format!("{id} is what is wanted now and stays; {ids}, which was to replace it, is deleted"),
    };
    let reason = match decision.fields.is_empty() {
        true => reason,
        false => format!("{reason}; {}", differs(&decision.fields)),
    };
    let order = Some(ReplaceOrder::CreateFirst);
    Change { action: Action::Replace, reason, order, goes, ..decision }
}

/// The change of an object that can become what is wanted.
fn existing(address: &Address, manager: &dyn Manager, desired: &Document, object: &Standing<'_>) -> Change {
    let phase = object.phase;
    let differing = if object.is_unfinished { diff::lacking } else { diff::diff };
    let mut fields = differing(manager.fields(), desired, &object.observed(manager.fields(), desired));
    // While AWS is at work, what is pending may be what it is making.
    if object.live.condition == Condition::Ready {
        let Live { inputs, in_force, .. } = object.live;
        fields.extend(diff::surplus(manager.fields(), desired, inputs, in_force));
        diff::take_back(manager.fields(), desired, &object.live.in_force, &mut fields);
    }
    let effect = fields.iter().map(|field| field.effect).max().unwrap_or(Effect::None);
    let waits = match &object.live.condition {
        Condition::Pending(status) => Some(format!("AWS is still at it ({status}): apply waits for it")),
        Condition::Ready | Condition::Leaving(_) | Condition::Held(_) | Condition::Lost(_) => None,
    };
    match (waits, phase, fields.is_empty()) {
        (Some(waits), Phase::Creating, true) => change(address, Action::Create, waits),
        (Some(waits), Phase::Creating, false) => {
            let reason = format!("{waits}, and changes it then: {}", differs(&fields));
            Change { effect, fields, ..change(address, Action::Create, reason) }
        }
        (Some(waits), Phase::Updating, true) => change(address, Action::Update, waits),
        (None, Phase::Creating, true) => {
            change(address, Action::Create, "made by an earlier run; only to be recorded")
        }
        (_, _, true) => change(address, Action::NoOp, "as declared"),
        (_, _, false) => {
            let reason = differs(&fields);
            Change { effect, fields, ..change(address, Action::Update, reason) }
        }
    }
}

/// The change where none of the objects that are there can become what is wanted.
pub(super) fn anew(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    desired: &Document,
    objects: &[Standing<'_>],
) -> Change {
    let Some(replaced) = objects.last() else { return new(manager, address, desired, absent_reason(None)) };
    let observed = replaced.observed(manager.fields(), desired);
    let fields = diff::anew(manager.fields(), desired, &observed);
    let forcing: Vec<_> =
        fields.iter().filter(|field| field.effect == Effect::Replacement).cloned().collect();
    let (reason, fields) = match () {
        () if replaced.is_leaving() => {
            ("it is being deleted; it is made again after that".to_owned(), fields)
        }
        () if input.options.replace.contains(address) => ("asked for by --replace".to_owned(), fields),
        () => (format!("{}; only a new object can have it", differs(&forcing)), fields),
    };
    let half_made: Vec<&str> = objects.iter().rev().skip(1).map(|object| object.id.as_str()).collect();
    let reason = match half_made.as_slice() {
        [] => reason,
        ids => format!(
            "{reason}; {}, which was to replace it, does not fit either and is deleted",
            ids.join(", ")
        ),
    };
    let goes = all(input, address, objects);
    let is_renamed = forcing.iter().any(|field| manager.natural_key().contains(&field.path.as_str()));
    let order = (manager.comes_first() && is_renamed).then_some(ReplaceOrder::CreateFirst);
    Change { effect: Effect::Replacement, fields, goes, order, ..change(address, Action::Replace, reason) }
}

/// `size differs`, `size, note differ`.
fn differs(fields: &[FieldChange]) -> String {
    let (back, others): (Vec<&FieldChange>, Vec<&FieldChange>) =
        fields.iter().partition(|field| field.takes_back);
    let named = |fields: &[&FieldChange]| {
        fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>().join(", ")
    };
    let differ = match others.as_slice() {
        [] => None,
        [one] => Some(format!("{} differs", one.path)),
        several => Some(format!("{} differ", named(several))),
    };
    let taken_back =
        (!back.is_empty()).then(|| format!("the queued change of {} is taken back", named(&back)));
    differ.into_iter().chain(taken_back).collect::<Vec<_>>().join("; ")
}

/// Says when what waits will happen.
fn name_windows(opens: Timestamp, change: &mut Change) {
    let opens = opens.to_string();
    let fields = change.fields.iter_mut().chain(&mut change.queued);
    for waiting in fields.filter_map(|field| field.window.as_mut()) {
        waiting.opens = Some(opens.clone());
    }
}
