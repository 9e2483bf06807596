//! Findings about objects that no record has: one with the declared name, and those of the stack that stand unclaimed.

use std::mem::discriminant;

use super::identity::recorded_at;
use super::{Input, error, exchanged, promoted, renamed, strayed};
use crate::engine::address::Address;
use crate::engine::plan::{Finding, Level};
use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::{Found, Id, NO_STACK, Owner, Told, Trace, Whose};
use crate::engine::state::State;

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

/// The address in an object's tags, in words.
fn place(tagged: &str) -> &str {
    if tagged.is_empty() { "an object" } else { tagged }
}

/// True for an object whose tags name something else that the stack file declares: they may have been copied by a restore.
fn is_made_for_another(input: &Input<'_>, found: &Found) -> bool {
    found.tagged_address().is_some_and(|tagged| input.blueprint.declarations.contains_key(&tagged))
}

/// The way to an object that was made for an address which nothing has any more: its name in the stack file was changed while the
/// state was lost, and all that belongs to it is found under the old one alone. Reads after `if`.
fn renamed_back(input: &Input<'_>, found: &Found, rebuild: &str) -> Option<String> {
    let tagged = found.tagged_address().filter(|_| !is_made_for_another(input, found))?;
    Some(format!(
        "`{name}` was renamed in the stack file, put it back into the stack file under that name, then: {rebuild}; after that \
         rename it, and the plan says how it goes on",
        name = name_of(&tagged.to_string())
    ))
}

/// The name in the stack file that an address is made from.
fn name_of(tagged: &str) -> &str {
    let name = tagged.split_once('.').map_or(tagged, |(_, name)| name);
    name.split_once('/').map_or(name, |(name, _)| name)
}

pub(super) fn alone(input: &Input<'_>, owner: &Owner, found: &Found) -> Finding {
    let address = &owner.address;
    let import = import(input, owner, found);
    if let Some((tagged, told)) = found.contradiction() {
        return contradicted(input, owner, found, &tagged, told);
    }
    let has_name = found.trace == Trace::Name;
    // A rebuild takes what has the name, or the tags of the address.
    let is_rebuilt = has_name && !is_made_for_another(input, found) || is_meant(owner, found);
    let rebuild = "name the state that records it with --state; or, if that is lost: provision state rebuild";
    let whose = owner.whose(&found.ownership, found.vpc.as_ref());
    // A state that manages nothing yet takes its objects from no other one that lives.
    let is_lost = !input.state.is_some_and(State::manages_anything);
    let (check, what, hint) = match &whose {
        Whose::OtherState { address: tagged, lineage } if is_lost && is_rebuilt => (
            UNRECORDED,
            format!(
                "it is {} of this stack, recorded by a state with the lineage {lineage}, and the state here does not know it",
                place(tagged)
            ),
            rebuild.to_owned(),
        ),
        Whose::Ours => (
            UNRECORDED,
            "it carries this stack's tags, but the state does not know it".to_owned(),
            rebuild.to_owned(),
        ),
        Whose::Moved { address: tagged, .. } if has_name && is_lost => (
            UNRECORDED,
            format!("it is {} of this stack, and the state here does not know it", place(tagged)),
            rebuild.to_owned(),
        ),
        Whose::OtherState { address: tagged, .. } | Whose::Moved { address: tagged, .. } if is_lost => (
            UNCLAIMED,
            format!("it is {} of this stack, and the state here does not know it", place(tagged)),
            match renamed_back(input, found, "provision state rebuild") {
                Some(back) => format!("if {back}; to leave it alone, give it the tag provision:stack=none"),
                None => format!(
                    "to take it over: {import}; to leave it alone, give it the tag provision:stack=none"
                ),
            },
        ),
        Whose::Moved { address: tagged, .. } => (
            UNCLAIMED,
            format!("it is {} of this stack, and the state does not know it", place(tagged)),
            format!("to take it over: {import}; to leave it alone, give it the tag provision:stack=none"),
        ),
        Whose::OtherState { lineage, .. } => {
            let rebuild = format!("provision state rebuild --take-over {lineage}");
            let lives = "if that state lives, name it with --state; if it is lost";
            let hint = match renamed_back(input, found, &rebuild) {
                _ if is_rebuilt => format!("{lives}, take over what it made: {rebuild}"),
                Some(back) => format!("{lives}, and {back}"),
                None => format!("{lives}, take over what it made: {import}"),
            };
            let check = if has_name { "name-taken" } else { UNCLAIMED };
            (check, format!("it belongs to {}", owner.belonging(&whose)), hint)
        }
        Whose::Elsewhere { .. } => (
            "name-taken",
            format!("it belongs to {}", owner.belonging(&whose)),
            elsewhere(input, owner, found, &whose),
        ),
        Whose::OtherStack { stack, lineage } if found.trace == Trace::Use => (
            UNCLAIMED,
            format!("it uses what was made for this address, and its tags name the stack {stack}"),
            match lineage {
                Some(lineage) => format!(
                    "if this stack was called {stack} before, take it over: {import} --take-over {lineage}; to leave it alone, give it \
                     the tag provision:stack=none"
                ),
                None => "to leave it alone, give it the tag provision:stack=none".to_owned(),
            },
        ),
        Whose::OtherStack { stack, .. } if !has_name => (
            RENAMED,
            format!("it is {address} of the stack {stack}, and what is made now is new and empty"),
            format!(
                "if this stack was called {stack} before: provision state move stack.{stack} stack.{own}; where that state \
                 is lost, write `stack: {stack}` again first, then: provision state rebuild",
                own = owner.stack
            ),
        ),
        Whose::OtherStack { stack, lineage } => (
            "name-taken",
            format!("it belongs to {}", owner.belonging(&whose)),
            format!(
                "choose another name in the stack file; if this stack was called {stack} before: provision state move \
                 stack.{stack} stack.{}{}",
                owner.stack,
                match lineage {
                    Some(lineage) => format!(
                        "; if it is to leave the stack {stack} for this one: {}",
                        Remedy::import(address, &found.id, Some(lineage))
                    ),
                    None => String::new(),
                }
            ),
        ),
        Whose::OfCluster { .. } => (
            "name-taken",
            format!("it belongs to {}", owner.belonging(&whose)),
            "choose another name in the stack file".to_owned(),
        ),
        Whose::Inherited => (
            UNRECORDED,
            "it is a part of what this stack owns, and the state does not know it".to_owned(),
            format!(
                "to record it: {import}; or, with all else that is not recorded: provision state rebuild"
            ),
        ),
        Whose::Untagged if found.trace == Trace::Use => (
            UNCLAIMED,
            match &found.told {
                Some(told) => format!("it {told}, and carries no tags of provision"),
                None => "it uses what was made for this address, and carries no tags of provision".to_owned(),
            },
            format!("to take it over: {import}"),
        ),
        Whose::Untagged => (
            "name-taken",
            "it carries no tags of provision".to_owned(),
            format!("to manage it as it is: {import}; or choose another name in the stack file"),
        ),
    };
    let described = found.described();
    let message = match has_name {
        true => format!("{described} has this name already: {what}"),
        false if check == RENAMED => format!("{described} is there already: {what}"),
        false => format!("{described} stands unclaimed: {what}"),
    };
    let is_bare = found.trace == Trace::Use && whose == Whose::Untagged;
    let hint = match release(found.trace).filter(|_| is_bare) {
        Some(release) => format!("{hint}; {release}"),
        None => hint,
    };
    error(check, address, message, Some(hint))
}

/// An object whose tags name one address, while something else tells that it is of another one: the tags may have been copied or
/// exchanged by hand. Nothing is made in its place until somebody says which one it is.
fn contradicted(input: &Input<'_>, owner: &Owner, found: &Found, tagged: &Address, told: &Told) -> Finding {
    let both = [tagged, told.address()];
    let is_free = |address: &&Address| {
        let recorded = input.state.and_then(|state| state.resources.get(*address)?.id.as_ref());
        recorded.is_none() && input.blueprint.declarations.contains_key(*address)
    };
    let at = |address: &Address| Owner { address: address.clone(), ..owner.clone() };
    let imports: Vec<String> =
        both.into_iter().filter(is_free).map(|address| import(input, &at(address), found)).collect();
    let message = format!(
        "{} stands unclaimed: its tags name {tagged}, and it {told}: they may have been copied from another object",
        found.described()
    );
    let hint = format!(
        "look which one it is, and take it over: {}; to leave it alone, give it the tag provision:stack=none",
        imports.join(", or ")
    );
    error(UNCLAIMED, &owner.address, message, Some(hint))
}

/// The ways on from an object of a stack of this name that seems to stand beside another cluster.
fn elsewhere(input: &Input<'_>, owner: &Owner, found: &Found, whose: &Whose) -> String {
    let another_name = "give this stack another name: `stack:` in the stack file";
    if owner.shares_its_cluster_with(whose) {
        let back = match strayed::found_back(input, &owner.address, found) {
            Some(command) => format!(": {command}, and after that run the same command again"),
            None => String::new(),
        };
        return format!(
            "if its data is this stack's, bring it into the network again{back}; if it is not, {another_name}, or, to leave it alone, \
             give it the tag provision:stack=none"
        );
    }
    match &owner.cluster {
        Some(cluster) if owner.shares_its_network_with(whose) => {
            format!("{another_name}; or, if its tag is wrong, write provision:cluster={cluster} on it")
        }
        _ => another_name.to_owned(),
    }
}
