//! Updates that come before those of what their objects refer to: a read replica is upgraded before its source.

use std::collections::{BTreeMap, BTreeSet};

use super::Input;
use crate::engine::address::Address;
use crate::engine::graph::Edges;
use crate::engine::plan::{Action, Change};
use crate::engine::resource::Role;

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
