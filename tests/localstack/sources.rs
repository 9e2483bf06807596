//! Sources of access: roles, networks, other groups and prefix lists.

use aws_sdk_ec2::types::IpPermission;
use serde_json::Value;

use crate::world::World;

fn text<'a>(world: &'a World, of: &str) -> &'a str {
    world.seed[of].as_str().expect("the seed names it")
}

/// The rules of our group as `protocol port source description`.
fn rules(world: &World) -> Vec<String> {
    let group = world.cloud.group("shop-files");
    let one = |permission: &IpPermission| {
        let port = permission.from_port().filter(|port| *port != -1);
        let port = port.map_or_else(|| "all".to_owned(), |port| port.to_string());
        let protocol = permission.ip_protocol().unwrap_or_default().to_owned();
        let networks = permission.ip_ranges().iter().map(|one| (one.cidr_ip(), one.description()));
        let networks6 = permission.ipv6_ranges().iter().map(|one| (one.cidr_ipv6(), one.description()));
        let lists = permission.prefix_list_ids().iter().map(|one| (one.prefix_list_id(), one.description()));
        let groups = permission.user_id_group_pairs().iter().map(|one| (one.group_id(), one.description()));
        let all = networks.chain(networks6).chain(lists).chain(groups);
        all.map(|(source, said)| {
            format!("{protocol} {port} {} {}", source.unwrap_or_default(), said.unwrap_or_default())
        })
        .collect::<Vec<_>>()
    };
    let mut rules: Vec<String> = group.ip_permissions().iter().flat_map(one).collect();
    rules.sort();
    rules
}

fn findings<'a>(plan: &'a Value, check: &str) -> Vec<(&'a str, &'a str)> {
    let all = plan["preflight"].as_array().into_iter().flatten();
    let of = all.filter(|finding| finding["check"] == check);
    of.filter_map(|finding| Some((finding["level"].as_str()?, finding["message"].as_str()?))).collect()
}

/// The effect of the planned change of our group.
fn effect(world: &World) -> String {
    let plan = world.plan(&[]);
    let changes = plan["changes"].as_array().expect("a plan has changes");
    let group = changes.iter().find(|change| change["address"] == "aws_security_group.files");
    group.and_then(|group| group["effect"].as_str()).expect("the group is in the plan").to_owned()
}

#[test]
fn every_source_is_let_in_and_one_that_is_taken_out_costs_access() {
    let world = World::seeded(&[]);
    let group = world.cloud.make_group("bastion", text(&world, "vpc_id"));
    let list = world.cloud.make_prefix_list("offices");
    let nodes = world.seed["security_groups"]["nodes"].as_str().expect("the seed names it").to_owned();
    let stack = |sources: &str| format!("stack: shop\nfile_systems:\n  files:\n    access: [{sources}]\n");
    let all = format!(
        "nodes, {{ cidr: 10.99.0.0/16, description: VPN }}, {{ cidr: \"2001:DB8::/32\" }}, {{ group: {group} }}, \
         {{ prefix_list: {list}, description: offices }}"
    );
    world.write_stack(&stack(&all));
    let plan = world.plan(&[]);
    let named = findings(&plan, "named");
    assert!(named.iter().all(|(level, _)| *level == "passed") && named.len() == 2, "{named:?}");
    world.apply(&[]);
    world.plans_nothing();
    let mut expected = vec![
        format!("tcp 2049 {group} NFS from {group}"),
        format!("tcp 2049 {list} offices"),
        format!("tcp 2049 {nodes} NFS from the nodes of the cluster"),
        "tcp 2049 10.99.0.0/16 VPN".to_owned(),
        "tcp 2049 2001:db8::/32 NFS from 2001:db8::/32".to_owned(),
    ];
    expected.sort();
    assert_eq!(rules(&world), expected);

    // Nothing is asked of what is as it was applied.
    world.control.forget_calls();
    world.plans_nothing();
    assert!(!format!("{:?}", world.control.calls()).contains("PrefixList"));

    // Another description is no loss; a source less is one.
    world.edit_stack("description: VPN", "description: \"the VPN\"");
    assert_eq!(effect(&world), "none");
    world.edit_stack(&format!(", {{ prefix_list: {list}, description: offices }}"), "");
    assert_eq!(effect(&world), "access-loss");
    world.apply(&[]);
    world.plans_nothing();
    assert!(rules(&world).contains(&"tcp 2049 10.99.0.0/16 the VPN".to_owned()));
    assert_eq!(rules(&world).len(), 4);

    // All ports are taken as they are written, with a warning at every plan.
    world.write_stack(&stack("{ role: nodes, ports: all }"));
    world.apply(&[]);
    assert_eq!(rules(&world), [format!("-1 all {nodes} All traffic from the nodes of the cluster")]);
    let plan = world.plan(&[]);
    let warned = findings(&plan, "inputs");
    assert!(
        warned.len() == 1 && warned[0].0 == "warning" && warned[0].1.contains("in place of `all`"),
        "{warned:?}"
    );
    world.provision(&["plan", "--detailed-exitcode"]).exits(0);

    world.write_stack(&stack(""));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(rules(&world), [""; 0]);
}

#[test]
fn a_source_that_is_not_there_is_an_error_before_anything_is_made() {
    let world = World::seeded(&[]);
    world.write_stack(
        "file_systems: { files: { access: [{ group: sg-0123456789abcdef0 }, { prefix_list: pl-0123456789abcdef0 }] } }",
    );
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "there is no security group sg-0123456789abcdef0",
        "aws ec2 describe-security-groups",
        "there is no prefix list pl-0123456789abcdef0",
        "aws ec2 describe-managed-prefix-lists",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
}

#[test]
fn a_group_of_a_peered_vpc_is_a_source_and_one_of_another_vpc_is_a_warning() {
    let world = World::seeded(&[]);
    let ours = text(&world, "vpc_id").to_owned();
    let made = world.cloud.run(world.cloud.ec2.create_vpc().cidr_block("10.77.0.0/16").send());
    let theirs = made.expect("a VPC can be made").vpc.and_then(|vpc| vpc.vpc_id).expect("it has an id");
    let group = world.cloud.make_group("theirs", &theirs);
    world.write_stack(&format!(
        "stack: shop\nfile_systems: {{ files: {{ access: [{{ group: {group} }}] }} }}\n"
    ));
    let plan = world.plan(&[]);
    let named = findings(&plan, "named");
    assert!(
        named.len() == 1 && named[0].0 == "warning" && named[0].1.contains("no active peering"),
        "{named:?}"
    );

    let call = world.cloud.ec2.create_vpc_peering_connection().vpc_id(&ours).peer_vpc_id(&theirs);
    let peering = world.cloud.run(call.send()).expect("a peering connection can be made");
    let id = peering.vpc_peering_connection.and_then(|one| one.vpc_peering_connection_id);
    let accept = world.cloud.ec2.accept_vpc_peering_connection().set_vpc_peering_connection_id(id);
    world.cloud.run(accept.send()).expect("it can be accepted");
    let plan = world.plan(&[]);
    let named = findings(&plan, "named");
    assert!(named.len() == 1 && named[0].0 == "passed" && named[0].1.contains("peered"), "{named:?}");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(rules(&world), [format!("tcp 2049 {group} NFS from {group}")]);
}

/// EC2 shows a group of the own account without the account.
#[test]
fn a_group_with_the_own_account_before_it_is_the_same_as_without() {
    let world = World::seeded(&[]);
    let group = world.cloud.make_group("bastion", text(&world, "vpc_id"));
    let account = &world.account;
    world.write_stack(&format!(
        "stack: shop\nsecurity_groups:\n  files:\n    ingress:\n      - {{ group: {account}/{group}, port: 22 }}\n"
    ));
    world.apply(&[]);
    assert_eq!(rules(&world), [format!("tcp 22 {group} ")]);
    world.plans_nothing();
}

#[test]
fn a_group_that_is_full_gets_another_rule_in_the_place_of_one() {
    let world = World::seeded(&[]);
    let stack = |from: usize| {
        let one = |at: usize| format!("      - {{ cidr: 10.1.{at}.0/24, port: 80 }}\n");
        let rules: String = (from..from + 60).map(one).collect();
        format!("stack: shop\nsecurity_groups:\n  files:\n    ingress:\n{rules}")
    };
    world.write_stack(&stack(0));
    world.apply(&[]);
    world.write_stack(&stack(1));
    world.apply(&[]);
    let rules = rules(&world);
    assert_eq!((rules.len(), rules.contains(&"tcp 80 10.1.60.0/24 ".to_owned())), (60, true));
    world.plans_nothing();
}
