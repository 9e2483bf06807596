//! Reads the sources: which part may use which, and which calls and checks there are.

mod checks;
mod extending;
mod layers;
mod policy;
mod root;
mod sections;

use std::path::{Path, PathBuf};

/// Every source file with its path below `src`, and its text without comments and unit tests.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("the sources can be read") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    let is_test = |path: &PathBuf| path.iter().any(|part| part == "tests.rs" || part == "tests");
    found
        .into_iter()
        .filter(|path| !path.strip_prefix(&root).is_ok_and(|path| is_test(&path.to_owned())))
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below the root").display().to_string();
            let text = std::fs::read_to_string(&path).expect("the sources can be read");
            (name, without_tests(&text))
        })
        .collect()
}

/// True if a file is the module `name` or lies below it.
fn is_of(file: &str, name: &str) -> bool {
    file == format!("{name}.rs") || file.starts_with(&format!("{name}/"))
}

/// The text without comments, and without each item that is compiled for tests alone. The layout is that of rustfmt: an item ends
/// with the brace of its own indentation, or with a semicolon.
fn without_tests(text: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push(line);
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let ends = |line: &str| {
            let is_item = line.starts_with(indent) && !line[indent.len()..].starts_with([' ', '#']);
            is_item && (line.ends_with(';') || line.ends_with('}'))
        };
        lines.by_ref().find(|line| ends(line));
    }
    kept.join("\n")
}

#[test]
fn of_a_file_the_tests_alone_are_left_out() {
    let text = "use a;\n#[cfg(test)]\nuse b;\nfn c() {\n}\n    #[cfg(test)]\n    fn d(\n        e: F,\n    ) {\n        g();\n    }\n\
                // h\n#[cfg(test)]\nmod tests {\n    fn i() {\n    }\n}\nfn j() {}\n";
    assert_eq!(without_tests(text), "use a;\nfn c() {\n}\nfn j() {}");
}
