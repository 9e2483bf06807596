//! The rules over several values of a stack file: each value is right, and AWS refuses them together.

use std::collections::BTreeMap;

use super::parse::Sections;
use super::passed;
use super::problem::{Fault, Problem};
use super::yaml::Node;
use crate::engine::kind::Registry;
use crate::engine::resource::Invalid;

use super::{Name, Stack};

/// The number of tags that an author may add: AWS allows 50, and `Name` and the ownership tags take four.
pub(super) const MOST_TAGS: u32 = 46;
/// The options under which names are.
pub(super) const SECTIONS: [&str; 2] = ["file_systems", "databases"];

/// Everything that does not go together.
pub(super) fn check(stack: &Stack, tree: &Node, sections: Sections, kinds: &Registry) -> Vec<Problem> {
    let mut problems = Vec::new();
    let written = SECTIONS.iter().any(|section| tree.entry(&[section]).is_some());
    if sections == Sections::Written && !written {
        problems.push(Problem::new(Fault::NoSection).at(&tree.place, "only this is here"));
    }
    if stack.tags.len() > MOST_TAGS as usize {
        let message = format!("there are {} tags, and AWS has room for {MOST_TAGS}", stack.tags.len());
        problems.push(conflict(tree, &["tags"], &["tags"], message, "leave some out"));
    }
    check_names(stack, tree, &mut problems);
    for (path, kind, options) in stack.passed() {
        if kind == passed::ACCESS_POINT && !options.contains_key("uid") {
            let message = format!("the access point `{}` needs a `uid`", path.last().unwrap_or(&""));
            let remedy = "say which user enters, such as `uid: 998`";
            problems.push(conflict(tree, &path, &[], message, remedy));
        }
        let broken = passed::broken(kinds, kind, options).into_iter();
        problems.extend(broken.map(|invalid| of_kind(tree, &path, invalid)));
    }
    problems
}

/// Each file system and database has a name and a security group of its own.
fn check_names(stack: &Stack, tree: &Node, problems: &mut Vec<Problem>) {
    let file_systems =
        stack.file_systems.iter().map(|(name, one)| ("file_systems", name, &one.security_group));
    let databases = stack.databases.iter().map(|(name, one)| ("databases", name, &one.security_group));
    let mut identifiers: BTreeMap<&str, &Name> = BTreeMap::new();
    for (name, database) in &stack.databases {
        let identifier = database.text("identifier").unwrap_or(name.as_str());
        if let Some(first) = identifiers.insert(identifier, name) {
            // The one that writes it is the one to change.
            let writes =
                [name, first].into_iter().find(|one| stack.databases[*one].text("identifier").is_some());
            let (section, other) = match writes {
                Some(writes) if writes == first => (first, name),
                _ => (name, first),
            };
            let message = format!("`{identifier}` is the identifier of `{other}` already");
            let section = ["databases", section.as_str()];
            problems.push(conflict(tree, &section, &["identifier"], message, "choose another `identifier`"));
        }
    }
    // AWS does not tell names of groups apart by case.
    let mut groups: BTreeMap<String, &Name> = BTreeMap::new();
    for (section, name, chosen) in file_systems.chain(databases) {
        let section = [section, name.as_str()];
        if section[0] == "databases" && stack.file_systems.contains_key(name) {
            let message = format!("`{name}` is a file system already, and their names are shared");
            problems.push(conflict(tree, &section, &[], message, "choose another name"));
            continue;
        }
        let group = stack.group_name(name, chosen.as_ref());
        if let Some(first) = groups.insert(group.to_lowercase(), name) {
            let message = format!("`{group}` is the security group of `{first}` already");
            let remedy = "choose another `security_group`, or leave it out";
            problems.push(conflict(tree, &section, &["security_group"], message, remedy));
        }
    }
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
