//! Replications of file systems.

use super::hcl::Body;
use super::table::{Said, Table};
use super::{Exported, Writer, text_of};

const KIND: &str = "aws_efs_replication_configuration";
const NOT_READ: &str = "neither AWS nor the provider reads it, and only a new replication has another one";

pub(super) const TABLE: Table = Table {
    kind: KIND,
    resource: KIND,
    // It has the id of its file system.
    id: |object| text_of(&object.live, "file_system_id").to_owned(),
    rows: &[&[
        ("file_system_id", Said::Of("source_file_system_id", "aws_efs_file_system")),
        ("region", Said::InCode("destination")),
        ("availability_zone_name", Said::Not(NOT_READ)),
        ("destination_kms_key_id", Said::Not(NOT_READ)),
        ("destination_file_system_id", Said::InCode("destination")),
        ("role_arn", Said::Never("the provider has no argument for it, and leaves it as it is")),
    ]],
    more,
};

fn more(writer: &mut Writer, object: &Exported, _: &str, body: &mut Body) {
    let mut there = Body::default();
    let copy = object
        .live
        .get("destination_file_system_id")
        .or_else(|| object.outputs.get("destination_file_system_id"));
    if let Some(copy) = copy {
        there.set("file_system_id", writer.labels.refer("aws_efs_file_system", copy));
    }
    there.text("region", text_of(&object.live, "region"));
    body.block("destination", there);
}
