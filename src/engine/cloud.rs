//! The cloud as the engine asks it, and its answers when a call fails.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;

use crate::engine::document::Document;
use crate::engine::kind::{Live, Misfit};
use crate::engine::resource::{Found, Id, Named, Owner, Ownership};

/// The future of one request to the cloud.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, KindError>>;

/// Everything that is asked of a cloud and done in it, each for one kind. A kind that the cloud does not have is a fault of the
/// program.
pub trait Cloud: Send + Sync {
    /// Reads all `tracked` objects in as few calls as the API allows. An object that is gone is left out; what the same calls show
    /// beside them may be in it too, with [`Remark::Beside`].
    fn observe<'a>(&'a self, kind: &'a str, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>>;
    /// Reads objects of which nothing is recorded, with every field that the cloud shows. One that is gone is left out.
    fn survey<'a>(&'a self, kind: &'a str, ids: &'a [Id]) -> Asked<'a, BTreeMap<Id, Live>>;
    /// The parts of this kind that an object has, such as the mount targets of a file system.
    fn parts<'a>(&'a self, kind: &'a str, whole: &'a Id) -> Asked<'a, Vec<Id>>;
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
    /// All objects of a kind that have tags or data, no matter who made them.
    fn list<'a>(&'a self, kind: &'a str) -> Asked<'a, Vec<Found>>;
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

/// One object to be read, as documents.
#[derive(Clone, Debug)]
pub struct TrackedDocument {
    pub id: Id,
    /// The inputs that are recorded of it. Of a kind that is only watched, the outputs that were seen before; of any other object that
    /// is watched, nothing.
    pub recorded: Option<Document>,
}

/// A change of one object, as documents.
#[derive(Clone, Copy, Debug)]
pub struct ChangeDocument<'a> {
    pub id: &'a Id,
    pub fields: &'a BTreeSet<String>,
    pub observed: &'a Document,
    pub owner: &'a Owner,
}

/// Why a kind could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum KindError {
    #[error(transparent)]
    Misfit(#[from] Misfit),
    #[error(transparent)]
    Cloud(#[from] CloudError),
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} failed: {code}: {message}{}", request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default())]
pub struct CloudError {
    /// The operation as IAM policies name it: `ec2:CreateSecurityGroup`.
    pub operation: &'static str,
    /// The code as AWS sent it: `InvalidGroup.Duplicate`; `Unreachable`, `TimedOut`, `BadRequest` or `BadResponse`
    /// where no answer of AWS could be read.
    pub code: String,
    pub message: String,
    pub request_id: Option<String>,
    pub outcome: Outcome,
}

/// The outcome of a failed call for its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The object is not there, or another one that the call names. What was just made may not be visible yet.
    NotFound,
    /// Something with this natural key is there; it may be ours.
    Exists,
    /// In use, or in the wrong state for now: the same call will do later.
    Busy,
    /// Too many calls; nothing was done.
    Throttled,
    /// The answer was lost or is useless: the call may have been carried out.
    Unknown,
    /// AWS said no, and would say it again.
    Refused,
}

impl CloudError {
    /// True where no answer came from the place that was asked. The client has asked again for as long as that may help.
    pub fn is_unreached(&self) -> bool {
        matches!(
            self.code.as_str(),
            "BadProxy"
                | "NotEncrypted"
                | "NotTrusted"
                | "ProxyRefused"
                | "TimedOut"
                | "UnknownHost"
                | "Unreachable"
        )
    }

    /// A response that was read but cannot be right: a created object without an id, say.
    pub fn bad_response(operation: impl Into<&'static str>, message: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            code: "BadResponse".to_owned(),
            message: message.into(),
            request_id: None,
            outcome: Outcome::Unknown,
        }
    }

    /// A call that was not made, because it cannot be right.
    pub fn refused(operation: impl Into<&'static str>, code: &str, message: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            code: code.to_owned(),
            message: message.into(),
            request_id: None,
            outcome: Outcome::Refused,
        }
    }

    /// An object that is recorded and that a read before the change did not show: it is gone, or new.
    pub fn not_seen(operation: impl Into<&'static str>, code: &str, message: impl Into<String>) -> Self {
        Self { outcome: Outcome::NotFound, ..Self::refused(operation, code, message) }
    }
}
