//! The runs that changed a state: who, when, with which command, and how each ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lock::Holder;
use crate::engine::event::{RunOutcome, RunSummary};
use crate::engine::plan::Summary;

/// A run that changed the state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PastRun {
    /// The run and its lock; the ARN of its credentials, where it asked AWS whose they are, is `holder.caller`.
    pub holder: Holder,
    /// The version of the program.
    pub written_by: String,
    /// The digest of the plan that it carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Absent for a run that is at work, or that was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<RunEnd>,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunEnd {
    /// UTC, RFC 3339.
    pub at: String,
    pub outcome: RunOutcome,
    /// Everything that was done in AWS and is in force, by action; empty for a command that changes the state alone.
    pub done: Summary,
    /// The number of changes that wait for a maintenance window.
    pub queued: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl PastRun {
    /// A run that begins.
    pub(super) fn of(holder: Holder) -> Self {
        Self { holder, written_by: env!("CARGO_PKG_VERSION").to_owned(), plan: None, end: None }
    }
}

impl RunEnd {
    /// The end of a run that carried out a plan.
    pub(super) fn of(summary: &RunSummary) -> Self {
        Self {
            done: summary.done,
            queued: summary.queued.len(),
            failed: summary.failed,
            skipped: summary.skipped,
            ..Self::without_plan(summary.outcome)
        }
    }

    /// The end of a run that changed the state alone, or never came to its plan.
    pub(super) fn without_plan(outcome: RunOutcome) -> Self {
        let at = super::lock::now();
        Self { at, outcome, done: Summary::default(), queued: 0, failed: 0, skipped: 0 }
    }
}
