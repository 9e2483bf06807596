//! Mount targets.

use super::table::{Said, Table, nothing_more, own_id};

const KIND: &str = "aws_efs_mount_target";

pub(super) const TABLE: Table = Table {
    kind: KIND,
    resource: KIND,
    id: own_id,
    rows: &[&[
        ("file_system_id", Said::Of("file_system_id", "aws_efs_file_system")),
        ("subnet_id", Said::Of("subnet_id", "aws_subnet")),
        (
            "ip_address_type",
            Said::Not("the provider has it since 6.0 alone, and takes what is there without it"),
        ),
        ("security_groups", Said::Of("security_groups", "aws_security_group")),
    ]],
    more: nothing_more,
};
