//! The fields that have to be sent together when storage changes.

use super::{FIELDS, STRIPED, STRIPED_IOPS, Storage, iops_for_each_gib};

/// The part of one ModifyDBInstance about storage.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in super::super) struct StorageChange {
    pub allocated_storage: Option<i32>,
    pub storage_type: Option<String>,
    pub iops: Option<i32>,
    pub storage_throughput: Option<i32>,
}

/// The storage's part of a change; `changed` says which fields differ.
pub(in super::super) fn change(
    desired: &Storage,
    observed: &Storage,
    changed: impl Fn(&str) -> bool,
) -> StorageChange {
    if !FIELDS.iter().any(|field| changed(field)) {
        return StorageChange::default();
    }
    // Live storage may have grown past what is written, and cannot shrink.
    let size = desired.allocated_storage.max(observed.allocated_storage);
    let iops = match desired.storage_type.as_str() {
        "gp3" if size >= STRIPED => {
            // Other kinds of storage may have had more than this one takes.
            let kept = observed.iops.map(|iops| iops.clamp(STRIPED_IOPS.0, STRIPED_IOPS.1));
            Some(desired.iops.or(kept).unwrap_or(STRIPED_IOPS.0))
        }
        provisioned if iops_for_each_gib(provisioned).is_some() => desired.iops.or(observed.iops),
        _ => None,
    };
    StorageChange {
        // With IOPS, RDS wants both ("must specify both the storage size and iops").
        allocated_storage: (changed("allocated_storage") || iops.is_some()).then_some(size),
        storage_type: changed("storage_type").then(|| desired.storage_type.clone()),
        storage_throughput: desired.storage_throughput.filter(|_| iops.is_some()),
        iops,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storage(storage_type: &str, size: i32, iops: Option<i32>, throughput: Option<i32>) -> Storage {
        Storage {
            storage_type: storage_type.to_owned(),
            allocated_storage: size,
            iops,
            storage_throughput: throughput,
            ..Storage::default()
        }
    }

    #[test]
    fn what_rds_wants_together_is_sent_together() {
        let sent = |size, kind: Option<&str>, iops, throughput| StorageChange {
            allocated_storage: size,
            storage_type: kind.map(str::to_owned),
            iops,
            storage_throughput: throughput,
        };
        let small = storage("gp3", 50, Some(3_000), Some(125));
        let large = storage("gp3", 500, Some(12_000), Some(500));
        let provisioned = storage("io1", 200, Some(2_000), None);
        for (observed, desired, fields, expected) in [
            // Below the threshold nothing but the size.
            (
                &small,
                storage("gp3", 100, None, None),
                vec!["allocated_storage"],
                sent(Some(100), None, None, None),
            ),
            // From storage with more than gp3 takes.
            (
                &storage("io2", 500, Some(100_000), None),
                storage("gp3", 500, None, None),
                vec!["storage_type"],
                sent(Some(500), Some("gp3"), Some(64_000), None),
            ),
            // Over it: from none to the baseline.
            (
                &small,
                storage("gp3", 400, None, None),
                vec!["allocated_storage"],
                sent(Some(400), None, Some(12_000), None),
            ),
            (
                &small,
                storage("gp3", 400, Some(20_000), Some(750)),
                vec!["allocated_storage", "iops", "storage_throughput"],
                sent(Some(400), None, Some(20_000), Some(750)),
            ),
            // Above it: never one without the other.
            (
                &large,
                storage("gp3", 500, Some(16_000), None),
                vec!["iops"],
                sent(Some(500), None, Some(16_000), None),
            ),
            (
                &large,
                storage("gp3", 600, None, None),
                vec!["allocated_storage"],
                sent(Some(600), None, Some(12_000), None),
            ),
            (
                &large,
                storage("gp3", 500, None, Some(750)),
                vec!["storage_throughput"],
                sent(Some(500), None, Some(12_000), Some(750)),
            ),
            // Live storage that has grown is not asked to shrink.
            (
                &large,
                storage("gp3", 450, Some(16_000), None),
                vec!["iops"],
                sent(Some(500), None, Some(16_000), None),
            ),
            (
                &provisioned,
                storage("io1", 200, Some(3_000), None),
                vec!["iops"],
                sent(Some(200), None, Some(3_000), None),
            ),
            (
                &provisioned,
                storage("gp3", 200, None, None),
                vec!["storage_type"],
                sent(None, Some("gp3"), None, None),
            ),
            (
                &small,
                storage("io2", 100, Some(1_000), None),
                vec!["allocated_storage", "storage_type", "iops"],
                sent(Some(100), Some("io2"), Some(1_000), None),
            ),
            (&large, storage("gp3", 500, Some(16_000), None), vec![], StorageChange::default()),
        ] {
            assert_eq!(change(&desired, observed, |field| fields.contains(&field)), expected, "{fields:?}");
        }
    }
}
