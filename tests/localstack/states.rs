//! The state: bound to its stack, account and region, and mended by hand.

use crate::world::{SMALL_STACK, World, ended};

#[test]
fn a_state_of_another_region_account_or_stack_is_refused() {
    let mut world = World::applied();
    world.control.forget_calls();
    let commands = [&["plan"][..], &["apply", "--auto-approve"], &["destroy", "--auto-approve"]];
    for command in commands {
        let elsewhere = [command, &["--region", "eu-west-2"]].concat();
        world.provision(&elsewhere).exits(1).says(&["eu-west-1", "eu-west-2", "--region eu-west-1"]);
    }
    world.edit_stack("stack: shop", "stack: store");
    for command in commands {
        let other = [command, &["--state", "state/shop.json"]].concat();
        world.provision(&other).exits(1).says(&["the stack shop, not of store"]);
    }
    world.edit_stack("stack: store", "stack: shop");
    assert_eq!(world.control.calls().mutating(), 0);

    let other = World::seeded(&[]);
    let own = world.account.clone();
    world.set("AWS_ACCESS_KEY_ID", &other.account);
    for command in commands {
        world.provision(command).exits(1).says(&[&own, &other.account]);
    }
    assert_eq!(other.control.calls().mutating(), 0);
    world.set("AWS_ACCESS_KEY_ID", &own);
    world.plans_nothing();
}

#[test]
fn the_state_is_looked_at_and_mended() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::empty();
    world.write_stack(crate::world::SMALL);
    world.provision(&["state", "list"]).exits(1).says(&["there is no state"]);
    let world = World::applied();
    let listed = world.provision(&["state", "list"]).exits(0).out;
    let expected = "\
aws_db_instance.records
aws_db_subnet_group.records
aws_efs_file_system.files
aws_efs_mount_target.files/eu-west-1a
aws_efs_mount_target.files/eu-west-1b
aws_efs_mount_target.files/eu-west-1c
aws_security_group.files
aws_security_group.masters
aws_security_group.nodes
aws_security_group.records
aws_subnet.eu-west-1a
aws_subnet.eu-west-1b
aws_subnet.eu-west-1c
aws_vpc.network
";
    assert_eq!(listed, expected);
    let mode = std::fs::metadata(world.path("state/shop.json")).expect("a state").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!world.path("state/shop.json.journal").exists(), "the journal is folded in at the end");

    let target = "aws_efs_mount_target.files/eu-west-1a";
    let record = world.record(target);
    assert_eq!((&record["phase"], &record["watched"]), (&"ready".into(), &false.into()));
    assert_eq!(record["inputs"]["file_system_id"], world.cloud.file_system().file_system_id());
    world.provision(&["state", "show", target]).exits(0).says(&["fsmt-", "eu-west-1a"]);
    world.provision(&["state", "show", "aws_vpc.other"]).exits(1).says(&["aws_vpc.other"]);

    world.control.forget_calls();
    world.provision(&["state", "forget", target]).exits(1).says(&["--auto-approve"]);
    world.provision(&["state", "list"]).exits(0).says(&[target]);
    let aside = "aws_efs_mount_target.aside/eu-west-1a";
    world.provision(&["state", "move", target, aside, "--auto-approve"]).exits(0);
    world.provision(&["plan", "--detailed-exitcode"]).exits(1).says(&["state move"]);
    world.provision(&["state", "move", aside, "aws_vpc.network", "--auto-approve"]).exits(1);
    world.provision(&["state", "move", aside, target, "--auto-approve"]).exits(0);
    world.plans_nothing();
    assert_eq!(world.record(target), record);
    world.provision(&["state", "unlock", "no-such-lock", "--auto-approve"]);
    world.provision(&["state", "forget", target, "--auto-approve"]).exits(0);
    assert!(!world.provision(&["state", "list"]).exits(0).out.contains(target));
    assert_eq!(world.control.calls().mutating(), 0, "the state alone was changed");
    assert_eq!(world.cloud.count(), SMALL_STACK);
}

#[test]
fn a_stack_file_that_is_named_from_another_folder_has_its_state_beside_it() {
    let world = World::applied();
    let elsewhere = world.path("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a folder can be made");
    let there = |arguments: &[&str]| {
        let named = [arguments, &["-c", "../provision.yaml"]].concat();
        let run = world.command(&named).current_dir(&elsewhere).spawn().expect("the binary can be run");
        ended(run)
    };
    there(&["plan", "--detailed-exitcode"]).exits(0);
    there(&["state", "list"]).exits(0).says(&["aws_db_instance.records"]);
    // A state in the current folder too is one too many.
    std::fs::create_dir(elsewhere.join("state")).expect("a folder can be made");
    std::fs::copy(world.path("state/shop.json"), elsewhere.join("state/shop.json")).expect("a copy");
    there(&["plan"]).exits(1).says(&["two states", "--state ../state/shop.json"]);
    there(&["plan", "--detailed-exitcode", "--state", "../state/shop.json"]).exits(0);
}
