//! Entries behind a security group of their own, which lets in the sources that the author chooses.
//!
//! A section takes part in this by the rows [`SECURITY_GROUP`] and [`access`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::source::{self, ACCESS, Peer, Source};
use super::titled::{DESCRIPTION_RULE, Titled, titled};
use super::{Conflict, Entry, Section};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::network::{Network, Role};
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::blueprint::{BlueprintError, Draft, document, id_of};
use crate::stack::sections::SECTIONS;
use crate::stack::{Name, Stack};

pub use super::source::access;

/// The name of a security group (CreateSecurityGroup). AWS would allow `$`, `{` and `}` too; they are left out, since
/// `${…}` is a reference.
const GROUP_NAME: Pattern = Pattern::new(
    "a security group's name: letters, digits, spaces and `._-:/()#,@[]+=&;!*`, at most 255, not starting with `sg-`, \
     and not `default`",
    "^[A-Za-z0-9._\\-:/()#,@\\[\\]+=&;!*]([A-Za-z0-9 ._\\-:/()#,@\\[\\]+=&;!*]*[A-Za-z0-9._\\-:/()#,@\\[\\]+=&;!*])?$",
    255,
)
.but_not("^([sS][gG]-|[dD][eE][fF][aA][uU][lL][tT]$)");

/// A name, or the id of a group that is there. What begins like an id and is none is refused.
const NAME_OR_ID: Pattern = Pattern {
    is: "a security group's name: letters, digits, spaces and `._-:/()#,@[]+=&;!*`, at most 255, not starting with `sg-` \
         unless it is the id of a group that is there, and not `default`",
    never: Some("^([sS]G-|S[gG]-|sg-[0-9a-f]*[^0-9a-f]|sg-$|[dD][eE][fF][aA][uU][lL][tT]$)"),
    ..GROUP_NAME
};

/// The option that names the group.
pub const SECURITY_GROUP: Property = Property {
    name: "security_group",
    doc: "The name of the security group that is made for it, or its name and description; without it, the stack's name and its \
          own. The id of a group that is there takes that one in its place, which is never changed.",
    shape: titled(
        &Shape::Text(NAME_OR_ID),
        &Shape::Object(&[
            Property {
                name: "name",
                doc: "The group's name. Another one is a new group.",
                shape: Shape::Text(GROUP_NAME),
                need: Need::Optional,
            },
            Property {
                name: "description",
                doc: "The group's description. A group that is there keeps its own.",
                shape: Shape::Text(DESCRIPTION_RULE),
                need: Need::Optional,
            },
        ]),
    ),
    need: Need::Optional,
};

/// The option with groups that are attached besides.
pub const EXTRA_SECURITY_GROUPS: Property = Property {
    name: "extra_security_groups",
    doc: "The ids of security groups that are attached besides. They are never changed.",
    shape: Shape::SetOf(&Shape::Text(source::GROUP_ID)),
    need: Need::Optional,
};

/// The id of the group that somebody else made for an entry.
fn foreign(entry: &Entry) -> Option<&str> {
    Titled::of(entry, &SECURITY_GROUP).name.filter(|name| name.starts_with("sg-"))
}

/// The ids of the groups that are attached besides.
fn extra(entry: &Entry) -> impl Iterator<Item = &str> {
    let listed = entry.get(&EXTRA_SECURITY_GROUPS).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str)
}

/// The roles that may reach an entry by its own group.
pub fn roles(entry: &Entry) -> BTreeSet<Role> {
    if foreign(entry).is_some() { BTreeSet::new() } else { source::roles(entry) }
}

/// The security groups of an entry, as they are written in the inputs of what has them: its own, which is declared and lets
/// its sources in on a port, or the one that stands in its place, and those that are attached besides.
///
/// # Errors
/// [`BlueprintError`] where another object has the address of its own group.
pub fn attached(
    draft: &mut Draft<'_>,
    network: &Network,
    (name, entry): (&Name, &Entry),
    service: (&str, u32),
) -> Result<Vec<String>, BlueprintError> {
    let first = match foreign(entry) {
        Some(id) => id.to_owned(),
        None => id_of(&declare(draft, network, (name, entry), service)?),
    };
    Ok([first].into_iter().chain(extra(entry).map(str::to_owned)).collect())
}

/// The address of the security group of an entry: the recorded one, also where the entry was named like a role before.
fn address(draft: &Draft<'_>, name: &Name) -> Address {
    let plain = Address::new("aws_security_group", name.as_str());
    let beside = Network::beside_a_role(name.as_str());
    match draft.kept.made_with(&beside, "name") {
        Some(_) => beside,
        None => Network::beside(plain),
    }
}

/// Declares the security group of an entry, which lets its sources in on a port.
///
/// # Errors
/// [`BlueprintError`] where another object has its address.
fn declare(
    draft: &mut Draft<'_>,
    network: &Network,
    (name, entry): (&Name, &Entry),
    (service, port): (&str, u32),
) -> Result<Address, BlueprintError> {
    let address = address(draft, name);
    let titled = Titled::of(entry, &SECURITY_GROUP);
    let group_name = match titled.name {
        Some(written) => written.to_owned(),
        None => draft.kept.name(&address, &group_name(draft.stack, name, &Entry::default())),
    };
    let default = format!("{service} access to {name}");
    // Another name is another group, which is made with what is written.
    let is_new =
        draft.kept.recorded(&address, "name").is_none_or(|its| !its.eq_ignore_ascii_case(&group_name));
    let description = match titled.description.filter(|_| is_new) {
        Some(written) => written.to_owned(),
        None => {
            let written = ("security_group", titled.description);
            draft.made_with((&address, "description"), written, |kept| {
                kept.text(&address, "description", default)
            })
        }
    };
    let rules = rules(network, entry, service, port);
    let tags = draft.tags(&as_tag(&group_name));
    let inputs = document(json!({
        "name": group_name,
        "description": description,
        "vpc_id": id_of(&Network::vpc_address()),
        "ingress": rules,
        // As AWS itself sets it on a new group, without a description too.
        "egress": [{ "protocol": "-1", "source": "0.0.0.0/0", "description": "" }],
        "tags": tags,
    }));
    draft.declare(address.clone(), inputs)?;
    Ok(address)
}

/// The rules that let the sources of an entry in.
fn rules(network: &Network, entry: &Entry, service: &str, port: u32) -> Vec<Document> {
    let mut rules = Vec::new();
    // AWS refuses a rule that stands twice: two roles may share a group, and a group may be named that a role has.
    let mut seen = BTreeSet::new();
    for Source { peer, all_ports, description } in source::sources(entry) {
        let what = if all_ports { "All traffic" } else { service };
        let default = match &peer {
            Peer::Role(role) => format!("{what} from the {} of the cluster", role.name()),
            Peer::Other(other) => format!("{what} from {other}"),
        };
        let description = description.unwrap_or(default);
        let rule = |source: &str| match all_ports {
            true => document(json!({ "protocol": "-1", "source": source, "description": description })),
            false => document(json!({
                "protocol": "tcp",
                "from_port": port,
                "to_port": port,
                "source": source,
                "description": description,
            })),
        };
        match peer {
            Peer::Other(other) => {
                if seen.insert((other.clone(), all_ports)) {
                    rules.push(rule(&other));
                }
            }
            Peer::Role(role) => {
                let mut sources = network.group_addresses(role).peekable();
                if sources.peek().is_none() {
                    // Nothing declares it: the planner says so of what needs it, and of nothing else.
                    rules.push(rule(&id_of(&role.address())));
                }
                let sources = sources.filter(|(_, id)| seen.insert((id.to_string(), all_ports)));
                rules.extend(sources.map(|(source, _)| rule(&id_of(source))));
            }
        }
    }
    rules
}

/// The name of the group of an entry, chosen or not.
fn group_name(stack: &Stack, name: &Name, entry: &Entry) -> String {
    Titled::of(entry, &SECURITY_GROUP).name.map_or_else(|| format!("{}-{name}", stack.stack), str::to_owned)
}

/// The name of a group as the value of a tag, in which fewer characters are allowed.
fn as_tag(group_name: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    group_name.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}

/// Each entry has a security group of its own.
pub(in crate::stack) fn check(stack: &Stack) -> Vec<(&'static Section, Conflict)> {
    let mut found = Vec::new();
    // AWS does not tell names of groups apart by case.
    let mut groups: BTreeMap<String, &Name> = BTreeMap::new();
    for section in SECTIONS.iter().copied().filter(|section| section.has(SECURITY_GROUP.name)) {
        for (name, entry) in stack.entries(section) {
            let conflict = |options: &[&'static str], message, remedy: &str| Conflict {
                path: vec![name.to_string()],
                options: options.to_vec(),
                message,
                remedy: remedy.to_owned(),
            };
            if let Some(id) = foreign(entry) {
                if entry.has_written(ACCESS) {
                    let message = format!("`access` says nothing of {id}, which is not the stack's own");
                    let remedy = format!("leave `access` out, or name another `{}`", SECURITY_GROUP.name);
                    found.push((section, conflict(&[ACCESS, SECURITY_GROUP.name], message, &remedy)));
                }
                if extra(entry).any(|other| other == id) {
                    let message = format!("{id} is the `{}` already", SECURITY_GROUP.name);
                    let options = [EXTRA_SECURITY_GROUPS.name, SECURITY_GROUP.name];
                    found.push((section, conflict(&options, message, "name it once")));
                }
                continue;
            }
            let group = group_name(stack, name, entry);
            // Two entries of one name are told of as that.
            let first = groups.insert(group.to_lowercase(), name).filter(|first| *first != name);
            if let Some(first) = first {
                let message = format!("`{group}` is the security group of `{first}` already");
                let remedy = "choose another `security_group`, or leave it out";
                found.push((section, conflict(&[SECURITY_GROUP.name], message, remedy)));
            }
        }
    }
    found
}
