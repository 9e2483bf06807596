//! Machines, their volumes and addresses through their lives, and what others do to them.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Address, AttributeBooleanValue, AttributeValue, Instance, Volume};
use serde_json::{Value, json};

use crate::lifecycle::planned;
use crate::world::{World, errors};

const MACHINE: &str = "aws_instance.web";
const VOLUME: &str = "aws_ebs_volume.web/data";
const ADDRESS: &str = "aws_eip.door";

const STACK: &str = "\
stack: shop
tags: { team: one }
file_systems:
  files: { deletion_protection: false }
security_groups:
  open: { ingress: [ { cidr: 0.0.0.0/0, port: 443 }, { cidr: 10.0.0.0/8, port: 22 } ] }
roles:
  machines: { instance_profile: true }
elastic_ips:
  door: { instance: web }
instances:
  web:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.large
    zone: eu-west-1a
    security_groups: [open]
    role: machines
    user_data: init.yaml
    termination_protection: false
    volumes:
      data: { size: 10, device: /dev/sdf }
";

fn world() -> World {
    let world = World::seeded(&[]);
    world.write_stack(STACK);
    let script = "#!/bin/sh\nmount -t nfs4 ${nfs_dns_name}:/ /srv\necho $${HOME}\n";
    std::fs::write(world.path("init.yaml"), script).expect("the folder can be written");
    world
}

fn machines(world: &World) -> Vec<Instance> {
    let answer = world.cloud.run(world.cloud.ec2.describe_instances().send()).expect("they can be read");
    let all = answer.reservations().iter().flat_map(|one| one.instances().to_vec());
    let is_ours = |one: &Instance| one.tags().iter().any(|tag| tag.key() == Some("provision:stack"));
    let state =
        |one: &Instance| one.state().and_then(|state| state.name()).map(|name| name.as_str().to_owned());
    all.filter(|one| is_ours(one) && state(one).as_deref() != Some("terminated")).collect()
}

#[track_caller]
fn machine(world: &World) -> Instance {
    let mut all = machines(world);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn id(one: &Instance) -> String {
    one.instance_id().expect("it has an id").to_owned()
}

fn state(one: &Instance) -> String {
    one.state().and_then(|state| state.name()).map(|name| name.as_str().to_owned()).unwrap_or_default()
}

fn volume(world: &World) -> Option<Volume> {
    let record = world.record(VOLUME);
    let id = record["id"].as_str().expect("it has an id").to_owned();
    volume_of(world, &id)
}

fn volume_of(world: &World, id: &str) -> Option<Volume> {
    let answer = world.cloud.run(world.cloud.ec2.describe_volumes().send()).expect("they can be read");
    answer.volumes().iter().find(|one| one.volume_id() == Some(id)).cloned()
}

/// The machine that has the volume.
fn holder(world: &World) -> Option<String> {
    volume(world)?.attachments().first()?.instance_id().map(str::to_owned)
}

fn address(world: &World) -> Address {
    let answer = world.cloud.run(world.cloud.ec2.describe_addresses().send()).expect("they can be read");
    let all = answer.addresses();
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

/// The text of the user data of a machine.
fn user_data(world: &World, id: &str) -> String {
    use aws_sdk_ec2::types::InstanceAttributeName::UserData;
    let asked = world.cloud.ec2.describe_instance_attribute().instance_id(id).attribute(UserData);
    let answer = world.cloud.run(asked.send()).expect("it can be read");
    let encoded = answer.user_data().and_then(|one| one.value()).unwrap_or_default().to_owned();
    let bytes = aws_smithy_types::base64::decode(encoded).expect("it is encoded");
    String::from_utf8(bytes).expect("it is text")
}

#[test]
fn a_machine_is_made_with_its_volume_its_role_and_its_address() {
    let world = world();
    world.apply(&[]);
    world.plans_nothing();
    let one = machine(&world);
    assert_eq!(state(&one), "running");
    let metadata = one.metadata_options().expect("it has some");
    assert_eq!(metadata.http_tokens().map(|tokens| tokens.as_str()), Some("required"));
    assert_eq!(metadata.http_put_response_hop_limit(), Some(2));
    let profile = one.iam_instance_profile().and_then(|profile| profile.arn()).unwrap_or_default();
    assert!(profile.ends_with("/shop-machines"), "{profile}");
    let groups: BTreeSet<&str> =
        one.security_groups().iter().filter_map(|group| group.group_name()).collect();
    assert_eq!(groups, ["shop-open"].into());
    assert_eq!(holder(&world), Some(id(&one)));
    let disk = volume(&world).expect("it is there");
    assert_eq!((disk.encrypted(), disk.volume_type().map(|one| one.as_str())), (Some(true), Some("gp3")));
    assert_eq!(address(&world).instance_id(), one.instance_id());
    let files = world.record("aws_efs_file_system.files");
    let name = files["outputs"]["dns_name"].as_str().expect("it has a name").to_owned();
    assert_eq!(
        user_data(&world, &id(&one)),
        format!("#!/bin/sh\nmount -t nfs4 {name}:/ /srv\necho ${{HOME}}\n")
    );
    for (output, value) in [
        ("instances.web.id", id(&one)),
        ("elastic_ips.door.public_ip", address(&world).public_ip().expect("it has one").to_owned()),
        ("instances.web.volumes.data", disk.volume_id().expect("it has an id").to_owned()),
    ] {
        world.provision(&["output", output]).exits(0).says(&[&value]);
    }
    // A volume with data goes only when it is named and not protected.
    let refused = world.provision(&["destroy", "--auto-approve"]).exits(1);
    refused.says(&[VOLUME, "deletion_protection"]);
    world.edit_stack("size: 10,", "size: 10, deletion_protection: false,");
    world.apply(&[]);
    world.destroy();
    assert!(machines(&world).is_empty());
    let snapshots = world.cloud.run(world.cloud.ec2.describe_snapshots().owner_ids("self").send());
    let snapshots = snapshots.expect("they can be read");
    let last = snapshots.snapshots().iter().find(|one| one.volume_id() == disk.volume_id());
    assert!(last.is_some(), "{snapshots:?}");
}

#[test]
fn what_can_change_in_place_does_and_each_change_says_what_it_costs() {
    let world = world();
    world.apply(&[]);
    let before = id(&machine(&world));
    let effect = |plan: &Value, address: &str| -> Value {
        let changes = plan["changes"].as_array().expect("changes").iter();
        changes
            .clone()
            .find(|change| change["address"] == address)
            .map(|one| one["effect"].clone())
            .unwrap_or_default()
    };
    for (from, to, at, cost) in [
        ("t3.large", "t3.xlarge", MACHINE, "reboot"),
        ("security_groups: [open]", "security_groups: [open]\n    http_tokens: optional", MACHINE, "none"),
        (
            "http_tokens: optional",
            "http_tokens: optional\n    http_put_response_hop_limit: 1",
            MACHINE,
            "access-loss",
        ),
        ("termination_protection: false", "termination_protection: true", MACHINE, "none"),
        ("size: 10", "size: 20", VOLUME, "none"),
        ("size: 20", "size: 20, throughput: 250", VOLUME, "none"),
        ("role: machines", "running: false", MACHINE, "access-loss"),
        ("running: false", "running: true", MACHINE, "none"),
        ("device: /dev/sdf", "device: /dev/sdg", MACHINE, "access-loss"),
        ("team: one", "team: two", ADDRESS, "none"),
    ] {
        world.edit_stack(from, to);
        let plan = world.plan(&[]);
        assert_eq!(planned(&plan, at), "update", "{to}");
        assert_eq!(effect(&plan, at), json!(cost), "{to}");
        world.apply(&[]);
        world.plans_nothing();
    }
    let after = machine(&world);
    assert_eq!(id(&after), before);
    assert_eq!(after.instance_type().map(|one| one.as_str()), Some("t3.xlarge"));
    assert!(after.iam_instance_profile().is_none());
    assert_eq!(volume(&world).and_then(|one| one.size()), Some(20));
    let device = volume(&world).and_then(|one| one.attachments().first()?.device().map(str::to_owned));
    assert_eq!(device.as_deref(), Some("/dev/sdg"));
    // A volume never shrinks.
    world.edit_stack("size: 20", "size: 10");
    world.provision(&["plan"]).exits(1).says(&["never shrinks"]);
}

#[test]
fn a_replaced_machine_leaves_its_volume_and_its_address_to_the_new_one() {
    let world = world();
    world.apply(&[]);
    let (before, disk, ip) = (id(&machine(&world)), world.record(VOLUME)["id"].clone(), address(&world));
    let other = world.cloud.ec2.register_image().name("another").root_device_name("/dev/xvda");
    let other = world.cloud.run(other.send()).expect("it can be made").image_id.expect("it has an id");
    world
        .edit_stack("{ ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }", &other);
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, MACHINE), "replace");
    assert_eq!(planned(&plan, VOLUME), "no-op");
    assert_eq!(planned(&plan, ADDRESS), "update");
    world.apply(&[]);
    world.plans_nothing();
    let after = machine(&world);
    assert_ne!(id(&after), before);
    assert_eq!(after.image_id(), Some(other.as_str()));
    assert_eq!(world.record(VOLUME)["id"], disk);
    assert_eq!(holder(&world), Some(id(&after)));
    assert_eq!(address(&world).instance_id(), after.instance_id());
    assert_eq!(address(&world).allocation_id(), ip.allocation_id());
    // One that is protected is not.
    world.edit_stack("termination_protection: false", "termination_protection: true");
    world.apply(&[]);
    world.edit_stack("zone: eu-west-1a\n", "zone: eu-west-1a\n    key_name: admins\n");
    let refused = world.plan(&[]);
    assert!(errors(&refused).iter().any(|(check, _)| check == "protected"), "{refused}");
}

#[test]
fn what_was_destroyed_is_made_again_at_once_with_other_parameters() {
    let world = world();
    world.edit_stack(
        "device: /dev/sdf }",
        "device: /dev/sdf, deletion_protection: false, final_snapshot: false }",
    );
    world.apply(&[]);
    let first = (id(&machine(&world)), volume(&world).and_then(|one| one.volume_id));
    world.provision(&["destroy", "--auto-approve"]).exits(0);
    // EC2 remembers the tokens of what is gone.
    world.edit_stack("size: 10,", "size: 12,");
    world.apply(&[]);
    let second = (id(&machine(&world)), volume(&world).and_then(|one| one.volume_id));
    assert!(first.0 != second.0 && first.1 != second.1, "{first:?} {second:?}");
    world.plans_nothing();
}

#[test]
fn another_user_data_is_a_new_machine_only_where_that_is_written() {
    let world = world();
    world.apply(&[]);
    let before = id(&machine(&world));
    let write = |text: &str| std::fs::write(world.path("init.yaml"), text).expect("it can be written");
    write("#!/bin/sh\necho two\n");
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, MACHINE), "update");
    assert!(plan.to_string().contains("cloud-init does at the first boot alone"), "{plan}");
    world.control.forget_calls();
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(id(&machine(&world)), before);
    world.edit_stack("user_data: init.yaml", "user_data: init.yaml\n    replace_on_user_data_change: true");
    world.apply(&[]);
    assert_eq!(id(&machine(&world)), before);
    write("#!/bin/sh\necho three\n");
    assert_eq!(planned(&world.plan(&[]), MACHINE), "replace");
    world.apply(&[]);
    world.plans_nothing();
    let after = id(&machine(&world));
    assert_ne!(after, before);
    assert_eq!(user_data(&world, &after), "#!/bin/sh\necho three\n");
    write("${HOME}\n");
    world.provision(&["plan"]).exits(1).says(&["init.yaml:1:1", "`${HOME}` is no output", "$${"]);
    std::fs::remove_file(world.path("init.yaml")).expect("it is there");
    world.provision(&["plan"]).exits(1).says(&["init.yaml cannot be read"]);
}

#[test]
fn what_others_do_to_a_machine_is_seen_and_put_right() {
    let world = world();
    world.apply(&[]);
    let one = id(&machine(&world));
    let disk = world.record(VOLUME)["id"].as_str().expect("an id").to_owned();
    let ec2 = &world.cloud.ec2;
    // The volume is detached.
    world.cloud.run(ec2.detach_volume().volume_id(&disk).send()).expect("it can be detached");
    assert_eq!(planned(&world.plan(&[]), MACHINE), "update");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(holder(&world), Some(one.clone()));
    // It is stopped, and has another type.
    world.cloud.run(ec2.stop_instances().instance_ids(&one).send()).expect("it can be stopped");
    world.cloud.run(ec2.describe_instances().send()).expect("it can be read");
    let small = AttributeValue::builder().value("t3.small").build();
    let call = ec2.modify_instance_attribute().instance_id(&one).instance_type(small);
    world.cloud.run(call.send()).expect("it can be changed");
    assert_eq!(planned(&world.plan(&[]), MACHINE), "update");
    world.apply(&[]);
    world.plans_nothing();
    let after = machine(&world);
    assert_eq!(
        (state(&after).as_str(), after.instance_type().map(|one| one.as_str())),
        ("running", Some("t3.large"))
    );
    // The address is taken off.
    let association = address(&world).association_id().expect("it is on the machine").to_owned();
    let call = ec2.disassociate_address().association_id(association);
    world.cloud.run(call.send()).expect("it can be taken off");
    assert_eq!(planned(&world.plan(&[]), ADDRESS), "update");
    world.apply(&[]);
    world.plans_nothing();
    // The machine is terminated: the volume and the address go to the next one.
    world.cloud.run(ec2.terminate_instances().instance_ids(&one).send()).expect("it can be terminated");
    world.cloud.run(ec2.describe_instances().send()).expect("it can be read");
    assert_eq!(planned(&world.plan(&[]), MACHINE), "create");
    world.apply(&[]);
    world.plans_nothing();
    let next = id(&machine(&world));
    assert_ne!(next, one);
    assert_eq!(holder(&world), Some(next.clone()));
    assert_eq!(address(&world).instance_id(), Some(next.as_str()));
    assert_eq!(world.record(VOLUME)["id"], disk);
}

#[test]
fn an_address_on_a_machine_of_others_stays_there() {
    let world = world();
    world.apply(&[]);
    let subnet = machine(&world).subnet_id().expect("it has one").to_owned();
    let image = machine(&world).image_id().expect("it has one").to_owned();
    let call = world.cloud.ec2.run_instances().image_id(image).min_count(1).max_count(1).subnet_id(subnet);
    let theirs = world.cloud.run(call.send()).expect("it can be made").instances.expect("one").remove(0);
    world.cloud.run(world.cloud.ec2.describe_instances().send()).expect("it can be read");
    let call = world.cloud.ec2.associate_address().instance_id(id(&theirs));
    let call =
        call.allocation_id(address(&world).allocation_id().expect("it has an id")).allow_reassociation(true);
    world.cloud.run(call.send()).expect("it can be moved");
    let refused = world.provision(&["apply", "--auto-approve"]).exits(1);
    refused.says(&[ADDRESS, &id(&theirs), "disassociate-address"]);
    assert_eq!(address(&world).instance_id(), theirs.instance_id());
}

#[test]
fn a_run_that_is_cut_off_in_a_change_of_the_type_is_gone_on_with() {
    for operation in ["ec2.StopInstances", "ec2.ModifyInstanceAttribute", "ec2.StartInstances"] {
        let world = world();
        world.apply(&[]);
        let before = id(&machine(&world));
        world.edit_stack("t3.large", "t3.xlarge");
        world.control.refuse(operation, "UnauthorizedOperation", 403, "no");
        world.provision(&["apply", "--auto-approve"]).exits(1);
        world.control.lose_answer(operation);
        world.apply(&[]);
        world.plans_nothing();
        let now = machine(&world);
        assert_eq!((id(&now), state(&now)), (before, "running".to_owned()), "{operation}");
        assert_eq!(now.instance_type().map(|one| one.as_str()), Some("t3.xlarge"), "{operation}");
    }
}

#[test]
fn a_lost_state_is_rebuilt_with_the_machine_its_volume_and_its_address() {
    let world = world();
    world.apply(&[]);
    let ids = |world: &World| [MACHINE, VOLUME, ADDRESS].map(|address| world.record(address)["id"].clone());
    let before = ids(&world);
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    assert_eq!(ids(&world), before);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(ids(&world), before);
    // The protection, which AWS does not show, is rebuilt as the safe answer.
    assert_eq!(world.record(VOLUME)["inputs"]["deletion_protection"], true);
}

#[test]
fn a_machine_that_others_made_is_adopted_with_its_volumes_and_those_of_kops_are_refused() {
    let world = world();
    world.apply(&[]);
    let mine = machine(&world);
    let image = mine.image_id().expect("it has one").to_owned();
    let subnet = mine.subnet_id().expect("it has one").to_owned();
    let run = |tag: (&str, &str)| {
        use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::Instance)
            .tags(Tag::builder().key(tag.0).value(tag.1).build());
        let call = world.cloud.ec2.run_instances().image_id(&image).min_count(1).max_count(1);
        let call = call.subnet_id(&subnet).instance_type("t3.micro".into()).tag_specifications(tags.build());
        let call = call.security_group_ids(mine.security_groups()[0].group_id().expect("an id"));
        let made = world.cloud.run(call.send()).expect("it can be made").instances.expect("one").remove(0);
        world.cloud.run(world.cloud.ec2.describe_instances().send()).expect("it can be read");
        id(&made)
    };
    let theirs = run(("Name", "theirs"));
    let disk = world.cloud.ec2.create_volume().availability_zone("eu-west-1a").size(7);
    let disk = world.cloud.run(disk.send()).expect("it can be made").volume_id.expect("an id");
    world.cloud.run(world.cloud.ec2.describe_volumes().send()).expect("it can be read");
    let call = world.cloud.ec2.attach_volume().volume_id(&disk).instance_id(&theirs).device("/dev/sdf");
    world.cloud.run(call.send()).expect("it can be attached");
    world.provision(&["import", &format!("aws_instance.old={theirs}"), "--into"]).exits(0);
    assert_eq!(world.record("aws_instance.old")["id"], theirs);
    assert_eq!(world.record("aws_ebs_volume.old/sdf")["id"], disk);
    world.apply(&[]);
    world.plans_nothing();
    let of_kops = run(("kops.k8s.io/instancegroup", "nodes"));
    let refused = world.provision(&["import", &format!("aws_instance.node={of_kops}"), "--into"]).exits(1);
    refused.says(&["the instance group of kops nodes makes and deletes it"]);
    let of_group = run(("aws:autoscaling:groupName", "workers"));
    let refused = world.provision(&["import", &format!("aws_instance.node={of_group}"), "--into"]).exits(1);
    refused.says(&["the autoscaling group workers makes and deletes it"]);
}

#[test]
fn protection_that_somebody_turned_off_in_aws_is_turned_on_again() {
    let world = world();
    world.edit_stack("termination_protection: false", "termination_protection: true");
    world.apply(&[]);
    let off = AttributeBooleanValue::builder().value(false).build();
    let call = world.cloud.ec2.modify_instance_attribute().instance_id(id(&machine(&world)));
    world.cloud.run(call.disable_api_termination(off).send()).expect("it can be turned off");
    assert_eq!(planned(&world.plan(&[]), MACHINE), "update");
    world.apply(&[]);
    world.plans_nothing();
}

/// The errors of the first plan of a stack, with their hints.
fn refused(edit: impl Fn(&World)) -> Vec<(String, String, String)> {
    let world = world();
    edit(&world);
    let plan = world.plan(&[]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = plan["preflight"].as_array().expect("a plan has findings").iter();
    let errors = findings.filter(|finding| finding["level"] == "error");
    errors.map(|one| (text(&one["check"]), text(&one["message"]), text(&one["hint"]))).collect()
}

const PARAMETER: &str = "{ ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }";

#[test]
fn what_ec2_would_refuse_of_a_new_machine_is_an_error_before_anything_is_made() {
    type Edit = fn(&World);
    let cases: [(Edit, &str, &str, &str); 6] = [
        (
            |world| world.edit_stack(PARAMETER, "ami-00000000"),
            "image",
            "the image ami-00000000 is none",
            "aws ec2 describe-images --owners self",
        ),
        (
            |world| world.edit_stack("kernel-default-x86_64", "kernel-default-none"),
            "image",
            "no such parameter",
            "aws ssm get-parameters-by-path",
        ),
        (
            |world| world.edit_stack("kernel-default-x86_64", "kernel-default-arm64"),
            "image",
            "is for arm64, and t3.large takes x86_64",
            "Values=arm64",
        ),
        (
            |world| world.edit_stack("t3.large", "t9.large"),
            "instance-type",
            "the type t9.large is none",
            "instance_type",
        ),
        (
            |world| world.edit_stack("    role: machines\n", "    instance_profile: web\n"),
            "named",
            "there is no instance profile web",
            "aws iam list-instance-profiles",
        ),
        (
            |world| {
                world.control.quotas(json!({ "ec2/L-0263D0A3": 0, "ec2/L-1216C47A": 1 }));
            },
            "quota",
            "",
            "raise the quota",
        ),
    ];
    for (edit, check, message, hint) in cases {
        let errors = refused(edit);
        assert!(!errors.is_empty(), "{check}: {message}");
        for (its, said, cure) in &errors {
            assert!(its == check && said.contains(message) && cure.contains(hint), "{its}: {said} / {cure}");
        }
        if check == "quota" {
            let said: Vec<&str> = errors.iter().map(|(_, said, _)| said.as_str()).collect();
            assert_eq!(
                said,
                [
                    "1 more elastic IP address does not fit into the account's quota of 0, of which 0 are used",
                    "2 more vCPUs of standard machines do not fit into the account's quota of 1, of which 0 are used",
                ]
            );
        }
    }
}

#[test]
fn a_machine_that_stands_is_asked_about_no_more_and_those_that_run_count() {
    let world = world();
    world.control.forget_calls();
    world.apply(&[]);
    let calls = world.control.calls();
    for operation in ["ec2.DescribeInstanceTypes", "ec2.DescribeInstanceTypeOfferings"] {
        assert_eq!(calls.of(operation), 1, "{operation}");
    }
    world.control.forget_calls();
    world.plans_nothing();
    let calls = world.control.calls();
    for operation in
        ["ec2.DescribeInstanceTypes", "ec2.DescribeInstanceTypeOfferings", "service-quotas.GetServiceQuota"]
    {
        assert_eq!(calls.of(operation), 0, "{operation}: {:?}", calls.by_operation);
    }
    world.control.quotas(json!({ "ec2/L-1216C47A": 3 }));
    let other = "instances:\n  other:\n    ami: ami-087fc0fcee2c7570a\n    instance_type: t3.large\n    zone: eu-west-1b\n    security_groups: [open]\n";
    world.edit_stack("instances:\n", other);
    let plan = world.plan(&[]);
    assert_eq!(errors(&plan), [("quota".to_owned(), "aws_instance.other".to_owned())]);
}
