//! The cost of a change to the running service, and its time: the first thing that a reviewer looks for.

use crate::engine::plan::{Action, Change, FieldChange};
use crate::engine::resource::Effect;

use super::action::{TAKEN_BACK, effect_text, loss_text, order_text, window_name, window_text};

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

/// The worst of what happens at once, and the worst of what waits for a window.
pub(super) fn costs(change: &Change) -> Vec<Cost> {
    let at_once = |effect, felt| Cost { effect, when: "at once".to_owned(), felt };
    let mut costs = match (change.action, change.order) {
        // Another object stays: what is felt is what changes of it.
        (Action::Create | Action::Replace, _) if change.keeps.is_some() => Vec::new(),
        (Action::Replace, Some(order)) => vec![at_once(order_text(order), true)],
        (Action::Replace, None) => vec![at_once("is replaced", true)],
        (Action::Delete, _) => vec![at_once("is deleted", true)],
        (Action::Create, _) if loss_text(change).is_some() => Vec::new(),
        (Action::Create | Action::Watch | Action::Forget, _) => vec![at_once("none", false)],
        (Action::Update | Action::NoOp, _) => Vec::new(),
    };
    costs.extend(loss_text(change).map(|loss| at_once(loss, true)));
    let fields = || change.fields.iter().chain(&change.queued);
    if costs.is_empty() {
        let worst = fields()
            .filter(|field| field.window.is_none() && !waits_for_a_reboot(field))
            .map(|field| field.effect)
            .max();
        costs.extend(
            worst.map(|effect| at_once(effect_text(effect).unwrap_or("none"), effect != Effect::None)),
        );
    }
    let windows = fields().filter_map(|field| field.window.as_ref());
    if let Some(worst) = windows.max_by_key(|window| window.effect) {
        let effect = effect_text(worst.effect).unwrap_or("none");
        costs.push(Cost { effect, when: window_name(worst), felt: worst.effect != Effect::None });
    }
    if change.action == Action::Update && fields().any(waits_for_a_reboot) {
        let when = "the next reboot, which provision does not do".to_owned();
        costs.push(Cost { effect: "takes effect", when, felt: true });
    }
    if costs.is_empty() && (change.action == Action::Update || change.keeps.is_some()) {
        costs.push(at_once("none", false));
    }
    // "None, at once" beside a reboot in the window would read as no effect at all.
    if costs.iter().any(|cost| cost.felt) {
        costs.retain(|cost| cost.felt);
    }
    costs
}

fn waits_for_a_reboot(field: &FieldChange) -> bool {
    field.effect == Effect::NextReboot
}

/// The cost of the change of one field, if there is one.
pub(super) fn field_cost(field: &FieldChange) -> Option<String> {
    match &field.window {
        _ if field.takes_back => Some(TAKEN_BACK.to_owned()),
        Some(window) => Some(window_text(window)),
        None => effect_text(field.effect).map(str::to_owned),
    }
}
