//! A section of the stack file: its options, the objects that an entry of it stands for, and their outputs.

pub mod behind_group;
mod entry;
pub(super) mod group;
pub mod kms_key;
pub mod parameters;
mod read;
mod schema;
mod shaped;
pub(super) mod source;
pub(super) mod statement;
pub(super) mod subnet_group;
pub mod titled;
pub mod zones;

use std::collections::BTreeMap;

use schemars::{Schema, SchemaGenerator};

use super::Name;
use super::blueprint::{BlueprintError, Draft};
use super::describe::{Described, Scene, Unsayable};
use super::outputs::Output;
use crate::engine::kind::Registry;
use crate::engine::network::{Network, Role};
use crate::engine::resource::{Field, Id, Need, Pattern, Property, Shape};
use crate::engine::state::{Record, State};

pub(super) use entry::all_to_json;
pub use entry::{Entries, Entry, Passed};
pub(super) use read::{broken, options, take};
pub(super) use schema::publish;
pub(super) use shaped::{is_there, value};

/// The option of every entry that leaves others to somebody else.
pub const IGNORE_CHANGES: Property = Property {
    name: "ignore_changes",
    doc: "Options that are left to somebody else: they count when the object is made first, and are neither compared nor changed\n\
          afterwards. A replacement is made with what AWS shows of the object before it.",
    shape: Shape::SetOf(&Shape::Text(OPTION)),
    need: Need::Optional,
};

const OPTION: Pattern = Pattern::new("the name of an option", "^[a-z][a-z0-9_]*$", 64);

/// Everything that the program knows of a section. The list of them is in `sections`.
pub struct Section {
    /// The key in the stack file: `databases`.
    pub key: &'static str,
    /// One line on it, for readers of the JSON Schema.
    pub doc: &'static str,
    /// An entry in words: `database`.
    pub one: &'static str,
    /// Several entries in words: `databases`.
    pub several: &'static str,
    /// The options of an entry.
    pub entry: Part,
    /// The options that stand for an object of their own, which is there or not: none of them can be left to others; each with what to do
    /// instead.
    pub objects: &'static [(&'static str, &'static str)],
    /// The rules over several options or several entries, beside those of the kinds.
    pub check: fn(&Entries) -> Vec<Conflict>,
    /// The options that name entries of other sections.
    pub names: &'static [NamesEntries],
    /// The options of an entry that are paths of files, whose texts are read with the stack file.
    pub files: &'static [&'static str],
    /// The entries that one stands for, where it is short for several: they take its place as soon as the file is read.
    pub spread: Option<Spread>,
    /// The kind of the object that an entry is about. It stands at the entry's own name.
    pub main: &'static str,
    /// The other makers of objects of that kind.
    pub others: Others,
    /// The roles of machines that an entry names, each with the option in which it does so.
    pub roles: fn(&Entry) -> BTreeMap<Role, &'static str>,
    /// The function that declares all that an entry stands for.
    pub expand: Expand,
    /// The other objects that belong to the one that an entry is about, and come along where that is adopted.
    pub belongings: &'static [Belonging],
    /// The reverse of `expand`: an object that is there becomes an entry of this name.
    pub describe: fn(&Registry, &Scene, &Name, &Id) -> Result<Described, Unsayable>,
    /// The outputs of an entry, from the state: the function gets the entry's name and the record of its main object, which is not
    /// gone. `None` where that has never been ready.
    pub output: fn(&State, &str, &Record) -> Option<Output>,
    /// The JSON Schema of the document that these outputs are.
    pub output_schema: fn(&mut SchemaGenerator) -> Schema,
    /// The outputs that have a name of their own where the stack has one entry.
    pub short: &'static [Short],
}

/// An option with entries of another section: a list, in which one may end with `*` for all that begin so, or one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamesEntries {
    pub option: &'static str,
    /// The key of the other section.
    pub section: &'static str,
}

impl NamesEntries {
    /// True if a text names an entry.
    pub fn is_named(text: &str, name: &str) -> bool {
        match text.strip_suffix('*') {
            Some(front) => name.starts_with(front),
            None => text == name,
        }
    }
}

/// The function that gives the entries which one is short for; none where it is one itself.
pub type Spread = fn(&Name, &Entry) -> Vec<(Name, Entry)>;

/// The other makers of objects of the kind that an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    None,
    /// Entries of other sections have such an object too, at their own names, and the network may have some.
    Some,
}

/// Objects that belong to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// Its parts, of this kind.
    Part(&'static str),
    /// One of this kind, which a field names.
    Named { field: &'static str, kind: &'static str },
    /// The security groups that a field names, of it or of its parts of this kind.
    Groups { of: &'static str, field: &'static str },
}

/// The options at one place of the stack file.
pub struct Part {
    /// One line on what has these options.
    pub doc: &'static str,
    /// The options that the section reads itself.
    pub own: &'static [Property],
    /// The parts that have names of their own.
    pub parts: &'static [Named],
    /// The kinds whose options stand here: those of their fields that the author writes.
    pub passes: &'static [&'static str],
}

impl Part {
    /// The options at this place that can be left to others.
    pub(super) fn ignorable(&'static self, registry: &Registry) -> Vec<&'static str> {
        let compared = |field: &&Field| !field.is_read_once();
        let fields = read::kinds(self, registry).flat_map(options);
        let passed = fields.filter(compared).map(|field| field.name);
        let own = self.own.iter().map(|row| row.name).filter(|name| *name != IGNORE_CHANGES.name);
        own.chain(passed).collect()
    }

    /// True if what has these options can leave some of them to others.
    pub(super) fn ignores(&self) -> bool {
        self.own.iter().any(|row| row.name == IGNORE_CHANGES.name)
    }
}

/// Parts with names that the author chooses.
pub struct Named {
    pub key: &'static str,
    pub doc: &'static str,
    pub part: Part,
}

/// The function that declares all that an entry stands for.
#[derive(Clone, Copy)]
pub enum Expand {
    /// It stands in an account and a region, and needs no network.
    Alone(fn(&mut Draft<'_>, &Name, &Entry) -> Result<(), BlueprintError>),
    /// It stands in the network of the cluster.
    InNetwork {
        declare: fn(&mut Draft<'_>, &Network, &Name, &Entry) -> Result<(), BlueprintError>,
        /// The end of a sentence, where an entry has a part in each zone: in a zone that the network has got since, entries
        /// `cannot be mounted`.
        in_a_new_zone: Option<&'static str>,
        /// Entries with nothing in the network.
        apart: Option<Apart>,
    },
}

/// Entries of a section of the network that have nothing in it, such as a file system that nothing mounts.
#[derive(Clone, Copy)]
pub struct Apart {
    pub is: fn(&Entry) -> bool,
    pub declare: fn(&mut Draft<'_>, &Name, &Entry) -> Result<(), BlueprintError>,
}

/// An output that has a name of its own where the stack has one entry.
#[derive(Clone, Copy)]
pub struct Short {
    pub name: &'static str,
    /// The field of the entry's outputs that it is.
    pub field: &'static str,
    pub doc: &'static str,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    pub without: Without,
}

/// The value of a short output in the document where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    Null,
    EmptyList,
}

/// Values that are right alone and wrong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The place below the section: the entry's name, and the key and name of a part.
    pub path: Vec<String>,
    /// The options that show it, if they are written.
    pub options: Vec<&'static str>,
    pub message: String,
    pub remedy: String,
}

impl Conflict {
    /// A conflict of one entry.
    pub fn new(
        entry: &Name,
        options: &[&'static str],
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            path: vec![entry.to_string()],
            options: options.to_vec(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

impl Section {
    /// The options of an entry that can be left to others.
    pub(super) fn ignorable(&'static self, registry: &Registry) -> Vec<&'static str> {
        let is_left = |name: &&str| !self.objects.iter().any(|(option, _)| option == name);
        self.entry.ignorable(registry).into_iter().filter(is_left).collect()
    }

    /// True if each entry is a security group, which entries of other sections can name.
    pub(super) fn is_of_groups(&self) -> bool {
        self.main == group::KIND
    }

    /// True if an entry has this option of the section's own.
    pub fn has(&self, option: &str) -> bool {
        self.entry.own.iter().any(|row| row.name == option)
    }

    /// True if an entry has something in the network.
    pub(super) fn is_in_the_network(&self, entry: &Entry) -> bool {
        match self.expand {
            Expand::InNetwork { apart, .. } => !apart.is_some_and(|apart| (apart.is)(entry)),
            Expand::Alone(_) => false,
        }
    }

    /// The end of the sentence on its entries in a zone that the network has got since.
    pub fn in_a_new_zone(&self) -> Option<&'static str> {
        match self.expand {
            Expand::InNetwork { in_a_new_zone, .. } => in_a_new_zone,
            Expand::Alone(_) => None,
        }
    }
}

/// Words in a row: `a, b or c`.
pub(super) fn in_a_row<'a>(words: impl Iterator<Item = &'a str>, last: &str) -> String {
    let words: Vec<&str> = words.collect();
    match words.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_a_row() {
        for (words, expected) in
            [(&[][..], ""), (&["a"], "a"), (&["a", "b"], "a or b"), (&["a", "b", "c"], "a, b or c")]
        {
            assert_eq!(in_a_row(words.iter().copied(), "or"), expected);
        }
    }
}
