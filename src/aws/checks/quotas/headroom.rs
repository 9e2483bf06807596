//! The room that a quota leaves, and the room that a plan needs. Pure.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::ManagedPrefixList;

use crate::aws::checks::finding::Verdict;
use crate::aws::checks::scene::{Doing, Scene};
use crate::aws::kinds::security_group::{EGRESS, INGRESS, Rules};
use crate::engine::address::Address;
use crate::engine::cloud::CloudError;
use crate::engine::document::{Document, is_unknown};
use crate::engine::plan::{Action, Change, Finding, ReplaceOrder};
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
        self.verdict_of(more, one, several, "the account's quota")
    }

    /// The same of another quota than the account's.
    pub(in crate::aws::checks) fn verdict_of(
        self,
        more: u64,
        one: &str,
        several: &str,
        quota: &str,
    ) -> Verdict {
        let Self { used, most } = self;
        let left = most.saturating_sub(used);
        if more <= left {
            let fit = if more == 1 { format!("{one} fits") } else { format!("{several} fit") };
            Verdict::passed(format!("{more} more {fit} into {quota} of {most}"))
        } else {
            let fit = if more == 1 { format!("{one} does") } else { format!("{several} do") };
            Verdict::error(format!(
                "{more} more {fit} not fit into {quota} of {most}, of which {used} are used"
            ))
            .hint("raise the quota in the Service Quotas console; then run the same command again")
        }
    }
}

/// The new objects of some kinds that take room: an old object has made room for its new one by then.
pub(in crate::aws::checks) fn made<'a>(scene: &Scene<'a>, kinds: &[&str]) -> Vec<&'a Address> {
    let makes_room =
        |change: &Change| change.action == Action::Replace && change.order != Some(ReplaceOrder::CreateFirst);
    let new = scene
        .changes()
        .filter(|change| kinds.contains(&change.address.kind()) && scene.makes(&change.address))
        .filter(|change| !makes_room(change));
    new.map(|change| &change.address).collect()
}

/// Checks that the new objects of some kinds fit in; said of the first of them.
pub(super) fn objects(
    scene: &Scene<'_>,
    kinds: &[&str],
    words: &str,
    room: Option<Result<Room, &CloudError>>,
) -> Option<Finding> {
    let new = made(scene, kinds);
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

/// A prefix list as the quota of rules counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct List {
    weight: u64,
    is_of_6: bool,
}

/// The weights of AWS's own lists, by the ends of their names ("AWS-managed prefix list weight", VPC User Guide). They show no
/// number of entries.
const WEIGHTS: [(&str, u64); 8] = [
    (".cloudfront.origin-facing", 55),
    (".dynamodb", 1),
    (".ec2-instance-connect", 2),
    (".groundstation", 5),
    (".route53-healthchecks", 25),
    (".s3", 1),
    (".s3express", 6),
    (".vpc-lattice", 10),
];

impl List {
    /// "If you create a prefix list with 20 maximum entries and you reference that prefix list in a security group rule, this counts
    /// as 20 rules" ("Amazon VPC quotas", VPC User Guide).
    pub(super) fn of(list: &ManagedPrefixList) -> Self {
        let written = list.max_entries().and_then(|most| u64::try_from(most).ok());
        let name = list.prefix_list_name().unwrap_or_default();
        let of_aws = WEIGHTS.iter().find(|(end, _)| name.ends_with(end)).map(|(_, weight)| *weight);
        let weight = written.filter(|most| *most > 0).or(of_aws).unwrap_or(1);
        Self { weight, is_of_6: list.address_family() == Some("IPv6") }
    }
}

/// The prefix lists that a group names.
pub(super) fn prefix_lists(group: &Document) -> impl Iterator<Item = String> {
    let directions = [INGRESS, EGRESS].map(|field| field.of(group).unwrap_or_default());
    let sources = |rules: Rules| rules.iter().map(|rule| rule.source.clone()).collect::<Vec<_>>();
    directions.into_iter().flat_map(sources).filter(|source| source.starts_with("pl-"))
}

/// The most rules of one direction and one version of IP. A rule about a group counts for both versions, and one about a prefix
/// list as the list does.
pub(super) fn most_rules(group: &Document, lists: &BTreeMap<String, List>) -> u64 {
    let counted = |source: &str, of_6: bool| match lists.get(source) {
        Some(list) if list.is_of_6 == of_6 => list.weight,
        Some(_) => 0,
        // That of another account too: `123456789012/sg-…`.
        None if source.contains("sg-") || is_unknown(&source.into()) => 1,
        None if source.contains(':') => u64::from(of_6),
        None if source.contains('/') => u64::from(!of_6),
        None => 1,
    };
    let directions = [INGRESS, EGRESS].map(|field| field.of(group).unwrap_or_default());
    let count =
        |rules: &Rules, of_6: bool| -> u64 { rules.iter().map(|rule| counted(&rule.source, of_6)).sum() };
    let counts = directions.iter().flat_map(|rules| [count(rules, false), count(rules, true)]);
    counts.max().unwrap_or_default()
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
        let group = group.as_object().expect("a document is an object");
        assert_eq!(most_rules(group, &BTreeMap::new()), 3);
    }

    #[test]
    fn a_prefix_list_counts_as_its_most_entries_or_as_aws_weighs_its_own() {
        let rule =
            |source: &str| json!({ "protocol": "tcp", "from_port": 1, "to_port": 1, "source": source });
        let group = json!({ "ingress": [rule("pl-1"), rule("pl-2"), rule("pl-6"), rule("10.0.0.0/8")], "egress": [] });
        let group = group.as_object().expect("a document is an object");
        let list = |most: Option<i32>, name: &str, family: &str| {
            let list = ManagedPrefixList::builder().set_max_entries(most).prefix_list_name(name);
            List::of(&list.address_family(family).build())
        };
        let lists = BTreeMap::from([
            ("pl-1".to_owned(), list(Some(20), "offices", "IPv4")),
            ("pl-2".to_owned(), list(None, "com.amazonaws.global.cloudfront.origin-facing", "IPv4")),
            ("pl-6".to_owned(), list(Some(7), "offices-6", "IPv6")),
        ]);
        assert_eq!(most_rules(group, &lists), 20 + 55 + 1);
        assert_eq!(most_rules(group, &BTreeMap::new()), 4, "each counts as one where none was found");
    }
}
