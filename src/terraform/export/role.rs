//! Roles with their inline policy and their managed policies, and instance profiles.

use serde_json::Value;

use super::hcl::{Body, Expression};
use super::table::{Said, Table, nothing_more, own_id};
use super::{Exported, Writer, is_empty, text_of};

const ROLE: &str = "aws_iam_role";
const PROFILE: &str = "aws_iam_instance_profile";
const INLINE: &str = "aws_iam_role_policy";
const ATTACHMENT: &str = "aws_iam_role_policy_attachment";

pub(super) const TABLE: Table = Table {
    kind: ROLE,
    resource: ROLE,
    id: own_id,
    rows: &[&[
        ("name", Said::As("name")),
        ("path", Said::As("path")),
        ("assume_role_policy", Said::InCode("assume_role_policy")),
        ("policy", Said::InCode(INLINE)),
        ("policy_name", Said::InCode(INLINE)),
        ("managed_policies", Said::InCode(ATTACHMENT)),
        ("description", Said::As("description")),
        ("max_session_duration", Said::As("max_session_duration")),
        ("permissions_boundary", Said::As("permissions_boundary")),
        ("deletion_protection", Said::InCode("prevent_destroy")),
    ]],
    more,
};

pub(super) const PROFILES: Table = Table {
    kind: PROFILE,
    resource: PROFILE,
    id: own_id,
    rows: &[&[("name", Said::As("name")), ("path", Said::As("path")), ("role", Said::Of("role", ROLE))]],
    more: nothing_more,
};

fn more(writer: &mut Writer, object: &Exported, label: &str, body: &mut Body) {
    let policy =
        |field: &str| object.live.get(field).map(|policy| Expression::Json(Box::new(Expression::of(policy))));
    if let Some(trust) = policy("assume_role_policy") {
        body.set("assume_role_policy", trust);
    }
    if object.recorded.get("deletion_protection") == Some(&Value::Bool(true)) {
        let mut lifecycle = Body::default();
        lifecycle.flag("prevent_destroy", true);
        body.block("lifecycle", lifecycle);
    }
    let id = object.id.as_str();
    let has_policy = object.live.get("policy").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
    if let (true, Some(inline)) = (has_policy, policy("policy")) {
        let name = text_of(&object.live, "policy_name");
        let mut part = Body::default();
        part.text("name", name);
        part.raw("role", format!("{ROLE}.{label}.id"));
        part.set("policy", inline);
        body.parts.push((INLINE, writer.labels.of_part(INLINE, label), format!("{id}:{name}"), part));
    }
    if !has_policy && object.recorded.get("policy").is_some_and(|policy| !is_empty(policy)) {
        let text = "its inline policy is not in the configuration, since others have put more on it: it stays as it is";
        writer.warn(object, text);
    }
    let managed = object.live.get("managed_policies").and_then(Value::as_array).into_iter().flatten();
    for arn in managed.filter_map(Value::as_str) {
        let mut part = Body::default();
        part.raw("role", format!("{ROLE}.{label}.name"));
        part.text("policy_arn", arn);
        let of = format!("{label}-{}", arn.rsplit('/').next().unwrap_or_default());
        body.parts.push((ATTACHMENT, writer.labels.of_part(ATTACHMENT, &of), format!("{id}/{arn}"), part));
    }
}
