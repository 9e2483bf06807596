//! A document under the version of its format.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::plan::FORMAT_VERSION;

/// A document under the version of its format.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Versioned<T> {
    /// The number before the dot changes when a field changes its meaning or goes.
    pub format_version: String,
    #[serde(flatten)]
    pub document: T,
}

impl<T> Versioned<T> {
    /// The document as this program writes it.
    pub fn of(document: T) -> Self {
        Self { format_version: FORMAT_VERSION.to_owned(), document }
    }
}

/// An event with the time at which it was told.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Timed<T> {
    /// UTC, RFC 3339, to the millisecond.
    pub time: String,
    #[serde(flatten)]
    pub event: T,
}
