//! The one CreateDBInstance that makes a database.

use super::calls::CREATE;
use super::{DbInstance, id_of, read_password};
use crate::aws::kinds::tags;
use crate::aws::{Aws, aws_error};
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Id, Owner};
use crate::stack::password::PasswordSource;

/// Makes the database.
pub(super) async fn create(aws: &Aws, desired: &DbInstance, owner: &Owner) -> Result<Id, CloudError> {
    let DbInstance {
        identifier,
        engine,
        engine_version,
        allow_major_version_upgrade: _,
        instance_class,
        allocated_storage,
        max_allocated_storage,
        storage_type,
        iops,
        storage_throughput,
        database_name,
        username,
        password,
        password_version: _,
        multi_az,
        port,
        db_subnet_group_name,
        vpc_security_group_ids,
        publicly_accessible,
        backup_retention_period,
        backup_window,
        maintenance_window,
        storage_encrypted,
        kms_key_id,
        ca_cert_identifier,
        auto_minor_version_upgrade,
        copy_tags_to_snapshot,
        iam_database_authentication_enabled,
        performance_insights_enabled,
        performance_insights_retention_period,
        performance_insights_kms_key_id,
        enabled_cloudwatch_logs_exports,
        parameter_group_name,
        deletion_protection,
        final_snapshot: _,
        apply_immediately: _,
        tags,
    } = desired;
    let secret = read_password(aws, password.as_ref(), CREATE)?;
    let made = aws
        .write
        .rds
        .create_db_instance()
        .db_instance_identifier(identifier.as_str())
        .engine(engine.as_str())
        .engine_version(engine_version)
        .db_instance_class(instance_class)
        .allocated_storage(*allocated_storage)
        // Off is what a database is without it.
        .set_max_allocated_storage(max_allocated_storage.filter(|most| *most > 0))
        .storage_type(storage_type)
        .set_iops(*iops)
        .set_storage_throughput(*storage_throughput)
        .set_db_name(database_name.clone())
        .master_username(username)
        .set_manage_master_user_password((*password == Some(PasswordSource::Managed)).then_some(true))
        .set_master_user_password(secret.map(|secret| secret.expose().to_owned()))
        .multi_az(*multi_az)
        .port(*port)
        .db_subnet_group_name(db_subnet_group_name.as_str())
        .set_vpc_security_group_ids(Some(vpc_security_group_ids.iter().cloned().collect()))
        .publicly_accessible(*publicly_accessible)
        .backup_retention_period(*backup_retention_period)
        .set_preferred_backup_window(backup_window.clone())
        .set_preferred_maintenance_window(maintenance_window.clone().map(Into::into))
        .storage_encrypted(*storage_encrypted)
        .set_kms_key_id(kms_key_id.clone())
        .set_ca_certificate_identifier(ca_cert_identifier.clone())
        .auto_minor_version_upgrade(*auto_minor_version_upgrade)
        .set_copy_tags_to_snapshot(*copy_tags_to_snapshot)
        .set_enable_iam_database_authentication(*iam_database_authentication_enabled)
        .set_enable_performance_insights(*performance_insights_enabled)
        .set_performance_insights_retention_period(*performance_insights_retention_period)
        .set_performance_insights_kms_key_id(performance_insights_kms_key_id.clone())
        .set_enable_cloudwatch_logs_exports(
            enabled_cloudwatch_logs_exports.as_ref().map(|logs| logs.iter().cloned().collect()),
        )
        .set_db_parameter_group_name(parameter_group_name.clone())
        .deletion_protection(*deletion_protection)
        .set_tags(Some(tags::to_rds(&tags::with_ownership(tags, owner))))
        .send()
        .await
        .map_err(aws_error(CREATE))?;
    id_of(made.db_instance.and_then(|live| live.dbi_resource_id), CREATE)
}
