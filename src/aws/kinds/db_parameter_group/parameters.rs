//! Parameters of a group: what was set, what a change costs, and how it is made.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::{ApplyMethod, Filter, Parameter};
use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};

use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Effect, OnChange};

pub(super) const READ: Call = Call::read("rds:DescribeDBParameters");
pub(super) const MODIFY: Call = Call::new("rds:ModifyDBParameterGroup", super::OURS);
const RESET: Call = Call::new("rds:ResetDBParameterGroup", super::OURS);
/// The calls that change parameters.
pub(super) const CALLS: &[Call] = &[MODIFY, RESET];

/// The most parameters that one call changes (ModifyDBParameterGroup and ResetDBParameterGroup, Parameters).
const AT_ONCE: usize = 20;

/// Parameters that PostgreSQL reads only when it starts (PostgreSQL documentation, "can only be set at server start").
const READ_AT_START: &[&str] = &[
    "archive_mode",
    "autovacuum_freeze_max_age",
    "autovacuum_max_workers",
    "autovacuum_multixact_freeze_max_age",
    "autovacuum_worker_slots",
    "commit_timestamp_buffers",
    "hot_standby",
    "huge_pages",
    "io_max_concurrency",
    "io_method",
    "jit_provider",
    "logging_collector",
    "max_active_replication_origins",
    "max_connections",
    "max_files_per_process",
    "max_locks_per_transaction",
    "max_logical_replication_workers",
    "max_pred_locks_per_transaction",
    "max_prepared_transactions",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "min_dynamic_shared_memory",
    "multixact_member_buffers",
    "multixact_offset_buffers",
    "notify_buffers",
    "old_snapshot_threshold",
    "port",
    "reserved_connections",
    "serializable_buffers",
    "shared_buffers",
    "shared_memory_type",
    "shared_preload_libraries",
    "subtransaction_buffers",
    "superuser_reserved_connections",
    "track_activity_query_size",
    "track_commit_timestamp",
    "transaction_buffers",
    "wal_buffers",
    "wal_decode_buffer_size",
    "wal_level",
    "wal_log_hints",
];

const FORCE_SSL: &str = "rds.force_ssl";

/// Parameters that refuse connections, with the value that refuses none ("Requiring an SSL connection to a PostgreSQL DB
/// instance" and "Using SCRAM for PostgreSQL password encryption", RDS User Guide; "SSL", PostgreSQL documentation). Without
/// such a value any change may refuse some.
const REFUSING: &[(&str, Option<&str>)] = &[
    ("rds.accepted_password_auth_method", Some("md5+scram")),
    (FORCE_SSL, Some("0")),
    ("ssl_ciphers", None),
    ("ssl_max_protocol_version", None),
    ("ssl_min_protocol_version", None),
];

/// Most parameters count at once. Which of those of extensions and of RDS do not, only AWS knows: the worse is said.
pub(super) fn cost(desired: &Document, observed: &Document) -> OnChange {
    // The parameters of a new group are a matter of the databases that move to it.
    if desired.get("family") != observed.get("family") {
        return OnChange::InPlace(Effect::None);
    }
    let of =
        |inputs: &Document| inputs.get("parameters").and_then(Value::as_object).cloned().unwrap_or_default();
    let force_ssl = ssl_by_default(desired);
    let (desired, observed) = (of(desired), of(observed));
    let names: BTreeSet<&String> = desired.keys().chain(observed.keys()).collect();
    let waits = |name: &&String| {
        let counts = |inputs: &Map<String, Value>| {
            inputs.get(*name).and_then(Value::as_str).map(meaning).map(str::to_owned)
        };
        counts(&desired) != counts(&observed)
            && (name.contains('.') || READ_AT_START.contains(&name.as_str()))
    };
    // One that is not set has the default of its family, which may refuse connections.
    let refuses = |(name, open): &(&str, Option<&str>)| {
        let by_default = if *name == FORCE_SSL { Some(force_ssl) } else { *open };
        let (after, before) = (desired.get(*name), observed.get(*name));
        let counts = |value: Option<&Value>| {
            value.and_then(Value::as_str).map(meaning).or(by_default).map(str::to_owned)
        };
        counts(after) != counts(before) && (open.is_none() || counts(after).as_deref() != *open)
    };
    OnChange::InPlace(if REFUSING.iter().any(refuses) {
        Effect::AccessLoss
    } else if names.iter().any(waits) {
        Effect::NextReboot
    } else {
        Effect::None
    })
}

/// The default is 1 from PostgreSQL 15 on ("Requiring an SSL connection to a PostgreSQL DB instance", RDS User Guide).
fn ssl_by_default(inputs: &Document) -> &'static str {
    let family = inputs.get("family").and_then(Value::as_str).unwrap_or_default();
    let major =
        family.trim_start_matches("postgres").split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major < 15) { "0" } else { "1" }
}

fn parameter(name: &str) -> aws_sdk_rds::types::builders::ParameterBuilder {
    Parameter::builder().parameter_name(name)
}

/// Those that belong together first, so that one call has them all.
fn in_order(mut parameters: Vec<Parameter>) -> Vec<Parameter> {
    parameters.sort_by_key(|one| !TOGETHER.contains(&one.parameter_name().unwrap_or_default()));
    parameters
}

/// The parameters, each with the method that its type allows: static ones wait for a reboot.
async fn as_soon_as_possible(
    aws: &Aws,
    group: &str,
    asked: &[Parameter],
) -> Result<Vec<Parameter>, CloudError> {
    let known = rows(aws, group, asked.iter().filter_map(|one| one.parameter_name.clone()).collect()).await?;
    let is_dynamic = |name: &Option<String>| {
        known.iter().any(|one| one.parameter_name == *name && one.apply_type() == Some("dynamic"))
    };
    let with_method = |one: &Parameter| {
        let method =
            if is_dynamic(&one.parameter_name) { ApplyMethod::Immediate } else { ApplyMethod::PendingReboot };
        let mut one = one.clone();
        one.apply_method = Some(method);
        one
    };
    Ok(asked.iter().map(with_method).collect())
}

/// The parameters that RDS shows as set by a user, each with the method by which it was.
pub(super) async fn as_set(aws: &Aws, group: &str) -> Result<Value, CloudError> {
    let read = aws.read.rds.describe_db_parameters().db_parameter_group_name(group).source("user");
    let answer = read.into_paginator().items().send().try_collect().await;
    let all: Vec<Parameter> = absent_is_none(answer.map_err(aws_error(READ)))?.unwrap_or_default();
    let shown = all.into_iter().filter_map(|one| {
        let method = one.apply_method().map(|method| method.as_str().to_owned());
        let (name, value) = named_value(one)?;
        Some(json!({ "name": name, "value": value, "apply_method": method }))
    });
    Ok(shown.collect())
}

/// The parameters of a group that a user set, unless the group is gone. One that is set to what its family has anyway is not
/// shown as a user's (terraform-provider-aws#593, #23335): of the recorded ones the value alone counts.
pub(super) async fn set(
    aws: &Aws,
    group: &str,
    recorded: &BTreeMap<String, String>,
) -> Result<Option<BTreeMap<String, String>>, CloudError> {
    let read = aws.read.rds.describe_db_parameters().db_parameter_group_name(group).source("user");
    let answer = read.into_paginator().items().send().try_collect().await;
    let set: Option<Vec<Parameter>> = absent_is_none(answer.map_err(aws_error(READ)))?;
    let Some(set) = set else { return Ok(None) };
    let mut set: BTreeMap<String, String> = set.into_iter().filter_map(named_value).collect();
    let unseen: Vec<String> = recorded.keys().filter(|name| !set.contains_key(*name)).cloned().collect();
    let reads = unseen.chunks(AT_ONCE).map(|names| rows(aws, group, names.to_vec()));
    let unseen = try_join_all(reads).await?.into_iter().flatten().filter_map(named_value);
    let counts = |(name, value): &(String, String)| {
        recorded.get(name).is_some_and(|recorded| meaning(recorded) == meaning(value))
    };
    set.extend(unseen.filter(counts));
    Ok(Some(set))
}

fn named_value(parameter: Parameter) -> Option<(String, String)> {
    Some((parameter.parameter_name?, parameter.parameter_value?))
}

/// The rows of these parameters of a group.
async fn rows(aws: &Aws, group: &str, names: Vec<String>) -> Result<Vec<Parameter>, CloudError> {
    let filter = Filter::builder().name("parameter-name").set_values(Some(names)).build();
    let read = aws.read.rds.describe_db_parameters().db_parameter_group_name(group).filters(filter);
    read.into_paginator().items().send().try_collect().await.map_err(aws_error(READ))
}

/// The value as RDS keeps it where it is a truth: 0 or 1 ("Boolean expressions" of DB parameters, RDS User Guide). No parameter
/// takes both a word for a truth and its number for something else.
pub(crate) fn meaning(value: &str) -> &str {
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(value));
    match () {
        () if is_one_of(&["on", "true", "yes"]) => "1",
        () if is_one_of(&["off", "false", "no"]) => "0",
        () => value,
    }
}

/// True if the values come to the same in RDS.
pub(super) fn met(desired: &Value, observed: &Value) -> bool {
    let (Some(desired), Some(observed)) = (desired.as_object(), observed.as_object()) else {
        return desired == observed;
    };
    let same = |(name, value): (&String, &Value)| {
        observed.get(name).and_then(Value::as_str).map(meaning) == value.as_str().map(meaning)
    };
    desired.len() == observed.len() && desired.iter().all(same)
}

/// Parameters that RDS judges by each other, so that they have to be in one call: the limits of TLS, and the way in which passwords
/// are kept and taken.
const TOGETHER: &[&str] = &[
    "password_encryption",
    "rds.accepted_password_auth_method",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
];

/// Sets and resets what differs. Repeating it is harmless.
pub(super) async fn change(
    aws: &Aws,
    group: &str,
    observed: &BTreeMap<String, String>,
    desired: &BTreeMap<String, String>,
) -> Result<(), CloudError> {
    let differs =
        |name: &String, value: &String| observed.get(name).map(|one| meaning(one)) != Some(meaning(value));
    let set = desired.iter().filter(|(name, value)| differs(name, value));
    let set: Vec<Parameter> =
        set.map(|(name, value)| parameter(name).parameter_value(value).build()).collect();
    let reset = observed.keys().filter(|name| !desired.contains_key(*name));
    let reset: Vec<Parameter> = reset.map(|name| parameter(name).build()).collect();
    let (set, reset) = (in_order(set), in_order(reset));
    for chunk in set.chunks(AT_ONCE) {
        let call = aws.write.rds.modify_db_parameter_group().db_parameter_group_name(group);
        let call = call.set_parameters(Some(as_soon_as_possible(aws, group, chunk).await?));
        call.send().await.map_err(aws_error(MODIFY))?;
    }
    for chunk in reset.chunks(AT_ONCE) {
        let call = aws.write.rds.reset_db_parameter_group().db_parameter_group_name(group);
        let call = call.set_parameters(Some(as_soon_as_possible(aws, group, chunk).await?));
        call.reset_all_parameters(false).send().await.map_err(aws_error(RESET))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn truths_are_met_by_the_number_that_rds_keeps() {
        for (desired, observed, expected) in [
            (json!({ "jit": "off" }), json!({ "jit": "0" }), true),
            (json!({ "jit": "ON" }), json!({ "jit": "1" }), true),
            (json!({ "jit": "on" }), json!({ "jit": "0" }), false),
            (json!({ "jit": "on" }), json!({}), false),
            (json!({}), json!({ "jit": "1" }), false),
            (json!({ "work_mem": "1024" }), json!({ "work_mem": "1024" }), true),
        ] {
            assert_eq!(met(&desired, &observed), expected, "{desired} {observed}");
        }
    }

    #[test]
    fn what_rds_judges_together_is_in_one_call() {
        let names: Vec<String> = (0..30).map(|number| format!("a{number:02}")).collect();
        let all = names.iter().map(String::as_str).chain(TOGETHER.iter().copied());
        let ordered = in_order(all.map(|name| parameter(name).build()).collect());
        let first = ordered.chunks(AT_ONCE).next().expect("there are parameters");
        let has = |name: &&str| first.iter().any(|one| one.parameter_name() == Some(name));
        assert!(TOGETHER.iter().all(has), "{first:?}");
    }

    #[test]
    fn only_what_is_read_at_the_start_or_not_known_waits_for_a_reboot() {
        let with = |parameters: Value| Document::from_iter([("parameters".to_owned(), parameters)]);
        for (desired, observed, effect) in [
            (json!({ "work_mem": "1" }), json!({}), Effect::None),
            (json!({ "work_mem": "1" }), json!({ "work_mem": "2" }), Effect::None),
            (json!({ "max_connections": "100" }), json!({}), Effect::NextReboot),
            (json!({}), json!({ "max_connections": "100" }), Effect::NextReboot),
            (json!({ "rds.logical_replication": "1" }), json!({}), Effect::NextReboot),
            (json!({ "rds.force_ssl": "1" }), json!({ "rds.force_ssl": "0" }), Effect::AccessLoss),
            (json!({ "rds.force_ssl": "0" }), json!({ "rds.force_ssl": "1" }), Effect::NextReboot),
            (json!({}), json!({ "rds.force_ssl": "0" }), Effect::AccessLoss),
            (json!({}), json!({ "rds.force_ssl": "1" }), Effect::NextReboot),
            (json!({ "ssl_min_protocol_version": "TLSv1.3" }), json!({}), Effect::AccessLoss),
            // A truth has several words.
            (json!({ "rds.force_ssl": "on" }), json!({ "rds.force_ssl": "1" }), Effect::None),
            // A parameter that stays as it is costs nothing.
            (
                json!({ "max_connections": "100", "work_mem": "1" }),
                json!({ "max_connections": "100" }),
                Effect::None,
            ),
        ] {
            assert_eq!(cost(&with(desired), &with(observed)), OnChange::InPlace(effect));
        }
        let of = |family: &str, connections: &str| {
            let mut inputs = with(json!({ "max_connections": connections }));
            inputs.insert("family".to_owned(), family.into());
            inputs
        };
        let (before, after) = (of("postgres16", "100"), of("postgres17", "200"));
        assert_eq!(cost(&after, &before), OnChange::InPlace(Effect::None), "it is another group");
    }
}
