//! JSON as it is printed: safe to show on a terminal, and the same document to a parser.

use std::fmt::Write;

use serde::Serialize;

use super::harmless::{is_harmful, opens_command};

/// The value on one line, without a line break at its end.
pub fn json_line<T: Serialize>(value: &T) -> String {
    escape(serde_json::to_string(value).expect("documents have text as keys, so that all of them are JSON"))
}

/// The value on indented lines, without a line break at its end.
pub fn json_pretty<T: Serialize>(value: &T) -> String {
    escape(
        serde_json::to_string_pretty(value)
            .expect("documents have text as keys, so that all of them are JSON"),
    )
}

/// JSON escapes the controls below U+0020 itself. What lies above can stand only inside a string, where `\uXXXX`
/// means the same character. So can the hash of a command to a runner of continuous integration.
fn escape(json: String) -> String {
    let harmful = |character: char| character >= '\u{7f}' && is_harmful(character);
    if !json.contains(harmful) && !json.contains("##") {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for (at, character) in json.char_indices() {
        if harmful(character) || (opens_command(&json[at..]) && json[..at].ends_with('#')) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(safe, "\\u{unit:04x}").expect("a string can always be written to");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_json_itself_lets_through_is_escaped() {
        let value = json!({ "name": "a\u{1b}b\u{9b}c\u{202e}d\u{2028}e\u{7f}f\u{e0041}g ü" });
        let line = json_line(&value);
        assert_eq!(
            line, r#"{"name":"a\u001bb\u009bc\u202ed\u2028e\u007ff\udb40\udc41g ü"}"#,
            "surrogate pairs above U+FFFF, and readable letters as they are"
        );
        assert_eq!(serde_json::from_str::<Value>(&line).expect("still JSON"), value);
        let command = json!("a ##[error]b ##vso[c]d ## e");
        let line = json_line(&command);
        assert_eq!(line, r##""a #\u0023[error]b #\u0023vso[c]d ## e""##);
        assert_eq!(serde_json::from_str::<Value>(&line).expect("still JSON"), command);
    }

    proptest! {
        #[test]
        fn printed_json_is_harmless_and_reads_back_equal(text in any::<String>(), key in any::<String>()) {
            let value = json!({ key: [text] });
            let line = json_line(&value);
            prop_assert!(!line.contains(is_harmful));
            prop_assert_eq!(&serde_json::from_str::<Value>(&line).expect("still JSON"), &value);
            let pretty = json_pretty(&value);
            prop_assert!(!pretty.replace('\n', "").contains(is_harmful));
            prop_assert_eq!(&serde_json::from_str::<Value>(&pretty).expect("still JSON"), &value);
        }
    }
}
