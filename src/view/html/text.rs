//! Text inside HTML and inside links, and what a page may load: the only places where the page meets its dangers.

use base64::prelude::{BASE64_STANDARD, Engine};
use sha2::{Digest, Sha256};

use super::super::harmless::harmless;

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

/// A link to the element that has this text as its id, for an attribute in quotes.
pub(super) fn link_to(id: &str) -> String {
    let mut link = String::from("#");
    for byte in harmless(id).bytes() {
        match byte {
            plain if plain.is_ascii_alphanumeric() || b"-_./".contains(&plain) => {
                link.push(char::from(plain))
            }
            other => link += &format!("%{other:02X}"),
        }
    }
    link
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
    fn a_link_holds_nothing_but_what_a_link_may() {
        assert_eq!(link_to("aws_subnet.a-b/eu-west-1a"), "#aws_subnet.a-b/eu-west-1a");
        assert_eq!(link_to("a.\"'<&%é \u{202e}"), "#a.%22%27%3C%26%25%C3%A9%20%5Cu%7B202e%7D");
    }

    #[test]
    fn a_value_that_looks_like_a_place_is_left_alone() {
        let values = [("a", "{{b}}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(filled("<{{a}}|{{b}}>", &values), "<{{b}}|x>");
    }
}
