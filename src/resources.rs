//! The registration table: every kind, in one place.
//! Knows nothing of the kinds but their names.

pub mod db_instance;
pub mod db_subnet_group;
pub mod efs_file_system;
pub mod efs_mount_target;
pub mod lower_case;
pub mod rds_tags;
pub mod tags;

use crate::kind::Registry;

/// The kinds that this program knows.
pub fn registry() -> Registry {
    Registry::default()
        .managed::<efs_file_system::EfsFileSystem>()
        .managed::<efs_mount_target::EfsMountTarget>()
        .managed::<db_subnet_group::DbSubnetGroup>()
        .managed::<db_instance::DbInstance>()
}
