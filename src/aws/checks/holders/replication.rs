//! Replications of a file system that is to be deleted.

use aws_sdk_efs::types::{ReplicationConfigurationDescription, ReplicationStatus};

use super::{Going, Leaving};
use crate::aws::Aws;
use crate::aws::checks::finding::{Verdict, in_time};
use crate::aws::efs::{self, REPLICATIONS};
use crate::aws::kinds::efs_replication;
use crate::engine::cloud::CloudError;

/// The replications that the file system is source or destination of.
pub(super) async fn ask(
    aws: &Aws,
    going: &Going,
) -> Result<Vec<ReplicationConfigurationDescription>, CloudError> {
    in_time(REPLICATIONS, efs::replications(aws, going.id.as_str())).await
}

/// EFS deletes no file system that is in one ("You cannot delete a file system that is part of an EFS replication
/// configuration", DeleteFileSystem, EFS API reference), and its mount targets would be gone by then. One of the stack's own is
/// deleted before.
pub(super) fn judge(
    replications: &Result<Vec<ReplicationConfigurationDescription>, CloudError>,
    going: &Going,
    leaving: &Leaving,
) -> Vec<Verdict> {
    let is_ours = |one: &&ReplicationConfigurationDescription| {
        leaving.deletes(efs_replication::id_of(&one.source_file_system_id).as_str())
    };
    match replications {
        Ok(replications) => {
            replications.iter().filter(|one| !is_ours(one)).map(|one| held(one, going)).collect()
        }
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
