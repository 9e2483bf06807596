//! The owner of what stands at an address: the stack and its state, with the cluster and the network they stand in.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::kind::{Manager, Registry};
use crate::engine::network::Network;
use crate::engine::resource::{Id, Owner};
use crate::engine::state::State;

/// The owner of the object of this generation at an address, with the ids that are taken.
pub fn owner(
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
    address: &Address,
    generation: u32,
) -> Owner {
    let others = state.map(|state| others(registry, state, address)).unwrap_or_default();
    Owner { others, ..owner_by_tags(blueprint, state, address, generation) }
}

/// The owner as tags name it: enough to tell whose an object is that was seen, and not to look for one.
///
/// The cluster and the network that the state records count more than those chosen now: a stack never leaves its network.
pub fn owner_by_tags(
    blueprint: &Blueprint,
    state: Option<&State>,
    address: &Address,
    generation: u32,
) -> Owner {
    let recorded_cluster = state.and_then(|state| state.cluster()?.name);
    let chosen_cluster = || blueprint.cluster.as_ref().and_then(|cluster| cluster.name.clone());
    let chosen_vpc = match blueprint.declarations.get(&Network::vpc_address()) {
        Some(Declaration::Watched { id }) => Some(id),
        _ => None,
    };
    Owner {
        stack: blueprint.stack.clone(),
        formerly: state.map(|state| state.formerly.clone()).unwrap_or_default(),
        address: address.clone(),
        lineage: state.map(|state| state.lineage.clone()).unwrap_or_default(),
        cluster: recorded_cluster.or_else(chosen_cluster),
        vpc: state.and_then(State::vpc).or(chosen_vpc).cloned(),
        generation,
        others: BTreeSet::new(),
        named_with: BTreeMap::new(),
    }
}

/// The owner that looks for its object: what stands around that may tell it, where its name and its tags are gone.
pub fn seeker(
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
    address: &Address,
    generation: u32,
) -> Owner {
    let named_with = state.map(|state| named_with(blueprint, state, address)).unwrap_or_default();
    Owner { named_with, ..owner(registry, blueprint, state, address, generation) }
}

/// The recorded objects that are named by the declaration of the address, and by those that name the address too. A new address may be
/// an old one under another name: what was named together with that one is declared no more.
fn named_with(blueprint: &Blueprint, state: &State, address: &Address) -> BTreeMap<Address, Id> {
    let named = blueprint.declarations.values().map(Declaration::references);
    let together = named.filter(|named| named.contains(address)).flatten();
    let own = blueprint.declarations.get(address).map(Declaration::references).unwrap_or_default();
    let is_new = blueprint.declarations.contains_key(address) && !state.resources.contains_key(address);
    let left = state.resources.keys().filter(|other| is_new && !blueprint.declarations.contains_key(*other));
    let all = together.chain(own).chain(left.cloned());
    let recorded = all.filter(|other| other != address).filter_map(|other| {
        let record = state.resources.get(&other).filter(|record| !record.watched)?;
        Some((other, record.id.clone()?))
    });
    recorded.collect()
}

/// The ids that the state records at other addresses, and those of everything that is being replaced. Where AWS has no other id than a
/// name, objects of different kinds may have the same: those of this kind count, and of kinds whose ids are of one series with it.
fn others(registry: &Registry, state: &State, address: &Address) -> BTreeSet<Id> {
    let alike = registry.managing(address.kind()).map(Manager::alike).unwrap_or_default();
    let is_alike = |kind: &str| kind == address.kind() || alike.contains(&kind);
    let records = state.resources.iter().filter(|(other, _)| is_alike(other.kind()));
    let elsewhere =
        records.clone().filter(|(other, _)| *other != address).filter_map(|(_, one)| one.id.clone());
    let replaced = records.flat_map(|(_, record)| record.predecessors().map(|old| old.id.clone()));
    elsewhere.chain(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::document::Document;
    use crate::engine::state::{Edit, Record};

    #[test]
    fn the_ids_that_are_taken_are_collected_for_those_alone_who_look_for_an_object() {
        let mut state = State::new("s", "lineage".to_owned(), "123456789012", "eu-west-1");
        let [one, other] = ["one", "other"].map(|name| Address::new("aws_efs_file_system", name));
        for address in [&one, &other] {
            let record = Record::watched(Id::new(format!("fs-{}", address.name())), Document::new());
            state.apply(Edit::Put { address: address.clone(), record });
        }
        // Of another kind, with a name that one of this kind may have too.
        let record = Record::watched(Id::new("fs-one"), Document::new());
        state.apply(Edit::Put { address: Address::new("aws_s3_bucket", "third"), record });
        let (registry, blueprint, state) = (Registry::default(), Blueprint::default(), Some(&state));
        let taken = BTreeSet::from([Id::new("fs-other")]);
        assert_eq!(owner(&registry, &blueprint, state, &one, 0).others, taken);
        assert_eq!(seeker(&registry, &blueprint, state, &one, 0).others, taken);
        let by_tags = owner_by_tags(&blueprint, state, &one, 0);
        assert_eq!(by_tags.others, BTreeSet::new());
        assert_eq!(by_tags.tags(), owner(&registry, &blueprint, state, &one, 0).tags());
    }
}
