use serde_json::{Value, json};

use crate::aws::kinds::registry;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::document::Document;
use crate::engine::network::{Cluster, Network};
use crate::engine::resource::Id;
use crate::stack::blueprint::{BlueprintError, blueprint};
use crate::stack::parse;

fn network() -> Network {
    let cluster = Cluster { name: Some("k8s.example.net".to_owned()), efs_names_resolve: true };
    let subnets = [("eu-west-1a", "subnet-a"), ("eu-west-1b", "subnet-b")];
    let subnets = subnets.map(|(zone, id)| (zone.to_owned(), Id::new(id))).into();
    Network { cluster, vpc: Id::new("vpc-1"), subnets, groups: Default::default() }
}

fn declared(text: &str, file: &str) -> Result<Blueprint, BlueprintError> {
    let mut stack = parse("x", text, &registry()).unwrap_or_else(|error| panic!("{error:?}"));
    stack.files.insert("init.yaml".to_owned(), Ok(file.to_owned()));
    blueprint(&stack, Some(&network()))
}

fn inputs(blueprint: &Blueprint, address: &str) -> Document {
    match blueprint.declarations.get(&address.parse().expect("an address")) {
        Some(Declaration::Managed { inputs }) => inputs.clone(),
        other => panic!("{address}: {other:?}"),
    }
}

const GROUPS: &str = "security_groups: { open: { ingress: [ { cidr: 0.0.0.0/0, port: 443 }, { cidr: 10.0.0.0/8, port: 22 } ] } }\n";

#[test]
fn a_machine_stands_in_its_zone_with_its_volumes_and_groups() {
    let text = format!(
        "{GROUPS}roles: {{ m: {{ instance_profile: true }} }}\ninstances:\n  a: {{ ami: ami-1, instance_type: t3.large, zone: eu-west-1a, \
         security_groups: [open, sg-0123], role: m, volumes: {{ data: {{ size: 100, device: /dev/sdf }} }} }}\n"
    );
    let blueprint = declared(&text, "").expect("it fits");
    let machine = inputs(&blueprint, "aws_instance.a");
    assert_eq!(machine["subnet_id"], "${aws_subnet.eu-west-1a.id}");
    assert_eq!(machine["vpc_security_group_ids"], json!(["${aws_security_group.open.id}", "sg-0123"]));
    assert_eq!(machine["volumes"], json!({ "/dev/sdf": "${aws_ebs_volume.a/data.id}" }));
    assert_eq!(machine["iam_instance_profile"], "${aws_iam_instance_profile.m.id}");
    assert_eq!(machine["http_tokens"], "required");
    let volume = inputs(&blueprint, "aws_ebs_volume.a/data");
    assert_eq!((&volume["availability_zone"], &volume["type"]), (&json!("eu-west-1a"), &json!("gp3")));
    assert_eq!((&volume["encrypted"], &volume["deletion_protection"]), (&json!(true), &json!(true)));
}

#[test]
fn an_image_is_named_by_its_id_or_by_a_parameter() {
    let of = |ami: &str| {
        let text = format!(
            "instances: {{ a: {{ ami: {ami}, instance_type: t3.large, zone: eu-west-1a, security_groups: [sg-1] }} }}"
        );
        let machine = inputs(&declared(&text, "").expect("it fits"), "aws_instance.a");
        (machine.get("ami").cloned(), machine.get("ami_parameter").cloned())
    };
    assert_eq!(of("ami-0a1b"), (Some(json!("ami-0a1b")), None));
    assert_eq!(of("{ ssm: /aws/service/x }"), (None, Some(json!("/aws/service/x"))));
}

#[test]
fn user_data_has_references_in_the_places_of_outputs() {
    let text = "file_systems: { files: {} }\ninstances:\n  a: { ami: ami-1, instance_type: t3.large, zone: eu-west-1a, \
                security_groups: [sg-1], user_data: init.yaml }\n  b: { ami: ami-1, instance_type: t3.large, zone: eu-west-1b, \
                security_groups: [sg-1] }";
    let file =
        "mount ${nfs_dns_name} ${aws_efs_file_system.files.id}\necho $${HOME} ${aws_instance.b.private_ip}\n";
    let blueprint = declared(text, file).expect("it fits");
    let expected = "mount ${aws_efs_file_system.files.dns_name} ${aws_efs_file_system.files.id}\necho ${HOME} \
                    ${aws_instance.b.private_ip}\n";
    assert_eq!(inputs(&blueprint, "aws_instance.a")["user_data"], expected);
    for (file, words) in [
        ("x\n ${aws_efs_file_system.other.id}", "init.yaml:2:2: the stack has no aws_efs_file_system.other"),
        ("${HOME}", "init.yaml:1:1: `${HOME}` is no output"),
        ("${aws_efs_file_system.files.dns}", "`dns` is no output"),
        ("${pgsql_endpoint}", "the only one"),
        ("${aws_instance.a.private_ip}", "its own outputs"),
    ] {
        let error = declared(text, file).expect_err("it is wrong");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.hint().contains("$${"), "{}", error.hint());
    }
}

#[test]
fn what_a_machine_lacks_is_said_with_the_way_out() {
    let base = json!({ "ami": "ami-1", "instance_type": "t3.large", "zone": "eu-west-1a", "security_groups": ["sg-1"] });
    let text = |without: &str, with: Value| {
        let mut entry = base.as_object().cloned().expect("an object");
        entry.remove(without);
        entry.extend(with.as_object().cloned().expect("an object"));
        json!({ "instances": { "a": entry } }).to_string()
    };
    for (without, with, word) in [
        ("ami", json!({}), "needs `ami`"),
        ("instance_type", json!({}), "needs `instance_type`"),
        ("zone", json!({}), "needs a place"),
        ("", json!({ "role": "m" }), "no entry of `roles`"),
        ("", json!({ "security_groups": ["other"] }), "no entry of `security_groups`"),
        ("", json!({ "volumes": { "data": { "size": 1 } } }), "needs a `device`"),
        ("", json!({ "volumes": { "data": { "device": "/dev/sdf" } } }), "needs a `size`"),
        (
            "",
            json!({ "volumes": { "a": { "size": 1, "device": "/dev/sdf" }, "b": { "size": 1, "device": "/dev/sdf" } } }),
            "as this device already",
        ),
    ] {
        let error = parse("x", text(without, with), &registry()).expect_err("it is wrong");
        let said: Vec<String> = error.problems().map(ToString::to_string).collect();
        assert!(said.iter().any(|one| one.contains(word)), "{word}: {said:?}");
    }
    for (without, with, word) in [
        ("security_groups", json!({}), "no security groups"),
        ("zone", json!({ "zone": "eu-west-1c" }), "names the zone eu-west-1c"),
        ("zone", json!({ "subnet": "subnet-0123" }), "none of those"),
    ] {
        let error = declared(&text(without, with), "").expect_err("it does not fit");
        assert!(error.to_string().contains(word), "{error}");
    }
}
