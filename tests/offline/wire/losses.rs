//! Backups of data that was deleted outside of provision, and the names of last snapshots.

use provision::engine::plan::{Finding, Level};
use provision::engine::resource::{Holdings, Remark};
use provision::engine::state::Phase;
use serde_json::{Value, json};

use crate::wire::replay::Replay;
use crate::wire::scene::{World, said};

const DATABASE: &str = "aws_db_instance.d";
const FILES: &str = "aws_efs_file_system.f";
const SNAPSHOTS: &str = "DescribeDBSnapshots";
const BACKUPS: &str = "DescribeDBInstanceAutomatedBackups";

fn database() -> Value {
    json!({
        "identifier": "gitlab", "engine": "postgres", "engine_version": "16", "instance_class": "db.t4g.medium",
        "allocated_storage": 50, "storage_type": "gp3", "username": "gitlab", "password": "managed", "password_version": 1,
        "multi_az": true, "port": 5432, "db_subnet_group_name": "d", "vpc_security_group_ids": ["sg-1", "sg-2"],
        "publicly_accessible": false, "backup_retention_period": 7, "storage_encrypted": true,
        "auto_minor_version_upgrade": true, "deletion_protection": false, "final_snapshot": true,
        "apply_immediately": false, "tags": {},
    })
}

/// Snapshots by name, status and time.
fn snapshots(rows: &[(&str, &str, &str)]) -> String {
    let row = |(name, status, time): &(&str, &str, &str)| {
        format!(
            "<DBSnapshot><DBSnapshotIdentifier>{name}</DBSnapshotIdentifier><Status>{status}</Status>\
             <SnapshotCreateTime>{time}</SnapshotCreateTime></DBSnapshot>"
        )
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<DescribeDBSnapshotsResponse><DescribeDBSnapshotsResult><DBSnapshots>{rows}</DBSnapshots>\
         </DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>"
    )
}

/// Automated backups that restore until a time.
fn backups(until: &str) -> String {
    format!(
        "<DescribeDBInstanceAutomatedBackupsResponse><DescribeDBInstanceAutomatedBackupsResult>\
         <DBInstanceAutomatedBackups><DBInstanceAutomatedBackup><Status>retained</Status>\
         <RestoreWindow><EarliestTime>2026-11-01T00:00:00Z</EarliestTime><LatestTime>{until}</LatestTime></RestoreWindow>\
         </DBInstanceAutomatedBackup></DBInstanceAutomatedBackups></DescribeDBInstanceAutomatedBackupsResult>\
         </DescribeDBInstanceAutomatedBackupsResponse>"
    )
}

fn refusal(code: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>")
}

/// The finding about a recorded database that is gone.
async fn of_a_lost_database(snapshots: (u16, String), backups: (u16, String)) -> (Finding, Vec<String>) {
    let mut world = World::new();
    world.record(DATABASE, "db-1", &database(), &[]);
    // The shape that the stack describes now counts, and not the one that was recorded.
    let mut declared = database();
    declared["instance_class"] = json!("db.m7g.large");
    declared["multi_az"] = json!(false);
    world.declare(DATABASE, &declared);
    world.gone(DATABASE);
    let replay =
        Replay::default().answer(SNAPSHOTS, snapshots.0, snapshots.1).answer(BACKUPS, backups.0, backups.1);
    let mut findings = world.remains(&replay).await;
    assert!(replay.asked().iter().all(|asked| asked.parameters["DbiResourceId"] == "db-1"), "by its own id");
    assert_eq!(findings.len(), 1);
    let finding = findings.remove(0);
    assert_eq!(finding.level, Level::Error);
    (finding, replay.operations())
}

#[tokio::test]
async fn a_lost_database_comes_with_its_newest_backup_and_the_ways_on() {
    let none = || (404, refusal("DBInstanceAutomatedBackupNotFound"));
    let (old, new) =
        (("old", "available", "2026-11-01T03:00:00Z"), ("new", "available", "2026-11-20T03:00:00Z"));
    let making = ("last", "creating", "2026-11-21T03:00:00Z");
    let failed = ("broken", "failed", "2026-11-22T03:00:00Z");
    let in_network = "--db-instance-class db.m7g.large --storage-type gp3 --db-subnet-group-name d --vpc-security-group-ids \
                      sg-1 sg-2 --no-multi-az --no-publicly-accessible --no-deletion-protection --region eu-west-1, then: \
                      aws rds wait db-instance-available --db-instance-identifier gitlab --region eu-west-1, then: provision \
                      import aws_db_instance.d=gitlab";
    for (rows, of_backups, left, restore) in [
        (
            vec![old, new, failed],
            none(),
            "the newest backup of it is the snapshot new of 2026-11-20 03:00 UTC",
            "restore-db-instance-from-db-snapshot --db-snapshot-identifier new --db-instance-identifier gitlab",
        ),
        (
            vec![old, making],
            none(),
            "the snapshot last of 2026-11-21 03:00 UTC, which is still being made",
            "--db-snapshot-identifier last",
        ),
        (
            vec![new],
            (200, backups("2026-11-21T10:00:00Z")),
            "its automated backups are kept for now, and restore it as it was until 2026-11-21 10:00 UTC",
            "restore-db-instance-to-point-in-time --source-dbi-resource-id db-1 --target-db-instance-identifier gitlab",
        ),
        (
            vec![new],
            (200, backups("2026-11-19T10:00:00Z")),
            "the snapshot new",
            "--db-snapshot-identifier new",
        ),
        (
            vec![new],
            (403, refusal("AccessDenied")),
            "(not all could be read: rds:DescribeDBInstanceAutomatedBackups: AccessDenied)",
            "--db-snapshot-identifier new",
        ),
    ] {
        let (finding, asked) = of_a_lost_database((200, snapshots(&rows)), of_backups).await;
        assert!(
            finding.message.starts_with("db-1 is gone from AWS") && finding.message.contains(left),
            "{finding:?}"
        );
        let hint = finding.hint.expect("there are ways on");
        for words in
            [restore, in_network, "provision apply --replace aws_db_instance.d", "provision state forget"]
        {
            assert!(hint.contains(words), "{words}: {hint}");
        }
        assert_eq!(asked.len(), 2);
    }
    let (finding, _) = of_a_lost_database((200, snapshots(&[])), none()).await;
    assert!(
        finding.message.ends_with("RDS has no snapshot of it and keeps no automated backup"),
        "{finding:?}"
    );
    assert!(!finding.hint.expect("there are ways on").contains("restore"), "there is nothing to restore");
}

/// They go with the database unless its deletion keeps them, and nothing shows that before it is gone.
#[tokio::test]
async fn backups_of_a_database_that_is_still_going_are_no_way_back() {
    let active = backups("2026-11-21T10:00:00Z").replace("retained", "active");
    let of_its_own = snapshots(&[("rds:gitlab-1", "available", "2026-11-20T03:00:00Z")])
        .replace("<Status>", "<SnapshotType>automated</SnapshotType><Status>");
    for snapshots in [snapshots(&[]), of_its_own] {
        let (finding, _) = of_a_lost_database((200, snapshots), (200, active.clone())).await;
        assert!(finding.message.contains("go with it unless its deletion keeps them"), "{finding:?}");
        assert!(!finding.hint.expect("there are ways on").contains("restore"), "nothing is promised");
    }
}

#[tokio::test]
async fn a_lost_database_is_restored_into_the_groups_that_stand_now() {
    const SUBNETS: &str = "aws_db_subnet_group.d";
    const GROUP: &str = "aws_security_group.d";
    for (group_is_gone, words) in [
        (true, "provision apply --target aws_security_group.d"),
        (false, "--db-subnet-group-name d --vpc-security-group-ids sg-9 --multi-az"),
    ] {
        let mut world = World::new();
        let group = json!({
            "name": "d", "description": "x", "vpc_id": "vpc-1", "tags": {}, "ingress": [], "egress": [],
        });
        let subnets =
            json!({ "name": "d", "description": "x", "subnet_ids": ["subnet-a", "subnet-b"], "tags": {} });
        world.record(GROUP, "sg-9", &group, &[]);
        world.record(SUBNETS, "d", &subnets, &[]);
        world.record(DATABASE, "db-1", &database(), &[SUBNETS, GROUP]);
        world.declare(GROUP, &group);
        world.declare(SUBNETS, &subnets);
        world.declare(DATABASE, &database());
        world.gone(DATABASE);
        if group_is_gone {
            world.gone(GROUP);
        }
        let replay = Replay::default()
            .answer(SNAPSHOTS, 200, snapshots(&[("new", "available", "2026-11-20T03:00:00Z")]))
            .answer(BACKUPS, 404, refusal("DBInstanceAutomatedBackupNotFound"));
        let findings = world.remains(&replay).await;
        let hint = findings[0].hint.as_deref().expect("there are ways on");
        assert!(hint.contains(words), "{words}: {hint}");
        assert_eq!(hint.contains("restore-db-instance"), !group_is_gone, "{hint}");
    }
}

#[tokio::test]
async fn a_lost_file_system_comes_with_the_way_to_its_backups() {
    let files = json!({
        "encrypted": true, "performance_mode": "generalPurpose", "throughput_mode": "elastic", "backup": true,
        "deletion_protection": true, "tags": {},
    });
    let mut world = World::new();
    world.record(FILES, "fs-1", &files, &[]);
    world.declare(FILES, &files);
    world.gone(FILES);
    let replay = Replay::default();
    let findings = world.remains(&replay).await;
    assert!(
        said(&findings, Level::Error)[0].starts_with("gone aws_efs_file_system.f: fs-1 is gone"),
        "{findings:?}"
    );
    let hint = findings[0].hint.as_deref().expect("there are ways on");
    assert!(findings[0].message.contains("aws backup list-recovery-points-by-resource --resource-arn"));
    for words in
        ["provision import aws_efs_file_system.f=ID", "provision apply --replace aws_efs_file_system.f"]
    {
        assert!(hint.contains(words), "{words}: {hint}");
    }
    assert_eq!(replay.operations(), [""; 0]);
}

/// A database that is to be deleted with a last snapshot.
fn leaving() -> World {
    let mut world = World::new();
    world.record(DATABASE, "db-1", &database(), &[]);
    world.remark(
        DATABASE,
        Remark::Holds(Holdings { final_snapshot: Some("gitlab-final-1".to_owned()), ..Holdings::default() }),
    );
    world
}

fn quota(used: u32) -> String {
    format!(
        "<DescribeAccountAttributesResponse><DescribeAccountAttributesResult><AccountQuotas><AccountQuota>\
         <AccountQuotaName>ManualSnapshots</AccountQuotaName><Used>{used}</Used><Max>100</Max></AccountQuota>\
         </AccountQuotas></DescribeAccountAttributesResult></DescribeAccountAttributesResponse>"
    )
}

#[tokio::test]
async fn a_last_snapshot_gets_a_name_that_is_free_and_needs_room() {
    let now = "2026-11-20T03:00:00Z";
    for (taken, used, name, errors) in [
        (vec![], 5, "gitlab-final-1", 0),
        (vec![("rds:gitlab-2026-11-20", "available", now)], 99, "gitlab-final-1", 0),
        // A deletion took it, and was not carried out.
        (vec![("gitlab-final-1", "available", now)], 5, "gitlab-final-1-2", 0),
        (vec![], 100, "gitlab-final-1", 1),
    ] {
        let replay = Replay::default().answer(SNAPSHOTS, 200, snapshots(&taken)).answer(
            "DescribeAccountAttributes",
            200,
            quota(used),
        );
        let (plan, findings) = leaving().last_snapshots(&replay).await;
        let data = plan.changes[0].data.as_ref().expect("it holds data");
        assert_eq!(data.final_snapshot.as_deref(), Some(name));
        assert_eq!(said(&findings, Level::Error).len(), errors, "{findings:?}");
        assert_eq!(findings.len(), errors);
    }
    let replay = Replay::default().answer(SNAPSHOTS, 403, refusal("AccessDenied")).answer(
        "DescribeAccountAttributes",
        403,
        refusal("AccessDenied"),
    );
    let (_, findings) = leaving().last_snapshots(&replay).await;
    assert_eq!(said(&findings, Level::NotChecked).len(), 2, "{findings:?}");
}

#[tokio::test]
async fn a_deletion_that_is_under_way_or_over_is_shown_with_the_snapshot_that_it_took() {
    let now = "2026-11-20T03:00:00Z";
    let name = provision::aws::kinds::db_instance::last_snapshot_name("gitlab", "db-1");
    for gone in [false, true] {
        for (rows, expected) in [
            (vec![(name.clone(), "creating")], Some(name.clone())),
            (
                vec![(name.clone(), "available"), (format!("{name}-2"), "available")],
                Some(format!("{name}-2")),
            ),
            (vec![("by-hand".to_owned(), "available")], None),
        ] {
            let mut world = leaving();
            world.state.resources.values_mut().for_each(|record| record.phase = Phase::Deleting);
            match gone {
                true => world.gone(DATABASE),
                false => world.leaving(DATABASE),
            }
            let rows: Vec<(&str, &str, &str)> =
                rows.iter().map(|(name, status)| (name.as_str(), *status, now)).collect();
            let replay = Replay::default().answer(SNAPSHOTS, 200, snapshots(&rows));
            let (plan, findings) = world.last_snapshots(&replay).await;
            let data = plan.changes[0].data.as_ref().expect("it held data");
            assert_eq!(data.final_snapshot, expected, "gone {gone}: {rows:?}");
            assert_eq!((findings.len(), replay.operations().len()), (0, 1), "no room is needed any more");
        }
    }
}

#[tokio::test]
async fn without_a_last_snapshot_nothing_is_asked_about_one() {
    let mut world = leaving();
    let record = world.state.resources.values_mut().next().expect("it is recorded");
    record.inputs["final_snapshot"] = json!(false);
    let replay = Replay::default();
    let (plan, findings) = world.last_snapshots(&replay).await;
    assert_eq!((findings.len(), replay.operations().len()), (0, 0));
    assert_eq!(plan.changes[0].data.as_ref().and_then(|data| data.final_snapshot.as_deref()), None);
}
