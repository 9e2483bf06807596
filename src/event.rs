//! What the engine says while it works. Printed for people or machines elsewhere.
//! Knows nothing of who listens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::plan::{Action, Summary};

/// One event; one line of `apply --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    StepStarted {
        address: Address,
        action: Action,
    },
    /// AWS is still at work on the object.
    Settling {
        address: Address,
        action: Action,
        /// The status as AWS words it: `creating`.
        status: String,
        elapsed_seconds: f64,
    },
    StepDone {
        address: Address,
        action: Action,
        id: Option<String>,
        elapsed_seconds: f64,
    },
    StepFailed {
        address: Address,
        action: Action,
        error: FailureText,
        elapsed_seconds: f64,
    },
    /// Not tried, because of another step.
    StepSkipped {
        address: Address,
        action: Action,
        because: Address,
    },
    Summary(RunSummary),
}

/// A failed step for people and machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureText {
    pub message: String,
    /// The operation as IAM names it: `rds:CreateDBInstance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// A command to type next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The last line of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    pub outcome: RunOutcome,
    /// What was done, by action.
    pub done: Summary,
    pub failed: usize,
    pub skipped: usize,
    /// Objects that AWS is still at work on; the next run waits for them.
    pub in_flight: Vec<Address>,
    pub elapsed_seconds: f64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    Done,
    Failed,
    Interrupted,
}
