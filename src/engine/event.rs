//! The events by which the engine says how it works. Printed for people or machines elsewhere.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::address::Address;
use crate::engine::cloud::CloudError;
use crate::engine::plan::{Action, Change, Summary};
use crate::engine::state::PastRun;

/// One event; one line of `apply --json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The first line: which run it is, and with which credentials.
    RunStarted(Box<PastRun>),
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
        /// The part of the change that waits for the maintenance window.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queued: Option<Queued>,
        elapsed_seconds: f64,
    },
    StepFailed {
        address: Address,
        action: Action,
        error: FailureText,
        elapsed_seconds: f64,
        /// True for what was never tried: the plan left it out.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        blocked: bool,
    },
    /// Not tried, because of another step.
    StepSkipped {
        address: Address,
        action: Action,
        because: Address,
    },
    Summary(RunSummary),
}

/// A change of one object that AWS has taken, and makes in the maintenance window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Queued {
    pub address: Address,
    /// The fields that wait.
    pub fields: Vec<String>,
    /// When the window opens next: UTC, RFC 3339. Absent while AWS has not chosen one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// True if nothing of the change is in force yet.
    pub entirely: bool,
}

impl Queued {
    /// The changes that an update leaves for the window, if any.
    pub fn of(change: &Change) -> Option<Self> {
        if change.action != Action::Update {
            return None;
        }
        let waiting = change.fields.iter().filter_map(|field| Some((field, field.window.as_ref()?)));
        let (fields, opens): (Vec<String>, Vec<Option<String>>) =
            waiting.map(|(field, window)| (field.path.clone(), window.opens.clone())).unzip();
        Some(Self {
            address: change.address.clone(),
            entirely: fields.len() == change.fields.len(),
            opens: opens.into_iter().next()?,
            fields,
        })
    }
}

/// A failed step or command for people and machines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureText {
    pub message: String,
    /// The operation of AWS as IAM names it: `rds:CreateDBInstance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The code that AWS answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// A command to type next, or a line to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl FailureText {
    /// The failure with the operation that AWS refused, and its answer.
    #[must_use]
    pub fn answered(self, error: &CloudError) -> Self {
        let CloudError { operation, code, request_id, .. } = error;
        Self {
            operation: Some((*operation).to_owned()),
            code: Some(code.clone()),
            request_id: request_id.clone(),
            ..self
        }
    }
}

/// The last line of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    pub outcome: RunOutcome,
    /// Everything that was done and is in force, by action.
    pub done: Summary,
    /// Everything that was asked for and waits for a maintenance window.
    #[serde(default)]
    pub queued: Vec<Queued>,
    pub failed: usize,
    pub skipped: usize,
    /// Objects that AWS is still at work on; the next run waits for them.
    pub in_flight: Vec<Address>,
    /// With `--refresh-only`: what the state does not follow AWS in, each with the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_recorded: BTreeMap<Address, String>,
    pub elapsed_seconds: f64,
}

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    Done,
    Failed,
    Interrupted,
}
