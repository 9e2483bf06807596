//! Security groups. Each rule is a resource of its own: an inline rule is only the same where it has the same peers in the same order.

use serde_json::Value;

use super::hcl::{Body, Expression};
use super::table::{Said, Table, own_id};
use super::{Exported, Writer, text_of};
use crate::engine::document::Document;

const KIND: &str = "aws_security_group";
const INGRESS: &str = "aws_vpc_security_group_ingress_rule";
const EGRESS: &str = "aws_vpc_security_group_egress_rule";

pub(super) const TABLE: Table = Table {
    kind: KIND,
    resource: KIND,
    id: own_id,
    rows: &[&[
        ("name", Said::As("name")),
        ("description", Said::As("description")),
        ("vpc_id", Said::Of("vpc_id", "aws_vpc")),
        ("ingress", Said::InCode(INGRESS)),
        ("egress", Said::InCode(EGRESS)),
    ]],
    more: rules,
};

fn rules(writer: &mut Writer, object: &Exported, label: &str, body: &mut Body) {
    let shown = object.beyond.get("rules").and_then(Value::as_array).into_iter().flatten();
    let mut all: Vec<(&str, bool, &Document, Option<&Value>)> = shown
        .filter_map(|one| {
            let is_egress = one["egress"].as_bool()?;
            Some((one["id"].as_str()?, is_egress, one["rule"].as_object()?, one.get("tags")))
        })
        .collect();
    all.sort_by_key(|(id, is_egress, rule, _)| (*is_egress, Value::from((*rule).clone()).to_string(), *id));
    for (id, is_egress, rule, tags) in all {
        let resource = if is_egress { EGRESS } else { INGRESS };
        let name = format!("{label}-{}", words(writer, rule));
        let name = writer.labels.of_part(resource, &name);
        let mut part = one(writer, label, rule);
        part.copy("tags", tags);
        body.parts.push((resource, name, id.to_owned(), part));
    }
}

fn one(writer: &Writer, label: &str, rule: &Document) -> Body {
    let mut body = Body::default();
    body.raw("security_group_id", format!("{KIND}.{label}.id"));
    body.text("ip_protocol", text_of(rule, "protocol"));
    for port in ["from_port", "to_port"] {
        // The provider reads -1, every type or code of ICMP, as none.
        if let Some(number) = rule.get(port).filter(|number| number.as_i64() != Some(-1)) {
            body.set(port, Expression::of(number));
        }
    }
    let source = text_of(rule, "source");
    if source == "self" {
        body.raw("referenced_security_group_id", format!("{KIND}.{label}.id"));
    } else if source.contains("sg-") {
        body.set("referenced_security_group_id", writer.labels.refer(KIND, &source.into()));
    } else if source.starts_with("pl-") {
        body.text("prefix_list_id", source);
    } else if source.contains(':') {
        body.text("cidr_ipv6", source);
    } else {
        body.text("cidr_ipv4", source);
    }
    body.copy("description", rule.get("description"));
    body
}

/// The rule in words: `tcp-2049-nodes`.
fn words(writer: &Writer, rule: &Document) -> String {
    let protocol = match text_of(rule, "protocol") {
        "-1" => "all",
        other => other,
    };
    let port = |name: &str| rule.get(name).and_then(Value::as_i64).filter(|port| *port != -1);
    let ports = match (port("from_port"), port("to_port")) {
        (Some(from), Some(to)) if from != to => format!("-{from}-{to}"),
        (Some(one), _) => format!("-{one}"),
        _ => String::new(),
    };
    let source = text_of(rule, "source");
    let source = writer.labels.named(KIND, source).unwrap_or(source);
    format!("{protocol}{ports}-{source}")
}
