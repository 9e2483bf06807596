//! Values as YAML: block style, keys in a fixed order, and every text that any reader could take for something else in quotes.

use serde::Serialize;
use serde_json::{Map, Value};

/// The keys that stand first in an object of Kubernetes.
const FIRST: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// One document.
pub fn document(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).expect("what is rendered has text as keys");
    let mut text = String::new();
    match &value {
        Value::Object(entries) if !entries.is_empty() => block(entries, 0, &mut text),
        Value::Array(items) if !items.is_empty() => list(items, 0, &mut text),
        single => {
            text.push_str(&scalar(single, 0));
            text.push('\n');
        }
    }
    text
}

/// Several documents.
pub fn documents(values: &[Value]) -> String {
    values.iter().map(document).collect::<Vec<_>>().join("---\n")
}

fn block(entries: &Map<String, Value>, indent: usize, text: &mut String) {
    let first = FIRST.iter().filter_map(|key| entries.get_key_value(*key));
    let rest = entries.iter().filter(|(key, _)| !FIRST.contains(&key.as_str()));
    for (number, (key, value)) in first.chain(rest).enumerate() {
        // The first key of an item of a list stands beside its dash.
        if number > 0 || text.is_empty() || text.ends_with('\n') {
            pad(indent, text);
        }
        text.push_str(&quoted(key));
        text.push(':');
        below(value, indent, text);
    }
}

fn list(items: &[Value], indent: usize, text: &mut String) {
    for item in items {
        pad(indent, text);
        match item {
            Value::Object(entries) if !entries.is_empty() => {
                text.push_str("- ");
                block(entries, indent + 2, text);
            }
            Value::Array(inner) if !inner.is_empty() => {
                text.push_str("-\n");
                list(inner, indent + 2, text);
            }
            single => {
                text.push_str("- ");
                text.push_str(&scalar(single, indent + 2));
                text.push('\n');
            }
        }
    }
}

/// A value after its key.
fn below(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            text.push('\n');
            block(entries, indent + 2, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            list(items, indent + 2, text);
        }
        single => {
            text.push(' ');
            text.push_str(&scalar(single, indent + 2));
            text.push('\n');
        }
    }
}

fn pad(indent: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', indent));
}

fn scalar(value: &Value, indent: usize) -> String {
    match value {
        Value::String(lines) if is_literal(lines) => {
            let pad = " ".repeat(indent);
            let each = lines.trim_end_matches('\n').lines().map(|line| match line {
                "" => String::new(),
                line => format!("{pad}{line}"),
            });
            format!("|\n{}", each.collect::<Vec<_>>().join("\n"))
        }
        Value::String(text) => quoted(text),
        // JSON's own forms of null, truths, numbers, `{}` and `[]` are YAML.
        other => other.to_string(),
    }
}

/// True for lines that a literal block keeps as they are: it ends with one line break, and no line can be taken for an indentation.
fn is_literal(text: &str) -> bool {
    let plain = |c: char| matches!(c, '\n' | ' '..='~');
    text.len() > 1
        && text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.lines().all(|line| !line.ends_with(' '))
        && text.chars().all(plain)
}

/// A text that every reader takes for a text: bare where it begins with a letter and has nothing that YAML gives a meaning, otherwise in
/// the double quotes of JSON, which are YAML's.
fn quoted(text: &str) -> String {
    // YAML 1.1 readers take these for truths and nothing, in any case of letters.
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_bare = begins && text.chars().all(|c| c.is_ascii_alphanumeric() || "./_-".contains(c));
    match is_bare && !is_word {
        true => text.to_owned(),
        false => escaped(text),
    }
}

/// JSON's quotes and escapes, and besides those of YAML for all that is not ASCII: some of it breaks lines, or steers a terminal.
fn escaped(text: &str) -> String {
    let json = Value::from(text).to_string();
    let one = |c: char| match u32::from(c) {
        0x20..=0x7e => c.to_string(),
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    };
    json.chars().map(one).collect()
}

#[cfg(test)]
pub mod tests;
