//! The cost of a change of a cache where it depends on the values.

use super::keys::{COUNT, ENGINE, RETENTION, SECURITY_GROUPS, TLS, TLS_MODE};
use crate::aws::kinds::groups_taken_off;
use crate::engine::document::Document;
use crate::engine::resource::OnChange::{AtWindow, InPlace, Replace};
use crate::engine::resource::{Effect, OnChange};

/// Only Redis becomes Valkey in place ("Upgrading from Redis OSS to Valkey", ElastiCache User Guide).
pub(super) fn engine(desired: &Document, observed: &Document) -> OnChange {
    match (ENGINE.text(desired), ENGINE.text(observed)) {
        (Some("redis"), Some("valkey")) => Replace,
        _ => nodes_change(desired, observed),
    }
}

/// With a replica before and after, that is changed first and takes over ("Scaling replica nodes", "How to upgrade engine versions",
/// ElastiCache User Guide).
pub(super) fn nodes_change(desired: &Document, observed: &Document) -> OnChange {
    let has_replica = |inputs: &Document| COUNT.of(inputs).is_some_and(|count| count > 1);
    AtWindow(if has_replica(desired) && has_replica(observed) { Effect::Failover } else { Effect::Reboot })
}

pub(super) fn security_groups(desired: &Document, observed: &Document) -> OnChange {
    groups_taken_off::cost(SECURITY_GROUPS.name, desired, observed)
}

/// Turned on, both ways of connecting are taken at first; turned off, encrypted connections are refused.
pub(super) fn tls(desired: &Document, _: &Document) -> OnChange {
    InPlace(if TLS.of(desired) == Some(true) { Effect::None } else { Effect::AccessLoss })
}

/// Connections without encryption are refused from then on.
pub(super) fn tls_mode(desired: &Document, _: &Document) -> OnChange {
    InPlace(if TLS_MODE.text(desired) == Some("preferred") { Effect::None } else { Effect::AccessLoss })
}

/// "The number of days for which ElastiCache retains automatic snapshots before deleting them" (CreateReplicationGroup,
/// SnapshotRetentionLimit).
pub(super) fn retention(desired: &Document, observed: &Document) -> OnChange {
    let shorter =
        RETENTION.of(desired).zip(RETENTION.of(observed)).is_some_and(|(after, before)| after < before);
    InPlace(if shorter { Effect::DataLoss } else { Effect::None })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::rows::ROWS;
    use super::*;

    #[test]
    fn a_change_costs_what_aws_says_it_costs() {
        let both = json!({ "nodes": 2 });
        let alone = json!({ "nodes": 1 });
        for (field, before, after, more, expected) in [
            ("engine", json!("redis"), json!("valkey"), &both, AtWindow(Effect::Failover)),
            ("engine", json!("valkey"), json!("redis"), &both, Replace),
            ("engine_version", json!("8.0"), json!("8.1"), &both, AtWindow(Effect::Failover)),
            (
                "node_type",
                json!("cache.t4g.small"),
                json!("cache.t4g.medium"),
                &alone,
                AtWindow(Effect::Reboot),
            ),
            ("nodes", json!(2), json!(3), &both, InPlace(Effect::None)),
            ("transit_encryption", json!(false), json!(true), &both, InPlace(Effect::None)),
            ("transit_encryption", json!(true), json!(false), &both, InPlace(Effect::AccessLoss)),
            (
                "transit_encryption_mode",
                json!("preferred"),
                json!("required"),
                &both,
                InPlace(Effect::AccessLoss),
            ),
            ("transit_encryption_mode", json!("required"), json!("preferred"), &both, InPlace(Effect::None)),
            ("authentication", json!(false), json!(true), &both, Replace),
            ("at_rest_encryption", json!(false), json!(true), &both, Replace),
            ("security_group_ids", json!(["sg-1"]), json!(["sg-2"]), &both, InPlace(Effect::AccessLoss)),
            ("security_group_ids", json!(["sg-1"]), json!(["sg-1", "sg-2"]), &both, InPlace(Effect::None)),
            ("snapshot_retention_limit", json!(7), json!(0), &both, InPlace(Effect::DataLoss)),
            ("snapshot_retention_limit", json!(0), json!(7), &both, InPlace(Effect::None)),
        ] {
            let with = |value: &Value| {
                let mut inputs = more.as_object().expect("fields").clone();
                inputs.insert(field.to_owned(), value.clone());
                inputs
            };
            let row = ROWS.iter().map(|row| row.field()).find(|known| known.name == field);
            let cost = row.expect("a field of the kind").on_change(&with(&after), &with(&before));
            assert_eq!(cost, expected, "{field}: {before} to {after}, {more}");
        }
    }
}
