//! The adapter from typed kinds to the documents of the engine, and AWS as its cloud.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::aws::Aws;
use crate::aws::kind::Kind;
use crate::aws::kinds::rowed::Rowed;
use crate::aws::resource::{Change, Observe, Observed, Resource, Tracked};
use crate::engine::call::Call;
use crate::engine::cloud::{Asked, ChangeDocument, Cloud, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::kind::{Live, Manager, Misfit, Reader, Registry};
use crate::engine::resource::{Effect, Field, Found, Id, Invalid, Named, Owner, Ownership, Patience};

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

    fn seen(&self, kind: &str) -> &dyn Seen {
        let watched = self.kinds.watched.get(kind).map(AsRef::as_ref);
        let managed = || self.kinds.managed.get(kind).map(|kind| kind.as_seen());
        watched.or_else(managed).expect("the registry has the same kinds")
    }

    fn made(&self, kind: &str) -> &dyn Made {
        self.kinds.managed.get(kind).map(AsRef::as_ref).expect("the registry has the same kinds")
    }
}

/// Kinds by their names.
#[derive(Default)]
pub(super) struct Kinds {
    watched: BTreeMap<&'static str, Box<dyn Seen>>,
    managed: BTreeMap<&'static str, Box<dyn Made>>,
}

impl Kinds {
    /// The kinds with one that is only ever watched.
    pub(super) fn watched<R: Observe>(mut self) -> Self {
        self.watched.insert(R::KIND, Box::new(Typed::<R>::new()));
        self
    }

    /// The kinds with one that can be made, changed and deleted.
    pub(super) fn managed<R: Resource>(mut self) -> Self {
        self.managed.insert(R::KIND, Box::new(Typed::<R>::new()));
        self
    }

    /// The kinds with one that is written by rows.
    pub(super) fn rowed<K: Kind>(mut self) -> Self {
        self.managed.insert(K::KIND, Box::new(Rowed::<K>::new()));
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

/// The half of a kind that reads.
pub(super) trait Seen: Send + Sync {
    fn reader(&self) -> Box<dyn Reader>;
    fn observe<'a>(&'a self, aws: &'a Aws, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>>;
}

/// The half of a kind that finds, makes, changes and deletes. The functions are those of [`Resource`].
pub(super) trait Made: Seen {
    fn as_seen(&self) -> &dyn Seen;
    fn manager(&self) -> Box<dyn Manager>;
    fn find<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Vec<Found>>;
    fn create<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Id>;
    fn update<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, change: ChangeDocument<'a>) -> Asked<'a, ()>;
    fn delete<'a>(&'a self, aws: &'a Aws, deletion: Deletion<'a>) -> Asked<'a, ()>;
    fn ownership<'a>(&'a self, aws: &'a Aws, id: &'a Id, live: &'a Document) -> Asked<'a, Ownership>;
    fn claim<'a>(&'a self, aws: &'a Aws, id: &'a Id, owner: &'a Owner) -> Asked<'a, ()>;
    fn named<'a>(&'a self, aws: &'a Aws, text: &'a str) -> Asked<'a, Option<Named>>;
}

/// A typed kind seen through documents.
pub(super) struct Typed<R>(PhantomData<R>);

impl<R> Typed<R> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

fn from_document<R: Observe>(document: &Document) -> Result<R, Misfit> {
    R::deserialize(document).map_err(|error| Misfit { kind: R::KIND, problem: error.to_string() })
}

fn to_document<T: Serialize>(kind: &'static str, value: &T) -> Result<Document, Misfit> {
    match serde_json::to_value(value) {
        // An input that was not written is not in the document at all.
        Ok(Value::Object(fields)) => Ok(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        Ok(_) => Err(Misfit { kind, problem: "not a set of named fields".to_owned() }),
        Err(error) => Err(Misfit { kind, problem: error.to_string() }),
    }
}

fn erase<R: Observe>(observed: &Observed<R>) -> Result<Live, Misfit> {
    let document = |inputs: &Option<R>| match inputs {
        Some(inputs) => to_document(R::KIND, inputs),
        None => Ok(Document::new()),
    };
    Ok(Live {
        inputs: document(&observed.inputs)?,
        in_force: document(&observed.in_force)?,
        outputs: to_document(R::KIND, &observed.outputs)?,
        condition: observed.condition.clone(),
        remarks: observed.remarks.clone(),
        ownership: observed.ownership.clone(),
        vpc: observed.vpc.clone(),
    })
}

impl<R: Observe> Reader for Typed<R> {
    fn kind(&self) -> &'static str {
        R::KIND
    }

    fn calls(&self) -> &'static [Call] {
        R::CALLS
    }

    fn version(&self) -> u32 {
        R::VERSION
    }

    fn upgrade(&self, from: u32, inputs: Document) -> Document {
        R::upgrade(from, inputs)
    }
}

impl<R: Resource> Manager for Typed<R> {
    fn fields(&self) -> &'static [Field] {
        R::FIELDS
    }

    fn natural_key(&self) -> &'static [&'static str] {
        R::NATURAL_KEY
    }

    fn loss(&self) -> Effect {
        R::LOSS
    }

    fn patience(&self) -> Patience {
        R::PATIENCE
    }

    fn normalise(&self, inputs: &Document) -> Result<Document, Misfit> {
        to_document(R::KIND, &from_document::<R>(inputs)?)
    }

    fn check(&self, inputs: &Document, observed: Option<&Document>) -> Result<Vec<Invalid>, Misfit> {
        let observed = observed.map(from_document::<R>).transpose()?;
        Ok(from_document::<R>(inputs)?.check(observed.as_ref()))
    }

    fn hides_tags(&self) -> bool {
        R::HIDES_TAGS
    }

    fn claim_calls(&self) -> &'static [Call] {
        R::CLAIM
    }
}

impl<R: Observe> Seen for Typed<R> {
    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Self::new())
    }

    fn observe<'a>(&'a self, aws: &'a Aws, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>> {
        Box::pin(async move {
            let tracked: Vec<Tracked<R>> = tracked
                .iter()
                .map(|one| {
                    let recorded = one.recorded.as_ref().map(from_document::<R>).transpose()?;
                    Ok(Tracked { id: one.id.clone(), recorded })
                })
                .collect::<Result<_, Misfit>>()?;
            let observed = R::observe(aws, &tracked).await?;
            observed.iter().map(|(id, one)| Ok((id.clone(), erase(one)?))).collect()
        })
    }
}

impl<R: Resource> Made for Typed<R> {
    fn as_seen(&self) -> &dyn Seen {
        self
    }

    fn manager(&self) -> Box<dyn Manager> {
        Box::new(Self::new())
    }

    fn find<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Vec<Found>> {
        Box::pin(async move { Ok(from_document::<R>(inputs)?.find(aws, owner).await?) })
    }

    fn create<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Id> {
        Box::pin(async move { Ok(from_document::<R>(inputs)?.create(aws, owner).await?) })
    }

    fn update<'a>(&'a self, aws: &'a Aws, inputs: &'a Document, change: ChangeDocument<'a>) -> Asked<'a, ()> {
        Box::pin(async move {
            let observed = from_document::<R>(change.observed)?;
            let ChangeDocument { id, fields, observed: _, owner } = change;
            let change = Change { id, fields, observed: &observed, owner };
            Ok(from_document::<R>(inputs)?.update(aws, &change).await?)
        })
    }

    fn delete<'a>(&'a self, aws: &'a Aws, deletion: Deletion<'a>) -> Asked<'a, ()> {
        let Deletion { id, recorded, owner, last_snapshot } = deletion;
        Box::pin(
            async move { Ok(from_document::<R>(recorded)?.delete(aws, id, owner, last_snapshot).await?) },
        )
    }

    fn ownership<'a>(&'a self, aws: &'a Aws, id: &'a Id, live: &'a Document) -> Asked<'a, Ownership> {
        Box::pin(async move { Ok(R::ownership(aws, id, &from_document(live)?).await?) })
    }

    fn claim<'a>(&'a self, aws: &'a Aws, id: &'a Id, owner: &'a Owner) -> Asked<'a, ()> {
        Box::pin(async move { Ok(R::claim(aws, id, owner).await?) })
    }

    fn named<'a>(&'a self, aws: &'a Aws, text: &'a str) -> Asked<'a, Option<Named>> {
        Box::pin(async move { Ok(R::named(aws, text).await?) })
    }
}

impl Cloud for AwsCloud {
    fn observe<'a>(&'a self, kind: &'a str, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>> {
        self.seen(kind).observe(&self.aws, tracked)
    }

    fn find<'a>(&'a self, kind: &'a str, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Vec<Found>> {
        self.made(kind).find(&self.aws, inputs, owner)
    }

    fn create<'a>(&'a self, kind: &'a str, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Id> {
        self.made(kind).create(&self.aws, inputs, owner)
    }

    fn update<'a>(
        &'a self,
        kind: &'a str,
        inputs: &'a Document,
        change: ChangeDocument<'a>,
    ) -> Asked<'a, ()> {
        self.made(kind).update(&self.aws, inputs, change)
    }

    fn delete<'a>(&'a self, kind: &'a str, deletion: Deletion<'a>) -> Asked<'a, ()> {
        self.made(kind).delete(&self.aws, deletion)
    }

    fn ownership<'a>(&'a self, kind: &'a str, id: &'a Id, live: &'a Document) -> Asked<'a, Ownership> {
        self.made(kind).ownership(&self.aws, id, live)
    }

    fn claim<'a>(&'a self, kind: &'a str, id: &'a Id, owner: &'a Owner) -> Asked<'a, ()> {
        self.made(kind).claim(&self.aws, id, owner)
    }

    fn named<'a>(&'a self, kind: &'a str, text: &'a str) -> Asked<'a, Option<Named>> {
        self.made(kind).named(&self.aws, text)
    }
}
