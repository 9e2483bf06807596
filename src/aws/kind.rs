//! The contract of a kind that can be made and changed: everything that one file under `kinds/` says about one type of AWS object.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws::Aws;
use crate::aws::row::Row;
use crate::engine::call::Call;
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::kind::{Gone, WhenGone};
use crate::engine::remedy::Remedy;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Invalid, Named, Owner, Ownership, Patience, Remark,
};

/// A rule over several fields. `observed` is there when an existing object would be changed.
pub type Check = fn(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid>;

/// A kind that `provision` makes, changes and deletes. Its inputs are documents without references, as its rows describe them.
pub trait Kind: Sized + Send + Sync + 'static {
    /// The kind's name, as Terraform users know it.
    const KIND: &'static str;
    /// The calls by which objects are observed, found, made and deleted; those that change one are in the rows. Policies are made
    /// from them.
    const CALLS: &'static [Call];
    /// The version of the inputs as they are recorded. It is raised when what older programs recorded has to be changed to be
    /// read.
    const VERSION: u32 = 1;
    /// The number of calls that follow one another when objects are read.
    const ROUNDS: usize = 1;
    /// The call behind `Modify`, as the rows name it.
    const MODIFY: &'static [Call];
    /// The input builder of the create call.
    type Create: Default;
    /// The input builder of the call that changes an object; `()` where each change has a call of its own.
    type Modify: Default + PartialEq;
    /// One object as AWS shows it.
    type Live: Send + Sync;
    /// Every field, once.
    const ROWS: &'static [&'static dyn Row<Self>];
    /// The rules over several fields, and those that a row cannot say.
    const CHECKS: &'static [Check];
    /// The fields by which AWS lets only one such object exist; two objects that agree in all of them collide.
    const NATURAL_KEY: &'static [&'static str];
    /// The cost of deleting an object, for clients and data. One that holds data ([`Effect::DataLoss`]) is replaced or deleted only
    /// when named, and never while the field with the role of protection is recorded as true.
    const LOSS: Effect;
    /// True where one that is gone from AWS is made anew only when named, as one that holds data is.
    const NAMED_WHEN_GONE: bool = false;
    /// The time that AWS takes.
    const PATIENCE: Patience;
    /// The kinds whose objects one of this kind names, and stands without all the same: it is not deleted with them.
    const OUTLIVES: &'static [&'static str] = &[];
    /// True where a new object of another name is made before the old one goes: should AWS refuse it, the old one is still there.
    const COMES_FIRST: bool = false;
    /// True where the tags of an object are seen by none of the calls of a refresh.
    const HIDES_TAGS: bool = false;
    /// Other kinds of the same objects, as those that have become one are managed: their ids are of one series, and their names
    /// cannot be the same.
    const ALIKE: &'static [&'static str] = &[];
    /// The calls that write the ownership tags of an object that is there; empty for objects without tags.
    const CLAIM: &'static [Call];

    /// Inputs that were recorded in an older version, as this version records them.
    fn upgrade(_from: u32, inputs: Document) -> Document {
        inputs
    }

    /// True where a new object with these inputs overwrites the data of another one.
    fn overwrites(_wanted: &Document) -> bool {
        false
    }

    /// The words on one that is gone, where it is made anew only when named and holds no data of its own.
    fn when_gone(_gone: &Gone<'_>) -> Option<WhenGone> {
        None
    }

    /// The value that an output of a new object will have, where that follows from its inputs and the region.
    fn foreseen(_wanted: &Document, _output: &str, _region: &str) -> Option<Value> {
        None
    }

    /// The command that deletes an object, for one whose place cannot be chosen in the stack file.
    fn removal(_id: &Id) -> Option<String> {
        None
    }

    /// The command that turns the deletion protection of an object with these inputs off without a plan.
    fn unprotected(_observed: &Document) -> Option<Remedy> {
        None
    }

    /// The command that brings an object which stands elsewhere into the network of these inputs; `name` is what AWS calls it.
    fn way_back(_name: &str, _inputs: &Document) -> Option<Remedy> {
        None
    }

    /// Reads all `tracked` objects in as few calls as the API allows. An object that is gone is left out.
    ///
    /// Chunks to the API's limits, pages to the end, and tolerates missing ids.
    fn look(
        aws: &Aws,
        tracked: &[TrackedDocument],
    ) -> impl Future<Output = Result<BTreeMap<Id, Self::Live>, CloudError>> + Send;

    /// Everything of an object that is no input. Nothing is recorded of one that is watched.
    fn seen(live: &Self::Live, recorded: Option<&Document>) -> Seen;

    /// The object without what waits for a maintenance window; `None` where nothing waits.
    fn in_force(_live: &Self::Live) -> Option<Self::Live> {
        None
    }

    /// The inputs that a change of the object sends along although they are not written, as far as they are not those to come: what is
    /// sent is shown. `in_force` is empty where nothing waits.
    fn sent_along(_wanted: &Document, _coming: &Document, _in_force: &Document) -> Document {
        Document::new()
    }

    /// Looks for the object by its natural key, and by the ownership tags where a description shows them. These tags are the proof
    /// whose it is. All that may be meant are in it, the likeliest first.
    fn find(
        aws: &Aws,
        wanted: &Document,
        owner: &Owner,
    ) -> impl Future<Output = Result<Vec<Found>, CloudError>> + Send;

    /// Makes the object, tagged with `owner.tags()` in the call itself, and returns as soon as the id is known. Inputs that a create
    /// call cannot carry are set by an update that the engine makes when the object is ready.
    fn create(
        aws: &Aws,
        wanted: &Document,
        owner: &Owner,
    ) -> impl Future<Output = Result<Id, CloudError>> + Send;

    /// The inputs that an object has when [`Kind::create`] has returned, of those that AWS does not show: without what the create
    /// call cannot carry.
    fn as_created(wanted: &Document) -> Document {
        wanted.clone()
    }

    /// Changes the object so that it is as wanted in the fields of the change.
    fn update(
        aws: &Aws,
        wanted: &Document,
        change: ChangeDocument<'_>,
    ) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// Asks AWS to delete the object. Not found is success; an object that is read before it is deleted, and is not the owner's, is
    /// refused.
    fn delete(aws: &Aws, deletion: Deletion<'_>) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// The ownership of an object that a refresh shows as [`Ownership::Inherited`]: asked for before it is changed or deleted, and in
    /// no plan without changes.
    fn ownership(
        _aws: &Aws,
        _id: &Id,
        _live: &Document,
    ) -> impl Future<Output = Result<Ownership, CloudError>> + Send {
        std::future::ready(Ok(Ownership::Inherited))
    }

    /// Writes the ownership tags of `owner` on an object that is there, and changes nothing else of it.
    fn claim(aws: &Aws, id: &Id, owner: &Owner) -> impl Future<Output = Result<(), CloudError>> + Send;

    /// All objects of this kind in the account and region, with their tags; none of a kind that has neither tags in its description nor
    /// data.
    fn list(_aws: &Aws) -> impl Future<Output = Result<Vec<Found>, CloudError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// The parts of this kind that another object has; none of a kind whose objects are no parts.
    fn parts(_aws: &Aws, _whole: &Id) -> impl Future<Output = Result<Vec<Id>, CloudError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// All that AWS shows of objects and no row has, since it is nobody's option here: what another tool has to say of them to leave
    /// them as they are.
    fn beyond(
        _aws: &Aws,
        _shown: &BTreeMap<Id, Self::Live>,
    ) -> impl Future<Output = Result<BTreeMap<Id, Document>, CloudError>> + Send {
        std::future::ready(Ok(BTreeMap::new()))
    }

    /// The object that AWS shows under this id or name.
    fn named(aws: &Aws, text: &str) -> impl Future<Output = Result<Option<Named>, CloudError>> + Send;
}

/// The id in the answer of a create call. Without it the object may be there all the same.
///
/// # Errors
/// The answer is no good.
pub fn id_in_answer(create: Call, id: Option<String>) -> Result<Id, CloudError> {
    let id = id.filter(|id| !id.is_empty()).map(Id::new);
    id.ok_or_else(|| CloudError::bad_response(create, "the answer holds no id"))
}

/// Everything of a live object that is no input.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The values that AWS chooses: texts and lists of texts only.
    pub outputs: Document,
    pub condition: Condition,
    /// The things to say of an object although it is ready.
    pub remarks: Vec<Remark>,
    pub ownership: Ownership,
    /// The network that it stands in, where the object shows that.
    pub vpc: Option<Id>,
}
