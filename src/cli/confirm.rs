//! The question before something is changed.

use tokio::sync::oneshot;

use crate::view::failure::{Failure, FailureKind};
use crate::view::progress::Sink;
use crate::view::{Ink, harmless};

use super::options::Approval;
use super::screen::{Asking, Screen, sentences};

/// A question to the user. Only the exact answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// Asks whether to carry out the plan that was shown.
    Apply,
    /// Asks whether to carry out the steps that were shown.
    Steps,
    /// Asks whether to delete everything; answered with the stack's name.
    Destroy { stack: &'a str },
    /// Asks whether to change the state: `forget aws_vpc.network`.
    State { change: &'a str },
}

impl<'a> Question<'a> {
    fn text(self) -> String {
        match self {
            Self::Apply => "Carry out this plan? Only `yes` counts:".to_owned(),
            Self::Steps => "Carry out these steps? Only `yes` counts:".to_owned(),
            Self::Destroy { stack } => {
                format!(
                    "Delete all of this? There is no way back.\nType the stack's name, `{}`:",
                    harmless(stack)
                )
            }
            Self::State { change } => format!("Really {}?\nOnly `yes` counts:", harmless(change)),
        }
    }

    fn answer(self) -> &'a str {
        match self {
            Self::Apply | Self::Steps | Self::State { .. } => "yes",
            Self::Destroy { stack } => stack,
        }
    }
}

/// Asks, unless the answer was given on the command line.
///
/// # Errors
/// When the answer is another one, and when no one can be asked.
pub async fn confirm(screen: &mut Screen, approval: Approval, question: Question<'_>) -> Result<(), Failure> {
    if approval.auto_approve {
        return Ok(());
    }
    let Asking::Somebody(mut input) = std::mem::replace(&mut screen.asking, Asking::Nobody) else {
        let message =
            "this needs a yes, and nobody can be asked here: there is no terminal, or --no-input is set";
        return Err(Failure::message(FailureKind::Usage, message)
            .hint("run the same command again with --auto-approve"));
    };
    let question_text = sentences(&question.text(), &screen.styles.err);
    let title = screen.styles.err.paint(Ink::Title, question_text.trim_end());
    screen.err.write(&format!("\n{title} "));
    // On a thread of its own: a user who thinks for a while keeps the lock, and may still press Ctrl-C.
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = input.read_line(&mut line).map(|length| (length, line));
        // No one waits any more when the run was interrupted.
        let _ = answer.send((read, input));
    });
    let mut line = OpenLine { err: &mut screen.err, is_open: true };
    let answered = answered.await;
    line.is_open = false;
    drop(line);
    let (read, input) = answered.map_err(Failure::failed)?;
    screen.asking = Asking::Somebody(input);
    match read {
        Ok((0, _)) => screen.err.line(""),
        Ok((_, line)) if line.trim() == question.answer() => {
            screen.err.line("");
            return Ok(());
        }
        Ok((_, line)) => {
            if let (Question::Destroy { stack }, "yes" | "y") =
                (question, line.trim().to_lowercase().as_str())
            {
                let stack = harmless(stack);
                let message =
                    format!("cancelled: that is not the stack's name, `{stack}`; nothing was changed");
                return Err(Failure::message(FailureKind::Failed, message));
            }
        }
        Err(error) => return Err(Failure::failed(error)),
    }
    Err(Failure::message(FailureKind::Failed, "cancelled: nothing was changed"))
}

/// The line on which an answer is awaited. Whoever does not wait for it any more writes on a new one.
struct OpenLine<'a> {
    err: &'a mut Sink,
    is_open: bool,
}

impl Drop for OpenLine<'_> {
    fn drop(&mut self) {
        if self.is_open {
            self.err.line("");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Cursor, Write};
    use std::os::unix::net::UnixStream;
    use std::sync::{Arc, Mutex};

    use futures_util::FutureExt;

    use super::*;
    use crate::view::progress::{Show, Styles};
    use crate::view::{Carried, Style};

    const PLAIN: Style = Style { color: false, width: 80 };

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no test panics with it").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Asks with these keystrokes waiting, and returns the result and what was printed.
    async fn ask(
        typed: Option<&str>,
        auto_approve: bool,
        question: Question<'_>,
    ) -> (Result<(), Failure>, String) {
        let printed = Shared::default();
        let asking = match typed {
            Some(typed) => Asking::Somebody(Box::new(Cursor::new(typed.to_owned()))),
            None => Asking::Nobody,
        };
        let styles = Styles { out: PLAIN, err: PLAIN };
        let (out, err) = (Sink::new(std::io::sink()), Sink::new(printed.clone()));
        let mut screen = Screen { out, err, styles, asking, show: Show::Lines, carried: Carried::default() };
        let result = confirm(&mut screen, Approval { auto_approve }, question).await;
        let printed = String::from_utf8(printed.0.lock().expect("no test panics with it").clone())
            .expect("text is printed");
        (result, printed)
    }

    #[tokio::test]
    async fn only_the_exact_answer_is_a_yes() {
        let destroy = Question::Destroy { stack: "gitlab" };
        for (question, typed, agreed) in [
            (Question::Apply, "yes\n", true),
            (Question::Apply, "yes", true),
            (Question::Apply, "  yes \r\n", true),
            (Question::Apply, "y\n", false),
            (Question::Apply, "YES\n", false),
            (Question::Apply, "\nyes\n", false),
            (Question::Apply, "", false),
            (destroy, "gitlab\n", true),
            (destroy, "yes\n", false),
            (Question::State { change: "forget a.b" }, "yes\n", true),
        ] {
            assert_eq!(ask(Some(typed), false, question).await.0.is_ok(), agreed, "{question:?} {typed:?}");
        }
    }

    #[tokio::test]
    async fn a_question_says_what_is_asked_and_which_answer_counts() {
        let (_, printed) = ask(Some("no\n"), false, Question::State { change: "forget a.b\u{1b}[2J" }).await;
        assert_eq!(printed, "\nReally forget a.b\\u{1b}[2J?\nOnly `yes` counts: ");
        let (_, printed) = ask(Some(""), false, Question::Destroy { stack: "gitlab" }).await;
        assert!(printed.contains("`gitlab`") && printed.ends_with('\n'));
    }

    #[tokio::test]
    async fn a_yes_where_the_name_is_asked_for_is_told_so() {
        for (question, typed, said) in [
            (
                Question::Destroy { stack: "gitlab" },
                "yes\n",
                "cancelled: that is not the stack's name, `gitlab`",
            ),
            (Question::Destroy { stack: "gitlab" }, "no\n", "cancelled: nothing was changed"),
            (Question::Apply, "y\n", "cancelled: nothing was changed"),
        ] {
            let failure = ask(Some(typed), false, question).await.0.expect_err("not the answer");
            assert!(failure.text(&PLAIN).contains(said), "{question:?} {typed:?}: {}", failure.text(&PLAIN));
        }
    }

    #[tokio::test]
    async fn nobody_is_asked_without_a_terminal() {
        let (result, printed) = ask(None, false, Question::Apply).await;
        let failure = result.expect_err("nobody said yes");
        assert_eq!(failure.kind().exit_code(), 1);
        assert!(failure.text(&PLAIN).contains("--auto-approve"));
        assert_eq!(printed, "");
    }

    #[tokio::test]
    async fn whoever_is_not_waited_for_any_more_leaves_a_line_of_its_own_to_what_comes() {
        let (nobody_types, input) = UnixStream::pair().expect("a pair of sockets");
        let printed = Shared::default();
        let asking = Asking::Somebody(Box::new(BufReader::new(input)));
        let styles = Styles { out: PLAIN, err: PLAIN };
        let (out, err) = (Sink::new(std::io::sink()), Sink::new(printed.clone()));
        let mut screen = Screen { out, err, styles, asking, show: Show::Lines, carried: Carried::default() };
        let asked = confirm(&mut screen, Approval { auto_approve: false }, Question::Apply).now_or_never();
        assert!(asked.is_none(), "nobody has answered");
        screen.err.line("interrupted");
        let printed = String::from_utf8(printed.0.lock().expect("no test panics with it").clone());
        let printed = printed.expect("text is printed");
        assert!(printed.ends_with("counts: \ninterrupted\n"), "{printed:?}");
        drop(nobody_types);
    }

    #[tokio::test]
    async fn an_answer_on_the_command_line_is_enough() {
        let (result, printed) = ask(None, true, Question::Destroy { stack: "gitlab" }).await;
        assert!(result.is_ok());
        assert_eq!(printed, "");
    }
}
