//! What a plan must not be carried out for, each with the remedy.
//! Knows nothing of how the plan came to be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Input, Sighting, error, renamed};
use crate::address::Address;
use crate::kind::{Live, Manager};
use crate::owner::owner;
use crate::plan::{Change, Finding, Level, Mode, ReplaceOrder};
use crate::resource::{Condition, Id, Invalid, Remark, Verdict, Whose};
use crate::state::{Record, State};
use crate::steps::Circle;

/// The check that finds an object of the stack that the state does not know: with it, the state was lost.
pub const UNRECORDED: &str = "unrecorded";

/// Objects of this stack that a destroy would pass over, since no record names them.
pub(super) fn unrecorded(input: &Input<'_>) -> Vec<Finding> {
    let unknown = |address: &Address| !input.state.is_some_and(|state| state.resources.contains_key(address));
    let in_the_way = input.sightings.iter().filter_map(|(address, sighting)| match sighting {
        Sighting::InTheWay { found } if unknown(address) => Some((address, found)),
        _ => None,
    });
    let manages_nothing = !input.state.is_some_and(State::manages_anything);
    let ours = in_the_way.filter(|(address, found)| {
        match owner(input.blueprint, input.state, address, 0).whose(&found.ownership, found.vpc.as_ref()) {
            Whose::Ours | Whose::Moved { .. } => true,
            // What the state that is lost has made; a state that lives destroys its own objects.
            Whose::OtherState { .. } => manages_nothing,
            _ => false,
        }
    });
    ours.map(|(address, found)| {
        error(
            UNRECORDED,
            address,
            format!("{} is of this stack, and the state does not know it, so that it is not deleted", found.id),
            Some(
                "name the state that records it: --state PLACE; or, if that is lost: provision state rebuild, then \
                 provision destroy"
                    .to_owned(),
            ),
        )
    })
    .collect()
}

pub(super) fn circle(circle: &Circle) -> Finding {
    Finding {
        check: "circle".to_owned(),
        address: circle.addresses.first().cloned(),
        level: Level::Error,
        message: circle.to_string(),
        hint: None,
    }
}

pub(super) fn unknown_address(name: &Address, all: &BTreeSet<Address>) -> Finding {
    let text = name.to_string();
    let nearest = all.iter().max_by(|a, b| {
        let likeness = |address: &Address| strsim::jaro_winkler(&address.to_string(), &text);
        likeness(a).total_cmp(&likeness(b))
    });
    error(
        "address",
        name,
        "neither the stack nor the state has this address".to_owned(),
        nearest.map(|nearest| format!("did you mean {nearest}?")),
    )
}

/// What a newer version of the program recorded is in the way of every plan that is about it.
pub(super) fn newer(input: &Input<'_>, selected: &BTreeSet<Address>) -> Vec<Finding> {
    let of = |address: &Address| match input.sightings.get(address) {
        Some(Sighting::NotAsked { because }) => Some(error(
            "newer",
            address,
            format!("a newer version of provision recorded it: {because}"),
            Some("update provision, then run the same command again; the record stays as it is".to_owned()),
        )),
        _ => None,
    };
    selected.iter().filter_map(of).collect()
}

pub(super) fn adopted_is_gone(address: &Address, id: &Id) -> Finding {
    error(
        "adopted",
        address,
        format!("{id} is not the stack's own, and is not there (any more)"),
        Some(
            "look for it in AWS, or name another one; when the loss is meant: provision state forget "
                .to_owned()
                + &address.to_string(),
        ),
    )
}

pub(super) fn not_ours(address: &Address, id: &Id) -> Finding {
    error(
        "ownership",
        address,
        format!("{id} is the cluster's own, so it is not changed"),
        Some(format!("to let go of it: provision state forget {address}")),
    )
}

pub(super) fn invalid(address: &Address, invalid: Invalid) -> Finding {
    let finding = error("inputs", address, format!("{}: {}", invalid.field, invalid.message), None);
    match invalid.verdict {
        Verdict::Refused => finding,
        Verdict::Altered | Verdict::Doubtful => Finding { level: Level::Warning, ..finding },
    }
}

/// What is to be said of a live object, as far as it matters to what is done to it.
pub(super) fn remark(address: &Address, remark: &Remark, change: &Change) -> Option<Finding> {
    match remark {
        Remark::Held { fields, why } => {
            let field = change.fields.iter().find(|field| fields.contains(&field.path.as_str()))?;
            let hint = "apply again when that is over, or take the change out of the stack file until then";
            Some(error("held", address, format!("{}: {why}", field.path), Some(hint.to_owned())))
        }
        Remark::Beside { .. } => None,
        Remark::Left { what, command } => Some(Finding {
            level: Level::Warning,
            ..error("left-to-do", address, what.clone(), Some(command.clone()))
        }),
    }
}

pub(super) fn failed_object(address: &Address, status: &str) -> Finding {
    error(
        "failed",
        address,
        format!("AWS has given it up: {status}"),
        Some(format!("to make it anew: provision apply --replace {address}")),
    )
}

pub(super) fn data_loss_by_replacement(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    record: Option<&Record>,
    decision: &Change,
) -> Option<Finding> {
    let live = input.sightings.get(address).and_then(Sighting::live).map(|(_, live)| live);
    let leaving = live.is_some_and(is_leaving);
    if !manager.holds_data() || leaving {
        return None;
    }
    if !input.options.replace.contains(address) {
        return Some(error(
            "data-loss",
            address,
            format!("it would be replaced, and its data lost: {}", decision.reason),
            Some(format!("undo that change; or, to lose the data: provision apply --replace {address}")),
        ));
    }
    protected(address, record, live)
}

pub(super) fn data_loss_by_deletion(
    input: &Input<'_>,
    address: &Address,
    record: &Record,
    live: &Live,
) -> Option<Finding> {
    let holds_data = input.registry.managing(address.kind()).is_some_and(Manager::holds_data);
    if !holds_data || is_leaving(live) {
        return None;
    }
    if input.options.mode != Mode::Destroy {
        let back = format!(
            "put it back into the stack file; or, to lose the data: provision destroy --target {address}"
        );
        let hint = match renamed::hint(input, address) {
            Some(renamed) => format!("{renamed}; if it was not, {back}"),
            None => back,
        };
        return Some(error(
            "data-loss",
            address,
            "it is no longer declared, and deleting it would lose its data".to_owned(),
            Some(hint),
        ));
    }
    protected(address, Some(record), Some(live))
}

fn is_leaving(live: &Live) -> bool {
    matches!(&live.condition, Condition::Pending(status) if status == "deleting")
}

fn protected(address: &Address, record: Option<&Record>, live: Option<&Live>) -> Option<Finding> {
    let recorded = record.is_some_and(Record::is_protected);
    let observed = live.and_then(|live| live.inputs.get("deletion_protection")).and_then(Value::as_bool);
    (recorded || observed == Some(true)).then(|| {
        error(
            "protected",
            address,
            "its deletion protection is on".to_owned(),
            Some("write `deletion_protection: false` into the stack file, then: provision apply".to_owned()),
        )
    })
}

/// Two objects with the same natural key cannot stand side by side, as a create-first replacement needs.
pub(super) fn colliding_replacement(input: &Input<'_>, change: &Change) -> Option<Finding> {
    let manager = input.registry.managing(change.address.kind())?;
    let predecessor = input
        .state
        .and_then(|state| state.resources.get(&change.address))
        .is_some_and(|record| record.predecessor.is_some());
    let key = manager.natural_key();
    let same_key =
        !key.is_empty() && key.iter().all(|name| !change.fields.iter().any(|field| field.path == *name));
    // Only what can be written is advice.
    let mut fields = manager.fields().iter().filter(|field| key.contains(&field.name));
    let option = fields
        .find_map(|field| field.option)
        .map(|option| format!("write another `{option}` for {} into the stack file", change.address.name()));
    let named = input.options.replace.contains(&change.address);
    let leave = named.then(|| format!("leave --replace {} out", change.address));
    let hint = [leave, option].into_iter().flatten().collect::<Vec<_>>().join(", or ");
    (change.order == Some(ReplaceOrder::CreateFirst) && same_key && !predecessor).then(|| {
        error(
            "name-taken",
            &change.address,
            "it is in use, so its replacement must be made beside it, and cannot have the same name"
                .to_owned(),
            Some(hint).filter(|hint| !hint.is_empty()),
        )
    })
}
