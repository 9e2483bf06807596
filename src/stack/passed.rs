//! The options that a section passes on to a kind: read, with their places, by the fields of the kind.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::problem::{Fault, Form, Problem};
use super::yaml::{Content, Entry, Node, Place};
use crate::engine::document::Document;
use crate::engine::kind::{Manager, Registry};
use crate::engine::resource::{Author, Field, Invalid, Quotes, Shape};

/// A place of the stack file under whose names the options of a kind are.
struct Passage {
    section: &'static str,
    kind: &'static str,
}

const PASSAGES: [Passage; 2] = [
    Passage { section: "file_systems", kind: "aws_efs_file_system" },
    Passage { section: "databases", kind: "aws_db_instance" },
];

/// The options that were passed on, by section and name, with the defaults of the others.
pub(super) type Passed = BTreeMap<(&'static str, String), Document>;

/// The fields of a kind that are options of the stack file.
fn options(kind: &dyn Manager) -> impl Iterator<Item = &Field> {
    kind.fields().iter().filter(|field| field.author == Author::StackFile)
}

fn passages(kinds: &Registry) -> impl Iterator<Item = (&'static Passage, &dyn Manager)> {
    PASSAGES.iter().filter_map(|passage| Some((passage, kinds.managing(passage.kind)?)))
}

/// Takes the options of all kinds out of the tree. Those that cannot be read are in `problems`.
pub(super) fn take(tree: &mut Node, kinds: &Registry, problems: &mut Vec<Problem>) -> Passed {
    let mut passed = Passed::new();
    for (passage, kind) in passages(kinds) {
        for entry in entries_below(tree, passage.section) {
            let Content::Map(written) = &mut entry.value.content else { continue };
            let is_option = |entry: &Entry| options(kind).find(|field| field.name == entry.key);
            let mut document = Document::new();
            for (field, entry) in written.iter().filter_map(|entry| Some((is_option(entry)?, entry))) {
                match value(entry, &field.shape) {
                    // Options below which there is nothing are as good as not written.
                    Ok(Value::Object(parts)) if parts.is_empty() => {}
                    Ok(value) => _ = document.insert(field.name.to_owned(), value),
                    Err(problem) => problems.push(problem),
                }
            }
            written.retain(|entry| is_option(entry).is_none());
            passed.insert((passage.section, entry.key.clone()), document);
        }
    }
    passed
}

/// The entries of a section: each has a name that the author chose.
fn entries_below<'a>(tree: &'a mut Node, section: &str) -> &'a mut [Entry] {
    let Content::Map(sections) = &mut tree.content else { return &mut [] };
    match sections.iter_mut().find(|entry| entry.key == section).map(|entry| &mut entry.value.content) {
        Some(Content::Map(entries)) => entries,
        _ => &mut [],
    }
}

/// The options with the defaults of those that are not written.
pub(super) fn with_defaults(kinds: &Registry, section: &str, mut document: Document) -> Document {
    for (_, kind) in passages(kinds).filter(|(passage, _)| passage.section == section) {
        for field in options(kind) {
            if let (false, Some(default)) = (document.contains_key(field.name), field.need.default()) {
                document.insert(field.name.to_owned(), default);
            }
        }
    }
    document
}

/// The rules over several options that are broken, by the code of the kind.
pub(super) fn broken(kinds: &Registry, section: &str, document: &Document) -> Vec<Invalid> {
    let of_section = passages(kinds).filter(|(passage, _)| passage.section == section);
    of_section.flat_map(|(_, kind)| kind.check(document, None).unwrap_or_default()).collect()
}

/// The names of the options that the kind of a section has, where the key at this place is one of an entry of the section.
pub(super) fn names_at(kinds: &Registry, tree: &Node, place: &Place) -> Vec<&'static str> {
    let is_there = |passage: &Passage| {
        let below = |node: &Node| match &node.content {
            Content::Map(entries) => entries.iter().any(|entry| entry.key_place == *place),
            _ => false,
        };
        match tree.entry(&[passage.section]).map(|section| &section.value.content) {
            Some(Content::Map(names)) => names.iter().any(|name| below(&name.value)),
            _ => false,
        }
    };
    let found = passages(kinds).find(|(passage, _)| is_there(passage));
    found.map(|(_, kind)| options(kind).map(|field| field.name).collect()).unwrap_or_default()
}

/// Adds the options of all kinds to the JSON Schema of the stack file.
pub(super) fn publish(kinds: &Registry, schema: &mut Value) {
    for (passage, kind) in passages(kinds) {
        let Some(entries) = entries_of(&mut schema["properties"][passage.section]) else { continue };
        for field in options(kind) {
            let mut option = field.shape.schema();
            option["description"] = field.doc.into();
            if let Some(default) = field.need.default() {
                option["default"] = default;
            }
            entries[field.name] = option;
        }
    }
}

/// The options of an entry in the schema of a section, whose names have a pattern.
fn entries_of(section: &mut Value) -> Option<&mut Value> {
    let names = section.get_mut("patternProperties")?.as_object_mut()?;
    names.values_mut().next().map(|entry| &mut entry["properties"])
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
        Shape::Any => Err(bad("this cannot be written here".to_owned())),
        Shape::Flag => Ok(bool::deserialize(node)?.into()),
        Shape::Whole { least, most } | Shape::Number { least, most } => {
            let number = i64::deserialize(node)?;
            match (*least..=*most).contains(&number) {
                true => Ok(number.into()),
                false => Err(bad(format!("{number} is out of range: from {least} to {most}"))),
            }
        }
        Shape::Text(pattern) => {
            let text = match pattern.quotes {
                Quotes::Needed => String::deserialize(node)?,
                Quotes::Free => node.as_written()?,
            };
            match pattern.fits(&text) {
                true => Ok(text.into()),
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
