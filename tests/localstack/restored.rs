//! Objects that show no tags of the stack: restored by hand, or stripped of them. What is left of them tells whose they may be.

use aws_sdk_efs::types::{FileSystemDescription, LifeCycleState, Tag};
use serde_json::Value;

use crate::cloud::Cloud;
use crate::world::{World, eventually};

const FILES: &str = "aws_efs_file_system.files";
const ALONE: &str =
    "stack: shop\nfile_systems:\n  files:\n    security_group: shop-files\n    deletion_protection: false\n";

fn world() -> World {
    let world = World::small();
    world.write_stack(ALONE);
    world.apply(&[]);
    world
}

fn lose_the_state(world: &World) {
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
}

/// All file systems, also those without tags.
fn file_systems(cloud: &Cloud) -> Vec<FileSystemDescription> {
    let all = cloud.run(cloud.efs.describe_file_systems().send()).expect("a read");
    all.file_systems().to_vec()
}

/// A file system in the place of the stack's, as a restore makes one: without tags, with mount targets in the same group.
fn restore(world: &World) -> String {
    let (cloud, efs) = (&world.cloud, &world.cloud.efs);
    let old = cloud.file_system().file_system_id;
    let subnets: Vec<String> = cloud.mount_targets().iter().map(|one| one.subnet_id.clone()).collect();
    let group = cloud.group("shop-files").group_id().expect("it has an id").to_owned();
    for target in cloud.mount_targets() {
        let delete = efs.delete_mount_target().mount_target_id(target.mount_target_id());
        cloud.run(delete.send()).expect("it can be deleted");
    }
    eventually("the mount targets are gone", || cloud.mount_targets().is_empty());
    cloud.run(efs.delete_file_system().file_system_id(&old).send()).expect("it can be deleted");
    eventually("the file system is gone", || file_systems(cloud).is_empty());
    let made = cloud.run(efs.create_file_system().creation_token("restored").encrypted(true).send());
    let new = made.expect("it can be made").file_system_id;
    eventually("it is there", || {
        let there = |one: &FileSystemDescription| one.life_cycle_state == LifeCycleState::Available;
        file_systems(cloud).iter().any(|one| one.file_system_id == new && there(one))
    });
    for subnet in subnets {
        let call = efs.create_mount_target().file_system_id(&new).subnet_id(subnet);
        cloud.run(call.security_groups(&group).send()).expect("it can be made");
    }
    new
}

fn errors(plan: &Value) -> Vec<(&str, &str)> {
    let findings = plan["preflight"].as_array().into_iter().flatten();
    let errors = findings.filter(|finding| finding["level"] == "error");
    errors
        .map(|finding| {
            (finding["check"].as_str().unwrap_or_default(), finding["address"].as_str().unwrap_or_default())
        })
        .collect()
}

#[test]
fn a_file_system_without_tags_is_told_by_the_security_group_that_its_mount_targets_are_in() {
    let world = world();
    let new = restore(&world);
    lose_the_state(&world);
    let import = format!("provision import {FILES}={new}");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&[&import, "was left out"]);
    let plan = world.plan(&[]);
    assert_eq!(errors(&plan), [("unclaimed", FILES)]);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[&import, "provision:stack=none"]);
    assert_eq!(file_systems(&world.cloud).len(), 1, "no second one is made");

    world.provision(&["import", &format!("{FILES}={new}")]).exits(0);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!((file_systems(&world.cloud).len(), world.cloud.mount_targets().len()), (1, 3));
    world.destroy();
}

#[test]
fn a_file_system_that_was_restored_in_the_place_of_a_lost_one_is_offered() {
    let world = world();
    let new = restore(&world);
    let import = format!("provision import {FILES}={new}");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["uses what was made for it", &import]);
    assert_eq!(file_systems(&world.cloud).len(), 1, "no second one is made");
}

#[test]
fn a_file_system_that_is_left_alone_by_its_tag_is_in_no_way() {
    let world = world();
    let new = restore(&world);
    let efs = &world.cloud.efs;
    let tag = Tag::builder().key("provision:stack").value("none").build().expect("a whole tag");
    world.cloud.run(efs.tag_resource().resource_id(&new).tags(tag).send()).expect("a tag");
    world.apply(&["--replace", FILES]);
    world.plans_nothing();
    assert_eq!(file_systems(&world.cloud).len(), 2);
}

/// Takes all tags off.
fn strip(world: &World, id: &str, tags: &[Tag]) {
    let keys = tags.iter().map(|tag| tag.key().to_owned()).collect();
    let call = world.cloud.efs.untag_resource().resource_id(id).set_tag_keys(Some(keys));
    world.cloud.run(call.send()).expect("tags can be taken off");
}

#[test]
fn a_file_system_without_tags_is_told_by_its_token_after_its_key_was_renamed() {
    let world = world();
    let live = world.cloud.file_system();
    strip(&world, live.file_system_id(), live.tags());
    lose_the_state(&world);
    world.edit_stack("  files:\n", "  documents:\n");
    let (id, address) = (live.file_system_id(), "aws_efs_file_system.documents");
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&[id, &format!("provision import {address}={id}")]);
    assert_eq!(file_systems(&world.cloud).len(), 1, "no second one is made");
}

#[test]
fn an_access_point_without_tags_is_told_by_its_token_before_another_one_is_made_beside_it() {
    let world = world();
    let points = "    access_points:\n      git: { uid: 998 }\n      docs: { uid: 999 }\n";
    world.write_stack(&format!("{ALONE}{points}"));
    world.apply(&[]);
    for live in world.cloud.access_points() {
        strip(&world, live.access_point_id().expect("it has an id"), live.tags());
    }
    let id_of = |at: &str| world.record(at)["id"].as_str().expect("an id").to_owned();
    let of_git = id_of("aws_efs_access_point.files/git");
    let of_docs = id_of("aws_efs_access_point.files/docs");
    lose_the_state(&world);
    world.edit_stack("git:", "vcs:");
    let address = "aws_efs_access_point.files/vcs";
    let take = format!("provision import {address}={of_git}");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0).says(&[&take]);
    let said = world
        .provision(&["plan"])
        .exits(0)
        .says(&["made for aws_efs_access_point.files/git", &take, "provision:stack=none"])
        .said();
    assert!(!said.contains(&of_docs), "what a declaration claims is no candidate: {said}");
    world.provision(&["import", &format!("{address}={of_git}")]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.access_points().len(), 2, "none is made beside it");
}
