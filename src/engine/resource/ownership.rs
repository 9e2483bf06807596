//! Owners and ownership tags: for which stack, state and cluster an object is made, and what its tags say of that.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Id};
use crate::engine::address::Address;

/// The keys of the ownership tags. Never the cluster's own tags: kops would list our objects for deletion.
pub mod tag {
    pub const STACK: &str = "provision:stack";
    pub const ADDRESS: &str = "provision:address";
    pub const LINEAGE: &str = "provision:lineage";
    pub const CLUSTER: &str = "provision:cluster";
    /// All of them.
    pub const OWNERSHIP: [&str; 4] = [STACK, ADDRESS, LINEAGE, CLUSTER];
}

/// The value of `provision:stack` on an object that is of no stack, and is to be left alone.
pub const NO_STACK: &str = "none";

/// The owner of an object, by its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It carries our ownership tags.
    Tagged {
        stack: String,
        address: String,
        /// The state that made or claimed it.
        lineage: Option<String>,
        /// The cluster beside which it stands; older versions did not write it.
        cluster: Option<String>,
    },
    /// It carries the tags by which kops deletes it with this cluster.
    OfCluster { cluster: String },
    /// It carries none of them.
    Untagged,
    /// Objects of this kind have no tags, or AWS does not show them here: it belongs to the owner of its parent.
    Inherited,
}

impl Ownership {
    /// Reads the ownership tags out of an object's tags.
    pub fn of_tags(tags: &BTreeMap<String, String>) -> Self {
        Self::of_named(tags, None)
    }

    /// The same of an object that has a name beside its tags, which tells as much as the tag `Name`, and which nobody can edit.
    pub fn of_named(tags: &BTreeMap<String, String>, own_name: Option<&str>) -> Self {
        let filled = |key: &str| tags.get(key).filter(|value| !value.is_empty()).cloned();
        // A lineage alone tells as much: others took the rest away.
        if tags.contains_key(tag::STACK) || filled(tag::LINEAGE).is_some() {
            return Self::Tagged {
                stack: tags.get(tag::STACK).cloned().unwrap_or_default(),
                address: tags.get(tag::ADDRESS).cloned().unwrap_or_default(),
                lineage: filled(tag::LINEAGE),
                cluster: filled(tag::CLUSTER),
            };
        }
        match cluster_of(tags, own_name) {
            Some(cluster) => Self::OfCluster { cluster: cluster.to_owned() },
            None => Self::Untagged,
        }
    }
}

/// The cluster that owns an object, by kops's tags (kops, pkg/resources/aws/tags.go).
///
/// `KubernetesCluster` alone, the tag of old, people put on their own objects too. What kops makes is named after the cluster then, in
/// every version (`nodes.k8s.myzone.net`, `eu-west-1a.k8s.myzone.net`; kops, upup/pkg/fi/cloudup/awsup, BuildTags). The groups that
/// Kubernetes makes for load balancers have no tag `Name` but one that a Service asks for, and names of their own that begin alike
/// (`k8s-elb-…`; cloud-provider-aws, pkg/providers/v1/aws.go).
fn cluster_of<'a>(tags: &'a BTreeMap<String, String>, own_name: Option<&str>) -> Option<&'a str> {
    let owned = tags.iter().filter(|(_, value)| *value == "owned");
    let mut named = owned.filter_map(|(key, _)| key.strip_prefix("kubernetes.io/cluster/"));
    let of_old = || {
        let cluster = tags.get("KubernetesCluster")?.as_str();
        let is_after_it = |name: &str| name.strip_suffix(cluster).is_some_and(|front| front.ends_with('.'));
        let titled = tags.get("Name").map(String::as_str).filter(|title| !title.is_empty());
        let is_titled_by_people = titled.is_some_and(|title| !is_after_it(title));
        let is_named_by_machines =
            own_name.is_some_and(|name| is_after_it(name) || name.starts_with("k8s-elb-"));
        (!is_titled_by_people || is_named_by_machines).then_some(cluster)
    };
    named.next().or_else(of_old)
}

/// For whom an object is made.
#[derive(Clone, Debug)]
pub struct Owner {
    pub stack: String,
    /// The names that the stack had before.
    pub formerly: BTreeSet<String>,
    pub address: Address,
    /// The lineage of the state that made it; not part of any natural key, so that a lost state can find it again.
    /// Empty while there is no state.
    pub lineage: String,
    /// The cluster that the stack stands beside.
    pub cluster: Option<String>,
    /// The network that the stack stands in.
    pub vpc: Option<Id>,
    /// Counts the replacements at this address, from 0.
    pub generation: u32,
    /// The ids that the state records at other addresses, and those being replaced: never the object that is looked for. Only where
    /// an object is looked for, or may be taken.
    pub others: BTreeSet<Id>,
    /// Recorded objects of the stack that the declaration of this one names, or that another one names together with it, as a mount
    /// target names a file system and a security group; for an address that is not recorded, also those that nothing declares any more, since its key may have been
    /// renamed. Only where an object is looked for.
    pub named_with: BTreeMap<Address, Id>,
}

impl Owner {
    /// The ownership tags, to be sent with the author's own tags in the create call.
    pub fn tags(&self) -> BTreeMap<String, String> {
        let always = [
            (tag::STACK, self.stack.clone()),
            (tag::ADDRESS, self.address.to_string()),
            (tag::LINEAGE, self.lineage.clone()),
        ];
        let cluster = self.cluster.clone().map(|cluster| (tag::CLUSTER, cluster));
        always.into_iter().chain(cluster).map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The owner of an object that shows this ownership, and stands in this network where it shows one.
    pub fn whose(&self, ownership: &Ownership, vpc: Option<&Id>) -> Whose {
        let in_other_network = matches!((vpc, &self.vpc), (Some(theirs), Some(own)) if theirs != own);
        let (stack, address, lineage, cluster) = match ownership {
            Ownership::Untagged => return Whose::Untagged,
            Ownership::OfCluster { cluster } => return Whose::OfCluster { cluster: cluster.clone() },
            Ownership::Inherited if in_other_network => {
                return Whose::Elsewhere { cluster: None, vpc: vpc.cloned() };
            }
            Ownership::Inherited => return Whose::Inherited,
            Ownership::Tagged { stack, address, lineage, cluster } => (stack, address, lineage, cluster),
        };
        let own_lineage = Some(&self.lineage).filter(|lineage| !lineage.is_empty());
        let here = *address == self.address.to_string();
        // A lineage is made once: an object that carries ours is ours, under every name that this state knows. A copy of the
        // state from before the stack was renamed knows the new name of none.
        let is_own_name = *stack == self.stack || self.formerly.contains(stack);
        let is_own_lineage = own_lineage.is_some() && lineage.as_ref() == own_lineage;
        let was_taken_away = |text: &String| text.is_empty();
        if is_own_lineage && was_taken_away(stack) && (here || was_taken_away(address)) {
            return Whose::Ours;
        }
        if was_taken_away(stack) {
            return Whose::Untagged;
        }
        if is_own_lineage && is_own_name {
            return if *stack == self.stack && (here || was_taken_away(address)) {
                Whose::Ours
            } else {
                Whose::Moved { stack: stack.clone(), address: address.clone() }
            };
        }
        if *stack != self.stack {
            return Whose::OtherStack { stack: stack.clone(), lineage: lineage.clone() };
        }
        let beside_other = matches!((cluster, &self.cluster), (Some(theirs), Some(own)) if theirs != own);
        if beside_other || in_other_network {
            return Whose::Elsewhere { cluster: cluster.clone(), vpc: vpc.cloned() };
        }
        match (lineage, own_lineage) {
            (Some(lineage), Some(_)) => {
                Whose::OtherState { lineage: lineage.clone(), address: address.clone() }
            }
            _ if here => Whose::Ours,
            _ => Whose::Moved { stack: stack.clone(), address: address.clone() },
        }
    }
}

impl Owner {
    /// True for an object of a stack of this name that stands in this network, and beside another cluster as its tag says.
    pub fn shares_its_network_with(&self, whose: &Whose) -> bool {
        matches!(whose, Whose::Elsewhere { vpc: Some(vpc), .. } if Some(vpc) == self.vpc.as_ref())
    }

    /// True for an object of a stack of this name that stands beside a cluster of the same name, and in another network: its data may be
    /// this stack's, which was moved.
    pub fn shares_its_cluster_with(&self, whose: &Whose) -> bool {
        matches!(whose, Whose::Elsewhere { cluster: Some(cluster), vpc: Some(vpc) }
            if Some(cluster) == self.cluster.as_ref() && Some(vpc) != self.vpc.as_ref())
    }

    /// Why an object cannot be managed at this address, whosever it is.
    pub fn unfit(&self, found: &Found) -> Option<String> {
        found.unfit.clone().or_else(|| self.elsewhere(found.vpc.as_ref()))
    }

    /// Why an object that stands in this network cannot be managed: a stack never leaves its own.
    pub fn elsewhere(&self, vpc: Option<&Id>) -> Option<String> {
        match (vpc, &self.vpc) {
            (Some(theirs), Some(own)) if theirs != own => {
                Some(format!("it stands in {theirs}, and this stack in {own}"))
            }
            _ => None,
        }
    }

    /// The side that an object belongs to, in words that read after `belongs to`.
    pub fn belonging(&self, whose: &Whose) -> String {
        match whose {
            Whose::OtherState { lineage, .. } => {
                let own = match self.lineage.as_str() {
                    "" => String::new(),
                    own => format!(", and this state's is {own}"),
                };
                format!("another state of this stack: its lineage is {lineage}{own}")
            }
            Whose::Elsewhere { cluster, vpc } => format!(
                "a stack of this name beside {}, and this one stands beside {}",
                place(cluster.as_deref(), vpc.as_ref()),
                place(self.cluster.as_deref(), self.vpc.as_ref())
            ),
            Whose::OtherStack { .. } if whose.is_left_alone() => {
                format!("no stack, as its tag provision:stack={NO_STACK} says")
            }
            Whose::OtherStack { stack, .. } => format!("the stack {stack}"),
            Whose::OfCluster { cluster } => format!("the cluster {cluster}"),
            Whose::Moved { stack, address } if *stack == self.stack => format!("{address} of this stack"),
            Whose::Moved { stack, address } => format!("{address} of this stack, when it was named {stack}"),
            Whose::Ours => "this stack".to_owned(),
            Whose::Untagged | Whose::Inherited => "no stack of provision".to_owned(),
        }
    }
}

fn place(cluster: Option<&str>, vpc: Option<&Id>) -> String {
    match (cluster, vpc) {
        (Some(cluster), Some(vpc)) => format!("the cluster {cluster} ({vpc})"),
        (Some(cluster), None) => format!("the cluster {cluster}"),
        (None, Some(vpc)) => vpc.to_string(),
        (None, None) => "another network".to_owned(),
    }
}

/// The owner of an object with respect to the stack that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Made by this stack for this address.
    Ours,
    /// This stack's, made for another address, or while the stack had another name.
    Moved { stack: String, address: String },
    /// Of a stack of this name beside this cluster, and of another state: it was taken over, or never was ours.
    OtherState { lineage: String, address: String },
    /// Of a stack of this name beside another cluster, or in another network.
    Elsewhere { cluster: Option<String>, vpc: Option<Id> },
    /// Of a stack of another name.
    OtherStack { stack: String, lineage: Option<String> },
    /// The cluster's own.
    OfCluster { cluster: String },
    /// Not made by `provision`.
    Untagged,
    /// Without tags that could be read: it is told by its id and its parent alone.
    Inherited,
}

impl Whose {
    /// True if the object is the one that was made for the address that asks.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::Ours | Self::Inherited)
    }

    /// True for an object of a stack of another name; one that is to be left alone is of none.
    pub fn is_of_another_stack(&self) -> bool {
        matches!(self, Self::OtherStack { .. }) && !self.is_left_alone()
    }

    /// True for an object whose tag says that no stack has it.
    pub fn is_left_alone(&self) -> bool {
        matches!(self, Self::OtherStack { stack, .. } if stack == NO_STACK)
    }

    /// True if the state that asks may change or delete the object, if it records it.
    pub fn is_of_this_state(&self) -> bool {
        matches!(self, Self::Ours | Self::Inherited | Self::Moved { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner {
            stack: "gitlab".to_owned(),
            formerly: BTreeSet::from(["old".to_owned()]),
            address: Address::new("aws_db_instance", "db"),
            lineage: "ours".to_owned(),
            cluster: Some("k8s.one".to_owned()),
            vpc: Some(Id::new("vpc-1")),
            generation: 0,
            others: BTreeSet::new(),
            named_with: Default::default(),
        }
    }

    fn tagged(stack: &str, address: &str, lineage: Option<&str>, cluster: Option<&str>) -> Ownership {
        Ownership::Tagged {
            stack: stack.to_owned(),
            address: address.to_owned(),
            lineage: lineage.map(str::to_owned),
            cluster: cluster.map(str::to_owned),
        }
    }

    #[test]
    fn an_object_is_told_by_lineage_first_and_then_by_stack_cluster_and_network() {
        let at = "aws_db_instance.db";
        let moved =
            |stack: &str, address: &str| Whose::Moved { stack: stack.into(), address: address.into() };
        let other_state = Whose::OtherState { lineage: "theirs".into(), address: at.into() };
        let elsewhere = |cluster: Option<&str>, vpc: Option<&str>| Whose::Elsewhere {
            cluster: cluster.map(str::to_owned),
            vpc: vpc.map(Id::new),
        };
        let other = Whose::OtherStack { stack: "shop".into(), lineage: Some("theirs".into()) };
        let (ours, theirs) = (Some("ours"), Some("theirs"));
        let (one, two) = (Some("k8s.one"), Some("k8s.two"));
        for (ownership, vpc, expected) in [
            (tagged("gitlab", at, ours, one), Some("vpc-1"), Whose::Ours),
            // Made by an older version.
            (tagged("gitlab", at, ours, None), None, Whose::Ours),
            (tagged("gitlab", at, None, None), None, Whose::Ours),
            (
                tagged("gitlab", "aws_db_instance.old", ours, one),
                None,
                moved("gitlab", "aws_db_instance.old"),
            ),
            (tagged("old", at, ours, one), None, moved("old", at)),
            // A copy of the state from before the stack got that name.
            (
                tagged("new", at, ours, one),
                None,
                Whose::OtherStack { stack: "new".into(), lineage: Some("ours".into()) },
            ),
            (tagged("gitlab", at, theirs, one), Some("vpc-1"), other_state.clone()),
            (tagged("gitlab", at, theirs, None), None, other_state),
            (tagged("gitlab", at, theirs, two), Some("vpc-1"), elsewhere(two, Some("vpc-1"))),
            (tagged("gitlab", at, theirs, one), Some("vpc-2"), elsewhere(one, Some("vpc-2"))),
            (tagged("gitlab", at, theirs, None), Some("vpc-2"), elsewhere(None, Some("vpc-2"))),
            (tagged("shop", at, theirs, one), None, other),
            // Others took tags away, and left the lineage.
            (tagged("", "", ours, None), None, Whose::Ours),
            (tagged("", at, ours, None), None, Whose::Ours),
            (tagged("gitlab", "", ours, None), None, Whose::Ours),
            (tagged("", "", theirs, None), None, Whose::Untagged),
            (Ownership::Inherited, Some("vpc-1"), Whose::Inherited),
            (Ownership::Inherited, Some("vpc-2"), elsewhere(None, Some("vpc-2"))),
            (Ownership::Untagged, Some("vpc-2"), Whose::Untagged),
        ] {
            let vpc = vpc.map(Id::new);
            assert_eq!(owner().whose(&ownership, vpc.as_ref()), expected, "{ownership:?} {vpc:?}");
        }
    }

    #[test]
    fn without_a_state_lineages_are_not_compared_and_clusters_are() {
        let fresh = Owner { lineage: String::new(), ..owner() };
        let at = "aws_db_instance.db";
        assert_eq!(fresh.whose(&tagged("gitlab", at, Some("lost"), Some("k8s.one")), None), Whose::Ours);
        let elsewhere = fresh.whose(&tagged("gitlab", at, Some("lost"), Some("k8s.two")), None);
        assert_eq!(elsewhere, Whose::Elsewhere { cluster: Some("k8s.two".to_owned()), vpc: None });
    }

    #[test]
    fn what_kops_would_delete_is_the_clusters() {
        let tags = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        for (key, value, cluster) in [
            ("kubernetes.io/cluster/k8s.one", "owned", Some("k8s.one")),
            ("KubernetesCluster", "k8s.one", Some("k8s.one")),
            ("kubernetes.io/cluster/k8s.one", "shared", None),
            ("Name", "nodes.k8s.one", None),
        ] {
            let expected = match cluster {
                Some(cluster) => Ownership::OfCluster { cluster: cluster.to_owned() },
                None => Ownership::Untagged,
            };
            assert_eq!(Ownership::of_tags(&tags(key, value)), expected, "{key}={value}");
        }
    }

    #[test]
    fn what_people_tag_with_the_cluster_in_the_way_of_old_is_theirs_if_it_has_a_name_of_its_own() {
        for (name, is_clusters) in [
            ("nodes.k8s.one", true),
            ("", true),
            ("EFS_K8s", false),
            // A file system is called like the cluster; its VPC is too, and is watched.
            ("k8s.one", false),
            ("not-k8s.one", false),
        ] {
            let tags = [("KubernetesCluster", "k8s.one"), ("Name", name)];
            let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
            let ownership = Ownership::of_tags(&tags);
            assert_eq!(matches!(ownership, Ownership::OfCluster { .. }), is_clusters, "{name}");
        }
    }

    #[test]
    fn a_group_that_kops_or_kubernetes_named_is_the_clusters_whatever_its_tag_says() {
        let tags = [("KubernetesCluster", "k8s.one"), ("Name", "Our nodes")];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        for (own_name, is_clusters) in [
            (Some("nodes.k8s.one"), true),
            (Some("masters.k8s.one"), true),
            (Some("bastion-elb.k8s.one"), true),
            (Some("k8s-elb-a0123456789abcdef"), true),
            (Some("EFS_K8s"), false),
            (Some("gitlab-pgsql"), false),
            (None, false),
        ] {
            let ownership = Ownership::of_named(&tags, own_name);
            assert_eq!(matches!(ownership, Ownership::OfCluster { .. }), is_clusters, "{own_name:?}");
        }
    }

    #[test]
    fn the_tags_name_the_cluster_where_there_is_one() {
        assert_eq!(
            owner().tags().keys().collect::<Vec<_>>(),
            [tag::ADDRESS, tag::CLUSTER, tag::LINEAGE, tag::STACK]
        );
        let alone = Owner { cluster: None, ..owner() };
        assert!(!alone.tags().contains_key(tag::CLUSTER));
        assert_eq!(owner().whose(&Ownership::of_tags(&owner().tags()), None), Whose::Ours);
    }
}
