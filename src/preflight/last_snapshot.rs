//! The last snapshots of databases that are to be deleted: names that are free, and room for them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::DbSnapshot;
use futures_util::future::{join, join_all};

use super::Asked;
use super::finding::Verdict;
use super::quotas::{self, Room};
use super::remains::database::{SNAPSHOTS, snapshots};
use super::scene::Scene;
use crate::address::Address;
use crate::aws::{Aws, AwsError};
use crate::plan::{Finding, Level, Plan};

const CHECK: &str = "final-snapshot";

pub(super) const CALLS: &[Asked] = &[(&["aws_db_instance"], &[SNAPSHOTS, quotas::ACCOUNT])];

/// Names for the last snapshots of a plan, and what stands against them.
#[derive(Debug, Default)]
pub struct LastSnapshots {
    /// Other names than the plan has, where those are taken.
    pub names: BTreeMap<Address, String>,
    pub findings: Vec<Finding>,
}

impl LastSnapshots {
    /// Gives the snapshots of a plan the names that are free.
    pub fn rename_in(&self, plan: &mut Plan) {
        for change in &mut plan.changes {
            if let (Some(data), Some(name)) = (&mut change.data, self.names.get(&change.address)) {
                data.final_snapshot = Some(name.clone());
            }
        }
    }
}

/// Looks at what stands against the snapshots that a plan shows. Nothing is asked where it shows none.
pub async fn last_snapshots(aws: &Aws, scene: &Scene<'_>) -> LastSnapshots {
    let planned: Vec<(&Address, &str, &str)> = scene
        .changes()
        .filter_map(|change| {
            let name = change.data.as_ref()?.final_snapshot.as_deref()?;
            Some((&change.address, change.id.as_ref()?.as_str(), name))
        })
        .collect();
    if planned.is_empty() {
        return LastSnapshots::default();
    }
    let (taken, room) = join(
        join_all(planned.iter().map(|(_, id, _)| snapshots(aws, id))),
        Box::pin(quotas::manual_snapshots(aws)),
    )
    .await;
    let mut found = LastSnapshots::default();
    for ((address, _, name), taken) in planned.iter().zip(taken) {
        let (other, verdict) = judge(name, &taken);
        found.names.extend(other.map(|other| ((*address).clone(), other)));
        found.findings.extend(verdict.map(|verdict| verdict.of(CHECK, address)));
    }
    found.findings.extend(of_quota(room, planned.len()).map(|verdict| verdict.of(CHECK, planned[0].0)));
    found
}

/// RDS takes no name twice (DBSnapshotAlreadyExists): an earlier deletion has taken its snapshot, and was not carried out.
fn judge(name: &str, taken: &Result<Vec<DbSnapshot>, AwsError>) -> (Option<String>, Option<Verdict>) {
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => return (None, Some(Verdict::not_checked("names of snapshots", error))),
    };
    let names: BTreeSet<&str> = taken.iter().filter_map(DbSnapshot::db_snapshot_identifier).collect();
    if !names.contains(name) {
        return (None, None);
    }
    let mut others = (2..).map(|count| format!("{name}-{count}"));
    (others.find(|other| !names.contains(other.as_str())), None)
}

/// Refused when the account has as many as it may (SnapshotQuotaExceeded).
fn of_quota(room: Result<Option<Room>, AwsError>, wanted: usize) -> Option<Verdict> {
    match room {
        Ok(room) => {
            let verdict = room?.verdict(wanted as u64, "manual snapshot", "manual snapshots");
            (verdict.level == Level::Error).then_some(verdict)
        }
        Err(error) => Some(Verdict::not_checked("quota of manual snapshots", &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_an_earlier_deletion_took_is_not_asked_for_again() {
        let snapshot = |name: &str| DbSnapshot::builder().db_snapshot_identifier(name).build();
        let name = "db-final-1";
        for (taken, other) in [
            (vec![], None),
            (vec!["rds:db-2026-11-21"], None),
            (vec![name], Some("db-final-1-2")),
            (vec![name, "db-final-1-2"], Some("db-final-1-3")),
        ] {
            let taken = taken.into_iter().map(snapshot).collect();
            assert_eq!(judge(name, &Ok(taken)).0.as_deref(), other);
        }
    }
}
