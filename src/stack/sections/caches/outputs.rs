//! The outputs of caches: endpoints to connect to, and the secret with the password.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::SECRET;
use crate::engine::address::Address;
use crate::engine::state::{Record, State};
use crate::stack::outputs::{Output, id, text};

/// One cache.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct Cache {
    id: String,
    arn: String,
    /// The host that takes writes; it follows a failover.
    endpoint: String,
    /// The host to read from, which spreads over the replicas.
    reader_endpoint: Option<String>,
    port: u16,
    /// The Secrets Manager secret with the password: JSON with the key `password`.
    secret_arn: Option<String>,
}

pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Cache>()
}

pub(super) fn output(state: &State, name: &str, record: &Record) -> Option<Output> {
    let of_secret = state.resources.get(&Address::new(SECRET, name)).filter(|secret| !secret.gone);
    let cache = Cache {
        id: id(record)?,
        arn: text(&record.outputs, "arn")?,
        endpoint: text(&record.outputs, "host")?,
        reader_endpoint: text(&record.outputs, "reader_host"),
        port: text(&record.outputs, "port")?.parse().ok()?,
        secret_arn: of_secret.and_then(|secret| text(&secret.outputs, "arn")),
    };
    let mut output = Output::of(&cache);
    let Cache { id, arn, endpoint, reader_endpoint, port, secret_arn } = cache;
    let all = [("id", id), ("arn", arn), ("endpoint", endpoint), ("port", port.to_string())];
    let optional = [("reader_endpoint", reader_endpoint), ("secret_arn", secret_arn)];
    output.texts.extend(all.map(|(field, text)| (field.to_owned(), text)));
    output.texts.extend(optional.into_iter().filter_map(|(field, text)| Some((field.to_owned(), text?))));
    Some(output)
}
