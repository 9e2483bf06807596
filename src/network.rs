//! The adopted network: what `provision` builds beside and never touches.
//! Knows nothing of how it was found.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::resource::Id;

/// The kops cluster that the network belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// The full name: `k8s.myzone.net`.
    pub name: String,
    /// Whether the names of EFS file systems resolve in the VPC (DNS support, DNS hostnames and Amazon's resolver).
    pub efs_names_resolve: bool,
}

/// One VPC with one usable subnet per zone and the security groups of the cluster's roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub cluster: Cluster,
    pub vpc: Id,
    /// The chosen subnet of each zone, by zone name.
    pub subnets: BTreeMap<String, Id>,
    /// The security groups of each cluster role; usually one, several where instance groups override them.
    pub groups: BTreeMap<Role, Vec<Id>>,
}

/// A role of machines in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Nodes,
    Masters,
}

impl Role {
    /// The name in addresses and in the stack file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Masters => "masters",
        }
    }
}

impl Network {
    /// The address of the VPC.
    pub fn vpc_address() -> Address {
        Address::new("aws_vpc", "network")
    }

    /// The address of the subnet chosen for a zone.
    pub fn subnet_address(zone: &str) -> Address {
        Address::new("aws_subnet", zone)
    }

    /// The addresses of a role's groups, with their ids.
    pub fn group_addresses(&self, role: Role) -> Vec<(Address, Id)> {
        let kind = "aws_security_group";
        match self.groups.get(&role).map(Vec::as_slice).unwrap_or_default() {
            [only] => vec![(Address::new(kind, role.name()), only.clone())],
            several => several
                .iter()
                .map(|id| (Address::member(kind, role.name(), id.as_str()), id.clone()))
                .collect(),
        }
    }

    /// Every adopted object with its address.
    pub fn addresses(&self) -> BTreeMap<Address, Id> {
        let mut all = BTreeMap::from([(Self::vpc_address(), self.vpc.clone())]);
        all.extend(self.subnets.iter().map(|(zone, id)| (Self::subnet_address(zone), id.clone())));
        all.extend(self.group_addresses(Role::Nodes));
        all.extend(self.group_addresses(Role::Masters));
        all
    }
}
