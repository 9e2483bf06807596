//! Outputs without a value, each with the reason.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::state::Record;

/// An output without a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// The output's name: `pgsql_endpoint`; `databases.NAME` stands for everything of that database.
    pub output: String,
    /// Why, as a fragment: `the stack has 2 databases`.
    pub reason: String,
    /// For mount targets: the zones without one.
    pub zones: Vec<String>,
    /// A command to type.
    pub hint: String,
}

impl Missing {
    /// An object with data that is not made yet, or is gone. A new one would be empty, so that the plan names the ways on.
    pub(super) fn with_data(output: String, what: &str, record: &Record) -> Self {
        let hint = match record.gone {
            true => "to see what is left of it, and the ways on: provision plan",
            false => "provision apply",
        };
        Self { hint: hint.to_owned(), ..Self::object(output, what, record) }
    }

    /// An object that is not made yet, or is gone, and that the next apply makes.
    pub fn object(output: String, what: &str, record: &Record) -> Self {
        let reason = match (&record.id, record.gone) {
            (Some(id), true) => format!("{what} ({id}) is gone from AWS"),
            _ => format!("{what} is not ready yet"),
        };
        Self { output, reason, zones: Vec::new(), hint: "provision apply".to_owned() }
    }

    /// An entry of the stack of which no run has begun to make anything.
    pub(super) fn unmade(output: String, what: &str) -> Self {
        let reason = format!("no {what} is recorded yet");
        Self { output, reason, zones: Vec::new(), hint: "provision apply".to_owned() }
    }

    /// A short name, where there are several objects that it could mean.
    pub(super) fn several(output: &str, what: &str, full: impl Iterator<Item = String>) -> Self {
        let full: Vec<String> = full.map(|name| format!("provision output {name}")).collect();
        Self {
            output: output.to_owned(),
            reason: format!("the stack has {} {what}", full.len()),
            zones: Vec::new(),
            hint: format!("name the one that is meant: {}", full.join(" or ")),
        }
    }
}
