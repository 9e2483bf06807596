//! `provision status`: its facts, its risks, and its requests.

use serde_json::{Value, json};

use crate::world::World;

/// The databases and file systems of the status document.
fn status(world: &World) -> Value {
    world.provision(&["status", "--json"]).exits(0).json()
}

fn at_risk(status: &Value) -> Vec<String> {
    let risks = status["at_risk"].as_array().into_iter().flatten();
    risks.filter_map(|risk| risk["message"].as_str().map(str::to_owned)).collect()
}

#[test]
fn the_status_of_a_stack_tells_its_safety_with_few_requests() {
    let world = World::small();
    world.apply(&[]);
    let live = world.cloud.database();
    world.control.forget_calls();
    let shown = status(&world);
    let calls = world.control.calls();
    assert_eq!(calls.mutating(), 0, "{:?}", calls.by_operation);
    assert!(calls.total <= 16, "{} requests: {:?}", calls.total, calls.by_operation);

    let records = &shown["databases"]["records"];
    assert_eq!(records["status"], "available");
    assert_eq!(records["health"], "serves");
    assert_eq!(records["multi_az"], true);
    assert_eq!(records["zone"].as_str(), live.availability_zone());
    assert_eq!(records["standby_zone"].as_str(), live.secondary_availability_zone());
    assert_eq!(records["engine_version"].as_str(), live.engine_version());
    let endpoint = live.endpoint().expect("an endpoint");
    let expected =
        format!("{}:{}", endpoint.address().unwrap_or_default(), endpoint.port().unwrap_or_default());
    assert_eq!(records["endpoint"], expected.as_str());
    assert!(records["restorable_lag_seconds"].as_i64().is_some_and(|lag| lag < 60), "{records}");
    assert!(records["certificate"]["valid_till"].is_string() && records["standard_support_ends"].is_string());
    assert_eq!((&records["pending"], &records["maintenance"]), (&json!({}), &json!([])));
    assert_eq!(calls.of("rds.DescribePendingMaintenanceActions"), 1);
    let files = &shown["file_systems"]["files"];
    assert_eq!(files["mount_targets"].as_object().map(serde_json::Map::len), Some(3));
    assert_eq!(files["mount_targets"]["eu-west-1a"]["status"], "available");
    assert_eq!(shown["unread"], json!([]));
    assert_eq!(at_risk(&shown), ["AWS Backup has no recovery point of it: its files could not be restored"]);
}

#[test]
fn what_is_at_risk_is_told_and_what_was_mended_is_not() {
    let world = World::small();
    world.apply(&[]);
    let (files, records) = (world.cloud.file_system(), world.cloud.database());
    let arn = files.file_system_arn().expect("it has one");
    world.control.recovery_point(arn, 30.0);
    world.cloud.make_snapshot("before", "records");
    let shown = status(&world);
    assert_eq!(at_risk(&shown), [""; 0]);
    assert_eq!(shown["file_systems"]["files"]["recovery_points"]["count"], 1);
    // The first automated one of RDS, and this one.
    assert_eq!(shown["databases"]["records"]["snapshots"]["count"], 2);

    world.edit_stack(
        "    allocated_storage: 50\n",
        "    allocated_storage: 50\n    multi_az: false\n    apply_immediately: true\n",
    );
    world.apply(&[]);
    world.control.status(records.dbi_resource_id().expect("it has one"), "storage-full");
    let risks = at_risk(&status(&world));
    assert!(risks.iter().any(|risk| risk.starts_with("storage-full: ")), "{risks:?}");
    assert!(risks.iter().any(|risk| risk.contains("no standby")), "{risks:?}");
    world.provision(&["status"]).exits(0).says(&[
        "At risk:",
        "storage-full",
        "database records",
        "mount target eu-west-1a",
    ]);
}

#[test]
fn what_rds_has_pending_of_a_database_is_shown_and_what_it_forces_soon_is_at_risk() {
    let world = World::small();
    world.apply(&[]);
    let arn = world.cloud.file_system().file_system_arn().expect("it has one").to_owned();
    world.control.recovery_point(&arn, 1.0);
    let description = "New Operating System update is available\u{202e}";
    world.control.maintenance("records", "system-update", description, 40.0, 40.0);
    let shown = status(&world);
    let pending = &shown["databases"]["records"]["maintenance"];
    assert_eq!(pending.as_array().map(Vec::len), Some(1), "{pending}");
    assert_eq!(pending[0]["action"], "system-update");
    assert_eq!(pending[0]["means"], "its operating system is patched");
    assert!(!pending[0]["description"].as_str().expect("a text").contains('\u{202e}'), "{pending}");
    assert_eq!((&pending[0]["applied"], &pending[0]["opted_in"]), (&pending[0]["forced"], &Value::Null));
    assert_eq!(at_risk(&shown), [""; 0]);
    world.control.maintenance("records", "db-upgrade", "Automatic minor version upgrade", 9.0, 9.0);
    let risks = at_risk(&status(&world));
    assert_eq!(risks.len(), 1, "{risks:?}");
    assert!(risks[0].contains("db-upgrade (it gets a newer version of the engine)"), "{risks:?}");
    assert!(risks[0].contains("--apply-action db-upgrade --opt-in-type next-maintenance"), "{risks:?}");
    world.provision(&["status"]).exits(0).says(&["maintenance", "New Operating System update", "db-upgrade"]);
    // Without the permission the rest is shown.
    world.control.refuse_always("rds.DescribePendingMaintenanceActions", "AccessDenied", 403);
    let shown = status(&world);
    assert_eq!(shown["databases"]["records"]["maintenance"], Value::Null);
    assert_eq!(shown["unread"][0]["operation"], "rds:DescribePendingMaintenanceActions");
    assert_eq!(at_risk(&shown), [""; 0]);
}

#[test]
fn a_question_that_aws_refuses_is_told_and_the_rest_is_shown() {
    let world = World::small();
    world.apply(&[]);
    world.control.refuse_always("backup.ListRecoveryPointsByResource", "AccessDeniedException", 403);
    let shown = status(&world);
    assert_eq!(
        shown["unread"],
        json!([{ "operation": "backup:ListRecoveryPointsByResource", "code": "AccessDeniedException" }])
    );
    assert_eq!(shown["databases"]["records"]["recovery_points"], Value::Null);
    assert_eq!(shown["databases"]["records"]["status"], "available");
    world.provision(&["status"]).exits(0).says(&["Not all could be read", "AccessDeniedException"]);
}

#[test]
fn without_a_state_there_is_nothing_to_show() {
    let world = World::small();
    world.provision(&["status"]).exits(1).says(&["there is no state", "provision apply"]);
}
