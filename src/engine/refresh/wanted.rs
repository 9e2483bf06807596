//! Objects that are looked for by their names, tokens and tags, since no id is recorded.

use futures_util::future::try_join_all;

use super::{RefreshError, recorded_value};
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::Cloud;
use crate::engine::document::{Document, is_unknown, resolve};
use crate::engine::kind::Registry;
use crate::engine::owner::seeker;
use crate::engine::resource::{Found, Owner, Trace};
use crate::engine::state::{Record, State};

/// An object to be looked for by its natural key, since no id is recorded.
pub(crate) struct Wanted {
    pub address: Address,
    pub inputs: Document,
    pub owner: Owner,
    /// True if a create was begun, so that an object of ours at this address is the one that it made.
    pub begun: bool,
}

impl Wanted {
    /// True if what was found is what was made for the address. The tags alone do not say so: a copy carries them too.
    pub fn is_own(&self, found: &Found) -> bool {
        let Self { owner, .. } = self;
        found.trace.is_sure()
            && found.contradiction().is_none()
            && owner.whose(&found.ownership, found.vpc.as_ref()).is_ours()
            && !owner.others.contains(&found.id)
    }

    /// True if the natural key is known; one that is not belongs to no object.
    pub fn has_natural_key(&self, registry: &Registry) -> bool {
        registry.managing(self.address.kind()).is_some_and(|kind| {
            kind.natural_key().iter().all(|field| !self.inputs.get(*field).is_none_or(is_unknown))
        })
    }
}

pub(super) fn wanted(registry: &Registry, blueprint: &Blueprint, state: Option<&State>) -> Vec<Wanted> {
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
            owner: seeker(registry, blueprint, state, address, generation),
            begun,
        })
        .filter(|wanted| wanted.has_natural_key(registry))
        .collect()
}

pub(crate) async fn look_for(
    cloud: &dyn Cloud,
    registry: &Registry,
    wanted: &Wanted,
) -> Result<Vec<Found>, RefreshError> {
    let kind = wanted.address.kind();
    match registry.managing(kind) {
        None => Ok(Vec::new()),
        Some(_) => cloud
            .find(kind, &wanted.inputs, &wanted.owner)
            .await
            .map_err(|source| RefreshError { kind: kind.to_owned(), source }),
    }
}

/// An intent whose object is not there under the name that was wanted then is looked for under the name that is wanted now.
pub(super) async fn look_for_what_is_wanted_now(
    cloud: &dyn Cloud,
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
            Some(now) => look_for(cloud, registry, &now).await,
            None => Ok(found),
        }
    }))
    .await
}

/// True if what was found has to do with the address. Without its name, the tags or the token may say that it belongs to another address that is
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
    // Its tags, which name another address, may be copies of those of the object there.
    if found.is_told(address) {
        return true;
    }
    let Some(tagged) = found.tagged_address().or_else(|| Some(found.told.as_ref()?.address().clone())) else {
        return true;
    };
    let is_known = blueprint.declarations.contains_key(&tagged)
        || state.is_some_and(|state| state.resources.contains_key(&tagged));
    tagged == *address || !is_known
}
