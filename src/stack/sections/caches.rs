//! `caches`: caches of Valkey or Redis (Amazon ElastiCache), each with a subnet group, and perhaps a parameter group and a password of its
//! own.

mod describe;
mod options;
mod outputs;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::network::Network;
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft, document, id_of, own_or_named, with};
use crate::stack::section::behind_group::{self, EXTRA_SECURITY_GROUPS, SECURITY_GROUP, access};
use crate::stack::section::subnet_group::{self, existing, names_subnets, of_every_zone, subnets};
use crate::stack::section::titled::Titled;
use crate::stack::section::{
    Belonging, Conflict, Entries, Entry, Expand, IGNORE_CHANGES, Others, Part, Section, kms_key, parameters,
};
use crate::stack::valkey::{Version, without_family};

use options::{MANAGED, PARAMETER_GROUP, PARAMETERS, PASSWORD, SUBNET_GROUP, UNMANAGED};

const CACHE: &str = "aws_elasticache_replication_group";
const OF_SUBNETS: &str = "aws_elasticache_subnet_group";
const OF_PARAMETERS: &str = "aws_elasticache_parameter_group";
const SECRET: &str = "aws_secretsmanager_secret";

const GROUP_ID: &str = "replication_group_id";
const ENGINE: &str = "engine";
const VERSION: &str = "engine_version";

/// The versions of new caches where none is written: GitLab takes these too ("Valkey" and "Redis" among the requirements of GitLab).
const NEWEST: [(&str, &str); 2] = [("valkey", "8.1"), ("redis", "7.1")];

pub(super) const SECTION: Section = Section {
    key: "caches",
    doc: "Caches of Valkey or Redis (Amazon ElastiCache), by name.",
    one: "cache",
    several: "caches",
    entry: Part {
        doc: "One cache of Valkey or Redis, with cluster mode off.",
        own: &[
            SECURITY_GROUP,
            EXTRA_SECURITY_GROUPS,
            SUBNET_GROUP,
            access(
                "The sources that may reach it, on its port: roles of the cluster, networks, groups, prefix lists; `[]` for none.",
            ),
            PARAMETER_GROUP,
            PARAMETERS,
            PASSWORD,
            IGNORE_CHANGES,
        ],
        parts: &[],
        passes: &[CACHE],
    },
    objects: &[(PASSWORD.name, "write `password: unmanaged`")],
    check,
    names: &[],
    files: &[],
    spread: None,
    main: CACHE,
    others: Others::None,
    roles: behind_group::roles,
    expand: Expand::InNetwork { declare, in_a_new_zone: None, apart: None },
    belongings: &[
        Belonging::Named { field: "cache_subnet_group_name", kind: OF_SUBNETS },
        Belonging::Named { field: "cache_parameter_group_name", kind: OF_PARAMETERS },
        Belonging::Groups { of: CACHE, field: "security_group_ids" },
    ],
    describe: describe::describe,
    output: outputs::output,
    output_schema: outputs::schema,
    short: &[],
};

fn has_password(entry: &Entry) -> bool {
    entry.of(CACHE).get("authentication") == Some(&Value::Bool(true))
        && entry.text(&PASSWORD) == Some(MANAGED)
}

/// Each cache has an identifier and a subnet group of its own, and one source of parameters.
fn check(caches: &Entries) -> Vec<Conflict> {
    let mut found = Vec::new();
    let (mut ids, mut groups) = (BTreeMap::new(), BTreeMap::new());
    for (name, entry) in caches {
        found.extend(parameters::two_groups(name, entry, "a cache"));
        found.extend(subnet_group::existing_and_more(name, entry));
        let id = entry.text_of(CACHE, GROUP_ID).map(str::to_lowercase);
        if let Some((id, first)) = id.and_then(|id| Some((id.clone(), ids.insert(id, name)?))) {
            let message = format!("`{id}` is the identifier of `{first}` already");
            found.push(Conflict::new(name, &[GROUP_ID], message, "choose another `replication_group_id`"));
        }
        let group = Titled::of(entry, &SUBNET_GROUP).name.map(str::to_lowercase);
        if let Some((group, first)) =
            group.and_then(|group| Some((group.clone(), groups.insert(group, name)?)))
        {
            let message = format!("`{group}` is the subnet group of `{first}` already");
            found.push(Conflict::new(
                name,
                &[SUBNET_GROUP.name],
                message,
                "choose another name, or leave it out",
            ));
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
    let options = entry.of(CACHE);
    let spans = options.get("multi_az") == Some(&Value::Bool(true));
    if spans && network.subnets.len() < 2 && !names_subnets(entry) {
        return Err(too_few_zones(name, network));
    }
    let port = options.get("port").and_then(Value::as_u64).and_then(|port| u32::try_from(port).ok());
    let port = port.expect("a port has a default");
    let groups = behind_group::attached(draft, network, (name, entry), ("Cache", port))?;
    let address = Address::new(CACHE, name.as_str());
    let group_id = match entry.text_of(CACHE, GROUP_ID) {
        Some(written) => written.to_owned(),
        None => draft.kept.text(&address, GROUP_ID, format!("{}-{name}", draft.stack.stack)),
    };
    let subnet_group = match existing(entry) {
        Some(existing) => existing_subnet_group(draft, existing),
        None => id_of(&own_subnet_group(draft, network, (name, entry))?),
    };
    let parameter_group = match parameters::written(entry) {
        Some(parameters) => Some(id_of(&parameter_group(draft, (name, entry), parameters)?)),
        None => entry.text(&PARAMETER_GROUP).map(|written| named_parameter_group(draft, entry, written)),
    };
    let secret = match has_password(entry) {
        true => Some(id_of(&secret(draft, name)?)),
        false => None,
    };
    let key = kms_key::behind_alias(draft, name, entry.text_of(CACHE, kms_key::OPTION))?;
    let set = json!({
        (GROUP_ID): group_id,
        "description": draft.kept.text(&address, "description", format!("{name} of {}", draft.stack.stack)),
        (VERSION): version(entry),
        "kms_key_id": key,
        "cache_subnet_group_name": subnet_group,
        "security_group_ids": groups,
        "cache_parameter_group_name": parameter_group,
        "password_secret_arn": secret,
        "tags": draft.tags(&address, name.as_str()),
    });
    draft.declare(address, with(options, set))
}

/// The version that is written, or that a new cache has.
fn version(entry: &Entry) -> String {
    let engine = entry.text_of(CACHE, ENGINE).unwrap_or_default();
    let newest = || NEWEST.iter().find(|(known, _)| *known == engine).map_or("", |(_, version)| version);
    entry.text_of(CACHE, VERSION).unwrap_or_else(newest).to_owned()
}

/// The subnet group of the cache's own.
fn own_subnet_group(
    draft: &mut Draft<'_>,
    network: &Network,
    (name, entry): (&Name, &Entry),
) -> Result<Address, BlueprintError> {
    let group = Address::new(OF_SUBNETS, name.as_str());
    let Titled { name: written, description } = Titled::of(entry, &SUBNET_GROUP);
    let stem = stem_of_subnets(draft, name);
    let group_name =
        draft.made_with((&group, "name"), (SUBNET_GROUP.name, written), |kept| kept.name(&group, &stem));
    let description = match description {
        Some(written) => written.to_owned(),
        None => draft.kept.text(&group, "description", format!("Subnets of {name}")),
    };
    let inputs = document(json!({
        "name": group_name,
        "description": description,
        "subnet_ids": subnets(entry).cloned().unwrap_or_else(|| of_every_zone(network)),
        "tags": draft.tags(&group, name.as_str()),
    }));
    draft.declare(group.clone(), inputs)?;
    Ok(group)
}

/// The parameter group of a cache.
fn parameter_group(
    draft: &mut Draft<'_>,
    (name, entry): (&Name, &Entry),
    parameters: &Document,
) -> Result<Address, BlueprintError> {
    let address = Address::new(OF_PARAMETERS, name.as_str());
    let family = family(entry);
    let group_name = parameter_group_name(draft, &address, name, &family);
    let inputs = document(json!({
        "name": group_name,
        "family": family,
        "description": draft.kept.text(&address, "description", format!("Parameters of {name}")),
        "parameters": parameters,
        "tags": draft.tags(&address, name.as_str()),
    }));
    draft.declare(address.clone(), inputs)?;
    Ok(address)
}

fn stem_of_subnets(draft: &Draft<'_>, name: &Name) -> String {
    format!("{}-{name}-subnets", draft.stack.stack)
}

/// The name of a parameter group of a family.
fn parameter_group_name(draft: &Draft<'_>, address: &Address, name: &Name, family: &str) -> String {
    draft.kept.name_in_family(address, family, &format!("{}-{name}", draft.stack.stack), without_family)
}

/// A subnet group that a cache takes as it is: the own one of another cache, or one that is there.
fn existing_subnet_group(draft: &Draft<'_>, written: &str) -> String {
    let entries = draft.stack.entries(&SECTION).iter().filter(|(_, entry)| existing(entry).is_none());
    let own = entries.map(|(name, entry)| {
        let group = Address::new(OF_SUBNETS, name.as_str());
        let made = draft.kept.made_with(&group, "name").or(Titled::of(entry, &SUBNET_GROUP).name);
        let its = made.map(str::to_owned);
        let its = its.unwrap_or_else(|| draft.kept.name(&group, &stem_of_subnets(draft, name)));
        (group, its)
    });
    own_or_named(own, written)
}

/// A parameter group that a cache names: the own one of another cache of the same family, or one that is there.
fn named_parameter_group(draft: &Draft<'_>, user: &Entry, written: &str) -> String {
    let is_like = |entry: &Entry| parameters::written(entry).is_some() && family(entry) == family(user);
    let entries = draft.stack.entries(&SECTION).iter().filter(|(_, entry)| is_like(entry));
    let own = entries.map(|(name, entry)| {
        let address = Address::new(OF_PARAMETERS, name.as_str());
        let its = parameter_group_name(draft, &address, name, &family(entry));
        (address, its)
    });
    own_or_named(own, written)
}

/// The family of parameter groups for the version.
fn family(entry: &Entry) -> String {
    let version = Version::parse(&version(entry)).expect("the stack file's versions are versions");
    version.family(entry.text_of(CACHE, ENGINE).unwrap_or_default())
}

/// The secret with the password of a cache.
fn secret(draft: &mut Draft<'_>, name: &Name) -> Result<Address, BlueprintError> {
    let address = Address::new(SECRET, name.as_str());
    let stem = format!("{}-{name}", draft.stack.stack);
    let inputs = document(json!({
        "name": draft.kept.recorded(&address, "name").map_or_else(
            || draft.kept.new_name(&address, &stem, &|stem| format!("{stem}-password")), str::to_owned),
        "description": draft.kept.text(&address, "description", format!("Password of the cache {name}")),
        "tags": draft.tags(&address, name.as_str()),
    }));
    draft.declare(address.clone(), inputs)?;
    Ok(address)
}

fn too_few_zones(name: &Name, network: &Network) -> BlueprintError {
    let zones: Vec<&str> = network.subnets.keys().map(String::as_str).collect();
    BlueprintError::TooFewSubnets {
        entry: format!("the cache `{name}`"),
        needs: "subnets in two zones at least, as `multi_az` says",
        has: if zones.is_empty() {
            "no usable one".to_owned()
        } else {
            format!("{} alone", zones.join(", "))
        },
        hint: "write `multi_az: false`, or name one more subnet, of another zone",
    }
}
