//! The lifecycle states of EFS objects: file systems, mount targets and access points have the same ones.
//!
//! EFS API reference, FileSystemDescription, MountTargetDescription and AccessPointDescription (LifeCycleState).

use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::{Object, Status};

const STATES: &str = "EFS API reference, LifeCycleState";

/// The states of a file system.
pub static FILE_SYSTEM: &[Status] = &[
    Status::serves("available", "it serves, and takes changes").source(STATES),
    Status::passes("creating", "EFS makes it").source(STATES),
    Status::passes("updating", "EFS changes it").source(STATES),
    Status::leaving("deleting", "EFS deletes it").source(STATES),
    Status::leaving("deleted", "EFS has deleted it").source(STATES),
    Status::lost("error", "EFS lost it together with its zone; its data is in its backups", restore)
        .source("EFS User Guide, Amazon EFS file system types: One Zone; EFS API reference, LifeCycleState"),
];

/// The states of a mount target or an access point: neither holds data.
pub static PART: &[Status] = &[
    Status::serves("available", "it serves").source(STATES),
    Status::passes("creating", "EFS makes it").source(STATES),
    Status::passes("updating", "EFS changes it").source(STATES),
    Status::leaving("deleting", "EFS deletes it").source(STATES),
    Status::leaving("deleted", "EFS has deleted it").source(STATES),
    Status::lost("error", "EFS gave it up; it holds no data", again).never_made().source(STATES),
];

/// The newest recovery point, in a new file system; the mount targets follow it with the next apply.
fn restore(object: &Object<'_>) -> Vec<Way> {
    let (arn, region) = (object.text("arn"), object.region);
    let list = ["backup", "list-recovery-points-by-resource", "--resource-arn", arn, "--region", region];
    vec![Way::of([
        Remedy::aws(list),
        Remedy::by_hand("restore the newest recovery point into a new file system with AWS Backup"),
        Remedy::Import { address: object.address.clone(), id: "NEW_FILE_SYSTEM_ID".to_owned() },
        Remedy::Apply,
    ])]
}

fn again(object: &Object<'_>) -> Vec<Way> {
    vec![Way::of([Remedy::Replace { address: object.address.clone() }])]
}
