//! The rights of roles: none is left behind by a run that was stopped, none is hidden from a reader of the plan, and those that others gave are
//! named.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::lifecycle::planned;
use crate::world::{World, errors};

const ROLE: &str = "aws_iam_role.svc";
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const READ: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const POWER: &str = "arn:aws:iam::aws:policy/PowerUserAccess";
const NO: (&str, u16, &str) = ("AccessDenied", 403, "no");

/// A world whose stack has the role `svc` with these options.
fn world(options: &str) -> World {
    let world = World::empty();
    write(&world, options);
    world
}

fn write(world: &World, options: &str) {
    world.write_stack(&format!(
        "stack: shop\nroles:\n  svc: {{ services: [backup.amazonaws.com]{options} }}\n"
    ));
}

fn refuse(world: &World, operation: &str) {
    let (code, status, message) = NO;
    world.control.refuse(operation, code, status, message);
}

fn inline(world: &World, name: &str) -> Vec<String> {
    let call = world.cloud.iam.list_role_policies().role_name(name);
    world.cloud.run(call.send()).expect("they can be read").policy_names
}

fn attached(world: &World, name: &str) -> BTreeSet<String> {
    let call = world.cloud.iam.list_attached_role_policies().role_name(name);
    let answer = world.cloud.run(call.send()).expect("they can be read");
    answer.attached_policies().iter().filter_map(|one| one.policy_arn.clone()).collect()
}

fn role(world: &World, name: &str) -> Option<aws_sdk_iam::types::Role> {
    world.cloud.run(world.cloud.iam.get_role().role_name(name).send()).ok()?.role
}

fn put(world: &World, role: &str, name: &str, policy: &Value) {
    let call = world.cloud.iam.put_role_policy().role_name(role).policy_name(name);
    world.cloud.run(call.policy_document(policy.to_string()).send()).expect("it can be put");
}

fn everything() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] })
}

fn warnings(plan: &Value) -> Vec<String> {
    let all = plan["preflight"].as_array().into_iter().flatten();
    let all = all.filter(|one| one["level"] == "warning");
    all.filter_map(|one| Some(one["message"].as_str()?.to_owned())).collect()
}

const LESS: &str = ", statements: { A: { actions: [\"ecr:*\"], resources: [\"*\"] } }";
const MORE: &str = ", policy_name: zzz, statements: { A: { actions: [\"*\"], resources: [\"*\"] } }";

#[test]
fn what_a_stopped_update_has_attached_is_taken_off_again_with_the_edit() {
    let world = world("");
    world.apply(&[]);
    let more = format!(", managed_policies: [{ADMIN}, {READ}], permissions_boundary: \"{POWER}\"");
    write(&world, &more);
    world.edit_stack("stack: shop", "stack: shop\ntags: { team: x }");
    // Boundary and tags are on it when the last call fails.
    refuse(&world, "iam.TagRole");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(attached(&world, "shop-svc"), [ADMIN.to_owned(), READ.to_owned()].into());
    write(&world, "");
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, ROLE), "update", "{plan:#}");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(attached(&world, "shop-svc"), BTreeSet::new());
    assert!(role(&world, "shop-svc").expect("it is there").permissions_boundary.is_none());
    world.destroy();
}

#[test]
fn what_a_stopped_update_has_tagged_is_taken_off_again_with_the_edit() {
    let world = world("");
    world.apply(&[]);
    write(&world, "");
    world.edit_stack("stack: shop", "stack: shop\ntags: { team: x }");
    world.control.lose_answer("iam.TagRole");
    refuse(&world, "iam.TagRole");
    world.provision(&["apply", "--auto-approve"]);
    write(&world, "");
    world.apply(&[]);
    world.plans_nothing();
    let role = role(&world, "shop-svc").expect("it is there");
    assert!(role.tags().iter().all(|tag| tag.key() != "team"), "{:?}", role.tags());
}

#[test]
fn of_two_policies_that_a_stopped_change_of_name_leaves_the_one_that_is_written_stays() {
    for goes_on in [false, true] {
        let world = world(LESS);
        world.apply(&[]);
        write(&world, MORE);
        refuse(&world, "iam.DeleteRolePolicy");
        world.provision(&["apply", "--auto-approve"]).exits(1);
        assert_eq!(inline(&world, "shop-svc"), ["provision", "zzz"]);
        let kept = if goes_on { "zzz" } else { "provision" };
        if !goes_on {
            write(&world, LESS);
        }
        let plan = world.plan(&[]);
        assert_eq!(planned(&plan, ROLE), "update", "{plan:#}");
        assert!(plan.to_string().contains("provision and zzz"), "{plan:#}");
        world.apply(&[]);
        world.plans_nothing();
        assert_eq!(inline(&world, "shop-svc"), [kept]);
        world.destroy();
        assert!(role(&world, "shop-svc").is_none());
    }
}

#[test]
fn a_stack_is_destroyed_with_all_that_a_stopped_update_has_put_on_a_role() {
    let world = world(LESS);
    world.apply(&[]);
    write(&world, &format!("{MORE}, managed_policies: [{ADMIN}]"));
    refuse(&world, "iam.DeleteRolePolicy");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    world.destroy();
    assert!(role(&world, "shop-svc").is_none());
}

const PAIR: &str = "stack: shop\nroles:\n  pair: { instance_profile: true, managed_policies: [MANAGED]NAMED, \
                    statements: { A: { actions: [\"ecr:*\"], resources: [\"*\"] } } }\n";

#[test]
fn a_replacement_of_a_role_that_was_refused_goes_on_or_back() {
    for goes_on in [true, false] {
        let world = World::empty();
        let before = PAIR.replace("MANAGED", READ).replace("NAMED", "");
        let after = PAIR.replace("MANAGED", POWER).replace("NAMED", ", name: other, policy_name: zzz");
        world.write_stack(&before);
        world.apply(&[]);
        world.write_stack(&after);
        refuse(&world, "iam.AttachRolePolicy");
        world.provision(&["apply", "--auto-approve"]).exits(1);
        assert!(role(&world, "shop-pair").is_some() && role(&world, "other").is_some());
        world.write_stack(if goes_on { &after } else { &before });
        world.apply(&[]);
        world.plans_nothing();
        assert_eq!(role(&world, "shop-pair").is_some(), !goes_on);
        assert_eq!(role(&world, "other").is_some(), goes_on);
        world.destroy();
    }
}

#[test]
fn a_role_whose_new_name_is_refused_is_still_there_and_keeps_its_own() {
    let world = world(LESS);
    world.apply(&[]);
    write(&world, &format!("{LESS}, name: other"));
    refuse(&world, "iam.CreateRole");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert!(role(&world, "shop-svc").is_some());
    write(&world, LESS);
    world.apply(&[]);
    world.plans_nothing();
    assert!(role(&world, "shop-svc").is_some() && role(&world, "other").is_none());
    write(&world, &format!("{LESS}, name: other"));
    world.apply(&[]);
    world.plans_nothing();
    assert!(role(&world, "shop-svc").is_none() && role(&world, "other").is_some());
}

#[test]
fn the_first_plan_of_a_role_shows_each_action_and_each_bucket() {
    let world = World::empty();
    let names: Vec<String> = ["one", "two"].map(|name| format!("{name}-{}", world.account)).into();
    world.write_stack(&format!(
        "stack: shop\nbuckets:\n  one: {{ bucket: {} }}\n  two: {{ bucket: {} }}\nroles:\n  svc: {{ services: [backup.amazonaws.com], \
         buckets: [one, two], statements: {{ E: {{ actions: [\"*\"], resources: [\"*\"] }} }} }}\n",
        names[0], names[1]
    ));
    let arn = format!("arn:aws:s3:::{}", names[1]);
    for form in [&["plan"][..], &["plan", "--markdown"], &["plan", "--json"]] {
        let said = world.provision(form).exits(0).said().replace('\n', " ");
        for word in ["s3:PutObject", &arn, "\"E\"", "\"*\""] {
            assert!(said.contains(word) || said.contains(&word.replace('"', "")), "{word}: {said}");
        }
    }
    let plan = world.plan(&[]);
    let change = plan["changes"].as_array().expect("changes").iter().find(|one| one["address"] == ROLE);
    let fields = change.expect("the role is made")["fields"].as_array().expect("fields").clone();
    let policy = fields.iter().find(|field| field["path"] == "policy").expect("its policy");
    assert_eq!(policy["unknown"], false, "{policy:#}");
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn what_others_put_on_a_role_is_named_by_each_plan() {
    let world = world(&format!(", managed_policies: [{READ}]"));
    world.apply(&[]);
    assert_eq!(warnings(&world.plan(&[])), [""; 0]);
    let attach = world.cloud.iam.attach_role_policy().role_name("shop-svc").policy_arn(ADMIN);
    world.cloud.run(attach.send()).expect("it can be attached");
    put(&world, "shop-svc", "theirs", &everything());
    world.plans_nothing();
    let said = warnings(&world.plan(&[])).join("\n");
    for words in [
        format!("others have attached {ADMIN} to it, which allows everything"),
        "others have put the policy theirs on it, which allows everything".to_owned(),
    ] {
        assert!(said.contains(&words), "{said}");
    }
    // One that is written is not of others any more.
    write(&world, &format!(", managed_policies: [{READ}, {ADMIN}]"));
    assert!(!warnings(&world.plan(&[])).join("\n").contains(ADMIN));
}

#[test]
fn a_role_that_is_adopted_with_more_than_its_entry_says_is_told_of() {
    let world = world(&format!(", name: theirs, managed_policies: [{READ}]"));
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "backup.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let make =
        world.cloud.iam.create_role().role_name("theirs").assume_role_policy_document(trust.to_string());
    world.cloud.run(make.send()).expect("it can be made");
    for arn in [READ, ADMIN] {
        let attach = world.cloud.iam.attach_role_policy().role_name("theirs").policy_arn(arn);
        world.cloud.run(attach.send()).expect("it can be attached");
    }
    world.provision(&["import", &format!("{ROLE}=theirs")]).exits(0);
    for _ in 0..2 {
        assert!(warnings(&world.plan(&[])).join("\n").contains(ADMIN));
        world.apply(&[]);
    }
    world.plans_nothing();
    world.lose_the_state();
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    assert!(warnings(&world.plan(&[])).join("\n").contains(ADMIN));
}

#[test]
fn a_role_without_an_inline_policy_is_adopted_and_one_with_two_is_told_apart() {
    let world = World::empty();
    world.write_stack("stack: shop\n");
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "backup.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    for name in ["none", "two"] {
        let make =
            world.cloud.iam.create_role().role_name(name).assume_role_policy_document(trust.to_string());
        world.cloud.run(make.send()).expect("it can be made");
    }
    put(&world, "two", "a", &everything());
    put(&world, "two", "b", &everything());
    world.provision(&["import", "aws_iam_role.none=none", "--into"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    world
        .provision(&["import", "aws_iam_role.two=two", "--into"])
        .exits(1)
        .says(&["it has several inline policies", "policy_name"]);
}

#[test]
fn another_name_writes_over_no_policy_of_others() {
    let world = world(LESS);
    world.apply(&[]);
    let theirs = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "s3:*", "Resource": "*" }] });
    put(&world, "shop-svc", "theirs", &theirs);
    write(&world, &format!("{LESS}, policy_name: theirs"));
    let plan = world.plan(&[]);
    assert!(errors(&plan).iter().any(|(check, _)| check == "name-taken"), "{plan:#}");
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["it would be written over"]);
    assert_eq!(world.control.calls().mutating(), 0);
}

#[test]
fn a_role_stays_when_a_bucket_that_it_names_is_destroyed() {
    let world = World::empty();
    let name = |name: &str| format!("{name}-{}", world.account);
    let one = format!("  one: {{ bucket: {} }}\n", name("one"));
    let two = format!("  two: {{ bucket: {}, deletion_protection: false }}\n", name("two"));
    let stack = |buckets: &str, named: &str| {
        format!(
            "stack: shop\nbuckets:\n{buckets}roles:\n  svc: {{ services: [backup.amazonaws.com], buckets: [{named}] }}\n"
        )
    };
    world.write_stack(&stack(&format!("{one}{two}"), "one, two"));
    world.apply(&[]);
    let unique = role(&world, "shop-svc").expect("it is there").role_id;
    world.write_stack(&stack(&one, "one"));
    world.provision(&["destroy", "--target", "aws_s3_bucket.two", "--auto-approve"]).exits(0);
    assert_eq!(role(&world, "shop-svc").expect("it is still there").role_id, unique);
    let plan = world.plan(&[]);
    assert_eq!(planned(&plan, ROLE), "update", "{plan:#}");
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn of_two_providers_with_the_tags_of_a_cluster_one_has_to_be_named() {
    let world = World::seeded(&["--issuer"]);
    world.write_stack("stack: shop\nroles:\n  pods: { service_accounts: [gitlab/web] }\n");
    let tag = aws_sdk_iam::types::Tag::builder().key("KubernetesCluster").value("k8s.myzone.net").build();
    let make = world.cloud.iam.create_open_id_connect_provider().url("https://new.example.com/x");
    let make = make.thumbprint_list("0".repeat(40)).client_id_list("amazonaws.com");
    let made = world.cloud.run(make.tags(tag.expect("a tag")).send()).expect("it can be made");
    let second = made.open_id_connect_provider_arn.expect("an ARN");
    let first = world.seed["oidc_provider"].as_str().expect("the seed made it");
    let said = world.provision(&["plan"]).exits(1).says(&[first, &second, "`oidc_provider`"]).said();
    assert!(!said.contains("serviceAccountIssuerDiscovery"), "{said}");
    let named = format!("service_accounts: [gitlab/web], oidc_provider: \"{second}\"");
    world.edit_stack("service_accounts: [gitlab/web]", &named);
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_provider_that_is_named_has_to_be_there_also_with_audiences() {
    let world = World::seeded(&["--issuer"]);
    let missing = format!("arn:aws:iam::{}:oidc-provider/missing.example.com", world.account);
    world.write_stack(&format!(
        "stack: shop\nroles:\n  pods: {{ service_accounts: [gitlab/web], audiences: [x], oidc_provider: \"{missing}\" }}\n"
    ));
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[&missing, "is not there"]);
    assert_eq!(world.control.calls().mutating(), 0);
}

#[test]
fn a_role_that_comes_to_its_profile_without_an_answer_is_no_failure() {
    let world = World::empty();
    world.write_stack("stack: shop\nroles:\n  pair: { instance_profile: true }\n");
    world.control.lose_answer("iam.AddRoleToInstanceProfile");
    world.apply(&[]);
    assert_eq!(world.control.faults_left(), 0);
    world.plans_nothing();
}

#[test]
fn a_policy_that_is_too_long_for_its_role_is_known_before_a_bucket_is_made() {
    let world = World::empty();
    let sets: String = (0..7).map(|n| format!("  set-with-a-long-name-{n}: {{ for: gitlab }}\n")).collect();
    world.write_stack(&format!(
        "stack: shop-with-a-long-name\nbuckets:\n{sets}roles:\n  svc: {{ services: [backup.amazonaws.com], buckets: ['set-*'] }}\n"
    ));
    world.provision(&["plan"]).exits(1).says(&["characters, and IAM takes 10240 on a role"]);
}

#[test]
fn policies_of_aws_below_a_path_can_be_attached() {
    let path = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup";
    let world = world(&format!(", managed_policies: [{path}]"));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(attached(&world, "shop-svc"), [path.to_owned()].into());
    world.destroy();
}
