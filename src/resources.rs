//! The kinds that `provision` knows, one line each.
//! Knows nothing of what they do.

pub mod security_group;
pub mod subnet;
pub mod tags;
pub mod vpc;

use crate::kind::Registry;

/// Every kind.
pub fn registry() -> Registry {
    Registry::default()
        .adopted::<vpc::Vpc>()
        .adopted::<subnet::Subnet>()
        .managed::<security_group::SecurityGroup>()
}
