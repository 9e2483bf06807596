//! The network in a plan: never left, and missed by what needs it alone. With the real kinds, and AWS as a table.

use std::collections::BTreeMap;

use provision::aws::kinds::registry;
use provision::engine::address::Address;
use provision::engine::blueprint::{Blueprint, Declaration};
use provision::engine::document::{Document, resolve};
use provision::engine::kind::Live;
use provision::engine::network::{Cluster, Network, Role};
use provision::engine::plan::{Action, Level, Mode, Plan};
use provision::engine::planner::{self, Input, Sighting, Sightings};
use provision::engine::resource::{Condition, Id, Ownership};
use provision::engine::state::{Edit, Record, State};
use provision::stack::blueprint::blueprint;
use provision::stack::parse;
use serde_json::{Value, json};

use super::world::{address, options};

const STACK: &str = "\
stack: shop
file_systems: { files: {} }
databases: { records: { deletion_protection: true } }
";

fn network(cluster: &str, vpc: &str) -> Network {
    Network {
        cluster: Cluster {
            name: Some(cluster.to_owned()).filter(|name| !name.is_empty()),
            efs_names_resolve: true,
        },
        vpc: Id::new(vpc),
        subnets: ["a", "b"]
            .map(|zone| (format!("eu-west-1{zone}"), Id::new(format!("subnet-{vpc}-{zone}"))))
            .into(),
        groups: Role::ALL
            .map(|role| (role, role.placed(&[Id::new(format!("sg-{cluster}-{}", role.name()))], None)))
            .into(),
    }
}

/// A stack that was applied in a network, and AWS as it is then.
struct Applied {
    state: State,
    sightings: Sightings,
}

fn declared(stack: &str, network: &Network) -> Blueprint {
    blueprint(&parse("a test's stack", stack, &registry()).expect("a valid stack"), network)
        .expect("they fit")
}

fn id_at(blueprint: &Blueprint, address: &Address) -> Id {
    match &blueprint.declarations[address] {
        Declaration::Watched { id } => id.clone(),
        // Names are the ids of what RDS groups.
        Declaration::Managed { inputs } if address.kind().starts_with("aws_db_") => {
            Id::new(inputs.get("name").and_then(Value::as_str).unwrap_or("db-1"))
        }
        Declaration::Managed { .. } => {
            Id::new(format!("id-{}", address.to_string().replace(['.', '/'], "-")))
        }
    }
}

fn live(inputs: Document) -> Live {
    Live {
        inputs,
        in_force: Document::new(),
        outputs: Document::new(),
        condition: Condition::Ready,
        remarks: Vec::new(),
        ownership: Ownership::Inherited,
        vpc: None,
    }
}

fn applied(stack: &str, network: &Network) -> Applied {
    let blueprint = declared(stack, network);
    let registry = registry();
    let mut state = State::new("shop", "lineage".to_owned(), "123456789012", "eu-west-1");
    state.apply(Edit::Facts { facts: network.cluster.facts() });
    let mut sightings = Sightings::new();
    for (address, declaration) in &blueprint.declarations {
        let id = id_at(&blueprint, address);
        let mut record = Record::watched(id.clone(), Document::new());
        if let Declaration::Managed { inputs } = declaration {
            let known = |text: &Address| Some(Value::String(id_at(&blueprint, text).to_string()));
            let resolved = resolve(inputs, &|reference| known(&reference.address));
            let kind = registry.managing(address.kind()).expect("a kind that is made");
            record.inputs = kind.normalise(&resolved).expect("it fits its kind");
            record.watched = false;
            record.depends_on = declaration.references();
        }
        sightings.insert(address.clone(), Sighting::Live { id, live: live(record.inputs.clone()) });
        state.apply(Edit::Put { address: address.clone(), record });
    }
    Applied { state, sightings }
}

impl Applied {
    fn plan(&self, stack: &str, network: &Network) -> Plan {
        self.plan_for(Mode::Apply, stack, network)
    }

    fn plan_for(&self, mode: Mode, stack: &str, network: &Network) -> Plan {
        let mut blueprint = declared(stack, network);
        if mode == Mode::Destroy {
            blueprint.declarations = BTreeMap::new();
        }
        let mut sightings = self.sightings.clone();
        // An object that is chosen anew is there.
        for (address, declaration) in &blueprint.declarations {
            if let Declaration::Watched { id } = declaration
                && self.state.resources.get(address).and_then(|record| record.id.as_ref()) != Some(id)
            {
                sightings
                    .insert(address.clone(), Sighting::Live { id: id.clone(), live: live(Document::new()) });
            }
        }
        let planning = planner::plan(&Input {
            registry: &registry(),
            blueprint: &blueprint,
            state: Some(&self.state),
            sightings: &sightings,
            account: "123456789012",
            region: "eu-west-1",
            now: jiff::Timestamp::UNIX_EPOCH,
            options: &options(mode),
            safeguards: &Default::default(),
        });
        for finding in &planning.plan.preflight {
            let said = format!("{} {}", finding.message, finding.hint.clone().unwrap_or_default());
            assert!(!said.contains("${"), "{said}");
        }
        planning.plan
    }

    fn gone(&mut self, at: &str) {
        self.sightings.insert(address(at), Sighting::Gone);
    }
}

/// `level check address` of each finding.
fn found(plan: &Plan) -> Vec<String> {
    let said = plan.preflight.iter().map(|finding| {
        let level = match finding.level {
            Level::Error => "error",
            Level::Blocked => "blocked",
            _ => "warning",
        };
        let at = finding.address.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{level} {} {at}", finding.check)
    });
    said.collect()
}

/// `action address` of everything that is not a no-op.
fn done(plan: &Plan) -> Vec<String> {
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changes.map(|change| format!("{} {}", change.action.name(), change.address)).collect()
}

#[test]
fn a_stack_that_is_as_it_was_applied_has_nothing_to_do() {
    let network = network("one", "vpc-1");
    let plan = applied(STACK, &network).plan(STACK, &network);
    assert_eq!((done(&plan), found(&plan)), (vec![], vec![]));
}

#[test]
fn a_plan_never_leaves_the_network_and_shows_no_way_there() {
    let world = applied(STACK, &network("one", "vpc-1"));
    for mode in [Mode::Apply, Mode::RefreshOnly] {
        let plan = world.plan_for(mode, STACK, &network("two", "vpc-2"));
        assert_eq!(found(&plan), ["error network aws_vpc.network"]);
        assert!(plan.changes.is_empty() && plan.drift.is_empty(), "{plan:#?}");
        let (message, hint) =
            (&plan.preflight[0].message, plan.preflight[0].hint.as_deref().unwrap_or_default());
        for word in ["vpc-1 (cluster one)", "vpc-2 (cluster two)"] {
            assert!(message.contains(word), "{message}");
        }
        assert!(hint.contains("PROVISION_CLUSTER") && hint.contains("`stack:`"), "{hint}");
    }
    // A rebuilt cluster of the same name, in a network of its own.
    let plan = world.plan(STACK, &network("one", "vpc-2"));
    assert_eq!((found(&plan), done(&plan)), (vec!["error network aws_vpc.network".to_owned()], vec![]));
    // To destroy what there is, no network is needed.
    let plan = world.plan_for(Mode::Destroy, STACK, &network("two", "vpc-2"));
    assert!(found(&plan).iter().all(|finding| finding.contains("protected")), "{:?}", found(&plan));
}

#[test]
fn in_a_shared_vpc_a_stack_stays_with_its_cluster() {
    let world = applied(STACK, &network("one", "vpc-1"));
    let plan =
        world.plan(STACK, &Network { subnets: network("one", "vpc-1").subnets, ..network("two", "vpc-1") });
    assert_eq!((found(&plan), done(&plan)), (vec!["error network aws_vpc.network".to_owned()], vec![]));
    let message = &plan.preflight[0].message;
    assert!(message.contains("the cluster one") && message.contains("the cluster two"), "{message}");
}

#[test]
fn a_network_in_which_nothing_is_made_is_left_by_a_destroy() {
    let mut world = applied(STACK, &network("one", "vpc-1"));
    world.state.resources.retain(|_, record| record.watched);
    world.sightings.retain(|address, _| world.state.resources.contains_key(address));
    let plan = world.plan(STACK, &network("two", "vpc-2"));
    assert_eq!(found(&plan), ["error network aws_vpc.network"]);
    assert!(plan.preflight[0].hint.as_deref().is_some_and(|hint| hint.ends_with("provision destroy")));
}

#[test]
fn where_the_objects_are_counts_more_than_what_a_state_says() {
    let mut world = applied(STACK, &network("one", "vpc-1"));
    let vpc = world.state.resources.get_mut(&Network::vpc_address()).expect("it is recorded");
    vpc.id = Some(Id::new("vpc-2"));
    let plan = world.plan(STACK, &network("one", "vpc-2"));
    assert_eq!(found(&plan), ["error network aws_vpc.network"]);
    let hint = plan.preflight[0].hint.as_deref().unwrap_or_default();
    assert!(hint.ends_with("provision import vpc-1"), "{hint}");
    // Doing so helps.
    let plan = world.plan(STACK, &network("one", "vpc-1"));
    assert_eq!((found(&plan), done(&plan)), (vec![], vec!["watch aws_vpc.network".to_owned()]));
}

#[test]
fn where_nothing_of_the_cluster_is_left_a_new_group_lets_nobody_in_for_now() {
    let here = network("one", "vpc-1");
    let mut world = applied(STACK, &here);
    for role in ["nodes", "masters"] {
        world.gone(&format!("aws_security_group.{role}"));
    }
    let more = STACK.replace("files: {}", "files: {}, more: {}");
    let plan = world.plan(&more, &here);
    let errors: Vec<_> = plan.errors().collect();
    assert_eq!(errors.len(), 2, "{:?}", found(&plan));
    for error in errors {
        let hint = error.hint.as_deref().unwrap_or_default();
        assert!(hint.starts_with("write `access: []` for `more`; or, once the cluster is there"), "{hint}");
    }
    // Doing so helps.
    let nobody = STACK.replace("files: {}", "files: {}, more: { access: [] }");
    assert_eq!(world.plan(&nobody, &here).errors().count(), 0);
}

#[test]
fn a_group_of_the_cluster_that_is_gone_concerns_only_the_rules_that_need_it() {
    let here = network("one", "vpc-1");
    let mut world = applied(STACK, &here);
    world.gone("aws_security_group.masters");
    let other = STACK
        .replace("deletion_protection: true", "deletion_protection: false, instance_class: db.t4g.large");
    let plan = world.plan(&other, &here);
    assert_eq!(found(&plan), ["blocked missing aws_security_group.masters"]);
    assert_eq!(done(&plan), ["update aws_db_instance.records"]);
    let finding = &plan.preflight[0];
    assert_eq!(
        finding.message,
        "the security group of the masters (sg-one-masters) is not in AWS; aws_security_group.files, \
         aws_security_group.records need it and are left as they are"
    );
    let hint = finding.hint.as_deref().unwrap_or_default();
    assert!(
        hint.contains("provision import vpc-1") && hint.contains("take `masters` out of `access`"),
        "{hint}"
    );
    // A resource that does not let it in is not concerned.
    let narrow = "stack: shop\nfile_systems: { files: { access: [nodes] } }\ndatabases: { records: { access: [nodes] } }\n";
    let plan = world.plan(narrow, &here);
    assert_eq!(found(&plan), [""; 0]);
    assert_eq!(
        done(&plan),
        [
            "update aws_security_group.files",
            "forget aws_security_group.masters",
            "update aws_security_group.records",
        ]
    );
}

#[test]
fn a_role_of_which_nothing_is_known_concerns_only_the_rules_that_need_it() {
    let here = network("one", "vpc-1");
    let world = applied(STACK, &here);
    let mut without = here.clone();
    without.groups.remove(&Role::Masters);
    let plan = world.plan(STACK, &without);
    assert_eq!(found(&plan), ["blocked missing aws_security_group.masters"]);
    assert!(plan.preflight[0].message.starts_with("the security group of the masters is not known; "));
    assert_eq!(done(&plan), [""; 0]);
    assert!(plan.changes.iter().any(|change| change.blocked.is_some()), "the apply fails for it");
}

#[test]
fn what_cannot_be_made_without_what_is_missing_is_an_error() {
    let here = network("one", "vpc-1");
    let mut world = applied(STACK, &here);
    world.gone("aws_security_group.nodes");
    world.gone("aws_security_group.files");
    let plan = world.plan(STACK, &here);
    assert_eq!(found(&plan), ["error missing aws_security_group.nodes"]);
    let message = &plan.preflight[0].message;
    assert!(message.contains("aws_security_group.records needs it and is left as it is"), "{message}");
    assert!(message.contains("aws_security_group.files needs it and cannot be made"), "{message}");
}

#[test]
fn access_for_none_needs_no_group_of_the_cluster() {
    let here = network("one", "vpc-1");
    let mut world = applied(STACK, &here);
    let closed =
        "stack: shop\nfile_systems: { files: { access: [] } }\ndatabases: { records: { access: [] } }\n";
    let plan = world.plan(closed, &here);
    assert_eq!(done(&plan), ["update aws_security_group.files", "update aws_security_group.records"]);
    let rules =
        plan.change(&address("aws_security_group.files")).expect("it is planned").fields[0].after.clone();
    assert_eq!(rules, Some(json!([])));
    for role in ["aws_security_group.nodes", "aws_security_group.masters"] {
        world.gone(role);
    }
    let plan = world.plan(closed, &here);
    assert_eq!(found(&plan), [""; 0]);
    assert_eq!(plan.summary.forget, 2);
}

#[test]
fn a_subnet_that_is_gone_concerns_only_what_is_in_it() {
    let here = network("one", "vpc-1");
    let mut world = applied(STACK, &here);
    world.gone("aws_subnet.eu-west-1b");
    let other = STACK.replace("deletion_protection: true", "deletion_protection: false");
    let plan = world.plan(&other, &here);
    assert_eq!(found(&plan), ["blocked missing aws_subnet.eu-west-1b"]);
    let message = &plan.preflight[0].message;
    assert_eq!(
        message,
        "the subnet of eu-west-1b (subnet-vpc-1-b) is not in AWS; aws_db_subnet_group.records, \
         aws_efs_mount_target.files/eu-west-1b need it and are left as they are"
    );
    assert_eq!(done(&plan), ["update aws_db_instance.records"]);
}

#[test]
fn what_helps_where_the_vpc_itself_is_gone_is_another_network() {
    let here = network("one", "vpc-1");
    let mut world = applied(STACK, &here);
    for at in ["aws_vpc.network", "aws_subnet.eu-west-1a", "aws_security_group.files"] {
        world.gone(at);
    }
    let plan = world.plan(STACK, &here);
    assert_eq!(found(&plan), ["blocked missing aws_subnet.eu-west-1a", "error missing aws_vpc.network"]);
    for finding in &plan.preflight {
        let hint = finding.hint.as_deref().unwrap_or_default();
        assert!(hint.ends_with("provision import VPC-ID"), "{hint}");
    }
}

#[test]
fn a_key_alias_that_is_gone_concerns_only_the_file_system_that_is_encrypted_with_it() {
    let here = network("one", "vpc-1");
    let stack = STACK.replace("files: {}", "files: { kms_key_id: alias/storage }");
    let mut world = applied(&stack, &here);
    world.gone("aws_kms_alias.files");
    let other = stack.replace("deletion_protection: true", "deletion_protection: false");
    let plan = world.plan(&other, &here);
    assert_eq!(found(&plan), ["blocked missing aws_kms_alias.files"]);
    assert_eq!(done(&plan), ["update aws_db_instance.records"]);
    let message = &plan.preflight[0].message;
    assert!(
        message.starts_with("aws_kms_alias.files (alias/storage) is not in AWS; aws_efs_file_system.files"),
        "{message}"
    );
}

#[test]
fn the_groups_of_a_rebuilt_cluster_are_let_in_instead_of_the_old_ones() {
    let here = network("one", "vpc-1");
    let world = applied(STACK, &here);
    let mut rebuilt = here.clone();
    let recorded = here.groups.get(&Role::Nodes);
    rebuilt.groups.insert(Role::Nodes, Role::Nodes.placed(&[Id::new("sg-new")], recorded));
    let plan = world.plan(STACK, &rebuilt);
    assert_eq!(found(&plan), [""; 0]);
    assert_eq!(
        done(&plan),
        [
            "update aws_security_group.files",
            "watch aws_security_group.nodes",
            "update aws_security_group.records"
        ]
    );
}

#[test]
fn a_part_of_a_network_that_the_stack_file_names_is_written_there_and_not_looked_for() {
    let here = network("", "vpc-1");
    let stack = STACK.replace("stack: shop", "stack: shop\nnetwork: { vpc: vpc-0001, subnets: [subnet-000a, subnet-000b], groups: { nodes: sg-0001, masters: sg-0002 } }");
    for (gone, more) in [
        ("aws_subnet.eu-west-1a", ""),
        ("aws_security_group.masters", "; or take `masters` out of `access` (`[]` for none)"),
    ] {
        let mut applied = applied(&stack, &here);
        applied.gone(gone);
        let plan = applied.plan(&stack, &here);
        assert_eq!(plan.cluster, None);
        let finding = plan.preflight.iter().find(|finding| finding.check == "missing").expect("it is needed");
        let hint = finding.hint.clone().expect("a way");
        assert_eq!(
            hint,
            format!(
                "look for it in AWS, and write the one that is there in `network` of the stack file{more}"
            )
        );
    }
}

#[test]
fn a_stack_in_a_named_network_has_no_cluster_and_keeps_the_one_that_it_had() {
    let (named, found) = (network("", "vpc-1"), network("k8s", "vpc-1"));
    let of = |network: &Network, recorded: &Network| {
        let applied = applied(STACK, recorded);
        let blueprint = declared(STACK, network);
        provision::engine::owner::owner_by_tags(
            &blueprint,
            Some(&applied.state),
            &address("aws_efs_file_system.files"),
            0,
        )
        .cluster
    };
    assert_eq!(of(&named, &named), None);
    assert_eq!(of(&found, &named).as_deref(), Some("k8s"), "its cluster is known by now");
    assert_eq!(of(&named, &found).as_deref(), Some("k8s"));
}
