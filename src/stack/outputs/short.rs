//! A warning before a short name loses its one meaning.

use crate::engine::plan::{Finding, Level};
use crate::engine::state::State;
use crate::stack::{Name, Stack};

/// Short names with the full ones.
type Names = &'static [(&'static str, &'static str)];

/// The short names of each kind with what stands for them where there are several.
const SHORT: [(&str, &str, Names); 2] = [
    (
        "aws_efs_file_system",
        "file system",
        &[
            ("nfs_dns_name", "file_systems.NAME.dns_name"),
            ("nfs_mount_points", "file_systems.NAME.mount_targets"),
        ],
    ),
    ("aws_db_instance", "database", &[("pgsql_endpoint", "databases.NAME.endpoint")]),
];

/// The warnings of a plan that makes the second database or file system: scripts may ask for the short names.
pub fn short_names_lost(state: &State, stack: &Stack) -> Vec<Finding> {
    let databases: Vec<&Name> = stack.databases.keys().collect();
    let file_systems: Vec<&Name> = stack.file_systems.keys().collect();
    SHORT
        .into_iter()
        .zip([file_systems, databases])
        .filter_map(|((kind, what, names), declared)| {
            let recorded: Vec<&str> = super::by_name(state, kind).into_keys().collect();
            let [only] = recorded.as_slice() else { return None };
            // If the recorded one is no longer declared, it was renamed or goes: one name stays one.
            (declared.len() > 1).then(|| {
                let lost: Vec<String> = names.iter().map(|(short, _)| format!("`{short}`")).collect();
                let full = names.iter().map(|(_, full)| full.replace("NAME", only));
                let full: Vec<String> = full.map(|full| format!("provision output {full}")).collect();
                Finding {
                    check: "outputs".to_owned(),
                    address: None,
                    level: Level::Warning,
                    message: format!(
                        "with a second {what}, {} will have no single meaning, and be an error",
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
    use crate::engine::address::Address;
    use crate::engine::document::Document;
    use crate::engine::resource::Id;
    use crate::engine::state::Record;
    use crate::stack::parse;

    #[test]
    fn only_the_second_of_a_kind_takes_the_short_names_away() {
        let mut state = State::new("shop", "lineage".to_owned(), "123456789012", "eu-west-1");
        let stack =
            |text: &str| parse("a test's stack", format!("stack: shop\n{text}")).expect("a valid stack");
        let two = stack("databases: { a: {}, b: {} }\nfile_systems: { c: {}, d: {} }");
        assert_eq!(short_names_lost(&state, &two), [], "nothing had a meaning yet");
        for (kind, name) in [("aws_db_instance", "b"), ("aws_efs_file_system", "c")] {
            let record = Record { adopted: false, ..Record::adopted(Id::new(name), Document::new()) };
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
        let record = Record { adopted: false, ..Record::adopted(Id::new("a"), Document::new()) };
        state.resources.insert(Address::new("aws_db_instance", "a"), record);
        assert_eq!(short_names_lost(&state, &two).len(), 1, "they are lost already");
    }
}
