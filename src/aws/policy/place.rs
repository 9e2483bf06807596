//! The place of a policy's resources: patterns of the kinds become ARNs of a region.

use crate::engine::document::Document;
use serde_json::Value;

/// A region, if it is known which. No policy of a stack depends on the account: `*` stands for the caller's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub region: Option<&'a str>,
}

/// A name that a policy can hold: an ARN, or a part of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub arn: String,
    /// KMS knows keys, and checks an alias as a condition.
    pub alias: Option<String>,
}

impl Place<'_> {
    /// The partition that the region is in (partitions.json of the SDKs); without a region, the one of most.
    pub fn partition(self) -> &'static str {
        partition(self.region.unwrap_or_default())
    }

    /// The value of a condition: `rds.{region}.amazonaws.com`.
    pub fn value(self, text: &str) -> String {
        let ending = if self.partition() == "aws-cn" && text.contains("{region}") { ".cn" } else { "" };
        format!("{}{ending}", text.replace("{region}", self.region.unwrap_or("*")))
    }

    /// The meaning of a pattern for an object with these inputs; `None` if it names an input that is not written.
    pub fn named(self, pattern: &str, inputs: &Document) -> Option<Named> {
        let Some((service, rest)) = pattern.split_once(':') else {
            return Some(Named { arn: pattern.to_owned(), alias: None });
        };
        let rest = filled(rest, inputs)?;
        let region = if service == "iam" { "" } else { self.region.unwrap_or("*") };
        let arn = |rest: &str| format!("arn:{}:{service}:{region}:*:{rest}", self.partition());
        let named = |arn: String, alias: Option<&str>| Named { arn, alias: alias.map(str::to_owned) };
        if service == "s3" {
            // The names of buckets are of no account or region.
            return Some(named(format!("arn:{}:s3:::{rest}", self.partition()), None));
        }
        if service != "kms" {
            // An input may be a whole ARN, also where a name is meant: that of a shared snapshot.
            let arn = rest.find("arn:aws").map_or_else(|| arn(&rest), |at| rest[at..].to_owned());
            return Some(named(arn, None));
        }
        // Keys are written as ids and ARNs, of the key or of an alias.
        Some(match (rest.starts_with("arn:"), rest.find("alias/")) {
            (true, Some(place)) => named(format!("{}key/*", &rest[..place]), Some(&rest[place..])),
            (true, None) => named(rest, None),
            (false, Some(_)) => named(arn("key/*"), Some(&rest)),
            (false, None) => named(arn(&format!("key/{rest}")), None),
        })
    }
}

/// The partition that a region is in (partitions.json of the SDKs).
pub fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("us-iso-") => "aws-iso",
        region if region.starts_with("us-isob-") => "aws-iso-b",
        region if region.starts_with("eu-isoe-") => "aws-iso-e",
        region if region.starts_with("us-isof-") => "aws-iso-f",
        region if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

/// The pattern with the object's inputs: `{name}`, `{name.part}` for a part of one, or `{name-}` for no more of it than ends
/// with a hyphen. What is not known yet can be anything.
fn filled(pattern: &str, inputs: &Document) -> Option<String> {
    let Some((before, (field, after))) =
        pattern.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return Some(pattern.to_owned());
    };
    let (field, is_front) = match field.strip_suffix('-') {
        Some(field) => (field, true),
        None => (field, false),
    };
    let value = match field.split_once('.') {
        Some((field, part)) => inputs.get(field)?.get(part),
        None => inputs.get(field),
    };
    let value = value.and_then(Value::as_str)?;
    let value = match value.rfind('-') {
        _ if value.contains("${") => "*",
        Some(last) if is_front => &value[..=last],
        _ => value,
    };
    Some(format!("{before}{value}{}", filled(after, inputs)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(pattern: &str, region: Option<&str>) -> Option<(String, Option<String>)> {
        let inputs = json!({
            "name": "gitlab-pgsql-postgres16", "path": "/apps/", "group": "${aws_db_subnet_group.gitlab-pgsql.id}", "alias": "alias/storage",
            "key": "0a1b", "key_arn": "arn:aws:kms:eu-west-1:123456789012:key/0a1b",
            "alias_arn": "arn:aws:kms:eu-west-1:123456789012:alias/storage",
            "monitoring": { "interval": 60, "role_arn": "arn:aws:iam::123456789012:role/m" },
        });
        let inputs = inputs.as_object().expect("a document");
        Place { region }.named(pattern, inputs).map(|named| (named.arn, named.alias))
    }

    #[test]
    fn patterns_become_arns_of_the_region() {
        let storage = Some("alias/storage");
        for (pattern, region, arn, alias) in [
            ("*", None, "*", None),
            ("ec2:vpc/*", None, "arn:aws:ec2:*:*:vpc/*", None),
            ("ec2:vpc/*", Some("cn-north-1"), "arn:aws-cn:ec2:cn-north-1:*:vpc/*", None),
            ("iam:role/x", Some("us-gov-west-1"), "arn:aws-us-gov:iam::*:role/x", None),
            ("rds:pg:{name-}*", Some("eu-west-1"), "arn:aws:rds:eu-west-1:*:pg:gitlab-pgsql-*", None),
            ("rds:subgrp:{group}", None, "arn:aws:rds:*:*:subgrp:*", None),
            ("iam:role{path}{name}", None, "arn:aws:iam::*:role/apps/gitlab-pgsql-postgres16", None),
            ("iam:{monitoring.role_arn}", None, "arn:aws:iam::123456789012:role/m", None),
            ("kms:{key}", None, "arn:aws:kms:*:*:key/0a1b", None),
            ("kms:{key_arn}", None, "arn:aws:kms:eu-west-1:123456789012:key/0a1b", None),
            ("kms:{alias}", Some("eu-west-1"), "arn:aws:kms:eu-west-1:*:key/*", storage),
            ("kms:{alias_arn}", None, "arn:aws:kms:eu-west-1:123456789012:key/*", storage),
        ] {
            let expected = (arn.to_owned(), alias.map(str::to_owned));
            assert_eq!(named(pattern, region), Some(expected), "{pattern}");
        }
    }

    #[test]
    fn what_is_not_written_is_not_named() {
        assert_eq!(named("kms:{kms_key_id}", None), None);
        assert_eq!(named("iam:{monitoring.other}", None), None);
    }

    #[test]
    fn values_of_conditions_follow_the_region() {
        let value = |region, text| Place { region }.value(text);
        assert_eq!(value(Some("eu-west-1"), "rds.{region}.amazonaws.com"), "rds.eu-west-1.amazonaws.com");
        assert_eq!(
            value(Some("cn-north-1"), "rds.{region}.amazonaws.com"),
            "rds.cn-north-1.amazonaws.com.cn"
        );
        assert_eq!(value(None, "rds.{region}.amazonaws.com"), "rds.*.amazonaws.com");
        assert_eq!(value(Some("cn-north-1"), "rds.amazonaws.com"), "rds.amazonaws.com");
    }
}
