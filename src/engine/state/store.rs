//! The store of a state, and the one way to change it: edits are staged, and made durable together.

use std::fmt::{self, Debug, Display};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::local::LocalState;
use super::lock::Holder;
use super::{Edit, PastRun, RunEnd, State, StateError};
use crate::engine::event::{RunOutcome, RunSummary};

/// A place that keeps a state: a file, an object in a bucket.
pub trait Backend: Debug + Display + Send + Sync {
    /// The file of the state, where it is one.
    fn file(&self) -> Option<&Path>;
    /// See [`Store::read`].
    fn read(&self) -> BoxFuture<'_, Result<Option<State>, StateError>>;
    /// See [`Store::look`].
    fn look(&self) -> BoxFuture<'_, Result<Sight, StateError>>;
    /// Takes the lock, and reads the state that it is for.
    fn lock(&self, holder: Holder, timeout: Duration) -> BoxFuture<'_, Result<Opened, StateError>>;
    /// See [`Store::has_a_lock_to_take_away`].
    fn has_a_lock_to_take_away<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StateError>>;
    /// Takes away the lock that `id` names.
    fn unlock<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), StateError>>;
}

/// A state as it is seen without its lock.
#[derive(Debug)]
pub struct Sight {
    /// `None` when there never was one.
    pub state: Option<State>,
    /// The run that has the lock. One that died on another machine may still have it.
    pub holder: Option<Holder>,
    /// The run of this machine that has ended without giving the lock back, which runs out by itself.
    pub left_by: Option<Holder>,
}

/// A held lock, and the state that it is for.
pub type Opened = (Box<dyn Keeper>, Option<State>);

/// The keeper of a locked state: it writes, and gives the lock back.
pub trait Keeper: Debug + Send + Sync {
    /// The run that had the lock before, and did not give it back.
    fn relieved(&self) -> Option<&Holder>;
    /// Makes edits durable; `state` is the state with all of them carried out.
    fn write<'a>(&'a mut self, edits: &'a [Edit], state: &'a State) -> BoxFuture<'a, Result<(), StateError>>;
    /// Returns when the lock is lost although it was not given back, with how; never, where that cannot be.
    fn lost(&self) -> BoxFuture<'_, StateError>;
    /// Makes the state whole at its own place, where what is written stands beside it meanwhile. The lock is kept.
    fn make_whole<'a>(&'a mut self, _: &'a State) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(std::future::ready(Ok(())))
    }
    /// Gives the lock back, after what was written last.
    fn release<'a>(
        self: Box<Self>,
        state: &'a State,
        written: Written,
    ) -> BoxFuture<'a, Result<(), StateError>>;
}

/// The part of a state that is durable when its lock is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    All,
    /// Edits were staged, and are given up.
    NotTheStaged,
    /// A write failed: what is there is not known, and is looked at by the next run.
    Unknown,
}

/// The place of a state.
#[derive(Clone, Debug)]
pub struct Store {
    place: Arc<dyn Backend>,
    user: String,
    caller: Option<String>,
}

impl Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.place, f)
    }
}

impl Store {
    /// A place of any kind.
    pub fn new(place: impl Backend + 'static) -> Self {
        Self { place: Arc::new(place), user: "unknown".to_owned(), caller: None }
    }

    /// The same, for a run that this user has started; a lock says so.
    #[must_use]
    pub fn for_user(self, user: &str) -> Self {
        Self { user: user.to_owned(), ..self }
    }

    /// The same, for a run with the credentials of this ARN in AWS.
    #[must_use]
    pub fn for_caller(self, caller: Option<String>) -> Self {
        Self { caller, ..self }
    }

    /// A file, with its journal, backup and lock beside it.
    pub fn local(path: impl Into<PathBuf>) -> Self {
        Self::new(LocalState::new(path.into()))
    }

    /// The file of the state, where it is one.
    pub fn file(&self) -> Option<&Path> {
        self.place.file()
    }

    /// Reads the state without locking it; `None` when there never was one.
    ///
    /// # Errors
    /// [`StateError::Damaged`] whenever something is there that is not a whole state; it is never taken for nothing.
    pub async fn read(&self) -> Result<Option<State>, StateError> {
        self.place.read().await
    }

    /// The same, with the run that is at work on it.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn look(&self) -> Result<Sight, StateError> {
        self.place.look().await
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
        let holder = Holder { caller: self.caller.clone(), ..Holder::this_run(command, &self.user) };
        let run = PastRun::of(holder.clone());
        let (keeper, found) = self.place.lock(holder, timeout).await?;
        let is_new = found.is_none();
        // Everything written from here on is in the format of now, no matter which one it was read in.
        let found = found.map(|found| State { version: State::VERSION, ..found });
        let state = found.unwrap_or_else(fresh);
        Ok(Writer { state, staged: Vec::new(), run, stage: Stage::Idle, is_new, failed: false, keeper })
    }

    /// True if there is a lock that `id` names and that can be taken away; false where the state is not locked.
    ///
    /// # Errors
    /// [`StateError::Locked`] when the lock has another id, or its run is known to be alive.
    pub async fn has_a_lock_to_take_away(&self, id: &str) -> Result<bool, StateError> {
        self.place.has_a_lock_to_take_away(id).await
    }

    /// Takes away the lock that `id` names.
    ///
    /// # Errors
    /// [`StateError::Locked`] when the lock has another id, or its run is known to be alive.
    pub async fn unlock(&self, id: &str) -> Result<(), StateError> {
        self.place.unlock(id).await
    }
}

/// A locked state that can be written. What is staged is durable when [`Writer::commit`] returns.
#[derive(Debug)]
pub struct Writer {
    state: State,
    staged: Vec<Edit>,
    run: PastRun,
    stage: Stage,
    is_new: bool,
    /// True if a write has failed: the next run, and nothing else, looks at what is there then.
    failed: bool,
    keeper: Box<dyn Keeper>,
}

/// The stage of a run, as the history of the state has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It has changed nothing.
    Idle,
    Begun,
    Ended,
}

impl Writer {
    /// The state with every edit carried out.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// True if there was no state before: what is planned must not rest on the one in memory.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The run whose lock had run out before this one took it: what it had begun may be unfinished.
    pub fn relieved(&self) -> Option<&Holder> {
        self.keeper.relieved()
    }

    /// Carries out an edit, to be made durable by the next commit. With the first one, the run is in the history of the state.
    pub fn edit(&mut self, edit: Edit) {
        if self.stage == Stage::Idle {
            self.stage = Stage::Begun;
            self.stage_edit(Edit::Began { run: self.run.clone() });
        }
        self.stage_edit(edit);
    }

    fn stage_edit(&mut self, edit: Edit) {
        self.state.apply(edit.clone());
        self.staged.push(edit);
    }

    /// The run, as the history of the state has it.
    pub fn run(&self) -> &PastRun {
        &self.run
    }

    /// Takes note of the plan that is carried out, by its digest.
    pub fn carries_out(&mut self, digest: String) {
        self.run.plan = Some(digest);
        if self.stage == Stage::Begun {
            self.stage_edit(Edit::Began { run: self.run.clone() });
        }
    }

    /// Takes note of how a plan was carried out, where that changed anything.
    pub fn ended(&mut self, summary: &RunSummary) {
        self.end(RunEnd::of(summary));
    }

    fn end(&mut self, end: RunEnd) {
        if self.stage == Stage::Begun {
            self.stage = Stage::Ended;
            self.stage_edit(Edit::Ended { id: self.run.holder.id.clone(), end });
        }
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
        self.keeper.write(&self.staged, &self.state).await?;
        self.failed = false;
        self.staged.clear();
        Ok(())
    }

    /// Returns when the lock is lost although it was not given back, with how; never, where that cannot be.
    pub async fn lost(&self) -> StateError {
        self.keeper.lost().await
    }

    /// Makes everything durable, and the state whole at its own place: a run says that it is complete only after that.
    ///
    /// # Errors
    /// When it cannot be made durable, or whole. What was committed is still there, and the next run reads it.
    pub async fn make_whole(&mut self) -> Result<(), StateError> {
        self.commit().await?;
        self.keeper.make_whole(&self.state).await
    }

    /// Makes everything durable, and gives the lock back.
    ///
    /// # Errors
    /// When it cannot be made durable. What was committed before is still there, and the next run reads it.
    pub async fn close(mut self) -> Result<State, StateError> {
        self.end(RunEnd::without_plan(RunOutcome::Done));
        let committed = self.commit().await;
        let written = if committed.is_ok() { Written::All } else { Written::Unknown };
        let released = self.keeper.release(&self.state, written).await;
        committed.and(released).map(|()| self.state)
    }

    /// Gives the lock back without writing what is staged.
    pub async fn abandon(mut self) {
        if !self.failed && self.staged.is_empty() && self.stage == Stage::Begun {
            self.end(RunEnd::without_plan(RunOutcome::Failed));
            // The run is in the history as one that did not end, where this is not written.
            let _ = self.commit().await;
        }
        let written = match (self.failed, self.staged.is_empty()) {
            (true, _) => Written::Unknown,
            (false, true) => Written::All,
            (false, false) => Written::NotTheStaged,
        };
        // The committed edits are there; the next run folds them where this one cannot.
        let _ = self.keeper.release(&self.state, written).await;
    }
}
