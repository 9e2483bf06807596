//! The erased kind: the same kinds seen through documents, for an engine that must not know their types.
//! The only place where types are erased.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde_json::Value;

use crate::aws::{Aws, AwsError, Call};
use crate::document::Document;
use crate::resource::{
    Change, Condition, Effect, Field, Found, Id, Invalid, Named, Observe, Observed, Owner, Ownership,
    Patience, Remark, Resource, Tracked,
};

/// A document that does not fit its kind.
#[derive(Debug, thiserror::Error)]
#[error("the inputs do not fit {kind}: {problem}")]
pub struct Misfit {
    pub kind: &'static str,
    pub problem: String,
}

/// One object to be read, as documents.
#[derive(Clone, Debug)]
pub struct TrackedDocument {
    pub id: Id,
    pub recorded: Option<Document>,
}

/// What AWS says of one object, as documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// Empty for an adopted object.
    pub inputs: Document,
    /// Empty where nothing is queued.
    pub in_force: Document,
    pub outputs: Document,
    pub condition: Condition,
    pub remarks: Vec<Remark>,
    pub ownership: Ownership,
    /// The network that it stands in, where the object shows that.
    pub vpc: Option<Id>,
}

/// Why a kind could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum KindError {
    #[error(transparent)]
    Misfit(#[from] Misfit),
    #[error(transparent)]
    Aws(#[from] AwsError),
}

/// The read half of a kind, erased.
pub trait Reader {
    /// The kind's name.
    fn kind(&self) -> &'static str;
    /// See [`Observe::CALLS`].
    fn calls(&self) -> &'static [Call];
    /// See [`Observe::VERSION`].
    fn version(&self) -> u32 {
        1
    }
    /// See [`Observe::upgrade`].
    fn upgrade(&self, _from: u32, inputs: Document) -> Document {
        inputs
    }
    /// See [`Observe::observe`].
    fn observe<'a>(
        &'a self,
        aws: &'a Aws,
        tracked: &'a [TrackedDocument],
    ) -> LocalBoxFuture<'a, Result<BTreeMap<Id, Live>, KindError>>;
}

/// A kind that can be changed, erased. The functions are those of [`Resource`].
pub trait Manager: Reader {
    fn fields(&self) -> &'static [Field];
    fn natural_key(&self) -> &'static [&'static str];
    /// See [`Resource::LOSS`].
    fn loss(&self) -> Effect;
    /// True where deleting an object loses data.
    fn holds_data(&self) -> bool {
        self.loss() == Effect::DataLoss
    }
    fn patience(&self) -> Patience;
    /// The document as the kind itself would write it: sets sorted, defaults filled in.
    fn normalise(&self, inputs: &Document) -> Result<Document, Misfit>;
    fn check(&self, inputs: &Document, observed: Option<&Document>) -> Result<Vec<Invalid>, Misfit>;
    fn find<'a>(
        &'a self,
        aws: &'a Aws,
        inputs: &'a Document,
        owner: &'a Owner,
    ) -> LocalBoxFuture<'a, Result<Vec<Found>, KindError>>;
    fn create<'a>(
        &'a self,
        aws: &'a Aws,
        inputs: &'a Document,
        owner: &'a Owner,
    ) -> LocalBoxFuture<'a, Result<Id, KindError>>;
    fn update<'a>(
        &'a self,
        aws: &'a Aws,
        inputs: &'a Document,
        change: ChangeDocument<'a>,
    ) -> LocalBoxFuture<'a, Result<(), KindError>>;
    fn delete<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a Id,
        recorded: &'a Document,
        owner: &'a Owner,
        last_snapshot: Option<&'a str>,
    ) -> LocalBoxFuture<'a, Result<(), KindError>>;
    /// See [`Resource::ownership`].
    fn ownership<'a>(
        &'a self,
        _aws: &'a Aws,
        _id: &'a Id,
        _live: &'a Document,
    ) -> LocalBoxFuture<'a, Result<Ownership, KindError>> {
        Box::pin(std::future::ready(Ok(Ownership::Inherited)))
    }
    /// See [`Resource::HIDES_TAGS`].
    fn hides_tags(&self) -> bool {
        false
    }
    /// See [`Resource::CLAIM`].
    fn claim_calls(&self) -> &'static [Call];
    fn claim<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a Id,
        owner: &'a Owner,
    ) -> LocalBoxFuture<'a, Result<(), KindError>>;
    fn named<'a>(
        &'a self,
        aws: &'a Aws,
        text: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<Named>, KindError>>;
}

/// A change of one object, as documents.
#[derive(Clone, Copy, Debug)]
pub struct ChangeDocument<'a> {
    pub id: &'a Id,
    pub fields: &'a BTreeSet<String>,
    pub observed: &'a Document,
    pub owner: &'a Owner,
}

/// The one adapter from typed kinds to erased ones.
struct Typed<R>(PhantomData<R>);

fn from_document<R: Observe>(document: &Document) -> Result<R, Misfit> {
    R::deserialize(document).map_err(|error| Misfit { kind: R::KIND, problem: error.to_string() })
}

fn to_document<T: Serialize>(kind: &'static str, value: &T) -> Result<Document, Misfit> {
    match serde_json::to_value(value) {
        // What was not written is not in the document at all.
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

    fn observe<'a>(
        &'a self,
        aws: &'a Aws,
        tracked: &'a [TrackedDocument],
    ) -> LocalBoxFuture<'a, Result<BTreeMap<Id, Live>, KindError>> {
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

    fn find<'a>(
        &'a self,
        aws: &'a Aws,
        inputs: &'a Document,
        owner: &'a Owner,
    ) -> LocalBoxFuture<'a, Result<Vec<Found>, KindError>> {
        Box::pin(async move { Ok(from_document::<R>(inputs)?.find(aws, owner).await?) })
    }

    fn create<'a>(
        &'a self,
        aws: &'a Aws,
        inputs: &'a Document,
        owner: &'a Owner,
    ) -> LocalBoxFuture<'a, Result<Id, KindError>> {
        Box::pin(async move { Ok(from_document::<R>(inputs)?.create(aws, owner).await?) })
    }

    fn update<'a>(
        &'a self,
        aws: &'a Aws,
        inputs: &'a Document,
        change: ChangeDocument<'a>,
    ) -> LocalBoxFuture<'a, Result<(), KindError>> {
        Box::pin(async move {
            let observed = from_document::<R>(change.observed)?;
            let ChangeDocument { id, fields, observed: _, owner } = change;
            let change = Change { id, fields, observed: &observed, owner };
            Ok(from_document::<R>(inputs)?.update(aws, &change).await?)
        })
    }

    fn delete<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a Id,
        recorded: &'a Document,
        owner: &'a Owner,
        last_snapshot: Option<&'a str>,
    ) -> LocalBoxFuture<'a, Result<(), KindError>> {
        Box::pin(
            async move { Ok(from_document::<R>(recorded)?.delete(aws, id, owner, last_snapshot).await?) },
        )
    }

    fn ownership<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a Id,
        live: &'a Document,
    ) -> LocalBoxFuture<'a, Result<Ownership, KindError>> {
        Box::pin(async move { Ok(R::ownership(aws, id, &from_document(live)?).await?) })
    }

    fn hides_tags(&self) -> bool {
        R::HIDES_TAGS
    }

    fn claim_calls(&self) -> &'static [Call] {
        R::CLAIM
    }

    fn claim<'a>(
        &'a self,
        aws: &'a Aws,
        id: &'a Id,
        owner: &'a Owner,
    ) -> LocalBoxFuture<'a, Result<(), KindError>> {
        Box::pin(async move { Ok(R::claim(aws, id, owner).await?) })
    }

    fn named<'a>(
        &'a self,
        aws: &'a Aws,
        text: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<Named>, KindError>> {
        Box::pin(async move { Ok(R::named(aws, text).await?) })
    }
}

/// The kinds that the engine knows.
#[derive(Default)]
pub struct Registry {
    readers: BTreeMap<&'static str, Box<dyn Reader>>,
    managers: BTreeMap<&'static str, Box<dyn Manager>>,
}

impl Registry {
    /// The registry with a kind that is only ever adopted.
    #[must_use]
    pub fn adopted<R: Observe>(mut self) -> Self {
        self.readers.insert(R::KIND, Box::new(Typed::<R>(PhantomData)));
        self
    }

    /// The registry with a kind that can be made, changed and deleted.
    #[must_use]
    pub fn managed<R: Resource>(self) -> Self {
        self.manager(Box::new(Typed::<R>(PhantomData)))
    }

    /// The registry with a kind that is erased already.
    #[must_use]
    pub fn manager(mut self, manager: Box<dyn Manager>) -> Self {
        self.managers.insert(manager.kind(), manager);
        self
    }

    /// The read half of a kind.
    pub fn reader(&self, kind: &str) -> Option<&dyn Reader> {
        match self.managers.get(kind) {
            Some(manager) => Some(manager.as_ref()),
            None => self.readers.get(kind).map(AsRef::as_ref),
        }
    }

    /// The version in which inputs of a kind are recorded now.
    pub fn version(&self, kind: &str) -> u32 {
        self.reader(kind).map_or(1, Reader::version)
    }

    /// The kind, if objects of it can be made at all.
    pub fn managing(&self, kind: &str) -> Option<&dyn Manager> {
        self.managers.get(kind).map(AsRef::as_ref)
    }

    /// Every kind, those too that are only adopted.
    pub fn all(&self) -> impl Iterator<Item = &dyn Reader> {
        let managers = self.managers.values().map(|manager| -> &dyn Reader { manager.as_ref() });
        managers.chain(self.readers.values().map(AsRef::as_ref))
    }

    /// Every kind that can be made.
    pub fn all_managed(&self) -> impl Iterator<Item = &dyn Manager> {
        self.managers.values().map(AsRef::as_ref)
    }
}
