//! Zones in which nodes can run, and of which the recorded network has no subnet.

use std::collections::BTreeMap;

use super::candidates::{Candidate, candidates};
use super::seen::{Addresses, Scene, Subnet};
use crate::engine::network::Network;
use crate::engine::resource::Id;

/// A zone that the cluster has got since its network was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewZone {
    pub zone: String,
    /// The subnet that `import` would choose in it.
    pub subnet: Id,
}

/// A subnet of the recorded VPC that is not recorded itself.
#[derive(Clone, Debug)]
pub struct Beside {
    pub id: Id,
    pub zone: String,
    pub tags: BTreeMap<String, String>,
    /// Free IPv4 addresses.
    pub free: i32,
}

/// The zones in which the cluster has a subnet for machines that a file system can use, by the same rules as
/// [`discover`](super::discover). Utility subnets, those of other clusters and those of Local Zones count for nothing.
pub fn new_zones(network: &Network, region: &str, beside: Vec<Beside>) -> Vec<NewZone> {
    let fresh =
        |one: &Beside| !network.subnets.contains_key(&one.zone) && is_availability_zone(&one.zone, region);
    let subnets = beside.into_iter().filter(fresh).map(|one| Subnet {
        id: one.id,
        vpc: network.vpc.clone(),
        zone: one.zone,
        tags: one.tags,
        free: one.free,
        state: "available".to_owned(),
        addresses: Addresses::Ipv4,
        outpost: None,
    });
    let scene = Scene { subnets: subnets.collect(), ..Scene::default() };
    let Some(cluster) = &network.cluster.name else { return Vec::new() };
    candidates(&scene, cluster)
        .into_iter()
        .filter_map(|(zone, subnets)| {
            let usable = subnets.into_iter().filter(|one| one.unfit.is_none());
            let best = usable.min_by_key(Candidate::rank)?;
            Some(NewZone { zone, subnet: best.subnet.id.clone() })
        })
        .collect()
}

/// True if a zone's name is that of an Availability Zone: `eu-west-1a`. Those of Local Zones and of Wavelength Zones have
/// more behind the region (EC2 user guide, "Regions and Zones": `us-west-2-lax-1a`).
fn is_availability_zone(zone: &str, region: &str) -> bool {
    let rest = zone.strip_prefix(region).unwrap_or_default();
    rest.len() == 1 && rest.starts_with(|letter: char| letter.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::super::seen::samples::{CLUSTER, owned, tags};
    use super::*;
    use crate::engine::network::Cluster;

    fn network() -> Network {
        Network {
            cluster: Cluster { name: Some(CLUSTER.to_owned()), efs_names_resolve: true },
            vpc: Id::new("vpc-1"),
            subnets: [("eu-west-1a".to_owned(), Id::new("subnet-a"))].into(),
            groups: BTreeMap::new(),
        }
    }

    fn subnet(id: &str, zone: &str, tags: BTreeMap<String, String>) -> Beside {
        Beside { id: Id::new(id), zone: zone.to_owned(), tags, free: 4091 }
    }

    fn found(beside: Vec<Beside>) -> Vec<String> {
        let found = new_zones(&network(), "eu-west-1", beside);
        found.into_iter().map(|new| format!("{}={}", new.zone, new.subnet)).collect()
    }

    #[test]
    fn a_subnet_for_machines_in_a_zone_that_has_none_makes_a_new_zone() {
        let typed = |kind: &str| owned(&[("SubnetType", kind)]);
        let legacy = tags(&[("KubernetesCluster", CLUSTER), ("Name", "eu-west-1b.k8s.myzone.net")]);
        for (tags, expected) in [
            (typed("Public"), true),
            (typed("Private"), true),
            (typed("DualStack"), true),
            (legacy, true),
            (typed("Utility"), false),
            (owned(&[("kubernetes.io/role/elb", "1"), ("Name", "utility-eu-west-1b.k8s.myzone.net")]), false),
            (tags(&[("kubernetes.io/cluster/other", "owned"), ("SubnetType", "Private")]), false),
            (tags(&[]), false),
        ] {
            let new = found(vec![subnet("s-1", "eu-west-1b", tags.clone())]);
            assert_eq!(!new.is_empty(), expected, "{tags:?}");
        }
    }

    #[test]
    fn the_best_subnet_of_each_new_zone_is_named() {
        let typed = |kind: &str| owned(&[("SubnetType", kind)]);
        assert_eq!(
            found(vec![
                subnet("s-1", "eu-west-1b", typed("Public")),
                subnet("s-2", "eu-west-1b", typed("Private")),
                subnet("s-3", "eu-west-1b", typed("Utility")),
                subnet("s-4", "eu-west-1c", typed("Public")),
                // The zone has one already.
                subnet("s-5", "eu-west-1a", typed("Private")),
                subnet("s-6", "eu-west-1-lax-1a", typed("Public")),
                Beside { free: 2, ..subnet("s-7", "eu-west-1d", typed("Public")) },
            ]),
            ["eu-west-1b=s-2", "eu-west-1c=s-4"]
        );
    }
}
