//! The program: reads the command line, has the command carried out, and says how it ended.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use provision::cli::screen::{Screen, styles, within};
use provision::cli::{self, completions, logging, usage};
use provision::view::failure::{Failure, FailureKind, of_usage};
use provision::view::{Versioned, json_line, without_commands};
use rustix::process::{Resource, Rlimit, setrlimit};

fn main() -> ExitCode {
    leave_no_core();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match completions::answered(&arguments, std::env::current_dir().ok().as_deref()) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => return say(&error, &arguments),
    }
    let cli = match cli::parse(&arguments) {
        Ok(cli) => cli,
        Err(message) => return say(&message, &arguments),
    };
    logging::start(cli.global.verbose);
    let is_json = cli.global.json;
    let mut screen = Screen::of(&cli.global);
    let result = cli::run(cli, &mut screen);
    let Screen { out, mut err, styles, carried, .. } = screen;
    // A result that could not be written was not delivered, even if the command itself succeeded.
    let delivered = out.finish().map_err(Failure::undelivered);
    match result.and_then(|exit| delivered.map(|()| exit)) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            let failure = failure.carrying(&carried);
            match is_json {
                true => failure.document().into_iter().for_each(|told| err.json_line(&Versioned::of(told))),
                false => err.write(&failure.text(&styles.err)),
            }
            ExitCode::from(failure.kind().exit_code())
        }
    }
}

/// Rules out core dumps, which would hold what is in memory: credentials, and passwords on their way to AWS.
fn leave_no_core() {
    // Giving something up cannot fail; if it does all the same, that is no reason not to work.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
    // If a program catches core dumps (systemd-coredump), the limit does not count.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Prints help, the version, or what is wrong with the command line. Exit code 2 has another meaning here.
fn say(message: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let printed = match usage::explanation(message, arguments) {
        Some(text) if usage::wants_json(arguments) => {
            let text = anstream::adapter::strip_str(&text).to_string();
            let line = json_line(&Versioned::of(of_usage(&text)));
            anstream::stderr().write_all(format!("{line}\n").as_bytes())
        }
        Some(text) => {
            let text = within(&text, &styles().err);
            anstream::stderr().write_all(without_commands(&text, true).as_bytes())
        }
        None if message.use_stderr() => anstream::stderr().write_all(usage::printed(message).as_bytes()),
        None => anstream::stdout().write_all(usage::printed(message).as_bytes()),
    };
    let lost = printed.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe);
    if message.use_stderr() || lost {
        ExitCode::from(FailureKind::Usage.exit_code())
    } else {
        ExitCode::SUCCESS
    }
}
