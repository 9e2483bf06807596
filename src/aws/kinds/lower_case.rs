//! Text that AWS keeps in lower case, however it was written.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct LowerCase(String);

impl LowerCase {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for LowerCase {
    fn from(text: String) -> Self {
        Self(text.to_lowercase())
    }
}

impl From<&str> for LowerCase {
    fn from(text: &str) -> Self {
        Self(text.to_lowercase())
    }
}

impl From<LowerCase> for String {
    fn from(text: LowerCase) -> Self {
        text.0
    }
}

impl fmt::Display for LowerCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
