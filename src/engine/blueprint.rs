//! The blueprint: everything that is desired, as declarations with references between them.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::address::Address;
use crate::engine::document::{Document, references};
use crate::engine::network::Cluster;
use crate::engine::resource::{Field, Id};

/// Everything that is desired.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blueprint {
    /// The stack's name.
    pub stack: String,
    /// The cluster beside which the stack stands, where something of it stands in the network of one.
    pub cluster: Option<Cluster>,
    pub declarations: BTreeMap<Address, Declaration>,
    /// The options of the stack file that are left to others, for each address that they say something of.
    pub ignored: BTreeMap<Address, BTreeSet<String>>,
    /// The objects that are entries of the stack file themselves, of kinds of which other entries have objects too.
    pub itself: BTreeSet<Address>,
    /// Sentences on what is written of an object: that it does not count for it, or what comes of it.
    pub words: Vec<(Address, String)>,
    /// The fields that a command sets once the object is there, by address.
    pub by_command: BTreeMap<Address, BTreeMap<String, ByCommand>>,
}

/// A field that a command sets: no plan takes back what it, or others, made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByCommand {
    /// `provision failover gitlab`
    pub command: String,
    /// True if no plan changes a value of it at all, and false if a plan does where another one is written than was.
    pub alone: bool,
    /// The object that the command can have in the place of this one, where this one is gone.
    pub stands_in: Option<Address>,
}

impl Blueprint {
    /// The option of the stack file to change where a field of an object is to change.
    pub fn to_write<'a>(&self, address: &Address, fields: &[Field], field: &'a str) -> Option<&'a str> {
        let Some(known) = fields.iter().find(|known| known.name == field) else { return Some(field) };
        let own = known.also_from.first().copied().filter(|_| self.itself.contains(address));
        own.or(known.to_write())
    }

    /// Which addresses each declaration refers to.
    pub fn references(&self) -> BTreeMap<Address, BTreeSet<Address>> {
        let declarations = self.declarations.iter();
        declarations.map(|(address, declaration)| (address.clone(), declaration.references())).collect()
    }
}

/// One desired resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Declaration {
    /// To be watched, never touched.
    Watched { id: Id },
    /// To be made so. Inputs may hold references to other declarations.
    Managed { inputs: Document },
}

impl Declaration {
    /// Every address that it refers to.
    pub fn references(&self) -> BTreeSet<Address> {
        match self {
            Self::Watched { .. } => BTreeSet::new(),
            Self::Managed { inputs } => references(inputs),
        }
    }
}
