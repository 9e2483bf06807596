//! The refresh: what AWS has at each address now, all kinds at once and each kind in one round.
//! Knows nothing of what is desired of an object that it finds.

use std::collections::BTreeMap;

use futures_util::future::{try_join, try_join_all};
use futures_util::stream::{FuturesUnordered, TryStreamExt};
use serde_json::Value;

use crate::address::Address;
use crate::aws::{Aws, AwsError, on_its_way};
use crate::blueprint::{Blueprint, Declaration};
use crate::document::{Document, Reference, is_unknown, resolve};
use crate::kind::{KindError, Live, Registry, TrackedDocument};
use crate::newer::{Newer, newer};
use crate::owner::owner;
use crate::planner::{Sighting, Sightings};
use crate::resource::{Found, Id, Owner, Trace};
use crate::state::{Record, State};

/// A kind that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {kind} from AWS")]
pub struct RefreshError {
    pub kind: String,
    pub source: KindError,
}

/// An object to be looked for by its natural key, since no id is recorded.
pub(crate) struct Wanted {
    pub address: Address,
    pub inputs: Document,
    pub owner: Owner,
    /// Whether a create was begun, so that an object of ours at this address is the one that it made.
    pub begun: bool,
}

impl Wanted {
    /// Whether what was found is what was made for the address. The tags alone do not say so: a copy carries them too.
    pub fn is_own(&self, found: &Found) -> bool {
        let Self { owner, .. } = self;
        found.trace != Trace::Tags
            && owner.whose(&found.ownership, found.vpc.as_ref()).is_ours()
            && !owner.others.contains(&found.id)
    }

    /// Whether the natural key is known; one that is not belongs to no object.
    pub fn has_natural_key(&self, registry: &Registry) -> bool {
        registry.managing(self.address.kind()).is_some_and(|kind| {
            kind.natural_key().iter().all(|field| !self.inputs.get(*field).is_none_or(is_unknown))
        })
    }
}

/// Objects seen beside those that were asked for, by kind.
pub type Beside = BTreeMap<String, BTreeMap<Id, Live>>;

/// Looks at every recorded and every declared resource.
///
/// # Errors
/// [`RefreshError`] for the first kind that cannot be read.
pub async fn refresh(
    aws: &Aws,
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
) -> Result<Sightings, RefreshError> {
    refresh_around(aws, registry, blueprint, state).await.map(|(sightings, _)| sightings)
}

/// The same, with what the same calls show beside them.
///
/// # Errors
/// [`RefreshError`] for the first kind that cannot be read.
pub async fn refresh_around(
    aws: &Aws,
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
) -> Result<(Sightings, Beside), RefreshError> {
    let newer = written_by_newer(registry, state);
    let readable = state.map(|state| without(state, &newer));
    let (whole, state) = (state, readable.as_ref());
    let mut known = known_ids(blueprint, state);
    known.retain(|address, _| !newer.contains_key(address));
    let mut wanted = wanted(registry, blueprint, state);
    wanted.retain(|one| !newer.contains_key(&one.address));
    tracing::info!(recorded = known.len(), unrecorded = wanted.len(), "looking at AWS");
    let asked: Vec<Asked> = known.iter().map(|(address, id)| asked(registry, address, id, state)).collect();
    let replaced = replaced_objects(state);
    let everything: Vec<Asked> = asked.iter().chain(&replaced).cloned().collect();
    let ((seen, beside), found) = try_join(
        observe_all(aws, registry, &everything),
        try_join_all(wanted.iter().map(|one| look_for(aws, registry, one))),
    )
    .await?;
    let mut sightings = Sightings::new();
    for (one, live) in asked.iter().zip(&seen) {
        sightings.insert(one.address.clone(), sighting(&one.object.id, live.as_ref()));
    }
    let mut unseen = Vec::new();
    for (one, live) in replaced.into_iter().zip(seen.into_iter().skip(asked.len())) {
        match live {
            Some(live) => sightings.insert_replaced(one.address, one.object.id, live),
            None => unseen.push(one),
        }
    }
    for (one, live) in look_again_for_replaced(aws, registry, blueprint, state, unseen).await? {
        sightings.insert_replaced(one.address, one.object.id, live);
    }
    let again = look_again(aws, registry, blueprint, state, &sightings).await?;
    sightings.extend(again);
    let found = look_for_what_is_wanted_now(aws, registry, blueprint, state, &wanted, found).await?;
    let mut recovered = BTreeMap::new();
    for (one, mut found) in wanted.into_iter().zip(found) {
        found.retain(|found| {
            !is_replaced(state, &one.address, found) && concerns(blueprint, whole, &one.address, found)
        });
        if let Some(own) = found.iter().find(|found| one.begun && one.is_own(found)) {
            recovered.insert(one.address, own.id.clone());
            continue;
        }
        let mut found = found.into_iter();
        let sighting = match found.next() {
            None => Sighting::Gone,
            Some(first) => Sighting::InTheWay { found: first, beside: found.collect() },
        };
        sightings.insert(one.address, sighting);
    }
    sightings.extend(observe(aws, registry, &recovered, state).await?);
    sightings.extend(newer.into_iter().map(|(address, because)| (address, Sighting::NotAsked { because })));
    Ok((sightings, beside))
}

/// An object is never its own replacement: the one that is to be replaced bears the name that is wanted where an edit was taken
/// back.
fn is_replaced(state: Option<&State>, address: &Address, found: &Found) -> bool {
    let record = state.and_then(|state| state.resources.get(address));
    record.is_some_and(|record| record.predecessors().any(|old| old.id == found.id))
}

/// An intent whose object is not there under the name that was wanted then is looked for under the name that is wanted now.
async fn look_for_what_is_wanted_now(
    aws: &Aws,
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
    wanted: &[Wanted],
    found: Vec<Vec<Found>>,
) -> Result<Vec<Vec<Found>>, RefreshError> {
    let now = |one: &Wanted| {
        let Declaration::Managed { inputs } = blueprint.declarations.get(&one.address)? else { return None };
        let inputs = resolve(inputs, &|reference| {
            recorded_value(blueprint, state, &reference.address, &reference.output)
        });
        let manager = registry.managing(one.address.kind())?;
        let differs = |field: &&str| inputs.get(*field) != one.inputs.get(*field);
        manager.natural_key().iter().any(differs).then_some(())?;
        let now = Wanted { address: one.address.clone(), inputs, owner: one.owner.clone(), begun: true };
        now.has_natural_key(registry).then_some(now)
    };
    try_join_all(wanted.iter().zip(found).map(|(one, found)| async move {
        let is_own = found.iter().any(|found| one.is_own(found));
        match now(one).filter(|_| one.begun && !is_own) {
            Some(now) => look_for(aws, registry, &now).await,
            None => Ok(found),
        }
    }))
    .await
}

/// The records that a newer version of the program made: nothing is asked about them.
fn written_by_newer(registry: &Registry, state: Option<&State>) -> BTreeMap<Address, Newer> {
    let records = state.into_iter().flat_map(|state| &state.resources);
    records
        .filter_map(|(address, record)| Some((address.clone(), newer(registry, address, record)?)))
        .collect()
}

fn without(state: &State, newer: &BTreeMap<Address, Newer>) -> State {
    let mut state = state.clone();
    state.resources.retain(|address, _| !newer.contains_key(address));
    state
}

/// Looks a second time, and by name, for recorded objects that were not seen, and for those that have another name than
/// the declared one. A read that comes too early finds nothing, and to take that for the truth would be to forget an
/// object, or to make another one beside it; and by now another object may have the name.
async fn look_again(
    aws: &Aws,
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
    sightings: &Sightings,
) -> Result<BTreeMap<Address, Sighting>, RefreshError> {
    let records = state.into_iter().flat_map(|state| &state.resources);
    let doubtful: Vec<(&Address, &Record, Vec<Wanted>)> = records
        .filter(|(_, record)| !record.adopted && record.id.is_some())
        .filter_map(|(address, record)| {
            let names = names(registry, blueprint, state, address, record, sightings.get(address)?);
            (!names.is_empty()).then_some((address, record, names))
        })
        .collect();
    let found = try_join_all(doubtful.iter().map(|(_, _, names)| first_of(aws, registry, names))).await?;
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
    let sightings = observe(aws, registry, &there, state).await?;
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
        owner: owner(blueprint, state, address, record.generation),
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
    let declared = declared.map(wanted).filter(|one| one.has_natural_key(registry));
    match sighting {
        Sighting::Gone => {
            let declared = declared.filter(|one| has_another_name(&one.inputs, &record.inputs));
            [wanted(record.inputs.clone())].into_iter().chain(declared).collect()
        }
        Sighting::Live { live, .. } => {
            declared.into_iter().filter(|one| has_another_name(&one.inputs, &live.inputs)).collect()
        }
        Sighting::InTheWay { .. } | Sighting::Supplanted { .. } | Sighting::NotAsked { .. } => Vec::new(),
    }
}

/// What is found by the first of these names that finds anything.
async fn first_of(aws: &Aws, registry: &Registry, names: &[Wanted]) -> Result<Vec<Found>, RefreshError> {
    for one in names {
        let found = look_for(aws, registry, one).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Whether what was found has to do with the address. Without its name, the tags may say that it belongs to another address that is
/// declared or recorded: there it is spoken of.
pub(crate) fn concerns(
    blueprint: &Blueprint,
    state: Option<&State>,
    address: &Address,
    found: &Found,
) -> bool {
    if found.trace == Trace::Name {
        return true;
    }
    let has_id = |record: &Record| record.id.as_ref() == Some(&found.id);
    let mut records = state.into_iter().flat_map(|state| &state.resources);
    if records.any(|(other, record)| other != address && has_id(record)) {
        return false;
    }
    let Some(tagged) = found.tagged_address() else { return true };
    let is_known = blueprint.declarations.contains_key(&tagged)
        || state.is_some_and(|state| state.resources.contains_key(&tagged));
    tagged == *address || !is_known
}

fn known_ids(blueprint: &Blueprint, state: Option<&State>) -> BTreeMap<Address, Id> {
    let records = state.into_iter().flat_map(|state| &state.resources);
    let recorded = records.filter_map(|(address, record)| Some((address.clone(), record.id.clone()?)));
    let adopted = blueprint.declarations.iter().filter_map(|(address, declaration)| match declaration {
        Declaration::Adopted { id } => Some((address.clone(), id.clone())),
        Declaration::Managed { .. } => None,
    });
    recorded.chain(adopted).collect()
}

fn wanted(registry: &Registry, blueprint: &Blueprint, state: Option<&State>) -> Vec<Wanted> {
    let record = |address: &Address| state.and_then(|state| state.resources.get(address));
    let records = state.into_iter().flat_map(|state| &state.resources);
    let begun = records
        .filter(|(_, record)| record.id.is_none())
        .map(|(address, record)| (address, record.inputs.clone(), record.generation, true));
    let declared = blueprint.declarations.iter().filter_map(|(address, declaration)| match declaration {
        Declaration::Managed { inputs } if record(address).is_none() => {
            let resolved = resolve(inputs, &|reference| {
                recorded_value(blueprint, state, &reference.address, &reference.output)
            });
            Some((address, resolved, 0, false))
        }
        _ => None,
    });
    begun
        .chain(declared)
        .map(|(address, inputs, generation, begun)| Wanted {
            address: address.clone(),
            inputs,
            owner: owner(blueprint, state, address, generation),
            begun,
        })
        .filter(|wanted| wanted.has_natural_key(registry))
        .collect()
}

/// The value of an output, as far as it is known before AWS has been looked at: from the network, or as recorded.
pub fn recorded_value(
    blueprint: &Blueprint,
    state: Option<&State>,
    address: &Address,
    output: &str,
) -> Option<Value> {
    match blueprint.declarations.get(address) {
        Some(Declaration::Adopted { id }) if output == "id" => Some(id.as_str().into()),
        _ => state?.output(address, output),
    }
}

pub(crate) async fn look_for(
    aws: &Aws,
    registry: &Registry,
    wanted: &Wanted,
) -> Result<Vec<Found>, RefreshError> {
    let kind = wanted.address.kind();
    match registry.managing(kind) {
        None => Ok(Vec::new()),
        Some(manager) => manager
            .find(aws, &wanted.inputs, &wanted.owner)
            .await
            .map_err(|source| RefreshError { kind: kind.to_owned(), source }),
    }
}

/// The replaced objects that wait to be deleted.
fn replaced_objects(state: Option<&State>) -> Vec<Asked> {
    let records = state.into_iter().flat_map(|state| &state.resources);
    records
        .flat_map(|(address, record)| {
            record.predecessors().map(|old| Asked {
                address: address.clone(),
                object: TrackedDocument { id: old.id.clone(), recorded: Some(old.inputs.clone()) },
            })
        })
        .collect()
}

/// Looks a second time, and by name, for replaced objects that were not seen: see [`look_again`].
async fn look_again_for_replaced(
    aws: &Aws,
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
                blueprint,
                state,
                &one.address,
                record.map_or(0, |record| record.generation.saturating_sub(1)),
            ),
            begun: true,
        };
        look_for(aws, registry, &wanted).await
    }))
    .await?;
    let there: Vec<Asked> = unseen
        .into_iter()
        .zip(found)
        .filter(|(one, found)| found.iter().any(|found| found.id == one.object.id))
        .map(|(one, _)| one)
        .collect();
    let (seen, _) = observe_all(aws, registry, &there).await?;
    let known: Vec<(Asked, Live)> =
        there.iter().cloned().zip(seen).filter_map(|(one, live)| Some((one, live?))).collect();
    match there.iter().find(|one| !known.iter().any(|(seen, _)| seen.object.id == one.object.id)) {
        None => Ok(known),
        Some(one) => Err(not_by_its_id(&one.address)),
    }
}

fn not_by_its_id(address: &Address) -> RefreshError {
    let message = format!("{address} is there by its name, and not by its id: ask again in a moment");
    let error = AwsError::bad_response("refresh", message);
    RefreshError { kind: address.kind().to_owned(), source: KindError::Aws(error) }
}

/// One object to be read.
#[derive(Clone, Debug)]
struct Asked {
    address: Address,
    object: TrackedDocument,
}

fn asked(registry: &Registry, address: &Address, id: &Id, state: Option<&State>) -> Asked {
    let record = state.and_then(|state| state.resources.get(address));
    let recorded = match record {
        Some(record) if !record.adopted => Some(record.inputs.clone()),
        // What is only ever watched has no inputs.
        Some(record) if record.id.as_ref() == Some(id) && registry.managing(address.kind()).is_none() => {
            Some(record.outputs.clone())
        }
        _ => None,
    };
    Asked { address: address.clone(), object: TrackedDocument { id: id.clone(), recorded } }
}

/// What AWS has at each of these addresses.
pub(crate) async fn observe(
    aws: &Aws,
    registry: &Registry,
    ids: &BTreeMap<Address, Id>,
    state: Option<&State>,
) -> Result<BTreeMap<Address, Sighting>, RefreshError> {
    let asked: Vec<Asked> = ids.iter().map(|(address, id)| asked(registry, address, id, state)).collect();
    let (seen, _) = observe_all(aws, registry, &asked).await?;
    let sightings =
        asked.into_iter().zip(seen).map(|(one, live)| (one.address, sighting(&one.object.id, live.as_ref())));
    Ok(sightings.collect())
}

/// What AWS has of each of these objects, in their order, and what was seen beside them: all kinds at once, and each kind in
/// one round.
async fn observe_all(
    aws: &Aws,
    registry: &Registry,
    asked: &[Asked],
) -> Result<(Vec<Option<Live>>, Beside), RefreshError> {
    let mut kinds: BTreeMap<&str, Vec<TrackedDocument>> = BTreeMap::new();
    for one in asked {
        kinds.entry(one.address.kind()).or_default().push(one.object.clone());
    }
    let reads = kinds.into_iter().enumerate().filter_map(|(place, (kind, tracked))| {
        let reader = registry.reader(kind)?;
        Some(async move {
            // One after the other, so that the first call is under way while the next is being made ready.
            for _ in 0..=place {
                on_its_way().await;
            }
            tracing::debug!(kind, objects = tracked.len(), "reading");
            let live = reader.observe(aws, &tracked).await;
            live.map(|live| (kind.to_owned(), live))
                .map_err(|source| RefreshError { kind: kind.to_owned(), source })
        })
    });
    let mut beside: Beside = reads.collect::<FuturesUnordered<_>>().try_collect().await?;
    let of = |one: &Asked, seen: &Beside| seen.get(one.address.kind())?.get(&one.object.id).cloned();
    let seen = asked.iter().map(|one| of(one, &beside)).collect();
    for one in asked {
        if let Some(kind) = beside.get_mut(one.address.kind()) {
            kind.remove(&one.object.id);
        }
    }
    Ok((seen, beside))
}

fn sighting(id: &Id, live: Option<&Live>) -> Sighting {
    match live {
        Some(live) => Sighting::Live { id: id.clone(), live: live.clone() },
        None => Sighting::Gone,
    }
}
