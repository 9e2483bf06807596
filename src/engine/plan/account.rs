//! The account of a change: all that it does to the service, its clients and its data, and when. Pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Change, FieldChange};
use crate::engine::resource::Effect;

/// One thing that a change does to the service, its clients or its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Consequence {
    pub what: What,
    pub when: When,
    /// When the window opens next, for what waits for one: UTC, RFC 3339. Absent while AWS has not chosen one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// The fields that bring it about. None where the object itself comes or goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// A consequence by its nature, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Nothing that the service, its clients or its data would feel.
    None,
    /// A value comes into force.
    TakesEffect,
    BriefPause,
    Failover,
    Reboot,
    Replacement,
    Deletion,
    AccessLoss,
    DataLoss,
}

/// The time of a consequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    AtOnce,
    /// In the maintenance window.
    Window,
    /// At the next reboot, which no run makes.
    NextReboot,
}

impl What {
    fn of(effect: Effect) -> Self {
        match effect {
            Effect::None | Effect::NextMaintenanceWindow => Self::None,
            Effect::NextReboot => Self::TakesEffect,
            Effect::BriefPause => Self::BriefPause,
            Effect::Failover => Self::Failover,
            Effect::Reboot => Self::Reboot,
            Effect::Replacement => Self::Replacement,
            Effect::AccessLoss => Self::AccessLoss,
            Effect::DataLoss => Self::DataLoss,
        }
    }
}

/// All that a change does, the gravest first. Empty for a resource of which nothing changes and nothing waits.
pub fn account(change: &Change) -> Vec<Consequence> {
    let found = match change.action {
        Action::Create | Action::Replace if change.keeps.is_some() => by_fields(change),
        Action::Update | Action::NoOp => by_fields(change),
        Action::Replace | Action::Delete => object(change),
        Action::Create if change.effect > Effect::Replacement => object(change),
        Action::Create | Action::Watch | Action::Forget => Vec::new(),
    };
    let is_felt = found.iter().any(|one| one.what != What::None);
    let mut account: Vec<Consequence> =
        found.iter().filter(|one| !is_covered(one, &found)).cloned().collect();
    // "None, at once" beside anything that is felt would read as no effect at all.
    account.retain(|one| !is_felt || one.what != What::None || one.when != When::AtOnce);
    if account.is_empty() && change.action != Action::NoOp {
        account.push(Consequence { what: What::None, when: When::AtOnce, opens: None, fields: Vec::new() });
    }
    account.sort_by(|one, other| (other.what, one.when).cmp(&(one.what, other.when)));
    account
}

/// True for what the service does not feel apart from something graver at the same time: a pause beside a reboot.
fn is_covered(one: &Consequence, all: &[Consequence]) -> bool {
    let is_same_time = |other: &&Consequence| (other.when, &other.opens) == (one.when, &one.opens);
    match one.what {
        What::None => all.iter().filter(is_same_time).any(|other| other.what != What::None),
        What::BriefPause | What::Failover => {
            let graver = one.what..=What::Reboot;
            all.iter()
                .filter(is_same_time)
                .any(|other| other.what != one.what && graver.contains(&other.what))
        }
        _ => false,
    }
}

/// The end of an object, or the new one that takes the place of another.
fn object(change: &Change) -> Vec<Consequence> {
    let at_once = |what| Consequence {
        what,
        when: When::AtOnce,
        opens: None,
        fields: change
            .fields
            .iter()
            .filter(|field| What::of(field.effect) == what)
            .map(|field| field.path.clone())
            .collect(),
    };
    let end = match change.action {
        Action::Replace => Some(What::Replacement),
        Action::Delete => Some(What::Deletion),
        _ => None,
    };
    // A new object can overwrite the data of another one.
    let loss = (change.effect > Effect::Replacement).then(|| What::of(change.effect));
    end.into_iter().chain(loss).map(at_once).collect()
}

/// The changes of fields of an object that stays, and those that earlier changes left in the queue.
fn by_fields(change: &Change) -> Vec<Consequence> {
    let mut found: BTreeMap<(What, When, Option<String>), Vec<String>> = BTreeMap::new();
    for field in change.fields.iter().chain(&change.queued).filter(|field| !field.takes_back) {
        found.entry(of_field(field)).or_default().push(field.path.clone());
    }
    let one = |((what, when, opens), fields)| Consequence { what, when, opens, fields };
    found.into_iter().map(one).collect()
}

fn of_field(field: &FieldChange) -> (What, When, Option<String>) {
    match &field.window {
        Some(window) => (What::of(window.effect), When::Window, window.opens.clone()),
        None if field.effect == Effect::NextMaintenanceWindow => (What::None, When::Window, None),
        None if field.effect == Effect::NextReboot => (What::TakesEffect, When::NextReboot, None),
        None => (What::of(field.effect), When::AtOnce, None),
    }
}
