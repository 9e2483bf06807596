//! The log on standard error, for `-v` and `-vv`.
//! Knows nothing of what is logged, but lets through nothing that could hold a secret.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use crate::render::is_harmful;

/// Starts the log, if it is wanted: once for what `provision` does, twice for how.
///
/// The levels are fixed: below `info`, the AWS SDK and its HTTP client log requests, and a request may hold a password.
/// That is why no environment variable can ask for more.
pub fn start(verbosity: u8) {
    let Some(filter) = filter(verbosity) else { return };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        // Colours could not be told from what a hostile message contains.
        .with_ansi(false)
        .with_writer(|| HarmlessLog)
        .log_internal_errors(false)
        .finish();
    // A log that somebody else has started already is theirs to configure.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn filter(verbosity: u8) -> Option<&'static str> {
    match verbosity {
        0 => None,
        1 => Some("warn,provision=info"),
        _ => Some("info,provision=debug"),
    }
}

/// Standard error without anything that steers a terminal.
struct HarmlessLog;

impl Write for HarmlessLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A log that nobody reads any more must not stop the run.
        let _ = io::stderr().write_all(safe(&String::from_utf8_lossy(bytes)).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A record with its line break, and everything else in it harmless.
fn safe(record: &str) -> String {
    let mut safe = String::with_capacity(record.len());
    for character in record.chars() {
        if character != '\n' && is_harmful(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_record_cannot_steer_the_terminal() {
        assert_eq!(safe("INFO a\u{1b}[2J b\u{202e}\n"), "INFO a\\u{1b}[2J b\\u{202e}\n");
    }

    #[test]
    fn no_verbosity_shows_the_requests_of_the_sdk() {
        for verbosity in 0..=u8::MAX {
            let filter = filter(verbosity).unwrap_or("off");
            let others = filter.split(',').next().expect("the first directive is for everybody else");
            assert!(["off", "warn", "info"].contains(&others), "{filter}");
        }
    }
}
