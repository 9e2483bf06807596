//! Replications of a file system that is to be deleted.

use aws_sdk_efs::types::{ReplicationConfigurationDescription, ReplicationStatus};

use super::Going;
use crate::aws::checks::finding::{Verdict, in_time};
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;

pub(super) const DESCRIBE: Call = Call::read("elasticfilesystem:DescribeReplicationConfigurations");

/// The replications that the file system is source or destination of (ReplicationNotFound: none).
pub(super) async fn ask(
    aws: &Aws,
    going: &Going,
) -> Result<Vec<ReplicationConfigurationDescription>, CloudError> {
    let describe = aws.read.efs.describe_replication_configurations().file_system_id(going.id.as_str());
    let pages = describe.into_paginator().items().send();
    let all = async { absent_is_none(pages.try_collect().await.map_err(aws_error(DESCRIBE))) };
    Ok(in_time(DESCRIBE, all).await?.unwrap_or_default())
}

/// EFS deletes no file system that is in one ("You cannot delete a file system that is part of an EFS replication
/// configuration", DeleteFileSystem, EFS API reference), and its mount targets would be gone by then.
pub(super) fn judge(
    replications: &Result<Vec<ReplicationConfigurationDescription>, CloudError>,
    going: &Going,
) -> Vec<Verdict> {
    match replications {
        Ok(replications) => replications.iter().map(|one| held(one, going)).collect(),
        Err(error) => vec![Verdict::not_checked("replications", error)],
    }
}

fn held(replication: &ReplicationConfigurationDescription, going: &Going) -> Verdict {
    let (id, source) = (going.id.as_str(), &replication.source_file_system_id);
    let destination = replication.destinations.first();
    let region = &replication.source_file_system_region;
    let other = match destination {
        Some(there) if source == id => format!("to {} in {}", there.file_system_id, there.region),
        _ => format!("from {source} in {region}"),
    };
    if destination.is_some_and(|there| there.status == ReplicationStatus::Deleting) {
        return Verdict::error(format!("{id} is replicated {other}, and that replication is being deleted"))
            .hint("wait until it is gone, then run the same command again");
    }
    Verdict::error(format!("{id} is replicated {other}, and EFS deletes no file system that is in a replication"))
        .hint(format!(
            "aws efs delete-replication-configuration --source-file-system-id {source} --region {region}, which makes the \
             other side writeable; when it is gone, run the same command again"
        ))
}
