//! A stream of text that may be closed at any moment without harm to the run.

use std::fmt;
use std::io::{self, ErrorKind, Write};

use serde::Serialize;

use crate::view::{Carried, json_line, json_pretty, without_commands};

/// A stream whose first failed write is kept, and after that nothing more is written.
///
/// A reader that closes its end (`provision plan | head`) must neither kill a run nor make it panic.
pub struct Sink {
    stream: Box<dyn Write + Send>,
    failed: Option<io::Error>,
    /// True if the last thing written was no line break.
    within_line: bool,
    carried: Carried,
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
        Self { stream: Box::new(stream), failed: None, within_line: false, carried: Carried::default() }
    }

    /// The stream with these options in every command of the program that is written to it: the next command needs them as well.
    #[must_use]
    pub fn carrying(self, carried: Carried) -> Self {
        Self { carried, ..self }
    }

    /// Puts these options into every command that is written from now on.
    pub fn carry(&mut self, carried: Carried) {
        self.carried = carried;
    }

    /// Writes text for people, which must be harmless already, and flushes.
    pub fn write(&mut self, text: &str) {
        let text = self.carried.on(text);
        self.as_it_is(&text);
    }

    /// Writes a document as indented JSON.
    pub fn json<T: Serialize>(&mut self, document: &T) {
        let text = self.said(document, json_pretty, json_pretty);
        self.as_it_is(&format!("{text}\n"));
    }

    /// Writes a document as one line of JSON.
    pub fn json_line<T: Serialize>(&mut self, document: &T) {
        let text = self.said(document, json_line, json_line);
        self.as_it_is(&format!("{text}\n"));
    }

    /// A document as text. Its members keep their order where there are no options to add.
    fn said<T: Serialize>(
        &self,
        document: &T,
        text: impl Fn(&T) -> String,
        of_value: impl Fn(&serde_json::Value) -> String,
    ) -> String {
        let plain = serde_json::to_value(document).ok().filter(|_| !self.carried.0.is_empty());
        let carrying = plain.clone().map(|plain| self.carried.on_document(plain));
        match carrying.filter(|carrying| plain.as_ref() != Some(carrying)) {
            Some(carrying) => of_value(&carrying),
            None => text(document),
        }
    }

    /// Writes what programs read, such as a script, byte by byte. What no line may say is escaped here, since here alone it is
    /// known where lines begin: commands to a runner of continuous integration.
    pub fn as_it_is(&mut self, text: &str) {
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

    /// Fails if something was not written that a reader wanted to read.
    ///
    /// # Errors
    /// The error of the stream, unless the reader only closed its end.
    pub fn finish(self) -> io::Result<()> {
        match self.failed {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    /// Fails if something was not written to a reader who was there to the end.
    ///
    /// # Errors
    /// The error of the stream.
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
    fn every_command_that_is_written_has_the_options_that_were_typed_and_no_script_does() {
        use crate::view::{CarriedOption, CarriedTo};
        let written = Shared::default();
        let config = CarriedOption {
            names: &["-c", "--config"],
            value: Some("my.yaml".to_owned()),
            to: CarriedTo::Every,
        };
        let mut sink = Sink::new(written.clone()).carrying(Carried(vec![config]));
        sink.line("Not recorded: it is going; to let go of it: provision state forget a.b");
        sink.json_line(&serde_json::json!({ "hint": "provision plan" }));
        sink.as_it_is("complete provision plan\n");
        assert_eq!(
            String::from_utf8_lossy(&written.0.lock().expect("no test panics with it")),
            "Not recorded: it is going; to let go of it: provision state forget a.b -c my.yaml\n\
             {\"hint\":\"provision plan -c my.yaml\"}\ncomplete provision plan\n"
        );
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
