//! Objects of others that have our names: they are named, and nothing is done.

use aws_sdk_ec2::types::Filter;

use crate::world::{NOTHING, World};

fn vpc(world: &World) -> &str {
    world.seed["vpc_id"].as_str().expect("the seed names its VPC")
}

#[test]
fn objects_of_somebody_else_with_our_names_are_left_alone() {
    let world = World::small();
    let create = world.cloud.ec2.create_security_group();
    let group = world
        .cloud
        .run(create.group_name("Shop-Files").description("of somebody else").vpc_id(vpc(&world)).send())
        .expect("a group can be made");
    let group = group.group_id().expect("it has an id");
    let subnets = world.seed["subnets"].as_array().expect("the seed names its subnets");
    let subnets = subnets.iter().filter_map(|subnet| subnet["id"].as_str()).map(str::to_owned).collect();
    let create = world.cloud.rds.create_db_subnet_group().db_subnet_group_name("records");
    world
        .cloud
        .run(create.db_subnet_group_description("of somebody else").set_subnet_ids(Some(subnets)).send())
        .expect("a subnet group can be made");
    let create = world.cloud.rds.create_db_instance().db_instance_identifier("records").engine("postgres");
    let create = create.db_instance_class("db.t4g.medium").allocated_storage(20).master_username("somebody");
    let create = create.db_subnet_group_name("records");
    world.cloud.run(create.manage_master_user_password(true).send()).expect("a database can be made");

    world.control.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["plan", "--detailed-exitcode"]] {
        world.provision(command).exits(1).says(&[
            "aws_security_group.files",
            group,
            "aws_db_subnet_group.records",
            "aws_db_instance.records",
            "carries no tags of provision",
            "provision import aws_db_instance.records=",
        ]);
    }
    let plan = world.plan(&[]);
    let taken =
        plan["preflight"].as_array().into_iter().flatten().filter(|found| found["check"] == "name-taken");
    assert_eq!(taken.count(), 3);
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_watched_group_that_the_state_calls_ours_is_not_touched() {
    let world = World::applied();
    // The worst that a state written by hand can say: that the nodes' group is the stack's.
    let nodes = world.seed["security_groups"]["nodes"].as_str().expect("the seed names it").to_owned();
    let network = world.cloud.network();
    world.provision(&["state", "forget", "aws_security_group.nodes", "--auto-approve"]).exits(0);
    world
        .provision(&[
            "state",
            "move",
            "aws_security_group.files",
            "aws_security_group.nodes",
            "--auto-approve",
        ])
        .exits(0);
    world.control.forget_calls();
    let refused = world.provision(&["apply", "--auto-approve"]);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.cloud.network(), network);
    let by_id = Filter::builder().name("group-id").values(&nodes).build();
    let seen = world.cloud.run(world.cloud.ec2.describe_security_groups().filters(by_id).send());
    assert_eq!(seen.expect("groups can be read").security_groups().len(), 1);
}
