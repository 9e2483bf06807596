//! What roles and instance profiles have in common: tags, paths, and objects that AWS makes for itself.

use aws_sdk_iam::types::Tag;

use crate::aws::kinds::tags::Tags;
use crate::aws::tag_map;
use crate::engine::resource::Pattern;

/// A path (CreateRole, Path: "must begin and end with forward slashes").
pub(super) const PATH_RULE: Pattern = Pattern::new(
    "a path: `/`, or names between slashes, such as `/apps/`, and not below `/aws-service-role/`",
    "^/([!-.0-~]+/)*$",
    512,
)
// Roles below it are those of services of AWS, and can be neither changed nor deleted.
.but_not("^/aws-service-role/.*");

/// Tags as a map.
pub(super) fn of_sdk_tags(tags: &[Tag]) -> Tags {
    tag_map(tags, |tag| Some(tag.key()), |tag| Some(tag.value()))
}

/// The name in an ARN with its path, or the text itself.
pub(super) fn name_in(text: &str) -> &str {
    match text.starts_with("arn:") {
        true => text.rsplit('/').next().unwrap_or(text),
        false => text,
    }
}

/// The reason why an object with this path is none that a stack can have.
pub(super) fn unfit(path: &str) -> Option<String> {
    let is_aws = path.starts_with("/aws-service-role/") || path.starts_with("/aws-reserved/");
    is_aws.then(|| "a service of AWS made it, and nobody else changes it".to_owned())
}
