//! The data of a cache, and what is left of it when the cache is deleted.

use super::deletion::snapshot_name;
use super::live::Live;
use crate::engine::resource::{Holdings, Remark};

/// The account of the data: ElastiCache shows no size of it.
pub(super) fn remark(live: &Live) -> Remark {
    let days = live.group.snapshot_retention_limit().unwrap_or_default();
    let note = match days {
        0 => "it has no automatic snapshots".to_owned(),
        1 => "its automatic snapshots of 1 day are deleted with it".to_owned(),
        days => format!("its automatic snapshots of {days} days are deleted with it"),
    };
    Remark::Holds(Holdings { size_bytes: None, final_snapshot: Some(snapshot_name(live)), notes: vec![note] })
}
