use std::process::Command;

/// The entries at the root of the repository, beside those that begin with a dot.
const ROOT: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "bench",
    "demo",
    "deny.toml",
    "docs",
    "examples",
    "fuzz",
    "localstack",
    "packaging",
    "plans",
    "proptest-regressions",
    "provision.yaml",
    "rustfmt.toml",
    "setup",
    "src",
    "state",
    "templates",
    "tests",
    "tools",
];

#[test]
fn nothing_is_committed_at_the_root_that_was_left_there_by_a_tool() {
    let listed = Command::new("git").args(["ls-files"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else {
        return eprintln!("skipped: this is no git repository");
    };
    let listed = String::from_utf8(listed.stdout).expect("names of files are text");
    let at_root = |path: &&str| {
        !path.starts_with('.') && !ROOT.contains(&path.split('/').next().expect("a first part"))
    };
    assert_eq!(listed.lines().filter(at_root).collect::<Vec<_>>(), Vec::<&str>::new());
}
