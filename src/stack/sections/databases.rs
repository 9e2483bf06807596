//! `databases`: PostgreSQL databases (Amazon RDS), each with a subnet group and perhaps a parameter group of its own.

mod conflicts;
mod describe;
mod options;
mod outputs;
mod parameter_groups;
mod subnet_groups;

use serde_json::{Value, json};

use crate::engine::address::Address;
use crate::engine::network::Network;
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft, id_of, with};
use crate::stack::section::behind_group::{self, EXTRA_SECURITY_GROUPS, SECURITY_GROUP, access};
use crate::stack::section::subnet_group::{existing, names_subnets};
use crate::stack::section::{
    Belonging, Entry, Expand, IGNORE_CHANGES, Named, Others, Part, Section, kms_key,
};

use options::{PARAMETER_GROUP, PARAMETERS, REPLICA_PARAMETER_GROUP, SUBNET_GROUP};
use parameter_groups::{OF_PARAMETERS, parameter_group};
use subnet_groups::{OF_SUBNETS, existing_subnet_group, subnet_group};

const DATABASE: &str = "aws_db_instance";
const REPLICA: &str = "aws_db_replica";

const IDENTIFIER: &str = "identifier";
const PASSWORD: &str = "password";

/// The key of read replicas.
const REPLICAS: &str = "replicas";

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
    check: conflicts::check,
    names: &[],
    files: &[],
    spread: None,
    main: DATABASE,
    others: Others::None,
    roles: behind_group::roles,
    expand: Expand::InNetwork { declare, in_a_new_zone: None, apart: None },
    belongings: &[
        Belonging::Part(REPLICA),
        Belonging::Named { field: "db_subnet_group_name", kind: OF_SUBNETS },
        Belonging::Named { field: "parameter_group_name", kind: OF_PARAMETERS },
        Belonging::Groups { of: DATABASE, field: "vpc_security_group_ids" },
    ],
    describe: describe::describe,
    output: outputs::output,
    output_schema: outputs::schema,
    short: outputs::SHORT,
};

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
    if network.subnets.len() < 2 && !names_subnets(entry) {
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
    let parameter_group = parameter_group(draft, (name, entry))?;
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
