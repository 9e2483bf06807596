//! The protection of a file system against being overwritten as the destination of a replication.

use serde_json::Value;

use super::EfsFileSystem;
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::resource::Invalid;

pub(super) const UPDATE: Call = Call::new("elasticfilesystem:UpdateFileSystemProtection", super::OURS);
/// The status that EFS shows while the file system is the destination of a replication.
const REPLICATING: &str = "REPLICATING";

/// True if the live status will do. A destination can be overwritten: that is what it is for.
pub(super) fn met(desired: &Value, observed: &Value) -> bool {
    desired == observed || (desired == "DISABLED" && observed == REPLICATING)
}

/// Finds what EFS would refuse of it.
pub(super) fn check(desired: &EfsFileSystem, observed: Option<&EfsFileSystem>) -> Option<Invalid> {
    let invalid = |message: &str| Some(Invalid::new("replication_overwrite_protection", message));
    let wanted = desired.replication_overwrite_protection.as_deref()?;
    let live = observed.and_then(|live| live.replication_overwrite_protection.as_deref());
    match (wanted, live) {
        ("ENABLED", Some(REPLICATING)) => invalid(
            "cannot be turned on while the file system is the destination of a replication: delete that first",
        ),
        ("ENABLED" | "DISABLED", _) => None,
        _ => invalid("must be `ENABLED` or `DISABLED`"),
    }
}

/// Turns the protection on or off.
pub(super) async fn set(
    aws: &Aws,
    id: &str,
    observed: &EfsFileSystem,
    wanted: &str,
) -> Result<(), CloudError> {
    // ReplicationAlreadyExists: it cannot be set on the destination of a replication.
    if observed.replication_overwrite_protection.as_deref() == Some(REPLICATING) {
        return Ok(());
    }
    let update = aws.write.efs.update_file_system_protection().file_system_id(id);
    let answer = update.replication_overwrite_protection(wanted.into()).send().await;
    answer.map(drop).map_err(aws_error(UPDATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_counts_as_unprotected_and_cannot_be_protected() {
        for (desired, observed, is_met, refused) in [
            ("ENABLED", "ENABLED", true, false),
            ("ENABLED", "DISABLED", false, false),
            ("DISABLED", "ENABLED", false, false),
            ("DISABLED", REPLICATING, true, false),
            ("ENABLED", REPLICATING, false, true),
            (REPLICATING, "ENABLED", false, true),
        ] {
            assert_eq!(met(&desired.into(), &observed.into()), is_met, "{desired} {observed}");
            let with = |status: &str| EfsFileSystem {
                replication_overwrite_protection: Some(status.to_owned()),
                ..EfsFileSystem::sample()
            };
            let found = check(&with(desired), Some(&with(observed)));
            assert_eq!(found.is_some(), refused, "{desired} {observed}");
        }
    }
}
