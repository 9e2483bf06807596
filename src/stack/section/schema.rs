//! The JSON Schema of the sections, from their rows and from the fields of the kinds.

use serde_json::{Map, Value, json};

use super::read::kinds;
use super::{IGNORE_CHANGES, Part, options};
use crate::engine::kind::Registry;
use crate::engine::resource::{Field, Need, Property};
use crate::stack::Name;
use crate::stack::sections::SECTIONS;

/// Adds all sections to the JSON Schema of the stack file.
pub(in crate::stack) fn publish(registry: &Registry, schema: &mut Value) {
    for section in SECTIONS {
        let mut entries = named(section.doc, &section.entry, registry);
        for entry in entries["patternProperties"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            entry["properties"][IGNORE_CHANGES.name]["items"] =
                json!({ "enum": section.ignorable(registry) });
        }
        entries["default"] = json!({});
        schema["properties"][section.key] = entries;
    }
    schema["anyOf"] = SECTIONS.iter().map(|section| json!({ "required": [section.key] })).collect();
}

/// The schema of names that the author chooses, with the options below each.
fn named(doc: &str, part: &'static Part, registry: &Registry) -> Value {
    let names = Name::RULE;
    json!({
        "type": "object",
        "description": doc,
        "propertyNames": { "maxLength": names.longest },
        "patternProperties": { (names.pattern): entry(part, registry) },
        "additionalProperties": false,
    })
}

fn entry(part: &'static Part, registry: &Registry) -> Value {
    let named = part.parts.iter().map(|one| (one.key.to_owned(), named(one.doc, &one.part, registry)));
    let fields = kinds(part, registry).flat_map(options).map(property);
    let rows = part.own.iter().copied().chain(fields).collect::<Vec<_>>();
    let mut properties: Map<String, Value> = rows.iter().map(Property::schema).chain(named).collect();
    if part.ignores() {
        properties[IGNORE_CHANGES.name]["items"] = json!({ "enum": part.ignorable(registry) });
    }
    let mut schema = json!({
        "type": "object",
        "description": part.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    let required: Vec<&str> =
        rows.iter().filter(|row| row.need == Need::Required).map(|row| row.name).collect();
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

/// A field of a kind as a row of the section.
fn property(field: &Field) -> Property {
    Property { name: field.name, doc: field.doc().unwrap_or_default(), shape: field.shape, need: field.need }
}
