//! The end of a volume: a last snapshot first, and the volume when that is whole.

use aws_sdk_ec2::types::{ResourceType, Snapshot, SnapshotState, Volume};
use sha2::{Digest, Sha256};

use super::{FINAL_SNAPSHOT, OURS, is_going, one};
use crate::aws::kinds::{ec2_tags, tags};
use crate::aws::{Aws, absent_is_done, aws_error, ec2};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{self, CloudError, Outcome};
use crate::engine::resource::Ownership;

pub(super) const DELETE: Call = Call::new("ec2:DeleteVolume", OURS);
pub(super) const SNAPSHOTS: Call = Call::read("ec2:DescribeSnapshots");
const SNAPSHOT_ARNS: &[&str] = &["ec2:snapshot/*"];
/// The volume is checked with the snapshot, and the tags of the request are those of the snapshot.
pub(super) const SNAPSHOT: Call =
    Call::new("ec2:CreateSnapshot", &[Grant::tagging(SNAPSHOT_ARNS), Grant::owned(&["ec2:volume/*"])])
        .checked(&[ec2_tags::check(Grant::on(SNAPSHOT_ARNS).when(ec2_tags::WHEN_MAKING_A_SNAPSHOT))]);

/// Asks EBS to delete the volume. Gone, or going already, is success. The engine asks again for as long as the last snapshot is not
/// whole.
pub(super) async fn delete(aws: &Aws, deletion: cloud::Deletion<'_>) -> Result<(), CloudError> {
    let Some(live) = one(aws, deletion.id).await?.filter(|live| !is_going(live)) else { return Ok(()) };
    let id = deletion.id.as_str();
    let ownership = Ownership::of_tags(&ec2::tags(live.tags()));
    tags::refuse_others(DELETE, id, &ownership, deletion.owner)?;
    if let Some(machine) = live.attachments().iter().find_map(|one| one.instance_id()) {
        // While a machine goes, this passes.
        let message = format!("the machine {machine} has it: aws ec2 detach-volume --volume-id {id}");
        return Err(CloudError {
            outcome: Outcome::Busy,
            ..CloudError::refused(DELETE, "VolumeInUse", message)
        });
    }
    let holds_data = live.state().is_none_or(|state| state.as_str() != "error");
    if holds_data && FINAL_SNAPSHOT.of(deletion.recorded) != Some(false) {
        snapshot(aws, &live, &deletion).await?;
    }
    let sent = aws.write.ec2.delete_volume().volume_id(id).send().await;
    absent_is_done(sent.map(drop).map_err(aws_error(DELETE)))
}

/// Makes the last snapshot, or goes on with the one that an earlier attempt has begun.
async fn snapshot(aws: &Aws, live: &Volume, deletion: &cloud::Deletion<'_>) -> Result<(), CloudError> {
    let id = deletion.id.as_str();
    let name = deletion.last_snapshot.map_or_else(|| snapshot_name(live), str::to_owned);
    let made = taken(aws, id, &name).await?;
    let newest = made.into_iter().max_by_key(|one| one.start_time().map(|time| time.secs()));
    match newest.as_ref().and_then(|one| one.state()) {
        Some(SnapshotState::Completed) => return Ok(()),
        Some(SnapshotState::Pending) => return Err(unfinished(id, newest.as_ref())),
        // One that failed is made again.
        _ => {}
    }
    let mut all = deletion.owner.tags();
    all.extend(tags::of(deletion.recorded));
    all.insert("Name".to_owned(), name.clone());
    let call = aws.write.ec2.create_snapshot().volume_id(id).description(format!("The last one of {id}"));
    let call = call.tag_specifications(ec2_tags::specification(ResourceType::Snapshot, &all));
    call.send().await.map_err(aws_error(SNAPSHOT))?;
    Err(unfinished(id, None))
}

/// The snapshots of a volume with this name.
async fn taken(aws: &Aws, id: &str, name: &str) -> Result<Vec<Snapshot>, CloudError> {
    let filters = vec![ec2::filter("volume-id", [id]), ec2::filter("tag:Name", [name])];
    let asked = aws.read.ec2.describe_snapshots().owner_ids("self").set_filters(Some(filters));
    asked.into_paginator().items().send().collect::<Result<_, _>>().await.map_err(aws_error(SNAPSHOTS))
}

fn unfinished(id: &str, snapshot: Option<&Snapshot>) -> CloudError {
    let progress = snapshot.and_then(|one| one.progress()).unwrap_or("0%");
    let message = format!("the last snapshot of {id} is {progress} done");
    CloudError { outcome: Outcome::Busy, ..CloudError::refused(SNAPSHOT, "IncorrectState", message) }
}

/// The name of the last snapshot: the same for the same volume, so that a repeated delete does not make two.
pub(super) fn snapshot_name(live: &Volume) -> String {
    let id = live.volume_id().unwrap_or_default();
    let made = live.create_time.map(|made| made.secs()).unwrap_or_default();
    let digest = Sha256::digest(format!("{id}/{made}"));
    let name = ec2::tags(live.tags()).get("Name").filter(|name| !name.is_empty()).cloned();
    format!("{}-final-{}", name.unwrap_or_else(|| id.to_owned()), hex::encode(&digest[..4]))
}
