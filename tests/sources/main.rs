//! Reads the sources: who may know whom, and which calls and checks there are.

mod checks;
mod layers;
mod policy;

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
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below the root").display().to_string();
            let text = std::fs::read_to_string(&path).expect("the sources can be read");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            (name, lines.collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

/// Whether a file is the module `name` or lies below it.
fn is_of(file: &str, name: &str) -> bool {
    file == format!("{name}.rs") || file.starts_with(&format!("{name}/"))
}
