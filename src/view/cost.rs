//! The account of a change in words: all that happens to the service, its clients and its data, and when.

use std::collections::BTreeSet;

use crate::engine::plan::{Action, Change, Consequence, FieldChange, What, When};
use crate::engine::resource::Effect;

use super::action::{TAKEN_BACK, effect_text, opening, order_text, window_text};

/// One thing that happens to the running service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// `reboots`; `none` where no one notices.
    pub effect: &'static str,
    /// `at once`, `the window of Sun 2026-11-22 04:30 UTC`.
    pub when: String,
    /// True if anyone will notice.
    pub felt: bool,
}

/// The account of a change, a row for each thing that happens.
pub(super) fn costs(change: &Change) -> Vec<Cost> {
    let cost = |one: &Consequence| Cost {
        effect: what_text(change, one.what).unwrap_or("none"),
        when: match one.when {
            When::AtOnce => "at once".to_owned(),
            When::Window => opening(one.opens.as_deref()),
            When::NextReboot => "the next reboot, which provision does not do".to_owned(),
        },
        felt: one.what != What::None,
    };
    change.account.iter().map(cost).collect()
}

/// The account of a change in one phrase: `waits for the window of Sun 2026-11-22 04:30 UTC, then reboots`. Nothing where no one notices.
pub(super) fn cost_phrase(change: &Change) -> Option<String> {
    let mut account: Vec<&Consequence> = change.account.iter().collect();
    account.sort_by_key(|one| (one.when, &one.opens, one.what));
    let together = account.chunk_by(|one, other| (one.when, &one.opens) == (other.when, &other.opens));
    let phrases: Vec<String> = together.filter_map(|together| phrase(change, together)).collect();
    Some(phrases.join("; ")).filter(|text| !text.is_empty())
}

/// All that happens at one time.
fn phrase(change: &Change, together: &[&Consequence]) -> Option<String> {
    // The sign of the block says already that an object is replaced.
    let is_said = |what| what == What::Replacement && change.order.is_none();
    let texts =
        together.iter().filter(|one| !is_said(one.what)).filter_map(|one| what_text(change, one.what));
    let texts: Vec<&str> = texts.collect();
    let texts = texts.join(if change.action == Action::Replace { ", " } else { " and " });
    let first = together.first()?;
    let window = || opening(first.opens.as_deref());
    match first.when {
        When::AtOnce => Some(texts).filter(|texts| !texts.is_empty()),
        When::Window if texts.is_empty() => Some(format!("waits for {}", window())),
        When::Window => Some(format!("waits for {}, then {texts}", window())),
        When::NextReboot => Some(format!("{texts} at the next reboot, which provision does not do")),
    }
}

/// The loss of clients that comes with the end of an object, beside what is said of its data.
pub(super) fn cuts_off(change: &Change) -> Option<&'static str> {
    let loses = change.account.iter().any(|one| one.what == What::AccessLoss);
    what_text(change, What::AccessLoss).filter(|_| loses)
}

fn what_text(change: &Change, what: What) -> Option<&'static str> {
    Some(match what {
        What::None => return None,
        What::TakesEffect => "takes effect",
        What::BriefPause => return effect_text(Effect::BriefPause),
        What::Failover => return effect_text(Effect::Failover),
        What::Reboot => return effect_text(Effect::Reboot),
        What::Replacement => change.order.map_or("is replaced", order_text),
        What::Deletion => "is deleted",
        What::AccessLoss => return effect_text(Effect::AccessLoss),
        What::DataLoss => return effect_text(Effect::DataLoss),
    })
}

/// The cost of the change of one field, if there is one.
pub(super) fn field_cost(field: &FieldChange) -> Option<String> {
    match &field.window {
        _ if field.takes_back => Some(TAKEN_BACK.to_owned()),
        Some(window) => Some(window_text(window)),
        None => effect_text(field.effect).map(str::to_owned),
    }
}

/// The same where the head of the block does not say it already: of several fields, or apart from the one time that all of them have.
pub(super) fn unsaid_cost(change: &Change, field: &FieldChange) -> Option<String> {
    let is_alone = change.fields.len() == 1 && change.account.len() == 1;
    if is_alone && change.action != Action::Replace && !field.takes_back {
        return None;
    }
    let times = change.account.iter().map(|one| (one.when, &one.opens)).collect::<BTreeSet<_>>();
    match &field.window {
        Some(window) if times.len() == 1 && !field.takes_back => {
            effect_text(window.effect).map(str::to_owned)
        }
        _ => field_cost(field),
    }
}
