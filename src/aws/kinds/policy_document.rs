//! Policy documents, compared by what they mean: a service shows one otherwise than it was written.

mod cover;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::engine::document::Document;
pub(super) use cover::cuts;

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

/// One policy with the statements of several; empty for none.
pub(super) fn joined(policies: impl Iterator<Item = Policy>) -> Policy {
    let mut policies = policies.filter(|one| !one.0.is_empty());
    let Some(Policy(mut first)) = policies.next() else { return Policy::default() };
    for Policy(other) in policies {
        let mut statements = list(first.get("Statement").unwrap_or(&Value::Null));
        statements.extend(list(other.get("Statement").unwrap_or(&Value::Null)));
        first.insert("Statement".to_owned(), statements.into());
    }
    Policy::of(first)
}

/// True where a statement allows every action on everything.
pub(super) fn allows_everything(policy: &Policy) -> bool {
    let statements = list(policy.0.get("Statement").unwrap_or(&Value::Null));
    let is_any = |value: Option<&Value>| value.is_some_and(|value| list(value).iter().any(|one| one == "*"));
    statements.iter().any(|one| {
        one.get("Effect") == Some(&"Allow".into())
            && is_any(one.get("Action"))
            && is_any(one.get("Resource"))
            && one.get("Condition").is_none()
    })
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
}
