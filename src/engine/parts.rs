//! Parts and wholes: an object is a part of those that its natural key names, as a mount target is of its file system.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::document::{Document, references};
use crate::engine::kind::{Manager, Registry};
use crate::engine::resource::{Field, Id, Source};
use crate::engine::state::{Record, State};

/// The addresses that declared inputs name in their natural key.
pub(crate) fn wholes(manager: &dyn Manager, inputs: &Document) -> BTreeSet<Address> {
    let names = inputs.iter().filter(|(field, _)| manager.natural_key().contains(&field.as_str()));
    references(&names.map(|(field, value)| (field.clone(), value.clone())).collect())
}

/// The recorded parts of an object: those that are named by its id.
pub(crate) fn parts_of(registry: &Registry, known: &State, id: &Id) -> Vec<Address> {
    let is_part = |address: &Address, record: &Record| {
        let Some(manager) = registry.managing(address.kind()) else { return false };
        // A name that is its own names nothing else: a group can be called like a bucket.
        let names_another =
            |field: &&Field| field.source == Source::Follows && manager.natural_key().contains(&field.name);
        let mut named = manager.fields().iter().filter(names_another);
        let is_itself = record.id.as_ref() == Some(id);
        !is_itself
            && named.any(|field| record.inputs.get(field.name).and_then(Value::as_str) == Some(id.as_str()))
    };
    let records = known.resources.iter().filter(|(_, record)| !record.watched);
    records.filter(|(address, record)| is_part(address, record)).map(|(address, _)| address.clone()).collect()
}

/// The declared parts of everything that is declared at these addresses.
pub(crate) fn declared_parts(
    registry: &Registry,
    blueprint: &Blueprint,
    of: &BTreeSet<&Address>,
) -> BTreeSet<Address> {
    let is_part = |address: &Address, inputs: &Document| {
        let manager = registry.managing(address.kind());
        manager.is_some_and(|kind| wholes(kind, inputs).iter().any(|whole| of.contains(whole)))
    };
    let declared = blueprint.declarations.iter().filter_map(|(address, declaration)| match declaration {
        Declaration::Managed { inputs } => Some((address, inputs)),
        Declaration::Watched { .. } => None,
    });
    declared
        .filter(|(address, inputs)| is_part(address, inputs))
        .map(|(address, _)| address.clone())
        .collect()
}
