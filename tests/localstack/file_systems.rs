//! File systems, mount targets and access points through their lives, and what EFS does to them.

mod access_points;
mod policy;
mod replication;

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
