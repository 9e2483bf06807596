//! Caches through their lives, the password of one, and caches that others made.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::lifecycle::{in_place, lives, planned, replacing};
use crate::world::World;

const CACHE: &str = "aws_elasticache_replication_group.queue";

const QUEUE: &str = "\
stack: shop
tags: { team: one }
caches:
  queue:
    access: [nodes]
    engine_version: \"8.0\"
    nodes: 2
    node_type: cache.t4g.small
    snapshot_retention_limit: 7
    snapshot_window: 03:00-04:00
    maintenance_window: sun:04:30-sun:05:30
    parameters: { maxmemory-policy: noeviction }
    deletion_protection: false
    apply_immediately: true
";

fn tags(world: &World, arn: &str) -> BTreeMap<String, String> {
    let call = world.cloud.elasticache.list_tags_for_resource().resource_name(arn);
    let answer = world.cloud.run(call.send()).expect("tags can be read");
    let pair = |tag: &aws_sdk_elasticache::types::Tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned()));
    answer.tag_list().iter().filter_map(pair).collect()
}

fn version(world: &World) -> String {
    world.cloud.cache().1.engine_version.unwrap_or_default()
}

#[test]
fn a_cache() {
    lives(
        CACHE,
        QUEUE,
        |world| {
            let (group, node) = world.cloud.cache();
            let tags = tags(world, group.arn().unwrap_or_default());
            group.replication_group_id() == Some("shop-queue")
                && group.member_clusters().len() == 2
                && group.auth_token_enabled() == Some(true)
                && group.transit_encryption_enabled() == Some(true)
                && group.at_rest_encryption_enabled() == Some(true)
                && node.engine_version() == Some("8.0.1")
                && node.cache_subnet_group_name() == Some("shop-queue-subnets")
                && node.security_groups().len() == 1
                && tags.get("team").is_some_and(|team| team == "one")
                && tags.get("provision:address").is_some_and(|address| address == CACHE)
        },
        &[
            (in_place("nodes: 2", "nodes: 3"), |world| world.cloud.cache().0.member_clusters().len() == 3),
            (in_place("t4g.small", "t4g.medium"), |world| {
                world.cloud.cache().0.cache_node_type() == Some("cache.t4g.medium")
            }),
            (in_place("engine_version: \"8.0\"", "engine_version: \"8.1\""), |world| {
                version(world) == "8.1.0"
            }),
            // The family is another one: the new parameter group is made first, and the old one goes.
            (in_place("engine_version: \"8.1\"", "engine_version: \"9.0\""), |world| {
                let (_, node) = world.cloud.cache();
                let group = node.cache_parameter_group().and_then(|group| group.cache_parameter_group_name());
                version(world) == "9.0.0" && group == Some("shop-queue-valkey9")
            }),
            (in_place("nodes: 3", "nodes: 1\n    automatic_failover: false\n    multi_az: false"), |world| {
                world.cloud.cache().0.member_clusters().len() == 1
            }),
            (in_place("nodes: 1\n    automatic_failover: false\n    multi_az: false", "nodes: 2"), |world| {
                let (group, _) = world.cloud.cache();
                group.member_clusters().len() == 2
                    && group.multi_az() == Some(&aws_sdk_elasticache::types::MultiAzStatus::Enabled)
            }),
            (in_place("limit: 7", "limit: 9"), |world| {
                world.cloud.cache().0.snapshot_retention_limit() == Some(9)
            }),
            (in_place("03:00-04:00", "01:00-02:00"), |world| {
                world.cloud.cache().0.snapshot_window() == Some("01:00-02:00")
            }),
            (in_place("sun:04:30-sun:05:30", "mon:05:00-mon:06:00"), |world| {
                world.cloud.cache().1.preferred_maintenance_window() == Some("mon:05:00-mon:06:00")
            }),
            (in_place("team: one", "team: two"), |world| {
                let (group, _) = world.cloud.cache();
                tags(world, group.arn().unwrap_or_default()).get("team").is_some_and(|team| team == "two")
            }),
            (in_place("    nodes: 2", "    nodes: 2\n    transit_encryption_mode: preferred"), |world| {
                let mode = world.cloud.cache().0.transit_encryption_mode;
                mode == Some(aws_sdk_elasticache::types::TransitEncryptionMode::Preferred)
            }),
            (replacing("    nodes: 2", "    nodes: 2\n    port: 6380", &[CACHE]), |world| {
                let answer = world.cloud.run(world.cloud.elasticache.describe_snapshots().send());
                let snapshots = answer.expect("they can be read").snapshots.unwrap_or_default();
                snapshots.len() == 1
                    && snapshots[0].snapshot_name().is_some_and(|name| name.starts_with("shop-queue-final-"))
            }),
        ],
    );
}

#[test]
fn what_disturbs_waits_for_the_window_and_is_not_planned_again() {
    let world = World::seeded(&[]);
    world.write_stack(&QUEUE.replace("apply_immediately: true", "apply_immediately: false"));
    world.apply(&[]);
    world.edit_stack("t4g.small", "t4g.medium");
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, CACHE), "update");
    world.apply(&[]);
    assert_eq!(world.cloud.cache().0.cache_node_type(), Some("cache.t4g.small"), "it waits");
    world.plans_nothing();
    // A call for more nodes could bring forward what waits.
    world.edit_stack("nodes: 2", "nodes: 3");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["waits for the maintenance window"]);
    assert_eq!(world.control.advance_window(), 1);
    assert_eq!(world.cloud.cache().0.cache_node_type(), Some("cache.t4g.medium"));
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_cache_that_takes_its_time_gets_one_change_after_the_other() {
    let world = World::seeded(&[]);
    world.control.settings(json!({ "cache_creating": 1, "cache_modifying": 1, "cache_deleting": 1 }));
    world.write_stack(QUEUE);
    world.apply(&[]);
    world.edit_stack("nodes: 2", "nodes: 3");
    world.edit_stack("t4g.small", "t4g.medium");
    world.edit_stack("team: one", "team: two");
    world.apply(&[]);
    let (group, _) = world.cloud.cache();
    assert_eq!((group.member_clusters().len(), group.cache_node_type()), (3, Some("cache.t4g.medium")));
    world.plans_nothing();
    world.destroy();
    assert!(world.cloud.caches().is_empty());
}

#[test]
fn the_password_of_a_cache_is_in_its_secret_and_nowhere_else() {
    let mut world = World::seeded(&[]);
    for (name, value) in
        [("LOG_SIGNABLE_BODY", "true"), ("LOG_SENSITIVE_BODIES", "true"), ("RUST_LOG", "trace")]
    {
        world.set(name, value);
    }
    world.write_stack(QUEUE);
    let planned = world.provision(&["plan", "-vv", "--out", "review.json"]).exits(0);
    let applied = world.provision(&["apply", "--auto-approve", "--json", "-vv"]).exits(0);
    let content: Value = serde_json::from_str(&world.cloud.secret("shop-queue-password")).expect("JSON");
    let password = content["password"].as_str().expect("a password").to_owned();
    assert_eq!(password.len(), 64);
    let shown = world.provision(&["state", "show", CACHE, "--json"]).exits(0);
    let output = world.provision(&["output", "--json"]).exits(0);
    let outputs = output.json();
    assert!(
        outputs["caches"]["queue"]["secret_arn"]
            .as_str()
            .is_some_and(|arn| arn.contains("shop-queue-password"))
    );
    assert!(outputs["caches"]["queue"]["endpoint"].as_str().is_some_and(|host| host.starts_with("master.")));
    // Refused with the password in the words of AWS: none of it is repeated.
    world.edit_stack("caches:", "caches:\n  other: { deletion_protection: false }");
    world.control.refuse("elasticache.CreateReplicationGroup", "InvalidParameterValue", 400, "no");
    let refused = world.provision(&["apply", "--auto-approve", "-vv"]).exits(1);
    for ran in [&planned, &applied, &shown, &output, &refused] {
        assert!(!ran.said().contains(&password));
    }
    for (path, content) in world.files() {
        let has_it = content.windows(password.len()).any(|window| window == password.as_bytes());
        assert!(!has_it, "{} has the password", path.display());
    }
    world.destroy();
}

#[test]
fn a_secret_that_is_gone_is_not_made_anew_beside_a_cache_that_has_its_password() {
    let world = World::seeded(&[]);
    world.write_stack(QUEUE);
    world.apply(&[]);
    let before = world.cloud.secret("shop-queue-password");
    world
        .cloud
        .run(world.cloud.secrets.delete_secret().secret_id("shop-queue-password").send())
        .expect("deleted");
    let refused = world.provision(&["apply", "--auto-approve"]).exits(1);
    refused.says(&["has a password already", "restore-secret --secret-id shop-queue-password"]);
    world
        .cloud
        .run(world.cloud.secrets.restore_secret().secret_id("shop-queue-password").send())
        .expect("restored");
    world.plans_nothing();
    assert_eq!(world.cloud.secret("shop-queue-password"), before);
    // A destroyed stack leaves the secret to be restored; the next one of its name takes it back, with another password.
    world.destroy();
    world.apply(&[]);
    world.plans_nothing();
    assert_ne!(world.cloud.secret("shop-queue-password"), before);
}

#[test]
fn the_only_copy_of_a_password_is_not_deleted_while_its_cache_stays() {
    let world = World::seeded(&[]);
    world.write_stack(QUEUE);
    world.apply(&[]);
    let before = world.cloud.secret("shop-queue-password");
    world.write_stack(&format!("{QUEUE}    password: unmanaged\n"));
    let refused = world.provision(&["apply", "--auto-approve"]).exits(1);
    refused.says(&["the only copy", "provision state forget aws_secretsmanager_secret.queue"]);
    world.provision(&["state", "forget", "aws_secretsmanager_secret.queue", "--yes"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.secret("shop-queue-password"), before);
}

#[test]
fn a_secret_without_a_password_that_the_cache_takes_is_an_error_at_once_that_names_it() {
    let world = World::seeded(&[]);
    world.write_stack(QUEUE);
    world.control.refuse_always("elasticache.CreateReplicationGroup", "AccessDenied", 403);
    world.provision(&["apply", "--auto-approve"]).exits(1);
    world.control.forget_faults();
    for content in ["plain", r#"{"password":"too short"}"#, r#"{"password":"a word with spaces"}"#] {
        let call = world.cloud.secrets.put_secret_value().secret_id("shop-queue-password");
        world.cloud.run(call.secret_string(content).send()).expect("it is there");
        let refused = world.provision(&["apply", "--auto-approve"]).exits(1);
        assert!(!refused.said().contains("refused for now"), "{}", refused.said());
        refused.says(&["shop-queue-password", "UnusablePassword", "delete-secret"]);
    }
    let call = world.cloud.secrets.delete_secret().secret_id("shop-queue-password");
    world.cloud.run(call.force_delete_without_recovery(true).send()).expect("it is there");
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_cache_is_found_again_after_its_state_was_lost() {
    let world = World::seeded(&[]);
    world.write_stack(QUEUE);
    world.apply(&[]);
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["plan"]).exits(1).says(&["provision state rebuild"]);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.caches().len(), 1);
}

#[test]
fn a_cache_of_others_is_adopted_as_it_is_with_its_groups() {
    let world = World::seeded(&[]);
    let subnets = world.seed["subnets"].as_array().expect("the seed names its subnets").iter();
    let subnets = subnets.filter_map(|subnet| subnet["id"].as_str().map(str::to_owned)).take(2).collect();
    let (caches, run) = (&world.cloud.elasticache, &world.cloud);
    let call =
        caches.create_cache_subnet_group().cache_subnet_group_name("theirs").set_subnet_ids(Some(subnets));
    run.run(call.cache_subnet_group_description("d").send()).expect("it can be made");
    let call =
        caches.create_replication_group().replication_group_id("theirs").replication_group_description("d");
    let call =
        call.engine("valkey").engine_version("8.1").cache_node_type("cache.m7g.large").num_cache_clusters(1);
    let call = call
        .transit_encryption_enabled(true)
        .auth_token("a-password-of-theirs")
        .cache_subnet_group_name("theirs");
    run.run(call.send()).expect("it can be made");
    world.write_stack("stack: shop\n");
    world.provision(&["import", "aws_elasticache_replication_group.queue=theirs", "--into"]).exits(0);
    let text = std::fs::read_to_string(world.path("provision.yaml")).expect("a stack file");
    assert!(text.contains("password: unmanaged") && text.contains("node_type: cache.m7g.large"), "{text}");
    let before = format!("{:?}", world.cloud.cache());
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(format!("{:?}", world.cloud.cache()), before);
    assert_eq!(tags(&world, world.cloud.cache().0.arn().unwrap_or_default())["provision:stack"], "shop");
}

#[test]
fn what_elasticache_would_refuse_is_known_before_anything_is_made() {
    let world = World::seeded(&[]);
    for (from, to, words) in [
        ("8.0", "8.9", "ElastiCache has no valkey 8.9"),
        ("nodes: 2", "nodes: 1", "needs a second node"),
        ("nodes: 2", "nodes: 2\n    transit_encryption: false", "needs `transit_encryption: true`"),
        ("nodes: 2", "nodes: 2\n    password: unmanaged", "gives it none"),
    ] {
        world.write_stack(&QUEUE.replace(from, to));
        world.provision(&["apply", "--auto-approve"]).exits(1).says(&[words]);
    }
    world.control.quotas(json!({ "elasticache/L-DFE45DF3": 1 }));
    world.write_stack(QUEUE);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["2 more cache nodes do not fit"]);
    assert_eq!(world.control.calls().mutating(), 0);
}
