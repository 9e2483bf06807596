//! States beside one that is not there: what this stack declares may be recorded under the stack's old name.

use std::collections::BTreeSet;
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
/// would make, or of which no stack file is left: the stack may have been renamed, and what is made would be empty.
pub(super) fn renamed(
    registry: &Registry,
    blueprint: &Blueprint,
    (account, region): (&str, &str),
    others: &[(String, State)],
    (named, is_new): (Option<&StateAt>, bool),
    stack_files: &[PathBuf],
) -> Vec<Finding> {
    let holds_data = |address: &Address| registry.managing(address.kind()).is_some_and(Manager::holds_data);
    let declared = blueprint.declarations.iter();
    let data: Vec<Address> = declared
        .filter(|(address, one)| matches!(one, Declaration::Managed { .. }) && holds_data(address))
        .map(|(address, _)| address.clone())
        .collect();
    let of_this_place = |state: &State| state.account == account && state.region == region;
    let has_all = |state: &State| data.iter().all(|address| state.resources.contains_key(address));
    let has_data = |state: &State| state.resources.keys().any(holds_data);
    // Beside a stack file of its own, a stack is another one.
    let written = if is_new { stacks_beside(stack_files) } else { BTreeSet::new() };
    let was_left = |state: &State| is_new && has_data(state) && !written.contains(&state.stack);
    let found = others.iter().filter(|(_, state)| {
        let is_another = state.stack != blueprint.stack && !data.is_empty() && of_this_place(state);
        is_another && (has_all(state) || was_left(state))
    });
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
            message: match has_all(state) {
                true => format!(
                    "the stack {} has all that this one declares, in {path}; what this one makes now is new and empty",
                    state.stack
                ),
                false => format!(
                    "the stack {} has data, in {path}, and no stack file here is of that name any more; what this one makes now is \
                     new and empty",
                    state.stack
                ),
            },
            hint: Some(match renamed_already(state, &blueprint.stack) {
                Some(_) => hint((path, state), &blueprint.stack, named),
                None => format!("{}{}", hint((path, state), &blueprint.stack, named), own(path)),
            }),
            remedies: Vec::new(),
        })
        .collect()
}

/// The names of the stacks whose files are in the folders of these.
fn stacks_beside(stack_files: &[PathBuf]) -> BTreeSet<String> {
    let folders: BTreeSet<&Path> = stack_files.iter().map(|file| folder(file)).collect();
    let beside =
        folders.into_iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let files = beside
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"));
    files.filter_map(|file| stack_of(&std::fs::read_to_string(file).ok()?)).collect()
}

/// The name of the stack in the text of a stack file; none in that of another file.
fn stack_of(text: &str) -> Option<String> {
    let name = text.lines().find_map(|line| line.strip_prefix("stack:"))?;
    let name = name.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    Some(name.to_owned()).filter(|name| !name.is_empty())
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
            let found = renamed(&registry(), &declared(vpc), place, &others, (None, true), &[]);
            let hint = found.into_iter().next().and_then(|found| found.hint).expect("a finding with a hint");
            assert!(hint.ends_with(own), "{hint}");
        }
    }

    #[test]
    fn data_of_a_stack_without_a_file_may_be_that_of_a_renamed_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("provision.yaml");
        std::fs::write(&own, "stack: store\n").expect("it can be written");
        let managed = Declaration::Managed { inputs: Document::new() };
        let declarations = [(Address::new("aws_db_instance", "main"), managed)].into();
        let blueprint = Blueprint { stack: "store".to_owned(), declarations, ..Blueprint::default() };
        let mut old = State::new("shop", "lineage".to_owned(), "123456789012", "eu-west-1");
        old.resources.insert(
            Address::new("aws_db_instance", "records"),
            Record { watched: false, ..Record::watched(Id::new("db-1"), Document::new()) },
        );
        let others = [("state/shop.json".to_owned(), old)];
        let found = |is_new: bool, account: &str| {
            let files = [own.clone()];
            renamed(&registry(), &blueprint, (account, "eu-west-1"), &others, (None, is_new), &files)
        };
        let here = "123456789012";
        let told = found(true, here);
        assert_eq!((told.len(), told[0].level), (1, Level::Error));
        assert!(told[0].hint.as_ref().is_some_and(|hint| hint.contains("state move stack.shop stack.store")));
        // One that was told of its network is meant, and another account has other objects.
        assert!(found(false, here).is_empty() && found(true, "210987654321").is_empty());
        std::fs::write(folder.path().join("shop.yml"), "# ours\nstack: \"shop\" # the old one\n")
            .expect("it can be written");
        assert!(found(true, here).is_empty(), "it has a file of its own");
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
