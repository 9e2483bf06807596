//! A document of each kind, for tests over all of them.

use provision::engine::document::Document;
use serde_json::{Value, json};

/// A valid document of each kind, with every field written, as the kind itself writes it.
pub fn sample(kind: &str) -> Document {
    let document = match kind {
        "aws_security_group" => json!({
            "name": "EFS_K8s", "description": "NFS for gitlab-nfs", "vpc_id": "vpc-1",
            "ingress": [{ "protocol": "tcp", "from_port": 2049, "to_port": 2049, "source": "sg-nodes" }],
            "egress": [{ "protocol": "-1", "source": "0.0.0.0/0" }],
            "tags": { "Name": "EFS_K8s" },
        }),
        "aws_efs_file_system" => json!({
            "encrypted": true, "kms_key_id": "0a1b2c3d-0000-4000-8000-000000000001", "performance_mode": "generalPurpose", "throughput_mode": "provisioned",
            "provisioned_throughput_in_mibps": 12.5, "backup": true, "deletion_protection": true,
            "lifecycle": {
                "transition_to_ia": "AFTER_30_DAYS", "transition_to_primary_storage_class": "AFTER_1_ACCESS",
            },
            "file_system_policy": { "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "elasticfilesystem:ClientMount" },
            ] },
            "replication_overwrite_protection": "ENABLED", "storage": "one-zone", "availability_zone_name": "eu-west-1a",
            "zones": ["eu-west-1a"],
            "tags": { "Name": "gitlab-nfs" },
        }),
        "aws_efs_access_point" => json!({
            "file_system_id": "fs-1", "path": "/git-data", "uid": 998, "gid": 998, "permissions": "0755",
            "secondary_gids": [27, 999], "owner_uid": 1000, "owner_gid": 1001,
            "tags": { "Name": "git-data" },
        }),
        "aws_efs_replication_configuration" => json!({
            "file_system_id": "fs-1", "region": "eu-central-1", "availability_zone_name": "eu-central-1a",
            "destination_kms_key_id": "arn:aws:kms:eu-central-1:123456789012:alias/storage",
            "destination_file_system_id": "fs-2",
            "role_arn": "arn:aws:iam::123456789012:role/replication",
        }),
        "aws_efs_mount_target" => json!({
            "file_system_id": "fs-1", "subnet_id": "subnet-1", "security_groups": ["sg-1", "sg-2"],
            "ip_address_type": "DUAL_STACK",
        }),
        "aws_db_subnet_group" => json!({
            "name": "gitlab-pgsql", "description": "Subnets of gitlab-pgsql", "subnet_ids": ["subnet-1", "subnet-2"],
            "tags": { "Name": "gitlab-pgsql" },
        }),
        "aws_db_parameter_group" => json!({
            "name": "gitlab-pgsql-postgres16", "family": "postgres16", "description": "Parameters of gitlab-pgsql",
            "parameters": { "rds.force_ssl": "1", "work_mem": "65536" }, "tags": { "Name": "gitlab-pgsql" },
        }),
        "aws_db_instance" => database(),
        "aws_db_replica" => json!({
            "identifier": "gitlab-pgsql", "source": "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "instance_class": "db.m7g.large",
            "engine_version": "16.4", "db_capacity_reservation_identifier": "dbcr-0123456789abcdef0",
            "allocated_storage": 400, "max_allocated_storage": 1000, "storage_type": "gp3", "iops": 12000,
            "storage_throughput": 500, "dedicated_log_volume": false, "domain": "d-0123456789",
            "domain_iam_role_name": "directory", "maintenance_window": "sun:04:30-sun:05:30",
            "performance_insights_enabled": true, "performance_insights_retention_period": 93,
            "performance_insights_kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/2",
            "database_insights_mode": "standard", "enabled_cloudwatch_logs_exports": ["postgresql", "upgrade"],
            "multi_az": true, "port": 5432, "vpc_security_group_ids": ["sg-1"], "publicly_accessible": false,
            "ca_cert_identifier": "rds-ca-rsa2048-g1", "auto_minor_version_upgrade": true, "copy_tags_to_snapshot": true,
            "iam_database_authentication_enabled": true,
            "monitoring": { "interval": 60, "role_arn": "arn:aws:iam::123456789012:role/monitoring" },
            "parameter_group_name": "gitlab-pgsql-postgres16", "deletion_protection": true, "apply_immediately": false,
            "tags": { "Name": "gitlab-pgsql" },
        }),
        "aws_s3_bucket" => json!({
            "bucket": "gitlab-artifacts", "versioning": true, "public_access_blocked": true,
            "kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1", "deletion_protection": true,
            "lifecycle_rules": {
                "old": {
                    "prefix": "tmp/", "expire_after_days": 90, "expire_old_versions_after_days": 30,
                    "to_infrequent_access_after_days": 30, "abort_uploads_after_days": 7,
                },
            },
            "tags": { "Name": "artifacts" },
        }),
        "aws_secretsmanager_secret" => json!({
            "name": "gitlab-cache-password", "description": "Password of the cache cache", "tags": { "Name": "cache" },
        }),
        "aws_elasticache_subnet_group" => json!({
            "name": "gitlab-cache", "description": "Subnets of cache", "subnet_ids": ["subnet-1", "subnet-2"],
            "tags": { "Name": "cache" },
        }),
        "aws_elasticache_parameter_group" => json!({
            "name": "gitlab-cache-valkey8", "family": "valkey8", "description": "Parameters of cache",
            "parameters": { "maxmemory-policy": "noeviction", "timeout": "60" }, "tags": { "Name": "cache" },
        }),
        "aws_elasticache_replication_group" => json!({
            "replication_group_id": "gitlab-cache", "description": "cache of gitlab", "engine": "valkey",
            "engine_version": "8.1", "node_type": "cache.t4g.small", "nodes": 2, "automatic_failover": true,
            "multi_az": true, "port": 6379, "cache_subnet_group_name": "gitlab-cache", "security_group_ids": ["sg-1"],
            "cache_parameter_group_name": "gitlab-cache-valkey8", "transit_encryption": true,
            "transit_encryption_mode": "required", "authentication": true,
            "password_secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gitlab-cache-password-AbCdEf",
            "at_rest_encryption": true, "kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1",
            "snapshot_retention_limit": 7, "snapshot_window": "03:00-04:00", "maintenance_window": "sun:04:30-sun:05:30",
            "auto_minor_version_upgrade": true, "snapshot_name": "before", "deletion_protection": true,
            "final_snapshot": true, "apply_immediately": false, "tags": { "Name": "cache" },
        }),
        "aws_iam_role" => json!({
            "name": "gitlab-gitlab", "path": "/apps/", "assume_role_policy": {
                "Version": "2012-10-17", "Statement": [{
                    "Sid": "ServiceAccounts", "Effect": "Allow", "Action": ["sts:AssumeRoleWithWebIdentity"],
                    "Principal": { "Federated": ["arn:aws:iam::123456789012:oidc-provider/oidc.example.net/k8s"] },
                    "Condition": { "StringEquals": {
                        "oidc.example.net/k8s:aud": ["amazonaws.com"],
                        "oidc.example.net/k8s:sub": ["system:serviceaccount:gitlab:gitlab-webservice"],
                    } },
                }],
            },
            "policy": { "Version": "2012-10-17", "Statement": [{
                "Sid": "BucketObjects", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": ["arn:aws:s3:::gitlab-artifacts/*"],
            }] },
            "policy_name": "provision", "managed_policies": ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
            "description": "GitLab's pods", "max_session_duration": 7200,
            "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary", "deletion_protection": true,
            "tags": { "Name": "gitlab" },
        }),
        "aws_instance" => json!({
            "ami": "ami-0a1b2c3d", "ami_parameter": "/aws/service/image", "instance_type": "t3.large", "subnet_id": "subnet-1",
            "vpc_security_group_ids": ["sg-1"], "key_name": "admins", "iam_instance_profile": "gitlab-pair",
            "http_tokens": "required", "http_put_response_hop_limit": 2, "termination_protection": true,
            "user_data": "#cloud-config\n", "replace_on_user_data_change": true, "root_volume_size": 20, "running": true,
            "volumes": { "/dev/sdf": "vol-1" }, "tags": { "Name": "gitlab-a" },
        }),
        "aws_ebs_volume" => json!({
            "availability_zone": "eu-west-1a", "size": 100, "type": "gp3", "iops": 4000, "throughput": 250, "encrypted": true,
            "kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1", "snapshot_id": "snap-0c0d", "deletion_protection": true,
            "final_snapshot": true, "tags": { "Name": "gitlab-a-data" },
        }),
        "aws_eip" => json!({ "instance_id": "i-1", "tags": { "Name": "gitlab" } }),
        "aws_iam_instance_profile" => json!({
            "name": "gitlab-pair", "path": "/apps/", "role": "gitlab-pair", "tags": { "Name": "pair" },
        }),
        other => panic!("no sample document of {other}"),
    };
    document.as_object().expect("a document is an object").clone()
}

fn database() -> Value {
    let mut database = json!({
        "identifier": "gitlab-pgsql", "engine": "postgres", "engine_version": "16",
        "allow_major_version_upgrade": true, "instance_class": "db.m7g.large", "allocated_storage": 400,
        "max_allocated_storage": 1000, "storage_type": "gp3", "iops": 12000,
        "storage_throughput": 500, "database_name": "gitlab_production", "username": "gitlab",
        "password": "managed", "password_version": 2, "multi_az": true, "port": 5432,
        "db_subnet_group_name": "gitlab-pgsql", "vpc_security_group_ids": ["sg-1"], "publicly_accessible": false,
        "backup_retention_period": 30, "backup_window": "04:00-04:30",
        "maintenance_window": "sun:04:30-sun:05:30", "storage_encrypted": true,
        "kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1", "ca_cert_identifier": "rds-ca-rsa2048-g1",
        "auto_minor_version_upgrade": true, "copy_tags_to_snapshot": true,
        "iam_database_authentication_enabled": true, "performance_insights_enabled": true,
        "performance_insights_retention_period": 93,
        "performance_insights_kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/2",
        "enabled_cloudwatch_logs_exports": ["postgresql", "upgrade"],
        "parameter_group_name": "gitlab-pgsql-postgres16", "deletion_protection": true, "final_snapshot": true, "apply_immediately": false,
        "tags": { "Name": "gitlab-pgsql" },
    });
    for (name, value) in [
        ("engine_lifecycle_support", json!("open-source-rds-extended-support")),
        ("dedicated_log_volume", json!(false)),
        ("db_capacity_reservation_identifier", json!("dbcr-0123456789abcdef0")),
        ("database_insights_mode", json!("standard")),
        ("master_user_secret_kms_key_id", json!("arn:aws:kms:eu-west-1:123456789012:key/5")),
        ("network_type", json!("IPV4")),
        ("domain", json!("d-0123456789")),
        ("domain_iam_role_name", json!("directory")),
        ("backup_target", json!("region")),
        ("restore_from", json!({ "source": "records", "time": "2026-11-27T04:00:00Z" })),
        ("delete_automated_backups", json!(true)),
        ("monitoring", json!({ "interval": 60, "role_arn": "arn:aws:iam::123456789012:role/monitoring" })),
    ] {
        database[name] = value;
    }
    database
}
