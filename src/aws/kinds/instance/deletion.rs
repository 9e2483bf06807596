//! The end of a machine. What is attached to it stays.

use aws_sdk_ec2::types::{EbsInstanceBlockDeviceSpecification, InstanceBlockDeviceMappingSpecification};

use super::calls::{MODIFY, TERMINATE};
use super::keys::VOLUMES;
use super::live::{self, Live, is_going, parts};
use crate::aws::kinds::tags;
use crate::aws::{Aws, absent_is_done, aws_error, ec2};
use crate::engine::cloud::{self, CloudError};
use crate::engine::document::Document;
use crate::engine::resource::Ownership;

/// Asks EC2 to terminate the machine. Gone, or going already, is success. Protection by AWS is left as it is: the plan that deletes it is
/// made when that is off.
pub(super) async fn delete(aws: &Aws, deletion: cloud::Deletion<'_>) -> Result<(), CloudError> {
    let id = deletion.id.as_str();
    let Some(live) = live::one(aws, deletion.id).await?.filter(|live| !is_going(&live.machine)) else {
        return Ok(());
    };
    let ownership = Ownership::of_tags(&ec2::tags(live.machine.tags()));
    tags::refuse_others(TERMINATE, id, &ownership, deletion.owner)?;
    keep_volumes(aws, id, &live, deletion.recorded).await?;
    // One in a call: of several, one that is protected saves the others of its zone (TerminateInstances, EC2 API reference).
    let sent = aws.write.ec2.terminate_instances().instance_ids(id).send().await;
    absent_is_done(sent.map(drop).map_err(aws_error(TERMINATE)))
}

/// The stack's volumes stay, also where others had them go with the machine.
async fn keep_volumes(aws: &Aws, id: &str, live: &Live, recorded: &Document) -> Result<(), CloudError> {
    let ours = VOLUMES.of(recorded).unwrap_or_default();
    let going = live.machine.block_device_mappings().iter().filter_map(|one| {
        let (device, volume, _) = parts(one)?;
        let goes = one.ebs()?.delete_on_termination == Some(true);
        (goes && ours.values().any(|its| its == volume)).then_some(device)
    });
    for device in going {
        let kept =
            EbsInstanceBlockDeviceSpecification::builder().set_delete_on_termination(Some(false)).build();
        let mapping =
            InstanceBlockDeviceMappingSpecification::builder().device_name(device).ebs(kept).build();
        let call = aws.write.ec2.modify_instance_attribute().instance_id(id).block_device_mappings(mapping);
        call.send().await.map_err(aws_error(MODIFY))?;
    }
    Ok(())
}
