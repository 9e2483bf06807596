//! `provision state move`: records under another name or address, or the whole state under another stack's name.

use std::collections::BTreeMap;
use std::path::Path;

use crate::aws::kinds;
use crate::cli::report::{StateChange, StateMove};
use crate::engine::address::Address;
use crate::engine::kind::Manager;
use crate::engine::resource::Claim;
use crate::engine::state::{Edit, NotMoved, Place, Record, Store, Writer, moves, relocate};
use crate::stack::{Name, Sections, StackName, nearest};
use crate::view::failure::{Failure, FailureKind};
use crate::view::harmless;
use crate::view::progress::Show;

use super::Exit;
use super::confirm::{Question, confirm};
use super::opening::{existing_state, in_file, state_failure, state_place};
use super::options::{Approval, Global, Lock};
use super::screen::Screen;
use super::stack_file::{Chosen, Purpose, choose};
use super::state::{change, say};

/// The kind of an address that stands for the stack itself: `stack.gitlab`.
const STACK: &str = "stack";

/// Moves what is named.
pub(super) async fn run(
    from: &Place,
    to: &Place,
    lock: Lock,
    approval: Approval,
    global: &Global,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    if let (Some(old), Some(new)) = (stack_name(from)?, stack_name(to)?) {
        return rename_stack(&old, &new, lock, approval, global, screen).await;
    }
    if let (Place::Address(_), Place::Name(_)) | (Place::Name(_), Place::Address(_)) = (from, to) {
        return Err(not_moved(NotMoved::Mixed { from: from.clone(), to: to.clone() }));
    }
    if let Place::Name(name) = to {
        name.parse::<Name>().map_err(|wrong| {
            Failure::usage(wrong).hint("name what an entry of the stack file can be called")
        })?;
    }
    let existing = existing_state(global, Purpose::Write, screen).await?;
    let mut moved = BTreeMap::new();
    let work = async |writer: &mut Writer, screen: &mut Screen| {
        moved = moves(writer.state(), from, to).map_err(not_moved)?;
        if screen.show != Show::Json {
            moved.iter().for_each(|one| screen.err.line(&line(one)));
        }
        let count = moved.len();
        let what = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        let question = format!("move {what} from {from} to {to}");
        confirm(screen, approval, Question::State { change: &question }).await?;
        writer.edit(Edit::MoveAll { moves: moved.clone() });
        claim(writer, |address| moved.values().any(|to| to == address));
        Ok(())
    };
    change("state move", existing, lock, screen, work).await?;
    let moves = moved.iter().map(|(from, to)| StateMove { from, to }).collect();
    let (from, to) = (from.to_string(), to.to_string());
    let sentence = format!("Moved {from} to {to}. Next: provision plan");
    say(screen, StateChange::Moved { from, to, moves }, &harmless(&sentence));
    Ok(Exit::Done)
}

/// Has the next apply write the ownership tags of what was moved, where no refresh would see that they name the old place.
fn claim(writer: &mut Writer, is_moved: impl Fn(&Address) -> bool) {
    let registry = kinds::registry();
    let hides = |address: &Address| registry.managing(address.kind()).is_some_and(Manager::hides_tags);
    let records = writer.state().resources.clone();
    let own = Claim::own(&writer.state().stack, &writer.state().lineage);
    for (address, record) in records.into_iter().filter(|(address, _)| is_moved(address) && hides(address)) {
        if !record.watched && record.id.is_some() {
            writer.edit(Edit::Put {
                address,
                record: Record { claimed: record.claimed.or_else(|| Some(own.clone())), ..record },
            });
        }
    }
}

fn line((from, to): (&Address, &Address)) -> String {
    harmless(&format!("  {from} -> {to}")).into_owned()
}

pub(super) fn not_moved(error: NotMoved) -> Failure {
    let hint = match &error {
        NotMoved::Unknown { address, known } => {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            did_you_mean(nearest(&address.to_string(), known.iter().map(String::as_str)))
        }
        NotMoved::NoSuchName { name, names } => did_you_mean(nearest(name, names.iter().map(String::as_str))),
        NotMoved::OtherKind { from, to } => {
            format!("name a place of the same kind: {}.{}", from.kind(), to.name())
        }
        NotMoved::Mixed { from: Place::Address(from), to: Place::Name(to) } if from.kind() == STACK => {
            format!("to rename the stack: provision state move {from} {STACK}.{to}")
        }
        NotMoved::Mixed { .. } => {
            "to move everything of a name, give two names; for what is recorded: provision state list"
                .to_owned()
        }
        NotMoved::Taken { to } => format!("provision state show {to}"),
        NotMoved::Clusters { .. } => {
            "to watch the network that the cluster has now, by the id of its VPC: provision import VPC-ID"
                .to_owned()
        }
        NotMoved::Begun { .. } => {
            "let that be finished first, under the old name in the stack file: provision apply".to_owned()
        }
    };
    Failure::usage(error).hint(hint)
}

fn did_you_mean(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("did you mean {near}? For all that is recorded: provision state list"),
        None => "for all that is recorded: provision state list".to_owned(),
    }
}

/// The stack's name, where a side of the move stands for one.
fn stack_name(place: &Place) -> Result<Option<StackName>, Failure> {
    match place {
        Place::Address(address) if address.kind() == STACK => {
            let name = address.to_string();
            let name = name.strip_prefix("stack.").unwrap_or_default().parse::<StackName>();
            name.map(Some).map_err(|wrong| {
                Failure::usage(wrong).hint("to rename the stack, with its old and its new name: provision state move stack.OLD stack.NEW")
            })
        }
        _ => Ok(None),
    }
}

/// Renames the stack in its state. A state whose file is named after the stack goes to a file of the new name.
async fn rename_stack(
    old: &StackName,
    new: &StackName,
    lock: Lock,
    approval: Approval,
    global: &Global,
    screen: &mut Screen,
) -> Result<Exit, Failure> {
    let chosen = choose(global, Purpose::Write, Sections::Any)?;
    let written = chosen.stack.stack.to_string();
    if written != new.to_string() && written != old.to_string() {
        let message = format!("{} is of the stack {written}, neither of {old} nor of {new}", chosen.name());
        return Err(
            Failure::message(FailureKind::Usage, message).hint("name the right stack file with --config")
        );
    }
    let done = format!("The stack is named {new} already: nothing to do.");
    let (store, file) = match state_place(global, &chosen).await? {
        // The name decides about the file, and a place that was named stays.
        Some(store) => (store, None),
        None => {
            let path = |name: &StackName| chosen.folder().join(format!("state/{name}.json"));
            let (from, to) = (path(old), path(new));
            // An earlier run may have been stopped when only the backup still had the old name.
            let is_left = from.exists() || !from.with_extension("json.backup").exists();
            if is_left && (old == new || !from.exists()) && is_of(&Store::local(to.clone()), new).await? {
                say_renamed(&done, (old, new), &chosen, screen);
                return Ok(Exit::Done);
            }
            if is_left {
                refuse_taken(&to, new).await?;
            }
            (in_file(if is_left { from.clone() } else { to.clone() }), Some((from, to)))
        }
    };
    let state = store.read().await.map_err(state_failure)?;
    let Some(state) = state else {
        let message = format!("there is no state of the stack {old} at {store}");
        return Err(Failure::message(FailureKind::Usage, message).hint("name another one with --state"));
    };
    if file.is_none() && state.stack == new.to_string() {
        say_renamed(&done, (old, new), &chosen, screen);
        return Ok(Exit::Done);
    }
    let is_renamed = file.is_some() && state.stack == new.to_string();
    if state.stack != old.to_string() && !is_renamed {
        let message = format!("{store} is the state of the stack {}, not of {old}", state.stack);
        return Err(Failure::message(FailureKind::Usage, message).hint("name another one with --state"));
    }
    let work = async |writer: &mut Writer, screen: &mut Screen| {
        let question = format!("rename the stack {old} to {new}");
        confirm(screen, approval, Question::State { change: &question }).await?;
        // An earlier run may have been stopped before the file had its new name.
        if !is_renamed {
            writer.edit(Edit::Stack { stack: new.to_string() });
            claim(writer, |_| true);
        }
        Ok(())
    };
    change("state move", (store, state), lock, screen, work).await?;
    if let Some((from, to)) = file {
        relocate(&from, &to, lock.lock_timeout).await.map_err(state_failure)?;
    }
    say_renamed(&format!("The stack {old} is now {new}."), (old, new), &chosen, screen);
    Ok(Exit::Done)
}

/// Says how the stack is called, and what to type next.
fn say_renamed(sentence: &str, (old, new): (&StackName, &StackName), chosen: &Chosen, screen: &mut Screen) {
    let next = if chosen.stack.stack == *new {
        "Next: provision plan".to_owned()
    } else {
        format!("Next: write `stack: {new}` into {}, then: provision plan", chosen.last())
    };
    let (from, to) = (format!("{STACK}.{old}"), format!("{STACK}.{new}"));
    let sentence = format!("{sentence} {next}");
    say(screen, StateChange::Moved { from, to, moves: Vec::new() }, &harmless(&sentence));
}

/// True if there is a state here, of the stack of this name.
async fn is_of(store: &Store, stack: &StackName) -> Result<bool, Failure> {
    let state = store.read().await.map_err(state_failure)?;
    Ok(state.is_some_and(|state| state.stack == stack.to_string()))
}

/// A state of the new name that is there already stays as it is, unless it records nothing but the network.
async fn refuse_taken(to: &Path, new: &StackName) -> Result<(), Failure> {
    let there = Store::local(to.to_owned()).read().await.map_err(state_failure)?;
    if !there.is_some_and(|state| state.manages_anything()) {
        return Ok(());
    }
    let message = format!("there is a state of the stack {new} already: {}", to.display());
    Err(Failure::message(FailureKind::Usage, message).hint(
        "choose another name for the stack, or move that file away if nothing in AWS is recorded in it",
    ))
}
