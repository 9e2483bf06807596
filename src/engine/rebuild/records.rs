//! The records of objects that were found, with what AWS shows of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::address::Address;
use crate::engine::cloud::{Cloud, KindError};
use crate::engine::diff;
use crate::engine::document::{Document, is_unknown};
use crate::engine::kind::{Live, Manager, Registry};
use crate::engine::refresh::{RefreshError, observe};
use crate::engine::resource::{Claim, Condition, Id, Owner, Ownership};
use crate::engine::state::{Phase, Record, State};

/// The record as the create that made the object would have left it, before AWS was looked at.
pub(crate) fn begun(
    inputs: &Document,
    id: Id,
    generation: Option<u32>,
    depends_on: BTreeSet<Address>,
) -> Record {
    Record {
        phase: Phase::Creating,
        id: Some(id),
        watched: false,
        kind_version: 1,
        inputs: inputs.clone(),
        outputs: Document::new(),
        depends_on,
        generation: generation.unwrap_or_default(),
        predecessor: None,
        claimed: None,
        gone: false,
        lost: None,
    }
}

/// The claim to an object that is taken over, where its ownership tags are to be written.
pub(crate) fn claim(manager: &dyn Manager, owner: &Owner, ownership: &Ownership) -> Option<Claim> {
    let is_so = *ownership == Ownership::of_tags(&owner.tags());
    (!manager.claim_calls().is_empty() && !is_so).then(|| Claim::from(ownership))
}

/// The records with what AWS shows of their objects.
pub(super) async fn seen(
    cloud: &dyn Cloud,
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
    let sightings = observe(cloud, registry, &ids.collect(), Some(&looked_at)).await?;
    let mut records = BTreeMap::new();
    for (address, record) in looked_at.resources {
        if let Some((_, live)) = sightings.get(&address).and_then(|sighting| sighting.live()) {
            let record = as_seen(registry, &address, record, live)?;
            records.insert(address, record);
        }
    }
    Ok(records)
}

/// The record with what AWS shows of the object.
pub(crate) fn as_seen(
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
    // AWS does not show these fields. They get the value that loses nothing, also against the stack file: losing the state
    // turns no protection off.
    for field in manager.fields() {
        if let (Some(safe), true) = (field.rebuilt_as, record.inputs.contains_key(field.name)) {
            record.inputs.insert(field.name.to_owned(), safe.into());
        }
    }
    record.inputs = manager.normalise(&record.inputs).map_err(misfit)?;
    diff::follow(manager.fields(), &mut record.inputs, &live.inputs);
    // An object that is there has outputs, no matter what AWS is doing with it.
    record.outputs = live.outputs.clone();
    record.phase = match &live.condition {
        // It was made by others: what is left to do is to wait for it, and to write its tags.
        Condition::Pending(_) | Condition::Leaving(_) if record.claimed.is_some() => Phase::Updating,
        // Only what is under way is left to be finished: a database that is stopped, or lost, was made once.
        Condition::Pending(_) | Condition::Leaving(_) => record.phase,
        _ => Phase::Ready,
    };
    Ok(record)
}
