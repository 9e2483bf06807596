//! `provision iam-policy`: the least AWS policy that the stack needs, from the stack file alone.

use crate::aws::kinds::registry;
use crate::aws::policy::{MOST_CHARACTERS, policy, state_key, state_on_s3};
use crate::stack::Sections;
use crate::view::failure::{Failure, FailureKind};

use super::options::{Global, StateAt};
use super::screen::Screen;
use super::stack_file::{Purpose, choose};
use super::{Exit, IamPolicy};

/// Prints the policy, or all policies as an array; it is JSON in any case.
pub(super) fn run(request: &IamPolicy, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let chosen = choose(global, Purpose::Show, Sections::Written)?;
    chosen.say_if_built_in(screen);
    let stack = &chosen.stack;
    let region = global.region.clone().or_else(|| stack.region.as_ref().map(ToString::to_string));
    let mut policy = policy(&registry(), stack, region.as_deref()).map_err(|error| {
        let hint = error.hint();
        Failure::usage(error).hint(hint)
    })?;
    if let Some(StateAt::S3(place)) = chosen.named_state(global) {
        policy.statement.extend(state_on_s3(region.as_deref(), &place));
        let key = chosen.encryption(global).ok().and_then(|encryption| encryption.key);
        policy.statement.extend(key.map(|key| state_key(region.as_deref(), &key)));
    }
    let policies = policy.within_the_limit();
    match (request.part, policies.as_slice()) {
        (None, [only]) => screen.json(only),
        (None, several) => {
            screen.json(&several);
            let count = several.len();
            screen.say(&format!(
                "IAM takes {MOST_CHARACTERS} characters in a policy: these are {count} policies. To print one of them:\n  \
                 provision iam-policy --part 1"
            ));
        }
        (Some(part), policies) => match policies.get(part.get() - 1) {
            Some(policy) => screen.json(policy),
            None => return Err(no_part(part.get(), policies.len())),
        },
    }
    Ok(Exit::Done)
}

fn no_part(part: usize, count: usize) -> Failure {
    let has = if count == 1 { "one policy".to_owned() } else { format!("{count} policies") };
    let message = format!("there is no part {part}: the stack needs {has}");
    Failure::message(FailureKind::Usage, message).hint("provision iam-policy")
}
