//! A subnet of the cluster, watched: read, never changed.
//!
//! All subnets of the VPC are read in the call that reads the recorded ones, so that a zone which the cluster has got since
//! is seen at no cost.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::kind::Seen;
use crate::aws::row::outputs;
use crate::aws::watched::Watched;
use crate::aws::{Aws, ec2};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::resource::{Condition, Id, Ownership, Remark};

/// Subnets of EC2. The recorded VPC of each says where to look.
pub struct Subnet;

impl Watched for Subnet {
    const KIND: &'static str = "aws_subnet";
    const CALLS: &'static [Call] = &[ec2::SUBNETS];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Seen>, CloudError> {
        let vpcs: BTreeSet<&str> =
            tracked.iter().filter_map(|one| one.recorded.as_ref()?.get("vpc_id")?.as_str()).collect();
        let read = |filters| ec2::subnets(aws, filters);
        let mut found = ec2::with_any_of("vpc-id", vpcs, read).await?;
        let shown: BTreeSet<&str> = found.iter().filter_map(|subnet| subnet.subnet_id()).collect();
        let tracked: Vec<&str> = tracked.iter().map(|one| one.id.as_str()).collect();
        // New ones, and those that are gone: they may be in another VPC than it says in a state.
        let unseen = tracked.iter().copied().filter(|id| !shown.contains(id));
        let again = ec2::with_any_of("subnet-id", unseen, read).await?;
        found.extend(again);
        let all = found.into_iter().filter_map(|subnet| {
            let id = subnet.subnet_id.clone()?;
            let is_tracked = tracked.contains(&id.as_str());
            (is_tracked || is_usable(&subnet)).then(|| (Id::new(id), seen(subnet, is_tracked)))
        });
        Ok(all.collect())
    }
}

fn seen(subnet: aws_sdk_ec2::types::Subnet, is_tracked: bool) -> Seen {
    let tags = ec2::tags(subnet.tags());
    let ownership = Ownership::of_tags(&tags);
    let free = subnet.available_ip_address_count.unwrap_or_default();
    Seen {
        vpc: subnet.vpc_id.as_deref().map(Id::new),
        outputs: outputs([
            // The zone's name in this account: `eu-west-1a`.
            ("availability_zone", subnet.availability_zone.unwrap_or_default()),
            // The zone's name in all accounts: `euw1-az2`.
            ("availability_zone_id", subnet.availability_zone_id.unwrap_or_default()),
            // The IPv4 block: `172.20.32.0/19`.
            ("cidr_block", subnet.cidr_block.unwrap_or_default()),
            ("vpc_id", subnet.vpc_id.unwrap_or_default()),
        ]),
        condition: Condition::Ready,
        remarks: if is_tracked { Vec::new() } else { vec![Remark::Beside { tags, free }] },
        ownership,
    }
}

/// True if a mount target could be in the subnet at all.
fn is_usable(subnet: &aws_sdk_ec2::types::Subnet) -> bool {
    subnet.state() == Some(&aws_sdk_ec2::types::SubnetState::Available)
        && subnet.ipv6_native() != Some(true)
        && subnet.outpost_arn().is_none()
}
