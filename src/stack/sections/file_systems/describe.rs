//! The reverse of [`super::declare`]: a file system that is there becomes an entry, with its mount targets and access points.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    ACCESS_POINT, FILE_SYSTEM, MOUNT_TARGET, NFS, OVERWRITE_PROTECTION, POINTS, policy, replication,
};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::resource::Id;
use crate::stack::Name;
use crate::stack::describe::{Described, Left, Object, Scene, Unsayable, name_of, passed};
use crate::stack::section::behind_group;
use crate::stack::section::zones::ZONES;

pub(super) fn describe(
    registry: &Registry,
    scene: &Scene,
    name: &Name,
    id: &Id,
) -> Result<Described, Unsayable> {
    let object = scene.object(FILE_SYSTEM, id.as_str());
    let inputs = &object.ok_or_else(|| Unsayable::new(id, "AWS shows no such file system"))?.inputs;
    let mut described = Described::default();
    described.options.extend(passed(registry, FILE_SYSTEM, inputs));
    described.objects.insert(Address::new(FILE_SYSTEM, name.as_str()), id.clone());
    if inputs.get("replication_overwrite_protection").and_then(Value::as_str) == Some("DISABLED") {
        described.options.insert(OVERWRITE_PROTECTION.name.to_owned(), false.into());
    }
    if let Some(document) = inputs.get("file_system_policy").filter(|policy| **policy != json!({})) {
        let fields = registry.managing(FILE_SYSTEM).map(|kind| kind.fields()).unwrap_or_default();
        let field = fields.iter().find(|field| field.name == "file_system_policy");
        let same = |one: &Value, other: &Value| field.is_some_and(|field| (field.met)(one, other));
        match policy::written(document, &same) {
            Some(options) => described.options.extend(options),
            None => described.left.push(Left {
                id: id.to_string(),
                because: "its policy stays as it is, in words that the stack file does not have".to_owned(),
            }),
        }
    }
    mount_targets(registry, scene, (name, id), inputs, &mut described)?;
    access_points(registry, scene, (name, id), &mut described);
    if let Some((its, object)) = scene.having(replication::KIND, "file_system_id", id.as_str()).next() {
        described
            .options
            .insert(replication::REPLICATION.name.to_owned(), replication::written(&object.inputs));
        described.objects.insert(Address::new(replication::KIND, name.as_str()), its.clone());
    }
    Ok(described)
}

/// One target in each zone of the network, or the zones of those that there are; all have the same groups.
fn mount_targets(
    registry: &Registry,
    scene: &Scene,
    (name, id): (&Name, &Id),
    inputs: &Document,
    described: &mut Described,
) -> Result<(), Unsayable> {
    let mut targets: BTreeMap<&str, (&Id, &Object)> = BTreeMap::new();
    for (target, object) in scene.having(MOUNT_TARGET, "file_system_id", id.as_str()) {
        let zone = object.outputs.get("availability_zone").and_then(Value::as_str);
        let zone = zone.ok_or_else(|| Unsayable::new(id, format!("{target} shows no zone")))?;
        targets.insert(zone, (target, object));
    }
    let Some((_, (first, shown))) = targets.first_key_value() else {
        if let Some(zone) = inputs.get("availability_zone_name").and_then(Value::as_str) {
            let why = format!(
                "its storage is in {zone} alone, and it has no mount target there, which the stack file would make"
            );
            return Err(Unsayable::new(id, why));
        }
        described.options.insert(ZONES.to_owned(), Value::Array(Vec::new()));
        return Ok(());
    };
    let groups = groups_of(shown);
    if let Some((other, _)) = targets.values().find(|(_, object)| groups_of(object) != groups) {
        let why = format!(
            "its mount targets {first} and {other} have different security groups, and the stack file has one list for all"
        );
        return Err(Unsayable::new(id, why));
    }
    described.options.extend(passed(registry, MOUNT_TARGET, &shown.inputs));
    let network = scene.network.as_ref();
    let all: BTreeSet<&str> =
        network.into_iter().flat_map(|one| one.subnets.keys().map(String::as_str)).collect();
    if let Some(zone) = targets.keys().find(|zone| !all.contains(*zone)) {
        return Err(Unsayable::new(
            id,
            format!("it has a mount target in {zone}, where the network has no subnet"),
        ));
    }
    let one_zone = inputs.get("availability_zone_name").is_some();
    if one_zone || !all.iter().eq(targets.keys()) {
        described.options.insert(ZONES.to_owned(), targets.keys().copied().collect());
    }
    for (zone, (target, _)) in &targets {
        described.objects.insert(Address::member(MOUNT_TARGET, name.as_str(), zone), (*target).clone());
    }
    behind_group::describe::describe(scene, (name, id), &groups, i64::from(NFS), described)
}

fn groups_of(target: &Object) -> Vec<Id> {
    let groups = target.inputs.get("security_groups").and_then(Value::as_array).into_iter().flatten();
    groups.filter_map(Value::as_str).map(Id::new).collect()
}

fn access_points(registry: &Registry, scene: &Scene, (name, id): (&Name, &Id), described: &mut Described) {
    let mut points = Document::new();
    for (point, object) in scene.having(ACCESS_POINT, "file_system_id", id.as_str()) {
        if !object.inputs.contains_key("uid") {
            let because =
                "it enters as no user of its own, and the stack file has no such access points".to_owned();
            described.left.push(Left { id: point.to_string(), because });
            continue;
        }
        // EFS shows no owner of a directory that it does not make (CreateAccessPoint, RootDirectory).
        if object.inputs.get("permissions").is_some_and(|permissions| permissions == "") {
            let because = "it says no owner and permissions of its directory, and the stack file has no such access points".to_owned();
            described.left.push(Left { id: point.to_string(), because });
            continue;
        }
        let path = object.inputs.get("path").and_then(Value::as_str).unwrap_or_default();
        let its = name_of(path, &|taken| points.contains_key(taken));
        points.insert(its.to_string(), Value::Object(passed(registry, ACCESS_POINT, &object.inputs)));
        described.objects.insert(Address::member(ACCESS_POINT, name.as_str(), its.as_str()), point.clone());
    }
    if !points.is_empty() {
        described.options.insert(POINTS.to_owned(), Value::Object(points));
    }
}
