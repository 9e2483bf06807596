//! Checks that the security groups and prefix lists are there that the stack file names by their ids, and fit the network.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{ManagedPrefixList, SecurityGroup, VpcPeeringConnection};
use futures_util::future::join;
use serde_json::Value;

use super::finding::{Verdict, in_time};
use super::prospect::Prospect;
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::{Aws, ec2};
use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::plan::Finding;

const CHECK: &str = "named";
const GROUP: &str = "aws_security_group";

pub(super) const CALLS: &[Asked] =
    &[(&[GROUP], &[ec2::SECURITY_GROUPS, ec2::PREFIX_LISTS, ec2::PEERINGS])];

/// The field with the sources of rules.
const INGRESS: &str = "ingress";

/// False for a call that is made only for what these inputs do not name.
pub(super) fn is_needed(call: &Call, inputs: &Document) -> bool {
    let names = |start: &str| sources(inputs).any(|source| source.starts_with(start));
    match call.name {
        name if name == ec2::PREFIX_LISTS.name => names("pl-"),
        name if name == ec2::PEERINGS.name => names("sg-"),
        _ => true,
    }
}

/// The sources of a group's rules, as they are written.
fn sources(inputs: &Document) -> impl Iterator<Item = &str> {
    let rules = inputs.get(INGRESS).and_then(Value::as_array).into_iter().flatten();
    rules.filter_map(|rule| rule.get("source").and_then(Value::as_str))
}

/// The answers about each group and prefix list, and the security groups that name them.
pub(super) struct NamedObjects {
    groups: Result<BTreeMap<String, SecurityGroup>, CloudError>,
    prefix_lists: Result<BTreeMap<String, ManagedPrefixList>, CloudError>,
    /// The active peering connections; asked for only where a group is in another VPC.
    peerings: Result<Vec<VpcPeeringConnection>, CloudError>,
    named: Vec<NamedBy>,
}

/// An object that is named by its id.
#[derive(Clone, Debug)]
struct NamedBy {
    address: Address,
    id: String,
    /// The VPC of the object that names it, where it is known.
    vpc: Option<String>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> NamedObjects {
    let named: Vec<NamedBy> = prospects.iter().flat_map(named).collect();
    let ids = |start: &str| -> BTreeSet<String> {
        named.iter().map(|one| &one.id).filter(|id| id.starts_with(start)).cloned().collect()
    };
    let (groups, lists) = (ids("sg-"), ids("pl-"));
    let (groups, prefix_lists) = join(
        in_time(ec2::SECURITY_GROUPS, async {
            let found = ec2::with_any_of("group-id", groups, |filters| ec2::security_groups(aws, filters));
            let found = found.await?.into_iter();
            Ok(found.filter_map(|one| Some((one.group_id.clone()?, one))).collect::<BTreeMap<_, _>>())
        }),
        in_time(ec2::PREFIX_LISTS, async {
            let found =
                ec2::with_any_of("prefix-list-id", lists, |filters| ec2::prefix_lists(aws, filters));
            let found = found.await?.into_iter();
            Ok(found.filter_map(|one| Some((one.prefix_list_id.clone()?, one))).collect::<BTreeMap<_, _>>())
        }),
    )
    .await;
    let is_elsewhere = |one: &NamedBy| {
        let found = groups.as_ref().ok().and_then(|groups| groups.get(&one.id));
        found.is_some_and(|found| one.vpc.is_some() && found.vpc_id() != one.vpc.as_deref())
    };
    let peerings = match named.iter().any(is_elsewhere) {
        true => {
            let active = vec![ec2::filter("status-code", ["active"])];
            in_time(ec2::PEERINGS, ec2::peerings(aws, active)).await
        }
        false => Ok(Vec::new()),
    };
    NamedObjects { groups, prefix_lists, peerings, named }
}

fn named(prospect: &Prospect) -> Vec<NamedBy> {
    if !prospect.is_a(GROUP) || !prospect.touches(&[INGRESS]) {
        return Vec::new();
    }
    let vpc = prospect.inputs.get("vpc_id").and_then(Value::as_str).filter(|vpc| vpc.starts_with("vpc-"));
    let is_an_id = |source: &&str| source.starts_with("sg-") || source.starts_with("pl-");
    let ids: BTreeSet<&str> = sources(&prospect.written).filter(is_an_id).collect();
    let one = |id: &str| NamedBy {
        address: prospect.address.clone(),
        id: id.to_owned(),
        vpc: vpc.map(str::to_owned),
    };
    ids.into_iter().map(one).collect()
}

impl Answer for NamedObjects {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let planned = self.named.iter().filter(|one| scene.doing(&one.address).is_some());
        planned.map(|one| self.verdict(one).of(CHECK, &one.address)).collect()
    }
}

impl NamedObjects {
    fn verdict(&self, one: &NamedBy) -> Verdict {
        if one.id.starts_with("pl-") {
            return match &self.prefix_lists {
                Ok(lists) => prefix_list(&one.id, lists.get(&one.id)),
                Err(error) => Verdict::not_checked(&format!("the prefix list {}", one.id), error),
            };
        }
        match &self.groups {
            Ok(groups) => self.source_group(one, groups.get(&one.id)),
            Err(error) => Verdict::not_checked(&format!("the security group {}", one.id), error),
        }
    }

    /// A group is a source where it is in the same VPC, or in one that an active peering connection joins with it ("Update your
    /// security groups to reference peer security groups", VPC Peering Guide). A transit gateway can let it be one too ("Security
    /// group referencing", Transit Gateway Guide), so that another VPC is a warning.
    fn source_group(&self, one: &NamedBy, found: Option<&SecurityGroup>) -> Verdict {
        let id = &one.id;
        let Some(found) = found else {
            return Verdict::error(format!(
                "access: there is no security group {id} in this account and region"
            ))
            .hint("write the id of one that is there: aws ec2 describe-security-groups shows them");
        };
        let name = found.group_name().unwrap_or_default();
        let (Some(vpc), Some(its)) = (one.vpc.as_deref(), found.vpc_id()) else {
            return Verdict::passed(format!("the security group {id} ({name}) is there"));
        };
        if its == vpc {
            return Verdict::passed(format!("the security group {id} ({name}) is in the same VPC"));
        }
        match &self.peerings {
            Ok(peerings) if peerings.iter().any(|peering| joins(peering, vpc, its)) => {
                Verdict::passed(format!("the security group {id} ({name}) is in {its}, which is peered"))
            }
            Ok(_) => Verdict::warning(format!(
                "access: the security group {id} ({name}) is in {its}, which no active peering connection joins with {vpc}: EC2 \
                 refuses it, unless a transit gateway with security group referencing joins them"
            )),
            Err(error) => Verdict::not_checked(&format!("the peering of {vpc} with {its}"), error),
        }
    }
}

fn joins(peering: &VpcPeeringConnection, one: &str, other: &str) -> bool {
    let requester = peering.requester_vpc_info().and_then(|info| info.vpc_id());
    let accepter = peering.accepter_vpc_info().and_then(|info| info.vpc_id());
    [(requester, accepter), (accepter, requester)].contains(&(Some(one), Some(other)))
}

/// A list of one's own counts as its most entries in the quota of rules ("Prefix lists concepts and rules", VPC User Guide).
fn prefix_list(id: &str, found: Option<&ManagedPrefixList>) -> Verdict {
    let Some(found) = found else {
        return Verdict::error(format!("access: there is no prefix list {id} in this account and region"))
            .hint("write the id of one that is there: aws ec2 describe-managed-prefix-lists shows them");
    };
    let name = found.prefix_list_name().unwrap_or_default();
    match found.max_entries() {
        Some(1) => Verdict::passed(format!("the prefix list {id} ({name}) is there, and counts as 1 rule")),
        Some(most) => {
            Verdict::passed(format!("the prefix list {id} ({name}) is there, and counts as {most} rules"))
        }
        None => Verdict::passed(format!("the prefix list {id} ({name}) is there")),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::VpcPeeringConnectionVpcInfo as Side;

    use super::*;
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
            named: Vec::new(),
        }
    }

    fn by(id: &str) -> NamedBy {
        let address = "aws_security_group.d".parse().expect("an address");
        NamedBy { address, id: id.to_owned(), vpc: Some("vpc-1".to_owned()) }
    }

    #[test]
    fn a_group_is_a_source_in_the_same_vpc_or_in_one_that_is_peered() {
        for (answers, level, word) in [
            (answers(vec![group("vpc-1")], vec![]), Level::Passed, "same VPC"),
            (answers(vec![group("vpc-2")], vec![peered("vpc-2", "vpc-1")]), Level::Passed, "is peered"),
            (answers(vec![group("vpc-2")], vec![peered("vpc-1", "vpc-2")]), Level::Passed, "is peered"),
            (answers(vec![group("vpc-2")], vec![peered("vpc-2", "vpc-3")]), Level::Warning, "transit gateway"),
            (answers(vec![group("vpc-2")], vec![]), Level::Warning, "no active peering"),
            (answers(vec![], vec![]), Level::Error, "no security group sg-1"),
        ] {
            let verdict = answers.verdict(&by("sg-1"));
            assert_eq!(verdict.level, level, "{verdict:?}");
            assert!(verdict.message.contains(word), "{verdict:?}");
        }
        let mut denied = answers(vec![], vec![]);
        denied.groups = Err(CloudError::refused(ec2::SECURITY_GROUPS, "UnauthorizedOperation", ""));
        assert_eq!(denied.verdict(&by("sg-1")).level, Level::NotChecked);
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
    fn the_policy_has_the_reads_of_what_is_named_alone() {
        let inputs = |source: &str| {
            let ingress = serde_json::json!([{ "protocol": "tcp", "source": source }]);
            Document::from_iter([(INGRESS.to_owned(), ingress)])
        };
        for (source, lists, peerings) in
            [("pl-1", true, false), ("sg-1", false, true), ("${aws_security_group.nodes.id}", false, false)]
        {
            assert_eq!(is_needed(&ec2::PREFIX_LISTS, &inputs(source)), lists, "{source}");
            assert_eq!(is_needed(&ec2::PEERINGS, &inputs(source)), peerings, "{source}");
            assert!(is_needed(&ec2::SECURITY_GROUPS, &inputs(source)));
        }
    }
}
