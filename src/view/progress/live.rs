//! Progress on a terminal: a line for each step in work that changes in place; what is done stays above.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::address::Address;
use crate::engine::event::Event;
use crate::engine::plan::Action;
use crate::view::{Ink, Page, Style, harmless, words};

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
            Event::RunStarted(_) => {}
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
            let mut page = Page::new(&self.style);
            page.fill(0, 2, std::iter::once(self.style.paint(ink, mark)).chain(words(&text)));
            // A terminal that went away must not stop the run.
            let _ = self.lines.println(page.finish());
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

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;
    use crate::engine::event::FailureText;

    const WIDTH: u16 = 34;

    fn live(terminal: &InMemoryTerm) -> Live {
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        Live::new(target, Style { color: false, width: WIDTH.into() })
    }

    fn at(address: &str) -> Address {
        address.parse().expect("a valid address")
    }

    #[test]
    fn what_is_in_work_is_one_line_and_what_ended_stays_broken_between_words() {
        let terminal = InMemoryTerm::new(20, WIDTH);
        let mut live = live(&terminal);
        let (group, files) = (at("aws_security_group.gitlab-nfs"), at("aws_efs_file_system.gitlab"));
        let action = Action::Create;
        live.event(&Event::StepStarted { address: group.clone(), action });
        live.event(&Event::StepStarted { address: files.clone(), action });
        let id = Some("sg-0a1b2c3d4e5f60718".to_owned());
        live.event(&Event::StepDone { address: group, action, id, queued: None, elapsed_seconds: 0.4 });
        let status = "creating".to_owned();
        live.event(&Event::Settling { address: files.clone(), action, status, elapsed_seconds: 1.0 });
        let shown = terminal.contents();
        let (ended, in_work) = shown.rsplit_once('\n').expect("two lines at least");
        assert_eq!(ended, "✓ aws_security_group.gitlab-nfs:\n  created (sg-0a1b2c3d4e5f60718)\n  in 0.4 s",);
        assert!(in_work.contains("aws_efs_file_system.gitlab"), "{shown}");

        let message = "no".to_owned();
        let error = FailureText { message, ..FailureText::default() };
        live.event(&Event::StepFailed {
            address: files,
            action,
            error,
            elapsed_seconds: 2.0,
            blocked: false,
        });
        drop(live);
        let shown = terminal.contents();
        let failed = shown.strip_prefix(ended).expect("what ended stays");
        assert_eq!(failed, "\n✗ aws_efs_file_system.gitlab:\n  create failed after 2.0 s: no");
    }
}
