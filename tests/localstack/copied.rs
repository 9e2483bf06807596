//! Ownership tags that were copied or exchanged by hand: what else an object shows tells it, and nothing is made in its place.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::World;

const STACK: &str = "stack: shop
file_systems:
  files:
    deletion_protection: false
    access_points: { web: { uid: 33 } }
  docs:
    deletion_protection: false
    access_points: { web: { uid: 33 } }
databases:
  records:
    deletion_protection: false
    final_snapshot: false
  ledger:
    deletion_protection: false
    final_snapshot: false
";
const FILES: &str = "aws_efs_file_system.files";
const DOCS: &str = "aws_efs_file_system.docs";
const RECORDS: &str = "aws_db_instance.records";
const LEDGER: &str = "aws_db_instance.ledger";

type Tags = BTreeMap<String, String>;

fn applied() -> World {
    let world = World::seeded(&[]);
    world.write_stack(STACK);
    world.apply(&[]);
    world
}

fn id(world: &World, at: &str) -> String {
    world.record(at)["id"].as_str().expect("an id").to_owned()
}

fn tags_of_files(world: &World, id: &str) -> Tags {
    let call = world.cloud.efs.list_tags_for_resource().resource_id(id);
    let tags = world.cloud.run(call.send()).expect("tags can be read").tags.unwrap_or_default();
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

fn tag_files(world: &World, id: &str, tags: &Tags) {
    let tag = |(key, value): (&String, &String)| {
        aws_sdk_efs::types::Tag::builder().key(key).value(value).build().expect("a whole tag")
    };
    let call = world.cloud.efs.tag_resource().resource_id(id).set_tags(Some(tags.iter().map(tag).collect()));
    world.cloud.run(call.send()).expect("tags can be put on");
}

/// The ARN and the tags of a database.
fn tags_of_database(world: &World, id: &str) -> (String, Tags) {
    let all = world.cloud.databases();
    let one = all.iter().find(|one| one.dbi_resource_id() == Some(id)).expect("it is there");
    let arn = one.db_instance_arn().expect("an ARN").to_owned();
    let tags = world.cloud.rds_tags(&arn);
    (arn, tags)
}

fn tag_database(world: &World, arn: &str, tags: &Tags) {
    let tag =
        |(key, value): (&String, &String)| aws_sdk_rds::types::Tag::builder().key(key).value(value).build();
    let call = world.cloud.rds.add_tags_to_resource().resource_name(arn);
    let call = call.set_tags(Some(tags.iter().map(tag).collect()));
    world.cloud.run(call.send()).expect("tags can be put on");
}

fn counts(world: &World) -> (usize, usize, usize) {
    let cloud = &world.cloud;
    (cloud.file_systems().len(), cloud.databases().len(), cloud.access_points().len())
}

fn created(plan: &Value) -> u64 {
    plan["summary"]["create"].as_u64().expect("a count")
}

#[test]
fn the_tags_of_another_one_hide_no_file_system_and_none_is_made_beside_it() {
    for is_lost in [false, true] {
        let world = applied();
        let (files, docs) = (id(&world, FILES), id(&world, DOCS));
        tag_files(&world, &files, &tags_of_files(&world, &docs));
        if is_lost {
            world.lose_the_state();
            let said = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).said();
            assert!(said.contains(&format!("provision import {FILES}={files}")), "{said}");
            assert_eq!(id(&world, DOCS), docs, "nothing contradicts its own tags");
        } else {
            world.provision(&["state", "forget", FILES, "--auto-approve"]).exits(0);
        }
        let take = format!("provision import {FILES}={files}");
        world.provision(&["plan"]).exits(1).says(&[
            &files,
            "its tags name",
            "as the tags of what uses it say",
            &take,
        ]);
        world.provision(&["apply", "--auto-approve"]).exits(1);
        assert_eq!(counts(&world), (2, 2, 2));
        // As the hint says.
        let said = world.provision(&["plan"]).said();
        let words = said.split_whitespace().skip_while(|word| *word != "import").skip(1);
        let arguments: Vec<&str> = words.take(3).map(|word| word.trim_end_matches([',', ';'])).collect();
        let until = if arguments.get(1) == Some(&"--take-over") { 3 } else { 1 };
        world.provision(&[&["import"], &arguments[..until]].concat()).exits(0);
        world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
        world.apply(&[]);
        world.plans_nothing();
        assert_eq!((id(&world, FILES), id(&world, DOCS), counts(&world)), (files, docs, (2, 2, 2)));
    }
}

#[test]
fn of_objects_whose_tags_were_exchanged_none_is_recorded_in_the_place_of_the_other() {
    let world = applied();
    let (files, docs) = (id(&world, FILES), id(&world, DOCS));
    let (of_files, of_docs) = (tags_of_files(&world, &files), tags_of_files(&world, &docs));
    tag_files(&world, &files, &of_docs);
    tag_files(&world, &docs, &of_files);
    let (records, ledger) = (id(&world, RECORDS), id(&world, LEDGER));
    let (of_records, of_ledger) = (tags_of_database(&world, &records), tags_of_database(&world, &ledger));
    tag_database(&world, &of_records.0, &of_ledger.1);
    tag_database(&world, &of_ledger.0, &of_records.1);
    world.lose_the_state();
    let said = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).said();
    for (at, one, other) in [
        (FILES, &files, &docs),
        (DOCS, &docs, &files),
        (RECORDS, &records, &ledger),
        (LEDGER, &ledger, &records),
    ] {
        for id in [one, other] {
            assert!(said.contains(&format!("provision import {at}={id}")), "{at}={id}: {said}");
        }
    }
    let recorded = world.provision(&["state", "list"]).exits(0).said();
    assert!(![FILES, DOCS, RECORDS, LEDGER].iter().any(|at| recorded.contains(at)), "{recorded}");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(counts(&world), (2, 2, 2));
    let lineage = of_files["provision:lineage"].clone();
    for (at, id) in [(FILES, &files), (DOCS, &docs), (RECORDS, &records), (LEDGER, &ledger)] {
        world.provision(&["import", &format!("{at}={id}"), "--take-over", &lineage]).exits(0);
    }
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!((id(&world, FILES), id(&world, RECORDS), counts(&world)), (files, records, (2, 2, 2)));
}

#[test]
fn what_was_moved_to_another_address_is_put_together_again_by_its_tags_whatever_its_token_says() {
    let world = applied();
    let (files, docs) = (id(&world, FILES), id(&world, DOCS));
    for (from, to) in [("files", "aside"), ("docs", "files"), ("aside", "docs")] {
        world.provision(&["state", "move", from, to, "--auto-approve"]).exits(0);
    }
    world.apply(&[]);
    world.plans_nothing();
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    assert_eq!((id(&world, FILES), id(&world, DOCS)), (docs, files));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(counts(&world), (2, 2, 2));
}

#[test]
fn an_access_point_with_the_tags_of_another_one_is_told_by_its_token() {
    let world = applied();
    let [point, other] =
        ["files", "docs"].map(|name| id(&world, &format!("aws_efs_access_point.{name}/web")));
    tag_files(&world, &point, &tags_of_files(&world, &other));
    world.provision(&["state", "forget", "aws_efs_access_point.files/web", "--auto-approve"]).exits(0);
    let take = format!("provision import aws_efs_access_point.files/web={point}");
    let plan = world.plan(&[]);
    assert_eq!(created(&plan), 1, "{}", json!(plan["summary"]));
    world.provision(&["plan"]).exits(1).says(&["as its token says", &take]);
    world.provision(&["import", &format!("aws_efs_access_point.files/web={point}")]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(counts(&world), (2, 2, 2));
}
