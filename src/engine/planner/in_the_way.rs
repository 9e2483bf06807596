//! Findings about objects that no record has: one with the declared name, and those of the stack that stand unclaimed.

mod alone;

use std::mem::discriminant;

use super::identity::recorded_at;
use super::{Input, error, exchanged, promoted, renamed};
use crate::engine::address::Address;
use crate::engine::plan::{Finding, Level};
use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::{Found, Id, NO_STACK, Owner, Trace, Whose};
use crate::engine::state::State;

pub(super) use alone::alone;

/// The check that finds an object of the stack that the state does not know: with it, the state was lost.
pub const UNRECORDED: &str = "unrecorded";
/// The check that finds objects of the stack of which no rebuild can tell where they belong.
const UNCLAIMED: &str = "unclaimed";
/// The check that finds what may be this stack's under another name.
pub const RENAMED: &str = "renamed";

/// An object that has the name of something that is not recorded, or the tags of the stack.
pub(super) fn in_the_way(
    input: &Input<'_>,
    owner: &Owner,
    found: &Found,
    beside: &[Found],
) -> Option<Finding> {
    let (address, id) = (&owner.address, &found.id);
    if let Some(other) = recorded_at(input, address, id) {
        let way = match promoted::is_on_its_own(input, other) {
            true => {
                Way::to(&format!("to manage it as {address}"), promoted::import(input, address, other, id))
                    .to_string()
            }
            false => renamed::from_recorded(input, other, address),
        };
        return Some(error(
            "name-taken",
            address,
            format!("{id} has this name already: it is {other} of this stack"),
            Some(way),
        ));
    }
    let whose = owner.whose(&found.ownership, found.vpc.as_ref());
    let elsewhere =
        || owner.elsewhere(found.vpc.as_ref()).filter(|_| !matches!(whose, Whose::Elsewhere { .. }));
    if let Some(why) = found.unfit.clone().filter(|_| !is_meant(owner, found)).or_else(elsewhere) {
        let removal = removal(input, address, id);
        let has = if removal.is_some() { "has this place" } else { "has this name" };
        let message = format!("{} {has} already, and cannot be taken over: {why}", found.described());
        let otherwise =
            || "give it another name or delete it, or choose another name in the stack file".to_owned();
        let hint = removal.unwrap_or_else(otherwise);
        return Some(error("name-taken", address, message, Some(hint)));
    }
    // A stack that has objects of its own is no renamed one, and what is to be left alone is of none.
    let is_renamed_one = |stack: &str| stack != NO_STACK && !input.state.is_some_and(State::manages_anything);
    if !matches!(found.trace, Trace::Name | Trace::Use)
        && let Whose::OtherStack { stack, .. } = &whose
        && !is_renamed_one(stack)
    {
        return None;
    }
    if let Some(hint) = exchanged::by_tags(input, owner, found) {
        let message = alone(input, owner, found).message;
        return Some(error("name-taken", address, message, Some(hint)));
    }
    let equal = equal(owner, found, beside);
    let finding = match equal.as_slice() {
        [] | [_] => alone(input, owner, found),
        several => one_of_several(input, owner, several),
    };
    let holds_data = input.registry.managing(address.kind()).is_some_and(|kind| kind.holds_data());
    // An object without data that was made for something else is no reason to make nothing; nor is one that two stacks call the same.
    let is_in_doubt = found.contradiction().is_some() && found.is_told(address);
    let is_no_reason = finding.check == UNCLAIMED && !holds_data && !is_meant(owner, found) && !is_in_doubt;
    Some(match () {
        // It keeps the name that it has, so that an import would refuse it.
        () if is_no_reason && has_a_fixed_name(input, address) => {
            let hint = "nothing has to be done: a new one is made beside it; where nobody needs it, it is deleted in AWS itself";
            Finding { level: Level::Warning, hint: Some(hint.to_owned()), ..finding }
        }
        () if is_no_reason || finding.check == RENAMED => Finding { level: Level::Warning, ..finding },
        () => finding,
    })
}

/// True for a kind whose objects have a name that the stack file writes and no update changes.
fn has_a_fixed_name(input: &Input<'_>, address: &Address) -> bool {
    input.registry.managing(address.kind()).is_some_and(|kind| {
        let mut names = kind.fields().iter().filter(|field| kind.natural_key().contains(&field.name));
        names.any(|name| name.is_fixed() && name.option().is_some())
    })
}

/// The objects that nothing tells from the first one: the tags of all of them say the same of the address.
pub(super) fn equal<'a>(owner: &Owner, first: &'a Found, beside: &'a [Found]) -> Vec<&'a Found> {
    let whose = |found: &Found| owner.whose(&found.ownership, found.vpc.as_ref());
    let of_first = whose(first);
    if first.trace == Trace::Use {
        return std::iter::once(first)
            .chain(beside.iter().filter(|other| other.trace == Trace::Use))
            .collect();
    }
    if !matches!(of_first, Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. }) {
        return Vec::new();
    }
    let is_contradicted = |found: &Found| found.contradiction().is_some();
    let is_equal = |other: &&Found| match is_meant(owner, first) {
        _ if is_contradicted(first) != is_contradicted(other) => false,
        true => is_meant(owner, other) && discriminant(&whose(other)) == discriminant(&of_first),
        false => first.trace == Trace::Tags && other.trace == Trace::Tags && !is_meant(owner, other),
    };
    std::iter::once(first).chain(beside.iter().filter(is_equal)).collect()
}

/// True for an object whose tags name the address.
pub(super) fn is_meant(owner: &Owner, found: &Found) -> bool {
    found.tagged_address().as_ref() == Some(&owner.address)
}

/// The command that takes the object over.
pub(super) fn import(input: &Input<'_>, owner: &Owner, found: &Found) -> String {
    let lineage = match owner.whose(&found.ownership, found.vpc.as_ref()) {
        // A state that manages nothing yet takes over what any state of this stack made.
        Whose::OtherState { lineage, .. } if input.state.is_some_and(State::manages_anything) => {
            Some(lineage)
        }
        _ => None,
    };
    Remedy::import(&owner.address, &found.id, lineage.as_deref()).to_string()
}

/// The way on from an object whose place cannot be chosen in the stack file, and which cannot be taken over.
pub(super) fn removal(input: &Input<'_>, address: &Address, id: &Id) -> Option<String> {
    let removal = input.registry.managing(address.kind())?.removal(id)?;
    Some(format!("{removal}; then run the same command again"))
}

/// The step by which an object that was found without its name is no longer taken for one of the stack.
pub(super) fn release(trace: Trace) -> Option<&'static str> {
    match trace {
        Trace::Name => None,
        Trace::Token | Trace::Tags | Trace::Use => {
            Some("to leave it alone, give it the tag provision:stack=none")
        }
    }
}

/// `db-1 (records, made …), db-2 (records-copy, made …)`
pub(super) fn listed<'a>(found: impl IntoIterator<Item = &'a Found>) -> String {
    found.into_iter().map(Found::described).collect::<Vec<_>>().join(", ")
}

/// The commands that take one of several objects over.
pub(super) fn imports(input: &Input<'_>, owner: &Owner, several: &[&Found]) -> String {
    several.iter().map(|one| import(input, owner, one)).collect::<Vec<_>>().join(", or ")
}

pub(super) fn one_of_several(input: &Input<'_>, owner: &Owner, several: &[&Found]) -> Finding {
    let imports = imports(input, owner, several);
    let is_meant = several.iter().all(|one| is_meant(owner, one));
    let (message, hint) = match is_meant {
        true => (
            format!(
                "{} objects carry the tags of this address, and the state knows none of them: {}",
                several.len(),
                listed(several.iter().copied())
            ),
            match input.state.is_some_and(State::manages_anything) {
                true => format!("look which one is the right one, and take it over: {imports}"),
                false => format!(
                    "first record all else: provision state rebuild; then look which one is the right one, and take it over: \
                     {imports}"
                ),
            },
        ),
        false if several.iter().all(|one| one.trace == Trace::Use) => (
            format!(
                "{} may be of this address, by what uses them, what they use, or their tokens, and carry no tags of provision",
                listed(several.iter().copied())
            ),
            format!(
                "look which one is the right one, and take it over: {imports}; to leave one alone, give it the tag \
                 provision:stack=none"
            ),
        ),
        false => (
            format!("objects of this stack stand unclaimed: {}", listed(several.iter().copied())),
            format!(
                "to take one of them over: {imports}; to leave one alone, give it the tag provision:stack=none"
            ),
        ),
    };
    error(UNCLAIMED, &owner.address, message, Some(hint))
}
