//! The reverse of [`super::declare`]: a database that is there becomes an entry, with its groups and its read replicas.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::parameter_groups::{OF_PARAMETERS, parameter_group_address};
use super::subnet_groups::OF_SUBNETS;
use super::{DATABASE, IDENTIFIER, PARAMETER_GROUP, PARAMETERS, PASSWORD, REPLICA, REPLICAS, SUBNET_GROUP};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::resource::Id;
use crate::stack::Name;
use crate::stack::describe::{Described, Left, Scene, Unsayable, name_of, passed};
use crate::stack::postgres::Version;
use crate::stack::section::subnet_group::{EXISTING, SUBNETS};
use crate::stack::section::{behind_group, parameters};

pub(super) fn describe(
    registry: &Registry,
    scene: &Scene,
    name: &Name,
    id: &Id,
) -> Result<Described, Unsayable> {
    let object = scene.object(DATABASE, id.as_str());
    let inputs = &object.ok_or_else(|| Unsayable::new(id, "AWS shows no such database"))?.inputs;
    let mut described = Described::default();
    described.options.extend(database(registry, DATABASE, inputs));
    let password = if inputs.contains_key(PASSWORD) { "managed" } else { "unmanaged" };
    described.options.insert(PASSWORD.to_owned(), password.into());
    described.objects.insert(Address::new(DATABASE, name.as_str()), id.clone());
    let text = |field: &str| inputs.get(field).and_then(Value::as_str);
    if let Some(group) = text("db_subnet_group_name") {
        subnet_group(scene, name, group, &mut described);
    }
    let parameters = text("parameter_group_name");
    if let Some(group) = parameters {
        parameter_group(scene, name, (group, text("engine_version")), &mut described);
    }
    let port = inputs.get("port").and_then(Value::as_i64).unwrap_or(5432);
    behind_group::describe::describe(scene, (name, id), &groups_of(inputs), port, &mut described)?;
    let identifier = text(IDENTIFIER).unwrap_or(name.as_str());
    let mut replicas = Document::new();
    for (replica, object) in scene.having(REPLICA, "source", id.as_str()) {
        if let Some(because) = unlike(inputs, &object.inputs) {
            described.left.push(Left { id: replica.to_string(), because });
            continue;
        }
        let its = object.inputs.get(IDENTIFIER).and_then(Value::as_str).unwrap_or_default();
        let short = its.strip_prefix(identifier).map_or(its, |rest| rest.trim_start_matches('-'));
        let short = name_of(short, &|taken| replicas.contains_key(taken));
        let mut options = database(registry, REPLICA, &object.inputs);
        let group = object.inputs.get("parameter_group_name").and_then(Value::as_str);
        if let Some(group) =
            group.filter(|group| Some(*group) != parameters && !group.starts_with("default."))
        {
            options.insert(PARAMETER_GROUP.name.to_owned(), group.into());
        }
        replicas.insert(short.to_string(), Value::Object(options));
        described.objects.insert(Address::member(REPLICA, name.as_str(), short.as_str()), replica.clone());
    }
    if !replicas.is_empty() {
        described.options.insert(REPLICAS.to_owned(), Value::Object(replicas));
    }
    Ok(described)
}

/// The words on a replica that has otherwise what the stack file gives to a database and its replicas alike.
fn unlike(database: &Document, replica: &Document) -> Option<String> {
    let sorted = |inputs: &Document| groups_of(inputs).into_iter().collect::<BTreeSet<Id>>();
    let text = |inputs: &Document, field: &str| inputs.get(field).and_then(Value::as_str).map(str::to_owned);
    let group = |inputs: &Document| text(inputs, "parameter_group_name").unwrap_or_default();
    let (its, other) = (group(replica), group(database));
    let identifier = text(replica, IDENTIFIER).unwrap_or_default();
    let what = if sorted(database) != sorted(replica) {
        "other security groups".to_owned()
    } else if database.get("port") != replica.get("port") {
        "another port".to_owned()
    } else if its != other && its.starts_with("default.") {
        format!("the parameter group {its}, and its database another one")
    } else {
        return None;
    };
    Some(format!(
        "the replica {identifier} has {what}: in the stack file a replica has those of its database"
    ))
}

/// The options of a database, without those that RDS shows and takes of no one.
fn database(registry: &Registry, kind: &str, inputs: &Document) -> Document {
    let mut options = passed(registry, kind, inputs);
    let is = |option: &str, value: &str| inputs.get(option).and_then(Value::as_str) == Some(value);
    let size = inputs.get("allocated_storage").and_then(Value::as_i64).unwrap_or_default();
    // RDS chooses both below 400 GiB of gp3 ("gp3 storage", RDS User Guide), and has none to choose with gp2.
    let is_chosen_by_rds = is("storage_type", "gp3") && size < 400 || is("storage_type", "gp2");
    if is_chosen_by_rds {
        options.remove("iops");
    }
    if is_chosen_by_rds || is("storage_type", "io1") || is("storage_type", "io2") {
        options.remove("storage_throughput");
    }
    // Storage that has grown to its limit began with less: RDS takes no limit below a tenth more than what is asked for.
    let limit = inputs.get("max_allocated_storage").and_then(Value::as_i64).filter(|limit| *limit > 0);
    if let Some(limit) = limit.filter(|limit| *limit >= size && *limit < size + (size + 9) / 10) {
        options.insert("allocated_storage".to_owned(), (limit * 10 / 11).into());
    }
    if options.get("performance_insights_enabled") != Some(&json!(true)) {
        options.retain(|option, _| {
            !option.starts_with("performance_insights_") || option == "performance_insights_enabled"
        });
    }
    if options.get("monitoring").and_then(|monitoring| monitoring.get("interval")) == Some(&json!(0)) {
        options.remove("monitoring");
    }
    options
}

fn groups_of(inputs: &Document) -> Vec<Id> {
    let groups = inputs.get("vpc_security_group_ids").and_then(Value::as_array).into_iter().flatten();
    groups.filter_map(Value::as_str).map(Id::new).collect()
}

/// The subnet group, where it comes along; the name of one that is left to others.
fn subnet_group(scene: &Scene, name: &Name, group: &str, described: &mut Described) {
    let Some(object) = scene.object(OF_SUBNETS, group) else {
        described.options.insert(SUBNET_GROUP.name.to_owned(), json!({ (EXISTING): group }));
        return;
    };
    let value = |field: &str| object.inputs.get(field).cloned().unwrap_or_default();
    let mut written = json!({ "name": value("name"), (SUBNETS.name): value("subnet_ids") });
    // It stands at the address of one database, which describes it; the others share it by its name.
    match scene.placed.contains(&(OF_SUBNETS.to_owned(), Id::new(group))) {
        true => described.names.push(SUBNET_GROUP.name),
        false => written["description"] = value("description"),
    }
    described.options.insert(SUBNET_GROUP.name.to_owned(), written);
    described.objects.insert(Address::new(OF_SUBNETS, name.as_str()), Id::new(group));
}

/// The parameters, where their group comes along and can be the database's own; else its name. The default group of a version is none.
fn parameter_group(
    scene: &Scene,
    name: &Name,
    (group, version): (&str, Option<&str>),
    described: &mut Described,
) {
    if group.starts_with("default.") {
        return;
    }
    let family = version.and_then(Version::parse).map(|version| version.family());
    match parameters::own(scene, (OF_PARAMETERS, group), family.as_deref()) {
        Some(parameters) => {
            described.options.insert(PARAMETERS.name.to_owned(), parameters.clone());
            described.objects.insert(parameter_group_address(name), Id::new(group));
        }
        None => {
            described.options.insert(PARAMETER_GROUP.name.to_owned(), group.into());
            parameters::leave(scene, (OF_PARAMETERS, group), described);
        }
    }
}
