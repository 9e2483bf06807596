//! The change of one field: one value for another, or entries that come and go. Text already, harmless and unpainted.

use serde_json::{Map, Value};

use crate::engine::plan::FieldChange;
use crate::engine::planner::OWNERSHIP_TAGS;

use super::style::Ink;
use super::value::{ABSENT, SENSITIVE, UNKNOWN, entry, inline, is_list_of_objects, item, pieces};

/// A list shorter than this is shown whole, before and after.
const SHORT: usize = 6;

/// The change of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delta {
    /// One value for another.
    Value { before: String, after: String },
    /// A list or a map, entry by entry.
    Entries { entries: Vec<Entry>, unchanged: usize },
}

/// One entry of a list or a map that is not the same before and after; in pieces, to break lines between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub mark: Mark,
    pub pieces: Vec<String>,
}

/// The change of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Removed,
    Added,
    Changed,
}

impl Mark {
    /// The sign in front of the entry.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Removed => "-",
            Self::Added => "+",
            Self::Changed => "~",
        }
    }

    /// The colour of the sign.
    pub fn ink(self) -> Ink {
        match self {
            Self::Removed => Ink::Delete,
            Self::Added => Ink::Create,
            Self::Changed => Ink::Update,
        }
    }
}

/// The delta that a change makes to a field.
pub(super) fn delta(field: &FieldChange) -> Delta {
    let plain = Delta::Value { before: before(field), after: after(field) };
    if is_hidden(field) {
        return plain;
    }
    let empty = Value::Array(Vec::new());
    let before = field.before.as_ref().unwrap_or(&empty);
    let after = field.after.as_ref().unwrap_or(&empty);
    match (before, after) {
        (Value::Array(old), Value::Array(new))
            if is_list_of_objects(before) || is_list_of_objects(after) || old.len() + new.len() > SHORT =>
        {
            let (removed, added) = difference(old, new);
            // A list that only changed its order is shown as a whole.
            if removed.is_empty() && added.is_empty() {
                return plain;
            }
            let unchanged = new.len() - added.len();
            let marked = |mark| move |value| Entry { mark, pieces: item(&field.path, value) };
            let removed = removed.into_iter().map(marked(Mark::Removed));
            let entries = removed.chain(added.into_iter().map(marked(Mark::Added))).collect();
            Delta::Entries { entries, unchanged }
        }
        (Value::Object(old), Value::Object(new)) => changed_map(old, new),
        _ => plain,
    }
}

/// The field of an object that is not there yet: lists and maps entry by entry. `None` for a field without a value.
pub(super) fn fresh(field: &FieldChange) -> Option<Delta> {
    match &field.after {
        _ if is_hidden(field) => Some(delta(field)),
        None | Some(Value::Null) => None,
        Some(Value::Object(new)) if !new.is_empty() => Some(changed_map(&Map::new(), new)),
        Some(_) => Some(delta(&FieldChange { before: None, ..field.clone() })),
    }
}

fn changed_map(old: &Map<String, Value>, new: &Map<String, Value>) -> Delta {
    let mut changed: Vec<Entry> = old
        .iter()
        .filter(|(name, _)| !new.contains_key(*name))
        .map(|(name, value)| Entry { mark: Mark::Removed, pieces: entry(name, value) })
        .collect();
    let mut unchanged = 0;
    for (name, value) in new {
        // Statements of a policy: each has a line of its own.
        if let Some(all) = value.as_array().filter(|_| is_list_of_objects(value)) {
            let none = Vec::new();
            let (removed, added) = difference(old.get(name).and_then(Value::as_array).unwrap_or(&none), all);
            unchanged += all.len() - added.len();
            let marked = |mark| move |value| Entry { mark, pieces: entry(name, value) };
            changed.extend(removed.into_iter().map(marked(Mark::Removed)));
            changed.extend(added.into_iter().map(marked(Mark::Added)));
            continue;
        }
        let (mark, pieces) = match old.get(name) {
            Some(before) if before == value => {
                unchanged += 1;
                continue;
            }
            Some(before) => {
                let mut after = pieces(value);
                after[0].insert_str(0, "→ ");
                (Mark::Changed, entry(name, before).into_iter().chain(after).collect())
            }
            None => (Mark::Added, entry(name, value)),
        };
        changed.push(Entry { mark, pieces });
    }
    Delta::Entries { entries: changed, unchanged }
}

/// The values that are only in `old`, and those that are only in `new`, counting duplicates.
fn difference<'a>(old: &'a [Value], new: &'a [Value]) -> (Vec<&'a Value>, Vec<&'a Value>) {
    let mut added: Vec<&Value> = new.iter().collect();
    let removed = old
        .iter()
        .filter(|entry| match added.iter().position(|candidate| candidate == entry) {
            Some(position) => {
                added.remove(position);
                false
            }
            None => true,
        })
        .collect();
    (removed, added)
}

fn before(field: &FieldChange) -> String {
    match &field.before {
        _ if field.sensitive => SENSITIVE.to_owned(),
        // An object that shows no tags may have them already.
        None if field.path == OWNERSHIP_TAGS => "(not shown by AWS)".to_owned(),
        None | Some(Value::Null) => ABSENT.to_owned(),
        Some(list @ Value::Array(items)) if is_list_of_objects(list) => format!("({} entries)", items.len()),
        Some(value) => inline(value),
    }
}

fn after(field: &FieldChange) -> String {
    match &field.after {
        None if field.unknown => UNKNOWN.to_owned(),
        _ if field.sensitive => SENSITIVE.to_owned(),
        None | Some(Value::Null) => ABSENT.to_owned(),
        Some(value) => inline(value),
    }
}

/// True where no part of the new value is shown.
fn is_hidden(field: &FieldChange) -> bool {
    field.sensitive || field.unknown && field.after.is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_of_lists_counts_duplicates() {
        let (old, new) = ([json!(1), json!(2), json!(2)], [json!(2), json!(3), json!(3)]);
        let (removed, added) = difference(&old, &new);
        assert_eq!(removed, [&json!(1), &json!(2)]);
        assert_eq!(added, [&json!(3), &json!(3)]);
    }

    #[test]
    fn of_a_document_that_is_known_in_part_the_known_parts_are_shown() {
        let policy = json!({ "Statement": [{ "Action": ["*"], "Resource": ["${k.later.arn}/*"] }] });
        let known = FieldChange { unknown: true, ..FieldChange::free("policy", None, Some(policy)) };
        let said = format!("{:?}", fresh(&known));
        assert!(said.contains("Action") && said.contains("k.later.arn"), "{said}");
        let unknown = FieldChange { after: None, ..known };
        assert_eq!(after(&unknown), UNKNOWN);
        assert!(matches!(fresh(&unknown), Some(Delta::Value { after, .. }) if after == UNKNOWN));
    }
}
