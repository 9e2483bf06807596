//! The errors of a command line, fit to be shown, and with what to type instead.

use std::ffi::OsString;

use clap::builder::Styles;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};

use crate::stack::shown;
use crate::view::{harmless, is_harmful};

use super::{Cli, command_line, examples};

/// Help, the version, or an error, as they are printed.
pub fn printed(message: &clap::Error) -> String {
    examples::printed(&message.render().ansi().to_string())
}

/// True if a command line asks for JSON, as far as it can be read.
pub fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

/// The ending of clap's messages.
const FOOTER: &str = "For more information, try";
/// A longer argument is cut short where it is repeated, in bytes.
const LONGEST: usize = 200;

/// The whole text of an error, with colours that a stream can take away; `None` for help and the like, which only
/// repeat what the program itself says.
pub fn explanation(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let help = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if !error.use_stderr() || error.kind() == help {
        return None;
    }
    let words: Vec<String> =
        arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let values = values(&words);
    // Colours could not be told from what a hostile argument contains: such a line is read again without them.
    let text = if values.iter().any(|value| is_unfit(value)) {
        plain(arguments, &values).unwrap_or_default()
    } else {
        error.render().ansi().to_string()
    };
    let hints = hints(error, arguments, &words);
    if hints.is_empty() {
        return Some(text);
    }
    let body: Vec<&str> = text.lines().filter(|line| !line.starts_with(FOOTER)).collect();
    let hints: String = hints.iter().map(|hint| format!("hint: {hint}\n")).collect();
    Some(format!("{}\n\n{hints}", body.join("\n").trim_end()))
}

/// Everything that an error may repeat: words, the values of options, and what the environment says.
fn values(words: &[String]) -> Vec<String> {
    let program = Cli::command();
    let variables = program.get_arguments().filter_map(|argument| std::env::var_os(argument.get_env()?));
    let values = words.iter().filter_map(|word| Some(word.split_once('=')?.1.to_owned()));
    let variables = variables.map(|value| value.to_string_lossy().into_owned());
    values.chain(words.iter().cloned()).chain(variables).collect()
}

/// True if a value may not be shown as it is.
fn is_unfit(value: &str) -> bool {
    value.len() > LONGEST || value.contains(is_harmful)
}

/// The error without colours, harmless, and with long values cut short.
fn plain(arguments: &[OsString], values: &[String]) -> Option<String> {
    let uncoloured = command_line().styles(Styles::plain());
    let said = uncoloured.try_get_matches_from(arguments).err()?.render().ansi().to_string();
    let unfit = values.iter().filter(|value| is_unfit(value));
    let short = unfit.fold(said, |text, value| text.replace(value.as_str(), &shown(value)));
    Some(short.lines().map(|line| format!("{}\n", harmless(line))).collect())
}

/// The hints on what to type instead, where clap does not say it.
fn hints(error: &clap::Error, arguments: &[OsString], words: &[String]) -> Vec<String> {
    let mut program = Cli::command();
    program.build();
    let command =
        words.iter().fold(&program, |command, word| command.find_subcommand(word).unwrap_or(command));
    let mut hints = not_utf_8(error, command, arguments);
    match error.kind() {
        ErrorKind::ArgumentConflict => {
            let twice = error.get(ContextKind::InvalidArg) == error.get(ContextKind::PriorArg);
            hints.push(if twice { "write it once" } else { "leave one of the two out" }.to_owned());
        }
        ErrorKind::InvalidSubcommand
            if hints.is_empty() && error.get(ContextKind::SuggestedSubcommand).is_none() =>
        {
            hints.push(format!("there are: {}", names(command.get_subcommands())));
        }
        ErrorKind::MissingRequiredArgument => hints.extend(choices(command)),
        ErrorKind::UnknownArgument => hints.extend(meant(error, &program, words)),
        _ => {}
    }
    hints.extend(variable(error, command, words));
    hints
}

fn names<'a>(commands: impl Iterator<Item = &'a Command>) -> String {
    commands.map(Command::get_name).collect::<Vec<_>>().join(", ")
}

/// The values of an argument that has only some.
fn choices(command: &Command) -> Option<String> {
    let argument = command.get_positionals().find(|argument| !argument.get_possible_values().is_empty())?;
    let values: Vec<_> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    Some(format!("write one of: {}", values.join(", ")))
}

/// An option as other programs write it, or of another command.
fn meant(error: &clap::Error, program: &Command, words: &[String]) -> Option<String> {
    if error.get(ContextKind::SuggestedArg).is_some() {
        return None;
    }
    let has = |command: &Command, name: &str| command.get_arguments().any(|one| one.get_long() == Some(name));
    let of = |name: &str| program.get_subcommands().filter(|command| has(command, name)).collect::<Vec<_>>();
    let name = |word: &str| word.split('=').next().unwrap_or_default().to_owned();
    let single = words.iter().filter_map(|word| word.strip_prefix('-').filter(|rest| !rest.starts_with('-')));
    if let Some(option) = single.map(name).find(|option| option.len() > 1 && !of(option).is_empty()) {
        return Some(format!("options have two hyphens: --{option}"));
    }
    let unknown = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(unknown)) => name(unknown.strip_prefix("--")?),
        _ => return None,
    };
    match of(&unknown) {
        commands if commands.is_empty() => None,
        commands => Some(format!("--{unknown} is an option of: {}", names(commands.into_iter()))),
    }
}

/// The source of bytes that are no text, if that is what is wrong: a path may be any bytes.
fn not_utf_8(error: &clap::Error, command: &Command, arguments: &[OsString]) -> Vec<String> {
    if error.kind() != ErrorKind::InvalidUtf8 && !error.render().to_string().contains('\u{fffd}') {
        return Vec::new();
    }
    let option =
        |word: &OsString| word.to_str().filter(|word| word.starts_with('-')).map(|word| format!("{word} "));
    let words = arguments.windows(2).filter(|pair| pair[1].to_str().is_none()).map(|pair| {
        let word = format!("{}{}", option(&pair[0]).unwrap_or_default(), pair[1].to_string_lossy());
        format!("type `{}` again: it is not UTF-8", shown(&word))
    });
    let variables = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    let variables = variables
        .filter(|name| std::env::var_os(name).is_some_and(|value| value.to_str().is_none()))
        .map(|name| format!("set {name} again: it is not UTF-8"));
    words.chain(variables).collect()
}

/// The variable that a value came from, if it is on no command line.
fn variable(error: &clap::Error, command: &Command, words: &[String]) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let long = argument.strip_prefix("--")?.split(' ').next()?;
    let option = command.get_arguments().find(|one| one.get_long() == Some(long))?;
    let name = option.get_env()?.to_str()?;
    let written = words.iter().any(|word| {
        let short = option.get_short().is_some_and(|short| word.starts_with(&format!("-{short}")));
        short || word.strip_prefix("--").is_some_and(|word| word.split('=').next() == Some(long))
    });
    (!written && std::env::var_os(name).is_some())
        .then(|| format!("the value comes from the environment variable {name}"))
}
