//! Instance profiles: the way in which a machine of EC2 has a role. Each has one role, which can be another one later.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_iam::operation::create_instance_profile::builders::CreateInstanceProfileInputBuilder as Create;
use aws_sdk_iam::types::InstanceProfile as Live;
use futures_util::StreamExt;
use futures_util::future::try_join_all;

use crate::aws::kind::{Check, Kind, Seen, id_in_answer};
use crate::aws::kinds::iam_role::{PROFILES, profiles_of, same_name};
use crate::aws::kinds::iam_tags::{self, PATH_RULE};
use crate::aws::kinds::tags::{self, TagChange};
use crate::aws::row::{self, Key, Row, text};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error};
use crate::engine::call::{Call, Check as Checked, Grant, When};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Named, Owner, Ownership, Patience, Pattern, Trace,
};

/// The ARN of a profile has its path and its name.
const THIS: &[&str] = &["iam:instance-profile{path}{name}"];
const OURS: &[Grant] = &[Grant::owned(THIS)];

const GET: Call = Call::read("iam:GetInstanceProfile");
const LIST: Call = Call::read("iam:ListInstanceProfiles");

const CREATE: Call =
    Call::new("iam:CreateInstanceProfile", &[Grant::tagging(THIS)]).checked(&[Checked::new(
        "iam:TagInstanceProfile",
        Grant::tagging(THIS),
        "IAM User Guide, Tagging instance profiles: permissions required for tagging",
    )]);
const DELETE: Call = Call::new("iam:DeleteInstanceProfile", OURS);
const ADD: Call = Call::new("iam:AddRoleToInstanceProfile", OURS).checked(&[Checked::new(
    "iam:PassRole",
    Grant::on(&["iam:role{path}{role}"]).when(&[When::Is("iam:PassedToService", "ec2.amazonaws.com*")]),
    "AddRoleToInstanceProfile, IAM API reference: the caller must be granted the PassRole permission on the role",
)]);
const REMOVE: Call = Call::new("iam:RemoveRoleFromInstanceProfile", OURS);
const TAG: Call = Call::new("iam:TagInstanceProfile", OURS);
const UNTAG: Call = Call::new("iam:UntagInstanceProfile", OURS);

/// CreateInstanceProfile, InstanceProfileName.
const NAME_RULE: Pattern = Pattern::new(
    "an instance profile's name: letters, digits and `_+=,.@-`, at most 128",
    "^[A-Za-z0-9_+=,.@-]+$",
    128,
);

type Field<T> = Key<IamInstanceProfile, T>;
const NAME: Field<String> = Key::new("name");
const ROLE: Field<String> = Key::new("role");

/// Instance profiles of IAM.
pub struct IamInstanceProfile;

impl Kind for IamInstanceProfile {
    const KIND: &'static str = "aws_iam_instance_profile";
    const CALLS: &'static [Call] = &[GET, LIST, PROFILES, CREATE, DELETE];
    // Each change has a call of its own.
    const MODIFY: &'static [Call] = &[];
    type Create = Create;
    type Modify = ();
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &NAME
            .field(text(NAME_RULE).required())
            .follows()
            .create(Create::set_instance_profile_name)
            .fixed()
            .observe(|live| Some(live.instance_profile_name.clone()))
            .met_by(same_name)
            .chosen_once(),
        &Field::new("path")
            .field(text(PATH_RULE).default("/"))
            .made_from("path")
            .create(Create::set_path)
            .fixed()
            .observe(|live| Some(live.path.clone())),
        &ROLE
            .field(text(Pattern::any("the name of a role")).required())
            .follows()
            // Machines have the credentials of the role before for a while, and then those of the new one.
            .sent_by_code(InPlace(Effect::AccessLoss), &[ADD, REMOVE])
            .observe(|live| Some(live.roles().first()?.role_name.clone()))
            .met_by(same_name)
            .depending(|_, observed| {
                let is_swapped = observed.contains_key(ROLE.name);
                InPlace(if is_swapped { Effect::AccessLoss } else { Effect::None })
            }),
        &tags::row::<Self>(&[TAG, UNTAG], |live| {
            Some(tags::shown(live, &iam_tags::of_sdk_tags(live.tags())))
        }),
    ];
    const CHECKS: &'static [Check] = &[tags::check];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    // The machines that have it are refused from then on.
    const LOSS: Effect = Effect::AccessLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        // "Changes that I make are not always immediately visible" (IAM User Guide, Troubleshoot IAM).
        create: Duration::from_secs(3 * 60),
        update: Duration::from_secs(3 * 60),
        delete: Duration::from_secs(3 * 60),
    };
    const CLAIM: &'static [Call] = &[TAG];
    const COMES_FIRST: bool = true;

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        let found = try_join_all(tracked.iter().map(|one| profile(aws, one.id.as_str()))).await?;
        let found = tracked.iter().zip(found).filter_map(|(one, live)| Some((one.id.clone(), live?)));
        Ok(found.collect())
    }

    fn seen(live: &Live, _: Option<&Document>) -> Seen {
        Seen {
            outputs: row::outputs([("arn", live.arn.clone()), ("name", live.instance_profile_name.clone())]),
            // Every call on a profile is done when it is answered.
            condition: Condition::Ready,
            remarks: Vec::new(),
            ownership: Ownership::of_tags(&iam_tags::of_sdk_tags(live.tags())),
            vpc: None,
        }
    }

    async fn find(aws: &Aws, wanted: &Document, _: &Owner) -> Result<Vec<Found>, CloudError> {
        let Some(name) = NAME.text(wanted) else { return Ok(Vec::new()) };
        Ok(of_any_case(aws, name).await?.iter().map(found).collect())
    }

    /// Its role comes to it with the update that follows: CreateInstanceProfile takes none.
    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        let call = row::create_call::<Self>(wanted).set_tags(Some(tags::to_iam(&tags)));
        let made = call.send_with(&aws.write.iam).await.map_err(aws_error(CREATE))?;
        id_in_answer(CREATE, made.instance_profile.map(|profile| profile.instance_profile_name))
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        let name = change.id.as_str();
        if let (true, Some(role)) = (change.fields.contains(ROLE.name), ROLE.of(wanted)) {
            if let Some(before) = ROLE.of(change.observed) {
                remove(aws, name, &before).await?;
            }
            let add =
                aws.write.iam.add_role_to_instance_profile().instance_profile_name(name).role_name(&role);
            if let Err(error) = add.send().await.map_err(aws_error(ADD)) {
                // A profile has one role: asked again after a lost answer, IAM says that there is no room for it.
                let is_full = error.code == FULL;
                let there = if is_full { profile(aws, name).await? } else { None };
                let has_it =
                    |live: &Live| live.roles().iter().any(|one| one.role_name.eq_ignore_ascii_case(&role));
                if !there.as_ref().is_some_and(has_it) {
                    return Err(error);
                }
            }
        }
        match tags::asked_for(wanted, &change) {
            Some(tags) => retag(aws, name, &tags).await,
            None => Ok(()),
        }
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        let name = deletion.id.as_str();
        let Some(live) = profile(aws, name).await? else { return Ok(()) };
        let ownership = Ownership::of_tags(&iam_tags::of_sdk_tags(live.tags()));
        tags::refuse_others(DELETE, name, &ownership, deletion.owner)?;
        // Its role is a part of it: whichever it is by now, it is let go of, and stays.
        for role in live.roles() {
            remove(aws, name, role.role_name()).await?;
        }
        let delete = aws.write.iam.delete_instance_profile().instance_profile_name(name).send().await;
        absent_is_done(delete.map(drop).map_err(aws_error(DELETE)))
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        retag(aws, id.as_str(), &tags::claim(owner)).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        let all = listed(aws).await?;
        // A list shows no tags, so that each is asked for its own.
        let asked = all.into_iter().map(|listed| async move {
            let whole = profile(aws, &listed.instance_profile_name).await?;
            Ok::<_, CloudError>(whole.map(|live| found(&live).traced(Trace::Tags)))
        });
        let found: Vec<_> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
        let found: Result<Vec<_>, _> = found.into_iter().collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// The profiles that a role is in.
    async fn parts(aws: &Aws, whole: &Id) -> Result<Vec<Id>, CloudError> {
        Ok(profiles_of(aws, whole.as_str()).await?.into_iter().map(Id::new).collect())
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let name = iam_tags::name_in(text);
        if !NAME_RULE.fits(name) {
            return Ok(None);
        }
        let live = profile(aws, name).await?;
        Ok(live.map(|live| Named { found: found(&live), unfit: iam_tags::unfit(&live.path) }))
    }
}

/// The code where a profile has a role already (AddRoleToInstanceProfile, Errors).
const FULL: &str = "LimitExceeded";

/// The profiles that are asked for their tags at once.
const AT_ONCE: usize = 8;

/// True where a profile of this name is there.
///
/// # Errors
/// Any error of `iam:GetInstanceProfile`.
pub(in crate::aws) async fn is_there(aws: &Aws, name: &str) -> Result<bool, CloudError> {
    Ok(profile(aws, name).await?.is_some())
}

async fn profile(aws: &Aws, name: &str) -> Result<Option<Live>, CloudError> {
    let answer = aws.read.iam.get_instance_profile().instance_profile_name(name).send().await;
    Ok(absent_is_none(answer.map_err(aws_error(GET)))?.and_then(|answer| answer.instance_profile))
}

async fn listed(aws: &Aws) -> Result<Vec<Live>, CloudError> {
    let pages = aws.read.iam.list_instance_profiles().into_paginator().items().send();
    pages.try_collect().await.map_err(aws_error(LIST))
}

/// The profile of this name, in any case of its letters: no two profiles differ in that alone.
async fn of_any_case(aws: &Aws, name: &str) -> Result<Option<Live>, CloudError> {
    if let Some(live) = profile(aws, name).await? {
        return Ok(Some(live));
    }
    let all = listed(aws).await?;
    match all.iter().find(|one| one.instance_profile_name.eq_ignore_ascii_case(name)) {
        Some(listed) => profile(aws, &listed.instance_profile_name).await,
        None => Ok(None),
    }
}

fn found(live: &Live) -> Found {
    let ownership = Ownership::of_tags(&iam_tags::of_sdk_tags(live.tags()));
    Found::new(Id::new(&live.instance_profile_name), ownership)
}

async fn remove(aws: &Aws, name: &str, role: &str) -> Result<(), CloudError> {
    let remove =
        aws.write.iam.remove_role_from_instance_profile().instance_profile_name(name).role_name(role);
    absent_is_done(remove.send().await.map(drop).map_err(aws_error(REMOVE)))
}

async fn retag(aws: &Aws, name: &str, change: &TagChange) -> Result<(), CloudError> {
    if !change.set.is_empty() {
        let call = aws.write.iam.tag_instance_profile().instance_profile_name(name);
        call.set_tags(Some(tags::to_iam(&change.set))).send().await.map_err(aws_error(TAG))?;
    }
    if !change.remove.is_empty() {
        let call = aws.write.iam.untag_instance_profile().instance_profile_name(name);
        call.set_tag_keys(Some(change.remove.clone())).send().await.map_err(aws_error(UNTAG))?;
    }
    Ok(())
}
