//! The problems of a stack file: what is wrong, where, and what to do about it.

mod fault;
mod words;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use serde::de;

use super::yaml;

pub use fault::{Fault, Form, Meant};
pub(crate) use words::{nearest, shown};

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
        if let Fault::WrongType { meant: Some(meant), .. } = &mut self.fault {
            meant.set_key(key);
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
