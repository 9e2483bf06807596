//! Objects that depend on one which a procedure has put aside: they go on with it until they are replaced, and the object that has its
//! place now is not to be undone for them.

use serde_json::Value;

use super::{Input, Sighting, error};
use crate::engine::address::Address;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::{Change, Finding};
use crate::engine::remedy::{Remedy, Way, hint_of};
use crate::engine::resource::{Effect, Role};
use crate::engine::state::{Kept, Record};

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
    let all = input.state?.procedures.iter().flat_map(|(address, of_object)| {
        let ended = of_object.iter().filter(|(_, procedure)| !procedure.is_under_way());
        ended.flat_map(move |(command, procedure)| {
            procedure.keeps.iter().map(move |kept| PutAside { address, command, kept })
        })
    });
    let mut all = all;
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
    let fields = manager.fields();
    let option = Role::Protection.field(fields)?;
    let is_shown = input.sightings.get(address).and_then(Sighting::live).is_some();
    let is_on_in_aws = Role::Protection.is_on(fields, &live.inputs) && is_shown;
    let is_recorded = record.is_some_and(|record| Role::Protection.is_on(fields, &record.inputs));
    if !is_on_in_aws && !is_recorded {
        return None;
    }
    let turned_off = match is_on_in_aws {
        true => Some(manager.unprotected(&live.inputs)?),
        false => None,
    };
    let steps = [Remedy::write(address, option, false)]
        .into_iter()
        .chain(turned_off)
        .chain([Remedy::Accept, Remedy::Apply]);
    let ways = vec![Way::of(steps)];
    let message = format!(
        "its deletion protection is on, and it goes with {}, which `provision {command} {}` has put aside: a new one takes its place",
        kept.name,
        other.title()
    );
    let hint = hint_of(&ways);
    Some(Finding { remedies: ways, ..error("protected", address, message, hint) })
}
