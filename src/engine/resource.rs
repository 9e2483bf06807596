//! Objects of a cloud as the engine speaks of them: ids, fields, owners, conditions, and what is found.

pub mod cidr;
pub(crate) mod claim;
mod field;
pub mod form;
mod found;
mod invalid;
mod ownership;
mod pattern;
mod shape;
mod status;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::remedy::Remedy;

pub use claim::Claim;
pub use field::{Effect, Field, OnChange, Presence, Role, Source};
pub use found::{Found, Named, Told, Trace};
pub use invalid::{Invalid, Verdict};
pub use ownership::{NO_STACK, Owner, Ownership, Whose, tag};
pub use pattern::{Letters, Mismatch, Pattern, Quotes};
pub use shape::{Need, Property, Shape, Wrong, form_of};
pub use status::{Changes, Class, Condition, Data, Deletion, Object, Status};

/// The name by which AWS knows an object: `sg-…`, `fs-…`, `db-…`; a name where AWS has no other id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Id(String);

impl Id {
    /// Wraps an id as AWS gave it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The data of an object, and what is left of it when the object is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holdings {
    /// The size: allocated to a database, metered of a file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The name of the snapshot that is taken before the deletion; `null` where none is.
    pub final_snapshot: Option<String>,
    /// Its backups and dependants afterwards, a sentence each.
    pub notes: Vec<String>,
}

/// Something to know of a live object before it is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Its data. The snapshot has its name here also where none is asked for.
    Holds(Holdings),
    /// AWS takes no last snapshot of it as it is: why, and what to do.
    NoLastSnapshot { why: String, remedy: String },
    /// AWS refuses to change these inputs until something is over. `why` reads after a field's name.
    Held { fields: &'static [&'static str], why: String },
    /// AWS does not have here what an input asks for.
    Impossible(Invalid),
    /// These inputs belong to somebody else, who refuses to have them changed here: `why` says whose they are.
    Theirs { fields: &'static [&'static str], why: String },
    /// It was made as a copy of another object, and is none any more: `what` became of it, and the steps that delete it with its data.
    OnItsOwn { what: String, removal: Vec<Remedy> },
    /// Others have given it something that no stack file says, and that stays: `value` in terms of this field, in words, and the command
    /// that takes it off.
    Besides { field: &'static str, value: String, what: String, remedy: String },
    /// Something is left for a person to do: what, and the command that does it.
    Left { what: String, command: String },
    /// Others are there that could be meant as well, each with its id, and nothing tells which one is: the option that names one.
    OneOfSeveral { ids: Vec<String>, option: &'static str },
    /// Nothing tracks the object: it was seen beside those that are. Its tags, and how many addresses it has free.
    Beside { tags: BTreeMap<String, String>, free: i32 },
}

/// The pauses between looks, and the time after which to give up.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The longest pause between two looks; the first look is at once.
    pub interval: Duration,
    pub create: Duration,
    pub update: Duration,
    pub delete: Duration,
}
