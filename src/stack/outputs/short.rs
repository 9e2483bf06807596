//! A warning before a short name loses its one meaning.

use super::{by_alphabet, main_records};
use crate::engine::plan::{Finding, Level};
use crate::engine::state::State;
use crate::stack::Stack;
use crate::stack::sections::SECTIONS;

/// The warnings of a plan that makes a second entry where there was one: scripts may ask for the short names.
pub fn short_names_lost(state: &State, stack: &Stack) -> Vec<Finding> {
    let with_short_names = SECTIONS.iter().filter(|section| !section.short.is_empty());
    with_short_names
        .filter_map(|section| {
            let recorded: Vec<&str> = main_records(state, section).into_keys().collect();
            let [only] = recorded.as_slice() else { return None };
            // If the recorded one is no longer declared, it was renamed or goes: one name stays one.
            (stack.entries(section).len() > 1).then(|| {
                let lost: Vec<String> =
                    by_alphabet(section).map(|short| format!("`{}`", short.name)).collect();
                let full =
                    by_alphabet(section).map(|short| format!("{}.{only}.{}", section.key, short.field));
                let full: Vec<String> = full.map(|full| format!("provision output {full}")).collect();
                Finding {
                    check: "outputs".to_owned(),
                    address: None,
                    level: Level::Warning,
                    message: format!(
                        "with a second {}, {} will have no single meaning, and be an error",
                        section.one,
                        lost.join(" and ")
                    ),
                    hint: Some(format!("let scripts ask for the full names: {}", full.join(", "))),
                    remedies: Vec::new(),
                }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::kinds::registry;
    use crate::engine::address::Address;
    use crate::engine::document::Document;
    use crate::engine::resource::Id;
    use crate::engine::state::Record;
    use crate::stack::parse;

    #[test]
    fn only_the_second_of_a_kind_takes_the_short_names_away() {
        let mut state = State::new("shop", "lineage".to_owned(), "123456789012", "eu-west-1");
        let stack = |text: &str| {
            parse("a test's stack", format!("stack: shop\n{text}"), &registry()).expect("a valid stack")
        };
        let two = stack("databases: { a: {}, b: {} }\nfile_systems: { c: {}, d: {} }");
        assert_eq!(short_names_lost(&state, &two), [], "nothing had a meaning yet");
        for (kind, name) in [("aws_db_instance", "b"), ("aws_efs_file_system", "c")] {
            let record = Record { watched: false, ..Record::watched(Id::new(name), Document::new()) };
            state.resources.insert(Address::new(kind, name), record);
        }
        assert_eq!(short_names_lost(&state, &stack("databases: { b: {} }\nfile_systems: { c: {} }")), []);
        let hints: Vec<String> =
            short_names_lost(&state, &two).into_iter().filter_map(|found| found.hint).collect();
        assert_eq!(
            hints,
            [
                "let scripts ask for the full names: provision output file_systems.c.dns_name, provision output \
                 file_systems.c.mount_targets",
                "let scripts ask for the full names: provision output databases.b.endpoint",
            ]
        );
        let renamed = stack("databases: { main: {} }\nfile_systems: { share: {} }");
        assert_eq!(short_names_lost(&state, &renamed), [], "another name is no second one");
        let record = Record { watched: false, ..Record::watched(Id::new("a"), Document::new()) };
        state.resources.insert(Address::new("aws_db_instance", "a"), record);
        assert_eq!(short_names_lost(&state, &two).len(), 1, "they are lost already");
    }
}
