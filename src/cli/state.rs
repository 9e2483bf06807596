//! `provision state …`: looks at the state and mends it; every write goes through the lock and the backup.

use std::collections::BTreeSet;

use crate::aws::kinds;
use crate::cli::report::{StateChange, StateList, StateShow};
use crate::engine::address::Address;
use crate::engine::parts::parts_of;
use crate::engine::state::{self, Edit, NotMoved, Place, Record, StateError, Store, Writer, meant};
use crate::view::failure::{Failure, FailureKind};
use crate::view::progress::Show;
use crate::view::{harmless, state_list, state_show};

use super::confirm::{Question, confirm};
use super::locked::{Locking, locked, unless_interrupted};
use super::moving::not_moved;
use super::opening::{existing_state, named_store, state_failure};
use super::options::{Approval, Global, Lock};
use super::screen::Screen;
use super::stack_file::Purpose;
use super::{Exit, State, moving, rebuild};

/// Carries out one of the state's commands.
pub(super) async fn run(request: State, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    match request {
        State::List => {
            let (_, state) = existing_state(global, Purpose::Show, screen).await?;
            if global.json {
                screen.report(StateList { addresses: state.resources.keys().collect() });
            } else {
                screen.out.as_it_is(&state_list(&state));
            }
        }
        State::Show { place } => {
            let (_, state) = existing_state(global, Purpose::Show, screen).await?;
            let address = only_one(&state, &place)?;
            let record = record(&state, &address)?;
            if global.json {
                screen.report(StateShow { address: &address, kind: address.kind(), record });
            } else {
                screen.out.as_it_is(&state_show(&address, record, &screen.styles.out));
            }
        }
        State::Forget { place, lock, approval } => {
            let mut forgotten = Vec::new();
            let forget = async |writer: &mut Writer, screen: &mut Screen| {
                forgotten = forget(writer, &place, approval, screen).await?;
                Ok(())
            };
            let existing = existing_state(global, Purpose::Write, screen).await?;
            change("state forget", existing, lock, screen, forget).await?;
            let sentence = match forgotten.len() {
                1 => format!("Forgot {place}."),
                count => format!("Forgot {place}: {count} records."),
            };
            let sentence = format!(
                "{sentence} Nothing in AWS was changed. Next: take it out of the stack file, where it is still written, then: \
                 provision plan"
            );
            let addresses = forgotten.iter().collect();
            say(screen, StateChange::Forgotten { address: place.to_string(), addresses }, &sentence);
        }
        State::Move { from, to, lock, approval } => {
            return moving::run(&from, &to, lock, approval, global, screen).await;
        }
        State::Rebuild(request) => return rebuild::run(request, global, screen).await,
        State::Unlock { id, approval } => {
            let (store, _) = named_store(global, Purpose::Write, screen).await?;
            unlock(&store, &id, approval, screen).await?
        }
    }
    Ok(Exit::Done)
}

/// Locks a state that is there, and changes it.
pub(super) async fn change(
    command: &str,
    (store, state): (Store, state::State),
    lock: Lock,
    screen: &mut Screen,
    work: impl AsyncFnOnce(&mut Writer, &mut Screen) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let locking = Locking { store: &store, command, timeout: lock.lock_timeout, waited: None };
    locked(locking, state, screen, async |writer, screen, interrupt| {
        unless_interrupted(interrupt, work(writer, screen)).await
    })
    .await
}

/// Takes what is meant out of the state, each object with its parts: they stay with it. Returns what was taken out.
async fn forget(
    writer: &mut Writer,
    place: &Place,
    approval: Approval,
    screen: &mut Screen,
) -> Result<Vec<Address>, Failure> {
    let state = writer.state();
    let registry = kinds::registry();
    let mut forgotten: BTreeSet<Address> = BTreeSet::new();
    for address in meant(state, place).map_err(not_moved)? {
        let record = &state.resources[&address];
        // An object in a network is no part of it that would go along.
        let id = record.id.as_ref().filter(|_| !record.watched);
        forgotten.extend(id.map(|id| parts_of(&registry, state, id)).unwrap_or_default());
        forgotten.insert(address);
    }
    let records = state.resources.iter().filter(|(address, _)| !forgotten.contains(*address));
    let users = records.filter(|(_, record)| record.depends_on.iter().any(|on| forgotten.contains(on)));
    let users: Vec<String> = users.map(|(user, _)| user.to_string()).collect();
    if !users.is_empty() {
        screen.say(&format!("{place} is used by {}.", users.join(", ")));
    }
    if forgotten.len() > 1 && screen.show != Show::Json {
        screen.say("These are forgotten:");
        forgotten.iter().for_each(|address| screen.err.line(&format!("  {address}")));
    }
    confirm(screen, approval, Question::State { change: &format!("forget {place}") }).await?;
    for address in &forgotten {
        writer.edit(Edit::Remove { address: address.clone() });
    }
    Ok(forgotten.into_iter().collect())
}

async fn unlock(store: &Store, id: &str, approval: Approval, screen: &mut Screen) -> Result<(), Failure> {
    let kept = |error| match error {
        // It has another id, and its run may be lost on another machine.
        StateError::Locked { holder: Some(holder), can_be_taken: true } if store.file().is_none() => {
            let hint = in_a_bucket(&holder.id);
            let error = StateError::Locked { holder: Some(holder), can_be_taken: true };
            Failure::new(FailureKind::Locked, error).hint(hint)
        }
        other => state_failure(other),
    };
    // Nothing is asked about a lock that is not there, or cannot be taken away.
    let is_there = store.has_a_lock_to_take_away(id).await.map_err(kept)?;
    if is_there {
        let question = format!("take the lock {} away", harmless(id));
        confirm(screen, approval, Question::State { change: &question }).await?;
    }
    store.unlock(id).await.map_err(kept)?;
    let said = match is_there {
        true => format!("The lock {} was taken away.", harmless(id)),
        false => "There was no lock to take away.".to_owned(),
    };
    say(screen, StateChange::Unlocked, &said);
    Ok(())
}

/// The lock has another id, and its process may be on any machine: a lock in a bucket outlasts it for a while.
fn in_a_bucket(id: &str) -> String {
    format!(
        "the lock runs out by itself soon after its run has ended, so that the next run can wait for it with --lock-timeout 10m; if \
         that run is lost: provision state unlock {id}"
    )
}

/// Says what was done, as a sentence or a document.
pub(super) fn say(screen: &mut Screen, change: StateChange<'_>, sentence: &str) {
    match screen.show {
        Show::Json => screen.report(change),
        _ => screen.tell(sentence),
    }
}

/// The address that is meant: a name may stand for one.
fn only_one(state: &state::State, place: &Place) -> Result<Address, Failure> {
    if let Place::Address(address) = place {
        return Ok(address.clone());
    }
    match meant(state, place).map_err(not_moved)?.as_slice() {
        [one] => Ok(one.clone()),
        several => {
            let message = format!("{place} is the name of {} resources", several.len());
            let ways: Vec<String> = several.iter().map(|one| format!("provision state show {one}")).collect();
            Err(Failure::message(FailureKind::Usage, message)
                .hint(format!("name one of them: {}", ways.join(", or "))))
        }
    }
}

fn record<'a>(state: &'a state::State, address: &Address) -> Result<&'a Record, Failure> {
    state.resources.get(address).ok_or_else(|| {
        let known = state.resources.keys().cloned().collect();
        not_moved(NotMoved::Unknown { address: address.clone(), known })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_in_a_bucket_is_not_said_to_end_with_its_process() {
        let said = in_a_bucket("4f-1");
        assert!(said.contains("runs out by itself") && said.contains("--lock-timeout"), "{said}");
        assert!(said.contains("provision state unlock 4f-1") && !said.contains("ends with it"), "{said}");
    }
}
