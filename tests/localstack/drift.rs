//! Changes from outside: shown, recorded, or put right.

use aws_sdk_ec2::types::{IpPermission, IpRange};

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
