//! Entries read back as the stack file that they are, and declared: what they say is what a plan would see.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::Scene;
use super::text::text_alone;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::{Document, resolve};
use crate::engine::kind::Registry;
use crate::engine::network::Network;
use crate::stack::blueprint::{Kept, blueprint_keeping};
use crate::stack::problem::Problem;
use crate::stack::{Name, Stack, parse};

/// The declarations of entries, or the reason why these cannot be read.
pub(super) type Declared = Result<BTreeMap<Address, Document>, String>;

/// The declarations of these entries alone, by address, with the ids of the network. Nothing where they are not read.
pub(super) fn declared(
    registry: &Registry,
    stack: &Stack,
    scene: &Scene,
    entries: &[(&'static str, Name, Document)],
    bytes: &Cell<usize>,
) -> Declared {
    let text = text_alone(stack, entries);
    bytes.set(bytes.get() + text.len());
    let read = parse("what is there", text.clone(), registry).map_err(|error| {
        let problems: Vec<String> = error.problems().map(|problem| said_of(problem, &text)).collect();
        problems.join("; ")
    })?;
    let blueprint = blueprint_keeping(&read, scene.network.as_ref(), &Kept::default())
        .map_err(|error| error.to_string())?;
    let network = scene.network.as_ref().map(Network::addresses).unwrap_or_default();
    let managed = blueprint.declarations.into_iter().filter_map(|(address, declaration)| match declaration {
        Declaration::Managed { inputs } => Some((address, inputs)),
        Declaration::Watched { .. } => None,
    });
    let resolved = managed.map(|(address, inputs)| {
        let inputs = resolve(&inputs, &|reference| match reference.output.as_str() {
            "id" => network.get(&reference.address).map(|id| id.as_str().into()),
            _ => None,
        });
        (address, inputs)
    });
    Ok(resolved.collect())
}

/// The words on a problem, with the option that stands in its line: what is written here nobody sees.
fn said_of(problem: &Problem, text: &str) -> String {
    let said = problem.to_string();
    let line = problem.place().and_then(|place| {
        let start = text.get(..place.start)?.rfind('\n').map_or(0, |at| at + 1);
        text[start..].lines().next()
    });
    let is_name = |name: &&str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let option = line.and_then(|line| line.trim().split_once(':')).map(|(option, _)| option).filter(is_name);
    match option.map(|option| format!("`{option}`")).filter(|option| !said.contains(option)) {
        Some(option) => format!("{option}: {said}"),
        None => said,
    }
}
