//! Rules of security groups, as they are written: a peer, a protocol with its ports, and a description.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::engine::document::Document;
use crate::engine::network::{Network, Role};
use crate::engine::resource::{Need, Pattern, Property, Shape, cidr};
use crate::stack::Name;
use crate::stack::blueprint::{document, id_of};
use crate::stack::section::behind_group::describe::role_of;
use crate::stack::section::group;
use crate::stack::section::source::{NETWORK, PREFIX_LIST, ROLE};
use crate::stack::section::titled::DESCRIPTION_RULE;

/// One rule.
pub(super) const RULE: Shape = Shape::OneForm(&[OF_NETWORK, OF_GROUP, OF_ROLE, OF_PREFIX_LIST]);

/// The word for the group that has the rule.
pub(super) const SELF: &str = "self";

const GROUP: Property = Property {
    name: "group",
    doc: "Another security group: an entry's name here, an id, or the account and id of another account's; or `self`.",
    shape: Shape::Text(PEER),
    need: Need::Required,
};

const PEER: Pattern = Pattern {
    is: "a security group: the name of an entry, an id such as `sg-0123456789abcdef0`, another account's such as \
         `123456789012/sg-0123456789abcdef0`, or `self`",
    // Balancers of the classic kind have a group of AWS's own account ("amazon-elb/amazon-elb-sg", Classic Load Balancers guide).
    pattern: "^((([0-9]{12}|amazon-elb)/)?sg-[0-9a-f]+|[a-z][a-z0-9]*(-[a-z0-9]+)*)$",
    never: Some("^sg-[0-9a-f]*[^0-9a-f]"),
    longest: 80,
    ..Name::RULE
};

const PROTOCOL: Property = Property {
    name: "protocol",
    doc: "`tcp`, which it is without it, `udp`, `icmp`, `icmpv6`, the number of another one, or `all` for everything.",
    shape: Shape::Text(
        Pattern::new(
            "a protocol: `tcp`, `udp`, `icmp`, `icmpv6`, `all`, or a number from 0 to 255",
            "^(tcp|udp|icmp|icmpv6|all|[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$",
            8,
        )
        .without_quotes(0, 256),
    ),
    need: Need::Optional,
};

const PORT: Property = Property {
    name: "port",
    doc: "The port, of tcp and udp.",
    shape: Shape::Whole { least: 0, most: 65_535 },
    need: Need::Optional,
};

const PORTS: Property = Property {
    name: "ports",
    doc: "The first and the last of several ports: `8000-8100`; `0-65535` for all of them.",
    shape: Shape::Text(
        Pattern::new("two ports from 0 to 65535, such as `8000-8100`", "^[0-9]{1,5}-[0-9]{1,5}$", 11)
            .judged_by(range),
    ),
    need: Need::Optional,
};

const TYPE: Property = Property {
    name: "type",
    doc: "The type of messages, of icmp and icmpv6; all of them without it.",
    shape: Shape::Whole { least: 0, most: 255 },
    need: Need::Optional,
};

const CODE: Property = Property {
    name: "code",
    doc: "The code of such messages; all of them without it.",
    shape: Shape::Whole { least: 0, most: 255 },
    need: Need::Optional,
};

const DESCRIPTION: Property = Property {
    name: "description",
    doc: "The rule's description; none without it.",
    shape: Shape::Text(DESCRIPTION_RULE),
    need: Need::Optional,
};

const OF_NETWORK: &[Property] = &[NETWORK, PROTOCOL, PORT, PORTS, TYPE, CODE, DESCRIPTION];
const OF_GROUP: &[Property] = &[GROUP, PROTOCOL, PORT, PORTS, TYPE, CODE, DESCRIPTION];
const OF_ROLE: &[Property] = &[ROLE, PROTOCOL, PORT, PORTS, TYPE, CODE, DESCRIPTION];
const OF_PREFIX_LIST: &[Property] = &[PREFIX_LIST, PROTOCOL, PORT, PORTS, TYPE, CODE, DESCRIPTION];

/// The two ends of a range of ports.
fn ends(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn range(text: &str) -> Option<String> {
    match ends(text) {
        Some((first, last)) if first <= last => None,
        Some(_) => Some(format!("`{text}` is no range: the first port is beyond the last")),
        None => Some(format!("`{text}` is no range of ports, which are 0 to 65535")),
    }
}

/// One rule, as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule<'a>(&'a Document);

impl<'a> Rule<'a> {
    pub(super) fn read(written: &'a Value) -> Option<Self> {
        written.as_object().map(Self)
    }

    fn text(self, option: &Property) -> Option<&'a str> {
        self.0.get(option.name)?.as_str()
    }

    fn number(self, option: &Property) -> Option<i64> {
        self.0.get(option.name)?.as_i64()
    }

    fn has(self, option: &Property) -> bool {
        self.0.contains_key(option.name)
    }

    /// The entry that is the peer. The group itself may be named so too.
    pub(super) fn entry(self) -> Option<&'a str> {
        self.text(&GROUP).filter(|group| *group != SELF && !group::is_id(group))
    }

    /// The role that is the peer.
    pub(super) fn role(self) -> Option<Role> {
        let name = self.text(&ROLE)?;
        Role::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The protocol, as AWS shows it.
    fn protocol(self) -> &'a str {
        match self.text(&PROTOCOL).unwrap_or("tcp") {
            "all" => "-1",
            "1" => "icmp",
            "6" => "tcp",
            "17" => "udp",
            "58" => "icmpv6",
            other => other,
        }
    }

    /// The ports, or the type and code of messages.
    fn ports(self) -> (Option<i64>, Option<i64>) {
        match self.protocol() {
            "tcp" | "udp" => match (self.number(&PORT), self.text(&PORTS).and_then(ends)) {
                (Some(port), _) => (Some(port), Some(port)),
                (None, Some((first, last))) => (Some(first.into()), Some(last.into())),
                (None, None) => (None, None),
            },
            "icmp" | "icmpv6" => {
                (Some(self.number(&TYPE).unwrap_or(-1)), Some(self.number(&CODE).unwrap_or(-1)))
            }
            _ => (None, None),
        }
    }

    /// The reason why this is no rule, to be read after its place, and what to write instead.
    pub(super) fn wrong(self) -> Option<(String, String)> {
        let protocol = self.text(&PROTOCOL).unwrap_or("tcp");
        let (has_ports, has_types): (&[_], &[_]) = (&[PORT, PORTS], &[TYPE, CODE]);
        let (ours, others) = match self.protocol() {
            "tcp" | "udp" => (has_ports, has_types),
            "icmp" | "icmpv6" => (has_types, has_ports),
            _ => (&[][..], &[PORT, PORTS, TYPE, CODE][..]),
        };
        if let Some(odd) = others.iter().find(|option| self.has(option)) {
            let message = format!("has a `{}`, and {protocol} has none", odd.name);
            let instead = match ours {
                [] => "leave it out, or name another `protocol`".to_owned(),
                [first, second] => {
                    format!("write `{}` or `{}`, or name another `protocol`", first.name, second.name)
                }
                _ => "leave it out".to_owned(),
            };
            return Some((message, instead));
        }
        let is_of_ports = matches!(self.protocol(), "tcp" | "udp");
        match (self.has(&PORT), self.has(&PORTS)) {
            (false, false) if is_of_ports => {
                let message = format!("names no port of {protocol}");
                let remedy = "write `port: 443`, `ports: 8000-8100`, or `protocol: all` for everything";
                Some((message, remedy.to_owned()))
            }
            (true, true) => {
                Some(("has both `port` and `ports`".to_owned(), "write one of the two".to_owned()))
            }
            // "If this is -1 (all ICMP types), the end port must be -1 (all ICMP codes)" (SecurityGroupRule, EC2 API reference).
            _ if self.has(&CODE) && !self.has(&TYPE) => Some((
                "has a `code`, and no `type` that it is of".to_owned(),
                "write the `type` too".to_owned(),
            )),
            _ => None,
        }
    }

    /// The rule with this peer, as the kind takes it.
    fn with(self, source: &str) -> Document {
        let (from, to) = self.ports();
        document(json!({
            "protocol": self.protocol(),
            "from_port": from,
            "to_port": to,
            "source": source,
            "description": self.text(&DESCRIPTION).unwrap_or_default(),
        }))
    }

    /// The peer in its one way of being written, where it is one alone.
    fn peer(self, name: &Name) -> String {
        if let Some(written) = self.text(&NETWORK) {
            return cidr::canonical(written).unwrap_or_else(|| written.to_owned());
        }
        match self.text(&GROUP).or_else(|| self.text(&PREFIX_LIST)) {
            Some(own) if own == name.as_str() || own == SELF => SELF.to_owned(),
            Some(group) if self.has(&GROUP) => group::of_text(group),
            Some(list) => list.to_owned(),
            None => self.text(&ROLE).unwrap_or_default().to_owned(),
        }
    }

    /// All of the rule that AWS tells from another one.
    pub(super) fn identity(self, name: &Name) -> String {
        let mut rule = self.with(&self.peer(name));
        rule.remove("description");
        Value::Object(rule).to_string()
    }
}

/// The rules as the kind takes them: one for each group of a role.
pub(super) fn declared<'a>(
    network: &Network,
    name: &Name,
    rules: impl Iterator<Item = Rule<'a>>,
) -> Vec<Document> {
    let mut declared = Vec::new();
    // AWS refuses a rule that stands twice: two roles may share a group.
    let mut seen = BTreeSet::new();
    for rule in rules {
        let Some(role) = rule.role() else {
            declared.push(rule.with(&rule.peer(name)));
            continue;
        };
        let mut sources = network.group_addresses(role).peekable();
        if sources.peek().is_none() {
            // Nothing declares it: the planner says so of what needs it, and of nothing else.
            declared.push(rule.with(&id_of(&role.address())));
        }
        for (address, id) in sources {
            let (protocol, ports) = (rule.protocol(), rule.ports());
            if seen.insert((id.to_string(), protocol.to_owned(), ports)) {
                declared.push(rule.with(&id_of(address)));
            }
        }
    }
    declared
}

/// A rule of a group that is there, as it is written. `entry` gives the name of a group that is an entry.
pub(super) fn written(
    network: Option<&Network>,
    rule: &Document,
    mut entry: impl FnMut(&str) -> Option<String>,
) -> Document {
    let text = |field: &str| rule.get(field).and_then(Value::as_str).unwrap_or_default();
    let number = |field: &str| rule.get(field).and_then(Value::as_i64);
    let peer = text("source");
    let role = network.and_then(|network| role_of(network, peer));
    let (option, peer) = match role {
        Some(role) => (ROLE, role.name().to_owned()),
        None if peer == SELF || peer.contains("/sg-") => (GROUP, peer.to_owned()),
        None if peer.starts_with("sg-") => (GROUP, entry(peer).unwrap_or_else(|| peer.to_owned())),
        None if peer.starts_with("pl-") => (PREFIX_LIST, peer.to_owned()),
        None => (NETWORK, peer.to_owned()),
    };
    let mut written = Document::from_iter([(option.name.to_owned(), peer.into())]);
    let protocol = if text("protocol") == "-1" { "all" } else { text("protocol") };
    if protocol != "tcp" {
        written.insert(PROTOCOL.name.to_owned(), protocol.into());
    }
    match (protocol, number("from_port"), number("to_port")) {
        ("tcp" | "udp", Some(from), Some(to)) if from == to => {
            written.insert(PORT.name.to_owned(), from.into());
        }
        ("tcp" | "udp", Some(from), Some(to)) => {
            written.insert(PORTS.name.to_owned(), format!("{from}-{to}").into());
        }
        ("icmp" | "icmpv6", from, to) => {
            for (option, value) in [(TYPE, from), (CODE, to)] {
                let value = value.filter(|value| *value >= 0);
                written.extend(value.map(|value| (option.name.to_owned(), value.into())));
            }
        }
        _ => {}
    }
    let description = Some(text("description")).filter(|text| !text.is_empty());
    written.extend(description.map(|text| (DESCRIPTION.name.to_owned(), text.into())));
    written
}
