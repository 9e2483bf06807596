//! Databases that are made from a backup: what the restore sends, and what is sent after it.

use std::collections::{BTreeMap, BTreeSet};

use provision::aws::kinds::registry;
use serde_json::{Value, json};

use crate::samples;
use crate::wire::object::Object;
use crate::wire::owner;
use crate::wire::rds::{ID, answer, database, described, instance, sent};
use crate::wire::replay::Replay;

const AT: &str = "aws_db_instance.gitlab-pgsql";
const FROM_SNAPSHOT: &str = "RestoreDBInstanceFromDBSnapshot";
const TO_TIME: &str = "RestoreDBInstanceToPointInTime";

/// The parameters of the call that makes a database with every option, from this backup.
async fn made_from(origin: Value) -> BTreeMap<String, String> {
    let mut inputs = samples::sample("aws_db_instance");
    inputs.remove("restore_from");
    inputs.extend(origin.as_object().expect("an option or none").clone());
    let whole = Object { kind: "aws_db_instance", inputs }.normalised();
    let answers = ["CreateDBInstance", FROM_SNAPSHOT, TO_TIME];
    let replay = answers.into_iter().fold(Replay::default(), |replay, operation| {
        replay.answer(operation, 200, answer(operation, &instance(&[])))
    });
    whole.create(&replay, &owner(AT)).await.expect("it is made");
    assert_eq!(replay.operations().len(), 1);
    sent(&replay, 0)
}

#[tokio::test]
async fn a_restore_sends_all_that_it_takes_of_what_a_creation_sends() {
    let created = made_from(json!({})).await;
    // Of the backup, or set when the database is there (the members of both calls in the API model).
    let later = [
        "DBName",
        "DatabaseInsightsMode",
        "EnablePerformanceInsights",
        "Engine",
        "EngineVersion",
        "KmsKeyId",
        "ManageMasterUserPassword",
        "MasterUserSecretKmsKeyId",
        "MasterUsername",
        "MonitoringInterval",
        "MonitoringRoleArn",
        "PerformanceInsightsKMSKeyId",
        "PerformanceInsightsRetentionPeriod",
        "PreferredMaintenanceWindow",
        "StorageEncrypted",
    ];
    let of_snapshot = made_from(json!({ "restore_from": { "snapshot": "before" } })).await;
    let of_time = made_from(json!({ "restore_from": { "source": "records", "time": "latest" } })).await;
    for (restored, name, lacks) in [
        (&of_snapshot, "DBInstanceIdentifier", &["MaxAllocatedStorage"][..]),
        (&of_time, "TargetDBInstanceIdentifier", &[]),
    ] {
        let missing: BTreeSet<&str> = created
            .iter()
            .filter(|(member, value)| *member != "Action" && restored.get(*member) != Some(*value))
            .map(|(member, _)| member.as_str())
            .filter(|member| *member != "DBInstanceIdentifier")
            .collect();
        assert_eq!(missing, later.iter().chain(lacks).copied().collect());
        assert_eq!(restored[name], "gitlab-pgsql");
        // The ownership tags too: without any, the new database would carry those of the old one.
        assert!(restored.values().any(|value| value == "provision:stack"), "{restored:?}");
    }
    assert_eq!(of_snapshot["DBSnapshotIdentifier"], "before");
    assert_eq!(
        (of_time["SourceDBInstanceIdentifier"].as_str(), of_time["UseLatestRestorableTime"].as_str()),
        ("records", "true")
    );
}

#[tokio::test]
async fn a_moment_is_sent_as_it_is_written() {
    let sent =
        made_from(json!({ "restore_from": { "source": "records", "time": "2026-11-27T04:00:00Z" } })).await;
    assert_eq!(sent["Action"], TO_TIME);
    assert_eq!(sent["RestoreTime"], "2026-11-27T04:00:00Z");
    assert!(!sent.contains_key("UseLatestRestorableTime"));
}

/// The password of a backup is not the one that is wanted: what is recorded of a restore says that none has been sent.
#[tokio::test]
async fn what_is_recorded_of_a_restore_has_the_password_still_to_be_sent() {
    let registry = registry();
    let manager = registry.managing("aws_db_instance").expect("a kind of the registry");
    let origin = json!({ "snapshot": "before" });
    for (password, differs) in [("managed", true), ("env:PASSWORD", true), ("unmanaged", false)] {
        let wanted = database(json!({ "restore_from": origin, "password": password }));
        let recorded = Object { inputs: manager.as_created(&wanted.inputs), ..wanted.clone() };
        let replay = Replay::in_order(&[(200, &described(&[instance(&[("MasterUserSecret", "")])]))]);
        let seen = recorded.observe(&replay, &[ID]).await.expect("a read").into_values().next();
        let seen = seen.expect("it is there").inputs;
        let changes = provision::engine::diff::diff(manager.fields(), &wanted.inputs, &seen);
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths.contains(&"password"), differs, "{password}: {paths:?}");
        assert!(!paths.contains(&"restore_from"));
    }
}

#[tokio::test]
async fn what_a_restore_does_not_take_is_set_by_one_call() {
    let live = [
        ("MasterUserSecret", ""),
        ("PreferredMaintenanceWindow", "wed:06:38-wed:07:08"),
        ("EngineVersion", "16.3"),
    ];
    let done = answer("ModifyDBInstance", &instance(&[]));
    let replay = Replay::in_order(&[(200, &described(&[instance(&live)])), (200, &done)]);
    let monitoring = json!({ "interval": 60, "role_arn": "arn:aws:iam::123456789012:role/monitoring" });
    let wanted = json!({
        "restore_from": { "snapshot": "before" }, "engine_version": "16.4", "monitoring": monitoring,
        "max_allocated_storage": 100, "apply_immediately": true,
    });
    let fields = ["password", "maintenance_window", "engine_version", "monitoring", "max_allocated_storage"];
    let observed = database(json!({ "password": null, "engine_version": "16.3" }));
    database(wanted).update(&replay, ID, &fields, &observed, &owner(AT)).await.expect("it is changed");
    let sent = sent(&replay, 1);
    for (member, value) in [
        ("ApplyImmediately", "true"),
        ("ManageMasterUserPassword", "true"),
        ("PreferredMaintenanceWindow", "sun:04:30-sun:05:30"),
        ("EngineVersion", "16.4"),
        ("MonitoringInterval", "60"),
        ("MaxAllocatedStorage", "100"),
    ] {
        assert_eq!(sent.get(member).map(String::as_str), Some(value), "{member}");
    }
}
