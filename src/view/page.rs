//! Puts lines of text together, no wider than the style allows.

use unicode_width::UnicodeWidthStr;

use super::commands::pieces;
use super::harmless::harmless;
use super::style::{Ink, PAINT, Style};

/// Text that grows line by line.
#[derive(Debug)]
pub struct Page<'a> {
    style: &'a Style,
    text: String,
}

impl<'a> Page<'a> {
    /// An empty page.
    pub fn new(style: &'a Style) -> Self {
        Self { style, text: String::new() }
    }

    /// Adds one line as it is. `line` must be harmless already.
    pub fn line(&mut self, indent: usize, line: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Adds pieces, separated by spaces, on as many lines as they need; lines after the first are indented by `hang`.
    ///
    /// A piece is broken only where it is wider than a whole line, between its words, and a command never. A line that would begin
    /// no further left than where the piece stands is not begun. Pieces must be harmless already, and may be painted.
    pub fn fill(&mut self, indent: usize, hang: usize, pieces: impl IntoIterator<Item = String>) {
        let mut line = String::new();
        let mut column = indent;
        let mut margin = indent;
        let room = self.style.width.saturating_sub(hang);
        for piece in pieces {
            let at = if line.is_empty() { margin } else { column + 1 };
            let fits = at + visible_width(&piece) <= self.style.width;
            for part in if fits { vec![piece] } else { broken(piece, room) } {
                let width = visible_width(&part);
                if line.is_empty() {
                    column = margin + width;
                } else if column + 1 + width > self.style.width
                    && column + 1 > hang
                    && !commands_a_runner(&part)
                {
                    self.line(margin, &line);
                    line.clear();
                    margin = hang;
                    column = margin + width;
                } else {
                    line.push(' ');
                    column += 1 + width;
                }
                line.push_str(&part);
            }
        }
        if !line.is_empty() {
            self.line(margin, &line);
        }
    }

    /// Adds an empty line, but never at the top nor after another.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// The style that the page is written in.
    pub fn style(&self) -> &'a Style {
        self.style
    }

    /// The finished text. Ends with a line break, unless nothing was written.
    pub fn finish(self) -> String {
        self.text
    }
}

/// A piece that is wider than the room for it, in its words, of which none is brackets alone; otherwise as it is.
fn broken(piece: String, room: usize) -> Vec<String> {
    // Spaces that stand together are part of a value.
    if visible_width(&piece) <= room || !piece.contains(' ') || piece.contains("  ") {
        return vec![piece];
    }
    let fits = |name: &str, value: &str| visible_width(name) + 1 + visible_width(value) <= room;
    let is_named = |text: &str| text.chars().any(char::is_alphanumeric);
    // A command is none with its colour before it.
    let (before, text, after) = colours(&piece);
    let mut words: Vec<String> = Vec::new();
    for word in pieces(text) {
        match words.last_mut() {
            // Brackets close what is before them, and open what they follow; a name stands beside its value.
            Some(last)
                if !is_named(&word.text)
                    || !is_named(last)
                    || last.ends_with(':') && fits(last, &word.text) =>
            {
                last.push(' ');
                last.push_str(&word.text);
            }
            _ => words.push(word.text),
        }
    }
    if let Some(first) = words.first_mut() {
        first.insert_str(0, before);
    }
    if let Some(last) = words.last_mut() {
        last.push_str(after);
    }
    words
}

/// The changes of colour that a piece begins and ends with, and its text between them.
fn colours(piece: &str) -> (&str, &str, &str) {
    let mut start = 0;
    while let Some(end) = piece[start..].strip_prefix(PAINT).and_then(|rest| rest.find('m')) {
        start += PAINT.len() + end + 1;
    }
    let (before, rest) = piece.split_at(start);
    let mut end = rest.len();
    while let Some(at) = rest[..end].rfind(PAINT).filter(|at| rest[*at..end].find('m') == Some(end - at - 1))
    {
        end = at;
    }
    let (text, after) = rest.split_at(end);
    (before, text, after)
}

/// The words of a text from outside, made harmless; a command is one piece.
pub fn words(text: &str) -> Vec<String> {
    pieces(&harmless(text)).into_iter().map(|piece| piece.text).collect()
}

/// The words of a text from outside, made harmless and painted.
pub(super) fn painted(style: &Style, ink: Ink, text: &str) -> Vec<String> {
    words(text).iter().map(|word| style.paint(ink, word)).collect()
}

/// The columns that a text takes on a terminal; colours take none.
pub fn visible_width(text: &str) -> usize {
    anstream::adapter::strip_str(text).map(UnicodeWidthStr::width).sum()
}

/// True if a line that starts with this word would be a command to a runner of continuous integration, and could be printed only
/// escaped: within a line it may stand as it is.
pub(super) fn commands_a_runner(word: &str) -> bool {
    word.starts_with("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(style: Style, pieces: &[&str]) -> String {
        let mut page = Page::new(&style);
        page.fill(2, 4, pieces.iter().map(|piece| (*piece).to_owned()));
        page.finish()
    }

    #[test]
    fn lines_break_between_pieces_and_never_inside_them() {
        let style = Style { color: false, width: 12 };
        assert_eq!(
            fill(style, &["one", "two", "three", "fourteenletters", "x"]),
            concat!("  one two\n", "    three\n", "    fourteenletters\n", "    x\n",)
        );
        assert_eq!(fill(style, &[]), "");
    }

    #[test]
    fn a_piece_that_is_wider_than_a_line_is_broken_between_its_words_and_a_command_never() {
        let style = Style { color: false, width: 24 };
        for (pieces, expected) in [
            (
                &["rules:", "{ one: { days: 7, other_days: 30 } }"][..],
                "  rules: { one: {\n    days: 7,\n    other_days: 30 } }\n",
            ),
            (&["(waits for the window, then reboots)"], "  (waits for the window,\n    then reboots)\n"),
            (&["do", "provision state forget a.b-c-d"], "  do\n    provision state forget a.b-c-d\n"),
            (&["+", "a-word-that-is-wider-than-the-line"], "  + a-word-that-is-wider-than-the-line\n"),
        ] {
            assert_eq!(fill(style, pieces), expected);
        }
    }

    #[test]
    fn a_command_is_not_broken_in_colours_either() {
        let style = Style { color: true, width: 24 };
        let command = style.paint(Ink::Warning, "aws efs delete-file-system --file-system-id fs-1");
        assert_eq!(fill(style, &["do", &command]), format!("  do\n    {command}\n"));
        let words = style.paint(Ink::Warning, "(waits for the window, then reboots)");
        let broken = fill(style, &[&words]);
        let plain = anstream::adapter::strip_str(&broken).to_string();
        assert_eq!(plain, "  (waits for the window,\n    then reboots)\n");
    }

    #[test]
    fn colours_take_no_room_and_wide_letters_take_two_columns() {
        let style = Style { color: true, width: 9 };
        let painted = style.paint(Ink::Error, "abc");
        assert_eq!(fill(style, &[&painted, "def"]), format!("  {painted} def\n"));
        assert_eq!(fill(style, &["漢字", "ab"]), "  漢字 ab\n");
        assert_eq!(fill(style, &["漢字", "abc"]), "  漢字\n    abc\n");
    }

    #[test]
    fn no_line_starts_with_a_command_to_a_runner() {
        let style = Style { color: false, width: 10 };
        assert_eq!(fill(style, &["message", "::error::x", "y"]), "  message ::error::x\n    y\n");
    }
}
