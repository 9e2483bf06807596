//! The calls of upgrades that no kind makes: snapshots, blue/green deployments, and what RDS tells of an upgrade that it did not carry out.

use aws_sdk_rds::types::{BlueGreenDeployment, DbInstance, Filter, SourceType};
use jiff::Timestamp;
use serde_json::Value;

use super::procedures::{EVENTS, OURS, instance};
use crate::aws::kinds::db_instance::BESIDE;
use crate::aws::kinds::tags::{self, Tags};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error};
use crate::engine::call::{Call, Check, Grant};
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Id, Owner};
use crate::recovery::upgrade::{Deployment, Seen};

/// The snapshots of upgrades, by their names.
const BEFORE: Grant = Grant::on(&["rds:snapshot:{identifier}-before-*"]);

const TAKE: Call = Call::new("rds:CreateDBSnapshot", &[Grant::owned(THIS), BEFORE]).checked(&[Check::new(
    "rds:AddTagsToResource",
    BEFORE,
    "Service Authorization Reference, Amazon RDS: CreateDBSnapshot",
)]);
const LOGS: Call = Call::read("rds:DescribeDBLogFiles");
const PARAMETERS: Call = Call::read("rds:DescribeDBParameters");
const GROUPS: Call = Call::read("rds:DescribeDBParameterGroups");
const UNPROTECT: Call = Call::new("rds:ModifyDBInstance", OURS);

const THIS: &[&str] = &["rds:db:{identifier}"];
const DEPLOYMENTS: &[&str] = &["rds:deployment:*"];
const BLUE_GREEN: &str = "RDS User Guide, Authorizing access to Amazon RDS blue/green deployment operations";

/// "Managing master user passwords with AWS Secrets Manager" is not supported ("Limitations for blue/green deployments", RDS User Guide).
fn may_be_copied(inputs: &Document) -> bool {
    inputs.get("password").and_then(Value::as_str) != Some("managed")
}

/// Of the copy, which has the tags of the one that it is made of.
const OF_COPY: Grant = Grant::owned(&["rds:db:{identifier}", "rds:db:{identifier}-*"]);
const NEW_COPY: Grant = Grant::on(&["rds:db:{identifier}", "rds:db:{identifier}-*"]);

const DESCRIBE: Call = Call::read("rds:DescribeBlueGreenDeployments").only(may_be_copied);
const CREATE: Call =
    Call::new("rds:CreateBlueGreenDeployment", &[Grant::tagging(DEPLOYMENTS), Grant::owned(THIS), BESIDE])
        .checked(&[
            Check::new("rds:AddTagsToResource", OF_COPY, BLUE_GREEN).only(may_be_copied),
            Check::new("rds:CreateDBInstanceReadReplica", NEW_COPY, BLUE_GREEN).only(may_be_copied),
            Check::new("rds:CreateDBInstanceReadReplica", BESIDE, BLUE_GREEN).only(may_be_copied),
        ])
        .only(may_be_copied);
const SWITCH: Call = Call::new("rds:SwitchoverBlueGreenDeployment", &[Grant::owned(DEPLOYMENTS), OF_COPY])
    .checked(&[
        Check::new("rds:ModifyDBInstance", OF_COPY, BLUE_GREEN).only(may_be_copied),
        Check::new("rds:PromoteReadReplica", OF_COPY, BLUE_GREEN).only(may_be_copied),
    ])
    .only(may_be_copied);
const DROP: Call = Call::new("rds:DeleteBlueGreenDeployment", &[Grant::owned(DEPLOYMENTS)])
    .checked(&[Check::new("rds:DeleteDBInstance", OF_COPY, BLUE_GREEN).only(may_be_copied)])
    .only(may_be_copied);

pub(super) const CALLS: &[Call] =
    &[TAKE, LOGS, PARAMETERS, GROUPS, UNPROTECT, DESCRIBE, CREATE, SWITCH, DROP];

/// A database as an upgrade looks at it.
pub fn seen(live: &DbInstance) -> Seen {
    let pending = live.pending_modified_values();
    let replication = live.status_infos().iter().find(|info| info.status_type() == Some("read replication"));
    Seen {
        instance: instance(live),
        version: live.engine_version().unwrap_or_default().to_owned(),
        coming: pending.and_then(|pending| pending.engine_version()).map(str::to_owned),
        is_protected: live.deletion_protection().unwrap_or_default(),
        replication: replication.and_then(|info| info.status()).map(str::to_owned),
    }
}

/// Takes a snapshot of a database, with the tags of its owner.
///
/// # Errors
/// Any error of `rds:CreateDBSnapshot`.
pub async fn take_snapshot(aws: &Aws, identifier: &str, name: &str, owner: &Owner) -> Result<(), CloudError> {
    let call = aws.write.rds.create_db_snapshot().db_instance_identifier(identifier);
    let call = call.db_snapshot_identifier(name).set_tags(Some(tags::to_rds(&owned(owner))));
    call.send().await.map(drop).map_err(aws_error(TAKE))
}

fn owned(owner: &Owner) -> Tags {
    tags::with_ownership(&Tags::new(), owner)
}

/// The reason that RDS tells in its events since this moment for not having upgraded a database.
///
/// # Errors
/// Any error of `rds:DescribeEvents`.
pub async fn upgrade_failure(
    aws: &Aws,
    identifier: &str,
    since: Timestamp,
) -> Result<Option<String>, CloudError> {
    // RDS-EVENT-0158 and -0270 ("Amazon RDS event categories and event messages", RDS User Guide), and the words by which CloudFormation
    // tells a failure (aws-cloudformation-resource-providers-rds, BaseHandlerStd).
    const WORDS: [&str; 4] =
        ["cannot be upgraded", "can't be upgraded", "upgrade failed", "insufficient instance capacity"];
    let start = aws_smithy_types::DateTime::from_secs(since.as_second());
    let describe = aws.read.rds.describe_events().source_type(SourceType::DbInstance);
    let describe = describe.source_identifier(identifier).start_time(start);
    let answer = describe.send().await.map_err(aws_error(EVENTS))?;
    let told = answer
        .events()
        .iter()
        .filter(|event| event.date().is_none_or(|date| date.as_nanos() >= since.as_nanosecond()));
    let mut failed = told.filter_map(|event| event.message()).filter(|message| {
        let message = message.to_lowercase();
        WORDS.iter().any(|words| message.contains(words))
    });
    Ok(failed.next_back().map(str::to_owned))
}

/// The newest log file of an upgrade.
///
/// # Errors
/// Any error of `rds:DescribeDBLogFiles`.
pub async fn upgrade_log(aws: &Aws, identifier: &str) -> Result<Option<String>, CloudError> {
    let describe = aws.read.rds.describe_db_log_files().db_instance_identifier(identifier);
    let answer = describe.filename_contains("pg_upgrade").send().await.map_err(aws_error(LOGS))?;
    let newest = answer.describe_db_log_files().iter().max_by_key(|file| file.last_written());
    Ok(newest.and_then(|file| file.log_file_name()).map(str::to_owned))
}

/// The family of a parameter group; none where it is not there.
///
/// # Errors
/// Any error of `rds:DescribeDBParameterGroups` but one that says that there is none.
pub async fn family(aws: &Aws, group: &str) -> Result<Option<String>, CloudError> {
    let describe = aws.read.rds.describe_db_parameter_groups().db_parameter_group_name(group);
    let answer = absent_is_none(describe.send().await.map_err(aws_error(GROUPS)))?;
    let found = answer.and_then(|answer| answer.db_parameter_groups).unwrap_or_default().into_iter().next();
    Ok(found.and_then(|group| group.db_parameter_group_family))
}

/// True if a parameter of a group is set to `1`.
///
/// # Errors
/// Any error of `rds:DescribeDBParameters` but one that says that there is no such group.
pub async fn is_on(aws: &Aws, group: &str, parameter: &str) -> Result<bool, CloudError> {
    let named = Filter::builder().name("parameter-name").values(parameter).build();
    let describe = aws.read.rds.describe_db_parameters().db_parameter_group_name(group).filters(named);
    let answer = absent_is_none(describe.send().await.map_err(aws_error(PARAMETERS)))?;
    let all = answer.and_then(|answer| answer.parameters).unwrap_or_default();
    let set = all.iter().find(|one| one.parameter_name() == Some(parameter));
    Ok(set.and_then(|one| one.parameter_value()).is_some_and(|value| matches!(value, "1" | "on" | "true")))
}

/// Turns the deletion protection of a database off.
///
/// # Errors
/// Any error of `rds:ModifyDBInstance`.
pub async fn unprotect(aws: &Aws, identifier: &str) -> Result<(), CloudError> {
    let call = aws.write.rds.modify_db_instance().db_instance_identifier(identifier);
    let call = call.deletion_protection(false).apply_immediately(true);
    call.send().await.map(drop).map_err(aws_error(UNPROTECT))
}

/// The copy that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    /// The ARN of the database.
    pub source: &'a str,
    pub version: &'a str,
    pub group: Option<&'a str>,
}

/// Makes a blue/green deployment, with the tags of its owner, and returns its id.
///
/// # Errors
/// Any error of `rds:CreateBlueGreenDeployment`.
pub async fn make_deployment(aws: &Aws, wanted: Wanted<'_>, owner: &Owner) -> Result<Option<Id>, CloudError> {
    let call = aws.write.rds.create_blue_green_deployment().blue_green_deployment_name(wanted.name);
    let call = call.source(wanted.source).target_engine_version(wanted.version);
    let call = call.set_target_db_parameter_group_name(wanted.group.map(str::to_owned));
    let call = call.set_tags(Some(tags::to_rds(&owned(owner))));
    let made = call.send().await.map_err(aws_error(CREATE))?;
    Ok(made.blue_green_deployment.and_then(|made| made.blue_green_deployment_identifier).map(Id::new))
}

/// The blue/green deployment with this id, or else this name.
///
/// # Errors
/// Any error of `rds:DescribeBlueGreenDeployments` but one that says that there is none.
pub async fn deployment(aws: &Aws, id: Option<&Id>, name: &str) -> Result<Option<Deployment>, CloudError> {
    let describe = aws.read.rds.describe_blue_green_deployments();
    let describe = match id {
        Some(id) => describe.blue_green_deployment_identifier(id.as_str()),
        None => describe.filters(Filter::builder().name("blue-green-deployment-name").values(name).build()),
    };
    let answer = absent_is_none(describe.send().await.map_err(aws_error(DESCRIBE)))?;
    let found = answer.and_then(|answer| answer.blue_green_deployments).unwrap_or_default();
    Ok(found.into_iter().find(|one| one.blue_green_deployment_name() == Some(name)).map(deployed))
}

fn deployed(live: BlueGreenDeployment) -> Deployment {
    let tasks = live.tasks().iter().filter(|task| task.status() != Some("COMPLETED"));
    Deployment {
        tasks: tasks.filter_map(|task| task.name()).map(str::to_owned).collect(),
        id: live.blue_green_deployment_identifier.map(Id::new),
        status: live.status.unwrap_or_default(),
        details: live.status_details.filter(|details| !details.is_empty()),
        // arn:aws:rds:eu-west-1:123456789012:db:records-green-0a1b2c
        target: live.target.and_then(|arn| arn.split(':').nth(6).map(str::to_owned)),
    }
}

/// Lets the copy take the name over, within so many seconds.
///
/// # Errors
/// Any error of `rds:SwitchoverBlueGreenDeployment`.
pub async fn switch_over(aws: &Aws, id: &Id, seconds: u16) -> Result<(), CloudError> {
    let call = aws.write.rds.switchover_blue_green_deployment();
    let call = call.blue_green_deployment_identifier(id.as_str()).switchover_timeout(i32::from(seconds));
    call.send().await.map(drop).map_err(aws_error(SWITCH))
}

/// Deletes a blue/green deployment, and its copy where that is asked for.
///
/// # Errors
/// Any error of `rds:DeleteBlueGreenDeployment` but one that says that it is gone.
pub async fn drop_deployment(aws: &Aws, id: &Id, with_copy: bool) -> Result<(), CloudError> {
    let call = aws.write.rds.delete_blue_green_deployment().blue_green_deployment_identifier(id.as_str());
    // "You can't specify this option if the blue/green deployment status is SWITCHOVER_COMPLETED" (DeleteTarget).
    let call = call.set_delete_target(with_copy.then_some(true));
    absent_is_done(call.send().await.map(drop).map_err(aws_error(DROP)))
}
