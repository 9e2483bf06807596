//! The backups of a database or file system that was deleted outside of provision: read only where a plan finds one gone or
//! being deleted.

pub(super) mod database;
mod file_system;

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::Asked;
use super::scene::Scene;
use crate::aws::Aws;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::{Document, is_unknown};
use crate::engine::plan::Finding;
use crate::engine::planner::{self, Sighting};
use crate::engine::remedy::{Remedy, Way, hint_of};
use crate::engine::state::Record;

pub(super) const CALLS: &[Asked] = &[(&["aws_db_instance"], &[database::SNAPSHOTS, database::BACKUPS])];

/// The newest backup of the data, and the way back.
struct Remains {
    /// Reads after the finding's own message: `the newest of its snapshots is …`.
    left: String,
    /// The way to an object with the data, if there is one.
    restore: Option<Way>,
}

/// The purpose of a way to the data.
const AGAIN: &str = "to have the data again";

/// The network that a restored database belongs into: the groups that stand now, which may be others than those that the lost one had.
#[derive(Debug, Default)]
struct Place {
    /// The inputs that the stack describes, with the groups that stand now.
    inputs: Document,
    /// Groups that are gone too.
    missing: BTreeSet<Address>,
}

impl Place {
    fn of(scene: &Scene<'_>, address: &Address, record: &Record) -> Self {
        let mut place = Self { inputs: record.inputs.clone(), missing: BTreeSet::new() };
        if let Some(Declaration::Managed { inputs }) = scene.blueprint.declarations.get(address) {
            let known = inputs.iter().filter(|(_, value)| !is_unknown(value));
            place.inputs.extend(known.map(|(name, value)| (name.clone(), value.clone())));
        }
        let mut security_groups = Vec::new();
        for group in &record.depends_on {
            let field = match group.kind() {
                "aws_db_subnet_group" => Some("db_subnet_group_name"),
                "aws_db_parameter_group" => Some("parameter_group_name"),
                "aws_security_group" => None,
                _ => continue,
            };
            match (scene.sightings.get(group).and_then(Sighting::live), field) {
                (None, _) => {
                    place.missing.insert(group.clone());
                }
                (Some((id, _)), Some(field)) => {
                    place.inputs.insert(field.to_owned(), id.to_string().into());
                }
                (Some((id, _)), None) => security_groups.push(id.to_string()),
            }
        }
        // Without these RDS takes the default group, through which the clients do not reach it.
        if !security_groups.is_empty() {
            place.inputs.insert("vpc_security_group_ids".to_owned(), security_groups.into());
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
    let place = Place::of(scene, address, record);
    let lost = record.last_holder()?;
    match address.kind() {
        "aws_db_instance" => Some(database::remains(aws, scene.region(), address, &lost, &place).await),
        "aws_efs_file_system" => Some(file_system::remains(address, &lost)),
        _ => None,
    }
}

fn told(finding: &Finding, remains: &Remains) -> Finding {
    let Remains { left, restore } = remains;
    // Until it is gone it has its name, which the restored one is to have.
    let restore = match planner::is_about_data_on_its_way_out(finding) {
        true => Some(Way::of([Remedy::by_hand(
            "wait until it is gone, then run the same command again, which says what is left of its data",
        )])),
        false => restore.clone(),
    };
    // A copy has what is in no backup yet.
    let (copies, others): (Vec<Way>, Vec<Way>) =
        finding.remedies.iter().cloned().partition(planner::goes_on_with_a_copy);
    let remedies: Vec<Way> = copies.into_iter().chain(restore).chain(others).collect();
    Finding {
        message: format!("{}; {left}", finding.message),
        hint: hint_of(&remedies),
        remedies,
        ..finding.clone()
    }
}
