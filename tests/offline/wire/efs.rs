//! File systems and mount targets.

use provision::aws::kinds::statuses;
use provision::engine::cloud::Outcome;
use provision::engine::resource::{Condition, Found, Id, Owner, Ownership, Trace};
use serde_json::{Value, json};

use crate::wire::object::Object;
use crate::wire::owner;
use crate::wire::replay::{BROKEN_OFF, Replay};

const MADE: &str = r#"{"FileSystemId": "fs-1", "CreationToken": "t", "LifeCycleState": "creating"}"#;

fn file_system(replaced: Value) -> Object {
    let base = json!({
        "encrypted": true, "performance_mode": "generalPurpose", "throughput_mode": "elastic",
        "lifecycle": { "transition_to_ia": "AFTER_30_DAYS" }, "backup": true, "deletion_protection": true,
        "storage": "regional", "tags": { "Name": "gitlab-nfs" },
    });
    Object::new("aws_efs_file_system", base, replaced)
}

fn described(id: &str, state: &str) -> Value {
    json!({
        "FileSystemId": id, "FileSystemArn": format!("arn:{id}"), "LifeCycleState": state, "Encrypted": true,
        "PerformanceMode": "generalPurpose", "ThroughputMode": "elastic",
        "Tags": [
            { "Key": "Name", "Value": "gitlab-nfs" },
            { "Key": "provision:stack", "Value": "gitlab" },
            { "Key": "provision:address", "Value": "aws_efs_file_system.gitlab-nfs" },
            { "Key": "aws:backup:source", "Value": "x" },
        ],
    })
}

fn page(file_systems: &[Value]) -> String {
    json!({ "FileSystems": file_systems }).to_string()
}

const NO_POLICY: &str = r#"{"__type": "PolicyNotFound", "ErrorCode": "PolicyNotFound", "Message": "none"}"#;
const BACKED_UP: &str = r#"{"BackupPolicy": {"Status": "ENABLED"}}"#;
const LIFECYCLE: &str = r#"{"LifecyclePolicies": [{"TransitionToIA": "AFTER_30_DAYS"}]}"#;

#[tokio::test]
async fn a_file_system_is_made_with_its_tags_and_a_token_that_can_be_computed_again() {
    let replay = Replay::in_order(&[(201, MADE)]);
    let owner = owner("aws_efs_file_system.gitlab-nfs");
    let id = file_system(json!({})).create(&replay, &owner).await.expect("it is made");
    assert_eq!(id, Id::new("fs-1"));
    let requests = replay.asked();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].operation, "POST /2015-02-01/file-systems");
    assert_eq!(
        requests[0].json(),
        json!({
            "CreationToken": "provision/gitlab/aws_efs_file_system.gitlab-nfs/0",
            "Encrypted": true, "PerformanceMode": "generalPurpose", "ThroughputMode": "elastic", "Backup": true,
            "Tags": [
                { "Key": "Name", "Value": "gitlab-nfs" },
                { "Key": "provision:address", "Value": "aws_efs_file_system.gitlab-nfs" },
                { "Key": "provision:lineage", "Value": "lineage-1" },
                { "Key": "provision:stack", "Value": "gitlab" },
            ],
        })
    );
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_not_repeated() {
    let replay = Replay::in_order(&[(500, "{}"), (201, MADE)]);
    let owner = owner("aws_efs_file_system.gitlab-nfs");
    let error = file_system(json!({})).create(&replay, &owner).await.expect_err("a fault of the server");
    assert_eq!(error.outcome, Outcome::Unknown);
    assert_eq!(replay.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_open_whether_the_call_was_carried_out() {
    let replay = Replay::in_order(&[(BROKEN_OFF, "")]);
    let owner = owner("aws_efs_file_system.gitlab-nfs");
    let error = file_system(json!({})).create(&replay, &owner).await.expect_err("it breaks off");
    assert_eq!((error.code.as_str(), error.outcome), ("Unreachable", Outcome::Unknown));
}

#[tokio::test]
async fn an_answer_without_an_id_is_no_answer() {
    let replay = Replay::in_order(&[(201, "{}")]);
    let owner = owner("aws_efs_file_system.gitlab-nfs");
    let error = file_system(json!({})).create(&replay, &owner).await.expect_err("there is no id");
    assert_eq!((error.code.as_str(), error.outcome), ("BadResponse", Outcome::Unknown));
}

#[tokio::test]
async fn of_all_file_systems_one_that_was_not_replaced_comes_first_and_then_any_of_the_stack() {
    let live = |id: &str, address: &str, generation: u32, status: &str| {
        json!({
            "FileSystemId": id, "LifeCycleState": status,
            "CreationToken": format!("provision/gitlab/{address}/{generation}"),
            "Tags": [
                { "Key": "provision:stack", "Value": "gitlab" }, { "Key": "provision:address", "Value": address },
            ],
        })
    };
    let (ours, other) = ("aws_efs_file_system.gitlab-nfs", "aws_efs_file_system.other");
    let absent = r#"{"__type": "FileSystemNotFound", "ErrorCode": "FileSystemNotFound", "Message": "none"}"#;
    let all = json!({ "FileSystems": [
        live("fs-other", other, 3, "available"),
        live("fs-going", ours, 3, "deleting"),
        live("fs-older", ours, 0, "available"),
        live("fs-later", ours, 2, "available"),
    ] });
    let wanted = file_system(json!({}));
    for (generation, expected) in [
        (0, vec![("fs-older", Some(0)), ("fs-later", Some(2)), ("fs-other", None)]),
        (1, vec![("fs-later", Some(2)), ("fs-other", None)]),
        (3, vec![("fs-other", None)]),
    ] {
        let replay = Replay::in_order(&[(404, absent), (200, &all.to_string())]);
        let owner = Owner { generation, ..owner(ours) };
        let found = wanted.find(&replay, &owner).await.expect("a read");
        let found: Vec<_> = found.iter().map(|found| (found.id.as_str(), found.generation)).collect();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_file_system_without_tags_is_told_by_its_mount_targets_and_by_its_token() {
    let ours = "aws_efs_file_system.gitlab-nfs";
    let live = |id: &str, token: &str, tags: &[(&str, &str)]| {
        let tags: Vec<Value> =
            tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        json!({ "FileSystemId": id, "LifeCycleState": "available", "CreationToken": token, "Tags": tags })
    };
    let all = json!({ "FileSystems": [
        live("fs-elsewhere", "by-hand", &[]),
        live("fs-token", "provision/gitlab/aws_efs_file_system.old/0", &[("Name", "x")]),
        live("fs-replaced", "provision/gitlab/aws_efs_file_system.gitlab-nfs/0", &[]),
        live("fs-restored", "by-hand", &[]),
        live("fs-let-go", "by-hand", &[("provision:address", ours)]),
        live("fs-none", "by-hand", &[("provision:stack", "none")]),
        live("fs-strange", "provision/other/aws_efs_file_system.old/0", &[]),
    ] })
    .to_string();
    let absent = r#"{"__type": "FileSystemNotFound", "ErrorCode": "FileSystemNotFound", "Message": "none"}"#;
    let described = |id: &str| {
        format!(
            "<item><networkInterfaceId>eni-{id}</networkInterfaceId><vpcId>vpc-1</vpcId>\
             <description>EFS mount target for {id} (fsmt-1)</description></item>"
        )
    };
    let rows: String = ["fs-restored", "fs-let-go", "fs-none"].map(described).concat();
    let interfaces = format!(
        "<DescribeNetworkInterfacesResponse><networkInterfaceSet>{rows}<item><description>RDSNetworkInterface\
         </description></item></networkInterfaceSet></DescribeNetworkInterfacesResponse>"
    );
    let replay = || {
        Replay::default()
            .answer("GET /2015-02-01/file-systems?CreationToken=provision%2Fgitlab%2Faws_efs_file_system.gitlab-nfs%2F1", 404, absent)
            .answer("GET /2015-02-01/file-systems", 200, all.clone())
            .answer("GET /2015-02-01/mount-targets?FileSystemId=fs-token", 200, r#"{"MountTargets": []}"#)
            .answer("GET /2015-02-01/access-points?FileSystemId=fs-token", 200, r#"{"AccessPoints": []}"#)
            .answer("DescribeNetworkInterfaces", 200, interfaces.clone())
    };
    let group = |id: &str| (format!("aws_security_group.{id}").parse().expect("an address"), Id::new("sg-1"));
    for (named_with, expected) in [
        ([].into(), vec![("fs-token", Some("aws_efs_file_system.old"))]),
        (
            [group("gitlab-nfs")].into(),
            vec![("fs-restored", None), ("fs-token", Some("aws_efs_file_system.old"))],
        ),
    ] {
        let replay = replay();
        let owner = Owner { named_with, generation: 1, ..owner(ours) };
        let found = file_system(json!({})).find(&replay, &owner).await.expect("a read");
        let made_for = |found: &Found| found.told.as_ref().map(|told| told.address().to_string());
        let said: Vec<_> = found.iter().map(|one| (one.id.as_str(), made_for(one))).collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(id, address): (&str, Option<&str>)| (id, address.map(str::to_owned)))
            .collect();
        assert_eq!(said, expected);
        assert!(found.iter().all(|found| found.trace == Trace::Use));
        let asked = replay.operations().iter().filter(|name| *name == "DescribeNetworkInterfaces").count();
        assert_eq!(asked, usize::from(!owner.named_with.is_empty()), "only where a group is recorded");
    }
}

/// A script in which the token of `aws_efs_file_system.gitlab-nfs` is taken, and the next one is free, by a file system with these tags, whose
/// one mount target is in a security group with these.
fn taken_by(tags: &[(&str, &str)], of_group: &[(&str, &str)]) -> Replay {
    let token =
        "GET /2015-02-01/file-systems?CreationToken=provision%2Fgitlab%2Faws_efs_file_system.gitlab-nfs%2F0";
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let live = json!({ "FileSystems": [{
        "FileSystemId": "fs-1", "LifeCycleState": "available", "Tags": tags,
        "CreationToken": "provision/gitlab/aws_efs_file_system.gitlab-nfs/0",
    }] });
    let target = json!({ "MountTargets": [{
        "MountTargetId": "fsmt-1", "FileSystemId": "fs-1", "SubnetId": "subnet-a", "LifeCycleState": "available",
        "NetworkInterfaceId": "eni-1", "VpcId": "vpc-1",
    }] });
    let interface = "<DescribeNetworkInterfacesResponse><networkInterfaceSet><item><networkInterfaceId>eni-1\
                     </networkInterfaceId><groupSet><item><groupId>sg-1</groupId></item></groupSet></item>\
                     </networkInterfaceSet></DescribeNetworkInterfacesResponse>";
    let rows =
        of_group.iter().map(|(key, value)| format!("<item><key>{key}</key><value>{value}</value></item>"));
    let group = format!(
        "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId><tagSet>{}</tagSet></item>\
         </securityGroupInfo></DescribeSecurityGroupsResponse>",
        rows.collect::<String>()
    );
    let exists = r#"{"__type": "FileSystemAlreadyExists", "ErrorCode": "FileSystemAlreadyExists", "Message": "taken"}"#;
    let absent = r#"{"__type": "FileSystemNotFound", "ErrorCode": "FileSystemNotFound", "Message": "none"}"#;
    let replay = Replay::default().answer("POST /2015-02-01/file-systems", 409, exists).answer(
        "POST /2015-02-01/file-systems",
        201,
        described("fs-2", "creating").to_string(),
    );
    (0..2).fold(replay, |replay, _| {
        replay
            .answer(token, 200, live.to_string())
            .answer(&token.replace("%2F0", "%2F0%2F1"), 404, absent)
            .answer("GET /2015-02-01/file-systems", 200, live.to_string())
            .answer("GET /2015-02-01/mount-targets?FileSystemId=fs-1", 200, target.to_string())
            .answer("GET /2015-02-01/access-points?FileSystemId=fs-1", 200, r#"{"AccessPoints": []}"#)
            .answer("DescribeNetworkInterfaces", 200, interface)
            .answer("DescribeSecurityGroups", 200, group.as_str())
    })
}

#[tokio::test]
async fn a_token_that_is_taken_is_ours_with_our_tags_alone_and_what_uses_an_untagged_one_says_whose_it_is() {
    let at = "aws_efs_file_system.gitlab-nfs";
    let ours = [("provision:stack", "gitlab"), ("provision:address", at)];
    let group_of = |stack: &'static str, address: &'static str| {
        [("provision:stack", stack), ("provision:address", address), ("provision:cluster", "other.example")]
    };
    let our_group = &group_of("gitlab", "aws_security_group.gitlab-nfs")[..2];
    let told = Some(format!("was made for {at}, as its token says"));
    for (tags, group, made, expected) in [
        // The answer of a create call was lost: what it made has its tags.
        (&ours[..], our_group, false, Some((Trace::Token, None))),
        (&[], &[][..], false, Some((Trace::Use, told.clone()))),
        (&[], our_group, false, Some((Trace::Use, told))),
        (
            &[],
            &group_of("gitlab", "aws_security_group.data")[..2],
            true,
            Some((
                Trace::Use,
                Some("belongs to aws_efs_file_system.data, as the tags of what uses it say".to_owned()),
            )),
        ),
        (&[], &group_of("gitlab-eu", "aws_security_group.gitlab-nfs")[..2], true, None),
        (&[], &group_of("gitlab", "aws_security_group.gitlab-nfs"), true, None),
        // Left alone by its tag.
        (&[("provision:stack", "none")], our_group, true, None),
    ] {
        let replay = taken_by(tags, group);
        let owner = Owner { cluster: Some("ours.example".to_owned()), ..owner(at) };
        let wanted = file_system(json!({}));
        let id = wanted.create(&replay, &owner).await;
        match made {
            true => assert_eq!(id.expect("the next token is free"), Id::new("fs-2"), "{tags:?} {group:?}"),
            false => assert_eq!(id.expect_err("the token is taken").outcome, Outcome::Exists),
        }
        let found = wanted.find(&replay, &owner).await.expect("a read");
        let said = |found: &Found| (found.trace, found.told.as_ref().map(ToString::to_string));
        assert_eq!(found.first().map(said), expected, "{tags:?} {group:?}");
    }
}

#[tokio::test]
async fn one_file_system_is_asked_for_by_its_id() {
    let replay = Replay::in_order(&[
        (200, &page(&[described("fs-1", "available")])),
        (200, LIFECYCLE),
        (200, BACKED_UP),
    ]);
    let recorded = file_system(json!({}));
    let seen = recorded.observe(&replay, &["fs-1"]).await.expect("a read");
    let seen = &seen[&Id::new("fs-1")];
    assert_eq!(seen.inputs, recorded.inputs);
    assert_eq!(seen.outputs["dns_name"], "fs-1.efs.eu-west-1.amazonaws.com");
    assert_eq!(seen.condition, Condition::Ready);
    assert!(matches!(&seen.ownership, Ownership::Tagged { stack, .. } if stack == "gitlab"));
    let lines: Vec<String> = replay.asked().into_iter().map(|request| request.operation).collect();
    assert_eq!(
        lines,
        [
            "GET /2015-02-01/file-systems?FileSystemId=fs-1",
            "GET /2015-02-01/file-systems/fs-1/lifecycle-configuration",
            "GET /2015-02-01/file-systems/fs-1/backup-policy",
        ]
    );
}

#[tokio::test]
async fn several_file_systems_are_listed_page_by_page_and_policies_asked_for_where_declared() {
    let first = json!({ "FileSystems": [described("fs-1", "available"), described("fs-9", "available")],
                        "NextMarker": "more" });
    let second = page(&[described("fs-2", "updating")]);
    let replay = Replay::in_order(&[
        (200, &first.to_string()),
        (200, BACKED_UP),
        (404, NO_POLICY),
        (404, NO_POLICY),
        (200, &second),
    ]);
    let recorded = file_system(json!({ "lifecycle": null }));
    let seen = recorded.observe(&replay, &["fs-1", "fs-2", "fs-3"]).await.expect("a read");
    assert_eq!(seen.keys().map(Id::as_str).collect::<Vec<_>>(), ["fs-1", "fs-2"]);
    let backup = |id: &str| seen[&Id::new(id)].inputs["backup"] == true;
    assert_eq!((backup("fs-1"), backup("fs-2")), (true, false));
    assert_eq!(seen[&Id::new("fs-2")].condition, Condition::Pending("updating".to_owned()));
    let lines: Vec<String> = replay.asked().into_iter().map(|request| request.operation).collect();
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| !line.contains("lifecycle")), "{lines:?}");
    assert!(lines[4].ends_with("?Marker=more"), "{lines:?}");
}

/// The condition of a file system that EFS cannot bring back.
fn lost() -> Condition {
    let (_, states) =
        statuses().into_iter().find(|(kind, _)| *kind == "aws_efs_file_system").expect("it has states");
    let condition = Condition::of(states, "error");
    assert!(matches!(condition, Condition::Lost(_)), "{condition:?}");
    condition
}

#[tokio::test]
async fn a_file_system_that_is_gone_is_left_out_and_states_say_what_to_expect() {
    let absent = r#"{"__type": "FileSystemNotFound", "ErrorCode": "FileSystemNotFound", "Message": "none"}"#;
    let recorded = file_system(json!({ "lifecycle": null }));
    for (state, backup, expected) in [
        ("available", "ENABLED", Some(Condition::Ready)),
        ("available", "ENABLING", Some(Condition::Pending("enabling backups".to_owned()))),
        ("available", "DISABLING", Some(Condition::Pending("disabling backups".to_owned()))),
        ("creating", "DISABLED", Some(Condition::Pending("creating".to_owned()))),
        ("deleting", "DISABLED", Some(Condition::Leaving("deleting".to_owned()))),
        ("something-new", "DISABLED", Some(Condition::Pending("something-new".to_owned()))),
        ("error", "DISABLED", Some(lost())),
        ("deleted", "DISABLED", None),
    ] {
        let policy = json!({ "BackupPolicy": { "Status": backup } }).to_string();
        let replay = Replay::in_order(&[(200, &page(&[described("fs-1", state)])), (200, &policy)]);
        let seen = recorded.observe(&replay, &["fs-1"]).await.expect("a read");
        assert_eq!(
            seen.get(&Id::new("fs-1")).map(|seen| seen.condition.clone()),
            expected,
            "{state} {backup}"
        );
    }
    let replay = Replay::in_order(&[(404, absent), (404, absent)]);
    let seen = recorded.observe(&replay, &["fs-1"]).await.expect("a read");
    assert!(seen.is_empty());
}

async fn update(replay: &Replay, observed: &Object, desired: &Object, fields: &[&str]) {
    let owner = owner("aws_efs_file_system.gitlab-nfs");
    desired.update(replay, "fs-1", fields, observed, &owner).await.expect("the change is taken");
}

#[tokio::test]
async fn an_update_sends_what_differs_and_throughput_last() {
    let observed = file_system(json!({ "tags": { "Name": "old", "team": "a" } }));
    let desired = file_system(json!({
        "throughput_mode": "provisioned", "provisioned_throughput_in_mibps": 10.0, "backup": false,
        "lifecycle": { "transition_to_ia": "AFTER_7_DAYS", "transition_to_primary_storage_class": "AFTER_1_ACCESS" },
    }));
    let live = page(&[described("fs-1", "available")]);
    let answers = [(200, "{}"), (200, "{}"), (200, "{}"), (200, "{}"), (200, live.as_str()), (202, MADE)];
    let replay = Replay::in_order(&answers);
    let fields = ["backup", "lifecycle", "provisioned_throughput_in_mibps", "tags", "throughput_mode"];
    update(&replay, &observed, &desired, &fields).await;
    let requests = replay.asked();
    let lines: Vec<&str> = requests.iter().map(|request| request.operation.as_str()).collect();
    assert_eq!(
        lines,
        [
            "POST /2015-02-01/resource-tags/fs-1",
            "DELETE /2015-02-01/resource-tags/fs-1?tagKeys=team",
            "PUT /2015-02-01/file-systems/fs-1/backup-policy",
            "PUT /2015-02-01/file-systems/fs-1/lifecycle-configuration",
            "GET /2015-02-01/file-systems?FileSystemId=fs-1",
            "PUT /2015-02-01/file-systems/fs-1",
        ]
    );
    assert_eq!(requests[0].json(), json!({ "Tags": [{ "Key": "Name", "Value": "gitlab-nfs" }] }));
    assert_eq!(requests[2].json(), json!({ "BackupPolicy": { "Status": "DISABLED" } }));
    assert_eq!(
        requests[3].json(),
        json!({ "LifecyclePolicies": [
            { "TransitionToIA": "AFTER_7_DAYS" }, { "TransitionToPrimaryStorageClass": "AFTER_1_ACCESS" },
        ] })
    );
    assert_eq!(
        requests[5].json(),
        json!({ "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 10.0 })
    );
}

#[tokio::test]
async fn throughput_that_a_lost_attempt_has_changed_is_not_changed_again() {
    let observed = file_system(json!({ "throughput_mode": "bursting" }));
    let replay = Replay::in_order(&[(200, &page(&[described("fs-1", "available")]))]);
    update(&replay, &observed, &file_system(json!({})), &["throughput_mode"]).await;
    assert_eq!(replay.asked().len(), 1);
}

#[tokio::test]
async fn a_change_of_what_is_only_recorded_makes_no_call() {
    let observed = file_system(json!({}));
    let replay = Replay::in_order(&[]);
    update(
        &replay,
        &observed,
        &file_system(json!({ "deletion_protection": false })),
        &["deletion_protection"],
    )
    .await;
    assert_eq!(replay.asked().len(), 0);
}

fn target(subnet: &str) -> Object {
    let base = json!({ "file_system_id": "fs-1", "security_groups": ["sg-1", "sg-2"] });
    Object::new("aws_efs_mount_target", base, json!({ "subnet_id": subnet }))
}

fn described_target(id: &str, subnet: &str, zone: &str, state: &str, interface: Option<&str>) -> Value {
    json!({
        "MountTargetId": id, "FileSystemId": "fs-1", "SubnetId": subnet, "LifeCycleState": state,
        "IpAddress": "10.0.0.5", "NetworkInterfaceId": interface, "AvailabilityZoneName": zone,
    })
}

fn interfaces(of: &[(&str, &[&str])]) -> String {
    let items: String = of
        .iter()
        .map(|(id, groups)| {
            let groups: String =
                groups.iter().map(|group| format!("<item><groupId>{group}</groupId></item>")).collect();
            format!("<item><networkInterfaceId>{id}</networkInterfaceId><groupSet>{groups}</groupSet></item>")
        })
        .collect();
    format!(
        "<DescribeNetworkInterfacesResponse><networkInterfaceSet>{items}</networkInterfaceSet>\
         </DescribeNetworkInterfacesResponse>"
    )
}

#[tokio::test]
async fn all_targets_of_a_file_system_are_read_with_one_call_and_their_groups_with_another() {
    let first = json!({
        "MountTargets": [described_target("fsmt-a", "subnet-a", "eu-west-1a", "available", Some("eni-a"))],
        "NextMarker": "more",
    });
    let second = json!({ "MountTargets": [
        described_target("fsmt-b", "subnet-b", "eu-west-1b", "creating", None),
        described_target("fsmt-x", "subnet-x", "eu-west-1x", "available", Some("eni-x")),
    ] });
    let interfaces = interfaces(&[("eni-a", &["sg-9"])]);
    let replay =
        Replay::in_order(&[(200, &first.to_string()), (200, &second.to_string()), (200, &interfaces)]);
    let seen = target("subnet-a").observe(&replay, &["fsmt-a", "fsmt-b", "fsmt-c"]).await.expect("a read");
    assert_eq!(seen.keys().map(Id::as_str).collect::<Vec<_>>(), ["fsmt-a", "fsmt-b"]);
    let (a, b) = (&seen[&Id::new("fsmt-a")], &seen[&Id::new("fsmt-b")]);
    assert_eq!(a.inputs["security_groups"], json!(["sg-9"]));
    assert_eq!(a.outputs["dns_name"], "eu-west-1a.fs-1.efs.eu-west-1.amazonaws.com");
    assert_eq!(a.condition, Condition::Ready);
    // Its interface is not there yet: what was asked for stands for what will be.
    assert_eq!(b.inputs["security_groups"], json!(["sg-1", "sg-2"]));
    assert_eq!(b.condition, Condition::Pending("creating".to_owned()));
    let requests = replay.asked();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].operation, "GET /2015-02-01/mount-targets?FileSystemId=fs-1");
    assert!(requests[1].operation.contains("Marker=more"), "{}", requests[1].operation);
    let form = &requests[2].parameters;
    assert_eq!(form["Filter.1.Name"], "network-interface-id");
    assert_eq!(form["Filter.1.Value.1"], "eni-a");
    assert!(!form.contains_key("Filter.1.Value.2"));
}

#[tokio::test]
async fn a_target_in_our_subnet_is_ours_and_one_in_another_subnet_of_the_zone_has_its_place() {
    let subnet = "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-a</subnetId>\
                  <availabilityZone>eu-west-1a</availabilityZone></item></subnetSet></DescribeSubnetsResponse>";
    let other_zone = described_target("fsmt-b", "subnet-b", "eu-west-1b", "available", None);
    let owner = owner("aws_efs_mount_target.gitlab-nfs");
    for (rival, expected) in [
        (
            described_target("fsmt-a", "subnet-a", "eu-west-1a", "available", None),
            Some(("fsmt-a", Ownership::Inherited)),
        ),
        (
            described_target("fsmt-o", "subnet-o", "eu-west-1a", "available", None),
            Some(("fsmt-o", Ownership::Inherited)),
        ),
        (described_target("fsmt-o", "subnet-o", "eu-west-1c", "available", None), None),
    ] {
        let targets = json!({ "MountTargets": [other_zone, rival] }).to_string();
        let replay = Replay::in_order(&[(200, &targets), (200, subnet)]);
        let found = target("subnet-a").find(&replay, &owner).await.expect("a read");
        let found = found.into_iter().map(|found| (found.id.as_str().to_owned(), found.ownership)).next();
        assert_eq!(found, expected.map(|(id, ownership)| (id.to_owned(), ownership)));
    }
}

#[tokio::test]
async fn a_target_is_made_with_its_groups_and_waits_for_its_file_system() {
    let busy = r#"{"__type": "IncorrectFileSystemLifeCycleState", "ErrorCode": "x", "Message": "creating"}"#;
    let made = r#"{"MountTargetId": "fsmt-1", "FileSystemId": "fs-1", "SubnetId": "subnet-a", "LifeCycleState": "creating"}"#;
    let replay = Replay::in_order(&[(409, busy), (200, made)]);
    let owner = owner("aws_efs_mount_target.gitlab-nfs");
    let error = target("subnet-a").create(&replay, &owner).await.expect_err("not yet");
    assert_eq!(error.outcome, Outcome::Busy);
    assert_eq!(target("subnet-a").create(&replay, &owner).await, Ok(Id::new("fsmt-1")));
    assert_eq!(
        replay.asked()[1].json(),
        json!({ "FileSystemId": "fs-1", "SubnetId": "subnet-a", "SecurityGroups": ["sg-1", "sg-2"] })
    );
}
