//! The sources that may reach an entry: roles of the cluster, networks, other security groups and prefix lists.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Entry;
use super::titled::DESCRIPTION_RULE;
use crate::engine::network::Role;
use crate::engine::resource::cidr::{self, CIDR};
use crate::engine::resource::{Need, Pattern, Property, Shape};

pub(in crate::stack) const ACCESS: &str = "access";

/// The option that lets sources in.
pub const fn access(doc: &'static str) -> Property {
    Property { name: ACCESS, doc, shape: Shape::SetOf(&SOURCE), need: Need::Texts(&Role::NAMES) }
}

const SOURCE: Shape = Shape::TextOr {
    text: &Shape::OneOf(&Role::NAMES),
    options: &Shape::OneForm(&[OF_ROLE, OF_NETWORK, OF_GROUP, OF_PREFIX_LIST]),
    identity,
};

/// The id of a security group, with its account where that is another one ("Security group rules", VPC user guide, "Security group
/// referencing"). EC2 itself says of its length that it may grow.
const GROUP_ID: Pattern = Pattern::new(
    "the id of a security group, such as `sg-0123456789abcdef0`, or another account's, such as \
     `123456789012/sg-0123456789abcdef0`",
    "^([0-9]{12}/)?sg-[0-9a-f]+$",
    77,
);

const PREFIX_LIST_ID: Pattern =
    Pattern::new("the id of a prefix list, such as `pl-0123456789abcdef0`", "^pl-[0-9a-f]+$", 64);

pub(in crate::stack) const ROLE: Property = Property {
    name: "role",
    doc: "A role of the cluster's machines.",
    shape: Shape::OneOf(&Role::NAMES),
    need: Need::Required,
};
pub(in crate::stack) const NETWORK: Property = Property {
    name: "cidr",
    doc: "A network of IPv4 or IPv6, without host bits.",
    shape: Shape::Text(CIDR),
    need: Need::Required,
};
const GROUP: Property = Property {
    name: "group",
    doc: "The id of another security group, in the same VPC or in one that is peered with it; with the account before it where that is another.",
    shape: Shape::Text(GROUP_ID),
    need: Need::Required,
};
pub(in crate::stack) const PREFIX_LIST: Property = Property {
    name: "prefix_list",
    doc: "The id of a prefix list, the account's own or AWS's.",
    shape: Shape::Text(PREFIX_LIST_ID),
    need: Need::Required,
};
const PORTS: Property = Property {
    name: "ports",
    doc: "`all` lets in all ports of all protocols; without it, the service's own port.",
    shape: Shape::OneOf(&["all"]),
    need: Need::Optional,
};
const DESCRIPTION: Property = Property {
    name: "description",
    doc: "The rule's description; without it, one is made from the source.",
    shape: Shape::Text(DESCRIPTION_RULE),
    need: Need::Optional,
};

const OF_ROLE: &[Property] = &[ROLE, PORTS, DESCRIPTION];
const OF_NETWORK: &[Property] = &[NETWORK, PORTS, DESCRIPTION];
const OF_GROUP: &[Property] = &[GROUP, PORTS, DESCRIPTION];
const OF_PREFIX_LIST: &[Property] = &[PREFIX_LIST, PORTS, DESCRIPTION];

/// A source is one and the same whatever its description: AWS takes one rule for both.
fn identity(source: &Value) -> Value {
    let Source { peer, all_ports, .. } = match Source::read(source) {
        Some(source) => source,
        None => return source.clone(),
    };
    let peer = match peer {
        Peer::Role(role) => role.name().to_owned(),
        Peer::Other(other) => other,
    };
    json!([peer, all_ports])
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    Role(Role),
    /// The id of a group or prefix list, or a network.
    Other(String),
}

/// One source of access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    pub peer: Peer,
    pub all_ports: bool,
    pub description: Option<String>,
}

impl Source {
    fn read(source: &Value) -> Option<Self> {
        let role = |name: &str| Role::ALL.into_iter().find(|role| role.name() == name).map(Peer::Role);
        if let Some(name) = source.as_str() {
            return Some(Self { peer: role(name)?, all_ports: false, description: None });
        }
        let text = |option: &Property| source.get(option.name).and_then(Value::as_str);
        let peer = match (text(&ROLE), text(&NETWORK)) {
            (Some(name), _) => role(name)?,
            (_, Some(network)) => Peer::Other(cidr::canonical(network).unwrap_or_else(|| network.to_owned())),
            _ => Peer::Other(text(&GROUP).or_else(|| text(&PREFIX_LIST))?.to_owned()),
        };
        let description = text(&DESCRIPTION).map(str::to_owned);
        Some(Self { peer, all_ports: source.get(PORTS.name).is_some(), description })
    }
}

/// The sources that may reach an entry, the roles first.
pub(super) fn sources(entry: &Entry) -> Vec<Source> {
    let listed = entry.own.get(ACCESS).and_then(Value::as_array).into_iter().flatten();
    let all: BTreeSet<Source> = listed.filter_map(Source::read).collect();
    all.into_iter().collect()
}

/// The roles that may reach an entry.
pub(super) fn roles(entry: &Entry) -> BTreeSet<Role> {
    let role = |source: Source| match source.peer {
        Peer::Role(role) => Some(role),
        Peer::Other(_) => None,
    };
    sources(entry).into_iter().filter_map(role).collect()
}
