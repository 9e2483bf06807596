//! A port and the rules that let clients reach it: where one of them is left out of a plan, the other one stays as it is too.

use std::collections::BTreeMap;

use super::Input;
use crate::engine::address::Address;
use crate::engine::graph::Edges;
use crate::engine::plan::{Action, Change, FieldChange};
use crate::engine::resource::{Field, Role};

/// The next change of access that cannot be made before another one that is left out: its address, the fields that stay as they
/// are, and what they wait for.
pub(super) fn next_waiting(
    input: &Input<'_>,
    refers_to: &Edges<Address>,
    recorded_on: &Edges<Address>,
    changes: &BTreeMap<Address, Change>,
) -> Option<(Address, Vec<FieldChange>, Address)> {
    let uses = |user: &Address, used: &Address| {
        [refers_to, recorded_on].iter().any(|on| on.get(user).is_some_and(|on| on.contains(used)))
    };
    let rules =
        |address: &Address, fields: &[FieldChange]| some(fields, |path| is_rules(input, address, path));
    let port = |address: &Address, fields: &[FieldChange]| some(fields, |path| is_port(input, address, path));
    let updated = changes.values().filter(|change| change.action == Action::Update);
    updated
        .clone()
        .find_map(|change| {
            let address = &change.address;
            let waiting = rules(address, &change.fields)?;
            let stays = |(user, other): (&Address, &Change)| {
                port(user, &other.blocked.as_ref()?.fields)
                    .filter(|_| uses(user, address))
                    .map(|_| user.clone())
            };
            Some((address.clone(), waiting, changes.iter().find_map(stays)?))
        })
        .or_else(|| {
            updated.clone().find_map(|change| {
                let address = &change.address;
                let waiting = port(address, &change.fields)?;
                let stays = |used: &&Address| match changes.get(*used) {
                    Some(other) => {
                        other.blocked.as_ref().is_some_and(|left| rules(used, &left.fields).is_some())
                    }
                    // Something that it needs is missing, so that nothing is decided of it.
                    None => fields(input, used).iter().any(|field| field.joined.is_some()),
                };
                Some((address.clone(), waiting, refers_to.get(address)?.iter().find(stays)?.clone()))
            })
        })
}

fn some(fields: &[FieldChange], is_meant: impl Fn(&str) -> bool) -> Option<Vec<FieldChange>> {
    let meant: Vec<FieldChange> = fields.iter().filter(|field| is_meant(&field.path)).cloned().collect();
    (!meant.is_empty()).then_some(meant)
}

fn fields<'a>(input: &Input<'a>, address: &Address) -> &'a [Field] {
    input.registry.managing(address.kind()).map(|kind| kind.fields()).unwrap_or_default()
}

fn is_rules(input: &Input<'_>, address: &Address, path: &str) -> bool {
    fields(input, address).iter().any(|field| field.name == path && field.joined.is_some())
}

fn is_port(input: &Input<'_>, address: &Address, path: &str) -> bool {
    Role::Port.field(fields(input, address)) == Some(path)
}
