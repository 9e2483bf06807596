//! Checks that what the stack file names by id or name is there, and fits: security groups, and as many as a network interface may
//! have, prefix lists, parameter groups.

mod mentions;
mod verdicts;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{ManagedPrefixList, SecurityGroup, VpcPeeringConnection};
use futures_util::future::{join_all, join3};

use super::finding::{Verdict, in_time};
use super::prospect::Prospect;
use super::quotas::{DEFAULT_QUOTA, GROUPS_PER_INTERFACE, QUOTA, quota};
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::{Aws, absent_is_none, aws_error, ec2};
use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::plan::Finding;

use mentions::{ALWAYS, NamedBy, Use, attached, crowded, named, parameter_group, parameters, sources};
use verdicts::{attached_group, groups_on_interface, of_family, prefix_list, source_group};

const CHECK: &str = "named";
const GROUP: &str = "aws_security_group";

pub(super) const CALLS: &[Asked] = &[
    (&[GROUP], &[ec2::SECURITY_GROUPS, ec2::PREFIX_LISTS, ec2::PEERINGS]),
    (&[DATABASE], &[ec2::SECURITY_GROUPS, PARAMETER_GROUPS, QUOTA, DEFAULT_QUOTA]),
    (&[REPLICA], &[PARAMETER_GROUPS, QUOTA, DEFAULT_QUOTA]),
    (&[MOUNT_TARGET, CACHE, MACHINE], &[ec2::SECURITY_GROUPS, QUOTA, DEFAULT_QUOTA]),
];

const DATABASE: &str = "aws_db_instance";
const REPLICA: &str = "aws_db_replica";
const MOUNT_TARGET: &str = "aws_efs_mount_target";
const CACHE: &str = "aws_elasticache_replication_group";
const MACHINE: &str = "aws_instance";
const PARAMETER_GROUPS: Call = Call::read("rds:DescribeDBParameterGroups");

/// The calls for what these inputs name, of those for an object of their kind.
pub(super) fn calls(kind: &str, inputs: &Document) -> impl Iterator<Item = Call> {
    let sources = |start: &str| sources(inputs).any(|source| source.starts_with(start));
    let needed = [
        (ec2::SECURITY_GROUPS, sources("sg-") || attached(inputs).any(|group| group.starts_with("sg-"))),
        (ec2::PREFIX_LISTS, sources("pl-")),
        (ec2::PEERINGS, sources("sg-")),
        (PARAMETER_GROUPS, parameter_group(inputs).is_some()),
        (QUOTA, attached(inputs).count() > ALWAYS),
        (DEFAULT_QUOTA, attached(inputs).count() > ALWAYS),
    ];
    let of_kind: Vec<&str> = CALLS
        .iter()
        .filter(|(kinds, _)| kinds.contains(&kind))
        .flat_map(|(_, calls)| *calls)
        .map(|call| call.name)
        .collect();
    let needed = needed.into_iter().filter(move |(call, needed)| *needed && of_kind.contains(&call.name));
    needed.map(|(call, _)| call)
}

/// The answers about each group and prefix list, and the security groups that name them.
pub(super) struct NamedObjects {
    groups: Result<BTreeMap<String, SecurityGroup>, CloudError>,
    prefix_lists: Result<BTreeMap<String, ManagedPrefixList>, CloudError>,
    /// The active peering connections; asked for only where a group is in another VPC.
    peerings: Result<Vec<VpcPeeringConnection>, CloudError>,
    /// The family of each parameter group; `None` where there is none of that name.
    families: BTreeMap<String, Result<Option<String>, CloudError>>,
    named: Vec<NamedBy>,
    /// The objects with more groups than every account may have, and the account's quota.
    crowded: Vec<(Address, usize)>,
    per_interface: Option<Result<u64, CloudError>>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> NamedObjects {
    let named: Vec<NamedBy> =
        prospects.iter().flat_map(named).chain(prospects.iter().filter_map(parameters)).collect();
    let is_parameters = |one: &&NamedBy| matches!(one.use_of_it, Use::Parameters { .. });
    let groups: BTreeSet<&String> = named.iter().filter(is_parameters).map(|one| &one.id).collect();
    let families = groups
        .into_iter()
        .map(|name| async move { (name.clone(), in_time(PARAMETER_GROUPS, family(aws, name)).await) });
    let families = join_all(families);
    let ids = |start: &str| -> BTreeSet<String> {
        let objects = named.iter().filter(|one| !is_parameters(one)).map(|one| &one.id);
        objects.filter(|id| id.starts_with(start)).cloned().collect()
    };
    let (groups, lists) = (ids("sg-"), ids("pl-"));
    let (groups, prefix_lists, families) = join3(
        in_time(ec2::SECURITY_GROUPS, async {
            let found = ec2::with_any_of("group-id", groups, |filters| ec2::security_groups(aws, filters));
            let found = found.await?.into_iter();
            Ok(found.filter_map(|one| Some((one.group_id.clone()?, one))).collect::<BTreeMap<_, _>>())
        }),
        in_time(ec2::PREFIX_LISTS, async {
            let found = ec2::with_any_of("prefix-list-id", lists, |filters| ec2::prefix_lists(aws, filters));
            let found = found.await?.into_iter();
            Ok(found.filter_map(|one| Some((one.prefix_list_id.clone()?, one))).collect::<BTreeMap<_, _>>())
        }),
        families,
    )
    .await;
    let is_elsewhere = |one: &NamedBy| {
        let found = groups.as_ref().ok().and_then(|groups| groups.get(&one.id));
        let vpc = match &one.use_of_it {
            Use::Source { vpc } => vpc.as_deref(),
            Use::Attached | Use::Parameters { .. } => None,
        };
        found.is_some_and(|found| vpc.is_some() && found.vpc_id() != vpc)
    };
    let peerings = match named.iter().any(is_elsewhere) {
        true => {
            let active = vec![ec2::filter("status-code", ["active"])];
            in_time(ec2::PEERINGS, ec2::peerings(aws, active)).await
        }
        false => Ok(Vec::new()),
    };
    let families = families.into_iter().collect();
    let crowded: Vec<_> = prospects.iter().filter_map(crowded).collect();
    let per_interface = match crowded.is_empty() {
        true => None,
        false => Some(in_time(QUOTA, quota(aws, GROUPS_PER_INTERFACE)).await),
    };
    NamedObjects { groups, prefix_lists, peerings, families, named, crowded, per_interface }
}

/// The family of a parameter group, where there is one of that name.
async fn family(aws: &Aws, name: &str) -> Result<Option<String>, CloudError> {
    // RDS makes a default group when it is used first.
    if let Some(family) = name.strip_prefix("default.") {
        return Ok(Some(family.to_owned()));
    }
    let asked = aws.read.rds.describe_db_parameter_groups().db_parameter_group_name(name);
    let answer = absent_is_none(asked.send().await.map_err(aws_error(PARAMETER_GROUPS)))?;
    let groups = answer.and_then(|answer| answer.db_parameter_groups).unwrap_or_default();
    Ok(groups.into_iter().find_map(|group| group.db_parameter_group_family))
}

impl Answer for NamedObjects {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let vpc = scene.vpc();
        // The mount targets of a file system have the same groups: the first one stands for all.
        let mut said = BTreeSet::new();
        let planned = self.named.iter().filter(|one| scene.doing(&one.address).is_some());
        planned
            .filter(|one| said.insert((one.address.kind(), one.address.name(), &one.id)))
            .map(|one| self.verdict(one, vpc).of(CHECK, &one.address))
            .chain(self.too_many(scene))
            .collect()
    }
}

impl NamedObjects {
    /// The objects whose groups are more than the quota. The mount targets of a file system have the same: the first stands for all.
    fn too_many(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let Some(quota) = &self.per_interface else { return Vec::new() };
        let mut said = BTreeSet::new();
        let planned = self.crowded.iter().filter(|(address, _)| scene.doing(address).is_some());
        planned
            .filter(|(address, _)| said.insert((address.kind(), address.name())))
            .map(|(address, count)| groups_on_interface(address, *count, quota.as_ref()).of(CHECK, address))
            .collect()
    }

    /// `network` is the VPC of the stack.
    fn verdict(&self, one: &NamedBy, network: Option<&str>) -> Verdict {
        if let Use::Parameters { family } = &one.use_of_it {
            return match self.families.get(&one.id) {
                Some(Ok(found)) => of_family(&one.id, family, found.as_deref()),
                Some(Err(error)) => Verdict::not_checked(&format!("the parameter group {}", one.id), error),
                None => {
                    Verdict::cannot_be_checked(&format!("the parameter group {}", one.id), "not asked for")
                }
            };
        }
        if one.id.starts_with("pl-") {
            return match &self.prefix_lists {
                Ok(lists) => prefix_list(&one.id, lists.get(&one.id)),
                Err(error) => Verdict::not_checked(&format!("the prefix list {}", one.id), error),
            };
        }
        match &self.groups {
            Ok(groups) => match (&one.use_of_it, groups.get(&one.id)) {
                (_, None) => Verdict::error(format!(
                    "there is no security group {} in this account and region",
                    one.id
                ))
                .hint("write the id of one that is there; to see them: aws ec2 describe-security-groups"),
                (Use::Source { vpc }, Some(found)) => {
                    source_group(&one.id, found, vpc.as_deref(), self.peerings.as_deref())
                }
                (_, Some(found)) => attached_group(&one.id, found, network),
            },
            Err(error) => Verdict::not_checked(&format!("the security group {}", one.id), error),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::VpcPeeringConnectionVpcInfo as Side;

    use super::mentions::{ATTACHED, PARAMETER_GROUP};
    use super::*;
    use crate::aws::kinds::security_group::INGRESS;
    use crate::engine::plan::Level;

    fn group(vpc: &str) -> SecurityGroup {
        SecurityGroup::builder().group_id("sg-1").group_name("bastion").vpc_id(vpc).build()
    }

    fn peered(one: &str, other: &str) -> VpcPeeringConnection {
        let side = |vpc: &str| Side::builder().vpc_id(vpc).build();
        VpcPeeringConnection::builder().requester_vpc_info(side(one)).accepter_vpc_info(side(other)).build()
    }

    fn answers(groups: Vec<SecurityGroup>, peerings: Vec<VpcPeeringConnection>) -> NamedObjects {
        let groups = groups.into_iter().filter_map(|one| Some((one.group_id.clone()?, one))).collect();
        NamedObjects {
            groups: Ok(groups),
            prefix_lists: Ok(BTreeMap::new()),
            peerings: Ok(peerings),
            families: BTreeMap::new(),
            named: Vec::new(),
            crowded: Vec::new(),
            per_interface: None,
        }
    }

    fn by(id: &str) -> NamedBy {
        let address = "aws_security_group.d".parse().expect("an address");
        NamedBy { address, id: id.to_owned(), use_of_it: Use::Source { vpc: Some("vpc-1".to_owned()) } }
    }

    #[test]
    fn a_group_is_a_source_in_the_same_vpc_or_in_one_that_is_peered() {
        for (answers, level, word) in [
            (answers(vec![group("vpc-1")], vec![]), Level::Passed, "same VPC"),
            (answers(vec![group("vpc-2")], vec![peered("vpc-2", "vpc-1")]), Level::Passed, "is peered"),
            (answers(vec![group("vpc-2")], vec![peered("vpc-1", "vpc-2")]), Level::Passed, "is peered"),
            (
                answers(vec![group("vpc-2")], vec![peered("vpc-2", "vpc-3")]),
                Level::Warning,
                "transit gateway",
            ),
            (answers(vec![group("vpc-2")], vec![]), Level::Warning, "no active peering"),
            (answers(vec![], vec![]), Level::Error, "no security group sg-1"),
        ] {
            let verdict = answers.verdict(&by("sg-1"), Some("vpc-1"));
            assert_eq!(verdict.level, level, "{verdict:?}");
            assert!(verdict.message.contains(word), "{verdict:?}");
        }
        let mut denied = answers(vec![], vec![]);
        denied.groups = Err(CloudError::refused(ec2::SECURITY_GROUPS, "UnauthorizedOperation", ""));
        assert_eq!(denied.verdict(&by("sg-1"), Some("vpc-1")).level, Level::NotChecked);
    }

    #[test]
    fn a_prefix_list_must_be_there_and_its_size_is_said() {
        let list = |most: Option<i32>| {
            ManagedPrefixList::builder()
                .prefix_list_id("pl-1")
                .prefix_list_name("offices")
                .set_max_entries(most)
                .build()
        };
        for (found, level, word) in [
            (Some(list(Some(20))), Level::Passed, "counts as 20 rules"),
            (Some(list(None)), Level::Passed, "(offices) is there"),
            (None, Level::Error, "no prefix list pl-1"),
        ] {
            let verdict = prefix_list("pl-1", found.as_ref());
            assert_eq!(verdict.level, level, "{verdict:?}");
            assert!(verdict.message.contains(word), "{verdict:?}");
        }
    }

    #[test]
    fn only_a_group_of_the_vpc_can_be_attached() {
        let attached = NamedBy { use_of_it: Use::Attached, ..by("sg-1") };
        for (answers, level, word) in [
            (answers(vec![group("vpc-1")], vec![]), Level::Passed, "in the VPC"),
            (
                answers(vec![group("vpc-2")], vec![peered("vpc-1", "vpc-2")]),
                Level::Error,
                "only groups of vpc-1",
            ),
            (answers(vec![], vec![]), Level::Error, "no security group sg-1"),
        ] {
            let verdict = answers.verdict(&attached, Some("vpc-1"));
            assert_eq!(verdict.level, level, "{verdict:?}");
            assert!(verdict.message.contains(word), "{verdict:?}");
        }
    }

    #[test]
    fn a_parameter_group_must_be_there_and_of_the_family_of_the_version() {
        for (found, level, word) in [
            (Some("postgres16"), Level::Passed, "of the family postgres16"),
            (Some("postgres15"), Level::Error, "needs postgres16"),
            (None, Level::Error, "no parameter group tuned"),
        ] {
            let mut answers = answers(vec![], vec![]);
            answers.families.insert("tuned".to_owned(), Ok(found.map(str::to_owned)));
            let named =
                NamedBy { use_of_it: Use::Parameters { family: "postgres16".to_owned() }, ..by("tuned") };
            let verdict = answers.verdict(&named, None);
            assert_eq!(verdict.level, level, "{verdict:?}");
            assert!(verdict.message.contains(word), "{verdict:?}");
        }
    }

    #[test]
    fn a_network_interface_has_as_many_groups_as_the_quota_says() {
        let (target, database) = (Address::member(MOUNT_TARGET, "d", "z"), Address::new(DATABASE, "d"));
        let denied = CloudError::refused(QUOTA, "AccessDenied", "");
        for (address, quota, level) in [
            (&target, Ok(&5), Level::Error),
            (&database, Ok(&5), Level::Warning),
            (&target, Ok(&6), Level::Passed),
            (&target, Err(&denied), Level::NotChecked),
        ] {
            let verdict = groups_on_interface(address, 6, quota);
            assert_eq!(verdict.level, level, "{verdict:?}");
        }
    }

    #[test]
    fn the_policy_has_the_reads_of_what_is_named_alone() {
        let source = |source: &str| {
            let ingress = serde_json::json!([{ "protocol": "tcp", "source": source }]);
            Document::from_iter([(INGRESS.name.to_owned(), ingress)])
        };
        let attached =
            |group: &str| Document::from_iter([(ATTACHED[0].to_owned(), serde_json::json!([group]))]);
        let parameters = |name: &str| Document::from_iter([(PARAMETER_GROUP.to_owned(), name.into())]);
        let (groups, lists, peerings) = (ec2::SECURITY_GROUPS, ec2::PREFIX_LISTS, ec2::PEERINGS);
        for (kind, inputs, expected) in [
            (GROUP, source("pl-1"), vec![lists]),
            (GROUP, source("sg-1"), vec![groups, peerings]),
            (GROUP, source("${aws_security_group.nodes.id}"), vec![]),
            ("aws_db_instance", attached("sg-1"), vec![groups]),
            (DATABASE, attached("${aws_security_group.d.id}"), vec![]),
            (DATABASE, parameters("tuned"), vec![PARAMETER_GROUPS]),
            (DATABASE, parameters("${aws_db_parameter_group.d.id}"), vec![]),
        ] {
            let expected: Vec<&str> = expected.iter().map(|call| call.name).collect();
            assert_eq!(
                calls(kind, &inputs).map(|call| call.name).collect::<Vec<_>>(),
                expected,
                "{inputs:?}"
            );
        }
    }
}
