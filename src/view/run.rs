//! The end of a run as text: what was done, what failed and why, what was skipped, and what to type next.

use std::collections::BTreeMap;

use crate::engine::address::Address;
use crate::engine::event::{Event, FailureText, Queued, RunOutcome, RunSummary};
use crate::engine::plan::{Action, Summary};

use super::action::{blocked, queued_for};
use super::carried::Carried;
use super::elapsed::elapsed;
use super::harmless::harmless;
use super::hint::hint as shown;
use super::page::{Page, painted, words};
use super::style::{Ink, Style};
use super::value::string;

/// The words for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunWords {
    /// The start of the summary: `Apply`, `Destroy`.
    pub title: &'static str,
    /// The command that carries on where this run stopped: `provision apply`.
    pub again: String,
}

/// The failures of a run, gathered until its end.
#[derive(Clone, Debug, Default)]
pub struct RunReport {
    failed: Vec<Failed>,
    /// The skipped addresses, by the one that they were skipped for.
    skipped: BTreeMap<Address, Vec<Address>>,
    /// The options of the commands that are named: they are there before lines are broken.
    carried: Carried,
}

#[derive(Clone, Debug)]
struct Failed {
    address: Address,
    action: Action,
    error: FailureText,
    /// True for what was never tried.
    is_blocked: bool,
}

impl RunReport {
    /// The report with these options in every command that it names.
    #[must_use]
    pub fn carrying(self, carried: Carried) -> Self {
        Self { carried, ..self }
    }

    /// Takes note of an event, if it is one that the end of the run must speak of.
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::StepFailed { address, action, error, blocked, .. } => {
                let hint = error.hint.as_deref().map(|hint| self.carried.on(hint));
                let error = FailureText { hint, ..error.clone() };
                let (address, action, is_blocked) = (address.clone(), *action, *blocked);
                self.failed.push(Failed { address, action, error, is_blocked });
            }
            Event::StepSkipped { address, because, .. } => {
                self.skipped.entry(because.clone()).or_default().push(address.clone());
            }
            Event::RunStarted(_)
            | Event::StepStarted { .. }
            | Event::Settling { .. }
            | Event::StepDone { .. }
            | Event::Summary(_) => {}
        }
    }

    /// The one line that says how the run ended: `Apply complete: 8 created, 6 watched in 4.2 s.`
    pub fn summary_text(&self, summary: &RunSummary, run: &RunWords, style: &Style) -> String {
        let (ended, ink) = match summary.outcome {
            RunOutcome::Done => ("complete", Ink::Title),
            RunOutcome::Failed => ("failed", Ink::Error),
            RunOutcome::Interrupted => ("interrupted", Ink::Warning),
        };
        let mut counted = done(&summary.done);
        counted.extend(queued(&summary.queued));
        let blocked = self.failed.iter().filter(|failed| failed.is_blocked).count();
        let unfinished = [
            (summary.failed.saturating_sub(blocked), "failed"),
            (blocked, "blocked"),
            (summary.skipped, "skipped"),
            (summary.in_flight.len(), "in flight"),
        ];
        counted
            .extend(unfinished.iter().filter(|(count, _)| *count > 0).map(|(n, word)| format!("{n} {word}")));
        let counted = if counted.is_empty() { "nothing changed".to_owned() } else { counted.join(", ") };
        let mut page = Page::new(style);
        let head = painted(style, ink, &format!("{} {ended}:", run.title));
        let rest = words(&format!("{counted} in {}.", elapsed(summary.elapsed_seconds)));
        page.fill(0, 2, head.into_iter().chain(rest));
        page.finish()
    }

    /// Every failure, what was skipped because of it, what AWS is still at work on, and the command to type next.
    /// Empty when all went well.
    pub fn details_text(&self, summary: &RunSummary, run: &RunWords, style: &Style) -> String {
        let mut page = Page::new(style);
        for Failed { address, action, error, is_blocked } in &self.failed {
            page.gap();
            let what = if *is_blocked { blocked(*action) } else { failed(*action) };
            failure(&mut page, address, &what, error);
        }
        page.gap();
        for (because, skipped) in &self.skipped {
            let names =
                skipped.iter().map(|address| string(&address.to_string())).collect::<Vec<_>>().join(", ");
            page.fill(0, 2, words(&format!("Skipped because of {}: {names}.", string(&because.to_string()))));
        }
        if !summary.in_flight.is_empty() {
            let names: Vec<String> =
                summary.in_flight.iter().map(|address| string(&address.to_string())).collect();
            let text = format!("AWS is still at work on {}; the next run waits for it.", names.join(", "));
            page.fill(0, 2, words(&text));
        }
        if summary.outcome != RunOutcome::Done {
            page.gap();
            let next = match summary.outcome {
                RunOutcome::Interrupted => "to carry on, run:",
                RunOutcome::Failed | RunOutcome::Done => "once that is mended, run:",
            };
            shown(&mut page, 0, &self.carried.on(&format!("{next} {}", run.again)));
        }
        page.finish()
    }
}

/// One failed step: what failed, what AWS answered, and what to do.
pub fn failure_text(address: &Address, action: Action, error: &FailureText, style: &Style) -> String {
    let mut page = Page::new(style);
    failure(&mut page, address, &failed(action), error);
    page.finish()
}

/// The words for what was tried in vain; nothing is done to what is only looked at.
fn failed(action: Action) -> String {
    match action {
        Action::NoOp => "the check failed".to_owned(),
        action => format!("{} failed", action.name()),
    }
}

fn failure(page: &mut Page<'_>, address: &Address, what: &str, error: &FailureText) {
    let style = page.style();
    let head = words(&format!("{}: {what}", string(&address.to_string())));
    page.fill(0, 2, std::iter::once(style.paint(Ink::Error, "error:")).chain(head));
    let answer = [error.operation.as_deref(), error.code.as_deref()].into_iter().flatten();
    let mut pieces: Vec<String> = answer.flat_map(|part| words(&format!("{part}:"))).collect();
    pieces.extend(words(&error.message));
    if let Some(request_id) = &error.request_id {
        // In one piece, to be found and copied.
        pieces.push(format!("(request id {})", harmless(request_id)));
    }
    page.fill(2, 4, pieces);
    if let Some(hint) = &error.hint {
        shown(page, 2, hint);
    }
}

/// The number of changes that wait for each window: `1 queued for 2026-11-29 04:30 UTC`.
fn queued(queued: &[Queued]) -> Vec<String> {
    let mut windows: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for one in queued {
        *windows.entry(one.opens.as_deref()).or_default() += 1;
    }
    windows.into_iter().map(|(opens, count)| format!("{count} {}", queued_for(opens))).collect()
}

/// What was done, by action: `8 created`.
pub(super) fn done(summary: &Summary) -> Vec<String> {
    let Summary { create, update, replace, delete, adopt: _, watch, forget, no_op: _, blocked: _ } = *summary;
    [
        (create, Action::Create),
        (update, Action::Update),
        (replace, Action::Replace),
        (delete, Action::Delete),
        (watch, Action::Watch),
        (forget, Action::Forget),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, action)| format!("{count} {}", action.done()))
    .collect()
}
