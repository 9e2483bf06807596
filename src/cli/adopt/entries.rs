//! The entries that a stack file has already, beside those that are wished for.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::resource::Id;
use crate::engine::state::{Record, State};
use crate::engine::take_over::Wish;
use crate::stack::describe::{self, Description};
use crate::stack::sections::SECTIONS;
use crate::stack::{Name, Stack, parse};

use super::super::session::Session;
use super::gather::GROUP;
use super::target::Target;

/// True where the stack file has the entries that are wished for, and the state records these very objects for them.
pub(super) fn is_done(session: &Session, target: &Target, state: &State, wishes: &[Wish]) -> bool {
    let Some(stack) = target.before.as_ref().and_then(|text| target.read(text, &session.registry).ok())
    else {
        return false;
    };
    wishes.iter().all(|wish| {
        let section = describe::section_of(wish.address.kind());
        let mut names = section.into_iter().flat_map(|section| stack.entries(section).keys());
        let is_declared = names.any(|name| name.as_str() == wish.address.name());
        let record = state.resources.get(&wish.address).filter(|record| !record.watched);
        is_declared && record.is_some_and(|record| names_of(record).any(|name| name == wish.text))
    })
}

/// The id of a recorded object, and the name that people have for it.
pub(in crate::cli) fn names_of(record: &Record) -> impl Iterator<Item = &str> {
    let name = record.inputs.get("identifier").and_then(Value::as_str);
    record.id.as_ref().map(Id::as_str).into_iter().chain(name)
}

/// Takes the entries that are wished for out of the stack, where they are there and nothing is recorded for them, with the groups for
/// which nothing is recorded either: they are described as if they were not there. Returns their names.
pub(super) fn begun(stack: &mut Stack, state: &State, wishes: &[Wish]) -> BTreeSet<Name> {
    let is_recorded = |kind: &str, name: &Name| {
        let record = state.resources.get(&Address::new(kind, name.as_str()));
        record.is_some_and(|record| record.id.is_some())
    };
    let mut begun = BTreeSet::new();
    for wish in wishes.iter().filter(|wish| wish.address.member_name().is_none()) {
        let Some(section) = describe::section_of(wish.address.kind()) else { continue };
        let names: Vec<Name> = stack.entries(section).keys().cloned().collect();
        let its = names.into_iter().find(|name| name.as_str() == wish.address.name());
        begun.extend(its.filter(|name| !is_recorded(section.main, name)));
    }
    if begun.is_empty() {
        return begun;
    }
    for section in SECTIONS {
        let Some(entries) = stack.sections.get_mut(section.key) else { continue };
        if section.main == GROUP {
            let free: Vec<Name> = entries.keys().filter(|name| !is_recorded(GROUP, name)).cloned().collect();
            begun.extend(free);
        }
        entries.retain(|name, _| !begun.contains(name));
    }
    begun
}

/// The entries that the stack file does not have yet. One that it has is to say exactly the same.
///
/// # Errors
/// The name of an entry that says something else.
pub(super) fn missing(
    description: &Description,
    written: &Stack,
    begun: &BTreeSet<Name>,
    registry: &Registry,
) -> Result<Vec<(&'static str, Name, Document)>, Name> {
    let has = |key: &str, name: &Name| {
        written.sections.get(key).is_some_and(|entries| entries.contains_key(name)) && begun.contains(name)
    };
    let (there, new): (Vec<_>, Vec<_>) =
        description.entries.iter().cloned().partition(|(key, name, _)| has(key, name));
    let Some((_, first, _)) = there.first() else { return Ok(new) };
    // What they name is there, whatever it says.
    let groups = written.sections.iter().filter(|(key, _)| describe::key_of_groups() == Some(**key));
    let around =
        groups.flat_map(|(key, entries)| entries.keys().map(|name| (*key, name.clone(), Document::new())));
    let around = around
        .filter(|(key, name, _)| !description.entries.iter().any(|one| (one.0, &one.1) == (*key, name)));
    let all: Vec<_> = description.entries.iter().cloned().chain(around).collect();
    let text = describe::whole_file(&written.stack, None, None, &all);
    let Ok(again) = parse("what is there", text, registry) else { return Err(first.clone()) };
    let entry = |stack: &Stack, key: &str, name: &Name| stack.sections.get(key)?.get(name).cloned();
    match there.iter().find(|(key, name, _)| entry(&again, key, name) != entry(written, key, name)) {
        Some((_, name, _)) => Err(name.clone()),
        None => Ok(new),
    }
}
