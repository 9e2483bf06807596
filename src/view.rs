//! Text for people: plans, runs, states and graphs. Pure: data in, text out.

mod action;
mod carried;
mod commands;
mod cost;
mod delta;
mod elapsed;
pub mod failure;
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
pub mod progress;
mod run;
mod state;
mod status;
mod style;
mod value;
mod versioned;

pub(crate) use action::blocked;
pub use action::queued_for;
pub use carried::{Carried, CarriedOption, CarriedTo, quoted};
pub use commands::COMMANDS;
#[cfg(test)]
pub use commands::commands_in;
pub use elapsed::elapsed;
pub use findings::problems_text;
pub use graph::{GraphView, dot, mermaid};
pub use harmless::{harmless, is_harmful, without_commands};
pub(crate) use hint::{hint, leads_to_a_command, sentence};
pub use html::{is_page, plan_page};
pub use json::{json_line, json_pretty};
pub use markdown::plan_markdown;
pub use page::{Page, visible_width, words};
pub use plan::plan_text;
pub use run::{RunReport, RunWords, failure_text};
pub use state::{state_list, state_show};
pub use status::status_text;
pub use style::{Ink, Style};
pub use versioned::Versioned;
