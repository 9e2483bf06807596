//! Objects that were remade or renamed by hand: each hint is typed as it is printed, and ends the matter.

use serde_json::{Value, json};

use crate::world::{SMALL, World, eventually};

const DATABASE: &str = "aws_db_instance.records";

fn errors(plan: &Value) -> Vec<String> {
    let findings = plan["preflight"].as_array().into_iter().flatten();
    let errors = findings.filter(|finding| finding["level"] == "error");
    errors.map(|finding| format!("{}: {}", finding["check"], finding["hint"])).collect()
}

/// Deletes the mount target of a zone, and makes one in another subnet of the zone. Returns its id and its subnet.
fn remake_in_another_subnet(world: &World, zone: &str) -> (String, String) {
    let all = world.cloud.mount_targets();
    let old = all.iter().find(|one| one.availability_zone_name() == Some(zone)).expect("it is there");
    let (files, groups) = (old.file_system_id().to_owned(), world.cloud.groups_of(old));
    let delete = world.cloud.efs.delete_mount_target().mount_target_id(old.mount_target_id());
    world.cloud.run(delete.send()).expect("it can be deleted");
    let gone =
        || world.cloud.mount_targets().iter().all(|one| one.mount_target_id() != old.mount_target_id());
    eventually("the mount target is gone", gone);
    let make = world.cloud.ec2.create_subnet().vpc_id(old.vpc_id().expect("it stands in one"));
    let made = world.cloud.run(make.availability_zone(zone).cidr_block("172.20.250.0/24").send());
    let made = made.expect("a subnet can be made");
    let subnet = made.subnet().and_then(|one| one.subnet_id()).expect("it has an id").to_owned();
    let create = world.cloud.efs.create_mount_target().file_system_id(files).subnet_id(&subnet);
    let made = world.cloud.run(create.set_security_groups(Some(groups)).send()).expect("it can be made");
    (made.mount_target_id().to_owned(), subnet)
}

#[test]
fn a_mount_target_that_was_remade_in_another_subnet_of_its_zone_is_taken_over_as_it_is() {
    let world = World::applied();
    let (zone, other) = ("eu-west-1a", "eu-west-1b");
    let (id, subnet) = remake_in_another_subnet(&world, zone);
    let address = format!("aws_efs_mount_target.files/{zone}");
    let import = format!("provision import {address}={id}");
    let said = world.provision(&["plan"]).exits(1).says(&[&import]).said();
    assert!(!said.contains("choose another name"), "a mount target has none: {said}");
    // At the address of another zone it has no place, and the right one is named.
    let wrong = format!("aws_efs_mount_target.files/{other}={id}");
    world.provision(&["import", &wrong]).exits(1).says(&[&import]);
    world.provision(&["import", &format!("{address}={id}")]).exits(0).says(&[&id, "Recorded"]);
    let record = world.record(&address);
    assert_eq!((&record["id"], &record["inputs"]["subnet_id"]), (&json!(id), &json!(subnet)));
    world.control.forget_calls();
    world.apply(&[]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.plans_nothing();
    // It is replaced by nothing later on either, and goes with its stack.
    world.provision(&["import", &format!("{address}={id}")]).exits(0).says(&["Nothing to do"]);
    world.destroy();
    assert_eq!(world.cloud.mount_targets().len(), 0);
}

#[test]
fn a_destroy_that_the_stack_file_forbids_shows_no_change_that_did_not_happen() {
    let world = World::applied();
    world.edit_stack("    deletion_protection: false\n", "    deletion_protection: true\n");
    world.edit_stack("    final_snapshot: false\n", "    final_snapshot: true\n");
    let plan = world.provision(&["plan", "--destroy", "--json"]).exits(1).json();
    assert_eq!(plan["drift"], json!([]));
    let protected = errors(&plan).into_iter().filter(|error| error.contains("\"protected\"")).count();
    assert_eq!(protected, 2, "{:?}", errors(&plan));
}

#[test]
fn what_is_not_recorded_is_told_with_the_options_that_were_typed() {
    let world = World::applied();
    let second = format!("{}", world.path("second.json").display());
    world.provision(&["state", "rebuild", "--auto-approve", "--state", &second]).exits(0);
    let refresh = ["apply", "--refresh-only", "--auto-approve", "-c", "provision.yaml"];
    let forget = format!("provision state forget {DATABASE} -c provision.yaml");
    world.provision(&refresh).exits(0).says(&["Not recorded", &forget]);
    let events = world.provision(&[&refresh[..], &["--json"]].concat()).exits(0).events();
    let summary = events.last().expect("a summary")["not_recorded"][DATABASE].to_string();
    assert!(summary.contains(&forget), "{summary}");
}

#[test]
fn commands_that_look_at_the_state_of_a_renamed_stack_offer_its_old_one() {
    let world = World::applied();
    world.edit_stack("stack: shop\n", "stack: store\n");
    for command in [&["output"][..], &["state", "list"], &["state", "show", DATABASE]] {
        world.provision(command).exits(1).says(&["provision state move stack.shop stack.store"]);
    }
    world.provision(&["state", "move", "stack.shop", "stack.store", "--auto-approve"]).exits(0);
    world.provision(&["output", "pgsql_endpoint"]).exits(0);
}

#[test]
fn nothing_is_asked_about_a_lock_that_is_not_there() {
    let world = World::applied();
    world.provision(&["state", "unlock", "nonsense"]).exits(0).says(&["There was no lock to take away."]);
}

#[test]
fn where_no_cluster_is_found_a_stack_file_is_written_for_one_that_is_named() {
    let world = World::empty();
    world.provision(&["init"]).exits(1).says(&["no kops cluster", "provision init --cluster NAME"]);
    let named = world.provision(&["init", "--cluster", "k8s.myzone.net"]).exits(0);
    let next = "provision import VPC-ID --subnet-id SUBNET-ID --node-security-group GROUP-ID --cluster k8s.myzone.net";
    named.says(&["Wrote provision.yaml", next]);
    let said = world.provision(&["import", "vpc-0a1b2c3d", "--cluster", "k8s.myzone.net"]).exits(1).said();
    assert!(!said.contains("provision init"), "{said}");
}

#[test]
fn databases_that_exchanged_their_names_go_on_under_them_by_the_one_edit_that_both_findings_say() {
    let world = World::small();
    let second = "  ledger:\n    deletion_protection: false\n    final_snapshot: false\n";
    world.write_stack(&format!("{SMALL}{second}"));
    world.apply(&[]);
    for (from, to) in [("records", "aside"), ("ledger", "records"), ("aside", "ledger")] {
        let modify = world.cloud.rds.modify_db_instance().db_instance_identifier(from);
        let modify = modify.new_db_instance_identifier(to).apply_immediately(true);
        world.cloud.run(modify.send()).expect("it can be renamed");
        eventually("it has its new name", || {
            world.cloud.databases().iter().any(|one| one.db_instance_identifier() == Some(to))
        });
    }
    // An import would only exchange the records, and neither address is free.
    let theirs = world.record("aws_db_instance.ledger")["id"].as_str().expect("an id").to_owned();
    let said = world.provision(&["import", &format!("{DATABASE}={theirs}")]).exits(1).said();
    assert!(said.contains("provision plan") && !said.contains("state move"), "{said}");
    let both =
        "write `identifier: records` for `ledger` and `identifier: ledger` for `records` into the stack file";
    let plan = world.plan(&[]);
    assert_eq!(errors(&plan).iter().filter(|error| error.contains(both)).count(), 2, "{:?}", errors(&plan));
    let said = world.provision(&["plan"]).exits(1).said();
    assert_eq!(said.matches("hint:").count(), 1, "said once for both: {said}");
    world.provision(&["apply", "--refresh-only", "--auto-approve"]).exits(0);
    world.edit_stack("  records:\n", "  records:\n    identifier: ledger\n");
    world.edit_stack("  ledger:\n", "  ledger:\n    identifier: records\n");
    world.control.forget_calls();
    world.apply(&[]);
    assert_eq!(world.control.calls().mutating(), 0, "nothing is renamed back");
    world.plans_nothing();
}
