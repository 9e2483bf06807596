//! Options that are left to others: they count when an object is made, and never afterwards.

use aws_sdk_efs::types::ThroughputMode;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use serde_json::{Value, json};

use crate::world::World;

const STACK: &str = "\
stack: shop
file_systems:
  files:
    deletion_protection: false
    throughput_mode: bursting
    ignore_changes: [throughput_mode, access]
databases:
  records:
    backup_retention_period: 7
    instance_class: db.t4g.medium
    parameters: { work_mem: \"1024\" }
    deletion_protection: false
    final_snapshot: false
    apply_immediately: true
    ignore_changes: [backup_retention_period, instance_class, parameters]
";

/// The findings of a plan on what belongs to others.
fn left(plan: &Value) -> Vec<(String, String)> {
    let findings = plan["preflight"].as_array().into_iter().flatten();
    let text = |finding: &Value, part: &str| finding[part].as_str().unwrap_or_default().to_owned();
    let of = findings.filter(|finding| finding["check"] == "left-to-others");
    of.map(|finding| (text(finding, "message"), text(finding, "hint"))).collect()
}

/// Everybody else changes what the stack leaves to them.
fn others_change(world: &World) {
    let cloud = &world.cloud;
    let database = cloud.rds.modify_db_instance().db_instance_identifier("records").apply_immediately(true);
    let database = database.backup_retention_period(14).db_instance_class("db.t4g.large");
    cloud.run(database.send()).expect("the database can be changed");
    let file_system = cloud.file_system().file_system_id;
    let update =
        cloud.efs.update_file_system().file_system_id(file_system).throughput_mode(ThroughputMode::Elastic);
    cloud.run(update.send()).expect("the file system can be changed");
    let group = cloud.group("shop-files").group_id.expect("a group has an id");
    let rule = aws_sdk_ec2::types::IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22);
    let rule = rule.ip_ranges(aws_sdk_ec2::types::IpRange::builder().cidr_ip("10.9.0.0/16").build()).build();
    let rule = cloud.ec2.authorize_security_group_ingress().group_id(group).ip_permissions(rule);
    cloud.run(rule.send()).expect("the group can be changed");
    let parameter =
        aws_sdk_rds::types::Parameter::builder().parameter_name("work_mem").parameter_value("4096");
    let parameter = parameter.apply_method(aws_sdk_rds::types::ApplyMethod::Immediate).build();
    let group = cloud.rds.modify_db_parameter_group().db_parameter_group_name("records-postgres16");
    cloud.run(group.parameters(parameter).send()).expect("the group can be changed");
}

#[test]
fn what_is_left_to_others_counts_when_it_is_made_and_never_afterwards() {
    let world = World::seeded(&[]);
    world.write_stack(STACK);
    world.apply(&[]);
    world.plans_nothing();
    let database = world.cloud.database();
    assert_eq!(
        (database.backup_retention_period(), database.db_instance_class()),
        (Some(7), Some("db.t4g.medium"))
    );
    assert_eq!(world.cloud.file_system().throughput_mode, Some(ThroughputMode::Bursting));

    world.control.forget_calls();
    world.plans_nothing();
    let asked = world.control.calls().total;
    others_change(&world);
    world.control.forget_calls();
    world.plans_nothing();
    assert_eq!(world.control.calls().total, asked, "what is left to others is no reason to ask more");
    world.provision(&["plan", "--refresh-only", "--detailed-exitcode"]).exits(0);

    // Another value in the stack file changes nothing either, and the rest is changed as ever.
    world.edit_stack("backup_retention_period: 7", "backup_retention_period: 20");
    world.plans_nothing();
    world.edit_stack(
        "    apply_immediately: true\n",
        "    apply_immediately: true\n    copy_tags_to_snapshot: true\n",
    );
    world.apply(&[]);
    world.plans_nothing();
    let database = world.cloud.database();
    assert_eq!(database.copy_tags_to_snapshot(), Some(true));
    assert_eq!(
        (database.backup_retention_period(), database.db_instance_class()),
        (Some(14), Some("db.t4g.large"))
    );

    // What is no longer left to others is compared again.
    world.edit_stack("[backup_retention_period, instance_class, parameters]", "[instance_class, parameters]");
    world.provision(&["plan", "--detailed-exitcode"]).exits(2).says(&["backup_retention_period: 14 → 20"]);
    world.destroy();
}

#[test]
fn the_options_of_a_bucket_can_be_left_to_others() {
    let world = World::empty();
    let name = format!("left-{}", world.account);
    world.write_stack(&format!(
        "stack: shop\nbuckets:\n  artifacts:\n    bucket: {name}\n    versioning: true\n    ignore_changes: [versioning]\n"
    ));
    world.apply(&[]);
    let off = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    let call = world.cloud.s3.put_bucket_versioning().bucket(&name).versioning_configuration(off);
    world.cloud.run(call.send()).expect("a bucket can be changed");
    world.plans_nothing();
}

/// RDS refuses another retention or window than that of AWS Backup, whatever else the call asks for.
#[test]
fn what_aws_backup_keeps_is_said_once_and_not_compared() {
    let world = World::seeded(&[]);
    let stack = "stack: shop\ndatabases:\n  records:\n    backup_window: \"04:00-04:30\"\n    apply_immediately: true\n";
    world.write_stack(stack);
    world.apply(&[]);
    world.control.aws_backup("records", 35, "01:00-01:30");
    let call =
        world.cloud.rds.modify_db_instance().db_instance_identifier("records").backup_retention_period(30);
    world.cloud.run(call.send()).expect_err("it is AWS Backup's");

    world.plans_nothing();
    let plan = world.plan(&[]);
    let [(message, hint)] = &left(&plan)[..] else { panic!("it is said once: {plan:#}") };
    assert!(
        message.contains("AWS Backup") && message.ends_with("backup_retention_period, backup_window"),
        "{message}"
    );
    assert!(hint.contains("ignore_changes: [backup_retention_period, backup_window]"), "{hint}");
    assert_eq!(plan["drift"], json!([]));

    world.edit_stack(
        "    apply_immediately: true\n",
        "    apply_immediately: true\n    copy_tags_to_snapshot: true\n",
    );
    world.apply(&[]);
    assert_eq!(world.cloud.database().backup_retention_period(), Some(35));
    world.edit_stack(
        "    apply_immediately: true\n",
        "    apply_immediately: true\n    ignore_changes: [backup_retention_period, backup_window]\n",
    );
    assert_eq!(left(&world.plan(&[])), []);
    world.plans_nothing();
}

#[test]
fn the_parameters_of_a_database_follow_a_major_upgrade_that_is_left_to_others() {
    let world = World::seeded(&[]);
    world.write_stack(
        "stack: shop\ndatabases:\n  records:\n    engine_version: \"15\"\n    parameters: { work_mem: \"1024\" }\n    \
         deletion_protection: false\n    final_snapshot: false\n    ignore_changes: [engine_version]\n",
    );
    world.apply(&[]);
    let rds = &world.cloud.rds;
    let upgrade = rds.modify_db_instance().db_instance_identifier("records").apply_immediately(true);
    let upgrade = upgrade.engine_version("16").allow_major_version_upgrade(true);
    let upgrade = upgrade.db_parameter_group_name("default.postgres16").send();
    world.cloud.run(upgrade).expect("the database can be upgraded");
    // RDS takes no group of the old family.
    world.apply(&[]);
    let group = |world: &World| {
        let database = world.cloud.database();
        database
            .db_parameter_groups()
            .first()
            .and_then(|one| one.db_parameter_group_name().map(str::to_owned))
    };
    assert_eq!(group(&world).as_deref(), Some("records-postgres16"));
    world.plans_nothing();
    // Whatever the stack file says of the version meanwhile, the group is of the one that there is.
    world.edit_stack("\"15\"", "\"17\"");
    world.plans_nothing();
    world.edit_stack("\"17\"", "\"16\"");
    world.edit_stack("    ignore_changes: [engine_version]\n", "");
    world.plans_nothing();
    world.destroy();
}

#[test]
fn a_replica_and_an_access_point_leave_options_to_others_too() {
    let mut world = World::seeded(&[]);
    world.set("PASSWORD", "correct-horse-battery");
    let left = "ignore_changes: [auto_minor_version_upgrade]";
    world.write_stack(&format!(
        "stack: shop\nfile_systems:\n  files:\n    access_points: {{ web: {{ uid: 33, ignore_changes: [permissions] }} }}\n\
         databases:\n  main:\n    password: env:PASSWORD\n    replicas:\n      reports: {{ instance_class: db.m7g.large, {left} }}\n"
    ));
    world.apply(&[]);
    let change = world.cloud.rds.modify_db_instance().db_instance_identifier("main-reports");
    world.cloud.run(change.auto_minor_version_upgrade(false).send()).expect("it can be changed");
    world.edit_stack("uid: 33,", "uid: 33, permissions: \"0700\",");
    world.plans_nothing();
    // The database has the option too, and compares it.
    world.edit_stack(left, "apply_immediately: true");
    world.provision(&["plan"]).exits(0).says(&[
        "aws_db_replica.main/reports",
        "auto_minor_version_upgrade",
        "1 to update",
    ]);
}
