//! The options of databases that do not go together, within one and among several.

use std::collections::BTreeMap;

use serde_json::Value;

use super::options::SUBNET_GROUP;
use super::subnet_groups::subnet_group_name;
use super::{DATABASE, IDENTIFIER, PASSWORD, REPLICA, REPLICAS, identifier, replica_identifier};
use crate::stack::Name;
use crate::stack::section::subnet_group::{DESCRIPTION, SUBNETS, existing_and_more};
use crate::stack::section::{Conflict, Entries, Entry, parameters};

const RETENTION: &str = "backup_retention_period";

/// Each database has an identifier of its own, one source of parameters, and says the same of a subnet group as those that share it.
pub(super) fn check(databases: &Entries) -> Vec<Conflict> {
    let mut found = Vec::new();
    found.extend(
        databases.iter().filter_map(|(name, entry)| parameters::two_groups(name, entry, "a database")),
    );
    for (part, word) in [(DESCRIPTION.name, "describes it otherwise"), (SUBNETS.name, "names other subnets")]
    {
        let mut said: BTreeMap<String, (&Name, &Value)> = BTreeMap::new();
        for (name, entry) in databases {
            let Some(its) = entry.get(&SUBNET_GROUP).and_then(|written| written.get(part)) else { continue };
            let group = subnet_group_name((name, entry));
            let (first, before) = *said.entry(group.to_lowercase()).or_insert((name, its));
            if before != its {
                let message = format!("the subnet group `{group}` is shared with `{first}`, which {word}");
                let remedy = format!("write its {part} once, or another name");
                found.push(Conflict::new(name, &[SUBNET_GROUP.name], message, remedy));
            }
        }
    }
    found.extend(databases.iter().filter_map(|(name, entry)| existing_and_more(name, entry)));
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
    let conflict =
        |option: &'static str, message: &str, remedy: &str| Conflict::new(name, &[option], message, remedy);
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

/// "Each DB instance can have up to 15 read replicas" (CreateDBInstanceReadReplica, SourceDBInstanceIdentifier).
const MOST_REPLICAS: usize = 15;

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

/// One instance that has an identifier: a database, or a replica of one.
struct Identified<'a> {
    path: Vec<String>,
    /// `main`, or `main/reports`.
    words: String,
    identifier: String,
    is_written: bool,
    of: &'a Name,
}
