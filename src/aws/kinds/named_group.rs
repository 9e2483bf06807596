//! The groups of RDS and ElastiCache, of subnets and of parameters. The id of one is its name, and AWS shows it without its tags: these are
//! read before it is changed or deleted, and have to prove that it is ours.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use crate::aws::Aws;
use crate::aws::kind::Kind;
use crate::aws::kinds::tags::{self, TagChange, Tags};
use crate::engine::call::Call;
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Found, Id, Named, Owner, Ownership};

/// A kind of such groups.
pub(super) trait NamedGroup: Kind {
    /// One group as RDS describes it.
    type Group: Send + Sync;
    /// The error code of a group that is not there.
    const GONE: &'static str;
    /// The call that puts tags.
    const TAG: Call;

    /// Reads the group of this name, or all of them.
    fn describe(
        aws: &Aws,
        name: Option<&str>,
    ) -> impl Future<Output = Result<Vec<Self::Group>, CloudError>> + Send;
    fn name(group: &Self::Group) -> Option<&str>;
    fn arn(group: &Self::Group) -> Option<&str>;
    /// The network that it stands in, where it does.
    fn vpc(group: &Self::Group) -> Option<&str>;
    /// Why the group of this name is none that a stack can have.
    fn unfit(name: &str) -> Option<&'static str>;
    /// Reads all tags of a group.
    fn live_tags(aws: &Aws, arn: &str) -> impl Future<Output = Result<Tags, CloudError>> + Send;
    /// Puts and removes tags of a group.
    fn retag(aws: &Aws, arn: &str, change: &TagChange)
    -> impl Future<Output = Result<(), CloudError>> + Send;
}

/// The tracked groups that are there, by one question.
pub(super) async fn look<K: NamedGroup>(
    aws: &Aws,
    tracked: &[TrackedDocument],
) -> Result<BTreeMap<Id, K::Group>, CloudError> {
    let all = match tracked {
        [] => Vec::new(),
        [only] => K::describe(aws, Some(only.id.as_str())).await?,
        _ => K::describe(aws, None).await?,
    };
    let all = all.into_iter().filter_map(|group| Some((Id::new(K::name(&group)?), group)));
    Ok(all.filter(|(id, _)| tracked.iter().any(|one| one.id == *id)).collect())
}

/// The group of this name, if it is there.
async fn described<K: NamedGroup>(aws: &Aws, name: &str) -> Result<Option<K::Group>, CloudError> {
    Ok(of_name::<K>(K::describe(aws, Some(name)).await?, name))
}

fn of_name<K: NamedGroup>(all: Vec<K::Group>, name: &str) -> Option<K::Group> {
    all.into_iter().find(|group| K::name(group) == Some(name))
}

fn arn<K: NamedGroup>(group: &K::Group) -> &str {
    K::arn(group).unwrap_or_default()
}

/// The group of the wanted name.
pub(super) async fn find<K: NamedGroup>(aws: &Aws, name: Option<&str>) -> Result<Vec<Found>, CloudError> {
    match name {
        Some(name) => Ok(found::<K>(aws, name).await?.into_iter().collect()),
        None => Ok(Vec::new()),
    }
}

/// The group of this name as one that was looked for, with its tags.
async fn found<K: NamedGroup>(aws: &Aws, name: &str) -> Result<Option<Found>, CloudError> {
    let Some(group) = described::<K>(aws, name).await? else { return Ok(None) };
    // AWS's own groups are nobody's, and may show no tags at all.
    let ownership = match K::unfit(name) {
        Some(_) => Ownership::Untagged,
        None => Ownership::of_tags(&K::live_tags(aws, arn::<K>(&group)).await?),
    };
    Ok(Some(Found::new(Id::new(name), ownership).standing_in(K::vpc(&group))))
}

/// The tags of groups, by which a description does not show them.
pub(super) async fn tags_beyond<K: NamedGroup>(
    aws: &Aws,
    groups: impl Iterator<Item = (&Id, &K::Group)>,
) -> Result<BTreeMap<Id, Document>, CloudError> {
    let read = groups.map(|(id, group)| async move {
        let mut tags = K::live_tags(aws, arn::<K>(group)).await?;
        tags.retain(|key, _| !key.starts_with("aws:"));
        let tags = serde_json::to_value(tags).expect("tags are plain data");
        Ok((id.clone(), Document::from_iter([(tags::FIELD.to_owned(), tags)])))
    });
    Ok(try_join_all(read).await?.into_iter().collect())
}

/// The ownership of a group, which no refresh shows.
pub(super) async fn ownership<K: NamedGroup>(aws: &Aws, id: &Id) -> Result<Ownership, CloudError> {
    let found = found::<K>(aws, id.as_str()).await?;
    Ok(found.map_or(Ownership::Inherited, |found| found.ownership))
}

/// The group that the user names: AWS keeps names in lower case.
pub(super) async fn named<K: NamedGroup>(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
    let name = text.to_lowercase();
    let found = found::<K>(aws, &name).await?;
    Ok(found.map(|found| Named { found, unfit: K::unfit(&name).map(str::to_owned) }))
}

/// Writes the ownership tags of a group.
pub(super) async fn claim<K: NamedGroup>(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
    let group = there::<K>(aws, id, K::TAG).await?;
    K::retag(aws, arn::<K>(&group), &tags::claim(owner)).await
}

/// Begins a change by this call: the group has to be ours, and gets the tags that are asked for.
pub(super) async fn begin_update<K: NamedGroup>(
    aws: &Aws,
    wanted: &Document,
    change: &ChangeDocument<'_>,
    call: Call,
) -> Result<(), CloudError> {
    let group = there::<K>(aws, change.id, call).await?;
    let live = prove_ours::<K>(aws, &group, change.owner, call).await?;
    if change.fields.contains(tags::FIELD) {
        let observed = tags::ours(&live, &tags::of(change.observed));
        K::retag(aws, arn::<K>(&group), &tags::tag_change(&observed, &tags::of(wanted))).await?;
    }
    Ok(())
}

/// Reads the live tags, and refuses to go on where they do not say that the group is the owner's.
async fn prove_ours<K: NamedGroup>(
    aws: &Aws,
    group: &K::Group,
    owner: &Owner,
    operation: Call,
) -> Result<Tags, CloudError> {
    let live = K::live_tags(aws, arn::<K>(group)).await?;
    tags::prove_ours(operation, arn::<K>(group), live, owner)
}

/// AWS shows a group that was just made a moment late.
async fn there<K: NamedGroup>(aws: &Aws, id: &Id, call: Call) -> Result<K::Group, CloudError> {
    let group = described::<K>(aws, id.as_str()).await?;
    group.ok_or_else(|| CloudError::not_seen(call, K::GONE, "the group is gone"))
}

/// True if the group is there to be deleted by this call. It has to be ours then.
pub(super) async fn is_to_delete<K: NamedGroup>(
    aws: &Aws,
    deletion: &Deletion<'_>,
    call: Call,
) -> Result<bool, CloudError> {
    let id = deletion.id.as_str();
    // One read that finds nothing is not enough to let go of it: all groups are read then.
    let group = match described::<K>(aws, id).await? {
        Some(group) => Some(group),
        None => of_name::<K>(K::describe(aws, None).await?, id),
    };
    let Some(group) = group else { return Ok(false) };
    prove_ours::<K>(aws, &group, deletion.owner, call).await?;
    Ok(true)
}
