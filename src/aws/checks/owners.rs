//! The owners of objects whose tags a refresh does not show, asked for only where the plan changes or deletes them: a mount
//! target belongs to whom its file system belongs, and RDS shows its groups without tags.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use super::scene::Scene;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::cloud::Cloud;
use crate::engine::kind::{Live, Manager};
use crate::engine::owner::owner_by_tags;
use crate::engine::parts::wholes;
use crate::engine::plan::{Action, Change, Finding};
use crate::engine::planner;
use crate::engine::refresh::RefreshError;
use crate::engine::resource::{Id, Ownership};
use crate::engine::state::Record;

/// The objects among those that are changed or deleted which belong to another state or stack.
///
/// # Errors
/// [`RefreshError`] for the first kind whose owner cannot be read.
pub async fn owners(cloud: &dyn Cloud, scene: &Scene<'_>) -> Result<Vec<Finding>, RefreshError> {
    let concerned = scene.changes().flat_map(|change| {
        touched(change).filter_map(move |id| {
            let live = scene.sightings.object(&change.address, id)?;
            let manager = scene.registry.managing(&change.kind)?;
            (live.ownership == Ownership::Inherited).then_some((change, manager, id, live))
        })
    });
    let findings = concerned.map(|(change, manager, id, live)| async move {
        let unread = |source| RefreshError { kind: change.kind.clone(), source };
        let ownership = cloud.ownership(manager.kind(), id, &live.inputs).await.map_err(unread)?;
        Ok(judge(scene, manager, change, id, &Live { ownership, ..live.clone() }))
    });
    let asked = try_join_all(findings).await?.into_iter().flatten();
    let mut findings: Vec<Finding> = asked.chain(of_new_parts(scene)).collect();
    findings.retain(|finding| !scene.planning.plan.preflight.contains(finding));
    findings.sort();
    findings.dedup();
    Ok(findings)
}

/// The objects that a new part would be made of, and that are not the stack's: a part without tags is told by them alone.
fn of_new_parts(scene: &Scene<'_>) -> impl Iterator<Item = Finding> {
    let made = scene.changes().filter(|change| change.makes_anew());
    made.flat_map(|change| {
        let manager = scene.registry.managing(&change.kind).filter(|kind| kind.claim_calls().is_empty());
        let named = match (manager, scene.blueprint.declarations.get(&change.address)) {
            (Some(manager), Some(Declaration::Managed { inputs })) => wholes(manager, inputs),
            _ => BTreeSet::new(),
        };
        named.into_iter().filter_map(|whole| {
            let (id, live) = scene.sightings.get(&whole)?.live()?;
            let record = scene.state?.resources.get(&whole).filter(|record| !record.watched)?;
            let owner = owner_by_tags(scene.blueprint, scene.state, &whole, record.generation);
            planner::foreign(&owner, id, live, record.claimed.as_ref(), Action::Update)
        })
    })
}

/// The objects that a change does something to.
fn touched(change: &Change) -> impl Iterator<Item = &Id> {
    let changed = change.id.iter().filter(|_| !change.fields.is_empty());
    let going = change.goes.iter().map(|going| &going.id);
    let mut ids: Vec<&Id> = changed.chain(going).collect();
    ids.sort();
    ids.dedup();
    ids.into_iter()
}

fn judge(scene: &Scene<'_>, manager: &dyn Manager, change: &Change, id: &Id, live: &Live) -> Option<Finding> {
    let address = &change.address;
    let record = scene.state.and_then(|state| state.resources.get(address));
    let generation = record.map_or(0, |record| record.generation);
    let owner = owner_by_tags(scene.blueprint, scene.state, address, generation);
    let parent = parent(scene, manager, live);
    let claim = |record: &'_ Record| record.claimed.clone();
    let claim = record.and_then(claim).or_else(|| parent.and_then(|(_, parent)| claim(parent)));
    let found = planner::foreign(&owner, id, live, claim.as_ref(), change.action)?;
    match parent {
        // It has no tags of its own: it goes with what it is a part of.
        Some((whole, Record { id: Some(id), .. }))
            if manager.claim_calls().is_empty() && live.ownership == Ownership::Untagged =>
        {
            let hint = format!(
                "to take over what it is a part of: provision import {whole}={id}; to let go of it: provision state forget \
                 {address}"
            );
            Some(Finding { hint: Some(hint), ..found })
        }
        _ => Some(found),
    }
}

/// The recorded object that this one is a part of: its id is in the name.
fn parent<'a>(scene: &Scene<'a>, manager: &dyn Manager, live: &Live) -> Option<(&'a Address, &'a Record)> {
    let names: Vec<&str> =
        manager.natural_key().iter().filter_map(|field| live.inputs.get(*field)?.as_str()).collect();
    let mut records = scene.state.into_iter().flat_map(|state| &state.resources);
    records.find(|(_, record)| {
        !record.watched && record.id.as_ref().is_some_and(|id| names.contains(&id.as_str()))
    })
}
