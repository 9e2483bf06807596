//! Checks of the subnets and subnet groups that the stack file names, and of the addresses that are asked of subnets: they are
//! there, in the network of the stack, and have IPv6 where that is written.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Subnet, SubnetCidrBlockStateCode};
use aws_sdk_rds::types::DbSubnetGroup;
use futures_util::future::{join, join_all};
use serde_json::Value;

use super::finding::{Verdict, in_time, list};
use super::prospect::Prospect;
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::{Aws, absent_is_none, aws_error, ec2};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::plan::Finding;

const CHECK: &str = "subnets";
const MOUNT_TARGET: &str = "aws_efs_mount_target";
const SUBNET_GROUP: &str = "aws_db_subnet_group";
const DATABASE: &str = "aws_db_instance";
const GROUPS: Call = Call::read("rds:DescribeDBSubnetGroups");

pub(super) const CALLS: &[Asked] =
    &[(&[MOUNT_TARGET, SUBNET_GROUP], &[ec2::SUBNETS]), (&[DATABASE], &[ec2::SUBNETS, GROUPS])];

/// The subnets and subnet groups that were asked about, and those who want them.
pub(super) struct Subnets {
    wants: Vec<Want>,
    subnets: Result<BTreeMap<String, Subnet>, CloudError>,
    /// The groups by the names that the stack file has; `None` where there is none of that name.
    groups: BTreeMap<String, Result<Option<DbSubnetGroup>, CloudError>>,
}

/// A prospect and what it wants of subnets.
#[derive(Clone, Debug)]
struct Want {
    prospect: Prospect,
    /// The subnet group of others.
    group: Option<String>,
    /// Subnets that the stack file names by their ids.
    named: BTreeSet<String>,
    /// The option that wants IPv6, with its value and the one that does without.
    ipv6: Option<(&'static str, String, &'static str)>,
}

impl Want {
    fn of(prospect: &Prospect) -> Option<Self> {
        let text = |field: &str| prospect.inputs.get(field).and_then(Value::as_str).map(str::to_owned);
        let group = text("db_subnet_group_name")
            .filter(|_| {
                prospect.is_a(DATABASE) && prospect.touches(&["db_subnet_group_name", "network_type"])
            })
            .filter(|_| !is_reference(prospect.written.get("db_subnet_group_name")));
        let named = match prospect.is_a(SUBNET_GROUP) && prospect.touches(&["subnet_ids"]) {
            true => by_id(prospect.written.get("subnet_ids")),
            false => BTreeSet::new(),
        };
        let ipv6 = [
            (MOUNT_TARGET, "ip_address_type", ["DUAL_STACK", "IPV6_ONLY"], "IPV4_ONLY"),
            (DATABASE, "network_type", ["DUAL", "DUAL"], "IPV4"),
        ];
        let ipv6 = ipv6.into_iter().find_map(|(kind, field, values, without)| {
            let value = text(field).filter(|value| values.contains(&value.as_str()))?;
            (prospect.is_a(kind) && prospect.touches(&[field])).then_some((field, value, without))
        });
        let is_asked = group.is_some() || !named.is_empty() || ipv6.is_some();
        is_asked.then(|| Self { prospect: prospect.clone(), group, named, ipv6 })
    }

    /// The subnets to ask about.
    fn subnets(&self) -> impl Iterator<Item = &String> {
        let of_ipv6 = self.ipv6.iter().flat_map(|_| &self.prospect.subnets);
        self.named.iter().chain(of_ipv6).filter(|subnet| subnet.starts_with("subnet-"))
    }
}

fn is_reference(value: Option<&Value>) -> bool {
    value.and_then(Value::as_str).is_some_and(|text| text.contains("${"))
}

fn by_id(value: Option<&Value>) -> BTreeSet<String> {
    let ids = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    ids.filter(|id| id.starts_with("subnet-")).map(str::to_owned).collect()
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Subnets {
    let wants: Vec<Want> = prospects.iter().filter_map(Want::of).collect();
    let ids: BTreeSet<&String> = wants.iter().flat_map(Want::subnets).collect();
    let names: BTreeSet<&String> = wants.iter().filter_map(|want| want.group.as_ref()).collect();
    let groups =
        names.into_iter().map(|name| async move { (name.clone(), in_time(GROUPS, group(aws, name)).await) });
    let subnets = in_time(ec2::SUBNETS, async {
        // A filter takes what is not there, which the parameter for ids refuses as a whole.
        let found = ec2::with_any_of("subnet-id", ids, |filters| ec2::subnets(aws, filters)).await?;
        let known = found.into_iter().filter_map(|one| Some((one.subnet_id.clone()?, one)));
        Ok(known.collect())
    });
    let (subnets, groups) = join(subnets, join_all(groups)).await;
    Subnets { subnets, groups: groups.into_iter().collect(), wants }
}

async fn group(aws: &Aws, name: &str) -> Result<Option<DbSubnetGroup>, CloudError> {
    let asked = aws.read.rds.describe_db_subnet_groups().db_subnet_group_name(name);
    let answer = absent_is_none(asked.send().await.map_err(aws_error(GROUPS)))?;
    Ok(answer.and_then(|answer| answer.db_subnet_groups).unwrap_or_default().into_iter().next())
}

impl Answer for Subnets {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let vpc = scene.vpc();
        let planned = self.wants.iter().filter(|want| scene.doing(&want.prospect.address).is_some());
        let verdicts = planned.flat_map(|want| {
            let of_group = want.group.as_deref().map(|name| self.group(name, want, vpc));
            let of_named = (!want.named.is_empty()).then(|| self.named(&want.named, vpc));
            // A group of others says what it takes.
            let of_ipv6 =
                want.ipv6.as_ref().filter(|_| want.group.is_none()).and_then(|ipv6| self.ipv6(want, ipv6));
            let all = of_group.into_iter().chain(of_named).chain(of_ipv6);
            all.map(|verdict| verdict.of(CHECK, &want.prospect.address)).collect::<Vec<_>>()
        });
        verdicts.collect()
    }
}

impl Subnets {
    /// The subnet group of others that a database is to be in.
    fn group(&self, name: &str, want: &Want, vpc: Option<&str>) -> Verdict {
        let what = format!("the subnet group {name}");
        let found = match self.groups.get(name) {
            Some(Ok(found)) => found,
            Some(Err(error)) => return Verdict::not_checked(&what, error),
            None => return Verdict::cannot_be_checked(&what, "not asked for"),
        };
        let see = "to see them: aws rds describe-db-subnet-groups";
        let Some(found) = found else {
            return Verdict::error(format!(
                "subnet_group: there is no subnet group {name} in this account and region"
            ))
            .hint(format!("write the name of one that is there; {see}"));
        };
        if let (Some(its), Some(vpc)) = (found.vpc_id(), vpc)
            && its != vpc
        {
            return Verdict::error(format!("subnet_group: {name} is in {its}, and this stack in {vpc}"))
                .hint(format!("write the name of a group of {vpc}; {see}"));
        }
        let takes = found.supported_network_types();
        match &want.ipv6 {
            Some((option, value, without)) if !takes.is_empty() && !takes.contains(value) => {
                Verdict::error(format!("{option}: {name} takes {}, and not {value}", list(takes)))
                    .hint(format!("write `{option}: {without}`, or the name of another group"))
            }
            _ => Verdict::passed(format!("the subnet group {name} is in the VPC")),
        }
    }

    /// Subnets that the stack file names by their ids.
    fn named(&self, named: &BTreeSet<String>, vpc: Option<&str>) -> Verdict {
        let known = match &self.subnets {
            Ok(known) => known,
            Err(error) => return Verdict::not_checked("the subnets that are named", error),
        };
        let absent: Vec<&String> = named.iter().filter(|id| !known.contains_key(*id)).collect();
        let see = match vpc {
            Some(vpc) => {
                format!("; to see them: aws ec2 describe-subnets --filters Name=vpc-id,Values={vpc}")
            }
            None => String::new(),
        };
        if !absent.is_empty() {
            let message = format!("subnets: not in this account and region: {}", list(&absent));
            return Verdict::error(message).hint(format!("write the ids of subnets that are there{see}"));
        }
        let strayed = named.iter().filter_map(|id| Some((id, known.get(id)?.vpc_id()?)));
        let strayed = strayed.filter(|(_, its)| vpc.is_some_and(|vpc| *its != vpc));
        let strayed: Vec<String> = strayed.map(|(id, its)| format!("{id} is in {its}")).collect();
        match (strayed.is_empty(), vpc) {
            (false, Some(vpc)) => {
                Verdict::error(format!("subnets: {}, and this stack in {vpc}", strayed.join(", ")))
                    .hint(format!("write the ids of subnets of {vpc}{see}"))
            }
            _ => Verdict::passed("its subnets are in the VPC"),
        }
    }

    /// The subnets of an object that is to have IPv6 addresses; none where they are not known.
    fn ipv6(&self, want: &Want, (option, value, without): &(&str, String, &str)) -> Option<Verdict> {
        let known = match &self.subnets {
            Ok(known) => known,
            Err(error) => return Some(Verdict::not_checked("IPv6 of the subnets", error)),
        };
        let subnets = want.prospect.subnets.iter().filter_map(|id| Some((id, known.get(id)?)));
        let (with, lacking): (Vec<_>, Vec<_>) = subnets.partition(|(_, subnet)| has_ipv6(subnet));
        let lacking: Vec<&String> = lacking.into_iter().map(|(id, _)| id).collect();
        match (lacking.as_slice(), with.is_empty()) {
            ([], true) => None,
            ([], false) => Some(Verdict::passed("its subnets have IPv6 addresses")),
            (lacking, _) => {
                let have = if lacking.len() == 1 { "has" } else { "have" };
                let message =
                    format!("{option}: {} {have} no IPv6 addresses, and {value} needs them", list(lacking));
                let hint =
                    format!("write `{option}: {without}`, or give each an IPv6 block of the VPC first");
                Some(Verdict::error(message).hint(hint))
            }
        }
    }
}

/// A subnet has IPv6 addresses by a block that is associated with it (EC2 API reference, SubnetIpv6CidrBlockAssociation).
fn has_ipv6(subnet: &Subnet) -> bool {
    let mut states = subnet
        .ipv6_cidr_block_association_set()
        .iter()
        .filter_map(|block| block.ipv6_cidr_block_state()?.state());
    states.any(|state| *state == SubnetCidrBlockStateCode::Associated)
}
