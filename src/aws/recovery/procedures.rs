//! The calls of procedures on databases that no kind makes: failover, reboot, renaming, and what RDS shows meanwhile.

use aws_sdk_rds::types::{DbInstance, SourceType};
use jiff::Timestamp;

use crate::aws::kinds::db_instance::{self, STATUSES};
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Condition, Id};
use crate::recovery::drill;
use crate::recovery::restore::Instance;

/// A database that is restored, or kept, has a name that begins like that of the stack's, and its tags.
pub(super) const OURS: &[Grant] = &[Grant::owned(&["rds:db:{identifier}", "rds:db:{identifier}-*"])];
const MADE: &[Grant] = &[Grant::tagging(&["rds:db:{identifier}-*"]), db_instance::BESIDE];
const MADE_OF_OURS: &[Grant] = &[
    Grant::tagging(&["rds:db:{identifier}-*"]),
    db_instance::BESIDE,
    Grant::owned(&["rds:db:{identifier}"]),
];

const REBOOT: Call = Call::new("rds:RebootDBInstance", OURS);
const RENAME: Call = Call::new("rds:ModifyDBInstance", OURS);
pub(super) const EVENTS: Call = Call::read("rds:DescribeEvents");

/// All of them, with those that make a database beside the one of the stack and tag it.
pub(super) const CALLS: &[Call] = &[
    REBOOT,
    RENAME,
    EVENTS,
    Call::new("rds:RestoreDBInstanceFromDBSnapshot", MADE),
    Call::new("rds:RestoreDBInstanceToPointInTime", MADE_OF_OURS),
    Call::new("rds:AddTagsToResource", OURS),
];

/// The database with this resource id, whatever its name.
///
/// # Errors
/// Any error of `rds:DescribeDBInstances`.
pub async fn by_id(aws: &Aws, id: &Id) -> Result<Option<DbInstance>, CloudError> {
    Ok(db_instance::described(aws, &[id.as_str()]).await?.remove(id))
}

/// The database that has this identifier now.
///
/// # Errors
/// Any error of `rds:DescribeDBInstances` but one that says that there is none.
pub async fn by_name(aws: &Aws, identifier: &str) -> Result<Option<DbInstance>, CloudError> {
    db_instance::called(aws, identifier).await
}

/// A database as a restore looks at it; what is not as it was asked for is told by its kind.
pub fn instance(live: &DbInstance) -> Instance {
    let status = live.db_instance_status().unwrap_or_default();
    let condition = Condition::of(STATUSES, status);
    let pending = live.pending_modified_values();
    let tags = live.tag_list();
    let tagged = tags.iter().find(|tag| tag.key() == Some("provision:address"));
    let mut groups = live.db_parameter_groups().iter();
    Instance {
        id: live.dbi_resource_id().map(Id::new),
        identifier: live.db_instance_identifier().unwrap_or_default().to_owned(),
        status: status.to_owned(),
        is_ready: condition == Condition::Ready,
        is_stuck: condition.stuck().is_some() || condition.is_leaving(),
        is_lost: matches!(condition, Condition::Lost(_)),
        renamed_to: pending.and_then(|pending| pending.db_instance_identifier()).map(str::to_owned),
        unmet: Vec::new(),
        pending_reboot: groups.any(|group| group.parameter_apply_status() == Some("pending-reboot")),
        tagged: tagged.and_then(|tag| tag.value()).map(str::to_owned),
    }
}

/// A database as a drill looks at it, with the events since it was asked.
///
/// # Errors
/// Any error of the two reads.
pub async fn failover(aws: &Aws, id: &Id, asked: Option<Timestamp>) -> Result<drill::Observed, CloudError> {
    let Some(live) = by_id(aws, id).await? else { return Ok(drill::Observed::default()) };
    let mut observed = drill::Observed {
        status: live.db_instance_status().map(str::to_owned),
        zone: live.availability_zone().unwrap_or_default().to_owned(),
        standby: live.secondary_availability_zone().filter(|zone| !zone.is_empty()).map(str::to_owned),
        ..drill::Observed::default()
    };
    if let Some(asked) = asked {
        let start = aws_smithy_types::DateTime::from_secs(asked.as_second());
        let describe = aws.read.rds.describe_events().source_type(SourceType::DbInstance);
        let describe = describe.set_source_identifier(live.db_instance_identifier).start_time(start);
        let answer = describe.send().await.map_err(aws_error(EVENTS))?;
        // The messages of RDS-EVENT-0013, -0049 and -0034 ("Amazon RDS event categories and event messages", RDS User Guide).
        let told = |words: &str| {
            answer.events().iter().any(|event| event.message().is_some_and(|message| message.contains(words)))
        };
        observed.started = told("failover started");
        observed.completed = told("failover completed");
        observed.abandoned = told("Abandoning user requested failover");
    }
    Ok(observed)
}

/// A snapshot, as a restore asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The database that it was taken of.
    pub of: Option<Id>,
    pub status: String,
    pub engine_version: Option<String>,
    /// GiB.
    pub storage: Option<i32>,
}

/// The snapshot with this name or ARN.
///
/// # Errors
/// Any error of `rds:DescribeDBSnapshots` but one that says that there is none.
pub async fn snapshot(aws: &Aws, name: &str) -> Result<Option<Snapshot>, CloudError> {
    let describe = aws.read.rds.describe_db_snapshots().db_snapshot_identifier(name).include_shared(true);
    let answer = absent_is_none(describe.send().await.map_err(aws_error(super::SNAPSHOTS)))?;
    let found = answer.and_then(|answer| answer.db_snapshots).unwrap_or_default().into_iter().next();
    Ok(found.map(|found| Snapshot {
        of: found.dbi_resource_id.map(Id::new),
        status: found.status.unwrap_or_default(),
        engine_version: found.engine_version,
        storage: found.allocated_storage,
    }))
}

/// The moment before which nothing of a database can be restored, by what it shows itself: it was made then, or its backups of that time
/// have expired ("Backup retention period", RDS User Guide); a day more is left to RDS.
pub fn earliest_restorable(live: &DbInstance) -> Option<Timestamp> {
    let days = i64::from(live.backup_retention_period().unwrap_or_default()) + 1;
    let kept = latest_restorable(live)?.checked_sub(jiff::SignedDuration::from_hours(24 * days)).ok()?;
    Some(super::moment(live.instance_create_time()).map_or(kept, |made| made.max(kept)))
}

/// The last moment of a database that can be restored.
pub fn latest_restorable(live: &DbInstance) -> Option<Timestamp> {
    super::moment(live.latest_restorable_time())
}

/// Asks RDS to fail a database over to its standby.
///
/// # Errors
/// Any error of `rds:RebootDBInstance`.
pub async fn fail_over(aws: &Aws, identifier: &str) -> Result<(), CloudError> {
    let call = aws.write.rds.reboot_db_instance().db_instance_identifier(identifier).force_failover(true);
    call.send().await.map(drop).map_err(aws_error(REBOOT))
}

/// Restarts a database.
///
/// # Errors
/// Any error of `rds:RebootDBInstance`.
pub async fn reboot(aws: &Aws, identifier: &str) -> Result<(), CloudError> {
    let call = aws.write.rds.reboot_db_instance().db_instance_identifier(identifier);
    call.send().await.map(drop).map_err(aws_error(REBOOT))
}

/// Gives a database another name, at once.
///
/// # Errors
/// Any error of `rds:ModifyDBInstance`.
pub async fn rename(aws: &Aws, identifier: &str, to: &str) -> Result<(), CloudError> {
    let call = aws.write.rds.modify_db_instance().db_instance_identifier(identifier);
    let call = call.new_db_instance_identifier(to).apply_immediately(true);
    call.send().await.map(drop).map_err(aws_error(RENAME))
}
