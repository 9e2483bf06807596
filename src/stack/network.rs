//! A network that the stack file names by its ids.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GroupId, SubnetId, VpcId};
use crate::engine::network::{Named, Role};
use crate::engine::resource::Id;

/// A network by its ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedNetwork {
    /// The VPC.
    pub vpc: VpcId,
    /// One subnet of each zone that the stack is to have parts in; none where it has security groups alone.
    #[serde(default)]
    pub subnets: Vec<SubnetId>,
    /// The security groups of the machines that `access` speaks of.
    #[serde(default)]
    pub groups: NamedGroups,
}

/// The security group of each role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NamedGroups {
    /// The group of the nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GroupId")]
    pub nodes: Option<GroupId>,
    /// The group of the control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "GroupId")]
    pub masters: Option<GroupId>,
}

impl NamedNetwork {
    /// The parts by their ids.
    pub fn named(&self) -> Named {
        let NamedGroups { nodes, masters } = &self.groups;
        let groups = [(Role::Nodes, nodes), (Role::Masters, masters)]
            .into_iter()
            .filter_map(|(role, id)| Some((role, [Id::new(id.as_ref()?.as_str())].into())));
        Named {
            vpc: Id::new(self.vpc.as_str()),
            subnets: self.subnets.iter().map(|id| Id::new(id.as_str())).collect(),
            groups: groups.collect(),
        }
    }
}
