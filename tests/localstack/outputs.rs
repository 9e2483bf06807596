//! Outputs of real runs: what exists serves on, and what is not whole or has no single meaning is said.

use serde_json::json;

use crate::world::World;

fn endpoint(world: &World) -> String {
    let endpoint = world.cloud.database().endpoint.expect("a ready database has an endpoint");
    format!("{}:{}", endpoint.address().expect("a host"), endpoint.port().expect("a port"))
}

#[test]
fn a_database_whose_change_was_refused_serves_on_under_the_same_name() {
    let world = World::applied();
    let expected = endpoint(&world);
    world.edit_stack("allocated_storage: 50", "allocated_storage: 50\n    multi_az: false");
    world.control.refuse("rds.ModifyDBInstance", "InvalidParameterCombination", 400, "no");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(world.record("aws_db_instance.records")["phase"], "updating");
    assert_eq!(world.provision(&["output", "pgsql_endpoint"]).exits(0).out.trim(), expected);
    assert_eq!(world.provision(&["output", "--json"]).exits(0).json()["pgsql_endpoint"], expected.as_str());
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_second_database_never_takes_the_name_of_the_first() {
    let world = World::applied();
    let expected = endpoint(&world);
    // Its name comes first, and it is not made.
    world.edit_stack(
        "databases:\n",
        "databases:\n  archive:\n    deletion_protection: false\n    final_snapshot: false\n",
    );
    let warned = "with a second database, `pgsql_endpoint` will have no single meaning, and be an error";
    world.provision(&["plan"]).exits(0).says(&[warned, "provision output databases.records.endpoint"]);
    world.control.refuse("rds.CreateDBInstance", "InsufficientDBInstanceCapacity", 400, "none left");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    let hint = "provision output databases.records.endpoint";
    world.provision(&["output", "pgsql_endpoint"]).exits(1).says(&["the stack has 2 databases", hint]);
    assert_eq!(world.provision(&["output", "databases.records.endpoint"]).exits(0).out.trim(), expected);
    world.provision(&["output", "databases.archive.host"]).exits(1).says(&["archive is not ready yet"]);
    let all = world.provision(&["output", "--json"]).exits(0).json();
    assert_eq!(all["pgsql_endpoint"], serde_json::Value::Null);
    assert!(
        all["missing"]
            .as_array()
            .is_some_and(|missing| missing.iter().any(|one| one["output"] == "pgsql_endpoint"))
    );
    world.apply(&[]);
    let all = world.provision(&["output"]).exits(0).says(&["databases.archive.endpoint = ", "2 databases"]);
    assert!(!all.out.contains("pgsql_endpoint"), "{all:?}");
}

#[test]
fn a_list_without_one_of_its_mount_targets_is_an_error() {
    let world = World::applied();
    let target = world.cloud.mount_targets().remove(1);
    let call = world.cloud.efs.delete_mount_target().mount_target_id(target.mount_target_id()).send();
    world.cloud.run(call).expect("a mount target can be deleted");
    world.apply(&["--refresh-only"]);
    for name in ["nfs_mount_points", "file_systems.files.mount_targets"] {
        let ran = world.provision(&["output", name]).exits(1);
        let ran = ran.says(&["files has no mount target in eu-west-1b", "hint: provision apply"]);
        assert_eq!(ran.out, "");
        world.provision(&["output", name, "--json"]).exits(1);
    }
    world.provision(&["output", "nfs_dns_name"]).exits(0);
    let all = world.provision(&["output", "--json"]).exits(0).json();
    assert_eq!(all["nfs_mount_points"], json!([]));
    let files = &all["file_systems"]["files"];
    assert_eq!(files["missing_zones"], json!(["eu-west-1b"]));
    assert_eq!(files["mount_targets"].as_array().map(Vec::len), Some(2));
    world.apply(&[]);
    let points = world.provision(&["output", "nfs_mount_points"]).exits(0).out;
    assert_eq!(points.split_whitespace().count(), 3);
}

#[test]
fn what_a_killed_run_has_not_come_to_is_missing_once_and_under_its_own_name() {
    let world = World::small();
    world.control.settings(json!({ "efs_creating": 3600, "db_creating": 3600 }));
    let mut run = world.start(&["apply", "--auto-approve"]);
    crate::world::eventually("the file system is being made", || {
        world.control.calls().of("efs.CreateFileSystem") == 1
    });
    run.kill().expect("the run can be killed");
    crate::world::ended(run);
    let all = world.provision(&["output"]).exits(0);
    assert!(!all.err.contains("security_groups."), "they belong to the entries: {}", all.err);
    assert_eq!(all.err.matches("provision apply").count(), 1, "{}", all.err);
    let json = world.provision(&["output", "--json"]).exits(0).json();
    for (name, value) in [("pgsql_endpoint", json!(null)), ("nfs_dns_name", json!(null))] {
        assert_eq!(json[name], value);
        let missing = json["missing"].as_array().expect("a list");
        assert!(missing.iter().any(|one| one["output"] == name), "{name}: {missing:?}");
    }
}

fn delete_the_database(world: &World) {
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier("records");
    world.cloud.run(delete.skip_final_snapshot(true).send()).expect("it can be deleted");
}

#[test]
fn a_database_that_a_run_found_gone_has_no_endpoint_any_more() {
    for finds in [&["apply", "--auto-approve"][..], &["apply", "--refresh-only", "--auto-approve"]] {
        let world = World::applied();
        delete_the_database(&world);
        world.provision(finds);
        assert_eq!(world.record("aws_db_instance.records")["gone"], true, "its record is kept: {finds:?}");
        let gone = "is gone from AWS";
        for name in ["pgsql_endpoint", "databases.records.endpoint", "databases.records.host"] {
            for json in [&[][..], &["--json"]] {
                let ran = world.provision(&[&["output", name], json].concat()).exits(1);
                assert_eq!(ran.out, "", "{name}");
                ran.says(&["the database records (db-", gone, "the ways on:", "provision plan"]);
            }
        }
        let all = world.provision(&["output"]).exits(0);
        assert!(!all.out.contains("pgsql") && all.err.contains("pgsql_endpoint has no value"), "{all:?}");
        let all = world.provision(&["output", "--json"]).exits(0);
        assert!(all.err.contains("pgsql_endpoint has no value"), "{all:?}");
        let all = all.json();
        assert_eq!((&all["pgsql_endpoint"], &all["databases"]), (&json!(null), &json!({})));
        assert!(all["nfs_dns_name"].is_string(), "the file system is there");
        world.apply(&["--replace", "aws_db_instance.records"]);
        assert_eq!(world.provision(&["output", "pgsql_endpoint"]).exits(0).out.trim(), endpoint(&world));
    }
}

#[test]
fn a_state_that_manages_nothing_says_so_instead_of_printing_nothing() {
    let world = World::applied();
    world.destroy();
    let ran = world.provision(&["output"]).exits(0).says(&["There are no outputs", "manages nothing"]);
    // The sentence, its hint, and the command on a line of its own.
    assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 3), "{ran:?}");
    world.provision(&["output", "--json"]).exits(0).says(&["There are no outputs"]).json();
    world.provision(&["output", "pgsql_endpoint"]).exits(1).says(&["no database is recorded"]);
}

fn secret(world: &World) -> String {
    world
        .cloud
        .database()
        .master_user_secret
        .and_then(|secret| secret.secret_arn)
        .expect("RDS manages the password")
}

/// Has RDS let go of the password and manage it again, which makes another secret.
fn another_secret(world: &World) {
    let modify =
        || world.cloud.rds.modify_db_instance().db_instance_identifier("records").apply_immediately(true);
    let off = modify().manage_master_user_password(false).master_user_password("for-a-moment");
    world.cloud.run(off.send()).expect("the database can be changed");
    let on = modify().manage_master_user_password(true);
    world.cloud.run(on.send()).expect("the database can be changed");
}

#[test]
fn an_output_that_aws_changed_is_shown_counts_and_is_recorded() {
    for recording in [&["apply", "--auto-approve"][..], &["apply", "--refresh-only", "--auto-approve"]] {
        let world = World::applied();
        let before = secret(&world);
        another_secret(&world);
        let after = secret(&world);
        assert_ne!(before, after);
        world.provision(&["plan", "--detailed-exitcode"]).exits(2).says(&[
            "secret_arn",
            &after,
            "recorded by apply",
            "No changes. All 14 resources are as the stack describes. Apply records 1 output that AWS changed.",
        ]);
        world
            .provision(&["plan", "--refresh-only", "--detailed-exitcode"])
            .exits(2)
            .says(&["1 changed outside"]);
        let plan = world.plan(&[]);
        assert_eq!(plan["drift"][0]["outputs"][0]["path"], "secret_arn");
        assert_eq!(plan["summary"]["update"], 0);
        world.control.forget_calls();
        world.provision(recording).exits(0);
        assert_eq!(world.control.calls().mutating(), 0);
        let printed = world.provision(&["output", "databases.records.secret_arn"]).exits(0).out;
        assert_eq!(printed.trim(), after);
        world.plans_nothing();
    }
}

#[test]
fn a_shell_reads_the_outputs_back_and_kubernetes_gets_them_as_a_config_map() {
    let world = World::applied();
    let document = world.provision(&["output", "--json"]).exits(0).json();
    assert_eq!(world.provision(&["output", "--format", "json"]).exits(0).json(), document);
    let env = world.provision(&["output", "--format", "env"]).exits(0).out;
    let script = format!("{env}\nprintf '%s|%s' \"$NFS_DNS_NAME\" \"$NFS_MOUNT_POINTS\"");
    let read =
        std::process::Command::new("sh").args(["-eu", "-c", &script]).output().expect("there is a shell");
    let text = |name: &str| world.provision(&["output", name]).exits(0).out.trim().to_owned();
    let expected = format!("{}|{}", text("nfs_dns_name"), text("nfs_mount_points"));
    assert_eq!(String::from_utf8_lossy(&read.stdout), expected);
    assert_eq!(
        world.provision(&["output", "nfs_dns_name", "--format", "env"]).exits(0).out.trim(),
        format!("NFS_DNS_NAME={}", text("nfs_dns_name"))
    );
    let map = world.provision(&["output", "--format", "configmap"]).exits(0).out;
    for line in ["kind: ConfigMap", "name: shop-outputs", &format!("nfs_dns_name: {}", text("nfs_dns_name"))]
    {
        assert!(map.contains(line), "{line}: {map}");
    }
    world
        .provision(&["output", "nfs_dns_name", "--format", "configmap"])
        .exits(1)
        .says(&["leave the name out"]);
}
