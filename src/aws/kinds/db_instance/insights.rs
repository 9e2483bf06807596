//! Performance Insights of a database: what RDS takes, and what has to be sent together.

use aws_sdk_rds::types::{DatabaseInsightsMode, DbInstance as Live};

use super::keys::{INSIGHTS, INSIGHTS_KEY, INSIGHTS_MODE, INSIGHTS_RETENTION};
use crate::engine::document::Document;
use crate::engine::resource::Invalid;

const ENABLED: &str = INSIGHTS.name;
const RETENTION: &str = INSIGHTS_RETENTION.name;
const KEY: &str = INSIGHTS_KEY.name;
const MODE: &str = INSIGHTS_MODE.name;

/// Advanced mode keeps this many days ("Turning on the Advanced mode of Database Insights", RDS User Guide).
const ADVANCED_DAYS: i32 = 465;

/// Finds what RDS would refuse (CreateDBInstance, PerformanceInsightsRetentionPeriod and PerformanceInsightsKMSKeyId).
pub(super) fn check(desired: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let mut invalid = Vec::new();
    // What is not written stays as it is.
    let is_written = INSIGHTS.of(desired).is_some();
    let stays_on = !is_written && observed.is_some_and(|observed| INSIGHTS.of(observed) == Some(true));
    let on = INSIGHTS.of(desired) == Some(true) || stays_on;
    let needs = |field: &'static str| {
        let invalid = Invalid::new(field, format!("needs `{ENABLED}: true`")).with(&[ENABLED]);
        invalid.remedy("write that too, or leave it out").of_new(observed.is_none() && !is_written)
    };
    if !on && INSIGHTS_RETENTION.of(desired).is_some() {
        invalid.push(needs(RETENTION));
    }
    let mode = INSIGHTS_MODE.text(desired).or(observed.and_then(|observed| INSIGHTS_MODE.text(observed)));
    let stays = |observed: &Document| INSIGHTS_RETENTION.of(observed);
    let days = INSIGHTS_RETENTION.of(desired).or(observed.and_then(stays));
    let is_long = days.is_some_and(|days| days >= ADVANCED_DAYS);
    if mode == Some("advanced") && !(on && is_long) {
        let may_be = (on || !is_written) && (is_long || days.is_none());
        let rule = format!("needs `{ENABLED}: true` and `{RETENTION}: {ADVANCED_DAYS}` or more");
        let remedy = "write both, or `database_insights_mode: standard`";
        let found = Invalid::new(MODE, rule).with(&[ENABLED, RETENTION]).remedy(remedy);
        invalid.push(found.of_new(observed.is_none() && may_be));
    }
    if let Some(key) = INSIGHTS_KEY.text(desired) {
        let kept = observed.and_then(|observed| INSIGHTS_KEY.text(observed));
        if !on {
            invalid.push(needs(KEY));
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
    pub mode: Option<DatabaseInsightsMode>,
}

/// The part of a change that is about Performance Insights. RDS takes a key that is left out for the default one, which
/// would be a change of the key; so everything goes together.
pub(super) fn change(desired: &Document, live: &Live, changed: impl Fn(&str) -> bool) -> InsightsChange {
    if ![ENABLED, RETENTION, KEY, MODE].into_iter().any(&changed) {
        return InsightsChange::default();
    }
    let enabled = INSIGHTS.of(desired).or(live.performance_insights_enabled);
    let mode = INSIGHTS_MODE.text(desired).filter(|_| changed(MODE)).map(DatabaseInsightsMode::from);
    if enabled != Some(true) {
        return InsightsChange { enabled, mode, ..InsightsChange::default() };
    }
    InsightsChange {
        enabled,
        retention: INSIGHTS_RETENTION.of(desired).or(live.performance_insights_retention_period),
        key: live.performance_insights_kms_key_id.clone().or_else(|| INSIGHTS_KEY.of(desired)),
        mode,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{DbInstance, sample};
    use super::*;
    use crate::aws::row;
    use crate::engine::resource::form;

    #[test]
    fn insights_that_are_on_already_and_not_written_stay_on() {
        let unwritten = sample::with(json!({ ENABLED: null, RETENTION: 7 }));
        let found = check(&unwritten, None);
        assert!(found.iter().all(|invalid| invalid.of_new) && found.len() == 1, "{found:?}");
        assert_eq!(check(&unwritten, Some(&with(true, None, None))), []);
        assert_eq!(check(&unwritten, Some(&with(false, None, None))).len(), 1);
        assert!(check(&with(false, Some(7), None), None).iter().all(|invalid| !invalid.of_new));
    }

    fn with(enabled: bool, retention: Option<i32>, key: Option<&str>) -> Document {
        sample::with(json!({ ENABLED: enabled, RETENTION: retention, KEY: key }))
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
            let mut wrong = form::wrong(&row::fields::<DbInstance>(), &desired, None);
            wrong.retain(|invalid| invalid.field == RETENTION);
            wrong.extend(check(&desired, observed.as_ref()));
            let found: Vec<_> = wrong.into_iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{desired:?}");
        }
    }
}
