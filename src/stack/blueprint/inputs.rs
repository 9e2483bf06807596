//! The inputs of each kind, as the stack file chooses them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::id_of;
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::network::Role;
use crate::stack::postgres::Version;
use crate::stack::{AccessPoint, Database, FileSystem, Identifier, Name};

type Tags = BTreeMap<String, String>;

pub(super) fn security_group(
    group_name: &str,
    description: &str,
    ingress: Vec<Value>,
    tags: Tags,
) -> Document {
    document(json!({
        "name": group_name,
        "description": description,
        "vpc_id": id_of(&crate::engine::network::Network::vpc_address()),
        "ingress": ingress,
        // As AWS itself sets it on a new group, without a description too.
        "egress": [{ "protocol": "-1", "source": "0.0.0.0/0", "description": "" }],
        "tags": tags,
    }))
}

/// A rule that lets one group of a role in.
pub(super) fn ingress(service: &str, port: u32, role: Role, source: &Address) -> Value {
    json!({
        "protocol": "tcp",
        "from_port": port,
        "to_port": port,
        "source": id_of(source),
        "description": format!("{service} from the {} of the cluster", role.name()),
    })
}

/// `key` is how a key is written that is an alias: a reference to what is known of it.
pub(super) fn file_system(file_system: &FileSystem, key: Option<String>, tags: Tags) -> Document {
    let FileSystem {
        security_group: _,
        access: _,
        enforce_tls,
        replication_overwrite_protection,
        access_points: _,
        options,
        targets: _,
    } = file_system;
    let policy = enforce_tls.map(|enforced| if enforced { tls_only() } else { json!({}) });
    let overwrite =
        replication_overwrite_protection.map(|protected| if protected { "ENABLED" } else { "DISABLED" });
    let set = json!({
        "kms_key_id": key,
        "file_system_policy": policy,
        "replication_overwrite_protection": overwrite,
        "tags": tags,
    });
    with(options, set)
}

/// The rights that everyone has without a policy, but with TLS alone. It names no resource: EFS adds the file system's own.
fn tls_only() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        {
            "Sid": "MountThroughTargets", "Effect": "Allow", "Principal": { "AWS": "*" },
            "Action": [
                "elasticfilesystem:ClientMount",
                "elasticfilesystem:ClientRootAccess",
                "elasticfilesystem:ClientWrite",
            ],
            "Condition": { "Bool": { "elasticfilesystem:AccessedViaMountTarget": "true" } },
        },
        {
            "Sid": "NothingWithoutTls", "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "*",
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        },
    ] })
}

/// The path and the group have defaults that depend on other values.
pub(super) fn access_point(
    file_system: &Address,
    path: String,
    access_point: &AccessPoint,
    tags: Tags,
) -> Document {
    let options = &access_point.options;
    let set = json!({
        "file_system_id": id_of(file_system),
        "path": path,
        "gid": options.get("gid").or_else(|| options.get("uid")),
        "tags": tags,
    });
    with(options, set)
}

/// `subnet` is an id, or a reference to one.
pub(super) fn mount_target(
    file_system: &Address,
    subnet: &str,
    group: &Address,
    options: &Document,
) -> Document {
    let set = json!({
        "file_system_id": id_of(file_system),
        "subnet_id": subnet,
        "security_groups": [id_of(group)],
    });
    with(options, set)
}

pub(super) fn db_subnet_group(
    name: &str,
    description: &str,
    subnets: impl Iterator<Item = Address>,
    tags: Tags,
) -> Document {
    document(json!({
        "name": name,
        "description": description,
        "subnet_ids": subnets.map(|subnet| id_of(&subnet)).collect::<Vec<_>>(),
        "tags": tags,
    }))
}

/// The family of parameter groups for the written version, and the group's name, which is made from it: RDS has both
/// groups side by side while a major upgrade goes on.
pub(super) fn db_parameter_group(
    name: impl Fn(&str) -> String,
    description: &str,
    database: &Database,
    tags: Tags,
) -> Document {
    let version =
        Version::parse(database.engine_version.as_str()).expect("the stack file's versions are versions");
    let family = version.family();
    document(json!({
        "name": name(&family),
        "family": family,
        "description": description,
        "parameters": database.parameters,
        "tags": tags,
    }))
}

pub(super) fn db_instance(
    name: &Name,
    database: &Database,
    subnet_group: &Address,
    parameter_group: Option<&Address>,
    group: &Address,
    tags: Tags,
) -> Document {
    let Database {
        identifier,
        security_group: _,
        access: _,
        engine_version,
        allow_major_version_upgrade,
        instance_class,
        allocated_storage,
        max_allocated_storage,
        storage_type,
        iops,
        storage_throughput,
        database_name,
        username,
        password,
        password_version,
        multi_az,
        port,
        backup_retention_period,
        backup_window,
        maintenance_window,
        storage_encrypted,
        kms_key_id,
        ca_cert_identifier,
        auto_minor_version_upgrade,
        copy_tags_to_snapshot,
        iam_database_authentication_enabled,
        performance_insights_enabled,
        performance_insights_retention_period,
        performance_insights_kms_key_id,
        enabled_cloudwatch_logs_exports,
        parameters: _,
        deletion_protection,
        final_snapshot,
        apply_immediately,
        options,
    } = database;
    with(
        options,
        json!({
            "identifier": identifier.as_ref().map_or(name.as_str(), Identifier::as_str),
            "engine": "postgres",
            "engine_version": engine_version,
            "allow_major_version_upgrade": allow_major_version_upgrade.then_some(true),
            "instance_class": instance_class,
            "allocated_storage": allocated_storage,
            "max_allocated_storage": max_allocated_storage,
            "storage_type": storage_type,
            "iops": iops,
            "storage_throughput": storage_throughput,
            "database_name": database_name,
            "username": username,
            "password": password,
            "password_version": password_version,
            "multi_az": multi_az,
            "port": port,
            "db_subnet_group_name": id_of(subnet_group),
            "vpc_security_group_ids": [id_of(group)],
            "publicly_accessible": false,
            "backup_retention_period": backup_retention_period,
            "backup_window": backup_window,
            "maintenance_window": maintenance_window,
            "storage_encrypted": storage_encrypted,
            "kms_key_id": kms_key_id,
            "ca_cert_identifier": ca_cert_identifier,
            "auto_minor_version_upgrade": auto_minor_version_upgrade,
            "copy_tags_to_snapshot": copy_tags_to_snapshot,
            "iam_database_authentication_enabled": iam_database_authentication_enabled,
            "performance_insights_enabled": performance_insights_enabled,
            "performance_insights_retention_period": performance_insights_retention_period,
            "performance_insights_kms_key_id": performance_insights_kms_key_id,
            "enabled_cloudwatch_logs_exports": enabled_cloudwatch_logs_exports,
            "parameter_group_name": parameter_group.map(id_of),
            "deletion_protection": deletion_protection,
            "final_snapshot": final_snapshot,
            "apply_immediately": apply_immediately,
            "tags": tags,
        }),
    )
}

/// The options that were passed on, and the fields that the section sets.
fn with(options: &Document, set: Value) -> Document {
    options.clone().into_iter().chain(document(set)).collect()
}

/// The fields that have a value: what is not written is not in a document at all.
fn document(value: Value) -> Document {
    match value {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => unreachable!("every caller writes an object"),
    }
}
