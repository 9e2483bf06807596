//! Replications: the copy, a destination that is there already, and failovers by hand.

use serde_json::json;

use crate::lifecycle::planned;
use crate::world::{NOTHING, World};

const COPY: &str = "aws_efs_replication_configuration.files";

#[test]
fn a_replication_is_waited_for_and_leaves_its_copy_behind() {
    let world = World::seeded(&[]);
    let without = "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n";
    let with = format!("{without}    replication: {{ region: eu-central-1 }}\n");
    world.write_stack(&with);
    world.control.settings(json!({ "replication_enabling": 1, "replication_deleting": 1 }));
    world.apply(&[]).says(&[COPY, "ENABLING"]);
    world.plans_nothing();
    let copy = || {
        let said = world.provision(&["output", "--json"]).exits(0).json();
        let replica = &said["file_systems"]["files"]["replica"];
        (replica["id"].as_str().unwrap_or_default().to_owned(), replica["region"].clone())
    };
    let (first, region) = copy();
    assert!(first.starts_with("fs-") && region == "eu-central-1", "{first} {region}");
    // A lost state finds it again, by its file system.
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(copy().0, first);
    // A condition that waiting does not end is said with the way out of it.
    let source = format!("replication {}", world.cloud.file_system().file_system_id);
    world.control.status(&source, "PAUSED");
    world.provision(&["plan"]).exits(0).says(&["aws account enable-region --region-name eu-central-1"]);
    world.control.status(&source, "ERROR");
    world.provision(&["plan"]).says(&[&format!("provision apply --replace {COPY}")]);
    world.control.status(&source, "ENABLED");
    // Another region takes another replication; the first copy stays, as the plan says by its id.
    world.edit_stack("eu-central-1", "eu-west-3");
    assert_eq!(planned(&world.plan(&[]), COPY), "replace");
    let stays = |copy: &str, region: &str| format!("the copy {copy} in {region} stays");
    world.provision(&["plan"]).says(&[&stays(&first, "eu-central-1")]);
    world.apply(&[]);
    world.plans_nothing();
    let (second, region) = copy();
    assert!(second != first && region == "eu-west-3", "{second} {region}");
    // Without the option it goes, and so it does before its file system.
    world.write_stack(without);
    assert_eq!(planned(&world.plan(&[]), COPY), "delete");
    world.provision(&["plan"]).says(&[&stays(&second, "eu-west-3")]);
    world.apply(&[]).says(&["DELETING"]);
    world.plans_nothing();
    world.write_stack(&with);
    world.apply(&[]);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

/// Another file system, with these tags.
fn other_file_system(world: &World, token: &str, encrypted: bool, tags: &[(&str, &str)]) -> String {
    let tags = tags.iter().map(|(key, value)| {
        aws_sdk_efs::types::Tag::builder().key(*key).value(*value).build().expect("a tag")
    });
    let made = world.cloud.efs.create_file_system().creation_token(token).encrypted(encrypted);
    world.cloud.run(made.set_tags(Some(tags.collect())).send()).expect("it can be made").file_system_id
}

fn unprotect(world: &World, id: &str) {
    let open = world.cloud.efs.update_file_system_protection().file_system_id(id);
    world
        .cloud
        .run(open.replication_overwrite_protection("DISABLED".into()).send())
        .expect("it can be opened");
}

fn protection_of(world: &World, id: &str) -> String {
    let found = world.cloud.run(world.cloud.efs.describe_file_systems().file_system_id(id).send());
    let found = found.expect("they can be read").file_systems.unwrap_or_default().remove(0);
    let protection = found.file_system_protection.expect("it is shown");
    protection.replication_overwrite_protection.expect("it is shown").as_str().to_owned()
}

#[test]
fn a_copy_in_a_region_that_is_not_there_or_is_turned_off_is_an_error_of_the_plan() {
    let world = World::seeded(&[]);
    let to = |region: &str| {
        format!(
            "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n    replication: {{ region: {region} }}\n"
        )
    };
    for (region, words, hint) in [
        ("eu-centrall-1", "there is no region eu-centrall-1", "aws ec2 describe-regions --all-regions"),
        ("me-south-1", "the region me-south-1 is turned off for the account", "aws account enable-region"),
    ] {
        world.write_stack(&to(region));
        world.provision(&["plan"]).exits(1).says(&[words, hint]);
        world.provision(&["apply", "--auto-approve"]).exits(1).says(&[words]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    // Who may not ask is told so, and goes on.
    world.control.refuse("ec2.DescribeRegions", "UnauthorizedOperation", 403, "no");
    world.write_stack(&to("eu-central-1"));
    world.provision(&["plan"]).exits(0).says(&["not checked: region eu-central-1 of the copy"]);
    world.apply(&[]);
    world.control.forget_calls();
    world.plans_nothing();
    assert_eq!(world.control.calls().of("ec2.DescribeRegions"), 0, "it is asked of what is to be made");
}

/// Somebody deletes the replication of a file system, for a failover.
fn fail_over(world: &World, source: &str) {
    let end = world.cloud.efs.delete_replication_configuration().source_file_system_id(source).send();
    world.cloud.run(end).expect("it can be ended");
}

#[test]
fn a_replication_overwrites_a_file_system_only_by_name_and_once_that_is_unprotected() {
    let world = World::small();
    let (cloud, efs) = (&world.cloud, &world.cloud.efs);
    let there = other_file_system(&world, "there", true, &[]);
    let stack_to = |region: &str, id: &str| {
        world.write_stack(&format!(
            "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n    replication: {{ region: {region}, \
             file_system: {id} }}\n"
        ));
    };
    let stack = |id: &str| stack_to("eu-west-1", id);
    stack(&there);
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "is protected from being overwritten by a replication",
        &format!("aws efs update-file-system-protection --file-system-id {there}"),
        &format!("provision apply --allow-data-loss {COPY}"),
    ]);
    unprotect(&world, &there);
    let plan = world.plan(&[]);
    let change = plan["changes"].as_array().into_iter().flatten().find(|one| one["address"] == COPY);
    assert_eq!(change.expect("it is planned")["effect"], "data-loss");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["it overwrites or deletes what differs"]);
    // It is looked for in its region.
    stack_to("eu-central-1", &there);
    let elsewhere = format!("there is no file system {there} in eu-central-1");
    world.provision(&["apply", "--auto-approve", "--allow-data-loss", COPY]).exits(1).says(&[&elsewhere]);
    // Nor is one overwritten that is not there, is another stack's or is not encrypted.
    let of_another = other_file_system(
        &world,
        "theirs",
        true,
        &[("provision:stack", "other"), ("provision:lineage", "l")],
    );
    let plain = other_file_system(&world, "plain", false, &[]);
    for (id, said) in [
        ("fs-12345678", "there is no file system fs-12345678 in eu-west-1"),
        (of_another.as_str(), "belongs to the stack other"),
        (plain.as_str(), "is not encrypted"),
    ] {
        if id.len() > 12 {
            unprotect(&world, id);
        }
        stack(id);
        world.provision(&["apply", "--auto-approve", "--allow-data-loss", COPY]).exits(1).says(&[said]);
    }
    stack(&there);
    world.provision(&["plan", "--allow-data-loss", COPY]).exits(0).says(&[
        "loses data",
        &format!("{there} in eu-west-1 ("),
        "bytes) is overwritten",
    ]);
    world.apply(&["--allow-data-loss", COPY]);
    world.plans_nothing();
    world.provision(&["output", "file_systems.files.replica.id"]).exits(0).says(&[&there]);
    world.destroy();
    let left = cloud.run(efs.describe_file_systems().send()).expect("they can be read").file_systems;
    assert_eq!(left.unwrap_or_default().len(), 3, "the copy stays");
}

/// Two file systems, which are there.
fn two(world: &World) -> (String, String) {
    let stack = "stack: shop\nfile_systems:\n  files: { deletion_protection: false }\n  spare: { deletion_protection: false }\n";
    world.write_stack(stack);
    world.apply(&[]);
    let id = |name: &str| {
        let said = world.provision(&["output", "--json"]).exits(0).json();
        said["file_systems"][name]["id"].as_str().expect("it is there").to_owned()
    };
    (id("files"), id("spare"))
}

/// The other options of the two.
fn written(world: &World, files: &str, spare: &str) {
    world.write_stack(&format!(
        "stack: shop\nfile_systems:\n  files: {{ deletion_protection: false{files} }}\n  spare: {{ deletion_protection: \
         false{spare} }}\n"
    ));
}

const OPEN: &str = ", replication_overwrite_protection: false";

const CLOSED: &str = ", replication_overwrite_protection: true";

fn to(id: &str) -> String {
    format!(", replication: {{ region: eu-west-1, file_system: {id} }}")
}

#[test]
fn nothing_is_replicated_to_a_file_system_that_the_same_plan_deletes() {
    let world = World::small();
    let (_, spare) = two(&world);
    written(&world, &to(&spare), OPEN);
    world
        .provision(&["plan", "--replace", "aws_efs_file_system.spare", "--allow-data-loss", COPY])
        .exits(1)
        .says(&[&format!("{spare} is aws_efs_file_system.spare, which the same plan deletes")]);
}

#[test]
fn a_failover_by_hand_is_not_undone_by_a_plan() {
    let world = World::small();
    let (files, spare) = two(&world);
    // The protection goes off first, and the replication begins after that.
    written(&world, &to(&spare), OPEN);
    world.apply(&["--allow-data-loss", COPY]);
    world.plans_nothing();
    assert_eq!(protection_of(&world, &spare), "REPLICATING");
    fail_over(&world, &files);
    assert_eq!(protection_of(&world, &spare), "ENABLED");
    world.control.forget_calls();
    for command in
        [&["plan"][..], &["apply", "--auto-approve"], &["apply", "--auto-approve", "--replace", COPY]]
    {
        world.provision(command).exits(1).says(&[&format!("--allow-data-loss {COPY}")]);
    }
    world.provision(&["plan"]).exits(1).says(&[
        "is gone from AWS, and provision did not delete it",
        &format!("the copy {spare} in eu-west-1 takes writes"),
        "take `replication` out of `files`, and `replication_overwrite_protection: false` out of `spare`",
    ]);
    // Its record says this again after everything else has been recorded.
    world.provision(&["apply", "--refresh-only", "--auto-approve"]);
    world.provision(&["plan"]).exits(1).says(&["is gone from AWS"]);
    assert_eq!((world.control.calls().mutating(), protection_of(&world, &spare).as_str()), (0, "ENABLED"));
    // Failed over for good.
    written(&world, "", "");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(protection_of(&world, &spare), "ENABLED");
    // The other way round, by name.
    written(&world, OPEN, &to(&files));
    world.provision(&["plan"]).exits(1).says(&["it overwrites or deletes what differs"]);
    world.apply(&["--allow-data-loss", "aws_efs_replication_configuration.spare"]);
    world.plans_nothing();
    // And made again, by name too.
    fail_over(&world, &spare);
    world.apply(&["--allow-data-loss", "aws_efs_replication_configuration.spare"]);
    assert_eq!(protection_of(&world, &files), "REPLICATING");
    world.destroy();
}

#[test]
fn a_replication_is_turned_round_in_two_steps_and_its_destination_protected_in_one() {
    let world = World::small();
    let (files, spare) = two(&world);
    written(&world, &to(&spare), OPEN);
    world.apply(&["--allow-data-loss", COPY]);
    // A destination cannot be protected.
    written(&world, &to(&spare), CLOSED);
    world
        .provision(&["plan"])
        .exits(1)
        .says(&["replication_overwrite_protection cannot be true", "take `replication` out of `files`"]);
    const BACK: &str = "aws_efs_replication_configuration.spare";
    written(&world, OPEN, &to(&files));
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve", "--allow-data-loss", BACK]).exits(1).says(&[
        &format!("the replication of {files} to {spare} is ended by the same plan"),
        "take `replication` out of `files` and leave it out of `spare`, then: provision apply",
        &format!("provision apply --allow-data-loss {BACK}"),
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    // The end of the replication comes before the protection.
    world.control.settings(json!({ "replication_deleting": 1 }));
    written(&world, "", CLOSED);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(protection_of(&world, &spare), "ENABLED");
    written(&world, OPEN, &to(&files));
    world.apply(&["--allow-data-loss", BACK]);
    world.plans_nothing();
    world.destroy();
}

#[test]
fn a_copy_that_took_over_by_hand_is_named_before_another_copy_is_made() {
    let world = World::small();
    world.write_stack(
        "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n    replication: { region: eu-central-1 }\n",
    );
    world.apply(&[]);
    let copy = world.provision(&["output", "file_systems.files.replica.id"]).exits(0);
    let copy = copy.out.trim().to_owned();
    fail_over(&world, &world.cloud.file_system().file_system_id);
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        &format!("the copy {copy} in eu-central-1 takes writes"),
        "take `replication` out of `files`",
        &format!("provision apply --replace {COPY}"),
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.apply(&["--replace", COPY]);
    world.plans_nothing();
    world.destroy();
}
