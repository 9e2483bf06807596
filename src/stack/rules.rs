//! The rules over several values of a stack file: each value is right, and AWS refuses them together.

use std::collections::BTreeMap;

use super::parse::Sections;
use super::passed;
use super::problem::{Fault, Problem};
use super::yaml::Node;
use crate::engine::kind::Registry;
use crate::engine::resource::Invalid;

use super::{Database, Identifier, Name, Stack, StorageType};

/// The number of tags that an author may add: AWS allows 50, and `Name` and the ownership tags take four.
pub(super) const MOST_TAGS: u32 = 46;
/// The options under which names are.
pub(super) const SECTIONS: [&str; 2] = ["file_systems", "databases"];
/// The size from which gp3 under PostgreSQL has no fixed performance any more, in GiB (RDS user guide, gp3 storage).
const GP3_THRESHOLD: u32 = 400;

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
    for (name, database) in &stack.databases {
        check_database(database, &mut |options, message, remedy| {
            problems.push(conflict(tree, &["databases", name.as_str()], options, message, remedy));
        });
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
        let identifier = database.identifier.as_ref().map_or(name.as_str(), Identifier::as_str);
        if let Some(first) = identifiers.insert(identifier, name) {
            // The one that writes it is the one to change.
            let writes = [name, first].into_iter().find(|one| stack.databases[*one].identifier.is_some());
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

/// Takes the options that disagree, the offending one first, what is wrong, and what to do.
type Complain<'a> = dyn FnMut(&[&str], String, &str) + 'a;

fn check_database(database: &Database, complain: &mut Complain<'_>) {
    let size = database.allocated_storage.get();
    let iops = database.iops.map(|iops| iops.get());
    let kind = match database.storage_type {
        StorageType::Gp2 => "gp2",
        StorageType::Gp3 => "gp3",
        StorageType::Io1 => "io1",
        StorageType::Io2 => "io2",
    };
    let chooses = |option: &str| format!("`{option}` cannot be chosen for {kind} storage");
    match database.storage_type {
        StorageType::Gp2 => {
            if iops.is_some() {
                complain(&["iops", "storage_type"], chooses("iops"), "leave it out");
            }
        }
        StorageType::Gp3 if size < GP3_THRESHOLD => {
            for (option, written) in
                [("iops", iops.is_some()), ("storage_throughput", database.storage_throughput.is_some())]
            {
                if written {
                    complain(
                        &[option, "allocated_storage"],
                        format!(
                            "`{option}` can be chosen for gp3 storage from {GP3_THRESHOLD} GiB on, not for {size}"
                        ),
                        "leave it out: 3000 IOPS and 125 MiB/s are included",
                    );
                }
            }
        }
        StorageType::Gp3 => {
            if iops.is_some_and(|iops| !(12_000..=64_000).contains(&iops)) {
                complain(
                    &["iops", "allocated_storage"],
                    format!("gp3 storage from {GP3_THRESHOLD} GiB on has 12000 to 64000 IOPS"),
                    "leave it out to get the 12000 that are included, or choose more",
                );
            }
        }
        StorageType::Io1 | StorageType::Io2 => {
            if size < 100 {
                complain(
                    &["allocated_storage", "storage_type"],
                    format!("{kind} storage starts at 100 GiB, not {size}"),
                    "raise `allocated_storage`, or use `storage_type: gp3`",
                );
            }
            if iops.is_none() {
                complain(
                    &["storage_type"],
                    format!("{kind} storage needs `iops`"),
                    "say how many, such as `iops: 3000`",
                );
            }
        }
    }
    if let Some(limit) = database.max_allocated_storage.map(|limit| limit.get())
        && limit != 0
        && limit * 10 < size * 11
    {
        complain(
            &["max_allocated_storage", "allocated_storage"],
            format!("`max_allocated_storage` must be a tenth more than {size} GiB at least, not {limit}"),
            "raise it, write 0 to turn the growing off, or leave it out",
        );
    }
    let needed = |option: &'static str, needs: &str| (option, format!("`{option}` needs `{needs}: true`"));
    let insights = database.performance_insights_enabled == Some(true);
    for (written, fits, (option, message)) in [
        (
            database.kms_key_id.is_some(),
            database.storage_encrypted,
            needed("kms_key_id", "storage_encrypted"),
        ),
        (
            database.performance_insights_retention_period.is_some(),
            insights,
            needed("performance_insights_retention_period", "performance_insights_enabled"),
        ),
        (
            database.performance_insights_kms_key_id.is_some(),
            insights,
            needed("performance_insights_kms_key_id", "performance_insights_enabled"),
        ),
    ] {
        if written && !fits {
            complain(&[option], message, "write that too, or leave it out");
        }
    }
    if database.storage_throughput.is_some() && database.storage_type != StorageType::Gp3 {
        complain(&["storage_throughput", "storage_type"], chooses("storage_throughput"), "leave it out");
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
