//! The rules over several fields of a cache.

use super::keys::{
    AT_ONCE, AT_REST, AUTHENTICATION, COUNT, ENGINE, ENGINE_VERSION, FAILOVER, KMS_KEY, MAINTENANCE_WINDOW,
    MULTI_AZ, PARAMETER_GROUP, SECRET, SNAPSHOT_WINDOW, TLS, TLS_MODE,
};
use super::version;
use crate::aws::kind::Check;
use crate::aws::kinds::tags;
use crate::engine::document::Document;
use crate::engine::resource::Invalid;
use crate::engine::window::Window;
use crate::stack::valkey::Version;

pub(super) const CHECKS: &[Check] =
    &[tags::check, availability, login, in_transit, at_rest, engine, family, version::check, windows];

/// The shortest window ("The minimum maintenance window is a 60 minute period", "Minimum: 60 minutes"; CreateReplicationGroup).
const SHORTEST: u32 = 60;

/// A failover needs a replica, and several zones need a failover (ModifyReplicationGroup, MultiAZEnabled: "Minimizing downtime in
/// ElastiCache by using Multi-AZ", ElastiCache User Guide).
fn availability(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let mut invalid = Vec::new();
    let fails_over = FAILOVER.of(wanted) == Some(true);
    if fails_over && COUNT.of(wanted) == Some(1) {
        let message = "needs a second node, which takes over: `nodes: 1` has none";
        let remedy = "write `nodes: 2`, or `automatic_failover: false` and `multi_az: false`";
        invalid.push(Invalid::new(FAILOVER.name, message).with(&["nodes"]).remedy(remedy));
    }
    if MULTI_AZ.of(wanted) == Some(true) && !fails_over {
        let message = "needs `automatic_failover: true`";
        invalid.push(Invalid::new(MULTI_AZ.name, message).with(&["automatic_failover"]).instead("false"));
    }
    invalid
}

/// "AuthToken can be specified only on replication groups where TransitEncryptionEnabled is true" (CreateReplicationGroup).
fn login(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    if AUTHENTICATION.of(wanted) != Some(true) {
        return Vec::new();
    }
    if TLS.of(wanted) == Some(false) {
        let message = "needs `transit_encryption: true`: AWS lets no password cross the network in clear";
        return vec![
            Invalid::new(AUTHENTICATION.name, message).with(&["transit_encryption"]).instead("false"),
        ];
    }
    let has_none = observed.is_none() && !wanted.contains_key(SECRET.name);
    let message = "of a new cache needs a password, and `password: unmanaged` gives it none";
    let invalid = || {
        Invalid::new(AUTHENTICATION.name, message)
            .with(&["password"])
            .remedy("write `password: managed`, or `authentication: false`")
            .of_new(true)
    };
    has_none.then(invalid).into_iter().collect()
}

/// "If you are enabling in-transit encryption for an existing cluster, you must also set TransitEncryptionMode to preferred", and the way
/// back goes by it too ("Enabling in-transit encryption", ElastiCache User Guide).
fn in_transit(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let mode = TLS_MODE.of(wanted);
    if TLS.of(wanted) == Some(false) && mode.is_some() {
        let message = "says how connections are encrypted, and `transit_encryption: false` encrypts none";
        return vec![
            Invalid::new(TLS_MODE.name, message).with(&["transit_encryption"]).remedy("leave it out"),
        ];
    }
    let Some(observed) = observed else { return Vec::new() };
    let preferred = Some("preferred".to_owned());
    let (on, was_on) = (TLS.of(wanted), TLS.of(observed));
    let message = match (was_on, on) {
        (Some(false), Some(true)) if mode != preferred => {
            "begins with `transit_encryption_mode: preferred` on a cache that is there; when all clients use TLS, write `required`"
        }
        (Some(true), Some(false)) if TLS_MODE.of(observed) != preferred => {
            "ends by way of `transit_encryption_mode: preferred`: apply that first"
        }
        _ => return Vec::new(),
    };
    let remedy = "write `transit_encryption: true` and `transit_encryption_mode: preferred`";
    vec![Invalid::new(TLS.name, message).with(&["transit_encryption_mode"]).remedy(remedy)]
}

fn at_rest(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let without = AT_REST.of(wanted) == Some(false) && wanted.contains_key(KMS_KEY.name);
    let invalid = || {
        Invalid::new(KMS_KEY.name, "needs `at_rest_encryption: true`")
            .with(&["at_rest_encryption"])
            .remedy("leave it out, or write `at_rest_encryption: true`")
    };
    without.then(invalid).into_iter().collect()
}

/// Without ApplyImmediately the call succeeds, and nothing happens (terraform-provider-aws#44632).
fn engine(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let becomes = observed.and_then(|observed| ENGINE.of(observed)).is_some_and(|live| live == "redis")
        && ENGINE.text(wanted) == Some("valkey");
    let invalid = || {
        let message = "becomes `valkey` at once or not at all: AWS queues no change of the engine";
        Invalid::new(ENGINE.name, message).allowed_by(AT_ONCE.name, "to change it now, with a failover")
    };
    (becomes && AT_ONCE.of(wanted) != Some(true)).then(invalid).into_iter().collect()
}

/// A group of parameters is of one family, and has to come with the version; ElastiCache shows no group that waits for the window
/// (PendingModifiedValues), so that nobody could tell whether it was asked for.
fn family(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let family = |inputs: &Document| {
        let version = Version::parse(&ENGINE_VERSION.of(inputs)?)?;
        Some(version.family(ENGINE.text(inputs)?))
    };
    let differs = observed.and_then(family).zip(family(wanted)).is_some_and(|(live, wanted)| live != wanted);
    let engine_stays = observed.and_then(|observed| ENGINE.of(observed)) == ENGINE.of(wanted);
    let has_group = wanted.contains_key(PARAMETER_GROUP.name);
    let invalid = || {
        let message = "of another family goes together with `parameters` at once or not at all";
        Invalid::new(ENGINE_VERSION.name, message).allowed_by(AT_ONCE.name, "to upgrade now, with a failover")
    };
    let refused = differs && engine_stays && has_group && AT_ONCE.of(wanted) != Some(true);
    refused.then(invalid).into_iter().collect()
}

fn windows(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let short = |window: Option<Window>| window.is_some_and(|window| window.minutes() < SHORTEST);
    let daily = SNAPSHOT_WINDOW.text(wanted).and_then(Window::daily);
    let weekly = MAINTENANCE_WINDOW.text(wanted).and_then(Window::weekly);
    let all = [(SNAPSHOT_WINDOW.name, daily), (MAINTENANCE_WINDOW.name, weekly)];
    let invalid = |field| Invalid::new(field, format!("must be at least {SHORTEST} minutes long"));
    all.into_iter().filter(|(_, window)| short(*window)).map(|(field, _)| invalid(field)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn inputs(more: Value) -> Document {
        let mut inputs = json!({
            "engine": "valkey", "engine_version": "8.1", "nodes": 2, "automatic_failover": true, "multi_az": true,
            "transit_encryption": true, "authentication": true, "password_secret_arn": "arn", "at_rest_encryption": true,
        });
        for (field, value) in more.as_object().expect("fields") {
            inputs[field] = value.clone();
        }
        let inputs = inputs.as_object().expect("fields").clone();
        inputs.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    #[test]
    fn every_rule_names_the_field_that_breaks_it() {
        let live = |more| Some(inputs(more));
        for (wanted, observed, expected) in [
            (json!({}), None, vec![]),
            (json!({ "nodes": 1 }), None, vec!["automatic_failover"]),
            (json!({ "nodes": 1, "automatic_failover": false, "multi_az": false }), None, vec![]),
            (json!({ "automatic_failover": false }), None, vec!["multi_az"]),
            (json!({ "transit_encryption": false }), None, vec!["authentication"]),
            (json!({ "transit_encryption": false, "authentication": false }), None, vec![]),
            (json!({ "password_secret_arn": null }), None, vec!["authentication"]),
            (json!({ "password_secret_arn": null }), live(json!({})), vec![]),
            (json!({}), live(json!({ "transit_encryption": false })), vec!["transit_encryption"]),
            (
                json!({ "transit_encryption_mode": "preferred" }),
                live(json!({ "transit_encryption": false })),
                vec![],
            ),
            (
                json!({ "transit_encryption": false, "authentication": false }),
                live(json!({ "transit_encryption_mode": "required" })),
                vec!["transit_encryption"],
            ),
            (
                json!({ "transit_encryption": false, "authentication": false }),
                live(json!({ "transit_encryption_mode": "preferred" })),
                vec![],
            ),
            (json!({ "at_rest_encryption": false, "kms_key_id": "k" }), None, vec!["kms_key_id"]),
            (json!({}), live(json!({ "engine": "redis", "engine_version": "7.1.0" })), vec!["engine"]),
            (
                json!({ "apply_immediately": true }),
                live(json!({ "engine": "redis", "engine_version": "7.1.0" })),
                vec![],
            ),
            (
                json!({ "engine_version": "8.0" }),
                live(json!({ "engine_version": "8.1.0" })),
                vec!["engine_version"],
            ),
            (
                json!({ "engine_version": "7.2" }),
                live(json!({ "engine_version": "8.1.0" })),
                vec!["engine_version"],
            ),
            (json!({ "engine_version": "8.2" }), live(json!({ "engine_version": "8.1.0" })), vec![]),
            (
                json!({ "engine_version": "9.0", "cache_parameter_group_name": "a-valkey9" }),
                live(json!({ "engine_version": "8.1.0" })),
                vec!["engine_version"],
            ),
            (json!({ "engine_version": "9.0" }), live(json!({ "engine_version": "8.1.0" })), vec![]),
            (json!({ "snapshot_window": "03:00-03:30" }), None, vec!["snapshot_window"]),
            (json!({ "maintenance_window": "sun:03:00-sun:03:59" }), None, vec!["maintenance_window"]),
        ] {
            let inputs = inputs(wanted.clone());
            let found = CHECKS.iter().flat_map(|check| check(&inputs, observed.as_ref()));
            let found: Vec<&str> = found.map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{wanted} from {observed:?}");
        }
    }
}
