//! The policies of file systems: those of the stack, and those of others.

use serde_json::json;

use super::policy;
use crate::lifecycle::planned;
use crate::world::World;

/// A policy of the author's own.
const STATEMENTS: &str = "    policy:
      Mount:
        effect: Allow
        principals: [\"*\"]
        actions: [elasticfilesystem:ClientMount, elasticfilesystem:ClientWrite]
        conditions: { Bool: { elasticfilesystem:AccessedViaMountTarget: [true] } }
";

fn put_policy(world: &World, policy: &serde_json::Value) {
    let id = world.cloud.file_system().file_system_id;
    let put = world.cloud.efs.put_file_system_policy().file_system_id(id).policy(policy.to_string());
    world.cloud.run(put.send()).expect("it can have a policy");
}

#[test]
fn a_policy_of_the_authors_own_goes_with_its_option_and_one_of_others_stays() {
    let world = World::small();
    let without = "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n";
    let with = format!("{without}{STATEMENTS}");
    world.write_stack(&with);
    world.apply(&[]);
    world.plans_nothing();
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    // Its protection is rebuilt as on.
    world.apply(&[]);
    world.plans_nothing();
    // The same, as AWS or others may write it.
    let shown = json!({ "Version": "2012-10-17", "Id": "by-hand", "Statement": {
        "Action": ["elasticfilesystem:ClientWrite", "elasticfilesystem:clientmount"], "Principal": "*", "Effect": "Allow",
        "Condition": { "Bool": { "elasticfilesystem:accessedviamounttarget": "true" } },
    } });
    put_policy(&world, &shown);
    world.plans_nothing();
    world.write_stack(without);
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, "aws_efs_file_system.files"), "update");
    world.apply(&[]);
    assert_eq!(policy(&world), None);
    world.plans_nothing();
    // One that others put in its place is theirs.
    world.write_stack(&with);
    world.apply(&[]);
    let mut others = shown;
    others["Statement"]["Action"] = "*".into();
    put_policy(&world, &others);
    world.write_stack(without);
    world.apply(&[]);
    assert!(policy(&world).is_some_and(|policy| policy.contains("by-hand")), "{:?}", policy(&world));
}

#[test]
fn a_policy_that_would_lock_the_author_out_is_refused_with_what_to_write() {
    let world = World::small();
    world.write_stack(
        "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n    policy:\n      Nobody:\n        effect: Deny\n        \
         principals: [\"*\"]\n        actions: [\"*\"]\n",
    );
    // Everybody is the author too, whoever that is.
    world.control.forget_calls();
    let read = world.provision(&["apply", "--auto-approve"]).exits(1);
    read.says(&["keeps everybody from changing the policy again", "elasticfilesystem:Client*"]);
    assert_eq!(world.control.calls().mutating(), 0);
    // Whose account it is, AWS knows.
    world.edit_stack("principals: [\"*\"]", &format!("principals: [\"{}\"]", world.account));
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "aws_efs_file_system.files",
        "InvalidPolicyException",
        "leaves elasticfilesystem:PutFileSystemPolicy to you",
    ]);
    assert_eq!(policy(&world), None);
}
