//! Makes text from outside safe to print: what would steer a terminal or hide from a reader is shown escaped.

use std::borrow::Cow;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// The text with every harmful character written as an escape: `\n`, `\u{1b}`, `\u{202e}`.
///
/// Every string that comes from AWS, the environment or a file goes through here before it is printed.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_harmful(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// True if a character steers a terminal, reorders what is read, or cannot be seen at all.
///
/// Controls (C0, DEL, C1), line and paragraph separators, the marks around annotations of a line, and what Unicode lists as
/// default-ignorable, the bidirectional characters among them.
pub fn is_harmful(character: char) -> bool {
    // Nearly all text is ASCII, and asks for no table.
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// The text with every command to a runner of continuous integration shown escaped: such a runner reads what programs
/// print, and text from outside must not be able to set its variables, to hide its log or to forge its marks.
///
/// `::name` counts at the start of a line, with or without space before it, and `##[name]` anywhere (`ActionCommand` of GitHub's
/// runner); `##vso[name]` and its like are those of others. `starts_line` says if the text stands at the start of a line.
pub fn without_commands(text: &str, starts_line: bool) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let rest = line.trim_start();
        let commands = rest.strip_prefix("::").is_some_and(|name| name.starts_with(char::is_alphabetic));
        let rest = if commands && (index > 0 || starts_line) {
            safe.push_str(&line[..line.len() - rest.len()]);
            safe.push_str("\\u{3a}");
            &rest[1..]
        } else {
            line
        };
        for (at, character) in rest.char_indices() {
            match opens_command(&rest[at..]) && rest[..at].ends_with('#') {
                true => safe.push_str("\\u{23}"),
                false => safe.push(character),
            }
        }
    }
    Cow::Owned(safe)
}

/// True if the text is a hash, letters and an opening bracket: with one more hash before it, a command to a runner.
pub(super) fn opens_command(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|name| name.trim_start_matches(|letter: char| letter.is_alphabetic()).starts_with('['))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_steers_a_terminal_or_hides_is_shown_escaped() {
        for (text, expected) in [
            ("plain text, ünïcödé, 漢字", "plain text, ünïcödé, 漢字"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("two\nlines\r\n\tand a tab", "two\\nlines\\r\\n\\tand a tab"),
            ("del\u{7f} csi\u{9b}31m", "del\\u{7f} csi\\u{9b}31m"),
            ("nab\u{202e}gnp.exe", "nab\\u{202e}gnp.exe"),
            ("iso\u{2066}late\u{2069}", "iso\\u{2066}late\\u{2069}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("line\u{2028}separator", "line\\u{2028}separator"),
            ("soft\u{ad}hyphen", "soft\\u{ad}hyphen"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("filler\u{3164}", "filler\\u{3164}"),
        ] {
            assert_eq!(harmless(text), expected);
        }
    }

    #[test]
    fn a_command_to_a_runner_is_shown_escaped() {
        for (text, expected) in [
            ("::error file=a::b", "\\u{3a}:error file=a::b"),
            ("a\n  ::add-mask::b\n", "a\n  \\u{3a}:add-mask::b\n"),
            ("\u{a0}::group::b", "\u{a0}\\u{3a}:group::b"),
            ("a ##[group]b ##[endgroup]", "a #\\u{23}[group]b #\\u{23}[endgroup]"),
            ("##vso[task.setvariable variable=a]b", "#\\u{23}vso[task.setvariable variable=a]b"),
            ("###[error]", "##\\u{23}[error]"),
            ("from ::/0 and a::b, ::/0", "from ::/0 and a::b, ::/0"),
            ("::/0", "::/0"),
            ("## [a], #[b], # c", "## [a], #[b], # c"),
        ] {
            assert_eq!(without_commands(text, true), expected);
        }
        assert_eq!(without_commands("::error::a\n::error::b", false), "::error::a\n\\u{3a}:error::b");
    }

    #[test]
    fn harmless_text_is_not_copied() {
        assert!(matches!(without_commands("sg-0123 tcp # 22", true), Cow::Borrowed(_)));
        assert!(matches!(harmless("sg-0123"), Cow::Borrowed(_)));
    }

    /// Ordinary text with the characters that matter mixed in far more often than chance would.
    fn hostile_text() -> impl Strategy<Value = String> {
        let hostile = prop_oneof![
            prop::char::range('\0', '\u{1f}'),
            prop::char::range('\u{7f}', '\u{9f}'),
            prop::char::range('\u{2000}', '\u{206f}'),
            prop::char::range('\u{e0000}', '\u{e01ef}'),
        ];
        prop::collection::vec(prop_oneof![hostile, any::<char>()], 0..40)
            .prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_harmful_survives_and_nothing_else_changes(text in hostile_text()) {
            let safe = harmless(&text);
            prop_assert!(!safe.contains(is_harmful));
            let kept: String = text.chars().filter(|character| !is_harmful(*character)).collect();
            let mut rest = safe.chars();
            prop_assert!(kept.chars().all(|wanted| rest.any(|found| found == wanted)));
        }
    }
}
