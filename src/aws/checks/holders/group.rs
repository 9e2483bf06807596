//! The holders of a security group: network interfaces, and rules of other groups.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{IpPermission, NetworkInterface, SecurityGroup};
use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription};
use futures_util::future::{join_all, join3};

use super::{Going, Leaving, Own};
use crate::aws::checks::finding::{Verdict, in_time};
use crate::aws::efs::{self, MOUNT_TARGETS, PartsOf, mount_target_of};
use crate::aws::interfaces::{OF_RDS, cache_of};
use crate::aws::{Aws, ec2};
use crate::engine::cloud::CloudError;
use crate::engine::remedy::Remedy;

/// The answers of EC2 about all groups that are to be deleted.
pub(super) struct Holders {
    interfaces: Result<Vec<NetworkInterface>, CloudError>,
    /// Groups with rules that name others, of either direction.
    referring: Result<Vec<SecurityGroup>, CloudError>,
    /// Mount targets that are gone, though their interfaces linger.
    gone: BTreeSet<String>,
}

pub(super) async fn ask(aws: &Aws, going: &[Going], leaving: &Leaving) -> Holders {
    if going.is_empty() {
        return Holders { interfaces: Ok(Vec::new()), referring: Ok(Vec::new()), gone: BTreeSet::new() };
    }
    let ids = || going.iter().map(|one| one.id.as_str());
    let referring =
        |filter| in_time(ec2::SECURITY_GROUPS, ec2::security_groups(aws, vec![ec2::filter(filter, ids())]));
    let (interfaces, ingress, egress) = join3(
        in_time(ec2::INTERFACES, ec2::interfaces(aws, vec![ec2::filter("group-id", ids())])),
        referring("ip-permission.group-id"),
        referring("egress.ip-permission.group-id"),
    )
    .await;
    let gone = match &interfaces {
        Ok(found) => gone_targets(aws, found, leaving).await,
        Err(_) => BTreeSet::new(),
    };
    let referring = ingress.and_then(|ingress| Ok(ingress.into_iter().chain(egress?).collect()));
    Holders { interfaces, referring, gone }
}

/// EFS takes an interface down some time after its mount target: one that lingers holds nothing for long.
async fn gone_targets(aws: &Aws, interfaces: &[NetworkInterface], leaving: &Leaving) -> BTreeSet<String> {
    let strange = interfaces.iter().filter(|one| !is_ours(one, leaving)).filter_map(mount_target);
    let targets: BTreeSet<&str> = strange.collect();
    let looks = targets.into_iter().map(|target| async move {
        let answer = in_time(MOUNT_TARGETS, efs::mount_targets(aws, PartsOf::Itself(target))).await;
        let is_going = |one: &MountTargetDescription| {
            matches!(one.life_cycle_state, LifeCycleState::Deleting | LifeCycleState::Deleted)
        };
        let is_gone = answer.is_ok_and(|targets| targets.iter().all(is_going));
        is_gone.then(|| target.to_owned())
    });
    join_all(looks).await.into_iter().flatten().collect()
}

/// The mount target that an interface is of.
fn mount_target(interface: &NetworkInterface) -> Option<&str> {
    mount_target_of(interface.description()).map(|(_, target)| target)
}

fn is_ours(interface: &NetworkInterface, leaving: &Leaving) -> bool {
    interface.network_interface_id().is_some_and(|id| leaving.interfaces.contains(id))
        // What is said of a file system that may be the stack's is said of its mount targets too.
        || mount_target_of(interface.description())
            .is_some_and(|(file_system, target)| leaving.lets_go(target) || leaving.is_spoken_of(file_system))
        || cache_of(interface.description()).is_some_and(|cache| leaving.lets_go(cache))
}

impl Holders {
    /// The holders of this group.
    pub(super) fn judge(&self, going: &Going, leaving: &Leaving, own: &Own<'_>) -> Vec<Verdict> {
        if going.address.kind() != "aws_security_group" {
            return Vec::new();
        }
        let mut held = Vec::new();
        match &self.interfaces {
            Ok(interfaces) => held.extend(
                interfaces.iter().filter_map(|interface| self.by_interface(going, interface, leaving, own)),
            ),
            Err(error) => {
                held.push(Verdict::not_checked(&format!("network interfaces in {}", going.id), error));
            }
        }
        match &self.referring {
            Ok(groups) => {
                let groups: BTreeMap<&str, &SecurityGroup> =
                    groups.iter().filter_map(|group| Some((group.group_id()?, group))).collect();
                held.extend(groups.values().filter_map(|group| by_rules(going, group, leaving)));
            }
            Err(error) => held.push(Verdict::not_checked(&format!("rules that name {}", going.id), error)),
        }
        held
    }

    fn by_interface(
        &self,
        going: &Going,
        interface: &NetworkInterface,
        leaving: &Leaving,
        own: &Own<'_>,
    ) -> Option<Verdict> {
        let id = interface.network_interface_id()?;
        let uses = interface.groups().iter().any(|group| group.group_id() == Some(going.id.as_str()));
        let lingers = mount_target(interface).is_some_and(|target| self.gone.contains(target));
        // The databases are asked for themselves.
        let of_a_database = interface.description() == Some(OF_RDS);
        (uses && !lingers && !of_a_database && !is_ours(interface, leaving)).then(|| {
            let group = &going.id;
            let user = mount_target(interface).and_then(|target| own.address(target));
            let together = user.and_then(|user| own.together(going, user)).map(|remedy| remedy.to_string());
            let alone = || {
                let unmanaged = going.left_unmanaged();
                format!(
                    "{}, then run the same command again; or, to leave the group in AWS, unmanaged: {unmanaged}",
                    let_go(interface, id, group.as_str())
                )
            };
            let hint = together.map(|remedy| format!("{remedy}; then run the same command again"));
            Verdict::error(format!("{group} is still used by the network interface {id}{}", who(interface)))
                .hint(hint.unwrap_or_else(alone))
        })
    }
}

/// The way to take a group off an interface. That of a mount target is changed through EFS (EFS User Guide, "Creating security
/// groups"), which is given all groups that stay.
fn let_go(interface: &NetworkInterface, id: &str, group: &str) -> String {
    let Some(target) = mount_target(interface) else {
        return format!("give {id} another group in the place of {group}");
    };
    let groups = interface.groups().iter().filter_map(|one| one.group_id());
    let stay: Vec<&str> = groups.filter(|one| *one != group).collect();
    let command = |groups: &str| {
        format!(
            "aws efs modify-mount-target-security-groups --mount-target-id {target} --security-groups {groups}"
        )
    };
    match stay.as_slice() {
        [] => format!("give the mount target {target} another group in the place of {group}"),
        stay => command(&stay.join(" ")),
    }
}

/// The maker of an interface, and the object that it is attached to, as far as EC2 says.
fn who(interface: &NetworkInterface) -> String {
    let attachment = interface.attachment();
    let instance = attachment.and_then(|attachment| attachment.instance_id());
    let said = [
        interface.description().filter(|text| !text.is_empty()).map(str::to_owned),
        instance.map(|id| format!("attached to {id}")),
        interface
            .requester_id()
            .filter(|_| interface.requester_managed() == Some(true))
            .map(|id| format!("made by {id}")),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

fn by_rules(going: &Going, other: &SecurityGroup, leaving: &Leaving) -> Option<Verdict> {
    let (group, id) = (&going.id, other.group_id()?);
    let names = |permissions: &[IpPermission]| {
        permissions
            .iter()
            .flat_map(|one| one.user_id_group_pairs())
            .any(|pair| pair.group_id() == Some(group.as_str()))
    };
    let named = [("ingress", other.ip_permissions()), ("egress", other.ip_permissions_egress())];
    let revokes: Vec<String> = named
        .into_iter()
        .filter(|(_, permissions)| names(permissions))
        .map(|(direction, permissions)| revoke(direction, id, group.as_str(), permissions))
        .collect();
    // A group's rules about itself go with it.
    let is_foreign = id != group.as_str() && !leaving.lets_go(id);
    (is_foreign && !revokes.is_empty()).then(|| {
        let name = other.group_name().unwrap_or_default();
        Verdict::error(format!("{group} is still named in the rules of {id} ({name})"))
            .hint(format!("take them out: {}; then run the same command again", revokes.join(", then: ")))
    })
}

/// The command that takes the rules about a group out of another one (AWS CLI, `revoke-security-group-ingress`, `--ip-permissions`).
fn revoke(direction: &str, id: &str, group: &str, permissions: &[IpPermission]) -> String {
    let is_about =
        |one: &&IpPermission| one.user_id_group_pairs().iter().any(|pair| pair.group_id() == Some(group));
    let rules = permissions.iter().filter(is_about).map(|one| {
        let ports = one.from_port().zip(one.to_port());
        let ports = ports.map(|(from, to)| format!(",FromPort={from},ToPort={to}")).unwrap_or_default();
        let protocol = one.ip_protocol().unwrap_or("-1");
        format!("IpProtocol={protocol}{ports},UserIdGroupPairs=[{{GroupId={group}}}]")
    });
    let rules: Vec<String> = rules.collect();
    let action = format!("revoke-security-group-{direction}");
    let words = ["ec2", &action, "--group-id", id, "--ip-permissions"];
    Remedy::aws(words.into_iter().chain(rules.iter().map(String::as_str))).to_string()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::GroupIdentifier;

    use super::*;

    #[test]
    fn rules_that_name_a_group_are_taken_out_by_a_command_that_can_be_typed() {
        let rule = |protocol: &str, port: Option<i32>, group: &str| {
            IpPermission::builder()
                .ip_protocol(protocol)
                .set_from_port(port)
                .set_to_port(port)
                .user_id_group_pairs(aws_sdk_ec2::types::UserIdGroupPair::builder().group_id(group).build())
                .build()
        };
        let rules =
            [rule("tcp", Some(5432), "sg-1"), rule("tcp", Some(22), "sg-2"), rule("-1", None, "sg-1")];
        assert_eq!(
            revoke("ingress", "sg-9", "sg-1", &rules),
            "aws ec2 revoke-security-group-ingress --group-id sg-9 --ip-permissions \
             'IpProtocol=tcp,FromPort=5432,ToPort=5432,UserIdGroupPairs=[{GroupId=sg-1}]' \
             'IpProtocol=-1,UserIdGroupPairs=[{GroupId=sg-1}]'"
        );
    }

    #[test]
    fn a_group_is_taken_off_a_mount_target_through_efs_with_the_groups_that_stay() {
        let interface = |description: &str, groups: &[&str]| {
            let groups = groups.iter().map(|id| GroupIdentifier::builder().group_id(*id).build()).collect();
            NetworkInterface::builder().description(description).set_groups(Some(groups)).build()
        };
        let modify = "aws efs modify-mount-target-security-groups --mount-target-id fsmt-9 --security-groups";
        let of_target = "EFS mount target for fs-9 (fsmt-9)";
        for (interface, expected) in [
            (interface(of_target, &["sg-1", "sg-2", "sg-3"]), format!("{modify} sg-2 sg-3")),
            (
                interface(of_target, &["sg-1"]),
                "give the mount target fsmt-9 another group in the place of sg-1".to_owned(),
            ),
            (
                interface("ELB app/web/1", &["sg-1"]),
                "give eni-9 another group in the place of sg-1".to_owned(),
            ),
        ] {
            assert_eq!(let_go(&interface, "eni-9", "sg-1"), expected);
        }
    }
}
