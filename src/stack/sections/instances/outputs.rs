//! The outputs of machines: their addresses in the network, and their volumes.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::VOLUME;
use crate::engine::state::{Record, State};
use crate::stack::outputs::{Output, id, recorded, text};

/// One machine.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct Machine {
    /// `i-…`
    id: String,
    zone: String,
    private_ip: String,
    private_dns_name: Option<String>,
    /// The image that it was made of.
    image_id: Option<String>,
    /// The ids of its volumes, by name.
    volumes: BTreeMap<String, String>,
}

pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Machine>()
}

pub(super) fn output(state: &State, name: &str, record: &Record) -> Option<Output> {
    let of_machine =
        recorded(state, VOLUME).filter(|(address, volume)| address.name() == name && !volume.gone);
    let volumes =
        of_machine.filter_map(|(address, volume)| Some((address.member_name()?.to_owned(), id(volume)?)));
    let machine = Machine {
        id: id(record)?,
        zone: text(&record.outputs, "availability_zone")?,
        private_ip: text(&record.outputs, "private_ip")?,
        private_dns_name: text(&record.outputs, "private_dns_name"),
        image_id: text(&record.outputs, "image_id"),
        volumes: volumes.collect(),
    };
    let mut output = Output::of(&machine);
    let Machine { id, zone, private_ip, private_dns_name, image_id, volumes } = machine;
    let all = [("id", id), ("zone", zone), ("private_ip", private_ip)];
    let optional = [("private_dns_name", private_dns_name), ("image_id", image_id)];
    output.texts.extend(all.map(|(field, text)| (field.to_owned(), text)));
    output.texts.extend(optional.into_iter().filter_map(|(field, text)| Some((field.to_owned(), text?))));
    output.texts.extend(volumes.into_iter().map(|(volume, id)| (format!("volumes.{volume}"), id)));
    Some(output)
}
