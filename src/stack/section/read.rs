//! The sections are read from the tree, by their rows and by the fields of the kinds. Each problem has its place.

use super::entry::{Entries, Entry};
use super::shaped::{is_there, value};
use super::{Part, Section};
use crate::engine::document::Document;
use crate::engine::kind::{Manager, Registry};
use crate::engine::resource::{Field, Invalid, Presence, Property, Shape, form};
use crate::stack::problem::{Fault, Form, Meant, Problem};
use crate::stack::sections::SECTIONS;
use crate::stack::yaml::{self, Content, Node};
use crate::stack::{Name, StackSections};

/// The fields of a kind that are options of the stack file.
pub(in crate::stack) fn options(kind: &dyn Manager) -> impl Iterator<Item = &Field> {
    kind.fields().iter().filter(|field| field.doc().is_some())
}

/// The kinds whose options stand among those of a part.
pub(super) fn kinds<'a>(
    part: &'static Part,
    registry: &'a Registry,
) -> impl Iterator<Item = &'a dyn Manager> {
    part.passes.iter().filter_map(|kind| registry.managing(kind))
}

/// The rules over several options that are broken, by the code of the kind.
pub(in crate::stack) fn broken(registry: &Registry, kind: &str, document: &Document) -> Vec<Invalid> {
    let Some(kind) = registry.managing(kind) else { return Vec::new() };
    let normal = form::normalise_observed(kind.fields(), document.clone());
    kind.check(&normal, None).unwrap_or_default()
}

/// Takes all sections out of the tree. What cannot be read of them is in `problems`.
pub(in crate::stack) fn take(
    tree: &mut Node,
    registry: &Registry,
    problems: &mut Vec<Problem>,
) -> StackSections {
    let mut reader = Reader { registry, problems };
    let mut read = |section: &'static Section| match tree.entry(&[section.key]) {
        Some(written) if written.value.is_null() => {
            reader.problems.push(Problem::new(written.no_section()).or_at(&written.key_place));
            (section.key, Entries::new())
        }
        Some(written) => (section.key, reader.entries(&section.entry, written)),
        None => (section.key, Entries::new()),
    };
    let sections = SECTIONS.iter().map(|section| read(section)).collect();
    if let Content::Map(written) = &mut tree.content {
        written.retain(|one| !SECTIONS.iter().any(|section| section.key == one.key));
    }
    sections
}

struct Reader<'a> {
    registry: &'a Registry,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    /// Reads the options below each name.
    fn entries(&mut self, part: &'static Part, below: &yaml::Entry) -> Entries {
        let Content::Map(written) = &below.value.content else {
            // A name of one that has every default.
            let name = below.value.to_write().filter(|text| text.parse::<Name>().is_ok());
            let meant = name.map(|name| Meant::option(&name, "{}"));
            self.problems.push(below.value.wrong(Form::Options).meaning(meant).of_key(&below.key));
            return Entries::new();
        };
        let mut entries = Entries::new();
        for one in written {
            let name = one.key.parse::<Name>();
            if let Err(invalid) = &name {
                let fault = Fault::BadValue { message: invalid.to_string() };
                self.problems.push(Problem::new(fault).or_at(&one.key_place));
            }
            if name.is_ok() && !is_there(one, true, self.problems) || one.value.is_null() {
                continue;
            }
            let entry = self.entry(part, &one.value);
            entries.extend(name.ok().map(|name| (name, entry)));
        }
        entries
    }

    fn entry(&mut self, part: &'static Part, node: &Node) -> Entry {
        let mut entry = Entry::default();
        match &node.content {
            Content::Map(written) => written.iter().for_each(|one| self.option(part, &mut entry, one)),
            _ => self.problems.push(node.wrong(Form::Options)),
        }
        self.add_defaults(part, &mut entry);
        entry
    }

    fn option(&mut self, part: &'static Part, entry: &mut Entry, written: &yaml::Entry) {
        let mut read = |shape: &Shape| value(written, shape, self.problems);
        if let Some(row) = part.own.iter().find(|row| row.name == written.key) {
            entry.own.extend(read(&row.shape).map(|value| (row.name.to_owned(), value)));
            return;
        }
        let mut fields =
            kinds(part, self.registry).flat_map(|kind| options(kind).map(move |one| (kind, one)));
        if let Some((kind, field)) = fields.find(|(_, field)| field.name == written.key) {
            let document = entry.passed.entry(kind.kind()).or_default();
            document.extend(read(&field.shape).map(|value| (field.name.to_owned(), value)));
            return;
        }
        match part.parts.iter().find(|named| named.key == written.key) {
            Some(named) if is_there(written, false, self.problems) => {
                entry.parts.insert(named.key, self.entries(&named.part, written));
            }
            Some(_) => {}
            None => {
                let fault = Fault::UnknownKey { key: written.key.clone(), known: known(part, self.registry) };
                self.problems.push(Problem::new(fault).or_at(&written.key_place));
            }
        }
    }

    /// The defaults of what is not written.
    fn add_defaults(&self, part: &'static Part, entry: &mut Entry) {
        for Property { name, need, .. } in part.own {
            if add(&mut entry.own, name, need.default()) {
                entry.defaults.insert(name);
            }
        }
        for kind in kinds(part, self.registry) {
            let document = entry.passed.entry(kind.kind()).or_default();
            for field in options(kind).filter(|field| field.presence != Presence::Unsaid) {
                add(document, field.name, field.need.default());
            }
        }
    }
}

/// True where the default is added.
fn add(document: &mut Document, name: &str, default: Option<serde_json::Value>) -> bool {
    match default.filter(|_| !document.contains_key(name)) {
        Some(default) => document.insert(name.to_owned(), default).is_none(),
        None => false,
    }
}

/// The names of all options of a part.
fn known(part: &'static Part, registry: &Registry) -> Vec<&'static str> {
    let own = part.own.iter().map(|row| row.name).chain(part.parts.iter().map(|named| named.key));
    own.chain(kinds(part, registry).flat_map(|kind| options(kind).map(|field| field.name))).collect()
}
