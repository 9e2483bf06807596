//! The rule of a text: a pattern, the words that say it to people, and how a text that breaks it is treated.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex_lite::Regex;
use serde_json::{Value, json};

use super::shape::Wrong;
use crate::engine::document::is_unknown;

/// The rule of a text.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// The words for people: `a path, such as /git-data`.
    pub is: &'static str,
    pub pattern: &'static str,
    /// A pattern that the text must not match, where there is one.
    pub never: Option<&'static str>,
    /// The greatest length, in bytes.
    pub longest: usize,
    pub letters: Letters,
    pub quotes: Quotes,
    pub mismatch: Mismatch,
    /// Says what is wrong with a text that matches the pattern, as a sentence, where a pattern cannot tell.
    pub judge: Option<fn(&str) -> Option<Wrong>>,
}

impl Pattern {
    /// A pattern for texts of at most this many bytes. `is` reads after `must be`.
    pub const fn new(is: &'static str, pattern: &'static str, longest: usize) -> Self {
        Self {
            is,
            pattern,
            never: None,
            longest,
            letters: Letters::AsWritten,
            quotes: Quotes::Needed,
            mismatch: Mismatch::Repeated,
            judge: None,
        }
    }

    /// Any text: the code of the kind judges it.
    pub const fn any(is: &'static str) -> Self {
        Self::new(is, "", usize::MAX)
    }

    /// The same without the texts that match another pattern.
    #[must_use]
    pub const fn but_not(self, never: &'static str) -> Self {
        Self { never: Some(never), ..self }
    }

    /// The same for texts that AWS keeps in lower case.
    #[must_use]
    pub const fn in_lower_case(self) -> Self {
        Self { letters: Letters::Lower, ..self }
    }

    /// The same for texts that look like numbers, and may be written like them.
    #[must_use]
    pub const fn without_quotes(self, least: i64, below: i64) -> Self {
        Self { quotes: Quotes::Free { least, below }, ..self }
    }

    /// The same for texts that may be written like numbers or truths.
    #[must_use]
    pub const fn bare(self) -> Self {
        Self { quotes: Quotes::Bare, ..self }
    }

    /// The same for texts that may be secrets where they do not fit.
    #[must_use]
    pub const fn hidden_where_wrong(self) -> Self {
        Self { mismatch: Mismatch::Hidden, ..self }
    }

    /// The same for texts of which a function says more than a pattern can.
    #[must_use]
    pub const fn judged_by(self, judge: fn(&str) -> Option<Wrong>) -> Self {
        Self { judge: Some(judge), ..self }
    }

    /// True if the text follows the rule.
    pub fn fits(&self, text: &str) -> bool {
        self.matches(text) && self.judge.and_then(|judge| judge(text)).is_none()
    }

    fn matches(&self, text: &str) -> bool {
        text.len() <= self.longest
            && is_match(self.pattern, text)
            && !self.never.is_some_and(|never| is_match(never, text))
    }

    /// The sentence on what is wrong with a text that matches the pattern.
    pub fn judged(&self, text: &str) -> Option<Wrong> {
        self.judge.filter(|_| self.matches(text)).and_then(|judge| judge(text))
    }

    /// True for a value that does not follow the rule, and must not be repeated.
    pub(super) fn hides(&self, value: &Value) -> bool {
        let fits = || value.as_str().is_some_and(|text| self.fits(text));
        self.mismatch == Mismatch::Hidden && !fits() && !(value.is_string() && is_unknown(value))
    }

    /// The JSON Schema of the texts.
    pub fn schema(&self) -> Value {
        let mut schema = json!({ "type": "string", "pattern": self.pattern });
        if self.longest < usize::MAX {
            schema["maxLength"] = self.longest.into();
        }
        match self.quotes {
            Quotes::Needed => {}
            Quotes::Free { least, below } => {
                schema["type"] = json!(["string", "number"]);
                schema["minimum"] = least.into();
                schema["exclusiveMaximum"] = below.into();
            }
            Quotes::Bare => schema["type"] = json!(["string", "number", "boolean"]),
        }
        if let Some(never) = self.never {
            schema["not"] = json!({ "type": "string", "pattern": never });
        }
        schema
    }
}

/// The treatment of a text that does not follow its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It is named in the message.
    Repeated,
    /// It may be a secret: it is never repeated, and stands in no document.
    Hidden,
}

/// The quotes around a text in the stack file that would be a number without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    Needed,
    /// The text is taken as it stands: `16.10` is not `16.1`. The numbers that it may look like are these.
    Free {
        least: i64,
        below: i64,
    },
    /// Any number, `true` and `false` are taken as they stand.
    Bare,
}

/// The letters in which AWS keeps a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    AsWritten,
    /// Upper case becomes lower case.
    Lower,
}

#[cfg(test)]
thread_local! {
    /// The number of times that this thread has run a pattern over a text.
    pub(crate) static RUNS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Each pattern is compiled once, and its working memory is kept: a plan checks the same ones for every object.
fn is_match(pattern: &'static str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<BTreeMap<&'static str, Regex>>> = LazyLock::new(Mutex::default);
    #[cfg(test)]
    RUNS.set(RUNS.get() + 1);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let new = || Regex::new(pattern).expect("a test compiles every pattern");
    compiled.entry(pattern).or_insert_with(new).is_match(text)
}
