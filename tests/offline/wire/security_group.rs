//! Security groups on the wire.

use std::collections::BTreeMap;

use provision::engine::cloud::{Cloud, Outcome, TrackedDocument};
use provision::engine::document::Document;
use provision::engine::resource::{Id, Owner, Ownership, Trace};
use serde_json::{Value, json};

use crate::wire::object::Object;
use crate::wire::replay::Replay;

const KIND: &str = "aws_security_group";

fn nfs(source: &str) -> Value {
    json!({ "protocol": "tcp", "from_port": 2049, "to_port": 2049, "source": source })
}

fn all(source: &str) -> Value {
    json!({ "protocol": "-1", "source": source })
}

fn group(ingress: &[Value], egress: &[Value]) -> Object {
    let base = json!({
        "name": "EFS_K8s", "description": "NFS", "vpc_id": "vpc-1", "ingress": ingress, "egress": egress,
        "tags": { "team": "platform" },
    });
    Object::new(KIND, base, json!({}))
}

fn owner() -> Owner {
    Owner {
        stack: "gitlab".to_owned(),
        address: "aws_security_group.gitlab-nfs".parse().expect("an address"),
        formerly: Default::default(),
        lineage: "lineage-1".to_owned(),
        cluster: None,
        vpc: None,
        generation: 0,
        others: Default::default(),
        named_with: Default::default(),
    }
}

fn answer(operation: &str, content: &str) -> String {
    format!(
        "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">{content}</{operation}Response>"
    )
}

/// One rule as the rules API shows it.
fn live(id: &str, egress: bool, protocol: &str, ports: (i32, i32), peer: &str) -> String {
    let peer = if peer.starts_with("sg-") {
        format!(
            "<referencedGroupInfo><groupId>{peer}</groupId><userId>111111111111</userId></referencedGroupInfo>"
        )
    } else {
        format!("<cidrIpv4>{peer}</cidrIpv4>")
    };
    format!(
        "<item><securityGroupRuleId>{id}</securityGroupRuleId><groupId>sg-1</groupId>\
         <groupOwnerId>111111111111</groupOwnerId><isEgress>{egress}</isEgress><ipProtocol>{protocol}</ipProtocol>\
         <fromPort>{}</fromPort><toPort>{}</toPort>{peer}</item>",
        ports.0, ports.1
    )
}

const RULES: &str = "DescribeSecurityGroupRules";

fn rules(items: &[String], next: Option<&str>) -> String {
    let next = next.map(|token| format!("<nextToken>{token}</nextToken>")).unwrap_or_default();
    answer(RULES, &format!("<securityGroupRuleSet>{}</securityGroupRuleSet>{next}", items.concat()))
}

async fn update(replay: &Replay, desired: &Object, names: &[&str]) -> Result<(), Outcome> {
    let observed = group(&[], &[all("0.0.0.0/0")]);
    desired.update(replay, "sg-1", names, &observed, &owner()).await.map_err(|error| error.outcome)
}

#[tokio::test]
async fn a_group_is_tagged_in_the_call_that_makes_it() {
    let replay = Replay::default().answer(
        "CreateSecurityGroup",
        200,
        answer("CreateSecurityGroup", "<return>true</return><groupId>sg-1</groupId>"),
    );
    let id = group(&[nfs("sg-2")], &[]).create(&replay, &owner()).await.expect("a group");
    assert_eq!(id, Id::new("sg-1"));
    assert_eq!(replay.operations(), ["CreateSecurityGroup"]);
    let asked = &replay.asked()[0];
    assert_eq!(asked.parameter("GroupName"), "EFS_K8s");
    assert_eq!(asked.parameter("VpcId"), "vpc-1");
    assert_eq!(asked.parameter("TagSpecification.1.ResourceType"), "security-group");
    let tag = |n: u32, part: &str| asked.parameter(&format!("TagSpecification.1.Tag.{n}.{part}")).to_owned();
    let tags: BTreeMap<_, _> = (1..=4).map(|n| (tag(n, "Key"), tag(n, "Value"))).collect();
    let expected = [
        ("provision:address", "aws_security_group.gitlab-nfs"),
        ("provision:lineage", "lineage-1"),
        ("provision:stack", "gitlab"),
        ("team", "platform"),
    ];
    assert_eq!(tags, expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
}

#[tokio::test]
async fn an_answer_without_an_id_leaves_the_outcome_unknown() {
    for content in ["<return>true</return>", "<groupId></groupId>"] {
        let replay =
            Replay::default().answer("CreateSecurityGroup", 200, answer("CreateSecurityGroup", content));
        let error = group(&[], &[]).create(&replay, &owner()).await.expect_err("no id");
        assert_eq!((error.outcome, error.operation), (Outcome::Unknown, "ec2:CreateSecurityGroup"));
    }
}

#[tokio::test]
async fn a_name_that_is_taken_is_said_to_exist_and_is_asked_for_once() {
    let replay = Replay::default().ec2_error("CreateSecurityGroup", "InvalidGroup.Duplicate");
    let error = group(&[], &[]).create(&replay, &owner()).await.expect_err("taken");
    assert_eq!((error.outcome, error.request_id.as_deref()), (Outcome::Exists, Some("request-1")));
    assert_eq!(replay.operations().len(), 1);
}

#[tokio::test]
async fn rules_are_added_before_others_are_revoked_by_their_ids() {
    let page = |items: &[String], next| rules(items, next);
    let replay = Replay::default()
        .answer(RULES, 200, page(&[live("sgr-1", false, "tcp", (2049, 2049), "sg-2")], Some("more")))
        .answer(
            RULES,
            200,
            page(
                &[
                    live("sgr-2", false, "tcp", (22, 22), "10.0.0.0/8"),
                    live("sgr-3", true, "-1", (-1, -1), "0.0.0.0/0"),
                ],
                None,
            ),
        )
        .answer(
            "AuthorizeSecurityGroupIngress",
            200,
            answer("AuthorizeSecurityGroupIngress", "<return>true</return>"),
        )
        .answer(
            "AuthorizeSecurityGroupEgress",
            200,
            answer("AuthorizeSecurityGroupEgress", "<return>true</return>"),
        )
        .answer(
            "RevokeSecurityGroupIngress",
            200,
            answer("RevokeSecurityGroupIngress", "<return>true</return>"),
        )
        .answer(
            "RevokeSecurityGroupEgress",
            200,
            answer("RevokeSecurityGroupEgress", "<return>true</return>"),
        );
    let desired = group(&[nfs("sg-2"), nfs("sg-3")], &[all("10.0.0.0/8")]);
    update(&replay, &desired, &["ingress", "egress"]).await.expect("an update");
    assert_eq!(
        replay.operations(),
        [
            RULES,
            RULES,
            "AuthorizeSecurityGroupIngress",
            "AuthorizeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "RevokeSecurityGroupEgress"
        ]
    );
    let asked = replay.asked();
    assert_eq!(asked[1].parameter("NextToken"), "more");
    assert_eq!(asked[2].parameter("IpPermissions.1.Groups.1.GroupId"), "sg-3");
    assert!(!asked[2].body.contains("IpPermissions.2"), "{}", asked[2].body);
    assert_eq!(asked[3].parameter("IpPermissions.1.IpProtocol"), "-1");
    assert!(!asked[3].body.contains("Port"), "ports of all protocols go unsaid: {}", asked[3].body);
    assert_eq!(asked[4].parameter("SecurityGroupRuleId.1"), "sgr-2");
    assert_eq!(asked[5].parameter("SecurityGroupRuleId.1"), "sgr-3");
}

#[tokio::test]
async fn a_direction_that_does_not_differ_is_left_alone() {
    let replay = Replay::default()
        .answer(RULES, 200, rules(&[live("sgr-3", true, "-1", (-1, -1), "0.0.0.0/0")], None))
        .answer(
            "AuthorizeSecurityGroupIngress",
            200,
            answer("AuthorizeSecurityGroupIngress", "<return>true</return>"),
        );
    update(&replay, &group(&[nfs("sg-2")], &[]), &["ingress"]).await.expect("an update");
    assert_eq!(replay.operations(), [RULES, "AuthorizeSecurityGroupIngress"]);
}

#[tokio::test]
async fn a_description_is_changed_without_touching_the_rule() {
    let replay = Replay::default()
        .answer(RULES, 200, rules(&[live("sgr-1", false, "tcp", (2049, 2049), "sg-2")], None))
        .answer(
            "UpdateSecurityGroupRuleDescriptionsIngress",
            200,
            answer("UpdateSecurityGroupRuleDescriptionsIngress", "<return>true</return>"),
        );
    let mut described = nfs("sg-2");
    described["description"] = "nodes".into();
    update(&replay, &group(&[described], &[]), &["ingress"]).await.expect("an update");
    let asked = replay.asked();
    assert_eq!(replay.operations(), [RULES, "UpdateSecurityGroupRuleDescriptionsIngress"]);
    assert_eq!(asked[1].parameter("SecurityGroupRuleDescription.1.SecurityGroupRuleId"), "sgr-1");
    assert_eq!(asked[1].parameter("SecurityGroupRuleDescription.1.Description"), "nodes");
}

#[tokio::test]
async fn a_rule_that_came_after_the_read_is_not_an_error() {
    let replay = Replay::default()
        .answer(RULES, 200, rules(&[], None))
        .ec2_error("AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate")
        .answer(RULES, 200, rules(&[live("sgr-1", false, "tcp", (2049, 2049), "sg-2")], None))
        .answer(
            "AuthorizeSecurityGroupIngress",
            200,
            answer("AuthorizeSecurityGroupIngress", "<return>true</return>"),
        );
    update(&replay, &group(&[nfs("sg-2"), nfs("sg-3")], &[]), &["ingress"]).await.expect("an update");
    let last = &replay.asked()[3];
    assert_eq!(last.parameter("IpPermissions.1.Groups.1.GroupId"), "sg-3");
    assert!(!last.body.contains("IpPermissions.2"), "{}", last.body);
}

#[tokio::test]
async fn nothing_is_revoked_while_a_rule_is_there_and_not_seen() {
    let unseen = || rules(&[live("sgr-1", false, "tcp", (2049, 2049), "10.0.0.0/8")], None);
    let replay = Replay::default()
        .answer(RULES, 200, unseen())
        .ec2_error("AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate")
        .answer(RULES, 200, unseen())
        .ec2_error("AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate");
    assert_eq!(update(&replay, &group(&[nfs("sg-2")], &[]), &["ingress"]).await, Err(Outcome::Exists));
    assert_eq!(replay.operations().len(), 4);
}

#[tokio::test]
async fn rules_that_are_gone_already_are_not_an_error() {
    let both = [
        live("sgr-1", false, "tcp", (1, 1), "10.0.0.0/8"),
        live("sgr-2", false, "tcp", (2, 2), "10.0.0.0/8"),
    ];
    let replay = Replay::default()
        .answer(RULES, 200, rules(&both, None))
        .ec2_error("RevokeSecurityGroupIngress", "InvalidSecurityGroupRuleId.NotFound")
        .ec2_error("RevokeSecurityGroupIngress", "InvalidSecurityGroupRuleId.NotFound")
        .answer(
            "RevokeSecurityGroupIngress",
            200,
            answer("RevokeSecurityGroupIngress", "<return>true</return>"),
        );
    update(&replay, &group(&[], &[]), &["ingress"]).await.expect("an update");
    assert_eq!(replay.asked()[3].parameter("SecurityGroupRuleId.1"), "sgr-2");
}

#[tokio::test]
async fn a_group_that_is_gone_is_not_taken_for_rules_that_are_gone() {
    let replay = Replay::default()
        .answer(RULES, 200, rules(&[live("sgr-1", false, "tcp", (1, 1), "10.0.0.0/8")], None))
        .ec2_error("RevokeSecurityGroupIngress", "InvalidGroup.NotFound");
    assert_eq!(update(&replay, &group(&[], &[]), &["ingress"]).await, Err(Outcome::NotFound));
}

#[tokio::test]
async fn tags_are_set_and_taken_off_by_key() {
    let replay = Replay::default()
        .answer("CreateTags", 200, answer("CreateTags", "<return>true</return>"))
        .answer("DeleteTags", 200, answer("DeleteTags", "<return>true</return>"));
    let mut desired = group(&[], &[]);
    desired.inputs["tags"] = json!({ "Name": "nfs" });
    update(&replay, &desired, &["tags"]).await.expect("an update");
    let asked = replay.asked();
    assert_eq!(replay.operations(), ["CreateTags", "DeleteTags"]);
    assert_eq!((asked[0].parameter("Tag.1.Key"), asked[0].parameter("Tag.1.Value")), ("Name", "nfs"));
    assert_eq!(asked[1].parameter("Tag.1.Key"), "team");
    assert!(!asked[1].body.contains("Value"), "a tag is taken off whatever its value: {}", asked[1].body);
}

const GROUPS: &str = "DescribeSecurityGroups";

fn groups(items: &str, next: Option<&str>) -> String {
    let next = next.map(|token| format!("<nextToken>{token}</nextToken>")).unwrap_or_default();
    answer(GROUPS, &format!("<securityGroupInfo>{items}</securityGroupInfo>{next}"))
}

/// One group as the groups API shows it.
fn live_group(id: &str, name: &str, content: &str) -> String {
    format!(
        "<item><ownerId>111111111111</ownerId><groupId>{id}</groupId><groupName>{name}</groupName>\
         <groupDescription>NFS</groupDescription><vpcId>vpc-1</vpcId>\
         <securityGroupArn>arn:aws:ec2:eu-west-1:111111111111:security-group/{id}</securityGroupArn>{content}</item>"
    )
}

/// A group of the cluster: nothing is recorded of it.
fn watched(id: &str) -> TrackedDocument {
    TrackedDocument { id: Id::new(id), recorded: None }
}

#[tokio::test]
async fn all_groups_are_read_at_once_and_seen_as_inputs() {
    let shown = "<ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>2049</fromPort><toPort>2049</toPort>\
        <groups><item><userId>111111111111</userId><groupId>sg-2</groupId></item>\
        <item><userId>111111111111</userId><groupId>sg-3</groupId></item></groups></item></ipPermissions>\
        <ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item>\
        </ipRanges></item></ipPermissionsEgress><tagSet><item><key>team</key><value>storage</value></item>\
        <item><key>cost</key><value>theirs</value></item><item><key>aws:stack</key><value>x</value></item>\
        <item><key>provision:stack</key><value>gitlab</value></item></tagSet>";
    let replay = Replay::default()
        .answer(GROUPS, 200, groups(&live_group("sg-1", "EFS_K8s", shown), Some("more")))
        .answer(GROUPS, 200, groups(&live_group("sg-2", "nodes.k8s", ""), None));
    let mut desired = group(&[nfs("sg-2"), nfs("sg-3")], &[all("0.0.0.0/0")]);
    let tracked = [
        TrackedDocument { id: Id::new("sg-1"), recorded: Some(desired.inputs.clone()) },
        watched("sg-2"),
        watched("sg-gone"),
    ];
    let observed = replay.cloud().observe(KIND, &tracked).await.expect("groups");
    let asked = replay.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].parameter("Filter.1.Name"), "group-id");
    assert_eq!(asked[0].parameter("Filter.1.Value.3"), "sg-gone");
    assert_eq!(observed.keys().map(Id::as_str).collect::<Vec<_>>(), ["sg-1", "sg-2"]);

    let ours = &observed[&Id::new("sg-1")];
    desired.inputs["tags"] = json!({ "team": "storage" });
    assert_eq!(ours.inputs, desired.inputs);
    assert_eq!(
        ours.ownership,
        Ownership::Tagged {
            stack: "gitlab".to_owned(),
            address: String::new(),
            lineage: None,
            cluster: None,
        }
    );
    assert_eq!(ours.outputs["arn"], "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-1");
    let theirs = &observed[&Id::new("sg-2")];
    assert_eq!(
        (&theirs.inputs, &theirs.ownership),
        (&Document::new(), &Ownership::Untagged),
        "it is watched"
    );
}

#[tokio::test]
async fn more_groups_than_a_filter_takes_are_read_in_several_calls() {
    let replay =
        Replay::default().answer(GROUPS, 200, groups("", None)).answer(GROUPS, 200, groups("", None));
    let tracked: Vec<_> = (0..201).map(|n| watched(&format!("sg-{n}"))).collect();
    let observed = replay.cloud().observe(KIND, &tracked).await.expect("no groups");
    assert!(observed.is_empty());
    let last: Vec<_> = replay
        .asked()
        .iter()
        .map(|asked| asked.parameters.keys().filter(|key| key.starts_with("Filter.1.Value.")).count())
        .collect();
    assert_eq!(last, [200, 1]);
}

#[tokio::test]
async fn a_group_is_found_by_its_name_in_any_case_and_no_other() {
    let others = live_group("sg-8", "EFS-K8s", "") + &live_group("sg-9", "efs_k8s", "");
    // Of the stack by its tags: made for a key that is not in the stack file any more.
    let tags = "<tagSet><item><key>provision:stack</key><value>gitlab</value></item>\
        <item><key>provision:address</key><value>aws_security_group.old</value></item></tagSet>";
    let of_the_stack = live_group("sg-7", "gitlab-old", tags);
    let replay = Replay::default().answer(GROUPS, 200, groups(&others, None)).answer(
        GROUPS,
        200,
        groups(&of_the_stack, None),
    );
    let found = group(&[], &[]).find(&replay, &owner()).await.expect("an answer");
    assert_eq!((&found[0].id, &found[0].ownership), (&Id::new("sg-9"), &Ownership::Untagged));
    assert_eq!((found[1].described(), found[1].trace), ("sg-7 (gitlab-old)".to_owned(), Trace::Tags));
    let asked = &replay.asked();
    assert_eq!(
        (asked[1].parameter("Filter.2.Name"), asked[1].parameter("Filter.2.Value.1")),
        ("tag:provision:stack", "gitlab")
    );
    let asked = &asked[0];
    assert_eq!((asked.parameter("Filter.1.Name"), asked.parameter("Filter.1.Value.1")), ("vpc-id", "vpc-1"));
    assert_eq!(
        (asked.parameter("Filter.2.Name"), asked.parameter("Filter.2.Value.1")),
        ("group-name", "???_?8?")
    );
}

#[tokio::test]
async fn a_group_that_is_gone_is_deleted() {
    let replay = Replay::default().ec2_error("DeleteSecurityGroup", "InvalidGroup.NotFound");
    group(&[], &[]).delete(&replay, "sg-1", &owner()).await.expect("nothing to do");
}

#[tokio::test]
async fn a_group_in_use_stays_and_the_error_says_who_holds_it() {
    let interfaces = "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId>\
        <description>EFS mount target for fs-1</description></item></networkInterfaceSet>";
    let referring = live_group("sg-1", "EFS_K8s", "") + &live_group("sg-2", "nodes.k8s", "");
    let replay = Replay::default()
        .ec2_error("DeleteSecurityGroup", "DependencyViolation")
        .answer("DescribeNetworkInterfaces", 200, answer("DescribeNetworkInterfaces", interfaces))
        .answer(GROUPS, 200, groups(&referring, None))
        .answer(GROUPS, 200, groups("", None));
    let error = group(&[], &[]).delete(&replay, "sg-1", &owner()).await.expect_err("in use");
    assert_eq!(error.outcome, Outcome::Busy);
    assert_eq!(
        error.message,
        "said AWS; held by network interface eni-1 (EFS mount target for fs-1); named in rules of sg-2 (nodes.k8s)"
    );
}

#[tokio::test]
async fn a_change_that_is_refused_for_the_time_of_its_signature_is_sent_again_with_the_time_of_aws() {
    let made = "<CreateSecurityGroupResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><return>true</return>\
                <groupId>sg-1</groupId></CreateSecurityGroupResponse>";
    let replay = Replay::default().ec2_error("CreateSecurityGroup", "RequestExpired").answer(
        "CreateSecurityGroup",
        200,
        made,
    );
    let inputs = crate::samples::sample("aws_security_group");
    let owner = owner();
    let id = replay.cloud().create("aws_security_group", &inputs, &owner).await.expect("it is made");
    assert_eq!(id.as_str(), "sg-1");
    let asked = replay.asked();
    let hours: Vec<&str> = asked.iter().map(|asked| &asked.signed[..11]).collect();
    assert!(hours.len() == 2 && hours[0] != hours[1], "{hours:?}");

    // Everything else is sent once: it may have been carried out.
    for code in ["InternalError", "RequestLimitExceeded", "DependencyViolation"] {
        let replay = Replay::default().ec2_error("CreateSecurityGroup", code);
        let refused = replay.cloud().create("aws_security_group", &inputs, &owner).await;
        assert!(refused.is_err() && replay.asked().len() == 1, "{code}: {:?}", replay.operations());
    }
}
