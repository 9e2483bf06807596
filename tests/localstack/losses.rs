//! Data that goes, by our hands and by others': said, held back, and found again.

use serde_json::{Value, json};

use crate::world::{NOTHING, SMALL_STACK, World};

const FILES: &str = "aws_efs_file_system.files";
const RECORDS: &str = "aws_db_instance.records";

/// A small stack with a last snapshot.
fn with_a_last_snapshot() -> World {
    let world = World::small();
    world.edit_stack("final_snapshot: false", "final_snapshot: true");
    world.apply(&[]);
    world
}

fn change<'a>(plan: &'a Value, at: &str) -> &'a Value {
    let changes = plan["changes"].as_array().expect("a plan has changes");
    changes.iter().find(|change| change["address"] == at).expect("it is planned")
}

/// The names of the snapshots that were asked for.
fn snapshots(world: &World) -> Vec<String> {
    let call = world.cloud.rds.describe_db_snapshots().snapshot_type("manual").send();
    let found = world.cloud.run(call).expect("snapshots can be read").db_snapshots.unwrap_or_default();
    found.into_iter().filter_map(|one| one.db_snapshot_identifier).collect()
}

fn delete_the_database(world: &World, snapshot: Option<&str>) {
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier("records");
    let delete = delete.skip_final_snapshot(snapshot.is_none());
    let delete = delete.set_final_db_snapshot_identifier(snapshot.map(str::to_owned));
    world.cloud.run(delete.send()).expect("it can be deleted");
}

#[test]
fn a_destroy_names_the_last_snapshot_and_takes_it_by_that_name_each_time() {
    let world = with_a_last_snapshot();
    let mut taken = Vec::new();
    for _ in 0..2 {
        let plan = world.plan(&["--destroy"]);
        let records = change(&plan, RECORDS);
        assert_eq!(
            (&records["effect"], &records["data"]["size_bytes"]),
            (&json!("data-loss"), &json!(53_687_091_200_u64))
        );
        assert_eq!(change(&plan, FILES)["data"]["final_snapshot"], Value::Null);
        let name = records["data"]["final_snapshot"].as_str().expect("a name").to_owned();
        world.provision(&["plan", "--destroy"]).exits(0).says(&[
            "50 GiB are lost",
            &format!("last snapshot: {name}"),
            "its automated backups of 30 days are deleted with it",
            "aws backup list-recovery-points-by-resource",
        ]);
        world.destroy();
        taken.push(name);
        assert_eq!(snapshots(&world), taken, "by the name that the plan had shown, and none is lost");
        world.apply(&[]);
    }
    // An earlier deletion has taken the snapshot, and was not carried out.
    let plan = world.plan(&["--destroy"]);
    let name = change(&plan, RECORDS)["data"]["final_snapshot"].as_str().expect("a name").to_owned();
    let call =
        world.cloud.rds.create_db_snapshot().db_instance_identifier("records").db_snapshot_identifier(&name);
    world.cloud.run(call.send()).expect("a snapshot can be taken");
    world.destroy();
    assert!(snapshots(&world).contains(&format!("{name}-2")), "{:?}", snapshots(&world));
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_last_snapshot_that_the_file_asks_for_is_taken_though_none_was_applied() {
    let world = World::applied();
    world.edit_stack("final_snapshot: false", "final_snapshot: true");
    world.destroy();
    assert_eq!(snapshots(&world).len(), 1);
}

#[test]
fn backups_that_the_file_keeps_are_kept_before_anything_is_deleted() {
    let world = World::applied();
    world.edit_stack("final_snapshot: false", "final_snapshot: false\n    delete_automated_backups: false");
    let refused = world.provision(&["destroy", "--auto-approve"]).exits(1);
    assert!(
        refused.out.contains("`delete_automated_backups: false` is written and not applied yet"),
        "{refused:?}"
    );
    assert_eq!(world.control.calls().of("rds.DeleteDBInstance"), 0);
    world.apply(&[]);
    let plan = world.plan(&["--destroy"]);
    let notes = change(&plan, RECORDS)["data"]["notes"].to_string();
    assert!(notes.contains("are kept, and restore it until they expire"), "{notes}");
    world.destroy();
    let kept = world.cloud.run(world.cloud.rds.describe_db_instance_automated_backups().send());
    assert_eq!(kept.expect("they can be read").db_instance_automated_backups().len(), 1);
}

/// RDS refuses the deletion itself then (SnapshotQuotaExceeded), after everything else has gone.
#[test]
fn a_last_snapshot_without_room_in_the_quota_is_an_error_of_the_plan() {
    let world = with_a_last_snapshot();
    world.control.quotas(json!({ "rds/ManualSnapshots": 0 }));
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier("records");
    let delete = delete.final_db_snapshot_identifier("last").send();
    let refused = world.cloud.run(delete).expect_err("there is no room");
    assert_eq!(refused.into_service_error().meta().code(), Some("SnapshotQuotaExceeded"));
    world.control.forget_calls();
    let words = "1 more manual snapshot does not fit";
    world.provision(&["plan", "--destroy"]).exits(1).says(&[words]);
    world.provision(&["destroy", "--auto-approve"]).exits(1).says(&[words]);
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.control.quotas(json!({}));
    world.destroy();
}

#[test]
fn a_saved_destroy_takes_the_snapshot_that_was_reviewed() {
    let world = with_a_last_snapshot();
    world.provision(&["plan", "--destroy", "--out", "last.json"]).exits(0);
    let saved: Value =
        serde_json::from_str(&std::fs::read_to_string(world.path("last.json")).expect("it was saved"))
            .expect("a plan is JSON");
    let name = change(&saved["plan"], RECORDS)["data"]["final_snapshot"].clone();
    world.provision(&["apply", "last.json", "--auto-approve"]).exits(0);
    assert_eq!(json!(snapshots(&world)), json!([name]));
}

#[test]
fn a_database_that_was_deleted_outside_is_made_anew_only_when_named() {
    let world = World::applied();
    delete_the_database(&world, Some("by-hand"));
    world.control.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        world.provision(command).exits(1).says(&[
            "is gone from AWS, and provision did not delete it",
            "the newest backup of it is the snapshot by-hand of",
            "restore-db-instance-from-db-snapshot --db-snapshot-identifier by-hand --db-instance-identifier records",
            "provision import aws_db_instance.records=records",
            "provision apply --replace aws_db_instance.records",
        ]);
    }
    // Recording what changed outside does not let go of it either.
    world.apply(&["--refresh-only"]);
    world.provision(&["plan"]).exits(1).says(&["is gone from AWS"]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.apply(&["--replace", RECORDS]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

/// The new one was named once and holds, and the backup is not lost from view before it stands.
#[test]
fn a_new_database_that_was_refused_leaves_the_backup_of_the_lost_one_named() {
    let world = World::applied();
    delete_the_database(&world, Some("by-hand"));
    let full = "there is no room";
    world.control.refuse("rds.CreateDBInstance", "InstanceQuotaExceeded", 400, full);
    world.provision(&["apply", "--replace", RECORDS, "--auto-approve"]).exits(1).says(&[full]);
    for _ in 0..2 {
        world.provision(&["plan"]).exits(0).says(&[
            "an earlier run was told to make a new one, which would be empty",
            "the newest backup of it is the snapshot by-hand of",
            "--db-snapshot-identifier by-hand --db-instance-identifier records",
            "provision import aws_db_instance.records=records",
        ]);
        world.control.refuse("rds.CreateDBInstance", "InstanceQuotaExceeded", 400, full);
        world.provision(&["apply", "--auto-approve"]).exits(1).says(&[full]);
    }
    let restore = world.cloud.rds.restore_db_instance_from_db_snapshot().db_snapshot_identifier("by-hand");
    let restore = restore.db_instance_identifier("records").db_subnet_group_name("records");
    let group = world.cloud.group("shop-records").group_id.unwrap_or_default();
    world.cloud.run(restore.vpc_security_group_ids(group).send()).expect("it can be restored");
    world.provision(&["import", &format!("{RECORDS}=records")]).exits(0);
    world.apply(&[]);
    assert_eq!(world.record(RECORDS)["lost"], Value::Null, "the new one stands");
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn a_database_that_is_being_deleted_outside_is_made_anew_only_when_named() {
    let world = World::applied();
    world.control.settings(json!({ "db_deleting": 60.0 }));
    delete_the_database(&world, None);
    world.control.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        world
            .provision(command)
            .exits(1)
            .says(&["is being deleted, and not by provision", "--replace aws_db_instance.records"]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    world.control.settings(json!({ "db_deleting": 0.2 }));
    world.apply(&["--replace", RECORDS]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn a_file_system_that_was_deleted_outside_is_made_anew_only_when_named() {
    let world = World::applied();
    for target in world.cloud.mount_targets() {
        let delete = world.cloud.efs.delete_mount_target().mount_target_id(target.mount_target_id());
        world.cloud.run(delete.send()).expect("it can be deleted");
    }
    let id = world.cloud.file_system().file_system_id;
    world
        .cloud
        .run(world.cloud.efs.delete_file_system().file_system_id(&id).send())
        .expect("it can be deleted");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        &format!("{id} is gone from AWS"),
        "aws backup list-recovery-points-by-resource --resource-arn arn:aws:elasticfilesystem:",
    ]);
    world.apply(&["--replace", FILES]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn a_file_system_in_a_replication_keeps_its_mount_targets() {
    let world = World::applied();
    let (cloud, efs) = (&world.cloud, &world.cloud.efs);
    let id = cloud.file_system().file_system_id;
    let copy = cloud
        .run(efs.create_file_system().creation_token("copy").encrypted(true).send())
        .expect("it can be made");
    let open = efs.update_file_system_protection().file_system_id(&copy.file_system_id);
    cloud.run(open.replication_overwrite_protection("DISABLED".into()).send()).expect("it can be opened");
    let there =
        aws_sdk_efs::types::DestinationToCreate::builder().file_system_id(&copy.file_system_id).build();
    let replicate = efs.create_replication_configuration().source_file_system_id(&id).destinations(there);
    cloud.run(replicate.send()).expect("it can be replicated");
    world.control.forget_calls();
    for command in [&["plan", "--destroy"][..], &["destroy", "--auto-approve"]] {
        world.provision(command).exits(1).says(&[
            &format!("{id} is replicated to {}", copy.file_system_id),
            &format!("aws efs delete-replication-configuration --source-file-system-id {id}"),
        ]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(cloud.mount_targets().len(), 3, "nothing goes before the last step can succeed");
    let end = efs.delete_replication_configuration().source_file_system_id(&id).send();
    cloud.run(end).expect("it can be ended");
    world.destroy();
}

#[test]
fn backups_are_turned_off_only_by_name_and_the_database_stays() {
    let world = World::applied();
    let before = world.cloud.database().dbi_resource_id;
    world.edit_stack(
        "allocated_storage: 50",
        "allocated_storage: 50\n    backup_retention_period: 0\n    apply_immediately: true",
    );
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "the change of backup_retention_period deletes the automated backups that are older than the new period",
        "provision apply --allow-data-loss aws_db_instance.records",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    world
        .provision(&["plan", "--allow-data-loss", RECORDS, "--out", "off.json"])
        .exits(0)
        .says(&["loses data"]);
    world.provision(&["apply", "off.json", "--auto-approve"]).exits(0);
    assert_eq!(world.cloud.database().backup_retention_period(), Some(0));
    assert_eq!(world.cloud.database().dbi_resource_id, before, "it is named, and not replaced");
    world.plans_nothing();
}

#[test]
fn the_last_database_and_file_system_are_given_up_by_name_and_the_rest_follows() {
    let world = World::applied();
    world.write_stack("stack: shop\nfile_systems: {}\ndatabases: {}\n");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "it is no longer declared, and deleting it would lose its data",
        "provision state forget files",
        "provision destroy --target aws_db_instance.records",
    ]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.provision(&["destroy", "--auto-approve", "--target", RECORDS]).exits(0);
    world.provision(&["destroy", "--auto-approve", "--target", FILES]).exits(0);
    world.apply(&[]);
    assert_eq!(world.cloud.count(), NOTHING);
    world.plans_nothing();
}

#[test]
fn what_is_about_the_state_needs_no_section_in_the_stack_file() {
    let world = World::applied();
    delete_the_database(&world, None);
    world.write_stack("stack: shop\n");
    world.provision(&["plan"]).exits(1).says(&["there is no section", "`instances: {}`"]);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["there is no section"]);
    world.provision(&["state", "list"]).exits(0).says(&[RECORDS]);
    world.provision(&["output"]).exits(0);
    world.provision(&["plan", "--refresh-only"]).exits(0).says(&["aws_db_instance.records is gone"]);
    world.provision(&["state", "forget", RECORDS, "--auto-approve"]).exits(0);
    world.provision(&["plan", "--destroy"]).exits(0);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_target_of_a_destroy_takes_no_data_along_that_was_not_named_too() {
    let world = World::applied();
    world.control.forget_calls();
    let group = "aws_db_subnet_group.records";
    let ran = world.provision(&["destroy", "--auto-approve", "--target", group]).exits(1);
    ran.says(&[
        "aws_db_instance.records",
        "was not named",
        "provision destroy --target aws_db_instance.records",
    ]);
    // Protection that is written counts before it is applied.
    world
        .edit_stack("    allocated_storage: 50\n    deletion_protection: false", "    allocated_storage: 50");
    let database = "aws_db_instance.records";
    let ran = world.provision(&["destroy", "--auto-approve", "--target", database]).exits(1);
    ran.says(&["its deletion protection is on"]);
    assert_eq!(world.control.calls().mutating(), 0);
}
