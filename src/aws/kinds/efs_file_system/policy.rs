//! The policy of a file system, which says who may mount it and how; compared by what it means.

use serde_json::Value;

use super::POLICY;
use crate::aws::kinds::policy_document::{self, list};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Invalid, OnChange};

pub(super) const DESCRIBE: Call = Call::read("elasticfilesystem:DescribeFileSystemPolicy");
pub(super) const PUT: Call = Call::new("elasticfilesystem:PutFileSystemPolicy", super::OURS);
pub(super) const DELETE: Call = Call::new("elasticfilesystem:DeleteFileSystemPolicy", super::OURS);

/// Reads the policy. Empty where there is none (PolicyNotFound): EFS's own lets everybody mount who reaches a target.
pub(super) async fn read(aws: &Aws, id: &str) -> Result<Document, CloudError> {
    let answer = aws.read.efs.describe_file_system_policy().file_system_id(id).send().await;
    let found = absent_is_none(answer.map_err(aws_error(DESCRIBE)))?;
    match found.and_then(|found| found.policy) {
        None => Ok(Document::new()),
        Some(policy) => serde_json::from_str(&policy)
            .map_err(|error| CloudError::bad_response(DESCRIBE, format!("the policy is not JSON: {error}"))),
    }
}

/// Sets the policy, or takes it away where it is empty.
pub(super) async fn set(aws: &Aws, id: &str, policy: &Document) -> Result<(), CloudError> {
    if policy.is_empty() {
        let answer = aws.write.efs.delete_file_system_policy().file_system_id(id).send().await;
        return absent_is_done(answer.map(drop).map_err(aws_error(DELETE)));
    }
    let put = aws.write.efs.put_file_system_policy().file_system_id(id);
    // The check that the caller can put another one is never left out (BypassPolicyLockoutSafetyCheck).
    let answer = put.policy(Value::Object(policy.clone()).to_string()).send().await;
    answer.map(drop).map_err(aws_error(PUT))
}

/// The greatest length: "EFS file system policies have a 20,000 character limit" (PutFileSystemPolicy, EFS API reference).
const LONGEST: usize = 20_000;

/// EFS takes no policy beyond its limit.
pub(super) fn check(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let length = POLICY.of(wanted).map_or(0, |policy| Value::Object(policy).to_string().chars().count());
    if length <= LONGEST {
        return Vec::new();
    }
    let message = format!("has {length} characters, and EFS takes {LONGEST}");
    vec![Invalid::new(POLICY.name, message).remedy("say it in fewer statements")]
}

/// The cost of a change. Without a policy each client that reaches a mount target has full access ("Using IAM to control file
/// system data access", EFS User Guide, default policy), so that only a policy can cut a client off; one that denies less
/// or allows more than before does not.
pub(super) fn cost(desired: &Document, observed: &Document) -> OnChange {
    let statements = |inputs: &Document| -> Vec<Value> {
        let policy = inputs.get("file_system_policy").map(meaning);
        list(&policy.unwrap_or_default()).into_iter().filter(Value::is_object).collect()
    };
    let (desired, observed) = (statements(desired), statements(observed));
    let of = |effect: &'static str| move |statement: &&Value| statement.get("Effect") != Some(&effect.into());
    let taken = observed.iter().filter(|statement| !desired.contains(statement)).find(of("Deny"));
    let added = desired.iter().filter(|statement| !observed.contains(statement)).find(of("Allow"));
    let cuts = !desired.is_empty() && (observed.is_empty() || taken.is_some() || added.is_some());
    OnChange::InPlace(if cuts { Effect::AccessLoss } else { Effect::None })
}

/// True if two policies mean the same. EFS shows one reordered and rewritten: a list of one as text, an account's principal by
/// its ARN, and its own ARN as the resource of each statement.
pub(super) fn same(desired: &Value, observed: &Value) -> bool {
    meaning(desired) == meaning(observed)
}

/// The policy in the one form that every way of writing it has.
fn meaning(policy: &Value) -> Value {
    policy_document::meaning(policy, is_file_system)
}

/// There is no other resource that a file system's policy could be about.
fn is_file_system(resource: &str) -> bool {
    resource == "*" || resource.contains(":elasticfilesystem:") && resource.contains(":file-system/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written() -> Value {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Sid": "Mount", "Effect": "Allow", "Principal": "*",
              "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
              "Condition": { "Bool": { "elasticfilesystem:AccessedViaMountTarget": true } } },
            { "Effect": "Deny", "Principal": { "AWS": "123456789012" }, "Action": "*",
              "Condition": { "Bool": { "aws:SecureTransport": "false" } } },
        ] })
    }

    #[test]
    fn a_policy_that_comes_back_rewritten_is_the_same() {
        let arn = "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1";
        let shown = json!({ "Id": "efs-policy", "Version": "2012-10-17", "Statement": [
            { "Sid": "other", "Effect": "Deny", "Principal": { "AWS": ["arn:aws:iam::123456789012:root"] },
              "Action": ["*"], "Resource": arn, "Condition": { "Bool": { "AWS:SecureTransport": ["false"] } } },
            { "Effect": "Allow", "Principal": { "AWS": "*" }, "Resource": arn,
              "Action": ["elasticfilesystem:clientwrite", "elasticfilesystem:ClientMount"],
              "Condition": { "Bool": { "elasticfilesystem:AccessedViaMountTarget": "true" } } },
        ] });
        assert_ne!(written(), shown);
        assert!(same(&written(), &shown));
        assert!(same(&json!({}), &json!({})));
    }

    #[test]
    fn a_policy_that_is_too_long_is_refused() {
        let with = |sid: usize| {
            let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "x".repeat(sid) }] });
            Document::from_iter([(POLICY.name.to_owned(), policy)])
        };
        assert_eq!(check(&with(19_000), None), []);
        assert!(check(&with(20_000), None)[0].message.contains("EFS takes 20000"));
    }

    #[test]
    fn a_policy_that_means_something_else_is_another() {
        let nothing = json!({});
        assert!(!same(&written(), &nothing) && !same(&nothing, &written()));
        for (pointer, other) in [
            ("/Statement/1/Effect", json!("Allow")),
            ("/Statement/1/Principal/AWS", json!("210987654321")),
            ("/Statement/0/Action", json!("elasticfilesystem:ClientMount")),
            ("/Statement/0/Condition/Bool", json!({})),
            ("/Statement/1/Condition/Bool/aws:SecureTransport", json!("true")),
            ("/Version", json!("2008-10-17")),
        ] {
            let mut policy = written();
            *policy.pointer_mut(pointer).expect("it is there") = other;
            assert!(!same(&written(), &policy), "{pointer}");
        }
        let mut narrower = written();
        narrower["Statement"][0]["Resource"] = json!("arn:aws:s3:::bucket");
        assert!(!same(&written(), &narrower));
    }
}
