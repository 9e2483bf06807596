//! The plan says what AWS would refuse, and a check that cannot be made blocks nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{NOTHING, World};

fn findings<'a>(plan: &'a Value, level: &str) -> Vec<&'a Value> {
    let all = plan["preflight"].as_array().expect("a plan has findings");
    all.iter().filter(|finding| finding["level"] == level).collect()
}

fn checks(plan: &Value, level: &str) -> BTreeSet<String> {
    let name = |finding: &&Value| finding["check"].as_str().expect("a finding has a check").to_owned();
    findings(plan, level).iter().map(name).collect()
}

#[test]
fn a_first_plan_says_what_was_checked_and_a_plan_without_changes_asks_nothing_more() {
    let world = World::small();
    let plan = world.plan(&[]);
    let expected = ["engine-version", "free-addresses", "instance-class", "permissions", "quota", "zones"];
    assert_eq!(checks(&plan, "passed"), expected.map(str::to_owned).into());
    assert_eq!(checks(&plan, "not-checked"), ["permissions".to_owned()].into());
    assert_eq!((findings(&plan, "error"), findings(&plan, "warning")), (Vec::new(), Vec::new()));
    world
        .provision(&["plan"])
        .exits(0)
        .says(&["checks passed.", "not checked: permissions of EFS and RDS (AWS cannot be asked)"]);
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.control.calls().of("ec2.CreateSecurityGroup.DryRun"), 4, "two groups, two plans");
    assert_eq!(world.cloud.count(), NOTHING);

    world.apply(&[]);
    world.control.forget_calls();
    world.plans_nothing();
    let calls = world.control.calls();
    for operation in [
        "rds.DescribeDBEngineVersions",
        "rds.DescribeOrderableDBInstanceOptions",
        "rds.DescribeAccountAttributes",
        "service-quotas.GetServiceQuota",
        "ec2.CreateSecurityGroup.DryRun",
    ] {
        assert_eq!(calls.of(operation), 0, "{operation}");
    }
    assert!(findings(&world.plan(&[]), "passed").is_empty());
}

#[test]
fn what_aws_would_refuse_stops_the_plan_before_anything_is_made() {
    let world = World::small();
    let stack = "    allocated_storage: 50\n";
    world.edit_stack(
        stack,
        &format!("{stack}    engine_version: \"16.99\"\n    instance_class: db.t9.medium\n"),
    );
    world
        .control
        .quotas(json!({ "rds/DBInstances": 0, "vpc/L-E79EC296": 1, "elasticfilesystem/L-848C634D": 0 }));
    world.control.refuse(
        "ec2.CreateSecurityGroup.DryRun",
        "UnauthorizedOperation",
        403,
        "You are not authorized.",
    );
    let plan = world.plan(&[]);
    // Of a version that is not on offer, no class is.
    let expected = ["engine-version", "quota"];
    assert_eq!(checks(&plan, "error"), expected.map(str::to_owned).into());
    assert_eq!(checks(&plan, "warning"), ["permissions".to_owned()].into());
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "PostgreSQL 16.99 is not on offer in eu-west-1: of 16 there are",
        "hint: write `engine_version: \"16.10\"` into the stack file",
        "1 more database does not fit",
        "security groups do not fit into the account's quota of 1",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_plan_under_a_role_that_only_reads_is_a_plan_and_its_apply_is_refused_before_anything_is_made() {
    let world = World::small();
    world.control.refuse_always("ec2.CreateSecurityGroup.DryRun", "UnauthorizedOperation", 403);
    let plan = world.provision(&["plan", "--json", "--detailed-exitcode"]).exits(2).json();
    assert_eq!(checks(&plan, "warning"), ["permissions".to_owned()].into());
    assert!(plan["digest"].is_string());
    world.provision(&["plan", "--out", "p.json"]).exits(0).says(&[
        "warning: aws_security_group.files: the permission to make it is missing",
        "Saved as p.json",
    ]);
    world.provision(&["apply", "p.json", "--auto-approve"]).exits(1).says(&[
        "error: aws_security_group.files: the permission to make it is missing",
        "provision iam-policy",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    // The one who applies may do it.
    world.control.forget_faults();
    world.provision(&["apply", "p.json", "--auto-approve"]).exits(0);
    world.plans_nothing();
}

#[test]
fn an_upgrade_to_where_rds_does_not_go_stops_the_plan() {
    let world = World::small();
    let stack = "    allocated_storage: 50\n";
    world.edit_stack(stack, &format!("{stack}    engine_version: \"16.3\"\n"));
    world.apply(&[]);
    world.edit_stack("16.3", "16.5");
    world.provision(&["plan"]).exits(1).says(&[
        "aws_db_instance.records: RDS does not upgrade 16.3 to 16.5",
        "it goes from 16.3 to 16.4, 16.8",
    ]);
    world.edit_stack("16.5", "16.4");
    let plan = world.plan(&[]);
    assert!(checks(&plan, "passed").contains("upgrade-target"), "{plan:#}");
}

#[test]
fn a_check_that_cannot_be_made_is_in_nobodys_way() {
    let world = World::small();
    for operation in ["rds.DescribeDBEngineVersions", "rds.DescribeOrderableDBInstanceOptions"] {
        world.control.refuse(operation, "AccessDenied", 403, "You are not authorized.");
    }
    for _ in 0..3 {
        world.control.refuse(
            "service-quotas.GetServiceQuota",
            "AccessDeniedException",
            400,
            "You are not authorized.",
        );
    }
    world.provision(&["plan"]).exits(0).says(&[
        "not checked: versions of PostgreSQL (rds:DescribeDBEngineVersions: AccessDenied)",
        "not checked: quota of file systems (servicequotas:GetServiceQuota: AccessDeniedException)",
    ]);
}
