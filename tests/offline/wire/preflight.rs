//! The questions that a plan asks AWS beforehand, and what it makes of the answers.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use provision::aws::checks::Purpose;
use provision::engine::plan::Level;
use serde_json::{Value, json};

use crate::wire::replay::Replay;
use crate::wire::scene::{World, said};

const GROUP: &str = "aws_security_group.d";
const DATABASE: &str = "aws_db_instance.d";

fn database(replaced: &Value) -> Value {
    let mut inputs = json!({
        "identifier": "d", "engine": "postgres", "engine_version": "16", "instance_class": "db.t4g.medium",
        "allocated_storage": 50, "storage_type": "gp3", "username": "gitlab", "password": "managed",
        "password_version": 1, "multi_az": true, "port": 5432, "db_subnet_group_name": "${aws_db_subnet_group.d.id}",
        "vpc_security_group_ids": ["${aws_security_group.d.id}"], "publicly_accessible": false,
        "backup_retention_period": 30, "storage_encrypted": true, "auto_minor_version_upgrade": true,
        "deletion_protection": true, "final_snapshot": true, "apply_immediately": false, "tags": {},
    });
    for (field, value) in replaced.as_object().expect("fields") {
        inputs[field] = value.clone();
    }
    inputs
}

/// A stack of which nothing is there yet.
fn first() -> World {
    let mut world = World::new();
    for zone in ["a", "b"] {
        world.subnet(&format!("eu-west-1{zone}"), &format!("subnet-{zone}"));
        let target = json!({
            "file_system_id": "${aws_efs_file_system.f.id}", "security_groups": ["${aws_security_group.d.id}"],
            "subnet_id": format!("${{aws_subnet.eu-west-1{zone}.id}}"),
        });
        world.declare(&format!("aws_efs_mount_target.f/eu-west-1{zone}"), &target);
    }
    world.declare(
        GROUP,
        &json!({
            "name": "d", "description": "x", "vpc_id": "vpc-1", "tags": { "team": "one" },
            "ingress": [
                { "protocol": "tcp", "from_port": 5432, "to_port": 5432, "source": "10.1.0.0/16" },
                { "protocol": "tcp", "from_port": 5432, "to_port": 5432, "source": "10.2.0.0/16" },
            ],
            "egress": [],
        }),
    );
    world.declare(
        "aws_efs_file_system.f",
        &json!({
            "encrypted": true, "performance_mode": "generalPurpose", "throughput_mode": "elastic", "backup": true,
            "deletion_protection": true, "tags": {},
        }),
    );
    world.declare(
        "aws_db_subnet_group.d",
        &json!({
            "name": "d", "description": "x", "tags": {},
            "subnet_ids": ["${aws_subnet.eu-west-1a.id}", "${aws_subnet.eu-west-1b.id}"],
        }),
    );
    world.declare(DATABASE, &database(&json!({})));
    world
}

fn rds(operation: &str, inner: &str) -> String {
    format!("<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>")
}

fn versions(rows: &[(&str, &str)]) -> String {
    let row = |(version, target): &(&str, &str)| {
        format!(
            "<DBEngineVersion><Engine>postgres</Engine><EngineVersion>{version}</EngineVersion>\
             <Status>available</Status><ValidUpgradeTarget><UpgradeTarget><EngineVersion>{target}</EngineVersion>\
             </UpgradeTarget></ValidUpgradeTarget></DBEngineVersion>"
        )
    };
    let rows: String = rows.iter().map(row).collect();
    rds("DescribeDBEngineVersions", &format!("<DBEngineVersions>{rows}</DBEngineVersions>"))
}

fn offers(version: &str, zones: &[&str]) -> String {
    let zones: String = zones
        .iter()
        .map(|zone| format!("<AvailabilityZone><Name>eu-west-1{zone}</Name></AvailabilityZone>"))
        .collect();
    let offer = format!(
        "<OrderableDBInstanceOption><DBInstanceClass>db.t4g.medium</DBInstanceClass>\
         <EngineVersion>{version}</EngineVersion><StorageType>gp3</StorageType><MultiAZCapable>true</MultiAZCapable>\
         <SupportsStorageEncryption>true</SupportsStorageEncryption><MinStorageSize>20</MinStorageSize>\
         <MaxStorageSize>65536</MaxStorageSize><AvailabilityZones>{zones}</AvailabilityZones>\
         </OrderableDBInstanceOption>"
    );
    let inner = format!("<OrderableDBInstanceOptions>{offer}</OrderableDBInstanceOptions>");
    rds("DescribeOrderableDBInstanceOptions", &inner)
}

fn attributes(quotas: &[(&str, u32, u32)]) -> String {
    let row = |(name, used, max): &(&str, u32, u32)| {
        format!(
            "<AccountQuota><AccountQuotaName>{name}</AccountQuotaName><Used>{used}</Used><Max>{max}</Max></AccountQuota>"
        )
    };
    let rows: String = quotas.iter().map(row).collect();
    rds("DescribeAccountAttributes", &format!("<AccountQuotas>{rows}</AccountQuotas>"))
}

fn subnets(free: [u32; 2]) -> String {
    let row = |(zone, free): (&str, u32)| {
        format!(
            "<item><subnetId>subnet-{zone}</subnetId><availableIpAddressCount>{free}</availableIpAddressCount></item>"
        )
    };
    let rows: String = ["a", "b"].into_iter().zip(free).map(row).collect();
    format!("<DescribeSubnetsResponse><subnetSet>{rows}</subnetSet></DescribeSubnetsResponse>")
}

const GROUPS: &str = "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId></item>\
    <item><groupId>sg-2</groupId></item></securityGroupInfo></DescribeSecurityGroupsResponse>";

fn quota(value: f64) -> String {
    json!({ "Quota": { "ServiceCode": "x", "QuotaCode": "y", "Value": value } }).to_string()
}

/// AWS with room for everything.
fn roomy() -> Replay {
    let quotas = [("DBInstances", 1, 40), ("DBSubnetGroups", 1, 50), ("AllocatedStorage", 50, 100_000)];
    answering([200, 200], &attributes(&quotas), 1000.0, &["a", "b", "c"])
        .ec2_error("CreateSecurityGroup", "DryRunOperation")
}

fn answering(free: [u32; 2], attributes: &str, of_service: f64, zones: &[&str]) -> Replay {
    let replay = Replay::default()
        .answer("DescribeDBEngineVersions", 200, versions(&[("16.9", "16.10"), ("16.10", "17.6")]))
        .answer("DescribeOrderableDBInstanceOptions", 200, offers("16.10", zones))
        .answer("DescribeSubnets", 200, subnets(free))
        .answer("DescribeAccountAttributes", 200, attributes)
        .answer("GET /2015-02-01/file-systems", 200, r#"{"FileSystems": []}"#)
        .answer("DescribeSecurityGroups", 200, GROUPS);
    (0..3).fold(replay, |replay, _| replay.answer("GetServiceQuota", 200, quota(of_service)))
}

#[tokio::test]
async fn a_first_plan_asks_for_everything_at_once_and_changes_nothing() {
    let replay = roomy();
    let findings = first().check(&replay).await;
    assert_eq!(said(&findings, Level::Error), [""; 0]);
    assert_eq!(said(&findings, Level::Warning), [""; 0]);
    assert_eq!(
        said(&findings, Level::NotChecked),
        ["permissions: permissions of EFS and RDS (AWS cannot be asked)"]
    );
    let passed: BTreeSet<&str> = findings
        .iter()
        .filter(|finding| finding.level == Level::Passed)
        .map(|finding| finding.check.as_str())
        .collect();
    let expected = ["engine-version", "free-addresses", "instance-class", "permissions", "quota", "zones"];
    assert_eq!(passed, expected.into());

    let asked = replay.asked();
    assert_eq!(asked.len(), 10, "{:?}", replay.operations());
    let one = |operation: &str| {
        asked
            .iter()
            .find(|asked| asked.operation == operation)
            .unwrap_or_else(|| panic!("{operation} was not asked"))
    };
    let versions = one("DescribeDBEngineVersions");
    assert_eq!(versions.parameter("DBParameterGroupFamily"), "postgres16");
    assert_eq!(versions.parameter("IncludeAll"), "true");
    let options = one("DescribeOrderableDBInstanceOptions");
    assert_eq!(options.parameter("DBInstanceClass"), "db.t4g.medium");
    assert_eq!(options.parameter("EngineVersion"), "16.10", "the newest that the written one stands for");
    let rehearsal = one("CreateSecurityGroup");
    assert_eq!(rehearsal.parameter("DryRun"), "true");
    assert_eq!(rehearsal.parameter("GroupName"), "d");
    let tags: BTreeSet<&str> = asked
        .iter()
        .flat_map(|asked| &asked.parameters)
        .filter(|(name, _)| name.starts_with("TagSpecification") && name.ends_with("Key"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(tags, ["provision:address", "provision:lineage", "provision:stack", "team"].into());
    let quotas: BTreeSet<String> = asked
        .iter()
        .filter(|asked| asked.operation == "GetServiceQuota")
        .map(|asked| format!("{} {}", asked.json()["ServiceCode"], asked.json()["QuotaCode"]))
        .collect();
    let expected =
        ["\"elasticfilesystem\" \"L-848C634D\"", "\"vpc\" \"L-0EA8095F\"", "\"vpc\" \"L-E79EC296\""];
    assert_eq!(quotas, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn what_aws_would_refuse_is_an_error_before_anything_is_done() {
    let full = [("DBInstances", 40, 40), ("DBSubnetGroups", 50, 50), ("AllocatedStorage", 99_990, 100_000)];
    let replay = answering([1, 0], &attributes(&full), 1.0, &["b", "c"])
        .ec2_error("CreateSecurityGroup", "UnauthorizedOperation");
    let mut world = first();
    world.declare(DATABASE, &database(&json!({ "engine_version": "16" })));
    let findings = world.check(&replay).await;
    let mut errors = said(&findings, Level::Error);
    errors.sort();
    assert_eq!(
        errors,
        [
            "free-addresses aws_db_instance.d: subnet-a and subnet-b have no address left for it, and it needs one in each of 2 subnets",
            "free-addresses aws_efs_mount_target.f/eu-west-1b: subnet-b has no free address, and gets 1 mount target",
            "permissions aws_security_group.d: the permission to make it is missing: ec2:CreateSecurityGroup with its tags",
            "quota aws_db_instance.d: 1 more database does not fit into the account's quota of 40, of which 40 are used",
            "quota aws_db_instance.d: 50 more GiB of database storage do not fit into the account's quota of 100000, of which 99990 are used",
            "quota aws_db_subnet_group.d: 1 more DB subnet group does not fit into the account's quota of 50, of which 50 are used",
            "quota aws_security_group.d: 1 more security group does not fit into the account's quota of 1, of which 2 are used",
            "quota aws_security_group.d: it has 2 rules in one direction, and the account's quota is 1",
            "zones aws_db_instance.d: db.t4g.medium is there in eu-west-1b alone of the subnets' zones, and a standby needs a second one",
        ]
    );
    assert!(findings.iter().filter(|one| one.level == Level::Error).all(|one| one.hint.is_some()));
}

/// Whoever reviews a plan may do less than whoever applies it.
#[tokio::test]
async fn what_whoever_applies_may_not_do_is_a_warning_for_a_review_and_an_error_of_the_run() {
    for (code, purpose, level) in [
        ("UnauthorizedOperation", Purpose::Review, Level::Warning),
        ("UnauthorizedOperation", Purpose::CarryOut, Level::Error),
        ("DryRunOperation", Purpose::CarryOut, Level::Passed),
        ("RequestLimitExceeded", Purpose::CarryOut, Level::NotChecked),
    ] {
        let mut world = first();
        world.purpose = purpose;
        world.declare(DATABASE, &database(&json!({ "password": "env:A_PASSWORD_THAT_NOBODY_HAS" })));
        let quotas = [("DBInstances", 1, 40), ("DBSubnetGroups", 1, 50), ("AllocatedStorage", 50, 100_000)];
        let replay = answering([200, 200], &attributes(&quotas), 1000.0, &["a", "b", "c"])
            .ec2_error("CreateSecurityGroup", code);
        let findings = world.check(&replay).await;
        let of = |check: &str| -> Vec<Level> {
            let of = findings.iter().filter(|one| one.check == check && one.address.is_some());
            of.map(|one| one.level).collect()
        };
        assert_eq!(of("permissions"), [level], "{code} {purpose:?}");
        let unread = if purpose == Purpose::Review { Level::Warning } else { Level::Error };
        assert_eq!(of("password"), [unread], "{purpose:?}");
    }
}

#[tokio::test]
async fn a_version_that_is_not_there_is_an_error() {
    let mut world = first();
    world.declare(DATABASE, &database(&json!({ "engine_version": "16.11" })));
    let findings = world.check(&roomy()).await;
    let errors = said(&findings, Level::Error);
    assert!(errors.iter().any(|error| error.contains("16.11 is not on offer in eu-west-1: of 16 there are 16.9 and 16.10")), "{errors:?}");
}

#[tokio::test]
async fn what_aws_does_not_answer_is_not_checked_and_never_in_the_way() {
    // Every request is refused: permissions are missing, or an emulator does not know the call.
    let replay = Replay::default();
    let denied =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    let replay =
        ["DescribeDBEngineVersions", "DescribeOrderableDBInstanceOptions", "DescribeAccountAttributes"]
            .into_iter()
            .fold(replay, |replay, operation| replay.answer(operation, 403, denied));
    let replay = ["DescribeSubnets", "DescribeSecurityGroups"]
        .into_iter()
        .fold(replay, |replay, operation| replay.ec2_error(operation, "UnauthorizedOperation"))
        .ec2_error("CreateSecurityGroup", "RequestLimitExceeded");
    let refusal = r#"{"__type": "AccessDeniedException", "message": "no"}"#;
    let replay = (0..3).fold(replay, |replay, _| replay.answer("GetServiceQuota", 400, refusal));
    let findings = first().check(&replay).await;
    assert!(findings.iter().all(|finding| finding.level == Level::NotChecked), "{findings:#?}");
    let reasons: BTreeSet<String> = findings.iter().map(|finding| finding.message.clone()).collect();
    for reason in [
        "versions of PostgreSQL (rds:DescribeDBEngineVersions: AccessDenied)",
        "classes that can be ordered, and their zones (rds:DescribeOrderableDBInstanceOptions: AccessDenied)",
        "free addresses of the subnets (ec2:DescribeSubnets: UnauthorizedOperation)",
        "quota of databases (rds:DescribeAccountAttributes: AccessDenied)",
        "quota of rules in a security group (servicequotas:GetServiceQuota: AccessDeniedException)",
        "permission to make security groups (ec2:CreateSecurityGroup: RequestLimitExceeded)",
    ] {
        assert!(reasons.contains(reason), "{reason}\n{reasons:#?}");
    }
}

/// A database that is there with PostgreSQL 16.9, and its stack as it was applied.
fn settled(recorded: &Value) -> World {
    let mut world = World::new();
    let known = json!({ "db_subnet_group_name": "d", "vpc_security_group_ids": ["sg-1"] });
    let mut inputs = database(&known);
    for (field, value) in recorded.as_object().expect("fields") {
        inputs[field] = value.clone();
    }
    world.record(DATABASE, "db-1", &inputs, &[]);
    world.change_live(DATABASE, "engine_version", json!("16.9"));
    world.declare(DATABASE, &database(&known));
    world
}

#[tokio::test]
async fn a_stack_that_is_as_it_was_applied_asks_nothing() {
    let replay = Replay::default();
    let findings = settled(&json!({})).check(&replay).await;
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(replay.operations(), [""; 0]);
}

#[tokio::test]
async fn an_upgrade_is_held_against_where_rds_goes_from_the_live_version() {
    for (wanted, level) in [("16.10", Level::Passed), ("16.11", Level::Error)] {
        let mut world = settled(&json!({}));
        let known = json!({ "db_subnet_group_name": "d", "vpc_security_group_ids": ["sg-1"], "engine_version": wanted });
        world.declare(DATABASE, &database(&known));
        let findings = world.check(&roomy()).await;
        let found: Vec<Level> = findings
            .iter()
            .filter(|finding| finding.check == "upgrade-target")
            .map(|finding| finding.level)
            .collect();
        assert_eq!(found, [level], "{wanted}: {findings:#?}");
        assert!(!findings.iter().any(|finding| finding.check == "engine-version"));
    }
}

#[tokio::test]
async fn a_change_of_class_asks_for_the_class_with_the_live_version_alone() {
    let mut world = settled(&json!({}));
    let known = json!({
        "db_subnet_group_name": "d", "vpc_security_group_ids": ["sg-1"], "instance_class": "db.t4g.medium",
    });
    world.declare(DATABASE, &database(&known));
    let mut recorded = database(&known);
    recorded["instance_class"] = json!("db.t4g.small");
    world.record(DATABASE, "db-1", &recorded, &[]);
    world.change_live(DATABASE, "engine_version", json!("16.9"));
    for (offered, level) in [("16.9", Level::Passed), ("16.10", Level::Error)] {
        let replay = Replay::in_order(&[(200, &offers(offered, &["a", "b"]))]);
        let findings = world.check(&replay).await;
        assert_eq!(replay.operations(), ["DescribeOrderableDBInstanceOptions"]);
        let class =
            findings.iter().find(|finding| finding.check == "instance-class").expect("it was checked");
        assert_eq!(class.level, level, "{class:?}");
    }
}

#[tokio::test]
async fn what_is_not_changed_after_all_is_not_spoken_of() {
    // The record is behind: someone has made the change already.
    let world = {
        let mut world = settled(&json!({ "allocated_storage": 20 }));
        world.change_live(DATABASE, "allocated_storage", json!(50));
        world
    };
    assert_eq!(world.prospects().len(), 1);
    let findings = world.check(&roomy()).await;
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test]
async fn growing_storage_is_held_against_what_is_left_of_the_quota() {
    let mut world = settled(&json!({ "allocated_storage": 20 }));
    world.change_live(DATABASE, "allocated_storage", json!(20));
    for (used, level) in [(99_970, Level::Passed), (99_971, Level::Error)] {
        let replay = Replay::in_order(&[(200, &attributes(&[("AllocatedStorage", used, 100_000)]))]);
        let findings = world.check(&replay).await;
        let quotas: Vec<Level> =
            findings.iter().filter(|one| one.check == "quota").map(|one| one.level).collect();
        assert_eq!(quotas, [level], "{findings:#?}");
    }
}

#[tokio::test]
async fn a_quota_that_was_never_changed_has_its_default() {
    let world = first();
    let mut prospects = world.prospects();
    prospects.retain(|prospect| prospect.address.kind() == "aws_efs_file_system");
    let replay = Replay::default()
        .answer("GetServiceQuota", 400, r#"{"__type": "NoSuchResourceException", "Message": "none"}"#)
        .answer("GetAWSDefaultServiceQuota", 200, quota(1000.0))
        .answer("GET /2015-02-01/file-systems", 200, r#"{"FileSystems": []}"#);
    let findings = world.check_about(&replay, &prospects, None).await;
    assert_eq!(
        said(&findings, Level::Passed),
        ["quota aws_efs_file_system.f: 1 more file system fits into the account's quota of 1000"]
    );
}

#[tokio::test]
async fn a_key_that_is_named_is_looked_up_once() {
    let world = first();
    let mut prospects = world.prospects();
    prospects.retain(|prospect| prospect.address.kind() == "aws_efs_file_system");
    for prospect in &mut prospects {
        prospect.inputs = json!({ "kms_key_id": "alias/storage" }).as_object().expect("an object").clone();
        prospect.differing = ["kms_key_id".to_owned()].into();
        prospect.is_new = false;
    }
    let key = |state: &str| {
        json!({ "KeyMetadata": { "KeyId": "k-1", "KeyState": state, "Enabled": state == "Enabled" } })
            .to_string()
    };
    for (state, level) in [("Enabled", Level::Passed), ("PendingDeletion", Level::Error)] {
        let replay = Replay::default().answer("DescribeKey", 200, key(state));
        let findings = world.check_about(&replay, &prospects, None).await;
        assert_eq!(replay.operations(), ["DescribeKey"]);
        assert_eq!(replay.asked()[0].json(), json!({ "KeyId": "alias/storage" }));
        let found = findings.iter().find(|finding| finding.check == "kms-key").expect("it was checked");
        assert_eq!(found.level, level, "{found:?}");
    }
}

#[tokio::test]
async fn credentials_that_end_too_early_are_warned_of() {
    let world = first();
    // A group, then a subnet group is ready, then the database: 55 minutes at most from the first second of 1970 on.
    for (minutes, level) in [(56, Level::Passed), (54, Level::Warning)] {
        // The identity cache renews what is about to end by the real clock, and gets the same again.
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(minutes * 60);
        let replay = roomy();
        let findings = world.check_about(&replay, &world.prospects(), Some(end)).await;
        let found: Vec<Level> = findings
            .iter()
            .filter(|finding| finding.check == "credentials")
            .map(|finding| finding.level)
            .collect();
        assert_eq!(found, [level], "{findings:#?}");
    }
}

/// A snapshot of a database like that of the stack.
fn snapshots(changed: &[(&str, &str)]) -> String {
    let mut elements = std::collections::BTreeMap::from([
        ("DBSnapshotIdentifier", "before"),
        ("DbiResourceId", "db-of-the-snapshot"),
        ("SnapshotType", "manual"),
        ("Status", "available"),
        ("SnapshotCreateTime", "2026-11-21T04:12:00Z"),
        ("Engine", "postgres"),
        ("EngineVersion", "16.9"),
        ("AllocatedStorage", "50"),
        ("Encrypted", "true"),
        ("MasterUsername", "gitlab"),
    ]);
    elements.extend(changed.iter().copied());
    let inner: String = elements.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
    rds("DescribeDBSnapshots", &format!("<DBSnapshots><DBSnapshot>{inner}</DBSnapshot></DBSnapshots>"))
}

/// The verdicts on the backup of a new database.
async fn of_backup(restore_from: Value, replay: &Replay) -> Vec<(Level, String)> {
    let mut world = first();
    world.declare(DATABASE, &database(&json!({ "restore_from": restore_from })));
    let findings = world.check(replay).await;
    let of_it = findings.into_iter().filter(|one| one.check == "restore-from");
    of_it.map(|one| (one.level, one.message)).collect()
}

#[tokio::test]
async fn a_backup_is_read_where_a_database_is_to_be_made_from_it() {
    for (changed, level, word) in [
        (
            &[][..],
            Level::Passed,
            "it is restored from the snapshot before of 2026-11-21T04:12:00Z (PostgreSQL 16.9, 50 GiB)",
        ),
        (&[("Engine", "mysql")], Level::Error, "is one of mysql"),
        (&[("EngineVersion", "15.4")], Level::Error, "has PostgreSQL 15.4"),
        (&[("AllocatedStorage", "100")], Level::Error, "has 100 GiB"),
        (&[("Encrypted", "false")], Level::Error, "is not encrypted"),
        (&[("MasterUsername", "postgres")], Level::Error, "master user of the snapshot before is postgres"),
        (&[("Status", "creating")], Level::Error, "still being made"),
    ] {
        let replay = roomy().answer("DescribeDBSnapshots", 200, snapshots(changed));
        let found = of_backup(json!({ "snapshot": "before" }), &replay).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, level, "{found:?}");
        assert!(found[0].1.contains(word), "{found:?}");
        let asked = replay.asked();
        let read = asked.iter().find(|one| one.operation == "DescribeDBSnapshots").expect("it is read");
        assert_eq!(read.parameter("DBSnapshotIdentifier"), "before");
    }
}

#[tokio::test]
async fn a_backup_that_is_not_there_or_cannot_be_read_is_said() {
    let refused = |code: &str| {
        format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>")
    };
    for (code, status, level, word) in [
        ("DBSnapshotNotFound", 404, Level::Error, "there is no snapshot before"),
        (
            "AccessDenied",
            403,
            Level::NotChecked,
            "the snapshot before (rds:DescribeDBSnapshots: AccessDenied)",
        ),
    ] {
        let replay = roomy().answer("DescribeDBSnapshots", status, refused(code));
        let found = of_backup(json!({ "snapshot": "before" }), &replay).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].0 == level && found[0].1.contains(word), "{found:?}");
    }
    let replay = roomy().answer("DescribeDBInstances", 404, refused("DBInstanceNotFound"));
    let found = of_backup(json!({ "source": "records", "time": "latest" }), &replay).await;
    assert!(found[0].0 == Level::Error && found[0].1.contains("there is no database records"), "{found:?}");
}

#[tokio::test]
async fn an_automated_snapshot_is_asked_for_by_its_type() {
    for (name, kind) in [("rds:records-2026-11-21-04-12", "automated"), ("awsbackup:job-0a1b", "awsbackup")] {
        let replay = roomy().answer("DescribeDBSnapshots", 200, snapshots(&[]));
        of_backup(json!({ "snapshot": name }), &replay).await;
        let asked = replay.asked();
        let read = asked.iter().find(|one| one.operation == "DescribeDBSnapshots").expect("it is read");
        assert_eq!(read.parameter("SnapshotType"), kind);
    }
}

#[tokio::test]
async fn of_a_database_that_is_there_no_backup_is_read() {
    let replay = Replay::default();
    let mut world = settled(&json!({}));
    let known = json!({
        "db_subnet_group_name": "d", "vpc_security_group_ids": ["sg-1"], "restore_from": { "snapshot": "before" },
    });
    world.declare(DATABASE, &database(&known));
    let findings = world.check(&replay).await;
    assert!(findings.is_empty(), "{findings:#?}");
    assert_eq!(replay.operations(), [""; 0]);
}

#[tokio::test]
async fn the_password_of_a_backup_may_stay() {
    for (restore_from, errors) in [(json!({ "snapshot": "before" }), 0), (Value::Null, 1)] {
        let mut world = first();
        let mut inputs = database(&json!({ "password": "unmanaged", "restore_from": restore_from }));
        inputs.as_object_mut().expect("fields").retain(|_, value| !value.is_null());
        world.declare(DATABASE, &inputs);
        let replay = roomy().answer("DescribeDBSnapshots", 200, snapshots(&[]));
        let findings = world.check(&replay).await;
        assert_eq!(findings.iter().filter(|one| one.check == "password").count(), errors, "{findings:#?}");
    }
}
