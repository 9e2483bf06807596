//! A failure as the program's caller sees it: an exit code, a chain of causes, and what to do.

mod cut;
mod document;
mod fitted;

use std::error::Error;
use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use schemars::JsonSchema;
use serde::Serialize;

pub use document::{CommandFailure, ErrorDocument, Problem, of_usage};
use fitted::Fitted;

use crate::view::{Carried, Ink, Page, Style, harmless, is_harmful, words};

/// Why a command ends without having done what it was asked.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    cause: Cause,
    hint: Option<String>,
}

/// The meaning of a failure to a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The command line or the stack file is wrong.
    Usage,
    /// It was tried, and did not work.
    Failed,
    /// Another run holds the state; nothing was changed.
    Locked,
    /// The facts that the saved plan was made from have changed since; nothing was changed.
    Stale,
    /// Stopped by a signal; what was in flight is recorded.
    Interrupted,
}

impl FailureKind {
    /// The exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage | Self::Failed => 1,
            Self::Locked | Self::Stale => 3,
            Self::Interrupted => 130,
        }
    }
}

enum Cause {
    Chain(Box<dyn Error>),
    /// An error that points into a file.
    Diagnostic(Box<dyn Diagnostic>),
    /// Everything has been said already.
    Said,
}

/// A message that is the whole error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Message(String);

/// The command did its work, and no one got to read the result.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written")]
struct Undelivered {
    source: std::io::Error,
}

impl Failure {
    /// A failure of a kind, with the error and its sources.
    pub fn new(kind: FailureKind, error: impl Error + 'static) -> Self {
        Self { kind, cause: Cause::Chain(Box::new(error)), hint: None }
    }

    /// The user wrote something that is wrong.
    pub fn usage(error: impl Error + 'static) -> Self {
        Self::new(FailureKind::Usage, error)
    }

    /// It was tried, and did not work.
    pub fn failed(error: impl Error + 'static) -> Self {
        Self::new(FailureKind::Failed, error)
    }

    /// A failure that needs no more than a sentence.
    pub fn message(kind: FailureKind, message: impl Into<String>) -> Self {
        Self::new(kind, Message(message.into()))
    }

    /// An error in a file, to be shown with the place underlined.
    pub fn diagnostic(kind: FailureKind, diagnostic: impl Diagnostic + 'static) -> Self {
        Self { kind, cause: Cause::Diagnostic(Box::new(diagnostic)), hint: None }
    }

    /// A result that could not be written.
    pub fn undelivered(source: std::io::Error) -> Self {
        Self::failed(Undelivered { source })
    }

    /// A failure whose details have been shown already: only the exit code is left to say.
    pub fn said(kind: FailureKind) -> Self {
        Self { kind, cause: Cause::Said, hint: None }
    }

    /// The failure with what to do about it: a command to type, or a line to write.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The failure with a hint, if there is one.
    #[must_use]
    pub fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// The failure with these options in every command of its hint: they are there before lines are broken.
    #[must_use]
    pub fn carrying(self, carried: &Carried) -> Self {
        Self { hint: self.hint.map(|hint| carried.on(&hint)), ..self }
    }

    /// The error and its causes in one sentence, and the hint.
    pub fn sentence(&self) -> (String, Option<&str>) {
        let sentence = match &self.cause {
            Cause::Chain(error) => {
                let mut all = vec![error.to_string()];
                let mut cause = error.source();
                while let Some(error) = cause {
                    all.push(error.to_string());
                    cause = error.source();
                }
                all.join(": ")
            }
            Cause::Diagnostic(diagnostic) => diagnostic.to_string(),
            Cause::Said => String::new(),
        };
        (sentence, self.hint.as_deref())
    }

    /// The meaning of the failure to a script.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The text for people: the error, its causes indented below, the hint. Empty if all has been said.
    pub fn text(&self, style: &Style) -> String {
        let mut page = Page::new(style);
        match &self.cause {
            Cause::Chain(error) => chain(&mut page, error.as_ref()),
            Cause::Diagnostic(diagnostic) => pointing(&mut page, diagnostic.as_ref()),
            Cause::Said => {}
        }
        if let Some(hint) = &self.hint {
            crate::view::hint(&mut page, 0, hint);
        }
        page.finish()
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain(error) => fmt::Debug::fmt(error, f),
            Self::Diagnostic(diagnostic) => fmt::Debug::fmt(diagnostic, f),
            Self::Said => f.write_str("Said"),
        }
    }
}

fn chain(page: &mut Page<'_>, error: &dyn Error) {
    let label = page.style().paint(Ink::Error, "error:");
    let mut said = error.to_string();
    page.fill(0, 2, std::iter::once(label).chain(words(&said)));
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // An error that only passes another one on says the same.
        if text != said {
            page.fill(2, 4, words(&text));
            said = text;
        }
        source = cause.source();
    }
}

/// An error that points into a file, and those that are related to it: each as any other error, and below it the place and what to do.
fn pointing(page: &mut Page<'_>, diagnostic: &dyn Diagnostic) {
    let style = page.style();
    let message = diagnostic.to_string();
    let (place, is_hostile) = snippet(diagnostic, style);
    page.gap();
    let label = match is_hostile || message.contains(is_harmful) {
        true => "error:".to_owned(),
        false => style.paint(Ink::Error, "error:"),
    };
    page.fill(0, 2, std::iter::once(label).chain(words(&message)));
    // The first line is for a message.
    place.lines().skip(1).for_each(|line| page.line(0, line));
    diagnostic.related().into_iter().flatten().for_each(|related| pointing(page, related));
}

/// The place in the file and the help, drawn by miette, which passes everything in the file on as it is. True for a file that would
/// steer a terminal.
fn snippet(diagnostic: &dyn Diagnostic, style: &Style) -> (String, bool) {
    let fitted = Fitted::new(diagnostic, style.width);
    let draw = |theme: GraphicalTheme| {
        let mut text = String::new();
        let handler = GraphicalReportHandler::new_themed(theme).with_width(style.width).with_links(false);
        // It would break commands: lines are broken before.
        let handler = handler.with_wrap_lines(false);
        match handler.render_report(&mut text, &fitted) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    };
    let plain = draw(GraphicalTheme::unicode_nocolor());
    let hostile = |character: char| character != '\n' && is_harmful(character);
    // Colours cannot be told from what a hostile file contains, so such a file is shown without them.
    let is_hostile = plain.contains(hostile);
    let shown = match style.color && !is_hostile {
        true => draw(GraphicalTheme::unicode()),
        false => plain.lines().map(|line| format!("{}\n", harmless(line))).collect(),
    };
    (shown, is_hostile)
}

#[cfg(test)]
mod tests {
    use miette::{NamedSource, SourceSpan};

    use super::*;
    use crate::engine::cloud::{CloudError, KindError, Outcome};

    const PLAIN: Style = Style { color: false, width: 60 };

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the state")]
    struct Unreadable {
        source: Passed,
    }

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Passed(#[from] std::io::Error);

    #[test]
    fn an_error_is_followed_by_its_causes_and_what_to_do() {
        let cause = std::io::Error::other("disk on \u{1b}[31mfire");
        let failure = Failure::failed(Unreadable { source: Passed(cause) }).hint("provision state list");
        assert_eq!(
            failure.text(&PLAIN),
            concat!(
                "error: cannot read the state\n",
                "  disk on \\u{1b}[31mfire\n",
                "hint:\n    provision state list\n",
            )
        );
    }

    #[test]
    fn long_causes_are_wrapped_under_themselves() {
        let failure = Failure::message(FailureKind::Usage, "a word ".repeat(12).trim());
        assert_eq!(
            failure.text(&PLAIN),
            concat!(
                "error: a word a word a word a word a word a word a word a\n",
                "  word a word a word a word a word\n",
            )
        );
    }

    #[test]
    fn what_was_said_is_not_said_again() {
        assert_eq!(Failure::said(FailureKind::Failed).text(&PLAIN), "");
    }

    #[test]
    fn exit_codes_are_those_of_the_contract() {
        for (kind, code) in [
            (FailureKind::Usage, 1),
            (FailureKind::Failed, 1),
            (FailureKind::Locked, 3),
            (FailureKind::Stale, 3),
            (FailureKind::Interrupted, 130),
        ] {
            assert_eq!(kind.exit_code(), code, "{kind:?}");
        }
    }

    #[derive(Debug, Diagnostic, thiserror::Error)]
    #[error("unknown key `{key}`")]
    #[diagnostic(help("did you mean `cluster`?"))]
    struct UnknownKey {
        key: String,
        #[source_code]
        file: NamedSource<String>,
        #[label("not a key of a stack")]
        place: SourceSpan,
    }

    fn unknown_key(key: &str) -> Failure {
        let text = format!("stack: gitlab\n{key}: k8s.myzone.net\n");
        let place = SourceSpan::from((14, key.len()));
        let file = NamedSource::new("provision.yaml", text);
        Failure::diagnostic(FailureKind::Usage, UnknownKey { key: key.to_owned(), file, place })
    }

    #[test]
    fn a_script_gets_a_failure_as_a_document() {
        let call = CloudError {
            operation: "rds:CreateDBInstance",
            code: "DBInstanceAlreadyExists".to_owned(),
            message: "it is there".to_owned(),
            request_id: Some("1-2".to_owned()),
            outcome: Outcome::Exists,
        };
        let failure = Failure::failed(KindError::Cloud(call)).hint("provision plan");
        let told = failure.document().expect("it is not said yet").error;
        assert_eq!((told.kind, told.exit_code), (FailureKind::Failed, 1));
        assert_eq!(told.text.operation.as_deref(), Some("rds:CreateDBInstance"));
        assert_eq!(
            (told.text.code.as_deref(), told.text.request_id.as_deref()),
            (Some("DBInstanceAlreadyExists"), Some("1-2"))
        );
        assert_eq!((told.causes, told.text.hint.as_deref()), (Vec::new(), Some("provision plan")));
        let cause = Unreadable { source: Passed(std::io::Error::other("disk on fire")) };
        let told = Failure::new(FailureKind::Locked, cause).document().expect("it is not said yet").error;
        assert_eq!((told.text.message.as_str(), told.exit_code), ("cannot read the state", 3));
        assert_eq!(told.causes, ["disk on fire"]);
        assert_eq!(Failure::said(FailureKind::Failed).document(), None);
    }

    #[test]
    fn an_error_in_a_file_has_its_place_in_the_document() {
        let told = unknown_key("clutser").document().expect("it is not said yet").error;
        let [problem] = &told.problems[..] else { panic!("{:?}", told.problems) };
        assert_eq!(problem.message, "unknown key `clutser`");
        assert_eq!(
            (problem.file.as_deref(), problem.line, problem.column),
            (Some("provision.yaml"), Some(2), Some(1))
        );
        assert_eq!(problem.help.as_deref(), Some("did you mean `cluster`?"));
    }

    #[test]
    fn a_wrong_command_line_is_a_document_too() {
        let told = of_usage("error: unexpected argument '--x' found\n\nUsage: provision plan\n\nhint: provision plan --help\n").error;
        assert_eq!(told.text.message, "unexpected argument '--x' found");
        assert_eq!(
            (told.causes, told.text.hint.as_deref()),
            (vec!["Usage: provision plan".to_owned()], Some("provision plan --help"))
        );
    }

    #[test]
    fn an_error_in_a_file_is_underlined() {
        let text = unknown_key("clutser").text(&PLAIN);
        for part in
            ["unknown key `clutser`", "provision.yaml:2:1", "not a key of a stack", "did you mean `cluster`?"]
        {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains('\u{1b}'));
        assert!(unknown_key("clutser").text(&Style { color: true, ..PLAIN }).contains("\u{1b}["));
    }

    /// Two errors in a file.
    #[derive(Debug, Diagnostic, thiserror::Error)]
    #[error("the first")]
    #[diagnostic(help("do one thing"))]
    struct Two {
        #[related]
        others: Vec<miette::MietteDiagnostic>,
    }

    #[test]
    fn each_of_several_errors_in_a_file_begins_as_every_error_does() {
        let others = vec![miette::MietteDiagnostic::new("the second").with_help("do another thing")];
        for color in [false, true] {
            let text = Failure::diagnostic(FailureKind::Usage, Two { others: others.clone() });
            let text = text.text(&Style { color, ..PLAIN });
            let plain = anstream::adapter::strip_str(&text).to_string();
            let lines: Vec<&str> = plain.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            assert_eq!(
                lines,
                ["error: the first", "help: do one thing", "error: the second", "help: do another thing"],
                "{plain}"
            );
        }
        let text = unknown_key("clutser").text(&PLAIN);
        assert!(text.starts_with("error: unknown key `clutser`\n"), "{text}");
    }

    #[test]
    fn a_command_in_the_help_of_an_error_in_a_file_stands_whole_on_a_line() {
        let help = "it was renamed: provision state move gitlab-pgsql the-new-name-of-the-database; a word of a sentence";
        let diagnostic = miette::MietteDiagnostic::new("a word ".repeat(20).trim()).with_help(help);
        let draw = |width| {
            let style = Style { color: false, width };
            Failure::diagnostic(FailureKind::Usage, diagnostic.clone()).text(&style)
        };
        let narrow = draw(60);
        let command = "provision state move gitlab-pgsql the-new-name-of-the-database;";
        assert!(narrow.lines().any(|line| line.contains(command)), "{narrow}");
        assert!(
            narrow.lines().filter(|line| !line.contains(command)).all(|line| line.len() <= 64),
            "{narrow}"
        );
        assert_eq!(draw(100_000).trim().lines().count(), 2, "{}", draw(100_000));
    }

    #[test]
    fn a_hostile_file_cannot_steer_the_terminal() {
        for color in [false, true] {
            let text = unknown_key("x\u{1b}[2Jy\u{202e}z\u{9b}").text(&Style { color, ..PLAIN });
            assert!(!text.replace('\n', "").contains(is_harmful), "{text:?}");
        }
    }
}
