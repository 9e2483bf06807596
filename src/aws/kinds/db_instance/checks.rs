//! The rules over several fields of a database, and those that a row cannot say.

use super::keys::{
    ALLOW_MAJOR, AT_ONCE, BACKUP_WINDOW, ENCRYPTED, ENGINE_VERSION, KMS_KEY, LOG_VOLUME, MAINTENANCE_WINDOW,
    NETWORK_TYPE, PASSWORD, SECRET_KEY, STORAGE_TYPE,
};
use super::storage::Storage;
use super::windows::Windows;
use super::{domain, insights, monitoring, names, password, reservation, version};
use crate::aws::kind::Check;
use crate::aws::kinds::tags;
use crate::engine::document::Document;
use crate::engine::resource::Invalid;

/// Every rule.
pub(super) const CHECKS: &[Check] = &[
    tags::check,
    names::check,
    upgrade,
    password::check,
    storage,
    insights::check,
    monitoring::check,
    windows,
    key_needs_encryption,
    secret_key,
    log_volume,
    network_type,
    domain::check,
    reservation::check,
];

fn upgrade(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let Some(version) = ENGINE_VERSION.text(wanted) else { return Vec::new() };
    let observed = observed.and_then(|observed| ENGINE_VERSION.text(observed));
    version::check(version, observed, ALLOW_MAJOR.of(wanted) == Some(true)).into_iter().collect()
}

fn storage(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let Some(wanted) = Storage::of(wanted) else { return Vec::new() };
    super::storage::check(&wanted, observed.and_then(Storage::of).as_ref())
}

fn windows(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    fn of(document: &Document) -> Windows<'_> {
        Windows { backup: BACKUP_WINDOW.text(document), maintenance: MAINTENANCE_WINDOW.text(document) }
    }
    super::windows::check(of(wanted), observed.map(of).unwrap_or_default())
}

fn key_needs_encryption(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let is_bare = KMS_KEY.text(wanted).is_some() && ENCRYPTED.of(wanted) != Some(true);
    let invalid = || {
        Invalid::new(KMS_KEY.name, "needs `storage_encrypted: true`")
            .with(&[ENCRYPTED.name])
            .remedy("write that too, or leave it out")
    };
    is_bare.then(invalid).into_iter().collect()
}

/// The key of a secret is chosen once (ModifyDBInstance, MasterUserSecretKmsKeyId).
fn secret_key(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let Some(key) = SECRET_KEY.text(wanted) else { return Vec::new() };
    if PASSWORD.text(wanted) != Some("managed") {
        let invalid = Invalid::new(SECRET_KEY.name, "needs `password: managed`").with(&["password"]);
        return vec![invalid.remedy("write that too, or leave it out")];
    }
    let kept = observed.and_then(|observed| SECRET_KEY.text(observed)).filter(|kept| *kept != key);
    let invalid = |kept: &str| {
        Invalid::new(SECRET_KEY.name, "cannot change: RDS keeps the key that the secret began with")
            .instead(kept)
    };
    kept.map(invalid).into_iter().collect()
}

/// "Using a dedicated log volume (DLV)", RDS User Guide.
fn log_volume(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let storage = STORAGE_TYPE.text(wanted).unwrap_or_default();
    let invalid = || {
        Invalid::new(LOG_VOLUME.name, format!("needs `storage_type: io1` or `io2`, not {storage}"))
            .with(&["storage_type"])
            .remedy(format!("write one of these, or `{}: false`", LOG_VOLUME.name))
    };
    // What is not written stays as it is.
    let has = LOG_VOLUME.of(wanted).or(observed.and_then(|observed| LOG_VOLUME.of(observed)));
    let fits = has != Some(true) || ["io1", "io2"].contains(&storage);
    (!fits).then(invalid).into_iter().collect()
}

/// RDS does not show a change of it that waits for the window (PendingModifiedValues, RDS API reference): every plan until then would
/// ask for it once more.
fn network_type(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let now = observed.and_then(|observed| NETWORK_TYPE.text(observed));
    let differs = NETWORK_TYPE.text(wanted).zip(now).is_some_and(|(wanted, now)| wanted != now);
    let invalid = || {
        Invalid::new(
            NETWORK_TYPE.name,
            "changes at once alone: RDS does not show whether it waits for the maintenance window",
        )
        .with(&[AT_ONCE.name])
        .remedy("write `apply_immediately: true` for this change")
    };
    (differs && AT_ONCE.of(wanted) != Some(true)).then(invalid).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample;
    use super::*;

    #[test]
    fn a_network_type_changes_at_once_or_not_at_all() {
        let with = |network: &str, at_once: bool| {
            sample::with(json!({ "network_type": network, "apply_immediately": at_once }))
        };
        for (wanted, observed, is_refused) in [
            (with("DUAL", false), None, false),
            (with("DUAL", false), Some(with("IPV4", false)), true),
            (with("DUAL", true), Some(with("IPV4", false)), false),
            (with("DUAL", false), Some(with("DUAL", false)), false),
            (sample::database(), Some(with("DUAL", false)), false),
        ] {
            assert_eq!(!network_type(&wanted, observed.as_ref()).is_empty(), is_refused, "{wanted:?}");
        }
    }
}
