//! The log on standard error, for `-v` and `-vv`.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use crate::view::{harmless, without_commands};

/// Starts the log, if it is wanted: once for what `provision` does, twice for how.
///
/// The levels are fixed: below `info`, the AWS SDK and its HTTP client log requests, and a request may hold a password.
/// No environment variable can therefore ask for more.
pub fn start(verbosity: u8) {
    let Some(filter) = filter(verbosity) else { return };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        // Colours could not be told from what a hostile message contains.
        .with_ansi(false)
        .with_writer(|| HarmlessLog)
        .log_internal_errors(false)
        .finish();
    // A log that other code has started already is for that code to configure.
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
        // A log that no one reads any more must not stop the run.
        let _ = io::stderr().write_all(safe(&String::from_utf8_lossy(bytes)).as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A record with its line break, and everything else in it harmless: no record can forge another one.
fn safe(record: &str) -> String {
    let (text, end) = match record.strip_suffix('\n') {
        Some(text) => (text, "\n"),
        None => (record, ""),
    };
    format!("{}{end}", without_commands(&harmless(text), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_record_can_neither_steer_the_terminal_nor_forge_another_one() {
        assert_eq!(safe("INFO a\u{1b}[2J b\u{202e}\n"), "INFO a\\u{1b}[2J b\\u{202e}\n");
        assert_eq!(safe("INFO a\nERROR ##[b]\n"), "INFO a\\nERROR #\\u{23}[b]\n");
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
