//! The table of checks is what the sources find: no finding has a name that is not in it.

use std::collections::BTreeSet;

use provision::engine::checks::CHECKS;
use regex_lite::Regex;

use super::{is_of, sources};

/// The names of checks in the sources, by the ways in which findings are made.
fn named() -> BTreeSet<(String, String)> {
    let makes = [
        r#"\b(?:error|remedied|warning|of|of_all|found)\(\s*"([a-z][a-z-]+)""#,
        r#"\bcheck(?::| =) "([a-z][a-z-]+)""#,
        r#"\bconst [A-Z_]+: &str = "([a-z][a-z-]+)""#,
        r#"\bif by_name \{ "([a-z][a-z-]+)" \} else"#,
        r#"\bif by_name \{ "[a-z-]+" \} else \{ "([a-z][a-z-]+)" \}"#,
    ];
    let finds = ["engine/planner", "aws/checks", "engine/newer", "gitlab/gate", "cli/session/rendering"];
    let mut named = BTreeSet::new();
    for (file, code) in sources().into_iter().filter(|(file, _)| finds.iter().any(|name| is_of(file, name))) {
        for pattern in makes {
            let pattern = Regex::new(pattern).expect("a pattern");
            named.extend(pattern.captures_iter(&code).map(|found| (found[1].to_owned(), file.clone())));
        }
    }
    named
}

#[test]
fn every_check_is_in_the_table_and_the_table_has_no_other() {
    let known: BTreeSet<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
    let named = named();
    let unknown: Vec<_> = named.iter().filter(|(name, _)| !known.contains(name.as_str())).collect();
    assert!(
        unknown.is_empty(),
        "add these to src/engine/checks.rs, and a scene of each to tests/faults/people/scenes.rs: {unknown:?}"
    );
    let found: BTreeSet<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    let unused: Vec<_> = known.difference(&found).collect();
    assert!(unused.is_empty(), "no finding has these names: {unused:?}");
    assert!(CHECKS.is_sorted(), "the table is in the order of its names");
}
