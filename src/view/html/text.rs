//! Text inside HTML, JSON inside HTML, and what a page may load: the only places where the page meets its dangers.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::super::harmless::harmless;
use super::super::json::json_line;

/// A text for content and for attributes in quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in harmless(text).chars() {
        match character {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            plain => safe.push(plain),
        }
    }
    safe
}

/// JSON for a `script` element: nothing in it can end the element, or begin a comment.
pub(super) fn data<T: Serialize>(value: &T) -> String {
    json_line(value).replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// A Content-Security-Policy: this script and this style, and nothing from anywhere, nor text made into markup.
pub(super) fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        BASE64_STANDARD.encode(Sha256::digest(script.as_bytes())),
        BASE64_STANDARD.encode(Sha256::digest(style.as_bytes())),
    )
}

/// Puts values into the places of a template that are named `{{so}}`, in one go: a value is never a template itself.
pub(super) fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut pieces = template.split("{{");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").expect("every place of the template is closed");
        let value = values.iter().find(|(known, _)| *known == name);
        text += &value.expect("every place of the template has a value").1;
        text += rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_leave_its_script_element_and_reads_back_equal() {
        let text = "</script><!--<script>&amp;\u{2028}\u{2029}]]>";
        let written = data(&text);
        assert!(!written.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).expect("still JSON"), text);
    }

    #[test]
    fn a_value_that_looks_like_a_place_is_left_alone() {
        let values = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(filled("<{{a}}|{{b}}>", &values), "<{{b}}|x>");
    }
}
