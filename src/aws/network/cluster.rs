//! Which cluster, and in which VPC.

use std::collections::{BTreeMap, BTreeSet};

use super::seen::{LEGACY_TAG, Scene, Survey, Tags, claim_of, claims, disagreement};
use super::{ClusterFound, DiscoveryError, Origin, Wanted, Warning};
use crate::engine::network::Role;
use crate::engine::resource::Id;

/// The tag of every instance that kops started.
pub const INSTANCE_GROUP_TAG: &str = "kops.k8s.io/instancegroup";
const SUBNET_TYPE_TAG: &str = "SubnetType";
const ROUTE_ROLE_TAG: &str = "kubernetes.io/kops/role";

/// Every cluster that something in the survey belongs to, by name.
pub fn candidates(survey: &Survey) -> BTreeMap<String, ClusterFound> {
    let mut found = BTreeMap::new();
    let mut claimed = |vpc: &Id, tags: &Tags, is_kops: &dyn Fn(&str) -> bool| {
        for claim in claims(tags) {
            let cluster: &mut ClusterFound = found.entry(claim.cluster.clone()).or_insert_with(|| {
                ClusterFound { name: claim.cluster.clone(), vpcs: BTreeSet::new(), origin: Origin::Unknown }
            });
            cluster.vpcs.insert(vpc.clone());
            if is_kops(&claim.cluster) || tags.get(LEGACY_TAG) == Some(&claim.cluster) {
                cluster.origin = Origin::Kops;
            }
        }
    };
    for vpc in &survey.vpcs {
        claimed(&vpc.id, &vpc.tags, &|_| false);
    }
    for subnet in &survey.subnets {
        claimed(&subnet.vpc, &subnet.tags, &|_| subnet.tags.contains_key(SUBNET_TYPE_TAG));
    }
    for group in &survey.groups {
        claimed(&group.vpc, &group.tags, &|cluster| is_named_by_kops(&group.name, cluster));
    }
    for instance in &survey.instances {
        claimed(&instance.vpc, &instance.tags, &|_| instance.tags.contains_key(INSTANCE_GROUP_TAG));
    }
    found
}

fn is_named_by_kops(group: &str, cluster: &str) -> bool {
    ["nodes", "masters"].iter().any(|role| group == format!("{role}.{cluster}"))
}

/// The name of the cluster that is meant. A cluster that is named need not have been seen; where a VPC is named, the
/// survey is of that VPC alone.
pub fn choose_cluster(
    candidates: &BTreeMap<String, ClusterFound>,
    wanted: &Wanted,
) -> Result<String, DiscoveryError> {
    if let Some(name) = &wanted.cluster {
        return Ok(name.clone());
    }
    let (kops, other): (Vec<_>, Vec<_>) =
        candidates.values().cloned().partition(|found| found.origin == Origin::Kops);
    match (kops.as_slice(), other.is_empty()) {
        ([only], _) => Ok(only.name.clone()),
        ([], true) => Err(DiscoveryError::NoCluster { vpc: wanted.vpc.clone() }),
        ([], false) => {
            Err(DiscoveryError::NotKops { found: other.into_iter().map(|found| found.name).collect() })
        }
        _ => Err(DiscoveryError::SeveralClusters { found: kops }),
    }
}

/// Every VPC that shows the cluster, and by what.
pub fn vpcs_of(survey: &Survey, cluster: &str) -> BTreeMap<Id, String> {
    let vpcs = survey
        .vpcs
        .iter()
        .filter_map(|vpc| Some((&vpc.id, format!("tag {}", claim_of(&vpc.tags, cluster)?.tag))));
    let subnets = survey.subnets.iter().filter_map(|subnet| {
        Some((&subnet.vpc, format!("tag {} of its subnets", claim_of(&subnet.tags, cluster)?.tag)))
    });
    let groups = survey
        .groups
        .iter()
        .filter(|group| is_named_by_kops(&group.name, cluster))
        .map(|group| (&group.vpc, format!("group {}", group.name)));
    let instances = survey.instances.iter().filter_map(|instance| {
        Some((&instance.vpc, format!("tag {} of its instances", claim_of(&instance.tags, cluster)?.tag)))
    });
    let mut found: BTreeMap<Id, String> = BTreeMap::new();
    for (vpc, because) in vpcs.chain(subnets).chain(groups).chain(instances) {
        let reasons = found.entry(vpc.clone()).or_default();
        // The same reason holds for many subnets.
        if !reasons.split("; ").any(|reason| reason == because) {
            if !reasons.is_empty() {
                reasons.push_str("; ");
            }
            reasons.push_str(&because);
        }
    }
    found
}

/// The VPC that is meant, and why.
pub fn choose_vpc(survey: &Survey, cluster: &str, wanted: &Wanted) -> Result<(Id, String), DiscoveryError> {
    let found = vpcs_of(survey, cluster);
    if let Some(vpc) = &wanted.vpc {
        if survey.vpcs.iter().all(|seen| seen.id != *vpc) {
            return Err(DiscoveryError::VpcNotFound { vpc: vpc.clone() });
        }
        return match found.get(vpc) {
            Some(because) => Ok((vpc.clone(), format!("named; {because}"))),
            // If a cluster left no tags, a user who names everything is taken at their word.
            None if !wanted.subnets.is_empty()
                && (!wanted.node_groups.is_empty() || !wanted.needs(Role::Nodes)) =>
            {
                Ok((vpc.clone(), format!("named; nothing in it carries the tags of {cluster}")))
            }
            None => Err(no_such_cluster(survey, cluster, wanted)),
        };
    }
    let mut found = found.into_iter();
    match (found.next(), found.len()) {
        (None, _) => Err(no_such_cluster(survey, cluster, wanted)),
        (Some(only), 0) => Ok(only),
        (Some(first), _) => Err(DiscoveryError::SeveralVpcs {
            cluster: cluster.to_owned(),
            vpcs: std::iter::once(first).chain(found).collect(),
        }),
    }
}

fn no_such_cluster(survey: &Survey, cluster: &str, wanted: &Wanted) -> DiscoveryError {
    DiscoveryError::NoSuchCluster {
        name: cluster.to_owned(),
        vpc: wanted.vpc.clone(),
        found: candidates(survey).into_keys().collect(),
    }
}

/// The evidence that kops made the cluster, the strongest first. The tag of the new form alone is also that of EKS.
pub fn kops_evidence(scene: &Scene, cluster: &str) -> Option<String> {
    let claimed = |tags: &Tags| claim_of(tags, cluster).is_some();
    if let Some(role) = scene
        .tables
        .iter()
        .filter(|table| claimed(&table.tags))
        .find_map(|table| table.tags.get(ROUTE_ROLE_TAG))
    {
        return Some(format!("a route table with the tag {ROUTE_ROLE_TAG} = {role}"));
    }
    if let Some(group) = scene.groups.iter().find(|group| is_named_by_kops(&group.name, cluster)) {
        return Some(format!("group {}", group.name));
    }
    if scene.instances.iter().any(|one| claimed(&one.tags) && one.tags.contains_key(INSTANCE_GROUP_TAG)) {
        return Some(format!("instances with the tag {INSTANCE_GROUP_TAG}"));
    }
    [SUBNET_TYPE_TAG, LEGACY_TAG]
        .iter()
        .find(|key| scene.subnets.iter().any(|one| claimed(&one.tags) && one.tags.contains_key(**key)))
        .map(|key| format!("subnets with the tag {key}"))
}

/// Objects whose tags name two owners, this cluster among them.
pub fn disagreements(scene: &Scene, cluster: &str) -> Vec<Warning> {
    let subnets = scene.subnets.iter().map(|subnet| (&subnet.id, &subnet.tags));
    let groups = scene.groups.iter().map(|group| (&group.id, &group.tags));
    subnets
        .chain(groups)
        .filter_map(|(id, tags)| {
            let (old, owner) = disagreement(tags)?;
            [old, owner].contains(&cluster).then(|| Warning::TagsDisagree {
                id: id.clone(),
                old: old.to_owned(),
                owner: owner.to_owned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::seen::samples::{CLUSTER, group, instance, owned, subnet, tags, vpc};
    use super::super::seen::{Group, Subnet};
    use super::*;

    fn kops(name: &str, vpc: &str) -> Survey {
        let tags = tags(&[(&format!("kubernetes.io/cluster/{name}"), "owned"), ("SubnetType", "Private")]);
        let subnet = Subnet { vpc: Id::new(vpc), ..subnet("subnet-1", "a", tags) };
        Survey { subnets: vec![subnet], ..Survey::default() }
    }

    fn eks(name: &str, vpc: &str) -> Survey {
        let tags = tags(&[(&format!("kubernetes.io/cluster/{name}"), "shared")]);
        let subnet = Subnet { vpc: Id::new(vpc), ..subnet("subnet-2", "a", tags) };
        Survey { subnets: vec![subnet], ..Survey::default() }
    }

    fn both(mut one: Survey, other: Survey) -> Survey {
        one.vpcs.extend(other.vpcs);
        one.subnets.extend(other.subnets);
        one.groups.extend(other.groups);
        one
    }

    fn chosen(survey: &Survey, wanted: &Wanted) -> Result<(String, Id), DiscoveryError> {
        let cluster = choose_cluster(&candidates(survey), wanted)?;
        let (vpc, _) = choose_vpc(survey, &cluster, wanted)?;
        Ok((cluster, vpc))
    }

    fn named(cluster: &str) -> Wanted {
        Wanted { cluster: Some(cluster.to_owned()), ..Wanted::default() }
    }

    #[test]
    fn the_only_kops_cluster_is_taken() {
        for survey in [kops("a", "vpc-1"), both(kops("a", "vpc-1"), eks("b", "vpc-2"))] {
            assert_eq!(chosen(&survey, &Wanted::default()), Ok(("a".to_owned(), Id::new("vpc-1"))));
        }
    }

    #[test]
    fn several_clusters_are_a_question_that_a_name_or_a_vpc_answers() {
        let survey = both(kops("a", "vpc-1"), kops("b", "vpc-2"));
        let error = chosen(&survey, &Wanted::default()).expect_err("two clusters");
        assert!(matches!(&error, DiscoveryError::SeveralClusters { found } if found.len() == 2), "{error}");
        assert_eq!(error.hint().as_deref(), Some("choose one: `--cluster a` or `--cluster b`"));
        assert_eq!(chosen(&survey, &named("b")), Ok(("b".to_owned(), Id::new("vpc-2"))));
    }

    #[test]
    fn a_name_is_matched_whole() {
        let survey = kops("dev.k8s.example.com", "vpc-1");
        let error = chosen(&survey, &named("k8s.example.com")).expect_err("another cluster");
        assert!(
            matches!(&error, DiscoveryError::NoSuchCluster { found, .. } if *found == ["dev.k8s.example.com"]),
            "{error}"
        );
    }

    #[test]
    fn nothing_is_no_cluster_and_a_cluster_of_another_tool_is_not_kops() {
        assert_eq!(
            chosen(&Survey::default(), &Wanted::default()),
            Err(DiscoveryError::NoCluster { vpc: None })
        );
        let error = DiscoveryError::NotKops { found: vec!["b".to_owned()] };
        assert_eq!(chosen(&eks("b", "vpc-2"), &Wanted::default()), Err(error));
    }

    #[test]
    fn a_cluster_in_two_vpcs_is_a_question() {
        let survey = both(kops("a", "vpc-1"), kops("a", "vpc-2"));
        let error = chosen(&survey, &Wanted::default()).expect_err("two VPCs");
        assert!(matches!(&error, DiscoveryError::SeveralVpcs { vpcs, .. } if vpcs.len() == 2), "{error}");
        let hint = error.hint().expect("a hint");
        assert_eq!(hint, "choose one: `provision import vpc-1` or `provision import vpc-2`");
    }

    #[test]
    fn a_cluster_in_a_vpc_of_another_is_found_by_its_subnets() {
        let mut survey = kops("b", "vpc-1");
        survey.vpcs = vec![vpc("vpc-1", tags(&[("kubernetes.io/cluster/a", "owned")]))];
        assert_eq!(chosen(&survey, &named("b")), Ok(("b".to_owned(), Id::new("vpc-1"))));
    }

    #[test]
    fn a_cluster_without_tags_is_found_by_its_group_or_its_instances() {
        let named_group = Group { tags: Tags::new(), ..group("sg-1", &format!("nodes.{CLUSTER}")) };
        let groups = Survey { groups: vec![named_group], ..Survey::default() };
        let machines = instance("k8s.io/role/node", "subnet-1", &[]);
        let instances = Survey { instances: vec![machines], ..Survey::default() };
        for survey in [groups, instances] {
            assert_eq!(chosen(&survey, &named(CLUSTER)), Ok((CLUSTER.to_owned(), Id::new("vpc-1"))));
        }
    }

    #[test]
    fn a_named_vpc_must_exist_and_show_the_cluster_unless_everything_is_named() {
        let survey = Survey { vpcs: vec![vpc("vpc-1", Tags::new())], ..Survey::default() };
        let wanted = Wanted { vpc: Some(Id::new("vpc-1")), ..named("a") };
        assert!(matches!(chosen(&survey, &wanted), Err(DiscoveryError::NoSuchCluster { .. })));
        let all = Wanted {
            subnets: vec![Id::new("subnet-1")],
            node_groups: vec![Id::new("sg-1")],
            ..wanted.clone()
        };
        assert_eq!(chosen(&survey, &all), Ok(("a".to_owned(), Id::new("vpc-1"))));
        let error = DiscoveryError::VpcNotFound { vpc: Id::new("vpc-1") };
        assert_eq!(chosen(&Survey::default(), &wanted), Err(error));
    }

    #[test]
    fn the_tag_that_other_tools_use_too_does_not_show_kops() {
        let bare = Scene { subnets: vec![subnet("subnet-1", "a", owned(&[]))], ..Scene::default() };
        assert_eq!(kops_evidence(&bare, CLUSTER), None);
        let typed = subnet("subnet-1", "a", owned(&[("SubnetType", "Public")]));
        let scene = Scene { subnets: vec![typed], ..Scene::default() };
        assert_eq!(kops_evidence(&scene, CLUSTER).as_deref(), Some("subnets with the tag SubnetType"));
    }

    #[test]
    fn two_owners_of_one_subnet_are_reported() {
        let tags = owned(&[("KubernetesCluster", "old")]);
        let scene = Scene { subnets: vec![subnet("subnet-1", "a", tags)], ..Scene::default() };
        let expected = Warning::TagsDisagree {
            id: Id::new("subnet-1"),
            old: "old".to_owned(),
            owner: CLUSTER.to_owned(),
        };
        assert_eq!(disagreements(&scene, CLUSTER), [expected]);
        assert_eq!(disagreements(&scene, "third"), []);
    }
}
