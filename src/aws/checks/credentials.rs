//! Checks that the credentials outlive the planned steps.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};

use super::finding::Verdict;
use super::scene::Scene;
use crate::aws::Aws;
use crate::engine::graph;
use crate::engine::kind::{Manager, Registry};
use crate::engine::plan::{Action, Finding};
use crate::engine::planner::Planning;
use crate::engine::steps::Step;

const CHECK: &str = "credentials";

pub(super) fn judge(aws: &Aws, scene: &Scene<'_>) -> Option<Finding> {
    let longest = longest(scene.planning, scene.registry);
    let end = aws.credentials_end()?;
    (!longest.is_zero()).then(|| verdict(end, longest, scene.now)).flatten().map(|said| said.of_all(CHECK))
}

fn verdict(end: SystemTime, longest: Duration, now: Timestamp) -> Option<Verdict> {
    let end = Timestamp::try_from(end).ok()?;
    let done = now.checked_add(SignedDuration::try_from(longest).ok()?).ok()?;
    // Seconds say nothing here.
    let time = |timestamp: Timestamp| timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string();
    Some(if done <= end {
        Verdict::passed(format!("the credentials are valid until {}", time(end)))
    } else {
        Verdict::warning(format!(
            "the credentials end at {}, and what is planned may take until {}",
            time(end),
            time(done)
        ))
        .hint(
            "log in anew first, unless they come from a role or a login that is renewed by itself; \
             a run that they end under is continued by the next one",
        )
    })
}

/// The time that the longest chain of steps may take, at the kinds' own limits.
fn longest(planning: &Planning, registry: &Registry) -> Duration {
    let waits_for = &planning.steps.waits_for;
    let Ok(order) = graph::order(waits_for) else { return Duration::ZERO };
    let mut ends: BTreeMap<&Step, Duration> = BTreeMap::new();
    for step in &order {
        let waited = waits_for.get(step).into_iter().flatten().filter_map(|before| ends.get(before));
        let begun = waited.max().copied().unwrap_or_default();
        ends.insert(step, begun + patience(planning, registry, step));
    }
    ends.into_values().max().unwrap_or_default()
}

fn patience(planning: &Planning, registry: &Registry, step: &Step) -> Duration {
    let address = step.address();
    let patience = registry.managing(address.kind()).map(Manager::patience);
    let action = planning.plan.change(address).map(|change| change.action);
    match (patience, action, step) {
        (Some(patience), Some(Action::Create | Action::Replace), Step::Up(_)) => patience.create,
        (Some(patience), Some(Action::Update), Step::Up(_)) => patience.update,
        (Some(patience), Some(Action::Delete | Action::Replace), Step::Down(_)) => patience.delete,
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::Level;

    #[test]
    fn credentials_that_end_before_the_work_can_be_done_are_warned_of() {
        let now = Timestamp::from_second(1_000_000).expect("a time");
        let end = |minutes: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + minutes * 60);
        let level = |minutes| verdict(end(minutes), Duration::from_secs(3600), now).map(|found| found.level);
        assert_eq!(level(60), Some(Level::Passed));
        assert_eq!(level(59), Some(Level::Warning));
        let warning = verdict(end(59), Duration::from_secs(3600), now).expect("a warning");
        assert_eq!(
            warning.message,
            "the credentials end at 1970-01-12 14:45 UTC, and what is planned may take until 1970-01-12 14:46 UTC"
        );
    }
}
