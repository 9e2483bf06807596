//! The cost of changing which security groups a network interface has.

use serde_json::Value;

use crate::engine::document::Document;
use crate::engine::resource::{Effect, OnChange};

/// A group that is taken off takes its rules along; one that is put on only lets more in ("the rules from each security
/// group are effectively aggregated", Amazon VPC User Guide, "Control traffic to your AWS resources using security
/// groups"). A group that is not there yet may have other rules than the one that it replaces.
pub(super) fn cost(field: &str, desired: &Document, observed: &Document) -> OnChange {
    let groups = |inputs: &Document| -> Vec<Value> {
        inputs.get(field).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let desired = groups(desired);
    let keeps_all = groups(observed).iter().all(|group| desired.contains(group));
    OnChange::InPlace(if keeps_all { Effect::None } else { Effect::AccessLoss })
}
