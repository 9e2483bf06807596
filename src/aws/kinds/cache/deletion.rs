//! The end of a cache: deleted once, with one last snapshot.

use sha2::{Digest, Sha256};

use super::calls::DELETE;
use super::keys::FINAL_SNAPSHOT;
use super::live::{self, Live};
use super::status::STATUSES;
use crate::aws::kinds::tags;
use crate::aws::{Aws, aws_error};
use crate::engine::cloud::{self, CloudError, Outcome};
use crate::engine::resource::{Condition, Deletion};

/// The most snapshots of one name that are tried, numbered, where earlier deletions took theirs and were not carried out.
const MOST_NAMES: u32 = 9;

/// Asks ElastiCache to delete the cache. Gone, or going already, is success.
pub(super) async fn delete(aws: &Aws, deletion: cloud::Deletion<'_>) -> Result<(), CloudError> {
    let cloud::Deletion { id, recorded, owner, last_snapshot } = deletion;
    let Some(live) = live::one(aws, id.as_str()).await? else { return Ok(()) };
    if is_going(&live) {
        return Ok(());
    }
    tags::refuse_others(DELETE, id.as_str(), &live.ownership(), owner)?;
    let without = stuck_without_snapshot(&live) || FINAL_SNAPSHOT.of(recorded) == Some(false);
    let name = (!without).then(|| last_snapshot.map_or_else(|| snapshot_name(&live), str::to_owned));
    let mut number = 1;
    loop {
        let name = match (&name, number) {
            (Some(name), 1) => Some(name.clone()),
            (Some(name), number) => Some(format!("{name}-{number}")),
            (None, _) => None,
        };
        let call = aws.write.elasticache.delete_replication_group().replication_group_id(id.as_str());
        let call = call.set_final_snapshot_identifier(name.clone());
        match call.send().await.map_err(aws_error(DELETE)) {
            Ok(_) => return Ok(()),
            Err(error) if error.outcome == Outcome::NotFound => return Ok(()),
            // An earlier deletion took that name: it was carried out and its answer was lost, or it was not.
            Err(error) => match live::one(aws, id.as_str()).await? {
                None => return Ok(()),
                Some(live) if is_going(&live) => return Ok(()),
                Some(_) if is_taken(&error) && name.is_some() && number < MOST_NAMES => number += 1,
                Some(_) => return Err(error),
            },
        }
    }
}

fn is_taken(error: &CloudError) -> bool {
    error.code == "SnapshotAlreadyExistsFault"
}

fn is_going(live: &Live) -> bool {
    Condition::of(STATUSES, live.group.status().unwrap_or_default()).is_leaving()
}

fn stuck_without_snapshot(live: &Live) -> bool {
    let condition = Condition::of(STATUSES, live.group.status().unwrap_or_default());
    condition.stuck().is_some_and(|row| row.deletion == Deletion::WithoutSnapshot)
}

/// The name of the last snapshot: the same for the same cache, so that a repeated delete does not make two, and another one for a cache that
/// is made anew under the same name.
pub(super) fn snapshot_name(live: &Live) -> String {
    let made = live.group.replication_group_create_time().map(|made| made.secs()).unwrap_or_default();
    let digest = Sha256::digest(format!("{}/{made}", live.arn()));
    format!("{}-final-{}", live.id(), hex::encode(&digest[..4]))
}
