//! The data of a file system, and what is left of it when the file system is deleted.

use aws_sdk_efs::types::FileSystemDescription;

use crate::engine::resource::{Holdings, Remark};

/// EFS itself keeps nothing ("severing access to its contents", DeleteFileSystem, EFS API reference). What AWS Backup has
/// taken belongs to its vault ("Deleting backups", AWS Backup Developer Guide).
pub(super) fn remark(live: &FileSystemDescription, backup: bool) -> Remark {
    let arn = live.file_system_arn.as_deref().unwrap_or_default();
    let kept = format!("aws backup list-recovery-points-by-resource --resource-arn {arn}");
    let note = match backup {
        true => format!("AWS Backup keeps its backups until they expire, and takes no last one: {kept}"),
        false => format!("it has no automatic backups; what AWS Backup may have of it: {kept}"),
    };
    Remark::Holds(Holdings {
        // As EFS measured it last: "the value might be out of date by up to an hour" (FileSystemSize).
        size_bytes: live.size_in_bytes.as_ref().and_then(|size| u64::try_from(size.value).ok()),
        final_snapshot: None,
        notes: vec![note],
    })
}
