//! The effect of every field of every kind, changed in both directions, each with its source.

use std::collections::BTreeSet;

use provision::aws::kinds::registry;
use provision::engine::diff::diff;
use provision::engine::plan::{Change, FieldChange, What, When, account};
use provision::engine::resource::Effect;
use serde_json::{Value, json};

use super::databases::database;
use super::world::document;

const GROUP: &str = "aws_security_group";
const FILES: &str = "aws_efs_file_system";
const TARGET: &str = "aws_efs_mount_target";
const COPY: &str = "aws_efs_replication_configuration";
const POINT: &str = "aws_efs_access_point";
const SUBNETS: &str = "aws_db_subnet_group";
const PARAMETERS: &str = "aws_db_parameter_group";
const DATABASE: &str = "aws_db_instance";
const REPLICA: &str = "aws_db_replica";
const BUCKET: &str = "aws_s3_bucket";
const CACHE: &str = "aws_elasticache_replication_group";
const CACHE_SUBNETS: &str = "aws_elasticache_subnet_group";
const CACHE_PARAMETERS: &str = "aws_elasticache_parameter_group";
const SECRET: &str = "aws_secretsmanager_secret";
const ROLE: &str = "aws_iam_role";
const PROFILE: &str = "aws_iam_instance_profile";
const MACHINE: &str = "aws_instance";
const VOLUME: &str = "aws_ebs_volume";
const ADDRESS: &str = "aws_eip";

const OF_MACHINES: &str =
    "EC2 User Guide, Change the instance type; Run commands when you launch an instance with user data";
const OF_VOLUMES: &str =
    "EBS User Guide, Modify an Amazon EBS volume using Elastic Volumes: no need to detach or restart";

const OF_ROLES: &str = "IAM API; IAM User Guide, Policy evaluation logic";

const OF_CACHES: &str = "ElastiCache API, ModifyReplicationGroup; ElastiCache User Guide";

/// The table of settings in "Modifying an Amazon RDS DB instance", RDS User Guide.
const SETTINGS: &str = "RDS User Guide, settings for DB instances";
const MODIFY: &str = "RDS API, ModifyDBInstance";
const OURS: &str = "kept in the record alone";
const TAGS: &str = "tags decide over nothing that runs";
const FIXED: &str = "no call changes it";

/// Kind, field, one value, another value, the effect from the one to the other, the effect back, and the source.
type Row = (&'static str, &'static str, Value, Value, &'static str, &'static str, &'static str);

fn rows() -> Vec<Row> {
    let rule = |port: u16, source: &str| json!({ "protocol": "tcp", "from_port": port, "to_port": port, "source": source });
    let allowed = |actions: &[&str]| json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] });
    let tls = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "elasticfilesystem:ClientMount" },
        { "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "*" },
    ] });
    let mount = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "elasticfilesystem:ClientMount" },
    ] });
    let (no, new, cut) = ("none", "replacement", "access-loss");
    let expire = |days: u32| json!({ "old": { "expire_after_days": days } });
    let uploads = json!({ "old": { "abort_uploads_after_days": 7 } });
    const LIFECYCLE: &str = "S3 API, PutBucketLifecycleConfiguration: objects that expire are deleted";
    vec![
        (
            REPLICA,
            "identifier",
            json!("a"),
            json!("b"),
            "access-loss in the window",
            "access-loss in the window",
            SETTINGS,
        ),
        (
            REPLICA,
            "db_capacity_reservation_identifier",
            json!("dbcr-1"),
            json!("dbcr-2"),
            "reboot in the window",
            "reboot in the window",
            MODIFY,
        ),
        (REPLICA, "allocated_storage", json!(50), json!(60), "none in the window", "met", SETTINGS),
        (REPLICA, "max_allocated_storage", json!(0), json!(100), no, no, SETTINGS),
        (
            REPLICA,
            "storage_type",
            json!("gp2"),
            json!("gp3"),
            "none in the window",
            "none in the window",
            SETTINGS,
        ),
        (REPLICA, "iops", json!(12000), json!(16000), "none in the window", "none in the window", SETTINGS),
        (
            REPLICA,
            "storage_throughput",
            json!(500),
            json!(750),
            "none in the window",
            "none in the window",
            SETTINGS,
        ),
        (
            REPLICA,
            "dedicated_log_volume",
            json!(true),
            json!(false),
            "reboot in the window",
            "reboot in the window",
            "RDS User Guide, using a dedicated log volume",
        ),
        (
            REPLICA,
            "domain",
            json!("none"),
            json!("d-0123456789"),
            "reboot in the window",
            "reboot in the window",
            SETTINGS,
        ),
        (
            REPLICA,
            "domain_iam_role_name",
            json!("a"),
            json!("b"),
            "reboot in the window",
            "reboot in the window",
            SETTINGS,
        ),
        (
            REPLICA,
            "maintenance_window",
            json!("sun:01:00-sun:02:00"),
            json!("mon:01:00-mon:02:00"),
            no,
            no,
            SETTINGS,
        ),
        (REPLICA, "performance_insights_enabled", json!(true), json!(false), no, no, SETTINGS),
        (REPLICA, "performance_insights_retention_period", json!(7), json!(31), no, no, SETTINGS),
        (REPLICA, "performance_insights_kms_key_id", json!("arn:a"), json!("arn:b"), no, no, MODIFY),
        (REPLICA, "database_insights_mode", json!("standard"), json!("advanced"), no, no, MODIFY),
        (REPLICA, "enabled_cloudwatch_logs_exports", json!([]), json!(["upgrade"]), no, no, SETTINGS),
        (REPLICA, "source", json!("db-1"), json!("db-2"), new, new, FIXED),
        (
            REPLICA,
            "instance_class",
            json!("a"),
            json!("b"),
            "reboot in the window",
            "reboot in the window",
            SETTINGS,
        ),
        (
            REPLICA,
            "multi_az",
            json!(false),
            json!(true),
            "none in the window",
            "none in the window",
            SETTINGS,
        ),
        (REPLICA, "port", json!(5432), json!(5433), cut, cut, SETTINGS),
        (REPLICA, "vpc_security_group_ids", json!(["sg-1"]), json!(["sg-1", "sg-2"]), no, cut, SETTINGS),
        (REPLICA, "publicly_accessible", json!(false), json!(true), no, cut, MODIFY),
        (
            REPLICA,
            "ca_cert_identifier",
            json!("a"),
            json!("b"),
            "access-loss in the window",
            "access-loss in the window",
            SETTINGS,
        ),
        (REPLICA, "engine_version", json!("16.4"), json!("16.9"), "reboot in the window", "met", SETTINGS),
        (REPLICA, "auto_minor_version_upgrade", json!(false), json!(true), no, no, SETTINGS),
        (REPLICA, "copy_tags_to_snapshot", json!(false), json!(true), no, no, SETTINGS),
        (
            REPLICA,
            "iam_database_authentication_enabled",
            json!(false),
            json!(true),
            "none in the window",
            "access-loss in the window",
            SETTINGS,
        ),
        (REPLICA, "monitoring", json!({ "interval": 0 }), json!({ "interval": 5 }), no, no, SETTINGS),
        (REPLICA, "parameter_group_name", json!("a"), json!("b"), "next-reboot", "next-reboot", SETTINGS),
        (REPLICA, "deletion_protection", json!(false), json!(true), no, no, SETTINGS),
        (REPLICA, "apply_immediately", json!(false), json!(true), no, no, OURS),
        (REPLICA, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (BUCKET, "bucket", json!("a-a"), json!("b-b"), new, new, FIXED),
        (
            BUCKET,
            "versioning",
            json!(false),
            json!(true),
            no,
            no,
            "S3 API, PutBucketVersioning: old versions stay",
        ),
        (
            BUCKET,
            "kms_key_id",
            json!("a"),
            json!("b"),
            no,
            no,
            "S3 API, PutBucketEncryption: new objects alone",
        ),
        (
            BUCKET,
            "public_access_blocked",
            json!(false),
            json!(true),
            cut,
            cut,
            "S3 API, PutPublicAccessBlock: public access is refused",
        ),
        (BUCKET, "lifecycle_rules", json!({}), expire(30), "data-loss", no, LIFECYCLE),
        (BUCKET, "lifecycle_rules", expire(60), expire(30), "data-loss", no, LIFECYCLE),
        (BUCKET, "lifecycle_rules", json!({}), uploads, no, no, LIFECYCLE),
        (BUCKET, "deletion_protection", json!(true), json!(false), no, no, OURS),
        (BUCKET, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (ROLE, "name", json!("a"), json!("b"), new, new, FIXED),
        (
            ROLE,
            "name",
            json!("a"),
            json!("A"),
            "met",
            "met",
            "IAM API, CreateRole: not distinguished by case",
        ),
        (ROLE, "path", json!("/"), json!("/a/"), new, new, FIXED),
        (ROLE, "assume_role_policy", allowed(&["a"]), allowed(&["a", "b"]), no, cut, OF_ROLES),
        (ROLE, "policy", allowed(&["a"]), allowed(&["a", "b"]), no, cut, OF_ROLES),
        (ROLE, "policy_name", json!("a"), json!("b"), no, no, OF_ROLES),
        (ROLE, "managed_policies", json!([]), json!(["a"]), no, cut, OF_ROLES),
        (ROLE, "description", json!("a"), json!("b"), no, no, OF_ROLES),
        (ROLE, "max_session_duration", json!(3600), json!(7200), no, no, OF_ROLES),
        (ROLE, "permissions_boundary", json!("a"), json!("b"), cut, cut, OF_ROLES),
        (ROLE, "deletion_protection", json!(true), json!(false), no, no, OURS),
        (ROLE, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (PROFILE, "name", json!("a"), json!("b"), new, new, FIXED),
        (PROFILE, "path", json!("/"), json!("/a/"), new, new, FIXED),
        (PROFILE, "role", json!("a"), json!("b"), cut, cut, OF_ROLES),
        (PROFILE, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (MACHINE, "ami", json!("ami-1"), json!("ami-2"), new, new, FIXED),
        (MACHINE, "ami_parameter", json!("a"), json!("b"), "met", "met", "read once, when a machine is made"),
        (MACHINE, "instance_type", json!("t3.large"), json!("t3.small"), "reboot", "reboot", OF_MACHINES),
        (MACHINE, "subnet_id", json!("a"), json!("b"), new, new, FIXED),
        (MACHINE, "vpc_security_group_ids", json!(["a"]), json!(["a", "b"]), no, cut, "VPC User Guide"),
        (MACHINE, "key_name", json!("a"), json!("b"), new, new, FIXED),
        (MACHINE, "iam_instance_profile", json!("a"), json!("b"), cut, cut, OF_ROLES),
        (MACHINE, "http_tokens", json!("optional"), json!("required"), cut, no, "EC2 User Guide, Use IMDSv2"),
        (MACHINE, "http_put_response_hop_limit", json!(1), json!(2), no, cut, "EC2 User Guide, Use IMDSv2"),
        (
            MACHINE,
            "termination_protection",
            json!(true),
            json!(false),
            no,
            no,
            "EC2 API, DisableApiTermination",
        ),
        (MACHINE, "user_data", json!("a"), json!("b"), no, no, OF_MACHINES),
        (MACHINE, "replace_on_user_data_change", json!(true), json!(false), no, no, OURS),
        (MACHINE, "root_volume_size", json!(10), json!(20), no, no, OF_VOLUMES),
        (MACHINE, "running", json!(false), json!(true), no, cut, "EC2 User Guide, Stop and start instances"),
        (
            MACHINE,
            "volumes",
            json!({}),
            json!({ "/dev/sdf": "vol-1" }),
            no,
            cut,
            "EBS User Guide, Detach a volume",
        ),
        (MACHINE, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (VOLUME, "availability_zone", json!("a"), json!("b"), new, new, FIXED),
        (VOLUME, "size", json!(10), json!(20), no, no, OF_VOLUMES),
        (VOLUME, "type", json!("gp2"), json!("gp3"), no, no, OF_VOLUMES),
        (VOLUME, "iops", json!(3000), json!(4000), no, no, OF_VOLUMES),
        (VOLUME, "throughput", json!(125), json!(250), no, no, OF_VOLUMES),
        (
            VOLUME,
            "encrypted",
            json!(false),
            json!(true),
            new,
            "met",
            "EBS User Guide, Amazon EBS encryption: for good",
        ),
        (VOLUME, "snapshot_id", json!("a"), json!("b"), "met", "met", "read once, when a volume is made"),
        (VOLUME, "kms_key_id", json!("a"), json!("b"), new, new, FIXED),
        (VOLUME, "deletion_protection", json!(true), json!(false), no, no, OURS),
        (VOLUME, "final_snapshot", json!(true), json!(false), no, no, OURS),
        (VOLUME, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (ADDRESS, "instance_id", json!("a"), json!("b"), cut, cut, "EC2 API, AssociateAddress"),
        (ADDRESS, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (SECRET, "name", json!("a"), json!("b"), new, new, FIXED),
        (SECRET, "description", json!("a"), json!("b"), new, new, FIXED),
        (SECRET, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (CACHE_SUBNETS, "name", json!("a"), json!("b"), new, new, FIXED),
        (CACHE_SUBNETS, "description", json!("a"), json!("b"), no, no, OF_CACHES),
        (CACHE_SUBNETS, "subnet_ids", json!(["a"]), json!(["b"]), no, no, OF_CACHES),
        (CACHE_SUBNETS, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (CACHE_PARAMETERS, "name", json!("a"), json!("b"), new, new, FIXED),
        (CACHE_PARAMETERS, "family", json!("a"), json!("b"), new, new, FIXED),
        (CACHE_PARAMETERS, "description", json!("a"), json!("b"), new, new, FIXED),
        (CACHE_PARAMETERS, "parameters", json!({}), json!({ "timeout": "1" }), no, no, OF_CACHES),
        (
            CACHE_PARAMETERS,
            "parameters",
            json!({}),
            json!({ "databases": "1" }),
            "next-reboot",
            "next-reboot",
            OF_CACHES,
        ),
        (CACHE_PARAMETERS, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (CACHE, "replication_group_id", json!("a"), json!("b"), new, new, FIXED),
        (CACHE, "description", json!("a"), json!("b"), no, no, OF_CACHES),
        (CACHE, "engine", json!("redis"), json!("valkey"), "reboot in the window", new, OF_CACHES),
        (CACHE, "engine_version", json!("8.0"), json!("8.1"), "reboot in the window", "met", OF_CACHES),
        (
            CACHE,
            "node_type",
            json!("a"),
            json!("b"),
            "reboot in the window",
            "reboot in the window",
            OF_CACHES,
        ),
        (CACHE, "nodes", json!(1), json!(2), no, no, OF_CACHES),
        (CACHE, "automatic_failover", json!(false), json!(true), no, no, OF_CACHES),
        (CACHE, "multi_az", json!(false), json!(true), no, no, OF_CACHES),
        (CACHE, "port", json!(6379), json!(6380), new, new, FIXED),
        (CACHE, "cache_subnet_group_name", json!("a"), json!("b"), new, new, FIXED),
        (CACHE, "security_group_ids", json!(["a"]), json!(["b"]), cut, cut, OF_CACHES),
        (
            CACHE,
            "cache_parameter_group_name",
            json!("a"),
            json!("b"),
            "next-reboot",
            "next-reboot",
            OF_CACHES,
        ),
        (CACHE, "transit_encryption", json!(false), json!(true), no, cut, OF_CACHES),
        (CACHE, "transit_encryption_mode", json!("preferred"), json!("required"), cut, no, OF_CACHES),
        (CACHE, "authentication", json!(false), json!(true), new, new, FIXED),
        (
            CACHE,
            "password_secret_arn",
            json!("a"),
            json!("b"),
            "met",
            "met",
            "read once, when a cache is made",
        ),
        (CACHE, "at_rest_encryption", json!(false), json!(true), new, new, FIXED),
        (CACHE, "kms_key_id", json!("a"), json!("b"), new, new, FIXED),
        (CACHE, "snapshot_retention_limit", json!(1), json!(2), no, "data-loss", OF_CACHES),
        (CACHE, "snapshot_window", json!("a"), json!("b"), no, no, OF_CACHES),
        (CACHE, "maintenance_window", json!("a"), json!("b"), no, no, OF_CACHES),
        (CACHE, "auto_minor_version_upgrade", json!(false), json!(true), no, no, OF_CACHES),
        (CACHE, "snapshot_name", json!("a"), json!("b"), "met", "met", "read once, when a cache is made"),
        (CACHE, "deletion_protection", json!(true), json!(false), no, no, OURS),
        (CACHE, "final_snapshot", json!(true), json!(false), no, no, OURS),
        (CACHE, "apply_immediately", json!(false), json!(true), no, no, OURS),
        (CACHE, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (GROUP, "name", json!("a"), json!("b"), new, new, FIXED),
        (GROUP, "description", json!("a"), json!("b"), new, new, FIXED),
        (GROUP, "vpc_id", json!("vpc-1"), json!("vpc-2"), new, new, FIXED),
        (
            GROUP,
            "ingress",
            json!([rule(2049, "sg-1"), rule(2049, "sg-2")]),
            json!([rule(2049, "sg-1")]),
            cut,
            no,
            "VPC User Guide, security group rules: what no rule allows is refused",
        ),
        (
            GROUP,
            "ingress",
            json!([rule(5432, "sg-1")]),
            json!([rule(5433, "sg-1")]),
            cut,
            cut,
            "the same: a port moved",
        ),
        (
            GROUP,
            "ingress",
            json!([rule(5432, "10.99.0.0/16"), rule(5432, "pl-1"), rule(5432, "2001:db8::/32")]),
            json!([rule(5432, "10.0.0.0/8"), rule(5432, "2001:db8::/32")]),
            cut,
            cut,
            "the same: a prefix list goes, and so does the wider network on the way back",
        ),
        (
            GROUP,
            "ingress",
            json!([{ "protocol": "-1", "source": "sg-1" }]),
            json!([rule(5432, "sg-1")]),
            cut,
            no,
            "the same: all ports but one",
        ),
        (
            GROUP,
            "egress",
            json!([{ "protocol": "-1", "source": "0.0.0.0/0" }]),
            json!([]),
            cut,
            no,
            "VPC User Guide, security group rules: without egress rules nothing goes out",
        ),
        (GROUP, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (FILES, "encrypted", json!(false), json!(true), new, "met", "EFS API, CreateFileSystem: for good"),
        (FILES, "kms_key_id", json!("key-1"), json!("key-2"), new, new, FIXED),
        (FILES, "performance_mode", json!("generalPurpose"), json!("maxIO"), new, new, FIXED),
        (FILES, "throughput_mode", json!("elastic"), json!("bursting"), no, no, "EFS API, UpdateFileSystem"),
        (
            FILES,
            "provisioned_throughput_in_mibps",
            json!(1.0),
            json!(2.0),
            no,
            no,
            "EFS API, UpdateFileSystem",
        ),
        (
            FILES,
            "lifecycle",
            json!({}),
            json!({ "transition_to_ia": "AFTER_30_DAYS" }),
            no,
            no,
            "EFS API, PutLifecycleConfiguration: files answer from every class",
        ),
        (
            FILES,
            "backup",
            json!(true),
            json!(false),
            no,
            no,
            "EFS User Guide, automatic backups: those taken stay",
        ),
        (
            FILES,
            "file_system_policy",
            json!({}),
            tls.clone(),
            cut,
            no,
            "EFS User Guide, default file system policy",
        ),
        (FILES, "file_system_policy", tls, mount, no, cut, "the same: a denial that goes"),
        (
            FILES,
            "replication_overwrite_protection",
            json!("ENABLED"),
            json!("DISABLED"),
            no,
            no,
            "EFS API, UpdateFileSystemProtection: allows a replication, and begins none",
        ),
        (FILES, "zones", json!(["eu-west-1a"]), json!(["eu-west-1b"]), no, no, OURS),
        (FILES, "storage", json!("regional"), json!("one-zone"), new, new, FIXED),
        (FILES, "availability_zone_name", json!("eu-west-1a"), json!("eu-west-1b"), new, new, FIXED),
        (FILES, "deletion_protection", json!(true), json!(false), no, no, OURS),
        (FILES, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (TARGET, "file_system_id", json!("fs-1"), json!("fs-2"), new, new, FIXED),
        (TARGET, "subnet_id", json!("subnet-1"), json!("subnet-2"), new, new, FIXED),
        (
            TARGET,
            "security_groups",
            json!(["sg-1", "sg-2"]),
            json!(["sg-2"]),
            cut,
            no,
            "EFS API, ModifyMountTargetSecurityGroups: replaces all groups",
        ),
        (TARGET, "ip_address_type", json!("IPV4_ONLY"), json!("DUAL_STACK"), new, new, FIXED),
        (POINT, "file_system_id", json!("fs-1"), json!("fs-2"), new, new, FIXED),
        (POINT, "path", json!("/a"), json!("/b"), new, new, FIXED),
        (POINT, "uid", json!(1), json!(2), new, new, FIXED),
        (POINT, "gid", json!(1), json!(2), new, new, FIXED),
        (POINT, "secondary_gids", json!([1]), json!([2]), new, new, FIXED),
        (POINT, "owner_uid", json!(1), json!(2), new, new, FIXED),
        (POINT, "owner_gid", json!(1), json!(2), new, new, FIXED),
        (POINT, "permissions", json!("0755"), json!("0700"), new, new, FIXED),
        (POINT, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (COPY, "file_system_id", json!("fs-1"), json!("fs-2"), new, new, FIXED),
        (COPY, "region", json!("eu-west-2"), json!("eu-west-3"), new, new, FIXED),
        (COPY, "availability_zone_name", json!("eu-west-2a"), json!("eu-west-2b"), new, new, FIXED),
        (COPY, "destination_kms_key_id", json!("a"), json!("b"), new, new, FIXED),
        (COPY, "role_arn", json!("arn:a"), json!("arn:b"), new, new, FIXED),
        (COPY, "destination_file_system_id", json!("fs-3"), json!("fs-4"), new, new, FIXED),
        (SUBNETS, "name", json!("a"), json!("b"), new, new, FIXED),
        (SUBNETS, "description", json!("a"), json!("b"), no, no, "RDS API, ModifyDBSubnetGroup"),
        (
            SUBNETS,
            "subnet_ids",
            json!(["subnet-1", "subnet-2"]),
            json!(["subnet-2", "subnet-3"]),
            no,
            no,
            "RDS API, ModifyDBSubnetGroup: refused for a subnet in use (SubnetAlreadyInUse)",
        ),
        (SUBNETS, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (PARAMETERS, "name", json!("a"), json!("b"), new, new, FIXED),
        (PARAMETERS, "family", json!("postgres16"), json!("postgres17"), new, new, FIXED),
        (PARAMETERS, "description", json!("a"), json!("b"), new, new, FIXED),
        (
            PARAMETERS,
            "parameters",
            json!({ "work_mem": "1" }),
            json!({ "work_mem": "2" }),
            no,
            no,
            "PostgreSQL documentation: read again by a running server",
        ),
        (
            PARAMETERS,
            "parameters",
            json!({ "max_connections": "100" }),
            json!({ "max_connections": "200" }),
            "next-reboot",
            "next-reboot",
            "PostgreSQL documentation: can only be set at server start",
        ),
        (
            PARAMETERS,
            "parameters",
            json!({ "rds.force_ssl": "0" }),
            json!({ "rds.force_ssl": "1" }),
            cut,
            "next-reboot",
            "RDS User Guide, requiring an SSL connection to a PostgreSQL DB instance",
        ),
        (PARAMETERS, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
        (
            DATABASE,
            "identifier",
            json!("a"),
            json!("b"),
            "access-loss in the window",
            "access-loss in the window",
            "RDS User Guide, renaming a DB instance: the old name is deleted",
        ),
        (DATABASE, "engine", json!("postgres"), json!("mysql"), new, new, FIXED),
        (
            DATABASE,
            "engine_version",
            json!("16.3"),
            json!("17"),
            "reboot in the window",
            // A downgrade is refused by the kind's own check.
            "reboot in the window",
            "RDS User Guide, upgrades of the RDS for PostgreSQL DB engine",
        ),
        (DATABASE, "allow_major_version_upgrade", json!(false), json!(true), no, no, OURS),
        (
            DATABASE,
            "instance_class",
            json!("db.t4g.medium"),
            json!("db.t4g.large"),
            "failover in the window",
            "failover in the window",
            SETTINGS,
        ),
        (
            DATABASE,
            "db_capacity_reservation_identifier",
            json!("dbcr-1"),
            json!("dbcr-2"),
            "reboot in the window",
            "reboot in the window",
            MODIFY,
        ),
        (DATABASE, "allocated_storage", json!(50), json!(60), "none in the window", "met", SETTINGS),
        (DATABASE, "max_allocated_storage", json!(0), json!(100), no, no, SETTINGS),
        (
            DATABASE,
            "storage_type",
            json!("gp2"),
            json!("gp3"),
            "none in the window",
            "none in the window",
            SETTINGS,
        ),
        (
            DATABASE,
            "storage_type",
            json!("standard"),
            json!("gp3"),
            "reboot in the window",
            "reboot in the window",
            SETTINGS,
        ),
        (DATABASE, "iops", json!(12000), json!(16000), "none in the window", "none in the window", SETTINGS),
        (
            DATABASE,
            "storage_throughput",
            json!(500),
            json!(750),
            "none in the window",
            "none in the window",
            SETTINGS,
        ),
        (DATABASE, "database_name", json!("a"), json!("b"), new, new, FIXED),
        (DATABASE, "username", json!("a"), json!("b"), new, new, FIXED),
        (DATABASE, "password", json!("managed"), json!("env:A"), cut, cut, MODIFY),
        (DATABASE, "password_version", json!(1), json!(2), cut, cut, MODIFY),
        (
            DATABASE,
            "multi_az",
            json!(true),
            json!(false),
            "none in the window",
            "none in the window",
            SETTINGS,
        ),
        (DATABASE, "port", json!(5432), json!(5433), cut, cut, SETTINGS),
        (DATABASE, "db_subnet_group_name", json!("a"), json!("b"), new, new, "RDS API: only to another VPC"),
        (DATABASE, "vpc_security_group_ids", json!(["sg-1", "sg-2"]), json!(["sg-1"]), cut, no, SETTINGS),
        (DATABASE, "publicly_accessible", json!(true), json!(false), cut, no, SETTINGS),
        (
            DATABASE,
            "backup_retention_period",
            json!(7),
            json!(0),
            "data-loss in the window",
            "brief-pause in the window",
            "RDS User Guide, disabling automated backups: deletes all of them",
        ),
        (
            DATABASE,
            "backup_retention_period",
            json!(30),
            json!(7),
            "data-loss",
            no,
            "RDS User Guide, backup retention period: the days for which backups are kept",
        ),
        (DATABASE, "backup_window", json!("04:00-04:30"), json!("05:00-05:30"), no, no, SETTINGS),
        (
            DATABASE,
            "maintenance_window",
            json!("sun:01:00-sun:02:00"),
            json!("mon:01:00-mon:02:00"),
            no,
            no,
            SETTINGS,
        ),
        (DATABASE, "storage_encrypted", json!(false), json!(true), new, new, FIXED),
        (DATABASE, "kms_key_id", json!("arn:a"), json!("arn:b"), new, new, FIXED),
        (
            DATABASE,
            "ca_cert_identifier",
            json!("rds-ca-a"),
            json!("rds-ca-b"),
            "access-loss in the window",
            "access-loss in the window",
            "RDS User Guide, rotating your SSL/TLS certificate",
        ),
        (
            DATABASE,
            "network_type",
            json!("IPV4"),
            json!("DUAL"),
            "reboot in the window",
            "reboot in the window",
            SETTINGS,
        ),
        (
            DATABASE,
            "domain",
            json!("none"),
            json!("d-0123456789"),
            "reboot in the window",
            "reboot in the window",
            SETTINGS,
        ),
        (
            DATABASE,
            "domain_iam_role_name",
            json!("a"),
            json!("b"),
            "reboot in the window",
            "reboot in the window",
            SETTINGS,
        ),
        (DATABASE, "auto_minor_version_upgrade", json!(true), json!(false), no, no, SETTINGS),
        (DATABASE, "copy_tags_to_snapshot", json!(true), json!(false), no, no, SETTINGS),
        (
            DATABASE,
            "iam_database_authentication_enabled",
            json!(true),
            json!(false),
            "access-loss in the window",
            "none in the window",
            SETTINGS,
        ),
        (DATABASE, "performance_insights_enabled", json!(true), json!(false), no, no, SETTINGS),
        (DATABASE, "performance_insights_retention_period", json!(7), json!(31), no, no, SETTINGS),
        (DATABASE, "performance_insights_kms_key_id", json!("arn:a"), json!("arn:b"), no, no, MODIFY),
        (DATABASE, "database_insights_mode", json!("standard"), json!("advanced"), no, no, MODIFY),
        (
            DATABASE,
            "monitoring",
            json!({ "interval": 0 }),
            json!({ "interval": 60, "role_arn": "arn:aws:iam::123456789012:role/m" }),
            no,
            no,
            SETTINGS,
        ),
        (
            DATABASE,
            "dedicated_log_volume",
            json!(true),
            json!(false),
            "reboot in the window",
            "reboot in the window",
            "RDS User Guide, using a dedicated log volume",
        ),
        (DATABASE, "master_user_secret_kms_key_id", json!("arn:a"), json!("arn:b"), no, no, MODIFY),
        (
            DATABASE,
            "engine_lifecycle_support",
            json!("open-source-rds-extended-support"),
            json!("open-source-rds-extended-support-disabled"),
            no,
            no,
            MODIFY,
        ),
        (
            DATABASE,
            "restore_from",
            json!({ "snapshot": "before" }),
            json!({ "snapshot": "another" }),
            "met",
            "met",
            "read once, when a database is made",
        ),
        (DATABASE, "backup_target", json!("region"), json!("local"), new, new, FIXED),
        (DATABASE, "delete_automated_backups", json!(true), json!(false), no, no, OURS),
        (DATABASE, "enabled_cloudwatch_logs_exports", json!([]), json!(["upgrade"]), no, no, SETTINGS),
        (DATABASE, "parameter_group_name", json!("a"), json!("b"), "next-reboot", "next-reboot", SETTINGS),
        (DATABASE, "deletion_protection", json!(true), json!(false), no, no, SETTINGS),
        (DATABASE, "final_snapshot", json!(true), json!(false), no, no, OURS),
        (DATABASE, "apply_immediately", json!(true), json!(false), no, no, OURS),
        (DATABASE, "tags", json!({}), json!({ "a": "b" }), no, no, TAGS),
    ]
}

/// `failover in the window`, `data-loss`, `met` where nothing is to be done.
fn effect(kind: &str, field: &str, before: &Value, after: &Value) -> String {
    let registry = registry();
    let manager = registry.managing(kind).expect("a kind of the registry");
    let inputs = |value: &Value| {
        let mut inputs = if kind == DATABASE { database(json!({})) } else { document(json!({})) };
        inputs.insert(field.to_owned(), value.clone());
        inputs
    };
    let name = |effect: Effect| {
        let name = serde_json::to_value(effect).expect("an effect is text");
        name.as_str().expect("an effect is text").to_owned()
    };
    let changes = diff(manager.fields(), &inputs(after), &inputs(before));
    let said = match &changes[..] {
        [] => "met".to_owned(),
        [FieldChange { window: Some(window), effect, .. }] => {
            // A loss of data does not hide behind the window.
            let hides = if window.effect == Effect::DataLoss {
                Effect::DataLoss
            } else {
                Effect::NextMaintenanceWindow
            };
            assert_eq!(*effect, hides, "{kind}.{field}");
            format!("{} in the window", name(window.effect))
        }
        [change] => name(change.effect),
        several => panic!("{several:?}"),
    };
    if let [change] = &changes[..] {
        assert_eq!(accounted(kind, change), said, "{kind}.{field}");
    }
    said
}

/// The same as the account of the whole change says it, in which it is the only field.
fn accounted(kind: &str, field: &FieldChange) -> String {
    let action = if field.effect == Effect::Replacement { "replace" } else { "update" };
    let change = json!({
        "address": format!("{kind}.one"), "kind": kind, "action": action, "reason": "", "effect": field.effect, "fields": [field],
    });
    let change: Change = serde_json::from_value(change).expect("a change as a plan has it");
    let account = account(&change);
    let [one] = &account[..] else { panic!("{account:?}") };
    assert_eq!(one.fields, [field.path.as_str()]);
    let what = match one.what {
        What::TakesEffect => "next-reboot".to_owned(),
        what => {
            let what = serde_json::to_value(what).expect("a consequence is text");
            what.as_str().expect("a consequence is text").to_owned()
        }
    };
    match one.when {
        When::Window => format!("{what} in the window"),
        When::AtOnce | When::NextReboot => what,
    }
}

#[test]
fn every_option_says_what_it_costs_in_both_directions() {
    for (kind, field, one, other, there, back, source) in rows() {
        assert_eq!(effect(kind, field, &one, &other), there, "{kind}.{field}: {one} to {other} ({source})");
        assert_eq!(effect(kind, field, &other, &one), back, "{kind}.{field}: {other} to {one} ({source})");
    }
}

#[test]
fn no_field_of_a_kind_is_without_a_row() {
    let rows: BTreeSet<(&str, &str)> = rows().into_iter().map(|(kind, field, ..)| (kind, field)).collect();
    let registry = registry();
    let fields: BTreeSet<(&str, &str)> = registry
        .all_managed()
        .flat_map(|kind| kind.fields().iter().map(|field| (kind.kind(), field.name)))
        .collect();
    let missing: Vec<_> = fields.symmetric_difference(&rows).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn deleting_an_object_says_what_goes_with_it() {
    let registry = registry();
    for (kind, loss, source) in [
        (GROUP, Effect::None, "EC2 API, DeleteSecurityGroup: refused while it is in use"),
        (FILES, Effect::DataLoss, "EFS API, DeleteFileSystem: severing access to its contents"),
        (TARGET, Effect::AccessLoss, "EFS API, DeleteMountTarget: forcibly breaks any mounts"),
        (POINT, Effect::AccessLoss, "EFS API, DeleteAccessPoint: new clients can no longer connect"),
        (COPY, Effect::None, "EFS API, DeleteReplicationConfiguration: both file systems stay"),
        (SUBNETS, Effect::None, "RDS API, DeleteDBSubnetGroup: refused while it is in use"),
        (PARAMETERS, Effect::None, "RDS API, DeleteDBParameterGroup: refused while it is in use"),
        (DATABASE, Effect::DataLoss, "RDS API, DeleteDBInstance: all automated backups are deleted"),
        (
            REPLICA,
            Effect::AccessLoss,
            "RDS User Guide, Working with DB instance read replicas: its source has the data",
        ),
        (BUCKET, Effect::DataLoss, "S3 API, DeleteBucket: what it held has to be deleted before"),
        (ROLE, Effect::AccessLoss, "IAM API, DeleteRole: whoever takes it is refused"),
        (PROFILE, Effect::AccessLoss, "IAM API, DeleteInstanceProfile: machines that have it are refused"),
        (MACHINE, Effect::AccessLoss, "EC2 API, TerminateInstances: with its root volume; the others stay"),
        (VOLUME, Effect::DataLoss, "EC2 API, DeleteVolume"),
        (ADDRESS, Effect::AccessLoss, "EC2 API, ReleaseAddress: others may get it"),
        (SECRET, Effect::AccessLoss, "Secrets Manager API, DeleteSecret: it cannot be read any more"),
        (CACHE_SUBNETS, Effect::None, "ElastiCache API, DeleteCacheSubnetGroup: refused while it is in use"),
        (
            CACHE_PARAMETERS,
            Effect::None,
            "ElastiCache API, DeleteCacheParameterGroup: refused while it is in use",
        ),
        (CACHE, Effect::DataLoss, "ElastiCache API, DeleteReplicationGroup: cannot be cancelled or reverted"),
    ] {
        assert_eq!(registry.managing(kind).map(|kind| kind.loss()), Some(loss), "{kind}: {source}");
    }
    assert_eq!(registry.all_managed().count(), 19, "a kind without a row");
}
