//! Values as the text of a stack file.

use std::fmt::Write;

use serde_json::Value;

use super::yaml::Plain;
use crate::engine::document::Document;

/// The longest line that holds several values.
const WIDE: usize = 100;
/// The spaces of each level.
const STEP: usize = 2;

/// Options below a key, each on a line of its own, at this level of indentation.
pub(super) fn options(options: &Document, level: usize) -> String {
    let mut text = String::new();
    for (key, value) in options {
        entry(&mut text, key, value, level);
    }
    text
}

fn entry(text: &mut String, key: &str, value: &Value, level: usize) {
    let indent = " ".repeat(level * STEP);
    let key = scalar(key);
    let line = format!("{indent}{key}: {}", in_one_line(value));
    let below = match value {
        _ if line.chars().count() <= WIDE => None,
        Value::Object(parts) if !parts.is_empty() => Some(options(parts, level + 1)),
        Value::Array(items) if !items.is_empty() => {
            let indent = " ".repeat((level + 1) * STEP);
            Some(items.iter().map(|item| format!("{indent}- {}\n", in_one_line(item))).collect())
        }
        _ => None,
    };
    let line = match below {
        Some(below) => format!("{indent}{key}:\n{below}"),
        None => format!("{line}\n"),
    };
    text.push_str(&line);
}

/// A value without a line of its own.
pub(super) fn in_one_line(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(in_one_line).collect::<Vec<_>>().join(", ")),
        Value::Object(parts) if parts.is_empty() => "{}".to_owned(),
        Value::Object(parts) => {
            let parts = parts.iter().map(|(key, value)| format!("{}: {}", scalar(key), in_one_line(value)));
            format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
        }
        // The stack file has whole numbers alone.
        Value::Number(number) => match number.as_f64() {
            Some(whole) if number.is_f64() && whole.fract() == 0.0 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A text, in quotes where YAML would read something else.
pub(super) fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:".contains(c);
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '_');
    let is_number_like = text.starts_with(|c: char| c.is_ascii_digit()) && text.contains([':', '_', '-']);
    if begins_well
        && text.chars().all(is_plain)
        && !text.ends_with(':')
        && !is_number_like
        && Plain::of(text) == Plain::Text
    {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::stack::yaml::{self, Content, Node};

    /// The texts of a tree, in their order.
    fn texts(node: &Node, found: &mut Vec<String>) {
        match &node.content {
            Content::Scalar { text, .. } => found.push(text.clone()),
            Content::List(items) => items.iter().for_each(|item| texts(item, found)),
            Content::Map(entries) => {
                for entry in entries {
                    found.push(entry.key.clone());
                    texts(&entry.value, found);
                }
            }
        }
    }

    fn read(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        texts(&yaml::tree(text, &mut Vec::new()).expect("what is written is YAML"), &mut found);
        found
    }

    #[test]
    fn long_values_stand_below_their_key_and_short_ones_beside_it() {
        let long = "x".repeat(40);
        let value = json!({ "a": { "b": [1, true], "c": 12.0 }, "d": [long, long, long], "e": {} });
        let text = options(value.as_object().expect("an object"), 1);
        let list = format!("    - {long}\n").repeat(3);
        assert_eq!(text, format!("  a: {{ b: [1, true], c: 12 }}\n  d:\n{list}  e: {{}}\n"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_was_written(texts in prop::collection::vec("[ -~äß\\n\\t]{0,40}", 1..6)) {
            let value = json!({ "a": texts });
            let text = options(value.as_object().expect("an object"), 0);
            let mut expected = vec!["a".to_owned()];
            expected.extend(texts);
            prop_assert_eq!(read(&text), expected);
        }
    }
}
