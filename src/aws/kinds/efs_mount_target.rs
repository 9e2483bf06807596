//! EFS mount targets: one network interface for each zone of a file system.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::aws::kinds::efs_file_system;
use crate::aws::kinds::efs_part::{self, PartsOf};
use crate::aws::kinds::efs_status;
use crate::aws::kinds::groups_taken_off;
use crate::aws::resource::{Change, Observe, Observed, Resource, Tracked};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error, ec2};
use crate::engine::call::{Call, Check, Grant};
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::OnChange;
use crate::engine::resource::{
    Condition, Effect, Field, Found, Id, Invalid, Named, Owner, Ownership, Patience, Trace,
};

/// A mount target has no tags: it is checked by its file system.
const OURS: &[Grant] = &[Grant::owned(&["elasticfilesystem:file-system/*"])];
/// EFS makes an interface with the caller's permissions; it has none of our tags, and AWS no condition that would tell it.
/// One list for all three, since a policy may not be long.
const INTERFACE: Grant = Grant::on(&["ec2:network-interface/*", "ec2:security-group/*", "ec2:subnet/*"]);

const CREATE: Call = Call::new("elasticfilesystem:CreateMountTarget", OURS).checked(&[Check::new(
    "ec2:CreateNetworkInterface",
    INTERFACE,
    "Amazon EFS API reference, CreateMountTarget",
)]);
const DESCRIBE: Call = Call::read("elasticfilesystem:DescribeMountTargets");
const MODIFY: Call =
    Call::new("elasticfilesystem:ModifyMountTargetSecurityGroups", OURS).checked(&[Check::new(
        "ec2:ModifyNetworkInterfaceAttribute",
        INTERFACE,
        "Amazon EFS API reference, ModifyMountTargetSecurityGroups",
    )]);
const DELETE: Call = Call::new("elasticfilesystem:DeleteMountTarget", OURS).checked(&[Check::new(
    "ec2:DeleteNetworkInterface",
    INTERFACE,
    "Amazon EFS API reference, DeleteMountTarget",
)]);

/// A mount target's inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EfsMountTarget {
    pub file_system_id: String,
    pub subnet_id: String,
    pub security_groups: BTreeSet<String>,
}

/// The values that AWS chooses for a mount target. A value that it does not show yet is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_interface_id: Option<String>,
    /// The name of this one target, which works from every zone: `<zone>.<file system>.efs.<region>.amazonaws.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
}

fn security_groups(desired: &Document, observed: &Document) -> OnChange {
    groups_taken_off::cost("security_groups", desired, observed)
}

impl Observe for EfsMountTarget {
    const KIND: &'static str = "aws_efs_mount_target";
    const CALLS: &'static [Call] =
        &[DESCRIBE, efs_file_system::DESCRIBE, ec2::INTERFACES, ec2::SUBNETS, CREATE, DELETE];
    type Outputs = Outputs;

    async fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> Result<BTreeMap<Id, Observed<Self>>, CloudError> {
        let targets = describe(aws, tracked).await?;
        // Through the interfaces, because one call shows them all: DescribeMountTargetSecurityGroups takes a single
        // target, and refuses one that is still being created (IncorrectMountTargetState).
        let groups = groups_of_interfaces(aws, &targets).await?;
        Ok(tracked
            .iter()
            .filter_map(|one| {
                let live = targets.get(&one.id)?;
                let groups = live.network_interface_id.as_ref().and_then(|id| groups.get(id));
                Some((one.id.clone(), observed(aws, live, groups, one.recorded.as_ref())))
            })
            .collect())
    }
}

impl Resource for EfsMountTarget {
    const FIELDS: &'static [Field] = &[
        Field::replace("file_system_id").follows(),
        Field::replace("subnet_id").kept_in("availability_zone").follows(),
        Field::in_place("security_groups", &[MODIFY], Effect::AccessLoss)
            .depending(security_groups)
            .made_from("security_group"),
    ];
    // EFS counts zones, not subnets; the engine cannot see the zone, so two subnets of one zone are found by `find`.
    const NATURAL_KEY: &'static [&'static str] = &["file_system_id", "subnet_id"];
    /// It "forcibly breaks any mounts of the file system by using the mount target that is being deleted"
    /// (DeleteMountTarget, EFS API reference).
    const LOSS: Effect = Effect::AccessLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(30 * 60),
        update: Duration::from_secs(10 * 60),
        delete: Duration::from_secs(10 * 60),
    };

    fn check(&self, _observed: Option<&Self>) -> Vec<Invalid> {
        // Without groups EFS takes the default group of the VPC, which is not ours.
        match self.security_groups.len() {
            0 => vec![Invalid::new("security_groups", "must hold at least one group")],
            1..=100 => Vec::new(),
            more => {
                vec![Invalid::new("security_groups", format!("must hold at most 100 groups, not {more}"))]
            }
        }
    }

    async fn find(&self, aws: &Aws, _owner: &Owner) -> Result<Vec<Found>, CloudError> {
        let mut targets = describe_by(aws, PartsOf::FileSystem(&self.file_system_id)).await?;
        targets.retain(|target| target.life_cycle_state != LifeCycleState::Deleted);
        if let Some(ours) = targets.iter().find(|target| target.subnet_id == self.subnet_id) {
            return Ok(vec![found_of(ours, Ownership::Inherited)]);
        }
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        // EFS allows one target for each zone: one in another subnet of the zone stands in the place of this one.
        let zone = zone_of_subnet(aws, &self.subnet_id).await?;
        let rival = targets.into_iter().find(|target| target.availability_zone_name == zone);
        let in_its_place = |one| found_of(&one, Ownership::Inherited).traced(Trace::Use);
        Ok(rival.map(in_its_place).into_iter().collect())
    }

    async fn create(&self, aws: &Aws, _owner: &Owner) -> Result<Id, CloudError> {
        let Self { file_system_id, subnet_id, security_groups } = self;
        let made = aws
            .write
            .efs
            .create_mount_target()
            .file_system_id(file_system_id)
            .subnet_id(subnet_id)
            .set_security_groups(Some(security_groups.iter().cloned().collect()))
            .send()
            .await
            .map_err(aws_error(CREATE))?;
        if made.mount_target_id.is_empty() {
            return Err(CloudError::bad_response(CREATE, "the answer holds no mount target id"));
        }
        Ok(Id::new(made.mount_target_id))
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), CloudError> {
        let Self { file_system_id: _, subnet_id: _, security_groups } = self;
        if !change.touches(&["security_groups"]) {
            return Ok(());
        }
        let modify = aws.write.efs.modify_mount_target_security_groups().mount_target_id(change.id.as_str());
        let answer = modify.set_security_groups(Some(security_groups.iter().cloned().collect())).send().await;
        answer.map(drop).map_err(aws_error(MODIFY))
    }

    async fn delete(&self, aws: &Aws, id: &Id, _owner: &Owner, _: Option<&str>) -> Result<(), CloudError> {
        let answer = aws.write.efs.delete_mount_target().mount_target_id(id.as_str()).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }

    /// The ownership of its file system, which may be managed by another state than the one that records the mount target.
    async fn ownership(aws: &Aws, _id: &Id, live: &Self) -> Result<Ownership, CloudError> {
        efs_file_system::ownership(aws, &live.file_system_id).await
    }

    // EFS gives mount targets no tags.
    const CLAIM: &'static [Call] = &[];

    async fn claim(_aws: &Aws, _id: &Id, _owner: &Owner) -> Result<(), CloudError> {
        Ok(())
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let targets = describe_by(aws, PartsOf::Itself(text)).await?;
        let there = |one: &&MountTargetDescription| one.life_cycle_state != LifeCycleState::Deleted;
        Ok(targets.iter().find(there).map(|one| found_of(one, Ownership::Inherited).into()))
    }
}

fn found_of(live: &MountTargetDescription, ownership: Ownership) -> Found {
    Found::new(Id::new(&live.mount_target_id), ownership).standing_in(live.vpc_id.as_deref())
}

/// Reads all tracked targets, with one call for each file system.
async fn describe(
    aws: &Aws,
    tracked: &[Tracked<EfsMountTarget>],
) -> Result<BTreeMap<Id, MountTargetDescription>, CloudError> {
    let questions = efs_part::questions(tracked, |part| &part.file_system_id);
    let answers = try_join_all(questions.into_iter().map(|parts| describe_by(aws, parts))).await?;
    let wanted: BTreeSet<&str> = tracked.iter().map(|one| one.id.as_str()).collect();
    Ok(answers
        .into_iter()
        .flatten()
        .filter(|one| wanted.contains(one.mount_target_id.as_str()))
        .filter(|one| one.life_cycle_state != LifeCycleState::Deleted)
        .map(|one| (Id::new(&one.mount_target_id), one))
        .collect())
}

async fn describe_by(aws: &Aws, parts: PartsOf<'_>) -> Result<Vec<MountTargetDescription>, CloudError> {
    let all = aws.read.efs.describe_mount_targets();
    let asked = match parts {
        PartsOf::FileSystem(id) => all.file_system_id(id),
        PartsOf::Itself(id) => all.mount_target_id(id),
    };
    let answer = asked.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
    Ok(absent_is_none(answer)?.unwrap_or_default())
}

/// The security groups of the targets' interfaces, by interface; one that EC2 does not show yet is left out.
async fn groups_of_interfaces(
    aws: &Aws,
    targets: &BTreeMap<Id, MountTargetDescription>,
) -> Result<BTreeMap<String, BTreeSet<String>>, CloudError> {
    let ids: Vec<String> =
        targets.values().filter_map(|target| target.network_interface_id.clone()).collect();
    let chunks = try_join_all(ids.chunks(ec2::FILTER_VALUES).map(|chunk| async move {
        let filter = ec2::filter("network-interface-id", chunk);
        ec2::interfaces(aws, vec![filter]).await
    }));
    Ok(chunks
        .await?
        .into_iter()
        .flatten()
        .filter_map(|interface| {
            let groups = interface.groups().iter().filter_map(|group| group.group_id.clone()).collect();
            Some((interface.network_interface_id?, groups))
        })
        .collect())
}

async fn zone_of_subnet(aws: &Aws, subnet_id: &str) -> Result<Option<String>, CloudError> {
    let subnets = ec2::subnets(aws, vec![ec2::filter("subnet-id", [subnet_id])]).await?;
    Ok(subnets.into_iter().find_map(|subnet| subnet.availability_zone))
}

fn observed(
    aws: &Aws,
    live: &MountTargetDescription,
    groups: Option<&BTreeSet<String>>,
    recorded: Option<&EfsMountTarget>,
) -> Observed<EfsMountTarget> {
    let (id, region, suffix) = (&live.file_system_id, aws.region(), aws.dns_suffix());
    Observed {
        in_force: None,
        remarks: Vec::new(),
        outputs: Outputs {
            ip_address: live.ip_address.clone(),
            availability_zone: live.availability_zone_name.clone(),
            network_interface_id: live.network_interface_id.clone(),
            dns_name: live
                .availability_zone_name
                .as_ref()
                .map(|zone| format!("{zone}.{id}.efs.{region}.{suffix}")),
        },
        condition: condition(&live.life_cycle_state, groups.is_some()),
        ownership: Ownership::Inherited,
        vpc: live.vpc_id.as_deref().map(Id::new),
        inputs: Some(EfsMountTarget {
            file_system_id: live.file_system_id.clone(),
            subnet_id: live.subnet_id.clone(),
            security_groups: groups
                .or(recorded.map(|recorded| &recorded.security_groups))
                .cloned()
                .unwrap_or_default(),
        }),
    }
}

fn condition(state: &LifeCycleState, interface_seen: bool) -> Condition {
    match state {
        LifeCycleState::Available if !interface_seen => {
            Condition::Pending("waiting for its network interface".to_owned())
        }
        _ => Condition::of(efs_status::PART, state.as_str()),
    }
}
