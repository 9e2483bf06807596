//! Checks that a run did what its plan had said: each change belongs to a planned action, and each action has its call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cloud::Cloud;
use crate::operation::Call;
use crate::proxy::Heard;

/// The address that each object is known by, by its key: `sg-1`, `fs-1`, `db:records`.
pub type Owners = BTreeMap<String, String>;

/// The objects as their tags name them, and over that as the plan does.
pub fn owners(cloud: &Cloud, plan: &Value) -> Owners {
    let mut owners = Owners::new();
    let mut note = |key: &str, address: Option<&str>| {
        if let Some(address) = address {
            owners.insert(key.to_owned(), address.to_owned());
        }
    };
    let address_of = |tags: &BTreeMap<String, String>| tags.get("provision:address").cloned();
    for group in cloud.groups() {
        let tag = group.tags().iter().find(|tag| tag.key() == Some("provision:address"));
        note(group.group_id().unwrap_or_default(), tag.and_then(|tag| tag.value()));
    }
    let file_systems = cloud.file_systems();
    let mut names_of_files = BTreeMap::new();
    for one in &file_systems {
        let tag = one.tags().iter().find(|tag| tag.key() == "provision:address");
        note(one.file_system_id(), tag.map(|tag| tag.value()));
        let name = tag.and_then(|tag| tag.value().split_once('.'));
        names_of_files.extend(name.map(|(_, name)| (one.file_system_id(), name)));
    }
    for one in cloud.access_points() {
        let tag = one.tags().iter().find(|tag| tag.key() == "provision:address");
        note(one.access_point_id().unwrap_or_default(), tag.map(|tag| tag.value()));
    }
    for target in cloud.mount_targets() {
        let zone = target.availability_zone_name().unwrap_or_default();
        let name = names_of_files.get(target.file_system_id());
        let address = name.map(|name| format!("aws_efs_mount_target.{name}/{zone}"));
        note(target.mount_target_id(), address.as_deref());
    }
    let rds = &cloud.rds;
    let databases = cloud.run(rds.describe_db_instances().send()).expect("databases can be read");
    let mut names = BTreeMap::new();
    for one in databases.db_instances() {
        let tag = one.tag_list().iter().find(|tag| tag.key() == Some("provision:address"));
        let name = one.db_instance_identifier().unwrap_or_default();
        note(&format!("db:{name}"), tag.and_then(|tag| tag.value()));
        names.insert(one.dbi_resource_id().unwrap_or_default().to_owned(), name.to_owned());
    }
    for group in cloud.subnet_groups() {
        let tags = cloud.rds_tags(group.db_subnet_group_arn().unwrap_or_default());
        let name = group.db_subnet_group_name().unwrap_or_default();
        note(&format!("subgrp:{name}"), address_of(&tags).as_deref());
    }
    let groups = cloud.run(rds.describe_db_parameter_groups().send()).expect("they can be read");
    for group in groups.db_parameter_groups() {
        let tags = cloud.rds_tags(group.db_parameter_group_arn().unwrap_or_default());
        let name = group.db_parameter_group_name().unwrap_or_default();
        note(&format!("pg:{name}"), address_of(&tags).as_deref());
    }
    let ec2 = &cloud.ec2;
    let by_tag = |tags: &[aws_sdk_ec2::types::Tag]| {
        let tag = tags.iter().find(|tag| tag.key() == Some("provision:address"));
        tag.and_then(|tag| tag.value().map(str::to_owned))
    };
    let machines = cloud.run(ec2.describe_instances().send()).expect("machines can be read");
    for one in machines.reservations().iter().flat_map(|one| one.instances()) {
        note(one.instance_id().unwrap_or_default(), by_tag(one.tags()).as_deref());
    }
    let volumes = cloud.run(ec2.describe_volumes().send()).expect("volumes can be read");
    for one in volumes.volumes() {
        note(one.volume_id().unwrap_or_default(), by_tag(one.tags()).as_deref());
    }
    let addresses = cloud.run(ec2.describe_addresses().send()).expect("addresses can be read");
    for one in addresses.addresses() {
        for id in [one.allocation_id(), one.association_id()].into_iter().flatten() {
            note(id, by_tag(one.tags()).as_deref());
        }
    }
    let of_change = |change: &Value| {
        let going = change["goes"].as_array().cloned().unwrap_or_default();
        let going = going.into_iter().filter_map(|one| one["id"].as_str().map(str::to_owned));
        let itself = [&change["id"], &change["keeps"]].map(|id| id.as_str().map(str::to_owned));
        itself.into_iter().flatten().chain(going).collect::<Vec<String>>()
    };
    for (change, id) in
        planned(plan).flat_map(|change| of_change(change).into_iter().map(move |id| (change, id)))
    {
        let id = id.as_str();
        let key = match change["kind"].as_str().unwrap_or_default() {
            "aws_db_instance" => format!("db:{}", names.get(id).map_or(id, String::as_str)),
            "aws_db_subnet_group" => format!("subgrp:{id}"),
            "aws_db_parameter_group" => format!("pg:{id}"),
            _ => id.to_owned(),
        };
        note(&key, change["address"].as_str());
    }
    owners
}

fn planned(plan: &Value) -> impl Iterator<Item = &Value> {
    plan["changes"].as_array().into_iter().flatten()
}

/// The effect of a change on its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    Makes,
    Changes,
    Deletes,
}

/// True for an operation that makes an object, empty or from a backup.
pub fn is_making(operation: &str) -> bool {
    ["Create", "RestoreDBInstance", "RunInstances", "AllocateAddress"]
        .iter()
        .any(|start| operation.starts_with(start))
}

fn is_deleting(operation: &str) -> bool {
    ["Delete", "TerminateInstances", "ReleaseAddress"].iter().any(|start| operation.starts_with(start))
}

fn does(call: &Call) -> Does {
    let name = call.operation.name.as_str();
    let of_an_object = !["Tags", "Policy", "Replication"].iter().any(|part| name.contains(part));
    if is_making(name) && of_an_object {
        Does::Makes
    } else if is_deleting(name) && of_an_object {
        Does::Deletes
    } else {
        Does::Changes
    }
}

/// The text of a tag in a request that makes something.
fn tag_of(call: &Call, tag: &str) -> Option<String> {
    let body = call.parameters.get("body").and_then(|body| serde_json::from_str::<Value>(body).ok());
    if let Some(body) = body {
        let tags = body["Tags"].as_array()?;
        let found = tags.iter().find(|one| one["Key"] == tag)?;
        return found["Value"].as_str().map(str::to_owned);
    }
    let (key, _) = call.parameters.iter().find(|(_, value)| *value == tag)?;
    call.parameters.get(&format!("{}Value", key.strip_suffix("Key")?)).cloned()
}

/// The objects that a change is about, by the keys of [`Owners`]; a path may name several.
fn objects(call: &Call) -> Vec<String> {
    let parameter = |name: &str| call.parameters.get(name).cloned();
    if let Some(path) = call.parameters.get("path") {
        return path.split('/').filter(|part| part.starts_with("fs")).map(str::to_owned).collect();
    }
    if let Some(arn) = parameter("ResourceName") {
        return arn.splitn(6, ':').nth(5).map(str::to_owned).into_iter().collect();
    }
    let named = [
        ("DBInstanceIdentifier", "db:"),
        ("TargetDBInstanceIdentifier", "db:"),
        ("DBSubnetGroupName", "subgrp:"),
        ("DBParameterGroupName", "pg:"),
        ("GroupId", ""),
        ("ResourceId.1", ""),
        // An association is the address's, an attachment the machine's.
        ("AllocationId", ""),
        ("AssociationId", ""),
        ("InstanceId", ""),
        ("InstanceId.1", ""),
        ("VolumeId", ""),
    ];
    let of_kind = |name: &str| match name {
        "DBInstanceIdentifier" | "TargetDBInstanceIdentifier" => call.operation.name.contains("DBInstance"),
        "DBSubnetGroupName" => call.operation.name.contains("DBSubnetGroup"),
        "DBParameterGroupName" => call.operation.name.contains("DBParameterGroup"),
        _ => true,
    };
    let found = named.into_iter().filter(|(name, _)| of_kind(name));
    found.filter_map(|(name, prefix)| Some(format!("{prefix}{}", parameter(name)?))).take(1).collect()
}

/// The address that a call is about: a replication has no id of its own, and is spoken of by its file system.
fn of_part(call: &Call, address: String) -> String {
    match address.strip_prefix("aws_efs_file_system.") {
        Some(name) if call.operation.name.ends_with("ReplicationConfiguration") => {
            format!("aws_efs_replication_configuration.{name}")
        }
        _ => address,
    }
}

/// The id of what was made, out of the answer.
fn made(heard: &Heard) -> Option<String> {
    let text = String::from_utf8_lossy(&heard.answer.body);
    let after = |start: &str, end: char| {
        let rest = &text[text.find(start)? + start.len()..];
        rest.split(end).next().map(str::to_owned)
    };
    let json = |field: &str| {
        let body: Value = serde_json::from_str(&text).ok()?;
        body[field].as_str().map(str::to_owned)
    };
    match heard.call.operation.name.as_str() {
        "CreateSecurityGroup" => after("<groupId>", '<'),
        "RunInstances" => after("<instanceId>", '<'),
        "CreateFileSystem" => json("FileSystemId"),
        "CreateMountTarget" => json("MountTargetId"),
        "CreateAccessPoint" => json("AccessPointId"),
        "CreateVolume" => after("<volumeId>", '<'),
        "AllocateAddress" => after("<allocationId>", '<'),
        _ => objects(&heard.call).pop(),
    }
}

/// The address of a mount target that is made, by its file system and its zone.
fn address_of_target(
    call: &Call,
    owners: &Owners,
    zone_of: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let body: Value = serde_json::from_str(call.parameters.get("body")?).ok()?;
    let file_system = owners.get(body["FileSystemId"].as_str()?)?;
    let zone = zone_of(body["SubnetId"].as_str()?)?;
    Some(format!("aws_efs_mount_target.{}/{zone}", file_system.split_once('.')?.1))
}

/// The changes of a run that its plan had not said, and the planned actions that the run did not do.
pub fn broken(
    plan: &Value,
    mut owners: Owners,
    changes: &[Heard],
    zone_of: &dyn Fn(&str) -> Option<String>,
    id_of: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let there: BTreeSet<String> = owners.keys().cloned().collect();
    let actions: BTreeMap<&str, &str> = planned(plan)
        .filter_map(|change| Some((change["address"].as_str()?, change["action"].as_str()?)))
        .collect();
    let mut broken = Vec::new();
    let mut done: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for heard in changes {
        let call = &heard.call;
        let refused = !heard.answer.start.contains(" 2");
        let addresses: Vec<String> = match does(call) {
            Does::Makes => {
                let tagged = tag_of(call, "provision:address");
                let address = tagged.or_else(|| address_of_target(call, &owners, zone_of));
                if let (Some(address), Some(id)) = (&address, made(heard).filter(|_| !refused)) {
                    owners.insert(id, address.clone());
                }
                address.into_iter().collect()
            }
            _ => {
                let about = objects(call).into_iter().filter_map(|key| owners.get(&key).cloned());
                about.map(|address| of_part(call, address)).collect()
            }
        };
        // Nothing can be done to an object that is gone already.
        let missed = refused && String::from_utf8_lossy(&heard.answer.body).contains("NotFound");
        if addresses.is_empty() && !missed {
            broken.push(format!("{} is about nothing that is planned: {:?}", call.operation, objects(call)));
        }
        for address in addresses {
            let action = actions.get(address.as_str()).copied().unwrap_or("nothing");
            let is_planned = match does(call) {
                Does::Makes => ["create", "replace"].contains(&action),
                Does::Deletes => ["delete", "replace"].contains(&action),
                Does::Changes => ["create", "update", "replace", "delete"].contains(&action),
            };
            if !is_planned {
                broken.push(format!("{} of {address}, for which {action} was planned", call.operation));
            }
            let service =
                if call.operation.service == "efs" { "elasticfilesystem" } else { &call.operation.service };
            let operations = done.entry(address).or_default();
            operations.insert(format!("{service}:{}", call.operation.name));
        }
    }
    let known: BTreeSet<&String> = owners.values().collect();
    for change in planned(plan) {
        let (address, action) = (change["address"].as_str().unwrap_or_default(), change["action"].as_str());
        let operations = done.get(address).cloned().unwrap_or_default();
        let any = |is_so: fn(&str) -> bool| {
            operations.iter().any(|name| name.split_once(':').is_some_and(|(_, name)| is_so(name)))
        };
        let is_made = || any(is_making);
        let kept = match action {
            // An object that an earlier run made has only to be recorded.
            Some("create") => {
                let was_there = || id_of(address).is_some_and(|id| there.contains(&id));
                is_made() || known.contains(&address.to_owned()) || was_there()
            }
            Some("delete") => any(is_deleting),
            Some("replace") => is_made() || any(is_deleting),
            Some("update") => {
                // RDS shows the tags of these groups in no describe call, so a plan rests on what is recorded of them.
                let is_unseen = |field: &Value| {
                    let kind = change["kind"].as_str().unwrap_or_default();
                    field["path"] == "tags"
                        && ["aws_db_subnet_group", "aws_db_parameter_group"].contains(&kind)
                };
                let fields =
                    change["fields"].as_array().into_iter().flatten().filter(|field| !is_unseen(field));
                let calls: Vec<&str> = fields
                    .flat_map(|field| field["calls"].as_array().into_iter().flatten())
                    .filter_map(Value::as_str)
                    .collect();
                calls.is_empty() || calls.iter().any(|call| operations.contains(*call))
            }
            _ => true,
        };
        if !kept {
            broken.push(format!(
                "{} of {address} was planned, and not done: {operations:?}",
                action.unwrap_or_default()
            ));
        }
    }
    broken
}
