//! The table of calls is what the sources call: no operation is named, and no client asked, beside it.

use std::collections::BTreeSet;

use provision::aws::kinds::registry;
use provision::aws::policy::all_calls;
use provision::engine::call::Call;
use regex_lite::Regex;

use super::{is_of, sources};

/// The sources that may speak to AWS.
fn speaking() -> impl Iterator<Item = (String, String)> {
    sources().into_iter().filter(|(file, _)| is_of(file, "aws") && !is_of(file, "aws/policy"))
}

fn table() -> Vec<Call> {
    all_calls(&registry())
}

#[test]
fn every_operation_that_the_sources_name_is_in_the_table() {
    let table = table();
    let calls: BTreeSet<&str> = table.iter().map(|call| call.name).collect();
    let checks = table.iter().flat_map(|call| call.checks).map(|check| check.action);
    let known: BTreeSet<&str> = calls.iter().copied().chain(checks).collect();
    let operation = Regex::new(
        r#""((?:backup|ec2|elasticache|elasticfilesystem|iam|kms|rds|s3|secretsmanager|servicequotas|ssm|sts):[A-Z][A-Za-z]+)""#,
    );
    let operation = operation.expect("a pattern");
    // Keys of conditions look the same.
    let keys = [
        "ec2:CreateAction",
        "elasticfilesystem:CreateAction",
        "iam:AWSServiceName",
        "iam:PassedToService",
        "kms:GrantIsForAWSResource",
        "kms:ViaService",
    ];
    let mut named = BTreeSet::new();
    for (file, code) in speaking() {
        for found in operation.captures_iter(&code) {
            let name = found.get(1).map(|name| name.as_str().to_owned()).unwrap_or_default();
            assert!(known.contains(name.as_str()) || keys.contains(&name.as_str()), "{file}: {name}");
            named.insert(name);
        }
    }
    let unnamed: Vec<&&str> = known.iter().filter(|name| !named.contains(**name)).collect();
    assert!(unnamed.is_empty(), "where is it called? {unnamed:?}");
}

/// Every operation of a client is a method without arguments that begins with a verb.
#[test]
fn every_operation_that_a_client_is_asked_for_is_in_the_table() {
    let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
    // Some permissions of S3 have other names than the operations ("Actions defined by Amazon S3", Service Authorization Reference).
    let permission = |operation: &str| match operation {
        "get_bucket_encryption" => "get_encryption_configuration".to_owned(),
        "put_bucket_encryption" => "put_encryption_configuration".to_owned(),
        "list_buckets" => "list_all_my_buckets".to_owned(),
        "list_object_versions" => "list_bucket_versions".to_owned(),
        "get_public_access_block" => "get_bucket_public_access_block".to_owned(),
        "put_public_access_block" => "put_bucket_public_access_block".to_owned(),
        "get_bucket_lifecycle_configuration" => "get_lifecycle_configuration".to_owned(),
        "put_bucket_lifecycle_configuration" | "delete_bucket_lifecycle" => {
            "put_lifecycle_configuration".to_owned()
        }
        other => other.to_owned(),
    };
    let known: BTreeSet<String> =
        table().iter().filter_map(|call| call.name.split_once(':')).map(|(_, name)| plain(name)).collect();
    let method = Regex::new(
        r"\.((?:add|allocate|associate|attach|authorize|create|decrease|delete|describe|detach|disassociate|get|increase|list|modify|put|reboot|release|remove|replace|reset|restore|revoke|run|send|start|stop|switchover|tag|terminate|untag|update)_[a-z_]+)\(\)",
    );
    let method = method.expect("a pattern");
    // Fields of answers, and a function of our own.
    let others = ["delete_markers", "tag_list", "get_once", "restore_window", "start_time", "create_time"];
    let mut asked = BTreeSet::new();
    for (file, code) in speaking() {
        for found in method.captures_iter(&code) {
            let name = permission(found.get(1).map(|name| name.as_str()).unwrap_or_default());
            assert!(known.contains(&plain(&name)) || others.contains(&name.as_str()), "{file}: {name}");
            asked.insert(plain(&name));
        }
        // Or an input is filled in, and sent afterwards.
        asked.extend(code.split("InputBuilder").filter_map(|before| {
            before.rsplit(|c: char| !c.is_alphanumeric()).next().map(str::to_ascii_lowercase)
        }));
    }
    let unasked: Vec<&String> = known.iter().filter(|name| !asked.contains(*name)).collect();
    assert!(unasked.is_empty(), "nobody asks for {unasked:?}");
}

#[test]
fn every_check_says_which_page_it_is_from() {
    let table = table();
    let mut checks = table.iter().flat_map(|call| call.checks).peekable();
    assert!(checks.peek().is_some());
    for check in checks {
        assert!(check.source.len() > 20, "{}", check.action);
        assert!(!check.grant.on.is_empty(), "{}", check.action);
    }
}

#[test]
fn every_call_but_one_needs_a_permission() {
    let free: BTreeSet<&str> =
        table().iter().filter(|call| call.grants.is_empty()).map(|call| call.name).collect();
    assert_eq!(free, ["sts:GetCallerIdentity"].into());
}
