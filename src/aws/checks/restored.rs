//! Checks that a database can be made from the backup that the stack file names: it is there, and what a restore cannot change of it
//! is as declared. Asked only where a database is to be made.

mod backup;
mod facts;

use futures_util::future::join_all;
use serde_json::Value;

use super::finding::Verdict;
use super::prospect::Prospect;
use super::scene::{Doing, Scene};
use super::{Answer, Asked};
use crate::aws::Aws;
use crate::aws::kinds::db_instance::origin::Origin;
use crate::engine::address::Address;
use crate::engine::cloud::CloudError;
use crate::engine::plan::{Action, Finding};
use crate::engine::planner::Sighting;
use backup::Backup;
use facts::Wanted;

const CHECK: &str = "restore-from";
const DATABASE: &str = "aws_db_instance";
const KEY: &str = "kms_key_id";

pub(super) const CALLS: &[Asked] = &[(&[DATABASE], backup::CALLS)];

/// The backups that databases are to be made from.
pub(super) struct Backups(Vec<Restored>);

struct Restored {
    address: Address,
    origin: Origin,
    wanted: Wanted,
    found: Result<Option<Backup>, CloudError>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Backups {
    let new = prospects.iter().filter(|prospect| prospect.is_a(DATABASE) && prospect.is_new);
    let asked = new.filter_map(|prospect| {
        let origin: Origin = serde_json::from_value(prospect.inputs.get("restore_from")?.clone()).ok()?;
        let wanted: Wanted = prospect.typed()?;
        let address = prospect.address.clone();
        Some(async move {
            let found = backup::find(aws, &origin).await;
            Restored { address, origin, wanted, found }
        })
    });
    Backups(join_all(asked).await)
}

impl Answer for Backups {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        self.0.iter().flat_map(|restored| restored.judge(scene)).collect()
    }
}

impl Restored {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let Some(Doing::Making(change)) = scene.doing(&self.address) else { return Vec::new() };
        let name = backup::name(&self.origin);
        let verdicts = match &self.found {
            Err(error) => vec![Verdict::not_checked(&name, error)],
            Ok(None) => vec![backup::missing(&self.origin)],
            Ok(Some(backup)) => {
                // An alias has become the key that it stands for.
                let key = change.fields.iter().find(|field| field.path == KEY);
                let key = key.and_then(|field| field.after.as_ref()).and_then(Value::as_str);
                let wrong: Vec<Verdict> = backup
                    .unusable(&self.origin, scene.now)
                    .into_iter()
                    .chain(going(scene, backup, &self.origin))
                    .chain(facts::wrong(&name, &self.wanted, key, backup))
                    .collect();
                let shared = backup::shared(backup, &self.origin);
                match (wrong.is_empty(), change.action) {
                    (true, _) if shared.is_some() => shared.into_iter().collect(),
                    (false, _) => wrong,
                    (true, Action::Replace) => vec![again(&name, backup, &self.origin)],
                    (true, _) => {
                        vec![Verdict::passed(format!("it is restored from {name}{}", backup.in_words()))]
                    }
                }
            }
        };
        verdicts.into_iter().map(|verdict| verdict.of(CHECK, &self.address)).collect()
    }
}

/// A replacement is no way back to the data of now.
fn again(name: &str, backup: &Backup, origin: &Origin) -> Verdict {
    let since = match origin {
        Origin::Snapshot { .. } => "after that snapshot",
        Origin::Time { .. } => "after that moment",
    };
    Verdict::warning(format!(
        "the new database is restored from {name}{} once more: what the old one has got {since} is not in it",
        backup.in_words()
    ))
    .hint("name a newer backup in `restore_from`, or leave it out for an empty database")
}

/// A backup that goes with a database which this plan deletes.
fn going(scene: &Scene<'_>, backup: &Backup, origin: &Origin) -> Option<Verdict> {
    let id = backup.goes_with.as_deref()?;
    let mut leaving = scene.changes().filter(|change| {
        let live = scene.sightings.get(&change.address).and_then(Sighting::live);
        matches!(change.action, Action::Delete | Action::Replace)
            && change.address.kind() == DATABASE
            && live.is_some_and(|(live, _)| live.as_str() == id)
    });
    leaving.next().map(|change| backup::goes(origin, &change.address))
}
