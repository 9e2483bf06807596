//! Declarations that AWS would take for one object: two of a kind with the same natural key.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Input, error};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::is_unknown;
use crate::engine::plan::Finding;

/// The findings, each on the later one of two addresses. A key of which a part follows from an object that is not made yet is not
/// compared.
pub(super) fn doubled(input: &Input<'_>) -> Vec<Finding> {
    let mut first: BTreeMap<(&str, Vec<String>), &Address> = BTreeMap::new();
    let twice = input.blueprint.declarations.iter().filter_map(|(address, declaration)| {
        let Declaration::Managed { inputs } = declaration else { return None };
        let natural = input.registry.managing(address.kind())?.natural_key();
        let parts: Option<Vec<&Value>> =
            natural.iter().map(|field| inputs.get(*field).filter(|value| !is_unknown(value))).collect();
        let parts: Vec<String> = parts?.into_iter().map(Value::to_string).collect();
        let name = parts.join(", ").replace('"', "");
        let other = (!parts.is_empty()).then(|| first.insert((address.kind(), parts), address)).flatten()?;
        let message =
            format!("{name} is what {other} is to be called, and no two objects have the same name");
        let hint = "choose another name in the stack file, or take one of the two out".to_owned();
        Some(error("name-taken", address, message, Some(hint)))
    });
    twice.collect()
}
