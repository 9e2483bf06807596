//! The network in a plan: it is never left, and a part of it that is missing concerns only what needs it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Input, Sighting, Sightings, change, error};
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::document::{reference, references};
use crate::engine::kind::{Live, Reader};
use crate::engine::network::{Network, Role};
use crate::engine::plan::{Action, Blocked, Change, Finding, Level};
use crate::engine::resource::{Id, Remark};
use crate::engine::state::{Record, State};

/// The check that finds a plan to leave the network of the stack.
pub const NETWORK: &str = "network";
/// The check that finds a part of the network missing.
const MISSING: &str = "missing";

/// Why the plan would leave the network that the stack is in, if it would. What is there counts more than the record.
pub fn leaves_its_network(state: &State, blueprint: &Blueprint, sightings: &Sightings) -> Option<Finding> {
    let address = Network::vpc_address();
    let Some(Declaration::Watched { id: chosen }) = blueprint.declarations.get(&address) else {
        return None;
    };
    let recorded =
        state.resources.get(&address).filter(|record| record.watched).and_then(|record| record.id.as_ref());
    let standing = standing(blueprint, sightings, state, &address);
    let elsewhere = standing.iter().find(|vpc| *vpc != chosen);
    let here = match (elsewhere, recorded) {
        (Some(elsewhere), _) => elsewhere,
        (None, Some(recorded)) if standing.is_empty() && recorded != chosen => recorded,
        _ => return another_cluster(blueprint, state, &address, recorded?),
    };
    let now = blueprint.cluster.as_ref().and_then(|cluster| cluster.name.as_deref());
    let before = state.cluster().and_then(|cluster| cluster.name);
    let of = |cluster: Option<&str>| cluster.map(|name| format!(" (cluster {name})")).unwrap_or_default();
    let message = format!(
        "the stack is in {here}{}, and {chosen}{} was chosen now: a stack never leaves its network",
        of(before.as_deref()),
        of(now)
    );
    let hint = match (before, now) {
        _ if recorded == Some(chosen) => {
            format!("the state records {chosen}, and its objects are in {here}: provision import {here}")
        }
        _ if state.resources.values().all(|record| record.watched) => {
            format!(
                "nothing of the stack is made in {here} yet; to choose another network: provision destroy"
            )
        }
        (Some(before), Some(now)) if before != now => stay(&before, now),
        _ => "use another stack file, with another `stack:` name, for another network".to_owned(),
    };
    Some(error(NETWORK, &address, message, Some(hint)))
}

/// In a VPC that clusters share, the stack stays with its cluster.
fn another_cluster(blueprint: &Blueprint, state: &State, address: &Address, vpc: &Id) -> Option<Finding> {
    let before = state.cluster()?.name?;
    let now = blueprint.cluster.as_ref()?.name.as_ref()?;
    (before != *now).then(|| {
        let message = format!(
            "the stack is in {vpc} for the cluster {before}, and the cluster {now} of the same VPC was chosen now: \
             a stack never changes its cluster"
        );
        error(NETWORK, address, message, Some(stay(&before, now)))
    })
}

/// A destroy deletes by the state, and never looks for a cluster: one that is named all the same has to be the state's.
pub fn destroys_beside_another(state: &State, named: &str) -> Option<Finding> {
    let before = state.cluster()?.name?;
    (before != named).then(|| {
        let message = format!(
            "the stack that would be destroyed is beside the cluster {before}, and the cluster {named} was named"
        );
        error(NETWORK, &Network::vpc_address(), message, Some(stay(&before, named)))
    })
}

fn stay(before: &str, now: &str) -> String {
    format!(
        "to go on with {before}, name it in place of {now} (--cluster, PROVISION_CLUSTER, or `cluster:` of the stack file); for {now} \
         use another stack file, with another `stack:` name"
    )
}

/// The VPCs in which AWS has the recorded objects that refer to the VPC.
fn standing(blueprint: &Blueprint, sightings: &Sightings, state: &State, vpc: &Address) -> BTreeSet<Id> {
    let of_vpc = Value::String(reference(vpc, "id"));
    let ours = |address: &Address| state.resources.get(address).is_some_and(|record| !record.watched);
    let declared = blueprint.declarations.iter().filter(|(address, _)| ours(address));
    declared
        .filter_map(|(address, declaration)| match declaration {
            Declaration::Managed { inputs } => Some((inputs, live(sightings, address)?)),
            Declaration::Watched { .. } => None,
        })
        .flat_map(|(inputs, live)| {
            let fields = inputs.iter().filter(|(_, value)| **value == of_vpc);
            fields.filter_map(|(field, _)| Some(Id::new(live.inputs.get(field)?.as_str()?)))
        })
        .collect()
}

fn live<'a>(sightings: &'a Sightings, address: &Address) -> Option<&'a Live> {
    sightings.get(address).and_then(Sighting::live).map(|(_, live)| live)
}

/// Decisions about addresses because something of the network is missing, and the findings.
#[derive(Default)]
pub(super) struct Lacking {
    /// `None` for what is left as it is.
    pub decisions: BTreeMap<Address, Option<Change>>,
    pub findings: Vec<Finding>,
}

/// Addresses that need something which is missing.
#[derive(Default)]
struct Users<'a> {
    left_alone: Vec<&'a Address>,
    unmade: Vec<&'a Address>,
}

/// Looks for watched objects that are gone, or of which nothing is known, and for what needs them.
pub(super) fn lacking(input: &Input<'_>, selected: &BTreeSet<Address>) -> Lacking {
    let declarations = &input.blueprint.declarations;
    let is_missing = |address: &Address| match declarations.get(address) {
        Some(Declaration::Watched { .. }) => {
            input.sightings.get(address).is_none_or(|sighting| *sighting == Sighting::Gone)
                || several(input, address).is_some()
        }
        Some(Declaration::Managed { .. }) => false,
        None => true,
    };
    let record = |address: &Address| input.state.and_then(|state| state.resources.get(address));
    let mut lacking = Lacking::default();
    let mut missing: BTreeMap<Address, Users<'_>> = BTreeMap::new();
    for (address, declaration) in declarations.iter().filter(|(address, _)| selected.contains(*address)) {
        let Declaration::Managed { inputs } = declaration else { continue };
        let needed: Vec<Address> = references(inputs).into_iter().filter(&is_missing).collect();
        let not_asked = matches!(input.sightings.get(address), Some(Sighting::NotAsked { .. }));
        if needed.is_empty() || not_asked || record(address).is_some_and(|record| record.watched) {
            continue;
        }
        // One that an earlier run made, and that is not recorded yet, serves nothing else before it is.
        let is_recorded = record(address).is_some_and(|record| record.id.is_some());
        let is_there = is_recorded && live(input.sightings, address).is_some();
        for one in needed {
            let users = missing.entry(one).or_default();
            if is_there { users.left_alone.push(address) } else { users.unmade.push(address) }
        }
        let unmade = || change(address, Action::Create, "cannot be made: something that it needs is missing");
        lacking.decisions.insert(address.clone(), (!is_there).then(unmade));
    }
    for (address, declaration) in declarations.iter().filter(|(address, _)| selected.contains(*address)) {
        let Declaration::Watched { .. } = declaration else { continue };
        if !is_missing(address) {
            continue;
        }
        let decision = match record(address) {
            _ if missing.contains_key(address) => change(address, Action::NoOp, reason(input, address)),
            Some(Record { watched: true, .. }) => {
                change(address, Action::Forget, "gone from AWS, and nothing of the stack needs it")
            }
            _ => continue,
        };
        lacking.decisions.insert(address.clone(), Some(decision));
    }
    // Leaving something as it is fails the apply: it did not do what the stack describes.
    for address in
        missing.iter().filter(|(_, users)| !users.left_alone.is_empty()).map(|(address, _)| address)
    {
        let reason = reason(input, address);
        let blocked =
            Blocked { action: Action::NoOp, fields: Vec::new(), because: reason.to_owned(), on: None };
        let decided = Change { blocked: Some(blocked), ..change(address, Action::NoOp, reason) };
        lacking.decisions.insert(address.clone(), Some(decided));
    }
    let said = missing.iter().map(|(address, users)| finding(input, address, users));
    lacking.findings = said.collect();
    lacking
}

/// The objects of which each could be the one that is meant, with the option that names one.
fn several<'a>(input: &Input<'a>, address: &Address) -> Option<(&'a [String], &'static str)> {
    live(input.sightings, address)?.remarks.iter().find_map(|remark| match remark {
        Remark::OneOfSeveral { ids, option } => Some((ids.as_slice(), *option)),
        _ => None,
    })
}

fn reason(input: &Input<'_>, address: &Address) -> &'static str {
    match input.blueprint.declarations.contains_key(address) {
        true if several(input, address).is_some() => {
            "several are there, and nothing tells which one is meant"
        }
        true => "gone from AWS",
        false => "nothing is known of it",
    }
}

fn finding(input: &Input<'_>, address: &Address, users: &Users<'_>) -> Finding {
    let words = Network::in_words(address).unwrap_or_else(|| address.to_string());
    let several = several(input, address);
    let what = match input.blueprint.declarations.get(address) {
        Some(Declaration::Watched { id }) if let Some((ids, _)) = several => {
            format!("{} have the tags of {id}, and nothing tells which one is meant", ids.join(" and "))
        }
        Some(Declaration::Watched { id }) => format!("{words} ({id}) is not in AWS"),
        _ => format!("{words} is not known"),
    };
    let mut parts = vec![what];
    for (users, one, several) in [
        (&users.left_alone, "needs it and is left as it is", "need it and are left as they are"),
        (&users.unmade, "needs it and cannot be made", "need it and cannot be made"),
    ] {
        let names: Vec<String> = users.iter().map(ToString::to_string).collect();
        match names.as_slice() {
            [] => {}
            [only] => parts.push(format!("{only} {one}")),
            names => parts.push(format!("{} {several}", names.join(", "))),
        }
    }
    let level = if users.unmade.is_empty() { Level::Blocked } else { Level::Error };
    let hint = match several {
        Some((_, option)) => format!("name the one that is meant as `{option}`"),
        None => without_a_cluster(input, address, users).unwrap_or_else(|| remedy(input, address)),
    };
    Finding { level, ..error(MISSING, address, parts.join("; "), Some(hint)) }
}

/// The line to write where nothing of the cluster is left to give access to: to look for the cluster again would find none.
fn without_a_cluster(input: &Input<'_>, address: &Address, users: &Users<'_>) -> Option<String> {
    Role::of(address)?;
    let mut roles = input.blueprint.declarations.keys().filter(|one| Role::of(one).is_some());
    let users = if users.unmade.is_empty() { &users.left_alone } else { &users.unmade };
    let groups = users.iter().filter(|user| user.kind() == address.kind());
    let names: Vec<String> = groups.map(|group| format!("`{}`", group.name())).collect();
    if names.is_empty() || is_named(input) || roles.any(|one| live(input.sightings, one).is_some()) {
        return None;
    }
    let names = names.join(" and ");
    Some(format!(
        "write `access: []` for {names}; or, once the cluster is there again: {}",
        remedy(input, address)
    ))
}

/// True if the stack file names the network.
fn is_named(input: &Input<'_>) -> bool {
    input.blueprint.cluster.as_ref().is_some_and(|cluster| cluster.name.is_none())
}

fn remedy(input: &Input<'_>, address: &Address) -> String {
    if is_named(input) && Network::has_a_place_for(address) {
        let without = Role::of(address)
            .map(|role| format!("; or take `{}` out of `access` (`[]` for none)", role.name()));
        return format!(
            "look for it in AWS, and write the one that is there in `network` of the stack file{}",
            without.unwrap_or_default()
        );
    }
    let vpc = match input.blueprint.declarations.get(&Network::vpc_address()) {
        Some(Declaration::Watched { id }) if live(input.sightings, &Network::vpc_address()).is_some() => {
            id.as_str()
        }
        // It is gone, so the network is another one by now.
        _ => "VPC-ID",
    };
    let words = if vpc == "VPC-ID" { "by the id of the VPC that it has now: " } else { "" };
    match (Role::of(address), Network::has_a_place_for(address)) {
        (Some(role), _) => format!(
            "look for the cluster's network again: {words}provision import {vpc}; or take `{}` out of `access` (`[]` for none)",
            role.name()
        ),
        (None, true) => format!("look for the cluster's network again: {words}provision import {vpc}"),
        (None, false) => {
            let of_kind = input.registry.reader(address.kind()).and_then(Reader::when_missing);
            of_kind.unwrap_or("look for it in AWS, or name another one in the stack file").to_owned()
        }
    }
}
