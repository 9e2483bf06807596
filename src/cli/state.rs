//! `provision state …`: looks at the state and mends it; every write goes through the lock and the backup.

use std::path::Path;
use std::time::Duration;

use crate::address::Address;
use crate::failure::{Failure, FailureKind};
use crate::render::{harmless, state_list, state_show};
use crate::state::local::{self, Writer};
use crate::state::{Edit, Record, State};

use super::session::state_failure;
use super::{Terminal, confirm};

/// Prints every address.
pub fn list(path: &Path, terminal: &Terminal) -> Result<(), Failure> {
    let state = existing(path)?;
    if terminal.json {
        terminal.json(&state.resources.keys().collect::<Vec<_>>());
    } else {
        terminal.print(&state_list(&state));
    }
    Ok(())
}

/// Prints one record.
pub fn show(path: &Path, address: &Address, terminal: &Terminal) -> Result<(), Failure> {
    let state = existing(path)?;
    let record = record(&state, address)?;
    if terminal.json {
        terminal.json(record);
    } else {
        terminal.print(&state_show(address, record, &terminal.styles.out));
    }
    Ok(())
}

/// A write of the state by hand.
pub struct Mending<'a> {
    pub path: &'a Path,
    pub lock_timeout: Duration,
    pub consent: confirm::Consent,
    pub terminal: &'a Terminal,
}

impl Mending<'_> {
    /// Takes a resource out of the state; the object itself is not touched.
    pub fn forget(&self, address: &Address) -> Result<(), Failure> {
        let (writer, state) = self.open()?;
        record(&state, address)?;
        let users: Vec<String> = state
            .resources
            .iter()
            .filter(|(_, record)| record.depends_on.contains(address))
            .map(|(user, _)| user.to_string())
            .collect();
        if !users.is_empty() {
            self.terminal.note(&format!("{address} is used by {}", users.join(", ")));
        }
        self.consent.ask(&format!("Forget {address}? The object itself stays as it is in AWS."), self.terminal)?;
        write(writer, Edit::Remove { address: address.clone() })?;
        self.terminal.print(&format!("Forgot {address}.\n"));
        Ok(())
    }

    /// Gives a record another address of the same kind.
    pub fn rename(&self, from: &Address, to: &Address) -> Result<(), Failure> {
        let (writer, state) = self.open()?;
        record(&state, from)?;
        let refused = |message: String| Err(Failure::message(FailureKind::Usage, message));
        if from.kind() != to.kind() {
            return refused(format!("{from} cannot become {to}: they are of different kinds"));
        }
        if state.resources.contains_key(to) {
            return refused(format!("{to} is recorded already"));
        }
        self.consent.ask(&format!("Move {from} to {to}?"), self.terminal)?;
        write(writer, Edit::Move { from: from.clone(), to: to.clone() })?;
        self.terminal.print(&format!("Moved {from} to {to}.\n"));
        Ok(())
    }

    /// Takes away the lock of a run that is lost.
    pub fn unlock(&self, id: &str) -> Result<(), Failure> {
        self.consent.ask(&format!("Take away the lock {}?", harmless(id)), self.terminal)?;
        local::unlock(self.path, id).map_err(|error| match error {
            local::StateError::Locked { .. } => Failure::new(FailureKind::Locked, error)
                .hint("the run that holds it is alive, or has another id: end it (kill its process), and its lock ends too"),
            other => state_failure(other),
        })?;
        self.terminal.print("The state is not locked any more.\n");
        Ok(())
    }

    fn open(&self) -> Result<(Writer, State), Failure> {
        let state = existing(self.path)?;
        let writer = local::open(self.path, "state", self.lock_timeout, || state).map_err(state_failure)?;
        let state = writer.state().clone();
        Ok((writer, state))
    }
}

fn write(mut writer: Writer, edit: Edit) -> Result<(), Failure> {
    writer.edit(edit).map_err(state_failure)?;
    writer.close().map_err(state_failure)?;
    Ok(())
}

fn existing(path: &Path) -> Result<State, Failure> {
    local::read(path).map_err(state_failure)?.ok_or_else(|| {
        let message = format!("there is no state at {}", path.display());
        Failure::message(FailureKind::Failed, message).hint("name one with --state, or make one: provision import vpc-…")
    })
}

fn record<'a>(state: &'a State, address: &Address) -> Result<&'a Record, Failure> {
    state.resources.get(address).ok_or_else(|| {
        Failure::message(FailureKind::Usage, format!("the state does not know {address}"))
            .hint("provision state list")
    })
}
