//! The values of a stack file that are more than any text or any number: each knows what is allowed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Visitor};
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
    /// The identifier of a database (CreateDBInstance, DBInstanceIdentifier), in the small letters that RDS shows.
    Identifier: "a database's identifier: lower-case letters and digits with single hyphens between them, a letter \
                 first, at most 63",
    "^[a-z](-?[a-z0-9])*$", to 63
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
    /// A PostgreSQL version, major or full: `16` is met by any 16.
    EngineVersion: "a PostgreSQL version, such as `\"16\"` or `\"16.4\"`",
    "^[1-9][0-9]?(\\.[0-9]{1,3})?$", to 6
}

text! {
    /// A database instance class.
    InstanceClass: "an instance class, such as `db.t4g.medium`",
    "^db\\.[a-z0-9]+(-[a-z0-9]+)*\\.[a-z0-9]+(-[a-z0-9]+)*$", to 64
}

text! {
    /// The name of the database that is made inside the instance (CreateDBInstance, DBName).
    DatabaseName: "a database's name: letters, digits and underscores, a letter first, at most 63",
    "^[A-Za-z][A-Za-z0-9_]*$", to 63
}

text! {
    /// The master user's name (CreateDBInstance, MasterUsername).
    Username: "a master user's name: letters, digits and underscores, a letter first, at most 16, \
               and none that PostgreSQL or RDS reserves (`admin`, `rdsadmin`, `pg_…`)",
    "^[A-Za-z][A-Za-z0-9_]*$", not "^([aA][dD][mM][iI][nN]|[rR][dD][sS][aA][dD][mM][iI][nN]|[pP][gG]_.*)$", to 16
}

text! {
    /// A daily window in UTC.
    BackupWindow: "a daily window: expected `hh:mm-hh:mm` in UTC, such as `04:00-04:30`",
    "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$", to 11
}

text! {
    /// A weekly window in UTC.
    MaintenanceWindow: "a weekly window: expected `ddd:hh:mm-ddd:hh:mm` in UTC, such as `sun:04:30-sun:05:30`",
    "^([Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un):([01][0-9]|2[0-3]):[0-5][0-9]-([Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un):([01][0-9]|2[0-3]):[0-5][0-9]$", to 19
}

text! {
    /// A key of KMS by its ARN, as AWS shows it; its other names would be compared in vain.
    KeyArn: "the ARN of a KMS key: `arn:aws:kms:<region>:<account>:key/<id>`",
    "^arn:aws(-[a-z]+)*:kms:[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}:[0-9]{12}:key/[A-Za-z0-9-]+$", to 256
}

text! {
    /// A certificate authority of RDS.
    CaCertIdentifier: "a certificate authority of RDS, such as `rds-ca-rsa2048-g1`",
    "^rds-ca-[a-z0-9]+(-[a-z0-9]+)*$", to 64
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

/// Reads a version also where it was written without quotes: the text is taken as it stands, so 16.10 is not 16.1.
pub(super) fn as_written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EngineVersion, D::Error> {
    struct AsWritten;

    impl Visitor<'_> for AsWritten {
        type Value = EngineVersion;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<EngineVersion, E> {
            text.parse().map_err(E::custom)
        }
    }

    deserializer.deserialize_any(AsWritten)
}

/// A whole number within limits, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Bounded<const LEAST: u32, const MOST: u32>(u32);

/// A number that is too small or too large.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{number} is out of range: from {least} to {most}")]
pub struct OutOfRange {
    number: i64,
    least: u32,
    most: u32,
}

impl<const LEAST: u32, const MOST: u32> Bounded<LEAST, MOST> {
    /// A constant number.
    ///
    /// # Panics
    /// When it is out of range: only for defaults, which a test builds.
    pub(super) const fn constant(number: u32) -> Self {
        assert!(LEAST <= number && number <= MOST);
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const LEAST: u32, const MOST: u32> TryFrom<i64> for Bounded<LEAST, MOST> {
    type Error = OutOfRange;

    fn try_from(number: i64) -> Result<Self, OutOfRange> {
        match u32::try_from(number) {
            Ok(inside) if (LEAST..=MOST).contains(&inside) => Ok(Self(inside)),
            _ => Err(OutOfRange { number, least: LEAST, most: MOST }),
        }
    }
}

impl<const LEAST: u32, const MOST: u32> From<Bounded<LEAST, MOST>> for i64 {
    fn from(number: Bounded<LEAST, MOST>) -> Self {
        number.0.into()
    }
}

impl<const LEAST: u32, const MOST: u32> JsonSchema for Bounded<LEAST, MOST> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("From{LEAST}To{MOST}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": LEAST, "maximum": MOST })
    }
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
