//! EFS mount targets: one network interface for each zone of a file system.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_efs::operation::create_mount_target::builders::CreateMountTargetInputBuilder as Create;
use aws_sdk_efs::operation::modify_mount_target_security_groups::builders::ModifyMountTargetSecurityGroupsInputBuilder as Modify;
use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription};

use crate::aws::efs::{self, PartsOf};
use crate::aws::kind::{self, Kind, Seen, id_in_answer};
use crate::aws::kinds::efs_file_system;
use crate::aws::kinds::efs_status;
use crate::aws::kinds::groups_taken_off;
use crate::aws::row::{self, Key, Row, one_of, set_of, text};
use crate::aws::{Aws, absent_is_done, aws_error, ec2};
use crate::engine::call::{Call, Check, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::{self, InPlace};
use crate::engine::resource::{
    Condition, Effect, Found, Id, Invalid, Named, Need, Owner, Ownership, Patience, Pattern, Shape, Trace,
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

type Field<T> = Key<EfsMountTarget, T>;
const FILE_SYSTEM: Field<String> = Key::new("file_system_id");
const SUBNET: Field<String> = Key::new("subnet_id");
const GROUPS: Field<Vec<String>> = Key::new("security_groups");
const GROUP: Shape = Shape::Text(Pattern::any("the id of a security group"));

/// Mount targets of EFS.
pub struct EfsMountTarget;

/// A mount target as EFS and EC2 show it.
pub struct Target {
    description: MountTargetDescription,
    /// The security groups of its interface; `None` where EC2 does not show it yet.
    groups: Option<BTreeSet<String>>,
    /// The name of this one target, which works from every zone: `<zone>.<file system>.efs.<region>.amazonaws.com`.
    dns_name: Option<String>,
}

fn security_groups(desired: &Document, observed: &Document) -> OnChange {
    groups_taken_off::cost("security_groups", desired, observed)
}

impl Kind for EfsMountTarget {
    const KIND: &'static str = "aws_efs_mount_target";
    const CALLS: &'static [Call] =
        &[efs::MOUNT_TARGETS, efs::FILE_SYSTEMS, ec2::INTERFACES, ec2::SUBNETS, CREATE, DELETE];
    const ROUNDS: usize = 2;
    const MODIFY: &'static [Call] = &[MODIFY];
    type Create = Create;
    type Modify = Modify;
    type Live = Target;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &FILE_SYSTEM
            .field(text(Pattern::any("the id of a file system")).required())
            .follows()
            .create(Create::set_file_system_id)
            .fixed()
            .observe(|target| Some(target.description.file_system_id.clone())),
        &SUBNET
            .field(text(Pattern::any("the id of a subnet")).required())
            .follows()
            .create(Create::set_subnet_id)
            .fixed()
            .observe(|target| Some(target.description.subnet_id.clone()))
            .kept_in("availability_zone"),
        &Field::new("ip_address_type")
            .field(one_of(&["IPV4_ONLY", "IPV6_ONLY", "DUAL_STACK"]))
            .doc(
                "The addresses of its mount targets; without it, `IPV4_ONLY`. Only new mount targets can change it, and \
                 clients are cut off meanwhile.",
            )
            .create(|call, kind: Option<String>| call.set_ip_address_type(kind.map(|kind| kind.as_str().into())))
            .fixed()
            .observe(|target| {
                let Target { description, .. } = target.live;
                // EFS does not show the type: which addresses there are tells.
                match (&description.ip_address, &description.ipv6_address) {
                    (Some(_), None) => Some("IPV4_ONLY".to_owned()),
                    (None, Some(_)) => Some("IPV6_ONLY".to_owned()),
                    (Some(_), Some(_)) => Some("DUAL_STACK".to_owned()),
                    (None, None) => None,
                }
            })
            .taken_without(Need::Text("IPV4_ONLY")),
        &GROUPS
            .field(set_of(&GROUP).required())
            .made_from("security_group")
            .create(Create::set_security_groups)
            .modify(Modify::set_security_groups, InPlace(Effect::AccessLoss))
            .observe(|target| {
                let live = target.groups.clone().map(|groups| groups.into_iter().collect());
                Some(live.or_else(|| GROUPS.of(target.recorded)).unwrap_or_default())
            })
            .depending(security_groups),
    ];
    const CHECKS: &'static [kind::Check] = &[one_to_a_hundred_groups];
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
    // EFS gives mount targets no tags.
    const CLAIM: &'static [Call] = &[];

    fn removal(id: &Id) -> Option<String> {
        Some(removal(id.as_str()))
    }

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Target>, CloudError> {
        let ask = |parts| describe(aws, parts);
        let targets = efs::tracked_parts(tracked, ask, |one| Some(one.mount_target_id())).await?;
        // Through the interfaces, because one call shows them all: DescribeMountTargetSecurityGroups takes a single
        // target, and refuses one that is still being created (IncorrectMountTargetState).
        let groups = groups_of_interfaces(aws, &targets).await?;
        let (region, suffix) = (aws.region(), aws.dns_suffix());
        let target = |(id, description): (Id, MountTargetDescription)| {
            let groups = description.network_interface_id.as_ref().and_then(|id| groups.get(id)).cloned();
            let zone = description.availability_zone_name.as_ref();
            let file_system = &description.file_system_id;
            let dns_name = zone.map(|zone| format!("{zone}.{file_system}.efs.{region}.{suffix}"));
            (id, Target { description, groups, dns_name })
        };
        Ok(targets.into_iter().map(target).collect())
    }

    fn seen(target: &Target, _: Option<&Document>) -> Seen {
        let Target { description, groups, dns_name } = target;
        let shown = [
            ("ip_address", &description.ip_address),
            ("ipv6_address", &description.ipv6_address),
            ("availability_zone", &description.availability_zone_name),
            ("network_interface_id", &description.network_interface_id),
            ("dns_name", dns_name),
        ];
        // A value that is not shown yet is left out.
        let outputs =
            shown.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
        Seen {
            outputs: outputs.collect(),
            condition: condition(&description.life_cycle_state, groups.is_some()),
            remarks: Vec::new(),
            ownership: Ownership::Inherited,
            vpc: description.vpc_id.as_deref().map(Id::new),
        }
    }

    async fn find(aws: &Aws, wanted: &Document, _: &Owner) -> Result<Vec<Found>, CloudError> {
        let (Some(file_system), Some(subnet)) = (FILE_SYSTEM.of(wanted), SUBNET.of(wanted)) else {
            return Ok(Vec::new());
        };
        let targets = describe(aws, PartsOf::FileSystem(&file_system)).await?;
        if let Some(ours) = targets.iter().find(|target| target.subnet_id == subnet) {
            return Ok(vec![found_of(ours, Ownership::Inherited)]);
        }
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        // EFS allows one target for each zone, and all of them in one network: one in another subnet of the zone, or in another network,
        // stands in the place of this one (MountTargetConflict, EFS API reference).
        let Some((zone, vpc)) = place_of_subnet(aws, &subnet).await? else { return Ok(Vec::new()) };
        let in_the_zone = targets.iter().find(|target| target.availability_zone_name == zone);
        let rival = in_the_zone.or_else(|| targets.iter().find(|target| target.vpc_id != vpc)).cloned();
        let in_its_place = |one| found_of(&one, Ownership::Inherited).traced(Trace::Use);
        Ok(rival.map(in_its_place).into_iter().collect())
    }

    async fn create(aws: &Aws, wanted: &Document, _: &Owner) -> Result<Id, CloudError> {
        let answer = row::create_call::<Self>(wanted).send_with(&aws.write.efs).await;
        let made = answer.map_err(aws_error(CREATE))?;
        id_in_answer(CREATE, Some(made.mount_target_id))
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        let Some(call) = row::modify_call::<Self>(wanted, change.fields) else { return Ok(()) };
        let answer = call.mount_target_id(change.id.as_str()).send_with(&aws.write.efs).await;
        answer.map(drop).map_err(aws_error(MODIFY))
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        let answer = aws.write.efs.delete_mount_target().mount_target_id(deletion.id.as_str()).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }

    /// The ownership of its file system, which may be managed by another state than the one that records the mount target.
    async fn ownership(aws: &Aws, _id: &Id, live: &Document) -> Result<Ownership, CloudError> {
        match FILE_SYSTEM.of(live) {
            Some(file_system) => efs_file_system::ownership(aws, &file_system).await,
            None => Ok(Ownership::Inherited),
        }
    }

    async fn claim(_aws: &Aws, _id: &Id, _owner: &Owner) -> Result<(), CloudError> {
        Ok(())
    }

    async fn parts(aws: &Aws, whole: &Id) -> Result<Vec<Id>, CloudError> {
        let targets = describe(aws, PartsOf::FileSystem(whole.as_str())).await?;
        Ok(targets.into_iter().map(|one| Id::new(one.mount_target_id)).collect())
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let targets = describe(aws, PartsOf::Itself(text)).await?;
        Ok(targets.first().map(|one| found_of(one, Ownership::Inherited).into()))
    }
}

fn one_to_a_hundred_groups(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let Some(groups) = GROUPS.of(wanted) else { return Vec::new() };
    let message = match groups.len() {
        // Without groups EFS takes the default group of the VPC, which is not ours.
        0 => "must hold at least one group".to_owned(),
        1..=100 => return Vec::new(),
        more => format!("must hold at most 100 groups, not {more}"),
    };
    vec![Invalid::new(GROUPS.name, message)]
}

fn found_of(live: &MountTargetDescription, ownership: Ownership) -> Found {
    Found::new(Id::new(&live.mount_target_id), ownership).standing_in(live.vpc_id.as_deref())
}

/// The targets that are there.
async fn describe(aws: &Aws, parts: PartsOf<'_>) -> Result<Vec<MountTargetDescription>, CloudError> {
    let mut found = efs::mount_targets(aws, parts).await?;
    found.retain(|target| target.life_cycle_state != LifeCycleState::Deleted);
    Ok(found)
}

/// The security groups of the targets' interfaces, by interface; one that EC2 does not show yet is left out.
async fn groups_of_interfaces(
    aws: &Aws,
    targets: &BTreeMap<Id, MountTargetDescription>,
) -> Result<BTreeMap<String, BTreeSet<String>>, CloudError> {
    let ids = targets.values().filter_map(|target| target.network_interface_id.as_deref());
    let found = ec2::with_any_of("network-interface-id", ids, |filters| ec2::interfaces(aws, filters));
    Ok(found
        .await?
        .into_iter()
        .filter_map(|interface| {
            let groups = interface.groups().iter().filter_map(|group| group.group_id.clone()).collect();
            Some((interface.network_interface_id?, groups))
        })
        .collect())
}

/// The command that deletes a mount target.
pub(crate) fn removal(id: &str) -> String {
    format!("aws efs delete-mount-target --mount-target-id {id}")
}

async fn place_of_subnet(
    aws: &Aws,
    subnet_id: &str,
) -> Result<Option<(Option<String>, Option<String>)>, CloudError> {
    let subnets = ec2::subnets(aws, vec![ec2::filter("subnet-id", [subnet_id])]).await?;
    Ok(subnets.into_iter().next().map(|subnet| (subnet.availability_zone, subnet.vpc_id)))
}

fn condition(state: &LifeCycleState, interface_seen: bool) -> Condition {
    match state {
        LifeCycleState::Available if !interface_seen => {
            Condition::Pending("waiting for its network interface".to_owned())
        }
        _ => Condition::of(efs_status::PART, state.as_str()),
    }
}
