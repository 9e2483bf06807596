//! Following the hints: every finding that a plan can make is brought about, and what it says is typed, until the plan is
//! empty. A check without a scene fails.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use aws_sdk_ec2::types::ResourceType;
use provision::engine::checks::CHECKS;
use serde_json::{Value, json};

use super::deed::Done;
use super::hand::Hand;
use super::hints;
use super::oracle::{Knowledge, Request, Trail, data_of, settle};
use super::others::others;
use super::place::Place;
use super::records;
use super::typing::{Typed, ways};
use crate::world::SMALL;
use crate::{AT_ONCE, text_of};

/// The way in which a finding comes about, and the way in which a person gets rid of it.
#[derive(Clone)]
struct Scene {
    check: &'static str,
    /// The stack that stands before.
    before: Option<String>,
    /// The stack that is planned.
    stack: String,
    /// The change that others make in between.
    act: fn(&mut Place) -> Done,
    request: Request,
    zones: usize,
}

impl Scene {
    /// A small stack that stands, and is planned again.
    fn of(check: &'static str) -> Self {
        Self {
            check,
            before: Some(SMALL.to_owned()),
            stack: SMALL.to_owned(),
            act: |_| Done::default(),
            request: Request::default(),
            zones: 3,
        }
    }

    /// The small stack is still to be made.
    fn new(check: &'static str) -> Self {
        Self { before: None, ..Self::of(check) }
    }

    fn edited(self, from: &str, to: &str) -> Self {
        assert!(self.stack.contains(from), "{from} is not in:\n{}", self.stack);
        Self { stack: self.stack.replace(from, to), ..self }
    }

    fn standing(self, from: &str, to: &str) -> Self {
        let stack = self.before.unwrap_or_default().replace(from, to);
        Self { before: Some(stack.clone()), stack, ..self }
    }

    fn act(self, act: fn(&mut Place) -> Done) -> Self {
        Self { act, ..self }
    }

    fn options(self, options: &'static [&'static str]) -> Self {
        Self { request: Request { options, ..self.request }, ..self }
    }

    fn person(self, words: &'static str, act: fn(&mut Place)) -> Self {
        Self { request: Request { person: Some((words, act)), ..self.request }, ..self }
    }
}

/// Findings that no scene against the emulator can bring about, with the tests that hold them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("watched", "something of the network is gone that nothing needs, between two reads of one plan"),
    ("circle", "no stack file can say one: the planner's own tests make it"),
    ("credentials", "a warning about a clock: the emulator's credentials never end; its unit tests have it"),
    ("gitlab-version", "nothing of AWS: tests/offline/gitlab.rs has it in plans of every kind"),
    (
        "under-way",
        "a procedure that was stopped: tests/localstack/recovery.rs has it, with the command that goes on",
    ),
    ("rendering", "files beside the stack file, and nothing of AWS: tests/offline/gitlab.rs has it"),
    (
        "left-to-others",
        "a warning that ends with a line in the stack file: tests/localstack/ignored.rs types it",
    ),
    (
        "replication",
        "a second file system and several runs: tests/localstack/file_systems.rs types its steps",
    ),
    (
        "on-its-own",
        "a replica that was promoted, and RDS makes none of the small stack's database: tests/localstack/replicas.rs types it",
    ),
    ("set-by-command", "machines of a pair: tests/localstack/pairs.rs has it, with the command that goes on"),
    ("standard-support", "a warning of a date to come: its unit tests have it"),
    ("new-zone", "a warning about the cluster: tests/localstack/network.rs types its hint"),
    ("outputs", "a warning about scripts, and nothing of AWS: its unit tests have it"),
    ("zones", "the emulator has every class in every zone; its unit tests have it"),
];

const SIZE: &str = "    allocated_storage: 50\n";
/// Another database; what follows in the small stack is of it.
const LEDGER: &str = "  ledger:\n    allocated_storage: 50\n";
/// A database in the subnet group of the small stack's.
const SHARING: &str = "  the-second:\n    allocated_storage: 50\n    deletion_protection: false\n    final_snapshot: false\n    \
                       subnet_group: records\n";
const SOURCE: &str = "    access: [{ group: sg-0123456789abcdef0 }]\n";
/// A machine, with an image of Amazon's.
const MACHINE: &str = "security_groups:\n  open: { ingress: [] }\ninstances:\n  web:\n    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }\n    \
                       instance_type: t3.large\n    zone: eu-west-1a\n    security_groups: [open]\n    termination_protection: false\n";
const IMAGE: &str = "{ ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }";
const KEY: &str =
    "    kms_key_id: arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f\n";

fn scenes() -> Vec<Scene> {
    vec![
        Scene::of("address").options(&["--target", "aws_db_instance.recrods"]),
        Scene::of("data-loss").edited(SIZE, &format!("{SIZE}    storage_encrypted: false\n")),
        Scene::of("data-loss").edited(&SMALL[SMALL.find("databases:").unwrap_or_default()..], ""),
        // A database in the subnet group of another one, and the line is taken out.
        Scene::of("data-loss")
            .standing("  records:\n", &format!("{SHARING}  records:\n"))
            .edited("    subnet_group: records\n", ""),
        Scene::new("engine-version").edited(SIZE, &format!("{SIZE}    engine_version: \"16.99\"\n")),
        Scene::of("fenced").act(|place| {
            Hand { cloud: &place.world.cloud }.takes_database_over();
            Done::default()
        }),
        Scene::of("final-snapshot")
            .standing("    final_snapshot: false\n", "    final_snapshot: true\n")
            .options(&["--destroy"])
            .act(|place| {
                place.world.control.status("records", "failed");
                Done::default()
            }),
        Scene { zones: 2, ..Scene::new("free-addresses") }
            .act(|place| {
                let subnet = adds_a_small_subnet(place);
                let ran = place.run(&["import", &place.vpc()], None);
                assert_eq!(ran.code, Some(0), "{}", ran.err);
                fills_a_subnet(place, &subnet);
                Done::default()
            })
            .person("give addresses back there", |place| delete_interfaces(place, "fills the subnet")),
        Scene::of("going").act(|place| {
            place.world.control.settings(json!({ "db_deleting": 30 }));
            let gone = Hand { cloud: &place.world.cloud }.deletes_database();
            Done { gone: [gone].into(), ..Done::default() }
        }),
        Scene::of("gone").act(|place| {
            let gone = Hand { cloud: &place.world.cloud }.deletes_file_system();
            Done { gone: [gone].into(), ..Done::default() }
        }),
        // A change of storage rests for hours: here it is still being optimised.
        Scene::of("held").act(|place| {
            place.world.control.settings(json!({ "db_optimizing": 3600 }));
            let grown = |size: &str| {
                SMALL.replace(
                    "allocated_storage: 50",
                    &format!("allocated_storage: {size}\n    apply_immediately: true"),
                )
            };
            place.make(&grown("60"));
            place.world.write_stack(&grown("80"));
            Done { before: Some(grown("60")), ..Done::default() }
        }),
        Scene::of("holders")
            .options(&["--destroy"])
            .act(|place| {
                let group = place.world.cloud.group("shop-files").group_id.unwrap_or_default();
                let ec2 = &place.world.cloud.ec2;
                let call = ec2.create_network_interface().subnet_id(&place.subnets()[0]).groups(group);
                place.world.cloud.run(call.description("of others").send()).expect("one can be made");
                Done::default()
            })
            .person("another group in the place of", |place| delete_interfaces(place, "of others")),
        Scene::of("inputs").edited("allocated_storage: 50", "allocated_storage: 40"),
        Scene::new("instance-class")
            .edited(SIZE, &format!("{SIZE}    instance_class: db.t9.medium\n"))
            .person("describe-orderable-db-instance-options", |place| {
                place.world.edit_stack("db.t9.medium", "db.t4g.medium");
            }),
        Scene::new("authority").edited(SIZE, &format!("{SIZE}    ca_cert_identifier: rds-ca-2019\n")).person(
            "write one of these as `ca_cert_identifier`",
            |place| {
                place.world.edit_stack("rds-ca-2019", "rds-ca-rsa2048-g1");
            },
        ),
        Scene::new("image")
            .edited("databases:\n", &format!("{MACHINE}databases:\n"))
            .edited(IMAGE, "ami-00000000")
            .person("aws ec2 describe-images", |place| place.world.edit_stack("ami-00000000", IMAGE)),
        Scene::new("instance-type")
            .edited("databases:\n", &format!("{MACHINE}databases:\n"))
            .edited("t3.large", "t9.large")
            .person("aws ec2 describe-instance-type-offerings", |place| {
                place.world.edit_stack("t9.large", "t3.large");
            }),
        Scene::new("kms-key")
            .edited(SIZE, &format!("{SIZE}{KEY}"))
            .person("aws kms list-aliases", |place| place.world.edit_stack(KEY, "")),
        Scene::new("named").edited(SIZE, &format!("{SIZE}{SOURCE}")).person(
            "aws ec2 describe-security-groups",
            |place| {
                let id = place.cluster_group("nodes");
                place.world.edit_stack("sg-0123456789abcdef0", &id);
            },
        ),
        Scene::new("parameter")
            .edited(SIZE, &format!("{SIZE}    parameters: {{ work_men: \"1024\" }}\n"))
            .person("write `work_mem`", |place| place.world.edit_stack("work_men", "work_mem")),
        Scene::of("missing")
            .edited(
                SIZE,
                &format!("{SIZE}    final_snapshot: false\n    deletion_protection: false\n{LEDGER}"),
            )
            .act(|place| {
                let hand = Hand { cloud: &place.world.cloud };
                hand.remakes_node_group(&place.vpc(), &place.cluster(), &place.cluster_group("nodes"));
                Done::default()
            }),
        Scene::new("name-taken").act(|place| {
            let call = place.world.cloud.ec2.create_security_group().group_name("shop-files");
            let made = place.world.cloud.run(call.description("of others").vpc_id(place.vpc()).send());
            made.expect("a group can be made");
            Done::default()
        }),
        Scene::of("network").act(|place| {
            place.world.reseeded(&["--two-clusters"]);
            place.world.edit_stack("stack: shop\n", "stack: shop\ncluster: other.myzone.net\n");
            Done { before: Some(SMALL.to_owned()), ..Done::default() }
        }),
        Scene::of("newer").act(|place| Done {
            readable: place.rewrite_state(records::with_a_newer_kind),
            ..Done::default()
        }),
        Scene::of("ownership").edited("access: [nodes, masters]", "access: [nodes]").act(|place| {
            Hand { cloud: &place.world.cloud }.untags_group();
            Done::default()
        }),
        Scene::new("password").edited(SIZE, &format!("{SIZE}    password: env:OF_THE_DATABASE\n")).person(
            "set OF_THE_DATABASE to the password",
            |place| {
                place.world.set("OF_THE_DATABASE", crate::case::PASSWORD);
            },
        ),
        // Two buckets kept their names when their keys were exchanged; the file has the old names again, and the state is lost.
        Scene::new("name-taken").act(|place| {
            let name = |key: &str| format!("exchanged-{}-{key}", place.world.account);
            let stack = |x: &str, y: &str| {
                let bucket = |key: &str, of: &str| {
                    format!("  {key}:\n    bucket: {}\n    deletion_protection: false\n", name(of))
                };
                format!("stack: shop\nbuckets:\n{}{}", bucket("x", x), bucket("y", y))
            };
            let (before, wanted) = (stack("y", "x"), stack("x", "y"));
            place.make(&before);
            place.lose_state();
            place.world.write_stack(&wanted);
            Done { before: Some(before), ..Done::default() }
        }),
        Scene::new("permissions")
            .act(|place| {
                let operation = "ec2.CreateSecurityGroup.DryRun";
                place.world.control.refuse_always(operation, "UnauthorizedOperation", 403);
                Done::default()
            })
            .person("provision iam-policy", |place| place.world.control.forget_faults()),
        Scene::of("protected")
            .standing("deletion_protection: false", "deletion_protection: true")
            .options(&["--destroy"]),
        Scene::new("quota")
            .act(|place| {
                place.world.control.quotas(json!({ "elasticfilesystem/L-848C634D": 0 }));
                Done::default()
            })
            .person("raise the quota", |place| place.world.control.quotas(json!({}))),
        Scene::new("restore-from")
            .edited(SIZE, &format!("{SIZE}    restore_from: {{ snapshot: after }}\n"))
            .act(|place| {
                place.world.cloud.make_database("origin");
                place.world.cloud.make_snapshot("before", "origin");
                Done::default()
            })
            .person("aws rds describe-db-snapshots", |place| {
                place.world.edit_stack("snapshot: after", "snapshot: before");
            }),
        Scene::new("subnets")
            .edited(SIZE, &format!("{SIZE}    subnet_group: {{ existing: nope }}\n"))
            .person("aws rds describe-db-subnet-groups", |place| {
                place.world.edit_stack("    subnet_group: { existing: nope }\n", "");
            }),
        Scene::of("subnets-in-use").act(|place| {
            let (vpc, others) = (place.vpc(), others_in_their_zones(place));
            let named = others.iter().flat_map(|subnet| ["--subnet-id", subnet.as_str()]);
            let words: Vec<&str> = ["import", &vpc].into_iter().chain(named).collect();
            // With a state that knows the database, the import is refused.
            place.lose_state();
            for words in [words.as_slice(), &["state", "rebuild", "--auto-approve"]] {
                let ran = place.run(words, None);
                assert_eq!(ran.code, Some(0), "{}", ran.err);
            }
            Done::default()
        }),
        Scene::of("supplanted").act(|place| {
            Hand { cloud: &place.world.cloud }.remakes_group();
            Done::default()
        }),
        Scene::of("unclaimed").act(|place| {
            Hand { cloud: &place.world.cloud }.takes_file_system_over();
            let ran = place.run(&["state", "forget", "aws_efs_file_system.files", "--auto-approve"], None);
            assert_eq!(ran.code, Some(0), "{}", ran.err);
            Done::default()
        }),
        Scene::of("unrecorded").act(|place| {
            place.lose_state();
            Done::default()
        }),
        Scene::of("upgrade-target")
            .standing(SIZE, &format!("{SIZE}    engine_version: \"16.3\"\n"))
            .edited("16.3", "16.5")
            .person("it goes to 16.4, 16.8", |place| place.world.edit_stack("16.5", "16.4")),
    ]
}

/// A subnet so small that it can be filled, in a zone that has none yet.
fn adds_a_small_subnet(place: &Place) -> String {
    let (cloud, cluster) = (&place.world.cloud, place.cluster());
    let tag = |key: &str, value: &str| aws_sdk_ec2::types::Tag::builder().key(key).value(value).build();
    let tags = aws_sdk_ec2::types::TagSpecification::builder()
        .resource_type(ResourceType::Subnet)
        .tags(tag("Name", &format!("eu-west-1c.{cluster}")))
        .tags(tag("KubernetesCluster", &cluster))
        .tags(tag(&format!("kubernetes.io/cluster/{cluster}"), "owned"))
        .tags(tag("SubnetType", "Public"));
    let call = cloud.ec2.create_subnet().vpc_id(place.vpc()).cidr_block("172.20.255.0/28");
    let made = cloud.run(call.availability_zone("eu-west-1c").tag_specifications(tags.build()).send());
    made.expect("a subnet can be made").subnet.and_then(|one| one.subnet_id).expect("it has an id")
}

/// Another subnet in each zone of the network.
fn others_in_their_zones(place: &Place) -> Vec<String> {
    let cloud = &place.world.cloud;
    let zones = ["a", "b", "c"].map(|letter| format!("eu-west-1{letter}"));
    let made = zones.iter().enumerate().map(|(number, zone)| {
        let call = cloud.ec2.create_subnet().vpc_id(place.vpc()).availability_zone(zone);
        let made = cloud.run(call.cidr_block(format!("172.20.{}.0/24", 240 + number)).send());
        made.expect("a subnet can be made").subnet.and_then(|one| one.subnet_id).expect("it has an id")
    });
    made.collect()
}

fn fills_a_subnet(place: &Place, subnet: &str) {
    let cloud = &place.world.cloud;
    // Of sixteen addresses AWS keeps five.
    for _ in 0..11 {
        let call = cloud.ec2.create_network_interface().subnet_id(subnet).description("fills the subnet");
        cloud.run(call.send()).expect("an interface can be made");
    }
}

fn delete_interfaces(place: &Place, description: &str) {
    let cloud = &place.world.cloud;
    let all = cloud.run(cloud.ec2.describe_network_interfaces().send()).expect("interfaces can be read");
    let those = all.network_interfaces().iter().filter(|one| one.description() == Some(description));
    for id in those.filter_map(|one| one.network_interface_id()) {
        let call = cloud.ec2.delete_network_interface().network_interface_id(id);
        cloud.run(call.send()).expect("an interface can be deleted");
    }
}

/// Brings a finding about, and follows what is said.
fn follow(upstream: &str, scene: &Scene, trail: &mut Trail) {
    let mut place = Place::new(upstream, scene.zones);
    if let Some(before) = &scene.before {
        place.make(before);
    }
    place.world.write_stack(&scene.stack);
    let mut done = (scene.act)(&mut place);
    if scene.before.as_ref().is_some_and(|before| *before != scene.stack) && done.before.is_none() {
        done.before.clone_from(&scene.before);
    }
    let (data, others) = (data_of(&place), others(&place.world.cloud));
    place.watch(&others);
    let known = Knowledge { held: BTreeSet::new(), data, others, done, request: scene.request };
    settle(&mut place, &known, trail);
    assert!(trail.checks.contains(scene.check), "it did not come about: {:?}", trail.checks);
}

#[test]
fn whoever_types_what_an_error_says_gets_on() {
    let upstream = crate::world::endpoint().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let named = std::env::var("PROVISION_FAULT_CASE").unwrap_or_default();
    let is_named = |scene: &Scene| {
        named.is_empty() || named.split(',').any(|name| format!("hints/{}", scene.check).contains(name))
    };
    let queue: VecDeque<Scene> = scenes().into_iter().filter(is_named).collect();
    let (queue, failed) = (Mutex::new(queue), Mutex::new(Vec::new()));
    let lock = "no thread panics while it holds the lock";
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(scene) = queue.lock().expect(lock).pop_front() else { return };
                    let mut trail = Trail::default();
                    let went = catch_unwind(AssertUnwindSafe(|| follow(&upstream, &scene, &mut trail)));
                    let verdict = if went.is_ok() { "ok" } else { "FAILED" };
                    println!("{verdict:<6} hints/{}", scene.check);
                    if let Err(cause) = went {
                        let cause = text_of(cause.as_ref());
                        failed.lock().expect(lock).push(format!(
                            "hints/{}\n{}{cause}",
                            scene.check,
                            trail.text()
                        ));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect(lock);
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n\n"));
}

/// The warnings whose hints are typed.
const WARNINGS: [&str; 3] = ["left-to-do", "renamed", "status"];

/// A warning is nothing that stands in the way: its hint is typed, and then it is gone.
#[test]
fn whoever_types_what_a_warning_says_hears_it_no_more() {
    let upstream = crate::world::endpoint().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let place = Place::new(&upstream, 3);
    let points = "    access_points:\n      git: { uid: 998 }\n";
    let stack = |value: &str, points: &str| {
        let parameters = format!("{SIZE}    parameters: {{ max_connections: \"{value}\" }}\n");
        let group = "    security_group: shop-files\n";
        SMALL.replace(SIZE, &parameters).replace(group, &format!("{group}{points}"))
    };
    let warning = |check: &str| {
        let plan: Value = place.world.plan(&[]);
        let warnings = plan["preflight"].as_array().cloned().unwrap_or_default();
        let found = warnings.into_iter().find(|finding| finding["check"] == check);
        found.and_then(|finding| finding["hint"].as_str().map(str::to_owned))
    };
    place.make(&stack("100", points));
    for check in WARNINGS {
        match check {
            "renamed" => place.world.write_stack(&stack("200", &points.replace("git", "vcs"))),
            "status" => place.world.control.status("records", "stopped"),
            _ => place.make(&stack("200", points)),
        }
        let hint = warning(check).unwrap_or_else(|| panic!("{check} did not come about"));
        match ways(&hint).remove(0).remove(0) {
            Typed::Aws(words) => hints::aws(&place.world, &words),
            Typed::Provision(words) => {
                let words: Vec<&str> = words.iter().map(String::as_str).chain(["--auto-approve"]).collect();
                let ran = place.run(&words, None);
                assert_eq!(ran.code, Some(0), "{}", ran.err);
            }
            other => panic!("{other:?} cannot be typed: {hint}"),
        }
        assert_eq!(warning(check), None, "{check}");
    }
}

#[test]
fn every_check_has_a_scene() {
    let scenes: BTreeSet<&str> = scenes().iter().map(|scene| scene.check).collect();
    let elsewhere: BTreeMap<&str, &str> = ELSEWHERE.iter().copied().collect();
    let is_covered =
        |check: &str| scenes.contains(check) || elsewhere.contains_key(check) || WARNINGS.contains(&check);
    let missing: Vec<_> = CHECKS.iter().map(|check| check.name).filter(|name| !is_covered(name)).collect();
    assert!(missing.is_empty(), "checks without a scene: {missing:?}");
    let known: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    assert!(scenes.is_subset(&known), "scenes of checks that there are not");
}
