//! The choice among the objects that were found for a declaration.

use super::Terms;
use crate::engine::blueprint::Blueprint;
use crate::engine::refresh::Wanted;
use crate::engine::resource::{Found, Told, Trace, Whose};
use crate::engine::state::State;

/// True if what was found may be recorded at the address.
pub(super) fn may_take(
    blueprint: &Blueprint,
    state: &State,
    terms: &Terms<'_>,
    wanted: &Wanted,
    found: &Found,
) -> bool {
    // A name that was given to something else does not count where the tags say for which declaration that was made.
    let is_named = found.trace == Trace::Name
        && found.tagged_address().is_none_or(|tagged| !blueprint.declarations.contains_key(&tagged));
    let is_meant = |tagged: &String| is_named || *tagged == wanted.address.to_string();
    let in_question = match &wanted.owner.whose(&found.ownership, found.vpc.as_ref()) {
        Whose::Ours | Whose::Inherited => true,
        Whose::Moved { address, .. } => is_meant(address),
        Whose::OtherState { lineage, address } => {
            is_meant(address) && (terms.take_over == Some(lineage.as_str()) || !state.manages_anything())
        }
        _ => false,
    };
    in_question && !wanted.owner.others.contains(&found.id)
}

/// The objects between which nothing decides: the one whose tags have the address counts before those that only have its name.
/// Tags may have been copied or exchanged: where something else contradicts them, all that may be meant are in question.
pub(super) fn likeliest<'a>(wanted: &Wanted, taken: &[&'a Found], answer: &'a [Found]) -> Vec<&'a Found> {
    let at = &wanted.address;
    let is_contradicted = |found: &Found| found.contradiction().is_some();
    let is_agreed = |found: &Found| found.tagged_address().as_ref() == Some(at) && !is_contradicted(found);
    let agreed: Vec<&Found> = taken.iter().copied().filter(|found| is_agreed(found)).collect();
    let is_sure = |found: &Found| found.trace == Trace::Name || found.is_told(at);
    let told: Vec<&Found> =
        answer.iter().filter(|found| found.is_told(at) && is_contradicted(found)).collect();
    match agreed.as_slice() {
        [one] if told.is_empty() || is_sure(one) => agreed,
        _ if told.is_empty() => taken.to_vec(),
        _ => {
            let others = taken.iter().filter(|found| !told.iter().any(|one| one.id == found.id));
            told.iter().chain(others).copied().collect()
        }
    }
}

/// True where what uses an object tells that it is of another address than its tags say. A token alone does not: it outlives each move.
pub(super) fn is_told_elsewhere(found: &Found) -> bool {
    matches!(found.contradiction(), Some((_, Told::ByUsers(_))))
}
