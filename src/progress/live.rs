//! Progress on a terminal: a line for each step in work that changes in place; what is done stays above.
//! Knows nothing of what the events mean for the run.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::address::Address;
use crate::event::Event;
use crate::plan::Action;
use crate::render::{Ink, Style, harmless};

use super::plain::ended;

/// The lines of the steps in work.
#[derive(Debug)]
pub(super) struct Live {
    lines: MultiProgress,
    in_work: BTreeMap<Address, ProgressBar>,
    style: Style,
}

impl Live {
    pub(super) fn new(target: ProgressDrawTarget, style: Style) -> Self {
        Self { lines: MultiProgress::with_draw_target(target), in_work: BTreeMap::new(), style }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::StepStarted { address, action } => self.begin(address, *action),
            Event::Settling { address, action, status, .. } => {
                self.begin(address, *action);
                if let Some(line) = self.in_work.get(address) {
                    line.set_message(self.message(address, *action, Some(status)));
                }
            }
            Event::StepDone { address, action, .. } => self.end(address, action.ink(), "✓", event),
            Event::StepFailed { address, .. } | Event::StepSkipped { address, .. } => {
                self.end(address, Ink::Error, "✗", event);
            }
            Event::Summary(_) => self.clear(),
        }
    }

    fn begin(&mut self, address: &Address, action: Action) {
        if self.in_work.contains_key(address) {
            return;
        }
        let looks = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed:>5}")
            .expect("the template is fixed, and its keys are indicatif's own");
        let line = self.lines.add(ProgressBar::new_spinner().with_style(looks));
        line.set_message(self.message(address, action, None));
        line.enable_steady_tick(Duration::from_millis(120));
        self.in_work.insert(address.clone(), line);
    }

    fn message(&self, address: &Address, action: Action, status: Option<&str>) -> String {
        let doing = self.style.paint(action.ink(), action.doing());
        let status = status.map(|status| format!(" ({})", harmless(status))).unwrap_or_default();
        format!("{}: {doing}{status}", harmless(&address.to_string()))
    }

    fn end(&mut self, address: &Address, ink: Ink, mark: &str, event: &Event) {
        if let Some(line) = self.in_work.remove(address) {
            line.finish_and_clear();
            self.lines.remove(&line);
        }
        if let Some(text) = ended(event) {
            // A terminal that went away must not stop the run.
            let _ = self.lines.println(format!("{} {text}", self.style.paint(ink, mark)));
        }
    }

    /// Takes the lines of what is still in work off the screen.
    pub(super) fn clear(&mut self) {
        for (_, line) in std::mem::take(&mut self.in_work) {
            line.finish_and_clear();
        }
        let _ = self.lines.clear();
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.clear();
    }
}
