//! A lost state, put together again: every declared object is found by its natural key, and taken where it is this
//! stack's. Changes nothing in AWS: the ownership tags follow, once the records are durable.

mod undeclared;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::{Cloud, CloudError, KindError};
use crate::engine::diff;
use crate::engine::document::{Document, is_unknown, reference, references, resolve};
use crate::engine::kind::{Live, Manager, Registry};
use crate::engine::owner::{owner, seeker};
use crate::engine::refresh::{RefreshError, Wanted, concerns, look_for, observe};
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Claim, Condition, Found, Id, Owner, Ownership, Told, Trace, Whose};
use crate::engine::state::{Edit, Phase, Record, State};

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

/// An object that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    pub id: Id,
    pub whose: Whose,
    /// Reads after `belongs to`.
    pub owner: String,
    /// Reads after its id: `belongs to the stack shop`.
    pub reason: String,
    /// Others without tags that may be meant as well.
    pub beside: Vec<Foreign>,
}

impl Foreign {
    /// The likeliest of what was found and is not taken, with the others that may be meant.
    fn of(owner: &Owner, found: &[Found]) -> Option<Self> {
        let is_bare = |one: &&Found| one.trace == Trace::Use && one.ownership == Ownership::Untagged;
        let (first, others) = found.split_first()?;
        let others = others.iter().filter(|other| is_bare(&first) && is_bare(other));
        Some(Self {
            beside: others.map(|other| Self::alone(owner, other)).collect(),
            ..Self::alone(owner, first)
        })
    }

    fn alone(owner: &Owner, found: &Found) -> Self {
        let whose = owner.whose(&found.ownership, found.vpc.as_ref());
        let owner = owner.belonging(&whose);
        let reason = match (&whose, found.trace) {
            (Whose::Untagged, Trace::Use) => {
                format!("{}, and carries no tags of provision", found.in_words())
            }
            _ => format!("belongs to {owner}"),
        };
        Self { id: found.id.clone(), whose, owner, reason, beside: Vec::new() }
    }

    /// This one and those beside it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.beside)
    }
}

/// One of several objects that may be meant at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub id: Id,
    /// `db-1 (records-copy, made 2026-11-28T07:00:00Z)`
    pub described: String,
    /// The lineage of the state that made it, where that is another one.
    pub lineage: Option<String>,
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

/// An object that is absent under its declared name, or whose name another one has, may have kept another name: it is the one that
/// a recorded object uses in its place.
async fn find_in_use(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    known: &mut State,
    terms: &Terms<'_>,
    rebuilt: &mut Rebuilt,
) -> Result<(), RefreshError> {
    let is_new = rebuilt.records.keys().all(|address| known.resources.contains_key(address))
        && known
            .resources
            .iter()
            .all(|(address, record)| record.watched || rebuilt.records.contains_key(address));
    let missing: Vec<Address> = rebuilt.absent.iter().chain(rebuilt.foreign.keys()).cloned().collect();
    for address in missing {
        let Some(manager) = registry.managing(address.kind()) else { continue };
        let Some(Declaration::Managed { inputs }) = blueprint.declarations.get(&address) else { continue };
        let Some(used) = used_in_place_of(blueprint, known, &address) else { continue };
        let unread = |source| RefreshError { kind: address.kind().to_owned(), source };
        let Some(named) = cloud.named(manager.kind(), &used).await.map_err(unread)? else { continue };
        let owner = owner(registry, blueprint, Some(known), &address, 0);
        let may_take = match owner.whose(&named.found.ownership, named.found.vpc.as_ref()) {
            Whose::Ours | Whose::Moved { .. } => true,
            Whose::OtherState { lineage, .. } => is_new || terms.take_over == Some(lineage.as_str()),
            _ => false,
        };
        if !may_take || owner.others.contains(&named.found.id) {
            continue;
        }
        let resolved = resolve(inputs, &|reference| known.output(&reference.address, &reference.output));
        let record = Record {
            claimed: claim(manager, &owner, &named.found.ownership),
            ..begun(&resolved, named.found.id, named.found.generation, references(inputs))
        };
        for (address, record) in seen(cloud, registry, known, [(address, record)].into()).await? {
            known.apply(Edit::Put { address: address.clone(), record: record.clone() });
            rebuilt.absent.remove(&address);
            rebuilt.foreign.remove(&address);
            rebuilt.records.insert(address, record);
        }
    }
    Ok(())
}

/// The id that a found object has where its declaration refers to the address alone.
fn used_in_place_of(blueprint: &Blueprint, known: &State, address: &Address) -> Option<String> {
    let wanted = reference(address, "id");
    let is_meant = |value: &Value| value.as_str() == Some(wanted.as_str());
    let mut users = known.resources.iter().filter_map(|(user, record)| {
        let Declaration::Managed { inputs } = blueprint.declarations.get(user)? else { return None };
        inputs.iter().find_map(|(field, declared)| match (declared, record.inputs.get(field)?) {
            (Value::Array(declared), Value::Array(seen)) => match (declared.as_slice(), seen.as_slice()) {
                ([declared], [seen]) if is_meant(declared) => seen.as_str(),
                _ => None,
            },
            (declared, seen) if is_meant(declared) => seen.as_str(),
            _ => None,
        })
    });
    users.next().map(str::to_owned)
}

/// The objects between which nothing decides: the one whose tags have the address counts before those that only have its name.
/// Tags may have been copied or exchanged: where something else contradicts them, all that may be meant are in question.
fn likeliest<'a>(wanted: &Wanted, taken: &[&'a Found], answer: &'a [Found]) -> Vec<&'a Found> {
    let at = &wanted.address;
    let is_contradicted = |found: &Found| found.contradiction().is_some();
    let is_agreed = |found: &Found| found.tagged_address().as_ref() == Some(at) && !is_contradicted(found);
    let agreed: Vec<&Found> = taken.iter().copied().filter(|found| is_agreed(found)).collect();
    let is_sure = |found: &Found| found.trace == Trace::Name || found.is_told(at);
    let told: Vec<&Found> =
        answer.iter().filter(|found| found.is_told(at) && is_contradicted(found)).collect();
    match agreed.as_slice() {
        [one] if told.is_empty() || is_sure(one) => agreed,
        _ if told.is_empty() => taken.to_vec(),
        _ => {
            let others = taken.iter().filter(|found| !told.iter().any(|one| one.id == found.id));
            told.iter().chain(others).copied().collect()
        }
    }
}

/// True where what uses an object tells that it is of another address than its tags say. A token alone does not: it outlives each move.
fn is_told_elsewhere(found: &Found) -> bool {
    matches!(found.contradiction(), Some((_, Told::ByUsers(_))))
}

/// True if what was found may be recorded at the address.
fn may_take(blueprint: &Blueprint, state: &State, terms: &Terms<'_>, wanted: &Wanted, found: &Found) -> bool {
    // A name that was given to something else does not count where the tags say for which declaration that was made.
    let is_named = found.trace == Trace::Name
        && found.tagged_address().is_none_or(|tagged| !blueprint.declarations.contains_key(&tagged));
    let is_meant = |tagged: &String| is_named || *tagged == wanted.address.to_string();
    let in_question = match &wanted.owner.whose(&found.ownership, found.vpc.as_ref()) {
        Whose::Ours | Whose::Inherited => true,
        Whose::Moved { address, .. } => is_meant(address),
        Whose::OtherState { lineage, address } => {
            is_meant(address) && (terms.take_over == Some(lineage.as_str()) || !state.manages_anything())
        }
        _ => false,
    };
    in_question && !wanted.owner.others.contains(&found.id)
}

impl Candidate {
    /// An object of no stack.
    fn of_nobody(found: &Found) -> Self {
        Self { id: found.id.clone(), described: found.described(), lineage: None }
    }

    fn of(found: &Found, whose: &Whose) -> Self {
        let described = match found.contradiction() {
            Some((tagged, told)) => {
                format!("{}, whose tags name {tagged}, and which {told}", found.described())
            }
            None => found.described(),
        };
        let lineage = match whose {
            Whose::OtherState { lineage, .. } => Some(lineage.clone()),
            _ => None,
        };
        Self { id: found.id.clone(), described, lineage }
    }

    /// The command that takes it over.
    pub fn import(&self, address: &Address) -> String {
        Remedy::import(address, &self.id, self.lineage.as_deref()).to_string()
    }
}

/// The claim to an object that is taken over, where its ownership tags are to be written.
pub(crate) fn claim(manager: &dyn Manager, owner: &Owner, ownership: &Ownership) -> Option<Claim> {
    let is_so = *ownership == Ownership::of_tags(&owner.tags());
    (!manager.claim_calls().is_empty() && !is_so).then(|| Claim::from(ownership))
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

/// The records with what AWS shows of their objects.
async fn seen(
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
