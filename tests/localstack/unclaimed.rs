//! Objects of the stack that no record has, after a state was lost or by hand: found by any name, all of them named, and none
//! doubled.

use aws_sdk_rds::types::Tag;
use serde_json::{Value, json};

use crate::world::{SMALL, World, errors, eventually};

const DATABASE: &str = "aws_db_instance.records";
const FILES: &str = "aws_efs_file_system.files";

fn rename(world: &World, from: &str, to: &str) {
    let modify = world.cloud.rds.modify_db_instance().db_instance_identifier(from);
    world
        .cloud
        .run(modify.new_db_instance_identifier(to).apply_immediately(true).send())
        .expect("it can be renamed");
    eventually("it has its new name", || {
        world.cloud.databases().iter().any(|one| one.db_instance_identifier() == Some(to))
    });
}

/// A database like the one of the small stack, with these tags and in this subnet group.
fn make(world: &World, identifier: &str, subnet_group: &str, tags: Vec<Tag>) -> String {
    let create = world.cloud.rds.create_db_instance().db_instance_identifier(identifier).engine("postgres");
    let create = create.db_instance_class("db.t4g.medium").allocated_storage(50).master_username("postgres");
    let create = create.engine_version("16").storage_type("gp3").storage_encrypted(true).multi_az(true);
    // Without automated backups: the emulator names them by the minute.
    let create = create.backup_retention_period(0).db_subnet_group_name(subnet_group).set_tags(Some(tags));
    let group = world.cloud.group("shop-records").group_id().expect("it has an id").to_owned();
    let create = create.vpc_security_group_ids(group);
    let made =
        world.cloud.run(create.manage_master_user_password(true).send()).expect("a database can be made");
    made.db_instance().and_then(|one| one.dbi_resource_id()).expect("it has an id").to_owned()
}

fn tags_of_the_database(world: &World) -> Vec<Tag> {
    world.cloud.database().tag_list().to_vec()
}

fn summary(plan: &Value, action: &str) -> u64 {
    plan["summary"][action].as_u64().expect("a count")
}

/// The lineage in the first command that takes over what another state made.
fn lineage_to_take_over(said: &str) -> String {
    let mut words = said.split_whitespace().skip_while(|word| *word != "--take-over").skip(1);
    words.next().expect("it names the state").trim_end_matches([',', ';']).to_owned()
}

#[test]
fn a_database_that_was_renamed_by_hand_is_found_again_after_the_state_is_lost() {
    let world = World::applied();
    let id = world.cloud.database_id().expect("it is there");
    rename(&world, "records", "records-old");
    world.lose_the_state();
    let plan = world.plan(&[]);
    assert!(errors(&plan).contains(&("unrecorded".to_owned(), DATABASE.to_owned())), "{:?}", errors(&plan));
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[&id, "provision state rebuild"]);
    assert_eq!(world.cloud.databases().len(), 1);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0).says(&["14 resources found."]);
    let record = world.record(DATABASE);
    assert_eq!((&record["id"], &record["inputs"]["identifier"]), (&json!(id), &json!("records-old")));
    let plan = world.plan(&[]);
    assert_eq!((errors(&plan), summary(&plan, "create"), summary(&plan, "replace")), (vec![], 0, 0));
    world.edit_stack("  records:\n", "  records:\n    identifier: records-old\n");
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn what_was_made_for_a_renamed_key_is_not_made_again_after_the_state_is_lost() {
    let world = World::applied();
    world.edit_stack("  records:\n", "  archive:\n");
    world.lose_the_state();
    let plan = world.plan(&[]);
    let unclaimed = ("unclaimed".to_owned(), "aws_db_instance.archive".to_owned());
    assert!(errors(&plan).contains(&unclaimed), "{:?}", errors(&plan));
    let said = world.provision(&["apply", "--auto-approve"]).exits(1);
    let said = said.says(&["if `records` was renamed", "under that name, then: provision state rebuild"]);
    // Its groups have the old name too, and would stay behind.
    assert!(!said.said().contains("provision import aws_db_instance"), "{said:?}");
    assert_eq!(world.cloud.databases().len(), 1);
    // As the hint says.
    world.edit_stack("  archive:\n", "  records:\n");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0).says(&["14 resources found."]);
    world.edit_stack("  records:\n", "  archive:\n");
    world.provision(&["state", "move", "records", "archive", "--auto-approve"]).exits(0);
    let plan = world.plan(&[]);
    assert_eq!((errors(&plan), summary(&plan, "create"), summary(&plan, "replace")), (vec![], 0, 0));
}

#[test]
fn what_no_entry_is_for_any_more_is_named_by_a_rebuild() {
    let world = World::applied();
    let id = world.cloud.database_id().expect("it is there");
    let whole = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let (without, _) = whole.split_once("databases:\n").expect("it has databases");
    world.write_stack(without);
    world.lose_the_state();
    let ran = world.provision(&["state", "rebuild", "--auto-approve", "--json"]).exits(0);
    let document: Value = serde_json::from_str(&ran.out).expect("a document");
    let named = document["undeclared"].as_array().expect("a list").iter();
    let named: Vec<(&Value, &Value)> = named.map(|one| (&one["id"], &one["address"])).collect();
    assert!(named.contains(&(&json!(id), &json!(DATABASE))), "{named:?}");
    assert_eq!(named.len(), 2, "the database and its group: {named:?}");
    // As the text of the same rebuild says, which names what it could not see.
    world.lose_the_state();
    world.control.refuse("s3.ListBuckets", "AccessDenied", 403, "no");
    let said = world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    let said =
        said.says(&[&id, "not looked through: aws_s3_bucket (s3:ListAllMyBuckets: AccessDenied)"]).said();
    let lineage = lineage_to_take_over(&said);
    world.write_stack(&whole);
    world.provision(&["state", "rebuild", "--auto-approve", "--take-over", &lineage]).exits(0).says(&[&id]);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.database_id(), Some(id));
}

#[test]
fn a_database_leaves_its_stack_for_another_one_as_the_plan_of_that_one_says() {
    let world = World::applied();
    let id = world.cloud.database_id().expect("it is there");
    let whole = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let (_, databases) = whole.split_once("databases:\n").expect("it has databases");
    std::fs::create_dir(world.path("data")).expect("a folder can be made");
    std::fs::write(world.path("data/provision.yaml"), format!("stack: data\ndatabases:\n{databases}"))
        .expect("a file can be written");
    let there = |words: &[&str]| {
        let run = world.command(words).current_dir(world.path("data")).output().expect("it runs");
        let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
        (run.status.code(), said.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (code, plan) = there(&["plan"]);
    assert_eq!(code, Some(1), "{plan}");
    let lineage = lineage_to_take_over(&plan);
    for import in [format!("{DATABASE}={id}"), "aws_db_subnet_group.records=records".to_owned()] {
        assert!(plan.contains(&format!("provision import {import} --take-over {lineage}")), "{plan}");
        let (code, said) = there(&["import", &import, "--take-over", &lineage]);
        assert_eq!(code, Some(0), "{said}");
    }
    assert_eq!(there(&["apply", "--auto-approve"]).0, Some(0));
    assert_eq!(there(&["plan", "--detailed-exitcode"]).0, Some(0));
    // The stack that had it says so, and does nothing to it.
    world.provision(&["plan"]).exits(1).says(&["belongs to the stack data", "provision state forget"]);
    assert_eq!(world.cloud.database_id(), Some(id));
}

#[test]
fn data_whose_entry_and_stack_were_renamed_before_the_state_was_lost_is_named_with_its_import() {
    let world = World::applied();
    let files = world.cloud.file_system().file_system_id().to_owned();
    world.edit_stack("stack: shop", "stack: store");
    world.edit_stack("  files:\n", "  media:\n");
    let whole = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let (without, _) = whole.split_once("databases:\n").expect("it has databases");
    world.write_stack(without);
    world.lose_the_state();
    let ran = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1);
    let import = format!("provision import aws_efs_file_system.media={files} --take-over ");
    let said = ran.says(&[&import, "carries the tags of aws_efs_file_system.files of the stack shop"]).said();
    // As the hint says.
    let lineage = lineage_to_take_over(&said);
    let at = format!("aws_efs_file_system.media={files}");
    world.provision(&["import", &at, "--take-over", &lineage]).exits(0);
    assert_eq!(world.record("aws_efs_file_system.media")["id"], json!(files));
    assert_eq!(world.cloud.file_systems().len(), 1);
}

#[test]
fn of_several_objects_with_the_same_tags_a_rebuild_takes_none_and_names_all() {
    let world = World::applied();
    let database = world.cloud.database_id().expect("it is there");
    let copy = make(&world, "records-copy", "records", tags_of_the_database(&world));
    let files = world.cloud.file_system();
    let create = world.cloud.efs.create_file_system().creation_token("by hand");
    let made = world.cloud.run(create.set_tags(Some(files.tags().to_vec())).send()).expect("it can be made");
    let files = [files.file_system_id().to_owned(), made.file_system_id().to_owned()];
    // With its state the stack knows its own.
    world.plans_nothing();
    world.lose_the_state();

    let said = world.provision(&["plan"]).exits(1);
    said.says(&[&database, &copy, "records-copy, made", &files[0], &files[1], "provision import"]);
    let ran = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1);
    let ran =
        ran.says(&[&format!("{DATABASE} may be any of"), "records-copy, made", "is looked for with it"]);
    let said = ran.said();
    let lineage = lineage_to_take_over(&said);
    let recorded = world.provision(&["state", "list"]).exits(0).said();
    assert!(recorded.contains("aws_security_group.records") && !recorded.contains(DATABASE), "{recorded}");

    for (at, id) in [(DATABASE, &database), (FILES, &files[0])] {
        world.provision(&["import", &format!("{at}={id}"), "--take-over", &lineage]).exits(0);
    }
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!((world.cloud.databases().len(), world.cloud.file_systems().len()), (2, 2));
}

#[test]
fn databases_that_exchanged_their_names_are_each_recorded_by_their_ids() {
    let world = World::small();
    world.write_stack(&format!(
        "{SMALL}  ledger:\n    deletion_protection: false\n    final_snapshot: false\n"
    ));
    world.apply(&[]);
    rename(&world, "records", "aside");
    rename(&world, "ledger", "records");
    rename(&world, "aside", "ledger");
    let live = |id: &str| {
        let all = world.cloud.databases();
        let one = all.iter().find(|one| one.dbi_resource_id() == Some(id)).expect("it is there").clone();
        one.endpoint().and_then(|endpoint| endpoint.address()).expect("it has one").to_owned()
    };
    let id_of = |at: &str| world.record(at)["id"].as_str().expect("an id").to_owned();
    let ids = (id_of(DATABASE), id_of("aws_db_instance.ledger"));
    let plan = world.plan(&[]);
    let checks: Vec<String> = errors(&plan).into_iter().map(|(check, _)| check).collect();
    assert_eq!(checks, ["supplanted", "supplanted"]);
    world.provision(&["plan"]).exits(1).says(&["`identifier: ledger`", "`identifier: records`"]);
    world.provision(&["plan", "--refresh-only", "--detailed-exitcode"]).exits(2).says(&["host"]);
    let ran = world.provision(&["apply", "--refresh-only", "--auto-approve"]).exits(0);
    assert!(!ran.said().contains("Not recorded"), "{}", ran.said());
    for (name, id) in [("records", &ids.0), ("ledger", &ids.1)] {
        let printed = world.provision(&["output", &format!("databases.{name}.host")]).exits(0).out;
        assert_eq!(printed.trim(), live(id), "{name}");
        assert_eq!(id_of(&format!("aws_db_instance.{name}")), *id);
    }
    world.edit_stack("  records:\n", "  records:\n    identifier: ledger\n");
    world.edit_stack("  ledger:\n", "  ledger:\n    identifier: records\n");
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn what_a_database_uses_is_told_when_it_is_taken_over_and_comes_along_by_name() {
    let world = World::applied();
    let theirs = world.cloud.rds.create_db_subnet_group().db_subnet_group_name("theirs");
    let subnets = world.cloud.subnet_groups()[0].subnets().to_vec();
    let subnets = subnets.iter().filter_map(|one| one.subnet_identifier.clone()).collect();
    let theirs = theirs.db_subnet_group_description("by hand").set_subnet_ids(Some(subnets));
    world.cloud.run(theirs.send()).expect("a subnet group can be made");
    let id = make(&world, "theirs", "theirs", Vec::new());
    let take = "provision import aws_db_subnet_group.records=theirs";
    let said = world.provision(&["import", &format!("{DATABASE}=theirs")]).exits(0);
    said.says(&[&id, "uses theirs, which does not come along", take]);
    // In another subnet group it could only be made anew.
    world.edit_stack("  records:\n", "  records:\n    identifier: theirs\n");
    world.provision(&["plan"]).exits(1).says(&["its data lost", "`subnet_group: { existing: theirs }`"]);
    world.provision(&["import", "aws_db_subnet_group.records=theirs"]).exits(0);
    let plan = world.plan(&[]);
    assert_eq!((errors(&plan), summary(&plan, "replace")), (vec![], 0));
    assert_eq!(world.record("aws_db_subnet_group.records")["inputs"]["name"], json!("theirs"));
}

fn take_tags_off_the_database(world: &World) {
    let live = world.cloud.database();
    let keys = live.tag_list().iter().filter_map(|tag| tag.key.clone()).collect();
    let arn = live.db_instance_arn().expect("it has an ARN");
    let call = world.cloud.rds.remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(keys));
    world.cloud.run(call.send()).expect("tags can be taken off");
}

#[test]
fn a_database_without_its_name_and_its_tags_is_told_by_the_subnet_group_that_was_made_for_it() {
    for lost in [true, false] {
        let world = World::applied();
        let id = world.cloud.database_id().expect("it is there");
        rename(&world, "records", "elsewhere");
        take_tags_off_the_database(&world);
        if lost {
            world.lose_the_state();
            world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&[
                &id,
                &format!("provision import {DATABASE}={id}"),
                "was left out",
            ]);
        } else {
            world.provision(&["state", "forget", DATABASE, "--auto-approve"]).exits(0);
        }
        let plan = world.plan(&[]);
        assert_eq!(errors(&plan), [("unclaimed".to_owned(), DATABASE.to_owned())]);
        world.provision(&["apply", "--auto-approve"]).exits(1).says(&["elsewhere", "provision:stack=none"]);
        let all = world.cloud.run(world.cloud.rds.describe_db_instances().send()).expect("a read");
        assert_eq!(all.db_instances().len(), 1);
        let arn = all.db_instances()[0].db_instance_arn().expect("it has an ARN");
        // Each of the two ways on helps.
        if lost {
            world.provision(&["import", &format!("{DATABASE}={id}")]).exits(0);
            world.edit_stack("  records:\n", "  records:\n    identifier: elsewhere\n");
        } else {
            let tag = Tag::builder().key("provision:stack").value("none").build();
            let call = world.cloud.rds.add_tags_to_resource().resource_name(arn).tags(tag);
            world.cloud.run(call.send()).expect("a tag can be put on");
        }
        world.apply(&[]);
        world.plans_nothing();
        assert_eq!(world.cloud.databases().len(), if lost { 1 } else { 2 });
    }
}

#[test]
fn a_database_that_was_restored_under_another_name_in_the_place_of_a_lost_one_is_offered() {
    let world = World::applied();
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier("records");
    world.cloud.run(delete.skip_final_snapshot(true).send()).expect("it can be deleted");
    eventually("the database is gone", || world.cloud.databases().is_empty());
    let new = make(&world, "restored", "records", Vec::new());
    let take = format!("provision import {DATABASE}={new}");
    world.provision(&["plan"]).exits(1).says(&["restored", "uses what was made for it", &take]);
    world.provision(&["import", &format!("{DATABASE}={new}")]).exits(0);
    world.edit_stack("  records:\n", "  records:\n    identifier: restored\n");
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_file_system_whose_cluster_tag_is_wrong_is_told_and_no_other_one_is_made() {
    let world = World::applied();
    let files = world.cloud.file_system().file_system_id().to_owned();
    let write = |value: &str| {
        let tag = aws_sdk_efs::types::Tag::builder().key("provision:cluster").value(value).build();
        let tag = tag.expect("a whole tag");
        world.cloud.run(world.cloud.efs.tag_resource().resource_id(&files).tags(tag).send()).expect("a tag");
    };
    write("other.myzone.net");
    let lineage = world.plan(&[])["state"]["lineage"].as_str().expect("it has a lineage").to_owned();
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&[&files, "other.myzone.net"]);
    let plan = world.plan(&[]);
    assert_eq!(errors(&plan), [("name-taken".to_owned(), FILES.to_owned())]);
    let right = "write provision:cluster=k8s.myzone.net on it";
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[right]);
    assert_eq!(world.cloud.file_systems().len(), 1);
    write("k8s.myzone.net");
    let take = format!("provision state rebuild --take-over {lineage}");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).says(&[&take]);
    world.provision(&["state", "rebuild", "--auto-approve", "--take-over", &lineage]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn the_file_system_of_a_stack_of_another_name_is_told_before_a_second_one_is_made() {
    const FILES_ALONE: &str = "file_systems:\n  files:\n    deletion_protection: false\n";
    let world = World::small();
    world.write_stack(&format!("stack: shop\n{FILES_ALONE}"));
    world.apply(&[]);
    let files = world.cloud.file_system().file_system_id().to_owned();
    world.write_stack(&format!("stack: store\n{FILES_ALONE}"));
    let moved = "provision state move stack.shop stack.store";
    // Beside its old state nothing is made, and nothing of it destroyed.
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[moved, "if it is a stack of its own"]);
    world.provision(&["destroy", "--auto-approve"]).exits(1).says(&[moved, "nothing of that is destroyed"]);
    assert!(!world.path("state/store.json").exists(), "a destroy leaves no state");
    assert_eq!(world.cloud.file_systems().len(), 1);
    let old = world.path("state/shop.json");
    let aside = world.path("aside.json");
    std::fs::rename(&old, &aside).expect("a file can be moved");
    world.provision(&["plan"]).exits(0).says(&[&files, "new and empty", moved, "write `stack: shop` again"]);
    std::fs::rename(&aside, &old).expect("a file can be moved");
    world.provision(&["state", "move", "stack.shop", "stack.store", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.file_systems().len(), 1);

    // Two stacks may call theirs the same: the second one says that it is one of its own, and goes on.
    world.write_stack(&format!("stack: third\n{FILES_ALONE}"));
    let vpc = world.seed["vpc_id"].as_str().expect("the seed names its VPC").to_owned();
    world.provision(&["import", &vpc]).exits(0);
    world.apply(&[]);
    let said = world.provision(&["plan"]).exits(0).said();
    assert!(!said.contains("warning"), "{said}");
    assert_eq!(world.cloud.file_systems().len(), 2);
}

#[test]
fn of_databases_that_use_what_was_made_for_one_all_are_named_and_the_security_group_counts_most() {
    let world = World::applied();
    let neighbour =
        world.cloud.rds.create_db_instance().db_instance_identifier("neighbour").engine("postgres");
    let neighbour =
        neighbour.db_instance_class("db.t4g.medium").allocated_storage(50).master_username("postgres");
    let neighbour = neighbour.backup_retention_period(0).db_subnet_group_name("records");
    let made = world.cloud.run(neighbour.manage_master_user_password(true).send()).expect("it can be made");
    let neighbour = made.db_instance().and_then(|one| one.dbi_resource_id()).expect("an id").to_owned();
    let id = world.record(DATABASE)["id"].as_str().expect("an id").to_owned();
    rename(&world, "records", "elsewhere");
    take_tags_off_the_database(&world);
    world.lose_the_state();
    let said = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).said();
    let (first, second) = (said.find(&id), said.find(&neighbour));
    assert!(first.is_some() && first < second, "the one with our group comes first: {said}");
    world.provision(&["plan"]).exits(1).says(&[&id, &neighbour, "look which one is the right one"]);
}

#[test]
fn databases_whose_keys_were_exchanged_are_put_together_again_with_the_groups_that_they_use() {
    let world = World::small();
    world.write_stack(&format!(
        "{SMALL}  ledger:\n    deletion_protection: false\n    final_snapshot: false\n"
    ));
    world.apply(&[]);
    for (from, to) in [("records", "aside"), ("ledger", "records"), ("aside", "ledger")] {
        world.provision(&["state", "move", from, to, "--auto-approve"]).exits(0);
    }
    world.edit_stack("  records:\n", "  records:\n    identifier: ledger\n");
    world.edit_stack("  ledger:\n", "  ledger:\n    identifier: records\n");
    world.apply(&[]);
    world.plans_nothing();
    let group_of = |name: &str| world.record(&format!("aws_db_subnet_group.{name}"))["id"].clone();
    let before = (group_of("records"), group_of("ledger"));
    assert_eq!(before, (json!("ledger"), json!("records")));
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    assert_eq!((group_of("records"), group_of("ledger")), before);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.databases().len(), 2);
}

/// The state that it was made by is lost, and the tags of the copy say that it is another entry's.
#[test]
fn a_copy_that_was_restored_for_an_entry_of_its_own_is_taken_over_as_the_plan_says() {
    let world = World::applied();
    let cloud = &world.cloud;
    let snapshot =
        cloud.rds.create_db_snapshot().db_instance_identifier("records").db_snapshot_identifier("before");
    cloud.run(snapshot.send()).expect("a snapshot can be taken");
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    let group = cloud.group("shop-records").group_id.unwrap_or_default();
    let restore = cloud.rds.restore_db_instance_from_db_snapshot().db_snapshot_identifier("before");
    let restore = restore.db_instance_identifier("copy").db_subnet_group_name("records");
    cloud.run(restore.vpc_security_group_ids(group).send()).expect("it can be restored");
    let whole = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let (_, records) = whole.split_once("databases:\n  records:\n").expect("it has a database");
    world.write_stack(&format!("{whole}  copy:\n{records}"));
    let said = world.provision(&["plan"]).exits(1).said().split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, import) = said.split_once("provision import aws_db_instance.copy=").expect("it is offered");
    let words: Vec<&str> = import.split(' ').take(3).collect();
    let [id, "--take-over", lineage] = words[..] else { panic!("{words:?} in {said}") };
    let lineage = lineage.trim_end_matches([';', '.', ',']);
    world.provision(&["import", &format!("aws_db_instance.copy={id}"), "--take-over", lineage]).exits(0);
    // It stands in the groups of the other entry: the plan says how it stays there.
    let copy = ("data-loss".to_owned(), "aws_db_instance.copy".to_owned());
    assert_eq!(errors(&world.plan(&[])), [copy]);
    world.edit_stack("  copy:\n", "  copy:\n    subnet_group: { existing: records }\n");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.databases().len(), 2);
}
