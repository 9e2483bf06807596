//! The bytes of every request that makes or changes an object, kept: a change of how kinds are written changes none of them.
//!
//! Each kind's sample is made whole, without each field that may be left out, and with each field changed; then each field of an
//! object that is like the sample is changed by itself, left out by itself, and all of them at once.

use std::collections::BTreeSet;
use std::fmt::Write;

use provision::aws::kinds::registry;
use provision::engine::cloud::{ChangeDocument, Cloud};
use provision::engine::document::Document;
use provision::engine::kind::Manager;
use provision::engine::resource::Id;
use serde_json::{Value, json};

use crate::samples;
use crate::wire::owner;
use crate::wire::rds::{answer, described, instance};
use crate::wire::replay::{Asked, Replay};

mod machines;

/// The sample with a password that no test has to put into its environment.
fn sample(kind: &str) -> Document {
    let mut sample = samples::sample(kind);
    if let Some(password) = sample.get_mut("password") {
        *password = json!("managed");
    }
    // An empty one; what is asked for in its place is among the other values.
    sample.remove("restore_from");
    sample
}

/// Other values of the fields of each kind's sample.
fn others(kind: &str) -> Vec<(&'static str, Value)> {
    let rule = |protocol: &str, from: i32, to: i32, source: &str, description: &str| json!({ "protocol": protocol, "from_port": from, "to_port": to, "source": source, "description": description });
    match kind {
        "aws_security_group" => vec![
            ("name", json!("other")),
            ("description", json!("another")),
            ("vpc_id", json!("vpc-2")),
            ("ingress", json!([])),
            ("ingress", json!([rule("tcp", 2049, 2049, "sg-nodes", "NFS")])),
            (
                "ingress",
                json!([
                    rule("udp", 53, 54, "10.0.0.0/8", "DNS"),
                    rule("tcp", 22, 22, "2001:db8::/32", "SSH")
                ]),
            ),
            ("egress", json!([])),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_efs_file_system" => vec![
            ("encrypted", json!(false)),
            ("kms_key_id", json!("0a1b2c3d-0000-4000-8000-000000000002")),
            ("performance_mode", json!("maxIO")),
            ("throughput_mode", json!("elastic")),
            ("throughput_mode", json!("bursting")),
            ("provisioned_throughput_in_mibps", json!(64.0)),
            ("backup", json!(false)),
            ("zones", json!(["eu-west-1c"])),
            ("storage", json!("regional")),
            ("availability_zone_name", json!("eu-west-1c")),
            ("deletion_protection", json!(false)),
            (
                "lifecycle",
                json!({ "transition_to_ia": "AFTER_60_DAYS", "transition_to_primary_storage_class": "AFTER_1_ACCESS" }),
            ),
            ("lifecycle", json!({ "transition_to_archive": "AFTER_90_DAYS" })),
            ("file_system_policy", json!({ "Version": "2012-10-17", "Statement": [] })),
            ("replication_overwrite_protection", json!("DISABLED")),
            ("tags", json!({ "team": "platform" })),
        ],
        "aws_efs_access_point" => vec![
            ("file_system_id", json!("fs-2")),
            ("path", json!("/other")),
            ("uid", json!(0)),
            ("gid", json!(5)),
            ("secondary_gids", json!([5])),
            ("owner_uid", json!(0)),
            ("owner_gid", json!(0)),
            ("permissions", json!("0750")),
            ("tags", json!({ "Name": "other" })),
        ],
        "aws_efs_replication_configuration" => vec![
            ("file_system_id", json!("fs-3")),
            ("region", json!("eu-west-3")),
            ("availability_zone_name", json!("eu-central-1b")),
            ("destination_kms_key_id", json!("arn:aws:kms:eu-central-1:123456789012:alias/other")),
            ("destination_file_system_id", json!("fs-4")),
            ("role_arn", json!("arn:aws:iam::123456789012:role/other")),
        ],
        "aws_efs_mount_target" => vec![
            ("file_system_id", json!("fs-2")),
            ("subnet_id", json!("subnet-2")),
            ("ip_address_type", json!("IPV6_ONLY")),
            ("security_groups", json!(["sg-3"])),
        ],
        "aws_db_subnet_group" => vec![
            ("name", json!("other")),
            ("description", json!("another")),
            ("subnet_ids", json!(["subnet-2", "subnet-3"])),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_db_parameter_group" => {
            let many: Document = (0..45).map(|n| (format!("parameter_{n:02}"), json!("1"))).collect();
            vec![
                ("name", json!("other")),
                ("family", json!("postgres17")),
                ("description", json!("another")),
                ("parameters", json!({ "work_mem": "1024" })),
                ("parameters", Value::Object(many)),
                ("tags", json!({ "Name": "other" })),
            ]
        }
        "aws_db_instance" => vec![
            ("identifier", json!("other")),
            ("engine_version", json!("17.2")),
            ("allow_major_version_upgrade", json!(false)),
            ("instance_class", json!("db.m7g.xlarge")),
            ("allocated_storage", json!(500)),
            ("max_allocated_storage", json!(2000)),
            ("max_allocated_storage", json!(0)),
            ("storage_type", json!("io2")),
            ("iops", json!(16000)),
            ("storage_throughput", json!(700)),
            ("database_name", json!("other")),
            ("username", json!("other")),
            ("password_version", json!(3)),
            ("multi_az", json!(false)),
            ("port", json!(5433)),
            ("db_subnet_group_name", json!("other")),
            ("vpc_security_group_ids", json!(["sg-1", "sg-2"])),
            ("publicly_accessible", json!(true)),
            ("backup_retention_period", json!(0)),
            ("backup_window", json!("01:00-01:30")),
            ("maintenance_window", json!("mon:02:00-mon:03:00")),
            ("storage_encrypted", json!(false)),
            ("kms_key_id", json!("arn:aws:kms:eu-west-1:123456789012:key/3")),
            ("ca_cert_identifier", json!("rds-ca-ecc384-g1")),
            ("engine_lifecycle_support", json!("open-source-rds-extended-support-disabled")),
            ("dedicated_log_volume", json!(true)),
            ("db_capacity_reservation_identifier", json!("dbcr-1")),
            ("database_insights_mode", json!("advanced")),
            ("network_type", json!("DUAL")),
            ("domain", json!("d-9876543210")),
            ("domain_iam_role_name", json!("other")),
            ("backup_target", json!("local")),
            ("restore_from", json!({ "snapshot": "before" })),
            ("restore_from", json!({ "source": "records", "time": "latest" })),
            ("restore_from", json!({ "source": "records", "time": "2026-11-27T04:00:00Z" })),
            ("delete_automated_backups", json!(false)),
            ("master_user_secret_kms_key_id", json!("arn:aws:kms:eu-west-1:123456789012:key/6")),
            ("monitoring", json!({ "interval": 0 })),
            ("monitoring", json!({ "interval": 5, "role_arn": "arn:aws:iam::123456789012:role/monitoring" })),
            ("auto_minor_version_upgrade", json!(false)),
            ("copy_tags_to_snapshot", json!(false)),
            ("iam_database_authentication_enabled", json!(false)),
            ("performance_insights_enabled", json!(false)),
            ("performance_insights_retention_period", json!(7)),
            ("performance_insights_kms_key_id", json!("arn:aws:kms:eu-west-1:123456789012:key/4")),
            ("enabled_cloudwatch_logs_exports", json!(["iam-db-auth-error"])),
            ("parameter_group_name", json!("other")),
            ("deletion_protection", json!(false)),
            ("final_snapshot", json!(false)),
            ("apply_immediately", json!(true)),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_db_replica" => vec![
            ("identifier", json!("other")),
            ("source", json!("db-ZYXWVUTSRQPONMLKJIHGFEDCBA")),
            ("instance_class", json!("db.m7g.xlarge")),
            ("engine_version", json!("16.9")),
            ("db_capacity_reservation_identifier", json!("dbcr-1")),
            ("allocated_storage", json!(500)),
            ("max_allocated_storage", json!(2000)),
            ("max_allocated_storage", json!(0)),
            ("storage_type", json!("io2")),
            ("iops", json!(16000)),
            ("storage_throughput", json!(700)),
            ("dedicated_log_volume", json!(true)),
            ("domain", json!("d-9876543210")),
            ("domain_iam_role_name", json!("other")),
            ("maintenance_window", json!("mon:02:00-mon:03:00")),
            ("performance_insights_enabled", json!(false)),
            ("performance_insights_retention_period", json!(7)),
            ("performance_insights_kms_key_id", json!("arn:aws:kms:eu-west-1:123456789012:key/4")),
            ("database_insights_mode", json!("advanced")),
            ("enabled_cloudwatch_logs_exports", json!(["iam-db-auth-error"])),
            ("multi_az", json!(false)),
            ("port", json!(5433)),
            ("vpc_security_group_ids", json!(["sg-1", "sg-2"])),
            ("publicly_accessible", json!(true)),
            ("ca_cert_identifier", json!("rds-ca-ecc384-g1")),
            ("auto_minor_version_upgrade", json!(false)),
            ("copy_tags_to_snapshot", json!(false)),
            ("iam_database_authentication_enabled", json!(false)),
            ("monitoring", json!({ "interval": 0 })),
            ("monitoring", json!({ "interval": 5, "role_arn": "arn:aws:iam::123456789012:role/monitoring" })),
            ("parameter_group_name", json!("other")),
            ("deletion_protection", json!(false)),
            ("apply_immediately", json!(true)),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_s3_bucket" => vec![
            ("bucket", json!("gitlab-packages")),
            ("versioning", json!(false)),
            ("public_access_blocked", json!(false)),
            ("kms_key_id", json!("arn:aws:kms:eu-west-1:123456789012:key/2")),
            ("deletion_protection", json!(false)),
            ("lifecycle_rules", json!({})),
            ("lifecycle_rules", json!({ "uploads": { "abort_uploads_after_days": 1 } })),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_secretsmanager_secret" => vec![
            ("name", json!("other")),
            ("description", json!("another")),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_iam_role" => vec![
            ("name", json!("other")),
            ("path", json!("/")),
            (
                "assume_role_policy",
                json!({ "Version": "2012-10-17", "Statement": [{
                    "Sid": "Services", "Effect": "Allow", "Action": "sts:AssumeRole",
                    "Principal": { "Service": "ec2.amazonaws.com" },
                }] }),
            ),
            ("policy", json!({})),
            ("policy_name", json!("other")),
            ("managed_policies", json!([])),
            ("managed_policies", json!(["arn:aws:iam::123456789012:policy/other"])),
            ("description", json!("another")),
            ("max_session_duration", json!(3600)),
            ("permissions_boundary", json!("arn:aws:iam::123456789012:policy/wider")),
            ("deletion_protection", json!(false)),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_instance" => vec![
            ("ami", json!("ami-0e0f")),
            ("instance_type", json!("t3.xlarge")),
            ("subnet_id", json!("subnet-2")),
            ("vpc_security_group_ids", json!(["sg-1", "sg-2"])),
            ("key_name", json!("others")),
            ("iam_instance_profile", json!("other")),
            ("http_tokens", json!("optional")),
            ("http_put_response_hop_limit", json!(3)),
            ("termination_protection", json!(false)),
            ("ami_parameter", json!("/aws/service/other")),
            ("user_data", json!("#!/bin/sh\n")),
            ("replace_on_user_data_change", json!(false)),
            ("root_volume_size", json!(30)),
            ("running", json!(false)),
            ("volumes", json!({})),
            ("volumes", json!({ "/dev/sdf": "vol-1", "/dev/sdg": "vol-2" })),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_ebs_volume" => vec![
            ("availability_zone", json!("eu-west-1b")),
            ("size", json!(200)),
            ("type", json!("gp2")),
            ("type", json!("io2")),
            ("iops", json!(5000)),
            ("throughput", json!(500)),
            ("encrypted", json!(false)),
            ("kms_key_id", json!("arn:aws:kms:eu-west-1:123456789012:key/2")),
            ("snapshot_id", json!("snap-0a1b")),
            ("deletion_protection", json!(false)),
            ("final_snapshot", json!(false)),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_eip" => {
            vec![("instance_id", json!("i-2")), ("tags", json!({ "Name": "other", "team": "platform" }))]
        }
        "aws_iam_instance_profile" => vec![
            ("name", json!("other")),
            ("path", json!("/")),
            ("role", json!("other")),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_elasticache_subnet_group" => vec![
            ("name", json!("other")),
            ("description", json!("another")),
            ("subnet_ids", json!(["subnet-2", "subnet-3"])),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        "aws_elasticache_parameter_group" => {
            let many: Document = (0..45).map(|n| (format!("parameter-{n:02}"), json!("1"))).collect();
            vec![
                ("name", json!("other")),
                ("family", json!("valkey9")),
                ("description", json!("another")),
                ("parameters", json!({ "timeout": "30" })),
                ("parameters", Value::Object(many)),
                ("tags", json!({ "Name": "other" })),
            ]
        }
        "aws_elasticache_replication_group" => vec![
            ("replication_group_id", json!("other")),
            ("description", json!("another")),
            ("engine", json!("redis")),
            ("engine_version", json!("8.2")),
            ("node_type", json!("cache.t4g.medium")),
            ("nodes", json!(1)),
            ("nodes", json!(3)),
            ("automatic_failover", json!(false)),
            ("multi_az", json!(false)),
            ("port", json!(6380)),
            ("cache_subnet_group_name", json!("other")),
            ("security_group_ids", json!(["sg-1", "sg-2"])),
            ("cache_parameter_group_name", json!("other")),
            ("transit_encryption", json!(false)),
            ("transit_encryption_mode", json!("preferred")),
            ("authentication", json!(false)),
            (
                "password_secret_arn",
                json!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:other-AbCdEf"),
            ),
            ("at_rest_encryption", json!(false)),
            ("kms_key_id", json!("arn:aws:kms:eu-west-1:123456789012:key/2")),
            ("snapshot_retention_limit", json!(0)),
            ("snapshot_window", json!("01:00-02:00")),
            ("maintenance_window", json!("mon:02:00-mon:03:00")),
            ("auto_minor_version_upgrade", json!(false)),
            ("snapshot_name", json!("other")),
            ("deletion_protection", json!(false)),
            ("final_snapshot", json!(false)),
            ("apply_immediately", json!(true)),
            ("tags", json!({ "Name": "other", "team": "platform" })),
        ],
        other => panic!("no other values of {other}"),
    }
}

const SECRET_ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gitlab-cache-password-AbCdEf";

/// IAM with a role and an instance profile.
fn iam_answers(operation: &str) -> Option<String> {
    let common = |name: &str| {
        format!(
            "<Path>/apps/</Path><Arn>arn:aws:iam::123456789012:{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>"
        )
    };
    let inner = match operation {
        "CreateRole" => format!(
            "<Role><RoleName>gitlab-gitlab</RoleName><RoleId>AROA1</RoleId>{}</Role>",
            common("role/apps/gitlab-gitlab")
        ),
        "CreateInstanceProfile" => format!(
            "<InstanceProfile><InstanceProfileName>gitlab-pair</InstanceProfileName>\
             <InstanceProfileId>AIPA1</InstanceProfileId><Roles/>{}</InstanceProfile>",
            common("instance-profile/apps/gitlab-pair")
        ),
        "UpdateRole"
        | "UpdateAssumeRolePolicy"
        | "PutRolePolicy"
        | "DeleteRolePolicy"
        | "AttachRolePolicy"
        | "DetachRolePolicy"
        | "PutRolePermissionsBoundary"
        | "DeleteRolePermissionsBoundary"
        | "TagRole"
        | "UntagRole"
        | "AddRoleToInstanceProfile"
        | "RemoveRoleFromInstanceProfile"
        | "TagInstanceProfile"
        | "UntagInstanceProfile" => String::new(),
        _ => return None,
    };
    Some(format!(
        "<{operation}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{operation}Result>{inner}</{operation}Result>\
         </{operation}Response>"
    ))
}

/// ElastiCache with one object of each kind.
fn elasticache_answers(operation: &str) -> Option<String> {
    let subnets = ["subnet-1", "subnet-2"]
        .map(|id| format!("<Subnet><SubnetIdentifier>{id}</SubnetIdentifier></Subnet>"))
        .concat();
    let subnet_group = format!(
        "<CacheSubnetGroup><CacheSubnetGroupName>gitlab-cache</CacheSubnetGroupName><VpcId>vpc-1</VpcId>\
         <ARN>arn:subgrp</ARN><Subnets>{subnets}</Subnets></CacheSubnetGroup>"
    );
    let parameter_group = "<CacheParameterGroup><CacheParameterGroupName>gitlab-cache-valkey8</CacheParameterGroupName>\
         <CacheParameterGroupFamily>valkey8</CacheParameterGroupFamily><ARN>arn:pg</ARN></CacheParameterGroup>";
    let group = "<ReplicationGroup><ReplicationGroupId>gitlab-cache</ReplicationGroupId><ARN>arn:cache</ARN>\
         <Description>cache of gitlab</Description><Status>available</Status><Engine>valkey</Engine>\
         <MemberClusters><ClusterId>gitlab-cache-001</ClusterId><ClusterId>gitlab-cache-002</ClusterId></MemberClusters>\
         <AutomaticFailover>enabled</AutomaticFailover><MultiAZ>enabled</MultiAZ>\
         <SnapshotRetentionLimit>7</SnapshotRetentionLimit><SnapshotWindow>03:00-04:00</SnapshotWindow>\
         <CacheNodeType>cache.t4g.small</CacheNodeType><AuthTokenEnabled>true</AuthTokenEnabled>\
         <TransitEncryptionEnabled>true</TransitEncryptionEnabled>\
         <TransitEncryptionMode>required</TransitEncryptionMode>\
         <AtRestEncryptionEnabled>true</AtRestEncryptionEnabled>\
         <KmsKeyId>arn:aws:kms:eu-west-1:123456789012:key/1</KmsKeyId>\
         <AutoMinorVersionUpgrade>true</AutoMinorVersionUpgrade></ReplicationGroup>";
    let node = "<CacheCluster><CacheClusterId>gitlab-cache-001</CacheClusterId>\
         <ReplicationGroupId>gitlab-cache</ReplicationGroupId><Engine>valkey</Engine><EngineVersion>8.1.0</EngineVersion>\
         <CacheClusterStatus>available</CacheClusterStatus>\
         <PreferredMaintenanceWindow>sun:04:30-sun:05:30</PreferredMaintenanceWindow>\
         <CacheSubnetGroupName>gitlab-cache</CacheSubnetGroupName>\
         <CacheParameterGroup><CacheParameterGroupName>gitlab-cache-valkey8</CacheParameterGroupName></CacheParameterGroup>\
         <SecurityGroups><member><SecurityGroupId>sg-1</SecurityGroupId><Status>active</Status></member></SecurityGroups>\
         </CacheCluster>";
    let parameter = |name: &str, value: &str| {
        format!(
            "<Parameter><ParameterName>{name}</ParameterName><ParameterValue>{value}</ParameterValue></Parameter>"
        )
    };
    let inner = match operation {
        "CreateCacheSubnetGroup" | "ModifyCacheSubnetGroup" => subnet_group,
        "DescribeCacheSubnetGroups" => format!("<CacheSubnetGroups>{subnet_group}</CacheSubnetGroups>"),
        "CreateCacheParameterGroup" => parameter_group.to_owned(),
        "DescribeCacheParameterGroups" => {
            format!("<CacheParameterGroups>{parameter_group}</CacheParameterGroups>")
        }
        "DescribeCacheParameters" => {
            let all = [parameter("maxmemory-policy", "noeviction"), parameter("timeout", "60")].concat();
            format!("<Parameters>{all}</Parameters>")
        }
        "ModifyCacheParameterGroup" | "ResetCacheParameterGroup" => {
            "<CacheParameterGroupName>gitlab-cache-valkey8</CacheParameterGroupName>".to_owned()
        }
        "CreateReplicationGroup"
        | "ModifyReplicationGroup"
        | "IncreaseReplicaCount"
        | "DecreaseReplicaCount" => group.to_owned(),
        "DescribeReplicationGroups" => format!("<ReplicationGroups>{group}</ReplicationGroups>"),
        "DescribeCacheClusters" => format!("<CacheClusters>{node}</CacheClusters>"),
        _ => return None,
    };
    Some(format!(
        "<{operation}Response xmlns=\"http://elasticache.amazonaws.com/doc/2015-02-02/\"><{operation}Result>{inner}\
         </{operation}Result></{operation}Response>"
    ))
}

/// Secrets Manager with the secret of a cache.
fn secret_answers(operation: &str) -> Option<String> {
    let tags = json!([{ "Key": "Name", "Value": "cache" }, { "Key": "provision:stack", "Value": "gitlab" }]);
    Some(match operation {
        "GetRandomPassword" => json!({ "RandomPassword": "a".repeat(64) }).to_string(),
        "CreateSecret" => json!({ "ARN": SECRET_ARN, "Name": "gitlab-cache-password" }).to_string(),
        "DescribeSecret" => {
            json!({ "ARN": SECRET_ARN, "Name": "gitlab-cache-password", "Tags": tags }).to_string()
        }
        "GetSecretValue" => {
            json!({ "ARN": SECRET_ARN, "SecretString": json!({ "password": "b".repeat(64) }).to_string() })
                .to_string()
        }
        "TagResource" | "UntagResource" => "{}".to_owned(),
        _ => return None,
    })
}

/// AWS with one object of each kind, which is like the sample.
fn aws_answers(asked: &Asked) -> Option<String> {
    let ec2 = |inner: &str| {
        format!(
            "<{name}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">{inner}</{name}Response>",
            name = asked.operation
        )
    };
    let rds = |inner: &str| answer(&asked.operation, inner);
    let tags = "<Tag><Key>Name</Key><Value>gitlab-pgsql</Value></Tag>\
                <Tag><Key>provision:stack</Key><Value>gitlab</Value></Tag>";
    let database = || {
        let key = |number| format!("arn:aws:kms:eu-west-1:123456789012:key/{number}");
        instance(&[
            ("EngineVersion", "16.4"),
            ("DBInstanceClass", "db.m7g.large"),
            ("AllocatedStorage", "400"),
            ("MaxAllocatedStorage", "1000"),
            ("Iops", "12000"),
            ("StorageThroughput", "500"),
            ("KmsKeyId", &key(1)),
            ("CACertificateIdentifier", "rds-ca-rsa2048-g1"),
            // Of no matter for a database, and what makes it a read replica.
            ("ReadReplicaSourceDBInstanceIdentifier", "gitlab-pgsql"),
            ("CopyTagsToSnapshot", "true"),
            ("IAMDatabaseAuthenticationEnabled", "true"),
            ("PerformanceInsightsEnabled", "true"),
            ("PerformanceInsightsRetentionPeriod", "93"),
            ("PerformanceInsightsKMSKeyId", &key(2)),
            ("EnabledCloudwatchLogsExports", "<member>postgresql</member><member>upgrade</member>"),
            (
                "DBParameterGroups",
                "<DBParameterGroup><DBParameterGroupName>gitlab-pgsql-postgres16</DBParameterGroupName>\
                 <ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup>",
            ),
        ])
    };
    let subnets = ["subnet-1", "subnet-2"]
        .map(|id| format!("<Subnet><SubnetIdentifier>{id}</SubnetIdentifier></Subnet>"))
        .concat();
    let subnet_group = format!(
        "<DBSubnetGroup><DBSubnetGroupName>gitlab-pgsql</DBSubnetGroupName><VpcId>vpc-1</VpcId>\
         <DBSubnetGroupArn>arn:subgrp</DBSubnetGroupArn><Subnets>{subnets}</Subnets></DBSubnetGroup>"
    );
    let parameter_group = "<DBParameterGroup><DBParameterGroupName>gitlab-pgsql-postgres16</DBParameterGroupName>\
         <DBParameterGroupFamily>postgres16</DBParameterGroupFamily>\
         <DBParameterGroupArn>arn:pg</DBParameterGroupArn></DBParameterGroup>";
    let parameter = |name: &str, value: &str| {
        format!(
            "<Parameter><ParameterName>{name}</ParameterName><ParameterValue>{value}</ParameterValue>\
             <Source>user</Source><ApplyType>dynamic</ApplyType><IsModifiable>true</IsModifiable></Parameter>"
        )
    };
    let rule = |id: &str, egress: bool, inner: &str| {
        format!(
            "<item><securityGroupRuleId>{id}</securityGroupRuleId><groupId>sg-1</groupId>\
             <groupOwnerId>123456789012</groupOwnerId><isEgress>{egress}</isEgress>{inner}</item>"
        )
    };
    let file_system = json!({
        "FileSystemId": "fs-1", "FileSystemArn": "arn:fs-1", "CreationToken": "t", "LifeCycleState": "available",
        "Encrypted": true, "PerformanceMode": "generalPurpose", "ThroughputMode": "provisioned",
        "ProvisionedThroughputInMibps": 12.5, "Tags": [
            { "Key": "Name", "Value": "gitlab-nfs" }, { "Key": "provision:stack", "Value": "gitlab" },
        ],
    });
    Some(match asked.operation.as_str() {
        "CreateSecurityGroup" => ec2("<return>true</return><groupId>sg-1</groupId>"),
        "DescribeSecurityGroups" => ec2("<securityGroupInfo><item><groupId>sg-1</groupId><vpcId>vpc-1</vpcId>\
             <groupName>EFS_K8s</groupName></item></securityGroupInfo>"),
        "DescribeSecurityGroupRules" => {
            let nfs = "<ipProtocol>tcp</ipProtocol><fromPort>2049</fromPort><toPort>2049</toPort>\
                       <referencedGroupInfo><groupId>sg-nodes</groupId></referencedGroupInfo>";
            let out = "<ipProtocol>-1</ipProtocol><cidrIpv4>0.0.0.0/0</cidrIpv4>";
            let rules = [rule("sgr-in", false, nfs), rule("sgr-out", true, out)].concat();
            ec2(&format!("<securityGroupRuleSet>{rules}</securityGroupRuleSet>"))
        }
        "AuthorizeSecurityGroupIngress" | "AuthorizeSecurityGroupEgress" | "RevokeSecurityGroupIngress"
        | "RevokeSecurityGroupEgress" | "UpdateSecurityGroupRuleDescriptionsIngress" | "CreateTags"
        | "DeleteTags" | "UpdateSecurityGroupRuleDescriptionsEgress" => ec2("<return>true</return>"),
        "DescribeDBInstances" => described(&[database()]),
        "CreateDBInstance" | "ModifyDBInstance" | "RestoreDBInstanceFromDBSnapshot"
        | "RestoreDBInstanceToPointInTime" | "CreateDBInstanceReadReplica" => rds(&database()),
        "CreateDBSubnetGroup" | "ModifyDBSubnetGroup" => rds(&subnet_group),
        "DescribeDBSubnetGroups" => rds(&format!("<DBSubnetGroups>{subnet_group}</DBSubnetGroups>")),
        "CreateDBParameterGroup" => rds(parameter_group),
        "DescribeDBParameterGroups" => rds(&format!("<DBParameterGroups>{parameter_group}</DBParameterGroups>")),
        "DescribeDBParameters" => {
            let all = [parameter("rds.force_ssl", "1"), parameter("work_mem", "65536")].concat();
            rds(&format!("<Parameters>{all}</Parameters>"))
        }
        "ModifyDBParameterGroup" | "ResetDBParameterGroup" => {
            rds("<DBParameterGroupName>gitlab-pgsql-postgres16</DBParameterGroupName>")
        }
        "ListTagsForResource" => rds(&format!("<TagList>{tags}</TagList>")),
        "AddTagsToResource" | "RemoveTagsFromResource" => rds(""),
        "POST /2015-02-01/file-systems" => file_system.to_string(),
        read if read.starts_with("GET /2015-02-01/file-systems?") => {
            json!({ "FileSystems": [file_system] }).to_string()
        }
        "POST /2015-02-01/mount-targets" => json!({
            "MountTargetId": "fsmt-1", "FileSystemId": "fs-1", "SubnetId": "subnet-1", "LifeCycleState": "creating",
        })
        .to_string(),
        "POST /2015-02-01/access-points" => {
            json!({ "AccessPointId": "fsap-1", "LifeCycleState": "creating" }).to_string()
        }
        made if made.ends_with("/replication-configuration") && made.starts_with("POST") => {
            r#"{"SourceFileSystemId": "fs-1", "Destinations": []}"#.to_owned()
        }
        efs if efs.contains("/2015-02-01/") => "{}".to_owned(),
        "GET /?tagging" => format!("<Tagging><TagSet>{tags}</TagSet></Tagging>"),
        "GET /?encryption" => "<ServerSideEncryptionConfiguration/>".to_owned(),
        "GET /?lifecycle" => "<LifecycleConfiguration/>".to_owned(),
        s3 if s3.starts_with("PUT /") || s3 == "DELETE /?lifecycle" => String::new(),
        other => {
            let of_others = secret_answers(other).or_else(|| iam_answers(other));
            return elasticache_answers(other).or(of_others).or_else(|| machines::answers(other));
        }
    })
}

/// The requests of one call, and what came of it where that is not success.
fn asked_for(replay: &Replay, outcome: Result<(), String>) -> String {
    let mut text = String::new();
    for asked in replay.asked() {
        writeln!(text, "  {} {}", asked.operation, asked.body).expect("a string takes everything");
    }
    if let Err(error) = outcome {
        writeln!(text, "  {error}").expect("a string takes everything");
    }
    text
}

async fn create(kind: &dyn Manager, inputs: &Document) -> String {
    let replay = Replay::from(aws_answers);
    let owner = owner(&format!("{}.gitlab", kind.kind()));
    let made = replay.cloud().create(kind.kind(), inputs, &owner).await;
    asked_for(&replay, made.map(drop).map_err(|error| error.to_string()))
}

async fn update(kind: &dyn Manager, observed: &Document, wanted: &Document) -> String {
    let replay = Replay::from(aws_answers);
    let owner = owner(&format!("{}.gitlab", kind.kind()));
    let id = match kind.kind() {
        "aws_security_group" => "sg-1",
        "aws_efs_file_system" => "fs-1",
        "aws_efs_mount_target" => "fsmt-1",
        "aws_efs_access_point" => "fsap-1",
        "aws_db_subnet_group" => "gitlab-pgsql",
        "aws_db_parameter_group" => "gitlab-pgsql-postgres16",
        "aws_s3_bucket" => "gitlab-artifacts",
        "aws_secretsmanager_secret" => SECRET_ARN,
        "aws_iam_role" => "gitlab-gitlab",
        "aws_iam_instance_profile" => "gitlab-pair",
        "aws_instance" => "i-1",
        "aws_ebs_volume" => "vol-1",
        "aws_eip" => "eipalloc-1",
        "aws_elasticache_subnet_group" | "aws_elasticache_replication_group" => "gitlab-cache",
        "aws_elasticache_parameter_group" => "gitlab-cache-valkey8",
        _ => crate::wire::rds::ID,
    };
    let names = kind.fields().iter().map(|field| field.name);
    let fields: BTreeSet<String> =
        names.filter(|name| observed.get(*name) != wanted.get(*name)).map(str::to_owned).collect();
    let change = ChangeDocument { id: &Id::new(id), fields: &fields, observed, owner: &owner };
    let done = replay.cloud().update(kind.kind(), wanted, change).await;
    asked_for(&replay, done.map_err(|error| error.to_string()))
}

/// The document without a field, where the kind takes it so.
fn without(kind: &dyn Manager, document: &Document, field: &str) -> Option<Document> {
    let mut document = document.clone();
    document.remove(field);
    kind.normalise(&document).ok()
}

fn with(kind: &dyn Manager, document: &Document, field: &str, value: &Value) -> Document {
    let mut document = document.clone();
    document.insert(field.to_owned(), value.clone());
    kind.normalise(&document).expect("the other value fits")
}

#[tokio::test]
async fn the_bytes_of_all_requests_are_those_that_they_were() {
    let registry = registry();
    for kind in registry.all_managed() {
        let sample = sample(kind.kind());
        let mut text = format!("create whole\n{}", create(kind, &sample).await);
        let mut whole = sample.clone();
        for field in sample.keys() {
            if let Some(less) = without(kind, &sample, field) {
                text.push_str(&format!("create without {field}\n{}", create(kind, &less).await));
                text.push_str(&format!("update to no {field}\n{}", update(kind, &sample, &less).await));
            }
        }
        for (field, value) in others(kind.kind()) {
            let other = with(kind, &sample, field, &value);
            assert_ne!(other, sample, "{}: {field} is the same", kind.kind());
            text.push_str(&format!("create with {field} = {value}\n{}", create(kind, &other).await));
            text.push_str(&format!("update to {field} = {value}\n{}", update(kind, &sample, &other).await));
            whole = with(kind, &whole, field, &value);
        }
        text.push_str(&format!("update of everything\n{}", update(kind, &sample, &whole).await));
        let left: Vec<&String> =
            sample.keys().filter(|field| whole.get(*field) == sample.get(*field)).collect();
        assert!(left.iter().all(|field| ["engine", "password"].contains(&field.as_str())), "{left:?}");
        insta::assert_snapshot!(kind.kind(), text);
    }
}
