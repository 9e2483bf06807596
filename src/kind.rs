//! Kinds and their cloud as the engine sees them: documents in place of types.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;

use crate::aws::{AwsError, Call};
use crate::document::Document;
use crate::resource::{
    Condition, Effect, Field, Found, Id, Invalid, Named, Owner, Ownership, Patience, Remark,
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

/// One object as the cloud shows it, as documents.
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

/// A kind that can be read: all that is known of it without asking the cloud.
pub trait Reader: Send + Sync {
    /// The kind's name.
    fn kind(&self) -> &'static str;
    /// The calls by which objects are observed, found, made and deleted. Policies are made from them.
    fn calls(&self) -> &'static [Call];
    /// The version of the inputs as they are recorded.
    fn version(&self) -> u32 {
        1
    }
    /// Inputs that were recorded in an older version, as this version records them.
    fn upgrade(&self, _from: u32, inputs: Document) -> Document {
        inputs
    }
}

/// A kind that can be made, changed and deleted: all that is known of it without asking the cloud.
pub trait Manager: Reader {
    /// Every input, and what a change of it costs.
    fn fields(&self) -> &'static [Field];
    /// The fields by which only one such object exists; two objects that agree in all of them collide.
    fn natural_key(&self) -> &'static [&'static str];
    /// The cost of deleting an object, for clients and data.
    fn loss(&self) -> Effect;
    /// True where deleting an object loses data.
    fn holds_data(&self) -> bool {
        self.loss() == Effect::DataLoss
    }
    fn patience(&self) -> Patience;
    /// The document as the kind itself would write it: sets sorted, defaults filled in.
    fn normalise(&self, inputs: &Document) -> Result<Document, Misfit>;
    /// The inputs that the cloud would refuse. `observed` is there when an object would be changed.
    fn check(&self, inputs: &Document, observed: Option<&Document>) -> Result<Vec<Invalid>, Misfit>;
    /// True where the tags of an object are seen by none of the calls of a refresh.
    fn hides_tags(&self) -> bool {
        false
    }
    /// The calls that write the ownership tags of an object that is there; empty for objects without tags.
    fn claim_calls(&self) -> &'static [Call];
}

/// The future of one request to the cloud.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, KindError>>;

/// Everything that is asked of a cloud and done in it, each for one kind. A kind that the cloud does not have is a fault of the
/// program.
pub trait Cloud: Send + Sync {
    /// Reads all `tracked` objects in as few calls as the API allows. An object that is gone is left out; what the same calls show
    /// beside them may be in it too, with [`Remark::Beside`].
    fn observe<'a>(&'a self, kind: &'a str, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>>;
    /// Looks for an object by its natural key and by the ownership tags, which are the proof whose it is. All that may be meant are
    /// in it, the likeliest first.
    fn find<'a>(&'a self, kind: &'a str, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Vec<Found>>;
    /// Makes an object, tagged in the call itself, and returns as soon as its id is known.
    fn create<'a>(&'a self, kind: &'a str, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Id>;
    /// Changes an object so that it agrees with `inputs` in the fields of the change.
    fn update<'a>(&'a self, kind: &'a str, inputs: &'a Document, change: ChangeDocument<'a>)
    -> Asked<'a, ()>;
    /// Asks for the deletion of an object. One that is not there is deleted.
    fn delete<'a>(&'a self, kind: &'a str, deletion: Deletion<'a>) -> Asked<'a, ()>;
    /// The ownership of an object that a refresh shows as [`Ownership::Inherited`].
    fn ownership<'a>(&'a self, kind: &'a str, id: &'a Id, live: &'a Document) -> Asked<'a, Ownership>;
    /// Writes the ownership tags of an object that is there, and changes nothing else of it.
    fn claim<'a>(&'a self, kind: &'a str, id: &'a Id, owner: &'a Owner) -> Asked<'a, ()>;
    /// The object that the cloud shows under this id or name.
    fn named<'a>(&'a self, kind: &'a str, text: &'a str) -> Asked<'a, Option<Named>>;
}

/// One object that is to be deleted.
#[derive(Clone, Copy, Debug)]
pub struct Deletion<'a> {
    pub id: &'a Id,
    /// The inputs that were recorded last.
    pub recorded: &'a Document,
    pub owner: &'a Owner,
    /// The name of the snapshot that the plan has shown; without it, what was recorded counts.
    pub last_snapshot: Option<&'a str>,
}

/// A change of one object, as documents.
#[derive(Clone, Copy, Debug)]
pub struct ChangeDocument<'a> {
    pub id: &'a Id,
    pub fields: &'a BTreeSet<String>,
    pub observed: &'a Document,
    pub owner: &'a Owner,
}

/// The kinds that the engine knows.
#[derive(Default)]
pub struct Registry {
    readers: BTreeMap<&'static str, Box<dyn Reader>>,
    managers: BTreeMap<&'static str, Box<dyn Manager>>,
}

impl Registry {
    /// The registry with a kind that is only ever watched.
    #[must_use]
    pub fn watched(mut self, reader: Box<dyn Reader>) -> Self {
        self.readers.insert(reader.kind(), reader);
        self
    }

    /// The registry with a kind that can be made, changed and deleted.
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
