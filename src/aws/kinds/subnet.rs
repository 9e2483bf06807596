//! A subnet of the cluster, adopted: read, never changed.
//!
//! All subnets of the VPC are read in the call that reads the recorded ones, so that a zone which the cluster has got since
//! is seen at no cost.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::aws::resource::{Observe, Observed, Tracked};
use crate::aws::{Aws, ec2};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Condition, Id, Ownership, Remark};

/// A subnet has no inputs: it is not ours. What was recorded of it says where to look.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Subnet {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
}

/// A subnet as AWS shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The zone's name in this account: `eu-west-1a`.
    pub availability_zone: String,
    /// The zone's name in all accounts: `euw1-az2`.
    pub availability_zone_id: String,
    /// The IPv4 block: `172.20.32.0/19`.
    pub cidr_block: String,
    pub vpc_id: String,
}

impl Observe for Subnet {
    const KIND: &'static str = "aws_subnet";
    const CALLS: &'static [Call] = &[ec2::SUBNETS];
    type Outputs = Outputs;

    async fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> Result<BTreeMap<Id, Observed<Self>>, CloudError> {
        let vpcs: BTreeSet<&str> =
            tracked.iter().filter_map(|one| one.recorded.as_ref()?.vpc_id.as_deref()).collect();
        let mut found = if vpcs.is_empty() {
            Vec::new()
        } else {
            ec2::subnets(aws, vec![ec2::filter("vpc-id", vpcs)]).await?
        };
        let seen: BTreeSet<&str> = found.iter().filter_map(|subnet| subnet.subnet_id()).collect();
        // New ones, and those that are gone: they may be in another VPC than it says in a state.
        let unseen: Vec<String> = tracked
            .iter()
            .map(|one| one.id.as_str())
            .filter(|id| !seen.contains(id))
            .map(str::to_owned)
            .collect();
        let reads = unseen
            .chunks(ec2::FILTER_VALUES)
            .map(|chunk| ec2::subnets(aws, vec![ec2::filter("subnet-id", chunk)]));
        found.extend(try_join_all(reads).await?.into_iter().flatten());
        let tracked: BTreeSet<&str> = tracked.iter().map(|one| one.id.as_str()).collect();
        Ok(found
            .into_iter()
            .filter_map(|subnet| {
                let is_tracked = tracked.contains(subnet.subnet_id()?);
                let tags = ec2::tags(subnet.tags());
                let ownership = Ownership::of_tags(&tags);
                let free = subnet.available_ip_address_count.unwrap_or_default();
                if !is_tracked && !is_usable(&subnet) {
                    return None;
                }
                let vpc = subnet.vpc_id.as_deref().map(Id::new);
                let outputs = Outputs {
                    availability_zone: subnet.availability_zone.unwrap_or_default(),
                    availability_zone_id: subnet.availability_zone_id.unwrap_or_default(),
                    cidr_block: subnet.cidr_block.unwrap_or_default(),
                    vpc_id: subnet.vpc_id.unwrap_or_default(),
                };
                let observed = Observed {
                    inputs: None,
                    in_force: None,
                    remarks: if is_tracked { Vec::new() } else { vec![Remark::Beside { tags, free }] },
                    outputs,
                    condition: Condition::Ready,
                    ownership,
                    vpc,
                };
                Some((Id::new(subnet.subnet_id?), observed))
            })
            .collect())
    }
}

/// True if a mount target could be in the subnet at all.
fn is_usable(subnet: &aws_sdk_ec2::types::Subnet) -> bool {
    subnet.state() == Some(&aws_sdk_ec2::types::SubnetState::Available)
        && subnet.ipv6_native() != Some(true)
        && subnet.outpost_arn().is_none()
}
