//! Checks that the caller may do what is planned, where AWS can be asked: EC2 rehearses its calls, EFS and RDS do not.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::Answer;
use super::finding::{Verdict, in_time, list};
use super::prospect::Prospect;
use super::scene::Scene;
use crate::aws::Aws;
use crate::aws::kind::Kind;
use crate::aws::kinds::security_group::{self, CREATE, SecurityGroup};
use crate::engine::address::Address;
use crate::engine::cloud::CloudError;
use crate::engine::plan::{Action, Finding};

const CHECK: &str = "permissions";

/// The answer of EC2 to each rehearsal.
pub(super) struct Permissions(Vec<(Address, Result<(), CloudError>)>);

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Permissions {
    let groups = prospects.iter().filter(|prospect| prospect.is_new && prospect.is_a(SecurityGroup::KIND));
    let rehearsed = groups.map(|group| async move {
        let rehearsal = security_group::rehearse(aws, &group.inputs, &group.owner);
        (group.address.clone(), in_time(CREATE, rehearsal).await)
    });
    Permissions(join_all(rehearsed).await)
}

impl Answer for Permissions {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let made = self.0.iter().filter(|(address, _)| scene.makes(address));
        let mut findings: Vec<Finding> =
            made.map(|(address, answer)| rehearsed(scene, answer).of(CHECK, address)).collect();
        findings.extend(silent(scene).map(|verdict| verdict.of_all(CHECK)));
        findings
    }
}

/// The codes of a rehearsal: Amazon EC2 API reference, "Common parameters", DryRun.
fn rehearsed(scene: &Scene<'_>, answer: &Result<(), CloudError>) -> Verdict {
    match answer {
        Ok(()) => Verdict::passed(format!("{} is allowed", CREATE.name)),
        Err(error) if error.code == "DryRunOperation" => {
            Verdict::passed(format!("{} is allowed", CREATE.name))
        }
        Err(error) if error.code == "UnauthorizedOperation" => {
            let message = format!("the permission to make it is missing: {} with its tags", CREATE.name);
            scene
                .lacked(message)
                .hint("ask for what `provision iam-policy` prints, for whoever applies the plan")
        }
        // The answer to a rehearsal with a name that is taken.
        Err(error) if error.code == "InvalidGroup.Duplicate" => Verdict::not_checked(
            "permission to make security groups, since the rehearsal's name is taken",
            error,
        ),
        Err(error) => Verdict::not_checked("permission to make security groups", error),
    }
}

/// The services whose permissions cannot be asked for.
fn silent(scene: &Scene<'_>) -> Option<Verdict> {
    let changed = scene
        .changes()
        .filter(|change| !matches!(change.action, Action::NoOp | Action::Watch | Action::Forget));
    let services: BTreeSet<&str> = changed
        .filter_map(|change| match change.address.kind() {
            kind if kind.starts_with("aws_efs_") => Some("EFS"),
            kind if kind.starts_with("aws_db_") => Some("RDS"),
            _ => None,
        })
        .collect();
    let services: Vec<&str> = services.into_iter().collect();
    (!services.is_empty()).then(|| {
        Verdict::cannot_be_checked(&format!("permissions of {}", list(&services)), "AWS cannot be asked")
    })
}
