//! Restores and upgrades among mishaps: objects that others delete, replace or rename meanwhile, a moved name, a forgotten record.

use serde_json::{Value, json};

use crate::world::{Ran, World, ended, eventually};

const ADDRESS: &str = "aws_db_instance.records";
const FILES: &str = "aws_efs_file_system.files";
const COPIED: &str = "\
stack: shop
databases:
  records:
    engine_version: \"16.9\"
    password: env:PASSWORD
    final_snapshot: false
    deletion_protection: false
    parameters: { rds.logical_replication: \"1\" }
";
const POINTS: &str = "\
stack: shop
file_systems:
  files:
    security_group: shop-files
    deletion_protection: false
    access_points: { git: { uid: 998 }, docs: { uid: 997 } }
";

fn world() -> World {
    let world = World::small();
    world.apply(&[]);
    world
}

fn world_with(stack: &str) -> World {
    let mut world = World::small();
    world.set("PASSWORD", "canary-Of-The-Password-7");
    world.write_stack(stack);
    world.apply(&[]);
    world
}

fn files_world() -> World {
    let world = world_with(POINTS);
    world.control.recovery_point(&world.cloud.file_system().file_system_arn.expect("an ARN"), 1.0);
    world
}

fn restore(world: &World, more: &[&str]) -> Ran {
    world.provision(&[&["restore", "records", "--auto-approve"], more].concat())
}

fn restore_files(world: &World, more: &[&str]) -> Ran {
    world.provision(&[&["restore", "files", "--auto-approve"], more].concat())
}

fn upgrade(world: &World, more: &[&str]) -> Ran {
    world.provision(&[&["upgrade", "records", "--auto-approve"], more].concat())
}

fn recorded(world: &World, address: &str, command: &str) -> Value {
    let text = std::fs::read_to_string(world.path("state/shop.json")).expect("a state");
    let state: Value = serde_json::from_str(&text).expect("JSON");
    state["procedures"][address][command].clone()
}

/// The databases by their names.
fn names(world: &World) -> Vec<String> {
    let all = world.cloud.databases();
    let mut names: Vec<String> = all.into_iter().filter_map(|one| one.db_instance_identifier).collect();
    names.sort();
    names
}

fn beside(world: &World, word: &str) -> String {
    names(world).into_iter().find(|name| name.contains(word)).expect("it is there")
}

fn delete_database(world: &World, name: &str) {
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier(name).skip_final_snapshot(true);
    world.cloud.run(delete.send()).expect("it can be deleted");
}

/// The file systems with the addresses in their tags.
fn file_systems(world: &World) -> Vec<(String, String)> {
    let all = world.cloud.run(world.cloud.efs.describe_file_systems().send()).expect("a read");
    let address = |tags: &[aws_sdk_efs::types::Tag]| {
        let tag = tags.iter().find(|tag| tag.key() == "provision:address");
        tag.map(|tag| tag.value().to_owned()).unwrap_or_default()
    };
    all.file_systems().iter().map(|one| (one.file_system_id.clone(), address(one.tags()))).collect()
}

/// Starts a run with these settings, and kills it when the emulator has seen this call.
fn killed(world: &World, arguments: &[&str], operation: &str, settings: Value) {
    world.control.settings(settings);
    world.control.forget_calls();
    let mut child = world.start(arguments);
    eventually("the call is seen", || {
        world.control.log().iter().any(|call| call == operation)
            || child.try_wait().expect("a process").is_some()
    });
    let _ = child.kill();
    drop(ended(child));
    eventually("the calls have ended", || world.control.at_work() == 0);
}

#[test]
fn two_restores_after_each_other_make_two_databases() {
    let world = world();
    world.cloud.make_snapshot("before", "records");
    restore(&world, &["--latest"]).exits(0);
    restore(&world, &["--forget"]).exits(0);
    restore(&world, &["--snapshot", "before"]).exits(0);
    assert_eq!(world.control.calls().of("rds.RestoreDBInstanceFromDBSnapshot"), 1);
    assert_eq!(names(&world).len(), 3);
}

#[test]
fn an_exchange_with_a_database_that_is_another_one_by_now_is_refused() {
    let world = world_with(COPIED);
    restore(&world, &["--latest"]).exits(0);
    upgrade(&world, &["--to", "17", "--blue-green"]).exits(0);
    upgrade(&world, &["--switch"]).exits(0);
    let before = names(&world);
    world.control.forget_calls();
    restore(&world, &["--switch"])
        .exits(1)
        .says(&["is another database by now", "provision restore records --forget"]);
    assert_eq!((names(&world), world.control.calls().mutating()), (before, 0));
    restore(&world, &["--forget"]).exits(0).says(&["records-restored-"]);
}

#[test]
fn an_exchange_whose_restored_database_is_lost_is_taken_back_and_is_not_forgotten_before() {
    let world = world();
    restore(&world, &["--latest"]).exits(0);
    let new = beside(&world, "-restored-");
    let switch = ["restore", "records", "--switch", "--auto-approve"];
    killed(&world, &switch, "rds.ModifyDBInstance", json!({ "latency": 0.4 }));
    world.control.settings(json!({}));
    delete_database(&world, &new);
    assert!(beside(&world, "records").starts_with("records-old-"));
    restore(&world, &["--switch"]).exits(1).says(&["is gone", "provision restore records --switch --back"]);
    restore(&world, &["--forget"]).exits(1).says(&["cannot be forgotten", "--switch --back"]);
    world.provision(&["plan"]).exits(0).says(&["to give it up: provision restore records --switch --back"]);
    restore(&world, &["--switch", "--back"]).exits(0);
    assert_eq!(names(&world), ["records"]);
    world.plans_nothing();
    restore(&world, &["--forget"]).exits(0);
    world.plans_nothing();
}

#[test]
fn an_exchange_is_turned_round_in_the_middle() {
    let world = world();
    let before = world.record(ADDRESS)["id"].clone();
    restore(&world, &["--latest"]).exits(0);
    let switch = ["restore", "records", "--switch", "--auto-approve"];
    for _ in 0..2 {
        killed(&world, &switch, "rds.ModifyDBInstance", json!({ "latency": 0.4 }));
        world.control.settings(json!({}));
    }
    restore(&world, &["--switch", "--back"]).exits(0);
    assert_eq!(world.record(ADDRESS)["id"], before);
    let now = names(&world);
    assert!(now.len() == 2 && now[0] == "records" && now[1].starts_with("records-restored-"), "{now:?}");
    world.plans_nothing();
}

#[test]
fn a_database_that_has_failed_lets_go_of_its_name_when_it_is_deleted() {
    let world = world();
    restore(&world, &["--latest"]).exits(0);
    world.control.status("records", "failed");
    world.control.forget_calls();
    let refused = restore(&world, &["--switch"]).exits(1);
    refused.says(&[
        "records is failed",
        "aws rds delete-db-instance",
        "--no-delete-automated-backups",
        "--switch",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    delete_database(&world, "records");
    restore(&world, &["--switch"]).exits(0);
    assert_eq!(names(&world), ["records"]);
    world.plans_nothing();
}

#[test]
fn a_database_whose_storage_has_grown_is_restored_with_what_it_has() {
    let world = world();
    world.edit_stack(
        "    allocated_storage: 50\n",
        "    allocated_storage: 50\n    max_allocated_storage: 200\n",
    );
    world.apply(&[]);
    world.cloud.make_snapshot("small", "records");
    let grow = world.cloud.rds.modify_db_instance().db_instance_identifier("records").allocated_storage(100);
    world.cloud.run(grow.apply_immediately(true).send()).expect("it can grow");
    world.plans_nothing();
    restore(&world, &["--latest"]).exits(0).says(&["100 GiB"]);
    restore(&world, &["--switch"]).exits(0);
    assert!(world.cloud.databases().iter().all(|one| one.allocated_storage() == Some(100)));
    world.plans_nothing();
    restore(&world, &["--forget"]).exits(0);
    let said = restore(&world, &["--snapshot", "small", "--plan"]).exits(0).said();
    assert!(!said.contains("GiB"), "{said}");
}

#[test]
fn a_moment_before_all_backups_is_refused_with_the_steps() {
    let world = world();
    for before in ["0000-01-01T00:00:00Z", "2020-01-01T00:00:00Z"] {
        let refused = restore(&world, &["--to-time", before, "--plan"]).exits(1);
        refused.says(&["has no automated backup from before", "provision status"]);
    }
}

#[test]
fn the_settings_that_came_after_a_restore_are_those_of_the_one_that_comes_back() {
    let world = world_with(COPIED);
    restore(&world, &["--latest"]).exits(0);
    upgrade(&world, &["--to", "16.10"]).exits(0);
    world.edit_stack("16.9", "16.10");
    world.plans_nothing();
    restore(&world, &["--switch"]).exits(0);
    restore(&world, &["--switch", "--back"]).exits(0);
    assert_eq!(world.record(ADDRESS)["inputs"]["engine_version"], "16.10");
    let said = world.provision(&["plan"]).exits(0).said();
    assert!(!said.contains("Changed outside"), "{said}");
}

#[test]
fn what_has_been_recorded_since_is_not_let_go_of() {
    let world = world();
    restore(&world, &["--latest"]).exits(0);
    let new = beside(&world, "-restored-");
    let all = world.cloud.databases();
    let new = all.iter().find(|one| one.db_instance_identifier() == Some(new.as_str())).expect("it is there");
    let id = new.dbi_resource_id().expect("it has one");
    world.provision(&["import", &format!("{ADDRESS}={id}")]).exits(0);
    let said = restore(&world, &["--forget"]).exits(0).said();
    assert!(!said.contains("delete-db-instance"), "{said}");
}

#[test]
fn a_restore_goes_on_under_the_name_that_its_database_has_now() {
    let world = world();
    restore(&world, &["--latest"]).exits(0);
    world.provision(&["state", "move", "records", "books", "--auto-approve"]).exits(0);
    world.edit_stack("  records:\n", "  books:\n    identifier: records\n");
    let said = world.provision(&["restore", "books", "--switch", "--auto-approve"]).exits(0);
    said.says(&["provision restore books --switch --back", "provision restore books --forget"]);
}

#[test]
fn an_upgrade_whose_record_is_forgotten_can_be_let_go_of() {
    let world = world_with(COPIED);
    let upgrading = ["upgrade", "records", "--to", "17", "--auto-approve"];
    killed(&world, &upgrading, "rds.CreateDBParameterGroup", json!({ "latency": 0.3 }));
    world.control.settings(json!({}));
    world.provision(&["state", "forget", ADDRESS, "--auto-approve"]).exits(0);
    for more in [["--to", "17"].as_slice(), &["--give-up"]] {
        upgrade(&world, more).exits(1).says(&["provision import", "provision upgrade records --forget"]);
    }
    upgrade(&world, &["--forget"]).exits(0).says(&["records-before-17-6-"]);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    assert_eq!(recorded(&world, ADDRESS, "upgrade"), Value::Null);
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_database_that_others_upgraded_meanwhile_is_told_of_and_goes_on_with_what_it_has() {
    let world = world_with(COPIED);
    let upgrading = ["upgrade", "records", "--to", "17", "--auto-approve"];
    killed(&world, &upgrading, "rds.CreateDBParameterGroup", json!({ "latency": 0.3 }));
    world.control.settings(json!({}));
    let by_others =
        world.cloud.rds.modify_db_instance().db_instance_identifier("records").engine_version("18.1");
    let by_others = by_others.db_parameter_group_name("default.postgres18").allow_major_version_upgrade(true);
    world.cloud.run(by_others.apply_immediately(true).send()).expect("it can be upgraded");
    assert_eq!(world.cloud.database().engine_version(), Some("18.1"));
    upgrade(&world, &["--to", "17"]).exits(1).says(&["has 18.1 by now", "--give-up"]);
    upgrade(&world, &["--give-up"]).exits(0).says(&["serves with 18.1"]);
}

#[test]
fn a_copy_that_was_switched_over_by_others_is_not_given_up() {
    let world = world_with(COPIED);
    upgrade(&world, &["--to", "17", "--blue-green"]).exits(0);
    let facts = recorded(&world, ADDRESS, "upgrade")["facts"].clone();
    let deployment = facts["copy"]["deployment"].as_str().expect("it has an id").to_owned();
    let (cloud, rds) = (&world.cloud, &world.cloud.rds);
    let switch = rds.switchover_blue_green_deployment().blue_green_deployment_identifier(&deployment);
    cloud.run(switch.send()).expect("it can be switched over");
    eventually("it is switched over", || names(&world).contains(&"records-old1".to_owned()));
    let delete = rds.delete_blue_green_deployment().blue_green_deployment_identifier(&deployment);
    cloud.run(delete.send()).expect("it can be deleted");
    delete_database(&world, "records-old1");
    for more in [["--give-up"].as_slice(), &["--give-up", "--delete-copy"]] {
        upgrade(&world, more)
            .exits(1)
            .says(&["was switched over already", "provision upgrade records --switch"]);
    }
    upgrade(&world, &["--switch"]).exits(0);
    world.edit_stack("16.9", "17");
    world.plans_nothing();
}

#[test]
fn a_file_system_that_is_another_one_by_now_is_not_exchanged() {
    let world = files_world();
    restore_files(&world, &["--latest"]).exits(0);
    world.provision(&["apply", "--replace", FILES, "--auto-approve"]).exits(0);
    let serves = world.record(FILES)["id"].clone();
    restore_files(&world, &["--switch"]).exits(1).says(&["is another file system by now", "--forget"]);
    assert_eq!(world.record(FILES)["id"], serves);
    let new = file_systems(&world).into_iter().find(|(id, _)| serves != id.as_str()).expect("it is there").0;
    restore_files(&world, &["--forget"])
        .exits(0)
        .says(&[&format!("delete-file-system --file-system-id {new}")]);
    world.plans_nothing();
}

#[test]
fn an_exchange_of_file_systems_is_not_forgotten_in_the_middle_and_is_taken_back() {
    let world = files_world();
    let before = world.record(FILES)["id"].clone();
    restore_files(&world, &["--latest"]).exits(0);
    let switch = ["restore", "files", "--switch", "--auto-approve"];
    killed(&world, &switch, "efs.TagResource", json!({ "latency": 0.3 }));
    world.control.settings(json!({}));
    let said = restore_files(&world, &["--forget"])
        .exits(1)
        .says(&["cannot be forgotten", "--switch --back"])
        .said();
    assert!(!said.contains("delete-"), "{said}");
    restore_files(&world, &["--switch", "--back"]).exits(0);
    assert_eq!(world.record(FILES)["id"], before);
    world.plans_nothing();
}

#[test]
fn a_restore_that_aws_backup_works_on_is_let_go_of_when_its_file_system_is_there() {
    let world = files_world();
    let restoring = ["restore", "files", "--latest", "--auto-approve"];
    killed(&world, &restoring, "backup.DescribeRestoreJob", json!({ "backup_restoring": 60.0 }));
    restore_files(&world, &["--forget"])
        .exits(1)
        .says(&["cannot be stopped", "provision restore files --latest"]);
    world.control.settings(json!({}));
    restore_files(&world, &["--forget"]).exits(0).says(&["aws efs delete-file-system"]);
    let mut addresses: Vec<String> = file_systems(&world).into_iter().map(|(_, address)| address).collect();
    addresses.sort();
    assert_eq!(addresses, [FILES.to_owned(), format!("{FILES}/beside")]);
    world.plans_nothing();
}

#[test]
fn parts_that_came_and_went_since_a_restore_are_those_of_the_stack_after_the_exchange() {
    let world = files_world();
    restore_files(&world, &["--latest"]).exits(0);
    world.edit_stack("docs: { uid: 997 }", "wiki: { uid: 996 }");
    world.apply(&[]);
    restore_files(&world, &["--switch"])
        .exits(0)
        .says(&["the stack has no aws_efs_access_point.files/docs any more"]);
    world.plans_nothing();
    let points = world.cloud.access_points();
    let new = world.record(FILES)["id"].as_str().expect("an id").to_owned();
    let of = |id: &str| points.iter().filter(|one| one.file_system_id() == Some(id)).count();
    assert_eq!((of(&new), points.len()), (3, 5));
}

#[test]
fn a_replica_of_what_an_exchange_put_aside_is_told_of_the_way_back() {
    let world =
        world_with(&COPIED.replace("    parameters:", "    replicas: { reader: {} }\n    parameters:"));
    restore(&world, &["--latest"]).exits(0);
    restore(&world, &["--switch"]).exits(0);
    let said =
        world.provision(&["plan"]).exits(1).says(&["provision restore records --switch --back"]).said();
    assert!(!said.contains("provision import"), "{said}");
    restore(&world, &["--switch", "--back"]).exits(0);
    world.plans_nothing();
}

#[test]
fn a_group_that_only_a_kept_database_uses_is_told_of_with_the_command_that_lets_go_of_it() {
    let world = world_with(COPIED);
    restore(&world, &["--latest"]).exits(0);
    upgrade(&world, &["--to", "17"]).exits(0);
    world.edit_stack("16.9", "17");
    let kept = beside(&world, "-restored-");
    world.provision(&["plan"]).exits(1).says(&[
        &format!("used by the database {kept}"),
        "which is kept",
        "provision restore records --forget",
    ]);
    restore(&world, &["--forget"]).exits(0).says(&["aws rds delete-db-instance"]);
    delete_database(&world, &kept);
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_state_from_before_an_exchange_of_file_systems_takes_nothing_over() {
    let world = files_world();
    let state = std::fs::read(world.path("state/shop.json")).expect("a state");
    restore_files(&world, &["--latest"]).exits(0);
    restore_files(&world, &["--switch"]).exits(0);
    let before = file_systems(&world);
    world.lose_the_state();
    std::fs::create_dir(world.path("state")).expect("a folder can be made");
    std::fs::write(world.path("state/shop.json"), state).expect("a state can be written");
    world.provision(&["plan"]).exits(1).says(&["older than the exchange", "--state"]);
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(file_systems(&world), before);
}
