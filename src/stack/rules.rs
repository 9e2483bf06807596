//! The rules over several values of a stack file: each value is right, and AWS refuses them together.

use std::collections::BTreeMap;

use super::parse::Sections;
use super::parts::{self, PARTS};
use super::problem::{Fault, Problem};
use super::section::{
    Conflict, IGNORE_CHANGES, NamesEntries, Passed, Section, behind_group, broken, group, in_a_row,
};
use super::sections::SECTIONS;
use super::yaml::{Content, Node, Place};
use crate::engine::kind::Registry;
use crate::engine::resource::Invalid;

use super::{Name, NamedNetwork, S3Place, Stack, nearest, shown};

/// The number of tags that an author may add: AWS allows 50, and the ownership tags take four. `Name` is one of them, whoever writes it.
pub(super) const MOST_TAGS: u32 = 46;

/// Everything that does not go together.
/// `taken_out` is where an upper file takes a section out.
pub(super) fn check(
    stack: &Stack,
    tree: &Node,
    taken_out: Option<&Place>,
    sections: Sections,
    kinds: &Registry,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let written = SECTIONS.iter().any(|section| tree.entry(&[section.key]).is_some());
    if sections == Sections::Written && !written {
        let problem = Problem::new(Fault::NoSection);
        problems.push(match taken_out {
            Some(place) => problem.at(place, "this takes the last one out"),
            None => problem.at(&tree.place, "only this is here"),
        });
    }
    let added = usize::from(!stack.tags.keys().any(|key| key.as_str() == "Name"));
    let room = MOST_TAGS as usize - added;
    if stack.tags.len() > room {
        let message = format!("there are {} tags, and AWS has room for {room}", stack.tags.len());
        problems.push(conflict(tree, &["tags"], &["tags"], message, "leave some out"));
    }
    problems.extend(of_network(stack, tree));
    let state = stack.state.as_ref();
    if state.is_some_and(|state| {
        state.kms_key.is_some() && state.sse.as_ref().is_some_and(|sse| sse.as_str() == "AES256")
    }) {
        let message = "`AES256` has no key, and `kms_key` names one".to_owned();
        problems.push(conflict(tree, &["state"], &["sse", "kms_key"], message, "leave one of the two out"));
    }
    let of_sections = SECTIONS.iter().flat_map(|section| {
        let found = (section.check)(stack.entries(section));
        found.into_iter().map(move |found| (*section, found))
    });
    for (section, found) in names(stack).into_iter().chain(of_sections).chain(behind_group::check(stack)) {
        let Conflict { path, options, message, remedy } = found;
        let path: Vec<&str> = [section.key].into_iter().chain(path.iter().map(String::as_str)).collect();
        problems.push(conflict(tree, &path, &options, message, &remedy));
    }
    if !stack.parts.is_empty() {
        problems.extend(of_parts(stack, tree));
    }
    problems.extend(of_names(stack, tree));
    for section in SECTIONS {
        let known = section.ignorable(kinds);
        for (name, entry) in stack.entries(section) {
            let path = [section.key, name.as_str(), IGNORE_CHANGES.name];
            for (option, remedy) in section.objects {
                if entry.ignores().any(|ignored| ignored == *option) {
                    let message = format!(
                        "`{option}` is made and deleted with the option, and cannot be left to others"
                    );
                    let at = [section.key, name.as_str()];
                    problems.push(conflict(tree, &at, &[IGNORE_CHANGES.name], message, remedy));
                }
            }
            let is_an_object = |option: &&str| section.objects.iter().any(|(object, _)| object == option);
            let unknown = entry
                .ignores()
                .filter(|option| !known.contains(option))
                .filter(|option| !is_an_object(option));
            problems.extend(unknown.map(|option| not_an_option(tree, &path, option, &known)));
            for named in section.entry.parts.iter().filter(|named| named.part.ignores()) {
                let known = named.part.ignorable(kinds);
                for (part, options) in entry.parts(named.key) {
                    let path = [section.key, name.as_str(), named.key, part.as_str(), IGNORE_CHANGES.name];
                    let unknown = options.ignores().filter(|option| !known.contains(option));
                    problems.extend(unknown.map(|option| not_an_option(tree, &path, option, &known)));
                }
            }
        }
    }
    for Passed { path, kind, options, ignored } in stack.passed() {
        // A rule that an object which is there may make right is judged when AWS has been looked at.
        let may_be_right = |invalid: &Invalid| invalid.of_new || invalid.hangs_on(&ignored);
        let broken = broken(kinds, kind, options).into_iter().filter(|invalid| !may_be_right(invalid));
        problems.extend(broken.map(|invalid| of_kind(tree, &path, invalid)));
    }
    problems
}

/// The faults of the parts, which may name each of the entries that one is short for.
fn of_parts(stack: &Stack, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let spread = stack.clone().spread();
    for (part, document) in PARTS.iter().filter_map(|part| Some((part, stack.parts.get(part.key)?))) {
        for found in
            parts::unknown(part, &spread, document).into_iter().chain((part.check)(&spread, document))
        {
            let Conflict { path, options, message, remedy } = found;
            let path: Vec<&str> = [part.key].into_iter().chain(path.iter().map(String::as_str)).collect();
            problems.push(conflict(tree, &path, &options, message, &remedy));
        }
    }
    problems
}

/// Options that name entries of another section which are not there.
fn of_names(stack: &Stack, tree: &Node) -> Vec<Problem> {
    let naming = |section: &&&Section| !section.names.is_empty() && !stack.entries(section).is_empty();
    let naming: Vec<&&Section> = SECTIONS.iter().filter(naming).collect();
    if naming.is_empty() {
        return Vec::new();
    }
    // An entry that is short for several is named by each of these.
    let spread = stack.clone().spread();
    let mut problems = Vec::new();
    for section in naming {
        for (NamesEntries { option, section: of }, (name, entry)) in section
            .names
            .iter()
            .flat_map(|names| stack.entries(section).iter().map(move |entry| (names, entry)))
        {
            let other = SECTIONS.iter().find(|one| one.key == *of);
            let known: Vec<&str> =
                other.iter().flat_map(|other| spread.entries(other).keys()).map(Name::as_str).collect();
            let named: &[serde_json::Value] = match entry.own.get(*option) {
                Some(serde_json::Value::Array(all)) => all,
                Some(one) => std::slice::from_ref(one),
                None => &[],
            };
            let is_id = |text: &&str| other.is_some_and(|other| other.is_of_groups()) && group::is_id(text);
            let unknown = named.iter().filter_map(serde_json::Value::as_str).filter(|text| !is_id(text));
            let unknown = unknown.filter(|text| !known.iter().any(|one| NamesEntries::is_named(text, one)));
            problems.extend(unknown.map(|text| {
                let several = known.iter().any(|one| one.starts_with(&format!("{text}-")));
                let remedy = match nearest(text, known.iter().copied()) {
                    _ if several => format!("write `{text}-*` for all of them"),
                    Some(near) => format!("did you mean `{near}`? If it is gone, take it out of `{option}`"),
                    None if known.is_empty() => format!("write an entry of this name below `{of}:`"),
                    None => format!("there are: {}", known.join(", ")),
                };
                let message = format!("`{}` is no entry of `{of}`", shown(text));
                conflict(tree, &[section.key, name.as_str()], &[option], message, &remedy)
            }));
        }
    }
    problems
}

/// The options of a state in S3 beside a place that is a file, or none.
pub(super) fn in_s3_alone(stack: &Stack, tree: &Node) -> Option<Problem> {
    let state = stack.state.as_ref()?;
    let place = state.location.as_ref().map(|location| location.as_str());
    if place.is_some_and(|place| place.parse::<S3Place>().is_ok()) {
        return None;
    }
    let options = [
        ("sse", state.sse.is_some()),
        ("kms_key", state.kms_key.is_some()),
        ("profile", state.profile.is_some()),
    ];
    let written: Vec<&str> =
        options.into_iter().filter(|(_, is_written)| *is_written).map(|(option, _)| option).collect();
    let first = written.first()?;
    let message = format!("`{first}` is for a state in S3, and that of this stack is in a file");
    let remedy = "leave it out, or name the bucket too: `location: s3://BUCKET/KEY`";
    Some(conflict(tree, &["state"], &written, message, remedy))
}

/// The sections, whose entries share their names: `file systems, databases and buckets`.
pub(super) fn sharing_their_names() -> String {
    in_a_row(SECTIONS.iter().map(|section| section.several), "and")
}

/// Each entry has a name of its own, by which commands know all that is made for it.
fn names(stack: &Stack) -> Vec<(&'static Section, Conflict)> {
    let mut first: BTreeMap<&Name, &Section> = BTreeMap::new();
    let twice =
        stack.all().filter_map(|(section, name, _)| Some((section, name, first.insert(name, section)?)));
    let conflict = |(section, name, first): (&'static Section, &Name, &Section)| {
        let conflict = Conflict {
            path: vec![name.to_string()],
            options: Vec::new(),
            message: format!("`{name}` is a {} already, and their names are shared", first.one),
            remedy: "choose another name".to_owned(),
        };
        (section, conflict)
    };
    twice.map(conflict).collect()
}

/// The problem of a name in a list that is none of an option, pointing at the name.
fn not_an_option(tree: &Node, path: &[&str], option: &str, known: &[&'static str]) -> Problem {
    let problem = Problem::new(Fault::UnknownKey { key: option.to_owned(), known: known.to_vec() });
    let Some(list) = tree.entry(path) else { return problem.or_at(&tree.place) };
    let is_it = |item: &&Node| matches!(&item.content, Content::Scalar { text, .. } if text == option);
    let item = match &list.value.content {
        Content::List(items) => items.iter().find(is_it),
        Content::Map(_) | Content::Scalar { .. } => None,
    };
    problem.or_at(item.map_or(&list.key_place, |item| &item.place))
}

/// Everything that does not go together with a network that is named.
fn of_network(stack: &Stack, tree: &Node) -> Vec<Problem> {
    let Some(network) = stack.network.as_ref().map(NamedNetwork::named) else { return Vec::new() };
    let mut problems = Vec::new();
    if stack.cluster.is_some() {
        let message = "`cluster` says which network to look for, and `network` names one".to_owned();
        problems.push(conflict(tree, &[], &["cluster", "network"], message, "keep one of the two"));
    }
    for (section, name, entry) in stack.all().filter(|_| network.subnets.is_empty()) {
        if section.in_a_new_zone().is_some() && section.is_in_the_network(entry) {
            let message = format!(
                "`network` names no subnet, and the {} `{name}` needs one in each of its zones",
                section.one
            );
            let remedy = "write `subnets: [subnet-…]`, one of each zone";
            problems.push(conflict(tree, &["network"], &["subnets"], message, remedy));
        }
    }
    for (section, name, entry) in stack.all() {
        let unnamed =
            (section.roles)(entry).into_iter().filter(|(role, _)| !network.groups.contains_key(role));
        for (role, option) in unnamed {
            let role = role.name();
            let message =
                format!("`{option}` speaks of the {role}, and `network` names no security group of them");
            let remedy =
                format!("write `{role}: sg-…` in `groups` of `network`, or an `{option}` without `{role}`");
            let path = [section.key, name.as_str()];
            problems.push(conflict(tree, &path, &[option], message, &remedy));
        }
    }
    problems
}

/// The problem that a rule of the kind has found.
fn of_kind(tree: &Node, section: &[&str], invalid: Invalid) -> Problem {
    let Invalid { field, message, instead, with, remedy, .. } = invalid;
    let remedy = remedy.or_else(|| Some(format!("write `{field}: {}`", instead?)));
    let options: Vec<&str> = [field].into_iter().chain(with.iter().copied()).collect();
    let remedy = remedy.unwrap_or_else(|| "write another value, or leave it out".to_owned());
    conflict(tree, section, &options, format!("`{field}` {message}"), &remedy)
}

/// A conflict, pointing at those of the options that are written, else at what they belong to.
fn conflict(tree: &Node, section: &[&str], options: &[&str], message: String, remedy: &str) -> Problem {
    let mut problem = Problem::new(Fault::Conflict { message, remedy: remedy.to_owned() });
    let mut label = "this";
    for option in options {
        let path: Vec<&str> = section.iter().chain([option]).copied().collect();
        if let Some(entry) = tree.entry(&path) {
            problem = problem.at(&(entry.key_place.start..entry.value.place.end), label);
            label = "with this";
        }
    }
    match tree.entry(section) {
        Some(entry) => problem.or_at(&entry.key_place),
        None => problem.or_at(&tree.place),
    }
}
