//! `provision output`: prints what other tools need of the stack, from the state alone.

use crate::cli::report::OutputValue;
use crate::stack::Sections;
use crate::stack::outputs::{Missing, outputs_of};
use crate::view::failure::Failure;
use crate::view::harmless;

use super::opening::existing_state;
use super::options::Global;
use super::screen::Screen;
use super::stack_file::{Purpose, choose};
use super::{Exit, Output};

/// Prints one output, or all of them.
pub(super) async fn run(request: &Output, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let (store, state) = existing_state(global, Purpose::Show, screen).await?;
    let stack = choose(global, Purpose::Show, Sections::Any)?.stack;
    let outputs = outputs_of(&state, &stack);
    match &request.name {
        Some(name) => {
            let text = match outputs.text(name) {
                Ok(text) => text,
                Err(error) => {
                    let error = error.as_declared(&stack);
                    let hint = error.hint();
                    return Err(Failure::usage(error).hint(hint));
                }
            };
            if global.json {
                screen.report(OutputValue { name, value: text });
            } else {
                screen.out.line(&harmless(&text));
            }
        }
        None => {
            if global.json {
                screen.json(&outputs);
            } else {
                for (name, text) in outputs.texts() {
                    screen.out.line(&format!("{name} = {}", harmless(text)));
                }
            }
            if !state.manages_anything() {
                let nothing = format!("There are no outputs: {store} manages nothing");
                screen.say_with_hint(&nothing, "provision apply");
                return Ok(Exit::Done);
            }
            let said =
                |missing: &Missing| format!("warning: {} has no value: {}", missing.output, missing.reason);
            for (warnings, hint) in by_hint(&outputs.missing) {
                let warnings: Vec<String> = warnings.into_iter().map(said).collect();
                screen.say_with_hint(&warnings.join("\n"), hint);
            }
        }
    }
    Ok(Exit::Done)
}

/// What is missing, by what to do about it, each thing where it is first said.
fn by_hint(missing: &[Missing]) -> Vec<(Vec<&Missing>, &str)> {
    let mut groups: Vec<(Vec<&Missing>, &str)> = Vec::new();
    for one in missing {
        match groups.iter_mut().find(|(_, hint)| *hint == one.hint) {
            Some((group, _)) => group.push(one),
            None => groups.push((vec![one], &one.hint)),
        }
    }
    groups
}
