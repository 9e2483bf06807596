//! Roles through their lives: for pods by the cluster's OIDC provider, for machines by an instance profile, and those that others made.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::lifecycle::{in_place, planned, replacing};
use crate::world::World;

const ROLE: &str = "aws_iam_role.pods";
const POWER: &str = "arn:aws:iam::aws:policy/PowerUserAccess";

/// A world with a cluster that has an OIDC provider.
fn world(stack: &str) -> World {
    let world = World::seeded(&["--issuer"]);
    world.write_stack(&stack.replace("BUCKET", &format!("kept-{}", world.account)));
    world
}

const PODS: &str = "\
stack: shop
tags: { team: one }
buckets:
  kept: { bucket: BUCKET, deletion_protection: false }
roles:
  pods:
    service_accounts: [gitlab/web]
    buckets: [kept]
    description: Of pods
";

fn role(world: &World, name: &str) -> Option<aws_sdk_iam::types::Role> {
    world.cloud.run(world.cloud.iam.get_role().role_name(name).send()).ok()?.role
}

/// A document as IAM shows it.
fn document(text: &str) -> Value {
    let plain = text.replace('+', "%2B");
    let mut bytes = Vec::new();
    let mut rest = plain.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let code = std::str::from_utf8(&after[..2]).expect("two digits");
            bytes.push(u8::from_str_radix(code, 16).expect("two digits"));
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    serde_json::from_slice(&bytes).expect("a policy is JSON")
}

fn trust(world: &World, name: &str) -> Value {
    let role = role(world, name).expect("the role is there");
    document(role.assume_role_policy_document().expect("it has a trust policy"))
}

fn policy(world: &World, name: &str) -> Option<Value> {
    let call = world.cloud.iam.get_role_policy().role_name(name).policy_name("provision");
    world.cloud.run(call.send()).ok().map(|answer| document(answer.policy_document()))
}

fn attached(world: &World, name: &str) -> BTreeSet<String> {
    let call = world.cloud.iam.list_attached_role_policies().role_name(name);
    let answer = world.cloud.run(call.send()).expect("they can be read");
    answer.attached_policies().iter().filter_map(|one| one.policy_arn.clone()).collect()
}

/// Plans an edit as this action, applies it, and holds that nothing is left to do.
fn edits(world: &World, edit: &crate::lifecycle::Edit, address: &str) {
    edit.write(world);
    let named: Vec<&str> = edit.named();
    let plan = world.plan(&named);
    assert_eq!(planned(&plan, address), edit.action(), "{plan:#}");
    world.apply(&named);
    world.plans_nothing();
}

#[test]
fn a_role_of_pods() {
    let world = world(PODS);
    assert_eq!(planned(&world.plan(&[]), ROLE), "create");
    world.apply(&[]);
    world.plans_nothing();
    let provider = world.seed["oidc_provider"].as_str().expect("the seed made it");
    let (_, issuer) = provider.split_once("oidc-provider/").expect("an issuer");
    let bucket = format!("arn:aws:s3:::kept-{}", world.account);
    let statement = trust(&world, "shop-pods")["Statement"][0].clone();
    assert_eq!(statement["Principal"]["Federated"], json!([provider]));
    assert_eq!(
        statement["Condition"],
        json!({ "StringEquals": {
            (format!("{issuer}:aud")): ["amazonaws.com"], (format!("{issuer}:sub")): ["system:serviceaccount:gitlab:web"],
        } })
    );
    let inline = policy(&world, "shop-pods").expect("it has a policy");
    let resources: Vec<&Value> =
        inline["Statement"].as_array().into_iter().flatten().map(|one| &one["Resource"]).collect();
    assert_eq!(resources, [&json!([format!("{bucket}/*")]), &json!([bucket])]);
    let tags = role(&world, "shop-pods").expect("it is there").tags.unwrap_or_default();
    let tag = |key: &str| tags.iter().find(|tag| tag.key() == key).map(|tag| tag.value().to_owned());
    assert_eq!((tag("team").as_deref(), tag("provision:address").as_deref()), (Some("one"), Some(ROLE)));
    let arn = role(&world, "shop-pods").expect("it is there").arn;
    world.provision(&["output", "roles.pods.arn"]).exits(0).says(&[&arn]);

    edits(&world, &in_place("[gitlab/web]", "[gitlab/web, \"runners/*\"]"), ROLE);
    assert!(trust(&world, "shop-pods").to_string().contains("system:serviceaccount:runners:*"));
    edits(&world, &in_place("Of pods", "Of other pods\n    max_session_duration: 7200"), ROLE);
    let shown = role(&world, "shop-pods").expect("it is there");
    assert_eq!((shown.description(), shown.max_session_duration()), (Some("Of other pods"), Some(7200)));
    edits(&world, &in_place("    buckets: [kept]", "    read_buckets: [kept]"), ROLE);
    assert!(!policy(&world, "shop-pods").expect("it has one").to_string().contains("s3:PutObject"));
    edits(&world, &in_place("    read_buckets: [kept]\n", ""), ROLE);
    assert_eq!(policy(&world, "shop-pods"), None);
    let more = format!("    managed_policies: [\"{POWER}\"]\n    permissions_boundary: {POWER}\n");
    world.edit_stack("    max_session_duration", &format!("{more}    max_session_duration"));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(attached(&world, "shop-pods"), [POWER.to_owned()].into());
    world.edit_stack(&more, "");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(attached(&world, "shop-pods"), BTreeSet::new());
    assert!(role(&world, "shop-pods").expect("it is there").permissions_boundary.is_none());
    edits(&world, &replacing("    service_accounts", "    path: /apps/\n    service_accounts", &[]), ROLE);
    assert_eq!(role(&world, "shop-pods").expect("it is there").path, "/apps/");
    edits(&world, &in_place("team: one", "team: two"), ROLE);
    world.destroy();
    assert!(role(&world, "shop-pods").is_none());
}

#[test]
fn a_role_of_machines_has_its_instance_profile() {
    const PROFILE: &str = "aws_iam_instance_profile.pair";
    let world = World::empty();
    world.write_stack("stack: shop\nroles:\n  pair: { instance_profile: true }\n");
    world.apply(&[]);
    world.plans_nothing();
    let profile = |name: &str| {
        let call = world.cloud.iam.get_instance_profile().instance_profile_name(name);
        world.cloud.run(call.send()).ok().and_then(|answer| answer.instance_profile)
    };
    let roles = |name: &str| -> Vec<String> {
        profile(name).into_iter().flat_map(|one| one.roles).map(|role| role.role_name).collect()
    };
    assert_eq!(roles("shop-pair"), ["shop-pair"]);
    world.provision(&["output", "roles.pair.instance_profile"]).exits(0).says(&["shop-pair"]);
    // The role is another one, and machines keep their profile.
    world.edit_stack("instance_profile: true", "instance_profile: true, name: other");
    assert_eq!(planned(&world.plan(&[]), PROFILE), "update");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(roles("shop-pair"), ["other"]);
    assert!(role(&world, "shop-pair").is_none());
    world.edit_stack("instance_profile: true, name: other", "services: [ec2.amazonaws.com], name: other");
    assert_eq!(planned(&world.plan(&[]), PROFILE), "delete");
    world.apply(&[]);
    world.plans_nothing();
    assert!(profile("shop-pair").is_none() && role(&world, "other").is_some());
    world.destroy();
    assert!(role(&world, "other").is_none());
}

#[test]
fn a_cluster_without_a_provider_is_told_what_to_write() {
    let world = World::seeded(&[]);
    world.write_stack("stack: shop\nroles:\n  pods: { service_accounts: [gitlab/web] }\n");
    for command in [&["plan"][..], &["apply", "--auto-approve"]] {
        world.provision(command).exits(1).says(&[
            "aws_iam_openid_connect_provider.pods (k8s.myzone.net) is not in AWS",
            "enableAWSOIDCProvider: true",
            "tokens that pods of a living cluster have are refused",
        ]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
}

#[test]
fn what_others_put_on_a_role_is_named_before_it_is_deleted_and_stays() {
    let world = world(PODS);
    world.apply(&[]);
    let iam = &world.cloud.iam;
    let theirs = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "s3:Get*", "Resource": "*" }] });
    let put = iam
        .put_role_policy()
        .role_name("shop-pods")
        .policy_name("theirs")
        .policy_document(theirs.to_string());
    world.cloud.run(put.send()).expect("it can be put");
    let attach = iam.attach_role_policy().role_name("shop-pods").policy_arn(POWER);
    world.cloud.run(attach.send()).expect("it can be attached");
    let make = iam.create_instance_profile().instance_profile_name("shop-pods");
    world.cloud.run(make.send()).expect("it can be made");
    let add = iam.add_role_to_instance_profile().instance_profile_name("shop-pods").role_name("shop-pods");
    world.cloud.run(add.send()).expect("it can be added");
    // It is none of our business while the role stays.
    world.plans_nothing();
    world.control.forget_calls();
    world.provision(&["destroy", "--auto-approve"]).exits(1).says(&[
        "others have put the policy theirs on shop-pods",
        "aws iam delete-role-policy --role-name shop-pods --policy-name theirs",
        &format!("others have attached {POWER} to shop-pods"),
        "shop-pods is in the instance profile shop-pods of others",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    assert!(policy(&world, "shop-pods").is_some());
    let remove =
        iam.remove_role_from_instance_profile().instance_profile_name("shop-pods").role_name("shop-pods");
    world.cloud.run(remove.send()).expect("it can be removed");
    let delete = iam.delete_role_policy().role_name("shop-pods").policy_name("theirs");
    world.cloud.run(delete.send()).expect("it can be deleted");
    let detach = iam.detach_role_policy().role_name("shop-pods").policy_arn(POWER);
    world.cloud.run(detach.send()).expect("it can be detached");
    world.destroy();
    assert!(role(&world, "shop-pods").is_none());
}

#[test]
fn a_role_that_is_not_known_everywhere_at_once_is_made_all_the_same() {
    let world =
        world(&PODS.replace("    buckets: [kept]", "    buckets: [kept]\n    instance_profile: true"));
    world.control.settings(json!({ "unknown": 1 }));
    world.apply(&[]);
    world.plans_nothing();
    assert!(policy(&world, "shop-pods").is_some());
    assert_eq!(world.control.calls().of("iam.CreateRole"), 1);
    world.destroy();
}

#[test]
fn a_role_of_others_with_our_name_is_left_alone() {
    let world = world(PODS);
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let make =
        world.cloud.iam.create_role().role_name("SHOP-pods").assume_role_policy_document(trust.to_string());
    world.cloud.run(make.send()).expect("it can be made");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["SHOP-pods"]);
    assert!(role(&world, "SHOP-pods").is_some_and(|role| role.tags().is_empty()));
    assert_eq!(world.control.calls().of("iam.PutRolePolicy"), 0);
}

#[test]
fn a_role_of_others_is_adopted_as_it_is_with_its_profile() {
    let world = World::empty();
    let iam = &world.cloud.iam;
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let make = iam
        .create_role()
        .role_name("theirs")
        .description("Of others")
        .assume_role_policy_document(trust.to_string());
    world.cloud.run(make.send()).expect("it can be made");
    let inline = json!({ "Version": "2012-10-17", "Statement": {
        "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::theirs/*" } });
    let put =
        iam.put_role_policy().role_name("theirs").policy_name("reading").policy_document(inline.to_string());
    world.cloud.run(put.send()).expect("it can be put");
    let attach = iam.attach_role_policy().role_name("theirs").policy_arn(POWER);
    world.cloud.run(attach.send()).expect("it can be attached");
    let profile = iam.create_instance_profile().instance_profile_name("theirs-on-machines");
    world.cloud.run(profile.send()).expect("it can be made");
    let add =
        iam.add_role_to_instance_profile().instance_profile_name("theirs-on-machines").role_name("theirs");
    world.cloud.run(add.send()).expect("it can be added");
    world.write_stack("stack: shop\n");
    world.provision(&["import", "aws_iam_role.machines=theirs", "--into"]).exits(0);
    let text = std::fs::read_to_string(world.path("provision.yaml")).expect("a stack file");
    for word in ["policy_name: reading", "instance_profile: true", "name: theirs", POWER, "s3:GetObject"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    world.apply(&[]);
    world.plans_nothing();
    let names =
        world.cloud.run(iam.list_role_policies().role_name("theirs").send()).expect("they can be read");
    assert_eq!(names.policy_names(), ["reading"]);
    let shown = role(&world, "theirs").expect("it is there");
    assert!(shown.tags().iter().any(|tag| tag.key() == "provision:stack" && tag.value() == "shop"));
    world.destroy();
    assert!(role(&world, "theirs").is_none());
}

#[test]
fn a_role_is_found_again_after_its_state_was_lost() {
    let world = world(PODS);
    world.apply(&[]);
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.control.calls().of("iam.CreateRole"), 1);
}

#[test]
fn what_iam_would_refuse_is_known_before_anything_is_made() {
    let world = world(PODS);
    let missing = format!("arn:aws:iam::{}:policy/missing", world.account);
    world.edit_stack("    description", &format!("    managed_policies: [\"{missing}\"]\n    description"));
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&[&format!("there is no managed policy {missing}")]);
    assert_eq!(world.control.calls().mutating(), 0);
}
