//! The options of a file system in the stack file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::document::Document;

use super::values::{Access, GroupName, Name};

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
    /// The options that the fields of the kind describe.
    #[serde(skip)]
    pub options: Document,
    /// Those of its mount targets.
    #[serde(skip)]
    pub targets: Document,
}

impl Default for FileSystem {
    fn default() -> Self {
        Self {
            security_group: None,
            access: Access::default(),
            enforce_tls: None,
            replication_overwrite_protection: None,
            access_points: BTreeMap::new(),
            options: Document::new(),
            targets: Document::new(),
        }
    }
}

/// One access point of a file system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct AccessPoint {
    /// The options that the fields of the kind describe.
    #[serde(skip)]
    pub options: Document,
}
