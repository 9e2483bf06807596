//! One rule of a security group, normalised, and its shapes in the EC2 API.

use std::collections::BTreeSet;
use std::ops::Deref;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroupRule, UserIdGroupPair,
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{EGRESS, Field, INGRESS, SecurityGroup};
use crate::aws::kind::Kind;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::resource::cidr;

/// The rules of one direction, each once and in its one way of being written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Rule>")]
pub(crate) struct Rules(BTreeSet<Rule>);

impl FromIterator<Rule> for Rules {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        Self(rules.into_iter().map(Rule::normalised).collect())
    }
}

impl From<Vec<Rule>> for Rules {
    fn from(rules: Vec<Rule>) -> Self {
        rules.into_iter().collect()
    }
}

impl Deref for Rules {
    type Target = BTreeSet<Rule>;

    fn deref(&self) -> &BTreeSet<Rule> {
        &self.0
    }
}

/// The traffic that may pass, from or to one peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, another protocol's number, or `-1` for all.
    pub protocol: String,
    /// The first port, or the type of ICMP messages; absent where the protocol has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_port: Option<i32>,
    /// The last port, or the code of ICMP messages; absent where the protocol has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_port: Option<i32>,
    /// The peer, for egress too: a group's id, the account and id of another account's (`123456789012/sg-…`), `self`, an IPv4 or IPv6
    /// network, or a prefix list's id.
    pub source: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// Which way the traffic of a rule goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    /// The field that holds the rules of this direction.
    pub(super) fn field(self) -> Field<Rules> {
        match self {
            Self::Ingress => INGRESS,
            Self::Egress => EGRESS,
        }
    }
}

/// The desired rules with those that are there for the same peers on other ports: clients of both ports get through.
pub(super) fn joined(desired: &Value, observed: &Value) -> Value {
    let read = |rules: &Value| Rules::deserialize(rules).unwrap_or_default();
    let (desired, observed) = (read(desired), read(observed));
    let identities: BTreeSet<Rule> = desired.iter().map(Rule::identity).collect();
    let stays = |rule: &&Rule| {
        !identities.contains(&rule.identity())
            && desired.iter().any(|one| one.source == rule.source && one.protocol == rule.protocol)
    };
    let both: Rules = desired.iter().chain(observed.iter().filter(stays)).cloned().collect();
    serde_json::to_value(both).expect("rules are plain data")
}

/// The peer of a rule that lets the members of its own group speak to each other.
pub(super) const SELF: &str = "self";

impl Rule {
    /// The one way of writing this rule, which is how AWS shows it.
    fn normalised(self) -> Self {
        let protocol = match self.protocol.to_ascii_lowercase().as_str() {
            "all" => "-1".to_owned(),
            "1" => "icmp".to_owned(),
            "6" => "tcp".to_owned(),
            "17" => "udp".to_owned(),
            "58" => "icmpv6".to_owned(),
            other => other.to_owned(),
        };
        let (from_port, to_port) = match protocol.as_str() {
            "tcp" | "udp" => (self.from_port, self.to_port),
            // -1 is every type, or every code.
            "icmp" | "icmpv6" => (self.from_port.or(Some(-1)), self.to_port.or(Some(-1))),
            // AWS ignores the ports of all other protocols, and shows none or -1.
            _ => (None, None),
        };
        let source = cidr::canonical(&self.source).unwrap_or(self.source);
        Self { protocol, from_port, to_port, source, description: self.description }
    }

    /// The rule without its description: what AWS takes for the same rule.
    pub(super) fn identity(&self) -> Self {
        Self { description: String::new(), ..self.clone() }
    }

    /// The rule as the groups API takes it. `group` is the group that has the rule.
    pub(super) fn to_permission(&self, group: &str) -> IpPermission {
        let description = Some(self.description.clone()).filter(|text| !text.is_empty());
        let permission = IpPermission::builder()
            .ip_protocol(&self.protocol)
            .set_from_port(self.from_port)
            .set_to_port(self.to_port);
        let source = if self.source == SELF { group } else { &self.source };
        let permission = match source.parse::<IpNet>() {
            Ok(IpNet::V4(network)) => permission.ip_ranges(
                IpRange::builder().cidr_ip(network.to_string()).set_description(description).build(),
            ),
            Ok(IpNet::V6(network)) => permission.ipv6_ranges(
                Ipv6Range::builder().cidr_ipv6(network.to_string()).set_description(description).build(),
            ),
            Err(_) if source.starts_with("pl-") => permission.prefix_list_ids(
                PrefixListId::builder().prefix_list_id(source).set_description(description).build(),
            ),
            Err(_) => {
                let (account, id) = split_account(source);
                let pair = UserIdGroupPair::builder().group_id(id).set_user_id(account.map(str::to_owned));
                permission.user_id_group_pairs(pair.set_description(description).build())
            }
        };
        permission.build()
    }

    /// The rules that the groups API shows as one permission, each with one peer.
    /// `owner` is the account of the group that has the rules.
    pub(super) fn of_permission(permission: &IpPermission, group: &str, owner: Option<&str>) -> Vec<Self> {
        let networks = permission.ip_ranges().iter().map(|range| (range.cidr_ip(), range.description()));
        let networks6 = permission.ipv6_ranges().iter().map(|range| (range.cidr_ipv6(), range.description()));
        let lists =
            permission.prefix_list_ids().iter().map(|list| (list.prefix_list_id(), list.description()));
        let groups = permission.user_id_group_pairs().iter().filter_map(|pair| {
            Some((peer_group(pair.group_id()?, pair.user_id(), group, owner), pair.description()))
        });
        networks
            .chain(networks6)
            .chain(lists)
            .filter_map(|(source, description)| Some((whole(source?), description)))
            .chain(groups)
            .map(|(source, description)| {
                Self {
                    protocol: permission.ip_protocol().unwrap_or_default().to_owned(),
                    from_port: permission.from_port(),
                    to_port: permission.to_port(),
                    source,
                    description: description.unwrap_or_default().to_owned(),
                }
                .normalised()
            })
            .collect()
    }

    /// The rule that the rules API shows; `None` where it shows no peer.
    pub(super) fn of_rule(rule: &SecurityGroupRule) -> Option<Self> {
        let group = rule.group_id().unwrap_or_default();
        let peer = || {
            let peer = rule.referenced_group_info()?;
            Some(peer_group(peer.group_id()?, peer.user_id(), group, rule.group_owner_id()))
        };
        let plain = rule.cidr_ipv4().or(rule.cidr_ipv6()).or(rule.prefix_list_id());
        let rule = Self {
            protocol: rule.ip_protocol().unwrap_or_default().to_owned(),
            from_port: rule.from_port(),
            to_port: rule.to_port(),
            source: plain.map(whole).or_else(peer)?,
            description: rule.description().unwrap_or_default().to_owned(),
        };
        Some(rule.normalised())
    }
}

/// A peer that AWS shows. It makes whole networks of what has host bits ("AWS canonicalizes IPv4 and IPv6 CIDRs",
/// AuthorizeSecurityGroupIngress), and once did not: both let the same traffic pass.
fn whole(peer: &str) -> String {
    peer.parse::<IpNet>().map_or_else(|_| peer.to_owned(), |network| network.trunc().to_string())
}

/// The text of a group as a peer: AWS names its account even if that is our own.
fn peer_group(peer: &str, account: Option<&str>, group: &str, owner: Option<&str>) -> String {
    match (account, owner) {
        _ if peer == group => SELF.to_owned(),
        (Some(account), Some(owner)) if account != owner => format!("{account}/{peer}"),
        _ => peer.to_owned(),
    }
}

/// Writes peers of the own account as EC2 shows them, without the account.
pub(crate) fn without_own_account(blueprint: &mut Blueprint, account: &str) {
    let own = format!("{account}/");
    for (address, declaration) in &mut blueprint.declarations {
        let Declaration::Managed { inputs } = declaration else { continue };
        if address.kind() != SecurityGroup::KIND {
            continue;
        }
        for field in [INGRESS.name, EGRESS.name] {
            let rules = inputs.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten();
            for peer in rules.filter_map(|rule| rule.get_mut("source")) {
                if let Some(id) = peer.as_str().and_then(|text| text.strip_prefix(&own)) {
                    *peer = Value::String(id.to_owned());
                }
            }
        }
    }
}

/// The account and the id of a group as a peer: `123456789012/sg-1`. A group of the own account has its id alone.
pub(super) fn split_account(peer: &str) -> (Option<&str>, &str) {
    match peer.split_once('/') {
        Some((account, id)) => (Some(account), id),
        None => (None, peer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(protocol: &str, ports: Option<(i32, i32)>, source: &str) -> Rule {
        Rule {
            protocol: protocol.to_owned(),
            from_port: ports.map(|(from, _)| from),
            to_port: ports.map(|(_, to)| to),
            source: source.to_owned(),
            description: String::new(),
        }
    }

    #[test]
    fn a_rule_has_one_way_of_being_written() {
        for (written, shown) in [
            (rule("TCP", Some((1, 2)), "sg-1"), rule("tcp", Some((1, 2)), "sg-1")),
            (rule("6", Some((1, 2)), "sg-1"), rule("tcp", Some((1, 2)), "sg-1")),
            (rule("17", Some((1, 2)), "sg-1"), rule("udp", Some((1, 2)), "sg-1")),
            (rule("1", Some((8, -1)), "sg-1"), rule("icmp", Some((8, -1)), "sg-1")),
            (rule("58", None, "sg-1"), rule("icmpv6", Some((-1, -1)), "sg-1")),
            (rule("all", Some((0, 0)), "sg-1"), rule("-1", None, "sg-1")),
            (rule("-1", Some((-1, -1)), "sg-1"), rule("-1", None, "sg-1")),
            (rule("50", Some((-1, -1)), "sg-1"), rule("50", None, "sg-1")),
            (rule("-1", None, "2001:DB8:0:0::/64"), rule("-1", None, "2001:db8::/64")),
            (rule("-1", None, "10.0.0.0/8"), rule("-1", None, "10.0.0.0/8")),
            (rule("-1", None, "10.0.0.5/24"), rule("-1", None, "10.0.0.5/24")),
        ] {
            assert_eq!(written.clone().normalised(), shown, "{written:?}");
        }
    }

    #[test]
    fn both_views_of_a_group_show_the_same_rules() {
        let mine = "111111111111";
        for (account, peer, source) in [
            (Some(mine), "sg-2", "sg-2"),
            (None, "sg-2", "sg-2"),
            (Some(mine), "sg-1", "self"),
            (Some("222222222222"), "sg-2", "222222222222/sg-2"),
        ] {
            let pair =
                UserIdGroupPair::builder().group_id(peer).set_user_id(account.map(str::to_owned)).build();
            let permission = IpPermission::builder().ip_protocol("-1").user_id_group_pairs(pair).build();
            let flat = SecurityGroupRule::builder()
                .group_id("sg-1")
                .group_owner_id(mine)
                .ip_protocol("-1")
                .from_port(-1)
                .to_port(-1)
                .referenced_group_info(
                    aws_sdk_ec2::types::ReferencedSecurityGroup::builder()
                        .group_id(peer)
                        .set_user_id(account.map(str::to_owned))
                        .build(),
                )
                .build();
            let expected = rule("-1", None, source);
            assert_eq!(Rule::of_permission(&permission, "sg-1", Some(mine)), std::slice::from_ref(&expected));
            assert_eq!(Rule::of_rule(&flat), Some(expected));
        }
    }

    #[test]
    fn a_permission_with_several_peers_is_several_rules_and_each_comes_back() {
        let permission = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(22)
            .to_port(22)
            .ip_ranges(IpRange::builder().cidr_ip("10.0.0.0/8").description("office").build())
            .ipv6_ranges(Ipv6Range::builder().cidr_ipv6("2001:DB8::/32").build())
            .prefix_list_ids(PrefixListId::builder().prefix_list_id("pl-1").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-2").description("nodes").build())
            .user_id_group_pairs(UserIdGroupPair::builder().group_id("sg-3").user_id("222222222222").build())
            .build();
        let rules = Rule::of_permission(&permission, "sg-1", Some("111111111111"));
        let shown: Vec<_> =
            rules.iter().map(|rule| (rule.source.as_str(), rule.description.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("10.0.0.0/8", "office"),
                ("2001:db8::/32", ""),
                ("pl-1", ""),
                ("sg-2", "nodes"),
                ("222222222222/sg-3", ""),
            ]
        );
        for rule in &rules {
            let again = Rule::of_permission(&rule.to_permission("sg-1"), "sg-1", Some("111111111111"));
            assert_eq!(again, std::slice::from_ref(rule));
        }
    }
}
