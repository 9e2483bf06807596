//! Databases and subnet groups as RDS shows them.

use serde_json::{Map, Value, json};

use super::{Case, How, Row, case, xml};
use crate::wire::replay::Replay;

const KIND: &str = "aws_db_instance";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001";

pub(super) fn plain() -> Value {
    json!({
        "identifier": "the-one", "engine": "postgres", "engine_version": "16", "instance_class": "db.t4g.medium",
        "allocated_storage": 50, "storage_type": "gp3", "username": "gitlab", "password": "managed",
        "password_version": 1, "multi_az": true, "port": 5432, "db_subnet_group_name": "gitlab-pgsql",
        "vpc_security_group_ids": ["sg-1"], "publicly_accessible": false, "backup_retention_period": 30,
        "storage_encrypted": true, "auto_minor_version_upgrade": true, "deletion_protection": true,
        "final_snapshot": true, "apply_immediately": false, "tags": { "Name": "gitlab-pgsql" },
    })
}

/// The name that RDS gives the elements of a list.
fn item(list: &str) -> &'static str {
    match list {
        "VpcSecurityGroups" => "VpcSecurityGroupMembership",
        "TagList" => "Tag",
        "DBInstances" => "DBInstance",
        "DBSubnetGroups" => "DBSubnetGroup",
        "Subnets" => "Subnet",
        "DBParameterGroups" => "DBParameterGroup",
        "EnabledCloudwatchLogsExports" => "member",
        other => panic!("no list {other}"),
    }
}

fn answer(operation: &str, inner: &Value) -> Replay {
    let inner = xml(inner, &item);
    let body =
        format!("<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>");
    Replay::default().answer(operation, 200, body)
}

pub(super) fn instance(elements: Map<String, Value>) -> Replay {
    let mut live = json!({
        "DBInstanceIdentifier": "the-one", "DbiResourceId": "the-one", "DBInstanceStatus": "available",
        "Engine": "postgres", "EngineVersion": "16.4", "DBInstanceClass": "db.t4g.medium", "AllocatedStorage": 50,
        "StorageType": "gp3", "Iops": 3000, "StorageThroughput": 125, "MasterUsername": "gitlab",
        "MasterUserSecret": { "SecretArn": "arn:secret", "SecretStatus": "active" }, "MultiAZ": true,
        "Endpoint": { "Address": "the-one.x.rds.amazonaws.com", "Port": 5432 },
        "DBSubnetGroup": { "DBSubnetGroupName": "gitlab-pgsql" },
        "VpcSecurityGroups": [{ "VpcSecurityGroupId": "sg-1", "Status": "active" }], "PubliclyAccessible": false,
        "BackupRetentionPeriod": 30, "PreferredBackupWindow": "03:15-03:45",
        "PreferredMaintenanceWindow": "tue:02:00-tue:02:30", "StorageEncrypted": true,
        "AutoMinorVersionUpgrade": true, "DeletionProtection": true,
        "TagList": [{ "Key": "Name", "Value": "gitlab-pgsql" }],
    });
    live.as_object_mut().expect("an object").extend(elements);
    answer("DescribeDBInstances", &json!({ "DBInstances": [live] }))
}

pub(super) fn plain_subnet_group() -> Value {
    json!({
        "name": "the-one", "description": "Subnets", "subnet_ids": ["subnet-1", "subnet-2"],
        "tags": { "Name": "gitlab-pgsql" },
    })
}

pub(super) fn subnet_group(elements: Map<String, Value>) -> Replay {
    let mut live = json!({
        "DBSubnetGroupName": "the-one", "DBSubnetGroupDescription": "Subnets", "VpcId": "vpc-1",
        "Subnets": [{ "SubnetIdentifier": "subnet-1" }, { "SubnetIdentifier": "subnet-2" }],
    });
    live.as_object_mut().expect("an object").extend(elements);
    answer("DescribeDBSubnetGroups", &json!({ "DBSubnetGroups": [live] }))
}

/// A database with one element that is shown otherwise.
fn db(field: &'static str, written: Value, shown: (&'static str, Value), other: Value) -> Case {
    case(KIND, field, written, shown, other)
}

/// A change that waits: the element shows the old value, and the queue the new one.
fn queued(field: &'static str, element: &'static str, before: Value, after: Value, other: Value) -> Case {
    let queue = json!({ "PendingModifiedValues": { element: after } });
    db(field, after, (element, before), other).beside(queue)
}

pub(super) fn rows() -> Vec<Row> {
    let groups = |ids: &[&str]| -> Value {
        ids.iter().map(|id| json!({ "VpcSecurityGroupId": id, "Status": "active" })).collect()
    };
    let subnets =
        |ids: &[&str]| -> Value { ids.iter().map(|id| json!({ "SubnetIdentifier": id })).collect() };
    vec![
        Row {
            what: "names and engines are in lower case",
            how: How::Compared(vec![
                db(
                    "identifier",
                    json!("The-One"),
                    ("DBInstanceIdentifier", json!("the-one")),
                    json!("the-other"),
                ),
                db("engine", json!("Postgres"), ("Engine", json!("postgres")), json!("mysql")),
                db(
                    "db_subnet_group_name",
                    json!("GitLab-PgSQL"),
                    ("DBSubnetGroup", json!({ "DBSubnetGroupName": "gitlab-pgsql" })),
                    json!("another"),
                ),
                case(
                    "aws_db_subnet_group",
                    "name",
                    json!("The-One"),
                    ("DBSubnetGroupName", json!("the-one")),
                    json!("the-other"),
                ),
            ]),
        },
        Row {
            what: "the days of a maintenance window are in lower case",
            how: How::Compared(vec![db(
                "maintenance_window",
                json!("Sun:04:30-Sun:05:30"),
                ("PreferredMaintenanceWindow", json!("sun:04:30-sun:05:30")),
                json!("mon:04:30-mon:05:30"),
            )]),
        },
        Row {
            what: "versions are whole, and may be newer",
            how: How::Compared(vec![
                db("engine_version", json!("16"), ("EngineVersion", json!("16.4")), json!("17")),
                db("engine_version", json!("16.4"), ("EngineVersion", json!("16.6")), json!("16.7")),
                db("engine_version", json!("16.9"), ("EngineVersion", json!("16.10")), json!("16.11")),
            ]),
        },
        Row {
            what: "storage has grown or was rounded up",
            how: How::Compared(vec![db(
                "allocated_storage",
                json!(52),
                ("AllocatedStorage", json!(55)),
                json!(56),
            )]),
        },
        Row {
            what: "storage that may grow by itself is shown only if it may",
            how: How::Compared(vec![
                db("max_allocated_storage", json!(0), ("MaxAllocatedStorage", Value::Null), json!(100)),
                db("max_allocated_storage", Value::Null, ("MaxAllocatedStorage", json!(100)), json!(200)),
            ]),
        },
        Row {
            what: "gp3 storage has operations and throughput that nobody asked for",
            how: How::Compared(vec![
                db("iops", Value::Null, ("Iops", json!(3000)), json!(4000)),
                db("storage_throughput", Value::Null, ("StorageThroughput", json!(125)), json!(500)),
            ]),
        },
        Row {
            what: "keys that nobody named are shown by their ARNs",
            how: How::Compared(vec![
                db("kms_key_id", Value::Null, ("KmsKeyId", json!(KEY)), Value::Null),
                db(
                    "performance_insights_kms_key_id",
                    Value::Null,
                    ("PerformanceInsightsKMSKeyId", json!(KEY)),
                    Value::Null,
                ),
            ]),
        },
        Row {
            what: "what waits for the window is shown as it was, and in the queue",
            how: How::Compared(vec![
                queued(
                    "instance_class",
                    "DBInstanceClass",
                    json!("db.t4g.medium"),
                    json!("db.m7g.large"),
                    json!("db.r7g.large"),
                ),
                queued("allocated_storage", "AllocatedStorage", json!(50), json!(100), json!(101)),
                queued("multi_az", "MultiAZ", json!(true), json!(false), json!(true)),
                queued("backup_retention_period", "BackupRetentionPeriod", json!(0), json!(7), json!(8)),
                queued("engine_version", "EngineVersion", json!("16.4"), json!("16.6"), json!("16.7")),
                queued("storage_type", "StorageType", json!("gp2"), json!("gp3"), json!("io1")),
                queued("identifier", "DBInstanceIdentifier", json!("old"), json!("new"), json!("old")),
            ]),
        },
        Row {
            what: "AWS chooses what was left to it",
            how: How::Compared(vec![
                db(
                    "backup_window",
                    Value::Null,
                    ("PreferredBackupWindow", json!("03:15-03:45")),
                    json!("04:00-04:30"),
                ),
                db(
                    "maintenance_window",
                    Value::Null,
                    ("PreferredMaintenanceWindow", json!("tue:02:00-tue:02:30")),
                    json!("sun:04:30-sun:05:30"),
                ),
                db(
                    "ca_cert_identifier",
                    Value::Null,
                    ("CACertificateIdentifier", json!("rds-ca-rsa2048-g1")),
                    json!("rds-ca-ecc384-g1"),
                ),
                db(
                    "performance_insights_retention_period",
                    Value::Null,
                    ("PerformanceInsightsRetentionPeriod", json!(7)),
                    json!(731),
                ),
                db(
                    "parameter_group_name",
                    Value::Null,
                    ("DBParameterGroups", json!([{ "DBParameterGroupName": "default.postgres16" }])),
                    json!("ours"),
                ),
            ]),
        },
        Row { what: "AWS chooses a zone, which moves", how: How::NotOffered("availability_zone") },
        Row { what: "AWS chooses an option group", how: How::NotOffered("option_group_name") },
        Row {
            what: "defaults of AWS differ between accounts, and change",
            how: How::AlwaysWritten { kind: KIND, fields: &["publicly_accessible", "storage_type"] },
        },
        Row {
            what: "groups and subnets are in any order",
            how: How::Compared(vec![
                db(
                    "vpc_security_group_ids",
                    json!(["sg-2", "sg-1"]),
                    ("VpcSecurityGroups", groups(&["sg-1", "sg-2"])),
                    json!(["sg-1"]),
                ),
                db(
                    "enabled_cloudwatch_logs_exports",
                    json!(["upgrade", "postgresql"]),
                    ("EnabledCloudwatchLogsExports", json!(["postgresql", "upgrade"])),
                    json!(["upgrade"]),
                ),
                case(
                    "aws_db_subnet_group",
                    "subnet_ids",
                    json!(["subnet-b", "subnet-a"]),
                    ("Subnets", subnets(&["subnet-a", "subnet-b"])),
                    json!(["subnet-a", "subnet-c"]),
                ),
            ]),
        },
        Row {
            what: "AWS puts tags on",
            how: How::Compared(vec![db(
                "tags",
                json!({ "Name": "gitlab-pgsql" }),
                (
                    "TagList",
                    json!([
                        { "Key": "aws:cloudformation:stack-name", "Value": "x" },
                        { "Key": "Name", "Value": "gitlab-pgsql" },
                    ]),
                ),
                json!({ "Name": "another" }),
            )]),
        },
    ]
}
