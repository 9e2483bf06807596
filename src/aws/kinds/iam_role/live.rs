//! Roles as IAM shows them: the role with its trust policy, and the policies on it, each by a read of its own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::Role;
use futures_util::StreamExt;
use futures_util::future::{try_join, try_join_all};
use serde_json::Value;

use super::{POLICY_NAME, trust};
use crate::aws::kinds::iam_tags;
use crate::aws::kinds::policy_document::{self, Policy};
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::resource::{Found, Id, Ownership, Trace};

pub(super) const GET: Call = Call::read("iam:GetRole");
pub(super) const LIST: Call = Call::read("iam:ListRoles");
/// The names of the inline policies of a role.
pub(crate) const INLINE: Call = Call::read("iam:ListRolePolicies");
pub(super) const GET_POLICY: Call = Call::read("iam:GetRolePolicy");
/// The managed policies of a role.
pub(crate) const ATTACHED: Call = Call::read("iam:ListAttachedRolePolicies");
/// The instance profiles that a role is in.
pub(crate) const PROFILES: Call = Call::read("iam:ListInstanceProfilesForRole");

/// A role.
pub struct Live {
    pub role: Role,
    pub trust: Policy,
    /// The inline policy of the recorded name, or the only one of a role of which none is recorded; empty where there is none.
    pub policy: Policy,
    pub policy_name: Option<String>,
    pub attached: BTreeSet<String>,
}

pub(super) async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
    let found = try_join_all(tracked.iter().map(|one| look_at(aws, one))).await?;
    let found = tracked.iter().zip(found).filter_map(|(one, live)| Some((one.id.clone(), live?)));
    Ok(found.collect())
}

async fn look_at(aws: &Aws, tracked: &TrackedDocument) -> Result<Option<Live>, CloudError> {
    let name = tracked.id.as_str();
    let named = tracked.recorded.as_ref().and_then(|recorded| POLICY_NAME.of(recorded));
    let policy = async {
        let named = match named {
            Some(named) => Some(named),
            // One of several that others wrote would be no more than a part.
            None => match inline(aws, name).await?.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            },
        };
        let policy = match &named {
            Some(named) => policy(aws, name, named).await?,
            None => Policy::default(),
        };
        Ok((named, policy))
    };
    let whole = async { try_join(role(aws, name), attached(aws, name)).await };
    let ((role, attached), (policy_name, policy)) = try_join(whole, policy).await?;
    let Some(role) = role else { return Ok(None) };
    let trust = match role.assume_role_policy_document() {
        Some(text) => trust::as_written(&document(GET, text)?, aws.partition()),
        None => Policy::default(),
    };
    Ok(Some(Live { role, trust, policy, policy_name, attached }))
}

/// The role of this name, if it is there.
pub(super) async fn role(aws: &Aws, name: &str) -> Result<Option<Role>, CloudError> {
    let answer = aws.read.iam.get_role().role_name(name).send().await.map_err(aws_error(GET));
    Ok(absent_is_none(answer)?.and_then(|answer| answer.role))
}

/// The role of this name, in any case of its letters: no two roles differ in that alone.
pub(super) async fn of_any_case(aws: &Aws, name: &str) -> Result<Option<Role>, CloudError> {
    if let Some(role) = role(aws, name).await? {
        return Ok(Some(role));
    }
    let pages = aws.read.iam.list_roles().into_paginator().items().send();
    let all: Vec<Role> = pages.try_collect().await.map_err(aws_error(LIST))?;
    match all.iter().find(|one| one.role_name.eq_ignore_ascii_case(name)) {
        Some(listed) => role(aws, &listed.role_name).await,
        None => Ok(None),
    }
}

async fn policy(aws: &Aws, role: &str, name: &str) -> Result<Policy, CloudError> {
    let answer = aws.read.iam.get_role_policy().role_name(role).policy_name(name).send().await;
    match absent_is_none(answer.map_err(aws_error(GET_POLICY)))? {
        Some(answer) => document(GET_POLICY, &answer.policy_document),
        None => Ok(Policy::default()),
    }
}

/// The names of the inline policies of a role; none of one that is not there.
pub(crate) async fn inline(aws: &Aws, role: &str) -> Result<Vec<String>, CloudError> {
    let pages = aws.read.iam.list_role_policies().role_name(role).into_paginator().items().send();
    let names = pages.try_collect().await.map_err(aws_error(INLINE));
    Ok(absent_is_none(names)?.unwrap_or_default())
}

/// The ARNs of the managed policies of a role; none of one that is not there.
pub(crate) async fn attached(aws: &Aws, role: &str) -> Result<BTreeSet<String>, CloudError> {
    let pages = aws.read.iam.list_attached_role_policies().role_name(role).into_paginator().items().send();
    let all: Result<Vec<_>, _> = pages.try_collect().await.map_err(aws_error(ATTACHED));
    let all = absent_is_none(all)?.unwrap_or_default();
    Ok(all.into_iter().filter_map(|one| one.policy_arn).collect())
}

/// The names of the instance profiles that a role is in.
pub(crate) async fn profiles(aws: &Aws, role: &str) -> Result<Vec<String>, CloudError> {
    let pages =
        aws.read.iam.list_instance_profiles_for_role().role_name(role).into_paginator().items().send();
    let all: Result<Vec<_>, _> = pages.try_collect().await.map_err(aws_error(PROFILES));
    let all = absent_is_none(all)?.unwrap_or_default();
    Ok(all.into_iter().map(|one| one.instance_profile_name).collect())
}

/// A policy as IAM shows it.
fn document(call: Call, text: &str) -> Result<Policy, CloudError> {
    let plain = policy_document::decoded(text);
    let parsed = plain.as_deref().map(serde_json::from_str::<Value>);
    match parsed {
        Some(Ok(Value::Object(policy))) => Ok(Policy::of(policy)),
        _ => Err(CloudError::bad_response(call, "the policy in the answer is not a JSON object")),
    }
}

pub(super) fn found(role: &Role) -> Found {
    let ownership = Ownership::of_tags(&iam_tags::of_sdk_tags(role.tags()));
    Found::new(Id::new(&role.role_name), ownership)
}

/// The roles of the account without those that AWS makes for itself. A list shows no tags, so that each is asked for its own.
pub(super) async fn all(aws: &Aws) -> Result<Vec<Found>, CloudError> {
    let pages = aws.read.iam.list_roles().into_paginator().items().send();
    let all: Vec<Role> = pages.try_collect().await.map_err(aws_error(LIST))?;
    let own = all.into_iter().filter(|role| iam_tags::unfit(&role.path).is_none());
    let asked = own.map(|listed| async move {
        let whole = role(aws, &listed.role_name).await?;
        Ok::<_, CloudError>(whole.map(|role| found(&role).traced(Trace::Tags)))
    });
    let found: Vec<_> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
    let found: Result<Vec<_>, _> = found.into_iter().collect();
    Ok(found?.into_iter().flatten().collect())
}

/// The roles that are asked for their tags at once.
const AT_ONCE: usize = 8;
