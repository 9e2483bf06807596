//! A database that is renamed has another endpoint, which its clients have to be told.

use crate::engine::plan::{Action, Finding, Level, Plan};

/// The warnings on databases whose endpoints change, with the line that keeps each.
pub fn new_endpoints(plan: &Plan) -> Vec<Finding> {
    let renamed = plan.changes.iter().filter(|change| {
        // An error about it says which name is the right one.
        let is_wrong = plan.errors().any(|error| error.address.as_ref() == Some(&change.address));
        change.kind == "aws_db_instance" && change.action == Action::Update && !is_wrong
    });
    let field = renamed.filter_map(|change| {
        // A rename that is taken out of the queue has changed nothing.
        let field = change.fields.iter().find(|field| field.path == "identifier" && !field.takes_back)?;
        Some((change, field.before.as_ref()?.as_str()?, field.after.as_ref()?.as_str()?))
    });
    field
        .map(|(change, before, after)| Finding {
            check: "inputs".to_owned(),
            address: Some(change.address.clone()),
            level: Level::Warning,
            message: format!("{before} becomes {after} in AWS too, and the name of its endpoint with it"),
            hint: Some(format!("to keep both as they are, write `identifier: {before}` into the stack file")),
            remedies: Vec::new(),
        })
        .collect()
}
