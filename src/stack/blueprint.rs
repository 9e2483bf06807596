//! The blueprint: stack and network become declarations, documents with references. Pure.
//!
//! The sections say which declarations an entry stands for.

mod decided;
mod error;
mod kept;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, ByCommand, Declaration};
use crate::engine::document::{Document, reference};
use crate::engine::network::Network;
use crate::engine::resource::Id;
use crate::stack::parts::PARTS;
use crate::stack::section::{Entry, Expand, Others, Section};
use crate::stack::sections::SECTIONS;
use crate::stack::tags;
use crate::stack::{Name, Stack};

pub use decided::Decided;
pub use error::BlueprintError;
pub use kept::{Kept, in_family};

/// Everything that the stack needs, in this network where it stands in one.
///
/// # Errors
/// [`BlueprintError`] when stack and network do not fit together.
pub fn blueprint<'a>(
    stack: &Stack,
    network: impl Into<Option<&'a Network>>,
) -> Result<Blueprint, BlueprintError> {
    blueprint_keeping(stack, network, &Kept::default())
}

/// The same, with the names that are recorded of what the stack file leaves open.
///
/// # Errors
/// [`BlueprintError`] when stack and network do not fit together.
pub fn blueprint_keeping<'a>(
    stack: &Stack,
    network: impl Into<Option<&'a Network>>,
    kept: &Kept,
) -> Result<Blueprint, BlueprintError> {
    let network = network.into();
    let mut draft = Draft {
        stack,
        kept,
        decided: Decided::of(stack, kept),
        declarations: BTreeMap::new(),
        ignored: BTreeMap::new(),
        itself: BTreeSet::new(),
        ignores: BTreeSet::new(),
        words: Vec::new(),
        by_command: BTreeMap::new(),
    };
    for (address, id) in network.iter().flat_map(|network| network.addresses()) {
        draft.declarations.insert(address, Declaration::Watched { id });
    }
    for section in SECTIONS {
        stack.entries(section).iter().try_for_each(|entry| draft.expand(section, network, entry))?;
    }
    for part in PARTS {
        if let (Some(place), Some(written)) = (part.place, stack.parts.get(part.key)) {
            place(&mut draft, written);
        }
    }
    Ok(Blueprint {
        stack: stack.stack.to_string(),
        cluster: network.map(|network| network.cluster.clone()),
        declarations: draft.declarations,
        ignored: draft.ignored,
        itself: draft.itself,
        words: draft.words,
        by_command: draft.by_command,
    })
}

/// A blueprint in the making.
pub struct Draft<'a> {
    pub(super) stack: &'a Stack,
    pub(super) kept: &'a Kept,
    pub(super) decided: Decided,
    declarations: BTreeMap<Address, Declaration>,
    ignored: BTreeMap<Address, BTreeSet<String>>,
    itself: BTreeSet<Address>,
    /// The options that the entry leaves to others.
    ignores: BTreeSet<String>,
    words: Vec<(Address, String)>,
    by_command: BTreeMap<Address, BTreeMap<String, ByCommand>>,
}

impl Draft<'_> {
    /// Declares all that an entry of a section stands for.
    fn expand(
        &mut self,
        section: &Section,
        network: Option<&Network>,
        (name, entry): (&Name, &Entry),
    ) -> Result<(), BlueprintError> {
        self.ignores = entry.ignores().map(str::to_owned).collect();
        if section.others == Others::Some {
            self.itself.insert(Address::new(section.main, name.as_str()));
        }
        match (section.expand, network) {
            (Expand::Alone(declare), _) => declare(self, name, entry),
            (Expand::InNetwork { apart: Some(apart), .. }, _) if (apart.is)(entry) => {
                (apart.declare)(self, name, entry)
            }
            (Expand::InNetwork { declare, .. }, Some(network)) => declare(self, network, name, entry),
            (Expand::InNetwork { .. }, None) => {
                Err(BlueprintError::NoNetwork { entry: format!("the {} `{name}`", section.one) })
            }
        }
    }

    /// The author's tags and a `Name`; none for an object that was adopted as it is: its tags are those of others.
    pub(super) fn tags(&self, address: &Address, name: &str) -> BTreeMap<String, String> {
        if self.kept.is_tagged_by_others(address) {
            return BTreeMap::new();
        }
        let chosen = self.stack.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        chosen.chain([(tags::NAME, name)]).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// The text of a field that AWS cannot change: what the object that is there was made with, which the plan says where
    /// another one is written; else the written one, or the default.
    pub(super) fn made_with(
        &mut self,
        (address, field): (&Address, &'static str),
        (option, written): (&str, Option<&str>),
        default: impl FnOnce(&Kept) -> String,
    ) -> String {
        let Some(written) = written else { return default(self.kept) };
        match self.kept.made_with(address, field) {
            Some(made) if !made.eq_ignore_ascii_case(written) => {
                let word = format!(
                    "{option}: the {field} stays `{made}`, since AWS cannot change it: write that, or leave it out"
                );
                self.say(address, word);
                made.to_owned()
            }
            Some(made) => made.to_owned(),
            None => written.to_owned(),
        }
    }

    /// Has the plan say this of an object.
    pub(super) fn say(&mut self, address: &Address, word: String) {
        self.words.push((address.clone(), word));
    }

    /// True if an object is declared already.
    pub(super) fn declares(&self, address: &Address) -> bool {
        self.declarations.contains_key(address)
    }

    /// Declares an object that is to be made.
    pub(super) fn declare(&mut self, address: Address, inputs: Document) -> Result<(), BlueprintError> {
        self.add(address, Declaration::Managed { inputs })
    }

    /// Leaves an option of an object that is declared to others.
    pub(super) fn ignore(&mut self, address: Address, option: &str) {
        self.ignored.entry(address).or_default().insert(option.to_owned());
    }

    /// Has no plan take back what others made of a field, which this command sets.
    pub(super) fn set_by_command(&mut self, address: Address, field: &str, by: ByCommand) {
        self.by_command.entry(address).or_default().insert(field.to_owned(), by);
    }

    /// Declares a part that has a name, and leaves to others what it says itself besides its entry.
    pub(super) fn declare_part(
        &mut self,
        address: Address,
        inputs: Document,
        part: &Entry,
    ) -> Result<(), BlueprintError> {
        let both = self.ignores.iter().cloned().chain(part.ignores().map(str::to_owned)).collect();
        let of_entry = std::mem::replace(&mut self.ignores, both);
        let declared = self.declare(address, inputs);
        self.ignores = of_entry;
        declared
    }

    /// Declares an object of others, which is only watched.
    pub(super) fn watch(&mut self, address: Address, id: &str) -> Result<(), BlueprintError> {
        self.add(address, Declaration::Watched { id: Id::new(id) })
    }

    fn add(&mut self, address: Address, declaration: Declaration) -> Result<(), BlueprintError> {
        if !self.ignores.is_empty() {
            self.ignored.insert(address.clone(), self.ignores.clone());
        }
        match self.declarations.insert(address.clone(), declaration) {
            None => Ok(()),
            Some(_) => Err(BlueprintError::SameAddress { address }),
        }
    }
}

/// The reference to the one of the stack's own objects that has this name, or the name of one that is there, as AWS keeps it.
pub(super) fn own_or_named(own: impl Iterator<Item = (Address, String)>, written: &str) -> String {
    let mut own = own.filter(|(_, name)| name.eq_ignore_ascii_case(written));
    own.next().map_or_else(|| written.to_lowercase(), |(address, _)| id_of(&address))
}

/// A reference to the id of the object at an address.
pub(super) fn id_of(address: &Address) -> String {
    reference(address, "id")
}

/// The options that were passed on, and the fields that the section sets.
pub(super) fn with(options: &Document, set: Value) -> Document {
    options.clone().into_iter().chain(document(set)).collect()
}

/// The fields that have a value: what is not written is not in a document at all.
pub(super) fn document(value: Value) -> Document {
    match value {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => unreachable!("every caller writes an object"),
    }
}

#[cfg(test)]
mod tests;
