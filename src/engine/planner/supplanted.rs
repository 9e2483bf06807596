//! Findings about a recorded object in whose place another one stands.

use super::identity::recorded_at;
use super::in_the_way::{imports, listed, release, removal};
use super::{Input, error, exchanged, promoted, renamed, strayed};
use crate::engine::address::Address;
use crate::engine::kind::Live;
use crate::engine::plan::{Finding, Level};
use crate::engine::remedy::{Remedy, hint_of};
use crate::engine::resource::{Found, Id, Owner, Trace, Whose};

/// Another object has the declared name, or the tags of the address, and the recorded one is gone or has another name.
pub(super) fn supplanted(
    input: &Input<'_>,
    owner: &Owner,
    recorded: &Id,
    live: Option<&Live>,
    all: &[Found],
) -> Option<Finding> {
    let [found, beside @ ..] = all else { return None };
    let (address, id) = (&owner.address, &found.id);
    let copies: Vec<&Found> = match found.trace {
        // There is one of a name; what else carries the tags of it may be the right one as well.
        Trace::Name if live.is_some() => vec![found],
        _ => std::iter::once(found).chain(beside).collect(),
    };
    let became = match live {
        None if copies.len() > 1 => {
            format!("{recorded} is gone from AWS, and others stand in its place: {}", listed(copies.clone()))
        }
        None => format!("{recorded} is gone from AWS, and {} {}", found.described(), found.in_words()),
        Some(live) => format!(
            "{recorded} is called {} in AWS, and {id} has the name that is declared",
            names(input, address, live).join(", ")
        ),
    };
    let import = imports(input, owner, &copies);
    let whose = owner.whose(&found.ownership, found.vpc.as_ref());
    let another_name = || "choose another name in the stack file".to_owned();
    let (what, take) = match &whose {
        _ if let Some(other) = recorded_at(input, address, id) => {
            let message = exchanged::message(input, address)
                .unwrap_or_else(|| format!("{became}: it is {other} of this stack"));
            return Some(error(
                "supplanted",
                address,
                message,
                of_this_stack(input, address, recorded, live, other),
            ));
        }
        _ if let Some(why) = owner.unfit(found) => {
            let back =
                owner.elsewhere(found.vpc.as_ref()).and_then(|_| strayed::found_back(input, address, found));
            let back = back.map(|back| {
                format!("to go on with it, bring it into the network of the stack: {back}; when that is done, take it over: {import}")
            });
            let way = match (removal(input, address, id), back, live) {
                (Some(removal), _, _) => removal,
                // Under another name it would still carry the tags.
                (None, Some(back), _) if found.trace != Trace::Name => back,
                (None, back, Some(_)) => in_turn(back, another_name()),
                (None, back, None) => in_turn(
                    back,
                    format!("{}, and let go of {recorded}: provision state forget {address}", another_name()),
                ),
            };
            (format!("it cannot be taken over: {why}"), way)
        }
        Whose::Ours | Whose::Moved { .. } => {
            ("it carries this stack's tags".to_owned(), format!("to take {id} over: {import}"))
        }
        Whose::Inherited => ("another one was made there".to_owned(), format!("to take {id} over: {import}")),
        Whose::Untagged => (
            "it carries no tags of provision".to_owned(),
            match can_be_named(input, address) {
                true => format!("to take {id} over: {import}; or {}", another_name()),
                false => format!("to take {id} over: {import}"),
            },
        ),
        Whose::OtherState { lineage, .. } => (
            format!("it belongs to {}", owner.belonging(&whose)),
            format!("to take {id} over: {}", Remedy::import(address, id, Some(lineage))),
        ),
        Whose::Elsewhere { .. } | Whose::OtherStack { .. } | Whose::OfCluster { .. } => {
            (format!("it belongs to {}", owner.belonging(&whose)), another_name())
        }
    };
    let take = match copies.len() {
        1 => take,
        _ => format!("look which one is the right one, and take it over: {import}"),
    };
    let bare = found.trace != Trace::Use || whose == Whose::Untagged;
    let take = match release(found.trace).filter(|_| bare) {
        None => take,
        Some(release) => format!("{take}; {release}"),
    };
    let hint = match to_keep(input, address, recorded, live) {
        Some(keep) => format!("{keep}; {take}"),
        None => take,
    };
    let message = if copies.len() > 1 { became } else { format!("{became}: {what}") };
    Some(error("supplanted", address, message, Some(hint)))
}

/// Both ways as one text.
fn in_turn(first: Option<String>, then: String) -> String {
    match first {
        Some(first) => format!("{first}; or {then}"),
        None => then,
    }
}

/// The way on with the recorded object under its new name.
fn to_keep(input: &Input<'_>, address: &Address, recorded: &Id, live: Option<&Live>) -> Option<String> {
    let keep = kept_name(input, address, live?)?;
    Some(format!("to go on with {recorded} under the name that it has: {keep}"))
}

/// The remedy where the object that has the declared name is recorded at another address of this stack.
fn of_this_stack(
    input: &Input<'_>,
    address: &Address,
    recorded: &Id,
    live: Option<&Live>,
    other: &Address,
) -> Option<String> {
    if let Some(all) = exchanged::hint(input, address) {
        return Some(all);
    }
    let copies = promoted::ways(input, address);
    if live.is_none() && !copies.is_empty() {
        return hint_of(&copies);
    }
    let moved = (other.kind() == address.kind())
        .then(|| renamed::shifted(input, other.name(), address))
        .flatten()
        .map(|moves| format!("if it was renamed in the stack file: {moves}"));
    let keep = to_keep(input, address, recorded, live);
    let another = can_be_named(input, address).then(|| match renamed::is_to_be_renamed(input, other) {
        true => {
            format!("first give {other} its new name: {}", Remedy::Make { addresses: [other.clone()].into() })
        }
        false => {
            format!("choose another name in the stack file for {address}, or first give {other} another one")
        }
    });
    let ways: Vec<String> = [moved, keep, another].into_iter().flatten().collect();
    (!ways.is_empty()).then(|| ways.join("; "))
}

/// True for a kind whose names the stack file can say.
fn can_be_named(input: &Input<'_>, address: &Address) -> bool {
    let Some(manager) = input.registry.managing(address.kind()) else { return false };
    let mut names = manager.fields().iter().filter(|field| manager.natural_key().contains(&field.name));
    names.any(|field| field.option().is_some())
}

/// The values by which AWS tells the object from others of its kind.
pub(super) fn names<'a>(input: &Input<'_>, address: &Address, live: &'a Live) -> Vec<&'a str> {
    let names = input.registry.managing(address.kind()).map(|kind| kind.natural_key());
    names.unwrap_or_default().iter().filter_map(|field| live.inputs.get(*field)?.as_str()).collect()
}

/// The line of the stack file by which the recorded object keeps the name that it has now.
pub(super) fn kept_name(input: &Input<'_>, address: &Address, live: &Live) -> Option<Remedy> {
    let manager = input.registry.managing(address.kind())?;
    let names = manager.fields().iter().filter(|field| manager.natural_key().contains(&field.name));
    let mut written =
        names.filter_map(|field| Some((field.option()?, live.inputs.get(field.name)?.as_str()?)));
    written.next().map(|(option, name)| Remedy::write(address, option, name))
}

/// A record that goes although another object has its name: that one is not touched.
pub(super) fn left_alone(address: &Address, recorded: &Id, found: &Found) -> Finding {
    let message =
        format!("{recorded} is gone from AWS; {}, which {}, is left alone", found.id, found.in_words());
    Finding { level: Level::Warning, ..error("supplanted", address, message, None) }
}
