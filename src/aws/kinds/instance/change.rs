//! A change of a machine: one attribute a call, and a stop and a start around what only a stopped machine takes.
//!
//! A call that has to wait is asked for again by the engine, as long as the machine is busy; each time, what is left is worked out anew from what
//! EC2 shows. So a run that was cut off anywhere goes on where it was: a machine that was stopped and not started again is one that does not
//! run as it should.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    AttributeBooleanValue, AttributeValue, HttpTokensState, IamInstanceProfileAssociation,
    IamInstanceProfileSpecification,
};

use super::Instance;
use super::calls::{
    ASSOCIATE_PROFILE, ATTACH, DETACH, DISASSOCIATE_PROFILE, METADATA, MODIFY, MODIFY_INTERFACE, PROFILES,
    REPLACE_PROFILE, START, STOP, TAG, UNTAG,
};
use super::keys::{GROUPS, HOPS, PROFILE, PROTECTION, ROOT_SIZE, RUNNING, TOKENS, TYPE, VOLUMES};
use super::live::{self, Live, is_going, parts};
use crate::aws::kinds::{ebs_volume, ec2_tags, tags};
use crate::aws::{Aws, absent_is_done, aws_error, ec2, row};
use crate::engine::call::Call;
use crate::engine::cloud::{ChangeDocument, CloudError, Outcome};
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::resource::{Id, Ownership};

/// Changes the machine so that it agrees with `wanted`.
pub(super) async fn change(
    aws: &Aws,
    wanted: &Document,
    change: ChangeDocument<'_>,
) -> Result<(), CloudError> {
    let id = change.id.as_str();
    let live = live::one(aws, change.id).await?.filter(|live| !is_going(&live.machine));
    let Some(live) = live else {
        return Err(CloudError::not_seen(MODIFY, "InvalidInstanceID.NotFound", format!("{id} is not seen")));
    };
    let ownership = Ownership::of_tags(&ec2::tags(live.machine.tags()));
    tags::refuse_others(MODIFY, id, &ownership, change.owner)?;
    let fields = still_to_do(wanted, &change, &live);
    let changes = |name: &str| fields.contains(name);
    if let (true, Some(asked)) = (changes(tags::FIELD), tags::asked_for(wanted, &change)) {
        ec2_tags::retag(aws, id, &asked, (TAG, UNTAG)).await?;
    }
    if let (true, Some(is_protected)) = (changes(PROTECTION.name), PROTECTION.of(wanted)) {
        let value = AttributeBooleanValue::builder().value(is_protected).build();
        let call = aws.write.ec2.modify_instance_attribute().instance_id(id).disable_api_termination(value);
        call.send().await.map_err(aws_error(MODIFY))?;
    }
    if let (true, Some(groups)) = (changes(GROUPS.name), GROUPS.of(wanted)) {
        put_groups(aws, &live, groups).await?;
    }
    if changes(TOKENS.name) || changes(HOPS.name) {
        let call = aws.write.ec2.modify_instance_metadata_options().instance_id(id);
        let call = call
            .set_http_tokens(TOKENS.text(wanted).map(HttpTokensState::from))
            .set_http_put_response_hop_limit(HOPS.of(wanted));
        call.send().await.map_err(aws_error(METADATA))?;
    }
    if changes(PROFILE.name) {
        put_profile(aws, id, PROFILE.text(wanted)).await?;
    }
    if let (true, Some(size), Some(root)) =
        (changes(ROOT_SIZE.name), ROOT_SIZE.of(wanted), live::root_of(&live.machine))
    {
        ebs_volume::grow(aws, root, size).await?;
    }
    // A stopped machine lets go of a volume without being asked to unmount it: one that is to be stopped is so first.
    let is_stopped_for_it =
        changes(TYPE.name) || (changes(RUNNING.name) && RUNNING.of(wanted) == Some(false));
    if is_stopped_for_it && live.state() != "stopped" {
        return Err(stop(aws, id, live.state()).await);
    }
    if let (true, Some(wanted)) = (changes(TYPE.name), TYPE.of(wanted)) {
        let value = AttributeValue::builder().value(wanted).build();
        let call = aws.write.ec2.modify_instance_attribute().instance_id(id).instance_type(value);
        call.send().await.map_err(aws_error(MODIFY))?;
    }
    if changes(VOLUMES.name) {
        put_volumes(aws, change.id, &live, wanted, &change).await?;
    }
    let starts = RUNNING.of(wanted) == Some(true) && (changes(TYPE.name) || changes(RUNNING.name));
    match (starts, live.state()) {
        (true, "stopped") => start(aws, id).await,
        (true, "stopping") => {
            Err(busy(START, "IncorrectInstanceState", format!("{id} is still being stopped")))
        }
        _ => Ok(()),
    }
}

/// The fields that are left of a change. A machine that was stopped for another type, and has it, is still to be started.
fn still_to_do(wanted: &Document, change: &ChangeDocument<'_>, live: &Live) -> BTreeSet<String> {
    let now = row::observe::<Instance>(live, change.observed);
    let unmet = diff::diff(&row::fields::<Instance>(), wanted, &now).into_iter().map(|one| one.path);
    let was_stopped = change.fields.contains(TYPE.name);
    unmet.filter(|field| change.fields.contains(field) || (was_stopped && field == RUNNING.name)).collect()
}

fn busy(call: Call, code: &str, message: String) -> CloudError {
    CloudError { outcome: Outcome::Busy, ..CloudError::refused(call, code, message) }
}

/// Asks for the machine to be stopped. The answer is always that what needs it has to wait.
async fn stop(aws: &Aws, id: &str, state: &str) -> CloudError {
    if state == "running" {
        let sent = aws.write.ec2.stop_instances().instance_ids(id).send().await.map_err(aws_error(STOP));
        if let Err(error) = sent {
            return error;
        }
    }
    busy(STOP, "IncorrectInstanceState", format!("{id} is being stopped"))
}

async fn start(aws: &Aws, id: &str) -> Result<(), CloudError> {
    let sent = aws.write.ec2.start_instances().instance_ids(id).send().await.map_err(aws_error(START));
    match sent {
        Ok(_) => Ok(()),
        // Not every server knows the new type at once: "LaunchPlan instance type does not match" (terraform-provider-aws#16433).
        Err(error) if error.code == "InvalidParameterValue" && error.message.contains("LaunchPlan") => {
            Err(CloudError { outcome: Outcome::Busy, ..error })
        }
        Err(error) => Err(error),
    }
}

/// Replaces the groups of the first interface. Of a machine with several, the call on the machine is refused (ModifyInstanceAttribute,
/// GroupId).
async fn put_groups(aws: &Aws, live: &Live, groups: Vec<String>) -> Result<(), CloudError> {
    let id = live.machine.instance_id().unwrap_or_default();
    let first = live.interface().and_then(|one| one.network_interface_id());
    match first.filter(|_| live.machine.network_interfaces().len() > 1) {
        Some(interface) => {
            let call = aws.write.ec2.modify_network_interface_attribute().network_interface_id(interface);
            call.set_groups(Some(groups)).send().await.map(drop).map_err(aws_error(MODIFY_INTERFACE))
        }
        None => {
            let call = aws.write.ec2.modify_instance_attribute().instance_id(id).set_groups(Some(groups));
            call.send().await.map(drop).map_err(aws_error(MODIFY))
        }
    }
}

/// Gives the machine another profile, its first one, or none.
async fn put_profile(aws: &Aws, id: &str, wanted: Option<&str>) -> Result<(), CloudError> {
    let filters = vec![ec2::filter("instance-id", [id])];
    let asked = aws.read.ec2.describe_iam_instance_profile_associations().set_filters(Some(filters));
    let all: Vec<IamInstanceProfileAssociation> =
        asked.into_paginator().items().send().collect::<Result<_, _>>().await.map_err(aws_error(PROFILES))?;
    let is_live = |one: &&IamInstanceProfileAssociation| {
        one.state().is_some_and(|state| matches!(state.as_str(), "associating" | "associated"))
    };
    let now = all.iter().find(is_live).and_then(|one| one.association_id());
    let profile = wanted.map(|name| IamInstanceProfileSpecification::builder().name(name).build());
    match (now, profile) {
        (Some(now), Some(profile)) => {
            let call = aws.write.ec2.replace_iam_instance_profile_association().association_id(now);
            call.iam_instance_profile(profile).send().await.map(drop).map_err(aws_error(REPLACE_PROFILE))
        }
        (None, Some(profile)) => {
            let call = aws.write.ec2.associate_iam_instance_profile().instance_id(id);
            call.iam_instance_profile(profile).send().await.map(drop).map_err(aws_error(ASSOCIATE_PROFILE))
        }
        (Some(now), None) => {
            let sent = aws.write.ec2.disassociate_iam_instance_profile().association_id(now).send().await;
            absent_is_done(sent.map(drop).map_err(aws_error(DISASSOCIATE_PROFILE)))
        }
        (None, None) => Ok(()),
    }
}

/// Lets go of volumes that are no longer wanted where they are, and then takes those that are.
async fn put_volumes(
    aws: &Aws,
    id: &Id,
    live: &Live,
    wanted: &Document,
    change: &ChangeDocument<'_>,
) -> Result<(), CloudError> {
    let wanted = VOLUMES.of(wanted).unwrap_or_default();
    let before = VOLUMES.of(change.observed).unwrap_or_default();
    let mut waits = None;
    for one in live.machine.block_device_mappings() {
        let Some((device, volume, state)) = parts(one) else { continue };
        let is_wanted = wanted.get(device).is_some_and(|its| its == volume);
        let is_known = before.values().any(|its| its == volume) || wanted.values().any(|its| its == volume);
        if is_wanted || !is_known {
            continue;
        }
        if matches!(state, "attached" | "attaching") {
            // Never by force, which loses what is not written yet (DetachVolume, EC2 API reference).
            let call = aws.write.ec2.detach_volume().volume_id(volume).instance_id(id.as_str());
            absent_is_done(call.send().await.map(drop).map_err(aws_error(DETACH)))?;
        }
        waits = Some(match state {
            "busy" => format!("{volume} is in use on {id}: unmount it there"),
            _ => format!("{volume} is being detached from {id}"),
        });
    }
    if let Some(message) = waits {
        return Err(busy(DETACH, "IncorrectState", message));
    }
    let attached: Vec<&str> = live.attached().map(|(_, volume, _)| volume).collect();
    let missing = || wanted.iter().filter(|(_, volume)| !attached.contains(&volume.as_str()));
    let volumes = ec2::with_any_of("volume-id", missing().map(|(_, volume)| volume), |filters| {
        ec2::volumes(aws, filters)
    });
    let volumes = volumes.await?;
    for (device, volume) in missing() {
        let seen = volumes.iter().find(|one| one.volume_id() == Some(volume));
        let elsewhere = seen.and_then(|one| one.attachments().first()).and_then(|one| one.instance_id());
        if let Some(other) = elsewhere.filter(|other| *other != id.as_str()) {
            still_at(aws, volume, other).await?;
        }
        let taken = live.attached().find(|(its, ..)| its == device);
        if let Some((_, other, _)) = taken {
            let message =
                format!("{other} is attached to {id} as {device}: detach it, or write another device");
            return Err(CloudError::refused(ATTACH, "InvalidParameterValue", message));
        }
        let call = aws.write.ec2.attach_volume().volume_id(volume).instance_id(id.as_str()).device(device);
        call.send().await.map_err(aws_error(ATTACH))?;
    }
    Ok(())
}

/// The answer for a volume that another machine has: that passes while the machine goes, and is left alone otherwise.
async fn still_at(aws: &Aws, volume: &str, other: &str) -> Result<(), CloudError> {
    let machines = ec2::instances(aws, vec![ec2::filter("instance-id", [other])]).await?;
    match machines.first() {
        Some(machine) if !is_going(machine) => {
            let message = format!(
                "the machine {other} has the volume {volume}: unmount it there, then: aws ec2 detach-volume --volume-id {volume}"
            );
            Err(CloudError::refused(ATTACH, "VolumeInUse", message))
        }
        _ => Err(busy(ATTACH, "VolumeInUse", format!("{volume} is not free yet of {other}, which goes"))),
    }
}
