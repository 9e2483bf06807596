//! Renamed in the stack file: one command, the same objects, and nothing replaced.

use serde_json::json;

use crate::world::{SMALL_STACK, World};

/// The ids that the state records, sorted.
fn ids(world: &World) -> Vec<String> {
    let addresses = world.provision(&["state", "list", "--json"]).exits(0).json();
    let addresses = addresses["addresses"].as_array().expect("a list").clone();
    let mut ids: Vec<String> = addresses
        .iter()
        .map(|address| {
            let record = world.record(address.as_str().expect("an address"));
            record["id"].as_str().expect("everything is made").to_owned()
        })
        .collect();
    ids.sort();
    ids
}

/// The changes of a plan, without what it leaves as it is.
fn planned(world: &World) -> Vec<String> {
    let plan = world.plan(&[]);
    assert_eq!(
        plan["preflight"].as_array().map(|all| all.iter().filter(|one| one["level"] == "error").count()),
        Some(0)
    );
    let changes = plan["changes"].as_array().expect("a list");
    let doing = changes.iter().filter(|change| change["action"] != "no-op");
    doing
        .map(|change| format!("{} {}", change["action"].as_str().unwrap_or_default(), change["address"]))
        .collect()
}

#[test]
fn a_renamed_key_is_offered_moved_in_one_step_and_nothing_is_replaced() {
    let world = World::small();
    world.edit_stack("  records:\n", "  records:\n    apply_immediately: true\n");
    world.apply(&[]);
    let before = ids(&world);
    world.edit_stack("  records:\n", "  main-db:\n");
    world.provision(&["plan"]).exits(1).says(&["provision state move records main-db"]);
    world
        .provision(&["state", "move", "records", "main-db", "--no-input"])
        .exits(1)
        .says(&["aws_db_instance.records -> aws_db_instance.main-db", "--auto-approve"]);
    let moved =
        world.provision(&["state", "move", "records", "main-db", "--auto-approve", "--json"]).exits(0).json();
    assert_eq!(moved["change"], "moved");
    assert_eq!(moved["moves"].as_array().map(Vec::len), Some(3), "{moved}");
    for change in planned(&world) {
        assert!(change.starts_with("update "), "{change}");
    }
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(ids(&world), before);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    let database = world.record("aws_db_instance.main-db");
    assert_eq!(database["outputs"]["identifier"], "main-db", "renamed in place");
    let group = world.record("aws_security_group.main-db");
    assert_eq!(group["inputs"]["name"], "shop-records", "AWS cannot rename it");
    world
        .provision(&["state", "move", "records", "other", "--auto-approve"])
        .exits(1)
        .says(&["nothing of the name records", "provision state list"]);
    world.destroy();
}

#[test]
fn a_renamed_file_system_keeps_its_data_and_its_targets() {
    let world = World::applied();
    let before = ids(&world);
    world.edit_stack("  files:\n", "  media:\n");
    world.provision(&["plan"]).exits(1).says(&["provision state move files media"]);
    world.provision(&["state", "move", "files", "media", "--auto-approve"]).exits(0);
    for change in planned(&world) {
        assert!(change.starts_with("update "), "{change}");
    }
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(ids(&world), before);
}

#[test]
fn a_renamed_stack_keeps_its_objects_its_lineage_and_its_state() {
    let world = World::applied();
    let before = ids(&world);
    let lineage = world.plan(&[])["state"]["lineage"].clone();
    world.edit_stack("stack: shop", "stack: store");
    world
        .provision(&["state", "move", "stack.shop", "stack.store", "--auto-approve"])
        .exits(0)
        .says(&["The stack shop is now store", "provision plan"]);
    assert!(!world.path("state/shop.json").exists() && world.path("state/store.json").exists());
    let plan = world.plan(&[]);
    assert_eq!(plan["state"]["lineage"], lineage);
    for change in planned(&world) {
        assert!(change.starts_with("update "), "{change}");
    }
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(ids(&world), before);
    world
        .provision(&["state", "move", "stack.shop", "stack.store", "--auto-approve"])
        .exits(0)
        .says(&["The stack is named store already"]);
}

#[test]
fn a_copy_of_the_state_from_before_the_stack_was_renamed_changes_nothing_of_it() {
    let world = World::applied();
    let copy = std::fs::read(world.path("state/shop.json")).expect("the state can be read");
    world.provision(&["state", "move", "stack.shop", "stack.store", "--auto-approve"]).exits(0);
    world.edit_stack("stack: shop", "stack: store");
    world.apply(&[]);
    world.plans_nothing();
    let group = world.record("aws_db_subnet_group.records");
    let tags = world.cloud.rds_tags(group["outputs"]["arn"].as_str().expect("it has an ARN"));
    assert_eq!(tags["provision:stack"], "store", "RDS shows them to no refresh");

    world.edit_stack("stack: store", "stack: shop");
    std::fs::write(world.path("state/shop.json"), copy).expect("the state can be written");
    world.control.forget_calls();
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["destroy", "--auto-approve"]] {
        world.provision(command).exits(1).says(&["belongs to the stack store"]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.cloud.count(), SMALL_STACK);
}

#[test]
fn a_name_that_is_forgotten_stays_in_aws_with_everything_that_serves_it() {
    let world = World::applied();
    let text = std::fs::read_to_string(world.path("provision.yaml")).expect("it can be read");
    let (before, rest) = text.split_once("file_systems:\n").expect("it has file systems");
    let (_, databases) = rest.split_once("databases:\n").expect("it has databases");
    world.write_stack(&format!("{before}databases:\n{databases}"));
    world.provision(&["plan"]).exits(1).says(&["to keep it in AWS", "provision state forget files"]);
    world.provision(&["state", "forget", "files", "--auto-approve"]).exits(0).says(&["5 records"]);
    world.plans_nothing();
    assert_eq!(world.cloud.count(), SMALL_STACK);
    // Of an address, the parts go along.
    world.write_stack(&text);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    let forgotten = ["state", "forget", "aws_efs_file_system.files", "--auto-approve", "--json"];
    let forgotten = world.provision(&forgotten).exits(0).json();
    assert_eq!(forgotten["addresses"].as_array().map(Vec::len), Some(4), "{forgotten}");
}

#[test]
fn a_stack_that_was_renamed_in_its_state_alone_is_named_by_every_command() {
    let world = World::applied();
    world.provision(&["state", "move", "stack.shop", "stack.store", "--auto-approve"]).exits(0);
    let words = ["write `stack: store` into the stack file", "provision state move stack.store stack.shop"];
    for command in [
        &["plan"][..],
        &["apply", "--auto-approve"],
        &["destroy", "--auto-approve"],
        &["state", "list"],
        &["output"],
        &["state", "rebuild", "--auto-approve"],
        &["import", "aws_db_instance.records=records"],
        &["plan", "--state", "state/store.json"],
    ] {
        let ran = world.provision(command).exits(1).says(&words);
        assert!(!ran.said().contains("provision state rebuild"), "nothing is lost: {command:?}");
    }
    assert!(!world.path("state/shop.json").exists(), "no state of the old name is begun beside it");
    world.provision(&["state", "move", "stack.store", "stack.shop", "--auto-approve"]).exits(0);
    // RDS shows a refresh no tags: that they are written once more says nothing of what is there.
    world.provision(&["plan"]).exits(0).says(&["\"ownership tags\": (not shown by AWS) → "]);
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn buckets_whose_keys_were_exchanged_are_found_again_by_their_names() {
    let world = World::seeded(&[]);
    let name = |of: &str| format!("keys-{}-{of}", world.account);
    let stack = |x: &str, y: &str| {
        format!(
            "stack: shop\nbuckets:\n  x: {{ {x}deletion_protection: false }}\n  y: {{ {y}deletion_protection: false }}\n"
        )
    };
    let called = |of: &str| format!("bucket: {}, ", name(of));
    world.write_stack(&stack(&called("x"), &called("y")));
    world.apply(&[]);
    for (from, to) in [("x", "other"), ("y", "x"), ("other", "y")] {
        world.provision(&["state", "move", from, to, "--auto-approve"]).exits(0);
    }
    world.write_stack(&stack(&called("y"), &called("x")));
    world.apply(&[]);
    world.plans_nothing();
    // The state is lost, and the file says the old names again.
    std::fs::remove_dir_all(world.path("state")).expect("the state can be removed");
    world.write_stack(&stack(&called("x"), &called("y")));
    let said = world.provision(&["state", "rebuild", "--auto-approve"]).exits(1).said();
    assert!(!said.contains("provision import"), "it would take the wrong one: {said}");
    let lines = format!(
        "write `bucket: {}` for `x` and `bucket: {}` for `y` into it, all at once",
        name("y"),
        name("x")
    );
    world.provision(&["plan"]).exits(1).says(&[&lines, "provision state rebuild"]);
    world.write_stack(&stack(&called("y"), &called("x")));
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.record("aws_s3_bucket.x")["id"], name("y").as_str());
}

#[test]
fn a_stack_whose_keys_are_renamed_with_it_makes_no_second_set_of_data() {
    let world = World::applied();
    world.edit_stack("stack: shop", "stack: store");
    world.edit_stack("  files:\n", "  nas:\n");
    world.edit_stack("  records:\n", "  main:\n");
    world.control.forget_calls();
    world
        .provision(&["plan"])
        .exits(1)
        .says(&["provision state move stack.shop stack.store", "new and empty"]);
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(world.control.calls().mutating(), 0);
    // As the hints say, one after the other.
    world.provision(&["state", "move", "stack.shop", "stack.store", "--auto-approve"]).exits(0);
    world
        .provision(&["plan"])
        .exits(1)
        .says(&["provision state move files nas", "provision state move records main"]);
    for (from, to) in [("files", "nas"), ("records", "main")] {
        world.provision(&["state", "move", from, to, "--auto-approve"]).exits(0);
    }
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!((world.cloud.file_systems().len(), world.cloud.databases().len()), (1, 1));
}

#[test]
fn a_group_whose_key_was_renamed_is_offered_to_be_moved() {
    let world = World::seeded(&[]);
    world.write_stack("stack: shop\nsecurity_groups:\n  door:\n    name: front\n    ingress: [{ role: nodes, protocol: tcp, port: 443 }]\n");
    world.apply(&[]);
    world.edit_stack("  door:", "  gate:");
    world.provision(&["plan"]).says(&["if it was renamed: provision state move door gate"]);
    world.provision(&["state", "move", "door", "gate", "--auto-approve"]).exits(0);
    let plan = world.plan(&[]);
    assert_eq!((&plan["summary"]["create"], &plan["summary"]["delete"]), (&json!(0), &json!(0)));
}
