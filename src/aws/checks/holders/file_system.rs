//! Mount targets and access points of a file system that is to be deleted, and that are not the stack's.

use aws_sdk_efs::types::{AccessPointDescription, LifeCycleState, MountTargetDescription};

use super::{Going, Leaving};
use crate::aws::Aws;
use crate::aws::checks::finding::{Verdict, in_time};
use crate::aws::efs::{self, ACCESS_POINTS, MOUNT_TARGETS, PartsOf};
use crate::aws::kinds::efs_mount_target;
use crate::engine::cloud::CloudError;

pub(super) async fn mount_targets(
    aws: &Aws,
    going: &Going,
) -> Result<Vec<MountTargetDescription>, CloudError> {
    in_time(MOUNT_TARGETS, efs::mount_targets(aws, PartsOf::FileSystem(going.id.as_str()))).await
}

pub(super) async fn access_points(
    aws: &Aws,
    going: &Going,
) -> Result<Vec<AccessPointDescription>, CloudError> {
    in_time(ACCESS_POINTS, efs::access_points(aws, PartsOf::FileSystem(going.id.as_str()))).await
}

/// The holders of the file system.
pub(super) fn judge(
    targets: &Result<Vec<MountTargetDescription>, CloudError>,
    points: &Result<Vec<AccessPointDescription>, CloudError>,
    leaving: &Leaving,
) -> Vec<Verdict> {
    let mut held = Vec::new();
    match targets {
        Ok(targets) => held.extend(
            targets
                .iter()
                .filter(|one| !leaving.deletes(&one.mount_target_id))
                .filter(|one| {
                    !matches!(one.life_cycle_state, LifeCycleState::Deleting | LifeCycleState::Deleted)
                })
                .map(mount_target),
        ),
        Err(error) => held.push(Verdict::not_checked("mount targets of others", error)),
    }
    match points {
        Ok(points) => held.extend(
            points
                .iter()
                .filter(|one| !one.access_point_id().is_some_and(|id| leaving.deletes(id)))
                .map(access_point),
        ),
        Err(error) => held.push(Verdict::not_checked("access points of others", error)),
    }
    held
}

/// EFS deletes no file system that has one (FileSystemInUse).
fn mount_target(target: &MountTargetDescription) -> Verdict {
    let MountTargetDescription { mount_target_id, file_system_id, subnet_id, .. } = target;
    Verdict::error(format!(
        "{file_system_id} has the mount target {mount_target_id} in {subnet_id}, which is not this stack's"
    ))
    .hint(format!("{}; then run the same command again", efs_mount_target::removal(mount_target_id)))
}

/// To be deleted before the file system (EFS user guide, "Deleting EFS file systems"); its users would lose it.
fn access_point(point: &AccessPointDescription) -> Verdict {
    let id = point.access_point_id().unwrap_or_default();
    let of = point.file_system_id().unwrap_or_default();
    let name = point.name().map(|name| format!(" ({name})")).unwrap_or_default();
    Verdict::error(format!("{of} has the access point {id}{name}, which is not this stack's"))
        .hint(format!("aws efs delete-access-point --access-point-id {id}; then run the same command again"))
}
