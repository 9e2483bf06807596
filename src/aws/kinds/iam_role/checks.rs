//! The rules over the policies of a role. A policy that is not known yet is not judged.

use serde_json::Value;

use super::{MANAGED, POLICY, TRUST};
use crate::aws::kinds::policy_document::list;
use crate::engine::document::{Document, is_unknown};
use crate::engine::resource::Invalid;

/// The most characters without white space of all inline policies of a role ("IAM and AWS STS quotas", IAM User Guide; aws/aws-cdk issue
/// 12403).
const LONGEST_POLICY: usize = 10_240;
/// The most of a trust policy, unless the account has had its quota raised (the same page; kubeflow/kubeflow issue 6687).
const LONGEST_TRUST: usize = 2_048;
/// The most managed policies on a role, unless the account has had its quota raised (the same page).
const MOST_MANAGED: usize = 10;

/// IAM counts characters without white space, and the text that is sent has none between them.
fn length(policy: &Document) -> usize {
    Value::Object(policy.clone()).to_string().chars().count()
}

/// A policy whose every part is known.
fn known(wanted: &Document, field: &str) -> Option<Document> {
    wanted.get(field).filter(|policy| !is_unknown(policy))?.as_object().cloned()
}

/// Policies that are longer than IAM takes: LimitExceeded.
pub(super) fn sizes(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let mut found = Vec::new();
    let length_of = |field: &str| known(wanted, field).map_or(0, |policy| length(&policy));
    let policy = length_of(POLICY.name);
    if policy > LONGEST_POLICY {
        let message = format!("has {policy} characters, and IAM takes {LONGEST_POLICY} on a role");
        let remedy = "name fewer buckets or statements, or let another role have some of them; a managed policy holds 6144 characters more, and is \
                      attached by `managed_policies`";
        found.push(Invalid::new(POLICY.name, message).remedy(remedy));
    }
    let trust = length_of(TRUST.name);
    if trust > LONGEST_TRUST {
        let message =
            format!("has {trust} characters, and IAM takes {LONGEST_TRUST} unless the quota was raised");
        let remedy = "name fewer service accounts, or all those of a namespace together, such as `gitlab/*`";
        found.push(Invalid::doubtful(TRUST.name, message).remedy(remedy));
    }
    found
}

/// More managed policies than the quota is.
pub(super) fn at_most_managed(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let count = MANAGED.of(wanted).map_or(0, |all| all.len());
    if count <= MOST_MANAGED {
        return Vec::new();
    }
    let message = format!("are {count}, and IAM takes {MOST_MANAGED} on a role unless the quota was raised");
    vec![Invalid::doubtful(MANAGED.name, message).remedy("attach fewer, or put several into one policy")]
}

/// IAM takes no trust policy without a statement (IAM User Guide, "Grammar of the IAM JSON policy language").
pub(super) fn is_trusted(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let statements = TRUST.of(wanted).map(|policy| list(policy.0.get("Statement").unwrap_or(&Value::Null)));
    match statements {
        Some(statements) if statements.is_empty() => {
            let remedy = "write `service_accounts`, `services` or `instance_profile: true`";
            vec![Invalid::new(TRUST.name, "names nobody who may take the role").remedy(remedy)]
        }
        Some(statements) if statements.iter().any(has_no_value) => {
            let remedy = "write the audiences of the tokens as `audiences` (`[]` for any), or give them to the OIDC provider";
            vec![Invalid::new(TRUST.name, "has a condition without a value, and nobody may take the role: the OIDC provider has no audience")
                .remedy(remedy)]
        }
        _ => Vec::new(),
    }
}

/// True for a statement with a condition that nothing meets.
fn has_no_value(statement: &Value) -> bool {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    let keys = operators.filter_map(|(_, keys)| keys.as_object()).flat_map(|keys| keys.values());
    keys.filter_map(Value::as_array).any(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::resource::Verdict;

    fn with(field: &str, value: Value) -> Document {
        Document::from_iter([(field.to_owned(), value)])
    }

    #[test]
    fn a_policy_that_is_too_long_is_refused_and_a_long_trust_policy_is_doubted() {
        let long = |field: &str, sid: usize| {
            with(field, json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "x".repeat(sid) }] }))
        };
        assert_eq!(sizes(&long(POLICY.name, 10_000), None), []);
        let found = sizes(&long(POLICY.name, 10_240), None);
        assert!(
            found[0].message.contains("takes 10240") && found[0].verdict == Verdict::Refused,
            "{found:?}"
        );
        assert_eq!(sizes(&long(TRUST.name, 1_900), None), []);
        assert_eq!(sizes(&long(TRUST.name, 2_048), None)[0].verdict, Verdict::Doubtful);
        // The names of what is not made yet are not known.
        let unknown = json!({ "Statement": [{ "Resource": format!("${{aws_s3_bucket.a.arn}}{}", "x".repeat(11_000)) }] });
        assert_eq!(sizes(&with(POLICY.name, unknown), None), []);
    }

    #[test]
    fn a_role_that_nobody_may_take_is_refused() {
        for (policy, count) in [
            (json!({}), 1),
            (json!({ "Statement": [] }), 1),
            (json!({ "Statement": { "Effect": "Allow" } }), 0),
            (json!({ "Statement": { "Condition": { "StringEquals": { "i:sub": ["a"], "i:aud": [] } } } }), 1),
            (
                json!({ "Statement": { "Condition": { "StringEquals": { "i:sub": ["a"], "i:aud": ["b"] } } } }),
                0,
            ),
        ] {
            assert_eq!(is_trusted(&with(TRUST.name, policy.clone()), None).len(), count, "{policy}");
        }
    }

    #[test]
    fn more_managed_policies_than_the_quota_are_doubted() {
        let arns = |count: usize| -> Vec<String> {
            (0..count).map(|n| format!("arn:aws:iam::aws:policy/P{n}")).collect()
        };
        assert_eq!(at_most_managed(&with(MANAGED.name, json!(arns(10))), None), []);
        assert_eq!(at_most_managed(&with(MANAGED.name, json!(arns(11))), None)[0].verdict, Verdict::Doubtful);
    }
}
