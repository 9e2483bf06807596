//! Upgrades of databases: in place and by a copy; each is stopped at every call, refused, given up, and leaves an empty plan.

use serde_json::{Value, json};

use crate::world::{Ran, World, ended, eventually};

const ADDRESS: &str = "aws_db_instance.records";
const GROUP: &str = "aws_db_parameter_group.records";
const STACK: &str = "\
stack: shop
databases:
  records:
    engine_version: \"16.9\"
    password: env:PASSWORD
    final_snapshot: false
    parameters: { rds.logical_replication: \"1\", work_mem: \"65536\" }
";

fn world_with(stack: &str) -> World {
    let mut world = World::small();
    world.set("PASSWORD", "canary-Of-The-Password-7");
    world.write_stack(stack);
    world.apply(&[]);
    world
}

fn world() -> World {
    world_with(STACK)
}

fn upgrade(world: &World, more: &[&str]) -> Ran {
    world.provision(&[&["upgrade", "records", "--auto-approve"], more].concat())
}

fn recorded(world: &World) -> Value {
    let text = std::fs::read_to_string(world.path("state/shop.json")).expect("a state");
    let state: Value = serde_json::from_str(&text).expect("JSON");
    state["procedures"][ADDRESS]["upgrade"].clone()
}

/// The databases of the stack: name, version, parameter group.
fn databases(world: &World) -> Vec<(String, String, String)> {
    let all = world.cloud.databases().into_iter().map(|one| {
        let group = one.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name());
        let group = group.unwrap_or_default().to_owned();
        (one.db_instance_identifier.unwrap_or_default(), one.engine_version.unwrap_or_default(), group)
    });
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

fn writes_17(world: &World) {
    world.edit_stack("engine_version: \"16.9\"", "engine_version: \"17\"");
}

/// Starts a run with every call slow, and kills it when the emulator has seen this call.
fn killed(world: &World, arguments: &[&str], operation: &str) {
    world.control.settings(json!({ "latency": 0.3 }));
    world.control.forget_calls();
    let mut child = world.start(arguments);
    eventually("the call is seen", || {
        world.control.log().iter().any(|call| call == operation)
            || child.try_wait().expect("a process").is_some()
    });
    let _ = child.kill();
    drop(ended(child));
    world.control.settings(json!({}));
    eventually("the calls have ended", || world.control.at_work() == 0);
}

#[test]
fn an_upgrade_in_place_takes_a_snapshot_first_and_ends_in_an_empty_plan_with_the_line_that_it_names() {
    let world = world();
    let before = world.cloud.database();
    upgrade(&world, &["--to", "17", "--plan"]).exits(0).says(&[
        "the way back",
        "records-postgres17 is made",
        "from 16.9 to 17.6",
        "pg_prepared_xacts",
    ]);
    assert_eq!(recorded(&world), Value::Null);
    world.provision(&["upgrade", "records", "--to", "17"]).exits(1).says(&["--auto-approve"]);
    let ran = upgrade(&world, &["--to", "17"]).exits(0);
    ran.says(&[
        "engine_version: \"17\"",
        "ANALYZE",
        "ALTER EXTENSION",
        "provision restore records --snapshot records-before-17-6-",
    ]);
    let group = "records-postgres17".to_owned();
    assert_eq!(databases(&world), [("records".to_owned(), "17.6".to_owned(), group.clone())]);
    let record = world.record(ADDRESS);
    assert_eq!(record["id"].as_str(), before.dbi_resource_id());
    assert_eq!(world.record(GROUP)["id"].as_str(), Some(group.as_str()));
    writes_17(&world);
    world.plans_nothing();
    let snapshot = recorded(&world)["facts"]["snapshot"].as_str().expect("a name").to_owned();
    world.provision(&["restore", "records", "--snapshot", &snapshot, "--auto-approve"]).exits(0);
    upgrade(&world, &["--forget"]).exits(0).says(&["aws rds delete-db-snapshot", &snapshot]);
}

#[test]
fn a_minor_upgrade_needs_no_group_and_no_statements() {
    let world = world();
    let said = upgrade(&world, &["--to", "16"]).exits(0).says(&["from 16.9 to 16.10"]).said();
    assert!(!said.contains("ANALYZE"), "{said}");
    world.plans_nothing();
}

#[test]
fn everything_in_the_way_is_told_at_once_and_nothing_is_made() {
    let world = world_with(
        "stack: shop\ngitlab: { version: \"17.11\", domain: shop.net, database: records }\ndatabases:\n  records:\n    engine_version: \"16.9\"\n    backup_retention_period: 0\n",
    );
    world.control.forget_calls();
    upgrade(&world, &["--to", "17", "--blue-green"]).exits(1).says(&[
        "for 4 reasons",
        "whose password it manages",
        "without automated backups",
        "`rds.logical_replication` is off",
        "GitLab 17.11 takes PostgreSQL 14.14 to 16",
        "upgrade GitLab first, to 18",
    ]);
    upgrade(&world, &["--to", "16.4"]).exits(1).says(&["does not go back to 16.4"]);
    upgrade(&world, &["--to", "17.4"])
        .exits(1)
        .says(&["does not upgrade 16.9 to 17.4", "provision upgrade records --to 17.6"]);
    upgrade(&world, &["--switch"]).exits(1).says(&["no upgrade of records is under way"]);
    upgrade(&world, &["--give-up"]).exits(1).says(&["no upgrade of records is under way"]);
    upgrade(&world, &["--forget"]).exits(1).says(&["no upgrade of records is recorded"]);
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(recorded(&world), Value::Null);
}

#[test]
fn a_parameter_group_of_others_is_to_be_named_anew() {
    let world =
        world_with(&STACK.replace("parameters: { rds.logical_replication: \"1\", work_mem: \"65536\" }", ""));
    let make = |name: &str, family: &str| {
        let call = world.cloud.rds.create_db_parameter_group().db_parameter_group_name(name);
        let call = call.db_parameter_group_family(family).description("of others");
        world.cloud.run(call.send()).expect("a group can be made");
    };
    make("theirs-16", "postgres16");
    make("theirs-17", "postgres17");
    world.edit_stack(
        "    final_snapshot: false\n",
        "    final_snapshot: false\n    parameter_group: theirs-16\n",
    );
    world.apply(&[]);
    let cloud = &world.cloud;
    cloud.run(cloud.rds.reboot_db_instance().db_instance_identifier("records").send()).expect("it reboots");
    upgrade(&world, &["--to", "17"]).exits(1).says(&["theirs-16 is not its own", "--parameter-group"]);
    upgrade(&world, &["--to", "17", "--parameter-group", "theirs-16"]).exits(1).says(&["is of postgres16"]);
    upgrade(&world, &["--to", "17", "--parameter-group", "theirs-17"])
        .exits(0)
        .says(&["parameter_group: theirs-17"]);
    writes_17(&world);
    world.edit_stack("parameter_group: theirs-16", "parameter_group: theirs-17");
    world.plans_nothing();
}

#[test]
fn a_check_of_rds_that_fails_is_told_with_its_log_and_can_be_tried_again_or_given_up() {
    let world = world();
    world.control.refuse_upgrade("records", "prepared transactions");
    let refused = upgrade(&world, &["--to", "17"]).exits(1);
    refused.says(&[
        "serves with 16.9 as before",
        "prepared transactions",
        "pg_upgrade_precheck.log",
        "--give-up",
    ]);
    let plan = world.provision(&["plan"]).exits(0);
    plan.says(&["is being upgraded from 16.9 to 17.6", "provision upgrade records --to 17"]);
    let old = "records-postgres16".to_owned();
    assert_eq!(databases(&world), [("records".to_owned(), "16.9".to_owned(), old)]);
    world.control.refuse_upgrade("records", "still there");
    upgrade(&world, &["--to", "17"]).exits(1).says(&["still there"]);
    upgrade(&world, &["--give-up"]).exits(0).says(&["serves with 16.9, as before"]);
    world.plans_nothing();
    upgrade(&world, &["--to", "17"]).exits(0);
    writes_17(&world);
    world.plans_nothing();
}

#[test]
fn an_upgrade_that_is_killed_at_any_call_is_gone_on_with_and_no_plan_gets_in_its_way() {
    let world = world();
    for operation in [
        "rds.CreateDBSnapshot",
        "rds.CreateDBParameterGroup",
        "rds.ModifyDBParameterGroup",
        "rds.ModifyDBInstance",
        "rds.DeleteDBParameterGroup",
    ] {
        killed(&world, &["upgrade", "records", "--to", "17", "--auto-approve"], operation);
        if recorded(&world)["finished"].is_null() {
            world
                .provision(&["plan"])
                .exits(0)
                .says(&["is being upgraded from", "provision upgrade records --to 17"]);
            world.provision(&["apply", "--auto-approve"]);
            upgrade(&world, &["--to", "16.10"]).exits(1).says(&["to go on: ", "--to 17"]);
        }
    }
    if recorded(&world)["finished"].is_null() {
        upgrade(&world, &["--to", "17"]).exits(0);
    }
    let all = databases(&world);
    assert_eq!((all.len(), all[0].1.as_str(), all[0].2.as_str()), (1, "17.6", "records-postgres17"));
    assert_eq!(
        world
            .cloud
            .run(world.cloud.rds.describe_db_snapshots().snapshot_type("manual").send())
            .expect("a read")
            .db_snapshots()
            .len(),
        1
    );
    writes_17(&world);
    world.plans_nothing();
}

#[test]
fn the_answers_of_an_upgrade_may_be_lost() {
    let world = world();
    for operation in ["rds.CreateDBSnapshot", "rds.CreateDBParameterGroup", "rds.ModifyDBInstance"] {
        world.control.lose_answer(operation);
    }
    upgrade(&world, &["--to", "17"]).exits(0);
    writes_17(&world);
    world.plans_nothing();
}

#[test]
fn a_copy_follows_beside_and_takes_the_name_over_when_told() {
    let world = world();
    let before = world.cloud.database();
    let endpoint = world.provision(&["output", "pgsql_endpoint"]).exits(0).out;
    upgrade(&world, &["--to", "17", "--blue-green", "--plan"])
        .exits(0)
        .says(&["an hour or more", "REPLICA IDENTITY"]);
    upgrade(&world, &["--to", "17", "--blue-green"]).exits(0).says(&[
        "records-green-",
        "OldestReplicationSlotLag",
        "provision upgrade records --switch",
    ]);
    let all = databases(&world);
    assert_eq!((all.len(), all[0].1.as_str(), all[1].1.as_str()), (2, "16.9", "17.6"), "{all:?}");
    // A stack file that is written too early upgrades nothing in place.
    writes_17(&world);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["provision upgrade records --switch"]);
    world
        .provision(&["drill", "records", "--auto-approve"])
        .exits(1)
        .says(&["provision upgrade records --switch"]);
    assert_eq!(databases(&world), all);
    upgrade(&world, &["--switch"]).exits(0).says(&["is kept as records-old1", "ANALYZE", "--forget"]);
    let now = databases(&world);
    let named: Vec<(&str, &str)> =
        now.iter().map(|(name, version, _)| (name.as_str(), version.as_str())).collect();
    assert_eq!(named, [("records", "17.6"), ("records-old1", "16.9")]);
    let record = world.record(ADDRESS);
    assert_ne!(record["id"].as_str(), before.dbi_resource_id());
    assert_eq!(record["generation"].as_u64(), Some(1));
    assert_eq!(world.provision(&["output", "pgsql_endpoint"]).exits(0).out, endpoint);
    world.plans_nothing();
    upgrade(&world, &["--to", "18"]).exits(1).says(&["--forget"]);
    upgrade(&world, &["--give-up"]).exits(1).says(&["cannot be given up"]);
    upgrade(&world, &["--forget"]).exits(0).says(&[
        "aws rds delete-db-instance",
        "records-old1",
        "records-postgres16",
    ]);
    world.plans_nothing();
    assert_eq!(databases(&world).len(), 2);
}

#[test]
fn a_copy_is_given_up_and_stays_or_goes_as_it_is_told() {
    let world = world();
    for (more, left) in [(None, 2), (Some("--delete-copy"), 2)] {
        upgrade(&world, &["--to", "17", "--blue-green"]).exits(0);
        let options: Vec<&str> = ["--give-up"].into_iter().chain(more).collect();
        upgrade(&world, &options).exits(0).says(&["serves with 16.9, as before"]);
        assert_eq!(databases(&world).len(), left, "{more:?}");
        world.plans_nothing();
        if more.is_none() {
            upgrade(&world, &["--to", "17"]).exits(1).says(&["--forget"]);
            upgrade(&world, &["--forget"]).exits(0).says(&["aws rds delete-db-instance"]);
        }
    }
}

#[test]
fn a_switch_that_is_killed_at_any_call_is_gone_on_with() {
    let world = world();
    for operation in ["rds.CreateBlueGreenDeployment", "rds.AddTagsToResource"] {
        killed(&world, &["upgrade", "records", "--to", "17", "--blue-green", "--auto-approve"], operation);
    }
    if recorded(&world)["facts"]["stage"] != "beside" {
        upgrade(&world, &["--to", "17", "--blue-green"]).exits(0);
    }
    assert_eq!(databases(&world).len(), 2);
    for operation in
        ["rds.SwitchoverBlueGreenDeployment", "rds.AddTagsToResource", "rds.DeleteBlueGreenDeployment"]
    {
        killed(&world, &["upgrade", "records", "--switch", "--auto-approve"], operation);
        if recorded(&world)["finished"].is_null() {
            world.provision(&["plan"]).exits(0).says(&["provision upgrade records --switch"]);
            world.provision(&["apply", "--auto-approve"]);
        }
    }
    if recorded(&world)["finished"].is_null() {
        upgrade(&world, &["--switch"]).exits(0);
    }
    let names: Vec<String> = databases(&world).into_iter().map(|(name, _, _)| name).collect();
    assert_eq!(names, ["records", "records-old1"]);
    writes_17(&world);
    world.plans_nothing();
}

#[test]
fn a_switch_that_rds_takes_back_is_told_and_can_be_tried_again() {
    let world = world();
    upgrade(&world, &["--to", "17", "--blue-green"]).exits(0);
    let name = recorded(&world)["facts"]["copy"]["name"].as_str().expect("a name").to_owned();
    world.control.refuse_upgrade(&name, "the copy is too far behind");
    world.control.refuse("rds.SwitchoverBlueGreenDeployment", "AccessDenied", 403, "no");
    upgrade(&world, &["--switch"]).exits(1).says(&["AccessDenied"]);
    // What was made stays recorded.
    assert_eq!(recorded(&world)["facts"]["stage"], "beside");
    assert_eq!(databases(&world).len(), 2);
    upgrade(&world, &["--give-up", "--delete-copy"]).exits(0);
    world.plans_nothing();
}

#[test]
fn of_two_upgrades_at_once_one_goes_on() {
    let world = world();
    world.control.settings(json!({ "latency": 0.3 }));
    let first = world.start(&["upgrade", "records", "--to", "17", "--auto-approve"]);
    let second = upgrade(&world, &["--to", "17"]);
    let first = ended(first);
    let mut codes = [first.code, second.code];
    codes.sort_unstable();
    assert_eq!(codes, [0, 3], "{}{}", first.said(), second.said());
}

#[test]
fn the_waits_of_aws_are_waited_for_and_no_call_is_made_twice() {
    let world = world();
    world.control.settings(json!({
        "db_snapshot": 1.0, "db_modify_lag": 0.7, "db_modifying": 1.2, "db_blue_green": 3.0, "db_creating": 1.0, "db_switching": 4.0,
    }));
    world.control.forget_calls();
    upgrade(&world, &["--to", "17", "--blue-green"]).exits(0).says(&["is creating", "is made: "]);
    upgrade(&world, &["--switch"]).exits(0).says(&["SWITCHOVER_IN_PROGRESS"]);
    let calls = world.control.calls();
    for operation in [
        "rds.CreateDBSnapshot",
        "rds.CreateDBParameterGroup",
        "rds.CreateBlueGreenDeployment",
        "rds.SwitchoverBlueGreenDeployment",
        "rds.DeleteBlueGreenDeployment",
    ] {
        assert_eq!(calls.of(operation), 1, "{operation}");
    }
    upgrade(&world, &["--forget"]).exits(0);
    upgrade(&world, &["--to", "18"]).exits(0).says(&["is upgrading"]);
    world.control.settings(json!({}));
    world.edit_stack("engine_version: \"16.9\"", "engine_version: \"18\"");
    world.plans_nothing();
}
