//! The one ModifyDBInstance that a change comes to.

use std::collections::BTreeSet;

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder as Modify;
use aws_sdk_rds::types::CloudwatchLogsExportConfiguration;

use super::calls::MODIFY;
use super::insights::{self, InsightsChange};
use super::keys::{
    ALLOW_MAJOR, AT_ONCE, ENGINE_VERSION, LIMIT, LOGS, PARAMETER_GROUP, PASSWORD, PASSWORD_VERSION,
    SECRET_KEY,
};
use super::seen::Live;
use super::storage::{self, Storage, StorageChange};
use super::{DbInstance, domain, live, parameters, password, reservation, version};
use crate::aws::kind::Kind;
use crate::aws::kinds::rds_tags::retag;
use crate::aws::kinds::tags;
use crate::aws::{Aws, aws_error, row};
use crate::engine::cloud::{ChangeDocument, CloudError};
use crate::engine::diff;
use crate::engine::document::Document;
use crate::stack::password::{PasswordSource, Secret};

/// Changes the live database so that it agrees with `wanted`.
pub(super) async fn modify(
    aws: &Aws,
    wanted: &Document,
    change: ChangeDocument<'_>,
) -> Result<(), CloudError> {
    let live = ours(aws, &change).await?;
    let (observed, fields) = still_to_do::<DbInstance>(wanted, &change, &live);
    let changed = |field: &str| fields.contains(field);
    change_tags(aws, &live, wanted, (&observed, &fields)).await?;
    let secret = match changed(PASSWORD.name) || changed(PASSWORD_VERSION.name) {
        true => password::read(aws, wanted, MODIFY)?,
        false => None,
    };
    let modification = modification(wanted, &observed, &fields, &live, secret.as_ref());
    send(aws, wanted, live, modification).await.map_err(|error| password::masked(error, secret.as_ref()))
}

/// The live object, which is the owner's.
pub(super) async fn ours(aws: &Aws, change: &ChangeDocument<'_>) -> Result<Live, CloudError> {
    // Asked for by its own id: the identifier may be queued to change, and another database may have taken it.
    let live = Live::of(live::there(aws, change.id, MODIFY).await?);
    let what = live.now.db_instance_identifier.as_deref().unwrap_or_default();
    tags::refuse_others(MODIFY, what, &live::ownership(&live.now), change.owner)?;
    Ok(live)
}

/// Changes the author's tags, where they are among the fields.
pub(super) async fn change_tags(
    aws: &Aws,
    live: &Live,
    wanted: &Document,
    (observed, fields): (&Document, &BTreeSet<String>),
) -> Result<(), CloudError> {
    if !fields.contains(tags::FIELD) {
        return Ok(());
    }
    let arn = live.now.db_instance_arn.as_deref().unwrap_or_default();
    retag(aws, arn, &tags::tag_change(&tags::of(observed), &tags::of(wanted))).await
}

/// Sends a modification that is complete but for the name and the time.
pub(super) async fn send(
    aws: &Aws,
    wanted: &Document,
    live: Live,
    modification: Modify,
) -> Result<(), CloudError> {
    // RDS refuses a call that asks for nothing, which is what a change of recorded fields alone comes to.
    if modification == Modify::default() {
        return Ok(());
    }
    let answer = modification
        .set_db_instance_identifier(live.now.db_instance_identifier)
        .apply_immediately(AT_ONCE.of(wanted).unwrap_or(false))
        .send_with(&aws.write.rds)
        .await;
    match answer.map_err(aws_error(MODIFY)) {
        // The code says nothing without the message: everything that was asked for is queued already.
        Err(error)
            if error.code == "InvalidParameterCombination"
                && error.message.contains("No modifications were requested") =>
        {
            Ok(())
        }
        other => other.map(drop),
    }
}

/// The database as it is before the change, and the fields that are left of it: an attempt whose answer was lost may
/// have been carried out, and some calls are refused when they are repeated.
pub(super) fn still_to_do<K: Kind<Live = Live>>(
    wanted: &Document,
    change: &ChangeDocument<'_>,
    live: &Live,
) -> (Document, BTreeSet<String>) {
    let queued = row::observe::<K>(live, change.observed);
    let current = row::observe::<K>(&live.in_force(), change.observed);
    let asked = |fields: BTreeSet<String>| fields.intersection(change.fields).cloned().collect();
    let surplus = diff::surplus(&row::fields::<K>(), wanted, &queued, &current);
    let mut fields: BTreeSet<String> = asked(unmet::<K>(wanted, &queued));
    fields.extend(asked(surplus.into_iter().map(|change| change.path).collect()));
    if AT_ONCE.of(wanted) != Some(true) {
        let mut before = diff::before(&row::fields::<K>(), wanted, &queued, &current);
        // They wait for nothing: what RDS shows of them is under way.
        before.extend(queued.get(LOGS.name).map(|logs| (LOGS.name.to_owned(), logs.clone())));
        return (before, fields);
    }
    // Changes left to the window are asked for again, now at once; so are those that others queued and that are not wanted.
    let waiting: BTreeSet<String> = unmet::<K>(&queued, &current);
    let missing = unmet::<K>(wanted, &current);
    fields
        .extend(missing.into_iter().filter(|field| change.fields.contains(field) || waiting.contains(field)));
    (current, fields)
}

/// The written fields in which the database is not as wanted.
fn unmet<K: Kind>(wanted: &Document, observed: &Document) -> BTreeSet<String> {
    let changes = diff::diff(&row::fields::<K>(), wanted, observed);
    changes.into_iter().map(|change| change.path).collect()
}

/// The request: nothing but the fields that differ, and what RDS wants together with them.
fn modification(
    wanted: &Document,
    observed: &Document,
    fields: &BTreeSet<String>,
    live: &Live,
    secret: Option<&Secret>,
) -> Modify {
    let changed = |field: &str| fields.contains(field);
    let is_major = changed(ENGINE_VERSION.name) && version::is_major_upgrade(wanted, observed);

    let managed = password::source(wanted) == Some(PasswordSource::Managed);
    let management_differs = changed(PASSWORD.name) && managed != live.now.master_user_secret.is_some();

    let version = ENGINE_VERSION.text(wanted).filter(|_| changed(ENGINE_VERSION.name));

    let call = row::modify_call::<DbInstance>(wanted, fields).unwrap_or_default();
    together(call, (wanted, observed), Storage::of(wanted), changed, live)
        .set_engine_version(version.map(|version| version::to_send(version, live)))
        .set_allow_major_version_upgrade(ALLOW_MAJOR.of(wanted).filter(|allowed| *allowed && is_major))
        .set_db_parameter_group_name(
            changed(PARAMETER_GROUP.name).then(|| parameters::group(wanted)).flatten(),
        )
        .set_manage_master_user_password(management_differs.then_some(managed))
        .set_master_user_secret_kms_key_id(SECRET_KEY.of(wanted).filter(|_| management_differs && managed))
        .set_master_user_password(secret.map(|secret| secret.expose().to_owned()))
}

/// The part of the request that is of several fields together, for every instance: storage, insights, logs and directory.
pub(super) fn together(
    call: Modify,
    (wanted, observed): (&Document, &Document),
    storage: Option<Storage>,
    changed: impl Fn(&str) -> bool + Copy,
    live: &Live,
) -> Modify {
    let there = storage::There { coming: &live.storage(), in_force: &live.in_force().storage() };
    let StorageChange { allocated_storage, storage_type, iops, storage_throughput } =
        storage.as_ref().map(|wanted| storage::change(wanted, there, changed)).unwrap_or_default();
    // The size itself as the limit turns the growing off; RDS has no other word for that.
    let size = || storage.as_ref().map(|wanted| storage::size_after(wanted, there.in_force));
    let limit = LIMIT.of(wanted).filter(|_| changed(LIMIT.name));
    let limit = limit.and_then(|most| if most == 0 { size() } else { Some(most) });

    let InsightsChange { enabled, retention, key, mode } = insights::change(wanted, &live.now, changed);
    let logs = LOGS.of(wanted).filter(|_| changed(LOGS.name));
    let logs = logs.map(|logs| exported(&logs, &LOGS.of(observed).unwrap_or_default()));

    let (domain, domain_role) = domain::change(wanted, changed);

    call.set_db_capacity_reservation_identifier(reservation::change(wanted, changed))
        .set_allocated_storage(allocated_storage)
        .set_max_allocated_storage(limit)
        .set_storage_type(storage_type)
        .set_iops(iops)
        .set_storage_throughput(storage_throughput)
        .set_enable_performance_insights(enabled)
        .set_performance_insights_retention_period(retention)
        .set_performance_insights_kms_key_id(key)
        .set_database_insights_mode(mode)
        .set_cloudwatch_logs_export_configuration(logs)
        .set_domain(domain)
        .set_domain_iam_role_name(domain_role)
}

/// Logs are exported or no longer exported one by one.
fn exported(wanted: &[String], seen: &[String]) -> CloudwatchLogsExportConfiguration {
    let only = |here: &[String], there: &[String]| -> Option<Vec<String>> {
        let logs = here.iter().filter(|log| !there.contains(log)).cloned();
        Some(logs.collect()).filter(|logs: &Vec<String>| !logs.is_empty())
    };
    CloudwatchLogsExportConfiguration::builder()
        .set_enable_log_types(only(wanted, seen))
        .set_disable_log_types(only(seen, wanted))
        .build()
}
