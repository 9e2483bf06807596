//! The parameter group of a database, and the version that it goes with.

use super::keys::{ENGINE_VERSION, PARAMETER_GROUP};
use crate::engine::document::Document;
use crate::stack::postgres::Version;

/// The family of parameter groups that goes with the written version.
fn family(wanted: &Document) -> Option<String> {
    Version::parse(ENGINE_VERSION.text(wanted)?).map(|version| version.family())
}

/// The group to be attached. One that is taken back makes room for the default one of the version.
pub(super) fn group(wanted: &Document) -> Option<String> {
    PARAMETER_GROUP.of(wanted).or_else(|| Some(format!("default.{}", family(wanted)?)))
}
