//! The one ModifyDBInstance that a change comes to.
//! Knows nothing of when it is sent.

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;
use aws_sdk_rds::types::DbInstance as Live;

use super::storage::{self, StorageChange};
use super::{DbInstance, LowerCase};
use crate::aws::{PasswordSource, Secret};
use crate::resource::Change;

/// What has to be asked for: nothing but the fields that differ, and what RDS wants together with them.
pub(super) fn of(
    desired: &DbInstance,
    change: &Change<'_, DbInstance>,
    live: &Live,
    secret: Option<&Secret>,
) -> ModifyDbInstanceInputBuilder {
    let DbInstance {
        identifier,
        engine: _,
        engine_version,
        instance_class,
        // These four depend on each other.
        allocated_storage: _,
        storage_type: _,
        iops: _,
        storage_throughput: _,
        database_name: _,
        username: _,
        password,
        password_version: _,
        multi_az,
        port,
        db_subnet_group_name: _,
        vpc_security_group_ids,
        publicly_accessible,
        backup_retention_period,
        backup_window,
        maintenance_window,
        storage_encrypted: _,
        auto_minor_version_upgrade,
        deletion_protection,
        final_snapshot: _,
        apply_immediately: _,
        tags: _,
    } = desired;
    let changed = |field: &str| change.fields.contains(field);
    let StorageChange { allocated_storage, storage_type, iops, storage_throughput } =
        storage::change(desired, change.observed, changed);

    let managed = *password == Some(PasswordSource::Managed);
    let management_differs = changed("password") && managed != live.master_user_secret.is_some();

    ModifyDbInstanceInputBuilder::default()
        .set_new_db_instance_identifier(changed("identifier").then(|| identifier.clone().into()))
        .set_engine_version(changed("engine_version").then(|| engine_version.clone()))
        .set_db_instance_class(changed("instance_class").then(|| instance_class.clone()))
        .set_allocated_storage(allocated_storage)
        .set_storage_type(storage_type)
        .set_iops(iops)
        .set_storage_throughput(storage_throughput)
        .set_manage_master_user_password(management_differs.then_some(managed))
        .set_master_user_password(secret.map(|secret| secret.expose().to_owned()))
        .set_multi_az(changed("multi_az").then_some(*multi_az))
        .set_db_port_number(changed("port").then_some(*port))
        .set_vpc_security_group_ids(
            changed("vpc_security_group_ids").then(|| vpc_security_group_ids.iter().cloned().collect()),
        )
        .set_publicly_accessible(changed("publicly_accessible").then_some(*publicly_accessible))
        .set_backup_retention_period(changed("backup_retention_period").then_some(*backup_retention_period))
        .set_preferred_backup_window(backup_window.clone().filter(|_| changed("backup_window")))
        .set_preferred_maintenance_window(
            maintenance_window.clone().filter(|_| changed("maintenance_window")).map(LowerCase::into),
        )
        .set_auto_minor_version_upgrade(
            changed("auto_minor_version_upgrade").then_some(*auto_minor_version_upgrade),
        )
        .set_deletion_protection(changed("deletion_protection").then_some(*deletion_protection))
}
