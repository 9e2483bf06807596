//! Changes that others make to the objects of a stack with another client: found by their tags, changed by their names.

mod database;
mod file_system;
mod machine;
mod network;

use crate::cloud::Cloud;

/// The sort of an object, as far as others look at it before they act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    Database,
    FileSystem,
    MountTarget,
    AccessPoint,
    /// The group of the file system.
    Group,
    SubnetGroup,
    ParameterGroup,
    State,
}

/// The ownership tags, and the lineage that is said to own an object that was taken over.
const OWNERSHIP: [&str; 4] =
    ["provision:stack", "provision:address", "provision:lineage", "provision:cluster"];
pub const ANOTHER_LINEAGE: &str = "00000000-0000-4000-8000-00000000cafe";

/// Someone with another client.
pub struct Hand<'a> {
    pub cloud: &'a Cloud,
}

impl Hand<'_> {
    /// True if there is such an object of the stack.
    pub fn sees(&self, thing: Thing) -> bool {
        match thing {
            Thing::Database => !self.cloud.databases().is_empty(),
            Thing::FileSystem => !self.cloud.file_systems().is_empty(),
            Thing::MountTarget => !self.cloud.mount_targets().is_empty(),
            Thing::AccessPoint => !self.points().is_empty(),
            Thing::Group => self.group().is_some(),
            Thing::SubnetGroup => !self.cloud.subnet_groups().is_empty(),
            Thing::ParameterGroup => self.parameter_group().is_some(),
            Thing::State => false,
        }
    }

    /// Takes away everything that is not the network's: the account is as it was before anything.
    pub fn clears(&self) {
        self.removes_databases();
        self.removes_file_systems();
        self.removes_groups();
    }
}
