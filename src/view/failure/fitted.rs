//! A diagnostic whose lines are broken already, so that each command in them stands whole on one line.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::cut::Cut;
use crate::view::{Page, Style, words};

/// The columns that miette puts before a line of a message, and before one of a help.
const MESSAGE: usize = 4;
const HELP: usize = 8;

/// Shows another diagnostic.
#[derive(Debug)]
pub(super) struct Fitted<'a> {
    inner: &'a dyn Diagnostic,
    width: usize,
    related: Vec<Fitted<'a>>,
    /// The file and the marked places, where its lines are wider than the terminal.
    cut: Option<(Cut, Vec<LabeledSpan>)>,
}

impl<'a> Fitted<'a> {
    pub(super) fn new(inner: &'a dyn Diagnostic, width: usize) -> Self {
        let related = inner.related().into_iter().flatten();
        let labels: Vec<LabeledSpan> = inner.labels().into_iter().flatten().collect();
        let cut = inner.source_code().and_then(|source| Cut::of(source, &labels, width));
        Self { inner, width, related: related.map(|one| Self::new(one, width)).collect(), cut }
    }

    fn filled(&self, text: &str, margin: usize) -> String {
        let style = Style { color: false, width: self.width.saturating_sub(margin) };
        let mut page = Page::new(&style);
        page.fill(0, 0, words(text));
        page.finish().trim_end().to_owned()
    }
}

impl fmt::Display for Fitted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.filled(&self.inner.to_string(), MESSAGE))
    }
}

impl std::error::Error for Fitted<'_> {}

impl Diagnostic for Fitted<'_> {
    fn severity(&self) -> Option<Severity> {
        self.inner.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.inner.help()?.to_string();
        Some(Box::new(self.filled(&help, HELP)))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        match &self.cut {
            Some((cut, _)) => Some(cut),
            None => self.inner.source_code(),
        }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        match &self.cut {
            Some((_, labels)) if !labels.is_empty() => Some(Box::new(labels.iter().cloned())),
            _ => self.inner.labels(),
        }
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|one| one as &dyn Diagnostic)))
    }
}
