//! The calls that change a role, and those that take off it what is ours before it goes.

use std::collections::BTreeSet;

use super::{
    ATTACH, BOUNDARY, DELETE, DELETE_BOUNDARY, DELETE_POLICY, DESCRIPTION, DETACH, IamRole, MANAGED, POLICY,
    POLICY_NAME, PUT_BOUNDARY, PUT_POLICY, PUT_TRUST, SESSION, TAG, TRUST, UNTAG, UPDATE, live, names,
    still_used, trust,
};
use crate::aws::kinds::policy_document;
use crate::aws::kinds::tags::{self, TagChange};
use crate::aws::{Aws, absent_is_done, aws_error, row};
use crate::engine::cloud::{ChangeDocument, CloudError};
use crate::engine::document::Document;

/// Makes the fields of the change as wanted. What narrows a role comes before what widens it: a run that is stopped between two calls leaves
/// no more rights than before and after it.
pub(super) async fn change(
    aws: &Aws,
    wanted: &Document,
    change: &ChangeDocument<'_>,
) -> Result<(), CloudError> {
    let (iam, name) = (&aws.write.iam, change.id.as_str());
    for step in in_order(wanted, change.fields, change.observed) {
        match step {
            Step::PutBoundary => {
                let put = iam.put_role_permissions_boundary().role_name(name);
                let put = put.set_permissions_boundary(BOUNDARY.of(wanted));
                put.send().await.map_err(aws_error(PUT_BOUNDARY))?;
            }
            Step::TakeBoundary => {
                let answer = iam.delete_role_permissions_boundary().role_name(name).send().await;
                absent_is_done(answer.map(drop).map_err(aws_error(DELETE_BOUNDARY)))?;
            }
            Step::Trust => {
                let document = trust::to_send(&TRUST.of(wanted).unwrap_or_default(), aws.partition());
                let put = iam.update_assume_role_policy().role_name(name).policy_document(document);
                put.send().await.map_err(aws_error(PUT_TRUST))?;
            }
            Step::Policy => {
                put_policy(aws, name, wanted).await?;
                // To IAM one of another name is one more.
                let before = POLICY_NAME.text(change.observed).map(names::all).unwrap_or_default();
                for before in before.into_iter().filter(|before| POLICY_NAME.text(wanted) != Some(before)) {
                    delete_policy(aws, name, before).await?;
                }
            }
            Step::Detach(arn) => detach(aws, name, &arn).await?,
            Step::Attach(arn) => {
                let attach = iam.attach_role_policy().role_name(name).policy_arn(arn).send().await;
                attach.map_err(aws_error(ATTACH))?;
            }
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

/// One call that gives a role rights, or takes some.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    PutBoundary,
    /// One that is not written any more is taken back.
    TakeBoundary,
    Trust,
    Policy,
    Detach(String),
    Attach(String),
}

/// The calls of a change. First come those that give nothing.
fn in_order(wanted: &Document, fields: &BTreeSet<String>, observed: &Document) -> Vec<Step> {
    let changes = |field: &str| fields.contains(field);
    let widens = |field: &str| {
        let policy = |document: &Document| document.get(field).cloned().unwrap_or_default();
        policy_document::cuts(&policy(wanted), &policy(observed))
    };
    let mut steps = Vec::new();
    if changes(BOUNDARY.name) {
        let is_written = wanted.contains_key(BOUNDARY.name);
        steps.push((!is_written, if is_written { Step::PutBoundary } else { Step::TakeBoundary }));
    }
    if changes(TRUST.name) {
        steps.push((widens(TRUST.name), Step::Trust));
    }
    if changes(POLICY.name) || changes(POLICY_NAME.name) {
        steps.push((widens(POLICY.name), Step::Policy));
    }
    if let (true, Some(managed)) = (changes(MANAGED.name), MANAGED.of(wanted)) {
        let before = MANAGED.of(observed).unwrap_or_default();
        let goes = before.iter().filter(|arn| !managed.contains(arn));
        steps.extend(goes.map(|arn| (false, Step::Detach(arn.clone()))));
        let comes = managed.iter().filter(|arn| !before.contains(arn));
        steps.extend(comes.map(|arn| (true, Step::Attach(arn.clone()))));
    }
    // Sorting keeps the order of those that are alike.
    steps.sort_by_key(|(widens, _)| *widens);
    steps.into_iter().map(|(_, step)| step).collect()
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
    let managed = MANAGED.of(recorded).unwrap_or_default();
    let own = POLICY_NAME.text(recorded).map(names::all).unwrap_or_default();
    let attached = live::attached(aws, name).await?;
    let inline = live::inline(aws, name).await?;
    let theirs = attached.iter().filter(|arn| !managed.contains(*arn));
    let theirs: BTreeSet<&String> =
        theirs.chain(inline.iter().filter(|one| !own.contains(&one.as_str()))).collect();
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
    for policy_name in &inline {
        delete_policy(aws, name, policy_name).await?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    fn steps(before: Value, wanted: Value) -> Vec<Step> {
        let document = |value: &Value| value.as_object().expect("a document").clone();
        let (observed, wanted) = (document(&before), document(&wanted));
        let keys = observed.keys().chain(wanted.keys());
        let fields: BTreeSet<String> =
            keys.filter(|key| observed.get(*key) != wanted.get(*key)).cloned().collect();
        in_order(&wanted, &fields, &observed)
    }

    fn policy(actions: &[&str]) -> Value {
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": ["*"] }] })
    }

    #[test]
    fn what_takes_rights_comes_before_what_gives_some() {
        let (less, more) = (policy(&["s3:GetObject"]), policy(&["s3:GetObject", "s3:PutObject"]));
        let both = |trust: &Value, policy: &Value| json!({ "assume_role_policy": trust, "policy": policy });
        assert_eq!(steps(both(&less, &more), both(&more, &less)), [Step::Policy, Step::Trust]);
        assert_eq!(steps(both(&more, &less), both(&less, &more)), [Step::Trust, Step::Policy]);
        let with = |boundary: Option<&str>, managed: &[&str]| {
            let mut all = json!({ "assume_role_policy": less, "managed_policies": managed });
            if let Some(boundary) = boundary {
                all["permissions_boundary"] = boundary.into();
            }
            all
        };
        let (put, taken) = (Step::PutBoundary, Step::TakeBoundary);
        let (goes, comes) = (Step::Detach("a".to_owned()), Step::Attach("b".to_owned()));
        let change = steps(with(None, &["a"]), with(Some("x"), &["b"]));
        assert_eq!(change, [put, goes.clone(), comes.clone()]);
        assert_eq!(steps(with(Some("x"), &["a"]), with(None, &["b"])), [goes, taken, comes]);
    }
}
