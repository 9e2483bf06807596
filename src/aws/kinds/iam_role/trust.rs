//! Trust policies on their way to IAM and back: the service principal of EC2 has another name in China.

use serde_json::Value;

use crate::aws::kinds::policy_document::Policy;

/// The principal of EC2, as the stack has it in every partition.
const EC2: &str = "ec2.amazonaws.com";
/// The same in China ("AWS service principals", Amazon Web Services in China: Getting Started).
const EC2_IN_CHINA: &str = "ec2.amazonaws.com.cn";

/// The text of a policy, as IAM of this partition takes it.
pub(super) fn to_send(policy: &Policy, partition: &str) -> String {
    let mut policy = Value::Object(policy.0.clone());
    if partition == "aws-cn" {
        replace(&mut policy, EC2, EC2_IN_CHINA);
    }
    policy.to_string()
}

/// A policy that IAM of this partition shows, as it would have been written.
pub(super) fn as_written(policy: &Policy, partition: &str) -> Policy {
    let mut policy = Value::Object(policy.0.clone());
    if partition == "aws-cn" {
        replace(&mut policy, EC2_IN_CHINA, EC2);
    }
    match policy {
        Value::Object(policy) => Policy(policy),
        _ => Policy::default(),
    }
}

fn replace(value: &mut Value, one: &str, other: &str) {
    match value {
        Value::String(text) if text == one => other.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, one, other)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, one, other)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ec2_has_another_name_in_china_and_the_stack_does_not_know() {
        let policy = json!({ "Statement": [{ "Principal": { "Service": ["ec2.amazonaws.com", "x.amazonaws.com"] } }] });
        let policy = Policy::of(policy.as_object().expect("a document").clone());
        assert_eq!(to_send(&policy, "aws-us-gov"), policy.text());
        let sent = to_send(&policy, "aws-cn");
        assert!(sent.contains("[\"ec2.amazonaws.com.cn\",\"x.amazonaws.com\"]"), "{sent}");
        let shown: Policy = serde_json::from_str(&sent).expect("it is JSON");
        assert_eq!(as_written(&shown, "aws-cn"), policy);
    }
}
