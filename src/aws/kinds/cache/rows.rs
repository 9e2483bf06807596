//! The fields of a cache, one row each.
//!
//! Costs: ModifyReplicationGroup in the ElastiCache API reference, and the pages of the ElastiCache User Guide that are named.
//!
//! Some inputs of CreateReplicationGroup and ModifyReplicationGroup have no row:
//!
//! - GitLab and most clients take no cluster mode, which they belong to: `NumNodeGroups`, `ReplicasPerNodeGroup`, `NodeGroupConfiguration`,
//!   `ClusterMode`, `NodeGroupId`.
//! - Another way of saying who may log in, which rules out a password: `UserGroupIds` and its changes.
//! - Other objects have it: `GlobalReplicationGroupId`, `PrimaryClusterId`, `ServerlessCacheSnapshotName`, `SnapshotArns`.
//! - A failover changes it: `PreferredCacheClusterAZs`.
//! - EC2-Classic had it, which is gone: `CacheSecurityGroupNames`.
//! - They need a topic, a log group or a stream beside them: `NotificationTopicArn`, `LogDeliveryConfigurations`. What others set of them
//!   stays.
//! - Only a new cache can have it, and few want it: `DataTieringEnabled`, `NetworkType`, `IpDiscovery`.
//! - It is a deed and no state, which gives clients time to move: `AuthTokenUpdateStrategy`.

use aws_sdk_elasticache::operation::create_replication_group::builders::CreateReplicationGroupInputBuilder as Create;
use aws_sdk_elasticache::operation::modify_replication_group::builders::ModifyReplicationGroupInputBuilder as Modify;
use aws_sdk_elasticache::types::TransitEncryptionMode;

use super::calls::{CREATE, DECREASE, INCREASE, MODIFY, PASSWORD, TAGS as TAG_CALLS};
use super::keys::*;
use super::live::coming;
use super::{ReplicationGroup, cost, texts, version};
use crate::aws::kinds::kms_alias::same_key;
use crate::aws::kinds::tags;
use crate::aws::row::{self, NeedsSource, Row, Rule, Scope, flag, one_of, set_of, text, whole};
use crate::engine::resource::OnChange::{AtWindow, InPlace, Recorded, Replace};
use crate::engine::resource::{Effect, Need, Role};

/// Begins the row of a field that no code reads by its name.
const fn field<T>(name: &'static str, rule: Rule<T>) -> NeedsSource<ReplicationGroup, T> {
    row::field(name, rule)
}

/// Every field.
pub(super) const ROWS: &[&dyn Row<ReplicationGroup>] = &[
    &GROUP_ID
        .field(text(texts::GROUP_ID).made_by_section())
        .doc(
            "The name that AWS and the endpoint have; without it, the stack's name and the cache's own here. Only a new cache can \
             change it.",
        )
        .create(Create::set_replication_group_id)
        .fixed()
        .observe(|cache| cache.group.replication_group_id.clone())
        .chosen_once(),
    &field("description", text(texts::DESCRIPTION).required())
        .follows()
        .create(Create::set_replication_group_description)
        .modify(Modify::set_replication_group_description, InPlace(Effect::None))
        .observe(|cache| Some(cache.group.description.clone().unwrap_or_default()))
        .chosen_once(),
    &ENGINE
        .field(one_of(texts::ENGINES).default("valkey"))
        .doc("`valkey` or `redis`. A cache of Redis becomes one of Valkey in place, and not the other way round.")
        .create(Create::set_engine)
        // "Upgrading from Redis OSS to Valkey" (ElastiCache User Guide): from 5.0.6 on without downtime. Without ApplyImmediately the call
        // succeeds, and nothing happens (terraform-provider-aws#44632).
        .modified_by_code(AtWindow(Effect::Failover), &[MODIFY])
        .observe(|cache| cache.group.engine.clone().or_else(|| cache.first.as_ref()?.engine.clone()))
        .depending(cost::engine),
    // A prefix matches, and so does anything newer in the same major version.
    &ENGINE_VERSION
        .field(text(texts::VERSION).made_by_section())
        .doc("The version, with its minor: `\"8.1\"`, which a new cache of Valkey has without it, and one of Redis `\"7.1\"`. Never a downgrade.")
        .create(|call, wanted| call.set_engine_version(wanted.as_deref().map(version::to_send)))
        .modified_by_code(AtWindow(Effect::Failover), &[MODIFY])
        .observe(|cache| coming(&cache.queued.version, &cache.first.as_ref()?.engine_version))
        .met_by(version::met)
        .depending(cost::nodes_change),
    &NODE_TYPE
        .field(text(texts::NODE_TYPE).default("cache.t4g.small"))
        .doc("The size of the nodes.")
        .create(Create::set_cache_node_type)
        .modify(Modify::set_cache_node_type, AtWindow(Effect::Failover))
        .observe(|cache| coming(&cache.queued.node_type, &cache.group.cache_node_type))
        .depending(cost::nodes_change),
    &COUNT
        .field(whole(1, 6).default(2))
        .doc("The number of nodes: one that takes writes, and its replicas, to read from and to take over.")
        .create(Create::set_num_cache_clusters)
        .modified_by_code(InPlace(Effect::None), &[INCREASE, DECREASE])
        .observe(|cache| i32::try_from(cache.group.member_clusters().len()).ok()),
    &FAILOVER
        .field(flag().default(true))
        .doc("True if a replica takes over by itself when the node that takes writes fails. It needs two nodes.")
        .create(Create::set_automatic_failover_enabled)
        .modify(Modify::set_automatic_failover_enabled, InPlace(Effect::None))
        .observe(|cache| Some(cache.fails_over())),
    &MULTI_AZ
        .field(flag().default(true))
        .doc("True if the nodes are in several zones. It needs `automatic_failover`.")
        .create(Create::set_multi_az_enabled)
        .modify(Modify::set_multi_az_enabled, InPlace(Effect::None))
        .observe(|cache| Some(cache.is_multi_az())),
    &PORT
        .field(whole(1, 65_535).default(6_379))
        .doc("The port to connect to. Only a new cache can change it.")
        .create(Create::set_port)
        .fixed()
        // There is no endpoint while the cache is being created.
        .observe(|cache| cache.port().or_else(|| PORT.of(cache.recorded)))
        .plays(Role::Port),
    &SUBNET_GROUP
        .field(text(texts::SUBNET_GROUP).required())
        .made_from("subnet_group")
        .create(Create::set_cache_subnet_group_name)
        .fixed()
        .observe(|cache| cache.first.as_ref()?.cache_subnet_group_name.clone())
        .of_others("existing"),
    &SECURITY_GROUPS
        .field(set_of(&texts::SECURITY_GROUP).required())
        .made_from("security_group")
        .create(Create::set_security_group_ids)
        .modify(Modify::set_security_group_ids, InPlace(Effect::AccessLoss))
        .observe(|cache| {
            let groups = cache.first.as_ref()?.security_groups().iter();
            let stay = groups.filter(|group| group.status() != Some("removing"));
            Some(stay.filter_map(|group| group.security_group_id.clone()).collect())
        })
        .depending(cost::security_groups),
    // A group of the stack's own. Without it the cache keeps what it has, and lets go of one that it was given.
    &PARAMETER_GROUP
        .field(text(texts::PARAMETER_GROUP))
        .made_from("parameters")
        .create(Create::set_cache_parameter_group_name)
        .modified_by_code(InPlace(Effect::NextReboot), &[MODIFY])
        .observe(|cache| {
            if cache.scope == Scope::Recorded {
                PARAMETER_GROUP.text(cache.recorded)?;
            }
            cache.first.as_ref()?.cache_parameter_group.as_ref()?.cache_parameter_group_name.clone()
        })
        .taken_back(),
    &TLS
        .field(flag().default(true))
        .doc(
            "True if connections are encrypted (TLS). A cache that is there begins and ends with `transit_encryption_mode: preferred`, \
             while clients move.",
        )
        .create(Create::set_transit_encryption_enabled)
        .modify(Modify::set_transit_encryption_enabled, InPlace(Effect::None))
        .observe(|cache| Some(cache.queued.tls.or(cache.group.transit_encryption_enabled).unwrap_or(false)))
        .depending(cost::tls),
    &TLS_MODE
        .field(one_of(texts::TLS_MODES))
        .doc(
            "`preferred` takes connections without encryption too, and `required`, which AWS takes without it, refuses them.",
        )
        .create(|call, mode| {
            call.set_transit_encryption_mode(mode.as_deref().map(TransitEncryptionMode::from))
        })
        .modify(
            |call, mode| call.set_transit_encryption_mode(mode.as_deref().map(TransitEncryptionMode::from)),
            InPlace(Effect::AccessLoss),
        )
        .observe(|cache| {
            let now = cache.group.transit_encryption_mode.as_ref().map(|mode| mode.as_str().to_owned());
            coming(&cache.queued.tls_mode, &now)
        })
        .depending(cost::tls_mode)
        .taken_without(Need::Text("required")),
    &AUTHENTICATION
        .field(flag().default(true))
        .doc("True if clients log in with a password, for which `transit_encryption` has to be on. Only a new cache can change it.")
        // The password itself says it.
        .sent_by_code(Replace, &[])
        .observe(|cache| Some(cache.group.auth_token_enabled.unwrap_or(false))),
    &SECRET
        .field(text(texts::SECRET))
        .made_from("password")
        .read_once(&[PASSWORD]),
    &AT_REST
        .field(flag().default(true))
        .doc("True if what is stored is encrypted. Only a new cache can change it.")
        .create(Create::set_at_rest_encryption_enabled)
        .fixed()
        .observe(|cache| Some(cache.group.at_rest_encryption_enabled.unwrap_or(false))),
    &KMS_KEY
        .field(text(texts::KEY))
        .doc("The KMS key that it is encrypted with, by its ARN, id or alias. Only a new cache can change it.")
        .create(Create::set_kms_key_id)
        .fixed()
        .observe(|cache| cache.group.kms_key_id.clone().filter(|key| !key.is_empty()))
        .met_by(same_key),
    &RETENTION
        .field(whole(0, 35).default(7))
        .doc("The number of days for which daily snapshots are kept; 0 makes none.")
        .create(Create::set_snapshot_retention_limit)
        .modified_by_code(InPlace(Effect::DataLoss), &[MODIFY])
        .observe(|cache| Some(cache.group.snapshot_retention_limit.unwrap_or_default()))
        .depending(cost::retention)
        .losing("the daily snapshots that are older than the new period, all of them where it is 0"),
    &SNAPSHOT_WINDOW
        .field(text(texts::SNAPSHOT_WINDOW))
        .doc("When the daily snapshot is made: `hh:mm-hh:mm` in UTC, an hour at least. Without it, AWS chooses.")
        .create(Create::set_snapshot_window)
        .modify(Modify::set_snapshot_window, InPlace(Effect::None))
        .observe(|cache| cache.group.snapshot_window.clone()),
    &MAINTENANCE_WINDOW
        .field(text(texts::MAINTENANCE_WINDOW))
        .doc(
            "When changes that disturb are made: `ddd:hh:mm-ddd:hh:mm` in UTC, an hour at least. Without it, AWS chooses.",
        )
        .create(Create::set_preferred_maintenance_window)
        .modify(Modify::set_preferred_maintenance_window, InPlace(Effect::None))
        .observe(|cache| cache.first.as_ref()?.preferred_maintenance_window.clone())
        .plays(Role::Window),
    &field("auto_minor_version_upgrade", flag().default(true))
        .doc("True if AWS upgrades to new minor versions in the maintenance window.")
        .create(Create::set_auto_minor_version_upgrade)
        .modify(Modify::set_auto_minor_version_upgrade, InPlace(Effect::None))
        .observe(|cache| cache.group.auto_minor_version_upgrade.or(Some(false))),
    &FROM_SNAPSHOT
        .field(text(texts::SNAPSHOT))
        .doc("The snapshot that it is made from, by its name, in place of an empty cache. It is read once, when the cache is made.")
        .read_once(&[CREATE]),
    &field("deletion_protection", flag().default(true))
        .doc("True if `provision` refuses to delete it. Kept in the state: ElastiCache has no such protection of its own.")
        .recorded()
        .rebuilt_as(true)
        .plays(Role::Protection),
    &FINAL_SNAPSHOT
        .field(flag().default(true))
        .doc("True if a last snapshot is made when it is deleted.")
        .recorded()
        .rebuilt_as(true)
        .plays(Role::LastSnapshot),
    &AT_ONCE
        .field(flag().default(false))
        .doc("True if changes that disturb are made at once rather than in the maintenance window.")
        // Turned on, it makes what waits for the window at once.
        .sent_by_code(Recorded(Effect::None), &[MODIFY])
        .kept_in_record()
        .plays(Role::AtOnce),
    &tags::row::<ReplicationGroup>(&TAG_CALLS, |cache| Some(tags::shown(cache, &cache.tags))),
];
