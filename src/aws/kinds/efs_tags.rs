//! The tags of EFS objects: put and removed by id.

use aws_sdk_efs::types::Tag;

use crate::aws::kinds::tags::{self, TagChange, Tags, to_efs};
use crate::aws::{Aws, aws_error, tag_map};
use crate::engine::call::{Call, Check, Grant};
use crate::engine::cloud::CloudError;
use crate::engine::resource::Owner;

const TAG: &str = "elasticfilesystem:TagResource";
const TAGGING: &str =
    "Service Authorization Reference, Amazon EFS: what CreateFileSystem and CreateAccessPoint authorize";

/// The calls that change the tags of objects that are ours.
pub(crate) const fn calls(ours: &'static [Grant]) -> [Call; 2] {
    [Call::new(TAG, ours), Call::new("elasticfilesystem:UntagResource", ours)]
}

/// The permission that is checked when a new object comes with its tags. The grant says by which call it is made: otherwise it
/// would be allowed to make any object ours.
pub(crate) const fn check(made: Grant) -> Check {
    Check::new(TAG, made, TAGGING)
}

/// Tags as a map.
pub fn of_sdk_tags(tags: &[Tag]) -> Tags {
    tag_map(tags, |tag| Some(tag.key()), |tag| Some(tag.value()))
}

/// Writes the ownership tags of an object that is there.
pub async fn claim(aws: &Aws, id: &str, owner: &Owner) -> Result<(), CloudError> {
    retag(aws, id, &tags::claim(owner)).await
}

/// Puts and removes tags of an object.
pub async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<(), CloudError> {
    let [tag, untag] = calls(&[]);
    if !change.set.is_empty() {
        let tags = Some(to_efs(&change.set));
        let answer = aws.write.efs.tag_resource().resource_id(id).set_tags(tags).send().await;
        answer.map_err(aws_error(tag))?;
    }
    if !change.remove.is_empty() {
        let call = aws.write.efs.untag_resource().resource_id(id);
        call.set_tag_keys(Some(change.remove.clone())).send().await.map_err(aws_error(untag))?;
    }
    Ok(())
}
