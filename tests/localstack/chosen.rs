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
        "0 resources are watched",
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

#[test]
fn subnets_in_which_a_database_lives_stay_in_its_group_and_the_plan_says_so_before_anything_changes() {
    let world = World::seeded(&[]);
    world.write_stack(
        "stack: shop\ndatabases:\n  records:\n    deletion_protection: false\n    final_snapshot: false\n",
    );
    world.apply(&[]);
    let before = world.cloud.subnet_groups();
    let others: Vec<String> = ["a", "b", "c"].iter().map(|zone| another_subnet(&world, zone)).collect();
    let named: Vec<&str> = others.iter().flat_map(|subnet| ["--subnet-id", subnet]).collect();
    let with = |words: &[&'static str]| [words, &named].concat();
    world.provision(&with(&["plan"])).exits(1);
    // An import of the same choice would leave a state with which no plan can be carried out.
    let vpc = world.seed["vpc_id"].as_str().expect("the seed names its VPC").to_owned();
    let import = format!("provision import {vpc} --subnet-id");
    let said = ["the database records lives in", import.as_str(), "provision apply --subnet-id"];
    world.provision(&[&["import", vpc.as_str()], named.as_slice()].concat()).exits(1).says(&said);
    world.plans_nothing();
    world.control.forget_calls();
    let said = world
        .provision(&with(&["apply", "--auto-approve"]))
        .exits(1)
        .says(&["the database records lives in", "eu-west-1a", "provision apply --subnet-id"])
        .said();
    assert_eq!(world.cloud.subnet_groups(), before, "nothing was changed");
    // Two zones are in use; of the third one the new subnet is taken.
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let from = flat.find("provision apply --subnet-id").expect("it says what to type");
    let words: Vec<&str> = flat[from..].split(' ').skip(1).take(7).collect();
    assert_eq!(words.iter().filter(|word| others.iter().any(|other| other == *word)).count(), 1, "{words:?}");
    world.provision(&[words.as_slice(), &["--auto-approve"]].concat()).exits(0);
    world.plans_nothing();
    assert!(
        world.cloud.subnet_groups()[0]
            .subnets()
            .iter()
            .any(|one| one.subnet_identifier() == Some(&others[2]))
    );
    world.destroy();
}

/// Another subnet in a zone of the network.
fn another_subnet(world: &World, zone: &str) -> String {
    let vpc = world.seed["vpc_id"].as_str().expect("the seed names its VPC");
    let block = match zone {
        "a" => "172.20.240.0/24",
        "b" => "172.20.241.0/24",
        _ => "172.20.242.0/24",
    };
    let call = world.cloud.ec2.create_subnet().vpc_id(vpc).availability_zone(format!("eu-west-1{zone}"));
    let made = world.cloud.run(call.cidr_block(block).send()).expect("a subnet can be made");
    made.subnet.and_then(|one| one.subnet_id).expect("it has an id")
}

#[test]
fn a_profile_with_a_role_brings_its_region_along() {
    let world = World::empty();
    world.write_stack(&format!("stack: shop\nbuckets: {{ one: {{ bucket: one-{} }} }}\n", world.account));
    let profiles = format!(
        "[profile base]\naws_access_key_id = {account}\naws_secret_access_key = test\n[profile prod]\n\
         role_arn = arn:aws:iam::{account}:role/deployer\nsource_profile = base\nregion = eu-west-1\n",
        account = world.account
    );
    std::fs::write(world.path("profiles"), profiles).expect("it can be written");
    let mut command = world.command(&["plan", "--profile", "prod"]);
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env_remove(variable);
    }
    let ran = command.env("AWS_CONFIG_FILE", world.path("profiles")).output().expect("it starts");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{ran:?}");
    assert!(said.contains(&format!("account {} · eu-west-1", world.account)), "{said}");
}
