//! The stack file: everything that its author wants, typed and checked.
//! Knows nothing of the network, and of AWS only what it would refuse.

mod mask;
mod problem;
mod read;
mod rules;
mod values;
mod yaml;

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::PasswordSource;

pub use problem::{Fault, Problem, Shape, StackError};
pub(crate) use problem::{nearest, shown};
pub use values::{
    Access, BackupWindow, Bounded, ClusterName, DatabaseName, EngineVersion, GroupName, InstanceClass,
    InvalidAccess, InvalidTag, InvalidText, MaintenanceWindow, Name, OutOfRange, Region, StackName, TagKey,
    TagValue, Username,
};

/// The built-in stack: what is built when there is no stack file.
pub const REFERENCE: &str = include_str!("../provision.yaml");

/// How large a stack file may be, in bytes.
const LARGEST: usize = 1 << 20;
/// How long one line of it may be, in bytes.
const LONGEST_LINE: usize = 2_000;
/// How many problems are looked for before giving up.
const ENOUGH: usize = 50;

/// The whole desired set: the stack file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(
    title = "The stack file of provision",
    extend("anyOf" = [
        { "required": ["file_systems"], "properties": { "file_systems": { "minProperties": 1 } } },
        { "required": ["databases"], "properties": { "databases": { "minProperties": 1 } } },
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

/// One file system, with a mount target in every zone of the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct FileSystem {
    /// The name of the security group that is made for it; without it, the stack's name and its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GroupName")]
    pub security_group: Option<GroupName>,
    /// The cluster's roles that may reach it, on tcp 2049.
    pub access: Access,
    /// Whether the data is encrypted at rest. Only a new file system can change it.
    pub encrypted: bool,
    /// `maxIO` allows more operations at once, each slower. Only a new file system can change it.
    pub performance_mode: PerformanceMode,
    /// What the throughput depends on: use, size, or a fixed rate. Once changed, AWS refuses another change for 24 hours.
    pub throughput_mode: ThroughputMode,
    /// The throughput in MiB/s, for `throughput_mode: provisioned` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bounded<1, 3414>")]
    pub provisioned_throughput_in_mibps: Option<Bounded<1, 3414>>,
    /// When files move to cheaper storage, and back.
    #[serde(skip_serializing_if = "Lifecycle::is_empty")]
    pub lifecycle: Lifecycle,
    /// Whether AWS Backup makes daily backups.
    pub backup: bool,
    /// Whether `provision` refuses to delete it. Kept in the state: EFS has no such protection of its own.
    pub deletion_protection: bool,
}

impl Default for FileSystem {
    fn default() -> Self {
        Self {
            security_group: None,
            access: Access::default(),
            encrypted: true,
            performance_mode: PerformanceMode::GeneralPurpose,
            throughput_mode: ThroughputMode::Elastic,
            provisioned_throughput_in_mibps: None,
            lifecycle: Lifecycle::default(),
            backup: true,
            deletion_protection: true,
        }
    }
}

/// How a file system trades latency for parallelism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub enum PerformanceMode {
    GeneralPurpose,
    #[serde(rename = "maxIO")]
    MaxIo,
}

/// What a file system's throughput depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ThroughputMode {
    Elastic,
    Bursting,
    Provisioned,
}

/// When the files of a file system move between storage classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Lifecycle {
    /// How long after the last access a file moves to Infrequent Access.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Age")]
    pub transition_to_ia: Option<Age>,
    /// How long after the last access a file moves to Archive; longer than `transition_to_ia`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Age")]
    pub transition_to_archive: Option<Age>,
    /// When a file moves back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Return")]
    pub transition_to_primary_storage_class: Option<Return>,
}

impl Lifecycle {
    /// Whether files stay where they are.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A time since the last access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Age {
    #[serde(rename = "AFTER_1_DAY")]
    Day,
    #[serde(rename = "AFTER_7_DAYS")]
    Days7,
    #[serde(rename = "AFTER_14_DAYS")]
    Days14,
    #[serde(rename = "AFTER_30_DAYS")]
    Days30,
    #[serde(rename = "AFTER_60_DAYS")]
    Days60,
    #[serde(rename = "AFTER_90_DAYS")]
    Days90,
    #[serde(rename = "AFTER_180_DAYS")]
    Days180,
    #[serde(rename = "AFTER_270_DAYS")]
    Days270,
    #[serde(rename = "AFTER_365_DAYS")]
    Days365,
}

/// When a file moves back to the primary storage class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Return {
    #[serde(rename = "AFTER_1_ACCESS")]
    FirstAccess,
}

/// One PostgreSQL database instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Database {
    /// The name of the security group that is made for it; without it, the stack's name and its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GroupName")]
    pub security_group: Option<GroupName>,
    /// The cluster's roles that may reach it, on its port.
    pub access: Access,
    /// The PostgreSQL version: `"16"` is met by any 16. Never a downgrade.
    #[serde(deserialize_with = "values::as_written")]
    #[schemars(extend("type" = ["string", "number"], "minimum" = 1, "exclusiveMaximum" = 100))]
    pub engine_version: EngineVersion,
    /// The size of the machines.
    pub instance_class: InstanceClass,
    /// The storage in GiB. It can grow, and never shrink.
    pub allocated_storage: Bounded<20, 65_536>,
    /// The kind of disk.
    pub storage_type: StorageType,
    /// The I/O operations per second, for `io1` and `io2`, and for `gp3` from 400 GiB on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bounded<1_000, 256_000>")]
    pub iops: Option<Bounded<1_000, 256_000>>,
    /// The storage throughput in MiB/s, for `gp3` from 400 GiB on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bounded<500, 4_000>")]
    pub storage_throughput: Option<Bounded<500, 4_000>>,
    /// The database to make inside the instance; without it there is only `postgres`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DatabaseName")]
    pub database_name: Option<DatabaseName>,
    /// The master user. Only a new database can change it.
    pub username: Username,
    /// `managed` (RDS makes the password and keeps it in Secrets Manager), `env:NAME` or `file:PATH`. Never a literal.
    #[schemars(schema_with = "password_schema")]
    pub password: PasswordSource,
    /// With `env:` or `file:`: raise it to send the password again. It is never stored nor compared.
    pub password_version: Bounded<1, 1_000_000>,
    /// Whether a standby runs in another zone.
    pub multi_az: bool,
    /// The port to connect to. A change restarts the database at once.
    pub port: Bounded<1_150, 65_535>,
    /// How many days of backups are kept; 0 turns backups off.
    pub backup_retention_period: Bounded<0, 35>,
    /// When the daily backup is made: `hh:mm-hh:mm` in UTC. Without it, AWS chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BackupWindow")]
    pub backup_window: Option<BackupWindow>,
    /// When changes that disturb are made: `ddd:hh:mm-ddd:hh:mm` in UTC. Without it, AWS chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MaintenanceWindow")]
    pub maintenance_window: Option<MaintenanceWindow>,
    /// Whether the data is encrypted at rest. Only a new database can change it.
    pub storage_encrypted: bool,
    /// Whether AWS upgrades to new minor versions in the maintenance window.
    pub auto_minor_version_upgrade: bool,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// Whether a last snapshot is made when it is deleted.
    pub final_snapshot: bool,
    /// Whether changes that disturb are made at once rather than in the maintenance window.
    pub apply_immediately: bool,
}

impl Default for Database {
    fn default() -> Self {
        let valid = "a default is valid";
        Self {
            security_group: None,
            access: Access::default(),
            engine_version: "16".parse().expect(valid),
            instance_class: "db.t4g.medium".parse().expect(valid),
            allocated_storage: Bounded::constant(50),
            storage_type: StorageType::Gp3,
            iops: None,
            storage_throughput: None,
            database_name: None,
            username: "postgres".parse().expect(valid),
            password: PasswordSource::Managed,
            password_version: Bounded::constant(1),
            multi_az: true,
            port: Bounded::constant(5_432),
            backup_retention_period: Bounded::constant(30),
            backup_window: None,
            maintenance_window: None,
            storage_encrypted: true,
            auto_minor_version_upgrade: true,
            deletion_protection: true,
            final_snapshot: true,
            apply_immediately: false,
        }
    }
}

/// The kind of disk under a database. Magnetic storage is left out: AWS keeps it for old databases alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum StorageType {
    Gp2,
    Gp3,
    Io1,
    Io2,
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

fn password_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^(managed|env:.+|file:.+)$" })
}

/// Reads a stack file. `name` is what reports call it.
///
/// # Errors
/// [`StackError`] with everything that is wrong, each with its place and what to do about it.
pub fn parse(name: &str, text: &str) -> Result<Stack, StackError> {
    // Editors on Windows put a byte order mark first, which is no part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let report = |secrets: &[yaml::Place], problems| StackError::new(name, text, secrets, problems);
    if let Some(problem) = unreadable(text) {
        return Err(report(&[], vec![problem]));
    }
    let mut problems = Vec::new();
    let mut tree = match yaml::tree(text, &mut problems) {
        Ok(tree) => tree,
        Err(problem) => {
            problems.push(problem);
            return Err(report(&[], problems));
        }
    };
    let mut secrets = Vec::new();
    secret_places(&tree, &mut secrets);
    // Serde stops at the first error. What is wrong is taken out and the rest read again: every option has a
    // default, so nothing is ever missing because of that.
    while problems.len() < ENOUGH {
        match Stack::deserialize(&tree) {
            Ok(stack) => {
                if problems.is_empty() {
                    problems = rules::check(&stack, &tree);
                }
                return if problems.is_empty() { Ok(stack) } else { Err(report(&secrets, problems)) };
            }
            Err(problem) => {
                let pruned = problem.place().is_some_and(|place| tree.prune(place));
                problems.push(problem);
                if !pruned {
                    break;
                }
            }
        }
    }
    Err(report(&secrets, problems))
}

/// What is wrong with the text before it is YAML.
fn unreadable(text: &str) -> Option<Problem> {
    if text.len() > LARGEST {
        return Some(Problem::new(Fault::TooLarge { size: text.len(), limit: LARGEST }));
    }
    let long = text.lines().enumerate().find(|(_, line)| line.len() > LONGEST_LINE);
    if let Some((index, line)) = long {
        let fault = Fault::TooLong { line: index + 1, length: line.len(), limit: LONGEST_LINE };
        return Some(Problem::new(fault));
    }
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let fine = match character {
            '\n' | '\t' => true,
            '\r' => characters.peek().is_some_and(|(_, next)| *next == '\n'),
            _ => !mask::is_invisible(character),
        };
        if !fine {
            let place = at..at + character.len_utf8();
            return Some(Problem::new(Fault::Invisible { character }).at(&place, "shown as `?`"));
        }
    }
    None
}

/// The places of all values that look like passwords.
fn secret_places(node: &yaml::Node, places: &mut Vec<yaml::Place>) {
    match &node.content {
        yaml::Content::Scalar { .. } => {}
        yaml::Content::List(items) => items.iter().for_each(|item| secret_places(item, places)),
        yaml::Content::Map(entries) => {
            for entry in entries {
                match &entry.value.content {
                    yaml::Content::Scalar { text, .. } => {
                        if mask::is_secret_key(&entry.key) && !mask::names_a_source(text) {
                            places.push(entry.value.place.clone());
                        }
                    }
                    _ => secret_places(&entry.value, places),
                }
            }
        }
    }
}

/// The JSON Schema of the stack file, for editors: all that can be said of each value by itself.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Stack>().to_value()
}

#[cfg(test)]
mod agreement;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_stack_reads_without_a_problem() {
        let stack = parse("provision.yaml", REFERENCE).expect("the reference is valid");
        assert_eq!(stack.stack.as_str(), "gitlab");
        assert_eq!((stack.cluster, stack.region, stack.tags.len()), (None, None, 0));
        let file_system = &stack.file_systems[&"gitlab-nfs".parse::<Name>().expect("a name")];
        assert_eq!(file_system.security_group.as_ref().map(GroupName::as_str), Some("EFS_K8s"));
        let database = &stack.databases[&"gitlab-pgsql".parse::<Name>().expect("a name")];
        assert_eq!(database.password, PasswordSource::Managed);
        assert!(database.multi_az && database.deletion_protection && !database.apply_immediately);
    }

    #[test]
    fn every_option_has_a_default() {
        let stack = parse("x", "file_systems: { a: {} }\ndatabases: { b: {} }").expect("valid");
        assert_eq!(stack.file_systems.into_values().next(), Some(FileSystem::default()));
        assert_eq!(stack.databases.into_values().next(), Some(Database::default()));
        assert_eq!(stack.stack.as_str(), "storage");
    }

    #[test]
    fn a_version_is_read_as_it_is_written() {
        for (written, read) in
            [("\"16\"", "16"), ("16", "16"), ("16.4", "16.4"), ("16.10", "16.10"), ("'9.6'", "9.6")]
        {
            let text = format!("databases: {{ a: {{ engine_version: {written} }} }}");
            let stack = parse("x", &text).expect("valid");
            let database = stack.databases.into_values().next().expect("one database");
            assert_eq!(database.engine_version.as_str(), read);
        }
    }

    #[test]
    fn every_problem_of_a_file_is_reported_at_once() {
        let text = "stak: a\nfile_systems:\n  nfs: { encryptd: true, backup: yes, access: [nodes, mastres] }\n  \
                    Nfs: {}\n  nfs: {}\n";
        let error = parse("x", text).expect_err("nothing is right here");
        let found: Vec<String> = error
            .problems()
            .map(|problem| {
                let (line, column) = error.position(problem).expect("every problem has a place");
                format!("{line}:{column} {problem}")
            })
            .collect();
        assert_eq!(
            found,
            [
                "1:1 `stak` is not an option here",
                "3:10 `encryptd` is not an option here",
                "3:34 expected true or false, found text",
                "3:55 `mastres` is not possible here",
                "4:3 `Nfs` is not a name: lower-case letters and digits with single hyphens between them, a letter \
                 first, at most 63, and none of `default`, `nodes` and `masters`",
                "5:3 `nfs` is written twice",
            ]
        );
    }

    #[test]
    fn a_file_with_a_byte_order_mark_and_windows_line_ends_reads() {
        let text = "\u{feff}stack: a\r\nfile_systems:\r\n  nfs: {}\r\n";
        assert_eq!(parse("x", text).expect("valid").stack.as_str(), "a");
        let error = parse("x", &text.replace("stack", "stak")).expect_err("a typo");
        assert_eq!(error.problems().next().and_then(|problem| error.position(problem)), Some((1, 1)));
    }
}
