//! A stack file made fit to be shown: no password, no character that a terminal would obey.
//! Knows YAML only by its lines, so that it works on a file that is not YAML.

use std::ops::Range;

/// The text with everything unfit replaced, byte for byte, so that places stay what they were.
pub(super) fn displayable(text: &str, secrets: &[Range<usize>]) -> String {
    let mut hidden: Vec<Range<usize>> = secrets.to_vec();
    hidden.extend(secret_lines(text));
    hidden.sort_by_key(|range| range.start);
    let mut hidden = hidden.into_iter().peekable();
    let mut covered_to = 0;
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        while let Some(range) = hidden.next_if(|range| range.start <= at) {
            covered_to = covered_to.max(range.end);
        }
        let replacement = match character {
            '\n' | '\t' => None,
            '\r' => Some(" "),
            _ if at < covered_to && !character.is_whitespace() => Some("*"),
            _ if is_invisible(character) => Some("?"),
            _ => None,
        };
        match replacement {
            Some(replacement) => shown.push_str(&replacement.repeat(character.len_utf8())),
            None => shown.push(character),
        }
    }
    shown
}

/// True if a character shows nothing by itself and may change how the text around it looks:
/// controls, bidirectional and other format characters (Unicode categories Cc and Cf).
pub(super) fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// True if a key looks as if its value were a password, misspelt or not.
pub(super) fn is_secret_key(key: &str) -> bool {
    let (key, edits) = (key.to_lowercase(), 3);
    // As many letters as one is longer than the other have to be put in.
    let may_be_misspelt = key.chars().count().abs_diff("password".len()) <= edits;
    !matches!(key.as_str(), "password_version" | "secrets" | "tls_secret")
        && (["pass", "pwd", "secret"].iter().any(|part| key.contains(part))
            || may_be_misspelt && strsim::damerau_levenshtein(&key, "password") <= edits)
}

/// True if the text says where a password is, rather than what it is.
pub(super) fn names_a_source(text: &str) -> bool {
    ["managed", "unmanaged"].contains(&text) || text.starts_with("env:") || text.starts_with("file:")
}

/// The text after a key that looks like a password, on its line and on the lines that continue it.
fn secret_lines(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut continues: Option<Continuation> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let indentation = line.len() - line.trim_start().len();
        match continues {
            Some(Continuation::Deeper(than)) if line.trim().is_empty() || indentation > than => {
                found.push(range);
                continue;
            }
            Some(Continuation::Until(quote)) => {
                if line.contains(quote) {
                    continues = None;
                }
                found.push(range);
                continue;
            }
            _ => continues = None,
        }
        let Some(value_at) = secret_value(line) else { continue };
        let value = line[value_at..].trim();
        let bare = value.trim_matches(['"', '\'', ' ', '}', ',']).split(" #").next().unwrap_or_default();
        if names_a_source(bare.trim_end()) {
            continue;
        }
        found.push(range.start + value_at..range.end);
        continues = match value.chars().next() {
            Some(quote @ ('"' | '\'')) if !value[1..].contains(quote) => Some(Continuation::Until(quote)),
            _ => Some(Continuation::Deeper(indentation)),
        };
    }
    found
}

/// Which of the next lines still belong to a value.
#[derive(Clone, Copy)]
enum Continuation {
    Deeper(usize),
    Until(char),
}

/// The place on the line where the value of a password starts: after the colon, or after the word where there is none.
fn secret_value(line: &str) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut at = 0;
    while at < line.len() {
        let word_at = at + line[at..].find(is_word)?;
        let end = line[word_at..].find(|c| !is_word(c)).map_or(line.len(), |length| word_at + length);
        if is_secret_key(&line[word_at..end]) {
            let rest = line[end..].trim_start_matches(['"', '\'', ' ', '\t']);
            let rest = rest.strip_prefix([':', '=']).unwrap_or(rest).trim_start();
            return Some(line.len() - rest.len());
        }
        at = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hidden_however_it_is_written() {
        for text in [
            "password: hunter2",
            "    pasword: hunter2 # mine",
            "{ username: gitlab, \"password\": hunter2, port: 1 }",
            "Password = hunter2",
            "password hunter2",
            "passwrd: &hunter2 x",
            "password: |\n  hunter2\n\n  hunter2\nport: 1",
            "a:\n  password:\n    hunter2\n  port: 1",
            "password: \"abc\nhunter2\nhunter2\"\nport: 1",
            "master_user_password: 'hunter2'",
            "drowssap: hunter2\npsasword: hunter2",
        ] {
            let secrets: Vec<_> = match text.find("drowssap") {
                Some(_) => std::iter::once(10..17).collect(),
                None => Vec::new(),
            };
            let shown = displayable(text, &secrets);
            assert!(!shown.contains("hunter2"), "{shown}");
            assert_eq!(shown.len(), text.len());
            assert_eq!(text.contains("port: 1\n"), shown.contains("port: 1\n"));
        }
    }

    #[test]
    fn what_is_no_password_stays_readable() {
        for text in [
            "password: managed",
            "password: unmanaged",
            "password: \"env:PGPASSWORD\" # from the environment",
            "{ password: file:/run/x }",
            "password_version: 2",
            "username: gitlab\nport: 5432",
        ] {
            assert_eq!(displayable(text, &[]), text);
        }
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_left_and_places_stay() {
        let text = "a\u{1b}[31m\u{202e}b\r\n\u{feff}\u{e0041}é\tz";
        let shown = displayable(text, &[]);
        assert_eq!(shown, "a?[31m???b \n???????é\tz");
        assert_eq!(shown.len(), text.len());
    }
}
