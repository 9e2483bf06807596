//! Policy documents, compared by what they mean: a service shows one otherwise than it was written.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::engine::document::Document;

/// A policy in the one way in which it is recorded: lists are sorted, one text is a list of one, and statements stand in the order of their
/// names.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Policy(pub Document);

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::of(Document::deserialize(deserializer)?))
    }
}

impl Policy {
    /// A policy as it was written, or as a service shows it.
    pub fn of(mut policy: Document) -> Self {
        if let Some(statements) = policy.get("Statement") {
            let mut sorted: Vec<Value> = list(statements).iter().map(in_order).collect();
            sorted.sort_by_key(|one| (one.get("Sid").map(Value::to_string), one.to_string()));
            policy.insert("Statement".to_owned(), sorted.into());
        }
        Self(policy)
    }

    /// The text that is sent.
    pub fn text(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

/// A statement whose lists are sorted.
fn in_order(statement: &Value) -> Value {
    let Value::Object(fields) = statement else { return statement.clone() };
    let sorted = |value: &Value| texts(value, str::to_owned);
    let below = |value: &Value| match value {
        Value::Object(inner) => inner.iter().map(|(key, one)| (key.clone(), sorted(one))).collect(),
        other => other.clone(),
    };
    let ordered = fields.iter().map(|(name, value)| {
        let value = match name.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => sorted(value),
            "Principal" | "NotPrincipal" => below(value),
            "Condition" => match value {
                Value::Object(operators) => {
                    operators.iter().map(|(operator, keys)| (operator.clone(), below(keys))).collect()
                }
                other => other.clone(),
            },
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(ordered.collect())
}

/// The policy in the one form that every way of writing it has. `is_all` tells a resource that says nothing, since it is the only one that
/// the policy can be about.
pub(super) fn meaning(policy: &Value, is_all: fn(&str) -> bool) -> Value {
    let Value::Object(policy) = policy else { return policy.clone() };
    let mut statements: Vec<Value> = list(policy.get("Statement").unwrap_or(&Value::Null))
        .iter()
        .map(|one| statement(one, is_all))
        .collect();
    statements.sort_by_key(Value::to_string);
    let version = policy.get("Version").cloned().filter(|_| !policy.is_empty());
    Value::Array(version.into_iter().chain(statements).collect())
}

fn statement(statement: &Value, is_all: fn(&str) -> bool) -> Value {
    let Value::Object(fields) = statement else { return statement.clone() };
    let plain = fields.iter().filter_map(|(name, value)| {
        let value = match name.as_str() {
            // A name means nothing.
            "Sid" => return None,
            "Resource" if value.as_str().is_some_and(is_all) => return None,
            "Resource" | "NotResource" => texts(value, str::to_owned),
            "Action" | "NotAction" => texts(value, str::to_ascii_lowercase),
            "Principal" | "NotPrincipal" => principals(value),
            "Condition" => conditions(value),
            _ => value.clone(),
        };
        Some((name.clone(), value))
    });
    Value::Object(plain.collect())
}

fn principals(value: &Value) -> Value {
    let everybody = Map::from_iter([("AWS".to_owned(), value.clone())]);
    let kinds = value.as_object().unwrap_or(&everybody);
    let account = |principal: &str| match principal.strip_suffix(":root") {
        Some(arn) if arn.contains(":iam::") => arn.rsplit(':').next().unwrap_or_default().to_owned(),
        _ => principal.to_owned(),
    };
    Value::Object(kinds.iter().map(|(kind, who)| (kind.clone(), texts(who, account))).collect())
}

/// Operators, keys and values: keys are the same in any case, and a flag is the same as its text.
fn conditions(value: &Value) -> Value {
    let Value::Object(operators) = value else { return value.clone() };
    let keys = |keys: &Value| match keys {
        Value::Object(keys) => Value::Object(
            keys.iter().map(|(key, one)| (key.to_lowercase(), texts(one, str::to_owned))).collect(),
        ),
        other => other.clone(),
    };
    Value::Object(operators.iter().map(|(operator, inner)| (operator.clone(), keys(inner))).collect())
}

/// One text or several, as a sorted list.
fn texts(value: &Value, plain: impl Fn(&str) -> String) -> Value {
    let mut texts: Vec<String> =
        list(value).iter().map(|one| one.as_str().map_or_else(|| one.to_string(), &plain)).collect();
    texts.sort();
    texts.dedup();
    texts.into()
}

/// One value or several, as a list.
pub(super) fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

/// The most single permissions that are told apart; a policy with more is taken as a whole.
const MOST: usize = 20_000;

/// The single permissions of a policy with this effect: each action on each resource, for each principal and under each value of a
/// condition. Values of one key are alternatives (IAM User Guide, "Multiple values in a condition").
pub(super) fn permissions(policy: &Value, effect: &str) -> BTreeSet<String> {
    let Value::Array(statements) = meaning(policy, |_| false) else { return BTreeSet::new() };
    let mut all = BTreeSet::new();
    for statement in statements.iter().filter(|one| one.get("Effect") == Some(&effect.into())) {
        let mut single = vec![String::new()];
        let mut parts: Vec<(String, &Value)> = Vec::new();
        leaves(String::new(), statement, &mut parts);
        for (path, value) in parts {
            let (path, values) = (&path, list(value));
            if single.len() * values.len() > MOST {
                single = vec![statement.to_string()];
                break;
            }
            single = single
                .iter()
                .flat_map(|one| values.iter().map(move |value| format!("{one}{path}={value};")))
                .collect();
        }
        all.extend(single);
    }
    all
}

/// The lists and texts in a statement, each with the way to it.
fn leaves<'a>(path: String, value: &'a Value, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, inner)| leaves(format!("{path}/{key}"), inner, found));
        }
        _ => found.push((path, value)),
    }
}

/// True where something that the first policy allows is not allowed by the second one any more. A denial counts more than what is allowed
/// (IAM User Guide, "Policy evaluation logic").
pub(super) fn cuts(before: &Value, after: &Value) -> bool {
    let lost = !permissions(before, "Allow").is_subset(&permissions(after, "Allow"));
    lost || !permissions(after, "Deny").is_subset(&permissions(before, "Deny"))
}

/// The text of a document as IAM shows it: URL-encoded (RFC 3986), as its API reference says of each.
pub(super) fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%' {
            let code = text.get(at + 1..at + 3)?;
            plain.push(u8::from_str_radix(code, 16).ok()?);
            at += 3;
        } else {
            plain.push(*byte);
            at += 1;
        }
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_is_recorded_in_one_way_however_it_was_written() {
        let one = json!({ "Version": "2012-10-17", "Statement": { "Sid": "A", "Effect": "Allow", "Action": "s3:Get*",
            "Resource": ["b", "a"], "Principal": { "AWS": "1" }, "Condition": { "Bool": { "k": true } } } });
        let other = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "A", "Effect": "Allow", "Action": ["s3:Get*"],
            "Resource": ["a", "b"], "Principal": { "AWS": ["1"] }, "Condition": { "Bool": { "k": ["true"] } } }] });
        let read = |value: Value| serde_json::from_value::<Policy>(value).expect("a policy");
        assert_eq!(read(one), read(other.clone()));
        assert_eq!(serde_json::to_value(read(other.clone())).expect("plain data"), other);
        assert_eq!(read(json!({})), Policy::default());
    }

    fn policy(actions: Value, resources: Value) -> Value {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Sid": "A", "Effect": "Allow", "Action": actions, "Resource": resources },
        ] })
    }

    #[test]
    fn what_is_shown_encoded_is_read_whole_or_not_at_all() {
        for (shown, expected) in [
            ("%7B%22a%22%3A1%7D", Some("{\"a\":1}")),
            ("{\"a\":1}", Some("{\"a\":1}")),
            ("%C3%BC", Some("ü")),
            ("%C3", None),
            ("%zz", None),
            ("%7", None),
            ("%ü", None),
        ] {
            assert_eq!(decoded(shown).as_deref(), expected, "{shown}");
        }
    }

    #[test]
    fn a_list_of_one_is_the_same_as_its_text_and_order_and_names_of_statements_mean_nothing() {
        let same = |one: &Value, other: &Value| meaning(one, |_| false) == meaning(other, |_| false);
        let written = policy(json!(["s3:GetObject", "s3:PutObject"]), json!(["arn:aws:s3:::a/*"]));
        let mut shown = policy(json!(["s3:putobject", "s3:GetObject"]), json!("arn:aws:s3:::a/*"));
        shown["Statement"][0]["Sid"] = "B".into();
        assert_ne!(written, shown);
        assert!(same(&written, &shown));
        for other in [
            policy(json!(["s3:GetObject", "s3:PutObject"]), json!(["arn:aws:s3:::b/*"])),
            policy(json!(["s3:GetObject"]), json!(["arn:aws:s3:::a/*"])),
            policy(json!(["s3:GetObject", "s3:PutObject"]), json!("*")),
        ] {
            assert!(!same(&written, &other), "{other}");
        }
    }

    #[test]
    fn less_cuts_somebody_off_and_more_does_not() {
        let one = policy(json!(["s3:GetObject"]), json!(["arn:aws:s3:::a/*"]));
        let more =
            policy(json!(["s3:GetObject", "s3:PutObject"]), json!(["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]));
        let mut split = one.clone();
        split["Statement"].as_array_mut().expect("a list").push(json!(
            { "Effect": "Allow", "Action": "s3:PutObject", "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"] }));
        let mut denied = more.clone();
        denied["Statement"].as_array_mut().expect("a list").push(json!(
            { "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*" }));
        for (before, after, expected) in [
            (&one, &more, false),
            (&more, &one, true),
            (&one, &split, false),
            // An object of the second bucket cannot be read any more.
            (&more, &split, true),
            (&more, &denied, true),
            (&denied, &more, false),
            (&one, &one, false),
        ] {
            assert_eq!(cuts(before, after), expected, "{before} {after}");
        }
    }

    #[test]
    fn a_service_account_that_is_left_out_is_cut_off() {
        let trust = |accounts: Value| {
            json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": { "Federated": "arn:aws:iam::1:oidc-provider/i" },
                "Condition": { "StringEquals": { "i:sub": accounts, "i:aud": ["amazonaws.com"] } },
            }] })
        };
        let (one, two) = (trust(json!("a")), trust(json!(["a", "b"])));
        assert!(!cuts(&one, &two));
        assert!(cuts(&two, &one));
    }
}
