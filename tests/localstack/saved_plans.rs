//! Saved plans: carried out exactly, or refused with nothing changed.

use std::path::Path;

use crate::world::{Ran, SMALL_STACK, World};

const PLAN: &str = "review.json";

fn saved(world: &World) {
    world.provision(&["plan", "--out", PLAN]).exits(0).says(&["Digest"]);
}

/// Holds that the plan is refused, and that nothing is changed.
#[track_caller]
fn is_stale(world: &World, words: &[&str]) {
    world.control.forget_calls();
    apply(world).exits(3).says(words);
    assert_eq!(world.control.calls().mutating(), 0);
}

fn apply(world: &World) -> Ran {
    world.provision(&["apply", PLAN, "--auto-approve"])
}

fn digest(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("the plan was saved");
    let plan: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    plan["digest"].as_str().expect("it has a digest").to_owned()
}

#[test]
fn a_saved_plan_is_carried_out_once() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::small();
    saved(&world);
    let mode = std::fs::metadata(world.path(PLAN)).expect("the plan was saved").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    apply(&world).exits(0);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    world.plans_nothing();
    is_stale(&world, &["stale", "state"]);
}

#[test]
fn a_saved_plan_is_stale_when_what_it_was_made_from_has_changed() {
    let mut world = World::applied();
    world.edit_stack("allocated_storage: 50", "allocated_storage: 60");
    saved(&world);

    // The stack.
    world.edit_stack("allocated_storage: 60", "allocated_storage: 70");
    is_stale(&world, &["stale", "the stack's declarations"]);
    world.edit_stack("allocated_storage: 70", "allocated_storage: 60");

    // AWS.
    let group = world.cloud.group("shop-files");
    let id = group.group_id().expect("a group has an id");
    let rule = aws_sdk_ec2::types::IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(22)
        .to_port(22)
        .ip_ranges(aws_sdk_ec2::types::IpRange::builder().cidr_ip("10.0.0.0/8").build())
        .build();
    let ec2 = &world.cloud.ec2;
    let opened = ec2.authorize_security_group_ingress().group_id(id).ip_permissions(rule.clone()).send();
    world.cloud.run(opened).expect("a rule can be added");
    is_stale(&world, &["stale", "aws_security_group.files in AWS"]);
    let closed = world.cloud.ec2.revoke_security_group_ingress().group_id(id).ip_permissions(rule).send();
    world.cloud.run(closed).expect("a rule can be taken away");

    // A plan that someone edited.
    let path = world.path(PLAN);
    let text = std::fs::read_to_string(&path).expect("the plan was saved");
    assert!(text.contains("60"));
    std::fs::write(&path, text.replace("60", "61")).expect("the plan can be written");
    world.control.forget_calls();
    let refused = apply(&world);
    assert!([1, 3].contains(&refused.code), "{refused:?}");
    assert_eq!(world.control.calls().mutating(), 0);
    std::fs::write(&path, &text).expect("the plan can be written");

    // Another account.
    let other = World::seeded(&[]);
    let own = world.account.clone();
    world.set("AWS_ACCESS_KEY_ID", &other.account);
    let refused = apply(&world);
    assert!([1, 3].contains(&refused.code), "{refused:?}");
    assert_eq!(other.control.calls().mutating(), 0);
    world.set("AWS_ACCESS_KEY_ID", &own);
    std::fs::rename(world.path("state"), world.path("elsewhere")).expect("the state can be moved");
    world.set("AWS_ACCESS_KEY_ID", &other.account);
    apply(&world).exits(3).says(&["was made from", &own, &other.account]);
    assert_eq!(other.control.calls().mutating(), 0);
    let _ = std::fs::remove_dir_all(world.path("state"));
    std::fs::rename(world.path("elsewhere"), world.path("state")).expect("the state can be moved");
    world.set("AWS_ACCESS_KEY_ID", &own);

    // Everything is as it was, so that the plan holds; and then the state has changed.
    apply(&world).exits(0);
    assert_eq!(world.cloud.count(), SMALL_STACK);
    is_stale(&world, &["stale", "the state's serial"]);
}

#[test]
fn an_expected_digest_is_the_same_commitment_without_a_file() {
    let world = World::small();
    saved(&world);
    let digest = digest(&world.path(PLAN));
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve", "--expect", "0123456789ab"]).exits(3).says(&[&digest[..12]]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.apply(&["--expect", &digest[..12]]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
}
