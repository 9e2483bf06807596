//! Buckets: a stack of its own without a cluster, and a bucket's life in it.

use aws_sdk_s3::types::{
    BucketVersioningStatus, PublicAccessBlockConfiguration, ServerSideEncryptionByDefault,
};

use crate::lifecycle::planned;
use crate::world::World;

const BUCKET: &str = "aws_s3_bucket.artifacts";

/// A world without a network. Names of buckets are those of all accounts.
fn world() -> (World, String) {
    let world = World::empty();
    let name = format!("artifacts-{}", world.account);
    world.write_stack(&format!(
        "stack: shop\ntags: {{ team: one }}\nbuckets:\n  artifacts:\n    bucket: {name}\n    deletion_protection: false\n"
    ));
    (world, name)
}

#[test]
fn one_line_makes_the_buckets_of_gitlab() {
    let world = World::empty();
    let stack = format!("s{}", world.account);
    world.write_stack(&format!(
        "stack: {stack}\nbuckets:\n  gitlab: {{ for: gitlab, deletion_protection: false }}\n"
    ));
    world.apply(&[]);
    world.plans_nothing();
    let outputs = world.provision(&["output", "--json"]).exits(0).json();
    let buckets = outputs["buckets"].as_object().expect("there are buckets");
    assert_eq!((buckets.len(), outputs["missing"].as_array().map(Vec::len)), (12, Some(0)));
    for of in ["artifacts", "registry", "ci-secure-files"] {
        assert!(is_there(&world, &format!("{stack}-gitlab-{of}")), "{of}");
    }
    world.destroy();
    assert!(!is_there(&world, &format!("{stack}-gitlab-artifacts")));
}

fn versioned(world: &World, name: &str) -> Option<BucketVersioningStatus> {
    let answer = world.cloud.run(world.cloud.s3.get_bucket_versioning().bucket(name).send());
    answer.expect("a bucket can be read").status
}

fn default_encryption(world: &World, name: &str) -> Option<ServerSideEncryptionByDefault> {
    let answer = world.cloud.run(world.cloud.s3.get_bucket_encryption().bucket(name).send());
    let all = answer.expect("a bucket can be read").server_side_encryption_configuration?;
    all.rules.into_iter().next()?.apply_server_side_encryption_by_default
}

fn rules(world: &World, name: &str) -> Vec<String> {
    let answer = world.cloud.run(world.cloud.s3.get_bucket_lifecycle_configuration().bucket(name).send());
    let rules = answer.ok().and_then(|answer| answer.rules).unwrap_or_default();
    rules.into_iter().filter_map(|rule| rule.id).collect()
}

fn is_there(world: &World, name: &str) -> bool {
    world.cloud.run(world.cloud.s3.head_bucket().bucket(name).send()).is_ok()
}

#[test]
fn a_bucket_lives_without_a_cluster() {
    let (world, name) = world();
    assert_eq!(planned(&world.plan(&[]), BUCKET), "create");
    world.apply(&[]);
    world.plans_nothing();
    let asked = world.control.calls();
    assert_eq!(
        asked.of("ec2.DescribeVpcs") + asked.of("ec2.DescribeSubnets"),
        0,
        "nobody looked for a network"
    );
    world.provision(&["output", "buckets.artifacts.name"]).exits(0).says(&[&name]);

    let key = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001";
    let end = "    deletion_protection: false\n";
    let add = |option: &str| world.edit_stack(end, &format!("{end}    {option}\n"));
    let update = |named: &[&str]| {
        assert_eq!(planned(&world.plan(named), BUCKET), "update");
        world.apply(named);
        world.plans_nothing();
    };
    add("versioning: true");
    update(&[]);
    assert_eq!(versioned(&world, &name), Some(BucketVersioningStatus::Enabled));
    world.edit_stack("versioning: true", "versioning: false");
    update(&[]);
    assert_eq!(versioned(&world, &name), Some(BucketVersioningStatus::Suspended));
    add("lifecycle_rules: { uploads: { abort_uploads_after_days: 7 } }");
    update(&[]);
    assert_eq!(rules(&world, &name), ["uploads"]);
    // A rule that deletes is named like a replacement.
    world
        .edit_stack("{ uploads: { abort", "{ old: { prefix: tmp/, expire_after_days: 30 }, uploads: { abort");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["--allow-data-loss", BUCKET]);
    update(&["--allow-data-loss", BUCKET]);
    assert_eq!(rules(&world, &name).len(), 2);
    world.edit_stack(
        "{ old: { prefix: tmp/, expire_after_days: 30 }, uploads: { abort_uploads_after_days: 7 } }",
        "{}",
    );
    update(&[]);
    assert_eq!(rules(&world, &name), [""; 0]);
    world.edit_stack("team: one", "team: two");
    update(&[]);
    let tags =
        world.cloud.run(world.cloud.s3.get_bucket_tagging().bucket(&name).send()).expect("it has tags");
    let tag = |key: &str| tags.tag_set.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str());
    assert_eq!((tag("team"), tag("provision:address")), (Some("two"), Some(BUCKET)));

    // A key that KMS does not have is an error before anything is changed.
    add(&format!("kms_key_id: {key}"));
    world.provision(&["plan"]).says(&["error:", "there is no key"]);
    world.edit_stack(&format!("    kms_key_id: {key}\n"), "");
    assert!(default_encryption(&world, &name).is_none_or(|one| one.kms_master_key_id.is_none()));

    world.destroy();
    assert!(!is_there(&world, &name));
}

#[test]
fn what_others_make_public_is_drift_and_is_taken_back() {
    let (world, name) = world();
    world.apply(&[]);
    let open = PublicAccessBlockConfiguration::builder().block_public_acls(true).build();
    let call = world.cloud.s3.put_public_access_block().bucket(&name).public_access_block_configuration(open);
    world.cloud.run(call.send()).expect("it can be opened");
    let plan = world.plan(&[]);
    assert_eq!(plan["drift"][0]["address"], BUCKET);
    assert_eq!(plan["changes"][0]["effect"], "access-loss");
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_bucket_that_holds_something_is_not_deleted() {
    let (world, name) = world();
    world.apply(&[]);
    let body = aws_sdk_s3::primitives::ByteStream::from_static(b"kept");
    let call = world.cloud.s3.put_object().bucket(&name).key("one").body(body);
    world.cloud.run(call.send()).expect("it can hold something");
    // Known at plan, before anything is deleted.
    let refused = world.provision(&["destroy", "--auto-approve"]).exits(1);
    assert!(refused.out.contains("holds objects, and S3 deletes no bucket that does"), "{refused:?}");
    assert_eq!(world.control.calls().of("s3.DeleteBucket"), 0);
    assert!(is_there(&world, &name));
    world.cloud.keep_versions(&name);
    world.cloud.delete_object(&name, "one");
    let refused = world.provision(&["destroy", "--auto-approve"]).exits(1);
    assert!(refused.out.contains("holds older versions, or deleted ones"), "{refused:?}");
    let versions = world.cloud.run(world.cloud.s3.list_object_versions().bucket(&name).send());
    let versions = versions.expect("it can be read");
    let old = versions.versions().iter().map(|one| (one.key().unwrap_or_default(), one.version_id()));
    let gone = versions.delete_markers().iter().map(|one| (one.key().unwrap_or_default(), one.version_id()));
    for (key, version) in old.chain(gone) {
        let call = world.cloud.s3.delete_object().bucket(&name).key(key);
        world.cloud.run(call.set_version_id(version.map(str::to_owned)).send()).expect("it can be deleted");
    }
    world.destroy();
    assert!(!is_there(&world, &name));
}

#[test]
fn a_bucket_is_found_again_after_its_state_was_lost_and_one_of_others_is_not_taken() {
    let (world, name) = world();
    world.apply(&[]);
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["plan"]).exits(1).says(&["provision state rebuild"]);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();

    // The same name in another stack.
    let other = World::empty();
    other.write_stack(&format!("stack: other\nbuckets: {{ taken: {{ bucket: {name} }} }}\n"));
    let refused = other.provision(&["apply", "--auto-approve"]).exits(1);
    assert!(is_there(&world, &name));
    assert!(refused.out.contains("it belongs to the stack shop"), "{refused:?}");

    let foreign = format!("foreign-{}", world.account);
    world.cloud.make_bucket(&foreign);
    world.edit_stack(&name, &foreign);
    world.provision(&["plan", "--replace", BUCKET]).says(&["error:", &foreign]);
    assert!(is_there(&world, &name));
}

#[test]
fn two_entries_cannot_be_the_same_bucket() {
    let (world, name) = world();
    world.edit_stack("buckets:\n", &format!("buckets:\n  second: {{ bucket: {name} }}\n"));
    world.provision(&["plan"]).exits(1).says(&["is the bucket of `artifacts` already", "provision.yaml:4:"]);
}

#[test]
fn a_bucket_whose_key_was_renamed_is_found_by_its_tags_after_its_state_was_lost() {
    let world = World::empty();
    let (stack, key) = (format!("s{}", world.account), "uploads");
    world.write_stack(&format!("stack: {stack}\nbuckets:\n  {key}: {{ deletion_protection: false }}\n"));
    world.apply(&[]);
    let name = format!("{stack}-{key}");
    assert!(is_there(&world, &name));
    world.edit_stack(key, "attachments");
    world.provision(&["state", "move", key, "attachments", "--auto-approve"]).exits(0);
    world.apply(&[]);
    std::fs::remove_dir_all(world.path("state")).expect("the state can be deleted");
    world.provision(&["plan"]).exits(1).says(&["provision state rebuild"]);
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert!(is_there(&world, &name) && !is_there(&world, &format!("{stack}-attachments")));
    world.destroy();
    assert!(!is_there(&world, &name));
}

#[test]
fn an_interrupted_creation_of_a_bucket_gets_its_rules_without_being_asked_for_data() {
    let (world, name) = world();
    let end = "    deletion_protection: false\n";
    world.edit_stack(end, &format!("{end}    lifecycle_rules: {{ old: {{ expire_after_days: 5 }} }}\n"));
    world.control.refuse("s3.PutBucketLifecycleConfiguration", "AccessDenied", 403, "no");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert!(is_there(&world, &name));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(rules(&world, &name), ["old"]);
}
