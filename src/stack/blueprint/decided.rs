//! Values that entries do not say themselves, and that another part of the stack file decides with what is recorded.

use std::collections::BTreeMap;

use super::Kept;
use crate::stack::Stack;
use crate::stack::parts::pairs::decided;

/// The decisions of other parts of the stack file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// The security groups of machines besides those that are written, by the names of their entries: names of groups, or ids.
    pub groups: BTreeMap<String, Vec<String>>,
    /// The machines that elastic addresses lead to, by the names of the addresses.
    pub machines: BTreeMap<String, String>,
}

impl Decided {
    /// Everything that is decided for a stack: pairs say which machine serves.
    pub fn of(stack: &Stack, kept: &Kept) -> Self {
        let (groups, machines) = decided(stack, kept);
        Self { groups, machines }
    }
}
