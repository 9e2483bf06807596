//! The one report of everything that is wrong with a stack, fit to be shown.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::mask;
use super::problem::{Problem, shown};

/// The largest number of problems that one report shows.
const MOST: usize = 20;

/// The text of one file of a stack.
pub(super) struct Text<'a> {
    pub name: &'a str,
    pub text: &'a str,
    /// The first byte of it, among those of all files.
    pub start: usize,
}

impl Text<'_> {
    /// The bytes of the file among those of all, with the place after its end.
    fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len() + 1
    }
}

/// Why a stack cannot be used: one report of everything that is wrong with its files.
///
/// Shows the first problem as its own, and the others as related to it. Neither a password nor an invisible
/// character of a file is in it.
#[derive(Debug)]
pub struct StackError {
    first: Problem,
    others: Vec<Problem>,
    left_out: usize,
}

impl StackError {
    /// The report on files: at least one file and one problem. `secrets` are places that must not be shown.
    pub(super) fn new(files: &[Text<'_>], secrets: &[Range<usize>], mut all: Vec<Problem>) -> Self {
        let place = |problem: &Problem| match problem.place() {
            Some(place) => place.start,
            None => files[problem.file()].start,
        };
        all.sort_by_key(place);
        let left_out = all.len().saturating_sub(MOST);
        all.truncate(MOST);
        let file_of = |problem: &Problem| match problem.place() {
            Some(place) => files.iter().rposition(|file| file.start <= place.start).unwrap_or(0),
            None => problem.file(),
        };
        let sources: Vec<_> = files
            .iter()
            .enumerate()
            .map(|(number, file)| {
                // A file that is too large is not shown: its lines may be, too.
                let is_shown = all.iter().any(|one| one.place().is_some() && file_of(one) == number);
                let secrets: Vec<_> = secrets
                    .iter()
                    .filter(|place| file.range().contains(&place.start))
                    .map(|place| place.start - file.start..place.end - file.start)
                    .collect();
                let text = if is_shown { mask::displayable(file.text, &secrets) } else { String::new() };
                Arc::new(NamedSource::new(shown(file.name), text))
            })
            .collect();
        for problem in &mut all {
            let number = file_of(problem);
            problem.settle(&files[number].range(), &sources[number], |place| {
                let file = files.iter().rfind(|file| file.start <= place).unwrap_or(&files[0]);
                let line =
                    file.text.as_bytes().iter().take(place - file.start).filter(|byte| **byte == b'\n');
                format!("{}, line {}", shown(file.name), line.count() + 1)
            });
        }
        let mut all = all.into_iter();
        let first = all.next().expect("a report has a first problem");
        Self { first, others: all.collect(), left_out }
    }

    /// Every problem shown, in the order of the files.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Line and column of a problem in its file, both from 1; columns count characters.
    pub fn position(&self, problem: &Problem) -> Option<(usize, usize)> {
        let before = &problem.source()?.inner()[..problem.place()?.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A problem that has no place in the file is at least of that file.
        if let (None, Some(source)) = (self.first.place(), self.first.source()) {
            write!(f, "{}: ", source.name())?;
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
        self.first.source_code()
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
