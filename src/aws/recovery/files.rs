//! Restores of file systems by AWS Backup: its recovery points, and its jobs.

use std::collections::HashMap;

use aws_sdk_backup::types::RecoveryPointStatus;
use jiff::Timestamp;

use super::{PAGE, POINTS, moment};
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::CloudError;
use crate::engine::resource::Id;
use crate::recovery::files::Job;

const START: Call =
    Call::new("backup:StartRestoreJob", &[Grant::on(&["backup:recovery-point:*"])]).checked(&[Check::new(
        "iam:PassRole",
        Grant::on(&["iam:role/service-role/AWSBackupDefaultServiceRole"])
            .when(&[When::Is("iam:PassedToService", "backup.amazonaws.com")]),
        "AWS Backup Developer Guide, Access control",
    )]);
const DESCRIBE: Call = Call::read("backup:DescribeRestoreJob");

pub(super) const CALLS: &[Call] = &[START, DESCRIBE];

/// The recovery points of a resource that can be restored, the newest first, each by its ARN.
///
/// # Errors
/// Any error of `backup:ListRecoveryPointsByResource`.
pub async fn points(aws: &Aws, arn: &str) -> Result<Vec<(String, Timestamp)>, CloudError> {
    let list = aws.backup().list_recovery_points_by_resource().resource_arn(arn).max_results(PAGE);
    let answer = absent_is_none(list.send().await.map_err(aws_error(POINTS)))?;
    let all = answer.and_then(|answer| answer.recovery_points).unwrap_or_default();
    let usable = all.iter().filter(|one| {
        matches!(one.status(), Some(RecoveryPointStatus::Completed | RecoveryPointStatus::Available))
    });
    let mut found: Vec<(String, Timestamp)> = usable
        .filter_map(|one| Some((one.recovery_point_arn()?.to_owned(), moment(one.creation_date())?)))
        .collect();
    found.sort_by_key(|(_, taken)| std::cmp::Reverse(*taken));
    Ok(found)
}

/// The restore that is asked for.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    pub point: &'a str,
    pub role: &'a str,
    pub token: &'a str,
    pub metadata: HashMap<String, String>,
}

/// Asks for a restore; the same token is the same job.
///
/// # Errors
/// Any error of `backup:StartRestoreJob`.
pub async fn start_restore(aws: &Aws, asked: Asked<'_>) -> Result<Option<String>, CloudError> {
    let call = aws.backup_to_write().start_restore_job().recovery_point_arn(asked.point);
    let call =
        call.iam_role_arn(asked.role).idempotency_token(asked.token).set_metadata(Some(asked.metadata));
    let call = call.resource_type("EFS").copy_source_tags_to_restored_resource(true);
    Ok(call.send().await.map_err(aws_error(START))?.restore_job_id)
}

/// A restore job.
///
/// # Errors
/// Any error of `backup:DescribeRestoreJob` but one that says that there is none.
pub async fn restore_job(aws: &Aws, id: &str) -> Result<Option<Job>, CloudError> {
    let describe = aws.backup().describe_restore_job().restore_job_id(id);
    let Some(live) = absent_is_none(describe.send().await.map_err(aws_error(DESCRIBE)))? else {
        return Ok(None);
    };
    // arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0a1b2c3d
    let made = live.created_resource_arn().and_then(|arn| arn.rsplit('/').next()).map(Id::new);
    Ok(Some(Job {
        status: live.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        percent: live.percent_done.filter(|percent| !percent.is_empty()),
        message: live.status_message.filter(|message| !message.is_empty()),
        made,
    }))
}
