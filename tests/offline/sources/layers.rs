//! Reads the sources and checks which part may use which: the rules that keep the code easy to live in.

use std::collections::BTreeSet;

use super::{is_of, sources};

fn offenders(is_concerned: impl Fn(&str) -> bool, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, code) in sources().iter().filter(|(file, _)| is_concerned(file)) {
        for (number, line) in code.lines().enumerate() {
            found.extend(
                words
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{file}: `{word}` in `{}` ({number})", line.trim())),
            );
        }
    }
    found
}

/// The wings, from the top: each may use those below it.
const WINGS: [&str; 8] = ["cli", "view", "terraform", "gitlab", "aws", "recovery", "stack", "engine"];

/// The wings that a wing may use.
fn below(wing: &str) -> &'static [&'static str] {
    match wing {
        // A plan, events and the facts of recovery are all that is shown.
        "view" => &["recovery", "engine"],
        // A state of Terraform is sorted without AWS and the stack file.
        "terraform" => &["engine"],
        // Rendered text comes from the stack file and the state alone.
        "gitlab" => &["stack", "engine"],
        _ => WINGS.iter().position(|one| *one == wing).map_or(&[], |at| &WINGS[at + 1..]),
    }
}

/// The wings that a text uses by their paths.
fn used(code: &str) -> BTreeSet<&str> {
    let paths = code.split("crate::").skip(1);
    paths
        .map(|path| path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
        .collect()
}

#[test]
fn each_wing_uses_those_below_it_alone() {
    let (mut seen, mut used_by_any) = (BTreeSet::new(), BTreeSet::new());
    for (file, code) in sources() {
        let Some(wing) = WINGS.iter().find(|wing| is_of(&file, wing)) else {
            assert!(
                ["lib.rs", "main.rs", "fuzzing.rs", "validator.rs"].contains(&file.as_str()),
                "{file} is in no wing"
            );
            continue;
        };
        seen.insert(*wing);
        used_by_any.extend(used(&code).into_iter().map(str::to_owned));
        let wrong: Vec<_> =
            used(&code).into_iter().filter(|used| used != wing && !below(wing).contains(used)).collect();
        assert!(wrong.is_empty(), "{file} uses {wrong:?}, which {wing} must not");
    }
    assert_eq!(seen.len(), WINGS.len(), "a rule about nothing holds nothing");
    assert!(WINGS[1..].iter().all(|wing| used_by_any.contains(*wing)), "{used_by_any:?}");
}

const PURE: &[&str] = &[
    "engine/planner",
    "engine/diff",
    "engine/steps",
    "engine/graph",
    "engine/plan",
    "stack/blueprint",
    "stack/section",
    "stack/sections",
    "view/plan",
    "view/markdown",
    "view/html",
    "view/graph",
    "terraform",
    "gitlab",
    "recovery",
    "stack/parts",
];

#[test]
fn decisions_and_views_are_pure() {
    for name in PURE {
        assert!(sources().iter().any(|(file, _)| is_of(file, name)), "there is no {name}");
    }
    let pure = |file: &str| PURE.iter().any(|name| is_of(file, name));
    let found = offenders(pure, &["async ", "tokio", "std::fs", "aws_"]);
    // Kinds are named as Terraform users know them.
    let found: Vec<_> = found.iter().filter(|line| !line.contains("\"aws_")).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_sdk_is_used_in_the_wing_of_aws_alone() {
    let found = offenders(|file| !is_of(file, "aws"), &["aws_sdk_", "aws_config", "aws_smithy"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_environment_is_read_by_the_command_line_alone() {
    let words = ["env::var", "env::args", "env::current_dir"];
    let found = offenders(|file| !["cli", "main"].iter().any(|name| is_of(file, name)), &words);
    assert!(found.is_empty(), "{found:#?}");
    assert!(!offenders(|file| is_of(file, "cli"), &words).is_empty(), "a rule about nothing holds nothing");
}

#[test]
fn kinds_use_neither_the_planner_nor_the_state() {
    let names = ["plan", "planner", "state", "graph", "steps", "executor", "refresh", "diff"];
    let words: Vec<String> = names.iter().map(|name| format!("engine::{name}::")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let found = offenders(|file| is_of(file, "aws/kinds"), &words);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn nothing_is_leaked_and_every_future_can_change_its_thread() {
    let found = offenders(|_| true, &["Box::leak", "mem::forget", "LocalBoxFuture", "boxed_local"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_engine_knows_no_field_and_no_status_by_its_name() {
    let names = [
        "deletion_protection",
        "final_snapshot",
        "apply_immediately",
        "maintenance_window",
        "engine_version",
        "deleting",
    ];
    let words: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let found = offenders(|file| is_of(file, "engine"), &words);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_the_command_line_prints() {
    let may = ["cli", "view/progress", "main"];
    let others = |file: &str| !may.iter().any(|name| is_of(file, name));
    let words = ["println!", "print!(", "eprintln!", "eprint!(", "stdout()", "stderr()"];
    let found = offenders(others, &words);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_unmaintained_crate_has_one_importer() {
    let found = offenders(|file| file != "engine/retry.rs", &["backoff::"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_rules_would_catch_an_offender() {
    assert!(!offenders(|file| is_of(file, "engine/executor"), &["async "]).is_empty());
    assert!(!offenders(|file| is_of(file, "aws/kinds"), &["aws.write"]).is_empty());
}
