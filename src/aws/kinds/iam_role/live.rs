//! Roles as IAM shows them: the role with its trust policy, and the policies on it, each by a read of its own.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::Role;
use futures_util::StreamExt;
use futures_util::future::{try_join, try_join_all};
use serde_json::Value;

use super::{DEFAULT_NAME, MANAGED, POLICY_NAME, names, trust};
use crate::aws::kinds::iam_tags;
use crate::aws::kinds::policy_document::{self, Policy};
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Found, Id, Ownership, Remark, Trace};

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
    /// The other inline policies.
    pub others: BTreeMap<String, Policy>,
}

pub(super) async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
    let found = try_join_all(tracked.iter().map(|one| look_at(aws, one))).await?;
    let found = tracked.iter().zip(found).filter_map(|(one, live)| Some((one.id.clone(), live?)));
    Ok(found.collect())
}

async fn look_at(aws: &Aws, tracked: &TrackedDocument) -> Result<Option<Live>, CloudError> {
    let name = tracked.id.as_str();
    let recorded = tracked.recorded.as_ref().and_then(|recorded| POLICY_NAME.text(recorded));
    let recorded = recorded.map(names::all).unwrap_or_default();
    let policies = async {
        let asked = recorded.iter().map(|own| policy(aws, name, own));
        let (all, own) = try_join(inline(aws, name), try_join_all(asked)).await?;
        let own = recorded.iter().zip(own).filter_map(|(own, policy)| Some(((*own).to_owned(), policy?)));
        let own: BTreeMap<String, Policy> = own.collect();
        let others = all.into_iter().filter(|one| !recorded.contains(&one.as_str()));
        let read = others.map(|one| async move {
            let policy = policy(aws, name, &one).await?;
            Ok::<_, CloudError>(policy.map(|policy| (one, policy)))
        });
        let others: BTreeMap<String, Policy> = try_join_all(read).await?.into_iter().flatten().collect();
        Ok((own, others))
    };
    let whole = async { try_join(role(aws, name), attached(aws, name)).await };
    let ((role, attached), (mut own, mut others)) = try_join(whole, policies).await?;
    let Some(role) = role else { return Ok(None) };
    // One of several that others wrote would be no more than a part.
    if recorded.is_empty() && others.len() == 1 {
        own.append(&mut others);
    }
    let trust = match role.assume_role_policy_document() {
        Some(text) => trust::as_written(&document(GET, text)?, aws.partition()),
        None => Policy::default(),
    };
    let policy_name = match (own.is_empty(), others.is_empty()) {
        (false, _) => Some(own.keys().map(String::as_str).collect::<Vec<_>>().join(names::AND)),
        (true, true) if recorded.is_empty() => Some(DEFAULT_NAME.to_owned()),
        (true, _) => recorded.first().map(|one| (*one).to_owned()),
    };
    let policy = policy_document::joined(own.into_values());
    Ok(Some(Live { role, trust, policy, policy_name, attached, others }))
}

impl Live {
    /// All that others have put on the role besides what is recorded: it may do more than its stack file says.
    pub(super) fn of_others(&self, recorded: &Document) -> Vec<Remark> {
        let name = &self.role.role_name;
        let managed = MANAGED.of(recorded).unwrap_or_default();
        let attached = self.attached.iter().filter(|arn| !managed.contains(arn)).map(|arn| Remark::Besides {
            field: MANAGED.name,
            value: arn.clone(),
            what: match arn.ends_with(":policy/AdministratorAccess") {
                true => format!("others have attached {arn} to it, which allows everything"),
                false => format!("others have attached {arn} to it"),
            },
            remedy: format!("aws iam detach-role-policy --role-name {name} --policy-arn {arn}"),
        });
        let inline = self.others.iter().map(|(policy, text)| Remark::Besides {
            field: POLICY_NAME.name,
            value: policy.clone(),
            what: match policy_document::allows_everything(text) {
                true => format!("others have put the policy {policy} on it, which allows everything"),
                false => format!("others have put the policy {policy} on it"),
            },
            remedy: format!("aws iam delete-role-policy --role-name {name} --policy-name {policy}"),
        });
        attached.chain(inline).collect()
    }
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

async fn policy(aws: &Aws, role: &str, name: &str) -> Result<Option<Policy>, CloudError> {
    let answer = aws.read.iam.get_role_policy().role_name(role).policy_name(name).send().await;
    let answer = absent_is_none(answer.map_err(aws_error(GET_POLICY)))?;
    answer.map(|answer| document(GET_POLICY, &answer.policy_document)).transpose()
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
