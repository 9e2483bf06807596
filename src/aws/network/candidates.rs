//! The cluster's subnets, and how they rank against each other within a zone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::Rejected;
use super::classify::{Kind, classify, impossible, name, unfit};
use super::groups::NODE_TAG;
use super::seen::{Scene, Subnet, claim_of, claims};
use crate::engine::resource::Id;

/// The start of the tags with which kops marks the subnets that Karpenter's machines run in.
const MACHINES_TAG: &str = "kops.k8s.io/instance-group/";

/// A subnet of the cluster with everything that its rank depends on.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) subnet: &'a Subnet,
    /// Why it is one of the cluster's.
    belongs: String,
    kind: Kind,
    /// The evidence for its kind.
    kind_because: String,
    machines: Machines,
    /// Tells if it has the name that kops gives to the first subnet of a zone.
    naming: Naming,
    /// Why EFS and RDS cannot use it, if they cannot.
    pub(super) unfit: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Machines {
    RunHere,
    NotSeen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Naming {
    OfTheZone,
    Other,
}

impl Candidate<'_> {
    /// The smallest comes first. The id is there so that the same network always gives the same answer.
    pub(super) fn rank(&self) -> (Kind, Machines, Naming, Reverse<i32>, Id) {
        (self.kind, self.machines, self.naming, Reverse(self.subnet.free), self.subnet.id.clone())
    }

    pub(super) fn because(&self) -> String {
        let machines = match self.machines {
            Machines::RunHere => "; nodes run here",
            Machines::NotSeen => "",
        };
        format!("{}; {}; {} free addresses{machines}", self.belongs, self.kind_because, self.subnet.free)
    }

    /// Why this subnet was not chosen: by itself, or beside the one that was.
    pub(super) fn rejected_for(&self, best: Option<&Self>) -> Rejected {
        let reason = self.unfit.clone().or_else(|| best.map(|best| self.behind(best)));
        Rejected::new(&self.subnet.id, reason.unwrap_or_default())
    }

    fn behind(&self, best: &Self) -> String {
        if self.kind != best.kind {
            format!("it is {}, and {} comes before it", self.kind.name(), best.kind.name())
        } else if self.machines != best.machines {
            "no nodes were seen in it".to_owned()
        } else if self.naming != best.naming {
            "it does not have the name of the zone's first subnet".to_owned()
        } else if self.subnet.free != best.subnet.free {
            format!("it has fewer free addresses ({})", self.subnet.free)
        } else {
            "it is alike, and its id comes later".to_owned()
        }
    }
}

/// The cluster's subnets by zone.
pub(super) fn candidates<'a>(scene: &'a Scene, cluster: &str) -> BTreeMap<String, Vec<Candidate<'a>>> {
    let nodes: BTreeSet<&Id> = scene
        .instances
        .iter()
        .filter(|one| claim_of(&one.tags, cluster).is_some() && one.tags.contains_key(NODE_TAG))
        .map(|one| &one.subnet)
        .collect();
    let mut members: Vec<(&Subnet, String)> =
        scene.subnets.iter().filter_map(|subnet| Some((subnet, membership(subnet, cluster)?))).collect();
    if members.is_empty() {
        // With `tagSubnets: false`, and in a VPC that another account shares, subnets carry no tags at all.
        let used = scene.subnets.iter().filter(|subnet| nodes.contains(&subnet.id));
        members = used.map(|subnet| (subnet, format!("no subnet carries tags of {cluster}"))).collect();
    }
    let mut zones: BTreeMap<String, Vec<Candidate<'a>>> = BTreeMap::new();
    for (subnet, belongs) in members {
        let (kind, kind_because) = classify(scene, subnet);
        let marked = subnet.tags.keys().any(|key| key.starts_with(MACHINES_TAG));
        let first_name = format!("{}.{cluster}", subnet.zone);
        zones.entry(subnet.zone.clone()).or_default().push(Candidate {
            subnet,
            belongs,
            kind,
            kind_because,
            machines: if marked || nodes.contains(&subnet.id) {
                Machines::RunHere
            } else {
                Machines::NotSeen
            },
            naming: if name(subnet) == first_name { Naming::OfTheZone } else { Naming::Other },
            unfit: impossible(scene, subnet).or_else(|| unfit(subnet, kind)),
        });
    }
    zones
}

/// Why a subnet is one of the cluster's, if it is.
fn membership(subnet: &Subnet, cluster: &str) -> Option<String> {
    if let Some(claim) = claim_of(&subnet.tags, cluster) {
        return Some(format!("tag {}", claim.tag));
    }
    // The names of another cluster's subnets may end in the same way: dev.k8s.example.com and k8s.example.com.
    let unclaimed = claims(&subnet.tags).is_empty();
    (unclaimed && name(subnet).ends_with(&format!(".{cluster}")))
        .then(|| format!("its name {}", name(subnet)))
}
