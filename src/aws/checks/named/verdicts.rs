//! The verdict on each object that is named, once AWS has shown it. Pure.

use aws_sdk_ec2::types::{ManagedPrefixList, SecurityGroup, VpcPeeringConnection};

use super::super::finding::Verdict;
use super::MOUNT_TARGET;
use crate::engine::address::Address;
use crate::engine::cloud::CloudError;

/// A group is a source where it is in the same VPC, or in one that an active peering connection joins with it ("Update your
/// security groups to reference peer security groups", VPC Peering Guide). A transit gateway can let it be one too ("Security
/// group referencing", Transit Gateway Guide), so that another VPC is a warning.
pub(super) fn source_group(
    id: &str,
    found: &SecurityGroup,
    vpc: Option<&str>,
    peerings: Result<&[VpcPeeringConnection], &CloudError>,
) -> Verdict {
    let name = found.group_name().unwrap_or_default();
    let (Some(vpc), Some(its)) = (vpc, found.vpc_id()) else {
        return Verdict::passed(format!("the security group {id} ({name}) is there"));
    };
    if its == vpc {
        return Verdict::passed(format!("the security group {id} ({name}) is in the same VPC"));
    }
    match peerings {
        Ok(peerings) if peerings.iter().any(|peering| joins(peering, vpc, its)) => {
            Verdict::passed(format!("the security group {id} ({name}) is in {its}, which is peered"))
        }
        Ok(_) => Verdict::warning(format!(
            "the security group {id} ({name}) is in {its}, which no active peering connection joins with {vpc}: EC2 \
             refuses it, unless a transit gateway with security group referencing joins them"
        )),
        Err(error) => Verdict::not_checked(&format!("the peering of {vpc} with {its}"), error),
    }
}

/// A network interface has groups of its own VPC alone ("Security group basics", Amazon VPC User Guide).
pub(super) fn attached_group(id: &str, found: &SecurityGroup, network: Option<&str>) -> Verdict {
    let name = found.group_name().unwrap_or_default();
    match (found.vpc_id(), network) {
        (Some(its), Some(vpc)) if its != vpc => Verdict::error(format!(
            "the security group {id} ({name}) is in {its}, and only groups of {vpc} can be attached"
        ))
        .hint(format!(
            "write the id of one that is there; to see them: aws ec2 describe-security-groups --filters Name=vpc-id,Values={vpc}"
        )),
        _ => Verdict::passed(format!("the security group {id} ({name}) is in the VPC")),
    }
}

fn joins(peering: &VpcPeeringConnection, one: &str, other: &str) -> bool {
    let requester = peering.requester_vpc_info().and_then(|info| info.vpc_id());
    let accepter = peering.accepter_vpc_info().and_then(|info| info.vpc_id());
    [(requester, accepter), (accepter, requester)].contains(&(Some(one), Some(other)))
}

/// EFS refuses a mount target with more (SecurityGroupLimitExceeded: "the limit, which is based on account quota"). Of a database, no page of
/// RDS says so in as many words.
pub(super) fn groups_on_interface(
    address: &Address,
    count: usize,
    quota: Result<&u64, &CloudError>,
) -> Verdict {
    match quota {
        Ok(most) if count as u64 <= *most => {
            Verdict::passed(format!("{count} security groups, and a network interface may have {most}"))
        }
        Ok(most) => {
            let message = format!(
                "it has {count} security groups, and a network interface of this account may have {most}"
            );
            let verdict = match address.kind() {
                MOUNT_TARGET => Verdict::error(message),
                _ => Verdict::warning(message),
            };
            verdict.hint(
                "leave some of `extra_security_groups` out, or raise the quota \"Security groups per network interface\" in Service Quotas",
            )
        }
        Err(error) => Verdict::not_checked("quota of security groups of a network interface", error),
    }
}

/// A list of one's own counts as its most entries in the quota of rules ("Prefix lists concepts and rules", VPC User Guide).
pub(super) fn prefix_list(id: &str, found: Option<&ManagedPrefixList>) -> Verdict {
    let Some(found) = found else {
        return Verdict::error(format!("there is no prefix list {id} in this account and region"))
            .hint("write the id of one that is there; to see them: aws ec2 describe-managed-prefix-lists");
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

/// A database has a parameter group of the family of its version (CreateDBParameterGroup, DBParameterGroupFamily).
pub(super) fn of_family(name: &str, family: &str, found: Option<&str>) -> Verdict {
    match found {
        Some(its) if its == family => {
            Verdict::passed(format!("the parameter group {name} is of the family {family}"))
        }
        Some(its) => Verdict::error(format!(
            "parameter_group: {name} is of the family {its}, and the written engine_version needs {family}"
        ))
        .hint(format!(
            "write a group of {family}; to see those that there are: aws rds describe-db-parameter-groups"
        )),
        None => Verdict::error(format!(
            "parameter_group: there is no parameter group {name} in this account and region"
        ))
        .hint("write the name of one that is there; to see them: aws rds describe-db-parameter-groups"),
    }
}
