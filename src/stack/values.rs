//! The values of a stack file that are more than any text or any number: each knows what is allowed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::problem::shown;
use crate::engine::network::Role;

/// A text that is not what it should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{}` is not {expected}", shown(text))]
pub struct InvalidText {
    text: String,
    expected: &'static str,
}

/// Defines a text with a rule: one pattern that has to match, one that must not, and the longest length.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident: $expected:literal, $pattern:literal, $(not $never:literal,)? to $longest:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, InvalidText> {
                static PATTERN: LazyLock<Regex> = LazyLock::new(|| Regex::new($pattern).expect("a valid pattern"));
                let fits = text.len() <= $longest && PATTERN.is_match(text);
                $(
                    static NEVER: LazyLock<Regex> = LazyLock::new(|| Regex::new($never).expect("a valid pattern"));
                    let fits = fits && !NEVER.is_match(text);
                )?
                if fits {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidText { text: text.to_owned(), expected: $expected })
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
                json_schema!({
                    "type": "string",
                    "pattern": $pattern,
                    "maxLength": $longest,
                    $("not": { "type": "string", "pattern": $never },)?
                })
            }
        }
    };
}

text! {
    /// The name of a stack. Not `sg` nor `sg-…`: security groups are named after it, and AWS keeps `sg-` for ids.
    StackName: "a stack's name: lower-case letters, digits and hyphens, at most 32, not starting with `sg-`",
    "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", not "^sg(-|$)", to 32
}

text! {
    /// The name of a file system, an access point or a database. AWS's rule for database identifiers, the strictest of all;
    /// `default` is AWS's own, `nodes` and `masters` are the cluster's groups.
    Name: "a name: lower-case letters and digits with single hyphens between them, a letter first, at most 63, \
           and none of `default`, `nodes` and `masters`",
    "^[a-z](-?[a-z0-9])*$", not "^(default|nodes|masters)$", to 63
}

text! {
    /// The full name of a kops cluster.
    ClusterName: "a cluster's full name, such as `k8s.myzone.net`",
    "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", not "\\.\\.", to 253
}

text! {
    /// An AWS region.
    Region: "a region, such as `eu-west-1`",
    "^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", to 32
}

text! {
    /// The name of a security group (CreateSecurityGroup). AWS would allow `$`, `{` and `}` too; they are left out,
    /// since `${…}` is a reference.
    GroupName: "a security group's name: letters, digits, spaces and `._-:/()#,@[]+=&;!*`, at most 255, \
                not starting with `sg-`, and not `default`",
    "^[A-Za-z0-9._\\-:/()#,@\\[\\]+=&;!*]([A-Za-z0-9 ._\\-:/()#,@\\[\\]+=&;!*]*[A-Za-z0-9._\\-:/()#,@\\[\\]+=&;!*])?$",
    not "^([sS][gG]-|[dD][eE][fF][aA][uU][lL][tT]$)", to 255
}

text! {
    /// The name of a parameter of PostgreSQL, of an extension or of RDS.
    ParameterName: "a parameter's name, such as `work_mem` or `rds.force_ssl`",
    "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)?$", to 128
}

text! {
    /// The value of a parameter. Formulas such as `{DBInstanceClassMemory/32768}` are values too; `${…}` is a reference.
    ParameterValue: "a parameter's value: printable ASCII characters without `${`, at most 1024",
    "^[ -~]+$", not "\\$\\{", to 1024
}

/// The cluster's roles that may reach something; `[]` is none of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Role>")]
pub struct Access(BTreeSet<Role>);

/// Why a list of roles will not do.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidAccess {
    #[error("a role is listed twice: name each one once")]
    Twice,
}

impl Access {
    /// The roles.
    pub fn roles(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }
}

impl Default for Access {
    fn default() -> Self {
        Self(BTreeSet::from([Role::Nodes, Role::Masters]))
    }
}

impl TryFrom<Vec<Role>> for Access {
    type Error = InvalidAccess;

    fn try_from(roles: Vec<Role>) -> Result<Self, InvalidAccess> {
        let set: BTreeSet<Role> = roles.iter().copied().collect();
        if set.len() < roles.len() { Err(InvalidAccess::Twice) } else { Ok(Self(set)) }
    }
}

impl JsonSchema for Access {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Access".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": generator.subschema_for::<Role>(),
            "uniqueItems": true,
        })
    }
}
