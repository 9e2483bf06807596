//! A backup as RDS shows it: a snapshot, or a database with automated backups.

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbInstance, DbSnapshot};
use jiff::{SignedDuration, Timestamp};

use crate::aws::checks::finding::{Verdict, in_time};
use crate::aws::checks::remains::database::SNAPSHOTS;
use crate::aws::kinds::db_instance::origin::Origin;
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;

const DATABASES: Call = Call::read("rds:DescribeDBInstances");

pub(super) const CALLS: &[Call] = &[SNAPSHOTS, DATABASES];

/// The facts of a backup, which a database that is made from it has too.
#[derive(Clone, Debug)]
pub(super) struct Backup {
    pub engine: String,
    pub version: String,
    /// In GiB.
    pub size: i32,
    pub is_encrypted: bool,
    pub key: Option<String>,
    pub username: Option<String>,
    /// The name of its first database; a snapshot does not show it.
    pub database: Shown,
    /// True for a snapshot of another account.
    pub is_of_others: bool,
    /// The id of the database with which it goes.
    pub goes_with: Option<String>,
    pub kind: Kind,
}

/// A value that RDS shows of some backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Not,
    /// The value, or that there is none.
    As(Option<String>),
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Snapshot {
        status: String,
        made: Option<Timestamp>,
    },
    Database {
        status: String,
        made: Option<Timestamp>,
        /// In days; 0 without automated backups.
        retention: i32,
        latest: Option<Timestamp>,
    },
}

/// `the snapshot before`, `the database records`.
pub(super) fn name(origin: &Origin) -> String {
    match origin {
        Origin::Snapshot { snapshot } => format!("the snapshot {snapshot}"),
        Origin::Time { source, .. } => format!("the database {source}"),
    }
}

/// Reads the backup, if it is there.
pub(super) async fn find(aws: &Aws, origin: &Origin) -> Result<Option<Backup>, CloudError> {
    match origin {
        Origin::Snapshot { snapshot } => in_time(SNAPSHOTS, snapshot_named(aws, snapshot)).await,
        Origin::Time { source, .. } => in_time(DATABASES, database_named(aws, source)).await,
    }
}

async fn snapshot_named(aws: &Aws, name: &str) -> Result<Option<Backup>, CloudError> {
    // "If this identifier is for an automated snapshot, the SnapshotType parameter must also be specified" (DescribeDBSnapshots).
    let (is_arn, own) = (name.starts_with("arn:"), name.rsplit(":snapshot:").next().unwrap_or_default());
    let kind = own.split_once(':').map(|(service, _)| if service == "rds" { "automated" } else { service });
    let describe = aws.read.rds.describe_db_snapshots().db_snapshot_identifier(name);
    let describe = describe.set_snapshot_type(kind.map(str::to_owned));
    // "you can include shared snapshots with these results" (DescribeDBSnapshots, IncludeShared): one has an ARN here.
    let others = (is_arn && kind.is_none()).then_some(true);
    let describe = describe.set_include_shared(others).set_include_public(others);
    let answer = absent_is_none(describe.send().await.map_err(aws_error(SNAPSHOTS)))?;
    Ok(answer.and_then(|answer| answer.db_snapshots?.pop()).map(Backup::of_snapshot))
}

async fn database_named(aws: &Aws, identifier: &str) -> Result<Option<Backup>, CloudError> {
    let describe = aws.read.rds.describe_db_instances().db_instance_identifier(identifier);
    let answer = absent_is_none(describe.send().await.map_err(aws_error(DATABASES)))?;
    Ok(answer.and_then(|answer| answer.db_instances?.pop()).map(Backup::of_database))
}

fn moment(time: Option<&DateTime>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::from_second(time.secs()).ok())
}

fn shown(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The verdict on a backup that is not there.
pub(super) fn missing(origin: &Origin) -> Verdict {
    let name = name(origin);
    let message = format!("there is no {} in this account and region", name.trim_start_matches("the "));
    Verdict::error(message).hint(match origin {
        Origin::Snapshot { .. } => {
            "write the name of one that is there; to see them: aws rds describe-db-snapshots; one of another account or region is \
             copied first, by its ARN and under a name of your choice for the copy: aws rds copy-db-snapshot --source-db-snapshot-identifier SNAPSHOT-ARN --target-db-snapshot-identifier \
             NAME"
        }
        Origin::Time { .. } => {
            "write the identifier of one that is there; to see them: aws rds describe-db-instances; of one that is gone a snapshot \
             may be left; to see them: aws rds describe-db-snapshots"
        }
    })
}

/// The words on an encrypted snapshot of another account. No page of the API forbids to restore it, and RDS needs its key.
pub(super) fn shared(backup: &Backup, origin: &Origin) -> Option<Verdict> {
    let Origin::Snapshot { snapshot } = origin else { return None };
    let plain = snapshot.rsplit(':').next().unwrap_or_default();
    (backup.is_of_others && backup.is_encrypted).then(|| {
        Verdict::warning(format!(
            "{snapshot} is encrypted and of another account: RDS restores it only where it may use that account's key, if at all"
        ))
        .hint(format!(
            "copy it with a key of your own, and name the copy: aws rds copy-db-snapshot --source-db-snapshot-identifier {snapshot} \
             --target-db-snapshot-identifier {plain} --kms-key-id KEY"
        ))
    })
}

/// The verdict on a backup that the plan itself deletes, with the database of this address.
pub(super) fn goes(origin: &Origin, of: &Address) -> Verdict {
    match origin {
        Origin::Snapshot { snapshot } => {
            let (_, plain) = snapshot.split_once(':').unwrap_or(("", snapshot));
            Verdict::error(format!(
                "the snapshot {snapshot} is one of RDS's own, and goes with {of}, which this plan deletes"
            ))
            .hint(format!(
                "copy it, and name the copy: aws rds copy-db-snapshot --source-db-snapshot-identifier {snapshot} \
                 --target-db-snapshot-identifier {plain}-kept"
            ))
        }
        Origin::Time { source, .. } => Verdict::error(format!(
            "the database {source} is {of}, which this plan deletes: nothing would be left to restore"
        ))
        .hint(format!(
            "make a snapshot of it, and name that: aws rds create-db-snapshot --db-instance-identifier {source} \
             --db-snapshot-identifier {source}-kept"
        )),
    }
}

impl Backup {
    fn of_snapshot(shown: DbSnapshot) -> Self {
        let is_automated = shown.snapshot_type() == Some("automated");
        let is_of_others = matches!(shown.snapshot_type(), Some("shared" | "public"));
        Self {
            kind: Kind::Snapshot {
                made: moment(shown.snapshot_create_time()),
                status: shown.status.unwrap_or_default(),
            },
            engine: shown.engine.unwrap_or_default(),
            version: shown.engine_version.unwrap_or_default(),
            size: shown.allocated_storage.unwrap_or_default(),
            is_encrypted: shown.encrypted == Some(true),
            key: shown.kms_key_id,
            username: shown.master_username,
            database: Shown::Not,
            is_of_others,
            goes_with: shown.dbi_resource_id.filter(|_| is_automated),
        }
    }

    fn of_database(shown: DbInstance) -> Self {
        Self {
            kind: Kind::Database {
                made: moment(shown.instance_create_time()),
                latest: moment(shown.latest_restorable_time()),
                retention: shown.backup_retention_period.unwrap_or_default(),
                status: shown.db_instance_status.unwrap_or_default(),
            },
            engine: shown.engine.unwrap_or_default(),
            version: shown.engine_version.unwrap_or_default(),
            size: shown.allocated_storage.unwrap_or_default(),
            is_encrypted: shown.storage_encrypted == Some(true),
            key: shown.kms_key_id,
            username: shown.master_username,
            database: Shown::As(shown.db_name),
            is_of_others: false,
            goes_with: shown.dbi_resource_id,
        }
    }

    /// ` of 2026-11-21T04:12:00Z (PostgreSQL 16.4, 50 GiB)`
    pub(super) fn in_words(&self) -> String {
        let made = match &self.kind {
            Kind::Snapshot { made, .. } => made.map(|made| format!(" of {}", shown(made))),
            Kind::Database { .. } => None,
        };
        let Self { version, size, .. } = self;
        format!("{} (PostgreSQL {version}, {size} GiB)", made.unwrap_or_default())
    }

    /// Why RDS would not restore it now.
    pub(super) fn unusable(&self, origin: &Origin, now: Timestamp) -> Option<Verdict> {
        match (&self.kind, origin) {
            (Kind::Snapshot { status, .. }, Origin::Snapshot { snapshot }) => unfinished(snapshot, status),
            (Kind::Database { status, made, retention, latest }, Origin::Time { source, time }) => {
                let window = Window { made: *made, retention: *retention, latest: *latest };
                unrestorable(source, status, &window, Origin::moment(time), now)
            }
            _ => None,
        }
    }
}

/// A snapshot is restorable in one status alone (InvalidDBSnapshotState, RDS API reference).
fn unfinished(name: &str, status: &str) -> Option<Verdict> {
    let wait = || {
        format!(
            "wait until it is available: aws rds wait db-snapshot-available --db-snapshot-identifier {name}"
        )
    };
    match status {
        "available" => None,
        "creating" | "copying" => {
            Some(Verdict::error(format!("the snapshot {name} is still being made ({status})")).hint(wait()))
        }
        _ => Some(
            Verdict::error(format!("the snapshot {name} cannot be restored: it is {status}"))
                .hint("write the name of another one; to see them: aws rds describe-db-snapshots"),
        ),
    }
}

/// The time that the automated backups of a database reach.
struct Window {
    made: Option<Timestamp>,
    retention: i32,
    latest: Option<Timestamp>,
}

const SNAPSHOT_INSTEAD: &str =
    "restore a snapshot: `restore_from: { snapshot: NAME }`; to see them: aws rds describe-db-snapshots";

/// "You can restore a DB instance to any point in time within your backup retention period" ("Restoring a DB instance to a specified
/// time", RDS User Guide); the last moments are not there yet (LatestRestorableTime).
fn unrestorable(
    source: &str,
    status: &str,
    window: &Window,
    moment: Option<Timestamp>,
    now: Timestamp,
) -> Option<Verdict> {
    if window.retention == 0 {
        let message =
            format!("the database {source} has no automated backups: `backup_retention_period` is 0");
        return Some(Verdict::error(message).hint(SNAPSHOT_INSTEAD));
    }
    let Some(latest) = window.latest else {
        let message = format!("the database {source} has no automated backup yet (it is {status})");
        let wait = format!("aws rds wait db-instance-available --db-instance-identifier {source}");
        return Some(Verdict::error(message).hint(format!("wait for its first one: {wait}")));
    };
    let moment = moment?;
    let kept = now - SignedDuration::from_hours(24 * i64::from(window.retention));
    let earliest = window.made.map_or(kept, |made| made.max(kept));
    let outside = |why: String| {
        let (from, to) = (shown(earliest), shown(latest));
        let hint = format!("write a time from {from} to {to}, or `time: latest`");
        Some(
            Verdict::error(format!("the database {source} cannot be restored to {}: {why}", shown(moment)))
                .hint(hint),
        )
    };
    if moment > latest {
        outside(format!("its backups reach to {}", shown(latest)))
    } else if moment < earliest {
        outside(format!("its backups begin at {}", shown(earliest)))
    } else {
        None
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::plan::Level;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    /// A snapshot as AWS shows one.
    pub(in super::super) fn snapshot() -> Backup {
        let shown = DbSnapshot::builder()
            .engine("postgres")
            .engine_version("16.4")
            .allocated_storage(50)
            .encrypted(true)
            .kms_key_id("arn:aws:kms:eu-west-1:123456789012:key/1")
            .master_username("gitlab")
            .status("available")
            .snapshot_create_time(DateTime::from_secs(time("2026-11-21T04:12:00Z").as_second()));
        Backup::of_snapshot(shown.build())
    }

    #[test]
    fn a_snapshot_is_restored_when_it_is_available() {
        for (status, word) in [
            ("available", None),
            ("creating", Some("wait db-snapshot-available --db-snapshot-identifier before")),
            ("copying", Some("wait db-snapshot-available")),
            ("failed", Some("another one")),
        ] {
            let hint = unfinished("before", status).and_then(|verdict| verdict.hint);
            assert_eq!(hint.is_some(), word.is_some(), "{status}");
            assert!(hint.unwrap_or_default().contains(word.unwrap_or_default()), "{status}");
        }
    }

    #[test]
    fn a_time_lies_between_the_first_and_the_last_moment_of_the_backups() {
        let now = time("2026-11-28T12:00:00Z");
        let window = |retention: i32, latest: Option<&str>| Window {
            made: Some(time("2026-11-01T00:00:00Z")),
            retention,
            latest: latest.map(time),
        };
        let backed_up = |days: i32| window(days, Some("2026-11-28T11:55:00Z"));
        for (window, moment, word) in [
            (backed_up(7), None, None),
            (backed_up(7), Some("2026-11-28T11:55:00Z"), None),
            (backed_up(7), Some("2026-11-28T11:55:01Z"), Some("reach to 2026-11-28T11:55:00Z")),
            (backed_up(7), Some("2026-11-21T12:00:00Z"), None),
            (backed_up(7), Some("2026-11-21T11:59:59Z"), Some("begin at 2026-11-21T12:00:00Z")),
            (backed_up(35), Some("2026-10-31T23:59:59Z"), Some("begin at 2026-11-01T00:00:00Z")),
            (window(0, None), None, Some("no automated backups")),
            (window(7, None), None, Some("no automated backup yet")),
        ] {
            let found = unrestorable("records", "available", &window, moment.map(time), now);
            let said = found.as_ref().map(|verdict| verdict.message.as_str()).unwrap_or_default();
            assert_eq!(found.is_some(), word.is_some(), "{said}");
            assert!(said.contains(word.unwrap_or_default()), "{said}");
            assert!(found.is_none_or(|verdict| verdict.level == Level::Error && verdict.hint.is_some()));
        }
    }

    #[test]
    fn a_backup_is_described_by_its_time_version_and_size() {
        assert_eq!(snapshot().in_words(), " of 2026-11-21T04:12:00Z (PostgreSQL 16.4, 50 GiB)");
    }
}
