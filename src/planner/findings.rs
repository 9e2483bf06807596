//! What a plan must not be carried out for, each with the remedy.
//! Knows nothing of how the plan came to be.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Input, Sighting, as_it_is, error, loss, remedied, renamed};
use crate::address::Address;
use crate::diff;
use crate::document::Document;
use crate::kind::{Live, Manager};
use crate::plan::{Action, Change, Finding, Level, Mode, Turn};
use crate::remedy::{Remedy, Way};
use crate::resource::{
    Class, Condition, Data, Deletion, Effect, Field, Id, Invalid, Object, Remark, Status, Verdict,
};
use crate::state::Record;
use crate::steps::Circle;

/// The option that keeps an object from being deleted.
const PROTECTION: &str = "deletion_protection";

pub(super) fn circle(circle: &Circle) -> Finding {
    Finding {
        check: "circle".to_owned(),
        address: circle.addresses.first().cloned(),
        level: Level::Error,
        message: circle.to_string(),
        hint: None,
        remedies: Vec::new(),
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
    let Invalid { field, message, verdict, instead } = invalid;
    let hint = match instead {
        Some(value) => format!("write `{field}: {value}` into the stack file"),
        None => {
            format!("write another `{field}` into the stack file; provision schema stack lists what there is")
        }
    };
    let finding = error("inputs", address, format!("{field}: {message}"), Some(hint));
    match verdict {
        Verdict::Refused => finding,
        Verdict::Altered | Verdict::Doubtful => Finding { level: Level::Warning, hint: None, ..finding },
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
        // Of a deletion alone: see `loss`.
        Remark::Holds(_) | Remark::NoLastSnapshot { .. } => None,
    }
}

/// An object that does not become ready by waiting: an error where something is left out because of it.
pub(super) fn stuck(input: &Input<'_>, change: &Change, id: &Id, live: &Live, row: &Status) -> Finding {
    let address = &change.address;
    let rest = match &change.blocked {
        Some(blocked) if blocked.action != Action::NoOp => "; what AWS does not take meanwhile is left out",
        _ => "",
    };
    let message = format!("{}: {}{rest}", row.name, row.means);
    let level = if change.blocked.is_some() { Level::Blocked } else { Level::Warning };
    Finding { level, ..remedied("status", address, message, cure(input, address, id, live, row)) }
}

/// The ways out of a status.
fn cure(input: &Input<'_>, address: &Address, id: &Id, live: &Live, row: &Status) -> Vec<Way> {
    let object = Object { address, id, region: input.region, inputs: &live.inputs, outputs: &live.outputs };
    row.ways(&object, never_made(input, address, live), is_protected_by_aws(input, address, live))
}

/// Whether a lost object cannot hold data: its create never came to an end.
pub(super) fn never_made(input: &Input<'_>, address: &Address, live: &Live) -> bool {
    let Condition::Lost(row) = &live.condition else { return false };
    let record = input.state.and_then(|state| state.resources.get(address));
    let unfinished = record.is_some_and(Record::is_unfinished);
    let holds_data = input.registry.managing(address.kind()).is_some_and(Manager::holds_data);
    unfinished || row.data == Data::Never || !holds_data
}

/// Whether AWS itself refuses to delete the object, and not our record alone.
fn is_protected_by_aws(input: &Input<'_>, address: &Address, live: &Live) -> bool {
    let fields = input.registry.managing(address.kind()).map(Manager::fields).unwrap_or_default();
    let shown = fields.iter().any(|field| field.name == PROTECTION && !field.is_recorded());
    shown && live.inputs.get(PROTECTION).and_then(Value::as_bool) == Some(true)
}

pub(super) fn data_loss_by_replacement(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    record: Option<&Record>,
    decision: &Change,
) -> Option<Finding> {
    let going: Vec<&Live> =
        decision.goes.iter().filter_map(|going| input.sightings.object(address, &going.id)).collect();
    let live = going.iter().copied().find(|live| !is_leaving(live));
    if live.is_none() {
        return going.first().and_then(|live| loss::going(input, address, manager, record, live));
    }
    if !manager.holds_data() {
        return None;
    }
    if !input.options.replace.contains(address) {
        let replace = Remedy::Replace { address: address.clone() };
        let object = live.map(|live| &live.inputs);
        return Some(remedied(
            "data-loss",
            address,
            format!("it would be replaced, and its data lost: {}", decision.reason),
            vec![
                Way::of(as_it_is::steps(input, manager, decision, object)),
                Way::to("to lose the data", [replace]),
            ],
        ));
    }
    let first = for_now(decision);
    protected(input, address, record, live, first)
}

pub(super) fn data_loss_by_deletion(
    input: &Input<'_>,
    address: &Address,
    record: &Record,
    live: &Live,
) -> Option<Finding> {
    let holds_data = input.registry.managing(address.kind()).is_some_and(Manager::holds_data);
    if !holds_data || loss::is_leaving(live) {
        return None;
    }
    if input.options.mode != Mode::Destroy {
        let destroy = Remedy::Destroy { address: address.clone() };
        let finding = remedied(
            "data-loss",
            address,
            "it is no longer declared, and deleting it would lose its data".to_owned(),
            vec![
                Way::of([Remedy::by_hand("put it back into the stack file")]),
                Way::to("to keep it in AWS, unmanaged", [Remedy::Forget { address: address.clone() }]),
                Way::to("to lose the data", [destroy]),
            ],
        );
        let back = finding.hint.clone().unwrap_or_default();
        let hint = renamed::hint(input, address).map(|renamed| format!("{renamed}; if it was not, {back}"));
        return Some(Finding { hint: hint.or(Some(back)), ..finding });
    }
    protected(input, address, Some(record), Some(live), None)
}

/// A final snapshot that AWS refuses in the status of the object: the deletion would be refused with it.
pub(super) fn snapshot_refused(input: &Input<'_>, change: &Change) -> Option<Finding> {
    const SNAPSHOT: &str = "final_snapshot";
    let address = &change.address;
    let (_, live) = input.sightings.get(address)?.live()?;
    let row = live.condition.stuck().filter(|row| row.deletion == Deletion::WithoutSnapshot)?;
    let record = input.state?.resources.get(address)?;
    let goes = matches!(change.action, Action::Delete | Action::Replace);
    let wanted = record.inputs.get(SNAPSHOT).and_then(Value::as_bool) == Some(true);
    (goes && wanted).then(|| {
        let message = format!(
            "AWS takes no final snapshot of it in status {}, and one is recorded as wanted; restore its data beside it \
             first where it is needed: without a final snapshot its backups alone are left of it",
            row.name
        );
        let steps =
            for_now(change).into_iter().chain([Remedy::write(address, SNAPSHOT, false), Remedy::Apply]);
        remedied("final-snapshot", address, message, vec![Way::of(steps)])
    })
}

/// With a change that only a new object can have in the file, no apply is carried out that does not name it.
fn for_now(change: &Change) -> Option<Remedy> {
    let fixed = change.fields.iter().filter(|field| field.effect == Effect::Replacement);
    let fixed: Vec<&str> = fixed.map(|field| field.path.as_str()).collect();
    (!fixed.is_empty()).then(|| {
        Remedy::by_hand(format!("take the change of {} out of the stack file for now", fixed.join(", ")))
    })
}

pub(super) fn is_leaving(live: &Live) -> bool {
    live.condition.is_leaving()
}

/// Deletion protection that is on, with the way to turn it off in the status that the object is in.
fn protected(
    input: &Input<'_>,
    address: &Address,
    record: Option<&Record>,
    live: Option<&Live>,
    first: Option<Remedy>,
) -> Option<Finding> {
    let by_aws = live.is_some_and(|live| is_protected_by_aws(input, address, live));
    let observed = live.and_then(|live| live.inputs.get(PROTECTION)).and_then(Value::as_bool);
    let is_on = match live {
        // Without data there is nothing to keep but what AWS refuses.
        Some(live) if never_made(input, address, live) => by_aws,
        _ => record.is_some_and(Record::is_protected) || observed == Some(true),
    };
    if !is_on {
        return None;
    }
    let turned_off = vec![Remedy::write(address, PROTECTION, false), Remedy::Apply];
    let id = input.sightings.get(address).and_then(Sighting::live).map(|(id, _)| id);
    let refused = live.and_then(|live| live.condition.stuck()).filter(|row| by_aws && !row.takes(PROTECTION));
    let mut message = "its deletion protection is on".to_owned();
    let steps: Vec<Remedy> = match (refused, live, id) {
        (Some(row), Some(live), Some(id)) => {
            message = format!("{message}, and AWS does not turn it off in status {}", row.name);
            let before = match row.class {
                Class::Lost => vec![Remedy::unprotected_by_support(id)],
                _ => cure(input, address, id, live, row)
                    .into_iter()
                    .next()
                    .map(|way| way.steps)
                    .unwrap_or_default(),
            };
            before.into_iter().chain(turned_off).collect()
        }
        _ => turned_off,
    };
    // A change that only a new object can have is in the way of every apply before the protection is off.
    let steps = first.into_iter().chain(steps);
    Some(remedied("protected", address, message, vec![Way::of(steps)]))
}

/// Two objects with the same natural key cannot stand side by side, as a create-first replacement needs.
pub(super) fn colliding_replacement(
    input: &Input<'_>,
    change: &Change,
    desired: &Document,
) -> Option<Finding> {
    let manager = input.registry.managing(change.address.kind())?;
    let key = manager.natural_key();
    let fields: Vec<Field> =
        manager.fields().iter().filter(|field| key.contains(&field.name)).copied().collect();
    let stays_meanwhile = change.goes.iter().filter(|going| going.turn == Turn::After);
    let mut beside = stays_meanwhile.filter_map(|going| input.sightings.object(&change.address, &going.id));
    let collides =
        !fields.is_empty() && beside.any(|live| diff::diff(&fields, desired, &live.inputs).is_empty());
    // Only what can be written is advice.
    let option = fields
        .iter()
        .find_map(|field| field.option)
        .map(|option| format!("write another `{option}` for {} into the stack file", change.address.name()));
    let named = input.options.replace.contains(&change.address);
    let leave = named.then(|| format!("leave --replace {} out", change.address));
    let hint = [leave, option].into_iter().flatten().collect::<Vec<_>>().join(", or ");
    (change.makes_anew() && collides).then(|| {
        error(
            "name-taken",
            &change.address,
            "it is in use, so its replacement must be made beside it, and cannot have the same name"
                .to_owned(),
            Some(hint).filter(|hint| !hint.is_empty()),
        )
    })
}
