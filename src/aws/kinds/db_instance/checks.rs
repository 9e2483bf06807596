//! The rules over several fields of a database, and those that a row cannot say.

use super::keys::{ALLOW_MAJOR, BACKUP_WINDOW, ENCRYPTED, ENGINE_VERSION, KMS_KEY, MAINTENANCE_WINDOW};
use super::storage::Storage;
use super::windows::Windows;
use super::{insights, names, parameters, password, version};
use crate::aws::kind::Check;
use crate::aws::kinds::tags;
use crate::engine::document::Document;
use crate::engine::resource::Invalid;

/// Every rule.
pub(super) const CHECKS: &[Check] = &[
    tags::check,
    names::check,
    upgrade,
    parameters::check,
    password::check,
    storage,
    insights::check,
    windows,
    key_needs_encryption,
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
    let invalid = || Invalid::new(KMS_KEY.name, "needs `storage_encrypted: true`");
    is_bare.then(invalid).into_iter().collect()
}
