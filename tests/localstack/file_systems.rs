//! File systems, mount targets and access points through their lives, and what EFS does to them.

use serde_json::json;

use crate::lifecycle::{FILES, in_place, lives, planned, replacing};
use crate::world::{NOTHING, World};

/// EFS answers so "if the Backup service is not available in the Amazon Web Services Region" (EFS API reference).
#[test]
fn a_region_without_aws_backup_stops_only_who_wants_backups() {
    let world = World::seeded(&[]);
    let stack = "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n    backup: false\n";
    world.write_stack(stack);
    for operation in ["efs.DescribeBackupPolicy", "efs.PutBackupPolicy"] {
        world.control.refuse_always(operation, "ValidationException", 400);
    }
    world.apply(&[]);
    world.plans_nothing();
    world.edit_stack("backup: false", "backup: true");
    world.provision(&["plan"]).exits(1).says(&[
        "error: aws_efs_file_system.files: backup: needs AWS Backup, which this region does not have",
        "write `backup: false` into the stack file",
    ]);
    world.edit_stack("backup: true", "ignore_changes: [backup]");
    world.plans_nothing();
    world.destroy();

    // Nothing tells before the file system is there.
    world.edit_stack("ignore_changes: [backup]", "backup: true");
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&["PutBackupPolicy", "write `backup: false`"]);
}

#[test]
fn a_file_system() {
    lives(
        "aws_efs_file_system.files",
        FILES,
        |world| {
            let found = world.cloud.file_system();
            found.encrypted() == Some(true)
                && found.throughput_mode().map(|mode| mode.as_str()) == Some("elastic")
                && found.performance_mode().as_str() == "generalPurpose"
                && has_backup(world)
        },
        &[
            (in_place("throughput_mode: elastic", "throughput_mode: bursting"), |world| {
                world.cloud.file_system().throughput_mode().map(|mode| mode.as_str()) == Some("bursting")
            }),
            (
                in_place(
                    "throughput_mode: bursting",
                    "throughput_mode: provisioned\n    provisioned_throughput_in_mibps: 16",
                ),
                |world| world.cloud.file_system().provisioned_throughput_in_mibps() == Some(16.0),
            ),
            (in_place("mibps: 16", "mibps: 32"), |world| {
                world.cloud.file_system().provisioned_throughput_in_mibps() == Some(32.0)
            }),
            (
                in_place(
                    "    backup: true",
                    "    backup: true\n    lifecycle: { transition_to_ia: AFTER_30_DAYS }",
                ),
                |world| lifecycle(world) == ["AFTER_30_DAYS"],
            ),
            (in_place("AFTER_30_DAYS", "AFTER_7_DAYS"), |world| lifecycle(world) == ["AFTER_7_DAYS"]),
            (
                in_place(
                    "throughput_mode: provisioned\n    provisioned_throughput_in_mibps: 32",
                    "throughput_mode: elastic",
                ),
                |world| {
                    world.cloud.file_system().throughput_mode().map(|mode| mode.as_str()) == Some("elastic")
                },
            ),
            (in_place("AFTER_7_DAYS", "AFTER_7_DAYS, transition_to_archive: AFTER_90_DAYS"), |world| {
                lifecycle(world) == ["AFTER_7_DAYS", "AFTER_90_DAYS"]
            }),
            (
                in_place("transition_to_archive: AFTER_90_DAYS", "transition_to_archive: AFTER_365_DAYS"),
                |world| lifecycle(world) == ["AFTER_365_DAYS", "AFTER_7_DAYS"],
            ),
            (in_place(", transition_to_archive: AFTER_365_DAYS", ""), |world| {
                lifecycle(world) == ["AFTER_7_DAYS"]
            }),
            (in_place("lifecycle: { transition_to_ia: AFTER_7_DAYS }", "lifecycle: {}"), |world| {
                lifecycle(world).is_empty()
            }),
            (in_place("    backup: true", "    backup: true\n    enforce_tls: true"), |world| {
                policy(world).is_some_and(|policy| policy.contains("aws:SecureTransport"))
            }),
            (in_place("enforce_tls: true", "enforce_tls: false"), |world| policy(world).is_none()),
            (
                in_place(
                    "enforce_tls: false",
                    "enforce_tls: true\n    policy:\n      Read:\n        effect: Allow\n        principals: [\"*\"]\n        \
                     actions: [elasticfilesystem:ClientMount]",
                ),
                |world| {
                    policy(world)
                        .is_some_and(|policy| policy.contains("\"Read\"") && !policy.contains("ClientWrite"))
                },
            ),
            (in_place("[elasticfilesystem:ClientMount]", "[elasticfilesystem:Client*]"), |world| {
                policy(world).is_some_and(|policy| policy.contains("Client*"))
            }),
            (
                in_place(
                    "enforce_tls: true\n    policy:\n      Read:\n        effect: Allow\n        principals: [\"*\"]\n        \
                     actions: [elasticfilesystem:Client*]",
                    "enforce_tls: false",
                ),
                |world| policy(world).is_none(),
            ),
            (in_place("enforce_tls: false", "replication_overwrite_protection: false"), |world| {
                protection(world) == "DISABLED"
            }),
            (
                in_place("replication_overwrite_protection: false", "replication_overwrite_protection: true"),
                |world| protection(world) == "ENABLED",
            ),
            (in_place("    backup: true", "    backup: false"), |world| !has_backup(world)),
            (in_place("team: one", "team: two"), |world| {
                world.cloud.file_system().tags().iter().any(|tag| tag.key() == "team" && tag.value() == "two")
            }),
            (
                replacing(
                    "throughput_mode: elastic",
                    "throughput_mode: bursting\n    performance_mode: maxIO",
                    &["aws_efs_file_system.files"],
                ),
                |world| {
                    let found = world.cloud.file_system();
                    found.performance_mode().as_str() == "maxIO" && found.number_of_mount_targets() == 3
                },
            ),
        ],
    );
}

/// A stack with a file system in one zone.
const ONE_ZONE: &str = "\
stack: shop
file_systems:
  files:
    storage: one-zone
    zones: [eu-west-1b]
    deletion_protection: false
";

#[test]
fn one_zone_storage() {
    let world = World::seeded(&[]);
    world.write_stack(ONE_ZONE);
    world.provision(&["plan"]).exits(0).says(&[
        "what runs in eu-west-1a and eu-west-1c mounts it across zones",
        "while eu-west-1b is down nobody has it",
    ]);
    world.apply(&[]);
    world.plans_nothing();
    let in_zone = |zone: &str| {
        let (found, targets) = (world.cloud.file_system(), world.cloud.mount_targets());
        assert_eq!(found.availability_zone_name(), Some(zone));
        assert_eq!(targets.len(), 1);
        assert_eq!(targets[0].availability_zone_name(), Some(zone));
        found.file_system_id
    };
    let id = in_zone("eu-west-1b");
    let dns_name = format!("eu-west-1b.{id}.efs.eu-west-1.amazonaws.com");
    world.provision(&["output", "nfs_dns_name"]).exits(0).says(&[&dns_name]);
    // A lost state finds it again.
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    // Its protection is rebuilt as on.
    world.apply(&[]);
    world.plans_nothing();
    // Its zone is fixed, and it holds data: another zone takes a new one, which is made only when named.
    world.edit_stack("[eu-west-1b]", "[eu-west-1c]");
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["--replace aws_efs_file_system.files"]);
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(in_zone("eu-west-1b"), id);
    world.apply(&["--replace", "aws_efs_file_system.files"]);
    assert_ne!(in_zone("eu-west-1c"), id);
    world.plans_nothing();
    // So does storage in all zones.
    world.edit_stack("    storage: one-zone\n    zones: [eu-west-1c]\n", "");
    assert_eq!(planned(&world.plan(&[]), "aws_efs_file_system.files"), "replace");
    world.apply(&["--replace", "aws_efs_file_system.files"]);
    assert_eq!(
        (world.cloud.file_system().availability_zone_name(), world.cloud.mount_targets().len()),
        (None, 3)
    );
    world.plans_nothing();
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

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

/// A policy of the author's own.
const STATEMENTS: &str = "    policy:
      Mount:
        effect: Allow
        principals: [\"*\"]
        actions: [elasticfilesystem:ClientMount, elasticfilesystem:ClientWrite]
        conditions: { Bool: { elasticfilesystem:AccessedViaMountTarget: [true] } }
";

fn put_policy(world: &World, policy: &serde_json::Value) {
    let id = world.cloud.file_system().file_system_id;
    let put = world.cloud.efs.put_file_system_policy().file_system_id(id).policy(policy.to_string());
    world.cloud.run(put.send()).expect("it can have a policy");
}

#[test]
fn a_policy_of_the_authors_own_goes_with_its_option_and_one_of_others_stays() {
    let world = World::small();
    let without = "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n";
    let with = format!("{without}{STATEMENTS}");
    world.write_stack(&with);
    world.apply(&[]);
    world.plans_nothing();
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    // Its protection is rebuilt as on.
    world.apply(&[]);
    world.plans_nothing();
    // The same, as AWS or others may write it.
    let shown = json!({ "Version": "2012-10-17", "Id": "by-hand", "Statement": {
        "Action": ["elasticfilesystem:ClientWrite", "elasticfilesystem:clientmount"], "Principal": "*", "Effect": "Allow",
        "Condition": { "Bool": { "elasticfilesystem:accessedviamounttarget": "true" } },
    } });
    put_policy(&world, &shown);
    world.plans_nothing();
    world.write_stack(without);
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, "aws_efs_file_system.files"), "update");
    world.apply(&[]);
    assert_eq!(policy(&world), None);
    world.plans_nothing();
    // One that others put in its place is theirs.
    world.write_stack(&with);
    world.apply(&[]);
    let mut others = shown;
    others["Statement"]["Action"] = "*".into();
    put_policy(&world, &others);
    world.write_stack(without);
    world.apply(&[]);
    assert!(policy(&world).is_some_and(|policy| policy.contains("by-hand")), "{:?}", policy(&world));
}

#[test]
fn a_policy_that_would_lock_the_author_out_is_refused_with_what_to_write() {
    let world = World::small();
    world.write_stack(
        "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n    policy:\n      Nobody:\n        effect: Deny\n        \
         principals: [\"*\"]\n        actions: [\"*\"]\n",
    );
    // Everybody is the author too, whoever that is.
    world.control.forget_calls();
    let read = world.provision(&["apply", "--auto-approve"]).exits(1);
    read.says(&["keeps everybody from changing the policy again", "elasticfilesystem:Client*"]);
    assert_eq!(world.control.calls().mutating(), 0);
    // Whose account it is, AWS knows.
    world.edit_stack("principals: [\"*\"]", &format!("principals: [\"{}\"]", world.account));
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "aws_efs_file_system.files",
        "InvalidPolicyException",
        "leaves elasticfilesystem:PutFileSystemPolicy to you",
    ]);
    assert_eq!(policy(&world), None);
}

#[test]
fn an_option_that_says_what_aws_has_already_is_no_change_and_one_that_takes_away_is() {
    let world = World::small();
    world.write_stack("stack: shop\nfile_systems:\n  files: { deletion_protection: false }\n");
    world.apply(&[]);
    world.edit_stack("false }", "false, lifecycle: {}, enforce_tls: false }");
    world.plans_nothing();
    let efs = &world.cloud.efs;
    let id = world.cloud.file_system().file_system_id;
    let rule = aws_sdk_efs::types::LifecyclePolicy::builder()
        .transition_to_ia(aws_sdk_efs::types::TransitionToIaRules::After30Days)
        .build();
    let put = efs.put_lifecycle_configuration().file_system_id(id).lifecycle_policies(rule);
    world.cloud.run(put.send()).expect("it can have a lifecycle");
    world.provision(&["plan", "--detailed-exitcode"]).exits(2);
    world.apply(&[]);
    assert_eq!(lifecycle(&world), [""; 0]);
    world.plans_nothing();
}

fn has_backup(world: &World) -> bool {
    let id = world.cloud.file_system().file_system_id;
    let answer = world.cloud.run(world.cloud.efs.describe_backup_policy().file_system_id(id).send());
    let policy = answer.expect("the policy can be read").backup_policy;
    policy.is_some_and(|policy| matches!(policy.status().as_str(), "ENABLED" | "ENABLING"))
}

fn lifecycle(world: &World) -> Vec<String> {
    let id = world.cloud.file_system().file_system_id;
    let answer =
        world.cloud.run(world.cloud.efs.describe_lifecycle_configuration().file_system_id(id).send());
    let policies = answer.expect("the lifecycle can be read").lifecycle_policies.unwrap_or_default();
    let mut found: Vec<String> = policies
        .iter()
        .flat_map(|policy| {
            let ia = policy.transition_to_ia().map(|rule| rule.as_str());
            let archive = policy.transition_to_archive().map(|rule| rule.as_str());
            [ia, archive].into_iter().flatten().map(str::to_owned)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_mount_target() {
    const HERE: &str = "aws_efs_mount_target.files/eu-west-1a";
    lives(
        HERE,
        FILES,
        |world| {
            let group = world.cloud.group("shop-files").group_id.expect("it has an id");
            let targets = world.cloud.mount_targets();
            targets.len() == 3
                && targets.iter().all(|target| world.cloud.groups_of(target) == [group.as_str()])
        },
        &[
            (in_place("security_group: shop-files", "security_group: shop-nfs"), |world| {
                let group = world.cloud.group("shop-nfs").group_id.expect("it has an id");
                world
                    .cloud
                    .mount_targets()
                    .iter()
                    .all(|target| world.cloud.groups_of(target) == [group.as_str()])
            }),
            (replacing("team: one", "team: two", &[HERE]), |world| world.cloud.mount_targets().len() == 3),
        ],
    );
}

fn policy(world: &World) -> Option<String> {
    let id = world.cloud.file_system().file_system_id;
    let answer = world.cloud.run(world.cloud.efs.describe_file_system_policy().file_system_id(id).send());
    match answer {
        Ok(found) => found.policy,
        Err(error) => {
            assert!(error.into_service_error().is_policy_not_found());
            None
        }
    }
}

fn protection(world: &World) -> String {
    let found = world.cloud.file_system().file_system_protection.expect("it is always shown");
    found.replication_overwrite_protection.expect("it is always shown").as_str().to_owned()
}

#[test]
fn an_access_point() {
    const HERE: &str = "aws_efs_access_point.files/git-data";
    const STACK: &str = "\
stack: shop
tags: { team: one }
file_systems:
  files:
    deletion_protection: false
    access_points:
      git-data: { path: /git-data, uid: 998, gid: 998, permissions: \"0755\" }
";
    let is = |world: &World, path: &str, uid: i64| {
        let points = world.cloud.access_points();
        let point = points.first().expect("there is an access point");
        let (user, root) = (point.posix_user().expect("a user"), point.root_directory().expect("a root"));
        let made = root.creation_info().expect("how it is made");
        points.len() == 1
            && (user.uid(), user.gid(), made.owner_uid(), made.owner_gid()) == (uid, 998, uid, 998)
            && (root.path(), made.permissions()) == (Some(path), "0755")
    };
    lives(
        HERE,
        STACK,
        |world| {
            let points = world.cloud.access_points();
            let tag = |key: &str, value: &str| {
                points[0].tags().iter().any(|tag| tag.key() == key && tag.value() == value)
            };
            tag("provision:address", HERE) && tag("team", "one") && tag("Name", "git-data")
        },
        &[
            (in_place("team: one", "team: two"), |world| {
                world.cloud.access_points()[0].tags().iter().any(|tag| tag.value() == "two")
            }),
            (replacing("uid: 998", "uid: 1000", &[]), |world| {
                world.cloud.access_points()[0].posix_user().is_some_and(|user| user.uid() == 1000)
            }),
            (replacing("/git-data", "/srv/git", &[]), |world| {
                world.cloud.access_points()[0].root_directory().and_then(|root| root.path())
                    == Some("/srv/git")
            }),
        ],
    );

    let world = World::seeded(&[]);
    world.write_stack(STACK);
    world.apply(&[]);
    assert!(is(&world, "/git-data", 998));
    let id = world.cloud.access_points()[0].access_point_id.clone().expect("it has an id");
    let output = world.provision(&["output", "file_systems.files.access_points.git-data.id"]).exits(0);
    assert_eq!(output.out.trim(), id);
    let all = world.provision(&["output", "--json"]).exits(0).json();
    assert_eq!(all["file_systems"]["files"]["access_points"]["git-data"]["path"], "/git-data");
    // A lost state: the replacement is found again by its token, and the generation with it.
    world.apply(&["--replace", HERE]);
    let before = world.record(HERE);
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    assert_eq!(world.record(HERE), before);
    world.plans_nothing();
    // One more, then none: they are made and deleted by themselves, and the file system stays.
    world.edit_stack("      git-data:", "      uploads: { uid: 33 }\n      git-data:");
    world.apply(&[]);
    assert_eq!(world.cloud.access_points().len(), 2);
    world.plans_nothing();
    let file_system = world.cloud.file_system().file_system_id;
    world.write_stack(STACK.split("    access_points:").next().expect("the stack without them"));
    world.apply(&[]);
    assert_eq!(
        (world.cloud.access_points().len(), world.cloud.file_system().file_system_id),
        (0, file_system)
    );
    world.plans_nothing();
}

#[test]
fn access_points_are_gone_before_their_file_system_is_deleted() {
    let world = World::seeded(&[]);
    world.write_stack(
        &FILES.replace("    backup: true", "    access_points: { a: { uid: 1 }, b: { uid: 2 } }"),
    );
    world.apply(&[]);
    world.control.settings(json!({ "access_point_deleting": 0.4 }));
    world.control.forget_calls();
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
    let calls = world.control.log();
    let last = |operation: &str| calls.iter().rposition(|call| call == operation).expect("it was called");
    // Not only asked to go: seen to be gone.
    let order = ["DeleteAccessPoint", "DescribeAccessPoints", "DeleteFileSystem"];
    let positions = order.map(|operation| last(&format!("efs.{operation}")));
    assert!(positions.is_sorted(), "{calls:?}");
}

#[test]
fn a_key_is_the_same_by_its_alias_its_id_and_its_arn() {
    let world = World::seeded(&[]);
    let (arn, other) = (world.cloud.key("alias/storage"), world.cloud.key("alias/other"));
    let with = |key: &str| {
        world.write_stack(&FILES.replace("    backup: true", &format!("    kms_key_id: {key}")));
    };
    world.control.forget_calls();
    with("alias/none");
    let refused = world.provision(&["plan"]).exits(1);
    refused.says(&["alias/none", "there is no key alias/none"]);
    assert_eq!(world.control.calls().mutating(), 0);

    with("alias/storage");
    world.apply(&[]);
    assert_eq!(world.cloud.file_system().kms_key_id(), Some(arn.as_str()));
    world.plans_nothing();
    let (_, id) = arn.rsplit_once('/').expect("an id at the end");
    for name in [arn.as_str(), id, "alias/storage"] {
        with(name);
        world.apply(&[]);
        world.plans_nothing();
    }
    for name in [other.as_str(), "alias/other"] {
        with(name);
        let refused = world.provision(&["plan"]).exits(1);
        refused.says(&["data lost", "--replace aws_efs_file_system.files"]);
    }
    // A file system keeps the key that it was encrypted with, even if its alias stands for another key now.
    with("alias/storage");
    world.cloud.point("alias/storage", &other);
    world.provision(&["plan"]).exits(1).says(&["data lost", "kms_key_id"]);
    with(&arn);
    world.apply(&[]);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_change_of_throughput_that_aws_may_refuse_is_warned_about_and_the_refusal_is_not_fought() {
    let world = World::seeded(&[]);
    world.write_stack(FILES);
    world.apply(&[]);
    world.control.settings(json!({ "efs_throughput_rest": 3600 }));
    world.edit_stack("throughput_mode: elastic", "throughput_mode: bursting");
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, "aws_efs_file_system.files"), "update");
    let warned = |plan: &serde_json::Value| {
        plan["preflight"].as_array().into_iter().flatten().any(|finding| {
            finding["level"] == "warning"
                && finding["address"] == "aws_efs_file_system.files"
                && finding["message"].as_str().is_some_and(|message| message.contains("24 hours"))
        })
    };
    assert!(warned(&plan), "{plan:#}");
    world.apply(&[]);
    world.plans_nothing();

    world.edit_stack(
        "throughput_mode: bursting",
        "throughput_mode: provisioned\n    provisioned_throughput_in_mibps: 8",
    );
    assert!(warned(&world.plan(&[])));
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "TooManyRequests",
        "again after",
        "AWS takes one such change in 24 hours",
    ]);
    assert_eq!(world.control.calls().of("efs.UpdateFileSystem"), 1, "it is not tried again");
    world.control.settings(json!({}));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.file_system().provisioned_throughput_in_mibps(), Some(8.0));
    world.edit_stack("mibps: 8", "mibps: 9");
    assert!(!warned(&world.plan(&[])), "more can be had at any time");
    world.edit_stack("mibps: 9", "mibps: 7");
    assert!(warned(&world.plan(&[])));
}
