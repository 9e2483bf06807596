//! Finds what AWS would refuse in a group: names, descriptions and rules.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::rule::{Direction, Rule, SELF};
use crate::engine::resource::Invalid;

/// The most rules that a group may have in one direction, however far the account's quota is raised (VPC user guide, "Amazon VPC
/// quotas"). AWS is asked for the quota of now.
const MOST: usize = 1000;

/// Finds what AWS would refuse in a name or a description.
pub(super) fn check_text(field: &'static str, text: &str) -> Vec<Invalid> {
    let mut found = Vec::new();
    if text.is_empty() || text.chars().count() > 255 {
        found.push(Invalid::new(field, "must have 1 to 255 characters"));
    }
    if let Some(odd) = text.chars().find(|c| !is_allowed(*c)) {
        found.push(Invalid::new(
            field,
            format!(
                "may not have `{}`: letters of ASCII, digits, spaces and ._-:/()#,@[]+=&;{{}}!$* only",
                odd.escape_default()
            ),
        ));
    }
    found
}

/// Finds what AWS would refuse in a name alone.
pub(super) fn check_name(name: &str) -> Option<Invalid> {
    let message = if name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("sg-")) {
        "may not start with `sg-`, as ids do"
    } else if name.eq_ignore_ascii_case("default") {
        "may not be `default`, which is the name of the VPC's own group"
    } else if name.trim() != name {
        "may not start or end with a space: AWS takes it off"
    } else {
        return None;
    };
    Some(Invalid::new("name", message))
}

/// Finds what AWS would refuse in the rules of one direction.
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
fn is_allowed(c: char) -> bool {
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

    fn named(name: &str, description: &str) -> Vec<Invalid> {
        let texts = [check_text("name", name), check_text("description", description)];
        texts.into_iter().flatten().chain(check_name(name)).collect()
    }

    #[test]
    fn names_and_descriptions_that_aws_would_refuse_are_named() {
        let long = "a".repeat(256);
        for (name, description, field) in [
            ("", "x", "name"),
            (long.as_str(), "x", "name"),
            ("sg-mine", "x", "name"),
            ("SG-mine", "x", "name"),
            ("Default", "x", "name"),
            ("gitlab ", "x", "name"),
            ("gitlab?", "x", "name"),
            ("gitlab", "", "description"),
            ("gitlab", "GitLab's database", "description"),
            ("gitlab", long.as_str(), "description"),
        ] {
            let found = named(name, description);
            assert!(found.len() == 1 && found[0].field == field, "{name:?} {description:?}: {found:?}");
        }
        assert_eq!(named("EFS_K8s", "NFS for gitlab (nodes, masters)"), []);
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
    fn more_rules_than_any_quota_allows_are_refused() {
        let rules = |count: i32| (0..count).map(|port| rule("tcp", Some((port, port)), "sg-1")).collect();
        assert_eq!(check_rules(Direction::Ingress, &rules(1000)), []);
        assert_eq!(check_rules(Direction::Ingress, &rules(1001)).len(), 1);
    }
}
