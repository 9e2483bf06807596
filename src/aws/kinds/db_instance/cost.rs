//! The cost of a change of a database where it depends on the values.

use super::keys::{IAM_LOGIN, MULTI_AZ, PUBLIC, RETENTION, SECURITY_GROUPS, STORAGE_TYPE};
use super::{password, version};
use crate::aws::kinds::groups_taken_off;
use crate::engine::document::Document;
use crate::engine::resource::{Effect, OnChange};
use crate::stack::password::PasswordSource;

/// A password that is left as it is costs nobody access.
pub(super) fn password(desired: &Document, _: &Document) -> OnChange {
    OnChange::Recorded(match password::source(desired) {
        Some(PasswordSource::Unmanaged) => Effect::None,
        _ => Effect::AccessLoss,
    })
}

/// With a standby before and after, the standby is changed first and takes over.
pub(super) fn instance_class(desired: &Document, observed: &Document) -> OnChange {
    let has_standby = |inputs: &Document| MULTI_AZ.of(inputs) == Some(true);
    OnChange::AtWindow(match has_standby(desired) && has_standby(observed) {
        true => Effect::Failover,
        false => Effect::Reboot,
    })
}

/// Storage moves online between solid-state types; to and from magnetic storage the database may restart.
pub(super) fn storage_type(desired: &Document, observed: &Document) -> OnChange {
    let is_magnetic = |inputs: &Document| STORAGE_TYPE.text(inputs) == Some("standard");
    OnChange::AtWindow(match is_magnetic(desired) || is_magnetic(observed) {
        true => Effect::Reboot,
        false => Effect::None,
    })
}

pub(super) fn security_groups(desired: &Document, observed: &Document) -> OnChange {
    groups_taken_off::cost(SECURITY_GROUPS.name, desired, observed)
}

/// From outside of its VPC a database is reached only while it is public (ModifyDBInstance, PubliclyAccessible).
pub(super) fn publicly_accessible(desired: &Document, _: &Document) -> OnChange {
    OnChange::InPlace(if PUBLIC.of(desired) == Some(true) { Effect::None } else { Effect::AccessLoss })
}

/// Without it, clients that log in by IAM are refused.
pub(super) fn iam_login(desired: &Document, _: &Document) -> OnChange {
    let on = IAM_LOGIN.of(desired) == Some(true);
    OnChange::AtWindow(if on { Effect::None } else { Effect::AccessLoss })
}

/// Backups are turned on with a pause; turning them off deletes those that there are ("Disabling automated backups", RDS
/// User Guide). A shorter period lets go of those that are older: it is the number of days for which they are kept ("Backup retention
/// period", same guide).
pub(super) fn backup_retention_period(desired: &Document, observed: &Document) -> OnChange {
    match (RETENTION.of(desired), RETENTION.of(observed)) {
        (Some(0), before) if before != Some(0) => OnChange::AtWindow(Effect::DataLoss),
        (after, Some(0)) if after != Some(0) => OnChange::AtWindow(Effect::BriefPause),
        (Some(after), Some(before)) if after < before => OnChange::InPlace(Effect::DataLoss),
        _ => OnChange::InPlace(Effect::None),
    }
}

/// A major upgrade takes the new group up by itself (ParameterApplyStatus `pending-database-upgrade`).
pub(super) fn parameter_group_name(desired: &Document, observed: &Document) -> OnChange {
    OnChange::InPlace(match version::is_major_upgrade(desired, observed) {
        true => Effect::None,
        false => Effect::NextReboot,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::rows::ROWS;
    use super::*;
    use OnChange::{AtWindow, InPlace, Recorded, Replace};

    /// The cost of a change of `field`, from the sample with `before` to the sample with `after` in it.
    fn cost(field: &str, before: &Value, after: &Value, more: &Value) -> OnChange {
        let sample = super::super::sample::database();
        let with = |value: &Value| {
            let mut inputs = sample.clone();
            inputs.extend(more.as_object().expect("fields to replace").clone());
            inputs.insert(field.to_owned(), value.clone());
            inputs
        };
        let field = ROWS.iter().map(|row| row.field()).find(|known| known.name == field);
        let field = field.expect("a field of the kind");
        field.on_change(&with(after), &with(before))
    }

    #[test]
    fn a_change_costs_what_aws_says_it_costs() {
        let alone = json!({ "multi_az": false });
        let both = json!({});
        for (field, before, after, more, expected) in [
            ("identifier", json!("a"), json!("b"), &both, AtWindow(Effect::AccessLoss)),
            ("engine_version", json!("16.3"), json!("16.4"), &both, AtWindow(Effect::Reboot)),
            ("engine_version", json!("16.3"), json!("16.4"), &alone, AtWindow(Effect::Reboot)),
            ("engine_version", json!("16.3"), json!("17"), &both, AtWindow(Effect::Reboot)),
            ("allow_major_version_upgrade", json!(false), json!(true), &both, Recorded(Effect::None)),
            (
                "instance_class",
                json!("db.t4g.medium"),
                json!("db.t4g.large"),
                &both,
                AtWindow(Effect::Failover),
            ),
            (
                "instance_class",
                json!("db.t4g.medium"),
                json!("db.t4g.large"),
                &alone,
                AtWindow(Effect::Reboot),
            ),
            ("allocated_storage", json!(50), json!(60), &both, AtWindow(Effect::None)),
            ("max_allocated_storage", json!(0), json!(100), &both, InPlace(Effect::None)),
            ("storage_type", json!("gp2"), json!("gp3"), &both, AtWindow(Effect::None)),
            ("storage_type", json!("gp3"), json!("io2"), &both, AtWindow(Effect::None)),
            ("storage_type", json!("standard"), json!("gp3"), &both, AtWindow(Effect::Reboot)),
            ("storage_type", json!("gp3"), json!("standard"), &both, AtWindow(Effect::Reboot)),
            ("iops", json!(12000), json!(16000), &both, AtWindow(Effect::None)),
            ("storage_throughput", json!(500), json!(750), &both, AtWindow(Effect::None)),
            ("database_name", json!("a"), json!("b"), &both, Replace),
            ("username", json!("a"), json!("b"), &both, Replace),
            ("password", json!("managed"), json!("env:A"), &both, Recorded(Effect::AccessLoss)),
            ("password", json!("managed"), json!("unmanaged"), &both, Recorded(Effect::None)),
            ("multi_az", json!(false), json!(true), &both, AtWindow(Effect::None)),
            ("port", json!(5432), json!(5433), &both, InPlace(Effect::AccessLoss)),
            ("db_subnet_group_name", json!("a"), json!("b"), &both, Replace),
            ("vpc_security_group_ids", json!(["sg-1"]), json!(["sg-2"]), &both, InPlace(Effect::AccessLoss)),
            ("publicly_accessible", json!(false), json!(true), &both, InPlace(Effect::None)),
            ("backup_retention_period", json!(7), json!(30), &both, InPlace(Effect::None)),
            ("backup_retention_period", json!(30), json!(7), &both, InPlace(Effect::DataLoss)),
            ("backup_retention_period", json!(0), json!(7), &both, AtWindow(Effect::BriefPause)),
            ("backup_retention_period", json!(7), json!(0), &both, AtWindow(Effect::DataLoss)),
            ("backup_window", json!("04:00-04:30"), json!("05:00-05:30"), &both, InPlace(Effect::None)),
            ("storage_encrypted", json!(false), json!(true), &both, Replace),
            ("kms_key_id", json!("arn:a"), json!("arn:b"), &both, Replace),
            ("ca_cert_identifier", json!("rds-ca-a"), json!("rds-ca-b"), &both, AtWindow(Effect::AccessLoss)),
            ("copy_tags_to_snapshot", json!(false), json!(true), &both, InPlace(Effect::None)),
            ("iam_database_authentication_enabled", json!(false), json!(true), &both, AtWindow(Effect::None)),
            ("performance_insights_enabled", json!(false), json!(true), &both, InPlace(Effect::None)),
            ("enabled_cloudwatch_logs_exports", json!([]), json!(["upgrade"]), &both, InPlace(Effect::None)),
            ("parameter_group_name", json!("a"), json!("b"), &both, InPlace(Effect::NextReboot)),
            ("deletion_protection", json!(true), json!(false), &both, InPlace(Effect::None)),
        ] {
            assert_eq!(cost(field, &before, &after, more), expected, "{field}: {before} to {after}, {more}");
        }
    }

    #[test]
    fn a_class_that_changes_with_the_standby_is_an_outage() {
        let inputs = |multi_az: bool| Document::from_iter([("multi_az".to_owned(), json!(multi_az))]);
        let outage = AtWindow(Effect::Reboot);
        assert_eq!(instance_class(&inputs(true), &inputs(false)), outage);
        assert_eq!(instance_class(&inputs(false), &inputs(true)), outage);
    }

    #[test]
    fn the_parameters_of_a_major_upgrade_wait_for_no_reboot_of_their_own() {
        let inputs = |version: &str, group: &str| {
            let pairs = [("engine_version", version), ("parameter_group_name", group)];
            Document::from_iter(pairs.map(|(name, value)| (name.to_owned(), json!(value))))
        };
        let (before, after) = (inputs("16.4", "db-postgres16"), inputs("17", "db-postgres17"));
        assert_eq!(parameter_group_name(&after, &before), InPlace(Effect::None));
    }
}
