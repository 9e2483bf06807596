//! A stack in its network: it stays there, no matter what becomes of the cluster, and the command that helps is named and helps.

use serde_json::Value;

use crate::world::{NOTHING, SMALL_STACK, World};

/// A database and a file system that everything may be done to at once.
const STACK: &str = "\
stack: shop
file_systems:
  files:
    security_group: shop-files
    deletion_protection: false
databases:
  records:
    allocated_storage: 50
    apply_immediately: true
    final_snapshot: false
";

const ONE: &str = "k8s.myzone.net";
const OTHER: &str = "other.myzone.net";

fn vpc(seed: &Value) -> String {
    seed["vpc_id"].as_str().expect("the seed names its VPC").to_owned()
}

fn group(seed: &Value, name: &str) -> String {
    seed["security_groups"][name].as_str().expect("the seed names its groups").to_owned()
}

fn applied(seed: &[&str]) -> World {
    let world = World::seeded(seed);
    world.write_stack(STACK);
    world.provision(&["import", &vpc(&world.seed)]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    world
}

/// The groups that a group of the stack lets in.
fn let_in(world: &World, name: &str) -> Vec<String> {
    let group = world.cloud.group(name);
    let pairs = group.ip_permissions().iter().flat_map(|rule| rule.user_id_group_pairs());
    let mut found: Vec<String> = pairs.filter_map(|pair| pair.group_id().map(str::to_owned)).collect();
    found.sort();
    found
}

fn sorted(ids: &[String]) -> Vec<String> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids
}

/// The findings of a plan of one check.
fn findings<'a>(plan: &'a Value, check: &str) -> Vec<&'a Value> {
    let all = plan["preflight"].as_array().into_iter().flatten();
    all.filter(|finding| finding["check"] == check).collect()
}

#[test]
fn a_stack_never_leaves_its_network() {
    let mut world = World::seeded(&["--two-clusters"]);
    let (one, other) = (vpc(&world.seed[0]), vpc(&world.seed[1]));
    world.write_stack(STACK);
    world.apply(&["--cluster", ONE]);
    world.provision(&["plan", "--out", "saved.json"]).exits(0);
    let before = world.files();
    let (network, count) = (world.cloud.network(), world.cloud.count());
    world.control.forget_calls();
    let both = [one.as_str(), other.as_str(), ONE, OTHER];
    world.set("PROVISION_CLUSTER", OTHER);
    for command in [
        &["plan"][..],
        &["plan", "--refresh-only"],
        &["apply", "--auto-approve"],
        &["apply", "--refresh-only", "--auto-approve"],
        &["state", "rebuild", "--auto-approve"],
        &["import", &other],
    ] {
        let ran = world.provision(command).exits(1).says(&both).says(&["hint: "]);
        assert!(!ran.said().contains("aws_efs_mount_target"), "{ran:?}");
    }
    let plan = world.plan(&[]);
    assert_eq!(plan["changes"], serde_json::json!([]));
    assert_eq!(findings(&plan, "network").len(), 1);
    assert_eq!(world.provision(&["apply", "saved.json", "--auto-approve"]).code, 3);
    for command in [
        &["destroy", "--auto-approve"][..],
        &["plan", "--destroy"],
        &["apply", "--destroy", "--auto-approve"],
    ] {
        world.provision(command).exits(1).says(&[ONE, OTHER, "hint: "]);
    }
    world.set("PROVISION_CLUSTER", "third.myzone.net");
    world.provision(&["plan"]).exits(1).says(&["third.myzone.net", "to go on there", ONE, &one]);
    world.set("PROVISION_CLUSTER", ONE);
    world.plans_nothing();
    world.edit_stack("stack: shop\n", "stack: shop\ncluster: other.myzone.net\n");
    world.set("PROVISION_CLUSTER", OTHER);
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&both);
    world.edit_stack("cluster: other.myzone.net\n", "");
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!((world.files(), world.cloud.count()), (before, count));
    assert_eq!(world.cloud.network(), network);

    // Doing what the hint says helps.
    world.set("PROVISION_CLUSTER", "k8s.myzone.net");
    world.plans_nothing();
}

#[test]
fn a_second_node_group_is_let_in_by_importing_once_more_and_keeps_its_address() {
    let world = applied(&[]);
    let here = vpc(&world.seed);
    let seed = world.reseeded(&["--node-group", "big-nodes"]);
    let (nodes, masters, big) = (group(&seed, "nodes"), group(&seed, "masters"), group(&seed, "big-nodes"));
    let ran = world.provision(&["import", &here]).exits(0).says(&["1 resources are watched", &big]);
    assert!(!ran.said().contains("Forgot") && !ran.said().contains("not among"), "{ran:?}");
    assert_eq!(world.record("aws_security_group.nodes")["id"], nodes.as_str());
    assert_eq!(world.record(&format!("aws_security_group.nodes/{big}"))["id"], big.as_str());
    world.provision(&["import", &here]).exits(0).says(&["Nothing to do"]);
    world.apply(&[]);
    assert_eq!(let_in(&world, "shop-files"), sorted(&[nodes.clone(), masters.clone(), big.clone()]));
    world.plans_nothing();

    // The instance group is scaled to zero: it is not cut off.
    let by_group = aws_sdk_ec2::types::Filter::builder().name("instance.group-id").values(&big).build();
    let found = world.cloud.run(world.cloud.ec2.describe_instances().filters(by_group).send());
    let ids: Vec<String> = found
        .expect("instances can be read")
        .reservations()
        .iter()
        .flat_map(|reservation| reservation.instances())
        .filter_map(|instance| instance.instance_id().map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 1);
    let call = world.cloud.ec2.terminate_instances().set_instance_ids(Some(ids)).send();
    world.cloud.run(call).expect("an instance can be terminated");
    world.provision(&["import", &here]).exits(0).says(&["Nothing to do", "chosen before"]);
    world.plans_nothing();

    // Naming the groups gives the other one up: in the state at once, in the rules by the next apply.
    world.provision(&["import", &here, "--node-security-group", &nodes]).exits(0).says(&["Forgot"]);
    world.provision(&["plan", "--detailed-exitcode"]).exits(2).says(&["aws_security_group.files", &big]);
    world.apply(&[]);
    assert_eq!(let_in(&world, "shop-files"), sorted(&[nodes, masters]));
    world.plans_nothing();
}

#[test]
fn a_new_zone_with_nodes_is_a_warning_until_it_is_imported() {
    let world = applied(&["--topology", "private", "--zones", "2"]);
    let here = vpc(&world.seed);
    assert_eq!(
        findings(&world.plan(&[]), "new-zone"),
        Vec::<&Value>::new(),
        "utility subnets count for nothing"
    );
    world.reseeded(&["--topology", "private", "--zones", "3"]);
    world.control.forget_calls();
    world.provision(&["plan", "--detailed-exitcode"]).exits(0).says(&[
        "warning",
        "eu-west-1c",
        "files cannot be mounted there",
        &format!("hint: provision import {here} provision apply"),
    ]);
    assert!(world.control.calls().total <= 11, "{:?}", world.control.calls());
    world.provision(&["import", &here]).exits(0).says(&["1 resources are watched"]);
    let plan = world.plan(&[]);
    assert_eq!((&plan["summary"]["create"], &plan["summary"]["update"]), (&1.into(), &1.into()));
    assert_eq!(findings(&plan, "new-zone"), Vec::<&Value>::new());
    // Until it is there, the list is not whole.
    world.provision(&["output", "nfs_mount_points"]).exits(1).says(&["eu-west-1c", "hint: provision apply"]);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.mount_targets().len(), 3);
    assert_eq!(world.provision(&["output", "nfs_mount_points"]).exits(0).out.split_whitespace().count(), 3);
}

#[test]
fn with_no_cluster_left_only_what_needs_it_waits() {
    let world = applied(&[]);
    let here = vpc(&world.seed);
    world.reseeded(&["--gone"]);
    let ran = world.provision(&["plan", "--detailed-exitcode"]).exits(2).says(&[
        "blocked",
        "the security group of the nodes",
        "the security group of the masters",
        "aws_security_group.files",
        "are left as they are",
        &format!("provision import {here}"),
        "`access`",
    ]);
    assert!(!ran.said().contains("${") && !ran.said().contains("error"), "{ran:?}");
    // The database is changed, and its protection turned off.
    world.edit_stack(
        "allocated_storage: 50",
        "allocated_storage: 50\n    instance_class: db.t4g.large\n    deletion_protection: false",
    );
    // It says that the groups were left as they are, and fails for that.
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["aws_security_group.files", "`access`"]);
    assert_eq!(world.cloud.database().db_instance_class(), Some("db.t4g.large"));
    assert_eq!(world.cloud.database().deletion_protection(), Some(false));
    world.provision(&["output", "pgsql_endpoint"]).exits(0);
    world.provision(&["import", &here]).exits(1).says(&["looks deleted"]);
    world.provision(&["plan", "--detailed-exitcode"]).exits(2);

    // Access for none: the groups of the cluster are needed no longer.
    world.edit_stack("security_group: shop-files", "security_group: shop-files\n    access: []");
    world.edit_stack("allocated_storage: 50", "allocated_storage: 50\n    access: []");
    world.apply(&[]);
    world.plans_nothing();
    let ran = world.provision(&["plan"]).exits(0);
    assert!(!ran.said().contains("warning"), "{ran:?}");
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_destroy_needs_no_cluster() {
    let world = World::applied();
    world.reseeded(&["--gone"]);
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn the_groups_of_a_rebuilt_cluster_are_let_in_by_importing_once_more() {
    let world = applied(&["--topology", "shared-vpc"]);
    let here = vpc(&world.seed);
    world.reseeded(&["--topology", "shared-vpc", "--gone"]);
    let seed = world.reseeded(&["--topology", "shared-vpc"]);
    assert_ne!(group(&seed, "nodes"), group(&world.seed, "nodes"));
    world.provision(&["plan"]).exits(0).says(&[&format!("provision import {here}")]);
    world.provision(&["import", &here]).exits(0).says(&["2 resources are watched"]);
    world.apply(&[]);
    world.plans_nothing();
    let now = sorted(&[group(&seed, "nodes"), group(&seed, "masters")]);
    assert_eq!(let_in(&world, "shop-files"), now);
    assert_eq!(world.cloud.count(), SMALL_STACK);
}

#[test]
fn access_for_none_lets_a_cluster_be_deleted() {
    let world = applied(&[]);
    let nodes = group(&world.seed, "nodes");
    let delete = || {
        let call = world.cloud.ec2.delete_security_group().group_id(&nodes).send();
        world.cloud.run(call)
    };
    assert!(delete().is_err(), "a rule of the stack holds it");
    world.edit_stack("security_group: shop-files", "security_group: shop-files\n    access: []");
    world.edit_stack("allocated_storage: 50", "allocated_storage: 50\n    access: []");
    world.apply(&[]);
    assert_eq!((let_in(&world, "shop-files"), let_in(&world, "shop-records")), (vec![], vec![]));
    world.plans_nothing();
    // Now kops can do it.
    world.reseeded(&["--gone"]);
    let plan = world.plan(&[]);
    assert_eq!(
        (&plan["summary"]["forget"], plan["preflight"].as_array().map(Vec::len)),
        (&2.into(), Some(0))
    );
    world.apply(&[]);
    world.plans_nothing();
}

/// The ids of what a seed made, by a member of it.
fn ids(seed: &Value, member: &str) -> Vec<String> {
    let all = seed[member].as_array().into_iter().flatten();
    all.filter_map(|one| one["id"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_zone_that_the_cluster_gave_up_is_forgotten_by_importing_once_more() {
    let world = applied(&[]);
    let here = vpc(&world.seed);
    let target = world.cloud.mount_targets().remove(2);
    let call = world.cloud.efs.delete_mount_target().mount_target_id(target.mount_target_id()).send();
    world.cloud.run(call).expect("a mount target can be deleted");
    let call = world.cloud.ec2.delete_subnet().subnet_id(target.subnet_id()).send();
    world.cloud.run(call).expect("a subnet that nothing is in can be deleted");
    let command = format!("provision import {here}");
    let said = [
        "the subnet of eu-west-1c",
        "aws_efs_mount_target.files/eu-west-1c needs it and cannot be made",
        &command,
    ];
    let ran = world.provision(&["plan"]).exits(1).says(&said);
    assert!(!ran.said().contains("${"), "{ran:?}");
    world.provision(&["import", &here]).exits(0).says(&["Forgot aws_subnet.eu-west-1c: it is gone from AWS"]);
    let plan = world.plan(&[]);
    assert_eq!((&plan["summary"]["forget"], &plan["summary"]["update"]), (&1.into(), &1.into()));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.provision(&["output", "nfs_mount_points"]).exits(0).out.split_whitespace().count(), 2);
}

#[test]
fn a_file_system_outlives_its_vpc_and_follows_the_cluster_into_a_new_one() {
    let world = World::seeded(&[]);
    world.write_stack("stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n");
    world.provision(&["import", &vpc(&world.seed)]).exits(0);
    world.apply(&[]);
    let before = world.cloud.file_system();
    // Everything of the network goes, and all that stands in it.
    let (cloud, ec2) = (&world.cloud, &world.cloud.ec2);
    for target in cloud.mount_targets() {
        let call = cloud.efs.delete_mount_target().mount_target_id(target.mount_target_id()).send();
        cloud.run(call).expect("a mount target can be deleted");
    }
    world.reseeded(&["--gone"]);
    let group = cloud.groups().remove(0).group_id.expect("it has an id");
    cloud.run(ec2.delete_security_group().group_id(group).send()).expect("a group can be deleted");
    let gateway = world.seed["internet_gateway"].as_str().expect("the seed names it");
    let here = vpc(&world.seed);
    cloud
        .run(ec2.detach_internet_gateway().internet_gateway_id(gateway).vpc_id(&here).send())
        .expect("detached");
    for subnet in ids(&world.seed, "subnets") {
        cloud.run(ec2.delete_subnet().subnet_id(subnet).send()).expect("a subnet can be deleted");
    }
    // The emulator keeps the association of a subnet that is gone.
    let tables = cloud.run(ec2.describe_route_tables().send()).expect("tables can be read");
    let associations = tables.route_tables().iter().flat_map(|table| table.associations());
    for association in associations.filter(|one| one.main() != Some(true)) {
        let call =
            ec2.disassociate_route_table().set_association_id(association.route_table_association_id.clone());
        cloud.run(call.send()).expect("a table can be taken from a subnet");
    }
    for table in ids(&world.seed, "route_tables") {
        cloud.run(ec2.delete_route_table().route_table_id(table).send()).expect("a table can be deleted");
    }
    cloud.run(ec2.delete_vpc().vpc_id(&here).send()).expect("a VPC can be deleted");

    let seed = world.reseeded(&[]);
    let there = vpc(&seed);
    assert_ne!(here, there);
    world.provision(&["plan"]).exits(1).says(&["the VPC", &here, "is not in AWS", "provision import VPC-ID"]);
    world.provision(&["import", &there]).exits(0).says(&["are watched"]);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.cloud.file_system().file_system_id(), before.file_system_id(), "the data is kept");
    assert_eq!(world.cloud.mount_targets().len(), 3);
}

#[test]
fn a_lost_state_is_put_together_again_and_destroyed_without_the_cluster() {
    for shared in [false, true] {
        let topology: &[&str] = if shared { &["--topology", "shared-vpc"] } else { &[] };
        let world = applied(topology);
        world.reseeded(&[topology, &["--gone"]].concat());
        std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
        let here = vpc(&world.seed);
        let own = world.cloud.group("shop-files").group_id().expect("it has an id").to_owned();
        let mut named = vec!["--cluster".to_owned(), ONE.to_owned()];
        for id in ids(&world.seed, "subnet_ids") {
            named.extend(["--subnet-id".to_owned(), id]);
        }
        let with = |words: &[&str]| -> Vec<String> {
            let words = words.iter().map(|word| (*word).to_owned());
            words.chain(if shared { named.clone() } else { Vec::new() }).collect()
        };
        let run = |words: Vec<String>| world.provision(&words.iter().map(String::as_str).collect::<Vec<_>>());
        run(with(&["import", &here])).exits(1).says(&["access: []"]);
        run(with(&["import", &here, "--node-security-group", &own]))
            .exits(1)
            .says(&[&own, "provision made it for the stack shop"]);

        world.edit_stack("security_group: shop-files", "security_group: shop-files\n    access: []");
        world.edit_stack(
            "allocated_storage: 50",
            "allocated_storage: 50\n    access: []\n    deletion_protection: false",
        );
        run(with(&["import", &here])).exits(0);
        world.provision(&["plan"]).exits(1).says(&["provision state rebuild"]);
        world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
        world.apply(&[]);
        world.plans_nothing();
        world.destroy();
        assert_eq!(world.cloud.count(), NOTHING);
    }
}

/// The lines that name the seed's network, with these groups.
fn named(seed: &Value, groups: &str) -> String {
    format!(
        "network:\n  vpc: {}\n  subnets: [{}]\n  groups: {groups}\n",
        vpc(seed),
        ids(seed, "subnets").join(", ")
    )
}

#[test]
fn a_network_that_the_stack_file_names_is_watched_without_a_cluster() {
    let world = World::seeded(&[]);
    let (nodes, masters) = (group(&world.seed, "nodes"), group(&world.seed, "masters"));
    let groups = format!("{{ nodes: {nodes}, masters: {masters} }}");
    let stack =
        STACK.replace("final_snapshot: false", "final_snapshot: false\n    deletion_protection: false");
    world.write_stack(&format!("{}{stack}", named(&world.seed, &groups)));
    let before = world.cloud.network();
    let plan = world.plan(&[]);
    assert_eq!((&plan["cluster"], &plan["summary"]["watch"]), (&Value::Null, &6.into()));
    world.apply(&[]);
    world.control.forget_calls();
    world.plans_nothing();
    let asked = world.control.log().len();
    assert_eq!(let_in(&world, "shop-files"), sorted(&[nodes.clone(), masters.clone()]));
    let made = world.cloud.group("shop-files");
    assert!(!made.tags().iter().any(|tag| tag.key() == Some("provision:cluster")), "{made:?}");
    assert_eq!(world.cloud.network(), before, "it is only watched");
    let record = world.record("aws_subnet.eu-west-1a");
    assert_eq!(record["watched"], true);

    // A change of it is seen and made.
    world.edit_stack(&format!("masters: {masters}"), &format!("masters: {nodes}"));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(let_in(&world, "shop-files"), std::slice::from_ref(&nodes));
    // Nothing more is asked than in a cluster's network.
    let cluster = applied(&[]);
    cluster.control.forget_calls();
    cluster.plans_nothing();
    assert_eq!(asked, cluster.control.log().len());

    world
        .provision(&["plan", "--cluster", ONE])
        .exits(1)
        .says(&["names the network of the stack", "--cluster"]);
    world.provision(&["import", "vpc-0123456789abcdef0"]).exits(1).says(&["and another one is named"]);
    world.provision(&["import", &vpc(&world.seed)]).exits(0).says(&["is watched already"]);
    world.destroy().exits(0);
    assert_eq!(world.cloud.count(), NOTHING);
    assert_eq!(world.cloud.network(), before);
}

#[test]
fn what_is_not_there_of_a_named_network_is_said_with_the_line_to_write() {
    let world = World::seeded(&[]);
    let (here, subnets) = (vpc(&world.seed), ids(&world.seed, "subnets"));
    let groups = format!("{{ nodes: {0}, masters: {0} }}", group(&world.seed, "nodes"));
    let right = format!("{}{STACK}", named(&world.seed, &groups));
    let unknown = "0123456789abcdef0";
    for (from, to, says, write) in [
        (
            here.as_str(),
            format!("vpc-{unknown}"),
            "there is no VPC vpc-0123456789abcdef0",
            "check `vpc` of `network`",
        ),
        (
            &subnets[0],
            format!("subnet-{unknown}"),
            "there is no subnet",
            "write one subnet of each zone in `subnets` of `network`",
        ),
        (
            &group(&world.seed, "nodes"),
            format!("sg-{unknown}"),
            "there is no security group",
            "in `groups: { nodes: sg-… }` of `network`",
        ),
    ] {
        world.write_stack(&right.replace(from, &to));
        world.provision(&["plan"]).exits(1).says(&[says, write, "eu-west-1"]);
    }
    world.write_stack(&right.replace(&format!(", {}, {}", subnets[1], subnets[2]), ""));
    world.provision(&["plan"]).exits(1).says(&["needs subnets in two zones at least"]);
    assert_eq!(world.control.calls().mutating(), 0);
    // Buckets stand in no network, and none is looked at for them.
    world.write_stack(&format!(
        "stack: shop\nnetwork: {{ vpc: vpc-{unknown}, subnets: [subnet-{unknown}] }}\nbuckets: {{}}\n"
    ));
    world.provision(&["plan"]).exits(0);
}
