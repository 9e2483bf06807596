//! The master password: its source, the reading of it, and what turning its management on means.

use std::error::Error;

use serde_json::Value;

use super::keys::PASSWORD;
use crate::aws::{Aws, Service};
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
    let secret = source.read(aws.folder(), aws.variables()).map_err(|error| {
        let mut message = error.to_string();
        if let Some(cause) = error.source() {
            message = format!("{message}: {cause}");
        }
        CloudError::refused(operation, "Password", message)
    })?;
    match aws.unencrypted_endpoint(Service::Rds).filter(|_| secret.is_some()) {
        Some(url) => Err(CloudError::refused(operation, "Unencrypted", in_the_open(url))),
        None => Ok(secret),
    }
}

/// Why no password is sent to an endpoint.
pub(crate) fn in_the_open(url: &str) -> String {
    format!("a password is sent by https, or to this machine, and {url} is neither")
}

/// The error without the password: AWS may repeat what it was sent.
pub(crate) fn masked(error: CloudError, secret: Option<&Secret>) -> CloudError {
    let Some(secret) = secret else { return error };
    CloudError { message: error.message.replace(secret.expose(), "(secret)"), ..error }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_password_that_rds_repeats_is_masked() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("password"), "a-canary-of-a-password\n")
            .expect("it can be written");
        let source = PasswordSource::File(folder.path().join("password").display().to_string());
        let secret = source.read(Path::new(""), |_| None).expect("it is fit");
        let call = Call::free("rds:CreateDBInstance");
        let said = CloudError::refused(call, "InvalidParameterValue", "`a-canary-of-a-password` is no good");
        assert_eq!(masked(said.clone(), secret.as_ref()).message, "`(secret)` is no good");
        assert_eq!(masked(said.clone(), None), said);
    }
}
