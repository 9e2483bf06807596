//! Random stack files over all options: what was applied, and then changed at random, leaves nothing to plan.
//!
//! `PROVISION_RANDOM_STACKS` says how many are tried, `PROVISION_RANDOM_SEED` which comes first; a failure names its seed.

mod draft;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::world::World;
use draft::{Draft, KEY, KEY_ARN, MASTERS, NODES, SUBNETS, VPC};

/// The number of stacks that a run tries.
const STACKS: u64 = 12;
/// The number of stacks that are tried at a time.
const AT_ONCE: u64 = 3;

/// The text with the network of the world in it.
fn in_the_network(world: &World, text: &str) -> String {
    let seed = &world.seed;
    let word = |value: &Value| value.as_str().expect("the seed names what it made").to_owned();
    let subnets = seed["subnets"].as_array().expect("the seed names its subnets").iter();
    let of_machines = subnets.filter(|subnet| subnet["type"] == "Private");
    let ids: Vec<String> = of_machines.map(|subnet| word(&subnet["id"])).collect();
    let groups = &seed["security_groups"];
    text.replace(VPC, &word(&seed["vpc_id"]))
        .replace(SUBNETS, &format!("[{}]", ids.join(", ")))
        .replace(NODES, &word(&groups["nodes"]))
        .replace(MASTERS, &word(&groups["masters"]))
}

/// A number from the environment.
fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")),
        Err(_) => otherwise,
    }
}

/// Applies a stack, changes it in place, and holds that nothing is left to plan after each.
fn holds(world: &World, arn: &str, named: &[(&str, String)], seed: u64) {
    let (_, key) = arn.rsplit_once('/').expect("an id at the end");
    // Every stack of a world has a name of its own.
    let name = format!("s{:x}", seed & 0xffff_ffff_ffff);
    // One of another name beside their states, with no file of theirs left, could be one of them renamed.
    for folder in
        ["state", "kept"].map(|folder| world.path(folder)).into_iter().filter(|folder| folder.exists())
    {
        std::fs::rename(&folder, folder.with_extension(&name)).expect("a folder can be renamed");
    }
    for loose in [seed ^ 1, seed ^ 2] {
        let text = Draft::new(&name, seed, loose).text.replace(KEY_ARN, arn).replace(KEY, key);
        let text = named.iter().fold(text, |text, (word, id)| text.replace(word, id));
        world.write_stack(&in_the_network(world, &text));
        // Backups that are drawn as off are deleted.
        let database = format!("aws_db_instance.{name}-db");
        let mut apply = vec!["apply", "--auto-approve"];
        if text.contains("databases:") {
            apply.extend(["--allow-data-loss", &database]);
        }
        // Versioning that is drawn anew can turn expiry into deletion for ever.
        let bucket = format!("aws_s3_bucket.{name}-b");
        if text.contains("buckets:") {
            apply.extend(["--allow-data-loss", &bucket]);
        }
        for arguments in [&apply[..], &["plan", "--detailed-exitcode"]] {
            let ran = world.provision(arguments);
            assert_eq!(
                ran.code, 0,
                "PROVISION_RANDOM_SEED={seed} PROVISION_RANDOM_STACKS=1: {arguments:?}\n{text}\n{}\n{}",
                ran.out, ran.err
            );
        }
    }
}

#[test]
fn what_was_applied_leaves_nothing_to_plan_whatever_the_options() {
    let stacks = number("PROVISION_RANDOM_STACKS", STACKS);
    let first = number("PROVISION_RANDOM_SEED", uuid::Uuid::new_v4().as_u64_pair().0);
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for thread in 0..AT_ONCE.min(stacks) {
            threads.push(scope.spawn(move || {
                let mut world = World::seeded(&["--topology", "private", "--issuer"]);
                let key = world.cloud.key("alias/storage");
                world.cloud.make_parameter_group("tuned", "postgres16");
                for family in ["valkey8", "redis7"] {
                    world.cloud.make_cache_parameter_group(&format!("tuned-{family}"), family);
                }
                let subnets = world.seed["subnets"].as_array().expect("the seed names its subnets").iter();
                let private = subnets.filter(|subnet| subnet["type"] == "Private");
                let ids = private.map(|subnet| subnet["id"].as_str().expect("an id").to_owned()).collect();
                world.cloud.make_subnet_group("of-others", ids);
                world.cloud.make_database("origin");
                world.cloud.make_snapshot("before", "origin");
                let vpc = world.seed["vpc_id"].as_str().expect("the seed names its VPC");
                let named = [
                    ("THE_GROUP", world.cloud.make_group("bastion", vpc)),
                    ("THE_OTHER", world.cloud.make_group("monitoring", vpc)),
                    ("THE_LIST", world.cloud.make_prefix_list("offices")),
                    ("THE_PROVIDER", world.seed["oidc_provider"].as_str().expect("it is made").to_owned()),
                ];
                world.set("PGPASSWORD", "correct-horse-battery");
                std::fs::write(world.path("secret"), "staple-correct-horse").expect("it can be written");
                for number in (thread..stacks).step_by(AT_ONCE as usize) {
                    holds(&world, &key, &named, first.wrapping_add(number));
                }
            }));
        }
        // The first failure is told; the others have been printed already.
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

#[test]
fn the_random_stacks_have_every_option() {
    let world = World::empty();
    let mut schema = world.provision(&["schema", "stack"]).exits(0).json();
    // These parts describe files that are rendered, and nothing of AWS.
    let parts = schema["properties"].as_object_mut().expect("it is an object");
    parts.retain(|part, _| !["kubernetes", "gitlab", "render"].contains(&part.as_str()));
    let mut offered = BTreeSet::new();
    options_of(&schema, &mut offered);
    let drawn: BTreeSet<String> = (0..500).flat_map(|seed| Draft::new("s", seed, seed ^ 1).options).collect();
    // A state in a file takes none of these.
    let in_s3 = ["sse", "kms_key", "profile"];
    let missing: Vec<_> = offered.difference(&drawn).filter(|one| !in_s3.contains(&one.as_str())).collect();
    assert!(missing.is_empty(), "no random stack has {missing:?}");
    assert!(offered.contains("transition_to_archive") && offered.contains("multi_az"), "{offered:?}");
}

/// The names of all options, wherever they stand.
fn options_of(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(parts) => {
            if let Some(Value::Object(options)) = parts.get("properties") {
                found.extend(options.keys().cloned());
            }
            parts.values().for_each(|part| options_of(part, found));
        }
        Value::Array(parts) => parts.iter().for_each(|part| options_of(part, found)),
        _ => {}
    }
}
