//! The rules of texts in the fields of machines.

use crate::engine::resource::{Pattern, Shape};

pub(super) const AMI: Pattern =
    Pattern::new("the id of an image, such as `ami-0123456789abcdef0`", "^ami-[0-9a-f]+$", 64);

/// GetParameter, Name.
pub(super) const PARAMETER: Pattern = Pattern::new(
    "a parameter of Systems Manager, such as `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64`",
    "^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$",
    1_011,
);

pub(super) const TYPE: Pattern =
    Pattern::new("a type of machines, such as `t3.large`", "^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", 64);

pub(super) const KEY_NAME: Pattern =
    Pattern::new("the name of a key pair", "^[ -~]+$", 255).but_not("\\$\\{");

/// CreateInstanceProfile, InstanceProfileName.
pub(super) const PROFILE: Pattern = Pattern::new(
    "the name of an instance profile: letters, digits and `_+=,.@-`",
    "^[A-Za-z0-9_+=,.@-]+$",
    128,
);

pub(super) const GROUP: Shape = Shape::Text(Pattern::any("the id of a security group"));

/// "Available device names" (Amazon EC2 User Guide, "Device names for volumes on Amazon EC2 instances").
pub(super) const DEVICE: Pattern = Pattern::new(
    "a device such as `/dev/sdf`, from `/dev/sdf` to `/dev/sdp`, or `xvdf` likewise",
    "^(/dev/)?(sd[b-z]|xvd[b-z]|xvd[b-d][a-z])[0-9]*$",
    16,
);

pub(super) const VOLUME: Shape = Shape::Text(crate::aws::kinds::ebs_volume::ID);

pub(super) const TOKENS: &[&str] = &["required", "optional"];
