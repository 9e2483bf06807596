//! The sections of the stack file are known in their own files alone.

use provision::stack::section::{Others, Section};
use provision::stack::sections::SECTIONS;

use super::{is_of, sources};

/// The ways in which code would name a section: its key, alone or at the beginning of a path, and the kind of what it makes. Where
/// others make that too, the kind says nothing of the section; nor does the key alone, which is what AWS calls a list of such objects.
fn names_of(section: &Section) -> Vec<String> {
    let (key, main) = (section.key, section.main);
    let path = format!("\"{key}.");
    match section.others {
        Others::None => vec![format!("\"{key}\""), path, format!("`{key}`"), format!("\"{main}\"")],
        Others::Some => vec![path],
    }
}

#[test]
fn no_section_is_named_outside_of_its_own_file() {
    let sources = sources();
    for section in SECTIONS {
        let own = format!("stack/sections/{}", section.key);
        let names = names_of(section);
        let naming = |code: &str| names.iter().any(|name| code.contains(name.as_str()));
        let key = format!("key: \"{}\"", section.key);
        assert!(
            sources.iter().any(|(file, code)| is_of(file, &own) && code.contains(&key)),
            "{own} is not there"
        );
        // The kinds and the checks of AWS know kinds, and no section; so does the reader of Terraform's states, which name them.
        let of_kinds = |file: &str| is_of(file, "aws") || is_of(file, "terraform");
        // The parts that say what is rendered name entries of sections, and their texts say of which.
        let of_parts = |file: &str| is_of(file, "stack/parts");
        // A section whose entries name some of another one says of which.
        let naming_it =
            SECTIONS.iter().filter(|other| other.names.iter().any(|one| one.section == section.key));
        let naming_it: Vec<String> = naming_it.map(|other| format!("stack/sections/{}", other.key)).collect();
        let names_it = |file: &str| naming_it.iter().any(|other| is_of(file, other));
        let is_other =
            |file: &str| !is_of(file, &own) && !of_kinds(file) && !of_parts(file) && !names_it(file);
        let others = sources.iter().filter(|(file, _)| is_other(file));
        let found: Vec<&String> = others.filter(|(_, code)| naming(code)).map(|(file, _)| file).collect();
        assert!(found.is_empty(), "{} is named in {found:?}", section.key);
    }
}
