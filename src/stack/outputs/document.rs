//! The document of `output --json`, and its JSON Schema.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::{FORMAT_VERSION, Missing, Outputs};
use crate::stack::section::Without;
use crate::stack::sections::SECTIONS;

impl Serialize for Outputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format_version", FORMAT_VERSION)?;
        self.short.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        self.sections.iter().try_for_each(|(key, entries)| map.serialize_entry(key, entries))?;
        map.serialize_entry("missing", &self.missing)?;
        map.end()
    }
}

impl JsonSchema for Outputs {
    fn schema_name() -> Cow<'static, str> {
        "Outputs".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = Map::from_iter([("format_version".to_owned(), json!({ "type": "string" }))]);
        let mut required = vec!["format_version"];
        for short in SECTIONS.iter().flat_map(|section| section.short) {
            properties.insert(short.name.to_owned(), described((short.schema)(generator), short.doc));
            required.extend((short.without == Without::EmptyList).then_some(short.name));
        }
        for section in SECTIONS {
            let entries = json_schema!({
                "type": "object",
                "additionalProperties": (section.output_schema)(generator),
            });
            properties.insert(section.key.to_owned(), described(entries, ENTRIES));
            required.push(section.key);
        }
        let missing = generator.subschema_for::<Vec<Missing>>();
        properties.insert("missing".to_owned(), described(missing, MISSING));
        required.push("missing");
        json_schema!({
            "description": "The document of `output --json`: the outputs of objects that exist. Those without a value are in \
                            `missing`, each with the reason.",
            "type": "object",
            "properties": properties,
            "required": required,
        })
    }
}

const ENTRIES: &str =
    "By name. Those that are being made for the first time, or are gone, are among `missing`.";
const MISSING: &str = "The outputs without a value, or with a part of it only.";

fn described(mut schema: Schema, doc: &str) -> Value {
    schema.insert("description".to_owned(), doc.into());
    schema.to_value()
}
