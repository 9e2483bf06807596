//! The policies and instance profiles of others on a role that is to be deleted, and the machines of an instance profile that is.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all, try_join3};
use serde_json::Value;

use super::{Going, Scene};
use crate::aws::checks::finding::{Verdict, in_time};
use crate::aws::kinds::iam_role::{ATTACHED, INLINE, PROFILES, attached, inline, policy_names, profiles_of};
use crate::aws::{Aws, aws_error};
use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::plan::Action;

pub(super) const ROLE: &str = "aws_iam_role";
pub(super) const PROFILE: &str = "aws_iam_instance_profile";
const MACHINE: &str = "aws_instance";

pub(super) const ASSOCIATIONS: Call = Call::read("ec2:DescribeIamInstanceProfileAssociations");
pub(super) const ON_A_ROLE: &[Call] = &[INLINE, ATTACHED, PROFILES];

/// What is on a role.
struct On {
    inline: Vec<String>,
    attached: BTreeSet<String>,
    profiles: Vec<String>,
}

/// The answers of IAM and EC2.
pub(super) struct Answers {
    roles: BTreeMap<Address, Result<On, CloudError>>,
    /// The machines by the name of their instance profile.
    machines: Option<Result<BTreeMap<String, BTreeSet<String>>, CloudError>>,
}

pub(super) async fn ask(aws: &Aws, going: &[Going]) -> Answers {
    let roles = going.iter().filter(|one| one.address.kind() == ROLE).map(|one| async move {
        let name = one.id.as_str();
        let all = try_join3(inline(aws, name), attached(aws, name), profiles_of(aws, name));
        let all = async { all.await.map(|(inline, attached, profiles)| On { inline, attached, profiles }) };
        (one.address.clone(), in_time(ATTACHED, all).await)
    });
    let has_profile = going.iter().any(|one| one.address.kind() == PROFILE);
    let machines =
        async { if has_profile { Some(Box::pin(in_time(ASSOCIATIONS, machines(aws))).await) } else { None } };
    let (roles, machines) = join(join_all(roles), machines).await;
    Answers { roles: roles.into_iter().collect(), machines }
}

/// The filters of EC2 know no profile, so that all machines with one are read.
async fn machines(aws: &Aws) -> Result<BTreeMap<String, BTreeSet<String>>, CloudError> {
    let pages = aws.read.ec2.describe_iam_instance_profile_associations().into_paginator().items().send();
    let all: Vec<_> = pages.try_collect().await.map_err(aws_error(ASSOCIATIONS))?;
    let mut machines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in all {
        let arn = one.iam_instance_profile.and_then(|profile| profile.arn).unwrap_or_default();
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        machines.entry(name).or_default().extend(one.instance_id);
    }
    Ok(machines)
}

impl Answers {
    /// Everything that holds one object.
    pub(super) fn judge(&self, going: &Going, scene: &Scene<'_>) -> Vec<Verdict> {
        match going.address.kind() {
            ROLE => self.roles.get(&going.address).map_or_else(Vec::new, |on| of_role(on, going, scene)),
            PROFILE => self.machines.as_ref().map_or_else(Vec::new, |all| of_profile(all, going, scene)),
            _ => Vec::new(),
        }
    }
}

fn of_role(on: &Result<On, CloudError>, going: &Going, scene: &Scene<'_>) -> Vec<Verdict> {
    let name = going.id.as_str();
    let on = match on {
        Ok(on) => on,
        Err(error) => return vec![Verdict::not_checked(&format!("policies of others on {name}"), error)],
    };
    let recorded = recorded(scene, going);
    let recorded = |field: &str| recorded.and_then(|inputs| inputs.get(field));
    let managed = recorded("managed_policies").and_then(Value::as_array).into_iter().flatten();
    let managed: Vec<&str> = managed.filter_map(Value::as_str).collect();
    let own = recorded("policy_name").and_then(Value::as_str).map(policy_names).unwrap_or_default();
    let mut found = Vec::new();
    let unmanaged = |way: String| {
        format!(
            "to take it off: {way}; or to leave the role, unmanaged: {}; then run the same command again",
            going.left_unmanaged()
        )
    };
    for arn in on.attached.iter().filter(|arn| !managed.contains(&arn.as_str())) {
        let way = format!("aws iam detach-role-policy --role-name {name} --policy-arn {arn}");
        let message = format!("others have attached {arn} to {name}, and IAM deletes no such role");
        found.push(Verdict::error(message).hint(unmanaged(way)));
    }
    for policy in on.inline.iter().filter(|policy| !own.contains(&policy.as_str())) {
        let way = format!("aws iam delete-role-policy --role-name {name} --policy-name {policy}");
        let message = format!("others have put the policy {policy} on {name}, and IAM deletes no such role");
        found.push(Verdict::error(message).hint(unmanaged(way)));
    }
    let leaving = let_go(scene);
    for profile in on.profiles.iter().filter(|profile| !leaving.contains(*profile)) {
        let way = format!(
            "aws iam remove-role-from-instance-profile --instance-profile-name {profile} --role-name {name}"
        );
        let message =
            format!("{name} is in the instance profile {profile} of others, and IAM deletes no such role");
        found.push(Verdict::error(message).hint(unmanaged(way)));
    }
    found
}

/// The inputs that the object which goes was last given: it may be one that another one is to replace, with inputs of its own.
fn recorded<'a>(scene: &Scene<'a>, going: &Going) -> Option<&'a Document> {
    let record = scene.state?.resources.get(&going.address)?;
    let replaced = record.predecessors().find(|old| old.id == going.id);
    Some(replaced.map_or(&record.inputs, |old| &old.inputs))
}

/// The instance profiles that the plan deletes, or gives another role.
fn let_go(scene: &Scene<'_>) -> BTreeSet<String> {
    let profiles = scene.changes().filter(|change| change.address.kind() == PROFILE);
    let names = profiles.flat_map(|change| {
        let changed = change.id.iter().filter(|_| change.action == Action::Update);
        changed.chain(change.goes.iter().map(|going| &going.id)).map(ToString::to_string)
    });
    names.collect()
}

/// The machines that the plan deletes, or gives another profile.
fn machines_let_go(scene: &Scene<'_>) -> BTreeSet<String> {
    let machines = scene.changes().filter(|change| change.address.kind() == MACHINE);
    let ids = machines.flat_map(|change| {
        let changed = change.id.iter().filter(|_| change.makes("iam_instance_profile"));
        changed.chain(change.goes.iter().map(|going| &going.id)).map(ToString::to_string)
    });
    ids.collect()
}

fn of_profile(
    machines: &Result<BTreeMap<String, BTreeSet<String>>, CloudError>,
    going: &Going,
    scene: &Scene<'_>,
) -> Vec<Verdict> {
    let name = going.id.as_str();
    let leaving = machines_let_go(scene);
    let machines = match machines {
        Ok(machines) => machines,
        Err(error) => return vec![Verdict::not_checked(&format!("machines that have {name}"), error)],
    };
    let its = machines.get(name).into_iter().flatten().filter(|machine| !leaving.contains(*machine));
    its.map(|machine| {
        let message = format!("the machine {machine} has the instance profile {name}, and would have no role without it");
        Verdict::error(message).hint(format!(
            "give {machine} another one, or none, or end it; or to leave the profile, unmanaged: {}; then run the same command again",
            going.left_unmanaged()
        ))
    })
    .collect()
}
