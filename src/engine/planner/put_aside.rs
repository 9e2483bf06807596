//! Objects that depend on one which a procedure has put aside: they go on with it until they are replaced, and the object that has its
//! place now is not to be undone for them.

use serde_json::Value;

use super::{Input, remedied};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::Document;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::{Change, Finding};
use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::{Effect, Role};
use crate::engine::state::{Kept, Record, way_back};

/// The object that a procedure keeps beside the one of an address.
struct PutAside<'a> {
    address: &'a Address,
    command: &'a str,
    kept: &'a Kept,
}

/// The object that a replacement leaves, where a procedure that has come to its end has put it aside.
fn left<'a>(input: &Input<'a>, change: &Change) -> Option<PutAside<'a>> {
    let fixed = change.fields.iter().filter(|field| field.effect == Effect::Replacement);
    let before: Vec<&str> = fixed.filter_map(|field| field.before.as_ref().and_then(Value::as_str)).collect();
    let mut all = input.state?.procedures.iter().flat_map(|(address, of_object)| {
        let ended = of_object.iter().filter(|(_, procedure)| !procedure.is_under_way());
        ended.flat_map(move |(command, procedure)| {
            procedure.keeps.iter().map(move |kept| PutAside { address, command, kept })
        })
    });
    all.find(|one| one.kept.id.as_ref().is_some_and(|id| before.contains(&id.as_str())))
}

/// The finding on a protected object that is to leave one which was put aside. Its protection is turned off in AWS: a plan that changes it
/// would replace it too.
pub(super) fn protected(
    input: &Input<'_>,
    manager: &dyn Manager,
    record: Option<&Record>,
    live: &Live,
    change: &Change,
) -> Option<Finding> {
    let PutAside { address: other, command, kept } = left(input, change)?;
    let address = &change.address;
    let (fields, option) = (manager.fields(), Role::Protection.field(manager.fields())?);
    let is_on = |inputs: &Document| Role::Protection.is_on(fields, inputs);
    let is_written = match input.blueprint.declarations.get(address) {
        Some(Declaration::Managed { inputs }) => is_on(inputs),
        _ => false,
    };
    let is_recorded = record.is_some_and(|record| is_on(&record.inputs));
    let turned_off = match is_on(&live.inputs) {
        true => Some(manager.unprotected(&live.inputs)?),
        false => None,
    };
    if !is_written && !is_recorded && turned_off.is_none() {
        return None;
    }
    let write = is_written.then(|| Remedy::write(address, option, false));
    let accept = is_recorded.then_some(Remedy::Accept);
    let steps = write.into_iter().chain(turned_off).chain(accept).chain([Remedy::Apply]);
    let message = format!(
        "its deletion protection is on, and it goes with {}, which the {command} of {other} has put aside: a new one takes its place",
        kept.name,
    );
    // Of two that have changed places, the command also gives the one before its place again.
    let id = kept.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let back = input.state.and_then(|state| way_back(&state.procedures, other, &id));
    let back = back.map(|command| Way::to("for the one before again", [Remedy::by_hand(command)]));
    let ways = [Way::to("for a new one", steps)].into_iter().chain(back).collect();
    Some(remedied("protected", address, message, ways))
}
