//! The search for a file system: by creation token, by ownership tags, and for one of the same name.

use std::cmp::Reverse;

use aws_sdk_efs::types::{FileSystemDescription, LifeCycleState};

use super::bare::{Bare, bare, contradiction};
use super::live::{describe, tags_of};
use crate::aws::efs::{self, FILE_SYSTEMS, PartsOf};
use crate::aws::kinds::creation_token::{
    MOST_TOKENS, is_bare, is_of_another_stack, made_for, nth_token, token,
};
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Found, Id, Named, Owner, Ownership, Trace, Whose};

/// Looks for the file systems that were made for the owner, the one with its token first; then for others of the stack that no
/// address has, with or without their tags. Without any, for one of the same name that `provision` did not make.
pub(super) async fn find(aws: &Aws, owner: &Owner, name: Option<&str>) -> Result<Vec<Found>, CloudError> {
    let mut found: Vec<Found> = Vec::new();
    for attempt in 0..MOST_TOKENS {
        let Some(live) = by_token(aws, &nth_token(owner, attempt)).await? else { break };
        if let Some(one) = made(aws, owner, &live, &token(owner)).await? {
            found.push(one);
            break;
        }
    }
    let mut all = efs::file_systems(aws).await?;
    all.retain(|live| !is_going(live) && !owner.others.contains(&Id::new(&live.file_system_id)));
    // The oldest first: it is the one with the data.
    all.sort_by_key(|live| live.creation_time);
    all.retain(|live| found.iter().all(|one| one.id.as_str() != live.file_system_id));
    for live in &all {
        found.extend(made(aws, owner, live, &live.creation_token).await?);
    }
    let mut others = Vec::new();
    for live in &all {
        if found.iter().all(|one| one.id.as_str() != live.file_system_id) {
            found.extend(unclaimed(aws, owner, live).await?);
        }
    }
    if found.iter().all(|one| one.trace == Trace::Tags) {
        let Bare { candidates, of_others, told_elsewhere } = bare(aws, owner, &all).await?;
        found.extend(candidates);
        all.retain(|live| !told_elsewhere.contains(&live.file_system_id));
        others.extend(of_others);
    }
    if found.is_empty() {
        found.extend(namesake(aws, owner, name, &all).await?);
    }
    if found.is_empty() {
        found.extend(of_another_name(aws, owner, &all).await?.or_else(|| others.pop()));
    }
    Ok(found)
}

/// All file systems.
pub(super) async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
    let all = efs::file_systems(aws).await?;
    let there = all.iter().filter(|live| !is_going(live));
    Ok(there.map(|live| found_of(live, Ownership::of_tags(&tags_of(live)))).collect())
}

/// The file system as one that was looked for, with the words that tell it apart.
pub(super) fn found_of(live: &FileSystemDescription, ownership: Ownership) -> Found {
    let made = jiff::Timestamp::from_second(live.creation_time.secs()).ok();
    let size = live.size_in_bytes.as_ref().map_or(0, |size| size.value);
    let name = match live.name.as_deref().unwrap_or_default() {
        "" => format!("{size} bytes"),
        name => format!("{name}, {size} bytes"),
    };
    Found::new(Id::new(&live.file_system_id), ownership).labelled(Some(&name), made)
}

/// The file system, if it was made for the owner with this token.
async fn made(
    aws: &Aws,
    owner: &Owner,
    live: &FileSystemDescription,
    token: &str,
) -> Result<Option<Found>, CloudError> {
    let id = Id::new(&live.file_system_id);
    if live.life_cycle_state == LifeCycleState::Deleted || owner.others.contains(&id) {
        return Ok(None);
    }
    let Some(made) = made_for(owner, token, &tags_of(live)) else { return Ok(None) };
    let vpc = network_if_needed(aws, owner, live, &made.ownership).await?;
    let told = contradiction(aws, owner, live, &made.ownership).await?;
    let found = Found { generation: made.generation, vpc, told, ..found_of(live, made.ownership) };
    let found = found.traced(Trace::Token);
    Ok(Some(found).filter(|found| !is_elsewhere(owner, found)))
}

/// The file system, if it is the stack's and belongs to another address.
async fn unclaimed(
    aws: &Aws,
    owner: &Owner,
    live: &FileSystemDescription,
) -> Result<Option<Found>, CloudError> {
    let ownership = Ownership::of_tags(&tags_of(live));
    let vpc = match owner.whose(&ownership, None) {
        Whose::Moved { .. } | Whose::OtherState { .. } => {
            network_if_needed(aws, owner, live, &ownership).await?
        }
        // The tag of the cluster may have been changed: the network tells.
        Whose::Elsewhere { .. } if names_address(owner, &ownership) => {
            network(aws, &live.file_system_id).await?
        }
        _ => return Ok(None),
    };
    let told = contradiction(aws, owner, live, &ownership).await?;
    let found = Found { vpc, told, ..found_of(live, ownership) }.traced(Trace::Tags);
    let whose = owner.whose(&found.ownership, found.vpc.as_ref());
    let is_here = !matches!(whose, Whose::Elsewhere { .. }) || owner.shares_its_network_with(&whose);
    Ok(Some(found).filter(|_| is_here))
}

/// The oldest file system in this network that was made for the same address of a stack of another name: this one may have been
/// called so.
async fn of_another_name(
    aws: &Aws,
    owner: &Owner,
    all: &[FileSystemDescription],
) -> Result<Option<Found>, CloudError> {
    for live in all {
        let ownership = Ownership::of_tags(&tags_of(live));
        let is_anothers = matches!(owner.whose(&ownership, None), Whose::OtherStack { .. });
        if !is_anothers || !names_address(owner, &ownership) || owner.vpc.is_none() {
            continue;
        }
        let vpc = network(aws, &live.file_system_id).await?;
        if vpc == owner.vpc {
            return Ok(Some(Found { vpc, ..found_of(live, ownership) }.traced(Trace::Tags)));
        }
    }
    Ok(None)
}

fn names_address(owner: &Owner, ownership: &Ownership) -> bool {
    matches!(ownership, Ownership::Tagged { address, .. } if *address == owner.address.to_string())
}

/// A file system of the same `Name` that `provision` did not make, and that no other network uses. The one with the most
/// data, where there are several.
async fn namesake(
    aws: &Aws,
    owner: &Owner,
    name: Option<&str>,
    all: &[FileSystemDescription],
) -> Result<Option<Found>, CloudError> {
    let Some(name) = name else { return Ok(None) };
    let mut same: Vec<&FileSystemDescription> = all
        .iter()
        .filter(|live| {
            let tags = tags_of(live);
            Ownership::of_tags(&tags) == Ownership::Untagged
                && tags.get("Name").is_some_and(|tag| tag == name)
        })
        .collect();
    same.sort_by_key(|live| Reverse(live.size_in_bytes.as_ref().map_or(0, |size| size.value)));
    for live in same {
        let vpc = network(aws, &live.file_system_id).await?;
        if !is_another(&vpc, owner) {
            return Ok(Some(Found { vpc, ..found_of(live, Ownership::Untagged) }));
        }
    }
    Ok(None)
}

/// True if one of the owner's tokens was used for a file system that is not, or no longer, the owner's.
pub(super) async fn is_of_another(aws: &Aws, owner: &Owner, used: String) -> Result<bool, CloudError> {
    match by_token(aws, &used).await? {
        Some(live) if owner.others.contains(&Id::new(&live.file_system_id)) => Ok(true),
        Some(live) if made(aws, owner, &live, &token(owner)).await?.is_some() => Ok(false),
        Some(live) if is_of_another_stack(owner, &Ownership::of_tags(&tags_of(&live))) => Ok(true),
        // One without tags, or with those of another address, may be the one with the data: it is named by the next plan, and none is
        // made beside it.
        Some(live) if !is_bare(&tags_of(&live)) => {
            let told = contradiction(aws, owner, &live, &Ownership::of_tags(&tags_of(&live))).await?;
            Ok(told.is_none_or(|told| *told.address() != owner.address))
        }
        Some(live) => {
            let candidates = bare(aws, owner, std::slice::from_ref(&live)).await?.candidates;
            let is_here =
                |found: &Found| found.told.as_ref().is_none_or(|told| *told.address() == owner.address);
            Ok(!candidates.iter().any(is_here))
        }
        // Not seen yet: it may be what an attempt of ours has just made.
        None => Ok(false),
    }
}

/// The file system with this id.
pub(super) async fn named(aws: &Aws, id: &str) -> Result<Option<Named>, CloudError> {
    let live =
        describe(aws, &[id]).await?.into_iter().find(|live| live.life_cycle_state != LifeCycleState::Deleted);
    let Some(live) = live else { return Ok(None) };
    let vpc = network(aws, id).await?;
    let found = Found { vpc, ..found_of(&live, Ownership::of_tags(&tags_of(&live))) };
    let unfit = match live.life_cycle_state {
        LifeCycleState::Deleting => Some("it is being deleted".to_owned()),
        LifeCycleState::Creating => Some("it is still being made".to_owned()),
        _ => None,
    };
    Ok(Some(Named { found, unfit }))
}

async fn by_token(aws: &Aws, token: &str) -> Result<Option<FileSystemDescription>, CloudError> {
    let found = aws.read.efs.describe_file_systems().creation_token(token).send().await;
    let found = absent_is_none(found.map_err(aws_error(FILE_SYSTEMS)))?;
    let all = found.into_iter().flat_map(|page| page.file_systems.unwrap_or_default());
    let mut there = all.filter(|one| one.life_cycle_state != LifeCycleState::Deleted);
    Ok(there.next())
}

/// The network of a file system that is not told by its lineage.
async fn network_if_needed(
    aws: &Aws,
    owner: &Owner,
    live: &FileSystemDescription,
    ownership: &Ownership,
) -> Result<Option<Id>, CloudError> {
    // A lineage that is this state's settles it; the tag of the cluster may have been changed.
    let is_own =
        matches!(ownership, Ownership::Tagged { lineage: Some(lineage), .. } if *lineage == owner.lineage);
    if is_own || owner.vpc.is_none() {
        return Ok(None);
    }
    network(aws, &live.file_system_id).await
}

/// The network of a file system: that of its mount targets, which are all in one.
async fn network(aws: &Aws, id: &str) -> Result<Option<Id>, CloudError> {
    let targets = efs::mount_targets(aws, PartsOf::FileSystem(id)).await?;
    Ok(targets.into_iter().find_map(|target| target.vpc_id).map(Id::new))
}

/// True for the network of another stack.
pub(super) fn is_another(vpc: &Option<Id>, owner: &Owner) -> bool {
    matches!((vpc, &owner.vpc), (Some(theirs), Some(own)) if theirs != own)
}

/// True for one of another stack. With the tags of this stack and of its cluster it may be the one with the data, which was moved to
/// another network.
fn is_elsewhere(owner: &Owner, found: &Found) -> bool {
    let whose = owner.whose(&found.ownership, found.vpc.as_ref());
    matches!(whose, Whose::Elsewhere { .. }) && !owner.shares_its_cluster_with(&whose)
}

fn is_going(live: &FileSystemDescription) -> bool {
    matches!(live.life_cycle_state, LifeCycleState::Deleted | LifeCycleState::Deleting)
}
