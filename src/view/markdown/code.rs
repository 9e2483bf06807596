//! Code in Markdown: the only place where text from outside may stand.
//!
//! Inside code no one is mentioned, and nothing is linked, drawn or run, in any dialect; escapes promise less: a code host looks
//! for `@names` and `#1` after they have been undone.

use super::super::harmless::harmless;
use super::super::value::string;

/// A name or a value inside a line or a table.
///
/// A pipe would end the cell of a table, and how to prevent that differs between dialects, so it is shown escaped.
pub(super) fn span(text: &str) -> String {
    let text = string(text).replace('|', "\\u{7c}");
    let fence = "`".repeat(longest_run(&text) + 1);
    format!("{fence}{text}{fence}")
}

/// A command in a sentence, to be copied as it stands.
pub(super) fn command(text: &str) -> String {
    let text = harmless(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    format!("{fence}{text}{fence}")
}

/// A name or a value inside HTML.
pub(super) fn html(text: &str) -> String {
    let mut safe = String::from("<code>");
    for character in string(text).chars() {
        match character {
            plain if plain.is_alphanumeric() || " -_./".contains(plain) => safe.push(plain),
            other => safe += &format!("&#{};", u32::from(other)),
        }
    }
    safe + "</code>"
}

/// Lines as a block of their own, coloured by their first character: `+`, `-`, `!` (changed), `#` (beside the point).
#[derive(Debug, Default)]
pub(super) struct Block {
    text: String,
    /// The longest run of backticks in the text: the fence must be longer.
    ticks: usize,
}

impl Block {
    /// A block of these lines.
    pub fn of(lines: &[String]) -> Self {
        let mut block = Self::default();
        for line in lines {
            let line = harmless(line.trim_end());
            block.ticks = block.ticks.max(longest_run(&line));
            block.text += &line;
            block.text.push('\n');
        }
        block
    }

    /// Adds the lines of another block, if both together are no longer than that.
    pub fn extend(&mut self, other: &Self, longest: usize) -> bool {
        let ticks = self.ticks.max(other.ticks);
        let fits = self.text.len() + other.text.len() + 2 * fence(ticks).len() + "diff\n\n".len() <= longest;
        if fits {
            self.text += &other.text;
            self.ticks = ticks;
        }
        fits
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The block in its fences.
    pub fn fenced(&self) -> String {
        let fence = fence(self.ticks);
        format!("{fence}diff\n{}{fence}\n", self.text)
    }
}

fn fence(ticks: usize) -> String {
    "`".repeat((ticks + 1).max(3))
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_stands_in_code_can_end_it() {
        for (text, expected) in [
            ("gitlab", "`gitlab`"),
            ("a`b", "``\"a`b\"``"),
            ("```", "````\"```\"````"),
            ("a|b\\|c", "`\"a\\u{7c}b\\\\\\u{7c}c\"`"),
            ("", "`\"\"`"),
            ("two\nlines", "`\"two\\nlines\"`"),
        ] {
            assert_eq!(span(text), expected);
        }
        assert_eq!(html("a</code><b>@x"), "<code>&#34;a&#60;/code&#62;&#60;b&#62;&#64;x&#34;</code>");
        let mut block = Block::of(&["+ x".to_owned()]);
        assert_eq!(block.fenced(), "```diff\n+ x\n```\n");
        let other = Block::of(&["````".to_owned()]);
        let length = "`````diff\n+ x\n````\n`````\n".len();
        assert!(!block.extend(&other, length - 1) && block.extend(&other, length));
        assert_eq!(block.fenced(), "`````diff\n+ x\n````\n`````\n");
    }
}
