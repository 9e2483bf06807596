//! The search for an access point: by its token and its ownership tags, and for those that lost their tags.

use aws_sdk_efs::types::{AccessPointDescription, LifeCycleState};

use super::{FILE_SYSTEM, describe, tags_of};
use crate::aws::Aws;
use crate::aws::efs::{self, PartsOf};
use crate::aws::kinds::creation_token::{
    Made, contradicted_by_token, has_a_strange_token, is_bare, is_of_another_stack, made_for, told_by_token,
};
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Found, Id, Owner, Ownership, Told, Trace};

/// Looks in the file system for the access points that were made for the owner; then for those without tags that may be.
pub(super) async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
    let Some(file_system) = FILE_SYSTEM.of(wanted) else { return Ok(Vec::new()) };
    let live = describe(aws, PartsOf::FileSystem(&file_system)).await?;
    let bare = live.iter().filter_map(|live| unclaimed(owner, live));
    let bare: Vec<Found> = bare.filter(|found| !owner.others.contains(&found.id)).collect();
    let found = live.into_iter().filter_map(|live| {
        let Made { ownership, generation } = made_for(owner, live.client_token()?, &tags_of(&live))?;
        // A later one that goes is not the one that is looked for.
        let leaves = live.life_cycle_state == Some(LifeCycleState::Deleting);
        let stays = generation == Some(owner.generation) || !leaves;
        let id = Id::new(live.access_point_id.filter(|_| stays)?);
        let told = contradicted_by_token(owner, live.client_token.as_deref()?, &ownership).map(Told::ByToken);
        let found = Found { generation, told, ..Found::new(id, ownership) }.traced(Trace::Token);
        let path = live.root_directory.and_then(|root| root.path);
        (!owner.others.contains(&found.id)).then(|| found.labelled(path.as_deref(), None))
    });
    let mut found: Vec<Found> = found.collect();
    found.sort_by_key(|found| (found.generation.is_none(), found.generation));
    found.extend(bare);
    Ok(found)
}

/// All access points.
pub(super) async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
    let mut all = efs::all_access_points(aws).await?;
    all.retain(|live| {
        !matches!(live.life_cycle_state, Some(LifeCycleState::Deleting | LifeCycleState::Deleted))
    });
    let found = all.into_iter().filter_map(|live| {
        let ownership = Ownership::of_tags(&tags_of(&live));
        let path = live.root_directory.and_then(|root| root.path);
        Some(Found::new(Id::new(live.access_point_id?), ownership).labelled(path.as_deref(), None))
    });
    Ok(found.collect())
}

/// True if the token was used for an access point that is not, or no longer, the owner's: one of another file system is none, which the key
/// of this one had before, or which stands beside another cluster.
pub(super) async fn is_of_another(
    aws: &Aws,
    wanted: &Document,
    owner: &Owner,
    token: String,
) -> Result<bool, CloudError> {
    let Some(file_system) = FILE_SYSTEM.of(wanted) else { return Ok(false) };
    let live = describe(aws, PartsOf::FileSystem(&file_system)).await?;
    let has_it = |live: &&AccessPointDescription| live.client_token() == Some(token.as_str());
    let Some(live) = live.iter().find(has_it) else {
        // Without one anywhere, it may be what an attempt of ours has just made.
        let all = efs::all_access_points(aws).await?;
        let mut others = all.iter().filter(|live| live.file_system_id() != Some(file_system.as_str()));
        return Ok(others.any(|live| has_it(&live)));
    };
    let recorded = live.access_point_id().is_some_and(|id| owner.others.contains(&Id::new(id)));
    // One of the stack whose tags name another address is named by the next plan, and none is made beside it.
    let is_named_next = unclaimed(owner, live).is_some_and(|found| found.contradiction().is_some());
    Ok(recorded
        || is_of_another_stack(owner, &Ownership::of_tags(&tags_of(live)))
        || (made_for(owner, &token, &tags_of(live)).is_none() && !is_named_next))
}

/// The access point, if it lost its tags and was made by `provision`: for this address, or for another one, whose key may have been
/// renamed since; or if it was made for this address, and its tags name another one.
fn unclaimed(owner: &Owner, live: &AccessPointDescription) -> Option<Found> {
    let (token, tags) = (live.client_token()?, tags_of(live));
    let ownership = Ownership::of_tags(&tags);
    let (told, trace) = match is_bare(&tags) {
        true => (told_by_token(owner, token), Trace::Use),
        false => {
            let told = contradicted_by_token(owner, token, &ownership).filter(|told| *told == owner.address);
            (Some(told?), Trace::Tags)
        }
    };
    if told.is_none() && !has_a_strange_token(owner, token, &tags) {
        return None;
    }
    let stays = live.life_cycle_state != Some(LifeCycleState::Deleting);
    let id = Id::new(live.access_point_id().filter(|_| stays)?);
    let path = live.root_directory().and_then(|root| root.path());
    let found = Found { told: told.map(Told::ByToken), ..Found::new(id, ownership) };
    Some(found.traced(trace).labelled(path, None))
}
