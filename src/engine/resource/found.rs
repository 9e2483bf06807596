//! Objects that were found without their ids, and the sides that tell which address they are of.

use std::fmt;

use super::{Id, Ownership};
use crate::engine::address::Address;

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
