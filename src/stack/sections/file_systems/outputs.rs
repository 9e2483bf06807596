//! The outputs of file systems: names to mount, and access points.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

use super::{ACCESS_POINT, MOUNT_TARGET, replication};
use crate::engine::address::Address;
use crate::engine::state::{Record, State};
use crate::stack::outputs::{Missing, Output, id, recorded, text};
use crate::stack::section::zones::ZONES;
use crate::stack::section::{Short, Without};

pub(super) const SHORT: &[Short] = &[
    Short {
        name: "nfs_mount_points",
        field: TARGETS,
        doc: "The mount targets of the stack's one file system, by zone. Empty where the stack has several file systems, or\n\
              where a zone has no mount target: then it is among `missing`.",
        schema: |generator| generator.subschema_for::<Vec<MountTarget>>(),
        without: Without::EmptyList,
    },
    Short {
        name: "nfs_dns_name",
        field: "dns_name",
        doc: "The name of the stack's one file system, which leads each client to the mount target of its own zone. Null where\n\
              there are several: then it is among `missing`.",
        schema: |generator| generator.subschema_for::<Option<String>>(),
        without: Without::Null,
    },
];

const TARGETS: &str = "mount_targets";

/// One file system.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct FileSystem {
    /// `fs-…`
    id: String,
    arn: String,
    dns_name: String,
    /// Those that exist, by zone; `missing_zones` has the zones without one.
    mount_targets: Vec<MountTarget>,
    /// The zones of the network in which no mount target exists.
    missing_zones: Vec<String>,
    /// By name.
    access_points: BTreeMap<String, AccessPoint>,
    /// The copy that a replication keeps up to date.
    #[serde(skip_serializing_if = "Option::is_none")]
    replica: Option<Replica>,
}

/// The copy of a file system in another region or zone.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct Replica {
    /// `fs-…`
    id: String,
    region: String,
}

/// The place at which a file system is reached from one zone.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct MountTarget {
    zone: String,
    subnet_id: String,
    ip_address: String,
    /// The file system's name: each client gets the mount target of its own zone.
    dns_name: String,
    /// The name of this very mount target, whatever the client's zone.
    zone_dns_name: String,
}

/// A directory of a file system that clients mount as its root.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct AccessPoint {
    /// `fsap-…`
    id: String,
    arn: String,
    path: String,
}

pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<FileSystem>()
}

pub(super) fn output(state: &State, name: &str, record: &Record) -> Option<Output> {
    let file_system = file_system(state, name, record)?;
    let mut output = Output::of(&file_system);
    output.missing.extend(zones(name, &file_system));
    output.missing.extend(points_without_value(state, name));
    let unmade = parts(state, name, replication::KIND).filter(|(_, record)| replica(record).is_none());
    let replication = format!("the replication of {name}");
    output
        .missing
        .extend(unmade.map(|(_, record)| Missing::object("replica".to_owned(), &replication, record)));
    // A list that is not whole is no list.
    let whole = output.missing.iter().all(|missing| missing.output != TARGETS);
    let FileSystem { id, arn, dns_name, mount_targets, missing_zones: _, access_points, replica } =
        file_system;
    let mut add = |field: &str, text: String| _ = output.texts.insert(field.to_owned(), text);
    add("id", id);
    add("arn", arn);
    add("dns_name", dns_name);
    for (point, AccessPoint { id, arn, path }) in access_points {
        add(&format!("access_points.{point}.id"), id);
        add(&format!("access_points.{point}.arn"), arn);
        add(&format!("access_points.{point}.path"), path);
    }
    if let Some(Replica { id, region }) = replica {
        add("replica.id", id);
        add("replica.region", region);
    }
    if whole {
        add(TARGETS, one_line(state, mount_targets));
    }
    Some(output)
}

/// The records of the parts of a file system.
fn parts<'a>(
    state: &'a State,
    name: &'a str,
    kind: &'static str,
) -> impl Iterator<Item = (&'a Address, &'a Record)> {
    recorded(state, kind).filter(move |(member, _)| member.name() == name)
}

fn file_system(state: &State, name: &str, record: &Record) -> Option<FileSystem> {
    let dns_name = text(&record.outputs, "dns_name")?;
    let mut mount_targets = Vec::new();
    // Every zone that is chosen has one, or is to have one; without a choice, every zone of the network.
    let of_network =
        state.resources.iter().filter(|(at, record)| at.kind() == "aws_subnet" && record.watched);
    let mut missing_zones: BTreeSet<String> = match record.inputs.get(ZONES).and_then(Value::as_array) {
        Some(chosen) => chosen.iter().filter_map(|zone| zone.as_str().map(str::to_owned)).collect(),
        None => of_network.map(|(subnet, _)| subnet.name().to_owned()).collect(),
    };
    for (target, record) in parts(state, name, MOUNT_TARGET) {
        let zone = target.member_name().unwrap_or_default();
        match mount_target(record, &dns_name) {
            Some(found) => {
                missing_zones.remove(zone);
                mount_targets.push(found);
            }
            None => {
                missing_zones.insert(zone.to_owned());
            }
        }
    }
    mount_targets.sort_by(|one, other| one.zone.cmp(&other.zone));
    let access_points = parts(state, name, ACCESS_POINT)
        .filter_map(|(point, record)| Some((point.member_name()?.to_owned(), access_point(record)?)))
        .collect();
    Some(FileSystem {
        id: id(record)?,
        arn: text(&record.outputs, "arn")?,
        dns_name,
        mount_targets,
        missing_zones: missing_zones.into_iter().collect(),
        access_points,
        replica: parts(state, name, replication::KIND).find_map(|(_, record)| replica(record)),
    })
}

fn replica(record: &Record) -> Option<Replica> {
    id(record).filter(|_| !record.gone)?;
    Some(Replica {
        id: text(&record.outputs, "destination_file_system_id")?,
        region: text(&record.outputs, "destination_region")?,
    })
}

fn mount_target(record: &Record, dns_name: &str) -> Option<MountTarget> {
    id(record).filter(|_| !record.gone)?;
    Some(MountTarget {
        zone: text(&record.outputs, "availability_zone")?,
        subnet_id: text(&record.inputs, "subnet_id")?,
        // One of IPv6 alone has no other.
        ip_address: text(&record.outputs, "ip_address").or_else(|| text(&record.outputs, "ipv6_address"))?,
        dns_name: dns_name.to_owned(),
        zone_dns_name: text(&record.outputs, "dns_name")?,
    })
}

fn access_point(record: &Record) -> Option<AccessPoint> {
    Some(AccessPoint {
        id: id(record).filter(|_| !record.gone)?,
        arn: text(&record.outputs, "arn")?,
        path: text(&record.inputs, "path")?,
    })
}

/// The list of the mount targets, if it is not whole.
fn zones(name: &str, file_system: &FileSystem) -> Option<Missing> {
    let zones = file_system.missing_zones.clone();
    let reason = match (zones.as_slice(), file_system.mount_targets.is_empty()) {
        ([], false) => return None,
        ([], true) => format!("{name} has no mount target"),
        (zones, _) => format!("{name} has no mount target in {}", zones.join(", ")),
    };
    Some(Missing { output: TARGETS.to_owned(), reason, zones, hint: "provision apply".to_owned() })
}

fn points_without_value(state: &State, name: &str) -> Vec<Missing> {
    let unmade = parts(state, name, ACCESS_POINT).filter(|(_, record)| access_point(record).is_none());
    unmade
        .filter_map(|(point, record)| {
            let member = point.member_name()?;
            let what = format!("the access point {member} of {name}");
            Some(Missing::object(format!("access_points.{member}"), &what, record))
        })
        .collect()
}

/// One line for a script: a name for each zone, or an address where a client in the VPC cannot use the names.
fn one_line(state: &State, targets: Vec<MountTarget>) -> String {
    let names_resolve = state.cluster().is_none_or(|cluster| cluster.efs_names_resolve);
    let reach = |target: MountTarget| if names_resolve { target.zone_dns_name } else { target.ip_address };
    targets.into_iter().map(reach).collect::<Vec<_>>().join(" ")
}
