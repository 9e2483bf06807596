//! Why a network could not be found, and which option answers the question.

use std::fmt::Display;

use super::{ClusterFound, Rejected};
use crate::engine::cloud::CloudError;
use crate::engine::network::Role;
use crate::engine::resource::Id;

/// Why discovery has no answer. Each variant carries what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    #[error(
        "no kops cluster was found{}: no VPC, subnet or `nodes.…` group has the tag KubernetesCluster or kubernetes.io/cluster/…",
        place(vpc.as_ref())
    )]
    NoCluster { vpc: Option<Id> },
    #[error("no cluster `{name}` was found{}; {}", place(vpc.as_ref()), others(found))]
    NoSuchCluster { name: String, vpc: Option<Id>, found: Vec<String> },
    #[error("several clusters were found: {}", listed(found.iter().map(ClusterFound::with_vpcs)))]
    SeveralClusters { found: Vec<ClusterFound> },
    #[error("nothing shows that {} was made by kops", listed(found))]
    NotKops { found: Vec<String> },
    #[error(
        "the cluster `{cluster}` is in several VPCs: {}",
        listed(vpcs.iter().map(|(vpc, because)| format!("{vpc} ({because})")))
    )]
    SeveralVpcs { cluster: String, vpcs: Vec<(Id, String)> },
    #[error("there is no VPC {vpc} {HERE}")]
    VpcNotFound { vpc: Id },
    #[error("there is no subnet {subnet} {HERE}")]
    SubnetNotFound { subnet: Id },
    #[error("the subnet {subnet} is in {vpc}, not in the VPC {wanted} of this stack")]
    SubnetElsewhere { subnet: Id, vpc: Id, wanted: Id },
    #[error("the subnet {subnet} cannot be used: {reason}")]
    ImpossibleSubnet { subnet: Id, reason: String },
    #[error("{} are both in {zone}, and a file system takes one subnet of a zone", listed(subnets))]
    TwoSubnetsInZone { zone: String, subnets: Vec<Id> },
    #[error("no subnet of {vpc} carries the tags of `{cluster}`, and no nodes of it run there")]
    NoSubnet { cluster: String, vpc: Id },
    #[error("no subnet of `{cluster}` in {vpc} can be used: {}", listed(rejected))]
    NoUsableSubnet { cluster: String, vpc: Id, rejected: Vec<Rejected> },
    #[error(
        "the cluster `{cluster}` looks deleted: {vpc} has {leftovers} of its subnets, but no group nodes.{cluster} and no instances"
    )]
    LooksDeleted { cluster: String, vpc: Id, leftovers: usize },
    #[error("there is no security group {group} {HERE}")]
    GroupNotFound { role: Role, group: Id },
    #[error("the security group {group} is in {vpc}, not in the VPC {wanted} of this stack")]
    GroupElsewhere { role: Role, group: Id, vpc: Id, wanted: Id },
    #[error("the security group {group} is not one of the {}: provision made it for the stack {stack}", role.name())]
    GroupOfProvision { role: Role, group: Id, stack: String },
    #[error(
        "no security group of the {} was found in {vpc}: no group is called {}.{cluster}, and no instance shows another",
        role.name(),
        role.name()
    )]
    NoGroup { role: Role, cluster: String, vpc: Id },
    #[error(transparent)]
    Aws(#[from] CloudError),
}

/// The end of a sentence on an id that nothing has.
const HERE: &str = "in this account and region";

impl DiscoveryError {
    /// The error with the region in which it was looked, named once.
    pub fn in_region(&self, region: &str) -> String {
        let said = self.to_string();
        match said.strip_suffix(HERE) {
            Some(said) => format!("{said}in the region {region} of this account"),
            None => format!("in the region {region}: {said}"),
        }
    }

    /// The option to type, where there is one that answers.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoCluster { vpc: None } => {
                format!("look in another region with `--region`; {}", named_by_ids(None))
            }
            Self::NoSuchCluster { vpc: None, found, .. } if found.is_empty() => format!(
                "look in the region of the cluster with `--region`, or `region:` in the stack file; {}",
                named_by_ids(None)
            ),
            Self::NoSuchCluster { vpc: None, name, found } => {
                let nearest = found.iter().min_by_key(|other| strsim::levenshtein(name, other));
                format!(
                    "if that is meant: `--cluster {}`, or `cluster:` in the stack file; {}",
                    nearest.unwrap_or(name),
                    named_by_ids(None)
                )
            }
            Self::NoCluster { vpc: Some(vpc) } | Self::NoSuchCluster { vpc: Some(vpc), .. } => {
                named_by_ids(Some(vpc))
            }
            Self::SeveralClusters { found } => {
                let names = found.iter().map(|cluster| format!("`--cluster {}`", cluster.name));
                format!("choose one: {}", names.collect::<Vec<_>>().join(" or "))
            }
            Self::NotKops { found } => format!(
                "name the cluster and the groups of its machines: `--cluster {}` and, with the id of each group, \
                 `--node-security-group`",
                found.first().map_or("NAME", String::as_str)
            ),
            Self::SeveralVpcs { vpcs, .. } => {
                let imports = vpcs.iter().map(|(vpc, _)| format!("`provision import {vpc}`"));
                format!("choose one: {}", imports.collect::<Vec<_>>().join(" or "))
            }
            Self::VpcNotFound { .. } => {
                "check the id, the region (`--region`) and the account (`--profile`)".to_owned()
            }
            Self::SubnetNotFound { .. }
            | Self::SubnetElsewhere { .. }
            | Self::ImpossibleSubnet { .. }
            | Self::TwoSubnetsInZone { .. }
            | Self::NoSubnet { .. } => "name one subnet of each zone, by its id, with `--subnet-id`".to_owned(),
            Self::NoUsableSubnet { .. } => {
                "add a private or a dual-stack subnet to the cluster, or name subnets, by their ids, with `--subnet-id`"
                    .to_owned()
            }
            Self::LooksDeleted { .. } => {
                "if it still lives, name the groups of its machines, by their ids, with `--node-security-group`; if it is gone for good, \
                 write `access: []` for everything in the stack file"
                    .to_owned()
            }
            Self::GroupNotFound { role, .. }
            | Self::GroupElsewhere { role, .. }
            | Self::GroupOfProvision { role, .. } => format!("name it by its id, with `{}`", option_of(*role)),
            Self::NoGroup { role, .. } => format!(
                "name it by its id, with `{}`; or take `{}` out of every `access` of the stack file",
                option_of(*role),
                role.name()
            ),
            Self::Aws(_) => return None,
        })
    }
}

impl DiscoveryError {
    /// The line to write where the stack file names the network.
    pub fn hint_in_the_stack_file(&self) -> Option<String> {
        let option = match self {
            Self::VpcNotFound { .. } => {
                return Some(
                    "check `vpc` of `network` in the stack file, the region (`--region`) and the account (`--profile`)"
                        .to_owned(),
                );
            }
            Self::SubnetNotFound { .. }
            | Self::SubnetElsewhere { .. }
            | Self::ImpossibleSubnet { .. }
            | Self::TwoSubnetsInZone { .. } => "one subnet of each zone in `subnets`".to_owned(),
            Self::GroupNotFound { role, .. }
            | Self::GroupElsewhere { role, .. }
            | Self::GroupOfProvision { role, .. } => {
                format!("the group of the {0} in `groups: {{ {0}: sg-… }}`", role.name())
            }
            _ => return None,
        };
        Some(format!("write {option} of `network` in the stack file"))
    }
}

/// The line to write for a network on which no cluster left its tags.
fn named_by_ids(vpc: Option<&Id>) -> String {
    format!(
        "where the cluster left no tags, name its network in the stack file, by the ids of a subnet in each zone and of the groups of \
         its machines (without `groups` where it is gone, and `access: []` for everything): `network: {{ vpc: {}, subnets: \
         [SUBNET-ID, SUBNET-ID], groups: {{ nodes: GROUP-ID, masters: GROUP-ID }} }}`",
        vpc.map_or("VPC-ID", Id::as_str)
    )
}

/// The option that names groups of a role.
fn option_of(role: Role) -> &'static str {
    match role {
        Role::Nodes => "--node-security-group",
        Role::Masters => "--control-plane-security-group",
    }
}

fn place(vpc: Option<&Id>) -> String {
    vpc.map_or_else(String::new, |vpc| format!(" in {vpc}"))
}

fn others(found: &[String]) -> String {
    match found {
        [] => "there is no other either".to_owned(),
        [one] => format!("the only one there is called {one}"),
        found => format!("those that are there are called {}", listed(found)),
    }
}

fn listed<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    all.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_said_once_whatever_was_not_found_in_it() {
        let vpc = Id::new("vpc-1");
        for (error, said) in [
            (
                DiscoveryError::VpcNotFound { vpc: vpc.clone() },
                "there is no VPC vpc-1 in the region eu-west-1 of this account",
            ),
            (
                DiscoveryError::SubnetNotFound { subnet: Id::new("subnet-1") },
                "there is no subnet subnet-1 in the region eu-west-1 of this account",
            ),
            (
                DiscoveryError::NoSuchCluster {
                    name: "c".to_owned(),
                    vpc: None,
                    found: vec!["a".to_owned(), "b".to_owned()],
                },
                "in the region eu-west-1: no cluster `c` was found; those that are there are called a, b",
            ),
        ] {
            assert_eq!(error.in_region("eu-west-1"), said);
        }
    }
}
