//! The blueprint: stack and network become declarations, documents with references.
//! The only place that knows which resources a file system or a database needs. Pure.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::document::Document;
use crate::network::Cluster;
use crate::resource::Id;

/// Everything that is desired.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// The stack's name.
    pub stack: String,
    /// `None` only for a destroy of a state that adopted no network.
    pub cluster: Option<Cluster>,
    pub declarations: BTreeMap<Address, Declaration>,
}

/// One desired resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Declaration {
    /// To be watched, never touched.
    Adopted { id: Id },
    /// To be made so. Inputs may hold references to other declarations.
    Managed { inputs: Document },
}
