//! Finds what AWS would refuse in a group that no rule of one field says: the case of a name, and rules.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::rule::{Direction, Rule, Rules, SELF, split_account};
use super::{DESCRIPTION_RULE, INGRESS, NAME};
use crate::engine::document::{Document, is_unknown};
use crate::engine::resource::{Invalid, cidr};

/// The most rules that a group may have in one direction, however far the account's quota is raised (VPC user guide, "Amazon VPC
/// quotas"). AWS is asked for the quota of now.
const MOST: usize = 1000;

/// A name in another case is the same one to EC2.
pub(super) fn name_keeps_its_case(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let (Some(name), Some(live)) = (NAME.text(wanted), observed.and_then(|live| NAME.text(live))) else {
        return Vec::new();
    };
    if live == name || !live.eq_ignore_ascii_case(name) {
        return Vec::new();
    }
    let stays = format!("stays {live}: to EC2, names that differ in case alone are one");
    vec![Invalid::altered(NAME.name, stays)]
}

/// The rules of both directions.
pub(super) fn rules(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let invalid = |direction: Direction| {
        let field = direction.field();
        let messages = field.of(wanted).map(|rules| check_rules(&rules)).unwrap_or_default();
        messages.into_iter().map(move |message| Invalid::new(field.name, message))
    };
    [Direction::Ingress, Direction::Egress].into_iter().flat_map(invalid).collect()
}

/// A rule that lets in everything is more than any of our services needs.
pub(super) fn all_ports(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let rules = INGRESS.of(wanted).unwrap_or_default();
    let warning = |rule: &Rule| {
        let source = &rule.source;
        let message = format!(
            "lets in all ports of all protocols from {source}: one port is enough, and whatever else listens behind this group is \
             open to {source} too; write ports in place of `all`, and they alone are let in"
        );
        Invalid::unwise(INGRESS.name, message)
    };
    rules.iter().filter(|rule| rule.protocol == "-1").map(warning).collect()
}

fn check_rules(rules: &Rules) -> Vec<String> {
    let mut messages: Vec<String> = rules.iter().flat_map(check_rule).collect();
    if rules.len() > MOST {
        messages.push(format!("may have at most {MOST} rules, not {}", rules.len()));
    }
    let mut seen = BTreeSet::new();
    for rule in rules.iter() {
        if !seen.insert(rule.identity()) {
            messages.push(format!(
                "has two rules that differ in their descriptions alone: {} with {}",
                rule.protocol, rule.source
            ));
        }
    }
    messages
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
    // A group that is still to be made is not judged.
    if is_unknown(&source.into()) {
        return None;
    }
    let is_group = |(account, id): (Option<&str>, &str)| {
        id.starts_with("sg-")
            && account
                .is_none_or(|account| account.len() == 12 && account.bytes().all(|one| one.is_ascii_digit()))
    };
    if source == SELF || source.starts_with("pl-") || is_group(split_account(source)) {
        return None;
    }
    match source.parse::<IpNet>() {
        Ok(_) => cidr::with_host_bits(source).map(|wrong| format!("has a wrong network: {wrong}")),
        Err(_) => Some(format!(
            "has the peer `{source}`: expected the id of a group (with its account: `123456789012/sg-…`), `self`, a network such as 10.0.0.0/16, or the id of a prefix list"
        )),
    }
}

fn check_description(description: &str) -> Option<String> {
    let fits = description.is_empty() || DESCRIPTION_RULE.fits(description);
    (!fits).then(|| format!("has a rule's description that is not {}: `{description}`", DESCRIPTION_RULE.is))
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
            (rule("-1", None, "12345/sg-1"), "peer `12345/sg-1`"),
            (Rule { description: "a?".to_owned(), ..rule("-1", None, "sg-1") }, "`a?`"),
            (Rule { description: "a".repeat(256), ..rule("-1", None, "sg-1") }, "255"),
        ] {
            let found = check_rules(&vec![bad.clone()].into());
            assert!(found.len() == 1 && found[0].contains(word), "{bad:?}: {found:?}");
        }
        let good = vec![
            rule("tcp", Some((2049, 2049)), "sg-1"),
            rule("icmp", Some((8, -1)), "self"),
            rule("50", None, "pl-1"),
            rule("50", None, "123456789012/sg-1"),
            rule("50", None, "${aws_security_group.other.id}"),
            rule("-1", None, "0.0.0.0/0"),
        ];
        assert_eq!(check_rules(&good.into()), [] as [String; 0]);
    }

    #[test]
    fn two_rules_that_aws_takes_for_one_are_refused() {
        let one = rule("-1", None, "sg-1");
        let two = Rule { description: "again".to_owned(), ..one.clone() };
        let found = check_rules(&vec![one, two].into());
        assert_eq!(found, ["has two rules that differ in their descriptions alone: -1 with sg-1"]);
    }

    #[test]
    fn more_rules_than_any_quota_allows_are_refused() {
        let rules = |count: i32| (0..count).map(|port| rule("tcp", Some((port, port)), "sg-1")).collect();
        assert_eq!(check_rules(&rules(1000)).len(), 0);
        assert_eq!(check_rules(&rules(1001)).len(), 1);
    }
}
