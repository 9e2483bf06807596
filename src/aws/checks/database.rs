//! Checks that RDS offers what a database asks for: its version, the way to it, its class, storage and zones.

mod groups;
mod offer;
mod replicas;
pub mod upgrade;
mod version;

use std::collections::BTreeSet;

use aws_sdk_rds::types::{DbEngineVersion, OrderableDbInstanceOption};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::Value;

use super::finding::{Verdict, in_time};
use super::prospect::Prospect;
use super::scene::{Doing, Scene};
use super::{Answer, Asked};
use crate::aws::kinds::db_instance::replica::FOLLOWERS;
use crate::aws::{Aws, aws_error};
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::plan::{Change, Finding, Level};
use crate::engine::planner::{Sighting, Sightings};
use crate::stack::postgres::Version;
use offer::{Desired, Wish};
use replicas::Replicas;
use version::is_within;

const VERSIONS: Call = Call::read("rds:DescribeDBEngineVersions");
const OPTIONS: Call = Call::read("rds:DescribeOrderableDBInstanceOptions");

const DATABASE: &str = "aws_db_instance";
const REPLICA: &str = "aws_db_replica";
const VERSION: &str = "engine_version";
const AUTHORITY: &str = "ca_cert_identifier";
/// The fields by which an instance is ordered.
const ORDERED: &[&str] = &[VERSION, "instance_class", "storage_type", "multi_az", "iops"];

pub(super) const CALLS: &[Asked] =
    &[(&[DATABASE, REPLICA], &[VERSIONS, OPTIONS]), (&[DATABASE], &[FOLLOWERS])];

/// The answers of RDS about all databases and read replicas.
pub(super) struct Databases {
    all: Vec<Database>,
    replicas: Replicas,
}

struct Database {
    address: Address,
    desired: Desired,
    subnets: BTreeSet<String>,
    /// The database that it follows, where it is a read replica.
    source: Option<Address>,
    versions: Option<Result<Vec<DbEngineVersion>, CloudError>>,
    /// The one version that `options` are of; all without.
    asked: Option<String>,
    options: Option<Result<Vec<OrderableDbInstanceOption>, CloudError>>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Databases {
    let databases = prospects.iter().filter(|one| one.is_a(DATABASE) || one.is_a(REPLICA));
    let databases = databases.filter_map(|prospect| Some((prospect, desired(prospect)?)));
    let all = join_all(databases.map(|(prospect, desired)| ask_one(aws, prospect, desired))).await;
    Databases { all, replicas: Replicas::default() }
}

/// What is wanted of an instance. A read replica has the version, the size and the encryption of its source, and its class unless it
/// names one (CreateDBInstanceReadReplica).
fn desired(prospect: &Prospect) -> Option<Desired> {
    let Some(source) = &prospect.source else { return prospect.typed() };
    let taken = [VERSION, "instance_class", "allocated_storage", "storage_encrypted"];
    let of_source = |field: &str| Some((field.to_owned(), source.inputs.get(field)?.clone()));
    let mut inputs: Document = taken.into_iter().filter_map(of_source).collect();
    // "Default: io1 if the Iops parameter is specified. Otherwise, gp3" (StorageType).
    inputs.insert("storage_type".to_owned(), "gp3".into());
    let own = prospect.inputs.iter().filter(|(field, _)| *field != VERSION);
    inputs.extend(own.map(|(field, value)| (field.clone(), value.clone())));
    Desired::deserialize(inputs).ok()
}

async fn ask_one(aws: &Aws, prospect: &Prospect, desired: Desired) -> Database {
    let own_version = !prospect.is_a(REPLICA) && prospect.touches(&[VERSION]);
    let versions = if own_version || prospect.touches(&[AUTHORITY]) {
        let written = [Some(desired.engine_version.as_str()), prospect.recorded_version.as_deref()];
        Some(in_time(VERSIONS, versions(aws, written.into_iter().flatten())).await)
    } else {
        None
    };
    let is_ordered = prospect.touches(ORDERED) || prospect.touches(offer::FEATURES);
    let asked = versions
        .as_ref()
        .filter(|_| is_ordered && prospect.touches(&[VERSION]))
        .and_then(|found| version::newest(&desired.engine_version, found.as_ref().ok()?))
        .map(str::to_owned);
    let options = if is_ordered {
        // All versions of a class are some hundred options on several pages; those of one are a few.
        // A database that keeps its version is held against the live one.
        Some(in_time(OPTIONS, options(aws, &desired.instance_class, asked.as_deref())).await)
    } else {
        None
    };
    Database {
        address: prospect.address.clone(),
        subnets: prospect.subnets.clone(),
        source: prospect.source.as_ref().map(|source| source.address.clone()),
        desired,
        versions,
        asked,
        options,
    }
}

/// A database that is declared, and that is there with a version which is not the written one.
struct Behind<'a> {
    address: &'a Address,
    inputs: &'a Document,
    live: &'a str,
    written: &'a str,
}

/// The databases that are to be upgraded.
fn behind<'a>(blueprint: &'a Blueprint, sightings: &'a Sightings) -> impl Iterator<Item = Behind<'a>> {
    let databases = blueprint.declarations.iter().filter(|(address, _)| address.kind() == DATABASE);
    databases.filter_map(|(address, declaration)| {
        let Declaration::Managed { inputs } = declaration else { return None };
        let written = inputs.get(VERSION)?.as_str()?;
        let live = live_version(sightings, address)?;
        let wanted = Version::parse(written)?;
        let is_met = Version::parse(live)?.meets(&wanted)
            // The upgrade is queued already.
            || Version::parse(coming_version(sightings, address)?)?.is_of(&wanted);
        (!is_met).then_some(Behind { address, inputs, live, written })
    })
}

/// The version that a database runs. An upgrade that waits for its window can be taken back.
fn live_version<'a>(sightings: &'a Sightings, address: &Address) -> Option<&'a str> {
    let (_, live) = sightings.get(address).and_then(Sighting::live)?;
    live.in_force.get(VERSION).or_else(|| live.inputs.get(VERSION))?.as_str()
}

/// The version that a database will have when its window is over.
fn coming_version<'a>(sightings: &'a Sightings, address: &Address) -> Option<&'a str> {
    sightings.get(address).and_then(Sighting::live)?.1.inputs.get(VERSION)?.as_str()
}

/// The databases whose queued upgrade is taken back, each with the version that it runs, which is the one to send.
fn taken_back(blueprint: &Blueprint, sightings: &Sightings) -> Vec<(Address, String)> {
    let databases = blueprint.declarations.iter().filter(|(address, _)| address.kind() == DATABASE);
    let taken_back = databases.filter_map(|(address, declaration)| {
        let Declaration::Managed { inputs } = declaration else { return None };
        let written = Version::parse(inputs.get(VERSION)?.as_str()?)?;
        let live = live_version(sightings, address)?;
        let coming = Version::parse(coming_version(sightings, address)?)?;
        let is_taken_back = Version::parse(live)?.meets(&written) && !coming.is_of(&written);
        let is_queued = live != coming_version(sightings, address)?;
        (is_queued && is_taken_back).then(|| (address.clone(), live.to_owned()))
    });
    taken_back.collect()
}

impl Databases {
    /// Adds the answers about databases of which only the look at AWS has shown that they are to be changed.
    pub(super) fn add(&mut self, late: Self) {
        self.all.extend(late.all);
    }

    /// Writes the full version to which each database is upgraded into the blueprint, so that the plan shows the version that is
    /// sent. An upgrade that only AWS shows, such as one that an earlier run had begun, is asked about now.
    pub(super) async fn choose_versions(
        &mut self,
        aws: &Aws,
        blueprint: &mut Blueprint,
        sightings: &Sightings,
    ) {
        let asked = |address: &Address| {
            self.all.iter().any(|known| known.address == *address && known.versions.is_some())
        };
        let late = behind(blueprint, sightings).filter(|one| !asked(one.address)).filter_map(|one| {
            let desired = Desired::deserialize(one.inputs).ok()?;
            let written = [one.live.to_owned(), one.written.to_owned()];
            let address = one.address.clone();
            Some(async move {
                let written = written.iter().map(String::as_str);
                let versions = Some(in_time(VERSIONS, versions(aws, written)).await);
                let subnets = BTreeSet::new();
                Database { address, desired, subnets, source: None, versions, asked: None, options: None }
            })
        });
        let late = join_all(late).await;
        self.all.extend(late);
        let chosen: Vec<(Address, String)> = behind(blueprint, sightings)
            .filter_map(|one| {
                let mut known = self.all.iter().filter(|known| known.address == *one.address);
                let versions = known.find_map(|known| known.versions.as_ref()?.as_ref().ok())?;
                let target = version::target(one.live, one.written, versions)?;
                Some((one.address.clone(), target.to_owned()))
            })
            .collect();
        self.replicas = Replicas::of(aws, blueprint, sightings, &chosen).await;
        self.replicas.lead(blueprint, sightings);
        for (address, target) in chosen.into_iter().chain(taken_back(blueprint, sightings)) {
            if self.replicas.hold(&address) {
                continue;
            }
            if let Some(Declaration::Managed { inputs }) = blueprint.declarations.get_mut(&address) {
                inputs.insert(VERSION.to_owned(), target.into());
            }
        }
    }
}

/// All versions of the majors that are written, those too that are not offered any more: a live one may be among them.
async fn versions(
    aws: &Aws,
    written: impl Iterator<Item = &str>,
) -> Result<Vec<DbEngineVersion>, CloudError> {
    let mut found = Vec::new();
    // The versions of a major share their parameter groups' family, and differ in it from all others.
    let families = written.filter_map(|version| Some(Version::parse(version)?.family()));
    for family in families.collect::<BTreeSet<_>>() {
        let describe = aws.read.rds.describe_db_engine_versions().engine("postgres").include_all(true);
        let describe = describe.db_parameter_group_family(family);
        let page = describe.into_paginator().items().send().try_collect().await;
        found.extend(page.map_err(aws_error(VERSIONS))?);
    }
    Ok(found)
}

async fn options(
    aws: &Aws,
    class: &str,
    version: Option<&str>,
) -> Result<Vec<OrderableDbInstanceOption>, CloudError> {
    let describe = aws.read.rds.describe_orderable_db_instance_options().engine("postgres").vpc(true);
    let describe = describe.db_instance_class(class).set_engine_version(version.map(str::to_owned));
    describe.into_paginator().items().send().try_collect().await.map_err(aws_error(OPTIONS))
}

/// True for a finding about a written version that RDS does not upgrade to: to allow the upgrade would not help.
pub fn is_answered(planned: &Finding, found: &[Finding]) -> bool {
    let is_about_version = planned.check == "inputs" && planned.message.starts_with("engine_version: ");
    let is_refused = |one: &Finding| {
        one.check == "upgrade-target" && one.level == Level::Error && one.address == planned.address
    };
    is_about_version && found.iter().any(is_refused)
}

impl Answer for Databases {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let databases = self.all.iter().flat_map(|database| database.judge(scene));
        databases.chain(self.replicas.judge(scene)).chain(groups::in_use(scene)).collect()
    }
}

impl Database {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let Some(doing) = scene.doing(&self.address) else { return Vec::new() };
        let found = |check: &str, verdict: Verdict| verdict.of(check, &self.address);
        let mut findings = Vec::new();
        let written = self.desired.engine_version.as_str();
        let live = live_version(scene.sightings, &self.address);
        // A new replica has the version that its source has by then.
        let of_source = self.source.as_ref().filter(|_| matches!(doing, Doing::Making(_)));
        let of_source = of_source.filter(|source| !upgrades(scene, source));
        let of_source = of_source.and_then(|source| live_version(scene.sightings, source));
        let upgrades = match doing {
            Doing::Making(_) => false,
            Doing::Changing(change) => is_upgrade(change),
        };
        let takes_back = match doing {
            Doing::Making(_) => false,
            Doing::Changing(change) => {
                change.fields.iter().any(|field| field.path == VERSION && field.takes_back)
            }
        };
        match &self.versions {
            Some(Ok(versions)) if matches!(doing, Doing::Making(_)) && self.source.is_none() => {
                findings.push(found("engine-version", version::offered(written, versions, scene.region())));
            }
            Some(Ok(versions)) if upgrades => {
                let verdict = version::upgrade(live.unwrap_or_default(), written, versions);
                findings.push(found("upgrade-target", verdict));
            }
            Some(Err(error)) => {
                findings.push(found("engine-version", Verdict::not_checked("versions of PostgreSQL", error)));
            }
            _ => {}
        }
        if let (Some(Ok(versions)), Some(authority)) = (&self.versions, &self.desired.ca_cert_identifier) {
            let coming = live.filter(|_| !upgrades && matches!(doing, Doing::Changing(_))).unwrap_or(written);
            findings.extend(
                version::signs(authority, coming, versions).map(|verdict| found("authority", verdict)),
            );
        }
        // Of a version that cannot be reached, or is not on offer, no class is of any use.
        let is_of_version = |one: &Finding| upgrades || one.check == "engine-version";
        let is_reached = !findings.iter().any(|one| is_of_version(one) && one.level == Level::Error);
        match &self.options {
            // Of an upgrade that is taken back nothing is ordered.
            Some(Ok(options)) if is_reached && !takes_back => {
                let wish = Wish {
                    desired: &self.desired,
                    version: live
                        .filter(|_| matches!(doing, Doing::Changing(_)) && !upgrades)
                        .or(of_source)
                        // While an upgrade is under way, RDS was asked about the version that comes.
                        .filter(|version| self.asked.as_deref().is_none_or(|asked| is_within(asked, version)))
                        .unwrap_or(written),
                    zones: zones(scene, &self.subnets),
                    region: scene.region(),
                };
                match wish.order(options) {
                    Ok(fitting) => {
                        findings.push(found("instance-class", wish.orderable()));
                        findings.push(found("zones", wish.zones(&fitting)));
                    }
                    Err(verdict) => findings.push(found("instance-class", verdict)),
                }
            }
            Some(Err(error)) => {
                let what = "classes that can be ordered, and their zones";
                findings.push(found("instance-class", Verdict::not_checked(what, error)));
            }
            _ => {}
        }
        findings
    }
}

/// True if the plan changes the version of a database.
fn upgrades(scene: &Scene<'_>, address: &Address) -> bool {
    scene.planning.plan.change(address).is_some_and(is_upgrade)
}

/// True for a change of the version. A queued one that is taken back is none.
fn is_upgrade(change: &Change) -> bool {
    change.fields.iter().any(|field| field.path == VERSION && !field.takes_back)
}

/// The zones that the subnets are in, as far as the subnets were seen.
fn zones(scene: &Scene<'_>, subnets: &BTreeSet<String>) -> BTreeSet<String> {
    let seen = scene.sightings.iter().filter(|(address, _)| address.kind() == "aws_subnet");
    seen.filter_map(|(_, sighting)| sighting.live())
        .filter(|(id, _)| subnets.contains(id.as_str()))
        .filter_map(|(_, live)| live.outputs.get("availability_zone").and_then(Value::as_str))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(check: &str, address: &str, level: Level, message: &str) -> Finding {
        let address = Some(address.parse().expect("an address"));
        let (check, message) = (check.to_owned(), message.to_owned());
        Finding { check, address, level, message, hint: None, remedies: Vec::new() }
    }

    #[test]
    fn a_version_that_rds_does_not_upgrade_to_is_not_offered_as_a_major_upgrade() {
        const AT: &str = "aws_db_instance.db";
        let planned = finding("inputs", AT, Level::Error, "engine_version: does not go from 16.4 to 61");
        let refused = finding("upgrade-target", AT, Level::Error, "RDS does not upgrade 16.4 to 61");
        assert!(is_answered(&planned, std::slice::from_ref(&refused)));
        let passed = Finding { level: Level::Passed, ..refused.clone() };
        let of_other = Finding { address: Some(Address::new("aws_db_instance", "other")), ..refused.clone() };
        assert!(!is_answered(&planned, &[passed, of_other]));
        let other = finding("inputs", AT, Level::Error, "iops: too many");
        assert!(!is_answered(&other, &[refused]));
    }
}
