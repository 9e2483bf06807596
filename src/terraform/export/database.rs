//! Databases and their read replicas, which are one type in Terraform.

use serde_json::Value;

use super::hcl::{Body, Expression};
use super::table::{Row, Said, Table};
use super::{Exported, Writer, text_of};

const RESOURCE: &str = "aws_db_instance";
const OF_A_CHANGE: &str = "it allows a change, and is no part of the database; the provider reads none of it";
const RESERVED: &str = "the provider has no argument for the capacity reservation, and leaves it as it is";

/// The fields that a database and a replica have alike: both are instances.
const INSTANCE: &[Row] = &[
    ("identifier", Said::As("identifier")),
    ("instance_class", Said::As("instance_class")),
    ("db_capacity_reservation_identifier", Said::Never(RESERVED)),
    ("allocated_storage", Said::As("allocated_storage")),
    ("dedicated_log_volume", Said::As("dedicated_log_volume")),
    ("max_allocated_storage", Said::InCode("max_allocated_storage")),
    ("storage_type", Said::As("storage_type")),
    ("iops", Said::InCode("iops")),
    ("storage_throughput", Said::InCode("storage_throughput")),
    ("multi_az", Said::As("multi_az")),
    ("port", Said::As("port")),
    ("vpc_security_group_ids", Said::Of("vpc_security_group_ids", "aws_security_group")),
    ("publicly_accessible", Said::As("publicly_accessible")),
    ("domain", Said::As("domain")),
    ("domain_iam_role_name", Said::As("domain_iam_role_name")),
    ("maintenance_window", Said::As("maintenance_window")),
    ("ca_cert_identifier", Said::As("ca_cert_identifier")),
    ("auto_minor_version_upgrade", Said::As("auto_minor_version_upgrade")),
    ("copy_tags_to_snapshot", Said::As("copy_tags_to_snapshot")),
    ("iam_database_authentication_enabled", Said::As("iam_database_authentication_enabled")),
    ("performance_insights_enabled", Said::As("performance_insights_enabled")),
    ("performance_insights_retention_period", Said::InCode("performance_insights_retention_period")),
    ("performance_insights_kms_key_id", Said::InCode("performance_insights_kms_key_id")),
    ("database_insights_mode", Said::As("database_insights_mode")),
    ("monitoring", Said::InCode("monitoring_interval")),
    ("enabled_cloudwatch_logs_exports", Said::As("enabled_cloudwatch_logs_exports")),
    ("parameter_group_name", Said::Of("parameter_group_name", "aws_db_parameter_group")),
    ("deletion_protection", Said::As("deletion_protection")),
    ("apply_immediately", Said::Not(OF_A_CHANGE)),
];

const OF_DATABASES: &[Row] = &[
    ("engine", Said::As("engine")),
    ("engine_version", Said::As("engine_version")),
    ("allow_major_version_upgrade", Said::Not(OF_A_CHANGE)),
    ("restore_from", Said::Not("it is read when a database is made, and this one is there")),
    ("database_name", Said::As("db_name")),
    ("username", Said::As("username")),
    ("password", Said::InCode("manage_master_user_password")),
    ("master_user_secret_kms_key_id", Said::As("master_user_secret_kms_key_id")),
    ("password_version", Said::Not("no password goes into a configuration")),
    ("db_subnet_group_name", Said::Of("db_subnet_group_name", "aws_db_subnet_group")),
    ("network_type", Said::As("network_type")),
    ("backup_retention_period", Said::As("backup_retention_period")),
    ("backup_target", Said::As("backup_target")),
    ("backup_window", Said::As("backup_window")),
    ("storage_encrypted", Said::As("storage_encrypted")),
    ("kms_key_id", Said::As("kms_key_id")),
    ("engine_lifecycle_support", Said::As("engine_lifecycle_support")),
    ("final_snapshot", Said::InCode("skip_final_snapshot")),
    ("delete_automated_backups", Said::InCode("delete_automated_backups")),
];

const OF_REPLICAS: &[Row] = &[
    ("source", Said::Of("replicate_source_db", "aws_db_instance")),
    ("engine_version", Said::Not("it follows the one of its database")),
];

pub(super) const DATABASE: Table = Table {
    kind: "aws_db_instance",
    resource: RESOURCE,
    id: identifier,
    rows: &[INSTANCE, OF_DATABASES],
    more: database,
};

pub(super) const REPLICA: Table = Table {
    kind: "aws_db_replica",
    resource: RESOURCE,
    id: identifier,
    rows: &[INSTANCE, OF_REPLICAS],
    more: replica,
};

/// The provider imports an instance by its name.
fn identifier(object: &Exported) -> String {
    text_of(&object.live, "identifier").to_owned()
}

fn database(writer: &mut Writer, object: &Exported, label: &str, body: &mut Body) {
    let ignored: &[&str] = match text_of(&object.live, "password") {
        // The provider imports neither of the two, and would ask RDS again for what is so.
        "managed" => {
            body.flag("manage_master_user_password", true);
            &["manage_master_user_password", "master_user_secret_kms_key_id"]
        }
        _ => &["password"],
    };
    let is_on = |field: &str| object.recorded.get(field) == Some(&Value::Bool(true));
    common(writer, object, label, body, ignored);
    if is_on("final_snapshot") {
        body.comment(
            "Imported as every database is: without a last snapshot. Before it is ever destroyed, write",
        );
        body.comment("skip_final_snapshot = false and a final_snapshot_identifier, and apply that.");
        writer.warn(
            object,
            "Terraform imports each database with skip_final_snapshot = true, while this one has its last snapshot here: write \
             skip_final_snapshot = false and a final_snapshot_identifier after the import",
        );
    }
    if object.live.get("auto_minor_version_upgrade") == Some(&Value::Bool(true)) {
        body.comment("engine_version is the one that runs now, as Terraform imports it. AWS raises it by itself: write the");
        body.comment("major version alone after the import, or Terraform asks for this one again.");
    }
    if object.recorded.get("delete_automated_backups") == Some(&Value::Bool(false)) {
        writer.warn(
            object,
            "Terraform imports each database with delete_automated_backups = true, while the automated backups of this one stay when it \
             is deleted: write delete_automated_backups = false after the import",
        );
    }
}

fn replica(writer: &mut Writer, object: &Exported, label: &str, body: &mut Body) {
    body.copy("storage_encrypted", object.beyond.get("storage_encrypted"));
    common(writer, object, label, body, &[]);
}

fn common(_: &mut Writer, object: &Exported, _: &str, body: &mut Body, ignored: &[&str]) {
    let number = |field: &str| object.live.get(field).and_then(Value::as_i64);
    // 0 turns it off, which the provider reads as none.
    if let Some(most) = number("max_allocated_storage").filter(|most| *most > 0) {
        body.set("max_allocated_storage", Expression::Number(most.into()));
    }
    // Below 400 GiB RDS chooses both for gp3, and takes neither ("gp3 storage", RDS User Guide). gp2 has none.
    let chosen = match text_of(&object.live, "storage_type") {
        "io1" | "io2" => true,
        "gp3" => number("allocated_storage").is_some_and(|size| size >= 400),
        _ => false,
    };
    for field in ["iops", "storage_throughput"] {
        if let Some(value) = number(field).filter(|value| chosen && *value > 0) {
            body.set(field, Expression::Number(value.into()));
        }
    }
    if object.live.get("performance_insights_enabled") == Some(&Value::Bool(true)) {
        for field in ["performance_insights_retention_period", "performance_insights_kms_key_id"] {
            body.copy(field, object.live.get(field));
        }
    }
    let monitoring = object.live.get("monitoring").and_then(Value::as_object);
    for (field, argument) in [("interval", "monitoring_interval"), ("role_arn", "monitoring_role_arn")] {
        body.copy(argument, monitoring.and_then(|monitoring| monitoring.get(field)));
    }
    // The provider imports an instance with these two, whatever it was made with.
    body.flag("skip_final_snapshot", true);
    body.flag("delete_automated_backups", true);
    if !ignored.is_empty() {
        let mut lifecycle = Body::default();
        let ignored = ignored.iter().map(|name| Expression::Raw((*name).to_owned())).collect();
        lifecycle.set("ignore_changes", Expression::List(ignored));
        body.block("lifecycle", lifecycle);
    }
}
