//! Parameters of a group: what was set, what a change costs, and how it is made.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticache::types::{Parameter, ParameterNameValue};
use serde_json::Value;

use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Effect, OnChange};

pub(super) const READ: Call = Call::read("elasticache:DescribeCacheParameters");
pub(super) const MODIFY: Call = Call::new("elasticache:ModifyCacheParameterGroup", super::OURS);
const RESET: Call = Call::new("elasticache:ResetCacheParameterGroup", super::OURS);
/// The calls that change parameters.
pub(super) const CALLS: &[Call] = &[MODIFY, RESET];

/// "A maximum of 20 parameters may be modified per request" (ModifyCacheParameterGroup, ParameterNameValues).
const AT_ONCE: usize = 20;

/// Parameters whose change counts at once ("Valkey and Redis OSS parameters", ElastiCache User Guide: "Changes take effect: Immediately").
/// Of others only ElastiCache knows (Parameter, ChangeType): the worse is said.
const COUNT_AT_ONCE: &[&str] = &[
    "activedefrag",
    "lazyfree-lazy-eviction",
    "lazyfree-lazy-expire",
    "lazyfree-lazy-server-del",
    "maxmemory-policy",
    "maxmemory-samples",
    "notify-keyspace-events",
    "slowlog-log-slower-than",
    "slowlog-max-len",
    "tcp-keepalive",
    "timeout",
];

pub(super) fn cost(desired: &Document, observed: &Document) -> OnChange {
    // The parameters of a new group are a matter of the caches that move to it.
    if desired.get("family") != observed.get("family") {
        return OnChange::InPlace(Effect::None);
    }
    let of =
        |inputs: &Document| inputs.get("parameters").and_then(Value::as_object).cloned().unwrap_or_default();
    let (desired, observed) = (of(desired), of(observed));
    let names: BTreeSet<&String> = desired.keys().chain(observed.keys()).collect();
    let waits = |name: &&&String| {
        desired.get(**name) != observed.get(**name) && !COUNT_AT_ONCE.contains(&name.as_str())
    };
    let any = names.iter().any(|name| waits(&name));
    OnChange::InPlace(if any { Effect::NextReboot } else { Effect::None })
}

/// The parameters of a group that a user set, unless the group is gone. Whether one that is set to its default is shown as a user's, no
/// page says: of the recorded ones the value alone counts.
pub(super) async fn set(
    aws: &Aws,
    group: &str,
    recorded: &BTreeMap<String, String>,
) -> Result<Option<BTreeMap<String, String>>, CloudError> {
    let Some(set) = read(aws, group, Some("user")).await? else { return Ok(None) };
    let mut set: BTreeMap<String, String> = set.into_iter().filter_map(named_value).collect();
    if recorded.keys().any(|name| !set.contains_key(name)) {
        let all = read(aws, group, None).await?.unwrap_or_default();
        let unseen = all.into_iter().filter_map(named_value);
        let unseen: Vec<_> = unseen
            .filter(|(name, value)| !set.contains_key(name) && recorded.get(name) == Some(value))
            .collect();
        set.extend(unseen);
    }
    Ok(Some(set))
}

async fn read(aws: &Aws, group: &str, source: Option<&str>) -> Result<Option<Vec<Parameter>>, CloudError> {
    let read = aws.read.elasticache.describe_cache_parameters().cache_parameter_group_name(group);
    let mut read = read.set_source(source.map(str::to_owned));
    let mut all = Vec::new();
    // A page has two lists, so that the SDK has no items of it.
    loop {
        let answer = absent_is_none(read.clone().send().await.map_err(aws_error(READ)))?;
        let Some(page) = answer else { return Ok(None) };
        all.extend(page.parameters.unwrap_or_default());
        match page.marker.filter(|marker| !marker.is_empty()) {
            Some(marker) => read = read.marker(marker),
            None => return Ok(Some(all)),
        }
    }
}

fn named_value(parameter: Parameter) -> Option<(String, String)> {
    Some((parameter.parameter_name?, parameter.parameter_value?))
}

/// Sets and resets what differs. Repeating it is harmless.
pub(super) async fn change(
    aws: &Aws,
    group: &str,
    observed: &BTreeMap<String, String>,
    desired: &BTreeMap<String, String>,
) -> Result<(), CloudError> {
    let one = |name: &str, value: &str| {
        ParameterNameValue::builder().parameter_name(name).parameter_value(value).build()
    };
    let set = desired.iter().filter(|(name, value)| observed.get(*name) != Some(*value));
    let set: Vec<ParameterNameValue> = set.map(|(name, value)| one(name, value)).collect();
    let reset = observed.iter().filter(|(name, _)| !desired.contains_key(*name));
    let reset: Vec<ParameterNameValue> = reset.map(|(name, value)| one(name, value)).collect();
    for chunk in set.chunks(AT_ONCE) {
        let call = aws.write.elasticache.modify_cache_parameter_group().cache_parameter_group_name(group);
        let call = call.set_parameter_name_values(Some(chunk.to_vec()));
        call.send().await.map_err(aws_error(MODIFY))?;
    }
    for chunk in reset.chunks(AT_ONCE) {
        let call = aws.write.elasticache.reset_cache_parameter_group().cache_parameter_group_name(group);
        let call = call.reset_all_parameters(false).set_parameter_name_values(Some(chunk.to_vec()));
        call.send().await.map_err(aws_error(RESET))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_not_known_to_count_at_once_waits_for_a_reboot() {
        let with = |parameters: Value| Document::from_iter([("parameters".to_owned(), parameters)]);
        for (desired, observed, effect) in [
            (json!({ "maxmemory-policy": "noeviction" }), json!({}), Effect::None),
            (json!({}), json!({ "timeout": "60" }), Effect::None),
            (json!({ "databases": "32" }), json!({}), Effect::NextReboot),
            (json!({ "something-new": "1" }), json!({}), Effect::NextReboot),
            (json!({ "databases": "32", "timeout": "1" }), json!({ "databases": "32" }), Effect::None),
        ] {
            assert_eq!(cost(&with(desired), &with(observed)), OnChange::InPlace(effect));
        }
    }
}
