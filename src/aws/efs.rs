//! The EFS reads that kinds and checks share, paged to the end: file systems, and their parts, mount targets and access points.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_efs::Client;
use aws_sdk_efs::config::Region;
use aws_sdk_efs::types::{
    AccessPointDescription, FileSystemDescription, LifeCycleState, MountTargetDescription,
    ReplicationConfigurationDescription,
};
use futures_util::future::try_join_all;

use super::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::resource::Id;

pub const FILE_SYSTEMS: Call = Call::read("elasticfilesystem:DescribeFileSystems");
pub const MOUNT_TARGETS: Call = Call::read("elasticfilesystem:DescribeMountTargets");
pub const ACCESS_POINTS: Call = Call::read("elasticfilesystem:DescribeAccessPoints");

pub const REPLICATIONS: Call = Call::read("elasticfilesystem:DescribeReplicationConfigurations");

/// The scope by which EFS lists parts. It has no list of all mount targets, and its list of all access points holds those of
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartsOf<'a> {
    /// The file system with this id.
    FileSystem(&'a str),
    /// The part with this id.
    Itself(&'a str),
}

/// All file systems of the account and region.
///
/// # Errors
/// Any error of `elasticfilesystem:DescribeFileSystems`.
pub async fn file_systems(aws: &Aws) -> Result<Vec<FileSystemDescription>, CloudError> {
    let all = aws.read.efs.describe_file_systems().into_paginator().items().send();
    let all: Vec<_> = all.try_collect().await.map_err(aws_error(FILE_SYSTEMS))?;
    aws.memory.show(&all, |one| Some(one.file_system_id()));
    Ok(all)
}

/// The file system with this id in a region, where there is one that stays.
///
/// # Errors
/// Any error of `elasticfilesystem:DescribeFileSystems` but one that says that there is none.
pub async fn file_system_in(
    aws: &Aws,
    region: &str,
    id: &str,
) -> Result<Option<FileSystemDescription>, CloudError> {
    let here: &Client = &aws.read.efs;
    let config = (region != aws.region())
        .then(|| here.config().to_builder().region(Region::new(region.to_owned())).build());
    let there = config.map(Client::from_conf);
    let asked = there.as_ref().unwrap_or(here).describe_file_systems().file_system_id(id);
    let answer = absent_is_none(asked.send().await.map_err(aws_error(FILE_SYSTEMS)))?;
    let found = answer.and_then(|answer| answer.file_systems).unwrap_or_default();
    let is_going =
        |state: &LifeCycleState| matches!(state, LifeCycleState::Deleting | LifeCycleState::Deleted);
    Ok(found.into_iter().find(|one| !is_going(&one.life_cycle_state)))
}

/// The mount targets that there are, those that are gone among them for a while.
///
/// # Errors
/// Any error of `elasticfilesystem:DescribeMountTargets` but one that says that there are none.
pub async fn mount_targets(aws: &Aws, of: PartsOf<'_>) -> Result<Vec<MountTargetDescription>, CloudError> {
    let all = aws.read.efs.describe_mount_targets();
    let asked = match of {
        PartsOf::FileSystem(id) => all.file_system_id(id),
        PartsOf::Itself(id) => match aws.memory.known([id]) {
            Some(known) => return Ok(known),
            None => all.mount_target_id(id),
        },
    };
    let answer = asked.into_paginator().items().send().try_collect().await;
    let found = absent_is_none(answer.map_err(aws_error(MOUNT_TARGETS)))?.unwrap_or_default();
    aws.memory.show(&found, |one| Some(one.mount_target_id()));
    Ok(found)
}

/// The access points that there are, those that are gone among them for a while.
///
/// # Errors
/// Any error of `elasticfilesystem:DescribeAccessPoints` but one that says that there are none.
pub async fn access_points(aws: &Aws, of: PartsOf<'_>) -> Result<Vec<AccessPointDescription>, CloudError> {
    let all = aws.read.efs.describe_access_points();
    let asked = match of {
        PartsOf::FileSystem(id) => all.file_system_id(id),
        PartsOf::Itself(id) => match aws.memory.known([id]) {
            Some(known) => return Ok(known),
            None => all.access_point_id(id),
        },
    };
    let answer = asked.into_paginator().items().send().try_collect().await;
    let found = absent_is_none(answer.map_err(aws_error(ACCESS_POINTS)))?.unwrap_or_default();
    aws.memory.show(&found, AccessPointDescription::access_point_id);
    Ok(found)
}

/// All access points of the account and region.
///
/// # Errors
/// Any error of `elasticfilesystem:DescribeAccessPoints`.
pub async fn all_access_points(aws: &Aws) -> Result<Vec<AccessPointDescription>, CloudError> {
    let all = aws.read.efs.describe_access_points().into_paginator().items().send();
    all.try_collect().await.map_err(aws_error(ACCESS_POINTS))
}

/// The replications that a file system is source or destination of: at most one.
///
/// # Errors
/// Any error of `elasticfilesystem:DescribeReplicationConfigurations` but one that says that there is none.
pub async fn replications(
    aws: &Aws,
    file_system: &str,
) -> Result<Vec<ReplicationConfigurationDescription>, CloudError> {
    let describe = aws.read.efs.describe_replication_configurations().file_system_id(file_system);
    let answer = describe.into_paginator().items().send().try_collect().await;
    Ok(absent_is_none(answer.map_err(aws_error(REPLICATIONS)))?.unwrap_or_default())
}

/// All tracked parts that there are, by one question for each file system, and one for each part of which only the id is known.
///
/// # Errors
/// The first error of these questions.
pub async fn tracked_parts<'a, T, R>(
    tracked: &'a [TrackedDocument],
    ask: impl Fn(PartsOf<'a>) -> R,
    id: impl Fn(&T) -> Option<&str>,
) -> Result<BTreeMap<Id, T>, CloudError>
where
    R: Future<Output = Result<Vec<T>, CloudError>>,
{
    let question = |one: &'a TrackedDocument| {
        let file_system = one.recorded.as_ref().and_then(|recorded| recorded.get("file_system_id"));
        match file_system.and_then(|id| id.as_str()) {
            Some(file_system) => PartsOf::FileSystem(file_system),
            None => PartsOf::Itself(one.id.as_str()),
        }
    };
    let questions: BTreeSet<PartsOf<'_>> = tracked.iter().map(question).collect();
    let answers = try_join_all(questions.into_iter().map(ask)).await?;
    let parts = answers.into_iter().flatten().filter_map(|part| Some((Id::new(id(&part)?), part)));
    Ok(parts.filter(|(id, _)| tracked.iter().any(|one| one.id == *id)).collect())
}

/// The file system and the mount target that a network interface is of, as EFS describes it: `EFS mount target for fs-… (fsmt-…)`.
pub fn mount_target_of(description: Option<&str>) -> Option<(&str, &str)> {
    let (file_system, target) = description?.strip_prefix("EFS mount target for ")?.split_once(" (")?;
    Some((file_system, target.strip_suffix(')')?))
}
