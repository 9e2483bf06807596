//! The calls that read databases, and what they say of whose a database is.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::{DbInstance as Live, Filter};
use futures_util::future::try_join_all;

use super::STATUSES;
use super::seen::Live as Shown;
use crate::aws::kind::id_in_answer;
use crate::aws::kinds::rds_tags::of_sdk_tags;
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::resource::{Condition, Found, Id, Ownership};

pub(super) const DESCRIBE: Call = Call::read("rds:DescribeDBInstances");

/// The most databases on one page.
const PAGE: i32 = 100;

/// Reads databases by their resource ids. One that is gone is left out.
pub(in crate::aws) async fn describe(aws: &Aws, ids: &[&str]) -> Result<BTreeMap<Id, Live>, CloudError> {
    if let Some(known) = aws.memory.known(ids.iter().copied()) {
        return Ok(by_id(known));
    }
    let pages = try_join_all(ids.chunks(PAGE as usize).map(|chunk| async {
        let values = chunk.iter().map(|id| (*id).to_owned()).collect();
        let filter = Filter::builder().name("dbi-resource-id").set_values(Some(values)).build();
        let describe = aws.read.rds.describe_db_instances().filters(filter).max_records(PAGE);
        describe.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE))
    }));
    let pages: Vec<Vec<Live>> = pages.await?;
    Ok(by_id(shown(aws, pages.into_iter().flatten().collect())))
}

/// The same databases, kept for those who ask for them by their ids.
fn shown(aws: &Aws, all: Vec<Live>) -> Vec<Live> {
    aws.memory.show(&all, Live::dbi_resource_id);
    all
}

fn by_id(all: Vec<Live>) -> BTreeMap<Id, Live> {
    all.into_iter().filter_map(|live| Some((Id::new(live.dbi_resource_id.clone()?), live))).collect()
}

/// All tracked databases that are there.
pub(super) async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Shown>, CloudError> {
    let ids: Vec<&str> = tracked.iter().map(|one| one.id.as_str()).collect();
    let described = describe(aws, &ids).await?.into_iter();
    Ok(described.map(|(id, live)| (id, Shown::of(live))).collect())
}

/// The tracked read replicas that are there, each with the database that it follows.
pub(super) async fn look_at_replicas(
    aws: &Aws,
    tracked: &[TrackedDocument],
) -> Result<BTreeMap<Id, Shown>, CloudError> {
    let mut found = look(aws, tracked).await?;
    let sources = found.values().filter_map(|live| live.now.read_replica_source_db_instance_identifier());
    let sources: Vec<String> = BTreeSet::from_iter(sources).into_iter().map(str::to_owned).collect();
    let sources: BTreeMap<String, Id> = by_name(aws, &sources).await?;
    for live in found.values_mut() {
        let name = live.now.read_replica_source_db_instance_identifier();
        live.source = name.and_then(|name| sources.get(name)).cloned();
    }
    Ok(found)
}

/// The resource ids of the read replicas of a database that are in its region: others are shown by their ARN.
pub(super) async fn replicas_of(aws: &Aws, source: &Id) -> Result<Vec<Id>, CloudError> {
    let live = describe_one(aws, source).await?;
    let names =
        live.map(|live| live.read_replica_db_instance_identifiers.unwrap_or_default()).unwrap_or_default();
    let here: Vec<String> = names.into_iter().filter(|name| !name.contains(':')).collect();
    Ok(by_name(aws, &here).await?.into_values().collect())
}

/// The resource ids of the databases with these identifiers.
async fn by_name(aws: &Aws, names: &[String]) -> Result<BTreeMap<String, Id>, CloudError> {
    let pages = try_join_all(names.chunks(PAGE as usize).map(|chunk| async {
        let filter = Filter::builder().name("db-instance-id").set_values(Some(chunk.to_vec())).build();
        let describe = aws.read.rds.describe_db_instances().filters(filter).max_records(PAGE);
        describe.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE))
    }));
    let all = pages.await?.into_iter().flatten();
    Ok(all.filter_map(|live| Some((live.db_instance_identifier?, Id::new(live.dbi_resource_id?)))).collect())
}

/// Reads all databases of the account and region.
pub(super) async fn describe_all(aws: &Aws) -> Result<Vec<Live>, CloudError> {
    let describe = aws.read.rds.describe_db_instances().max_records(PAGE);
    let all = describe.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE))?;
    Ok(shown(aws, all))
}

/// Reads one database by its resource id, if it is still there.
pub(super) async fn describe_one(aws: &Aws, id: &Id) -> Result<Option<Live>, CloudError> {
    Ok(describe(aws, &[id.as_str()]).await?.remove(id))
}

/// Reads the database that is to be changed by this call.
pub(super) async fn there(aws: &Aws, id: &Id, call: Call) -> Result<Live, CloudError> {
    let live = describe_one(aws, id).await?;
    live.ok_or_else(|| CloudError::refused(call, "DBInstanceNotFound", "the database is gone"))
}

/// Reads the database that has this identifier now, if one has.
pub(in crate::aws) async fn describe_named(aws: &Aws, identifier: &str) -> Result<Option<Live>, CloudError> {
    let describe = aws.read.rds.describe_db_instances().db_instance_identifier(identifier);
    let answer = absent_is_none(describe.send().await.map_err(aws_error(DESCRIBE)))?;
    let found = answer.and_then(|answer| answer.db_instances).unwrap_or_default();
    Ok(shown(aws, found).pop())
}

/// The owner of the database, by its tags.
pub(super) fn ownership(live: &Live) -> Ownership {
    Ownership::of_tags(&of_sdk_tags(live.tag_list()))
}

/// The network that the database stands in.
pub(super) fn network(live: &Live) -> Option<&str> {
    live.db_subnet_group.as_ref().and_then(|group| group.vpc_id.as_deref())
}

/// The database as one that was looked for.
pub(super) fn found_of(live: &Live) -> Result<Found, CloudError> {
    let id = id_in_answer(DESCRIBE, live.dbi_resource_id.clone())?;
    let made = live.instance_create_time.and_then(|made| jiff::Timestamp::from_second(made.secs()).ok());
    let found = Found::new(id, ownership(live)).standing_in(network(live));
    let name = live.db_instance_identifier();
    Ok(found.labelled(name, made).called(name))
}

/// Why a database is none that a stack can have.
pub(super) fn unfit(live: &Live) -> Option<String> {
    let engine = live.engine.as_deref().unwrap_or_default();
    let status = live.db_instance_status.as_deref().unwrap_or_default();
    match &live.db_cluster_identifier {
        Some(cluster) => Some(format!("it belongs to the database cluster {cluster}")),
        None if engine != "postgres" => Some(format!("its engine is {engine}, not postgres")),
        None if Condition::of(STATUSES, status).is_leaving() => Some("it is being deleted".to_owned()),
        // Neither its port nor what it follows is shown before.
        None if status == "creating" => Some("it is still being made".to_owned()),
        // EC2-Classic has no subnet groups ("Working with a DB instance in a VPC", RDS User Guide).
        None if live.db_subnet_group.is_none() => Some("it stands in no VPC".to_owned()),
        None => None,
    }
}
