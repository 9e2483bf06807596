//! The whole story on each kind of network: import, plan, apply, plan, output, destroy; and the network as it was.

use serde_json::Value;

use crate::world::{NOTHING, World};

const REFERENCE: &str = include_str!("../../provision.yaml");

/// The most requests that a plan without changes may make, for any size of the network.
const REQUESTS: u64 = 11;

fn vpc(seed: &Value) -> String {
    seed["vpc_id"].as_str().expect("the seed names its VPC").to_owned()
}

/// Plays the story in a world whose network is `seed`; returns how many requests a plan without changes took.
fn play(world: &World, seed: &Value, zones: usize, more: &[&str]) -> u64 {
    let with = |arguments: &[&str]| world.provision(&[arguments, more].concat());
    let (network, untouched) = (world.cloud.network(), world.cloud.network_to_the_byte());
    world.write_stack(REFERENCE);

    with(&["import", &vpc(seed)]).exits(0).says(&["are watched"]);
    let imported = world.files();
    with(&["import", &vpc(seed)]).exits(0).says(&["watched already"]);
    let states = |files: &[(std::path::PathBuf, Vec<u8>)]| -> Vec<Vec<u8>> {
        let state = files.iter().filter(|(path, _)| path.ends_with("state/gitlab.json"));
        state.map(|(_, content)| content.clone()).collect()
    };
    assert_eq!(states(&imported), states(&world.files()), "the second import changed the state");

    let created = 5 + zones;
    let plan = with(&["plan", "--json"]).exits(0).json();
    assert_eq!(plan["summary"]["create"], created);
    assert_eq!(plan["summary"]["watch"], 0, "the import has watched everything");
    assert_eq!(plan["account"], world.account.as_str());
    assert_eq!(world.control.calls().mutating(), 0, "import and plan change nothing");

    with(&["apply", "--auto-approve"]).exits(0);
    assert_eq!(world.cloud.count(), [2, 1, zones, 1, 1]);
    assert_in_the_chosen_subnets(world, seed, zones);

    world.control.forget_calls();
    with(&["plan", "--detailed-exitcode"]).exits(0);
    let requests = world.control.calls().total;
    assert!(requests <= REQUESTS, "{requests} requests: {:?}", world.control.calls());

    assert_outputs(world, zones);
    assert_eq!(world.cloud.network(), network, "apply has changed the network");

    with(&["destroy", "--auto-approve"])
        .exits(1)
        .says(&["deletion protection", "aws_db_instance.gitlab-pgsql"]);
    assert_eq!(world.cloud.count(), [2, 1, zones, 1, 1], "what is protected stays, and all with it");
    world.edit_stack("deletion_protection: true", "deletion_protection: false");
    with(&["apply", "--auto-approve"]).exits(0);
    with(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(world.cloud.count(), NOTHING);
    assert_eq!(world.cloud.network_to_the_byte(), untouched, "the story has changed the network");
    let state = world.provision(&["state", "list"]).exits(0);
    assert_eq!(state.out.trim(), "", "the network is forgotten too");
    requests
}

/// Everything stands in the cluster's first, not utility, subnets.
fn assert_in_the_chosen_subnets(world: &World, seed: &Value, zones: usize) {
    let usable: Vec<&str> = seed["subnets"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|subnet| {
            subnet["type"] != "Utility" && subnet["cidr"].as_str().is_some_and(|cidr| cidr.contains('.'))
        })
        .filter_map(|subnet| subnet["id"].as_str())
        .collect();
    let targets = world.cloud.mount_targets();
    let mut seen: Vec<&str> = targets.iter().filter_map(|target| target.availability_zone_name()).collect();
    seen.dedup();
    assert_eq!(seen.len(), zones, "a mount target in each zone");
    for target in &targets {
        assert!(usable.contains(&target.subnet_id()), "{} is not one of {usable:?}", target.subnet_id());
    }
    let group = world.cloud.subnet_groups().remove(0);
    for subnet in group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier()) {
        assert!(usable.contains(&subnet), "{subnet} is not one of {usable:?}");
    }
    assert_eq!(group.vpc_id(), seed["vpc_id"].as_str());
    let database = world.cloud.database();
    assert_eq!(database.multi_az(), Some(true));
    assert_eq!(database.storage_encrypted(), Some(true));
    assert_eq!(database.publicly_accessible(), Some(false));
    assert!(database.master_user_secret().is_some(), "RDS manages the password");
}

fn assert_outputs(world: &World, zones: usize) {
    let file_system = world.cloud.file_system();
    let points = world.provision(&["output", "nfs_mount_points"]).exits(0).out;
    let expected: Vec<String> = world
        .cloud
        .mount_targets()
        .iter()
        .map(|target| {
            let zone = target.availability_zone_name().expect("a target has a zone");
            format!("{zone}.{}.efs.eu-west-1.amazonaws.com", file_system.file_system_id())
        })
        .collect();
    assert_eq!(points.trim(), expected.join(" "));
    let endpoint = world.cloud.database().endpoint.expect("a ready database has an endpoint");
    let expected = format!("{}:{}", endpoint.address().expect("a host"), endpoint.port().expect("a port"));
    assert_eq!(world.provision(&["output", "pgsql_endpoint"]).exits(0).out.trim(), expected);
    let all = world.provision(&["output", "--json"]).exits(0).json();
    assert_eq!(all["pgsql_endpoint"], expected.as_str());
    assert_eq!(all["nfs_mount_points"].as_array().map(Vec::len), Some(zones));
    for (point, target) in
        all["nfs_mount_points"].as_array().into_iter().flatten().zip(world.cloud.mount_targets())
    {
        assert_eq!(point["ip_address"].as_str(), target.ip_address());
        assert_eq!(point["subnet_id"].as_str(), Some(target.subnet_id()));
    }
    assert_eq!(all["file_systems"]["gitlab-nfs"]["arn"].as_str(), file_system.file_system_arn());
    assert_eq!(all["databases"]["gitlab-pgsql"]["username"], "gitlab");
    world.provision(&["output"]).exits(0).says(&["nfs_dns_name = ", "pgsql_endpoint = "]);
    world.provision(&["output", "nfs_mount_pionts"]).exits(1).says(&["did you mean `nfs_mount_points`?"]);
}

#[test]
fn the_story_in_a_public_network_and_with_more_zones_asks_no_more() {
    let world = World::seeded(&["--topology", "public", "--zones", "2"]);
    let two = play(&world, &world.seed, 2, &[]);
    let world = World::seeded(&["--topology", "public", "--zones", "3"]);
    let three = play(&world, &world.seed, 3, &[]);
    assert_eq!(two, three, "the requests of a plan grow with the zones");
}

#[test]
fn the_story_in_a_private_network_leaves_utility_subnets_alone() {
    let world = World::seeded(&["--topology", "private"]);
    play(&world, &world.seed, 3, &[]);
}

#[test]
fn the_story_in_a_shared_vpc() {
    let world = World::seeded(&["--topology", "shared-vpc"]);
    play(&world, &world.seed, 3, &[]);
}

#[test]
fn the_story_with_several_subnets_in_each_zone_takes_one_of_each() {
    let world = World::seeded(&["--topology", "multi-subnet"]);
    play(&world, &world.seed, 3, &[]);
}

#[test]
fn of_two_clusters_the_one_that_is_named_is_taken() {
    let world = World::seeded(&["--two-clusters"]);
    world.write_stack(REFERENCE);
    world.provision(&["plan"]).exits(1).says(&[
        "several clusters",
        "--cluster k8s.myzone.net",
        "--cluster other.myzone.net",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    play(&world, &world.seed[1].clone(), 3, &["--cluster", "other.myzone.net"]);
}

#[test]
fn one_zone_is_enough_for_file_systems_and_too_little_for_a_database() {
    let world = World::seeded(&["--topology", "one-zone"]);
    let network = world.cloud.network_to_the_byte();
    world.write_stack(REFERENCE);
    world.provision(&["plan"]).exits(1).says(&["gitlab-pgsql", "two zones", "eu-west-1a"]);
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(world.control.calls().mutating(), 0);
    world.write_stack("stack: gitlab\nfile_systems:\n  gitlab-nfs:\n    deletion_protection: false\n");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.count(), [1, 1, 1, 0, 0]);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
    assert_eq!(world.cloud.network_to_the_byte(), network);
}

#[test]
fn without_an_import_the_network_is_found_and_without_names_addresses_are_given() {
    let world = World::seeded(&["--no-dns", "--legacy-tags"]);
    world.write_stack(REFERENCE);
    let plan = world.plan(&[]);
    assert_eq!((&plan["summary"]["watch"], &plan["summary"]["create"]), (&6.into(), &8.into()));
    world.apply(&[]);
    world.plans_nothing();
    let addresses: Vec<String> =
        world.cloud.mount_targets().into_iter().filter_map(|target| target.ip_address).collect();
    let points = world.provision(&["output", "nfs_mount_points"]).exits(0).out;
    assert_eq!(points.trim(), addresses.join(" "), "names do not resolve in this VPC");
}

#[test]
fn what_aws_is_at_work_on_is_told_while_it_is_waited_for() {
    let world = World::small();
    world.control.settings(serde_json::json!({
        "efs_creating": 0.6, "mount_target_creating": 0.6, "mount_target_deleting": 0.6, "efs_deleting": 0.6,
        "efs_updating": 0.6, "db_creating": 1.2, "db_modify_lag": 0.3, "db_deleting": 0.8,
        // Longer than the pause between the two looks that the lag can fall between.
        "db_modifying": 2.5,
    }));
    let settling = |events: &[Value], address: &str, status: &str| {
        events.iter().any(|event| {
            event["type"] == "settling"
                && event["address"].as_str().is_some_and(|found| found.starts_with(address))
                && event["status"] == status
                && event["elapsed_seconds"].is_number()
        })
    };
    let events = world.apply(&["--json"]).events();
    for kind in ["aws_efs_file_system.", "aws_efs_mount_target.", "aws_db_instance."] {
        assert!(settling(&events, kind, "creating"), "{kind}: {events:#?}");
    }
    let last = events.last().expect("there are events");
    assert_eq!((&last["type"], &last["outcome"]), (&"summary".into(), &"done".into()));
    assert_eq!(last["done"]["create"], 8);
    world.plans_nothing();

    world.edit_stack("allocated_storage: 50", "allocated_storage: 60\n    apply_immediately: true");
    let events = world.apply(&["--json"]).events();
    assert!(settling(&events, "aws_db_instance.", "modifying"), "{events:#?}");
    assert_eq!(world.cloud.database().allocated_storage(), Some(60));
    world.plans_nothing();

    let events = world.provision(&["destroy", "--auto-approve", "--json"]).exits(0).events();
    for kind in ["aws_efs_file_system.", "aws_efs_mount_target.", "aws_db_instance."] {
        assert!(settling(&events, kind, "deleting"), "{kind}: {events:#?}");
    }
    assert_eq!(world.cloud.count(), NOTHING);
}
