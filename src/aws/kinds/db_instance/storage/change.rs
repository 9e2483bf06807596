//! The fields that have to be sent together when storage changes.

use super::bounds::{STRIPED, STRIPED_IOPS, STRIPED_THROUGHPUT, iops_for_each_gib};
use super::{FIELDS, SIZE, Storage, TYPE, There};

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
    there: There<'_>,
    changed: impl Fn(&str) -> bool,
) -> StorageChange {
    if !FIELDS.iter().any(|field| changed(field)) {
        return StorageChange::default();
    }
    // Live storage may have grown past what is written, and cannot shrink.
    let size = desired.allocated_storage.max(there.in_force.allocated_storage);
    let iops = desired.iops.or_else(|| there.kept_iops(&desired.storage_type));
    let iops = match desired.storage_type.as_str() {
        // Other kinds of storage, and smaller ones, may have had more or less than this one takes.
        "gp3" if size >= STRIPED => Some(within(iops.unwrap_or_default(), STRIPED_IOPS)),
        provisioned if iops_for_each_gib(provisioned).is_some() => iops,
        _ => None,
    };
    let throughput = desired.storage_throughput.map(|throughput| within(throughput, STRIPED_THROUGHPUT));
    StorageChange {
        // With IOPS, RDS wants both ("must specify both the storage size and iops").
        allocated_storage: (changed(SIZE) || iops.is_some()).then_some(size),
        storage_type: changed(TYPE).then(|| desired.storage_type.clone()),
        storage_throughput: throughput.filter(|_| iops.is_some()),
        iops,
    }
}

fn within(value: i32, (least, most): (i32, i32)) -> i32 {
    value.clamp(least, most)
}

/// The IOPS that a change sends although none are written, where the database would not have them without it.
pub(in super::super) fn along(
    desired: &Storage,
    there: There<'_>,
    changed: impl Fn(&str) -> bool,
) -> Option<i32> {
    let sent = change(desired, there, changed).iops.filter(|_| desired.iops.is_none());
    sent.filter(|iops| there.coming.iops != Some(*iops))
}

#[cfg(test)]
mod tests {
    use super::super::{IOPS, storage};
    use super::*;

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
            let there = There { coming: observed, in_force: observed };
            assert_eq!(change(&desired, there, |field| fields.contains(&field)), expected, "{fields:?}");
        }
    }

    #[test]
    fn what_is_sent_and_not_written_starts_from_what_is_in_force() {
        let striped = storage("gp3", 500, Some(20_000), Some(750));
        let queued = storage("io2", 500, Some(4_000), None);
        for (desired, coming, in_force, changed, iops) in [
            // A queued type is taken back, and with it the IOPS that were queued beside it.
            (storage("gp3", 500, None, None), &queued, &striped, TYPE, Some(20_000)),
            // A queued type that stays wanted has its own.
            (storage("io2", 600, None, None), &queued, &striped, SIZE, None),
            (
                storage("gp3", 500, None, None),
                &storage("io2", 500, Some(100_000), None),
                &storage("io2", 500, Some(100_000), None),
                TYPE,
                Some(64_000),
            ),
            (
                storage("gp3", 400, None, None),
                &storage("gp3", 50, Some(3_000), Some(125)),
                &storage("gp3", 50, Some(3_000), Some(125)),
                SIZE,
                Some(12_000),
            ),
            // What it has, and keeps.
            (storage("gp3", 600, None, None), &striped, &striped, SIZE, None),
            (storage("gp3", 500, Some(16_000), None), &striped, &striped, IOPS, None),
        ] {
            let there = There { coming, in_force };
            assert_eq!(along(&desired, there, |field| field == changed), iops, "{desired:?}");
        }
        let there = There { coming: &queued, in_force: &striped };
        let kept = change(&storage("io2", 600, None, None), there, |field| field == SIZE);
        assert_eq!(kept.iops, Some(4_000));
    }
}
