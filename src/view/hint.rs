//! A hint as lines: each way on its own, sentence first, and each command whole on a line, to be copied.

use super::commands::{Piece, bare, pieces};
use super::harmless::harmless;
use super::page::{Page, commands_a_runner};
use super::style::Ink;

/// A line of a hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// May be broken between these pieces.
    Prose(Vec<String>),
    /// Is never broken.
    Command(String),
}

/// Words after which a command is typed.
const LINKS: [&str; 6] = ["then", "and", "or", "or,", "type", "run"];

/// The lines of a hint, which is text from outside.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let pieces = pieces(&harmless(text));
    let mut lines: Vec<Line> = Vec::new();
    let mut prose: Vec<String> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let next = pieces.get(at + 1).map(|next| next.text.as_str());
        let is_led_to = match prose.last() {
            None => true,
            Some(last) => last.ends_with(':') || LINKS.contains(&last.as_str()),
        };
        let is_end = piece.text.ends_with([',', ';', '.'])
            || next.is_none_or(|next| LINKS.contains(&next) || next.starts_with("then"));
        if piece.is_command && is_led_to && is_end && !piece.text.starts_with(['(', '`']) {
            // Commands that stand below each other are typed one after the other.
            let only_links = matches!(prose.as_slice(), [one] if one == "then:" || one == "then");
            if only_links && matches!(lines.last(), Some(Line::Command(_))) {
                prose.clear();
            }
            flush(&mut lines, &mut prose);
            lines.push(Line::Command(bare(&piece.text).to_owned()));
            continue;
        }
        match piece.text.strip_suffix(';') {
            // A line may not start with what a runner of continuous integration takes for a command.
            Some(last) if !next.is_some_and(commands_a_runner) => {
                prose.push(last.to_owned());
                flush(&mut lines, &mut prose);
            }
            _ => prose.push(piece.text.clone()),
        }
    }
    flush(&mut lines, &mut prose);
    lines
}

fn flush(lines: &mut Vec<Line>, prose: &mut Vec<String>) {
    if !prose.is_empty() {
        lines.push(Line::Prose(std::mem::take(prose)));
    }
}

/// Adds a hint to a page.
pub(crate) fn hint(page: &mut Page<'_>, indent: usize, text: &str) {
    let label = page.style().paint(Ink::Hint, "hint:");
    let lines = lines(text);
    let mut rest = lines.as_slice();
    match rest {
        // A command has a line of its own, also where it is all that there is.
        [Line::Command(_), ..] => page.line(indent, &label),
        [Line::Prose(prose), others @ ..] => {
            page.fill(indent, indent + 2, std::iter::once(label).chain(prose.iter().cloned()));
            rest = others;
        }
        [] => page.line(indent, &label),
    }
    for line in rest {
        match line {
            Line::Prose(prose) => page.fill(indent + 2, indent + 2, prose.iter().cloned()),
            Line::Command(command) => page.line(indent + 4, command),
        }
    }
}

/// Adds a line of sentences to a page. A command that they lead to (`to take it over: provision import …`) has a line of its own.
pub(crate) fn sentence(page: &mut Page<'_>, indent: usize, text: &str) {
    let pieces = pieces(&harmless(text));
    let mut prose: Vec<String> = Vec::new();
    let mut is_first = true;
    let mut flush = |page: &mut Page<'_>, prose: &mut Vec<String>| {
        let first = if is_first { indent } else { indent + 2 };
        page.fill(first, indent + 2, std::mem::take(prose));
        is_first = false;
    };
    for (at, piece) in pieces.iter().enumerate() {
        let is_led_to = prose.last().is_some_and(|last| last.ends_with(':'));
        let is_end = at + 1 == pieces.len() || piece.text.ends_with([',', ';', '.']);
        if piece.is_command && is_led_to && is_end && !piece.text.starts_with(['(', '`']) {
            flush(page, &mut prose);
            page.line(indent + 4, bare(&piece.text));
        } else {
            prose.push(piece.text.clone());
        }
    }
    if !prose.is_empty() {
        flush(page, &mut prose);
    }
}

/// True where a text leads to a command that is to have a line of its own.
pub(crate) fn leads_to_a_command(text: &str) -> bool {
    let pieces = pieces(text);
    let leads = |pair: &[Piece]| pair[1].is_command && pair[0].text.ends_with(':');
    pieces.windows(2).any(leads)
}

/// A hint as plain lines, for what lays text out by itself.
pub(super) fn plain(text: &str) -> Vec<String> {
    let line = |line| match line {
        Line::Prose(prose) => prose.join(" "),
        Line::Command(command) => command,
    };
    lines(text).into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Style;

    fn shown(text: &str) -> String {
        let style = Style { color: false, width: 40 };
        let mut page = Page::new(&style);
        hint(&mut page, 2, text);
        page.finish()
    }

    #[test]
    fn each_way_has_its_sentence_and_below_it_the_command() {
        for (text, expected) in [
            (
                "provision apply --replace aws_db_instance.gitlab-pgsql",
                "  hint:\n      provision apply --replace aws_db_instance.gitlab-pgsql\n",
            ),
            (
                "undo that change; or, to lose the data: provision apply --replace aws_db_instance.gitlab-pgsql",
                "  hint: undo that change\n    or, to lose the data:\n      provision apply --replace aws_db_instance.gitlab-pgsql\n",
            ),
            (
                "write `a: 1` into the stack file, then: provision apply, then: provision state list",
                "  hint: write `a: 1` into the stack\n    file, then:\n      provision apply\n      provision state list\n",
            ),
            (
                "aws kms enable-key --key-id 1, then: aws rds start-db-instance --db-instance-identifier db",
                "  hint:\n      aws kms enable-key --key-id 1\n      aws rds start-db-instance --db-instance-identifier db\n",
            ),
            (
                "provision init writes one for the cluster that it finds; --config names another one",
                "  hint: provision init writes one for\n    the cluster that it finds\n    --config names another one\n",
            ),
            ("did you mean x?", "  hint: did you mean x?\n"),
            ("", "  hint:\n"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_hint_steers_neither_a_terminal_nor_a_runner() {
        let text = shown("do \u{1b}[2Jit; ::error::x; or: provision state show \u{1b}[31mx");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
    }
}
