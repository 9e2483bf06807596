//! Procedures on databases: each is stopped at every call, and the same command goes on; two at once; and plans meanwhile.

use serde_json::{Value, json};

use crate::world::{Ran, World, ended};

const ADDRESS: &str = "aws_db_instance.records";

fn world() -> World {
    let world = World::small();
    world.apply(&[]);
    world
}

fn recorded(world: &World, command: &str) -> Value {
    let text = std::fs::read_to_string(world.path("state/shop.json")).expect("a state");
    let state: Value = serde_json::from_str(&text).expect("JSON");
    state["procedures"][ADDRESS][command].clone()
}

#[test]
fn a_drill_fails_a_database_over_and_tells_how_long_it_took() {
    let world = world();
    let before = world.cloud.database();
    world.provision(&["drill", "records", "--plan"]).exits(0).says(&["connections are cut", "eu-west-1b"]);
    assert_eq!(recorded(&world, "drill"), Value::Null);
    world.provision(&["drill", "records"]).exits(1).says(&["--auto-approve"]);
    world.control.settings(json!({ "db_rebooting": 1.0 }));
    let ran = world.provision(&["drill", "records", "--auto-approve"]).exits(0);
    ran.says(&[
        "Drill complete",
        "was failed over to eu-west-1b",
        "cannot be reached from here",
        "provision status",
    ]);
    let after = world.cloud.database();
    assert_eq!(after.availability_zone(), before.secondary_availability_zone());
    assert_eq!(recorded(&world, "drill")["facts"]["measured"]["zone"].as_str(), after.availability_zone());
    world.provision(&["status"]).exits(0).says(&["was failed over to eu-west-1b"]);
    world.plans_nothing();
}

#[test]
fn a_drill_in_json_ends_with_a_summary() {
    let world = world();
    let events = world.provision(&["drill", ADDRESS, "--auto-approve", "--json"]).exits(0).events();
    let types: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert!(types.starts_with(&["step_started", "step_done"]) && types.ends_with(&["summary"]), "{types:?}");
    let steps = world.provision(&["drill", ADDRESS, "--plan", "--json"]).exits(0).json();
    assert_eq!(
        (steps["command"].as_str(), steps["steps"].as_array().map(Vec::len)),
        (Some("drill"), Some(3))
    );
}

#[test]
fn what_cannot_be_drilled_is_refused_with_the_reason_and_nothing_is_called() {
    let world = world();
    world.edit_stack(
        "    allocated_storage: 50\n",
        "    allocated_storage: 50\n    multi_az: false\n    apply_immediately: true\n",
    );
    world.apply(&[]);
    world.control.forget_calls();
    let refused = world.provision(&["drill", "records", "--auto-approve"]).exits(1);
    refused.says(&["has no standby", "multi_az: true"]);
    world.provision(&["drill", "files", "--auto-approve"]).exits(1).says(&["is no database", "records"]);
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(recorded(&world, "drill"), Value::Null);
}

#[test]
fn a_drill_whose_answer_is_lost_fails_the_database_over_once() {
    let world = world();
    world.control.lose_answer("rds.RebootDBInstance");
    world.provision(&["drill", "records", "--auto-approve"]).exits(0);
    assert_eq!(world.control.calls().of("rds.RebootDBInstance"), 1);
}

#[test]
fn a_drill_that_aws_refuses_leaves_nothing_behind() {
    let world = world();
    world.control.refuse("rds.RebootDBInstance", "AccessDenied", 403, "no");
    world.provision(&["drill", "records", "--auto-approve"]).exits(1).says(&["AccessDenied"]);
    assert_eq!(recorded(&world, "drill"), Value::Null);
    world.plans_nothing();
}

/// Starts a run with every call slow, and kills it when the emulator has seen this call so many times.
fn killed(world: &World, arguments: &[&str], operation: &str) {
    world.control.settings(json!({ "latency": 0.4 }));
    world.control.forget_calls();
    let mut child = world.start(arguments);
    crate::world::eventually("the call is seen", || {
        world.control.log().iter().any(|call| call == operation)
            || child.try_wait().expect("a process").is_some()
    });
    let _ = child.kill();
    drop(ended(child));
    world.control.settings(json!({}));
    // The call is carried out, although its caller is dead.
    crate::world::eventually("the calls have ended", || world.control.at_work() == 0);
}

#[test]
fn a_drill_that_is_killed_is_told_of_and_gone_on_with() {
    let world = world();
    let before = world.cloud.database();
    killed(&world, &["drill", "records", "--auto-approve"], "rds.RebootDBInstance");
    world.provision(&["plan"]).exits(0).says(&["is failing over from", "provision drill records"]);
    world.provision(&["status"]).exits(0).says(&["provision drill records"]);
    world
        .provision(&["drill", "records", "--auto-approve"])
        .exits(0)
        .says(&["which is under way", "complete"]);
    assert_eq!(world.cloud.database().availability_zone(), before.secondary_availability_zone());
    world.plans_nothing();
}

fn names(world: &World) -> Vec<String> {
    let mut names: Vec<String> = world
        .cloud
        .databases()
        .iter()
        .filter_map(|one| one.db_instance_identifier().map(str::to_owned))
        .collect();
    names.sort();
    names
}

fn restored(world: &World, more: &[&str]) -> Ran {
    world.provision(&[&["restore", "records", "--auto-approve"], more].concat())
}

#[test]
fn a_restored_database_stands_beside_the_other_with_all_settings_and_takes_its_name_when_told() {
    let world = world();
    let before = world.cloud.database();
    let endpoint = world.provision(&["output", "pgsql_endpoint"]).exits(0).out;
    world
        .provision(&["restore", "records", "--latest", "--plan"])
        .exits(0)
        .says(&["10 to 50 min", "stays as it is"]);
    restored(&world, &["--latest"])
        .exits(0)
        .says(&["provision restore records --switch", "provision restore records --forget"]);
    let beside =
        names(&world).into_iter().find(|name| name.starts_with("records-restored-")).expect("it is there");
    let all = world.cloud.databases();
    let new =
        all.iter().find(|one| one.db_instance_identifier() == Some(beside.as_str())).expect("it is there");
    assert_eq!(new.multi_az(), before.multi_az());
    assert_eq!(new.deletion_protection(), before.deletion_protection());
    assert_eq!(new.backup_retention_period(), before.backup_retention_period());
    assert_eq!(new.preferred_maintenance_window(), before.preferred_maintenance_window());
    assert_eq!(new.vpc_security_groups(), before.vpc_security_groups());
    assert_eq!(
        new.db_subnet_group().and_then(|group| group.db_subnet_group_name()),
        before.db_subnet_group().and_then(|group| group.db_subnet_group_name())
    );
    assert!(new.master_user_secret().is_some(), "its password is managed again");
    world.plans_nothing();
    world.provision(&["status"]).exits(0).says(&[&beside, "provision restore records --forget"]);

    restored(&world, &["--switch"]).exits(0).says(&["is kept as records-old-", "--switch --back"]);
    let now = names(&world);
    assert!(now.len() == 2 && now[0] == "records" && now[1].starts_with("records-old-"), "{now:?}");
    let record = world.record(ADDRESS);
    assert_eq!((record["id"].as_str(), record["generation"].as_u64()), (new.dbi_resource_id(), Some(1)));
    assert_eq!(world.provision(&["output", "pgsql_endpoint"]).exits(0).out, endpoint);
    world.plans_nothing();

    restored(&world, &["--switch", "--back"]).exits(0);
    let runs = world.provision(&["history", "--json"]).exits(0).json()["runs"].clone();
    let steps: Vec<(Value, Value)> = (0..3)
        .map(|place| (runs[place]["holder"]["command"].clone(), runs[place]["holder"]["step"].clone()))
        .collect();
    let of_restore = |step: Value| (json!("restore"), step);
    assert_eq!(
        steps,
        [of_restore(json!("--switch --back")), of_restore(json!("--switch")), of_restore(Value::Null)]
    );
    world.provision(&["history"]).exits(0).says(&["restore --switch --back: done", "restore --switch: done"]);
    assert_eq!(world.record(ADDRESS)["id"].as_str(), before.dbi_resource_id());
    world.plans_nothing();
    restored(&world, &["--forget"]).exits(0).says(&["stays in AWS", "aws rds delete-db-instance"]);
    assert_eq!(names(&world).len(), 2);
    world.plans_nothing();
}

#[test]
fn a_snapshot_is_restored_and_one_that_is_not_there_is_told_of_before_anything_is_made() {
    let world = world();
    world.cloud.make_snapshot("before", "records");
    restored(&world, &["--snapshot", "nothing"]).exits(1).says(&["there is no snapshot nothing"]);
    restored(&world, &["--to-time", "2099-01-01T00:00:00Z"])
        .exits(1)
        .says(&["cannot be restored yet", "--latest"]);
    restored(&world, &["--switch"]).exits(1).says(&["nothing was restored beside records"]);
    assert_eq!(names(&world), ["records"]);
    restored(&world, &["--snapshot", "before"]).exits(0);
    assert_eq!(names(&world).len(), 2);
    restored(&world, &["--latest"]).exits(1).says(&["was restored from the snapshot before", "--forget"]);
}

#[test]
fn a_restore_that_is_killed_at_any_call_is_gone_on_with_and_makes_one_database() {
    for operation in ["rds.RestoreDBInstanceToPointInTime", "rds.ModifyDBInstance"] {
        let world = world();
        killed(&world, &["restore", "records", "--latest", "--auto-approve"], operation);
        world
            .provision(&["plan"])
            .exits(0)
            .says(&["is being restored", "provision restore records --latest"]);
        restored(&world, &["--latest"]).exits(0);
        assert_eq!(names(&world).len(), 2, "{operation}");
        world.plans_nothing();
    }
}

#[test]
fn an_exchange_that_is_killed_at_any_call_is_gone_on_with_and_no_plan_gets_in_its_way() {
    let world = world();
    restored(&world, &["--latest"]).exits(0);
    // Each run gets one call further.
    for operation in
        ["rds.AddTagsToResource", "rds.ModifyDBInstance", "rds.ModifyDBInstance", "rds.AddTagsToResource"]
    {
        killed(&world, &["restore", "records", "--switch", "--auto-approve"], operation);
        if recorded(&world, "restore")["finished"].is_null() {
            let plan = world.provision(&["plan"]).exits(0);
            let plan = plan.says(&["is changing places with", "provision restore records --switch"]);
            assert!(
                !plan.out.contains("queued"),
                "a name that is being given waits for no window: {}",
                plan.out
            );
            let before = names(&world);
            world.provision(&["apply", "--auto-approve"]);
            world.provision(&["destroy", "--target", ADDRESS, "--auto-approve"]).exits(1);
            assert_eq!(names(&world), before, "no plan gets in the way");
        }
    }
    restored(&world, &["--switch"]);
    let now = names(&world);
    assert!(now.len() == 2 && now[0] == "records" && now[1].starts_with("records-old-"), "{now:?}");
    assert_eq!(world.record(ADDRESS)["generation"].as_u64(), Some(1));
    world.plans_nothing();
}

#[test]
fn the_answers_of_an_exchange_may_be_lost() {
    let world = world();
    world.control.lose_answer("rds.RestoreDBInstanceToPointInTime");
    restored(&world, &["--latest"]).exits(0);
    world.control.lose_answer("rds.ModifyDBInstance");
    restored(&world, &["--switch"]).exits(0);
    assert_eq!(names(&world).len(), 2);
    world.plans_nothing();
}

#[test]
fn of_two_runs_at_once_one_goes_on() {
    let world = world();
    world.control.settings(json!({ "latency": 0.3 }));
    let first = world.start(&["restore", "records", "--latest", "--auto-approve"]);
    let second = restored(&world, &["--latest"]);
    let first = ended(first);
    let mut codes = [first.code, second.code];
    codes.sort_unstable();
    assert_eq!(codes, [0, 3], "{}{}", first.said(), second.said());
    assert_eq!(names(&world).len(), 2);
}

#[test]
fn the_waits_of_aws_are_waited_for_and_no_call_is_made_twice() {
    let world = world();
    let waits = json!({ "db_creating": 1.5, "db_modify_lag": 0.7, "db_modifying": 1.2, "db_rebooting": 1.0 });
    world.control.settings(waits);
    world.control.forget_calls();
    restored(&world, &["--latest"]).exits(0).says(&["records-restored-", "is creating"]);
    restored(&world, &["--switch"]).exits(0).says(&["becomes records-old-", "complete"]);
    let calls = world.control.calls();
    assert_eq!(calls.of("rds.RestoreDBInstanceToPointInTime"), 1);
    // The settings that a restore does not take, and the two names.
    assert_eq!(calls.of("rds.ModifyDBInstance"), 3, "{:?}", calls.by_operation);
    world.control.settings(json!({}));
    world.plans_nothing();
}

#[test]
fn a_state_that_was_lost_is_put_together_with_the_database_that_serves() {
    let world = world();
    restored(&world, &["--latest"]).exits(0);
    let serves = world.record(ADDRESS)["id"].clone();
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    assert_eq!(world.record(ADDRESS)["id"], serves);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(names(&world).len(), 2);
}
