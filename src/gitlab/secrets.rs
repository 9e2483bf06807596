//! The Secrets that pods read passwords from, and where each password is. No password is ever here.

use serde_json::Value;

use super::description::Description;
use crate::stack::parts::{CACHES, DATABASES};

/// A password that AWS manages, and the Secret by which pods read it: named like the entry, with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// The entry, and the Secret.
    pub name: String,
    /// The secret of Secrets Manager: JSON, with a key of the same name.
    pub arn: String,
}

/// The key of a Secret, and that of the JSON in Secrets Manager.
pub const PASSWORD: &str = "password";

/// All passwords of databases and caches that AWS manages.
pub fn managed(description: &Description<'_>) -> Vec<Managed> {
    let of = |section: &'static str| {
        let entries = description.entries(section).into_iter();
        entries.filter_map(move |name| managed_of(description, section, name))
    };
    of(DATABASES).chain(of(CACHES)).collect()
}

/// The password of one entry, if AWS manages it.
pub fn managed_of(description: &Description<'_>, section: &str, name: &str) -> Option<Managed> {
    let option = |option: &str| description.declared(section, name, option);
    let is_declared = match section {
        DATABASES => option(PASSWORD).and_then(Value::as_str) == Some("managed"),
        _ => option("authentication") != Some(&Value::Bool(false)),
    };
    let arn = description.optional(section, name, "secret_arn", is_declared)?;
    Some(Managed { name: name.to_owned(), arn })
}
