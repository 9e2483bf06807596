//! The end of a database: deleted once, with one last snapshot.

use aws_sdk_rds::types::DbInstance as Live;
use sha2::{Digest, Sha256};

use super::calls::DELETE;
use super::keys::{DELETES_BACKUPS, FINAL_SNAPSHOT, IDENTIFIER};
use super::{STATUSES, live};
use crate::aws::kinds::tags;
use crate::aws::{Aws, aws_error};
use crate::engine::cloud::{self, CloudError, Outcome};
use crate::engine::document::Document;
use crate::engine::resource::{Condition, Deletion, Id, Owner};

/// Asks RDS to delete the database with this resource id. Gone, or going already, is success.
pub(super) async fn delete(aws: &Aws, deletion: cloud::Deletion<'_>) -> Result<(), CloudError> {
    let cloud::Deletion { id, recorded, owner, last_snapshot } = deletion;
    let Some(live) = staying(aws, id, recorded, owner).await? else { return Ok(()) };
    let identifier = live.db_instance_identifier.as_deref().unwrap_or_default();
    let name = match last_snapshot {
        Some(name) => Some(name.to_owned()),
        // Without a word about it the safe answer.
        None if FINAL_SNAPSHOT.of(recorded).unwrap_or(true) => Some(snapshot_name(identifier, id.as_str())),
        None => None,
    };
    ask(aws, id, identifier, name, keeps_backups(&live, Some(recorded))).await
}

/// Asks RDS to delete a read replica, of which it takes no last snapshot ("FinalDBSnapshotIdentifier can not be specified when deleting a
/// replica instance"). One that is none any more has data of its own, and is left alone.
pub(super) async fn delete_replica(aws: &Aws, deletion: cloud::Deletion<'_>) -> Result<(), CloudError> {
    let cloud::Deletion { id, recorded, owner, last_snapshot: _ } = deletion;
    let Some(live) = staying(aws, id, recorded, owner).await? else { return Ok(()) };
    let identifier = live.db_instance_identifier.as_deref().unwrap_or_default();
    if live.read_replica_source_db_instance_identifier.is_none() {
        let message = format!("{identifier} is no read replica any more, and is left alone");
        return Err(CloudError::refused(DELETE, "NoReplica", message));
    }
    ask(aws, id, identifier, None, false).await
}

/// The database with this resource id, which is the owner's, unless it is gone or going.
async fn staying(aws: &Aws, id: &Id, recorded: &Document, owner: &Owner) -> Result<Option<Live>, CloudError> {
    let identifier = IDENTIFIER.text(recorded).unwrap_or_default();
    // DeleteDBInstance knows identifiers alone, and by now another database may have this one's.
    let live = match live::describe_one(aws, id).await? {
        Some(live) => Some(live),
        // One read that finds nothing is not enough to let go of a database.
        None => live::describe_named(aws, identifier)
            .await?
            .filter(|live| live.dbi_resource_id.as_deref() == Some(id.as_str())),
    };
    let Some(live) = live.filter(|live| !is_going(live)) else { return Ok(None) };
    let ownership = live::ownership(&live);
    let identifier = live.db_instance_identifier.as_deref().unwrap_or_default();
    tags::refuse_others(DELETE, identifier, &ownership, owner)?;
    Ok(Some(live))
}

async fn ask(
    aws: &Aws,
    id: &Id,
    identifier: &str,
    name: Option<String>,
    keeps_backups: bool,
) -> Result<(), CloudError> {
    let delete = aws
        .write
        .rds
        .delete_db_instance()
        .skip_final_snapshot(name.is_none())
        .set_delete_automated_backups(keeps_backups.then_some(false))
        .set_final_db_snapshot_identifier(name)
        .db_instance_identifier(identifier);
    match delete.send().await.map_err(aws_error(DELETE)) {
        Ok(_) => Ok(()),
        Err(error) if error.outcome == Outcome::NotFound => Ok(()),
        // An earlier call whose answer was lost explains a refusal as well: InvalidDBInstanceState, DBSnapshotAlreadyExists.
        Err(error) => match live::describe_one(aws, id).await? {
            None => Ok(()),
            Some(live) if is_going(&live) => Ok(()),
            Some(_) => Err(error),
        },
    }
}

fn is_going(live: &Live) -> bool {
    Condition::of(STATUSES, live.db_instance_status.as_deref().unwrap_or_default()).is_leaving()
}

/// True if the automated backups outlive the database: as the author wrote, or where RDS takes no last snapshot and the database
/// does not come back by itself. Then its data is in them alone.
pub(super) fn keeps_backups(live: &Live, recorded: Option<&Document>) -> bool {
    let status = live.db_instance_status.as_deref().unwrap_or_default();
    let stuck = Condition::of(STATUSES, status).stuck();
    recorded.and_then(|recorded| DELETES_BACKUPS.of(recorded)) == Some(false)
        || stuck.is_some_and(|row| row.deletion == Deletion::WithoutSnapshot)
}

/// The name of the last snapshot: the same for the same database, so that a repeated delete does not make two. RDS never
/// gives a resource id twice, so that a database that is made anew under the same name has another one.
pub fn snapshot_name(identifier: &str, id: &str) -> String {
    let digest = Sha256::digest(id);
    let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{identifier}-final-{short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_snapshot_is_named_after_the_one_database() {
        let name = snapshot_name("gitlab-pgsql", "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        assert_eq!(name, snapshot_name("gitlab-pgsql", "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        assert_ne!(name, snapshot_name("gitlab-pgsql", "db-ZYXWVUTSRQPONMLKJIHGFEDCBA"));
        let suffix = name.strip_prefix("gitlab-pgsql-final-").expect("the identifier comes first");
        assert!(suffix.len() == 8 && suffix.chars().all(|c| c.is_ascii_hexdigit()), "{name}");
    }
}
