//! The calls that change a role, and those that take off it what is ours before it goes.

use std::collections::BTreeSet;

use super::{
    ATTACH, BOUNDARY, DELETE, DELETE_BOUNDARY, DELETE_POLICY, DESCRIPTION, DETACH, IamRole, MANAGED, POLICY,
    POLICY_NAME, PUT_BOUNDARY, PUT_POLICY, PUT_TRUST, SESSION, TAG, TRUST, UNTAG, UPDATE, live, still_used,
    trust,
};
use crate::aws::kinds::tags::{self, TagChange};
use crate::aws::{Aws, absent_is_done, aws_error, row};
use crate::engine::cloud::{ChangeDocument, CloudError};
use crate::engine::document::Document;

/// Makes the fields of the change as wanted. What narrows a role comes before what widens it.
pub(super) async fn change(
    aws: &Aws,
    wanted: &Document,
    change: &ChangeDocument<'_>,
) -> Result<(), CloudError> {
    let (iam, name) = (&aws.write.iam, change.id.as_str());
    let changes = |field: &str| change.fields.contains(field);
    if changes(BOUNDARY.name) {
        match BOUNDARY.of(wanted) {
            Some(arn) => {
                let put = iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
                put.send().await.map_err(aws_error(PUT_BOUNDARY))?;
            }
            // One that is not written any more is taken back.
            None => {
                let answer = iam.delete_role_permissions_boundary().role_name(name).send().await;
                absent_is_done(answer.map(drop).map_err(aws_error(DELETE_BOUNDARY)))?;
            }
        }
    }
    if let (true, Some(policy)) = (changes(TRUST.name), TRUST.of(wanted)) {
        let document = trust::to_send(&policy, aws.partition());
        let put = iam.update_assume_role_policy().role_name(name).policy_document(document);
        put.send().await.map_err(aws_error(PUT_TRUST))?;
    }
    if changes(POLICY.name) || changes(POLICY_NAME.name) {
        put_policy(aws, name, wanted).await?;
        // To IAM one of another name is one more.
        let before = POLICY_NAME.of(change.observed).filter(|_| changes(POLICY_NAME.name));
        if let Some(before) = before.filter(|before| POLICY_NAME.of(wanted).as_ref() != Some(before)) {
            delete_policy(aws, name, &before).await?;
        }
    }
    if let (true, Some(managed)) = (changes(MANAGED.name), MANAGED.of(wanted)) {
        let before = MANAGED.of(change.observed).unwrap_or_default();
        for arn in before.iter().filter(|arn| !managed.contains(arn)) {
            detach(aws, name, arn).await?;
        }
        for arn in managed.iter().filter(|arn| !before.contains(arn)) {
            let attach = iam.attach_role_policy().role_name(name).policy_arn(arn).send().await;
            attach.map_err(aws_error(ATTACH))?;
        }
    }
    if let Some(call) = row::modify_call::<IamRole>(wanted, change.fields) {
        // "If you do not specify a value for this setting, the default value of one hour is applied" (UpdateRole, MaxSessionDuration).
        let call = call
            .role_name(name)
            .description(DESCRIPTION.of(wanted).or(DESCRIPTION.of(change.observed)).unwrap_or_default())
            .set_max_session_duration(SESSION.of(wanted));
        call.send_with(iam).await.map_err(aws_error(UPDATE))?;
    }
    match tags::asked_for(wanted, change) {
        Some(tags) => retag(aws, name, &tags).await,
        None => Ok(()),
    }
}

/// Puts the inline policy, or takes it away where it is empty.
async fn put_policy(aws: &Aws, name: &str, wanted: &Document) -> Result<(), CloudError> {
    let (Some(policy), Some(policy_name)) = (POLICY.of(wanted), POLICY_NAME.of(wanted)) else {
        return Ok(());
    };
    if policy.0.is_empty() {
        return delete_policy(aws, name, &policy_name).await;
    }
    let put = aws.write.iam.put_role_policy().role_name(name).policy_name(policy_name);
    let answer = put.policy_document(policy.text()).send().await;
    answer.map(drop).map_err(aws_error(PUT_POLICY))
}

async fn delete_policy(aws: &Aws, name: &str, policy_name: &str) -> Result<(), CloudError> {
    let delete = aws.write.iam.delete_role_policy().role_name(name).policy_name(policy_name);
    absent_is_done(delete.send().await.map(drop).map_err(aws_error(DELETE_POLICY)))
}

async fn detach(aws: &Aws, name: &str, arn: &str) -> Result<(), CloudError> {
    let detach = aws.write.iam.detach_role_policy().role_name(name).policy_arn(arn);
    absent_is_done(detach.send().await.map(drop).map_err(aws_error(DETACH)))
}

/// Takes off a role what was recorded as ours. Where others have put something on it nothing is taken off at all: the role would stay, and
/// could do less.
pub(super) async fn strip(aws: &Aws, name: &str, recorded: &Document) -> Result<(), CloudError> {
    let profiles = live::profiles(aws, name).await?;
    if !profiles.is_empty() {
        return Err(still_used(format!("{name} is in the instance profile {}", profiles.join(", "))));
    }
    let (managed, policy_name) = (MANAGED.of(recorded).unwrap_or_default(), POLICY_NAME.of(recorded));
    let attached = live::attached(aws, name).await?;
    let inline = live::inline(aws, name).await?;
    let theirs = attached.iter().filter(|arn| !managed.contains(*arn));
    let theirs: BTreeSet<&String> =
        theirs.chain(inline.iter().filter(|one| policy_name.as_ref() != Some(*one))).collect();
    if !theirs.is_empty() {
        let theirs: Vec<&str> = theirs.into_iter().map(String::as_str).collect();
        let message = format!(
            "others have put policies on {name}, and IAM deletes no such role: {}",
            theirs.join(", ")
        );
        return Err(CloudError::refused(DELETE, "DeleteConflict", message));
    }
    for arn in &attached {
        detach(aws, name, arn).await?;
    }
    match policy_name.filter(|one| inline.contains(one)) {
        Some(policy_name) => delete_policy(aws, name, &policy_name).await,
        None => Ok(()),
    }
}

/// Puts and removes tags of a role.
pub(super) async fn retag(aws: &Aws, name: &str, change: &TagChange) -> Result<(), CloudError> {
    if !change.set.is_empty() {
        let call = aws.write.iam.tag_role().role_name(name).set_tags(Some(tags::to_iam(&change.set)));
        call.send().await.map_err(aws_error(TAG))?;
    }
    if !change.remove.is_empty() {
        let call = aws.write.iam.untag_role().role_name(name).set_tag_keys(Some(change.remove.clone()));
        call.send().await.map_err(aws_error(UNTAG))?;
    }
    Ok(())
}
