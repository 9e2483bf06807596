//! The subnet group that a database is in: its own, one that it shares with other databases, or one that is there.

use serde_json::json;

use super::SECTION;
use super::options::SUBNET_GROUP;
use crate::engine::address::Address;
use crate::engine::network::Network;
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft, document, own_or_named};
use crate::stack::section::Entry;
use crate::stack::section::subnet_group::{existing, of_every_zone, subnets};
use crate::stack::section::titled::Titled;

/// The kind of subnet groups.
pub(super) const OF_SUBNETS: &str = "aws_db_subnet_group";

/// Declares the subnet group of a database, where none of those that share it has done so.
pub(super) fn subnet_group(
    draft: &mut Draft<'_>,
    network: &Network,
    (name, entry): (&Name, &Entry),
) -> Result<Address, BlueprintError> {
    let group = subnet_group_address(draft, (name, entry));
    let written = Titled::of(entry, &SUBNET_GROUP).name;
    let group_name = draft.made_with((&group, "name"), (SUBNET_GROUP.name, written), |kept| {
        kept.name(&group, unwritten(group.name()))
    });
    if draft.declares(&group) {
        return Ok(group);
    }
    let entries = draft.stack.entries(&SECTION).iter();
    let own = entries.filter(|(_, entry)| existing(entry).is_none());
    let sharing: Vec<_> = own.filter(|one| subnet_group_address(draft, *one) == group).collect();
    let mut written = sharing.iter().filter_map(|(_, entry)| Titled::of(entry, &SUBNET_GROUP).description);
    let description = match written.next() {
        Some(written) => written.to_owned(),
        None => draft.kept.text(&group, "description", format!("Subnets of {}", group.name())),
    };
    let chosen = sharing.iter().find_map(|(_, entry)| subnets(entry).cloned());
    let inputs = document(json!({
        "name": group_name,
        "description": description,
        "subnet_ids": chosen.unwrap_or_else(|| of_every_zone(network)),
        "tags": draft.tags(&group, group.name()),
    }));
    draft.declare(group.clone(), inputs)?;
    Ok(group)
}

/// The name that the subnet group of a database has where none is recorded.
pub(super) fn subnet_group_name<'a>((name, entry): (&'a Name, &'a Entry)) -> &'a str {
    Titled::of(entry, &SUBNET_GROUP).name.unwrap_or_else(|| unwritten(name.as_str()))
}

/// The name of the subnet group of a database that writes none: its own, which may be AWS's word for the group that each VPC has.
fn unwritten(name: &str) -> &str {
    if name == "default" { "default-subnets" } else { name }
}

/// The address of the subnet group of a database. Databases that write the same name share the group: it stands at the address at
/// which it is made, also where the database that has given it that address is gone, else at that of the first of them. A
/// database that has a group of its own keeps it: RDS moves none to another group of the same VPC (InvalidVPCNetworkStateFault).
fn subnet_group_address(draft: &Draft<'_>, (name, entry): (&Name, &Entry)) -> Address {
    let address = |name: &Name| Address::new(OF_SUBNETS, name.as_str());
    let own = address(name);
    let Some(written) = Titled::of(entry, &SUBNET_GROUP).name else { return own };
    if draft.kept.made_with(&own, "name").is_some() {
        return own;
    }
    if let Some(made) = draft.kept.made_as(OF_SUBNETS, "name", written) {
        return made.clone();
    }
    let entries = draft.stack.entries(&SECTION).iter();
    let mut sharing = entries.filter(|one| existing(one.1).is_none()).filter(|one| {
        let is_new = draft.kept.made_with(&address(one.0), "name").is_none();
        is_new && subnet_group_name(*one).eq_ignore_ascii_case(written)
    });
    sharing.next().map_or(own, |(first, _)| address(first))
}

/// A subnet group that a database takes as it is: the own one of another database, or one that is there.
pub(super) fn existing_subnet_group(draft: &Draft<'_>, written: &str) -> String {
    let entries = draft.stack.entries(&SECTION).iter().filter(|(_, entry)| existing(entry).is_none());
    let own = entries.map(|one| {
        let group = subnet_group_address(draft, one);
        let made = draft.kept.made_with(&group, "name").or(Titled::of(one.1, &SUBNET_GROUP).name);
        let its = made.map(str::to_owned);
        let its = its.unwrap_or_else(|| draft.kept.name(&group, unwritten(group.name())));
        (group, its)
    });
    own_or_named(own, written)
}
