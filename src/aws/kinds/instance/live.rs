//! Machines as AWS shows them: with their root volumes, their health, and what only DescribeInstanceAttribute tells.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Instance as Machine, InstanceBlockDeviceMapping, InstanceStateName, Volume};
use futures_util::future::{join_all, try_join, try_join_all};

use super::calls::{ATTRIBUTE, HEALTH};
use super::image;
use super::keys::{AMI_PARAMETER, VOLUMES};
use super::status::STATUSES;
use crate::aws::kind::Seen;
use crate::aws::kinds::ec2_tags;
use crate::aws::row::Scope;
use crate::aws::{Aws, absent_is_none, aws_error, ec2};
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Condition, Id, Ownership, Remark};

/// A machine.
#[derive(Debug)]
pub struct Live {
    pub machine: Machine,
    /// True if AWS refuses to terminate it; `None` where that could not be read.
    pub is_protected: Option<bool>,
    pub root: Option<Volume>,
    /// The result of its status checks: `ok`, `initializing`, `impaired`.
    pub health: Option<String>,
    /// The image that the recorded parameter names now.
    pub newest_image: Option<String>,
}

impl Live {
    /// The state as AWS words it.
    pub fn state(&self) -> &str {
        state(&self.machine)
    }

    /// True for one that runs, or is about to.
    pub fn is_running(&self) -> bool {
        matches!(self.state(), "running" | "pending")
    }

    /// The groups of its first interface.
    pub fn groups(&self) -> Vec<String> {
        let first = self.interface().map(|one| one.groups());
        let groups = first.unwrap_or_else(|| self.machine.security_groups());
        groups.iter().filter_map(|group| group.group_id.clone()).collect()
    }

    /// Its first interface.
    pub fn interface(&self) -> Option<&aws_sdk_ec2::types::InstanceNetworkInterface> {
        let all = self.machine.network_interfaces();
        let index = |one: &&aws_sdk_ec2::types::InstanceNetworkInterface| {
            one.attachment().and_then(|attachment| attachment.device_index()).unwrap_or_default()
        };
        all.iter().min_by_key(index)
    }

    /// The name of its instance profile.
    pub fn profile(&self) -> Option<String> {
        let arn = self.machine.iam_instance_profile.as_ref()?.arn.as_deref()?;
        arn.rsplit('/').next().map(str::to_owned)
    }

    /// The volumes that are attached to it besides its root, by device. Of a recorded machine those of others are left out: what stands
    /// at a recorded device, or is a recorded volume, counts.
    pub fn volumes(&self, recorded: &Document, scope: Scope) -> BTreeMap<String, String> {
        let known = VOLUMES.of(recorded).unwrap_or_default();
        let counts = |device: &str, volume: &str| {
            scope == Scope::Whole || known.contains_key(device) || known.values().any(|one| one == volume)
        };
        let attached = self.attached().map(|(device, volume, _)| (device.to_owned(), volume.to_owned()));
        attached.filter(|(device, volume)| counts(device, volume)).collect()
    }

    /// The volumes that are attached or about to be, besides the root: device, volume, and the state of the attachment.
    pub fn attached(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let root = self.machine.root_device_name();
        let data = self.machine.block_device_mappings().iter();
        let data = data.filter(move |one| one.device_name() != root);
        data.filter_map(parts).filter(|(_, _, state)| !matches!(*state, "detaching" | "detached"))
    }
}

/// The device, the volume and the state of an attachment.
pub(super) fn parts(one: &InstanceBlockDeviceMapping) -> Option<(&str, &str, &str)> {
    let ebs = one.ebs()?;
    Some((one.device_name()?, ebs.volume_id()?, ebs.status().map_or("attached", |status| status.as_str())))
}

pub(super) fn state(machine: &Machine) -> &str {
    let state = machine.state().and_then(|state| state.name());
    state.map_or("pending", InstanceStateName::as_str)
}

/// True for one that is being terminated.
pub(super) fn is_going(machine: &Machine) -> bool {
    matches!(state(machine), "shutting-down" | "terminated")
}

pub(super) async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
    let ids = tracked.iter().map(|one| one.id.as_str());
    let found = ec2::with_any_of("instance-id", ids, |filters| ec2::instances(aws, filters));
    let parameter = |one: &TrackedDocument| AMI_PARAMETER.of(one.recorded.as_ref()?);
    let parameters: BTreeSet<String> = tracked.iter().filter_map(parameter).collect();
    // The image that a parameter names is a hint: without the permission to read it, there is none.
    let newest = join_all(parameters.iter().map(|name| image::of_parameter(aws, name)));
    let (found, newest) = futures_util::future::join(found, newest).await;
    let newest: BTreeMap<&String, String> =
        parameters.iter().zip(newest).filter_map(|(name, image)| Some((name, image.ok()?))).collect();
    let mut all = with_the_rest(aws, found?).await?;
    for one in tracked {
        let image = parameter(one).and_then(|name| newest.get(&name));
        if let (Some(live), Some(image)) = (all.get_mut(&one.id), image) {
            live.newest_image = Some(image.clone());
        }
    }
    Ok(all)
}

/// One machine, also one that is being terminated.
pub(super) async fn one(aws: &Aws, id: &Id) -> Result<Option<Live>, CloudError> {
    let found = ec2::instances(aws, vec![ec2::filter("instance-id", [id.as_str()])]).await?;
    Ok(with_the_rest(aws, found).await?.remove(id))
}

/// Everything that no description of machines shows, of all of them side by side.
async fn with_the_rest(aws: &Aws, found: Vec<Machine>) -> Result<BTreeMap<Id, Live>, CloudError> {
    let there: Vec<&Machine> = found.iter().filter(|one| !is_going(one)).collect();
    let ids: Vec<&str> = there.iter().filter_map(|one| one.instance_id()).collect();
    let running = there.iter().filter(|one| state(one) == "running").filter_map(|one| one.instance_id());
    let roots = there.iter().filter_map(|one| root_of(one));
    let roots = ec2::with_any_of("volume-id", roots, |filters| ec2::volumes(aws, filters));
    let protected = try_join_all(ids.iter().map(|id| protection(aws, id)));
    let ((protected, roots), health) =
        try_join(try_join(protected, roots), health(aws, running.map(str::to_owned).collect())).await?;
    let protected: BTreeMap<String, Option<bool>> =
        ids.iter().map(|id| (*id).to_owned()).zip(protected).collect();
    let live = |machine: Machine| {
        let id = machine.instance_id.clone()?;
        let root = root_of(&machine).and_then(|root| roots.iter().find(|one| one.volume_id() == Some(root)));
        let live = Live {
            is_protected: protected.get(&id).copied().flatten(),
            root: root.cloned(),
            health: health.get(&id).cloned(),
            newest_image: None,
            machine,
        };
        Some((Id::new(id), live))
    };
    Ok(found.into_iter().filter_map(live).collect())
}

/// The volume that it boots from.
pub(super) fn root_of(machine: &Machine) -> Option<&str> {
    let root = machine.root_device_name()?;
    let mut all = machine.block_device_mappings().iter();
    all.find(|one| one.device_name() == Some(root))?.ebs()?.volume_id()
}

/// True if AWS refuses to terminate it. The description of a machine does not have it.
async fn protection(aws: &Aws, id: &str) -> Result<Option<bool>, CloudError> {
    let asked = aws.read.ec2.describe_instance_attribute().instance_id(id);
    let asked = asked.attribute(aws_sdk_ec2::types::InstanceAttributeName::DisableApiTermination);
    let answer = absent_is_none(asked.send().await.map_err(aws_error(ATTRIBUTE)))?;
    Ok(answer.map(|answer| answer.disable_api_termination.and_then(|one| one.value).unwrap_or(false)))
}

/// The status checks of machines that run. An id that is gone fails the call: then nothing is known.
async fn health(aws: &Aws, ids: Vec<String>) -> Result<BTreeMap<String, String>, CloudError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let asked = aws.read.ec2.describe_instance_status().set_instance_ids(Some(ids));
    let answer = absent_is_none(asked.send().await.map_err(aws_error(HEALTH)))?;
    let all = answer.and_then(|answer| answer.instance_statuses).unwrap_or_default();
    let worst = |one: aws_sdk_ec2::types::InstanceStatus| {
        let both = [one.instance_status(), one.system_status()];
        let both: Vec<&str> =
            both.into_iter().flatten().filter_map(|one| Some(one.status()?.as_str())).collect();
        let worst = ["impaired", "initializing"].into_iter().find(|word| both.contains(word)).unwrap_or("ok");
        Some((one.instance_id()?.to_owned(), worst.to_owned()))
    };
    Ok(all.into_iter().filter_map(worst).collect())
}

/// Everything of a machine that is no input. An output that AWS does not show yet is left out.
pub(super) fn seen(live: &Live, recorded: Option<&Document>) -> Seen {
    let machine = &live.machine;
    let zone = machine.placement.as_ref().and_then(|place| place.availability_zone.clone());
    let outputs = [
        ("private_ip", machine.private_ip_address.clone()),
        ("private_dns_name", machine.private_dns_name.clone()),
        ("availability_zone", zone),
        ("image_id", machine.image_id.clone()),
        ("network_interface_id", live.interface().and_then(|one| one.network_interface_id.clone())),
    ];
    let shown = outputs
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| !value.is_empty())?.into())));
    Seen {
        outputs: shown.collect(),
        condition: condition(live, recorded),
        remarks: remarks(live, recorded),
        ownership: Ownership::of_tags(&ec2::tags(machine.tags())),
        vpc: machine.vpc_id().map(Id::new),
    }
}

/// One that runs is ready when its status checks have passed, and takes its volumes before that: what it does when it boots may wait
/// for them.
fn condition(live: &Live, recorded: Option<&Document>) -> Condition {
    let attached: Vec<&str> = live.attached().map(|(_, volume, _)| volume).collect();
    let wanted = recorded.and_then(|recorded| VOLUMES.of(recorded)).unwrap_or_default();
    let has_all = wanted.values().all(|volume| attached.contains(&volume.as_str()));
    match Condition::of(STATUSES, live.state()) {
        Condition::Ready if live.attached().any(|(_, _, state)| state == "attaching") => {
            Condition::Pending("a volume is being attached".to_owned())
        }
        Condition::Ready if has_all && live.health.as_deref() == Some("initializing") => {
            Condition::Pending("its status checks are made".to_owned())
        }
        other => other,
    }
}

fn remarks(live: &Live, recorded: Option<&Document>) -> Vec<Remark> {
    let id = live.machine.instance_id().unwrap_or_default();
    let mut all = Vec::new();
    if live.health.as_deref() == Some("impaired") {
        all.push(Remark::Left {
            what: "its status checks fail".to_owned(),
            command: format!("aws ec2 describe-instance-status --instance-ids {id}"),
        });
    }
    let parameter = recorded.and_then(|recorded| AMI_PARAMETER.of(recorded));
    if let (Some(parameter), Some(newest)) = (parameter, &live.newest_image)
        && live.machine.image_id.as_ref() != Some(newest)
    {
        all.push(Remark::Left {
            what: format!("{parameter} names a newer image, {newest}, which a new machine would have"),
            command: format!("aws ec2 describe-images --image-ids {newest}"),
        });
    }
    all
}

/// A machine as one that may be meant.
pub(super) fn candidate(machine: &Machine) -> Option<ec2_tags::Candidate> {
    Some(ec2_tags::Candidate {
        id: machine.instance_id.clone()?,
        tags: ec2::tags(machine.tags()),
        token: machine.client_token.clone(),
        vpc: machine.vpc_id.clone(),
        made: machine.launch_time,
    })
}

/// Why a machine is none that a stack can have: others make and delete it.
pub(super) fn unfit(machine: &Machine) -> Option<String> {
    let tags = ec2::tags(machine.tags());
    let owners = [
        ("aws:autoscaling:groupName", "the autoscaling group"),
        ("kops.k8s.io/instancegroup", "the instance group of kops"),
        ("aws:ec2:fleet-id", "the fleet"),
        ("karpenter.sh/nodepool", "the node pool of Karpenter"),
    ];
    let owner = owners.into_iter().find_map(|(key, what)| Some(format!("{what} {}", tags.get(key)?)));
    if let Some(owner) = owner {
        return Some(format!("{owner} makes and deletes it"));
    }
    if machine.instance_lifecycle().is_some_and(|one| one.as_str() == "spot") {
        return Some("it is a spot machine, which AWS may take back".to_owned());
    }
    // "RootDeviceType": a machine with an instance store cannot be stopped.
    let is_of_store = machine.root_device_type().is_some_and(|one| one.as_str() != "ebs");
    is_of_store.then(|| "its root is an instance store, and it cannot be stopped".to_owned())
}
