//! Parts and wholes: an object is a part of those that its natural key names, as a mount target is of its file system.

use std::collections::BTreeSet;

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::document::{Document, references};
use crate::engine::kind::{Manager, Registry};
use crate::engine::resource::{Field, Id};
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
        let names = manager.natural_key();
        // The one name that the stack file gives to an object names nothing else: a database can be called like its subnet group.
        let own = |field: &&Field| names == [field.name] && field.option().is_some();
        let is_own = manager.fields().iter().any(|field| own(&field));
        let mut values = names.iter().filter_map(|name| record.inputs.get(*name)?.as_str());
        !is_own && values.any(|value| value == id.as_str())
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
