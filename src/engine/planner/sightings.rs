//! The sightings at each address: of the object of its record or declaration, and of replaced objects that wait to be deleted.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use super::Sighting;
use crate::engine::address::Address;
use crate::engine::kind::Live;
use crate::engine::resource::Id;

/// The sighting at each address: of each record, and of each declaration that has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sightings {
    objects: BTreeMap<Address, Sighting>,
    /// Of the replaced objects that a record still names, those that are there.
    replaced: BTreeMap<Address, BTreeMap<Id, Live>>,
}

impl Sightings {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a replaced object that is there.
    pub fn insert_replaced(&mut self, address: Address, id: Id, live: Live) {
        self.replaced.entry(address).or_default().insert(id, live);
    }

    /// The replaced objects that are there.
    pub fn replaced(&self, address: &Address) -> impl Iterator<Item = (&Id, &Live)> {
        self.replaced.get(address).into_iter().flatten()
    }

    /// One object at an address, the recorded one or one that it replaces.
    pub fn object(&self, address: &Address, id: &Id) -> Option<&Live> {
        let recorded = self.objects.get(address).and_then(Sighting::live);
        let replaced = || self.replaced.get(address)?.get(id);
        recorded.filter(|(seen, _)| *seen == id).map(|(_, live)| live).or_else(replaced)
    }
}

impl Deref for Sightings {
    type Target = BTreeMap<Address, Sighting>;

    fn deref(&self) -> &Self::Target {
        &self.objects
    }
}

impl DerefMut for Sightings {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.objects
    }
}

impl FromIterator<(Address, Sighting)> for Sightings {
    fn from_iter<T: IntoIterator<Item = (Address, Sighting)>>(seen: T) -> Self {
        Self { objects: seen.into_iter().collect(), replaced: BTreeMap::new() }
    }
}

impl<const N: usize> From<[(Address, Sighting); N]> for Sightings {
    fn from(seen: [(Address, Sighting); N]) -> Self {
        seen.into_iter().collect()
    }
}
