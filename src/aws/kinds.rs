//! The kinds that `provision` knows, one line each.

pub mod db_instance;
pub mod db_parameter_group;
pub mod db_subnet_group;
pub mod efs_access_point;
pub mod efs_file_system;
pub mod efs_mount_target;
pub(crate) mod efs_part;
mod efs_status;
mod efs_tags;
mod efs_token;
mod groups_taken_off;
pub mod kms_alias;
mod rds_tags;
mod rowed;
pub mod security_group;
pub mod subnet;
pub mod tags;
mod typed;
pub mod vpc;

use crate::aws::kind::Kind;
use crate::engine::kind::Registry;
use crate::engine::resource::Status;
pub use typed::AwsCloud;
use typed::Kinds;

/// The status tables, by kind. A kind without one is ready as soon as it is there.
pub fn statuses() -> [(&'static str, &'static [Status]); 4] {
    [
        (db_instance::DbInstance::KIND, db_instance::STATUSES),
        (efs_file_system::EfsFileSystem::KIND, efs_status::FILE_SYSTEM),
        (efs_mount_target::EfsMountTarget::KIND, efs_status::PART),
        (efs_access_point::EfsAccessPoint::KIND, efs_status::PART),
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
        .managed::<security_group::SecurityGroup>()
        .rowed::<efs_file_system::EfsFileSystem>()
        .rowed::<efs_mount_target::EfsMountTarget>()
        .rowed::<efs_access_point::EfsAccessPoint>()
        .rowed::<db_subnet_group::DbSubnetGroup>()
        .rowed::<db_parameter_group::DbParameterGroup>()
        .rowed::<db_instance::DbInstance>()
}
