//! The fields of a database that code reads by name.

use super::DbInstance;
use super::monitoring::Monitoring;
use super::origin::Origin;
use crate::aws::row;

type Key<T> = row::Key<DbInstance, T>;

pub(super) const IDENTIFIER: Key<String> = Key::new("identifier");
pub(super) const ENGINE_VERSION: Key<String> = Key::new("engine_version");
pub(super) const ALLOW_MAJOR: Key<bool> = Key::new("allow_major_version_upgrade");
pub(super) const RESTORE_FROM: Key<Origin> = Key::new("restore_from");
pub(super) const RESERVATION: Key<String> = Key::new("db_capacity_reservation_identifier");
pub(super) const SIZE: Key<i32> = Key::new("allocated_storage");
pub(super) const LOG_VOLUME: Key<bool> = Key::new("dedicated_log_volume");
pub(super) const LIMIT: Key<i32> = Key::new("max_allocated_storage");
pub(super) const STORAGE_TYPE: Key<String> = Key::new("storage_type");
pub(super) const IOPS: Key<i32> = Key::new("iops");
pub(super) const THROUGHPUT: Key<i32> = Key::new("storage_throughput");
pub(super) const DATABASE_NAME: Key<String> = Key::new("database_name");
pub(super) const USERNAME: Key<String> = Key::new("username");
pub(super) const PASSWORD: Key<String> = Key::new("password");
pub(super) const SECRET_KEY: Key<String> = Key::new("master_user_secret_kms_key_id");
pub(super) const PASSWORD_VERSION: Key<i32> = Key::new("password_version");
pub(super) const MULTI_AZ: Key<bool> = Key::new("multi_az");
pub(super) const PORT: Key<i32> = Key::new("port");
pub(super) const SUBNET_GROUP: Key<String> = Key::new("db_subnet_group_name");
pub(super) const SECURITY_GROUPS: Key<Vec<String>> = Key::new("vpc_security_group_ids");
pub(super) const PUBLIC: Key<bool> = Key::new("publicly_accessible");
pub(super) const DOMAIN: Key<String> = Key::new("domain");
pub(super) const DOMAIN_ROLE: Key<String> = Key::new("domain_iam_role_name");
pub(super) const NETWORK_TYPE: Key<String> = Key::new("network_type");
pub(super) const RETENTION: Key<i32> = Key::new("backup_retention_period");
pub(super) const BACKUP_WINDOW: Key<String> = Key::new("backup_window");
pub(super) const MAINTENANCE_WINDOW: Key<String> = Key::new("maintenance_window");
pub(super) const ENCRYPTED: Key<bool> = Key::new("storage_encrypted");
pub(super) const KMS_KEY: Key<String> = Key::new("kms_key_id");
pub(super) const IAM_LOGIN: Key<bool> = Key::new("iam_database_authentication_enabled");
pub(super) const INSIGHTS: Key<bool> = Key::new("performance_insights_enabled");
pub(super) const INSIGHTS_RETENTION: Key<i32> = Key::new("performance_insights_retention_period");
pub(super) const INSIGHTS_KEY: Key<String> = Key::new("performance_insights_kms_key_id");
pub(super) const INSIGHTS_MODE: Key<String> = Key::new("database_insights_mode");
pub(super) const MONITORING: Key<Monitoring> = Key::new("monitoring");
pub(super) const LOGS: Key<Vec<String>> = Key::new("enabled_cloudwatch_logs_exports");
pub(super) const PARAMETER_GROUP: Key<String> = Key::new("parameter_group_name");
pub(super) const FINAL_SNAPSHOT: Key<bool> = Key::new("final_snapshot");
pub(super) const DELETES_BACKUPS: Key<bool> = Key::new("delete_automated_backups");
pub(super) const AT_ONCE: Key<bool> = Key::new("apply_immediately");
