//! The calls about machines, with the permissions that each needs.

use super::keys::{AMI_PARAMETER, PROFILE};
use crate::aws::ec2;
use crate::aws::kinds::{ebs_volume, ec2_tags};
use crate::engine::call::{Call, Check, Grant, When};

const MACHINES: &[&str] = &["ec2:instance/*"];
const OURS: &[Grant] = &[Grant::owned(MACHINES)];
/// Everything that is made together with a machine, with the tags of the call.
const MADE: &[&str] = &["ec2:instance/*", "ec2:volume/*", "ec2:network-interface/*"];
/// Everything that a machine is made of, and that is there before. Images are of anyone.
const USED: &[&str] =
    &["ec2:image/*", "ec2:subnet/*", "ec2:security-group/*", "ec2:key-pair/*", "ec2:snapshot/*"];
const PASS_ROLE: Check = Check::new(
    "iam:PassRole",
    // Which role a profile has is not known beforehand.
    Grant::on(&["iam:role/*"]).when(&[When::Is("iam:PassedToService", "ec2.amazonaws.com*")]),
    "Amazon EC2 User Guide, IAM roles for Amazon EC2: permissions required to use instance profiles",
)
.only(|wanted| wanted.contains_key(PROFILE.name));

pub(super) const RUN: Call = Call::new("ec2:RunInstances", &[Grant::tagging(MADE), Grant::on(USED)])
    .checked(&[ec2_tags::check(Grant::on(MADE).when(ec2_tags::WHEN_MAKING_A_MACHINE)), PASS_ROLE]);
pub(super) const TERMINATE: Call = Call::new("ec2:TerminateInstances", OURS);
pub(super) const STOP: Call = Call::new("ec2:StopInstances", OURS);
pub(super) const START: Call = Call::new("ec2:StartInstances", OURS);
pub(super) const MODIFY: Call = Call::new(
    "ec2:ModifyInstanceAttribute",
    &[
        Grant::owned(MACHINES),
        // Groups are checked where they are changed.
        Grant::on(&["ec2:security-group/*"]),
    ],
);
/// Interfaces of machines that others made have none of the stack's tags.
pub(super) const MODIFY_INTERFACE: Call = Call::new(
    "ec2:ModifyNetworkInterfaceAttribute",
    &[Grant::on(&["ec2:network-interface/*", "ec2:security-group/*", "ec2:instance/*"])],
);
pub(super) const METADATA: Call = Call::new("ec2:ModifyInstanceMetadataOptions", OURS);
pub(super) const ASSOCIATE_PROFILE: Call =
    Call::new("ec2:AssociateIamInstanceProfile", OURS).checked(&[PASS_ROLE]);
pub(super) const REPLACE_PROFILE: Call =
    Call::new("ec2:ReplaceIamInstanceProfileAssociation", OURS).checked(&[PASS_ROLE]);
pub(super) const DISASSOCIATE_PROFILE: Call = Call::new("ec2:DisassociateIamInstanceProfile", OURS);
pub(super) const PROFILES: Call = Call::read("ec2:DescribeIamInstanceProfileAssociations");
pub(super) const ATTACH: Call = Call::new("ec2:AttachVolume", BOTH);
pub(super) const DETACH: Call = Call::new("ec2:DetachVolume", BOTH);
const BOTH: &[Grant] = &[Grant::owned(&["ec2:instance/*", "ec2:volume/*"])];
pub(super) const TAG: Call = ec2_tags::tag(OURS);
pub(super) const UNTAG: Call = ec2_tags::untag(OURS);
pub(super) const ATTRIBUTE: Call = Call::read("ec2:DescribeInstanceAttribute");
pub(super) const HEALTH: Call = Call::read("ec2:DescribeInstanceStatus");
pub(in crate::aws) const IMAGES: Call = Call::read("ec2:DescribeImages");
/// Parameters of AWS are public, and those of the account are named.
pub(super) const PARAMETER: Call =
    Call::read("ssm:GetParameter").only(|wanted| wanted.contains_key(AMI_PARAMETER.name));

/// Those by which machines are observed, found, made and deleted.
pub(super) const ALL: &[Call] = &[
    ec2::INSTANCES,
    ec2::VOLUMES,
    ATTRIBUTE,
    HEALTH,
    IMAGES,
    PARAMETER,
    PROFILES,
    ebs_volume::MODIFICATIONS,
    // A profile that is written no more is taken off.
    DISASSOCIATE_PROFILE,
    RUN,
    TERMINATE,
];
