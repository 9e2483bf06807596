//! Both ends of a conversation with a person or a script: where results go, and whether anybody can be asked.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;
use terminal_size::{Width, terminal_size_of};

use crate::view::progress::{Progress, Show, Sink, Styles};
use crate::view::{Carried, Page, RunWords, Style, harmless, leads_to_a_command, visible_width, words};

use crate::view::{Timed, Versioned};

use super::options::{Approval, Global};

/// The width of lines that no terminal shows: they are never broken, since they are read by programs, or shown elsewhere.
const PIPE: usize = 100_000;
/// Wider lines are hard to read, narrower ones impossible to break.
const READABLE: std::ops::RangeInclusive<usize> = 40..=110;

/// The streams that a command prints to, and the person that it can ask.
#[derive(Debug)]
pub struct Screen {
    /// Results.
    pub out: Sink,
    /// Progress, questions and errors.
    pub err: Sink,
    pub styles: Styles,
    pub asking: Asking,
    /// The part of a run that is shown while it goes on.
    pub show: Show,
    /// The options of the commands that are named to be typed next.
    pub carried: Carried,
}

/// The person that can be asked, if there is one.
pub enum Asking {
    /// A person at a terminal.
    Somebody(Box<dyn BufRead + Send>),
    Nobody,
}

impl Screen {
    /// The process's own streams, as the options want them.
    pub fn of(global: &Global) -> Self {
        let styles = styles();
        let asking = if !global.no_input && io::stdin().is_terminal() {
            Asking::Somebody(Box::new(BufReader::new(io::stdin())))
        } else {
            Asking::Nobody
        };
        let draws = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let show = match () {
            () if global.json => Show::Json,
            () if global.quiet => Show::End,
            // A log on the same terminal would tear the lines that change in place.
            () if draws && global.verbose == 0 => Show::Live,
            () => Show::Lines,
        };
        Self {
            out: Sink::stdout().carrying(global.carried.clone()),
            err: Sink::stderr().carrying(global.carried.clone()),
            styles,
            asking,
            show,
            carried: global.carried.clone(),
        }
    }

    /// Puts these options into every command that is written from now on.
    pub fn carry(&mut self, carried: &Carried) {
        self.out.carry(carried.clone());
        self.err.carry(carried.clone());
        self.carried = carried.clone();
    }

    /// True if a question would be asked, and not answered by an option.
    pub fn can_ask(&self, approval: Approval) -> bool {
        !approval.auto_approve && matches!(self.asking, Asking::Somebody(_))
    }

    /// True where a person reads what a run says, and results are more than an event.
    pub fn shows_results(&self) -> bool {
        matches!(self.show, Show::Live | Show::Lines)
    }

    /// Writes sentences to standard error, no wider than the terminal.
    pub fn say(&mut self, text: &str) {
        self.err.write(&sentences(&self.carried.on(text), &self.styles.err));
    }

    /// Writes sentences from outside to standard error, each a line, and below them the hint on what to do.
    pub fn say_with_hint(&mut self, text: &str, hint: &str) {
        let mut page = Page::new(&self.styles.err);
        text.lines().for_each(|line| page.fill(0, 2, words(line)));
        crate::view::hint(&mut page, 2, &self.carried.on(hint));
        self.err.write(&page.finish());
    }

    /// Writes sentences that are the result, no wider than the terminal.
    pub fn tell(&mut self, text: &str) {
        self.out.write(&sentences(&self.carried.on(text), &self.styles.out));
    }

    /// Prints a result as JSON.
    pub fn json<T: Serialize>(&mut self, value: &T) {
        self.out.json(value);
    }

    /// Prints a result as a JSON document with the version of its format.
    pub fn report<T: Serialize>(&mut self, document: T) {
        self.json(&Versioned::of(document));
    }

    /// Prints an event as a line of JSON, with its time.
    pub fn event<T: Serialize>(&mut self, event: T) {
        self.out.json_line(&Versioned::of(Timed { time: now(), event }));
    }

    /// The progress of a run, as the options want it.
    pub fn progress(&self, words: RunWords) -> Progress {
        Progress::new(self.show, words, self.styles, now).carrying(self.carried.clone())
    }
}

/// The time, as events have it.
pub(super) fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// Each line made harmless; one that is wider than the terminal is broken between its words, and within no command.
pub(super) fn sentences(text: &str, style: &Style) -> String {
    let mut page = Page::new(style);
    for line in text.lines() {
        let safe = harmless(line);
        let indent = safe.len() - safe.trim_start_matches(' ').len();
        match visible_width(&safe) <= style.width {
            _ if leads_to_a_command(&safe) => crate::view::sentence(&mut page, indent, line),
            true => page.line(0, &safe),
            false => page.fill(indent, indent + 2, words(line)),
        }
    }
    page.finish()
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Somebody(_) => "Somebody",
            Self::Nobody => "Nobody",
        })
    }
}

/// A message that is harmless already, and may be painted, no wider than the terminal: its lines are broken between words.
pub fn within(text: &str, style: &Style) -> String {
    let mut page = Page::new(style);
    for line in text.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        match visible_width(line) <= style.width {
            true => page.line(0, line),
            false => page.fill(indent, indent + 2, line.trim().split(' ').map(str::to_owned)),
        }
    }
    page.finish()
}

/// The styles of the process's own streams: colours as `--color`, `NO_COLOR` and the terminal have it, and its width.
pub fn styles() -> Styles {
    let (out, err) = (io::stdout(), io::stderr());
    Styles {
        out: Style {
            color: AutoStream::choice(&out) != ColorChoice::Never,
            width: width(terminal_size_of(&out)),
        },
        err: Style {
            color: AutoStream::choice(&err) != ColorChoice::Never,
            width: width(terminal_size_of(&err)),
        },
    }
}

fn width<T>(size: Option<(Width, T)>) -> usize {
    size.map_or(PIPE, |(Width(columns), _)| usize::from(columns).clamp(*READABLE.start(), *READABLE.end()))
}

/// The value of `--color`, before the command line is read as a whole; a wrong value is left for that to complain of.
pub(super) fn color_choice(arguments: &[OsString]) -> ColorChoice {
    let mut arguments =
        arguments.iter().take_while(|argument| *argument != "--").map(|a| a.to_string_lossy());
    while let Some(argument) = arguments.next() {
        let value = match argument.strip_prefix("--color") {
            Some("") => arguments.next().map(|value| value.into_owned()),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        match value.as_deref() {
            Some("always") => return ColorChoice::Always,
            Some("never") => return ColorChoice::Never,
            Some("auto") => return ColorChoice::Auto,
            _ => {}
        }
    }
    ColorChoice::Auto
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_is_known_before_the_command_line_is_read() {
        for (line, expected) in [
            ("provision plan", ColorChoice::Auto),
            ("provision --color never plan", ColorChoice::Never),
            ("provision plan --color=always", ColorChoice::Always),
            ("provision plan --color=mauve", ColorChoice::Auto),
            ("provision plan --color", ColorChoice::Auto),
            ("provision output -- --color=never", ColorChoice::Auto),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(color_choice(&arguments), expected, "{line}");
        }
    }

    #[test]
    fn a_line_that_does_not_fit_is_broken_between_its_words_and_within_no_command() {
        let style = Style { color: false, width: 24 };
        let text = "a  b\n    one two three four five\n    provision state forget aws_db_instance.records";
        let expected =
            "a  b\n    one two three four\n      five\n    provision state forget aws_db_instance.records\n";
        assert_eq!(sentences(text, &style), expected);
    }

    #[test]
    fn a_command_that_a_sentence_leads_to_has_a_line_of_its_own_in_every_width() {
        for width in [24, PIPE] {
            let style = Style { color: false, width };
            let text = "  not a.b: sg-1; to take it over: provision import a.b=sg-1\nNext: provision plan.";
            let said = sentences(text, &style);
            let lines: Vec<&str> = said.lines().collect();
            assert!(lines.contains(&"      provision import a.b=sg-1"), "{said}");
            assert!(said.ends_with("Next:\n    provision plan\n"), "{said}");
        }
    }

    #[test]
    fn a_wide_line_of_a_message_is_broken_between_words() {
        let style = |width| Style { color: false, width };
        let text = "error: invalid value 'x' for '<ID>': an id begins with `vpc-`\n\n  tip: none\n";
        let narrow = "error: invalid value 'x' for '<ID>': an\n  id begins with `vpc-`\n\n  tip: none\n";
        assert_eq!(within(text, &style(40)), narrow);
        assert_eq!(within(text, &style(PIPE)), text);
    }

    #[test]
    fn lines_are_as_wide_as_the_terminal_within_reason() {
        assert_eq!(width::<()>(None), PIPE);
        for (columns, expected) in [(20, 40), (72, 72), (400, 110)] {
            assert_eq!(width(Some((Width(columns), ()))), expected);
        }
    }
}
