//! The outputs of a stack for those who use it: names to mount, endpoints to connect to.
//!
//! Made from the state alone. An object has outputs as soon as it has been ready once, also while it is changed or
//! deleted: a database that is being changed, or whose change was refused, serves on under the same name.

mod short;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::state::{Record, State};

pub use short::short_names_lost;
pub use text::NoOutput;

/// The version of the output document. The number before the dot changes when a field changes its meaning or goes.
pub const FORMAT_VERSION: &str = "1.0";

/// The document of `output --json`: the outputs of objects that exist. Those without a value are in `missing`, each with the reason.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Outputs {
    pub format_version: String,
    /// The mount targets of the stack's one file system, by zone. Empty where the stack has several file systems, or
    /// where a zone has no mount target: then it is among `missing`.
    pub nfs_mount_points: Vec<MountTarget>,
    /// The name of the stack's one file system, which leads each client to the mount target of its own zone. Null where
    /// there are several: then it is among `missing`.
    pub nfs_dns_name: Option<String>,
    /// `host:port` of the stack's one database. Null where there are several, or while it is being made: then it is
    /// among `missing`.
    pub pgsql_endpoint: Option<String>,
    /// By name. Those that are being made for the first time are among `missing`.
    pub file_systems: BTreeMap<String, FileSystem>,
    /// By name. Those that are being made for the first time are among `missing`.
    pub databases: BTreeMap<String, Database>,
    /// The outputs without a value, or with a part of it only.
    pub missing: Vec<Missing>,
    /// The name of mount targets in the text form.
    #[serde(skip)]
    reach_by: ReachBy,
}

/// One file system.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FileSystem {
    /// `fs-…`
    pub id: String,
    pub arn: String,
    pub dns_name: String,
    /// Those that exist, by zone; `missing_zones` has the zones without one.
    pub mount_targets: Vec<MountTarget>,
    /// The zones of the network in which no mount target exists.
    pub missing_zones: Vec<String>,
    /// By name.
    pub access_points: BTreeMap<String, AccessPoint>,
}

/// The place at which a file system is reached from one zone.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct MountTarget {
    pub zone: String,
    pub subnet_id: String,
    pub ip_address: String,
    /// The file system's name: each client gets the mount target of its own zone.
    pub dns_name: String,
    /// The name of this very mount target, whatever the client's zone.
    pub zone_dns_name: String,
}

/// A directory of a file system that clients mount as its root.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AccessPoint {
    /// `fsap-…`
    pub id: String,
    pub arn: String,
    pub path: String,
}

/// One database.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Database {
    /// The id that never changes: `db-…`
    pub id: String,
    pub arn: String,
    /// `host:port`
    pub endpoint: String,
    pub host: String,
    pub port: u16,
    /// The database made inside the instance, if one was asked for.
    pub database: Option<String>,
    pub username: String,
    /// The Secrets Manager secret that holds the password, where RDS manages it.
    pub secret_arn: Option<String>,
}

/// An output without a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missing {
    /// The output's name: `pgsql_endpoint`; `databases.NAME` stands for everything of that database.
    pub output: String,
    /// Why, as a fragment: `the stack has 2 databases`.
    pub reason: String,
    /// For mount targets: the zones without one.
    pub zones: Vec<String>,
    /// A command to type.
    pub hint: String,
}

/// The way in which a client in the VPC reaches file systems: by their names, or by addresses if it cannot use the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReachBy {
    Name,
    IpAddress,
}

/// The outputs that the state records.
pub fn outputs(state: &State) -> Outputs {
    let mut missing = Vec::new();
    let recorded_file_systems = names(state, "aws_efs_file_system");
    let file_systems: BTreeMap<String, FileSystem> = recorded(state, "aws_efs_file_system")
        .filter_map(|(address, record)| {
            Some((address.name().to_owned(), file_system(state, address, record)?))
        })
        .collect();
    let recorded_databases = names(state, "aws_db_instance");
    let databases: BTreeMap<String, Database> = recorded(state, "aws_db_instance")
        .filter_map(|(address, record)| Some((address.name().to_owned(), database(record)?)))
        .collect();
    for name in recorded_file_systems.iter().filter(|name| !file_systems.contains_key(**name)) {
        missing.push(Missing::not_made(format!("file_systems.{name}"), &format!("the file system {name}")));
    }
    for (name, file_system) in &file_systems {
        missing.extend(Missing::zones(&format!("file_systems.{name}.mount_targets"), name, file_system));
    }
    for name in recorded_databases.iter().filter(|name| !databases.contains_key(**name)) {
        missing.push(Missing::not_made(format!("databases.{name}"), &format!("the database {name}")));
    }

    // A short name means the only one there is. With a second one it means nothing, rather than another one than before.
    let mut nfs_mount_points = Vec::new();
    let mut nfs_dns_name = None;
    match recorded_file_systems.as_slice() {
        [] => {}
        [name] => match file_systems.get(*name) {
            None => {
                let what = format!("the file system {name}");
                let short = ["nfs_dns_name", "nfs_mount_points"];
                missing.extend(short.map(|short| Missing::not_made(short.to_owned(), &what)));
            }
            Some(only) => {
                nfs_dns_name = Some(only.dns_name.clone());
                match Missing::zones("nfs_mount_points", name, only) {
                    None => nfs_mount_points = only.mount_targets.clone(),
                    incomplete => missing.extend(incomplete),
                }
            }
        },
        several => {
            let full =
                |field: &'static str| several.iter().map(move |name| format!("file_systems.{name}.{field}"));
            missing.push(Missing::several("nfs_dns_name", "file systems", full("dns_name")));
            missing.push(Missing::several("nfs_mount_points", "file systems", full("mount_targets")));
        }
    }
    let mut pgsql_endpoint = None;
    match recorded_databases.as_slice() {
        [] => {}
        [name] => match databases.get(*name) {
            None => {
                missing.push(Missing::not_made("pgsql_endpoint".to_owned(), &format!("the database {name}")))
            }
            Some(only) => pgsql_endpoint = Some(only.endpoint.clone()),
        },
        several => {
            let full = several.iter().map(|name| format!("databases.{name}.endpoint"));
            missing.push(Missing::several("pgsql_endpoint", "databases", full));
        }
    }

    let names_resolve = state.cluster.as_ref().is_none_or(|cluster| cluster.efs_names_resolve);
    Outputs {
        format_version: FORMAT_VERSION.to_owned(),
        nfs_mount_points,
        nfs_dns_name,
        pgsql_endpoint,
        file_systems,
        databases,
        missing,
        reach_by: if names_resolve { ReachBy::Name } else { ReachBy::IpAddress },
    }
}

/// The stack's own records of a kind, in every phase.
fn recorded<'a>(state: &'a State, kind: &'static str) -> impl Iterator<Item = (&'a Address, &'a Record)> {
    state.resources.iter().filter(move |(address, record)| address.kind() == kind && !record.adopted)
}

fn names<'a>(state: &'a State, kind: &'static str) -> Vec<&'a str> {
    recorded(state, kind).map(|(address, _)| address.name()).collect()
}

fn file_system(state: &State, address: &Address, record: &Record) -> Option<FileSystem> {
    let own = |kind| recorded(state, kind).filter(|(member, _)| member.name() == address.name());
    let dns_name = text(&record.outputs, "dns_name")?;
    let mut mount_targets = Vec::new();
    // Every zone of the network has one, or is to have one.
    let mut missing_zones: BTreeSet<String> = state
        .resources
        .iter()
        .filter(|(subnet, record)| subnet.kind() == "aws_subnet" && record.adopted)
        .map(|(subnet, _)| subnet.name().to_owned())
        .collect();
    for (target, record) in own("aws_efs_mount_target") {
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
    let access_points = own("aws_efs_access_point")
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
    id(record)?;
    Some(MountTarget {
        zone: text(&record.outputs, "availability_zone")?,
        subnet_id: text(&record.inputs, "subnet_id")?,
        ip_address: text(&record.outputs, "ip_address")?,
        dns_name: dns_name.to_owned(),
        zone_dns_name: text(&record.outputs, "dns_name")?,
    })
}

fn access_point(record: &Record) -> Option<AccessPoint> {
    Some(AccessPoint {
        id: id(record)?,
        arn: text(&record.outputs, "arn")?,
        path: text(&record.inputs, "path")?,
    })
}

fn database(record: &Record) -> Option<Database> {
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

impl Missing {
    fn not_made(output: String, what: &str) -> Self {
        let hint = "provision apply".to_owned();
        Self { output, reason: format!("{what} is not ready yet"), zones: Vec::new(), hint }
    }

    /// The list of a file system's mount targets, if it is not whole.
    fn zones(output: &str, name: &str, file_system: &FileSystem) -> Option<Self> {
        let zones = file_system.missing_zones.clone();
        let reason = match (zones.as_slice(), file_system.mount_targets.is_empty()) {
            ([], false) => return None,
            ([], true) => format!("{name} has no mount target"),
            (zones, _) => format!("{name} has no mount target in {}", zones.join(", ")),
        };
        Some(Self { output: output.to_owned(), reason, zones, hint: "provision apply".to_owned() })
    }

    fn several(output: &str, what: &str, full: impl Iterator<Item = String>) -> Self {
        let full: Vec<String> = full.map(|name| format!("provision output {name}")).collect();
        Self {
            output: output.to_owned(),
            reason: format!("the stack has {} {what}", full.len()),
            zones: Vec::new(),
            hint: format!("name the one that is meant: {}", full.join(" or ")),
        }
    }
}

#[cfg(test)]
mod tests;
