//! The options of a database in the stack file that are more than those of its kind.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Access, GroupName, ParameterName, ParameterValue};
use crate::engine::document::Document;

/// One PostgreSQL database instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Database {
    /// The name of the security group that is made for it; without it, the stack's name and its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GroupName")]
    pub security_group: Option<GroupName>,
    /// The cluster's roles that may reach it, on its port; `[]` for none.
    pub access: Access,
    /// Parameters of PostgreSQL, in a parameter group of the database's own. Some count only after a reboot, which
    /// is left to you.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<ParameterName, ParameterValue>,
    /// The options that the fields of the kind describe.
    #[serde(skip)]
    pub options: Document,
}

impl Database {
    /// The value of an option of the kind that is a text.
    pub(super) fn text(&self, option: &str) -> Option<&str> {
        self.options.get(option)?.as_str()
    }
}
