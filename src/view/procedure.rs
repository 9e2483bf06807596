//! A procedure as text: its steps, the lines while it goes on, and its end.

use crate::recovery::course::{Event, Steps, Summary};

use super::elapsed::elapsed;
use super::harmless::harmless;
use super::hint::sentence;
use super::page::{Page, words};
use super::style::{Ink, Style};

/// The steps, before the first.
pub fn steps_text(steps: &Steps, style: &Style) -> String {
    let mut page = Page::new(style);
    let title = format!("{} of {}", capital(&steps.command), steps.address);
    let begun = if steps.is_under_way { ", which is under way:" } else { ":" };
    page.line(0, &style.paint(Ink::Title, &harmless(&format!("{title}{begun}"))));
    for (number, step) in steps.steps.iter().enumerate() {
        page.fill(2, 5, words(&harmless(&format!("{}. {step}", number + 1))));
    }
    for note in &steps.notes {
        page.fill(2, 4, words(&harmless(&format!("note: {note}"))));
    }
    page.finish()
}

/// The line for an event.
pub fn step_text(event: &Event) -> String {
    let line = match event {
        Event::StepStarted { address, step } => format!("{address}: {step}"),
        Event::Settling { address, status, elapsed_seconds } => {
            format!("{address}: {status}, {}", elapsed(*elapsed_seconds))
        }
        Event::StepDone { address, step, elapsed_seconds } => {
            format!("{address}: {step}: done in {}", elapsed(*elapsed_seconds))
        }
        Event::Summary(summary) => format!("{}: {}", summary.address, summary.done),
    };
    harmless(&line).into_owned()
}

/// The end, which is `complete` or another word.
pub fn end_text(summary: &Summary, ending: &str, style: &Style) -> String {
    let mut page = Page::new(style);
    let head = format!(
        "{} {ending} after {}: {} {}.",
        capital(&summary.command),
        elapsed(summary.elapsed_seconds),
        summary.address,
        summary.done
    );
    page.fill(0, 2, words(&harmless(&head)));
    summary.notes.iter().for_each(|note| sentence(&mut page, 0, note));
    page.finish()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
