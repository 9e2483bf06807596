//! The protection of a file system against being overwritten as the destination of a replication.

use serde_json::Value;

use super::OVERWRITE;
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;

pub(super) const UPDATE: Call = Call::new("elasticfilesystem:UpdateFileSystemProtection", super::OURS);
/// The status that EFS shows while the file system is the destination of a replication.
pub(crate) const REPLICATING: &str = "REPLICATING";

/// True if the live status will do. A destination can be overwritten: that is what it is for.
pub(super) fn met(desired: &Value, observed: &Value) -> bool {
    desired == observed || (desired == "DISABLED" && observed == REPLICATING)
}

/// Turns the protection on or off.
pub(super) async fn set(aws: &Aws, id: &str, observed: &Document, wanted: &str) -> Result<(), CloudError> {
    // ReplicationAlreadyExists: it cannot be set on the destination of a replication. EFS protects it again when that ends, and a plan that
    // ends none is refused by the checks.
    if OVERWRITE.of(observed).is_some_and(|status| status == REPLICATING) {
        return Ok(());
    }
    let update = aws.write.efs.update_file_system_protection().file_system_id(id);
    let answer = update.replication_overwrite_protection(wanted.into()).send().await;
    answer.map(drop).map_err(aws_error(UPDATE))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{found, sample};
    use super::*;

    #[test]
    fn a_destination_counts_as_unprotected() {
        for (desired, observed, is_met, refused) in [
            ("ENABLED", "ENABLED", true, false),
            ("ENABLED", "DISABLED", false, false),
            ("DISABLED", "ENABLED", false, false),
            ("DISABLED", REPLICATING, true, false),
            ("ENABLED", REPLICATING, false, false),
            (REPLICATING, "ENABLED", false, true),
        ] {
            assert_eq!(met(&desired.into(), &observed.into()), is_met, "{desired} {observed}");
            let with = |status: &str| sample(json!({ "replication_overwrite_protection": status }));
            let found = found(&with(desired), Some(&with(observed)));
            assert_eq!(!found.is_empty(), refused, "{desired} {observed}");
        }
    }
}
