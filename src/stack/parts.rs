//! The parts of the stack file that describe what is rendered from outputs, or how objects stand to each other: their options as rows, the
//! reader, and the JSON Schema.
//!
//! A part is one file below and one line in [`PARTS`]. Nothing of it becomes an object in AWS. The values are kept as they are written;
//! [`complete`] adds the defaults, and the wing that renders reads the result by serde.

mod gitlab;
mod kubernetes;
mod names;
pub mod pairs;
mod render;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::blueprint::Draft;
use super::problem::Problem;
use super::section::{Conflict, is_there, value};
use super::yaml::{Content, Node};
use crate::engine::document::Document;
use crate::engine::resource::{Pattern, Property, Shape};

use super::{Name, Stack};

pub use names::{BUCKETS, CACHES, DATABASES, FILE_SYSTEMS, ROLES};
pub(super) use names::{Names, Short, unknown};
pub use render::TARGETS;

/// One line for each part.
pub const PARTS: &[&StackPart] = &[&pairs::PART, &kubernetes::PART, &gitlab::PART, &render::PART];

/// The key of the part that says which Kubernetes the manifests are written for.
pub const KUBERNETES: &str = kubernetes::PART.key;
/// The key of the part that describes GitLab.
pub const GITLAB: &str = gitlab::PART.key;
/// The key of the part that says where rendered files are written.
pub const RENDER: &str = render::PART.key;

/// The parts that are written, by their keys.
pub type StackParts = BTreeMap<&'static str, Document>;

/// Everything that the program knows of a part.
pub struct StackPart {
    /// The key in the stack file: `kubernetes`.
    pub key: &'static str,
    /// One line on it, for readers of the JSON Schema.
    pub doc: &'static str,
    pub shape: Shape,
    /// The options that name entries of sections.
    pub(super) names: &'static [Names],
    /// Writes out what is short for something else.
    pub(super) write_out: fn(&mut Document),
    /// The rules over several options, each problem with its place below the part.
    pub(super) check: fn(&Stack, &Document) -> Vec<Conflict>,
    /// Sets fields of what is declared, where the part says how objects stand to each other.
    pub(super) place: Option<fn(&mut Draft<'_>, &Document)>,
}

impl StackPart {
    /// The options of the part, or of each of its entries.
    pub fn options(&self) -> &'static [Property] {
        match self.shape {
            Shape::Object(options) | Shape::MapOf { values: &Shape::Object(options), .. } => options,
            _ => &[],
        }
    }
}

/// The rule of names that Kubernetes takes for every object.
const LABEL: Pattern = Name::RULE;

/// The rule of host names.
const HOST: Pattern = Pattern::new(
    "a host name, such as `gitlab.example.com`",
    "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$",
    253,
);

/// The rule of quantities of memory and storage.
const SIZE: Pattern = Pattern::new("a size, such as `100Gi`", "^[1-9][0-9]{0,8}(Mi|Gi|Ti)$", 11);

/// Takes all parts out of the tree. What cannot be read of them is in `problems`.
pub(super) fn take(tree: &mut Node, problems: &mut Vec<Problem>) -> StackParts {
    let mut parts = StackParts::new();
    for part in PARTS {
        let Some(written) = tree.entry(&[part.key]) else { continue };
        if !is_there(written, false, problems) {
            continue;
        }
        if let Some(Value::Object(document)) = value(written, &part.shape, problems) {
            parts.insert(part.key, document);
        }
    }
    if let Content::Map(written) = &mut tree.content {
        written.retain(|one| !PARTS.iter().any(|part| part.key == one.key));
    }
    parts
}

/// Adds all parts to the JSON Schema of the stack file.
pub(super) fn publish(schema: &mut Value) {
    for part in PARTS {
        let mut one = part.shape.schema();
        one["description"] = part.doc.into();
        schema["properties"][part.key] = one;
    }
}

/// The options of a part with the defaults of those that are not written; all defaults where the part is not there.
pub fn complete(part: &StackPart, written: Option<&Document>) -> Document {
    let mut document = written.cloned().unwrap_or_default();
    (part.write_out)(&mut document);
    let mut whole = Value::Object(document);
    add_below(&part.shape, &mut whole);
    match whole {
        Value::Object(document) => document,
        _ => Document::new(),
    }
}

/// The part with this key.
pub fn part(key: &str) -> &'static StackPart {
    PARTS.iter().find(|part| part.key == key).expect("the keys are those of the list")
}

fn add_defaults(options: &[Property], document: &mut Document) {
    for option in options {
        if let (false, Some(default)) = (document.contains_key(option.name), option.need.default()) {
            document.insert(option.name.to_owned(), default);
        }
        if let Some(value) = document.get_mut(option.name) {
            add_below(&option.shape, value);
        }
    }
}

fn add_below(shape: &Shape, value: &mut Value) {
    match (shape, value) {
        (Shape::Object(options), Value::Object(document)) => add_defaults(options, document),
        (Shape::MapOf { values, .. }, Value::Object(entries)) => {
            entries.values_mut().for_each(|one| add_below(values, one));
        }
        _ => {}
    }
}

/// The parts as they would be written.
pub(super) fn to_json(parts: &StackParts) -> Map<String, Value> {
    parts.iter().map(|(key, document)| ((*key).to_owned(), Value::Object(document.clone()))).collect()
}

#[cfg(test)]
mod tests;
