//! The problems of a stack file: what is wrong, where, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use serde::de;

use super::section::in_a_row;
use super::sections::SECTIONS;
use super::yaml;
use crate::engine::resource::Property;

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
        /// Where options are expected, and the value is what one of them takes.
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
    fn remedy(&self) -> Option<String> {
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
    pub(super) fn option(option: &str, value: &str) -> Self {
        Self { key: None, options: format!("{{ {option}: {value} }}") }
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

/// The nearest valid name, or all of them.
fn suggestion(written: &str, known: &[&str]) -> String {
    match nearest(written, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("possible here: {}", names.join(", "))
        }
    }
}

/// The valid name that was probably meant.
pub(crate) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' ', '.'], "");
    let written = plain(written);
    known
        .map(|name| {
            let name_plain = plain(name);
            // Half of a long name is a near miss too: `encrypted` for `storage_encrypted`.
            let part = written.len() >= 4 && (name_plain.contains(&written) || written.contains(&name_plain));
            let distance = strsim::damerau_levenshtein(&written, &name_plain);
            // Of two names that are as near, the one that differs least.
            ((if part { distance.min(1) } else { distance }, distance), name)
        })
        .filter(|((near, _), name)| *near <= (name.len() / 3).clamp(1, 4))
        .min_by_key(|(distances, _)| *distances)
        .map(|(_, name)| name)
}

/// A text from the file made harmless, and short enough to be read.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).collect::<String>().escape_debug().to_string();
    // `escape_debug` is for Rust literals; quotes are harmless here.
    shown = shown.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// One thing that is wrong, with the places that show it; the first of them is where it is.
#[derive(Debug)]
pub struct Problem {
    pub fault: Fault,
    labels: Vec<(Range<usize>, String)>,
    /// The file that it is in, by its number; where it has a place, the place says so.
    file: usize,
    /// The file as it is shown. The places are in it, from when the report is made.
    source: Option<Arc<NamedSource<String>>>,
    /// Places in other files, in words.
    elsewhere: Vec<String>,
}

impl Problem {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, labels: Vec::new(), file: 0, source: None, elsewhere: Vec::new() }
    }

    /// The problem, in the file with this number.
    pub(super) fn in_file(mut self, file: usize) -> Self {
        self.file = file;
        self
    }

    /// The number of its file.
    pub(super) fn file(&self) -> usize {
        self.file
    }

    /// The file as it is shown.
    pub(super) fn source(&self) -> Option<&NamedSource<String>> {
        self.source.as_deref()
    }

    /// Puts all places this many bytes further on.
    pub(super) fn shift(&mut self, by: usize) {
        self.labels.iter_mut().for_each(|(place, _)| yaml::shift(place, by));
    }

    /// Makes the places those in one file, which begins at this byte of all files. Places in other files become words: the
    /// function names the file and the line of one.
    pub(super) fn settle(
        &mut self,
        file: &Range<usize>,
        source: &Arc<NamedSource<String>>,
        line: impl Fn(usize) -> String,
    ) {
        let (here, there): (Vec<_>, Vec<_>) =
            self.labels.drain(..).partition(|(place, _)| file.contains(&place.start));
        self.labels = here
            .into_iter()
            .map(|(place, label)| (place.start - file.start..place.end.max(place.start) - file.start, label))
            .collect();
        self.elsewhere =
            there.into_iter().map(|(place, label)| format!("{label}: {}", line(place.start))).collect();
        self.elsewhere.dedup();
        self.source = Some(source.clone());
        self.fit(source.inner());
    }

    /// The problem with what the value stands for.
    pub(super) fn meaning(mut self, stands_for: Option<Meant>) -> Self {
        if let Fault::WrongType { meant, .. } = &mut self.fault {
            *meant = stands_for;
        }
        self
    }

    /// The problem of the value of this key.
    pub(super) fn of_key(mut self, key: &str) -> Self {
        if let Fault::WrongType { meant: Some(Meant { key: known @ None, .. }), .. } = &mut self.fault {
            *known = Some(key.to_owned());
        }
        self
    }

    /// The problem with one more place.
    pub(super) fn at(mut self, place: &Range<usize>, label: &str) -> Self {
        self.labels.push((place.clone(), label.to_owned()));
        self
    }

    /// The problem with this place, if it has none yet.
    pub(super) fn or_at(self, place: &Range<usize>) -> Self {
        if self.labels.is_empty() { self.at(place, "here") } else { self }
    }

    /// The place of the problem, in bytes of the file.
    pub fn place(&self) -> Option<&Range<usize>> {
        self.labels.first().map(|(place, _)| place)
    }

    /// Keeps every label on the line on which it starts: a label over many lines hides what it shows.
    fn fit(&mut self, source: &str) {
        for (place, _) in &mut self.labels {
            let start = place.start.min(source.len());
            let line = &source[start..];
            let line = &line[..line.find('\n').unwrap_or(line.len())];
            *place = start..place.end.min(start + line.trim_end().len()).max(start);
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let remedy = self.fault.remedy();
        if self.elsewhere.is_empty() {
            return Some(Box::new(remedy?));
        }
        let remedy = remedy.map(|remedy| format!("{remedy} ")).unwrap_or_default();
        Some(Box::new(format!("{remedy}({})", self.elsewhere.join("; "))))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source.as_deref()?)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.labels.is_empty() {
            return None;
        }
        Some(Box::new(self.labels.iter().enumerate().map(|(index, (place, label))| {
            let label = Some(label.clone());
            match index {
                0 => LabeledSpan::new_primary_with_span(label, place.clone()),
                _ => LabeledSpan::new_with_span(label, place.clone()),
            }
        })))
    }
}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Fault::BadValue { message: message.to_string() })
    }

    // The tree looks at the form before it calls a visitor, except where any scalar will do as text.
    fn invalid_type(found: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        let found = match found {
            de::Unexpected::Seq => Form::List,
            de::Unexpected::Map => Form::Options,
            _ => Form::Nothing,
        };
        Self::new(Fault::WrongType { expected: Form::Text, found, meant: None })
    }

    fn unknown_variant(value: &str, known: &'static [&'static str]) -> Self {
        Self::new(Fault::UnknownValue { value: value.to_owned(), known, forms: &[] })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Fault::BadValue { message: format!("`{field}` is missing") })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::new(Fault::UnknownKey { key: key.to_owned(), known: known.to_vec() })
    }
}
