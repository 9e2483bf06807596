//! The backups of a file system that was deleted, which AWS Backup keeps.

use serde_json::Value;

use super::{AGAIN, Remains};
use crate::engine::address::Address;
use crate::engine::remedy::{Remedy, Way};
use crate::engine::state::Lost;

/// EFS itself keeps nothing. Recovery points belong to their vault, and stay in it until they expire (AWS Backup Developer
/// Guide, "Deleting backups").
pub(super) fn remains(address: &Address, lost: &Lost) -> Remains {
    let arn = lost.outputs.get("arn").and_then(Value::as_str).unwrap_or("ARN");
    Remains {
        left: format!(
            "EFS keeps nothing of it, AWS Backup keeps its backups until they expire; to see them: aws backup \
             list-recovery-points-by-resource --resource-arn {arn}"
        ),
        restore: Some(Way::to(
            AGAIN,
            [
                Remedy::by_hand("restore a backup to a new file system"),
                Remedy::Import { address: address.clone(), id: "ID".to_owned() },
            ],
        )),
    }
}
