//! The names of an object that is taken over: those that no update changes must be the declared ones, or be kept as recorded.

use serde_json::Value;

use super::Refused;
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::KindError;
use crate::engine::document::{Document, is_unknown, references};
use crate::engine::kind::{Live, Manager, Misfit};
use crate::engine::refresh::RefreshError;
use crate::engine::resource::{Field, Id, Verdict};

/// The fields that stay as AWS has them, since the object is where it was declared to be: a mount target in another subnet of its
/// zone.
pub(super) fn kept_in_place(
    manager: &dyn Manager,
    address: &Address,
    resolved: &Document,
    live: &Live,
) -> Vec<&'static str> {
    let differs = |field: &&Field| match (resolved.get(field.name), live.inputs.get(field.name)) {
        (Some(wanted), Some(seen)) => !is_unknown(wanted) && !(field.met)(wanted, seen),
        _ => false,
    };
    let fields = manager.fields().iter().filter(differs);
    fields.filter(|field| field.is_in_its_place(address, &live.outputs)).map(|field| field.name).collect()
}

/// Refuses an object whose name no update could bring to the declared one: it would be replaced at once. What no option of the stack
/// file says, and is chosen once, stays as it is recorded.
pub(super) fn check_names(
    manager: &dyn Manager,
    address: &Address,
    id: &Id,
    (declared, resolved): (&Document, &Document),
    live: &Live,
    blueprint: &Blueprint,
) -> Result<(), Refused> {
    let wanted = manager.normalise(resolved).map_err(|misfit| unread(address, misfit))?;
    let names = manager.fields().iter().filter(|field| manager.natural_key().contains(&field.name));
    for field in names.filter(|field| field.is_fixed()) {
        let (Some(desired), Some(seen)) = (wanted.get(field.name), live.inputs.get(field.name)) else {
            continue;
        };
        if is_unknown(desired) || (field.met)(desired, seen) {
            continue;
        }
        if field.is_in_its_place(address, &live.outputs) {
            continue;
        }
        if let Some(place) = field.kept_in.and_then(|output| live.outputs.get(output)) {
            let place = text(place);
            let right = Address::member(address.kind(), address.name(), &place);
            let right = Some(right).filter(|right| blueprint.declarations.contains_key(right));
            return Err(Refused::Elsewhere { address: address.clone(), id: id.clone(), place, right });
        }
        if is_kept(field) {
            check_kept(manager, address, id, field, (&wanted, seen))?;
            continue;
        }
        let parts = declared
            .get(field.name)
            .map(|value| references(&Document::from_iter([(field.name.to_owned(), value.clone())])));
        return Err(Refused::OtherName {
            address: address.clone(),
            id: id.clone(),
            field: field.name.to_owned(),
            live: text(seen),
            declared: text(desired),
            option: field.option(),
            part_of: parts.into_iter().flatten().find(|part| is_managed(blueprint, part)),
        });
    }
    Ok(())
}

/// True for what can be taken over itself.
fn is_managed(blueprint: &Blueprint, address: &Address) -> bool {
    matches!(blueprint.declarations.get(address), Some(Declaration::Managed { .. }))
}

/// True for a field that the stack file cannot say.
fn is_kept(field: &Field) -> bool {
    field.chosen_once && field.option().is_none()
}

/// A name that is kept must be one that the kind can go on with.
fn check_kept(
    manager: &dyn Manager,
    address: &Address,
    id: &Id,
    field: &Field,
    (wanted, seen): (&Document, &Value),
) -> Result<(), Refused> {
    let mut kept = wanted.clone();
    kept.insert(field.name.to_owned(), seen.clone());
    let invalid = manager.check(&kept, None).map_err(|misfit| unread(address, misfit))?;
    let unfit = invalid.into_iter().find(|one| one.field == field.name && one.verdict == Verdict::Refused);
    match unfit {
        None => Ok(()),
        Some(one) => {
            let why = format!("its {} {}", one.field, one.message);
            Err(Refused::Unfit { address: address.clone(), id: id.clone(), why })
        }
    }
}

fn unread(address: &Address, misfit: Misfit) -> Refused {
    RefreshError { kind: address.kind().to_owned(), source: KindError::Misfit(misfit) }.into()
}

fn text(value: &Value) -> String {
    value.as_str().map_or(value.to_string(), str::to_owned)
}
