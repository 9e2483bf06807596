//! Buckets. All that is set on one is a resource of its own.

use serde_json::Value;

use super::hcl::{Body, Expression};
use super::table::{Said, Table, own_id};
use super::{Exported, Writer, text_of};
use crate::engine::document::Document;

const KIND: &str = "aws_s3_bucket";
const VERSIONING: &str = "aws_s3_bucket_versioning";
const ENCRYPTION: &str = "aws_s3_bucket_server_side_encryption_configuration";
const PUBLIC: &str = "aws_s3_bucket_public_access_block";
const LIFECYCLE: &str = "aws_s3_bucket_lifecycle_configuration";

const SWITCHES: [&str; 4] =
    ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];

pub(super) const TABLE: Table = Table {
    kind: KIND,
    resource: KIND,
    id: own_id,
    rows: &[&[
        ("bucket", Said::As("bucket")),
        ("versioning", Said::InCode(VERSIONING)),
        ("kms_key_id", Said::InCode(ENCRYPTION)),
        ("public_access_blocked", Said::InCode(PUBLIC)),
        ("lifecycle_rules", Said::InCode(LIFECYCLE)),
        ("deletion_protection", Said::InCode("prevent_destroy")),
    ]],
    more,
};

fn more(writer: &mut Writer, object: &Exported, label: &str, body: &mut Body) {
    if object.recorded.get("deletion_protection") == Some(&Value::Bool(true)) {
        let mut lifecycle = Body::default();
        lifecycle.flag("prevent_destroy", true);
        body.block("lifecycle", lifecycle);
    }
    let mut part = |resource: &'static str, fill: &dyn Fn(&mut Body)| {
        let mut part = Body::default();
        part.raw("bucket", format!("{KIND}.{label}.id"));
        fill(&mut part);
        let name = writer.labels.of_part(resource, label);
        body.parts.push((resource, name, object.id.to_string(), part));
    };
    // A bucket that never kept versions has no status, and nothing to be said of it.
    let versions = text_of(&object.beyond, "versions");
    if !versions.is_empty() {
        part(VERSIONING, &|body| {
            let mut configuration = Body::default();
            configuration.text("status", versions);
            body.block("versioning_configuration", configuration);
        });
    }
    if let Some(encryption) = object.beyond.get("encryption").and_then(Value::as_object) {
        part(ENCRYPTION, &|body| {
            let mut by_default = Body::default();
            by_default.text("sse_algorithm", text_of(encryption, "algorithm"));
            by_default.copy("kms_master_key_id", encryption.get("key"));
            let mut rule = Body::default();
            rule.copy("bucket_key_enabled", encryption.get("bucket_key"));
            rule.block("apply_server_side_encryption_by_default", by_default);
            // "missing blocked_encryption_types causes endless in-place updates" (cloudposse/terraform-aws-s3-bucket, issue 287): the
            // provider reads the argument since 6.22, and takes what is there without it since 6.40. Version 5 has none.
            body.comment("With the provider 6.22 to 6.39, Terraform would take back which types of encryption S3 blocks here: take 6.40.");
            body.block("rule", rule);
        });
    }
    if let Some(block) = object.beyond.get("public_access").and_then(Value::as_object) {
        part(PUBLIC, &|body| SWITCHES.iter().for_each(|name| body.copy(name, block.get(*name))));
    }
    let rules = object.live.get("lifecycle_rules").and_then(Value::as_object).cloned().unwrap_or_default();
    let is_beyond = |rule: &Value| rule.get("beyond").is_some();
    if rules.values().any(is_beyond) {
        writer.warn(
            object,
            "its lifecycle rules are not in the configuration, since one of them is of a shape that provision does not read whole: they \
             stay as they are",
        );
    } else if !rules.is_empty() {
        let order = object.beyond.get("rules_in_order").and_then(Value::as_array).into_iter().flatten();
        let order: Vec<&str> = order.filter_map(Value::as_str).collect();
        part(LIFECYCLE, &|body| {
            for id in &order {
                if let Some(rule) = rules.get(*id).and_then(Value::as_object) {
                    body.block("rule", lifecycle(id, rule));
                }
            }
        });
    }
}

fn lifecycle(id: &str, rule: &Document) -> Body {
    let mut body = Body::default();
    body.text("id", id);
    body.text("status", "Enabled");
    let block = |body: &mut Body, head: &str, values: &[(&str, Option<Expression>)]| {
        let mut inner = Body::default();
        values.iter().for_each(|(name, value)| value.iter().for_each(|value| inner.set(name, value.clone())));
        body.block(head, inner);
    };
    let days = |field: &str| rule.get(field).map(Expression::of);
    // A rule for all keys has a filter with an empty prefix, as it was written.
    block(&mut body, "filter", &[("prefix", Some(Expression::text(text_of(rule, "prefix"))))]);
    if let Some(days) = days("abort_uploads_after_days") {
        block(&mut body, "abort_incomplete_multipart_upload", &[("days_after_initiation", Some(days))]);
    }
    if let Some(days) = days("expire_after_days") {
        block(&mut body, "expiration", &[("days", Some(days))]);
    }
    if let Some(days) = days("expire_old_versions_after_days") {
        block(&mut body, "noncurrent_version_expiration", &[("noncurrent_days", Some(days))]);
    }
    if let Some(days) = days("to_infrequent_access_after_days") {
        let class = Expression::text("STANDARD_IA");
        block(&mut body, "transition", &[("days", Some(days)), ("storage_class", Some(class))]);
    }
    body
}
