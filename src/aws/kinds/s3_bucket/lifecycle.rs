//! Lifecycle rules of a bucket.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, Transition, TransitionStorageClass,
};
use serde::{Deserialize, Serialize};

use super::{LIFECYCLE, VERSIONING};
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Invalid, Need, OnChange, Pattern, Property, Shape};

/// Rules by name.
pub(super) type Rules = BTreeMap<String, Rule>;

/// One rule. Days are counted from the making of an object, of a newer version, or of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expire_after_days: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expire_old_versions_after_days: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to_infrequent_access_after_days: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    abort_uploads_after_days: Option<i32>,
    /// Set where S3 shows a rule that these options cannot say: it is never met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beyond: Option<String>,
}

pub(super) const ID: Pattern =
    Pattern::new("a rule's name: letters, digits, `_` and `-`, at most 255", "^[A-Za-z0-9_-]+$", 255);

/// Keys are any text (S3 User Guide, "Naming Amazon S3 objects"); what steers a terminal is left out.
const PREFIX: Pattern = Pattern::new(
    "a beginning of keys: at most 1,024 bytes, without control characters",
    "^[^\\x00-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]+$",
    1_024,
);

pub(super) const RULE: Shape = Shape::Object(&[
    Property {
        name: "prefix",
        doc: "The beginning of the keys that it is for; without it, all keys.",
        shape: Shape::Text(PREFIX),
        need: Need::Optional,
    },
    days(
        "expire_after_days",
        "The days after which an object is deleted; with versions, it becomes an old one.",
        1,
    ),
    days(
        "expire_old_versions_after_days",
        "The days after which a version that is no longer the newest is deleted.",
        1,
    ),
    // LifecycleConfiguration, S3 API reference: at least 30 days.
    days("to_infrequent_access_after_days", "The days after which an object moves to Standard-IA.", 30),
    days(
        "abort_uploads_after_days",
        "The days after which an upload in parts that was not finished is given up.",
        1,
    ),
]);

const fn days(name: &'static str, doc: &'static str, least: i64) -> Property {
    Property { name, doc, shape: Shape::Whole { least, most: 2_147_483_647 }, need: Need::Optional }
}

/// A rule does something, and moves an object before it is deleted.
pub(super) fn check(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let rules = LIFECYCLE.of(wanted).unwrap_or_default();
    let wrong = rules.iter().filter_map(|(name, rule)| {
        let Rule { prefix: _, expire_after_days, to_infrequent_access_after_days, .. } = rule;
        let message = if *rule == (Rule { prefix: rule.prefix.clone(), ..Rule::default() }) {
            format!("has the rule `{name}`, which does nothing")
        } else if to_infrequent_access_after_days
            .zip(*expire_after_days)
            .is_some_and(|(moves, ends)| moves >= ends)
        {
            format!("has the rule `{name}`, by which objects are deleted before they move")
        } else {
            return None;
        };
        Some(Invalid::new(LIFECYCLE.name, message).remedy("give it days that make sense, or take it out"))
    });
    wrong.collect()
}

/// Objects and versions are lost by rules that delete what no rule deleted as soon. With versions, an object that expires becomes an
/// old one ("Expiring objects", S3 User Guide), which is lost where a rule deletes these.
pub(super) fn cost(desired: &Document, observed: &Document) -> OnChange {
    let rules = |document: &Document| LIFECYCLE.of(document).unwrap_or_default();
    let (after, before) = (rules(desired), rules(observed));
    let deletes = |days: fn(&Rule) -> Option<i32>| after.values().any(|rule| days(rule).is_some());
    let deletes_sooner = |days: fn(&Rule) -> Option<i32>| {
        after.values().filter_map(|rule| Some((rule, days(rule)?))).any(|(rule, after)| {
            let covers = |old: &&Rule| {
                // A rule with more than these options say may delete less than they do.
                let begins = old.prefix.as_deref().unwrap_or_default();
                old.beyond.is_none() && rule.prefix.as_deref().unwrap_or_default().starts_with(begins)
            };
            !before.values().filter(covers).filter_map(days).any(|before| before <= after)
        })
    };
    let keeps_versions = [desired, observed].iter().all(|document| VERSIONING.of(document) == Some(true));
    let survives = keeps_versions && !deletes(|rule| rule.expire_old_versions_after_days);
    let loses = deletes_sooner(|rule| rule.expire_old_versions_after_days)
        || !survives && deletes_sooner(|rule| rule.expire_after_days);
    OnChange::InPlace(if loses { Effect::DataLoss } else { Effect::None })
}

/// Without versions, an object that expires is lost from then on; one that is overwritten is its owner's own affair.
pub(super) fn cost_of_no_versions(desired: &Document, observed: &Document) -> OnChange {
    let ends = VERSIONING.of(desired) == Some(false) && VERSIONING.of(observed) != Some(false);
    let rules = LIFECYCLE.of(desired).or_else(|| LIFECYCLE.of(observed)).unwrap_or_default();
    let loses = ends && rules.values().any(|rule| rule.expire_after_days.is_some());
    OnChange::InPlace(if loses { Effect::DataLoss } else { Effect::None })
}

/// The rules in the shape of S3.
pub(super) fn to_s3(rules: &Rules) -> Vec<LifecycleRule> {
    let rule =
        |(name, rule): (&String, &Rule)| {
            let filter = LifecycleRuleFilter::builder().prefix(rule.prefix.clone().unwrap_or_default());
            LifecycleRule::builder()
                .id(name)
                .status(ExpirationStatus::Enabled)
                .filter(filter.build())
                .set_expiration(
                    rule.expire_after_days.map(|days| LifecycleExpiration::builder().days(days).build()),
                )
                .set_noncurrent_version_expiration(
                    rule.expire_old_versions_after_days
                        .map(|days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build()),
                )
                .set_transitions(rule.to_infrequent_access_after_days.map(|days| {
                    let moves = Transition::builder().days(days);
                    vec![moves.storage_class(TransitionStorageClass::StandardIa).build()]
                }))
                .set_abort_incomplete_multipart_upload(rule.abort_uploads_after_days.map(|days| {
                    AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build()
                }))
                .build()
                .expect("a status is set")
        };
    rules.iter().map(rule).collect()
}

/// The rules that S3 shows, in any order.
pub(super) fn of_s3(rules: &[LifecycleRule]) -> Rules {
    rules.iter().map(|rule| (rule.id().unwrap_or_default().to_owned(), one_of_s3(rule))).collect()
}

fn one_of_s3(shown: &LifecycleRule) -> Rule {
    #[expect(deprecated, reason = "older rules have their prefix there")]
    let old_prefix = shown.prefix();
    let filter = shown.filter();
    let prefix = filter.and_then(|filter| filter.prefix()).or(old_prefix);
    let rule = Rule {
        // Without a prefix, with an empty one and with an empty filter a rule is for all keys.
        prefix: prefix.filter(|prefix| !prefix.is_empty()).map(str::to_owned),
        expire_after_days: shown.expiration().and_then(|one| one.days()),
        expire_old_versions_after_days: shown
            .noncurrent_version_expiration()
            .and_then(|one| one.noncurrent_days()),
        to_infrequent_access_after_days: shown.transitions().first().and_then(|one| one.days()),
        abort_uploads_after_days: shown
            .abort_incomplete_multipart_upload()
            .and_then(|one| one.days_after_initiation()),
        beyond: None,
    };
    let name = shown.id().unwrap_or_default().to_owned();
    let same = to_s3(&Rules::from([(name, rule.clone())])).into_iter().next().is_some_and(|ours| {
        let bare = |rule: &LifecycleRule| {
            let mut rule = rule.clone();
            #[expect(deprecated, reason = "older rules have their prefix there")]
            {
                rule.prefix = None;
            }
            let empty = |filter: &LifecycleRuleFilter| filter.prefix().unwrap_or_default().is_empty();
            let other = |filter: &LifecycleRuleFilter| {
                filter.tag.is_some()
                    || filter.and.is_some()
                    || filter.object_size_greater_than.is_some()
                    || filter.object_size_less_than.is_some()
            };
            rule.filter =
                rule.filter.filter(|filter| other(filter) || !empty(filter) && old_prefix.is_none());
            rule.expiration = rule.expiration.map(|mut one| {
                one.expired_object_delete_marker = one.expired_object_delete_marker.filter(|marker| *marker);
                one
            });
            rule.transitions = rule.transitions.filter(|all| !all.is_empty());
            rule.noncurrent_version_transitions =
                rule.noncurrent_version_transitions.filter(|all| !all.is_empty());
            rule
        };
        bare(&ours) == bare(shown)
    });
    if same {
        rule
    } else {
        Rule { beyond: Some("it has more than these options can say".to_owned()), ..rule }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(value: serde_json::Value) -> Rules {
        serde_json::from_value(value).expect("rules")
    }

    fn with(value: &serde_json::Value) -> Document {
        Document::from_iter([("lifecycle_rules".to_owned(), value.clone())])
    }

    #[test]
    fn rules_read_back_as_they_were_written_and_what_cannot_be_said_is_not_met() {
        let written = rules(json!({
            "all": { "abort_uploads_after_days": 7 },
            "logs": {
                "prefix": "logs/", "expire_after_days": 90, "expire_old_versions_after_days": 7,
                "to_infrequent_access_after_days": 30,
            },
        }));
        let mut shown = to_s3(&written);
        shown.reverse();
        assert_eq!(of_s3(&shown), written);
        shown[0].status = ExpirationStatus::Disabled;
        assert_ne!(of_s3(&shown), written);
        // An empty filter, and none with a prefix of the old kind, are the same.
        let mut bare = to_s3(&rules(json!({ "all": { "expire_after_days": 1 } })));
        bare[0].filter = Some(LifecycleRuleFilter::builder().build());
        assert_eq!(of_s3(&bare), rules(json!({ "all": { "expire_after_days": 1 } })));
    }

    #[test]
    fn only_what_deletes_more_or_sooner_loses_data() {
        let rule = |days: i32| json!({ "old": { "expire_after_days": days } });
        for (after, before, effect) in [
            (rule(30), json!({}), Effect::DataLoss),
            (rule(30), rule(60), Effect::DataLoss),
            (rule(60), rule(30), Effect::None),
            (json!({}), rule(30), Effect::None),
            // Under another name, and later.
            (json!({ "older": { "expire_after_days": 60 } }), rule(30), Effect::None),
            (json!({ "some": { "expire_after_days": 30, "prefix": "a/" } }), rule(30), Effect::None),
            (rule(30), json!({ "some": { "expire_after_days": 30, "prefix": "a/" } }), Effect::DataLoss),
            (rule(30), json!({ "old": { "expire_after_days": 30, "beyond": "disabled" } }), Effect::DataLoss),
            (json!({ "up": { "abort_uploads_after_days": 7 } }), json!({}), Effect::None),
        ] {
            assert_eq!(cost(&with(&after), &with(&before)), OnChange::InPlace(effect), "{before} to {after}");
        }
        // With versions, what expires becomes an old version.
        let versioned = |value: &serde_json::Value| {
            let mut document = with(value);
            document.insert("versioning".to_owned(), true.into());
            document
        };
        let old = json!({ "old": { "expire_old_versions_after_days": 1 } });
        let both = json!({ "old": { "expire_old_versions_after_days": 1, "expire_after_days": 1 } });
        for (after, before, effect) in [
            (rule(1), json!({}), Effect::None),
            (old.clone(), json!({}), Effect::DataLoss),
            // The old versions that it makes were deleted already.
            (both.clone(), old, Effect::DataLoss),
            (both.clone(), both, Effect::None),
        ] {
            let cost = cost(&versioned(&after), &versioned(&before));
            assert_eq!(cost, OnChange::InPlace(effect), "{before} to {after}");
        }
        // Without versions from now on, what expires is lost.
        let unversioned = |value: &serde_json::Value| {
            let mut document = with(value);
            document.insert("versioning".to_owned(), false.into());
            document
        };
        for (rules, effect) in [(rule(30), Effect::DataLoss), (json!({}), Effect::None)] {
            let cost = cost_of_no_versions(&unversioned(&rules), &versioned(&rules));
            assert_eq!(cost, OnChange::InPlace(effect), "{rules}");
        }
    }

    #[test]
    fn a_rule_does_something_and_moves_before_it_deletes() {
        for (rule, fits) in [
            (json!({}), false),
            (json!({ "prefix": "a/" }), false),
            (json!({ "expire_after_days": 30, "to_infrequent_access_after_days": 30 }), false),
            (json!({ "expire_after_days": 31, "to_infrequent_access_after_days": 30 }), true),
            (json!({ "abort_uploads_after_days": 1 }), true),
        ] {
            let wanted = with(&json!({ "one": rule }));
            assert_eq!(check(&wanted, None).is_empty(), fits, "{rule}");
        }
    }
}
