//! Storage of a database: the fields that are one thing to RDS.

mod bounds;
mod change;
mod check;

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::aws::kind::Kind;
use crate::aws::row;
use crate::engine::diff;
use crate::engine::document::Document;

pub(super) use bounds::{size_after, takes_iops_and_throughput};
use change::along;
pub(super) use change::{StorageChange, change};
pub(super) use check::check;

/// The inputs that are one storage change together.
pub(super) const FIELDS: &[&str] = &[SIZE, TYPE, IOPS, THROUGHPUT];
const SIZE: &str = "allocated_storage";
const TYPE: &str = "storage_type";
const LIMIT: &str = "max_allocated_storage";
const IOPS: &str = "iops";
const THROUGHPUT: &str = "storage_throughput";

/// The storage of a document. The names are those of the fields.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Storage {
    pub storage_type: String,
    pub allocated_storage: i32,
    pub max_allocated_storage: Option<i32>,
    pub iops: Option<i32>,
    pub storage_throughput: Option<i32>,
}

/// The storage of a database that is there: as it will be when what is queued has come, and as it is in force.
#[derive(Clone, Copy)]
pub(super) struct There<'a> {
    pub coming: &'a Storage,
    pub in_force: &'a Storage,
}

impl There<'_> {
    /// The IOPS that stay where none are written. A queued type that is wanted has its own with it.
    fn kept_iops(&self, storage_type: &str) -> Option<i32> {
        let Self { coming, in_force } = self;
        if coming.storage_type == storage_type { coming.iops } else { in_force.iops }
    }
}

impl Storage {
    /// The storage, where all of it is known.
    pub(super) fn of(document: &Document) -> Option<Self> {
        Self::deserialize(document).ok()
    }

    /// True if the storage that there is has all that is written.
    fn asks_nothing_of(&self, observed: &Self) -> bool {
        let has = |wanted: Option<i32>, seen: Option<i32>| wanted.is_none() || wanted == seen;
        self.storage_type == observed.storage_type
            && self.allocated_storage <= observed.allocated_storage
            && has(self.iops, observed.iops)
            && has(self.storage_throughput, observed.storage_throughput)
    }

    /// The storage of a read replica, which has the size and the type of its source where they are not written.
    pub(super) fn of_replica(wanted: &Document, observed: &Document) -> Option<Self> {
        let mut whole = wanted.clone();
        for name in [SIZE, TYPE] {
            if let (false, Some(shown)) = (whole.contains_key(name), observed.get(name)) {
                whole.insert(name.to_owned(), shown.clone());
            }
        }
        Self::of(&whole)
    }
}

/// The inputs of storage that a change sends although they are not written.
pub(super) fn sent_along<K: Kind>(
    desired: Option<Storage>,
    wanted: &Document,
    (coming, in_force): (&Document, &Document),
) -> Document {
    let fields = row::fields::<K>();
    let changes = diff::diff(&fields, wanted, coming).into_iter();
    let changes = changes.chain(diff::surplus(&fields, wanted, coming, in_force));
    let changed: BTreeSet<String> = changes.map(|change| change.path).collect();
    let in_force = if in_force.is_empty() { coming } else { in_force };
    let Some((coming, in_force)) = Storage::of(coming).zip(Storage::of(in_force)) else {
        return Document::new();
    };
    let there = There { coming: &coming, in_force: &in_force };
    let iops = desired.and_then(|desired| along(&desired, there, |field| changed.contains(field)));
    iops.into_iter().map(|iops| (IOPS.to_owned(), iops.into())).collect()
}

/// Storage of a test.
#[cfg(test)]
fn storage(storage_type: &str, size: i32, iops: Option<i32>, throughput: Option<i32>) -> Storage {
    Storage {
        storage_type: storage_type.to_owned(),
        allocated_storage: size,
        iops,
        storage_throughput: throughput,
        ..Storage::default()
    }
}
