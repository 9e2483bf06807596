//! Values of fields as text: alone, as lists folded into lines, and as before and after.

use serde_json::{Map, Value};

use super::delta::{Delta, Entry, delta};
use super::harmless::{harmless, is_harmful};
use super::page::Page;
use super::style::Ink;

use crate::engine::plan::FieldChange;

/// The text for a value that exists only after apply.
pub(super) const UNKNOWN: &str = "(known after apply)";
/// The text for a value that must not be shown.
pub(super) const SENSITIVE: &str = "(sensitive)";
/// The text for a value that is not there.
pub(super) const ABSENT: &str = "(none)";

/// Longer than the longest tag value or description of AWS (256); what is longer is not meant to be read here.
const LONGEST: usize = 300;

/// A value on one line: `tcp`, `"with spaces"`, `[a, b]`, `{ team: platform }`.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => string(text),
        Value::Array(items) => format!("[{}]", join(items.iter().map(inline))),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => format!("{{ {} }}", join(entries(fields))),
        other => other.to_string(),
    }
}

/// A name or a text; in quotes wherever it could be taken for something else.
pub(super) fn string(text: &str) -> String {
    let bare = |character: char| {
        !is_harmful(character) && (character.is_alphanumeric() || "-_./:+@=*%#~&${}".contains(character))
    };
    if !text.is_empty() && text.len() <= LONGEST && text.chars().all(bare) {
        return text.to_owned();
    }
    let shown: String = text.chars().take(LONGEST).collect();
    let quoted = format!("\"{}\"", harmless(&shown.replace('\\', "\\\\").replace('"', "\\\"")));
    match text.chars().count() {
        all if all > LONGEST => format!("{quoted}… ({all} characters)"),
        _ => quoted,
    }
}

/// `name: value` for every entry that has a value.
fn entries(fields: &Map<String, Value>) -> impl Iterator<Item = String> {
    fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{}: {}", string(name), inline(value)))
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A longer value is broken, if it is nested, between its entries.
const UNBROKEN: usize = 60;

/// `name: value` in pieces, so that lines can be broken between them.
pub(super) fn entry(name: &str, value: &Value) -> Vec<String> {
    let mut pieces = pieces(value);
    pieces[0].insert_str(0, &format!("{}: ", string(name)));
    pieces
}

/// A value in pieces; one at least.
pub(super) fn pieces(value: &Value) -> Vec<String> {
    let plain = inline(value);
    match value {
        Value::Array(items) if plain.len() > UNBROKEN => wrapped("[", run_on(items.iter().map(pieces)), "]"),
        Value::Object(fields) if plain.len() > UNBROKEN => wrapped("{ ", broken(fields), " }"),
        _ => vec![plain],
    }
}

/// Every entry that has a value, in pieces.
fn broken(fields: &Map<String, Value>) -> Vec<String> {
    let written = fields.iter().filter(|(_, value)| !value.is_null());
    run_on(written.map(|(name, value)| entry(name, value)))
}

/// Entries in pieces one after the other, with a comma after each but the last.
fn run_on(entries: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let mut entries: Vec<Vec<String>> = entries.collect();
    let last = entries.len().saturating_sub(1);
    entries[..last].iter_mut().filter_map(|pieces| pieces.last_mut()).for_each(|piece| piece.push(','));
    entries.into_iter().flatten().collect()
}

/// The parts with a comma after each but the last, so that lines can be broken between them.
fn listed(parts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut parts: Vec<String> = parts.into_iter().collect();
    let last = parts.len().saturating_sub(1);
    parts[..last].iter_mut().for_each(|part| part.push(','));
    parts
}

/// The parts between an opening and a closing bracket, still to be broken between them.
fn wrapped(open: &str, mut parts: Vec<String>, close: &str) -> Vec<String> {
    if let Some(first) = parts.first_mut() {
        first.insert_str(0, open);
    }
    if let Some(last) = parts.last_mut() {
        last.push_str(close);
    }
    parts
}

/// An entry of the list `list` in pieces: an object without its braces, since it has its line for itself.
pub(super) fn item(list: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) if !fields.is_empty() => rule(list, fields).unwrap_or_else(|| broken(fields)),
        other => vec![inline(other)],
    }
}

/// A firewall rule as people say it, known by its shape: `tcp 2049 from sg-0123 "the nodes"`.
fn rule(list: &str, fields: &Map<String, Value>) -> Option<Vec<String>> {
    let all = ["protocol", "from_port", "to_port", "source", "description"];
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let port = |name: &str| fields.get(name).and_then(Value::as_u64);
    let (protocol, source) = (text("protocol")?, text("source")?);
    // In ICMP, the place of a port holds something else.
    if !fields.keys().all(|name| all.contains(&name.as_str())) || protocol.starts_with("icmp") {
        return None;
    }
    let ports = match (port("from_port"), port("to_port")) {
        (Some(first), Some(last)) if first == last => Some(first.to_string()),
        (Some(first), Some(last)) => Some(format!("{first}-{last}")),
        _ => None,
    };
    let protocol = if protocol == "-1" { "everything".to_owned() } else { string(protocol) };
    let direction = if list == "egress" { "to" } else { "from" };
    let description = text("description").filter(|text| !text.is_empty()).map(string);
    let peer = [direction.to_owned(), string(source)];
    Some(std::iter::once(protocol).chain(ports).chain(peer).chain(description).collect())
}

/// True if the value is a list that needs a line for each entry.
pub(super) fn is_list_of_objects(value: &Value) -> bool {
    matches!(value, Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()))
}

/// Writes the fields that a new object starts with.
pub(super) fn new_fields(page: &mut Page<'_>, indent: usize, fields: &[FieldChange]) {
    let shown = fields.iter().map(|field| match (&field.after, field.unknown, field.sensitive) {
        (_, true, _) => (field.path.as_str(), Shown::Word(UNKNOWN)),
        (_, _, true) => (field.path.as_str(), Shown::Word(SENSITIVE)),
        (after, ..) => (field.path.as_str(), Shown::Value(after.as_ref().unwrap_or(&Value::Null))),
    });
    named(page, indent, shown);
}

/// Writes the fields of a document.
pub(super) fn document_fields(page: &mut Page<'_>, indent: usize, document: &Map<String, Value>) {
    named(page, indent, document.iter().map(|(name, value)| (name.as_str(), Shown::Value(value))));
}

#[derive(Clone, Copy)]
enum Shown<'a> {
    Word(&'static str),
    Value(&'a Value),
}

/// Plain fields run on; lists of objects and maps have lines of their own; what has no value is left out.
fn named<'a>(page: &mut Page<'_>, indent: usize, fields: impl Iterator<Item = (&'a str, Shown<'a>)>) {
    let mut plain = Vec::new();
    let mut lists = Vec::new();
    let mut maps = Vec::new();
    for (name, shown) in fields {
        let name = string(name);
        match shown {
            Shown::Value(Value::Null) => {}
            Shown::Value(Value::Object(map)) if !map.is_empty() => maps.push((name, map)),
            Shown::Value(list @ Value::Array(items)) if is_list_of_objects(list) => lists.push((name, items)),
            Shown::Value(Value::Array(items)) if !items.is_empty() => {
                plain.push(wrapped(&format!("{name}: ["), listed(items.iter().map(inline)), "]"));
            }
            Shown::Value(value) => plain.push(vec![format!("{name}: {}", inline(value))]),
            Shown::Word(word) => plain.push(vec![format!("{name}: {word}")]),
        }
    }
    page.fill(indent, indent, run_on(plain.into_iter()));
    for (name, items) in lists {
        page.line(indent, &format!("{name}:"));
        for entry in items {
            page.fill(indent + 2, indent + 4, std::iter::once("-".to_owned()).chain(item(&name, entry)));
        }
    }
    for (name, map) in maps {
        page.fill(indent, indent + 2, wrapped(&format!("{name}: {{ "), broken(map), " }"));
    }
}

/// Writes one field before and after, with a note on what the change of this field costs.
pub(super) fn changed_field(page: &mut Page<'_>, indent: usize, field: &FieldChange, note: Option<&str>) {
    let note = note.map(|note| page.style().paint(Ink::Warning, &format!("({note})")));
    let name = string(&field.path);
    match delta(field) {
        Delta::Value { before, after } => {
            let values = [format!("{name}: {before}"), format!("→ {after}")];
            page.fill(indent, indent + 4, values.into_iter().chain(note));
        }
        Delta::Entries { entries, unchanged } => {
            page.fill(indent, indent + 4, std::iter::once(format!("{name}:")).chain(note));
            for Entry { mark, pieces } in entries {
                let mark = page.style().paint(mark.ink(), mark.symbol());
                page.fill(indent + 2, indent + 4, std::iter::once(mark).chain(pieces));
            }
            if unchanged > 0 {
                let text = page.style().paint(Ink::Faint, &format!("({unchanged} unchanged)"));
                page.line(indent + 2, &text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_could_be_taken_for_something_else_is_quoted() {
        for (value, expected) in [
            (json!("db.t4g.medium"), "db.t4g.medium"),
            (json!("::/0"), "::/0"),
            (json!("${x.y.id}"), "${x.y.id}"),
            (json!(""), r#""""#),
            (json!("(known after apply)"), r#""(known after apply)""#),
            (json!("a → b"), r#""a → b""#),
            (json!("a, b: c"), r#""a, b: c""#),
            (json!("say \"\\n\""), r#""say \"\\n\"""#),
            (json!("\u{1b}[31mred"), r#""\u{1b}[31mred""#),
            (json!("filler\u{3164}"), r#""filler\u{3164}""#),
            (json!([]), "[]"),
            (json!({}), "{}"),
            (json!(["a", 1, null]), "[a, 1, null]"),
            (json!({ "a": 1, "left out": null, "b c": [true] }), r#"{ a: 1, "b c": [true] }"#),
        ] {
            assert_eq!(inline(&value), expected);
        }
    }

    #[test]
    fn what_is_nested_and_long_is_broken_between_its_entries() {
        let short = json!({ "a": [1, 2], "b": { "c": "d" } });
        assert_eq!(entry("policy", &short), ["policy: { a: [1, 2], b: { c: d } }"]);
        let action = "elasticfilesystem:ClientMount";
        let long = json!({ "Action": [action, action, action], "Effect": "Allow" });
        let item = |comma: &str| format!("{action}{comma}");
        let list = [format!("[{action},"), item(","), item("]")];
        assert_eq!(pieces(&json!([action, action, action])), list);
        let expected =
            [format!("policy: {{ Action: {}", list[0]), item(","), item("],"), "Effect: Allow }".to_owned()];
        assert_eq!(entry("policy", &long), expected);
    }

    #[test]
    fn a_very_long_text_is_cut_and_says_so() {
        let text = inline(&json!("x".repeat(5_000)));
        assert!(text.starts_with("\"xxx") && text.ends_with("… (5000 characters)") && text.len() < 400);
    }
}
