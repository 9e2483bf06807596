//! The one report of everything that is wrong with a stack file, fit to be shown.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::mask;
use super::problem::{Problem, shown};

/// The largest number of problems that one report shows.
const MOST: usize = 20;

/// Why a stack file cannot be used: one report of everything that is wrong with it.
///
/// Shows the first problem as its own, and the others as related to it. Neither a password nor an invisible
/// character of the file is in it.
#[derive(Debug)]
pub struct StackError {
    source: NamedSource<String>,
    first: Problem,
    others: Vec<Problem>,
    left_out: usize,
}

impl StackError {
    /// The report on the file called `name`: at least one problem. `secrets` are places that must not be shown.
    pub(super) fn new(name: &str, text: &str, secrets: &[Range<usize>], mut all: Vec<Problem>) -> Self {
        all.sort_by_key(|problem| problem.place().map_or(0, |place| place.start));
        let left_out = all.len().saturating_sub(MOST);
        all.truncate(MOST);
        // A file that is too large is not shown: its lines may be, too.
        let source = if all.iter().any(|problem| problem.place().is_some()) {
            mask::displayable(text, secrets)
        } else {
            String::new()
        };
        all.iter_mut().for_each(|problem| problem.fit(&source));
        let mut all = all.into_iter();
        let first = all.next().expect("a report has a first problem");
        Self { source: NamedSource::new(shown(name), source), first, others: all.collect(), left_out }
    }

    /// Every problem shown, in the order of the file.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Line and column of a problem, both from 1; columns count characters.
    pub fn position(&self, problem: &Problem) -> Option<(usize, usize)> {
        let before = &self.source.inner()[..problem.place()?.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A problem that has no place in the file is at least of that file.
        if self.first.place().is_none() {
            write!(f, "{}: ", self.source.name())?;
        }
        self.first.fmt(f)
    }
}

impl std::error::Error for StackError {}

impl Diagnostic for StackError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self.left_out {
            0 => self.first.help(),
            more => {
                let help = self.first.help().map(|help| format!("{help} ")).unwrap_or_default();
                Some(Box::new(format!("{help}({more} more problems are not shown)")))
            }
        }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.first.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.others.is_empty() {
            return None;
        }
        Some(Box::new(self.others.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}
