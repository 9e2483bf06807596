//! A lock that is held: renewed as long as the run lives, and given up the moment that it is another's.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::S3State;
use super::object::Object;
use crate::aws::{Gate, Moment};
use crate::engine::state::Holder;
use crate::engine::state::format;
use crate::engine::state::{Edit, State, StateError};
use crate::engine::state::{Keeper, Written};
use crate::engine::state::{Lease, Shared};

/// A call may be under way this long after it was let through: its own time-out, and something for slow machines.
const LONGEST_CALL: Duration = Duration::from_secs(35);

/// The time for attempts to give back a lock that runs out by itself. A run that is asked to end meanwhile is to end
/// within five seconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// The same where writing has failed a moment ago, and the run may have been asked to end.
const NO_PATIENCE: Duration = Duration::from_secs(1);

/// A held lock. Dropped without being released, it runs out by itself.
#[derive(Debug)]
pub(super) struct Held {
    keeping: Arc<Keeping>,
    /// The run that had the lock before, and did not give it back.
    relieved: Option<Holder>,
    lost: watch::Receiver<Option<Loss>>,
    renewing: JoinHandle<()>,
}

/// The data that the run and the renewal of its lock share.
#[derive(Debug)]
struct Keeping {
    object: Object,
    backup: Object,
    gate: Gate,
    lease: Lease,
    current: Mutex<Current>,
    loss: watch::Sender<Option<Loss>>,
}

#[derive(Debug)]
struct Current {
    etag: Option<String>,
    state: Option<Value>,
    /// Before the last write that S3 has taken was sent.
    written: Moment,
    /// True if the state as it was found has been kept.
    backed_up: bool,
}

/// The way in which a lock was lost.
#[derive(Clone, Debug)]
enum Loss {
    Taken(Option<Holder>),
    Vanished,
}

impl Held {
    /// Takes the lock of what `etag` marks, and renews it from now on.
    pub(super) async fn take(
        from: &S3State,
        etag: Option<String>,
        state: Option<Value>,
        holder: Holder,
        relieved: Option<Holder>,
    ) -> Result<Self, StateError> {
        let (loss, lost) = watch::channel(None);
        let is_new = etag.is_none();
        let current = Current { etag, state, written: Moment::now(), backed_up: false };
        let keeping = Arc::new(Keeping {
            object: from.object.clone(),
            backup: from.backup.clone(),
            gate: from.gate.clone(),
            lease: Lease { holder, ttl_seconds: from.lease.as_secs() },
            current: Mutex::new(current),
            loss,
        });
        let mut current = keeping.current.lock().await;
        let written = keeping.write(&mut current, Some(keeping.lease.clone())).await?;
        if let Err(error) = keeping.object.prove(&written, is_new).await {
            keeping.gate.open_for(Moment::now(), Duration::ZERO);
            // As far as that is possible where locks mean nothing.
            let _ = timeout(LONGEST_CALL, keeping.write(&mut current, None)).await;
            return Err(error);
        }
        drop(current);
        let renewing = tokio::spawn(keeping.clone().renew());
        Ok(Self { keeping, relieved, lost, renewing })
    }

    /// Gives the lock back. Where that fails within `patience`, it runs out by itself.
    async fn give_back(&self, patience: Duration) {
        self.renewing.abort();
        if self.keeping.still().is_err() {
            return;
        }
        let releasing = async {
            let mut current = self.keeping.current.lock().await;
            self.keeping.write(&mut current, None).await.map(drop)
        };
        if !matches!(timeout(patience, releasing).await, Ok(Ok(()))) {
            let seconds = self.keeping.lease.ttl_seconds;
            tracing::warn!(
                "the lock of {} was not given back; it runs out in {seconds} s",
                self.keeping.object.place()
            );
        }
    }
}

impl Keeper for Held {
    fn relieved(&self) -> Option<&Holder> {
        self.relieved.as_ref()
    }

    /// Renews the lock with the state.
    fn write<'a>(&'a mut self, _: &'a [Edit], state: &'a State) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move {
            self.keeping.still()?;
            let mut current = self.keeping.current.lock().await;
            self.keeping.back_up(&mut current).await?;
            current.state = Some(format::to_value(state));
            self.keeping.write(&mut current, Some(self.keeping.lease.clone())).await.map(drop)
        })
    }

    fn lost(&self) -> BoxFuture<'_, StateError> {
        Box::pin(async {
            let mut lost = self.lost.clone();
            // The sender lives as long as this value.
            let _ = lost.wait_for(Option::is_some).await;
            self.keeping.still().err().unwrap_or(StateError::Unsaved)
        })
    }

    fn release<'a>(self: Box<Self>, _: &'a State, written: Written) -> BoxFuture<'a, Result<(), StateError>> {
        Box::pin(async move {
            let patience = if written == Written::Unknown { NO_PATIENCE } else { PATIENCE };
            self.give_back(patience).await;
            Ok(())
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl Keeping {
    /// Writes the current state under this lock, or under none. Returns the bytes that were written.
    async fn write(
        &self,
        current: &mut MutexGuard<'_, Current>,
        lease: Option<Lease>,
    ) -> Result<Vec<u8>, StateError> {
        let next = Shared { lease, state: current.state.clone(), ..Shared::default() };
        let started = Moment::now();
        let written = self.object.swap(current.etag.as_deref(), next, &self.lease.holder.id).await;
        match written {
            Ok((etag, body)) => {
                current.etag = Some(etag);
                current.written = started;
                self.gate.open_for(started, self.safe_span());
                Ok(body)
            }
            Err(error) => {
                let loss = match &error {
                    StateError::LockLost { holder, .. } => Some(Loss::Taken(holder.clone())),
                    StateError::Vanished { .. } => Some(Loss::Vanished),
                    _ => None,
                };
                if loss.is_some() {
                    self.gate.open_for(started, Duration::ZERO);
                    self.loss.send_replace(loss);
                }
                Err(error)
            }
        }
    }

    /// Keeps the state as it was found, once, before it is changed.
    async fn back_up(&self, current: &mut MutexGuard<'_, Current>) -> Result<(), StateError> {
        if let (false, Some(state)) = (current.backed_up, &current.state) {
            self.backup.overwrite(format::pretty(state)).await?;
        }
        current.backed_up = true;
        Ok(())
    }

    /// Renews the lock whenever a quarter of its time is over without a write.
    async fn renew(self: Arc<Self>) {
        let pause = self.lease.span() / 4;
        loop {
            sleep(pause / 2).await;
            let mut current = self.current.lock().await;
            if current.written.elapsed() < pause {
                continue;
            }
            match self.write(&mut current, Some(self.lease.clone())).await {
                Ok(_) => tracing::debug!("renewed the lock"),
                Err(error) => tracing::warn!(%error, "the lock was not renewed"),
            }
            if self.still().is_err() {
                return;
            }
        }
    }

    /// The time after a write in which a call may be begun: it is to be over when another run may take the lock.
    fn safe_span(&self) -> Duration {
        let span = self.lease.span();
        span - LONGEST_CALL.min(span / 2)
    }

    /// # Errors
    /// An error that says how the lock was lost, if it was.
    fn still(&self) -> Result<(), StateError> {
        let place = || self.object.place().to_string();
        match &*self.loss.borrow() {
            None => Ok(()),
            Some(Loss::Taken(holder)) => Err(StateError::LockLost { place: place(), holder: holder.clone() }),
            Some(Loss::Vanished) => Err(StateError::Vanished { place: place() }),
        }
    }
}
