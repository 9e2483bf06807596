//! A failure as a document, for scripts that asked for JSON.

use std::error::Error;

use miette::Diagnostic;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Cause, Failure, FailureKind};
use crate::engine::cloud::{CloudError, KindError};

/// A failure: what a command prints to standard error with `--json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorDocument {
    pub error: Told,
}

/// What failed, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Told {
    pub kind: FailureKind,
    pub exit_code: u8,
    pub message: String,
    /// Why, each the cause of the one before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The operation of AWS as IAM names it: `rds:CreateDBInstance`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The code that AWS answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The places in files that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// A command to type, or a line to write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
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
        let blank = Told {
            kind: self.kind,
            exit_code: self.kind.exit_code(),
            message: String::new(),
            causes: Vec::new(),
            operation: None,
            code: None,
            request_id: None,
            problems: Vec::new(),
            hint: self.hint.clone(),
        };
        let error = match &self.cause {
            Cause::Said => return None,
            Cause::Chain(error) => of_chain(error.as_ref(), blank),
            Cause::Diagnostic(diagnostic) => {
                let mut problems = Vec::new();
                collect(diagnostic.as_ref(), &mut problems);
                Told { message: diagnostic.to_string(), problems, ..blank }
            }
        };
        Some(ErrorDocument { error })
    }
}

fn of_chain(error: &(dyn Error + 'static), blank: Told) -> Told {
    let mut told = Told { message: error.to_string(), ..blank };
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        // An error that only passes another one on says the same.
        if text != *told.causes.last().unwrap_or(&told.message) {
            told.causes.push(text);
        }
        let cloud = error.downcast_ref::<CloudError>().or_else(|| match error.downcast_ref() {
            Some(KindError::Cloud(error)) => Some(error),
            _ => None,
        });
        if let Some(CloudError { operation, code, request_id, .. }) = cloud {
            (told.operation, told.code) = (Some((*operation).to_owned()), Some(code.clone()));
            told.request_id.clone_from(request_id);
        }
        cause = error.source();
    }
    told
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
    let kind = FailureKind::Usage;
    ErrorDocument {
        error: Told {
            kind,
            exit_code: kind.exit_code(),
            message: first.strip_prefix("error: ").unwrap_or(first).to_owned(),
            causes: causes.collect(),
            operation: None,
            code: None,
            request_id: None,
            problems: Vec::new(),
            hint: Some(hint.join("; ")).filter(|hint| !hint.is_empty()),
        },
    }
}
