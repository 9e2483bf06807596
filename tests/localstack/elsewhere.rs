//! Objects that were moved to another network by hand, or restored there: never taken, never doubled, and named with what helps.

use aws_sdk_ec2::types::Filter;

use serde_json::json;

use crate::world::{Ran, World, errors, eventually};

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
    // The rest is recorded by now: the command that the plan prints brings it back, and the rebuild takes it.
    bring_back(&world, &world.provision(&["plan"]).exits(1));
    // The lost state may be alive after all, as far as anybody knows.
    let said = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).said();
    let lineage = said.split_once("--take-over ").and_then(|(_, rest)| rest.split_whitespace().next());
    let take = ["state", "rebuild", "--auto-approve", "--take-over", lineage.expect("the hint names it")];
    world.provision(&take).exits(0);
    assert_eq!(world.cloud.databases().len(), 1);
    assert_eq!(errors(&world.plan(&[])), Vec::new());
}

/// Carries out the command by which a plan moves a database to another subnet group.
fn bring_back(world: &World, plan: &Ran) {
    let said = plan.said();
    let command = said.lines().find(|line| line.contains("aws rds modify-db-instance"));
    let command = command.expect("the plan says how to bring it back");
    let words: Vec<&str> = command.split_whitespace().collect();
    let of = |option: &str| {
        let at = words.iter().position(|word| *word == option).expect("the option is there");
        words[at + 1]
    };
    let modify = world.cloud.rds.modify_db_instance().apply_immediately(true);
    let modify = modify.db_instance_identifier(of("--db-instance-identifier"));
    let modify = modify.db_subnet_group_name(of("--db-subnet-group-name"));
    let modify = modify.vpc_security_group_ids(of("--vpc-security-group-ids"));
    world.cloud.run(modify.send()).expect("it can be moved");
    eventually("it is available", || {
        world.cloud.databases().iter().all(|one| one.db_instance_status() == Some("available"))
    });
}

/// A subnet group of the default network.
fn group_elsewhere(world: &World) {
    let default = Filter::builder().name("default-for-az").values("true").build();
    let subnets = world.cloud.run(world.cloud.ec2.describe_subnets().filters(default).send());
    let subnets = subnets.expect("subnets can be read");
    let ids = subnets.subnets().iter().filter_map(|subnet| subnet.subnet_id().map(str::to_owned));
    let create = world.cloud.rds.create_db_subnet_group().db_subnet_group_name("far");
    let create = create.db_subnet_group_description("far").set_subnet_ids(Some(ids.collect()));
    world.cloud.run(create.send()).expect("it can be made");
}

#[test]
fn a_database_that_was_moved_to_another_network_comes_back_by_the_command_that_the_plan_prints() {
    let world = World::applied();
    group_elsewhere(&world);
    let alone =
        world.cloud.rds.modify_db_instance().db_instance_identifier("records").apply_immediately(true);
    world.cloud.run(alone.multi_az(false).send()).expect("it can have one zone");
    eventually("it is available", || world.cloud.database().db_instance_status() == Some("available"));
    let away = world.cloud.rds.modify_db_instance().db_instance_identifier("records").apply_immediately(true);
    world.cloud.run(away.db_subnet_group_name("far").send()).expect("it can be moved");
    eventually("it is available", || world.cloud.database().db_instance_status() == Some("available"));
    let plan = world.provision(&["plan"]).exits(1).says(&["stands in vpc-", "and this stack in vpc-"]);
    bring_back(&world, &plan);
    world.provision(&["apply", "--auto-approve"]).exits(0);
    world.plans_nothing();
}

#[test]
fn a_database_that_was_restored_into_a_group_of_others_goes_on_in_it_and_leaves_it_to_them() {
    let world = World::applied();
    let database = world.cloud.database();
    world.cloud.make_snapshot("before", "records");
    let own = database.db_subnet_group().map(|group| group.subnets().to_vec()).unwrap_or_default();
    let ids = own.iter().filter_map(|subnet| subnet.subnet_identifier().map(str::to_owned)).take(2);
    let create = world.cloud.rds.create_db_subnet_group().db_subnet_group_name("corp");
    let create = create.db_subnet_group_description("corp").set_subnet_ids(Some(ids.collect()));
    world.cloud.run(create.send()).expect("it can be made");
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier("records");
    world.cloud.run(delete.skip_final_snapshot(true).send()).expect("it can be deleted");
    eventually("it is gone", || world.cloud.databases().is_empty());
    let restore = world.cloud.rds.restore_db_instance_from_db_snapshot();
    let restore = restore.db_instance_identifier("records").db_snapshot_identifier("before");
    let restore = restore.db_subnet_group_name("corp");
    world.cloud.run(restore.send()).expect("it can be restored");
    let line = "subnet_group: { existing: corp }";
    world.provision(&["import", "aws_db_instance.records=records"]).exits(0).says(&[line]);
    world.provision(&["plan"]).exits(1).says(&[line]);
    world.edit_stack("records:\n", &format!("records:\n    {line}\n"));
    world.provision(&["apply", "--auto-approve"]).exits(0);
    let groups =
        world.cloud.run(world.cloud.rds.describe_db_subnet_groups().db_subnet_group_name("corp").send());
    let groups = groups.expect("it is there");
    assert_eq!(groups.db_subnet_groups()[0].subnets().len(), 2, "the group of others is as it was");
    world.plans_nothing();
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
