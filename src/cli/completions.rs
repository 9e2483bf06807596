//! `provision completions`: a shell asks the program itself what could stand next: commands, options, and the names of this stack.
//!
//! Names come from the stack file and the state of the current folder, or from those that the line names. Only files are read: a state in a
//! bucket is not asked, and no mistake in a file is told of.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use clap::Command;
use clap_complete::env::Shells;
use clap_complete::{ArgValueCandidates, CompleteEnv, CompletionCandidate, Shell};
use futures_util::FutureExt;

use crate::aws::recovery::DATABASE;
use crate::engine::state::State;
use crate::gitlab::secrets::recipes;
use crate::gitlab::{Description, files};
use crate::stack::outputs::outputs_of;
use crate::stack::{Sections, Stack};
use crate::view::failure::{Failure, FailureKind};

use super::opening::{in_file, state_at};
use super::options::StateAt;
use super::screen::Screen;
use super::stack_file::{Purpose, choose};
use super::{Exit, command_line, parse};

/// The variable by which the script of a shell asks.
const ASKED: &str = "COMPLETE";

/// Prints the script that makes a shell ask.
pub(super) fn run(shell: Shell, screen: &mut Screen) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let name = shell.to_string();
    let shells = Shells::builtins();
    let written = match shells.completer(&name) {
        Some(shell) => shell.write_registration(ASKED, "provision", "provision", "provision", &mut script),
        None => {
            return Err(Failure::message(FailureKind::Usage, format!("there are no completions for {name}")));
        }
    };
    written.map_err(Failure::failed)?;
    screen.out.as_it_is(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

/// Answers a shell that asks what could stand next. True if one did.
///
/// # Errors
/// The shell is none that is known, or standard output cannot be written.
pub fn answered(arguments: &[OsString], folder: Option<&Path>) -> Result<bool, clap::Error> {
    let program = || completed(command_line(), "");
    CompleteEnv::with_factory(program).var(ASKED).try_complete(arguments.iter().cloned(), folder)
}

/// The names that can stand for a value.
type Names = fn(&Known) -> BTreeSet<String>;

/// The values that have candidates: the command (`""` for each), the name of the value in its help, and the names.
const VALUES: &[(&str, &str, Names)] = &[
    ("", "ADDRESS", addresses),
    ("", "ADDRESS|NAME", addresses_and_names),
    ("move", "FROM", addresses_and_names),
    ("", "DATABASE", databases),
    ("output", "NAME", outputs),
    ("render", "TARGET", targets),
    ("secret", "NAME", secrets),
];

/// The command with the candidates of its values, and so its subcommands.
fn completed(command: Command, name: &str) -> Command {
    let command = command.mut_args(|argument| {
        let value = argument.get_value_names().and_then(|names| names.first()).map(|name| name.to_string());
        let row = VALUES
            .iter()
            .find(|(of, named, _)| (of.is_empty() || *of == name) && value.as_deref() == Some(named));
        match row {
            Some((_, _, names)) => argument.add(ArgValueCandidates::new(|| candidates(*names))),
            None => argument,
        }
    });
    command.mut_subcommands(|inner| {
        let name = inner.get_name().to_owned();
        completed(inner, &name)
    })
}

fn candidates(names: Names) -> Vec<CompletionCandidate> {
    let known = Known::of_line(std::env::args_os());
    let names = known.map(|known| names(&known)).unwrap_or_default();
    names.into_iter().filter(|name| is_plain(name)).map(CompletionCandidate::new).collect()
}

/// True for a name that means nothing to a shell: it stands on the line as it is.
fn is_plain(name: &str) -> bool {
    name.chars().all(|character| character.is_ascii_alphanumeric() || "._/:@+-".contains(character))
}

/// The stack and the state that a line is about.
struct Known {
    stack: Stack,
    state: Option<State>,
}

/// The options of a line that say which stack and which state are meant.
const MEANT: [&str; 4] = ["-c", "--config", "--state", "--reference"];

impl Known {
    /// Reads the files that are meant; nothing where one cannot be read.
    fn of_line(arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let words = arguments.skip_while(|word| word != "--").skip(1);
        let mut line: Vec<OsString> = vec!["provision".into(), "status".into()];
        let mut is_value = false;
        for word in words {
            let text = word.to_string_lossy();
            let name = text.split_once('=').map_or(&*text, |(name, _)| name);
            if is_value || MEANT.contains(&name) {
                is_value = !is_value && text == name && name != "--reference";
                line.push(word);
            }
        }
        let global = parse(&line).ok()?.global;
        let chosen = choose(&global, Purpose::Show, Sections::Any).ok()?;
        let state = match state_at(&global, &chosen) {
            StateAt::File(path) => in_file(path).read().now_or_never()?.ok()?,
            StateAt::S3(_) => None,
        };
        Some(Self { stack: chosen.stack, state })
    }
}

fn addresses(known: &Known) -> BTreeSet<String> {
    let recorded = known.state.iter().flat_map(|state| &state.resources);
    let ours = recorded.filter(|(_, record)| !record.watched).map(|(address, _)| address.to_string());
    ours.chain(known.stack.main_objects().into_iter().map(|(address, _)| address.to_string())).collect()
}

fn addresses_and_names(known: &Known) -> BTreeSet<String> {
    let recorded = known.state.iter().flat_map(|state| state.resources.keys());
    recorded.flat_map(|address| [address.to_string(), address.name().to_owned()]).collect()
}

fn databases(known: &Known) -> BTreeSet<String> {
    let recorded = known.state.iter().flat_map(|state| state.resources.keys());
    recorded.filter(|address| address.kind() == DATABASE).map(|address| address.title()).collect()
}

fn outputs(known: &Known) -> BTreeSet<String> {
    let state = known.state.iter();
    state
        .flat_map(|state| outputs_of(state, &known.stack).texts().keys().cloned().collect::<Vec<_>>())
        .collect()
}

fn targets(known: &Known) -> BTreeSet<String> {
    known.described(|description| files(description).iter().map(|file| file.name()).collect())
}

fn secrets(known: &Known) -> BTreeSet<String> {
    known.described(|description| recipes(description).into_iter().map(|recipe| recipe.name).collect())
}

impl Known {
    fn described(&self, names: impl FnOnce(&Description<'_>) -> BTreeSet<String>) -> BTreeSet<String> {
        self.state.as_ref().map(|state| names(&Description::new(&self.stack, state))).unwrap_or_default()
    }
}
