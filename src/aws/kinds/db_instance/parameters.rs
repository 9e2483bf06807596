//! The parameter group of a database, and the version that it goes with.

use super::keys::{AT_ONCE, ENGINE_VERSION, PARAMETER_GROUP};
use super::version;
use crate::engine::document::Document;
use crate::engine::resource::Invalid;
use crate::stack::postgres::Version;

/// The family of parameter groups that goes with the written version.
fn family(wanted: &Document) -> Option<String> {
    Version::parse(ENGINE_VERSION.text(wanted)?).map(|version| version.family())
}

/// The group to be attached. One that is taken back makes room for the default one of the version.
pub(super) fn group(wanted: &Document) -> Option<String> {
    PARAMETER_GROUP.of(wanted).or_else(|| Some(format!("default.{}", family(wanted)?)))
}

/// A group belongs to a family, and goes with no other major version.
pub(super) fn check(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    find(wanted, observed).into_iter().collect()
}

fn find(wanted: &Document, observed: Option<&Document>) -> Option<Invalid> {
    PARAMETER_GROUP.text(wanted)?;
    let is_major = observed.is_some_and(|observed| version::is_major_upgrade(wanted, observed));
    // The old group is in use until the upgrade is done, and could not be deleted before.
    (is_major && AT_ONCE.of(wanted) != Some(true)).then(|| {
        let rule =
            "needs `apply_immediately: true` for a major upgrade, since the old group is kept until it is done";
        Invalid::new(PARAMETER_GROUP.name, rule).remedy("write `apply_immediately: true` into the stack file")
    })
}
