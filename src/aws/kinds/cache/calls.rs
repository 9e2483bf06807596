//! The calls that make, change and delete a cache, and all that AWS checks with them.

use crate::aws::kinds::cache_tags;
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::document::Document;

const THIS: &[&str] = &["elasticache:replicationgroup:{replication_group_id}"];
const OURS: &[Grant] = &[Grant::owned(THIS)];
/// Resources that a cache only refers to, and its nodes, which come and go with it.
const BESIDE: Grant = Grant::on(&[
    "elasticache:cluster:{replication_group_id}-*",
    "elasticache:parametergroup:*",
    "elasticache:subnetgroup:*",
]);

const DEPENDENT: &str =
    "Service Authorization Reference, Amazon ElastiCache: dependent actions of CreateReplicationGroup";
const ALL: Grant = Grant::on(&["*"]);

/// Each node has a network interface, which ElastiCache makes and takes down for the caller.
const NETWORK: [Check; 5] = [
    Check::new("ec2:CreateNetworkInterface", ALL, DEPENDENT),
    Check::new("ec2:DeleteNetworkInterface", ALL, DEPENDENT),
    Check::new("ec2:DescribeNetworkInterfaces", ALL, DEPENDENT),
    Check::new("ec2:DescribeSubnets", ALL, DEPENDENT),
    Check::new("ec2:DescribeVpcs", ALL, DEPENDENT),
];

pub(super) const CREATE: Call =
    Call::new("elasticache:CreateReplicationGroup", &[Grant::tagging(THIS), BESIDE, SOURCE]).checked(&[
        cache_tags::check(Grant::tagging(THIS)),
        cache_tags::SERVICE_ROLE,
        NETWORK[0],
        NETWORK[1],
        NETWORK[2],
        NETWORK[3],
        NETWORK[4],
        Check::new(
            "kms:CreateGrant",
            KEY.when(&[When::Is(VIA, ELASTICACHE), When::Holds("kms:GrantIsForAWSResource")]),
            KEYS,
        ),
        Check::new("kms:Decrypt", KEY.when(&[When::Is(VIA, ELASTICACHE)]), KEYS),
        Check::new("kms:GenerateDataKey", KEY.when(&[When::Is(VIA, ELASTICACHE)]), KEYS),
    ]);

/// The snapshot that a cache is made from.
const SOURCE: Grant = Grant::on(&["elasticache:snapshot:{snapshot_name}"]);

const KEY: Grant = Grant::on(&["kms:{kms_key_id}"]);
const VIA: &str = "kms:ViaService";
const ELASTICACHE: &str = "elasticache.{region}.amazonaws.com";
const KEYS: &str =
    "Amazon ElastiCache User Guide, At-Rest Encryption: using customer managed keys from AWS KMS";

/// The password is read when the cache is made, from the secret that was made for it.
pub(super) const PASSWORD: Call =
    Call::new("secretsmanager:GetSecretValue", &[Grant::owned(&["secretsmanager:{password_secret_arn}"])]);

pub(super) const MODIFY: Call =
    Call::new("elasticache:ModifyReplicationGroup", &[Grant::owned(THIS), BESIDE]).checked(&NETWORK);
pub(super) const INCREASE: Call =
    Call::new("elasticache:IncreaseReplicaCount", &[Grant::owned(THIS), BESIDE]).checked(&NETWORK);
pub(super) const DECREASE: Call =
    Call::new("elasticache:DecreaseReplicaCount", &[Grant::owned(THIS), BESIDE]).checked(&NETWORK);

pub(super) const DELETE: Call =
    Call::new("elasticache:DeleteReplicationGroup", &[Grant::owned(THIS), BESIDE]).checked(&[
        NETWORK[0],
        NETWORK[1],
        NETWORK[2],
        NETWORK[3],
        NETWORK[4],
        Check::new(
            "elasticache:CreateSnapshot",
            LAST,
            "CreateSnapshot permission is required to create a final \
             snapshot (DeleteReplicationGroup, ElastiCache API reference)",
        )
        .only(leaves_a_snapshot),
    ]);

const LAST: Grant = Grant::on(&[
    "elasticache:replicationgroup:{replication_group_id}",
    "elasticache:snapshot:{replication_group_id}-final-*",
]);

/// The calls that change the tags.
pub(super) const TAGS: [Call; 2] = cache_tags::calls(OURS);

fn leaves_a_snapshot(inputs: &Document) -> bool {
    inputs.get("final_snapshot") == Some(&true.into())
}
