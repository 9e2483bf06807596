//! The holders of the objects that a plan deletes.

use provision::engine::plan::{Level, Mode};
use serde_json::{Value, json};

use crate::wire::replay::Replay;
use crate::wire::scene::{World, said};

const TARGET: &str = "aws_efs_mount_target.f/a";

/// A file system with its group and one mount target, a database with its subnet group; nothing is declared.
fn settled() -> World {
    let mut world = World::new();
    let group: Value = json!({
        "name": "d", "description": "x", "vpc_id": "vpc-1", "tags": {}, "ingress": [], "egress": [],
    });
    world.record("aws_security_group.d", "sg-1", &group, &[]);
    world.record("aws_efs_file_system.f", "fs-1", &json!({}), &[]);
    world.record(
        TARGET,
        "fsmt-1",
        &json!({ "file_system_id": "fs-1", "subnet_id": "subnet-a", "security_groups": ["sg-1"] }),
        &["aws_efs_file_system.f", "aws_security_group.d"],
    );
    world.outputs(TARGET, &json!({ "network_interface_id": "eni-1" }));
    world.record("aws_db_subnet_group.d", "d", &json!({}), &[]);
    world.record("aws_db_instance.d", "db-1", &json!({}), &["aws_db_subnet_group.d", "aws_security_group.d"]);
    world
}

fn interfaces(rows: &[(&str, &str, &str)]) -> String {
    let row = |(id, description, more): &(&str, &str, &str)| {
        format!(
            "<item><networkInterfaceId>{id}</networkInterfaceId><description>{description}</description>{more}\
             <groupSet><item><groupId>sg-1</groupId></item></groupSet></item>"
        )
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<DescribeNetworkInterfacesResponse><networkInterfaceSet>{rows}</networkInterfaceSet>\
         </DescribeNetworkInterfacesResponse>"
    )
}

fn groups(rows: &[(&str, &str)], member: &str) -> String {
    let row = |(id, name): &(&str, &str)| {
        format!(
            "<item><groupId>{id}</groupId><groupName>{name}</groupName><{member}><item><ipProtocol>tcp</ipProtocol>\
             <groups><item><groupId>sg-1</groupId></item></groups></item></{member}></item>"
        )
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<DescribeSecurityGroupsResponse><securityGroupInfo>{rows}</securityGroupInfo></DescribeSecurityGroupsResponse>"
    )
}

fn databases(rows: &[(&str, &str)]) -> String {
    let row = |(name, id): &(&str, &str)| {
        format!(
            "<DBInstance><DBInstanceIdentifier>{name}</DBInstanceIdentifier><DbiResourceId>{id}</DbiResourceId>\
             <DBInstanceStatus>available</DBInstanceStatus>\
             <DBSubnetGroup><DBSubnetGroupName>d</DBSubnetGroupName></DBSubnetGroup>\
             <VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId>\
             <Status>active</Status></VpcSecurityGroupMembership></VpcSecurityGroups></DBInstance>"
        )
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances>{rows}</DBInstances>\
         </DescribeDBInstancesResult></DescribeDBInstancesResponse>"
    )
}

fn targets(ids: &[&str]) -> String {
    let target = |id: &&str| {
        json!({
            "MountTargetId": id, "FileSystemId": "fs-1", "SubnetId": "subnet-b", "LifeCycleState": "available",
        })
    };
    json!({ "MountTargets": ids.iter().map(target).collect::<Vec<_>>() }).to_string()
}

const OF_FILE_SYSTEM: &str = "GET /2015-02-01/mount-targets?FileSystemId=fs-1";
const POINTS: &str = "GET /2015-02-01/access-points?FileSystemId=fs-1";
const REPLICATIONS: &str = "GET /2015-02-01/file-systems/replication-configurations?FileSystemId=fs-1";
const NO_REPLICATION: &str =
    r#"{"__type": "ReplicationNotFound", "ErrorCode": "ReplicationNotFound", "Message": "none"}"#;

/// The answers that show what the stack itself holds.
fn ours() -> Replay {
    Replay::default()
        .answer("DescribeSecurityGroups", 200, groups(&[], "ipPermissions"))
        .answer("DescribeSecurityGroups", 200, groups(&[], "ipPermissionsEgress"))
        .answer("DescribeDBInstances", 200, databases(&[("d", "db-1")]))
        .answer(OF_FILE_SYSTEM, 200, targets(&["fsmt-1"]))
        .answer(POINTS, 200, r#"{"AccessPoints": []}"#)
        .answer(REPLICATIONS, 404, NO_REPLICATION)
}

fn own_interfaces() -> [(&'static str, &'static str, &'static str); 2] {
    [("eni-1", "EFS mount target for fs-1 (fsmt-1)", ""), ("eni-2", "RDSNetworkInterface", "")]
}

#[tokio::test]
async fn a_replication_of_the_stacks_own_goes_first_and_holds_nothing() {
    const COPY: &str = "aws_efs_replication_configuration.f";
    let shown = json!({ "Replications": [{
        "SourceFileSystemId": "fs-1", "SourceFileSystemRegion": "eu-west-1", "SourceFileSystemArn": "arn:fs-1",
        "OriginalSourceFileSystemArn": "arn:fs-1", "CreationTime": 1,
        "Destinations": [{ "Status": "ENABLED", "FileSystemId": "fs-2", "Region": "eu-central-1" }],
    }] });
    for is_recorded in [true, false] {
        let mut world = settled();
        if is_recorded {
            let inputs = json!({ "file_system_id": "fs-1", "region": "eu-central-1" });
            world.record(COPY, "fs-1/replication-configuration", &inputs, &["aws_efs_file_system.f"]);
        }
        let replay = Replay::default()
            .answer("DescribeSecurityGroups", 200, groups(&[], "ipPermissions"))
            .answer("DescribeSecurityGroups", 200, groups(&[], "ipPermissionsEgress"))
            .answer("DescribeDBInstances", 200, databases(&[("d", "db-1")]))
            .answer(OF_FILE_SYSTEM, 200, targets(&["fsmt-1"]))
            .answer(POINTS, 200, r#"{"AccessPoints": []}"#)
            .answer(REPLICATIONS, 200, shown.to_string())
            .answer("DescribeNetworkInterfaces", 200, interfaces(&own_interfaces()));
        let findings = world.holders(&replay, Mode::Destroy).await;
        let errors = said(&findings, Level::Error);
        let is_held = errors.iter().any(|error| error.contains("fs-1 is replicated to fs-2 in eu-central-1"));
        assert_eq!(is_held, !is_recorded, "{errors:?}");
    }
}

#[tokio::test]
async fn what_the_stack_holds_itself_is_in_nobodys_way() {
    let replay = ours().answer("DescribeNetworkInterfaces", 200, interfaces(&own_interfaces()));
    let findings = settled().holders(&replay, Mode::Destroy).await;
    assert_eq!(
        said(&findings, Level::Passed),
        [
            "holders aws_db_subnet_group.d: nothing else holds d",
            "holders aws_efs_file_system.f: nothing else holds fs-1",
            "holders aws_security_group.d: nothing else holds sg-1",
        ]
    );
    assert_eq!(findings.len(), 3);
}

#[tokio::test]
async fn everybody_else_is_named_with_what_to_do() {
    let strange = [
        (
            "eni-7",
            "ELB app/web/1",
            "<requesterId>amazon-elb</requesterId><requesterManaged>true</requesterManaged>",
        ),
        ("eni-8", "", "<attachment><instanceId>i-1</instanceId></attachment>"),
        ("eni-9", "EFS mount target for fs-9 (fsmt-9)", ""),
    ];
    let all: Vec<_> = own_interfaces().into_iter().chain(strange).collect();
    let point =
        json!({ "AccessPoints": [{ "AccessPointId": "fsap-1", "FileSystemId": "fs-1", "Name": "backup" }] })
            .to_string();
    let replay = Replay::default()
        .answer("DescribeNetworkInterfaces", 200, interfaces(&all))
        .answer("DescribeSecurityGroups", 200, groups(&[("sg-1", "d"), ("sg-8", "bastion")], "ipPermissions"))
        .answer("DescribeSecurityGroups", 200, groups(&[("sg-9", "nodes")], "ipPermissionsEgress"))
        .answer("DescribeDBInstances", 200, databases(&[("d", "db-1"), ("other", "db-2")]))
        .answer("GET /2015-02-01/mount-targets?MountTargetId=fsmt-9", 200, targets(&["fsmt-9"]))
        .answer(OF_FILE_SYSTEM, 200, targets(&["fsmt-1", "fsmt-2"]))
        .answer(POINTS, 200, point)
        .answer(REPLICATIONS, 404, NO_REPLICATION);
    let findings = settled().holders(&replay, Mode::Destroy).await;
    assert_eq!(
        said(&findings, Level::Error),
        [
            "holders aws_db_subnet_group.d: d is still used by the database other (available)",
            "holders aws_efs_file_system.f: fs-1 has the mount target fsmt-2 in subnet-b, which is not this stack's",
            "holders aws_efs_file_system.f: fs-1 has the access point fsap-1 (backup), which is not this stack's",
            "holders aws_security_group.d: sg-1 is still used by the network interface eni-7 (ELB app/web/1, made by amazon-elb)",
            "holders aws_security_group.d: sg-1 is still used by the network interface eni-8 (attached to i-1)",
            "holders aws_security_group.d: sg-1 is still used by the network interface eni-9 (EFS mount target for fs-9 (fsmt-9))",
            "holders aws_security_group.d: sg-1 is still named in the rules of sg-8 (bastion)",
            "holders aws_security_group.d: sg-1 is still named in the rules of sg-9 (nodes)",
            "holders aws_security_group.d: sg-1 is still used by the database other (available)",
        ]
    );
    assert!(findings.iter().all(|finding| finding.hint.is_some()), "{findings:#?}");
    assert!(findings.iter().any(|one| {
        one.hint.as_deref().is_some_and(|hint| hint.contains("revoke-security-group-egress --group-id sg-9"))
    }));
}

/// A replication from `source` in eu-west-1 to `destination` in eu-central-1.
fn replicated(source: &str, destination: &str, status: &str) -> String {
    json!({ "Replications": [{
        "SourceFileSystemId": source, "SourceFileSystemRegion": "eu-west-1", "SourceFileSystemArn": "arn:s",
        "OriginalSourceFileSystemArn": "arn:s", "CreationTime": 1,
        "Destinations": [{ "Status": status, "FileSystemId": destination, "Region": "eu-central-1" }],
    }] })
    .to_string()
}

#[tokio::test]
async fn a_file_system_in_a_replication_stops_the_plan_that_would_delete_it() {
    for (answer, message, hint) in [
        (
            replicated("fs-1", "fs-2", "ENABLED"),
            "fs-1 is replicated to fs-2 in eu-central-1, and EFS deletes no file system that is in a replication",
            "delete-replication-configuration --source-file-system-id fs-1 --region eu-west-1",
        ),
        (
            replicated("fs-9", "fs-1", "ERROR"),
            "fs-1 is replicated from fs-9 in eu-west-1, and EFS deletes no file system that is in a replication",
            "delete-replication-configuration --source-file-system-id fs-9 --region eu-west-1",
        ),
        (
            replicated("fs-1", "fs-2", "DELETING"),
            "fs-1 is replicated to fs-2 in eu-central-1, and that replication is being deleted",
            "wait until it is gone",
        ),
    ] {
        let replay = Replay::default()
            .answer("DescribeNetworkInterfaces", 200, interfaces(&own_interfaces()))
            .answer("DescribeSecurityGroups", 200, groups(&[], "ipPermissions"))
            .answer("DescribeSecurityGroups", 200, groups(&[], "ipPermissionsEgress"))
            .answer("DescribeDBInstances", 200, databases(&[("d", "db-1")]))
            .answer(OF_FILE_SYSTEM, 200, targets(&["fsmt-1"]))
            .answer(POINTS, 200, r#"{"AccessPoints": []}"#)
            .answer(REPLICATIONS, 200, answer);
        let findings = settled().holders(&replay, Mode::Destroy).await;
        assert_eq!(said(&findings, Level::Error), [format!("holders aws_efs_file_system.f: {message}")]);
        let hints: Vec<&str> = findings.iter().filter_map(|finding| finding.hint.as_deref()).collect();
        assert!(hints.len() == 1 && hints[0].contains(hint), "{hints:?}");
    }
}

#[tokio::test]
async fn an_interface_that_outlives_its_mount_target_holds_nothing() {
    let lingering = [("eni-9", "EFS mount target for fs-9 (fsmt-9)", "")];
    let gone = r#"{"__type": "MountTargetNotFound", "ErrorCode": "MountTargetNotFound", "Message": "gone"}"#;
    let replay = ours().answer("DescribeNetworkInterfaces", 200, interfaces(&lingering)).answer(
        "GET /2015-02-01/mount-targets?MountTargetId=fsmt-9",
        404,
        gone,
    );
    let findings = settled().holders(&replay, Mode::Destroy).await;
    assert_eq!(said(&findings, Level::Error), [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_said_and_in_nobodys_way() {
    let denied =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    let refused =
        r#"{"__type": "AccessDeniedException", "ErrorCode": "AccessDeniedException", "Message": "no"}"#;
    let replay = Replay::default()
        .ec2_error("DescribeNetworkInterfaces", "UnauthorizedOperation")
        .ec2_error("DescribeSecurityGroups", "UnauthorizedOperation")
        .ec2_error("DescribeSecurityGroups", "UnauthorizedOperation")
        .answer("DescribeDBInstances", 403, denied)
        .answer(OF_FILE_SYSTEM, 403, refused)
        .answer(POINTS, 403, refused)
        .answer(REPLICATIONS, 403, refused);
    let findings = settled().holders(&replay, Mode::Destroy).await;
    assert_eq!(
        said(&findings, Level::NotChecked),
        [
            "holders aws_db_subnet_group.d: databases that use d (rds:DescribeDBInstances: AccessDenied)",
            "holders aws_efs_file_system.f: mount targets of others (elasticfilesystem:DescribeMountTargets: AccessDeniedException)",
            "holders aws_efs_file_system.f: access points of others (elasticfilesystem:DescribeAccessPoints: AccessDeniedException)",
            "holders aws_efs_file_system.f: replications (elasticfilesystem:DescribeReplicationConfigurations: AccessDeniedException)",
            "holders aws_security_group.d: network interfaces in sg-1 (ec2:DescribeNetworkInterfaces: UnauthorizedOperation)",
            "holders aws_security_group.d: rules that name sg-1 (ec2:DescribeSecurityGroups: UnauthorizedOperation)",
            "holders aws_security_group.d: databases that use sg-1 (rds:DescribeDBInstances: AccessDenied)",
        ]
    );
    assert_eq!(findings.len(), 7);
}

#[tokio::test]
async fn a_plan_that_deletes_nothing_asks_nothing() {
    let mut world = settled();
    for address in world.state.resources.keys().cloned().collect::<Vec<_>>() {
        let inputs = Value::Object(world.state.resources[&address].inputs.clone());
        world.declare(&address.to_string(), &inputs);
    }
    let replay = Replay::default();
    world.holders(&replay, Mode::RefreshOnly).await;
    assert_eq!(replay.operations(), [""; 0]);
}

#[tokio::test]
async fn a_group_that_is_replaced_must_be_let_go_by_others_and_is_by_the_stack_itself() {
    let mut world = settled();
    for at in ["aws_efs_file_system.f", "aws_db_subnet_group.d", "aws_db_instance.d"] {
        world.state.resources.remove(&at.parse().expect("an address"));
    }
    world.declare(
        "aws_security_group.d",
        &json!({ "name": "e", "description": "x", "vpc_id": "vpc-1", "tags": {}, "ingress": [], "egress": [] }),
    );
    world.declare(
        TARGET,
        &json!({ "file_system_id": "fs-1", "subnet_id": "subnet-a", "security_groups": ["${aws_security_group.d.id}"] }),
    );
    let strange = [("eni-1", "EFS mount target for fs-1 (fsmt-1)", ""), ("eni-8", "of somebody", "")];
    let replay = Replay::default()
        .answer("DescribeNetworkInterfaces", 200, interfaces(&strange))
        .answer("DescribeSecurityGroups", 200, groups(&[], "ipPermissions"))
        .answer("DescribeSecurityGroups", 200, groups(&[], "ipPermissionsEgress"))
        .answer("DescribeDBInstances", 200, databases(&[]));
    let findings = world.holders(&replay, Mode::Apply).await;
    assert_eq!(
        said(&findings, Level::Error),
        ["holders aws_security_group.d: sg-1 is still used by the network interface eni-8 (of somebody)"]
    );
}
