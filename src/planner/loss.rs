//! The data of objects that go: the account of it in the plan, and what must be named before it goes.

use super::{Input, Sighting, error, remedied};
use crate::address::Address;
use crate::blueprint::Declaration;
use crate::document::Document;
use crate::kind::{Live, Manager};
use crate::plan::{Action, Change, Finding};
use crate::remedy::{Remedy, Way};
use crate::resource::{Effect, Holdings, Remark};
use crate::state::{Phase, Record};

/// The check that finds an object with data deleted by other hands than ours.
const GONE: &str = "gone";
/// The check that finds one being deleted.
const GOING: &str = "going";

/// True for a finding about data that was deleted outside of provision.
pub fn is_about_lost_data(finding: &Finding) -> bool {
    finding.check == GONE || finding.check == GOING
}

/// True for a finding about data that is still being deleted.
pub fn is_about_data_on_its_way_out(finding: &Finding) -> bool {
    finding.check == GOING
}

/// The input that says whether a last snapshot is taken.
const FINAL_SNAPSHOT: &str = "final_snapshot";

/// Completes what goes with its cost, and with the account of its data.
pub(super) fn account(input: &Input<'_>, address: &Address, change: &mut Change) -> Option<Finding> {
    let manager = input.registry.managing(address.kind())?;
    if matches!(change.action, Action::Create | Action::Forget) && was_deleted(input, address, manager) {
        let note = "an earlier run deleted it".to_owned();
        change.data = Some(Holdings { notes: vec![note], ..Holdings::default() });
    }
    if !matches!(change.action, Action::Delete | Action::Replace) {
        return None;
    }
    change.effect = change.effect.max(manager.loss());
    let record = input.state?.resources.get(address)?;
    // The object that goes is then the one before, which nothing shows any more.
    if !manager.holds_data() || record.predecessor.is_some() {
        return None;
    }
    let (_, live) = input.sightings.get(address)?.live()?;
    if is_leaving(live) {
        let note = "its deletion is under way, and cannot be undone".to_owned();
        let ours = record.phase == Phase::Deleting && takes_snapshot(input, address, record);
        let final_snapshot = holdings(live).final_snapshot.filter(|_| ours);
        change.data = Some(Holdings { notes: vec![note], final_snapshot, ..Holdings::default() });
        return None;
    }
    let mut holdings = holdings(live);
    let snapshot = takes_snapshot(input, address, record);
    if !snapshot {
        holdings.final_snapshot = None;
    }
    let asked = snapshot && holdings.final_snapshot.is_some();
    change.data = Some(holdings);
    let refused = live.remarks.iter().find_map(|remark| match remark {
        Remark::NoLastSnapshot { why, remedy } => Some((why, remedy)),
        _ => None,
    });
    let (why, remedy) = refused.filter(|_| asked)?;
    Some(error("final-snapshot", address, why.clone(), Some(remedy.clone())))
}

/// True for data that a run of ours has deleted, which was stopped before that could be recorded.
fn was_deleted(input: &Input<'_>, address: &Address, manager: &dyn Manager) -> bool {
    let record = input.state.and_then(|state| state.resources.get(address));
    let deleting =
        record.is_some_and(|record| record.phase == Phase::Deleting && record.predecessor.is_none());
    let gone = matches!(input.sightings.get(address), Some(Sighting::Gone));
    manager.holds_data() && deleting && gone
}

fn holdings(live: &Live) -> Holdings {
    let said = live.remarks.iter().find_map(|remark| match remark {
        Remark::Holds(holdings) => Some(holdings.clone()),
        _ => None,
    });
    said.unwrap_or_default()
}

/// Decides on the last snapshot: there is one unless `false` was applied and is still written.
fn takes_snapshot(input: &Input<'_>, address: &Address, record: &Record) -> bool {
    let written = |inputs: &Document| inputs.get(FINAL_SNAPSHOT).and_then(serde_json::Value::as_bool);
    let declared = match input.blueprint.declarations.get(address) {
        Some(Declaration::Managed { inputs }) => written(inputs),
        Some(Declaration::Adopted { .. }) | None => None,
    };
    written(&record.inputs) != Some(false) || declared == Some(true)
}

/// A recorded object with data that is not there any more: a new one would be empty, so that it is made only when named.
pub(super) fn gone(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    record: Option<&Record>,
) -> Option<Finding> {
    let id = record.and_then(|record| record.id.as_ref())?;
    let message = format!("{id} is gone from AWS, and provision did not delete it; a new one would be empty");
    must_be_named(input, manager, record, address).then(|| remedied(GONE, address, message, ways_on(address)))
}

/// The same for one that is being deleted.
pub(super) fn going(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    record: Option<&Record>,
    live: &Live,
) -> Option<Finding> {
    let id = record.and_then(|record| record.id.as_ref())?;
    let message = format!(
        "{id} is being deleted, and not by provision; that cannot be undone, and a new one would be empty"
    );
    (is_leaving(live) && must_be_named(input, manager, record, address))
        .then(|| remedied(GOING, address, message, ways_on(address)))
}

fn ways_on(address: &Address) -> Vec<Way> {
    let (replace, forget) =
        (Remedy::Replace { address: address.clone() }, Remedy::Forget { address: address.clone() });
    vec![
        Way::to("for a new, empty one", [replace]),
        Way::to("to do without it", [Remedy::by_hand("take it out of the stack file"), forget]),
    ]
}

/// True where data was lost without being named. An object that was never ready held none, and one that a run of ours was
/// deleting had been named.
fn must_be_named(
    input: &Input<'_>,
    manager: &dyn Manager,
    record: Option<&Record>,
    address: &Address,
) -> bool {
    let held_data = record.is_some_and(|record| matches!(record.phase, Phase::Ready | Phase::Updating));
    manager.holds_data() && held_data && !input.options.replace.contains(address)
}

/// True for an address whose data is gone, and that is not to be made anew.
pub(super) fn is_kept_for_naming(input: &Input<'_>, address: &Address, record: &Record) -> bool {
    let gone = matches!(input.sightings.get(address), Some(Sighting::Gone));
    let manager = input.registry.managing(address.kind());
    gone && manager.is_some_and(|manager| must_be_named(input, manager, Some(record), address))
}

pub(super) fn is_leaving(live: &Live) -> bool {
    live.condition.is_leaving()
}

/// Fields whose change deletes data, unless that is allowed by name. The object itself stays.
pub(super) fn unnamed(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    change: &Change,
) -> Vec<Finding> {
    if change.action != Action::Update || input.options.allow_data_loss.contains(address) {
        return Vec::new();
    }
    let losing = change.fields.iter().filter(|field| field.effect == Effect::DataLoss);
    losing
        .map(|field| {
            let known = manager.fields().iter().find(|known| known.name == field.path);
            let what = known.and_then(|known| known.loses).unwrap_or("data");
            error(
                "data-loss",
                address,
                format!("the change of {} deletes {what}", field.path),
                Some(format!(
                    "undo that change; or, to lose them: provision apply --allow-data-loss {address}"
                )),
            )
        })
        .collect()
}
