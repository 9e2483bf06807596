//! What people read: plans, runs, states and graphs as text. Pure: data in, text out.
//! Knows nothing of terminals, files or how the data came about.

mod action;
mod carried;
mod commands;
mod cost;
mod delta;
mod elapsed;
mod findings;
mod graph;
mod harmless;
mod hint;
mod holdings;
mod html;
mod json;
mod markdown;
mod page;
mod plan;
mod run;
mod state;
mod style;
mod value;

pub use action::queued_for;
pub use carried::{Carried, CarriedOption, quoted};
pub use commands::COMMANDS;
#[cfg(test)]
pub use commands::commands_in;
pub use elapsed::elapsed;
pub use findings::problems_text;
pub use graph::{GraphView, dot, mermaid};
pub use harmless::{harmless, is_harmful, without_commands};
pub(crate) use hint::hint;
pub use html::plan_page;
pub use json::{json_line, json_pretty};
pub use markdown::plan_markdown;
pub use page::{Page, words};
pub use plan::plan_text;
pub use run::{RunReport, RunWords, failure_text};
pub use state::{state_list, state_show};
pub use style::{Ink, Style};
