//! File systems, mount targets and access points as EFS shows them.

use serde_json::{Map, Value, json};

use super::{How, Row, case, xml};
use crate::wire::replay::Replay;

const KIND: &str = "aws_efs_file_system";
const ID: &str = "0a1b2c3d-0000-4000-8000-000000000001";

pub(super) fn plain() -> Value {
    json!({
        "encrypted": true, "performance_mode": "generalPurpose", "throughput_mode": "elastic", "backup": true,
        "deletion_protection": true, "tags": { "Name": "gitlab-nfs" },
    })
}

/// The parts of the file system have answers of their own: `LifecyclePolicies`, `Status` of the backup policy, `Policy`.
pub(super) fn file_system(mut elements: Map<String, Value>) -> Replay {
    let at = |path: &str| format!("GET /2015-02-01/file-systems/the-one/{path}");
    let mut own = |name: &str, plain: Value| elements.remove(name).unwrap_or(plain);
    let lifecycle = json!({ "LifecyclePolicies": own("LifecyclePolicies", json!([])) });
    let policy = own("Policy", json!({}));
    let backup = own("Status", json!("ENABLED"));
    let mut live = json!({
        "FileSystemId": "the-one", "LifeCycleState": "available", "Encrypted": true,
        "PerformanceMode": "generalPurpose", "ThroughputMode": "elastic",
        "FileSystemProtection": { "ReplicationOverwriteProtection": "ENABLED" },
        "Tags": [{ "Key": "Name", "Value": "gitlab-nfs" }],
    });
    live.as_object_mut().expect("an object").extend(elements);
    let replay = Replay::default()
        .answer(
            "GET /2015-02-01/file-systems?FileSystemId=the-one",
            200,
            json!({ "FileSystems": [live] }).to_string(),
        )
        .answer(&at("lifecycle-configuration"), 200, lifecycle.to_string())
        .answer(
            &at("policy"),
            200,
            json!({ "FileSystemId": "the-one", "Policy": policy.to_string() }).to_string(),
        );
    match backup {
        Value::Null => {
            let none =
                json!({ "__type": "PolicyNotFound", "ErrorCode": "PolicyNotFound", "Message": "none" });
            replay.answer(&at("backup-policy"), 404, none.to_string())
        }
        status => {
            let policy = json!({ "BackupPolicy": { "Status": status } });
            replay.answer(&at("backup-policy"), 200, policy.to_string())
        }
    }
}

pub(super) fn plain_mount_target() -> Value {
    json!({ "file_system_id": "fs-1", "subnet_id": "subnet-1", "security_groups": ["sg-1"] })
}

/// The groups are those of its network interface.
pub(super) fn mount_target(elements: Map<String, Value>) -> Replay {
    let mut target = json!({
        "MountTargetId": "the-one", "FileSystemId": "fs-1", "SubnetId": "subnet-1", "LifeCycleState": "available",
        "NetworkInterfaceId": "eni-1", "AvailabilityZoneName": "eu-west-1a", "IpAddress": "10.0.0.5",
    });
    if let Some(address) = elements.get("Ipv6Address") {
        target["Ipv6Address"] = address.clone();
    }
    let groups = elements.get("groupSet").cloned().unwrap_or_else(|| json!(["sg-1"]));
    let groups: Vec<Value> =
        groups.as_array().expect("groups").iter().map(|group| json!({ "groupId": group })).collect();
    let interfaces =
        json!({ "networkInterfaceSet": [{ "networkInterfaceId": "eni-1", "groupSet": groups }] });
    let body = format!(
        "<DescribeNetworkInterfacesResponse>{}</DescribeNetworkInterfacesResponse>",
        xml(&interfaces, &|_| "item")
    );
    let targets = json!({ "MountTargets": [target] }).to_string();
    Replay::default().answer("GET /2015-02-01/mount-targets?FileSystemId=fs-1", 200, targets).answer(
        "DescribeNetworkInterfaces",
        200,
        body,
    )
}

pub(super) fn plain_access_point() -> Value {
    json!({
        "file_system_id": "fs-1", "path": "/git-data", "uid": 998, "gid": 998, "permissions": "0755", "tags": {},
    })
}

pub(super) fn access_point(elements: Map<String, Value>) -> Replay {
    let live = json!({
        "AccessPointId": "the-one", "FileSystemId": "fs-1", "LifeCycleState": "available",
        "PosixUser": { "Uid": 998, "Gid": 998 },
        "RootDirectory": {
            "Path": "/git-data",
            "CreationInfo": { "OwnerUid": 998, "OwnerGid": 998, "Permissions": elements["Permissions"] },
        },
    });
    let points = json!({ "AccessPoints": [live] }).to_string();
    Replay::default().answer("GET /2015-02-01/access-points?FileSystemId=fs-1", 200, points)
}

/// A policy as it is written.
fn policy(action: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": "*", "Action": action,
          "Condition": { "Bool": { "elasticfilesystem:AccessedViaMountTarget": true } } },
        { "Effect": "Deny", "Principal": { "AWS": "123456789012" }, "Action": ["*"],
          "Condition": { "Bool": { "aws:SecureTransport": "false" } } },
    ] })
}

pub(super) fn rows() -> Vec<Row> {
    let key = format!("arn:aws:kms:eu-west-1:123456789012:key/{ID}");
    let arn = "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/the-one";
    let rewritten = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Principal": { "AWS": "arn:aws:iam::123456789012:root" }, "Action": "*", "Resource": arn,
          "Condition": { "Bool": { "aws:SecureTransport": "false" } } },
        { "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "elasticfilesystem:ClientMount", "Resource": arn,
          "Condition": { "Bool": { "elasticfilesystem:AccessedViaMountTarget": "true" } } },
    ] });
    vec![
        Row {
            what: "keys are shown by their ARNs",
            how: How::Compared(vec![
                case(
                    KIND,
                    "kms_key_id",
                    json!(ID),
                    ("KmsKeyId", json!(key)),
                    json!("0a1b2c3d-0000-4000-8000-000000000002"),
                ),
                case(KIND, "kms_key_id", Value::Null, ("KmsKeyId", json!(key)), Value::Null),
            ]),
        },
        Row {
            what: "the groups of a mount target are in any order",
            how: How::Compared(vec![case(
                "aws_efs_mount_target",
                "security_groups",
                json!(["sg-2", "sg-1"]),
                ("groupSet", json!(["sg-1", "sg-2"])),
                json!(["sg-2", "sg-3"]),
            )]),
        },
        Row {
            what: "a lifecycle is a list of single transitions, in any order",
            how: How::Compared(vec![case(
                KIND,
                "lifecycle",
                json!({ "transition_to_ia": "AFTER_30_DAYS", "transition_to_archive": "AFTER_90_DAYS" }),
                (
                    "LifecyclePolicies",
                    json!([{ "TransitionToArchive": "AFTER_90_DAYS" }, { "TransitionToIA": "AFTER_30_DAYS" }]),
                ),
                json!({ "transition_to_ia": "AFTER_30_DAYS" }),
            )]),
        },
        Row {
            what: "a provisioned rate is shown where none is provisioned",
            how: How::Compared(vec![case(
                KIND,
                "provisioned_throughput_in_mibps",
                Value::Null,
                ("ProvisionedThroughputInMibps", json!(16.0)),
                json!(16.0),
            )]),
        },
        Row {
            what: "the destination of a replication is REPLICATING",
            how: How::Compared(vec![case(
                KIND,
                "replication_overwrite_protection",
                json!("DISABLED"),
                ("FileSystemProtection", json!({ "ReplicationOverwriteProtection": "REPLICATING" })),
                json!("ENABLED"),
            )]),
        },
        Row {
            what: "backups are on their way, or have never been spoken of",
            how: How::Compared(vec![
                case(KIND, "backup", json!(true), ("Status", json!("ENABLING")), json!(false)),
                case(KIND, "backup", json!(false), ("Status", json!("DISABLING")), json!(true)),
                case(KIND, "backup", json!(false), ("Status", Value::Null), json!(true)),
            ]),
        },
        Row {
            what: "policies are reordered and rewritten",
            how: How::Compared(vec![case(
                KIND,
                "file_system_policy",
                policy("elasticfilesystem:ClientMount"),
                ("Policy", rewritten),
                policy("elasticfilesystem:ClientWrite"),
            )]),
        },
        Row {
            what: "permissions have a leading zero or none",
            how: How::Compared(vec![case(
                "aws_efs_access_point",
                "permissions",
                json!("0755"),
                ("Permissions", json!("755")),
                json!("0750"),
            )]),
        },
        Row {
            what: "the kind of address of a mount target is not shown",
            how: How::Compared(vec![case(
                "aws_efs_mount_target",
                "ip_address_type",
                json!("DUAL_STACK"),
                ("Ipv6Address", json!("2001:db8::10")),
                json!("IPV4_ONLY"),
            )]),
        },
    ]
}
