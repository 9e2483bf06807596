//! Images: the one that a parameter of Systems Manager names, and what it boots from.

use aws_sdk_ec2::types::Image;

use super::calls::{IMAGES, PARAMETER};
use crate::aws::{Aws, aws_error};
use crate::engine::cloud::CloudError;

/// The id of the image that a parameter names now.
pub(in crate::aws) async fn of_parameter(aws: &Aws, name: &str) -> Result<String, CloudError> {
    let answer = aws.read.ssm.get_parameter().name(name).send().await.map_err(aws_error(PARAMETER))?;
    let value = answer.parameter.and_then(|parameter| parameter.value).unwrap_or_default();
    if value.starts_with("ami-") {
        return Ok(value);
    }
    let message = format!("the parameter {name} holds no id of an image");
    Err(CloudError::refused(PARAMETER, "NoImage", message))
}

/// An image with this id, of the account or of anyone who shares it.
pub(in crate::aws) async fn described(aws: &Aws, id: &str) -> Result<Image, CloudError> {
    let answer = aws.read.ec2.describe_images().image_ids(id).send().await.map_err(aws_error(IMAGES))?;
    let found = answer.images.unwrap_or_default().into_iter().next();
    // "If you specify an AMI that you do not have permission to use, an error is returned" (DescribeImages): an empty list is one that is
    // deregistered.
    found.ok_or_else(|| {
        CloudError::refused(IMAGES, "InvalidAMIID.NotFound", format!("the image {id} is not there"))
    })
}
