//! `databases`: PostgreSQL databases (Amazon RDS), each with a subnet group and perhaps a parameter group of its own.

mod describe;
mod outputs;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::network::Network;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::blueprint::{BlueprintError, Draft, document, id_of, own_or_named, with};
use crate::stack::postgres::{Version, without_family};
use crate::stack::section::behind_group::{self, EXTRA_SECURITY_GROUPS, SECURITY_GROUP, access};
use crate::stack::section::titled::{Titled, titled};
use crate::stack::section::{
    Belonging, Conflict, Entries, Entry, Expand, IGNORE_CHANGES, Named, Others, Part, Section, kms_key,
};
use crate::stack::{Name, SubnetId};

const DATABASE: &str = "aws_db_instance";
const REPLICA: &str = "aws_db_replica";

const IDENTIFIER: &str = "identifier";
const PASSWORD: &str = "password";
const RETENTION: &str = "backup_retention_period";

/// The key of read replicas.
const REPLICAS: &str = "replicas";

/// "Each DB instance can have up to 15 read replicas" (CreateDBInstanceReadReplica, SourceDBInstanceIdentifier).
const MOST_REPLICAS: usize = 15;

pub(super) const SECTION: Section = Section {
    key: "databases",
    doc: "PostgreSQL databases (Amazon RDS), by name.",
    one: "database",
    several: "databases",
    entry: Part {
        doc: "One PostgreSQL database instance.",
        own: &[
            SECURITY_GROUP,
            EXTRA_SECURITY_GROUPS,
            SUBNET_GROUP,
            access(
                "The sources that may reach it, on its port: roles of the cluster, networks, groups, prefix lists; `[]` for none.",
            ),
            PARAMETER_GROUP,
            PARAMETERS,
            IGNORE_CHANGES,
        ],
        parts: &[Named {
            key: REPLICAS,
            doc: "Read replicas: copies that follow the database and are read from, by name. The database needs backups, and a password that\n\
                  RDS does not manage (`password`).",
            part: Part {
                doc: "One read replica of a database.",
                own: &[REPLICA_PARAMETER_GROUP, IGNORE_CHANGES],
                parts: &[],
                passes: &[REPLICA],
            },
        }],
        passes: &[DATABASE],
    },
    objects: &[],
    check,
    names: &[],
    files: &[],
    spread: None,
    main: DATABASE,
    others: Others::None,
    roles: behind_group::roles,
    expand: Expand::InNetwork { declare, in_a_new_zone: None, apart: None },
    belongings: &[
        Belonging::Part(REPLICA),
        Belonging::Named { field: "db_subnet_group_name", kind: "aws_db_subnet_group" },
        Belonging::Named { field: "parameter_group_name", kind: "aws_db_parameter_group" },
        Belonging::Groups { of: DATABASE, field: "vpc_security_group_ids" },
    ],
    describe: describe::describe,
    output: outputs::output,
    output_schema: outputs::schema,
    short: outputs::SHORT,
};

/// The name of a subnet group (CreateDBSubnetGroup).
const SUBNET_GROUP_NAME: Pattern = Pattern::new(
    "a subnet group's name: letters, digits, spaces and `._-`, at most 255, a letter first, and not `default`",
    "^[A-Za-z][A-Za-z0-9._ -]*$",
    255,
)
.but_not("^[dD][eE][fF][aA][uU][lL][tT]$");

const SUBNET_GROUP: Property = Property {
    name: "subnet_group",
    doc: "The name of the subnet group that is made for it, or its name, description and subnets; without it, the database's own name.\n\
          A group that is there keeps its name. `existing` takes a group that is not the stack's own.",
    shape: titled(
        &Shape::Text(SUBNET_GROUP_NAME),
        &Shape::Object(&[
            Property {
                name: "name",
                doc: "The group's name. A group that is there keeps its own.",
                shape: Shape::Text(SUBNET_GROUP_NAME),
                need: Need::Optional,
            },
            Property {
                name: "description",
                doc: "The group's description.",
                shape: Shape::Text(SUBNET_GROUP_DESCRIPTION),
                need: Need::Optional,
            },
            SUBNETS,
            EXISTING,
        ]),
    ),
    need: Need::Optional,
};

const SUBNETS: Property = Property {
    name: "subnets",
    doc: "The ids of its subnets; without it, one of each zone of the network.",
    shape: Shape::SetOf(&Shape::Text(SubnetId::RULE)),
    need: Need::Optional,
};

const EXISTING: Property = Property {
    name: "existing",
    doc: "The name of a subnet group that is there, in place of one of the stack's own: `default`, or one of others. It is never changed; alone.",
    shape: Shape::Text(ANY_SUBNET_GROUP_NAME),
    need: Need::Optional,
};

/// The name of a subnet group that is there: the one that each VPC may have too.
const ANY_SUBNET_GROUP_NAME: Pattern = Pattern { never: None, ..SUBNET_GROUP_NAME };

/// A part of the option of subnet groups.
fn of_subnet_group<'a>(entry: &'a Entry, part: &Property) -> Option<&'a Value> {
    entry.get(&SUBNET_GROUP)?.get(part.name)
}

/// The subnet group of others that a database is in.
fn existing(entry: &Entry) -> Option<&str> {
    of_subnet_group(entry, &EXISTING)?.as_str()
}

/// `${…}` is a reference.
const SUBNET_GROUP_DESCRIPTION: Pattern =
    Pattern::new("a description that is not empty", "(?s)^.+$", 65_536).but_not("\\$\\{");

const PARAMETERS: Property = Property {
    name: "parameters",
    doc: "Parameters of PostgreSQL, in a parameter group of the database's own. Some count only after a reboot, which\n\
          is left to you.",
    shape: Shape::MapOf { keys: PARAMETER, values: &Shape::Text(VALUE) },
    need: Need::Optional,
};

/// The name of a parameter group that is there (CreateDBParameterGroup), also of the default one of a version.
const PARAMETER_GROUP_NAME: Pattern = Pattern::new(
    "a parameter group's name: letters, digits and single hyphens, a letter first, at most 255; or a default one, such as \
     `default.postgres16`",
    "^([A-Za-z](-?[A-Za-z0-9])*|default\\.postgres[0-9]+(\\.[0-9]+)?)$",
    255,
);

const PARAMETER_GROUP: Property = Property {
    name: "parameter_group",
    doc: "The name of a parameter group that is there, in place of `parameters`. It is never changed. That of another database's\n\
          `parameters` is shared.",
    shape: Shape::Text(PARAMETER_GROUP_NAME),
    need: Need::Optional,
};

const REPLICA_PARAMETER_GROUP: Property = Property {
    name: PARAMETER_GROUP.name,
    doc: "The name of a parameter group that is there; without it, the replica has the group of the database.",
    shape: Shape::Text(PARAMETER_GROUP_NAME),
    need: Need::Optional,
};

/// The name of a parameter of PostgreSQL, of an extension or of RDS.
const PARAMETER: Pattern = Pattern::new(
    "a parameter's name, such as `work_mem` or `rds.force_ssl`",
    "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)?$",
    128,
);

/// The value of a parameter. Formulas such as `{DBInstanceClassMemory/32768}` are values too; `${…}` is a reference.
const VALUE: Pattern = Pattern::new(
    "a parameter's value: printable ASCII characters without `${`, at most 1024",
    "^[ -~]+$",
    1024,
)
.but_not("\\$\\{")
.bare();

/// Each database has an identifier of its own, one source of parameters, and says the same of a subnet group as those that share it.
fn check(databases: &Entries) -> Vec<Conflict> {
    let mut found = Vec::new();
    let conflict = |name: &Name, options: &[&'static str], message: String, remedy: String| Conflict {
        path: vec![name.to_string()],
        options: options.to_vec(),
        message,
        remedy,
    };
    for (name, entry) in databases {
        if entry.has_written(PARAMETER_GROUP.name) && entry.has_written(PARAMETERS.name) {
            let options = [PARAMETER_GROUP.name, PARAMETERS.name];
            let message = "a database has one parameter group: its own, or one that is there".to_owned();
            found.push(conflict(name, &options, message, "leave one of the two out".to_owned()));
        }
    }
    for (part, word) in [("description", "describes it otherwise"), (SUBNETS.name, "names other subnets")] {
        let mut said: BTreeMap<String, (&Name, &Value)> = BTreeMap::new();
        for (name, entry) in databases {
            let Some(its) = entry.get(&SUBNET_GROUP).and_then(|written| written.get(part)) else { continue };
            let group = subnet_group_name((name, entry));
            let (first, before) = *said.entry(group.to_lowercase()).or_insert((name, its));
            if before != its {
                let message = format!("the subnet group `{group}` is shared with `{first}`, which {word}");
                let remedy = format!("write its {part} once, or another name");
                found.push(conflict(name, &[SUBNET_GROUP.name], message, remedy));
            }
        }
    }
    for (name, entry) in databases.iter().filter(|(_, entry)| existing(entry).is_some()) {
        let parts = entry.get(&SUBNET_GROUP).and_then(Value::as_object);
        if parts.is_some_and(|parts| parts.len() > 1) {
            let message = format!("`{}` names a group that is not the stack's own", EXISTING.name);
            let remedy = format!("write `{}` alone", EXISTING.name);
            found.push(conflict(name, &[SUBNET_GROUP.name], message, remedy));
        }
    }
    found.extend(databases.iter().flat_map(|(name, entry)| unfit_for_replicas(name, entry)));
    found.extend(shared_identifiers(databases));
    found
}

/// The options of a database of which RDS makes no read replica.
fn unfit_for_replicas(name: &Name, entry: &Entry) -> Vec<Conflict> {
    let count = entry.parts(REPLICAS).count();
    if count == 0 {
        return Vec::new();
    }
    let conflict = |option: &'static str, message: &str, remedy: &str| Conflict {
        path: vec![name.to_string()],
        options: vec![option],
        message: message.to_owned(),
        remedy: remedy.to_owned(),
    };
    // "automatic backups enabled, that is, its backup retention period must be greater than 0" (CreateDBInstanceReadReplica).
    let without_backups = (entry.of(DATABASE).get(RETENTION).and_then(Value::as_i64) == Some(0)).then(|| {
        let message = "RDS makes no read replica of a database without backups";
        conflict(RETENTION, message, "write 1 or more, or take its `replicas` out")
    });
    // "Creating a read replica when the source DB or DB cluster manages credentials with Secrets Manager" is not supported ("Limitations
    // for Secrets Manager integration with Amazon RDS", RDS User Guide).
    let managed = (entry.text_of(DATABASE, PASSWORD) == Some("managed")).then(|| {
        let message = "RDS makes no read replica of a database whose password it manages";
        conflict(
            PASSWORD,
            message,
            "write `password: env:NAME` or `password: file:PATH`, or take its `replicas` out",
        )
    });
    let too_many = (count > MOST_REPLICAS).then(|| {
        let message = format!("a database has {MOST_REPLICAS} read replicas at most, not {count}");
        conflict(REPLICAS, &message, "take some of them out")
    });
    [without_backups, managed, too_many].into_iter().flatten().collect()
}

/// One instance that has an identifier: a database, or a replica of one.
struct Identified<'a> {
    path: Vec<String>,
    /// `main`, or `main/reports`.
    words: String,
    identifier: String,
    is_written: bool,
    of: &'a Name,
}

/// The identifiers that two instances would have.
fn shared_identifiers(databases: &Entries) -> Vec<Conflict> {
    let mut all = Vec::new();
    for (name, entry) in databases {
        all.push(Identified {
            path: vec![name.to_string()],
            words: name.to_string(),
            identifier: identifier((name, entry)),
            is_written: entry.text_of(DATABASE, IDENTIFIER).is_some(),
            of: name,
        });
    }
    for (name, entry) in databases {
        all.extend(entry.parts(REPLICAS).map(|(replica, options)| Identified {
            path: vec![name.to_string(), REPLICAS.to_owned(), replica.to_string()],
            words: format!("{name}/{replica}"),
            identifier: replica_identifier((name, entry), (replica, options)),
            is_written: options.text_of(REPLICA, IDENTIFIER).is_some(),
            of: name,
        }));
    }
    let mut found = Vec::new();
    let mut identifiers: BTreeMap<&str, &Identified<'_>> = BTreeMap::new();
    for one in &all {
        let Some(first) = identifiers.insert(&one.identifier, one) else { continue };
        // The one that writes it is the one to change.
        let (one, other) = match [one, first].into_iter().find(|each| each.is_written) {
            Some(writes) if writes.path == first.path => (first, one),
            _ => (one, first),
        };
        let other = match one.of == other.of && other.path.len() == 1 {
            true => "its database".to_owned(),
            false => format!("`{}`", other.words),
        };
        found.push(Conflict {
            path: one.path.clone(),
            options: vec![IDENTIFIER],
            message: format!("`{}` is the identifier of {other} already", one.identifier),
            remedy: "choose another `identifier`".to_owned(),
        });
    }
    found
}

/// The identifier of a database, in the lower case that RDS keeps.
fn identifier((name, entry): (&Name, &Entry)) -> String {
    entry.text_of(DATABASE, IDENTIFIER).unwrap_or(name.as_str()).to_lowercase()
}

/// The identifier of a read replica.
fn replica_identifier(database: (&Name, &Entry), (name, options): (&Name, &Entry)) -> String {
    let written = options.text_of(REPLICA, IDENTIFIER).map(str::to_lowercase);
    written.unwrap_or_else(|| format!("{}-{name}", identifier(database)))
}

fn declare(
    draft: &mut Draft<'_>,
    network: &Network,
    name: &Name,
    entry: &Entry,
) -> Result<(), BlueprintError> {
    let names_subnets = |part| of_subnet_group(entry, part).is_some();
    if network.subnets.len() < 2 && !names_subnets(&SUBNETS) && !names_subnets(&EXISTING) {
        return Err(too_few_zones(name, network, draft.stack.network.is_some()));
    }
    let port = entry.of(DATABASE).get("port").and_then(Value::as_u64);
    let port = port.and_then(|port| u32::try_from(port).ok()).expect("a port has a default");
    let groups = behind_group::attached(draft, network, (name, entry), ("PostgreSQL", port))?;
    // RDS keeps names in lower case.
    let subnet_group = match existing(entry) {
        Some(existing) => existing_subnet_group(draft, existing),
        None => id_of(&subnet_group(draft, network, (name, entry))?),
    };
    let parameter_group = match own_parameters(entry) {
        Some(parameters) => {
            let address = parameter_group_address(name);
            let inputs = parameter_group_of(draft, &address, (name, entry), parameters);
            draft.declare(address.clone(), inputs)?;
            Some(id_of(&address))
        }
        None => entry.text(&PARAMETER_GROUP).map(|written| named_parameter_group(draft, entry, written)),
    };
    let address = Address::new(DATABASE, name.as_str());
    let key = kms_key::behind_alias(draft, name, entry.text_of(DATABASE, kms_key::OPTION))?;
    let set = json!({
        "identifier": identifier((name, entry)),
        "engine": "postgres",
        "kms_key_id": key,
        "db_subnet_group_name": subnet_group,
        "vpc_security_group_ids": groups,
        "parameter_group_name": parameter_group,
        "tags": draft.tags(&address, name.as_str()),
    });
    draft.declare(address.clone(), with(entry.of(DATABASE), set))?;
    for (replica, options) in entry.parts(REPLICAS) {
        // Subnets, storage, version, encryption and user are those of the database (CreateDBInstanceReadReplica).
        let own_group = options.text(&REPLICA_PARAMETER_GROUP).map(str::to_lowercase);
        let member = Address::member(REPLICA, name.as_str(), replica.as_str());
        let set = json!({
            "identifier": replica_identifier((name, entry), (replica, options)),
            "source": id_of(&address),
            "port": port,
            "vpc_security_group_ids": groups,
            "parameter_group_name": own_group.or_else(|| parameter_group.clone()),
            "tags": draft.tags(&member, replica.as_str()),
        });
        draft.declare_part(member, with(options.of(REPLICA), set), options)?;
    }
    Ok(())
}

/// The name that the subnet group of a database has where none is recorded.
fn subnet_group_name<'a>((name, entry): (&'a Name, &'a Entry)) -> &'a str {
    Titled::of(entry, &SUBNET_GROUP).name.unwrap_or_else(|| unwritten(name.as_str()))
}

/// The name of the subnet group of a database that writes none: its own, which may be AWS's word for the group that each VPC has.
fn unwritten(name: &str) -> &str {
    if name == "default" { "default-subnets" } else { name }
}

/// The address of the subnet group of a database. Databases that write the same name share the group: it stands at the address at
/// which it is made, also where the database that has given it that address is gone, else at that of the first of them. A
/// database that has a group of its own keeps it: RDS moves none to another group of the same VPC (InvalidVPCNetworkStateFault).
fn subnet_group_address(draft: &Draft<'_>, (name, entry): (&Name, &Entry)) -> Address {
    let address = |name: &Name| Address::new("aws_db_subnet_group", name.as_str());
    let own = address(name);
    let Some(written) = Titled::of(entry, &SUBNET_GROUP).name else { return own };
    if draft.kept.made_with(&own, "name").is_some() {
        return own;
    }
    if let Some(made) = draft.kept.made_as("aws_db_subnet_group", "name", written) {
        return made.clone();
    }
    let entries = draft.stack.entries(&SECTION).iter();
    let mut sharing = entries.filter(|one| existing(one.1).is_none()).filter(|one| {
        let is_new = draft.kept.made_with(&address(one.0), "name").is_none();
        is_new && subnet_group_name(*one).eq_ignore_ascii_case(written)
    });
    sharing.next().map_or(own, |(first, _)| address(first))
}

/// Declares the subnet group of a database, where none of those that share it has done so.
fn subnet_group(
    draft: &mut Draft<'_>,
    network: &Network,
    (name, entry): (&Name, &Entry),
) -> Result<Address, BlueprintError> {
    let group = subnet_group_address(draft, (name, entry));
    let written = Titled::of(entry, &SUBNET_GROUP).name;
    let group_name = draft.made_with((&group, "name"), (SUBNET_GROUP.name, written), |kept| {
        kept.name(&group, unwritten(group.name()))
    });
    if draft.declares(&group) {
        return Ok(group);
    }
    let entries = draft.stack.entries(&SECTION).iter();
    let own = entries.filter(|(_, entry)| existing(entry).is_none());
    let sharing: Vec<_> = own.filter(|one| subnet_group_address(draft, *one) == group).collect();
    let mut written = sharing.iter().filter_map(|(_, entry)| Titled::of(entry, &SUBNET_GROUP).description);
    let description = match written.next() {
        Some(written) => written.to_owned(),
        None => draft.kept.text(&group, "description", format!("Subnets of {}", group.name())),
    };
    let of_zone = |zone: &String| Value::String(id_of(&Network::subnet_address(zone)));
    let of_zones = || network.subnets.keys().map(of_zone).collect::<Value>();
    let chosen = sharing.iter().find_map(|(_, entry)| of_subnet_group(entry, &SUBNETS).cloned());
    let inputs = document(json!({
        "name": group_name,
        "description": description,
        "subnet_ids": chosen.unwrap_or_else(of_zones),
        "tags": draft.tags(&group, group.name()),
    }));
    draft.declare(group.clone(), inputs)?;
    Ok(group)
}

/// A subnet group that a database takes as it is: the own one of another database, or one that is there.
fn existing_subnet_group(draft: &Draft<'_>, written: &str) -> String {
    let entries = draft.stack.entries(&SECTION).iter().filter(|(_, entry)| existing(entry).is_none());
    let own = entries.map(|one| {
        let group = subnet_group_address(draft, one);
        let made = draft.kept.made_with(&group, "name").or(Titled::of(one.1, &SUBNET_GROUP).name);
        let its = made.map(str::to_owned);
        let its = its.unwrap_or_else(|| draft.kept.name(&group, unwritten(group.name())));
        (group, its)
    });
    own_or_named(own, written)
}

fn parameter_group_address(name: &Name) -> Address {
    Address::new("aws_db_parameter_group", name.as_str())
}

/// A parameter group that a database names: the own one of another database of the same family, or one that is there, of which the plan
/// looks at the family.
fn named_parameter_group(draft: &Draft<'_>, user: &Entry, written: &str) -> String {
    let is_like = |entry: &Entry| own_parameters(entry).is_some() && family(entry) == family(user);
    let entries = draft.stack.entries(&SECTION).iter().filter(|(_, entry)| is_like(entry));
    let own = entries.map(|(name, entry)| {
        let address = parameter_group_address(name);
        let its = parameter_group_name(draft, &address, name, &family(entry));
        (address, its)
    });
    own_or_named(own, written)
}

/// The parameters of a group of the database's own.
fn own_parameters(entry: &Entry) -> Option<&Document> {
    entry.get(&PARAMETERS).and_then(Value::as_object).filter(|all| !all.is_empty())
}

fn too_few_zones(name: &Name, network: &Network, is_named: bool) -> BlueprintError {
    let zones: Vec<&str> = network.subnets.keys().map(String::as_str).collect();
    BlueprintError::TooFewSubnets {
        entry: format!("the database `{name}`"),
        needs: "subnets in two zones at least",
        has: if zones.is_empty() {
            "no usable one".to_owned()
        } else {
            format!("{} alone", zones.join(", "))
        },
        hint: match is_named {
            true => {
                "write one more into `subnets` of `network`, of another zone, or take the database out of the stack file"
            }
            false => {
                "name one more with --subnet-id, add a subnet in another zone to the cluster's network, or take the \
                 database out of the stack file"
            }
        },
    }
}

/// The family of parameter groups for the written version.
fn family(entry: &Entry) -> String {
    let version = entry.text_of(DATABASE, "engine_version").and_then(Version::parse);
    version.expect("the stack file's versions are versions").family()
}

/// The inputs of a parameter group.
fn parameter_group_of(
    draft: &Draft<'_>,
    address: &Address,
    (name, entry): (&Name, &Entry),
    parameters: &Document,
) -> Document {
    let family = family(entry);
    document(json!({
        "name": parameter_group_name(draft, address, name, &family),
        "family": family,
        "description": draft.kept.text(address, "description", format!("Parameters of {name}")),
        "parameters": parameters,
        "tags": draft.tags(address, name.as_str()),
    }))
}

/// The name of a parameter group of a family.
fn parameter_group_name(draft: &Draft<'_>, address: &Address, name: &Name, family: &str) -> String {
    draft.kept.name_in_family(address, family, name.as_str(), without_family)
}
