//! `provision output`: prints what other tools need of the stack, from the state alone.

use crate::cli::report::OutputValue;
use crate::stack::Sections;
use crate::stack::outputs::{Missing, outputs};
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
    let outputs = outputs(&state);
    match &request.name {
        Some(name) => {
            let text = match outputs.text(name) {
                Ok(text) => text,
                Err(error) => {
                    let error = error.as_declared(&choose(global, Purpose::Show, Sections::Any)?.stack);
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
            for Missing { output, reason, hint, .. } in &outputs.missing {
                screen.say_with_hint(&format!("warning: {output} has no value: {reason}"), hint);
            }
            if !state.manages_anything() {
                let nothing = format!("There are no outputs: {store} manages nothing");
                screen.say_with_hint(&nothing, "provision apply");
            }
        }
    }
    Ok(Exit::Done)
}
