//! What can be known wrong before anything is done, beyond what the planner can see: things outside the documents.
//! Knows nothing of how a plan is made. Read-only.

use serde_json::Value;

use crate::aws::PasswordSource;
use crate::blueprint::{Blueprint, Declaration};
use crate::plan::{Action, Change, Finding, Level, Plan};

/// Adds what is found to the plan.
pub fn check(plan: &mut Plan, blueprint: &Blueprint) {
    let found: Vec<Finding> =
        plan.changes.iter().filter_map(|change| missing_password(change, blueprint)).collect();
    plan.preflight.extend(found);
    plan.preflight.sort();
}

/// A password that will be sent must be there to be read.
fn missing_password(change: &Change, blueprint: &Blueprint) -> Option<Finding> {
    let Declaration::Managed { inputs } = blueprint.declarations.get(&change.address)? else { return None };
    let source: PasswordSource = inputs.get("password").and_then(Value::as_str)?.parse().ok()?;
    let is_sent = match change.action {
        Action::Create | Action::Replace => true,
        Action::Update => change.fields.iter().any(|field| field.path.starts_with("password")),
        Action::Delete | Action::Adopt | Action::Forget | Action::NoOp => false,
    };
    let error = is_sent.then(|| source.read().err()).flatten()?;
    Some(Finding {
        check: "password".to_owned(),
        address: Some(change.address.clone()),
        level: Level::Error,
        message: error.to_string(),
        hint: match source {
            PasswordSource::Env(name) => Some(format!("export {name}=…")),
            PasswordSource::File(_) | PasswordSource::Managed => None,
        },
    })
}
