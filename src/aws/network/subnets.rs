//! Which subnet of each zone: of those that belong to the cluster, the best that EFS and RDS can use.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::{Candidate, candidates};
use super::classify::impossible;
use super::seen::{Scene, Subnet};
use super::{Choice, DiscoveryError, Evidence, Rejected, Wanted, Warning};
use crate::engine::resource::Id;

/// The subnet of each zone, and why.
#[derive(Debug, Default)]
pub struct Chosen {
    pub subnets: BTreeMap<String, Id>,
    pub evidence: Vec<Evidence>,
    pub warnings: Vec<Warning>,
}

impl Chosen {
    fn take(&mut self, subnet: &Subnet, because: String, rejected: Vec<Rejected>) {
        let what = Choice::Subnet { zone: subnet.zone.clone() };
        self.subnets.insert(subnet.zone.clone(), subnet.id.clone());
        self.evidence.push(Evidence { what, id: subnet.id.to_string(), because, rejected });
    }
}

/// Chooses one subnet of each zone. Named ones win and are verified; a zone that has one already keeps it.
pub fn choose_subnets(
    scene: &Scene,
    cluster: &str,
    vpc: &Id,
    wanted: &Wanted,
) -> Result<Chosen, DiscoveryError> {
    if !wanted.subnets.is_empty() {
        return named_subnets(scene, vpc, wanted);
    }
    let mut chosen = Chosen::default();
    let mut zones = candidates(scene, cluster);
    let recorded = wanted.recorded_in(vpc);
    for (zone, id) in recorded.into_iter().flat_map(|network| &network.subnets) {
        // A mount target cannot move to another subnet: a better one that came later must not replace it.
        match scene.subnets.iter().find(|subnet| subnet.id == *id) {
            Some(subnet) => {
                let others = zones.remove(zone).unwrap_or_default();
                let others = others.iter().filter(|other| other.subnet.id != *id);
                let reason = || "the zone keeps the subnet that it has".to_owned();
                let rejected = others.map(|one| Rejected::new(&one.subnet.id, reason())).collect();
                chosen.take(subnet, "chosen before".to_owned(), rejected);
            }
            None => chosen.warnings.push(Warning::SubnetGone { zone: zone.clone(), id: id.clone() }),
        }
    }
    let mut unusable = Vec::new();
    for (zone, mut subnets) in zones {
        subnets.sort_by_key(Candidate::rank);
        let usable = subnets.iter().position(|one| one.unfit.is_none());
        let best = usable.map(|position| subnets.remove(position));
        let rejected: Vec<_> = subnets.iter().map(|one| one.rejected_for(best.as_ref())).collect();
        match &best {
            Some(best) => chosen.take(best.subnet, best.because(), rejected),
            None => {
                unusable.extend(rejected.iter().cloned());
                chosen.warnings.push(Warning::ZoneWithoutSubnet { zone, rejected });
            }
        }
    }
    let (cluster, vpc) = (cluster.to_owned(), vpc.clone());
    match (chosen.subnets.is_empty(), unusable.is_empty()) {
        (false, _) => Ok(chosen),
        (true, true) => Err(DiscoveryError::NoSubnet { cluster, vpc }),
        (true, false) => Err(DiscoveryError::NoUsableSubnet { cluster, vpc, rejected: unusable }),
    }
}

/// The subnets that are named, verified.
pub fn named_subnets(scene: &Scene, vpc: &Id, wanted: &Wanted) -> Result<Chosen, DiscoveryError> {
    let mut chosen = Chosen::default();
    for id in wanted.subnets.iter().collect::<BTreeSet<_>>() {
        let Some(subnet) = scene.named_subnets.iter().find(|subnet| subnet.id == *id) else {
            return Err(DiscoveryError::SubnetNotFound { subnet: id.clone() });
        };
        if subnet.vpc != *vpc {
            let (subnet, elsewhere) = (id.clone(), subnet.vpc.clone());
            return Err(DiscoveryError::SubnetElsewhere { subnet, vpc: elsewhere, wanted: vpc.clone() });
        }
        if let Some(reason) = impossible(scene, subnet) {
            return Err(DiscoveryError::ImpossibleSubnet { subnet: id.clone(), reason });
        }
        if let Some(other) = chosen.subnets.get(&subnet.zone) {
            let (zone, subnets) = (subnet.zone.clone(), vec![other.clone(), id.clone()]);
            return Err(DiscoveryError::TwoSubnetsInZone { zone, subnets });
        }
        chosen.take(subnet, format!("named; {} free addresses", subnet.free), Vec::new());
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::super::groups::NODE_TAG;
    use super::super::seen::samples::{CLUSTER, instance, owned, subnet, tags};
    use super::super::seen::{Addresses, Tags};
    use super::*;
    use crate::engine::network::{Cluster, Network};

    fn typed(id: &str, zone: &str, kind: &str) -> Subnet {
        subnet(id, zone, owned(&[("SubnetType", kind)]))
    }

    fn scene(subnets: Vec<Subnet>) -> Scene {
        Scene { subnets, ..Scene::default() }
    }

    fn choose(scene: &Scene, wanted: &Wanted) -> Result<Chosen, DiscoveryError> {
        choose_subnets(scene, CLUSTER, &Id::new("vpc-1"), wanted)
    }

    /// `zone=subnet` of each choice.
    fn picks(scene: &Scene) -> Vec<String> {
        let chosen = choose(scene, &Wanted::default()).expect("a choice");
        chosen.subnets.iter().map(|(zone, id)| format!("{zone}={id}")).collect()
    }

    #[test]
    fn every_topology_of_kops_has_one_subnet_a_zone() {
        for (subnets, expected) in [
            (vec![typed("s-1", "a", "Public"), typed("s-2", "b", "Public")], vec!["a=s-1", "b=s-2"]),
            (
                vec![
                    typed("s-1", "a", "Utility"),
                    typed("s-2", "a", "Private"),
                    typed("s-3", "b", "Private"),
                ],
                vec!["a=s-2", "b=s-3"],
            ),
            (
                vec![
                    typed("s-1", "a", "Public"),
                    typed("s-2", "a", "DualStack"),
                    typed("s-3", "a", "Private"),
                ],
                vec!["a=s-3"],
            ),
            (
                vec![
                    Subnet { addresses: Addresses::Ipv6Only, ..typed("s-1", "a", "Private") },
                    typed("s-2", "a", "DualStack"),
                    typed("s-3", "a", "Utility"),
                ],
                vec!["a=s-2"],
            ),
        ] {
            assert_eq!(picks(&scene(subnets)), expected);
        }
    }

    #[test]
    fn among_equals_nodes_then_the_name_then_room_then_the_id_decide() {
        let public = |id: &str, more: &[(&str, &str)]| {
            let mut tags = owned(more);
            tags.insert("SubnetType".to_owned(), "Public".to_owned());
            subnet(id, "a", tags)
        };
        let named = ("Name", "a.k8s.myzone.net");
        let machines = ("kops.k8s.io/instance-group/nodes", "true");
        for (subnets, expected) in [
            (vec![public("s-1", &[named]), public("s-2", &[machines])], "a=s-2"),
            (vec![public("s-1", &[]), public("s-2", &[named])], "a=s-2"),
            (vec![Subnet { free: 10, ..public("s-1", &[]) }, public("s-2", &[])], "a=s-2"),
            (vec![public("s-2", &[]), public("s-1", &[])], "a=s-1"),
            (vec![public("s-1", &[]), public("s-9", &[])], "a=s-1"),
        ] {
            assert_eq!(picks(&scene(subnets)), [expected]);
        }
        let mut seen = scene(vec![public("s-1", &[named]), public("s-2", &[])]);
        seen.instances = vec![instance(NODE_TAG, "s-2", &[])];
        assert_eq!(picks(&seen), ["a=s-2"]);
    }

    #[test]
    fn only_the_clusters_own_subnets_are_taken() {
        let other = tags(&[
            ("kubernetes.io/cluster/dev.k8s.myzone.net", "owned"),
            ("Name", "a.dev.k8s.myzone.net"),
            ("SubnetType", "Private"),
        ]);
        let by_name = tags(&[("Name", "b.k8s.myzone.net")]);
        let seen = scene(vec![
            subnet("s-1", "a", Tags::new()),
            subnet("s-2", "a", other),
            typed("s-3", "a", "Public"),
            subnet("s-4", "b", by_name),
        ]);
        assert_eq!(picks(&seen), ["a=s-3", "b=s-4"]);
    }

    #[test]
    fn without_tags_the_subnets_of_the_nodes_are_taken() {
        let mut seen = scene(vec![subnet("s-1", "a", Tags::new()), subnet("s-2", "b", Tags::new())]);
        let error = choose(&seen, &Wanted::default()).expect_err("no sign of the cluster");
        assert!(matches!(error, DiscoveryError::NoSubnet { .. }));
        seen.instances = vec![instance(NODE_TAG, "s-1", &[]), instance("k8s.io/role/master", "s-2", &[])];
        assert_eq!(picks(&seen), ["a=s-1"]);
    }

    #[test]
    fn subnets_that_cannot_be_used_are_left_out_with_the_reason() {
        let good = || typed("s-9", "a", "Private");
        for (bad, word) in [
            (Subnet { state: "pending".to_owned(), ..typed("s-1", "b", "Private") }, "pending"),
            (Subnet { outpost: Some("op-1".to_owned()), ..typed("s-1", "b", "Private") }, "op-1"),
            (Subnet { addresses: Addresses::Ipv6Only, ..typed("s-1", "b", "Private") }, "no IPv4"),
            (Subnet { free: 2, ..typed("s-1", "b", "Private") }, "2 free addresses"),
            (typed("s-1", "b", "Utility"), "Utility"),
            (typed("s-1", "lax-1a", "Private"), "local-zone"),
        ] {
            let mut seen = scene(vec![good(), bad.clone()]);
            seen.zones = [("lax-1a", "local-zone"), ("a", "availability-zone")]
                .map(|(zone, kind)| (zone.to_owned(), kind.to_owned()))
                .into();
            let chosen = choose(&seen, &Wanted::default()).expect("one zone is left");
            assert_eq!(chosen.subnets.len(), 1, "{bad:?}");
            let [Warning::ZoneWithoutSubnet { rejected, .. }] = chosen.warnings.as_slice() else {
                panic!("one warning: {:?}", chosen.warnings);
            };
            assert!(rejected[0].reason.contains(word), "{rejected:?}");

            let alone = Scene { subnets: vec![bad], ..seen };
            let error = choose(&alone, &Wanted::default()).expect_err("nothing is left");
            assert!(matches!(error, DiscoveryError::NoUsableSubnet { .. }), "{error}");
        }
    }

    #[test]
    fn one_zone_is_enough() {
        assert_eq!(picks(&scene(vec![typed("s-1", "a", "Private")])), ["a=s-1"]);
    }

    #[test]
    fn a_zone_keeps_the_subnet_that_it_has() {
        let network = |subnets: &[(&str, &str)]| Network {
            cluster: Cluster { name: Some(CLUSTER.to_owned()), efs_names_resolve: true },
            vpc: Id::new("vpc-1"),
            subnets: subnets.iter().map(|(zone, id)| ((*zone).to_owned(), Id::new(*id))).collect(),
            groups: BTreeMap::new(),
        };
        let seen = scene(vec![
            typed("s-1", "a", "Public"),
            typed("s-2", "a", "Private"),
            typed("s-3", "b", "Private"),
        ]);
        let wanted =
            Wanted { recorded: Some(network(&[("a", "s-1"), ("b", "s-gone")])), ..Wanted::default() };
        let chosen = choose(&seen, &wanted).expect("a choice");
        let expected = [("a", "s-1"), ("b", "s-3")].map(|(zone, id)| (zone.to_owned(), Id::new(id)));
        assert_eq!(chosen.subnets, expected.into());
        let gone = Warning::SubnetGone { zone: "b".to_owned(), id: Id::new("s-gone") };
        assert_eq!(chosen.warnings, [gone]);

        let elsewhere = Network { vpc: Id::new("vpc-2"), ..network(&[("a", "s-1")]) };
        let wanted = Wanted { recorded: Some(elsewhere), ..Wanted::default() };
        assert_eq!(choose(&seen, &wanted).expect("a choice").subnets["a"], Id::new("s-2"));
    }

    #[test]
    fn named_subnets_win_and_are_verified() {
        let named = |ids: &[&str]| Wanted {
            subnets: ids.iter().map(|id| Id::new(*id)).collect(),
            ..Wanted::default()
        };
        let mut seen = scene(vec![typed("s-1", "a", "Private")]);
        seen.named_subnets = vec![
            typed("s-2", "a", "Utility"),
            typed("s-3", "a", "Public"),
            Subnet { vpc: Id::new("vpc-2"), ..typed("s-4", "b", "Public") },
            Subnet { addresses: Addresses::Ipv6Only, ..typed("s-5", "b", "Public") },
        ];
        let chosen = choose(&seen, &named(&["s-2", "s-2"])).expect("a choice");
        assert_eq!(chosen.subnets, [("a".to_owned(), Id::new("s-2"))].into());
        let id = Id::new;
        let zone = "a".to_owned();
        for (ids, expected) in [
            (&["s-8"][..], DiscoveryError::SubnetNotFound { subnet: id("s-8") }),
            (
                &["s-4"],
                DiscoveryError::SubnetElsewhere { subnet: id("s-4"), vpc: id("vpc-2"), wanted: id("vpc-1") },
            ),
            (
                &["s-5"],
                DiscoveryError::ImpossibleSubnet {
                    subnet: id("s-5"),
                    reason: "it has no IPv4 addresses".to_owned(),
                },
            ),
            (&["s-2", "s-3"], DiscoveryError::TwoSubnetsInZone { zone, subnets: vec![id("s-2"), id("s-3")] }),
        ] {
            assert_eq!(choose(&seen, &named(ids)).expect_err("refused"), expected);
        }
    }

    #[test]
    fn the_losers_are_named_with_what_they_lack() {
        let subnets = vec![
            typed("s-1", "a", "Private"),
            typed("s-2", "a", "Public"),
            Subnet { free: 100, ..typed("s-3", "a", "Private") },
            typed("s-4", "a", "Utility"),
        ];
        let chosen = choose(&scene(subnets), &Wanted::default()).expect("a choice");
        let [evidence] = chosen.evidence.as_slice() else { panic!("one choice") };
        assert_eq!(
            evidence.because,
            "tag kubernetes.io/cluster/k8s.myzone.net = owned; SubnetType = Private; 4091 free addresses"
        );
        let losers: Vec<_> = evidence.rejected.iter().map(ToString::to_string).collect();
        assert_eq!(
            losers,
            [
                "s-3: it has fewer free addresses (100)",
                "s-2: it is Public, and Private comes before it",
                "s-4: it is Utility, for load balancers and NAT gateways alone",
            ]
        );
    }
}
