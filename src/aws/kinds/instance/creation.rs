//! The one call that makes a machine.

use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, HttpTokensState, IamInstanceProfileSpecification,
    InstanceMetadataOptionsRequest, ResourceType, VolumeType,
};

use super::Instance;
use super::calls::RUN;
use super::image;
use super::keys::{AMI, AMI_PARAMETER, HOPS, PROFILE, ROOT_SIZE, TOKENS, USER_DATA};
use super::live::is_going;
use crate::aws::kind::id_in_answer;
use crate::aws::kinds::creation_token::make_of_ec2;
use crate::aws::kinds::ec2_tags;
use crate::aws::{Aws, aws_error, row};
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Id, Owner};

/// Makes the machine. Its volumes come to it with the update that follows, and so does the end of its being started.
///
/// The same request with the same token is answered with the machine that the first one made, also when that is terminated ("Ensuring
/// idempotency in Amazon EC2 API requests", EC2 Developer Guide).
pub(super) async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
    let image = match (AMI.of(wanted), AMI_PARAMETER.text(wanted)) {
        (Some(id), _) => id,
        (None, Some(parameter)) => image::of_parameter(aws, parameter).await?,
        (None, None) => return Err(CloudError::refused(RUN, "MissingParameter", "no image is named")),
    };
    let root = image::described(aws, &image).await?.root_device_name;
    let tags = ec2_tags::all_of(wanted, owner);
    let of = |kind| ec2_tags::specification(kind, &tags);
    let metadata = InstanceMetadataOptionsRequest::builder()
        .set_http_tokens(TOKENS.text(wanted).map(HttpTokensState::from))
        .set_http_put_response_hop_limit(HOPS.of(wanted));
    let profile =
        PROFILE.of(wanted).map(|name| IamInstanceProfileSpecification::builder().name(name).build());
    let call = row::create_call::<Instance>(wanted)
        .image_id(image)
        .min_count(1)
        .max_count(1)
        .set_iam_instance_profile(profile)
        .metadata_options(metadata.build())
        .set_user_data(USER_DATA.text(wanted).map(aws_smithy_types::base64::encode))
        .set_block_device_mappings(root.map(|device| vec![root_volume(&device, wanted)]))
        .tag_specifications(of(ResourceType::Instance))
        .tag_specifications(of(ResourceType::Volume))
        .tag_specifications(of(ResourceType::NetworkInterface));
    make_of_ec2(owner, RUN, |token| async {
        let made =
            call.clone().client_token(token).send_with(&aws.write.ec2).await.map_err(aws_error(RUN))?;
        let machine = made.instances.unwrap_or_default().into_iter().next();
        let is_over = machine.as_ref().is_some_and(is_going);
        Ok((id_in_answer(RUN, machine.and_then(|machine| machine.instance_id))?, is_over))
    })
    .await
}

/// The volume that it boots from: encrypted, and gone with the machine.
fn root_volume(device: &str, wanted: &Document) -> BlockDeviceMapping {
    let volume = EbsBlockDevice::builder()
        .volume_type(VolumeType::Gp3)
        .encrypted(true)
        .set_delete_on_termination(Some(true))
        .set_volume_size(ROOT_SIZE.of(wanted));
    BlockDeviceMapping::builder().device_name(device).ebs(volume.build()).build()
}
