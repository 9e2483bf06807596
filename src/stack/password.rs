//! The source of a database password, and the password itself, which cannot be printed or stored.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A password in memory. It has no way into a document: it cannot be serialised, and prints as nothing.
pub struct Secret(String);

impl Secret {
    /// A password that AWS made, or keeps.
    pub fn of_aws(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// The source of the password. This is what stacks, states and plans hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PasswordSource {
    /// RDS makes it, keeps it in Secrets Manager and rotates it.
    Managed,
    /// It is left as it is, and never sent.
    Unmanaged,
    /// The environment variable of this name.
    Env(String),
    /// The first line of the file at this path.
    File(String),
}

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text is not shown: it may be a password.
    #[error("a password is `managed`, `unmanaged`, `env:NAME` or `file:PATH`; a literal is refused")]
    Literal,
    #[error("the environment variable {name} is not set")]
    Unset { name: String },
    #[error("cannot read the password file {path}")]
    Unreadable { path: String, source: std::io::Error },
    #[error(
        "the password from {from} must be 8 to 128 printable ASCII characters without `/`, `\"`, `@` and spaces"
    )]
    Unfit { from: String },
}

impl FromStr for PasswordSource {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "managed" => Ok(Self::Managed),
            None if text == "unmanaged" => Ok(Self::Unmanaged),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            _ => Err(SecretError::Literal),
        }
    }
}

impl TryFrom<String> for PasswordSource {
    type Error = SecretError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PasswordSource> for String {
    fn from(source: PasswordSource) -> Self {
        source.to_string()
    }
}

impl fmt::Display for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Managed => f.write_str("managed"),
            Self::Unmanaged => f.write_str("unmanaged"),
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
        }
    }
}

impl PasswordSource {
    /// Reads the password; `None` where none is sent. A relative path starts from `folder`; `variable` is the environment.
    ///
    /// # Errors
    /// [`SecretError`] when it cannot be read or AWS would refuse it (CreateDBInstance, MasterUserPassword).
    pub fn read(
        &self,
        folder: &Path,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Secret>, SecretError> {
        let text = match self {
            Self::Managed | Self::Unmanaged => return Ok(None),
            Self::Env(name) => variable(name).ok_or_else(|| SecretError::Unset { name: name.clone() })?,
            Self::File(path) => std::fs::read_to_string(folder.join(path))
                .map_err(|source| SecretError::Unreadable { path: path.clone(), source })?
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        let fits = (8..=128).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '/' | '"' | '@'));
        if fits { Ok(Some(Secret(text))) } else { Err(SecretError::Unfit { from: self.to_string() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_password_is_refused_and_never_repeated() {
        for literal in ["hunter2hunter2", "env:", "file:", "vault:x", ""] {
            let error = literal.parse::<PasswordSource>().expect_err("a literal is refused");
            assert!(literal.is_empty() || !error.to_string().contains(&format!("`{literal}`")));
        }
    }

    #[test]
    fn a_secret_prints_as_nothing() {
        assert_eq!(format!("{:?}", Secret("hunter2".to_owned())), "(secret)");
    }
}
