//! Resources that may have been renamed: a name that is gone from the stack file, and new ones of the same kind.

use std::collections::BTreeSet;

use super::in_the_way::RENAMED;
use super::{Input, Sighting, error, identity};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::is_unknown;
use crate::engine::plan::{Finding, Level, Mode};
use crate::engine::resource::Trace;
use crate::engine::state::{Edit, Place, moves};

/// The command for the case that what is no longer declared was renamed: to the one new name of its kind, or to one of
/// several.
pub(super) fn hint(input: &Input<'_>, gone: &Address) -> Option<String> {
    if let Some(wants) = wanted_by(input, gone)
        && let Some(moves) = shifted(input, gone.name(), wants)
    {
        return Some(format!("if it was renamed: {moves}"));
    }
    let names = new_names(input, gone);
    if let (Some(begun), false) = (begun(input, gone.name()), names.is_empty()) {
        return Some(finished_first(begun));
    }
    if let Some(command) = in_its_set(input, gone, &names) {
        return Some(format!("if it was renamed: {command}"));
    }
    let mut listed = names.iter();
    match (listed.next(), listed.next()) {
        (None, _) => None,
        (Some(only), None) => Some(format!("if it was renamed: provision state move {} {only}", gone.name())),
        (Some(first), Some(_)) => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let of = names.join(", ");
            Some(format!(
                "if it was renamed: provision state move {} {first}, or whichever of {of} it is now",
                gone.name()
            ))
        }
    }
}

/// The move of an object whose name ends like one new name alone, as those of a set do that was renamed: `objects-lfs` and `things-lfs`.
/// The whole set is moved, if it can be.
fn in_its_set(input: &Input<'_>, gone: &Address, names: &BTreeSet<String>) -> Option<String> {
    let ends = gone.name().match_indices('-').map(|(at, _)| gone.name().split_at(at));
    let pair = |(old, end): (&str, &str)| {
        let mut alike = names.iter().filter_map(|name| name.strip_suffix(end)).filter(|new| !new.is_empty());
        let new = alike.next()?.to_owned();
        alike.next().is_none().then(|| (old.to_owned(), new, end.to_owned()))
    };
    // The longest end that is common counts.
    let (old, new, end) = ends.filter_map(|(old, end)| pair((old, end))).next()?;
    let whole = (Place::Name(old.clone()), Place::Name(new.clone()));
    let is_declared = |name: &str| input.blueprint.declarations.keys().any(|one| one.name() == name);
    let all = input.state.and_then(|state| moves(state, &whole.0, &whole.1).ok());
    let is_whole = all.is_some_and(|all| {
        all.iter()
            .all(|(from, to)| !is_declared(from.name()) && input.blueprint.declarations.contains_key(to))
    });
    Some(match is_whole {
        true => format!("provision state move {old} {new}"),
        false => format!("provision state move {old}{end} {new}{end}"),
    })
}

/// The remedy where an object that is recorded at one address has the name of the one declared at another.
pub(super) fn from_recorded(input: &Input<'_>, recorded: &Address, declared: &Address) -> String {
    let is_whole = recorded.name() != declared.name() && recorded.member_name() == declared.member_name();
    if let Some(declaration) = input.blueprint.declarations.get(recorded) {
        // If both want it, a move would only exchange their roles.
        let another = "choose another name in the stack file".to_owned();
        let moves = is_whole && can_move(input, recorded.name(), declared.name());
        return match moves && wants_another_name(input, recorded, declaration) {
            true => format!(
                "if it was renamed: provision state move {} {}; if it was not, first give {recorded} its own name: provision apply \
                 --target {recorded}; or {another}",
                recorded.name(),
                declared.name()
            ),
            false
                if recorded.name() == declared.name() && wants_another_name(input, recorded, declaration) =>
            {
                format!(
                    "first give {recorded} its own name: provision apply --target {recorded}; or {another}"
                )
            }
            false => another,
        };
    }
    let begun = begun(input, recorded.name()).filter(|_| is_whole);
    let (from, to) = match is_whole {
        true => (Place::Name(recorded.name().to_owned()), Place::Name(declared.name().to_owned())),
        false => (Place::Address(recorded.clone()), Place::Address(declared.clone())),
    };
    match begun {
        Some(begun) => finished_first(begun),
        None if moves_all(input, &from, &to) => format!("provision state move {from} {to}"),
        None => "choose another name in the stack file".to_owned(),
    }
}

/// True where everything of a name can be recorded under another one.
fn can_move(input: &Input<'_>, from: &str, to: &str) -> bool {
    moves_all(input, &Place::Name(from.to_owned()), &Place::Name(to.to_owned()))
}

fn moves_all(input: &Input<'_>, from: &Place, to: &Place) -> bool {
    input.state.is_some_and(|state| moves(state, from, to).is_ok())
}

/// The moves by which what is recorded under a name comes to the address that wants its object, the first one first. Where
/// something else is recorded there, that goes to where it is wanted before.
pub(super) fn shifted(input: &Input<'_>, from: &str, to: &Address) -> Option<String> {
    let mut steps = vec![(from.to_owned(), to.name().to_owned())];
    let is_recorded =
        |address: &Address| input.state.is_some_and(|state| state.resources.contains_key(address));
    let mut place = to;
    while is_recorded(place) {
        let next = wanted_by(input, place)?;
        if steps.iter().any(|(from, _)| from == next.name()) {
            return None;
        }
        steps.push((place.name().to_owned(), next.name().to_owned()));
        place = next;
    }
    let mut state = input.state?.clone();
    let mut commands = Vec::new();
    for (from, to) in steps.into_iter().rev() {
        let (from, to) = (Place::Name(from), Place::Name(to));
        let moves = moves(&state, &from, &to).ok()?;
        state.apply(Edit::MoveAll { moves });
        commands.push(format!("provision state move {from} {to}"));
    }
    Some(commands.join(", then: "))
}

/// The declared address whose name in AWS the object has that is recorded here.
fn wanted_by<'a>(input: &Input<'a>, recorded: &Address) -> Option<&'a Address> {
    let id = input.state?.resources.get(recorded)?.id.as_ref()?;
    let by_name = |(address, sighting): &(&'a Address, &'a Sighting)| {
        let mut found = sighting.found().filter(|found| found.trace == Trace::Name);
        *address != recorded
            && address.kind() == recorded.kind()
            && input.blueprint.declarations.contains_key(*address)
            && found.any(|found| found.id == *id)
    };
    input.sightings.iter().find(by_name).map(|(address, _)| address)
}

/// True where the stack file declares another name for a recorded object than it has.
pub(super) fn is_to_be_renamed(input: &Input<'_>, recorded: &Address) -> bool {
    let declaration = input.blueprint.declarations.get(recorded);
    declaration.is_some_and(|declaration| wants_another_name(input, recorded, declaration))
}

/// True where an address that is recorded is to have another name now than its object has.
fn wants_another_name(input: &Input<'_>, recorded: &Address, declaration: &Declaration) -> bool {
    let (Declaration::Managed { inputs }, Some(manager)) =
        (declaration, input.registry.managing(recorded.kind()))
    else {
        return false;
    };
    let Some((_, live)) = input.sightings.get(recorded).and_then(Sighting::live) else { return false };
    let mut fields = manager.fields().iter().filter(|field| manager.natural_key().contains(&field.name));
    fields.any(|field| match (inputs.get(field.name), live.inputs.get(field.name)) {
        (Some(wanted), Some(seen)) => !is_unknown(wanted) && !(field.met)(wanted, seen),
        _ => false,
    })
}

/// The finding on an object without data that is no longer declared, where another name of its kind is new: a new object is made in its
/// place, and those who use it go over to that. What holds data under the same name has a finding of its own.
pub(super) fn whole(input: &Input<'_>, gone: &Address) -> Option<Finding> {
    let holds_data =
        |address: &Address| input.registry.managing(address.kind()).is_some_and(|kind| kind.holds_data());
    let mut recorded = input.state.into_iter().flat_map(|state| state.resources.keys());
    if gone.member_name().is_some() || recorded.any(|one| one.name() == gone.name() && holds_data(one)) {
        return None;
    }
    let hint = hint(input, gone)?;
    let message = "it is no longer declared, and is deleted; a new one is made under the new name".to_owned();
    Some(Finding { level: Level::Warning, ..error(RENAMED, gone, message, Some(hint)) })
}

/// The finding on data that is no longer declared and stays as it is, while a target may be its new name: that would be empty.
pub(super) fn beside_a_target(input: &Input<'_>, gone: &Address) -> Option<Finding> {
    let holds_data = input.registry.managing(gone.kind()).is_some_and(|kind| kind.holds_data());
    let hint = hint(input, gone).filter(|_| holds_data && input.options.mode == Mode::Apply)?;
    let message =
        "it is no longer declared, and the target may be its new name, under which an empty one is made";
    Some(Finding { level: Level::Warning, ..error(RENAMED, gone, message.to_owned(), Some(hint)) })
}

/// The finding on a member that is no longer declared, where another member of the same set is new, and the kind keeps what was
/// chosen once, or is a copy of data: its clients know it by its id or endpoint, which a new object does not have.
pub(super) fn member(input: &Input<'_>, gone: &Address) -> Option<Finding> {
    gone.member_name()?;
    let manager = input.registry.managing(gone.kind())?;
    let keeps = manager.fields().iter().any(|field| field.chosen_once) || !manager.alike().is_empty();
    if !keeps {
        return None;
    }
    let new = undeclared_before(input, gone.kind()).filter(|address| address.name() == gone.name());
    let new =
        new.filter(|new| moves_all(input, &Place::Address(gone.clone()), &Place::Address((*new).clone())));
    let commands: Vec<String> = new.map(|new| format!("provision state move {gone} {new}")).collect();
    let hint = format!("if it was renamed: {}", commands.first()?);
    let others = commands.get(1..).unwrap_or_default();
    let others = others.iter().map(|command| format!(", or {command}")).collect::<String>();
    let message = "it is no longer declared, and is deleted; clients that use its id lose it".to_owned();
    let hint = Some(format!("{hint}{others}"));
    Some(Finding { level: Level::Warning, ..error(RENAMED, gone, message, hint) })
}

/// An object of this name that an earlier run may have made: a move would lose it from view, and is refused.
fn begun<'a>(input: &Input<'a>, name: &str) -> Option<&'a Address> {
    let records = input.state.into_iter().flat_map(|state| &state.resources);
    let mut begun = records.filter(|(address, record)| address.name() == name && record.id.is_none());
    begun.next().map(|(address, _)| address)
}

fn finished_first(begun: &Address) -> String {
    format!(
        "if it was renamed: an earlier run began to make {begun}, which is finished first: put it back into the stack file, \
         and rename it after the next apply"
    )
}

/// The names under which something of the kind is declared and nothing of it is recorded.
fn new_names(input: &Input<'_>, gone: &Address) -> BTreeSet<String> {
    // A name of an object that is recorded elsewhere is what that one was renamed to.
    let is_free = |address: &&Address| {
        let found = input.sightings.get(*address).into_iter().flat_map(Sighting::found);
        let mut named = found.filter(|found| found.trace == Trace::Name);
        !named
            .any(|found| identity::recorded_at(input, address, &found.id).is_some_and(|other| other != gone))
    };
    let new = undeclared_before(input, gone.kind()).filter(|address| address.name() != gone.name());
    let new = new.filter(is_free).filter(|address| {
        begun(input, gone.name()).is_some() || can_move(input, gone.name(), address.name())
    });
    new.map(|address| address.name().to_owned()).collect()
}

/// The addresses of a kind that are declared and not recorded.
pub(super) fn undeclared_before<'a>(input: &'a Input<'_>, kind: &str) -> impl Iterator<Item = &'a Address> {
    let is_recorded =
        |address: &Address| input.state.is_some_and(|state| state.resources.contains_key(address));
    let declared = input.blueprint.declarations.iter();
    declared
        .filter(move |(address, declaration)| {
            matches!(declaration, Declaration::Managed { .. })
                && address.kind() == kind
                && !is_recorded(address)
        })
        .map(|(address, _)| address)
}
