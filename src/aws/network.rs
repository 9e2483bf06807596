//! Discovery: finds the network of a kops cluster by read-only calls, and says why it chose what it chose.
//!
//! Clusters of every kops version are found: by both forms of the cluster tag, by the names of security groups, and
//! by running instances. What is not read is kops' own state store on S3; a network that shows none of these signs has
//! to be named by its ids. Ids that are named always win, and are verified.

mod candidates;
mod classify;
mod cluster;
mod error;
mod evidence;
mod groups;
mod read;
mod seen;
mod subnets;
mod zones;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::aws::Aws;
use crate::engine::cloud::CloudError;
use crate::engine::network::{Cluster, Named, Network, Role};
use crate::engine::resource::Id;
use seen::{Dns, Resolver, Survey, Switch};

pub use error::DiscoveryError;
pub use evidence::{Choice, Evidence, Rejected, Warning};
pub use read::{CALLS, CALLS_FOR_NAMED};
pub use zones::{Beside, NewZone, new_zones};

/// The facts about the network that are known before it is looked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub cluster: Option<String>,
    pub vpc: Option<Id>,
    /// All subnets to be used, one a zone.
    pub subnets: Vec<Id>,
    pub node_groups: Vec<Id>,
    pub master_groups: Vec<Id>,
    /// The roles whose groups need not be found, since nothing of the stack gives access to them.
    pub not_needed: BTreeSet<Role>,
    /// The choice of an earlier run: the same cluster, and a zone that has a subnet keeps it.
    pub recorded: Option<Network>,
}

/// A network, and why it is this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    pub network: Network,
    pub evidence: Vec<Evidence>,
    pub warnings: Vec<Warning>,
}

/// A cluster that shows itself in the region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterFound {
    pub name: String,
    pub vpcs: BTreeSet<Id>,
    pub origin: Origin,
}

impl ClusterFound {
    fn with_vpcs(&self) -> String {
        let vpcs: Vec<_> = self.vpcs.iter().map(Id::as_str).collect();
        format!("{} in {}", self.name, vpcs.join(" and "))
    }
}

/// Which tool made a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    Kops,
    /// EKS and others share a tag with kops.
    Unknown,
}

/// Every cluster that shows itself in the region, by name.
///
/// # Errors
/// Any error of the three describe calls.
pub async fn clusters(aws: &Aws) -> Result<Vec<ClusterFound>, CloudError> {
    let survey = read::survey_region(aws).await?;
    Ok(cluster::candidates(&survey).into_values().collect())
}

/// True if the VPC is in the region.
///
/// # Errors
/// The error of `ec2:DescribeVpcs`.
pub async fn vpc_exists(aws: &Aws, vpc: &Id) -> Result<bool, CloudError> {
    read::vpc_exists(aws, vpc).await
}

/// Finds the network: the cluster, its VPC, one subnet a zone, and the groups of its roles.
///
/// # Errors
/// The missing or ambiguous object, with what was found instead; [`DiscoveryError::hint`] names the option that answers.
pub async fn discover(aws: &Aws, wanted: &Wanted) -> Result<Discovery, DiscoveryError> {
    let wanted = &wanted.clone().or_recorded();
    let survey = match &wanted.vpc {
        Some(vpc) => read::survey_vpc(aws, vpc).await?,
        None => with_instances(aws, read::survey_region(aws).await?, wanted).await?,
    };
    if let Some(vpc) = wanted.vpc.as_ref().filter(|vpc| survey.vpcs.iter().all(|seen| seen.id != **vpc)) {
        return Err(DiscoveryError::VpcNotFound { vpc: vpc.clone() });
    }
    let cluster = cluster::choose_cluster(&cluster::candidates(&survey), wanted)?;
    let (vpc, vpc_because) = cluster::choose_vpc(&survey, &cluster, wanted)?;
    let scene = read::scene(aws, &cluster, &vpc, wanted).await?;

    let mut warnings = cluster::disagreements(&scene, &cluster);
    let kops = cluster::kops_evidence(&scene, &cluster);
    if kops.is_none() {
        if wanted.node_groups.is_empty() && wanted.needs(Role::Nodes) {
            return Err(DiscoveryError::NotKops { found: vec![cluster] });
        }
        warnings.push(Warning::NotKops { cluster: cluster.clone() });
    }
    let groups = groups::choose_groups(&scene, &cluster, &vpc, wanted)?;
    let subnets = subnets::choose_subnets(&scene, &cluster, &vpc, wanted)?;

    let chosen =
        |what, id: &str, because| Evidence { what, id: id.to_owned(), because, rejected: Vec::new() };
    let mut evidence = vec![
        chosen(Choice::Cluster, &cluster, kops.unwrap_or_else(|| "named".to_owned())),
        chosen(Choice::Vpc, vpc.as_str(), vpc_because),
    ];
    evidence.extend(subnets.evidence);
    evidence.extend(groups.evidence);
    warnings.extend(subnets.warnings);
    warnings.extend(groups.warnings);
    let unresolved = unresolved_because(scene.dns);
    let cluster = Cluster { name: Some(cluster), efs_names_resolve: unresolved.is_empty() };
    if !unresolved.is_empty() {
        warnings.push(Warning::NamesMayNotResolve { because: unresolved });
    }
    let recorded = wanted.recorded_in(&vpc);
    let groups = groups.groups.into_iter();
    let placed =
        |role: Role, ids: &[Id]| role.placed(ids, recorded.and_then(|network| network.groups.get(&role)));
    let groups = groups.map(|(role, ids)| (role, placed(role, &ids))).collect();
    let network = Network { cluster, vpc, subnets: subnets.subnets, groups };
    Ok(Discovery { network, evidence, warnings })
}

/// Looks at a network whose parts are named: whether they are there, and fit together. Nothing is looked for. A stack that was made
/// for a cluster of this VPC stays the stack of that cluster.
///
/// # Errors
/// The part that is missing or cannot be used; [`DiscoveryError::hint_in_the_stack_file`] names the option that answers.
pub async fn look_at(
    aws: &Aws,
    named: &Named,
    recorded: Option<Network>,
) -> Result<Discovery, DiscoveryError> {
    let of_role = |role: &Role| named.groups.get(role).into_iter().flatten().cloned().collect();
    let wanted = Wanted {
        vpc: Some(named.vpc.clone()),
        subnets: named.subnets.iter().cloned().collect(),
        node_groups: of_role(&Role::Nodes),
        master_groups: of_role(&Role::Masters),
        recorded,
        ..Wanted::default()
    };
    let vpc = &named.vpc;
    let scene = read::named_scene(aws, vpc, &wanted).await?;
    let subnets = subnets::named_subnets(&scene, vpc, &wanted)?;
    let recorded = wanted.recorded_in(vpc);
    let because = "named in the stack file".to_owned();
    let mut evidence =
        vec![Evidence { what: Choice::Vpc, id: vpc.to_string(), because, rejected: Vec::new() }];
    evidence.extend(subnets.evidence);
    let mut groups = BTreeMap::new();
    for (role, ids) in [(Role::Nodes, &wanted.node_groups), (Role::Masters, &wanted.master_groups)] {
        evidence.extend(groups::named_groups(&scene, vpc, role, ids)?);
        if !ids.is_empty() {
            let before = recorded.and_then(|network| network.groups.get(&role));
            groups.insert(role, role.placed(ids, before));
        }
    }
    let unresolved = unresolved_because(scene.dns);
    let cluster = Cluster {
        name: recorded.and_then(|network| network.cluster.name.clone()),
        efs_names_resolve: unresolved.is_empty(),
    };
    let unresolved = Some(unresolved).filter(|because| !because.is_empty());
    let warnings = unresolved.map(|because| Warning::NamesMayNotResolve { because }).into_iter().collect();
    let network = Network { cluster, vpc: vpc.clone(), subnets: subnets.subnets, groups };
    Ok(Discovery { network, evidence, warnings })
}

impl Wanted {
    /// True where something of the stack gives access to machines of the role.
    fn needs(&self, role: Role) -> bool {
        !self.not_needed.contains(&role)
    }

    /// The choice of an earlier run, if it was in this VPC.
    fn recorded_in(&self, vpc: &Id) -> Option<&Network> {
        self.recorded.as_ref().filter(|network| network.vpc == *vpc)
    }

    /// Stays with the recorded cluster and VPC unless something else is named.
    fn or_recorded(mut self) -> Self {
        if let Some(recorded) = &self.recorded {
            let same_cluster =
                self.cluster.as_ref().is_none_or(|name| Some(name) == recorded.cluster.name.as_ref());
            let same_vpc = self.vpc.as_ref().is_none_or(|vpc| *vpc == recorded.vpc);
            if same_cluster && same_vpc {
                self.cluster = recorded.cluster.name.clone();
                self.vpc = Some(recorded.vpc.clone());
            }
        }
        self
    }
}

/// A cluster that is named, and left no sign on the network, may still have instances.
async fn with_instances(aws: &Aws, survey: Survey, wanted: &Wanted) -> Result<Survey, CloudError> {
    match &wanted.cluster {
        Some(name) if cluster::vpcs_of(&survey, name).is_empty() => {
            Ok(Survey { instances: read::instances_of(aws, name).await?, ..survey })
        }
        _ => Ok(survey),
    }
}

/// Why names of file systems may not resolve; nothing if they do.
fn unresolved_because(dns: Dns) -> Vec<String> {
    [
        (dns.support == Switch::Off, "enableDnsSupport is off"),
        (dns.hostnames == Switch::Off, "enableDnsHostnames is off"),
        (dns.resolver == Resolver::Other, "its DHCP options name another resolver than Amazon's"),
    ]
    .into_iter()
    .filter(|(applies, _)| *applies)
    .map(|(_, because)| because.to_owned())
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_resolve_only_with_both_attributes_and_amazons_resolver() {
        let good = Dns::default();
        for (dns, count) in [
            (good, 0),
            (Dns { support: Switch::Off, ..good }, 1),
            (Dns { hostnames: Switch::Off, ..good }, 1),
            (Dns { resolver: Resolver::Other, hostnames: Switch::Off, ..good }, 2),
        ] {
            assert_eq!(unresolved_because(dns).len(), count, "{dns:?}");
        }
    }

    #[test]
    fn a_later_run_stays_with_what_was_chosen_unless_told_otherwise() {
        let recorded = Network {
            cluster: Cluster { name: Some("a".to_owned()), efs_names_resolve: true },
            vpc: Id::new("vpc-1"),
            subnets: BTreeMap::new(),
            groups: BTreeMap::new(),
        };
        let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
        let (one, two) = (Some(Id::new("vpc-1")), Some(Id::new("vpc-2")));
        for (cluster, vpc, expected) in [
            (None, None, (a.clone(), one.clone())),
            (a.clone(), None, (a.clone(), one.clone())),
            (None, one.clone(), (a, one)),
            (b.clone(), None, (b, None)),
            (None, two.clone(), (None, two)),
        ] {
            let wanted = Wanted { cluster, vpc, recorded: Some(recorded.clone()), ..Wanted::default() };
            let wanted = wanted.or_recorded();
            assert_eq!((wanted.cluster, wanted.vpc), expected);
        }
    }
}
