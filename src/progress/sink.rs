//! Where text goes: a stream that may be closed at any moment without harm to the run.
//! Knows nothing of what is written.

use std::fmt;
use std::io::{self, ErrorKind, Write};

use crate::render::without_commands;

/// A stream whose first failed write is kept, and after that nothing more is written.
///
/// A reader that closes its end (`provision plan | head`) must neither kill a run nor make it panic.
pub struct Sink {
    stream: Box<dyn Write + Send>,
    failed: Option<io::Error>,
    /// Whether the last thing written was no line break.
    within_line: bool,
}

impl Sink {
    /// Results.
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }

    /// Progress, questions and errors.
    pub fn stderr() -> Self {
        Self::new(io::stderr())
    }

    /// Any other stream.
    pub fn new(stream: impl Write + Send + 'static) -> Self {
        Self { stream: Box::new(stream), failed: None, within_line: false }
    }

    /// Writes text, which must be harmless already, and flushes. What no line may say is escaped here, since here
    /// alone it is known where lines begin: commands to a runner of continuous integration.
    pub fn write(&mut self, text: &str) {
        if self.failed.is_some() || text.is_empty() {
            return;
        }
        let safe = without_commands(text, !self.within_line);
        self.within_line = !text.ends_with('\n');
        if let Err(error) = self.stream.write_all(safe.as_bytes()).and_then(|()| self.stream.flush()) {
            self.failed = Some(error);
        }
    }

    /// Writes text and a line break.
    pub fn line(&mut self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    /// Whether everything was written that somebody wanted to read.
    ///
    /// # Errors
    /// What the stream answered, unless the reader only closed its end.
    pub fn finish(self) -> io::Result<()> {
        match self.failed {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    /// Whether everything was written to a reader who was there to the end.
    ///
    /// # Errors
    /// What the stream answered.
    pub fn finish_to_the_end(self) -> io::Result<()> {
        self.failed.map_or(Ok(()), Err)
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("failed", &self.failed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Fails every write, and counts them.
    struct Broken {
        kind: ErrorKind,
        writes: Arc<AtomicUsize>,
    }

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.writes.fetch_add(1, Ordering::Relaxed);
            Err(self.kind.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn finish_after_two_writes(kind: ErrorKind) -> (io::Result<()>, usize) {
        let writes = Arc::new(AtomicUsize::new(0));
        let mut sink = Sink::new(Broken { kind, writes: Arc::clone(&writes) });
        sink.line("one");
        sink.line("two");
        (sink.finish(), writes.load(Ordering::Relaxed))
    }

    #[test]
    fn a_reader_that_went_away_is_no_error_and_is_written_to_no_more() {
        let (result, writes) = finish_after_two_writes(ErrorKind::BrokenPipe);
        assert!(result.is_ok());
        assert_eq!(writes, 1);
    }

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics with it").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_line_is_a_command_to_a_runner_however_it_is_put_together() {
        let written = Shared::default();
        let mut sink = Sink::new(written.clone());
        for part in ["::error::a\n", "b ", "::error::c\n", "", "::error::d", "::error::e\n"] {
            sink.write(part);
        }
        sink.line("::error::f");
        assert_eq!(
            String::from_utf8_lossy(&written.0.lock().expect("no test panics with it")),
            "\\u{3a}:error::a\nb ::error::c\n\\u{3a}:error::d::error::e\n\\u{3a}:error::f\n"
        );
    }

    #[test]
    fn a_reader_that_was_to_hear_the_end_and_went_away_is_an_error() {
        let mut sink = Sink::new(Broken { kind: ErrorKind::BrokenPipe, writes: Arc::default() });
        sink.line("how it ended");
        assert!(sink.finish_to_the_end().is_err());
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let (result, writes) = finish_after_two_writes(ErrorKind::StorageFull);
        assert_eq!(result.expect_err("the disk is full").kind(), ErrorKind::StorageFull);
        assert_eq!(writes, 1);
    }
}
