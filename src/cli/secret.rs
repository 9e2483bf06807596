//! `provision secret`: the commands that make a Secret of Kubernetes. No password passes through this program, through a file or through
//! the arguments of a process.

use crate::gitlab::Description;
use crate::gitlab::secrets::{Recipe, recipes};
use crate::stack::{Sections, nearest, shown};
use crate::view::failure::{Failure, FailureKind};

use super::opening::existing_state;
use super::options::Global;
use super::screen::Screen;
use super::stack_file::{Purpose, choose};
use super::{Exit, Secret, report};

/// Prints the commands of one Secret, or the names of all.
pub(super) async fn run(request: &Secret, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let (_, state) = existing_state(global, Purpose::Show, screen).await?;
    let chosen = choose(global, Purpose::Show, Sections::Any)?;
    let description = Description::new(&chosen.stack, &state);
    let recipes = recipes(&description);
    let known: Vec<&str> = recipes.iter().map(|recipe| recipe.name.as_str()).collect();
    let Some(Recipe { name, commands, about, unknown, .. }) =
        recipes.iter().find(|one| one.name == request.name)
    else {
        let hint = match nearest(&request.name, known.iter().copied()) {
            _ if known.is_empty() => {
                "write a database with `password: managed`, or `gitlab:`, into the stack file".to_owned()
            }
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", known.join(", ")),
        };
        let message = format!("the stack needs no Secret `{}`", shown(&request.name));
        return Err(Failure::message(FailureKind::Usage, message).hint(hint));
    };
    if let Some(without) = description.without_value(unknown).into_iter().next() {
        let hint = without.hint();
        return Err(Failure::failed(without).hint(hint));
    }
    if global.json {
        screen.report(report::SecretCommands { name, commands });
        return Ok(Exit::Done);
    }
    screen.say(about);
    screen.out.as_it_is(&format!("{commands}\n"));
    Ok(Exit::Done)
}
