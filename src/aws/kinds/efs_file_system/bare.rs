//! File systems without tags, and with those of others: told by what uses them, and by their tokens where no tags of that say
//! otherwise.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_efs::types::FileSystemDescription;
use futures_util::future::try_join;

use super::find::{found_of, is_another};
use super::live::tags_of;
use crate::aws::efs::{self, PartsOf, mount_target_of};
use crate::aws::kinds::creation_token::{contradicted_by_token, is_bare, told_by_token};
use crate::aws::kinds::efs_tags;
use crate::aws::{Aws, ec2};
use crate::engine::address::Address;
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Found, Id, Owner, Ownership, Told, Trace, Whose};

/// File systems without tags that have to do with the owner.
#[derive(Default)]
pub(super) struct Bare {
    /// Those that may be the owner's, or of another address of the stack: first those with mount targets in a security group of it.
    pub(super) candidates: Vec<Found>,
    /// Those that stacks of other names use at the same address, with the ownership of what uses them.
    pub(super) of_others: Vec<Found>,
    /// The ids of all that is told to be of another address, stack or cluster.
    pub(super) told_elsewhere: BTreeSet<String>,
}

/// Tells whose the file systems without tags may be. What uses one outranks its token, which stays as it is when the file system is moved
/// to another address, or its stack gets another name, and which a stack of this name beside another cluster has as well.
pub(super) async fn bare(
    aws: &Aws,
    owner: &Owner,
    all: &[FileSystemDescription],
) -> Result<Bare, CloudError> {
    let mounted = mounted_in_our_groups(aws, owner).await?;
    let mut bare = Bare::default();
    let mut by_token = Vec::new();
    // Those with the tags of another stack, mounted in a group that was made for the address: this stack may have been called so.
    for live in all.iter().filter(|live| mounted.contains_key(&live.file_system_id)) {
        let ownership = Ownership::of_tags(&tags_of(live));
        let vpc = mounted[&live.file_system_id].clone().map(Id::new);
        if owner.whose(&ownership, None).is_of_another_stack() && !is_another(&vpc, owner) {
            let found = found_of(live, ownership).traced(Trace::Use);
            bare.candidates.push(Found { vpc, ..found });
        }
    }
    for live in all.iter().filter(|live| is_bare(&tags_of(live))) {
        let found = found_of(live, Ownership::Untagged).traced(Trace::Use);
        let is_mounted = mounted.get(&live.file_system_id);
        let token = told_by_token(owner, &live.creation_token);
        let users = match &token {
            Some(_) => users(aws, owner, &live.file_system_id).await?,
            None => Users::default(),
        };
        let told = match (is_mounted, token) {
            (None, None) => continue,
            // The token and its own group say that it is of another address, though it has a mount target in a group of this one.
            (_, Some(token)) if users.names.contains(token.name()) => Some(Told::ByToken(token)),
            (Some(_), _) => None,
            (None, Some(token)) => match (users.names.first(), users.others.first()) {
                (Some(name), _) => Some(Told::ByUsers(Address::new(token.kind(), name))),
                (None, Some(_)) => {
                    bare.told_elsewhere.insert(live.file_system_id.clone());
                    bare.of_others.extend(of_another_stack(owner, found, users));
                    continue;
                }
                (None, None) => Some(Told::ByToken(token)),
            },
        };
        let vpc = users.vpc.or_else(|| is_mounted.cloned().flatten().map(Id::new));
        if is_another(&vpc, owner) {
            continue;
        }
        if told.as_ref().is_some_and(|told| *told.address() != owner.address) {
            bare.told_elsewhere.insert(live.file_system_id.clone());
        }
        let found = Found { told, vpc, ..found };
        match found.told {
            None => bare.candidates.push(found),
            Some(_) => by_token.push(found),
        }
    }
    bare.candidates.extend(by_token);
    Ok(bare)
}

/// The address that a file system is told to be of where its tags name another one of the stack: its tags may have been copied. None
/// where the tags of what uses it confirm its own, as they do after a move to another address.
pub(super) async fn contradiction(
    aws: &Aws,
    owner: &Owner,
    live: &FileSystemDescription,
    ownership: &Ownership,
) -> Result<Option<Told>, CloudError> {
    let Some(made_for) = contradicted_by_token(owner, &live.creation_token, ownership) else {
        return Ok(None);
    };
    let tagged = match ownership {
        Ownership::Tagged { address, .. } => address.parse::<Address>().ok(),
        _ => None,
    };
    let users = users(aws, owner, &live.file_system_id).await?;
    let is_confirmed = tagged.is_some_and(|tagged| users.names.contains(tagged.name()));
    Ok(match users.names.contains(made_for.name()) {
        _ if is_confirmed => None,
        true => Some(Told::ByUsers(made_for)),
        false => Some(Told::ByToken(made_for)),
    })
}

/// The file systems with mount targets in the security groups that are named together with this one, and their networks. Asked for
/// only where such a group is recorded. EFS describes its interfaces by file system, so that one call shows them all.
async fn mounted_in_our_groups(
    aws: &Aws,
    owner: &Owner,
) -> Result<BTreeMap<String, Option<String>>, CloudError> {
    let groups: Vec<&str> = our_groups(owner).map(Id::as_str).collect();
    if groups.is_empty() {
        return Ok(BTreeMap::new());
    }
    let interfaces = ec2::interfaces(aws, vec![ec2::filter("group-id", groups)]).await?;
    let mounted = interfaces.into_iter().filter_map(|interface| {
        let (file_system, _) = mount_target_of(interface.description())?;
        Some((file_system.to_owned(), interface.vpc_id.clone()))
    });
    Ok(mounted.collect())
}

fn our_groups(owner: &Owner) -> impl Iterator<Item = &Id> {
    let groups = owner.named_with.iter().filter(|(address, _)| address.kind() == "aws_security_group");
    groups.map(|(_, id)| id)
}

/// The tags of the security groups of its mount targets, and of its access points, say whose a file system is.
#[derive(Default)]
struct Users {
    /// The names of this stack, as its addresses have them.
    names: BTreeSet<String>,
    /// The ownership of what is of other stacks, or beside other clusters.
    others: Vec<Ownership>,
    vpc: Option<Id>,
}

async fn users(aws: &Aws, owner: &Owner, id: &str) -> Result<Users, CloudError> {
    let parts = PartsOf::FileSystem(id);
    let (targets, points) = try_join(efs::mount_targets(aws, parts), efs::access_points(aws, parts)).await?;
    let vpc = targets.iter().find_map(|target| target.vpc_id.clone()).map(Id::new);
    let mut users = Users { vpc, ..Users::default() };
    for point in &points {
        let tags = efs_tags::of_sdk_tags(point.tags());
        users.hear(owner, &Ownership::of_tags(&tags));
    }
    let interfaces: Vec<String> =
        targets.into_iter().filter_map(|target| target.network_interface_id).collect();
    if interfaces.is_empty() {
        return Ok(users);
    }
    let interfaces = ec2::interfaces(aws, vec![ec2::filter("network-interface-id", interfaces)]).await?;
    let groups = interfaces.iter().flat_map(|interface| interface.groups());
    let groups: BTreeSet<&str> = groups.filter_map(|group| group.group_id()).collect();
    if !groups.is_empty() {
        for group in ec2::security_groups(aws, vec![ec2::filter("group-id", groups)]).await? {
            users.hear(owner, &Ownership::of_tags(&ec2::tags(group.tags())));
        }
    }
    Ok(users)
}

impl Users {
    fn hear(&mut self, owner: &Owner, ownership: &Ownership) {
        let Ownership::Tagged { address, .. } = ownership else { return };
        match owner.whose(ownership, self.vpc.as_ref()) {
            Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. } => {
                let address = address.parse::<Address>().ok();
                self.names.extend(address.map(|address| address.name().to_owned()));
            }
            // The tag of the cluster alone may be wrong.
            whose if owner.shares_its_network_with(&whose) => {}
            Whose::OtherStack { .. } | Whose::Elsewhere { .. } => self.others.push(ownership.clone()),
            Whose::OfCluster { .. } | Whose::Untagged | Whose::Inherited => {}
        }
    }
}

/// The file system as one of the stack whose objects use it, where that is in this network and calls it the same.
fn of_another_stack(owner: &Owner, found: Found, users: Users) -> Option<Found> {
    let Users { others, vpc, .. } = users;
    if owner.vpc.is_none() || vpc != owner.vpc {
        return None;
    }
    let theirs = others.into_iter().find_map(|ownership| match ownership {
        Ownership::Tagged { stack, address, lineage, cluster } if stack != owner.stack => {
            let is_same = address.parse::<Address>().ok()?.name() == owner.address.name();
            let address = owner.address.to_string();
            is_same.then_some(Ownership::Tagged { stack, address, lineage, cluster })
        }
        _ => None,
    })?;
    Some(Found { ownership: theirs, vpc, ..found }.traced(Trace::Tags))
}
