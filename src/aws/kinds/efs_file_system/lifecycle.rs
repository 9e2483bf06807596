//! When a file system's files move between storage classes.

use aws_sdk_efs::types::{
    LifecyclePolicy, TransitionToArchiveRules, TransitionToIaRules, TransitionToPrimaryStorageClassRules,
};
use serde::{Deserialize, Serialize};

use super::EfsFileSystem;
use crate::engine::resource::Invalid;

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

/// The values of `transition_to_ia` and `transition_to_archive`, in days (LifecyclePolicy, EFS API reference).
const DAYS: &[u32] = &[1, 7, 14, 30, 60, 90, 180, 270, 365];

impl Lifecycle {
    /// Finds what EFS would refuse of it.
    pub(super) fn check(&self, desired: &EfsFileSystem, observed: Option<&EfsFileSystem>) -> Vec<Invalid> {
        let mut invalid = Vec::new();
        let mut complain = |message: String| invalid.push(Invalid::new("lifecycle", message));
        let days = |rule: &Option<String>| rule.as_deref().map(days_of);
        for (name, rule) in [
            ("transition_to_ia", &self.transition_to_ia),
            ("transition_to_archive", &self.transition_to_archive),
        ] {
            if days(rule) == Some(None) {
                complain(format!(
                    "must have a {name} of AFTER_1_DAY or AFTER_n_DAYS with n one of {:?}",
                    &DAYS[1..]
                ));
            }
        }
        if self.transition_to_primary_storage_class.as_deref().is_some_and(|rule| rule != "AFTER_1_ACCESS") {
            complain("must have a transition_to_primary_storage_class of AFTER_1_ACCESS".to_owned());
        }
        if self.transition_to_archive.is_some() {
            if days(&self.transition_to_ia).is_none_or(|ia| ia >= days(&self.transition_to_archive).flatten())
            {
                complain("must have a transition_to_ia that comes before transition_to_archive".to_owned());
            }
            if desired.throughput_mode != "elastic" {
                complain("must not have a transition_to_archive without elastic throughput".to_owned());
            } else if observed.is_some_and(|live| live.throughput_mode != "elastic") {
                complain(
                    "must not get a transition_to_archive in the same step as elastic throughput: apply that first"
                        .to_owned(),
                );
            }
        }
        invalid
    }

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

fn days_of(rule: &str) -> Option<u32> {
    let number = rule.strip_prefix("AFTER_")?;
    let days = match number {
        "1_DAY" => 1,
        _ => number.strip_suffix("_DAYS")?.parse().ok().filter(|days| *days > 1)?,
    };
    DAYS.contains(&days).then_some(days)
}

#[cfg(test)]
mod tests {
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
            let found = lifecycle(ia, archive, primary).check(&EfsFileSystem::sample(), None);
            match word {
                "" => assert_eq!(found, [], "{ia} {archive} {primary}"),
                word => assert!(found.len() == 1 && found[0].message.contains(word), "{word}: {found:?}"),
            }
        }
    }

    #[test]
    fn archiving_needs_elastic_throughput_that_is_there_already() {
        let archiving = lifecycle("AFTER_30_DAYS", "AFTER_90_DAYS", "");
        let bursting = EfsFileSystem { throughput_mode: "bursting".to_owned(), ..EfsFileSystem::sample() };
        assert_eq!(archiving.check(&bursting, None).len(), 1);
        assert_eq!(archiving.check(&EfsFileSystem::sample(), Some(&bursting)).len(), 1);
        assert_eq!(archiving.check(&EfsFileSystem::sample(), Some(&EfsFileSystem::sample())), []);
    }
}
