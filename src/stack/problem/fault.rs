//! Everything that can be wrong with a stack file, with the way out.

use std::fmt;

use super::words::{nearest, shown, suggestion};
use crate::engine::resource::Property;
use crate::stack::section::in_a_row;
use crate::stack::sections::SECTIONS;

/// Everything that can be wrong.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the file has {size} bytes, and a stack file has at most {limit}")]
    TooLarge { size: usize, limit: usize },
    #[error("line {line} has {length} bytes, and a line has at most {limit}")]
    TooLong { line: usize, length: usize, limit: usize },
    #[error("the character U+{:04X} cannot be seen and is not allowed", u32::from(*character))]
    Invisible { character: char },
    #[error("this is not YAML: {reason}")]
    Syntax { reason: String },
    #[error("this is nested too deeply")]
    TooDeep,
    #[error("the file holds more than one document")]
    SeveralDocuments,
    #[error("this is not UTF-8 text")]
    NotUtf8,
    #[error("the file is empty")]
    Empty,
    /// Laid over another file, or under one.
    #[error("the file is empty")]
    EmptyLayer,
    #[error("anchors, aliases and tags have no place in a stack file")]
    Indirection,
    #[error("a key is a single text")]
    KeyNotText,
    #[error("`{}` is written twice", shown(key))]
    DuplicateKey { key: String },
    #[error("`{}` is not an option here", shown(key))]
    UnknownKey { key: String, known: Vec<&'static str> },
    /// An option that others, which stand beside it, have below them.
    #[error("`{key}` does not stand here")]
    Misplaced { key: &'static str, below: Vec<&'static str> },
    #[error("`{}` has no value", shown(key))]
    NoValue { key: String, may_be_empty: bool, is_null: bool, is_section: bool },
    /// The value is not shown: it may be a password at the wrong place.
    #[error("expected {expected}, found {found}")]
    WrongType {
        expected: Form,
        found: Form,
        /// Options are expected here, and the value is what one of them takes.
        meant: Option<Meant>,
    },
    #[error("`{}` is not possible here", shown(value))]
    UnknownValue {
        value: String,
        known: &'static [&'static str],
        /// The options in which other things are written.
        forms: &'static [&'static [Property]],
    },
    /// The message comes from the value's own type and is safe to show.
    #[error("{message}")]
    BadValue { message: String },
    #[error("there is no section: neither {}", keys("nor"))]
    NoSection,
    /// Values that are right alone and wrong together.
    #[error("{message}")]
    Conflict { message: String, remedy: String },
}

impl Fault {
    /// The hint on what to do about it, where the message does not say so already.
    pub(super) fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::TooLarge { .. } => "a stack file is written by hand: is this another file?".to_owned(),
            Self::TooLong { .. } => {
                "break the line: every `{ a: 1, b: 2 }` can be written one by line".to_owned()
            }
            Self::NotUtf8 => "save it as UTF-8; or is this another file?".to_owned(),
            Self::Invisible { .. } => "delete it, or type the text again".to_owned(),
            Self::Syntax { reason } => syntax_remedy(reason).to_owned(),
            Self::TooDeep => "a stack file is five levels deep at most".to_owned(),
            Self::SeveralDocuments => "put each stack into a file of its own".to_owned(),
            Self::Empty => "`provision init` writes a stack file to start from".to_owned(),
            Self::EmptyLayer => "leave it out of the command, or write an option into it".to_owned(),
            Self::Indirection => {
                "write the value itself, in quotes if it starts with `&`, `*` or `!`".to_owned()
            }
            Self::KeyNotText => "write one option by line: `option: value`".to_owned(),
            Self::DuplicateKey { .. } => "keep one of the two".to_owned(),
            Self::UnknownKey { key, known } => suggestion(key, known),
            Self::Misplaced { key, below } => {
                let all: Vec<String> = below.iter().map(|one| format!("`{one}: {{ {key}: … }}`")).collect();
                format!("write {}", all.join(" or "))
            }
            // Written to take out what no file below has.
            Self::NoValue { key, may_be_empty: true, is_null: true, .. } => {
                let entry = in_a_row(SECTIONS.iter().map(|section| section.one), "or");
                format!(
                    "to have none, take the line out; for a {entry} with every default: `{}: {{}}`",
                    shown(key)
                )
            }
            Self::NoValue { key, may_be_empty: true, .. } => {
                let entry = in_a_row(SECTIONS.iter().map(|section| section.one), "or");
                format!("write a value; for a {entry} with every default: `{}: {{}}`", shown(key))
            }
            Self::NoValue { key, is_section: true, .. } => {
                format!("write a name below it; for none: `{key}: {{}}`")
            }
            Self::NoValue { .. } => "write a value, or delete the line to get the default".to_owned(),
            Self::WrongType { expected, found, meant } => {
                let remedy = form_remedy(*expected, *found);
                meant
                    .as_ref()
                    .map_or_else(|| remedy.to_owned(), |meant| format!("{remedy}, or in one line: `{meant}`"))
            }
            Self::UnknownValue { value, known, forms } => {
                match (nearest(value, known.iter().copied()), *forms) {
                    (None, [_, ..]) => {
                        let forms = forms.iter().map(|form| format!("`{{ {}: … }}`", form[0].name));
                        format!("{}, or {}", suggestion(value, known), forms.collect::<Vec<_>>().join(", "))
                    }
                    _ => suggestion(value, known),
                }
            }
            Self::BadValue { .. } => return None,
            Self::NoSection => format!(
                "add {} with one name below it; to have none, and delete the last one: `{}: {{}}`",
                keys("or"),
                SECTIONS.last().map_or("", |section| section.key)
            ),
            Self::Conflict { remedy, .. } => remedy.clone(),
        })
    }
}

/// The options that a value stands for: `state: { location: "s3://states/shop.json" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meant {
    /// The key before them, once it is known.
    key: Option<String>,
    options: String,
}

impl Meant {
    /// This option with the value that was written, as YAML.
    pub(in crate::stack) fn option(option: &str, value: &str) -> Self {
        Self { key: None, options: format!("{{ {option}: {value} }}") }
    }

    /// The key before them. The first one that is known counts: it is the nearest.
    pub(super) fn set_key(&mut self, key: &str) {
        self.key.get_or_insert_with(|| key.to_owned());
    }
}

impl fmt::Display for Meant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}: {}", shown(key), self.options),
            None => f.write_str(&self.options),
        }
    }
}

/// The keys of all sections.
fn keys(last: &str) -> String {
    let keys: Vec<String> = SECTIONS.iter().map(|section| format!("`{}`", section.key)).collect();
    in_a_row(keys.iter().map(String::as_str), last)
}

fn syntax_remedy(reason: &str) -> &'static str {
    if reason.contains("unclosed") {
        "close what is opened here"
    } else if reason.contains("tab") {
        "indent with spaces"
    } else if reason.contains("directive") {
        "delete the lines that begin with `%`"
    } else {
        "check the indentation, the `:` after each option and the quotes"
    }
}

/// The form of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Nothing,
    Flag,
    /// `True`, `FALSE`: readers of YAML disagree about them.
    CapitalFlag,
    WholeNumber,
    Number,
    Text,
    QuotedText,
    List,
    Options,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::Flag => "true or false",
            Self::CapitalFlag => "true or false with capital letters",
            Self::WholeNumber => "a whole number",
            Self::Number => "a number",
            Self::Text => "text",
            Self::QuotedText => "text in quotes",
            Self::List => "a list",
            Self::Options => "options",
        })
    }
}

fn form_remedy(expected: Form, found: Form) -> &'static str {
    match (expected, found) {
        (Form::Options, _) => "write its options below it, indented, each as `option: value`",
        (Form::List, _) => "write it as `[one, two]`",
        (_, Form::List) => "write a single value, without `-`, `[` and `]`",
        (_, Form::Options) => "write a single value",
        (Form::Flag, Form::QuotedText) => "remove the quotes",
        (Form::WholeNumber, Form::QuotedText) => "remove the quotes, and write digits alone, such as `50`",
        (Form::Flag, Form::CapitalFlag) => "write `true` or `false` in small letters",
        (Form::Flag, _) => "write `true` or `false`",
        (Form::WholeNumber, _) => "write digits alone, such as `50`: no leading zero, no unit, no fraction",
        (Form::Number, _) => "write digits, such as `50` or `1.5`: no leading zero, no unit",
        (Form::Nothing | Form::CapitalFlag | Form::Text | Form::QuotedText, _) => "put the value in quotes",
    }
}
