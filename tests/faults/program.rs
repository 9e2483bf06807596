//! The program as a process: started, asked to stop, suspended, killed, and what it printed.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::proxy::{Ask, Wish};
use crate::world::signal;

/// No run with one fault takes longer; one that does waits for something that does not come.
const LONGEST: Duration = Duration::from_secs(120);

/// A run under way. Its output goes to files: a pipe that no one reads would hold it up.
pub struct Program {
    pub child: Child,
    outside: TempDir,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Absent when it was killed.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    /// The time that it took to end after it was interrupted.
    pub stopping: Option<Duration>,
}

impl Program {
    /// Starts a command.
    pub fn start(mut command: Command) -> Self {
        let outside = TempDir::new().expect("a temporary folder can be made");
        let file = |name: &str| File::create(outside.path().join(name)).expect("a file can be made");
        command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err"));
        Self { child: command.spawn().expect("the program can be run"), outside }
    }

    /// Waits for the end, and grants what the proxy asks for meanwhile.
    pub fn end(mut self, asks: &Receiver<Ask>) -> Ended {
        let started = Instant::now();
        let mut interrupted = None;
        let code = loop {
            if started.elapsed() > LONGEST {
                self.child.kill().expect("the program can be killed");
                panic!("the program hangs");
            }
            match asks.recv_timeout(Duration::from_millis(2)) {
                Ok(Ask { what, granted }) => {
                    match what {
                        Wish::Kill => {
                            self.child.kill().expect("the program can be killed");
                            self.child.wait().expect("the program ends");
                        }
                        Wish::Interrupt => {
                            interrupted = Some(Instant::now());
                            signal(&self.child, "INT");
                        }
                        Wish::Suspend => signal(&self.child, "STOP"),
                        Wish::Resume => signal(&self.child, "CONT"),
                    }
                    let _ = granted.send(());
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if let Some(status) = self.child.try_wait().expect("the program can be asked") {
                break status.code();
            }
        };
        let stopping = interrupted.map(|at| at.elapsed());
        let text = |name: &str| {
            let bytes = std::fs::read(self.outside.path().join(name)).expect("the file is there");
            String::from_utf8(bytes).expect("UTF-8")
        };
        Ended { code, out: text("out"), err: text("err"), stopping }
    }
}
