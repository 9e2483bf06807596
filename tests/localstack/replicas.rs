//! Read replicas of a database, from the first to the last, and one that somebody promoted.

use aws_sdk_rds::types::DbInstance;
use serde_json::{Value, json};

use crate::world::{World, eventually};

const STACK: &str = "\
stack: shop
tags: { team: one }
databases:
  main:
    password: env:PASSWORD
    apply_immediately: true
    deletion_protection: false
    final_snapshot: false
    replicas:
      reports: { instance_class: db.m7g.large, apply_immediately: true }
";
const REPLICA: &str = "aws_db_replica.main/reports";

fn world() -> World {
    let mut world = World::seeded(&[]);
    world.set("PASSWORD", "correct-horse-battery");
    world.write_stack(STACK);
    world.apply(&[]);
    world
}

fn named(world: &World, name: &str) -> Option<DbInstance> {
    world.cloud.databases().into_iter().find(|one| one.db_instance_identifier() == Some(name))
}

fn replica(world: &World) -> DbInstance {
    named(world, "main-reports").expect("there is a replica")
}

/// A replica that others made, which the stack's tags do not show.
fn theirs(world: &World) -> Option<DbInstance> {
    let call = world.cloud.rds.describe_db_instances().db_instance_identifier("theirs");
    world.cloud.run(call.send()).ok()?.db_instances?.pop()
}

fn promote(world: &World) {
    let call = world.cloud.rds.promote_read_replica().db_instance_identifier("main-reports");
    world.cloud.run(call.send()).expect("it can be promoted");
    eventually("it is available", || replica(world).db_instance_status() == Some("available"));
}

fn action(plan: &Value, address: &str) -> Value {
    let changes = plan["changes"].as_array().expect("a plan has changes");
    let change = changes.iter().find(|change| change["address"] == address);
    change.map(|change| change["action"].clone()).unwrap_or_default()
}

#[test]
fn a_replica_is_made_after_its_source_changed_and_destroyed_before_it() {
    let world = world();
    let made = replica(&world);
    assert_eq!(made.read_replica_source_db_instance_identifier(), Some("main"));
    assert_eq!((made.db_instance_class(), made.multi_az()), (Some("db.m7g.large"), Some(false)));
    assert_eq!(made.deletion_protection(), Some(true));
    assert_eq!(made.backup_retention_period(), Some(0));
    let group = world.cloud.group("shop-main");
    let groups = made.vpc_security_groups().iter().filter_map(|group| group.vpc_security_group_id());
    assert_eq!(groups.collect::<Vec<_>>(), [group.group_id().unwrap_or_default()]);
    world.plans_nothing();
    let outputs = world.provision(&["output", "--json"]).exits(0).json();
    let shown = &outputs["databases"]["main"]["replicas"]["reports"];
    assert_eq!(shown["id"], made.dbi_resource_id().unwrap_or_default());
    assert_eq!(shown["host"], made.endpoint().and_then(|endpoint| endpoint.address()).unwrap_or_default());

    // Both get other names in one run, and the replica follows its source all the same.
    world.edit_stack("    password:", "    identifier: prime\n    password:");
    world.edit_stack("db.m7g.large", "db.m7g.xlarge");
    world.apply(&[]);
    let renamed = named(&world, "prime-reports").expect("it is renamed");
    assert_eq!(renamed.dbi_resource_id(), made.dbi_resource_id());
    assert_eq!(renamed.read_replica_source_db_instance_identifier(), Some("prime"));
    assert_eq!(renamed.db_instance_class(), Some("db.m7g.xlarge"));
    world.plans_nothing();

    world
        .provision(&["destroy", "--auto-approve"])
        .exits(1)
        .says(&[REPLICA, "its deletion protection is on"]);
    world.edit_stack("db.m7g.xlarge", "db.m7g.xlarge, deletion_protection: false");
    world.apply(&[]);
    world.destroy();
    assert!(world.cloud.databases().is_empty());
}

#[test]
fn a_source_that_is_replaced_takes_its_replica_along() {
    let world = world();
    let (source, copy) = (named(&world, "main"), replica(&world));
    let replace = &["apply", "--auto-approve", "--replace", "aws_db_instance.main"];
    world.provision(replace).exits(1).says(&[REPLICA, "its deletion protection is on"]);
    world.edit_stack("db.m7g.large", "db.m7g.large, deletion_protection: false");
    world.apply(&[]);
    world.provision(replace).exits(0);
    assert_ne!(
        named(&world, "main").and_then(|one| one.dbi_resource_id),
        source.and_then(|one| one.dbi_resource_id)
    );
    let new = replica(&world);
    assert_ne!(new.dbi_resource_id, copy.dbi_resource_id);
    assert_eq!(new.read_replica_source_db_instance_identifier(), Some("main"));
    world.plans_nothing();
}

#[test]
fn the_replicas_of_a_lost_state_are_found_by_their_tags() {
    let world = world();
    let id = replica(&world).dbi_resource_id;
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    assert_eq!(world.record(REPLICA)["id"], id.unwrap_or_default());
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.databases().len(), 2);
}

#[test]
fn one_that_was_promoted_is_neither_changed_nor_deleted() {
    let world = world();
    promote(&world);
    world.control.forget_calls();
    let forget = format!("provision state forget {REPLICA}");
    let says = ["follows no database any more", "take it out of the stack file", forget.as_str()];
    world.edit_stack("db.m7g.large", "db.m7g.xlarge");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&says);
    world.edit_stack(
        "    replicas:\n      reports: { instance_class: db.m7g.xlarge, apply_immediately: true }\n",
        "",
    );
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&says);
    world.provision(&["destroy", "--auto-approve"]).exits(1).says(&says);
    assert_eq!(world.control.calls().mutating(), 0);
    world.provision(&["state", "forget", REPLICA, "--auto-approve"]).exits(0);
    world.plans_nothing();
    assert_eq!(replica(&world).db_instance_class(), Some("db.m7g.large"));
}

#[test]
fn replicas_of_others_are_told_of_before_their_source_goes() {
    let world = world();
    world.edit_stack("db.m7g.large", "db.m7g.large, deletion_protection: false");
    world.apply(&[]);
    let call = world.cloud.rds.create_db_instance_read_replica().db_instance_identifier("theirs");
    world.cloud.run(call.source_db_instance_identifier("main").send()).expect("a replica can be made");
    let plan = world.provision(&["plan", "--destroy", "--json"]).json();
    assert_eq!(action(&plan, "aws_db_instance.main"), "delete");
    let said = plan["preflight"].to_string();
    assert!(
        said.contains("become databases of their own when it is deleted, run on and cost: theirs"),
        "{said}"
    );
}

#[test]
fn a_source_without_backups_or_with_a_managed_password_is_refused_as_it_is_read() {
    let world = World::seeded(&[]);
    let refused = "RDS makes no read replica of a database";
    world.write_stack(&STACK.replace("password: env:PASSWORD", "password: managed"));
    world.provision(&["plan"]).exits(1).says(&[refused, "whose password it manages"]);
    let without = "password: env:PASSWORD\n    backup_retention_period: 0";
    world.write_stack(&STACK.replace("password: env:PASSWORD", without));
    world.provision(&["plan"]).exits(1).says(&[refused, "without backups"]);
}

#[test]
fn a_minor_upgrade_goes_through_the_replicas_first() {
    let mut world = World::seeded(&[]);
    world.set("PASSWORD", "correct-horse-battery");
    world.write_stack(&STACK.replace("    password:", "    engine_version: \"16.4\"\n    password:"));
    world.apply(&[]);
    let versions = |world: &World| {
        let of = |name: &str| named(world, name).and_then(|one| one.engine_version).unwrap_or_default();
        (of("main"), of("main-reports"))
    };
    assert_eq!(versions(&world), ("16.4".to_owned(), "16.4".to_owned()));

    // A replica of somebody else is in the way, and is said at plan with its version.
    let call = world.cloud.rds.create_db_instance_read_replica().db_instance_identifier("theirs");
    world.cloud.run(call.source_db_instance_identifier("main").send()).expect("a replica can be made");
    eventually("it is there", || {
        theirs(&world).is_some_and(|one| one.db_instance_status() == Some("available"))
    });
    world.edit_stack("16.4", "16.8");
    world.provision(&["plan"]).exits(1).says(&[
        "only after its read replicas, of which theirs (16.4) would stay older",
        "aws rds modify-db-instance --db-instance-identifier theirs --engine-version 16.8 --apply-immediately",
    ]);
    let call = world.cloud.rds.modify_db_instance().db_instance_identifier("theirs").engine_version("16.8");
    world.cloud.run(call.apply_immediately(true).send()).expect("it can be upgraded");
    eventually("it is upgraded", || theirs(&world).is_some_and(|one| one.engine_version() == Some("16.8")));

    // The stack's own one that waits for its window keeps its source waiting, and no longer.
    world.edit_stack("db.m7g.large, apply_immediately: true", "db.m7g.large");
    world.apply(&[]);
    assert_eq!(versions(&world), ("16.4".to_owned(), "16.4".to_owned()));
    let plan = world.provision(&["plan"]);
    plan.says(&["stays at 16.4: RDS upgrades it to 16.8 only after its read replicas", REPLICA]);
    world.edit_stack("db.m7g.large", "db.m7g.large, apply_immediately: true");
    world.apply(&[]);
    world.apply(&[]);
    assert_eq!(versions(&world), ("16.8".to_owned(), "16.8".to_owned()));
    world.plans_nothing();

    // Both in one run, in the order that RDS wants.
    world.edit_stack("16.8", "16.9");
    let call = world.cloud.rds.delete_db_instance().db_instance_identifier("theirs");
    world.cloud.run(call.skip_final_snapshot(true).send()).expect("it can be deleted");
    eventually("it is gone", || theirs(&world).is_none());
    world.apply(&[]);
    assert_eq!(versions(&world), ("16.9".to_owned(), "16.9".to_owned()));
    world.plans_nothing();

    // A major upgrade takes it along.
    world.edit_stack(
        "engine_version: \"16.9\"",
        "engine_version: \"17\"\n    allow_major_version_upgrade: true",
    );
    world.apply(&[]);
    assert!(versions(&world).1.starts_with("17."), "{:?}", versions(&world));
    world.plans_nothing();
}

#[test]
fn what_a_replica_needs_is_looked_at_before_it_is_made() {
    let mut world = World::seeded(&[]);
    world.set("PASSWORD", "correct-horse-battery");
    world.write_stack(&STACK.replace("db.m7g.large", "db.t9.huge"));
    let plan = world.provision(&["plan"]).exits(1);
    plan.says(&[REPLICA, "db.t9.huge cannot be ordered with PostgreSQL 16"]);
    world.edit_stack("db.t9.huge", "db.m7g.large");
    world.control.quotas(json!({ "rds/DBInstances": 1 }));
    world.provision(&["plan"]).exits(1).says(&["2 more databases do not fit into the account's quota of 1"]);
    world.control.quotas(json!({ "rds/AllocatedStorage": 60 }));
    world.provision(&["plan"]).exits(1).says(&["100 more GiB of database storage"]);
    world.control.quotas(json!({}));
    world.apply(&[]);
    // Another one of the same source, which may have one.
    world.control.quotas(json!({ "rds/ReadReplicasPerMaster": 1 }));
    world.edit_stack("      reports:", "      more: {}\n      reports:");
    world.provision(&["plan"]).exits(1).says(&[
        "aws_db_replica.main/more",
        "1 more read replica does not fit into the quota of aws_db_instance.main of 1",
    ]);
    world.control.quotas(json!({}));
}
