//! Plans and discoveries on the terminal.
//! Knows nothing of how they were made.

use provision::discovery::{Discovery, Evidence};
use provision::failure::{Failure, FailureKind};
use provision::plan::Plan;
use provision::render::{harmless, plan_text};

use super::Terminal;

/// Prints a plan, with what was found of the network when it was looked for just now.
pub fn plan(plan: &Plan, discovery: Option<&Discovery>, terminal: &Terminal) {
    if let Some(discovery) = discovery {
        warnings(discovery, terminal);
    }
    terminal.print(&plan_text(plan, &terminal.styles.out));
}

/// What discovery has to warn of.
pub fn warnings(discovery: &Discovery, terminal: &Terminal) {
    for warning in &discovery.warnings {
        terminal.note(&format!("warning: {}", harmless(&warning.to_string())));
    }
}

/// What was chosen of the network, and why.
pub fn evidence(discovery: &Discovery, terminal: &Terminal) {
    for Evidence { what, id, because, rejected } in &discovery.evidence {
        terminal.print(&format!("{what}: {}\n    {}\n", harmless(id), harmless(because)));
        for other in rejected {
            terminal.print(&format!("    not {}: {}\n", harmless(&other.id), harmless(&other.because)));
        }
    }
}

/// A plan with errors is shown, and then refused.
pub fn refuse_errors(plan: &Plan) -> Result<(), Failure> {
    match plan.errors().count() {
        0 => Ok(()),
        1 => Err(Failure::message(FailureKind::Failed, "the plan cannot be carried out: 1 error, shown above")),
        errors => Err(Failure::message(
            FailureKind::Failed,
            format!("the plan cannot be carried out: {errors} errors, shown above"),
        )),
    }
}
