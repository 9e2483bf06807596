//! The parameter group of the stack's own that a database leaves by a major upgrade.

use serde_json::Value;

use super::{DATABASE, VERSION, live_version};
use crate::aws::checks::finding::Verdict;
use crate::aws::checks::scene::Scene;
use crate::engine::blueprint::Declaration;
use crate::engine::document::reference;
use crate::engine::plan::{Action, Change, Finding};
use crate::stack::postgres::Version;

const CHECK: &str = "inputs";
const GROUP: &str = "parameter_group_name";

/// Major upgrades that wait for the window, of databases whose group is replaced by one of the new family: the old group is in use until
/// the upgrade is done, and could not be deleted before. A group that is only named stays.
pub(super) fn in_use(scene: &Scene<'_>) -> Vec<Finding> {
    scene
        .changes()
        .filter(|change| waits_for_an_upgrade(scene, change))
        .filter_map(|change| group(scene, change))
        .collect()
}

fn waits_for_an_upgrade(scene: &Scene<'_>, change: &Change) -> bool {
    let after = |field: &str| change.fields.iter().find(|one| one.path == field);
    let upgrade = after(VERSION).filter(|one| one.window.is_some() && change.kind == DATABASE);
    let written = upgrade.and_then(|one| one.after.as_ref()?.as_str());
    let versions = written
        .and_then(Version::parse)
        .zip(live_version(scene.sightings, &change.address).and_then(Version::parse));
    versions.is_some_and(|(written, live)| written.major() > live.major())
}

fn group(scene: &Scene<'_>, change: &Change) -> Option<Finding> {
    let Declaration::Managed { inputs } = scene.blueprint.declarations.get(&change.address)? else {
        return None;
    };
    let written = inputs.get(GROUP).and_then(Value::as_str)?;
    let refers = |group: &&Change| {
        group.kind == "aws_db_parameter_group" && written == reference(&group.address, "id")
    };
    let replaced = scene.changes().find(refers)?;
    let rule =
        "needs `apply_immediately: true` for a major upgrade, since the old group is kept until it is done";
    (replaced.action == Action::Replace).then(|| {
        Verdict::error(format!("{GROUP}: {rule}"))
            .hint("write `apply_immediately: true` into the stack file")
            .of(CHECK, &change.address)
    })
}
