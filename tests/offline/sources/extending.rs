//! Holds `docs/extending.md` against the sources: its examples are code of the program, and its files are there.

use std::path::Path;

use super::sources;

const PAGE: &str = include_str!("../../../docs/extending.md");

/// Code without its indentation, which a page leaves out.
fn plain(code: &str) -> String {
    code.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_example_of_the_page_is_code_of_the_program() {
    let examples: Vec<&str> =
        PAGE.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() > 1, "{examples:?}");
    let sources = sources();
    for example in examples {
        let is_there = sources.iter().any(|(_, code)| plain(code).contains(&plain(example)));
        assert!(is_there, "this is in no source file:\n{example}");
    }
}

#[test]
fn every_file_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let quoted = PAGE.split('`').skip(1).step_by(2);
    let files: Vec<&str> = quoted
        .filter(|text| (text.starts_with("src/") || text.starts_with("tests/")) && !text.contains('<'))
        .collect();
    assert!(files.len() > 5, "{files:?}");
    for file in files {
        assert!(root.join(file).exists(), "{file}");
    }
}
