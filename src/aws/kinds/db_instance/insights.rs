//! Performance Insights of a database: what RDS takes, and what has to be sent together.

use aws_sdk_rds::types::DbInstance as Live;

use super::DbInstance;
use crate::engine::resource::Invalid;

const ENABLED: &str = "performance_insights_enabled";
const RETENTION: &str = "performance_insights_retention_period";
const KEY: &str = "performance_insights_kms_key_id";

/// Finds what RDS would refuse (CreateDBInstance, PerformanceInsightsRetentionPeriod and PerformanceInsightsKMSKeyId).
pub(super) fn check(desired: &DbInstance, observed: Option<&DbInstance>) -> Vec<Invalid> {
    let mut invalid = Vec::new();
    let on = desired.performance_insights_enabled == Some(true);
    if let Some(days) = desired.performance_insights_retention_period {
        if !(days == 7 || days == 731 || (days % 31 == 0 && (31..=23 * 31).contains(&days))) {
            let rule = format!("must be 7, 731 or a whole number of months of 31 days, up to 23, not {days}");
            invalid.push(Invalid::new(RETENTION, rule));
        } else if !on {
            invalid.push(Invalid::new(RETENTION, format!("needs `{ENABLED}: true`")));
        }
    }
    if let Some(key) = &desired.performance_insights_kms_key_id {
        let kept = observed.and_then(|observed| observed.performance_insights_kms_key_id.as_ref());
        if !on {
            invalid.push(Invalid::new(KEY, format!("needs `{ENABLED}: true`")));
        } else if kept.is_some_and(|kept| kept != key) {
            invalid.push(Invalid::new(KEY, "cannot change: RDS keeps the key that it began with"));
        }
    }
    invalid
}

/// The part of one ModifyDBInstance about Performance Insights.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct InsightsChange {
    pub enabled: Option<bool>,
    pub retention: Option<i32>,
    pub key: Option<String>,
}

/// The part of a change that is about Performance Insights. RDS takes a key that is left out for the default one, which
/// would be a change of the key; so everything goes together.
pub(super) fn change(desired: &DbInstance, live: &Live, changed: impl Fn(&str) -> bool) -> InsightsChange {
    if ![ENABLED, RETENTION, KEY].into_iter().any(changed) {
        return InsightsChange::default();
    }
    let enabled = desired.performance_insights_enabled.or(live.performance_insights_enabled);
    if enabled != Some(true) {
        return InsightsChange { enabled, ..InsightsChange::default() };
    }
    let asked = desired.performance_insights_kms_key_id.as_ref();
    InsightsChange {
        enabled,
        retention: desired
            .performance_insights_retention_period
            .or(live.performance_insights_retention_period),
        key: live.performance_insights_kms_key_id.as_ref().or(asked).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn with(enabled: bool, retention: Option<i32>, key: Option<&str>) -> DbInstance {
        DbInstance {
            performance_insights_enabled: Some(enabled),
            performance_insights_retention_period: retention,
            performance_insights_kms_key_id: key.map(str::to_owned),
            ..sample::database()
        }
    }

    #[test]
    fn periods_are_weeks_months_or_two_years_and_the_first_key_stays() {
        let on = |days| with(true, Some(days), None);
        for (desired, observed, expected) in [
            (sample::database(), None, vec![]),
            (on(7), None, vec![]),
            (on(31), None, vec![]),
            (on(713), None, vec![]),
            (on(731), None, vec![]),
            (on(0), None, vec![RETENTION]),
            (on(30), None, vec![RETENTION]),
            (on(744), None, vec![RETENTION]),
            (with(false, Some(7), Some("a")), None, vec![RETENTION, KEY]),
            (with(true, None, Some("a")), Some(with(true, None, Some("a"))), vec![]),
            (with(true, None, Some("a")), Some(with(false, None, None)), vec![]),
            (with(true, None, Some("b")), Some(with(true, None, Some("a"))), vec![KEY]),
        ] {
            let found: Vec<_> =
                check(&desired, observed.as_ref()).into_iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{desired:?}");
        }
    }
}
