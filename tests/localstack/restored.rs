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
    world.lose_the_state();
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
    world.lose_the_state();
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
    world.lose_the_state();
    world.edit_stack("git:", "vcs:");
    let address = "aws_efs_access_point.files/vcs";
    let take = format!("provision import {address}={of_git}");
    let docs = "aws_efs_access_point.files/docs";
    let takes = [take.as_str(), &format!("provision import {docs}={of_docs}")];
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0).says(&takes);
    let said = world
        .provision(&["plan"])
        .exits(0)
        .says(&["made for aws_efs_access_point.files/git", "provision:stack=none"])
        .says(&takes)
        .said();
    let beside = format!("{address}={of_docs}");
    assert!(!said.contains(&beside), "what a declaration claims is no candidate: {said}");
    world.provision(&["import", &format!("{address}={of_git}"), &format!("{docs}={of_docs}")]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.access_points().len(), 2, "none is made beside it");
}

/// A file system with an access point of this name.
fn with_a_point(key: &str) -> String {
    ALONE.replace("    security_group: shop-files\n", "").replace("  files:", &format!("  {key}:"))
        + "    access_points:\n      git: { uid: 998 }\n"
}

/// Takes the tags off the one file system.
fn strip_the_file_system(world: &World) -> String {
    let live = world.cloud.file_system();
    strip(world, live.file_system_id(), live.tags());
    live.file_system_id().to_owned()
}

#[test]
fn a_file_system_without_tags_is_not_taken_by_its_token_alone() {
    let world = world();
    let id = strip_the_file_system(&world);
    world.lose_the_state();
    let import = format!("provision import {FILES}={id}");
    let said = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&[&import]).said();
    assert!(said.contains("as its token says, and carries no tags of provision"), "{said}");
    assert_eq!(world.plan(&[])["changes"].as_array().map(Vec::is_empty), Some(false));
    let said = world.provision(&["apply", "--auto-approve"]).exits(1).says(&[&import]).said();
    assert!(!said.contains("carries this stack's tags"), "{said}");
    assert_eq!(file_systems(&world.cloud).len(), 1, "no second one is made");
    world.provision(&["import", &format!("{FILES}={id}")]).exits(0);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    world.destroy();
}

#[test]
fn what_uses_a_file_system_without_tags_outranks_the_token_that_a_renamed_stack_left_on_it() {
    let mut world = World::small();
    world.write_stack(&with_a_point("files"));
    world.apply(&[]);
    world.provision(&["state", "move", "stack.shop", "stack.market", "--auto-approve"]).exits(0);
    world.edit_stack("stack: shop", "stack: market");
    world.apply(&[]);
    let id = strip_the_file_system(&world);
    // Another stack of the old name, which knows nothing of it.
    world.set("PROVISION_STATE", "other");
    world.edit_stack("stack: market", "stack: shop");
    let said = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).said();
    assert!(
        said.contains(&format!("{id} at {FILES} was left out: it belongs to the stack market")),
        "{said}"
    );
    assert!(!said.contains(&format!("import {FILES}={id}")), "{said}");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(file_systems(&world.cloud).len(), 1);
}

#[test]
fn what_uses_a_file_system_without_tags_outranks_the_token_that_its_old_key_left_on_it() {
    let world = World::small();
    world.write_stack(&with_a_point("files"));
    world.apply(&[]);
    world.provision(&["state", "move", "files", "data", "--auto-approve"]).exits(0);
    world.write_stack(&with_a_point("data"));
    world.apply(&[]);
    let id = strip_the_file_system(&world);
    world.lose_the_state();
    let new = "  files: { deletion_protection: false }\n";
    world.write_stack(&format!("{}{new}", with_a_point("data")));
    let data = "aws_efs_file_system.data";
    let import = format!("provision import {data}={id}");
    let said = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&[&import]).said();
    assert!(!said.contains(&format!("{FILES}={id}")), "{said}");
    world.provision(&["import", &format!("{data}={id}")]).exits(0);
    let points = world.cloud.access_points();
    let mut tags = points.iter().flat_map(|point| point.tags());
    let lost = tags.find(|tag| tag.key() == "provision:lineage").expect("a lineage").value();
    world.provision(&["state", "rebuild", "--auto-approve", "--take-over", lost]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.record(data)["id"], id.as_str());
    assert_ne!(world.record(FILES)["id"], id.as_str(), "the new one has its own, with the next token");
}

#[test]
fn a_file_system_that_is_gone_is_not_forgotten_with_its_old_key() {
    let world = world();
    let new = restore(&world);
    world.edit_stack("  files:\n", "  documents:\n");
    let take = format!("provision import aws_efs_file_system.documents={new}");
    let said = world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&["is gone from AWS", "provision state move files documents", &take])
        .said();
    assert!(!said.contains("is still used by the network interface"), "{said}");
    assert_eq!(file_systems(&world.cloud).len(), 1, "no second one is made");
    world.provision(&["state", "move", "files", "documents", "--auto-approve"]).exits(0);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["is gone from AWS", &take]);
    world.provision(&["import", &format!("aws_efs_file_system.documents={new}")]).exits(0);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(file_systems(&world.cloud).len(), 1);
}

#[test]
fn of_several_file_systems_without_tags_a_rebuild_names_all() {
    let world = world();
    let new = restore(&world);
    let (cloud, efs) = (&world.cloud, &world.cloud.efs);
    let group = cloud.group("shop-files").group_id().expect("it has an id").to_owned();
    let target = efs.describe_mount_targets().file_system_id(&new).send();
    let subnet = cloud.run(target).expect("a read").mount_targets()[0].subnet_id.clone();
    let made = cloud.run(efs.create_file_system().creation_token("restored-again").encrypted(true).send());
    let other = made.expect("it can be made").file_system_id;
    eventually("it is there", || {
        let there = |one: &FileSystemDescription| one.life_cycle_state == LifeCycleState::Available;
        file_systems(cloud).iter().any(|one| one.file_system_id == other && there(one))
    });
    let call = efs.create_mount_target().file_system_id(&other).subnet_id(subnet).security_groups(group);
    cloud.run(call.send()).expect("it can be made");
    world.lose_the_state();
    let imports = [new, other].map(|id| format!("provision import {FILES}={id}"));
    let imports: Vec<&str> = imports.iter().map(String::as_str).collect();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&imports);
    world.provision(&["plan"]).exits(1).says(&imports);
}
