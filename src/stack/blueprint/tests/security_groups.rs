//! Security groups: their rules and sources, those of roles, and those of others.

use super::*;

#[test]
fn a_rule_of_an_entry_of_security_groups_is_written_as_its_own_option_and_one_behind_an_entry_as_access() {
    let registry = crate::aws::kinds::registry();
    let text = "stack: s\nsecurity_groups:\n  office: {}\nfile_systems:\n  files: {}\n";
    let stack = crate::stack::parse("a stack", text, &registry).expect("it is right");
    let network = Network {
        cluster: crate::engine::network::Cluster { name: None, efs_names_resolve: true },
        vpc: Id::new("vpc-1"),
        subnets: [("a".to_owned(), Id::new("subnet-1"))].into(),
        groups: BTreeMap::new(),
    };
    let blueprint = super::blueprint(&stack, &network).expect("it fits");
    let fields = registry.managing("aws_security_group").expect("the kind is known").fields();
    let option = |name: &str, field| {
        let address = Address::new("aws_security_group", name);
        blueprint.to_write(&address, fields, field).map(str::to_owned)
    };
    assert_eq!(option("office", "ingress").as_deref(), Some("ingress"));
    assert_eq!(option("office", "egress").as_deref(), Some("egress"));
    assert_eq!(option("files", "ingress").as_deref(), Some("access"));
    assert_eq!(option("files", "egress"), None);
}

#[test]
fn access_for_none_is_a_group_without_ingress() {
    let blueprint =
        blueprint(&stack("file_systems: { nfs: { access: [] } }"), &network(3, 1, 1)).expect("they fit");
    let group = inputs(&blueprint, "aws_security_group.nfs");
    assert_eq!(
        (&group["ingress"], group["egress"].as_array().map(Vec::len)),
        (&serde_json::json!([]), Some(1))
    );
}

#[test]
fn every_source_is_a_rule_of_its_own_and_a_group_that_a_role_has_is_let_in_once() {
    let text = "databases: { db: { port: 5433, access: [
        { cidr: 10.99.0.0/16, description: VPN },
        { cidr: '2001:DB8::/32' },
        { prefix_list: pl-0abc },
        { group: sg-nodes1 },
        { group: sg-0abc, ports: all },
        { role: nodes, ports: all, description: as before },
        nodes,
    ] } }";
    // A group's id has the digits of hexadecimal numbers alone; here a role has it.
    let text = text.replace("sg-nodes1", "sg-0def");
    let mut network = network(2, 1, 1);
    network.groups.insert(Role::Nodes, Role::Nodes.placed(&[Id::new("sg-0def")], None));
    let stack = stack(&text);
    let blueprint = blueprint(&stack, &network).expect("they fit");
    let nodes = "${aws_security_group.nodes.id}";
    let tcp = |source: &str, description: &str| {
        serde_json::json!({
            "protocol": "tcp", "from_port": 5433, "to_port": 5433, "source": source, "description": description,
        })
    };
    let all = |source: &str, description: &str| serde_json::json!({ "protocol": "-1", "source": source, "description": description });
    assert_eq!(
        inputs(&blueprint, "aws_security_group.db")["ingress"],
        serde_json::json!([
            tcp(nodes, "PostgreSQL from the nodes of the cluster"),
            all(nodes, "as before"),
            tcp("10.99.0.0/16", "VPN"),
            tcp("2001:db8::/32", "PostgreSQL from 2001:db8::/32"),
            tcp("pl-0abc", "PostgreSQL from pl-0abc"),
            all("sg-0abc", "All traffic from sg-0abc"),
        ])
    );
    assert_eq!(stack.roles_without_access(), [Role::Masters].into());
}

#[test]
fn groups_of_others_are_attached_and_declared_nowhere() {
    let text = "
        file_systems: { nfs: { security_group: sg-0abc, extra_security_groups: [sg-2, sg-1] } }
        databases: { db: { extra_security_groups: [sg-1] } }";
    let stack = stack(text);
    let blueprint = blueprint(&stack, &network(2, 1, 1)).expect("they fit");
    assert!(!blueprint.declarations.keys().any(|address| address.to_string() == "aws_security_group.nfs"));
    let target = inputs(&blueprint, "aws_efs_mount_target.nfs/eu-west-1a");
    assert_eq!(target["security_groups"], serde_json::json!(["sg-0abc", "sg-2", "sg-1"]));
    let database = inputs(&blueprint, "aws_db_instance.db");
    let groups = serde_json::json!(["${aws_security_group.db.id}", "sg-1"]);
    assert_eq!(database["vpc_security_group_ids"], groups);
    let alone = parse("x", "file_systems: { nfs: { security_group: sg-0abc } }", &registry());
    assert_eq!(alone.expect("valid").roles_without_access(), Role::ALL.into());
}

#[test]
fn a_group_that_two_roles_share_is_let_in_once() {
    let mut network = network(1, 1, 1);
    network.groups.insert(Role::Masters, Role::Masters.placed(&[Id::new("sg-nodes1")], None));
    let blueprint = blueprint(&stack("file_systems: { nfs: {} }"), &network).expect("they fit");
    let ingress = inputs(&blueprint, "aws_security_group.nfs")["ingress"].as_array().map(Vec::len);
    assert_eq!(ingress, Some(1));
}

#[test]
fn a_role_without_a_group_is_referred_to_and_not_declared() {
    let blueprint = blueprint(&stack("file_systems: { nfs: {} }"), &network(3, 1, 0)).expect("they fit");
    let masters = Role::Masters.address();
    assert!(!blueprint.declarations.contains_key(&masters));
    assert!(references(inputs(&blueprint, "aws_security_group.nfs")).contains(&masters));
}

#[test]
fn a_stack_that_names_no_role_needs_none() {
    let stack = stack("file_systems: { nfs: { access: [{ cidr: 10.0.0.0/8 }] } }");
    assert_eq!(stack.roles_without_access(), Role::ALL.into());
    let declared = blueprint(&stack, &network(2, 0, 0)).expect("they fit");
    let referred = references(inputs(&declared, "aws_security_group.nfs"));
    assert_eq!(referred, [Network::vpc_address()].into());
}

#[test]
fn an_entry_that_is_named_like_a_role_has_its_group_beside_the_cluster_s_own() {
    let stack = stack("file_systems: { nodes: {} }\ndatabases: { default: {} }");
    let blueprint = blueprint(&stack, &network(2, 1, 1)).expect("they fit");
    let role = blueprint.declarations[&Role::Nodes.address()].clone();
    assert_eq!(role, Declaration::Watched { id: Id::new("sg-nodes1") });
    let group = "aws_security_group.nodes/own";
    assert_eq!(inputs(&blueprint, group)["name"], "storage-nodes");
    let groups = &inputs(&blueprint, "aws_efs_mount_target.nodes/eu-west-1a")["security_groups"];
    assert_eq!(groups, &serde_json::json!([format!("${{{group}.id}}")]));
    assert_eq!(inputs(&blueprint, "aws_db_subnet_group.default")["name"], "default-subnets");
    assert_eq!(inputs(&blueprint, "aws_db_instance.default")["identifier"], "default");
}
