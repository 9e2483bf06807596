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
