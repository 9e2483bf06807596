//! `provision completions`: what a shell needs to complete commands and options.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::view::failure::Failure;

use super::screen::Screen;
use super::{Cli, Exit};

/// Prints the completions for a shell.
pub(super) fn run(shell: Shell, screen: &mut Screen) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "provision", &mut script);
    screen.out.as_it_is(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
