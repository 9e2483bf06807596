//! The network that a stack stands in: watched, and never touched.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::resource::Id;
use crate::engine::state::{Facts, State};

/// The section of the stack file whose facts these are.
const SECTION: &str = "network";
const VPC: &str = "aws_vpc";
const SUBNET: &str = "aws_subnet";
const GROUP: &str = "aws_security_group";
/// The member of an address that tells a group of the stack's own from the cluster's of the same name.
const OWN: &str = "own";

/// The kops cluster that the network belongs to, and what holds for the network as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cluster {
    /// The full name: `k8s.myzone.net`. None where the stack file names the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// True if the names of EFS file systems resolve in the VPC (DNS support, DNS hostnames and Amazon's resolver).
    pub efs_names_resolve: bool,
}

/// One VPC with one usable subnet per zone and the security groups of the cluster's roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    pub cluster: Cluster,
    pub vpc: Id,
    /// The chosen subnet of each zone, by zone name.
    pub subnets: BTreeMap<String, Id>,
    /// The security groups of each cluster role with their addresses; usually one, several where instance groups
    /// override them.
    pub groups: BTreeMap<Role, Groups>,
}

/// The parts of a network that the stack file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub vpc: Id,
    /// One of each zone.
    pub subnets: BTreeSet<Id>,
    pub groups: BTreeMap<Role, BTreeSet<Id>>,
}

impl Named {
    /// True if a network consists of these parts.
    pub fn is(&self, network: &Network) -> bool {
        let subnets: BTreeSet<&Id> = network.subnets.values().collect();
        let groups = network.groups.iter().map(|(role, groups)| (*role, groups.values().cloned().collect()));
        network.vpc == self.vpc
            && subnets == self.subnets.iter().collect()
            && groups.collect::<BTreeMap<Role, BTreeSet<Id>>>() == self.groups
    }
}

/// Security groups by address.
pub type Groups = BTreeMap<Address, Id>;

/// A role of machines in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Nodes,
    Masters,
}

impl Role {
    /// Both roles.
    pub const ALL: [Self; 2] = [Self::Nodes, Self::Masters];
    /// Their names.
    pub const NAMES: [&'static str; 2] = [Self::Nodes.name(), Self::Masters.name()];

    /// The name in addresses and in the stack file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Masters => "masters",
        }
    }

    /// The address of the role's group, or of the first of several.
    pub fn address(self) -> Address {
        Address::new(GROUP, self.name())
    }

    /// The role whose group is at an address.
    pub fn of(address: &Address) -> Option<Self> {
        let is_its = |role: &Self| {
            address.kind() == GROUP && address.name() == role.name() && address.member_name() != Some(OWN)
        };
        Self::ALL.into_iter().find(is_its)
    }

    /// The addresses of the role's groups. A group that has an address already keeps it when others come and go; the
    /// role's own name goes to the first that has none, if it is free.
    pub fn placed(self, ids: &[Id], recorded: Option<&Groups>) -> Groups {
        let kept = recorded.into_iter().flatten().filter(|(_, id)| ids.contains(id));
        let mut placed: Groups = kept.map(|(address, id)| (address.clone(), id.clone())).collect();
        for id in ids {
            if !placed.values().any(|other| other == id) {
                let own = self.address();
                let address = if placed.contains_key(&own) {
                    Address::member(GROUP, self.name(), id.as_str())
                } else {
                    own
                };
                placed.insert(address, id.clone());
            }
        }
        placed
    }
}

impl Network {
    /// The address of the VPC.
    pub fn vpc_address() -> Address {
        Address::new(VPC, "network")
    }

    /// The address of the subnet chosen for a zone.
    pub fn subnet_address(zone: &str) -> Address {
        Address::new(SUBNET, zone)
    }

    /// The address of an object that the stack makes, where that is not one of the network's: the security group of an entry
    /// that is named like a role stands beside the cluster's own, as `aws_security_group.nodes/own`.
    pub fn beside(address: Address) -> Address {
        match (Role::of(&address), address.member_name()) {
            (Some(_), None) => Self::beside_a_role(address.name()),
            _ => address,
        }
    }

    /// The address of a group of this name that the stack makes beside the cluster's own.
    pub fn beside_a_role(name: &str) -> Address {
        Address::member(GROUP, name, OWN)
    }

    /// True if a watched object at this address is a part of the network.
    pub fn has_a_place_for(address: &Address) -> bool {
        *address == Self::vpc_address() || address.kind() == SUBNET || Role::of(address).is_some()
    }

    /// The part of the network at an address in words: `the subnet of eu-west-1a`.
    pub fn in_words(address: &Address) -> Option<String> {
        match (address.kind(), Role::of(address)) {
            (VPC, _) => Some("the VPC".to_owned()),
            (SUBNET, _) => Some(format!("the subnet of {}", address.name())),
            (_, Some(role)) => Some(format!("the security group of the {}", role.name())),
            _ => None,
        }
    }

    /// The addresses of a role's groups, with their ids.
    pub fn group_addresses(&self, role: Role) -> impl Iterator<Item = (&Address, &Id)> {
        self.groups.get(&role).into_iter().flatten()
    }

    /// Every object of the network with its address.
    pub fn addresses(&self) -> BTreeMap<Address, Id> {
        let mut all = BTreeMap::from([(Self::vpc_address(), self.vpc.clone())]);
        all.extend(self.subnets.iter().map(|(zone, id)| (Self::subnet_address(zone), id.clone())));
        all.extend(self.groups.values().flatten().map(|(address, id)| (address.clone(), id.clone())));
        all
    }
}

/// The parts of a state that are about the network.
impl State {
    /// The cluster beside which the stack stands, as it was recorded.
    pub fn cluster(&self) -> Option<Cluster> {
        let facts = self.facts.get(SECTION)?;
        Cluster::deserialize(facts).ok()
    }

    /// The VPC that was watched, if one was.
    pub fn vpc(&self) -> Option<&Id> {
        self.resources.get(&Network::vpc_address()).filter(|record| record.watched)?.id.as_ref()
    }

    /// The network that was watched, if it was: discovery decides only once.
    pub fn network(&self) -> Option<Network> {
        let watched = |kind: &'static str| {
            self.resources
                .iter()
                .filter(move |(address, record)| record.watched && address.kind() == kind)
                .filter_map(|(address, record)| Some((address, record.id.clone()?)))
        };
        let mut groups: BTreeMap<Role, Groups> = BTreeMap::new();
        for (address, id) in watched("aws_security_group") {
            if let Some(role) = Role::of(address) {
                groups.entry(role).or_default().insert(address.clone(), id);
            }
        }
        Some(Network {
            cluster: self.cluster()?,
            vpc: watched("aws_vpc").next()?.1,
            subnets: watched("aws_subnet").map(|(address, id)| (address.name().to_owned(), id)).collect(),
            groups,
        })
    }
}

impl Cluster {
    /// The cluster as the facts of its section.
    pub fn facts(&self) -> Facts {
        let facts = match serde_json::to_value(self) {
            Ok(Value::Object(facts)) => facts,
            _ => Document::new(),
        };
        Facts::from([(SECTION.to_owned(), facts)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<Id> {
        ids.iter().map(|id| Id::new(*id)).collect()
    }

    fn said(groups: &Groups) -> Vec<String> {
        groups.iter().map(|(address, id)| format!("{address} {id}")).collect()
    }

    #[test]
    fn a_group_keeps_its_address_when_others_of_its_role_come_and_go() {
        let one = Role::Nodes.placed(&ids(&["sg-1"]), None);
        assert_eq!(said(&one), ["aws_security_group.nodes sg-1"]);
        let two = Role::Nodes.placed(&ids(&["sg-0", "sg-1"]), Some(&one));
        assert_eq!(said(&two), ["aws_security_group.nodes sg-1", "aws_security_group.nodes/sg-0 sg-0"]);
        let other = Role::Nodes.placed(&ids(&["sg-0"]), Some(&two));
        assert_eq!(said(&other), ["aws_security_group.nodes/sg-0 sg-0"]);
        let again = Role::Nodes.placed(&ids(&["sg-0", "sg-2"]), Some(&other));
        assert_eq!(said(&again), ["aws_security_group.nodes sg-2", "aws_security_group.nodes/sg-0 sg-0"]);
    }

    #[test]
    fn the_group_of_a_rebuilt_cluster_takes_the_place_of_the_old_one() {
        let old = Role::Masters.placed(&ids(&["sg-1"]), None);
        let new = Role::Masters.placed(&ids(&["sg-2"]), Some(&old));
        assert_eq!(said(&new), ["aws_security_group.masters sg-2"]);
    }

    #[test]
    fn every_part_of_a_network_has_words() {
        for (address, words) in [
            ("aws_vpc.network", Some("the VPC")),
            ("aws_subnet.eu-west-1a", Some("the subnet of eu-west-1a")),
            ("aws_security_group.nodes", Some("the security group of the nodes")),
            ("aws_security_group.masters/sg-1", Some("the security group of the masters")),
            ("aws_security_group.gitlab-nfs", None),
            ("aws_kms_alias.gitlab-nfs", None),
        ] {
            let address: Address = address.parse().expect("an address");
            assert_eq!(Network::in_words(&address).as_deref(), words);
            assert_eq!(Network::has_a_place_for(&address), words.is_some());
        }
    }
}
