//! Runs that are narrowed by options, and of what no record knows: the command to type next is as narrow, and nothing that stands is passed
//! over in silence.

use aws_sdk_efs::types::Tag;
use aws_sdk_rds::types::Tag as RdsTag;

use crate::world::{NOTHING, World};

const FILES: &str = "aws_efs_file_system.files";
const DATABASE: &str = "aws_db_instance.records";

/// Types the command that a text names and that begins like this.
#[track_caller]
fn typed<'a>(said: &'a str, beginning: &str) -> Vec<&'a str> {
    let line = said.lines().map(str::trim).find(|line| line.starts_with(beginning));
    let line = line.unwrap_or_else(|| panic!("`{beginning}` is not in:\n{said}"));
    line.trim_end_matches([';', ',', '.']).split(' ').skip(1).collect()
}

#[test]
fn a_destroy_of_one_resource_is_of_that_one_also_after_its_hint_was_typed() {
    let world = World::applied();
    world.lose_the_state();
    let refused = world.provision(&["destroy", "--target", DATABASE, "--auto-approve"]).exits(1);
    world
        .provision(&[&typed(&refused.said(), "provision state rebuild")[..], &["--auto-approve"]].concat())
        .exits(0);
    world
        .provision(&[&typed(&refused.said(), "provision destroy")[..], &["--auto-approve"]].concat())
        .exits(0);
    let [_, file_systems, targets, _, databases] = world.cloud.count();
    assert_eq!((file_systems, targets, databases), (1, 3, 0));
}

#[test]
fn a_target_of_a_destroy_that_stands_and_is_not_recorded_is_named_with_the_way() {
    let world = World::applied();
    let id = world.cloud.file_system().file_system_id;
    world
        .provision(&["state", "forget", FILES, "--auto-approve"])
        .exits(0)
        .says(&["Nothing in AWS was changed."]);
    let narrow = ["destroy", "--target", FILES, "--auto-approve"];
    let refused = world.provision(&narrow).exits(1).says(&[&id, "the state does not know it"]);
    assert!(!refused.said().contains("nothing of it is there"), "{}", refused.said());
    assert_eq!(world.cloud.count()[1], 1);
    world.provision(&typed(&refused.said(), &format!("provision import {FILES}"))).exits(0);
    world
        .provision(&[&typed(&refused.said(), "provision state rebuild")[..], &["--auto-approve"]].concat())
        .exits(0);
    // What was recorded anew is protected until an apply has said otherwise.
    world.apply(&["--target", FILES]);
    world.provision(&narrow).exits(0);
    let [_, file_systems, targets, _, databases] = world.cloud.count();
    assert_eq!((file_systems, targets, databases), (0, 0, 1));
    // Of what was never there, or is gone, nothing is to destroy.
    world.provision(&narrow).exits(0).says(&["nothing of it is there to destroy"]);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
    world.provision(&["destroy", "--auto-approve"]).exits(0).says(&["nothing to destroy"]);
}

#[test]
fn a_destroy_of_everything_names_what_the_state_let_go_of() {
    let world = World::applied();
    world.provision(&["state", "forget", DATABASE, "--auto-approve"]).exits(0);
    // Its subnet group is in use for as long as it stands.
    let planned = world.provision(&["plan", "--destroy"]).exits(1);
    assert!(planned.said().contains("warning: aws_db_instance.records"), "{}", planned.said());
    world.provision(&typed(&planned.said(), &format!("provision import {DATABASE}"))).exits(0);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_destroy_after_the_state_was_lost_names_what_carries_the_tag_of_another_cluster() {
    let world = World::applied();
    world.lose_the_state();
    let (cloud, files) = (&world.cloud, world.cloud.file_system().file_system_id);
    let tag = Tag::builder().key("provision:cluster").value("other.myzone.net").build().expect("a tag");
    cloud.run(cloud.efs.tag_resource().resource_id(&files).tags(tag).send()).expect("it can be tagged");
    let database = cloud.database().db_instance_arn.expect("it has an ARN");
    let tag = RdsTag::builder().key("provision:cluster").value("other.myzone.net").build();
    cloud
        .run(cloud.rds.add_tags_to_resource().resource_name(&database).tags(tag).send())
        .expect("it can be tagged");
    for words in [&["destroy", "--auto-approve"][..], &["destroy", "--auto-approve", "--target", DATABASE]] {
        let refused = world.provision(words).exits(1);
        refused.says(&[
            "records",
            "so that it is not deleted",
            "write provision:cluster=k8s.myzone.net on it",
        ]);
    }
}

#[test]
fn a_plan_that_names_its_network_is_carried_out_by_the_command_with_its_digest() {
    let world = World::small();
    let all = world.seed["subnets"].as_array().expect("the seed lists its subnets").iter();
    let subnets: Vec<String> = all.filter_map(|one| one["id"].as_str().map(str::to_owned)).collect();
    let group = world.seed["security_groups"].as_object().expect("the seed names its groups");
    let nodes = group.iter().find(|(name, _)| name.contains("nodes")).and_then(|(_, id)| id.as_str());
    let nodes = nodes.expect("the nodes have a group");
    let two = subnets[..2].join(",");
    let named = ["--subnet-id", &two, "--node-security-group", nodes, "--target", FILES];
    let planned = world.provision(&[&["plan"], &named[..]].concat()).exits(0);
    let command = typed(&planned.err, "provision apply --expect").join(" ");
    let words: Vec<&str> = command.split(' ').chain(["--auto-approve"]).collect();
    world.provision(&words).exits(0);
    assert_eq!(world.cloud.count()[1], 1);
}

#[test]
fn a_subnet_in_use_that_rds_does_not_show_is_kept_by_the_command_that_the_refusal_names() {
    let world = World::small();
    world.write_stack(
        "stack: shop\ndatabases:\n  records: { allocated_storage: 50, deletion_protection: false, multi_az: false, \
         final_snapshot: false }\n",
    );
    world.apply(&[]);
    let cloud = &world.cloud;
    let zone = cloud.database().availability_zone.expect("it lives in a zone");
    let group = cloud.subnet_groups().remove(0);
    let ids = |of: &dyn Fn(&str) -> bool| -> Vec<String> {
        let subnets = group.subnets().iter();
        let subnets = subnets.filter(|subnet| {
            of(subnet.subnet_availability_zone().and_then(|zone| zone.name()).unwrap_or_default())
        });
        subnets.filter_map(|subnet| subnet.subnet_identifier().map(str::to_owned)).collect()
    };
    let (home, others) = (ids(&|shown| shown == zone), ids(&|shown| shown != zone));
    let vpc = group.vpc_id().expect("it stands in a VPC").to_owned();
    let made = cloud.ec2.create_subnet().vpc_id(vpc).availability_zone(&zone).cidr_block("172.20.250.0/24");
    let made = cloud.run(made.send()).expect("a subnet can be made");
    let new = made.subnet.and_then(|one| one.subnet_id).expect("it has an id");
    let all = ids(&|_| true).into_iter().chain([new.clone()]).collect::<Vec<_>>();
    let modify = cloud.rds.modify_db_subnet_group().db_subnet_group_name("records");
    cloud.run(modify.set_subnet_ids(Some(all)).send()).expect("it can have two of a zone");
    let named: Vec<String> = others.iter().chain([&new]).cloned().collect();
    let named = named.join(",");
    let failed = world.provision(&["apply", "--auto-approve", "--subnet-id", &named]).exits(1);
    let refused = failed.err.rsplit("SubnetAlreadyInUse").next().expect("RDS refuses it");
    let command = typed(refused, "provision apply --subnet-id");
    for kept in others.iter().chain(&home) {
        assert!(command.contains(&kept.as_str()), "{command:?}");
    }
    world.provision(&[&command[..], &["--auto-approve"]].concat()).exits(0);
    world.plans_nothing();
}

#[test]
fn a_group_that_is_made_anew_under_a_target_is_planned_together_with_its_users() {
    let world = World::applied();
    world.edit_stack("  records:\n", "  records:\n    security_group: other\n");
    world.edit_stack("security_group: shop-files", "security_group: shop-nfs");
    for (group, users) in [
        ("aws_security_group.records", &["aws_db_instance.records"][..]),
        (
            "aws_security_group.files",
            &["aws_efs_mount_target.files/eu-west-1a", "aws_efs_mount_target.files/eu-west-1b"],
        ),
    ] {
        let refused = world.provision(&["plan", "--target", group]).exits(1);
        for user in users {
            let mut addresses = [*user, group];
            addresses.sort_unstable();
            let [first, second] = addresses;
            refused.clone().says(&[&format!("provision apply --target {first} --target {second}")]);
        }
    }
    world.apply(&["--target", "aws_db_instance.records", "--target", "aws_security_group.records"]);
    world.apply(&[]);
    world.plans_nothing();
}
