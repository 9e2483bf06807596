//! Where a state is kept, and the one way to change it: edits are staged, and made durable together.
//! Knows nothing of what the edits mean, nor of how a place keeps them.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::lock::Holder;
use super::{Edit, S3State, State, StateError, local, s3};

/// Where a state is kept.
#[derive(Clone, Debug)]
pub enum Store {
    /// A file, with its journal, backup and lock beside it.
    Local(PathBuf),
    /// An object in a bucket, for teams.
    S3(S3State),
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(f),
            Self::S3(state) => state.fmt(f),
        }
    }
}

impl Store {
    /// Reads the state without locking it; `None` when there never was one.
    ///
    /// # Errors
    /// [`StateError::Damaged`] whenever something is there that is not a whole state; it is never taken for nothing.
    pub async fn read(&self) -> Result<Option<State>, StateError> {
        match self {
            Self::Local(path) => local::read(path),
            Self::S3(state) => state.read().await,
        }
    }

    /// Locks the state and opens it for writing; `fresh` makes it when there never was one.
    ///
    /// # Errors
    /// [`StateError::Locked`] when another run holds it for longer than `timeout`.
    pub async fn open(
        &self,
        command: &str,
        timeout: Duration,
        fresh: impl FnOnce() -> State,
    ) -> Result<Writer, StateError> {
        let holder = Holder::this_run(command);
        let (keeper, found) = match self {
            Self::Local(path) => {
                let (files, found) = local::open(path, &holder, timeout).await?;
                (Keeper::Local(files), found)
            }
            Self::S3(state) => {
                let (held, found) = state.open(holder, timeout).await?;
                (Keeper::S3(held), found)
            }
        };
        let is_new = found.is_none();
        // What is written from here on is in the format of now, whatever it was read in.
        let found = found.map(|found| State { version: State::VERSION, ..found });
        Ok(Writer { state: found.unwrap_or_else(fresh), staged: Vec::new(), is_new, failed: false, keeper })
    }

    /// Whether there is a lock that `id` names and that can be taken away; false where the state is not locked.
    ///
    /// # Errors
    /// [`StateError::Locked`] when the lock has another id, or its run is known to be alive.
    pub async fn has_a_lock_to_take_away(&self, id: &str) -> Result<bool, StateError> {
        match self {
            Self::Local(path) => local::has_a_lock_to_take_away(path, id),
            Self::S3(state) => state.has_a_lock_to_take_away(id).await,
        }
    }

    /// Takes away the lock that `id` names.
    ///
    /// # Errors
    /// [`StateError::Locked`] when the lock has another id, or its run is known to be alive.
    pub async fn unlock(&self, id: &str) -> Result<(), StateError> {
        match self {
            Self::Local(path) => local::unlock(path, id),
            Self::S3(state) => state.unlock(id).await,
        }
    }
}

/// How long it is tried to give a lock back that runs out by itself.
/// A run that is asked to end meanwhile is to end within five seconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// The same where writing has failed a moment ago, and somebody may have asked the run to end.
const NO_PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
enum Keeper {
    Local(local::Files),
    S3(s3::Held),
}

/// A locked state that can be written. What is staged is durable when [`Writer::commit`] returns.
#[derive(Debug)]
pub struct Writer {
    state: State,
    staged: Vec<Edit>,
    is_new: bool,
    /// Whether a write has failed: what is there then is looked at by the next run, and by nobody else.
    failed: bool,
    keeper: Keeper,
}

impl Writer {
    /// The state with every edit carried out.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether there was no state before: what is planned must not rest on the one in memory.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The run whose lock had run out before this one took it: what it had begun may be unfinished.
    pub fn relieved(&self) -> Option<&Holder> {
        match &self.keeper {
            Keeper::Local(_) => None,
            Keeper::S3(held) => held.relieved(),
        }
    }

    /// Carries out an edit, to be made durable by the next commit.
    pub fn edit(&mut self, edit: Edit) {
        self.state.apply(edit.clone());
        self.staged.push(edit);
    }

    /// Makes everything that is staged durable, at once.
    ///
    /// # Errors
    /// When it cannot be made durable; nothing that rests on it may be done in AWS then.
    pub async fn commit(&mut self) -> Result<(), StateError> {
        if self.failed {
            return Err(StateError::Unsaved);
        }
        if self.staged.is_empty() {
            return Ok(());
        }
        // Also where this future is given up half-way: what was written is not known then.
        self.failed = true;
        match &mut self.keeper {
            Keeper::Local(files) => files.write(&self.staged, &self.state)?,
            Keeper::S3(held) => held.write(&self.state).await?,
        }
        self.failed = false;
        self.staged.clear();
        Ok(())
    }

    /// Returns when the lock is lost although nobody gave it back, with how; never, where that cannot be.
    pub async fn lost(&self) -> StateError {
        match &self.keeper {
            Keeper::Local(_) => std::future::pending().await,
            Keeper::S3(held) => held.lost().await,
        }
    }

    /// Makes everything durable, and gives the lock back.
    ///
    /// # Errors
    /// When it cannot be made durable. What was committed before is still there, and the next run reads it.
    pub async fn close(mut self) -> Result<State, StateError> {
        let committed = self.commit().await;
        let folded = match self.keeper {
            Keeper::Local(files) if committed.is_ok() => files.close(&self.state),
            Keeper::Local(_) => Ok(()),
            Keeper::S3(held) => {
                held.release(if committed.is_ok() { PATIENCE } else { NO_PATIENCE }).await;
                Ok(())
            }
        };
        committed.and(folded).map(|()| self.state)
    }

    /// Gives the lock back without writing what is staged.
    pub async fn abandon(self) {
        match self.keeper {
            Keeper::Local(files) if !self.failed && self.staged.is_empty() => {
                // The journal holds all there is; the next run folds it where this one cannot.
                let _ = files.close(&self.state);
            }
            Keeper::Local(_) => {}
            Keeper::S3(held) => held.release(if self.failed { NO_PATIENCE } else { PATIENCE }).await,
        }
    }
}
