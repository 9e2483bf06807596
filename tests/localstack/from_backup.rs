//! Databases that are made from a backup.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{World, ended, eventually};

const DATABASE: &str = "aws_db_instance.records";
const ROLE: &str = "arn:aws:iam::123456789012:role/m";

/// Everything that AWS would have otherwise, if a restore did not say it.
const WHOLE: &str = "\
stack: shop
tags: { team: one }
databases:
  records:
    restore_from: { snapshot: before }
    engine_version: \"16.9\"
    instance_class: db.m7g.large
    allocated_storage: 60
    max_allocated_storage: 100
    password: env:PASSWORD
    multi_az: true
    port: 5433
    backup_retention_period: 7
    backup_window: \"04:00-04:30\"
    maintenance_window: \"sun:04:30-sun:05:30\"
    parameters: { work_mem: \"65536\" }
    copy_tags_to_snapshot: true
    iam_database_authentication_enabled: true
    enabled_cloudwatch_logs_exports: [upgrade]
    performance_insights_enabled: true
    performance_insights_retention_period: 93
    monitoring: { interval: 60, role_arn: \"arn:aws:iam::123456789012:role/m\" }
    deletion_protection: true
    final_snapshot: false
    apply_immediately: false
";

fn world(stack: &str) -> World {
    let mut world = World::seeded(&[]);
    world.set("PASSWORD", "correct-horse-battery");
    world.cloud.make_database("origin");
    world.cloud.make_snapshot("before", "origin");
    world.control.forget_calls();
    world.write_stack(stack);
    world
}

fn change(plan: &Value) -> &Value {
    let changes = plan["changes"].as_array().expect("a plan has changes");
    changes.iter().find(|change| change["address"] == DATABASE).expect("the database is planned")
}

fn fields(change: &Value) -> BTreeSet<&str> {
    let fields = change["fields"].as_array().into_iter().flatten();
    fields.filter_map(|field| field["path"].as_str()).collect()
}

/// A verdict on the backup, with its level.
fn said(plan: &Value) -> Vec<(&str, &str)> {
    let findings = plan["preflight"].as_array().into_iter().flatten();
    let of_it = findings.filter(|finding| finding["check"] == "restore-from");
    of_it
        .map(|one| (one["level"].as_str().unwrap_or_default(), one["message"].as_str().unwrap_or_default()))
        .collect()
}

/// Holds that AWS shows the database of the whole stack file.
fn is_whole(world: &World) {
    let found = world.cloud.database();
    assert_eq!(found.engine_version(), Some("16.9"));
    assert_eq!(found.db_instance_class(), Some("db.m7g.large"));
    assert_eq!((found.allocated_storage(), found.max_allocated_storage()), (Some(60), Some(100)));
    assert_eq!((found.multi_az(), found.deletion_protection()), (Some(true), Some(true)));
    assert_eq!(found.endpoint().and_then(|endpoint| endpoint.port()), Some(5433));
    assert_eq!(
        (found.backup_retention_period(), found.preferred_backup_window()),
        (Some(7), Some("04:00-04:30"))
    );
    assert_eq!(found.preferred_maintenance_window(), Some("sun:04:30-sun:05:30"));
    let groups = found.db_parameter_groups().iter().filter_map(|group| group.db_parameter_group_name());
    assert_eq!(groups.collect::<Vec<_>>(), ["records-postgres16"]);
    assert_eq!(found.db_subnet_group().and_then(|group| group.db_subnet_group_name()), Some("records"));
    let groups = found.vpc_security_groups().iter().filter_map(|group| group.vpc_security_group_id());
    assert_eq!(
        groups.collect::<Vec<_>>(),
        [world.cloud.group("shop-records").group_id().unwrap_or_default()]
    );
    assert_eq!(
        (found.copy_tags_to_snapshot(), found.iam_database_authentication_enabled()),
        (Some(true), Some(true))
    );
    assert_eq!(found.enabled_cloudwatch_logs_exports(), ["upgrade"]);
    assert_eq!(
        (found.performance_insights_enabled(), found.performance_insights_retention_period()),
        (Some(true), Some(93))
    );
    assert_eq!((found.monitoring_interval(), found.monitoring_role_arn()), (Some(60), Some(ROLE)));
    assert_eq!(found.master_username(), Some("postgres"));
    let tags = world.cloud.rds_tags(found.db_instance_arn().unwrap_or_default());
    assert_eq!(
        (tags.get("team").map(String::as_str), tags.get("provision:address").map(String::as_str)),
        (Some("one"), Some(DATABASE))
    );
    assert!(
        found.pending_modified_values().is_none_or(|pending| pending.engine_version().is_none()),
        "nothing waits"
    );
}

#[test]
fn a_database_from_a_snapshot_has_everything_that_is_written() {
    let world = world(WHOLE);
    let plan = world.plan(&[]);
    assert_eq!(change(&plan)["action"], "create");
    assert!(fields(change(&plan)).contains("restore_from"));
    let [("passed", message)] = said(&plan)[..] else { panic!("{plan:#}") };
    assert!(message.starts_with("it is restored from the snapshot before of 20"), "{message}");
    world.apply(&[]);
    let calls = world.control.calls();
    let made = ["CreateDBInstance", "RestoreDBInstanceFromDBSnapshot", "ModifyDBInstance"];
    assert_eq!(made.map(|name| calls.of(&format!("rds.{name}"))), [0, 1, 1]);
    is_whole(&world);
    world.plans_nothing();

    // It was read once: another one, and none, change nothing.
    world.edit_stack("snapshot: before", "snapshot: gone-since");
    world.plans_nothing();
    world.edit_stack("    restore_from: { snapshot: gone-since }\n", "");
    world.plans_nothing();
    world.apply(&[]);
    world.plans_nothing();

    // A replacement reads it again.
    world.edit_stack(
        "    deletion_protection: true\n",
        "    deletion_protection: false\n    restore_from: { snapshot: before }\n",
    );
    world.apply(&[]);
    let before = world.cloud.database_id();
    let plan = world.plan(&["--replace", DATABASE]);
    assert_eq!(change(&plan)["action"], "replace");
    assert!(fields(change(&plan)).contains("restore_from"));
    let [("warning", message)] = said(&plan)[..] else { panic!("{plan:#}") };
    assert!(message.contains("once more"), "{message}");
    world.apply(&["--replace", DATABASE]);
    assert_ne!(world.cloud.database_id(), before);
    assert_eq!(world.control.calls().of("rds.RestoreDBInstanceFromDBSnapshot"), 2);
    world.plans_nothing();
    world.destroy();
}

#[test]
fn a_run_that_is_killed_between_the_restore_and_the_rest_is_gone_on_with() {
    let world = world(WHOLE);
    world.control.settings(json!({ "db_creating": 3600 }));
    let mut run = world.start(&["apply", "--auto-approve"]);
    eventually("the database is recorded", || {
        world.provision(&["state", "show", DATABASE, "--json"]).out.contains("\"db-")
    });
    run.kill().expect("the run can be killed");
    ended(run);
    let database = world.cloud.database_id().expect("the database is there");
    let plan = world.plan(&[]);
    assert_eq!(change(&plan)["action"], "create", "AWS is still at it");
    world.control.settings(json!({}));

    let plan = world.plan(&[]);
    let lacking = ["engine_version", "maintenance_window", "max_allocated_storage", "monitoring", "password"];
    let lacking: BTreeSet<&str> = lacking
        .into_iter()
        .chain(["performance_insights_enabled", "performance_insights_retention_period"])
        .collect();
    assert_eq!(fields(change(&plan)), lacking, "{plan:#}");
    let windows =
        change(&plan)["fields"].as_array().into_iter().flatten().filter(|field| !field["window"].is_null());
    assert_eq!(windows.count(), 0, "nothing of it waits for a window");

    // Once more, when the change has been asked for.
    world.control.settings(json!({ "db_modify_lag": 3600 }));
    let mut run = world.start(&["apply", "--auto-approve"]);
    eventually("the change was begun", || world.control.calls().of("rds.ModifyDBInstance") > 0);
    run.kill().expect("the run can be killed");
    ended(run);
    world.control.settings(json!({}));
    world.apply(&[]);
    assert_eq!(world.cloud.database_id(), Some(database));
    assert_eq!(world.control.calls().of("rds.RestoreDBInstanceFromDBSnapshot"), 1);
    is_whole(&world);
    world.plans_nothing();
}

#[test]
fn a_database_is_made_as_another_one_was_and_keeps_its_password() {
    let stack = "\
stack: shop
databases:
  records:
    restore_from: { source: origin, time: latest }
    password: unmanaged
    deletion_protection: false
    final_snapshot: false
";
    let world = world(stack);
    world.apply(&[]);
    let calls = world.control.calls();
    assert_eq!(calls.of("rds.RestoreDBInstanceToPointInTime"), 1);
    let found = world.cloud.database();
    assert!(found.master_user_secret().is_none());
    assert_eq!((found.engine_version(), found.backup_retention_period()), (Some("16.4"), Some(30)));
    world.plans_nothing();
    world.destroy();
}

#[test]
fn what_a_restore_cannot_do_is_said_before_anything_is_made() {
    let world = world(&WHOLE.replace("allocated_storage: 60", "allocated_storage: 40"));
    let said = world.provision(&["apply", "--auto-approve"]).exits(1);
    said.says(&["the snapshot before has 50 GiB", "write `allocated_storage: 50`"]);
    world.edit_stack("allocated_storage: 40", "allocated_storage: 60");
    world.edit_stack("{ snapshot: before }", "{ source: origin, time: 2020-01-01T00:00:00Z }");
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&["cannot be restored to 2020-01-01T00:00:00Z", "time: latest"]);
    world.edit_stack("{ source: origin, time: 2020-01-01T00:00:00Z }", "{ snapshot: after }");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["there is no snapshot after"]);
    assert_eq!(world.control.calls().mutating(), 0);
}

#[test]
fn a_snapshot_that_another_account_shares_is_restored_by_its_arn() {
    let owner = World::seeded(&[]);
    // Without encryption: RDS restores no other account's key.
    let made = owner.cloud.rds.create_db_instance().db_instance_identifier("origin").engine("postgres");
    let made = made.engine_version("16.9").db_instance_class("db.m7g.large").allocated_storage(60);
    let made = made.master_username("postgres").manage_master_user_password(true).storage_encrypted(false);
    owner.cloud.run(made.send()).expect("a database can be made");
    eventually("it is available", || {
        let found = owner.cloud.run(owner.cloud.rds.describe_db_instances().send()).expect("it can be read");
        found.db_instances().iter().all(|one| one.db_instance_status() == Some("available"))
    });
    owner.cloud.make_snapshot("before", "origin");
    let arn = format!("arn:aws:rds:eu-west-1:{}:snapshot:before", owner.account);
    let mut world = World::seeded(&[]);
    world.set("PASSWORD", "correct-horse-battery");
    world.write_stack(
        &WHOLE
            .replace("snapshot: before", &format!("snapshot: \"{arn}\""))
            .replace("    port: 5433", "    storage_encrypted: false\n    port: 5433"),
    );
    let missing = format!("there is no snapshot {arn}");
    world.provision(&["plan"]).exits(1).says(&[missing.as_str(), "copy-db-snapshot"]);
    let share = owner.cloud.rds.modify_db_snapshot_attribute().db_snapshot_identifier("before");
    let share = share.attribute_name("restore").values_to_add(&world.account);
    owner.cloud.run(share.send()).expect("it can be shared");
    let plan = world.provision(&["plan", "--json"]);
    assert!(plan.out.contains("it is restored from the snapshot arn:"), "{}", plan.out);
    let policy = world.provision(&["iam-policy"]).exits(0);
    assert!(policy.out.contains(&format!("\"{arn}\"")), "{}", policy.out);
    world.apply(&[]);
    world.plans_nothing();
}
