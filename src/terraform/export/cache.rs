//! Caches, with their groups and the secret of their password.

use serde_json::Value;

use super::hcl::{Body, Expression};
use super::table::{Said, Table, nothing_more, own_id};
use super::{Exported, Writer, text_of};

const CACHE: &str = "aws_elasticache_replication_group";
const SUBNET_GROUP: &str = "aws_elasticache_subnet_group";
const PARAMETER_GROUP: &str = "aws_elasticache_parameter_group";
const OF_A_CHANGE: &str = "it allows a change, and is no part of the cache; the provider reads none of it";

pub(super) const TABLE: Table = Table {
    kind: CACHE,
    resource: CACHE,
    id: own_id,
    rows: &[&[
        ("replication_group_id", Said::As("replication_group_id")),
        ("description", Said::As("description")),
        ("engine", Said::As("engine")),
        ("engine_version", Said::InCode("engine_version")),
        ("node_type", Said::As("node_type")),
        ("nodes", Said::As("num_cache_clusters")),
        ("automatic_failover", Said::As("automatic_failover_enabled")),
        ("multi_az", Said::As("multi_az_enabled")),
        ("port", Said::As("port")),
        ("cache_subnet_group_name", Said::Of("subnet_group_name", SUBNET_GROUP)),
        ("security_group_ids", Said::Of("security_group_ids", "aws_security_group")),
        ("cache_parameter_group_name", Said::Of("parameter_group_name", PARAMETER_GROUP)),
        ("transit_encryption", Said::As("transit_encryption_enabled")),
        ("transit_encryption_mode", Said::As("transit_encryption_mode")),
        ("authentication", Said::Not("the password says it, and none goes into a configuration")),
        ("password_secret_arn", Said::Not("it is read when a cache is made, and this one is there")),
        ("at_rest_encryption", Said::As("at_rest_encryption_enabled")),
        ("kms_key_id", Said::As("kms_key_id")),
        ("snapshot_retention_limit", Said::As("snapshot_retention_limit")),
        ("snapshot_window", Said::As("snapshot_window")),
        ("maintenance_window", Said::As("maintenance_window")),
        ("auto_minor_version_upgrade", Said::As("auto_minor_version_upgrade")),
        ("snapshot_name", Said::Not("it is read when a cache is made, and this one is there")),
        ("deletion_protection", Said::InCode("prevent_destroy")),
        ("final_snapshot", Said::InCode("final_snapshot_identifier")),
        ("apply_immediately", Said::Not(OF_A_CHANGE)),
    ]],
    more,
};

pub(super) const SUBNETS: Table = Table {
    kind: SUBNET_GROUP,
    resource: SUBNET_GROUP,
    id: own_id,
    rows: &[&[
        ("name", Said::As("name")),
        ("description", Said::As("description")),
        ("subnet_ids", Said::Of("subnet_ids", "aws_subnet")),
    ]],
    more: nothing_more,
};

pub(super) const PARAMETERS: Table = Table {
    kind: PARAMETER_GROUP,
    resource: PARAMETER_GROUP,
    id: own_id,
    rows: &[&[
        ("name", Said::As("name")),
        ("family", Said::As("family")),
        ("description", Said::As("description")),
        ("parameters", Said::InCode("parameter")),
    ]],
    more: parameters,
};

/// The password stays in the secret: the provider has resources of their own for values, which are not written.
pub(super) const SECRET: Table = Table {
    kind: "aws_secretsmanager_secret",
    resource: "aws_secretsmanager_secret",
    id: own_id,
    rows: &[&[("name", Said::As("name")), ("description", Said::As("description"))]],
    more: nothing_more,
};

fn more(writer: &mut Writer, object: &Exported, _: &str, body: &mut Body) {
    // The provider takes versions from 6 on without a patch.
    let version: Vec<&str> = text_of(&object.live, "engine_version").splitn(3, '.').take(2).collect();
    body.set("engine_version", Expression::text(&version.join(".")));
    let is_on = |field: &str| object.recorded.get(field) == Some(&Value::Bool(true));
    if is_on("deletion_protection") {
        let mut lifecycle = Body::default();
        lifecycle.flag("prevent_destroy", true);
        body.block("lifecycle", lifecycle);
    }
    if is_on("final_snapshot") {
        writer.warn(
            object,
            "Terraform deletes a cache without a last snapshot unless it has final_snapshot_identifier: write one after the import",
        );
    }
}

fn parameters(_: &mut Writer, object: &Exported, _: &str, body: &mut Body) {
    let all = object.live.get("parameters").and_then(Value::as_object).into_iter().flatten();
    for (name, value) in all {
        let mut parameter = Body::default();
        parameter.text("name", name);
        parameter.copy("value", Some(value));
        body.block("parameter", parameter);
    }
}
