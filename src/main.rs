//! The program: reads the command line, has the command carried out, and says how it ended.
//! Knows nothing of any command.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use provision::cli::{self, logging, screen::Screen, usage};
use provision::failure::{Failure, FailureKind};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match cli::parse(&arguments) {
        Ok(cli) => cli,
        Err(message) => return say(&message, &arguments),
    };
    logging::start(cli.global.verbose);
    let mut screen = Screen::of(&cli.global);
    let result = cli::run(cli, &mut screen);
    let Screen { out, mut err, styles, .. } = screen;
    // A result that could not be written was not delivered, whatever the command thinks of itself.
    let delivered = out.finish().map_err(Failure::undelivered);
    match result.and_then(|exit| delivered.map(|()| exit)) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            err.write(&failure.text(&styles.err));
            ExitCode::from(failure.kind().exit_code())
        }
    }
}

/// Prints help, the version, or what is wrong with the command line. Exit code 2 has another meaning here.
fn say(message: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let printed = match usage::explanation(message, arguments) {
        Some(text) => anstream::stderr().write_all(text.as_bytes()),
        None => message.print(),
    };
    let lost = printed.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe);
    if message.use_stderr() || lost {
        ExitCode::from(FailureKind::Usage.exit_code())
    } else {
        ExitCode::SUCCESS
    }
}
