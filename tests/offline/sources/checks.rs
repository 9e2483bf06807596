//! The table of checks is what the sources find: no finding has a name that is not in it.

use std::collections::BTreeSet;

use provision::aws::kinds::registry;
use provision::aws::policy::all_calls;
use provision::engine::checks::{CHECKS, of_name};
use provision::engine::plan::Level;
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
    let finds = [
        "engine/planner",
        "aws/checks",
        "engine/newer",
        "gitlab/gate",
        "cli/session/network",
        "cli/session/rendering",
        "stack/outputs/short",
    ];
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
    let known: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
    let named = named();
    let unknown: Vec<_> = named.iter().filter(|(name, _)| !known.contains(name.as_str())).collect();
    assert!(
        unknown.is_empty(),
        "add these to src/engine/checks.rs, and a scene of each to tests/faults/people/scenes.rs: {unknown:?}"
    );
    let found: BTreeSet<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
    let unused: Vec<_> = known.difference(&found).collect();
    assert!(unused.is_empty(), "no finding has these names: {unused:?}");
    assert!(CHECKS.is_sorted_by_key(|check| check.name), "the table is in the order of its names");
}

#[test]
fn a_check_says_that_its_findings_can_be_warnings() {
    let warning = Regex::new(r#"Level::Warning, \.\.(?:error|remedied)\(\s*"([a-z-]+)""#).expect("a pattern");
    let mut seen = BTreeSet::new();
    for (_, code) in sources() {
        seen.extend(warning.captures_iter(&code).map(|found| found[1].to_owned()));
    }
    assert!(seen.contains("ownership"), "a rule about nothing holds nothing: {seen:?}");
    for name in seen {
        let check = of_name(&name).expect("it is of the table");
        assert!(check.levels.contains(&Level::Warning), "{name} warns too");
    }
    assert!(CHECKS.iter().all(|check| !check.levels.is_empty()));
}

#[test]
fn a_check_asks_calls_of_the_table_alone() {
    let known: BTreeSet<&str> = all_calls(&registry()).iter().map(|call| call.name).collect();
    for check in CHECKS {
        let unknown: Vec<_> = check.asks.iter().filter(|action| !known.contains(**action)).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", check.name);
    }
}
