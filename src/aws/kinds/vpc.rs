//! The cluster's VPC, adopted: read, never changed.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::aws::resource::{Observe, Observed, Tracked};
use crate::aws::{Aws, ec2};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Condition, Id, Ownership};

/// A VPC has no inputs: it is not ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Vpc {}

/// A VPC as AWS shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// The primary IPv4 block: `172.20.0.0/16`.
    pub cidr_block: String,
}

impl Observe for Vpc {
    const KIND: &'static str = "aws_vpc";
    const CALLS: &'static [Call] = &[ec2::VPCS];
    type Outputs = Outputs;

    async fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> Result<BTreeMap<Id, Observed<Self>>, CloudError> {
        let reads = tracked.chunks(ec2::FILTER_VALUES).map(|chunk| {
            ec2::vpcs(aws, vec![ec2::filter("vpc-id", chunk.iter().map(|one| one.id.as_str()))])
        });
        let found = try_join_all(reads).await?.into_iter().flatten();
        Ok(found
            .filter_map(|vpc| {
                let observed = Observed {
                    inputs: None,
                    in_force: None,
                    remarks: Vec::new(),
                    outputs: Outputs { cidr_block: vpc.cidr_block().unwrap_or_default().to_owned() },
                    condition: Condition::Ready,
                    ownership: Ownership::of_tags(&ec2::tags(vpc.tags())),
                    vpc: vpc.vpc_id().map(Id::new),
                };
                Some((Id::new(vpc.vpc_id?), observed))
            })
            .collect())
    }
}
