//! One rule of a security group, normalised, and its shapes in the EC2 API.
//! Knows nothing of calls.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroupRule, UserIdGroupPair,
};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};

use crate::resource::Invalid;

/// What may pass, from or to one peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, another protocol's number, or `-1` for all.
    pub protocol: String,
    /// The first port, or the type of ICMP messages; absent where the protocol has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_port: Option<i32>,
    /// The last port, or the code of ICMP messages; absent where the protocol has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_port: Option<i32>,
    /// The peer, for egress too: a group's id, `self`, an IPv4 or IPv6 network, or a prefix list's id.
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
    /// The input that holds the rules of this direction.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// How many rules a group may have in one direction (the default quota of a VPC).
const MOST: usize = 60;
/// The peer of a rule that lets the members of its own group speak to each other.
const SELF: &str = "self";

/// Reads rules and normalises them, for serde.
pub(super) fn normalised<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Rule>, D::Error> {
    Ok(Vec::<Rule>::deserialize(deserializer)?.into_iter().map(Rule::normalised).collect())
}

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
        let source = match self.source.parse::<IpNet>() {
            Ok(network) if network == network.trunc() => network.to_string(),
            _ => self.source,
        };
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
            Err(_) => permission.user_id_group_pairs(
                UserIdGroupPair::builder().group_id(source).set_description(description).build(),
            ),
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
            .filter_map(|(source, description)| Some((source?.to_owned(), description)))
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
            source: plain.map(str::to_owned).or_else(peer)?,
            description: rule.description().unwrap_or_default().to_owned(),
        };
        Some(rule.normalised())
    }
}

/// How a group is written as a peer: AWS names its account even if that is our own.
fn peer_group(peer: &str, account: Option<&str>, group: &str, owner: Option<&str>) -> String {
    match (account, owner) {
        _ if peer == group => SELF.to_owned(),
        (Some(account), Some(owner)) if account != owner => format!("{account}/{peer}"),
        _ => peer.to_owned(),
    }
}

/// What AWS would refuse in the rules of one direction.
pub(super) fn check_rules(direction: Direction, rules: &BTreeSet<Rule>) -> Vec<Invalid> {
    let mut messages: Vec<String> = rules.iter().flat_map(check_rule).collect();
    if rules.len() > MOST {
        messages.push(format!("may have at most {MOST} rules, not {}", rules.len()));
    }
    let mut seen = BTreeSet::new();
    for rule in rules {
        if !seen.insert(rule.identity()) {
            messages.push(format!(
                "has two rules that differ in their descriptions alone: {} with {}",
                rule.protocol, rule.source
            ));
        }
    }
    messages.into_iter().map(|message| Invalid::new(direction.field(), message)).collect()
}

fn check_rule(rule: &Rule) -> Vec<String> {
    let messages = [check_ports(rule), check_source(&rule.source), check_description(&rule.description)];
    messages.into_iter().flatten().collect()
}

fn check_ports(rule: &Rule) -> Option<String> {
    let Rule { protocol, from_port, to_port, .. } = rule;
    let limits = match protocol.as_str() {
        "tcp" | "udp" => 0..=65535,
        "icmp" | "icmpv6" => -1..=255,
        "-1" => return None,
        number if number.parse::<u8>().is_ok() => return None,
        _ => {
            return Some(format!(
                "has the protocol `{protocol}`: expected tcp, udp, icmp, icmpv6, a number from 0 to 255, or -1 for all"
            ));
        }
    };
    let (Some(from), Some(to)) = (*from_port, *to_port) else {
        return Some(format!("needs from_port and to_port with {protocol}"));
    };
    if !limits.contains(&from) || !limits.contains(&to) {
        let (low, high) = (limits.start(), limits.end());
        return Some(format!("has {protocol} {from} to {to}: expected numbers from {low} to {high}"));
    }
    // ICMP has a type and a code here, which are not a range.
    (matches!(protocol.as_str(), "tcp" | "udp") && from > to)
        .then(|| format!("has {protocol} ports {from} to {to}: the first is beyond the last"))
}

fn check_source(source: &str) -> Option<String> {
    if source == SELF || source.starts_with("sg-") || source.starts_with("pl-") {
        return None;
    }
    match source.parse::<IpNet>() {
        Ok(network) if network != network.trunc() => Some(format!(
            "has the network {source} with host bits: write {} for the network, or {}/{} for the one address",
            network.trunc(),
            network.addr(),
            network.max_prefix_len()
        )),
        Ok(_) => None,
        Err(_) => Some(format!(
            "has the peer `{source}`: expected the id of a group, `self`, a network such as 10.0.0.0/16, or the id of a prefix list"
        )),
    }
}

fn check_description(description: &str) -> Option<String> {
    if description.chars().count() > 255 {
        return Some("has a rule's description of more than 255 characters".to_owned());
    }
    let odd = description.chars().find(|c| !is_allowed(*c))?;
    Some(format!("has a rule's description with `{}`, which AWS does not take", odd.escape_default()))
}

/// The characters that group names and descriptions may have (EC2 API reference, `CreateSecurityGroup`).
pub(super) fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c)
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
            assert_eq!(Rule::of_permission(&permission, "sg-1", Some(mine)), [expected.clone()]);
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
            .build();
        let rules = Rule::of_permission(&permission, "sg-1", None);
        let shown: Vec<_> =
            rules.iter().map(|rule| (rule.source.as_str(), rule.description.as_str())).collect();
        assert_eq!(shown, [("10.0.0.0/8", "office"), ("2001:db8::/32", ""), ("pl-1", ""), ("sg-2", "nodes")]);
        for rule in &rules {
            let again = Rule::of_permission(&rule.to_permission("sg-1"), "sg-1", None);
            assert_eq!(again, std::slice::from_ref(rule));
        }
    }

    #[test]
    fn rules_that_aws_would_refuse_are_named() {
        for (bad, word) in [
            (rule("tcp", None, "sg-1"), "needs from_port"),
            (rule("tcp", Some((0, 70000)), "sg-1"), "0 to 65535"),
            (rule("tcp", Some((-1, 5)), "sg-1"), "0 to 65535"),
            (rule("udp", Some((10, 5)), "sg-1"), "beyond the last"),
            (rule("icmp", Some((300, 0)), "sg-1"), "-1 to 255"),
            (rule("https", Some((443, 443)), "sg-1"), "protocol `https`"),
            (rule("-1", None, "10.0.0.5/24"), "write 10.0.0.0/24 for the network, or 10.0.0.5/32"),
            (rule("-1", None, "2001:db8::1/64"), "write 2001:db8::/64 for the network, or 2001:db8::1/128"),
            (rule("-1", None, "10.0.0.1"), "peer `10.0.0.1`"),
            (Rule { description: "a?".to_owned(), ..rule("-1", None, "sg-1") }, "`?`"),
            (Rule { description: "a".repeat(256), ..rule("-1", None, "sg-1") }, "255"),
        ] {
            let found = check_rules(Direction::Ingress, &[bad.clone()].into());
            assert!(found.len() == 1 && found[0].message.contains(word), "{bad:?}: {found:?}");
        }
        let good = [
            rule("tcp", Some((2049, 2049)), "sg-1"),
            rule("icmp", Some((8, -1)), "self"),
            rule("50", None, "pl-1"),
            rule("-1", None, "0.0.0.0/0"),
        ];
        assert_eq!(check_rules(Direction::Egress, &good.into()), []);
    }

    #[test]
    fn two_rules_that_aws_takes_for_one_are_refused() {
        let one = rule("-1", None, "sg-1");
        let two = Rule { description: "again".to_owned(), ..one.clone() };
        let found = check_rules(Direction::Egress, &[one, two].into());
        assert!(found.len() == 1 && found[0].field == "egress", "{found:?}");
    }

    #[test]
    fn more_rules_than_the_quota_are_refused() {
        let rules = |count: i32| (0..count).map(|port| rule("tcp", Some((port, port)), "sg-1")).collect();
        assert_eq!(check_rules(Direction::Ingress, &rules(60)), []);
        assert_eq!(check_rules(Direction::Ingress, &rules(61)).len(), 1);
    }
}
