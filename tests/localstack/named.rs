//! Objects that the stack file names by id or name: gone in AWS, or deleted by the plan that names it.

use crate::world::World;

const STACK: &str = "stack: shop
file_systems:
  files:
    deletion_protection: false
databases:
  records:
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
";

fn world(stack: &str) -> World {
    let world = World::seeded(&[]);
    world.write_stack(stack);
    world
}

fn group_of_others(world: &World) -> String {
    world.cloud.make_group("theirs", world.seed["vpc_id"].as_str().expect("the seed names its VPC"))
}

fn delete_group(world: &World, id: &str) {
    world.cloud.run(world.cloud.ec2.delete_security_group().group_id(id).send()).expect("it can be deleted");
}

fn id(world: &World, at: &str) -> String {
    world.record(at)["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_named_group_that_others_took_off_and_deleted_is_told_at_the_plan_that_would_put_it_on_again() {
    let world = world(STACK);
    let theirs = group_of_others(&world);
    world.edit_stack("  files:\n", &format!("  files:\n    extra_security_groups: [{theirs}]\n"));
    world.edit_stack("  records:\n", &format!("  records:\n    extra_security_groups: [{theirs}]\n"));
    world.apply(&[]);
    let modify = world.cloud.rds.modify_db_instance().db_instance_identifier("records");
    let modify = modify.vpc_security_group_ids(id(&world, "aws_security_group.records"));
    world.cloud.run(modify.apply_immediately(true).send()).expect("it can be changed");
    let ours = id(&world, "aws_security_group.files");
    for target in world.cloud.mount_targets() {
        let call = world.cloud.efs.modify_mount_target_security_groups();
        let call = call.mount_target_id(target.mount_target_id()).security_groups(&ours);
        world.cloud.run(call.send()).expect("it can be changed");
    }
    delete_group(&world, &theirs);
    world.control.forget_calls();
    let gone = format!("there is no security group {theirs}");
    world.provision(&["plan"]).exits(1).says(&[
        &gone,
        "aws_db_instance.records",
        "aws_efs_mount_target.files",
    ]);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[&gone]);
    assert_eq!(world.control.calls().mutating(), 0);
    // As the hint says.
    let other = world.cloud.make_group("another", world.seed["vpc_id"].as_str().expect("a VPC"));
    let file = std::fs::read_to_string(world.path("provision.yaml")).expect("the stack file");
    world.write_stack(&file.replace(&theirs, &other));
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_named_parameter_group_that_others_took_off_and_deleted_is_told_at_the_plan() {
    let world = world(STACK);
    world.cloud.make_parameter_group("tuned", "postgres16");
    world.edit_stack("  records:\n", "  records:\n    parameter_group: tuned\n");
    world.apply(&[]);
    let modify = world.cloud.rds.modify_db_instance().db_instance_identifier("records");
    let modify = modify.db_parameter_group_name("default.postgres16").apply_immediately(true);
    world.cloud.run(modify.send()).expect("it can be changed");
    // Each read brings the database a step on.
    assert!(!world.cloud.databases().is_empty() && !world.cloud.databases().is_empty());
    let delete = world.cloud.rds.delete_db_parameter_group().db_parameter_group_name("tuned");
    world.cloud.run(delete.send()).expect("it can be deleted");
    world.control.forget_calls();
    world.provision(&["plan"]).exits(1).says(&["there is no parameter group tuned"]);
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(world.control.calls().mutating(), 0);
}

#[test]
fn a_group_of_the_stack_that_the_same_plan_deletes_cannot_be_named_by_it() {
    let world = world(STACK);
    world.apply(&[]);
    let files = id(&world, "aws_security_group.files");
    // The file system has a group of others from now on, so that its own goes.
    let theirs = group_of_others(&world);
    world.edit_stack("  files:\n", &format!("  files:\n    security_group: {theirs}\n"));
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("the stack file");
    for named in [
        format!("extra_security_groups: [{files}]"),
        format!("security_group: {files}"),
        format!("access: [nodes, {{ group: {files} }}]"),
    ] {
        world.write_stack(&before.replace("  records:\n", &format!("  records:\n    {named}\n")));
        world.control.forget_calls();
        world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
            &format!("{files}, which is aws_security_group.files of this stack, and this plan deletes that"),
            "provision state forget aws_security_group.files",
        ]);
        assert_eq!(world.control.calls().mutating(), 0, "{named}");
    }
    world.provision(&["state", "forget", "aws_security_group.files", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.group("shop-files").group_id(), Some(files.as_str()));
}

#[test]
fn a_parameter_group_of_the_stack_that_the_same_plan_deletes_cannot_be_named_by_it() {
    let world = world(STACK);
    world.edit_stack("  records:\n", "  records:\n    parameters: { work_mem: 5000 }\n");
    world.apply(&[]);
    let own = id(&world, "aws_db_parameter_group.records");
    world.edit_stack("    parameters: { work_mem: 5000 }\n", &format!("    parameter_group: {own}\n"));
    world.control.forget_calls();
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&["this plan deletes that", "provision state forget"]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.provision(&["state", "forget", "aws_db_parameter_group.records", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn groups_that_name_each_other_go_with_their_stack() {
    let world = world(STACK);
    world.apply(&[]);
    let [files, records] = ["files", "records"].map(|name| id(&world, &format!("aws_security_group.{name}")));
    world.edit_stack("  files:\n", &format!("  files:\n    access: [nodes, {{ group: {records} }}]\n"));
    world.edit_stack("  records:\n", &format!("  records:\n    access: [nodes, {{ group: {files} }}]\n"));
    world.apply(&[]);
    world.plans_nothing();
    world.destroy();
    let names: Vec<String> = world.cloud.groups().into_iter().filter_map(|group| group.group_name).collect();
    assert!(!names.iter().any(|name| name.starts_with("shop-")), "{names:?}");
}

#[test]
fn a_group_that_a_forgotten_file_system_uses_is_told_before_anything_is_destroyed() {
    let world = world(STACK);
    world.apply(&[]);
    let files = id(&world, "aws_efs_file_system.files");
    world.provision(&["state", "forget", "aws_efs_file_system.files", "--auto-approve"]).exits(0);
    world.control.forget_calls();
    world.provision(&["destroy", "--auto-approve"]).exits(1).says(&[
        "is still used by the network interface",
        &format!("provision import aws_efs_file_system.files={files}"),
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.provision(&["import", &format!("aws_efs_file_system.files={files}")]).exits(0);
    // Protections that AWS does not show are on after that, until an apply.
    world.apply(&[]);
    world.destroy();
    assert_eq!((world.cloud.file_systems().len(), world.cloud.databases().len()), (0, 0));
}
