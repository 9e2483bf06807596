//! Reads of the recovery of databases and file systems, beside those of their kinds: moments, snapshots, recovery points.

mod files;
pub mod images;
mod maintenance;
pub mod pairs;
mod procedures;
mod upgrades;

use std::collections::BTreeMap;

use aws_sdk_backup::types::RecoveryPointStatus;
use aws_sdk_rds::types::{DbInstance, Filter};
use futures_util::future::join_all;
use jiff::Timestamp;

use super::kinds::db_instance;
use super::{Aws, absent_is_none, aws_error, efs};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::resource::Id;
pub use files::{Asked as Restoring, points, restore_job, start_restore};
pub use maintenance::{MAINTENANCE, maintenance};
pub use procedures::{
    Snapshot, by_id, by_name, earliest_restorable, fail_over, failover, instance, latest_restorable, reboot,
    rename, snapshot,
};
pub use upgrades::{
    Wanted, deployment, drop_deployment, family, is_on, make_deployment, seen, switch_over, take_snapshot,
    unprotect, upgrade_failure, upgrade_log,
};

use crate::recovery::status::{Backups, Certificate, Database, Unread, written};
use crate::stack::{Stack, parts};

/// The kinds that `status` and procedures are about.
pub const DATABASE: &str = "aws_db_instance";
pub const REPLICA: &str = "aws_db_replica";
pub const FILE_SYSTEM: &str = "aws_efs_file_system";
pub const MACHINE: &str = "aws_instance";
pub const ACCESS_POINT: &str = "aws_efs_access_point";
pub const MOUNT_TARGET: &str = "aws_efs_mount_target";
pub const REPLICATION: &str = "aws_efs_replication_configuration";

pub const SNAPSHOTS: Call = Call::read("rds:DescribeDBSnapshots");
pub const POINTS: Call = Call::read("backup:ListRecoveryPointsByResource");

/// Kinds, and the calls that tell of their recovery.
const CALLS: &[(&[&str], &[Call])] = &[
    (&[DATABASE, REPLICA], &[SNAPSHOTS, POINTS, MAINTENANCE]),
    (&[DATABASE], procedures::CALLS),
    (&[DATABASE], upgrades::CALLS),
    (&[FILE_SYSTEM], &[POINTS]),
    (&[MACHINE], images::CALLS),
    (&[FILE_SYSTEM], files::CALLS),
];

/// The calls of a stack that no object of it makes alone.
pub fn calls_of(stack: &Stack) -> &'static [Call] {
    if parts::pairs::pairs(stack).is_empty() { &[] } else { pairs::CALLS }
}

/// The calls that tell of the recovery of objects of a kind.
pub fn calls(kind: &str) -> impl Iterator<Item = Call> {
    let of_kind = CALLS.iter().filter(move |(kinds, _)| kinds.contains(&kind));
    of_kind.flat_map(|(_, calls)| *calls).copied()
}

/// The most recovery points in one answer (ListRecoveryPointsByResource, MaxResults).
const PAGE: i32 = 1000;

/// The facts of databases that are no inputs, by resource id. One that is gone is left out.
///
/// # Errors
/// Any error of `rds:DescribeDBInstances`.
pub async fn databases(aws: &Aws, ids: &[Id]) -> Result<BTreeMap<Id, Database>, CloudError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let asked: Vec<&str> = ids.iter().map(Id::as_str).collect();
    let all = db_instance::described(aws, &asked).await?;
    Ok(all.into_iter().map(|(id, live)| (id, facts(&live))).collect())
}

fn facts(live: &DbInstance) -> Database {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let details = live.certificate_details();
    let authority = details.and_then(|details| details.ca_identifier()).or(live.ca_certificate_identifier());
    let groups = live.db_parameter_groups();
    Database {
        status: live.db_instance_status().unwrap_or_default().to_owned(),
        zone: text(live.availability_zone()),
        standby_zone: text(live.secondary_availability_zone()),
        latest_restorable_time: moment(live.latest_restorable_time()).map(written),
        certificate: text(authority).map(|authority| Certificate {
            authority,
            valid_till: moment(details.and_then(|details| details.valid_till())).map(written),
        }),
        pending_reboot: groups.iter().any(|group| group.parameter_apply_status() == Some("pending-reboot")),
        ..Database::default()
    }
}

/// A time of the SDK.
pub(super) fn moment(time: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::from_second(time.secs()).ok())
}

/// The snapshots of databases that can be restored, by resource id: one question for all.
///
/// # Errors
/// Any error of `rds:DescribeDBSnapshots`.
pub async fn snapshots(aws: &Aws, ids: &[Id]) -> Result<BTreeMap<Id, Backups>, CloudError> {
    let mut taken: BTreeMap<Id, Vec<(String, Timestamp)>> =
        ids.iter().map(|id| (id.clone(), Vec::new())).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let values = ids.iter().map(ToString::to_string).collect();
    let filter = Filter::builder().name("dbi-resource-id").set_values(Some(values)).build();
    let pages = aws.read.rds.describe_db_snapshots().filters(filter).into_paginator().items().send();
    let all: Vec<_> = pages.try_collect().await.map_err(aws_error(SNAPSHOTS))?;
    for one in all.iter().filter(|one| one.status() == Some("available")) {
        let of = one.dbi_resource_id().map(Id::new).and_then(|id| taken.get_mut(&id));
        let name = one.db_snapshot_identifier().zip(moment(one.snapshot_create_time()));
        if let (Some(of), Some((name, time))) = (of, name) {
            of.push((name.to_owned(), time));
        }
    }
    Ok(taken.into_iter().map(|(id, taken)| (id, Backups::of(taken, false))).collect())
}

/// The recovery points of AWS Backup that can be restored, of each of these resources by its ARN: a question for each, side by side.
pub async fn recovery_points(aws: &Aws, arns: &[String]) -> BTreeMap<String, Result<Backups, CloudError>> {
    let client = &aws.backup();
    let asked = arns.iter().map(|arn| async move {
        let list = client.list_recovery_points_by_resource().resource_arn(arn).max_results(PAGE);
        let answer = absent_is_none(list.send().await.map_err(aws_error(POINTS)));
        let points = answer.map(|answer| {
            let more = answer.as_ref().is_some_and(|answer| answer.next_token().is_some());
            let all = answer.and_then(|answer| answer.recovery_points).unwrap_or_default();
            let usable = all.iter().filter(|one| {
                matches!(one.status(), Some(RecoveryPointStatus::Completed | RecoveryPointStatus::Available))
            });
            let taken = usable
                .filter_map(|one| Some((one.recovery_point_arn()?.to_owned(), moment(one.creation_date())?)));
            Backups::of(taken.collect(), more)
        });
        (arn.clone(), points)
    });
    join_all(asked).await.into_iter().collect()
}

/// The moment up to which everything that was written is in the copy of a file system.
///
/// # Errors
/// Any error of `elasticfilesystem:DescribeReplicationConfigurations`.
pub async fn last_replicated(aws: &Aws, file_system: &str) -> Result<Option<Timestamp>, CloudError> {
    let all = efs::replications(aws, file_system).await?;
    let ours = all.into_iter().find(|one| one.source_file_system_id == file_system);
    let there = ours.and_then(|ours| ours.destinations.into_iter().next());
    Ok(there.and_then(|there| moment(there.last_replicated_timestamp())))
}

/// A question that AWS did not answer.
pub fn unread(error: &CloudError) -> Unread {
    Unread { operation: error.operation.to_owned(), code: error.code.clone() }
}
