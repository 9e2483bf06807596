//! The calls that make a machine image of a machine.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use super::pairs;
use crate::aws::{Aws, aws_error, ec2};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::CloudError;
use crate::engine::resource::Id;

const MACHINES: &[Grant] = &[Grant::owned(&["ec2:instance/*"])];
/// An image and its snapshots are tagged as they are made.
const MADE: &[Grant] =
    &[Grant::owned(&["ec2:instance/*"]), Grant::tagging(&["ec2:image/*", "ec2:snapshot/*"])];
const IMAGES: Call = Call::read("ec2:DescribeImages");
const CREATE: Call = Call::new("ec2:CreateImage", MADE).checked(&[Check::new(
    "ec2:CreateTags",
    Grant::on(&["ec2:image/*", "ec2:snapshot/*"])
        .when(&[When::Tagging, When::Is("ec2:CreateAction", "CreateImage")]),
    "Amazon EC2 User Guide, Grant permission to tag resources during creation",
)]);
const TERMINATE: Call = Call::new("ec2:TerminateInstances", MACHINES);

/// All calls of a build; the machine is made by its kind.
pub const CALLS: &[Call] =
    &[IMAGES, CREATE, TERMINATE, pairs::STOP, pairs::AGENTS, pairs::SEND, pairs::INVOCATION, pairs::COMMANDS];

/// The image of the caller's account with this name: its id and its state.
///
/// # Errors
/// Any error of `ec2:DescribeImages`.
pub async fn image(aws: &Aws, name: &str) -> Result<Option<(String, String)>, CloudError> {
    let filter = Filter::builder().name("name").values(name).build();
    let call = aws.read.ec2.describe_images().owners("self").filters(filter);
    let answer = call.send().await.map_err(aws_error(IMAGES))?;
    let found = answer.images().iter().find_map(|image| {
        let state = image.state().map(|state| state.as_str().to_owned()).unwrap_or_default();
        Some((image.image_id()?.to_owned(), state))
    });
    Ok(found)
}

/// Makes an image of a machine that is stopped. Its name is the key: a second one of it is refused (InvalidAMIName.Duplicate).
///
/// # Errors
/// Any error of `ec2:CreateImage`.
pub async fn create(
    aws: &Aws,
    of: &Id,
    name: &str,
    tags: &BTreeMap<String, String>,
) -> Result<(), CloudError> {
    let tagged = |what| {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        TagSpecification::builder().resource_type(what).set_tags(Some(tags.collect())).build()
    };
    let call = aws.write.ec2.create_image().instance_id(of.as_str()).name(name);
    let call = call
        .tag_specifications(tagged(ResourceType::Image))
        .tag_specifications(tagged(ResourceType::Snapshot));
    match call.send().await.map_err(aws_error(CREATE)) {
        Err(error) if error.code == "InvalidAMIName.Duplicate" => Ok(()),
        sent => sent.map(drop),
    }
}

/// Terminates a machine.
///
/// # Errors
/// Any error of `ec2:TerminateInstances`.
pub async fn terminate(aws: &Aws, id: &Id) -> Result<(), CloudError> {
    let call = aws.write.ec2.terminate_instances().instance_ids(id.as_str());
    call.send().await.map(drop).map_err(aws_error(TERMINATE))
}

/// The machine with these ownership tags that is not terminated.
///
/// # Errors
/// Any error of `ec2:DescribeInstances`.
pub async fn machine(aws: &Aws, stack: &str, address: &str) -> Result<Option<Id>, CloudError> {
    let tags = [("tag:provision:stack", stack), ("tag:provision:address", address)];
    let filters = tags.map(|(name, value)| Filter::builder().name(name).values(value).build());
    let all = ec2::instances(aws, filters.into()).await?;
    let there = all.iter().find(|one| !ec2::is_terminated(one));
    Ok(there.and_then(|one| one.instance_id()).map(Id::new))
}
