//! The tags that an author may put on everything.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::mask::is_invisible;
use super::problem::shown;

/// The tag that consoles show as the name of an object.
pub(super) const NAME: &str = "Name";

/// The characters that AWS allows in tags of every service: letters and digits of any script, spaces and a few signs.
fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric()
        || (character.is_whitespace() && !character.is_control() && !is_invisible(character))
        || "_.:/=+-@".contains(character)
}

/// The key of a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagKey(String);

/// The value of a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagValue(String);

/// Why a tag will not do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidTag {
    #[error("`{}` is not a tag's key: 1 to 128 letters, digits, spaces and `_.:/=+-@`", shown(key))]
    Key { key: String },
    #[error(
        "a tag's value has at most 256 letters, digits, spaces and `_.:/=+-@`, unlike `{}`",
        shown(value)
    )]
    Value { value: String },
    #[error(
        "`{}` is reserved: tags that start with `{prefix}` are {owner}'s; choose another key",
        shown(key)
    )]
    Reserved { key: String, prefix: &'static str, owner: &'static str },
    #[error("`Name` is set on each resource from its own name; choose another key")]
    Name,
    #[error(
        "`{}` says that the cluster owns it: `kops delete cluster` would list everything made here for deletion; \
         choose another key",
        shown(key)
    )]
    ClusterOwned { key: String },
}

impl TagKey {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TagValue {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TagKey {
    type Error = InvalidTag;

    fn try_from(key: String) -> Result<Self, InvalidTag> {
        let lower = key.to_lowercase();
        let reserved = |prefix, owner| InvalidTag::Reserved { key: key.clone(), prefix, owner };
        if lower.starts_with("aws:") {
            return Err(reserved("aws:", "AWS"));
        }
        if lower.starts_with("provision:") {
            return Err(reserved("provision:", "provision"));
        }
        if lower == "kubernetescluster" || lower.starts_with("kubernetes.io/cluster/") {
            return Err(InvalidTag::ClusterOwned { key });
        }
        if key == NAME {
            return Err(InvalidTag::Name);
        }
        if (1..=128).contains(&key.chars().count()) && key.chars().all(is_tag_character) {
            Ok(Self(key))
        } else {
            Err(InvalidTag::Key { key })
        }
    }
}

impl TryFrom<String> for TagValue {
    type Error = InvalidTag;

    fn try_from(value: String) -> Result<Self, InvalidTag> {
        if value.chars().count() <= 256 && value.chars().all(is_tag_character) {
            Ok(Self(value))
        } else {
            Err(InvalidTag::Value { value })
        }
    }
}

impl From<TagKey> for String {
    fn from(key: TagKey) -> Self {
        key.0
    }
}

impl From<TagValue> for String {
    fn from(value: TagValue) -> Self {
        value.0
    }
}

/// Exact for ASCII. Beyond it, what a letter is cannot be said in a way that all readers of JSON Schema understand.
const TAG_PATTERN: &str = r##"^[^\x00-\x1f!"#$%&'()*,;<>?\[\\\]^`{|}~\x7f]*$"##;

impl JsonSchema for TagKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TagKey".into()
    }

    // A map's keys cannot carry more than a pattern: the rest stands at `tags` as `propertyNames`.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": TAG_PATTERN })
    }
}

impl JsonSchema for TagValue {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TagValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": TAG_PATTERN, "maxLength": 256 })
    }
}
