//! The cost of a change of each input of a database, and the time at which it happens.
//!
//! Source: ModifyDBInstance in the RDS API reference, and the table of settings in the RDS User Guide, "Modifying an
//! Amazon RDS DB instance".

use serde_json::Value;

use super::calls::{MODIFY, TAGS};
use super::version;
use crate::aws::kinds::groups_taken_off;
use crate::engine::call::Call;
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Field, OnChange, Role};

const CALLS: &[Call] = &[MODIFY];

/// Every input.
pub(super) const FIELDS: &[Field] = &[
    // The old name stops resolving, beside the reboot ("Renaming a DB instance", RDS User Guide).
    Field::at_window("identifier", CALLS, Effect::AccessLoss).written_as("identifier"),
    Field::replace("engine").follows(),
    // The standby is upgraded together with the primary, so that it cannot take over (RDS User Guide, "Upgrades of the
    // RDS for PostgreSQL DB engine").
    Field::at_window("engine_version", CALLS, Effect::Reboot).met_by(version::met),
    Field::recorded("allow_major_version_upgrade"),
    Field::at_window("instance_class", CALLS, Effect::Reboot).depending(instance_class),
    // RDS rounds small steps up, and storage grows but never shrinks.
    Field::at_window("allocated_storage", CALLS, Effect::None)
        .met_by(|desired, observed| observed.as_i64() >= desired.as_i64()),
    Field::in_place("max_allocated_storage", CALLS, Effect::None),
    Field::at_window("storage_type", CALLS, Effect::Reboot).depending(storage_type),
    Field::at_window("iops", CALLS, Effect::None),
    Field::at_window("storage_throughput", CALLS, Effect::None),
    Field::replace("database_name"),
    Field::replace("username"),
    // Clients that have the old password are refused when they connect next.
    Field::hidden("password", CALLS, Effect::AccessLoss),
    Field::hidden("password_version", CALLS, Effect::AccessLoss),
    // The storage answers more slowly while the standby is made.
    Field::at_window("multi_az", CALLS, Effect::None),
    // RDS restarts the database for this, with and without `apply_immediately`.
    // Clients that know the old port are cut off.
    Field::in_place("port", CALLS, Effect::AccessLoss),
    // A move is only possible to another VPC (InvalidVPCNetworkStateFault), and this stack has one.
    Field::replace("db_subnet_group_name").follows(),
    Field::in_place("vpc_security_group_ids", CALLS, Effect::AccessLoss)
        .depending(security_groups)
        .made_from("security_group"),
    Field::in_place("publicly_accessible", CALLS, Effect::AccessLoss)
        .depending(publicly_accessible)
        .follows(),
    Field::at_window("backup_retention_period", CALLS, Effect::DataLoss)
        .depending(backup_retention_period)
        .losing("all automated backups, and with them every restore to a point in time"),
    Field::in_place("backup_window", CALLS, Effect::None),
    Field::in_place("maintenance_window", CALLS, Effect::None).plays(Role::Window),
    Field::replace("storage_encrypted"),
    // Another key means a copy of the data, from a snapshot.
    Field::replace("kms_key_id"),
    // Clients that do not trust the new authority are refused ("Rotating your SSL/TLS certificate", RDS User Guide). Whether
    // the database restarts for it depends on its version (DescribeDBEngineVersions).
    Field::at_window("ca_cert_identifier", CALLS, Effect::AccessLoss),
    Field::in_place("auto_minor_version_upgrade", CALLS, Effect::None),
    Field::in_place("copy_tags_to_snapshot", CALLS, Effect::None),
    Field::at_window("iam_database_authentication_enabled", CALLS, Effect::AccessLoss).depending(iam_login),
    Field::in_place("performance_insights_enabled", CALLS, Effect::None),
    Field::in_place("performance_insights_retention_period", CALLS, Effect::None),
    Field::in_place("performance_insights_kms_key_id", CALLS, Effect::None),
    Field::in_place("enabled_cloudwatch_logs_exports", CALLS, Effect::None),
    // The name changes at once; what is in the group counts from the next reboot on.
    Field::in_place("parameter_group_name", CALLS, Effect::NextReboot)
        .depending(parameter_group_name)
        .taken_back()
        .made_from("parameters"),
    Field::in_place("deletion_protection", CALLS, Effect::None).plays(Role::Protection),
    Field::recorded("final_snapshot").rebuilt_as(true).plays(Role::LastSnapshot),
    // Turned on, it makes what waits for the window at once.
    Field::hidden("apply_immediately", CALLS, Effect::None).plays(Role::AtOnce),
    Field::in_place("tags", &TAGS, Effect::None),
];

/// With a standby before and after, the standby is changed first and takes over.
fn instance_class(desired: &Document, observed: &Document) -> OnChange {
    let has_standby = |inputs: &Document| inputs.get("multi_az") == Some(&Value::Bool(true));
    OnChange::AtWindow(match has_standby(desired) && has_standby(observed) {
        true => Effect::Failover,
        false => Effect::Reboot,
    })
}

/// Storage moves online between solid-state types; to and from magnetic storage the database may restart.
fn storage_type(desired: &Document, observed: &Document) -> OnChange {
    let is_magnetic = |inputs: &Document| inputs.get("storage_type").is_some_and(|kind| kind == "standard");
    OnChange::AtWindow(match is_magnetic(desired) || is_magnetic(observed) {
        true => Effect::Reboot,
        false => Effect::None,
    })
}

fn security_groups(desired: &Document, observed: &Document) -> OnChange {
    groups_taken_off::cost("vpc_security_group_ids", desired, observed)
}

/// From outside of its VPC a database is reached only while it is public (ModifyDBInstance, PubliclyAccessible).
fn publicly_accessible(desired: &Document, _: &Document) -> OnChange {
    OnChange::InPlace(if is_on(desired, "publicly_accessible") { Effect::None } else { Effect::AccessLoss })
}

/// Without it, clients that log in by IAM are refused.
fn iam_login(desired: &Document, _: &Document) -> OnChange {
    let on = is_on(desired, "iam_database_authentication_enabled");
    OnChange::AtWindow(if on { Effect::None } else { Effect::AccessLoss })
}

fn is_on(inputs: &Document, field: &str) -> bool {
    inputs.get(field) == Some(&Value::Bool(true))
}

/// Backups are turned on with a pause; turning them off deletes those that there are ("Disabling automated backups", RDS
/// User Guide). In between, the period is a number and nothing more.
fn backup_retention_period(desired: &Document, observed: &Document) -> OnChange {
    let is_off = |inputs: &Document| inputs.get("backup_retention_period").is_some_and(|days| days == 0);
    match (is_off(desired), is_off(observed)) {
        (true, false) => OnChange::AtWindow(Effect::DataLoss),
        (false, true) => OnChange::AtWindow(Effect::BriefPause),
        _ => OnChange::InPlace(Effect::None),
    }
}

/// A major upgrade takes the new group up by itself (ParameterApplyStatus `pending-database-upgrade`).
fn parameter_group_name(desired: &Document, observed: &Document) -> OnChange {
    OnChange::InPlace(match version::is_major_upgrade(desired, observed) {
        true => Effect::None,
        false => Effect::NextReboot,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use OnChange::{AtWindow, InPlace, Recorded, Replace};

    /// The cost of a change of `field`, from the sample with `before` to the sample with `after` in it.
    fn cost(field: &str, before: &Value, after: &Value, more: &Value) -> OnChange {
        let sample = serde_json::to_value(super::super::sample::database()).expect("plain data");
        let with = |value: &Value| {
            let mut inputs = sample.as_object().expect("inputs are an object").clone();
            inputs.extend(more.as_object().expect("fields to replace").clone());
            inputs.insert(field.to_owned(), value.clone());
            inputs
        };
        let field = FIELDS.iter().find(|known| known.name == field).expect("a field of the kind");
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
            ("multi_az", json!(false), json!(true), &both, AtWindow(Effect::None)),
            ("port", json!(5432), json!(5433), &both, InPlace(Effect::AccessLoss)),
            ("db_subnet_group_name", json!("a"), json!("b"), &both, Replace),
            ("vpc_security_group_ids", json!(["sg-1"]), json!(["sg-2"]), &both, InPlace(Effect::AccessLoss)),
            ("publicly_accessible", json!(false), json!(true), &both, InPlace(Effect::None)),
            ("backup_retention_period", json!(7), json!(30), &both, InPlace(Effect::None)),
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
