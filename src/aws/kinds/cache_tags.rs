//! The tags of ElastiCache objects: read, put and removed by ARN.

use aws_sdk_elasticache::types::Tag;

use crate::aws::kinds::tags::{TagChange, Tags, to_elasticache};
use crate::aws::{Aws, absent_is_none, aws_error, tag_map};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::CloudError;

pub(crate) const LIST: Call = Call::read("elasticache:ListTagsForResource");
const ADD: &str = "elasticache:AddTagsToResource";

/// The calls that change the tags of objects that are ours.
pub(crate) const fn calls(ours: &'static [Grant]) -> [Call; 2] {
    [Call::new(ADD, ours), Call::new("elasticache:RemoveTagsFromResource", ours)]
}

/// The permission that is checked when a new object comes with its tags.
pub(crate) const fn check(made: Grant) -> Check {
    Check::new(
        ADD,
        made,
        "Service Authorization Reference, Amazon ElastiCache: dependent actions of the creating calls",
    )
}

/// The permission that is checked where ElastiCache has made nothing in the account before.
pub(crate) const SERVICE_ROLE: Check = Check::new(
    "iam:CreateServiceLinkedRole",
    Grant::on(&["iam:role/aws-service-role/*"])
        .when(&[When::Is("iam:AWSServiceName", "elasticache.amazonaws.com")]),
    "Amazon ElastiCache User Guide, Using service-linked roles for Amazon ElastiCache",
);

/// Tags as a map.
fn of_sdk_tags(tags: &[Tag]) -> Tags {
    tag_map(tags, Tag::key, Tag::value)
}

/// Reads all tags of an object that is there.
pub(super) async fn live_tags(aws: &Aws, arn: &str) -> Result<Tags, CloudError> {
    let answer = aws.read.elasticache.list_tags_for_resource().resource_name(arn).send().await;
    Ok(of_sdk_tags(answer.map_err(aws_error(LIST))?.tag_list()))
}

/// Reads all tags of an object; `None` where it went meanwhile.
pub(super) async fn tags_if_there(aws: &Aws, arn: &str) -> Result<Option<Tags>, CloudError> {
    absent_is_none(live_tags(aws, arn).await)
}

/// Puts and removes tags of an object.
pub(super) async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<(), CloudError> {
    let [add, remove] = calls(&[]);
    if !change.set.is_empty() {
        let call = aws.write.elasticache.add_tags_to_resource().resource_name(arn);
        call.set_tags(Some(to_elasticache(&change.set))).send().await.map_err(aws_error(add))?;
    }
    if !change.remove.is_empty() {
        let call = aws.write.elasticache.remove_tags_from_resource().resource_name(arn);
        call.set_tag_keys(Some(change.remove.clone())).send().await.map_err(aws_error(remove))?;
    }
    Ok(())
}
