//! The backups of a database or file system that was deleted outside of provision: read only where a plan finds one gone or
//! being deleted.

pub(super) mod database;
mod file_system;

use futures_util::future::join_all;

use super::Asked;
use super::scene::Scene;
use crate::address::Address;
use crate::aws::Aws;
use crate::plan::Finding;
use crate::planner::{self, Sighting};
use crate::remedy::{Remedy, Way, hint_of};
use crate::state::Record;

pub(super) const CALLS: &[Asked] = &[(&["aws_db_instance"], &[database::SNAPSHOTS, database::BACKUPS])];

/// The newest backup of the data, and the way back.
struct Remains {
    /// Reads after the finding's own message: `the newest of its snapshots is …`.
    left: String,
    /// The way to an object with the data, up to where it is taken over.
    restore: String,
}

/// The network that a restored database belongs into: the groups that stand now, which may be others than those that the lost one had.
#[derive(Debug, Default)]
struct Place {
    subnet_group: Option<String>,
    security_groups: Vec<String>,
    /// Those that are gone too.
    missing: Vec<Address>,
}

impl Place {
    fn of(scene: &Scene<'_>, record: &Record) -> Self {
        let mut place = Self::default();
        for address in &record.depends_on {
            let is_subnet_group = address.kind() == "aws_db_subnet_group";
            if !is_subnet_group && address.kind() != "aws_security_group" {
                continue;
            }
            match scene.sightings.get(address).and_then(Sighting::live) {
                None => place.missing.push(address.clone()),
                Some((id, _)) if is_subnet_group => place.subnet_group = Some(id.to_string()),
                Some((id, _)) => place.security_groups.push(id.to_string()),
            }
        }
        place
    }
}

/// The plan's findings about data that was deleted outside of provision, each with the newest backup and the way back.
pub async fn remains(aws: &Aws, scene: &Scene<'_>) -> Vec<Finding> {
    let lost = scene.planning.plan.preflight.iter().filter(|finding| planner::is_about_lost_data(finding));
    join_all(lost.map(|finding| async move {
        let address = finding.address.as_ref();
        let record = address.and_then(|address| Some((address, scene.state?.resources.get(address)?)));
        match record {
            Some((address, record)) => match remains_of(aws, scene, address, record).await {
                Some(remains) => told(finding, &remains),
                None => finding.clone(),
            },
            None => finding.clone(),
        }
    }))
    .await
}

async fn remains_of(aws: &Aws, scene: &Scene<'_>, address: &Address, record: &Record) -> Option<Remains> {
    let place = Place::of(scene, record);
    match address.kind() {
        "aws_db_instance" => Some(database::remains(aws, address, record, &place).await),
        "aws_efs_file_system" => Some(file_system::remains(address, record)),
        _ => None,
    }
}

fn told(finding: &Finding, remains: &Remains) -> Finding {
    let Remains { left, restore } = remains;
    // Until it is gone it has its name, which the restored one is to have.
    let restore = match planner::is_about_data_on_its_way_out(finding) {
        true => {
            "wait until it is gone, then run the same command again, which says how to have the data again"
        }
        false => restore.as_str(),
    };
    let first = (!restore.is_empty()).then(|| Way::of([Remedy::by_hand(restore)]));
    let remedies: Vec<Way> = first.into_iter().chain(finding.remedies.iter().cloned()).collect();
    Finding {
        message: format!("{}; {left}", finding.message),
        hint: hint_of(&remedies),
        remedies,
        ..finding.clone()
    }
}
