//! Machines with the attachments of their volumes, volumes, and elastic addresses.

use serde_json::Value;

use super::hcl::{Body, Expression};
use super::table::{Said, Table, own_id};
use super::{Exported, Writer, text_of};

const MACHINE: &str = "aws_instance";
const VOLUME: &str = "aws_ebs_volume";
const ADDRESS: &str = "aws_eip";
const ATTACHMENT: &str = "aws_volume_attachment";
const READ_ONCE: &str = "it is read when one is made, and this one is there";

/// The provider imports no `user_data_replace_on_change`, and plans its default; with that change it hashes the hash of the user data that it
/// has imported, and takes it for another text. The tags of the root volume are those of the machine when it was made.
const IGNORED: [&str; 3] = ["user_data", "user_data_replace_on_change", "root_block_device[0].tags"];

pub(super) const TABLE: Table = Table {
    kind: MACHINE,
    resource: MACHINE,
    id: own_id,
    rows: &[&[
        ("ami", Said::As("ami")),
        ("ami_parameter", Said::Not(READ_ONCE)),
        ("instance_type", Said::As("instance_type")),
        ("subnet_id", Said::Of("subnet_id", "aws_subnet")),
        ("vpc_security_group_ids", Said::Of("vpc_security_group_ids", "aws_security_group")),
        ("key_name", Said::As("key_name")),
        ("iam_instance_profile", Said::Of("iam_instance_profile", "aws_iam_instance_profile")),
        ("http_tokens", Said::InCode("metadata_options")),
        ("http_put_response_hop_limit", Said::InCode("metadata_options")),
        ("termination_protection", Said::As("disable_api_termination")),
        (
            "user_data",
            Said::Not("the machine has run it, and the provider would stop the machine for another one"),
        ),
        ("replace_on_user_data_change", Said::Not("user data is not in the configuration")),
        ("root_volume_size", Said::InCode("root_block_device")),
        ("running", Said::Not("the provider has a resource of its own for it, which is not written")),
        ("volumes", Said::InCode(ATTACHMENT)),
    ]],
    more,
};

pub(super) const VOLUMES: Table = Table {
    kind: VOLUME,
    resource: VOLUME,
    id: own_id,
    rows: &[&[
        ("availability_zone", Said::As("availability_zone")),
        ("size", Said::As("size")),
        ("type", Said::As("type")),
        ("iops", Said::InCode("iops")),
        ("throughput", Said::InCode("throughput")),
        ("encrypted", Said::As("encrypted")),
        ("kms_key_id", Said::As("kms_key_id")),
        ("snapshot_id", Said::Not(READ_ONCE)),
        ("deletion_protection", Said::InCode("prevent_destroy")),
        ("final_snapshot", Said::As("final_snapshot")),
    ]],
    more: of_volume,
};

pub(super) const ADDRESSES: Table = Table {
    kind: ADDRESS,
    resource: ADDRESS,
    id: own_id,
    rows: &[&[("instance_id", Said::Of("instance", MACHINE))]],
    more: |_, _, _, body| body.text("domain", "vpc"),
};

fn more(writer: &mut Writer, object: &Exported, label: &str, body: &mut Body) {
    let mut metadata = Body::default();
    metadata.text("http_tokens", text_of(&object.live, "http_tokens"));
    metadata.copy("http_put_response_hop_limit", object.live.get("http_put_response_hop_limit"));
    body.block("metadata_options", metadata);
    if let Some(size) = object.live.get("root_volume_size") {
        let mut root = Body::default();
        root.copy("volume_size", Some(size));
        body.block("root_block_device", root);
    }
    let mut lifecycle = Body::default();
    let ignored = IGNORED.iter().map(|name| Expression::Raw((*name).to_owned())).collect();
    lifecycle.set("ignore_changes", Expression::List(ignored));
    body.block("lifecycle", lifecycle);
    let volumes = object.live.get("volumes").and_then(Value::as_object).into_iter().flatten();
    for (device, volume) in volumes {
        let Some(volume) = volume.as_str() else { continue };
        let mut part = Body::default();
        part.text("device_name", device);
        part.text("volume_id", volume);
        part.raw("instance_id", format!("{MACHINE}.{label}.id"));
        let of = format!("{label}-{}", device.rsplit('/').next().unwrap_or_default());
        // "import using DEVICE_NAME:VOLUME_ID:INSTANCE_ID" (terraform-provider-aws, volume_attachment.html.markdown).
        let id = format!("{device}:{volume}:{}", object.id);
        body.parts.push((ATTACHMENT, writer.labels.of_part(ATTACHMENT, &of), id, part));
    }
}

fn of_volume(_: &mut Writer, object: &Exported, _: &str, body: &mut Body) {
    // The provider takes both of the types alone that have them.
    let kind = text_of(&object.live, "type");
    if matches!(kind, "gp3" | "io1" | "io2") {
        body.copy("iops", object.live.get("iops"));
    }
    if kind == "gp3" {
        body.copy("throughput", object.live.get("throughput"));
    }
    if object.recorded.get("deletion_protection") == Some(&Value::Bool(true)) {
        let mut lifecycle = Body::default();
        lifecycle.flag("prevent_destroy", true);
        body.block("lifecycle", lifecycle);
    }
}
