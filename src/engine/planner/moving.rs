//! Objects that are changed in two parts: what clients pass through lets the old ones through until they have moved.

use std::collections::{BTreeMap, BTreeSet};

use super::Input;
use crate::engine::address::Address;
use crate::engine::graph::Edges;
use crate::engine::plan::{Action, Change};
use crate::engine::resource::Role;

/// Finds them, and says it in the reason of each change.
pub(super) fn in_two_parts(
    input: &Input<'_>,
    uses: [&Edges<Address>; 2],
    changes: &mut BTreeMap<Address, Change>,
) -> BTreeSet<Address> {
    let moving: Vec<&Address> = changes
        .iter()
        .filter(|(address, change)| moves(input, address, change))
        .map(|(address, _)| address)
        .collect();
    let used_by = |address: &Address| {
        let uses_it = |user: &Address| {
            uses.iter().any(|uses| uses.get(user).is_some_and(|used| used.contains(address)))
        };
        moving.iter().copied().find(|user| uses_it(user))
    };
    let passed = |(address, change): (&Address, &Change)| {
        let fields = input.registry.managing(address.kind())?.fields();
        let is_joined = |path: &str| fields.iter().any(|field| field.name == path && field.joined.is_some());
        let is_passed =
            change.action == Action::Update && change.fields.iter().any(|field| is_joined(&field.path));
        Some((address.clone(), used_by(address).filter(|_| is_passed)?.clone()))
    };
    let found: BTreeMap<Address, Address> = changes.iter().filter_map(passed).collect();
    for (address, user) in &found {
        if let Some(change) = changes.get_mut(address) {
            change.reason = format!("{}; what goes of it stays until {user} has moved", change.reason);
        }
    }
    found.into_keys().collect()
}

/// True if clients are to find the object at another port, or if an earlier run has begun to change it.
fn moves(input: &Input<'_>, address: &Address, change: &Change) -> bool {
    let fields = input.registry.managing(address.kind()).map(|kind| kind.fields()).unwrap_or_default();
    let Some(port) = Role::Port.field(fields) else { return false };
    let gets_another = change.fields.iter().any(|field| field.path == port);
    change.action == Action::Update && (gets_another || change.fields.is_empty())
}
