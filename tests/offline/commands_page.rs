//! The page of all commands is what `--help` prints.

use std::fmt::Write;
use std::process::Command;

use provision::view::COMMANDS;

use crate::conformance::documented;

/// The options that each command has; they stand once, with the program itself.
const OF_EVERY_COMMAND: &str = "Options of every command:";

/// Commands that have commands of their own.
const WITH_COMMANDS: [&str; 2] = ["export", "state"];

/// The help on these words.
fn help(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.args(words).arg("--help").env_clear().env("COLUMNS", "100");
    let output = command.output().expect("the program can be run");
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The parts of a help, each with the line that heads it.
fn parts(help: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in help.lines() {
        if line.ends_with(':') && !line.starts_with(' ') {
            parts.push(String::new());
        }
        let part = parts.last_mut().expect("there is one");
        part.push_str(line.trim_end());
        part.push('\n');
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

/// The names below a command, as its help lists them.
fn below(help: &str) -> Vec<String> {
    let list = parts(help).into_iter().find(|part| part.starts_with("Commands:")).unwrap_or_default();
    let name = |line: &str| {
        let name = line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?;
        name.split_whitespace().next().map(str::to_owned)
    };
    list.lines().skip(1).filter_map(name).filter(|name| name != "help").collect()
}

fn page() -> String {
    let mut page = String::from(
        "# Every command\n\nPrinted by `provision COMMAND --help`. The options of every command stand once, at the end.\n",
    );
    let mut all: Vec<Vec<String>> = Vec::new();
    for command in COMMANDS {
        all.push(vec![(*command).to_owned()]);
        if WITH_COMMANDS.contains(command) {
            let names = below(&help(&[command]));
            assert!(!names.is_empty(), "{command} has commands");
            all.extend(names.into_iter().map(|name| vec![(*command).to_owned(), name]));
        }
    }
    for words in &all {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let kept: Vec<String> =
            parts(&help(&words)).into_iter().filter(|part| !part.starts_with(OF_EVERY_COMMAND)).collect();
        write!(page, "\n## `{}`\n\n```text\n{}\n```\n", words.join(" "), kept.join("\n\n"))
            .expect("a string takes everything");
    }
    let global = parts(&help(&[])).into_iter().find(|part| part.starts_with(OF_EVERY_COMMAND));
    let global = global.expect("the program has options of every command");
    write!(page, "\n## Options of every command\n\n```text\n{global}\n```\n")
        .expect("a string takes everything");
    page
}

#[test]
fn the_page_of_all_commands_is_their_help() {
    documented("docs/commands.md", &page());
}
