//! Opens what a command line names: the state, and saved plans; [`aws`] configures AWS. Every failure says what to type instead.

mod aws;
mod state_failure;

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::aws::Aws;
use crate::aws::state_s3::S3State;
use crate::engine::file;
use crate::engine::saved::{SavedPlan, SavedPlanError};
use crate::engine::state::{State, Store};
use crate::stack::Sections;
use crate::view::failure::{Failure, FailureKind};
use crate::view::quoted;

use super::neighbours;
use super::options::{Global, StateAt};
use super::screen::Screen;
use super::stack_file::{Chosen, Purpose, choose};

pub(super) use aws::{Meant, connect};
use aws::{connect_for_state, variable};
pub(super) use state_failure::{state_failure, to_be_written};

/// The place of a stack's state: a file, or else a place in S3.
pub(super) fn state_at(options: &Global, chosen: &Chosen) -> StateAt {
    let usual = || chosen.folder().join(format!("state/{}.json", chosen.stack.stack));
    chosen.named_state(options).unwrap_or_else(|| StateAt::File(usual()))
}

/// The state's place, where an option or the stack file names it; otherwise it is a file named after the stack.
pub(super) async fn state_place(options: &Global, chosen: &Chosen) -> Result<Option<Store>, Failure> {
    match chosen.named_state(options) {
        None => Ok(None),
        Some(StateAt::File(path)) => Ok(Some(in_file(path))),
        Some(StateAt::S3(_)) => {
            Ok(Some(store(options, chosen, &connect(options, Meant::by(chosen)).await?).await?))
        }
    }
}

/// The state of a stack, not looked at yet.
pub(super) async fn store(options: &Global, chosen: &Chosen, aws: &Aws) -> Result<Store, Failure> {
    let place = match state_at(options, chosen) {
        StateAt::File(path) => return Ok(in_file(path)),
        StateAt::S3(place) => place,
    };
    let encryption = chosen
        .encryption(options)
        .map_err(|problem| Failure::message(FailureKind::Usage, problem).hint("leave one of the two out"))?;
    // The bucket may be in another account.
    let keeper = match chosen.state_profile(options) {
        None => None,
        Some((profile, named_by)) => {
            Some(connect_for_state(options, (profile, named_by), chosen, aws.region()).await?)
        }
    };
    let keeper = keeper.as_ref().unwrap_or(aws);
    Ok(Store::new(S3State::of(&place, (keeper, aws), options.lease, encryption)).for_user(&user()))
}

/// A state in a file, to be locked by this user.
pub(super) fn in_file(path: PathBuf) -> Store {
    Store::local(path).for_user(&user())
}

fn user() -> String {
    variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "unknown".to_owned())
}

/// The state of the stack that is named and the stack, for commands that need nothing else.
pub(super) async fn named_store(
    options: &Global,
    purpose: Purpose,
    screen: &mut Screen,
) -> Result<(Store, Chosen), Failure> {
    // A recorded resource needs no declaration.
    let chosen = choose(options, purpose, Sections::Any)?;
    chosen.say_if_built_in(screen);
    let store = match state_at(options, &chosen) {
        StateAt::File(path) => in_file(path),
        // Here alone AWS is needed for a look at the state.
        StateAt::S3(_) => store(options, &chosen, &connect(options, Meant::by(&chosen)).await?).await?,
    };
    Ok((store, chosen))
}

/// The state of a stack, which may not be there yet, with its place and the stack.
pub(super) async fn state_if_any(
    options: &Global,
    purpose: Purpose,
    screen: &mut Screen,
) -> Result<(Store, Chosen, Option<State>), Failure> {
    let (store, chosen) = named_store(options, purpose, screen).await?;
    let state = store.read().await.map_err(state_failure)?;
    if let Some(state) = &state {
        of_stack(state, &chosen.stack.stack.to_string(), &store)?;
    }
    Ok((store, chosen, state))
}

/// A state that has to be there, and its place.
pub(super) async fn existing_state(
    options: &Global,
    purpose: Purpose,
    screen: &mut Screen,
) -> Result<(Store, State), Failure> {
    let (store, chosen, state) = state_if_any(options, purpose, screen).await?;
    let stack = &chosen.stack;
    match state {
        Some(state) => Ok((store, state)),
        None => {
            let message = format!("there is no state at {store}");
            let old = match (store.file(), chosen.named_state(options)) {
                // A place that was named says nothing of a name.
                (Some(path), None) => {
                    let others = neighbours::beside(&neighbours::places(path, chosen.paths())).await;
                    let is_renamed =
                        neighbours::under_its_new_name(&others, &stack.stack.to_string()).is_some();
                    neighbours::old_name(&others, stack).map(|old| (old, is_renamed))
                }
                _ => None,
            };
            let usual = match chosen.is_assumed(options) {
                true => {
                    "there is no stack file either; to write one: provision init; or name another one with --config; for the built-in \
                     stack itself: provision apply --reference; or, where its state was lost: provision state rebuild --reference"
                }
                false => {
                    "for a new stack: provision apply; for a state that was lost: provision state rebuild; one in another \
                     place is named with --state"
                }
            };
            let hint = match old {
                // What is recorded under its new name is neither new nor lost.
                Some((old, true)) => format!("{old}; one in another place is named with --state"),
                Some((old, false)) => format!("{old}; {usual}"),
                None => usual.to_owned(),
            };
            Err(Failure::message(FailureKind::Failed, message).hint(hint))
        }
    }
}

/// Checks that a state is the one of this stack.
pub(super) fn of_stack(state: &State, stack: &str, store: &Store) -> Result<(), Failure> {
    if state.stack == stack {
        return Ok(());
    }
    let old = &state.stack;
    let message = format!("{store} is the state of the stack {old}, not of {stack}");
    // A file that was renamed by hand is not where the old name's is looked for.
    let is_moved = store.file().is_some_and(|file| file.file_stem() != Some(OsStr::new(old)));
    let place = if is_moved { format!(" --state {}", quoted(&store.to_string())) } else { String::new() };
    if let Some(renamed) = neighbours::renamed_already(state, stack) {
        return Err(Failure::message(FailureKind::Usage, message).hint(format!("{renamed}{place}")));
    }
    Err(Failure::message(FailureKind::Usage, message).hint(format!(
        "name the right one with --state, or the right stack file with --config; if the stack was renamed: provision \
         state move stack.{old} stack.{stack}{place}"
    )))
}

/// True for a folder of states.
fn is_of_states(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "state")
}

/// Reads a saved plan.
pub(super) fn saved_plan(path: &Path) -> Result<SavedPlan, Failure> {
    SavedPlan::read(path).map_err(|error| {
        let named = quoted(&path.to_string_lossy());
        // Only a plan is written over.
        let is_one = file::read(path).is_ok_and(|content| SavedPlan::is_one(&content));
        let again = match &error {
            // Among states and what is beside them no plan is written.
            SavedPlanError::Io { source, .. }
                if source.kind() == ErrorKind::NotFound && path.parent().is_some_and(is_of_states) =>
            {
                "to make one, which gets a name of its own: provision plan --out".to_owned()
            }
            SavedPlanError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
                format!("to make one: provision plan --out {named}")
            }
            SavedPlanError::Io { .. } => "name a file that `provision plan --out` wrote".to_owned(),
            SavedPlanError::Newer { .. } if is_one => format!(
                "update provision, or make a plan with this version and review it: provision plan --out {named}"
            ),
            _ if is_one => format!("make it anew and review that: provision plan --out {named}"),
            _ => "make a plan, which gets a name of its own, and review that: provision plan --out".to_owned(),
        };
        Failure::usage(error).hint(again)
    })
}
