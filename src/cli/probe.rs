//! A probe of an endpoint from here: the time for which it takes no connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// The time that a connection may take: a new name and a new connection each time, as clients are to do it.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(500);

/// A probe that goes on until it is dropped.
pub(super) struct Probe {
    task: JoinHandle<()>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    lost: Option<Instant>,
    silent: Duration,
}

impl Seen {
    /// Notes an attempt.
    fn note(&mut self, answers: bool, began: Instant) {
        match (answers, self.lost) {
            (false, None) => self.lost = Some(began),
            (true, Some(lost)) => {
                self.silent += lost.elapsed();
                self.lost = None;
            }
            (true, None) | (false, Some(_)) => {}
        }
    }
}

impl Probe {
    /// Begins to probe an endpoint (`host:port`); none, where it takes no connection from here to begin with.
    pub(super) async fn of(endpoint: &str) -> Option<Self> {
        if !answers(endpoint).await {
            return None;
        }
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (endpoint, shared) = (endpoint.to_owned(), seen.clone());
        let task = tokio::spawn(async move {
            loop {
                let began = Instant::now();
                let answers = answers(&endpoint).await;
                shared.lock().unwrap_or_else(PoisonError::into_inner).note(answers, began);
                sleep(PAUSE).await;
            }
        });
        Some(Self { task, seen })
    }

    /// True if the last attempt was answered.
    pub(super) fn is_answered(&self) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).lost.is_none()
    }

    /// The time for which it took no connection, in milliseconds.
    pub(super) fn silent_milliseconds(&self) -> u64 {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = seen.silent + seen.lost.map(|lost| lost.elapsed()).unwrap_or_default();
        u64::try_from(silent.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// True once an endpoint takes a connection from here, within this time.
pub(super) async fn answers_within(endpoint: &str, most: Duration) -> bool {
    let until = Instant::now() + most;
    loop {
        if answers(endpoint).await {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        sleep(PAUSE).await;
    }
}

async fn answers(endpoint: &str) -> bool {
    matches!(timeout(PATIENCE, TcpStream::connect(endpoint)).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_endpoint_that_takes_connections_is_probed_and_any_other_is_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let endpoint = listener.local_addr().expect("it has an address").to_string();
        let probe = Probe::of(&endpoint).await.expect("it answers");
        assert!(probe.is_answered());
        assert_eq!(probe.silent_milliseconds(), 0);
        drop((probe, listener));
        assert!(Probe::of(&endpoint).await.is_none());
    }

    #[tokio::test]
    async fn an_endpoint_is_tried_until_it_answers_or_the_time_is_over() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let endpoint = listener.local_addr().expect("it has an address").to_string();
        assert!(answers_within(&endpoint, Duration::ZERO).await);
        drop(listener);
        assert!(!answers_within(&endpoint, Duration::ZERO).await);
        let late = async {
            sleep(PAUSE / 2).await;
            TcpListener::bind(&endpoint).await.expect("the port is free again")
        };
        let (answered, _listener) = tokio::join!(answers_within(&endpoint, 20 * PAUSE), late);
        assert!(answered);
    }
}
