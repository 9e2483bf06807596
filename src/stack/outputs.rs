//! The outputs of a stack for those who use it: names to mount, endpoints to connect to.
//!
//! Made from the state alone. An object has outputs as soon as it has been ready once, also while it is changed or
//! deleted: a database that is being changed, or whose change was refused, serves on under the same name. An object that a
//! run has found gone has none, though its record is kept.

mod document;
mod missing;
mod ordered;
mod short;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use super::Stack;
use super::section::{Others, Section, Short};
use super::sections::SECTIONS;
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::state::{Record, State};

pub use missing::Missing;
pub use ordered::Ordered;
pub use short::short_names_lost;
pub use text::NoOutput;

/// The version of the output document. The number before the dot changes when a field changes its meaning or goes.
pub const FORMAT_VERSION: &str = "1.0";

/// The outputs of objects that exist. Those without a value are in `missing`, each with the reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// Those that have a name of their own while the stack has one entry of their section.
    pub short: Vec<(&'static str, Ordered)>,
    /// Those of all entries, by section and name.
    pub sections: Vec<(&'static str, BTreeMap<String, Ordered>)>,
    /// The outputs without a value, or with a part of it only.
    pub missing: Vec<Missing>,
    texts: BTreeMap<String, String>,
}

/// The outputs of one entry, or of an object of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub document: Ordered,
    /// Each by its name below the entry: what `output NAME` prints.
    pub texts: BTreeMap<String, String>,
    /// Those without a value, by their names below the entry.
    pub missing: Vec<Missing>,
}

impl Output {
    /// The outputs as a document, yet without texts.
    pub fn of(document: &impl Serialize) -> Self {
        Self { document: Ordered::of(document), texts: BTreeMap::new(), missing: Vec::new() }
    }
}

/// The stack's own records of a kind, in every phase.
pub(super) fn recorded<'a>(
    state: &'a State,
    kind: &'static str,
) -> impl Iterator<Item = (&'a Address, &'a Record)> {
    state.resources.iter().filter(move |(address, record)| address.kind() == kind && !record.watched)
}

/// The id of a record, as text.
pub(super) fn id(record: &Record) -> Option<String> {
    record.id.as_ref().map(|id| id.as_str().to_owned())
}

/// The text of a field.
pub(super) fn text(document: &Document, field: &str) -> Option<String> {
    document.get(field).and_then(|value| value.as_str()).map(str::to_owned)
}

/// The main objects of a section's entries, in every phase. Names of entries are shared by all sections, so that an object of the kind
/// is no entry where one of another section has its name.
fn main_records<'a>(state: &'a State, section: &Section) -> BTreeMap<&'a str, &'a Record> {
    let is_others = |address: &Address| {
        let others = SECTIONS.iter().filter(|other| other.main != section.main);
        section.others == Others::Some
            && (address.member_name().is_some()
                || others
                    .into_iter()
                    .any(|other| recorded(state, other.main).any(|(one, _)| one.name() == address.name())))
    };
    let entries = recorded(state, section.main).filter(|(address, _)| !is_others(address));
    entries.map(|(address, record)| (address.name(), record)).collect()
}

/// The outputs that the state records.
pub fn outputs(state: &State) -> Outputs {
    collected(state, None)
}

/// The same of a stack: what it declares and no run has begun to make is missing, and an object of which the state does not tell
/// the section is of the one that declares its name.
pub fn outputs_of(state: &State, stack: &Stack) -> Outputs {
    collected(state, Some(stack))
}

fn collected(state: &State, stack: Option<&Stack>) -> Outputs {
    let mut outputs =
        Outputs { short: Vec::new(), sections: Vec::new(), missing: Vec::new(), texts: BTreeMap::new() };
    let recorded = |section: &'static Section| {
        let mut recorded = main_records(state, section);
        recorded.retain(|name, _| !stack.is_some_and(|stack| is_of_another(stack, section, name)));
        recorded
    };
    for section in SECTIONS {
        let recorded = recorded(section);
        let entries = entries(state, section, &recorded, &mut outputs);
        let unmade = stack.map(|stack| unmade(stack, section, &recorded)).unwrap_or_default();
        let full = |name: &&str| format!("{}.{name}", section.key);
        let what = |name: &&str| format!("{} {name}", section.one);
        outputs.missing.extend(unmade.iter().map(|name| Missing::unmade(full(name), &what(name))));
        outputs.sections.push((section.key, entries));
    }
    for section in SECTIONS {
        let recorded = recorded(section);
        let of_each =
            |short: &'static Short| (short.name, short_value(section, short, &recorded, &mut outputs));
        let mut values: BTreeMap<&str, Option<Ordered>> = by_alphabet(section).map(of_each).collect();
        outputs.short.extend(section.short.iter().map(|short| {
            let value = values.remove(short.name).flatten();
            (short.name, value.unwrap_or_else(|| Ordered::without(short.without)))
        }));
        if let (Some(stack), true) = (stack, recorded.is_empty()) {
            let unmade = unmade(stack, section, &recorded);
            outputs.missing.extend(by_alphabet(section).filter_map(|short| match unmade.as_slice() {
                [] => None,
                [_] => Some(Missing::unmade(short.name.to_owned(), section.one)),
                several => {
                    let full = several.iter().map(|name| format!("{}.{name}.{}", section.key, short.field));
                    Some(Missing::several(short.name, section.several, full))
                }
            }));
        }
    }
    outputs
}

/// True where a stack declares this name in another section: names are shared by all of them.
fn is_of_another(stack: &Stack, section: &Section, name: &str) -> bool {
    let others = SECTIONS.iter().filter(|other| other.key != section.key);
    others.flat_map(|other| stack.entries(other).keys()).any(|known| known.as_str() == name)
}

/// The entries of a section that no run has begun to make.
fn unmade<'a>(stack: &'a Stack, section: &Section, recorded: &BTreeMap<&str, &Record>) -> Vec<&'a str> {
    let declared = stack.entries(section).keys().map(|name| name.as_str());
    declared.filter(|name| !recorded.contains_key(name)).collect()
}

/// The short names in the order of the alphabet, as `output` lists them.
fn by_alphabet(section: &'static Section) -> impl Iterator<Item = &'static Short> {
    let mut all: Vec<&Short> = section.short.iter().collect();
    all.sort_by_key(|short| short.name);
    all.into_iter()
}

/// The documents of a section's entries. Their texts, and what has no value, are added to the outputs.
fn entries(
    state: &State,
    section: &Section,
    recorded: &BTreeMap<&str, &Record>,
    outputs: &mut Outputs,
) -> BTreeMap<String, Ordered> {
    let mut entries = BTreeMap::new();
    for (&name, &record) in recorded {
        let full = format!("{}.{name}", section.key);
        let Some(output) = (section.output)(state, name, record).filter(|_| !record.gone) else {
            outputs.missing.push(Missing::with_data(full, &in_words(section, name), record));
            continue;
        };
        let below = |name: &str| format!("{full}.{name}");
        outputs.texts.extend(output.texts.iter().map(|(name, text)| (below(name), text.clone())));
        let missing = output.missing.into_iter();
        outputs.missing.extend(missing.map(|one| Missing { output: below(&one.output), ..one }));
        entries.insert(name.to_owned(), output.document);
    }
    entries
}

/// A short name means the only one there is. With a second one it means nothing, rather than another one than before.
fn short_value(
    section: &Section,
    short: &Short,
    recorded: &BTreeMap<&str, &Record>,
    outputs: &mut Outputs,
) -> Option<Ordered> {
    let full = |name: &str| format!("{}.{name}.{}", section.key, short.field);
    let missing = match recorded.iter().collect::<Vec<_>>().as_slice() {
        [] => return None,
        [(name, record)] => {
            let entries = outputs.sections.iter().find(|(key, _)| *key == section.key);
            let Some(document) = entries.and_then(|(_, entries)| entries.get(**name)) else {
                let missing = Missing::with_data(short.name.to_owned(), &in_words(section, name), record);
                outputs.missing.push(missing);
                return None;
            };
            match outputs.missing.iter().find(|missing| missing.output == full(name)) {
                Some(missing) => Missing { output: short.name.to_owned(), ..missing.clone() },
                None => {
                    let text = outputs.texts.get(&full(name)).cloned();
                    outputs.texts.extend(text.map(|text| (short.name.to_owned(), text)));
                    return document.get(short.field).cloned();
                }
            }
        }
        several => Missing::several(short.name, section.several, several.iter().map(|(name, _)| full(name))),
    };
    outputs.missing.push(missing);
    None
}

/// An entry in words: `the database records`.
fn in_words(section: &Section, name: &str) -> String {
    format!("the {} {name}", section.one)
}

#[cfg(test)]
mod tests;
