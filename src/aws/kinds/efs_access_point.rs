//! EFS access points: a directory of a file system, entered as one POSIX user.

mod find;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_efs::operation::create_access_point::builders::CreateAccessPointInputBuilder as Create;
use aws_sdk_efs::types::{AccessPointDescription, CreationInfo, LifeCycleState, PosixUser, RootDirectory};
use serde_json::Value;

use crate::aws::efs::{self, PartsOf};
use crate::aws::kind::{Check, Kind, Seen, id_in_answer};
use crate::aws::kinds::creation_token;
use crate::aws::kinds::efs_status;
use crate::aws::kinds::efs_tags;
use crate::aws::kinds::tags::{self, Tags};
use crate::aws::row::{self, Key, Row, set_of_whole, text, whole_of};
use crate::aws::{Aws, absent_is_done, aws_error};
use crate::engine::call::{Call, Grant, When};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::Replace;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Invalid, Named, Owner, Ownership, Patience, Pattern, Shape,
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
const DELETE: Call = Call::new("elasticfilesystem:DeleteAccessPoint", OURS);

/// A directory of a file system (CreateAccessPoint, RootDirectory: at most four directories deep).
const PATH_RULE: Pattern = Pattern::new(
    "a path: `/`, or up to four directories such as `/git-data`, at most 100 characters, none of which is one of \
     `#$<>;|&?{}^*` or a backquote",
    "^/$|^(/[^/.$#<>;|&?{}^*`\n][^/$#<>;|&?{}^*`\n]*){1,4}$",
    100,
);
const PERMISSIONS_RULE: Pattern = Pattern::new(
    "the permissions of a directory: 3 or 4 octal digits in quotes, such as `\"0755\"`",
    "^[0-7]{3,4}$",
    4,
);
/// A number of a POSIX user or group (PosixUser, EFS API reference).
const NUMBER: Shape = Shape::Whole { least: 0, most: 4_294_967_295 };

type Field<T> = Key<EfsAccessPoint, T>;
const FILE_SYSTEM: Field<String> = Key::new("file_system_id");
const PATH: Field<String> = Key::new("path");
const UID: Field<i64> = Key::new("uid");
const GID: Field<i64> = Key::new("gid");
const SECONDARY_GIDS: Field<Vec<i64>> = Key::new("secondary_gids");
const OWNER_UID: Field<i64> = Key::new("owner_uid");
const OWNER_GID: Field<i64> = Key::new("owner_gid");
const PERMISSIONS: Field<String> = Key::new("permissions");

/// Access points of EFS.
pub struct EfsAccessPoint;

impl Kind for EfsAccessPoint {
    const KIND: &'static str = "aws_efs_access_point";
    const CALLS: &'static [Call] = &[efs::ACCESS_POINTS, CREATE, DELETE];
    // EFS changes nothing of an access point but its tags.
    const MODIFY: &'static [Call] = &[];
    type Create = Create;
    type Modify = ();
    type Live = AccessPointDescription;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &FILE_SYSTEM
            .field(text(Pattern::any("the id of a file system")).required())
            .follows()
            .create(Create::set_file_system_id)
            .fixed()
            .observe(|live| Some(live.file_system_id.clone().unwrap_or_default())),
        &PATH
            .field(text(PATH_RULE).made_by_section())
            .doc(
                "The directory; without it, that of the access point's own name. Only a new access point can change it.",
            )
            .sent_by_code(Replace, &[])
            .observe(|live| {
                let path = live.root_directory().and_then(|root| root.path());
                Some(path.unwrap_or("/").to_owned())
            })
            .chosen_once(),
        &UID.field(whole_of(NUMBER).required())
            .doc("The user that everything is done as, and that owns the directory if EFS makes it. Must be written.")
            .sent_by_code(Replace, &[])
            .observe(|live| Some(live.posix_user()?.uid)),
        &GID.field(whole_of(NUMBER).made_by_section())
            .doc("The group; without it, the number of the user.")
            .sent_by_code(Replace, &[])
            .observe(|live| Some(live.posix_user()?.gid)),
        &SECONDARY_GIDS
            // At most 16 (PosixUser, SecondaryGids).
            .field(set_of_whole(&NUMBER))
            .doc("Other groups that everything is done as a member of. Only a new access point can change them.")
            .sent_by_code(Replace, &[])
            .observe(|live| Some(live.posix_user()?.secondary_gids().to_vec())),
        &OWNER_UID
            .field(whole_of(NUMBER))
            .doc("The owner of the directory if EFS makes it; without it, the user. Only a new access point can change it.")
            .sent_by_code(Replace, &[])
            .observe(|live| Some(live.root_directory()?.creation_info()?.owner_uid)),
        &OWNER_GID
            .field(whole_of(NUMBER))
            .doc("The group of the directory if EFS makes it; without it, the group. Only a new access point can change it.")
            .sent_by_code(Replace, &[])
            .observe(|live| Some(live.root_directory()?.creation_info()?.owner_gid)),
        &PERMISSIONS
            .field(text(PERMISSIONS_RULE).default("0755"))
            .doc("Of the directory, if EFS makes it.")
            .sent_by_code(Replace, &[])
            .observe(|live| {
                let made = live.root_directory().and_then(|root| root.creation_info());
                Some(made.map(|made| made.permissions().to_owned()).unwrap_or_default())
            })
            .met_by(same_permissions),
        &tags::row::<Self>(&efs_tags::calls(OURS), |live| Some(tags::shown(live, &tags_of(live)))),
    ];
    const CHECKS: &'static [Check] = &[tags::check, at_most_sixteen_groups];
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
    const CLAIM: &'static [Call] = &[efs_tags::calls(OURS)[0]];

    async fn look(
        aws: &Aws,
        tracked: &[TrackedDocument],
    ) -> Result<BTreeMap<Id, AccessPointDescription>, CloudError> {
        efs::tracked_parts(tracked, |parts| describe(aws, parts), |live| live.access_point_id()).await
    }

    fn seen(live: &AccessPointDescription, _: Option<&Document>) -> Seen {
        let state = live.life_cycle_state().map_or("creating", LifeCycleState::as_str);
        Seen {
            outputs: row::outputs([("arn", live.access_point_arn.clone().unwrap_or_default())]),
            condition: Condition::of(efs_status::PART, state),
            remarks: Vec::new(),
            ownership: Ownership::of_tags(&tags_of(live)),
            vpc: None,
        }
    }

    async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        find::find(aws, wanted, owner).await
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        let call = row::create_call::<Self>(wanted)
            .set_posix_user(user(wanted))
            .root_directory(directory(wanted))
            .set_tags(Some(tags::to_efs(&tags)));
        let create = |token| {
            let call = call.clone().client_token(token);
            async move {
                let made = call.send_with(&aws.write.efs).await.map_err(aws_error(CREATE))?;
                id_in_answer(CREATE, made.access_point_id)
            }
        };
        creation_token::make_of_efs(owner, create, |token| find::is_of_another(aws, wanted, owner, token))
            .await
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        match tags::asked_for(wanted, &change) {
            Some(tags) => efs_tags::retag(aws, change.id.as_str(), &tags).await,
            None => Ok(()),
        }
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        let answer = aws.write.efs.delete_access_point().access_point_id(deletion.id.as_str()).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        efs_tags::claim(aws, id.as_str(), owner).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        find::list(aws).await
    }

    async fn parts(aws: &Aws, whole: &Id) -> Result<Vec<Id>, CloudError> {
        let points = describe(aws, PartsOf::FileSystem(whole.as_str())).await?;
        Ok(points.into_iter().filter_map(|one| one.access_point_id).map(Id::new).collect())
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

/// The user that clients act as.
fn user(wanted: &Document) -> Option<PosixUser> {
    let user = PosixUser::builder().set_uid(UID.of(wanted)).set_gid(GID.of(wanted));
    user.set_secondary_gids(SECONDARY_GIDS.of(wanted)).build().ok()
}

/// The directory, and its owner and permissions if EFS makes it.
fn directory(wanted: &Document) -> RootDirectory {
    let made = CreationInfo::builder()
        .set_owner_uid(OWNER_UID.of(wanted).or_else(|| UID.of(wanted)))
        .set_owner_gid(OWNER_GID.of(wanted).or_else(|| GID.of(wanted)))
        .set_permissions(PERMISSIONS.of(wanted));
    RootDirectory::builder().set_path(PATH.of(wanted)).set_creation_info(made.build().ok()).build()
}

fn at_most_sixteen_groups(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let count = SECONDARY_GIDS.of(wanted).map_or(0, |groups| groups.len());
    let invalid = || Invalid::new(SECONDARY_GIDS.name, format!("must be at most 16 groups, not {count}"));
    (count > 16).then(invalid).into_iter().collect()
}

fn tags_of(live: &AccessPointDescription) -> Tags {
    efs_tags::of_sdk_tags(live.tags())
}

/// The access points that are there.
async fn describe(aws: &Aws, parts: PartsOf<'_>) -> Result<Vec<AccessPointDescription>, CloudError> {
    let mut found = efs::access_points(aws, parts).await?;
    found.retain(|live| live.life_cycle_state != Some(LifeCycleState::Deleted));
    Ok(found)
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
    use serde_json::json;

    use super::*;
    use crate::aws::kinds::registry;

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
            let one = json!({
                "file_system_id": "fs-1", "path": path, "uid": 998, "gid": 998, "permissions": permissions, "tags": {},
            });
            let registry = registry();
            let kind = registry.managing(EfsAccessPoint::KIND).expect("the kind is known");
            let found = kind.check(one.as_object().expect("a document is an object"), None).expect("it fits");
            let found: Vec<&str> = found.iter().map(|invalid| invalid.field).collect();
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
