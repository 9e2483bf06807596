//! The record of an object beside what is observed of it: the drift, and what the record takes over.

use serde_json::Value;

use super::{diff, free};
use crate::engine::document::Document;
use crate::engine::plan::FieldChange;
use crate::engine::resource::{Condition, Field, Shape};

/// The fields in which what was observed is not what was recorded; those that AWS does not show are left out. What has come to an end
/// is shown as nothing.
pub fn drift(fields: &[Field], recorded: &Document, observed: &Document) -> Vec<FieldChange> {
    let shown: Vec<Field> = fields.iter().filter(|field| !field.is_recorded()).copied().collect();
    // Nobody changed a value that was never written, and is as empty in AWS.
    let is_nothing = |value: &Option<Value>| {
        value.as_ref().is_none_or(|value| value.as_object().is_some_and(|map| map.is_empty()))
    };
    let changed = diff(&shown, recorded, observed)
        .into_iter()
        .filter(|change| !(is_nothing(&change.before) && is_nothing(&change.after)))
        .map(|change| {
            free(FieldChange { before: change.after.clone(), after: change.before.clone(), ..change })
        });
    let ended = ended(fields, recorded, observed);
    changed.chain(ended.map(|(field, before)| FieldChange::free(field, Some(before.clone()), None))).collect()
}

/// The fields of which what was recorded has come to an end, with what that was.
fn ended<'a>(
    fields: &'a [Field],
    recorded: &'a Document,
    observed: &'a Document,
) -> impl Iterator<Item = (&'static str, &'a Value)> {
    fields.iter().filter_map(|field| {
        let before = recorded.get(field.name)?;
        field.ends(before, observed.get(field.name)?).then_some((field.name, before))
    })
}

/// Takes into what is recorded what has come to an end, and returns the number of its fields.
pub fn follow_to_the_end(fields: &[Field], recorded: &mut Document, observed: &Document) -> usize {
    let ended: Vec<&str> = ended(fields, recorded, observed).map(|(field, _)| field).collect();
    let values = ended.iter().filter_map(|field| Some(((*field).to_owned(), observed.get(*field)?.clone())));
    recorded.extend(values);
    ended.len()
}

/// Takes what was observed into what is recorded, where it does not do for it; what AWS does not show stays.
pub fn follow(fields: &[Field], recorded: &mut Document, observed: &Document) {
    for field in fields.iter().filter(|field| !field.is_recorded()) {
        if let (Some(recorded), Some(seen)) = (recorded.get_mut(field.name), observed.get(field.name))
            && (!(field.met)(recorded, seen) || field.ends(recorded, seen))
        {
            *recorded = seen.clone();
        }
    }
}

/// The record of an object while it is being changed: all that it had, and all that it may have got besides by then. A kind shows of lists,
/// maps and names no more than what is recorded, and what is not shown is never taken back.
pub fn under_way(fields: &[Field], recorded: &Document, sent: &Document) -> Document {
    let mut both = recorded.clone();
    for field in fields.iter().filter(|field| !field.is_recorded() && !field.is_fixed()) {
        let Some(sent) = sent.get(field.name) else { continue };
        let Some(was) = both.get_mut(field.name) else {
            both.insert(field.name.to_owned(), sent.clone());
            continue;
        };
        if let Some(several) = field.several {
            *was = several(was, sent);
            continue;
        }
        match (was, sent, field.shape) {
            (Value::Array(was), Value::Array(sent), Shape::SetOf(_)) => {
                let more: Vec<Value> = sent.iter().filter(|one| !was.contains(one)).cloned().collect();
                was.extend(more);
            }
            (Value::Object(was), Value::Object(sent), Shape::MapOf { .. }) => {
                for (key, value) in sent {
                    was.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            _ => {}
        }
    }
    both
}

/// The outputs that AWS has changed by itself. One that only the running version of the program knows is none of them.
pub fn changed_outputs(recorded: &Document, observed: &Document, condition: &Condition) -> Vec<FieldChange> {
    let now = latest_outputs(recorded, observed, condition);
    recorded
        .iter()
        .filter(|(name, before)| now.get(*name) != Some(*before))
        .map(|(name, before)| FieldChange::free(name, Some(before.clone()), now.get(name).cloned()))
        .collect()
}

/// The outputs to be recorded. While AWS is at work on an object, some are not shown: those stay as they were.
pub fn latest_outputs(recorded: &Document, observed: &Document, condition: &Condition) -> Document {
    match condition {
        Condition::Ready => observed.clone(),
        _ => recorded.iter().chain(observed).map(|(name, value)| (name.clone(), value.clone())).collect(),
    }
}
