//! One entry of a section, as the stack file has it: its options with their defaults, as documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

use super::IGNORE_CHANGES;
use crate::engine::document::Document;
use crate::engine::resource::Property;
use crate::stack::Name;

/// The entries of a section, or the parts of an entry, by name.
pub type Entries = BTreeMap<Name, Entry>;

/// One entry, or one part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The options that the section reads itself.
    pub own: Document,
    /// Those of its own options that are not written, and have a default.
    pub defaults: BTreeSet<&'static str>,
    /// The options of each kind.
    pub passed: BTreeMap<&'static str, Document>,
    /// The parts that have names, by the key above them.
    pub parts: BTreeMap<&'static str, Entries>,
}

/// The options that are passed on to one kind.
pub struct Passed<'a> {
    /// The place in the stack file.
    pub path: Vec<&'a str>,
    pub kind: &'static str,
    pub options: &'a Document,
    /// The options beside them that are left to others.
    pub ignored: Vec<&'a str>,
}

impl Entry {
    /// The value of one of its own options.
    pub fn get(&self, option: &Property) -> Option<&Value> {
        self.own.get(option.name)
    }

    /// True for one of its own options that is written.
    pub fn has_written(&self, option: &str) -> bool {
        self.own.contains_key(option) && !self.defaults.contains(option)
    }

    /// The value of one of its own options that is a text.
    pub fn text(&self, option: &Property) -> Option<&str> {
        self.get(option)?.as_str()
    }

    /// The value of one of its own options that is a flag.
    pub fn flag(&self, option: &Property) -> Option<bool> {
        self.get(option)?.as_bool()
    }

    /// The options that it leaves to others.
    pub fn ignores(&self) -> impl Iterator<Item = &str> {
        self.get(&IGNORE_CHANGES).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The options of a kind.
    pub fn of(&self, kind: &str) -> &Document {
        static NONE: LazyLock<Document> = LazyLock::new(Document::new);
        self.passed.get(kind).unwrap_or(&NONE)
    }

    /// The value of an option of a kind that is a text.
    pub fn text_of(&self, kind: &str, option: &str) -> Option<&str> {
        self.of(kind).get(option)?.as_str()
    }

    /// The parts below a key.
    pub fn parts(&self, key: &str) -> impl Iterator<Item = (&Name, &Self)> {
        self.parts.get(key).into_iter().flatten()
    }

    /// The options of all kinds, with the place of each below this entry.
    pub fn all_passed<'a>(&'a self, path: &[&'a str]) -> Vec<Passed<'a>> {
        let mut all = Vec::new();
        for (key, parts) in &self.parts {
            for (name, part) in parts {
                all.extend(part.all_passed(&[path, &[key, name.as_str()]].concat()));
            }
        }
        let ignored: Vec<&str> = self.ignores().collect();
        let passed =
            |(kind, options)| Passed { path: path.to_vec(), kind, options, ignored: ignored.clone() };
        all.extend(self.passed.iter().map(|(kind, options)| passed((*kind, options))));
        all
    }

    /// The entry as it would be written: without those of its own options that have their default.
    pub fn to_json(&self) -> Value {
        let mut json = self.own.clone();
        json.retain(|option, _| !self.defaults.contains(option.as_str()));
        for options in self.passed.values() {
            json.extend(options.clone());
        }
        for (key, parts) in &self.parts {
            json.insert((*key).to_owned(), all_to_json(parts));
        }
        Value::Object(json)
    }
}

/// Entries as they would be written.
pub fn all_to_json(entries: &Entries) -> Value {
    entries.iter().map(|(name, entry)| (name.to_string(), entry.to_json())).collect::<Document>().into()
}
