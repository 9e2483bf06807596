//! A validator of JSON Schemas for the tests. It knows just the keywords that our schemas use, and stops at any other.

use regex_lite::Regex;
use serde_json::{Map, Value, json};

/// True if the value fits the schema.
pub(crate) fn accepts(schema: &Value, value: &Value) -> bool {
    fits(schema, schema, value)
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
        schemas.filter(|one| fits(root, one, value)).for_each(|one| spread(root, one, value, said));
    }
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

fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let Value::Object(keywords) = schema else {
        return schema.as_bool().expect("a schema is an object or a bool");
    };
    keywords.iter().all(|(keyword, rule)| holds(root, keyword, rule, keywords, value))
}

fn holds(root: &Value, keyword: &str, rule: &Value, all: &Map<String, Value>, value: &Value) -> bool {
    let accepts = |schema: &Value, value: &Value| fits(root, schema, value);
    let size = || rule.as_u64().expect("a size") as usize;
    let matches = |pattern: &str, text: &str| Regex::new(pattern).expect("a pattern").is_match(text);
    let named = |keyword: &str, key: &str| all.get(keyword).is_some_and(|named| named.get(key).is_some());
    let by_pattern = |key: &str| {
        let patterns = all.get("patternProperties").and_then(Value::as_object);
        patterns.is_some_and(|patterns| patterns.keys().any(|pattern| matches(pattern, key)))
    };
    match (keyword, value) {
        ("$schema" | "$id" | "$defs" | "title" | "description" | "default" | "format_version", _) => true,
        // Sizes of numbers in memory; JSON Schema leaves them to those who know them.
        ("format", _) => true,
        ("$ref", _) => accepts(referred(root, rule), value),
        ("type", _) => match rule {
            Value::String(name) => has_type(name, value),
            Value::Array(names) => names.iter().any(|name| has_type(name.as_str().expect("a type"), value)),
            _ => panic!("a type is a name or several"),
        },
        ("enum", _) => rule.as_array().expect("a list").contains(value),
        ("const", _) => rule == value,
        ("anyOf", _) => rule.as_array().expect("a list").iter().any(|schema| accepts(schema, value)),
        ("oneOf", _) => {
            rule.as_array().expect("a list").iter().filter(|schema| accepts(schema, value)).count() == 1
        }
        ("allOf", _) => rule.as_array().expect("a list").iter().all(|schema| accepts(schema, value)),
        ("not", _) => !accepts(rule, value),
        ("pattern", Value::String(text)) => matches(rule.as_str().expect("a pattern"), text),
        ("maxLength", Value::String(text)) => text.chars().count() <= size(),
        ("minLength", Value::String(text)) => text.chars().count() >= size(),
        ("minimum", Value::Number(number)) => number.as_f64() >= rule.as_f64(),
        ("maximum", Value::Number(number)) => number.as_f64() <= rule.as_f64(),
        ("exclusiveMaximum", Value::Number(number)) => number.as_f64() < rule.as_f64(),
        ("items", Value::Array(items)) => items.iter().all(|item| accepts(rule, item)),
        ("minItems", Value::Array(items)) => items.len() >= size(),
        ("uniqueItems", Value::Array(items)) => (1..items.len()).all(|n| !items[..n].contains(&items[n])),
        ("required", Value::Object(fields)) => rule
            .as_array()
            .expect("a list")
            .iter()
            .all(|key| fields.contains_key(key.as_str().expect("a key"))),
        ("properties", Value::Object(fields)) => {
            fields.iter().all(|(key, field)| rule.get(key).is_none_or(|schema| accepts(schema, field)))
        }
        ("patternProperties", Value::Object(fields)) => {
            rule.as_object().expect("schemas").iter().all(|(pattern, schema)| {
                fields.iter().all(|(key, field)| !matches(pattern, key) || accepts(schema, field))
            })
        }
        ("additionalProperties", Value::Object(fields)) => fields
            .iter()
            .filter(|(key, _)| !named("properties", key) && !by_pattern(key))
            .all(|(_, field)| accepts(rule, field)),
        ("propertyNames", Value::Object(fields)) => fields.keys().all(|key| accepts(rule, &json!(key))),
        ("minProperties", Value::Object(fields)) => fields.len() >= size(),
        ("maxProperties", Value::Object(fields)) => fields.len() <= size(),
        (
            "pattern"
            | "maxLength"
            | "minLength"
            | "minimum"
            | "maximum"
            | "exclusiveMaximum"
            | "items"
            | "minItems"
            | "uniqueItems"
            | "required"
            | "properties"
            | "patternProperties"
            | "additionalProperties"
            | "propertyNames"
            | "minProperties"
            | "maxProperties",
            _,
        ) => true,
        (unknown, _) => panic!("the validator of this test does not know `{unknown}`"),
    }
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("the schema has no use for the type `{other}`"),
    }
}
