//! What is declared is described by the same declarations: the reverse of each section, over random stacks.

#[path = "../localstack/random_stacks/draft.rs"]
mod draft;

use std::collections::BTreeMap;

use provision::aws::kinds::registry;
use provision::engine::address::Address;
use provision::engine::blueprint::{Blueprint, Declaration};
use provision::engine::document::{Document, resolve};
use provision::engine::kind::Registry;
use provision::engine::network::{Cluster, Network, Role};
use provision::engine::resource::Id;
use provision::stack::blueprint::blueprint;
use provision::stack::describe::{self, Object, Scene, Wanted, describe, section_of};
use provision::stack::{Name, Stack, StackName, parse};
use serde_json::Value;

use draft::{Draft, KEY, KEY_ARN, MASTERS, NODES, SUBNETS, VPC};

const ZONES: [&str; 3] = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001";

const ISSUER: &str = "discovery.example.net/k8s";
const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/discovery.example.net/k8s";

fn network() -> Network {
    Network {
        cluster: Cluster { name: Some("k8s.myzone.net".to_owned()), efs_names_resolve: true },
        vpc: Id::new("vpc-0a1b2c3d"),
        subnets: ZONES.map(|zone| (zone.to_owned(), Id::new(format!("subnet-0a1b2c3{}", &zone[9..])))).into(),
        groups: [(Role::Nodes, "sg-0a1b2c3a"), (Role::Masters, "sg-0a1b2c3b")]
            .map(|(role, id)| (role, role.placed(&[Id::new(id)], None)))
            .into(),
    }
}

/// The text of a random stack with ids in it.
fn text(seed: u64) -> String {
    let words = [
        (KEY_ARN, ARN),
        (KEY, "0a1b2c3d-0000-4000-8000-000000000001"),
        (VPC, "vpc-0a1b2c3d"),
        (SUBNETS, "[subnet-0a1b2c3a, subnet-0a1b2c3b, subnet-0a1b2c3c]"),
        (NODES, "sg-0a1b2c3a"),
        (MASTERS, "sg-0a1b2c3b"),
        ("THE_GROUP", "sg-0ccc"),
        ("THE_OTHER", "sg-0ddd"),
        ("THE_LIST", "pl-0eee"),
        ("THE_PROVIDER", PROVIDER),
    ];
    let text = Draft::new("s", seed, seed ^ 1).text;
    words.iter().fold(text, |text, (word, id)| text.replace(word, id))
}

/// The id of the object at an address; that of a group of RDS or ElastiCache is its name.
fn id_of(address: &Address, inputs: &Document) -> Id {
    let number =
        address.to_string().bytes().fold(0_u64, |number, byte| number.wrapping_mul(31) + u64::from(byte));
    let of_groups = ["aws_db_", "aws_elasticache_"].iter().any(|front| address.kind().starts_with(front))
        && address.kind().ends_with("_group");
    let of_iam = address.kind().starts_with("aws_iam_");
    let name = inputs.get("name").and_then(Value::as_str).filter(|_| of_groups || of_iam);
    match (address.kind(), name) {
        (_, Some(name)) if of_iam => Id::new(name),
        (_, Some(name)) => Id::new(name.to_lowercase()),
        ("aws_security_group", _) => Id::new(format!("sg-{number:x}")),
        _ => Id::new(format!("{}-{number:x}", address.kind())),
    }
}

/// Everything that a stack declares, with ids in the place of references.
fn declared(
    registry: &Registry,
    stack: &Stack,
    ids: Option<&BTreeMap<Address, Id>>,
) -> BTreeMap<Address, (Id, Document)> {
    let Blueprint { declarations, .. } = blueprint(stack, &network()).expect("it fits the network");
    let id = |address: &Address| match (declarations.get(address)?, ids) {
        (Declaration::Watched { id }, _) => Some(id.clone()),
        (Declaration::Managed { .. }, Some(ids)) => ids.get(address).cloned(),
        (Declaration::Managed { inputs }, None) => Some(id_of(address, inputs)),
    };
    let managed = declarations.iter().filter_map(|(address, declaration)| match declaration {
        Declaration::Managed { inputs } => Some((address, inputs)),
        Declaration::Watched { .. } => None,
    });
    let resolved = managed.map(|(address, inputs)| {
        let inputs = resolve(inputs, &|reference| match reference.output.as_str() {
            "id" => id(&reference.address).map(|id| id.as_str().into()),
            "issuer" => Some(ISSUER.into()),
            "audiences" => Some(serde_json::json!(["amazonaws.com"])),
            _ if reference.address.kind() == "aws_iam_openid_connect_provider" => Some(PROVIDER.into()),
            _ => Some(ARN.into()),
        });
        let kind = registry.managing(address.kind()).expect("the kind is known");
        let inputs = kind.normalise(&inputs).expect("it fits");
        (address.clone(), (id(address).expect("it has an id"), inputs))
    });
    resolved.collect()
}

/// The inputs as AWS shows them: without what stands in the record alone, and without tags.
fn shown(registry: &Registry, address: &Address, inputs: &Document) -> Document {
    let fields = registry.managing(address.kind()).expect("the kind is known").fields();
    let mut shown = inputs.clone();
    shown.remove("tags");
    for field in fields.iter().filter(|field| field.is_recorded()) {
        let is_managed = inputs.get(field.name).and_then(Value::as_str) == Some("managed");
        if !(field.name == "password" && is_managed) {
            shown.remove(field.name);
        }
    }
    shown
}

/// The inputs without what AWS takes where nothing is written.
fn plain(registry: &Registry, address: &Address, inputs: &Document) -> Document {
    let fields = registry.managing(address.kind()).expect("the kind is known").fields();
    let mut plain = shown(registry, address, inputs);
    for field in fields {
        let is_default =
            field.without.default().is_some_and(|without| plain.get(field.name) == Some(&without));
        let is_empty = match plain.get(field.name) {
            Some(Value::Array(all)) => all.is_empty(),
            Some(Value::Object(all)) => all.is_empty(),
            _ => false,
        };
        if is_default || is_empty && field.need.default().is_none() {
            plain.remove(field.name);
        }
        // An address that is there stays on its machine without a word.
        if address.kind() == "aws_eip" && field.name == "instance_id" {
            plain.remove(field.name);
        }
        // It may be on without a word.
        if field.name == "replication_overwrite_protection"
            && plain.get(field.name) == Some(&"ENABLED".into())
        {
            plain.remove(field.name);
        }
        if field.name == "monitoring"
            && plain.get(field.name).and_then(|one| one.get("interval")) == Some(&0.into())
        {
            plain.remove(field.name);
        }
    }
    plain
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// Describes all entries of a stack, and holds that the description declares the same. Returns the text.
fn holds(registry: &Registry, text: &str) -> String {
    let stack = parse("a random stack", text, registry).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let live = declared(registry, &stack, None);
    let mut scene = Scene { network: Some(network()), ..Scene::default() };
    let mut wanted = Vec::new();
    for (address, (id, inputs)) in &live {
        let of_machine = (address.kind() == "aws_instance").then_some(ZONES[0]);
        let zone =
            address.member_name().or(of_machine).map(|zone| ("availability_zone".to_owned(), zone.into()));
        let object = Object { inputs: shown(registry, address, inputs), outputs: zone.into_iter().collect() };
        scene.objects.insert((address.kind().to_owned(), id.clone()), object);
        let is_entry = section_of(address.kind()).is_some_and(|section| {
            stack.entries(section).keys().any(|entry| entry.as_str() == address.name())
        });
        let section = section_of(address.kind()).filter(|_| is_entry && address.member_name().is_none());
        wanted.extend(section.map(|section| Wanted {
            section: section.key,
            name: name(address.name()),
            id: id.clone(),
        }));
        if address.kind() == "aws_security_group" {
            let entry = if is_entry { address.name().to_owned() } else { format!("{}-own", address.name()) };
            scene.groups.insert(id.clone(), name(&entry));
        }
    }
    let empty = Stack { stack: stack.stack.clone(), ..Stack::default() };
    let description =
        describe(registry, &empty, &scene, &wanted).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let written = describe::whole_file(&stack.stack, None, None, &description.entries);
    let again =
        parse("the description", &written, registry).unwrap_or_else(|error| panic!("{error:?}\n{written}"));
    let ids = |all: &BTreeMap<Address, (Id, Document)>| -> BTreeMap<Id, Document> {
        all.iter().map(|(address, (id, inputs))| (id.clone(), plain(registry, address, inputs))).collect()
    };
    let redeclared = declared(registry, &again, Some(&description.objects));
    let (mut before, after) = (ids(&live), ids(&redeclared));
    // The password of a cache that is there is left as it is, and its secret is nobody's here.
    before.retain(|id, _| !id.as_str().starts_with("aws_secretsmanager_secret-"));
    for inputs in before.values_mut() {
        // A password that RDS does not manage is left as it is.
        if inputs.get("password").is_some_and(|source| source != "managed") {
            inputs.remove("password");
        }
    }
    assert_eq!(before, after, "\n{text}\n{written}");
    written
}

#[test]
fn what_a_random_stack_declares_is_described_by_entries_that_declare_the_same() {
    let registry = registry();
    for seed in 0..40 {
        let written = holds(&registry, &text(seed));
        // A description can be described again.
        holds(&registry, &written);
    }
}

/// The bytes of stack files that are read to describe so many groups and databases, all at once.
fn read_for(registry: &Registry, count: usize) -> usize {
    let mut text = String::from("stack: s\nsecurity_groups:\n");
    for number in 0..count / 2 {
        text.push_str(&format!(
            "  g-{number}: {{ ingress: [{{ cidr: 10.0.0.0/8, port: {} }}] }}\n",
            1000 + number
        ));
    }
    text.push_str("databases:\n");
    for number in 0..count / 2 {
        text.push_str(&format!(
            "  d-{number}: {{ security_group: {{ entry: g-{number} }}, multi_az: false }}\n"
        ));
    }
    let stack = parse("many", text.as_str(), registry).expect("it is right");
    let live = declared(registry, &stack, None);
    let mut scene = Scene { network: Some(network()), ..Scene::default() };
    let mut wanted = Vec::new();
    for (address, (id, inputs)) in &live {
        let object = Object { inputs: shown(registry, address, inputs), outputs: Document::new() };
        scene.objects.insert((address.kind().to_owned(), id.clone()), object);
        if let Some(section) = section_of(address.kind()).filter(|_| address.member_name().is_none()) {
            wanted.push(Wanted { section: section.key, name: name(address.name()), id: id.clone() });
            if section.key == "security_groups" {
                scene.groups.insert(id.clone(), name(address.name()));
            }
        }
    }
    let empty = Stack { stack: stack.stack.clone(), ..Stack::default() };
    let description = describe(registry, &empty, &scene, &wanted).expect("it can be said");
    assert_eq!(description.entries.len(), count);
    description.read
}

#[test]
fn twice_as_many_objects_are_described_by_reading_twice_as_much() {
    let registry = registry();
    let (some, twice) = (read_for(&registry, 20), read_for(&registry, 40));
    assert!(twice < some * 21 / 10, "{some} bytes are read for 20 objects, and {twice} for 40");
}

#[test]
fn the_reference_is_described_in_a_few_lines() {
    let registry = registry();
    let written = holds(&registry, provision::stack::REFERENCE);
    assert!(written.lines().count() < 60, "{written}");
    assert!(written.contains("stack: gitlab") && written.contains("EFS_K8s"), "{written}");
    assert!(!written.contains("encrypted"), "a default is left out: {written}");
}

#[test]
fn a_name_for_an_entry_is_made_of_any_text() {
    for (text, expected) in [
        ("EFS_K8s", "efs-k8s"),
        ("launch-wizard-1", "launch-wizard-1"),
        ("  Web (prod) ", "web-prod"),
        ("1st", "the-1st"),
        ("/", "the"),
        ("sg-like", "the-sg-like"),
        ("Zürich", "z-rich"),
    ] {
        assert_eq!(describe::name_of(text, &|_| false).as_str(), expected);
    }
    assert_eq!(describe::name_of("a", &|name| name == "a").as_str(), "a-2");
    let _: StackName = "s".parse().expect("a stack's name");
}
