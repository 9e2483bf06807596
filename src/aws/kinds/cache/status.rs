//! The statuses of a cache (ReplicationGroup, Status).

use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::{Object, Status};

const STATES: &str = "ElastiCache API reference, ReplicationGroup, Status";

/// The table. Statuses of nodes are no more than a reason to wait.
pub static STATUSES: &[Status] = &[
    Status::serves("available", "it serves, and takes changes").source(STATES),
    Status::passes("creating", "ElastiCache makes it").source(STATES),
    Status::passes("modifying", "ElastiCache changes it").source(STATES),
    Status::passes("snapshotting", "ElastiCache takes a snapshot of it").source(STATES),
    Status::leaving("deleting", "ElastiCache deletes it").source(STATES),
    Status::lost("create-failed", "ElastiCache could not make it; it holds no data", again)
        .without_snapshot()
        .never_made()
        .source(STATES),
];

fn again(object: &Object<'_>) -> Vec<Way> {
    vec![Way::of([Remedy::Replace { address: object.address.clone() }])]
}
