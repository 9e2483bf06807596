//! The course of a procedure: what it has recorded, and what comes next by what AWS shows.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::event::RunOutcome;
use crate::engine::state::{Kept, Procedure};

use super::status::written;

/// A procedure as data. It is recorded before each call and after it, so that every run goes on from what AWS shows now.
pub trait Course: Serialize + DeserializeOwned {
    /// The command that it is of: `drill`.
    const COMMAND: &'static str;
    /// The facts of AWS that the next step depends on.
    type Observed;
    /// One call.
    type Step: fmt::Display;

    /// The next call, or the reason for none. Nothing that is done already is done again.
    fn next(&self, observed: &Self::Observed, now: Timestamp) -> Next<Self::Step>;

    /// Notes that a call is about to be made.
    fn intend(&mut self, step: &Self::Step, now: Timestamp);

    /// The steps from the first to the last, for people.
    fn steps(&self) -> Vec<String>;

    /// Facts that a person should know before the first step.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// A sentence on the work, to be read after the object's address.
    fn doing(&self) -> String;

    /// The word for its end, to be read after the command: `Drill complete`.
    fn ending(&self) -> &'static str {
        "complete"
    }

    /// The options of the command that go on with it.
    fn goes_on(&self) -> String {
        String::new()
    }

    /// The options of the command that give it up, or let go of what it keeps.
    fn gives_up(&self) -> Option<String> {
        None
    }

    /// True while no plan may change the object.
    fn holds(&self) -> bool {
        false
    }

    /// Other objects that no plan may change as long as it holds.
    fn holds_along(&self) -> BTreeSet<Address> {
        BTreeSet::new()
    }

    /// True where the command has done its part, and the work goes on with another one: it is under way until then.
    fn rests(&self) -> bool {
        false
    }

    /// The objects that it has made or keeps, which stand at no address.
    fn keeps(&self) -> Vec<Kept> {
        Vec::new()
    }
}

/// The next move of a procedure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<S> {
    Do(S),
    /// AWS is at work: what is waited for, as a line shows it.
    Wait(String),
    /// It has come to its end.
    Done,
    Refuse(Refusal),
}

/// Why a procedure does not go on, and what to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub message: String,
    pub hint: Option<String>,
    /// True where nothing was done: it is recorded no longer.
    pub is_over: bool,
}

impl Refusal {
    /// One before anything was done.
    pub fn new(message: impl Into<String>, hint: Option<String>) -> Self {
        Self { message: message.into(), hint, is_over: true }
    }

    /// One in the middle: what was done stays recorded.
    pub fn midway(message: impl Into<String>, hint: Option<String>) -> Self {
        Self { is_over: false, ..Self::new(message, hint) }
    }
}

/// The procedure as the state records it, in this step.
pub fn recorded<C: Course>(
    course: &C,
    step: &str,
    started: Timestamp,
    finished: Option<Timestamp>,
) -> Procedure {
    let facts = match serde_json::to_value(course) {
        Ok(Value::Object(facts)) => facts,
        _ => Document::new(),
    };
    Procedure {
        doing: course.doing(),
        goes_on: course.goes_on(),
        gives_up: course.gives_up(),
        step: step.to_owned(),
        started: written(started),
        finished: finished.map(written),
        holds: finished.is_none() && course.holds(),
        along: if finished.is_none() { course.holds_along() } else { BTreeSet::new() },
        keeps: course.keeps(),
        facts,
    }
}

/// The course that a procedure records; none where another version of the program wrote it.
pub fn read<C: Course>(procedure: &Procedure) -> Option<C> {
    serde_json::from_value(Value::Object(procedure.facts.clone())).ok()
}

/// One event of a procedure; one line with `--json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    StepStarted {
        address: Address,
        step: String,
    },
    /// AWS is at work.
    Settling {
        address: Address,
        status: String,
        elapsed_seconds: f64,
    },
    StepDone {
        address: Address,
        step: String,
        elapsed_seconds: f64,
    },
    /// The last line of a run that came to its end.
    Summary(Summary),
}

/// The end of a procedure.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    pub address: Address,
    pub command: String,
    pub outcome: RunOutcome,
    /// A sentence on the result, to be read after the address.
    pub done: String,
    pub elapsed_seconds: f64,
    /// Facts and commands for the person who reads the end.
    pub notes: Vec<String>,
    /// The facts that it recorded.
    pub facts: Document,
}

/// The steps of a procedure, before the first; with `--plan --json`, one document.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Steps {
    pub address: Address,
    pub command: String,
    pub steps: Vec<String>,
    pub notes: Vec<String>,
    /// True where an earlier run has begun with them.
    pub is_under_way: bool,
}
