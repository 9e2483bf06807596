//! Shows a run while it goes on: on a terminal, as plain lines, as JSON, or only its end.

mod live;
mod plain;
mod sink;

use indicatif::ProgressDrawTarget;

use crate::engine::event::Event;
use crate::view::{Carried, RunReport, RunWords, Style, Timed, Versioned};

use live::Live;
use plain::Plain;

pub use sink::Sink;

/// Listens to the events of one run and shows them.
#[derive(Debug)]
pub struct Progress {
    mode: Mode,
    report: RunReport,
    words: RunWords,
    out: Sink,
    err: Sink,
    styles: Styles,
    /// The time of an event, as it is written.
    clock: Clock,
}

/// Tells the time: UTC, RFC 3339.
pub type Clock = fn() -> String;

/// The styles of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Styles {
    pub out: Style,
    pub err: Style,
}

/// The amount of text that is shown while a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Lines that change in place on standard error. Not for use beside a log on the same terminal.
    Live,
    /// A line when something begins or ends, and now and then in between, on standard error.
    Lines,
    /// Every event as a line of JSON on standard output, and nothing else.
    Json,
    /// Only how it ended.
    End,
}

#[derive(Debug)]
enum Mode {
    Live(Live),
    Plain(Plain),
    Json,
    Quiet,
}

impl Progress {
    /// Progress on the process's own streams.
    pub fn new(show: Show, words: RunWords, styles: Styles, clock: Clock) -> Self {
        Self::on((Sink::stdout(), Sink::stderr()), show, words, styles, clock)
    }

    /// Progress on these streams. Lines that change in place are drawn on standard error all the same.
    pub fn on((out, err): (Sink, Sink), show: Show, words: RunWords, styles: Styles, clock: Clock) -> Self {
        let mode = match show {
            Show::Live => Mode::Live(Live::new(ProgressDrawTarget::stderr(), styles.err)),
            Show::Lines => Mode::Plain(Plain::default()),
            Show::Json => Mode::Json,
            Show::End => Mode::Quiet,
        };
        Self { mode, report: RunReport::default(), words, out, err, styles, clock }
    }

    /// The progress with these options in every command that it names: see [`Sink::carrying`].
    #[must_use]
    pub fn carrying(mut self, carried: Carried) -> Self {
        self.report = self.report.carrying(carried.clone());
        self.out = self.out.carrying(carried.clone());
        self.err = self.err.carrying(carried);
        self
    }

    /// Shows one event. The last is the summary: it is followed by every failure, what was skipped, and what to type.
    pub fn event(&mut self, event: &Event) {
        self.report.note(event);
        match &mut self.mode {
            Mode::Json => self.out.json_line(&Versioned::of(Timed { time: (self.clock)(), event })),
            Mode::Live(live) => live.event(event),
            Mode::Plain(plain) => {
                if let Some(line) = plain.line(event) {
                    self.err.line(&line);
                }
            }
            Mode::Quiet => {}
        }
        if let (Event::Summary(summary), false) = (event, matches!(self.mode, Mode::Json)) {
            self.out.write(&self.report.summary_text(summary, &self.words, &self.styles.out));
            self.err.write(&self.report.details_text(summary, &self.words, &self.styles.err));
        }
    }

    /// Ends the display.
    ///
    /// # Errors
    /// The error of standard output, if it could not be written. The display has to say how a run ended, and a reader that went
    /// away has not got it.
    pub fn finish(self) -> std::io::Result<()> {
        self.out.finish_to_the_end()
    }
}
