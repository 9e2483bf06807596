//! The commands in the examples of the help, which stand whole on a line in a terminal of any width.

use clap::Command;

/// A space at which clap breaks no line; it is printed as a space.
const NO_BREAK: char = '\u{a0}';

/// The program with examples that are never broken within a command, in a terminal of this width.
pub(super) fn whole(command: Command, width: usize) -> Command {
    let examples = command.get_after_long_help().map(|text| fitted(&text.ansi().to_string(), width));
    let command = match examples {
        Some(examples) => command.after_long_help(examples),
        None => command,
    };
    command.mut_subcommands(|below| whole(below, width))
}

/// The text as it is printed.
pub(super) fn printed(text: &str) -> String {
    text.replace(NO_BREAK, " ")
}

/// The lines, of which each is broken as it reads best: what is said of a command stands below it, further in than any command.
fn fitted(text: &str, width: usize) -> String {
    text.lines().flat_map(|line| unbroken(line, width)).collect::<Vec<_>>().join("\n")
}

/// A line whose first words are a command keeps it in one piece, up to what is said of it; one of a table keeps its columns.
fn unbroken(line: &str, width: usize) -> Vec<String> {
    let start = line.len() - line.trim_start().len();
    let end = line[start..].find("  ").map_or(line.len(), |end| start + end);
    let (head, said) = (&line[..end], line[end..].trim_start());
    let is_command = ["provision ", "aws "].iter().any(|program| line[start..].starts_with(program));
    let kept = match is_command {
        true => format!("{}{}", &line[..start], line[start..end].replace(' ', &NO_BREAK.to_string())),
        false => head.to_owned(),
    };
    if start == 0 || said.is_empty() || line.chars().count() <= width {
        return vec![format!("{kept}{}", &line[end..])];
    }
    let column = line.len() - said.len();
    let hang = if is_command { start + 4 } else { column };
    let mut lines = if is_command { vec![kept] } else { Vec::new() };
    let mut filled = if is_command { " ".repeat(hang) } else { line[..column].to_owned() };
    let mut is_empty = true;
    for word in said.split(' ') {
        if !is_empty && filled.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut filled, " ".repeat(hang)));
            is_empty = true;
        }
        if !is_empty {
            filled.push(' ');
        }
        filled.push_str(word);
        is_empty = false;
    }
    lines.push(filled);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn a_command_of_an_example_stands_whole_on_a_line_in_a_narrow_terminal() {
        let mut all = 0;
        let mut program = whole(super::super::Cli::command().term_width(40).max_term_width(40), 40);
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

    #[test]
    fn what_is_said_of_a_command_stands_below_it_and_further_in_where_the_line_is_narrow() {
        let text = "Examples:\n  provision destroy     See it first, and read it\n\nExit codes:\n  2    There are changes to make\n\nSentence";
        let narrow = "Examples:\n  provision destroy\n      See it first, and\n      read it\n\nExit codes:\n  2    There are\n       changes to make\n\nSentence";
        assert_eq!(printed(&fitted(text, 23)), narrow);
        assert_eq!(printed(&fitted(text, 80)), text);
    }
}
