//! Growing pauses between attempts. The only importer of `backoff`.

use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

/// Pauses that grow from `first` to `longest`, each spread at random by up to a half, so that runs that met once
/// do not meet again.
pub struct Pauses(ExponentialBackoff);

impl Pauses {
    /// Starts a new series.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self(
            ExponentialBackoffBuilder::new()
                .with_initial_interval(first)
                .with_max_interval(longest)
                .with_multiplier(2.0)
                // The deadline is the caller's: this crate's own clock cannot be held still in tests.
                .with_max_elapsed_time(None)
                .build(),
        )
    }

    /// The next pause.
    pub fn next_pause(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(self.0.max_interval)
    }

    /// Starts again from the shortest pause.
    pub fn restart(&mut self) {
        self.0.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_never_end() {
        let mut pauses = Pauses::new(Duration::from_secs(1), Duration::from_secs(8));
        let series: Vec<Duration> = (0..50).map(|_| pauses.next_pause()).collect();
        assert!(series[0] <= Duration::from_millis(1500));
        assert!(series[10..].iter().all(|pause| (4..=12).contains(&pause.as_secs())), "{series:?}");
    }
}
