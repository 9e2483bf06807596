//! Objects of others that hang on ours are named by the plan that would delete ours, and nothing is changed.

use aws_sdk_ec2::types::{IpPermission, UserIdGroupPair};
use serde_json::Value;

use crate::world::{NOTHING, SMALL_STACK, World};

fn subnet(world: &World) -> &str {
    world.seed["subnets"][0]["id"].as_str().expect("the seed names its subnets")
}

#[test]
fn what_somebody_else_has_hung_on_our_objects_is_named_before_anything_is_deleted() {
    let world = World::applied();
    let (cloud, ec2) = (&world.cloud, &world.cloud.ec2);
    let group = cloud.group("shop-files").group_id().expect("a group has an id").to_owned();
    let nodes = world.seed["security_groups"]["nodes"].as_str().expect("the seed names it");

    // A network interface, a rule of the cluster's own group, and a database in our subnet group.
    let create = ec2
        .create_network_interface()
        .subnet_id(subnet(&world))
        .groups(&group)
        .description("of somebody else");
    let interface = cloud.run(create.send()).expect("an interface can be made").network_interface;
    let interface = interface.and_then(|one| one.network_interface_id).expect("it has an id");
    let pair = UserIdGroupPair::builder().group_id(&group).build();
    let rule =
        IpPermission::builder().ip_protocol("tcp").from_port(1).to_port(1).user_id_group_pairs(pair).build();
    let opened = ec2.authorize_security_group_ingress().group_id(nodes).ip_permissions(rule.clone()).send();
    cloud.run(opened).expect("a rule can be added");
    let create = cloud.rds.create_db_instance().db_instance_identifier("stranger").engine("postgres");
    let create = create.db_instance_class("db.t4g.medium").allocated_storage(20).master_username("somebody");
    let create = create.manage_master_user_password(true).db_subnet_group_name("records");
    cloud.run(create.send()).expect("a database can be made");

    world.control.forget_calls();
    for command in [&["plan", "--destroy"][..], &["destroy", "--auto-approve"]] {
        world.provision(command).exits(1).says(&[
            &format!("aws_security_group.files: {group} is still used by the network interface {interface} (of somebody else)"),
            &format!("aws_security_group.files: {group} is still named in the rules of {nodes}"),
            &format!("aws ec2 revoke-security-group-ingress --group-id {nodes}"),
            "aws_db_subnet_group.records: records is still used by the database stranger (available)",
        ]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(cloud.count(), SMALL_STACK);

    // Without them everything goes.
    cloud
        .run(ec2.delete_network_interface().network_interface_id(interface).send())
        .expect("it can be deleted");
    cloud
        .run(ec2.revoke_security_group_ingress().group_id(nodes).ip_permissions(rule).send())
        .expect("it can be");
    let delete = cloud.rds.delete_db_instance().db_instance_identifier("stranger").skip_final_snapshot(true);
    cloud.run(delete.send()).expect("it can be deleted");
    world.destroy();
    assert_eq!(cloud.count(), NOTHING);
}

#[test]
fn a_mount_target_of_somebody_else_on_our_file_system_is_named() {
    // Ours is gone, and another one in its place.
    let world = World::applied();
    let cloud = &world.cloud;
    let (file_system, lost) = (cloud.file_system(), cloud.mount_targets().remove(0));
    let gone = lost.mount_target_id();
    cloud.run(cloud.efs.delete_mount_target().mount_target_id(gone).send()).expect("it can be deleted");
    let create = cloud.efs.create_mount_target().file_system_id(file_system.file_system_id());
    let made = cloud.run(create.subnet_id(lost.subnet_id()).send()).expect("it can be made");

    world.control.forget_calls();
    world.provision(&["plan", "--destroy"]).exits(1).says(&[
        &format!("has the mount target {} in {}", made.mount_target_id(), lost.subnet_id()),
        &format!("aws efs delete-mount-target --mount-target-id {}", made.mount_target_id()),
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    cloud
        .run(cloud.efs.delete_mount_target().mount_target_id(made.mount_target_id()).send())
        .expect("it can be");
    let plan = world.plan(&["--destroy"]);
    let held = plan["preflight"].as_array().into_iter().flatten().filter(|one| one["check"] == "holders");
    let levels: Vec<&Value> = held.map(|finding| &finding["level"]).collect();
    assert!(!levels.is_empty() && levels.iter().all(|level| *level == "passed"), "{plan:#}");
    world.destroy();
    assert_eq!(cloud.count(), NOTHING);
}
