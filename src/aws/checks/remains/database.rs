//! The snapshots and automated backups of a database that was deleted. Both are found by its resource id alone: its name may
//! be another database's by now.

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbInstanceAutomatedBackup, DbSnapshot};
use futures_util::future::join;

use super::{AGAIN, Place, Remains};
use crate::aws::checks::finding::in_time;
use crate::aws::kinds::db_instance::restore;
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::{Id, Object};
use crate::engine::state::Lost;

pub(in crate::aws::checks) const SNAPSHOTS: Call = Call::read("rds:DescribeDBSnapshots");
pub(super) const BACKUPS: Call = Call::read("rds:DescribeDBInstanceAutomatedBackups");

/// All snapshots of one database, by hand and by RDS.
pub(in crate::aws::checks) async fn snapshots(
    aws: &Aws,
    resource: &str,
) -> Result<Vec<DbSnapshot>, CloudError> {
    let describe = aws.read.rds.describe_db_snapshots().dbi_resource_id(resource);
    let pages = describe.into_paginator().items().send();
    let all = async { absent_is_none(pages.try_collect().await.map_err(aws_error(SNAPSHOTS))) };
    Ok(in_time(SNAPSHOTS, all).await?.unwrap_or_default())
}

async fn backups(aws: &Aws, resource: &str) -> Result<Vec<DbInstanceAutomatedBackup>, CloudError> {
    let describe = aws.read.rds.describe_db_instance_automated_backups().dbi_resource_id(resource);
    let pages = describe.into_paginator().items().send();
    let all = async { absent_is_none(pages.try_collect().await.map_err(aws_error(BACKUPS))) };
    Ok(in_time(BACKUPS, all).await?.unwrap_or_default())
}

pub(super) async fn remains(
    aws: &Aws,
    region: &str,
    address: &Address,
    lost: &Lost,
    place: &Place,
) -> Remains {
    let resource = lost.id.to_string();
    let (snapshots, backups) = join(snapshots(aws, &resource), backups(aws, &resource)).await;
    judge(address, &resource, region, place, snapshots, backups)
}

/// The newest moment of which there is something.
enum Newest<'a> {
    Snapshot(&'a DbSnapshot),
    /// Automated backups, up to this time.
    Backups(&'a DateTime),
}

fn judge(
    address: &Address,
    resource: &str,
    region: &str,
    place: &Place,
    snapshots: Result<Vec<DbSnapshot>, CloudError>,
    backups: Result<Vec<DbInstanceAutomatedBackup>, CloudError>,
) -> Remains {
    let unread: Vec<String> = [snapshots.as_ref().err(), backups.as_ref().err()]
        .into_iter()
        .flatten()
        .map(|error| format!("{}: {}", error.operation, error.code))
        .collect();
    let (snapshots, backups) = (snapshots.unwrap_or_default(), backups.unwrap_or_default());
    // Those of a database that is still there say nothing of what its deletion keeps.
    // `retained` are those whose database was deleted (DBInstanceAutomatedBackup, RDS API reference).
    let (kept, undecided): (Vec<_>, Vec<_>) =
        backups.iter().partition(|one| one.status() == Some("retained"));
    let outlives = |one: &&DbSnapshot| one.snapshot_type() != Some("automated") || undecided.is_empty();
    let latest = kept.into_iter().filter_map(|one| one.restore_window()?.latest_time());
    // A failed one restores to nothing.
    let kept =
        snapshots.iter().filter(|one| matches!(one.status(), Some("available" | "creating" | "copying")));
    let kept = kept.filter(outlives);
    let of_snapshots = kept.map(|one| (seconds(one.snapshot_create_time()), Newest::Snapshot(one)));
    let of_backups = latest.map(|time| (seconds(Some(time)), Newest::Backups(time)));
    let newest = of_snapshots.chain(of_backups).max_by_key(|(time, _)| *time).map(|(_, newest)| newest);
    let mut left = match &newest {
        Some(Newest::Snapshot(one)) => {
            let name = one.db_snapshot_identifier().unwrap_or_default();
            let unfinished =
                if one.status() == Some("available") { "" } else { ", which is still being made" };
            let time =
                one.snapshot_create_time().map(|time| format!(" of {}", shown(time))).unwrap_or_default();
            format!("the newest backup of it is the snapshot {name}{time}{unfinished}")
        }
        Some(Newest::Backups(time)) => {
            format!("its automated backups are kept for now, and restore it as it was until {}", shown(time))
        }
        None if !undecided.is_empty() => {
            "no snapshot of it is kept, and its automated backups go with it unless its deletion keeps them"
                .to_owned()
        }
        None if unread.is_empty() => "RDS has no snapshot of it and keeps no automated backup".to_owned(),
        None => "no backup of it is known".to_owned(),
    };
    if !unread.is_empty() {
        left += &format!(" (not all could be read: {})", unread.join(", "));
    }
    let restore = newest.map(|newest| again(address, resource, region, place, &newest));
    Remains { left, restore }
}

/// The way to the data of the newest backup, in a database of the shape that the stack describes.
fn again(address: &Address, resource: &str, region: &str, place: &Place, newest: &Newest<'_>) -> Way {
    if !place.missing.is_empty() {
        let first = Remedy::Make { addresses: place.missing.clone() };
        let again = Remedy::by_hand("run the same command again, which says how to restore it");
        return Way::to(AGAIN, [first, again]);
    }
    let (id, outputs) = (Id::new(resource), Document::new());
    let object = Object { address, id: &id, region, inputs: &place.inputs, outputs: &outputs };
    let identifier = object.text("identifier");
    let from = match newest {
        Newest::Snapshot(one) => [
            "restore-db-instance-from-db-snapshot",
            "--db-snapshot-identifier",
            one.db_snapshot_identifier().unwrap_or_default(),
            "--db-instance-identifier",
            identifier,
        ],
        Newest::Backups(_) => [
            "restore-db-instance-to-point-in-time",
            "--source-dbi-resource-id",
            resource,
            "--target-db-instance-identifier",
            identifier,
        ],
    };
    let options = restore::options(&object);
    let latest = matches!(newest, Newest::Backups(_)).then_some("--use-latest-restorable-time");
    let protection =
        if object.flag("deletion_protection") { "--deletion-protection" } else { "--no-deletion-protection" };
    let words = std::iter::once("rds").chain(from).chain(latest).chain(options.iter().map(String::as_str));
    let words = words.chain([protection, "--region", region]);
    let import = Remedy::Import { address: address.clone(), id: identifier.to_owned() };
    Way::to(AGAIN, [Remedy::aws(words), Remedy::aws(restore::wait(identifier, region)), import])
}

fn seconds(time: Option<&DateTime>) -> i64 {
    time.map_or(i64::MIN, DateTime::secs)
}

/// `2026-11-21 04:12 UTC`.
fn shown(time: &DateTime) -> String {
    jiff::Timestamp::from_second(time.secs())
        .map_or_else(|_| "an unknown time".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
