//! The subnet group of a database or a cache: the stack's own, or one that is there.

use serde_json::Value;

use super::{Conflict, Entry};
use crate::engine::network::Network;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::blueprint::id_of;
use crate::stack::{Name, SubnetId};

/// The key of the option.
pub const SUBNET_GROUP: &str = "subnet_group";

/// The key of its part with the name of a group that is there.
pub const EXISTING: &str = "existing";

/// Its part with the subnets of a group of the stack's own.
pub const SUBNETS: Property = Property {
    name: "subnets",
    doc: "The ids of its subnets; without it, one of each zone of the network.",
    shape: Shape::SetOf(&Shape::Text(SubnetId::RULE)),
    need: Need::Optional,
};

/// Its part with the description of a group of the stack's own. `${…}` is a reference.
pub const DESCRIPTION: Property = Property {
    name: "description",
    doc: "The group's description.",
    shape: Shape::Text(Pattern::new("a description that is not empty", "(?s)^.+$", 65_536).but_not("\\$\\{")),
    need: Need::Optional,
};

fn part<'a>(entry: &'a Entry, key: &str) -> Option<&'a Value> {
    entry.own.get(SUBNET_GROUP)?.get(key)
}

/// The subnet group of others that an entry is in.
pub fn existing(entry: &Entry) -> Option<&str> {
    part(entry, EXISTING)?.as_str()
}

/// The subnets that are written.
pub fn subnets(entry: &Entry) -> Option<&Value> {
    part(entry, SUBNETS.name)
}

/// True for an entry that needs none of the network's zones for its subnet group.
pub fn names_subnets(entry: &Entry) -> bool {
    subnets(entry).is_some() || part(entry, EXISTING).is_some()
}

/// One subnet of each zone of the network.
pub fn of_every_zone(network: &Network) -> Value {
    network.subnets.keys().map(|zone| Value::String(id_of(&Network::subnet_address(zone)))).collect()
}

/// A group that is there is named alone.
pub fn existing_and_more(name: &Name, entry: &Entry) -> Option<Conflict> {
    let parts = entry.own.get(SUBNET_GROUP).and_then(Value::as_object)?;
    (existing(entry).is_some() && parts.len() > 1).then(|| {
        let message = format!("`{EXISTING}` names a group that is not the stack's own");
        Conflict::new(name, &[SUBNET_GROUP], message, format!("write `{EXISTING}` alone"))
    })
}
