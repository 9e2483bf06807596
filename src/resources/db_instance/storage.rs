//! Storage of a database: what RDS takes of sizes, IOPS and throughput, and what has to be sent together.
//! Knows nothing of the rest of a database.

use super::DbInstance;
use crate::resource::Invalid;

/// From this size on, in GiB, gp3 storage of PostgreSQL is striped: IOPS and throughput can be set, and RDS wants the
/// IOPS together with every change. Below it RDS refuses both (RDS User Guide, "gp3 storage").
const STRIPED: i32 = 400;
/// What striped gp3 storage has at least.
const BASELINE_IOPS: i32 = 12_000;
const BASELINE_THROUGHPUT: i32 = 500;

/// The smallest and the largest size of a storage type, in GiB (CreateDBInstance, AllocatedStorage).
fn sizes(storage_type: &str) -> Option<(i32, i32)> {
    match storage_type {
        "gp2" | "gp3" => Some((20, 65_536)),
        "io1" | "io2" => Some((100, 65_536)),
        "standard" => Some((5, 3_072)),
        _ => None,
    }
}

/// The most IOPS for each GiB of provisioned storage (RDS User Guide, "Provisioned IOPS SSD storage").
fn iops_for_each_gib(storage_type: &str) -> Option<i32> {
    match storage_type {
        "io1" => Some(50),
        "io2" => Some(1_000),
        _ => None,
    }
}

/// What RDS would refuse of the storage, and of the way to it from the live one.
pub(super) fn check(desired: &DbInstance, observed: Option<&DbInstance>) -> Vec<Invalid> {
    let DbInstance { storage_type, allocated_storage: size, iops, storage_throughput, .. } = desired;
    let Some((smallest, largest)) = sizes(storage_type) else {
        return vec![Invalid::new("storage_type", "must be gp3, gp2, io1, io2 or standard")];
    };
    let mut invalid = Vec::new();
    let mut complain = |field, message: String| invalid.push(Invalid::new(field, message));

    if !(smallest..=largest).contains(size) {
        complain(
            "allocated_storage",
            format!("must be {smallest} to {largest} GiB with {storage_type}, not {size}"),
        );
    }
    // RDS rounds small steps up to a tenth of the size; what is more than that somebody added.
    if let Some(live) = observed.map(|observed| observed.allocated_storage)
        && i64::from(live) * 10 > i64::from(*size) * 11
    {
        complain("allocated_storage", format!("cannot shrink from {live} to {size} GiB"));
    }

    match (storage_type.as_str(), iops) {
        ("gp3", Some(_)) if *size < STRIPED => {
            complain("iops", format!("cannot be set with less than {STRIPED} GiB of gp3"));
        }
        ("gp3", Some(iops)) if *iops < BASELINE_IOPS => {
            complain(
                "iops",
                format!("must be at least {BASELINE_IOPS} with {STRIPED} GiB of gp3 or more, not {iops}"),
            );
        }
        ("gp2" | "standard", Some(_)) => complain("iops", format!("cannot be set with {storage_type}")),
        (provisioned, None) if iops_for_each_gib(provisioned).is_some() => {
            complain("iops", format!("must be set with {provisioned}"));
        }
        (provisioned, Some(iops)) => {
            if let Some(most) = iops_for_each_gib(provisioned)
                && !(i64::from(*size)..=i64::from(*size) * i64::from(most) * 2)
                    .contains(&(i64::from(*iops) * 2))
            {
                complain(
                    "iops",
                    format!("must be 0.5 to {most} times the GiB of {provisioned}, not {iops} for {size}"),
                );
            }
        }
        _ => {}
    }

    match storage_throughput {
        Some(_) if storage_type != "gp3" => {
            complain("storage_throughput", format!("cannot be set with {storage_type}"));
        }
        Some(_) if *size < STRIPED => {
            complain("storage_throughput", format!("cannot be set with less than {STRIPED} GiB of gp3"));
        }
        Some(throughput) if *throughput < BASELINE_THROUGHPUT => complain(
            "storage_throughput",
            format!(
                "must be at least {BASELINE_THROUGHPUT} MiB/s with {STRIPED} GiB of gp3 or more, not {throughput}"
            ),
        ),
        _ => {}
    }
    invalid
}

/// What one ModifyDBInstance says of storage.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct StorageChange {
    pub allocated_storage: Option<i32>,
    pub storage_type: Option<String>,
    pub iops: Option<i32>,
    pub storage_throughput: Option<i32>,
}

/// The storage's part of a change; `changed` says which fields differ.
pub(super) fn change(
    desired: &DbInstance,
    observed: &DbInstance,
    changed: impl Fn(&str) -> bool,
) -> StorageChange {
    if !["allocated_storage", "storage_type", "iops", "storage_throughput"].into_iter().any(&changed) {
        return StorageChange::default();
    }
    // Live storage may have grown past what is written, and cannot shrink.
    let size = desired.allocated_storage.max(observed.allocated_storage);
    let iops = match desired.storage_type.as_str() {
        "gp3" if size >= STRIPED => {
            let kept = observed.iops.filter(|iops| *iops >= BASELINE_IOPS);
            Some(desired.iops.or(kept).unwrap_or(BASELINE_IOPS))
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
    use super::super::sample;
    use super::*;

    fn storage(storage_type: &str, size: i32, iops: Option<i32>, throughput: Option<i32>) -> DbInstance {
        DbInstance {
            storage_type: storage_type.to_owned(),
            allocated_storage: size,
            iops,
            storage_throughput: throughput,
            ..sample::database()
        }
    }

    fn invalid_fields(desired: &DbInstance, observed: Option<&DbInstance>) -> Vec<&'static str> {
        check(desired, observed).into_iter().map(|invalid| invalid.field).collect()
    }

    #[test]
    fn sizes_iops_and_throughput_have_bounds_that_depend_on_each_other() {
        const SIZE: &str = "allocated_storage";
        const THROUGHPUT: &str = "storage_throughput";
        for (kind, size, iops, throughput, expected) in [
            ("gp3", 20, None, None, vec![]),
            ("gp3", 19, None, None, vec![SIZE]),
            ("gp3", 65_536, None, None, vec![]),
            ("gp3", 65_537, None, None, vec![SIZE]),
            ("gp3", 399, Some(12_000), None, vec!["iops"]),
            ("gp3", 399, None, Some(500), vec![THROUGHPUT]),
            ("gp3", 400, None, None, vec![]),
            ("gp3", 400, Some(12_000), Some(500), vec![]),
            ("gp3", 400, Some(11_999), Some(499), vec!["iops", THROUGHPUT]),
            ("gp2", 100, Some(3_000), None, vec!["iops"]),
            ("gp2", 500, None, Some(500), vec![THROUGHPUT]),
            ("io1", 100, None, None, vec!["iops"]),
            ("io1", 99, Some(1_000), None, vec![SIZE]),
            ("io1", 100, Some(50), None, vec![]),
            ("io1", 100, Some(49), None, vec!["iops"]),
            ("io1", 100, Some(5_000), None, vec![]),
            ("io1", 100, Some(5_001), None, vec!["iops"]),
            ("io2", 100, Some(5_001), None, vec![]),
            ("io2", 100, Some(100_001), None, vec!["iops"]),
            ("io2", 100, Some(1_000), Some(500), vec![THROUGHPUT]),
            ("standard", 5, None, None, vec![]),
            ("standard", 3_073, None, None, vec![SIZE]),
            ("ssd", 0, Some(0), Some(0), vec!["storage_type"]),
        ] {
            let found = invalid_fields(&storage(kind, size, iops, throughput), None);
            assert_eq!(found, expected, "{kind} {size} {iops:?} {throughput:?}");
        }
    }

    #[test]
    fn storage_cannot_shrink_but_may_have_been_rounded_up() {
        for (desired, observed, expected) in
            [(50, 50, vec![]), (60, 50, vec![]), (52, 55, vec![]), (50, 56, vec!["allocated_storage"])]
        {
            let (desired, observed) =
                (storage("gp3", desired, None, None), storage("gp3", observed, None, None));
            assert_eq!(invalid_fields(&desired, Some(&observed)), expected);
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
