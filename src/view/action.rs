//! The words, symbols and colours of actions and effects.

use jiff::Timestamp;

use crate::engine::plan::{Action, Blocked, Change, ReplaceOrder, Window};
use crate::engine::resource::Effect;

use super::harmless::harmless;
use super::style::Ink;

impl Action {
    /// The word while it goes on: `creating`.
    pub(crate) fn doing(self) -> &'static str {
        match self {
            Self::Create => "creating",
            Self::Update => "updating",
            Self::Replace => "replacing",
            Self::Delete => "deleting",
            Self::Watch => "watching",
            Self::Forget => "forgetting",
            Self::NoOp => "checking",
        }
    }

    /// The word afterwards: `created`.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Replace => "replaced",
            Self::Delete => "deleted",
            Self::Watch => "watched",
            Self::Forget => "forgotten",
            Self::NoOp => "unchanged",
        }
    }

    /// The colour that it has everywhere.
    pub(crate) fn ink(self) -> Ink {
        match self {
            Self::Create => Ink::Create,
            Self::Update => Ink::Update,
            Self::Replace => Ink::Replace,
            Self::Delete => Ink::Delete,
            Self::Watch | Self::Forget => Ink::Watch,
            Self::NoOp => Ink::Faint,
        }
    }
}

/// The order in which a reviewer wants to see them.
pub(super) const GRAVEST_FIRST: [Action; 7] = [
    Action::Delete,
    Action::Replace,
    Action::Update,
    Action::Create,
    Action::Forget,
    Action::Watch,
    Action::NoOp,
];

/// The word for what is done to a resource, for people.
pub(super) fn action_word(change: &Change) -> &'static str {
    match (change.action, &change.blocked) {
        (Action::NoOp, Some(_)) => "blocked",
        (Action::NoOp, None) => "unchanged",
        (action, _) => action.name(),
    }
}

/// The words for an action that was never tried: `update blocked`.
pub(crate) fn blocked(action: Action) -> String {
    match action {
        Action::NoOp => "blocked".to_owned(),
        action => format!("{} blocked", action.name()),
    }
}

/// The action that is left out of a change, and the reason: `update left out (AWS shows stopped)`.
pub(super) fn left_out(blocked: &Blocked) -> String {
    let because = harmless(&blocked.because);
    match blocked.action {
        Action::NoOp => because.into_owned(),
        action => format!("{} left out ({because})", action.name()),
    }
}

/// The symbol of an action, three columns wide; for a replacement, in the order in which it happens.
pub(super) fn symbol(action: Action, order: Option<ReplaceOrder>) -> &'static str {
    match (action, order) {
        (Action::Create, _) => "  +",
        (Action::Update, _) => "  ~",
        (Action::Replace, Some(ReplaceOrder::CreateFirst)) => "+/-",
        (Action::Replace, _) => "-/+",
        (Action::Delete, _) => "  -",
        (Action::Watch, _) => "  >",
        (Action::Forget, _) => "  <",
        (Action::NoOp, _) => "   ",
    }
}

/// The note beside a field whose queued change is given up: what runs has the value already.
pub(super) const TAKEN_BACK: &str = "taken out of the queue; nothing happens to clients";

/// The effect on the running service, if there is one.
pub(super) fn effect_text(effect: Effect) -> Option<&'static str> {
    match effect {
        Effect::None => None,
        Effect::NextReboot => Some("takes effect at the next reboot, which provision does not do"),
        Effect::BriefPause => Some("pauses briefly"),
        Effect::NextMaintenanceWindow => Some("waits for the next maintenance window"),
        Effect::Failover => Some("fails over"),
        Effect::Reboot => Some("reboots"),
        Effect::Replacement => Some("forces replacement"),
        Effect::AccessLoss => Some("cuts clients off"),
        Effect::DataLoss => Some("loses data"),
    }
}

/// For which window a change waits, and what it costs then.
pub(super) fn window_text(window: &Window) -> String {
    let then = match window.effect {
        Effect::None | Effect::NextMaintenanceWindow => None,
        Effect::NextReboot => Some("for a reboot"),
        Effect::Replacement => Some("is replaced"),
        effect => effect_text(effect),
    };
    let then = then.map(|then| format!(", then {then}")).unwrap_or_default();
    format!("waits for {}{then}", window_name(window))
}

/// Which window it is.
pub(super) fn window_name(window: &Window) -> String {
    opening(window.opens.as_deref())
}

/// The window that opens at a time: `the window of Sun 2026-11-22 04:30 UTC`.
pub(super) fn opening(opens: Option<&str>) -> String {
    match opens.and_then(|opens| opens.parse::<Timestamp>().ok()) {
        Some(opens) => format!("the window of {}", opens.strftime("%a %Y-%m-%d %H:%M UTC")),
        None => "the next maintenance window".to_owned(),
    }
}

/// When what waits for a maintenance window will be made: `queued for 2026-11-29 04:30 UTC`.
pub fn queued_for(opens: Option<&str>) -> String {
    match opens.and_then(|opens| opens.parse::<Timestamp>().ok()) {
        Some(opens) => format!("queued for {}", opens.strftime("%Y-%m-%d %H:%M UTC")),
        None => "queued for the next maintenance window".to_owned(),
    }
}

/// The meaning of a replacement, by its order.
pub(super) fn order_text(order: ReplaceOrder) -> &'static str {
    match order {
        ReplaceOrder::DeleteFirst => "the old one is deleted first",
        ReplaceOrder::CreateFirst => "the new one is made first",
    }
}
