//! The state as it will be after a plan, as far as that is known before: what is made anew has no outputs yet.

use crate::engine::plan::{Action, Change, Plan};
use crate::engine::resource::Id;
use crate::engine::state::{Record, State};

/// The inputs that a name or a port of an object comes from, so that a change of them leaves the outputs unknown.
const BEHIND_OUTPUTS: [&str; 2] = ["identifier", "port"];

/// The state after a plan. Outputs of what is made or replaced are not known, and are not there.
pub fn coming(state: &State, plan: &Plan) -> State {
    let mut coming = state.clone();
    for drift in &plan.drift {
        if let Some(record) = coming.resources.get_mut(&drift.address) {
            record.gone |= drift.gone;
            for output in &drift.outputs {
                match &output.after {
                    Some(value) => record.outputs.insert(output.path.clone(), value.clone()),
                    None => record.outputs.remove(&output.path),
                };
            }
        }
    }
    for change in &plan.changes {
        match change.action {
            Action::Delete | Action::Forget => _ = coming.resources.remove(&change.address),
            _ if change.makes_anew() => _ = coming.resources.remove(&change.address),
            Action::Update => {
                if let Some(record) = coming.resources.get_mut(&change.address) {
                    update(record, change);
                }
            }
            Action::Watch => {
                let id = change.id.clone().unwrap_or_else(|| Id::new(""));
                let watched = || Record::watched(id, Default::default());
                coming.resources.entry(change.address.clone()).or_insert_with(watched);
            }
            Action::Create | Action::Replace | Action::NoOp => {}
        }
    }
    coming
}

fn update(record: &mut Record, change: &Change) {
    for field in change.fields.iter().filter(|field| field.window.is_none() && !field.takes_back) {
        if BEHIND_OUTPUTS.contains(&field.path.as_str()) {
            record.outputs.clear();
        }
        match &field.after {
            Some(value) => record.inputs.insert(field.path.clone(), value.clone()),
            None => record.inputs.remove(&field.path),
        };
    }
}
