//! When a file system's files move between storage classes.

use aws_sdk_efs::types::{
    LifecyclePolicy, TransitionToArchiveRules, TransitionToIaRules, TransitionToPrimaryStorageClassRules,
};
use serde::{Deserialize, Serialize};

use super::{LIFECYCLE, THROUGHPUT};
use crate::engine::document::Document;
use crate::engine::resource::{Invalid, Need, Property, Shape};

/// When files move between storage classes: `AFTER_30_DAYS`, `AFTER_1_ACCESS`. Empty: never.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition_to_ia: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition_to_archive: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition_to_primary_storage_class: Option<String>,
}

/// The parts in the stack file (LifecyclePolicy, EFS API reference).
pub(super) const PARTS: &[Property] = &[
    Property {
        name: "transition_to_ia",
        doc: "The time after the last access when a file moves to Infrequent Access.",
        shape: AGE,
        need: Need::Optional,
    },
    Property {
        name: "transition_to_archive",
        doc: "The time after the last access when a file moves to Archive; longer than `transition_to_ia`.",
        shape: AGE,
        need: Need::Optional,
    },
    Property {
        name: "transition_to_primary_storage_class",
        doc: "When a file moves back.",
        shape: Shape::OneOf(&["AFTER_1_ACCESS"]),
        need: Need::Optional,
    },
];

/// The ages, from the youngest.
const AGES: &[&str] = &[
    "AFTER_1_DAY",
    "AFTER_7_DAYS",
    "AFTER_14_DAYS",
    "AFTER_30_DAYS",
    "AFTER_60_DAYS",
    "AFTER_90_DAYS",
    "AFTER_180_DAYS",
    "AFTER_270_DAYS",
    "AFTER_365_DAYS",
];
const AGE: Shape = Shape::OneOf(AGES);

/// Archive comes after Infrequent Access, and needs elastic throughput that is there already.
pub(super) fn check(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let Some(lifecycle) = LIFECYCLE.of(wanted) else { return Vec::new() };
    let Some(archive) = lifecycle.transition_to_archive else { return Vec::new() };
    let age = |rule: &str| AGES.iter().position(|age| *age == rule);
    let invalid = |message: &str| Invalid::new(LIFECYCLE.name, message);
    let mut found = Vec::new();
    if lifecycle.transition_to_ia.is_none_or(|ia| age(&ia) >= age(&archive)) {
        found.push(
            invalid("must have a `transition_to_ia` that comes before `transition_to_archive`: files move to Archive \
                     only after they have moved to Infrequent Access")
            .remedy("set `transition_to_ia` to a shorter time than `transition_to_archive`"),
        );
    }
    let is_elastic = |document: &Document| THROUGHPUT.of(document).is_none_or(|mode| mode == "elastic");
    if !is_elastic(wanted) {
        found.push(
            invalid("must not have a `transition_to_archive`, which needs `throughput_mode: elastic`")
                .with(&["throughput_mode"])
                .remedy("leave it out, or set `throughput_mode: elastic`"),
        );
    } else if observed.is_some_and(|live| !is_elastic(live)) {
        let message =
            "must not get a transition_to_archive in the same step as elastic throughput: apply that first";
        found.push(invalid(message));
    }
    found
}

impl Lifecycle {
    /// The configuration as EFS takes it.
    pub(super) fn policies(&self) -> Vec<LifecyclePolicy> {
        let Self { transition_to_ia, transition_to_archive, transition_to_primary_storage_class } = self;
        // EFS takes one transition for each element.
        let policy = LifecyclePolicy::builder;
        [
            transition_to_ia
                .as_deref()
                .map(|rule| policy().transition_to_ia(TransitionToIaRules::from(rule)).build()),
            transition_to_archive
                .as_deref()
                .map(|rule| policy().transition_to_archive(TransitionToArchiveRules::from(rule)).build()),
            transition_to_primary_storage_class.as_deref().map(|rule| {
                policy()
                    .transition_to_primary_storage_class(TransitionToPrimaryStorageClassRules::from(rule))
                    .build()
            }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The configuration as EFS shows it, in any order.
    pub(super) fn of_policies(policies: &[LifecyclePolicy]) -> Self {
        let mut merged = Self::default();
        for policy in policies {
            let text = |rule: &str| Some(rule.to_owned());
            if let Some(rule) = &policy.transition_to_ia {
                merged.transition_to_ia = text(rule.as_str());
            }
            if let Some(rule) = &policy.transition_to_archive {
                merged.transition_to_archive = text(rule.as_str());
            }
            if let Some(rule) = &policy.transition_to_primary_storage_class {
                merged.transition_to_primary_storage_class = text(rule.as_str());
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{found, sample};
    use super::*;

    fn lifecycle(ia: &str, archive: &str, primary: &str) -> Lifecycle {
        let written = |rule: &str| Some(rule.to_owned()).filter(|rule| !rule.is_empty());
        Lifecycle {
            transition_to_ia: written(ia),
            transition_to_archive: written(archive),
            transition_to_primary_storage_class: written(primary),
        }
    }

    #[test]
    fn a_configuration_is_one_policy_for_each_transition_and_reads_back_in_any_order() {
        let written = lifecycle("AFTER_30_DAYS", "AFTER_90_DAYS", "AFTER_1_ACCESS");
        let mut policies = written.policies();
        assert_eq!(policies.len(), 3);
        policies.reverse();
        assert_eq!(Lifecycle::of_policies(&policies), written);
        assert_eq!(Lifecycle::default().policies(), []);
        assert_eq!(Lifecycle::of_policies(&[]), Lifecycle::default());
    }

    #[test]
    fn rules_are_those_that_efs_knows() {
        for (ia, archive, primary, word) in [
            ("", "", "", ""),
            ("AFTER_1_DAY", "", "AFTER_1_ACCESS", ""),
            ("AFTER_365_DAYS", "", "", ""),
            ("AFTER_30_DAYS", "AFTER_90_DAYS", "", ""),
            ("AFTER_1_DAYS", "", "", "transition_to_ia"),
            ("AFTER_31_DAYS", "", "", "transition_to_ia"),
            ("30", "", "", "transition_to_ia"),
            ("", "", "AFTER_2_ACCESS", "transition_to_primary_storage_class"),
            ("", "AFTER_90_DAYS", "", "comes before"),
            ("AFTER_90_DAYS", "AFTER_90_DAYS", "", "comes before"),
            ("AFTER_90_DAYS", "AFTER_30_DAYS", "", "comes before"),
        ] {
            let found = found(&sample(json!({ "lifecycle": lifecycle(ia, archive, primary) })), None);
            match word {
                "" => assert_eq!(found, [], "{ia} {archive} {primary}"),
                word => assert!(found.len() == 1 && found[0].message.contains(word), "{word}: {found:?}"),
            }
        }
    }

    #[test]
    fn archiving_needs_elastic_throughput_that_is_there_already() {
        let archiving = lifecycle("AFTER_30_DAYS", "AFTER_90_DAYS", "");
        let with = |mode: &str| sample(json!({ "lifecycle": archiving, "throughput_mode": mode }));
        let about = |wanted: &str, live: Option<&str>| {
            let live = live.map(with);
            found(&with(wanted), live.as_ref()).iter().filter(|found| found.field == LIFECYCLE.name).count()
        };
        assert_eq!(about("bursting", None), 1);
        assert_eq!(about("elastic", Some("bursting")), 1);
        assert_eq!(about("elastic", Some("elastic")), 0);
    }
}
