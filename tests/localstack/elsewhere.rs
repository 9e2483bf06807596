//! Objects that were moved to another network by hand, or restored there: never taken, never doubled, and named with what helps.

use aws_sdk_ec2::types::Filter;
use serde_json::json;

use crate::world::{World, errors, eventually};

const FILES: &str = "aws_efs_file_system.files";
const DATABASE: &str = "aws_db_instance.records";

/// A subnet of the account's default network.
fn subnet_elsewhere(world: &World) -> String {
    let default = Filter::builder().name("default-for-az").values("true").build();
    let subnets = world.cloud.run(world.cloud.ec2.describe_subnets().filters(default).send());
    let subnets = subnets.expect("subnets can be read");
    let first = subnets.subnets().iter().find_map(|subnet| subnet.subnet_id());
    first.expect("an account has a default network").to_owned()
}

/// Deletes the mount targets of the file system, and makes one in the default network.
fn move_the_file_system_away(world: &World) {
    for target in world.cloud.mount_targets() {
        let delete = world.cloud.efs.delete_mount_target().mount_target_id(target.mount_target_id());
        world.cloud.run(delete.send()).expect("it can be deleted");
    }
    eventually("the mount targets are gone", || world.cloud.mount_targets().is_empty());
    let id = world.cloud.file_system().file_system_id().to_owned();
    let create = world.cloud.efs.create_mount_target().file_system_id(id).subnet_id(subnet_elsewhere(world));
    world.cloud.run(create.send()).expect("it can be made");
}

#[test]
fn a_file_system_that_was_moved_to_another_network_is_not_made_again_after_the_state_is_lost() {
    let world = World::applied();
    let id = world.cloud.file_system().file_system_id().to_owned();
    move_the_file_system_away(&world);
    world.lose_the_state();
    assert!(errors(&world.plan(&[])).iter().any(|(_, address)| address == FILES));
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[&id, "into the network again"]);
    // The rest is recorded, and the file system is left out by name.
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&[&id]);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[&id]);
    assert_eq!(world.cloud.file_systems().len(), 1);
}

#[test]
fn a_database_that_was_restored_into_the_default_network_is_not_made_again_after_the_state_is_lost() {
    let world = World::applied();
    let database = world.cloud.database();
    world.cloud.make_snapshot("before", "records");
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier("records");
    world.cloud.run(delete.skip_final_snapshot(true).send()).expect("it can be deleted");
    eventually("it is gone", || world.cloud.databases().is_empty());
    let restore = world.cloud.rds.restore_db_instance_from_db_snapshot();
    let restore = restore.db_instance_identifier("records-restored").db_snapshot_identifier("before");
    let restore = restore.set_tags(Some(database.tag_list().to_vec()));
    world.cloud.run(restore.send()).expect("it can be restored");
    world.lose_the_state();
    assert!(errors(&world.plan(&[])).iter().any(|(_, address)| address == DATABASE));
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&["was left out"]);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["records-restored"]);
    assert_eq!(world.cloud.databases().len(), 1);
}

#[test]
fn mount_targets_in_another_network_are_named_with_their_deletion() {
    let world = World::applied();
    move_the_file_system_away(&world);
    let target = world.cloud.mount_targets()[0].mount_target_id().to_owned();
    let delete = format!("aws efs delete-mount-target --mount-target-id {target}");
    let replaced: Vec<String> = ["a", "b", "c"]
        .iter()
        .flat_map(|zone| ["--replace".to_owned(), format!("aws_efs_mount_target.files/eu-west-1{zone}")])
        .collect();
    let arguments: Vec<&str> =
        ["apply", "--auto-approve"].into_iter().chain(replaced.iter().map(String::as_str)).collect();
    world.provision(&arguments).exits(1).says(&[&delete, "it stands in vpc-"]);
    // As the hint says.
    let call = world.cloud.efs.delete_mount_target().mount_target_id(target);
    world.cloud.run(call.send()).expect("it can be deleted");
    eventually("it is gone", || world.cloud.mount_targets().is_empty());
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn an_access_point_gets_another_token_where_one_of_another_file_system_has_its_own() {
    let world = World::small();
    world.edit_stack(
        "    access: [nodes, masters]\n",
        "    access: [nodes]\n    access_points: { web: { uid: 33 } }\n",
    );
    world.apply(&[]);
    // The key is renamed, and another file system gets the old one.
    world.provision(&["state", "move", "files", "old", "--auto-approve"]).exits(0);
    world.edit_stack(
        "  files:\n    security_group: shop-files\n",
        "  files: { security_group: shop-new, deletion_protection: false, access_points: { web: { uid: 33 } } }\n  \
         old:\n    security_group: shop-files\n",
    );
    world.apply(&[]);
    assert_eq!(world.cloud.access_points().len(), 2);
    world.plans_nothing();
}

#[test]
fn a_restored_database_is_recorded_with_the_first_database_that_it_has() {
    let world = World::small();
    world.edit_stack("    allocated_storage: 50\n", "    allocated_storage: 50\n    database_name: app\n");
    world.apply(&[]);
    world.cloud.make_snapshot("before", "records");
    let stack = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    world.write_stack(&format!(
        "{stack}  two:\n    allocated_storage: 50\n    restore_from: {{ snapshot: before }}\n    database_name: other\n    \
         deletion_protection: false\n    final_snapshot: false\n"
    ));
    world.apply(&[]);
    let live = world.cloud.databases();
    let two = live.iter().find(|one| one.db_instance_identifier() == Some("two")).expect("it was restored");
    let output = world.provision(&["output", "databases.two.database"]).exits(0);
    assert_eq!(Some(output.out.trim()), two.db_name());
    assert_eq!(world.record("aws_db_instance.two")["inputs"]["database_name"], json!("app"));
    world.provision(&["plan"]).exits(1).says(&["write `database_name: app`"]);
}
