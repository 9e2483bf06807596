//! Machine images: made of an instance's user data, once.

use serde_json::{Value, json};

use crate::world::{World, ended, eventually};

const STACK: &str = "\
stack: shop
security_groups: { closed: { ingress: [] } }
instances:
  web:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.large
    zone: eu-west-1a
    security_groups: [closed]
    user_data: cloud-init.yaml
    termination_protection: false
";

fn world() -> World {
    let world = World::seeded(&[]);
    std::fs::write(world.path("cloud-init.yaml"), "#cloud-config\npackages: [rsync]\n").expect("a file");
    world.write_stack(STACK);
    world.apply(&[]);
    world.control.forget_calls();
    world
}

/// The images of the account: names and states.
fn images(world: &World) -> Vec<(String, String)> {
    let cloud = &world.cloud;
    let all = cloud.run(cloud.ec2.describe_images().owners("self").send()).expect("a read");
    let name = |image: &aws_sdk_ec2::types::Image| {
        Some((image.name()?.to_owned(), image.state()?.as_str().to_owned()))
    };
    all.images().iter().filter_map(name).collect()
}

/// The machines that are there.
fn machines(world: &World) -> usize {
    let cloud = &world.cloud;
    let all = cloud.run(cloud.ec2.describe_instances().send()).expect("a read");
    let states = all.reservations().iter().flat_map(|one| one.instances()).filter_map(|one| {
        let state = one.state()?.name()?.as_str().to_owned();
        let ours = one.tags().iter().any(|tag| tag.key() == Some("provision:stack"));
        ours.then_some(state)
    });
    states.filter(|state| state != "terminated" && state != "shutting-down").count()
}

#[test]
fn an_image_is_made_of_an_instance_and_made_once() {
    let world = world();
    world.provision(&["image", "web", "--plan"]).exits(0).says(&["without its volumes", "shop-web-"]);
    assert_eq!(world.control.calls().mutating(), 0);
    let ran = world.provision(&["image", "web", "--auto-approve"]).exits(0);
    ran.says(&["became the image shop-web-", "ami: ami-"]);
    let made = images(&world);
    assert!(made.len() == 1 && made[0].1 == "available" && made[0].0.starts_with("shop-web-"), "{made:?}");
    assert_eq!(machines(&world), 1);
    world.plans_nothing();

    world.control.forget_calls();
    let again = world.provision(&["image", "web", "--auto-approve"]).exits(0);
    again.says(&["is there already: ami-"]);
    let last = world.provision(&["image", "web", "--auto-approve", "--json"]).exits(0).events().pop();
    let facts = last.expect("a line")["facts"].clone();
    assert_eq!(facts["name"].as_str(), Some(made[0].0.as_str()));
    assert_eq!(world.control.calls().mutating(), 0);

    // Another content is another image.
    std::fs::write(world.path("cloud-init.yaml"), "#cloud-config\npackages: [rsync, curl]\n")
        .expect("a file");
    world.apply(&[]);
    world.provision(&["image", "web", "--auto-approve"]).exits(0);
    assert_eq!((images(&world).len(), machines(&world)), (2, 1));
}

#[test]
fn user_data_that_fails_makes_no_image_and_leaves_no_machine() {
    let world = world();
    let failed =
        json!({ "command": "cloud-init", "status": "Failed", "code": 1, "error": "no such package" });
    world.control.answer(&failed);
    let refused = world.provision(&["image", "web", "--auto-approve"]).exits(1);
    refused.says(&["no such package", "provision image web"]);
    assert_eq!((images(&world).len(), machines(&world)), (0, 1));
    world.plans_nothing();
    world.control.answer(&json!({ "command": "cloud-init" }));
    world.provision(&["image", "web", "--auto-approve"]).exits(0);
    assert_eq!((images(&world).len(), machines(&world)), (1, 1));
}

#[test]
fn a_build_that_is_killed_at_any_call_is_gone_on_with_and_leaves_one_image_and_no_machine() {
    for operation in [
        "ec2.RunInstances",
        "ssm.SendCommand",
        "ec2.StopInstances",
        "ec2.CreateImage",
        "ec2.TerminateInstances",
    ] {
        let world = world();
        world.control.settings(json!({ "latency": 0.3 }));
        let mut child = world.start(&["image", "web", "--auto-approve"]);
        eventually("the call is seen", || {
            world.control.log().iter().any(|call| call == operation)
                || child.try_wait().expect("a process").is_some()
        });
        let _ = child.kill();
        drop(ended(child));
        world.control.settings(Value::Object(Default::default()));
        eventually("the calls have ended", || world.control.at_work() == 0);
        world.provision(&["plan"]).exits(0).says(&["provision image web"]);
        world.provision(&["image", "web", "--auto-approve"]).exits(0);
        assert_eq!((images(&world).len(), machines(&world)), (1, 1), "{operation}");
        world.plans_nothing();
    }
}
