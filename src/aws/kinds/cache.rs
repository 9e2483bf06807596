//! Caches of ElastiCache: a replication group of Valkey or Redis with cluster mode off, with a replica in another zone by default.

mod calls;
mod change;
mod checks;
mod cost;
mod creation;
mod deletion;
mod holdings;
mod keys;
mod live;
mod rows;
mod seen;
mod status;
mod texts;
mod version;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticache::operation::create_replication_group::builders::CreateReplicationGroupInputBuilder;
use aws_sdk_elasticache::operation::modify_replication_group::builders::ModifyReplicationGroupInputBuilder;

use crate::aws::Aws;
use crate::aws::kind::{Check, Kind, Seen};
use crate::aws::kinds::{cache_subnet_group, cache_tags, tags};
use crate::aws::row::Row;
use crate::engine::call::Call;
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Found, Id, Named, Owner, Patience};
use live::Live;

pub(crate) use live::{NODES, member_of, nodes};
pub use status::STATUSES;

/// Replication groups of ElastiCache.
pub struct ReplicationGroup;

impl Kind for ReplicationGroup {
    const KIND: &'static str = "aws_elasticache_replication_group";
    const CALLS: &'static [Call] = &[
        live::DESCRIBE,
        NODES,
        cache_subnet_group::DESCRIBE,
        cache_tags::LIST,
        calls::CREATE,
        calls::DELETE,
    ];
    // The tags of a group are read by its ARN.
    const ROUNDS: usize = 2;
    const MODIFY: &'static [Call] = &[calls::MODIFY];
    type Create = CreateReplicationGroupInputBuilder;
    type Modify = ModifyReplicationGroupInputBuilder;
    type Live = Live;
    const ROWS: &'static [&'static dyn Row<Self>] = rows::ROWS;
    const CHECKS: &'static [Check] = checks::CHECKS;
    const NATURAL_KEY: &'static [&'static str] = &["replication_group_id"];
    const LOSS: Effect = Effect::DataLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(10),
        create: Duration::from_secs(60 * 60),
        update: Duration::from_secs(80 * 60),
        delete: Duration::from_secs(45 * 60),
    };
    const CLAIM: &'static [Call] = &[calls::TAGS[0]];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        live::look(aws, tracked).await
    }

    fn seen(live: &Live, recorded: Option<&Document>) -> Seen {
        seen::seen(live, recorded)
    }

    fn in_force(live: &Live) -> Option<Live> {
        live.has_queued().then(|| live.in_force())
    }

    async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        live::find(aws, wanted, owner).await
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        creation::create(aws, wanted, owner).await
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        change::change(aws, wanted, change).await
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        deletion::delete(aws, deletion).await
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        let live = live::there(aws, id, calls::TAGS[0]).await?;
        cache_tags::retag(aws, live.arn(), &tags::claim(owner)).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        live::list(aws).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        // ElastiCache keeps ids in lower case; an ARN ends with one.
        let id = text.rsplit(':').next().unwrap_or(text).to_lowercase();
        let Some(live) = live::one(aws, &id).await? else { return Ok(None) };
        Ok(Some(Named { found: live.found(), unfit: live.unfit() }))
    }
}
