//! A command that changes the state: the state is locked before, and given back after, however the command ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::engine::interrupt::{self, Interrupt};
use crate::engine::state::{Holder, State, StateError, Store, Writer};
use crate::view::failure::{Failure, FailureKind};
use crate::view::harmless;

use super::opening::state_failure;
use super::screen::Screen;

/// The lock to take, for which command, and the time that another run is waited for.
pub(super) struct Locking<'a> {
    pub(super) store: &'a Store,
    /// With its step, where it has several: `restore --switch`.
    pub(super) command: &'a str,
    pub(super) timeout: Duration,
    /// Set where another run had the lock first: what was seen before may have changed meanwhile.
    pub(super) waited: Option<&'a AtomicBool>,
}

/// Locks the state (`first`, where there is none), works with it, and gives the lock back, however the work ended. What
/// was staged is made durable, if the work ended well.
pub(super) async fn locked<T>(
    locking: Locking<'_>,
    first: State,
    screen: &mut Screen,
    work: impl AsyncFnOnce(&mut Writer, &mut Screen, &Interrupt) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Locking { store, command, timeout, waited } = locking;
    let interrupt = listen_for_signals();
    let at_once = unless_interrupted(&interrupt, async {
        Ok(store.open(command, Duration::ZERO, || first.clone()).await)
    });
    let opened = match at_once.await? {
        Err(StateError::Locked { holder, .. }) if !timeout.is_zero() => {
            screen.say(&waiting(holder.as_ref()));
            if let Some(waited) = waited {
                waited.store(true, Ordering::Relaxed);
            }
            let opened = async { Ok(store.open(command, timeout, || first).await) };
            unless_interrupted(&interrupt, opened).await?
        }
        opened => opened,
    };
    let mut writer = opened.map_err(state_failure)?;
    if let Some(holder) = writer.relieved() {
        screen.say(&relieved(holder));
    }
    match work(&mut writer, screen, &interrupt).await {
        Ok(done) => {
            let closing = async { writer.close().await.map_err(state_failure) };
            in_time(&interrupt, closing).await.map(|_| done)
        }
        Err(failure) => {
            writer.abandon().await;
            Err(failure)
        }
    }
}

fn waiting(holder: Option<&Holder>) -> String {
    match holder {
        None => "Waiting for the lock of the state.".to_owned(),
        Some(holder) => format!("Waiting for the lock of the state: {} has it.", run_of(holder)),
    }
}

fn relieved(holder: &Holder) -> String {
    format!("The lock of {} had run out. What that run had begun is looked at first.", run_of(holder))
}

/// The run that holds a lock, fit to be shown.
pub(super) fn run_of(holder: &Holder) -> String {
    harmless(&holder.run()).into_owned()
}

/// Work that changes nothing that would have to be recorded can end at once when it is asked to.
pub(super) async fn unless_interrupted<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        _ = interrupt.asked() => {
            Err(Failure::message(FailureKind::Interrupted, "interrupted: nothing was changed"))
        }
        done = work => done,
    }
}

/// The time that a run that is asked to end while it writes goes on writing.
const GRACE: Duration = Duration::from_secs(4);

/// The work, unless it lasts too long for a user who has asked the run to end.
async fn in_time<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        done = work => done,
        () = interrupt.over(GRACE) => Err(state_failure(StateError::Unsaved)),
    }
}

/// The first signal asks the run to end in order. The second one ends the process as if no one listened, which loses
/// nothing either.
fn listen_for_signals() -> Interrupt {
    let (interrupter, interrupt) = interrupt::interrupt();
    tokio::spawn(async move {
        if let Ok(mut signals) = Signals::new() {
            signals.next().await;
            interrupter.ask();
            signals.next().await;
            end_at_once();
        }
    });
    interrupt
}

#[expect(
    clippy::exit,
    reason = "whoever presses Ctrl-C twice does not want to wait, not even for destructors"
)]
fn end_at_once() -> ! {
    std::process::exit(FailureKind::Interrupted.exit_code().into())
}

/// The signals by which people and systems ask a program to end.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
