//! Who may know whom: reads the sources and holds the rules that keep the house easy to live in.

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

const PURE: &[&str] = &["planner", "diff", "steps", "graph", "plan", "blueprint", "render"];

#[test]
fn what_decides_and_what_prints_is_pure() {
    let pure = |file: &str| PURE.iter().any(|name| is_of(file, name));
    let found = offenders(pure, &["async ", "tokio", "std::fs", "aws_"]);
    // Kinds are named as Terraform users know them.
    let found: Vec<_> = found.iter().filter(|line| !line.contains("\"aws_")).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_sdk_is_known_only_where_aws_is_spoken_to() {
    let may = ["aws", "resources", "discovery", "preflight", "state/s3"];
    let others = |file: &str| !may.iter().any(|name| is_of(file, name));
    let found = offenders(others, &["aws_sdk_", "aws_config", "aws_smithy"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn kinds_do_not_know_the_engine() {
    let names = ["plan", "planner", "state", "graph", "steps", "executor", "refresh", "diff"];
    let words: Vec<String> = names.iter().map(|name| format!("crate::{name}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let found = offenders(|file| is_of(file, "resources"), &words);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn only_the_command_line_prints() {
    let may = ["cli", "progress", "main"];
    let others = |file: &str| !may.iter().any(|name| is_of(file, name));
    let words = ["println!", "print!(", "eprintln!", "eprint!(", "stdout()", "stderr()"];
    let found = offenders(others, &words);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_unmaintained_crate_has_one_importer() {
    let found = offenders(|file| file != "retry.rs", &["backoff::"]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_rules_would_catch_an_offender() {
    assert!(!offenders(|file| is_of(file, "executor"), &["async "]).is_empty());
    assert!(!offenders(|file| is_of(file, "resources"), &["aws.write"]).is_empty());
}
