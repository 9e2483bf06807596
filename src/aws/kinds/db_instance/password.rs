//! The master password: its source, the reading of it, and what turning its management on means.

use std::error::Error;

use serde_json::Value;

use super::keys::PASSWORD;
use crate::aws::Aws;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::Invalid;
use crate::stack::password::{PasswordSource, Secret};

/// The source of the password, where it is known.
pub(super) fn source(document: &Document) -> Option<PasswordSource> {
    PASSWORD.text(document)?.parse().ok()
}

/// The password for a call; none where RDS manages it.
pub(super) fn read(aws: &Aws, wanted: &Document, operation: Call) -> Result<Option<Secret>, CloudError> {
    let Some(source) = source(wanted) else { return Ok(None) };
    source.read(aws.folder(), aws.variables()).map_err(|error| {
        let mut message = error.to_string();
        if let Some(cause) = error.source() {
            message = format!("{message}: {cause}");
        }
        CloudError::refused(operation, "Password", message)
    })
}

/// True if a password is as wanted: one that is left as it is always is.
pub(super) fn met(desired: &Value, observed: &Value) -> bool {
    is_unmanaged(desired) || desired == observed
}

fn is_unmanaged(source: &Value) -> bool {
    source.as_str().and_then(|source| source.parse().ok()) == Some(PasswordSource::Unmanaged)
}

/// RDS makes a new password when it begins to manage it (RDS User Guide, "Password management with Amazon RDS and AWS Secrets
/// Manager").
pub(super) fn check(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let managed = Some(PasswordSource::Managed);
    let source = PASSWORD.text(wanted);
    let begins =
        self::source(wanted) == managed && observed.is_some_and(|observed| self::source(observed) != managed);
    let what = "managed gives the database a new master password, which is then in Secrets Manager: clients that have the one of \
                now are refused when they connect next; `env:NAME` or `file:PATH` with the one of now keeps it";
    let missing = "must be `managed`, `unmanaged`, `env:NAME` or `file:PATH`";
    let begins = begins.then(|| Invalid::altered(PASSWORD.name, what));
    begins.into_iter().chain(source.is_none().then(|| Invalid::new(PASSWORD.name, missing))).collect()
}
