//! KMS keys that an entry names by an alias, which AWS shows by their ARNs.

use crate::engine::address::Address;
use crate::engine::document::reference;
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft};

/// The option with the key.
pub const OPTION: &str = "kms_key_id";

/// The key behind an alias, as it is written in the inputs: the alias is watched, so that the key is known. None for a key that is written
/// in another way.
pub(in crate::stack) fn behind_alias(
    draft: &mut Draft<'_>,
    name: &Name,
    key: Option<&str>,
) -> Result<Option<String>, BlueprintError> {
    let Some(alias) = key.filter(|key| is_alias(key)) else { return Ok(None) };
    let address = Address::new("aws_kms_alias", name.as_str());
    draft.watch(address.clone(), alias)?;
    Ok(Some(reference(&address, "target_key_arn")))
}

/// True if a key only stands for another one, and may stand for another one tomorrow.
fn is_alias(key: &str) -> bool {
    key.starts_with("alias/") || key.contains(":alias/")
}
