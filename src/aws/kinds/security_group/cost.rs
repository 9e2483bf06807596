//! The cost of changing the rules of a group: traffic that no rule lets through any more is cut off.

use ipnet::IpNet;

use super::rule::{Direction, Rule};
use crate::engine::document::Document;
use crate::engine::resource::{Effect, OnChange};

pub(super) fn ingress(desired: &Document, observed: &Document) -> OnChange {
    cost(Direction::Ingress, desired, observed)
}

pub(super) fn egress(desired: &Document, observed: &Document) -> OnChange {
    cost(Direction::Egress, desired, observed)
}

/// Each rule that goes has to be covered by one that stays or comes ("Security groups are stateful", Amazon VPC User Guide:
/// connections that are open may last, but no new one is let through).
fn cost(direction: Direction, desired: &Document, observed: &Document) -> OnChange {
    let rules = |inputs: &Document| direction.field().of(inputs).unwrap_or_default();
    let desired = rules(desired);
    let is_covered = |rule: &Rule| desired.iter().any(|wide| covers(wide, rule));
    OnChange::InPlace(if rules(observed).iter().all(is_covered) { Effect::None } else { Effect::AccessLoss })
}

/// True where one rule lets through everything that the other does.
fn covers(wide: &Rule, narrow: &Rule) -> bool {
    let network = |rule: &Rule| rule.source.parse::<IpNet>().ok();
    let source = wide.source == narrow.source
        || matches!((network(wide), network(narrow)), (Some(wide), Some(narrow)) if wide.contains(&narrow));
    let ports = match wide.protocol.as_str() {
        "-1" => true,
        "tcp" | "udp" => wide.from_port <= narrow.from_port && narrow.to_port <= wide.to_port,
        // Types and codes of ICMP are no ranges, and -1 is all of them.
        _ => {
            let all_or = |wide: Option<i32>, narrow: Option<i32>| wide == Some(-1) || wide == narrow;
            all_or(wide.from_port, narrow.from_port) && all_or(wide.to_port, narrow.to_port)
        }
    };
    source && ports && (wide.protocol == "-1" || wide.protocol == narrow.protocol)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rule(protocol: &str, from: i32, to: i32, source: &str) -> Value {
        json!({ "protocol": protocol, "from_port": from, "to_port": to, "source": source })
    }

    #[test]
    fn only_what_no_rule_lets_through_any_more_is_cut_off() {
        let nodes = || rule("tcp", 5432, 5432, "sg-nodes");
        let masters = || rule("tcp", 5432, 5432, "sg-masters");
        let described = json!({
            "protocol": "tcp", "from_port": 5432, "to_port": 5432, "source": "sg-nodes", "description": "another text",
        });
        let all = |source: &str| json!({ "protocol": "-1", "source": source });
        for (before, after, effect) in [
            (vec![nodes()], vec![nodes(), masters()], Effect::None),
            (vec![nodes(), masters()], vec![nodes()], Effect::AccessLoss),
            (vec![nodes()], vec![described], Effect::None),
            // The port moves.
            (vec![nodes()], vec![rule("tcp", 5433, 5433, "sg-nodes")], Effect::AccessLoss),
            // More is let through than before, and less.
            (vec![nodes()], vec![rule("tcp", 5000, 6000, "sg-nodes")], Effect::None),
            (vec![rule("tcp", 5000, 6000, "sg-nodes")], vec![nodes()], Effect::AccessLoss),
            (vec![nodes()], vec![all("sg-nodes")], Effect::None),
            (vec![all("sg-nodes")], vec![nodes()], Effect::AccessLoss),
            (vec![nodes()], vec![rule("udp", 5432, 5432, "sg-nodes")], Effect::AccessLoss),
            (vec![rule("tcp", 1, 2, "10.1.0.0/16")], vec![rule("tcp", 1, 2, "10.0.0.0/8")], Effect::None),
            (
                vec![rule("tcp", 1, 2, "10.0.0.0/8")],
                vec![rule("tcp", 1, 2, "10.1.0.0/16")],
                Effect::AccessLoss,
            ),
            (vec![rule("icmp", 8, 0, "10.0.0.0/8")], vec![rule("icmp", -1, -1, "10.0.0.0/8")], Effect::None),
            (
                vec![rule("icmp", -1, -1, "10.0.0.0/8")],
                vec![rule("icmp", 8, 0, "10.0.0.0/8")],
                Effect::AccessLoss,
            ),
            (vec![], vec![nodes()], Effect::None),
            (vec![nodes()], vec![], Effect::AccessLoss),
        ] {
            for (field, cost) in [("ingress", ingress as fn(&_, &_) -> _), ("egress", egress)] {
                let inputs = |rules: &Vec<Value>| Document::from_iter([(field.to_owned(), json!(rules))]);
                let found = cost(&inputs(&after), &inputs(&before));
                assert_eq!(found, OnChange::InPlace(effect), "{before:?} {after:?}");
            }
        }
    }
}
