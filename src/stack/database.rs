//! The options of a database in the stack file.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::monitoring::{InsightsRetention, LogType, Logs};
use super::values::{
    self, Access, BackupWindow, Bounded, CaCertIdentifier, DatabaseName, EngineVersion, GroupName,
    Identifier, InstanceClass, KeyArn, MaintenanceWindow, ParameterName, ParameterValue, Username,
};
use crate::engine::document::Document;
use crate::stack::password::PasswordSource;

/// One PostgreSQL database instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Database {
    /// The name that AWS and the endpoint have; without it, the database's own name here. A change renames the database
    /// in place, with its data, and its endpoint with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Identifier")]
    pub identifier: Option<Identifier>,
    /// The name of the security group that is made for it; without it, the stack's name and its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GroupName")]
    pub security_group: Option<GroupName>,
    /// The cluster's roles that may reach it, on its port; `[]` for none.
    pub access: Access,
    /// The PostgreSQL version: `"16"` is met by any 16. Never a downgrade.
    #[serde(deserialize_with = "values::as_written")]
    #[schemars(extend("type" = ["string", "number"], "minimum" = 1, "exclusiveMaximum" = 100))]
    pub engine_version: EngineVersion,
    /// True if `engine_version` may name another major version than the database has. An upgrade cannot be undone.
    pub allow_major_version_upgrade: bool,
    /// The size of the machines.
    pub instance_class: InstanceClass,
    /// The storage in GiB. It can grow, and never shrink.
    pub allocated_storage: Bounded<20, 65_536>,
    /// The size up to which AWS may let the storage grow by itself, in GiB; 0 turns that off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bounded<0, 65_536>")]
    pub max_allocated_storage: Option<Bounded<0, 65_536>>,
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
    /// True if a standby runs in another zone.
    pub multi_az: bool,
    /// The port to connect to. A change restarts the database at once.
    pub port: Bounded<1_150, 65_535>,
    /// The number of days for which backups are kept; 0 turns backups off.
    pub backup_retention_period: Bounded<0, 35>,
    /// When the daily backup is made: `hh:mm-hh:mm` in UTC. Without it, AWS chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BackupWindow")]
    pub backup_window: Option<BackupWindow>,
    /// When changes that disturb are made: `ddd:hh:mm-ddd:hh:mm` in UTC. Without it, AWS chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MaintenanceWindow")]
    pub maintenance_window: Option<MaintenanceWindow>,
    /// True if the data is encrypted at rest. Only a new database can change it.
    pub storage_encrypted: bool,
    /// The KMS key that the data is encrypted with, by its ARN. Only a new database can change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KeyArn")]
    pub kms_key_id: Option<KeyArn>,
    /// The authority that signs the certificate which clients see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CaCertIdentifier")]
    pub ca_cert_identifier: Option<CaCertIdentifier>,
    /// True if AWS upgrades to new minor versions in the maintenance window.
    pub auto_minor_version_upgrade: bool,
    /// True if snapshots get the database's tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub copy_tags_to_snapshot: Option<bool>,
    /// True if users can log in by IAM.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub iam_database_authentication_enabled: Option<bool>,
    /// True if AWS records what loads the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub performance_insights_enabled: Option<bool>,
    /// For how many days that is kept: 7, 731, or a whole number of months of 31 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InsightsRetention")]
    pub performance_insights_retention_period: Option<InsightsRetention>,
    /// The KMS key that it is encrypted with, by its ARN. It cannot change afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KeyArn")]
    pub performance_insights_kms_key_id: Option<KeyArn>,
    /// The logs that go to CloudWatch.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeSet<LogType>")]
    pub enabled_cloudwatch_logs_exports: Option<Logs>,
    /// Parameters of PostgreSQL, in a parameter group of the database's own. Some count only after a reboot, which
    /// is left to you.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<ParameterName, ParameterValue>,
    /// True if AWS refuses to delete it.
    pub deletion_protection: bool,
    /// True if a last snapshot is made when it is deleted.
    pub final_snapshot: bool,
    /// True if changes that disturb are made at once rather than in the maintenance window.
    pub apply_immediately: bool,
    /// The options that the fields of the kind describe.
    #[serde(skip)]
    pub options: Document,
}

impl Default for Database {
    fn default() -> Self {
        let valid = "a default is valid";
        Self {
            identifier: None,
            security_group: None,
            access: Access::default(),
            engine_version: "16".parse().expect(valid),
            allow_major_version_upgrade: false,
            instance_class: "db.t4g.medium".parse().expect(valid),
            allocated_storage: Bounded::constant(50),
            max_allocated_storage: None,
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
            kms_key_id: None,
            ca_cert_identifier: None,
            auto_minor_version_upgrade: true,
            copy_tags_to_snapshot: None,
            iam_database_authentication_enabled: None,
            performance_insights_enabled: None,
            performance_insights_retention_period: None,
            performance_insights_kms_key_id: None,
            enabled_cloudwatch_logs_exports: None,
            parameters: BTreeMap::new(),
            deletion_protection: true,
            final_snapshot: true,
            apply_immediately: false,
            options: Document::new(),
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

fn password_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^(managed|env:.+|file:.+)$" })
}
