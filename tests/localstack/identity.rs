//! Ownership of objects: what others remade, renamed, moved or took over is found by the plan, and one command takes it over.

use aws_sdk_ec2::types::Tag as GroupTag;
use aws_sdk_efs::types::Tag;
use serde_json::{Value, json};

use crate::world::{NOTHING, SMALL_STACK, World, errors};

const DATABASE: &str = "aws_db_instance.records";
const FILES: &str = "aws_efs_file_system.files";

/// A copy of a database under another identifier, or under the same one after it is gone, with these tags.
fn restore(world: &World, identifier: &str, tags: &[(&str, &str)]) -> String {
    use aws_sdk_rds::types::Tag;
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect();
    let create = world.cloud.rds.create_db_instance().db_instance_identifier(identifier).engine("postgres");
    let create = create.db_instance_class("db.t4g.medium").allocated_storage(50).master_username("postgres");
    let create = create.engine_version("16").storage_type("gp3").storage_encrypted(true).multi_az(true);
    // Without automated backups: the emulator names them by the minute.
    let create = create.backup_retention_period(0).db_subnet_group_name("records").set_tags(Some(tags));
    let group = world.cloud.group("shop-records").group_id().expect("it has an id").to_owned();
    let create = create.vpc_security_group_ids(group);
    let made =
        world.cloud.run(create.manage_master_user_password(true).send()).expect("a database can be made");
    made.db_instance().and_then(|one| one.dbi_resource_id()).expect("it has an id").to_owned()
}

fn delete_database(world: &World, identifier: &str) {
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier(identifier);
    world.cloud.run(delete.skip_final_snapshot(true).send()).expect("it can be deleted");
    let gone = || world.cloud.databases().iter().all(|one| one.db_instance_identifier() != Some(identifier));
    crate::world::eventually("the database is gone", gone);
}

/// The checks that forbid a plan, each with its address.
/// The changes of a plan, as `update aws_db_instance.records: ownership tags`.
fn changes(plan: &Value) -> Vec<String> {
    let changes =
        plan["changes"].as_array().into_iter().flatten().filter(|change| change["action"] != "no-op");
    changes
        .map(|change| {
            let fields = change["fields"].as_array().into_iter().flatten();
            let fields: Vec<&str> = fields.filter_map(|field| field["path"].as_str()).collect();
            let (action, address) = (change["action"].as_str(), change["address"].as_str());
            format!("{} {}: {}", action.unwrap_or_default(), address.unwrap_or_default(), fields.join(", "))
        })
        .collect()
}

#[test]
fn a_database_that_was_restored_under_its_name_is_named_and_taken_over_by_one_command() {
    let world = World::applied();
    let old = world.cloud.database_id().expect("it is there");
    delete_database(&world, "records");
    let new = restore(&world, "records", &[]);
    world.control.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        world.provision(command).exits(1).says(&[&old, &new, &format!("provision import {DATABASE}={new}")]);
    }
    let said = world.provision(&["import", &format!("{DATABASE}=records")]).exits(0);
    said.says(&[&new, &old, "is gone from AWS", "Nothing in AWS was changed"]);
    assert_eq!(world.control.calls().mutating(), 0);
    let again = world.provision(&["import", &format!("{DATABASE}={new}"), "--json"]).exits(0).json();
    assert_eq!(again["taken_over"], serde_json::json!([]), "it is recorded already");
    let plan = world.plan(&[]);
    assert_eq!(errors(&plan), []);
    let of_database: Vec<String> =
        changes(&plan).into_iter().filter(|line| line.contains(DATABASE)).collect();
    assert!(of_database[0].contains("ownership tags"), "{of_database:?}");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.record(DATABASE)["id"], json!(new));
    assert_eq!(world.cloud.count(), SMALL_STACK);
}

#[test]
fn a_database_that_gave_its_name_to_another_one_is_not_renamed_back() {
    let world = World::applied();
    let old = world.cloud.database_id().expect("it is there");
    let rename = world.cloud.rds.modify_db_instance().db_instance_identifier("records");
    let rename = rename.new_db_instance_identifier("records-old").apply_immediately(true);
    world.cloud.run(rename.send()).expect("it can be renamed");
    crate::world::eventually("it has its new name", || {
        world.cloud.databases().iter().any(|one| one.db_instance_identifier() == Some("records-old"))
    });
    let new = restore(&world, "records", &[]);
    let plan = world.plan(&[]);
    assert_eq!(errors(&plan), [("supplanted".to_owned(), DATABASE.to_owned())]);
    world.provision(&["plan"]).exits(1).says(&[&old, &new, "records-old"]);
    let taken = world.provision(&["import", &format!("{DATABASE}={new}"), "--json"]).exits(0).json();
    let taken = &taken["taken_over"][0];
    assert_eq!((&taken["instead_of"], &taken["left_in_aws"]), (&json!(old), &json!(true)));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.databases().len(), 2, "the old one stays as it is");
}

#[test]
fn a_second_state_takes_over_and_the_first_one_is_fenced_out() {
    let world = World::applied();
    let state = |name: &str| format!("{}", world.path(name).display());
    let second = state("second.json");
    world.control.forget_calls();
    world.provision(&["plan", "--state", &second]).exits(1).says(&["provision state rebuild"]);
    assert_eq!(world.control.calls().mutating(), 0);
    let rebuilt = world.provision(&["state", "rebuild", "--auto-approve", "--json", "--state", &second]);
    let rebuilt = rebuilt.exits(0).json();
    let first = world.plan(&[])["state"]["lineage"].clone();
    assert_eq!(rebuilt["fenced"], json!([first]));
    // A value that AWS does not show was rebuilt as the safe answer, which the stack file turns off.
    world.apply(&["--state", &second]);
    world.provision(&["plan", "--state", &second, "--detailed-exitcode"]).exits(0);

    world.control.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["destroy", "--auto-approve"]] {
        world.provision(command).exits(1).says(&["another state", first.as_str().unwrap_or_default()]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    // The first one takes all of it back by name, and the second one is fenced out then.
    let theirs = world.provision(&["plan", "--json", "--state", &second]).exits(0).json();
    let theirs = theirs["state"]["lineage"].as_str().expect("it has a lineage").to_owned();
    world.provision(&["state", "rebuild", "--auto-approve", "--take-over", &theirs]).exits(0);
    world.plans_nothing();
    world.provision(&["plan", "--state", &second]).exits(1).says(&["another state"]);
}

#[test]
fn a_state_that_was_fenced_out_deletes_no_part_of_what_the_other_one_has() {
    let world = World::applied();
    let second = format!("{}", world.path("second.json").display());
    world.provision(&["state", "rebuild", "--auto-approve", "--state", &second]).exits(0);
    let listed = world.provision(&["state", "list"]).exits(0).out;
    let addresses: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let tagless = ["aws_efs_mount_target.", "aws_db_subnet_group.", "aws_db_parameter_group."];
    let tagless: Vec<&&str> =
        addresses.iter().filter(|one| tagless.iter().any(|kind| one.starts_with(kind))).collect();
    assert_eq!(tagless.len(), 4, "{addresses:?}");
    world.control.forget_calls();
    let deletes_nothing = || {
        for address in &tagless {
            let ran = world.provision(&["destroy", "--auto-approve", "--target", address]).exits(1);
            ran.says(&["another state", "--take-over", &format!("provision state forget {address}")]);
        }
    };
    deletes_nothing();
    // Its parts are left to it with the file system.
    world.provision(&["state", "forget", FILES, "--auto-approve"]).exits(0).says(&["4 records"]);
    assert!(!world.provision(&["state", "list"]).exits(0).out.contains("aws_efs_"));
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.cloud.count(), SMALL_STACK);
}

#[test]
fn a_stack_of_the_same_name_beside_another_cluster_owns_nothing_here() {
    let world = World::seeded(&["--two-clusters"]);
    world.write_stack(crate::world::SMALL);
    world.apply(&["--cluster", "k8s.myzone.net"]);
    let other = format!("{}", world.path("other.json").display());
    let there = ["--cluster", "other.myzone.net", "--state", &other];
    world.control.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["state", "rebuild", "--auto-approve"]] {
        world.provision(&[command, &there].concat()).exits(1).says(&[
            "k8s.myzone.net",
            "other.myzone.net",
            "`stack:`",
        ]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    let import = format!("{DATABASE}=records");
    world.provision(&[&["import", &import][..], &there].concat()).exits(1).says(&["another cluster"]);
}

#[test]
fn the_tags_of_a_file_system_follow_a_move_and_its_old_address_makes_another_one() {
    let world = World::applied();
    let moved = world.cloud.file_system();
    world.provision(&["state", "move", "files", "docs", "--auto-approve"]).exits(0);
    world.edit_stack("  files:\n    security_group: shop-files", "  docs:\n    security_group: shop-files");
    let plan = world.plan(&[]);
    assert_eq!(errors(&plan), []);
    let tags: Vec<String> =
        changes(&plan).into_iter().filter(|line| line.contains("ownership tags")).collect();
    assert!(tags.iter().any(|line| line.contains("aws_efs_file_system.docs")), "{tags:?}");

    let lineage = plan["state"]["lineage"].as_str().expect("it has a lineage").to_owned();

    // Lost before the tags could follow: it stands unclaimed, and no second one is made beside it.
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&[&moved.file_system_id]);
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["stands unclaimed", &moved.file_system_id]);
    assert_eq!(world.control.calls().of("efs.CreateFileSystem"), 0);
    let import = format!("aws_efs_file_system.docs={}", moved.file_system_id);
    world.provision(&["import", &import]).exits(1).says(&[&format!("{import} --take-over {lineage}")]);
    world.provision(&["import", &import, "--take-over", &lineage]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.file_system().file_system_id, moved.file_system_id);
    assert_eq!(world.cloud.count(), SMALL_STACK);

    // Lost after they have followed: found by its tags, no matter what its token says.
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    // The token of the first address is used up, and another file system can be made there all the same.
    world.edit_stack(
        "databases:",
        "  files:\n    security_group: shop-more-files\n    deletion_protection: false\ndatabases:",
    );
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.file_systems().len(), 2);
    let ids =
        ["docs", "files"].map(|name| world.record(&format!("aws_efs_file_system.{name}"))["id"].clone());
    assert_ne!(ids[0], ids[1]);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_file_system_of_the_same_name_is_noticed_before_another_one_is_made() {
    let world = World::small();
    let name = Tag::builder().key("Name").value("files").build().expect("a tag");
    let create = world.cloud.efs.create_file_system().creation_token("by-hand").encrypted(true).tags(name);
    let made = world.cloud.run(create.throughput_mode("elastic".into()).backup(true).send());
    let made = made.expect("a file system can be made").file_system_id;
    world.control.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        let import = format!("provision import {FILES}={made}");
        world.provision(command).exits(1).says(&[&made, "carries no tags of provision", &import]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    world.provision(&["import", &format!("{FILES}={made}")]).exits(0);
    let plan = world.plan(&[]);
    assert_eq!(errors(&plan), []);
    assert!(
        changes(&plan).iter().any(|line| line.contains(FILES) && line.contains("ownership tags")),
        "{plan}"
    );
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.file_system().file_system_id, made);
    assert_eq!(world.cloud.count(), SMALL_STACK);
}

#[test]
fn a_groups_name_in_another_case_is_the_same_name() {
    let world = World::applied();
    world.edit_stack("security_group: shop-files", "security_group: Shop-FILES");
    let plan = world.plan(&[]);
    assert_eq!((errors(&plan), plan["summary"]["replace"].clone()), (vec![], json!(0)));
    let group = world.cloud.group("shop-files").group_id().map(str::to_owned);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.group("shop-files").group_id().map(str::to_owned), group);
}

#[test]
fn what_is_not_to_be_taken_over_is_refused_and_nothing_is_recorded() {
    let world = World::applied();
    let nodes = world.seed["security_groups"]["nodes"].as_str().expect("the seed names it").to_owned();
    let by_hand = world.cloud.ec2.create_security_group().group_name("by-hand").description("of somebody");
    let by_hand = by_hand.vpc_id(world.seed["vpc_id"].as_str().expect("the seed names its VPC"));
    let by_hand = world.cloud.run(by_hand.send()).expect("a group can be made");
    let by_hand = by_hand.group_id().expect("it has an id").to_owned();
    let before = world.files();
    for (import, words) in [
        ("aws_security_group.files=sg-0123".to_owned(), "AWS has no"),
        (format!("aws_security_group.files={nodes}"), "belongs to the cluster"),
        (format!("aws_security_group.files={by_hand}"), "by-hand"),
        (format!("{DATABASE}=nothing"), "AWS has no"),
        ("aws_db_instance.other=records".to_owned(), "does not declare"),
        (
            format!(
                "aws_security_group.records={}",
                world.cloud.group("shop-files").group_id().expect("an id")
            ),
            "recorded already",
        ),
    ] {
        world.provision(&["import", &import]).exits(1).says(&[words]);
    }
    world.provision(&["import", "vpc-1", &format!("{DATABASE}=records")]).exits(1).says(&["by itself"]);
    assert_eq!(world.files(), before);
    // With the tags of another state it is taken only when that one is named.
    let tag = |key: &str, value: &str| GroupTag::builder().key(key).value(value).build();
    let tags = [
        tag("provision:stack", "other"),
        tag("provision:address", "aws_security_group.x"),
        tag("provision:lineage", "0a1b"),
    ];
    let call = world.cloud.ec2.create_tags().resources(&by_hand).set_tags(Some(tags.to_vec())).send();
    world.cloud.run(call).expect("it can be tagged");
    world.edit_stack("security_group: shop-files", "security_group: by-hand");
    let import = format!("aws_security_group.files={by_hand}");
    world.provision(&["import", &import]).exits(1).says(&["the stack other", "--take-over 0a1b"]);
    world.provision(&["import", &import, "--take-over", "0a1b"]).exits(0).says(&["stays in AWS as it is"]);
}

#[test]
fn a_cluster_tag_that_was_changed_by_hand_is_drift_and_written_right() {
    let world = World::applied();
    let id = world.cloud.file_system().file_system_id;
    let wrong = Tag::builder().key("provision:cluster").value("elsewhere").build().expect("a tag");
    let call = world.cloud.efs.tag_resource().resource_id(&id).tags(wrong);
    world.cloud.run(call.send()).expect("it can be tagged");
    let plan = world.plan(&[]);
    assert_eq!((errors(&plan), changes(&plan)), (vec![], vec![format!("update {FILES}: ownership tags")]));
    assert_eq!(plan["drift"][0]["fields"][0]["after"]["provision:cluster"], "elsewhere");
    world.provision(&["plan"]).exits(0).says(&["is put right below", "others changed provision:cluster"]);
    world.provision(&["plan", "--refresh-only"]).exits(0).says(&["others changed provision:cluster"]);
    world.apply(&[]);
    world.plans_nothing();
}
