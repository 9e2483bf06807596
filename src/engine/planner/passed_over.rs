//! Objects of the stack that a destroy would pass over, since no record names them, and targets of which AWS has nothing.

use super::in_the_way::{UNRECORDED, alone, equal, import, is_meant, one_of_several};
use super::{Input, Sighting, error, findings};
use crate::engine::address::Address;
use crate::engine::owner::owner_by_tags;
use crate::engine::plan::{Finding, Level};
use crate::engine::resource::{Found, Owner, Trace, Whose};
use crate::engine::state::State;

/// The findings on what is declared and not recorded, of a plan to destroy.
pub(super) fn passed_over(input: &Input<'_>) -> Vec<Finding> {
    let is_recorded =
        |address: &Address| input.state.is_some_and(|state| state.resources.contains_key(address));
    let in_the_way = input.sightings.iter().filter_map(|(address, sighting)| match sighting {
        Sighting::InTheWay { found, beside } if !is_recorded(address) => Some((address, found, beside)),
        _ => None,
    });
    let mut passed_over: Vec<Finding> =
        in_the_way.filter_map(|(address, found, beside)| one(input, address, found, beside)).collect();
    let is_told = |name: &Address| passed_over.iter().any(|finding| finding.address.as_ref() == Some(name));
    let targets = input.options.targets.iter();
    let not_made = targets
        .filter(|name| !is_recorded(name) && input.safeguards.declared.contains(name) && !is_told(name))
        .map(findings::not_made);
    let not_made: Vec<Finding> = not_made.collect();
    passed_over.extend(not_made);
    passed_over
}

fn one(input: &Input<'_>, address: &Address, found: &Found, beside: &[Found]) -> Option<Finding> {
    let is_lost = !input.state.is_some_and(State::manages_anything);
    let is_named = input.options.targets.contains(address);
    if !is_named && !input.options.targets.is_empty() {
        return None;
    }
    let owner = owner_by_tags(input.blueprint, input.state, address, 0);
    let whose = owner.whose(&found.ownership, found.vpc.as_ref());
    let is_of_other_state = matches!(whose, Whose::OtherState { .. }) && !is_lost;
    // A state that lives destroys its own objects.
    if is_of_other_state && !is_named {
        return None;
    }
    let is_rebuilt = !is_of_other_state && (found.trace == Trace::Name || is_meant(&owner, found));
    let finding = match equal(&owner, found, beside).as_slice() {
        [] if seems_here(&owner, &whose) && (is_lost || is_named) => wrong_cluster(&owner, found, &whose),
        [] if is_named && found.trace == Trace::Name => {
            return Some(Finding { level: Level::Warning, ..alone(input, &owner, found) });
        }
        [] => return None,
        [_] if is_rebuilt => unrecorded(input, &owner, found, is_lost),
        [_] => alone(input, &owner, found),
        several => one_of_several(input, &owner, several),
    };
    // An object that a state let go of is not deleted, and keeps nothing else from being deleted.
    let level = if is_named || input.state.is_none() { Level::Error } else { Level::Warning };
    Some(Finding { level, ..finding })
}

fn unrecorded(input: &Input<'_>, owner: &Owner, found: &Found, is_lost: bool) -> Finding {
    // An object that cannot be recorded is not to be sent round between an import and a destroy.
    if let Some(why) = owner.unfit(found) {
        let message = format!(
            "{} carries this stack's tags, and is not deleted: it cannot be recorded here, since {why}",
            found.described()
        );
        let hint = "nothing has to be done; where nobody needs it, it is deleted in AWS itself".to_owned();
        return error(UNRECORDED, &owner.address, message, Some(hint));
    }
    let hint = match is_lost {
        true => "name the state that records it with --state; or, if that is lost: provision state rebuild, then provision \
                 destroy"
            .to_owned(),
        false => format!(
            "to delete it too, record it first: {}; or, with all else that is not recorded: provision state rebuild; then: \
             provision destroy",
            import(input, owner, found)
        ),
    };
    error(
        UNRECORDED,
        &owner.address,
        format!("{} is of this stack, and the state does not know it, so that it is not deleted", found.id),
        Some(hint),
    )
}

/// True for an object of a stack of this name beside another cluster, as its tag says, that may stand in this network: a destroy
/// declares none.
fn seems_here(owner: &Owner, whose: &Whose) -> bool {
    match whose {
        Whose::Elsewhere { vpc, .. } => owner.vpc.is_none() || vpc.is_none() || *vpc == owner.vpc,
        _ => false,
    }
}

/// An object of a stack of this name, whose tag names another cluster.
fn wrong_cluster(owner: &Owner, found: &Found, whose: &Whose) -> Finding {
    let hint = owner.cluster.as_ref().map(|cluster| {
        format!(
            "if it is this stack's and its tag is wrong, write provision:cluster={cluster} on it, then: provision state \
             rebuild; if it is of the other cluster, there is nothing to do"
        )
    });
    let message = format!("{} belongs to {}, so that it is not deleted", found.id, owner.belonging(whose));
    error("ownership", &owner.address, message, hint)
}
