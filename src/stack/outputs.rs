//! The outputs of a stack for those who use it: names to mount, endpoints to connect to.
//!
//! Made from the state alone. An object has outputs as soon as it has been ready once, also while it is changed or
//! deleted: a database that is being changed, or whose change was refused, serves on under the same name. An object that a
//! run has found gone has none, though its record is kept.

mod missing;
mod recorded;
mod short;
mod text;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::state::State;

pub use missing::Missing;
use recorded::{access_points_without_value, by_name, database, file_system};
pub use short::short_names_lost;
pub use text::NoOutput;

/// The version of the output document. The number before the dot changes when a field changes its meaning or goes.
pub const FORMAT_VERSION: &str = "1.0";

const FILE_SYSTEM: &str = "aws_efs_file_system";
const DATABASE: &str = "aws_db_instance";

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
    /// `host:port` of the stack's one database. Null where there are several, while it is being made, or where
    /// it is gone: then it is among `missing`.
    pub pgsql_endpoint: Option<String>,
    /// By name. Those that are being made for the first time, or are gone, are among `missing`.
    pub file_systems: BTreeMap<String, FileSystem>,
    /// By name. Those that are being made for the first time, or are gone, are among `missing`.
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

/// The way in which a client in the VPC reaches file systems: by their names, or by addresses if it cannot use the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReachBy {
    Name,
    IpAddress,
}

/// The outputs that the state records.
pub fn outputs(state: &State) -> Outputs {
    let mut missing = Vec::new();
    let recorded_file_systems = by_name(state, FILE_SYSTEM);
    let mut file_systems = BTreeMap::new();
    for (name, record) in &recorded_file_systems {
        match file_system(state, name, record) {
            None => missing.push(Missing::with_data(
                format!("file_systems.{name}"),
                &format!("the file system {name}"),
                record,
            )),
            Some(found) => {
                missing.extend(Missing::zones(&format!("file_systems.{name}.mount_targets"), name, &found));
                missing.extend(access_points_without_value(state, name));
                file_systems.insert((*name).to_owned(), found);
            }
        }
    }
    let recorded_databases = by_name(state, DATABASE);
    let mut databases = BTreeMap::new();
    for (name, record) in &recorded_databases {
        match database(record) {
            None => {
                let what = format!("the database {name}");
                missing.push(Missing::with_data(format!("databases.{name}"), &what, record));
            }
            Some(found) => {
                databases.insert((*name).to_owned(), found);
            }
        }
    }

    // A short name means the only one there is. With a second one it means nothing, rather than another one than before.
    let mut nfs_mount_points = Vec::new();
    let mut nfs_dns_name = None;
    match recorded_file_systems.iter().collect::<Vec<_>>().as_slice() {
        [] => {}
        [(name, record)] => match file_systems.get(**name) {
            None => {
                let what = format!("the file system {name}");
                let short = ["nfs_dns_name", "nfs_mount_points"];
                missing.extend(short.map(|short| Missing::with_data(short.to_owned(), &what, record)));
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
            let full = |field: &'static str| {
                several.iter().map(move |(name, _)| format!("file_systems.{name}.{field}"))
            };
            missing.push(Missing::several("nfs_dns_name", "file systems", full("dns_name")));
            missing.push(Missing::several("nfs_mount_points", "file systems", full("mount_targets")));
        }
    }
    let mut pgsql_endpoint = None;
    match recorded_databases.iter().collect::<Vec<_>>().as_slice() {
        [] => {}
        [(name, record)] => match databases.get(**name) {
            None => {
                let what = format!("the database {name}");
                missing.push(Missing::with_data("pgsql_endpoint".to_owned(), &what, record));
            }
            Some(only) => pgsql_endpoint = Some(only.endpoint.clone()),
        },
        several => {
            let full = several.iter().map(|(name, _)| format!("databases.{name}.endpoint"));
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

#[cfg(test)]
mod tests;
