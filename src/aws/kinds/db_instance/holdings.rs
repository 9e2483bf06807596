//! The data of a database, and what is left of it when the database is deleted.

use aws_sdk_rds::types::DbInstance as Live;

use super::deletion::{keeps_backups, snapshot_name};
use crate::engine::document::Document;
use crate::engine::resource::{Holdings, Remark};

const GIB: u64 = 1 << 30;

/// The account of the data, and what stands against a last snapshot.
pub(super) fn remarks(live: &Live, recorded: Option<&Document>) -> impl Iterator<Item = Remark> + use<> {
    std::iter::once(Remark::Holds(holdings(live, recorded))).chain(no_last_snapshot(live))
}

fn in_days(days: i32) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

fn holdings(live: &Live, recorded: Option<&Document>) -> Holdings {
    let identifier = live.db_instance_identifier.as_deref().unwrap_or_default();
    let resource = live.dbi_resource_id.as_deref().unwrap_or_default();
    let size = live.allocated_storage.and_then(|gib| u64::try_from(gib).ok());
    let mut notes = Vec::new();
    notes.push(
        match (&live.aws_backup_recovery_point_arn, live.backup_retention_period.unwrap_or_default()) {
            (Some(_), _) => "AWS Backup keeps its backups until they expire".to_owned(),
            (None, 0) => "it has no automated backups".to_owned(),
            (None, days) if keeps_backups(live, recorded) => {
                format!(
                    "its automated backups of {} are kept, and restore it until they expire",
                    in_days(days)
                )
            }
            // DeleteAutomatedBackups is true unless it is sent (DeleteDBInstance, RDS API reference).
            (None, days) => format!("its automated backups of {} are deleted with it", in_days(days)),
        },
    );
    if live.master_user_secret.is_some() {
        notes.push("the secret with its password is deleted with it".to_owned());
    }
    Holdings {
        size_bytes: size.map(|gib| gib * GIB),
        final_snapshot: Some(snapshot_name(identifier, resource)),
        notes,
    }
}

/// RDS takes no last snapshot of a read replica ("FinalDBSnapshotIdentifier can not be specified when deleting a replica
/// instance"; DeleteDBInstance, SkipFinalSnapshot, RDS API reference). What the status rules out is in the table of statuses.
fn no_last_snapshot(live: &Live) -> Option<Remark> {
    live.read_replica_source_db_instance_identifier.is_some().then(|| Remark::NoLastSnapshot {
        why: "RDS takes no last snapshot of a read replica".to_owned(),
        remedy: "write `final_snapshot: false` into the stack file, then: provision apply; after that run the same command \
                 again"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(status: &str) -> aws_sdk_rds::types::builders::DbInstanceBuilder {
        Live::builder()
            .db_instance_identifier("db")
            .dbi_resource_id("db-A")
            .db_instance_status(status)
            .allocated_storage(50)
            .backup_retention_period(7)
    }

    #[test]
    fn the_account_says_how_much_there_is_and_what_stays() {
        let plain = holdings(&live("available").build(), None);
        assert_eq!(plain.size_bytes, Some(50 * GIB));
        assert_eq!(plain.notes, ["its automated backups of 7 days are deleted with it"]);
        assert_eq!(plain.final_snapshot, Some(snapshot_name("db", "db-A")));
        let lost = holdings(&live("failed").build(), None);
        assert_eq!(
            lost.notes,
            ["its automated backups of 7 days are kept, and restore it until they expire"]
        );
        let keep = Document::from_iter([("delete_automated_backups".to_owned(), false.into())]);
        assert_eq!(holdings(&live("available").build(), Some(&keep)).notes, lost.notes);
        let off = holdings(&live("available").backup_retention_period(0).build(), None);
        assert_eq!(off.notes, ["it has no automated backups"]);
        let source = live("available").aws_backup_recovery_point_arn("arn:x").build();
        assert_eq!(holdings(&source, None).notes, ["AWS Backup keeps its backups until they expire"]);
    }

    #[test]
    fn a_last_snapshot_is_ruled_out_for_a_read_replica() {
        assert!(no_last_snapshot(&live("available").build()).is_none());
        let replica = live("available").read_replica_source_db_instance_identifier("db").build();
        assert!(no_last_snapshot(&replica).is_some());
    }
}
