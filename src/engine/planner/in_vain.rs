//! Addresses that the options of a command name in vain: there is no such address, or nothing that could be done to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Input, error};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::plan::{Finding, Mode};

/// Finds them, each with the address that was meant: nothing where the option is to be left out.
pub(super) fn in_vain(
    input: &Input<'_>,
    all: &BTreeSet<Address>,
    selected: &BTreeSet<Address>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<Address, Option<Address>> {
    let options = input.options;
    let named = [
        ("--target", &options.targets),
        ("--replace", &options.replace),
        ("--allow-data-loss", &options.allow_data_loss),
    ];
    let mut meant = BTreeMap::new();
    for (option, address) in
        named.into_iter().flat_map(|(option, of)| of.iter().map(move |one| (option, one)))
    {
        let changes = option != "--target" || options.mode == Mode::Destroy;
        let found = if !all.contains(address) && !input.safeguards.declared.contains(address) {
            let nearest = nearest(input, address, all, changes);
            meant.insert(address.clone(), nearest.clone());
            unknown(option, address, nearest.as_ref())
        } else if changes && is_watched(input, address) {
            meant.insert(address.clone(), None);
            watched(option, address)
        } else if option == "--replace" && !input.blueprint.declarations.contains_key(address) {
            meant.insert(address.clone(), None);
            undeclared(address)
        } else if option != "--target" && !selected.contains(address) {
            let message =
                format!("`{option}` names it, and it is neither among the targets nor needed by them");
            let hint =
                format!("leave {option} {address} out, or name it as a target too: --target {address}");
            error("address", address, message, Some(hint))
        } else {
            continue;
        };
        findings.push(found);
    }
    meant
}

/// The address that is most like a mistyped one.
fn nearest(input: &Input<'_>, name: &Address, all: &BTreeSet<Address>, changes: bool) -> Option<Address> {
    let text = name.to_string();
    let likeness = |address: &Address| strsim::jaro_winkler(&address.to_string(), &text);
    let fit = all.iter().filter(|address| !(changes && is_watched(input, address)));
    fit.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).cloned()
}

/// True for the cluster's own.
pub(super) fn is_watched(input: &Input<'_>, address: &Address) -> bool {
    let is_recorded = |state: &crate::engine::state::State| {
        state.resources.get(address).is_some_and(|record| record.watched)
    };
    match input.blueprint.declarations.get(address) {
        Some(Declaration::Watched { .. }) => true,
        Some(Declaration::Managed { .. }) => false,
        None => input.state.is_some_and(is_recorded),
    }
}

fn unknown(option: &str, address: &Address, nearest: Option<&Address>) -> Finding {
    let hint = match nearest {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("leave {option} {address} out"),
    };
    let message = "neither the stack nor the state has this address".to_owned();
    error("address", address, message, Some(hint))
}

fn watched(option: &str, address: &Address) -> Finding {
    let (message, hint) = match option {
        "--replace" => ("replaced", format!("leave --replace {address} out")),
        "--target" => (
            "deleted",
            format!(
                "name what of the stack is to be deleted; to take it out of the state alone: provision state forget {address}"
            ),
        ),
        _ => ("changed", format!("leave {option} {address} out")),
    };
    let message = format!("it is watched, and not the stack's own: it is never {message}");
    error("address", address, message, Some(hint))
}

fn undeclared(address: &Address) -> Finding {
    let message = "nothing declares it any more, so that no new one would take its place".to_owned();
    let hint = format!("leave --replace {address} out, or put it back into the stack file");
    error("address", address, message, Some(hint))
}
