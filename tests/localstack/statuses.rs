//! Objects in statuses that waiting does not end, and their cures typed as the program says them.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{NOTHING, Ran, World, ended, eventually};

const DATABASE: &str = "aws_db_instance.records";
/// Far less than the patience with any change of a database.
const AT_ONCE: Duration = Duration::from_secs(30);

fn database(world: &World) -> String {
    world.cloud.database().db_instance_identifier().unwrap_or_default().to_owned()
}

fn applies(world: &World) -> Ran {
    world.provision(&["apply", "--auto-approve"])
}

/// The finding of the plan about the database's status.
fn finding(plan: &Value) -> &Value {
    let mut findings = plan["preflight"].as_array().into_iter().flatten();
    let found = findings.find(|one| one["check"] == "status" && one["address"] == DATABASE);
    found.unwrap_or_else(|| panic!("nothing is said of the status: {plan:#}"))
}

/// Types the first way of a finding as a person would.
fn type_in(world: &World, finding: &Value) {
    for step in finding["remedies"][0]["steps"].as_array().expect("a way has steps") {
        if let Some(command) = step["aws"]["command"].as_str() {
            aws(world, command);
        } else if let Some(options) = step["write"]["options"].as_object() {
            for (option, value) in options {
                let value = value.as_str().expect("a value");
                let text = std::fs::read_to_string(world.path("provision.yaml")).expect("the stack file");
                let kept: Vec<&str> = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with(&format!("{option}:")))
                    .collect();
                world.write_stack(&format!("{}\n    {option}: {value}\n", kept.join("\n")));
            }
        } else if step == "apply" {
            world.apply(&[]);
        }
    }
}

fn aws(world: &World, command: &str) {
    let words: Vec<&str> = command.split(' ').collect();
    let id = database(world);
    assert!(command.contains(&format!("--db-instance-identifier {id} ")) || words[1] == "kms", "{command}");
    let rds = &world.cloud.rds;
    match words[2] {
        "start-db-instance" => {
            world.cloud.run(rds.start_db_instance().db_instance_identifier(id).send()).expect("it starts");
        }
        "reboot-db-instance" => {
            world.cloud.run(rds.reboot_db_instance().db_instance_identifier(id).send()).expect("it restarts");
        }
        "modify-db-instance" => {
            let group =
                words.iter().skip_while(|word| **word != "--option-group-name").nth(1).expect("a group");
            let call = rds.modify_db_instance().db_instance_identifier(id).option_group_name(*group);
            world.cloud.run(call.apply_immediately(true).send()).expect("it changes");
        }
        // The key of the small stack is AWS's own, which cannot be disabled.
        "enable-key" => {}
        other => panic!("{other} is not a cure of a held database: {command}"),
    }
}

#[test]
fn a_held_database_is_said_at_once_with_a_command_that_helps_and_all_else_is_done() {
    for status in [
        "stopped",
        "incompatible-network",
        "incompatible-parameters",
        "inaccessible-encryption-credentials-recoverable",
    ] {
        let world = World::applied();
        let id = database(&world);
        world.control.status(&id, status);
        // With nothing to change it is only said.
        let plan = world.plan(&[]);
        assert_eq!(finding(&plan)["level"], "warning", "{status}");
        world.provision(&["plan", "--detailed-exitcode"]).exits(0);

        world.edit_stack("tags: { team: one }", "tags: { team: two }");
        world.edit_stack("    allocated_storage: 50\n", "    allocated_storage: 50\n    port: 5433\n");
        world.provision(&["plan", "--detailed-exitcode"]).exits(2).says(&["blocked:", status]);
        world.control.forget_calls();
        let begun = Instant::now();
        let ran = applies(&world).exits(1).says(&[DATABASE, status]);
        assert!(begun.elapsed() < AT_ONCE, "{status}: {:?}", begun.elapsed());
        let calls = world.control.calls();
        assert_eq!(calls.of("rds.ModifyDBInstance"), 0, "{status}: {}", ran.said());
        assert!(calls.of("efs.TagResource") > 0, "{:?}", calls.by_operation);

        let plan = world.plan(&[]);
        let found = finding(&plan);
        assert_eq!(found["level"], "blocked", "{status}");
        type_in(&world, found);
        world.apply(&[]);
        world.plans_nothing();
        assert_eq!(world.cloud.database().endpoint().and_then(|one| one.port()), Some(5433));
    }
}

/// "storage-initialization: the DB instance is loading data" ("Viewing Amazon RDS DB instance status", RDS User Guide), which takes hours.
#[test]
fn a_database_that_loads_its_storage_serves_and_is_changed() {
    let world = World::applied();
    world.control.status(&database(&world), "storage-initialization");
    world.plans_nothing();
    world.edit_stack(
        "    allocated_storage: 50\n",
        "    allocated_storage: 50\n    copy_tags_to_snapshot: true\n",
    );
    let begun = Instant::now();
    world.apply(&[]);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    assert_eq!(world.cloud.database().copy_tags_to_snapshot(), Some(true));
}

#[test]
fn a_full_storage_grows_by_what_the_plan_says_and_nothing_waits_for_a_window() {
    let world = World::applied();
    let id = database(&world);
    world.control.status(&id, "storage-full");
    world.edit_stack("    allocated_storage: 50\n", "    allocated_storage: 50\n    port: 5433\n");
    let begun = Instant::now();
    applies(&world).exits(1).says(&["storage-full", "`allocated_storage: 55` and `apply_immediately: true`"]);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    // More storage in the next window is no cure: it is left out, and said.
    world.edit_stack("    allocated_storage: 50\n", "    allocated_storage: 60\n");
    applies(&world).exits(1).says(&["storage-full"]);
    assert_eq!(world.cloud.database().allocated_storage(), Some(50));
    world.edit_stack("    port: 5433\n", "    port: 5433\n    apply_immediately: true\n");
    // The storage grows, and with the status gone the rest can be done.
    applies(&world).exits(1);
    assert_eq!(world.cloud.database().allocated_storage(), Some(60));
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_lost_database_is_restored_before_it_is_deleted_and_can_be_destroyed_when_it_is_told() {
    let world = World::applied();
    let id = database(&world);
    let before = world.record(DATABASE);
    world.control.status(&id, "failed");
    let plan = world.plan(&[]);
    let found = finding(&plan);
    assert_eq!(found["level"], "blocked");
    let hint = found["hint"].as_str().expect("a hint");
    assert!(hint.starts_with("aws rds restore-db-instance-to-point-in-time "), "{hint}");
    assert!(
        hint.contains(&format!("provision import {DATABASE}={id}-restored")) && !hint.contains("--replace")
    );
    world.provision(&["plan", "--detailed-exitcode"]).exits(2);

    // The values that AWS shows of it are recorded all the same.
    world.control.forget_calls();
    world.provision(&["apply", "--refresh-only", "--auto-approve"]).exits(0);
    assert_eq!(world.record(DATABASE)["inputs"], before["inputs"]);
    assert_eq!(world.control.calls().mutating(), 0);

    // With a final snapshot RDS would refuse for an hour: known before anything is deleted, and the hint helps.
    world.edit_stack("    final_snapshot: false\n", "    final_snapshot: true\n");
    applies(&world).exits(1).says(&["updated", "failed"]);
    world.control.forget_calls();
    world
        .provision(&["destroy", "--auto-approve"])
        .exits(1)
        .says(&["takes no final snapshot", "`final_snapshot: false`"]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.edit_stack("    final_snapshot: true\n", "    final_snapshot: false\n");
    applies(&world).exits(1);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_database_that_is_stopped_while_apply_runs_ends_the_waiting() {
    let world = World::applied();
    let id = database(&world);
    world.edit_stack("    allocated_storage: 50\n", "    allocated_storage: 50\n    port: 5433\n");
    world.control.settings(serde_json::json!({ "db_modify_lag": 600 }));
    let running = world.start(&["apply", "--auto-approve"]);
    eventually("the change is sent", || world.control.calls().of("rds.ModifyDBInstance") > 0);
    world.control.status(&id, "incompatible-network");
    let begun = Instant::now();
    ended(running).exits(1).says(&["incompatible-network", "aws rds start-db-instance"]);
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}

#[test]
fn a_create_without_capacity_ends_at_once_and_alone_is_made_anew() {
    let world = World::small();
    world.control.settings(serde_json::json!({ "db_creating": 600 }));
    let running = world.start(&["apply", "--auto-approve"]);
    eventually("the database is being made", || !world.cloud.databases().is_empty());
    world.control.status(&database(&world), "insufficient-capacity");
    let said = format!("provision apply --replace {DATABASE}");
    ended(running).exits(1).says(&["insufficient-capacity", &said]);
    world.control.settings(serde_json::json!({}));
    applies(&world).exits(1).says(&[&said]);
    world.provision(&["apply", "--auto-approve", "--replace", DATABASE]).exits(0);
    world.plans_nothing();
}
