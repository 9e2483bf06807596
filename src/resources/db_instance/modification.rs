//! The one ModifyDBInstance that a change comes to.
//! Knows nothing of what may be changed at all.

use std::collections::BTreeSet;

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;
use aws_sdk_rds::types::DbInstance as Live;

use super::storage::{self, StorageChange};
use super::{DbInstance, LowerCase, live, read_password};
use crate::aws::{Aws, AwsError, PasswordSource, Secret, aws_error};
use crate::resource::{Change, Resource};
use crate::resources::rds_tags::retag;
use crate::resources::tags;

pub(super) const MODIFY: &str = "rds:ModifyDBInstance";

/// Changes the live database so that it agrees with `desired`.
pub(super) async fn modify(
    aws: &Aws,
    desired: &DbInstance,
    change: &Change<'_, DbInstance>,
) -> Result<(), AwsError> {
    // Asked for by its own id: the identifier may be queued to change, and another database may have taken it.
    let Some(live) = live::describe_one(aws, change.id).await? else {
        return Err(AwsError::refused(MODIFY, "DBInstanceNotFound", "the database is gone"));
    };
    let (observed, fields) = still_to_do(desired, change, &live);
    let change = Change { id: change.id, fields: &fields, observed: &observed };

    if change.touches(&["tags"]) {
        let arn = live.db_instance_arn.as_deref().unwrap_or_default();
        retag(aws, arn, &tags::tag_change(&observed.tags, &desired.tags)).await?;
    }
    let sends_password = change.touches(&["password", "password_version"]);
    let secret = read_password(desired.password.as_ref().filter(|_| sends_password), MODIFY)?;
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
    if !desired.apply_immediately {
        let fields = differing(desired, &queued).intersection(change.fields).cloned().collect();
        return (queued, fields);
    }
    // What was left to the window is asked for again, now at once.
    let current = live::current(live, Some(change.observed));
    let waiting = differing(&queued, &current);
    let fields = differing(desired, &current)
        .into_iter()
        .filter(|field| change.fields.contains(field) || waiting.contains(field))
        .collect();
    (current, fields)
}

/// The fields in which the database is not as desired.
fn differing(desired: &DbInstance, observed: &DbInstance) -> BTreeSet<String> {
    let document = |inputs| serde_json::to_value(inputs).expect("inputs are plain data");
    let (desired, observed) = (document(desired), document(observed));
    DbInstance::FIELDS
        .iter()
        .filter(|field| !(field.met)(&desired[field.name], &observed[field.name]))
        .map(|field| field.name.to_owned())
        .collect()
}

/// What has to be asked for: nothing but the fields that differ, and what RDS wants together with them.
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
