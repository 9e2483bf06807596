//! The contract of a kind: what one file under `kinds/` has to say about one type of AWS object.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::Aws;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{
    Condition, Effect, Field, Found, Id, Invalid, Named, Owner, Ownership, Patience, Remark,
};

/// The read half of a kind. Adopted kinds have this and nothing more: there is no code that could change them.
///
/// The implementing struct is the kind's inputs: what an author chooses. It never holds a reference; the engine
/// resolves them first. An input that need not be written is an `Option`, and is compared only when written.
/// Sets, canonical CIDRs and the like are normalised by the struct's own (de)serialisation.
pub trait Observe: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The kind's name, as Terraform users know it.
    const KIND: &'static str;
    /// The calls by which objects are observed, found, made and deleted; those that change one are in the field table.
    /// Policies are made from them.
    const CALLS: &'static [Call];
    /// The version of the inputs as they are recorded. It is raised when what older programs recorded has to be changed
    /// to be read.
    const VERSION: u32 = 1;
    /// The values that AWS chooses. Serialises to strings and lists of strings only.
    type Outputs: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Reads all `tracked` objects in as few calls as the API allows. An object that is gone is left out. What the same
    /// calls show beside them may be in it too, with [`Remark::Beside`].
    ///
    /// Chunks to the API's limits, pages to the end, and tolerates missing ids.
    fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> impl Future<Output = Result<BTreeMap<Id, Observed<Self>>, CloudError>> + Send;

    /// Inputs that were recorded in an older version, as this version records them.
    fn upgrade(_from: u32, inputs: Document) -> Document {
        inputs
    }
}

/// A kind that `provision` makes, changes and deletes.
pub trait Resource: Observe {
    /// Every input, and what a change of it costs. A test holds it against the struct's own fields.
    const FIELDS: &'static [Field];
    /// The fields by which AWS lets only one such object exist; two objects that agree in all of them collide.
    const NATURAL_KEY: &'static [&'static str];
    /// The cost of deleting an object, for clients and data. One that holds data ([`Effect::DataLoss`]) is
    /// replaced or deleted only when named, and never while its `deletion_protection` input is recorded as true.
    const LOSS: Effect;
    /// The time that AWS takes.
    const PATIENCE: Patience;

    /// Finds what AWS would refuse, known without asking it. `observed` is there when an object would be changed.
    fn check(&self, observed: Option<&Self>) -> Vec<Invalid>;

    /// Looks for the object by its natural key, and by the ownership tags where a description shows them. These tags are
    /// the proof whose it is. All that may be meant are in it, the likeliest first.
    fn find(&self, aws: &Aws, owner: &Owner) -> impl Future<Output = Result<Vec<Found>, CloudError>> + Send;

    /// Makes the object, tagged with `owner.tags()` in the call itself, and returns as soon as the id is known.
    /// Inputs that a create call cannot carry are set by an update that the engine makes when the object is ready.
    fn create(&self, aws: &Aws, owner: &Owner) -> impl Future<Output = Result<Id, CloudError>> + Send;

    /// Changes the object so that it agrees with `self` in the fields named in `change.fields`.
    fn update(
        &self,
        aws: &Aws,
        change: &Change<'_, Self>,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Asks AWS to delete the object. `self` is what was recorded last. Not found is success; an object that is read
    /// before it is deleted, and is not the owner's, is refused.
    ///
    /// `last_snapshot` is the name of the snapshot that the plan has shown; without it, what was recorded counts.
    fn delete(
        &self,
        aws: &Aws,
        id: &Id,
        owner: &Owner,
        last_snapshot: Option<&str>,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// The ownership of an object that a refresh shows as [`Ownership::Inherited`]: asked for before it is changed or deleted, and
    /// in no plan without changes.
    fn ownership(
        _aws: &Aws,
        _id: &Id,
        _live: &Self,
    ) -> impl Future<Output = Result<Ownership, CloudError>> + Send {
        std::future::ready(Ok(Ownership::Inherited))
    }

    /// True where the tags of an object are seen by none of the calls of a refresh.
    const HIDES_TAGS: bool = false;

    /// The calls that write the ownership tags of an object that is there; empty for objects without tags.
    const CLAIM: &'static [Call];

    /// Writes the ownership tags of `owner` on an object that is there, and changes nothing else of it.
    fn claim(aws: &Aws, id: &Id, owner: &Owner) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// The object that AWS shows under this id or name.
    fn named(aws: &Aws, text: &str) -> impl Future<Output = Result<Option<Named>, CloudError>> + Send;
}

/// One object to be read.
#[derive(Clone, Debug)]
pub struct Tracked<R> {
    pub id: Id,
    /// The inputs last written to the state, for what AWS does not show. Of a kind that is only ever adopted, what was
    /// observed of the object before; `None` for other adopted objects.
    pub recorded: Option<R>,
}

/// One object as AWS shows it now.
#[derive(Clone, Debug)]
pub struct Observed<R: Observe> {
    /// The live object seen as the inputs that would have made it, each at the value that is queued for it if one is.
    /// `None` for an adopted object.
    pub inputs: Option<R>,
    /// The inputs as they are in force now, where something is queued for a maintenance window.
    pub in_force: Option<R>,
    pub outputs: R::Outputs,
    pub condition: Condition,
    /// The things to say of an object although it is ready.
    pub remarks: Vec<Remark>,
    pub ownership: Ownership,
    /// The network that it stands in, where the object shows that.
    pub vpc: Option<Id>,
}

/// A change of one object.
#[derive(Debug)]
pub struct Change<'a, R> {
    pub id: &'a Id,
    /// The names of the fields that differ.
    pub fields: &'a BTreeSet<String>,
    /// The live object as it is before the change.
    pub observed: &'a R,
    /// For whom it is changed: an object that is read before it is changed, and is not the owner's, is refused.
    pub owner: &'a Owner,
}

impl<R> Change<'_, R> {
    /// True if any of the named fields changes.
    pub fn touches(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| self.fields.contains(*field))
    }
}
