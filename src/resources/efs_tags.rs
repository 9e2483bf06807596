//! The tags of EFS objects: put and removed by id.
//! Knows nothing of what the objects are.

use crate::aws::{Aws, AwsError, aws_error};
use crate::resources::tags::{TagChange, to_efs};

const TAG: &str = "elasticfilesystem:TagResource";
const UNTAG: &str = "elasticfilesystem:UntagResource";
/// The calls that change tags.
pub(crate) const CALLS: &[&str] = &[TAG, UNTAG];

/// Puts and removes tags of an object.
pub async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<(), AwsError> {
    if !change.set.is_empty() {
        let tags = Some(to_efs(&change.set));
        let answer = aws.write.efs.tag_resource().resource_id(id).set_tags(tags).send().await;
        answer.map_err(aws_error(TAG))?;
    }
    if !change.remove.is_empty() {
        let untag = aws.write.efs.untag_resource().resource_id(id);
        untag.set_tag_keys(Some(change.remove.clone())).send().await.map_err(aws_error(UNTAG))?;
    }
    Ok(())
}
