//! Which security groups are those of the cluster's nodes and of its control plane.

use std::collections::BTreeMap;

use super::seen::{Instance, Scene, claim_of};
use super::{Choice, DiscoveryError, Evidence, Rejected, Wanted, Warning};
use crate::engine::network::Role;
use crate::engine::resource::{Id, tag};

/// The tag of instances that are nodes.
pub const NODE_TAG: &str = "k8s.io/role/node";
/// The tags of instances of the control plane: the newer one came beside the older one with kops 1.26.
const CONTROL_PLANE_TAGS: [&str; 2] = ["k8s.io/role/control-plane", "k8s.io/role/master"];
/// Beginnings of the names of groups of load balancers and bastions, which are on instances for other reasons
/// (cloud controller, AWS load balancer controller, kops).
const FOREIGN_NAMES: [&str; 5] = ["k8s-", "api-elb.", "bastion.", "bastion-elb.", "default"];

/// The groups of each role, and why.
#[derive(Debug, Default)]
pub struct Chosen {
    pub groups: BTreeMap<Role, Vec<Id>>,
    pub evidence: Vec<Evidence>,
    pub warnings: Vec<Warning>,
}

/// Chooses the groups of both roles. Named ones win and are verified; else by kops' exact names, never by tags, which
/// load balancers' groups carry too; and by the instances whose groups were overridden.
pub fn choose_groups(
    scene: &Scene,
    cluster: &str,
    vpc: &Id,
    wanted: &Wanted,
) -> Result<Chosen, DiscoveryError> {
    let mut chosen = Chosen::default();
    for (role, named) in [(Role::Nodes, &wanted.node_groups), (Role::Masters, &wanted.master_groups)] {
        let evidence = if named.is_empty() {
            let mut evidence = seen_groups(scene, cluster, role, &mut chosen.warnings);
            evidence.extend(kept_groups(scene, vpc, role, wanted, &evidence));
            evidence
        } else {
            named_groups(scene, vpc, role, named)?
        };
        if !evidence.is_empty() {
            let ids = evidence.iter().map(|one| Id::new(one.id.as_str())).collect();
            chosen.groups.insert(role, ids);
            chosen.evidence.extend(evidence);
        } else if !wanted.needs(role) {
            chosen.warnings.push(Warning::NoneNeeded { role });
        } else if role == Role::Masters && !wanted.node_groups.is_empty() {
            // A user who names the nodes' groups may have a cluster whose control plane is not here at all.
            chosen.warnings.push(Warning::NoControlPlane);
        } else {
            return Err(none_found(scene, cluster, vpc, role));
        }
    }
    Ok(chosen)
}

fn none_found(scene: &Scene, cluster: &str, vpc: &Id, role: Role) -> DiscoveryError {
    let (cluster, vpc) = (cluster.to_owned(), vpc.clone());
    let lives = scene.instances.iter().any(|one| claim_of(&one.tags, &cluster).is_some());
    if role == Role::Nodes && !lives {
        let leftovers = scene.subnets.iter().filter(|one| claim_of(&one.tags, &cluster).is_some()).count();
        return DiscoveryError::LooksDeleted { cluster, vpc, leftovers };
    }
    DiscoveryError::NoGroup { role, cluster, vpc }
}

/// The groups that are named for a role, verified.
pub fn named_groups(
    scene: &Scene,
    vpc: &Id,
    role: Role,
    named: &[Id],
) -> Result<Vec<Evidence>, DiscoveryError> {
    let mut evidence: Vec<Evidence> = Vec::new();
    for id in named {
        let Some(group) = scene.named_groups.iter().find(|group| group.id == *id) else {
            return Err(DiscoveryError::GroupNotFound { role, group: id.clone() });
        };
        if group.vpc != *vpc {
            let (group, elsewhere) = (id.clone(), group.vpc.clone());
            return Err(DiscoveryError::GroupElsewhere { role, group, vpc: elsewhere, wanted: vpc.clone() });
        }
        if let Some(stack) = group.tags.get(tag::STACK) {
            let (group, stack) = (id.clone(), stack.clone());
            return Err(DiscoveryError::GroupOfProvision { role, group, stack });
        }
        if evidence.iter().all(|one| one.id != id.as_str()) {
            evidence.push(found(role, id, format!("named; it is called {}", group.name)));
        }
    }
    Ok(evidence)
}

fn seen_groups(scene: &Scene, cluster: &str, role: Role, warnings: &mut Vec<Warning>) -> Vec<Evidence> {
    let name = format!("{}.{cluster}", role.name());
    let by_name = scene.groups.iter().find(|group| group.name == name);
    let mut evidence: Vec<Evidence> =
        by_name.map(|group| found(role, &group.id, format!("name {name}"))).into_iter().collect();
    let mut others: BTreeMap<&Id, &str> = BTreeMap::new();
    for instance in scene.instances.iter().filter(|one| has_role(one, role)) {
        // An instance group with `securityGroupOverride` has other groups in place of the one that kops made.
        let is_default = by_name.is_some_and(|group| instance.groups.contains_key(&group.id));
        if !is_default && claim_of(&instance.tags, cluster).is_some() {
            others.extend(instance.groups.iter().map(|(id, name)| (id, name.as_str())));
        }
    }
    let (foreign, own): (BTreeMap<&Id, &str>, _) = others
        .into_iter()
        .partition(|(_, name)| FOREIGN_NAMES.iter().any(|foreign| name.starts_with(foreign)));
    let mut rejected: Vec<Rejected> = foreign
        .into_iter()
        .map(|(id, name)| Rejected::new(id, format!("{name} is not a group of {}", role.name())))
        .collect();
    if !own.is_empty() {
        let ids = own.keys().map(|id| (*id).clone()).collect();
        warnings.push(Warning::GroupsOfInstances { role, groups: ids });
    }
    for (id, name) in own {
        let because = format!("running {} have it; it is called {name}", role.name());
        let rejected = std::mem::take(&mut rejected);
        evidence.push(Evidence { rejected, ..found(role, id, because) });
    }
    evidence
}

/// The groups that were chosen before and are still there. That no machine of the role is seen in one now may be because
/// its instance group is scaled to zero, which must not cut it off.
fn kept_groups(scene: &Scene, vpc: &Id, role: Role, wanted: &Wanted, seen: &[Evidence]) -> Vec<Evidence> {
    let recorded = wanted.recorded_in(vpc).into_iter().flat_map(|network| network.group_addresses(role));
    recorded
        .filter(|(_, id)| seen.iter().all(|one| one.id != id.as_str()))
        .filter_map(|(_, id)| scene.named_groups.iter().find(|group| group.id == *id && group.vpc == *vpc))
        .map(|group| found(role, &group.id, format!("chosen before; it is called {}", group.name)))
        .collect()
}

fn has_role(instance: &Instance, role: Role) -> bool {
    let tags: &[&str] = match role {
        Role::Nodes => &[NODE_TAG],
        Role::Masters => &CONTROL_PLANE_TAGS,
    };
    tags.iter().any(|tag| instance.tags.contains_key(*tag))
}

fn found(role: Role, id: &Id, because: String) -> Evidence {
    Evidence { what: Choice::Group { role }, id: id.to_string(), because, rejected: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::super::seen::Group;
    use super::super::seen::samples::{CLUSTER, group, instance, owned, subnet};
    use super::*;
    use crate::engine::network::{Cluster, Network};

    const MASTER_TAG: &str = "k8s.io/role/master";

    fn choose(scene: &Scene, wanted: &Wanted) -> Result<Chosen, DiscoveryError> {
        choose_groups(scene, CLUSTER, &Id::new("vpc-1"), wanted)
    }

    fn both() -> Vec<Group> {
        vec![group("sg-1", "nodes.k8s.myzone.net"), group("sg-2", "masters.k8s.myzone.net")]
    }

    fn ids(ids: &[&str]) -> Vec<Id> {
        ids.iter().map(|id| Id::new(*id)).collect()
    }

    #[test]
    fn groups_are_found_by_their_exact_names() {
        let mut groups = both();
        groups.push(group("sg-3", "k8s-elb-a0123456789abcdef"));
        groups.push(group("sg-4", "nodes.dev.k8s.myzone.net"));
        let chosen = choose(&Scene { groups, ..Scene::default() }, &Wanted::default()).expect("groups");
        let expected = [(Role::Nodes, ids(&["sg-1"])), (Role::Masters, ids(&["sg-2"]))];
        assert_eq!(chosen.groups, expected.into());
        assert_eq!(chosen.evidence[0].because, "name nodes.k8s.myzone.net");
        assert_eq!(chosen.warnings, []);
    }

    #[test]
    fn the_groups_of_instances_stand_in_where_they_were_overridden() {
        let own = ("sg-1", "nodes.k8s.myzone.net");
        let mut scene = Scene { groups: both(), ..Scene::default() };
        scene.instances = vec![
            instance(NODE_TAG, "s-1", &[own, ("sg-7", "extra")]),
            instance(NODE_TAG, "s-1", &[("sg-8", "our-nodes"), ("sg-9", "k8s-elb-a0123456789abcdef")]),
        ];
        let chosen = choose(&scene, &Wanted::default()).expect("groups");
        assert_eq!(chosen.groups[&Role::Nodes], ids(&["sg-1", "sg-8"]));
        let warning = Warning::GroupsOfInstances { role: Role::Nodes, groups: ids(&["sg-8"]) };
        assert_eq!(chosen.warnings, [warning]);
        assert_eq!(chosen.evidence[1].rejected[0].id, Id::new("sg-9"));

        scene.groups.clear();
        scene.instances.push(instance(MASTER_TAG, "s-1", &[("sg-6", "our-masters")]));
        let chosen = choose(&scene, &Wanted::default()).expect("groups");
        assert_eq!(chosen.groups[&Role::Masters], ids(&["sg-6"]));
    }

    #[test]
    fn named_groups_win_and_are_verified() {
        let mut scene = Scene { groups: both(), ..Scene::default() };
        scene.named_groups =
            vec![group("sg-5", "mine"), Group { vpc: Id::new("vpc-2"), ..group("sg-6", "other") }];
        let named = |id: &str| Wanted { node_groups: ids(&[id, id]), ..Wanted::default() };
        let chosen = choose(&scene, &named("sg-5")).expect("groups");
        assert_eq!(chosen.groups[&Role::Nodes], ids(&["sg-5"]));
        assert_eq!(chosen.groups[&Role::Masters], ids(&["sg-2"]));
        let role = Role::Nodes;
        let error = choose(&scene, &named("sg-7")).expect_err("there is no such group");
        assert_eq!(error, DiscoveryError::GroupNotFound { role, group: Id::new("sg-7") });
        let error = choose(&scene, &named("sg-6")).expect_err("it is elsewhere");
        assert!(matches!(error, DiscoveryError::GroupElsewhere { .. }));
        assert_eq!(error.hint().as_deref(), Some("name it by its id, with `--node-security-group`"));
    }

    #[test]
    fn a_group_that_was_chosen_before_is_kept_for_as_long_as_it_is_there() {
        let recorded = |ids: &[Id]| Network {
            cluster: Cluster { name: Some(CLUSTER.to_owned()), efs_names_resolve: true },
            vpc: Id::new("vpc-1"),
            subnets: BTreeMap::new(),
            groups: [(Role::Nodes, Role::Nodes.placed(ids, None))].into(),
        };
        let mut scene = Scene { groups: both(), ..Scene::default() };
        let wanted = Wanted { recorded: Some(recorded(&ids(&["sg-1", "sg-8"]))), ..Wanted::default() };
        // Its instance group has no machines now.
        scene.named_groups = vec![group("sg-1", "nodes.k8s.myzone.net"), group("sg-8", "our-nodes")];
        let chosen = choose(&scene, &wanted).expect("groups");
        assert_eq!(chosen.groups[&Role::Nodes], ids(&["sg-1", "sg-8"]));
        assert_eq!(chosen.evidence[1].because, "chosen before; it is called our-nodes");
        scene.named_groups.pop();
        assert_eq!(choose(&scene, &wanted).expect("groups").groups[&Role::Nodes], ids(&["sg-1"]));
        // The ones that are named are all that there are.
        scene.named_groups = vec![group("sg-1", "nodes.k8s.myzone.net"), group("sg-8", "our-nodes")];
        let named = Wanted { node_groups: ids(&["sg-1"]), ..wanted };
        assert_eq!(choose(&scene, &named).expect("groups").groups[&Role::Nodes], ids(&["sg-1"]));
    }

    #[test]
    fn a_cluster_without_its_group_and_without_instances_looks_deleted() {
        let leftovers = vec![subnet("s-1", "a", owned(&[]))];
        let scene = Scene { subnets: leftovers, ..Scene::default() };
        let error = choose(&scene, &Wanted::default()).expect_err("nothing lives");
        assert!(matches!(error, DiscoveryError::LooksDeleted { leftovers: 1, .. }), "{error}");
    }

    #[test]
    fn a_missing_control_plane_is_an_error_unless_the_nodes_were_named() {
        let mut scene = Scene { groups: both()[..1].to_vec(), ..Scene::default() };
        let error = choose(&scene, &Wanted::default()).expect_err("no control plane");
        assert!(matches!(error, DiscoveryError::NoGroup { role: Role::Masters, .. }), "{error}");
        let hint = error.hint().expect("a hint");
        assert!(hint.contains("by its id, with `--control-plane-security-group`"), "{hint}");
        assert!(hint.contains("take `masters` out of every `access`"), "{hint}");
        let without = Wanted { not_needed: [Role::Masters].into(), ..Wanted::default() };
        let chosen = choose(&scene, &without).expect("the nodes' group is enough");
        assert_eq!(chosen.groups.keys().collect::<Vec<_>>(), [&Role::Nodes]);
        assert_eq!(chosen.warnings, [Warning::NoneNeeded { role: Role::Masters }]);
        scene.named_groups = both();
        let wanted = Wanted { node_groups: ids(&["sg-1"]), ..Wanted::default() };
        let chosen = choose(&scene, &wanted).expect("groups");
        assert_eq!(chosen.warnings, [Warning::NoControlPlane]);
    }

    #[test]
    fn nodes_whose_only_groups_are_foreign_have_none() {
        let scene =
            Scene { instances: vec![instance(NODE_TAG, "s-1", &[("sg-1", "default")])], ..Scene::default() };
        let error = choose(&scene, &Wanted::default()).expect_err("no group");
        assert!(matches!(error, DiscoveryError::NoGroup { role: Role::Nodes, .. }), "{error}");
    }
}
