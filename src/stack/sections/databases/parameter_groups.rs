//! The parameter group that a database has: its own, that of another database, or one that is there.

use serde_json::json;

use super::options::PARAMETER_GROUP;
use super::{DATABASE, SECTION};
use crate::engine::address::Address;
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft, document, id_of, own_or_named};
use crate::stack::postgres::{Version, without_family};
use crate::stack::section::{Entry, parameters};

/// The kind of parameter groups.
pub(super) const OF_PARAMETERS: &str = "aws_db_parameter_group";

/// The parameter group of a database, declared where it is the database's own. Nothing where it has the default one.
pub(super) fn parameter_group(
    draft: &mut Draft<'_>,
    (name, entry): (&Name, &Entry),
) -> Result<Option<String>, BlueprintError> {
    let Some(own) = parameters::written(entry) else {
        return Ok(entry.text(&PARAMETER_GROUP).map(|named| named_parameter_group(draft, entry, named)));
    };
    let address = parameter_group_address(name);
    let family = family(entry);
    let inputs = document(json!({
        "name": parameter_group_name(draft, &address, name, &family),
        "family": family,
        "description": draft.kept.text(&address, "description", format!("Parameters of {name}")),
        "parameters": own,
        "tags": draft.tags(&address, name.as_str()),
    }));
    draft.declare(address.clone(), inputs)?;
    Ok(Some(id_of(&address)))
}

pub(super) fn parameter_group_address(name: &Name) -> Address {
    Address::new(OF_PARAMETERS, name.as_str())
}

/// The name of a parameter group of a family.
fn parameter_group_name(draft: &Draft<'_>, address: &Address, name: &Name, family: &str) -> String {
    draft.kept.name_in_family(address, family, name.as_str(), without_family)
}

/// A parameter group that a database names: the own one of another database of the same family, or one that is there, of which the plan
/// looks at the family.
fn named_parameter_group(draft: &Draft<'_>, user: &Entry, written: &str) -> String {
    let is_like = |entry: &Entry| parameters::written(entry).is_some() && family(entry) == family(user);
    let entries = draft.stack.entries(&SECTION).iter().filter(|(_, entry)| is_like(entry));
    let own = entries.map(|(name, entry)| {
        let address = parameter_group_address(name);
        let its = parameter_group_name(draft, &address, name, &family(entry));
        (address, its)
    });
    own_or_named(own, written)
}

/// The family of parameter groups for the written version.
fn family(entry: &Entry) -> String {
    let version = entry.text_of(DATABASE, "engine_version").and_then(Version::parse);
    version.expect("the stack file's versions are versions").family()
}
