//! States beside one that is not there: what this stack declares may be recorded under the stack's old name.

use std::path::{Path, PathBuf};

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::kind::{Manager, Registry};
use crate::engine::network::Network;
use crate::engine::plan::{Finding, Level};
use crate::engine::planner::RENAMED;
use crate::engine::resource::Id;
use crate::engine::state::{State, Store};
use crate::stack::Stack;
use crate::view::quoted;

use super::options::StateAt;

/// The places of the states of a stack, as far as they are folders: that of its own, and those beside its stack files, which a run
/// from another folder has not looked at.
pub(super) fn places(path: &Path, stack_files: &[PathBuf]) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default();
    let mut places = vec![path.to_owned()];
    for file in stack_files {
        let place = file.parent().unwrap_or(Path::new("")).join("state").join(name);
        let is_new = |known: &PathBuf| match (folder(known).canonicalize(), folder(&place).canonicalize()) {
            (Ok(known), Ok(place)) => known != place,
            _ => true,
        };
        if places.iter().all(is_new) {
            places.push(place);
        }
    }
    places
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The other states beside these places that can be read. What cannot be read says nothing here.
pub(super) async fn beside(places: &[PathBuf]) -> Vec<(String, State)> {
    let mut found = Vec::new();
    for path in places {
        for entry in std::fs::read_dir(folder(path)).into_iter().flatten().flatten() {
            let other = folder(path).join(entry.file_name());
            if other != *path
                && other.extension().is_some_and(|ending| ending == "json")
                && let Ok(Some(state)) = Store::local(other.clone()).read().await
            {
                found.push((other.display().to_string(), state));
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// A finding for each state of another stack, in the same account and region, that records all the data which this stack
/// would make: the stack may have been renamed, and what is made would be empty.
pub(super) fn renamed(
    registry: &Registry,
    blueprint: &Blueprint,
    (account, region): (&str, &str),
    others: &[(String, State)],
    (named, is_new): (Option<&StateAt>, bool),
) -> Vec<Finding> {
    let holds_data = |address: &Address| registry.managing(address.kind()).is_some_and(Manager::holds_data);
    let declared = blueprint.declarations.iter();
    let data: Vec<Address> = declared
        .filter(|(address, one)| matches!(one, Declaration::Managed { .. }) && holds_data(address))
        .map(|(address, _)| address.clone())
        .collect();
    let of_this_place = |state: &State| state.account == account && state.region == region;
    let found = recording(others, &blueprint.stack, &data).filter(|(_, state)| of_this_place(state));
    let own = |path: &str| match network(blueprint) {
        _ if !is_new => String::new(),
        Some(vpc) => format!("; if it is a stack of its own: provision import {vpc}, then: provision apply"),
        None => {
            let apart = apart(path, &blueprint.stack);
            format!("; if it is a stack of its own, keep its state apart: provision apply --state {apart}")
        }
    };
    found
        .map(|(path, state)| Finding {
            check: RENAMED.to_owned(),
            address: data.first().cloned(),
            // A stack that was told of its network is meant as one of its own.
            level: if is_new { Level::Error } else { Level::Warning },
            message: format!(
                "the stack {} has all that this one declares, in {path}; what this one makes now is new and empty",
                state.stack
            ),
            hint: Some(match renamed_already(state, &blueprint.stack) {
                Some(_) => hint((path, state), &blueprint.stack, named),
                None => format!("{}{}", hint((path, state), &blueprint.stack, named), own(path)),
            }),
            remedies: Vec::new(),
        })
        .collect()
}

/// The states of stacks of other names that record all of this data, if there is any.
fn recording<'a>(
    others: &'a [(String, State)],
    stack: &'a str,
    data: &'a [Address],
) -> impl Iterator<Item = &'a (String, State)> {
    let records_all = |state: &State| data.iter().all(|address| state.resources.contains_key(address));
    others.iter().filter(move |(_, state)| state.stack != stack && !data.is_empty() && records_all(state))
}

/// The VPC of the stack.
fn network(blueprint: &Blueprint) -> Option<&Id> {
    match blueprint.declarations.get(&Network::vpc_address())? {
        Declaration::Watched { id } => Some(id),
        Declaration::Managed { .. } => None,
    }
}

/// A place for the state of a stack in a folder of its own, below the one in which another state is.
fn apart(path: &str, stack: &str) -> String {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    quoted(&folder.join(stack).join(format!("{stack}.json")).to_string_lossy())
}

/// The command for a stack without a state, where the state of another stack beside it records all the data that this one
/// declares: the stack may have been renamed.
pub(super) fn old_name(others: &[(String, State)], stack: &Stack) -> Option<String> {
    let data: Vec<Address> = stack.main_objects().into_iter().map(|(address, _)| address).collect();
    let new = stack.stack.to_string();
    let mut old = recording(others, &new, &data);
    match (old.next(), old.next()) {
        (Some((path, state)), None) => Some(hint((path, state), &new, None)),
        _ => None,
    }
}

/// The error of a destroy of a stack that has no state, where another stack beside it has what this one declares.
pub(super) fn not_destroyed(stack: &str, hint: String) -> Finding {
    Finding {
        check: RENAMED.to_owned(),
        address: None,
        level: Level::Error,
        message: format!(
            "the stack {stack} has no state, and another stack beside it records what it declares: nothing of that is destroyed"
        ),
        hint: Some(hint),
        remedies: Vec::new(),
    }
}

/// The renaming of the stack in its old state. One that was named keeps its place, and is named from then on.
fn hint((path, state): (&str, &State), new: &str, named: Option<&StateAt>) -> String {
    let old = &state.stack;
    if let Some(written) = renamed_already(state, new) {
        let place = named.map(|_| format!(" --state {}", quoted(path))).unwrap_or_default();
        return format!("{written}{place}");
    }
    let rename = format!("if the stack was renamed: provision state move stack.{old} stack.{new}");
    match named {
        None => rename,
        Some(_) => {
            let path = quoted(path);
            format!("{rename} --state {path}, then: provision plan --state {path}")
        }
    }
}

/// The way on where the state of a stack stands beside it under the new name that it was given.
pub(super) fn under_its_new_name(others: &[(String, State)], stack: &str) -> Option<String> {
    others
        .iter()
        .filter(|(_, state)| state.manages_anything())
        .find_map(|(_, state)| renamed_already(state, stack))
}

/// The way on where the state has its new name already, and the stack file does not.
pub(super) fn renamed_already(state: &State, written: &str) -> Option<String> {
    let new = &state.stack;
    state.formerly.contains(written).then(|| {
        format!(
            "the stack was renamed from {written} to {new}: write `stack: {new}` into the stack file; or, to take that back: \
             provision state move stack.{new} stack.{written}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::kinds::registry;
    use crate::engine::document::Document;
    use crate::engine::state::{Edit, Record};

    #[test]
    fn a_stack_without_a_network_can_be_one_of_its_own_too() {
        let address = Address::new("aws_efs_file_system", "files");
        let declared = |id: Option<&str>| {
            let managed = (address.clone(), Declaration::Managed { inputs: Document::new() });
            let vpc = id.map(|id| (Network::vpc_address(), Declaration::Watched { id: Id::new(id) }));
            let declarations = vpc.into_iter().chain([managed]).collect();
            Blueprint { stack: "b".to_owned(), declarations, ..Blueprint::default() }
        };
        let mut old = State::new("a", "lineage".to_owned(), "123456789012", "eu-west-1");
        old.resources.insert(address.clone(), Record::watched(Id::new("fs-1"), Document::new()));
        let others = [("state/a.json".to_owned(), old)];
        for (vpc, own) in [
            (Some("vpc-1"), "if it is a stack of its own: provision import vpc-1, then: provision apply"),
            (
                None,
                "if it is a stack of its own, keep its state apart: provision apply --state state/b/b.json",
            ),
        ] {
            let place = ("123456789012", "eu-west-1");
            let found = renamed(&registry(), &declared(vpc), place, &others, (None, true));
            let hint = found.into_iter().next().and_then(|found| found.hint).expect("a finding with a hint");
            assert!(hint.ends_with(own), "{hint}");
        }
    }

    #[test]
    fn an_old_state_is_renamed_where_it_is() {
        let named = StateAt::File("s/mine.json".into());
        let mut state = State::new("a", "lineage".to_owned(), "123456789012", "eu-west-1");
        assert_eq!(
            hint(("state/a.json", &state), "b", None),
            "if the stack was renamed: provision state move stack.a stack.b"
        );
        assert_eq!(
            hint(("s/a.json", &state), "b", Some(&named)),
            "if the stack was renamed: provision state move stack.a stack.b --state s/a.json, then: provision plan \
             --state s/a.json"
        );
        // It has its new name already: the stack file is what is left.
        state.apply(Edit::Stack { stack: "c".to_owned() });
        assert_eq!(
            hint(("state/c.json", &state), "a", None),
            "the stack was renamed from a to c: write `stack: c` into the stack file; or, to take that back: provision \
             state move stack.c stack.a"
        );
    }
}
