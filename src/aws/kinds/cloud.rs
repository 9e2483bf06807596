//! AWS as the engine's cloud: each question goes to the kind that it is about.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aws::Aws;
use crate::aws::kind::Kind;
use crate::aws::kinds::adapter::{Managing, Reading, RowedKind, WatchedKind};
use crate::aws::watched::Watched;
use crate::engine::cloud::{Asked, ChangeDocument, Cloud, Deletion, KindError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::kind::{Live, Registry};
use crate::engine::resource::{Found, Id, Named, Owner, Ownership};

/// AWS, as the engine asks it.
pub struct AwsCloud {
    aws: Arc<Aws>,
    kinds: Kinds,
}

impl AwsCloud {
    /// AWS with all kinds of the program.
    pub fn new(aws: Arc<Aws>) -> Self {
        Self { aws, kinds: super::kinds() }
    }

    /// All that is known of these kinds without asking AWS.
    pub fn registry(&self) -> Registry {
        self.kinds.registry()
    }

    /// Objects with every field that AWS shows, and with all that no field has. One that is gone is left out.
    ///
    /// # Errors
    /// The first error of the reads.
    pub async fn whole(&self, kind: &str, ids: &[Id]) -> Result<BTreeMap<Id, (Live, Document)>, KindError> {
        self.managing(kind).whole(&self.aws, ids).await
    }

    fn reading(&self, kind: &str) -> &dyn Reading {
        let watched = self.kinds.watched.get(kind).map(AsRef::as_ref);
        let managed = || self.kinds.managed.get(kind).map(|kind| kind.as_reading());
        watched.or_else(managed).expect("the registry has the same kinds")
    }

    fn managing(&self, kind: &str) -> &dyn Managing {
        self.kinds.managed.get(kind).map(AsRef::as_ref).expect("the registry has the same kinds")
    }
}

/// Kinds by their names.
#[derive(Default)]
pub(super) struct Kinds {
    watched: BTreeMap<&'static str, Box<dyn Reading>>,
    managed: BTreeMap<&'static str, Box<dyn Managing>>,
}

impl Kinds {
    /// The kinds with one that is only ever watched.
    pub(super) fn watched<W: Watched>(mut self) -> Self {
        self.watched.insert(W::KIND, Box::new(WatchedKind::<W>::new()));
        self
    }

    /// The kinds with one that can be made, changed and deleted.
    pub(super) fn managed<K: Kind>(mut self) -> Self {
        self.managed.insert(K::KIND, Box::new(RowedKind::<K>::new()));
        self
    }

    /// All that is known of the kinds without asking AWS.
    pub(super) fn registry(&self) -> Registry {
        let watched = self.watched.values().map(|kind| kind.reader());
        let managed = self.managed.values().map(|kind| kind.manager());
        let registry = watched.fold(Registry::default(), Registry::watched);
        managed.fold(registry, Registry::manager)
    }
}

impl Cloud for AwsCloud {
    fn observe<'a>(&'a self, kind: &'a str, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>> {
        self.reading(kind).observe(&self.aws, tracked)
    }

    fn survey<'a>(&'a self, kind: &'a str, ids: &'a [Id]) -> Asked<'a, BTreeMap<Id, Live>> {
        self.managing(kind).survey(&self.aws, ids)
    }

    fn parts<'a>(&'a self, kind: &'a str, whole: &'a Id) -> Asked<'a, Vec<Id>> {
        self.managing(kind).parts(&self.aws, whole)
    }

    fn find<'a>(&'a self, kind: &'a str, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Vec<Found>> {
        self.managing(kind).find(&self.aws, inputs, owner)
    }

    fn create<'a>(&'a self, kind: &'a str, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Id> {
        self.managing(kind).create(&self.aws, inputs, owner)
    }

    fn update<'a>(
        &'a self,
        kind: &'a str,
        inputs: &'a Document,
        change: ChangeDocument<'a>,
    ) -> Asked<'a, ()> {
        self.managing(kind).update(&self.aws, inputs, change)
    }

    fn delete<'a>(&'a self, kind: &'a str, deletion: Deletion<'a>) -> Asked<'a, ()> {
        self.managing(kind).delete(&self.aws, deletion)
    }

    fn ownership<'a>(&'a self, kind: &'a str, id: &'a Id, live: &'a Document) -> Asked<'a, Ownership> {
        self.managing(kind).ownership(&self.aws, id, live)
    }

    fn claim<'a>(&'a self, kind: &'a str, id: &'a Id, owner: &'a Owner) -> Asked<'a, ()> {
        self.managing(kind).claim(&self.aws, id, owner)
    }

    fn list<'a>(&'a self, kind: &'a str) -> Asked<'a, Vec<Found>> {
        self.managing(kind).list(&self.aws)
    }

    fn named<'a>(&'a self, kind: &'a str, text: &'a str) -> Asked<'a, Option<Named>> {
        self.managing(kind).named(&self.aws, text)
    }
}
