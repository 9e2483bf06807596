//! YAML text becomes a tree in which every node knows where it stands.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};

use super::problem::{Fault, Problem};

/// The number of levels that collections may be nested; a stack file needs five.
const DEEPEST: usize = 16;

/// A range of bytes of the file.
pub(super) type Place = Range<usize>;

/// One value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub place: Place,
    pub content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// A text; `quoted` when nothing may be read into it but text.
    Scalar {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One `key: value`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub key_place: Place,
    pub value: Node,
}

/// The type of an unquoted scalar by YAML 1.2's core schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Null,
    Flag,
    Number,
    Text,
}

impl Plain {
    /// Reads the scalar as YAML 1.2 does: `yes`, `on` and `04:30` are text.
    pub fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Self::Flag,
            _ if is_number(text) => Self::Number,
            _ => Self::Text,
        }
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    // Rust's own parser also takes `inf` and `nan`, which are text in YAML.
    let starts_like_one = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let radix = |prefix: &str, radix| {
        unsigned.strip_prefix(prefix).is_some_and(|digits| u128::from_str_radix(digits, radix).is_ok())
    };
    (starts_like_one && unsigned.parse::<f64>().is_ok())
        || matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
        || radix("0x", 16)
        || radix("0o", 8)
}

impl Node {
    /// True if nothing is written here.
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, quoted: false } if Plain::of(text) == Plain::Null)
    }

    /// The entry at a path of keys.
    pub fn entry(&self, path: &[&str]) -> Option<&Entry> {
        let (last, parents) = path.split_last()?;
        let Content::Map(entries) =
            (if parents.is_empty() { &self.content } else { &self.entry(parents)?.value.content })
        else {
            return None;
        };
        entries.iter().find(|entry| entry.key == *last)
    }

    /// True if `null` is written here, which takes an option of a lower layer out. An empty value is rather an oversight.
    pub fn takes_out(&self) -> bool {
        self.is_null() && !self.place.is_empty()
    }

    /// Puts all places this many bytes further on.
    pub fn shift(&mut self, by: usize) {
        shift(&mut self.place, by);
        match &mut self.content {
            Content::Scalar { .. } => {}
            Content::List(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Content::Map(entries) => {
                for entry in entries {
                    shift(&mut entry.key_place, by);
                    entry.value.shift(by);
                }
            }
        }
    }

    /// Lays a node over this one. Options are merged key by key, and `null` takes one out. Everything else is replaced. A `null`
    /// that takes nothing out stays, and is the problem that it is in a file alone.
    pub fn lay_over(&mut self, over: Self) {
        let (below, above) = match (&mut self.content, over.content) {
            (Content::Map(below), Content::Map(above)) => (below, above),
            (_, content) => {
                *self = Self { place: over.place, content };
                return;
            }
        };
        for entry in above {
            match below.iter().position(|one| one.key == entry.key) {
                None => below.push(entry),
                Some(at) if entry.value.takes_out() => drop(below.remove(at)),
                Some(at) => {
                    let under = &mut below[at];
                    let both = [&under.value.content, &entry.value.content];
                    if !both.iter().all(|content| matches!(content, Content::Map(_))) {
                        under.key_place = entry.key_place;
                    }
                    under.value.lay_over(entry.value);
                }
            }
        }
    }

    /// True if a key of this map itself, and of none below it, stands here.
    pub fn has_key_at(&self, place: &Place) -> bool {
        match &self.content {
            Content::Map(entries) => entries.iter().any(|entry| entry.key_place == *place),
            Content::Scalar { .. } | Content::List(_) => false,
        }
    }

    /// Takes out the entry or item that a problem points at; false when there is none.
    pub fn prune(&mut self, place: &Place) -> bool {
        match &mut self.content {
            Content::Scalar { .. } => false,
            Content::List(items) => {
                let before = items.len();
                items.retain(|item| item.place != *place);
                items.len() < before || items.iter_mut().any(|item| item.prune(place))
            }
            Content::Map(entries) => {
                let before = entries.len();
                entries.retain(|entry| entry.key_place != *place && entry.value.place != *place);
                if entries.len() < before {
                    return true;
                }
                let Some(within) = entries.iter_mut().position(|entry| entry.value.prune(place)) else {
                    return false;
                };
                // The author did not write an empty list: what is wrong with one is no second problem.
                if matches!(&entries[within].value.content, Content::List(items) if items.is_empty()) {
                    entries.remove(within);
                }
                true
            }
        }
    }
}

impl Entry {
    /// The fault of a key that has no value.
    pub fn no_value(&self, may_be_empty: bool) -> Fault {
        let is_null = self.value.takes_out();
        Fault::NoValue { key: self.key.clone(), may_be_empty, is_null, is_section: false }
    }

    /// The fault of a section that has no value, not even an empty one.
    pub fn no_section(&self) -> Fault {
        Fault::NoValue { key: self.key.clone(), may_be_empty: false, is_null: false, is_section: true }
    }
}

/// Puts a place this many bytes further on.
pub(super) fn shift(place: &mut Place, by: usize) {
    *place = place.start + by..place.end + by;
}

/// A collection that is not closed yet.
enum Open {
    List { start: usize, items: Vec<Node> },
    Map { start: usize, entries: Vec<Entry>, key: Option<(String, Place)>, seen: BTreeMap<String, Place> },
}

/// Reads one document. Duplicate keys are added to `problems`, and the first of them counts.
///
/// # Errors
/// The problem after which nothing more can be understood.
pub(super) fn tree(text: &str, problems: &mut Vec<Problem>) -> Result<Node, Problem> {
    let mut options = Options::default();
    options.disallow_directives = true;
    options.flow_nesting_limit = DEEPEST;
    options.block_nesting_limit = DEEPEST;
    options.emit_unresolved_aliases = true;
    options.set_emit_comments(false);

    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
            let fault = match error.info() {
                reason if reason.contains("recursion limit") => Fault::TooDeep,
                reason => Fault::Syntax { reason: reason.to_owned() },
            };
            Problem::new(fault).at(&(at..at), "here")
        })?;
        let place = place(&span);
        if event.anchor_id().is_some() || event.is_alias() || event.tag().is_some() {
            return Err(Problem::new(Fault::Indirection).at(&line_of(text, place.start), "here"));
        }
        let node = match event {
            Event::DocumentStart(..) if root.is_some() => {
                return Err(Problem::new(Fault::SeveralDocuments).at(&place, "a second one starts here"));
            }
            Event::Scalar(value, style, ..) => {
                let quoted = style != ScalarStyle::Plain;
                Node { place, content: Content::Scalar { text: value.into_owned(), quoted } }
            }
            Event::SequenceStart(..) => {
                open.push(Open::List { start: place.start, items: Vec::new() });
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map {
                    start: place.start,
                    entries: Vec::new(),
                    key: None,
                    seen: BTreeMap::new(),
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List { start, items }) => {
                    Node { place: start..place.end.max(start), content: Content::List(items) }
                }
                Some(Open::Map { start, entries, .. }) => {
                    Node { place: start..place.end.max(start), content: Content::Map(entries) }
                }
                None => continue,
            },
            _ => continue,
        };
        match open.last_mut() {
            None => root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, seen, .. }) => match key.take() {
                None => *key = Some(key_of(node)?),
                Some((key, key_place)) => match seen.get(&key) {
                    Some(first) => problems.push(
                        Problem::new(Fault::DuplicateKey { key })
                            .at(&key_place, "again here")
                            .at(first, "first here"),
                    ),
                    None => {
                        seen.insert(key.clone(), key_place.clone());
                        entries.push(Entry { key, key_place, value: node });
                    }
                },
            },
        }
    }
    root.filter(|root| !root.is_null()).ok_or_else(|| Problem::new(Fault::Empty))
}

fn key_of(node: Node) -> Result<(String, Place), Problem> {
    match node.content {
        Content::Scalar { text, .. } => Ok((text, node.place)),
        Content::List(_) | Content::Map(_) => {
            Err(Problem::new(Fault::KeyNotText).at(&node.place, "this is a collection"))
        }
    }
}

fn place(span: &Span) -> Place {
    span.byte_range().expect("a parser over a string knows its byte offsets")
}

/// The line around a byte, without its indentation.
fn line_of(text: &str, at: usize) -> Place {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let line = &text[start..end];
    let indentation = line.len() - line.trim_start().len();
    start + indentation..start + line.trim_end().len().max(indentation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_scalar_is_what_yaml_1_2_says() {
        for (text, kind) in [
            ("", Plain::Null),
            ("~", Plain::Null),
            ("true", Plain::Flag),
            ("yes", Plain::Text),
            ("16", Plain::Number),
            ("16.4", Plain::Number),
            ("-1e3", Plain::Number),
            ("0x1f", Plain::Number),
            (".inf", Plain::Number),
            ("nan", Plain::Text),
            ("04:00-04:30", Plain::Text),
            ("1.2.3", Plain::Text),
            ("-", Plain::Text),
            (".", Plain::Text),
        ] {
            assert_eq!(Plain::of(text), kind, "{text:?}");
        }
    }

    #[test]
    fn every_node_knows_where_it_stands() {
        let text = "a: { b: [one, 'two'] }\n\"c\": three\n";
        let mut problems = Vec::new();
        let tree = tree(text, &mut problems).expect("valid YAML");
        let b = tree.entry(&["a", "b"]).expect("the path exists");
        assert_eq!(&text[b.key_place.clone()], "b");
        assert_eq!(&text[b.value.place.clone()], "[one, 'two']");
        let c = tree.entry(&["c"]).expect("the path exists");
        assert_eq!((&text[c.key_place.clone()], &text[c.value.place.clone()]), ("\"c\"", "three"));
        assert!(problems.is_empty());
    }

    #[test]
    fn what_is_pruned_is_gone_and_nothing_else() {
        let mut tree = tree("a: { b: 1, c: 2 }", &mut Vec::new()).expect("valid YAML");
        let place = tree.entry(&["a", "b"]).expect("the path exists").value.place.clone();
        assert!(tree.prune(&place));
        assert!(tree.entry(&["a", "b"]).is_none() && tree.entry(&["a", "c"]).is_some());
        assert!(!tree.prune(&place));
    }

    #[test]
    fn a_layer_merges_options_replaces_values_and_takes_out_what_is_null() {
        let read = |text: &str| tree(text, &mut Vec::new()).expect("valid YAML");
        for (below, above, expected) in [
            ("a: 1", "b: 2", "{ a: 1, b: 2 }"),
            ("a: { b: 1, c: 2 }", "a: { c: 3 }", "a: { b: 1, c: 3 }"),
            ("a: [1, 2]", "a: [3]", "a: [3]"),
            ("a: { b: 1 }", "a: text", "a: text"),
            ("a: text", "a: { b: 1 }", "a: { b: 1 }"),
            ("a: { b: 1, c: 2 }", "a: { b: null }", "a: { c: 2 }"),
            ("{ a: 1, b: 2 }", "a: ~", "b: 2"),
            // It is written, and takes nothing out.
            ("a: { b: 1 }", "a: { c: null }", "a: { b: 1, c: null }"),
            ("a: { b: 1 }", "a: { b: 'null' }", "a: { b: 'null' }"),
            // A value that was forgotten takes nothing out either.
            ("a: { b: 1 }", "a:", "a:"),
            ("a: { b: 1 }", "a: {}", "a: { b: 1 }"),
        ] {
            let mut layered = read(below);
            layered.lay_over(read(above));
            assert_eq!(plain(&layered), plain(&read(expected)), "{above} over {below}");
        }
    }

    /// The values without their places.
    fn plain(node: &Node) -> String {
        match &node.content {
            Content::Scalar { text, quoted } => format!("{text:?} {quoted}"),
            Content::List(items) => format!("{:?}", items.iter().map(plain).collect::<Vec<_>>()),
            Content::Map(entries) => {
                let entries = entries.iter().map(|entry| (&entry.key, plain(&entry.value)));
                format!("{:?}", entries.collect::<BTreeMap<_, _>>())
            }
        }
    }
}
