//! Parameter groups of databases whose version is left to others: each is of the version that its database has.

use serde_json::Value;

use super::{DbParameterGroup, FAMILY, NAME};
use crate::aws::kind::Kind;
use crate::aws::kinds::db_instance::DbInstance;
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::kind::Live;
use crate::stack::blueprint::in_family;
use crate::stack::postgres::{Version, without_family};

/// The option of a database that decides about the family of its group.
const ENGINE_VERSION: &str = "engine_version";

/// Declares these groups with the family of the live version: RDS takes no other one (InvalidParameterCombination).
///
/// What was left to others before counts: a database that is there is declared with the version that it has.
pub fn follow_versions<'a>(blueprint: &mut Blueprint, live: impl Fn(&Address) -> Option<&'a Live>) {
    let groups = blueprint.declarations.keys().filter(|address| address.kind() == DbParameterGroup::KIND);
    let left: Vec<Address> = groups.filter(|group| is_left(blueprint, group)).cloned().collect();
    for group in left {
        let database = Address::new(DbInstance::KIND, group.name());
        let Some(family) = family(blueprint, live(&database), &database) else { continue };
        let Some(Declaration::Managed { inputs }) = blueprint.declarations.get_mut(&group) else { continue };
        let its = live(&group).filter(|live| FAMILY.text(&live.inputs) == Some(family.as_str()));
        let name = its.and_then(|live| NAME.text(&live.inputs)).map(str::to_owned).or_else(|| {
            let stem = without_family(NAME.text(inputs)?);
            Some(in_family(stem, &family))
        });
        let Some(name) = name else { continue };
        inputs.insert(NAME.name.to_owned(), Value::from(name));
        inputs.insert(FAMILY.name.to_owned(), Value::from(family));
    }
}

fn is_left(blueprint: &Blueprint, group: &Address) -> bool {
    blueprint.ignored.get(group).is_some_and(|ignored| ignored.contains(ENGINE_VERSION))
}

/// The family of the version that a database runs now; of the declared one, where there is none yet. An upgrade that waits for its
/// window does not count.
fn family(blueprint: &Blueprint, live: Option<&Live>, database: &Address) -> Option<String> {
    let in_force =
        live.and_then(|live| live.in_force.get(ENGINE_VERSION).or_else(|| live.inputs.get(ENGINE_VERSION)));
    let declared = match blueprint.declarations.get(database) {
        Some(Declaration::Managed { inputs }) => inputs.get(ENGINE_VERSION),
        _ => None,
    };
    let version = in_force.or(declared)?.as_str()?;
    Some(Version::parse(version)?.family())
}
