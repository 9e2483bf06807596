//! Documents held against JSON Schemas, for the tests.

use regex_lite::Regex;
use serde_json::{Map, Value};

/// True if the value fits the schema.
pub(crate) fn accepts(schema: &Value, value: &Value) -> bool {
    jsonschema::validator_for(schema).expect("a published schema is one").is_valid(value)
}

/// The parts of the value that the schema does not speak of, by their places. Every document is described in full.
pub(crate) fn undescribed(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    look(schema, &[schema], value, "", &mut found);
    found
}

fn look(root: &Value, schemas: &[&Value], value: &Value, at: &str, found: &mut Vec<String>) {
    let mut said = Vec::new();
    schemas.iter().for_each(|schema| spread(root, schema, value, &mut said));
    match value {
        Value::Array(items) => {
            let of_items: Vec<&Value> = said.iter().filter_map(|keywords| keywords.get("items")).collect();
            items
                .iter()
                .enumerate()
                .for_each(|(n, item)| look(root, &of_items, item, &format!("{at}/{n}"), found));
        }
        Value::Object(fields) => {
            // A schema that says nothing of fields is for documents of any shape.
            let shapes = ["properties", "patternProperties", "additionalProperties"];
            if !said.iter().any(|keywords| shapes.iter().any(|shape| keywords.contains_key(*shape))) {
                return;
            }
            for (key, field) in fields {
                let of_field: Vec<&Value> =
                    said.iter().filter_map(|keywords| of_key(keywords, key)).collect();
                let at = format!("{at}/{key}");
                match of_field.is_empty() {
                    true => found.push(at),
                    false => look(root, &of_field, field, &at, found),
                }
            }
        }
        _ => {}
    }
}

/// Every set of keywords that is said of this value: references followed, and of choices those that it fits.
fn spread<'a>(root: &'a Value, schema: &'a Value, value: &Value, said: &mut Vec<&'a Map<String, Value>>) {
    let Value::Object(keywords) = schema else { return };
    said.push(keywords);
    if let Some(reference) = keywords.get("$ref") {
        spread(root, referred(root, reference), value, said);
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        let schemas = keywords.get(choice).and_then(Value::as_array).into_iter().flatten();
        schemas
            .filter(|one| accepts(&within(root, one), value))
            .for_each(|one| spread(root, one, value, said));
    }
}

/// A part of a schema as one that stands alone: what it refers to goes along.
fn within(root: &Value, part: &Value) -> Value {
    let Value::Object(keywords) = part else { return part.clone() };
    let mut alone = keywords.clone();
    alone.extend(root.get("$defs").map(|defined| ("$defs".to_owned(), defined.clone())));
    Value::Object(alone)
}

fn of_key<'a>(keywords: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let by_pattern = || {
        let mut patterns = keywords.get("patternProperties")?.as_object()?.iter();
        patterns
            .find(|(pattern, _)| Regex::new(pattern).expect("a pattern").is_match(key))
            .map(|(_, schema)| schema)
    };
    let others = || keywords.get("additionalProperties").filter(|schema| schema.as_bool() != Some(false));
    keywords.get("properties").and_then(|named| named.get(key)).or_else(by_pattern).or_else(others)
}

fn referred<'a>(root: &'a Value, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().and_then(|text| text.strip_prefix('#')).expect("a place in this schema");
    root.pointer(pointer).expect("a definition")
}
