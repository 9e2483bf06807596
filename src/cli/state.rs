//! `provision state …`: looks at the state and mends it; every write goes through the lock and the backup.

use std::path::Path;

use crate::address::Address;
use crate::failure::{Failure, FailureKind};
use crate::progress::Show;
use crate::render::{harmless, state_list, state_show};
use crate::report::{StateChange, StateList, StateShow};
use crate::stack::nearest;
use crate::state::local::{self, StateError, Writer};
use crate::state::{Edit, Record};

use super::confirm::{Question, confirm};
use super::opening::{existing_state, state_failure};
use super::options::{Approval, Global, Lock};
use super::screen::Screen;
use super::{Exit, State, rebuild, wait_for};

/// Carries out one of the state's commands.
pub(super) fn run(request: State, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let existing = || existing_state(global);
    match request {
        State::List => {
            let (_, state) = existing()?;
            if global.json {
                screen.report(StateList { addresses: state.resources.keys().collect() });
            } else {
                screen.out.write(&state_list(&state));
            }
        }
        State::Show { address } => {
            let (_, state) = existing()?;
            let record = record(&state, &address)?;
            if global.json {
                screen.report(StateShow { address: &address, kind: address.kind(), record });
            } else {
                screen.out.write(&state_show(&address, record, &screen.styles.out));
            }
        }
        State::Forget { address, lock, approval } => {
            forget(&existing()?.0, &address, lock, approval, screen)?
        }
        State::Move { from, to, lock, approval } => {
            rename(&existing()?.0, &from, &to, lock, approval, screen)?
        }
        State::Rebuild(request) => return wait_for(rebuild::run(request, global, screen)),
        State::Unlock { id, approval } => unlock(&existing()?.0, &id, approval, screen)?,
    }
    Ok(Exit::Done)
}

fn forget(
    path: &Path,
    address: &Address,
    lock: Lock,
    approval: Approval,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let writer = open(path, lock)?;
    record(writer.state(), address)?;
    let records = writer.state().resources.iter();
    let users: Vec<String> = records
        .filter(|(_, record)| record.depends_on.contains(address))
        .map(|(user, _)| user.to_string())
        .collect();
    if !users.is_empty() {
        screen.err.line(&format!("{address} is used by {}.", users.join(", ")));
    }
    confirm(screen, approval, Question::State { change: &format!("forget {address}") })?;
    write(writer, Edit::Remove { address: address.clone() })?;
    say(
        screen,
        StateChange::Forgotten { address },
        &format!("Forgot {address}. The object itself stays as it is."),
    );
    Ok(())
}

fn rename(
    path: &Path,
    from: &Address,
    to: &Address,
    lock: Lock,
    approval: Approval,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let writer = open(path, lock)?;
    record(writer.state(), from)?;
    let refused =
        |message: String, hint: String| Err(Failure::message(FailureKind::Usage, message).hint(hint));
    if from.kind() != to.kind() {
        let hint = format!("name a place of the same kind: {}.{}", from.kind(), to.name());
        return refused(format!("{from} cannot become {to}: they are of different kinds"), hint);
    }
    if writer.state().resources.contains_key(to) {
        return refused(format!("{to} is recorded already"), format!("provision state show {to}"));
    }
    confirm(screen, approval, Question::State { change: &format!("move {from} to {to}") })?;
    write(writer, Edit::Move { from: from.clone(), to: to.clone() })?;
    say(screen, StateChange::Moved { from, to }, &format!("Moved {from} to {to}."));
    Ok(())
}

fn unlock(path: &Path, id: &str, approval: Approval, screen: &mut Screen) -> Result<(), Failure> {
    confirm(screen, approval, Question::State { change: &format!("take the lock {} away", harmless(id)) })?;
    local::unlock(path, id).map_err(|error| match error {
        StateError::Locked { .. } => Failure::new(FailureKind::Locked, error).hint(
            "that run is alive, or its lock has another id: end its process, and the lock ends with it",
        ),
        other => state_failure(other),
    })?;
    say(screen, StateChange::Unlocked, "The state is not locked.");
    Ok(())
}

/// Says what was done, as a sentence or a document.
fn say(screen: &mut Screen, change: StateChange<'_>, sentence: &str) {
    match screen.show {
        Show::Json => screen.report(change),
        _ => screen.out.line(sentence),
    }
}

fn open(path: &Path, lock: Lock) -> Result<Writer, Failure> {
    let state = local::read(path).map_err(state_failure)?;
    local::open(path, "state", lock.lock_timeout, || state.expect("the state was read just now"))
        .map_err(state_failure)
}

fn write(mut writer: Writer, edit: Edit) -> Result<(), Failure> {
    writer.edit(edit).map_err(state_failure)?;
    writer.close().map_err(state_failure)?;
    Ok(())
}

fn record<'a>(state: &'a crate::state::State, address: &Address) -> Result<&'a Record, Failure> {
    state.resources.get(address).ok_or_else(|| {
        let known: Vec<String> = state.resources.keys().map(ToString::to_string).collect();
        let hint = match nearest(&address.to_string(), known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None => "provision state list".to_owned(),
        };
        Failure::message(FailureKind::Usage, format!("the state does not know {address}")).hint(hint)
    })
}
