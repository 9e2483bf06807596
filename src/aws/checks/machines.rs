//! Checks of new machines and elastic addresses: the image, the type in its zone, the instance profile that is named, and the quotas of EC2.
//!
//! Only what is to be made is asked about: a machine that stands keeps its image and its place.

mod room;
mod verdicts;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::LocationType;
use futures_util::future::{join_all, join3, join5};
use serde_json::Value;

use super::finding::{Verdict, in_time};
use super::prospect::Prospect;
use super::quotas::{DEFAULT_QUOTA, QUOTA, Room, made};
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::kinds::{iam_instance_profile, instance};
use crate::aws::{Aws, aws_error, ec2};
use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::{Document, references};
use crate::engine::plan::Finding;
use room::is_standard;
use verdicts::{Image, Source, Type};

const MACHINE: &str = "aws_instance";
const ADDRESS: &str = "aws_eip";
const SUBNET: &str = "aws_subnet";
const OF_IMAGES: &str = "image";
const OF_TYPES: &str = "instance-type";
const NAMED: &str = "named";
const QUOTAS: &str = "quota";
const PROFILE: &str = "iam_instance_profile";

const TYPES: Call = Call::read("ec2:DescribeInstanceTypes");
const OFFERS: Call = Call::read("ec2:DescribeInstanceTypeOfferings");
const PROFILES: Call = Call::read("iam:GetInstanceProfile").only(|wanted| profile(wanted).is_some());

pub(super) const CALLS: &[Asked] = &[
    (&[MACHINE], &[TYPES, OFFERS, PROFILES, QUOTA, DEFAULT_QUOTA, ec2::SUBNETS]),
    (&[ADDRESS], &[QUOTA, DEFAULT_QUOTA]),
];

/// The instance profile that a machine names; one of the stack's own is a reference.
fn profile(inputs: &Document) -> Option<&str> {
    inputs.get(PROFILE).and_then(Value::as_str).filter(|name| !name.contains("${"))
}

/// A machine that is to be made.
struct Machine {
    address: Address,
    type_: String,
    image: Source,
    /// By the subnet of the network that it is in.
    zone: Option<String>,
    /// A subnet that is named by its id.
    subnet: Option<String>,
    profile: Option<String>,
}

impl Machine {
    fn of(prospect: &Prospect) -> Option<Self> {
        let text = |field: &str| prospect.inputs.get(field).and_then(Value::as_str).map(str::to_owned);
        let image = text("ami").map(Source::Id).or_else(|| text("ami_parameter").map(Source::Parameter))?;
        let subnets = prospect.written.get("subnet_id").cloned().unwrap_or_default();
        let of_network = references(&Document::from_iter([(String::new(), subnets)]))
            .into_iter()
            .find(|address| address.kind() == SUBNET);
        let zone = of_network.map(|address| address.name().to_owned());
        Some(Self {
            address: prospect.address.clone(),
            type_: text("instance_type")?,
            image,
            subnet: text("subnet_id").filter(|_| zone.is_none()),
            zone,
            profile: profile(&prospect.written).map(str::to_owned),
        })
    }
}

/// The answers about the machines and addresses that are to be made.
pub(super) struct Machines {
    new: Vec<Machine>,
    images: BTreeMap<Source, Result<Image, CloudError>>,
    types: Result<BTreeMap<String, Type>, CloudError>,
    /// The zones in which each type is offered.
    offers: Result<BTreeMap<String, BTreeSet<String>>, CloudError>,
    /// The zones of the subnets that are named.
    zones: Result<BTreeMap<String, String>, CloudError>,
    /// True for those that are there.
    profiles: BTreeMap<String, Result<bool, CloudError>>,
    /// In vCPUs; absent where no machine of the quota is to be made.
    cpus: Option<Result<Room, CloudError>>,
    addresses: Option<Result<Room, CloudError>>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Machines {
    let new = |kind: &'static str| prospects.iter().filter(move |one| one.is_new && one.is_a(kind));
    let machines: Vec<Machine> = new(MACHINE).filter_map(Machine::of).collect();
    let types: BTreeSet<&str> = machines.iter().map(|one| one.type_.as_str()).collect();
    let asked = Box::pin(join5(
        images(aws, &machines),
        in_time(TYPES, known_types(aws, &types)),
        in_time(OFFERS, offered(aws, &types)),
        in_time(ec2::SUBNETS, zones(aws, &machines)),
        profiles(aws, &machines),
    ));
    let cpus = async {
        let counts = machines.iter().any(|one| is_standard(&one.type_));
        if counts { Some(Box::pin(in_time(QUOTA, room::cpus(aws))).await) } else { None }
    };
    let addresses = async {
        let counts = new(ADDRESS).next().is_some();
        if counts { Some(Box::pin(in_time(QUOTA, room::addresses(aws))).await) } else { None }
    };
    let ((images, types, offers, zones, profiles), cpus, addresses) = join3(asked, cpus, addresses).await;
    Machines { new: machines, images, types, offers, zones, profiles, cpus, addresses }
}

async fn images(aws: &Aws, machines: &[Machine]) -> BTreeMap<Source, Result<Image, CloudError>> {
    let named: BTreeSet<&Source> = machines.iter().map(|one| &one.image).collect();
    let asked = named.into_iter().map(|source| async move {
        let found = async {
            let id = match source {
                Source::Id(id) => id.clone(),
                Source::Parameter(name) => instance::of_parameter(aws, name).await?,
            };
            instance::described(aws, &id).await.map(|found| Image::of(&found))
        };
        (source.clone(), in_time(instance::IMAGES, found).await)
    });
    join_all(asked).await.into_iter().collect()
}

async fn known_types(aws: &Aws, types: &BTreeSet<&str>) -> Result<BTreeMap<String, Type>, CloudError> {
    if types.is_empty() {
        return Ok(BTreeMap::new());
    }
    // A filter, unlike a list, does not fail on what is not there.
    let filter = ec2::filter("instance-type", types.iter().copied());
    let pages = aws.read.ec2.describe_instance_types().filters(filter).into_paginator().items().send();
    let found: Vec<_> = pages.try_collect().await.map_err(aws_error(TYPES))?;
    let named = |one: &aws_sdk_ec2::types::InstanceTypeInfo| {
        Some((one.instance_type()?.as_str().to_owned(), Type::of(one)))
    };
    Ok(found.iter().filter_map(named).collect())
}

async fn offered(
    aws: &Aws,
    types: &BTreeSet<&str>,
) -> Result<BTreeMap<String, BTreeSet<String>>, CloudError> {
    let mut offers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    if types.is_empty() {
        return Ok(offers);
    }
    let filter = ec2::filter("instance-type", types.iter().copied());
    let call = aws.read.ec2.describe_instance_type_offerings().location_type(LocationType::AvailabilityZone);
    let found: Vec<_> = call
        .filters(filter)
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(aws_error(OFFERS))?;
    for one in found {
        if let (Some(type_), Some(zone)) = (one.instance_type, one.location) {
            offers.entry(type_.as_str().to_owned()).or_default().insert(zone);
        }
    }
    Ok(offers)
}

/// The zones of subnets that are not the network's own.
async fn zones(aws: &Aws, machines: &[Machine]) -> Result<BTreeMap<String, String>, CloudError> {
    let named: BTreeSet<&str> = machines.iter().filter_map(|one| one.subnet.as_deref()).collect();
    if named.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = ec2::subnets(aws, vec![ec2::filter("subnet-id", named)]).await?;
    Ok(found.into_iter().filter_map(|one| Some((one.subnet_id?, one.availability_zone?))).collect())
}

async fn profiles(aws: &Aws, machines: &[Machine]) -> BTreeMap<String, Result<bool, CloudError>> {
    let named: BTreeSet<&str> = machines.iter().filter_map(|one| one.profile.as_deref()).collect();
    let asked = named.into_iter().map(|name| async move {
        (name.to_owned(), in_time(PROFILES, iam_instance_profile::is_there(aws, name)).await)
    });
    join_all(asked).await.into_iter().collect()
}

impl Answer for Machines {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let new: Vec<&Machine> = self.new.iter().filter(|one| scene.makes(&one.address)).collect();
        let mut findings: Vec<Finding> = new.iter().flat_map(|one| self.of_one(one)).collect();
        findings.extend(self.cpus(scene, &new));
        let addresses = made(scene, &[ADDRESS]);
        if let (Some(room), Some(first)) = (&self.addresses, addresses.first()) {
            let verdict = match room {
                Ok(room) => {
                    room.verdict(addresses.len() as u64, "elastic IP address", "elastic IP addresses")
                }
                Err(error) => Verdict::not_checked("quota of elastic IP addresses", error),
            };
            findings.push(verdict.of(QUOTAS, first));
        }
        findings
    }
}

impl Machines {
    fn of_one(&self, one: &Machine) -> Vec<Finding> {
        let type_ = self.types.as_ref().map(|types| types.get(&one.type_));
        let mut findings = Vec::new();
        let mut find = |check: &str, verdict: Verdict| findings.push(verdict.of(check, &one.address));
        if let Some(answer) = self.images.get(&one.image) {
            let type_ = type_.ok().flatten().map(|type_| (one.type_.as_str(), type_));
            find(OF_IMAGES, verdicts::image(&one.image, answer.as_ref(), type_));
        }
        let zone = match (&one.zone, &one.subnet, &self.zones) {
            (Some(zone), _, _) => Some(zone.as_str()),
            (None, Some(subnet), Ok(zones)) => zones.get(subnet).map(String::as_str),
            _ => None,
        };
        let offers = self.offers.as_ref().map(|offers| offers.get(&one.type_));
        find(OF_TYPES, verdicts::type_(&one.type_, type_, zone, offers));
        if let Some((name, answer)) = one.profile.as_ref().and_then(|name| self.profiles.get_key_value(name))
        {
            find(NAMED, verdicts::profile(name, answer.as_ref()));
        }
        findings
    }

    /// The vCPUs of the new machines. One that is replaced has made room for its new one by then.
    fn cpus(&self, scene: &Scene<'_>, new: &[&Machine]) -> Option<Finding> {
        let counted = made(scene, &[MACHINE]);
        let new: Vec<&&Machine> =
            new.iter().filter(|one| counted.contains(&&one.address) && is_standard(&one.type_)).collect();
        let first = &new.first()?.address;
        let verdict = match (self.cpus.as_ref()?, &self.types) {
            (Ok(room), Ok(types)) => {
                let more = new.iter().filter_map(|one| types.get(&one.type_)).map(|type_| type_.cpus).sum();
                // Of types that there are not, another check speaks.
                if more == 0 {
                    return None;
                }
                room.verdict(more, "vCPU of standard machines", "vCPUs of standard machines")
            }
            (Err(error), _) | (_, Err(error)) => Verdict::not_checked("quota of vCPUs", error),
        };
        Some(verdict.of(QUOTAS, first))
    }
}
