//! The room that a quota leaves, and the room that a plan needs. Pure.

use crate::aws::checks::finding::Verdict;
use crate::aws::checks::scene::{Doing, Scene};
use crate::aws::kinds::security_group::{EGRESS, INGRESS};
use crate::engine::address::Address;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::plan::{Action, Finding, ReplaceOrder};
use serde_json::Value;

/// A quota, and how much of it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws::checks) struct Room {
    pub used: u64,
    pub most: u64,
}

impl Room {
    /// Checks that `more` fit in.
    pub(in crate::aws::checks) fn verdict(self, more: u64, one: &str, several: &str) -> Verdict {
        let Self { used, most } = self;
        let left = most.saturating_sub(used);
        if more <= left {
            let fit = if more == 1 { format!("{one} fits") } else { format!("{several} fit") };
            Verdict::passed(format!("{more} more {fit} into the account's quota of {most}"))
        } else {
            let fit = if more == 1 { format!("{one} does") } else { format!("{several} do") };
            Verdict::error(format!(
                "{more} more {fit} not fit into the account's quota of {most}, of which {used} are used"
            ))
            .hint("raise the quota in the Service Quotas console; then run the same command again")
        }
    }
}

/// Checks that the new objects of a kind fit in; said of the first of them.
pub(super) fn objects(
    scene: &Scene<'_>,
    kind: &str,
    words: &str,
    room: Option<Result<Room, &CloudError>>,
) -> Option<Finding> {
    let new: Vec<&Address> = scene
        .changes()
        .filter(|change| change.address.kind() == kind && scene.makes(&change.address))
        // The old object has made room for the new one by then.
        .filter(|change| {
            !(change.action == Action::Replace && change.order != Some(ReplaceOrder::CreateFirst))
        })
        .map(|change| &change.address)
        .collect();
    let verdict = match room? {
        Ok(room) => room.verdict(new.len() as u64, words, &format!("{words}s")),
        Err(error) => Verdict::not_checked(&format!("quota of {words}s"), error),
    };
    Some(verdict.of(super::CHECK, new.first()?))
}

/// The storage that a database takes beyond what it has, in GiB.
pub(super) fn more_storage(doing: Doing<'_>, desired: &Document) -> u64 {
    let wanted = desired.get("allocated_storage").and_then(Value::as_u64).unwrap_or_default();
    let change = match doing {
        Doing::Making(change) if change.action == Action::Create => return wanted,
        Doing::Making(change) | Doing::Changing(change) => change,
    };
    let field = change.fields.iter().find(|field| field.path == "allocated_storage");
    let before = field.map(|field| field.before.as_ref().and_then(Value::as_u64).unwrap_or_default());
    before.map_or(0, |before| wanted.saturating_sub(before))
}

/// The most rules of one direction and one version of IP; a rule about a group counts for both versions.
pub(super) fn most_rules(group: &Document) -> u64 {
    [INGRESS, EGRESS]
        .into_iter()
        .flat_map(|field| {
            let rules = field.of(group).unwrap_or_default();
            let is_of_6 = |source: &str| source.contains(':');
            let is_of_4 = |source: &str| source.contains('/') && !is_of_6(source);
            let count = |is: &dyn Fn(&str) -> bool| rules.iter().filter(|rule| is(&rule.source)).count();
            let (four, six) = (count(&is_of_4), count(&is_of_6));
            [rules.len() - four, rules.len() - six]
        })
        .max()
        .unwrap_or_default() as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::plan::Level;

    #[test]
    fn what_fits_to_the_last_one_fits() {
        let room = Room { used: 39, most: 40 };
        assert_eq!(room.verdict(1, "database", "databases").level, Level::Passed);
        let refused = room.verdict(2, "database", "databases");
        assert_eq!(refused.level, Level::Error);
        assert_eq!(
            refused.message,
            "2 more databases do not fit into the account's quota of 40, of which 39 are used"
        );
        // A quota that was lowered below what is used.
        assert_eq!(Room { used: 50, most: 40 }.verdict(1, "a", "as").level, Level::Error);
    }

    #[test]
    fn rules_count_by_direction_and_version_of_ip() {
        let rule =
            |source: &str| json!({ "protocol": "tcp", "from_port": 1, "to_port": 1, "source": source });
        let group = json!({
            "ingress": [rule("sg-1"), rule("10.0.0.0/8"), rule("2001:db8::/32"), rule("2001:db9::/32")],
            "egress": [rule("0.0.0.0/0")],
        });
        assert_eq!(most_rules(group.as_object().expect("a document is an object")), 3);
    }
}
