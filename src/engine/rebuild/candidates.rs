//! Objects that may be meant by a declaration, and are left to the user: candidates between which nothing decides, and those of others.

use crate::engine::address::Address;
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Found, Id, Owner, Ownership, Trace, Whose};

/// An object that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    pub id: Id,
    pub whose: Whose,
    /// Reads after `belongs to`.
    pub owner: String,
    /// Reads after its id: `belongs to the stack shop`.
    pub reason: String,
    /// Others without tags that may be meant as well.
    pub beside: Vec<Foreign>,
}

impl Foreign {
    /// The likeliest of what was found and is not taken, with the others that may be meant.
    pub(super) fn of(owner: &Owner, found: &[Found]) -> Option<Self> {
        let is_bare = |one: &&Found| one.trace == Trace::Use && one.ownership == Ownership::Untagged;
        let (first, others) = found.split_first()?;
        let others = others.iter().filter(|other| is_bare(&first) && is_bare(other));
        Some(Self {
            beside: others.map(|other| Self::alone(owner, other)).collect(),
            ..Self::alone(owner, first)
        })
    }

    fn alone(owner: &Owner, found: &Found) -> Self {
        let whose = owner.whose(&found.ownership, found.vpc.as_ref());
        let owner = owner.belonging(&whose);
        let reason = match (&whose, found.trace) {
            (Whose::Untagged, Trace::Use) => {
                format!("{}, and carries no tags of provision", found.in_words())
            }
            _ => format!("belongs to {owner}"),
        };
        Self { id: found.id.clone(), whose, owner, reason, beside: Vec::new() }
    }

    /// This one and those beside it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.beside)
    }
}

/// One of several objects that may be meant at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub id: Id,
    /// `db-1 (records-copy, made 2026-11-28T07:00:00Z)`
    pub described: String,
    /// The lineage of the state that made it, where that is another one.
    pub lineage: Option<String>,
}

impl Candidate {
    /// An object of no stack.
    pub(super) fn of_nobody(found: &Found) -> Self {
        Self { id: found.id.clone(), described: found.described(), lineage: None }
    }

    pub(super) fn of(found: &Found, whose: &Whose) -> Self {
        let described = match found.contradiction() {
            Some((tagged, told)) => {
                format!("{}, whose tags name {tagged}, and which {told}", found.described())
            }
            None => found.described(),
        };
        let lineage = match whose {
            Whose::OtherState { lineage, .. } => Some(lineage.clone()),
            _ => None,
        };
        Self { id: found.id.clone(), described, lineage }
    }

    /// The command that takes it over.
    pub fn import(&self, address: &Address) -> String {
        Remedy::import(address, &self.id, self.lineage.as_deref()).to_string()
    }
}
