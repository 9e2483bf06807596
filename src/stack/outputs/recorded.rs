//! Records as outputs: those of objects that have been ready, and are not gone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{AccessPoint, Database, FileSystem, Missing, MountTarget};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::state::{Record, State};

const ACCESS_POINT: &str = "aws_efs_access_point";

/// The stack's own records of a kind, in every phase.
fn recorded<'a>(state: &'a State, kind: &'static str) -> impl Iterator<Item = (&'a Address, &'a Record)> {
    state.resources.iter().filter(move |(address, record)| address.kind() == kind && !record.adopted)
}

pub(super) fn by_name<'a>(state: &'a State, kind: &'static str) -> BTreeMap<&'a str, &'a Record> {
    recorded(state, kind).map(|(address, record)| (address.name(), record)).collect()
}

/// The records of the parts of a file system.
fn parts<'a>(
    state: &'a State,
    name: &'a str,
    kind: &'static str,
) -> impl Iterator<Item = (&'a Address, &'a Record)> {
    recorded(state, kind).filter(move |(member, _)| member.name() == name)
}

pub(super) fn file_system(state: &State, name: &str, record: &Record) -> Option<FileSystem> {
    if record.gone {
        return None;
    }
    let dns_name = text(&record.outputs, "dns_name")?;
    let mut mount_targets = Vec::new();
    // Every zone of the network has one, or is to have one.
    let mut missing_zones: BTreeSet<String> = state
        .resources
        .iter()
        .filter(|(subnet, record)| subnet.kind() == "aws_subnet" && record.adopted)
        .map(|(subnet, _)| subnet.name().to_owned())
        .collect();
    for (target, record) in parts(state, name, "aws_efs_mount_target") {
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
    })
}

fn mount_target(record: &Record, dns_name: &str) -> Option<MountTarget> {
    id(record).filter(|_| !record.gone)?;
    Some(MountTarget {
        zone: text(&record.outputs, "availability_zone")?,
        subnet_id: text(&record.inputs, "subnet_id")?,
        ip_address: text(&record.outputs, "ip_address")?,
        dns_name: dns_name.to_owned(),
        zone_dns_name: text(&record.outputs, "dns_name")?,
    })
}

pub(super) fn access_points_without_value(state: &State, name: &str) -> Vec<Missing> {
    let unmade = parts(state, name, ACCESS_POINT).filter(|(_, record)| access_point(record).is_none());
    unmade
        .filter_map(|(point, record)| {
            let member = point.member_name()?;
            let output = format!("file_systems.{name}.access_points.{member}");
            Some(Missing::object(output, &format!("the access point {member} of {name}"), record))
        })
        .collect()
}

fn access_point(record: &Record) -> Option<AccessPoint> {
    Some(AccessPoint {
        id: id(record).filter(|_| !record.gone)?,
        arn: text(&record.outputs, "arn")?,
        path: text(&record.inputs, "path")?,
    })
}

pub(super) fn database(record: &Record) -> Option<Database> {
    if record.gone {
        return None;
    }
    let (host, port) = (text(&record.outputs, "host")?, text(&record.outputs, "port")?.parse().ok()?);
    Some(Database {
        id: id(record)?,
        arn: text(&record.outputs, "arn")?,
        endpoint: format!("{host}:{port}"),
        host,
        port,
        database: text(&record.inputs, "database_name"),
        username: text(&record.inputs, "username")?,
        secret_arn: text(&record.outputs, "secret_arn"),
    })
}

fn id(record: &Record) -> Option<String> {
    record.id.as_ref().map(|id| id.as_str().to_owned())
}

fn text(document: &Document, field: &str) -> Option<String> {
    document.get(field).and_then(Value::as_str).map(str::to_owned)
}
