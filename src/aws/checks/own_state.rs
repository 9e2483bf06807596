//! A bucket of the stack that holds the stack's own state: whatever empties it takes the state along.

use crate::engine::plan::{Action, Change, Finding, Level, Plan};
use crate::engine::resource::{Effect, Id};

use crate::aws::state_s3::S3Place;

/// The finding on a change that would delete the state of the run.
pub fn own_state(place: &S3Place, plan: &Plan) -> Option<Finding> {
    let bucket = Id::new(&place.bucket);
    let empties = |change: &&Change| {
        let goes = matches!(change.action, Action::Delete | Action::Replace);
        change.kind == "aws_s3_bucket"
            && change.id.as_ref() == Some(&bucket)
            && (goes || change.effect == Effect::DataLoss)
    };
    let change = plan.changes.iter().find(empties)?;
    Some(Finding {
        check: "holders".to_owned(),
        address: Some(change.address.clone()),
        level: Level::Error,
        message: format!("{bucket} holds the state of this stack ({place}), which would be deleted too"),
        hint: Some(format!(
            "take the state out of it first: aws s3 cp {place} {}.json, then run the same command with --state {}.json",
            plan.stack, plan.stack
        )),
        remedies: Vec::new(),
    })
}
