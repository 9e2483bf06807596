//! Changes from outside: shown, recorded, or put right.

use aws_sdk_ec2::types::{IpPermission, IpRange, SecurityGroupRuleDescription};

use crate::world::{SMALL_STACK, World};

fn open_ssh(world: &World) {
    let group = world.cloud.group("shop-files");
    let everybody = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let rule =
        IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22).ip_ranges(everybody).build();
    let call = world.cloud.ec2.authorize_security_group_ingress();
    let call = call.set_group_id(group.group_id).ip_permissions(rule).send();
    world.cloud.run(call).expect("a rule can be added");
}

fn has_ssh(world: &World) -> bool {
    world.cloud.group("shop-files").ip_permissions().iter().any(|rule| rule.from_port() == Some(22))
}

fn keep_backups(world: &World, days: i32) {
    let call = world.cloud.rds.modify_db_instance().db_instance_identifier("records");
    let call = call.backup_retention_period(days).apply_immediately(true).send();
    world.cloud.run(call).expect("the database can be changed");
}

#[test]
fn drift_is_shown_recorded_and_put_right() {
    let world = World::applied();
    world.provision(&["plan", "--refresh-only", "--detailed-exitcode"]).exits(0);
    open_ssh(&world);
    keep_backups(&world, 3);

    world.provision(&["plan", "--detailed-exitcode"]).exits(2).says(&[
        "aws_security_group.files",
        "ingress",
        "22",
    ]);
    let plan = world.provision(&["plan", "--refresh-only", "--detailed-exitcode", "--json"]).exits(2).json();
    let drifted: Vec<_> =
        plan["drift"].as_array().into_iter().flatten().map(|drift| &drift["address"]).collect();
    assert_eq!(drifted, ["aws_db_instance.records", "aws_security_group.files"]);

    world.control.forget_calls();
    world.apply(&["--refresh-only"]);
    assert_eq!(world.control.calls().mutating(), 0, "recording changes nothing in AWS");
    assert_eq!(world.record("aws_db_instance.records")["inputs"]["backup_retention_period"], 3);
    world.provision(&["plan", "--refresh-only", "--detailed-exitcode"]).exits(0);
    assert!(has_ssh(&world));

    // Recorded or not, it is not what the stack file says.
    world.provision(&["plan", "--detailed-exitcode"]).exits(2);
    world.apply(&[]);
    assert!(!has_ssh(&world));
    assert_eq!(world.cloud.database().backup_retention_period(), Some(30));
    world.plans_nothing();
}

#[test]
fn the_description_of_a_rule_that_somebody_changed_is_put_right_and_the_rule_stays() {
    let world = World::applied();
    let rules = || {
        let group = world.cloud.group("shop-files").group_id.expect("it has an id");
        let filter = aws_sdk_ec2::types::Filter::builder().name("group-id").values(group).build();
        let call = world.cloud.ec2.describe_security_group_rules().filters(filter).send();
        let all = world.cloud.run(call).expect("rules can be read").security_group_rules.unwrap_or_default();
        let mut ingress: Vec<(String, String)> = all
            .into_iter()
            .filter(|rule| rule.is_egress() == Some(false))
            .map(|rule| {
                let text = rule.description.unwrap_or_default();
                (rule.security_group_rule_id.expect("it has an id"), text)
            })
            .collect();
        ingress.sort();
        ingress
    };
    let before = rules();
    assert!(before.iter().all(|(_, text)| text.starts_with("NFS from the ")), "{before:?}");
    let described = |text: Option<&str>| {
        let one = SecurityGroupRuleDescription::builder().security_group_rule_id(&before[0].0);
        let one = one.set_description(text.map(str::to_owned)).build();
        let call = world.cloud.ec2.update_security_group_rule_descriptions_ingress();
        let call = call.set_group_id(world.cloud.group("shop-files").group_id);
        world.cloud.run(call.security_group_rule_descriptions(one).send()).expect("it can be changed");
    };
    for text in [Some("somebody was here"), None] {
        described(text);
        assert_eq!(rules()[0].1, text.unwrap_or_default());
        world.provision(&["plan", "--detailed-exitcode"]).exits(2).says(&["ingress"]);
        world.control.forget_calls();
        world.apply(&[]);
        assert_eq!(world.control.calls().mutating(), 1, "{:?}", world.control.calls());
        assert_eq!(rules(), before);
        world.plans_nothing();
    }
}

#[test]
fn what_was_deleted_outside_is_made_again() {
    let world = World::applied();
    let target = world.cloud.mount_targets().remove(0);
    let call = world.cloud.efs.delete_mount_target().mount_target_id(target.mount_target_id()).send();
    world.cloud.run(call).expect("a mount target can be deleted");
    let plan = world.provision(&["plan", "--refresh-only", "--detailed-exitcode", "--json"]).exits(2).json();
    assert_eq!(plan["drift"][0]["gone"], true);
    world.provision(&["plan", "--detailed-exitcode"]).exits(2).says(&["gone from AWS"]);
    world.apply(&[]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}
