//! The runs that changed a state, as text.

use crate::engine::event::RunOutcome;
use crate::engine::state::{Holder, PastRun};

use super::harmless::harmless;
use super::page::{Page, words};
use super::run::done;
use super::style::{Ink, Style};
use super::value::string;

/// The runs, in this order; `now` is the run that has the lock.
pub fn history<'a>(runs: impl Iterator<Item = &'a PastRun>, now: Option<&Holder>, style: &Style) -> String {
    let mut page = Page::new(style);
    for run in runs {
        let PastRun { holder, written_by, plan, end: _ } = run;
        let (ended, ink) = ended(run, now);
        let head = words(&format!("{}  {}:", harmless(&holder.since), harmless(&holder.doing())));
        let tail = words(&ended).into_iter().map(|word| match ink {
            Some(ink) => style.paint(ink, &word),
            None => word,
        });
        page.fill(0, 4, head.into_iter().chain(tail));
        let by = holder.caller.as_ref().unwrap_or(&holder.user);
        let mut of = vec![format!("by {} on {}", string(by), string(&holder.host))];
        of.extend(plan.as_ref().map(|digest| format!("plan {}", string(&short(digest)))));
        of.push(format!("provision {}", string(written_by)));
        page.fill(4, 4, words(&of.join(", ")));
    }
    page.finish()
}

/// The digest as plans show it.
fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

/// The end of a run in words: the outcome, and what was done.
fn ended(run: &PastRun, now: Option<&Holder>) -> (String, Option<Ink>) {
    let Some(end) = &run.end else {
        return match now {
            Some(now) if now.id == run.holder.id => ("at work now".to_owned(), None),
            _ => ("did not end".to_owned(), Some(Ink::Warning)),
        };
    };
    let (outcome, ink) = match end.outcome {
        RunOutcome::Done => ("done", None),
        RunOutcome::Failed => ("failed", Some(Ink::Error)),
        RunOutcome::Interrupted => ("interrupted", Some(Ink::Warning)),
    };
    let mut counted = done(&end.done);
    let unfinished = [(end.queued, "queued"), (end.failed, "failed"), (end.skipped, "skipped")];
    counted.extend(unfinished.iter().filter(|(count, _)| *count > 0).map(|(n, word)| format!("{n} {word}")));
    let text = match counted.is_empty() {
        true => outcome.to_owned(),
        false => format!("{outcome}, {}", counted.join(", ")),
    };
    (text, ink)
}
