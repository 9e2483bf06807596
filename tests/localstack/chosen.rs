//! A network of which only a part is chosen, before something stands in it and after.

use crate::world::World;

const FILES: &str = "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n";

/// A world with a file system to make, its VPC, and the subnet of one zone.
fn world() -> (World, String, String) {
    let world = World::seeded(&[]);
    world.write_stack(FILES);
    let vpc = world.seed["vpc_id"].as_str().expect("the seed names its VPC").to_owned();
    world.provision(&["import", &vpc]).exits(0);
    let subnet = world.record("aws_subnet.eu-west-1b")["id"].as_str().expect("a subnet has an id").to_owned();
    (world, vpc, subnet)
}

#[test]
fn a_zone_that_nothing_stands_in_is_given_up_by_an_import_without_it() {
    let (world, vpc, subnet) = world();
    world.provision(&["import", &vpc, "--subnet-id", &subnet]).exits(0).says(&[
        "Forgot aws_subnet.eu-west-1a",
        "Forgot aws_subnet.eu-west-1c",
        "Adopted 0 resources",
    ]);
    world.provision(&["import", &vpc, "--subnet-id", &subnet]).exits(0).says(&["Nothing to do"]);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.count(), [1, 1, 1, 0, 0]);
    world.write_stack(&format!("{FILES}databases:\n  records: {{}}\n"));
    world.provision(&["plan"]).exits(1).says(&["eu-west-1b alone", "hint: name one more with --subnet-id"]);
}

#[test]
fn a_zone_that_something_stands_in_is_not_forgotten_but_given_up_by_a_plan() {
    let (world, vpc, subnet) = world();
    world.apply(&[]);
    let before = world.files();
    world.provision(&["import", &vpc, "--subnet-id", &subnet]).exits(1).says(&[
        "aws_subnet.eu-west-1a (subnet-",
        "aws_efs_mount_target.files/eu-west-1a stands on it",
        "hint: name subnet-",
    ]);
    assert_eq!(world.files(), before, "nothing was written");
    world.plans_nothing();

    let plan = world.plan(&["--subnet-id", &subnet]);
    assert_eq!((&plan["summary"]["delete"], &plan["summary"]["forget"]), (&2.into(), &2.into()));
    world.apply(&["--subnet-id", &subnet]);
    world.plans_nothing();
    assert_eq!(world.cloud.count(), [1, 1, 1, 0, 0]);
    world.destroy();
}
