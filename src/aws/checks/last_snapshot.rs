//! The last snapshots of databases that are to be deleted: names that are free, and room for them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::DbSnapshot;
use futures_util::future::{join, join_all};

use super::Asked;
use super::finding::Verdict;
use super::quotas::{self, Room};
use super::remains::database::{SNAPSHOTS, snapshots};
use super::scene::Scene;
use crate::aws::Aws;
use crate::aws::kind::Kind;
use crate::aws::kinds::db_instance::{DbInstance, last_snapshot_name};
use crate::engine::address::Address;
use crate::engine::cloud::CloudError;
use crate::engine::plan::{Change, Finding, Level, Plan};
use crate::engine::planner::Sighting;
use crate::engine::resource::Id;

const CHECK: &str = "final-snapshot";

pub(super) const CALLS: &[Asked] = &[(&["aws_db_instance"], &[SNAPSHOTS, quotas::ACCOUNT])];

/// Names for the last snapshots of a plan, and what stands against them.
#[derive(Debug, Default)]
pub struct LastSnapshots {
    /// Other names than the plan has; none where a deletion that is under way has not taken one.
    pub names: BTreeMap<Address, Option<String>>,
    pub findings: Vec<Finding>,
}

impl LastSnapshots {
    /// Gives the snapshots of a plan the names that are free, or that they have already.
    pub fn rename_in(&self, plan: &mut Plan) {
        for change in &mut plan.changes {
            if let (Some(data), Some(name)) = (&mut change.data, self.names.get(&change.address)) {
                data.final_snapshot.clone_from(name);
            }
        }
    }
}

/// The last snapshot of one database.
struct Wanted<'a> {
    address: &'a Address,
    id: &'a Id,
    name: String,
    turn: Turn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The plan deletes the database, which takes it.
    Planned,
    /// An earlier run has deleted it, or is at it: it may have been taken.
    Past,
}

fn wanted<'a>(scene: &Scene<'a>, change: &'a Change) -> Option<Wanted<'a>> {
    let (address, data) = (&change.address, change.data.as_ref()?);
    let record = scene.state.and_then(|state| state.resources.get(address));
    let id = change.id.as_ref().or_else(|| record?.id.as_ref())?;
    let live = scene.sightings.get(address).and_then(Sighting::live).map(|(_, live)| live);
    if address.kind() != DbInstance::KIND {
        None
    } else if live.is_some_and(|live| !live.condition.is_leaving()) {
        let name = data.final_snapshot.clone()?;
        Some(Wanted { address, id, name, turn: Turn::Planned })
    } else {
        let identifier = record?.inputs.get("identifier")?.as_str()?;
        Some(Wanted { address, id, name: last_snapshot_name(identifier, id.as_str()), turn: Turn::Past })
    }
}

/// Looks at what stands against the snapshots that a plan shows. Nothing is asked where it shows none.
pub async fn last_snapshots(aws: &Aws, scene: &Scene<'_>) -> LastSnapshots {
    let wanted: Vec<Wanted<'_>> = scene.changes().filter_map(|change| wanted(scene, change)).collect();
    let planned: Vec<&Wanted<'_>> = wanted.iter().filter(|one| one.turn == Turn::Planned).collect();
    let room = async {
        match planned.is_empty() {
            true => Ok(None),
            false => Box::pin(quotas::manual_snapshots(aws)).await,
        }
    };
    let (taken, room) = join(join_all(wanted.iter().map(|one| snapshots(aws, one.id.as_str()))), room).await;
    let mut found = LastSnapshots::default();
    for (Wanted { address, name, turn, .. }, taken) in wanted.iter().zip(taken) {
        let (other, verdict) = match turn {
            Turn::Planned => {
                let (other, verdict) = judge(name, &taken);
                (other.map(Some), verdict)
            }
            Turn::Past => past(name, &taken),
        };
        found.names.extend(other.map(|other| ((*address).clone(), other)));
        found.findings.extend(verdict.map(|verdict| verdict.of(CHECK, address)));
    }
    if let Some(first) = planned.first() {
        found.findings.extend(of_quota(room, planned.len()).map(|verdict| verdict.of(CHECK, first.address)));
    }
    found
}

/// The snapshot that a deletion has taken: the newest of its name, which is numbered where an earlier one had it.
fn past(
    name: &str,
    taken: &Result<Vec<DbSnapshot>, CloudError>,
) -> (Option<Option<String>>, Option<Verdict>) {
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => return (None, Some(Verdict::not_checked("last snapshots", error))),
    };
    let number = |one: &DbSnapshot| {
        let rest = one.db_snapshot_identifier()?.strip_prefix(name)?;
        if rest.is_empty() { Some(1) } else { rest.strip_prefix('-')?.parse::<u32>().ok() }
    };
    let whole = taken.iter().filter(|one| one.status() != Some("failed"));
    let newest = whole.filter_map(|one| Some((number(one)?, one))).max_by_key(|(number, _)| *number);
    let name = newest.and_then(|(_, one)| one.db_snapshot_identifier()).map(str::to_owned);
    (Some(name), None)
}

/// RDS takes no name twice (DBSnapshotAlreadyExists): an earlier deletion has taken its snapshot, and was not carried out.
fn judge(name: &str, taken: &Result<Vec<DbSnapshot>, CloudError>) -> (Option<String>, Option<Verdict>) {
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
fn of_quota(room: Result<Option<Room>, CloudError>, wanted: usize) -> Option<Verdict> {
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

    #[test]
    fn the_snapshot_of_a_deletion_that_is_over_has_its_name_or_a_numbered_one() {
        let snapshot = |(name, status): &(&str, &str)| {
            DbSnapshot::builder().db_snapshot_identifier(*name).status(*status).build()
        };
        for (taken, expected) in [
            (vec![], None),
            (vec![("db-final-1", "creating")], Some("db-final-1")),
            (vec![("db-final-1", "failed"), ("by-hand", "available")], None),
            (vec![("db-final-1-2", "available"), ("db-final-1", "available")], Some("db-final-1-2")),
            (vec![("db-final-12", "available")], None),
        ] {
            let rows = taken.iter().map(snapshot).collect();
            let (name, verdict) = past("db-final-1", &Ok(rows));
            assert!(verdict.is_none());
            assert_eq!(name.expect("it was looked at").as_deref(), expected, "{taken:?}");
        }
    }
}
