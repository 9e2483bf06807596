//! The reasons that discovery gives for its choices: why, what else there was, and what to look at.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::network::Role;
use crate::engine::resource::Id;

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evidence {
    pub what: Choice,
    /// The choice: an id, or the cluster's name.
    pub id: String,
    /// A plain sentence without its full stop: `tag kubernetes.io/cluster/… = owned; SubnetType = Private`.
    pub because: String,
    /// The others that it could have been.
    pub rejected: Vec<Rejected>,
}

/// The choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "choice", rename_all = "snake_case")]
pub enum Choice {
    Cluster,
    Vpc,
    Subnet { zone: String },
    Group { role: Role },
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster => f.write_str("cluster"),
            Self::Vpc => f.write_str("VPC"),
            Self::Subnet { zone } => write!(f, "subnet in {zone}"),
            Self::Group { role } => write!(f, "security group of the {}", role.name()),
        }
    }
}

/// A candidate that was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rejected {
    pub id: Id,
    /// A fragment: `it is Public, and Private comes before it`.
    pub reason: String,
}

impl Rejected {
    pub(super) fn new(id: &Id, reason: String) -> Self {
        Self { id: id.clone(), reason }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.reason)
    }
}

/// Something that a person should know, and that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// EFS and RDS names may not resolve in the VPC. Holds what is not as it should be.
    NamesMayNotResolve { because: Vec<String> },
    /// The zone has subnets of the cluster, but none that can be used.
    ZoneWithoutSubnet { zone: String, rejected: Vec<Rejected> },
    /// The subnet that was chosen before is not there any more.
    SubnetGone { zone: String, id: Id },
    /// The role's groups were read off running instances: look whether they are the right ones.
    GroupsOfInstances { role: Role, groups: Vec<Id> },
    /// No group of the control plane was found or named: it gets no access.
    NoControlPlane,
    /// No group of the role was found, and nothing of the stack needs one.
    NoneNeeded { role: Role },
    /// The old tag and the new one name different owners; the new one is believed.
    TagsDisagree { id: Id, old: String, owner: String },
    /// Nothing but its name says that kops made the cluster.
    NotKops { cluster: String },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NamesMayNotResolve { because } => write!(
                f,
                "names of file systems may not resolve in the VPC ({}): use the addresses of the mount targets",
                because.join(", ")
            ),
            Self::ZoneWithoutSubnet { zone, rejected } => {
                let rejected: Vec<_> = rejected.iter().map(ToString::to_string).collect();
                write!(f, "{zone} has no subnet that can be used: {}", rejected.join(", "))
            }
            Self::SubnetGone { zone, id } => {
                write!(f, "{id}, chosen before for {zone}, is not there any more")
            }
            Self::GroupsOfInstances { role, groups } => {
                let groups: Vec<_> = groups.iter().map(Id::as_str).collect();
                write!(
                    f,
                    "{} was read off running {}: look whether that is right",
                    groups.join(", "),
                    role.name()
                )
            }
            Self::NoControlPlane => {
                f.write_str("no security group of the control plane is known: it gets no access")
            }
            Self::NoneNeeded { role } => {
                write!(
                    f,
                    "no security group of the {} was found, and nothing of the stack needs one",
                    role.name()
                )
            }
            Self::TagsDisagree { id, old, owner } => {
                write!(f, "the tags of {id} name both `{old}` and `{owner}` as its owner; `{owner}` is taken")
            }
            Self::NotKops { cluster } => write!(f, "nothing shows that `{cluster}` was made by kops"),
        }
    }
}
