//! Which databases use a security group, a subnet group or a parameter group that is to be deleted.

use aws_sdk_rds::types::DbInstance;

use super::{Going, Leaving, Own};
use crate::aws::checks::finding::{Verdict, in_time};
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::stack::postgres::Version;

pub(in crate::aws::checks) const DATABASES: Call = Call::read("rds:DescribeDBInstances");

/// The databases that may use what is to be deleted.
pub(super) async fn ask(aws: &Aws, going: &[Going]) -> Result<Vec<DbInstance>, CloudError> {
    if going.is_empty() { Ok(Vec::new()) } else { all(aws).await }
}

/// All databases of the account and region: RDS cannot be asked for the users of a group.
pub(in crate::aws::checks) async fn all(aws: &Aws) -> Result<Vec<DbInstance>, CloudError> {
    let pages = aws.read.rds.describe_db_instances().into_paginator().items().send();
    in_time(DATABASES, async { pages.try_collect().await.map_err(aws_error(DATABASES)) }).await
}

/// The read replicas that a database leaves behind: "If you delete a source DB instance without deleting its read replicas in the same
/// AWS Region, each read replica is promoted to a standalone DB instance" ("Working with DB instance read replicas", RDS User Guide).
pub(super) fn replicas(
    databases: &Result<Vec<DbInstance>, CloudError>,
    going: &Going,
    leaving: &Leaving,
) -> Option<Verdict> {
    if going.address.kind() != "aws_db_instance" {
        return None;
    }
    let databases = databases.as_ref().ok()?;
    let source = databases.iter().find(|one| one.dbi_resource_id() == Some(going.id.as_str()))?;
    let leaves = |name: &&str| {
        let replica = databases.iter().find(|one| one.db_instance_identifier() == Some(*name));
        replica.is_some_and(|one| leaving.deletes(one.dbi_resource_id().unwrap_or_default()))
    };
    let names = source.read_replica_db_instance_identifiers().iter().map(String::as_str);
    let left: Vec<&str> = names.filter(|name| !leaves(name)).collect();
    let [first, ..] = left[..] else { return None };
    let message = format!(
        "its read replicas become databases of their own when it is deleted, run on and cost: {}",
        left.join(", ")
    );
    let hint = format!(
        "to delete one before: aws rds delete-db-instance --db-instance-identifier {first} --skip-final-snapshot"
    );
    Some(Verdict::warning(message).hint(hint))
}

/// The ways in which a database lets go of a group, and the one in which it keeps it.
fn let_go(going: &Going, database: &DbInstance, all: &Own<'_>) -> String {
    let own = database.dbi_resource_id().and_then(|id| all.address(id));
    if let Some(together) = own.and_then(|own| all.together(going, own)) {
        return together.to_string();
    }
    let (id, kind) = (going.id.as_str(), going.address.kind());
    let name = database.db_instance_identifier().unwrap_or_default();
    let keep = format!("to leave the group to {name}, unmanaged: {}", going.left_unmanaged());
    match (kind, own) {
        ("aws_db_subnet_group", Some(own)) => format!(
            "RDS takes no database out of its subnet group; to go on with it: write `subnet_group: {id}` for `{}` into the \
             stack file; or, {keep}",
            own.name()
        ),
        ("aws_db_subnet_group", None) => format!("RDS takes no database out of its subnet group; {keep}"),
        // Its next apply would undo what is changed by hand.
        ("aws_db_parameter_group", Some(own)) => format!(
            "give `{}` a group of its own, by `parameters` in the stack file (in the place of `parameter_group`, where that \
             is written); or, {keep}",
            own.name()
        ),
        ("aws_db_parameter_group", None) => {
            let version = database.engine_version().and_then(Version::parse);
            let modify = version.map(|version| {
                format!(
                    ": aws rds modify-db-instance --db-instance-identifier {name} --db-parameter-group-name default.{}",
                    version.family()
                )
            });
            format!(
                "give {name} another group in the place of {id}{}; or, {keep}",
                modify.unwrap_or_default()
            )
        }
        (_, Some(_)) => keep,
        (_, None) => format!("give {name} another group in the place of {id}; or, {keep}"),
    }
}

/// The databases that hold one object.
pub(super) fn judge(
    databases: &Result<Vec<DbInstance>, CloudError>,
    going: &Going,
    leaving: &Leaving,
    own: &Own<'_>,
) -> Vec<Verdict> {
    let holds: fn(&DbInstance, &str) -> bool = match going.address.kind() {
        "aws_security_group" => |database, id| {
            database
                .vpc_security_groups()
                .iter()
                .any(|group| group.vpc_security_group_id() == Some(id) && group.status() != Some("removing"))
        },
        "aws_db_subnet_group" => |database, id| {
            database.db_subnet_group().and_then(|group| group.db_subnet_group_name()) == Some(id)
        },
        "aws_db_parameter_group" => |database, id| {
            database.db_parameter_groups().iter().any(|group| group.db_parameter_group_name() == Some(id))
        },
        _ => return Vec::new(),
    };
    let id = going.id.as_str();
    let databases = match databases {
        Ok(databases) => databases,
        Err(error) => return vec![Verdict::not_checked(&format!("databases that use {id}"), error)],
    };
    // A database moves out of a subnet group only by being deleted.
    let leaves = |database: &DbInstance| {
        let resource = database.dbi_resource_id().unwrap_or_default();
        match going.address.kind() {
            "aws_db_subnet_group" => leaving.deletes(resource),
            _ => leaving.lets_go(resource),
        }
    };
    databases
        .iter()
        .filter(|database| holds(database, id) && !leaves(database))
        .map(|database| {
            let name = database.db_instance_identifier().unwrap_or_default();
            let status = database.db_instance_status().unwrap_or_default();
            let hint = format!("{}; then run the same command again", let_go(going, database, own));
            let message = format!("{id} is still used by the database {name} ({status})");
            match database.dbi_resource_id().and_then(|id| own.kept.get(id)) {
                // Letting go of it says how it is deleted.
                Some(forget) => Verdict::error(format!("{message}, which is kept beside the stack's")).hint(format!(
                    "where it is not needed any more, let go of it, which says how it is deleted: {forget}; or, {hint}"
                )),
                None => Verdict::error(message).hint(hint),
            }
        })
        .collect()
}
