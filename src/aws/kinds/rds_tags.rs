//! The tags of RDS objects: read, put and removed by ARN.

use aws_sdk_rds::types::Tag;

use crate::aws::kinds::tags::{self, TagChange, Tags, to_rds};
use crate::aws::{Aws, aws_error, tag_map};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::CloudError;
use crate::engine::resource::Owner;

pub(crate) const LIST: Call = Call::read("rds:ListTagsForResource");
const ADD: &str = "rds:AddTagsToResource";

/// The calls that change the tags of objects that are ours.
pub(crate) const fn calls(ours: &'static [Grant]) -> [Call; 2] {
    [Call::new(ADD, ours), Call::new("rds:RemoveTagsFromResource", ours)]
}

/// The permission that is checked when a new object comes with its tags.
pub(crate) const fn check(made: Grant) -> Check {
    Check::new(
        ADD,
        made,
        "Service Authorization Reference, Amazon RDS: dependent actions of the creating calls",
    )
}

/// The permission that is checked where RDS has made nothing in the account before.
pub(crate) const SERVICE_ROLE: Check = Check::new(
    "iam:CreateServiceLinkedRole",
    Grant::on(&["iam:role/aws-service-role/*"]).when(&[When::Is("iam:AWSServiceName", "rds.amazonaws.com")]),
    "Amazon RDS User Guide, Using service-linked roles for Amazon RDS",
);

/// Tags as a map.
pub fn of_sdk_tags(tags: &[Tag]) -> Tags {
    tag_map(tags, Tag::key, Tag::value)
}

/// Reads all tags of an object.
pub async fn live_tags(aws: &Aws, arn: &str) -> Result<Tags, CloudError> {
    let answer = aws.read.rds.list_tags_for_resource().resource_name(arn).send().await;
    Ok(of_sdk_tags(answer.map_err(aws_error(LIST))?.tag_list()))
}

/// Writes the ownership tags of an object that is there.
pub async fn claim(aws: &Aws, arn: &str, owner: &Owner) -> Result<(), CloudError> {
    retag(aws, arn, &tags::claim(owner)).await
}

/// Puts and removes tags of an object.
pub async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<(), CloudError> {
    let [add, remove] = calls(&[]);
    if !change.set.is_empty() {
        let tags = to_rds(&change.set);
        let answer =
            aws.write.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(tags)).send().await;
        answer.map_err(aws_error(add))?;
    }
    if !change.remove.is_empty() {
        let call = aws.write.rds.remove_tags_from_resource().resource_name(arn);
        call.set_tag_keys(Some(change.remove.clone())).send().await.map_err(aws_error(remove))?;
    }
    Ok(())
}
