//! Entries behind a security group of their own, which lets in the sources that the author chooses.
//!
//! A section takes part in this by the rows [`SECURITY_GROUP`] and [`access`].

pub(in crate::stack) mod describe;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::group::{self, Group};

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

/// A name, or the id of a group that is there. What begins like an id and is none is refused.
const NAME_OR_ID: Pattern = Pattern {
    is: "a security group's name: letters, digits, spaces and `._-:/()#,@[]+=&;!*`, at most 255, not starting with `sg-` \
         unless it is the id of a group that is there, and not `default`",
    never: Some("^([sS]G-|S[gG]-|sg-[0-9a-f]*[^0-9a-f]|sg-$|[dD][eE][fF][aA][uU][lL][tT]$)"),
    ..group::NAME
};

/// The part of the option with the name of an entry that takes the group's place.
const ENTRY: &str = "entry";

/// The id of a group, or the name of an entry. No entry is called like an id.
const ENTRY_OR_ID: Pattern = Pattern {
    is: "the id of a security group, such as `sg-0123456789abcdef0`, or the name of an entry of security groups",
    pattern: "^(sg-[0-9a-f]+|[a-z][a-z0-9]*(-[a-z0-9]+)*)$",
    never: Some("^sg-[0-9a-f]*[^0-9a-f]"),
    ..Name::RULE
};

/// The option that names the group.
pub const SECURITY_GROUP: Property = Property {
    name: "security_group",
    doc: "The name of the security group that is made for it, or its name and description; without it, the stack's name and its \
          own. The id of a group that is there takes that one in its place, which is never changed, and `entry` one of \
          `security_groups`.",
    shape: titled(
        &Shape::Text(NAME_OR_ID),
        &Shape::Object(&[
            Property {
                name: "name",
                doc: "The group's name. Another one is a new group.",
                shape: Shape::Text(group::NAME),
                need: Need::Optional,
            },
            Property {
                name: "description",
                doc: "The group's description. A group that is there keeps its own.",
                shape: Shape::Text(DESCRIPTION_RULE),
                need: Need::Optional,
            },
            Property {
                name: ENTRY,
                doc: "The name of an entry of `security_groups`, which takes the group's place; alone.",
                shape: Shape::Text(Name::RULE),
                need: Need::Optional,
            },
        ]),
    ),
    need: Need::Optional,
};

/// The option with groups that are attached besides.
pub const EXTRA_SECURITY_GROUPS: Property = Property {
    name: "extra_security_groups",
    doc: "Security groups that are attached besides: by their ids, which are never changed, or by the names of entries of \
          `security_groups`.",
    shape: Shape::SetOf(&Shape::Text(ENTRY_OR_ID)),
    need: Need::Optional,
};

/// "Security groups per network interface": 5, and "up to 16" where the quota is raised ("Amazon VPC quotas", Amazon VPC User Guide). The
/// plan asks for the account's.
const MOST_GROUPS: usize = 16;

/// The group in the place of an entry's own: the id of one that somebody else made, or the name of an entry.
fn in_its_place(entry: &Entry) -> Option<&str> {
    let by_name = entry.get(&SECURITY_GROUP).and_then(|written| written.get(ENTRY)).and_then(Value::as_str);
    by_name.or_else(|| Titled::of(entry, &SECURITY_GROUP).name.filter(|name| group::is_id(name)))
}

/// The groups that are attached besides.
fn extra(entry: &Entry) -> impl Iterator<Item = &str> {
    let listed = entry.get(&EXTRA_SECURITY_GROUPS).and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str)
}

/// The roles that may reach an entry by its own group, with the option that says so.
pub fn roles(entry: &Entry) -> BTreeMap<Role, &'static str> {
    if in_its_place(entry).is_some() {
        return BTreeMap::new();
    }
    source::roles(entry).into_iter().map(|role| (role, ACCESS)).collect()
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
    let first = match in_its_place(entry) {
        Some(other) => group::of_text(other),
        None => id_of(&declare(draft, network, (name, entry), service)?),
    };
    Ok([first].into_iter().chain(extra(entry).map(group::of_text)).collect())
}

/// The address of the security group of an entry: the recorded one, also where the entry was named like a role before.
fn address(draft: &Draft<'_>, name: &Name) -> Address {
    let plain = group::address_of(name.as_str());
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
    let group = Group {
        address: &address,
        titled: Titled::of(entry, &SECURITY_GROUP),
        described_by: SECURITY_GROUP.name,
        stem: unwritten_name(draft.stack, name),
        description: format!("{service} access to {name}"),
        ingress: rules(network, entry, service, port),
        egress: group::all_out(),
    };
    group::declare(draft, group)?;
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

/// The name of a group where none is written.
fn unwritten_name(stack: &Stack, name: &Name) -> String {
    format!("{}-{name}", stack.stack)
}

/// The name of the group that is made for an entry, or that an entry is; none where another one takes its place.
fn group_name<'a>(stack: &Stack, section: &Section, name: &Name, entry: &'a Entry) -> Option<Cow<'a, str>> {
    let written = match section.is_of_groups() {
        true => entry.own.get("name").and_then(Value::as_str),
        false if section.has(SECURITY_GROUP.name) && in_its_place(entry).is_none() => {
            Titled::of(entry, &SECURITY_GROUP).name
        }
        false => return None,
    };
    Some(written.map_or_else(|| unwritten_name(stack, name).into(), Cow::from))
}

/// Each entry has a security group of its own, or names one that there is.
pub(in crate::stack) fn check(stack: &Stack) -> Vec<(&'static Section, Conflict)> {
    let mut found = Vec::new();
    // AWS does not tell names of groups apart by case.
    let mut groups: BTreeMap<String, &Name> = BTreeMap::new();
    for (section, name, entry) in stack.all() {
        let conflict = |options: &[&'static str], message: String, remedy: &str| {
            Conflict::new(name, options, message, remedy)
        };
        if section.has(SECURITY_GROUP.name) {
            found.extend(wrong_groups(stack, entry, &conflict).into_iter().map(|one| (section, one)));
        }
        let Some(group) = group_name(stack, section, name, entry) else { continue };
        // Two entries of one name are told of as that.
        let first = groups.insert(group.to_lowercase(), name).filter(|first| *first != name);
        if let Some(first) = first {
            let message = format!("`{group}` is the security group of `{first}` already");
            let option = if section.is_of_groups() { "name" } else { SECURITY_GROUP.name };
            let remedy = format!("choose another `{option}`, or leave it out");
            found.push((section, conflict(&[option], message, &remedy)));
        }
    }
    found
}

/// The groups that an entry names, and that are none, or that stand in the place of something else that is written.
fn wrong_groups(
    stack: &Stack,
    entry: &Entry,
    conflict: &dyn Fn(&[&'static str], String, &str) -> Conflict,
) -> Vec<Conflict> {
    let mut found = Vec::new();
    let in_its_place = in_its_place(entry);
    if let Some(other) = in_its_place {
        if entry.has_written(ACCESS) {
            let message = format!("`access` says nothing of {other}, which is not the stack's own");
            let message = match group::is_id(other) {
                true => message,
                false => format!("`access` says nothing of `{other}`, whose rules are its own"),
            };
            let remedy = format!("leave `access` out, or name another `{}`", SECURITY_GROUP.name);
            found.push(conflict(&[ACCESS, SECURITY_GROUP.name], message, &remedy));
        }
        if extra(entry).any(|extra| extra == other) {
            let message = format!("{other} is the `{}` already", SECURITY_GROUP.name);
            let options = [EXTRA_SECURITY_GROUPS.name, SECURITY_GROUP.name];
            found.push(conflict(&options, message, "name it once"));
        }
    }
    let written = entry.get(&SECURITY_GROUP).and_then(Value::as_object);
    if written.is_some_and(|written| written.contains_key(ENTRY) && written.len() > 1) {
        let message =
            format!("`{ENTRY}` names a group that has its name and description where it is written");
        found.push(conflict(&[SECURITY_GROUP.name], message, &format!("write `{ENTRY}` alone")));
    }
    let count = 1 + extra(entry).count();
    if count > MOST_GROUPS {
        let message = format!(
            "a network interface has {MOST_GROUPS} security groups at most, and this would be {count}"
        );
        let remedy = "leave some out, or put their rules into one group";
        found.push(conflict(&[EXTRA_SECURITY_GROUPS.name], message, remedy));
    }
    let of_option = in_its_place.map(|other| (SECURITY_GROUP.name, other)).into_iter();
    let all = of_option.chain(extra(entry).map(|extra| (EXTRA_SECURITY_GROUPS.name, extra)));
    for (option, other) in all.filter(|(_, other)| !group::is_id(other)) {
        if !group::is_entry(stack, other) {
            found.push(no_entry(stack, other, |message, remedy| conflict(&[option], message, remedy)));
        }
    }
    found
}

/// The problem of a name that no group has.
pub(in crate::stack) fn no_entry(
    stack: &Stack,
    name: &str,
    conflict: impl Fn(String, &str) -> Conflict,
) -> Conflict {
    let key = SECTIONS.iter().find(|section| section.is_of_groups()).map_or("", |section| section.key);
    let groups = stack.all().filter(|(section, ..)| section.is_of_groups());
    let names: Vec<&str> = groups.map(|(_, name, _)| name.as_str()).collect();
    let remedy = match names.as_slice() {
        [] => format!("write a group `{name}` below `{key}`, or the id of one that is there"),
        names => format!("one of `{}`, or the id of a group that is there", names.join("`, `")),
    };
    conflict(format!("`{key}` has no `{name}`"), &remedy)
}
