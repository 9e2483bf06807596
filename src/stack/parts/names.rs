//! Options that name entries of sections, and the entries that are not there.

use serde_json::Value;

use super::StackPart;
use crate::engine::document::Document;
use crate::stack::section::Conflict;
use crate::stack::sections::SECTIONS;
use crate::stack::{Stack, nearest, shown};

/// The sections whose entries are named.
pub const FILE_SYSTEMS: &str = "file_systems";
pub const DATABASES: &str = "databases";
pub const BUCKETS: &str = "buckets";
pub const CACHES: &str = "caches";
pub const ROLES: &str = "roles";

/// An option that names an entry of a section.
pub(in crate::stack) struct Names {
    /// The way to the option below the part; `*` is every key that the author chose, or every option.
    pub(super) at: &'static [&'static str],
    /// The section of the entry.
    pub(super) section: &'static str,
    /// The entries that one name is short for, and how to write them; without it, the name is that of an entry.
    pub(super) short_for: Option<Short>,
}

/// A name that is short for several entries.
#[derive(Clone, Copy)]
pub(in crate::stack) struct Short {
    pub(super) entries: fn(&str) -> Vec<String>,
    /// The option by which one entry of the section is short for all of them.
    pub(super) written: &'static str,
}

impl Names {
    pub(super) const fn new(at: &'static [&'static str], section: &'static str) -> Self {
        Self { at, section, short_for: None }
    }
}

/// The names of entries that the stack does not have.
pub(in crate::stack) fn unknown(part: &StackPart, stack: &Stack, written: &Document) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for names in part.names {
        let mut found = Vec::new();
        walk(names.at, &Value::Object(written.clone()), &mut Vec::new(), &mut found);
        let section = SECTIONS.iter().find(|section| section.key == names.section);
        let entries = section.map(|section| stack.entries(section));
        let known: Vec<&str> = entries.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let is_known = |name: &str| match names.short_for {
            Some(short) => (short.entries)(name).iter().all(|one| known.contains(&one.as_str())),
            None => known.contains(&name),
        };
        for (path, name) in found.into_iter().filter(|(_, name)| !is_known(name)) {
            if let Some(Short { written, .. }) = names.short_for {
                let beginnings = known
                    .iter()
                    .flat_map(|one| one.match_indices('-').filter_map(|(at, _)| one.get(..at)))
                    .filter(|set| is_known(set));
                let remedy = match nearest(&name, beginnings) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "write `{}: {{ {written} }}` below `{}:`, or name each of them here",
                        shown(&name),
                        names.section
                    ),
                };
                conflicts.push(Conflict {
                    path,
                    options: Vec::new(),
                    message: format!("`{}` is no set of `{}`", shown(&name), names.section),
                    remedy,
                });
                continue;
            }
            let remedy = match nearest(&name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => format!("write an entry of this name below `{}:`", names.section),
                None => format!("there are: {}", known.join(", ")),
            };
            conflicts.push(Conflict {
                path,
                options: Vec::new(),
                message: format!("`{}` is no entry of `{}`", shown(&name), names.section),
                remedy,
            });
        }
    }
    conflicts
}

/// All texts that stand at the end of a way, each with its own.
fn walk(way: &[&str], value: &Value, at: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    let Some((step, rest)) = way.split_first() else {
        let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        found.extend(texts.iter().filter_map(|one| Some((at.clone(), one.as_str()?.to_owned()))));
        return;
    };
    for (key, below) in value.as_object().into_iter().flatten() {
        if *step == "*" || step == key {
            at.push(key.clone());
            walk(rest, below, at, found);
            at.pop();
        }
    }
}
