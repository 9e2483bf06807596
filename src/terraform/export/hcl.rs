//! The text of a configuration, laid out as `terraform fmt` does. Text from outside stays text: nothing of it is read as a template.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Number, Value};

use super::is_empty;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Text(String),
    Number(Number),
    Flag(bool),
    Null,
    List(Vec<Expression>),
    /// A map whose keys are texts.
    Map(BTreeMap<String, Expression>),
    /// A map whose keys are names.
    Object(BTreeMap<String, Expression>),
    /// A reference, which is made here and never from outside.
    Raw(String),
    /// The value as JSON.
    Json(Box<Expression>),
}

impl Expression {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Flag(*flag),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(text) => Self::text(text),
            Value::Array(all) => Self::List(all.iter().map(Self::of).collect()),
            Value::Object(all) => {
                Self::Map(all.iter().map(|(key, value)| (key.clone(), Self::of(value))).collect())
            }
        }
    }

    /// True where it stands on one line.
    fn is_on_one_line(&self) -> bool {
        match self {
            Self::Map(all) | Self::Object(all) => all.is_empty(),
            Self::List(all) => all.iter().all(Self::is_on_one_line),
            Self::Json(value) => value.is_on_one_line(),
            Self::Text(_) | Self::Number(_) | Self::Flag(_) | Self::Null | Self::Raw(_) => true,
        }
    }

    /// The text, whose lines after the first are indented by so many steps.
    fn written(&self, depth: usize) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => match number.as_f64() {
                // A whole number is written as one.
                Some(float) if number.as_i64().is_none() && float.fract() == 0.0 && float.abs() < 1e15 => {
                    format!("{float:.0}")
                }
                _ => number.to_string(),
            },
            Self::Flag(flag) => flag.to_string(),
            Self::Null => "null".to_owned(),
            Self::Raw(raw) => raw.clone(),
            Self::Json(value) => format!("jsonencode({})", value.written(depth)),
            Self::List(all) if self.is_on_one_line() => {
                let all: Vec<String> = all.iter().map(|one| one.written(depth)).collect();
                format!("[{}]", all.join(", "))
            }
            Self::List(all) => {
                let inner = indent(depth + 1);
                let all: String =
                    all.iter().map(|one| format!("{inner}{},\n", one.written(depth + 1))).collect();
                format!("[\n{all}{}]", indent(depth))
            }
            Self::Map(all) | Self::Object(all) if all.is_empty() => "{}".to_owned(),
            Self::Map(all) | Self::Object(all) => {
                let key = |key: &String| match self {
                    Self::Object(_) => key.clone(),
                    _ => quoted(key),
                };
                let rows: Vec<(String, &Self)> = all.iter().map(|(name, value)| (key(name), value)).collect();
                format!("{{\n{}{}}}", aligned(&rows, depth + 1), indent(depth))
            }
        }
    }
}

/// A text in quotes, as the language has them ("Strings and Templates", Terraform language): what would begin a template is doubled,
/// and whatever cannot be seen is written by its number.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if rest.peek() == Some(&'{') => {
                out.push(character);
                out.push(character);
            }
            ' ' => out.push(' '),
            seen if seen.is_ascii_graphic() || seen.is_alphanumeric() => out.push(seen),
            other if u32::from(other) > 0xffff => {
                write!(out, "\\U{:08x}", u32::from(other)).expect(WRITTEN);
            }
            other => write!(out, "\\u{:04x}", u32::from(other)).expect(WRITTEN),
        }
    }
    out.push('"');
    out
}

const WRITTEN: &str = "a text can always be written to";

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// Arguments one below the other: their signs of equality stand in one column as long as each is on one line.
fn aligned(rows: &[(String, &Expression)], depth: usize) -> String {
    let mut text = String::new();
    let mut rest = rows;
    while let Some((name, value)) = rest.first() {
        let run = rest.iter().take_while(|(_, value)| value.is_on_one_line()).count();
        if run == 0 {
            writeln!(text, "{}{name} = {}", indent(depth), value.written(depth)).expect(WRITTEN);
            rest = &rest[1..];
            continue;
        }
        let width = rest[..run].iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in &rest[..run] {
            let gap = " ".repeat(width - name.chars().count());
            writeln!(text, "{}{name}{gap} = {}", indent(depth), value.written(depth)).expect(WRITTEN);
        }
        rest = &rest[run..];
    }
    text
}

/// The inside of a block, or a whole file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Body {
    comments: Vec<&'static str>,
    arguments: Vec<(String, Expression)>,
    blocks: Vec<(String, Body)>,
    /// The resources that belong to this one: type, name, id and text of each.
    pub(super) parts: Vec<(&'static str, String, String, Body)>,
}

impl Body {
    /// The argument, in place of the one that there was.
    pub(super) fn set(&mut self, name: &str, value: Expression) {
        match self.arguments.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.arguments.push((name.to_owned(), value)),
        }
    }

    /// The argument with a value that is there and says something.
    pub(super) fn copy(&mut self, name: &str, value: Option<&Value>) {
        if let Some(value) = value.filter(|value| !is_empty(value)) {
            self.set(name, Expression::of(value));
        }
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.set(name, Expression::text(text));
    }

    pub(super) fn flag(&mut self, name: &str, flag: bool) {
        self.set(name, Expression::Flag(flag));
    }

    pub(super) fn raw(&mut self, name: &str, reference: String) {
        self.set(name, Expression::Raw(reference));
    }

    /// A comment above the arguments. It says nothing of what is outside.
    pub(super) fn comment(&mut self, comment: &'static str) {
        self.comments.push(comment);
    }

    pub(super) fn block(&mut self, head: &str, body: Body) {
        self.blocks.push((head.to_owned(), body));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.arguments.is_empty() && self.blocks.is_empty()
    }

    /// The whole text.
    pub(super) fn text_at(&self, depth: usize) -> String {
        let comments: String =
            self.comments.iter().map(|one| format!("{}# {one}\n", indent(depth))).collect();
        let rows = |is_short: bool| {
            let rows = self.arguments.iter().filter(move |(_, value)| value.is_on_one_line() == is_short);
            rows.map(|(name, value)| (name.clone(), value)).collect::<Vec<_>>()
        };
        let short = aligned(&rows(true), depth);
        let long = rows(false);
        let long = long.iter().map(|one| aligned(std::slice::from_ref(one), depth));
        let blocks = self.blocks.iter().map(|(head, body)| {
            let indent = indent(depth);
            match body.is_empty() {
                true => format!("{indent}{head} {{}}\n"),
                false => format!("{indent}{head} {{\n{}{indent}}}\n", body.text_at(depth + 1)),
            }
        });
        let parts = std::iter::once(comments + &short).chain(long).chain(blocks);
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }
}

impl Body {
    /// The text of a file.
    pub(super) fn text_of_file(&self) -> String {
        self.text_at(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The text that the language reads out of quotes.
    fn read(quoted: &str) -> Option<String> {
        let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let mut text = String::new();
        let mut rest = inner;
        while let Some(first) = rest.chars().next() {
            let (piece, length) = if let Some(escape) = rest.strip_prefix('\\') {
                let number = |digits: usize| {
                    let hex = escape.get(1..=digits)?;
                    char::from_u32(u32::from_str_radix(hex, 16).ok()?)
                };
                match escape.chars().next()? {
                    'n' => ('\n', 2),
                    'r' => ('\r', 2),
                    't' => ('\t', 2),
                    '"' => ('"', 2),
                    '\\' => ('\\', 2),
                    'u' => (number(4)?, 6),
                    'U' => (number(8)?, 10),
                    _ => return None,
                }
            } else if rest.starts_with("$${") || rest.starts_with("%%{") {
                text.push(first);
                ('{', 3)
            } else if rest.starts_with("${") || rest.starts_with("%{") || first == '"' || first.is_control() {
                return None;
            } else {
                (first, first.len_utf8())
            };
            text.push(piece);
            rest = &rest[length..];
        }
        Some(text)
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_and_nothing_of_it_is_a_template(text in "[\\PC\\p{C}$%{}\"\\\\]{0,40}") {
            prop_assert_eq!(read(&quoted(&text)), Some(text));
        }
    }

    #[test]
    fn what_begins_a_template_is_doubled_and_what_cannot_be_seen_is_a_number() {
        for (text, expected) in [
            ("${a}", r#""$${a}""#),
            ("%{ if a }", r#""%%{ if a }""#),
            ("$${a}", r#""$$${a}""#),
            ("$5, 10%", r#""$5, 10%""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("a\nb\u{1b}[2J", r#""a\nb\u001b[2J""#),
            ("nab\u{202e}gnp", r#""nab\u202egnp""#),
            ("tag\u{e0041}", r#""tag\U000e0041""#),
            ("Zürich", r#""Zürich""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn a_text_is_laid_out_as_terraform_does_it() {
        let mut inner = Body::default();
        inner.text("path", "/");
        let mut body = Body::default();
        body.set("tags", Expression::of(&json!({ "a": "1", "long:er": "2" })));
        body.text("name", "x");
        body.comment("Why it is so.");
        body.set("ports", Expression::of(&json!([1, 2.0, 2.5])));
        body.set("policy", Expression::Json(Box::new(Expression::of(&json!({ "S": [{ "E": "A" }] })))));
        body.block("root", inner);
        body.block("empty", Body::default());
        let expected = "# Why it is so.\nname  = \"x\"\nports = [1, 2, 2.5]\n\ntags = {\n  \"a\"       = \"1\"\n  \"long:er\" = \"2\"\n}\n\n\
                        policy = jsonencode({\n  \"S\" = [\n    {\n      \"E\" = \"A\"\n    },\n  ]\n})\n\nroot {\n  path = \"/\"\n}\n\nempty {}\n";
        assert_eq!(body.text_of_file(), expected);
    }
}
