//! The finding on one object that no record has: it depends on whose it is by its tags.

use super::{RENAMED, UNCLAIMED, UNRECORDED, import, is_meant, release};
use crate::engine::address::Address;
use crate::engine::plan::Finding;
use crate::engine::planner::{Input, error, strayed};
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Found, Owner, Told, Trace, Whose};
use crate::engine::state::State;

/// The finding on one object, and what to type next.
pub(in crate::engine::planner) fn alone(input: &Input<'_>, owner: &Owner, found: &Found) -> Finding {
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

/// The address in an object's tags, in words.
fn place(tagged: &str) -> &str {
    if tagged.is_empty() { "an object" } else { tagged }
}
