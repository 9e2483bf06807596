//! The one ModifyDBInstance that a change comes to.

use std::collections::BTreeSet;

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DbInstance as Live};
use serde_json::Value;

use super::calls::MODIFY;
use super::insights::{self, InsightsChange};
use super::storage::{self, StorageChange};
use super::{DbInstance, LowerCase, live, read_password, version};
use crate::aws::kinds::rds_tags::retag;
use crate::aws::kinds::tags;
use crate::aws::resource::{Change, Resource};
use crate::aws::{Aws, aws_error};
use crate::engine::cloud::CloudError;
use crate::stack::password::PasswordSource;
use crate::stack::password::Secret;

/// Changes the live database so that it agrees with `desired`.
pub(super) async fn modify(
    aws: &Aws,
    desired: &DbInstance,
    change: &Change<'_, DbInstance>,
) -> Result<(), CloudError> {
    // Asked for by its own id: the identifier may be queued to change, and another database may have taken it.
    let Some(live) = live::describe_one(aws, change.id).await? else {
        return Err(CloudError::refused(MODIFY, "DBInstanceNotFound", "the database is gone"));
    };
    let what = live.db_instance_identifier.as_deref().unwrap_or_default();
    tags::refuse_others(MODIFY, what, &live::ownership(&live), change.owner)?;
    let (observed, fields) = still_to_do(desired, change, &live);
    let change = Change { id: change.id, fields: &fields, observed: &observed, owner: change.owner };

    if change.touches(&["tags"]) {
        let arn = live.db_instance_arn.as_deref().unwrap_or_default();
        retag(aws, arn, &tags::tag_change(&observed.tags, &desired.tags)).await?;
    }
    let sends_password = change.touches(&["password", "password_version"]);
    let secret = read_password(aws, desired.password.as_ref().filter(|_| sends_password), MODIFY)?;
    let modification = modification(desired, &change, &live, secret.as_ref());
    // RDS refuses a call that asks for nothing, which is what a change of recorded fields alone comes to.
    if modification == ModifyDbInstanceInputBuilder::default() {
        return Ok(());
    }
    let answer = modification
        .set_db_instance_identifier(live.db_instance_identifier)
        .apply_immediately(desired.apply_immediately)
        .send_with(&aws.write.rds)
        .await;
    match answer.map_err(aws_error(MODIFY)) {
        // The code says nothing without the message: everything that was asked for is queued already.
        Err(error)
            if error.code == "InvalidParameterCombination"
                && error.message.contains("No modifications were requested") =>
        {
            Ok(())
        }
        other => other.map(drop),
    }
}

/// The database as it counts for the change, and the fields that are left of it: an attempt whose answer was lost may
/// have been carried out, and some calls are refused when they are repeated.
fn still_to_do(
    desired: &DbInstance,
    change: &Change<'_, DbInstance>,
    live: &Live,
) -> (DbInstance, BTreeSet<String>) {
    let queued = live::inputs(live, Some(change.observed));
    let asked = |fields: BTreeSet<String>| fields.intersection(change.fields).cloned().collect();
    if !desired.apply_immediately {
        let fields = asked(unmet(desired, &queued));
        return (queued, fields);
    }
    // Changes left to the window are asked for again, now at once; so are those that others queued and that are not wanted.
    let current = live::current(live, Some(change.observed));
    let waiting: BTreeSet<String> = unmet(&queued, &current);
    let mut fields: BTreeSet<String> = asked(unmet(desired, &queued));
    let missing = unmet(desired, &current);
    fields
        .extend(missing.into_iter().filter(|field| change.fields.contains(field) || waiting.contains(field)));
    (current, fields)
}

/// The written fields in which the database is not as desired.
fn unmet(desired: &DbInstance, observed: &DbInstance) -> BTreeSet<String> {
    let (desired, observed) = (live::document(desired), live::document(observed));
    DbInstance::FIELDS
        .iter()
        .filter(|field| match (&desired[field.name], &observed[field.name]) {
            (Value::Null, seen) => field.taken_back && !seen.is_null(),
            (wanted, seen) => !(field.met)(wanted, seen),
        })
        .map(|field| field.name.to_owned())
        .collect()
}

/// The request: nothing but the fields that differ, and what RDS wants together with them.
fn modification(
    desired: &DbInstance,
    change: &Change<'_, DbInstance>,
    live: &Live,
    secret: Option<&Secret>,
) -> ModifyDbInstanceInputBuilder {
    let DbInstance {
        identifier,
        engine: _,
        engine_version,
        allow_major_version_upgrade,
        instance_class,
        // These depend on each other.
        allocated_storage: _,
        max_allocated_storage,
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
        kms_key_id: _,
        ca_cert_identifier,
        auto_minor_version_upgrade,
        copy_tags_to_snapshot,
        iam_database_authentication_enabled,
        // So do these three.
        performance_insights_enabled: _,
        performance_insights_retention_period: _,
        performance_insights_kms_key_id: _,
        enabled_cloudwatch_logs_exports,
        parameter_group_name: _,
        deletion_protection,
        final_snapshot: _,
        apply_immediately: _,
        tags: _,
    } = desired;
    let changed = |field: &str| change.fields.contains(field);
    let StorageChange { allocated_storage, storage_type, iops, storage_throughput } =
        storage::change(desired, change.observed, changed);

    let InsightsChange { enabled, retention, key } = insights::change(desired, live, changed);
    let exports = enabled_cloudwatch_logs_exports.as_ref();
    let exports = exports.filter(|_| changed("enabled_cloudwatch_logs_exports"));
    let is_major = version::is_major_step(engine_version, &change.observed.engine_version);

    let managed = *password == Some(PasswordSource::Managed);
    let management_differs = changed("password") && managed != live.master_user_secret.is_some();

    ModifyDbInstanceInputBuilder::default()
        .set_new_db_instance_identifier(changed("identifier").then(|| identifier.clone().into()))
        .set_engine_version(changed("engine_version").then(|| engine_version.clone()))
        .set_allow_major_version_upgrade(
            (changed("engine_version") && is_major && *allow_major_version_upgrade).then_some(true),
        )
        .set_db_parameter_group_name(parameter_group(desired, changed("parameter_group_name")))
        .set_db_instance_class(changed("instance_class").then(|| instance_class.clone()))
        .set_allocated_storage(allocated_storage)
        .set_max_allocated_storage(
            max_allocated_storage
                .filter(|_| changed("max_allocated_storage"))
                // The size itself as the limit turns the growing off; RDS has no other word for that.
                .map(|most| if most == 0 { storage::size_after(desired, change.observed) } else { most }),
        )
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
        .set_ca_certificate_identifier(ca_cert_identifier.clone().filter(|_| changed("ca_cert_identifier")))
        .set_copy_tags_to_snapshot(copy_tags_to_snapshot.filter(|_| changed("copy_tags_to_snapshot")))
        .set_enable_iam_database_authentication(
            iam_database_authentication_enabled.filter(|_| changed("iam_database_authentication_enabled")),
        )
        .set_enable_performance_insights(enabled)
        .set_performance_insights_retention_period(retention)
        .set_performance_insights_kms_key_id(key)
        .set_cloudwatch_logs_export_configuration(exports.map(|logs| exported(logs, change.observed)))
        .set_deletion_protection(changed("deletion_protection").then_some(*deletion_protection))
}

/// The group to be attached. One that is taken back makes room for the default one of the version.
fn parameter_group(desired: &DbInstance, changed: bool) -> Option<String> {
    let default = || Some(format!("default.{}", desired.family()?));
    if changed { desired.parameter_group_name.clone().or_else(default) } else { None }
}

/// Logs are exported or no longer exported one by one.
fn exported(wanted: &BTreeSet<String>, observed: &DbInstance) -> CloudwatchLogsExportConfiguration {
    let seen = observed.enabled_cloudwatch_logs_exports.clone().unwrap_or_default();
    let only = |here: &BTreeSet<String>, there: &BTreeSet<String>| -> Option<Vec<String>> {
        Some(here.difference(there).cloned().collect()).filter(|logs: &Vec<String>| !logs.is_empty())
    };
    CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(only(wanted, &seen))
        .set_disable_log_types(only(&seen, wanted))
        .build()
}
