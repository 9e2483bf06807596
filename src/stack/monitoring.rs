//! The options that make a running database visible: its logs, and what loads it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// For how many days Performance Insights keeps what it sees (CreateDBInstance, PerformanceInsightsRetentionPeriod).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct InsightsRetention(u32);

/// A number of days that RDS does not keep Performance Insights for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0} is not possible here: 7, 731, or a whole number of months of 31 days, from 31 to 713")]
pub struct InvalidRetention(i64);

impl InsightsRetention {
    /// Every possible number of days.
    fn all() -> impl Iterator<Item = u32> {
        [7].into_iter().chain((1..=23).map(|months| months * 31)).chain([731])
    }
}

impl TryFrom<i64> for InsightsRetention {
    type Error = InvalidRetention;

    fn try_from(days: i64) -> Result<Self, InvalidRetention> {
        Self::all().find(|known| i64::from(*known) == days).map(Self).ok_or(InvalidRetention(days))
    }
}

impl From<InsightsRetention> for i64 {
    fn from(days: InsightsRetention) -> Self {
        days.0.into()
    }
}

impl JsonSchema for InsightsRetention {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "InsightsRetention".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "enum": Self::all().collect::<Vec<_>>() })
    }
}

/// A log that RDS for PostgreSQL can send to CloudWatch (CreateDBInstance, EnableCloudwatchLogsExports).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum LogType {
    Postgresql,
    Upgrade,
    IamDbAuthError,
}

/// Logs to be exported, each once; possibly none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<LogType>")]
pub struct Logs(BTreeSet<LogType>);

/// A log that is listed twice.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a log is listed twice: name each one once")]
pub struct ListedTwice;

impl TryFrom<Vec<LogType>> for Logs {
    type Error = ListedTwice;

    fn try_from(logs: Vec<LogType>) -> Result<Self, ListedTwice> {
        let set: BTreeSet<LogType> = logs.iter().copied().collect();
        if set.len() == logs.len() { Ok(Self(set)) } else { Err(ListedTwice) }
    }
}
