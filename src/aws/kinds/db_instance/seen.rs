//! Databases as RDS shows them: the values of their fields that are more than one value of an answer, and all that is no field.

use aws_sdk_rds::types::{self as sdk, PendingModifiedValues};

use super::keys::{AT_ONCE, BACKUP_WINDOW, LIMIT, PARAMETER_GROUP, RETENTION};
use super::live::{network, ownership};
use super::storage::{self, Storage};
use super::{DbInstance, STATUSES, holdings};
use crate::aws::kind::{Kind, Seen};
use crate::aws::row::{self, Shown};
use crate::engine::document::Document;
use crate::engine::resource::{Condition, Id, Remark};

/// A database as RDS shows it, and the values that are queued for it.
pub struct Live {
    pub now: sdk::DbInstance,
    pub queued: PendingModifiedValues,
    /// The database that a read replica follows, where it was looked for.
    pub source: Option<Id>,
}

impl Live {
    pub(super) fn of(now: sdk::DbInstance) -> Self {
        let queued = now.pending_modified_values.clone();
        Self { now, queued: queued.unwrap_or_else(nothing), source: None }
    }

    /// The database without what is queued.
    pub(super) fn in_force(&self) -> Self {
        Self { now: self.now.clone(), queued: nothing(), source: self.source.clone() }
    }

    /// Its storage, as it will be.
    pub(super) fn storage(&self) -> Storage {
        let Self { now, queued, .. } = self;
        Storage {
            storage_type: coming(&queued.storage_type, &now.storage_type).unwrap_or_default(),
            allocated_storage: queued.allocated_storage.or(now.allocated_storage).unwrap_or_default(),
            max_allocated_storage: now.max_allocated_storage,
            iops: queued.iops.or(now.iops),
            storage_throughput: queued.storage_throughput.or(now.storage_throughput),
        }
    }
}

fn nothing() -> PendingModifiedValues {
    PendingModifiedValues::builder().build()
}

/// A value as it will be: the queued one, where there is one. What waits for the maintenance window must not be asked for again ("No
/// modifications were requested").
pub(super) fn coming(queued: &Option<String>, now: &Option<String>) -> Option<String> {
    queued.as_ref().or(now.as_ref()).cloned()
}

/// Everything of a database that is no input. An output that AWS does not show yet is left out.
pub(super) fn seen(live: &Live, recorded: Option<&Document>) -> Seen {
    let now = &live.now;
    let endpoint = now.endpoint.as_ref();
    let outputs = [
        ("arn", now.db_instance_arn.clone()),
        ("identifier", now.db_instance_identifier.clone()),
        ("host", endpoint.and_then(|endpoint| endpoint.address.clone())),
        ("port", endpoint.and_then(|endpoint| endpoint.port).map(|port| port.to_string())),
        // The secret with the password, where RDS manages it.
        ("secret_arn", now.master_user_secret.as_ref().and_then(|secret| secret.secret_arn.clone())),
    ];
    let shown = outputs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    Seen {
        outputs: shown.collect(),
        condition: condition::<DbInstance>(live, recorded),
        remarks: held(now)
            .into_iter()
            .chain(backed_up_by_others(now))
            .chain(due_reboot(now, recorded))
            .chain(holdings::remarks(now, recorded))
            .collect(),
        ownership: ownership(now),
        vpc: network(now).map(Id::new),
    }
}

pub(super) fn condition<K: Kind<Live = Live>>(live: &Live, recorded: Option<&Document>) -> Condition {
    let pending = || Condition::Pending("about to apply what is queued".to_owned());
    match Condition::of(STATUSES, live.now.db_instance_status.as_deref().unwrap_or_default()) {
        Condition::Ready if is_about_to_change::<K>(live, recorded) => pending(),
        // The cure of a full storage is under way; the status stays for some seconds.
        Condition::Held(row) if row.takes("allocated_storage") && grows(live) && at_once(recorded) => {
            pending()
        }
        other => other,
    }
}

/// True if more storage is queued than there is.
fn grows(live: &Live) -> bool {
    let queued = live.queued.allocated_storage;
    queued.is_some_and(|queued| live.now.allocated_storage.is_some_and(|size| queued > size))
}

fn at_once(recorded: Option<&Document>) -> bool {
    recorded.and_then(|recorded| AT_ONCE.of(recorded)) == Some(true)
}

/// The size up to which the storage may grow by itself; 0 where it does not. A limit that is reached may not be shown any more.
pub(super) fn max_allocated_storage<K: Kind<Live = Live>>(live: &Shown<'_, K>) -> Option<i32> {
    let reached = || {
        let most = LIMIT.of(live.recorded)?;
        Some(most).filter(|most| live.now.allocated_storage.is_some_and(|size| size >= *most))
    };
    Some(live.now.max_allocated_storage.or_else(reached).unwrap_or(0))
}

/// The exported logs, as they will be.
pub(super) fn exported_logs(live: &Live) -> Vec<String> {
    let mut logs = live.now.enabled_cloudwatch_logs_exports().to_vec();
    if let Some(coming) = &live.queued.pending_cloudwatch_logs_exports {
        logs.extend(coming.log_types_to_enable().iter().cloned());
        logs.retain(|log| !coming.log_types_to_disable().contains(log));
    }
    logs
}

/// Storage takes no second change before the first is optimised ("previous storage change is being optimized").
fn held(live: &sdk::DbInstance) -> Option<Remark> {
    let is_optimised = live.db_instance_status.as_deref() == Some("storage-optimization")
        || live.storage_operation_status.as_deref() == Some("Optimizing");
    let progress = live.storage_operation_percent_progress;
    let progress = progress.map(|percent| format!(", {percent} % done")).unwrap_or_default();
    let why = format!(
        "cannot change while RDS optimises the storage after the last change (storage-optimization{progress}), which takes \
         hours"
    );
    is_optimised.then_some(Remark::Held { fields: storage::FIELDS, why })
}

/// "Your RDS instance db is associated with an AWS Backup resource […]. You can leave BackupRetentionPeriod blank, or you can specify
/// it only with the current value" (crossplane-contrib/provider-aws#1356; of the window: hashicorp/terraform-provider-aws#33465).
fn backed_up_by_others(live: &sdk::DbInstance) -> Option<Remark> {
    let point = live.aws_backup_recovery_point_arn.as_deref().filter(|point| !point.is_empty())?;
    let why = format!("AWS Backup keeps the backups ({point}), and chooses for how long and when");
    Some(Remark::Theirs { fields: THEIRS, why })
}

const THEIRS: &[&str] = &[RETENTION.name, BACKUP_WINDOW.name];

/// Parameters of ours that PostgreSQL reads only when it starts.
pub(super) fn due_reboot(live: &sdk::DbInstance, recorded: Option<&Document>) -> Option<Remark> {
    // In other statuses RDS takes no reboot.
    let ours = PARAMETER_GROUP.text(recorded.filter(|_| live.db_instance_status() == Some("available"))?);
    // A database that was given parameters no longer goes back to those of its version with the next reboot.
    let counts = |group: &str| ours.map_or(group.starts_with("default."), |ours| ours == group);
    let waiting = live.db_parameter_groups().iter().find(|group| {
        group.db_parameter_group_name().is_some_and(counts)
            && group.parameter_apply_status() == Some("pending-reboot")
    });
    let group = waiting?.db_parameter_group_name().unwrap_or_default();
    let identifier = live.db_instance_identifier.as_deref().unwrap_or_default();
    Some(Remark::Left {
        what: format!(
            "parameters of {group} take effect when the database is rebooted, which provision does not do"
        ),
        command: format!("aws rds reboot-db-instance --db-instance-identifier {identifier}"),
    })
}

/// True if RDS will make queued changes without waiting for a window: it stays `available` for some seconds first.
fn is_about_to_change<K: Kind<Live = Live>>(live: &Live, recorded: Option<&Document>) -> bool {
    // A new port never waits.
    live.queued.port.is_some()
        || recorded.filter(|_| at_once(recorded)).is_some_and(|recorded| {
            let coming = row::observe::<K>(live, recorded);
            let current = row::observe::<K>(&live.in_force(), recorded);
            // A field that is not written is none of our business: others may have queued it for the window.
            recorded.keys().any(|field| coming.get(field) != current.get(field))
        })
}
