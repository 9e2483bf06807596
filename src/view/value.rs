//! Values of fields as text: alone, a line for each field, and as before and after.

use serde_json::{Map, Value};

use super::delta::{Delta, Entry, Mark, delta};
use super::harmless::{harmless, is_harmful};
use super::page::{Page, visible_width};
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

/// Writes the fields that a new object starts with. Those that have their default are faint.
pub(super) fn new_fields(page: &mut Page<'_>, indent: usize, fields: &[FieldChange]) {
    let shown = fields.iter().map(|field| {
        let value = match (&field.after, field.unknown, field.sensitive) {
            (None, true, _) => Shown::Word(UNKNOWN),
            (_, _, true) => Shown::Word(SENSITIVE),
            (after, ..) => Shown::Value(after.as_ref().unwrap_or(&Value::Null)),
        };
        Named { name: &field.path, value, is_faint: field.is_default }
    });
    let mark = page.style().paint(Mark::Added.ink(), Mark::Added.symbol());
    named(page, indent, &mark, shown);
}

/// Writes the fields of a document.
pub(super) fn document_fields(page: &mut Page<'_>, indent: usize, document: &Map<String, Value>) {
    let shown =
        document.iter().map(|(name, value)| Named { name, value: Shown::Value(value), is_faint: false });
    named(page, indent, "-", shown);
}

/// A field with its value.
struct Named<'a> {
    name: &'a str,
    value: Shown<'a>,
    is_faint: bool,
}

#[derive(Clone, Copy)]
enum Shown<'a> {
    Word(&'static str),
    Value(&'a Value),
}

/// No name takes more of a line than this: longer ones push their values to the right.
const WIDEST: usize = 30;

/// The column at which values begin: two colons apart from the longest name, counted from the names' own column.
fn column<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let widths = names.map(|name| visible_width(&string(name)) + ": ".len());
    widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
}

/// `name:` and the space up to the column of values.
fn label(name: &str, column: usize) -> String {
    let name = format!("{}:", string(name));
    let space = column.saturating_sub(visible_width(&name) + 1);
    format!("{name}{}", " ".repeat(space))
}

/// A line for each field, with the values below each other; then lists of objects and long maps, a line for each entry. A field without a
/// value is left out.
fn named<'a>(page: &mut Page<'_>, indent: usize, mark: &str, fields: impl Iterator<Item = Named<'a>>) {
    let has_value = |field: &Named<'_>| !matches!(field.value, Shown::Value(Value::Null));
    let fields: Vec<Named<'a>> = fields.filter(has_value).collect();
    let is_list = |field: &&Named<'_>| matches!(field.value, Shown::Value(list) if is_list_of_objects(list));
    let column = column(fields.iter().filter(|field| !is_list(field)).map(|field| field.name));
    let room = page.style().width.min(LINE).saturating_sub(indent + column);
    let is_long = |field: &&Named<'_>| match field.value {
        Shown::Value(map @ Value::Object(_)) => visible_width(&inline(map)) > room,
        Shown::Value(_) | Shown::Word(_) => is_list(field),
    };
    let (long, short): (Vec<&Named<'a>>, Vec<&Named<'a>>) = fields.iter().partition(is_long);
    for Named { name, value, is_faint } in short {
        let pieces = match value {
            Shown::Word(word) => vec![(*word).to_owned()],
            Shown::Value(Value::Array(items)) if !items.is_empty() => {
                wrapped("[", listed(items.iter().map(inline)), "]")
            }
            Shown::Value(value) => vec![inline(value)],
        };
        let pieces = std::iter::once(label(name, column)).chain(pieces);
        let style = page.style();
        let pieces: Vec<String> = match is_faint {
            true => pieces.map(|piece| style.paint(Ink::Faint, &piece)).collect(),
            false => pieces.collect(),
        };
        page.fill(indent, indent + column.max(4), pieces);
    }
    for Named { name, value, .. } in long {
        page.line(indent, &format!("{}:", string(name)));
        let entries: Vec<Vec<String>> = match value {
            Shown::Value(Value::Array(items)) => items.iter().map(|one| item(name, one)).collect(),
            Shown::Value(Value::Object(map)) => {
                let there = map.iter().filter(|(_, value)| !value.is_null());
                // Statements of a policy: each has a line of its own.
                let lines = there.flat_map(|(name, value)| match value {
                    Value::Array(items) if is_list_of_objects(value) => {
                        items.iter().map(|one| entry(name, one)).collect()
                    }
                    value => vec![entry(name, value)],
                });
                lines.collect()
            }
            Shown::Value(_) | Shown::Word(_) => Vec::new(),
        };
        for pieces in entries {
            page.fill(indent + 2, indent + 4, std::iter::once(mark.to_owned()).chain(pieces));
        }
    }
}

/// A map that is longer than this has a line for each entry, however wide the terminal is.
const LINE: usize = 100;

/// Writes fields before and after, the values below each other, each with a note on what the change of this field costs.
pub(super) fn changed_fields<'a>(
    page: &mut Page<'_>,
    indent: usize,
    fields: impl IntoIterator<Item = (&'a FieldChange, Option<String>)>,
) {
    let fields: Vec<(&FieldChange, Delta, Option<String>)> =
        fields.into_iter().map(|(field, note)| (field, delta(field), note)).collect();
    let is_short = |delta: &Delta| matches!(delta, Delta::Value { .. });
    let short = fields.iter().filter(|(_, delta, _)| is_short(delta)).map(|(field, ..)| field.path.as_str());
    let column = column(short);
    for (field, delta, note) in fields {
        let note = note.map(|note| page.style().paint(Ink::Warning, &format!("({note})")));
        match delta {
            Delta::Value { before, after } => {
                let values = [label(&field.path, column), before, format!("→ {after}")];
                page.fill(indent, indent + column.max(4), values.into_iter().chain(note));
            }
            Delta::Entries { entries, unchanged } => {
                let name = format!("{}:", string(&field.path));
                page.fill(indent, indent + 4, std::iter::once(name).chain(note));
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
