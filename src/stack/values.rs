//! The values of a stack file that are more than any text: each knows what is allowed.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::problem::shown;
use super::state_place::is_no_location;
use crate::engine::resource::Pattern;

/// A text that is not what it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{}` {}", shown(text), why.as_ref().map_or_else(|| format!("is not {expected}"), |why| format!("does not do: {why}")))]
pub struct InvalidText {
    text: String,
    expected: &'static str,
    /// Said instead of all that is expected, where it is known which part is wrong.
    why: Option<String>,
}

/// Defines a text with the rule that it follows.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident: $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The rule that the text follows.
            pub const RULE: Pattern = $rule;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, InvalidText> {
                match Self::RULE.fits(text) {
                    true => Ok(Self(text.to_owned())),
                    false => Err(InvalidText {
                        text: text.to_owned(),
                        expected: Self::RULE.is,
                        why: Self::RULE.judged(text),
                    }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, InvalidText> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                Self::RULE.schema().try_into().expect("the schema of a text is an object")
            }
        }
    };
}

text! {
    /// The name of a stack. Not `sg` nor `sg-…`: security groups are named after it, and AWS keeps `sg-` for ids.
    StackName: Pattern::new(
        "a stack's name: lower-case letters, digits and hyphens, at most 32, not starting with `sg-`",
        "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        32,
    )
    .but_not("^sg(-|$)")
}

text! {
    /// The name of an entry of a section, or of a part of one. AWS's rule for database identifiers, the strictest of all.
    Name: Pattern::new(
        "a name: lower-case letters and digits with single hyphens between them, a letter first, at most 63",
        "^[a-z](-?[a-z0-9])*$",
        63,
    )
}

text! {
    /// The full name of a kops cluster.
    ClusterName: Pattern::new(
        "a cluster's full name, such as `k8s.myzone.net`",
        "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        253,
    )
    .but_not("\\.\\.")
}

text! {
    /// An AWS region.
    Region: Pattern::new("a region, such as `eu-west-1`", "^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", 32)
}

text! {
    /// The id of a VPC.
    VpcId: Pattern::new("the id of a VPC, such as `vpc-0a1b2c3d`", "^vpc-[0-9a-f]{4,17}$", 21)
}

text! {
    /// The id of a subnet.
    SubnetId: Pattern::new("the id of a subnet, such as `subnet-0a1b2c3d`", "^subnet-[0-9a-f]{4,17}$", 24)
}

text! {
    /// The id of a security group.
    GroupId: Pattern::new("the id of a security group, such as `sg-0a1b2c3d`", "^sg-[0-9a-f]{4,17}$", 20)
}

text! {
    /// The place of a state.
    StateLocation: Pattern::new(
        "the path of a file, or `s3://BUCKET/KEY`, such as s3://our-states/gitlab.json",
        "^[^\\x00-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]+$",
        1_000,
    )
    .judged_by(is_no_location)
}

text! {
    /// An encryption of S3 (PutObject, x-amz-server-side-encryption).
    StateEncryption: Pattern::new("`AES256`, `aws:kms` or `aws:kms:dsse`", "^(AES256|aws:kms|aws:kms:dsse)$", 12)
}

text! {
    /// The KMS key of a state.
    StateKey: Pattern::new(
        "the id, the ARN or the alias of a KMS key, such as `alias/states`",
        "^[A-Za-z0-9_:/.-]+$",
        512,
    )
}

text! {
    /// The name of an AWS profile.
    ProfileName: Pattern::new(
        "the name of a profile",
        "^[^\\x00-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]+$",
        256,
    )
}
