//! `file_systems`: NFS file systems (Amazon EFS), each with a mount target in every zone and access points.

mod describe;
mod outputs;
mod policy;
mod replication;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::network::Network;
use crate::engine::resource::{Need, Property, Shape};
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft, id_of, with};
use crate::stack::section::behind_group::{self, EXTRA_SECURITY_GROUPS, SECURITY_GROUP, access};
use crate::stack::section::source::ACCESS;
use crate::stack::section::zones::{ZONES, zones};
use crate::stack::section::{
    Apart, Belonging, Conflict, Entries, Entry, Expand, IGNORE_CHANGES, Named, Others, Part, Section, kms_key,
};

const FILE_SYSTEM: &str = "aws_efs_file_system";
const MOUNT_TARGET: &str = "aws_efs_mount_target";
const ACCESS_POINT: &str = "aws_efs_access_point";

pub(super) const SECTION: Section = Section {
    key: "file_systems",
    doc: "NFS file systems (Amazon EFS), by name.",
    one: "file system",
    several: "file systems",
    entry: Part {
        doc: "One file system, with a mount target in every zone of the cluster.",
        own: &[
            SECURITY_GROUP,
            EXTRA_SECURITY_GROUPS,
            access(
                "The sources that may reach it, on tcp 2049: roles of the cluster, networks, groups, prefix lists; `[]` for none.",
            ),
            policy::ENFORCE_TLS,
            policy::POLICY,
            replication::REPLICATION,
            OVERWRITE_PROTECTION,
            IGNORE_CHANGES,
        ],
        parts: &[Named {
            key: POINTS,
            doc: "Directories that clients may mount as if they were all there is, each as one POSIX user, by name.",
            part: Part {
                doc: "One access point of a file system.",
                own: &[IGNORE_CHANGES],
                parts: &[],
                passes: &[ACCESS_POINT],
            },
        }],
        passes: &[FILE_SYSTEM, MOUNT_TARGET],
    },
    objects: replication::OBJECTS,
    check,
    names: &[],
    files: &[],
    spread: None,
    main: FILE_SYSTEM,
    others: Others::None,
    roles: |entry| if is_nowhere(entry) { BTreeMap::new() } else { behind_group::roles(entry) },
    expand: Expand::InNetwork {
        declare,
        in_a_new_zone: Some("cannot be mounted"),
        apart: Some(Apart { is: is_nowhere, declare: declare_itself }),
    },
    belongings: &[
        Belonging::Part(MOUNT_TARGET),
        Belonging::Part(ACCESS_POINT),
        Belonging::Part(replication::KIND),
        Belonging::Groups { of: MOUNT_TARGET, field: "security_groups" },
    ],
    describe: describe::describe,
    output: outputs::output,
    output_schema: outputs::schema,
    short: outputs::SHORT,
};

/// The port of NFS.
const NFS: u32 = 2049;

/// The key of access points.
const POINTS: &str = "access_points";

const OVERWRITE_PROTECTION: Property = Property {
    name: "replication_overwrite_protection",
    doc: "True if a replication may not make this file system its destination. Without it, it stays what it is.",
    shape: Shape::Flag,
    need: Need::Optional,
};

/// True for a file system that is mounted in no zone: nothing of it stands in a network.
fn is_nowhere(entry: &Entry) -> bool {
    zones(entry).is_some_and(|zones| zones.is_empty())
}

/// Each access point says as which user it is entered, and what has no mount target has no security groups.
fn check(file_systems: &Entries) -> Vec<Conflict> {
    let of_targets = [SECURITY_GROUP.name, EXTRA_SECURITY_GROUPS.name, ACCESS];
    let nowhere = file_systems.iter().filter(|(_, one)| is_nowhere(one)).flat_map(|(name, one)| {
        of_targets.into_iter().filter(|option| one.has_written(option)).map(|option| Conflict {
            path: vec![name.to_string()],
            options: vec![option, ZONES],
            message: format!("`{option}` is about mount targets, and with `zones: []` there is none"),
            remedy: format!("leave `{option}` out, or name a zone"),
        })
    });
    let points =
        file_systems.iter().flat_map(|(name, one)| one.parts(POINTS).map(move |point| (name, point)));
    let without = points.filter(|(_, (_, point))| !point.of(ACCESS_POINT).contains_key("uid"));
    without
        .map(|(name, (point, _))| Conflict {
            path: vec![name.to_string(), POINTS.to_owned(), point.to_string()],
            options: Vec::new(),
            message: format!("the access point `{point}` needs a `uid`"),
            remedy: "say which user enters, such as `uid: 998`".to_owned(),
        })
        .chain(nowhere)
        .chain(file_systems.iter().flat_map(|(name, one)| policy::wrong(name, one)))
        .chain(replication::check(file_systems))
        .collect()
}

/// A file system with its access points and its replication, without anything in a network.
fn declare_itself(draft: &mut Draft<'_>, name: &Name, entry: &Entry) -> Result<(), BlueprintError> {
    let address = Address::new(FILE_SYSTEM, name.as_str());
    let key = kms_key::behind_alias(draft, name, entry.text_of(FILE_SYSTEM, kms_key::OPTION))?;
    draft.declare(address.clone(), file_system(draft, name, entry, key))?;
    if let Some(inputs) = replication::inputs(draft, entry, name) {
        draft.declare(Address::new(replication::KIND, name.as_str()), inputs)?;
    }
    for (point, options) in entry.parts(POINTS) {
        let member = Address::member(ACCESS_POINT, name.as_str(), point.as_str());
        let inputs = access_point(draft, &address, (&member, point), options.of(ACCESS_POINT));
        draft.declare_part(member, inputs, options)?;
    }
    Ok(())
}

fn declare(
    draft: &mut Draft<'_>,
    network: &Network,
    name: &Name,
    entry: &Entry,
) -> Result<(), BlueprintError> {
    if network.subnets.is_empty() {
        return Err(BlueprintError::TooFewSubnets {
            entry: format!("the file system `{name}`"),
            needs: "a subnet",
            has: "none".to_owned(),
            hint: "add a subnet to the cluster's network; where a destroy was stopped after it had forgotten them, \
                   with the id of the VPC: provision import VPC-ID",
        });
    }
    let groups = behind_group::attached(draft, network, (name, entry), ("NFS", NFS))?;
    let address = Address::new(FILE_SYSTEM, name.as_str());
    declare_itself(draft, name, entry)?;
    let zones = zones(entry);
    let has = |zone: &str| network.subnets.contains_key(zone);
    if let Some(zone) = zones.iter().flatten().find(|zone| !has(zone)) {
        return Err(BlueprintError::NoZone {
            entry: format!("the file system `{name}`"),
            zone: (*zone).to_owned(),
            zones: network.subnets.keys().cloned().collect(),
        });
    }
    across_zones(draft, network, &address, entry);
    let is_wanted = |zone: &&String| zones.as_ref().is_none_or(|zones| zones.contains(&zone.as_str()));
    for zone in network.subnets.keys().filter(is_wanted) {
        let target = Address::member(MOUNT_TARGET, name.as_str(), zone);
        let declared = Network::subnet_address(zone);
        let subnet = draft.kept.in_the_place_of(&target, "subnet_id", &declared);
        let set = json!({
            "file_system_id": id_of(&address),
            "subnet_id": subnet.map_or_else(|| id_of(&declared), str::to_owned),
            "security_groups": groups,
        });
        draft.declare(target, with(entry.of(MOUNT_TARGET), set))?;
    }
    Ok(())
}

/// `key` is how a key is written that is an alias: a reference to what is known of it.
fn file_system(draft: &Draft<'_>, name: &Name, entry: &Entry, key: Option<String>) -> Document {
    let overwrite =
        entry.flag(&OVERWRITE_PROTECTION).map(|protected| if protected { "ENABLED" } else { "DISABLED" });
    let set = json!({
        "kms_key_id": key,
        "availability_zone_name": one_zone(entry),
        "file_system_policy": policy::document(entry),
        "replication_overwrite_protection": overwrite,
        "tags": draft.tags(&Address::new(FILE_SYSTEM, name.as_str()), name.as_str()),
    });
    with(entry.of(FILE_SYSTEM), set)
}

/// The zone that the data of a file system is in, where it is one alone.
fn one_zone(entry: &Entry) -> Option<&str> {
    let is_one_zone = entry.text_of(FILE_SYSTEM, "storage") == Some("one-zone");
    zones(entry).filter(|_| is_one_zone)?.first().copied()
}

/// The words on One Zone storage that machines in other zones mount: they do without the file system while its zone is down, and what
/// passes between zones is paid for ("Amazon EFS file system types", EFS User Guide; Amazon EC2 pricing, Data transfer).
fn across_zones(draft: &mut Draft<'_>, network: &Network, address: &Address, entry: &Entry) {
    let Some(zone) = one_zone(entry) else { return };
    let others: Vec<&str> =
        network.subnets.keys().map(String::as_str).filter(|other| *other != zone).collect();
    if others.is_empty() || behind_group::roles(entry).is_empty() {
        return;
    }
    let word = format!(
        "storage: one-zone: what runs in {} mounts it across zones: AWS charges for what passes between them, and while {zone} is \
         down nobody has it",
        others.join(" and ")
    );
    draft.say(address, word);
}

/// The path and the group have defaults that depend on other values.
fn access_point(
    draft: &Draft<'_>,
    file_system: &Address,
    (address, point): (&Address, &Name),
    options: &Document,
) -> Document {
    let path = match options.get("path").and_then(Value::as_str) {
        Some(written) => written.to_owned(),
        None => draft.kept.text(address, "path", format!("/{point}")),
    };
    let set = json!({
        "file_system_id": id_of(file_system),
        "path": path,
        "gid": options.get("gid").or_else(|| options.get("uid")),
        "tags": draft.tags(address, point.as_str()),
    });
    with(options, set)
}
