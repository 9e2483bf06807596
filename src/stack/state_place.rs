//! The place of the state, where the stack file names it: what the options of the same names say.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ProfileName, StateEncryption, StateKey, StateLocation};

/// The place of the state. An option of the command line, or its variable in the environment, wins over each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StatePlace {
    /// A file, counted from the folder of the stack file that says so, or `s3://BUCKET/KEY` for a team (`--state`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StateLocation")]
    pub location: Option<StateLocation>,
    /// `AES256`, `aws:kms` or `aws:kms:dsse`: the encryption that every write of a state in S3 asks for; without it, what the bucket does (`--state-sse`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StateEncryption")]
    pub sse: Option<StateEncryption>,
    /// The KMS key for it, by its id, ARN or alias; alone, it means `sse: aws:kms` (`--state-kms-key`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StateKey")]
    pub kms_key: Option<StateKey>,
    /// The AWS profile for a state in S3, which may be in another account; without it, that of the stack (`--state-profile`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ProfileName")]
    pub profile: Option<ProfileName>,
    /// The number of the file, among those that are laid over each other, that says where it is.
    #[serde(skip)]
    pub file: usize,
}

/// The place of an object: `s3://BUCKET/KEY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Place {
    pub bucket: String,
    pub key: String,
}

/// The beginning of the place of an object.
const SCHEME: &str = "s3://";

impl fmt::Display for S3Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.bucket, self.key)
    }
}

/// Why a text is not the place of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    #[error("a place in S3 is `s3://BUCKET/KEY`, such as s3://my-states/gitlab.json")]
    Shape,
    #[error("the name of a bucket has 3 to 63 of the characters a-z, 0-9, `-` and `.`")]
    Bucket,
    #[error(
        "the key of an object has at most 1,000 bytes, no control characters, and does not begin or end with `/`"
    )]
    Key,
}

impl FromStr for S3Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (bucket, key) =
            text.strip_prefix(SCHEME).and_then(|rest| rest.split_once('/')).ok_or(NoPlace::Shape)?;
        let names = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(names) {
            return Err(NoPlace::Bucket);
        }
        // S3 takes 1,024 bytes, and the backup's key is longer.
        let whole = (1..=1000).contains(&key.len()) && !key.starts_with('/') && !key.ends_with('/');
        if !whole || key.chars().any(char::is_control) {
            return Err(NoPlace::Key);
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

/// True for a text that says where a state can be.
pub(super) fn is_no_location(text: &str) -> Option<String> {
    match text.split_once("://") {
        Some(("s3", _)) => text.parse::<S3Place>().err().map(|wrong| wrong.to_string()),
        Some((scheme, _)) => Some(format!("a state at {scheme}:// is not supported")),
        None => None,
    }
}
