//! A lost state: what AWS has is enough to go on.

use serde_json::Value;

use crate::world::{NOTHING, SMALL_STACK, World};

fn resources(world: &World) -> Value {
    let text = std::fs::read_to_string(world.path("state/shop.json")).expect("there is a state");
    let state: Value = serde_json::from_str(&text).expect("a state is JSON");
    // The file is an envelope with a checksum around the state.
    let state = state.get("state").cloned().unwrap_or(state);
    state["resources"].clone()
}

#[test]
fn a_lost_state_is_put_together_again() {
    let world = World::applied();
    let before = resources(&world);
    world.lose_the_state();
    world.provision(&["plan"]).exits(1).says(&["provision state rebuild"]);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["provision state rebuild"]);
    world.lose_the_state();

    world.control.forget_calls();
    world.provision(&["state", "rebuild", "--no-input"]).exits(1).says(&["--auto-approve"]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0).says(&["14 resources found."]);
    // Tags alone, of all that has tags.
    let calls = world.control.calls();
    let tagging =
        ["ec2.CreateTags", "efs.TagResource", "rds.AddTagsToResource"].map(|operation| calls.of(operation));
    assert_eq!((tagging, calls.mutating()), ([2, 1, 2], 5));
    // AWS does not show these protections: they are recorded as on, and an applied change turns them off again.
    world.provision(&["destroy", "--auto-approve"]).exits(1).says(&["its deletion protection is on"]);
    world.apply(&[]);
    assert_eq!(world.control.calls().mutating(), 5);
    assert_eq!(resources(&world), before);
    world.plans_nothing();
    world
        .provision(&["state", "rebuild"])
        .exits(0)
        .says(&["Nothing was found that is not recorded already."]);

    world.provision(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn at_a_terminal_apply_offers_to_put_a_lost_state_together() {
    let world = World::applied();
    let before = resources(&world);
    world.edit_stack("team: one", "team: two");
    world.lose_the_state();
    world.control.forget_calls();
    let refused = world.at_a_terminal(&["apply"], "no\n").exits(1).says(&["does not know", "cancelled"]);
    assert!(!refused.said().contains("Apply complete"), "{}", refused.said());
    assert_eq!(world.control.calls().mutating(), 0);
    world
        .at_a_terminal(&["apply"], "yes\nyes\n")
        .exits(0)
        .says(&["14 resources found.", "record what was found?"]);
    assert_eq!(world.cloud.count(), SMALL_STACK, "nothing was made twice");
    assert_eq!(resources(&world)["aws_vpc.network"], before["aws_vpc.network"]);
    world.plans_nothing();
}

#[test]
fn what_was_replaced_is_found_as_the_replacement_that_it_is() {
    let world = World::applied();
    world.apply(&["--replace", "aws_efs_file_system.files"]);
    let before = resources(&world)["aws_efs_file_system.files"].clone();
    assert_eq!(before["generation"], 1);
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    assert_eq!(resources(&world)["aws_efs_file_system.files"], before);
    world.plans_nothing();
    world.apply(&["--replace", "aws_efs_file_system.files"]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
}

#[test]
fn a_rebuild_takes_only_what_is_missing_and_what_is_ours() {
    let world = World::applied();
    let before = resources(&world);
    let target = "aws_efs_mount_target.files/eu-west-1a";
    world.provision(&["state", "forget", target, "--auto-approve"]).exits(0);
    let group = world.cloud.group("shop-records");
    // Either of the two would prove whose it is.
    for key in ["provision:stack", "provision:lineage"] {
        let tag = aws_sdk_ec2::types::Tag::builder().key(key).build();
        let call = world.cloud.ec2.delete_tags().resources(group.group_id().expect("an id")).tags(tag).send();
        world.cloud.run(call).expect("a tag can be taken off");
    }
    world.provision(&["state", "forget", "aws_security_group.records", "--auto-approve"]).exits(0);

    let rebuilt = world.provision(&["state", "rebuild", "--auto-approve", "--json"]).exits(0).json();
    assert_eq!(rebuilt["recorded"], serde_json::json!([target]));
    assert_eq!(rebuilt["foreign"], serde_json::json!(["aws_security_group.records"]));
    assert_eq!(resources(&world)[target], before[target]);
}

#[test]
fn what_was_never_made_is_told() {
    let world = World::small();
    let rebuilt = world.provision(&["state", "rebuild", "--auto-approve", "--json"]).exits(0).json();
    assert_eq!(rebuilt["recorded"].as_array().map(Vec::len), Some(6), "the cluster's own network");
    assert_eq!(rebuilt["absent"].as_array().map(Vec::len), Some(8));
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_destroy_without_its_state_says_what_is_there_and_what_to_type() {
    let world = World::applied();
    world.lose_the_state();
    for command in [&["destroy", "--auto-approve"][..], &["plan", "--destroy"]] {
        world.provision(command).exits(1).says(&[
            "aws_db_instance.records",
            "the state does not know it",
            "provision state rebuild",
        ]);
    }
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    // A rebuild records protections that AWS does not show as on: the file's word takes an apply.
    world.apply(&[]);
    world.destroy();
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["destroy", "--auto-approve"]).exits(0).says(&["There is nothing to destroy"]);
}
