//! Plans and discoveries on the terminal.

use crate::aws::network::{Discovery, Evidence};
use crate::engine::plan::Plan;
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, plan_text, problems_text};

use super::screen::Screen;

/// Prints a plan, with what was found of the network when it was looked for just now.
pub fn plan(plan: &Plan, discovery: Option<&Discovery>, screen: &mut Screen) {
    if let Some(discovery) = discovery {
        warnings(discovery, screen);
    }
    // The options are there before lines are broken.
    let plan = &screen.carried.on_plan(plan);
    screen.out.write(&plan_text(plan, &screen.styles.out));
}

/// Shows what is wrong with a plan that is not shown itself.
pub fn problems(plan: &Plan, screen: &mut Screen) {
    screen.err.write(&problems_text(&plan.preflight, &screen.styles.err));
}

/// Shows the warnings of discovery.
pub fn warnings(discovery: &Discovery, screen: &mut Screen) {
    for warning in &discovery.warnings {
        screen.say(&format!("warning: {}", harmless(&warning.to_string())));
    }
}

/// Shows what was chosen of the network, and why.
pub fn evidence(discovery: &Discovery, screen: &mut Screen) {
    for Evidence { what, id, because, rejected } in &discovery.evidence {
        screen.tell(&format!("{what}: {}\n    {}", harmless(id), harmless(because)));
        for other in rejected {
            screen.tell(&format!("    not {}", harmless(&other.to_string())));
        }
    }
}

/// The place where the errors of a plan are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Above,
    /// On standard output, in a document for programs.
    InDocument,
}

/// A plan with errors is shown, and then refused.
pub fn refuse_errors(plan: &Plan, shown: Shown) -> Result<(), Failure> {
    let errors = match plan.errors().count() {
        0 => return Ok(()),
        1 => "1 error".to_owned(),
        several => format!("{several} errors"),
    };
    let place = match shown {
        Shown::Above => "shown above",
        Shown::InDocument => "see `preflight` in the document on standard output",
    };
    Err(Failure::message(FailureKind::Failed, format!("the plan cannot be carried out: {errors}, {place}")))
}
