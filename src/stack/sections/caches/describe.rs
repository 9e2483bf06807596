//! The reverse of [`super::declare`]: a cache that is there becomes an entry, with its groups.

use serde_json::{Value, json};

use super::{
    CACHE, ENGINE, OF_PARAMETERS, OF_SUBNETS, PARAMETER_GROUP, PARAMETERS, PASSWORD, SUBNET_GROUP, UNMANAGED,
    VERSION,
};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::resource::Id;
use crate::stack::Name;
use crate::stack::describe::{Described, Scene, Unsayable, passed};
use crate::stack::section::subnet_group::{EXISTING, SUBNETS};
use crate::stack::section::{behind_group, parameters};
use crate::stack::valkey::Version;

pub(super) fn describe(
    registry: &Registry,
    scene: &Scene,
    name: &Name,
    id: &Id,
) -> Result<Described, Unsayable> {
    let object = scene.object(CACHE, id.as_str());
    let inputs = &object.ok_or_else(|| Unsayable::new(id, "AWS shows no such cache"))?.inputs;
    let mut described = Described { options: passed(registry, CACHE, inputs), ..Described::default() };
    let options = &mut described.options;
    // ElastiCache shows versions with their patch, and takes them without.
    if let Some(version) = inputs.get(VERSION).and_then(Value::as_str).and_then(Version::parse) {
        options.insert(VERSION.to_owned(), version.to_send().into());
    }
    // The password that it has is known to nobody here.
    if inputs.get("authentication") == Some(&Value::Bool(true)) {
        options.insert(PASSWORD.name.to_owned(), UNMANAGED.into());
    }
    if inputs.get("transit_encryption") == Some(&Value::Bool(false)) {
        options.remove("transit_encryption_mode");
    }
    described.objects.insert(Address::new(CACHE, name.as_str()), id.clone());
    let text = |field: &str| inputs.get(field).and_then(Value::as_str);
    if let Some(group) = text("cache_subnet_group_name") {
        subnet_group(scene, name, group, &mut described);
    }
    if let Some(group) = text("cache_parameter_group_name") {
        parameter_group(scene, name, (group, text(ENGINE), text(VERSION)), &mut described);
    }
    let port = inputs.get("port").and_then(Value::as_i64).unwrap_or(6379);
    behind_group::describe::describe(scene, (name, id), &groups_of(inputs), port, &mut described)?;
    Ok(described)
}

fn groups_of(inputs: &Document) -> Vec<Id> {
    let groups = inputs.get("security_group_ids").and_then(Value::as_array).into_iter().flatten();
    groups.filter_map(Value::as_str).map(Id::new).collect()
}

/// The subnet group, where it comes along and is this cache's alone; else the name of one that is left to others.
fn subnet_group(scene: &Scene, name: &Name, group: &str, described: &mut Described) {
    let is_free = !scene.placed.contains(&(OF_SUBNETS.to_owned(), Id::new(group)));
    let Some(object) = scene.object(OF_SUBNETS, group).filter(|_| is_free && group != "default") else {
        described.options.insert(SUBNET_GROUP.name.to_owned(), json!({ (EXISTING): group }));
        return;
    };
    let value = |field: &str| object.inputs.get(field).cloned().unwrap_or_default();
    let written = json!({
        "name": value("name"), "description": value("description"), (SUBNETS.name): value("subnet_ids"),
    });
    described.options.insert(SUBNET_GROUP.name.to_owned(), written);
    described.objects.insert(Address::new(OF_SUBNETS, name.as_str()), Id::new(group));
}

/// The parameters, where their group comes along and can be the cache's own; else its name. The default group of a family is none.
fn parameter_group(
    scene: &Scene,
    name: &Name,
    (group, engine, version): (&str, Option<&str>, Option<&str>),
    described: &mut Described,
) {
    if group.starts_with("default.") {
        return;
    }
    let family = version.and_then(Version::parse).zip(engine).map(|(version, engine)| version.family(engine));
    match parameters::own(scene, (OF_PARAMETERS, group), family.as_deref()) {
        Some(parameters) => {
            described.options.insert(PARAMETERS.name.to_owned(), parameters.clone());
            described.objects.insert(Address::new(OF_PARAMETERS, name.as_str()), Id::new(group));
        }
        None => {
            described.options.insert(PARAMETER_GROUP.name.to_owned(), group.into());
            parameters::leave(scene, (OF_PARAMETERS, group), described);
        }
    }
}
