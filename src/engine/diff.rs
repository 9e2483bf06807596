//! The difference of two documents of one kind, field by field, with what each difference costs. Pure.

mod recorded;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::engine::document::{Document, is_unknown};
use crate::engine::plan::{FieldChange, Window};
use crate::engine::resource::{Effect, Field, OnChange, Role};

pub use recorded::{changed_outputs, drift, follow, follow_to_the_end, latest_outputs, under_way};

/// The fields in which `observed` does not meet `desired`. A field that is not desired is not compared, unless it is
/// one that is taken back; one that is read once is not either.
pub fn diff(fields: &[Field], desired: &Document, observed: &Document) -> Vec<FieldChange> {
    differences(compared(fields), Role::AtOnce.is_on(fields, desired), desired, observed)
}

/// The same for an object whose making goes on: what it lacks is set at once.
pub fn lacking(fields: &[Field], desired: &Document, observed: &Document) -> Vec<FieldChange> {
    differences(compared(fields), true, desired, observed)
}

/// The same for a new object in the place of the observed one: what is read when it is made counts again.
pub fn anew(fields: &[Field], desired: &Document, observed: &Document) -> Vec<FieldChange> {
    let read_once: Vec<Field> = fields.iter().filter(|field| field.is_read_once()).copied().collect();
    let mut changes = diff(fields, desired, observed);
    // The new object has each value from its beginning: no call changes it, and nothing waits for a window.
    for change in changes.iter_mut().filter(|change| change.effect != Effect::Replacement) {
        (change.effect, change.window, change.takes_back) = (Effect::None, None, false);
        change.calls.clear();
    }
    changes.extend(all_new(&read_once, desired));
    changes
}

fn compared(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| !field.is_read_once())
}

fn differences<'a>(
    fields: impl Iterator<Item = &'a Field>,
    at_once: bool,
    desired: &Document,
    observed: &Document,
) -> Vec<FieldChange> {
    fields
        .filter(|field| {
            let (wanted, seen) = (desired.get(field.name), observed.get(field.name));
            match (wanted, seen) {
                (Some(wanted), Some(seen)) => is_unknown(wanted) || !(field.met)(wanted, seen),
                (Some(_), None) => true,
                (None, seen) => seen.is_some() && field.taken_back,
            }
        })
        .map(|field| difference(field, at_once, desired, observed))
        .collect()
}

fn difference(field: &Field, at_once: bool, desired: &Document, observed: &Document) -> FieldChange {
    let wanted = desired.get(field.name);
    let unknown = wanted.is_some_and(is_unknown);
    let (effect, window) = cost(field.on_change(desired, observed), at_once);
    FieldChange {
        path: field.name.to_owned(),
        before: observed.get(field.name).cloned(),
        // Of a document the rest is told all the same: what is not known stands in it as a reference.
        after: wanted.filter(|value| !unknown || value.is_object()).cloned(),
        unknown,
        sensitive: false,
        is_default: field.need.default().is_some_and(|default| wanted == Some(&default)),
        effect,
        calls: field.calls.iter().map(|call| call.name.to_owned()).collect(),
        window,
        takes_back: false,
    }
}

/// The fields whose queued value would do, and is more than what is desired: storage that is queued to grow further than it is written.
/// The values in force are told from those to come only by an object for which something is queued.
pub fn surplus(
    fields: &[Field],
    desired: &Document,
    coming: &Document,
    in_force: &Document,
) -> Vec<FieldChange> {
    let at_once = Role::AtOnce.is_on(fields, desired);
    let is_more = |field: &&Field| match (desired.get(field.name), coming.get(field.name)) {
        (Some(wanted), Some(coming)) => {
            in_force.get(field.name).is_some_and(|now| now != coming)
                && (field.met)(wanted, coming)
                && !(field.exact)(wanted, coming)
        }
        _ => false,
    };
    compared(fields).filter(is_more).map(|field| difference(field, at_once, desired, coming)).collect()
}

/// The object from which a change of it starts: as it is in force where a change sends something, and as it will be where what is
/// queued stays so.
pub fn before(fields: &[Field], desired: &Document, coming: &Document, in_force: &Document) -> Document {
    let mut before = coming.clone();
    if in_force.is_empty() {
        return before;
    }
    let changes = diff(fields, desired, coming);
    for change in changes.into_iter().chain(surplus(fields, desired, coming, in_force)) {
        match in_force.get(&change.path) {
            Some(now) => drop(before.insert(change.path, now.clone())),
            None => drop(before.remove(&change.path)),
        }
    }
    before
}

/// What is observed, without what would be taken back and is not the stack's: nothing, and what others have put in the place of what is
/// recorded. While a change is under way (`recorded` is none), either may be ours.
pub fn without_others(
    fields: &[Field],
    desired: &Document,
    recorded: Option<&Document>,
    mut observed: Document,
) -> Document {
    let taken_back = |field: &&Field| field.taken_back && !desired.contains_key(field.name);
    for field in fields.iter().filter(taken_back) {
        let is_nothing = |seen: &Value| matches!(seen, Value::Object(parts) if parts.is_empty());
        let is_ours = observed.get(field.name).is_some_and(|seen| {
            let was = |recorded: &Document| recorded.get(field.name).is_none_or(|was| (field.met)(was, seen));
            !is_nothing(seen) && recorded.is_none_or(was)
        });
        if !is_ours {
            observed.remove(field.name);
        }
    }
    observed
}

/// All desired fields, as those of an object that is not there yet.
pub fn all_new(fields: &[Field], desired: &Document) -> Vec<FieldChange> {
    differences(fields.iter(), true, desired, &Document::new()).into_iter().map(free).collect()
}

/// The changes queued for the maintenance window: from what is in force to what is to come. They happen `at_once` where
/// anything is changed at once.
pub fn queued(fields: &[Field], at_once: bool, coming: &Document, in_force: &Document) -> Vec<FieldChange> {
    if in_force.is_empty() {
        return Vec::new();
    }
    differences(fields.iter().filter(|field| !field.is_recorded()), at_once, coming, in_force)
}

/// Marks the changes that only take back what waits for its window: what is desired is in force, so that nothing happens to
/// anything that runs (RDS takes the value out of PendingModifiedValues).
pub fn take_back(fields: &[Field], desired: &Document, in_force: &Document, changes: &mut [FieldChange]) {
    for change in changes {
        let field = fields.iter().find(|field| field.name == change.path);
        let is_met = match (field, desired.get(&change.path), in_force.get(&change.path)) {
            (Some(field), Some(wanted), Some(current)) => (field.met)(wanted, current),
            _ => false,
        };
        if is_met {
            (change.effect, change.window, change.takes_back) = (Effect::None, None, true);
        }
    }
}

/// A difference that no call makes.
fn free(change: FieldChange) -> FieldChange {
    FieldChange { effect: Effect::None, calls: Vec::new(), window: None, ..change }
}

/// True if only a new object can have what is desired.
pub fn needs_replacement(changes: &[FieldChange]) -> bool {
    changes.iter().any(|change| change.effect == Effect::Replacement)
}

/// The fields that an update can change.
pub fn changeable(fields: &[Field]) -> Vec<Field> {
    fields.iter().filter(|field| !field.is_fixed()).copied().collect()
}

/// The fields that no update can change.
pub fn fixed(fields: &[Field]) -> Vec<Field> {
    fields.iter().filter(|field| field.is_fixed()).copied().collect()
}

/// The fields whose new value is seen at once when the update has settled.
pub fn seen_at_once(fields: &[Field], desired: &Document, observed: &Document) -> Vec<Field> {
    let at_once = Role::AtOnce.is_on(fields, desired);
    fields
        .iter()
        .filter(|field| match field.on_change(desired, observed) {
            OnChange::InPlace(_) => true,
            OnChange::AtWindow(_) => at_once,
            OnChange::Replace | OnChange::Recorded(_) | OnChange::ReadOnce => false,
        })
        .copied()
        .collect()
}

fn cost(on_change: OnChange, at_once: bool) -> (Effect, Option<Window>) {
    match on_change {
        OnChange::InPlace(effect) => (effect, None),
        OnChange::AtWindow(effect) if at_once => (effect, None),
        // A loss of data is shown as one also while it waits.
        OnChange::AtWindow(Effect::DataLoss) => {
            (Effect::DataLoss, Some(Window { opens: None, effect: Effect::DataLoss }))
        }
        OnChange::AtWindow(effect) => (Effect::NextMaintenanceWindow, Some(Window { opens: None, effect })),
        OnChange::Replace => (Effect::Replacement, None),
        OnChange::Recorded(effect) => (effect, None),
        OnChange::ReadOnce => (Effect::None, None),
    }
}
