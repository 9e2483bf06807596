//! Objects that the user names are recorded at declared addresses, in place of what was recorded there. Nothing in AWS is
//! changed; the next apply writes the ownership tags.

mod apart;
mod names;
mod refused;

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::Cloud;
use crate::engine::document::{references, resolve};
use crate::engine::graph;
use crate::engine::kind::{Live, Manager, Reader, Registry};
use crate::engine::owner::owner;
use crate::engine::parts::{declared_parts, parts_of};
use crate::engine::rebuild::{Rebuilt, Terms, as_seen, begun, claim, rebuild, watch};
use crate::engine::refresh::{RefreshError, observe};
use crate::engine::resource::{Claim, Id, Named, Owner, Remark, Whose};
use crate::engine::state::{Edit, Place, Record, State, moves};
use names::{check_names, kept_in_place};

pub use apart::Apart;
pub use refused::{Refused, lineage};

/// An object that is to be recorded at an address: by its id, or by its name where AWS has no other id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub address: Address,
    pub text: String,
}

/// The records that a state gets.
#[derive(Debug, Default)]
pub struct TakenOver {
    /// New records, by address; those of the objects' parts too.
    pub records: BTreeMap<Address, Record>,
    /// Objects that were recorded there before, and are no longer managed.
    pub instead_of: BTreeMap<Address, Before>,
    /// Parts of what was recorded before: they stay with it.
    pub forgotten: BTreeSet<Address>,
    /// Copies that have become objects of their own, with the addresses at which their objects are recorded now.
    pub promoted: BTreeMap<Address, Address>,
    /// The things that the objects use in the place of what their declarations refer to.
    pub apart: BTreeMap<Address, Vec<Apart>>,
}

/// An object that was recorded before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    pub id: Id,
    /// True if AWS still has it.
    pub is_there: bool,
}

/// Looks for what is wished for, and says what is to be recorded.
///
/// `take_over` names the lineage of another state whose objects may be taken.
///
/// # Errors
/// [`Refused`] for the first wish that cannot be met.
pub async fn take_over(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    state: &State,
    wishes: &[Wish],
    take_over: Option<&str>,
) -> Result<TakenOver, Refused> {
    let mut network = Rebuilt::default();
    let mut known = state.clone();
    watch(cloud, registry, blueprint, &mut known, &mut network).await?;
    let mut taken = TakenOver { records: network.records, ..TakenOver::default() };
    // Declarations that others refer to come first, so that they are resolved.
    let order = graph::order(&blueprint.references()).unwrap_or_default();
    let places: BTreeMap<&Address, usize> = order.iter().zip(0..).collect();
    let mut sorted: Vec<&Wish> = wishes.iter().collect();
    sorted.sort_by_key(|wish| places.get(&wish.address));
    for wish in sorted {
        let one = Taking { cloud, registry, blueprint, take_over };
        if let Some(copy) = one.promoted(&known, wish).await? {
            known.apply(Edit::Remove { address: copy.clone() });
            taken.promoted.insert(copy, wish.address.clone());
        }
        let record = one.record(&known, wish).await?;
        let before = known.resources.get(&wish.address).and_then(|before| before.id.clone());
        if let Some(old) = before.filter(|old| Some(old) != record.id.as_ref()) {
            for part in parts_of(registry, &known, &old) {
                known.apply(Edit::Remove { address: part.clone() });
                taken.forgotten.insert(part);
            }
            let is_there = one.is_there(state, &wish.address, &old).await?;
            taken.instead_of.insert(wish.address.clone(), Before { id: old, is_there });
        }
        known.apply(Edit::Put { address: wish.address.clone(), record: record.clone() });
        taken.records.insert(wish.address.clone(), record);
    }
    let wholes = wishes.iter().map(|wish| &wish.address).collect();
    let parts = declared_parts(registry, blueprint, &wholes);
    let terms = Terms { take_over, only: Some(&parts) };
    let found = rebuild(cloud, registry, blueprint, &known, &terms).await?;
    taken.forgotten.retain(|address| !found.records.contains_key(address));
    taken.records.extend(found.records);
    for address in wishes.iter().map(|wish| &wish.address) {
        if let Some(record) = known.resources.get(address) {
            let Some(manager) = registry.managing(address.kind()) else { continue };
            let apart = apart::apart(manager, blueprint, &known, address, record);
            taken.apart.insert(address.clone(), apart);
        }
    }
    taken.apart.retain(|_, apart| !apart.is_empty());
    // A record that is like that already is not news.
    taken.records.retain(|address, record| state.resources.get(address) != Some(record));
    Ok(taken)
}

/// The data that the meeting of each wish needs.
struct Taking<'a> {
    cloud: &'a dyn Cloud,
    registry: &'a Registry,
    blueprint: &'a Blueprint,
    take_over: Option<&'a str>,
}

impl Taking<'_> {
    /// The declared address of the same kind whose name is most like a mistyped one.
    fn nearest(&self, address: &Address) -> Option<Address> {
        let likeness = |other: &Address| strsim::jaro_winkler(other.name(), address.name());
        let of_kind = self.blueprint.declarations.keys().filter(|other| other.kind() == address.kind());
        let near = of_kind.filter(|other| likeness(other) > 0.8);
        near.max_by(|a, b| likeness(a).total_cmp(&likeness(b))).cloned()
    }

    /// The record of the object that is wished for.
    async fn record(&self, known: &State, wish: &Wish) -> Result<Record, Refused> {
        let Wish { address, text } = wish;
        let declaration = self.blueprint.declarations.get(address);
        if self.registry.reader(address.kind()).is_none() {
            let kinds = self.registry.all_managed().map(Reader::kind).collect();
            return Err(Refused::UnknownKind { address: address.clone(), kinds });
        }
        let (Some(manager), Some(Declaration::Managed { inputs })) =
            (self.registry.managing(address.kind()), declaration)
        else {
            let address = address.clone();
            return Err(match declaration {
                Some(Declaration::Watched { .. }) => Refused::Network { address },
                _ => Refused::Undeclared { nearest: self.nearest(&address), address, text: text.clone() },
            });
        };
        let unread = |source| RefreshError { kind: address.kind().to_owned(), source };
        let absent = || Refused::Absent { address: address.clone(), text: text.clone() };
        let Named { found, unfit } =
            self.cloud.named(manager.kind(), text).await.map_err(unread)?.ok_or_else(absent)?;
        if let Some(why) = unfit {
            return Err(Refused::Unfit { address: address.clone(), id: found.id, why });
        }
        let before = known.resources.get(address);
        let generation = before.map_or(0, |before| before.generation);
        let owner = owner(self.registry, self.blueprint, Some(known), address, generation);
        self.check_owner(known, &owner, &found.id, owner.whose(&found.ownership, found.vpc.as_ref()))?;
        if let Some(why) = owner.unfit(&found) {
            return Err(Refused::Unfit { address: address.clone(), id: found.id, why });
        }
        let resolved = resolve(inputs, &|reference| known.output(&reference.address, &reference.output));
        // Others may have taken the tags off what is this state's own.
        let is_own = |before: &Record| {
            before.id.as_ref() == Some(&found.id) && before.claimed.as_ref().is_none_or(|claim| claim.again)
        };
        let again = before.is_some_and(is_own);
        let claimed = claim(manager, &owner, &found.ownership).map(|claim| Claim { again, ..claim });
        let replaced = before.and_then(|before| before.predecessor.clone());
        let record = Record {
            generation: found.generation.unwrap_or(generation).max(generation),
            // The object that was replaced may be the one that is taken back.
            predecessor: replaced.filter(|old| old.id != found.id),
            claimed,
            gone: false,
            ..begun(&resolved, found.id.clone(), None, references(inputs))
        };
        let live = self.live(known, address, &record).await?.ok_or_else(absent)?;
        // One that is recorded here already may be about to be replaced, by one of the declared name.
        let is_recorded = before.is_some_and(|before| {
            before.id.as_ref() == Some(&found.id) || before.predecessors().any(|old| old.id == found.id)
        });
        if !is_recorded {
            check_names(manager, address, &found.id, (inputs, &resolved), &live, self.blueprint)?;
        }
        // An object that it uses in the place of something declared is none of its references.
        let mut referring = inputs.clone();
        let kept = kept_in_place(manager, address, &resolved, &live);
        referring.retain(|field, _| !kept.contains(&field.as_str()));
        let record = Record { depends_on: references(&referring), ..record };
        Ok(as_seen(self.registry, address, record, &live)?)
    }

    /// The address of a copy that has become an object of its own, and is to be recorded in the place of one that is gone or was never made.
    async fn promoted(&self, known: &State, wish: &Wish) -> Result<Option<Address>, Refused> {
        let Wish { address, text } = wish;
        let Some(manager) = self.registry.managing(address.kind()) else { return Ok(None) };
        let mut alike = known.resources.iter().filter(|(other, record)| {
            manager.alike().contains(&other.kind()) && record.id.is_some() && *other != address
        });
        if alike.clone().next().is_none() {
            return Ok(None);
        }
        let unread = |source| RefreshError { kind: address.kind().to_owned(), source };
        let Some(named) = self.cloud.named(manager.kind(), text).await.map_err(unread)? else {
            return Ok(None);
        };
        let Some((copy, record)) = alike.find(|(_, record)| record.id.as_ref() == Some(&named.found.id))
        else {
            return Ok(None);
        };
        if let Some(id) = known.resources.get(address).and_then(|before| before.id.as_ref())
            && self.is_there(known, address, id).await?
        {
            return Ok(None);
        }
        let live = self.live(known, copy, record).await?;
        let is_on_its_own = live
            .is_some_and(|live| live.remarks.iter().any(|remark| matches!(remark, Remark::OnItsOwn { .. })));
        Ok(is_on_its_own.then(|| copy.clone()))
    }

    fn check_owner(&self, known: &State, owner: &Owner, id: &Id, whose: Whose) -> Result<(), Refused> {
        let address = owner.address.clone();
        let alike = self.registry.managing(address.kind()).map(Manager::alike).unwrap_or_default();
        let other = known.resources.iter().find(|(other, record)| {
            let is_alike = other.kind() == address.kind() || alike.contains(&other.kind());
            let mut replaced = record.predecessors();
            let has_it = record.id.as_ref() == Some(id) || replaced.any(|old| old.id == *id);
            **other != address && is_alike && has_it
        });
        let foreign = |whose: Whose| Refused::Foreign {
            address: address.clone(),
            id: id.clone(),
            owner: owner.belonging(&whose),
            whose,
        };
        match other {
            Some((_, Record { watched: true, .. })) => {
                let cluster = owner.cluster.clone().unwrap_or_default();
                return Err(foreign(Whose::OfCluster { cluster }));
            }
            Some((other, _)) => {
                let (from, to) = (Place::Address(other.clone()), Place::Address(address.clone()));
                let is_free = moves(known, &from, &to).is_ok();
                return Err(Refused::Recorded { address, id: id.clone(), other: other.clone(), is_free });
            }
            None => {}
        }
        match &whose {
            Whose::Ours | Whose::Moved { .. } | Whose::Untagged | Whose::Inherited => Ok(()),
            Whose::OtherState { .. } if !known.manages_anything() => Ok(()),
            // It is left alone until somebody names it.
            left if left.is_left_alone() => Ok(()),
            other if lineage(other).is_some_and(|lineage| self.take_over == Some(lineage)) => Ok(()),
            _ => Err(foreign(whose)),
        }
    }

    /// The object as AWS shows it.
    async fn live(&self, known: &State, address: &Address, record: &Record) -> Result<Option<Live>, Refused> {
        let Some(id) = record.id.clone() else { return Ok(None) };
        // Its own record is all that the look needs.
        let looked_at = State {
            resources: BTreeMap::from([(address.clone(), record.clone())]),
            ..State::new(&known.stack, known.lineage.clone(), &known.account, &known.region)
        };
        let ids = BTreeMap::from([(address.clone(), id)]);
        let seen = observe(self.cloud, self.registry, &ids, Some(&looked_at)).await?;
        Ok(seen.get(address).and_then(|sighting| sighting.live()).map(|(_, live)| live.clone()))
    }

    async fn is_there(&self, state: &State, address: &Address, id: &Id) -> Result<bool, Refused> {
        let ids = BTreeMap::from([(address.clone(), id.clone())]);
        let seen = observe(self.cloud, self.registry, &ids, Some(state)).await?;
        Ok(seen.get(address).is_some_and(|sighting| sighting.live().is_some()))
    }
}
