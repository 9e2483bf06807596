//! The objects that a procedure is at work on: a plan tells of it, and leaves them as they are while it must.

use std::collections::BTreeMap;

use super::{Input, blocked, error};
use crate::engine::address::Address;
use crate::engine::plan::{Action, Change, Finding, Level};
use crate::engine::state::{Procedure, under_way};

/// The procedures that are under way, with the commands that they are of.
fn all<'a>(input: &Input<'a>) -> impl Iterator<Item = (&'a Address, &'a str, &'a Procedure)> {
    let procedures = input.state.map(|state| &state.procedures);
    procedures.into_iter().flat_map(|procedures| {
        procedures.keys().filter_map(move |address| {
            let (command, procedure) = under_way(procedures, address)?;
            Some((address, command, procedure))
        })
    })
}

/// True if a procedure keeps the object of this address as it is.
pub(super) fn is_held(input: &Input<'_>, address: &Address) -> bool {
    all(input)
        .any(|(held, _, procedure)| procedure.holds && (held == address || procedure.along.contains(address)))
}

/// Takes out of the plan what would get in the way of a procedure, and tells of each that is under way.
pub(super) fn hold(input: &Input<'_>, changes: &mut BTreeMap<Address, Change>, findings: &mut Vec<Finding>) {
    for (address, command, procedure) in all(input) {
        let mut is_left_out = false;
        if procedure.holds {
            for held in procedure.along.iter().chain([address]) {
                // Another name, say, is the procedure's own work.
                findings.retain(|finding| finding.address.as_ref() != Some(held));
                if let Some(change) = changes.get_mut(held).filter(|change| change.action != Action::NoOp) {
                    let fields = change.fields.clone();
                    // It is being made by the procedure, and waits for no window.
                    change.queued.retain(|queued| !fields.iter().any(|field| field.path == queued.path));
                    blocked::leave_out(change, fields, format!("{command} is under way"));
                    is_left_out = true;
                }
            }
        }
        let message =
            format!("it {} (begun {}, last step: {})", procedure.doing, procedure.started, procedure.step);
        let mut hint = format!("to go on: {}", procedure.to_go_on(command, address));
        if let Some(give_up) = procedure.to_give_up(command, address) {
            hint = format!("{hint}; or, to give it up: {give_up}");
        }
        let level = if is_left_out { Level::Blocked } else { Level::Warning };
        findings.push(Finding { level, ..error("under-way", address, message, Some(hint)) });
    }
}
