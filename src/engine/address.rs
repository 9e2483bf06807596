//! The address of a resource: the only identity that the engine uses.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `kind.name`, or `kind.name/member` for one of a set: `aws_efs_mount_target.gitlab-nfs/eu-west-1a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    kind: String,
    name: String,
    member: Option<String>,
}

/// Why a text is not an address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{}` is not an address: expected `kind.name` or `kind.name/member`, such as `aws_db_instance.gitlab-pgsql`; \
     `provision plan` shows those of a stack",
    text.escape_debug()
)]
pub struct InvalidAddress {
    text: String,
}

impl Address {
    /// Puts an address together. The parts come from validated names, zones and ids.
    pub fn new(kind: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), name: name.to_owned(), member: None }
    }

    /// The address of one member of the set `kind.name`.
    pub fn member(kind: &str, name: &str, member: &str) -> Self {
        Self { member: Some(member.to_owned()), ..Self::new(kind, name) }
    }

    /// The address of the same kind and member under another name.
    pub fn with_name(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    /// The kind: `aws_efs_mount_target`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name without kind and member: `gitlab-nfs`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name with the one of a set, as the stack file groups them: `main/reports`.
    pub fn title(&self) -> String {
        match &self.member {
            Some(member) => format!("{}/{member}", self.name),
            None => self.name.clone(),
        }
    }

    /// Which one of a set: `eu-west-1a`.
    pub fn member_name(&self) -> Option<&str> {
        self.member.as_deref()
    }

    /// The address in the ownership tags of an object that stands beside the one of this address: the stack's own, and for nothing
    /// that is declared.
    pub fn beside(&self) -> Self {
        let member =
            self.member.as_ref().map_or_else(|| "beside".to_owned(), |member| format!("{member}-beside"));
        Self { member: Some(member), ..self.clone() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)?;
        match &self.member {
            Some(member) => write!(f, "/{member}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidAddress { text: text.to_owned() };
        let (kind, rest) = text.split_once('.').ok_or_else(invalid)?;
        let (name, member) = match rest.split_once('/') {
            Some((name, member)) => (name, Some(member)),
            None => (rest, None),
        };
        let word = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        };
        if [Some(kind), Some(name), member].into_iter().flatten().all(word) {
            Ok(Self { kind: kind.to_owned(), name: name.to_owned(), member: member.map(str::to_owned) })
        } else {
            Err(invalid())
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "`kind.name`, or `kind.name/member` for one of a set",
            "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)?$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in ["aws_vpc.network", "aws_efs_mount_target.gitlab-nfs/eu-west-1a"] {
            let address: Address = text.parse().expect("a valid address");
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn a_text_that_is_no_address_is_refused() {
        for text in ["", "aws_vpc", "aws_vpc.", ".x", "a.b/", "a.b/c/d", "a.b c", "a.\u{1b}[2J", "a.b.c"] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }
}
