//! The request to end a run: nothing is begun any more then, and no pause is waited out.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The receiver of the request, which a run looks at.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<Option<Instant>>);

/// The sender, which asks the run to end. Once it is gone, nothing will.
#[derive(Debug)]
pub struct Interrupter(watch::Sender<Option<Instant>>);

/// An interrupt, and what asks for it.
pub fn interrupt() -> (Interrupter, Interrupt) {
    let (sender, receiver) = watch::channel(None);
    (Interrupter(sender), Interrupt(receiver))
}

impl Interrupter {
    /// Asks the run to end, from now on.
    pub fn ask(&self) {
        self.0.send_replace(Some(Instant::now()));
    }
}

impl Interrupt {
    /// True if the run is asked to end.
    pub fn is_asked(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// True if the run was asked to end, and `grace` has passed since.
    pub fn is_over(&self, grace: Duration) -> bool {
        self.0.borrow().is_some_and(|asked| asked + grace <= Instant::now())
    }

    /// Waits until the run is asked to end, and tells since when it is.
    pub async fn asked(&self) -> Instant {
        let mut receiver = self.0.clone();
        let asked = receiver.wait_for(Option::is_some).await.ok().and_then(|asked| *asked);
        match asked {
            Some(asked) => asked,
            None => std::future::pending().await,
        }
    }

    /// Waits until the run was asked to end, and `grace` is over since.
    pub async fn over(&self, grace: Duration) {
        sleep_until(self.asked().await + grace).await;
    }
}
