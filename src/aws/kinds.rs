//! The kinds that `provision` knows, one line each.

mod adapter;
pub mod cache;
pub mod cache_parameter_group;
pub mod cache_subnet_group;
mod cache_tags;
mod cloud;
mod creation_token;
pub mod db_instance;
pub mod db_parameter_group;
pub mod db_subnet_group;
pub mod ebs_volume;
mod ec2_tags;
pub mod efs_access_point;
pub mod efs_file_system;
pub mod efs_mount_target;
pub mod efs_replication;
mod efs_status;
mod efs_tags;
pub mod elastic_ip;
mod groups_taken_off;
pub mod iam_instance_profile;
pub mod iam_oidc_provider;
pub mod iam_role;
mod iam_tags;
pub mod instance;
pub mod kms_alias;
mod named_group;
pub mod policy_document;
mod rds_tags;
mod s3_bucket;
pub mod secret;
pub mod security_group;
pub mod subnet;
pub mod tags;
pub mod vpc;

use crate::aws::kind::Kind;
use crate::engine::kind::Registry;
use crate::engine::resource::Status;
pub use cloud::AwsCloud;
use cloud::Kinds;

/// The status tables, by kind. A kind without one is ready as soon as it is there.
pub fn statuses() -> [(&'static str, &'static [Status]); 8] {
    [
        (db_instance::DbInstance::KIND, db_instance::STATUSES),
        (efs_file_system::EfsFileSystem::KIND, efs_status::FILE_SYSTEM),
        (efs_mount_target::EfsMountTarget::KIND, efs_status::PART),
        (efs_access_point::EfsAccessPoint::KIND, efs_status::PART),
        (efs_replication::EfsReplication::KIND, efs_replication::STATUSES),
        (cache::ReplicationGroup::KIND, cache::STATUSES),
        (instance::Instance::KIND, instance::STATUSES),
        (ebs_volume::EbsVolume::KIND, ebs_volume::STATUSES),
    ]
}

/// All that is known of every kind without asking AWS.
pub fn registry() -> Registry {
    kinds().registry()
}

fn kinds() -> Kinds {
    Kinds::default()
        .watched::<vpc::Vpc>()
        .watched::<subnet::Subnet>()
        .watched::<kms_alias::KmsAlias>()
        .watched::<iam_oidc_provider::OidcProvider>()
        .managed::<security_group::SecurityGroup>()
        .managed::<efs_file_system::EfsFileSystem>()
        .managed::<efs_mount_target::EfsMountTarget>()
        .managed::<efs_access_point::EfsAccessPoint>()
        .managed::<efs_replication::EfsReplication>()
        .managed::<db_subnet_group::DbSubnetGroup>()
        .managed::<db_parameter_group::DbParameterGroup>()
        .managed::<db_instance::DbInstance>()
        .managed::<db_instance::replica::DbReplica>()
        .managed::<s3_bucket::S3Bucket>()
        .managed::<secret::SecretsManagerSecret>()
        .managed::<cache_subnet_group::CacheSubnetGroup>()
        .managed::<cache_parameter_group::CacheParameterGroup>()
        .managed::<cache::ReplicationGroup>()
        .managed::<iam_role::IamRole>()
        .managed::<iam_instance_profile::IamInstanceProfile>()
        .managed::<ebs_volume::EbsVolume>()
        .managed::<instance::Instance>()
        .managed::<elastic_ip::ElasticIp>()
}
