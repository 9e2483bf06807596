//! Objects of a cloud as the engine speaks of them: ids, fields, owners, conditions, and what is found.

pub mod cidr;
pub(crate) mod claim;
mod field;
pub mod form;
mod ownership;
mod pattern;
mod shape;
mod status;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::address::Address;
use crate::engine::remedy::Remedy;

pub use claim::Claim;
pub use field::{Effect, Field, OnChange, Presence, Role, Source};
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

/// By what an object was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// It has the name that is looked for, or what stands for a name. No other object can have that beside it.
    Name,
    /// It was made for the address, as its token or its tags say, and no name is compared.
    Token,
    /// By its ownership tags alone: its name is another one.
    Tags,
    /// By its use of what was made for it: its name is another one, and it carries no ownership tags.
    Use,
}

impl Trace {
    /// True where no other object can be found in the same way beside it.
    pub fn is_sure(self) -> bool {
        match self {
            Self::Name | Self::Token => true,
            Self::Tags | Self::Use => false,
        }
    }

    /// The way in words, which read after the object: `carries its tags`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Name => "has its name",
            Self::Token | Self::Tags => "carries its tags",
            Self::Use => "uses what was made for it",
        }
    }
}

/// An object that was found without its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub id: Id,
    pub trace: Trace,
    /// The words that tell it apart from others of its kind: `records-copy, made 2026-11-28T07:00:00Z`.
    pub label: Option<String>,
    pub ownership: Ownership,
    /// The number of replacements that there were before it, where the object shows that.
    pub generation: Option<u32>,
    /// The network that it stands in, where the object shows that.
    pub vpc: Option<Id>,
    /// The name by which commands of AWS know it, where that is not its id.
    pub name: Option<String>,
    /// The address that it is told to be of by something else than its own tags.
    pub told: Option<Told>,
    /// Why it cannot be managed as an object of this kind, whatever its name: `it is no read replica`.
    pub unfit: Option<String>,
}

/// The address of an object, and the side that tells it: its own tags may be gone, or copied from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The token of its create call: it outlives the tags, and every move to another address or stack.
    ByToken(Address),
    /// The tags of the objects that use it.
    ByUsers(Address),
    /// The objects that it uses: they were made for this address.
    ByUse(Address),
}

impl Told {
    /// The address, whichever side tells it.
    pub fn address(&self) -> &Address {
        match self {
            Self::ByToken(address) | Self::ByUsers(address) | Self::ByUse(address) => address,
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByToken(address) => write!(f, "was made for {address}, as its token says"),
            Self::ByUsers(address) => write!(f, "belongs to {address}, as the tags of what uses it say"),
            Self::ByUse(address) => write!(f, "uses what was made for {address}"),
        }
    }
}

impl Found {
    /// An object that does not show how many there were before it.
    pub fn new(id: Id, ownership: Ownership) -> Self {
        Self {
            id,
            trace: Trace::Name,
            label: None,
            ownership,
            generation: None,
            vpc: None,
            name: None,
            told: None,
            unfit: None,
        }
    }

    /// The object as one that was found by something else than its name.
    pub fn traced(self, trace: Trace) -> Self {
        Self { trace, ..self }
    }

    /// The object with the words that tell it apart: its name, and when it was made.
    pub fn labelled(self, name: Option<&str>, made: Option<jiff::Timestamp>) -> Self {
        let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
        let parts: Vec<String> = name.into_iter().chain(made.map(|made| format!("made {made}"))).collect();
        Self { label: Some(parts.join(", ")).filter(|label| !label.is_empty()), ..self }
    }

    /// The object with the name by which commands of AWS know it.
    pub fn called(self, name: Option<&str>) -> Self {
        Self { name: name.map(str::to_owned), ..self }
    }

    /// The address in its ownership tags.
    pub fn tagged_address(&self) -> Option<Address> {
        match &self.ownership {
            Ownership::Tagged { address, .. } => address.parse().ok(),
            _ => None,
        }
    }

    /// True if it is told to be of this address.
    pub fn is_told(&self, address: &Address) -> bool {
        self.told.as_ref().is_some_and(|told| told.address() == address)
    }

    /// The address in its tags, and the telling that contradicts them: the tags may have been copied from another object.
    pub fn contradiction(&self) -> Option<(Address, &Told)> {
        let tagged = self.tagged_address()?;
        self.told.as_ref().filter(|told| *told.address() != tagged).map(|told| (tagged, told))
    }

    /// `db-1 (records-copy, made 2026-11-28T07:00:00Z)`
    pub fn described(&self) -> String {
        match &self.label {
            Some(label) => format!("{} ({label})", self.id),
            None => self.id.to_string(),
        }
    }

    /// The reason for which it may be the one that is looked for, in words that read after it: `carries its tags`.
    pub fn in_words(&self) -> String {
        match &self.told {
            Some(told) if self.trace == Trace::Use => told.to_string(),
            _ => self.trace.in_words().to_owned(),
        }
    }

    /// The object with the network that it stands in.
    pub fn standing_in(self, vpc: Option<&str>) -> Self {
        Self { vpc: vpc.filter(|vpc| !vpc.is_empty()).map(Id::new), ..self }
    }
}

/// An object that the user named by what AWS shows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub found: Found,
    /// Why it cannot be managed as an object of this kind: `its engine is mysql`.
    pub unfit: Option<String>,
}

impl From<Found> for Named {
    fn from(found: Found) -> Self {
        Self { found, unfit: None }
    }
}

/// An input that AWS would not take as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    pub field: &'static str,
    /// A fragment that reads after the field's name: `must be at least 20 GiB for gp3, not 5`.
    pub message: String,
    pub verdict: Verdict,
    /// A value that AWS would take, as the stack file has it.
    pub instead: Option<String>,
    /// The option that allows it when it is `true`, and what comes of that.
    pub allowed_by: Option<(&'static str, &'static str)>,
    /// The other fields that have a part in it.
    pub with: &'static [&'static str],
    /// The words on what to write, where a value alone does not say it.
    pub remedy: Option<String>,
    /// True where it holds of a new object alone: one that is there may have what makes it right, such as storage that has grown.
    pub of_new: bool,
}

/// The answer that AWS would give to such an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Refused,
    /// It is taken, and something else comes of it than what is written.
    Altered,
    /// It may be refused, for a reason that AWS does not show beforehand.
    Doubtful,
    /// It is taken, and does more harm than it needs to.
    Unwise,
}

impl Invalid {
    /// A field that AWS would refuse.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        let verdict = Verdict::Refused;
        let (instead, allowed_by, remedy) = (None, None, None);
        Self { field, message, verdict, instead, allowed_by, with: &[], remedy, of_new: false }
    }

    /// The same as one that an object which is there may make right, where none is known.
    #[must_use]
    pub fn of_new(self, of_new: bool) -> Self {
        Self { of_new, ..self }
    }

    /// True if one of these fields has a part in it, beside others.
    pub fn hangs_on(&self, fields: &[&str]) -> bool {
        let mut all = self.with.iter().chain([&self.field]);
        !self.with.is_empty() && all.any(|field| fields.contains(field))
    }

    /// The same with a value that AWS would take.
    #[must_use]
    pub fn instead(self, value: impl ToString) -> Self {
        Self { instead: Some(value.to_string()), ..self }
    }

    /// The same as a conflict with other fields.
    #[must_use]
    pub fn with(self, others: &'static [&'static str]) -> Self {
        Self { with: others, ..self }
    }

    /// The same with the words on what to write.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// The same with the option that allows it, and what comes of that.
    #[must_use]
    pub fn allowed_by(self, option: &'static str, with: &'static str) -> Self {
        Self { allowed_by: Some((option, with)), ..self }
    }

    /// A field that AWS would take and make something else of.
    pub fn altered(field: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Altered, ..Self::new(field, message) }
    }

    /// A field that AWS may refuse, for a reason that it does not show beforehand.
    pub fn doubtful(field: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Doubtful, ..Self::new(field, message) }
    }

    /// A field that AWS takes as it is written, and that does more harm than it needs to.
    pub fn unwise(field: &'static str, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unwise, ..Self::new(field, message) }
    }
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
