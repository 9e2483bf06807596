//! Answers that are lost, calls that are throttled or refused.

use serde_json::json;

use crate::world::{SMALL_STACK, World};

#[test]
fn an_answer_that_is_lost_after_a_create_makes_no_second_object() {
    let world = World::small();
    let creates = [
        "ec2.CreateSecurityGroup",
        "efs.CreateFileSystem",
        "efs.CreateMountTarget",
        "rds.CreateDBSubnetGroup",
        "rds.CreateDBInstance",
    ];
    for operation in creates {
        world.control.lose_answer(operation);
    }
    world.apply(&[]);
    assert_eq!(world.control.faults_left(), 0, "every answer was lost");
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

/// "Eventual consistency in the Amazon EC2 API": the first use of what was just made is refused as if it were not there, by EC2, EFS and
/// RDS alike.
#[test]
fn what_was_just_made_is_used_as_soon_as_it_is_known_everywhere() {
    let records = "    allocated_storage: 50\n";
    for (files, access, asked_again) in [
        ("access: [nodes, masters]", "", &["ec2.AuthorizeSecurityGroupIngress"][..]),
        // Where nothing is let in, the groups are first used by what stands behind them.
        ("access: []", "    access: []\n", &["efs.CreateMountTarget", "rds.CreateDBInstance"]),
    ] {
        let world = World::small();
        world.edit_stack("access: [nodes, masters]", files);
        world.edit_stack(records, &format!("{records}{access}    parameters: {{ work_mem: 1024 }}\n"));
        world.control.settings(json!({ "unknown": 1.5 }));
        let ran = world.apply(&[]);
        assert!(ran.said().contains("refused for now"), "it is said: {ran:?}");
        let calls = world.control.calls();
        for operation in asked_again {
            let made = match *operation {
                "efs.CreateMountTarget" => 3,
                "ec2.AuthorizeSecurityGroupIngress" => 2,
                _ => 1,
            };
            assert!(calls.of(operation) > made, "{operation} was refused at first: {calls:?}");
        }
        for (operation, made) in
            [("ec2.CreateSecurityGroup", 2), ("efs.CreateFileSystem", 1), ("rds.CreateDBSubnetGroup", 1)]
        {
            assert_eq!(calls.of(operation), made, "{operation}");
        }
        assert_eq!(world.cloud.count(), SMALL_STACK);
        world.control.settings(json!({}));
        world.plans_nothing();
    }
}

#[test]
fn an_answer_that_is_lost_after_an_update_or_a_delete_is_no_failure() {
    let world = World::applied();
    world.edit_stack("allocated_storage: 50", "allocated_storage: 60\n    apply_immediately: true");
    world.edit_stack("access: [nodes, masters]", "access: [nodes]\n    throughput_mode: bursting");
    let updates = ["ec2.RevokeSecurityGroupIngress", "efs.UpdateFileSystem", "rds.ModifyDBInstance"];
    for operation in updates {
        world.control.lose_answer(operation);
    }
    world.apply(&[]);
    assert_eq!(world.control.faults_left(), 0, "every answer was lost");
    world.plans_nothing();
    let deletes = [
        "ec2.DeleteSecurityGroup",
        "efs.DeleteFileSystem",
        "efs.DeleteMountTarget",
        "rds.DeleteDBSubnetGroup",
        "rds.DeleteDBInstance",
    ];
    for operation in deletes {
        world.control.lose_answer(operation);
    }
    world.destroy();
    assert_eq!(world.control.faults_left(), 0, "every answer was lost");
    assert_eq!(world.cloud.count(), crate::world::NOTHING);
}

#[test]
fn throttled_calls_are_made_again() {
    let world = World::small();
    for (operation, code) in [
        ("ec2.CreateSecurityGroup", "RequestLimitExceeded"),
        ("efs.CreateFileSystem", "ThrottlingException"),
        ("rds.CreateDBInstance", "Throttling"),
        ("ec2.DescribeSecurityGroups", "RequestLimitExceeded"),
        ("rds.DescribeDBInstances", "Throttling"),
    ] {
        world.control.refuse(operation, code, 400, "Rate exceeded");
    }
    world.apply(&[]);
    assert_eq!(world.control.faults_left(), 0);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn a_refusal_is_reported_in_full_stops_only_what_needs_it_and_the_rerun_finishes() {
    let world = World::small();
    let refuse = || {
        world.control.refuse(
            "efs.CreateFileSystem",
            "AccessDeniedException",
            403,
            "not authorized to do this",
        );
    };
    refuse();
    let events = world.provision(&["apply", "--auto-approve", "--json"]).exits(1).events();
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    let failed = of("step_failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["address"], "aws_efs_file_system.files");
    let error = &failed[0]["error"];
    assert_eq!(error["operation"], "elasticfilesystem:CreateFileSystem");
    assert_eq!(error["code"], "AccessDeniedException");
    assert!(error["request_id"].as_str().is_some_and(|id| id.len() > 8), "{error}");
    let skipped = of("step_skipped");
    assert_eq!(skipped.len(), 3, "the three mount targets");
    assert!(skipped.iter().all(|event| event["because"] == "aws_efs_file_system.files"));
    let last = events.last().expect("a summary");
    assert_eq!(
        (&last["outcome"], &last["failed"], &last["skipped"]),
        (&"failed".into(), &1.into(), &3.into())
    );
    assert_eq!(world.cloud.count(), [2, 0, 0, 1, 1], "what does not need it is made");

    refuse();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "aws_efs_file_system.files",
        "elasticfilesystem:CreateFileSystem",
        "AccessDeniedException",
        "not authorized to do this",
        "request id",
        "aws_efs_mount_target.files/eu-west-1a",
    ]);
    world.apply(&[]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn a_refusal_after_which_a_call_is_tried_again_is_shown_at_once_with_the_words_of_aws() {
    let world = World::applied();
    world.edit_stack("allocated_storage: 50", "allocated_storage: 60\n    apply_immediately: true");
    world.control.refuse("rds.ModifyDBInstance", "InvalidDBInstanceState", 400, "it is backing up");
    let events = world.provision(&["apply", "--auto-approve", "--json"]).exits(0).events();
    let is_told = |event: &serde_json::Value| {
        event["type"] == "settling"
            && event["address"] == "aws_db_instance.records"
            && event["status"] == "refused for now: it is backing up (InvalidDBInstanceState)"
    };
    assert!(events.iter().any(is_told), "{events:#?}");
    world.plans_nothing();
}
