//! A lost state, put together again: every declared object is found by its natural key, and taken where it carries
//! this stack's ownership tags. Knows nothing of plans, and changes nothing in AWS.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use crate::address::Address;
use crate::aws::Aws;
use crate::blueprint::{Blueprint, Declaration};
use crate::diff;
use crate::document::{Document, is_unknown, references, resolve};
use crate::kind::{KindError, Live, Registry};
use crate::owner::owner;
use crate::refresh::{RefreshError, Wanted, look_for, observe};
use crate::resource::{Condition, Found, Id};
use crate::state::{Edit, Phase, Record, State};

/// What was found again.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// New records, by address.
    pub records: BTreeMap<Address, Record>,
    /// Declared, and nowhere to be found: the next apply makes them.
    pub absent: BTreeSet<Address>,
    /// Somebody else's object has the name: left out.
    pub foreign: BTreeMap<Address, Id>,
}

/// Looks for everything that is declared and not recorded in `state`.
///
/// An object is looked for as soon as the objects in its natural key are known: mount targets after their file system.
///
/// # Errors
/// [`RefreshError`] for the first kind that cannot be read.
pub async fn rebuild(
    aws: &Aws,
    registry: &Registry,
    blueprint: &Blueprint,
    state: &State,
) -> Result<Rebuilt, RefreshError> {
    let mut known = state.clone();
    let mut rebuilt = Rebuilt::default();
    adopt(aws, registry, blueprint, &mut known, &mut rebuilt).await?;
    let mut pending: BTreeMap<&Address, &Document> = blueprint
        .declarations
        .iter()
        .filter_map(|(address, declaration)| match declaration {
            Declaration::Managed { inputs } if !known.resources.contains_key(address) => {
                Some((address, inputs))
            }
            _ => None,
        })
        .collect();
    loop {
        let wave = next_wave(registry, blueprint, &known, &pending);
        if wave.is_empty() {
            rebuilt.absent.extend(pending.into_keys().cloned());
            return Ok(rebuilt);
        }
        let answers = try_join_all(wave.iter().map(|wanted| look_for(aws, registry, wanted))).await?;
        let mut found = BTreeMap::new();
        for (wanted, answer) in wave.iter().zip(answers) {
            pending.remove(&wanted.address);
            match answer {
                None => {
                    rebuilt.absent.insert(wanted.address.clone());
                }
                Some(one) if wanted.is_own(&one) => {
                    let depends_on = blueprint.declarations[&wanted.address].references();
                    let record = begun(wanted, one.id, one.generation, depends_on);
                    found.insert(wanted.address.clone(), record);
                }
                Some(Found { id, .. }) => {
                    rebuilt.foreign.insert(wanted.address.clone(), id);
                }
            }
        }
        for (address, record) in seen(aws, registry, &known, found).await? {
            known.apply(Edit::Put { address: address.clone(), record: record.clone() });
            rebuilt.records.insert(address, record);
        }
    }
}

/// Records the cluster's own objects, which need no proof: they are never changed.
async fn adopt(
    aws: &Aws,
    registry: &Registry,
    blueprint: &Blueprint,
    known: &mut State,
    rebuilt: &mut Rebuilt,
) -> Result<(), RefreshError> {
    let ids: BTreeMap<Address, Id> = blueprint
        .declarations
        .iter()
        .filter_map(|(address, declaration)| match declaration {
            Declaration::Adopted { id } if !known.resources.contains_key(address) => {
                Some((address.clone(), id.clone()))
            }
            _ => None,
        })
        .collect();
    for (address, sighting) in observe(aws, registry, &ids, None).await? {
        if let Some((id, live)) = sighting.live() {
            let kind_version = registry.version(address.kind());
            let record = Record { kind_version, ..Record::adopted(id.clone(), live.outputs.clone()) };
            known.apply(Edit::Put { address: address.clone(), record: record.clone() });
            rebuilt.records.insert(address, record);
        }
    }
    Ok(())
}

/// Everything that can be looked for now: its natural key is known.
fn next_wave(
    registry: &Registry,
    blueprint: &Blueprint,
    known: &State,
    pending: &BTreeMap<&Address, &Document>,
) -> Vec<Wanted> {
    // What refers to an object that is still to be looked for waits for it, to be recorded with everything resolved.
    let waits = |inputs: &Document| references(inputs).iter().any(|address| pending.contains_key(address));
    pending
        .iter()
        .filter(|(_, inputs)| !waits(inputs))
        .map(|(address, inputs)| Wanted {
            address: (*address).clone(),
            inputs: resolve(inputs, &|reference| known.output(&reference.address, &reference.output)),
            owner: owner(blueprint, Some(known), address, 0),
            begun: true,
        })
        .filter(|wanted| wanted.has_natural_key(registry))
        .collect()
}

/// The record as the create that made the object would have left it, before AWS was looked at.
fn begun(wanted: &Wanted, id: Id, generation: Option<u32>, depends_on: BTreeSet<Address>) -> Record {
    Record {
        phase: Phase::Creating,
        id: Some(id),
        adopted: false,
        kind_version: 1,
        inputs: wanted.inputs.clone(),
        outputs: Document::new(),
        depends_on,
        generation: generation.unwrap_or_default(),
        predecessor: None,
        claimed: false,
    }
}

/// The records with what AWS shows of their objects.
async fn seen(
    aws: &Aws,
    registry: &Registry,
    known: &State,
    found: BTreeMap<Address, Record>,
) -> Result<BTreeMap<Address, Record>, RefreshError> {
    let mut looked_at = known.clone();
    looked_at.resources = found;
    let ids = looked_at
        .resources
        .iter()
        .filter_map(|(address, record)| Some((address.clone(), record.id.clone()?)));
    let sightings = observe(aws, registry, &ids.collect(), Some(&looked_at)).await?;
    let mut records = BTreeMap::new();
    for (address, record) in looked_at.resources {
        if let Some((_, live)) = sightings.get(&address).and_then(|sighting| sighting.live()) {
            let record = as_seen(registry, &address, record, live)?;
            records.insert(address, record);
        }
    }
    Ok(records)
}

fn as_seen(
    registry: &Registry,
    address: &Address,
    mut record: Record,
    live: &Live,
) -> Result<Record, RefreshError> {
    let Some(manager) = registry.managing(address.kind()) else { return Ok(record) };
    record.kind_version = manager.version();
    // A reference to something that is gone: what AWS has there is all that can be recorded.
    for (field, value) in &mut record.inputs {
        if is_unknown(value)
            && let Some(seen) = live.inputs.get(field)
        {
            *value = seen.clone();
        }
    }
    let misfit = |source| RefreshError { kind: address.kind().to_owned(), source: KindError::Misfit(source) };
    record.inputs = manager.normalise(&record.inputs).map_err(misfit)?;
    diff::follow(manager.fields(), &mut record.inputs, &live.inputs);
    // Only what is under way is left to be finished: a database that is stopped, or lost, was made once.
    if !matches!(live.condition, Condition::Pending(_) | Condition::Leaving(_)) {
        record.phase = Phase::Ready;
        record.outputs = live.outputs.clone();
    }
    Ok(record)
}
