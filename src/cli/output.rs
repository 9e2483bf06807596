//! `provision output`: prints what other tools need of the stack, from the state alone.

use provision::failure::{Failure, FailureKind};
use provision::outputs::outputs;
use provision::render::harmless;
use provision::state::State;

use super::Terminal;

/// Prints one output, or all of them.
pub fn run(state: Option<&State>, name: Option<&str>, terminal: &Terminal) -> Result<(), Failure> {
    let Some(state) = state else {
        return Err(Failure::message(FailureKind::Failed, "there is no state yet, so there are no outputs")
            .hint("provision apply"));
    };
    let outputs = outputs(state);
    match name {
        Some(name) => {
            let text = outputs.text(name).map_err(|error| {
                let hint = error.hint();
                Failure::usage(error).hint(hint)
            })?;
            if terminal.json {
                terminal.json(&text);
            } else {
                terminal.print(&format!("{}\n", harmless(&text)));
            }
        }
        None if terminal.json => terminal.json(&outputs),
        None => {
            for (name, text) in outputs.texts() {
                terminal.print(&format!("{name} = {}\n", harmless(&text)));
            }
        }
    }
    Ok(())
}
