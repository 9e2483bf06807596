//! The names of the fields that code reads, with their types.

use super::ReplicationGroup;
use crate::aws::row::Key;

type Field<T> = Key<ReplicationGroup, T>;

pub(super) const GROUP_ID: Field<String> = Key::new("replication_group_id");
pub(super) const ENGINE: Field<String> = Key::new("engine");
pub(super) const ENGINE_VERSION: Field<String> = Key::new("engine_version");
pub(super) const NODE_TYPE: Field<String> = Key::new("node_type");
pub(super) const COUNT: Field<i32> = Key::new("nodes");
pub(super) const FAILOVER: Field<bool> = Key::new("automatic_failover");
pub(super) const MULTI_AZ: Field<bool> = Key::new("multi_az");
pub(super) const PORT: Field<i32> = Key::new("port");
pub(super) const SUBNET_GROUP: Field<String> = Key::new("cache_subnet_group_name");
pub(super) const SECURITY_GROUPS: Field<Vec<String>> = Key::new("security_group_ids");
pub(super) const PARAMETER_GROUP: Field<String> = Key::new("cache_parameter_group_name");
pub(super) const TLS: Field<bool> = Key::new("transit_encryption");
pub(super) const TLS_MODE: Field<String> = Key::new("transit_encryption_mode");
pub(super) const AT_REST: Field<bool> = Key::new("at_rest_encryption");
pub(super) const KMS_KEY: Field<String> = Key::new("kms_key_id");
pub(super) const AUTHENTICATION: Field<bool> = Key::new("authentication");
pub(super) const SECRET: Field<String> = Key::new("password_secret_arn");
pub(super) const RETENTION: Field<i32> = Key::new("snapshot_retention_limit");
pub(super) const SNAPSHOT_WINDOW: Field<String> = Key::new("snapshot_window");
pub(super) const MAINTENANCE_WINDOW: Field<String> = Key::new("maintenance_window");
pub(super) const FROM_SNAPSHOT: Field<String> = Key::new("snapshot_name");
pub(super) const FINAL_SNAPSHOT: Field<bool> = Key::new("final_snapshot");
pub(super) const AT_ONCE: Field<bool> = Key::new("apply_immediately");
