//! The state in a bucket, for teams: one object that holds the state and its lock, moved by conditional writes alone.
//!
//! A lock that is not renewed runs out; what its run had begun does not: it is in the state, and the next run looks into it. The
//! run that waits for a lock judges on its own clock if it has run out, by the time that the object did not change.

mod held;
mod object;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use crate::aws::{Aws, Gate};
use crate::engine::call::Call;
use crate::engine::state::Damage;
use crate::engine::state::Holder;
use crate::engine::state::format;
use crate::engine::state::{Backend, Keeper, Opened, Sight};
use crate::engine::state::{Lease, Shared};
use crate::engine::state::{State, StateError};
use held::Held;
use object::Object;

/// The place of an object: `s3://BUCKET/KEY`.
pub use crate::stack::{NoPlace, S3Place};

/// The encryption that every write asks for. Without it S3 does what the bucket says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: Option<String>,
    /// The id, ARN or alias of a KMS key.
    pub key: Option<String>,
}

/// The calls for a state in S3.
pub const CALLS: [Call; 2] = [object::GET, object::PUT];

/// A state in a bucket.
#[derive(Clone, Debug)]
pub struct S3State {
    object: Object,
    backup: Object,
    gate: Gate,
    lease: Duration,
}

/// Ends the key of the object that keeps the state as it was before the last run.
const BACKUP: &str = ".backup";
/// The holder of no lock.
const NOBODY: &str = "";
/// The time after which a run that waits for a lock looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl S3State {
    /// The state at a place. `lease` is the time that a lock lasts if it is not renewed.
    pub fn new(place: &S3Place, aws: &Aws, lease: Duration) -> Self {
        Self::of(place, (aws, aws), lease, Encryption::default())
    }

    /// The same by the identity of `keeper`, for the stack of `aws`, and encrypted.
    pub fn of(place: &S3Place, (keeper, aws): (&Aws, &Aws), lease: Duration, encryption: Encryption) -> Self {
        let object = Object::new(place.clone(), keeper.s3(), encryption);
        let backup = object.sibling(BACKUP);
        Self { object, backup, gate: aws.gate().clone(), lease }
    }

    /// Takes the lock, and reads the state that it is for.
    async fn take(&self, holder: Holder, timeout: Duration) -> Result<(Held, Option<State>), StateError> {
        let deadline = Instant::now() + timeout;
        let mut watched: Option<(String, Instant)> = None;
        loop {
            let seen = self.seen().await?;
            let etag = seen.as_ref().map(|(etag, _)| etag.clone());
            let shared = seen.map(|(_, shared)| shared).unwrap_or_default();
            if let Some(etag) =
                etag.clone().filter(|etag| watched.as_ref().is_none_or(|(old, _)| old != etag))
            {
                watched = Some((etag, Instant::now()));
            }
            let unchanged = watched.as_ref().map(|(_, since)| since.elapsed()).unwrap_or_default();
            let ran_out = |lease: &Lease| unchanged >= lease.span();
            if shared.lease.as_ref().is_none_or(ran_out) {
                // A state that cannot be read is not locked either.
                let state = self.state_of(&shared)?;
                let relieved = shared.lease.map(|lease| lease.holder);
                match Held::take(self, etag, shared.state, holder.clone(), relieved).await {
                    Ok(held) => return Ok((held, state)),
                    // Another run was faster, and is looked at next.
                    Err(StateError::LockLost { .. } | StateError::Vanished { .. }) => continue,
                    Err(error) => return Err(error),
                }
            }
            if Instant::now() >= deadline {
                return Err(held(shared.lease.map(|lease| lease.holder)));
            }
            sleep(LOOK_AGAIN.min(deadline.saturating_duration_since(Instant::now()))).await;
        }
    }

    /// Takes away the lock that `id` names. Its run, if it is alive, is told by its next write, and stops.
    async fn free(&self, id: &str) -> Result<(), StateError> {
        let Some((etag, shared)) = self.seen().await? else { return Ok(()) };
        match can_be_taken(&shared, id)? {
            false => Ok(()),
            true => {
                let free = Shared { lease: None, ..shared };
                self.object.swap(Some(&etag), free, NOBODY).await.map(drop)
            }
        }
    }

    /// The object that is there now. Nothing, only if there was nothing before either.
    async fn seen(&self) -> Result<Option<(String, Shared)>, StateError> {
        match self.object.get().await? {
            Some(seen) => Ok(Some(seen)),
            None if self.backup.etag().await?.is_some() => {
                Err(self.damaged(Damage::SnapshotMissing { sibling: "backup" }))
            }
            None => Ok(None),
        }
    }

    fn state_of(&self, shared: &Shared) -> Result<Option<State>, StateError> {
        shared.state.clone().map(format::decode_value).transpose().map_err(|damage| self.damaged(damage))
    }

    fn damaged(&self, source: Damage) -> StateError {
        // The object that is there may be newer than the version before, and is not to be overwritten by it.
        let nothing_is_there = matches!(source, Damage::SnapshotMissing { .. });
        let backup = nothing_is_there.then(|| self.backup.place().to_string());
        StateError::Damaged { place: self.to_string(), backup, source }
    }
}

/// True if there is a lock that `id` names, and that may be taken away: its run is not seen alive. False where there is none.
fn can_be_taken(shared: &Shared, id: &str) -> Result<bool, StateError> {
    match &shared.lease {
        None => Ok(false),
        Some(Lease { holder, .. }) if holder.id == id && !holder.is_alive_here() => Ok(true),
        Some(Lease { holder, .. }) => Err(held(Some(holder.clone()))),
    }
}

/// A lock that is held.
fn held(holder: Option<Holder>) -> StateError {
    let can_be_taken = holder.as_ref().is_some_and(|holder| !holder.is_alive_here());
    StateError::Locked { holder, can_be_taken }
}

impl Backend for S3State {
    fn file(&self) -> Option<&Path> {
        None
    }

    fn read(&self) -> BoxFuture<'_, Result<Option<State>, StateError>> {
        Box::pin(async { self.look().await.map(|sight| sight.state) })
    }

    fn look(&self) -> BoxFuture<'_, Result<Sight, StateError>> {
        Box::pin(async {
            let shared = self.seen().await?.map(|(_, shared)| shared).unwrap_or_default();
            let state = self.state_of(&shared)?;
            let (left_by, holder) = match shared.lease.map(|lease| lease.holder) {
                Some(holder) if holder.is_here_no_more() => (Some(holder), None),
                holder => (None, holder),
            };
            Ok(Sight { state, holder, left_by })
        })
    }

    fn lock(&self, holder: Holder, timeout: Duration) -> BoxFuture<'_, Result<Opened, StateError>> {
        Box::pin(async move {
            let (held, found) = self.take(holder, timeout).await?;
            Ok((Box::new(held) as Box<dyn Keeper>, found))
        })
    }

    fn has_a_lock_to_take_away<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, StateError>> {
        Box::pin(async move {
            match self.seen().await? {
                None => Ok(false),
                Some((_, shared)) => can_be_taken(&shared, id),
            }
        })
    }

    fn unlock<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(self.free(id))
    }
}

impl fmt::Display for S3State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.place().fmt(f)
    }
}
