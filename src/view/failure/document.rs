//! A failure as a document, for scripts that asked for JSON.

use std::error::Error;

use miette::Diagnostic;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Cause, Failure, FailureKind};
use crate::engine::cloud::{CloudError, KindError};
use crate::engine::event::FailureText;

/// A failure: what a command prints to standard error with `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorDocument {
    pub error: CommandFailure,
}

/// What failed, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CommandFailure {
    pub kind: FailureKind,
    pub exit_code: u8,
    #[serde(flatten)]
    pub text: FailureText,
    /// Why, each the cause of the one before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The places in files that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

impl CommandFailure {
    fn new(kind: FailureKind, text: FailureText) -> Self {
        Self { kind, exit_code: kind.exit_code(), text, causes: Vec::new(), problems: Vec::new() }
    }
}

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Counted from 1, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Failure {
    /// The failure as a document; none where all has been said already.
    pub fn document(&self) -> Option<ErrorDocument> {
        let message = match &self.cause {
            Cause::Said => return None,
            Cause::Chain(error) => error.to_string(),
            Cause::Diagnostic(diagnostic) => diagnostic.to_string(),
        };
        let text = FailureText { message, hint: self.hint.clone(), ..FailureText::default() };
        let mut failure = CommandFailure::new(self.kind, text);
        match &self.cause {
            Cause::Said => {}
            Cause::Chain(error) => failure = with_causes(failure, error.as_ref()),
            Cause::Diagnostic(diagnostic) => collect(diagnostic.as_ref(), &mut failure.problems),
        }
        Some(ErrorDocument { error: failure })
    }
}

/// The failure with the causes of its error, and with what AWS answered, where one of them is that.
fn with_causes(mut failure: CommandFailure, error: &(dyn Error + 'static)) -> CommandFailure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        // An error that only passes another one on says the same.
        if text != *failure.causes.last().unwrap_or(&failure.text.message) {
            failure.causes.push(text);
        }
        let cloud = error.downcast_ref::<CloudError>().or_else(|| match error.downcast_ref() {
            Some(KindError::Cloud(error)) => Some(error),
            _ => None,
        });
        if let Some(cloud) = cloud {
            failure.text = failure.text.answered(cloud);
        }
        cause = error.source();
    }
    failure
}

/// The problems of an error that points into files, and of those that are related to it.
fn collect(diagnostic: &dyn Diagnostic, problems: &mut Vec<Problem>) {
    let label = diagnostic.labels().and_then(|mut labels| labels.next());
    let source = diagnostic.source_code().zip(label);
    let place = source.and_then(|(source, label)| source.read_span(label.inner(), 0, 0).ok());
    problems.push(Problem {
        message: diagnostic.to_string(),
        file: place.as_ref().and_then(|place| place.name()).map(str::to_owned),
        line: place.as_ref().map(|place| place.line() + 1),
        column: place.as_ref().map(|place| place.column() + 1),
        help: diagnostic.help().map(|help| help.to_string()),
    });
    diagnostic.related().into_iter().flatten().for_each(|related| collect(related, problems));
}

/// The document of a command line that is wrong.
pub fn of_usage(message: &str) -> ErrorDocument {
    let mut lines = message.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    let hint: Vec<&str> = lines.clone().filter_map(|line| line.strip_prefix("hint: ")).collect();
    let causes = lines.filter(|line| !line.starts_with("hint: ")).map(|line| line.trim().to_owned());
    let text = FailureText {
        message: first.strip_prefix("error: ").unwrap_or(first).to_owned(),
        hint: Some(hint.join("; ")).filter(|hint| !hint.is_empty()),
        ..FailureText::default()
    };
    let failure = CommandFailure::new(FailureKind::Usage, text);
    ErrorDocument { error: CommandFailure { causes: causes.collect(), ..failure } }
}
