//! Replications that are to be made: the region of the copy, and the file system that one overwrites, are looked at. And replications that are
//! ended in the same plan, by which both of their file systems are bound until then.

use std::collections::BTreeSet;

use aws_sdk_efs::types::FileSystemDescription;
use futures_util::future::{join, join_all};

use super::finding::{Verdict, in_time};
use super::prospect::Prospect;
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::kind::Kind;
use crate::aws::kinds::efs_file_system::{EfsFileSystem, OVERWRITE, REPLICATING, ownership_of};
use crate::aws::kinds::efs_replication::{DESTINATION, EfsReplication, FILE_SYSTEM, REGION};
use crate::aws::{Aws, ec2, efs};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::plan::{Action, Change, Finding};
use crate::engine::planner::Sighting;
use crate::engine::resource::{Owner, Whose};

const CHECK: &str = "replication";

pub(super) const CALLS: &[Asked] = &[(&[EfsReplication::KIND], &[efs::FILE_SYSTEMS, ec2::REGIONS])];

/// The regions of copies, and the file systems that are to be overwritten.
pub(super) struct Destinations {
    there: Vec<There>,
    /// Those in other regions than the stack's own, in which the plan is being made.
    away: Vec<(Address, String)>,
    regions: Result<Vec<Region>, CloudError>,
}

/// A region that there is.
struct Region {
    name: String,
    is_on: bool,
}

struct There {
    address: Address,
    source: Option<String>,
    id: String,
    region: String,
    owner: Owner,
    found: Result<Option<FileSystemDescription>, CloudError>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Destinations {
    let to_one_that_is_there = prospects.iter().filter_map(|prospect| {
        let is_asked = prospect.is_a(EfsReplication::KIND) && prospect.touches(&[DESTINATION.name]);
        let id = DESTINATION.of(&prospect.inputs).filter(|id| is_asked && id.starts_with("fs-"))?;
        Some((prospect, id, REGION.of(&prospect.inputs)?))
    });
    let asked = to_one_that_is_there.map(|(prospect, id, region)| async move {
        There {
            address: prospect.address.clone(),
            source: FILE_SYSTEM.of(&prospect.inputs),
            found: in_time(efs::FILE_SYSTEMS, efs::file_system_in(aws, &region, &id)).await,
            owner: prospect.owner.clone(),
            id,
            region,
        }
    });
    let elsewhere = prospects.iter().filter_map(|prospect| {
        let is_asked = prospect.is_a(EfsReplication::KIND) && prospect.touches(&[REGION.name]);
        let region = REGION.of(&prospect.inputs).filter(|region| is_asked && region != aws.region())?;
        Some((prospect.address.clone(), region))
    });
    let away: Vec<(Address, String)> = elsewhere.collect();
    let names = away.iter().map(|(_, region)| region.clone()).collect();
    let (there, regions) = join(join_all(asked), in_time(ec2::REGIONS, regions(aws, names))).await;
    Destinations { there, away, regions }
}

async fn regions(aws: &Aws, names: BTreeSet<String>) -> Result<Vec<Region>, CloudError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let found = ec2::regions(aws, &names).await?.into_iter();
    // "opt-in-not-required", "opted-in" and "not-opted-in" (Region, EC2 API reference).
    Ok(found
        .filter_map(|one| {
            Some(Region { is_on: one.opt_in_status() != Some("not-opted-in"), name: one.region_name? })
        })
        .collect())
}

impl Answer for Destinations {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let away = self.away.iter().filter(|(address, _)| scene.makes(address));
        let away = away.filter_map(|(address, name)| Some(region(name, &self.regions)?.of(CHECK, address)));
        let made = self.there.iter().filter(|one| scene.makes(&one.address));
        let made = made
            .flat_map(|one| one.verdicts(scene).into_iter().map(|verdict| verdict.of(CHECK, &one.address)));
        away.chain(made).collect()
    }
}

/// The reasons against a copy in a region.
fn region(name: &str, regions: &Result<Vec<Region>, CloudError>) -> Option<Verdict> {
    let found = match regions {
        Ok(found) => found.iter().find(|one| one.name == name),
        Err(error) => return Some(Verdict::not_checked(&format!("region {name} of the copy"), error)),
    };
    match found {
        Some(Region { is_on: true, .. }) => None,
        Some(_) => Some(
            Verdict::error(format!("the region {name} is turned off for the account"))
                .hint(format!("to turn it on, which takes minutes: aws account enable-region --region-name {name}")),
        ),
        None => Some(Verdict::error(format!("there is no region {name}")).hint(
            "write one that there is below `replication`; to see them: aws ec2 describe-regions --all-regions",
        )),
    }
}

impl There {
    fn verdicts(&self, scene: &Scene<'_>) -> Vec<Verdict> {
        let Self { id, region, source, .. } = self;
        if source.as_ref() == Some(id) {
            let verdict =
                Verdict::error(format!("{id} is the file system itself, and is not replicated to itself"));
            return vec![
                verdict.hint("write the id of another one, or leave `file_system` out for a new copy"),
            ];
        }
        let found = match &self.found {
            Ok(Some(found)) => found,
            Ok(None) => {
                let verdict = Verdict::error(format!("there is no file system {id} in {region}"));
                return vec![verdict.hint(format!(
                    "write the id of one that is there: aws efs describe-file-systems --region {region} shows them"
                ))];
            }
            Err(error) => {
                return vec![Verdict::not_checked(&format!("{id} in {region}, which is overwritten"), error)];
            }
        };
        let ownership = ownership_of(found);
        let whose = self.owner.whose(&ownership, None);
        if !matches!(whose, Whose::Ours | Whose::Moved { .. } | Whose::Untagged | Whose::Inherited) {
            let belongs = self.owner.belonging(&whose);
            let verdict =
                Verdict::error(format!("{id} belongs to {belongs}, and the replication would overwrite it"));
            return vec![
                verdict.hint("leave `file_system` out for a new copy, or write the id of another one"),
            ];
        }
        let mut changes = scene.changes();
        if let Some(going) = changes.find(|change| change.goes.iter().any(|going| going.id.as_str() == id)) {
            let verdict = Verdict::error(format!("{id} is {}, which the same plan deletes", going.address));
            return vec![
                verdict.hint("leave `file_system` out for a new copy, or write the id of one that stays"),
            ];
        }
        let mut verdicts = Vec::new();
        verdicts.extend(self.protected(scene, found));
        // API model, ConflictException: "the source file system in a replication is encrypted but the destination file system is
        // unencrypted".
        if found.encrypted != Some(true) && self.is_encrypted(scene) {
            let verdict = Verdict::error(format!(
                "{id} is not encrypted, and EFS replicates what is encrypted to no such one"
            ));
            verdicts.push(verdict.hint("leave `file_system` out for a new copy, which is encrypted"));
        }
        if verdicts.is_empty() {
            let size = found.size_in_bytes.as_ref().map_or(0, |size| size.value);
            let name = found.name.as_deref().map(|name| format!("{name}, ")).unwrap_or_default();
            let from = source.as_deref().unwrap_or("the source");
            verdicts.push(Verdict::warning(format!(
                "{id} in {region} ({name}{size} bytes) is overwritten: what differs from {from} is changed or deleted"
            )));
        }
        verdicts
    }

    /// "The file system's replication overwrite protection must be disabled" (DestinationToCreate, EFS API reference).
    fn protected(&self, scene: &Scene<'_>, found: &FileSystemDescription) -> Option<Verdict> {
        let Self { id, region, .. } = self;
        let protection = found.file_system_protection()?.replication_overwrite_protection()?.as_str();
        if protection == "DISABLED"
            || changes_of_protection(scene).any(|(change, to)| is(change, id) && to == "DISABLED")
        {
            return None;
        }
        if protection == REPLICATING {
            // One that is ended in this plan is told of with the steps.
            let is_told = ended(scene).any(|(_, _, there)| there == *id);
            return (!is_told).then(|| {
                Verdict::error(format!("{id} is the destination of a replication already, and can be of one alone"))
                    .hint(format!("aws efs describe-replication-configurations --file-system-id {id} --region {region} shows it"))
            });
        }
        let hint = match own(scene, id) {
            Some(own) => format!("write `replication_overwrite_protection: false` below `{}`", own.name()),
            None => format!(
                "if it may be overwritten: aws efs update-file-system-protection --file-system-id {id} \
                 --replication-overwrite-protection DISABLED --region {region}"
            ),
        };
        Some(Verdict::error(format!("{id} is protected from being overwritten by a replication")).hint(hint))
    }

    fn is_encrypted(&self, scene: &Scene<'_>) -> bool {
        let source = Address::new(EfsFileSystem::KIND, self.address.name());
        let live = scene.sightings.get(&source).and_then(Sighting::live);
        let shown = live.and_then(|(_, live)| live.inputs.get("encrypted")?.as_bool());
        shown.unwrap_or(true)
    }
}

/// The address of the stack's own file system with an id.
fn own<'a>(scene: &Scene<'a>, id: &str) -> Option<&'a Address> {
    let mut records = scene.state.into_iter().flat_map(|state| &state.resources);
    records
        .find(|(address, record)| {
            address.kind() == EfsFileSystem::KIND && record.id.as_ref().is_some_and(|its| its.as_str() == id)
        })
        .map(|(address, _)| address)
}

fn is(change: &Change, id: &str) -> bool {
    change.id.as_ref().is_some_and(|its| its.as_str() == id)
}

/// The file systems whose protection is changed, with its new value.
fn changes_of_protection<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'a Change, &'a str)> {
    let changed = scene
        .changes()
        .filter(|change| change.kind == EfsFileSystem::KIND && change.action == Action::Update);
    changed.filter_map(|change| {
        let field = change.fields.iter().find(|field| field.path == OVERWRITE.name)?;
        Some((change, field.after.as_ref()?.as_str()?))
    })
}

/// The replications that the plan ends: the address, the source and the destination.
fn ended<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'a Address, String, String)> {
    let sightings = scene.sightings;
    scene.changes().filter(|change| change.kind == EfsReplication::KIND).flat_map(move |change| {
        change.goes.iter().filter_map(move |going| {
            let inputs = &sightings.object(&change.address, &going.id)?.inputs;
            Some((&change.address, FILE_SYSTEM.of(inputs)?, DESTINATION.of(inputs)?))
        })
    })
}

/// The findings about replications that are ended, and file systems that cannot be protected.
pub(super) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    turned(scene).chain(protected_while_a_destination(scene)).collect()
}

/// "A file system can be part of only one replication configuration" (CreateReplicationConfiguration, EFS API reference), and EFS protects
/// the destination of one that is ended: another one of the same two takes a second run.
fn turned<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Finding> + 'a {
    let made = scene.changes().filter(|change| change.kind == EfsReplication::KIND && change.makes_anew());
    made.filter_map(move |change| {
        let wanted = |name: &str| {
            let field = change.fields.iter().find(|field| field.path == name);
            let after = field.and_then(|field| field.after.as_ref()?.as_str().map(str::to_owned));
            after.or_else(|| declared(scene, &change.address)?.get(name)?.as_str().map(str::to_owned))
        };
        let (source, there) = (wanted(FILE_SYSTEM.name), wanted(DESTINATION.name));
        let (old, from, to) = ended(scene).find(|(old, from, to)| {
            let is_bound = |id: &Option<String>| id.as_ref().is_some_and(|id| id == from || id == to);
            match **old == change.address {
                true => there.as_ref() == Some(to),
                false => is_bound(&source) || is_bound(&there),
            }
        })?;
        let (old, new) = (old.name(), change.address.name());
        let out_of_new =
            if old == new { String::new() } else { format!(" and leave it out of `{new}`") };
        let unprotected = match there.as_deref().and_then(|id| own(scene, id)) {
            Some(own) => format!(", with `replication_overwrite_protection: false` below `{}`", own.name()),
            None => String::new(),
        };
        let verdict = Verdict::error(format!(
            "the replication of {from} to {to} is ended by the same plan: until that is over, EFS takes both in no other one, and \
             then protects {to} from being overwritten"
        ))
        .hint(format!(
            "take `replication` out of `{old}`{out_of_new}, then: provision apply, then: write `replication` below \
             `{new}`{unprotected}, then: provision apply --allow-data-loss {}",
            change.address
        ));
        Some(verdict.of(CHECK, &change.address))
    })
}

fn declared<'a>(scene: &Scene<'a>, address: &Address) -> Option<&'a Document> {
    match scene.blueprint.declarations.get(address)? {
        Declaration::Managed { inputs } => Some(inputs),
        Declaration::Watched { .. } => None,
    }
}

/// EFS protects no file system that is the destination of a replication (ReplicationAlreadyExists), and each when its replication ends.
fn protected_while_a_destination<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Finding> + 'a {
    let is_a_destination = |change: &Change| {
        let live = scene.sightings.get(&change.address).and_then(Sighting::live);
        live.and_then(|(_, live)| OVERWRITE.of(&live.inputs)).is_some_and(|shown| shown == REPLICATING)
    };
    let to_protect =
        changes_of_protection(scene).filter(move |(change, to)| *to == "ENABLED" && is_a_destination(change));
    to_protect
        .filter(move |(change, _)| !ended(scene).any(|(_, _, there)| is(change, &there)))
        .map(move |(change, _)| {
            let source = scene.sightings.iter().find_map(|(address, sighting)| {
                let (_, live) = sighting.live().filter(|_| address.kind() == EfsReplication::KIND)?;
                is(change, &DESTINATION.of(&live.inputs)?).then(|| address.name().to_owned())
            });
            let hint = match source {
                Some(source) => format!(
                    "write `replication_overwrite_protection: false`, or end the replication: take `replication` out of `{source}`"
                ),
                None => "write `replication_overwrite_protection: false`, or delete the replication first: aws efs \
                         delete-replication-configuration"
                    .to_owned(),
            };
            let message = "replication_overwrite_protection cannot be true while the file system is the destination of a replication";
            Verdict::error(message.to_owned()).hint(hint).of(CHECK, &change.address)
        })
}
