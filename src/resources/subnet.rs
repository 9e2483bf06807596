//! A subnet of the cluster, adopted: read, never changed.
//! Knows nothing of why it was chosen.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::aws::{Aws, AwsError, Call, ec2};
use crate::resource::{Condition, Id, Observe, Observed, Ownership, Tracked};

/// A subnet has no inputs: it is not ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subnet {}

/// What AWS says of a subnet.
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

    async fn observe(aws: &Aws, tracked: &[Tracked<Self>]) -> Result<BTreeMap<Id, Observed<Self>>, AwsError> {
        let reads = tracked.chunks(ec2::FILTER_VALUES).map(|chunk| {
            ec2::subnets(aws, vec![ec2::filter("subnet-id", chunk.iter().map(|one| one.id.as_str()))])
        });
        let found = try_join_all(reads).await?.into_iter().flatten();
        Ok(found
            .filter_map(|subnet| {
                let ownership = Ownership::of_tags(&ec2::tags(subnet.tags()));
                let outputs = Outputs {
                    availability_zone: subnet.availability_zone.unwrap_or_default(),
                    availability_zone_id: subnet.availability_zone_id.unwrap_or_default(),
                    cidr_block: subnet.cidr_block.unwrap_or_default(),
                    vpc_id: subnet.vpc_id.unwrap_or_default(),
                };
                let observed = Observed {
                    inputs: None,
                    in_force: None,
                    remarks: Vec::new(),
                    outputs,
                    condition: Condition::Ready,
                    ownership,
                };
                Some((Id::new(subnet.subnet_id?), observed))
            })
            .collect())
    }
}
