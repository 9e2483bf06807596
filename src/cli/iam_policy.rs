//! `provision iam-policy`: the least AWS policy that the stack needs, from the stack file alone.

use crate::aws::kinds::registry;
use crate::aws::policy::{MOST_CHARACTERS, policy, state_on_s3};
use crate::stack::Sections;
use crate::view::failure::Failure;

use super::Exit;
use super::options::{Global, StateAt};
use super::screen::Screen;
use super::stack_file::{Purpose, choose};

/// Prints the policy; it is JSON in any case.
pub(super) fn run(global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let chosen = choose(global, Purpose::Show, Sections::Written)?;
    chosen.say_if_built_in(screen);
    let stack = &chosen.stack;
    let region = global.region.clone().or_else(|| stack.region.as_ref().map(ToString::to_string));
    let mut policy = policy(&registry(), stack, region.as_deref()).map_err(|error| {
        let hint = error.hint();
        Failure::usage(error).hint(hint)
    })?;
    if let Some(StateAt::S3(place)) = &global.state {
        policy.statement.extend(state_on_s3(region.as_deref(), place));
    }
    screen.json(&policy);
    let characters = policy.characters();
    if characters > MOST_CHARACTERS {
        screen.say(&format!(
            "warning: IAM takes {MOST_CHARACTERS} characters in a policy, and this one has {characters}: make several of \
             its statements"
        ));
    }
    Ok(Exit::Done)
}
