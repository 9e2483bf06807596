//! The calls that read caches, and what they say of whose a cache is.
//!
//! Version, groups and windows are shown of the nodes alone, and the network of the subnet group, so that both are read beside the groups
//! that they are of.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticache::types::{
    AutomaticFailoverStatus, CacheCluster, MultiAzStatus, PendingAutomaticFailoverStatus, ReplicationGroup,
};
use futures_util::future::{try_join_all, try_join3};

use super::keys::GROUP_ID;
use super::status::STATUSES;
use crate::aws::kinds::cache_subnet_group::CacheSubnetGroup;
use crate::aws::kinds::cache_tags;
use crate::aws::kinds::named_group::NamedGroup;
use crate::aws::kinds::tags::Tags;
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Condition, Found, Id, Owner, Ownership, Trace, Whose};

pub(super) const DESCRIBE: Call = Call::read("elasticache:DescribeReplicationGroups");
pub(crate) const NODES: Call = Call::read("elasticache:DescribeCacheClusters");

/// A cache as ElastiCache shows it, and the values that are queued for it.
#[derive(Clone)]
pub struct Live {
    pub group: ReplicationGroup,
    /// Its first node, which shows what all of them have.
    pub first: Option<CacheCluster>,
    /// The statuses of its nodes.
    pub statuses: BTreeSet<String>,
    pub queued: Queued,
    pub tags: Tags,
    /// The network of its subnet group.
    pub vpc: Option<String>,
}

/// All that groups are read together with.
struct Around {
    nodes: Vec<CacheCluster>,
    /// The networks of subnet groups, by their names.
    networks: BTreeMap<String, String>,
}

/// The values that wait for the maintenance window, or are on their way. The type of the nodes and their version are shown of the nodes
/// alone (PendingModifiedValues), and all others of the group (ReplicationGroupPendingModifiedValues).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    pub node_type: Option<String>,
    pub version: Option<String>,
    pub fails_over: Option<bool>,
    pub tls: Option<bool>,
    pub tls_mode: Option<String>,
}

impl Live {
    fn of(group: ReplicationGroup, Around { nodes, networks }: &Around, tags: Tags) -> Self {
        let id = group.replication_group_id();
        let own: Vec<&CacheCluster> = nodes.iter().filter(|node| node.replication_group_id() == id).collect();
        let first = own.iter().min_by_key(|node| node.cache_cluster_id()).map(|node| (*node).clone());
        let waits = group.pending_modified_values();
        let of_node = first.as_ref().and_then(|node| node.pending_modified_values());
        let queued = Queued {
            node_type: of_node.and_then(|values| values.cache_node_type.clone()),
            version: of_node.and_then(|values| values.engine_version.clone()),
            fails_over: waits
                .and_then(|values| values.automatic_failover_status.as_ref())
                .map(|status| *status == PendingAutomaticFailoverStatus::Enabled),
            tls: waits.and_then(|values| values.transit_encryption_enabled),
            tls_mode: waits
                .and_then(|values| values.transit_encryption_mode.as_ref())
                .map(|mode| mode.as_str().to_owned()),
        };
        let statuses = own.iter().filter_map(|node| node.cache_cluster_status.clone()).collect();
        let subnets = first.as_ref().and_then(|node| node.cache_subnet_group_name());
        let vpc = subnets.and_then(|name| networks.get(name)).cloned();
        Self { group, first, statuses, queued, tags, vpc }
    }

    /// The cache without what is queued.
    pub(super) fn in_force(&self) -> Self {
        Self { queued: Queued::default(), ..self.clone() }
    }

    pub(super) fn has_queued(&self) -> bool {
        self.queued != Queued::default()
    }

    pub(super) fn id(&self) -> &str {
        self.group.replication_group_id().unwrap_or_default()
    }

    pub(super) fn arn(&self) -> &str {
        self.group.arn().unwrap_or_default()
    }

    /// True if a replica takes over, or will: what is being turned on counts as on.
    pub(super) fn fails_over(&self) -> bool {
        let now = self.group.automatic_failover();
        let on = [Some(&AutomaticFailoverStatus::Enabled), Some(&AutomaticFailoverStatus::Enabling)];
        self.queued.fails_over.unwrap_or(on.contains(&now))
    }

    pub(super) fn is_multi_az(&self) -> bool {
        self.group.multi_az() == Some(&MultiAzStatus::Enabled)
    }

    /// The host that takes writes; it follows a failover.
    pub(super) fn host(&self) -> Option<&str> {
        self.group.node_groups().first()?.primary_endpoint()?.address()
    }

    /// The host that reads are spread from over the replicas.
    pub(super) fn reader(&self) -> Option<&str> {
        self.group.node_groups().first()?.reader_endpoint()?.address()
    }

    pub(super) fn port(&self) -> Option<i32> {
        let endpoint = self.group.node_groups().first()?.primary_endpoint()?;
        endpoint.port().filter(|port| *port > 0)
    }

    pub(super) fn ownership(&self) -> Ownership {
        Ownership::of_tags(&self.tags)
    }

    /// The cache as one that was looked for.
    pub(super) fn found(&self) -> Found {
        let made = self.group.replication_group_create_time();
        let made = made.and_then(|made| jiff::Timestamp::from_second(made.secs()).ok());
        Found::new(Id::new(self.id()), self.ownership()).standing_in(self.vpc.as_deref()).labelled(None, made)
    }

    /// Why a cache is none that a stack can have.
    pub(super) fn unfit(&self) -> Option<String> {
        if self.group.cluster_enabled() == Some(true) {
            return Some("its cluster mode is on".to_owned());
        }
        let global = self.group.global_replication_group_info();
        let global = global.and_then(|info| info.global_replication_group_id()).filter(|id| !id.is_empty());
        global.map(|id| format!("it is a part of the global datastore {id}"))
    }
}

/// A value as it will be: the queued one, where there is one.
pub(super) fn coming(queued: &Option<String>, now: &Option<String>) -> Option<String> {
    queued.as_ref().or(now.as_ref()).cloned()
}

async fn groups(aws: &Aws, id: Option<&str>) -> Result<Vec<ReplicationGroup>, CloudError> {
    let all = aws.read.elasticache.describe_replication_groups();
    let asked = all.set_replication_group_id(id.map(str::to_owned));
    let answer = asked.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
    Ok(absent_is_none(answer)?.unwrap_or_default())
}

/// All nodes of the account and region.
pub(crate) async fn nodes(aws: &Aws) -> Result<Vec<CacheCluster>, CloudError> {
    let all = aws.read.elasticache.describe_cache_clusters();
    all.into_paginator().items().send().try_collect().await.map_err(aws_error(NODES))
}

/// The replication group that a node is of.
pub(crate) fn member_of(node: &CacheCluster) -> Option<&str> {
    node.replication_group_id().filter(|id| !id.is_empty())
}

/// The groups, or the one with this id, and all that they are read together with.
async fn read(aws: &Aws, id: Option<&str>) -> Result<(Vec<ReplicationGroup>, Around), CloudError> {
    let (groups, nodes, subnets) =
        try_join3(groups(aws, id), nodes(aws), CacheSubnetGroup::describe(aws, None)).await?;
    let networks = subnets.into_iter().filter_map(|one| Some((one.cache_subnet_group_name?, one.vpc_id?)));
    Ok((groups, Around { nodes, networks: networks.collect() }))
}

/// Groups with their nodes and tags. One that goes meanwhile is left out.
async fn whole(aws: &Aws, groups: Vec<ReplicationGroup>, around: &Around) -> Result<Vec<Live>, CloudError> {
    let tags = groups.iter().map(|group| cache_tags::tags_if_there(aws, group.arn().unwrap_or_default()));
    let tags = try_join_all(tags).await?;
    let all = groups.into_iter().zip(tags);
    Ok(all.filter_map(|(group, tags)| Some(Live::of(group, around, tags?))).collect())
}

/// All tracked caches that are there.
pub(super) async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
    let only = match tracked {
        [] => return Ok(BTreeMap::new()),
        [only] => Some(only.id.as_str()),
        _ => None,
    };
    let (mut groups, around) = read(aws, only).await?;
    let is_tracked = |id: &str| tracked.iter().any(|one| one.id.as_str() == id);
    groups.retain(|group| group.replication_group_id().is_some_and(is_tracked));
    let all = whole(aws, groups, &around).await?;
    Ok(all.into_iter().map(|live| (Id::new(live.id()), live)).collect())
}

/// The cache with this id, if it is there.
pub(super) async fn one(aws: &Aws, id: &str) -> Result<Option<Live>, CloudError> {
    let (groups, around) = read(aws, Some(id)).await?;
    let its = groups.into_iter().filter(|group| group.replication_group_id() == Some(id)).collect();
    Ok(whole(aws, its, &around).await?.pop())
}

/// Reads the cache that is to be changed by this call.
pub(super) async fn there(aws: &Aws, id: &Id, call: Call) -> Result<Live, CloudError> {
    let live = one(aws, id.as_str()).await?;
    live.ok_or_else(|| CloudError::not_seen(call, "ReplicationGroupNotFoundFault", "the cache is gone"))
}

/// All caches of the account and region.
pub(super) async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
    let (groups, around) = read(aws, None).await?;
    let all = whole(aws, groups, &around).await?;
    Ok(all.iter().map(|live| live.found().traced(Trace::Tags)).collect())
}

/// The cache of the wanted name, and those that carry the tags of the owner's stack: an entry that was renamed keeps its cache.
pub(super) async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
    if let Some(name) = GROUP_ID.text(wanted)
        && let Some(live) = one(aws, name).await?
    {
        let unfit = live.unfit();
        return Ok(vec![Found { unfit, ..live.found() }]);
    }
    let (groups, around) = read(aws, None).await?;
    let leaving = |status: &str| Condition::of(STATUSES, status).is_leaving();
    let mut found = Vec::new();
    for live in whole(aws, groups, &around).await? {
        let whose = owner.whose(&live.ownership(), live.vpc.as_deref().map(Id::new).as_ref());
        let of_the_stack = matches!(whose, Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. });
        let is_free = !owner.others.contains(&Id::new(live.id()));
        if of_the_stack && is_free && !leaving(live.group.status().unwrap_or_default()) {
            found.push(live.found().traced(Trace::Tags));
        }
    }
    found.sort_by_key(|one| one.tagged_address().as_ref() != Some(&owner.address));
    Ok(found)
}
