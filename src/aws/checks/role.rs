//! Checks that the policies which a role names are there, and that the account has room for roles and instance profiles.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use serde_json::Value;

use super::finding::{Verdict, in_time};
use super::prospect::Prospect;
use super::quotas::Room;
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::{Aws, aws_error};
use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::plan::Finding;

const NAMED: &str = "named";
const QUOTA: &str = "quota";

const ROLE: &str = "aws_iam_role";
const PROFILE: &str = "aws_iam_instance_profile";
const ATTACHED: &str = "managed_policies";
const BOUNDARY: &str = "permissions_boundary";

const POLICY: Call = Call::read("iam:GetPolicy");
/// The quotas of IAM, and how much of them is used: Service Quotas knows them in us-east-1 alone.
const SUMMARY: Call = Call::read("iam:GetAccountSummary");

pub(super) const CALLS: &[Asked] = &[(&[ROLE], &[POLICY, SUMMARY]), (&[PROFILE], &[SUMMARY])];

/// What IAM counts, with the names of the numbers (GetAccountSummary, SummaryMap).
struct Counted {
    kind: &'static str,
    used: &'static str,
    most: &'static str,
    one: &'static str,
    several: &'static str,
}

const COUNTED: [Counted; 2] = [
    Counted { kind: ROLE, used: "Roles", most: "RolesQuota", one: "role", several: "roles" },
    Counted {
        kind: PROFILE,
        used: "InstanceProfiles",
        most: "InstanceProfilesQuota",
        one: "instance profile",
        several: "instance profiles",
    },
];

/// The answers of IAM.
pub(super) struct Roles {
    /// The policies that roles name, by the option.
    named: Vec<(Address, &'static str, String)>,
    is_there: BTreeMap<String, Result<bool, CloudError>>,
    counts: Option<Result<BTreeMap<String, u64>, CloudError>>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Roles {
    let mut named = Vec::new();
    for role in prospects.iter().filter(|one| one.is_a(ROLE)) {
        let texts = |field: &'static str| {
            let value = role.inputs.get(field).filter(|_| role.touches(&[field]));
            let list = value.and_then(Value::as_array).cloned().unwrap_or_default();
            value
                .cloned()
                .into_iter()
                .chain(list)
                .filter_map(move |one| Some((field, one.as_str()?.to_owned())))
        };
        let all = texts(ATTACHED).chain(texts(BOUNDARY));
        named.extend(all.map(|(option, arn)| (role.address.clone(), option, arn)));
    }
    let arns: BTreeSet<&String> = named.iter().map(|(_, _, arn)| arn).collect();
    let asked = arns.into_iter().map(|arn| async move {
        let there = async {
            match aws.read.iam.get_policy().policy_arn(arn).send().await.map_err(aws_error(POLICY)) {
                Ok(_) => Ok(true),
                Err(error) if error.outcome == Outcome::NotFound => Ok(false),
                Err(error) => Err(error),
            }
        };
        (arn.clone(), in_time(POLICY, there).await)
    });
    let makes =
        prospects.iter().any(|one| one.is_new && COUNTED.iter().any(|counted| one.is_a(counted.kind)));
    let counts = async { if makes { Some(Box::pin(in_time(SUMMARY, summary(aws))).await) } else { None } };
    let (is_there, counts) = join(join_all(asked), counts).await;
    Roles { is_there: is_there.into_iter().collect(), counts, named }
}

async fn summary(aws: &Aws) -> Result<BTreeMap<String, u64>, CloudError> {
    let answer = aws.read.iam.get_account_summary().send().await.map_err(aws_error(SUMMARY))?;
    let counts = answer.summary_map.unwrap_or_default().into_iter();
    Ok(counts
        .filter_map(|(name, count)| Some((name.as_str().to_owned(), u64::try_from(count).ok()?)))
        .collect())
}

impl Answer for Roles {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let planned = self.named.iter().filter(|(address, ..)| scene.doing(address).is_some());
        let named = planned.filter_map(|(address, option, arn)| {
            Some(policy(option, arn, self.is_there.get(arn)?).of(NAMED, address))
        });
        named.chain(COUNTED.iter().filter_map(|counted| self.room(counted, scene))).collect()
    }
}

impl Roles {
    fn room(&self, counted: &Counted, scene: &Scene<'_>) -> Option<Finding> {
        let changes = scene.changes().map(|change| &change.address);
        let new: Vec<&Address> =
            changes.filter(|address| address.kind() == counted.kind && scene.makes(address)).collect();
        let verdict = match self.counts.as_ref()? {
            Ok(counts) => {
                let (used, most) = (*counts.get(counted.used)?, *counts.get(counted.most)?);
                Room { used, most }.verdict(new.len() as u64, counted.one, counted.several)
            }
            Err(error) => Verdict::not_checked(&format!("quota of {}", counted.several), error),
        };
        Some(verdict.of(QUOTA, new.first()?))
    }
}

fn policy(option: &str, arn: &str, is_there: &Result<bool, CloudError>) -> Verdict {
    match is_there {
        Ok(true) => Verdict::passed(format!("the policy {arn} is there")),
        Ok(false) => Verdict::error(format!("{option}: there is no managed policy {arn}"))
            .hint("write the ARN of one that is there; to see them: aws iam list-policies"),
        Err(error) => Verdict::not_checked(&format!("the policy {arn}"), error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::Level;

    #[test]
    fn a_policy_that_a_role_names_must_be_there() {
        let denied = CloudError::refused(POLICY, "AccessDenied", "");
        for (answer, level) in
            [(Ok(true), Level::Passed), (Ok(false), Level::Error), (Err(denied), Level::NotChecked)]
        {
            assert_eq!(policy(ATTACHED, "arn:aws:iam::aws:policy/X", &answer).level, level);
        }
    }
}
