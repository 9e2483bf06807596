//! A lost state, put together again: every declared object is found by its natural key, and taken where it is this
//! stack's. Changes nothing in AWS: the ownership tags follow, once the records are durable.

mod candidates;
mod choice;
mod in_use;
mod records;
mod undeclared;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::{Cloud, CloudError};
use crate::engine::document::{Document, references, resolve};
use crate::engine::kind::Registry;
use crate::engine::owner::{owner, seeker};
use crate::engine::refresh::{RefreshError, Wanted, concerns, look_for, observe};
use crate::engine::resource::{Claim, Found, Id, Ownership, Whose};
use crate::engine::state::{Edit, Record, State};

pub use candidates::{Candidate, Foreign};
use choice::{is_told_elsewhere, likeliest, may_take};
use in_use::find_in_use;
use records::seen;
pub(crate) use records::{as_seen, begun, claim};
pub use undeclared::Undeclared;

/// The objects that a rebuild may take.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms<'a> {
    /// The lineage of another state, whose objects are taken over. A state that manages nothing yet takes over those of
    /// any state of this stack, since that is how a lost one is put together again.
    pub take_over: Option<&'a str>,
    /// Only these addresses; all without.
    pub only: Option<&'a BTreeSet<Address>>,
}

/// The result of a rebuild.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// New records, by address.
    pub records: BTreeMap<Address, Record>,
    /// Declared, and nowhere to be found: the next apply makes them.
    pub absent: BTreeSet<Address>,
    /// Left out: it has the name, and is not this stack's or not this state's.
    pub foreign: BTreeMap<Address, Foreign>,
    /// Several were found, and nothing says which one is meant.
    pub ambiguous: BTreeMap<Address, Vec<Candidate>>,
    /// Not looked for: each is part of something that is left out.
    pub waiting: BTreeMap<Address, Address>,
    /// The states whose objects are taken over, by their lineages.
    pub fenced: BTreeSet<String>,
    /// The stack's, by their tags, and for none of its declarations.
    pub undeclared: Vec<Undeclared>,
    /// Objects of no stack that may be meant by what was not found, by the address of that. What was adopted has no tags before the
    /// first apply.
    pub untagged: BTreeMap<Address, Vec<Candidate>>,
    /// The kinds whose objects AWS did not list: what is not declared any more is not seen among them.
    pub unlisted: BTreeMap<String, CloudError>,
}

/// Looks for everything that is declared and not recorded in `state`.
///
/// An object is looked for as soon as the objects in its natural key are known: mount targets after their file system.
///
/// # Errors
/// [`RefreshError`] for the first kind that cannot be read.
pub async fn rebuild(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    state: &State,
    terms: &Terms<'_>,
) -> Result<Rebuilt, RefreshError> {
    let mut known = state.clone();
    let mut rebuilt = Rebuilt::default();
    watch(cloud, registry, blueprint, &mut known, &mut rebuilt).await?;
    if terms.take_over.is_some() && terms.only.is_none() {
        take_back(cloud, registry, blueprint, &mut known, terms, &mut rebuilt).await?;
    }
    let mut pending: BTreeMap<&Address, &Document> = blueprint
        .declarations
        .iter()
        .filter_map(|(address, declaration)| match declaration {
            Declaration::Managed { inputs } if is_unmade(&known, address) => Some((address, inputs)),
            _ => None,
        })
        .filter(|(address, _)| terms.only.is_none_or(|only| only.contains(*address)))
        .collect();
    loop {
        let wave = next_wave(registry, blueprint, &known, &pending);
        if wave.is_empty() {
            for (address, inputs) in pending {
                let left_out = |on: &Address| {
                    rebuilt.foreign.contains_key(on)
                        || rebuilt.ambiguous.contains_key(on)
                        || rebuilt.waiting.contains_key(on)
                };
                match references(inputs).into_iter().find(left_out) {
                    Some(on) => drop(rebuilt.waiting.insert(address.clone(), on)),
                    None => drop(rebuilt.absent.insert(address.clone())),
                }
            }
            without_what_was_taken(&known, &mut rebuilt);
            find_in_use(cloud, registry, blueprint, &mut known, terms, &mut rebuilt).await?;
            if terms.only.is_none() {
                undeclared::look_through(cloud, registry, blueprint, &known, &mut rebuilt).await?;
            }
            return Ok(rebuilt);
        }
        let answers = try_join_all(wave.iter().map(|wanted| look_for(cloud, registry, wanted))).await?;
        let mut found = BTreeMap::new();
        for (wanted, mut answer) in wave.iter().zip(answers) {
            pending.remove(&wanted.address);
            answer.retain(|found| concerns(blueprint, Some(&known), &wanted.address, found));
            let whose = |found: &Found| wanted.owner.whose(&found.ownership, found.vpc.as_ref());
            let taken = answer.iter().filter(|found| may_take(blueprint, state, terms, wanted, found));
            let taken: Vec<&Found> = taken.collect();
            let (one, whose) = match likeliest(wanted, &taken, &answer).as_slice() {
                [one] if taken.contains(one) && !is_told_elsewhere(one) => ((*one).clone(), whose(one)),
                several @ [_, ..] => {
                    let several = several.iter().map(|found| Candidate::of(found, &whose(found))).collect();
                    rebuilt.ambiguous.insert(wanted.address.clone(), several);
                    continue;
                }
                [] => {
                    match Foreign::of(&wanted.owner, &answer) {
                        Some(foreign) => drop(rebuilt.foreign.insert(wanted.address.clone(), foreign)),
                        None => drop(rebuilt.absent.insert(wanted.address.clone())),
                    }
                    continue;
                }
            };
            if let Whose::OtherState { lineage, .. } = whose {
                rebuilt.fenced.insert(lineage);
            }
            let Some(manager) = registry.managing(wanted.address.kind()) else { continue };
            let depends_on = blueprint.declarations[&wanted.address].references();
            let intent = known.resources.get(&wanted.address);
            let record = Record {
                claimed: claim(manager, &wanted.owner, &one.ownership),
                predecessor: intent.and_then(|intent| intent.predecessor.clone()),
                ..begun(&wanted.inputs, one.id, one.generation.or(Some(wanted.owner.generation)), depends_on)
            };
            found.insert(wanted.address.clone(), record);
        }
        for (address, record) in seen(cloud, registry, &known, found).await? {
            known.apply(Edit::Put { address: address.clone(), record: record.clone() });
            rebuilt.records.insert(address, record);
        }
    }
}

/// Leaves candidates out that were recorded at another address meanwhile.
fn without_what_was_taken(known: &State, rebuilt: &mut Rebuilt) {
    let taken: BTreeSet<&Id> = known.resources.values().filter_map(|record| record.id.as_ref()).collect();
    for candidates in rebuilt.ambiguous.values_mut() {
        candidates.retain(|candidate| !taken.contains(&candidate.id));
    }
    let emptied = rebuilt.ambiguous.extract_if(.., |_, candidates| candidates.is_empty());
    rebuilt.absent.extend(emptied.map(|(address, _)| address));
}

/// Records what another state has taken over of what is recorded as this state's again.
async fn take_back(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    known: &mut State,
    terms: &Terms<'_>,
    rebuilt: &mut Rebuilt,
) -> Result<(), RefreshError> {
    let records = known.resources.iter().filter(|(_, record)| !record.watched && record.claimed.is_none());
    let ids = records.filter_map(|(address, record)| Some((address.clone(), record.id.clone()?)));
    let sightings = observe(cloud, registry, &ids.collect(), Some(known)).await?;
    for (address, sighting) in sightings {
        let (Some((_, live)), Some(record)) = (sighting.live(), known.resources.get(&address)) else {
            continue;
        };
        let Some(manager) = registry.managing(address.kind()) else { continue };
        let Some(id) = record.id.as_ref().filter(|_| !manager.claim_calls().is_empty()) else { continue };
        let unread = |source| RefreshError { kind: address.kind().to_owned(), source };
        let ownership = match live.ownership {
            Ownership::Inherited => {
                cloud.ownership(manager.kind(), id, &live.inputs).await.map_err(unread)?
            }
            ref shown => shown.clone(),
        };
        let owner = owner(registry, blueprint, Some(known), &address, record.generation);
        if let Whose::OtherState { lineage, .. } = owner.whose(&ownership, live.vpc.as_ref())
            && terms.take_over == Some(lineage.as_str())
        {
            let record = Record { claimed: Some(Claim::from(&ownership)), ..record.clone() };
            rebuilt.fenced.insert(lineage);
            known.apply(Edit::Put { address: address.clone(), record: record.clone() });
            rebuilt.records.insert(address, record);
        }
    }
    Ok(())
}

/// Records the cluster's own objects, which need no proof: they are never changed.
pub(crate) async fn watch(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    known: &mut State,
    rebuilt: &mut Rebuilt,
) -> Result<(), RefreshError> {
    let ids: BTreeMap<Address, Id> = blueprint
        .declarations
        .iter()
        .filter_map(|(address, declaration)| match declaration {
            Declaration::Watched { id } if !known.resources.contains_key(address) => {
                Some((address.clone(), id.clone()))
            }
            _ => None,
        })
        .collect();
    for (address, sighting) in observe(cloud, registry, &ids, None).await? {
        if let Some((id, live)) = sighting.live() {
            let kind_version = registry.version(address.kind());
            let record = Record { kind_version, ..Record::watched(id.clone(), live.outputs.clone()) };
            known.apply(Edit::Put { address: address.clone(), record: record.clone() });
            rebuilt.records.insert(address, record);
        }
    }
    Ok(())
}

/// Everything that can be looked for now: its natural key is known. An object without one is looked for when there is nothing else,
/// since what stands around it may tell it.
fn next_wave(
    registry: &Registry,
    blueprint: &Blueprint,
    known: &State,
    pending: &BTreeMap<&Address, &Document>,
) -> Vec<Wanted> {
    // A declaration that refers to an object still to be looked for waits for it, to be recorded with everything resolved.
    let waits = |inputs: &Document| references(inputs).iter().any(|address| pending.contains_key(address));
    let wave: Vec<Wanted> = pending
        .iter()
        .filter(|(_, inputs)| !waits(inputs))
        .map(|(address, inputs)| Wanted {
            address: (*address).clone(),
            inputs: resolve(inputs, &|reference| known.output(&reference.address, &reference.output)),
            owner: seeker(registry, blueprint, Some(known), address, generation(known, address)),
            begun: true,
        })
        .filter(|wanted| wanted.has_natural_key(registry))
        .collect();
    let has_key = |wanted: &Wanted| {
        registry.managing(wanted.address.kind()).is_some_and(|kind| !kind.natural_key().is_empty())
    };
    let (named, nameless): (Vec<Wanted>, Vec<Wanted>) = wave.into_iter().partition(has_key);
    if named.is_empty() { nameless } else { named }
}

/// True where nothing is recorded, or no more than the intent to make it.
fn is_unmade(known: &State, address: &Address) -> bool {
    known.resources.get(address).is_none_or(|record| record.id.is_none())
}

fn generation(known: &State, address: &Address) -> u32 {
    known.resources.get(address).map_or(0, |record| record.generation)
}
