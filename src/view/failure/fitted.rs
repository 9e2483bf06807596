//! What a diagnostic shows below its message, with lines that are broken already: each command in them stands whole on one line.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::cut::Cut;
use crate::view::{Page, Style, words};

/// The columns that miette puts before a line of a help.
const HELP: usize = 8;

/// Shows another diagnostic, without its message and those that are related to it.
#[derive(Debug)]
pub(super) struct Fitted<'a> {
    inner: &'a dyn Diagnostic,
    width: usize,
    /// The file and the marked places, where its lines are wider than the terminal.
    cut: Option<(Cut, Vec<LabeledSpan>)>,
}

impl<'a> Fitted<'a> {
    pub(super) fn new(inner: &'a dyn Diagnostic, width: usize) -> Self {
        let labels: Vec<LabeledSpan> = inner.labels().into_iter().flatten().collect();
        let cut = inner.source_code().and_then(|source| Cut::of(source, &labels, width));
        Self { inner, width, cut }
    }

    fn filled(&self, text: &str, margin: usize) -> String {
        let style = Style { color: false, width: self.width.saturating_sub(margin) };
        let mut page = Page::new(&style);
        page.fill(0, 0, words(text));
        page.finish().trim_end().to_owned()
    }
}

impl fmt::Display for Fitted<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
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
}
