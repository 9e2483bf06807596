//! The sizes, IOPS and throughput that RDS takes of each type of storage.

use super::Storage;

/// From this size on, in GiB, gp3 storage of PostgreSQL is striped: IOPS and throughput can be set, and RDS wants the
/// IOPS together with every change. Below it RDS refuses both (RDS User Guide, "gp3 storage").
pub(super) const STRIPED: i32 = 400;

/// The least and the most that striped gp3 storage has.
pub(super) const STRIPED_IOPS: (i32, i32) = (12_000, 64_000);

pub(super) const STRIPED_THROUGHPUT: (i32, i32) = (500, 4_000);

/// The IOPS that each MiB/s of gp3 needs.
pub(super) const IOPS_FOR_EACH_MIBPS: i32 = 4;

/// The least and the most IOPS of provisioned storage (RDS User Guide, "Provisioned IOPS SSD storage").
pub(super) const PROVISIONED_IOPS: (i32, i32) = (1_000, 256_000);

/// The smallest and the largest size of a storage type, in GiB (CreateDBInstance, AllocatedStorage).
pub(super) fn sizes(storage_type: &str) -> Option<(i32, i32)> {
    match storage_type {
        // Old databases have less gp2 than the 20 GiB with which RDS begins today; the offers of RDS say so of a new one.
        "gp2" => Some((5, 65_536)),
        "gp3" => Some((20, 65_536)),
        "io1" | "io2" => Some((100, 65_536)),
        "standard" => Some((5, 3_072)),
        _ => None,
    }
}

/// The most IOPS for each GiB of provisioned storage (RDS User Guide, "Provisioned IOPS SSD storage").
pub(super) fn iops_for_each_gib(storage_type: &str) -> Option<i32> {
    match storage_type {
        "io1" => Some(50),
        "io2" => Some(1_000),
        _ => None,
    }
}

/// True for each of IOPS and throughput that a create, a change or a restore may name with this storage. "You can't specify IOPS or
/// storage throughput for engine postgres and a storage size less than 400" is what RDS answers otherwise, though it shows the
/// included ones of a smaller gp3.
pub(in super::super) fn takes_iops_and_throughput(storage_type: &str, size: i64) -> (bool, bool) {
    match storage_type {
        "gp3" => (size >= i64::from(STRIPED), size >= i64::from(STRIPED)),
        other => (iops_for_each_gib(other).is_some(), false),
    }
}

/// The least value that is at least a tenth more (ModifyDBInstance, AllocatedStorage and Iops).
pub(super) fn a_tenth_more(value: i32) -> i32 {
    value.saturating_add(value / 10).saturating_add(i32::from(value % 10 != 0))
}

/// The size that comes of a change.
pub(in super::super) fn size_after(desired: &Storage, observed: &Storage) -> i32 {
    let (size, live) = (desired.allocated_storage, observed.allocated_storage);
    if size > live { size.max(a_tenth_more(live)) } else { live }
}

pub(super) fn outside(value: i32, (least, most): (i32, i32)) -> bool {
    !(least..=most).contains(&value)
}
