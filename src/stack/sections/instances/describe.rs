//! The reverse of [`super::declare`]: a machine that is there becomes an entry, with its volumes.

use serde_json::Value;

use super::{AMI, DEVICE, INSTANCE_PROFILE, MACHINE, SECURITY_GROUPS, SUBNET, VOLUME, VOLUMES, ZONE};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::resource::Id;
use crate::stack::Name;
use crate::stack::describe::{Described, Left, Scene, Unsayable, name_of, passed};

pub(super) fn describe(
    registry: &Registry,
    scene: &Scene,
    name: &Name,
    id: &Id,
) -> Result<Described, Unsayable> {
    let object = scene.object(MACHINE, id.as_str());
    let object = object.ok_or_else(|| Unsayable::new(id, "AWS shows no such machine"))?;
    let inputs = &object.inputs;
    let mut described = Described { options: passed(registry, MACHINE, inputs), ..Described::default() };
    let text = |field: &str| inputs.get(field).and_then(Value::as_str);
    let zone = object.outputs.get("availability_zone").and_then(Value::as_str);
    let zone = zone.ok_or_else(|| Unsayable::new(id, "AWS shows no zone of it"))?;
    let mut say = |option: &str, value: Value| drop(described.options.insert(option.to_owned(), value));
    if let Some(image) = text("ami") {
        say(AMI.name, image.into());
    }
    say(ZONE.name, zone.into());
    let subnet = text("subnet_id").unwrap_or_default();
    let of_zone = scene.network.as_ref().and_then(|network| network.subnets.get(zone));
    if of_zone.is_none_or(|one| one.as_str() != subnet) {
        say(SUBNET.name, subnet.into());
    }
    if let Some(profile) = text("iam_instance_profile") {
        say(INSTANCE_PROFILE.name, profile.into());
    }
    described.objects.insert(Address::new(MACHINE, name.as_str()), id.clone());
    groups(scene, inputs, &mut described);
    volumes(registry, scene, name, inputs, &mut described);
    Ok(described)
}

/// Its groups, by the names of entries that come along, or by their ids.
fn groups(scene: &Scene, inputs: &Document, described: &mut Described) {
    let ids = inputs.get("vpc_security_group_ids").and_then(Value::as_array).into_iter().flatten();
    let mut written = Vec::new();
    for id in ids.filter_map(Value::as_str) {
        match scene.entry(&Id::new(id)) {
            Some(entry) => {
                written.push(Value::from(entry.as_str()));
                described.groups.insert(Id::new(id));
            }
            None => written.push(id.into()),
        }
    }
    described.options.insert(SECURITY_GROUPS.name.to_owned(), Value::Array(written));
}

/// Its volumes, each called by its device. One that does not come along stays attached, and is left.
fn volumes(registry: &Registry, scene: &Scene, name: &Name, inputs: &Document, described: &mut Described) {
    let attached = inputs.get("volumes").and_then(Value::as_object).into_iter().flatten();
    let mut all = Document::new();
    for (device, volume) in attached {
        let Some(id) = volume.as_str() else { continue };
        let is_free = !scene.placed.contains(&(VOLUME.to_owned(), Id::new(id)));
        let Some(object) = scene.object(VOLUME, id).filter(|_| is_free) else {
            let because = format!("it is attached as {device}, and does not come along: it stays as it is");
            described.left.push(Left { id: id.to_owned(), because });
            continue;
        };
        let its = name_of(device.rsplit('/').next().unwrap_or(device), &|taken| all.contains_key(taken));
        let mut options = passed(registry, VOLUME, &object.inputs);
        options.insert(DEVICE.name.to_owned(), device.as_str().into());
        options.extend(object.inputs.get("kms_key_id").map(|key| ("kms_key_id".to_owned(), key.clone())));
        all.insert(its.to_string(), Value::Object(options));
        described.objects.insert(Address::member(VOLUME, name.as_str(), its.as_str()), Id::new(id));
    }
    if !all.is_empty() {
        described.options.insert(VOLUMES.to_owned(), Value::Object(all));
    }
}
