//! The steps of a plan and what each waits for. A replacement is two steps, a way down and a way up. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::address::Address;
use crate::engine::graph::{self, Edges};
use crate::engine::plan::{Action, ReplaceOrder};

/// One step of carrying out a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The object, or its replacement, comes to be as it is desired.
    Up(Address),
    /// The object, or the one that was replaced, goes; of a change in two parts, what it had before.
    Down(Address),
}

impl Step {
    /// The address that the step is about.
    pub fn address(&self) -> &Address {
        match self {
            Self::Up(address) | Self::Down(address) => address,
        }
    }
}

/// The facts known of one address when the steps are laid out.
#[derive(Clone, Debug)]
pub struct Planned {
    pub action: Action,
    /// The addresses that its declaration refers to.
    pub refers_to: BTreeSet<Address>,
    /// The addresses that its record depends on.
    pub recorded_on: BTreeSet<Address>,
    /// A replacement that has begun create-first goes on so.
    pub create_first: bool,
    /// True if an object that an earlier run left stays, so that it must let go of what it uses.
    pub goes_on: bool,
    /// True if a change comes in two parts, the second one when what uses the object has changed.
    pub in_two: bool,
    /// Those of `refers_to` whose update waits for its own.
    pub leads: BTreeSet<Address>,
    /// Those that go before its update, though they refer to it.
    pub freed_of: BTreeSet<Address>,
    /// Those of `recorded_on` whose replacement lets go of it by itself.
    pub loose: BTreeSet<Address>,
}

/// All steps, with what each waits for, and the order of each replacement.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Steps {
    pub waits_for: Edges<Step>,
    pub orders: BTreeMap<Address, ReplaceOrder>,
}

/// Declarations that refer to each other in a circle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} refer to each other in a circle", addresses.iter().map(Address::to_string).collect::<Vec<_>>().join(", "))]
pub struct Circle {
    pub addresses: Vec<Address>,
}

/// Lays out the steps of a plan.
///
/// Replacements are delete-first, since most objects cannot stand beside their successor. Where that closes a circle
/// (a replaced group that must first be let go by an object that is updated in place), one replacement on the
/// circle is made create-first, and the steps are laid out again.
///
/// # Errors
/// [`Circle`] when the declarations themselves are circular.
pub fn lay_out(planned: &BTreeMap<Address, Planned>) -> Result<Steps, Circle> {
    let mut create_first: BTreeSet<&Address> =
        planned.iter().filter(|(_, one)| one.create_first).map(|(address, _)| address).collect();
    loop {
        let waits_for = edges(planned, &create_first);
        match graph::order(&waits_for) {
            Ok(_) => {
                let orders = planned
                    .iter()
                    .filter(|(_, one)| one.action == Action::Replace)
                    .map(|(address, _)| (address.clone(), order_of(create_first.contains(address))))
                    .collect();
                return Ok(Steps { waits_for, orders });
            }
            Err(cycle) => {
                let promoted = planned.keys().find(|address| {
                    cycle.contains(&Step::Up((*address).clone()))
                        && cycle.contains(&Step::Down((*address).clone()))
                        && !create_first.contains(address)
                });
                let Some(promoted) = promoted else {
                    let addresses = cycle.iter().map(|step| step.address().clone()).collect();
                    return Err(Circle { addresses });
                };
                create_first.insert(promoted);
            }
        }
    }
}

fn order_of(create_first: bool) -> ReplaceOrder {
    if create_first { ReplaceOrder::CreateFirst } else { ReplaceOrder::DeleteFirst }
}

fn goes_up(action: Action) -> bool {
    matches!(action, Action::Create | Action::Update | Action::Replace | Action::Watch)
}

fn goes_down(action: Action) -> bool {
    matches!(action, Action::Delete | Action::Forget | Action::Replace)
}

fn edges(planned: &BTreeMap<Address, Planned>, create_first: &BTreeSet<&Address>) -> Edges<Step> {
    let action = |address: &Address| planned.get(address).map_or(Action::NoOp, |one| one.action);
    let mut edges: Edges<Step> = Edges::new();
    for (x, one) in planned {
        if goes_up(one.action) {
            let needed = one.refers_to.iter().filter(|y| goes_up(action(y)) && !one.leads.contains(*y));
            edges.entry(Step::Up(x.clone())).or_default().extend(needed.cloned().map(Step::Up));
            edges
                .entry(Step::Up(x.clone()))
                .or_default()
                .extend(one.freed_of.iter().cloned().map(Step::Down));
            for led in &one.leads {
                edges.entry(Step::Up(led.clone())).or_default().insert(Step::Up(x.clone()));
            }
        }
        if goes_down(one.action) {
            edges.entry(Step::Down(x.clone())).or_default();
        }
        if one.in_two {
            let users = planned.iter().filter(|(_, user)| {
                user.action == Action::Update && (user.refers_to.contains(x) || user.recorded_on.contains(x))
            });
            let users = users.map(|(user, _)| Step::Up(user.clone()));
            edges.entry(Step::Down(x.clone())).or_default().extend(users.chain([Step::Up(x.clone())]));
        }
        if one.action == Action::Replace {
            let (first, second) = match order_of(create_first.contains(x)) {
                ReplaceOrder::DeleteFirst => (Step::Down(x.clone()), Step::Up(x.clone())),
                ReplaceOrder::CreateFirst => (Step::Up(x.clone()), Step::Down(x.clone())),
            };
            edges.entry(second).or_default().insert(first);
        }
        for used in one.recorded_on.iter().filter(|y| goes_down(action(y))) {
            let waits = edges.entry(Step::Down(used.clone())).or_default();
            if goes_down(one.action) {
                waits.insert(Step::Down(x.clone()));
            }
            let is_let_go = one.loose.contains(used) && action(used) == Action::Replace;
            // It must let go first.
            if !is_let_go && (one.action == Action::Update || (one.goes_on && goes_up(one.action))) {
                waits.insert(Step::Up(x.clone()));
            }
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(name: &str) -> Address {
        Address::new("k", name)
    }

    fn planned(rows: &[(&str, Action, &[&str])]) -> BTreeMap<Address, Planned> {
        rows.iter()
            .map(|(name, action, on)| {
                let on: BTreeSet<Address> = on.iter().copied().map(address).collect();
                let one = Planned {
                    action: *action,
                    refers_to: on.clone(),
                    recorded_on: on,
                    create_first: false,
                    goes_on: false,
                    in_two: false,
                    leads: BTreeSet::new(),
                    freed_of: BTreeSet::new(),
                    loose: BTreeSet::new(),
                };
                (address(name), one)
            })
            .collect()
    }

    fn up(name: &str) -> Step {
        Step::Up(address(name))
    }

    fn down(name: &str) -> Step {
        Step::Down(address(name))
    }

    #[test]
    fn a_create_waits_for_what_it_refers_to_and_a_delete_for_what_depends_on_it() {
        let creates = planned(&[("a", Action::Create, &[]), ("b", Action::Create, &["a"])]);
        let steps = lay_out(&creates).expect("no circle");
        assert_eq!(steps.waits_for[&up("b")], BTreeSet::from([up("a")]));
        let deletes = planned(&[("a", Action::Delete, &[]), ("b", Action::Delete, &["a"])]);
        let steps = lay_out(&deletes).expect("no circle");
        assert_eq!(steps.waits_for[&down("a")], BTreeSet::from([down("b")]));
    }

    #[test]
    fn a_replacement_with_its_dependants_goes_down_and_up_again() {
        let both = planned(&[("a", Action::Replace, &[]), ("b", Action::Replace, &["a"])]);
        let steps = lay_out(&both).expect("no circle");
        assert_eq!(steps.waits_for[&down("a")], BTreeSet::from([down("b")]));
        assert_eq!(steps.waits_for[&up("b")], BTreeSet::from([up("a"), down("b")]));
        assert!(steps.orders.values().all(|order| *order == ReplaceOrder::DeleteFirst));
    }

    #[test]
    fn a_replaced_group_is_released_before_it_is_deleted() {
        let group = planned(&[("group", Action::Replace, &[]), ("user", Action::Update, &["group"])]);
        let steps = lay_out(&group).expect("no circle");
        assert_eq!(steps.orders[&address("group")], ReplaceOrder::CreateFirst);
        assert_eq!(steps.waits_for[&down("group")], BTreeSet::from([up("group"), up("user")]));
        assert_eq!(steps.waits_for[&up("user")], BTreeSet::from([up("group")]));
    }

    #[test]
    fn what_lets_go_by_going_is_replaced_before_its_user_is_changed() {
        let mut rows =
            planned(&[("machine", Action::Replace, &[]), ("address", Action::Update, &["machine"])]);
        rows.entry(address("address")).and_modify(|one| one.loose = BTreeSet::from([address("machine")]));
        let steps = lay_out(&rows).expect("no circle");
        assert_eq!(steps.orders[&address("machine")], ReplaceOrder::DeleteFirst);
        assert_eq!(steps.waits_for[&up("address")], BTreeSet::from([up("machine")]));
        // One that goes for good is let go of first.
        let mut rows =
            planned(&[("machine", Action::Delete, &[]), ("address", Action::Update, &["machine"])]);
        rows.entry(address("address")).and_modify(|one| one.loose = BTreeSet::from([address("machine")]));
        let steps = lay_out(&rows).expect("no circle");
        assert_eq!(steps.waits_for[&down("machine")], BTreeSet::from([up("address")]));
    }

    #[test]
    fn what_is_changed_in_two_parts_lets_go_when_its_users_have_moved() {
        let mut rows = planned(&[("group", Action::Update, &[]), ("user", Action::Update, &["group"])]);
        rows.entry(address("group")).and_modify(|group| group.in_two = true);
        let steps = lay_out(&rows).expect("no circle");
        assert_eq!(steps.waits_for[&up("user")], BTreeSet::from([up("group")]));
        assert_eq!(steps.waits_for[&down("group")], BTreeSet::from([up("group"), up("user")]));
    }

    #[test]
    fn a_copy_is_gone_before_what_it_was_made_of_loses_data() {
        let mut rows = planned(&[("source", Action::Update, &[]), ("copy", Action::Delete, &["source"])]);
        rows.entry(address("source"))
            .and_modify(|source| source.freed_of = BTreeSet::from([address("copy")]));
        let steps = lay_out(&rows).expect("no circle");
        assert_eq!(steps.waits_for[&up("source")], BTreeSet::from([down("copy")]));
    }

    #[test]
    fn what_leads_is_updated_before_what_it_refers_to() {
        let mut rows = planned(&[
            ("group", Action::Update, &[]),
            ("source", Action::Update, &["group"]),
            ("copy", Action::Update, &["group", "source"]),
        ]);
        rows.entry(address("copy")).and_modify(|copy| copy.leads = BTreeSet::from([address("source")]));
        let steps = lay_out(&rows).expect("no circle");
        assert_eq!(steps.waits_for[&up("copy")], BTreeSet::from([up("group")]));
        assert_eq!(steps.waits_for[&up("source")], BTreeSet::from([up("group"), up("copy")]));
    }

    #[test]
    fn what_is_freed_by_the_end_of_its_user_is_updated_after_that() {
        let mut rows = planned(&[("store", Action::Update, &[]), ("user", Action::Delete, &["store"])]);
        rows.entry(address("store")).and_modify(|store| store.freed_of = BTreeSet::from([address("user")]));
        let steps = lay_out(&rows).expect("no circle");
        assert_eq!(steps.waits_for[&up("store")], BTreeSet::from([down("user")]));
    }

    #[test]
    fn what_an_earlier_run_left_half_made_lets_go_before_what_it_uses_is_deleted() {
        for action in [Action::Create, Action::Replace] {
            let mut rows = planned(&[("group", Action::Replace, &[]), ("user", action, &["group"])]);
            rows.entry(address("user")).and_modify(|user| user.goes_on = true);
            let steps = lay_out(&rows).expect("no circle");
            assert_eq!(steps.orders[&address("group")], ReplaceOrder::CreateFirst);
            assert!(steps.waits_for[&down("group")].contains(&up("user")), "{steps:?}");
        }
    }

    #[test]
    fn what_stays_as_it_is_has_no_steps() {
        let rows = planned(&[("a", Action::NoOp, &[]), ("b", Action::Create, &["a"])]);
        let steps = lay_out(&rows).expect("no circle");
        assert_eq!(steps.waits_for, Edges::from([(up("b"), BTreeSet::new())]));
    }

    #[test]
    fn a_circle_of_declarations_is_named() {
        let rows = planned(&[("a", Action::Create, &["b"]), ("b", Action::Create, &["a"])]);
        let circle = lay_out(&rows).expect_err("a circle");
        assert_eq!(circle.addresses, [address("a"), address("b")]);
    }
}
