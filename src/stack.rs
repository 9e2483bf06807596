//! The stack file: everything that its author wants, typed and checked.

pub mod blueprint;
mod database;
mod file_system;
mod mask;
mod monitoring;
pub mod outputs;
mod parse;
mod passed;
pub mod password;
pub mod postgres;
mod problem;
mod read;
mod report;
mod rules;
mod tags;
mod values;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::network::Role;

pub use database::{Database, StorageType};
pub use file_system::{AccessPoint, FileSystem};
pub use monitoring::{InsightsRetention, InvalidRetention, ListedTwice, LogType, Logs};
pub use parse::{Sections, parse, parse_with};
pub use problem::{Fault, Form, Problem};
pub(crate) use problem::{nearest, shown};
pub use report::StackError;
pub use tags::{InvalidTag, TagKey, TagValue};
pub use values::{
    Access, BackupWindow, Bounded, CaCertIdentifier, ClusterName, DatabaseName, EngineVersion, GroupName,
    Identifier, InstanceClass, InvalidAccess, InvalidText, KeyArn, MaintenanceWindow, Name, OutOfRange,
    ParameterName, ParameterValue, Region, StackName, Username,
};

/// The built-in stack: what is built when there is no stack file.
pub const REFERENCE: &str = include_str!("../provision.yaml");

/// The whole desired set: the stack file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(
    title = "The stack file of provision",
    extend("anyOf" = [
        { "required": ["file_systems"] },
        { "required": ["databases"] },
    ])
)]
pub struct Stack {
    /// The stack's name: it names the state file, is in the ownership tags, and starts the names of security groups.
    pub stack: StackName,
    /// The full name of the kops cluster; needed only where several are found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ClusterName")]
    pub cluster: Option<ClusterName>,
    /// The region; without it, the usual AWS settings decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Region")]
    pub region: Option<Region>,
    /// Tags that are put on everything that is created.
    // AWS allows 50 tags on a resource; `Name` and the ownership tags take four.
    #[schemars(extend(
        "maxProperties" = rules::MOST_TAGS,
        "propertyNames" = {
            "minLength": 1,
            "maxLength": 128,
            "not": { "pattern": "^([aA][wW][sS]:|provision:|kubernetes\\.io/cluster/|(KubernetesCluster|Name)$)" },
        },
    ))]
    pub tags: BTreeMap<TagKey, TagValue>,
    /// NFS file systems (Amazon EFS), by name.
    #[schemars(extend(
        "propertyNames" = { "maxLength": 63, "not": { "pattern": "^(default|nodes|masters)$" } },
    ))]
    pub file_systems: BTreeMap<Name, FileSystem>,
    /// PostgreSQL databases (Amazon RDS), by name.
    #[schemars(extend(
        "propertyNames" = { "maxLength": 63, "not": { "pattern": "^(default|nodes|masters)$" } },
    ))]
    pub databases: BTreeMap<Name, Database>,
}

impl Default for Stack {
    fn default() -> Self {
        Self {
            stack: "storage".parse().expect("a default is valid"),
            cluster: None,
            region: None,
            tags: BTreeMap::new(),
            file_systems: BTreeMap::new(),
            databases: BTreeMap::new(),
        }
    }
}

impl Stack {
    /// Gives each entry the options that were read for its kind, and the defaults of the others.
    fn pass_on(&mut self, passed: &mut passed::Passed, kinds: &Registry) {
        for (name, file_system) in &mut self.file_systems {
            file_system.options = passed::with_defaults(kinds, passed, passed::FILE_SYSTEM, &[name]);
            file_system.targets = passed::with_defaults(kinds, passed, passed::MOUNT_TARGET, &[name]);
            for (point, access_point) in &mut file_system.access_points {
                let names = [name, point];
                access_point.options = passed::with_defaults(kinds, passed, passed::ACCESS_POINT, &names);
            }
        }
        for (name, database) in &mut self.databases {
            database.options = passed::with_defaults(kinds, passed, passed::DATABASE, &[name]);
        }
    }

    /// The options that were passed on to kinds: where they are, the kind, and the values.
    fn passed(&self) -> Vec<(Vec<&str>, &'static str, &Document)> {
        let mut all = Vec::new();
        for (name, file_system) in &self.file_systems {
            let path = vec!["file_systems", name.as_str()];
            for (point, access_point) in &file_system.access_points {
                let path = [path.as_slice(), &["access_points", point.as_str()]].concat();
                all.push((path, passed::ACCESS_POINT, &access_point.options));
            }
            all.push((path.clone(), passed::MOUNT_TARGET, &file_system.targets));
            all.push((path, passed::FILE_SYSTEM, &file_system.options));
        }
        for (name, database) in &self.databases {
            all.push((vec!["databases", name.as_str()], passed::DATABASE, &database.options));
        }
        all
    }

    /// The stack as a document, as it would be written.
    pub fn to_json(&self) -> Value {
        let mut json = serde_json::to_value(self).expect("a stack has text as keys");
        for (path, _, options) in self.passed() {
            let entry = path.into_iter().fold(&mut json, |json, key| &mut json[key]);
            for (option, value) in options {
                entry[option] = value.clone();
            }
        }
        json
    }

    /// The roles that nothing of the stack gives access to.
    pub fn roles_without_access(&self) -> BTreeSet<Role> {
        let file_systems = self.file_systems.values().map(|one| &one.access);
        let databases = self.databases.values().map(|one| &one.access);
        let used: BTreeSet<Role> = file_systems.chain(databases).flat_map(Access::roles).collect();
        Role::ALL.into_iter().filter(|role| !used.contains(role)).collect()
    }

    /// The name of the security group of a file system or database, chosen or not.
    pub fn group_name(&self, name: &Name, chosen: Option<&GroupName>) -> String {
        chosen.map_or_else(|| format!("{}-{name}", self.stack), GroupName::to_string)
    }
}

/// The JSON Schema of the stack file, for editors: all that can be said of each value by itself.
pub fn schema(kinds: &Registry) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Stack>().to_value();
    passed::publish(kinds, &mut schema);
    schema
}

#[cfg(test)]
mod tests;
