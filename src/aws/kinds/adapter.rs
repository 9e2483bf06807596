//! The adapters from the two contracts of kinds to the engine, which sees documents.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use serde_json::Value;

use crate::aws::Aws;
use crate::aws::kind::{Kind, Seen};
use crate::aws::row;
use crate::aws::watched::Watched;
use crate::engine::call::Call;
use crate::engine::cloud::{Asked, ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::kind::{Gone, Live, Manager, Misfit, Reader, WhenGone};
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Effect, Field, Found, Id, Invalid, Named, Owner, Ownership, Patience, form};

/// The half of a kind that reads.
pub(super) trait Reading: Send + Sync {
    fn reader(&self) -> Box<dyn Reader>;
    fn observe<'a>(&'a self, aws: &'a Aws, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>>;
}

/// The half of a kind that finds, makes, changes and deletes. The functions are those of [`Kind`].
pub(super) trait Managing: Reading {
    fn as_reading(&self) -> &dyn Reading;
    fn manager(&self) -> Box<dyn Manager>;
    fn survey<'a>(&'a self, aws: &'a Aws, ids: &'a [Id]) -> Asked<'a, BTreeMap<Id, Live>>;
    fn whole<'a>(&'a self, aws: &'a Aws, ids: &'a [Id]) -> Asked<'a, BTreeMap<Id, (Live, Document)>>;
    fn parts<'a>(&'a self, aws: &'a Aws, whole: &'a Id) -> Asked<'a, Vec<Id>>;
    fn find<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Vec<Found>>;
    fn create<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Id>;
    fn update<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, change: ChangeDocument<'a>) -> Asked<'a, ()>;
    fn delete<'a>(&'a self, aws: &'a Aws, deletion: Deletion<'a>) -> Asked<'a, ()>;
    fn ownership<'a>(&'a self, aws: &'a Aws, id: &'a Id, live: &'a Document) -> Asked<'a, Ownership>;
    fn claim<'a>(&'a self, aws: &'a Aws, id: &'a Id, owner: &'a Owner) -> Asked<'a, ()>;
    fn list<'a>(&'a self, aws: &'a Aws) -> Asked<'a, Vec<Found>>;
    fn named<'a>(&'a self, aws: &'a Aws, text: &'a str) -> Asked<'a, Option<Named>>;
}

/// A watched kind, seen through documents.
pub(super) struct WatchedKind<W>(PhantomData<fn() -> W>);

impl<W: Watched> WatchedKind<W> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<W: Watched> Reader for WatchedKind<W> {
    fn kind(&self) -> &'static str {
        W::KIND
    }

    fn calls(&self) -> &'static [Call] {
        W::CALLS
    }

    fn when_missing(&self) -> Option<&'static str> {
        W::WHEN_MISSING
    }
}

impl<W: Watched> Reading for WatchedKind<W> {
    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Self::new())
    }

    fn observe<'a>(&'a self, aws: &'a Aws, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>> {
        Box::pin(async move {
            let shown = W::look(aws, tracked).await?;
            Ok(shown.into_iter().map(|(id, seen)| (id, watched(seen))).collect())
        })
    }
}

/// An object without inputs: none of the program's own.
fn watched(seen: Seen) -> Live {
    let Seen { outputs, condition, remarks, ownership, vpc } = seen;
    let (inputs, in_force) = (Document::new(), Document::new());
    Live { inputs, in_force, outputs, condition, remarks, ownership, vpc }
}

/// A kind by rows, seen through documents.
pub(super) struct RowedKind<K> {
    fields: Vec<Field>,
    of: PhantomData<fn() -> K>,
}

impl<K: Kind> RowedKind<K> {
    pub(super) fn new() -> Self {
        Self { fields: row::fields::<K>(), of: PhantomData }
    }

    /// One object; without recorded inputs it is only watched.
    fn live(live: &K::Live, recorded: Option<&Document>) -> Live {
        let shown = watched(K::seen(live, recorded));
        let Some(recorded) = recorded else { return shown };
        let inputs = row::observe::<K>(live, recorded);
        let in_force = K::in_force(live).map(|live| row::observe::<K>(&live, recorded));
        // It may be none of the fields that waits.
        let in_force = in_force.filter(|in_force| *in_force != inputs).unwrap_or_default();
        Live { inputs, in_force, ..shown }
    }
}

impl<K: Kind> RowedKind<K> {
    /// One object with all its fields.
    fn with_all_fields(live: &K::Live) -> Live {
        let inputs = row::observe_whole::<K>(live);
        let in_force = K::in_force(live).map(|live| row::observe_whole::<K>(&live));
        let in_force = in_force.filter(|in_force| *in_force != inputs).unwrap_or_default();
        Live { inputs, in_force, ..watched(K::seen(live, None)) }
    }

    async fn look_at(aws: &Aws, ids: &[Id]) -> Result<BTreeMap<Id, K::Live>, CloudError> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let tracked: Vec<TrackedDocument> =
            ids.iter().map(|id| TrackedDocument { id: id.clone(), recorded: None }).collect();
        K::look(aws, &tracked).await
    }
}

impl<K: Kind> Reader for RowedKind<K> {
    fn kind(&self) -> &'static str {
        K::KIND
    }

    fn calls(&self) -> &'static [Call] {
        K::CALLS
    }

    fn rounds(&self) -> usize {
        K::ROUNDS
    }

    fn version(&self) -> u32 {
        K::VERSION
    }

    fn upgrade(&self, from: u32, inputs: Document) -> Document {
        K::upgrade(from, inputs)
    }
}

impl<K: Kind> Manager for RowedKind<K> {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn natural_key(&self) -> &'static [&'static str] {
        K::NATURAL_KEY
    }

    fn loss(&self) -> Effect {
        K::LOSS
    }

    fn is_named_when_gone(&self) -> bool {
        K::NAMED_WHEN_GONE || self.holds_data()
    }

    fn overwrites(&self, inputs: &Document) -> bool {
        K::overwrites(inputs)
    }

    fn removal(&self, id: &Id) -> Option<String> {
        K::removal(id)
    }

    fn unprotected(&self, observed: &Document) -> Option<Remedy> {
        K::unprotected(observed)
    }

    fn way_back(&self, name: &str, inputs: &Document) -> Option<Remedy> {
        K::way_back(name, inputs)
    }

    fn when_gone(&self, gone: &Gone<'_>) -> Option<WhenGone> {
        K::when_gone(gone)
    }

    fn patience(&self) -> Patience {
        K::PATIENCE
    }

    fn normalise(&self, inputs: &Document) -> Result<Document, Misfit> {
        form::normalise(&self.fields, inputs).map_err(|problem| Misfit { kind: K::KIND, problem })
    }

    fn check(&self, inputs: &Document, observed: Option<&Document>) -> Result<Vec<Invalid>, Misfit> {
        let mut invalid = form::wrong(&self.fields, inputs, observed);
        // A rule over several fields says nothing more of a field that breaks the rule of its own.
        let broken: BTreeSet<&str> = invalid.iter().map(|invalid| invalid.field).collect();
        let over_several = K::CHECKS.iter().flat_map(|check| check(inputs, observed));
        invalid.extend(over_several.filter(|invalid| !broken.contains(invalid.field)));
        Ok(invalid)
    }

    fn sent_along(&self, inputs: &Document, coming: &Document, in_force: &Document) -> Document {
        K::sent_along(inputs, coming, in_force)
    }

    fn as_created(&self, inputs: &Document) -> Document {
        K::as_created(inputs)
    }

    fn foreseen(&self, inputs: &Document, output: &str, region: &str) -> Option<Value> {
        K::foreseen(inputs, output, region)
    }

    fn outlives(&self, kind: &str) -> bool {
        K::OUTLIVES.contains(&kind)
    }

    fn comes_first(&self) -> bool {
        K::COMES_FIRST
    }

    fn hides_tags(&self) -> bool {
        K::HIDES_TAGS
    }

    fn alike(&self) -> &'static [&'static str] {
        K::ALIKE
    }

    fn claim_calls(&self) -> &'static [Call] {
        K::CLAIM
    }
}

impl<K: Kind> Reading for RowedKind<K> {
    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Self::new())
    }

    fn observe<'a>(&'a self, aws: &'a Aws, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>> {
        Box::pin(async move {
            let shown = K::look(aws, tracked).await?;
            let recorded: BTreeMap<&Id, &Document> =
                tracked.iter().filter_map(|one| Some((&one.id, one.recorded.as_ref()?))).collect();
            let live = |(id, live): (Id, K::Live)| {
                let live = Self::live(&live, recorded.get(&id).copied());
                (id, live)
            };
            Ok(shown.into_iter().map(live).collect())
        })
    }
}

impl<K: Kind> Managing for RowedKind<K> {
    fn as_reading(&self) -> &dyn Reading {
        self
    }

    fn manager(&self) -> Box<dyn Manager> {
        Box::new(Self::new())
    }

    fn survey<'a>(&'a self, aws: &'a Aws, ids: &'a [Id]) -> Asked<'a, BTreeMap<Id, Live>> {
        Box::pin(async move {
            let shown = Self::look_at(aws, ids).await?;
            Ok(shown.into_iter().map(|(id, live)| (id, Self::with_all_fields(&live))).collect())
        })
    }

    fn whole<'a>(&'a self, aws: &'a Aws, ids: &'a [Id]) -> Asked<'a, BTreeMap<Id, (Live, Document)>> {
        Box::pin(async move {
            let shown = Self::look_at(aws, ids).await?;
            let mut beyond = K::beyond(aws, &shown).await?;
            let all = shown.into_iter().map(|(id, live)| {
                let beyond = beyond.remove(&id).unwrap_or_default();
                (id, (Self::with_all_fields(&live), beyond))
            });
            Ok(all.collect())
        })
    }

    fn parts<'a>(&'a self, aws: &'a Aws, whole: &'a Id) -> Asked<'a, Vec<Id>> {
        Box::pin(async move { Ok(K::parts(aws, whole).await?) })
    }

    fn find<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Vec<Found>> {
        Box::pin(async move { Ok(K::find(aws, &self.normalise(inputs)?, owner).await?) })
    }

    fn create<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Id> {
        Box::pin(async move { Ok(K::create(aws, &self.normalise(inputs)?, owner).await?) })
    }

    fn update<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, change: ChangeDocument<'a>) -> Asked<'a, ()> {
        Box::pin(async move { Ok(K::update(aws, &self.normalise(inputs)?, change).await?) })
    }

    fn delete<'a>(&'a self, aws: &'a Aws, deletion: Deletion<'a>) -> Asked<'a, ()> {
        Box::pin(async move { Ok(K::delete(aws, deletion).await?) })
    }

    fn ownership<'a>(&'a self, aws: &'a Aws, id: &'a Id, live: &'a Document) -> Asked<'a, Ownership> {
        Box::pin(async move { Ok(K::ownership(aws, id, live).await?) })
    }

    fn claim<'a>(&'a self, aws: &'a Aws, id: &'a Id, owner: &'a Owner) -> Asked<'a, ()> {
        Box::pin(async move { Ok(K::claim(aws, id, owner).await?) })
    }

    fn list<'a>(&'a self, aws: &'a Aws) -> Asked<'a, Vec<Found>> {
        Box::pin(async move { Ok(K::list(aws).await?) })
    }

    fn named<'a>(&'a self, aws: &'a Aws, text: &'a str) -> Asked<'a, Option<Named>> {
        Box::pin(async move { Ok(K::named(aws, text).await?) })
    }
}
