//! The second look, by name, at what a first one did not show, and at what stands in the place of a recorded object.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::wanted::{Wanted, concerns, look_for};
use super::{Asked, RefreshError, is_replaced, observe, observe_all, recorded_value};
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::CloudError;
use crate::engine::cloud::{Cloud, KindError};
use crate::engine::document::{Document, Reference, resolve};
use crate::engine::kind::{Live, Registry};
use crate::engine::owner::{owner, seeker};
use crate::engine::planner::{Sighting, Sightings};
use crate::engine::resource::{Found, Trace};
use crate::engine::state::{Record, State};

/// Looks a second time, and by name, for recorded objects that were not seen, and for those that have another name than
/// the declared one. A read that comes too early finds nothing, and to take that for the truth would be to forget an
/// object, or to make another one beside it; and by now another object may have the name.
pub(super) async fn look_again(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
    sightings: &Sightings,
) -> Result<BTreeMap<Address, Sighting>, RefreshError> {
    let records = state.into_iter().flat_map(|state| &state.resources);
    let doubtful: Vec<(&Address, &Record, Vec<Wanted>)> = records
        .filter(|(_, record)| !record.watched && record.id.is_some())
        .filter_map(|(address, record)| {
            let names = names(registry, blueprint, state, address, record, sightings.get(address)?);
            (!names.is_empty()).then_some((address, record, names))
        })
        .collect();
    let found = try_join_all(doubtful.iter().map(|(_, _, names)| first_of(cloud, registry, names))).await?;
    let mut there = BTreeMap::new();
    let mut supplanted = BTreeMap::new();
    for ((address, record, _), mut found) in doubtful.into_iter().zip(found) {
        let Some(recorded) = &record.id else { continue };
        let live = sightings[address].live().map(|(_, live)| live.clone());
        let is_there = found.iter().any(|found| found.id == *recorded);
        found.retain(|found| {
            let is_another = found.id != *recorded && !is_replaced(state, address, found);
            // Of an object that is there, only the name can be taken; in the place of one that is gone, a copy may stand too.
            let takes_the_place = match found.trace {
                Trace::Name => true,
                Trace::Token | Trace::Tags => {
                    live.is_none() && found.tagged_address().as_ref() == Some(address)
                }
                Trace::Use => live.is_none(),
            };
            is_another && takes_the_place && concerns(blueprint, state, address, found)
        });
        if is_there && live.is_none() {
            there.insert(address.clone(), recorded.clone());
        } else if !found.is_empty() {
            let sighting = Sighting::Supplanted { recorded: recorded.clone(), live, found };
            supplanted.insert(address.clone(), sighting);
        }
    }
    let sightings = observe(cloud, registry, &there, state).await?;
    match sightings.iter().find(|(_, sighting)| sighting.live().is_none()) {
        None => Ok(sightings.into_iter().chain(supplanted).collect()),
        Some((address, _)) => Err(not_by_its_id(address)),
    }
}

/// The names by which a recorded object is looked for again: those that were recorded and are declared for one that was
/// not seen, and the declared ones for an object that has others.
fn names(
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
    address: &Address,
    record: &Record,
    sighting: &Sighting,
) -> Vec<Wanted> {
    let Some(manager) = registry.managing(address.kind()) else { return Vec::new() };
    let wanted = |inputs: Document| Wanted {
        address: address.clone(),
        inputs,
        owner: seeker(registry, blueprint, state, address, record.generation),
        begun: true,
    };
    let declared = match blueprint.declarations.get(address) {
        Some(Declaration::Managed { inputs }) => {
            let known = |reference: &Reference| {
                recorded_value(blueprint, state, &reference.address, &reference.output)
            };
            Some(resolve(inputs, &known)).and_then(|inputs| manager.normalise(&inputs).ok())
        }
        _ => None,
    };
    let fields = manager.fields().iter().filter(|field| manager.natural_key().contains(&field.name));
    let has_another_name = |inputs: &Document, seen: &Document| {
        fields.clone().any(|field| match (inputs.get(field.name), seen.get(field.name)) {
            (Some(wanted), Some(seen)) => !(field.met)(wanted, seen),
            _ => false,
        })
    };
    let declared_instead_of = |seen: &Document| {
        let declared = declared.filter(|declared| has_another_name(declared, seen)).map(wanted);
        declared.filter(|one| one.has_natural_key(registry))
    };
    match sighting {
        Sighting::Gone => {
            [wanted(record.inputs.clone())].into_iter().chain(declared_instead_of(&record.inputs)).collect()
        }
        Sighting::Live { live, .. } => declared_instead_of(&live.inputs).into_iter().collect(),
        Sighting::InTheWay { .. } | Sighting::Supplanted { .. } | Sighting::NotAsked { .. } => Vec::new(),
    }
}

/// The objects found by the first of these names that finds anything.
async fn first_of(
    cloud: &dyn Cloud,
    registry: &Registry,
    names: &[Wanted],
) -> Result<Vec<Found>, RefreshError> {
    for one in names {
        let found = look_for(cloud, registry, one).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Looks a second time, and by name, for replaced objects that were not seen: see [`look_again`].
pub(super) async fn look_again_for_replaced(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
    unseen: Vec<Asked>,
) -> Result<Vec<(Asked, Live)>, RefreshError> {
    let found = try_join_all(unseen.iter().map(|one| async move {
        let record = state.and_then(|state| state.resources.get(&one.address));
        let wanted = Wanted {
            address: one.address.clone(),
            inputs: one.object.recorded.clone().unwrap_or_default(),
            owner: owner(
                registry,
                blueprint,
                state,
                &one.address,
                record.map_or(0, |record| record.generation.saturating_sub(1)),
            ),
            begun: true,
        };
        look_for(cloud, registry, &wanted).await
    }))
    .await?;
    let there: Vec<Asked> = unseen
        .into_iter()
        .zip(found)
        .filter(|(one, found)| found.iter().any(|found| found.id == one.object.id))
        .map(|(one, _)| one)
        .collect();
    let (seen, _) = observe_all(cloud, registry, &there).await?;
    let known: Vec<(Asked, Live)> =
        there.iter().cloned().zip(seen).filter_map(|(one, live)| Some((one, live?))).collect();
    match there.iter().find(|one| !known.iter().any(|(seen, _)| seen.object.id == one.object.id)) {
        None => Ok(known),
        Some(one) => Err(not_by_its_id(&one.address)),
    }
}

fn not_by_its_id(address: &Address) -> RefreshError {
    let message = format!("{address} is there by its name, and not by its id: ask again in a moment");
    let error = CloudError::bad_response("refresh", message);
    RefreshError { kind: address.kind().to_owned(), source: KindError::Cloud(error) }
}
