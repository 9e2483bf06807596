//! The cluster's VPC, watched: read, never changed.

use std::collections::BTreeMap;

use crate::aws::kind::Seen;
use crate::aws::row::outputs;
use crate::aws::watched::Watched;
use crate::aws::{Aws, ec2};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::resource::{Condition, Id, Ownership};

/// VPCs of EC2.
pub struct Vpc;

impl Watched for Vpc {
    const KIND: &'static str = "aws_vpc";
    const CALLS: &'static [Call] = &[ec2::VPCS];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Seen>, CloudError> {
        let ids = tracked.iter().map(|one| one.id.as_str());
        let found = ec2::with_any_of("vpc-id", ids, |filters| ec2::vpcs(aws, filters)).await?;
        let seen = found.into_iter().filter_map(|vpc| {
            let seen = Seen {
                // The primary IPv4 block: `172.20.0.0/16`.
                outputs: outputs([("cidr_block", vpc.cidr_block().unwrap_or_default().to_owned())]),
                condition: Condition::Ready,
                remarks: Vec::new(),
                ownership: Ownership::of_tags(&ec2::tags(vpc.tags())),
                vpc: vpc.vpc_id().map(Id::new),
            };
            Some((Id::new(vpc.vpc_id?), seen))
        });
        Ok(seen.collect())
    }
}
