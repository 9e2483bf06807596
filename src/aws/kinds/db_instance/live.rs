//! Databases as RDS shows them, seen as the inputs that would have made them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::{DbInstance as Live, Filter, PendingModifiedValues};
use futures_util::future::try_join_all;
use serde_json::Value;

use super::{DbInstance, Outputs, STATUSES, holdings, id_of, storage};
use crate::aws::kinds::rds_tags::of_sdk_tags;
use crate::aws::kinds::tags;
use crate::aws::resource::{Observed, Resource, Tracked};
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Condition, Found, Id, Ownership, Remark};
use crate::stack::password::PasswordSource;

pub(super) const DESCRIBE: Call = Call::read("rds:DescribeDBInstances");

/// The most databases on one page.
const PAGE: i32 = 100;

/// Reads databases by their resource ids. One that is gone is left out.
pub(super) async fn describe(aws: &Aws, ids: &[&str]) -> Result<BTreeMap<Id, Live>, CloudError> {
    let pages = try_join_all(ids.chunks(PAGE as usize).map(|chunk| async {
        let values = chunk.iter().map(|id| (*id).to_owned()).collect();
        let filter = Filter::builder().name("dbi-resource-id").set_values(Some(values)).build();
        let describe = aws.read.rds.describe_db_instances().filters(filter).max_records(PAGE);
        describe.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE))
    }));
    let all = pages.await?.into_iter().flatten();
    Ok(all.filter_map(|live| Some((Id::new(live.dbi_resource_id.clone()?), live))).collect())
}

/// Reads all databases of the account and region.
pub(super) async fn describe_all(aws: &Aws) -> Result<Vec<Live>, CloudError> {
    let describe = aws.read.rds.describe_db_instances().max_records(PAGE);
    describe.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE))
}

/// Reads one database by its resource id, if it is still there.
pub(super) async fn describe_one(aws: &Aws, id: &Id) -> Result<Option<Live>, CloudError> {
    Ok(describe(aws, &[id.as_str()]).await?.remove(id))
}

/// Reads the database that has this identifier now, if one has.
pub(super) async fn describe_named(aws: &Aws, identifier: &str) -> Result<Option<Live>, CloudError> {
    let describe = aws.read.rds.describe_db_instances().db_instance_identifier(identifier);
    let answer = absent_is_none(describe.send().await.map_err(aws_error(DESCRIBE)))?;
    Ok(answer.and_then(|answer| answer.db_instances?.pop()))
}

/// The owner of the database, by its tags.
pub(super) fn ownership(live: &Live) -> Ownership {
    Ownership::of_tags(&of_sdk_tags(live.tag_list()))
}

fn network(live: &Live) -> Option<&str> {
    live.db_subnet_group.as_ref().and_then(|group| group.vpc_id.as_deref())
}

/// The database as one that was looked for.
pub(super) fn found_of(live: &Live) -> Result<Found, CloudError> {
    let id = id_of(live.dbi_resource_id.clone(), DESCRIBE)?;
    let made = live.instance_create_time.and_then(|made| jiff::Timestamp::from_second(made.secs()).ok());
    let found = Found::new(id, ownership(live)).standing_in(network(live));
    Ok(found.labelled(live.db_instance_identifier(), made))
}

/// Why a database is none that a stack can have.
pub(super) fn unfit(live: &Live) -> Option<String> {
    let engine = live.engine.as_deref().unwrap_or_default();
    match &live.db_cluster_identifier {
        Some(cluster) => Some(format!("it belongs to the database cluster {cluster}")),
        None if engine != "postgres" => Some(format!("its engine is {engine}, not postgres")),
        None => None,
    }
}

/// Reads all tracked databases.
pub(super) async fn observe(
    aws: &Aws,
    tracked: &[Tracked<DbInstance>],
) -> Result<BTreeMap<Id, Observed<DbInstance>>, CloudError> {
    let ids: Vec<&str> = tracked.iter().map(|one| one.id.as_str()).collect();
    let described = describe(aws, &ids).await?;
    Ok(tracked
        .iter()
        .filter_map(|one| {
            let live = described.get(&one.id)?;
            Some((one.id.clone(), observed(live, one.recorded.as_ref())))
        })
        .collect())
}

fn observed(live: &Live, recorded: Option<&DbInstance>) -> Observed<DbInstance> {
    let endpoint = live.endpoint.as_ref();
    let inputs = inputs(live, recorded);
    Observed {
        outputs: Outputs {
            arn: live.db_instance_arn.clone(),
            identifier: live.db_instance_identifier.clone(),
            host: endpoint.and_then(|endpoint| endpoint.address.clone()),
            port: endpoint.and_then(|endpoint| endpoint.port).map(|port| port.to_string()),
            secret_arn: live.master_user_secret.as_ref().and_then(|secret| secret.secret_arn.clone()),
        },
        condition: condition(live, recorded),
        remarks: held(live)
            .into_iter()
            .chain(due_reboot(live, recorded))
            .chain(holdings::remarks(live))
            .collect(),
        ownership: ownership(live),
        vpc: network(live).map(Id::new),
        in_force: Some(current(live, recorded)).filter(|current| *current != inputs),
        inputs: Some(inputs),
    }
}

fn condition(live: &Live, recorded: Option<&DbInstance>) -> Condition {
    let pending = || Condition::Pending("about to apply what is queued".to_owned());
    match Condition::of(STATUSES, live.db_instance_status.as_deref().unwrap_or_default()) {
        Condition::Ready if is_about_to_change(live, recorded) => pending(),
        // The cure of a full storage is under way; the status stays for some seconds.
        Condition::Held(row) if row.takes("allocated_storage") && grows(live) && at_once(recorded) => {
            pending()
        }
        other => other,
    }
}

/// True if more storage is queued than there is.
fn grows(live: &Live) -> bool {
    let queued = live.pending_modified_values.as_ref().and_then(|pending| pending.allocated_storage);
    queued.is_some_and(|queued| live.allocated_storage.is_some_and(|size| queued > size))
}

fn at_once(recorded: Option<&DbInstance>) -> bool {
    recorded.is_some_and(|recorded| recorded.apply_immediately)
}

/// The inputs, each at the value that is queued for it or, without one, at its current value: what waits for the
/// maintenance window must not be asked for again ("No modifications were requested").
pub(super) fn inputs(live: &Live, recorded: Option<&DbInstance>) -> DbInstance {
    match &live.pending_modified_values {
        Some(pending) => with_queue(live, pending, recorded),
        None => current(live, recorded),
    }
}

/// The inputs at their current values, without what is queued.
pub(super) fn current(live: &Live, recorded: Option<&DbInstance>) -> DbInstance {
    with_queue(live, &PendingModifiedValues::builder().build(), recorded)
}

fn with_queue(live: &Live, pending: &PendingModifiedValues, recorded: Option<&DbInstance>) -> DbInstance {
    let text = |pending: &Option<String>, current: &Option<String>| {
        pending.as_ref().or(current.as_ref()).cloned().unwrap_or_default()
    };
    let subnet_group = live.db_subnet_group.as_ref().and_then(|group| group.db_subnet_group_name.clone());
    DbInstance {
        identifier: text(&pending.db_instance_identifier, &live.db_instance_identifier).into(),
        engine: text(&pending.engine, &live.engine).into(),
        engine_version: text(&pending.engine_version, &live.engine_version),
        allow_major_version_upgrade: recorded.is_some_and(|recorded| recorded.allow_major_version_upgrade),
        instance_class: text(&pending.db_instance_class, &live.db_instance_class),
        allocated_storage: pending.allocated_storage.or(live.allocated_storage).unwrap_or_default(),
        max_allocated_storage: max_allocated_storage(live, recorded),
        storage_type: text(&pending.storage_type, &live.storage_type),
        iops: pending.iops.or(live.iops),
        storage_throughput: pending.storage_throughput.or(live.storage_throughput),
        database_name: live.db_name.clone(),
        username: live.master_username.clone().unwrap_or_default(),
        password: match &live.master_user_secret {
            Some(_) => Some(PasswordSource::Managed),
            // RDS says that it does not manage the password, and nothing more.
            None => recorded
                .and_then(|recorded| recorded.password.clone())
                .filter(|source| *source != PasswordSource::Managed),
        },
        password_version: recorded.map_or(1, |recorded| recorded.password_version),
        multi_az: pending.multi_az.or(live.multi_az).unwrap_or(false),
        // There is no endpoint while the database is being created.
        port: pending
            .port
            .or(live.endpoint.as_ref().and_then(|endpoint| endpoint.port))
            .or(recorded.map(|recorded| recorded.port))
            .unwrap_or_default(),
        db_subnet_group_name: text(&pending.db_subnet_group_name, &subnet_group).into(),
        vpc_security_group_ids: live
            .vpc_security_groups()
            .iter()
            .filter(|group| group.status() != Some("removing"))
            .filter_map(|group| group.vpc_security_group_id.clone())
            .collect(),
        publicly_accessible: live.publicly_accessible.unwrap_or(false),
        backup_retention_period: pending
            .backup_retention_period
            .or(live.backup_retention_period)
            .unwrap_or_default(),
        backup_window: live.preferred_backup_window.clone(),
        maintenance_window: live.preferred_maintenance_window.clone().map(Into::into),
        storage_encrypted: live.storage_encrypted.unwrap_or(false),
        kms_key_id: live.kms_key_id.clone(),
        ca_cert_identifier: pending
            .ca_certificate_identifier
            .as_ref()
            .or(live.ca_certificate_identifier.as_ref())
            .cloned(),
        auto_minor_version_upgrade: live.auto_minor_version_upgrade.unwrap_or(false),
        copy_tags_to_snapshot: live.copy_tags_to_snapshot,
        iam_database_authentication_enabled: pending
            .iam_database_authentication_enabled
            .or(live.iam_database_authentication_enabled),
        performance_insights_enabled: live.performance_insights_enabled,
        performance_insights_retention_period: live.performance_insights_retention_period,
        performance_insights_kms_key_id: live.performance_insights_kms_key_id.clone(),
        enabled_cloudwatch_logs_exports: Some(exported_logs(live, pending)),
        parameter_group_name: recorded
            .and_then(|recorded| recorded.parameter_group_name.as_ref())
            .and_then(|_| live.db_parameter_groups().first()?.db_parameter_group_name.clone()),
        deletion_protection: live.deletion_protection.unwrap_or(false),
        // Without a record the safe answers.
        final_snapshot: recorded.is_none_or(|recorded| recorded.final_snapshot),
        apply_immediately: recorded.is_some_and(|recorded| recorded.apply_immediately),
        tags: recorded
            .map(|recorded| tags::ours(&of_sdk_tags(live.tag_list()), &recorded.tags))
            .unwrap_or_default(),
    }
}

/// The size up to which the storage may grow by itself; 0 where it does not. A limit that is reached may not be shown any more.
fn max_allocated_storage(live: &Live, recorded: Option<&DbInstance>) -> Option<i32> {
    let reached = || {
        let most = recorded?.max_allocated_storage?;
        Some(most).filter(|most| live.allocated_storage.is_some_and(|size| size >= *most))
    };
    Some(live.max_allocated_storage.or_else(reached).unwrap_or(0))
}

/// The exported logs, as they will be.
fn exported_logs(live: &Live, pending: &PendingModifiedValues) -> BTreeSet<String> {
    let mut logs: BTreeSet<String> = live.enabled_cloudwatch_logs_exports().iter().cloned().collect();
    if let Some(coming) = &pending.pending_cloudwatch_logs_exports {
        logs.extend(coming.log_types_to_enable().iter().cloned());
        logs.retain(|log| !coming.log_types_to_disable().contains(log));
    }
    logs
}

/// Storage takes no second change before the first is optimised ("previous storage change is being optimized").
fn held(live: &Live) -> Option<Remark> {
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

/// Parameters of ours that PostgreSQL reads only when it starts.
fn due_reboot(live: &Live, recorded: Option<&DbInstance>) -> Option<Remark> {
    let ours = recorded?.parameter_group_name.as_deref()?;
    let waits = live.db_parameter_groups().iter().any(|group| {
        group.db_parameter_group_name() == Some(ours)
            && group.parameter_apply_status() == Some("pending-reboot")
    });
    let identifier = live.db_instance_identifier.as_deref().unwrap_or_default();
    waits.then(|| Remark::Left {
        what: format!(
            "parameters of {ours} take effect when the database is rebooted, which provision does not do"
        ),
        command: format!("aws rds reboot-db-instance --db-instance-identifier {identifier}"),
    })
}

/// True if RDS will make queued changes without waiting for a window: it stays `available` for some seconds first.
fn is_about_to_change(live: &Live, recorded: Option<&DbInstance>) -> bool {
    // A new port never waits.
    let port = live.pending_modified_values.as_ref().is_some_and(|pending| pending.port.is_some());
    let at_once = recorded.filter(|recorded| recorded.apply_immediately);
    port || at_once.is_some_and(|recorded| {
        // A field that is not written is none of our business: others may have queued it for the window.
        let written = document(recorded);
        let (coming, current) =
            (document(&inputs(live, Some(recorded))), document(&current(live, Some(recorded))));
        DbInstance::FIELDS
            .iter()
            .any(|field| !written[field.name].is_null() && coming[field.name] != current[field.name])
    })
}

/// The inputs as a document, in which what is not there is null.
pub(super) fn document(inputs: &DbInstance) -> Value {
    serde_json::to_value(inputs).expect("inputs are plain data")
}
