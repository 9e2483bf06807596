//! Progress as plain lines, for a pipe or a log: one when a step begins, one when it ends, few in between.

use std::collections::BTreeMap;

use crate::engine::address::Address;
use crate::engine::event::Event;
use crate::view::{blocked, elapsed, harmless, queued_for};

/// The time that a step which only waits stays silent, in seconds.
const SILENCE: f64 = 30.0;

/// The last words on each step in work: the status, and when, in seconds since the step began.
#[derive(Debug, Default)]
pub(super) struct Plain {
    said: BTreeMap<Address, (String, f64)>,
}

impl Plain {
    /// The line to print for an event, if it is worth one.
    pub(super) fn line(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::StepStarted { address, action } => Some(format!("{}: {}", name(address), action.doing())),
            Event::Settling { address, action, status, elapsed_seconds } => {
                let news = self.said.get(address).is_none_or(|(last, when)| {
                    last != status || elapsed_seconds - when >= SILENCE || elapsed_seconds < when
                });
                if !news {
                    return None;
                }
                self.said.insert(address.clone(), (status.clone(), *elapsed_seconds));
                let (status, time) = (harmless(status), elapsed(*elapsed_seconds));
                Some(format!("{}: {}, AWS says {status}, {time}", name(address), action.doing()))
            }
            _ => ended(event).inspect(|_| {
                let (Event::StepDone { address, .. } | Event::StepFailed { address, .. }) = event else {
                    return;
                };
                self.said.remove(address);
            }),
        }
    }
}

/// The line for an event that ends a step.
pub(super) fn ended(event: &Event) -> Option<String> {
    match event {
        Event::StepDone { address, action, id, queued, elapsed_seconds } => {
            let id = id.as_ref().map(|id| format!(" ({})", harmless(id))).unwrap_or_default();
            let waits = queued.as_ref().map(|queued| queued_for(queued.opens.as_deref()));
            let done = match (queued, waits) {
                (Some(queued), Some(waits)) if queued.entirely => waits,
                (Some(queued), Some(waits)) => {
                    format!("{}, {} {waits}", action.done(), harmless(&queued.fields.join(", ")))
                }
                _ => action.done().to_owned(),
            };
            Some(format!("{}: {done}{id} in {}", name(address), elapsed(*elapsed_seconds)))
        }
        // The reason stands in the plan, and at the end of the run.
        Event::StepFailed { address, action, blocked: true, .. } => {
            Some(format!("{}: {}", name(address), blocked(*action)))
        }
        Event::StepFailed { address, action, error, elapsed_seconds, blocked: false } => {
            let what = error.code.as_deref().unwrap_or(&error.message);
            let (what, time) = (harmless(what), elapsed(*elapsed_seconds));
            Some(format!("{}: {} failed after {time}: {what}", name(address), action.name()))
        }
        Event::StepSkipped { address, action, because } => {
            Some(format!("{}: {} skipped because of {}", name(address), action.name(), name(because)))
        }
        Event::RunStarted(_) | Event::StepStarted { .. } | Event::Settling { .. } | Event::Summary(_) => None,
    }
}

fn name(address: &Address) -> String {
    harmless(&address.to_string()).into_owned()
}
