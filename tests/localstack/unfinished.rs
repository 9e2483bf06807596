//! Runs that stopped half-way, whose stack file is edited before they are gone on with; and states of other versions.

use provision::engine::state::State;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{SMALL_STACK, World, ended, eventually};

const GROUP: &str = "aws_security_group.files";
const MODIFY: &str = "efs.ModifyMountTargetSecurityGroups";

fn group_id(world: &World, name: &str) -> String {
    world.cloud.group(name).group_id().expect("a group has an id").to_owned()
}

fn change<'a>(plan: &'a Value, address: &str) -> &'a Value {
    let changes = plan["changes"].as_array().expect("a plan has changes");
    changes.iter().find(|change| change["address"] == address).expect("it is planned")
}

/// The group of the file system is made anew, and the mount targets could not be moved to it.
fn half_replaced() -> (World, String, String) {
    let world = World::applied();
    world.edit_stack("security_group: shop-files", "security_group: shop-files-2");
    for _ in 0..3 {
        world.control.refuse(MODIFY, "AccessDeniedException", 403, "not today");
    }
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["not today"]);
    assert_eq!(world.control.faults_left(), 0);
    let (old, new) = (group_id(&world, "shop-files"), group_id(&world, "shop-files-2"));
    (world, old, new)
}

#[test]
fn a_replacement_whose_edit_is_taken_back_ends_as_its_saved_plan_says() {
    let (world, old, new) = half_replaced();
    world.edit_stack("security_group: shop-files-2", "security_group: shop-files");
    let plan = world.plan(&[]);
    let planned = change(&plan, GROUP);
    assert_eq!(planned["keeps"], json!(old), "{planned:#}");
    assert_eq!(planned["goes"], json!([{ "id": new, "turn": "after" }]), "{planned:#}");
    world.provision(&["plan", "--out", "back.json"]).exits(0).says(&[&old, &new, "stays"]);
    world.control.forget_calls();
    world.provision(&["apply", "back.json", "--auto-approve"]).exits(0);
    assert_eq!(world.control.calls().of("ec2.CreateSecurityGroup"), 0);
    assert_eq!(world.control.calls().of("ec2.DeleteSecurityGroup"), 1);
    assert_eq!(group_id(&world, "shop-files"), old);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn a_half_made_replacement_that_was_deleted_by_hand_is_made_again_without_waiting() {
    let (world, _, new) = half_replaced();
    let deleted = world.cloud.ec2.delete_security_group().group_id(&new).send();
    world.cloud.run(deleted).expect("nothing uses it");
    world.apply(&[]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
}

#[test]
fn what_is_edited_while_the_database_is_being_created_is_shown_and_done() {
    let world = World::small();
    world.control.settings(json!({ "db_creating": 3600 }));
    let mut run = world.start(&["apply", "--auto-approve"]);
    eventually("the database is recorded", || {
        world.provision(&["state", "show", "aws_db_instance.records", "--json"]).out.contains("\"db-")
    });
    run.kill().expect("the run can be killed");
    ended(run);
    let database = world.cloud.database_id();
    world.edit_stack("allocated_storage: 50", "allocated_storage: 50\n    backup_retention_period: 7");
    let plan = world.plan(&[]);
    let planned = change(&plan, "aws_db_instance.records");
    assert_eq!(planned["action"], "create");
    let fields = planned["fields"].as_array().expect("it has fields");
    let paths: Vec<&str> = fields.iter().filter_map(|field| field["path"].as_str()).collect();
    assert_eq!(paths, ["backup_retention_period"], "{planned:#}");
    assert_eq!((&fields[0]["before"], &fields[0]["after"]), (&json!(30), &json!(7)));
    world.control.settings(json!({}));
    world.apply(&[]);
    assert_eq!((world.cloud.database_id(), world.cloud.count()), (database, SMALL_STACK));
    assert_eq!(world.cloud.database().backup_retention_period(), Some(7));
    world.plans_nothing();
}

/// Changes the state's file as a program that knows how to seal it would.
fn rewritten(world: &World, change: impl FnOnce(&mut Value)) {
    let path = world.path("state/shop.json");
    let text = std::fs::read_to_string(&path).expect("there is a state");
    let mut state: Value = serde_json::from_str(&text).expect("it is JSON");
    change(&mut state);
    state.as_object_mut().expect("an object").remove("checksum");
    let digest = Sha256::digest(state.to_string());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    state["checksum"] = json!(format!("sha256:{digits}"));
    let text = serde_json::to_string_pretty(&state).expect("it is JSON");
    std::fs::write(path, text).expect("the folder can be written");
}

#[test]
fn a_state_of_the_first_format_is_planned_from_applied_and_written_anew() {
    let world = World::applied();
    rewritten(&world, |state| {
        (state["version"], state["format_version"]) = (json!(1), json!("1.0"));
        let facts = state.as_object_mut().and_then(|state| state.remove("facts")).expect("it has facts");
        state["cluster"] = facts["network"].clone();
        for record in state["resources"].as_object_mut().expect("records").values_mut() {
            record.as_object_mut().expect("a record").remove("kind_version");
        }
    });
    world.plans_nothing();
    world.edit_stack("allocated_storage: 50", "allocated_storage: 60");
    world.apply(&[]);
    world.plans_nothing();
    let state = std::fs::read_to_string(world.path("state/shop.json")).expect("there is a state");
    let state: Value = serde_json::from_str(&state).expect("it is JSON");
    assert_eq!(
        (&state["version"], &state["format_version"]),
        (&json!(State::VERSION), &json!(format!("{}.0", State::VERSION)))
    );
    assert_eq!(state["facts"]["network"]["name"], "k8s.myzone.net");
    assert_eq!(state["resources"]["aws_db_instance.records"]["kind_version"], 1);
}

#[test]
fn what_a_newer_version_recorded_is_refused_and_stays_recorded() {
    let world = World::applied();
    rewritten(&world, |state| {
        let mut cache = state["resources"][GROUP].clone();
        cache["id"] = json!("shop-cache");
        state["resources"]["aws_elasticache_replication_group.cache"] = cache;
    });
    let before = std::fs::read(world.path("state/shop.json")).expect("there is a state");
    world.control.forget_calls();
    for command in
        [&["plan"][..], &["apply", "--yes"], &["destroy", "--yes"], &["apply", "--refresh-only", "--yes"]]
    {
        world.provision(command).says(&[
            "a newer version of provision recorded it",
            "aws_elasticache_replication_group.cache",
            "update provision",
        ]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(std::fs::read(world.path("state/shop.json")).expect("there is a state"), before);
    world.provision(&["state", "list"]).exits(0).says(&["aws_elasticache_replication_group.cache"]);
    let newer = State::VERSION + 1;
    rewritten(&world, |state| state["version"] = json!(newer));
    world
        .provision(&["plan"])
        .exits(1)
        .says(&[&format!("written by a newer version of provision (format {newer})"), "update provision"]);
}
