//! The outputs of databases: endpoints to connect to.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::{REPLICA, REPLICAS};
use crate::engine::state::{Record, State};
use crate::stack::outputs::{Missing, Output, id, recorded, text};
use crate::stack::section::{Short, Without};

pub(super) const SHORT: &[Short] = &[Short {
    name: "pgsql_endpoint",
    field: "endpoint",
    doc: "`host:port` of the stack's one database. Null where there are several, while it is being made, or where\n\
          it is gone: then it is among `missing`.",
    schema: |generator| generator.subschema_for::<Option<String>>(),
    without: Without::Null,
}];

/// One database.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct Database {
    /// The id that never changes: `db-…`
    id: String,
    arn: String,
    /// `host:port`
    endpoint: String,
    host: String,
    port: u16,
    /// The database made inside the instance, if one was asked for.
    database: Option<String>,
    username: String,
    /// The Secrets Manager secret that holds the password, where RDS manages it.
    secret_arn: Option<String>,
    /// By name.
    replicas: BTreeMap<String, Replica>,
}

/// A copy of a database, to read from. Database, user and password are those of its source.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct Replica {
    /// The id that never changes: `db-…`
    id: String,
    arn: String,
    /// `host:port`
    endpoint: String,
    host: String,
    port: u16,
}

pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Database>()
}

pub(super) fn output(state: &State, name: &str, record: &Record) -> Option<Output> {
    let (host, port) = (text(&record.outputs, "host")?, text(&record.outputs, "port")?.parse().ok()?);
    let database = Database {
        id: id(record)?,
        arn: text(&record.outputs, "arn")?,
        endpoint: format!("{host}:{port}"),
        host,
        port,
        database: text(&record.inputs, "database_name"),
        username: text(&record.inputs, "username")?,
        secret_arn: text(&record.outputs, "secret_arn"),
        replicas: replicas(state, name)
            .filter_map(|(member, record)| Some((member.to_owned(), replica(record)?)))
            .collect(),
    };
    let mut output = Output::of(&database);
    let Database { id, arn, endpoint, host, port, database, username, secret_arn, replicas: made } = database;
    let all = [("id", id), ("arn", arn), ("endpoint", endpoint), ("host", host), ("port", port.to_string())];
    let optional = [("database", database), ("secret_arn", secret_arn)];
    output.texts.extend(all.map(|(field, text)| (field.to_owned(), text)));
    output.texts.insert("username".to_owned(), username);
    output.texts.extend(optional.into_iter().filter_map(|(field, text)| Some((field.to_owned(), text?))));
    for (member, Replica { id, arn, endpoint, host, port }) in made {
        let all =
            [("id", id), ("arn", arn), ("endpoint", endpoint), ("host", host), ("port", port.to_string())];
        output.texts.extend(all.map(|(field, text)| (format!("{REPLICAS}.{member}.{field}"), text)));
    }
    let without = replicas(state, name).filter(|(_, record)| replica(record).is_none());
    output.missing.extend(without.map(|(member, record)| {
        let what = format!("the replica {member} of {name}");
        match follows(record) || record.gone {
            true => Missing::object(format!("{REPLICAS}.{member}"), &what, record),
            false => Missing {
                output: format!("{REPLICAS}.{member}"),
                reason: format!("{what} follows no database any more: it was promoted"),
                zones: Vec::new(),
                hint: "to see the ways on: provision plan".to_owned(),
            },
        }
    }));
    Some(output)
}

/// The records of the replicas of a database, by name.
fn replicas<'a>(state: &'a State, name: &'a str) -> impl Iterator<Item = (&'a str, &'a Record)> {
    let of_database = recorded(state, REPLICA).filter(move |(member, _)| member.name() == name);
    of_database.filter_map(|(member, record)| Some((member.member_name()?, record)))
}

/// True for a replica that was not found to follow nothing any more.
fn follows(record: &Record) -> bool {
    text(&record.inputs, "source").is_none_or(|source| !source.is_empty())
}

fn replica(record: &Record) -> Option<Replica> {
    let id = id(record).filter(|_| !record.gone && follows(record))?;
    let (host, port) = (text(&record.outputs, "host")?, text(&record.outputs, "port")?.parse().ok()?);
    Some(Replica { id, arn: text(&record.outputs, "arn")?, endpoint: format!("{host}:{port}"), host, port })
}
