//! The options of a file system in the stack file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::document::Document;

use super::values::{Access, AccessPath, Bounded, GroupName, KmsKey, Name, Permissions};

/// One file system, with a mount target in every zone of the cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct FileSystem {
    /// The name of the security group that is made for it; without it, the stack's name and its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GroupName")]
    pub security_group: Option<GroupName>,
    /// The cluster's roles that may reach it, on tcp 2049; `[]` for none.
    pub access: Access,
    /// True if the data is encrypted at rest. Only a new file system can change it.
    pub encrypted: bool,
    /// The key to encrypt with, by its id, ARN or alias; without it, EFS's own. Only a new file system can change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KmsKey")]
    pub kms_key_id: Option<KmsKey>,
    /// `maxIO` allows more operations at once, each slower. Only a new file system can change it.
    pub performance_mode: PerformanceMode,
    /// The measure of the throughput: use, size, or a fixed rate. Once changed, AWS refuses another change for 24 hours.
    pub throughput_mode: ThroughputMode,
    /// The throughput in MiB/s, for `throughput_mode: provisioned` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bounded<1, 3414>")]
    pub provisioned_throughput_in_mibps: Option<Bounded<1, 3414>>,
    /// When files move to cheaper storage, and back.
    #[serde(skip_serializing_if = "Lifecycle::is_empty")]
    pub lifecycle: Lifecycle,
    /// True if AWS Backup makes daily backups.
    pub backup: bool,
    /// True if clients have to mount with TLS: a file system policy says so. Without it, the policy stays what it is;
    /// `false` takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub enforce_tls: Option<bool>,
    /// True if a replication may not make this file system its destination. Without it, it stays what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub replication_overwrite_protection: Option<bool>,
    /// Directories that clients may mount as if they were all there is, each as one POSIX user, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend(
        "propertyNames" = { "maxLength": 63, "not": { "pattern": "^(default|nodes|masters)$" } },
    ))]
    pub access_points: BTreeMap<Name, AccessPoint>,
    /// True if `provision` refuses to delete it. Kept in the state: EFS has no such protection of its own.
    pub deletion_protection: bool,
    /// The options that the fields of the kind describe.
    #[serde(skip)]
    pub options: Document,
}

impl Default for FileSystem {
    fn default() -> Self {
        Self {
            security_group: None,
            access: Access::default(),
            encrypted: true,
            kms_key_id: None,
            performance_mode: PerformanceMode::GeneralPurpose,
            throughput_mode: ThroughputMode::Elastic,
            provisioned_throughput_in_mibps: None,
            lifecycle: Lifecycle::default(),
            backup: true,
            enforce_tls: None,
            replication_overwrite_protection: None,
            access_points: BTreeMap::new(),
            deletion_protection: true,
            options: Document::new(),
        }
    }
}

/// One access point of a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline, extend("required" = ["uid"]))]
pub struct AccessPoint {
    /// The directory; without it, that of the access point's own name. Only a new access point can change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccessPath")]
    pub path: Option<AccessPath>,
    /// The user that everything is done as, and that owns the directory if EFS makes it. Must be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bounded<0, 4_294_967_295>")]
    pub uid: Option<Bounded<0, 4_294_967_295>>,
    /// The group; without it, the number of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bounded<0, 4_294_967_295>")]
    pub gid: Option<Bounded<0, 4_294_967_295>>,
    /// Of the directory, if EFS makes it.
    pub permissions: Permissions,
}

impl Default for AccessPoint {
    fn default() -> Self {
        let permissions = "0755".parse().expect("a default is valid");
        Self { path: None, uid: None, gid: None, permissions }
    }
}

/// The trade of latency for parallelism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(inline)]
pub enum PerformanceMode {
    GeneralPurpose,
    #[serde(rename = "maxIO")]
    MaxIo,
}

/// The measure of a file system's throughput.
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
    /// The time after the last access when a file moves to Infrequent Access.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Age")]
    pub transition_to_ia: Option<Age>,
    /// The time after the last access when a file moves to Archive; longer than `transition_to_ia`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Age")]
    pub transition_to_archive: Option<Age>,
    /// When a file moves back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Return")]
    pub transition_to_primary_storage_class: Option<Return>,
}

impl Lifecycle {
    /// True if files stay where they are.
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
