//! The refresh: what AWS has at each address now, all kinds at once and each kind in one round.

mod again;
mod wanted;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use futures_util::future::{try_join, try_join_all};
use futures_util::stream::{FuturesUnordered, TryStreamExt};
use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::{Cloud, KindError, TrackedDocument};
use crate::engine::kind::{Live, Reader, Registry};
use crate::engine::newer::{Newer, newer};
use crate::engine::planner::{Sighting, Sightings};
use crate::engine::resource::{Found, Id};
use crate::engine::state::State;

use again::{look_again, look_again_for_replaced};
pub(crate) use wanted::{Wanted, concerns, look_for};
use wanted::{look_for_what_is_wanted_now, wanted};

/// A kind that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {kind} from AWS")]
pub struct RefreshError {
    pub kind: String,
    pub source: KindError,
}

/// Objects seen beside those that were asked for, by kind.
pub type Beside = BTreeMap<String, BTreeMap<Id, Live>>;

/// Looks at every recorded and every declared resource.
///
/// # Errors
/// [`RefreshError`] for the first kind that cannot be read.
pub async fn refresh(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
) -> Result<Sightings, RefreshError> {
    refresh_around(cloud, registry, blueprint, state).await.map(|(sightings, _)| sightings)
}

/// The same, with what the same calls show beside them.
///
/// # Errors
/// [`RefreshError`] for the first kind that cannot be read.
pub async fn refresh_around(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
) -> Result<(Sightings, Beside), RefreshError> {
    let newer = written_by_newer(registry, state);
    let readable = state.filter(|_| !newer.is_empty()).map(|state| without(state, &newer));
    let (whole, state) = (state, readable.as_ref().or(state));
    let mut known = known_ids(blueprint, state);
    known.retain(|address, _| !newer.contains_key(address));
    let mut wanted = wanted(registry, blueprint, state);
    wanted.retain(|one| !newer.contains_key(&one.address));
    tracing::info!(recorded = known.len(), unrecorded = wanted.len(), "looking at AWS");
    let asked: Vec<Asked> = known
        .iter()
        .map(|(address, id)| with_declared_maps(registry, blueprint, asked(registry, address, id, state)))
        .collect();
    let current = asked.len();
    let everything: Vec<Asked> = asked.into_iter().chain(replaced_objects(state)).collect();
    let ((seen, beside), found) = try_join(
        observe_all(cloud, registry, &everything),
        try_join_all(wanted.iter().map(|one| look_for(cloud, registry, one))),
    )
    .await?;
    let mut sightings = Sightings::new();
    let mut seen = everything.into_iter().zip(seen);
    for (one, live) in seen.by_ref().take(current) {
        sightings.insert(one.address, sighting(one.object.id, live));
    }
    let mut unseen = Vec::new();
    for (one, live) in seen {
        match live {
            Some(live) => sightings.insert_replaced(one.address, one.object.id, live),
            None => unseen.push(one),
        }
    }
    for (one, live) in look_again_for_replaced(cloud, registry, blueprint, state, unseen).await? {
        sightings.insert_replaced(one.address, one.object.id, live);
    }
    let again = look_again(cloud, registry, blueprint, state, &sightings).await?;
    sightings.extend(again);
    let found = look_for_what_is_wanted_now(cloud, registry, blueprint, state, &wanted, found).await?;
    let mut recovered = BTreeMap::new();
    for (one, mut found) in wanted.into_iter().zip(found) {
        found.retain(|found| {
            !is_replaced(state, &one.address, found) && concerns(blueprint, whole, &one.address, found)
        });
        if let Some(own) = found.iter().find(|found| one.begun && one.is_own(found)) {
            recovered.insert(one.address, own.id.clone());
            continue;
        }
        // First those whose tags nothing contradicts.
        found.sort_by_key(|found| found.contradiction().is_some());
        let mut found = found.into_iter();
        let sighting = match found.next() {
            None => Sighting::Gone,
            Some(first) => Sighting::InTheWay { found: first, beside: found.collect() },
        };
        sightings.insert(one.address, sighting);
    }
    sightings.extend(observe(cloud, registry, &recovered, state).await?);
    sightings.extend(newer.into_iter().map(|(address, because)| (address, Sighting::NotAsked { because })));
    Ok((sightings, beside))
}

/// An object is never its own replacement: the one that is to be replaced bears the name that is wanted where an edit was taken
/// back.
fn is_replaced(state: Option<&State>, address: &Address, found: &Found) -> bool {
    let record = state.and_then(|state| state.resources.get(address));
    record.is_some_and(|record| record.predecessors().any(|old| old.id == found.id))
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

fn known_ids(blueprint: &Blueprint, state: Option<&State>) -> BTreeMap<Address, Id> {
    let records = state.into_iter().flat_map(|state| &state.resources);
    let recorded = records.filter_map(|(address, record)| Some((address.clone(), record.id.clone()?)));
    let watched = blueprint.declarations.iter().filter_map(|(address, declaration)| match declaration {
        Declaration::Watched { id } => Some((address.clone(), id.clone())),
        Declaration::Managed { .. } => None,
    });
    recorded.chain(watched).collect()
}

/// The value of an output, as far as it is known before AWS has been looked at: from the network, or as recorded.
pub fn recorded_value(
    blueprint: &Blueprint,
    state: Option<&State>,
    address: &Address,
    output: &str,
) -> Option<Value> {
    match blueprint.declarations.get(address) {
        Some(Declaration::Watched { id }) if output == "id" => Some(id.as_str().into()),
        _ => state?.output(address, output),
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

/// One object to be read.
#[derive(Clone, Debug)]
struct Asked {
    address: Address,
    object: TrackedDocument,
}

fn asked(registry: &Registry, address: &Address, id: &Id, state: Option<&State>) -> Asked {
    let record = state.and_then(|state| state.resources.get(address));
    let recorded = match record {
        Some(record) if !record.watched => Some(record.inputs.clone()),
        // An object that is only ever watched has no inputs.
        Some(record) if record.id.as_ref() == Some(id) && registry.managing(address.kind()).is_none() => {
            Some(record.outputs.clone())
        }
        _ => None,
    };
    Asked { address: address.clone(), object: TrackedDocument { id: id.clone(), recorded } }
}

/// With the maps that are declared now, and were not when it was recorded: AWS is asked for some only where they are declared, and
/// may have already what they say.
fn with_declared_maps(registry: &Registry, blueprint: &Blueprint, mut asked: Asked) -> Asked {
    let Some(recorded) = &mut asked.object.recorded else { return asked };
    let Some(Declaration::Managed { inputs }) = blueprint.declarations.get(&asked.address) else {
        return asked;
    };
    let fields = registry.managing(asked.address.kind()).map(|kind| kind.fields()).unwrap_or_default();
    for (name, value) in inputs.iter().filter(|(_, value)| value.is_object()) {
        if fields.iter().any(|field| field.name == name && !field.is_recorded()) {
            recorded.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    asked
}

/// Observes what AWS has at each of these addresses.
pub(crate) async fn observe(
    cloud: &dyn Cloud,
    registry: &Registry,
    ids: &BTreeMap<Address, Id>,
    state: Option<&State>,
) -> Result<BTreeMap<Address, Sighting>, RefreshError> {
    let asked: Vec<Asked> = ids.iter().map(|(address, id)| asked(registry, address, id, state)).collect();
    let (seen, _) = observe_all(cloud, registry, &asked).await?;
    let sightings =
        asked.into_iter().zip(seen).map(|(one, live)| (one.address, sighting(one.object.id, live)));
    Ok(sightings.collect())
}

/// Observes these objects, in their order, and what is seen beside them: all kinds at once, and each kind in one round.
async fn observe_all(
    cloud: &dyn Cloud,
    registry: &Registry,
    asked: &[Asked],
) -> Result<(Vec<Option<Live>>, Beside), RefreshError> {
    let mut kinds: BTreeMap<&str, Vec<TrackedDocument>> = BTreeMap::new();
    for one in asked {
        kinds.entry(one.address.kind()).or_default().push(one.object.clone());
    }
    let of_reader = |(kind, tracked)| Some((registry.reader(kind)?, tracked));
    let mut kinds: Vec<(&dyn Reader, Vec<TrackedDocument>)> =
        kinds.into_iter().filter_map(of_reader).collect();
    kinds.sort_by_key(|(reader, _)| Reverse(reader.rounds()));
    let reads = kinds.into_iter().enumerate().map(|(place, (reader, tracked))| async move {
        // One after the other, so that the first call is under way while the next is being made ready.
        for _ in 0..=place {
            on_its_way().await;
        }
        let kind = reader.kind();
        tracing::debug!(kind, objects = tracked.len(), "reading");
        let live = cloud.observe(kind, &tracked).await;
        live.map(|live| (kind.to_owned(), live))
            .map_err(|source| RefreshError { kind: kind.to_owned(), source })
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

fn sighting(id: Id, live: Option<Live>) -> Sighting {
    match live {
        Some(live) => Sighting::Live { id, live },
        None => Sighting::Gone,
    }
}

/// The turns that the runtime gets until a call that was made ready is on the wire: connected, handed over, sent.
const TURNS: usize = 3;

/// Lets a call that was made ready get on its way, before there is other work.
pub async fn on_its_way() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}
