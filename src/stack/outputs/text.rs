//! Outputs as text, by name, and why one has none.

use std::collections::BTreeMap;

use super::{Missing, Outputs};
use crate::stack::section::{Section, Short};
use crate::stack::sections::SECTIONS;
use crate::stack::{Stack, nearest, shown};

/// All short names, with their sections.
fn short_names() -> impl Iterator<Item = (&'static Section, &'static Short)> {
    SECTIONS.iter().flat_map(|section| section.short.iter().map(|short| (*section, short)))
}

/// Why there is no such output.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoOutput {
    #[error("there is no output `{}`", shown(name))]
    Unknown { name: String, known: Vec<String> },
    #[error("`{name}` is not known yet: no {what} is recorded")]
    Nothing { name: &'static str, what: &'static str },
    #[error("`{name}` has no value: the stack declares no {what}")]
    Undeclared { name: &'static str, what: &'static str, section: &'static str },
    #[error("`{}` has no value: {}", shown(name), missing.reason)]
    Missing { name: String, missing: Missing },
}

impl NoOutput {
    /// The same, where the stack file may not even declare what the output is of.
    #[must_use]
    pub fn as_declared(self, stack: &Stack) -> Self {
        let Self::Nothing { name, what } = self else { return self };
        match short_names().find(|(_, short)| short.name == name) {
            Some((section, _)) if stack.entries(section).is_empty() => {
                Self::Undeclared { name, what, section: section.key }
            }
            _ => Self::Nothing { name, what },
        }
    }

    /// The text to type instead.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { name, known } => {
                // The name of a section or of an entry stands for all below it.
                let below: Vec<&str> =
                    known.iter().map(String::as_str).filter(|one| is_below(one, name)).collect();
                match nearest(name, known.iter().map(String::as_str)) {
                    _ if !below.is_empty() => format!("there are: {}", below.join(", ")),
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are: {}", known.join(", ")),
                }
            }
            Self::Nothing { .. } => "provision apply".to_owned(),
            Self::Undeclared { section, .. } => {
                format!("write one below `{section}:` into the stack file, then: provision apply")
            }
            Self::Missing { missing, .. } => missing.hint.clone(),
        }
    }
}

/// True for `databases.main.host` below `main`, `databases`, or `databases.main`.
fn is_below(output: &str, name: &str) -> bool {
    let is_of = |rest: &str| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    !name.is_empty() && (is_of(output) || output.split_once('.').is_some_and(|(_, rest)| is_of(rest)))
}

impl Outputs {
    /// Every output by its name, as text: what `output` prints. A list that is not whole is not among them.
    ///
    /// Those that scripts want most come under their own names; the others as `<section>.<name>.<field>`.
    pub fn texts(&self) -> &BTreeMap<String, String> {
        &self.texts
    }

    /// One output as text: what `output NAME` prints.
    ///
    /// # Errors
    /// [`NoOutput`] when there is none of this name, none yet, or a part of it only.
    pub fn text(&self, name: &str) -> Result<String, NoOutput> {
        if let Some(text) = self.texts.get(name) {
            return Ok(text.clone());
        }
        let concerns = |missing: &&Missing| {
            let rest = name.strip_prefix(missing.output.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if let Some(missing) = self.missing.iter().find(concerns) {
            return Err(NoOutput::Missing { name: name.to_owned(), missing: missing.clone() });
        }
        if let Some((section, short)) = short_names().find(|(_, short)| short.name == name) {
            return Err(NoOutput::Nothing { name: short.name, what: section.one });
        }
        let mut known: Vec<String> = self.texts.keys().cloned().collect();
        known.extend(short_names().map(|(_, short)| short.name.to_owned()));
        known.sort();
        known.dedup();
        Err(NoOutput::Unknown { name: name.to_owned(), known })
    }
}
