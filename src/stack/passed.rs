//! The options that a section passes on to a kind: read, with their places, by the fields of the kind.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Name;
use super::problem::{Fault, Form, Problem};
use super::yaml::{Content, Entry, Node, Place};
use crate::engine::document::Document;
use crate::engine::kind::{Manager, Registry};
use crate::engine::resource::{Field, Invalid, Mismatch, Need, Presence, Quotes, Shape, form};

/// A place of the stack file under whose names the options of a kind are.
struct Passage {
    /// The key of the section, and that of a part of its entries which has names of its own.
    keys: &'static [&'static str],
    kind: &'static str,
}

const PASSAGES: [Passage; 4] = [
    Passage { keys: &["file_systems"], kind: FILE_SYSTEM },
    Passage { keys: &["file_systems"], kind: MOUNT_TARGET },
    Passage { keys: &["file_systems", "access_points"], kind: ACCESS_POINT },
    Passage { keys: &["databases"], kind: DATABASE },
];

pub(super) const FILE_SYSTEM: &str = "aws_efs_file_system";
pub(super) const MOUNT_TARGET: &str = "aws_efs_mount_target";
pub(super) const ACCESS_POINT: &str = "aws_efs_access_point";
pub(super) const DATABASE: &str = "aws_db_instance";

/// The options that were written, by kind and names.
pub(super) type Passed = BTreeMap<(&'static str, Vec<String>), Document>;

/// The fields of a kind that are options of the stack file.
fn options(kind: &dyn Manager) -> impl Iterator<Item = &Field> {
    kind.fields().iter().filter(|field| field.doc().is_some())
}

fn passages(kinds: &Registry) -> impl Iterator<Item = (&'static Passage, &dyn Manager)> {
    PASSAGES.iter().filter_map(|passage| Some((passage, kinds.managing(passage.kind)?)))
}

/// Takes the options of all kinds out of the tree. Those that cannot be read are in `problems`.
pub(super) fn take(tree: &mut Node, kinds: &Registry, problems: &mut Vec<Problem>) -> Passed {
    let mut passed = Passed::new();
    for (passage, kind) in passages(kinds) {
        visit(tree, passage.keys, &mut Vec::new(), &mut |names, written| {
            let is_option = |entry: &Entry| options(kind).find(|field| field.name == entry.key);
            let mut document = Document::new();
            for (field, entry) in written.iter().filter_map(|entry| Some((is_option(entry)?, entry))) {
                match value(entry, &field.shape) {
                    Ok(value) => _ = document.insert(field.name.to_owned(), value),
                    Err(problem) => problems.push(problem),
                }
            }
            written.retain(|entry| is_option(entry).is_none());
            passed.insert((passage.kind, names.to_vec()), document);
        });
    }
    passed
}

/// Shows what is written below each name at these keys.
fn visit(
    node: &mut Node,
    keys: &[&str],
    names: &mut Vec<String>,
    see: &mut dyn FnMut(&[String], &mut Vec<Entry>),
) {
    let Content::Map(entries) = &mut node.content else { return };
    let Some((key, deeper)) = keys.split_first() else { return see(names, entries) };
    let Some(section) = entries.iter_mut().find(|entry| entry.key == *key) else { return };
    let Content::Map(named) = &mut section.value.content else { return };
    for entry in named {
        names.push(entry.key.clone());
        visit(&mut entry.value, deeper, names, see);
        names.pop();
    }
}

/// The options of a kind as they were written at these names, with the defaults of the others.
pub(super) fn with_defaults(
    kinds: &Registry,
    passed: &mut Passed,
    kind: &'static str,
    names: &[&Name],
) -> Document {
    let names = names.iter().map(ToString::to_string).collect();
    let mut document = passed.remove(&(kind, names)).unwrap_or_default();
    for field in kinds.managing(kind).into_iter().flat_map(options) {
        let default = field.need.default().filter(|_| field.presence != Presence::Unsaid);
        if let (false, Some(default)) = (document.contains_key(field.name), default) {
            document.insert(field.name.to_owned(), default);
        }
    }
    document
}

/// The rules over several options that are broken, by the code of the kind.
pub(super) fn broken(kinds: &Registry, kind: &str, document: &Document) -> Vec<Invalid> {
    let Some(kind) = kinds.managing(kind) else { return Vec::new() };
    let normal = form::normalise_observed(kind.fields(), document.clone());
    kind.check(&normal, None).unwrap_or_default()
}

/// The options of the kind that has an entry with the key at this place.
pub(super) fn names_at(kinds: &Registry, tree: &mut Node, place: &Place) -> Vec<&'static str> {
    let mut found = Vec::new();
    for (passage, kind) in passages(kinds) {
        visit(tree, passage.keys, &mut Vec::new(), &mut |_, written| {
            if written.iter().any(|entry| entry.key_place == *place) {
                found.extend(options(kind).map(|field| field.name));
            }
        });
    }
    found
}

/// Adds the options of all kinds to the JSON Schema of the stack file.
pub(super) fn publish(kinds: &Registry, schema: &mut Value) {
    for (passage, kind) in passages(kinds) {
        let Some(entry) = entry_of(schema, passage.keys) else { continue };
        for field in options(kind) {
            let mut option = field.shape.schema();
            option["description"] = field.doc().into();
            if let Some(default) = field.need.default() {
                option["default"] = default;
            }
            entry["properties"][field.name] = option;
        }
        let required: Vec<&str> =
            options(kind).filter(|field| field.need == Need::Required).map(|field| field.name).collect();
        if !required.is_empty() {
            entry["required"] = required.into();
        }
    }
}

/// The schema of the entries at these keys. Their names have a pattern.
fn entry_of<'a>(schema: &'a mut Value, keys: &[&str]) -> Option<&'a mut Value> {
    let Some((key, deeper)) = keys.split_first() else { return Some(schema) };
    let names = schema.get_mut("properties")?.get_mut(*key)?.get_mut("patternProperties")?.as_object_mut()?;
    entry_of(names.values_mut().next()?, deeper)
}

/// The value of an entry.
fn value(entry: &Entry, shape: &Shape) -> Result<Value, Problem> {
    if entry.value.is_null() {
        let fault = Fault::NoValue { key: entry.key.clone(), may_be_empty: false };
        return Err(Problem::new(fault).or_at(&entry.key_place));
    }
    read(&entry.value, shape).map_err(|problem| problem.or_at(&entry.value.place))
}

fn read(node: &Node, shape: &Shape) -> Result<Value, Problem> {
    let bad = |message: String| Problem::new(Fault::BadValue { message }).or_at(&node.place);
    match shape {
        Shape::Any | Shape::Own(_) => Err(bad("this cannot be written here".to_owned())),
        Shape::Flag => Ok(bool::deserialize(node)?.into()),
        Shape::Whole { least, most } | Shape::Number { least, most } => {
            let number = i64::deserialize(node)?;
            match (*least..=*most).contains(&number) {
                true => Ok(number.into()),
                false => Err(bad(format!("{number} is out of range: from {least} to {most}"))),
            }
        }
        Shape::OneOfWhole { all, is } => {
            let number = i64::deserialize(node)?;
            match all.contains(&number) {
                true => Ok(number.into()),
                false => Err(bad(format!("{number} is not possible here: {is}"))),
            }
        }
        Shape::Text(pattern) => {
            let text = match pattern.quotes {
                Quotes::Needed => String::deserialize(node)?,
                Quotes::Free { .. } => node.as_written()?,
            };
            match pattern.fits(&text) {
                true => Ok(text.into()),
                false if pattern.mismatch == Mismatch::Hidden => {
                    Err(bad(format!("this must be {}", pattern.is)))
                }
                false => Err(bad(format!("`{}` is not {}", super::shown(&text), pattern.is))),
            }
        }
        Shape::OneOf(known) => {
            let text = String::deserialize(node)?;
            match known.contains(&text.as_str()) {
                true => Ok(text.into()),
                false => Err(Problem::new(Fault::UnknownValue { value: text, known }).or_at(&node.place)),
            }
        }
        Shape::SetOf(item) => {
            let Content::List(items) = &node.content else { return Err(node.wrong(Form::List)) };
            let mut seen = BTreeSet::new();
            let one = |node: &Node| {
                let value = read(node, item)?;
                match seen.insert(value.to_string()) {
                    true => Ok(value),
                    false => Err(Problem::new(Fault::BadValue {
                        message: format!("{value} is listed twice: name each one once"),
                    })
                    .or_at(&node.place)),
                }
            };
            items.iter().map(one).collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Shape::MapOf { keys, values } => {
            let Content::Map(entries) = &node.content else { return Err(node.wrong(Form::Options)) };
            let one = |entry: &Entry| match keys.fits(&entry.key) {
                true => Ok((entry.key.clone(), value(entry, values)?)),
                false => {
                    let message = format!("`{}` is not {}", super::shown(&entry.key), keys.is);
                    Err(Problem::new(Fault::BadValue { message }).or_at(&entry.key_place))
                }
            };
            entries.iter().map(one).collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        Shape::Object(parts) => {
            let Content::Map(entries) = &node.content else { return Err(node.wrong(Form::Options)) };
            let one = |entry: &Entry| match parts.iter().find(|part| part.name == entry.key) {
                Some(part) => Ok((entry.key.clone(), value(entry, &part.shape)?)),
                None => {
                    let known = parts.iter().map(|part| part.name).collect();
                    let fault = Fault::UnknownKey { key: entry.key.clone(), known };
                    Err(Problem::new(fault).or_at(&entry.key_place))
                }
            };
            entries.iter().map(one).collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
    }
}
