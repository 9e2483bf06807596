//! `security_groups`: groups with rules of any shape, for what stands beside the stack's storage or is shared by several entries.

mod describe;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use crate::engine::network::{Network, Role};
use crate::engine::resource::{Need, Property, Shape};
use crate::engine::state::{Record, State};
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft};
use crate::stack::outputs::{Output, id, text};
use crate::stack::section::group::{self, Group};
use crate::stack::section::titled::{DESCRIPTION_RULE, Titled};
use crate::stack::section::{Conflict, Entries, Entry, Expand, IGNORE_CHANGES, Others, Part, Section};
use rules::{Rule, SELF};

const GROUP: &str = "aws_security_group";

pub(super) const SECTION: Section = Section {
    key: "security_groups",
    doc: "Security groups, by name: for machines, or for several entries at once, which name them in `security_group` or \
          `extra_security_groups`.",
    one: "security group",
    several: "security groups",
    entry: Part {
        doc: "One security group. Its rules are all its rules: any other one is taken out.",
        own: &[NAME, DESCRIPTION, INGRESS, EGRESS, IGNORE_CHANGES],
        parts: &[],
        passes: &[GROUP],
    },
    objects: &[],
    check,
    names: &[],
    files: &[],
    spread: None,
    main: GROUP,
    others: Others::Some,
    roles,
    expand: Expand::InNetwork { declare, in_a_new_zone: None, apart: None },
    belongings: &[],
    describe: describe::describe,
    output,
    output_schema: schema,
    short: &[],
};

const NAME: Property = Property {
    name: "name",
    doc: "The group's name; without it, the stack's name and its own here. Another one is a new group.",
    shape: Shape::Text(group::NAME),
    need: Need::Optional,
};

const DESCRIPTION: Property = Property {
    name: "description",
    doc: "The group's description. A group that is there keeps its own.",
    shape: Shape::Text(DESCRIPTION_RULE),
    need: Need::Optional,
};

const INGRESS: Property = Property {
    name: "ingress",
    doc: "The traffic that may come in; nothing without it.",
    shape: Shape::SetOf(&rules::RULE),
    need: Need::Optional,
};

const EGRESS: Property = Property {
    name: "egress",
    doc: "The traffic that may go out; without it, everything over IPv4, as AWS has it on a new group. `[]` lets nothing out.",
    shape: Shape::SetOf(&rules::RULE),
    need: Need::Optional,
};

/// The two directions of traffic.
const DIRECTIONS: [&Property; 2] = [&INGRESS, &EGRESS];

/// The rules of one direction, where that is written.
fn rules_of<'a>(entry: &'a Entry, direction: &Property) -> Option<impl Iterator<Item = Rule<'a>>> {
    let written = entry.get(direction)?.as_array()?;
    Some(written.iter().filter_map(Rule::read))
}

/// Each group has a name that is none of an id or of the cluster, rules that AWS takes, and no circle of groups that name each other.
fn check(groups: &Entries) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (name, entry) in groups {
        let conflict = |options: &[&'static str], message: String, remedy: String| {
            Conflict::new(name, options, message, remedy)
        };
        let is_role = Role::NAMES.contains(&name.as_str());
        if is_role || name.as_str() == SELF || name.as_str().starts_with("sg-") {
            let message = match is_role {
                true => format!("`{name}` is the group of the cluster's {name}"),
                false => format!("`{name}` means something else where a rule names a group"),
            };
            found.push(conflict(&[], message, "choose another name".to_owned()));
        }
        for direction in DIRECTIONS {
            let mut seen = BTreeSet::new();
            for (number, rule) in rules_of(entry, direction).into_iter().flatten().enumerate() {
                let option = direction.name;
                let at = format!("rule {} of `{option}`", number + 1);
                if let Some((message, remedy)) = rule.wrong() {
                    found.push(conflict(&[option], format!("{at} {message}"), remedy));
                } else if !seen.insert(rule.identity(name)) {
                    let message = format!("{at} lets the same traffic pass as one before it");
                    let remedy = "write it once: AWS tells no rules apart by their descriptions".to_owned();
                    found.push(conflict(&[option], message, remedy));
                }
                let peer = rule.entry().filter(|peer| *peer != name.as_str());
                if let Some(peer) = peer.filter(|peer| !groups.keys().any(|one| one.as_str() == *peer)) {
                    let message = format!("{at} names `{peer}`, and there is no such security group here");
                    let remedy = "write a group of that name, or the id of one that is there".to_owned();
                    found.push(conflict(&[option], message, remedy));
                }
            }
        }
        if let Some(circle) = circle(groups, name) {
            let message =
                format!("`{name}` and `{circle}` name each other, and one of them has to be made first");
            // By its id, the one that is there could be named: then neither could be deleted before the other.
            let remedy = format!(
                "put the machines of both into one group with `group: self`, or let `{circle}` name another source than `{name}`, such as a \
                 `cidr`"
            );
            found.push(conflict(&[INGRESS.name, EGRESS.name], message, remedy));
        }
    }
    found
}

/// The groups of the stack that a group's rules name, without itself.
fn named<'a>(groups: &'a Entries, name: &Name) -> BTreeSet<&'a str> {
    let Some((name, entry)) = groups.get_key_value(name) else { return BTreeSet::new() };
    let rules = DIRECTIONS.into_iter().filter_map(|direction| rules_of(entry, direction)).flatten();
    rules.filter_map(|rule| rule.entry()).filter(|peer| *peer != name.as_str()).collect()
}

/// The group by which a group leads to itself again.
fn circle<'a>(groups: &'a Entries, name: &Name) -> Option<&'a str> {
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = named(groups, name).into_iter().collect();
    while let Some(one) = next.pop() {
        let Some((at, _)) = groups.iter().find(|(other, _)| other.as_str() == one) else { continue };
        if !reached.insert(one) {
            continue;
        }
        let further = named(groups, at);
        if further.contains(name.as_str()) {
            return Some(one);
        }
        next.extend(further);
    }
    None
}

/// The roles that the rules of a group name.
fn roles(entry: &Entry) -> BTreeMap<Role, &'static str> {
    let of = |direction: &'static Property| {
        let rules = rules_of(entry, direction).into_iter().flatten();
        rules.filter_map(|rule| rule.role()).map(|role| (role, direction.name)).collect::<Vec<_>>()
    };
    [&INGRESS, &EGRESS].into_iter().flat_map(of).collect()
}

fn declare(
    draft: &mut Draft<'_>,
    network: &Network,
    name: &Name,
    entry: &Entry,
) -> Result<(), BlueprintError> {
    let of = |direction: &Property| {
        let rules = rules_of(entry, direction)?;
        Some(rules::declared(network, name, rules))
    };
    let address = group::address_of(name.as_str());
    let group = Group {
        address: &address,
        titled: Titled { name: entry.text(&NAME), description: entry.text(&DESCRIPTION) },
        described_by: DESCRIPTION.name,
        stem: format!("{}-{name}", draft.stack.stack),
        description: format!("Security group {name}"),
        ingress: of(&INGRESS).unwrap_or_default(),
        egress: of(&EGRESS).unwrap_or_else(group::all_out),
    };
    group::declare(draft, group)
}

/// One security group.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct SecurityGroup {
    /// `sg-…`
    id: String,
    name: String,
    arn: String,
}

fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<SecurityGroup>()
}

fn output(_: &State, _: &str, record: &Record) -> Option<Output> {
    let value = |field: &str| text(&record.outputs, field);
    let group = SecurityGroup { id: id(record)?, name: value("name")?, arn: value("arn")? };
    let mut output = Output::of(&group);
    let SecurityGroup { id, name, arn } = group;
    let all = [("id", id), ("name", name), ("arn", arn)];
    output.texts.extend(all.map(|(field, text)| (field.to_owned(), text)));
    Some(output)
}
