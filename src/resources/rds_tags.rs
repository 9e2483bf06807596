//! The tags of RDS objects: read, put and removed by ARN.
//! Knows nothing of what the objects are.

use aws_sdk_rds::types::Tag;

use crate::aws::{Aws, AwsError, aws_error, tag_map};
use crate::resource::Ownership;
use crate::resources::tags::{TagChange, Tags, to_rds};

const LIST: &str = "rds:ListTagsForResource";
const ADD: &str = "rds:AddTagsToResource";
const REMOVE: &str = "rds:RemoveTagsFromResource";
/// The calls that change tags.
pub(crate) const CALLS: &[&str] = &[ADD, REMOVE];

/// Tags as a map.
pub fn of_sdk_tags(tags: &[Tag]) -> Tags {
    tag_map(tags, Tag::key, Tag::value)
}

/// Reads all tags of an object.
pub async fn live_tags(aws: &Aws, arn: &str) -> Result<Tags, AwsError> {
    let answer = aws.read.rds.list_tags_for_resource().resource_name(arn).send().await;
    Ok(of_sdk_tags(answer.map_err(aws_error(LIST))?.tag_list()))
}

/// Reads the live tags, and refuses to go on where they do not say that `provision` made the object.
pub async fn prove_ours(aws: &Aws, arn: &str, operation: &'static str) -> Result<Tags, AwsError> {
    let tags = live_tags(aws, arn).await?;
    match Ownership::of_tags(&tags) {
        Ownership::Tagged { .. } => Ok(tags),
        Ownership::Untagged | Ownership::Inherited => {
            let message = format!("{arn} carries no ownership tags: it is left alone");
            Err(AwsError::refused(operation, "NotOurs", message))
        }
    }
}

/// Puts and removes tags of an object.
pub async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<(), AwsError> {
    if !change.set.is_empty() {
        let tags = to_rds(&change.set);
        let answer =
            aws.write.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(tags)).send().await;
        answer.map_err(aws_error(ADD))?;
    }
    if !change.remove.is_empty() {
        let remove = aws.write.rds.remove_tags_from_resource().resource_name(arn);
        remove.set_tag_keys(Some(change.remove.clone())).send().await.map_err(aws_error(REMOVE))?;
    }
    Ok(())
}
