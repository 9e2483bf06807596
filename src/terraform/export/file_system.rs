//! File systems, with their policy and their backups, which are resources of their own.

use serde_json::Value;

use super::hcl::{Body, Expression};
use super::table::{Said, Table, own_id};
use super::{Exported, Writer, is_empty, text_of};

const KIND: &str = "aws_efs_file_system";
const POLICY: &str = "aws_efs_file_system_policy";
const BACKUP: &str = "aws_efs_backup_policy";

const TRANSITIONS: [&str; 3] =
    ["transition_to_ia", "transition_to_archive", "transition_to_primary_storage_class"];

pub(super) const TABLE: Table = Table {
    kind: KIND,
    resource: KIND,
    id: own_id,
    rows: &[&[
        ("encrypted", Said::As("encrypted")),
        ("kms_key_id", Said::As("kms_key_id")),
        ("storage", Said::Not("the zone says it")),
        ("availability_zone_name", Said::As("availability_zone_name")),
        ("performance_mode", Said::As("performance_mode")),
        ("throughput_mode", Said::As("throughput_mode")),
        ("provisioned_throughput_in_mibps", Said::As("provisioned_throughput_in_mibps")),
        ("lifecycle", Said::InCode("lifecycle_policy")),
        ("backup", Said::InCode(BACKUP)),
        ("file_system_policy", Said::InCode(POLICY)),
        ("replication_overwrite_protection", Said::InCode("protection")),
        ("zones", Said::Not("the mount targets are there, each a resource")),
        ("deletion_protection", Said::InCode("prevent_destroy")),
    ]],
    more,
};

fn more(writer: &mut Writer, object: &Exported, label: &str, body: &mut Body) {
    let transitions = object.beyond.get("transitions").and_then(Value::as_array).into_iter().flatten();
    for transition in transitions.filter_map(Value::as_object) {
        let mut policy = Body::default();
        for name in TRANSITIONS {
            policy.copy(name, transition.get(name));
        }
        body.block("lifecycle_policy", policy);
    }
    // It is shown as `REPLICATING` while others protect it, which nobody can set.
    let overwrite = text_of(&object.live, "replication_overwrite_protection");
    if ["ENABLED", "DISABLED"].contains(&overwrite) {
        let mut protection = Body::default();
        protection.text("replication_overwrite", overwrite);
        body.block("protection", protection);
    }
    if object.recorded.get("deletion_protection") == Some(&Value::Bool(true)) {
        let mut lifecycle = Body::default();
        lifecycle.flag("prevent_destroy", true);
        body.block("lifecycle", lifecycle);
    }
    let id = || format!("{KIND}.{label}.id");
    if let Some(policy) = object.live.get("file_system_policy").filter(|policy| !is_empty(policy)) {
        let mut part = Body::default();
        part.raw("file_system_id", id());
        part.set("policy", Expression::Json(Box::new(Expression::of(policy))));
        let name = writer.labels.of_part(POLICY, label);
        body.parts.push((POLICY, name, object.id.to_string(), part));
    }
    // One that never had a policy has none that could be imported.
    let status = text_of(&object.beyond, "backup_policy");
    if !status.is_empty() {
        let mut policy = Body::default();
        policy.text("status", status);
        let mut part = Body::default();
        part.raw("file_system_id", id());
        part.block("backup_policy", policy);
        let name = writer.labels.of_part(BACKUP, label);
        body.parts.push((BACKUP, name, object.id.to_string(), part));
    }
}
