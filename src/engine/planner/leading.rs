//! Changes in another order than that of references: a read replica is upgraded before its source, and deleted before its source loses the
//! backups that it needs; a file system is protected when the replication to it is gone.

use std::collections::{BTreeMap, BTreeSet};

use super::Input;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::references;
use crate::engine::graph::Edges;
use crate::engine::plan::{Action, Change};
use crate::engine::resource::{Effect, Role};

/// The objects whose update waits for this one: those that it refers to, and that get the same change.
pub(super) fn led(
    input: &Input<'_>,
    change: &Change,
    refers_to: &Edges<Address>,
    changes: &BTreeMap<Address, Change>,
) -> BTreeSet<Address> {
    let fields = input.registry.managing(change.address.kind()).map(|kind| kind.fields()).unwrap_or_default();
    let Some(leading) = Role::Leads.field(fields) else { return BTreeSet::new() };
    let gets_it = |change: &Change| change.action == Action::Update && change.makes(leading);
    if !gets_it(change) {
        return BTreeSet::new();
    }
    let used = refers_to.get(&change.address).into_iter().flatten();
    used.filter(|used| changes.get(*used).is_some_and(gets_it)).cloned().collect()
}

/// The objects that the declaration names where what it names lets go of it by going, as a machine does of an address.
pub(super) fn loose(input: &Input<'_>, address: &Address) -> BTreeSet<Address> {
    let fields = input.registry.managing(address.kind()).map(|kind| kind.fields()).unwrap_or_default();
    let Some(field) = Role::Loose.field(fields) else { return BTreeSet::new() };
    let Some(Declaration::Managed { inputs }) = input.blueprint.declarations.get(address) else {
        return BTreeSet::new();
    };
    let value = inputs.get(field).cloned();
    references(&value.map(|value| (field.to_owned(), value)).into_iter().collect())
}

/// The objects that go before this one is updated, though they refer to it: all of them where it is changed in what holds it back as long
/// as it is used, and its copies where it loses data.
pub(super) fn freed_of(
    input: &Input<'_>,
    change: &Change,
    recorded_on: &Edges<Address>,
    changes: &BTreeMap<Address, Change>,
) -> BTreeSet<Address> {
    if change.action != Action::Update {
        return BTreeSet::new();
    }
    let manager = |address: &Address| input.registry.managing(address.kind());
    let fields = manager(&change.address).map(|kind| kind.fields()).unwrap_or_default();
    let waits = |name: &str| change.fields.iter().any(|field| field.path == name);
    let is_freed = Role::Freed.field(fields).is_some_and(waits);
    let loses = change.fields.iter().any(|field| field.effect == Effect::DataLoss);
    let is_copy =
        |user: &Address| manager(user).is_some_and(|kind| kind.alike().contains(&change.address.kind()));
    let uses = |user: &&Address| recorded_on.get(*user).is_some_and(|on| on.contains(&change.address));
    let goes = changes.iter().filter(|(_, other)| other.action == Action::Delete).map(|(user, _)| user);
    goes.filter(uses).filter(|user| is_freed || (loses && is_copy(user))).cloned().collect()
}
