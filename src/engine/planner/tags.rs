//! The ownership tags of recorded objects: those that others changed, shown as drift, and as the change that puts them right.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Input, Sighting};
use crate::engine::address::Address;
use crate::engine::kind::Live;
use crate::engine::owner::owner_by_tags;
use crate::engine::plan::{FieldChange, Finding, Level, Mode};
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Id, Owner, Ownership, Whose, tag};
use crate::engine::state::Record;

/// The name that a plan gives the ownership tags among the fields of a change.
pub const OWNERSHIP_TAGS: &str = "ownership tags";

/// The ownership tags that an object shows.
pub(super) fn shown(ownership: &Ownership) -> BTreeMap<String, String> {
    let Ownership::Tagged { stack, address, lineage, cluster } = ownership else { return BTreeMap::new() };
    let always = [(tag::STACK, Some(stack)), (tag::ADDRESS, Some(address))];
    let optional = [(tag::LINEAGE, lineage.as_ref()), (tag::CLUSTER, cluster.as_ref())];
    let all = always.into_iter().chain(optional);
    all.filter_map(|(key, value)| Some((key.to_owned(), value?.clone()))).collect()
}

/// The change of the ownership tags from one set to another.
pub(super) fn field(before: BTreeMap<String, String>, after: BTreeMap<String, String>) -> FieldChange {
    let document = |tags: BTreeMap<String, String>| {
        Some(Value::Object(tags.into_iter().map(|(key, value)| (key, Value::from(value))).collect()))
    };
    FieldChange::free(OWNERSHIP_TAGS, document(before), document(after))
}

/// Tags of an object of this state that carry another value than was written, and a lineage that was taken away: every version has
/// written one. The cluster is missing where an older version made the object.
pub(super) fn changed(owner: &Owner, live: &Live) -> Option<String> {
    let Ownership::Tagged { lineage, .. } = &live.ownership else { return None };
    let is_of_this_state = lineage.as_ref().is_none_or(|lineage| *lineage == owner.lineage);
    let is_ours = owner.whose(&live.ownership, live.vpc.as_ref()) == Whose::Ours && is_of_this_state;
    let shown = shown(&live.ownership);
    let is_written = |key: &String| shown.contains_key(key) || key == tag::LINEAGE;
    let differing = differing(owner, live).into_keys().filter(is_written);
    let differing: Vec<String> = differing.collect();
    (is_ours && !differing.is_empty()).then(|| differing.join(", "))
}

/// The tags that an object of this owner would carry, and that it does not carry.
fn differing(owner: &Owner, live: &Live) -> BTreeMap<String, String> {
    let shown = shown(&live.ownership);
    owner.tags().into_iter().filter(|(key, value)| shown.get(key) != Some(value)).collect()
}

/// The cure of an object that seems to be of others only because its tags were changed by hand.
pub(super) fn written_right(owner: &Owner, id: &Id, live: &Live) -> Option<String> {
    let Ownership::Tagged { lineage, .. } = &live.ownership else { return None };
    // A lineage is made once: the object is this state's, and the next apply writes what else its tags say.
    if lineage.as_ref() == Some(&owner.lineage) {
        let import = Remedy::import(&owner.address, id, Some(&owner.lineage));
        return Some(format!("if its tags were changed by hand: {import}"));
    }
    let may_be_ours = match owner.whose(&live.ownership, live.vpc.as_ref()) {
        Whose::OtherState { .. } => true,
        whose => owner.shares_its_network_with(&whose),
    };
    let right = differing(owner, live).into_iter().map(|(key, value)| format!("{key}={value}"));
    let right: Vec<String> = right.collect();
    (may_be_ours && !right.is_empty())
        .then(|| format!("if its tags were changed by hand, write them on it again: {}", right.join(", ")))
}

/// The tags of a recorded object that others changed, from what they were to what they are.
pub(super) fn drift(input: &Input<'_>, address: &Address, record: &Record) -> Option<FieldChange> {
    let (id, live) = input.sightings.get(address).and_then(Sighting::live)?;
    let manager = input.registry.managing(address.kind())?;
    if record.watched
        || record.claimed.is_some()
        || record.id.as_ref() != Some(id)
        || manager.claim_calls().is_empty()
    {
        return None;
    }
    let owner = owner_by_tags(input.blueprint, input.state, address, record.generation);
    changed(&owner, live)?;
    Some(field(owner.tags(), shown(&live.ownership)))
}

/// A refresh follows no tags, since a state records none: a warning of those that others changed.
pub(super) fn not_followed(input: &Input<'_>, address: &Address, record: &Record) -> Option<Finding> {
    if input.options.mode != Mode::RefreshOnly {
        return None;
    }
    drift(input, address, record)?;
    let (id, live) = input.sightings.get(address).and_then(Sighting::live)?;
    let changed = changed(&owner_by_tags(input.blueprint, input.state, address, record.generation), live)?;
    Some(Finding {
        check: "left-to-do".to_owned(),
        address: Some(address.clone()),
        level: Level::Warning,
        message: format!(
            "others changed {changed} on {id}: a state records no tags, and apply writes them right"
        ),
        hint: Some("provision apply".to_owned()),
        remedies: Vec::new(),
    })
}
