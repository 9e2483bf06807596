//! What a stack gives to those who use it: names to mount, endpoints to connect to.
//! Knows the state alone; asks nothing of AWS.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::address::Address;
use crate::document::Document;
use crate::stack::{nearest, shown};
use crate::state::{Phase, Record, State};

/// The version of the output document. The number before the dot changes when a field changes its meaning or goes.
pub const FORMAT_VERSION: &str = "1.0";

/// What `output --json` prints. Only what is ready is in it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Outputs {
    pub format_version: String,
    /// The mount targets of the first file system, by zone.
    pub nfs_mount_points: Vec<MountTarget>,
    /// The name of the first file system, which leads each client to the mount target of its own zone.
    pub nfs_dns_name: Option<String>,
    /// `host:port` of the first database.
    pub pgsql_endpoint: Option<String>,
    pub file_systems: BTreeMap<String, FileSystem>,
    pub databases: BTreeMap<String, Database>,
    /// How the text form calls mount targets.
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
    /// By zone.
    pub mount_targets: Vec<MountTarget>,
    /// By name.
    pub access_points: BTreeMap<String, AccessPoint>,
}

/// Where a file system is reached from one zone.
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

/// A directory of a file system that is mounted as if it were all there is.
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
    pub host: String,
    pub port: u16,
    /// The database made inside the instance, if one was asked for.
    pub database: Option<String>,
    pub username: String,
    /// The Secrets Manager secret that holds the password, where RDS manages it.
    pub secret_arn: Option<String>,
}

/// Whether a client in the VPC can use the names of file systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReachBy {
    Name,
    IpAddress,
}

/// Why there is no such output.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoOutput {
    #[error("there is no output `{}`", shown(name))]
    Unknown { name: String, known: Vec<String> },
    #[error("`{name}` is not known yet: {missing} is ready")]
    NotReady { name: &'static str, missing: &'static str },
}

impl NoOutput {
    /// What to type instead.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { name, known } => match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", known.join(", ")),
            },
            Self::NotReady { .. } => "provision apply".to_owned(),
        }
    }
}

/// The outputs that the state records. What is not ready yet is left out.
pub fn outputs(state: &State) -> Outputs {
    let ready = |kind: &'static str| {
        state.resources.iter().filter(move |(address, record)| {
            address.kind() == kind && record.phase == Phase::Ready && !record.adopted
        })
    };
    let file_systems: BTreeMap<String, FileSystem> = ready("aws_efs_file_system")
        .filter_map(|(address, record)| {
            let own = |kind| ready(kind).filter(|(member, _)| member.name() == address.name());
            let points = own("aws_efs_access_point")
                .filter_map(|(point, record)| Some((point.member_name()?.to_owned(), access_point(record)?)));
            let targets = own("aws_efs_mount_target");
            Some((address.name().to_owned(), file_system(record, targets, points.collect())?))
        })
        .collect();
    let databases: BTreeMap<String, Database> = ready("aws_db_instance")
        .filter_map(|(address, record)| Some((address.name().to_owned(), database(record)?)))
        .collect();
    let first = file_systems.values().next();
    let names_resolve = state.cluster.as_ref().is_none_or(|cluster| cluster.efs_names_resolve);
    Outputs {
        format_version: FORMAT_VERSION.to_owned(),
        nfs_mount_points: first.map(|first| first.mount_targets.clone()).unwrap_or_default(),
        nfs_dns_name: first.map(|first| first.dns_name.clone()),
        pgsql_endpoint: databases.values().next().map(|first| format!("{}:{}", first.host, first.port)),
        file_systems,
        databases,
        reach_by: if names_resolve { ReachBy::Name } else { ReachBy::IpAddress },
    }
}

fn file_system<'a>(
    record: &Record,
    targets: impl Iterator<Item = (&'a Address, &'a Record)>,
    access_points: BTreeMap<String, AccessPoint>,
) -> Option<FileSystem> {
    let dns_name = text(&record.outputs, "dns_name")?;
    let mut mount_targets: Vec<MountTarget> = targets
        .filter_map(|(_, target)| {
            Some(MountTarget {
                zone: text(&target.outputs, "availability_zone")?,
                subnet_id: text(&target.inputs, "subnet_id")?,
                ip_address: text(&target.outputs, "ip_address")?,
                dns_name: dns_name.clone(),
                zone_dns_name: text(&target.outputs, "dns_name")?,
            })
        })
        .collect();
    mount_targets.sort_by(|one, other| one.zone.cmp(&other.zone));
    Some(FileSystem {
        id: record.id.as_ref()?.as_str().to_owned(),
        arn: text(&record.outputs, "arn")?,
        dns_name,
        mount_targets,
        access_points,
    })
}

fn access_point(record: &Record) -> Option<AccessPoint> {
    Some(AccessPoint {
        id: record.id.as_ref()?.as_str().to_owned(),
        arn: text(&record.outputs, "arn")?,
        path: text(&record.inputs, "path")?,
    })
}

fn database(record: &Record) -> Option<Database> {
    Some(Database {
        id: record.id.as_ref()?.as_str().to_owned(),
        arn: text(&record.outputs, "arn")?,
        host: text(&record.outputs, "host")?,
        port: text(&record.outputs, "port")?.parse().ok()?,
        database: text(&record.inputs, "database_name"),
        username: text(&record.inputs, "username")?,
        secret_arn: text(&record.outputs, "secret_arn"),
    })
}

fn text(document: &Document, field: &str) -> Option<String> {
    document.get(field).and_then(Value::as_str).map(str::to_owned)
}

impl Outputs {
    /// Every output by its name, as text: what `output` prints.
    ///
    /// The three that scripts want most come under their own names; the others as
    /// `file_systems.<name>.<field>` and `databases.<name>.<field>`.
    pub fn texts(&self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        let mut add = |name: &str, text: Option<String>| {
            if let Some(text) = text {
                texts.insert(name.to_owned(), text);
            }
        };
        add("nfs_dns_name", self.nfs_dns_name.clone());
        add("pgsql_endpoint", self.pgsql_endpoint.clone());
        if !self.nfs_mount_points.is_empty() {
            add("nfs_mount_points", Some(self.mount_points(&self.nfs_mount_points)));
        }
        for (name, FileSystem { id, arn, dns_name, mount_targets, access_points }) in &self.file_systems {
            let mut add =
                |field: &str, text: &str| add(&format!("file_systems.{name}.{field}"), Some(text.to_owned()));
            add("id", id);
            add("arn", arn);
            add("dns_name", dns_name);
            add("mount_targets", &self.mount_points(mount_targets));
            for (point, AccessPoint { id, arn, path }) in access_points {
                add(&format!("access_points.{point}.id"), id);
                add(&format!("access_points.{point}.arn"), arn);
                add(&format!("access_points.{point}.path"), path);
            }
        }
        for (name, Database { id, arn, host, port, database, username, secret_arn }) in &self.databases {
            let mut add = |field, text: Option<&str>| {
                add(&format!("databases.{name}.{field}"), text.map(str::to_owned));
            };
            add("id", Some(id));
            add("arn", Some(arn));
            add("host", Some(host));
            add("port", Some(&port.to_string()));
            add("database", database.as_deref());
            add("username", Some(username));
            add("secret_arn", secret_arn.as_deref());
        }
        texts
    }

    /// One output as text: what `output NAME` prints.
    ///
    /// # Errors
    /// [`NoOutput`] when there is none of this name, or none yet.
    pub fn text(&self, name: &str) -> Result<String, NoOutput> {
        let mut texts = self.texts();
        if let Some(text) = texts.remove(name) {
            return Ok(text);
        }
        const FIXED: [(&str, &str); 3] = [
            ("nfs_dns_name", "no file system"),
            ("nfs_mount_points", "no mount target"),
            ("pgsql_endpoint", "no database"),
        ];
        if let Some((name, missing)) = FIXED.into_iter().find(|(fixed, _)| *fixed == name) {
            return Err(NoOutput::NotReady { name, missing });
        }
        let mut known: Vec<String> = texts.into_keys().collect();
        known.extend(FIXED.map(|(fixed, _)| fixed.to_owned()));
        known.sort();
        known.dedup();
        Err(NoOutput::Unknown { name: name.to_owned(), known })
    }

    /// One line for a script: a name for each zone, or an address where names do not resolve.
    fn mount_points(&self, targets: &[MountTarget]) -> String {
        let points: Vec<&str> = targets
            .iter()
            .map(|target| match self.reach_by {
                ReachBy::Name => target.zone_dns_name.as_str(),
                ReachBy::IpAddress => target.ip_address.as_str(),
            })
            .collect();
        points.join(" ")
    }
}

#[cfg(test)]
mod tests;
