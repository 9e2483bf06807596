//! `instances`: machines (Amazon EC2), each with the volumes that stay when it is replaced.

mod describe;
mod outputs;
mod user_data;

use serde_json::{Value, json};

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::network::Network;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::blueprint::{BlueprintError, Draft, id_of, with};
use crate::stack::section::{
    Belonging, Conflict, Entries, Entry, Expand, IGNORE_CHANGES, Named, NamesEntries, Others, Part, Section,
    group, kms_key, zones,
};
use crate::stack::{Name, SubnetId};

const MACHINE: &str = "aws_instance";
const VOLUME: &str = "aws_ebs_volume";
const PROFILE: &str = "aws_iam_instance_profile";
/// The sections whose entries a machine names.
const OF_GROUPS: &str = "security_groups";
const OF_ROLES: &str = "roles";

pub(super) const SECTION: Section = Section {
    key: "instances",
    doc: "Machines (Amazon EC2), by name.",
    one: "instance",
    several: "instances",
    entry: Part {
        doc: "One machine, in one zone.",
        own: &[AMI, ZONE, SUBNET, SECURITY_GROUPS, ROLE, INSTANCE_PROFILE, USER_DATA, IGNORE_CHANGES],
        parts: &[Named {
            key: VOLUMES,
            doc: "Volumes that are attached to it besides the one that it boots from, by name. They stay when the machine is replaced.",
            part: Part {
                doc: "One volume of a machine, in its zone.",
                own: &[DEVICE, IGNORE_CHANGES],
                parts: &[],
                passes: &[VOLUME],
            },
        }],
        passes: &[MACHINE],
    },
    objects: &[],
    check,
    names: &[
        NamesEntries { option: SECURITY_GROUPS.name, section: OF_GROUPS },
        NamesEntries { option: ROLE.name, section: OF_ROLES },
    ],
    files: &[USER_DATA.name],
    spread: None,
    main: MACHINE,
    others: Others::None,
    roles: |_| std::collections::BTreeMap::new(),
    expand: Expand::InNetwork { declare, in_a_new_zone: None, apart: None },
    belongings: &[
        Belonging::Part(VOLUME),
        Belonging::Groups { of: MACHINE, field: "vpc_security_group_ids" },
    ],
    describe: describe::describe,
    output: outputs::output,
    output_schema: outputs::schema,
    short: &[],
};

/// The key of volumes.
const VOLUMES: &str = "volumes";

const AMI: Property = Property {
    name: "ami",
    doc: "The image, by its id; or `{ ssm: PARAMETER }` for the one that a parameter of Systems Manager names when the machine is made. A machine\n\
          keeps its image: a newer one is told of, and is a new machine only where that is asked for.",
    shape: Shape::TextOr {
        text: &Shape::Text(Pattern::new(
            "the id of an image, such as `ami-0123456789abcdef0`, or `{ ssm: PARAMETER }`",
            "^ami-[0-9a-f]+$",
            64,
        )),
        options: &Shape::Object(&[SSM]),
        identity: Value::clone,
    },
    need: Need::Required,
};

const SSM: Property = Property {
    name: "ssm",
    doc: "The parameter, such as `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64`.",
    shape: Shape::Text(Pattern::new(
        "a parameter of Systems Manager, such as `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64`",
        "^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$",
        1_011,
    )),
    need: Need::Required,
};

const ZONE: Property = Property {
    name: zones::ZONE,
    doc: "The availability zone: the machine stands in the network's subnet there. Only a new machine can change it.",
    shape: Shape::Text(Pattern::new(
        "an availability zone, such as `eu-west-1a`",
        "^[a-z]{2,4}(-[a-z0-9]+)+[a-z]$",
        64,
    )),
    need: Need::Optional,
};

const SUBNET: Property = Property {
    name: zones::SUBNET,
    doc: "The id of its subnet. One that is not the network's own needs `zone` too, which says where its volumes are.",
    shape: Shape::Text(SubnetId::RULE),
    need: Need::Optional,
};

const SECURITY_GROUPS: Property = Property {
    name: "security_groups",
    doc: "Its security groups: names of entries of `security_groups`, or ids of groups that are there, which are never changed.",
    shape: Shape::SetOf(&Shape::Text(GROUP)),
    need: Need::Optional,
};

/// The id of a group, or the name of an entry. No entry is called like an id.
const GROUP: Pattern = Pattern {
    is: "the name of an entry of security groups, or an id such as `sg-0123456789abcdef0`",
    pattern: "^(sg-[0-9a-f]+|[a-z][a-z0-9]*(-[a-z0-9]+)*)$",
    never: Some("^sg-[0-9a-f]*[^0-9a-f]"),
    ..Name::RULE
};

const ROLE: Property = Property {
    name: "role",
    doc: "The entry of `roles` whose instance profile it has; that entry has `instance_profile: true`.",
    shape: Shape::Text(Name::RULE),
    need: Need::Optional,
};

const INSTANCE_PROFILE: Property = Property {
    name: "instance_profile",
    doc: "The name of an instance profile that is there, in place of `role`. It is never changed.",
    shape: Shape::Text(Pattern::new(
        "the name of an instance profile: letters, digits and `_+=,.@-`",
        "^[A-Za-z0-9_+=,.@-]+$",
        128,
    )),
    need: Need::Optional,
};

const USER_DATA: Property = Property {
    name: "user_data",
    doc: "The file with what cloud-init does at the first boot, beside the stack file; at most 16 KiB. `${KIND.NAME.OUTPUT}` stands for an\n\
          output, `${NAME}` for a short one, and `$${` for `${`. All who may describe the machine can read it, and it stands in the state: no\n\
          password belongs there.",
    shape: Shape::Text(Pattern::new(
        "the path of a file, such as `cloud-init.yaml`",
        "^[^\\x00-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]+$",
        512,
    )),
    need: Need::Optional,
};

const DEVICE: Property = Property {
    name: "device",
    doc: "The device that it is attached as, such as `/dev/sdf`; the machine may call it `/dev/nvme1n1`.",
    shape: Shape::Text(Pattern::new(
        "a device such as `/dev/sdf`, from `/dev/sdf` to `/dev/sdp`",
        "^(/dev/)?(sd[b-z]|xvd[b-z]|xvd[b-d][a-z])[0-9]*$",
        16,
    )),
    need: Need::Required,
};

fn device(volume: &Entry) -> Option<&str> {
    volume.text(&DEVICE)
}

/// Each machine has a place, and each of its volumes a device and a size.
fn check(machines: &Entries) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (name, entry) in machines {
        let conflict = |path: &[&str], options: &[&'static str], message: String, remedy: &str| Conflict {
            path: [name.as_str()].iter().chain(path).map(|part| (*part).to_owned()).collect(),
            options: options.to_vec(),
            message,
            remedy: remedy.to_owned(),
        };
        for (option, example) in [(AMI.name, "ami: ami-…"), ("instance_type", "instance_type: t3.large")] {
            if !entry.own.contains_key(option) && !entry.of(MACHINE).contains_key(option) {
                let message = format!("the instance `{name}` needs `{option}`");
                found.push(conflict(&[], &[], message, &format!("write it, such as `{example}`")));
            }
        }
        if entry.text(&ZONE).is_none() && entry.text(&SUBNET).is_none() {
            let message = format!("the instance `{name}` needs a place");
            found.push(conflict(&[], &[], message, "write `zone`, or the id of its `subnet`"));
        }
        if entry.has_written(ROLE.name) && entry.has_written(INSTANCE_PROFILE.name) {
            let message = "a machine has one instance profile".to_owned();
            found.push(conflict(
                &[],
                &[ROLE.name, INSTANCE_PROFILE.name],
                message,
                "leave one of the two out",
            ));
        }
        let mut devices = std::collections::BTreeMap::new();
        for (volume, options) in entry.parts(VOLUMES) {
            let path = [VOLUMES, volume.as_str()];
            let needed = [
                (DEVICE.name, options.own.contains_key(DEVICE.name)),
                ("size", options.of(VOLUME).contains_key("size")),
            ];
            for (option, _) in needed.into_iter().filter(|(_, is_there)| !is_there) {
                let message = format!("the volume `{volume}` needs a `{option}`");
                found.push(conflict(
                    &path,
                    &[],
                    message,
                    "write it, such as `device: /dev/sdf` and `size: 100`",
                ));
            }
            if let Some(first) = device(options).and_then(|device| devices.insert(device, volume)) {
                let message = format!("`{first}` is attached as this device already");
                found.push(conflict(&path, &[DEVICE.name], message, "choose another device"));
            }
        }
    }
    found
}

fn declare(
    draft: &mut Draft<'_>,
    network: &Network,
    name: &Name,
    entry: &Entry,
) -> Result<(), BlueprintError> {
    let place = place(network, name, entry)?;
    let mut volumes = Document::new();
    for (volume, options) in entry.parts(VOLUMES) {
        let address = Address::member(VOLUME, name.as_str(), volume.as_str());
        let key = of_volume(draft, name, volume, options)?;
        let set = json!({
            "availability_zone": place.zone,
            "kms_key_id": key,
            "tags": draft.tags(&address, &format!("{name}-{volume}")),
        });
        draft.declare_part(address.clone(), with(options.of(VOLUME), set), options)?;
        let device = device(options).expect("a check has found its device");
        volumes.insert(device.to_owned(), id_of(&address).into());
    }
    let address = Address::new(MACHINE, name.as_str());
    let ami = entry.get(&AMI);
    let set = json!({
        "ami": ami.and_then(Value::as_str),
        "ami_parameter": ami.and_then(|ami| ami.get(SSM.name)),
        "subnet_id": place.subnet,
        "vpc_security_group_ids": groups(draft, name, entry)?,
        "iam_instance_profile": profile(draft, name, entry)?,
        "user_data": user_data::of(draft, name, entry)?,
        "volumes": volumes,
        "tags": draft.tags(&address, name.as_str()),
    });
    draft.declare(address, with(entry.of(MACHINE), set))
}

/// The key of a volume, where it is written by an alias.
fn of_volume(
    draft: &mut Draft<'_>,
    name: &Name,
    volume: &Name,
    options: &Entry,
) -> Result<Option<String>, BlueprintError> {
    let own = format!("{name}-{volume}");
    let own: Name = own
        .parse()
        .map_err(|_| wrong(name, format!("the volume `{volume}` has too long a name"), "shorten it"))?;
    kms_key::behind_alias(draft, &own, options.text_of(VOLUME, kms_key::OPTION))
}

/// The subnet of a machine, as it is written in its inputs, and the zone of its volumes.
struct Place {
    subnet: String,
    zone: String,
}

fn place(network: &Network, name: &Name, entry: &Entry) -> Result<Place, BlueprintError> {
    let of_network =
        |id: &str| network.subnets.iter().find(|(_, one)| one.as_str() == id).map(|(zone, _)| zone);
    match (entry.text(&ZONE), entry.text(&SUBNET)) {
        (Some(zone), Some(subnet)) => Ok(Place { subnet: subnet.to_owned(), zone: zone.to_owned() }),
        (Some(zone), None) if network.subnets.contains_key(zone) => {
            Ok(Place { subnet: id_of(&Network::subnet_address(zone)), zone: zone.to_owned() })
        }
        (Some(zone), None) => Err(BlueprintError::NoZone {
            entry: format!("the instance `{name}`"),
            zone: zone.to_owned(),
            zones: network.subnets.keys().cloned().collect(),
        }),
        (None, Some(subnet)) => match of_network(subnet) {
            Some(zone) => Ok(Place { subnet: id_of(&Network::subnet_address(zone)), zone: zone.clone() }),
            None => Err(wrong(
                name,
                format!("its subnet {subnet} is none of those that the network was found with"),
                "write its `zone` too",
            )),
        },
        (None, None) => {
            Err(wrong(name, "it has no place".to_owned(), "write `zone`, or the id of its `subnet`"))
        }
    }
}

/// The security groups of a machine, as they are written in its inputs: those that another part of the stack file decides, or the written
/// ones.
fn groups(draft: &Draft<'_>, name: &Name, entry: &Entry) -> Result<Vec<String>, BlueprintError> {
    let written = entry.get(&SECURITY_GROUPS).and_then(Value::as_array).into_iter().flatten();
    let written: Vec<String> = written.filter_map(Value::as_str).map(str::to_owned).collect();
    let all = match draft.decided.groups.get(name.as_str()) {
        Some(decided) => decided.iter().chain(&written).cloned().collect(),
        None => written,
    };
    if all.is_empty() {
        let why =
            "it has no security groups, and without any AWS gives it the default one of the VPC".to_owned();
        return Err(wrong(
            name,
            why,
            "name them in `security_groups`: entries of the section of that name, or ids",
        ));
    }
    Ok(all.iter().map(|one| group::of_text(one)).collect())
}

/// The instance profile of a machine, as it is written in its inputs.
fn profile(draft: &Draft<'_>, name: &Name, entry: &Entry) -> Result<Option<String>, BlueprintError> {
    let Some(role) = entry.text(&ROLE) else { return Ok(entry.text(&INSTANCE_PROFILE).map(str::to_owned)) };
    let profile = Address::new(PROFILE, role);
    if draft.declares(&profile) {
        return Ok(Some(id_of(&profile)));
    }
    let remedy = format!("write `instance_profile: true` at the role `{role}`");
    Err(wrong(name, format!("the role `{role}` has no instance profile"), &remedy))
}

fn wrong(name: &Name, why: String, hint: &str) -> BlueprintError {
    BlueprintError::Unfit { entry: format!("the instance `{name}`"), why, hint: hint.to_owned() }
}

#[cfg(test)]
mod tests;
