//! A change of a cache: one call after the other, since ElastiCache takes none while it is at work on another.
//!
//! What has to wait is asked for again by the engine, as long as the group is busy; each time, what is left is worked out anew from what
//! ElastiCache shows.

use std::collections::BTreeSet;

use aws_sdk_elasticache::operation::modify_replication_group::builders::ModifyReplicationGroupInputBuilder as Modify;

use super::ReplicationGroup;
use super::calls::{DECREASE, INCREASE, MODIFY};
use super::keys::{
    AT_ONCE, COUNT, ENGINE, ENGINE_VERSION, FAILOVER, MULTI_AZ, NODE_TYPE, PARAMETER_GROUP, RETENTION, TLS,
    TLS_MODE,
};
use super::live::{self, Live};
use super::version;
use crate::aws::kinds::{cache_tags, tags};
use crate::aws::{Aws, aws_error, row};
use crate::engine::cloud::{ChangeDocument, CloudError};
use crate::engine::diff;
use crate::engine::document::Document;
use crate::stack::valkey::Version;

/// The fields whose change disturbs, and waits for the maintenance window unless it is asked for at once.
const AT_WINDOW: [&str; 3] = [ENGINE.name, ENGINE_VERSION.name, NODE_TYPE.name];
/// The fields that ElastiCache would leave to the window as well, though they disturb nobody (ModifyReplicationGroup,
/// CacheParameterGroupName: "as soon as possible … when the ApplyImmediately parameter is specified as true";
/// PendingModifiedValues has a failover and the encryption).
const ASKED_AT_ONCE: [&str; 6] =
    [COUNT.name, FAILOVER.name, MULTI_AZ.name, PARAMETER_GROUP.name, TLS.name, TLS_MODE.name];

/// Changes the live cache so that it agrees with `wanted`.
pub(super) async fn change(
    aws: &Aws,
    wanted: &Document,
    change: ChangeDocument<'_>,
) -> Result<(), CloudError> {
    let live = live::there(aws, change.id, MODIFY).await?;
    tags::refuse_others(MODIFY, live.id(), &live.ownership(), change.owner)?;
    let at_once = AT_ONCE.of(wanted) == Some(true);
    let fields = still_to_do(wanted, &change, &live, at_once);
    let has = |names: &[&str]| names.iter().any(|name| fields.contains(*name));
    if !at_once && live.has_queued() && has(&ASKED_AT_ONCE) {
        let asked: Vec<&str> = ASKED_AT_ONCE.into_iter().filter(|name| fields.contains(*name)).collect();
        let message = format!(
            "a change of `{}` would make at once what waits for the maintenance window; apply again after that, or write \
             `apply_immediately: true`",
            asked.join("`, `")
        );
        return Err(CloudError::refused(MODIFY, "Waits", message));
    }
    let (now, wants) =
        (i32::try_from(live.group.member_clusters().len()).unwrap_or_default(), COUNT.of(wanted));
    let wants = wants.filter(|_| has(&[COUNT.name]));
    // New nodes first: a failover may be turned on that needs them.
    if let Some(count) = wants.filter(|count| *count > now) {
        let call = aws.write.elasticache.increase_replica_count().replication_group_id(live.id());
        // "ApplyImmediately=False is not currently supported" (IncreaseReplicaCount).
        let call = call.new_replica_count(count - 1).apply_immediately(true);
        call.send().await.map_err(aws_error(INCREASE))?;
    }
    let prompt: BTreeSet<String> =
        fields.iter().filter(|name| at_once || !AT_WINDOW.contains(&name.as_str())).cloned().collect();
    if let Some(call) = modification(wanted, &prompt, &live) {
        // With nothing queued this brings nothing forward.
        send(aws, call, &live, at_once || !live.has_queued()).await?;
    }
    let later: BTreeSet<String> = fields.difference(&prompt).cloned().collect();
    if let Some(call) = modification(wanted, &later, &live) {
        send(aws, call, &live, false).await?;
    }
    if let Some(count) = wants.filter(|count| *count < now) {
        let call = aws.write.elasticache.decrease_replica_count().replication_group_id(live.id());
        let call = call.new_replica_count(count - 1).apply_immediately(true);
        call.send().await.map_err(aws_error(DECREASE))?;
    }
    // The group may be busy with its tags for a moment, so that they come last.
    if fields.contains(tags::FIELD) {
        let observed = row::observe::<ReplicationGroup>(&live, change.observed);
        let change = tags::tag_change(&tags::of(&observed), &tags::of(wanted));
        cache_tags::retag(aws, live.arn(), &change).await?;
    }
    Ok(())
}

/// The fields that are left of a change: an attempt whose answer was lost may have been carried out, and a group that was busy has taken
/// the first of several calls. What waits for the window is asked for again where it is to be made at once.
fn still_to_do(
    wanted: &Document,
    change: &ChangeDocument<'_>,
    live: &Live,
    at_once: bool,
) -> BTreeSet<String> {
    let fields = row::fields::<ReplicationGroup>();
    let unmet = |wanted: &Document, observed: &Document| -> BTreeSet<String> {
        diff::diff(&fields, wanted, observed).into_iter().map(|change| change.path).collect()
    };
    let coming = row::observe::<ReplicationGroup>(live, change.observed);
    let current = row::observe::<ReplicationGroup>(&live.in_force(), change.observed);
    if !at_once {
        return unmet(wanted, &coming).intersection(change.fields).cloned().collect();
    }
    let waiting = unmet(&coming, &current);
    let missing = unmet(wanted, &current);
    missing.into_iter().filter(|field| change.fields.contains(field) || waiting.contains(field)).collect()
}

/// The request with these fields, complete but for the name and the time; none where it would ask for nothing.
fn modification(wanted: &Document, fields: &BTreeSet<String>, live: &Live) -> Option<Modify> {
    let changed = |field: &str| fields.contains(field);
    let call = row::modify_call::<ReplicationGroup>(wanted, fields).unwrap_or_default();
    // "Engine" goes together with a version (ModifyReplicationGroup).
    let engine = ENGINE.of(wanted).filter(|_| changed(ENGINE.name));
    let version = ENGINE_VERSION.of(wanted).filter(|_| changed(ENGINE_VERSION.name) || changed(ENGINE.name));
    // Encryption is turned on together with its mode.
    let mode = TLS_MODE.text(wanted).filter(|_| changed(TLS.name) && TLS.of(wanted) == Some(true));
    let retention = RETENTION.of(wanted).filter(|_| changed(RETENTION.name));
    let was_off = live.group.snapshot_retention_limit().unwrap_or_default() == 0;
    // The node that snapshots are taken of, where none was (terraform-provider-aws, replication_group.go: the first one).
    let source = retention.filter(|days| *days > 0 && was_off).map(|_| first_node(live));
    let mut call = call
        .set_engine(engine)
        .set_engine_version(version.as_deref().map(version::to_send))
        .set_cache_parameter_group_name(group_to_have(wanted, live).filter(|_| changed(PARAMETER_GROUP.name)))
        .set_snapshot_retention_limit(retention)
        .set_snapshotting_cluster_id(source);
    if let Some(mode) = mode {
        call = call.transit_encryption_mode(mode.into());
    }
    (call != Modify::default()).then_some(call)
}

fn first_node(live: &Live) -> String {
    live.group.member_clusters().first().cloned().unwrap_or_else(|| format!("{}-001", live.id()))
}

/// The group that the cache is to have: that of its family where none is written any more. An upgrade that waits for the window leaves it
/// in the family of now.
fn group_to_have(wanted: &Document, live: &Live) -> Option<String> {
    let by_default = || {
        let now = live.first.as_ref().and_then(|node| Some((node.engine_version()?, node.engine()?)));
        let written = || Some((ENGINE_VERSION.text(wanted)?, ENGINE.text(wanted)?));
        let (version, engine) =
            if AT_ONCE.of(wanted) == Some(true) { written().or(now) } else { now.or_else(written) }?;
        Some(format!("default.{}", Version::parse(version)?.family(engine)))
    };
    PARAMETER_GROUP.of(wanted).or_else(by_default)
}

async fn send(aws: &Aws, call: Modify, live: &Live, at_once: bool) -> Result<(), CloudError> {
    let call = call.replication_group_id(live.id()).apply_immediately(at_once);
    match call.send_with(&aws.write.elasticache).await.map_err(aws_error(MODIFY)) {
        // The code says nothing without the message: everything that was asked for is so already.
        Err(error)
            if error.code == "InvalidParameterCombination"
                && error.message.contains("No modifications were requested") =>
        {
            Ok(())
        }
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}
