//! Versions of caches: which live ones will do, and which steps ElastiCache takes.

use serde_json::Value;

use super::keys::{ENGINE, ENGINE_VERSION};
use crate::engine::document::Document;
use crate::engine::resource::Invalid;
use crate::stack::valkey::Version;

/// True if the observed version will do.
pub(super) fn met(desired: &Value, observed: &Value) -> bool {
    match (desired.as_str().and_then(Version::parse), observed.as_str().and_then(Version::parse)) {
        (Some(desired), Some(observed)) => observed.meets(&desired),
        _ => desired == observed,
    }
}

/// The version as ElastiCache takes it; `6.x` stays what it is.
pub(super) fn to_send(written: &str) -> String {
    match Version::parse(written).filter(|_| !written.ends_with(".x")) {
        Some(version) => version.to_send(),
        None => written.to_owned(),
    }
}

/// "You cannot downgrade to an earlier engine version" (CreateReplicationGroup, EngineVersion).
pub(super) fn check(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let texts = |inputs: &Document| {
        let (engine, version) = (ENGINE.of(inputs)?, ENGINE_VERSION.of(inputs)?);
        Some((engine, Version::parse(&version)?, version))
    };
    let Some((engine, desired, written)) = texts(wanted) else { return Vec::new() };
    let Some((live_engine, live, shown)) = observed.and_then(texts) else { return Vec::new() };
    if engine != live_engine || live.is_of(&desired) || live < desired {
        return Vec::new();
    }
    if live.meets(&desired) {
        let message = format!(
            "stays at {shown}, newer than {written}: ElastiCache does not downgrade; write {}",
            live.to_send()
        );
        return vec![Invalid::altered(ENGINE_VERSION.name, message)];
    }
    let message = format!("cannot go back from {shown} to {written}: ElastiCache does not downgrade");
    vec![Invalid::new(ENGINE_VERSION.name, message).instead(format!("\"{}\"", live.to_send()))]
}
