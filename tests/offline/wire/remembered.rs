//! While a run remembers what AWS has answered, nothing is asked twice; and what was no good answer is asked again.

use std::sync::Arc;

use futures_util::future::join;
use provision::aws::kinds::AwsCloud;
use provision::aws::network::vpc_exists;
use provision::engine::cloud::Cloud;
use provision::engine::resource::Id;

use crate::wire::replay::{BROKEN_OFF, Replay};

const GROUP: &str = "aws_security_group";
const GROUPS: &str = "DescribeSecurityGroups";
const TARGETS: &str = "GET /2015-02-01/mount-targets?FileSystemId=fs-1";

fn groups(ids: &[&str]) -> String {
    let items = ids.iter().map(|id| {
        format!("<item><groupId>{id}</groupId><groupName>g</groupName><vpcId>vpc-1</vpcId></item>")
    });
    let items: String = items.collect();
    format!(
        "<{GROUPS}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><securityGroupInfo>{items}</securityGroupInfo></{GROUPS}Response>"
    )
}

/// AWS as a run that remembers sees it.
fn remembering(replay: &Replay) -> AwsCloud {
    let aws = replay.aws();
    aws.remember();
    AwsCloud::new(Arc::new(aws))
}

async fn count(cloud: &AwsCloud, ids: &[&str]) -> usize {
    let ids: Vec<Id> = ids.iter().map(|id| Id::new(*id)).collect();
    cloud.survey(GROUP, &ids).await.expect("they can be read").len()
}

#[tokio::test]
async fn the_same_question_is_sent_once_also_where_it_is_asked_twice_at_a_time() {
    let replay = Replay::default().answer(GROUPS, 200, groups(&["sg-1"]));
    let cloud = remembering(&replay);
    let (one, other) = join(count(&cloud, &["sg-1", "sg-2"]), count(&cloud, &["sg-1", "sg-2"])).await;
    assert_eq!((one, other, count(&cloud, &["sg-1", "sg-2"]).await), (1, 1, 1));
    assert_eq!(replay.operations(), [GROUPS]);
    // Without the memory, each is sent.
    let replay = Replay::default().answer(GROUPS, 200, groups(&[])).answer(GROUPS, 200, groups(&["sg-1"]));
    let cloud = replay.cloud();
    assert_eq!((count(&cloud, &["sg-1"]).await, count(&cloud, &["sg-1"]).await), (0, 1));
    assert_eq!(replay.operations(), [GROUPS, GROUPS]);
}

#[tokio::test]
async fn an_object_that_any_answer_has_shown_is_not_asked_for_by_its_id() {
    let replay = Replay::default().answer(GROUPS, 200, groups(&["sg-1", "sg-2"])).answer(
        GROUPS,
        200,
        groups(&["sg-1", "sg-3"]),
    );
    let cloud = remembering(&replay);
    assert_eq!(count(&cloud, &["sg-1", "sg-2"]).await, 2);
    assert_eq!((count(&cloud, &["sg-2"]).await, count(&cloud, &["sg-1"]).await), (1, 1));
    assert_eq!(replay.operations().len(), 1);
    // One of them is new.
    assert_eq!(count(&cloud, &["sg-1", "sg-3"]).await, 2);
    assert_eq!(replay.operations().len(), 2);
    // The parts of a file system are shown by its list.
    let target = r#"{ "MountTargetId": "fsmt-1", "FileSystemId": "fs-1", "SubnetId": "subnet-1", "LifeCycleState": "available" }"#;
    let replay = Replay::default().answer(TARGETS, 200, format!(r#"{{ "MountTargets": [{target}] }}"#));
    let cloud = remembering(&replay);
    let kind = "aws_efs_mount_target";
    assert_eq!(cloud.parts(kind, &Id::new("fs-1")).await.expect("they can be read"), [Id::new("fsmt-1")]);
    assert!(cloud.named(kind, "fsmt-1").await.expect("it can be read").is_some());
    assert_eq!(replay.operations(), [TARGETS]);
}

#[tokio::test]
async fn what_is_let_go_of_is_asked_for_again() {
    let replay = Replay::default().answer(GROUPS, 200, groups(&["sg-1"])).answer(GROUPS, 200, groups(&[]));
    let aws = Arc::new(replay.aws());
    aws.remember();
    let cloud = AwsCloud::new(aws.clone());
    assert_eq!((count(&cloud, &["sg-1"]).await, count(&cloud, &["sg-1"]).await), (1, 1));
    aws.forget();
    assert_eq!(count(&cloud, &["sg-1"]).await, 0);
    assert_eq!(replay.operations(), [GROUPS, GROUPS]);
}

#[tokio::test]
async fn that_there_is_nothing_is_an_answer_too() {
    let nothing = r#"{"__type": "FileSystemNotFound", "ErrorCode": "FileSystemNotFound", "Message": "none"}"#;
    let replay = Replay::default().answer(TARGETS, 404, nothing);
    let cloud = remembering(&replay);
    for _ in 0..2 {
        let parts = cloud.parts("aws_efs_mount_target", &Id::new("fs-1")).await;
        assert_eq!(parts.expect("it can be read"), []);
    }
    assert_eq!(replay.operations(), [TARGETS]);
}

#[tokio::test]
async fn an_answer_that_is_no_good_is_asked_for_again() {
    let vpcs = |items: &str| {
        format!(
            "<DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><vpcSet>{items}</vpcSet></DescribeVpcsResponse>"
        )
    };
    let there = vpcs("<item><vpcId>vpc-1</vpcId></item>");
    let replay = Replay::default()
        .ec2_error("DescribeVpcs", "UnauthorizedOperation")
        .answer("DescribeVpcs", BROKEN_OFF, "")
        .answer("DescribeVpcs", 200, there);
    let aws = replay.aws();
    aws.remember();
    let vpc = Id::new("vpc-1");
    let refused = vpc_exists(&aws, &vpc).await.expect_err("it is refused");
    assert_eq!(refused.code, "UnauthorizedOperation");
    // The SDK repeats one that breaks off, and the answer that has come is kept.
    assert!(vpc_exists(&aws, &vpc).await.expect("it can be read"));
    assert!(vpc_exists(&aws, &vpc).await.expect("it can be read"));
    assert_eq!(replay.operations().len(), 3);
}
