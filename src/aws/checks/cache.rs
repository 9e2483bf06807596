//! Checks that a cache can have its version and its nodes, and that a password is made for no cache that has one.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticache::types::CacheEngineVersion;
use futures_util::future::{join, join_all};
use serde::Deserialize;
use serde_json::Value;

use super::finding::{Verdict, in_time, list};
use super::prospect::Prospect;
use super::quotas::{QUOTA, Room, quota};
use super::scene::{Doing, Scene};
use super::{Answer, Asked};
use crate::aws::kinds::cache::{NODES, nodes};
use crate::aws::{Aws, aws_error};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::document::references;
use crate::engine::plan::{Action, Finding};
use crate::engine::planner::Sighting;
use crate::engine::resource::Id;
use crate::engine::state::Record;
use crate::stack::valkey::Version;

const OF_VERSION: &str = "engine-version";
const OF_NODES: &str = "instance-class";
const OF_QUOTA: &str = "quota";
const OF_PASSWORD: &str = "password";

const CACHE: &str = "aws_elasticache_replication_group";
const SECRET: &str = "aws_secretsmanager_secret";

const VERSIONS: Call = Call::read("elasticache:DescribeCacheEngineVersions");
const ALLOWED: Call = Call::read("elasticache:ListAllowedNodeTypeModifications");

pub(super) const CALLS: &[Asked] =
    &[(&[CACHE], &[VERSIONS, ALLOWED, NODES, QUOTA, super::quotas::DEFAULT_QUOTA])];

/// "Nodes per Region" (Service Quotas, Amazon ElastiCache).
const NODES_PER_REGION: super::quotas::Code = ("elasticache", "L-DFE45DF3");

#[derive(Clone, Debug, Deserialize)]
struct Desired {
    replication_group_id: String,
    engine: String,
    engine_version: String,
    node_type: String,
    nodes: u64,
}

/// The answers of ElastiCache.
pub(super) struct Caches {
    prospects: Vec<(Prospect, Desired)>,
    /// By engine.
    versions: BTreeMap<String, Result<Vec<CacheEngineVersion>, CloudError>>,
    /// The node types that a cache which is there can change to, by address.
    allowed: BTreeMap<Address, Result<BTreeSet<String>, CloudError>>,
    room: Option<Result<Room, CloudError>>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Caches {
    let caches = prospects.iter().filter(|one| one.is_a(CACHE));
    let prospects: Vec<(Prospect, Desired)> =
        caches.filter_map(|one| Some((one.clone(), one.typed()?))).collect();
    let of_version = prospects.iter().filter(|(one, _)| one.touches(&["engine", "engine_version"]));
    let engines: BTreeSet<&str> = of_version.map(|(_, desired)| desired.engine.as_str()).collect();
    let versions = engines.into_iter().map(|engine| async move {
        let asked = aws.read.elasticache.describe_cache_engine_versions().engine(engine);
        let asked =
            async { asked.into_paginator().items().send().try_collect().await.map_err(aws_error(VERSIONS)) };
        (engine.to_owned(), in_time(VERSIONS, asked).await)
    });
    let changed = prospects.iter().filter(|(one, _)| !one.is_new && one.touches(&["node_type"]));
    let allowed = changed.map(|(one, desired)| async move {
        let asked = async {
            let call = aws.read.elasticache.list_allowed_node_type_modifications();
            let answer = call.replication_group_id(&desired.replication_group_id).send().await;
            let answer = answer.map_err(aws_error(ALLOWED))?;
            let both = answer.scale_up_modifications().iter().chain(answer.scale_down_modifications());
            Ok(both.cloned().collect())
        };
        (one.address.clone(), in_time(ALLOWED, asked).await)
    });
    let grows = prospects.iter().any(|(one, _)| one.touches(&["nodes"]));
    let room = async {
        let both = async {
            let (most, used) = (quota(aws, NODES_PER_REGION).await?, nodes(aws).await?);
            Ok(Room { used: used.len() as u64, most })
        };
        if grows { Some(Box::pin(in_time(QUOTA, both)).await) } else { None }
    };
    let (versions, (allowed, room)) = join(join_all(versions), join(join_all(allowed), room)).await;
    let (versions, allowed) = (versions.into_iter().collect(), allowed.into_iter().collect());
    Caches { prospects, versions, allowed, room }
}

impl Answer for Caches {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let mut findings = passwords(scene);
        findings.extend(only_copies(scene));
        let mut more = Vec::new();
        for (prospect, desired) in &self.prospects {
            let address = &prospect.address;
            let Some(doing) = scene.doing(address) else { continue };
            if prospect.touches(&["engine", "engine_version"])
                && let Some(versions) = self.versions.get(&desired.engine)
            {
                findings.push(version(desired, versions).of(OF_VERSION, address));
            }
            if let (Doing::Changing(_), Some(allowed)) = (doing, self.allowed.get(address)) {
                findings.push(node_type(desired, allowed).of(OF_NODES, address));
            }
            let grown = grown(doing, desired);
            if grown > 0 {
                more.push((address, grown));
            }
        }
        if let (Some((first, _)), Some(room)) = (more.first(), &self.room) {
            let count = more.iter().map(|(_, count)| count).sum();
            let verdict = match room {
                Ok(room) => room.verdict(count, "cache node", "cache nodes"),
                Err(error) => Verdict::not_checked("quota of cache nodes", error),
            };
            findings.push(verdict.of(OF_QUOTA, first));
        }
        findings
    }
}

/// The nodes that a cache gets beside those that it has.
fn grown(doing: Doing<'_>, desired: &Desired) -> u64 {
    let change = match doing {
        Doing::Making(_) => return desired.nodes,
        Doing::Changing(change) => change,
    };
    let field = change.fields.iter().find(|field| field.path == "nodes");
    let before = field.map(|field| field.before.as_ref().and_then(Value::as_u64).unwrap_or_default());
    before.map_or(0, |before| desired.nodes.saturating_sub(before))
}

/// ElastiCache makes no cache of a version that it does not have.
fn version(desired: &Desired, versions: &Result<Vec<CacheEngineVersion>, CloudError>) -> Verdict {
    let Desired { engine, engine_version, .. } = desired;
    let versions = match versions {
        Ok(versions) => versions,
        Err(error) => return Verdict::not_checked(&format!("versions of {engine}"), error),
    };
    let offered: Vec<&str> = versions.iter().filter_map(CacheEngineVersion::engine_version).collect();
    let wanted = Version::parse(engine_version);
    let is_it = |one: &&str| {
        let one = Version::parse(one);
        one.zip(wanted.as_ref()).is_some_and(|(one, wanted)| one.is_of(wanted) || wanted.is_of(&one))
    };
    if offered.iter().any(is_it) {
        return Verdict::passed(format!("{engine} {engine_version} can be had"));
    }
    Verdict::error(format!("ElastiCache has no {engine} {engine_version} in this region"))
        .hint(format!("write one of {} as `engine_version`", list(&offered)))
}

/// "When you use the ListAllowedNodeTypeModifications operation, you can scale to these alone" (ElastiCache API reference).
fn node_type(desired: &Desired, allowed: &Result<BTreeSet<String>, CloudError>) -> Verdict {
    let Desired { replication_group_id, node_type, .. } = desired;
    match allowed {
        Ok(allowed) if allowed.contains(node_type) => {
            Verdict::passed(format!("{replication_group_id} can change to {node_type}"))
        }
        Ok(allowed) => {
            let all: Vec<&String> = allowed.iter().collect();
            Verdict::error(format!("{replication_group_id} cannot change to {node_type}"))
                .hint(format!("write one of {} as `node_type`", list(&all)))
        }
        Err(error) => Verdict::not_checked(&format!("node types for {replication_group_id}"), error),
    }
}

/// A new secret would hold a password that is none of a cache which is there: that keeps its own, and shows it to nobody.
fn passwords(scene: &Scene<'_>) -> Vec<Finding> {
    let caches = scene.blueprint.declarations.iter().filter(|(address, _)| address.kind() == CACHE);
    let stands = caches.filter(|(address, _)| !scene.makes(address));
    let finding = |(address, declaration): (&Address, &Declaration)| {
        let Declaration::Managed { inputs } = declaration else { return None };
        let secret = references(inputs).into_iter().find(|one| one.kind() == SECRET)?;
        let (id, _) = scene.sightings.get(address)?.live()?;
        if !scene.makes(&secret) {
            return None;
        }
        let record = scene.state.and_then(|state| state.resources.get(&secret));
        let name = record.and_then(|record| record.inputs.get("name")).and_then(Value::as_str);
        let again = name.map(|name| {
            format!("to have the secret again, if it was deleted within 30 days: aws secretsmanager restore-secret --secret-id {name}; or ")
        });
        let message =
            format!("the cache {id} has a password already, and a new secret would hold another one");
        let again = again.unwrap_or_default();
        let verdict = Verdict::error(message)
            .hint(format!("{again}write `password: unmanaged` for `{}`", address.name()));
        Some(verdict.of(OF_PASSWORD, &secret))
    };
    stands.filter_map(finding).collect()
}

/// A secret that is deleted, while the cache stays whose password it holds: ElastiCache shows none.
fn only_copies(scene: &Scene<'_>) -> Vec<Finding> {
    let changes = &scene.planning.plan.changes;
    // One whose deletion an earlier run has begun goes too, though nothing is to be called for that.
    let goes = |address: &Address| {
        let its = changes.iter().filter(|one| one.address == *address);
        its.clone().any(|one| !one.goes.is_empty() || one.action == Action::Delete)
            || scene.sightings.get(address).and_then(Sighting::live).is_none()
    };
    let records = || scene.state.into_iter().flat_map(|state| &state.resources);
    let secrets = changes.iter().filter(|one| one.address.kind() == SECRET);
    let finding = |(secret, id): (&Address, &Id)| {
        let uses = |(address, record): &(&Address, &Record)| {
            let its = record.inputs.get("password_secret_arn").and_then(Value::as_str);
            address.kind() == CACHE && its == Some(id.as_str()) && !record.gone && !goes(address)
        };
        let (cache, record) = records().find(uses)?;
        let name = record.id.as_ref()?;
        let message = format!("it holds the only copy of the password of the cache {name}, which stays");
        let verdict = Verdict::error(message).hint(format!(
            "put `password: managed` back for `{}`; or, to keep the secret and manage it no longer: provision state forget {secret}; \
             then run the same command again",
            cache.name()
        ));
        Some(verdict.of(OF_PASSWORD, secret))
    };
    let deleted = secrets.flat_map(|one| one.goes.iter().map(|going| (&one.address, &going.id)));
    deleted.filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::Level;

    fn desired(version: &str, node_type: &str) -> Desired {
        Desired {
            replication_group_id: "shop-cache".to_owned(),
            engine: "valkey".to_owned(),
            engine_version: version.to_owned(),
            node_type: node_type.to_owned(),
            nodes: 2,
        }
    }

    #[test]
    fn a_version_must_be_one_that_elasticache_has() {
        let versions = ["8.0", "8.1"].map(|one| CacheEngineVersion::builder().engine_version(one).build());
        for (version, level) in [("8.1", Level::Passed), ("8.1.0", Level::Passed), ("8.9", Level::Error)] {
            assert_eq!(
                super::version(&desired(version, "x"), &Ok(versions.to_vec())).level,
                level,
                "{version}"
            );
        }
        let refused = CloudError::refused(VERSIONS, "AccessDenied", "");
        assert_eq!(super::version(&desired("8.1", "x"), &Err(refused)).level, Level::NotChecked);
    }

    #[test]
    fn a_node_type_must_be_one_that_the_cache_can_change_to() {
        let allowed = Ok(BTreeSet::from(["cache.t4g.medium".to_owned()]));
        assert_eq!(node_type(&desired("8.1", "cache.t4g.medium"), &allowed).level, Level::Passed);
        let refused = node_type(&desired("8.1", "cache.m7g.large"), &allowed);
        assert_eq!(refused.level, Level::Error);
        assert!(refused.hint.is_some_and(|hint| hint.contains("cache.t4g.medium")));
    }
}
