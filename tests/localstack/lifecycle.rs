//! Every kind through its life: made, changed in place, replaced, deleted; with a plan of nothing after each.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::{NOTHING, SMALL, SMALL_STACK, World};

/// One change of the stack file.
pub struct Edit {
    from: &'static str,
    to: &'static str,
    /// The action that the change means for the address in question.
    action: &'static str,
    /// Addresses that are named to be replaced.
    replace: &'static [&'static str],
}

impl Edit {
    /// Writes it into the stack file.
    pub fn write(&self, world: &World) {
        world.edit_stack(self.from, self.to);
    }

    /// The options that name what is replaced.
    pub fn named(&self) -> Vec<&'static str> {
        self.replace.iter().flat_map(|address| ["--replace", address]).collect()
    }

    pub fn action(&self) -> &'static str {
        self.action
    }
}

/// One change, and whether AWS shows it.
pub type Case = (Edit, fn(&World) -> bool);

/// A change that is made in place.
pub fn in_place(from: &'static str, to: &'static str) -> Edit {
    Edit { from, to, action: "update", replace: &[] }
}

/// A change that only a new object can have.
pub fn replacing(from: &'static str, to: &'static str, replace: &'static [&'static str]) -> Edit {
    Edit { from, to, action: "replace", replace }
}

/// The action that a plan has for an address.
pub fn planned(plan: &Value, address: &str) -> String {
    let changes = plan["changes"].as_array().into_iter().flatten();
    let mut actions = changes.filter(|change| change["address"] == address).map(|change| &change["action"]);
    actions.next().and_then(Value::as_str).unwrap_or("nothing").to_owned()
}

/// Lives through a stack: each edit is planned as it should be, applied, seen in AWS, and leaves nothing to do.
pub fn lives(address: &str, stack: &str, made: fn(&World) -> bool, cases: &[Case]) {
    let world = World::seeded(&[]);
    let network = world.cloud.network_to_the_byte();
    world.write_stack(stack);
    assert_eq!(planned(&world.plan(&[]), address), "create");
    world.apply(&[]);
    world.plans_nothing();
    assert!(made(&world), "{address} is not as declared");
    let count = world.cloud.count();
    for (edit, seen) in cases {
        world.edit_stack(edit.from, edit.to);
        let named: Vec<&str> = edit.replace.iter().flat_map(|address| ["--replace", address]).collect();
        let plan = world.plan(&named);
        assert_eq!(planned(&plan, address), edit.action, "{}: {plan:#}", edit.to);
        world.apply(&named);
        assert!(seen(&world), "{} is not to be seen in AWS", edit.to);
        world.plans_nothing();
        assert_eq!(world.cloud.count(), count, "{}", edit.to);
    }
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
    assert_eq!(world.cloud.network_to_the_byte(), network);
}

/// A stack with a file system alone.
pub const FILES: &str = "\
stack: shop
tags: { team: one }
file_systems:
  files:
    security_group: shop-files
    access: [nodes, masters]
    throughput_mode: elastic
    backup: true
    deletion_protection: false
";

fn group_of(world: &World, role: &str) -> String {
    world.seed["security_groups"][role].as_str().expect("the seed names its groups").to_owned()
}

/// The groups that a group lets in, each with its ports.
fn sources(world: &World, name: &str) -> BTreeMap<String, (i32, i32)> {
    let group = world.cloud.group(name);
    let pairs = group.ip_permissions().iter().flat_map(|rule| {
        let ports = (rule.from_port().unwrap_or(-1), rule.to_port().unwrap_or(-1));
        rule.user_id_group_pairs()
            .iter()
            .map(move |pair| (pair.group_id().unwrap_or_default().to_owned(), ports))
    });
    pairs.collect()
}

#[test]
fn a_security_group() {
    lives(
        "aws_security_group.files",
        FILES,
        |world| {
            let both = [group_of(world, "nodes"), group_of(world, "masters")];
            let group = world.cloud.group("shop-files");
            let tag = |key: &str| {
                group.tags().iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value())
            };
            sources(world, "shop-files") == both.map(|group| (group, (2049, 2049))).into()
                && tag("team") == Some("one")
                && tag("Name") == Some("shop-files")
                && tag("provision:address") == Some("aws_security_group.files")
                && tag("KubernetesCluster").is_none()
                && group.ip_permissions_egress().len() == 1
        },
        &[
            (in_place("access: [nodes, masters]", "access: [nodes]"), |world| {
                sources(world, "shop-files") == [(group_of(world, "nodes"), (2049, 2049))].into()
            }),
            (in_place("access: [nodes]", "access: [masters]"), |world| {
                sources(world, "shop-files") == [(group_of(world, "masters"), (2049, 2049))].into()
            }),
            (in_place("team: one", "team: two, cost: some"), |world| {
                let group = world.cloud.group("shop-files");
                ["team=two", "cost=some"].iter().all(|wanted| {
                    group.tags().iter().any(|tag| {
                        format!("{}={}", tag.key().unwrap_or_default(), tag.value().unwrap_or_default())
                            == *wanted
                    })
                })
            }),
            // The mount targets use it: the new one is made first, and the old one goes when they have let go.
            (replacing("security_group: shop-files", "security_group: shop-nfs", &[]), |world| {
                let id = world.cloud.group("shop-nfs").group_id.expect("it has an id");
                world
                    .cloud
                    .mount_targets()
                    .iter()
                    .all(|target| world.cloud.groups_of(target) == [id.as_str()])
            }),
        ],
    );
}

#[test]
fn a_subnet_group() {
    const HERE: &str = "aws_db_subnet_group.records";
    lives(
        HERE,
        SMALL,
        |world| {
            let group = world.cloud.subnet_groups().remove(0);
            group.db_subnet_group_name() == Some("records") && group.subnets().len() == 3
        },
        &[
            (in_place("team: one", "team: two"), |world| {
                let group = world.cloud.subnet_groups().remove(0);
                let arn = group.db_subnet_group_arn().expect("it has an ARN");
                world.cloud.rds_tags(arn).get("team").is_some_and(|team| team == "two")
            }),
            // The database stands in it, and has to be named too.
            (replacing("team: two", "team: three", &[HERE, "aws_db_instance.records"]), |world| {
                world.cloud.subnet_groups().remove(0).subnets().len() == 3
            }),
        ],
    );
}

#[test]
fn the_subnets_of_a_subnet_group_follow_the_network() {
    let world = World::seeded(&["--topology", "multi-subnet"]);
    world.write_stack("stack: shop\ndatabases:\n  records:\n    deletion_protection: false\n");
    world.apply(&[]);
    let chosen = || -> Vec<String> {
        let group = world.cloud.subnet_groups().remove(0);
        group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier().map(str::to_owned)).collect()
    };
    let before = chosen();
    let (vpc, id) = (world.seed["vpc_id"].as_str().expect("an id"), world.cloud.database_id());
    let other = world.seed["subnets"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|subnet| subnet["zone"] == "eu-west-1c")
        .filter_map(|subnet| subnet["id"].as_str())
        .find(|subnet| !before.iter().any(|chosen| chosen == subnet))
        .expect("there is another subnet in the zone");
    let elsewhere = before.iter().filter(|chosen| !in_zone_c(&world, chosen));
    let named = elsewhere.map(String::as_str).chain([other]).flat_map(|subnet| ["--subnet-id", subnet]);
    world.provision(&["import", vpc].into_iter().chain(named).collect::<Vec<_>>()).exits(0);
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, "aws_db_subnet_group.records"), "update", "{plan:#}");
    world.apply(&[]);
    assert!(chosen().iter().any(|subnet| subnet == other), "{other} is not in {:?}", chosen());
    assert_eq!(world.cloud.database_id(), id);
    world.plans_nothing();
}

fn in_zone_c(world: &World, subnet: &str) -> bool {
    let subnets = world.seed["subnets"].as_array().into_iter().flatten();
    subnets.into_iter().any(|seen| seen["id"] == subnet && seen["zone"] == "eu-west-1c")
}

pub(crate) const RECORDS: &str = "\
stack: shop
tags: { team: one }
databases:
  records:
    engine_version: \"15.12\"
    instance_class: db.t4g.medium
    allocated_storage: 50
    storage_type: gp3
    multi_az: true
    port: 5432
    backup_retention_period: 30
    backup_window: \"04:00-04:30\"
    maintenance_window: \"sun:04:30-sun:05:30\"
    auto_minor_version_upgrade: true
    deletion_protection: false
    final_snapshot: true
    apply_immediately: true
";

#[test]
fn a_database() {
    lives(
        "aws_db_instance.records",
        RECORDS,
        |world| {
            let found = world.cloud.database();
            found.engine_version().is_some_and(|version| version == "15.12")
                && found.multi_az() == Some(true)
                && found.storage_type() == Some("gp3")
                && found.preferred_maintenance_window() == Some("sun:04:30-sun:05:30")
        },
        &[
            (in_place("allocated_storage: 50", "allocated_storage: 60"), |world| {
                world.cloud.database().allocated_storage() == Some(60)
            }),
            (in_place("db.t4g.medium", "db.t4g.large"), |world| {
                world.cloud.database().db_instance_class() == Some("db.t4g.large")
            }),
            (in_place("backup_retention_period: 30", "backup_retention_period: 35"), |world| {
                world.cloud.database().backup_retention_period() == Some(35)
            }),
            (in_place("04:00-04:30", "02:00-02:30"), |world| {
                world.cloud.database().preferred_backup_window() == Some("02:00-02:30")
            }),
            (in_place("sun:04:30-sun:05:30", "mon:05:00-mon:06:00"), |world| {
                world.cloud.database().preferred_maintenance_window() == Some("mon:05:00-mon:06:00")
            }),
            (in_place("multi_az: true", "multi_az: false"), |world| {
                world.cloud.database().multi_az() == Some(false)
            }),
            (in_place("upgrade: true", "upgrade: false"), |world| {
                world.cloud.database().auto_minor_version_upgrade() == Some(false)
            }),
            (in_place("engine_version: \"15.12\"", "engine_version: \"15.13\""), |world| {
                world.cloud.database().engine_version().is_some_and(|version| version == "15.13")
            }),
            (in_place("port: 5432", "port: 5433"), |world| {
                let endpoint = world.cloud.database().endpoint.expect("it has an endpoint");
                endpoint.port() == Some(5433)
                    && sources(world, "shop-records").values().all(|ports| *ports == (5433, 5433))
            }),
            (in_place("team: one", "team: two"), |world| {
                let tag =
                    |tag: &aws_sdk_rds::types::Tag| tag.key() == Some("team") && tag.value() == Some("two");
                world.cloud.database().tag_list().iter().any(tag)
            }),
            (in_place("deletion_protection: false", "deletion_protection: true"), |world| {
                world.cloud.database().deletion_protection() == Some(true)
            }),
            (in_place("deletion_protection: true", "deletion_protection: false"), |world| {
                world.cloud.database().deletion_protection() == Some(false)
            }),
            (
                replacing(
                    "    apply_immediately: true",
                    "    apply_immediately: true\n    storage_encrypted: true\n    database_name: shop",
                    &["aws_db_instance.records"],
                ),
                |world| world.cloud.database().db_name() == Some("shop") && snapshots(world) == 1,
            ),
        ],
    );
}

fn snapshots(world: &World) -> usize {
    let answer = world.cloud.run(world.cloud.rds.describe_db_snapshots().snapshot_type("manual").send());
    answer.expect("snapshots can be read").db_snapshots().len()
}

#[test]
fn a_change_that_disturbs_waits_for_the_window_and_is_not_planned_again() {
    let world = World::seeded(&[]);
    world.write_stack(&RECORDS.replace("apply_immediately: true", "apply_immediately: false"));
    world.apply(&[]);
    world.edit_stack("db.t4g.medium", "db.t4g.large");
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, "aws_db_instance.records"), "update");
    world.apply(&[]);
    assert_eq!(world.cloud.database().db_instance_class(), Some("db.t4g.medium"), "it waits");
    world.plans_nothing();
    assert_eq!(world.control.advance_window(), 1);
    assert_eq!(world.cloud.database().db_instance_class(), Some("db.t4g.large"));
    world.plans_nothing();
}

#[test]
fn data_is_not_lost_by_a_change_that_nobody_named() {
    let world = World::applied();
    let (count, database) = (world.cloud.count(), world.cloud.database_id());
    world.control.forget_calls();
    world.edit_stack("allocated_storage: 50", "allocated_storage: 50\n    database_name: shop");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "aws_db_instance.records",
        "data lost",
        "--replace aws_db_instance.records",
    ]);
    world.write_stack("stack: shop\nfile_systems:\n  files:\n    security_group: shop-files\n    deletion_protection: false\n");
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&["destroy --target aws_db_instance.records"]);
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!((world.cloud.count(), world.cloud.database_id()), (count, database));
}

#[test]
fn a_target_that_is_declared_and_was_never_made_is_nothing_to_destroy() {
    let world = World::applied();
    world.edit_stack("databases:\n", "databases:\n  archive: {}\n");
    for target in ["aws_db_instance.archive", "aws_db_subnet_group.archive", "aws_security_group.archive"] {
        let ran = world.provision(&["destroy", "--auto-approve", "--target", target]).exits(0);
        ran.says(&["the stack declares it, and the state does not record it", "There is nothing to destroy"]);
    }
    let ran = world.provision(&["destroy", "--auto-approve", "--target", "aws_db_instance.nope"]).exits(1);
    ran.says(&["neither the stack nor the state has this address"]);
    assert_eq!(world.cloud.count(), SMALL_STACK);
}
