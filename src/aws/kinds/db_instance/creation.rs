//! The one call that makes a database: CreateDBInstance, or one of the two restores.
//!
//! A restore takes nothing of the old database but its data: what is not sent is AWS's default (RDS API reference, both calls), so
//! that all that the call has a member for is sent. For the rest the engine makes one update when the database is there: password,
//! maintenance window, Enhanced Monitoring, Performance and Database Insights, a newer minor version, and for a snapshot the limit
//! of the storage.

use aws_sdk_rds::operation::create_db_instance::CreateDbInstanceInput as Input;
use aws_sdk_rds::operation::create_db_instance::builders::CreateDbInstanceInputBuilder as Create;
use aws_sdk_rds::operation::restore_db_instance_from_db_snapshot::builders::RestoreDbInstanceFromDbSnapshotInputBuilder as FromSnapshot;
use aws_sdk_rds::operation::restore_db_instance_to_point_in_time::builders::RestoreDbInstanceToPointInTimeInputBuilder as ToTime;
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::DbInstance as Made;

use super::calls::{CREATE, RESTORE_SNAPSHOT, RESTORE_TIME};
use super::keys::RESTORE_FROM;
use super::origin::Origin;
use super::{DbInstance, password};
use crate::aws::kind::id_in_answer;
use crate::aws::kinds::tags;
use crate::aws::{Aws, aws_error, row};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Id, Owner};
use crate::stack::password::PasswordSource;

/// Makes the database.
pub(super) async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
    let tags = tags::with_ownership(&tags::of(wanted), owner);
    let call = row::create_call::<DbInstance>(wanted).set_tags(Some(tags::to_rds(&tags)));
    match RESTORE_FROM.of(wanted) {
        None => create_empty(aws, wanted, call).await,
        Some(Origin::Snapshot { snapshot }) => {
            let answer = from_snapshot(built(call), snapshot).send_with(&aws.write.rds).await;
            let made = answer.map_err(aws_error(RESTORE_SNAPSHOT))?;
            id_of(RESTORE_SNAPSHOT, made.db_instance)
        }
        Some(Origin::Time { source, time }) => {
            let answer = to_time(built(call), source, &time).send_with(&aws.write.rds).await;
            let made = answer.map_err(aws_error(RESTORE_TIME))?;
            id_of(RESTORE_TIME, made.db_instance)
        }
    }
}

async fn create_empty(aws: &Aws, wanted: &Document, call: Create) -> Result<Id, CloudError> {
    let secret = password::read(aws, wanted, CREATE)?;
    let is_managed = password::source(wanted) == Some(PasswordSource::Managed);
    let call = call
        .set_manage_master_user_password(is_managed.then_some(true))
        .set_master_user_password(secret.as_ref().map(|secret| secret.expose().to_owned()));
    let made = call.send_with(&aws.write.rds).await.map_err(aws_error(CREATE));
    let made = made.map_err(|error| password::masked(error, secret.as_ref()))?;
    id_of(CREATE, made.db_instance)
}

fn id_of(call: Call, made: Option<Made>) -> Result<Id, CloudError> {
    id_in_answer(call, made.and_then(|live| live.dbi_resource_id))
}

fn built(call: Create) -> Input {
    call.build().expect("a request of RDS is built without any of its members")
}

/// All that both restores take of what a creation would send. The two requests have no type in common.
macro_rules! restored {
    ($restore:expr, $sent:ident) => {
        $restore
            .set_db_instance_class($sent.db_instance_class)
            .set_db_capacity_reservation_identifier($sent.db_capacity_reservation_identifier)
            .set_port($sent.port)
            .set_allocated_storage($sent.allocated_storage)
            .set_storage_type($sent.storage_type)
            .set_iops($sent.iops)
            .set_storage_throughput($sent.storage_throughput)
            .set_dedicated_log_volume($sent.dedicated_log_volume)
            .set_multi_az($sent.multi_az)
            .set_db_subnet_group_name($sent.db_subnet_group_name)
            .set_vpc_security_group_ids($sent.vpc_security_group_ids)
            .set_publicly_accessible($sent.publicly_accessible)
            .set_network_type($sent.network_type)
            .set_domain($sent.domain)
            .set_domain_iam_role_name($sent.domain_iam_role_name)
            .set_db_parameter_group_name($sent.db_parameter_group_name)
            .set_backup_retention_period($sent.backup_retention_period)
            .set_preferred_backup_window($sent.preferred_backup_window)
            .set_backup_target($sent.backup_target)
            .set_copy_tags_to_snapshot($sent.copy_tags_to_snapshot)
            .set_auto_minor_version_upgrade($sent.auto_minor_version_upgrade)
            .set_engine_lifecycle_support($sent.engine_lifecycle_support)
            .set_ca_certificate_identifier($sent.ca_certificate_identifier)
            .set_enable_iam_database_authentication($sent.enable_iam_database_authentication)
            .set_enable_cloudwatch_logs_exports($sent.enable_cloudwatch_logs_exports)
            .set_deletion_protection($sent.deletion_protection)
            .set_tags($sent.tags)
    };
}

/// The restore of a snapshot.
fn from_snapshot(call: Input, snapshot: String) -> FromSnapshot {
    let restore = FromSnapshot::default()
        .db_snapshot_identifier(snapshot)
        .set_db_instance_identifier(call.db_instance_identifier);
    restored!(restore, call)
}

/// The restore of a database as it was; it takes the limit of the storage besides.
fn to_time(call: Input, source: String, time: &str) -> ToTime {
    let moment = Origin::moment(time);
    let restore = ToTime::default()
        .source_db_instance_identifier(source)
        .set_restore_time(moment.map(|moment| DateTime::from_secs(moment.as_second())))
        .set_use_latest_restorable_time(moment.is_none().then_some(true))
        .set_target_db_instance_identifier(call.db_instance_identifier)
        .set_max_allocated_storage(call.max_allocated_storage);
    restored!(restore, call)
}
