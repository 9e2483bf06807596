//! Recorded objects that are another owner's by now, where a plan is about nothing but what changed outside.

use std::collections::BTreeSet;

use super::{Input, identity, tags};
use crate::engine::address::Address;
use crate::engine::owner::owner_by_tags;
use crate::engine::plan::{Action, Finding, Level, Mode};
use crate::engine::state::Record;

/// A warning of each: what AWS shows of it is not recorded.
pub(super) fn of_others(input: &Input<'_>, selected: &BTreeSet<Address>) -> Vec<Finding> {
    if input.options.mode != Mode::RefreshOnly {
        return Vec::new();
    }
    let records = input.state.into_iter().flat_map(|state| &state.resources);
    let selected = records.filter(|(address, _)| selected.contains(address));
    selected
        .filter_map(|(address, record)| {
            finding(input, address, record).or_else(|| tags::not_followed(input, address, record))
        })
        .collect()
}

/// True for a record of which a refresh follows nothing: its object is another owner's.
pub(super) fn is_of_others(input: &Input<'_>, address: &Address, record: &Record) -> bool {
    finding(input, address, record).is_some()
}

fn finding(input: &Input<'_>, address: &Address, record: &Record) -> Option<Finding> {
    let (id, live) = input.sightings.get(address)?.live()?;
    if record.watched || record.id.as_ref() != Some(id) {
        return None;
    }
    let owner = owner_by_tags(input.blueprint, input.state, address, record.generation);
    let finding = identity::foreign(&owner, id, live, record.claimed.as_ref(), Action::NoOp)?;
    let message = format!("{}; what AWS shows of it is not recorded", finding.message);
    Some(Finding { level: Level::Warning, message, ..finding })
}
