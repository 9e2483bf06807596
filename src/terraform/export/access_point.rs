//! Access points.

use super::hcl::Body;
use super::table::{Said, Table, own_id};
use super::{Exported, Writer};

const KIND: &str = "aws_efs_access_point";

pub(super) const TABLE: Table = Table {
    kind: KIND,
    resource: KIND,
    id: own_id,
    rows: &[&[
        ("file_system_id", Said::Of("file_system_id", "aws_efs_file_system")),
        ("path", Said::InCode("root_directory")),
        ("uid", Said::InCode("posix_user")),
        ("gid", Said::InCode("posix_user")),
        ("secondary_gids", Said::InCode("posix_user")),
        ("owner_uid", Said::InCode("creation_info")),
        ("owner_gid", Said::InCode("creation_info")),
        ("permissions", Said::InCode("creation_info")),
    ]],
    more,
};

fn more(_: &mut Writer, object: &Exported, _: &str, body: &mut Body) {
    let of = |pairs: &[(&str, &str)]| {
        let mut body = Body::default();
        for (name, field) in pairs {
            body.copy(name, object.live.get(*field));
        }
        body
    };
    let user = of(&[("uid", "uid"), ("gid", "gid"), ("secondary_gids", "secondary_gids")]);
    if !user.is_empty() {
        body.block("posix_user", user);
    }
    let mut root = of(&[("path", "path")]);
    let made = of(&[("owner_uid", "owner_uid"), ("owner_gid", "owner_gid"), ("permissions", "permissions")]);
    if !made.is_empty() {
        root.block("creation_info", made);
    }
    body.block("root_directory", root);
}
