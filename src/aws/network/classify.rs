//! The purpose of one subnet, and whether EFS and RDS can use it.

use super::seen::{Addresses, Scene, Subnet, TableScope};

/// The purpose of a subnet, the best for storage first (kops, `SubnetType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Private,
    DualStack,
    Public,
    /// For load balancers and NAT gateways alone.
    Utility,
}

impl Kind {
    /// The name that kops gives to the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Private => "Private",
            Self::DualStack => "DualStack",
            Self::Public => "Public",
            Self::Utility => "Utility",
        }
    }
}

/// A mount target takes one address; a database one, and one more while it fails over or is patched.
const FEWEST_ADDRESSES: i32 = 3;
/// The subnet's name; empty where it has none.
pub fn name(subnet: &Subnet) -> &str {
    subnet.tags.get("Name").map(String::as_str).unwrap_or_default()
}

/// The purpose of the subnet, and the evidence: the newest tag that there is, then the name, then the routes.
pub fn classify(scene: &Scene, subnet: &Subnet) -> (Kind, String) {
    let typed = [Kind::Private, Kind::DualStack, Kind::Public, Kind::Utility];
    if let Some(value) = subnet.tags.get("SubnetType")
        && let Some(kind) = typed.into_iter().find(|kind| kind.name() == value)
    {
        return (kind, format!("SubnetType = {value}"));
    }
    let (elb, internal) = ("kubernetes.io/role/elb", "kubernetes.io/role/internal-elb");
    let is_named = |prefix: &str| name(subnet).starts_with(prefix);
    match (subnet.tags.contains_key(elb), subnet.tags.contains_key(internal)) {
        (true, true) => return (Kind::Public, format!("tags {elb} and {internal}")),
        (true, false) if is_named("utility-") => return (Kind::Utility, format!("its name and tag {elb}")),
        (true, false) => return (Kind::Public, format!("tag {elb}")),
        (false, true) => return (Kind::Private, format!("tag {internal}")),
        (false, false) => {}
    }
    if is_named("utility-") {
        return (Kind::Utility, "its name starts with utility-".to_owned());
    }
    if is_named("dualstack-") {
        return (Kind::DualStack, "its name starts with dualstack-".to_owned());
    }
    match default_gateway(scene, subnet) {
        Some(gateway) => (Kind::Public, format!("its default route leads to {gateway}")),
        None => (Kind::Private, "no route to an internet gateway".to_owned()),
    }
}

/// The internet gateway of the subnet's default route: by its own route table, else by the VPC's main one.
fn default_gateway<'a>(scene: &'a Scene, subnet: &Subnet) -> Option<&'a str> {
    let own = scene.tables.iter().find(|table| table.subnets.contains(&subnet.id));
    let main = || scene.tables.iter().find(|table| table.scope == TableScope::Main);
    own.or_else(main)?.gateway.as_deref()
}

/// The reason why neither EFS nor RDS can use the subnet, the same for every run.
pub fn impossible(scene: &Scene, subnet: &Subnet) -> Option<String> {
    let zone_type = scene.zones.get(&subnet.zone).map(String::as_str);
    if subnet.state != "available" {
        Some(format!("its state is {}", subnet.state))
    } else if let Some(outpost) = &subnet.outpost {
        Some(format!("it is on the outpost {outpost}"))
    } else if subnet.addresses == Addresses::Ipv6Only {
        Some("it has no IPv4 addresses".to_owned())
    } else {
        match zone_type {
            Some("availability-zone") | None => None,
            Some(other) => Some(format!("{} is a {other}", subnet.zone)),
        }
    }
}

/// Why the subnet is not taken unless asked for.
pub fn unfit(subnet: &Subnet, kind: Kind) -> Option<String> {
    if kind == Kind::Utility {
        Some("it is Utility, for load balancers and NAT gateways alone".to_owned())
    } else if subnet.free < FEWEST_ADDRESSES {
        Some(format!("it has {} free addresses, fewer than {FEWEST_ADDRESSES}", subnet.free))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::seen::samples::{subnet, tags};
    use super::super::seen::{RouteTable, Tags};
    use super::*;
    use crate::engine::resource::Id;

    #[test]
    fn what_a_subnet_is_for_is_read_from_the_best_sign_there_is() {
        let (elb, internal) = (("kubernetes.io/role/elb", "1"), ("kubernetes.io/role/internal-elb", "1"));
        let table = |subnets: &[&str], scope, gateway: Option<&str>| RouteTable {
            subnets: subnets.iter().map(|id| Id::new(*id)).collect(),
            scope,
            gateway: gateway.map(str::to_owned),
            tags: Tags::new(),
        };
        let tables =
            vec![table(&[], TableScope::Main, Some("igw-1")), table(&["s-private"], TableScope::Named, None)];
        let seen = Scene { tables, ..Scene::default() };
        for (id, given, expected) in [
            ("s-1", vec![("SubnetType", "Private"), elb], Kind::Private),
            ("s-1", vec![elb], Kind::Public),
            ("s-1", vec![elb, ("Name", "utility-a.k8s.myzone.net")], Kind::Utility),
            ("s-1", vec![internal], Kind::Private),
            ("s-1", vec![elb, internal], Kind::Public),
            ("s-1", vec![("Name", "utility-a.k8s.myzone.net")], Kind::Utility),
            ("s-1", vec![("Name", "dualstack-a.k8s.myzone.net")], Kind::DualStack),
            ("s-1", vec![("SubnetType", "Odd")], Kind::Public),
            ("s-private", vec![], Kind::Private),
            ("s-1", vec![], Kind::Public),
        ] {
            assert_eq!(classify(&seen, &subnet(id, "a", tags(&given))).0, expected, "{given:?}");
        }
    }
}
