//! The findings for which a plan must not be carried out, each with the remedy.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Input, Sighting, error, remedied};
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::{Action, Change, Finding, Level, Turn};
use crate::engine::remedy::Way;
use crate::engine::resource::{Condition, Data, Field, Id, Invalid, Object, Remark, Role, Status, Verdict};
use crate::engine::state::Record;
use crate::engine::steps::Circle;

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

/// A target of a destroy that the stack declares and the state does not record.
pub(super) fn not_made(name: &Address) -> Finding {
    let message = "the stack declares it, and the state does not record it: it is not made, and nothing of it is there to destroy";
    let hint = "to see what is recorded: provision state list";
    Finding { level: Level::Warning, ..error("address", name, message.to_owned(), Some(hint.to_owned())) }
}

/// The findings on records of a newer version of the program: each is in the way of every plan that is about it.
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

/// The words on what is written of an object.
pub(super) fn words(input: &Input<'_>, selected: &BTreeSet<Address>) -> Vec<Finding> {
    let said = input.blueprint.words.iter().filter(|(address, _)| selected.contains(address));
    let finding = |(address, word): &(Address, String)| Finding {
        level: Level::Warning,
        ..error("inputs", address, word.clone(), None)
    };
    said.map(finding).collect()
}

pub(super) fn watched_is_gone(address: &Address, id: &Id) -> Finding {
    error(
        "watched",
        address,
        format!("{id} is not the stack's own, and is not there (any more)"),
        Some(format!(
            "look for it in AWS, or name another one; when the loss is meant: provision state forget {address}"
        )),
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

pub(super) fn invalid(
    blueprint: &Blueprint,
    address: &Address,
    manager: &dyn Manager,
    invalid: Invalid,
) -> Finding {
    let Invalid { field, message, verdict, instead, allowed_by, with: _, remedy, of_new: _ } = invalid;
    let written = blueprint.to_write(address, manager.fields(), field);
    let hint = match (instead, allowed_by, remedy) {
        (_, Some((option, with)), _) => {
            let kept = written.unwrap_or("the rest");
            format!("{with}: write `{option}: true` into the stack file; or leave `{kept}` as it was")
        }
        (Some(value), None, _) => {
            format!("write `{}: {value}` into the stack file", written.unwrap_or(field))
        }
        (None, None, Some(remedy)) => remedy,
        (None, None, None) => match written {
            Some(option) => format!(
                "write another `{option}` into the stack file; for the options that there are: provision schema stack"
            ),
            None => format!(
                "no option says {field}: it follows from the rest of the stack file; for what can be written: provision schema \
                 stack"
            ),
        },
    };
    let finding = error("inputs", address, format!("{field}: {message}"), Some(hint));
    match verdict {
        Verdict::Refused => finding,
        Verdict::Altered | Verdict::Doubtful | Verdict::Unwise => {
            Finding { level: Level::Warning, hint: None, ..finding }
        }
    }
}

/// The finding on a live object, as far as the remark matters to what is done to it.
pub(super) fn remark(address: &Address, remark: &Remark, change: &Change) -> Option<Finding> {
    match remark {
        Remark::Held { fields, why } => {
            let field = change.fields.iter().find(|field| fields.contains(&field.path.as_str()))?;
            let hint = "apply again when that is over, or take the change out of the stack file until then";
            Some(error("held", address, format!("{}: {why}", field.path), Some(hint.to_owned())))
        }
        Remark::Beside { .. }
        | Remark::Besides { .. }
        | Remark::OneOfSeveral { .. }
        | Remark::Theirs { .. }
        | Remark::Impossible(_) => None,
        Remark::Left { what, command } => Some(Finding {
            level: Level::Warning,
            ..error("left-to-do", address, what.clone(), Some(command.clone()))
        }),
        // Of a deletion alone: see `loss`; and of the whole address: see `promoted`.
        Remark::Holds(_) | Remark::NoLastSnapshot { .. } | Remark::OnItsOwn { .. } => None,
    }
}

/// The findings on what others have given to an object: one says all that stays, and an error says what a change would write over.
pub(super) fn besides(
    address: &Address,
    remarks: &[Remark],
    desired: &Document,
    change: &Change,
) -> Vec<Finding> {
    let (mut stays, mut remedies, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for remark in remarks {
        let Remark::Besides { field, value, what, remedy } = remark else { continue };
        match desired.get(*field) {
            Some(Value::String(wanted)) if wanted == value => {
                let message = format!("{field}: {what}, and it would be written over");
                let hint = format!("choose another `{field}`; or, where it is not needed any more: {remedy}");
                let is_changed = change.fields.iter().any(|changed| changed.path == *field);
                found.extend(is_changed.then(|| error("name-taken", address, message, Some(hint))));
            }
            Some(Value::Array(wanted)) if wanted.iter().any(|one| one == value.as_str()) => {}
            _ => {
                stays.push(what.as_str());
                remedies.push(remedy.as_str());
            }
        }
    }
    if !stays.is_empty() {
        let message = format!("{}: more than the stack file says", stays.join("; "));
        let hint = format!("where that is not meant: {}", remedies.join("; "));
        found
            .push(Finding { level: Level::Warning, ..error("left-to-others", address, message, Some(hint)) });
    }
    found
}

/// The finding on inputs that belong to somebody else, and that the stack file does not leave to others.
pub(super) fn theirs(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    desired: &Document,
    (fields, why): (&[&str], &str),
) -> Option<Finding> {
    let written = manager.fields().iter().filter(|field| {
        fields.contains(&field.name)
            && desired.contains_key(field.name)
            && !input.blueprint.ignores(address, field)
    });
    let option = |field: &Field| input.blueprint.to_write(address, manager.fields(), field.name);
    let options: Vec<&str> = written.filter_map(option).collect();
    let options = Some(options.join(", ")).filter(|options| !options.is_empty())?;
    let message = format!("{why}; not compared: {options}");
    let hint =
        format!("to say that in the stack file: write `ignore_changes: [{options}]` for {}", address.title());
    Some(Finding { level: Level::Warning, ..error("left-to-others", address, message, Some(hint)) })
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
pub(super) fn cure(input: &Input<'_>, address: &Address, id: &Id, live: &Live, row: &Status) -> Vec<Way> {
    let object = Object { address, id, region: input.region, inputs: &live.inputs, outputs: &live.outputs };
    row.ways(&object, never_made(input, address, live), is_protected_by_aws(input, address, live))
}

/// True if a lost object cannot hold data: its create never came to an end.
pub(super) fn never_made(input: &Input<'_>, address: &Address, live: &Live) -> bool {
    let Condition::Lost(row) = &live.condition else { return false };
    let record = input.state.and_then(|state| state.resources.get(address));
    let unfinished = record.is_some_and(Record::is_unfinished);
    let holds_data = input.registry.managing(address.kind()).is_some_and(Manager::holds_data);
    unfinished || row.data == Data::Never || !holds_data
}

/// True if AWS itself refuses to delete the object, and not our record alone.
pub(super) fn is_protected_by_aws(input: &Input<'_>, address: &Address, live: &Live) -> bool {
    let fields = input.registry.managing(address.kind()).map(Manager::fields).unwrap_or_default();
    let shown = fields.iter().any(|field| field.role == Some(Role::Protection) && !field.is_recorded());
    shown && Role::Protection.is_on(fields, &live.inputs)
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
        .find_map(|field| field.option())
        .map(|option| format!("write another `{option}` for {} into the stack file", change.address.title()));
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
