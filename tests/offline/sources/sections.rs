//! The sections of the stack file are known in their own files alone.

use provision::stack::sections::SECTIONS;

use super::{is_of, sources};

/// The ways in which code would name a section: its key, alone or at the beginning of a path, and the kind of what it makes.
fn names_of(key: &str, main: &str) -> [String; 4] {
    [format!("\"{key}\""), format!("\"{key}."), format!("`{key}`"), format!("\"{main}\"")]
}

#[test]
fn no_section_is_named_outside_of_its_own_file() {
    let sources = sources();
    for section in SECTIONS {
        let own = format!("stack/sections/{}", section.key);
        let names = names_of(section.key, section.main);
        let naming = |code: &str| names.iter().any(|name| code.contains(name.as_str()));
        assert!(sources.iter().any(|(file, code)| is_of(file, &own) && naming(code)), "{own} is not there");
        // The kinds and the checks of AWS know kinds, and no section.
        let others = sources.iter().filter(|(file, _)| !is_of(file, &own) && !is_of(file, "aws"));
        let found: Vec<&String> = others.filter(|(_, code)| naming(code)).map(|(file, _)| file).collect();
        assert!(found.is_empty(), "{} is named in {found:?}", section.key);
    }
}
