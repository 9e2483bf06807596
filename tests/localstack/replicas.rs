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
fn a_protected_replica_of_a_database_that_a_restore_has_put_aside_is_replaced_by_what_its_finding_says() {
    let mut world = World::seeded(&[]);
    world.set("PASSWORD", "correct-horse-battery");
    world.write_stack(STACK);
    world.apply(&[]);
    world.provision(&["restore", "main", "--latest", "--auto-approve"]).exits(0);
    world.provision(&["restore", "main", "--switch", "--auto-approve"]).exits(0);
    let serves = named(&world, "main").and_then(|one| one.dbi_resource_id);
    let plan = world.plan(&[]);
    let findings = plan["preflight"].as_array().expect("a plan has findings");
    let is_meant = |one: &&Value| one["address"] == REPLICA && one["check"] == "protected";
    let finding = findings.iter().find(is_meant).expect("there is one");
    let message = finding["message"].as_str().expect("a text");
    assert!(
        message.contains("main-old-") && message.contains("the restore of aws_db_instance.main"),
        "{message}"
    );
    let hint = finding["hint"].as_str().expect("a text");
    let steps = [
        "write `deletion_protection: false` into the stack file",
        "aws rds modify-db-instance --db-instance-identifier main-reports --no-deletion-protection --region eu-west-1",
        "provision apply --refresh-only",
        "provision apply",
    ];
    let back = "; or, for the one before again: provision restore main --switch --back";
    assert_eq!(hint, format!("for a new one: {}{back}", steps.join(", then: ")));
    world.edit_stack("db.m7g.large,", "db.m7g.large, deletion_protection: false,");
    let off = world.cloud.rds.modify_db_instance().db_instance_identifier("main-reports");
    world.cloud.run(off.deletion_protection(false).send()).expect("it can be turned off");
    world.provision(&["apply", "--refresh-only", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(replica(&world).read_replica_source_db_instance_identifier(), Some("main"));
    assert_eq!(named(&world, "main").and_then(|one| one.dbi_resource_id), serves, "the restore stays");
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
    let says = ["follows no database any more", forget.as_str()];
    world.edit_stack("db.m7g.large", "db.m7g.xlarge");
    let refused = world.provision(&["apply", "--auto-approve"]).exits(1);
    refused.says(&says).says(&["take it (main/reports) out of the stack file"]);
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
fn a_promotion_is_drift_and_what_followed_is_no_output_to_read_from_any_more() {
    let drifts = ["plan", "--refresh-only", "--detailed-exitcode"];
    for noted_by in [&["apply", "--refresh-only", "--auto-approve"][..], &["apply", "--auto-approve"]] {
        let world = world();
        let endpoint = ["output", "databases.main.replicas.reports.endpoint"];
        world.provision(&endpoint).exits(0);
        world.provision(&drifts).exits(0);
        promote(&world);
        world.provision(&drifts).exits(2).says(&[REPLICA, "source"]);
        let plan = world.provision(&["plan", "--refresh-only", "--json"]).exits(0).json();
        let of_replica = |drift: &&Value| drift["address"] == REPLICA;
        let drift =
            plan["drift"].as_array().and_then(|all| all.iter().find(of_replica)).expect("it is drift");
        let paths = drift["fields"].as_array().expect("a list").iter().map(|field| &field["path"]);
        assert!(paths.clone().any(|path| path == "source"), "{drift}");
        world.provision(noted_by);
        world.provision(&endpoint).exits(1).says(&["follows no database any more: it was promoted"]);
        let all =
            world.provision(&["output"]).exits(0).says(&["databases.main.replicas.reports has no value"]);
        assert!(!all.out.contains("reports"), "{all:?}");
        world.apply(&["--refresh-only"]);
        world.provision(&drifts).exits(0);
        world.provision(&["plan"]).exits(1).says(&["follows no database any more"]);
    }
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
    world.edit_stack("db.t9.huge", "db.m7g.large, parameter_group: nowhere");
    world.provision(&["plan"]).exits(1).says(&[REPLICA, "there is no parameter group nowhere"]);
    world.edit_stack(", parameter_group: nowhere", "");
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

const REPLICAS: &str =
    "    replicas:\n      reports: { instance_class: db.m7g.large, apply_immediately: true }\n";

/// The source is deleted by hand, without a last snapshot, and RDS promotes its replica.
fn lose_the_source(world: &World) {
    let call = world.cloud.rds.delete_db_instance().db_instance_identifier("main").skip_final_snapshot(true);
    world.cloud.run(call.send()).expect("it can be deleted");
    eventually("the source is gone", || named(world, "main").is_none());
    eventually("the replica stands on its own", || {
        let replica = replica(world);
        replica.db_instance_status() == Some("available")
            && replica.read_replica_source_db_instance_identifier().is_none()
    });
}

#[test]
fn the_copy_of_a_source_that_was_deleted_by_hand_goes_on_in_its_place() {
    let world = world();
    let copy = replica(&world).dbi_resource_id.unwrap_or_default();
    lose_the_source(&world);
    world.control.forget_calls();
    let import = format!("aws_db_instance.main={copy}");
    let take = format!("take it (main/reports) out of the stack file, then: provision import {import}");
    let says = ["it was promoted", "which it was a copy of, is gone from AWS", take.as_str()];
    world.provision(&["plan"]).exits(1).says(&says);
    world.provision(&["apply", "--auto-approve", "--replace", "aws_db_instance.main"]).exits(1).says(&says);
    assert_eq!(world.control.calls().mutating(), 0);
    world.edit_stack(REPLICAS, "");
    world.provision(&["import", &import]).exits(0).says(&["Forgot aws_db_replica.main/reports", "promoted"]);
    world.apply(&[]);
    let live = named(&world, "main").expect("it has the name of its source");
    assert_eq!(live.dbi_resource_id(), Some(copy.as_str()));
    world.plans_nothing();
    world.destroy();
}

#[test]
fn a_failover_by_hand_is_taken_over_in_one_step() {
    let world = world();
    let copy = replica(&world).dbi_resource_id.unwrap_or_default();
    promote(&world);
    let call = world.cloud.rds.delete_db_instance().db_instance_identifier("main").skip_final_snapshot(true);
    world.cloud.run(call.send()).expect("it can be deleted");
    eventually("the source is gone", || named(&world, "main").is_none());
    let call = world.cloud.rds.modify_db_instance().db_instance_identifier("main-reports");
    let call = call.new_db_instance_identifier("main").apply_immediately(true);
    world.cloud.run(call.send()).expect("it can be renamed");
    eventually("it is renamed", || {
        named(&world, "main").is_some_and(|one| one.db_instance_status() == Some("available"))
    });
    let import = format!("aws_db_instance.main={copy}");
    world.provision(&["plan"]).exits(1).says(&["aws_db_replica.main/reports of this stack", &import]);
    world.provision(&["import", &import]).exits(0);
    // The replica is still declared, and is made anew.
    world.apply(&[]);
    assert_eq!(named(&world, "main").and_then(|one| one.dbi_resource_id), Some(copy));
    assert_eq!(replica(&world).read_replica_source_db_instance_identifier(), Some("main"));
    world.plans_nothing();
}

#[test]
fn one_that_was_promoted_takes_the_place_of_its_source_as_the_plan_says() {
    let world = world();
    let copy = replica(&world).dbi_resource_id.unwrap_or_default();
    promote(&world);
    let steps =
        ["provision state forget aws_db_replica.main/reports", &format!("aws_db_instance.main={copy}")];
    world.provision(&["plan"]).exits(1).says(&steps).says(&["write `identifier: main-reports`"]);
    world.edit_stack(REPLICAS, "");
    world.provision(&["state", "forget", REPLICA, "--auto-approve"]).exits(0);
    world.provision(&["import", &format!("aws_db_instance.main={copy}")]).exits(0);
    world.edit_stack("    password:", "    identifier: main-reports\n    password:");
    world.apply(&[]);
    world.plans_nothing();
    // The old one is left as it was.
    assert_eq!(named(&world, "main").and_then(|one| one.db_instance_status), Some("available".to_owned()));
    assert_eq!(world.record("aws_db_instance.main")["id"], json!(copy));
}

#[test]
fn a_promoted_one_that_was_forgotten_is_not_sent_round_between_an_import_and_a_destroy() {
    let world = world();
    promote(&world);
    world.provision(&["state", "forget", REPLICA, "--auto-approve"]).exits(0);
    let said = world.provision(&["plan", "--destroy"]).said();
    assert!(!said.contains("provision import"), "{said}");
}

#[test]
fn backups_are_turned_off_after_the_replicas_and_on_before_them() {
    let world = world();
    world.edit_stack("db.m7g.large", "db.m7g.large, deletion_protection: false");
    world.apply(&[]);
    world.edit_stack(&REPLICAS.replace("db.m7g.large", "db.m7g.large, deletion_protection: false"), "");
    world.edit_stack("    password:", "    backup_retention_period: 0\n    password:");
    let call = world.cloud.rds.create_db_instance_read_replica().db_instance_identifier("theirs");
    world.cloud.run(call.source_db_instance_identifier("main").send()).expect("a replica can be made");
    eventually("it is there", || {
        theirs(&world).is_some_and(|one| one.db_instance_status() == Some("available"))
    });
    let allow = ["--allow-data-loss", "aws_db_instance.main"];
    let plan = world.provision(&[&["plan"][..], &allow[..]].concat()).exits(1);
    plan.says(&["does not turn off the backups of a database with read replicas: theirs"]);
    let call = world.cloud.rds.delete_db_instance().db_instance_identifier("theirs");
    world.cloud.run(call.skip_final_snapshot(true).send()).expect("it can be deleted");
    eventually("it is gone", || theirs(&world).is_none());
    world.apply(&allow);
    assert_eq!(named(&world, "main").and_then(|one| one.backup_retention_period), Some(0));
    world.plans_nothing();
    // They are on in the window only, unless that is written otherwise.
    world.edit_stack("    backup_retention_period: 0\n", "");
    world.edit_stack("    apply_immediately: true\n", "");
    let stack = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    world.write_stack(&format!("{stack}{REPLICAS}"));
    world.provision(&["plan"]).exits(1).says(&[REPLICA, "write `apply_immediately: true` for `main`"]);
    world.edit_stack("    password:", "    apply_immediately: true\n    password:");
    world.apply(&[]);
    assert_eq!(replica(&world).read_replica_source_db_instance_identifier(), Some("main"));
}

#[test]
fn a_destroy_beside_one_that_was_promoted_works_as_its_hint_says() {
    let world = world();
    promote(&world);
    let refused = world.provision(&["destroy", "--auto-approve", "--json"]).exits(1);
    let said = refused.said();
    assert!(said.contains("run the same command again") && !said.contains("provision apply"), "{said}");
    let kept = said.split("to lose its data").next().unwrap_or_default();
    let mut forgotten: Vec<&str> = kept
        .split("provision state forget ")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| c.is_whitespace() || ",\"\\".contains(c)).next())
        .collect();
    forgotten.sort_unstable();
    forgotten.dedup();
    assert!(forgotten.contains(&REPLICA) && forgotten.len() > 1, "{forgotten:?}");
    for address in forgotten {
        assert_ne!(address, "aws_db_instance.main");
        world.provision(&["state", "forget", address, "--auto-approve"]).exits(0);
    }
    let destroyed = world.destroy().said();
    assert!(named(&world, "main").is_none(), "{destroyed}");
    assert_eq!(replica(&world).db_instance_status(), Some("available"));
}

#[test]
fn replicas_with_each_other_s_tags_are_named_as_members_and_their_source_is_none_of_them() {
    let mut world = World::seeded(&[]);
    world.set("PASSWORD", "correct-horse-battery");
    world.write_stack(&STACK.replace("      reports:", "      more: {}\n      reports:"));
    world.apply(&[]);
    let source = named(&world, "main").and_then(|one| one.dbi_resource_id).unwrap_or_default();
    for (name, address) in [("main-more", REPLICA), ("main-reports", "aws_db_replica.main/more")] {
        let arn = named(&world, name).and_then(|one| one.db_instance_arn).unwrap_or_default();
        let tag = aws_sdk_rds::types::Tag::builder().key("provision:address").value(address).build();
        let call = world.cloud.rds.add_tags_to_resource().resource_name(arn).tags(tag);
        world.cloud.run(call.send()).expect("it can be tagged");
    }
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    let said = world.provision(&["plan", "--json"]).exits(1).said();
    let named =
        "write `identifier: main-reports` for `main/more` and `identifier: main-more` for `main/reports`";
    assert!(said.contains(named), "{said}");
    for replica in [REPLICA, "aws_db_replica.main/more"] {
        assert!(!said.contains(&format!("import {replica}={source}")), "{said}");
    }
}

#[test]
fn one_that_was_promoted_is_taken_over_as_a_database_of_its_own() {
    let world = world();
    let id = replica(&world).dbi_resource_id.unwrap_or_default();
    promote(&world);
    world.edit_stack(REPLICAS, "  own: { identifier: main-reports, password: env:PASSWORD }\n");
    let import = format!("aws_db_instance.own={id}");
    let plan = world.provision(&["plan"]).exits(1);
    plan.says(&["it is aws_db_replica.main/reports of this stack", &format!("provision import {import}")]);
    world.provision(&["import", &import]).exits(0).says(&["Forgot aws_db_replica.main/reports"]);
    assert_eq!(world.record("aws_db_instance.own")["id"], id);
    // There beside the source, it is not taken over as that.
    world.provision(&["import", &format!("aws_db_instance.main={id}")]).exits(1);
}
