//! EFS access points: a directory of a file system, entered as one POSIX user.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_efs::types::{AccessPointDescription, CreationInfo, LifeCycleState, PosixUser, RootDirectory};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::kinds::efs_part::{self, PartsOf};
use crate::aws::kinds::efs_status;
use crate::aws::kinds::efs_tags;
use crate::aws::kinds::efs_token::{MOST_TOKENS, Made, made_elsewhere, made_for, nth_token};
use crate::aws::kinds::tags::{self, Tags};
use crate::aws::resource::{Change, Observe, Observed, Resource, Tracked};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error, tag_map};
use crate::engine::call::{Call, Grant, When};
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::resource::{
    Condition, Effect, Field, Found, Id, Invalid, Named, Owner, Ownership, Patience, Trace,
};

const ACCESS_POINTS: &[&str] = &["elasticfilesystem:access-point/*"];
const OURS: &[Grant] = &[Grant::owned(ACCESS_POINTS)];

const CREATE: Call = Call::new(
    "elasticfilesystem:CreateAccessPoint",
    &[Grant::on(&["elasticfilesystem:file-system/*"]).when(&[When::Tagging, When::Owned])],
)
.checked(&[efs_tags::check(
    Grant::on(ACCESS_POINTS)
        .when(&[When::Tagging, When::Is("elasticfilesystem:CreateAction", "CreateAccessPoint")]),
)]);
const DESCRIBE: Call = Call::read("elasticfilesystem:DescribeAccessPoints");
const DELETE: Call = Call::new("elasticfilesystem:DeleteAccessPoint", OURS);

/// An access point's inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EfsAccessPoint {
    pub file_system_id: String,
    /// The directory that clients see as the root; EFS makes it at the first mount if it is not there.
    pub path: String,
    /// Everything is done as this user, who also owns the directory when EFS makes it.
    pub uid: u32,
    pub gid: u32,
    /// Of the directory when EFS makes it: `0755`.
    pub permissions: String,
    pub tags: Tags,
}

/// The values that AWS chooses for an access point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub arn: String,
}

impl Observe for EfsAccessPoint {
    const KIND: &'static str = "aws_efs_access_point";
    const CALLS: &'static [Call] = &[DESCRIBE, CREATE, DELETE];
    type Outputs = Outputs;

    async fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> Result<BTreeMap<Id, Observed<Self>>, CloudError> {
        let questions = efs_part::questions(tracked, |part| &part.file_system_id);
        let answers = try_join_all(questions.into_iter().map(|parts| describe(aws, parts))).await?;
        let live: BTreeMap<Id, AccessPointDescription> = answers
            .into_iter()
            .flatten()
            .filter_map(|live| Some((Id::new(live.access_point_id()?), live)))
            .collect();
        let found = tracked.iter().filter_map(|one| {
            let live = live.get(&one.id)?;
            Some((one.id.clone(), observed(live, one.recorded.as_ref())))
        });
        Ok(found.collect())
    }
}

impl Resource for EfsAccessPoint {
    // EFS changes nothing of an access point but its tags.
    const FIELDS: &'static [Field] = &[
        Field::replace("file_system_id").follows(),
        Field::replace("path").chosen_once(),
        Field::replace("uid"),
        Field::replace("gid"),
        Field::replace("permissions").met_by(same_permissions),
        Field::in_place("tags", &efs_tags::calls(OURS), Effect::None),
    ];
    // The client token, derived from the owner, tells the access points of a file system apart; they are looked
    // for only where the file system is known.
    const NATURAL_KEY: &'static [&'static str] = &["file_system_id"];
    /// "After deletion is complete, new clients can no longer connect to the access points" (DeleteAccessPoint, EFS API
    /// reference).
    const LOSS: Effect = Effect::AccessLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(10 * 60),
        update: Duration::from_secs(10 * 60),
        delete: Duration::from_secs(10 * 60),
    };

    fn check(&self, _observed: Option<&Self>) -> Vec<Invalid> {
        let mut invalid = tags::check_tags(&self.tags);
        invalid.extend(check_path(&self.path).map(|message| Invalid::new("path", message)));
        if octal(&self.permissions).is_none() {
            let message = format!("must be 3 or 4 octal digits, such as 0755, not `{}`", self.permissions);
            invalid.push(Invalid::new("permissions", message));
        }
        invalid
    }

    async fn find(&self, aws: &Aws, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        let live = describe(aws, PartsOf::FileSystem(&self.file_system_id)).await?;
        let bare = live.iter().filter_map(|live| unclaimed(owner, live));
        let bare: Vec<Found> = bare.filter(|found| !owner.others.contains(&found.id)).collect();
        let found = live.into_iter().filter_map(|live| {
            let Made { ownership, generation } = made_for(owner, live.client_token()?, &tags_of(&live))?;
            // A later one that goes is not the one that is looked for.
            let leaves = live.life_cycle_state == Some(LifeCycleState::Deleting);
            let stays = generation == Some(owner.generation) || !leaves;
            let id = Id::new(live.access_point_id.filter(|_| stays)?);
            let found = Found { generation, ..Found::new(id, ownership) }.traced(Trace::Token);
            let path = live.root_directory.and_then(|root| root.path);
            (!owner.others.contains(&found.id)).then(|| found.labelled(path.as_deref(), None))
        });
        let mut found: Vec<Found> = found.collect();
        found.sort_by_key(|found| (found.generation.is_none(), found.generation));
        found.extend(bare);
        Ok(found)
    }

    async fn create(&self, aws: &Aws, owner: &Owner) -> Result<Id, CloudError> {
        let Self { file_system_id, path, uid, gid, permissions, tags } = self;
        let (uid, gid) = (i64::from(*uid), i64::from(*gid));
        let user = PosixUser::builder().uid(uid).gid(gid).build().expect("both are set");
        let made = CreationInfo::builder().owner_uid(uid).owner_gid(gid).permissions(permissions);
        let made = made.build().expect("all three are set");
        let call = aws
            .write
            .efs
            .create_access_point()
            .file_system_id(file_system_id)
            .posix_user(user)
            .root_directory(RootDirectory::builder().path(path).creation_info(made).build())
            .set_tags(Some(tags::to_efs(&tags::with_ownership(tags, owner))));
        let mut attempt = 0;
        loop {
            let token = nth_token(owner, attempt);
            let answer = call.clone().client_token(&token).send().await.map_err(aws_error(CREATE));
            attempt += 1;
            match answer {
                Err(error) if error.outcome == Outcome::Exists && attempt < MOST_TOKENS => {
                    if !self.is_of_another(aws, owner, &token).await? {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
                Ok(made) => {
                    return match made.access_point_id {
                        Some(id) if !id.is_empty() => Ok(Id::new(id)),
                        _ => Err(CloudError::bad_response(CREATE, "the answer holds no access point id")),
                    };
                }
            }
        }
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), CloudError> {
        let Self { file_system_id: _, path: _, uid: _, gid: _, permissions: _, tags } = self;
        if change.touches(&["tags"]) {
            let tags = tags::tag_change(&change.observed.tags, tags);
            efs_tags::retag(aws, change.id.as_str(), &tags).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, id: &Id, _owner: &Owner, _: Option<&str>) -> Result<(), CloudError> {
        let answer = aws.write.efs.delete_access_point().access_point_id(id.as_str()).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }

    const CLAIM: &'static [Call] = &[efs_tags::calls(OURS)[0]];

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        efs_tags::claim(aws, id.as_str(), owner).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let live = describe(aws, PartsOf::Itself(text)).await?.into_iter().next();
        let found = live.and_then(|live| {
            let ownership = Ownership::of_tags(&tags_of(&live));
            Some(Found::new(Id::new(live.access_point_id?), ownership))
        });
        Ok(found.map(Named::from))
    }
}

impl EfsAccessPoint {
    /// True if the token was used for an access point that is not, or no longer, the owner's.
    async fn is_of_another(&self, aws: &Aws, owner: &Owner, token: &str) -> Result<bool, CloudError> {
        let live = describe(aws, PartsOf::FileSystem(&self.file_system_id)).await?;
        let user = live.iter().find(|live| live.client_token() == Some(token));
        Ok(user.is_some_and(|live| {
            let recorded = live.access_point_id().is_some_and(|id| owner.others.contains(&Id::new(id)));
            recorded || made_for(owner, token, &tags_of(live)).is_none()
        }))
    }
}

/// The access point, if it lost its tags and was made for another address: its key may have been renamed since.
fn unclaimed(owner: &Owner, live: &AccessPointDescription) -> Option<Found> {
    let made_for = made_elsewhere(owner, live.client_token()?, &tags_of(live))?;
    let stays = live.life_cycle_state != Some(LifeCycleState::Deleting);
    let id = Id::new(live.access_point_id().filter(|_| stays)?);
    let path = live.root_directory().and_then(|root| root.path());
    let found = Found { made_for, ..Found::new(id, Ownership::Untagged) };
    Some(found.traced(Trace::Use).labelled(path, None))
}

fn tags_of(live: &AccessPointDescription) -> Tags {
    tag_map(live.tags(), |tag| Some(tag.key()), |tag| Some(tag.value()))
}

async fn describe(aws: &Aws, parts: PartsOf<'_>) -> Result<Vec<AccessPointDescription>, CloudError> {
    let all = aws.read.efs.describe_access_points();
    let asked = match parts {
        PartsOf::FileSystem(id) => all.file_system_id(id),
        PartsOf::Itself(id) => all.access_point_id(id),
    };
    let answer = asked.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
    let mut found: Vec<AccessPointDescription> = absent_is_none(answer)?.unwrap_or_default();
    found.retain(|live| live.life_cycle_state != Some(LifeCycleState::Deleted));
    Ok(found)
}

fn observed(live: &AccessPointDescription, recorded: Option<&EfsAccessPoint>) -> Observed<EfsAccessPoint> {
    let all_tags = tags_of(live);
    let root = live.root_directory();
    // A number that is larger than an id can be is no one's id.
    let number = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let (uid, gid) =
        live.posix_user().map_or((u32::MAX, u32::MAX), |user| (number(user.uid), number(user.gid)));
    Observed {
        remarks: Vec::new(),
        in_force: None,
        outputs: Outputs { arn: live.access_point_arn.clone().unwrap_or_default() },
        condition: Condition::of(
            efs_status::PART,
            live.life_cycle_state().map_or("creating", LifeCycleState::as_str),
        ),
        ownership: Ownership::of_tags(&all_tags),
        vpc: None,
        inputs: Some(EfsAccessPoint {
            file_system_id: live.file_system_id.clone().unwrap_or_default(),
            path: root.and_then(|root| root.path()).unwrap_or("/").to_owned(),
            uid,
            gid,
            permissions: root
                .and_then(|root| root.creation_info())
                .map(|made| made.permissions().to_owned())
                .unwrap_or_default(),
            tags: recorded.map(|recorded| tags::ours(&all_tags, &recorded.tags)).unwrap_or_default(),
        }),
    }
}

/// Finds what EFS would refuse of a path (CreateAccessPoint, RootDirectory: at most four directories deep).
fn check_path(path: &str) -> Option<String> {
    let parts = path.strip_prefix('/').unwrap_or_default().split('/');
    let fine = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.contains(|c: char| "$#<>;`|&?{}^*\n".contains(c))
    };
    let sound = path == "/" || (path.len() <= 100 && path.starts_with('/') && parts.clone().all(fine));
    (!sound || parts.count() > 4)
        .then(|| format!("must be `/`, or up to four directories such as `/git-data`, not `{path}`"))
}

fn octal(permissions: &str) -> Option<u32> {
    let digits = matches!(permissions.len(), 3 | 4) && permissions.bytes().all(|byte| byte.is_ascii_digit());
    u32::from_str_radix(permissions, 8).ok().filter(|_| digits)
}

/// `755` and `0755` are the same permissions.
fn same_permissions(desired: &Value, observed: &Value) -> bool {
    let number = |value: &Value| value.as_str().and_then(octal);
    desired == observed || (number(desired).is_some() && number(desired) == number(observed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access_point() -> EfsAccessPoint {
        EfsAccessPoint {
            file_system_id: "fs-1".to_owned(),
            path: "/git-data".to_owned(),
            uid: 998,
            gid: 998,
            permissions: "0755".to_owned(),
            tags: Tags::new(),
        }
    }

    #[test]
    fn paths_and_permissions_are_those_that_efs_takes() {
        for (path, permissions, expected) in [
            ("/git-data", "0755", vec![]),
            ("/", "755", vec![]),
            ("/a/b/c/d", "1777", vec![]),
            ("/a/b/c/d/e", "0755", vec!["path"]),
            ("git-data", "0755", vec!["path"]),
            ("/a/", "0755", vec!["path"]),
            ("/a//b", "0755", vec!["path"]),
            ("/..", "0755", vec!["path"]),
            ("/a b", "0755", vec![]),
            ("/a*", "0755", vec!["path"]),
            ("", "0755", vec!["path"]),
            ("/a", "0788", vec!["permissions"]),
            ("/a", "75", vec!["permissions"]),
            ("/a", "+755", vec!["permissions"]),
        ] {
            let one = EfsAccessPoint { path: path.into(), permissions: permissions.into(), ..access_point() };
            let found: Vec<&str> = one.check(None).iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{path} {permissions}");
        }
    }

    #[test]
    fn permissions_are_compared_as_numbers() {
        for (desired, observed, same) in
            [("0755", "755", true), ("0755", "0755", true), ("0755", "0750", false), ("0755", "", false)]
        {
            assert_eq!(same_permissions(&desired.into(), &observed.into()), same, "{desired} {observed}");
        }
    }
}
