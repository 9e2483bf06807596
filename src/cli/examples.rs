//! The commands in the examples of the help, which stand whole on a line in a terminal of any width.

use clap::Command;

/// A space at which clap breaks no line; it is printed as a space.
const NO_BREAK: char = '\u{a0}';

/// The program with examples that are never broken within a command.
pub(super) fn whole(command: Command) -> Command {
    let examples = command.get_after_long_help().map(|text| unbroken(&text.ansi().to_string()));
    let command = match examples {
        Some(examples) => command.after_long_help(examples),
        None => command,
    };
    command.mut_subcommands(whole)
}

/// The text as it is printed.
pub(super) fn printed(text: &str) -> String {
    text.replace(NO_BREAK, " ")
}

/// Each line whose first words are a command keeps it in one piece, up to what is said of it.
fn unbroken(text: &str) -> String {
    let line = |line: &str| {
        let start = line.len() - line.trim_start().len();
        let is_command = ["provision ", "aws "].iter().any(|program| line[start..].starts_with(program));
        let end = line[start..].find("  ").map_or(line.len(), |end| start + end);
        match is_command {
            true => {
                let command = line[start..end].replace(' ', &NO_BREAK.to_string());
                format!("{}{command}{}", &line[..start], &line[end..])
            }
            false => line.to_owned(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn a_command_of_an_example_stands_whole_on_a_line_in_a_narrow_terminal() {
        let mut all = 0;
        let mut program = whole(super::super::Cli::command().term_width(40).max_term_width(40));
        program.build();
        for command in program.get_subcommands_mut() {
            let said = command.get_after_long_help().map(|text| text.ansi().to_string()).unwrap_or_default();
            let help = printed(&command.render_long_help().ansi().to_string());
            for line in said.lines().filter(|line| line.contains(NO_BREAK)) {
                let line = line.trim_start();
                let example = printed(line.split("  ").next().unwrap_or_default());
                assert!(
                    help.lines().any(|line| line.contains(&example)),
                    "`{example}` is broken in:\n{help}"
                );
                all += 1;
            }
        }
        assert!(all > 10, "{all} examples");
    }
}
