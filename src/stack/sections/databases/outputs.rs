//! The outputs of databases: endpoints to connect to.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use crate::engine::state::{Record, State};
use crate::stack::outputs::{Output, id, text};
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
}

pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Database>()
}

pub(super) fn output(_: &State, _: &str, record: &Record) -> Option<Output> {
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
    };
    let mut output = Output::of(&database);
    let Database { id, arn, endpoint, host, port, database, username, secret_arn } = database;
    let all = [("id", id), ("arn", arn), ("endpoint", endpoint), ("host", host), ("port", port.to_string())];
    let optional = [("database", database), ("secret_arn", secret_arn)];
    output.texts.extend(all.map(|(field, text)| (field.to_owned(), text)));
    output.texts.insert("username".to_owned(), username);
    output.texts.extend(optional.into_iter().filter_map(|(field, text)| Some((field.to_owned(), text?))));
    Some(output)
}
