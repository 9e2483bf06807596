//! AWS as discovery has seen it, in plain values, and what tags say of a cluster.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::resource::Id;

/// Tags as keys and values.
pub type Tags = BTreeMap<String, String>;

/// The tag of every kops version, on what kops made itself.
pub const LEGACY_TAG: &str = "KubernetesCluster";
/// The prefix of the tag since kops 1.6; the cluster's name follows, the value is `owned` or `shared`.
pub const TAG_PREFIX: &str = "kubernetes.io/cluster/";

/// The objects that may belong to any cluster: the first look, before one is chosen.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub vpcs: Vec<Vpc>,
    pub subnets: Vec<Subnet>,
    /// Groups with the names that kops gives to nodes and control planes.
    pub groups: Vec<Group>,
    pub instances: Vec<Instance>,
}

/// The objects in one VPC: the second look.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// All subnets of the VPC.
    pub subnets: Vec<Subnet>,
    /// The subnets that were asked for by id, wherever they are.
    pub named_subnets: Vec<Subnet>,
    /// The groups of the VPC with the names that kops gives to this cluster's nodes and control plane.
    pub groups: Vec<Group>,
    /// The groups that were asked for by id, wherever they are: those that are named, and those that are recorded.
    pub named_groups: Vec<Group>,
    pub tables: Vec<RouteTable>,
    /// The running instances of the VPC that kops made.
    pub instances: Vec<Instance>,
    /// The type of each zone: `availability-zone`, `local-zone`, `wavelength-zone`.
    pub zones: BTreeMap<String, String>,
    pub dns: Dns,
}

#[derive(Clone, Debug)]
pub struct Vpc {
    pub id: Id,
    pub tags: Tags,
}

#[derive(Clone, Debug)]
pub struct Subnet {
    pub id: Id,
    pub vpc: Id,
    pub zone: String,
    pub tags: Tags,
    /// Free IPv4 addresses.
    pub free: i32,
    /// `available`, `pending`.
    pub state: String,
    pub addresses: Addresses,
    pub outpost: Option<String>,
}

/// Which addresses the machines of a subnet can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    Ipv4,
    Ipv6Only,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub id: Id,
    pub name: String,
    pub vpc: Id,
    pub tags: Tags,
}

#[derive(Clone, Debug)]
pub struct RouteTable {
    pub subnets: BTreeSet<Id>,
    pub scope: TableScope,
    /// The internet gateway that the default route leads to.
    pub gateway: Option<String>,
    pub tags: Tags,
}

/// Which subnets a route table is for, beside those that name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableScope {
    /// All that have no table of their own.
    Main,
    Named,
}

#[derive(Clone, Debug)]
pub struct Instance {
    pub vpc: Id,
    pub subnet: Id,
    /// Names by id.
    pub groups: BTreeMap<Id, String>,
    pub tags: Tags,
}

/// The settings by which names are resolved in the VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dns {
    pub support: Switch,
    pub hostnames: Switch,
    pub resolver: Resolver,
}

impl Default for Dns {
    /// As kops sets it in the VPCs that it makes.
    fn default() -> Self {
        Self { support: Switch::On, hostnames: Switch::On, resolver: Resolver::Amazon }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    On,
    Off,
}

/// Which name server the VPC's machines are told to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolver {
    Amazon,
    Other,
}

/// The way in which one object belongs to one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub cluster: String,
    /// The tag that says so: `kubernetes.io/cluster/k8s.myzone.net = owned`.
    pub tag: String,
}

/// Every cluster that the tags name. Where the old tag and an `owned` one of the new form name different clusters,
/// the new one is right.
pub fn claims(tags: &Tags) -> Vec<Claim> {
    let mut claims: Vec<Claim> = new_claims(tags)
        .map(|(name, value)| Claim { cluster: name.to_owned(), tag: format!("{TAG_PREFIX}{name} = {value}") })
        .collect();
    if let Some(name) = tags.get(LEGACY_TAG)
        && disagreement(tags).is_none()
        && claims.iter().all(|claim| claim.cluster != *name)
    {
        claims.push(Claim { cluster: name.clone(), tag: format!("{LEGACY_TAG} = {name}") });
    }
    claims
}

/// The way in which the tags say that the object belongs to the cluster, if they do.
pub fn claim_of(tags: &Tags, cluster: &str) -> Option<Claim> {
    claims(tags).into_iter().find(|claim| claim.cluster == cluster)
}

/// The cluster of the old tag and the owner by the new one, where they differ.
pub fn disagreement(tags: &Tags) -> Option<(&str, &str)> {
    let old = tags.get(LEGACY_TAG)?.as_str();
    let mut all = new_claims(tags);
    if all.any(|(name, _)| name == old) {
        return None;
    }
    let (owner, _) = new_claims(tags).find(|(_, value)| *value == "owned")?;
    Some((old, owner))
}

fn new_claims(tags: &Tags) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().filter_map(|(key, value)| {
        let name = key.strip_prefix(TAG_PREFIX)?;
        (!name.is_empty()).then_some((name, value.as_str()))
    })
}

/// Objects as tests see them, at their plainest.
#[cfg(test)]
pub mod samples {
    use super::*;

    pub const CLUSTER: &str = "k8s.myzone.net";

    pub fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// The tags of what the cluster owns, and more.
    pub fn owned(more: &[(&str, &str)]) -> Tags {
        let mut tags = tags(more);
        tags.insert(format!("{TAG_PREFIX}{CLUSTER}"), "owned".to_owned());
        tags
    }

    pub fn vpc(id: &str, tags: Tags) -> Vpc {
        Vpc { id: Id::new(id), tags }
    }

    /// A subnet of `vpc-1` with plenty of addresses.
    pub fn subnet(id: &str, zone: &str, tags: Tags) -> Subnet {
        Subnet {
            id: Id::new(id),
            vpc: Id::new("vpc-1"),
            zone: zone.to_owned(),
            tags,
            free: 4091,
            state: "available".to_owned(),
            addresses: Addresses::Ipv4,
            outpost: None,
        }
    }

    /// A group of `vpc-1` that the cluster owns.
    pub fn group(id: &str, name: &str) -> Group {
        Group { id: Id::new(id), name: name.to_owned(), vpc: Id::new("vpc-1"), tags: owned(&[]) }
    }

    /// An instance of the cluster in `vpc-1`.
    pub fn instance(role: &str, subnet: &str, groups: &[(&str, &str)]) -> Instance {
        Instance {
            vpc: Id::new("vpc-1"),
            subnet: Id::new(subnet),
            groups: groups.iter().map(|(id, name)| (Id::new(*id), (*name).to_owned())).collect(),
            tags: owned(&[(role, "1"), ("kops.k8s.io/instancegroup", "some")]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::tags;
    use super::*;

    #[test]
    fn every_tag_of_every_kops_version_names_its_cluster() {
        for (given, expected) in [
            (tags(&[]), vec![]),
            (tags(&[("KubernetesCluster", "a")]), vec!["a"]),
            (tags(&[("kubernetes.io/cluster/a", "owned"), ("KubernetesCluster", "a")]), vec!["a"]),
            (
                tags(&[("kubernetes.io/cluster/a", "owned"), ("kubernetes.io/cluster/b", "shared")]),
                vec!["a", "b"],
            ),
            (tags(&[("kubernetes.io/cluster/b", "shared"), ("KubernetesCluster", "a")]), vec!["b", "a"]),
            (tags(&[("kubernetes.io/cluster/b", "owned"), ("KubernetesCluster", "a")]), vec!["b"]),
            (tags(&[("kubernetes.io/cluster/", "owned")]), vec![]),
        ] {
            let found: Vec<String> = claims(&given).into_iter().map(|claim| claim.cluster).collect();
            assert_eq!(found, expected, "{given:?}");
        }
    }

    #[test]
    fn a_longer_name_with_the_same_end_is_another_cluster() {
        let given = tags(&[("kubernetes.io/cluster/dev.k8s.example.com", "owned")]);
        assert_eq!(claim_of(&given, "k8s.example.com"), None);
    }

    #[test]
    fn two_owners_of_one_object_are_a_disagreement() {
        let two = tags(&[("kubernetes.io/cluster/b", "owned"), ("KubernetesCluster", "a")]);
        assert_eq!(disagreement(&two), Some(("a", "b")));
        let shared = tags(&[("kubernetes.io/cluster/b", "shared"), ("KubernetesCluster", "a")]);
        assert_eq!(disagreement(&shared), None);
    }
}
