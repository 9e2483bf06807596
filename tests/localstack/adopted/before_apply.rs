//! Between an adoption and the first apply: others act, runs are killed, states are lost, and the adoption is taken back.

use serde_json::{Value, json};

use super::adds_tags_alone;
use super::made_by_hand::{by_hand, databases, office, text};
use crate::world::World;

/// A folder of a second person, who works in the same account.
fn second(world: &World) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().expect("a folder");
    std::fs::create_dir_all(folder.path()).expect("a folder");
    assert!(world.path("provision.yaml").exists(), "the first has begun");
    folder
}

/// Runs the binary in another folder of the same account.
fn in_folder(world: &World, folder: &std::path::Path, arguments: &[&str]) -> crate::world::Ran {
    let mut command = world.command(arguments);
    command.current_dir(folder);
    crate::world::ended(command.spawn().expect("the binary can be run"))
}

#[test]
fn a_state_that_is_lost_before_the_first_apply_is_not_put_together_and_the_objects_are_imported_again() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let files = format!("aws_efs_file_system.files={}", made.files);
    let import = ["import", &files, "aws_db_instance.records=gitlab-pgsql", "--out", "provision.yaml"];
    world.provision(&import).exits(0);
    world.lose_the_state();
    world.control.forget_calls();
    // There are no tags yet by which a rebuild could tell them.
    let rebuilt = world.provision(&["state", "rebuild", "--auto-approve"]);
    let said = rebuilt.said();
    for (address, id) in
        [("aws_efs_file_system.files", made.files.as_str()), ("aws_db_instance.records", "db-")]
    {
        assert!(said.contains(&format!("provision import {address}={id}")), "{said}");
    }
    // Nothing is made beside them, and nothing is taken unasked.
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(world.control.calls().mutating(), 0);
    // The same command goes on where the file is as it wrote it.
    world.provision(&import).exits(0);
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.record("aws_efs_file_system.files")["id"], json!(made.files));
    assert_eq!(world.cloud.databases().len(), 1);
    assert_eq!(world.cloud.file_systems().len(), 1);
}

#[test]
fn of_two_stacks_that_adopt_the_same_the_second_one_is_refused_when_it_applies() {
    let world = World::seeded(&["--topology", "private"]);
    let group = office(&world, "office");
    let wish = format!("aws_security_group.office={group}");
    world.provision(&["import", &wish, "--out", "provision.yaml", "--stack", "one"]).exits(0);
    let other = second(&world);
    // Without tags nothing tells the second one of the first.
    in_folder(&world, other.path(), &["import", &wish, "--out", "provision.yaml", "--stack", "two"]).exits(0);
    world.apply(&[]);
    world.control.forget_calls();
    let refused = in_folder(&world, other.path(), &["apply", "--auto-approve"]).exits(1);
    refused.says(&["one", &group]);
    assert_eq!(world.control.calls().mutating(), 0);
    // Once the tags are there, a third one is told at once.
    let third = second(&world);
    let import = ["import", &wish, "--out", "provision.yaml", "--stack", "three"];
    in_folder(&world, third.path(), &import).exits(1).says(&["belongs to", "one"]);
    world.plans_nothing();
}

#[test]
fn what_is_renamed_or_deleted_between_adoption_and_apply_is_told_of_and_nothing_empty_is_made() {
    let world = World::seeded(&["--topology", "private"]);
    by_hand(&world);
    let import = ["import", "aws_db_instance.records=gitlab-pgsql", "--out", "provision.yaml"];
    world.provision(&import).exits(0);
    let rename = world.cloud.rds.modify_db_instance().db_instance_identifier("gitlab-pgsql");
    let rename = rename.new_db_instance_identifier("renamed").apply_immediately(true);
    world.cloud.run(rename.send()).expect("it can be renamed");
    crate::world::eventually("it has its new name", || {
        databases(&world).iter().any(|one| {
            one.db_instance_identifier() == Some("renamed") && one.db_instance_status() == Some("available")
        })
    });
    // It is known by its id: the file says the old name, and the plan says so.
    let plan = world.plan(&[]);
    let changes = plan["changes"].as_array().expect("a list").iter();
    let change = changes.clone().find(|change| change["address"] == "aws_db_instance.records");
    assert_eq!(change.map(|change| change["action"].clone()), Some(json!("update")), "{plan}");
    let delete =
        world.cloud.rds.delete_db_instance().db_instance_identifier("renamed").skip_final_snapshot(true);
    world.cloud.run(delete.send()).expect("it can be deleted");
    crate::world::eventually("it is gone", || databases(&world).is_empty());
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["aws_db_instance.records", "empty"]);
    assert_eq!(world.control.calls().of("rds.CreateDBInstance"), 0);
}

#[test]
fn killed_between_the_stack_file_and_the_records_the_objects_are_recorded_without_an_option() {
    let world = World::seeded(&["--topology", "private"]);
    let group = office(&world, "office");
    let wish = format!("aws_security_group.office={group}");
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(0);
    // A run that died there has written the file, and no record.
    world.lose_the_state();
    world.control.forget_calls();
    // An entry that says something else is not taken for it.
    world.edit_stack("port: 443", "port: 8443");
    let told = world.provision(&["import", &wish, "--into"]).exits(1);
    told.says(&["has the security group `office` already", &format!("provision import {wish}")]);
    world.edit_stack("port: 8443", "port: 443");
    world.provision(&["import", &wish]).exits(0);
    adds_tags_alone(&world);
    // One that says exactly what would be written is gone on with.
    world.lose_the_state();
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("it is there");
    world.provision(&["import", &wish, "--into"]).exits(0).says(&["Recorded"]);
    assert_eq!(std::fs::read_to_string(world.path("provision.yaml")).expect("it is there"), before);
    adds_tags_alone(&world);
    // The same command goes on too, as long as the file is as it wrote it.
    world.lose_the_state();
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(0);
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    world.lose_the_state();
    world.edit_stack("port: 443", "port: 8443");
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(1).says(&["is not written over"]);
    world.edit_stack("port: 8443", "port: 443");
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn what_two_stacks_have_adopted_belongs_to_the_one_that_has_applied() {
    let world = World::seeded(&["--topology", "private"]);
    let files = by_hand(&world).files;
    let wish = format!("aws_efs_file_system.files={files}");
    let import = ["import", &wish, "--out"];
    let stack = |name: &'static str| ["--stack", name];
    world.provision(&[&import[..], &["provision.yaml"], &stack("shop")].concat()).exits(0);
    let other = world.path("mall.yaml");
    let other = other.to_str().expect("a path of text");
    world.provision(&[&import[..], &[other], &stack("mall")].concat()).exits(0);
    world.provision(&["apply", "--auto-approve"]).exits(0);
    for command in [&["apply", "--auto-approve"][..], &["destroy", "--auto-approve"]] {
        let ran = world.provision(&[command, &["--config", other]].concat()).exits(1);
        ran.says(&["aws_efs_file_system.files", "belongs to the stack shop"]);
    }
    assert_eq!(world.cloud.file_system().file_system_id(), files);
    world.plans_nothing();
}

/// As with `git checkout` of the stack file: what was nobody's is not deleted with its entry.
#[test]
fn an_adoption_that_is_taken_back_before_an_apply_leaves_the_object_as_it_is() {
    let world = World::small();
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    world.apply(&[]);
    let id = world.cloud.make_group("door", &text(&world.seed["vpc_id"]));
    world.provision(&["import", &format!("aws_security_group.door={id}"), "--into"]).exits(0);
    world.write_stack(&before);
    let plan = world.plan(&[]);
    let actions: Vec<(&Value, &Value)> = plan["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (&one["address"], &one["action"]))
        .collect();
    assert!(actions.contains(&(&json!("aws_security_group.door"), &json!("forget"))), "{actions:?}");
    world.control.forget_calls();
    world.apply(&[]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.plans_nothing();
    // What was applied is the stack's, and goes with its entry.
    world.provision(&["import", &format!("aws_security_group.door={id}"), "--into"]).exits(0);
    world.apply(&[]);
    world.write_stack(&before);
    world.apply(&[]);
    let groups = world.cloud.run(world.cloud.ec2.describe_security_groups().group_ids(&id).send());
    assert!(groups.is_err(), "it is deleted");
}

#[test]
fn the_parts_of_an_adoption_that_is_taken_back_stay_too() {
    let world = World::seeded(&["--topology", "private"]);
    let before = "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n";
    world.write_stack(before);
    world.apply(&[]);
    let made = by_hand(&world);
    let import = format!("aws_efs_file_system.theirs={}", made.files);
    let targets = || {
        let all = world.cloud.efs.describe_mount_targets().file_system_id(&made.files).send();
        world.cloud.run(all).expect("they can be read").mount_targets().len()
    };
    let there = targets();
    for options in [&[][..], &["--target", "aws_efs_file_system.theirs"]] {
        world.provision(&["import", &import, "--into"]).exits(0);
        let with = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
        // Under another name it would be made anew, and empty.
        world.write_stack(&with.replace("  theirs:", "  renamed:"));
        let said = world.provision(&["apply", "--auto-approve"]).exits(1);
        said.says(&["it was adopted and never applied", "provision state move theirs renamed"]);
        world.write_stack(before);
        world.control.forget_calls();
        world.apply(options);
        assert_eq!((world.control.calls().mutating(), targets()), (0, there), "{options:?}");
    }
    world.apply(&[]);
    world.plans_nothing();
    // So does a part that is taken out while the whole is still to be applied.
    world.provision(&["import", &import, "--into"]).exits(0);
    let with = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    world.write_stack(&with.replace("  theirs:", "  theirs:\n    zones: [eu-west-1a]"));
    let plan = world.plan(&[]);
    let gone = plan["changes"].as_array().into_iter().flatten().filter(|one| one["action"] != "no-op");
    let targets_of = |one: &&Value| text(&one["address"]).starts_with("aws_efs_mount_target.theirs/");
    let actions: Vec<&Value> = gone.filter(targets_of).map(|one| &one["action"]).collect();
    assert_eq!(actions, vec![&json!("forget"); there - 1]);
}

#[test]
fn a_group_that_became_the_clusters_after_it_was_adopted_is_neither_tagged_nor_deleted() {
    use aws_sdk_ec2::types::Tag;
    let world = World::seeded(&[]);
    let id = world.cloud.make_group("door", &text(&world.seed["vpc_id"]));
    world
        .provision(&[
            "import",
            &format!("aws_security_group.door={id}"),
            "--out",
            "provision.yaml",
            "--stack",
            "shop",
        ])
        .exits(0);
    let cluster = text(&world.seed["cluster"]);
    let tag = Tag::builder().key(format!("kubernetes.io/cluster/{cluster}")).value("owned").build();
    let also = Tag::builder().key("KubernetesCluster").value(&cluster).build();
    let call = world.cloud.ec2.create_tags().resources(&id).tags(tag).tags(also);
    world.cloud.run(call.send()).expect("it can be tagged");
    for command in ["apply", "destroy"] {
        world.provision(&[command, "--auto-approve"]).exits(1).says(&["belongs to the cluster"]);
    }
    let groups = world.cloud.run(world.cloud.ec2.describe_security_groups().group_ids(&id).send());
    assert_eq!(groups.expect("it is there").security_groups()[0].tags().len(), 2);
}

/// The stack file was brought back to an older version, or is lost: the command that was typed before writes the entry again.
#[test]
fn what_is_recorded_and_has_no_entry_any_more_is_described_once_more_by_the_same_command() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let files = format!("aws_efs_file_system.theirs={}", made.files);
    world.provision(&["import", &files, "--out", "provision.yaml", "--stack", "shop"]).exits(0);
    let written = || std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let before = written();
    std::fs::remove_file(world.path("provision.yaml")).expect("it was written");
    world.provision(&["import", &files, "--out", "provision.yaml", "--stack", "shop"]).exits(0);
    assert_eq!(written(), before);
    world.write_stack("stack: shop\nregion: eu-west-1\nfile_systems: {}\n");
    world.provision(&["import", &files, "--into"]).exits(0);
    assert!(written().contains("theirs:"));
    world.control.forget_calls();
    let plan = world.plan(&[]);
    assert_eq!(plan["summary"]["delete"], 0);
    // A new file for objects of another one would have the next plan delete these.
    let records = "aws_db_instance.records=gitlab-pgsql";
    world
        .provision(&["import", records, "--out", "other.yaml", "--stack", "shop"])
        .exits(1)
        .says(&["manages objects of the stack shop already", "--into"]);
    assert!(!world.path("other.yaml").exists());
}
