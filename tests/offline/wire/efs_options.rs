//! The options of a file system: its key, policy, protection and access points.

use provision::aws::kinds::registry;
use provision::engine::cloud::{Cloud, CloudError, Outcome, TrackedDocument};
use provision::engine::resource::{Condition, Id, Ownership};
use serde_json::{Value, json};

use crate::wire::object::Object;
use crate::wire::owner;
use crate::wire::replay::Replay;

const POINT: &str = "aws_efs_access_point.nfs/git-data";
const POLICY: &str = "GET /2015-02-01/file-systems/fs-1/policy";
const BACKUP: &str = "GET /2015-02-01/file-systems/fs-1/backup-policy";
const FILE_SYSTEM: &str = "GET /2015-02-01/file-systems?FileSystemId=fs-1";
const POINTS: &str = "GET /2015-02-01/access-points?FileSystemId=fs-1";
const ARN: &str = "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001";

fn file_system(replaced: Value) -> Object {
    let base = json!({
        "encrypted": true, "performance_mode": "generalPurpose", "throughput_mode": "elastic", "backup": true,
        "deletion_protection": true, "tags": {},
    });
    Object::new("aws_efs_file_system", base, replaced)
}

fn error(code: &str) -> String {
    json!({ "__type": code, "ErrorCode": code, "Message": "said AWS" }).to_string()
}

/// The answers that every read of the file system takes.
fn read(protection: &str) -> Replay {
    let live = json!({
        "FileSystemId": "fs-1", "LifeCycleState": "available", "Encrypted": true, "KmsKeyId": KEY,
        "PerformanceMode": "generalPurpose", "ThroughputMode": "elastic",
        "FileSystemProtection": { "ReplicationOverwriteProtection": protection },
    });
    Replay::default().answer(FILE_SYSTEM, 200, json!({ "FileSystems": [live] }).to_string()).answer(
        BACKUP,
        200,
        r#"{"BackupPolicy": {"Status": "ENABLED"}}"#,
    )
}

async fn observe(replay: &Replay, recorded: &Object) -> Object {
    let seen = recorded.observe(replay, &["fs-1"]).await.expect("a read");
    Object { inputs: seen[&Id::new("fs-1")].inputs.clone(), ..recorded.clone() }
}

async fn change(replay: &Replay, observed: &Object, desired: &Object, field: &str) -> Result<(), CloudError> {
    desired.update(replay, "fs-1", &[field], observed, &owner("aws_efs_file_system.nfs")).await
}

#[tokio::test]
async fn the_key_goes_with_the_create_call_and_is_shown_by_its_arn() {
    let made = r#"{"FileSystemId": "fs-1", "CreationToken": "t", "LifeCycleState": "creating"}"#;
    let replay = Replay::in_order(&[(201, made)]);
    let wanted = file_system(json!({ "kms_key_id": "0a1b2c3d-0000-4000-8000-000000000001" }));
    wanted.create(&replay, &owner("aws_efs_file_system.nfs")).await.expect("it is made");
    assert_eq!(replay.asked()[0].json()["KmsKeyId"], "0a1b2c3d-0000-4000-8000-000000000001");
    let seen = observe(&read("ENABLED"), &wanted).await;
    assert_eq!(seen.inputs["kms_key_id"], KEY);
}

#[tokio::test]
async fn a_policy_is_read_where_one_is_recorded_alone() {
    let replay = read("ENABLED");
    assert_eq!(observe(&replay, &file_system(json!({}))).await.inputs.get("file_system_policy"), None);
    assert!(!replay.operations().iter().any(|line| line == POLICY), "{:?}", replay.operations());

    let written = json!({ "Version": "2012-10-17", "Statement": [] });
    let recorded = file_system(json!({ "file_system_policy": written }));
    let shown = json!({ "FileSystemId": "fs-1", "Policy": written.to_string() }).to_string();
    let seen = observe(&read("ENABLED").answer(POLICY, 200, shown), &recorded).await;
    assert_eq!(seen.inputs["file_system_policy"], recorded.inputs["file_system_policy"]);

    let seen = observe(&read("ENABLED").answer(POLICY, 404, error("PolicyNotFound")), &recorded).await;
    assert_eq!(seen.inputs["file_system_policy"], json!({}));
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_an_error_and_not_taken_for_none() {
    let recorded = file_system(json!({ "file_system_policy": {} }));
    let replay =
        read("ENABLED").answer(POLICY, 200, json!({ "FileSystemId": "fs-1", "Policy": "{" }).to_string());
    let failed = recorded.observe(&replay, &["fs-1"]).await;
    assert_eq!(failed.expect_err("the policy is broken").code, "BadResponse");
}

#[tokio::test]
async fn a_policy_is_put_as_json_and_an_empty_one_is_taken_away() {
    const PUT: &str = "PUT /2015-02-01/file-systems/fs-1/policy";
    const DELETE: &str = "DELETE /2015-02-01/file-systems/fs-1/policy";
    let none = file_system(json!({}));
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny" }] });
    let wanted = file_system(json!({ "file_system_policy": policy }));
    let replay = Replay::default().answer(PUT, 200, "{}");
    change(&replay, &none, &wanted, "file_system_policy").await.expect("it is put");
    let sent = replay.asked()[0].json();
    let sent: Value = serde_json::from_str(sent["Policy"].as_str().expect("a text")).expect("JSON");
    assert_eq!(sent, policy);

    let without = file_system(json!({ "file_system_policy": {} }));
    for (status, body) in [(200, "{}".to_owned()), (404, error("PolicyNotFound"))] {
        let replay = Replay::default().answer(DELETE, status, body);
        change(&replay, &wanted, &without, "file_system_policy").await.expect("it is gone");
        assert_eq!(replay.operations(), [DELETE]);
    }
}

#[tokio::test]
async fn a_policy_that_is_not_written_any_more_is_taken_away_and_no_check_is_ever_left_out() {
    const PUT: &str = "PUT /2015-02-01/file-systems/fs-1/policy";
    const DELETE: &str = "DELETE /2015-02-01/file-systems/fs-1/policy";
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny" }] });
    let (none, with) = (file_system(json!({})), file_system(json!({ "file_system_policy": policy })));
    let replay = Replay::default().answer(DELETE, 200, "{}");
    change(&replay, &with, &none, "file_system_policy").await.expect("it is gone");
    assert_eq!(replay.operations(), [DELETE]);

    let replay = Replay::default().answer(PUT, 400, error("InvalidPolicyException"));
    let refused = change(&replay, &none, &with, "file_system_policy").await.expect_err("it locks us out");
    assert_eq!((refused.code.as_str(), refused.outcome), ("InvalidPolicyException", Outcome::Refused));
    assert_eq!(replay.asked()[0].json().as_object().map(|sent| sent.len()), Some(1), "the policy alone");
    let hint = provision::engine::executor::hint_for_code(&refused.code).expect("what to type");
    assert!(hint.contains("leaves elasticfilesystem:PutFileSystemPolicy to you"), "{hint}");
}

#[tokio::test]
async fn one_zone_storage_is_made_in_its_zone_and_shown_by_it() {
    let made = r#"{"FileSystemId": "fs-1", "CreationToken": "t", "LifeCycleState": "creating"}"#;
    let replay = Replay::in_order(&[(201, made)]);
    let wanted = file_system(json!({
        "storage": "one-zone", "availability_zone_name": "eu-west-1b", "zones": ["eu-west-1b"],
    }));
    wanted.create(&replay, &owner("aws_efs_file_system.nfs")).await.expect("it is made");
    let sent = replay.asked()[0].json();
    assert_eq!((&sent["AvailabilityZoneName"], &sent["Backup"]), (&json!("eu-west-1b"), &json!(true)));

    for (zone, storage, dns_name) in [
        (json!("eu-west-1b"), "one-zone", "eu-west-1b.fs-1.efs.eu-west-1.amazonaws.com"),
        (json!(null), "regional", "fs-1.efs.eu-west-1.amazonaws.com"),
    ] {
        let live = json!({
            "FileSystemId": "fs-1", "LifeCycleState": "available", "PerformanceMode": "generalPurpose",
            "AvailabilityZoneName": zone,
        });
        let replay = Replay::default()
            .answer(FILE_SYSTEM, 200, json!({ "FileSystems": [live] }).to_string())
            .answer(BACKUP, 200, r#"{"BackupPolicy": {"Status": "ENABLED"}}"#);
        let seen = wanted.observe(&replay, &["fs-1"]).await.expect("a read");
        let seen = &seen[&Id::new("fs-1")];
        assert_eq!((&seen.inputs["storage"], &seen.outputs["dns_name"]), (&json!(storage), &json!(dns_name)));
        assert_eq!(seen.inputs.get("availability_zone_name").cloned().unwrap_or_default(), zone);
    }
}

#[tokio::test]
async fn the_protection_of_a_replications_destination_is_never_touched() {
    let path = "PUT /2015-02-01/file-systems/fs-1/protection";
    let desired = file_system(json!({ "replication_overwrite_protection": "DISABLED" }));
    for (live, sent) in [("ENABLED", true), ("REPLICATING", false)] {
        let observed = observe(&read(live), &desired).await;
        assert_eq!(observed.inputs["replication_overwrite_protection"], live);
        let replay = Replay::default().answer(path, 200, "{}");
        change(&replay, &observed, &desired, "replication_overwrite_protection").await.expect("an update");
        assert_eq!(replay.operations().len(), usize::from(sent), "{live}");
        for request in replay.asked() {
            assert_eq!(request.json(), json!({ "ReplicationOverwriteProtection": "DISABLED" }));
        }
    }
}

#[tokio::test]
async fn a_second_change_of_throughput_within_a_day_is_refused_for_good() {
    let path = "PUT /2015-02-01/file-systems/fs-1";
    let replay = read("ENABLED").answer(path, 429, error("TooManyRequests"));
    let desired = file_system(json!({ "throughput_mode": "bursting" }));
    let refused = change(&replay, &file_system(json!({})), &desired, "throughput_mode").await;
    let refused = refused.expect_err("AWS takes one a day");
    assert_eq!((refused.code.as_str(), refused.outcome), ("TooManyRequests", Outcome::Refused));
    assert_eq!(refused.message, "said AWS");
    assert_eq!(replay.operations(), [FILE_SYSTEM, path], "the call is not repeated");
}

const COPY: &str = "aws_efs_replication_configuration";
const REPLICATIONS: &str = "GET /2015-02-01/file-systems/replication-configurations?FileSystemId=fs-1";

fn copy(replaced: Value) -> Object {
    Object::new(COPY, json!({ "file_system_id": "fs-1", "region": "eu-central-1" }), replaced)
}

fn replications(source: &str, status: &str) -> String {
    json!({ "Replications": [{
        "SourceFileSystemId": source, "SourceFileSystemRegion": "eu-west-1", "SourceFileSystemArn": "arn:x",
        "OriginalSourceFileSystemArn": "arn:x", "CreationTime": 1,
        "Destinations": [{ "Status": status, "FileSystemId": "fs-2", "Region": "eu-central-1" }],
    }] })
    .to_string()
}

#[tokio::test]
async fn a_replication_is_told_by_its_file_system_and_shows_its_copy() {
    let id = "fs-1/replication-configuration";
    let recorded = copy(json!({ "availability_zone_name": "eu-central-1a" }));
    for (status, expected) in [
        ("ENABLING", Condition::Pending("ENABLING".to_owned())),
        ("PAUSING", Condition::Pending("PAUSING".to_owned())),
        ("ENABLED", Condition::Ready),
        ("DELETING", Condition::Leaving("DELETING".to_owned())),
    ] {
        let replay = Replay::default().answer(REPLICATIONS, 200, replications("fs-1", status));
        let seen = recorded.observe(&replay, &[id]).await.expect("a read");
        let seen = &seen[&Id::new(id)];
        assert_eq!(seen.condition, expected);
        assert_eq!(seen.outputs["destination_file_system_id"], "fs-2");
        assert_eq!(seen.inputs["region"], "eu-central-1");
        assert_eq!(seen.inputs["availability_zone_name"], "eu-central-1a", "EFS does not show it");
    }
    for (status, word) in [("PAUSED", "turned off"), ("ERROR", "is lost")] {
        let replay = Replay::default().answer(REPLICATIONS, 200, replications("fs-1", status));
        let seen = recorded.observe(&replay, &[id]).await.expect("a read");
        let row = seen[&Id::new(id)].condition.stuck().expect("waiting does not end it");
        assert!(row.means.contains(word), "{status}: {}", row.means);
    }
    // The file system may be the destination of another one's, in no replication, or gone.
    for (status, body) in [
        (200, replications("fs-0", "ENABLED")),
        (404, error("ReplicationNotFound")),
        (404, error("FileSystemNotFound")),
    ] {
        let replay =
            Replay::default().answer(REPLICATIONS, status, body.clone()).answer(REPLICATIONS, status, body);
        assert_eq!(recorded.observe(&replay, &[id]).await.map(|seen| seen.len()), Ok(0));
        let owner = owner("aws_efs_replication_configuration.nfs");
        assert_eq!(recorded.find(&replay, &owner).await, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn a_replication_is_found_by_its_file_system_and_goes_twice_without_an_error() {
    const DELETE: &str = "DELETE /2015-02-01/file-systems/fs-1/replication-configuration";
    let owner = owner("aws_efs_replication_configuration.nfs");
    let id = Id::new("fs-1/replication-configuration");
    let replay = Replay::default().answer(REPLICATIONS, 200, replications("fs-1", "ENABLING"));
    let found = copy(json!({})).find(&replay, &owner).await.expect("a read");
    assert_eq!(found.iter().map(|found| &found.id).collect::<Vec<_>>(), [&id]);
    let replay = Replay::default().answer(DELETE, 204, "").answer(DELETE, 404, error("ReplicationNotFound"));
    for _ in 0..2 {
        copy(json!({})).delete(&replay, id.as_str(), &owner).await.expect("it is gone");
    }
    assert_eq!(replay.operations(), [DELETE, DELETE], "and both sides with it, as EFS does by itself");
}

fn point(replaced: Value) -> Object {
    let base = json!({
        "file_system_id": "fs-1", "path": "/git-data", "uid": 998, "gid": 997, "permissions": "0755",
        "tags": { "Name": "git-data" },
    });
    Object::new("aws_efs_access_point", base, replaced)
}

fn described(id: &str, state: &str) -> Value {
    json!({
        "AccessPointId": id, "AccessPointArn": format!("arn:{id}"), "FileSystemId": "fs-1", "LifeCycleState": state,
        "ClientToken": format!("provision/gitlab/aws_efs_access_point.nfs/{id}/0"),
        "PosixUser": { "Uid": 998, "Gid": 997 },
        "RootDirectory": {
            "Path": "/git-data", "CreationInfo": { "OwnerUid": 998, "OwnerGid": 997, "Permissions": "0755" },
        },
        "Tags": [{ "Key": "Name", "Value": "git-data" }, { "Key": "provision:stack", "Value": "gitlab" }],
    })
}

#[tokio::test]
async fn an_access_point_is_made_with_its_user_its_directory_and_its_tags() {
    let replay = Replay::in_order(&[(200, r#"{"AccessPointId": "fsap-1", "LifeCycleState": "creating"}"#)]);
    let owner = owner("aws_efs_access_point.nfs/git-data");
    assert_eq!(point(json!({})).create(&replay, &owner).await, Ok(Id::new("fsap-1")));
    assert_eq!(replay.operations(), ["POST /2015-02-01/access-points"]);
    let mut sent = replay.asked()[0].json();
    let tags = sent.as_object_mut().expect("a body").remove("Tags").expect("tags");
    assert_eq!(tags.as_array().map(Vec::len), Some(4));
    assert_eq!(
        sent,
        json!({
            "ClientToken": "provision/gitlab/aws_efs_access_point.nfs/git-data/0", "FileSystemId": "fs-1",
            "PosixUser": { "Uid": 998, "Gid": 997 },
            "RootDirectory": {
                "Path": "/git-data", "CreationInfo": { "OwnerUid": 998, "OwnerGid": 997, "Permissions": "0755" },
            },
        })
    );
}

#[tokio::test]
async fn a_token_that_is_taken_leads_to_the_access_point() {
    let taken = error("AccessPointAlreadyExists");
    let points = json!({ "AccessPoints": [described("x", "available"), described("git-data", "creating")] });
    let replay = Replay::default()
        .answer("POST /2015-02-01/access-points", 409, taken)
        .answer(POINTS, 200, points.to_string())
        .answer(POINTS, 200, points.to_string());
    let owner = owner("aws_efs_access_point.nfs/git-data");
    let refused = point(json!({})).create(&replay, &owner).await.expect_err("the token is taken");
    assert_eq!(refused.outcome, Outcome::Exists);
    let found = point(json!({})).find(&replay, &owner).await.expect("a read").swap_remove(0);
    let ours = Ownership::Tagged {
        stack: "gitlab".to_owned(),
        address: owner.address.to_string(),
        lineage: None,
        cluster: None,
    };
    assert_eq!((found.id, found.ownership), (Id::new("git-data"), ours));
    // After the state was lost, the second replacement of it is found, and told from what it replaced.
    let later = |point: &str, state: &str, generation: u32| {
        let mut live = described(point, state);
        let token = format!("provision/gitlab/aws_efs_access_point.nfs/git-data/{generation}");
        live["ClientToken"] = token.into();
        live
    };
    let both = [later("old", "deleting", 1), later("new", "available", 2)];
    let replay = Replay::default()
        .answer(POINTS, 200, json!({ "AccessPoints": both }).to_string())
        .answer(POINTS, 200, json!({ "AccessPoints": [described("x", "available")] }).to_string())
        .answer(POINTS, 404, error("FileSystemNotFound"));
    let found = point(json!({})).find(&replay, &owner).await.expect("a read").swap_remove(0);
    assert_eq!((found.id, found.generation), (Id::new("new"), Some(2)));
    for gone in ["another one alone", "no file system"] {
        assert_eq!(point(json!({})).find(&replay, &owner).await, Ok(Vec::new()), "{gone}");
    }
}

#[tokio::test]
async fn all_access_points_of_a_file_system_are_read_page_by_page_in_one_go() {
    let first = json!({ "AccessPoints": [described("fsap-1", "available")], "NextToken": "more" });
    let second = json!({ "AccessPoints": [described("fsap-2", "deleting"), described("fsap-3", "deleted")] });
    let replay = Replay::in_order(&[(200, &first.to_string()), (200, &second.to_string())]);
    let recorded = point(json!({}));
    let seen = recorded.observe(&replay, &["fsap-1", "fsap-2", "fsap-3", "fsap-4"]).await.expect("a read");
    assert_eq!(seen.keys().map(Id::as_str).collect::<Vec<_>>(), ["fsap-1", "fsap-2"]);
    let one = &seen[&Id::new("fsap-1")];
    for (field, value) in &recorded.inputs {
        assert_eq!(one.inputs.get(field), Some(value), "{field}");
    }
    let owner = ["owner_uid", "owner_gid"].map(|field| one.inputs[field].as_i64());
    assert_eq!((owner, &one.inputs["secondary_gids"]), ([Some(998), Some(997)], &json!([])));
    assert_eq!((&one.condition, &one.outputs["arn"]), (&Condition::Ready, &json!("arn:fsap-1")));
    assert_eq!(seen[&Id::new("fsap-2")].condition, Condition::Leaving("deleting".to_owned()));
    assert_eq!(replay.operations()[0], POINTS);
    assert!(replay.operations()[1].contains("NextToken=more"), "{:?}", replay.operations());
}

#[tokio::test]
async fn an_access_point_gets_new_tags_in_place_and_goes_twice_without_an_error() {
    let replay = Replay::default()
        .answer("POST /2015-02-01/resource-tags/fs-1", 200, "{}")
        .answer("DELETE /2015-02-01/access-points/fsap-1", 204, "")
        .answer("DELETE /2015-02-01/access-points/fsap-1", 404, error("AccessPointNotFound"));
    let desired = point(json!({ "tags": { "Name": "new" } }));
    change(&replay, &point(json!({})), &desired, "tags").await.expect("an update");
    assert_eq!(replay.asked()[0].json(), json!({ "Tags": [{ "Key": "Name", "Value": "new" }] }));
    for _ in 0..2 {
        desired.delete(&replay, "fsap-1", &owner(POINT)).await.expect("it is gone");
    }
}

#[tokio::test]
async fn an_alias_is_read_for_the_key_that_it_stands_for() {
    let key = json!({ "KeyMetadata": { "KeyId": "0a1b2c3d-0000-4000-8000-000000000001", "Arn": KEY } });
    let absent = json!({ "__type": "NotFoundException", "message": "Alias alias/none is not found." });
    let alias = TrackedDocument { id: Id::new("alias/storage"), recorded: None };
    for (status, body, expected) in [(200, key, Some(KEY)), (400, absent, None)] {
        let replay = Replay::default().answer("DescribeKey", status, body.to_string());
        let seen =
            replay.cloud().observe("aws_kms_alias", std::slice::from_ref(&alias)).await.expect("a read");
        assert_eq!(seen.get(&alias.id).and_then(|seen| seen.outputs["target_key_arn"].as_str()), expected);
        assert_eq!(replay.asked()[0].json(), json!({ "KeyId": "alias/storage" }));
        assert!(seen.values().all(|seen| seen.inputs.is_empty()), "it is only watched");
    }
}

#[test]
fn a_policy_that_names_its_own_file_system_is_no_change() {
    let registry = registry();
    let kind = registry.managing("aws_efs_file_system").expect("the kind is known");
    let field = kind.fields().iter().find(|field| field.name == "file_system_policy");
    let met = field.expect("a field of the kind").met;
    let statement = json!({ "Effect": "Deny", "Principal": "*", "Action": "*" });
    let mut shown = statement.clone();
    shown["Resource"] = ARN.into();
    assert!(met(&json!({ "Statement": statement }), &json!({ "Statement": [shown] })));
}
