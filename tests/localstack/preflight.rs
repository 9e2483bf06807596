//! The plan says what AWS would refuse, and a check that cannot be made blocks nothing.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::Filter;
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

#[test]
fn ipv6_is_asked_of_subnets_that_have_it_before_anything_is_replaced() {
    let world = World::applied();
    world.edit_stack("  files:\n", "  files:\n    ip_address_type: DUAL_STACK\n");
    world.edit_stack("  records:\n", "  records:\n    network_type: DUAL\n    apply_immediately: true\n");
    let plan = world.plan(&[]);
    assert_eq!(checks(&plan, "error"), ["subnets".to_owned()].into(), "{plan:#}");
    let before = (world.control.calls().mutating(), world.cloud.mount_targets().len());
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "ip_address_type: ",
        "has no IPv6 addresses, and DUAL_STACK needs them",
        "network_type: ",
        "have no IPv6 addresses, and DUAL needs them",
    ]);
    assert_eq!((world.control.calls().mutating(), world.cloud.mount_targets().len()), before);
    give_ipv6_to_all_subnets(&world);
    world.edit_stack("DUAL_STACK", "IPV6_ONLY");
    world.edit_stack("    network_type: DUAL\n    apply_immediately: true\n", "");
    world.apply(&[]);
    world.plans_nothing();
    // The outputs have the addresses that there are.
    let all = world.provision(&["output", "--json"]).exits(0).json();
    let targets = all["file_systems"]["files"]["mount_targets"].as_array().expect("a list");
    let of_ipv6 = targets.iter().filter(|target| target["ip_address"].to_string().contains(':'));
    assert_eq!((targets.len(), of_ipv6.count()), (3, 3), "{all:#}");
}

/// An IPv6 block for the VPC, and one for each of its subnets.
fn give_ipv6_to_all_subnets(world: &World) {
    let vpc = world.seed["vpc_id"].as_str().expect("the seed names it");
    let ec2 = &world.cloud.ec2;
    let call = ec2.associate_vpc_cidr_block().vpc_id(vpc).amazon_provided_ipv6_cidr_block(true);
    world.cloud.run(call.send()).expect("a block can be had");
    let vpcs = world.cloud.run(ec2.describe_vpcs().vpc_ids(vpc).send()).expect("it is there");
    let blocks = vpcs.vpcs()[0].ipv6_cidr_block_association_set();
    let block = blocks[0].ipv6_cidr_block().expect("it has a block").to_owned();
    let front = block.split("00::/56").next().expect("a block of AWS").to_owned();
    for (number, subnet) in world.seed["subnets"].as_array().expect("it has subnets").iter().enumerate() {
        let call = ec2.associate_subnet_cidr_block().subnet_id(subnet["id"].as_str().unwrap_or_default());
        let call = call.ipv6_cidr_block(format!("{front}{number:02x}::/64"));
        world.cloud.run(call.send()).expect("a subnet can have a block");
    }
}

#[test]
fn a_subnet_group_of_others_has_to_be_there_and_in_the_network() {
    let world = World::small();
    let default = Filter::builder().name("default-for-az").values("true").build();
    let subnets = world.cloud.run(world.cloud.ec2.describe_subnets().filters(default).send());
    let subnets = subnets.expect("subnets can be read");
    let ids: Vec<String> = subnets.subnets().iter().filter_map(|one| one.subnet_id.clone()).collect();
    let create = world.cloud.rds.create_db_subnet_group().db_subnet_group_name("far");
    let create = create.db_subnet_group_description("far").set_subnet_ids(Some(ids.clone()));
    world.cloud.run(create.send()).expect("it can be made");
    for (line, says) in [
        ("{ existing: nope }".to_owned(), "there is no subnet group nope"),
        ("{ existing: far }".to_owned(), "subnet_group: far is in vpc-"),
        (format!("{{ subnets: [{}] }}", ids.join(", ")), "and this stack in vpc-"),
        (
            "{ subnets: [subnet-0123456789abcdef0, subnet-0123456789abcdef1] }".to_owned(),
            "subnets: not in this account and region: subnet-0123456789abcdef0 and",
        ),
    ] {
        world.edit_stack("  records:\n", &format!("  records:\n    subnet_group: {line}\n"));
        let plan = world.plan(&[]);
        assert_eq!(checks(&plan, "error"), ["subnets".to_owned()].into(), "{line}: {plan:#}");
        world.provision(&["apply", "--auto-approve"]).exits(1).says(&[says]);
        world.edit_stack(&format!("    subnet_group: {line}\n"), "");
    }
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn the_other_sides_of_outgoing_rules_are_looked_at_too() {
    let world = World::small();
    let text = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let door = "security_groups:\n  door:\n    egress:\n      - { group: sg-0123456789abcdef0, protocol: tcp, port: 443 }\n      - { prefix_list: pl-0123456789abcdef0, protocol: tcp, port: 443 }\n";
    world.write_stack(&format!("{text}{door}"));
    world
        .provision(&["plan"])
        .exits(1)
        .says(&["no security group sg-0123456789abcdef0", "no prefix list pl-0123456789abcdef0"]);
}
