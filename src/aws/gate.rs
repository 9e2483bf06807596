//! The gate before every call that changes something: a run whose lock may have run out must not send one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::time::Instant;

/// A moment on both clocks. The steady one stands still while a laptop sleeps, the other one can be set.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    /// This moment.
    pub fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// The time since this moment, by the clock that has seen more.
    pub fn elapsed(&self) -> Duration {
        self.steady.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}

/// Lets calls that change something leave, or stops them. Open, until it is told for how long.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<Option<Opening>>>);

#[derive(Clone, Copy, Debug)]
struct Opening {
    since: Moment,
    span: Duration,
}

/// The gate was shut, so that nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("the lock of the state may have run out, and is not renewed yet")]
pub(super) struct Shut;

impl Gate {
    /// From now on the gate is open for this long after `since`, and shut then.
    pub fn open_for(&self, since: Moment, span: Duration) {
        *self.opening() = Some(Opening { since, span });
    }

    fn is_open(&self) -> bool {
        self.opening().is_none_or(|opening| opening.since.elapsed() < opening.span)
    }

    fn opening(&self) -> std::sync::MutexGuard<'_, Option<Opening>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Gate {
    fn name(&self) -> &'static str {
        "Gate"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.is_open() { Ok(()) } else { Err(Shut.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_gate_shuts_when_its_time_is_over_and_opens_when_it_is_renewed() {
        let gate = Gate::default();
        assert!(gate.is_open(), "nobody has set a limit");
        gate.open_for(Moment::now(), Duration::from_secs(55));
        tokio::time::advance(Duration::from_secs(54)).await;
        assert!(gate.is_open());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(!gate.is_open());
        gate.open_for(Moment::now(), Duration::from_secs(55));
        assert!(gate.is_open());
    }
}
